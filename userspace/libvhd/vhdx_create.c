// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A new VHDX: header, log, BAT, metadata, each in MiB of their own ([MS-VHDX] 2.1).
 */
#include <stdlib.h>

#include "vhdx.h"

#define LOG		VHDX_ALIGN
#define LOG_LENGTH	VHD_MIB
#define METADATA	(LOG + LOG_LENGTH)
#define BAT		(METADATA + VHD_MIB)

static uint64_t bat_length(const struct vhd_create *what)
{
	struct vhdx x = {
		.chunk_ratio = (uint32_t)(((uint64_t)what->logical_sector_size << 23) /
					  what->block_size),
	};
	uint64_t blocks = round_up(what->size, what->block_size) / what->block_size;

	return round_up(vhdx_bat_entries(&x, blocks, what->kind == VHD_KIND_DIFFERENCING) * 8,
			VHDX_ALIGN);
}

static int put_first(struct vhd_file *file, const struct vhd_create *what)
{
	static const char creator[] = "Rootstock libvhd";
	struct vhdx_header header;
	uint8_t *data = calloc(1, VHDX_REGION_SIZE);
	int result;

	if (!data)
		return -ENOMEM;
	memcpy(data, VHDX_SIGNATURE, 8);
	vhd_utf16_from(creator, data + 8, 512, false);
	result = vhd_file_write(file, data, VHDX_REGION_SIZE, VHDX_FILE_ID);
	memset(&header, 0, sizeof(header));
	vhd_guid_new(&header.file_write);
	vhd_guid_new(&header.data_write);
	header.version = 1;
	header.log_length = LOG_LENGTH;
	header.log_offset = LOG;
	for (unsigned int slot = 0; !result && slot < 2; slot++) {
		struct vhdx_header sealed = header;

		sealed.sequence = slot + 1;
		vhdx_seal_header(&sealed);
		result = vhd_file_write(file, &sealed, sizeof(sealed),
					slot ? VHDX_HEADER_2 : VHDX_HEADER_1);
	}
	vhdx_build_regions(data, BAT, bat_length(what), METADATA, VHD_MIB);
	if (!result)
		result = vhd_file_write(file, data, VHDX_REGION_SIZE, VHDX_REGION_1);
	if (!result)
		result = vhd_file_write(file, data, VHDX_REGION_SIZE, VHDX_REGION_2);
	free(data);
	return result;
}

/* All blocks of a fixed disk are there, one after another. */
static int put_fixed_bat(struct vhd_file *file, const struct vhd_create *what)
{
	uint64_t first = BAT + bat_length(what);
	uint64_t blocks = round_up(what->size, what->block_size) / what->block_size;
	uint32_t ratio = (uint32_t)(((uint64_t)what->logical_sector_size << 23) /
				    what->block_size);
	uint64_t *bat = calloc(1, VHD_MIB);
	uint64_t at = BAT;
	unsigned int used = 0;
	int result = bat ? 0 : -ENOMEM;

	for (uint64_t block = 0; !result && block < blocks; block++) {
		bat[used++] = htole64((first + block * what->block_size) | VHDX_FULLY_PRESENT);
		if (block % ratio == ratio - 1)
			bat[used++] = 0;
		/* Room for the two of the next turn. */
		if (used >= VHD_MIB / 8 - 1 || block == blocks - 1) {
			result = vhd_file_write(file, bat, used * 8, at);
			at += used * 8;
			used = 0;
		}
	}
	free(bat);
	return result;
}

static int put_data(struct vhd_file *file, const struct vhd_create *what)
{
	uint64_t length = what->kind == VHD_KIND_FIXED ?
			  round_up(what->size, what->block_size) : 0;
	uint64_t first = BAT + bat_length(what);
	int result = file->ops->resize(file, first + length);

	if (result || !length)
		return result;
	if (!(what->flags & VHD_CREATE_SPARSE)) {
		result = file->ops->reserve(file, first, length);
		if (result == -EOPNOTSUPP)
			result = 0;
	}
	return result ? result : put_fixed_bat(file, what);
}

int vhd_vhdx_format(struct vhd_file *file, const struct vhd_create *what,
		    const struct vhd_disk *parent, struct vhd_error *error)
{
	uint8_t *region = calloc(1, VHD_MIB);
	int result;

	if (!region)
		return vhd_fail(error, -ENOMEM, "%s: out of memory", file->path);
	result = vhdx_build_metadata(region, what, file->path, parent, error);
	if (result) {
		free(region);
		return result;
	}
	result = put_data(file, what);
	if (!result)
		result = vhd_file_write(file, region, VHD_MIB, METADATA);
	if (!result)
		result = put_first(file, what);
	free(region);
	if (result)
		return vhd_fail(error, result, "%s: cannot be written: %s", file->path,
				strerror(-result));
	return 0;
}
