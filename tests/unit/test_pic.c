// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/pic.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The 8259A pair as its data sheet describes it.
 */
#include "vdev_test.h"

static struct fake_host fake;
static struct pic *pic;

static void program(uint8_t icw4)
{
	fake_out(&fake, 0x20, 0x11);
	fake_out(&fake, 0x21, 0x30);
	fake_out(&fake, 0x21, 0x04);
	fake_out(&fake, 0x21, icw4);
	fake_out(&fake, 0xa0, 0x11);
	fake_out(&fake, 0xa1, 0x38);
	fake_out(&fake, 0xa1, 0x02);
	fake_out(&fake, 0xa1, icw4 & ~0x10);
}

static void setup(void)
{
	fake_host_init(&fake);
	pic = pic_create(fake.bus, &fake.host);
	ck_assert_ptr_nonnull(pic);
	program(0x01);
}

static void teardown(void)
{
	pic_destroy(pic);
	fake_host_fini(&fake);
}

static void pulse(unsigned int line)
{
	pic_set_line(pic, line, true);
	pic_set_line(pic, line, false);
}

static uint8_t isr(uint16_t base)
{
	fake_out(&fake, base, 0x0b);
	return fake_in(&fake, base);
}

static uint8_t irr(uint16_t base)
{
	fake_out(&fake, base, 0x0a);
	return fake_in(&fake, base);
}

START_TEST(starts_masked)
{
	pic_destroy(pic);
	pic = pic_create(fake.bus, &fake.host);
	for (unsigned int i = 0; i < 16; i++)
		pulse(i);
	ck_assert(!fake.intr);
	ck_assert_uint_eq(fake_in(&fake, 0x21), 0xff);
}
END_TEST

START_TEST(mask_registers_hold)
{
	fake_out(&fake, 0x21, 0xfb);
	fake_out(&fake, 0xa1, 0x5a);
	ck_assert_uint_eq(fake_in(&fake, 0x21), 0xfb);
	ck_assert_uint_eq(fake_in(&fake, 0xa1), 0x5a);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_PIO, 0x20, 2) >> 8, 0xfb);
}
END_TEST

START_TEST(edge_is_latched_and_served_once)
{
	pic_set_line(pic, 4, true);
	ck_assert(fake.intr);
	ck_assert_uint_eq(irr(0x20), 0x10);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x34);
	ck_assert(!fake.intr);
	ck_assert_uint_eq(isr(0x20), 0x10);
	fake_out(&fake, 0x20, 0x20);
	ck_assert_uint_eq(isr(0x20), 0);
	ck_assert(!fake.intr);
	pic_set_line(pic, 4, false);
	pic_set_line(pic, 4, true);
	ck_assert(fake.intr);
}
END_TEST

START_TEST(priorities_nest)
{
	pulse(3);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x33);
	pulse(5);
	ck_assert(!fake.intr);
	pulse(1);
	ck_assert(fake.intr);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x31);
	fake_out(&fake, 0x20, 0x20);
	ck_assert_uint_eq(isr(0x20), 0x08);
	ck_assert(!fake.intr);
	fake_out(&fake, 0x20, 0x63);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x35);
}
END_TEST

START_TEST(slave_goes_through_cascade)
{
	pulse(12);
	ck_assert(fake.intr);
	ck_assert_uint_eq(irr(0x20), 0x04);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x3c);
	ck_assert_uint_eq(isr(0x20), 0x04);
	ck_assert_uint_eq(isr(0xa0), 0x10);
	pulse(8);			/* higher, but the master's input is in service */
	ck_assert(!fake.intr);
	fake_out(&fake, 0x20, 0x62);
	ck_assert(fake.intr);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x38);
	fake_out(&fake, 0xa0, 0x20);
	fake_out(&fake, 0xa0, 0x20);
	fake_out(&fake, 0x20, 0x20);
	ck_assert_uint_eq(isr(0xa0) | isr(0x20), 0);
}
END_TEST

START_TEST(special_fully_nested)
{
	program(0x11);
	pulse(12);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x3c);
	pulse(14);
	ck_assert(!fake.intr);
	pulse(8);
	ck_assert(fake.intr);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x38);
}
END_TEST

START_TEST(line_two_is_not_a_line)
{
	pulse(2);
	pic_set_line(pic, 99, true);
	ck_assert(!fake.intr);
}
END_TEST

START_TEST(level_follows_line)
{
	bus_write(fake.bus, BUS_PIO, 0x4d0, 2, 0xffff);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_PIO, 0x4d0, 2), 0xdef8);
	pic_set_line(pic, 10, true);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x3a);
	fake_out(&fake, 0xa0, 0x20);
	fake_out(&fake, 0x20, 0x20);
	ck_assert(fake.intr);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x3a);
	pic_set_line(pic, 10, false);
	fake_out(&fake, 0xa0, 0x20);
	fake_out(&fake, 0x20, 0x20);
	ck_assert(!fake.intr);
}
END_TEST

