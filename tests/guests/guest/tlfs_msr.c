// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: synthetic MSRs that Linux hardly touches; flushes and IPIs in all their forms. */
#include "hypercall.h"

static u64 try_wrmsr(u32 msr, u64 value)
{
	return TRAP("wrmsr", "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

GUEST(reenlightenment)
{
	const u64 on = HV_REENLIGHTENMENT_ENABLED | 0x93;

	x2apic_enable();
	CHECK(cpuid(HV_CPUID_FEATURES, 0).a & HV_ACCESS_REENLIGHTENMENT);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_REENLIGHTENMENT_CONTROL), 0);
	host(HOST_REENLIGHTEN, 0, 0);			/* nobody asked */
	wrmsr(HV_X64_MSR_REENLIGHTENMENT_CONTROL, on);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_REENLIGHTENMENT_CONTROL), on);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_REENLIGHTENMENT_CONTROL, on | 1 << 17), GP);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_REENLIGHTENMENT_CONTROL,
			      HV_REENLIGHTENMENT_ENABLED | 3), GP);
	CHECK_EQUAL(host(HOST_REENLIGHTEN, 0, 0), 0);
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x93], 1);
	/* at a VP that there is not: nothing comes of it */
	wrmsr(HV_X64_MSR_REENLIGHTENMENT_CONTROL, on | 70ull << 32);
	CHECK_EQUAL(host(HOST_REENLIGHTEN, 0, 0), 0);
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x93], 1);
	wrmsr(HV_X64_MSR_TSC_EMULATION_CONTROL, HV_TSC_EMULATION_ENABLED);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_TSC_EMULATION_CONTROL), HV_TSC_EMULATION_ENABLED);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_TSC_EMULATION_CONTROL, 2), GP);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_TSC_EMULATION_STATUS), 0);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_TSC_EMULATION_STATUS, 4), GP);
}

/* Shown once the guest asked for it, where the host has it; else there is no such MSR. */
GUEST(tsc_invariant)
{
	bool announced = cpuid(HV_CPUID_FEATURES, 0).a & HV_ACCESS_TSC_INVARIANT;

	if (!announced) {
		CHECK_EQUAL(TRAP("rdmsr", "c"(HV_X64_MSR_TSC_INVARIANT_CONTROL), "a"(0), "d"(0)),
			    GP);
		return;
	}
	CHECK_EQUAL(cpuid(0x80000007, 0).d & 1 << 8, 0);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_TSC_INVARIANT_CONTROL, 2), GP);
	wrmsr(HV_X64_MSR_TSC_INVARIANT_CONTROL, HV_EXPOSE_INVARIANT_TSC);
	CHECK(cpuid(0x80000007, 0).d & 1 << 8);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_TSC_INVARIANT_CONTROL, 0), GP);
}

GUEST(crash_msrs)
{
	u32 i;

	for (i = 0; i < HV_CRASH_PARAMS; i++)
		wrmsr(HV_X64_MSR_CRASH_P0 + i, 0x100 + i);
	for (i = 0; i < HV_CRASH_PARAMS; i++)
		CHECK_EQUAL(rdmsr(HV_X64_MSR_CRASH_P0 + i), 0x100 + i);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_CRASH_CTL), HV_CRASH_NOTIFY | HV_CRASH_NOTIFY_MSG);
	wrmsr(HV_X64_MSR_CRASH_CTL, 0);			/* nothing to report */
}

/* It grows by the time that the VP runs, and not by the time that it sleeps. */
GUEST(vp_runtime)
{
	u64 before = rdmsr(HV_X64_MSR_VP_RUNTIME), reference, slept;

	reference = rdmsr(HV_X64_MSR_TIME_REF_COUNT);
	while (rdmsr(HV_X64_MSR_TIME_REF_COUNT) - reference < 200000)
		;
	CHECK(rdmsr(HV_X64_MSR_VP_RUNTIME) > before);
	x2apic_enable();
	before = rdmsr(HV_X64_MSR_VP_RUNTIME);
	reference = rdmsr(HV_X64_MSR_TIME_REF_COUNT);
	wrmsr(HV_X64_MSR_STIMER0_CONFIG, HV_STIMER_DIRECT | 0x85 << 4 | HV_STIMER_AUTO_ENABLE);
	wrmsr(HV_X64_MSR_STIMER0_CONFIG + 1, reference + 5000000);
	sti_hlt_cli();
	slept = rdmsr(HV_X64_MSR_TIME_REF_COUNT) - reference;
	CHECK(slept >= 5000000);
	CHECK(rdmsr(HV_X64_MSR_VP_RUNTIME) - before < slept / 2);
}

