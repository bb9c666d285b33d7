// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Another size for a VHDX.  The size is a metadata item, and the BAT has a larger place
 * found for it when need be; the log makes both one change.
 */
#include <stdlib.h>

#include "vhdx.h"

static int set_size(struct vhdx *x, uint64_t size)
{
	uint64_t item = htole64(size);

	return vhd_meta_write(&x->meta, &item, sizeof(item), x->items[VHDX_ITEM_SIZE].offset);
}

static int copy_bat(struct vhdx *x, uint64_t to, uint64_t length)
{
	uint8_t *buffer = malloc(VHD_MIB);
	int result = buffer ? 0 : -ENOMEM;

	for (uint64_t done = 0; !result && done < length; done += VHD_MIB) {
		result = vhd_meta_read(&x->meta, buffer, VHD_MIB, x->bat + done);
		if (!result)
			result = vhd_file_write(x->disk->file, buffer, VHD_MIB, to + done);
	}
	free(buffer);
	return result;
}

/* Both copies of the table, of which only the first sectors change, in the log. */
static int edit_regions(struct vhdx *x, uint64_t bat, uint64_t length)
{
	struct vhdx_region_table *table = malloc(VHDX_REGION_SIZE);
	int result = table ? vhd_meta_read(&x->meta, table, VHDX_REGION_SIZE, VHDX_REGION_1) :
		     -ENOMEM;
	uint32_t i = 0;

	/* Damaged, and the second copy was used. */
	if (!result && memcmp(table->signature, "regi", 4))
		result = vhd_meta_read(&x->meta, table, VHDX_REGION_SIZE, VHDX_REGION_2);
	if (!result) {
		while (i + 1 < VHDX_TABLE_ENTRIES_MAX &&
		       !guid_equal(&table->regions[i].id, &vhdx_region_bat))
			i++;
		table->regions[i].offset = htole64(bat);
		table->regions[i].length = htole32((uint32_t)length);
		table->checksum = 0;
		table->checksum = htole32(vhd_crc32c(0, table, VHDX_REGION_SIZE));
		result = vhd_meta_write(&x->meta, table, VHDX_REGION_SIZE, VHDX_REGION_1);
	}
	if (!result)
		result = vhd_meta_write(&x->meta, table, VHDX_REGION_SIZE, VHDX_REGION_2);
	free(table);
	return result;
}

static int move_bat(struct vhdx *x, uint64_t entries)
{
	uint64_t length = round_up(entries * 8, VHDX_ALIGN);
	uint64_t old = x->bat, old_length = x->bat_length;
	uint64_t bat = 0;
	int result = vhdx_flush(x->disk);

	if (!result)
		result = vhdx_find_space(x, length, &bat);
	if (!result)
		result = copy_bat(x, bat, old_length);
	vhd_meta_forget(&x->meta, bat, length);
	if (!result)
		result = edit_regions(x, bat, length);
	if (!result)
		result = vhd_space_free(&x->space, old / VHDX_ALIGN, old_length / VHDX_ALIGN);
	if (result)
		return result;
	x->bat = bat;
	x->bat_length = length;
	return vhdx_flush(x->disk);
}

/* Blocks that a fixed disk has at once. */
static int fill(struct vhdx *x, uint64_t first, uint64_t blocks)
{
	int result = 0;

	for (uint64_t block = first; !result && x->leave_allocated && block < blocks; block++) {
		struct vhd_place place;

		result = vhdx_allocate(x->disk, block * x->disk->block_size, 1, &place);
		if (!result)
			result = x->disk->file->ops->reserve(x->disk->file, place.offset,
							     x->disk->block_size);
		if (result == -EOPNOTSUPP)
			result = 0;
	}
	return result;
}

static int wipe_entry(struct vhdx *x, uint64_t at)
{
	uint64_t entry, none = 0;
	int result = vhd_meta_read(&x->meta, &entry, sizeof(entry), at);

	if (result || !entry)
		return result;
	if (x->meta.dirty >= 64)
		result = vhdx_flush(x->disk);
	return result ? result : vhd_meta_write(&x->meta, &none, sizeof(none), at);
}

/* A shrink that was cut off may have left something beyond the end. */
static int wipe(struct vhdx *x, uint64_t blocks, uint64_t new_blocks)
{
	uint32_t ratio = x->chunk_ratio;
	int result = 0;

	for (uint64_t block = blocks; !result && block < new_blocks; block++)
		result = wipe_entry(x, x->bat + 8 * (block + block / ratio));
	for (uint64_t chunk = round_up(blocks, ratio) / ratio;
	     !result && x->has_parent && chunk < round_up(new_blocks, ratio) / ratio; chunk++)
		result = wipe_entry(x, x->bat + 8 * (chunk * (ratio + 1ull) + ratio));
	return result;
}

static int grow(struct vhdx *x, uint64_t size)
{
	struct vhd_disk *disk = x->disk;
	uint64_t blocks = round_up(size, disk->block_size) / disk->block_size;
	uint64_t entries = vhdx_bat_entries(x, blocks, x->has_parent);
	uint64_t old_size = disk->size, old_blocks = x->blocks;
	int result = 0;

	if (entries * 8 > x->bat_length)
		result = move_bat(x, entries);
	if (!result)
		result = wipe(x, old_blocks, blocks);
	if (result)
		return result;
	disk->size = size;
	x->blocks = blocks;
	result = vhd_darken(disk, old_size);
	if (!result)
		result = fill(x, old_blocks, blocks);
	if (!result)
		result = set_size(x, size);
	if (!result)
		result = vhdx_flush(disk);
	if (result) {
		disk->size = old_size;
		x->blocks = old_blocks;
	}
	return result;
}

/* An entry beyond the end is not present, so that it is empty when the disk grows. */
static int drop(struct vhdx *x, uint64_t block)
{
	uint64_t at = x->bat + 8 * (block + block / x->chunk_ratio);
	uint64_t entry, none = 0;
	int result = vhdx_get_entry(x, block, &entry);
	unsigned int state = entry & VHDX_BAT_STATE;

	if (result || !entry)
		return result;
	if (x->meta.dirty >= 64)
		result = vhdx_flush(x->disk);
	if (!result && (state == VHDX_FULLY_PRESENT || state == VHDX_PARTIALLY_PRESENT))
		result = vhd_space_free(&x->space, (entry & VHDX_BAT_OFFSET) / VHDX_ALIGN,
					x->disk->block_size / VHDX_ALIGN);
	return result ? result : vhd_meta_write(&x->meta, &none, sizeof(none), at);
}

/* The size first: a disk that is cut off half way has only blocks too many. */
static int shrink(struct vhdx *x, uint64_t size)
{
	struct vhd_disk *disk = x->disk;
	uint64_t blocks = round_up(size, disk->block_size) / disk->block_size;
	uint64_t old_blocks = x->blocks;
	int result = set_size(x, size);

	if (!result)
		result = vhdx_flush(disk);
	if (result)
		return result;
	disk->size = size;
	x->blocks = blocks;
	for (uint64_t block = blocks; !result && block < old_blocks; block++)
		result = drop(x, block);
	return result ? result : vhdx_flush(disk);
}

int vhdx_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags)
{
	struct vhdx *x = vhdx_of(disk);

	if (size > VHDX_SIZE_MAX)
		return vhd_fail(&disk->error, -EFBIG, "%s: a VHDX has 64 TiB at most",
				disk->file->path);
	return size > disk->size ? grow(x, size) : shrink(x, size);
}
