// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offers: which channels there are, what the guest knows of them, and by which relid.  Pure.
 *
 * A guest hears of offers once it has asked for them; those that are made later are
 * sent at once (hot add).  A revoked one is rescinded, and its relid stays taken until the guest
 * has released it; until then the same instance is not offered again, for guests take
 * the second offer for a copy of the first.
 */
#include "server.h"

static bool same_device(const struct vmbus_offer_info *a, const struct vmbus_offer_info *b)
{
	return !memcmp(a->type, b->type, sizeof(a->type)) &&
	       !memcmp(a->instance, b->instance, sizeof(a->instance));
}

static struct vmbus_channel *find(struct vmbus_server *server, const struct vmbus_offer_info *info,
				  u16 subchannel, bool revoked)
{
	struct vmbus_channel *channel;
	bool is_revoked;

	for (channel = server->channels; channel; channel = channel->next) {
		is_revoked = channel->state == VMBUS_REVOKED;
		if (is_revoked == revoked && channel->offer.subchannel == subchannel &&
		    same_device(&channel->offer, info))
			return channel;
	}
	return NULL;
}

/**
 * vmbus_channel_by_relid() - the channel that the guest means
 * @server: the server
 * @relid:  any number
 *
 * Return: the channel, or NULL.
 */
struct vmbus_channel *vmbus_channel_by_relid(struct vmbus_server *server, u32 relid)
{
	return relid < VMBUS_CHANNELS_MAX ? server->relids[relid] : NULL;
}

/* The lowest free one behind that given last: a relid is not soon taken again. */
static u32 free_relid(struct vmbus_server *server)
{
	u32 i, relid;

	for (i = 0; i < VMBUS_CHANNELS_MAX; i++) {
		relid = (server->relid_hint + i) % VMBUS_CHANNELS_MAX;
		if (relid && !server->relids[relid]) {
			server->relid_hint = relid + 1;
			return relid;
		}
	}
	return 0;
}

static void send_offer(struct vmbus_channel *channel)
{
	const struct vmbus_offer_info *offer = &channel->offer;
	struct vmbus_offer_channel out = {
		.header.type = VMBUS_OFFER_CHANNEL,
		.flags = offer->flags,
		.mmio_megabytes = offer->mmio_megabytes,
		.subchannel = offer->subchannel,
		.relid = channel->relid,
		.dedicated_interrupt = 1,
		.connection_id = channel->connection,
	};

	memcpy(out.type, offer->type, sizeof(out.type));
	memcpy(out.instance, offer->instance, sizeof(out.instance));
	memcpy(out.user_data, offer->user_data, sizeof(out.user_data));
	vmbus_send(channel->server, &out, sizeof(out));
}

/* Tells the guest of a channel, unless it must not hear of it yet. */
static void offer(struct vmbus_channel *channel)
{
	struct vmbus_server *server = channel->server;

	if (channel->state != VMBUS_UNOFFERED ||
	    find(server, &channel->offer, channel->offer.subchannel, true))
		return;
	channel->relid = free_relid(server);
	if (!channel->relid)
		return;		/* once one is released */
	server->relids[channel->relid] = channel;
	channel->connection = VMBUS_CONNECTION_BASE + channel->relid;
	channel->event_flag = channel->relid;
	channel->state = VMBUS_CLOSED;
	send_offer(channel);
}

/* Primary channels first: a subchannel without its primary is an error to guests. */
static void offer_all(struct vmbus_server *server)
{
	struct vmbus_channel *channel;

	for (channel = server->channels; channel; channel = channel->next)
		if (!channel->offer.subchannel)
			offer(channel);
	for (channel = server->channels; channel; channel = channel->next)
		if (channel->offer.subchannel)
			offer(channel);
}

/**
 * vmbus_channel_offer() - offer a channel
 * @server:  the server
 * @info:    what it is
 * @owner:   for the ops
 * @channel: set before ops can be called with it
 *
 * Return: 0; -EEXIST: it is offered; -ENOENT: a subchannel without its primary; -ENOSPC; -ENOMEM.
 */
int vmbus_channel_offer(struct vmbus_server *server, const struct vmbus_offer_info *info,
			void *owner, struct vmbus_channel **channel)
{
	struct vmbus_channel **end = &server->channels, *new;
	u32 count = 0;

	if (find(server, info, info->subchannel, false))
		return -EEXIST;
	if (info->subchannel && !find(server, info, 0, false))
		return -ENOENT;
	for (; *end; end = &(*end)->next)
		count++;
	if (count >= VMBUS_CHANNELS_MAX - 1)
		return -ENOSPC;
	new = server->ops->alloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->server = server;
	new->owner = owner;
	new->offer = *info;
	new->target_vp = VMBUS_VP_NONE;
	*end = new;
	*channel = new;
	if (info->flags & VMBUS_OFFER_TLNPI && !info->user_data[VMBUS_HVSOCK_FROM_HOST] &&
	    server->tl_pending)
		server->tl_pending--;
	if (server->offers_requested)
		offer(new);
	return 0;
}

