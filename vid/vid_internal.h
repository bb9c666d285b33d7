/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of rs_vid.ko offer each other: the objects behind the two kinds
 * of descriptor, and the dispatch of ioctls.  Never included outside vid/.
 *
 * Lock legend, for the tags on fields:
 *   [c] constant after creation
 *   [d] doorbell_lock to write; read also under rcu_read_lock()
 */
#ifndef ROOTSTOCK_VID_INTERNAL_H
#define ROOTSTOCK_VID_INTERNAL_H

#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "rs_hv.h"
#include "vid.h"

#define VID_DOORBELLS_MAX	512
#define VID_DOORBELL_HASH_BITS	6

/* No call's argument is larger. */
#define VID_ARGUMENT_MAX	sizeof(struct vid_post_message)

/**
 * struct vid_partition - what a partition descriptor refers to
 * @ref: the partition descriptor has one, and each VP descriptor
 */
struct vid_partition {
	struct kref ref;
	struct rs_partition *core;		/* [c] */
	struct mm_struct *mm;			/* [c] who may call; grabbed, not read */
	struct mutex doorbell_lock;
	DECLARE_HASHTABLE(doorbells, VID_DOORBELL_HASH_BITS);	/* [d] */
	unsigned int doorbell_count;		/* [d] */
};

/* What a VP descriptor refers to. */
struct vid_vp {
	struct vid_partition *partition;	/* [c] */
	struct rs_vp *core;			/* [c] NULL until it was made */
};

/**
 * struct vid_call - an ioctl and what serves it
 * @command: VID_*: holds the size of its argument, and which way it is copied
 * @handler: @argument is a kernel copy.  Returns what the ioctl does; on success, and
 *           with -ENOSPC, a _IOR argument is copied back
 */
struct vid_call {
	unsigned int command;
	long (*handler)(void *object, void *argument);
};

/* ---- main.c */
long vid_dispatch(const struct vid_call *calls, size_t count, void *object,
		  unsigned int command, unsigned long argument);

/* ---- partition.c */
long vid_create_partition(void *device, void *argument);
void vid_partition_get(struct vid_partition *partition);
void vid_partition_put(struct vid_partition *partition);
/* 0, or -EIO when it is not the creator of the partition who calls. */
int vid_partition_check_caller(const struct vid_partition *partition);

/* ---- vp.c */
long vid_create_vp(void *partition, void *argument);

/* ---- memory.c: handlers of a partition's memory calls */
long vid_map_gpa(void *partition, void *argument);
long vid_unmap_gpa(void *partition, void *argument);
long vid_release_gpa(void *partition, void *argument);
long vid_dirty_log(void *partition, void *argument);

/* ---- port.c */
long vid_create_port(void *partition, void *argument);
long vid_post_message(void *partition, void *argument);
long vid_signal_event(void *partition, void *argument);

/* ---- doorbell.c */
void vid_doorbells_init(struct vid_partition *partition);
/* No VP runs any more. */
void vid_doorbells_destroy(struct vid_partition *partition);
long vid_set_doorbell(void *partition, void *argument);
/* struct rs_upcalls: rings what listens there; does not sleep. */
bool vid_doorbell_ring(void *context, bool pio, u64 address, unsigned int size, u64 value);

#endif
