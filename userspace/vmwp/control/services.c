// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands that need a driver in the guest.  Most are answered when the driver has
 * answered, or when it has not for too long.
 *
 * Main thread.  Commands and what cancels them take the device lock (ops->enter); what a
 * service calls back has it already.
 */
#include "services.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "vdev/services.h"

const char *const control_pools[] = { "external", "guest", "auto", NULL };
const char *const control_actions[] = { "press", "down", "up", NULL };
const char *const control_prefixes[] = { "none", "e0", "e1", NULL };

/* Which of a list of choices an argument is; the first when it was not given. */
static unsigned int choice(const struct control_value *value, const char *const *choices)
{
	unsigned int i = 0;

	while (value->given && strcmp(choices[i], value->text))
		i++;
	return i;
}

static const char *code_of(int err)
{
	switch (err) {
	case -ENOTCONN:
	case -ECONNRESET:
		return "no-driver";
	case -EBUSY:
	case -EAGAIN:
		return "busy";
	case -ETIMEDOUT:
		return "timeout";
	case -EOPNOTSUPP:
		return "unsupported";
	case -EINVAL:
	case -ERANGE:
		return "bad-argument";
	case -ENOENT:
		return "not-found";
	case -EEXIST:
		return "exists";
	default:
		return "failed";
	}
}

static void fail(struct control_call *call, int err)
{
	control_fail(call, code_of(err), "%s: %s", call->request.command->name, strerror(-err));
}

static void finish(struct control_call *call, int err)
{
	struct json_object *result = call->result;

	call->result = NULL;
	if (!err) {
		control_reply(call, result);
		return;
	}
	json_object_put(result);
	fail(call, err);
}

static void finished(void *ctx, int err)
{
	finish(ctx, err);
}

static void answered(void *ctx, const struct ic_reply *reply)
{
	struct control_call *call = ctx;

	if (reply->err)
		fail(call, reply->err);
	else if (reply->status)
		control_fail(call, "refused", "the guest refuses: %#x", reply->status);
	else
		control_reply(call, NULL);
}

/* NULL: the call was answered, and is no more. */
static struct services *enter(struct control_call *call)
{
	struct services *services = call->ops->enter(call->ctx);

	if (!services)
		control_fail(call, "no-driver", "this machine has no VMBus");
	return services;
}

/* What was asked for is on its way, or it is not. */
static void leave(struct control_call *call, int err, void (*cancel)(struct control_call *call))
{
	const struct control_ops *ops = call->ops;
	void *ctx = call->ctx;

	if (err)
		fail(call, err);
	else
		control_keep(call, cancel, NULL);
	ops->leave(ctx);
}

static void cancel_shutdown(struct control_call *call)
{
	ic_forget(&((struct services *)call->ops->enter(call->ctx))->shutdown.ic);
	call->ops->leave(call->ctx);
}

static void ask_to_end(struct control_call *call, uint32_t flags)
{
	struct services *services = enter(call);

	if (!services)
		return;
	if (control_value(call, 0)->flag)
		flags |= IC_SHUTDOWN_FORCE;
	leave(call, shutdown_request(&services->shutdown, flags, answered, call),
	      cancel_shutdown);
}

void control_run_shutdown(struct control_call *call)
{
	ask_to_end(call, 0);
}

void control_run_reboot(struct control_call *call)
{
	ask_to_end(call, IC_SHUTDOWN_RESTART);
}

void control_run_hibernate(struct control_call *call)
{
	ask_to_end(call, IC_SHUTDOWN_HIBERNATE);
}

void control_run_heartbeat(struct control_call *call)
{
	static const char *const words[] = { "none", "ok", "lost" };
	const struct control_ops *ops = call->ops;
	void *ctx = call->ctx;
	struct services *services = enter(call);
	struct json_object *result;

	if (!services)
		return;
	result = json_object_new_object();
	json_object_object_add(result, "state",
			       json_object_new_string(words[services->heartbeat.state]));
	control_reply(call, result);
	ops->leave(ctx);
}

static void cancel_time_sync(struct control_call *call)
{
	ic_forget(&((struct services *)call->ops->enter(call->ctx))->timesync.ic);
	call->ops->leave(call->ctx);
}

void control_run_time_sync(struct control_call *call)
{
	struct services *services = enter(call);

	if (services)
		leave(call, timesync_now(&services->timesync, answered, call), cancel_time_sync);
}

static void cancel_kvp(struct control_call *call)
{
	kvp_forget(&((struct services *)call->ops->enter(call->ctx))->kvp);
	call->ops->leave(call->ctx);
	json_object_put(call->result);
	call->result = NULL;
}

static void add_string(struct json_object *to, const char *name, const char *text)
{
	json_object_object_add(to, name, json_object_new_string(text));
}

