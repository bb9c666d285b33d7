// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines on stderr.
 *
 * One write(2) a line, no stdio buffer, so that threads do not mix their lines and
 * nothing is lost when the process ends.  Any context.
 */
#include "report.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

/**
 * report() - print one line on stderr
 * @format: as printf's, without the newline; what is too long is cut
 */
void report(const char *format, ...)
{
	static const char prefix[] = "vmwp: ";
	char line[LINE_MAX_BYTES];
	size_t used = sizeof(prefix) - 1;
	size_t room = sizeof(line) - used - 1;
	ssize_t ignored;
	va_list args;
	int wanted;

	__builtin_memcpy(line, prefix, used);
	va_start(args, format);
	wanted = vsnprintf(line + used, room, format, args);
	va_end(args);
	if (wanted > 0)
		used += (size_t)wanted < room ? (size_t)wanted : room - 1;
	line[used++] = '\n';
	ignored = write(STDERR_FILENO, line, used);
	(void)ignored;
}

/**
 * report_allowed() - may a line be printed that a guest can cause at will?
 *
 * Return: true at most once a second.
 */
bool report_allowed(void)
{
	static _Atomic time_t next;
	struct timespec now;
	time_t due = atomic_load(&next);

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= due &&
	       atomic_compare_exchange_strong(&next, &due, now.tv_sec + 1);
}
