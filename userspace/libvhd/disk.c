// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Disks of any format: open with all parents, close, say what they are.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vhd_disk.h"

int vhd_bad(struct vhd_disk *disk, const char *field, const char *format, ...)
{
	char what[sizeof(disk->error.text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return vhd_fail(&disk->error, -EUCLEAN, "%s: %s: %s", disk->file->path, field, what);
}

int vhd_io_error(struct vhd_disk *disk, int code, const char *what)
{
	if (!code || disk->error.code == code)
		return code;
	return vhd_fail(&disk->error, code, "%s: %s: %s", disk->file->path, what,
			strerror(-code));
}

int vhd_break(struct vhd_disk *disk, int code, const char *what)
{
	if (!disk->broken)
		disk->broken = code;
	return vhd_io_error(disk, code, what);
}

void vhd_fault(struct vhd_check *check, const char *format, ...)
{
	char text[sizeof(((struct vhd_error *)0)->text)];
	va_list arguments;

	check->faults++;
	if (!check->report)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	check->report(check->context, text);
}

const char *vhd_format_name(enum vhd_format format)
{
	static const char *const names[VHD_FORMATS] = { "raw", "vhd", "vhdx" };

	return format < VHD_FORMATS ? names[format] : "?";
}

const char *vhd_kind_name(enum vhd_kind kind)
{
	static const char *const names[VHD_KINDS] = { "fixed", "dynamic", "differencing" };

	return kind < VHD_KINDS ? names[kind] : "?";
}

static void free_disk(struct vhd_disk *disk)
{
	while (disk) {
		struct vhd_disk *parent = disk->parent;

		if (disk->ops)
			disk->ops->free(disk);
		disk->file->ops->close(disk->file);
		free(disk);
		disk = parent;
	}
}

static int open_format(struct vhd_disk *disk)
{
	if (disk->flags & VHD_OPEN_RAW)
		return vhd_raw_open(disk);
	if (vhd_vhdx_probe(disk->file))
		return vhd_vhdx_open(disk);
	if (vhd_vhd_probe(disk->file))
		return vhd_vhd_open(disk);
	return vhd_raw_open(disk);
}

static int lock(struct vhd_disk *disk)
{
	bool write = disk->flags & VHD_OPEN_WRITE;
	int result;

	if (disk->flags & VHD_OPEN_UNLOCKED)
		return 0;
	result = disk->file->ops->lock(disk->file, write);
	if (result == -EAGAIN)
		return vhd_fail(&disk->error, -EBUSY, "%s: is in use%s", disk->file->path,
				write ? ": close it there, or the disks whose parent it is" :
				" by a program that writes it: close it there");
	return vhd_io_error(disk, result, "locking");
}

/* On success and failure alike, @file belongs to the disk, or is closed. */
static int open_one(struct vhd_file *file, uint32_t flags, struct vhd_disk *child,
		    struct vhd_disk **opened, struct vhd_error *error)
{
	struct vhd_disk *disk = calloc(1, sizeof(*disk));
	int result;

	*opened = NULL;
	if (!disk) {
		file->ops->close(file);
		return vhd_fail(error, -ENOMEM, "out of memory");
	}
	disk->file = file;
	disk->flags = flags;
	disk->child = child;
	result = lock(disk);
	if (!result)
		result = open_format(disk);
	if (result) {
		vhd_io_error(disk, result, "opening");
		if (error)
			*error = disk->error;
		free_disk(disk);
		return result;
	}
	*opened = disk;
	return 0;
}

int vhd_open_file(struct vhd_file *file, uint32_t flags, struct vhd_disk **disk,
		  struct vhd_error *error)
{
	return open_one(file, flags, NULL, disk, error);
}

/**
 * vhd_open() - open a disk and all its parents
 * @path: of the file
 * @flags: VHD_OPEN_*
 * @disk: set to it
 * @error: filled in; may be NULL
 *
 * The format is found out from the contents, so a raw disk whose contents somebody else
 * chooses is to be opened with VHD_OPEN_RAW.  An NBD URI (see vhd_is_nbd()) names an export
 * of a server, which is a raw disk whatever is in it.  Open for writing, the log of a VHDX is
 * replayed; parents are always opened for reading.
 *
 * Return: 0, or -EBUSY when somebody else has it open, -EUCLEAN when its metadata are
 * wrong, -ENOENT when it or a parent is not there, or what open(2) says; of an NBD server
 * -EOPNOTSUPP without libnbd, or when it cannot flush and shall be written.
 */
int vhd_open(const char *path, uint32_t flags, struct vhd_disk **disk, struct vhd_error *error)
{
	struct vhd_file *file;
	int result = vhd_file_open(path, flags, &file, error);

	*disk = NULL;
	if (vhd_is_nbd(path))
		flags |= VHD_OPEN_RAW;
	return result ? result : vhd_open_file(file, flags, disk, error);
}

/* A disk that is its own ancestor, or too deep. */
static int check_chain(struct vhd_disk *disk, const struct vhd_file *parent)
{
	unsigned int depth = 1;

	for (const struct vhd_disk *d = disk; d; d = d->child, depth++)
		if (!memcmp(d->file->id, parent->id, sizeof(parent->id)))
			return vhd_bad(disk, "ParentLocator",
				       "the parent %s has the disk itself as a parent",
				       parent->path);
	if (depth > VHD_CHAIN_MAX)
		return vhd_bad(disk, "ParentLocator", "leads to more than %u disks: merge some",
			       VHD_CHAIN_MAX);
	return 0;
}

static int try_parent(struct vhd_disk *disk, const char *name,
		      int (*matches)(struct vhd_disk *disk, struct vhd_disk *parent))
{
	struct vhd_error error = { 0 };
	struct vhd_file *file;
	char path[1024];
	int result;

	snprintf(path, sizeof(path), "%s", name);
	vhd_path_from_windows(path);
	result = disk->file->ops->open(disk->file, path, 0, &file, &error);
	if (result)
		return vhd_fail(&disk->error, result, "%s: ParentLocator: %s", disk->file->path,
				error.text);
	result = check_chain(disk, file);
	if (result) {
		file->ops->close(file);
		return result;
	}
	result = open_one(file, disk->flags & VHD_OPEN_UNLOCKED, disk, &disk->parent, &error);
	if (result) {
		disk->error = error;
		return result;
	}
	return matches(disk, disk->parent);
}

int vhd_open_parent(struct vhd_disk *disk, const struct vhd_parent_names *names,
		    int (*matches)(struct vhd_disk *disk, struct vhd_disk *parent))
{
	int result = -ENOENT;

	for (unsigned int i = 0; i < names->count && result == -ENOENT; i++)
		result = try_parent(disk, names->name[i], matches);
	return result;
}

/**
 * vhd_close() - close a disk and its parents
 * @disk: or NULL
 * @error: filled in; may be NULL
 *
 * What was written is made durable.  @disk is gone also when that fails.
 *
 * Return: 0, or why what was written since the last flush may be lost.
 */
int vhd_close(struct vhd_disk *disk, struct vhd_error *error)
{
	int result = 0;

	if (!disk)
		return 0;
	if (disk->broken)
		result = disk->broken;
	else if (disk->touched)
		result = disk->ops->close(disk);
	if (result && error)
		*error = disk->error;
	free_disk(disk);
	return result;
}

/**
 * vhd_last_error() - what the last call for a disk that failed has to say
 * @disk: open
 *
 * Return: valid until the next call for @disk.
 */
const struct vhd_error *vhd_last_error(const struct vhd_disk *disk)
{
	return &disk->error;
}

/**
 * vhd_info() - what a disk is
 * @disk: open
 * @info: filled in
 */
void vhd_info(struct vhd_disk *disk, struct vhd_info *info)
{
	*info = (struct vhd_info){
		.format = disk->format,
		.kind = disk->kind,
		.size = disk->size,
		.file_size = disk->file->size,
		.allocated = disk->file->ops->allocated(disk->file),
		.block_size = disk->block_size,
		.logical_sector_size = disk->logical_sector_size,
		.physical_sector_size = disk->physical_sector_size,
	};
	if (disk->parent)
		snprintf(info->parent, sizeof(info->parent), "%s", disk->parent->file->path);
	for (struct vhd_disk *parent = disk->parent; parent; parent = parent->parent)
		info->depth++;
	disk->ops->info(disk, info);
}

/**
 * vhd_fd() - the descriptor of a file of a chain
 * @disk: open
 * @depth: as in struct vhd_extent
 *
 * Return: it, which stays the disk's, or -ENOENT.
 */
int vhd_fd(struct vhd_disk *disk, uint32_t depth)
{
	while (disk && depth--)
		disk = disk->parent;
	return disk && disk->file->fd >= 0 ? disk->file->fd : -ENOENT;
}

/**
 * vhd_check() - look for faults in a disk's metadata
 * @disk: open, best with VHD_OPEN_CHECK; for writing, what can be mended is
 * @check: report is the caller's, all else is filled in
 *
 * Return: 0, whatever was found; an error when it could not be looked for.
 */
int vhd_check(struct vhd_disk *disk, struct vhd_check *check)
{
	void (*report)(void *context, const char *text) = check->report;
	void *context = check->context;
	int result;

	*check = (struct vhd_check){ .report = report, .context = context };
	disk->error.code = 0;
	result = disk->ops->check(disk, check);
	return vhd_io_error(disk, result, "checking");
}
