// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: hypercalls, reference time, SynIC and synthetic timers (TLFS). */
#include "hypercall.h"

GUEST(hypercall)
{
	hypercalls_on();
	CHECK_EQUAL(rdmsr(HV_X64_MSR_HYPERCALL), HYPERCALL_PAGE | HV_MSR_ENABLE);
	CHECK_EQUAL(hypercall(0x7fff, 0, 0) & 0xffff, HV_STATUS_INVALID_HYPERCALL_CODE);
	CHECK_EQUAL(hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, 1, 0) & 0xffff,
		    HV_STATUS_SUCCESS);
	/* reserved bits, and a repeat count where there are no repetitions */
	CHECK_EQUAL(hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST | 1ull << 60,
			      1, 0) & 0xffff, HV_STATUS_INVALID_HYPERCALL_INPUT);
	CHECK_EQUAL(hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST | 1ull << 32,
			      1, 0) & 0xffff, HV_STATUS_INVALID_HYPERCALL_INPUT);
	/* a slow call's input must be aligned, and in memory */
	CHECK_EQUAL(hypercall(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, INPUT_PAGE + 1, 0) & 0xffff,
		    HV_STATUS_INVALID_ALIGNMENT);
	CHECK(hypercall(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, NOWHERE, 0) & 0xffff);
	CHECK_EQUAL(hypercall(HV_CALL_SIGNAL_EVENT | HV_HYPERCALL_FAST, 12345, 0) & 0xffff,
		    HV_STATUS_INVALID_CONNECTION_ID);
}

GUEST(hypercall_disabled)
{
	CHECK_EQUAL(TRAP("vmmcall", "a"(0), "c"(8), "d"(0)), UD);
	/* no page without an identity */
	wrmsr(HV_X64_MSR_HYPERCALL, HYPERCALL_PAGE | HV_MSR_ENABLE);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_HYPERCALL) & HV_MSR_ENABLE, 0);
	hypercalls_on();
	wrmsr(HV_X64_MSR_GUEST_OS_ID, 0);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_HYPERCALL) & HV_MSR_ENABLE, 0);
}

GUEST(synthetic_msrs)
{
	CHECK_EQUAL(rdmsr(HV_X64_MSR_VP_INDEX), 0);
	CHECK_EQUAL(TRAP("wrmsr", "c"(HV_X64_MSR_VP_INDEX), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(HV_X64_MSR_TIME_REF_COUNT), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(HV_X64_MSR_TSC_FREQUENCY), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_SVERSION), HV_SYNIC_VERSION);
	wrmsr(HV_X64_MSR_GUEST_OS_ID, OS_ID);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_GUEST_OS_ID), OS_ID);
	CHECK(rdmsr(HV_X64_MSR_TSC_FREQUENCY) > 1000000);
	CHECK(rdmsr(HV_X64_MSR_APIC_FREQUENCY) > 1000000);
	CHECK_EQUAL(TRAP("rdmsr", "c"(0x400000ff), "a"(0), "d"(0)), GP);
	/* a vector below 16 in a SINT that is not masked */
	CHECK_EQUAL(TRAP("wrmsr", "c"(HV_X64_MSR_SINT0), "a"(8), "d"(0)), GP);
	CHECK(rdmsr(HV_X64_MSR_SINT0) & HV_SINT_MASKED);
}

/* ---- time */

GUEST(reference_time)
{
	u64 hz = rdmsr(HV_X64_MSR_TSC_FREQUENCY);
	u64 reference = rdmsr(HV_X64_MSR_TIME_REF_COUNT), tsc = rdtsc();
	u64 last = reference, now;
	int i;

	for (i = 0; i < 1000; i++) {
		now = rdmsr(HV_X64_MSR_TIME_REF_COUNT);
		CHECK(now >= last);
		last = now;
	}
	host(HOST_SLEEP, 50, 0);
	reference = rdmsr(HV_X64_MSR_TIME_REF_COUNT) - reference;
	tsc = (rdtsc() - tsc) * 10 / (hz / 1000000);
	CHECK(reference >= 500000);
	/* both clocks went on at the same rate, a tenth apart at most */
	CHECK(reference < tsc + tsc / 10 && tsc < reference + reference / 10);
}

