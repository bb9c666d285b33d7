// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning of the worker's memory behind leaves, and its release.
 *
 * A leaf is as large as the guest's and the worker's alignment, the region, the folio and the
 * worker's own mapping allow.  It is mapped with one long-term pin, which keeps the whole folio;
 * when it is split, the pin goes with the last of its parts.  Leaves are installed under
 * fault_lock; they are removed under gpa->lock for writing.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/io.h>

#include "gpa.h"

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

static unsigned long leaf_pages(unsigned int level)
{
	return RS_SLAT_SIZE(level) >> PAGE_SHIFT;
}

/* The page frame that an entry of at least @level in the worker's tables maps at @user; or 0. */
static unsigned long large_pfn(struct mm_struct *mm, unsigned long user, unsigned int level,
			       bool write)
{
	pgd_t pgd = READ_ONCE(*pgd_offset(mm, user));
	p4d_t p4d;
	pud_t pud;
	pmd_t pmd;

	if (!pgd_present(pgd))
		return 0;
	p4d = READ_ONCE(*p4d_offset(&pgd, user));
	if (!p4d_present(p4d))
		return 0;
	pud = READ_ONCE(*pud_offset(&p4d, user));
	if (!pud_present(pud))
		return 0;
	if (pud_leaf(pud))
		return pud_access_permitted(pud, write) ?
		       pud_pfn(pud) + ((user & ~PUD_MASK) >> PAGE_SHIFT) : 0;
	if (level > 1)
		return 0;
	pmd = READ_ONCE(*pmd_offset(&pud, user));
	if (!pmd_present(pmd) || !pmd_leaf(pmd) || !pmd_access_permitted(pmd, write))
		return 0;
	return pmd_pfn(pmd) + ((user & ~PMD_MASK) >> PAGE_SHIFT);
}

/*
 * Does one entry of the worker's page tables map all that a leaf of @level would, with @page
 * where it is expected?  Then it is the worker's to use as a whole, as if each page of it had been
 * asked for.  With interrupts off no table that is walked can be freed.
 */
static bool mapped_large(struct rs_gpa *gpa, const struct rs_gpa_region *region, u64 address,
			 struct page *page, unsigned int level)
{
	unsigned long user = region->address + (address - region->gpa), flags, pfn;

	local_irq_save(flags);
	pfn = large_pfn(gpa->mm, user, level, region->flags & VID_MAP_WRITE);
	local_irq_restore(flags);
	return pfn == page_to_pfn(page);
}

/* Could the pages around @page, which backs @address, make a leaf of @level? */
static bool level_fits(struct rs_gpa *gpa, const struct rs_gpa_region *region, u64 address,
		       struct page *page, unsigned int level)
{
	u64 size = RS_SLAT_SIZE(level);
	u64 start = address & ~(size - 1);
	struct folio *folio = page_folio(page);

	return start >= region->gpa && start + size <= rs_region_end(region) &&
	       !((region->address + (start - region->gpa)) & (size - 1)) &&
	       folio_size(folio) >= size &&
	       !((page_to_phys(page) ^ address) & (size - 1) & PAGE_MASK) &&
	       mapped_large(gpa, region, address, page, level);
}

static unsigned int best_level(struct rs_gpa *gpa, const struct rs_gpa_region *region,
			       u64 address, struct page *page)
{
	unsigned int level = region->dirty ? 0 : gpa->slat.format->max_level;

	while (level && !level_fits(gpa, region, address, page, level))
		level--;
	return level;
}

static unsigned int region_access(const struct rs_gpa_region *region)
{
	/* while writes are recorded, rs_gpa_mark_dirty() adds the right to write */
	bool write = (region->flags & VID_MAP_WRITE) && !region->dirty;

	return (write ? RS_SLAT_WRITE : 0) |
	       (region->flags & VID_MAP_EXECUTE ? RS_SLAT_EXECUTE : 0);
}

/*
 * Installs a leaf of @level around @page, which is pinned, or a smaller one where there have been
 * smaller ones.
 */
static int install(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address,
		   struct page *page, unsigned int level)
{
	u64 phys = page_to_phys(page);
	int err;

	mutex_lock(&gpa->fault_lock);
	for (;; level--) {
		u64 mask = ~(RS_SLAT_SIZE(level) - 1);

		err = rs_slat_map(&gpa->slat, address & mask, phys & mask, level,
				  region_access(region));
		if (err != -EEXIST || !level)
			break;
	}
	mutex_unlock(&gpa->fault_lock);
	if (!err)
		atomic64_add(leaf_pages(level), &gpa->pinned);
	return err;
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
	struct page *page;
	int err;

	if (current->mm != gpa->mm)
		return -EFAULT;
	if (pin_user_pages_fast(user & PAGE_MASK, 1, pin_flags(region), &page) != 1)
		return -EFAULT;
	err = install(gpa, region, address, page, best_level(gpa, region, address, page));
	if (err)
		unpin_user_page(page);
	return err == -EEXIST ? 0 : err;
}

/* Every leaf lies in a region: leaves go first.  @last: none remains that shares its pin. */
static void unpin_leaf(struct rs_gpa *gpa, const struct rs_slat_leaf *leaf, bool last)
{
	struct rs_gpa_region *region = rs_gpa_region(gpa, leaf->gpa);
	struct page *page = pfn_to_page(PHYS_PFN(leaf->phys));

	atomic64_sub(leaf_pages(leaf->level), &gpa->pinned);
	if (last)
		unpin_user_pages_dirty_lock(&page, 1, region->flags & VID_MAP_WRITE);
	else if (region->flags & VID_MAP_WRITE)
		set_page_dirty_lock(page);
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
	bool last[UNPIN_BATCH];
	struct rs_gpa *gpa = &partition->gpa;
	unsigned int n = 0, i;

	while (n < UNPIN_BATCH && rs_slat_next(&gpa->slat, *start, end, &batch[n])) {
		rs_slat_unmap(&gpa->slat, batch[n].gpa, &batch[n]);
		last[n] = !rs_slat_has_sibling(&gpa->slat, &batch[n]);
		*start = batch[n].gpa + RS_SLAT_SIZE(batch[n].level);
		n++;
	}
	if (n)
		rs_vps_flush_tlb(partition, ~0ull);
	for (i = 0; i < n; i++)
		unpin_leaf(gpa, &batch[i], last[i]);
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
	gpa->generation++;
	err = split_at(gpa, start);
	if (!err && end < RS_SLAT_LIMIT)
		err = split_at(gpa, end);
	if (err)
		return err;
	while (unpin_batch(partition, &start, end))
		;
	return 0;
}
