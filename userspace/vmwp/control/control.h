/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: Documentation/control-socket.md. */
#ifndef VMWP_CONTROL_H
#define VMWP_CONTROL_H

#include "commands.h"
#include "loop.h"

#define CONTROL_CLIENTS_MAX	16u

struct control;
struct json_object;

int control_open(struct control **control, const char *path, struct loop *loop,
		 const struct control_ops *ops, void *ctx);
void control_close(struct control *control);
void control_event(struct control *control, const char *name, struct json_object *data);

#endif
