// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heartbeat: every two seconds the driver is asked to answer.  One that answered once and
 * then is silent for ten seconds is lost: its kernel hangs, or has crashed.  A closed channel
 * does not tell the difference: Linux takes leave of the bus when it panics.
 */
#include <errno.h>
#include <string.h>

#include "ic_services.h"

static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 } };

static const struct ic_service service = { "heartbeat", IC_HEARTBEAT, versions, 2 };

static uint64_t now(const struct heartbeat *heartbeat)
{
	return heartbeat->ic.host->now(heartbeat->ic.host->ctx);
}

static void set_state(struct heartbeat *heartbeat, enum heartbeat_state state)
{
	if (heartbeat->state == state)
		return;
	heartbeat->state = state;
	heartbeat->changed(heartbeat->ctx, state);
}

static void answered(void *ctx, const struct ic_reply *reply);

static void send_beat(struct heartbeat *heartbeat)
{
	const struct ic_heartbeat_message message = { .sequence = heartbeat->sequence++ };

	ic_request(&heartbeat->ic, &message, sizeof(message), HEARTBEAT_LIMIT, answered, heartbeat);
}

/*
 * Linux adds one to the sequence number; what others do with it is not checked.  A guest that was
 * silent is asked again at once: a question is always on its way.
 */
static void answered(void *ctx, const struct ic_reply *reply)
{
	struct heartbeat *heartbeat = ctx;

	if (reply->err == -ETIMEDOUT)
		send_beat(heartbeat);
	if (reply->err)
		return;
	heartbeat->answered = now(heartbeat);
	set_state(heartbeat, HEARTBEAT_OK);
}

static void arm(struct heartbeat *heartbeat)
{
	const struct vdev_host *host = heartbeat->ic.host;

	host->arm(host->ctx, &heartbeat->beat, now(heartbeat) + HEARTBEAT_PERIOD);
}

static void beat(void *dev)
{
	struct heartbeat *heartbeat = dev;

	if (heartbeat->state == HEARTBEAT_OK &&
	    now(heartbeat) - heartbeat->answered > HEARTBEAT_LIMIT)
		set_state(heartbeat, HEARTBEAT_LOST);
	if (heartbeat->ic.state == IC_STATE_CLOSED && heartbeat->state == HEARTBEAT_LOST)
		return;
	send_beat(heartbeat);
	arm(heartbeat);
}

static void ready(void *ctx)
{
	send_beat(ctx);
}

/**
 * heartbeat_init() - make the service
 * @heartbeat: filled in
 * @host: clock and timers
 * @port: where it sends
 * @changed: called when the state is another one
 * @ctx: for @changed
 */
void heartbeat_init(struct heartbeat *heartbeat, const struct vdev_host *host,
		    const struct vdev_port *port,
		    void (*changed)(void *ctx, enum heartbeat_state state), void *ctx)
{
	memset(heartbeat, 0, sizeof(*heartbeat));
	ic_init(&heartbeat->ic, &service, host, port);
	heartbeat->ic.ready = ready;
	heartbeat->ic.ctx = heartbeat;
	heartbeat->beat.expired = beat;
	heartbeat->beat.dev = heartbeat;
	heartbeat->changed = changed;
	heartbeat->ctx = ctx;
}

/**
 * heartbeat_opened() - a driver opened the channel
 * @heartbeat: closed
 */
void heartbeat_opened(struct heartbeat *heartbeat)
{
	ic_opened(&heartbeat->ic);
	arm(heartbeat);
}

/**
 * heartbeat_closed() - the driver has gone
 * @heartbeat: may be closed already
 *
 * If it is not back in time, it is lost.
 */
void heartbeat_closed(struct heartbeat *heartbeat)
{
	const struct vdev_host *host = heartbeat->ic.host;

	if (heartbeat->state != HEARTBEAT_OK)
		host->arm(host->ctx, &heartbeat->beat, 0);
	ic_closed(&heartbeat->ic);
}

/**
 * heartbeat_fini() - there is no guest any more
 * @heartbeat: closed
 */
void heartbeat_fini(struct heartbeat *heartbeat)
{
	const struct vdev_host *host = heartbeat->ic.host;

	host->arm(host->ctx, &heartbeat->beat, 0);
	set_state(heartbeat, HEARTBEAT_NONE);
}