static u64 scaled_tsc(const volatile struct hv_reference_tsc_page *page)
{
	u64 high, low;

	asm volatile("mulq %3" : "=d"(high), "=a"(low) : "a"(rdtsc()), "r"(page->tsc_scale));
	return high + page->tsc_offset;
}

GUEST(tsc_page)
{
	const volatile struct hv_reference_tsc_page *page = (const void *)TSC_PAGE;
	u64 before, between, after;
	int i;

	wrmsr(HV_X64_MSR_REFERENCE_TSC, TSC_PAGE | HV_MSR_ENABLE);
	CHECK(page->tsc_sequence);
	CHECK(page->tsc_scale);
	for (i = 0; i < 200; i++) {
		before = rdmsr(HV_X64_MSR_TIME_REF_COUNT);
		between = scaled_tsc(page);
		after = rdmsr(HV_X64_MSR_TIME_REF_COUNT);
		CHECK(before <= between + 1 && between <= after + 1);
	}
}

/* ---- SynIC and timers */

GUEST(synic)
{
	u32 sint;

	synic_on();
	CHECK_EQUAL(rdmsr(HV_X64_MSR_SIMP), SIMP | HV_MSR_ENABLE);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_SIEFP), SIEFP | HV_MSR_ENABLE);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_SCONTROL), 1);
	for (sint = 0; sint < HV_SINT_COUNT; sint++) {
		CHECK_EQUAL(rdmsr(HV_X64_MSR_SINT0 + sint), HV_SINT_MASKED);
		wrmsr(HV_X64_MSR_SINT0 + sint, 0x80 + sint);
		CHECK_EQUAL(rdmsr(HV_X64_MSR_SINT0 + sint), 0x80 + sint);
	}
	CHECK_EQUAL(rdmsr(HV_X64_MSR_EOM), 0);
	wrmsr(HV_X64_MSR_EOM, 0);
}

#define STIMER_CONFIG(n)	(HV_X64_MSR_STIMER0_CONFIG + 2 * (n))
#define STIMER_COUNT(n)		(HV_X64_MSR_STIMER0_CONFIG + 2 * (n) + 1)
#define SINT(n)			((u64)(n) << 16)

GUEST(stimer_message)
{
	volatile struct hv_message *message = sint_message(4);
	const volatile struct hv_timer_message_payload *payload =
		(const void *)message->payload;
	u64 deadline, i;

	synic_on();
	wrmsr(HV_X64_MSR_SINT0 + 4, 0x84);
	for (i = 1; i <= 3; i++) {
		deadline = rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 100000;
		wrmsr(STIMER_CONFIG(1), SINT(4) | HV_STIMER_AUTO_ENABLE);
		wrmsr(STIMER_COUNT(1), deadline);
		CHECK(rdmsr(STIMER_CONFIG(1)) & HV_STIMER_ENABLE);
		sti_hlt_cli();
		CHECK_EQUAL(interrupts[0x84], i);
		CHECK_EQUAL(message->header.message_type, HV_MESSAGE_TIMER_EXPIRED);
		CHECK_EQUAL(payload->timer_index, 1);
		CHECK_EQUAL(payload->expiration_time, deadline);
		CHECK(payload->delivery_time >= deadline);
		CHECK(!(rdmsr(STIMER_CONFIG(1)) & HV_STIMER_ENABLE));
		message->header.message_type = HV_MESSAGE_NONE;
		if (message->header.message_flags & HV_MESSAGE_FLAG_PENDING)
			wrmsr(HV_X64_MSR_EOM, 0);
	}
}

