// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vmbus/message.c vmbus/connection.c vmbus/offer.c vmbus/channel.c vmbus/gpadl.c */
/* LINK: vmbus/ranges.c */
/*
 * Any messages in any state, with owners that answer, or do not, or take their offers back.
 * All memory is accounted for at the end of each input.
 */
#include <stdlib.h>

#include "fuzzer.h"
#include "server.h"

#define OWNERS	6u
#define HELD	4u

struct input {
	const uint8_t *bytes;
	size_t left;
};

static struct vmbus_server server;
static struct vmbus_channel *owned[OWNERS];	/* by instance and subchannel */
static struct vmbus_gpadl *held[HELD];
static struct vmbus_channel *held_by[HELD];
static long allocated;
static bool full, answer;

static void take(struct input *input, void *buffer, size_t size)
{
	size_t n = size < input->left ? size : input->left;

	memset(buffer, 0, size);
	memcpy(buffer, input->bytes, n);
	input->bytes += n;
	input->left -= n;
}

static u8 byte(struct input *input)
{
	u8 b;

	take(input, &b, 1);
	return b;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void *op_alloc(size_t size)
{
	allocated++;
	return calloc(1, size);
}

static void op_free(void *memory)
{
	if (memory)
		allocated--;
	free(memory);
}

static int op_post(void *context, u32 vp, u32 sint, const void *message, u32 size)
{
	require(vp < 2 && sint < HV_SINT_COUNT && size <= HV_MESSAGE_PAYLOAD_MAX);
	return full ? -EAGAIN : 0;
}

static bool op_vp_exists(void *context, u32 vp)
{
	return vp < 2;
}

static int op_connect(struct vmbus_channel *channel)
{
	require(channel->connection <= 0xffffff && channel->event_flag < HV_EVENT_FLAGS_COUNT);
	return channel->connection < 5 ? -EEXIST : 0;
}

static void op_channel(struct vmbus_channel *channel)
{
	require(channel->owner);
}

static void op_open(struct vmbus_channel *channel)
{
	require(channel->owner && channel->ring && channel->ring->users);
	if (answer)
		vmbus_channel_opened(channel, 0);
}

static void op_close(struct vmbus_channel *channel)
{
	require(channel->owner && channel->ring && channel->ring->users);
	if (answer)
		vmbus_channel_closed(channel);
}

static void op_release(struct vmbus_gpadl *gpadl)
{
	require(gpadl->users);
}

static void put_held(struct vmbus_channel *channel)
{
	for (unsigned int i = 0; i < HELD; i++)
		if (held[i] && (!channel || held_by[i] == channel)) {
			vmbus_gpadl_put(held[i]);
			held[i] = NULL;
		}
}

static void op_gone(struct vmbus_channel *channel)
{
	put_held(channel);
	*(struct vmbus_channel **)channel->owner = NULL;
}

static void op_connected(void *context, u32 version, u32 features)
{
}

static void op_tl_connect(void *context, const u8 *service, const u8 *endpoint)
{
}

static void op_reset_done(void *context)
{
}

static const struct vmbus_server_ops ops = {
	.alloc = op_alloc, .free = op_free, .post = op_post, .vp_exists = op_vp_exists,
	.connect = op_connect, .disconnect = op_channel, .open = op_open, .close = op_close,
	.retarget = op_channel, .release = op_release, .gone = op_gone,
	.connected = op_connected, .tl_connect = op_tl_connect, .reset_done = op_reset_done,
};

static void message(struct input *input)
{
	u64 words[31] = { 0 };
	u8 *bytes = (u8 *)words, type = byte(input) % 32, size = byte(input) % (sizeof(words) + 1);

	take(input, bytes + 8, size < 8 ? 0 : size - 8);
	bytes[0] = type;
	if (!vmbus_server_blocked(&server))
		vmbus_server_receive(&server, words, size);
}

static void offer(u8 n)
{
	const struct vmbus_offer_info info = {
		.instance = { n % 2 }, .subchannel = n / 2 % 3,
		.flags = n & 0x80 ? VMBUS_OFFER_TLNPI : 0,
	};
	unsigned int slot = n % 2 * 3 + n / 2 % 3;

	if (!owned[slot])
		vmbus_channel_offer(&server, &info, &owned[slot], &owned[slot]);
}

static void revoke(unsigned int slot)
{
	struct vmbus_channel *channel = owned[slot];

	if (!channel)
		return;
	put_held(channel);
	/* a channel's own memory may be freed by this */
	owned[slot] = NULL;
	vmbus_channel_revoke(channel);
}

static void hold(struct input *input)
{
	struct vmbus_channel *channel = owned[byte(input) % OWNERS];
	u8 slot = byte(input) % HELD, id = byte(input);

	if (held[slot] || !channel)
		return;
	held[slot] = vmbus_gpadl_get(channel, id);
	held_by[slot] = channel;
}

static void owner_step(struct input *input, u8 op)
{
	struct vmbus_channel *channel = owned[byte(input) % OWNERS];
	u8 slot = byte(input) % HELD;

	switch (op % 3) {
	case 0:
		if (channel)
			vmbus_channel_opened(channel, byte(input) & 1);
		break;
	case 1:
		if (channel)
			vmbus_channel_closed(channel);
		break;
	default:
		if (held[slot])
			vmbus_gpadl_put(held[slot]);
		held[slot] = NULL;
	}
}

static void step(struct input *input)
{
	u8 op = byte(input);

	switch (op % 16) {
	case 0:
		offer(byte(input));
		break;
	case 1:
		revoke(byte(input) % OWNERS);
		break;
	case 2:
		full = byte(input) & 1;
		vmbus_server_flush(&server);
		break;
	case 3:
		answer = byte(input) & 1;
		break;
	case 4:
		hold(input);
		break;
	case 5:
	case 6:
	case 7:
		owner_step(input, op);
		break;
	case 8:
		if (byte(input) > 200)
			vmbus_server_reset(&server);
		break;
	default:
		message(input);
	}
}

static void invariants(void)
{
	u32 count = 0, bytes = 0;

	for (const struct vmbus_gpadl *g = server.gpadls; g; g = g->next) {
		count++;
		bytes += g->word_count * 8;
		require(g->filled <= g->word_count);
	}
	require(count == server.gpadl_count && count <= VMBUS_GPADLS_MAX);
	require(bytes == server.gpadl_bytes && bytes <= VMBUS_GPADL_BYTES_MAX);
	for (const struct vmbus_channel *c = server.channels; c; c = c->next) {
		require(!c->relid == (c->state == VMBUS_UNOFFERED));
		require(!c->relid || server.relids[c->relid] == c);
		require(!c->owner == (c->state == VMBUS_REVOKED));
	}
	if (server.state == VMBUS_DISCONNECTED)
		require(!server.gpadl_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	memset(owned, 0, sizeof(owned));
	memset(held, 0, sizeof(held));
	allocated = 0;
	full = false;
	answer = true;
	vmbus_server_init(&server, &ops, NULL, VMBUS_VERSION_6_0);
	offer(0);
	while (input.left) {
		step(&input);
		invariants();
	}
	put_held(NULL);
	for (unsigned int slot = 0; slot < OWNERS; slot++)
		revoke(slot);
	vmbus_server_destroy(&server);
	require(!allocated);
	return 0;
}
