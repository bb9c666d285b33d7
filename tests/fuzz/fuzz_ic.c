// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/ic.c userspace/vmwp/vdev/ic_text.c */
/* LINK: userspace/vmwp/vdev/ic_heartbeat.c userspace/vmwp/vdev/ic_shutdown.c */
/* LINK: userspace/vmwp/vdev/ic_timesync.c userspace/vmwp/vdev/ic_vss.c */
/* LINK: userspace/vmwp/vdev/ic_kvp.c userspace/vmwp/vdev/ic_fcopy.c */
/* LINK: userspace/vmwp/vdev/keyboard.c userspace/vmwp/vdev/mouse.c */
/* LINK: userspace/vmwp/vdev/balloon.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * A guest that sends any packets to the integration components and synthetic devices, while
 * the host asks for things, time goes by, and channels open and close.  Whatever was asked
 * for ends exactly once; no page is given up twice, or is no RAM.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_host.h"
#include "fuzzer.h"
#include "vdev/ic_services.h"
#include "vdev/synth.h"

#define PAGES		512u
#define HOT		4096u		/* pages that can be added: none is given */
#define HOT_PAGES	2048u
#define STEPS_MAX	1000u

static struct fake_host fake;
static struct heartbeat heartbeat;
static struct shutdown shut;
static struct timesync timesync;
static struct kvp kvp;
static struct vss vss;
static struct fcopy fcopy;
static struct keyboard keyboard;
static struct mouse mouse;
static struct balloon balloon;
static uint8_t given[PAGES];
static int result;			/* of sending */
static int waiting;			/* requests that have not ended */

static int sent(void *ctx, const void *packet, size_t size)
{
	if (size > IC_PACKET_MAX || !size)
		abort();
	return result;
}

static void end(int err)
{
	if (!waiting--)
		abort();
}

static void replied(void *ctx, const struct ic_reply *reply)
{
	if (reply->size > IC_PACKET_MAX)
		abort();
	end(reply->err);
}

static void ended(void *ctx, int err)
{
	end(err);
}

static void pair(void *ctx, const struct kvp_pair *pair)
{
	if (strlen(pair->key) >= sizeof(pair->key) || strlen(pair->value) >= sizeof(pair->value))
		abort();
}

static void address(void *ctx, const struct kvp_ip *ip)
{
	if (strlen(ip->address) >= sizeof(ip->address) || strlen(ip->dns) >= sizeof(ip->dns))
		abort();
}

static int read_file(void *ctx, void *to, size_t room)
{
	if (!room)
		abort();
	memset(to, 'f', room);
	return (int)room;
}

static void changed(void *ctx, enum heartbeat_state state)
{
}

static bool is_ram(void *ctx, uint64_t page, uint64_t count)
{
	return page >= 16;
}

static void discard(void *ctx, uint64_t page, uint64_t count)
{
	if (page < 16 || page + count > PAGES)
		abort();
	while (count--)
		if (given[page++]++)
			abort();
}

static uint64_t there;			/* pages above HOT that were made */

static int add(void *ctx, uint64_t page, uint64_t count)
{
	if (page < HOT || !count || page + count > HOT + HOT_PAGES)
		abort();
	if (page + count > HOT + there)
		there = page + count - HOT;
	return 0;
}

static const struct balloon_ops balloon_ops = { add, is_ram, discard };
static const struct balloon_memory memory = {
	.limit = PAGES, .count = 256, .hot_first = HOT, .hot_count = HOT_PAGES, .hot_unit = 256,
};

/* Forgets what was given back. */
static void sync_given(void)
{
	for (unsigned int i = 0; i < PAGES; i++)
		given[i] = balloon.bitmap[i / 8] >> i % 8 & 1;
}

static void build(void)
{
	const struct vdev_port port = { sent, NULL };

	result = 0;
	waiting = 0;
	there = 0;
	memset(given, 0, sizeof(given));
	fake_host_init(&fake);
	heartbeat_init(&heartbeat, &fake.host, &port, changed, NULL);
	shutdown_init(&shut, &fake.host, &port);
	timesync_init(&timesync, &fake.host, &port);
	kvp_init(&kvp, &fake.host, &port);
	vss_init(&vss, &fake.host, &port);
	fcopy_init(&fcopy, &fake.host, &port);
	keyboard_init(&keyboard, &port);
	mouse_init(&mouse, &port);
	if (balloon_init(&balloon, &port, &balloon_ops, NULL, &memory))
		abort();
}

static void close_all(void)
{
	heartbeat_closed(&heartbeat);
	heartbeat_fini(&heartbeat);
	ic_closed(&shut.ic);
	timesync_closed(&timesync);
	ic_closed(&kvp.ic);
	ic_closed(&vss.ic);
	ic_closed(&fcopy.ic);
	keyboard_closed(&keyboard);
	mouse_closed(&mouse);
	balloon_closed(&balloon);
	if (waiting || fake.timers)
		abort();
}

static void open_all(void)
{
	close_all();
	heartbeat_opened(&heartbeat);
	ic_opened(&shut.ic);
	timesync_opened(&timesync);
	ic_opened(&kvp.ic);
	ic_opened(&vss.ic);
	ic_opened(&fcopy.ic);
	balloon_opened(&balloon);
}

