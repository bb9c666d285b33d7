// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/lapic.c kmod/lapic_register.c kmod/lapic_timer.c kmod/lapic_state.c */
/*
 * The local APIC: its state comes back as it was, and nothing else does.
 */
#include "lapic_test.h"

struct state {
	u32 regs[64];
	u64 base, tsc_deadline, remaining;
};

static struct state save(struct fake_cpu *from)
{
	struct state state;

	rs_lapic_get_state(&from->lapic, state.regs, &state.remaining);
	state.base = from->lapic.base;
	state.tsc_deadline = rs_lapic_get_tsc_deadline(&from->lapic);
	return state;
}

static int restore(struct fake_cpu *to, const struct state *state)
{
	return rs_lapic_set_state(&to->lapic, state->regs, state->base, state->tsc_deadline,
				  state->remaining);
}

/* Takes the state of the test's APIC to another, where it must be the same. */
static void check_round_trip(struct fake_cpu *other)
{
	struct state before = save(&cpu), after;

	fake_cpu_init(other, cpu.lapic.id, false);
	other->now = cpu.now;
	other->tsc_offset = cpu.tsc_offset;
	ck_assert_int_eq(restore(other, &before), 0);
	after = save(other);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	ck_assert_uint_eq(other->alarm, cpu.alarm);
}

/* Something in every register. */
static void fill(void)
{
	enable();
	put(RS_APIC_TPR, 0x12);
	put(RS_APIC_LDR, 0x20000000);
	put(RS_APIC_DFR, 0);
	put(RS_APIC_ICR2, 0x11000000);
	put(RS_APIC_ICR, 0x4031);
	put(RS_APIC_LVT_LINT0, 0x8700);
	put(RS_APIC_LVT_LINT1, 0x400);
	put(RS_APIC_LVT_ERROR, 0xfe);
	get(0x3f0);
	put(RS_APIC_ESR, 0);
	rs_lapic_accept(lapic, 0x91, true);
	take(0xfe);
	rs_lapic_accept(lapic, 0x42, true);
	put(RS_APIC_TIMER_DIVIDE, 0x2);
	put(RS_APIC_LVT_TIMER, PERIODIC | 0x40);
	put(RS_APIC_TIMER_INITIAL, 100000);
	fake_cpu_advance(&cpu, 1234);
}

START_TEST(round_trips)
{
	struct fake_cpu other;

	check_round_trip(&other);
	fill();
	check_round_trip(&other);
	fake_cpu_advance(&cpu, 10000000);
	fake_cpu_advance(&other, 10000000);
	ck_assert_uint_eq(other.alarm, cpu.alarm);
	ck_assert_mem_eq(other.lapic.irr, cpu.lapic.irr, sizeof(cpu.lapic.irr));

	ck_assert_int_eq(rs_lapic_set_base(lapic, X2APIC), 0);
	wrmsr(RS_APIC_ICR, 0x1234567800004031);
	check_round_trip(&other);
	ck_assert_uint_eq(save(&other).regs[RS_APIC_ICR2 / 16], 0x12345678);
	ck_assert_uint_eq(save(&other).regs[RS_APIC_LDR / 16], 0x20);

	wrmsr(RS_APIC_LVT_TIMER, DEADLINE | 0x40);
	check_round_trip(&other);
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic) + 1000);
	check_round_trip(&other);

	ck_assert_int_eq(rs_lapic_set_base(lapic, RS_APIC_DEFAULT_BASE), 0);
	check_round_trip(&other);
	rs_lapic_set_cr8(lapic, 6);		/* the CPU's own, whatever the APIC does */
	check_round_trip(&other);
	ck_assert_int_eq(rs_lapic_set_base(&other.lapic, XAPIC), 0);
}
END_TEST

