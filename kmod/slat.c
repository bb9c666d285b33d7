// SPDX-License-Identifier: GPL-2.0-only
/*
 * Second-level page tables: build, walk, split, remove (APM2 §15.25, SDM3 §29.3).
 *
 * Pure: format masks come from the vendor, pages from the ops.  The caller
 * serialises changes; the CPU may walk the tables at any moment, so an entry is
 * completed before it is linked and every store to a live table is one word.
 *
 * Bits 52 and 53 of a leaf, which no CPU looks at, keep the level at which it was mapped.
 */
#include "slat.h"

#define SLAT_ADDRESS	0x000ffffffffff000ull
#define SLAT_ORIGIN_SHIFT	52

static unsigned int slat_index(u64 gpa, unsigned int level)
{
	return (gpa >> RS_SLAT_SHIFT(level)) & 511;
}

static bool slat_present(const struct rs_slat *slat, u64 entry)
{
	return entry & slat->format->present;
}

static bool slat_is_leaf(const struct rs_slat *slat, u64 entry, unsigned int level)
{
	return level == 0 || (entry & slat->format->large);
}

static u64 *slat_table(const struct rs_slat *slat, u64 entry)
{
	return slat->ops->to_table(entry & SLAT_ADDRESS);
}

static u64 slat_leaf_entry(const struct rs_slat *slat, u64 phys, unsigned int level,
			   unsigned int origin, unsigned int access)
{
	const struct rs_slat_format *f = slat->format;
	u64 entry = phys | f->leaf | (u64)origin << SLAT_ORIGIN_SHIFT;

	entry |= (access & RS_SLAT_WRITE) ? f->write : 0;
	entry |= (access & RS_SLAT_EXECUTE) ? f->execute : f->no_execute;
	return level ? entry | f->large : entry;
}

static unsigned int slat_access(const struct rs_slat *slat, u64 entry)
{
	const struct rs_slat_format *f = slat->format;
	bool execute = f->execute ? entry & f->execute : !(entry & f->no_execute);

	return ((entry & f->write) ? RS_SLAT_WRITE : 0) | (execute ? RS_SLAT_EXECUTE : 0);
}

static void slat_describe(const struct rs_slat *slat, u64 gpa, u64 entry, unsigned int level,
			  struct rs_slat_leaf *leaf)
{
	leaf->gpa = gpa & ~(RS_SLAT_SIZE(level) - 1);
	leaf->phys = entry & SLAT_ADDRESS & ~(RS_SLAT_SIZE(level) - 1);
	leaf->level = level;
	leaf->origin = entry >> SLAT_ORIGIN_SHIFT & 3;
	leaf->access = slat_access(slat, entry);
}

/* The entry where the walk for @gpa ends: a leaf or nothing; its level in @level. */
static u64 *slat_walk(const struct rs_slat *slat, u64 gpa, unsigned int *level)
{
	u64 *table = slat->root;
	unsigned int l = RS_SLAT_LEVELS - 1;

	for (;; l--) {
		u64 *entry = &table[slat_index(gpa, l)];

		if (!slat_present(slat, *entry) || slat_is_leaf(slat, *entry, l)) {
			*level = l;
			return entry;
		}
		table = slat_table(slat, *entry);
	}
}

/**
 * rs_slat_init() - an empty tree
 * @slat:   filled in
 * @format: the vendor's table entries; outlives the tree
 * @ops:    where tables come from; outlive the tree
 *
 * Return: 0 or -ENOMEM.
 */
int rs_slat_init(struct rs_slat *slat, const struct rs_slat_format *format,
		 const struct rs_slat_ops *ops)
{
	slat->format = format;
	slat->ops = ops;
	slat->root = ops->alloc_table();
	return slat->root ? 0 : -ENOMEM;
}

static void slat_free_below(struct rs_slat *slat, u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < 512; i++)
		if (slat_present(slat, table[i]) && !slat_is_leaf(slat, table[i], level))
			slat_free_below(slat, slat_table(slat, table[i]), level - 1);
	slat->ops->free_table(table);
}

/**
 * rs_slat_destroy() - free the tables
 * @slat: the tree; or one whose rs_slat_init() failed
 *
 * The leaves must have been removed, or what they map stays pinned for ever.
 */
void rs_slat_destroy(struct rs_slat *slat)
{
	if (slat->root)
		slat_free_below(slat, slat->root, RS_SLAT_LEVELS - 1);
	slat->root = NULL;
}

/**
 * rs_slat_map() - install a leaf
 * @slat:   the tree
 * @gpa:    guest physical address, aligned to the size of @level
 * @phys:   physical address, aligned likewise
 * @level:  0: 4 KiB, 1: 2 MiB, 2: 1 GiB; at most the format's max_level
 * @access: RS_SLAT_*
 *
 * Return: 0; -EEXIST when @gpa is mapped or smaller pages have been below it;
 * -ENOMEM (empty tables may have been added then).
 */
int rs_slat_map(struct rs_slat *slat, u64 gpa, u64 phys, unsigned int level, unsigned int access)
{
	u64 *table = slat->root;
	unsigned int l;

	for (l = RS_SLAT_LEVELS - 1; l > level; l--) {
		u64 *entry = &table[slat_index(gpa, l)];

		if (!slat_present(slat, *entry)) {
			u64 *fresh = slat->ops->alloc_table();

			if (!fresh)
				return -ENOMEM;
			WRITE_ONCE(*entry, slat->ops->to_phys(fresh) | slat->format->table);
		} else if (slat_is_leaf(slat, *entry, l)) {
			return -EEXIST;
		}
		table = slat_table(slat, *entry);
	}
	if (slat_present(slat, table[slat_index(gpa, level)]))
		return -EEXIST;
	WRITE_ONCE(table[slat_index(gpa, level)],
		   slat_leaf_entry(slat, phys, level, level, access));
	return 0;
}

