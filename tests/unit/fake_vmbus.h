/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest and owners of channels around a VMBus server, for its tests.
 */
#ifndef TESTS_FAKE_VMBUS_H
#define TESTS_FAKE_VMBUS_H

#include "server.h"

#define FAKE_VPS	4u
#define FAKE_LOG	4200u
#define RING_GPADL	0x77u

struct fake {
	struct vmbus_server server;
	/* what the guest got, oldest first; next() takes it */
	struct {
		u32 vp, sint, size;
		u8 bytes[HV_MESSAGE_PAYLOAD_MAX];
	} log[FAKE_LOG];
	u32 got, taken;
	bool full;			/* post: -EAGAIN */
	bool answer;			/* open and close are answered at once */
	u32 open_status;		/* with this */
	long allocated;			/* pieces of memory */
	bool no_memory;
	u32 opens, closes, retargets, releases, gones, resets, disconnects, tl_requests;
	u32 version, features;		/* as ops->connected said last */
	u32 connected;			/* how often it was called */
	u32 taken_connection;		/* -EEXIST */
	struct vmbus_gpadl *released;
};

extern struct fake fake;

/* A server that agrees to any version up to @max_version; nothing is connected. */
void fake_setup(void);
void fake_teardown(void);		/* nothing is left allocated */
void fake_max_version(u32 max_version);

/* The next message to the guest, which must be of this type. */
const void *fake_next(u32 type);
void fake_no_more(void);

/* What guests send: the server's answer. */
int guest_sends(const void *message, u32 size);
int guest_header(u32 type);
int guest_relid(u32 type, u32 relid);
int guest_contact(u32 version);
void guest_connect(u32 version);	/* and takes the response */
int guest_gpadl(u32 relid, u32 gpadl, u32 pages);
int guest_teardown(u32 relid, u32 gpadl);
int guest_open(u32 relid, u32 gpadl);

/* Owner 1.. of instance @n. */
struct vmbus_channel *fake_offer(u8 n, u16 subchannel);
/* Connects, offers, requests offers; channel 1 with a ring GPADL accepted. */
struct vmbus_channel *fake_channel(void);
struct vmbus_channel *fake_open_channel(void);

#endif
