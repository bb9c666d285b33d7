// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * VHD: open, close, and fixed disks.  Virtual Hard Disk Image Format Specification 1.0.
 */
#include <stdlib.h>

#include "vhd.h"

void vhd_vhd_identity(const struct vhd_disk *disk, struct vhd_guid *id, uint32_t *timestamp)
{
	*id = vhd_of(disk)->footer.id;
	*timestamp = be32toh(vhd_of(disk)->footer.timestamp);
}

static int fixed_locate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
			struct vhd_place *place)
{
	*place = (struct vhd_place){
		.where = VHD_HERE, .writable = true, .length = length, .offset = offset,
	};
	return 0;
}

static int fixed_flush(struct vhd_disk *disk)
{
	int result = disk->file->ops->flush(disk->file);

	return result ? vhd_break(disk, result, "flushing") : 0;
}

static int no_touch(struct vhd_disk *disk)
{
	return 0;
}

static int no_written(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	return 0;
}

static int no_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	return -EOPNOTSUPP;
}

/* The footer at the end, should it have been lost while the file grew. */
static int bat_touch(struct vhd_disk *disk)
{
	struct vhd *v = vhd_of(disk);

	return v->footer_lost ? vhd_io_error(disk, vhd_put_footer(v), "writing the footer") : 0;
}

static int vhd_check_all(struct vhd_disk *disk, struct vhd_check *check)
{
	struct vhd *v = vhd_of(disk);
	int result = 0;

	if (v->footer_lost) {
		vhd_fault(check, "%s: Footer: is not at the end of the file; its copy is used",
			  disk->file->path);
		if (disk->flags & VHD_OPEN_WRITE)
			result = vhd_put_footer(v);
		check->repaired += !result && !v->footer_lost;
	}
	if (disk->kind == VHD_KIND_FIXED || result)
		return result;
	return vhd_scan(v, check);
}

static void vhd_fill_info(struct vhd_disk *disk, struct vhd_info *info)
{
	struct vhd *v = vhd_of(disk);

	vhd_uuid_text(&v->footer.id, info->id);
	memcpy(info->creator, v->footer.creator, sizeof(v->footer.creator));
	for (char *c = info->creator; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void vhd_free(struct vhd_disk *disk)
{
	struct vhd *v = vhd_of(disk);

	if (!v)
		return;
	vhd_meta_fini(&v->meta);
	free(v->spare);
	free(v);
	disk->private = NULL;
}

static const struct vhd_format_ops fixed_ops = {
	.locate = fixed_locate,
	.touch = no_touch,
	.allocate = fixed_locate,
	.written = no_written,
	.discard = no_discard,
	.flush = fixed_flush,
	.check = vhd_check_all,
	.resize = vhd_fixed_resize,
	.info = vhd_fill_info,
	.close = fixed_flush,
	.free = vhd_free,
};

static const struct vhd_format_ops bat_ops = {
	.locate = vhd_bat_locate,
	.touch = bat_touch,
	.allocate = vhd_bat_allocate,
	.written = vhd_bat_written,
	.discard = vhd_bat_discard,
	.flush = vhd_bat_flush,
	.check = vhd_check_all,
	.resize = vhd_bat_resize,
	.info = vhd_fill_info,
	.close = vhd_bat_flush,
	.free = vhd_free,
};

static int same_parent(struct vhd_disk *disk, struct vhd_disk *parent)
{
	char wanted[40], found[40];
	uint32_t timestamp;
	struct vhd_guid id;

	if (parent->format != VHD_FORMAT_VHD)
		return vhd_bad(disk, "Header.ParentLocator", "%s is not a VHD",
			       parent->file->path);
	vhd_vhd_identity(parent, &id, &timestamp);
	if (guid_equal(&id, &vhd_of(disk)->header.parent_id))
		return 0;
	vhd_uuid_text(&vhd_of(disk)->header.parent_id, wanted);
	vhd_uuid_text(&id, found);
	return vhd_bad(disk, "Header.ParentUniqueID", "is %s, but %s is %s: another disk", wanted,
		       parent->file->path, found);
}

static int load_tables(struct vhd *v)
{
	struct vhd_disk *disk = v->disk;
	int result = vhd_load_header(v);

	disk->ops = &bat_ops;
	if (!result && disk->kind == VHD_KIND_DIFFERENCING)
		result = vhd_load_names(v);
	if (!result && v->names.count && !(disk->flags & VHD_OPEN_NO_PARENT))
		result = vhd_open_parent(disk, &v->names, same_parent);
	if (!result && (disk->flags & VHD_OPEN_WRITE) && !(disk->flags & VHD_OPEN_CHECK))
		result = vhd_scan(v, NULL);
	return result;
}

int vhd_vhd_open(struct vhd_disk *disk)
{
	struct vhd *v = calloc(1, sizeof(*v));
	int result;

	if (!v)
		return -ENOMEM;
	disk->format = VHD_FORMAT_VHD;
	disk->ops = &fixed_ops;
	disk->private = v;
	disk->logical_sector_size = VHD_SECTOR;
	disk->physical_sector_size = VHD_SECTOR;
	v->disk = disk;
	result = vhd_meta_init(&v->meta, disk->file, VHD_SECTOR);
	if (!result)
		result = vhd_load_footer(v);
	if (result || disk->kind == VHD_KIND_FIXED)
		return result;
	return load_tables(v);
}
