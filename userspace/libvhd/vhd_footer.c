// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Footer and dynamic disk header of a VHD.
 *
 * The footer is the last sector of the file, and of disks that are not fixed also the
 * first.  While such a disk grows, the one at the end may be lost for a moment.
 */
#include <time.h>

#include "vhd.h"

#define EPOCH	946684800	/* 2000-01-01, in seconds since 1970 */

static uint32_t checksum(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += bytes[i];
	return ~sum;
}

void vhd_seal_footer(struct vhd_footer *footer)
{
	footer->checksum = 0;
	footer->checksum = htobe32(checksum(footer, sizeof(*footer)));
}

void vhd_seal_header(struct vhd_header *header)
{
	header->checksum = 0;
	header->checksum = htobe32(checksum(header, sizeof(*header)));
}

uint32_t vhd_bitmap_size(uint32_t block_size)
{
	return (uint32_t)round_up(block_size / VHD_SECTOR / 8, VHD_SECTOR);
}

uint32_t vhd_now(void)
{
	return (uint32_t)(time(NULL) - EPOCH);
}

struct geometry {
	uint32_t cylinders, heads, sectors;
};

/* "Appendix: CHS Calculation" */
static struct geometry geometry_of(uint64_t sectors)
{
	struct geometry g;
	uint64_t tracks;

	sectors = lesser(sectors, 65535ull * 16 * 255);
	if (sectors >= 65535ull * 16 * 63) {
		g.sectors = 255;
		g.heads = 16;
		tracks = sectors / g.sectors;
	} else {
		g.sectors = 17;
		tracks = sectors / g.sectors;
		g.heads = (uint32_t)greater((tracks + 1023) / 1024, 4);
		if (tracks >= g.heads * 1024 || g.heads > 16) {
			g.sectors = 31;
			g.heads = 16;
			tracks = sectors / g.sectors;
		}
		if (tracks >= g.heads * 1024) {
			g.sectors = 63;
			g.heads = 16;
			tracks = sectors / g.sectors;
		}
	}
	g.cylinders = (uint32_t)(tracks / g.heads);
	return g;
}

void vhd_set_size(struct vhd_footer *footer, uint64_t size)
{
	struct geometry g = geometry_of(size / VHD_SECTOR);

	footer->size = htobe64(size);
	footer->cylinders = htobe16((uint16_t)g.cylinders);
	footer->heads = (uint8_t)g.heads;
	footer->sectors = (uint8_t)g.sectors;
}

static bool read_footer(struct vhd_file *file, uint64_t at, struct vhd_footer *footer)
{
	struct vhd_footer copy;

	if (!within(at, sizeof(*footer), file->size) ||
	    vhd_file_read(file, footer, sizeof(*footer), at) ||
	    memcmp(footer->cookie, "conectix", 8))
		return false;
	copy = *footer;
	vhd_seal_footer(&copy);
	return copy.checksum == footer->checksum;
}

static uint64_t last_sector(const struct vhd_file *file)
{
	return file->size < VHD_SECTOR ? 0 : file->size - VHD_SECTOR;
}

static bool has_cookie(struct vhd_file *file, uint64_t at)
{
	char cookie[8];

	return within(at, VHD_SECTOR, file->size) &&
	       !vhd_file_read(file, cookie, sizeof(cookie), at) &&
	       !memcmp(cookie, "conectix", 8);
}

bool vhd_vhd_probe(struct vhd_file *file)
{
	return has_cookie(file, 0) || has_cookie(file, last_sector(file));
}

