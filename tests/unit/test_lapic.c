// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/lapic.c kmod/lapic_register.c kmod/lapic_timer.c kmod/lapic_state.c */
/*
 * The local APIC: its registers, modes, priorities, and the interrupts it takes.
 */
#include "lapic_test.h"

static const u32 lvts[] = {
	RS_APIC_LVT_TIMER, RS_APIC_LVT_THERMAL, RS_APIC_LVT_PERF,
	RS_APIC_LVT_LINT0, RS_APIC_LVT_LINT1, RS_APIC_LVT_ERROR,
};

START_TEST(power_on)
{
	struct fake_cpu bsp;

	ck_assert_uint_eq(lapic->base, XAPIC);
	ck_assert(rs_lapic_enabled(lapic));
	ck_assert(!rs_lapic_x2apic(lapic));
	fake_cpu_init(&bsp, 0, true);
	ck_assert_uint_eq(bsp.lapic.base, XAPIC | RS_APIC_BASE_BSP);
	ck_assert_uint_eq(bsp.arms, 0);

	ck_assert_uint_eq(get(RS_APIC_ID), ID << 24);
	ck_assert_uint_eq(get(RS_APIC_VERSION), 0x00050014);
	ck_assert_uint_eq(get(RS_APIC_DFR), 0xffffffff);
	ck_assert_uint_eq(get(RS_APIC_SPIV), 0xff);
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++)
		ck_assert_uint_eq(get(lvts[i]), MASKED);
	for (u32 offset = RS_APIC_ISR; offset < RS_APIC_ESR; offset += 16)
		ck_assert_uint_eq(get(offset), 0);
	ck_assert_uint_eq(get(RS_APIC_TPR) | get(RS_APIC_APR) | get(RS_APIC_PPR) |
			  get(RS_APIC_LDR) | get(RS_APIC_ESR) | get(RS_APIC_ICR) |
			  get(RS_APIC_ICR2) | get(RS_APIC_TIMER_INITIAL) |
			  get(RS_APIC_TIMER_CURRENT) | get(RS_APIC_TIMER_DIVIDE), 0);
}
END_TEST

/* What reads back after all ones, then all zeros, were written to the page; and by MSR. */
static const struct writable {
	u32 offset, ones, zeros;
	u32 faults;			/* bits for which the MSR raises #GP */
	bool no_msr;
} writable[] = {
	{ RS_APIC_TPR, 0xff, 0, .faults = 0xffffff00 },
	{ RS_APIC_LDR, 0xff000000, 0, .no_msr = true },
	{ RS_APIC_DFR, 0xffffffff, 0x0fffffff, .no_msr = true },
	{ RS_APIC_ICR2, 0xff000000, 0, .no_msr = true },
	{ RS_APIC_LVT_TIMER, 0x700ff, 0, .faults = 0xfff8ef00 },
	{ RS_APIC_LVT_THERMAL, 0x107ff, 0, .faults = 0xfffee800 },
	{ RS_APIC_LVT_PERF, 0x107ff, 0, .faults = 0xfffee800 },
	{ RS_APIC_LVT_LINT0, 0x1a7ff, 0, .faults = 0xfffe0800 },
	{ RS_APIC_LVT_LINT1, 0x1a7ff, 0, .faults = 0xfffe0800 },
	{ RS_APIC_LVT_ERROR, 0x100ff, 0, .faults = 0xfffeef00 },
	{ RS_APIC_TIMER_DIVIDE, 0xb, 0, .faults = 0xfffffff4 },
	{ RS_APIC_TIMER_INITIAL, 0xffffffff, 0, .faults = 0 },
	{ RS_APIC_SPIV, 0x3ff, 0, .faults = 0xfffffc00 },
};

