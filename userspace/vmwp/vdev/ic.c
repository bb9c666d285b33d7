// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What all integration components share: negotiation of versions when the driver opens the
 * channel, then requests, one at a time, each with a time limit.
 *
 * A driver answers by sending the request back with the status and the RESPONSE flag set.
 * It is the guest's, so any bytes may come at any time: what is no answer to the last
 * request is counted and dropped.
 */
#include "ic.h"

#include <errno.h>
#include <string.h>

#include "layout.h"

static const struct ic_version frameworks[] = { { 1, 0 }, { 3, 0 } };

#define FRAMEWORKS	ARRAY_SIZE(frameworks)
#define VERSIONS_MAX	8u

/* A fresh request, or the next one. */
static void fill_header(struct ic *ic, struct ic_header *header, uint16_t type, size_t size)
{
	*header = (struct ic_header){
		.pipe = { PIPE_DATA, (uint32_t)(sizeof(*header) - sizeof(header->pipe) + size) },
		.framework = ic->framework,
		.type = type,
		.message = ic->message,
		.size = (uint16_t)size,
		.transaction = ++ic->transaction,
		.flags = IC_TRANSACTION | IC_REQUEST,
	};
}

static int send_message(struct ic *ic, uint16_t type, const void *payload, size_t size)
{
	uint8_t packet[IC_PACKET_MAX];
	struct ic_header header;

	if (size > sizeof(packet) - sizeof(header))
		return -EMSGSIZE;
	fill_header(ic, &header, type, size);
	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), payload, size);
	return ic->port.send(ic->port.ctx, packet, sizeof(header) + size);
}

static void send_negotiate(struct ic *ic)
{
	uint8_t payload[sizeof(struct ic_negotiate) + VERSIONS_MAX * sizeof(struct ic_version)];
	const struct ic_negotiate head = {
		.framework_count = FRAMEWORKS,
		.message_count = (uint16_t)ic->service->version_count,
	};
	size_t size = sizeof(head);

	memcpy(payload, &head, sizeof(head));
	memcpy(payload + size, frameworks, sizeof(frameworks));
	size += sizeof(frameworks);
	memcpy(payload + size, ic->service->versions,
	       ic->service->version_count * sizeof(struct ic_version));
	size += ic->service->version_count * sizeof(struct ic_version);
	if (send_message(ic, IC_NEGOTIATE, payload, size))
		ic->state = IC_STATE_REFUSED;
}

/* May start the next request, so it comes last. */
static void finish(struct ic *ic, const struct ic_reply *reply)
{
	void (*done)(void *ctx, const struct ic_reply *reply) = ic->done;

	ic->done = NULL;
	ic->host->arm(ic->host->ctx, &ic->timer, 0);
	if (done)
		done(ic->done_ctx, reply);
}

static void timed_out(void *dev)
{
	const struct ic_reply reply = { .err = -ETIMEDOUT };

	finish(dev, &reply);
}

/**
 * ic_init() - make the shared part of a service
 * @ic: filled in
 * @service: up to 8 versions
 * @host: clock and timer
 * @port: where it sends
 */
void ic_init(struct ic *ic, const struct ic_service *service, const struct vdev_host *host,
	     const struct vdev_port *port)
{
	*ic = (struct ic){
		.service = service,
		.host = host,
		.port = *port,
		.timer = { .expired = timed_out, .dev = ic },
	};
}

/**
 * ic_opened() - a driver opened the channel
 * @ic: closed
 */
void ic_opened(struct ic *ic)
{
	ic->state = IC_STATE_NEGOTIATING;
	ic->framework = frameworks[FRAMEWORKS - 1];
	ic->message = ic->service->versions[ic->service->version_count - 1];
	send_negotiate(ic);
}

/**
 * ic_closed() - the driver has gone; who waits for an answer is told
 * @ic: may be closed already
 */
