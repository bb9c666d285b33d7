/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rs_hv.ko offers to the modules above it (VID, VMBus, VSPs).
 *
 * All of it may sleep unless it says otherwise.  Errors are negative errno.
 */
#ifndef ROOTSTOCK_RS_HV_H
#define ROOTSTOCK_RS_HV_H

#include <linux/types.h>
#include "tlfs.h"
#include "vid.h"

#define RS_MAX_VPS	64

struct bio_vec;
struct dentry;
struct page;
struct rs_partition;
struct rs_vp;
struct rs_ipi;

/* A CPUID leaf or an MSR that the worker wants to see. */
struct rs_intercept {
	u32 type;			/* enum vid_intercept_type */
	u32 parameter;
};

/**
 * struct rs_upcalls - how the core reaches the layer above
 * @doorbell: a write of @size bytes of @value at a port (@pio) or GPA: true when a doorbell took
 *            it.  From the VP's thread, may not sleep
 */
struct rs_upcalls {
	bool (*doorbell)(void *context, bool pio, u64 address, unsigned int size, u64 value);
};

/* A partition of @vp_count VPs whose memory is the calling process's.  ERR_PTR. */
struct rs_partition *rs_partition_create(u32 vp_count, const struct rs_upcalls *upcalls,
					 void *context);
void rs_partition_get(struct rs_partition *partition);
/* The last put unpins memory and frees all VPs.  No VP may be running. */
void rs_partition_put(struct rs_partition *partition);

/* Its directory in debugfs, for files that go before it does. */
struct dentry *rs_partition_debugfs(struct rs_partition *partition);

/* VP @index; -EEXIST when made before, -EINVAL beyond vp_count.  Lives as long as the partition. */
struct rs_vp *rs_vp_create(struct rs_partition *partition, u32 index);
/* NULL when it was not made. */
struct rs_vp *rs_vp_lookup(struct rs_partition *partition, u32 index);
/* The page of struct vid_vp_page, for mmap. */
struct page *rs_vp_page(struct rs_vp *vp);

/* As VID_RUN_VP; interruptible. */
int rs_vp_run(struct rs_vp *vp);
/* As VID_CANCEL_RUN; any context. */
void rs_vp_cancel(struct rs_vp *vp);
/* -EBUSY while it runs. */
int rs_vp_get_registers(struct rs_vp *vp, struct vid_register *registers, u32 count);
int rs_vp_set_registers(struct rs_vp *vp, struct vid_register *registers, u32 count);
int rs_vp_translate(struct rs_vp *vp, struct vid_translate_gva *translate);
int rs_vp_access_apic(struct rs_vp *vp, struct vid_apic_access *access);
int rs_vp_get_lapic(struct rs_vp *vp, struct vid_lapic_state *state);
int rs_vp_set_lapic(struct rs_vp *vp, const struct vid_lapic_state *state);
/* Bytes of the XSAVE area of this host. */
u32 rs_xsave_size(void);
int rs_vp_get_xsave(struct rs_vp *vp, void *buffer, u32 size);
int rs_vp_set_xsave(struct rs_vp *vp, const void *buffer, u32 size);

/**
 * struct rs_port_ops - what is behind a connection of the guest's
 * @message: HvPostMessage; HV_STATUS_INSUFFICIENT_BUFFERS makes the guest try again.
 *           header.origination_id is the connection.  NULL: the connection takes none
 * @event:   HvSignalEvent of a flag.  NULL: the connection takes none
 *
 * Both return HV_STATUS_*, run under RCU in the VP's thread, and may not sleep.
 */
struct rs_port_ops {
	u16 (*message)(void *context, const struct hv_message *message);
	u16 (*event)(void *context, u16 flag);
};

/* -EINVAL, -EEXIST, -ENOMEM */
int rs_port_connect(struct rs_partition *partition, u32 connection,
		    const struct rs_port_ops *ops, void *context);
/* Nothing of the port runs when this returns. */
void rs_port_disconnect(struct rs_partition *partition, u32 connection);

/* A message into the guest's slot of @sint, as soon as that is free.  -EAGAIN: too many wait. */
int rs_post_message(struct rs_vp *vp, u32 sint, const struct hv_message *message);
/* How many of them the guest has not got yet.  Any context. */
u32 rs_messages_waiting(struct rs_vp *vp, u32 sint);

/* The messages that waited for some SINT have all reached the guest.  Runs as rs_port_ops. */
struct rs_outbox_watch {
	void (*drained)(struct rs_outbox_watch *watch);
};

/* One a partition: -EBUSY. */
int rs_outbox_watch(struct rs_partition *partition, struct rs_outbox_watch *watch);
/* It does not run when this returns. */
void rs_outbox_unwatch(struct rs_partition *partition);
/* Sets an event flag of the guest and interrupts it.  Any context. */
int rs_signal_event(struct rs_vp *vp, u32 sint, u32 flag);

/* Memory; fields are validated here. */
int rs_gpa_map(struct rs_partition *partition, const struct vid_map_gpa *map);
int rs_gpa_unmap(struct rs_partition *partition, u64 gpa, u64 size);
int rs_gpa_release(struct rs_partition *partition, u64 gpa, u64 size);
int rs_gpa_dirty_start(struct rs_partition *partition, u64 gpa, u64 size);
int rs_gpa_dirty_stop(struct rs_partition *partition, u64 gpa, u64 size);
/* Copies size / 4096 bits, in 64-bit words, into @bitmap and clears them. */
int rs_gpa_dirty_read(struct rs_partition *partition, u64 gpa, u64 size, u64 *bitmap);
/*
 * The pages of guest memory with these numbers, pinned for reading and writing until they are
 * unpinned.  In the process whose memory it is, or a kernel thread; without locks.  -EIO,
 * -EFAULT, -EINTR.
 */
int rs_gpa_pin_pages(struct rs_partition *partition, const u64 *pfns, u32 count,
		     struct page **pages);
/* Marks them dirty. */
void rs_gpa_unpin_pages(struct page **pages, u32 count);
/*
 * Guest memory held for I/O, as elements of @vecs, whose number is returned.  As for pins; -EFAULT,
 * -ENOSPC, -EINTR.
 */
int rs_gpa_hold(struct rs_partition *partition, const u64 *pfns, u32 offset, u32 bytes, bool write,
		struct bio_vec *vecs, u32 room);
/* With the same arguments; what was written is marked dirty.  May sleep. */
void rs_gpa_drop(struct rs_partition *partition, const u64 *pfns, u32 offset, u32 bytes, bool write,
		 const struct bio_vec *vecs, u32 count);
/* First GPA out of reach. */
u64 rs_gpa_limit(void);

/* As VID_REQUEST_INTERRUPT, validated here.  Any context. */
int rs_request_interrupt(struct rs_partition *partition, const struct vid_interrupt *interrupt);
int rs_install_intercept(struct rs_partition *partition, u32 type, u32 parameter);
int rs_get_property(struct rs_partition *partition, struct vid_property *property);
int rs_set_property(struct rs_partition *partition, const struct vid_property *property);

#endif