START_TEST(page_ignores_reserved_bits)
{
	for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
		setup();
		enable();
		put(writable[i].offset, ~0u);
		ck_assert_uint_eq(get(writable[i].offset), writable[i].ones);
		put(writable[i].offset, 0);
		ck_assert_uint_eq(get(writable[i].offset), writable[i].zeros);
		ck_assert_uint_eq(lapic->esr, 0);
	}
}
END_TEST

START_TEST(msrs_fault_on_reserved_bits)
{
	for (size_t i = 0; i < ARRAY_SIZE(writable); i++) {
		const struct writable *reg = &writable[i];

		setup();
		enter_x2apic();
		for (unsigned int bit = 0; bit < 64; bit++) {
			bool fault = reg->no_msr || bit >= 32 || reg->faults & BIT_ULL(bit);
			int err = rs_lapic_wrmsr(lapic, MSR(reg->offset), BIT_ULL(bit));

			ck_assert_int_eq(err, fault ? -EINVAL : 0);
			if (!fault)
				ck_assert_uint_eq(rdmsr(reg->offset), BIT_ULL(bit) & reg->ones);
		}
	}
}
END_TEST

START_TEST(read_only_in_the_page)
{
	static const u32 offsets[] = {
		RS_APIC_ID, RS_APIC_VERSION, RS_APIC_APR, RS_APIC_PPR, RS_APIC_RRD,
		RS_APIC_ISR, RS_APIC_TMR + 0x10, RS_APIC_IRR + 0x70, RS_APIC_TIMER_CURRENT,
	};

	enable();
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		u32 before = get(offsets[i]);

		put(offsets[i], ~before);
		ck_assert_uint_eq(get(offsets[i]), before);
	}
	ck_assert_uint_eq(get(RS_APIC_EOI), 0);
	ck_assert_uint_eq(lapic->esr, 0);
}
END_TEST

START_TEST(page_addresses)
{
	u32 value;

	ck_assert_int_eq(rs_lapic_read(lapic, 0x24, &value), -EINVAL);
	ck_assert_int_eq(rs_lapic_write(lapic, 0x81, 1), -EINVAL);
	ck_assert_int_eq(rs_lapic_read(lapic, 0x1000, &value), -EINVAL);
	ck_assert_int_eq(rs_lapic_write(lapic, ~0xfu, 0), -EINVAL);
	ck_assert_int_eq(rs_lapic_rdmsr(lapic, MSR(RS_APIC_TPR), &(u64){ 0 }), -EINVAL);
	ck_assert_int_eq(rs_lapic_wrmsr(lapic, MSR(RS_APIC_TPR), 0), -EINVAL);
	ck_assert_int_eq(rs_lapic_set_base(lapic, RS_APIC_DEFAULT_BASE), 0);
	ck_assert_int_eq(rs_lapic_read(lapic, RS_APIC_ID, &value), -EINVAL);
	ck_assert_int_eq(rs_lapic_write(lapic, RS_APIC_TPR, 0), -EINVAL);
	ck_assert_int_eq(rs_lapic_write_icr(lapic, 0x4031), -EINVAL);
}
END_TEST

START_TEST(reserved_registers_of_the_page)
{
	static const u32 offsets[] = {
		0, 0x10, 0x40, 0x70, 0x290, RS_APIC_LVT_CMCI, 0x3a0, 0x3d0, RS_APIC_SELF_IPI,
		0x400, 0x500, 0xff0,
	};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		setup();
		ck_assert_uint_eq(get(offsets[i]), 0);
		put(RS_APIC_ESR, 0);
		ck_assert_uint_eq(get(RS_APIC_ESR), 0x80);
		put(offsets[i], ~0u);
		put(RS_APIC_ESR, 0);
		ck_assert_uint_eq(get(RS_APIC_ESR), 0x80);
		put(RS_APIC_ESR, 0);
		ck_assert_uint_eq(get(RS_APIC_ESR), 0);
	}
}
END_TEST

