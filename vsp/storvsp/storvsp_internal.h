/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of rs_storvsp.ko that are not pure offer each other.
 *
 *   main.c          /dev/storvsp, ioctls
 *   controller.c    channels of the guest, packets, subchannels
 *   request.c       a command from its packet to its answer
 *   lun.c           LUNs, their media, what they count
 *   backend_*.c     I/O
 *
 * Lock legend, for the tags on fields:
 *   [c] constant after creation
 *   [m] controller->lock, a mutex: channels and LUNs that there are
 *   [s] controller->session_lock, a spinlock
 *   [l] lun->lock, a spinlock
 *   [w] the channel's worker alone
 *   [a] atomic
 * Order: controller->lock, lun->lock.  session_lock and channel->open_lock are innermost.
 */
#ifndef STORVSP_INTERNAL_H
#define STORVSP_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "storvsp.h"
#include "storvsp_proto.h"
#include "vmbusr_export.h"

/* A transfer may begin within a page. */
#define REQUEST_PAGES	(STORVSP_MAX_TRANSFER / PAGE_SIZE + 1)
/* A range list: its header, and its page numbers; guests send no more than they need. */
#define REQUEST_WORDS	(1 + REQUEST_PAGES)
/* Of a channel; further packets wait in the ring. */
#define REQUESTS_MAX	256u

struct backing;
struct request;

/**
 * struct backing_ops - how I/O is done
 * @submit: carries request->command.io out, and calls request_done(), at once or later, from any
 *          context.  From the channel's worker; sleeping holds up the channel
 * @work:   the same in a workqueue, where submit called request_defer()
 * @resize: reads the size again
 */
struct backing_ops {
	void (*submit)(struct request *request);
	void (*work)(struct request *request);
	u64 (*size)(const struct backing *backing);
};

/**
 * struct backing - a file or block device that is a medium
 */
struct backing {
	struct kref ref;			/* the LUN has one, and each request under way */
	const struct backing_ops *ops;		/* [c] */
	struct file *file;			/* [c] */
	struct block_device *bdev;		/* [c] NULL: a regular file */
	bool direct;				/* [c] of a file */
	bool nowait;				/* [c] of a file: it can say -EAGAIN */
	bool can_unmap;				/* [c] */
	bool unmap_zeroes;			/* [c] */
	bool rotational;			/* [c] */
	u32 block_size;				/* [c] what I/O is aligned to; 512 or more */
	u32 unmap_bytes;			/* [c] granularity */
};

/**
 * struct lun - a LUN of a controller
 * @ref:  the controller has one, and each request
 * @idle: woken when a request is done with it
 */
struct lun {
	struct rcu_head rcu;
	struct kref ref;
	wait_queue_head_t idle;
	u32 flags;				/* [c] of STORVSP_ADD_LUN */
	u32 number;				/* [c] */
	spinlock_t lock;
	struct scsi_lun scsi;			/* [l] */
	struct scsi_reservations reservations;	/* [l] */
	struct backing *backing;		/* [l] NULL: no medium */
	struct storvsp_lun_state counters;	/* [l]; errors [a] by lun->errors */
	atomic64_t errors;
};

/**
 * struct channel - a channel of a controller
 * @done:    requests that a backend has finished
 * @unsent:  answers for which there was no room
 * @running: requests that backends have, or are about to give back
 */
struct channel {
	struct rcu_head rcu;
	struct controller *controller;		/* [c] */
	struct vmbusr_channel *vmbus;		/* [c] once it is opened */
	bool primary;				/* [c] */
	spinlock_t open_lock;
	bool open;				/* open_lock */
	struct llist_head done;			/* [a] */
	struct list_head unsent;		/* [w] */
	u32 requests;				/* [w] that are not answered */
	bool stalled;				/* [w] a packet waits until there are fewer */
	atomic_t running;
	wait_queue_head_t idle;			/* nothing is running */
};

/**
 * struct controller - a controller descriptor
 */
struct controller {
	struct vmbusr_bus *bus;			/* [c] */
	struct storvsp_create info;		/* [c] */
	struct mutex lock;
	struct channel *primary;		/* [c] */
	struct channel *channels[STORVSP_CHANNELS];	/* [m] NULL: none */
	u32 channel_count;			/* [m] */
	bool closing;				/* [m] no more channels are offered */
	struct lun __rcu *luns[STORVSP_LUNS];	/* [m] to write */
	u64 lun_mask;				/* [m] to write */
	spinlock_t session_lock;
	struct storvsp_session session;		/* [s] */
	bool enumerate;				/* [s] the guest is to look for LUNs */
	atomic64_t packets;
	atomic64_t refused;
};

/* Pages of ours that stand for the guest's, where those are not aligned. */
struct bounce {
	u32 count;
	struct bio_vec vecs[REQUEST_PAGES];
};

/**
 * struct request - a command of the guest's that is under way
 * @guest:  the guest's pages, held
 * @bounce: NULL: none is needed
 * @vecs:   what the backend is to use: guest or bounce->vecs
 * @error:  of the backend
 * @moved:  bytes done, where a backend needs several steps
 * @buffered: of a file: direct I/O was refused
 */
struct request {
	struct llist_node node;			/* done */
	struct list_head link;			/* unsent */
	struct channel *channel;
	struct lun *lun;			/* NULL: there is none */
	struct backing *backing;		/* NULL: not needed */
	u64 transaction;
	u32 block_size;
	bool wants_answer;
	bool no_autosense;
	int error;
	u32 answer_size;			/* of the packet */
	u32 transferred;
	u32 held;				/* of guest */
	u32 moved;
	bool buffered;
	void *buffer;				/* answer or parameters */
	struct bounce *bounce;
	struct storvsp_request wire;
	struct scsi_command command;
	struct vmbus_range range;
	union {
		struct bio bio;
		struct kiocb kiocb;
	};
	struct work_struct work;
	u32 vec_count;
	struct bio_vec *vecs;
	struct bio_vec guest[REQUEST_PAGES];
	u64 words[REQUEST_WORDS];
};

/* ---- main.c */
extern struct workqueue_struct *storvsp_workqueue;
extern struct kmem_cache *storvsp_requests;

/* ---- controller.c */
extern const struct vsp_ops storvsp_channel_ops;
struct controller *controller_create(const struct storvsp_create *info);
void controller_destroy(struct controller *controller);
void controller_enumerate(struct controller *controller);

/* ---- request.c */
void request_run(struct request *request);
void request_done(struct request *request, int err);
void request_defer(struct request *request);
void request_finish(struct request *request);
void request_free(struct request *request);
void request_send(struct request *request);

/* ---- lun.c */
int lun_add(struct controller *controller, const struct storvsp_add_lun *info);
int lun_remove(struct controller *controller, u32 number);
int lun_set_medium(struct controller *controller, const struct storvsp_medium *medium);
int lun_resize(struct controller *controller, u32 number);
int lun_state(struct controller *controller, struct storvsp_lun_state *state);
void lun_remove_all(struct controller *controller);
void lun_reset(struct controller *controller, u32 number, bool all);
struct lun *lun_get(struct controller *controller, u32 number);
void lun_put(struct lun *lun);
void lun_eject(struct lun *lun);
void lun_count(struct lun *lun, const struct scsi_io *io);
void backing_put(struct backing *backing);

/* ---- backend_bdev.c, backend_file.c: fill the backing in.  0, -EINVAL */
int backing_open_bdev(struct backing *backing);
int backing_open_file(struct backing *backing, bool buffered);

#endif