START_TEST(overdue_is_not_lost)
{
	struct fake_cpu other;
	struct state state;

	fill();
	cpu.now += 10000000;
	state = save(&cpu);
	ck_assert_uint_eq(state.remaining, 1);
	fake_cpu_init(&other, ID, false);
	ck_assert_int_eq(restore(&other, &state), 0);
	fake_cpu_advance(&other, 1);
	ck_assert(other.lapic.irr[1] & 1);
}
END_TEST

START_TEST(past_tsc_deadline_fires)
{
	struct fake_cpu other;
	struct state state;

	enable();
	put(RS_APIC_LVT_TIMER, DEADLINE | 0x40);
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic) + 1000);
	state = save(&cpu);
	fake_cpu_init(&other, ID, false);
	other.tsc_offset = 5000;
	ck_assert_int_eq(restore(&other, &state), 0);
	ck_assert_int_eq(rs_lapic_pending(&other.lapic), 0x40);
	ck_assert_uint_eq(other.alarm, 0);
}
END_TEST

/* Bits that may change in a saved state without making it invalid, by register. */
static u32 free_bits(u32 index, bool x2apic)
{
	switch (index * 16) {
	case RS_APIC_TPR:
		return 0xff;
	case RS_APIC_SPIV:
		return 0x2ff;		/* not the enable: LVTs are not masked */
	case RS_APIC_LDR:
		return x2apic ? 0 : 0xff000000;
	case RS_APIC_DFR:
		return 0xf0000000;
	case RS_APIC_APR:
	case RS_APIC_PPR:
	case RS_APIC_TIMER_CURRENT:
		return ~0u;
	case RS_APIC_ISR:
	case RS_APIC_TMR:
	case RS_APIC_IRR:
		return 0xffff0000;
	case RS_APIC_ISR + 0x10 ... RS_APIC_ISR + 0x70:
	case RS_APIC_TMR + 0x10 ... RS_APIC_TMR + 0x70:
	case RS_APIC_IRR + 0x10 ... RS_APIC_IRR + 0x70:
		return ~0u;
	case RS_APIC_ESR:
		return 0xe0;
	case RS_APIC_ICR:
		return 0xccfff;
	case RS_APIC_ICR2:
		return x2apic ? ~0u : 0xff000000;
	case RS_APIC_LVT_TIMER:
		return 0x700ff;
	case RS_APIC_LVT_THERMAL:
	case RS_APIC_LVT_PERF:
		return 0x107ff;
	case RS_APIC_LVT_LINT0:
	case RS_APIC_LVT_LINT1:
		return 0x1a7ff;
	case RS_APIC_LVT_ERROR:
		return 0x100ff;
	case RS_APIC_TIMER_INITIAL:
		return ~0u;
	case RS_APIC_TIMER_DIVIDE:
		return 0xb;
	default:
		return 0;
	}
}

static void check_every_bit(bool x2apic)
{
	struct state good = save(&cpu);
	struct fake_cpu other;

	for (u32 i = 0; i < 64 * 32; i++) {
		bool ok = free_bits(i / 32, x2apic) >> i % 32 & 1;
		struct state state = good;
		struct fake_cpu before;

		state.regs[i / 32] ^= 1u << i % 32;
		fake_cpu_init(&other, ID, false);
		before = other;
		ck_assert_msg(restore(&other, &state) == (ok ? 0 : -EINVAL),
			      "register %#x, bit %u", i / 32 * 16, i % 32);
		if (!ok)
			ck_assert_mem_eq(&before, &other, sizeof(other));
		else if (free_bits(i / 32, x2apic) != ~0u)
			ck_assert_uint_eq(save(&other).regs[i / 32], state.regs[i / 32]);
	}
}

START_TEST(every_bit)
{
	fill();
	put(RS_APIC_TIMER_INITIAL, 0);		/* a running timer ties its registers up */
	check_every_bit(false);
	ck_assert_int_eq(rs_lapic_set_base(lapic, X2APIC), 0);
	check_every_bit(true);
}
END_TEST

