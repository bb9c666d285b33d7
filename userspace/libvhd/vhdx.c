// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * VHDX: open, change, flush, close.  [MS-VHDX]; the parts are in vhdx_*.c.
 */
#include <stdlib.h>

#include "vhdx.h"

void vhd_vhdx_identity(const struct vhd_disk *disk, struct vhd_guid *id)
{
	*id = vhdx_of(disk)->header.data_write;
}

/**
 * vhdx_touch() - before the first change since the disk was opened
 * @disk: open for writing
 *
 * Others see by the new GUIDs that file and data changed, and that there is a log.
 *
 * Return: 0 or an error.
 */
int vhdx_touch(struct vhd_disk *disk)
{
	struct vhdx *x = vhdx_of(disk);
	int result;

	if (!guid_null(&x->header.log))
		return 0;
	vhd_guid_new(&x->header.file_write);
	vhd_guid_new(&x->header.data_write);
	if (!guid_null(&x->next_data_write))
		x->header.data_write = x->next_data_write;
	result = vhdx_log_open(x);
	return result ? result : vhdx_store_header(x);
}

int vhdx_flush(struct vhd_disk *disk)
{
	return vhdx_log_commit(vhdx_of(disk));
}

/* What the last blocks took is cut off. */
static int trim_end(struct vhdx *x)
{
	struct vhd_file *file = x->disk->file;
	uint64_t end = vhd_space_used_end(&x->space) * VHDX_ALIGN;

	return end < file->size ? file->ops->resize(file, end) : 0;
}

static int vhdx_close(struct vhd_disk *disk)
{
	struct vhdx *x = vhdx_of(disk);
	int result;

	if (guid_null(&x->header.log))
		return 0;
	result = vhdx_log_commit(x);
	if (!result)
		result = vhdx_log_close(x);
	/* Only now does no log entry want the file to be that large (FlushedFileOffset). */
	if (!result)
		result = vhd_io_error(disk, trim_end(x), "cutting off the end");
	return result;
}

static void vhdx_free(struct vhd_disk *disk)
{
	struct vhdx *x = vhdx_of(disk);

	if (!x)
		return;
	vhd_meta_fini(&x->meta);
	vhd_space_fini(&x->space);
	free(x);
	disk->private = NULL;
}

static void vhdx_info(struct vhd_disk *disk, struct vhd_info *info)
{
	struct vhdx *x = vhdx_of(disk);

	vhd_guid_text(&x->id, info->id);
	vhd_guid_text(&x->header.data_write, info->data_id);
	memcpy(info->creator, x->creator, sizeof(info->creator));
	info->log_pending = x->log_entries && !(disk->flags & VHD_OPEN_WRITE);
}

static int vhdx_check(struct vhd_disk *disk, struct vhd_check *check)
{
	struct vhdx *x = vhdx_of(disk);
	int result;

	check->log_entries = x->log_entries;
	if (x->log_entries && (disk->flags & VHD_OPEN_WRITE))
		check->repaired++;
	if (x->log_entries)
		vhd_fault(check, "%s: Log: has %llu entries to be replayed: it was not closed",
			  disk->file->path, (unsigned long long)x->log_entries);
	result = vhdx_scan(x, check);
	if (!result)
		check->leaked = vhd_space_count_free(&x->space) * VHDX_ALIGN;
	return result;
}

static const struct vhd_format_ops vhdx_ops = {
	.locate = vhdx_locate,
	.touch = vhdx_touch,
	.allocate = vhdx_allocate,
	.written = vhdx_written,
	.discard = vhdx_discard,
	.flush = vhdx_flush,
	.check = vhdx_check,
	.resize = vhdx_resize,
	.info = vhdx_info,
	.close = vhdx_close,
	.free = vhdx_free,
};

static void load_creator(struct vhdx *x)
{
	uint8_t creator[512];

	if (vhd_file_read(x->disk->file, creator, sizeof(creator), 8) ||
	    vhd_utf16_to(creator, sizeof(creator), false, x->creator, sizeof(x->creator)) < 0)
		x->creator[0] = '\0';
}

static int same_parent(struct vhd_disk *disk, struct vhd_disk *parent)
{
	struct vhdx *x = vhdx_of(disk);
	char wanted[40], found[40];
	struct vhd_guid id;

	if (parent->format != VHD_FORMAT_VHDX)
		return vhd_bad(disk, "ParentLocator", "%s is not a VHDX", parent->file->path);
	if (parent->logical_sector_size != disk->logical_sector_size)
		return vhd_bad(disk, "LogicalSectorSize", "is %u, that of the parent %s is %u",
			       disk->logical_sector_size, parent->file->path,
			       parent->logical_sector_size);
	vhd_vhdx_identity(parent, &id);
	if (guid_equal(&id, &x->linkage) ||
	    (!guid_null(&x->linkage_2) && guid_equal(&id, &x->linkage_2)))
		return 0;
	vhd_guid_text(&x->linkage, wanted);
	vhd_guid_text(&id, found);
	return vhd_bad(disk, "ParentLocator.parent_linkage",
		       "is %s, but %s is %s: it has been changed, or is another disk", wanted,
		       parent->file->path, found);
}

int vhd_vhdx_begin_merge(struct vhd_disk *child, struct vhd_disk *parent)
{
	struct vhdx *from = vhdx_of(child);
	struct vhd_guid *id = &vhdx_of(parent)->next_data_write;
	int result = same_parent(child, parent);

	vhd_guid_new(id);
	if (!result)
		result = vhdx_touch(child);
	child->touched = true;
	if (!result)
		result = vhdx_set_linkage_2(from, id);
	if (!result)
		result = vhdx_flush(child);
	if (result)
		return vhd_io_error(child, result, "changing the parent locator");
	return 0;
}

static int load(struct vhdx *x)
{
	struct vhd_disk *disk = x->disk;
	int result = vhdx_load_headers(x);

	if (!result)
		result = vhdx_log_replay(x);
	if (!result)
		result = vhdx_load_regions(x);
	if (!result)
		result = vhdx_load_metadata(x);
	if (!result && x->has_parent && !(disk->flags & VHD_OPEN_NO_PARENT))
		result = vhd_open_parent(disk, &x->names, same_parent);
	if (!result && (disk->flags & VHD_OPEN_WRITE) && !(disk->flags & VHD_OPEN_CHECK))
		result = vhdx_scan(x, NULL);
	return result;
}

int vhd_vhdx_open(struct vhd_disk *disk)
{
	struct vhdx *x = calloc(1, sizeof(*x));
	int result;

	if (!x)
		return -ENOMEM;
	disk->format = VHD_FORMAT_VHDX;
	disk->ops = &vhdx_ops;
	disk->private = x;
	x->disk = disk;
	result = vhd_meta_init(&x->meta, disk->file, VHDX_PAGE);
	if (result)
		return result;
	if (disk->file->size < VHDX_ALIGN)
		return vhd_bad(disk, "file", "has %llu bytes: a VHDX has 1 MiB at least",
			       (unsigned long long)disk->file->size);
	load_creator(x);
	return load(x);
}
