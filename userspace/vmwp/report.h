/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmwp says on stderr, and the exit codes that vmwp(8) documents. */
#ifndef VMWP_REPORT_H
#define VMWP_REPORT_H

#include <stdbool.h>

enum vmwp_exit {
	VMWP_EXIT_POWER_OFF	= 0,
	VMWP_EXIT_ERROR		= 1,	/* the host or vmwp itself failed */
	VMWP_EXIT_USAGE		= 2,	/* wrong options or a wrong input file */
	VMWP_EXIT_RESET		= 3,	/* with --on-reset=exit */
	VMWP_EXIT_TRIPLE_FAULT	= 4,
	VMWP_EXIT_CRASH		= 5,	/* the guest reported its own crash */
	VMWP_EXIT_VP_STATE	= 6,	/* the CPU refused a VP's state */
	VMWP_EXIT_DEBUG_MASK	= 0x7f,	/* bits of a debug exit's value that are kept */
	VMWP_EXIT_SIGNAL	= 128,	/* plus the signal's number */
};

/* One line on stderr, "vmwp: " before it and a newline after it, in one write. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For lines that a guest can cause: true at most once a second. */
bool report_allowed(void);

#endif
