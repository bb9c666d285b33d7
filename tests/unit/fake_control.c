// SPDX-License-Identifier: GPL-2.0-or-later
/* See fake_control.h. */
#include "fake_control.h"

#include <errno.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

static struct fake_control *of(struct control_call *call)
{
	return call->ctx;
}

static void fake_send(struct control_client *client, const char *text, size_t length)
{
	struct fake_control *fake = (struct fake_control *)
		((char *)client - offsetof(struct fake_control, client));

	snprintf(fake->sent, sizeof(fake->sent), "%.*s", (int)length, text);
	fake->answers++;
}

static int fake_port(void *ctx, const void *packet, size_t size)
{
	struct fake_control *fake = ctx;

	memcpy(fake->packet, packet, size);
	fake->packet_size = size;
	fake->packets++;
	return 0;
}

static void fake_heartbeat(void *ctx, enum heartbeat_state state)
{
}

static bool fake_ram(void *ctx, uint64_t page, uint64_t count)
{
	return true;
}

static void fake_discard(void *ctx, uint64_t page, uint64_t count)
{
}

static int fake_add(void *ctx, uint64_t page, uint64_t count)
{
	return 0;
}

static const struct balloon_ops fake_memory = { fake_add, fake_ram, fake_discard };

void fake_control_init(struct fake_control *fake)
{
	struct services_config config = {
		.host = &fake->host.host,
		.heartbeat = fake_heartbeat,
		.memory = &fake_memory,
		.ram = {
			.limit = 65536, .count = 32768, .hot_first = 32768, .hot_count = 32768,
			.hot_unit = 256,
		},
		.ctx = fake,
	};
	unsigned int i;

	memset(fake, 0, sizeof(*fake));
	fake->client.send = fake_send;
	fake_host_init(&fake->host);
	for (i = 0; i < SERVICE_COUNT; i++)
		config.ports[i] = (struct vdev_port){ fake_port, fake };
	if (services_init(&fake->services, &config))
		abort();
	fake->vmbus = true;
}

void fake_control_fini(struct fake_control *fake)
{
	services_fini(&fake->services);
	if (fake->host.timers || fake->locked)
		abort();
	fake_host_fini(&fake->host);
}

static void fake_status(void *ctx, struct json_object *to)
{
	json_object_object_add(to, "state", json_object_new_string("running"));
}

static int fake_pause(void *ctx)
{
	struct fake_control *fake = ctx;

	fake->pauses++;
	return fake->result;
}

static int fake_operation(void *ctx)
{
	return ((struct fake_control *)ctx)->result;
}

static int fake_channels(void *ctx, struct json_object *to)
{
	return ((struct fake_control *)ctx)->vmbus ? 0 : -ENODEV;
}

/* A lock that is taken twice would never be had. */
static struct services *fake_enter(void *ctx)
{
	struct fake_control *fake = ctx;

	if (!fake->vmbus)
		return NULL;
	if (fake->locked++)
		abort();
	return &fake->services;
}

static void fake_leave(void *ctx)
{
	if (--((struct fake_control *)ctx)->locked)
		abort();
}

const struct control_ops fake_control_ops = {
	.channels = fake_channels,
	.enter = fake_enter,
	.leave = fake_leave,
	.status = fake_status,
	.pause = fake_pause,
	.resume = fake_operation,
	.reset = fake_operation,
	.quit = fake_operation,
};

static void run_all(struct control_call *call)
{
	struct fake_control *fake = of(call);
	const struct control_value *list = control_value(call, 3);
	size_t i, used;

	fake->runs++;
	snprintf(fake->text, sizeof(fake->text), "%s", control_value(call, 0)->text);
	fake->number = control_value(call, 1)->number;
	fake->flag = control_value(call, 2)->flag;
	fake->list[0] = '\0';
	for (i = 0; i < list->length; i++) {
		used = strlen(fake->list);
		snprintf(fake->list + used, sizeof(fake->list) - used, "%s ", list->items[i]);
	}
	control_reply(call, NULL);
}

static void forget(struct control_call *call)
{
	((struct fake_control *)call->keeper)->cancels++;
}

static void run_later(struct control_call *call)
{
	of(call)->kept = call;
	control_keep(call, forget, of(call));
}

static void run_file(struct control_call *call)
{
	if (call->file < 0)
		control_fail(call, "failed", "no file");
	else
		control_reply(call, NULL);
}

static const char *const colours[] = { "red", "blue", NULL };

static const struct control_command table[] = {
	{
		.name = "all",
		.help = "every type",
		.run = run_all,
		.arguments = {
			{ "s", CONTROL_STRING, .required = true, .min = 2, .max = 4, .help = "" },
			{ "n", CONTROL_NUMBER, .required = true, .min = -3, .max = 10, .help = "" },
			{ "f", CONTROL_FLAG, .help = "" },
			{ "l", CONTROL_STRINGS, .min = 1, .max = 3, .help = "" },
			{ "c", CONTROL_STRING, .max = 9, .choices = colours, .help = "" },
		},
	}, {
		.name = "later",
		.help = "answers when told to",
		.run = run_later,
	}, {
		.name = "file",
		.help = "takes a file",
		.file = true,
		.run = run_file,
	},
};

const struct control_commands fake_commands = { table, ARRAY_SIZE(table) };
