// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that others than the guest keep for a while: pinned for good (rings), or held for
 * I/O on it.
 *
 * What is held for I/O was found by its leaf, under gpa->lock for reading, so it is pinned at that
 * moment; a reference to its folio keeps it from being freed or moved when the leaf goes before
 * the I/O is done.  That is one atomic operation for each piece, and no walk of the worker's page
 * tables.
 *
 * A kernel thread may do all this: where a page has no leaf yet it borrows the worker's memory,
 * for as long as the pinning takes.
 */
#include <linux/bvec.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <asm/io.h>

#include "gpa.h"

/* False: it is no kernel thread, or the worker is gone. */
static bool borrow_mm(struct rs_gpa *gpa)
{
	if (!(current->flags & PF_KTHREAD) || current->mm || !mmget_not_zero(gpa->mm))
		return false;
	kthread_use_mm(gpa->mm);
	return true;
}

/* Not with gpa->lock held: it may be the last to let go. */
static void return_mm(struct rs_gpa *gpa)
{
	kthread_unuse_mm(gpa->mm);
	mmput(gpa->mm);
}

/* ---- pinned */

/* What the guest has there is what the worker has there, or it is not ours to pin. */
static int pin_page(struct rs_partition *partition, u64 address, struct page **page)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_gpa_region *region;
	struct rs_slat_leaf leaf;

	lockdep_assert_held(&gpa->lock);
	if (address >= rs_gpa_limit() || rs_gpa_leaf(gpa, address, true, false, &leaf))
		return -EFAULT;
	region = rs_gpa_region(gpa, address);
	if (pin_user_pages_fast(region->address + (address - region->gpa), 1,
				FOLL_WRITE | FOLL_LONGTERM, page) != 1)
		return -EFAULT;
	if (page_to_phys(*page) == leaf.phys + (address - leaf.gpa))
		return 0;
	unpin_user_page(*page);
	return -EFAULT;
}

static int pin_pages(struct rs_partition *partition, const u64 *pfns, u32 count,
		     struct page **pages)
{
	struct rs_gpa *gpa = &partition->gpa;
	int err = 0;
	u32 i;

	if (down_read_killable(&gpa->lock))
		return -EINTR;
	for (i = 0; i < count && !err; i++)
		err = pfns[i] >= rs_gpa_limit() >> PAGE_SHIFT ? -EFAULT :
		      pin_page(partition, pfns[i] << PAGE_SHIFT, &pages[i]);
	up_read(&gpa->lock);
	if (err)
		rs_gpa_unpin_pages(pages, i - 1);
	return err;
}

/**
 * rs_gpa_pin_pages() - keep pages of guest memory where they are
 * @partition: the partition
 * @pfns:      guest page numbers
 * @count:     of them
 * @pages:     takes the pages
 *
 * The pins are the caller's own: pages stay also when their region is unmapped or released.
 * They count as written at this moment.  No locks of the caller's; may wait for user mode.
 *
 * Context: the process whose memory it is, or a kernel thread.
 *
 * Return: 0; -EIO: another process, or the worker is gone; -EFAULT: no memory, or not to be
 * written; -EINTR when killed.
 */
int rs_gpa_pin_pages(struct rs_partition *partition, const u64 *pfns, u32 count,
		     struct page **pages)
{
	struct rs_gpa *gpa = &partition->gpa;
	int err;

	if (current->mm == gpa->mm)
		return pin_pages(partition, pfns, count, pages);
	if (!borrow_mm(gpa))
		return -EIO;
	err = pin_pages(partition, pfns, count, pages);
	return_mm(gpa);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_pin_pages);

/**
 * rs_gpa_unpin_pages() - let go of pages, which may have been written
 * @pages: from rs_gpa_pin_pages()
 * @count: of them
 */
void rs_gpa_unpin_pages(struct page **pages, u32 count)
{
	unpin_user_pages_dirty_lock(pages, count, true);
}
EXPORT_SYMBOL_GPL(rs_gpa_unpin_pages);

/* ---- held */

/* What hold_pages() fills in. */
struct piece_list {
	struct bio_vec *vecs;
	u32 count;
	u32 room;
};

static bool joins(const struct bio_vec *vec, struct page *page)
{
	return page_to_phys(vec->bv_page) + vec->bv_offset + vec->bv_len == page_to_phys(page) &&
	       page_folio(vec->bv_page) == page_folio(page);
}

/* A piece within one page. */
static int add_piece(struct piece_list *list, struct page *page, u32 offset, u32 bytes)
{
	if (list->count && !offset && joins(&list->vecs[list->count - 1], page)) {
		list->vecs[list->count - 1].bv_len += bytes;
		return 0;
	}
	if (list->count == list->room)
		return -ENOSPC;
	folio_get(page_folio(page));
	list->vecs[list->count].bv_page = page;
	list->vecs[list->count].bv_offset = offset;
	list->vecs[list->count].bv_len = bytes;
	list->count++;
	return 0;
}

