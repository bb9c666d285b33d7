// SPDX-License-Identifier: GPL-2.0-only
/*
 * GPADLs: lists of guest memory that the guest gives to a channel.  Pure.
 *
 * A list comes in a HEADER and as many BODYs as it takes.  Its number is unique within
 * a channel; but BODYs name no channel, so no two lists with one number are in progress at
 * once.  How many there are and what they take is bounded for a partition.
 */
#include "ranges.h"
#include "server.h"

struct vmbus_gpadl *vmbus_gpadl_find(struct vmbus_channel *channel, u32 id)
{
	struct vmbus_gpadl *gpadl;

	for (gpadl = channel->server->gpadls; gpadl; gpadl = gpadl->next)
		if (gpadl->channel == channel && gpadl->id == id &&
		    gpadl->state != VMBUS_GPADL_ORPHAN)
			return gpadl;
	return NULL;
}

static struct vmbus_gpadl *find_in_progress(struct vmbus_server *server, u32 id)
{
	struct vmbus_gpadl *gpadl;

	for (gpadl = server->gpadls; gpadl; gpadl = gpadl->next)
		if (gpadl->id == id && gpadl->state == VMBUS_GPADL_IN_PROGRESS)
			return gpadl;
	return NULL;
}

static u32 words_size(u32 count)
{
	return count * sizeof(u64);
}

static void forget(struct vmbus_gpadl *gpadl)
{
	struct vmbus_server *server = gpadl->channel->server;
	struct vmbus_gpadl **at = &server->gpadls;

	while (*at != gpadl)
		at = &(*at)->next;
	*at = gpadl->next;
	server->gpadl_count--;
	server->gpadl_bytes -= words_size(gpadl->word_count);
	server->ops->free(gpadl);
}

static void send_created(struct vmbus_server *server, u32 relid, u32 id, u32 status)
{
	const struct vmbus_gpadl_created out = {
		.header.type = VMBUS_GPADL_CREATED,
		.relid = relid,
		.gpadl = id,
		.status = status,
	};

	vmbus_send(server, &out, sizeof(out));
}

static void send_torndown(struct vmbus_server *server, u32 id)
{
	const struct vmbus_gpadl_torndown out = {
		.header.type = VMBUS_GPADL_TORNDOWN, .gpadl = id,
	};

	vmbus_send(server, &out, sizeof(out));
}

/* Are all ranges there, and sane?  Sets how many bytes they are. */
static bool ranges_valid(struct vmbus_gpadl *gpadl)
{
	u32 at = 0, i, words;

	gpadl->bytes = 0;
	for (i = 0; i < gpadl->range_count; i++) {
		if (at == gpadl->word_count)
			return false;
		words = vmbus_range_words(&gpadl->words[at], gpadl->word_count - at);
		if (!words)
			return false;
		gpadl->bytes += (u32)gpadl->words[at];
		at += words;
	}
	return true;
}

/* Takes what a message brings, as much of it as is still wanted. */
static void fill(struct vmbus_gpadl *gpadl, const u8 *bytes, u32 size)
{
	u32 count = min_t(u32, size / sizeof(u64), gpadl->word_count - gpadl->filled);

	memcpy(&gpadl->words[gpadl->filled], bytes, words_size(count));
	gpadl->filled += count;
}

/* 0; or -EINVAL, and it is gone. */
static int finish(struct vmbus_gpadl *gpadl)
{
	struct vmbus_channel *channel = gpadl->channel;
	struct vmbus_server *server = channel->server;
	u32 id = gpadl->id;

	if (gpadl->filled < gpadl->word_count)
		return 0;
	if (!ranges_valid(gpadl)) {
		forget(gpadl);
		send_created(server, channel->relid, id, VMBUS_STATUS_INVALID_PARAMETER);
		return -EINVAL;
	}
	gpadl->state = VMBUS_GPADL_ACCEPTED;
	send_created(server, channel->relid, id, VMBUS_STATUS_SUCCESS);
	return 0;
}

static int create(struct vmbus_channel *channel, const struct vmbus_gpadl_header *in,
		  struct vmbus_gpadl **out)
{
	struct vmbus_server *server = channel->server;
	u32 bytes = in->range_bytes & ~7u;
	struct vmbus_gpadl *gpadl;

	if (channel->state == VMBUS_REVOKED)
		return -EINVAL;
	if (!in->gpadl || !in->range_count || !bytes || in->range_bytes & 7)
		return -EINVAL;
	if (vmbus_gpadl_find(channel, in->gpadl) || find_in_progress(server, in->gpadl))
		return -EEXIST;
	if (server->gpadl_count >= VMBUS_GPADLS_MAX ||
	    server->gpadl_bytes + bytes > VMBUS_GPADL_BYTES_MAX)
		return -ENOSPC;
	gpadl = server->ops->alloc(sizeof(*gpadl) + bytes);
	if (!gpadl)
		return -ENOMEM;
	gpadl->channel = channel;
	gpadl->id = in->gpadl;
	gpadl->range_count = in->range_count;
	gpadl->word_count = bytes / sizeof(u64);
	gpadl->next = server->gpadls;
	server->gpadls = gpadl;
	server->gpadl_count++;
	server->gpadl_bytes += bytes;
	*out = gpadl;
	return 0;
}

