// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/debug_exit.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The two ports of test guests.
 */
#include "vdev_test.h"

static struct fake_host fake;
static struct debug_exit *dev;

static void setup(void)
{
	fake_host_init(&fake);
	dev = debug_exit_create(fake.bus, &fake.host);
	ck_assert_ptr_nonnull(dev);
}

static void teardown(void)
{
	debug_exit_destroy(dev);
	fake_host_fini(&fake);
}

START_TEST(any_size_exits)
{
	static const struct { unsigned int size; uint32_t value; } cases[] = {
		{ 1, 0x12 }, { 2, 0x1234 }, { 4, 0x12345678 },
	};

	for (size_t i = 0; i < 3; i++) {
		bus_write(fake.bus, BUS_PIO, 0xf4, cases[i].size, cases[i].value);
		ck_assert_uint_eq(fake.power_count, i + 1);
		ck_assert_int_eq(fake.power, VDEV_POWER_DEBUG_EXIT);
		ck_assert_uint_eq(fake.power_detail, cases[i].value);
	}
	fake_out(&fake, 0xf5, 1);
	ck_assert_uint_eq(fake.power_count, 3);
	ck_assert_uint_eq(fake_in(&fake, 0xf4), 0);
}
END_TEST

START_TEST(prints)
{
	ck_assert_uint_eq(fake_in(&fake, 0xe9), 0xe9);
	for (const char *s = "hello"; *s; s++)
		fake_out(&fake, 0xe9, (uint8_t)*s);
	ck_assert_mem_eq(fake.tx[UART_COUNT], "hello", 6);
	fake.tx_room = 0;
	fake_out(&fake, 0xe9, 'x');
	ck_assert_uint_eq(fake.tx_count[UART_COUNT], 5);
}
END_TEST

START_TEST(ports_are_taken_once)
{
	ck_assert_ptr_null(debug_exit_create(fake.bus, &fake.host));
	debug_exit_destroy(NULL);
	ck_assert_uint_eq(fake_in(&fake, 0xe9), 0xe9);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { any_size_exits, prints, ports_are_taken_once };

	return run_tests("debug_exit", tests, ARRAY_SIZE(tests), setup, teardown);
}
