/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of rs_vmbusr.ko that are not pure offer each other.
 *
 * Lock legend, for the tags on fields:
 *   [c] constant after creation
 *   [b] bus->lock: the server's state machine, and all that follows it
 *   [f] bus->fifo_lock, a spinlock: the guest's side
 *   [m] channel->map_lock; inside mmap_lock, so nothing under it touches user memory
 *   [a] atomic
 * bus->lock is taken before map_lock and before nothing of user memory.
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

#include "rs_hv.h"
#include "server.h"
#include "vmbusr.h"

#define BUS_FIFO	64u	/* messages of the guest's that may wait */
#define BUS_EVENTS	64u	/* for the reader of the bus */

/* The two connections that a guest posts to. */
#define BUS_PORTS	2u

/**
 * struct bus - a bus descriptor, and the server behind it
 * @ref: the bus descriptor has one, and each channel descriptor
 */
struct bus {
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

/* Bits of user_channel.target, besides VP << 32 and flag. */
#define TARGET_VALID		(1ull << 31)

/**
 * struct user_channel - a channel descriptor
 */
struct user_channel {
	struct bus *bus;			/* [c] */
	struct vmbus_channel *proto;		/* [b] NULL: it was revoked with its primary */
	struct eventfd_ctx *signal;		/* [c] NULL: none */
	wait_queue_head_t readable;
	u32 pending;				/* [b] PENDING_*; read without to poll */
	bool gone;				/* [a] with its primary: nothing more will happen */
	bool open_read;				/* [b] the server knows of the open */
	bool close_read;			/* [b] and of the close */
	struct list_head held;			/* [b] */
	struct user_kick *kick;			/* [b] NULL: none */
	u64 target;				/* [b] to write; read without: whom to signal */
	u64 signals_in;				/* [a] by one port */
	atomic64_t signals_out;			/* [a] */
	struct delayed_work again;		/* signals once more, soon after the open */
	struct mutex map_lock;
	struct page **pages;			/* [m] NULL: not pinned */
	u32 page_count;				/* [m] */
	atomic_t mappings;			/* [a] raised under map_lock */
};

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
void bus_get(struct bus *bus);
void bus_put(struct bus *bus);

/* ---- user.c: a channel of user mode; ops of the server */
long user_offer(void *bus, void *argument);
void user_open(struct vmbus_channel *channel);
void user_close(struct vmbus_channel *channel);
void user_retarget(struct vmbus_channel *channel);
void user_gone(struct vmbus_channel *channel);
int user_connect(struct vmbus_channel *channel);
void user_disconnect(struct vmbus_channel *channel);
void user_notify(struct user_channel *channel, u32 pending);

/* Context: any. */
int user_signal_guest(struct user_channel *channel);

/* ---- user_kick.c: an eventfd that signals the guest; bus->lock is held to end it */
long user_set_kick(void *channel, void *argument);
void user_end_kick(struct user_channel *channel);

/* ---- user_memory.c: GPADLs and mapped rings of user mode */
void user_release(struct vmbus_gpadl *gpadl);
long user_get_gpadl(void *channel, void *argument);
long user_put_gpadl(void *channel, void *argument);
bool user_released_event(struct user_channel *channel, struct vmbusr_event *event);
void user_put_all(struct user_channel *channel);
long user_pin_rings(void *channel, void *argument);
/* -EBUSY while they are mapped. */
int user_unpin_rings(struct user_channel *channel);
int user_mmap(struct file *file, struct vm_area_struct *vma);

#endif
