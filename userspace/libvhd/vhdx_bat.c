// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The block allocation table of a VHDX and its sector bitmaps ([MS-VHDX] 2.4, 2.5).
 *
 * After each chunk_ratio payload blocks the table has an entry for their sector bitmap
 * block: a bit for each sector, set when the sector is in this disk, not in its parent.
 * It counts for partially present blocks only.
 *
 * What is allocated reads as zeros, so the block can be entered into the table before its
 * data have been written: of a disk without parent as fully present, of a differencing
 * disk as partially present with no bit set.
 */
#include <inttypes.h>

#include "vhdx.h"

/* Commit when this many units are changed; one write changes a handful. */
#define DIRTY_MAX	96u

uint64_t vhdx_bat_entries(const struct vhdx *x, uint64_t blocks, bool parent)
{
	uint64_t chunks = round_up(blocks, x->chunk_ratio) / x->chunk_ratio;

	return parent ? chunks * (x->chunk_ratio + 1ull) :
			blocks + (blocks - 1) / x->chunk_ratio;
}

static uint64_t entry_at(const struct vhdx *x, uint64_t block)
{
	return x->bat + 8 * (block + block / x->chunk_ratio);
}

static uint64_t bitmap_entry_at(const struct vhdx *x, uint64_t chunk)
{
	return x->bat + 8 * (chunk * (x->chunk_ratio + 1ull) + x->chunk_ratio);
}

static int read_entry(struct vhdx *x, uint64_t at, uint64_t *entry)
{
	int result = vhd_meta_read(&x->meta, entry, sizeof(*entry), at);

	*entry = le64toh(*entry);
	return result ? vhd_io_error(x->disk, result, "reading the BAT") : 0;
}

static int write_entry(struct vhdx *x, uint64_t at, uint64_t entry)
{
	int result;

	entry = htole64(entry);
	result = vhd_meta_write(&x->meta, &entry, sizeof(entry), at);
	return result ? vhd_io_error(x->disk, result, "changing the BAT") : 0;
}

static bool present(uint64_t entry)
{
	unsigned int state = entry & VHDX_BAT_STATE;

	return state == VHDX_FULLY_PRESENT || state == VHDX_PARTIALLY_PRESENT;
}

/* Whether what an entry of a block of @length bytes says may be true. */
static int check_entry(struct vhdx *x, uint64_t entry, uint64_t length, const char *field,
		       uint64_t number)
{
	uint64_t offset = entry & VHDX_BAT_OFFSET;

	if (offset < VHDX_ALIGN || !within(offset, length, x->disk->file->size))
		return vhd_bad(x->disk, field, "of %" PRIu64 " is %#" PRIx64
			       ": beyond the end of the file, or in its header", number, entry);
	if (overlap(offset, length, x->bat, x->bat_length) ||
	    overlap(offset, length, x->metadata, x->metadata_length) ||
	    overlap(offset, length, x->header.log_offset, x->header.log_length))
		return vhd_bad(x->disk, field, "of %" PRIu64 " is %#" PRIx64
			       ": in the log, the BAT or the metadata", number, entry);
	return 0;
}

int vhdx_get_entry(struct vhdx *x, uint64_t block, uint64_t *entry)
{
	int result = read_entry(x, entry_at(x, block), entry);
	unsigned int state;

	if (result)
		return result;
	state = *entry & VHDX_BAT_STATE;
	if (state == 4 || (state == VHDX_PARTIALLY_PRESENT && !x->has_parent))
		return vhd_bad(x->disk, "BAT.State", "of block %" PRIu64 " is %u", block, state);
	if (!present(*entry))
		return 0;
	return check_entry(x, *entry, x->disk->block_size, "BAT.FileOffsetMB, payload block",
			   block);
}

int vhdx_get_bitmap_entry(struct vhdx *x, uint64_t chunk, uint64_t *entry)
{
	int result = read_entry(x, bitmap_entry_at(x, chunk), entry);
	unsigned int state;

	if (result)
		return result;
	state = *entry & VHDX_BAT_STATE;
	if (state == VHDX_NOT_PRESENT)
		return 0;
	if (state != VHDX_BITMAP_PRESENT)
		return vhd_bad(x->disk, "BAT.State", "of sector bitmap %" PRIu64 " is %u", chunk,
			       state);
	return check_entry(x, *entry, VHDX_ALIGN, "BAT.FileOffsetMB, sector bitmap", chunk);
}

/* Where the byte with the bit of the sector at @offset is. */
static int bitmap_byte(struct vhdx *x, uint64_t offset, uint64_t *at)
{
	uint64_t sector = offset / x->disk->logical_sector_size;
	uint64_t entry;
	int result = vhdx_get_bitmap_entry(x, sector >> 23, &entry);

	if (result)
		return result;
	if ((entry & VHDX_BAT_STATE) != VHDX_BITMAP_PRESENT)
		return vhd_bad(x->disk, "BAT.State", "of sector bitmap %" PRIu64
			       " is 0, yet a block there is partially present", sector >> 23);
	*at = (entry & VHDX_BAT_OFFSET) + (sector & ((1 << 23) - 1)) / 8;
	return 0;
}

