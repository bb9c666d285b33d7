// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A new VHD: footer, header, paths of the parent, BAT, footer; or data and footer.
 */
#include <stdlib.h>

#include "vhd.h"

#define HEADER_AT	512u
#define PATHS_AT	1536u
#define BAT_AT		8192u	/* behind the paths, whether there are any or not */

/*
 * QEMU takes the size from the geometry, which is seldom the exact one, unless it knows the
 * program that made the disk to mean the size.  So we name the one that everybody knows.
 */
static void build_footer(struct vhd_footer *footer, const struct vhd_create *what)
{
	static const uint32_t types[VHD_KINDS] = {
		VHD_TYPE_FIXED, VHD_TYPE_DYNAMIC, VHD_TYPE_DIFFERENCING,
	};

	memset(footer, 0, sizeof(*footer));
	memcpy(footer->cookie, "conectix", 8);
	footer->features = htobe32(2);
	footer->version = htobe32(VHD_VERSION);
	footer->data_offset = what->kind == VHD_KIND_FIXED ? ~0ull : htobe64(HEADER_AT);
	footer->timestamp = htobe32(vhd_now());
	memcpy(footer->creator, "win ", 4);
	footer->creator_version = htobe32(0x000a0000);
	memcpy(footer->creator_os, "Wi2k", 4);
	footer->original_size = htobe64(what->size);
	vhd_set_size(footer, what->size);
	footer->type = htobe32(types[what->kind]);
	vhd_guid_new(&footer->id);
	vhd_seal_footer(footer);
}

static int put_fixed(struct vhd_file *file, const struct vhd_create *what,
		     const struct vhd_footer *footer)
{
	int result = file->ops->resize(file, what->size + VHD_SECTOR);

	if (!result && !(what->flags & VHD_CREATE_SPARSE)) {
		result = file->ops->reserve(file, 0, what->size);
		if (result == -EOPNOTSUPP)
			result = 0;
	}
	return result ? result : vhd_file_write(file, footer, sizeof(*footer), what->size);
}

static int put_bat(struct vhd_file *file, uint64_t length)
{
	uint8_t *none = malloc(VHD_MIB);
	int result = none ? 0 : -ENOMEM;

	if (none)
		memset(none, 0xff, VHD_MIB);
	for (uint64_t done = 0; !result && done < length; done += VHD_MIB)
		result = vhd_file_write(file, none, lesser(VHD_MIB, length - done),
					BAT_AT + done);
	free(none);
	return result;
}

static int put_tables(struct vhd_file *file, const struct vhd_create *what,
		      const struct vhd_footer *footer, struct vhd_header *header)
{
	uint64_t blocks = round_up(what->size, what->block_size) / what->block_size;
	uint64_t length = round_up(blocks * 4, VHD_SECTOR);
	int result;

	memcpy(header->cookie, "cxsparse", 8);
	header->data_offset = ~0ull;
	header->table_offset = htobe64(BAT_AT);
	header->version = htobe32(VHD_VERSION);
	header->entries = htobe32((uint32_t)blocks);
	header->block_size = htobe32(what->block_size);
	vhd_seal_header(header);
	result = vhd_file_write(file, footer, sizeof(*footer), 0);
	if (!result)
		result = vhd_file_write(file, header, sizeof(*header), HEADER_AT);
	if (!result)
		result = put_bat(file, length);
	if (!result)
		result = vhd_file_write(file, footer, sizeof(*footer), BAT_AT + length);
	return result;
}

int vhd_vhd_format(struct vhd_file *file, const struct vhd_create *what,
		   const struct vhd_disk *parent, struct vhd_error *error)
{
	struct vhd_footer footer;
	struct vhd_header header = { 0 };
	int result = 0;

	build_footer(&footer, what);
	if (parent)
		result = vhd_put_parent(file, &header, parent, PATHS_AT, error);
	if (result)
		return result;
	if (what->kind == VHD_KIND_FIXED)
		result = put_fixed(file, what, &footer);
	else
		result = put_tables(file, what, &footer, &header);
	if (result)
		return vhd_fail(error, result, "%s: cannot be written: %s", file->path,
				strerror(-result));
	return 0;
}
