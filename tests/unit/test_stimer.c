// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/stimer.c */
/*
 * Synthetic timers: what writes to their registers start and stop, what an expiration says,
 * and that a guest cannot make a storm of them.
 */
#include "suite.h"
#include "stimer.h"

#define CONFIG(n)	(HV_X64_MSR_STIMER0_CONFIG + 2 * (n))
#define COUNT(n)	(CONFIG(n) + 1)
#define SINT(n)		((u64)(n) << 16)
#define DIRECT(vector)	(HV_STIMER_DIRECT | (u64)(vector) << 4)
#define PERIOD_MIN	1000u

static struct rs_stimers stimers;
static u64 now;
static u64 alarms[HV_STIMER_COUNT];
static unsigned int armed;
static unsigned int asserted[256];
static unsigned int posted;
static unsigned int last_sint;
static struct hv_message last;
static int post_result;

static u64 op_now(struct rs_stimers *s)
{
	ck_assert_ptr_eq(s, &stimers);
	return now;
}

static void op_arm(struct rs_stimers *s, unsigned int n, u64 reference)
{
	ck_assert_ptr_eq(s, &stimers);
	ck_assert_uint_lt(n, HV_STIMER_COUNT);
	alarms[n] = reference;
	armed++;
}

static int op_post(struct rs_stimers *s, unsigned int sint, const struct hv_message *message)
{
	ck_assert_ptr_eq(s, &stimers);
	posted++;
	last_sint = sint;
	last = *message;
	return post_result;
}

static void op_assert(struct rs_stimers *s, u8 vector)
{
	ck_assert_ptr_eq(s, &stimers);
	asserted[vector]++;
}

static const struct rs_stimer_ops ops = { op_now, op_arm, op_post, op_assert };

static void setup(void)
{
	memset(alarms, 0, sizeof(alarms));
	memset(asserted, 0, sizeof(asserted));
	memset(&last, 0, sizeof(last));
	now = 1000000;
	armed = 0;
	posted = 0;
	post_result = 0;
	rs_stimers_init(&stimers, &ops);
}

static u64 get(u32 msr)
{
	u64 value = 0x5a5a;

	ck_assert_int_eq(rs_stimer_rdmsr(&stimers, msr, &value), 0);
	return value;
}

static void set(u32 msr, u64 value)
{
	ck_assert_int_eq(rs_stimer_wrmsr(&stimers, msr, value), 0);
}

/* Time goes on to @when, and alarms go off on the way as an exact clock would have them. */
static void advance(u64 when)
{
	for (;;) {
		int first = -1;

		for (int n = 0; n < HV_STIMER_COUNT; n++)
			if (alarms[n] && alarms[n] <= when &&
			    (first < 0 || alarms[n] < alarms[first]))
				first = n;
		if (first < 0)
			break;
		now = max(now, alarms[first]);
		alarms[first] = 0;
		rs_stimer_expired(&stimers, first);
	}
	now = when;
}

static void check_payload(u32 index, u64 expiration, u64 delivery)
{
	struct hv_timer_message_payload payload;

	ck_assert_uint_eq(last.header.message_type, HV_MESSAGE_TIMER_EXPIRED);
	ck_assert_uint_eq(last.header.payload_size, 24);
	ck_assert_uint_eq(last.header.message_flags, 0);
	memcpy(&payload, last.bytes, sizeof(payload));
	ck_assert_uint_eq(payload.timer_index, index);
	ck_assert_uint_eq(payload.reserved, 0);
	ck_assert_uint_eq(payload.expiration_time, expiration);
	ck_assert_uint_eq(payload.delivery_time, delivery);
}

