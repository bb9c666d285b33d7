// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recording of guest writes, a bit a 4 KiB page.
 *
 * While a region records, its leaves are 4 KiB and readable only until the first
 * write; the bits are set by faults (and by our own writes) and cleared by the
 * reader, who takes the right to write away again before it looks.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "gpa.h"

static unsigned long region_pages(const struct rs_gpa_region *region)
{
	return region->size >> PAGE_SHIFT;
}

/* The region that is exactly [start, start + size). */
static struct rs_gpa_region *exact_region(struct rs_gpa *gpa, u64 start, u64 size)
{
	struct rs_gpa_region *region = rs_gpa_region(gpa, start);

	return region && region->gpa == start && region->size == size ? region : NULL;
}

/* Takes or gives the right to write, for all leaves of a region. */
static void protect_region(struct rs_gpa *gpa, struct rs_gpa_region *region, bool write)
{
	u64 at = region->gpa;
	struct rs_slat_leaf leaf;

	while (rs_slat_next(&gpa->slat, at, rs_region_end(region), &leaf)) {
		rs_slat_protect(&gpa->slat, leaf.gpa, (leaf.access & ~RS_SLAT_WRITE) |
				(write ? RS_SLAT_WRITE : 0));
		at = leaf.gpa + RS_SLAT_SIZE(leaf.level);
	}
}

/**
 * rs_gpa_mark_dirty() - note a write to @address and allow further ones
 * @gpa:     the address space, its lock held for reading
 * @region:  one that records
 * @address: guest physical address in @region
 *
 * Return: 0, -ENOMEM when a large leaf could not be split.
 */
int rs_gpa_mark_dirty(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address)
{
	struct rs_slat_leaf leaf = { .level = 0 };
	int err;

	mutex_lock(&gpa->fault_lock);
	do {
		err = rs_slat_split(&gpa->slat, address);
	} while (!err && rs_slat_lookup(&gpa->slat, address, &leaf) && leaf.level);
	if (!err) {
		set_bit((address - region->gpa) >> PAGE_SHIFT, region->dirty);
		rs_slat_protect(&gpa->slat, address, leaf.access | RS_SLAT_WRITE);
	}
	mutex_unlock(&gpa->fault_lock);
	return err;
}

/**
 * rs_gpa_dirty_start() - begin to record writes to a region, all pages clean
 * @partition: the partition
 * @start:     guest physical address of the region
 * @size:      the region's size, bytes
 *
 * Return: 0, -ENOENT when the range is no region, -EEXIST when it records, -ENOMEM, -EINTR
 * when killed.
 */
int rs_gpa_dirty_start(struct rs_partition *partition, u64 start, u64 size)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_gpa_region *region;
	int err = -ENOENT;

	if (down_write_killable(&gpa->lock))
		return -EINTR;
	region = exact_region(gpa, start, size);
	if (!region)
		goto unlock;
	err = -EEXIST;
	if (region->dirty)
		goto unlock;
	err = -ENOMEM;
	region->dirty = kvcalloc(BITS_TO_LONGS(region_pages(region)), sizeof(long),
				 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!region->dirty)
		goto unlock;
	WRITE_ONCE(gpa->recording, gpa->recording + 1);
	protect_region(gpa, region, false);
	rs_vps_flush_tlb(partition, ~0ull);
	err = 0;
unlock:
	up_write(&gpa->lock);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_dirty_start);

/**
 * rs_gpa_dirty_stop() - record no more
 * @partition: the partition
 * @start:     guest physical address of the region
 * @size:      the region's size, bytes
 *
 * Return: 0, -ENOENT when the range is no region or does not record, -EINTR when killed.
 */
int rs_gpa_dirty_stop(struct rs_partition *partition, u64 start, u64 size)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_gpa_region *region;
	int err = -ENOENT;

	if (down_write_killable(&gpa->lock))
		return -EINTR;
	region = exact_region(gpa, start, size);
	if (region && region->dirty) {
		kvfree(region->dirty);
		region->dirty = NULL;
		WRITE_ONCE(gpa->recording, gpa->recording - 1);
		protect_region(gpa, region, region->flags & VID_MAP_WRITE);
		err = 0;
	}
	up_write(&gpa->lock);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_dirty_stop);

/* Moves one word of bits out, and write-protects its pages. */
static u64 take_word(struct rs_gpa *gpa, struct rs_gpa_region *region, unsigned long word)
{
	u64 bits = xchg(&region->dirty[word], 0);
	unsigned long mask = bits;
	struct rs_slat_leaf leaf;
	unsigned int bit;

	for_each_set_bit(bit, &mask, 64) {
		u64 address = region->gpa + ((u64)(word * 64 + bit) << PAGE_SHIFT);

		if (rs_slat_lookup(&gpa->slat, address, &leaf))
			rs_slat_protect(&gpa->slat, address, leaf.access & ~RS_SLAT_WRITE);
	}
	return bits;
}

/**
 * rs_gpa_dirty_read() - copy a region's bits out and clear them
 * @partition: the partition
 * @start:     guest physical address of the region
 * @size:      the region's size, bytes
 * @bitmap:    size / 4096 bits, rounded up to 64-bit words
 *
 * What the guest writes after this returns is in the next reading.
 *
 * Return: 0, -ENOENT when the range is no region or does not record, -EINTR when killed.
 */
int rs_gpa_dirty_read(struct rs_partition *partition, u64 start, u64 size, u64 *bitmap)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_gpa_region *region;
	unsigned long i;
	int err = -ENOENT;

	if (down_write_killable(&gpa->lock))
		return -EINTR;
	region = exact_region(gpa, start, size);
	if (region && region->dirty) {
		for (i = 0; i < BITS_TO_LONGS(region_pages(region)); i++)
			bitmap[i] = take_word(gpa, region, i);
		rs_vps_flush_tlb(partition, ~0ull);
		err = 0;
	}
	up_write(&gpa->lock);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_dirty_read);
