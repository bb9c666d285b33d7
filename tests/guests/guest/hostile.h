/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hostile guests share: random numbers, MSRs that may fault, all VPs at work at once. */
#ifndef TESTS_GUESTS_HOSTILE_H
#define TESTS_GUESTS_HOSTILE_H

#include "guest.h"

/* The same on every run. */
static inline u64 next(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33 ^ *state << 29;
}

/* NO_TRAP, or the vector. For one VP at a time, as is TRAP(). */
u64 try_rdmsr(u32 msr);
u64 try_wrmsr(u32 msr, u64 value);

/* From now on RDMSR and WRMSR that fault are passed over, on all VPs; how many did so far. */
void pass_over_msr_faults(void);
extern volatile u32 msr_faults;

/* Runs @body on VPs 0 to @vps - 1 and returns when all of them have ended it. */
void on_all_vps(u32 vps, void (*body)(u32 id));

/* This VP's x2APIC is as new, whatever was done to it, and takes interrupts. */
void check_apic(void);

#endif