START_TEST(registers)
{
	u64 value;

	for (int n = 0; n < HV_STIMER_COUNT; n++) {
		ck_assert_uint_eq(get(CONFIG(n)), 0);
		ck_assert_uint_eq(get(COUNT(n)), 0);
		set(CONFIG(n), SINT(n + 1) | HV_STIMER_PERIODIC);
		set(COUNT(n), 77 + n);
	}
	for (int n = 0; n < HV_STIMER_COUNT; n++) {
		ck_assert_uint_eq(get(CONFIG(n)), SINT(n + 1) | HV_STIMER_PERIODIC);
		ck_assert_uint_eq(get(COUNT(n)), 77 + n);
	}
	ck_assert_int_eq(rs_stimer_rdmsr(&stimers, CONFIG(0) - 1, &value), -EINVAL);
	ck_assert_int_eq(rs_stimer_rdmsr(&stimers, COUNT(3) + 1, &value), -EINVAL);
	ck_assert_int_eq(rs_stimer_wrmsr(&stimers, CONFIG(0) - 1, 0), -EINVAL);
	ck_assert_int_eq(rs_stimer_wrmsr(&stimers, COUNT(3) + 1, 0), -EINVAL);
	ck_assert_uint_eq(armed, 0);
}
END_TEST

START_TEST(reserved_bits)
{
	set(CONFIG(1), SINT(2));
	for (int bit = 0; bit < 64; bit++) {
		if (HV_STIMER_CONFIG_VALID & BIT_ULL(bit))
			continue;
		ck_assert_int_eq(rs_stimer_wrmsr(&stimers, CONFIG(1), BIT_ULL(bit)), -EINVAL);
	}
	ck_assert_uint_eq(get(CONFIG(1)), SINT(2));
}
END_TEST

START_TEST(one_shot)
{
	set(CONFIG(0), HV_STIMER_ENABLE | SINT(4));
	ck_assert_uint_eq(armed, 0);		/* no count yet */
	set(COUNT(0), now + 500);
	ck_assert_uint_eq(alarms[0], now + 500);
	advance(now + 499);
	ck_assert_uint_eq(posted, 0);
	advance(now + 1);
	ck_assert_uint_eq(posted, 1);
	ck_assert_uint_eq(last_sint, 4);
	check_payload(0, 1000500, 1000500);
	ck_assert_uint_eq(get(CONFIG(0)), SINT(4));
	ck_assert_uint_eq(get(COUNT(0)), 1000500);
	advance(now + 1000000);
	ck_assert_uint_eq(posted, 1);
}
END_TEST

START_TEST(one_shot_in_the_past)
{
	set(CONFIG(2), HV_STIMER_AUTO_ENABLE | SINT(4));
	set(COUNT(2), 1);
	ck_assert_uint_eq(posted, 1);
	check_payload(2, 1, now);
	ck_assert_uint_eq(get(CONFIG(2)), HV_STIMER_AUTO_ENABLE | SINT(4));
	set(COUNT(2), now);
	ck_assert_uint_eq(posted, 2);
	set(COUNT(2), ~0ull);
	ck_assert_uint_eq(posted, 2);
	ck_assert_uint_eq(alarms[2], ~0ull);
}
END_TEST

START_TEST(count_zero_disables)
{
	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_AUTO_ENABLE | SINT(4));
	set(COUNT(0), now + 100);
	set(COUNT(0), 0);
	ck_assert_uint_eq(alarms[0], 0);
	ck_assert_uint_eq(get(CONFIG(0)), HV_STIMER_AUTO_ENABLE | SINT(4));
	set(COUNT(0), now + 100);
	ck_assert_uint_eq(get(CONFIG(0)),
			  HV_STIMER_ENABLE | HV_STIMER_AUTO_ENABLE | SINT(4));
	ck_assert_uint_eq(alarms[0], now + 100);
	/* without AutoEnable a count alone starts nothing */
	set(CONFIG(0), SINT(4));
	ck_assert_uint_eq(alarms[0], 0);
	set(COUNT(0), now + 200);
	ck_assert_uint_eq(alarms[0], 0);
}
END_TEST

