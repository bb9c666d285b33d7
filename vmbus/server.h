/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMBus server of one partition: connection, offers, channels, GPADLs.  Pure:
 * what it has effects on it reaches through struct vmbus_server_ops.
 *
 * Everything here runs under one lock of the caller's.  The functions of the ops table
 * may call back, but where it says otherwise.
 *
 *   message.c     which messages are legal; what waits to be sent
 *   connection.c  versions, contact, unload, reset
 *   offer.c       relids, offers, rescind
 *   channel.c     open, close, modify
 *   gpadl.c       assembly, teardown
 */
#ifndef VMBUS_SERVER_H
#define VMBUS_SERVER_H

#include "rs_types.h"
#include "tlfs.h"
#include "vmbus_offer.h"
#include "vmbus_proto.h"

#define VMBUS_GPADLS_MAX	4096u		/* of a partition */
#define VMBUS_GPADL_BYTES_MAX	(8u << 20)	/* of all their page numbers together */
#define VMBUS_TL_PENDING_MAX	64u
#define VMBUS_CONNECTION_BASE	0x10000u	/* + relid: what a guest signals a channel by */

struct vmbus_server;
struct vmbus_channel;
struct vmbus_gpadl;

/**
 * struct vmbus_server_ops - what the server does to the world
 * @alloc: zeroed memory, or NULL
 * @free:  NULL is allowed
 * @post:  a message of the bus to a VP's SINT: 0; -EAGAIN: vmbus_server_flush() comes later;
 *         others: lost.  Does not call back
 * @vp_exists: does not call back
 * @connect:    the guest may signal channel->connection: 0, -EEXIST, -ENOMEM
 * @disconnect: it may no longer; nothing of the signal runs afterwards
 * @open:  answered, at once or later, by vmbus_channel_opened()
 * @close: answered, at once or later, by vmbus_channel_closed()
 * @retarget: channel->target_vp is another one
 * @release: the guest waits for vmbus_gpadl_put() of a GPADL that is held.  Does not call back
 * @gone:  a subchannel's offer was revoked, for its primary's was; it may be freed any time
 * @connected: with version and features; with 0 the guest is gone
 * @tl_connect: hvsock; answered by an offer, or by vmbus_server_tl_result()
 * @reset_done: vmbus_server_reset() is complete
 */
struct vmbus_server_ops {
	void *(*alloc)(size_t size);
	void (*free)(void *memory);
	int (*post)(void *context, u32 vp, u32 sint, const void *message, u32 size);
	bool (*vp_exists)(void *context, u32 vp);
	int (*connect)(struct vmbus_channel *channel);
	void (*disconnect)(struct vmbus_channel *channel);
	void (*open)(struct vmbus_channel *channel);
	void (*close)(struct vmbus_channel *channel);
	void (*retarget)(struct vmbus_channel *channel);
	void (*release)(struct vmbus_gpadl *gpadl);
	void (*gone)(struct vmbus_channel *channel);
	void (*connected)(void *context, u32 version, u32 features);
	void (*tl_connect)(void *context, const u8 *service, const u8 *endpoint);
	void (*reset_done)(void *context);
};

enum vmbus_channel_state {
	VMBUS_UNOFFERED,	/* no relid: the guest does not know it */
	VMBUS_CLOSED,
	VMBUS_OPENING,		/* ops->open was asked */
	VMBUS_OPEN,
	VMBUS_CLOSING,		/* ops->close was asked */
	VMBUS_CLOSING_REOPEN,	/* and the guest opens again */
	VMBUS_OPENING_RELEASED,	/* the guest went away meanwhile */
	VMBUS_CLOSING_RELEASED,
	VMBUS_REVOKED,		/* nobody's but the guest's, who is to release the relid */
	VMBUS_CHANNEL_STATES
};

struct vmbus_channel {
	struct vmbus_server *server;
	struct vmbus_channel *next;	/* of the server */
	void *owner;			/* NULL when revoked */
	struct vmbus_offer_info offer;
	enum vmbus_channel_state state;
	u32 relid;			/* 0: none */
	u32 connection;			/* the guest signals this */
	bool connected;			/* ops->connect was successful */
	u16 event_flag;			/* we signal this */
	u32 target_vp;			/* VMBUS_VP_NONE: no signals */
	u32 open_id;
	u32 in_pages;			/* of the ring */
	struct vmbus_gpadl *ring;	/* while opening, open, closing */
	u8 user_data[VMBUS_USER_DATA_SIZE];
	struct vmbus_open_channel_2 reopen;	/* CLOSING_REOPEN */
};

enum vmbus_gpadl_state {
	VMBUS_GPADL_IN_PROGRESS,	/* bodies are to come */
	VMBUS_GPADL_ACCEPTED,
	VMBUS_GPADL_TEARING_DOWN,	/* the guest waits for its users */
	VMBUS_GPADL_ORPHAN,		/* the guest is gone; users are not */
};

/**
 * struct vmbus_gpadl - a list of guest memory
 * @words: for each range byte_count | byte_offset << 32, then its page frame numbers
 */
struct vmbus_gpadl {
	struct vmbus_channel *channel;
	struct vmbus_gpadl *next;	/* of the server */
	enum vmbus_gpadl_state state;
	u32 id;
	u32 users;
	u32 range_count;
	u32 word_count;
	u32 filled;
	u64 bytes;			/* of all ranges, once accepted */
	u64 words[];
};