static void forget(struct vmbus_channel *channel)
{
	struct vmbus_channel **at = &channel->server->channels;

	while (*at != channel)
		at = &(*at)->next;
	*at = channel->next;
	channel->server->ops->free(channel);
}

/**
 * vmbus_channel_unoffer() - the guest knows a channel no more
 * @channel: neither in use nor connected
 *
 * A revoked one is freed.
 */
void vmbus_channel_unoffer(struct vmbus_channel *channel)
{
	struct vmbus_server *server = channel->server;

	vmbus_gpadls_release(channel);
	if (channel->relid)
		server->relids[channel->relid] = NULL;
	channel->relid = 0;
	if (channel->state == VMBUS_REVOKED)
		forget(channel);
	else
		channel->state = VMBUS_UNOFFERED;
}

static void revoke_subchannels(struct vmbus_channel *primary)
{
	struct vmbus_channel *channel, *next;

	for (channel = primary->server->channels; channel; channel = next) {
		next = channel->next;
		if (channel == primary || channel->state == VMBUS_REVOKED ||
		    !same_device(&channel->offer, &primary->offer))
			continue;
		primary->server->ops->gone(channel);
		vmbus_channel_revoke(channel);
		next = primary->server->channels;	/* some may have been freed */
	}
}

/* The guest waits for the result of an open that will not come. */
static void fail_open(struct vmbus_channel *channel)
{
	const struct vmbus_open_result out = {
		.header.type = VMBUS_OPEN_CHANNEL_RESULT,
		.relid = channel->relid,
		.open_id = channel->open_id,
		.status = VMBUS_STATUS_UNSUCCESSFUL,
	};

	vmbus_send(channel->server, &out, sizeof(out));
}

/**
 * vmbus_channel_revoke() - take an offer back (hot remove)
 * @channel: not to be used by its owner afterwards
 *
 * The owner uses its rings and GPADLs no more, and has put those that it held.  Subchannels of
 * it go first.
 */
void vmbus_channel_revoke(struct vmbus_channel *channel)
{
	struct vmbus_server *server = channel->server;
	enum vmbus_channel_state state = channel->state;
	struct vmbus_relid_message out = {
		.header.type = VMBUS_RESCIND_CHANNEL_OFFER, .relid = channel->relid,
	};

	if (!channel->offer.subchannel)
		revoke_subchannels(channel);
	vmbus_channel_drop_ring(channel);
	channel->owner = NULL;
	channel->state = VMBUS_REVOKED;
	if (state == VMBUS_UNOFFERED || state == VMBUS_OPENING_RELEASED ||
	    state == VMBUS_CLOSING_RELEASED) {
		vmbus_channel_unoffer(channel);
		vmbus_connection_drained(server);
		return;
	}
	if (state == VMBUS_OPENING || state == VMBUS_CLOSING_REOPEN)
		fail_open(channel);
	vmbus_gpadls_revoke(channel);
	vmbus_send(server, &out, sizeof(out));
}

/**
 * vmbus_channels_release() - the guest is gone, and so is what it knew
 * @server: the server
 */
void vmbus_channels_release(struct vmbus_server *server)
{
	struct vmbus_channel *channel, *next;

	for (channel = server->channels; channel; channel = next) {
		next = channel->next;
		vmbus_channel_release(channel);
	}
}

int vmbus_on_request_offers(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_header out = { .type = VMBUS_ALL_OFFERS_DELIVERED };

	if (server->offers_requested)
		return -EALREADY;
	server->offers_requested = true;
	offer_all(server);
	vmbus_send(server, &out, sizeof(out));
	return 0;
}

/* An instance that was offered again meanwhile, or what had no relid, is offered now. */
int vmbus_on_relid_released(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_relid_message *in = message;
	struct vmbus_channel *channel = vmbus_channel_by_relid(server, in->relid);
	bool revoked;

	if (!channel)
		return -ENOENT;
	revoked = channel->state == VMBUS_REVOKED;
	if (!revoked && channel->state != VMBUS_CLOSED)
		return -EBUSY;
	if (!revoked && vmbus_gpadls_busy(channel))
		return -EBUSY;
	vmbus_channel_unoffer(channel);
	if (revoked && server->offers_requested)
		offer_all(server);
	return 0;
}
