/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --disk: a disk or DVD drive of the machine's storage controller. */
#ifndef VMWP_DISK_OPTION_H
#define VMWP_DISK_OPTION_H

#include <stdint.h>

#define DISKS_MAX	64u
#define DISK_SERIAL_MAX	32u

/**
 * struct disk_option - what the command line says of a disk
 * @path:       NULL: a DVD drive without a medium
 * @flags:      STORVSP_* of STORVSP_ADD_LUN
 * @block_size: bytes; 0: whatever fits
 * @lun:        -1: the first that is free
 * @serial:     NULL: one is made of where the file lies
 */
struct disk_option {
	const char *path;
	uint32_t flags;
	uint32_t block_size;
	int lun;
	const char *serial;
};

/* Takes @text apart, in place.  NULL, or what is wrong with it. */
const char *disk_option_parse(struct disk_option *disk, char *text);

#endif
