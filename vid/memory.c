// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: the calls of vid.h that map it, take it away, and read which pages
 * the guest wrote.  The core keeps the map and validates addresses; here arguments
 * are checked and bitmaps carried to the caller.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vid_internal.h"

/* What a caller can make us allocate: the bitmap of a mapping of this size, 64 MiB. */
#define VID_DIRTY_SIZE_MAX	(1ull << 41)

long vid_map_gpa(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_map_gpa *map = argument;

	if (map->flags & ~VID_MAP_VALID || !(map->flags & VID_MAP_READ) || map->mbz)
		return -EINVAL;
	return rs_gpa_map(partition->core, map);
}

long vid_unmap_gpa(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_unmap_gpa *range = argument;

	return rs_gpa_unmap(partition->core, range->gpa, range->size);
}

long vid_release_gpa(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_unmap_gpa *range = argument;

	return rs_gpa_release(partition->core, range->gpa, range->size);
}

static long vid_dirty_start(struct rs_partition *core, const struct vid_dirty_log *log)
{
	return log->bitmap ? -EINVAL : rs_gpa_dirty_start(core, log->gpa, log->size);
}

static long vid_dirty_stop(struct rs_partition *core, const struct vid_dirty_log *log)
{
	return log->bitmap ? -EINVAL : rs_gpa_dirty_stop(core, log->gpa, log->size);
}

/* Bytes of the bitmap for @size bytes of guest memory: whole 64-bit words. */
static size_t vid_bitmap_bytes(u64 size)
{
	return DIV_ROUND_UP_ULL(size, 64 * HV_PAGE_SIZE) * sizeof(u64);
}

/* Bits are taken only once there is room for them, lest a bad address lose them. */
static int vid_dirty_copy(struct rs_partition *core, const struct vid_dirty_log *log,
			  u64 *bitmap, size_t bytes)
{
	void __user *user = u64_to_user_ptr(log->bitmap);
	int err;

	if (clear_user(user, bytes))
		return -EFAULT;
	err = rs_gpa_dirty_read(core, log->gpa, log->size, bitmap);
	if (!err && copy_to_user(user, bitmap, bytes))
		err = -EFAULT;
	return err;
}

static long vid_dirty_read(struct rs_partition *core, const struct vid_dirty_log *log)
{
	size_t bytes = vid_bitmap_bytes(log->size);
	u64 *bitmap;
	int err;

	bitmap = kvzalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!bitmap)
		return -ENOMEM;
	err = vid_dirty_copy(core, log, bitmap, bytes);
	kvfree(bitmap);
	return err;
}

/* By enum vid_dirty_op. */
static long (*const vid_dirty_ops[])(struct rs_partition *core,
				     const struct vid_dirty_log *log) = {
	[VID_DIRTY_START] = vid_dirty_start,
	[VID_DIRTY_STOP] = vid_dirty_stop,
	[VID_DIRTY_READ_CLEAR] = vid_dirty_read,
};

static bool vid_dirty_range_valid(u64 gpa, u64 size)
{
	u64 end;

	return size && size <= VID_DIRTY_SIZE_MAX && PAGE_ALIGNED(gpa) &&
	       PAGE_ALIGNED(size) && !check_add_overflow(gpa, size, &end) &&
	       end <= rs_gpa_limit();
}

long vid_dirty_log(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_dirty_log *log = argument;

	if (log->op >= ARRAY_SIZE(vid_dirty_ops) || log->mbz ||
	    !vid_dirty_range_valid(log->gpa, log->size))
		return -EINVAL;
	return vid_dirty_ops[log->op](partition->core, log);
}
