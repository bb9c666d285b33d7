// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/bus.c */
/*
 * Which device answers an access, and in what pieces.
 */
#include <errno.h>

#include "vdev_test.h"

struct probe {
	uint8_t bytes[64];
	unsigned int reads, writes;
	unsigned int widest;
};

static struct bus *bus;
static struct probe a, b;

static uint64_t probe_read(void *dev, uint64_t offset, unsigned int size)
{
	struct probe *p = dev;
	uint64_t value = 0;

	ck_assert_uint_le(offset + size, sizeof(p->bytes));
	p->reads++;
	p->widest = size > p->widest ? size : p->widest;
	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)p->bytes[offset + i] << (i * 8);
	return value;
}

static void probe_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct probe *p = dev;

	ck_assert_uint_le(offset + size, sizeof(p->bytes));
	ck_assert(size == 8 || !(value >> (size * 8)));
	p->writes++;
	p->widest = size > p->widest ? size : p->widest;
	for (unsigned int i = 0; i < size; i++)
		p->bytes[offset + i] = (uint8_t)(value >> (i * 8));
}

static const struct bus_ops wide = { .read = probe_read, .write = probe_write };
static const struct bus_ops narrow = { .read = probe_read, .write = probe_write, .max_size = 1 };
static const struct bus_ops half = { .read = probe_read, .write = probe_write };

static void setup(void)
{
	bus = bus_create();
	a = (struct probe){ 0 };
	b = (struct probe){ 0 };
	for (unsigned int i = 0; i < sizeof(a.bytes); i++) {
		a.bytes[i] = (uint8_t)(0x10 + i);
		b.bytes[i] = (uint8_t)(0x80 + i);
	}
}

static void teardown(void)
{
	bus_destroy(bus);
}

START_TEST(nothing_is_claimed)
{
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0x80, 1), 0xff);
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0xffff, 4), 0xffffffff);
	ck_assert_uint_eq(bus_read(bus, BUS_MMIO, ~0ull, 8), ~0ull);
	bus_write(bus, BUS_MMIO, ~0ull - 3, 8, 1);
}
END_TEST

START_TEST(claims_are_checked)
{
	const struct bus_ops none = { .read = probe_read };

	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0x100, 0, &wide, &a), -EINVAL);
	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0xffff, 2, &wide, &a), -EINVAL);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, ~0ull, 2, &wide, &a), -EINVAL);
	ck_assert_int_eq(bus_claim(bus, BUS_SPACES, 0, 1, &wide, &a), -EINVAL);
	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0x100, 1, &none, &a), -EINVAL);
	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0x100, 1, NULL, &a), -EINVAL);
	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0xffff, 1, &wide, &a), 0);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, ~0ull, 1, &wide, &a), 0);
}
END_TEST

START_TEST(overlaps_are_refused)
{
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, 0x1000, 0x10, &wide, &a), 0);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, 0x1000, 0x10, &wide, &b), -EEXIST);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, 0x100f, 1, &wide, &b), -EEXIST);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, 0xfff, 2, &wide, &b), -EEXIST);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, 0x0, 0x10000, &wide, &b), -EEXIST);
	ck_assert_int_eq(bus_claim(bus, BUS_MMIO, 0x1010, 0x10, &wide, &b), 0);
	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0x1000, 0x10, &wide, &b), 0);
}
END_TEST

START_TEST(search_finds_every_range)
{
	for (unsigned int i = 0; i < 200; i++)
		ck_assert_int_eq(bus_claim(bus, BUS_MMIO, ((i * 77) % 200) * 32, 16,
					   i & 1 ? &wide : &half, i & 1 ? &a : &b), 0);
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t at = ((i * 77) % 200) * 32;

		ck_assert_uint_eq(bus_read(bus, BUS_MMIO, at + 15, 1), (i & 1 ? 0x10 : 0x80) + 15);
		ck_assert_uint_eq(bus_read(bus, BUS_MMIO, at + 16, 1), 0xff);
	}
}
END_TEST

START_TEST(whole_and_split)
{
	bus_claim(bus, BUS_MMIO, 0x1000, 16, &wide, &a);
	bus_claim(bus, BUS_MMIO, 0x2000, 16, &narrow, &b);
	ck_assert_uint_eq(bus_read(bus, BUS_MMIO, 0x1000, 8), 0x1716151413121110ull);
	ck_assert_uint_eq(a.reads, 1);
	ck_assert_uint_eq(bus_read(bus, BUS_MMIO, 0x2004, 4), 0x87868584);
	ck_assert_uint_eq(b.reads, 4);
	bus_write(bus, BUS_MMIO, 0x2000, 2, 0xffff1234);
	ck_assert_uint_eq(b.bytes[0], 0x34);
	ck_assert_uint_eq(b.bytes[1], 0x12);
	ck_assert_uint_eq(b.bytes[2], 0x82);
	ck_assert_uint_eq(b.widest, 1);
}
END_TEST

START_TEST(straddling_goes_by_bytes)
{
	bus_claim(bus, BUS_PIO, 0x102, 2, &wide, &a);
	bus_claim(bus, BUS_PIO, 0x105, 4, &wide, &b);
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0x102, 4), 0x80ff1110);
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0x100, 4), 0x1110ffff);
	ck_assert_uint_eq(a.widest, 1);
	bus_write(bus, BUS_PIO, 0x102, 8, 0x8877665544332211ull);
	ck_assert_uint_eq(a.bytes[0], 0x11);
	ck_assert_uint_eq(a.bytes[1], 0x22);
	ck_assert_uint_eq(b.bytes[0], 0x44);
	ck_assert_uint_eq(b.bytes[3], 0x77);
	ck_assert_uint_eq(b.bytes[4], 0x84);
}
END_TEST

START_TEST(odd_sizes_do_nothing)
{
	bus_claim(bus, BUS_PIO, 0x100, 16, &wide, &a);
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0x100, 3), 0xffffff);
	bus_write(bus, BUS_PIO, 0x100, 0, 0);
	bus_write(bus, BUS_PIO, 0x100, 16, 0);
	ck_assert_uint_eq(a.reads + a.writes, 0);
}
END_TEST

START_TEST(released_devices_are_gone)
{
	bus_claim(bus, BUS_PIO, 0x100, 4, &wide, &a);
	bus_claim(bus, BUS_PIO, 0x104, 4, &wide, &b);
	bus_claim(bus, BUS_MMIO, 0x100, 4, &wide, &a);
	bus_release(bus, &a);
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0x100, 4), 0xffffffff);
	ck_assert_uint_eq(bus_read(bus, BUS_MMIO, 0x100, 4), 0xffffffff);
	ck_assert_uint_eq(bus_read(bus, BUS_PIO, 0x104, 4), 0x83828180);
	ck_assert_int_eq(bus_claim(bus, BUS_PIO, 0x100, 4, &wide, &b), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		nothing_is_claimed, claims_are_checked, overlaps_are_refused,
		search_finds_every_range, whole_and_split, straddling_goes_by_bytes,
		odd_sizes_do_nothing, released_devices_are_gone,
	};

	return run_tests("bus", tests, ARRAY_SIZE(tests), setup, teardown);
}