START_TEST(sint_zero_stays_disabled)
{
	set(COUNT(0), now + 100);
	set(CONFIG(0), HV_STIMER_ENABLE);
	ck_assert_uint_eq(get(CONFIG(0)), 0);
	set(CONFIG(0), HV_STIMER_AUTO_ENABLE);
	set(COUNT(0), now + 100);
	ck_assert_uint_eq(get(CONFIG(0)), HV_STIMER_AUTO_ENABLE);
	for (unsigned int v = 0; v < 16; v++) {
		set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_AUTO_ENABLE | DIRECT(v) | SINT(3));
		ck_assert(!(get(CONFIG(0)) & HV_STIMER_ENABLE));
		set(COUNT(0), 1);
		ck_assert(!(get(CONFIG(0)) & HV_STIMER_ENABLE));
	}
	ck_assert_uint_eq(armed, 0);
	ck_assert_uint_eq(posted, 0);
}
END_TEST

START_TEST(direct)
{
	set(CONFIG(3), HV_STIMER_AUTO_ENABLE | DIRECT(0xed));
	set(COUNT(3), now + 10);
	advance(now + 10);
	ck_assert_uint_eq(asserted[0xed], 1);
	ck_assert_uint_eq(posted, 0);
	ck_assert_uint_eq(get(CONFIG(3)), HV_STIMER_AUTO_ENABLE | DIRECT(0xed));
	set(CONFIG(3), HV_STIMER_ENABLE | DIRECT(16));
	ck_assert_uint_eq(asserted[16], 1);	/* its count is past */
}
END_TEST

START_TEST(periodic)
{
	u64 start = now;

	set(CONFIG(1), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | SINT(2));
	set(COUNT(1), 5000);
	advance(start + 4999);
	ck_assert_uint_eq(posted, 0);
	for (unsigned int i = 1; i <= 20; i++) {
		advance(start + i * 5000);
		ck_assert_uint_eq(posted, i);
		check_payload(1, start + i * 5000, start + i * 5000);
	}
	ck_assert(get(CONFIG(1)) & HV_STIMER_ENABLE);
	set(CONFIG(1), HV_STIMER_PERIODIC | SINT(2));
	advance(now + 100000);
	ck_assert_uint_eq(posted, 20);
}
END_TEST

/* Long away: some missed periods are made up for, not all. */
START_TEST(catch_up_is_bounded)
{
	u64 start = now;

	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | SINT(2));
	set(COUNT(0), 2000);
	now = start + 3 * 2000 + 5;
	advance(now);
	ck_assert_uint_eq(posted, 3);
	ck_assert_uint_eq(alarms[0], start + 4 * 2000);

	now = start + 1000000 * 2000ull + 5;
	advance(now);
	ck_assert_uint_ge(posted, 3 + 2);
	ck_assert_uint_le(posted, 3 + 12);
	ck_assert_uint_gt(alarms[0], now);
	ck_assert_uint_le(alarms[0], now + 2000);
	ck_assert_uint_eq((alarms[0] - start) % 2000, 0);
}
END_TEST

START_TEST(lazy_skips)
{
	u64 start = now;

	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | HV_STIMER_LAZY | SINT(2));
	set(COUNT(0), 2000);
	now = start + 500 * 2000 + 5;
	advance(now);
	ck_assert_uint_eq(posted, 1);
	check_payload(0, start + 2000, now);
	ck_assert_uint_eq(alarms[0], start + 501 * 2000);
}
END_TEST

START_TEST(short_period_is_clamped)
{
	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | DIRECT(0x50));
	set(COUNT(0), 1);
	ck_assert_uint_eq(get(COUNT(0)), 1);
	advance(now + 100 * PERIOD_MIN);
	ck_assert_uint_eq(asserted[0x50], 100);
}
END_TEST

START_TEST(huge_values)
{
	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | SINT(1));
	set(COUNT(0), ~0ull);
	ck_assert_uint_eq(alarms[0], ~0ull);
	set(CONFIG(1), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | SINT(1));
	set(COUNT(1), 1ull << 63);
	ck_assert_uint_eq(alarms[1], now + (1ull << 63));
	now = ~0ull;
	rs_stimer_expired(&stimers, 0);
	rs_stimer_expired(&stimers, 1);
	ck_assert_uint_eq(posted, 2);
}
END_TEST

