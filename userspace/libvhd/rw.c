// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads and writes of a disk, whatever its format and its parents.
 */
#include <stdlib.h>

#include "vhd_disk.h"

#define BATCH		64u		/* transfers at a time */
#define PIECE		VHD_MIB		/* a longer one is cut, so that parts go side by side */
#define MERGE_MAX	1024u		/* places that may become one extent */

/**
 * struct batch - transfers that are done together
 * @count: of them
 * @from, @to: what vhd_written() is owed of the disk
 */
struct batch {
	struct vhd_io ios[BATCH];
	unsigned int count;
	uint64_t from;
	uint64_t to;
};

static int check_range(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	disk->error.code = 0;
	if (offset % disk->logical_sector_size || length % disk->logical_sector_size)
		return vhd_fail(&disk->error, -EINVAL,
				"%s: %llu bytes at %llu are not whole sectors",
				disk->file->path, (unsigned long long)length,
				(unsigned long long)offset);
	if (!within(offset, length, disk->size))
		return vhd_fail(&disk->error, -ERANGE,
				"%s: %llu bytes at %llu lie beyond the end of the disk",
				disk->file->path, (unsigned long long)length,
				(unsigned long long)offset);
	return 0;
}

/* As check_range(), and the disk is ready to be changed. */
static int begin_change(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	int result = check_range(disk, offset, length);

	if (result)
		return result;
	if (!(disk->flags & VHD_OPEN_WRITE) || (disk->flags & VHD_OPEN_CHECK))
		return vhd_fail(&disk->error, -EROFS, "%s: is not open for writing",
				disk->file->path);
	if (disk->broken)
		return vhd_fail(&disk->error, disk->broken,
				"%s: an earlier write was lost: close it, and check it",
				disk->file->path);
	if (disk->touched)
		return 0;
	result = disk->ops->touch(disk);
	disk->touched = !result;
	/* Data that were there may be written in place from now on. */
	result = vhd_end_change(disk, result, 0, disk->size);
	return vhd_io_error(disk, result, "the first change");
}

static int map_one(struct vhd_disk *top, uint64_t offset, uint64_t length,
		   struct vhd_extent *extent)
{
	struct vhd_disk *disk = top;
	struct vhd_place place;

	*extent = (struct vhd_extent){ .kind = VHD_EXTENT_ZERO, .length = length };
	for (; disk && offset < disk->size; disk = disk->parent, extent->depth++) {
		int result;

		extent->length = lesser(extent->length, disk->size - offset);
		result = disk->ops->locate(disk, offset, extent->length, &place);
		if (result && disk != top)
			top->error = disk->error;
		if (result)
			return result;
		extent->length = place.length;
		if (place.where == VHD_BELOW)
			continue;
		if (place.where == VHD_NOWHERE)
			break;
		extent->kind = VHD_EXTENT_DATA;
		extent->file_offset = place.offset;
		if (disk == top && place.writable && top->touched && !top->broken)
			extent->flags = VHD_EXTENT_WRITABLE;
		return 0;
	}
	extent->depth = 0;
	return 0;
}

static bool continues(const struct vhd_extent *extent, const struct vhd_extent *next)
{
	if (extent->kind != next->kind || extent->flags != next->flags ||
	    extent->depth != next->depth)
		return false;
	return extent->kind == VHD_EXTENT_ZERO ||
	       extent->file_offset + extent->length == next->file_offset;
}

static int map_range(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		     struct vhd_extent *extent)
{
	int result = map_one(disk, offset, length, extent);

	for (unsigned int i = 0; !result && i < MERGE_MAX && extent->length < length; i++) {
		struct vhd_extent next;

		/* What is wrong further on is told when it is asked for. */
		if (map_one(disk, offset + extent->length, length - extent->length, &next) ||
		    !continues(extent, &next)) {
			disk->error.code = 0;
			break;
		}
		extent->length += next.length;
	}
	return result;
}

/**
 * vhd_map() - where a range of the disk is
 * @disk: open
 * @offset: of the range
 * @length: of the range, not 0
 * @extent: where its first bytes are, and how many of them
 *
 * Nothing is changed.  An extent is true until the next call that changes @disk, and
 * longer: data stay where they are until they are discarded or the disk is resized.  Zeros
 * become data, and a parent's data the disk's own, by vhd_allocate() and vhd_written() alone.
 *
 * Return: 0, or -EUCLEAN when the metadata are wrong there.
 */
