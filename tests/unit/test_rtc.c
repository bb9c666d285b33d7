// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/rtc.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The CMOS clock: time in all its formats, flags, interrupts, memory sizes.
 */
#include <time.h>

#include "vdev_test.h"

#define MS	1000000ull
#define SECOND	1000000000ull

static struct fake_host fake;
static struct rtc *rtc;

static void setup(void)
{
	fake_host_init(&fake);
	rtc = rtc_create(fake.bus, &fake.host, 3ull << 30, 5ull << 30);
	ck_assert_ptr_nonnull(rtc);
}

static void teardown(void)
{
	rtc_destroy(rtc);
	ck_assert_ptr_null(fake.timers);
	fake_host_fini(&fake);
}

static uint8_t get(uint8_t index)
{
	fake_out(&fake, 0x70, index);
	return fake_in(&fake, 0x71);
}

static void put(uint8_t index, uint8_t value)
{
	fake_out(&fake, 0x70, index);
	fake_out(&fake, 0x71, value);
}

static void expect_time(uint8_t century, uint8_t year, uint8_t month, uint8_t day, uint8_t weekday,
			uint8_t hour, uint8_t minute, uint8_t second)
{
	ck_assert_uint_eq(get(0x32), century);
	ck_assert_uint_eq(get(9), year);
	ck_assert_uint_eq(get(8), month);
	ck_assert_uint_eq(get(7), day);
	ck_assert_uint_eq(get(6), weekday);
	ck_assert_uint_eq(get(4), hour);
	ck_assert_uint_eq(get(2), minute);
	ck_assert_uint_eq(get(0), second);
}

START_TEST(tells_utc_in_bcd)
{
	expect_time(0x20, 0x23, 0x11, 0x14, 3, 0x22, 0x13, 0x20);
	fake_host_advance(&fake, 3 * SECOND);
	ck_assert_uint_eq(get(0), 0x23);
	ck_assert_uint_eq(get(0x80), 0x23);	/* NMI mask is no part of the index */
	ck_assert_uint_eq(get(0x0d), 0x80);
	ck_assert_uint_eq(fake_in(&fake, 0x70), 0xff);
}
END_TEST

START_TEST(formats)
{
	put(0x0b, 0x06);
	expect_time(20, 23, 11, 14, 3, 22, 13, 20);
	put(0x0b, 0x04);
	ck_assert_uint_eq(get(4), 0x80 | 10);
	put(0x0b, 0x00);
	ck_assert_uint_eq(get(4), 0x80 | 0x10);
	fake_host_advance(&fake, 2 * 3600 * SECOND);
	ck_assert_uint_eq(get(4), 0x12);	/* midnight is 12 a.m. */
	fake_host_advance(&fake, 12 * 3600 * SECOND);
	ck_assert_uint_eq(get(4), 0x92);
}
END_TEST

/* Every day of two and a half centuries against the C library. */
START_TEST(calendar_agrees_with_libc)
{
	put(0x0b, 0x06);
	for (int64_t day = 0; day < 230 * 366; day += 3) {
		time_t t = day * 86400 + 86399 - day % 86400;
		struct tm tm;

		fake.wall = (uint64_t)t * SECOND;
		gmtime_r(&t, &tm);
		expect_time((uint8_t)((tm.tm_year + 1900) / 100), (uint8_t)(tm.tm_year % 100),
			    (uint8_t)(tm.tm_mon + 1), (uint8_t)tm.tm_mday,
			    (uint8_t)(tm.tm_wday + 1), (uint8_t)tm.tm_hour, (uint8_t)tm.tm_min,
			    (uint8_t)tm.tm_sec);
	}
}
END_TEST

START_TEST(can_be_set)
{
	put(0x0b, 0x82);
	put(0x32, 0x19);
	put(9, 0x99);
	put(8, 0x12);
	put(7, 0x31);
	put(4, 0x23);
	put(2, 0x59);
	put(0, 0x58);
	fake_host_advance(&fake, 10 * SECOND);
	ck_assert_uint_eq(get(0), 0x58);	/* halted */
	ck_assert(!(get(0x0a) & 0x80));
	put(0x0b, 0x02);
	fake_host_advance(&fake, 2 * SECOND);
	expect_time(0x20, 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x00);
	put(4, 0x15);				/* while it runs */
	expect_time(0x20, 0x00, 0x01, 0x01, 7, 0x15, 0x00, 0x00);
}
END_TEST