/* Sleeps with interrupts off, and wakes without taking the one that woke it. */
GUEST(guest_idle)
{
	x2apic_enable();
	wrmsr(HV_X64_MSR_STIMER0_CONFIG, HV_STIMER_DIRECT | 0x85 << 4 | HV_STIMER_AUTO_ENABLE);
	wrmsr(HV_X64_MSR_STIMER0_CONFIG + 1, rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 100000);
	rdmsr(HV_X64_MSR_GUEST_IDLE);
	CHECK_EQUAL(interrupts[0x85], 0);
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x85], 1);
	CHECK_EQUAL(TRAP("wrmsr", "c"(HV_X64_MSR_GUEST_IDLE), "a"(0), "d"(0)), GP);
}

/* EOI, ICR and TPR by MSR, in x2APIC mode. */
GUEST(apic_msrs)
{
	x2apic_enable();
	handlers[0x61] = count_interrupt;
	wrmsr(HV_X64_MSR_TPR, 0x70);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_TPR), 0x70);
	CHECK_EQUAL(apic_read(APIC_TPR), 0x70);
	CHECK_EQUAL(READ_CR(8), 7);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_TPR, 0x100), GP);
	/* to VP 0, by its APIC ID in bits 63:56; held back by the priority */
	wrmsr(HV_X64_MSR_ICR, ICR_ASSERT | 0x61);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_ICR), ICR_ASSERT | 0x61);
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x61], 0);
	wrmsr(HV_X64_MSR_TPR, 0);
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x61], 1);
	CHECK_EQUAL(try_wrmsr(HV_X64_MSR_EOI, 1ull << 32), GP);
	CHECK_EQUAL(TRAP("rdmsr", "c"(HV_X64_MSR_EOI), "a"(0), "d"(0)), GP);
}

static void eoi_by_msr(struct frame *frame)
{
	interrupts[frame->vector]++;
	wrmsr(HV_X64_MSR_EOI, 0);
}

GUEST(eoi_msr)
{
	u32 i;

	x2apic_enable();
	handlers[0x61] = eoi_by_msr;
	for (i = 1; i <= 5; i++) {
		self_ipi(0x61);
		asm volatile("sti\n\tnop\n\tcli" : : : "memory");
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK_EQUAL(apic_read(APIC_ISR + 0x30), 0);
	}
}

/* Bit 0 alone means something; it ends the guest by a message to the worker. */
GUEST(reset_msr)
{
	CHECK_EQUAL(rdmsr(HV_X64_MSR_RESET), 0);
	wrmsr(HV_X64_MSR_RESET, 0);
	wrmsr(HV_X64_MSR_RESET, 1);
}

/* ---- flushes and IPIs: every code, in memory, with what is wrong of each */

static u64 *flush_input(u64 flags, u64 third)
{
	u64 *input = (u64 *)INPUT_PAGE;

	memset(input, 0, 256);
	input[1] = flags;
	input[2] = third;
	return input;
}

static u64 in_memory(u64 control)
{
	return hypercall(control, INPUT_PAGE, 0);
}

