// SPDX-License-Identifier: GPL-2.0-or-later
/* rsctl vhd convert: a new disk that reads as another one. */
#include "vhd.h"

#include <sys/stat.h>
#include <unistd.h>

static void complete(const struct vhd_options *options, const char *path,
		     const struct vhd_info *info, struct vhd_create *what)
{
	*what = options->create;
	if (!options->format_given)
		what->format = vhd_format_of_name(path);
	if (!options->kind_given)
		what->kind = what->format == VHD_FORMAT_RAW ? VHD_KIND_FIXED : VHD_KIND_DYNAMIC;
	/* A raw disk is written where the source has data, and is no larger than they are. */
	if (what->format == VHD_FORMAT_RAW)
		what->flags |= VHD_CREATE_SPARSE;
	what->size = info->size;
	if (!what->logical_sector_size && what->format == VHD_FORMAT_VHDX)
		what->logical_sector_size = info->logical_sector_size;
}

static int copy(struct vhd_disk *from, const char *path, bool raw, struct vhd_error *error)
{
	struct progress progress;
	struct vhd_disk *to;
	int result = vhd_open(path, VHD_OPEN_WRITE | (raw ? VHD_OPEN_RAW : 0), &to, error);

	if (result)
		return result;
	progress_begin(&progress, "converting");
	result = vhd_copy(from, to, progress_tell, &progress, error);
	progress_end(&progress);
	if (result) {
		vhd_close(to, NULL);
		return result;
	}
	return vhd_close(to, error);
}

/* No device, and no server has one. */
static void remove_file(const char *path)
{
	struct stat stat;

	if (!vhd_is_nbd(path) && !lstat(path, &stat) && S_ISREG(stat.st_mode))
		unlink(path);
}

int vhd_run_convert(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct vhd_error error = { 0 };
	struct vhd_create what;
	struct vhd_disk *from;
	struct vhd_info info;
	int result = vhd_open(arguments[0], options->source_raw ? VHD_OPEN_RAW : 0, &from, &error);

	if (result)
		return vhd_failed(&error);
	vhd_info(from, &info);
	complete(options, arguments[1], &info, &what);
	result = vhd_create(arguments[1], &what, &error);
	if (!result) {
		result = copy(from, arguments[1], what.format == VHD_FORMAT_RAW, &error);
		if (result)
			remove_file(arguments[1]);
	}
	vhd_close(from, NULL);
	return result ? vhd_failed(&error) : EXIT_OK;
}
