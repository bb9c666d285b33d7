/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test Anything Protocol for the programs here; the plan comes last. */
#ifndef TESTS_GUESTS_TAP_H
#define TESTS_GUESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

extern int tap_count, tap_failed;

static inline void tap_line(bool passed, const char *format, va_list list)
{
	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	vprintf(format, list);
	putchar('\n');
	fflush(stdout);
	tap_failed += !passed;
}

/* Returns @passed. */
__attribute__((format(printf, 2, 3))) static inline bool ok(bool passed, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	tap_line(passed, format, list);
	va_end(list);
	return passed;
}

/* A comment line for people. */
__attribute__((format(printf, 1, 2))) static inline void diag(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("# ", stdout);
	vprintf(format, list);
	putchar('\n');
	va_end(list);
	fflush(stdout);
}

static inline void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
	fflush(stdout);
}

/* Prints the plan; what main() returns. */
static inline int done_testing(void)
{
	printf("1..%d\n", tap_count);
	if (tap_failed)
		diag("%d of %d tests failed", tap_failed, tap_count);
	return tap_failed ? 1 : 0;
}

#endif
