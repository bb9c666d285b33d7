// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/ioapic.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The IOAPIC: registers, edge and level pins, and the ends of interrupts.
 */
#include "vdev_test.h"

#define BASE	0xfec00000ull

static struct fake_host fake;
static struct ioapic *ioapic;

static void setup(void)
{
	fake_host_init(&fake);
	ioapic = ioapic_create(fake.bus, &fake.host, 5);
	ck_assert_ptr_nonnull(ioapic);
}

static void teardown(void)
{
	ioapic_destroy(ioapic);
	fake_host_fini(&fake);
}

static uint32_t reg_read(uint8_t reg)
{
	bus_write(fake.bus, BUS_MMIO, BASE, 4, reg);
	return (uint32_t)bus_read(fake.bus, BUS_MMIO, BASE + 0x10, 4);
}

static void reg_write(uint8_t reg, uint32_t value)
{
	bus_write(fake.bus, BUS_MMIO, BASE, 4, reg);
	bus_write(fake.bus, BUS_MMIO, BASE + 0x10, 4, value);
}

static void route(unsigned int pin, uint32_t low, uint8_t destination)
{
	reg_write((uint8_t)(0x11 + pin * 2), (uint32_t)destination << 24);
	reg_write((uint8_t)(0x10 + pin * 2), low);
}

static const struct vid_interrupt *last(void)
{
	ck_assert_uint_gt(fake.sent_count, 0);
	return &fake.sent[(fake.sent_count - 1) % FAKE_LOG];
}

START_TEST(identity)
{
	ck_assert_uint_eq(reg_read(0), 0x05000000);
	ck_assert_uint_eq(reg_read(1), 0x00170020);
	ck_assert_uint_eq(reg_read(2), 0x05000000);
	ck_assert_uint_eq(reg_read(0x10), 0x10000);
	ck_assert_uint_eq(reg_read(0x3f), 0);
	ck_assert_uint_eq(reg_read(0x40), 0);
	reg_write(0, 0xffffffff);
	ck_assert_uint_eq(reg_read(0), 0x0f000000);
	reg_write(1, 0);
	ck_assert_uint_eq(reg_read(1), 0x00170020);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_MMIO, BASE + 0x12, 1), 0x17);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_MMIO, BASE, 1), 1);
}
END_TEST

START_TEST(read_only_bits)
{
	route(3, 0xffffffff, 0xab);
	ck_assert_uint_eq(reg_read(0x16), 0x0001afff);
	ck_assert_uint_eq(reg_read(0x17), 0xab000000);
	bus_write(fake.bus, BUS_MMIO, BASE + 0x10, 1, 0);
	ck_assert_uint_eq(reg_read(0x17), 0xab000000);
}
END_TEST

START_TEST(edge_sends_once)
{
	route(4, 0x0931, 3);
	ioapic_set_line(ioapic, 4, true);
	ioapic_set_line(ioapic, 4, true);
	ck_assert_uint_eq(fake.sent_count, 1);
	ck_assert_uint_eq(last()->type, HV_X64_INTERRUPT_LOWEST_PRIORITY);
	ck_assert_uint_eq(last()->vector, 0x31);
	ck_assert_uint_eq(last()->destination, 3);
	ck_assert_uint_eq(last()->flags, VID_INTERRUPT_LOGICAL);
	ck_assert(!(reg_read(0x18) & 0x4000));
	ioapic_eoi(ioapic, 0x31);
	ck_assert_uint_eq(fake.sent_count, 1);
	ioapic_set_line(ioapic, 4, false);
	ioapic_set_line(ioapic, 4, true);
	ck_assert_uint_eq(fake.sent_count, 2);
}
END_TEST

START_TEST(masked_edge_is_lost)
{
	route(4, 0x10031, 0);
	ioapic_set_line(ioapic, 4, true);
	route(4, 0x31, 0);
	ck_assert_uint_eq(fake.sent_count, 0);
}
END_TEST

START_TEST(level_waits_for_eoi)
{
	route(9, 0x8041, 1);
	ioapic_set_line(ioapic, 9, true);
	ck_assert_uint_eq(fake.sent_count, 1);
	ck_assert_uint_eq(last()->flags, VID_INTERRUPT_LEVEL);
	ck_assert(reg_read(0x22) & 0x4000);
	ioapic_set_line(ioapic, 9, false);
	ioapic_set_line(ioapic, 9, true);
	ck_assert_uint_eq(fake.sent_count, 1);
	ioapic_eoi(ioapic, 0x42);
	ck_assert_uint_eq(fake.sent_count, 1);
	ioapic_eoi(ioapic, 0x41);
	ck_assert_uint_eq(fake.sent_count, 2);
	ck_assert(reg_read(0x22) & 0x4000);
	ioapic_set_line(ioapic, 9, false);
	bus_write(fake.bus, BUS_MMIO, BASE + 0x40, 4, 0x41);
	ck_assert_uint_eq(fake.sent_count, 2);
	ck_assert(!(reg_read(0x22) & 0x4000));
}
END_TEST

