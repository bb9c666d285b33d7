// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/lapic.c kmod/lapic_register.c kmod/lapic_timer.c kmod/lapic_state.c */
/*
 * The local APIC's timer: its modes, against a clock that moves only when told to.
 */
#include "lapic_test.h"

#define VECTOR	0x40
#define NS	100000u

static void setup_timer(void)
{
	setup();
	enable();
}

static void start(u32 lvt, u32 initial)
{
	put(RS_APIC_TIMER_DIVIDE, 0xb);
	put(RS_APIC_LVT_TIMER, lvt | VECTOR);
	put(RS_APIC_TIMER_INITIAL, initial);
}

/* Did the timer fire since the last time this was asked? */
static bool fired(void)
{
	if (rs_lapic_pending(lapic) != VECTOR)
		return false;
	take(VECTOR);
	rs_lapic_eoi(lapic);
	return true;
}

START_TEST(divisors)
{
	static const struct {
		u32 divide, by;
	} rows[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 },
		{ 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
	};

	put(RS_APIC_LVT_TIMER, VECTOR);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(RS_APIC_TIMER_DIVIDE, rows[i].divide);
		put(RS_APIC_TIMER_INITIAL, 1000);
		ck_assert_uint_eq(cpu.alarm, cpu.now + 1000ull * rows[i].by);
		ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 1000);
		fake_cpu_advance(&cpu, 400ull * rows[i].by);
		ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 600);
		fake_cpu_advance(&cpu, 1);
		ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), rows[i].by == 1 ? 599 : 600);
	}
	put(RS_APIC_TIMER_DIVIDE, 0xa);
	put(RS_APIC_TIMER_INITIAL, ~0u);
	ck_assert_uint_eq(cpu.alarm, cpu.now + 128 * 0xffffffffull);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), ~0u);
}
END_TEST

START_TEST(one_shot)
{
	start(0, NS);
	fake_cpu_advance(&cpu, NS - 1);
	ck_assert(!fired());
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 1);
	fake_cpu_advance(&cpu, 1);
	ck_assert(fired());
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 0);
	ck_assert_uint_eq(get(RS_APIC_TIMER_INITIAL), NS);
	ck_assert_uint_eq(cpu.alarm, 0);
	fake_cpu_advance(&cpu, 10 * NS);
	ck_assert(!fired());
}
END_TEST

START_TEST(writing_the_count_restarts_or_stops)
{
	start(0, NS);
	fake_cpu_advance(&cpu, NS / 2);
	put(RS_APIC_TIMER_INITIAL, NS);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS);
	fake_cpu_advance(&cpu, NS / 2);
	ck_assert(!fired());
	put(RS_APIC_TIMER_INITIAL, 0);
	ck_assert_uint_eq(cpu.alarm, 0);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 0);
	fake_cpu_advance(&cpu, NS);
	ck_assert(!fired());
}
END_TEST

START_TEST(periodic)
{
	u64 begin = cpu.now;

	start(PERIODIC, NS);
	for (unsigned int i = 1; i < 10; i++) {
		fake_cpu_advance(&cpu, NS - 1);
		ck_assert(!fired());
		ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 1);
		fake_cpu_advance(&cpu, 1);
		ck_assert(fired());
		ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS);
		ck_assert_uint_eq(cpu.alarm, begin + (i + 1) * (u64)NS);
	}
}
END_TEST

START_TEST(periodic_late)
{
	u64 begin = cpu.now;

	start(PERIODIC, NS);
	cpu.now += 7 * NS + NS / 4;
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS * 3 / 4);
	rs_lapic_timer_expired(lapic);
	ck_assert(fired());
	ck_assert_uint_eq(cpu.alarm, begin + 8ull * NS);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS * 3 / 4);
	cpu.now = begin + 8ull * NS;
	rs_lapic_timer_expired(lapic);
	ck_assert_uint_eq(cpu.alarm, begin + 9ull * NS);
}
END_TEST

START_TEST(early_and_spurious)
{
	u64 deadline;

	rs_lapic_timer_expired(lapic);
	ck_assert_uint_eq(cpu.arms, 0);
	start(0, NS);
	deadline = cpu.alarm;
	cpu.now += NS - 1;
	cpu.alarm = 0;
	rs_lapic_timer_expired(lapic);
	ck_assert(!fired());
	ck_assert_uint_eq(cpu.alarm, deadline);
	fake_cpu_advance(&cpu, 1);
	ck_assert(fired());
	rs_lapic_timer_expired(lapic);
	ck_assert(!fired());
}
END_TEST

/* However short the period, 1 ms of it costs at most 50 alarms, and the phase is kept. */
START_TEST(no_storm)
{
	static const u32 periods[] = { 1, 2, 3, 7, 1000, 9999, 10001, 19999, 20000, 20001 };

	for (size_t i = 0; i < ARRAY_SIZE(periods); i++) {
		unsigned int arms;
		u64 begin;

		setup_timer();
		start(PERIODIC, periods[i]);
		begin = cpu.now;
		arms = cpu.arms;
		fake_cpu_advance(&cpu, 1000000);
		ck_assert_uint_le(cpu.arms - arms, 51);
		ck_assert_uint_ge(cpu.arms - arms, 25);
		ck_assert_uint_eq((cpu.alarm - begin) % periods[i], 0);
		ck_assert_uint_ge(get(RS_APIC_TIMER_CURRENT), 1);
		ck_assert_uint_le(get(RS_APIC_TIMER_CURRENT), periods[i]);
	}
}
END_TEST