static void add_pair(void *ctx, const struct kvp_pair *pair)
{
	struct control_call *call = ctx;

	add_string(json_object_object_get(call->result, "pairs"), pair->key, pair->value);
}

static enum ic_kvp_pool pool(struct control_call *call)
{
	return (enum ic_kvp_pool)choice(control_value(call, 0), control_pools);
}

/* Of a call that is answered at once the result is not needed. */
static void leave_kvp(struct control_call *call, int err)
{
	if (err) {
		json_object_put(call->result);
		call->result = NULL;
	}
	leave(call, err, cancel_kvp);
}

void control_run_kvp_list(struct control_call *call)
{
	struct services *services = enter(call);

	if (!services)
		return;
	call->result = json_object_new_object();
	json_object_object_add(call->result, "pairs", json_object_new_object());
	leave_kvp(call, kvp_list(&services->kvp, pool(call), add_pair, finished, call));
}

static void take_value(void *ctx, const struct kvp_pair *pair)
{
	struct control_call *call = ctx;

	add_string(call->result, "value", pair->value);
}

void control_run_kvp_get(struct control_call *call)
{
	struct services *services = enter(call);

	if (!services)
		return;
	call->result = json_object_new_object();
	leave_kvp(call, kvp_get(&services->kvp, pool(call), control_value(call, 1)->text,
				take_value, finished, call));
}

void control_run_kvp_set(struct control_call *call)
{
	struct services *services = enter(call);

	if (services)
		leave_kvp(call, kvp_set(&services->kvp, pool(call), control_value(call, 1)->text,
					control_value(call, 2)->text, finished, call));
}

void control_run_kvp_delete(struct control_call *call)
{
	struct services *services = enter(call);

	if (services)
		leave_kvp(call, kvp_delete(&services->kvp, pool(call),
					   control_value(call, 1)->text, finished, call));
}

static void take_address(void *ctx, const struct kvp_ip *ip)
{
	struct json_object *result = ((struct control_call *)ctx)->result;

	add_string(result, "adapter", ip->adapter);
	json_object_object_add(result, "ipv6", json_object_new_boolean(ip->ipv6));
	json_object_object_add(result, "dhcp", json_object_new_boolean(ip->dhcp));
	add_string(result, "address", ip->address);
	add_string(result, "subnet", ip->subnet);
	add_string(result, "gateway", ip->gateway);
	add_string(result, "dns", ip->dns);
}

void control_run_ip_get(struct control_call *call)
{
	struct services *services = enter(call);

	if (!services)
		return;
	call->result = json_object_new_object();
	leave_kvp(call, kvp_get_ip(&services->kvp, control_value(call, 0)->text,
				   control_value(call, 1)->flag, take_address, finished, call));
}

/* The table's limits are those of the fields. */
static void copy_text(char *to, const struct control_value *value)
{
	if (value->given)
		memcpy(to, value->text, value->length + 1);
}

void control_run_ip_set(struct control_call *call)
{
	struct services *services = enter(call);
	struct kvp_ip ip = { .ipv6 = false };

	if (!services)
		return;
	copy_text(ip.adapter, control_value(call, 0));
	ip.dhcp = !control_value(call, 1)->given;
	copy_text(ip.address, control_value(call, 1));
	ip.ipv6 = strchr(ip.address, ':');
	copy_text(ip.subnet, control_value(call, 2));
	copy_text(ip.gateway, control_value(call, 3));
	copy_text(ip.dns, control_value(call, 4));
	leave_kvp(call, kvp_set_ip(&services->kvp, &ip, finished, call));
}

static void cancel_vss(struct control_call *call)
{
	ic_forget(&((struct services *)call->ops->enter(call->ctx))->vss.ic);
	call->ops->leave(call->ctx);
}

static void ask_vss(struct control_call *call, enum ic_vss_operation operation)
{
	struct services *services = enter(call);

	if (services)
		leave(call, vss_request(&services->vss, operation, answered, call), cancel_vss);
}

void control_run_freeze(struct control_call *call)
{
	ask_vss(call, IC_VSS_FREEZE);
}

void control_run_thaw(struct control_call *call)
{
	ask_vss(call, IC_VSS_THAW);
}

static void cancel_copy(struct control_call *call)
{
	fcopy_forget(&((struct services *)call->ops->enter(call->ctx))->fcopy);
	call->ops->leave(call->ctx);
}

static int read_file(void *ctx, void *to, size_t room)
{
	struct control_call *call = ctx;
	const struct services *services = call->keeper;
	ssize_t count = pread(call->file, to, room, (off_t)services->fcopy.offset);

	return count < 0 ? -errno : (int)count;
}

