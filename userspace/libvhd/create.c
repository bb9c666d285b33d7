// SPDX-License-Identifier: LGPL-2.1-or-later
/* New disks: what may be asked for, and what is taken when it is not. */
#include "vhd_disk.h"

static int check_sectors(const char *path, const struct vhd_create *what,
			 struct vhd_error *error)
{
	uint32_t logical = what->logical_sector_size, physical = what->physical_sector_size;

	if ((logical != 512 && logical != 4096) || (physical != 512 && physical != 4096))
		return vhd_fail(error, -EINVAL, "%s: sectors have 512 or 4096 bytes", path);
	if (logical != 512 && what->format != VHD_FORMAT_VHDX)
		return vhd_fail(error, -EINVAL, "%s: only a VHDX has 4096-byte sectors", path);
	if (logical > physical)
		return vhd_fail(error, -EINVAL,
				"%s: a physical sector is not smaller than a logical one", path);
	return 0;
}

static int check_sizes(const char *path, const struct vhd_create *what,
		       struct vhd_error *error)
{
	static const struct {
		uint64_t size, block_min, block_max;
		const char *limits;
	} formats[VHD_FORMATS] = {
		[VHD_FORMAT_RAW] = { 64 * VHD_TIB, 0, ~0ull, "" },
		[VHD_FORMAT_VHD] = { 2040 * VHD_GIB, 512 * VHD_KIB, 2 * VHD_MIB,
				     "512 KiB to 2 MiB" },
		[VHD_FORMAT_VHDX] = { 64 * VHD_TIB, VHD_MIB, 256 * VHD_MIB,
				      "1 MiB to 256 MiB" },
	};
	uint64_t limit = formats[what->format].size;

	if (!what->size || what->size > limit)
		return vhd_fail(error, -EFBIG, "%s: a %s has from one sector to %llu GiB", path,
				vhd_format_name(what->format),
				(unsigned long long)(limit / VHD_GIB));
	if (what->format == VHD_FORMAT_RAW)
		return 0;
	if (!power_of_two(what->block_size) ||
	    what->block_size < formats[what->format].block_min ||
	    what->block_size > formats[what->format].block_max)
		return vhd_fail(error, -EINVAL, "%s: the block size of a %s is a power of two, %s",
				path, vhd_format_name(what->format),
				formats[what->format].limits);
	return 0;
}

static int check(const char *path, const struct vhd_create *what, struct vhd_error *error)
{
	int result;

	if (what->format >= VHD_FORMATS || what->kind >= VHD_KINDS)
		return vhd_fail(error, -EINVAL, "%s: there is no such format or kind", path);
	if (what->format == VHD_FORMAT_RAW && what->kind != VHD_KIND_FIXED)
		return vhd_fail(error, -EINVAL, "%s: a raw disk is fixed", path);
	if (what->format != VHD_FORMAT_RAW && vhd_is_nbd(path))
		return vhd_fail(error, -EINVAL, "%s: what an NBD server exports is a raw disk",
				path);
	result = check_sectors(path, what, error);
	return result ? result : check_sizes(path, what, error);
}

/* What was left out. */
static void complete(struct vhd_create *what, const struct vhd_disk *parent)
{
	uint32_t large = what->kind == VHD_KIND_DIFFERENCING ? 2 * VHD_MIB : 32 * VHD_MIB;

	if (parent) {
		if (!what->size)
			what->size = parent->size;
		if (!what->logical_sector_size)
			what->logical_sector_size = parent->logical_sector_size;
		if (!what->physical_sector_size)
			what->physical_sector_size = parent->physical_sector_size;
	}
	if (!what->block_size)
		what->block_size = what->format == VHD_FORMAT_VHDX ? large : 2 * VHD_MIB;
	if (!what->logical_sector_size)
		what->logical_sector_size = 512;
	if (!what->physical_sector_size)
		what->physical_sector_size = 4096;
	what->size = round_up(what->size, what->logical_sector_size);
}

