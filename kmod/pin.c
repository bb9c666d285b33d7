// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning of the worker's memory behind leaves, and its release.
 *
 * A leaf is as large as the guest's and the worker's alignment, the region and the
 * folio allow; each of its 4 KiB pages carries one long-term pin.  Leaves are
 * installed under fault_lock; they are removed under gpa->lock for writing.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/io.h>

#include "gpa.h"

#define PIN_CHUNK	512u		/* pages pinned by one call */
#define UNPIN_BATCH	16u		/* leaves removed by one flush */

static u64 *table_alloc(void)
{
	return (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static void table_free(u64 *table)
{
	free_page((unsigned long)table);
}

static u64 table_to_phys(u64 *table)
{
	return __pa(table);
}

static u64 *table_from_phys(u64 phys)
{
	return __va(phys);
}

const struct rs_slat_ops rs_slat_kernel_ops = {
	.alloc_table = table_alloc,
	.free_table = table_free,
	.to_phys = table_to_phys,
	.to_table = table_from_phys,
};

static unsigned int pin_flags(const struct rs_gpa_region *region)
{
	return FOLL_LONGTERM | (region->flags & VID_MAP_WRITE ? FOLL_WRITE : 0);
}

/* Could the pages around @page, which backs @address, make a leaf of @level? */
static bool level_fits(const struct rs_gpa_region *region, u64 address, struct page *page,
		       unsigned int level)
{
	u64 size = RS_SLAT_SIZE(level);
	u64 start = address & ~(size - 1);
	struct folio *folio = page_folio(page);

	return start >= region->gpa && start + size <= rs_region_end(region) &&
	       !((region->address + (start - region->gpa)) & (size - 1)) &&
	       folio_size(folio) >= size &&
	       !((page_to_phys(page) ^ address) & (size - 1) & PAGE_MASK);
}

static unsigned int best_level(struct rs_gpa *gpa, const struct rs_gpa_region *region,
			       u64 address, struct page *page)
{
	unsigned int level = region->dirty ? 0 : gpa->slat.format->max_level;

	while (level && !level_fits(region, address, page, level))
		level--;
	return level;
}

static void unpin_range(struct rs_gpa *gpa, struct page *first, unsigned long count, bool dirty)
{
	unpin_user_page_range_dirty_lock(first, count, dirty);
	atomic64_sub(count, &gpa->pinned);
}

/* Pins up to PIN_CHUNK pages that must follow @expect: how many did. */
static unsigned long pin_chunk(struct rs_gpa *gpa, unsigned long address, unsigned int flags,
			       struct page **pages, struct page *expect)
{
	int got = pin_user_pages_fast(address, PIN_CHUNK, flags, pages);
	int good = 0;

	if (got <= 0)
		return 0;
	while (good < got && pages[good] == nth_page(expect, good))
		good++;
	if (good < got)
		unpin_user_pages(pages + good, got - good);
	atomic64_add(good, &gpa->pinned);
	return good;
}

/* Pins all @count pages from @address on, if they are the ones that follow @first. */
static bool pin_large(struct rs_gpa *gpa, const struct rs_gpa_region *region, u64 address,
		      struct page *first, unsigned long count)
{
	unsigned long user = region->address + (address - region->gpa);
	unsigned long done = 0;
	struct page **pages = kmalloc_array(PIN_CHUNK, sizeof(*pages), GFP_KERNEL);

	while (pages && done < count) {
		unsigned long got = pin_chunk(gpa, user + (done << PAGE_SHIFT),
					      pin_flags(region), pages, nth_page(first, done));

		done += got;
		if (got < PIN_CHUNK)
			break;
	}
	kfree(pages);
	if (done == count)
		return true;
	if (done)
		unpin_range(gpa, first, done, false);
	return false;
}

static unsigned int region_access(const struct rs_gpa_region *region)
{
	/* while writes are recorded, rs_gpa_mark_dirty() adds the right to write */
	bool write = (region->flags & VID_MAP_WRITE) && !region->dirty;

	return (write ? RS_SLAT_WRITE : 0) |
	       (region->flags & VID_MAP_EXECUTE ? RS_SLAT_EXECUTE : 0);
}

/* Installs a leaf for pages already pinned; unpins them when another VP was faster. */
static int install(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address,
		   struct page *first, unsigned int level)
{
	int err;

	mutex_lock(&gpa->fault_lock);
	err = rs_slat_map(&gpa->slat, address, page_to_phys(first), level,
			  region_access(region));
	mutex_unlock(&gpa->fault_lock);
	if (err)
		unpin_range(gpa, first, 1ul << (RS_SLAT_SHIFT(level) - PAGE_SHIFT), false);
	return err;
}

static int install_large(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address,
			 struct page *page, unsigned int level)
{
	u64 start = address & ~(RS_SLAT_SIZE(level) - 1);
	unsigned long count = RS_SLAT_SIZE(level) >> PAGE_SHIFT;
	struct page *first = pfn_to_page(page_to_pfn(page) - ((address - start) >> PAGE_SHIFT));

	if (!pin_large(gpa, region, start, first, count))
		return -EAGAIN;
	return install(gpa, region, start, first, level);
}

/**
 * rs_gpa_pin() - pin what backs @address and install the largest leaf that fits
 * @gpa:     the address space, its lock held for reading
 * @region:  the region that holds @address
 * @address: guest physical address without a leaf
 *
 * Return: 0, also when another VP was faster; -EFAULT, -ENOMEM.
 */
int rs_gpa_pin(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address)
{
	unsigned long user = region->address + (address - region->gpa);
	unsigned int level;
	struct page *page;
	int err;

	if (current->mm != gpa->mm)
		return -EFAULT;
	if (pin_user_pages_fast(user & PAGE_MASK, 1, pin_flags(region), &page) != 1)
		return -EFAULT;
	atomic64_inc(&gpa->pinned);
	level = best_level(gpa, region, address, page);
	if (level && install_large(gpa, region, address, page, level) == 0) {
		unpin_range(gpa, page, 1, false);	/* the large leaf pins it too */
		return 0;
	}
	err = install(gpa, region, address & PAGE_MASK, page, 0);
	return err == -EEXIST ? 0 : err;
}

/* Every leaf lies in a region: leaves go first. */
static void unpin_leaf(struct rs_gpa *gpa, const struct rs_slat_leaf *leaf)
{
	struct rs_gpa_region *region = rs_gpa_region(gpa, leaf->gpa);

	unpin_range(gpa, pfn_to_page(PHYS_PFN(leaf->phys)), RS_SLAT_SIZE(leaf->level) >> PAGE_SHIFT,
		    region->flags & VID_MAP_WRITE);
}

/* Makes leaves end where the range does. */
static int split_at(struct rs_gpa *gpa, u64 address)
{
	struct rs_slat_leaf leaf;
	int err = 0;

	while (!err && rs_slat_lookup(&gpa->slat, address, &leaf) && leaf.gpa != address)
		err = rs_slat_split(&gpa->slat, address);
	return err;
}

/* Removes up to UNPIN_BATCH leaves of [*start, end), flushes, unpins; *start goes past them. */
static bool unpin_batch(struct rs_partition *partition, u64 *start, u64 end)
{
	struct rs_slat_leaf batch[UNPIN_BATCH];
	struct rs_gpa *gpa = &partition->gpa;
	unsigned int n = 0, i;

	while (n < UNPIN_BATCH && rs_slat_next(&gpa->slat, *start, end, &batch[n])) {
		rs_slat_unmap(&gpa->slat, batch[n].gpa, &batch[n]);
		*start = batch[n].gpa + RS_SLAT_SIZE(batch[n].level);
		n++;
	}
	if (n)
		rs_vps_flush_tlb(partition, ~0ull);
	for (i = 0; i < n; i++)
		unpin_leaf(gpa, &batch[i]);
	cond_resched();
	return n;
}

/**
 * rs_gpa_unpin() - remove all leaves in [@start, @end) and unpin what they mapped
 * @partition: the partition, its gpa.lock held for writing
 * @start:     guest physical address, page-aligned
 * @end:       first address behind, page-aligned
 *
 * A page is unpinned only after no CPU can have a translation for it any more.
 *
 * Return: 0; -ENOMEM when a large leaf could not be split (nothing removed then).
 */
int rs_gpa_unpin(struct rs_partition *partition, u64 start, u64 end)
{
	struct rs_gpa *gpa = &partition->gpa;
	int err;

	lockdep_assert_held_write(&gpa->lock);
	err = split_at(gpa, start);
	if (!err && end < RS_SLAT_LIMIT)
		err = split_at(gpa, end);
	if (err)
		return err;
	while (unpin_batch(partition, &start, end))
		;
	return 0;
}
