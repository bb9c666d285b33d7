// SPDX-License-Identifier: LGPL-2.1-or-later
/* A raw disk: the file is the disk. */
#include "vhd_disk.h"

static int raw_locate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		      struct vhd_place *place)
{
	*place = (struct vhd_place){
		.where = VHD_HERE, .writable = true, .length = length, .offset = offset,
	};
	return 0;
}

static int raw_touch(struct vhd_disk *disk)
{
	return 0;
}

static int raw_written(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	return 0;
}

static int raw_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length)
{
	return disk->file->ops->punch(disk->file, offset, length);
}

static int raw_flush(struct vhd_disk *disk)
{
	int result = disk->file->ops->flush(disk->file);

	return result ? vhd_break(disk, result, "flushing") : 0;
}

static int raw_check(struct vhd_disk *disk, struct vhd_check *check)
{
	return 0;
}

static int raw_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags)
{
	int result = disk->file->ops->resize(disk->file, size);

	if (result)
		return vhd_io_error(disk, result, "changing the size");
	disk->size = size;
	return raw_flush(disk);
}

static void raw_info(struct vhd_disk *disk, struct vhd_info *info)
{
}

static void raw_free(struct vhd_disk *disk)
{
}

static const struct vhd_format_ops raw_ops = {
	.locate = raw_locate,
	.touch = raw_touch,
	.allocate = raw_locate,
	.written = raw_written,
	.discard = raw_discard,
	.flush = raw_flush,
	.check = raw_check,
	.resize = raw_resize,
	.info = raw_info,
	.close = raw_flush,
	.free = raw_free,
};

int vhd_raw_open(struct vhd_disk *disk)
{
	disk->ops = &raw_ops;
	disk->format = VHD_FORMAT_RAW;
	disk->kind = VHD_KIND_FIXED;
	disk->size = round_up(disk->file->size, greater(disk->file->sector_size, 512));
	disk->logical_sector_size = disk->file->sector_size ? disk->file->sector_size : 512;
	disk->physical_sector_size = 4096;
	return 0;
}
