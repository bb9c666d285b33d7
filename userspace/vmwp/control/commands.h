/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the control socket, and what they act by. */
#ifndef VMWP_CONTROL_COMMANDS_H
#define VMWP_CONTROL_COMMANDS_H

#include "call.h"

struct services;

/**
 * struct control_disk_ops - what is done with disks; 0 or -errno, -ENODEV without a controller
 * @list:   fill an object in
 * @add:    a file as LUN @lun, -1: any; returns the LUN
 * @remove: a LUN
 * @medium: another medium for a DVD drive; @file -1: none
 * @resize: the file has another size
 */
struct control_disk_ops {
	int (*list)(void *ctx, struct json_object *to);
	int (*add)(void *ctx, int file, int lun, bool read_only, bool dvd);
	int (*remove)(void *ctx, int lun);
	int (*medium)(void *ctx, int lun, int file, bool force);
	int (*resize)(void *ctx, int lun);
};

/**
 * struct control_ops - what a machine does when it is told to
 * @status: fill an object in
 * @pause:  stop all VPs
 * @resume: let them run again
 * @reset:  have the machine start anew
 * @quit:   have it end
 * @channels: fill an object in with the channels of the VMBus; -ENODEV when there is none
 * @enter:  take the device lock, and give what speaks over the VMBus; NULL, with no lock
 *          taken, when there is no VMBus
 * @leave:  give the lock back
 * @disks:  NULL: there can be none
 *
 * Those that return int give 0 or -errno: -EALREADY, -EBUSY, ...
 */
struct control_ops {
	void (*status)(void *ctx, struct json_object *to);
	int (*pause)(void *ctx);
	int (*resume)(void *ctx);
	int (*reset)(void *ctx);
	int (*quit)(void *ctx);
	int (*channels)(void *ctx, struct json_object *to);
	struct services *(*enter)(void *ctx);
	void (*leave)(void *ctx);
	const struct control_disk_ops *disks;
};

extern const struct control_commands control_commands;

#endif