/* How many bytes from @offset on have the same bit, and which; @length lies in a block. */
static int same_bits(struct vhdx *x, uint64_t offset, uint64_t length, bool *set,
		     uint64_t *same)
{
	uint32_t sector_size = x->disk->logical_sector_size;
	uint64_t bit = offset / sector_size % 8;
	uint64_t end = bit + length / sector_size;
	uint8_t bits[512];
	uint64_t at;
	int result = bitmap_byte(x, offset, &at);

	end = lesser(end, sizeof(bits) * 8);
	if (!result)
		result = vhd_meta_read(&x->meta, bits, (end + 7) / 8, at);
	if (result)
		return vhd_io_error(x->disk, result, "reading a sector bitmap");
	*set = bits[0] >> bit & 1;
	*same = 0;
	for (; bit < end && (bits[bit / 8] >> (bit % 8) & 1) == *set; bit++)
		*same += sector_size;
	return 0;
}

static int locate_partial(struct vhdx *x, uint64_t offset, struct vhd_place *place)
{
	bool set;
	int result = same_bits(x, offset, place->length, &set, &place->length);

	if (!set)
		place->where = VHD_BELOW;
	place->writable = set;
	return result;
}

int vhdx_locate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		struct vhd_place *place)
{
	struct vhdx *x = vhdx_of(disk);
	uint64_t inside = offset % disk->block_size;
	uint64_t entry;
	int result = vhdx_get_entry(x, offset / disk->block_size, &entry);

	if (result)
		return result;
	*place = (struct vhd_place){
		.where = VHD_NOWHERE,
		.length = lesser(length, disk->block_size - inside),
	};
	if (present(entry)) {
		place->where = VHD_HERE;
		place->writable = true;
		place->offset = (entry & VHDX_BAT_OFFSET) + inside;
		if (vhd_meta_is_pinned(&x->meta, place->offset, place->length))
			return vhd_bad(disk, "Log",
				       "has data of blocks: run rsctl vhd check --repair");
		if ((entry & VHDX_BAT_STATE) == VHDX_PARTIALLY_PRESENT)
			return locate_partial(x, offset, place);
	} else if ((entry & VHDX_BAT_STATE) == VHDX_NOT_PRESENT && x->has_parent) {
		place->where = VHD_BELOW;
	}
	return 0;
}

/**
 * vhdx_find_space() - space in the file that reads as zeros
 * @x: open for writing
 * @length: whole MiB
 * @offset: set to where it is
 *
 * Return: 0, or -ENOSPC, -ENOMEM, or what the file says.
 */
int vhdx_find_space(struct vhdx *x, uint64_t length, uint64_t *offset)
{
	struct vhd_file *file = x->disk->file;
	uint64_t first;
	int result = vhd_space_find(&x->space, length / VHDX_ALIGN, &first);

	if (result)
		return vhd_io_error(x->disk, result, "looking for space");
	*offset = first * VHDX_ALIGN;
	if (*offset + length > VHDX_FILE_MAX)
		return vhd_bad(x->disk, "BAT", "cannot name space beyond 66 TiB");
	if (*offset < file->size)
		result = file->ops->punch(file, *offset, lesser(length, file->size - *offset));
	if (!result && *offset + length > file->size)
		result = file->ops->resize(file, *offset + length);
	if (result) {
		/* It is free again with the next commit. */
		vhd_space_free(&x->space, first, length / VHDX_ALIGN);
		return vhd_io_error(x->disk, result, "taking space");
	}
	vhd_meta_forget(&x->meta, *offset, length);
	return 0;
}

static int want_bitmap(struct vhdx *x, uint64_t chunk)
{
	uint64_t entry, offset;
	int result = vhdx_get_bitmap_entry(x, chunk, &entry);

	if (result || (entry & VHDX_BAT_STATE) == VHDX_BITMAP_PRESENT)
		return result;
	result = vhdx_find_space(x, VHDX_ALIGN, &offset);
	if (!result)
		result = write_entry(x, bitmap_entry_at(x, chunk), offset | VHDX_BITMAP_PRESENT);
	return result;
}

static int clear_bits(struct vhdx *x, uint64_t block)
{
	static const uint8_t zeros[VHDX_PAGE];
	uint64_t size = x->disk->block_size;
	uint64_t bytes = size / x->disk->logical_sector_size / 8;
	uint64_t at;
	int result = bitmap_byte(x, block * size, &at);

	for (uint64_t done = 0; !result && done < bytes; done += sizeof(zeros))
		result = vhd_meta_write(&x->meta, zeros, lesser(sizeof(zeros), bytes - done),
					at + done);
	return result;
}

