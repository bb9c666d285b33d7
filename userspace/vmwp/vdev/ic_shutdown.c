// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shutdown: the guest is asked to power off, to restart or to hibernate.
 *
 * It answers at once whether it will; whether it does is seen when it ends.
 */
#include <errno.h>
#include <string.h>

#include "ic_services.h"

#define REASON_PLANNED	0x80000000u	/* SHTDN_REASON_FLAG_PLANNED */
#define ANSWER_LIMIT	(30 * IC_SECOND)

static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 }, { 3, 1 }, { 3, 2 } };

static const struct ic_service service = { "shutdown", IC_SHUTDOWN, versions, 4 };

/**
 * shutdown_init() - make the service
 * @shutdown: filled in
 * @host: clock and timers
 * @port: where it sends
 */
void shutdown_init(struct shutdown *shutdown, const struct vdev_host *host,
		   const struct vdev_port *port)
{
	ic_init(&shutdown->ic, &service, host, port);
}

/* Restarting came with 3.1, hibernation with 3.2. */
static bool knows(const struct ic_version *version, uint32_t flags)
{
	unsigned int least = 0;

	if (flags & IC_SHUTDOWN_HIBERNATE)
		least = 2;
	else if (flags & IC_SHUTDOWN_RESTART)
		least = 1;
	return !least || (version->major == 3 && version->minor >= least);
}

/**
 * shutdown_request() - ask the guest to end
 * @shutdown: any
 * @flags: IC_SHUTDOWN_*; 0 is to power off
 * @done: called with its answer
 * @ctx: for @done
 *
 * Return: 0, -EOPNOTSUPP when this driver's version cannot, or as ic_request().
 */
int shutdown_request(struct shutdown *shutdown, uint32_t flags,
		     void (*done)(void *ctx, const struct ic_reply *reply), void *ctx)
{
	const struct ic_shutdown_message message = {
		.reason = REASON_PLANNED,
		.flags = flags,
	};

	if (shutdown->ic.state == IC_STATE_READY && !knows(&shutdown->ic.message, flags))
		return -EOPNOTSUPP;
	return ic_request(&shutdown->ic, &message, sizeof(message), ANSWER_LIMIT, done, ctx);
}
