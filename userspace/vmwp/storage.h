/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The storage controller of a machine: its I/O is the kernel's (storvsp.h). */
#ifndef VMWP_STORAGE_H
#define VMWP_STORAGE_H

#include <stdbool.h>
#include <storvsp.h>

#include "disk_option.h"

struct json_object;
struct machine;
struct options;

/**
 * struct disk - a LUN of the controller
 * @used: there is one
 * @fd:   its file, locked; -1: a DVD drive without a medium
 * @add:  how the kernel is told; its file is @fd
 */
struct disk {
	bool used;
	int fd;
	struct storvsp_add_lun add;
};

/**
 * struct storage - the controller.  Main thread
 * @device:     /dev/storvsp, or -1
 * @controller: of this start; -1: none
 * @disks:      by LUN; they stay over a reset
 */
struct storage {
	int device;
	int controller;
	struct disk disks[DISKS_MAX];
};

void storage_init(struct storage *storage);
int storage_open(struct storage *storage, const struct options *options);
void storage_close(struct storage *storage);
int storage_create(struct machine *machine);
void storage_destroy(struct machine *machine);

/*
 * What the control socket asks for; @file stays the caller's.  Each returns 0 or -errno: -ENODEV
 * when there is no controller; storage_add() the LUN.  @lun: -1: the first that is free.
 */
int storage_add(struct storage *storage, int file, int lun, uint32_t flags);
int storage_remove(struct storage *storage, int lun);
int storage_set_medium(struct storage *storage, int lun, int file, bool force);
int storage_resize(struct storage *storage, int lun);
int storage_describe(const struct storage *storage, struct json_object *to);

#endif