GUEST(stimer_direct)
{
	u64 deadline;

	if (!(cpuid(HV_CPUID_FEATURES, 0).d & HV_FEATURE_STIMER_DIRECT))
		return;
	x2apic_enable();
	deadline = rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 100000;
	wrmsr(STIMER_CONFIG(0), HV_STIMER_DIRECT | 0x85 << 4 | HV_STIMER_AUTO_ENABLE);
	wrmsr(STIMER_COUNT(0), deadline);
	sti_hlt_cli();
	CHECK_EQUAL(interrupts[0x85], 1);
	CHECK(rdmsr(HV_X64_MSR_TIME_REF_COUNT) >= deadline);
	wrmsr(STIMER_COUNT(0), 1);			/* past: at once */
	asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x85], 2);
	wrmsr(STIMER_COUNT(0), rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 1000000);
	wrmsr(STIMER_CONFIG(0), 0);
	host(HOST_SLEEP, 150, 0);
	asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0x85], 2);
}

GUEST(stimer_periodic)
{
	u64 start = rdmsr(HV_X64_MSR_TIME_REF_COUNT);

	x2apic_enable();
	wrmsr(STIMER_COUNT(2), 50000);			/* 5 ms */
	wrmsr(STIMER_CONFIG(2), HV_STIMER_DIRECT | 0x86 << 4 | HV_STIMER_PERIODIC |
	      HV_STIMER_ENABLE);
	sti();
	while (interrupts[0x86] < 5)
		asm volatile("hlt" : : : "memory");
	cli();
	CHECK(rdmsr(HV_X64_MSR_TIME_REF_COUNT) - start >= 5 * 50000 - 50000);
	CHECK(rdmsr(STIMER_CONFIG(2)) & HV_STIMER_ENABLE);
	wrmsr(STIMER_CONFIG(2), 0);
}

static void count_only(struct frame *frame)
{
	interrupts[frame->vector]++;
}

/* No EOI, and yet it comes again. */
GUEST(auto_eoi)
{
	u32 i;

	synic_on();
	handlers[0x87] = count_only;
	wrmsr(HV_X64_MSR_SINT0 + 5, HV_SINT_AUTO_EOI | 0x87);
	for (i = 1; i <= 3; i++) {
		wrmsr(STIMER_CONFIG(3), SINT(5) | HV_STIMER_AUTO_ENABLE);
		wrmsr(STIMER_COUNT(3), rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 10000);
		sti_hlt_cli();
		CHECK_EQUAL(interrupts[0x87], i);
		CHECK_EQUAL(apic_read(APIC_ISR + 0x40), 0);
		sint_message(5)->header.message_type = HV_MESSAGE_NONE;
		wrmsr(HV_X64_MSR_EOM, 0);
	}
}

/* ---- to another VP */

static void idle(u32 id)
{
	sti();
	for (;;)
		asm volatile("hlt" : : : "memory");
}

GUEST(smp_hypercall_ipi)
{
	struct hv_send_cluster_ipi *input = (void *)INPUT_PAGE;
	u32 i;

	x2apic_enable();
	hypercalls_on();
	start_vp(1, idle);
	for (i = 1; i <= 10; i++) {
		*input = (struct hv_send_cluster_ipi){ .vector = 0x91, .processor_mask = 2 };
		CHECK_EQUAL(hypercall(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, INPUT_PAGE, 0),
			    HV_STATUS_SUCCESS);
		wait_for(&interrupts[0x91], i);
	}
	/* fast: vector in rdx, mask in r8 */
	CHECK_EQUAL(hypercall(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI | HV_HYPERCALL_FAST, 0x92, 2),
		    HV_STATUS_SUCCESS);
	wait_for(&interrupts[0x92], 1);
	CHECK_EQUAL(hypercall(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI | HV_HYPERCALL_FAST, 3, 2) &
		    0xffff, HV_STATUS_INVALID_PARAMETER);
}
