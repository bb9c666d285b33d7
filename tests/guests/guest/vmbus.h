/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's side of the VMBus, no more than tests need: messages, offers, GPADLs, and rings that
 * are written and read as guests' drivers do it.
 */
#ifndef TESTS_GUESTS_VMBUS_H
#define TESTS_GUESTS_VMBUS_H

#include <vmbus_proto.h>

#include "../../vmbus/vsp/vsp_test.h"
#include "hypercall.h"

#define VMBUS_VECTOR	0x61
#define RING_PAGES	4u			/* each way, its control page with it */
#define RING_SIZE	((RING_PAGES - 1) * 4096u)
#define PACKET_MAX	4096u

struct ring {
	volatile struct vmbus_ring_control *control;
	volatile u8 *data;
};

struct channel {
	u32 relid, connection, index, subchannel;
	u32 gpadl;
	struct ring out, in;			/* as the guest sees them */
	u64 memory;				/* of the rings */
	u32 signals, unsignalled;		/* sent; packets for which none was wanted */
	bool may_vanish;			/* while it is used */
};

/* Of a message that arrived: its type. The message is in vmbus_message until the next one. */
extern u8 vmbus_message[HV_MESSAGE_PAYLOAD_MAX];
u32 vmbus_poll(void);
u32 vmbus_wait(void);			/* halts; fails after a long time */
/* Skips others. */
void vmbus_wait_for(u32 type);
/* Tries again while there are no buffers. */
void vmbus_post(const void *message, u32 size);

/* SynIC on, contact made, offers asked for. */
void vmbus_connect(void);
/* The channel that is offered with this index; waits for it. */
void vmbus_find(struct channel *channel, u32 index, u32 subchannel);
/* As the message of the type OFFER_CHANNEL in vmbus_message says. */
void vmbus_take_offer(struct channel *channel);

/* A GPADL of consecutive pages: the status. */
u32 gpadl_create(struct channel *channel, u32 id, u64 memory, u32 pages);
void gpadl_teardown(struct channel *channel, u32 id);
/* The rings are at @memory, 2 * RING_PAGES pages; the status. */
u32 channel_open(struct channel *channel, u64 memory);
u32 channel_open_for(struct channel *channel, u64 memory, u8 user_data);
void channel_close(struct channel *channel);
void channel_close_without_teardown(struct channel *channel);
/* Again with the same rings. */
u32 channel_reopen(struct channel *channel);

u32 ring_room(const struct ring *ring);
u32 packet_size(u32 header, u32 payload);
/* False: there is no room. Signals when the host wants it. */
bool channel_try_send(struct channel *channel, u16 type, u64 transaction, const void *header,
		      u32 header_size, const void *payload, u32 size);
/* Waits for room as guests do: pending_send_size, and an event. */
void channel_send(struct channel *channel, u64 transaction, const void *payload, u32 size);
/* Bytes of payload, or -1: there is none. Room is given back, with a signal where one is due. */
int channel_try_receive(struct channel *channel, u64 *transaction, void *payload, u32 size);
int channel_receive(struct channel *channel, u64 *transaction, void *payload, u32 size);
void channel_signal(struct channel *channel);
bool take_event(const struct channel *channel);

#endif
