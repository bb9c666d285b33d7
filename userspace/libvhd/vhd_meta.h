/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cache of a file's metadata in units that the disk below writes whole, and the
 * units that have been changed and wait for the next commit.
 */
#ifndef LIBVHD_META_H
#define LIBVHD_META_H

#include "vhd_file.h"

#define VHD_META_CAP	(16u << 20)	/* bytes of clean units that are kept */
#define VHD_META_UNIT	4096u		/* the largest */

/**
 * struct vhd_page - one unit
 * @next: in its bucket
 * @next_dirty: in the order of first change
 * @offset: in the file
 * @dirty: changed since the last commit
 * @pinned: not what the file has; stays until the end
 * @data: unit bytes
 */
struct vhd_page {
	struct vhd_page *next;
	struct vhd_page *next_dirty;
	uint64_t offset;
	bool dirty;
	bool pinned;
	uint8_t data[];
};

/**
 * struct vhd_meta - the cache
 * @file: where the units are
 * @unit: bytes, 512 or 4096
 * @count: units here
 * @dirty: of them, changed
 * @pinned: of them, pinned
 * @hand: the bucket where the next unit to be forgotten is looked for
 * @buckets: hash table
 * @first, @last: changed units
 */
struct vhd_meta {
	struct vhd_file *file;
	uint32_t unit;
	uint32_t count;
	uint32_t dirty;
	uint32_t pinned;
	uint32_t hand;
	struct vhd_page **buckets;
	struct vhd_page *first;
	struct vhd_page *last;
};

int vhd_meta_init(struct vhd_meta *meta, struct vhd_file *file, uint32_t unit);
void vhd_meta_fini(struct vhd_meta *meta);

int vhd_meta_read(struct vhd_meta *meta, void *buffer, size_t length, uint64_t offset);
/* Changed here, and in the file by the next commit. */
int vhd_meta_write(struct vhd_meta *meta, const void *buffer, size_t length, uint64_t offset);
/* The cache shall not know this range: somebody else writes it. */
void vhd_meta_forget(struct vhd_meta *meta, uint64_t offset, uint64_t length);
/* From now on this unit reads as @data, whatever the file has. */
int vhd_meta_pin(struct vhd_meta *meta, const void *data, uint64_t offset);
bool vhd_meta_is_pinned(const struct vhd_meta *meta, uint64_t offset, uint64_t length);

/* The oldest changed units, at most @max; they stay changed until vhd_meta_clean(). */
unsigned int vhd_meta_dirty(const struct vhd_meta *meta, struct vhd_page **pages,
			    unsigned int max);
/* Writes these, which are the oldest, to their places. Not durable before a flush. */
int vhd_meta_apply(struct vhd_meta *meta, struct vhd_page **pages, unsigned int count);

#endif
