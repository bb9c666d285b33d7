// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of the control socket: one table, from which requests are checked, answers
 * to "commands" are made, and Documentation/control-socket.md is held against.
 *
 * Main thread, no lock held.
 */
#include "commands.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "disks.h"
#include "layout.h"
#include "services.h"
#include "vdev/services.h"

/* What an operation's errno is called in an answer. */
static const char *code_of(int err)
{
	switch (err) {
	case -EALREADY:
		return "already";
	case -EBUSY:
		return "busy";
	case -ESHUTDOWN:
		return "ending";
	default:
		return "failed";
	}
}

static void finish(struct control_call *call, int err)
{
	if (err)
		control_fail(call, code_of(err), "%s: %s", call->request.command->name,
			     strerror(-err));
	else
		control_reply(call, NULL);
}

static void run_commands(struct control_call *call)
{
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "commands", control_describe(call->commands));
	control_reply(call, result);
}

static void run_status(struct control_call *call)
{
	struct json_object *result = json_object_new_object();

	call->ops->status(call->ctx, result);
	control_reply(call, result);
}

static void run_events(struct control_call *call)
{
	call->client->subscribed = control_value(call, 0)->flag;
	control_reply(call, NULL);
}

static void run_pause(struct control_call *call)
{
	finish(call, call->ops->pause(call->ctx));
}

static void run_resume(struct control_call *call)
{
	finish(call, call->ops->resume(call->ctx));
}

static void run_reset(struct control_call *call)
{
	finish(call, call->ops->reset(call->ctx));
}

static void run_quit(struct control_call *call)
{
	finish(call, call->ops->quit(call->ctx));
}

static void run_channels(struct control_call *call)
{
	struct json_object *result = json_object_new_object();

	if (!call->ops->channels(call->ctx, result)) {
		control_reply(call, result);
		return;
	}
	json_object_put(result);
	control_fail(call, "no-driver", "this machine has no VMBus");
}

#define KEY_MAX		255		/* in UTF-16 as in UTF-8 at most */
#define VALUE_MAX	1023
#define PATH_MAX_BYTES	780

#define FORCE { "force", CONTROL_FLAG, .help = "do not wait for programs" }
#define POOL { "pool", CONTROL_STRING, .required = true, .max = 8, .choices = control_pools, \
	       .help = "external: the host's, guest: the guest's, auto: what it knows of itself" }
#define KEY { "key", CONTROL_STRING, .required = true, .min = 1, .max = KEY_MAX, \
	      .help = "of the pair" }
#define LUN { "lun", CONTROL_NUMBER, .required = true, .max = 63, .help = "the disk's number" }
#define ADAPTER { "adapter", CONTROL_STRING, .required = true, .min = 1, .max = 40, \
		  .help = "a network device's instance, as {GUID}" }

