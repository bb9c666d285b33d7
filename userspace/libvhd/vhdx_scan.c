// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A look at the whole BAT of a VHDX: what is taken in the file, and by whom twice.  A
 * disk is opened for writing only when this finds nothing.
 */
#include <inttypes.h>

#include "vhdx.h"

/* Counts a fault in check, else is the error. */
static int fault(struct vhdx *x, struct vhd_check *check, int result)
{
	if (!check || result != -EUCLEAN)
		return result;
	vhd_fault(check, "%s", x->disk->error.text);
	x->disk->error.code = 0;
	return 0;
}

static int take(struct vhdx *x, struct vhd_check *check, uint64_t offset, uint64_t length,
		const char *what, uint64_t number)
{
	int result = vhd_space_take(&x->space, offset / VHDX_ALIGN, length / VHDX_ALIGN);

	if (result == -EEXIST)
		result = vhd_bad(x->disk, "BAT.FileOffsetMB", "%#" PRIx64
				 " of %s %" PRIu64 " overlaps another block or region", offset,
				 what, number);
	else if (result == -ERANGE)
		result = vhd_bad(x->disk, "RegionTable.FileOffset",
				 "%#" PRIx64 " of %s lies beyond the end of the file", offset,
				 what);
	return fault(x, check, result);
}

static int scan_block(struct vhdx *x, struct vhd_check *check, uint64_t block)
{
	uint64_t entry;
	int result = vhdx_get_entry(x, block, &entry);
	unsigned int state = entry & VHDX_BAT_STATE;

	if (result)
		return fault(x, check, result);
	if (state != VHDX_FULLY_PRESENT && state != VHDX_PARTIALLY_PRESENT)
		return 0;
	if (check)
		check->blocks++;
	if (state == VHDX_PARTIALLY_PRESENT) {
		uint64_t bitmap;

		result = vhdx_get_bitmap_entry(x, block / x->chunk_ratio, &bitmap);
		if (!result && (bitmap & VHDX_BAT_STATE) != VHDX_BITMAP_PRESENT)
			result = vhd_bad(x->disk, "BAT.State", "of block %" PRIu64
					 " is 7, but it has no sector bitmap", block);
		result = fault(x, check, result);
	}
	return result ? result : take(x, check, entry & VHDX_BAT_OFFSET, x->disk->block_size,
				      "block", block);
}

static int scan_bitmap(struct vhdx *x, struct vhd_check *check, uint64_t chunk)
{
	uint64_t entry;
	int result = vhdx_get_bitmap_entry(x, chunk, &entry);

	if (result)
		return fault(x, check, result);
	if ((entry & VHDX_BAT_STATE) != VHDX_BITMAP_PRESENT)
		return 0;
	return take(x, check, entry & VHDX_BAT_OFFSET, VHDX_ALIGN, "sector bitmap", chunk);
}

static int take_regions(struct vhdx *x, struct vhd_check *check)
{
	int result = take(x, check, 0, VHDX_ALIGN, "the header", 0);

	if (!result)
		result = take(x, check, x->header.log_offset, x->header.log_length, "the log", 0);
	if (!result)
		result = take(x, check, x->bat, x->bat_length, "the BAT", 0);
	if (!result)
		result = take(x, check, x->metadata, x->metadata_length, "the metadata", 0);
	for (uint32_t i = 0; !result && i < x->others_count; i++)
		result = take(x, check, x->others[i].offset, x->others[i].length, "region", i);
	return result;
}

/**
 * vhdx_scan() - learn what is taken
 * @x: loaded
 * @check: where to count faults; NULL: the first one is an error
 *
 * Return: 0 with x->space filled in, or an error.
 */
int vhdx_scan(struct vhdx *x, struct vhd_check *check)
{
	uint64_t chunks = round_up(x->blocks, x->chunk_ratio) / x->chunk_ratio;
	int result;

	vhd_space_fini(&x->space);
	if (x->disk->file->size > VHDX_FILE_MAX)
		return vhd_bad(x->disk, "file", "is larger than 66 TiB");
	result = vhd_space_init(&x->space, round_up(x->disk->file->size, VHDX_ALIGN) / VHDX_ALIGN);
	if (!result)
		result = take_regions(x, check);
	for (uint64_t block = 0; !result && block < x->blocks; block++)
		result = scan_block(x, check, block);
	for (uint64_t chunk = 0; !result && x->has_parent && chunk < chunks; chunk++)
		result = scan_bitmap(x, check, chunk);
	return result ? vhd_io_error(x->disk, result, "reading the BAT") : 0;
}