int vhd_map(struct vhd_disk *disk, uint64_t offset, uint64_t length, struct vhd_extent *extent)
{
	int result = check_range(disk, offset, length);

	if (!result && !length)
		result = -EINVAL;
	if (!result)
		result = map_range(disk, offset, length, extent);
	return vhd_io_error(disk, result, "looking for data");
}

/**
 * vhd_allocate() - make room for a write
 * @disk: open for writing
 * @offset: of what is to be written
 * @length: of it, not 0
 * @extent: where to write its first bytes, and how many of them
 *
 * With VHD_EXTENT_COMMIT in its flags, readers see what was there before until
 * vhd_written(); else the extent can be read and written from now on.
 *
 * Return: 0, or -ENOSPC and the like, with the disk as it was.
 */
int vhd_allocate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		 struct vhd_extent *extent)
{
	struct vhd_place place;
	int result = begin_change(disk, offset, length);

	if (!result && !length)
		result = -EINVAL;
	if (!result)
		result = disk->ops->allocate(disk, offset, length, &place);
	if (result)
		return vhd_end_change(disk, vhd_io_error(disk, result, "making room"), 0, 0);
	*extent = (struct vhd_extent){
		.kind = VHD_EXTENT_DATA,
		.flags = VHD_EXTENT_WRITABLE | (place.commit ? VHD_EXTENT_COMMIT : 0),
		.length = place.length,
		.file_offset = place.offset,
	};
	return vhd_end_change(disk, 0, offset, place.length);
}

/**
 * vhd_written() - what vhd_allocate() made room for has been written
 * @disk: open for writing
 * @offset: of what was written, and only of that
 * @length: of it
 *
 * Return: 0 or an error.
 */
int vhd_written(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	int result = begin_change(disk, offset, length);

	if (result)
		return result;
	result = disk->ops->written(disk, offset, length);
	return vhd_end_change(disk, result, offset, length);
}

static int run(struct vhd_disk *disk, struct batch *batch)
{
	int result = 0;

	if (batch->count)
		result = disk->file->ops->batch(disk->file, batch->ios, batch->count);
	batch->count = 0;
	if (!result && batch->to > batch->from)
		result = disk->ops->written(disk, batch->from, batch->to - batch->from);
	batch->from = batch->to;
	return result;
}

static int add(struct vhd_disk *disk, struct batch *batch, const struct vhd_io *whole)
{
	struct vhd_io io = *whole;
	int result = 0;

	while (!result && io.length) {
		size_t left = io.length;

		io.length = lesser(left, PIECE);
		batch->ios[batch->count++] = io;
		io.buffer = (uint8_t *)io.buffer + io.length;
		io.offset += io.length;
		io.length = left - io.length;
		/* The caller says what is owed only after all of it is here. */
		if (batch->count == BATCH && io.length)
			result = disk->file->ops->batch(disk->file, batch->ios, BATCH);
		if (batch->count == BATCH && io.length)
			batch->count = 0;
	}
	return result;
}

static struct vhd_file *file_at(struct vhd_disk *disk, uint32_t depth)
{
	while (depth--)
		disk = disk->parent;
	return disk->file;
}

/**
 * vhd_read() - read from the disk
 * @disk: open
 * @buffer: for the data
 * @length: of them
 * @offset: in the disk
 *
 * Return: 0 or an error, after which @buffer has anything.
 */
int vhd_read(struct vhd_disk *disk, void *buffer, size_t length, uint64_t offset)
{
	struct batch batch = { 0 };
	uint8_t *to = buffer;
	int result = check_range(disk, offset, length);

	while (!result && length) {
		struct vhd_extent extent;
		struct vhd_io io = { .buffer = to };

		result = map_range(disk, offset, length, &extent);
		if (result)
			break;
		if (extent.kind == VHD_EXTENT_ZERO) {
			memset(to, 0, extent.length);
		} else {
			io.file = file_at(disk, extent.depth);
			io.length = extent.length;
			io.offset = extent.file_offset;
			result = add(disk, &batch, &io);
		}
		if (!result && batch.count == BATCH)
			result = run(disk, &batch);
		to += extent.length;
		offset += extent.length;
		length -= extent.length;
	}
	if (!result)
		result = run(disk, &batch);
	return vhd_io_error(disk, result, "reading");
}