/**
 * rs_slat_lookup() - the leaf that maps @gpa
 * @slat: the tree
 * @gpa:  any guest physical address
 * @leaf: filled in when there is one
 *
 * Return: true, and the leaf in @leaf.
 */
bool rs_slat_lookup(const struct rs_slat *slat, u64 gpa, struct rs_slat_leaf *leaf)
{
	unsigned int level;
	u64 entry;

	if (gpa >= RS_SLAT_LIMIT)
		return false;
	entry = READ_ONCE(*slat_walk(slat, gpa, &level));
	if (!slat_present(slat, entry))
		return false;
	slat_describe(slat, gpa, entry, level, leaf);
	return true;
}

/**
 * rs_slat_protect() - change the access rights of the leaf that maps @gpa
 * @slat:   the tree
 * @gpa:    below RS_SLAT_LIMIT
 * @access: RS_SLAT_*: all the rights that the leaf has then
 *
 * The caller flushes translations when rights were taken away.
 *
 * Return: whether there was one.
 */
bool rs_slat_protect(struct rs_slat *slat, u64 gpa, unsigned int access)
{
	unsigned int level;
	u64 *entry = slat_walk(slat, gpa, &level);
	struct rs_slat_leaf leaf;

	if (!slat_present(slat, *entry))
		return false;
	slat_describe(slat, gpa, *entry, level, &leaf);
	WRITE_ONCE(*entry, slat_leaf_entry(slat, leaf.phys, level, leaf.origin, access));
	return true;
}

/**
 * rs_slat_split() - replace a large leaf by 512 leaves that map the same
 * @slat: the tree
 * @gpa:  below RS_SLAT_LIMIT, anywhere in the leaf
 *
 * Return: 0 (also when the leaf is 4 KiB already), -ENOENT, -ENOMEM.
 */
int rs_slat_split(struct rs_slat *slat, u64 gpa)
{
	unsigned int level, i;
	u64 *entry = slat_walk(slat, gpa, &level);
	struct rs_slat_leaf leaf;
	u64 *table;

	if (!slat_present(slat, *entry))
		return -ENOENT;
	if (!level)
		return 0;
	table = slat->ops->alloc_table();
	if (!table)
		return -ENOMEM;
	slat_describe(slat, gpa, *entry, level, &leaf);
	for (i = 0; i < 512; i++)
		table[i] = slat_leaf_entry(slat, leaf.phys + i * RS_SLAT_SIZE(level - 1),
					   level - 1, leaf.origin, leaf.access);
	WRITE_ONCE(*entry, slat->ops->to_phys(table) | slat->format->table);
	return 0;
}

/**
 * rs_slat_unmap() - remove the leaf that maps @gpa
 * @slat: the tree
 * @gpa:  any guest physical address
 * @leaf: filled in when there was one
 *
 * Tables stay: they are few, and the next fault wants them back.
 *
 * Return: true, and what it was in @leaf.
 */
bool rs_slat_unmap(struct rs_slat *slat, u64 gpa, struct rs_slat_leaf *leaf)
{
	unsigned int level;
	u64 *entry;

	if (gpa >= RS_SLAT_LIMIT)
		return false;
	entry = slat_walk(slat, gpa, &level);
	if (!slat_present(slat, *entry))
		return false;
	slat_describe(slat, gpa, *entry, level, leaf);
	WRITE_ONCE(*entry, 0);
	return true;
}

/**
 * rs_slat_next() - the first leaf that maps anything in [@gpa, @end)
 * @slat: the tree
 * @gpa:  where to begin; the leaf found may start before it
 * @end:  first guest physical address that is of no interest
 * @leaf: filled in when there is one
 *
 * Skips what no table covers, a table at a time.
 *
 * Return: true, and the leaf in @leaf.
 */
bool rs_slat_next(const struct rs_slat *slat, u64 gpa, u64 end, struct rs_slat_leaf *leaf)
{
	end = min_t(u64, end, RS_SLAT_LIMIT);
	while (gpa < end) {
		unsigned int level;
		u64 entry = READ_ONCE(*slat_walk(slat, gpa, &level));

		if (slat_present(slat, entry)) {
			slat_describe(slat, gpa, entry, level, leaf);
			return true;
		}
		gpa = (gpa & ~(RS_SLAT_SIZE(level) - 1)) + RS_SLAT_SIZE(level);
	}
	return false;
}

static bool has_of_origin(const struct rs_slat *slat, u64 gpa, u64 end, unsigned int origin)
{
	struct rs_slat_leaf leaf;

	while (rs_slat_next(slat, gpa, end, &leaf)) {
		if (leaf.origin == origin)
			return true;
		gpa = leaf.gpa + RS_SLAT_SIZE(leaf.level);
	}
	return false;
}

/**
 * rs_slat_has_sibling() - is there still a leaf that was mapped together with one that is gone?
 * @slat: the tree
 * @leaf: what rs_slat_unmap() said of it
 *
 * Those behind it are looked at first: a range is removed from its start on.
 *
 * Return: false when it was never split, or when it was the last.
 */
bool rs_slat_has_sibling(const struct rs_slat *slat, const struct rs_slat_leaf *leaf)
{
	u64 start = leaf->gpa & ~(RS_SLAT_SIZE(leaf->origin) - 1);

	if (leaf->origin == leaf->level)
		return false;
	return has_of_origin(slat, leaf->gpa, start + RS_SLAT_SIZE(leaf->origin), leaf->origin) ||
	       has_of_origin(slat, start, leaf->gpa, leaf->origin);
}
