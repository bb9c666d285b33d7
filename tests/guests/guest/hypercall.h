/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls and the pages of the TLFS, for the guests that test them. */
#ifndef TESTS_GUESTS_HYPERCALL_H
#define TESTS_GUESTS_HYPERCALL_H

#include "guest.h"

#define OS_ID		0x8100060100000000ull	/* Linux 6.1, open source */
#define HYPERCALL_PAGE	(SCRATCH + 0x10000ull)
#define INPUT_PAGE	(SCRATCH + 0x11000ull)
#define SIMP		(SCRATCH + 0x12000ull)
#define SIEFP		(SCRATCH + 0x13000ull)
#define TSC_PAGE	(SCRATCH + 0x14000ull)
#define OUTPUT_PAGE	(SCRATCH + 0x15000ull)
#define ASSIST_PAGE	(SCRATCH + 0x16000ull)

#define REPS(n)			((u64)(n) << 32)
#define START(n)		((u64)(n) << 48)
#define VARHEAD(n)		((u64)(n) << 17)
#define STATUS(result)		((result) & 0xffff)
#define REPS_DONE(result)	((result) >> 32 & 0xfff)

static inline u64 hypercall(u64 control, u64 input, u64 output)
{
	u64 result;

	asm volatile("movq %4, %%r8\n\tcall *%1"
		     : "=a"(result), "+r"((u64){ HYPERCALL_PAGE }), "+c"(control), "+d"(input)
		     : "r"(output) : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

static inline void hypercalls_on(void)
{
	wrmsr(HV_X64_MSR_GUEST_OS_ID, OS_ID);
	wrmsr(HV_X64_MSR_HYPERCALL, HYPERCALL_PAGE | HV_MSR_ENABLE);
}

static inline void synic_on(void)
{
	x2apic_enable();
	wrmsr(HV_X64_MSR_SIMP, SIMP | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SIEFP, SIEFP | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SCONTROL, 1);
}

static inline volatile struct hv_message *sint_message(int sint)
{
	return &((struct hv_message_page *)SIMP)->sint_message[sint];
}

#endif
