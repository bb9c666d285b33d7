/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Second-level tables in memory of this process, in the format of either vendor. */
#ifndef TESTS_SLAT_TEST_H
#define TESTS_SLAT_TEST_H

#include "suite.h"
#include "slat.h"

#define SIZE(level)	RS_SLAT_SIZE(level)
#define BASE		0x7f40000000ull		/* 509 GiB: the next table begins at 512 */
#define RWX		(RS_SLAT_WRITE | RS_SLAT_EXECUTE)

enum { SLAT_NPT, SLAT_EPT, SLAT_FORMATS };

extern const struct rs_slat_format *const formats[SLAT_FORMATS];
extern const struct rs_slat_ops slat_ops;
extern struct rs_slat slat;
extern unsigned int tables;		/* that were not given back */
extern unsigned int allocations;	/* since setup or start() */
extern unsigned int fail_at;		/* this allocation fails; 0: none */

u64 *slat_table(u64 phys);
void setup(void);
void start(const struct rs_slat_format *format);
/* No table may be left. */
void end(void);

#endif
