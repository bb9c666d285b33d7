// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whole disks: one into another, and a differencing disk into its parent.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vhd_disk.h"

#define WINDOW		(16 * VHD_MIB)	/* read, then written, in many pieces at a time */
#define GRAIN		(64 * VHD_KIB)	/* zeros are looked for in units of this */

/**
 * struct copy - a copy that is going on
 * @from: source
 * @to: target, open for writing
 * @buffer: a window
 * @error: of whoever failed
 */
struct copy {
	struct vhd_disk *from;
	struct vhd_disk *to;
	uint8_t *buffer;
	vhd_progress *progress;
	void *context;
	uint64_t total;
	struct vhd_error *error;
};

static int failed(struct copy *copy, struct vhd_disk *disk, int result)
{
	if (result && copy->error)
		*copy->error = disk->error;
	return result;
}

static int tell(struct copy *copy, uint64_t done)
{
	int result = copy->progress ? copy->progress(copy->context, done, copy->total) : 0;

	return result ? vhd_fail(copy->error, result, "%s: was stopped", copy->to->file->path) : 0;
}

/* Nothing is in the file for this data extent: how far the hole, or the data, goes. */
static bool hole(struct vhd_disk *disk, struct vhd_extent *extent)
{
	struct vhd_file *file;
	uint64_t end;
	bool data;

	for (uint32_t depth = extent->depth; depth; depth--)
		disk = disk->parent;
	file = disk->file;
	if (file->ops->extent(file, extent->file_offset, &data, &end) ||
	    end <= extent->file_offset)
		return false;
	/* Beyond the end of the file there are zeros too, in a raw disk's last sector. */
	if (end - extent->file_offset < 4096)
		return false;
	extent->length = lesser(extent->length, round_down(end - extent->file_offset, 4096));
	return !data;
}

static int put(struct copy *copy, const uint8_t *data, uint64_t length, uint64_t offset)
{
	uint64_t done = 0;

	while (done < length) {
		bool zero = vhd_is_zero(data + done, lesser(GRAIN, length - done));
		uint64_t end = done;
		int result;

		while (end < length &&
		       vhd_is_zero(data + end, lesser(GRAIN, length - end)) == zero)
			end = lesser(length, end + GRAIN);
		result = zero ? vhd_write_zeroes(copy->to, offset + done, end - done) :
				vhd_write(copy->to, data + done, end - done, offset + done);
		if (result)
			return failed(copy, copy->to, result);
		done = end;
	}
	return 0;
}

static int copy_data(struct copy *copy, uint64_t offset, uint64_t length)
{
	while (length) {
		uint64_t now = lesser(length, WINDOW);
		uint64_t room = lesser(copy->to->size - offset,
				       round_up(now, copy->to->logical_sector_size));
		int result = vhd_read(copy->from, copy->buffer, now, offset);

		if (result)
			return failed(copy, copy->from, result);
		/* The last sector of the target may be larger than what is left. */
		memset(copy->buffer + now, 0, room - now);
		result = put(copy, copy->buffer, room, offset);
		if (!result)
			result = tell(copy, offset + now);
		if (result)
			return result;
		offset += now;
		length -= now;
	}
	return 0;
}

/* Where zeros end in the target: its sectors may be larger. */
static int copy_zeros(struct copy *copy, uint64_t offset, uint64_t length)
{
	uint64_t unit = copy->to->logical_sector_size;
	uint64_t end = lesser(round_up(offset + length, unit), copy->to->size);

	offset = round_down(offset, unit);
	return failed(copy, copy->to, vhd_write_zeroes(copy->to, offset, end - offset));
}

static int copy_next(struct copy *copy, uint64_t offset, uint64_t *length)
{
	uint64_t unit = copy->to->logical_sector_size;
	struct vhd_extent extent;
	int result = vhd_map(copy->from, offset, copy->from->size - offset, &extent);

	if (result)
		return failed(copy, copy->from, result);
	*length = extent.length;
	/* Extents of 512-byte sectors may begin and end within the target's sectors. */
	if (extent.length % unit && offset + extent.length < copy->from->size) {
		*length = lesser(round_up(extent.length, VHD_MIB), copy->from->size - offset);
		return copy_data(copy, offset, *length);
	}
	if (extent.kind == VHD_EXTENT_ZERO || hole(copy->from, &extent)) {
		*length = extent.length;
		return copy_zeros(copy, offset, *length);
	}
	*length = extent.length;
	return copy_data(copy, offset, *length);
}

/**
 * vhd_copy() - make a disk read as another one
 * @from: open
 * @to: open for writing, not smaller
 * @progress: called now and then; may be NULL
 * @context: for @progress
 * @error: filled in; may be NULL
 *
 * Zeros are not written where the target has them.  The target is flushed.
 *
 * Return: 0, or an error, or what @progress ended it with; the target is incomplete then.
 */