/* A write is one range, so what it owes is one too. */
static void owe(struct batch *batch, uint64_t offset, uint64_t length)
{
	if (batch->to == batch->from)
		batch->from = offset;
	batch->to = offset + length;
}

static int write_range(struct vhd_disk *disk, const void *buffer, size_t length,
		       uint64_t offset, bool durable)
{
	const uint64_t first = offset, whole = length;
	struct batch batch = { 0 };
	const uint8_t *from = buffer;
	int result = begin_change(disk, offset, length);

	while (!result && length) {
		struct vhd_io io = { .file = disk->file, .write = true, .durable = durable };
		struct vhd_place place;

		result = disk->ops->allocate(disk, offset, length, &place);
		if (result)
			break;
		io.buffer = (void *)from;
		io.length = place.length;
		io.offset = place.offset;
		result = add(disk, &batch, &io);
		if (place.commit)
			owe(&batch, offset, place.length);
		if (!result && batch.count == BATCH)
			result = run(disk, &batch);
		from += place.length;
		offset += place.length;
		length -= place.length;
	}
	if (!result)
		result = run(disk, &batch);
	result = vhd_io_error(disk, result, "writing");
	return vhd_end_change(disk, result, first, whole - length);
}

/**
 * vhd_write() - write to the disk
 * @disk: open for writing
 * @buffer: the data
 * @length: of them
 * @offset: in the disk
 *
 * Return: 0, and it can be read, and is durable after vhd_flush(); or an error, after which
 * each sector has what it had or what it was to get.
 */
int vhd_write(struct vhd_disk *disk, const void *buffer, size_t length, uint64_t offset)
{
	return write_range(disk, buffer, length, offset, false);
}

/**
 * vhd_write_fua() - write to the disk, durably
 * @disk: open for writing
 * @buffer: the data
 * @length: of them
 * @offset: in the disk
 *
 * Of a raw disk only these data go to the medium; of others, all is flushed.
 *
 * Return: 0, and they survive a power loss; or an error, as of vhd_write() or vhd_flush().
 */
int vhd_write_fua(struct vhd_disk *disk, const void *buffer, size_t length, uint64_t offset)
{
	bool raw = disk->format == VHD_FORMAT_RAW;
	int result = write_range(disk, buffer, length, offset, raw);

	return result || raw ? result : vhd_flush(disk);
}

/**
 * vhd_flush() - make durable what was written
 * @disk: open for writing
 *
 * Return: 0: all writes that had returned before it was called survive a power loss.  An
 * error is for good: what was written since the last flush may be lost.
 */
int vhd_flush(struct vhd_disk *disk)
{
	disk->error.code = 0;
	if (disk->broken)
		return vhd_fail(&disk->error, disk->broken,
				"%s: an earlier write was lost: close it, and check it",
				disk->file->path);
	return disk->touched ? vhd_end_change(disk, disk->ops->flush(disk), 0, 0) : 0;
}

/* The whole blocks of a range; the last block of the disk may be short. */
static void whole_blocks(const struct vhd_disk *disk, uint64_t *offset, uint64_t *length)
{
	uint64_t unit = disk->block_size ? disk->block_size : disk->logical_sector_size;
	uint64_t end = *offset + *length;
	uint64_t first = round_up(*offset, unit);

	if (end != disk->size)
		end = round_down(end, unit);
	*length = end > first ? end - first : 0;
	*offset = first;
}

/**
 * vhd_discard() - the data of a range are not needed any more
 * @disk: open for writing
 * @offset: of the range
 * @length: of it
 *
 * Blocks that lie in it wholly read as zeros and give their space back, where the format
 * can say so; all else is left alone.
 *
 * Return: 0 or an error.
 */