START_TEST(masked_level_comes_at_unmask)
{
	route(9, 0x18041, 1);
	ioapic_set_line(ioapic, 9, true);
	ck_assert_uint_eq(fake.sent_count, 0);
	route(9, 0x8041, 1);
	ck_assert_uint_eq(fake.sent_count, 1);
	reg_write(0x22, 0x18041);
	ck_assert(reg_read(0x22) & 0x4000);
	ioapic_eoi(ioapic, 0x41);
	ck_assert_uint_eq(fake.sent_count, 1);
	ck_assert(!(reg_read(0x22) & 0x4000));
}
END_TEST

START_TEST(edge_mode_clears_remote_irr)
{
	route(9, 0x8041, 1);
	ioapic_set_line(ioapic, 9, true);
	reg_write(0x22, 0x10041);
	ck_assert(!(reg_read(0x22) & 0x4000));
	reg_write(0x22, 0x8041);
	ck_assert_uint_eq(fake.sent_count, 2);
}
END_TEST

START_TEST(shared_vector_ends_all)
{
	route(10, 0x8050, 0);
	route(11, 0x8050, 0);
	ioapic_set_line(ioapic, 10, true);
	ioapic_set_line(ioapic, 11, true);
	ck_assert_uint_eq(fake.sent_count, 2);
	ioapic_eoi(ioapic, 0x50);
	ck_assert_uint_eq(fake.sent_count, 4);
}
END_TEST

START_TEST(delivery_modes)
{
	static const struct {
		uint32_t rte, type, vector;
		unsigned int sent;
	} cases[] = {
		{ 0x0010, HV_X64_INTERRUPT_FIXED, 0x10, 1 },
		{ 0x000f, 0, 0, 0 },
		{ 0x0233, HV_X64_INTERRUPT_SMI, 0, 1 },
		{ 0x0333, 0, 0, 0 },
		{ 0x8433, HV_X64_INTERRUPT_NMI, 0, 1 },
		{ 0x0533, HV_X64_INTERRUPT_INIT, 0, 1 },
		{ 0x0633, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int before = fake.sent_count;

		route(7, cases[i].rte, 0);
		ioapic_set_line(ioapic, 7, true);
		ck_assert_uint_eq(fake.sent_count - before, cases[i].sent);
		if (cases[i].sent) {
			ck_assert_uint_eq(last()->type, cases[i].type);
			ck_assert_uint_eq(last()->vector, cases[i].vector);
			ck_assert_uint_eq(last()->flags, 0);
		}
		ck_assert(!(reg_read(0x1e) & 0x4000));
		ioapic_set_line(ioapic, 7, false);
	}
}
END_TEST

START_TEST(ext_int_follows_line)
{
	route(0, 0x0700, 0);
	ioapic_set_line(ioapic, 0, true);
	ck_assert_uint_eq(last()->type, HV_X64_INTERRUPT_EXT_INT);
	ck_assert_uint_eq(last()->flags, 0);
	ioapic_set_line(ioapic, 0, false);
	ck_assert_uint_eq(fake.sent_count, 2);
	ck_assert_uint_eq(last()->flags, VID_INTERRUPT_DEASSERT);
	ioapic_set_line(ioapic, 0, true);
	reg_write(0x10, 0x10700);
	ck_assert_uint_eq(fake.sent_count, 4);
	ck_assert_uint_eq(last()->flags, VID_INTERRUPT_DEASSERT);
	ck_assert_uint_eq(last()->type, HV_X64_INTERRUPT_EXT_INT);
}
END_TEST

START_TEST(no_such_pin)
{
	ioapic_set_line(ioapic, 24, true);
	ioapic_set_line(ioapic, 4000, true);
	ck_assert_uint_eq(fake.sent_count, 0);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_MMIO, BASE + 0x20, 4), 0);
	ck_assert_uint_eq(bus_read(fake.bus, BUS_MMIO, BASE + 0xffe, 4), 0xffff0000);
	ck_assert_ptr_null(ioapic_create(fake.bus, &fake.host, 1));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		identity, read_only_bits, edge_sends_once, masked_edge_is_lost,
		level_waits_for_eoi, masked_level_comes_at_unmask,
		edge_mode_clears_remote_irr, shared_vector_ends_all, delivery_modes,
		ext_int_follows_line, no_such_pin,
	};

	return run_tests("ioapic", tests, ARRAY_SIZE(tests), setup, teardown);
}