enum vmbus_connection_state {
	VMBUS_DISCONNECTED,
	VMBUS_CONNECTED,
	VMBUS_DISCONNECTING,		/* until all that the guest had is free again */
};

/* Bits: what comes after DISCONNECTING. */
#define VMBUS_NEXT_UNLOADED	1u	/* UNLOAD_RESPONSE */
#define VMBUS_NEXT_CONTACT	2u	/* answer server->contact */
#define VMBUS_NEXT_RESET	4u	/* ops->reset_done */

struct vmbus_server_counters {
	u64 messages_in;
	u64 messages_out;
	u64 refused;
};

struct vmbus_outgoing {
	struct vmbus_outgoing *next;
	u32 vp;
	u32 sint;
	u32 size;
	u8 bytes[];
};

struct vmbus_server {
	const struct vmbus_server_ops *ops;
	void *context;
	u32 min_version;
	u32 max_version;
	enum vmbus_connection_state state;
	u32 next;			/* VMBUS_NEXT_* */
	u32 version;
	u32 features;
	bool offers_requested;
	bool paused;
	u32 target_vp;			/* of our messages, and their SINT */
	u8 sint;
	u64 interrupt_page;		/* before 2.4 */
	u64 monitor_page;		/* guest to host, or 0 */
	struct vmbus_initiate_contact_2 contact;	/* VMBUS_NEXT_CONTACT */
	u32 tl_pending;			/* hvsock requests not answered yet */
	struct vmbus_channel *channels;
	struct vmbus_channel *relids[VMBUS_CHANNELS_MAX];
	u32 relid_hint;			/* where to look for a free one */
	struct vmbus_gpadl *gpadls;
	u32 gpadl_count;
	u32 gpadl_bytes;		/* of words */
	struct vmbus_outgoing *first;	/* waiting for room */
	struct vmbus_outgoing **last;
	struct vmbus_outgoing *unpaused;	/* what is sent though the guest has paused us */
	struct vmbus_server_counters counters;
};

/* ---- for the owner of the server */

void vmbus_server_init(struct vmbus_server *server, const struct vmbus_server_ops *ops,
		       void *context, u32 max_version);
/* All channels were revoked. */
void vmbus_server_destroy(struct vmbus_server *server);
/* 0, or why the message was refused.  Not while vmbus_server_blocked(). */
int vmbus_server_receive(struct vmbus_server *server, const void *message, u32 size);
/* Messages of ours wait: those of the guest are to wait too. */
bool vmbus_server_blocked(const struct vmbus_server *server);
void vmbus_server_flush(struct vmbus_server *server);
/* The guest is gone, without a word. */
void vmbus_server_reset(struct vmbus_server *server);
void vmbus_server_tl_result(struct vmbus_server *server, const u8 *service, const u8 *endpoint,
			    u32 status);

/* ---- for who offers */

/* ERR_PTR-less: 0 and *@channel, -EEXIST, -ENOENT (no primary), -ENOMEM. */
int vmbus_channel_offer(struct vmbus_server *server, const struct vmbus_offer_info *info,
			void *owner, struct vmbus_channel **channel);
/* The owner forgets it.  It uses neither rings nor GPADLs any more. */
void vmbus_channel_revoke(struct vmbus_channel *channel);
void vmbus_channel_opened(struct vmbus_channel *channel, u32 status);
void vmbus_channel_closed(struct vmbus_channel *channel);
/* One more user; NULL. */
struct vmbus_gpadl *vmbus_gpadl_get(struct vmbus_channel *channel, u32 id);
void vmbus_gpadl_put(struct vmbus_gpadl *gpadl);

/* ---- between the files */

void vmbus_send(struct vmbus_server *server, const void *message, u32 size);
void vmbus_send_drop(struct vmbus_server *server);

u32 vmbus_message_least(u32 type, u32 features);
int vmbus_on_initiate_contact(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_unload(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_request_offers(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_relid_released(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_open(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_close(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_modify_channel(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_gpadl_header(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_gpadl_body(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_gpadl_teardown(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_tl_connect(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_modify_connection(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_pause(struct vmbus_server *server, const void *message, u32 size);
int vmbus_on_resume(struct vmbus_server *server, const void *message, u32 size);

/* Goes on with what waits for the last channel and GPADL of a guest that is gone. */
void vmbus_connection_drained(struct vmbus_server *server);
struct vmbus_channel *vmbus_channel_by_relid(struct vmbus_server *server, u32 relid);
bool vmbus_target_valid(struct vmbus_server *server, u32 vp);
void vmbus_channels_release(struct vmbus_server *server);
void vmbus_channel_release(struct vmbus_channel *channel);
void vmbus_channel_unoffer(struct vmbus_channel *channel);
void vmbus_channel_drop_ring(struct vmbus_channel *channel);
void vmbus_gpadls_revoke(struct vmbus_channel *channel);
void vmbus_gpadls_release(struct vmbus_channel *channel);
bool vmbus_gpadls_busy(const struct vmbus_channel *channel);
struct vmbus_gpadl *vmbus_gpadl_find(struct vmbus_channel *channel, u32 id);

#endif
