/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the units of a disk are: the table of vsp/include/uapi/storvsp_map.h, and the I/O that
 * goes on by it.  Pure.
 *
 * A root of slots, of 512 units each; a slot has one entry for all of them (data then follow one
 * another), or a leaf of 512 entries.  Leaves are limited: one that was not used lately is given up
 * for another, and its units are asked for.  Forgetting is always right.
 *
 * The caller's lock is around each function: readers and writers exclude each other.  It may be a
 * spinlock: nothing sleeps but block_map_init() and block_map_fini().
 */
#ifndef STORVSP_MAP_INTERNAL_H
#define STORVSP_MAP_INTERNAL_H

#include "rs_types.h"
#include "storvsp_map.h"

#define BLOCK_MAP_LEAF		512u	/* entries */
#define BLOCK_MAP_REVOKES	16u	/* that are remembered */

/**
 * struct block_map_ops - memory
 * @alloc: zeroed memory of any size, or NULL; may sleep
 * @free: gives it back; may sleep
 * @alloc_leaf: a page, or NULL; does not sleep
 * @free_leaf: gives it back
 */
struct block_map_ops {
	void *(*alloc)(size_t size);
	void (*free)(void *memory);
	u64 *(*alloc_leaf)(void);
	void (*free_leaf)(u64 *leaf);
};

/**
 * struct block_map_slot - 512 units
 * @leaf: an entry for each; NULL: @entry is for all
 * @entry: for the first of them; with a leaf: its number << 1, and bit 0: it was used lately
 */
struct block_map_slot {
	u64 *leaf;
	u64 entry;
};

/**
 * struct block_map - a table; its fields are this file's own
 * @ops: memory
 * @slots: the root
 * @slots_count: of them
 * @size: of the disk, bytes
 * @units: of the disk
 * @unit_shift: of a unit's size
 * @files: numbers of files are below it
 * @owners: slots of the leaves
 * @leaves: there are
 * @leaves_max: and may be
 * @hand: the leaf that is looked at next for one to give up
 * @generation: of the last revoke
 * @revoked: what the last revokes took back: the one of generation g is at g % BLOCK_MAP_REVOKES
 * @epoch: of I/O that begins now, 0 or 1
 * @inflight: I/O of each epoch that goes on
 */
struct block_map {
	const struct block_map_ops *ops;
	struct block_map_slot *slots;
	u32 slots_count;
	u64 size;
	u64 units;
	u32 unit_shift;
	u32 files;
	u32 *owners;
	u32 leaves;
	u32 leaves_max;
	u32 hand;
	u64 generation;
	struct block_map_range {
		u64 offset;
		u64 length;
	} revoked[BLOCK_MAP_REVOKES];
	u32 epoch;
	u32 inflight[2];
};

/**
 * struct block_map_run - a part of an I/O that lies in one place
 * @kind: STORVSP_MAP_ASK, _ZERO, _DATA
 * @file: of data
 * @length: bytes
 * @offset: in the file, of data
 */
struct block_map_run {
	u32 kind;
	u32 file;
	u64 length;
	u64 offset;
};

int block_map_init(struct block_map *map, const struct block_map_ops *ops, u64 size,
		   u32 unit_shift, u32 files, u32 leaves_max);
void block_map_fini(struct block_map *map);

int block_map_set(struct block_map *map, u64 first, u32 count, const u64 *entries);
int block_map_set_linear(struct block_map *map, u64 first, u64 count, u64 entry);
u32 block_map_runs(struct block_map *map, u64 offset, u64 length, bool write,
		   struct block_map_run *runs, u32 max);
int block_map_extent(const struct block_map *map, u64 offset, u64 length, bool write,
		     const struct storvsp_map_answer *answer, struct block_map_run *run);

u32 block_map_enter(struct block_map *map);
bool block_map_leave(struct block_map *map, u32 epoch);
int block_map_revoke(struct block_map *map, u64 offset, u64 length, u32 *epoch);
bool block_map_revoked(const struct block_map *map, u32 epoch);
bool block_map_stale(const struct block_map *map, u64 generation, u64 offset, u64 length);

#endif