START_TEST(nonsense_is_clamped)
{
	put(0x0b, 0x86);
	for (unsigned int i = 0; i < 10; i++)
		put((uint8_t)i, 0xff);
	put(0x32, 0xff);
	ck_assert_uint_eq(get(8), 0xff);
	put(0x0b, 0x06);
	expect_time(21, 55, 12, 31, 4, 23, 59, 59);
}
END_TEST

START_TEST(update_in_progress)
{
	ck_assert_uint_eq(get(0x0a), 0x26);
	fake_host_advance(&fake, SECOND - 3 * MS);
	ck_assert_uint_eq(get(0x0a), 0x26);
	fake_host_advance(&fake, MS);
	ck_assert_uint_eq(get(0x0a), 0xa6);
	ck_assert_uint_eq(get(0), 0x20);
	fake_host_advance(&fake, 2 * MS);
	ck_assert_uint_eq(get(0x0a), 0x26);
	ck_assert_uint_eq(get(0), 0x21);
}
END_TEST

START_TEST(divider_reset_halts)
{
	put(0x0a, 0x60);
	fake_host_advance(&fake, 5 * SECOND);
	ck_assert_uint_eq(get(0), 0x20);
	put(0x0a, 0x26);
	fake_host_advance(&fake, SECOND);
	ck_assert_uint_eq(get(0), 0x21);
}
END_TEST

START_TEST(flags_without_interrupts)
{
	get(0x0c);
	fake_host_advance(&fake, SECOND);
	ck_assert_uint_eq(get(0x0c) & 0xf0, 0x50);
	ck_assert_uint_eq(get(0x0c), 0);
	ck_assert_uint_eq(fake.rises[8], 0);
	ck_assert_ptr_null(fake.timers);
}
END_TEST

START_TEST(update_interrupt)
{
	get(0x0c);
	put(0x0b, 0x12);
	fake_host_advance(&fake, SECOND);
	ck_assert(fake.line[8]);
	fake_host_advance(&fake, 10 * SECOND);
	ck_assert_uint_eq(fake.rises[8], 1);
	ck_assert_uint_eq(fake.expirations, 1);
	ck_assert_uint_eq(get(0x0c) & 0x90, 0x90);
	ck_assert(!fake.line[8]);
	fake_host_advance(&fake, SECOND);
	ck_assert(fake.line[8]);
	put(0x0b, 0x92);			/* SET clears UIE */
	ck_assert_uint_eq(get(0x0b), 0x82);
	ck_assert(!fake.line[8]);
}
END_TEST

START_TEST(periodic_interrupt)
{
	unsigned int count = 0;

	put(0x0a, 0x26);			/* 1024 Hz */
	get(0x0c);
	put(0x0b, 0x42);
	for (uint64_t t = 0; t < SECOND; t += MS / 10) {
		fake_host_advance(&fake, MS / 10);
		if (!fake.line[8])
			continue;
		ck_assert_uint_eq(get(0x0c) & 0xc0, 0xc0);
		count++;
	}
	ck_assert_uint_ge(count, 1023);
	ck_assert_uint_le(count, 1025);
	put(0x0a, 0x20);
	get(0x0c);
	ck_assert_ptr_null(fake.timers);
	for (uint8_t rate = 1; rate < 16; rate++) {
		put(0x0a, 0x20 | rate);
		ck_assert_ptr_nonnull(fake.timers);
	}
}
END_TEST

START_TEST(periodic_storm_needs_reads)
{
	put(0x0a, 0x23);			/* 8192 Hz, and nobody answers */
	get(0x0c);
	put(0x0b, 0x42);
	fake_host_advance(&fake, 10 * SECOND);
	ck_assert_uint_eq(fake.expirations, 1);
}
END_TEST

