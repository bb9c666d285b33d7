// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of the bus: which of the guest's are legal, and those of ours that wait for
 * room.  Pure.
 *
 * What the guest sent was copied by the caller; its size is what the guest says, at least
 * the least of its type, and bytes beyond are ignored, for firmware always sends the most.
 */
#include "server.h"

/* Legal in these states besides CONNECTED. */
#define ANY_STATE	1u
#define WHEN_PAUSED	2u

/**
 * struct rule - a message that guests send
 * @handler: NULL: none of the guest's
 * @least:   bytes
 * @version: from which on it exists
 * @feature: that it takes, or 0
 * @flags:   ANY_STATE, WHEN_PAUSED
 */
struct rule {
	int (*handler)(struct vmbus_server *server, const void *message, u32 size);
	u32 least;
	u32 version;
	u32 feature;
	u32 flags;
};

static const struct rule rules[VMBUS_MESSAGE_TYPES] = {
	[VMBUS_REQUEST_OFFERS] = {
		.handler = vmbus_on_request_offers, .least = sizeof(struct vmbus_header),
	},
	[VMBUS_OPEN_CHANNEL] = {
		.handler = vmbus_on_open, .least = sizeof(struct vmbus_open_channel),
	},
	[VMBUS_CLOSE_CHANNEL] = {
		.handler = vmbus_on_close, .least = sizeof(struct vmbus_relid_message),
	},
	[VMBUS_GPADL_HEADER] = {
		.handler = vmbus_on_gpadl_header, .least = sizeof(struct vmbus_gpadl_header),
	},
	[VMBUS_GPADL_BODY] = {
		.handler = vmbus_on_gpadl_body, .least = sizeof(struct vmbus_gpadl_body),
	},
	[VMBUS_GPADL_TEARDOWN] = {
		.handler = vmbus_on_gpadl_teardown,
		.least = sizeof(struct vmbus_gpadl_teardown),
	},
	[VMBUS_RELID_RELEASED] = {
		.handler = vmbus_on_relid_released, .least = sizeof(struct vmbus_relid_message),
	},
	[VMBUS_INITIATE_CONTACT] = {
		.handler = vmbus_on_initiate_contact,
		.least = sizeof(struct vmbus_initiate_contact),
		.flags = ANY_STATE | WHEN_PAUSED,
	},
	[VMBUS_UNLOAD] = {
		.handler = vmbus_on_unload, .least = sizeof(struct vmbus_header),
		.flags = WHEN_PAUSED,
	},
	[VMBUS_TL_CONNECT_REQUEST] = {
		.handler = vmbus_on_tl_connect,
		.least = sizeof(struct vmbus_tl_connect_request),
		.version = VMBUS_VERSION_4_0,
	},
	[VMBUS_MODIFY_CHANNEL] = {
		.handler = vmbus_on_modify_channel, .least = sizeof(struct vmbus_modify_channel),
		.version = VMBUS_VERSION_4_1,
	},
	[VMBUS_MODIFY_CONNECTION] = {
		.handler = vmbus_on_modify_connection,
		.least = sizeof(struct vmbus_modify_connection),
		.version = VMBUS_VERSION_6_0,
		.feature = VMBUS_FEATURE_MODIFY_CONNECTION,
	},
	[VMBUS_PAUSE] = {
		.handler = vmbus_on_pause, .least = sizeof(struct vmbus_header),
		.version = VMBUS_VERSION_6_0, .feature = VMBUS_FEATURE_PAUSE_RESUME,
	},
	[VMBUS_RESUME] = {
		.handler = vmbus_on_resume, .least = sizeof(struct vmbus_header),
		.version = VMBUS_VERSION_6_0, .feature = VMBUS_FEATURE_PAUSE_RESUME,
		.flags = WHEN_PAUSED,
	},
};

/**
 * vmbus_message_least() - the least size of a message
 * @type:     any number
 * @features: that were negotiated: some messages become longer by them
 *
 * Return: bytes; 0: guests send no such message.
 */
