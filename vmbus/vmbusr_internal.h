/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of rs_vmbusr.ko that are not pure offer each other.
 *
 * Lock legend, for the tags on fields:
 *   [c] constant after creation
 *   [b] bus->lock: the server's state machine, and all that follows it
 *   [f] bus->fifo_lock, a spinlock: the guest's side
 *   [m] channel->map_lock; inside mmap_lock, so nothing under it touches user memory
 *   [o] channel->out_lock, a spinlock: the ring that is written
 *   [s] channel->stop_lock: the end of a channel of a server in the kernel
 *   [w] the channel's worker alone
 *   [a] atomic
 * bus->lock is taken before map_lock and before nothing of user memory; stop_lock before bus->lock.
 */
#ifndef VMBUSR_INTERNAL_H
#define VMBUSR_INTERNAL_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "ring.h"
#include "rs_hv.h"
#include "server.h"
#include "vmbusr.h"
#include "vmbusr_export.h"

#define BUS_FIFO	64u	/* messages of the guest's that may wait */
#define BUS_EVENTS	64u	/* for the reader of the bus */

/* The two connections that a guest posts to. */
#define BUS_PORTS	2u

/**
 * struct vmbusr_bus - a bus descriptor, and the server behind it
 * @ref: the bus descriptor has one, and each channel descriptor
 */
struct vmbusr_bus {
	struct kref ref;
	struct rs_partition *core;		/* [c] */
	struct mm_struct *mm;			/* [c] who may call; grabbed, not read */
	struct mutex lock;
	struct vmbus_server *server;		/* [c]; what is in it [b] */
	bool closed;				/* [b] nobody answers the guest any more */
	spinlock_t fifo_lock;
	struct hv_message fifo[BUS_FIFO];	/* [f] */
	u32 fifo_first;				/* [f] */
	u32 fifo_count;				/* [f] */
	struct work_struct work;		/* empties it */
	struct rs_outbox_watch watch;		/* queues work when there is room for ours */
	wait_queue_head_t readable;
	struct vmbusr_bus_event events[BUS_EVENTS];	/* [b] */
	u32 event_first;			/* [b] */
	u32 event_count;			/* [b]; read without to poll */
	bool event_lost;			/* [b] */
	bool leaving;				/* [b] its descriptor was closed */
	struct list_head kernel_channels;	/* [b] */
	struct dentry *debugfs;			/* [c] */
};

struct channel;

/**
 * struct channel_ops - who serves a channel: user mode, or the kernel
 * @signalled: by the guest; under RCU in a VP's thread
 * @open:      answered by channel_opened()
 * @close:     answered by vmbus_channel_closed()
 * @retarget:  signals go to another VP; NULL: nothing to do
 * @release:   the guest wants a GPADL back that is used
 * @gone:      it was revoked with its primary, and uses neither rings nor GPADLs any more
 *
 * All but @signalled are called with bus->lock held.
 */
struct channel_ops {
	void (*signalled)(struct channel *channel);
	void (*open)(struct channel *channel);
	void (*close)(struct channel *channel);
	void (*retarget)(struct channel *channel);
	void (*release)(struct channel *channel, struct vmbus_gpadl *gpadl);
	void (*gone)(struct channel *channel);
};

/**
 * struct channel - what all channels have in common; owner of the server's vmbus_channel
 */
struct channel {
	const struct channel_ops *ops;		/* [c] */
	struct vmbusr_bus *bus;			/* [c] */
	struct vmbus_channel *proto;		/* [b] NULL: it was revoked */
	u64 target;				/* [b] to write; read without: whom to signal */
	u64 signals_in;				/* [a] by one port */
	atomic64_t signals_out;			/* [a] */
	struct delayed_work again;		/* signals once more, soon after the open */
};

/* A GPADL that a user-mode server took. */
struct held {
	struct list_head node;			/* [b] */
	struct vmbus_gpadl *gpadl;		/* [b] */
	u32 count;				/* [b] how often */
	bool released;				/* [b] VMBUSR_RELEASED is to be read */
};

/* Bits of user_channel.pending: events to be read. */
#define PENDING_OPEN		1u
#define PENDING_CLOSE		2u
#define PENDING_RETARGET	4u
#define PENDING_RELEASED	8u

/**
 * struct user_channel - a channel descriptor
 */
struct user_channel {
	struct channel base;
	struct eventfd_ctx *signal;		/* [c] NULL: none */
	wait_queue_head_t readable;
	u32 pending;				/* [b] PENDING_*; read without to poll */
	bool gone;				/* [a] with its primary: nothing more will happen */
	bool open_read;				/* [b] the server knows of the open */
	bool close_read;			/* [b] and of the close */
	struct list_head held;			/* [b] */
	struct user_kick *kick;			/* [b] NULL: none */
	struct mutex map_lock;
	struct page **pages;			/* [m] NULL: not pinned */
	u32 page_count;				/* [m] */
	atomic_t mappings;			/* [a] raised under map_lock */
};