START_TEST(masked)
{
	start(MASKED | PERIODIC, NS);
	fake_cpu_advance(&cpu, NS);
	ck_assert(!fired());
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS);
	put(RS_APIC_LVT_TIMER, PERIODIC | VECTOR);
	fake_cpu_advance(&cpu, NS);
	ck_assert(fired());
	put(RS_APIC_SPIV, 0xff);
	fake_cpu_advance(&cpu, NS);
	ck_assert(!fired());
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS);
}
END_TEST

START_TEST(illegal_vector)
{
	start(0, NS);
	put(RS_APIC_LVT_TIMER, 15);
	fake_cpu_advance(&cpu, NS);
	ck_assert_int_eq(rs_lapic_pending(lapic), -1);
	put(RS_APIC_ESR, 0);
	ck_assert_uint_eq(get(RS_APIC_ESR), 0x40);
}
END_TEST

START_TEST(between_one_shot_and_periodic)
{
	start(0, NS);
	fake_cpu_advance(&cpu, NS * 3 / 4);
	put(RS_APIC_LVT_TIMER, PERIODIC | VECTOR);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS / 4);
	fake_cpu_advance(&cpu, NS / 4);
	ck_assert(fired());
	fake_cpu_advance(&cpu, NS * 3 / 4);
	put(RS_APIC_LVT_TIMER, VECTOR);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS / 4);
	fake_cpu_advance(&cpu, NS / 4);
	ck_assert(fired());
	/* What stands still goes on doing so. */
	put(RS_APIC_LVT_TIMER, PERIODIC | VECTOR);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 0);
	fake_cpu_advance(&cpu, 2 * NS);
	ck_assert(!fired());
}
END_TEST

START_TEST(short_period_becomes_one_shot)
{
	u64 begin = cpu.now;

	start(PERIODIC, 300);
	fake_cpu_advance(&cpu, 1000);
	ck_assert(fired());
	ck_assert_uint_eq(cpu.alarm, begin + 300 + 20100);
	put(RS_APIC_LVT_TIMER, VECTOR);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 200);
	ck_assert_uint_eq(cpu.alarm, begin + 1200);
}
END_TEST

START_TEST(mode_changes_when_late)
{
	start(0, NS);
	cpu.now += NS;
	put(RS_APIC_LVT_TIMER, PERIODIC | VECTOR);
	ck_assert(fired());
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 0);
	put(RS_APIC_TIMER_INITIAL, NS);
	cpu.now += NS + NS / 4;
	put(RS_APIC_LVT_TIMER, VECTOR);
	ck_assert(fired());
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS * 3 / 4);
}
END_TEST

START_TEST(divisor_changes_on_the_way)
{
	start(0, NS);
	fake_cpu_advance(&cpu, NS / 4);
	put(RS_APIC_TIMER_DIVIDE, 0x1);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS * 3 / 4);
	ck_assert_uint_eq(cpu.alarm, cpu.now + 3ull * NS);
	put(RS_APIC_TIMER_DIVIDE, 0x0);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), NS * 3 / 4);
	fake_cpu_advance(&cpu, NS * 3 / 2 - 1);
	ck_assert(!fired());
	fake_cpu_advance(&cpu, 1);
	ck_assert(fired());
	put(RS_APIC_TIMER_DIVIDE, 0xb);
	ck_assert_uint_eq(cpu.alarm, 0);
	put(RS_APIC_TIMER_INITIAL, NS);
	cpu.now += NS;
	put(RS_APIC_TIMER_DIVIDE, 0xa);		/* too late to make it slower */
	ck_assert(fired());
	ck_assert_uint_eq(cpu.alarm, 0);
}
END_TEST

START_TEST(tsc_deadline)
{
	u64 tsc = fake_cpu_tsc(lapic);

	put(RS_APIC_LVT_TIMER, DEADLINE | VECTOR);
	rs_lapic_set_tsc_deadline(lapic, tsc + 2 * NS);
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), tsc + 2 * NS);
	ck_assert_uint_eq(cpu.alarm, cpu.now + NS);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 0);
	fake_cpu_advance(&cpu, NS - 1);
	ck_assert(!fired());
	fake_cpu_advance(&cpu, 1);
	ck_assert(fired());
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), 0);
	ck_assert_uint_eq(cpu.alarm, 0);
	/* At once. */
	rs_lapic_set_tsc_deadline(lapic, 1);
	ck_assert(fired());
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic));
	ck_assert(fired());
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), 0);
	/* Never. */
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic) + 2 * NS);
	rs_lapic_set_tsc_deadline(lapic, 0);
	ck_assert_uint_eq(cpu.alarm, 0);
	rs_lapic_set_tsc_deadline(lapic, ~0ull);
	ck_assert_uint_gt(cpu.alarm, cpu.now);
	/* Rounded down it would ring too early: not now, and not in a loop. */
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic) + 1);
	ck_assert(!fired());
	ck_assert_uint_eq(cpu.alarm, cpu.now + 1);
}
END_TEST

