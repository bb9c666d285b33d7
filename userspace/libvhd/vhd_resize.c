// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Another size for a VHD.  What is cut off between two flushes is a disk of the old size or
 * of the new one: a header or a footer is one sector as far as it changes.
 */
#include <stdlib.h>

#include "vhd.h"

static int too_large(struct vhd_disk *disk)
{
	return vhd_fail(&disk->error, -EFBIG,
			"%s: a VHD has 2040 GiB at most: convert it to VHDX", disk->file->path);
}

static int flush(struct vhd *v)
{
	return v->disk->file->ops->flush(v->disk->file);
}

/* One write makes the file longer and gives it its footer: it is never without one. */
static int fixed_grow(struct vhd *v, uint64_t size)
{
	static const uint8_t zeros[VHD_SECTOR];
	struct vhd_file *file = v->disk->file;
	uint64_t old_end = v->end;
	int result;

	v->end = size;
	vhd_set_size(&v->footer, size);
	result = vhd_put_footer(v);
	if (!result)
		result = flush(v);
	/* The old footer is a sector of the disk now. */
	if (!result && old_end + VHD_SECTOR <= size)
		result = vhd_file_write(file, zeros, sizeof(zeros), old_end);
	return result ? result : flush(v);
}

static int fixed_shrink(struct vhd *v, uint64_t size)
{
	int result;

	v->end = size;
	vhd_set_size(&v->footer, size);
	result = vhd_put_footer(v);
	if (!result)
		result = flush(v);
	if (!result)
		result = v->disk->file->ops->resize(v->disk->file, size + VHD_SECTOR);
	return result ? result : flush(v);
}

int vhd_fixed_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags)
{
	struct vhd *v = vhd_of(disk);
	int result;

	if (size > VHD_SIZE_MAX)
		return too_large(disk);
	result = size > disk->size ? fixed_grow(v, size) : fixed_shrink(v, size);
	if (result)
		return vhd_break(disk, result, "changing the size");
	disk->size = size;
	return 0;
}

static int copy_bat(struct vhd *v, uint64_t to, uint64_t length)
{
	uint8_t *table = malloc(length);
	int result;

	if (!table)
		return -ENOMEM;
	memset(table, 0xff, length);
	result = vhd_meta_read(&v->meta, table, 4ull * v->entries, v->bat);
	if (!result)
		result = vhd_file_write(v->disk->file, table, length, to);
	free(table);
	return result;
}

/* The header's fields that change are in its first sector. */
static int put_header(struct vhd *v)
{
	vhd_seal_header(&v->header);
	return vhd_file_write(v->disk->file, &v->header, VHD_SECTOR, v->header_at);
}

/* A larger BAT goes to the end; the old one is lost space. */
static int move_bat(struct vhd *v, uint64_t entries)
{
	uint64_t length = round_up(entries * 4, VHD_SECTOR);
	uint64_t to = v->end;
	int result = vhd_bat_flush(v->disk);

	if (!result)
		result = v->disk->file->ops->resize(v->disk->file, to + length + VHD_SECTOR);
	if (!result)
		result = copy_bat(v, to, length);
	vhd_meta_forget(&v->meta, to, length);
	v->end = to + length;
	if (!result)
		result = vhd_put_footer(v);
	if (!result)
		result = flush(v);
	v->header.table_offset = htobe64(to);
	v->header.entries = htobe32((uint32_t)entries);
	if (!result)
		result = put_header(v);
	if (result)
		return result;
	v->bat = to;
	v->entries = (uint32_t)entries;
	return flush(v);
}

/* Both copies of the footer; the last one counts while it is there. */
static int put_footers(struct vhd *v, uint64_t size)
{
	int result;

	vhd_set_size(&v->footer, size);
	result = vhd_put_footer(v);
	if (!result)
		result = flush(v);
	if (!result)
		result = vhd_file_write(v->disk->file, &v->footer, sizeof(v->footer), 0);
	return result ? result : flush(v);
}

/* A shrink that was cut off may have left something beyond the end. */
static int wipe(struct vhd *v, uint64_t blocks, uint64_t new_blocks)
{
	static const uint32_t none = VHD_NONE;
	int result = 0;

	for (uint64_t block = blocks; !result && block < new_blocks; block++) {
		uint32_t entry;

		result = vhd_meta_read(&v->meta, &entry, sizeof(entry), v->bat + 4 * block);
		if (!result && entry != none)
			result = vhd_meta_write(&v->meta, &none, sizeof(none),
						v->bat + 4 * block);
	}
	return result;
}

static int grow(struct vhd *v, uint64_t size)
{
	struct vhd_disk *disk = v->disk;
	uint64_t blocks = round_up(size, disk->block_size) / disk->block_size;
	uint64_t old_size = disk->size;
	int result = 0;

	if (blocks > v->entries)
		result = move_bat(v, blocks);
	if (!result)
		result = wipe(v, round_up(old_size, disk->block_size) / disk->block_size, blocks);
	if (result)
		return result;
	disk->size = size;
	result = vhd_darken(disk, old_size);
	if (!result)
		result = vhd_bat_flush(disk);
	if (!result)
		result = put_footers(v, size);
	if (result)
		disk->size = old_size;
	return result;
}

static int shrink(struct vhd *v, uint64_t size)
{
	struct vhd_disk *disk = v->disk;
	uint64_t first = round_up(size, disk->block_size) / disk->block_size;
	uint64_t end = round_up(disk->size, disk->block_size) / disk->block_size;
	int result = put_footers(v, size);

	if (result)
		return result;
	disk->size = size;
	for (uint64_t block = first; !result && block < end; block++)
		result = vhd_bat_drop(v, block);
	return result ? result : vhd_bat_flush(disk);
}

int vhd_bat_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags)
{
	struct vhd *v = vhd_of(disk);
	int result;

	if (size > VHD_SIZE_MAX)
		return too_large(disk);
	result = size > disk->size ? grow(v, size) : shrink(v, size);
	return result ? vhd_break(disk, result, "changing the size") : 0;
}