static struct ic *const ics[] = {
	&heartbeat.ic, &shut.ic, &timesync.ic, &kvp.ic, &vss.ic, &fcopy.ic,
};

/* An answer as drivers give it, so that the fuzzer gets past the header. */
static void answer(const uint8_t *data, size_t size, uint8_t which, bool negotiate)
{
	static uint8_t packet[IC_PACKET_MAX];
	struct ic *ic = ics[which % 6];
	struct ic_header header = {
		.type = negotiate ? (uint16_t)IC_NEGOTIATE : ic->service->type,
		.transaction = ic->transaction,
		.flags = IC_RESPONSE,
	};

	if (size)
		header.status = data[0] & 1 ? 0 : IC_NO_MORE_ITEMS;
	memset(packet, data ? 0x41 : 0, sizeof(packet));
	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), data, size);
	ic_packet(ic, packet, which & 0x80 ? sizeof(packet) : sizeof(header) + size);
}

static void agree(uint8_t which)
{
	struct ic *ic = ics[which % 6];
	const struct ic_version versions[2] = { { 3, 0 }, ic->service->versions[0] };
	const struct ic_negotiate head = { 1, 1, 0 };
	uint8_t chosen[sizeof(head) + sizeof(versions)];

	memcpy(chosen, &head, sizeof(head));
	memcpy(chosen + sizeof(head), versions, sizeof(versions));
	answer(chosen, sizeof(chosen), which & 0x7f, true);
}

static void ask(uint8_t which)
{
	const struct kvp_ip ip = { .adapter = "{}" };
	int err = -EINVAL;

	switch (which % 12) {
	case 0:
		err = shutdown_request(&shut, which >> 5, replied, NULL);
		break;
	case 1:
		err = timesync_now(&timesync, replied, NULL);
		break;
	case 2:
		err = vss_request(&vss, IC_VSS_FREEZE, replied, NULL);
		break;
	case 3:
		err = kvp_list(&kvp, IC_KVP_AUTO, pair, ended, NULL);
		break;
	case 4:
		err = kvp_get(&kvp, IC_KVP_GUEST, "key", pair, ended, NULL);
		break;
	case 5:
		err = kvp_set(&kvp, IC_KVP_GUEST, "key", "value", ended, NULL);
		break;
	case 6:
		err = kvp_get_ip(&kvp, "{}", true, address, ended, NULL);
		break;
	case 7:
		err = kvp_set_ip(&kvp, &ip, ended, NULL);
		break;
	case 8:
		err = fcopy_start(&fcopy, "/f", which * 1000u, 0, read_file, ended, NULL);
		break;
	case 9:
		waiting++;		/* it may end at once */
		err = which & 0x80 ? balloon_resize(&balloon, which * 16u, ended, NULL) :
				     balloon_set(&balloon, which % 64 * 16u, ended, NULL);
		waiting -= err != 0;
		sync_given();
		return;
	case 10:
		keyboard_type(&keyboard, "aB");
		break;
	case 11:
		mouse_send(&mouse, &(struct mouse_report){ .x = which });
		break;
	}
	waiting += !err;
}

static void packet_to(uint8_t which, const void *data, size_t size)
{
	switch (which % 4) {
	case 0:
		keyboard_packet(&keyboard, data, size);
		break;
	case 1:
		mouse_packet(&mouse, data, size);
		break;
	case 2:
		balloon_packet(&balloon, data, size);
		break;
	case 3:
		ic_packet(ics[which / 4 % 6], data, size);
		break;
	}
	sync_given();
}

/* An operation, its detail, and how many bytes belong to it. */
static void step(uint8_t operation, uint8_t detail, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);	/* so that reading past it is seen */

	if (!copy)
		abort();
	memcpy(copy, data, size);
	switch (operation % 8) {
	case 0:
		packet_to(detail, copy, size);
		break;
	case 1:
		answer(copy, size, detail, false);
		break;
	case 2:
		answer(copy, size, detail, true);
		break;
	case 3:
		agree(detail);
		break;
	case 4:
		ask(detail);
		break;
	case 5:
		fake_host_advance(&fake, (uint64_t)detail * IC_SECOND / 4);
		break;
	case 6:
		result = detail & 1 ? -EAGAIN : 0;
		balloon_writable(&balloon);
		sync_given();
		break;
	case 7:
		if (detail & 1)
			open_all();
		else
			close_all();
		if (detail & 2 && balloon.state == BALLOON_STATE_CLOSED)
			balloon_restarted(&balloon);
		sync_given();
		break;
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length;

	build();
	for (unsigned int i = 0; i < STEPS_MAX && size >= 3; i++) {
		length = data[2] < size - 3 ? data[2] : size - 3;
		step(data[0], data[1], data + 3, length);
		data += 3 + length;
		size -= 3 + length;
	}
	if (balloon.added > there)
		abort();
	close_all();
	balloon_fini(&balloon);
	fake_host_fini(&fake);
	return 0;
}
