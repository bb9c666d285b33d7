// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels from the guest's open to its close.  Pure.
 *
 * Who offered a channel opens and closes it in its own time.  What the guest does meanwhile
 * is kept in the state: CLOSING_REOPEN, OPENING_RELEASED, CLOSING_RELEASED.
 */
#include "server.h"

/* A ring's control page, and a page of data at least. */
#define RING_PAGES_MIN	2u

static void open_result(struct vmbus_channel *channel, u32 open_id, u32 status)
{
	const struct vmbus_open_result out = {
		.header.type = VMBUS_OPEN_CHANNEL_RESULT,
		.relid = channel->relid,
		.open_id = open_id,
		.status = status,
	};

	vmbus_send(channel->server, &out, sizeof(out));
}

/**
 * vmbus_target_valid() - may signals go to this VP?
 * @server: the server
 * @vp:     any number
 *
 * Return: whether.
 */
bool vmbus_target_valid(struct vmbus_server *server, u32 vp)
{
	return vp == VMBUS_VP_NONE || server->ops->vp_exists(server->context, vp);
}

static u64 range_pages(u64 word)
{
	u64 count = (u32)word, offset = word >> 32;

	return (offset + count + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;
}

/* One range of whole pages, with room for both rings. */
static bool ring_valid(const struct vmbus_gpadl *gpadl, u32 in_pages)
{
	u64 pages;

	if (!gpadl || gpadl->state != VMBUS_GPADL_ACCEPTED || gpadl->range_count != 1 ||
	    gpadl->words[0] >> 32 || gpadl->words[0] & (HV_PAGE_SIZE - 1))
		return false;
	pages = range_pages(gpadl->words[0]);
	return in_pages >= RING_PAGES_MIN && in_pages < pages &&
	       pages - in_pages >= RING_PAGES_MIN;
}

/* Where signals go, and come from, when the guest may choose. */
static bool signals_valid(const struct vmbus_server *server, const struct vmbus_open_channel_2 *in)
{
	if (!(server->features & VMBUS_FEATURE_SIGNAL_PARAMETERS))
		return true;
	return in->event_flag < HV_EVENT_FLAGS_COUNT && in->connection_id <= 0xffffff;
}

/**
 * vmbus_channel_drop_ring() - nobody uses the ring of a channel any more
 * @channel: the channel
 */
void vmbus_channel_drop_ring(struct vmbus_channel *channel)
{
	struct vmbus_gpadl *ring = channel->ring;

	if (channel->connected)
		channel->server->ops->disconnect(channel);
	channel->connected = false;
	channel->ring = NULL;
	if (ring)
		vmbus_gpadl_put(ring);
}

/* 0, or a status for the guest. */
static u32 begin_open(struct vmbus_channel *channel, const struct vmbus_open_channel_2 *in)
{
	struct vmbus_server *server = channel->server;
	struct vmbus_gpadl *ring = vmbus_gpadl_find(channel, in->open.ring_gpadl);

	if (!ring_valid(ring, in->open.downstream_offset) || !signals_valid(server, in) ||
	    !vmbus_target_valid(server, in->open.target_vp))
		return VMBUS_STATUS_INVALID_PARAMETER;
	channel->connection = VMBUS_CONNECTION_BASE + channel->relid;
	channel->event_flag = channel->relid;
	if (server->features & VMBUS_FEATURE_SIGNAL_PARAMETERS) {
		channel->event_flag = in->event_flag;
		if (in->connection_id)
			channel->connection = in->connection_id;
	}
	/* a number that something else has is refused here */
	if (server->ops->connect(channel))
		return VMBUS_STATUS_INVALID_PARAMETER;
	channel->connected = true;
	channel->ring = ring;
	ring->users++;
	channel->target_vp = in->open.target_vp;
	channel->open_id = in->open.open_id;
	channel->in_pages = in->open.downstream_offset;
	memcpy(channel->user_data, in->open.user_data, sizeof(channel->user_data));
	return 0;
}

static int open_now(struct vmbus_channel *channel, const struct vmbus_open_channel_2 *in)
{
	u32 status = begin_open(channel, in);

	if (status) {
		open_result(channel, in->open.open_id, status);
		return -EINVAL;
	}
	channel->state = VMBUS_OPENING;
	channel->server->ops->open(channel);
	return 0;
}

int vmbus_on_open(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_open_channel *in = message;
	struct vmbus_channel *channel = vmbus_channel_by_relid(server, in->relid);
	struct vmbus_open_channel_2 full = {};

	if (!channel)
		return -ENOENT;
	memcpy(&full, message, min_t(u32, size, sizeof(full)));
	switch (channel->state) {
	case VMBUS_CLOSED:
		return open_now(channel, &full);
	case VMBUS_CLOSING:
		channel->reopen = full;
		channel->state = VMBUS_CLOSING_REOPEN;
		return 0;
	default:
		open_result(channel, in->open_id, VMBUS_STATUS_UNSUCCESSFUL);
		return -EBUSY;
	}
}

static void close_now(struct vmbus_channel *channel, enum vmbus_channel_state state)
{
	channel->state = state;
	channel->server->ops->close(channel);
}

/**
 * vmbus_channel_opened() - the answer to ops->open
 * @channel: the channel
 * @status:  0, or an NTSTATUS: the owner uses the ring no more
 */
void vmbus_channel_opened(struct vmbus_channel *channel, u32 status)
{
	switch (channel->state) {
	case VMBUS_OPENING:
		if (status)
			vmbus_channel_drop_ring(channel);
		channel->state = status ? VMBUS_CLOSED : VMBUS_OPEN;
		open_result(channel, channel->open_id, status);
		break;
	case VMBUS_OPENING_RELEASED:
		if (!status) {
			close_now(channel, VMBUS_CLOSING_RELEASED);
			break;
		}
		channel->state = VMBUS_CLOSING_RELEASED;
		vmbus_channel_closed(channel);
		break;
	default:
		break;		/* an answer to nothing */
	}
}

/**
 * vmbus_channel_closed() - the answer to ops->close
 * @channel: the channel; the owner uses the ring no more
 */
void vmbus_channel_closed(struct vmbus_channel *channel)
{
	enum vmbus_channel_state state = channel->state;
	struct vmbus_server *server = channel->server;

	if (state != VMBUS_CLOSING && state != VMBUS_CLOSING_REOPEN &&
	    state != VMBUS_CLOSING_RELEASED)
		return;
	vmbus_channel_drop_ring(channel);
	channel->state = VMBUS_CLOSED;
	if (state == VMBUS_CLOSING_REOPEN) {
		open_now(channel, &channel->reopen);
	} else if (state == VMBUS_CLOSING_RELEASED) {
		vmbus_channel_unoffer(channel);
		vmbus_connection_drained(server);
	}
}

int vmbus_on_close(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_relid_message *in = message;
	struct vmbus_channel *channel = vmbus_channel_by_relid(server, in->relid);

	if (!channel)
		return -ENOENT;
	if (channel->state == VMBUS_REVOKED)
		return 0;	/* it did not know yet */
	if (channel->state != VMBUS_OPEN)
		return -EINVAL;
	close_now(channel, VMBUS_CLOSING);
	return 0;
}

/**
 * vmbus_channel_release() - the guest is gone
 * @channel: freed here when it was revoked
 */
void vmbus_channel_release(struct vmbus_channel *channel)
{
	switch (channel->state) {
	case VMBUS_UNOFFERED:
	case VMBUS_OPENING_RELEASED:
	case VMBUS_CLOSING_RELEASED:
		break;
	case VMBUS_CLOSED:
	case VMBUS_REVOKED:
		vmbus_channel_unoffer(channel);
		break;
	case VMBUS_OPENING:
		channel->state = VMBUS_OPENING_RELEASED;
		vmbus_gpadls_release(channel);
		break;
	case VMBUS_OPEN:
		vmbus_gpadls_release(channel);
		close_now(channel, VMBUS_CLOSING_RELEASED);
		break;
	default:
		channel->state = VMBUS_CLOSING_RELEASED;
		vmbus_gpadls_release(channel);
	}
}

static void modify_response(struct vmbus_channel *channel, u32 status)
{
	const struct vmbus_modify_channel_response out = {
		.header.type = VMBUS_MODIFY_CHANNEL_RESPONSE,
		.relid = channel->relid,
		.status = status,
	};

	if (channel->server->version >= VMBUS_VERSION_5_3)
		vmbus_send(channel->server, &out, sizeof(out));
}

/* Interrupts can be turned off by the open only. */
int vmbus_on_modify_channel(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_modify_channel *in = message;
	struct vmbus_channel *channel = vmbus_channel_by_relid(server, in->relid);

	if (!channel)
		return -ENOENT;
	if (channel->state != VMBUS_OPEN ||
	    !server->ops->vp_exists(server->context, in->target_vp)) {
		modify_response(channel, VMBUS_STATUS_INVALID_PARAMETER);
		return -EINVAL;
	}
	channel->target_vp = in->target_vp;
	server->ops->retarget(channel);
	modify_response(channel, VMBUS_STATUS_SUCCESS);
	return 0;
}
