// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VSS: the guest freezes its file systems, so that a copy of its disks is consistent, and
 * thaws them again.
 */
#include <errno.h>

#include "ic_services.h"

/* Linux gives its daemon 15 minutes to freeze and thaw, and 30 s for anything else. */
#define FREEZE_LIMIT	(15 * 60 * IC_SECOND)
#define ANSWER_LIMIT	(60 * IC_SECOND)

static const struct ic_version versions[] = { { 5, 0 } };

static const struct ic_service service = { "vss", IC_VSS, versions, 1 };

/**
 * vss_init() - make the service
 * @vss: filled in
 * @host: clock and timers
 * @port: where it sends
 */
void vss_init(struct vss *vss, const struct vdev_host *host, const struct vdev_port *port)
{
	ic_init(&vss->ic, &service, host, port);
}

/**
 * vss_request() - have the guest freeze, thaw, or say whether it can
 * @vss: any
 * @operation: what
 * @done: called with its answer
 * @ctx: for @done
 *
 * Return: 0, or as ic_request().
 */
int vss_request(struct vss *vss, enum ic_vss_operation operation,
		void (*done)(void *ctx, const struct ic_reply *reply), void *ctx)
{
	const struct ic_vss_message message = { .operation = (uint8_t)operation };
	uint64_t limit = operation == IC_VSS_FREEZE ? FREEZE_LIMIT : ANSWER_LIMIT;

	return ic_request(&vss->ic, &message, sizeof(message), limit, done, ctx);
}