START_TEST(software_disabled_has_masks)
{
	struct state state = save(&cpu);

	ck_assert_int_eq(restore(&cpu, &state), 0);
	for (u32 i = RS_APIC_LVT_TIMER / 16; i <= RS_APIC_LVT_ERROR / 16; i++) {
		state.regs[i] &= ~MASKED;
		ck_assert_int_eq(restore(&cpu, &state), -EINVAL);
		state.regs[i] |= MASKED;
	}
}
END_TEST

START_TEST(bases)
{
	struct state state = save(&cpu);

	for (unsigned int bit = 0; bit < 64; bit++) {
		state.base = XAPIC ^ BIT_ULL(bit);
		/* Bit 10 needs the x2APIC's form of ID and LDR. */
		ck_assert_int_eq(restore(&cpu, &state), bit == 11 ? 0 : -EINVAL);
	}
	state.base = RS_APIC_DEFAULT_BASE | RS_APIC_BASE_X2APIC;
	ck_assert_int_eq(restore(&cpu, &state), -EINVAL);
}
END_TEST

START_TEST(timers)
{
	static const struct {
		u32 lvt, initial, divide;
		u64 tsc_deadline, remaining;
		bool ok;
	} rows[] = {
		{ 0, 100, 0xb, 0, 0, true },
		{ 0, 100, 0xb, 0, 1, true },
		{ 0, 100, 0xb, 0, 100, true },
		{ 0, 100, 0xb, 0, 101, false },
		{ 0, 100, 0x0, 0, 200, true },
		{ 0, 0, 0xb, 0, 1, false },
		{ 0, 100, 0xb, 1, 0, false },
		{ PERIODIC, 300, 0xb, 0, 20100, true },
		{ PERIODIC, 300, 0xb, 0, 20101, false },
		{ PERIODIC, 30000, 0xb, 0, 30000, true },
		{ PERIODIC, 30000, 0xb, 0, 30001, false },
		{ PERIODIC, 0, 0xb, 0, 1, false },
		{ PERIODIC, ~0u, 0xa, 0, 0xffffffffull << 7, true },
		{ PERIODIC, ~0u, 0xa, 0, ~0ull, false },
		{ DEADLINE, 100, 0xb, 0, 0, true },
		{ DEADLINE, 100, 0xb, ~0ull, 1, true },
		{ DEADLINE, 100, 0xb, ~0ull, 0, false },
		{ DEADLINE, 100, 0xb, 0, 1, false },
		{ DEADLINE | PERIODIC, 100, 0xb, 0, 0, true },
		{ DEADLINE | PERIODIC, 100, 0xb, 0, 1, false },
		{ DEADLINE | PERIODIC, 100, 0xb, 1, 1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct state state;

		setup();
		enable();
		state = save(&cpu);
		state.regs[RS_APIC_LVT_TIMER / 16] = rows[i].lvt | 0x40;
		state.regs[RS_APIC_TIMER_INITIAL / 16] = rows[i].initial;
		state.regs[RS_APIC_TIMER_DIVIDE / 16] = rows[i].divide;
		state.tsc_deadline = rows[i].tsc_deadline;
		state.remaining = rows[i].remaining;
		ck_assert_int_eq(restore(&cpu, &state), rows[i].ok ? 0 : -EINVAL);
		if (rows[i].ok && rows[i].remaining && !rows[i].tsc_deadline)
			ck_assert_uint_eq(cpu.alarm, cpu.now + rows[i].remaining);
	}
}
END_TEST

START_TEST(restoring_stops_the_timer)
{
	struct state state = save(&cpu);

	fill();
	ck_assert_uint_ne(cpu.alarm, 0);
	ck_assert_int_eq(restore(&cpu, &state), 0);
	ck_assert_uint_eq(cpu.alarm, 0);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		round_trips, overdue_is_not_lost, past_tsc_deadline_fires, every_bit,
		software_disabled_has_masks, bases, timers, restoring_stops_the_timer,
	};

	return run_tests("lapic_state", tests, ARRAY_SIZE(tests), setup, teardown);
}
