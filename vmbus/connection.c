// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection of a guest to the bus: versions, contact, unload, reset.  Pure.
 *
 * A guest that makes contact anew (after kexec, or a reset of its own) is disconnected first.
 * Being disconnected takes until all channels are closed and all GPADLs are given back; only
 * then is it answered, so that no memory of the guest that was is written any more.
 */
#include "server.h"

static const u32 versions[] = {
	VMBUS_VERSION_1_1, VMBUS_VERSION_2_4, VMBUS_VERSION_3_0, VMBUS_VERSION_4_0,
	VMBUS_VERSION_4_1, VMBUS_VERSION_5_0, VMBUS_VERSION_5_1, VMBUS_VERSION_5_2,
	VMBUS_VERSION_5_3, VMBUS_VERSION_6_0,
};

#define FEATURES	(VMBUS_FEATURE_SIGNAL_PARAMETERS | VMBUS_FEATURE_MODIFY_CONNECTION | \
			 VMBUS_FEATURE_CLIENT_ID | VMBUS_FEATURE_PAUSE_RESUME)

/**
 * vmbus_server_init() - a server without guest and offers
 * @server:      filled in
 * @ops:         its effects
 * @context:     for those that get no channel
 * @max_version: the newest to agree to, of enum vmbus_version
 */
void vmbus_server_init(struct vmbus_server *server, const struct vmbus_server_ops *ops,
		       void *context, u32 max_version)
{
	memset(server, 0, sizeof(*server));
	server->ops = ops;
	server->context = context;
	server->min_version = VMBUS_VERSION_1_1;
	server->max_version = max_version;
	server->last = &server->first;
	server->sint = VMBUS_SINT;
}

/**
 * vmbus_server_destroy() - free what is left
 * @server: its channels were revoked, and no GPADL is held
 */
void vmbus_server_destroy(struct vmbus_server *server)
{
	vmbus_channels_release(server);
	vmbus_send_drop(server);
}

static bool version_supported(const struct vmbus_server *server, u32 version)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(versions); i++)
		if (versions[i] == version)
			return version >= server->min_version && version <= server->max_version;
	return false;
}

static bool drained(const struct vmbus_server *server)
{
	const struct vmbus_channel *channel;

	for (channel = server->channels; channel; channel = channel->next)
		if (channel->state != VMBUS_UNOFFERED || vmbus_gpadls_busy(channel))
			return false;
	return true;
}

/* ---- contact */

/* The SINT and VTL that a 5.0 guest may choose are 2 and 0, or it is none of ours. */
static bool contact_valid(struct vmbus_server *server, const struct vmbus_initiate_contact *in)
{
	if (!server->ops->vp_exists(server->context, in->target_vp))
		return false;
	if (in->version >= VMBUS_VERSION_5_0 && (in->sint >= HV_SINT_COUNT || in->vtl))
		return false;
	if (in->version < VMBUS_VERSION_5_0 && in->interrupt_page & (HV_PAGE_SIZE - 1))
		return false;
	return true;
}

/* Both or none, and aligned; only the guest's way to us is used. */
static bool monitor_valid(u64 parent_to_child, u64 child_to_parent)
{
	return !((parent_to_child | child_to_parent) & (HV_PAGE_SIZE - 1)) &&
	       !parent_to_child == !child_to_parent;
}

static void respond(struct vmbus_server *server, bool supported, u32 version)
{
	struct vmbus_version_response_2 out = {
		.response.header.type = VMBUS_VERSION_RESPONSE,
		.response.supported = supported,
		.response.connection_id = version >= VMBUS_VERSION_5_0 ?
					  VMBUS_MESSAGE_CONNECTION_4 : version,
		.features = server->features,
	};

	vmbus_send(server, &out, version >= VMBUS_VERSION_6_0 ? sizeof(out) :
							       sizeof(out.response));
}

static void connect(struct vmbus_server *server)
{
	const struct vmbus_initiate_contact *in = &server->contact.contact;
	bool supported = version_supported(server, in->version) &&
			 monitor_valid(in->parent_to_child_monitor, in->child_to_parent_monitor);

	server->target_vp = in->target_vp;
	server->sint = in->version >= VMBUS_VERSION_5_0 && in->sint ? in->sint : VMBUS_SINT;
	if (!supported) {
		respond(server, false, in->version);
		return;
	}
	server->state = VMBUS_CONNECTED;
	server->version = in->version;
	server->features = in->version >= VMBUS_VERSION_6_0 ? in->features & FEATURES : 0;
	server->interrupt_page = in->version < VMBUS_VERSION_5_0 ? in->interrupt_page : 0;
	server->monitor_page = in->child_to_parent_monitor;
	respond(server, true, in->version);
	server->ops->connected(server->context, server->version, server->features);
}

/* ---- the end of a connection */

static void unloaded(struct vmbus_server *server)
{
	const struct vmbus_header out = { .type = VMBUS_UNLOAD_RESPONSE };

	vmbus_send(server, &out, sizeof(out));
}

/**
 * vmbus_connection_drained() - go on, if nothing of the guest's is in use any more
 * @server: the server
 */