static int allocate_block(struct vhdx *x, uint64_t block, uint64_t entry)
{
	bool partial = x->has_parent && (entry & VHDX_BAT_STATE) == VHDX_NOT_PRESENT;
	uint64_t offset;
	int result = 0;

	if (x->meta.dirty >= DIRTY_MAX)
		result = vhdx_flush(x->disk);
	if (!result && partial)
		result = want_bitmap(x, block / x->chunk_ratio);
	if (!result && partial)
		result = clear_bits(x, block);
	if (!result)
		result = vhdx_find_space(x, x->disk->block_size, &offset);
	if (result)
		return result;
	return write_entry(x, entry_at(x, block),
			   offset | (partial ? VHDX_PARTIALLY_PRESENT : VHDX_FULLY_PRESENT));
}

int vhdx_allocate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		  struct vhd_place *place)
{
	struct vhdx *x = vhdx_of(disk);
	uint64_t inside = offset % disk->block_size;
	uint64_t block = offset / disk->block_size;
	uint64_t entry;
	int result = vhdx_get_entry(x, block, &entry);

	if (!result && !present(entry)) {
		result = allocate_block(x, block, entry);
		if (!result)
			result = vhdx_get_entry(x, block, &entry);
	}
	if (result)
		return result;
	*place = (struct vhd_place){
		.where = VHD_HERE,
		.length = lesser(length, disk->block_size - inside),
		.offset = (entry & VHDX_BAT_OFFSET) + inside,
		.commit = (entry & VHDX_BAT_STATE) == VHDX_PARTIALLY_PRESENT,
	};
	return 0;
}

static int set_bits(struct vhdx *x, uint64_t offset, uint64_t length)
{
	uint32_t sector_size = x->disk->logical_sector_size;
	uint64_t bit = offset / sector_size % 8;
	uint64_t end = bit + length / sector_size;
	uint8_t bits[VHDX_PAGE];
	uint64_t at;
	int result = bitmap_byte(x, offset, &at);

	while (!result && bit < end) {
		uint64_t now = lesser(end, sizeof(bits) * 8);
		size_t bytes = (now + 7) / 8;

		result = vhd_meta_read(&x->meta, bits, bytes, at);
		for (; bit < now; bit++)
			bits[bit / 8] |= (uint8_t)(1 << bit % 8);
		if (!result)
			result = vhd_meta_write(&x->meta, bits, bytes, at);
		at += bytes;
		end -= now;
		bit = 0;
	}
	return result;
}

/* A block all of whose sectors are here needs its bitmap no more. */
static int complete(struct vhdx *x, uint64_t block, uint64_t entry)
{
	uint64_t size = x->disk->block_size;
	uint64_t length = lesser(size, x->disk->size - block * size);
	uint64_t done = 0;

	while (done < length) {
		uint64_t same;
		bool set;
		int result = same_bits(x, block * size + done, length - done, &set, &same);

		if (result || !set)
			return result;
		done += same;
	}
	return write_entry(x, entry_at(x, block),
			   (entry & VHDX_BAT_OFFSET) | VHDX_FULLY_PRESENT);
}

static int written_in_block(struct vhdx *x, uint64_t block, uint64_t offset, uint64_t length)
{
	uint64_t entry;
	int result = vhdx_get_entry(x, block, &entry);

	if (result || (entry & VHDX_BAT_STATE) != VHDX_PARTIALLY_PRESENT)
		return result;
	result = set_bits(x, offset, length);
	return result ? result : complete(x, block, entry);
}

int vhdx_written(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	while (length) {
		uint64_t now = lesser(length, disk->block_size - offset % disk->block_size);
		int result = written_in_block(vhdx_of(disk), offset / disk->block_size, offset,
					      now);

		if (result)
			return vhd_io_error(disk, result, "changing a sector bitmap");
		offset += now;
		length -= now;
	}
	return 0;
}

static int discard_block(struct vhdx *x, uint64_t block)
{
	uint64_t entry;
	int result = vhdx_get_entry(x, block, &entry);
	bool had = present(entry);

	/* What reads as zeros already stays as it is. */
	if (result || (!had && !((entry & VHDX_BAT_STATE) == VHDX_NOT_PRESENT && x->has_parent)))
		return result;
	if (x->meta.dirty >= DIRTY_MAX)
		result = vhdx_flush(x->disk);
	if (!result && had)
		result = vhd_space_free(&x->space, (entry & VHDX_BAT_OFFSET) / VHDX_ALIGN,
					x->disk->block_size / VHDX_ALIGN);
	return result ? result : write_entry(x, entry_at(x, block), VHDX_UNMAPPED);
}

int vhdx_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	struct vhdx *x = vhdx_of(disk);
	uint64_t block = offset / disk->block_size;

	if (x->leave_allocated)
		return -EOPNOTSUPP;
	for (; length; length -= lesser(length, disk->block_size), block++) {
		int result = discard_block(x, block);

		if (result)
			return vhd_io_error(disk, result, "discarding");
	}
	return 0;
}