GUEST(hypercall_flush)
{
	static const u64 simple[] = {
		HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE,
		HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST | REPS(2),
	};
	u32 i;

	hypercalls_on();
	for (i = 0; i < 2; i++) {
		flush_input(HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES, 1);
		CHECK_EQUAL(in_memory(simple[i]), simple[i] & REPS(2));
		flush_input(0, ~0ull);			/* VPs that there are not: passed over */
		CHECK_EQUAL(in_memory(simple[i]), simple[i] & REPS(2));
		flush_input(HV_FLUSH_ALL_PROCESSORS, 0);
		CHECK_EQUAL(in_memory(simple[i]), simple[i] & REPS(2));
		flush_input(1 << 3, 1);
		CHECK_EQUAL(in_memory(simple[i]), HV_STATUS_INVALID_PARAMETER);
		CHECK_EQUAL(in_memory(simple[i] | VARHEAD(1)), HV_STATUS_INVALID_HYPERCALL_INPUT);
		CHECK_EQUAL(in_memory(simple[i] | HV_HYPERCALL_NESTED),
			    HV_STATUS_INVALID_HYPERCALL_INPUT);
	}
	CHECK_EQUAL(in_memory(HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
}

GUEST(hypercall_flush_ex)
{
	static const u64 calls[] = {
		HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX,
		HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX | REPS(2),
	};
	u64 *input;
	u32 i;

	hypercalls_on();
	for (i = 0; i < 2; i++) {
		/* address space, flags, format, valid banks, bank */
		flush_input(0, HV_GENERIC_SET_ALL);
		CHECK_EQUAL(in_memory(calls[i]), calls[i] & REPS(2));
		input = flush_input(0, HV_GENERIC_SET_SPARSE_4K);
		input[3] = 1;
		input[4] = 1;
		CHECK_EQUAL(in_memory(calls[i] | VARHEAD(1)), calls[i] & REPS(2));
		CHECK_EQUAL(in_memory(calls[i]), HV_STATUS_INVALID_HYPERCALL_INPUT);
		CHECK_EQUAL(in_memory(calls[i] | VARHEAD(2)), HV_STATUS_INVALID_HYPERCALL_INPUT);
		CHECK_EQUAL(in_memory(calls[i] | VARHEAD(1023)), HV_STATUS_INVALID_ALIGNMENT);
		flush_input(0, 2);
		CHECK_EQUAL(in_memory(calls[i]), HV_STATUS_INVALID_PARAMETER);
		flush_input(1ull << 40, HV_GENERIC_SET_ALL);
		CHECK_EQUAL(in_memory(calls[i]), HV_STATUS_INVALID_PARAMETER);
	}
}

static void wait_for_interrupts(u32 id)
{
	sti();
	for (;;)
		asm volatile("hlt" : : : "memory");
}

GUEST(smp_hypercall_ipi_ex)
{
	const u64 code = HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX;
	u64 *input = (u64 *)INPUT_PAGE;
	u32 i;

	x2apic_enable();
	hypercalls_on();
	start_vp(1, wait_for_interrupts);
	memset(input, 0, 64);
	input[0] = 0x91;
	input[1] = HV_GENERIC_SET_SPARSE_4K;
	input[2] = 1;
	input[3] = 1 << 1 | 1ull << 63;
	for (i = 1; i <= 5; i++) {
		CHECK_EQUAL(in_memory(code | VARHEAD(1)), HV_STATUS_SUCCESS);
		wait_for(&interrupts[0x91], i);
	}
	CHECK_EQUAL(in_memory(code), HV_STATUS_INVALID_HYPERCALL_INPUT);
	input[1] = 9;
	CHECK_EQUAL(in_memory(code | VARHEAD(1)), HV_STATUS_INVALID_PARAMETER);
	input[1] = HV_GENERIC_SET_SPARSE_4K;
	input[0] = 0x91 | 1ull << 32;			/* another VTL */
	CHECK_EQUAL(in_memory(code | VARHEAD(1)), HV_STATUS_INVALID_PARAMETER);
	input[0] = 0x191;
	CHECK_EQUAL(in_memory(code | VARHEAD(1)), HV_STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(interrupts[0x91], 5);
}

/* A page that is not memory is refused, and the register keeps its value. */
GUEST(tlfs_pages_refused)
{
	static const u32 msrs[] = {
		HV_X64_MSR_SIMP, HV_X64_MSR_SIEFP, HV_X64_MSR_VP_ASSIST_PAGE,
		HV_X64_MSR_REFERENCE_TSC, HV_X64_MSR_HYPERCALL,
	};
	u32 i;

	wrmsr(HV_X64_MSR_GUEST_OS_ID, OS_ID);
	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		CHECK_EQUAL(try_wrmsr(msrs[i], NOWHERE | HV_MSR_ENABLE), GP);
		CHECK_EQUAL(try_wrmsr(msrs[i], ROM | HV_MSR_ENABLE), GP);
		CHECK_EQUAL(try_wrmsr(msrs[i], 0xfee00000 | HV_MSR_ENABLE), GP);
		CHECK_EQUAL(try_wrmsr(msrs[i], 1ull << 62 | HV_MSR_ENABLE), GP);
		CHECK_EQUAL(rdmsr(msrs[i]) & HV_MSR_ENABLE, 0);
	}
}