static void put_pieces(const struct bio_vec *vecs, u32 count)
{
	while (count)
		folio_put(page_folio(vecs[--count].bv_page));
}

static bool in_leaf(const struct rs_slat_leaf *leaf, u64 address)
{
	return address >= leaf->gpa && address - leaf->gpa < RS_SLAT_SIZE(leaf->level);
}

static int hold_pages(struct rs_gpa *gpa, const u64 *pfns, u32 offset, u32 bytes, bool write,
		      struct piece_list *list)
{
	struct rs_slat_leaf leaf = { .gpa = ~0ull };
	int err = 0;

	lockdep_assert_held(&gpa->lock);
	for (; bytes && !err; pfns++, offset = 0) {
		u32 chunk = min_t(u32, bytes, PAGE_SIZE - offset);
		u64 address = *pfns << PAGE_SHIFT;

		if (*pfns >= rs_gpa_limit() >> PAGE_SHIFT ||
		    (!in_leaf(&leaf, address) && rs_gpa_leaf(gpa, address, write, false, &leaf)))
			return -EFAULT;
		err = add_piece(list, pfn_to_page(PHYS_PFN(leaf.phys + (address - leaf.gpa))),
				offset, chunk);
		bytes -= chunk;
	}
	return err;
}

static int try_hold(struct rs_gpa *gpa, const u64 *pfns, u32 offset, u32 bytes, bool write,
		    struct piece_list *list)
{
	int err;

	list->count = 0;
	if (down_read_killable(&gpa->lock))
		return -EINTR;
	err = hold_pages(gpa, pfns, offset, bytes, write, list);
	up_read(&gpa->lock);
	if (err)
		put_pieces(list->vecs, list->count);
	return err;
}

/**
 * rs_gpa_hold() - hold guest memory for I/O
 * @partition: the partition
 * @pfns:      guest page numbers
 * @offset:    of the first byte in the first page
 * @bytes:     how many, not 0
 * @write:     it will be written
 * @vecs:      filled in; consecutive pages of one folio share an element
 * @room:      elements of @vecs
 *
 * What is held stays what it is until rs_gpa_drop(), whatever becomes of its region.  No locks of
 * the caller's; may wait for user mode where a page was not touched yet.
 *
 * Context: the process whose memory it is, or a kernel thread.
 *
 * Return: how many elements there are; -EFAULT: no memory, or not to be written; -ENOSPC; -EINTR
 * when killed.
 */
int rs_gpa_hold(struct rs_partition *partition, const u64 *pfns, u32 offset, u32 bytes, bool write,
		struct bio_vec *vecs, u32 room)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct piece_list list = { .vecs = vecs, .room = room };
	int err = try_hold(gpa, pfns, offset, bytes, write, &list);

	/* a page has no leaf yet, or there is none */
	if (err == -EFAULT && borrow_mm(gpa)) {
		err = try_hold(gpa, pfns, offset, bytes, write, &list);
		return_mm(gpa);
	}
	return err ?: list.count;
}
EXPORT_SYMBOL_GPL(rs_gpa_hold);

/* In the guest's dirty log once more: it may have been read while the I/O ran. */
static void log_writes(struct rs_gpa *gpa, const u64 *pfns, u32 count)
{
	struct rs_gpa_region *region;

	down_read(&gpa->lock);
	while (count--) {
		region = rs_gpa_region(gpa, pfns[count] << PAGE_SHIFT);
		if (region && region->dirty)
			set_bit(pfns[count] - (region->gpa >> PAGE_SHIFT), region->dirty);
	}
	up_read(&gpa->lock);
}

static void mark_dirty(struct folio *folio)
{
	if (folio_test_dirty(folio))
		return;
	folio_lock(folio);
	folio_mark_dirty(folio);
	folio_unlock(folio);
}

/**
 * rs_gpa_drop() - the I/O is done
 * @partition: the partition
 * @pfns:      as for rs_gpa_hold(); and so are @offset, @bytes and @write
 * @offset:    of the first byte in the first page
 * @bytes:     how many
 * @write:     it may have been written
 * @vecs:      as rs_gpa_hold() left them
 * @count:     of them
 *
 * May sleep; no locks of the caller's.
 */
void rs_gpa_drop(struct rs_partition *partition, const u64 *pfns, u32 offset, u32 bytes, bool write,
		 const struct bio_vec *vecs, u32 count)
{
	struct rs_gpa *gpa = &partition->gpa;
	u32 i;

	/* who begins to record after this has all that was written in what it begins with */
	if (write && READ_ONCE(gpa->recording))
		log_writes(gpa, pfns, DIV_ROUND_UP_ULL((u64)offset + bytes, PAGE_SIZE));
	for (i = 0; write && i < count; i++)
		mark_dirty(page_folio(vecs[i].bv_page));
	put_pieces(vecs, count);
}
EXPORT_SYMBOL_GPL(rs_gpa_drop);
