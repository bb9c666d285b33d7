// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/control/request.c userspace/vmwp/control/call.c */
/* LINK: userspace/vmwp/control/lines.c userspace/vmwp/control/commands.c */
/* LINK: userspace/vmwp/control/disks.c */
/* LINK: userspace/vmwp/control/services.c userspace/vmwp/vdev/services.c */
/* LINK: userspace/vmwp/vdev/ic.c userspace/vmwp/vdev/ic_text.c */
/* LINK: userspace/vmwp/vdev/ic_heartbeat.c userspace/vmwp/vdev/ic_shutdown.c */
/* LINK: userspace/vmwp/vdev/ic_timesync.c userspace/vmwp/vdev/ic_vss.c */
/* LINK: userspace/vmwp/vdev/ic_kvp.c userspace/vmwp/vdev/ic_fcopy.c */
/* LINK: userspace/vmwp/vdev/keyboard.c userspace/vmwp/vdev/mouse.c */
/* LINK: userspace/vmwp/vdev/balloon.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/* LINK: tests/unit/fake_control.c */
/* LIBS: -ljson-c */
/*
 * A client that sends anything, in pieces of any size.  Each line gets one answer or is
 * kept; every answer is one line of JSON; nothing is lost when the client goes.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "control/lines.h"
#include "fake_control.h"
#include "fuzzer.h"

static struct fake_control fake;
static const struct control_commands *commands;

/* Drivers that have agreed on versions, so that commands have something to do. */
static void open_services(void)
{
	const struct keyboard_request keyboard = { KEYBOARD_REQUEST, KEYBOARD_VERSION };
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++)
		service_classes[i].opened(&fake.services);
	fake.services.shutdown.ic.state = IC_STATE_READY;
	fake.services.timesync.ic.state = IC_STATE_READY;
	fake.services.kvp.ic.state = IC_STATE_READY;
	fake.services.vss.ic.state = IC_STATE_READY;
	fake.services.mouse.accepted = true;
	fake.services.balloon.state = BALLOON_STATE_READY;
	fake.services.balloon.capabilities = BALLOON_CAN_BALLOON | BALLOON_CAN_HOT_ADD;
	fake.services.balloon.hot_unit = 256;
	keyboard_packet(&fake.services.keyboard, &keyboard, sizeof(keyboard));
}

static void check_answer(void)
{
	struct json_object *answer = json_tokener_parse(fake.sent);

	if (!answer || !json_object_object_get_ex(answer, "ok", NULL) || strchr(fake.sent, '\n'))
		abort();
	json_object_put(answer);
}

static void line(void *ctx, const char *text, size_t length)
{
	unsigned int answers = fake.answers, kept = fake.client.call_count;

	if (!text)
		control_refuse_line(&fake.client, "too-long", "too long");
	else
		control_line(&fake.client, commands, &fake_control_ops, &fake, text, length, -1);
	if (fake.answers + fake.client.call_count != answers + kept + 1)
		abort();
	if (fake.answers != answers)
		check_answer();
}

/* The first byte says the size of the pieces, and which table is asked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lines lines;
	size_t piece, i;

	if (!size)
		return 0;
	memset(&lines, 0, offsetof(struct lines, bytes));
	fake_control_init(&fake);
	open_services();
	commands = data[0] & 1 ? &control_commands : &fake_commands;
	piece = (data[0] >> 1) + 1;
	for (i = 1; i < size; i += piece)
		lines_feed(&lines, (const char *)data + i,
			   size - i < piece ? size - i : piece, line, NULL);
	control_forget_calls(&fake.client);
	if (fake.client.call_count)
		abort();
	fake_control_fini(&fake);
	return 0;
}