/* Which MSRs are there: r, w, both; all others raise #GP. */
static char msr_kind(u32 msr)
{
	switch (msr) {
	case 0x802 ... 0x803: case 0x80a: case 0x80d: case 0x810 ... 0x827: case 0x839:
		return 'r';
	case 0x80b: case 0x83f:
		return 'w';
	case 0x808: case 0x80f: case 0x828: case 0x830: case 0x832 ... 0x838: case 0x83e:
		return 'b';
	default:
		return 0;
	}
}

START_TEST(msrs_that_are_there)
{
	enter_x2apic();
	for (u32 msr = 0x7f0; msr < 0xa00; msr++) {
		char kind = msr_kind(msr);
		u64 value;

		ck_assert_int_eq(rs_lapic_rdmsr(lapic, msr, &value),
				 kind == 'r' || kind == 'b' ? 0 : -EINVAL);
		ck_assert_int_eq(rs_lapic_wrmsr(lapic, msr, 0),
				 kind == 'w' || kind == 'b' ? 0 : -EINVAL);
	}
}
END_TEST

START_TEST(x2apic_identity)
{
	put(RS_APIC_LDR, 0x12000000);
	put(RS_APIC_ICR2, 0x12000000);
	cpu.lapic.id = 0x35;
	enter_x2apic();
	ck_assert_uint_eq(rdmsr(RS_APIC_ID), 0x35);
	ck_assert_uint_eq(rdmsr(RS_APIC_LDR), 0x00030020);
	ck_assert_uint_eq(rdmsr(RS_APIC_ICR), 0);
	ck_assert_int_eq(rs_lapic_read(lapic, RS_APIC_ID, &(u32){ 0 }), -EINVAL);
	ck_assert_int_eq(rs_lapic_write(lapic, RS_APIC_TPR, 0), -EINVAL);
	ck_assert_int_eq(rs_lapic_wrmsr(lapic, MSR(RS_APIC_EOI), 1), -EINVAL);
	ck_assert_int_eq(rs_lapic_wrmsr(lapic, MSR(RS_APIC_ESR), 1), -EINVAL);
}
END_TEST

/* 0: disabled, 1: the impossible, 2: xAPIC, 3: x2APIC */
START_TEST(mode_transitions)
{
	static const bool allowed[4][4] = {
		[0] = { true, false, true, false },
		[2] = { true, false, true, true },
		[3] = { true, false, false, true },
	};

	for (unsigned int from = 0; from < 4; from++) {
		for (unsigned int to = 0; to < 4 && from != 1; to++) {
			u64 before = RS_APIC_DEFAULT_BASE | from << 10;
			u64 after = RS_APIC_DEFAULT_BASE | to << 10;

			setup();
			ck_assert_int_eq(rs_lapic_set_base(lapic, before), 0);
			ck_assert_int_eq(rs_lapic_set_base(lapic, after),
					 allowed[from][to] ? 0 : -EINVAL);
			ck_assert_uint_eq(lapic->base, allowed[from][to] ? after : before);
		}
	}
}
END_TEST

START_TEST(base_bits)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		u64 base = XAPIC ^ BIT_ULL(bit);
		bool ok = bit == 8 || bit == 10 || bit == 11;

		setup();
		ck_assert_int_eq(rs_lapic_set_base(lapic, base), ok ? 0 : -EINVAL);
		ck_assert_uint_eq(lapic->base, ok && bit != 8 ? base : XAPIC);
	}
}
END_TEST

START_TEST(disabling_resets)
{
	enable();
	put(RS_APIC_TPR, 0x20);
	put(RS_APIC_LDR, 0x01000000);
	put(RS_APIC_TIMER_INITIAL, 100000);
	rs_lapic_accept(lapic, 0x51, true);
	ck_assert_int_eq(rs_lapic_set_base(lapic, RS_APIC_DEFAULT_BASE), 0);
	ck_assert_uint_eq(cpu.alarm, 0);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
	ck_assert(!rs_lapic_accept(lapic, 0x51, false));
	ck_assert_int_eq(rs_lapic_set_base(lapic, XAPIC), 0);
	ck_assert_uint_eq(get(RS_APIC_SPIV), 0xff);
	ck_assert_uint_eq(get(RS_APIC_TPR) | get(RS_APIC_LDR) | get(RS_APIC_TIMER_INITIAL), 0);
	ck_assert_uint_eq(get(RS_APIC_TMR + 0x20) | get(RS_APIC_IRR + 0x20), 0);
}
END_TEST