static int check_footer(struct vhd *v)
{
	const struct vhd_footer *footer = &v->footer;
	struct vhd_disk *disk = v->disk;
	uint64_t size = be64toh(footer->size);
	uint32_t type = be32toh(footer->type);

	if (be32toh(footer->version) >> 16 != VHD_VERSION >> 16)
		return vhd_bad(disk, "Footer.FileFormatVersion", "is %#x: only 1.0 is known",
			       be32toh(footer->version));
	if (type < VHD_TYPE_FIXED || type > VHD_TYPE_DIFFERENCING)
		return vhd_bad(disk, "Footer.DiskType", "is %u: only 2, 3 and 4 are known",
			       type);
	if (!size || size % VHD_SECTOR || size > 2 * VHD_TIB)
		return vhd_bad(disk, "Footer.CurrentSize",
			       "is %llu: not whole sectors up to 2 TiB",
			       (unsigned long long)size);
	if (type == VHD_TYPE_FIXED && !within(size, VHD_SECTOR, disk->file->size))
		return vhd_bad(disk, "Footer.CurrentSize", "is %llu: the file ends before that",
			       (unsigned long long)size);
	disk->size = size;
	disk->kind = type == VHD_TYPE_FIXED ? VHD_KIND_FIXED :
		     type == VHD_TYPE_DYNAMIC ? VHD_KIND_DYNAMIC : VHD_KIND_DIFFERENCING;
	return 0;
}

int vhd_load_footer(struct vhd *v)
{
	struct vhd_file *file = v->disk->file;

	v->footer_lost = !read_footer(file, last_sector(file), &v->footer);
	if (v->footer_lost && !read_footer(file, 0, &v->footer))
		return vhd_bad(v->disk, "Footer.Checksum", "is wrong%s",
			       has_cookie(file, 0) ? " in both copies" : "");
	if (v->footer_lost && be32toh(v->footer.type) == VHD_TYPE_FIXED)
		return vhd_bad(v->disk, "Footer", "is not at the end of the file");
	v->end = v->footer_lost ? round_up(file->size, VHD_SECTOR) : last_sector(file);
	return check_footer(v);
}

static int check_header(struct vhd *v)
{
	const struct vhd_header *header = &v->header;
	struct vhd_disk *disk = v->disk;
	uint64_t blocks;

	if (be32toh(header->version) >> 16 != VHD_VERSION >> 16)
		return vhd_bad(disk, "Header.HeaderVersion", "is %#x: only 1.0 is known",
			       be32toh(header->version));
	if (!power_of_two(disk->block_size) || disk->block_size < VHD_BLOCK_MIN ||
	    disk->block_size > VHD_BLOCK_MAX)
		return vhd_bad(disk, "Header.BlockSize",
			       "is %u: not a power of two from 256 KiB to 256 MiB",
			       disk->block_size);
	blocks = round_up(disk->size, disk->block_size) / disk->block_size;
	if (v->entries < blocks)
		return vhd_bad(disk, "Header.MaxTableEntries", "is %u: the disk has %llu blocks",
			       v->entries, (unsigned long long)blocks);
	if (v->bat % VHD_SECTOR || v->bat < VHD_SECTOR ||
	    !within(v->bat, blocks * 4, disk->file->size) ||
	    overlap(v->bat, blocks * 4, v->header_at, sizeof(*header)))
		return vhd_bad(disk, "Header.TableOffset",
			       "is %#llx: the BAT lies not in the file, or on the header",
			       (unsigned long long)v->bat);
	return 0;
}

int vhd_load_header(struct vhd *v)
{
	struct vhd_header *header = &v->header, copy;
	struct vhd_disk *disk = v->disk;
	int result;

	v->header_at = be64toh(v->footer.data_offset);
	if (v->header_at % VHD_SECTOR || v->header_at < VHD_SECTOR ||
	    !within(v->header_at, sizeof(*header), disk->file->size))
		return vhd_bad(disk, "Footer.DataOffset", "is %#llx: no header can be there",
			       (unsigned long long)v->header_at);
	result = vhd_file_read(disk->file, header, sizeof(*header), v->header_at);
	if (result)
		return vhd_io_error(disk, result, "reading the header");
	if (memcmp(header->cookie, "cxsparse", 8))
		return vhd_bad(disk, "Header.Cookie", "is not \"cxsparse\"");
	copy = *header;
	vhd_seal_header(&copy);
	if (copy.checksum != header->checksum)
		return vhd_bad(disk, "Header.Checksum", "is wrong");
	disk->block_size = be32toh(header->block_size);
	v->bat = be64toh(header->table_offset);
	v->entries = be32toh(header->entries);
	v->bitmap_size = vhd_bitmap_size(disk->block_size);
	return check_header(v);
}
