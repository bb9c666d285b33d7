/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integration components: small services for a guest over a channel of the VMBus.
 *
 * A service never sees the channel: it sends by struct vdev_port, and its owner calls
 * NAME_opened(), NAME_closed(), NAME_packet().  All functions are called with the device
 * lock held, in the main thread, and so are the functions that it calls.
 */
#ifndef VMWP_IC_H
#define VMWP_IC_H

#include "ic_wire.h"
#include "vdev.h"

#define IC_PACKET_MAX	8192u		/* bytes of the largest message, header included */

/**
 * struct vdev_port - a device's channel, as it sees it
 * @send: an in-band packet; 0, -EAGAIN when the guest has left no room, -ENOTCONN, -EIO
 */
struct vdev_port {
	int (*send)(void *ctx, const void *packet, size_t size);
	void *ctx;
};

struct ic_service {
	const char *name;
	uint16_t type;			/* enum ic_type */
	const struct ic_version *versions;
	unsigned int version_count;
};

enum ic_state {
	IC_STATE_CLOSED,		/* no driver there */
	IC_STATE_NEGOTIATING,
	IC_STATE_READY,
	IC_STATE_REFUSED,		/* no version in common */
};

/**
 * struct ic_reply - what became of a request
 * @err:     0: answered; -ETIMEDOUT; -ECONNRESET: the driver went away
 * @status:  the guest's, when answered
 * @payload: after the header; may be shorter than what was asked
 * @size:    of @payload
 */
struct ic_reply {
	int err;
	uint32_t status;
	const void *payload;
	size_t size;
};

/**
 * struct ic - the part that all services share: versions, and one request at a time
 * @service: which one it is
 * @host:    clock and timer
 * @port:    where it sends
 * @ready:   called when versions are agreed on; may be NULL
 * @ctx:     for @ready
 * @state:   how far it came
 * @framework: agreed version of the framework
 * @message: and of the service's messages
 * @transaction: of the last request
 * @done:    who waits for its answer; NULL: nobody
 * @done_ctx: for @done
 * @timer:   when that has waited for too long
 * @bad:     messages that made no sense
 */
struct ic {
	const struct ic_service *service;
	const struct vdev_host *host;
	struct vdev_port port;
	void (*ready)(void *ctx);
	void *ctx;
	enum ic_state state;
	struct ic_version framework;
	struct ic_version message;
	uint8_t transaction;
	void (*done)(void *ctx, const struct ic_reply *reply);
	void *done_ctx;
	struct vdev_timer timer;
	uint64_t bad;
};

void ic_init(struct ic *ic, const struct ic_service *service, const struct vdev_host *host,
	     const struct vdev_port *port);
void ic_opened(struct ic *ic);
void ic_closed(struct ic *ic);
void ic_packet(struct ic *ic, const void *packet, size_t size);
bool ic_busy(const struct ic *ic);
int ic_request(struct ic *ic, const void *payload, size_t size, uint64_t timeout,
	       void (*done)(void *ctx, const struct ic_reply *reply), void *ctx);
void ic_forget(struct ic *ic);

/* UTF-8 to UTF-16 and back, with terminators.  What cannot be is U+FFFD. */
size_t ic_utf16(uint16_t *to, size_t room, const char *text);
size_t ic_utf8(char *to, size_t room, const void *from, size_t bytes);

#define IC_SECOND 1000000000ull

#endif