static int check_parent(const char *path, const struct vhd_create *what,
			const struct vhd_disk *parent, struct vhd_error *error)
{
	if (parent->format != what->format)
		return vhd_fail(error, -EINVAL, "%s: the parent %s is a %s: the disk must be too",
				path, parent->file->path, vhd_format_name(parent->format));
	if (parent->logical_sector_size != what->logical_sector_size)
		return vhd_fail(error, -EINVAL, "%s: the sectors of the parent have %u bytes", path,
				parent->logical_sector_size);
	if (what->size < parent->size)
		return vhd_fail(error, -EINVAL, "%s: the size is less than the parent's", path);
	return 0;
}

static int format(struct vhd_file *file, const struct vhd_create *what,
		  const struct vhd_disk *parent, struct vhd_error *error)
{
	int result;

	if (what->format == VHD_FORMAT_VHDX)
		result = vhd_vhdx_format(file, what, parent, error);
	else if (what->format == VHD_FORMAT_VHD)
		result = vhd_vhd_format(file, what, parent, error);
	else
		result = file->ops->resize(file, what->size);
	if (!result && what->format == VHD_FORMAT_RAW && !(what->flags & VHD_CREATE_SPARSE)) {
		result = file->ops->reserve(file, 0, what->size);
		if (result == -EOPNOTSUPP)
			result = 0;
	}
	if (!result)
		result = file->ops->flush(file);
	if (result && error && !error->code)
		vhd_fail(error, result, "%s: %s", file->path, strerror(-result));
	return result;
}

/* @what may be incomplete; its parent's path is seen from @file, or from here. */
static int create(struct vhd_file *file, const char *path, const struct vhd_create *asked,
		  struct vhd_disk *parent, struct vhd_error *error)
{
	struct vhd_create what = *asked;
	int result;

	complete(&what, parent);
	result = check(path, &what, error);
	if (!result && parent)
		result = check_parent(path, &what, parent, error);
	return result ? result : format(file, &what, parent, error);
}

/* For tests: in a file that is there, without a parent or with one beside it. */
int vhd_create_file(struct vhd_file *file, const struct vhd_create *what,
		    struct vhd_error *error)
{
	struct vhd_disk *parent = NULL;
	struct vhd_file *beside;
	int result = 0;

	if (what->parent) {
		result = file->ops->open(file, what->parent, 0, &beside, error);
		if (!result)
			result = vhd_open_file(beside, 0, &parent, error);
	}
	if (!result)
		result = create(file, file->path, what, parent, error);
	vhd_close(parent, NULL);
	return result;
}

/* Nothing is made when it cannot be what is asked for. */
static int check_first(const char *path, const struct vhd_create *asked,
		       const struct vhd_disk *parent, struct vhd_error *error)
{
	struct vhd_create what = *asked;
	int result;

	complete(&what, parent);
	result = check(path, &what, error);
	return !result && parent ? check_parent(path, &what, parent, error) : result;
}

/**
 * vhd_create() - make a disk
 * @path: of the file; must not exist, but with VHD_CREATE_REPLACE
 * @what: its format, kind, size, and so on
 * @error: filled in; may be NULL
 *
 * The disk is durable, its name too.  When it fails, a file that was made is removed.
 *
 * Return: 0, or -EEXIST, -EINVAL, -EFBIG, or what open(2) and write(2) say.
 */
int vhd_create(const char *path, const struct vhd_create *what, struct vhd_error *error)
{
	struct vhd_error local = { 0 };
	struct vhd_disk *parent = NULL;
	struct vhd_file *file = NULL;
	bool differencing;
	int result = 0;

	if (!error)
		error = &local;
	error->code = 0;
	differencing = what->kind == VHD_KIND_DIFFERENCING;
	if (differencing != !!what->parent)
		return vhd_fail(error, -EINVAL, "%s: only a differencing disk has a parent", path);
	if (what->parent)
		result = vhd_open(what->parent, 0, &parent, error);
	if (!result)
		result = check_first(path, what, parent, error);
	if (!result)
		result = vhd_file_create(path, what->flags, &file, error);
	if (!result)
		result = create(file, path, what, parent, error);
	if (!result)
		result = vhd_file_sync_name(file);
	if (result && file)
		vhd_file_remove(file);
	if (file)
		file->ops->close(file);
	vhd_close(parent, NULL);
	return result;
}