START_TEST(init_keeps_the_mode)
{
	enter_x2apic();
	wrmsr(RS_APIC_TPR, 0x33);
	wrmsr(RS_APIC_LVT_TIMER, DEADLINE | 0x40);
	rs_lapic_set_tsc_deadline(lapic, ~0ull);
	rs_lapic_reset(lapic);
	ck_assert_uint_eq(lapic->base, X2APIC);
	ck_assert_uint_eq(rdmsr(RS_APIC_ID), ID);
	ck_assert_uint_eq(rdmsr(RS_APIC_TPR), 0);
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), 0);
	ck_assert_uint_eq(cpu.alarm, 0);
}
END_TEST

START_TEST(software_disable)
{
	enable();
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++)
		put(lvts[i], 0x40);
	ck_assert(rs_lapic_accept(lapic, 0x40, false));
	put(RS_APIC_SPIV, 0xff);
	for (size_t i = 0; i < ARRAY_SIZE(lvts); i++) {
		ck_assert_uint_eq(get(lvts[i]), MASKED | 0x40);
		put(lvts[i], 0x41);
		ck_assert_uint_eq(get(lvts[i]), MASKED | 0x41);
	}
	ck_assert(!rs_lapic_accept(lapic, 0x50, false));
	ck_assert_int_eq(rs_lapic_pending(lapic), 0x40);
	enable();
	ck_assert_uint_eq(get(RS_APIC_LVT_TIMER), MASKED | 0x41);
}
END_TEST

START_TEST(vectors_in_their_words)
{
	enable();
	for (unsigned int vector = 0; vector < 256; vector++) {
		u32 offset = vector / 32 * 16;
		bool level = vector & 1;

		ck_assert(rs_lapic_accept(lapic, (u8)vector, level) == (vector >= 16));
		if (vector < 16)
			continue;
		ck_assert_uint_eq(get(RS_APIC_IRR + offset), 1u << vector % 32);
		ck_assert_uint_eq(get(RS_APIC_TMR + offset) >> vector % 32, level);
		take((int)vector);
		ck_assert_uint_eq(get(RS_APIC_IRR + offset), 0);
		ck_assert_uint_eq(get(RS_APIC_ISR + offset), 1u << vector % 32);
		put(RS_APIC_EOI, vector);
		ck_assert_uint_eq(get(RS_APIC_ISR + offset), 0);
	}
	ck_assert_uint_eq(cpu.ended_count, 120);
}
END_TEST

START_TEST(ends_in_order_of_priority)
{
	enable();
	rs_lapic_accept(lapic, 0x31, true);
	rs_lapic_accept(lapic, 0x41, false);
	rs_lapic_accept(lapic, 0x45, true);
	take(0x45);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);	/* the same class */
	rs_lapic_accept(lapic, 0x80, true);
	take(0x80);
	rs_lapic_eoi(lapic);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
	rs_lapic_eoi(lapic);
	take(0x41);
	rs_lapic_eoi(lapic);
	take(0x31);
	rs_lapic_eoi(lapic);
	rs_lapic_eoi(lapic);
	ck_assert_uint_eq(cpu.ended_count, 3);
	ck_assert_uint_eq(cpu.ended[0], 0x80);
	ck_assert_uint_eq(cpu.ended[1], 0x45);
	ck_assert_uint_eq(cpu.ended[2], 0x31);
}
END_TEST

