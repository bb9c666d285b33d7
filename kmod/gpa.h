/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest physical memory of a partition: which ranges there are, and whose memory
 * stands behind them.  Internal to gpa.c, pin.c, hold.c and dirty.c.
 */
#ifndef ROOTSTOCK_GPA_H
#define ROOTSTOCK_GPA_H

#include <linux/rbtree.h>

#include "hv.h"

/**
 * struct rs_gpa_region - one VID_MAP_GPA
 * @gpa:     start; regions do not overlap
 * @size:    bytes
 * @address: where it is in the worker's address space
 * @flags:   VID_MAP_*
 * @dirty:   a bit a page while writes are recorded, else NULL; bits are atomic
 */
struct rs_gpa_region {
	struct rb_node node;
	u64 gpa;
	u64 size;
	u64 address;
	u32 flags;
	unsigned long *dirty;
};

static inline u64 rs_region_end(const struct rs_gpa_region *region)
{
	return region->gpa + region->size;
}

/* The region that holds @gpa, or NULL.  gpa->lock held. */
struct rs_gpa_region *rs_gpa_region(struct rs_gpa *gpa, u64 address);

/* gpa.c: the leaf for @address, installed if it must be.  gpa->lock held for reading. */
int rs_gpa_leaf(struct rs_gpa *gpa, u64 address, bool write, bool fetch,
		struct rs_slat_leaf *leaf);

/* pin.c: pins what backs @address and installs a leaf.  gpa->lock held for reading. */
int rs_gpa_pin(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address);

/* pin.c: removes and unpins all leaves in a range.  gpa->lock held for writing. */
int rs_gpa_unpin(struct rs_partition *partition, u64 start, u64 end);

/* dirty.c: a write to a page that is only readable as writes are recorded. */
int rs_gpa_mark_dirty(struct rs_gpa *gpa, struct rs_gpa_region *region, u64 address);

extern const struct rs_slat_ops rs_slat_kernel_ops;

#endif
