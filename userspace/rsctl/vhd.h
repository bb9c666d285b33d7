/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rsctl vhd: its options, and the commands that are in files of their own. */
#ifndef RSCTL_VHD_H
#define RSCTL_VHD_H

#include <libvhd.h>

#include "rsctl.h"

/**
 * struct vhd_options - all options of all commands
 * @format_given: whether @create.format is
 * @kind_given: whether @create.kind is
 * @source_raw: whatever is in it, the source is a raw disk
 */
struct vhd_options {
	struct vhd_create create;
	bool format_given;
	bool kind_given;
	bool source_raw;
	bool json;
	bool repair;
	bool shrink;
	bool unlocked;
	bool remove;
};

int vhd_run_info(const void *options, char **arguments, int count);
int vhd_run_map(const void *options, char **arguments, int count);
int vhd_run_check(const void *options, char **arguments, int count);
int vhd_run_convert(const void *options, char **arguments, int count);

/* Says what is wrong; the exit status. */
int vhd_failed(const struct vhd_error *error);
int vhd_disk_failed(struct vhd_disk *disk);
/* The format that a name asks for: .vhd, .vhdx; else raw. */
enum vhd_format vhd_format_of_name(const char *path);

#endif
