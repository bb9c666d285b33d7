// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands for disks: all are answered at once.
 *
 * Main thread, no lock held.
 */
#include "disks.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "commands.h"

static const char *code_of(int err)
{
	switch (err) {
	case -ENODEV:
		return "unsupported";
	case -ENOENT:
		return "not-found";
	case -EEXIST:
		return "exists";
	case -EBUSY:
		return "busy";
	case -EINVAL:
	case -EBADF:
	case -ENOTBLK:
		return "bad-argument";
	default:
		return "failed";
	}
}

static const char *reason_of(int err)
{
	return err == -ENODEV ? "there is no such drive or controller" : strerror(-err);
}

static void finish(struct control_call *call, int err)
{
	if (err < 0)
		control_fail(call, code_of(err), "%s: %s", call->request.command->name,
			     reason_of(err));
	else
		control_reply(call, NULL);
}

/* NULL: the call was answered. */
static const struct control_disk_ops *disk_ops(struct control_call *call)
{
	if (!call->ops->disks)
		finish(call, -ENODEV);
	return call->ops->disks;
}

static int lun_of(struct control_call *call)
{
	return control_value(call, 0)->given ? (int)control_value(call, 0)->number : -1;
}

void control_run_disk_list(struct control_call *call)
{
	const struct control_disk_ops *ops = disk_ops(call);
	struct json_object *result;
	int err;

	if (!ops)
		return;
	result = json_object_new_object();
	err = ops->list(call->ctx, result);
	if (!err) {
		control_reply(call, result);
		return;
	}
	json_object_put(result);
	finish(call, err);
}

void control_run_disk_add(struct control_call *call)
{
	const struct control_disk_ops *ops = disk_ops(call);
	struct json_object *result;
	int lun;

	if (!ops)
		return;
	lun = ops->add(call->ctx, call->file, lun_of(call), control_value(call, 1)->flag,
		       control_value(call, 2)->flag);
	if (lun < 0) {
		finish(call, lun);
		return;
	}
	result = json_object_new_object();
	json_object_object_add(result, "lun", json_object_new_int(lun));
	control_reply(call, result);
}

void control_run_disk_remove(struct control_call *call)
{
	const struct control_disk_ops *ops = disk_ops(call);

	if (ops)
		finish(call, ops->remove(call->ctx, lun_of(call)));
}

void control_run_disk_insert(struct control_call *call)
{
	const struct control_disk_ops *ops = disk_ops(call);

	if (ops)
		finish(call, ops->medium(call->ctx, lun_of(call), call->file,
					 control_value(call, 1)->flag));
}

void control_run_disk_eject(struct control_call *call)
{
	const struct control_disk_ops *ops = disk_ops(call);

	if (ops)
		finish(call, ops->medium(call->ctx, lun_of(call), -1,
					 control_value(call, 1)->flag));
}

void control_run_disk_resize(struct control_call *call)
{
	const struct control_disk_ops *ops = disk_ops(call);

	if (ops)
		finish(call, ops->resize(call->ctx, lun_of(call)));
}