void vmbus_connection_drained(struct vmbus_server *server)
{
	u32 next = server->next;

	if (server->state != VMBUS_DISCONNECTING || !drained(server))
		return;
	server->state = VMBUS_DISCONNECTED;
	server->next = 0;
	server->ops->connected(server->context, 0, 0);
	if (next & VMBUS_NEXT_RESET)
		server->ops->reset_done(server->context);
	if (next & VMBUS_NEXT_CONTACT)
		connect(server);
	else if (next & VMBUS_NEXT_UNLOADED)
		unloaded(server);
}

static void disconnect(struct vmbus_server *server, u32 next)
{
	server->next |= next;
	if (server->state == VMBUS_CONNECTED) {
		server->state = VMBUS_DISCONNECTING;
		server->version = 0;
		server->features = 0;
		server->paused = false;
		server->unpaused = NULL;
		server->offers_requested = false;
		server->tl_pending = 0;
		server->interrupt_page = 0;
		server->monitor_page = 0;
		vmbus_send_drop(server);
		vmbus_channels_release(server);
	}
	vmbus_connection_drained(server);
}

int vmbus_on_initiate_contact(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_initiate_contact *in = message;

	if (!contact_valid(server, in))
		return -EINVAL;
	if (in->version >= VMBUS_VERSION_6_0 && in->features & VMBUS_FEATURE_CLIENT_ID &&
	    size < sizeof(struct vmbus_initiate_contact_2))
		return -EMSGSIZE;
	memset(&server->contact, 0, sizeof(server->contact));
	memcpy(&server->contact, in, min_t(u32, size, sizeof(server->contact)));
	if (server->state == VMBUS_DISCONNECTED) {
		vmbus_send_drop(server);
		connect(server);
		return 0;
	}
	/* whoever unloaded is not there any more */
	server->next &= ~VMBUS_NEXT_UNLOADED;
	disconnect(server, VMBUS_NEXT_CONTACT);
	return 0;
}

int vmbus_on_unload(struct vmbus_server *server, const void *message, u32 size)
{
	disconnect(server, VMBUS_NEXT_UNLOADED);
	return 0;
}

/**
 * vmbus_server_reset() - the guest is gone, and is not to be answered
 * @server: the server
 *
 * ops->reset_done follows, at once or when all channels are closed.
 */
void vmbus_server_reset(struct vmbus_server *server)
{
	server->next &= ~(VMBUS_NEXT_CONTACT | VMBUS_NEXT_UNLOADED);
	vmbus_send_drop(server);
	if (server->state == VMBUS_DISCONNECTED)
		server->ops->reset_done(server->context);
	else
		disconnect(server, VMBUS_NEXT_RESET);
}

/* ---- the rest that concerns no channel */

int vmbus_on_modify_connection(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_modify_connection *in = message;
	struct vmbus_modify_connection_response out = {
		.header.type = VMBUS_MODIFY_CONNECTION_RESPONSE,
	};
	bool valid = monitor_valid(in->parent_to_child_monitor, in->child_to_parent_monitor);

	if (valid)
		server->monitor_page = in->child_to_parent_monitor;
	out.state = !valid;
	vmbus_send(server, &out, sizeof(out));
	return valid ? 0 : -EINVAL;
}

int vmbus_on_pause(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_header out = { .type = VMBUS_PAUSE_RESPONSE };

	vmbus_send(server, &out, sizeof(out));
	server->unpaused = server->first;	/* the response, should it wait */
	server->paused = true;
	return 0;
}

int vmbus_on_resume(struct vmbus_server *server, const void *message, u32 size)
{
	if (!server->paused)
		return -EINVAL;
	server->paused = false;
	vmbus_server_flush(server);
	return 0;
}

static void send_tl_result(struct vmbus_server *server, const u8 *service, const u8 *endpoint,
			   u32 status)
{
	struct vmbus_tl_connect_result out = {
		.header.type = VMBUS_TL_CONNECT_RESULT, .status = status,
	};

	memcpy(out.service, service, sizeof(out.service));
	memcpy(out.endpoint, endpoint, sizeof(out.endpoint));
	vmbus_send(server, &out, sizeof(out));
}

int vmbus_on_tl_connect(struct vmbus_server *server, const void *message, u32 size)
{
	const struct vmbus_tl_connect_request *in = message;

	if (server->tl_pending >= VMBUS_TL_PENDING_MAX) {
		send_tl_result(server, in->service, in->endpoint,
			       VMBUS_STATUS_CONNECTION_REFUSED);
		return -EBUSY;
	}
	server->tl_pending++;
	server->ops->tl_connect(server->context, in->service, in->endpoint);
	return 0;
}

/**
 * vmbus_server_tl_result() - refuse a connection of a guest's hvsock
 * @server:   the server
 * @service:  GUID
 * @endpoint: GUID
 * @status:   NTSTATUS
 *
 * Nothing is sent when no request waits for an answer.
 */
void vmbus_server_tl_result(struct vmbus_server *server, const u8 *service, const u8 *endpoint,
			    u32 status)
{
	if (!server->tl_pending)
		return;
	server->tl_pending--;
	send_tl_result(server, service, endpoint, status);
}