START_TEST(early_and_stale_alarms)
{
	set(CONFIG(0), HV_STIMER_ENABLE | SINT(1));
	set(COUNT(0), now + 100);
	alarms[0] = 0;
	now += 99;
	rs_stimer_expired(&stimers, 0);
	ck_assert_uint_eq(posted, 0);
	ck_assert_uint_eq(alarms[0], now + 1);
	set(CONFIG(0), 0);
	now += 1000;
	rs_stimer_expired(&stimers, 0);
	rs_stimer_expired(&stimers, 3);
	ck_assert_uint_eq(posted, 0);
}
END_TEST

START_TEST(busy_slot)
{
	u64 start = now;

	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | HV_STIMER_LAZY | SINT(2));
	set(COUNT(0), 2000);
	post_result = -EAGAIN;
	advance(start + 100000);
	ck_assert_uint_eq(posted, 1);		/* and no alarm until it is out */
	ck_assert_uint_eq(alarms[0], 0);
	rs_stimer_expired(&stimers, 0);
	ck_assert_uint_eq(posted, 1);

	rs_stimers_retry(&stimers, 3);		/* not its slot */
	ck_assert_uint_eq(posted, 1);
	rs_stimers_retry(&stimers, 2);		/* busy again */
	ck_assert_uint_eq(posted, 2);
	post_result = 0;
	rs_stimers_retry(&stimers, 2);
	ck_assert_uint_eq(posted, 3);
	check_payload(0, start + 2000, start + 100000);
	ck_assert_uint_eq(alarms[0], start + 102000);
	rs_stimers_retry(&stimers, 2);
	ck_assert_uint_eq(posted, 3);
}
END_TEST

START_TEST(busy_slot_one_shot)
{
	set(CONFIG(0), HV_STIMER_ENABLE | SINT(2));
	post_result = -EAGAIN;
	set(COUNT(0), 5);
	ck_assert_uint_eq(posted, 1);
	ck_assert_uint_eq(get(CONFIG(0)), SINT(2));	/* expired, if not heard of */
	post_result = 0;
	rs_stimers_retry(&stimers, 2);
	ck_assert_uint_eq(posted, 2);
	check_payload(0, 5, now);
	/* written anew while it waits: what waited is forgotten */
	post_result = -EAGAIN;
	set(CONFIG(0), HV_STIMER_ENABLE | SINT(2));
	ck_assert_uint_eq(posted, 3);
	post_result = 0;
	set(COUNT(0), now + 50);
	rs_stimers_retry(&stimers, 2);
	ck_assert_uint_eq(posted, 3);
}
END_TEST

/* SynIC off: the message is lost, the timer is not. */
START_TEST(synic_disabled)
{
	post_result = -EINVAL;
	set(CONFIG(0), HV_STIMER_ENABLE | HV_STIMER_PERIODIC | SINT(2));
	set(COUNT(0), 2000);
	advance(now + 4000);
	ck_assert_uint_eq(posted, 2);
	ck_assert_uint_eq(alarms[0], now + 2000);
}
END_TEST

START_TEST(reset)
{
	for (int n = 0; n < HV_STIMER_COUNT; n++) {
		set(CONFIG(n), HV_STIMER_ENABLE | SINT(2));
		set(COUNT(n), now + 10);
	}
	rs_stimers_reset(&stimers);
	for (int n = 0; n < HV_STIMER_COUNT; n++) {
		ck_assert_uint_eq(alarms[n], 0);
		ck_assert_uint_eq(get(CONFIG(n)), 0);
		ck_assert_uint_eq(get(COUNT(n)), 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registers, reserved_bits, one_shot, one_shot_in_the_past, count_zero_disables,
		sint_zero_stays_disabled, direct, periodic, catch_up_is_bounded, lazy_skips,
		short_period_is_clamped, huge_values, early_and_stale_alarms, busy_slot,
		busy_slot_one_shot, synic_disabled, reset,
	};

	return run_suite("stimer", tests, ARRAY_SIZE(tests), setup);
}