static const struct control_command table[] = {
	{
		.name = "commands",
		.help = "list the commands and their arguments",
		.run = run_commands,
	}, {
		.name = "status",
		.help = "say what the machine is and does",
		.run = run_status,
	}, {
		.name = "events",
		.help = "send events on this connection, or no more",
		.run = run_events,
		.arguments = {
			{ "on", CONTROL_FLAG, .required = true, .help = "whether to" },
		},
	}, {
		.name = "pause",
		.help = "stop all virtual processors and the guest's reference time",
		.run = run_pause,
	}, {
		.name = "resume",
		.help = "go on after pause",
		.run = run_resume,
	}, {
		.name = "reset",
		.help = "start anew, as a reset button does",
		.run = run_reset,
	}, {
		.name = "quit",
		.help = "end the machine and vmwp, without asking the guest",
		.run = run_quit,
	}, {
		.name = "channels",
		.help = "list the channels of the VMBus",
		.run = run_channels,
	}, {
		.name = "disk-list",
		.help = "list the disks, and what was read and written",
		.run = control_run_disk_list,
	}, {
		.name = "disk-add",
		.help = "make a file or block device a disk",
		.file = true,
		.run = control_run_disk_add,
		.arguments = {
			{ "lun", CONTROL_NUMBER, .max = 63, .help = "its number, or any" },
			{ "read-only", CONTROL_FLAG, .help = "the guest may not write" },
			{ "dvd", CONTROL_FLAG, .help = "a DVD drive with this medium" },
		},
	}, {
		.name = "disk-remove",
		.help = "take a disk from the guest",
		.run = control_run_disk_remove,
		.arguments = { LUN },
	}, {
		.name = "disk-insert",
		.help = "put a medium into a DVD drive",
		.file = true,
		.run = control_run_disk_insert,
		.arguments = {
			LUN, { "force", CONTROL_FLAG, .help = "though the guest locks the drive" },
		},
	}, {
		.name = "disk-eject",
		.help = "take the medium out of a DVD drive",
		.run = control_run_disk_eject,
		.arguments = {
			LUN, { "force", CONTROL_FLAG, .help = "though the guest locks the drive" },
		},
	}, {
		.name = "disk-resize",
		.help = "tell the guest that a disk has another size",
		.run = control_run_disk_resize,
		.arguments = { LUN },
	}, {
		.name = "shutdown",
		.help = "ask the guest to power off",
		.run = control_run_shutdown,
		.arguments = { FORCE },
	}, {
		.name = "reboot",
		.help = "ask the guest to restart",
		.run = control_run_reboot,
		.arguments = { FORCE },
	}, {
		.name = "hibernate",
		.help = "ask the guest to hibernate",
		.run = control_run_hibernate,
		.arguments = { FORCE },
	}, {
		.name = "heartbeat",
		.help = "say whether the guest's kernel answers",
		.run = control_run_heartbeat,
	}, {
		.name = "time-sync",
		.help = "have the guest set its clock",
		.run = control_run_time_sync,
	}, {
		.name = "kvp-list",
		.help = "list the guest's pairs of key and value",
		.run = control_run_kvp_list,
		.arguments = { POOL },
	}, {
		.name = "kvp-get",
		.help = "read a value",
		.run = control_run_kvp_get,
		.arguments = { POOL, KEY },
	}, {
		.name = "kvp-set",
		.help = "give the guest a value",
		.run = control_run_kvp_set,
		.arguments = {
			POOL, KEY,
			{ "value", CONTROL_STRING, .required = true, .max = VALUE_MAX,
			  .help = "its text" },
		},
	}, {
		.name = "kvp-delete",
		.help = "take a value from the guest",
		.run = control_run_kvp_delete,
		.arguments = { POOL, KEY },
	}, {
		.name = "ip-get",
		.help = "read the addresses of a network adapter",
		.run = control_run_ip_get,
		.arguments = {
			{ "mac", CONTROL_STRING, .required = true, .min = 1, .max = 40,
			  .help = "a network device's address, as 00:15:5D:01:02:03" },
			{ "ipv6", CONTROL_FLAG, .help = "those, or those of IPv4" },
		},
	}, {
		.name = "ip-set",
		.help = "give a network adapter addresses, or, without any, DHCP",
		.run = control_run_ip_set,
		.arguments = {
			ADAPTER,
			{ "address", CONTROL_STRING, .max = 1000,
			  .help = "separated by semicolons" },
			{ "subnet", CONTROL_STRING, .max = 1000, .help = "of each address" },
			{ "gateway", CONTROL_STRING, .max = 500,
			  .help = "separated by semicolons" },
			{ "dns", CONTROL_STRING, .max = 1000, .help = "separated by semicolons" },
		},
	}, {
		.name = "freeze",
		.help = "have the guest freeze its file systems",
		.run = control_run_freeze,
	}, {
		.name = "thaw",
		.help = "have it thaw them",
		.run = control_run_thaw,
	}, {
		.name = "copy-file",
		.help = "put a file into the guest",
		.file = true,
		.run = control_run_copy_file,
		.arguments = {
			{ "path", CONTROL_STRING, .required = true, .min = 2, .max = PATH_MAX_BYTES,
			  .help = "where, absolute" },
			{ "overwrite", CONTROL_FLAG, .help = "a file that is there" },
			{ "make-path", CONTROL_FLAG,
			  .help = "make directories that are not there" },
		},
	}, {
		.name = "balloon",
		.help = "have the guest give memory to the host, or give it back",
		.run = control_run_balloon,
		.arguments = {
			{ "size", CONTROL_NUMBER, .required = true, .max = 1 << 24,
			  .help = "MiB that the guest shall be without" },
		},
	}, {
		.name = "memory",
		.help = "say what the guest has and needs, in bytes, or have it have another size",
		.run = control_run_memory,
		.arguments = {
			{ "size", CONTROL_NUMBER, .min = 1, .max = 1 << 24,
			  .help = "MiB that it shall have" },
		},
	}, {
		.name = "key",
		.help = "a key goes down and up",
		.run = control_run_key,
		.arguments = {
			{ "code", CONTROL_NUMBER, .required = true, .min = 1, .max = 127,
			  .help = "of scan code set 1" },
			{ "prefix", CONTROL_STRING, .max = 4, .choices = control_prefixes,
			  .help = "of the scan code" },
			{ "action", CONTROL_STRING, .max = 5, .choices = control_actions,
			  .help = "or only one of both" },
		},
	}, {
		.name = "type",
		.help = "type a text, on a US keyboard",
		.run = control_run_type,
		.arguments = {
			{ "text", CONTROL_STRING, .required = true, .max = KEYBOARD_TEXT_MAX,
			  .help = "newline is Enter" },
		},
	}, {
		.name = "pointer",
		.help = "the pointer moves, buttons go down or up, wheels turn",
		.run = control_run_pointer,
		.arguments = {
			{ "x", CONTROL_NUMBER, .required = true, .max = MOUSE_RANGE,
			  .help = "from the left" },
			{ "y", CONTROL_NUMBER, .required = true, .max = MOUSE_RANGE,
			  .help = "from the top" },
			{ "buttons", CONTROL_NUMBER, .max = (1 << MOUSE_BUTTONS) - 1,
			  .help = "that are down: bits" },
			{ "wheel", CONTROL_NUMBER, .min = -127, .max = 127,
			  .help = "steps, up is positive" },
			{ "pan", CONTROL_NUMBER, .min = -127, .max = 127,
			  .help = "steps, right is positive" },
		},
	},
};

const struct control_commands control_commands = { table, ARRAY_SIZE(table) };
