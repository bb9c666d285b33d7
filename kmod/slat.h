/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Second-level address translation: one radix tree for NPT and EPT, told apart by
 * format masks.  A present leaf is also the record that its pages are pinned.
 */
#ifndef ROOTSTOCK_SLAT_H
#define ROOTSTOCK_SLAT_H

#include "rs_types.h"

#define RS_SLAT_LEVELS		4
#define RS_SLAT_SHIFT(level)	(12 + 9 * (level))	/* of a leaf at @level: 0 is 4 KiB */
#define RS_SLAT_SIZE(level)	(1ull << RS_SLAT_SHIFT(level))
#define RS_SLAT_LIMIT		(1ull << RS_SLAT_SHIFT(RS_SLAT_LEVELS))

/**
 * struct rs_slat_format - a vendor's table entries
 * @table:    bits of an entry that points to a table
 * @leaf:     bits of every leaf (present, readable, memory type)
 * @write:    set when writes are allowed
 * @execute:  set when execution is
 * @no_execute: set when it is not
 * @large:    set in leaves above level 0
 * @present:  any of these set: the entry is used
 * @max_level: highest level at which this CPU takes leaves (0, 1 or 2)
 */
struct rs_slat_format {
	u64 table;
	u64 leaf;
	u64 write;
	u64 execute;
	u64 no_execute;
	u64 large;
	u64 present;
	unsigned int max_level;
};

/* Access rights of a leaf. */
#define RS_SLAT_WRITE		1u
#define RS_SLAT_EXECUTE		2u

/**
 * struct rs_slat_ops - effects
 * @alloc_table: a zeroed page for a table, its address, or NULL
 * @free_table:  gives it back
 * @to_phys:     physical address of a table
 * @to_table:    the reverse
 */
struct rs_slat_ops {
	u64 *(*alloc_table)(void);
	void (*free_table)(u64 *table);
	u64 (*to_phys)(u64 *table);
	u64 *(*to_table)(u64 phys);
};

struct rs_slat {
	const struct rs_slat_format *format;
	const struct rs_slat_ops *ops;
	u64 *root;
};

/* What a present leaf says. */
struct rs_slat_leaf {
	u64 gpa;			/* start of what it maps */
	u64 phys;
	unsigned int level;
	unsigned int origin;		/* level at which it was mapped, before it was split */
	unsigned int access;		/* RS_SLAT_* */
};

int rs_slat_init(struct rs_slat *slat, const struct rs_slat_format *format,
		 const struct rs_slat_ops *ops);

/* Frees the tables; every leaf must be gone. */
void rs_slat_destroy(struct rs_slat *slat);

/*
 * Installs a leaf.  -EEXIST when one is there or tables are below, -ENOMEM.
 */
int rs_slat_map(struct rs_slat *slat, u64 gpa, u64 phys, unsigned int level, unsigned int access);

/* The leaf that maps @gpa; false when none does. */
bool rs_slat_lookup(const struct rs_slat *slat, u64 gpa, struct rs_slat_leaf *leaf);

/* Changes a leaf's access rights; splits nothing. */
bool rs_slat_protect(struct rs_slat *slat, u64 gpa, unsigned int access);

/* Replaces a large leaf by a table of leaves one level lower.  -ENOENT, -ENOMEM. */
int rs_slat_split(struct rs_slat *slat, u64 gpa);

/* Removes the leaf that maps @gpa, all of it.  True with what it was in @leaf. */
bool rs_slat_unmap(struct rs_slat *slat, u64 gpa, struct rs_slat_leaf *leaf);

/*
 * Has another leaf remained of what was mapped together with @leaf, which is gone?  False at
 * once for one that was never split.
 */
bool rs_slat_has_sibling(const struct rs_slat *slat, const struct rs_slat_leaf *leaf);

/*
 * The first address at or after @gpa, below @end, that a leaf maps (its start may lie
 * before @gpa); false when none.  Walks tables, not addresses.
 */
bool rs_slat_next(const struct rs_slat *slat, u64 gpa, u64 end, struct rs_slat_leaf *leaf);

#endif
