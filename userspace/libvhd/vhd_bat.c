// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The block allocation table of a VHD and the sector bitmaps before the blocks.
 *
 * There is no log.  A block is complete in the file - its bitmap, zeros, and the footer
 * behind it - before a flush, and only after it do its entry and the bits of what was
 * written follow, which a second flush makes durable.  Entries and bitmap sectors are
 * parts of one sector each, and any order of them is right: an entry without bits shows
 * the parent, bits without an entry are not seen.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "vhd.h"

#define DIRTY_MAX	1024u	/* units, half a MiB */
#define APPLY_MAX	128u

int vhd_get_entry(struct vhd *v, uint64_t block, uint64_t *offset)
{
	struct vhd_disk *disk = v->disk;
	uint64_t length = vhd_block_size(v);
	uint32_t entry;
	int result = vhd_meta_read(&v->meta, &entry, sizeof(entry), v->bat + 4 * block);

	if (result)
		return vhd_io_error(disk, result, "reading the BAT");
	entry = be32toh(entry);
	*offset = entry == VHD_NONE ? 0 : (uint64_t)entry * VHD_SECTOR;
	if (entry == VHD_NONE)
		return 0;
	if (*offset < VHD_SECTOR || !within(*offset, length, disk->file->size) ||
	    overlap(*offset, length, v->header_at, sizeof(v->header)) ||
	    overlap(*offset, length, v->bat, 4ull * v->entries)) {
		*offset = 0;
		return vhd_bad(disk, "BAT", "entry %" PRIu64
			       " is %#x: outside of the file, or in its header or BAT", block,
			       entry);
	}
	return 0;
}

static int set_entry(struct vhd *v, uint64_t block, uint64_t offset)
{
	uint32_t entry = htobe32(offset ? (uint32_t)(offset / VHD_SECTOR) : VHD_NONE);
	int result = vhd_meta_write(&v->meta, &entry, sizeof(entry), v->bat + 4 * block);

	return result ? vhd_io_error(v->disk, result, "changing the BAT") : 0;
}

static bool bit_of(const uint8_t *bits, uint64_t bit)
{
	return bits[bit / 8] >> (7 - bit % 8) & 1;
}

/* How many bytes from @inside on have the same bit in the bitmap at @at, and which. */
static int same_bits(struct vhd *v, uint64_t at, uint64_t inside, uint64_t length, bool *set,
		     uint64_t *same)
{
	uint64_t first = inside / VHD_SECTOR;
	uint64_t end = first + length / VHD_SECTOR;
	uint8_t bits[VHD_SECTOR];
	uint64_t base = round_down(first, 8);
	int result;

	end = lesser(end, base + sizeof(bits) * 8);
	result = vhd_meta_read(&v->meta, bits, (end - base + 7) / 8, at + base / 8);
	if (result)
		return vhd_io_error(v->disk, result, "reading a sector bitmap");
	*set = bit_of(bits, first - base);
	*same = 0;
	for (; first < end && bit_of(bits, first - base) == *set; first++)
		*same += VHD_SECTOR;
	return 0;
}

/* A dynamic disk's sectors are all here once the block is: bits are for others to see. */
int vhd_bat_locate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		   struct vhd_place *place)
{
	struct vhd *v = vhd_of(disk);
	uint64_t inside = offset % disk->block_size;
	bool differencing = disk->kind == VHD_KIND_DIFFERENCING;
	uint64_t at;
	int result = vhd_get_entry(v, offset / disk->block_size, &at);

	if (result)
		return result;
	*place = (struct vhd_place){
		.where = differencing ? VHD_BELOW : VHD_NOWHERE,
		.length = lesser(length, disk->block_size - inside),
	};
	if (!at)
		return 0;
	result = same_bits(v, at, inside, place->length, &place->writable, &place->length);
	if (!differencing || place->writable)
		place->where = VHD_HERE;
	place->offset = at + v->bitmap_size + inside;
	return result;
}

int vhd_put_footer(struct vhd *v)
{
	v->footer.timestamp = htobe32(vhd_now());
	vhd_seal_footer(&v->footer);
	v->footer_lost = false;
	return vhd_file_write(v->disk->file, &v->footer, sizeof(v->footer), v->end);
}