/* Only what is read without waiting: the main thread must not wait for anybody. */
static int start_copy(struct control_call *call, struct services *services)
{
	struct stat status;
	uint32_t flags = 0;

	if (fstat(call->file, &status) || !S_ISREG(status.st_mode))
		return -EINVAL;
	if (control_value(call, 1)->flag)
		flags |= IC_FCOPY_OVERWRITE;
	if (control_value(call, 2)->flag)
		flags |= IC_FCOPY_MAKE_PATH;
	return fcopy_start(&services->fcopy, control_value(call, 0)->text,
			   (uint64_t)status.st_size, flags, read_file, finished, call);
}

void control_run_copy_file(struct control_call *call)
{
	struct services *services = enter(call);
	int err;

	if (!services)
		return;
	err = start_copy(call, services);
	if (err) {
		leave(call, err, NULL);
		return;
	}
	control_keep(call, cancel_copy, services);
	call->ops->leave(call->ctx);
}

static void add_number(struct json_object *to, const char *name, uint64_t number)
{
	json_object_object_add(to, name, json_object_new_uint64(number));
}

#define PAGES_PER_MIB	(1048576 / BALLOON_PAGE)

static void cancel_balloon(struct control_call *call)
{
	((struct services *)call->ops->enter(call->ctx))->balloon.done = NULL;
	call->ops->leave(call->ctx);
}

/* balloon_set() or balloon_resize() */
typedef int balloon_want(struct balloon *balloon, uint64_t pages,
			 void (*done)(void *ctx, int err), void *ctx);

/* It may end at once, and the call with it, so there is nothing to keep before. */
static void want_memory(struct control_call *call, balloon_want *want)
{
	const struct control_ops *ops = call->ops;
	void *ctx = call->ctx;
	struct services *services = enter(call);
	uint64_t pages;
	int err;

	if (!services)
		return;
	pages = (uint64_t)control_value(call, 0)->number * PAGES_PER_MIB;
	control_keep(call, cancel_balloon, NULL);
	err = want(&services->balloon, pages, finished, call);
	if (err == 1)
		control_reply(call, NULL);
	else if (err)
		fail(call, err);
	ops->leave(ctx);
}

void control_run_balloon(struct control_call *call)
{
	want_memory(call, balloon_set);
}

static void resize(struct control_call *call)
{
	want_memory(call, balloon_resize);
}

static void describe_memory(struct control_call *call)
{
	const struct control_ops *ops = call->ops;
	void *ctx = call->ctx;
	struct services *services = enter(call);
	struct json_object *result;

	if (!services)
		return;
	result = json_object_new_object();
	add_number(result, "total", balloon_total(&services->balloon) * BALLOON_PAGE);
	add_number(result, "maximum",
		   (services->balloon.memory.count + services->balloon.memory.hot_count) *
		   BALLOON_PAGE);
	add_number(result, "added", services->balloon.added * BALLOON_PAGE);
	add_number(result, "ballooned", services->balloon.given * BALLOON_PAGE);
	add_number(result, "available", services->balloon.available * BALLOON_PAGE);
	add_number(result, "committed", services->balloon.committed * BALLOON_PAGE);
	add_number(result, "reports", services->balloon.reports);
	control_reply(call, result);
	ops->leave(ctx);
}

void control_run_memory(struct control_call *call)
{
	if (control_value(call, 0)->given)
		resize(call);
	else
		describe_memory(call);
}

/* Answered at once. */
static void leave_now(struct control_call *call, int err)
{
	const struct control_ops *ops = call->ops;
	void *ctx = call->ctx;

	if (err)
		fail(call, err);
	else
		control_reply(call, NULL);
	ops->leave(ctx);
}

void control_run_key(struct control_call *call)
{
	static const uint32_t prefixes[] = { 0, KEYBOARD_E0, KEYBOARD_E1 };
	unsigned int action = choice(control_value(call, 2), control_actions);
	const struct keyboard_key key = {
		.code = (uint16_t)control_value(call, 0)->number,
		.prefix = prefixes[choice(control_value(call, 1), control_prefixes)],
	};
	struct services *services = enter(call);
	int err = 0;

	if (!services)
		return;
	if (action != 2)
		err = keyboard_send(&services->keyboard, &key, false);
	if (!err && action != 1)
		err = keyboard_send(&services->keyboard, &key, true);
	leave_now(call, err);
}

void control_run_type(struct control_call *call)
{
	struct services *services = enter(call);

	if (services)
		leave_now(call, keyboard_type(&services->keyboard, control_value(call, 0)->text));
}

void control_run_pointer(struct control_call *call)
{
	const struct mouse_report report = {
		.x = (uint16_t)control_value(call, 0)->number,
		.y = (uint16_t)control_value(call, 1)->number,
		.buttons = (uint8_t)control_value(call, 2)->number,
		.wheel = (int8_t)control_value(call, 3)->number,
		.pan = (int8_t)control_value(call, 4)->number,
	};
	struct services *services = enter(call);

	if (services)
		leave_now(call, mouse_send(&services->mouse, &report));
}
