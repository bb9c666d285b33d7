// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parent of a differencing VHD: "Parent Locator Entries".  We read and write W2ru, a
 * relative path, and W2ku, an absolute one, both in UTF-16 of little-endian order.
 */
#include <stdlib.h>

#include "vhd.h"

#define W2RU	0x57327275u
#define W2KU	0x57326b75u
#define PLACE	2048u	/* bytes for each path that we write */

static int load_name(struct vhd *v, const struct vhd_locator *locator)
{
	uint64_t offset = be64toh(locator->offset);
	uint32_t length = be32toh(locator->length);
	uint8_t path[VHD_LOCATOR_CAP];
	int result;

	if (length > sizeof(path) || !within(offset, length, v->disk->file->size))
		return vhd_bad(v->disk, "Header.ParentLocator",
			       "at %#llx with %u bytes: not in the file, or too long",
			       (unsigned long long)offset, length);
	result = vhd_file_read(v->disk->file, path, length, offset);
	if (result)
		return result;
	if (vhd_utf16_to(path, length, false, v->names.name[v->names.count],
			 sizeof(v->names.name[0])) < 0)
		return vhd_bad(v->disk, "Header.ParentLocator",
			       "is not UTF-16 of a usual length");
	v->names.count += v->names.name[v->names.count][0] != '\0';
	return 0;
}

static int load_names_of(struct vhd *v, uint32_t code)
{
	int result = 0;

	for (unsigned int i = 0; !result && i < ARRAY_SIZE(v->header.locators); i++)
		if (be32toh(v->header.locators[i].code) == code)
			result = load_name(v, &v->header.locators[i]);
	return result;
}

int vhd_load_names(struct vhd *v)
{
	int result = load_names_of(v, W2RU);

	if (!result)
		result = load_names_of(v, W2KU);
	/* The bare name, beside the child. */
	if (!result && vhd_utf16_to(v->header.parent_name, sizeof(v->header.parent_name), true,
				    v->names.name[v->names.count],
				    sizeof(v->names.name[0])) > 0)
		v->names.count++;
	if (!result && !v->names.count)
		return vhd_bad(v->disk, "Header.ParentLocator", "has no path");
	return result ? vhd_io_error(v->disk, result, "reading a parent locator") : 0;
}

static int put_name(struct vhd_file *file, struct vhd_locator *locator, uint32_t code,
		    const char *path, uint64_t at)
{
	uint8_t text[PLACE] = { 0 };
	int length = vhd_utf16_from(path, text, sizeof(text), false);

	if (length < 0)
		return length;
	locator->code = htobe32(code);
	locator->space = htobe32(PLACE);
	locator->length = htobe32((uint32_t)length);
	locator->offset = htobe64(at);
	return vhd_file_write(file, text, sizeof(text), at);
}

/**
 * vhd_put_parent() - say in a new disk who its parent is
 * @file: of the disk
 * @header: filled in
 * @parent: open
 * @at: where 4 KiB are free for its paths
 * @error: filled in
 *
 * Return: 0 or an error.
 */
int vhd_put_parent(struct vhd_file *file, struct vhd_header *header,
		   const struct vhd_disk *parent, uint64_t at, struct vhd_error *error)
{
	const char *path = parent->file->path;
	const char *name = strrchr(path, '/');
	char relative[1024];
	int result = vhd_path_relative(file->path, path, relative, sizeof(relative));
	uint32_t timestamp;

	vhd_vhd_identity(parent, &header->parent_id, &timestamp);
	header->parent_timestamp = htobe32(timestamp);
	if (!result)
		result = put_name(file, &header->locators[0], W2RU, relative, at);
	if (!result)
		result = put_name(file, &header->locators[1], W2KU, path, at + PLACE);
	if (!result && vhd_utf16_from(name ? name + 1 : path, header->parent_name,
				      sizeof(header->parent_name) - 2, true) < 0)
		result = -ENAMETOOLONG;
	if (result)
		return vhd_fail(error, result, "%s: cannot store the path of the parent %s: %s",
				file->path, path, strerror(-result));
	return 0;
}