/* A place that reads as zeros, with its bitmap; data begin at a multiple of 4 KiB. */
static int find_space(struct vhd *v, uint64_t *offset)
{
	struct vhd_file *file = v->disk->file;
	uint64_t end;

	if (v->spare_old) {
		*offset = v->spare[--v->spare_old];
		v->spare[v->spare_old] = v->spare[--v->spare_count];
		return file->ops->punch(file, *offset, vhd_block_size(v));
	}
	*offset = round_up(v->end + v->bitmap_size, 4096) - v->bitmap_size;
	end = *offset + vhd_block_size(v);
	if (end / VHD_SECTOR >= VHD_NONE)
		return -EFBIG;
	if (end + VHD_SECTOR > file->size) {
		int result = file->ops->resize(file, end + VHD_SECTOR);

		if (result)
			return result;
	}
	v->end = end;
	return vhd_put_footer(v);
}

static int put_bitmap(struct vhd *v, uint64_t offset)
{
	uint8_t *bitmap = malloc(v->bitmap_size);
	int result;

	if (!bitmap)
		return -ENOMEM;
	memset(bitmap, v->disk->kind == VHD_KIND_DIFFERENCING ? 0 : 0xff, v->bitmap_size);
	result = vhd_file_write(v->disk->file, bitmap, v->bitmap_size, offset);
	free(bitmap);
	vhd_meta_forget(&v->meta, offset, vhd_block_size(v) + VHD_SECTOR);
	return result;
}

static int allocate_block(struct vhd *v, uint64_t block, uint64_t *offset)
{
	int result = 0;

	if (v->meta.dirty >= DIRTY_MAX)
		result = vhd_bat_flush(v->disk);
	if (!result)
		result = find_space(v, offset);
	if (!result)
		result = put_bitmap(v, *offset);
	if (result)
		return vhd_io_error(v->disk, result, "taking space");
	return set_entry(v, block, *offset);
}

int vhd_bat_allocate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		     struct vhd_place *place)
{
	struct vhd *v = vhd_of(disk);
	uint64_t inside = offset % disk->block_size;
	uint64_t block = offset / disk->block_size;
	uint64_t at;
	bool set;
	int result = vhd_get_entry(v, block, &at);

	if (!result && !at)
		result = allocate_block(v, block, &at);
	if (result)
		return result;
	*place = (struct vhd_place){
		.where = VHD_HERE,
		.length = lesser(length, disk->block_size - inside),
		.offset = at + v->bitmap_size + inside,
	};
	result = same_bits(v, at, inside, place->length, &set, &place->length);
	place->commit = !set;
	return result;
}

static int set_bits(struct vhd *v, uint64_t at, uint64_t inside, uint64_t length)
{
	uint64_t bit = inside / VHD_SECTOR;
	uint64_t end = bit + length / VHD_SECTOR;

	while (bit < end) {
		uint64_t base = round_down(bit, 8);
		uint64_t now = lesser(end, base + VHD_SECTOR * 8ull);
		uint8_t bits[VHD_SECTOR];
		size_t bytes = (now - base + 7) / 8;
		int result = vhd_meta_read(&v->meta, bits, bytes, at + base / 8);

		for (; bit < now; bit++)
			bits[(bit - base) / 8] |= (uint8_t)(0x80 >> bit % 8);
		if (!result)
			result = vhd_meta_write(&v->meta, bits, bytes, at + base / 8);
		if (result)
			return result;
	}
	return 0;
}

int vhd_bat_written(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	struct vhd *v = vhd_of(disk);

	while (length) {
		uint64_t inside = offset % disk->block_size;
		uint64_t now = lesser(length, disk->block_size - inside);
		uint64_t at;
		int result = vhd_get_entry(v, offset / disk->block_size, &at);

		if (!result && at)
			result = set_bits(v, at, inside, now);
		if (result)
			return vhd_io_error(disk, result, "changing a sector bitmap");
		offset += now;
		length -= now;
	}
	return 0;
}

static int keep_spare(struct vhd *v, uint64_t offset)
{
	if (v->spare_count == v->spare_room) {
		uint32_t room = v->spare_room * 2 + 64;
		uint64_t *spare = realloc(v->spare, room * sizeof(*spare));

		if (!spare)
			return -ENOMEM;
		v->spare = spare;
		v->spare_room = room;
	}
	v->spare[v->spare_count++] = offset;
	return 0;
}

