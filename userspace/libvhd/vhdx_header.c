// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first MiB of a VHDX: file identifier, headers, region tables ([MS-VHDX] 2.2).
 */
#include <stdlib.h>

#include "vhdx.h"

/* 2dc27766-f623-4200-9d64-115e9bfd4a08, 8b7ca206-4790-4b9a-b8fe-575f050f886e: 2.2.3.2 */
const struct vhd_guid vhdx_region_bat = { {
	0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
	0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08 } };
const struct vhd_guid vhdx_region_metadata = { {
	0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
	0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e } };

bool vhd_vhdx_probe(struct vhd_file *file)
{
	char signature[8];

	return file->size >= sizeof(signature) &&
	       !vhd_file_read(file, signature, sizeof(signature), VHDX_FILE_ID) &&
	       !memcmp(signature, VHDX_SIGNATURE, sizeof(signature));
}

/* The checksum of @length bytes whose field for it, at @field, counts as zeros. */
static uint32_t checksum(const uint8_t *data, size_t length, size_t field)
{
	static const uint8_t zeros[4];
	uint32_t crc = vhd_crc32c(0, data, field);

	crc = vhd_crc32c(crc, zeros, sizeof(zeros));
	return vhd_crc32c(crc, data + field + 4, length - field - 4);
}

static uint64_t header_offset(unsigned int slot)
{
	return slot ? VHDX_HEADER_2 : VHDX_HEADER_1;
}

static void swap_header(struct vhdx_header *header)
{
	header->checksum = le32toh(header->checksum);
	header->sequence = le64toh(header->sequence);
	header->log_version = le16toh(header->log_version);
	header->version = le16toh(header->version);
	header->log_length = le32toh(header->log_length);
	header->log_offset = le64toh(header->log_offset);
}

static int read_header(struct vhdx *x, unsigned int slot, struct vhdx_header *header)
{
	int result = vhd_file_read(x->disk->file, header, sizeof(*header), header_offset(slot));
	uint32_t sum;

	if (result)
		return vhd_io_error(x->disk, result, "reading a header");
	sum = checksum((const uint8_t *)header, sizeof(*header),
		       offsetof(struct vhdx_header, checksum));
	swap_header(header);
	if (memcmp(header->signature, "head", 4))
		return vhd_bad(x->disk, "Header.Signature", "is not \"head\" in copy %u", slot + 1);
	if (header->checksum != sum)
		return vhd_bad(x->disk, "Header.Checksum", "is wrong in copy %u", slot + 1);
	return 0;
}

static int check_header(struct vhdx *x)
{
	const struct vhdx_header *header = &x->header;
	bool log = !guid_null(&header->log);

	if (header->version != 1)
		return vhd_bad(x->disk, "Header.Version", "is %u: only 1 is known",
			       header->version);
	if (log && header->log_version)
		return vhd_bad(x->disk, "Header.LogVersion", "is %u: only 0 is known",
			       header->log_version);
	if (header->log_length % VHDX_ALIGN || header->log_length > VHDX_LOG_CAP)
		return vhd_bad(x->disk, "Header.LogLength",
			       "is %u: not a multiple of 1 MiB up to 64 MiB", header->log_length);
	if (header->log_offset % VHDX_ALIGN ||
	    (header->log_length && header->log_offset < VHDX_ALIGN) ||
	    !within(header->log_offset, header->log_length, x->disk->file->size))
		return vhd_bad(x->disk, "Header.LogOffset",
			       "is %#llx: the log does not lie in the file at a multiple of 1 MiB",
			       (unsigned long long)header->log_offset);
	if (!header->log_length)
		return vhd_bad(x->disk, "Header.LogLength", "is 0: there is no log");
	return 0;
}

int vhdx_load_headers(struct vhdx *x)
{
	struct vhdx_header headers[2];
	int first = read_header(x, 0, &headers[0]);
	int second = read_header(x, 1, &headers[1]);

	if (first && second)
		return first;
	if (!first && !second && headers[0].sequence == headers[1].sequence &&
	    memcmp(&headers[0], &headers[1], sizeof(headers[0])))
		return vhd_bad(x->disk, "Header.SequenceNumber",
			       "is the same in two headers that differ");
	x->slot = first || (!second && headers[1].sequence > headers[0].sequence);
	x->header = headers[x->slot];
	return check_header(x);
}

/* @header in the host's order becomes the disk's, with its checksum. */
void vhdx_seal_header(struct vhdx_header *header)
{
	memcpy(header->signature, "head", 4);
	swap_header(header);
	header->checksum = 0;
	header->checksum = htole32(vhd_crc32c(0, header, sizeof(*header)));
}

int vhdx_store_header(struct vhdx *x)
{
	struct vhd_file *file = x->disk->file;
	struct vhdx_header header;
	int result;

	/* The other copy stays valid until this one is known to be there. */
	header = x->header;
	header.sequence++;
	vhdx_seal_header(&header);
	result = file->ops->flush(file);
	if (!result)
		result = vhd_file_write(file, &header, sizeof(header), header_offset(!x->slot));
	if (!result)
		result = file->ops->flush(file);
	if (result)
		return vhd_break(x->disk, result, "writing the header");
	x->header.sequence++;
	x->slot = !x->slot;
	return 0;
}