START_TEST(tsc_moves)
{
	u64 deadline = fake_cpu_tsc(lapic) + 2 * NS;

	put(RS_APIC_LVT_TIMER, DEADLINE | VECTOR);
	rs_lapic_set_tsc_deadline(lapic, deadline);
	cpu.tsc_offset -= NS;
	fake_cpu_advance(&cpu, NS);
	ck_assert(!fired());
	ck_assert_uint_eq(cpu.alarm, cpu.now + NS / 2);
	cpu.tsc_offset += NS;
	rs_lapic_set_tsc_deadline(lapic, rs_lapic_get_tsc_deadline(lapic));
	ck_assert(fired());
}
END_TEST

/* The alarm is early, what it raises is too, and whoever runs the guest is told until when. */
START_TEST(tsc_deadline_early)
{
	u64 deadline = fake_cpu_tsc(lapic) + 2 * NS;

	lapic->timer_slack = 1000;
	lapic->timer_advance = 300;
	put(RS_APIC_LVT_TIMER, DEADLINE | VECTOR);
	rs_lapic_set_tsc_deadline(lapic, deadline);
	ck_assert_uint_eq(cpu.alarm, cpu.now + NS - 300);
	fake_cpu_advance(&cpu, NS - 301);
	ck_assert(!fired());
	fake_cpu_advance(&cpu, 1);
	ck_assert(fired());
	ck_assert_uint_eq(cpu.due, deadline);
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), 0);

	/* so near that no alarm is worth it, and one tick further away */
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic) + 2 * 1000);
	ck_assert(fired());
	ck_assert_uint_eq(cpu.due, fake_cpu_tsc(lapic) + 2 * 1000);
	rs_lapic_set_tsc_deadline(lapic, fake_cpu_tsc(lapic) + 2 * 1001);
	ck_assert(!fired());
	ck_assert_uint_eq(cpu.alarm, cpu.now + 1001 - 300);
}
END_TEST

START_TEST(other_modes_disarm)
{
	rs_lapic_set_tsc_deadline(lapic, ~0ull);	/* not in this mode */
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), 0);
	ck_assert_uint_eq(cpu.alarm, 0);
	start(0, NS);
	put(RS_APIC_LVT_TIMER, DEADLINE | VECTOR);
	ck_assert_uint_eq(cpu.alarm, 0);
	put(RS_APIC_TIMER_INITIAL, 2 * NS);
	ck_assert_uint_eq(get(RS_APIC_TIMER_INITIAL), NS);
	ck_assert_uint_eq(cpu.alarm, 0);
	rs_lapic_set_tsc_deadline(lapic, ~0ull);
	put(RS_APIC_LVT_TIMER, PERIODIC | VECTOR);
	ck_assert_uint_eq(cpu.alarm, 0);
	ck_assert_uint_eq(rs_lapic_get_tsc_deadline(lapic), 0);
	put(RS_APIC_TIMER_INITIAL, NS);
	put(RS_APIC_LVT_TIMER, DEADLINE | PERIODIC | VECTOR);	/* reserved */
	ck_assert_uint_eq(cpu.alarm, 0);
	put(RS_APIC_TIMER_INITIAL, NS);
	ck_assert_uint_eq(cpu.alarm, 0);
	ck_assert_uint_eq(get(RS_APIC_TIMER_CURRENT), 0);
}
END_TEST

START_TEST(unarmed_is_left_alone)
{
	put(RS_APIC_LVT_TIMER, PERIODIC | VECTOR);
	put(RS_APIC_LVT_TIMER, DEADLINE | VECTOR);
	put(RS_APIC_TIMER_DIVIDE, 3);
	put(RS_APIC_TIMER_INITIAL, 0);
	rs_lapic_set_tsc_deadline(lapic, 0);
	rs_lapic_reset(lapic);
	ck_assert_uint_eq(cpu.arms, 0);
}
END_TEST

START_TEST(same_mode_goes_on)
{
	u64 alarm;

	start(PERIODIC, NS);
	alarm = cpu.alarm;
	fake_cpu_advance(&cpu, NS / 2);
	put(RS_APIC_LVT_TIMER, PERIODIC | 0x50);
	ck_assert_uint_eq(cpu.alarm, alarm);
	fake_cpu_advance(&cpu, NS / 2);
	take(0x50);
	ck_assert(!fired());
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		divisors, one_shot, writing_the_count_restarts_or_stops, periodic, periodic_late,
		early_and_spurious, no_storm, masked, illegal_vector,
		between_one_shot_and_periodic, short_period_becomes_one_shot,
		mode_changes_when_late, divisor_changes_on_the_way, tsc_deadline, tsc_moves,
		tsc_deadline_early, other_modes_disarm, unarmed_is_left_alone, same_mode_goes_on,
	};

	return run_tests("lapic_timer", tests, ARRAY_SIZE(tests), setup_timer, teardown);
}