START_TEST(spurious_on_master)
{
	bus_write(fake.bus, BUS_PIO, 0x4d0, 2, 0x0220);
	pic_set_line(pic, 5, true);
	pic_set_line(pic, 5, false);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x37);
	ck_assert_uint_eq(isr(0x20), 0);
	pulse(3);
	fake_out(&fake, 0x21, 0xff);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x37);
}
END_TEST

START_TEST(mask_holds_request)
{
	fake_out(&fake, 0x21, 0x10);
	pulse(4);
	ck_assert(!fake.intr);
	fake_out(&fake, 0x21, 0);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x34);
}
END_TEST

START_TEST(auto_eoi_and_rotation)
{
	program(0x03);
	fake_out(&fake, 0x20, 0x80);
	pulse(3);
	pulse(4);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x33);
	ck_assert_uint_eq(isr(0x20), 0);
	pulse(3);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x34);
	pulse(4);
	pulse(5);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x35);
	fake_out(&fake, 0x20, 0x00);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x33);
}
END_TEST

START_TEST(rotations_by_command)
{
	pulse(3);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x33);
	fake_out(&fake, 0x20, 0xa0);	/* rotate on non-specific EOI: 3 is lowest */
	pulse(3);
	pulse(7);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x37);
	fake_out(&fake, 0x20, 0xe7);	/* rotate on specific EOI: 7 is lowest */
	ck_assert_uint_eq(pic_acknowledge(pic), 0x33);
	fake_out(&fake, 0x20, 0x20);
	fake_out(&fake, 0x20, 0xc5);	/* set priority: 6 is highest */
	pulse(5);
	pulse(6);
	pulse(0);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x36);
	fake_out(&fake, 0x20, 0x20);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x30);
}
END_TEST

START_TEST(special_mask_mode)
{
	pulse(3);
	pic_acknowledge(pic);
	pulse(5);
	ck_assert(!fake.intr);
	fake_out(&fake, 0x21, 0x08);
	fake_out(&fake, 0x20, 0x68);
	ck_assert(fake.intr);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x35);
	fake_out(&fake, 0x20, 0x20);	/* ends 5: 3 is masked */
	ck_assert_uint_eq(isr(0x20), 0x08);
	fake_out(&fake, 0x20, 0x48);
	pulse(5);
	ck_assert(!fake.intr);
}
END_TEST

START_TEST(poll_is_an_acknowledge)
{
	fake_out(&fake, 0x20, 0x0c);
	ck_assert_uint_eq(fake_in(&fake, 0x20), 0);
	pulse(6);
	fake_out(&fake, 0x20, 0x0c);
	ck_assert_uint_eq(fake_in(&fake, 0x20), 0x86);
	ck_assert_uint_eq(isr(0x20), 0x40);
	ck_assert(!fake.intr);
	pulse(9);
	fake_out(&fake, 0xa0, 0x0c);
	ck_assert_uint_eq(fake_in(&fake, 0xa1), 0x81);
}
END_TEST

START_TEST(icw1_resets)
{
	pulse(1);
	pic_acknowledge(pic);
	pulse(0);
	fake_out(&fake, 0x21, 0x55);
	fake_out(&fake, 0x20, 0x13);	/* single: no ICW3 */
	fake_out(&fake, 0x21, 0x40);
	fake_out(&fake, 0x21, 0x01);
	ck_assert_uint_eq(fake_in(&fake, 0x21), 0);
	ck_assert_uint_eq(isr(0x20) | irr(0x20), 0);
	fake_out(&fake, 0x20, 0x12);	/* no ICW4 either */
	fake_out(&fake, 0x21, 0x48);
	fake_out(&fake, 0x21, 0x80);
	ck_assert_uint_eq(fake_in(&fake, 0x21), 0x80);
	pulse(0);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x48);
}
END_TEST

/* A slave's request that is gone by INTA: its input 7, and the cascade in service. */
START_TEST(spurious_on_slave)
{
	pulse(12);
	fake_out(&fake, 0xa1, 0xff);
	ck_assert_uint_eq(pic_acknowledge(pic), 0x3f);
	ck_assert_uint_eq(isr(0xa0), 0);
	ck_assert_uint_eq(isr(0x20), 0x04);
	fake_out(&fake, 0x20, 0x20);
	ck_assert(!fake.intr);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		starts_masked, mask_registers_hold, edge_is_latched_and_served_once,
		priorities_nest, slave_goes_through_cascade, special_fully_nested,
		line_two_is_not_a_line, level_follows_line, spurious_on_master,
		mask_holds_request, auto_eoi_and_rotation, rotations_by_command,
		special_mask_mode, poll_is_an_acknowledge, icw1_resets, spurious_on_slave,
	};

	return run_tests("pic", tests, ARRAY_SIZE(tests), setup, teardown);
}
