// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/pm.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * ACPI fixed hardware: events and the SCI, the timer, sleep and reset.
 */
#include "vdev_test.h"

static struct fake_host fake;
static struct pm *pm;

static void setup(void)
{
	fake_host_init(&fake);
	pm = pm_create(fake.bus, &fake.host);
	ck_assert_ptr_nonnull(pm);
}

static void teardown(void)
{
	pm_destroy(pm);
	ck_assert_ptr_null(fake.timers);
	fake_host_fini(&fake);
}

static uint32_t in(unsigned int port, unsigned int size)
{
	return (uint32_t)bus_read(fake.bus, BUS_PIO, port, size);
}

static void out(unsigned int port, unsigned int size, uint32_t value)
{
	bus_write(fake.bus, BUS_PIO, port, size, value);
}

START_TEST(power_button)
{
	pm_power_button(pm);
	ck_assert(!fake.line[PM_SCI_GSI]);
	ck_assert_uint_eq(in(PM1A_EVT_BLK, 2), 0x100);
	out(PM1A_EVT_BLK, 2, 0xffff);
	ck_assert_uint_eq(in(PM1A_EVT_BLK, 2), 0);
	out(PM1A_EVT_BLK + 2, 2, 0x120);
	ck_assert_uint_eq(in(PM1A_EVT_BLK, 4), 0x01200000);
	pm_power_button(pm);
	ck_assert(fake.line[PM_SCI_GSI]);
	out(PM1A_EVT_BLK, 1, 0xff);
	ck_assert(fake.line[PM_SCI_GSI]);
	out(PM1A_EVT_BLK + 1, 1, 0x01);
	ck_assert(!fake.line[PM_SCI_GSI]);
	out(PM1A_EVT_BLK, 4, 0xffff0000);
	ck_assert_uint_eq(in(PM1A_EVT_BLK + 2, 2), 0x721);
}
END_TEST

START_TEST(timer_counts)
{
	uint32_t start = in(PM_TMR_BLK, 4), passed;

	fake_host_advance(&fake, 1000000000ull);
	passed = in(PM_TMR_BLK, 4) - start;
	ck_assert_uint_ge(passed, 3579545);
	ck_assert_uint_le(passed, 3579546);
	out(PM_TMR_BLK, 4, 0);
	ck_assert_uint_eq(in(PM_TMR_BLK, 4) - start, passed);
	ck_assert_uint_eq(in(PM_TMR_BLK + 2, 2), in(PM_TMR_BLK, 4) >> 16);
}
END_TEST

START_TEST(timer_interrupt)
{
	out(PM1A_EVT_BLK + 2, 2, 1);
	fake_host_advance(&fake, 598ull * 1000000000ull);
	ck_assert(!fake.line[PM_SCI_GSI]);
	fake_host_advance(&fake, 2ull * 1000000000ull);
	ck_assert(fake.line[PM_SCI_GSI]);
	ck_assert_uint_eq(in(PM1A_EVT_BLK, 2), 1);
	ck_assert(in(PM_TMR_BLK, 4) & 0x80000000);
	fake_host_late(&fake, 10000ull * 1000000000ull);
	ck_assert_uint_eq(fake.expirations, 1);
	out(PM1A_EVT_BLK, 2, 1);
	ck_assert(!fake.line[PM_SCI_GSI]);
	fake_host_advance(&fake, 600ull * 1000000000ull);
	ck_assert_uint_eq(fake.rises[PM_SCI_GSI], 2);
}
END_TEST

START_TEST(timer_status_without_interrupt)
{
	fake_host_advance(&fake, 600ull * 1000000000ull);
	ck_assert_uint_eq(in(PM1A_EVT_BLK, 2), 1);
	ck_assert_uint_eq(fake.expirations, 0);
}
END_TEST

START_TEST(control)
{
	ck_assert_uint_eq(in(PM1A_CNT_BLK, 2), 1);
	out(PM1A_CNT_BLK, 2, 0x0402);
	ck_assert_uint_eq(in(PM1A_CNT_BLK, 2), 0x0403);
	ck_assert_uint_eq(in(PM1A_CNT_BLK, 4), 0x0403);
	ck_assert_uint_eq(fake.power_count, 0);
}
END_TEST

START_TEST(soft_off)
{
	out(PM1A_CNT_BLK, 2, 1 << 10 | 1 << 13);
	ck_assert_uint_eq(fake.power_count, 0);
	out(PM1A_CNT_BLK, 2, PM_SLP_TYP_S5 << 10);
	ck_assert_uint_eq(fake.power_count, 0);
	out(PM1A_CNT_BLK, 2, PM_SLP_TYP_S5 << 10 | 1 << 13);
	ck_assert_uint_eq(fake.power_count, 1);
	ck_assert_int_eq(fake.power, VDEV_POWER_OFF);
	ck_assert_uint_eq(in(PM1A_CNT_BLK, 2), PM_SLP_TYP_S5 << 10 | 1);
	out(PM_SLEEP_CONTROL, 1, 1 << 5 | 3 << 2);
	ck_assert_uint_eq(fake.power_count, 1);
	out(PM_SLEEP_CONTROL, 1, 1 << 5 | PM_SLP_TYP_S5 << 2);
	ck_assert_uint_eq(fake.power_count, 2);
	ck_assert_uint_eq(in(PM_SLEEP_CONTROL, 1), PM_SLP_TYP_S5 << 2);
	ck_assert_uint_eq(in(PM_SLEEP_STATUS, 1), 0);
}
END_TEST

START_TEST(reset)
{
	out(PM_RESET_REG, 1, 0x05);
	ck_assert_uint_eq(fake.power_count, 0);
	out(PM_RESET_REG, 1, PM_RESET_VALUE);
	ck_assert_uint_eq(fake.power_count, 1);
	ck_assert_int_eq(fake.power, VDEV_POWER_RESET);
	ck_assert_uint_eq(in(PM_RESET_REG, 1), 0);
}
END_TEST

START_TEST(empty_gpe_block)
{
	out(PM_GPE0_BLK, 4, 0x1234ffff);
	ck_assert_uint_eq(in(PM_GPE0_BLK, 4), 0x12340000);
	ck_assert_uint_eq(in(PM_GPE0_BLK + 2, 1), 0x34);
	ck_assert_uint_eq(in(PM_GPE0_BLK, 2), 0);
	ck_assert(!fake.line[PM_SCI_GSI]);
}
END_TEST

START_TEST(odd_accesses)
{
	pm_power_button(pm);
	ck_assert_uint_eq(in(PM1A_EVT_BLK + 1, 1), 1);
	ck_assert_uint_eq(in(PM1A_EVT_BLK + 1, 4), 0x01000001);
	ck_assert_uint_eq(in(PM_SLEEP_CONTROL, 4), 0xff000000);
	ck_assert_uint_eq(in(PM_BASE - 2, 4), 0x0100ffff);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		power_button, timer_counts, timer_interrupt, timer_status_without_interrupt,
		control, soft_off, reset, empty_gpe_block, odd_accesses,
	};

	return run_tests("pm", tests, ARRAY_SIZE(tests), setup, teardown);
}
