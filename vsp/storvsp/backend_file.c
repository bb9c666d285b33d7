// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O on regular files: a kiocb on the guest's own pages for each request, direct where the file
 * allows it.
 *
 * The channel's worker only submits what is certain not to wait (IOCB_NOWAIT); what would, and
 * all but reading and writing, goes on in a workqueue.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/uio.h>

#include "storvsp_internal.h"

static loff_t request_position(const struct request *r)
{
	return r->command.io.lba * r->block_size;
}

static loff_t request_bytes(const struct request *r)
{
	return r->command.io.blocks * r->block_size;
}

/* ---- reading and writing */

/* Some of it is done, or it is not: a file may do less than it is asked, before it says why. */
static void file_moved(struct request *r, long result)
{
	bool direct = r->kiocb.ki_flags & IOCB_DIRECT, nowait = r->kiocb.ki_flags & IOCB_NOWAIT;

	if (result == -EINVAL && direct) {
		r->buffered = true;	/* not aligned as this file wants it */
		request_defer(r);
	} else if (result == -EAGAIN && nowait) {
		request_defer(r);
	} else if (result <= 0) {
		request_done(r, result ?: -EIO);
	} else {
		r->moved += result;
		if (r->moved < r->command.io.bytes)
			request_defer(r);
		else
			request_done(r, 0);
	}
}

static void file_complete(struct kiocb *kiocb, long result)
{
	file_moved(container_of(kiocb, struct request, kiocb), result);
}

static void prepare_kiocb(struct request *r, bool nowait)
{
	const struct backing *backing = r->backing;

	memset(&r->kiocb, 0, sizeof(r->kiocb));
	r->kiocb.ki_filp = backing->file;
	r->kiocb.ki_pos = request_position(r) + r->moved;
	r->kiocb.ki_complete = file_complete;
	r->kiocb.ki_flags = (backing->direct && !r->buffered ? IOCB_DIRECT : 0) |
			    (nowait ? IOCB_NOWAIT : 0) | (r->command.io.fua ? IOCB_DSYNC : 0);
}

static void file_move(struct request *r, bool nowait)
{
	bool writes = r->command.io.kind == SCSI_IO_WRITE;
	struct file *file = r->backing->file;
	struct iov_iter iter;
	long result;

	iov_iter_bvec(&iter, writes ? WRITE : READ, r->vecs, r->vec_count, r->command.io.bytes);
	iov_iter_advance(&iter, r->moved);
	prepare_kiocb(r, nowait);
	if (!writes) {
		result = file->f_op->read_iter(&r->kiocb, &iter);
	} else if (!nowait) {
		file_start_write(file);
		result = file->f_op->write_iter(&r->kiocb, &iter);
		file_end_write(file);
	} else if (file_start_write_trylock(file)) {
		result = file->f_op->write_iter(&r->kiocb, &iter);
		file_end_write(file);
	} else {
		result = -EAGAIN;
	}
	if (result != -EIOCBQUEUED)
		file_moved(r, result);
}

static void file_submit(struct request *r)
{
	enum scsi_io_kind kind = r->command.io.kind;
	const struct backing *backing = r->backing;

	/* a write into the page cache may wait for memory, whatever it says */
	if (backing->nowait && (kind == SCSI_IO_READ || (kind == SCSI_IO_WRITE && backing->direct)))
		file_move(r, true);
	else
		request_defer(r);
}

/* ---- the rest */

#define PUNCH	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define ZERO	(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)

static int file_unmap(struct request *r)
{
	u32 i, blocks;
	int err = 0;
	u64 lba;

	for (i = 0; i < r->command.io.range_count && !err; i++) {
		scsi_unmap_range(&r->command, i, &lba, &blocks);
		if (blocks)
			err = vfs_fallocate(r->backing->file, PUNCH, lba * r->block_size,
					    (loff_t)blocks * r->block_size);
	}
	return err;
}

