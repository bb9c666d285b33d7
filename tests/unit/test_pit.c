// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/pit.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The 8254: every mode, the ways to read a count, and channel 0's interrupt.
 */
#include "vdev_test.h"

#define HZ	1193182ull

static struct fake_host fake;
static struct pit *pit;

static void setup(void)
{
	fake_host_init(&fake);
	pit = pit_create(fake.bus, &fake.host);
	ck_assert_ptr_nonnull(pit);
}

static void teardown(void)
{
	pit_destroy(pit);
	ck_assert_ptr_null(fake.timers);
	fake_host_fini(&fake);
}

/* Exactly @n ticks on. */
static void ticks(uint64_t n)
{
	unsigned __int128 tick = (unsigned __int128)fake.now * HZ / 1000000000ull + n;
	uint64_t ns = (uint64_t)((tick * 1000000000ull + HZ - 1) / HZ);

	if (ns > fake.now)
		fake_host_advance(&fake, ns - fake.now);
}

static void program(unsigned int channel, uint8_t mode, uint16_t count)
{
	fake_out(&fake, 0x43, (uint8_t)(channel << 6 | 0x30 | mode << 1));
	fake_out(&fake, (uint16_t)(0x40 + channel), (uint8_t)count);
	fake_out(&fake, (uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static uint16_t count(unsigned int channel)
{
	uint16_t low;

	fake_out(&fake, 0x43, (uint8_t)(channel << 6));
	low = fake_in(&fake, (uint16_t)(0x40 + channel));
	return (uint16_t)(low | fake_in(&fake, (uint16_t)(0x40 + channel)) << 8);
}

static uint8_t status(unsigned int channel)
{
	fake_out(&fake, 0x43, (uint8_t)(0xe0 | 2 << channel));
	return fake_in(&fake, (uint16_t)(0x40 + channel));
}

static bool out(unsigned int channel)
{
	return status(channel) & 0x80;
}

START_TEST(mode0_counts_once)
{
	fake_out(&fake, 0x61, 1);
	program(2, 0, 1000);
	ck_assert(!out(2));
	ticks(1);
	ck_assert_uint_eq(count(2), 999);
	ticks(998);
	ck_assert_uint_eq(count(2), 1);
	ck_assert(!(fake_in(&fake, 0x61) & 0x20));
	ticks(1);
	ck_assert(fake_in(&fake, 0x61) & 0x20);
	ck_assert_uint_eq(count(2), 0);
	ticks(2);
	ck_assert_uint_eq(count(2), 0xfffe);
	ck_assert(out(2));
}
END_TEST

START_TEST(mode0_gate_pauses)
{
	program(2, 0, 100);
	ticks(50);
	ck_assert_uint_eq(count(2), 100);
	fake_out(&fake, 0x61, 1);
	ticks(30);
	fake_out(&fake, 0x61, 0);
	ticks(500);
	ck_assert_uint_eq(count(2), 70);
	fake_out(&fake, 0x61, 3);
	ticks(70);
	ck_assert(out(2));
	ck_assert_uint_eq(fake_in(&fake, 0x61) & 0x2f, 0x23);
}
END_TEST

START_TEST(mode0_first_byte_stops)
{
	fake_out(&fake, 0x61, 1);
	program(2, 0, 10);
	ticks(20);
	ck_assert(out(2));
	fake_out(&fake, 0x42, 5);
	ck_assert(!out(2));
	ticks(20);
	ck_assert(!out(2));
	fake_out(&fake, 0x42, 0);
	ticks(5);
	ck_assert(out(2));
}
END_TEST

START_TEST(mode1_is_triggered)
{
	program(2, 1, 100);
	ck_assert(out(2));
	ticks(500);
	ck_assert(out(2));
	fake_out(&fake, 0x61, 1);
	ck_assert(!out(2));
	ticks(60);
	fake_out(&fake, 0x61, 0);
	ck_assert_uint_eq(count(2), 40);
	fake_out(&fake, 0x61, 1);	/* again from the start */
	ticks(99);
	ck_assert(!out(2));
	ticks(1);
	ck_assert(out(2));
	fake_out(&fake, 0x42, 50);
	fake_out(&fake, 0x42, 0);
	ck_assert(status(2) & 0x40);
	fake_out(&fake, 0x61, 0);
	fake_out(&fake, 0x61, 1);
	ck_assert(!(status(2) & 0x40));
	ticks(50);
	ck_assert(out(2));
}
END_TEST

START_TEST(mode2_is_a_rate)
{
	fake_out(&fake, 0x61, 1);
	program(2, 2, 10);
	for (unsigned int i = 0; i < 35; i++) {
		ck_assert_uint_eq(count(2), 10 - i % 10);
		ck_assert_int_eq(out(2), i % 10 != 9);
		ticks(1);
	}
	fake_out(&fake, 0x61, 0);
	ck_assert(out(2));
	ticks(25);
	ck_assert_uint_eq(count(2), 10);
	fake_out(&fake, 0x61, 1);
	ticks(3);
	ck_assert_uint_eq(count(2), 7);
}
END_TEST

START_TEST(mode2_new_count_at_period_end)
{
	fake_out(&fake, 0x61, 1);
	program(2, 2, 100);
	ticks(30);
	fake_out(&fake, 0x42, 200);
	fake_out(&fake, 0x42, 0);
	ck_assert(status(2) & 0x40);
	ticks(69);
	ck_assert_uint_eq(count(2), 1);
	ticks(1);
	ck_assert_uint_eq(count(2), 200);
	ck_assert(!(status(2) & 0x40));
	ticks(1100);
	ck_assert_uint_eq(count(2), 100);
}
END_TEST

START_TEST(mode3_is_a_square)
{
	fake_out(&fake, 0x61, 1);
	program(2, 3, 10);
	for (unsigned int i = 0; i < 30; i++) {
		ck_assert_uint_eq(count(2), 10 - i % 5 * 2);
		ck_assert_int_eq(out(2), i % 10 < 5);
		ticks(1);
	}
	program(2, 3, 7);
	for (unsigned int i = 0; i < 21; i++) {
		ck_assert_int_eq(out(2), i % 7 < 4);
		ticks(1);
	}
	program(2, 3, 1);
	ticks(5);
	count(2);
}
END_TEST

START_TEST(modes_4_and_5_strobe)
{
	fake_out(&fake, 0x61, 1);
	program(2, 4, 10);
	ck_assert(out(2));
	ticks(10);
	ck_assert(!out(2));
	ticks(1);
	ck_assert(out(2));
	fake_out(&fake, 0x61, 0);
	program(2, 5, 10);
	ticks(10);
	ck_assert(out(2));
	fake_out(&fake, 0x61, 1);
	ticks(10);
	ck_assert(!out(2));
	ticks(1);
	ck_assert(out(2));
}
END_TEST

START_TEST(status_and_read_back)
{
	program(0, 2, 1000);
	ck_assert_uint_eq(status(0), 0xb4);
	fake_out(&fake, 0x43, 0x7e);	/* channel 1, mode 7 is 3, no count yet */
	ck_assert_uint_eq(status(1), 0xf6);
	ticks(10);
	fake_out(&fake, 0x43, 0xc2);	/* count and status of channel 0 */
	ticks(10);
	fake_out(&fake, 0x43, 0xc2);	/* ignored: latched already */
	ck_assert_uint_eq(fake_in(&fake, 0x40), 0xb4);
	ck_assert_uint_eq(fake_in(&fake, 0x40), 990 & 0xff);
	ck_assert_uint_eq(fake_in(&fake, 0x40), 990 >> 8);
	ck_assert_uint_eq(fake_in(&fake, 0x40), 980 & 0xff);
	ck_assert_uint_eq(fake_in(&fake, 0x43), 0xff);
}
END_TEST

START_TEST(one_byte_accesses)
{
	fake_out(&fake, 0x43, 0x54);	/* channel 1, low byte, mode 2 */
	fake_out(&fake, 0x41, 0x40);
	ck_assert_uint_eq(fake_in(&fake, 0x41), 0x40);
	ticks(1);
	ck_assert_uint_eq(fake_in(&fake, 0x41), 0x3f);
	fake_out(&fake, 0x43, 0x64);	/* high byte */
	fake_out(&fake, 0x41, 0x12);
	ck_assert_uint_eq(fake_in(&fake, 0x41), 0x12);
	ticks(1);
	fake_out(&fake, 0x43, 0x40);
	ck_assert_uint_eq(fake_in(&fake, 0x41), 0x11);
	ck_assert_uint_eq(fake_in(&fake, 0x41), 0x11);
}
END_TEST

START_TEST(bcd_counts)
{
	fake_out(&fake, 0x43, 0x75);	/* channel 1, mode 2, BCD */
	fake_out(&fake, 0x41, 0x00);
	fake_out(&fake, 0x41, 0x10);
	ticks(1);
	ck_assert_uint_eq(count(1), 0x0999);
	fake_out(&fake, 0x43, 0x71);	/* mode 0, 0 is 10000 */
	fake_out(&fake, 0x41, 0);
	fake_out(&fake, 0x41, 0);
	ticks(1);
	ck_assert_uint_eq(count(1), 0x9999);
	fake_out(&fake, 0x41, 0xff);
	fake_out(&fake, 0x41, 0xff);
	count(1);
}
END_TEST

START_TEST(periodic_interrupts)
{
	program(0, 2, 11932);		/* 100 Hz */
	ck_assert(fake.line[0]);
	fake.rises[0] = 0;
	fake_host_advance(&fake, 1000000000ull);
	ck_assert_uint_ge(fake.rises[0], 99);
	ck_assert_uint_le(fake.rises[0], 100);
	fake_host_advance(&fake, 99000000000ull);
	ck_assert_uint_ge(fake.rises[0], 9998);	/* no drift */
	ck_assert_uint_le(fake.rises[0], 10000);
	program(0, 0, 0);
	ck_assert(!fake.line[0]);
}
END_TEST

START_TEST(late_edges_are_one)
{
	program(0, 2, 1193);
	fake.rises[0] = 0;
	fake_host_late(&fake, 3600ull * 1000000000ull);
	ck_assert_uint_eq(fake.rises[0], 1);
	fake_host_advance(&fake, 1000000);
	ck_assert_uint_eq(fake.rises[0], 2);
}
END_TEST

START_TEST(no_interrupt_storm)
{
	program(0, 2, 2);
	fake.expirations = 0;
	fake_host_advance(&fake, 1000000000ull);
	ck_assert_uint_ge(fake.expirations, 9000);
	ck_assert_uint_le(fake.expirations, 10001);
}
END_TEST

START_TEST(one_shot_interrupts)
{
	program(0, 0, 1000);
	ck_assert(!fake.line[0]);
	ticks(999);
	ck_assert(!fake.line[0]);
	ticks(1);
	ck_assert(fake.line[0]);
	ticks(200000);
	ck_assert_uint_eq(fake.rises[0], 1);
	ck_assert_ptr_null(fake.timers);
	program(0, 4, 1000);
	ticks(2000);
	ck_assert_uint_eq(fake.rises[0], 2);
	fake_out(&fake, 0x40, 0x10);
	fake_out(&fake, 0x40, 0x01);
	ticks(2000);
	ck_assert_uint_eq(fake.rises[0], 3);
}
END_TEST

/* Stopping the count before its edge leaves no timer behind. */
START_TEST(reprogramming_disarms)
{
	program(0, 2, 1000);
	fake_out(&fake, 0x43, 0x30);
	ck_assert_ptr_null(fake.timers);
	fake.rises[0] = 0;
	fake_host_advance(&fake, 1000000000ull);
	ck_assert_uint_eq(fake.rises[0], 0);
}
END_TEST

START_TEST(refresh_toggles)
{
	unsigned int changes = 0;
	uint8_t last = fake_in(&fake, 0x61);

	for (unsigned int i = 0; i < 1000; i++) {
		uint8_t value;

		fake_host_advance(&fake, 5000);
		value = fake_in(&fake, 0x61);
		changes += !!((value ^ last) & 0x10);
		last = value;
	}
	ck_assert_uint_ge(changes, 330);
	ck_assert_uint_le(changes, 333);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		mode0_counts_once, mode0_gate_pauses, mode0_first_byte_stops,
		mode1_is_triggered, mode2_is_a_rate, mode2_new_count_at_period_end,
		mode3_is_a_square, modes_4_and_5_strobe, status_and_read_back,
		one_byte_accesses, bcd_counts, periodic_interrupts, late_edges_are_one,
		no_interrupt_storm, one_shot_interrupts, reprogramming_disarms,
		refresh_toggles,
	};

	return run_tests("pit", tests, ARRAY_SIZE(tests), setup, teardown);
}
