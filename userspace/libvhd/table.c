// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A table of where the units of a disk are, for a kernel that does the I/O itself, and whom to
 * tell when it changes.
 */
#include "vhd_disk.h"

#define UNIT_FIXED	(32 * VHD_MIB)	/* where nothing is allocated, any will do */

/**
 * vhd_table_unit() - what one entry of a disk's table is about
 * @disk: open
 *
 * Return: bytes, a power of two: the smallest block of the disk and its parents.
 */
uint64_t vhd_table_unit(const struct vhd_disk *disk)
{
	uint64_t unit = UNIT_FIXED;

	for (; disk; disk = disk->parent)
		if (disk->block_size)
			unit = lesser(unit, disk->block_size);
	return unit;
}

static uint64_t entry_of(const struct vhd_extent *extent, uint64_t offset)
{
	if (extent->kind == VHD_EXTENT_ZERO)
		return VHD_ENTRY_ZERO;
	return VHD_ENTRY_DATA | (extent->flags & VHD_EXTENT_WRITABLE ? VHD_ENTRY_WRITABLE : 0) |
	       (uint64_t)extent->depth << VHD_ENTRY_FILE_SHIFT | (extent->file_offset + offset);
}

static bool can_say(const struct vhd_extent *extent)
{
	return extent->kind == VHD_EXTENT_ZERO ||
	       (!(extent->file_offset & ~VHD_ENTRY_OFFSET) && extent->depth < VHD_CHAIN_MAX);
}

/**
 * vhd_table() - where some units of a disk are
 * @disk: open
 * @first: number of the first unit
 * @count: of units, that begin in the disk
 * @entries: filled in: VHD_ENTRY_*
 *
 * A unit that lies in several places, or whose metadata are wrong, is to be asked for.
 *
 * Return: 0, or -ERANGE.
 */
int vhd_table(struct vhd_disk *disk, uint64_t first, uint32_t count, uint64_t *entries)
{
	uint64_t unit = vhd_table_unit(disk);
	uint64_t units = (disk->size + unit - 1) / unit;
	uint64_t at = first * unit, end;

	if (!within(first, count, units))
		return vhd_fail(&disk->error, -ERANGE, "%s: units beyond the end of the disk",
				disk->file->path);
	memset(entries, 0, count * sizeof(*entries));
	end = lesser((first + count) * unit, disk->size);
	while (at < end) {
		struct vhd_extent extent;
		uint64_t stop = at + unit;

		if (!vhd_map(disk, at, end - at, &extent)) {
			stop = at + extent.length;
			for (uint64_t i = at; can_say(&extent) && i < stop; i += unit)
				if (lesser(i + unit, disk->size) <= stop)
					entries[i / unit - first] = entry_of(&extent, i - at);
		}
		/* What a unit has behind its first extent does not matter any more. */
		at = round_up(stop, unit);
	}
	return 0;
}

/**
 * vhd_watch() - be told when extents, and entries of the table, change
 * @disk: open
 * @watch: whom to tell, valid until the disk is closed; NULL: nobody
 */
void vhd_watch(struct vhd_disk *disk, const struct vhd_watch *watch)
{
	disk->watch = watch;
}

int vhd_begin_move(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	int result = 0;

	if (disk->watch && length && !disk->moves)
		result = disk->watch->revoke(disk->watch->context, offset, length);
	disk->moves += !result;
	return vhd_io_error(disk, result, "taking extents back");
}

/* Who is told calls again, and shall not lose what went wrong. */
static void tell(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	struct vhd_error error = disk->error;

	if (!disk->watch || !length || disk->moves)
		return;
	disk->watch->changed(disk->watch->context, offset, length);
	disk->error = error;
}

int vhd_end_change(struct vhd_disk *disk, int result, uint64_t offset, uint64_t length)
{
	if (disk->broken && !disk->told_broken) {
		disk->told_broken = true;
		if (disk->watch)
			disk->watch->revoke(disk->watch->context, 0, disk->size);
		tell(disk, 0, disk->size);
	} else {
		tell(disk, offset, length);
	}
	return result;
}

int vhd_end_move(struct vhd_disk *disk, int result, uint64_t offset, uint64_t length)
{
	disk->moves--;
	return vhd_end_change(disk, result, offset, length);
}
