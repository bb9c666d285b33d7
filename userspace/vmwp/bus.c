// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's two address spaces, ports and guest physical memory, and which
 * device answers where.
 *
 * Each space is an array of ranges that never overlap, sorted by address and
 * searched by halves.  An access within one range reaches its device whole, or in
 * pieces of the device's widest access; one that straddles a boundary is done byte
 * by byte, as a chipset splits a bus cycle.
 *
 * Context: the machine's device lock.  Ranges change only while a machine is built
 * or a device goes away.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vdev.h"

#define PIO_LAST	0xffffull

struct bus_range {
	uint64_t base;
	uint64_t last;			/* inclusive: a range may end at the top */
	const struct bus_ops *ops;
	void *dev;
};

struct bus_table {
	struct bus_range *ranges;	/* ascending */
	size_t count;
	size_t capacity;
};

struct bus {
	struct bus_table tables[BUS_SPACES];
};

static uint64_t size_mask(unsigned int size)
{
	return size >= 8 ? ~0ull : (1ull << (size * 8)) - 1;
}

static bool size_valid(unsigned int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Index of the first range that ends at or after @address. */
static size_t table_lower_bound(const struct bus_table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->ranges[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct bus_range *table_find(const struct bus_table *table, uint64_t address)
{
	size_t i = table_lower_bound(table, address);

	if (i == table->count || table->ranges[i].base > address)
		return NULL;
	return &table->ranges[i];
}

static int table_grow(struct bus_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 16;
	struct bus_range *ranges;

	if (table->count < table->capacity)
		return 0;
	ranges = realloc(table->ranges, capacity * sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	table->ranges = ranges;
	table->capacity = capacity;
	return 0;
}

/**
 * bus_create() - an empty pair of address spaces
 *
 * Return: the bus, or NULL when there is no memory.
 */
struct bus *bus_create(void)
{
	return calloc(1, sizeof(struct bus));
}

/**
 * bus_destroy() - free a bus; NULL is fine
 * @bus: no device may use it any more
 */
void bus_destroy(struct bus *bus)
{
	if (!bus)
		return;
	for (int space = 0; space < BUS_SPACES; space++)
		free(bus->tables[space].ranges);
	free(bus);
}

static bool claim_valid(enum bus_space space, uint64_t base, uint64_t length,
			const struct bus_ops *ops)
{
	uint64_t last = base + (length - 1);

	if (space >= BUS_SPACES || !length || last < base)
		return false;
	if (space == BUS_PIO && last > PIO_LAST)
		return false;
	return ops && ops->read && ops->write;
}

/**
 * bus_claim() - route a range of ports or guest physical addresses to a device
 * @bus:    the machine's bus
 * @space:  which of its spaces
 * @base:   first address
 * @length: in bytes, not 0
 * @ops:    the handlers, both present
 * @dev:    what they are given
 *
 * Return: 0, or -EEXIST when a claimed range overlaps, -EINVAL, -ENOMEM.
 */
int bus_claim(struct bus *bus, enum bus_space space, uint64_t base, uint64_t length,
	      const struct bus_ops *ops, void *dev)
{
	struct bus_table *table;
	size_t i;
	int rc;

	if (!claim_valid(space, base, length, ops))
		return -EINVAL;
	table = &bus->tables[space];
	i = table_lower_bound(table, base);
	if (i < table->count && table->ranges[i].base <= base + (length - 1))
		return -EEXIST;
	rc = table_grow(table);
	if (rc)
		return rc;
	memmove(&table->ranges[i + 1], &table->ranges[i],
		(table->count - i) * sizeof(*table->ranges));
	table->ranges[i] = (struct bus_range){ base, base + (length - 1), ops, dev };
	table->count++;
	return 0;
}

static void table_release(struct bus_table *table, const void *dev)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->ranges[i].dev != dev)
			table->ranges[kept++] = table->ranges[i];
	table->count = kept;
}

/**
 * bus_release() - take every range of a device away
 * @bus: the machine's bus
 * @dev: as it was given to bus_claim()
 */
void bus_release(struct bus *bus, const void *dev)
{
	for (int space = 0; space < BUS_SPACES; space++)
		table_release(&bus->tables[space], dev);
}

static uint64_t range_read(const struct bus_range *range, uint64_t address, unsigned int size)
{
	unsigned int step = size;
	uint64_t value = 0;

	if (range->ops->max_size && range->ops->max_size < size)
		step = range->ops->max_size;
	for (unsigned int i = 0; i < size; i += step) {
		uint64_t part = range->ops->read(range->dev, address + i - range->base, step);

		value |= (part & size_mask(step)) << (i * 8);
	}
	return value;
}

static void range_write(const struct bus_range *range, uint64_t address, unsigned int size,
			uint64_t value)
{
	unsigned int step = size;

	if (range->ops->max_size && range->ops->max_size < size)
		step = range->ops->max_size;
	for (unsigned int i = 0; i < size; i += step)
		range->ops->write(range->dev, address + i - range->base, step,
				  (value >> (i * 8)) & size_mask(step));
}

static bool range_holds(const struct bus_range *range, uint64_t address, unsigned int size)
{
	return address >= range->base && range->last - address >= size - 1;
}

/*
 * Whether nothing is claimed anywhere in the access, which is the common case for
 * accesses that meet no device.
 */
static bool access_unclaimed(const struct bus_table *table, uint64_t address, unsigned int size)
{
	size_t i = table_lower_bound(table, address);
	uint64_t last = address + (size - 1);

	if (last < address)
		return false;
	return i == table->count || table->ranges[i].base > last;
}

/**
 * bus_read() - what the guest's read of a port or address gives
 * @bus:     the machine's bus
 * @space:   which of its spaces
 * @address: first address
 * @size:    1, 2, 4 or 8 bytes
 *
 * Return: the value; all ones where nothing is claimed.
 */
uint64_t bus_read(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size)
{
	const struct bus_table *table = &bus->tables[space];
	const struct bus_range *range = table_find(table, address);
	uint64_t value = 0;

	if (!size_valid(size) || access_unclaimed(table, address, size))
		return size_mask(size);
	if (range && range_holds(range, address, size))
		return range_read(range, address, size);
	for (unsigned int i = 0; i < size; i++) {
		range = table_find(table, address + i);
		value |= (range ? range_read(range, address + i, 1) : 0xff) << (i * 8);
	}
	return value;
}

/**
 * bus_write() - carry out the guest's write to a port or address
 * @bus:     the machine's bus
 * @space:   which of its spaces
 * @address: first address
 * @size:    1, 2, 4 or 8 bytes
 * @value:   its low @size bytes count; goes nowhere where nothing is claimed
 */
void bus_write(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size,
	       uint64_t value)
{
	const struct bus_table *table = &bus->tables[space];
	const struct bus_range *range = table_find(table, address);

	if (!size_valid(size) || access_unclaimed(table, address, size))
		return;
	if (range && range_holds(range, address, size)) {
		range_write(range, address, size, value & size_mask(size));
		return;
	}
	for (unsigned int i = 0; i < size; i++) {
		range = table_find(table, address + i);
		if (range)
			range_write(range, address + i, 1, (value >> (i * 8)) & 0xff);
	}
}