int vmbus_on_gpadl_header(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_gpadl_header *in = message;
	struct vmbus_channel *channel = vmbus_channel_by_relid(server, in->relid);
	struct vmbus_gpadl *gpadl;
	int err;

	if (!channel)
		return -ENOENT;
	err = create(channel, in, &gpadl);
	if (err) {
		/* of a number that is taken nothing is said: it is another one's */
		if (err != -EEXIST)
			send_created(server, in->relid, in->gpadl, VMBUS_STATUS_UNSUCCESSFUL);
		return err;
	}
	fill(gpadl, in->ranges, size - sizeof(*in));
	return finish(gpadl);
}

int vmbus_on_gpadl_body(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_gpadl_body *in = message;
	struct vmbus_gpadl *gpadl = find_in_progress(server, in->gpadl);

	if (!gpadl)
		return -ENOENT;
	/* without this a guest could send bodies for ever */
	if (size - sizeof(*in) < sizeof(u64))
		return -EMSGSIZE;
	fill(gpadl, in->ranges, size - sizeof(*in));
	return finish(gpadl);
}

/* The ring of an open channel is not given back before it is closed. */
static bool is_ring_in_use(const struct vmbus_gpadl *gpadl)
{
	const struct vmbus_channel *channel = gpadl->channel;

	return channel->ring == gpadl &&
	       (channel->state == VMBUS_OPEN || channel->state == VMBUS_OPENING);
}

/* The ring goes with the channel's close: of that its user knows. */
static void ask_for(struct vmbus_gpadl *gpadl)
{
	if (gpadl->channel->ring != gpadl || gpadl->users > 1)
		gpadl->channel->server->ops->release(gpadl);
}

int vmbus_on_gpadl_teardown(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_gpadl_teardown *in = message;
	struct vmbus_channel *channel = vmbus_channel_by_relid(server, in->relid);
	struct vmbus_gpadl *gpadl = channel ? vmbus_gpadl_find(channel, in->gpadl) : NULL;

	if (!gpadl)
		return -ENOENT;
	if (gpadl->state == VMBUS_GPADL_TEARING_DOWN || is_ring_in_use(gpadl))
		return -EBUSY;
	if (gpadl->users) {
		gpadl->state = VMBUS_GPADL_TEARING_DOWN;
		ask_for(gpadl);
		return 0;
	}
	forget(gpadl);
	send_torndown(server, in->gpadl);
	return 0;
}

/**
 * vmbus_gpadl_get() - use a GPADL
 * @channel: whose
 * @id:      the guest's number for it
 *
 * Return: it, until vmbus_gpadl_put(); NULL: there is none, or the guest wants it back.
 */
struct vmbus_gpadl *vmbus_gpadl_get(struct vmbus_channel *channel, u32 id)
{
	struct vmbus_gpadl *gpadl = vmbus_gpadl_find(channel, id);

	if (!gpadl || gpadl->state != VMBUS_GPADL_ACCEPTED)
		return NULL;
	gpadl->users++;
	return gpadl;
}

/**
 * vmbus_gpadl_put() - use it no more
 * @gpadl: from vmbus_gpadl_get()
 */
void vmbus_gpadl_put(struct vmbus_gpadl *gpadl)
{
	struct vmbus_server *server = gpadl->channel->server;
	enum vmbus_gpadl_state state = gpadl->state;
	u32 id = gpadl->id;

	if (--gpadl->users || state == VMBUS_GPADL_ACCEPTED)
		return;
	forget(gpadl);
	if (state == VMBUS_GPADL_TEARING_DOWN)
		send_torndown(server, id);
	else
		vmbus_connection_drained(server);
}

/**
 * vmbus_gpadls_busy() - are GPADLs of a guest that is gone still used?
 * @channel: the channel
 *
 * Return: whether; of a channel whose guest is there, whether any is used.
 */
bool vmbus_gpadls_busy(const struct vmbus_channel *channel)
{
	const struct vmbus_gpadl *gpadl;

	for (gpadl = channel->server->gpadls; gpadl; gpadl = gpadl->next)
		if (gpadl->channel == channel && gpadl->users)
			return true;
	return false;
}

/**
 * vmbus_gpadls_revoke() - the offer was revoked: what was under way fails, what was to be given
 *                         back is
 * @channel: nobody uses any of its GPADLs
 */
void vmbus_gpadls_revoke(struct vmbus_channel *channel)
{
	struct vmbus_server *server = channel->server;
	struct vmbus_gpadl *gpadl, *next;

	for (gpadl = server->gpadls; gpadl; gpadl = next) {
		u32 id = gpadl->id;

		next = gpadl->next;
		if (gpadl->channel != channel || gpadl->state != VMBUS_GPADL_IN_PROGRESS)
			continue;
		forget(gpadl);
		send_created(server, channel->relid, id, VMBUS_STATUS_UNSUCCESSFUL);
	}
}

/**
 * vmbus_gpadls_release() - the guest is gone, or has released the channel
 * @channel: what is still used of it goes with its last user
 */
void vmbus_gpadls_release(struct vmbus_channel *channel)
{
	struct vmbus_gpadl *gpadl, *next;

	for (gpadl = channel->server->gpadls; gpadl; gpadl = next) {
		next = gpadl->next;
		if (gpadl->channel != channel)
			continue;
		if (!gpadl->users) {
			forget(gpadl);
		} else if (gpadl->state != VMBUS_GPADL_ORPHAN) {
			gpadl->state = VMBUS_GPADL_ORPHAN;
			ask_for(gpadl);
		}
	}
}