START_TEST(acknowledge)
{
	enable();
	rs_lapic_acknowledge(lapic, 0x31, false);
	ck_assert_uint_eq(get(RS_APIC_ISR + 0x10), 0);
	rs_lapic_accept(lapic, 0x31, false);
	rs_lapic_acknowledge(lapic, 0x31, true);
	ck_assert_uint_eq(get(RS_APIC_ISR + 0x10) | get(RS_APIC_IRR + 0x10), 0);
	ck_assert_uint_eq(cpu.ended_count, 0);
	rs_lapic_accept(lapic, 0x31, true);
	rs_lapic_acknowledge(lapic, 0x31, true);
	ck_assert_uint_eq(cpu.ended_count, 1);
	/* An edge on the same vector is not a level any more. */
	rs_lapic_accept(lapic, 0x31, true);
	rs_lapic_accept(lapic, 0x31, false);
	take(0x31);
	rs_lapic_accept(lapic, 0x31, false);	/* waits while it is in service */
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
	rs_lapic_eoi(lapic);
	ck_assert_uint_eq(cpu.ended_count, 1);
	ck_assert_int_eq(rs_lapic_pending(lapic), 0x31);
}
END_TEST

START_TEST(processor_priority)
{
	static const struct {
		u32 tpr;
		int in_service, requested;
		u32 ppr, apr;
		int pending;
	} rows[] = {
		{ 0x00, -1, -1, 0x00, 0x00, -1 },
		{ 0x25, -1, -1, 0x25, 0x25, -1 },
		{ 0x25, 0x28, -1, 0x25, 0x20, -1 },
		{ 0x25, 0x31, -1, 0x30, 0x30, -1 },
		{ 0x45, 0x31, -1, 0x45, 0x45, -1 },
		{ 0x45, 0x31, 0x4f, 0x45, 0x45, -1 },
		{ 0x45, 0x31, 0x50, 0x45, 0x50, 0x50 },
		{ 0x00, 0x71, 0x7f, 0x70, 0x70, -1 },
		{ 0x00, 0x71, 0x80, 0x70, 0x80, 0x80 },
		{ 0x10, -1, 0x1f, 0x10, 0x10, -1 },
		{ 0x0f, -1, 0x10, 0x0f, 0x10, 0x10 },
		{ 0xff, -1, 0xff, 0xff, 0xff, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setup();
		enable();
		if (rows[i].in_service >= 0) {
			rs_lapic_accept(lapic, (u8)rows[i].in_service, false);
			take(rows[i].in_service);
		}
		put(RS_APIC_TPR, rows[i].tpr);
		if (rows[i].requested >= 0)
			rs_lapic_accept(lapic, (u8)rows[i].requested, false);
		ck_assert_uint_eq(get(RS_APIC_PPR), rows[i].ppr);
		ck_assert_uint_eq(get(RS_APIC_APR), rows[i].apr);
		ck_assert_uint_eq(rs_lapic_priority(lapic), rows[i].apr);
		ck_assert_int_eq(rs_lapic_pending(lapic), rows[i].pending);
	}
}
END_TEST

START_TEST(cr8_is_the_tpr)
{
	put(RS_APIC_TPR, 0x5a);
	ck_assert_uint_eq(rs_lapic_get_cr8(lapic), 5);
	rs_lapic_set_cr8(lapic, 9);
	ck_assert_uint_eq(get(RS_APIC_TPR), 0x90);
}
END_TEST

START_TEST(errors)
{
	enable();
	put(RS_APIC_LVT_ERROR, 0xfe);
	rs_lapic_accept(lapic, 15, false);
	ck_assert_uint_eq(get(RS_APIC_ESR), 0);
	take(0xfe);
	rs_lapic_eoi(lapic);
	/* No second interrupt before the ESR is written, but the errors add up. */
	put(RS_APIC_ICR, 0x4000);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
	put(RS_APIC_ESR, 0xffffffff);
	ck_assert_uint_eq(get(RS_APIC_ESR), 0x60);
	get(0x3f0);
	take(0xfe);
	ck_assert_uint_eq(get(RS_APIC_ESR), 0x60);
	put(RS_APIC_ESR, 0);
	ck_assert_uint_eq(get(RS_APIC_ESR), 0x80);
	rs_lapic_eoi(lapic);
	/* The error's own vector may be illegal; that is an error once. */
	put(RS_APIC_LVT_ERROR, 3);
	get(0x3f0);
	put(RS_APIC_ESR, 0);
	ck_assert_uint_eq(get(RS_APIC_ESR), 0xc0);
	put(RS_APIC_LVT_ERROR, MASKED | 0xfe);
	get(0x3f0);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
}
END_TEST

START_TEST(local_delivery_modes)
{
	static const bool sent[8] = {
		[HV_X64_INTERRUPT_SMI] = true, [HV_X64_INTERRUPT_NMI] = true,
		[HV_X64_INTERRUPT_INIT] = true,
	};

	for (u32 mode = 0; mode < 8; mode++) {
		setup();
		enable();
		put(RS_APIC_LVT_PERF, MASKED | mode << 8 | 0x42);
		rs_lapic_raise(lapic, RS_APIC_LVT_PERF);
		ck_assert_uint_eq(cpu.sent_count, 0);
		ck_assert_int_eq(rs_lapic_pending(lapic), -1);
		put(RS_APIC_LVT_PERF, mode << 8 | 0x42);
		rs_lapic_raise(lapic, RS_APIC_LVT_PERF);
		ck_assert_int_eq(rs_lapic_pending(lapic), mode ? -1 : 0x42);
		ck_assert_uint_eq(cpu.sent_count, sent[mode]);
		if (sent[mode]) {
			ck_assert_uint_eq(last_sent()->type, mode);
			ck_assert_uint_eq(last_sent()->shorthand, RS_IPI_SELF);
		}
	}
}
END_TEST

START_TEST(pins)
{
	ck_assert(!rs_lapic_accepts_extint(lapic));
	ck_assert(!rs_lapic_accepts_lint1_nmi(lapic));
	enable();
	put(RS_APIC_LVT_LINT0, 0x700);
	put(RS_APIC_LVT_LINT1, 0x400);
	ck_assert(rs_lapic_accepts_extint(lapic));
	ck_assert(rs_lapic_accepts_lint1_nmi(lapic));
	put(RS_APIC_LVT_LINT0, 0x400);
	put(RS_APIC_LVT_LINT1, 0x700);
	ck_assert(!rs_lapic_accepts_extint(lapic));
	ck_assert(!rs_lapic_accepts_lint1_nmi(lapic));
	put(RS_APIC_LVT_LINT0, MASKED | 0x700);
	put(RS_APIC_LVT_LINT1, MASKED | 0x400);
	ck_assert(!rs_lapic_accepts_extint(lapic));
	ck_assert(!rs_lapic_accepts_lint1_nmi(lapic));
	ck_assert_int_eq(rs_lapic_set_base(lapic, RS_APIC_DEFAULT_BASE), 0);
	ck_assert(rs_lapic_accepts_extint(lapic));
	ck_assert(rs_lapic_accepts_lint1_nmi(lapic));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		power_on, page_ignores_reserved_bits, msrs_fault_on_reserved_bits,
		read_only_in_the_page, page_addresses, reserved_registers_of_the_page,
		msrs_that_are_there, x2apic_identity, mode_transitions, base_bits,
		disabling_resets, init_keeps_the_mode, software_disable,
		vectors_in_their_words, ends_in_order_of_priority, acknowledge,
		processor_priority, cr8_is_the_tpr, errors, local_delivery_modes, pins,
	};

	return run_tests("lapic", tests, ARRAY_SIZE(tests), setup, teardown);
}
