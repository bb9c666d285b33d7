// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O on block devices: a bio on the guest's own pages for each request.
 *
 * The device's page cache is not used: nobody else is to use the device meanwhile.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>

#include "storvsp_internal.h"

#define PATTERN_VECS	64u		/* pages of a bio that repeats a block */

static sector_t request_sector(const struct request *r)
{
	return r->command.io.lba * (r->block_size >> SECTOR_SHIFT);
}

static sector_t request_sectors(const struct request *r)
{
	return r->command.io.blocks * (r->block_size >> SECTOR_SHIFT);
}

static void bdev_end(struct bio *bio)
{
	struct request *r = container_of(bio, struct request, bio);
	int err = blk_status_to_errno(bio->bi_status);

	bio_uninit(bio);
	request_done(r, err);
}

static void submit_bio_of(struct request *r, blk_opf_t op, u32 bytes)
{
	struct bio *bio = &r->bio;

	bio_init(bio, r->backing->bdev, r->vecs, r->vec_count, op);
	bio->bi_vcnt = r->vec_count;
	bio->bi_iter.bi_size = bytes;
	bio->bi_iter.bi_sector = bytes ? request_sector(r) : 0;
	bio->bi_end_io = bdev_end;
	submit_bio(bio);
}

static void bdev_submit(struct request *r)
{
	const struct scsi_io *io = &r->command.io;

	switch (io->kind) {
	case SCSI_IO_READ:
		submit_bio_of(r, REQ_OP_READ | REQ_SYNC | REQ_IDLE, io->bytes);
		break;
	case SCSI_IO_WRITE:
		submit_bio_of(r, REQ_OP_WRITE | REQ_SYNC | REQ_IDLE | (io->fua ? REQ_FUA : 0),
			      io->bytes);
		break;
	case SCSI_IO_FLUSH:
		submit_bio_of(r, REQ_OP_WRITE | REQ_PREFLUSH, 0);
		break;
	case SCSI_IO_LBA_STATUS:
		scsi_lba_status(&r->command, io->blocks, true);
		request_done(r, 0);
		break;
	default:
		request_defer(r);
	}
}

/* ---- what may sleep */

static int bdev_unmap(struct request *r)
{
	u32 i, blocks, sectors = r->block_size >> SECTOR_SHIFT;
	int err = 0;
	u64 lba;

	for (i = 0; i < r->command.io.range_count && !err; i++) {
		scsi_unmap_range(&r->command, i, &lba, &blocks);
		if (blocks)
			err = blkdev_issue_discard(r->backing->bdev, lba * sectors,
						   (sector_t)blocks * sectors, GFP_KERNEL);
	}
	return err;
}

/* One page, again and again. */
static int write_pattern(struct request *r, struct page *page, sector_t sector, u64 bytes)
{
	struct bio *bio = bio_alloc(r->backing->bdev, PATTERN_VECS, REQ_OP_WRITE | REQ_SYNC,
				    GFP_KERNEL);
	u32 size;
	int err;

	bio->bi_iter.bi_sector = sector;
	while (bytes) {
		size = min_t(u64, bytes, PAGE_SIZE);
		if (bio_add_page(bio, page, size, 0) != size)
			break;
		bytes -= size;
	}
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

static int bdev_write_same(struct request *r)
{
	u64 left = r->command.io.blocks * r->block_size, step = PATTERN_VECS * PAGE_SIZE;
	struct page *page = alloc_page(GFP_KERNEL);
	sector_t sector = request_sector(r);
	u32 at;
	int err = 0;

	if (!page)
		return -ENOMEM;
	for (at = 0; at < PAGE_SIZE; at += r->block_size)
		memcpy(page_address(page) + at, r->command.parameters, r->block_size);
	for (; left && !err; left -= step, sector += step >> SECTOR_SHIFT) {
		step = min(left, step);
		err = write_pattern(r, page, sector, step);
	}
	__free_page(page);
	return err;
}

static int bdev_zero(struct request *r)
{
	return blkdev_issue_zeroout(r->backing->bdev, request_sector(r), request_sectors(r),
				    GFP_KERNEL,
				    r->command.io.may_unmap ? 0 : BLKDEV_ZERO_NOUNMAP);
}

static void bdev_work(struct request *r)
{
	int err;

	switch (r->command.io.kind) {
	case SCSI_IO_UNMAP:
		err = bdev_unmap(r);
		break;
	case SCSI_IO_ZERO:
		err = bdev_zero(r);
		break;
	case SCSI_IO_WRITE_SAME:
		err = bdev_write_same(r);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	if (!err && r->command.io.fua)
		err = blkdev_issue_flush(r->backing->bdev);
	request_done(r, err);
}

static u64 bdev_size(const struct backing *backing)
{
	return bdev_nr_bytes(backing->bdev);
}

static const struct backing_ops bdev_ops = {
	.submit = bdev_submit,
	.work = bdev_work,
	.size = bdev_size,
};

/**
 * backing_open_bdev() - use a block device
 * @backing: its file is one; filled in
 *
 * Return: 0, -EINVAL, -errno of writing back what was cached.
 */
int backing_open_bdev(struct backing *backing)
{
	struct block_device *bdev = I_BDEV(backing->file->f_mapping->host);
	int err = sync_blockdev(bdev);

	if (err)
		return err;
	invalidate_bdev(bdev);
	backing->ops = &bdev_ops;
	backing->bdev = bdev;
	backing->direct = true;
	backing->block_size = bdev_logical_block_size(bdev);
	backing->rotational = !bdev_nonrot(bdev);
	backing->can_unmap = bdev_max_discard_sectors(bdev);
	backing->unmap_bytes = bdev_discard_granularity(bdev);
	return backing->block_size <= SCSI_BLOCK_SIZE_MAX ? 0 : -EINVAL;
}