int vhd_bat_drop(struct vhd *v, uint64_t block)
{
	uint64_t at;
	int result = vhd_get_entry(v, block, &at);

	if (result || !at)
		return result;
	if (v->meta.dirty >= DIRTY_MAX)
		result = vhd_bat_flush(v->disk);
	if (!result)
		result = keep_spare(v, at);
	return result ? result : set_entry(v, block, 0);
}

/* A differencing disk cannot say that it has zeros but by having them. */
int vhd_bat_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	uint64_t block = offset / disk->block_size;

	if (disk->kind == VHD_KIND_DIFFERENCING)
		return -EOPNOTSUPP;
	for (; length; length -= lesser(length, disk->block_size), block++) {
		int result = vhd_bat_drop(vhd_of(disk), block);

		if (result)
			return vhd_io_error(disk, result, "discarding");
	}
	return 0;
}

static void give_back(struct vhd *v)
{
	struct vhd_file *file = v->disk->file;

	for (; v->spare_old < v->spare_count; v->spare_old++)
		file->ops->punch(file, v->spare[v->spare_old], vhd_block_size(v));
}

int vhd_bat_flush(struct vhd_disk *disk)
{
	struct vhd *v = vhd_of(disk);
	struct vhd_file *file = disk->file;
	int result = file->ops->flush(file);
	bool dirty = v->meta.dirty;

	while (!result && v->meta.dirty) {
		struct vhd_page *pages[APPLY_MAX];
		unsigned int count = vhd_meta_dirty(&v->meta, pages, APPLY_MAX);

		result = vhd_meta_apply(&v->meta, pages, count);
	}
	if (!result && dirty)
		result = file->ops->flush(file);
	if (result)
		return vhd_break(disk, result, "flushing");
	give_back(v);
	return 0;
}

/* One table of the offsets of all blocks, in order. */
static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static int fault(struct vhd *v, struct vhd_check *check, int result)
{
	if (!check || result != -EUCLEAN)
		return result;
	vhd_fault(check, "%s", v->disk->error.text);
	v->disk->error.code = 0;
	return 0;
}

static int find_overlaps(struct vhd *v, struct vhd_check *check, uint64_t *offsets,
			 uint64_t count)
{
	int result = 0;

	qsort(offsets, count, sizeof(*offsets), compare);
	for (uint64_t i = 0; !result && i + 1 < count; i++)
		if (offsets[i + 1] - offsets[i] < vhd_block_size(v))
			result = fault(v, check, vhd_bad(v->disk, "BAT", "two blocks overlap at %#"
							 PRIx64, offsets[i + 1]));
	if (count && offsets[count - 1] + vhd_block_size(v) > v->end)
		v->end = offsets[count - 1] + vhd_block_size(v);
	v->end = greater(v->end, v->header_at + sizeof(v->header));
	v->end = greater(v->end, round_up(v->bat + 4ull * v->entries, VHD_SECTOR));
	return result;
}

/**
 * vhd_scan() - look at all entries of the BAT
 * @v: loaded
 * @check: where to count faults; NULL: the first one is an error
 *
 * Return: 0, and nothing that is used lies beyond v->end; or an error.
 */
int vhd_scan(struct vhd *v, struct vhd_check *check)
{
	uint64_t blocks = round_up(v->disk->size, v->disk->block_size) / v->disk->block_size;
	uint64_t *offsets = malloc(blocks * sizeof(*offsets));
	uint64_t count = 0, used;
	int result = offsets ? 0 : -ENOMEM;

	for (uint64_t block = 0; !result && block < blocks; block++) {
		result = fault(v, check, vhd_get_entry(v, block, &offsets[count]));
		count += !result && offsets[count];
	}
	if (!result)
		result = find_overlaps(v, check, offsets, count);
	free(offsets);
	used = count * vhd_block_size(v);
	if (!result && check) {
		check->blocks = count;
		check->leaked = v->end > used + v->bat + 4ull * v->entries + 4096 * (count + 2) ?
				v->end - used - v->bat - 4ull * v->entries : 0;
	}
	return result ? vhd_io_error(v->disk, result, "reading the BAT") : 0;
}