/* One page, again and again. */
static int write_pattern(struct request *r, struct page *page)
{
	loff_t position = request_position(r), end = position + request_bytes(r);
	struct iov_iter iter;
	struct bio_vec vec;
	ssize_t written;

	while (position < end) {
		bvec_set_page(&vec, page, min_t(loff_t, end - position, PAGE_SIZE), 0);
		iov_iter_bvec(&iter, WRITE, &vec, 1, vec.bv_len);
		file_start_write(r->backing->file);
		written = vfs_iter_write(r->backing->file, &iter, &position, 0);
		file_end_write(r->backing->file);
		if (written != vec.bv_len)
			return written < 0 ? written : -ENOSPC;
		cond_resched();
	}
	return 0;
}

static int file_write_same(struct request *r)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 at;
	int err;

	if (!page)
		return -ENOMEM;
	for (at = 0; at < PAGE_SIZE; at += r->block_size)
		memcpy(page_address(page) + at, r->command.parameters, r->block_size);
	err = write_pattern(r, page);
	__free_page(page);
	return err;
}

static int file_zero(struct request *r)
{
	int err = vfs_fallocate(r->backing->file, r->command.io.may_unmap ? PUNCH : ZERO,
				request_position(r), request_bytes(r));

	return err == -EOPNOTSUPP ? write_pattern(r, ZERO_PAGE(0)) : err;
}

/* From where the request asks, data or a hole, as far as it goes in whole blocks. */
static int file_status(struct request *r)
{
	loff_t position = request_position(r), data, end;
	bool mapped;

	data = vfs_llseek(r->backing->file, position, SEEK_DATA);
	if (data < 0 && data != -ENXIO) {
		scsi_lba_status(&r->command, r->command.io.blocks, true);
		return 0;
	}
	mapped = data >= 0 && data < position + r->block_size;
	end = mapped ? vfs_llseek(r->backing->file, position, SEEK_HOLE) : data;
	if (end < 0)
		end = position + request_bytes(r);
	scsi_lba_status(&r->command, max_t(u64, (end - position) / r->block_size, 1), mapped);
	return 0;
}

static int file_flush(struct request *r)
{
	return vfs_fsync(r->backing->file, 1);
}

static int (*const others[])(struct request *r) = {
	[SCSI_IO_FLUSH] = file_flush,
	[SCSI_IO_UNMAP] = file_unmap,
	[SCSI_IO_ZERO] = file_zero,
	[SCSI_IO_WRITE_SAME] = file_write_same,
	[SCSI_IO_LBA_STATUS] = file_status,
};

static void file_work(struct request *r)
{
	enum scsi_io_kind kind = r->command.io.kind;
	int err;

	if (kind == SCSI_IO_READ || kind == SCSI_IO_WRITE) {
		file_move(r, false);
		return;
	}
	err = others[kind](r);
	if (!err && r->command.io.fua)
		err = file_flush(r);
	request_done(r, err);
}

static u64 file_size(const struct backing *backing)
{
	return i_size_read(file_inode(backing->file));
}

static const struct backing_ops file_ops = {
	.submit = file_submit,
	.work = file_work,
	.size = file_size,
};

/**
 * backing_open_file() - use a regular file
 * @backing:  its file is one; filled in
 * @buffered: no direct I/O
 *
 * Return: 0, -EINVAL: it cannot be read or written this way.
 */
int backing_open_file(struct backing *backing, bool buffered)
{
	struct file *file = backing->file;

	if (!file->f_op->read_iter || (file->f_mode & FMODE_WRITE && !file->f_op->write_iter))
		return -EINVAL;
	backing->ops = &file_ops;
	backing->direct = !buffered && file->f_mode & FMODE_CAN_ODIRECT;
	backing->nowait = file->f_mode & FMODE_NOWAIT;
	backing->block_size = 512;
	backing->can_unmap = file->f_op->fallocate;
	backing->unmap_zeroes = true;
	backing->unmap_bytes = i_blocksize(file_inode(file));
	return 0;
}