START_TEST(alarm_interrupt)
{
	put(1, 0x30);
	put(3, 0x14);
	put(5, 0x22);
	get(0x0c);
	put(0x0b, 0x22);
	fake_host_advance(&fake, 69 * SECOND);
	ck_assert(!fake.line[8]);
	fake_host_advance(&fake, SECOND);
	ck_assert(fake.line[8]);
	ck_assert_uint_eq(get(0x0c) & 0xa0, 0xa0);
	fake_host_advance(&fake, 86399 * SECOND);
	ck_assert(!fake.line[8]);
	fake_host_advance(&fake, SECOND);
	ck_assert(fake.line[8]);
}
END_TEST

START_TEST(alarm_wildcards)
{
	put(1, 0x00);
	put(3, 0xff);
	put(5, 0xc0);
	get(0x0c);
	put(0x0b, 0x22);
	fake_host_advance(&fake, 40 * SECOND);
	ck_assert(fake.line[8]);
	get(0x0c);
	fake_host_advance(&fake, 59 * SECOND);
	ck_assert(!fake.line[8]);
	fake_host_advance(&fake, SECOND);
	ck_assert(fake.line[8]);
	put(1, 0x7f);				/* never */
	get(0x0c);
	ck_assert_ptr_null(fake.timers);
	fake_host_late(&fake, 1000000 * SECOND);
	ck_assert_uint_eq(get(0x0c) & 0x20, 0);
}
END_TEST

START_TEST(memory_sizes)
{
	unsigned int sum = 0;

	ck_assert_uint_eq(get(0x15) | get(0x16) << 8, 640);
	ck_assert_uint_eq(get(0x17) | get(0x18) << 8, 0xffff);
	ck_assert_uint_eq(get(0x30) | get(0x31) << 8, 0xffff);
	ck_assert_uint_eq(get(0x34) | get(0x35) << 8, 0xbf00);
	ck_assert_uint_eq(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 5 << 14);
	for (uint8_t i = 0x10; i < 0x2e; i++)
		sum += get(i);
	ck_assert_uint_eq(get(0x2e) << 8 | get(0x2f), sum);
	rtc_destroy(rtc);
	rtc = rtc_create(fake.bus, &fake.host, 4 << 20, 0);
	ck_assert_uint_eq(get(0x17) | get(0x18) << 8, 3072);
	ck_assert_uint_eq(get(0x34) | get(0x35) << 8, 0);
	put(0x0f, 0x0a);
	ck_assert_uint_eq(get(0x0f), 0x0a);
}
END_TEST

START_TEST(read_only_registers)
{
	get(0x0c);
	put(0x0c, 0xff);
	put(0x0d, 0x00);
	ck_assert_uint_eq(get(0x0c), 0);
	ck_assert_uint_eq(get(0x0d), 0x80);
	put(0x0a, 0xa6);
	ck_assert_uint_eq(get(0x0a), 0x26);
}
END_TEST

/* The host's UTC may step either way. */
START_TEST(wall_clock_steps)
{
	put(0x0b, 0x32);
	fake.wall -= 3600 * SECOND;
	fake_host_advance(&fake, 2 * SECOND);
	ck_assert_uint_eq(get(4), 0x21);
	get(0x0c);
	fake.wall += 86400 * SECOND * 365;
	fake_host_advance(&fake, 2 * SECOND);
	ck_assert_uint_eq(get(0x0c) & 0x10, 0x10);
	fake.wall = 0;
	ck_assert_uint_eq(get(9), 0x70);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		tells_utc_in_bcd, formats, calendar_agrees_with_libc, can_be_set,
		nonsense_is_clamped, update_in_progress, divider_reset_halts,
		flags_without_interrupts, update_interrupt, periodic_interrupt,
		periodic_storm_needs_reads, alarm_interrupt, alarm_wildcards, memory_sizes,
		read_only_registers, wall_clock_steps,
	};

	return run_tests("rtc", tests, ARRAY_SIZE(tests), setup, teardown);
}
