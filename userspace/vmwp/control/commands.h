/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the control socket, and what they act by. */
#ifndef VMWP_CONTROL_COMMANDS_H
#define VMWP_CONTROL_COMMANDS_H

#include "call.h"

struct services;

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
};

extern const struct control_commands control_commands;

#endif