/* Bits of vmbusr_channel.requests. */
enum request {
	REQUEST_SIGNAL,		/* the guest signalled: look into the rings */
	REQUEST_KICK,		/* vsp->work is to be called */
	REQUEST_OPEN,
	REQUEST_CLOSE,
	REQUEST_GPADL,		/* the guest wants a GPADL back */
};

/**
 * struct vmbusr_channel - a channel of a server in the kernel
 * @ref: the server has one, and whoever ends it
 */
struct vmbusr_channel {
	struct channel base;
	struct kref ref;
	struct list_head node;			/* [b] bus->kernel_channels */
	const struct vsp_ops *vsp;		/* [c] */
	void *context;				/* [c] */
	bool revoking;				/* [b] takes no subchannels any more */
	struct mutex stop_lock;
	bool stopping;				/* [s] to write: the worker is to end */
	bool stopped;				/* [s] worker and offer are gone */
	struct task_struct *worker;		/* [c] counted */
	unsigned long requests;			/* [a] enum request */
	struct list_head maps;			/* [b] GPADLs that are mapped */

	struct page **pages;			/* [w] of both rings; NULL: not open */
	u32 page_count;				/* [w] */
	void *memory;				/* [w] the rings */
	struct vmbus_in_ring in;		/* [w] */
	bool serving;				/* [w] between vsp->open and vsp->close */
	bool held_back;				/* [w] the first packet waits for a kick */
	u64 packets_in;				/* [w] */
	u64 wakeups;				/* [w] */
	u64 broken;				/* [w] */

	spinlock_t out_lock ____cacheline_aligned_in_smp;
	struct vmbus_out_ring out;		/* [o] */
	bool sending;				/* [o] packets may be written */
	bool full;				/* [o] no packets before vsp->work was called */
	bool out_broken;			/* [o] */
	u64 packets_out;			/* [o] */
	u64 full_count;				/* [o] */
};

static inline struct vmbusr_channel *to_kernel(struct channel *channel)
{
	return container_of(channel, struct vmbusr_channel, base);
}

/* ---- main.c */

/**
 * struct call - an ioctl and what serves it
 * @handler: @argument is a kernel copy, which a _IOR argument is copied back from
 */
struct call {
	unsigned int command;
	long (*handler)(void *object, void *argument);
};

long vmbusr_dispatch(const struct call *calls, size_t count, void *object,
		     unsigned int command, unsigned long argument);
extern struct workqueue_struct *vmbusr_workqueue;

/* ---- bus.c */
long bus_create(void *device, void *argument);
void bus_get(struct vmbusr_bus *bus);
void bus_put(struct vmbusr_bus *bus);
struct vmbusr_bus *bus_of(struct file *file);

/* ---- signal.c: what all channels have in common; ops of the server */
void channel_init(struct channel *channel, struct vmbusr_bus *bus, const struct channel_ops *ops);
void channel_opened(struct channel *channel, u32 status);
int channel_signal(struct channel *channel);
void channel_no_target(struct channel *channel);
int channel_connect(struct vmbus_channel *proto);
void channel_disconnect(struct vmbus_channel *proto);
void channel_open(struct vmbus_channel *proto);
void channel_close(struct vmbus_channel *proto);
void channel_retarget(struct vmbus_channel *proto);
void channel_release(struct vmbus_gpadl *gpadl);
void channel_gone(struct vmbus_channel *proto);

/* ---- list.c: channels, for who wants to see them */
long bus_get_channel(void *bus, void *argument);
void bus_show(struct vmbusr_bus *bus);
void bus_hide(struct vmbusr_bus *bus);

/* ---- vsp.c: servers in the kernel */
void vsp_revoke_all(struct vmbusr_bus *bus);
extern const struct channel_ops vsp_channel_ops;

/* ---- worker.c */
int vsp_worker(void *channel);
void vsp_request(struct vmbusr_channel *channel, enum request request);

/* ---- vsp_memory.c */
int vsp_map_rings(struct vmbusr_channel *channel, struct vmbusr_open *open);
void vsp_unmap_rings(struct vmbusr_channel *channel);
void vsp_gpadl_wanted(struct vmbusr_channel *channel, const struct vmbus_gpadl *gpadl);
void vsp_tell_wanted(struct vmbusr_channel *channel);

/* ---- user.c: a channel of user mode */
long user_offer(void *bus, void *argument);
void user_notify(struct user_channel *channel, u32 pending);

/* ---- user_kick.c: an eventfd that signals the guest; bus->lock is held to end it */
long user_set_kick(void *channel, void *argument);
void user_end_kick(struct user_channel *channel);

/* ---- user_memory.c: GPADLs and mapped rings of user mode */
void user_gpadl_wanted(struct user_channel *channel, const struct vmbus_gpadl *gpadl);
long user_get_gpadl(void *channel, void *argument);
long user_put_gpadl(void *channel, void *argument);
bool user_released_event(struct user_channel *channel, struct vmbusr_event *event);
void user_put_all(struct user_channel *channel);
long user_pin_rings(void *channel, void *argument);
/* -EBUSY while they are mapped. */
int user_unpin_rings(struct user_channel *channel);
int user_mmap(struct file *file, struct vm_area_struct *vma);

#endif