u32 vmbus_message_least(u32 type, u32 features)
{
	if (type >= VMBUS_MESSAGE_TYPES || !rules[type].handler)
		return 0;
	if (type == VMBUS_OPEN_CHANNEL && features & VMBUS_FEATURE_SIGNAL_PARAMETERS)
		return sizeof(struct vmbus_open_channel_2);
	return rules[type].least;
}

static int check(const struct vmbus_server *server, u32 type, u32 size)
{
	u32 least = vmbus_message_least(type, server->features);
	const struct rule *rule;

	if (!least)
		return -EOPNOTSUPP;
	if (size < least || size > HV_MESSAGE_PAYLOAD_MAX)
		return -EMSGSIZE;
	rule = &rules[type];
	if (rule->flags & ANY_STATE)
		return 0;
	if (server->state != VMBUS_CONNECTED)
		return -ENOTCONN;
	if (server->version < rule->version || (server->features & rule->feature) != rule->feature)
		return -EOPNOTSUPP;
	if (server->paused && !(rule->flags & WHEN_PAUSED))
		return -EBUSY;
	return 0;
}

/**
 * vmbus_server_receive() - act on a message of the guest's
 * @server:  the server; not vmbus_server_blocked()
 * @message: a copy, 8-aligned
 * @size:    bytes of payload
 *
 * Return: 0, or why it was refused; then nothing has changed, but where the guest got a message
 * that says so.
 */
int vmbus_server_receive(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_header *header = message;
	int err;

	server->counters.messages_in++;
	err = size < sizeof(*header) ? -EMSGSIZE : check(server, header->type, size);
	if (!err)
		err = rules[header->type].handler(server, message, size);
	if (err)
		server->counters.refused++;
	return err;
}

/* ---- what we send */

static int post(struct vmbus_server *server, u32 vp, u32 sint, const void *message, u32 size)
{
	int err = server->ops->post(server->context, vp, sint, message, size);

	if (!err)
		server->counters.messages_out++;
	return err;
}

static void enqueue(struct vmbus_server *server, const void *message, u32 size)
{
	struct vmbus_outgoing *o = server->ops->alloc(sizeof(*o) + size);

	if (!o)
		return;
	o->vp = server->target_vp;
	o->sint = server->sint;
	o->size = size;
	memcpy(o->bytes, message, size);
	*server->last = o;
	server->last = &o->next;
}

/**
 * vmbus_send() - send the guest a message, after those that wait
 * @server:  the server
 * @message: what to send
 * @size:    bytes
 *
 * While the guest has paused us, what is sent waits; but for PAUSE_RESPONSE.
 */
void vmbus_send(struct vmbus_server *server, const void *message, u32 size)
{
	if (server->first || server->paused ||
	    post(server, server->target_vp, server->sint, message, size) == -EAGAIN)
		enqueue(server, message, size);
}

/**
 * vmbus_server_blocked() - are messages of the guest's to wait?
 * @server: the server
 *
 * They do while ours wait for the guest to take them; but one that has paused us must be able
 * to resume.
 *
 * Return: whether.
 */
bool vmbus_server_blocked(const struct vmbus_server *server)
{
	return server->first && (!server->paused || server->unpaused);
}

/**
 * vmbus_server_flush() - send what waits, as far as there is room
 * @server: the server
 */
void vmbus_server_flush(struct vmbus_server *server)
{
	struct vmbus_outgoing *o;

	while ((o = server->first) && (!server->paused || o == server->unpaused)) {
		if (post(server, o->vp, o->sint, o->bytes, o->size) == -EAGAIN)
			return;
		server->first = o->next;
		if (!server->first)
			server->last = &server->first;
		if (o == server->unpaused)
			server->unpaused = NULL;
		server->ops->free(o);
	}
}

/**
 * vmbus_send_drop() - forget what waits, for who waited for it is gone
 * @server: the server
 */
void vmbus_send_drop(struct vmbus_server *server)
{
	struct vmbus_outgoing *o;

	while ((o = server->first)) {
		server->first = o->next;
		server->ops->free(o);
	}
	server->last = &server->first;
	server->unpaused = NULL;
}
