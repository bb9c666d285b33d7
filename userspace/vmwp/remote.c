// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the control socket does to a machine, and what it tells of one.
 *
 * Main thread, no lock held.
 */
#include <errno.h>
#include <json-c/json.h>
#include <unistd.h>

#include "control/control.h"
#include "machine.h"

#define NS_PER_MS	1000000ull

static void add_string(struct json_object *to, const char *name, const char *text)
{
	json_object_object_add(to, name, json_object_new_string(text));
}

static void add_number(struct json_object *to, const char *name, uint64_t number)
{
	json_object_object_add(to, name, json_object_new_uint64(number));
}

static void status(void *ctx, struct json_object *to)
{
	const struct machine *machine = ctx;
	const struct options *options = machine->options;

	add_string(to, "name", options->name);
	add_string(to, "state", machine->paused ? "paused" : "running");
	add_number(to, "pid", (uint64_t)getpid());
	add_number(to, "processors", options->processors);
	add_number(to, "memory", options->memory);
	add_number(to, "starts", machine->starts);
	vsock_describe(machine, to);
	add_number(to, "running_ms", (timers_now() - machine->started) / NS_PER_MS);
}

static int pause_machine(void *ctx)
{
	struct machine *machine = ctx;
	int err = machine_pause(machine);

	if (!err)
		control_event(machine->control, "paused", NULL);
	return err;
}

static int resume_machine(void *ctx)
{
	struct machine *machine = ctx;
	int err = machine_resume(machine);

	if (!err)
		control_event(machine->control, "resumed", NULL);
	return err;
}

static int reset_machine(void *ctx)
{
	machine_stop(ctx, END_CONTROL_RESET, 0);
	return 0;
}

static int quit_machine(void *ctx)
{
	machine_stop(ctx, END_CONTROL_QUIT, 0);
	return 0;
}

static int channels(void *ctx, struct json_object *to)
{
	return synthetic_describe(ctx, to);
}

static struct services *enter(void *ctx)
{
	struct machine *machine = ctx;

	if (!machine->synthetic.bus)
		return NULL;
	pthread_mutex_lock(&machine->device_lock);
	return &machine->synthetic.services;
}

static void leave(void *ctx)
{
	struct machine *machine = ctx;

	pthread_mutex_unlock(&machine->device_lock);
}

/* ---- disks */

static struct storage *storage_of(void *ctx)
{
	return &((struct machine *)ctx)->storage;
}

static int list_disks(void *ctx, struct json_object *to)
{
	return storage_describe(storage_of(ctx), to);
}

static int add_disk(void *ctx, int file, int lun, bool read_only, bool dvd)
{
	return storage_add(storage_of(ctx), file, lun,
			   (read_only || dvd ? STORVSP_READ_ONLY : 0) | (dvd ? STORVSP_DVD : 0));
}

static int remove_disk(void *ctx, int lun)
{
	return storage_remove(storage_of(ctx), lun);
}

static int set_medium(void *ctx, int lun, int file, bool force)
{
	return storage_set_medium(storage_of(ctx), lun, file, force);
}

static int resize_disk(void *ctx, int lun)
{
	return storage_resize(storage_of(ctx), lun);
}

static const struct control_disk_ops disk_ops = {
	.list = list_disks,
	.add = add_disk,
	.remove = remove_disk,
	.medium = set_medium,
	.resize = resize_disk,
};

const struct control_ops remote_ops = {
	.status = status,
	.pause = pause_machine,
	.resume = resume_machine,
	.reset = reset_machine,
	.quit = quit_machine,
	.channels = channels,
	.enter = enter,
	.leave = leave,
	.disks = &disk_ops,
};

/**
 * remote_started() - VPs were let run, for the first time or after a reset
 * @machine: it runs
 */
void remote_started(struct machine *machine)
{
	struct json_object *data = json_object_new_object();

	machine->starts++;
	machine->started = timers_now();
	add_number(data, "starts", machine->starts);
	control_event(machine->control, "started", data);
}

/**
 * remote_ended() - the machine ended and will not start again
 * @machine: stopped
 * @code: vmwp's exit code
 */
void remote_ended(struct machine *machine, int code)
{
	struct json_object *data = json_object_new_object();

	add_string(data, "reason", end_name(machine->end));
	add_number(data, "code", (uint64_t)code);
	control_event(machine->control, "ended", data);
}
