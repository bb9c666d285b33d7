// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time synchronisation: the guest is told the host's time of day, as a sample every five
 * seconds, and as an order to set its clock when it opens the channel or was paused.
 *
 * From version 4 on a message says what the partition's reference time was then, so that it
 * does not matter how long it is on its way.
 */
#include <errno.h>
#include <string.h>

#include "ic_services.h"

#define ANSWER_LIMIT	(10 * IC_SECOND)

static const struct ic_version versions[] = { { 1, 0 }, { 3, 0 }, { 4, 0 } };

static const struct ic_service service = { "timesync", IC_TIMESYNC, versions, 3 };

static uint64_t host_time(const struct vdev_host *host)
{
	return IC_TIME_1601 + host->wall(host->ctx) / 100;
}

static int send_reference(struct timesync *timesync, uint8_t flags,
			  void (*done)(void *ctx, const struct ic_reply *reply), void *ctx)
{
	const struct vdev_host *host = timesync->ic.host;
	const struct ic_time_reference_message message = {
		.host = host_time(host),
		.reference = host->reference(host->ctx),
		.flags = flags,
		.stratum = 0,
	};

	return ic_request(&timesync->ic, &message, sizeof(message), ANSWER_LIMIT, done, ctx);
}

static int send_time(struct timesync *timesync, uint8_t flags,
		     void (*done)(void *ctx, const struct ic_reply *reply), void *ctx)
{
	const struct ic_time_message message = {
		.host = host_time(timesync->ic.host),
		.flags = flags,
	};

	if (timesync->ic.message.major >= 4)
		return send_reference(timesync, flags, done, ctx);
	return ic_request(&timesync->ic, &message, sizeof(message), ANSWER_LIMIT, done, ctx);
}

static void ignore(void *ctx, const struct ic_reply *reply)
{
}

static void arm(struct timesync *timesync)
{
	const struct vdev_host *host = timesync->ic.host;

	host->arm(host->ctx, &timesync->sample, host->now(host->ctx) + TIMESYNC_PERIOD);
}

static void sample(void *dev)
{
	send_time(dev, IC_TIME_SAMPLE, ignore, NULL);
	arm(dev);
}

static void ready(void *ctx)
{
	send_time(ctx, IC_TIME_SYNC, ignore, NULL);
}

/**
 * timesync_init() - make the service
 * @timesync: filled in
 * @host: clocks and timers
 * @port: where it sends
 */
void timesync_init(struct timesync *timesync, const struct vdev_host *host,
		   const struct vdev_port *port)
{
	memset(timesync, 0, sizeof(*timesync));
	ic_init(&timesync->ic, &service, host, port);
	timesync->ic.ready = ready;
	timesync->ic.ctx = timesync;
	timesync->sample.expired = sample;
	timesync->sample.dev = timesync;
}

/**
 * timesync_opened() - a driver opened the channel
 * @timesync: closed
 */
void timesync_opened(struct timesync *timesync)
{
	ic_opened(&timesync->ic);
	arm(timesync);
}

/**
 * timesync_closed() - the driver has gone
 * @timesync: may be closed already
 */
void timesync_closed(struct timesync *timesync)
{
	const struct vdev_host *host = timesync->ic.host;

	host->arm(host->ctx, &timesync->sample, 0);
	ic_closed(&timesync->ic);
}

/**
 * timesync_now() - have the guest set its clock
 * @timesync: any
 * @done: called with its answer; NULL: nobody waits
 * @ctx: for @done
 *
 * A sample that is on its way does not stand in the way.
 *
 * Return: 0, or as ic_request().
 */
int timesync_now(struct timesync *timesync,
		 void (*done)(void *ctx, const struct ic_reply *reply), void *ctx)
{
	if (timesync->ic.done == ignore)
		ic_forget(&timesync->ic);
	return send_time(timesync, IC_TIME_SYNC, done ? done : ignore, ctx);
}