void ic_closed(struct ic *ic)
{
	const struct ic_reply reply = { .err = -ECONNRESET };

	ic->state = IC_STATE_CLOSED;
	finish(ic, &reply);
}

/**
 * ic_busy() - is a request on its way?
 * @ic: any
 */
bool ic_busy(const struct ic *ic)
{
	return ic->done;
}

/**
 * ic_request() - ask the guest
 * @ic: any
 * @payload: after the header
 * @size: of @payload
 * @timeout: ns
 * @done: called once, later; not when this fails
 * @ctx: for @done
 *
 * Return: 0, -ENOTCONN before versions are agreed on, -EBUSY when a request is on its way,
 * -EAGAIN when the guest leaves no room, or another -errno.
 */
int ic_request(struct ic *ic, const void *payload, size_t size, uint64_t timeout,
	       void (*done)(void *ctx, const struct ic_reply *reply), void *ctx)
{
	int err;

	if (ic->state != IC_STATE_READY)
		return -ENOTCONN;
	if (ic_busy(ic))
		return -EBUSY;
	err = send_message(ic, ic->service->type, payload, size);
	if (err)
		return err;
	ic->done = done;
	ic->done_ctx = ctx;
	ic->host->arm(ic->host->ctx, &ic->timer, ic->host->now(ic->host->ctx) + timeout);
	return 0;
}

/**
 * ic_forget() - nobody waits for the answer any more
 * @ic: any
 */
void ic_forget(struct ic *ic)
{
	ic->done = NULL;
	ic->host->arm(ic->host->ctx, &ic->timer, 0);
}

static bool same(const struct ic_version *a, const struct ic_version *b)
{
	return a->major == b->major && a->minor == b->minor;
}

static bool is_one_of(const struct ic_version *version, const struct ic_version *list,
		      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (same(version, &list[i]))
			return true;
	return false;
}

/* One version of each that we offered, or none. */
static void negotiated(struct ic *ic, const uint8_t *payload, size_t size)
{
	struct ic_version chosen[2];
	struct ic_negotiate head;

	if (size < sizeof(head) + sizeof(chosen)) {
		ic->bad++;
		return;
	}
	memcpy(&head, payload, sizeof(head));
	memcpy(chosen, payload + sizeof(head), sizeof(chosen));
	if (head.framework_count != 1 || head.message_count != 1 ||
	    !is_one_of(&chosen[0], frameworks, FRAMEWORKS) ||
	    !is_one_of(&chosen[1], ic->service->versions, ic->service->version_count)) {
		ic->state = IC_STATE_REFUSED;
		return;
	}
	ic->framework = chosen[0];
	ic->message = chosen[1];
	ic->state = IC_STATE_READY;
	if (ic->ready)
		ic->ready(ic->ctx);
}

static void answered(struct ic *ic, const struct ic_header *header, const uint8_t *payload,
		     size_t size)
{
	const struct ic_reply reply = { 0, header->status, payload, size };

	if (ic_busy(ic))
		finish(ic, &reply);
	else
		ic->bad++;		/* or it is late */
}

/**
 * ic_packet() - the guest sent a packet
 * @ic: open
 * @packet: a copy that it cannot change any more
 * @size: of @packet
 */
void ic_packet(struct ic *ic, const void *packet, size_t size)
{
	const uint8_t *bytes = packet;
	struct ic_header header;

	if (size < sizeof(header)) {
		ic->bad++;
		return;
	}
	memcpy(&header, bytes, sizeof(header));
	bytes += sizeof(header);
	size -= sizeof(header);
	if (!(header.flags & IC_RESPONSE) || header.transaction != ic->transaction)
		ic->bad++;
	else if (header.type == IC_NEGOTIATE && ic->state == IC_STATE_NEGOTIATING)
		negotiated(ic, bytes, size);
	else if (header.type == ic->service->type && ic->state == IC_STATE_READY)
		answered(ic, &header, bytes, size);
	else
		ic->bad++;
}
