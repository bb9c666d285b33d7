/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The integration components: see ic.h for what they share. */
#ifndef VMWP_IC_SERVICES_H
#define VMWP_IC_SERVICES_H

#include "ic.h"

/* ---- heartbeat: is the guest's kernel alive? */

enum heartbeat_state {
	HEARTBEAT_NONE,			/* no driver has answered yet */
	HEARTBEAT_OK,
	HEARTBEAT_LOST,			/* one did, and does no more */
};

struct heartbeat {
	struct ic ic;
	struct vdev_timer beat;
	uint64_t sequence;
	uint64_t answered;		/* when, on the host's clock */
	enum heartbeat_state state;
	void (*changed)(void *ctx, enum heartbeat_state state);
	void *ctx;
};

#define HEARTBEAT_PERIOD	(2 * IC_SECOND)
#define HEARTBEAT_LIMIT		(10 * IC_SECOND)

void heartbeat_init(struct heartbeat *heartbeat, const struct vdev_host *host,
		    const struct vdev_port *port,
		    void (*changed)(void *ctx, enum heartbeat_state state), void *ctx);
void heartbeat_opened(struct heartbeat *heartbeat);
void heartbeat_closed(struct heartbeat *heartbeat);
void heartbeat_fini(struct heartbeat *heartbeat);

/* ---- shutdown: the guest is asked to end in good order */

struct shutdown {
	struct ic ic;
};

void shutdown_init(struct shutdown *shutdown, const struct vdev_host *host,
		   const struct vdev_port *port);
int shutdown_request(struct shutdown *shutdown, uint32_t flags,
		     void (*done)(void *ctx, const struct ic_reply *reply), void *ctx);

/* ---- time synchronisation */

struct timesync {
	struct ic ic;
	struct vdev_timer sample;
};

#define TIMESYNC_PERIOD		(5 * IC_SECOND)

void timesync_init(struct timesync *timesync, const struct vdev_host *host,
		   const struct vdev_port *port);
void timesync_opened(struct timesync *timesync);
void timesync_closed(struct timesync *timesync);
int timesync_now(struct timesync *timesync,
		 void (*done)(void *ctx, const struct ic_reply *reply), void *ctx);

/* ---- KVP: pairs of key and value */

struct kvp_pair {
	char key[IC_KVP_KEY_BYTES * 3 / 2 + 1];		/* UTF-8 */
	char value[IC_KVP_VALUE_BYTES * 3 / 2 + 1];
};

/* Of a network adapter: lists are separated by semicolons. */
struct kvp_ip {
	char adapter[48];
	bool ipv6;
	bool dhcp;
	char address[1024];
	char subnet[1024];
	char gateway[512];
	char dns[1024];
};

#define KVP_LIST_MAX	256u		/* pairs that a guest may have in a pool */

/**
 * struct kvp - the service, and the operation that is under way
 * @operation: enum ic_kvp_operation
 * @pool: where
 * @index: of the next pair, while they are listed
 * @one: they are listed for the sake of one
 * @key: of that one
 * @pair: called for each pair that is read
 * @address: called with what GET_IP answers
 * @done: called at the end: 0, -ENOENT, -EIO when the guest says it failed, or another -errno
 * @ctx: for all of them
 */
struct kvp {
	struct ic ic;
	enum ic_kvp_operation operation;
	enum ic_kvp_pool pool;
	uint32_t index;
	bool one;
	char key[IC_KVP_KEY_BYTES * 3 / 2 + 2];		/* longer than any pair's */
	void (*pair)(void *ctx, const struct kvp_pair *pair);
	void (*address)(void *ctx, const struct kvp_ip *ip);
	void (*done)(void *ctx, int err);
	void *ctx;
};

void kvp_init(struct kvp *kvp, const struct vdev_host *host, const struct vdev_port *port);
int kvp_list(struct kvp *kvp, enum ic_kvp_pool pool,
	     void (*pair)(void *ctx, const struct kvp_pair *pair),
	     void (*done)(void *ctx, int err), void *ctx);
int kvp_get(struct kvp *kvp, enum ic_kvp_pool pool, const char *key,
	    void (*pair)(void *ctx, const struct kvp_pair *pair),
	    void (*done)(void *ctx, int err), void *ctx);
int kvp_set(struct kvp *kvp, enum ic_kvp_pool pool, const char *key, const char *value,
	    void (*done)(void *ctx, int err), void *ctx);
int kvp_delete(struct kvp *kvp, enum ic_kvp_pool pool, const char *key,
	       void (*done)(void *ctx, int err), void *ctx);
int kvp_get_ip(struct kvp *kvp, const char *mac, bool ipv6,
	       void (*address)(void *ctx, const struct kvp_ip *ip),
	       void (*done)(void *ctx, int err), void *ctx);
int kvp_set_ip(struct kvp *kvp, const struct kvp_ip *ip, void (*done)(void *ctx, int err),
	       void *ctx);
void kvp_forget(struct kvp *kvp);

/* ---- VSS: file systems are frozen for a backup */

struct vss {
	struct ic ic;
};

void vss_init(struct vss *vss, const struct vdev_host *host, const struct vdev_port *port);
int vss_request(struct vss *vss, enum ic_vss_operation operation,
		void (*done)(void *ctx, const struct ic_reply *reply), void *ctx);

/* ---- fcopy: a file is put into the guest */

/**
 * struct fcopy - the service, and the file that is on its way
 * @read:   the next bytes: up to @room to @to; how many, 0 at the end, or -errno
 * @done:   called at the end: 0, -EEXIST, -ENOSPC, -EIO, or another -errno
 * @ctx:    for both
 * @size:   of the file, as it was announced
 * @offset: of the next chunk
 * @err:    why it is being cancelled
 */
struct fcopy {
	struct ic ic;
	int (*read)(void *ctx, void *to, size_t room);
	void (*done)(void *ctx, int err);
	void *ctx;
	uint64_t size;
	uint64_t offset;
	int err;
};

void fcopy_init(struct fcopy *fcopy, const struct vdev_host *host, const struct vdev_port *port);
int fcopy_start(struct fcopy *fcopy, const char *path, uint64_t size, uint32_t flags,
		int (*read)(void *ctx, void *to, size_t room), void (*done)(void *ctx, int err),
		void *ctx);
void fcopy_forget(struct fcopy *fcopy);

#endif