int vhd_copy(struct vhd_disk *from, struct vhd_disk *to, vhd_progress *progress, void *context,
	     struct vhd_error *error)
{
	struct copy copy = {
		.from = from, .to = to, .progress = progress, .context = context,
		.total = from->size, .error = error,
	};
	uint64_t offset = 0;
	int result = 0;

	if (to->size < from->size)
		return vhd_fail(error, -EFBIG, "%s: is smaller than %s", to->file->path,
				from->file->path);
	copy.buffer = malloc(WINDOW + 4096);
	if (!copy.buffer)
		return vhd_fail(error, -ENOMEM, "out of memory");
	while (!result && offset < from->size) {
		uint64_t length = 0;

		result = copy_next(&copy, offset, &length);
		offset += length;
		if (!result)
			result = tell(&copy, lesser(offset, from->size));
	}
	offset = round_up(from->size, to->logical_sector_size);
	if (!result && offset < to->size)
		result = failed(&copy, to, vhd_write_zeroes(to, offset, to->size - offset));
	free(copy.buffer);
	return result ? result : failed(&copy, to, vhd_flush(to));
}

/* What @child has itself goes to the parent. */
static int merge_next(struct copy *copy, uint64_t offset, uint64_t *length)
{
	struct vhd_disk *child = copy->from;
	struct vhd_place place;
	int result = child->ops->locate(child, offset, child->size - offset, &place);

	if (result)
		return failed(copy, child, result);
	*length = place.length;
	if (place.where == VHD_BELOW)
		return 0;
	if (place.where == VHD_NOWHERE)
		return failed(copy, copy->to,
			      vhd_write_zeroes(copy->to, offset, place.length));
	return copy_data(copy, offset, place.length);
}

static int merge(struct copy *copy)
{
	struct vhd_disk *child = copy->from, *parent = copy->to;
	uint64_t offset = 0, length = 0;
	int result = 0;

	if (child->format == VHD_FORMAT_VHDX)
		result = failed(copy, child, vhd_vhdx_begin_merge(child, parent));
	if (!result && parent->size < child->size)
		result = failed(copy, parent, vhd_resize(parent, child->size, 0));
	for (; !result && offset < child->size; offset += length) {
		result = merge_next(copy, offset, &length);
		if (!result)
			result = tell(copy, offset);
	}
	if (!result)
		result = failed(copy, parent, vhd_flush(parent));
	return result ? result : tell(copy, child->size);
}

/* The child without its parents, and its parent for writing. */
static int reopen(struct vhd_disk *disk, struct vhd_disk **child, struct vhd_disk **parent,
		  struct vhd_error *error)
{
	struct vhd_file *below, *file = NULL;
	int result = disk->file->ops->open(disk->file, disk->parent->file->path, VHD_OPEN_WRITE,
					   &below, error);

	if (!result) {
		result = disk->file->ops->open(disk->file, disk->file->path, VHD_OPEN_WRITE,
					       &file, error);
		if (result)
			below->ops->close(below);
	}
	vhd_close(disk, NULL);
	if (result)
		return result;
	result = vhd_open_file(below, VHD_OPEN_WRITE, parent, error);
	if (result)
		file->ops->close(file);
	else
		result = vhd_open_file(file, VHD_OPEN_WRITE | VHD_OPEN_NO_PARENT, child, error);
	return result;
}

int vhd_merge_file(struct vhd_file *file, vhd_progress *progress, void *context,
		   struct vhd_error *error)
{
	struct copy copy = { .progress = progress, .context = context, .error = error };
	struct vhd_disk *disk;
	int result = vhd_open_file(file, 0, &disk, error);

	if (result)
		return result;
	if (!disk->parent) {
		vhd_fail(error, -EINVAL, "%s: is not a differencing disk", disk->file->path);
		vhd_close(disk, NULL);
		return -EINVAL;
	}
	result = reopen(disk, &copy.from, &copy.to, error);
	copy.buffer = malloc(WINDOW + 4096);
	if (!result && !copy.buffer)
		result = vhd_fail(error, -ENOMEM, "out of memory");
	if (!result) {
		copy.total = copy.from->size;
		result = merge(&copy);
	}
	free(copy.buffer);
	if (result) {
		vhd_close(copy.to, NULL);
		vhd_close(copy.from, NULL);
		return result;
	}
	result = vhd_close(copy.to, error);
	vhd_close(copy.from, NULL);
	return result;
}

/**
 * vhd_merge() - write what a differencing disk has into its parent
 * @path: of the differencing disk
 * @progress: called now and then; may be NULL
 * @context: for @progress
 * @error: filled in; may be NULL
 *
 * The parent then reads as the disk did, and grows to its size if need be.  Cut off half way,
 * the disk still reads as it did, and is merged again.  Other disks with the same parent are
 * lost.  The disk itself stays.
 *
 * Return: 0 or an error.
 */
int vhd_merge(const char *path, vhd_progress *progress, void *context, struct vhd_error *error)
{
	struct vhd_file *file;
	int result = vhd_file_open(path, 0, &file, error);

	return result ? result : vhd_merge_file(file, progress, context, error);
}