/* Not ours, but nothing else may be put there. */
static int keep_region(struct vhdx *x, uint64_t offset, uint32_t length)
{
	if (x->others_count == VHDX_OTHERS_MAX)
		return vhd_bad(x->disk, "RegionTable.EntryCount", "has too many unknown regions");
	x->others[x->others_count].offset = offset;
	x->others[x->others_count++].length = length;
	return 0;
}

static int take_region(struct vhdx *x, const struct vhdx_region *region)
{
	uint64_t offset = le64toh(region->offset);
	uint32_t length = le32toh(region->length);
	bool bat = guid_equal(&region->id, &vhdx_region_bat);
	uint64_t *at = bat ? &x->bat : &x->metadata;
	char id[40];

	if (offset % VHDX_ALIGN || length % VHDX_ALIGN || offset < VHDX_ALIGN || !length ||
	    !within(offset, length, VHDX_FILE_MAX))
		return vhd_bad(x->disk, "RegionTable.FileOffset",
			       "%#llx, length %#x: not whole MiB after the first one",
			       (unsigned long long)offset, length);
	if (!bat && !guid_equal(&region->id, &vhdx_region_metadata)) {
		if (!(le32toh(region->required) & 1))
			return keep_region(x, offset, length);
		vhd_guid_text(&region->id, id);
		return vhd_bad(x->disk, "RegionTable.Guid",
			       "a required region %s is not known", id);
	}
	if (*at)
		return vhd_bad(x->disk, "RegionTable.Guid", "a region is there twice");
	if (!within(offset, length, x->disk->file->size))
		return vhd_bad(x->disk, "RegionTable.FileOffset",
			       "%#llx, length %#x: the %s lies beyond the end of the file",
			       (unsigned long long)offset, length, bat ? "BAT" : "metadata");
	*at = offset;
	*(bat ? &x->bat_length : &x->metadata_length) = length;
	return 0;
}

static int parse_regions(struct vhdx *x, const uint8_t *data)
{
	const struct vhdx_region_table *table = (const void *)data;
	uint32_t count = le32toh(table->count);

	if (memcmp(table->signature, "regi", 4))
		return vhd_bad(x->disk, "RegionTable.Signature", "is not \"regi\"");
	if (le32toh(table->checksum) !=
	    checksum(data, VHDX_REGION_SIZE, offsetof(struct vhdx_region_table, checksum)))
		return vhd_bad(x->disk, "RegionTable.Checksum", "is wrong");
	if (count > VHDX_TABLE_ENTRIES_MAX)
		return vhd_bad(x->disk, "RegionTable.EntryCount", "is %u: more than %u", count,
			       VHDX_TABLE_ENTRIES_MAX);
	x->bat = 0;
	x->metadata = 0;
	x->others_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		int result = take_region(x, &table->regions[i]);

		if (result)
			return result;
	}
	return 0;
}

static int check_regions(struct vhdx *x)
{
	const struct vhdx_header *header = &x->header;

	if (!x->bat || !x->metadata)
		return vhd_bad(x->disk, "RegionTable", "has no %s region",
			       x->bat ? "metadata" : "BAT");
	if (overlap(x->bat, x->bat_length, x->metadata, x->metadata_length) ||
	    overlap(x->bat, x->bat_length, header->log_offset, header->log_length) ||
	    overlap(x->metadata, x->metadata_length, header->log_offset, header->log_length))
		return vhd_bad(x->disk, "RegionTable.FileOffset",
			       "BAT, metadata and log overlap");
	return 0;
}

int vhdx_load_regions(struct vhdx *x)
{
	uint8_t *data = malloc(VHDX_REGION_SIZE);
	int result = data ? vhd_meta_read(&x->meta, data, VHDX_REGION_SIZE, VHDX_REGION_1) :
		     -ENOMEM;

	if (!result && parse_regions(x, data)) {
		result = vhd_meta_read(&x->meta, data, VHDX_REGION_SIZE, VHDX_REGION_2);
		if (!result)
			result = parse_regions(x, data);
	}
	free(data);
	if (result)
		return vhd_io_error(x->disk, result, "reading the region table");
	return check_regions(x);
}

void vhdx_build_regions(uint8_t *data, uint64_t bat, uint64_t bat_length, uint64_t metadata,
			uint64_t metadata_length)
{
	struct vhdx_region_table *table = (void *)data;

	memset(data, 0, VHDX_REGION_SIZE);
	memcpy(table->signature, "regi", 4);
	table->count = htole32(2);
	table->regions[0] = (struct vhdx_region){
		.id = vhdx_region_bat, .offset = htole64(bat),
		.length = htole32((uint32_t)bat_length), .required = htole32(1),
	};
	table->regions[1] = (struct vhdx_region){
		.id = vhdx_region_metadata, .offset = htole64(metadata),
		.length = htole32((uint32_t)metadata_length), .required = htole32(1),
	};
	table->checksum = htole32(vhd_crc32c(0, data, VHDX_REGION_SIZE));
}
