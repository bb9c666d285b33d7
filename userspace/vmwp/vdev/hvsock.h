/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hyper-V sockets: what hvsock.c is given and what it gives.
 *
 * A connection is a channel of the VMBus on the guest's side and a stream socket on the
 * host's.  Its number is below HVSOCK_CONNECTIONS and its own until ops->end().
 */
#ifndef VMWP_HVSOCK_H
#define VMWP_HVSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HVSOCK_CONNECTIONS	128u
#define HVSOCK_GUID		16u
#define HVSOCK_DATA_MAX		16384u	/* bytes in a packet of the guest */
#define HVSOCK_SEND_MAX		8184u	/* in one of ours: two fit into the smallest ring */

/* In front of the data of each packet. */
struct hvsock_header {
	uint32_t type;			/* HVSOCK_DATA */
	uint32_t size;			/* bytes of data; 0: no more will come */
} __attribute__((packed));

#define HVSOCK_DATA		1u

_Static_assert(sizeof(struct hvsock_header) == 8, "as drivers have it");

/* What the host's side of a connection is to be watched for: bits. */
#define HVSOCK_WANT_READ	1u
#define HVSOCK_WANT_WRITE	2u

/**
 * struct hvsock_ops - what becomes of connections
 * @dial:     begin to connect to the host's socket for @port; hvsock_dialled() tells the result.
 *            0 or -errno
 * @offer:    offer a channel to the guest.  0 or -errno; -EEXIST: there is one of this service
 *            and endpoint
 * @refuse:   tell the guest that a request of its is refused
 * @send:     send a packet.  0, -EAGAIN: no room, hvsock_room() tells of it; or another -errno
 * @receive:  take the next packet, as much as there is room for.  1 and its whole @size; 0: there
 *            is none; -errno
 * @read:     from the host's socket: bytes, 0 at its end, -EAGAIN or another -errno
 * @write:    to it: bytes, -EAGAIN or another -errno
 * @shutdown: nothing more will be written to it
 * @arm:      call hvsock_expired() after a while, or, unless @on, not
 * @end:      rescind the channel if there is one, close the socket if there is one: the number is
 *            free.  Called by hvsock_settle() and hvsock_reset() only
 */
struct hvsock_ops {
	int (*dial)(void *ctx, unsigned int number, uint32_t port);
	int (*offer)(void *ctx, unsigned int number, const uint8_t service[HVSOCK_GUID],
		     const uint8_t endpoint[HVSOCK_GUID], bool from_host);
	void (*refuse)(void *ctx, const uint8_t service[HVSOCK_GUID],
		       const uint8_t endpoint[HVSOCK_GUID]);
	int (*send)(void *ctx, unsigned int number, const void *packet, size_t size);
	int (*receive)(void *ctx, unsigned int number, void *packet, size_t room, size_t *size);
	int (*read)(void *ctx, unsigned int number, void *bytes, size_t room);
	int (*write)(void *ctx, unsigned int number, const void *bytes, size_t size);
	void (*shutdown)(void *ctx, unsigned int number);
	void (*arm)(void *ctx, unsigned int number, bool on);
	void (*end)(void *ctx, unsigned int number);
};

enum hvsock_state {
	HVSOCK_DIALLING,		/* the guest's request waits for the host's socket */
	HVSOCK_GREETING,		/* the host's client has to name a port */
	HVSOCK_OFFERED,			/* the guest has to open the channel */
	HVSOCK_OPEN,
	HVSOCK_ENDED,			/* to be settled */
};

/**
 * struct hvsock_connection - a connection
 * @state:     how far it came
 * @from_host: who began it
 * @service:   GUIDs
 * @endpoint:
 * @to_guest:  a packet that waits for room in the ring; its data has header.size bytes, and
 *             while the client greets it is what it said
 * @host_end:  the host's socket will give nothing more
 * @fin_sent:  and the guest was told
 * @to_host:   a packet that waits for room in the socket: from @at up to header.size
 * @guest_end: the guest will send nothing more
 * @shut:      and the host's socket was told
 * @deaf:      it takes nothing any more; what the guest sends is dropped
 */
struct hvsock_connection {
	enum hvsock_state state;
	bool from_host;
	bool host_end;
	bool fin_sent;
	bool guest_end;
	bool shut;
	bool deaf;
	uint8_t service[HVSOCK_GUID];
	uint8_t endpoint[HVSOCK_GUID];
	uint32_t at;
	struct {
		struct hvsock_header header;
		uint8_t data[HVSOCK_SEND_MAX];
	} to_guest;
	struct {
		struct hvsock_header header;
		uint8_t data[HVSOCK_DATA_MAX];
	} to_host;
};

/**
 * struct hvsock - all connections of a machine
 * @list:      NULL: the number is free
 * @next_port: that the host's next connection may come from
 * @open:      connections there are
 * @opened:    that the guest opened, since the machine started, as what follows
 * @refused:   requests, either way
 * @broken:    that ended for what the guest sent was against the protocol
 * @bytes_in:  from the guest
 * @bytes_out: to the guest
 */
struct hvsock {
	const struct hvsock_ops *ops;
	void *ctx;
	struct hvsock_connection *list[HVSOCK_CONNECTIONS];
	uint32_t next_port;
	unsigned int open;
	uint64_t opened;
	uint64_t refused;
	uint64_t broken;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

void hvsock_init(struct hvsock *hvsock, const struct hvsock_ops *ops, void *ctx);
void hvsock_reset(struct hvsock *hvsock);

/* The guest asks for a connection; the host's socket was connected, or not. */
void hvsock_request(struct hvsock *hvsock, const uint8_t service[HVSOCK_GUID],
		    const uint8_t endpoint[HVSOCK_GUID]);
void hvsock_dialled(struct hvsock *hvsock, unsigned int number, int err);

/* A client of the host's came: its number, or -EBUSY, -ENOMEM. */
int hvsock_accepted(struct hvsock *hvsock);

/* What its channel tells. */
void hvsock_opened(struct hvsock *hvsock, unsigned int number);
void hvsock_closed(struct hvsock *hvsock, unsigned int number);
void hvsock_broken(struct hvsock *hvsock, unsigned int number);
bool hvsock_packets(struct hvsock *hvsock, unsigned int number, unsigned int limit);
void hvsock_room(struct hvsock *hvsock, unsigned int number);

/* What the host's socket tells. */
void hvsock_readable(struct hvsock *hvsock, unsigned int number);
void hvsock_writable(struct hvsock *hvsock, unsigned int number);

void hvsock_expired(struct hvsock *hvsock, unsigned int number);
unsigned int hvsock_settle(struct hvsock *hvsock, unsigned int number);

#endif
