// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/i8042.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The keyboard controller as operating systems probe it, and the ways to reset.
 */
#include "vdev_test.h"

static struct fake_host fake;
static struct i8042 *kbc;

static void setup(void)
{
	fake_host_init(&fake);
	kbc = i8042_create(fake.bus, &fake.host);
	ck_assert_ptr_nonnull(kbc);
}

static void teardown(void)
{
	i8042_destroy(kbc);
	fake_host_fini(&fake);
}

static void command(uint8_t value)
{
	fake_out(&fake, 0x64, value);
}

static uint8_t answer(uint8_t value)
{
	command(value);
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 1, 1);
	return fake_in(&fake, 0x60);
}

START_TEST(probe)
{
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 3, 0);
	ck_assert_uint_eq(answer(0xaa), 0x55);
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 5, 4);
	ck_assert_uint_eq(answer(0xab), 0);
	ck_assert_uint_ne(answer(0xa9), 0);
	command(0xd3);
	fake_out(&fake, 0x60, 0x5a);
	ck_assert_uint_ne(fake_in(&fake, 0x60), 0x5a);
}
END_TEST

START_TEST(mode_byte)
{
	command(0x60);
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 8, 8);
	fake_out(&fake, 0x60, 0x45);
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 8, 0);
	ck_assert_uint_eq(answer(0x20), 0x65);
	command(0xa8);
	ck_assert_uint_eq(answer(0x20), 0x65);	/* no auxiliary port */
	command(0xad);
	ck_assert_uint_eq(answer(0x20), 0x75);
	command(0xae);
	ck_assert_uint_eq(answer(0x20), 0x65);
	command(0x7f);
	fake_out(&fake, 0x60, 0x99);
	ck_assert_uint_eq(answer(0x3f), 0x99);
}
END_TEST

START_TEST(nothing_plugged_in)
{
	fake_out(&fake, 0x60, 0xf2);
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 0x41, 0x41);
	ck_assert_uint_eq(fake_in(&fake, 0x60), 0xfe);
	ck_assert_uint_eq(fake_in(&fake, 0x64) & 0x41, 0);
	command(0xd4);
	fake_out(&fake, 0x60, 0xf2);
	ck_assert_uint_eq(fake_in(&fake, 0x60), 0xfe);
}
END_TEST

START_TEST(interrupt)
{
	command(0x60);
	fake_out(&fake, 0x60, 0x41);
	command(0xd2);
	fake_out(&fake, 0x60, 0x1e);
	ck_assert(fake.line[1]);
	ck_assert_uint_eq(fake_in(&fake, 0x60), 0x1e);
	ck_assert(!fake.line[1]);
	command(0x60);
	fake_out(&fake, 0x60, 0x40);
	command(0xd2);
	fake_out(&fake, 0x60, 0x1e);
	ck_assert(!fake.line[1]);
}
END_TEST

START_TEST(a20)
{
	uint8_t port = answer(0xd0);

	ck_assert_uint_eq(port & 3, 3);
	command(0xd1);
	fake_out(&fake, 0x60, port & ~2);
	ck_assert_uint_eq(answer(0xd0) & 3, 1);
	command(0xdf);
	ck_assert_uint_eq(answer(0xd0) & 3, 3);
	command(0xdd);
	ck_assert_uint_eq(answer(0xd0) & 3, 1);
	ck_assert_uint_eq(fake_in(&fake, 0x92), 2);
	fake_out(&fake, 0x92, 0);
	ck_assert_uint_eq(fake_in(&fake, 0x92), 0);
	ck_assert_uint_eq(fake.power_count, 0);
}
END_TEST

START_TEST(resets)
{
	command(0xff);
	ck_assert_uint_eq(fake.power_count, 0);
	command(0xfe);
	ck_assert_uint_eq(fake.power_count, 1);
	ck_assert_int_eq(fake.power, VDEV_POWER_RESET);
	command(0xd1);
	fake_out(&fake, 0x60, 0xfe);
	ck_assert_uint_eq(fake.power_count, 2);
	fake_out(&fake, 0x92, 3);
	ck_assert_uint_eq(fake.power_count, 3);
	fake_out(&fake, 0x92, 3);
	ck_assert_uint_eq(fake.power_count, 3);
}
END_TEST

START_TEST(reset_control)
{
	fake_out(&fake, 0xcf9, 0x02);
	ck_assert_uint_eq(fake.power_count, 0);
	ck_assert_uint_eq(fake_in(&fake, 0xcf9), 0x02);
	fake_out(&fake, 0xcf9, 0x06);
	ck_assert_uint_eq(fake.power_count, 1);
	fake_out(&fake, 0xcf9, 0x0e);
	ck_assert_uint_eq(fake.power_count, 1);
	fake_out(&fake, 0xcf9, 0x00);
	bus_write(fake.bus, BUS_PIO, 0xcf8, 4, 0x80000604);
	bus_write(fake.bus, BUS_PIO, 0xcf8, 2, 0x0604);
	ck_assert_uint_eq(fake.power_count, 1);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_PIO, 0xcf8, 4), 0xffffffff);
}
END_TEST

START_TEST(every_command_is_harmless)
{
	for (unsigned int i = 0; i < 256; i++) {
		command((uint8_t)i);
		fake_out(&fake, 0x60, (uint8_t)~i);
		fake_in(&fake, 0x60);
	}
	ck_assert_uint_eq(answer(0xe0), 0);
	ck_assert_uint_eq(answer(0xc0), 0xb0);
	ck_assert_uint_eq(answer(0xaa), 0x55);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		probe, mode_byte, nothing_plugged_in, interrupt, a20, resets, reset_control,
		every_command_is_harmless,
	};

	return run_tests("i8042", tests, ARRAY_SIZE(tests), setup, teardown);
}