int vhd_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	int result = begin_change(disk, offset, length);

	if (result)
		return result;
	whole_blocks(disk, &offset, &length);
	if (!length)
		return 0;
	result = vhd_begin_move(disk, offset, length);
	if (result)
		return result;
	result = disk->ops->discard(disk, offset, length);
	result = result == -EOPNOTSUPP ? 0 : vhd_io_error(disk, result, "discarding");
	return vhd_end_move(disk, result, offset, length);
}

static int write_zeros(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	static uint8_t zeros[VHD_MIB];
	int result = 0;

	while (!result && length) {
		uint64_t now = lesser(length, sizeof(zeros));

		result = vhd_write(disk, zeros, now, offset);
		offset += now;
		length -= now;
	}
	return result;
}

/* Data at @extent become zeros; *@length is for how many of them, cut where need be. */
static int zero_data(struct vhd_disk *disk, uint64_t offset, uint64_t *length,
		     const struct vhd_extent *extent)
{
	struct vhd_file *file = file_at(disk, extent->depth);
	uint64_t whole = offset, whole_length, end;
	bool data = true;
	int result;

	*length = extent->length;
	if (!file->ops->extent(file, extent->file_offset, &data, &end) && end > extent->file_offset)
		*length = lesser(*length, end - extent->file_offset);
	/* Holes are found in the file's units; the disk's must be kept. */
	*length = greater(round_down(*length, disk->logical_sector_size),
			  disk->logical_sector_size);
	if (!data)
		return 0;
	whole_length = *length;
	whole_blocks(disk, &whole, &whole_length);
	if (!whole_length || whole != offset) {
		if (whole_length)
			*length = whole - offset;
		return write_zeros(disk, offset, *length);
	}
	result = disk->ops->discard(disk, whole, whole_length);
	if (result == -EOPNOTSUPP)
		return write_zeros(disk, offset, *length);
	*length = whole_length;
	return result;
}

/**
 * vhd_write_zeroes() - make a range read as zeros
 * @disk: open for writing
 * @offset: of the range
 * @length: of it
 *
 * It is not written where it need not be.
 *
 * Return: 0 or an error.
 */
int vhd_write_zeroes(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	const uint64_t first = offset, whole = length;
	int result = begin_change(disk, offset, length);

	if (!result)
		result = vhd_begin_move(disk, offset, length);
	if (result)
		return result;
	while (!result && length) {
		struct vhd_extent extent;
		uint64_t now;

		result = map_range(disk, offset, length, &extent);
		if (result)
			break;
		now = extent.length;
		if (extent.kind == VHD_EXTENT_DATA)
			result = zero_data(disk, offset, &now, &extent);
		offset += now;
		length -= now;
	}
	return vhd_end_move(disk, vhd_io_error(disk, result, "writing zeros"), first, whole);
}

int vhd_darken(struct vhd_disk *disk, uint64_t old_size)
{
	uint64_t end = disk->parent ? disk->parent->size : 0;

	if (disk->block_size)
		end = greater(end, round_up(old_size, disk->block_size));
	end = lesser(end, disk->size);
	return end > old_size ? vhd_write_zeroes(disk, old_size, end - old_size) : 0;
}

/**
 * vhd_resize() - change the size of a disk
 * @disk: open for writing, with its parents
 * @size: the new one; rounded up to whole sectors
 * @flags: VHD_RESIZE_SHRINK, if it may become smaller
 *
 * Return: 0; -EPERM when it would become smaller, -EFBIG when the format does not have the size.
 */
int vhd_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags)
{
	int result = begin_change(disk, 0, 0);

	if (result)
		return result;
	if (!size || size > 64 * VHD_TIB)
		return vhd_fail(&disk->error, -EFBIG, "%s: the size is not from 1 to 64 TiB",
				disk->file->path);
	size = round_up(size, disk->logical_sector_size);
	if (size == disk->size)
		return 0;
	if (size < disk->size && !(flags & VHD_RESIZE_SHRINK))
		return vhd_fail(&disk->error, -EPERM,
				"%s: its data beyond %llu bytes would be lost: allow it to shrink",
				disk->file->path, (unsigned long long)size);
	result = vhd_begin_move(disk, 0, greater(size, disk->size));
	if (result)
		return result;
	result = vhd_io_error(disk, disk->ops->resize(disk, size, flags), "changing the size");
	return vhd_end_move(disk, result, 0, disk->size);
}
