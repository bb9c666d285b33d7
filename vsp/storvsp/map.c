// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the units of a disk are: see map.h.  Pure.
 *
 * Entries come from the worker, and each is checked before it is kept; the offset and the length
 * of an I/O from SCSI, which has checked them against the size of the disk.
 */
#include "map.h"

#define OFFSET_MAX	(1ull << 62)	/* no file is so large, and no sum overflows */

static u32 kind_of(u64 entry)
{
	return entry & STORVSP_MAP_KIND;
}

static u32 file_of(u64 entry)
{
	return (entry & STORVSP_MAP_FILE) >> STORVSP_MAP_FILE_SHIFT;
}

static u64 unit_size(const struct block_map *map)
{
	return 1ull << map->unit_shift;
}

/* The entry of the unit @count behind that of @entry, where data follow one another. */
static u64 following(const struct block_map *map, u64 entry, u64 count)
{
	return kind_of(entry) == STORVSP_MAP_DATA ? entry + (count << map->unit_shift) : entry;
}

/* Whether the worker may say this of @length bytes. */
static bool entry_valid(const struct block_map *map, u64 entry, u64 length)
{
	u64 offset = entry & STORVSP_MAP_OFFSET;

	if (kind_of(entry) != STORVSP_MAP_DATA)
		return entry == STORVSP_MAP_ASK || entry == STORVSP_MAP_ZERO;
	if (file_of(entry) >= map->files || ((entry & STORVSP_MAP_WRITABLE) && file_of(entry)))
		return false;
	return length <= OFFSET_MAX && offset <= OFFSET_MAX - length;
}

/**
 * block_map_init() - a table in which everything is asked for
 * @map: the table
 * @ops: memory
 * @size: of the disk in bytes, not 0
 * @unit_shift: STORVSP_MAP_UNIT_SHIFT_MIN to _MAX
 * @files: how many there are, up to STORVSP_MAP_FILES_MAX
 * @leaves_max: pages that entries may take, 1 at least
 *
 * Context: may sleep.
 *
 * Return: 0, -EINVAL, -E2BIG for too many units, -ENOMEM.
 */
int block_map_init(struct block_map *map, const struct block_map_ops *ops, u64 size,
		   u32 unit_shift, u32 files, u32 leaves_max)
{
	u64 units;

	if (!size || size > OFFSET_MAX || unit_shift < STORVSP_MAP_UNIT_SHIFT_MIN ||
	    unit_shift > STORVSP_MAP_UNIT_SHIFT_MAX || files > STORVSP_MAP_FILES_MAX ||
	    !leaves_max)
		return -EINVAL;
	units = ((size - 1) >> unit_shift) + 1;
	if (units > STORVSP_MAP_UNITS_MAX)
		return -E2BIG;
	memset(map, 0, sizeof(*map));
	map->ops = ops;
	map->size = size;
	map->units = units;
	map->unit_shift = unit_shift;
	map->files = files;
	map->leaves_max = leaves_max;
	map->slots_count = (u32)((units - 1) / BLOCK_MAP_LEAF) + 1;
	map->leaves_max = min(map->leaves_max, map->slots_count);
	map->slots = ops->alloc(map->slots_count * sizeof(*map->slots));
	if (!map->slots)
		return -ENOMEM;
	map->owners = ops->alloc(map->leaves_max * sizeof(*map->owners));
	if (map->owners)
		return 0;
	ops->free(map->slots);
	return -ENOMEM;
}

/**
 * block_map_fini() - give the memory of a table back
 * @map: no I/O goes on
 *
 * Context: may sleep.
 */
void block_map_fini(struct block_map *map)
{
	for (u32 i = 0; i < map->leaves; i++)
		map->ops->free_leaf(map->slots[map->owners[i]].leaf);
	map->ops->free(map->owners);
	map->ops->free(map->slots);
	memset(map, 0, sizeof(*map));
}

/* The last leaf takes the number that becomes free. */
static void drop_leaf(struct block_map *map, struct block_map_slot *slot)
{
	if (slot->leaf) {
		u32 number = (u32)(slot->entry >> 1);
		u32 last = map->owners[--map->leaves];
		u64 used = map->slots[last].entry & 1;

		map->owners[number] = last;
		map->slots[last].entry = (u64)number << 1 | used;
		map->ops->free_leaf(slot->leaf);
	}
	slot->leaf = NULL;
	slot->entry = STORVSP_MAP_ASK;
}

/* Gives up a leaf that was not used since the hand came by; there is one. */
static void give_up_one(struct block_map *map)
{
	struct block_map_slot *slot;

	for (;;) {
		map->hand = map->hand + 1 < map->leaves ? map->hand + 1 : 0;
		slot = &map->slots[map->owners[map->hand]];
		if (!(slot->entry & 1))
			break;
		slot->entry &= ~1ull;
	}
	drop_leaf(map, slot);
}

/* A leaf that says what the slot says; without memory it is asked for. */
static bool make_leaf(struct block_map *map, struct block_map_slot *slot)
{
	u64 entry = slot->entry;

	if (slot->leaf)
		return true;
	if (map->leaves >= map->leaves_max)
		give_up_one(map);
	slot->leaf = map->ops->alloc_leaf();
	if (!slot->leaf) {
		slot->entry = STORVSP_MAP_ASK;
		return false;
	}
	for (u32 i = 0; i < BLOCK_MAP_LEAF; i++)
		slot->leaf[i] = following(map, entry, i);
	slot->entry = (u64)map->leaves << 1;
	map->owners[map->leaves++] = (u32)(slot - map->slots);
	return true;
}

static u64 entry_at(const struct block_map *map, u64 unit)
{
	const struct block_map_slot *slot = &map->slots[unit / BLOCK_MAP_LEAF];
	u32 inside = unit % BLOCK_MAP_LEAF;

	return slot->leaf ? slot->leaf[inside] : following(map, slot->entry, inside);
}

static u32 slot_units(const struct block_map *map, u64 first)
{
	return (u32)min_t(u64, BLOCK_MAP_LEAF, map->units - first);
}

/* @count units of one slot, from @first on. */
static void set_in_slot(struct block_map *map, u64 first, u32 count, u64 entry)
{
	struct block_map_slot *slot = &map->slots[first / BLOCK_MAP_LEAF];
	u32 inside = first % BLOCK_MAP_LEAF;

	if (!inside && count == slot_units(map, first)) {
		drop_leaf(map, slot);
		slot->entry = entry;
		return;
	}
	if (!slot->leaf && following(map, slot->entry, inside) == entry)
		return;
	if (!make_leaf(map, slot))
		return;
	for (u32 i = 0; i < count; i++)
		slot->leaf[inside + i] = following(map, entry, i);
}

static bool units_valid(const struct block_map *map, u64 first, u64 count)
{
	return first <= map->units && count <= map->units - first;
}

/**
 * block_map_set_linear() - say where many units are that follow one another
 * @map: the table
 * @first: unit
 * @count: of units
 * @entry: of the first one; data of the others follow
 *
 * Return: 0, -ERANGE, -EINVAL.
 */
int block_map_set_linear(struct block_map *map, u64 first, u64 count, u64 entry)
{
	if (!units_valid(map, first, count))
		return -ERANGE;
	if (!entry_valid(map, entry, count << map->unit_shift))
		return -EINVAL;
	while (count) {
		u32 now = (u32)min_t(u64, count, BLOCK_MAP_LEAF - first % BLOCK_MAP_LEAF);

		set_in_slot(map, first, now, entry);
		entry = following(map, entry, now);
		first += now;
		count -= now;
	}
	return 0;
}

/* How many of the entries follow one another. */
static u32 linear(const struct block_map *map, const u64 *entries, u32 count)
{
	u32 same = 1;

	while (same < count && entries[same] == following(map, entries[0], same))
		same++;
	return same;
}

/**
 * block_map_set() - say where some units are
 * @map: the table
 * @first: unit
 * @count: of units
 * @entries: of them, a copy that the worker cannot change
 *
 * Return: 0, -ERANGE, -EINVAL; nothing is set then.
 */
int block_map_set(struct block_map *map, u64 first, u32 count, const u64 *entries)
{
	if (!units_valid(map, first, count))
		return -ERANGE;
	for (u32 i = 0; i < count; i++)
		if (!entry_valid(map, entries[i], unit_size(map)))
			return -EINVAL;
	while (count) {
		u32 room = BLOCK_MAP_LEAF - first % BLOCK_MAP_LEAF;
		u32 now = linear(map, entries, min(count, room));

		set_in_slot(map, first, now, entries[0]);
		entries += now;
		first += now;
		count -= now;
	}
	return 0;
}

/* Up to where the entry of @unit is followed by what its slot says of the next ones. */
static u64 same_slot_end(const struct block_map *map, u64 unit)
{
	if (map->slots[unit / BLOCK_MAP_LEAF].leaf)
		return unit + 1;
	return unit + BLOCK_MAP_LEAF - unit % BLOCK_MAP_LEAF;
}

static struct block_map_run run_at(struct block_map *map, u64 offset, u64 end, bool write)
{
	u64 unit = offset >> map->unit_shift;
	struct block_map_slot *slot = &map->slots[unit / BLOCK_MAP_LEAF];
	u64 entry = entry_at(map, unit);
	u64 stop = min_t(u64, end, same_slot_end(map, unit) << map->unit_shift);
	struct block_map_run run = { .kind = kind_of(entry), .length = stop - offset };

	if (slot->leaf)
		slot->entry |= 1;
	if (write && !(entry & STORVSP_MAP_WRITABLE))
		run.kind = STORVSP_MAP_ASK;
	if (run.kind != STORVSP_MAP_DATA)
		return run;
	run.file = file_of(entry);
	run.offset = (entry & STORVSP_MAP_OFFSET) + (offset & (unit_size(map) - 1));
	return run;
}

static bool continues(const struct block_map_run *run, const struct block_map_run *next)
{
	if (run->kind != next->kind)
		return false;
	return run->kind != STORVSP_MAP_DATA ||
	       (run->file == next->file && run->offset + run->length == next->offset);
}

/**
 * block_map_runs() - cut an I/O where the places of its data are not one
 * @map: the table
 * @offset: in the disk
 * @length: of it, not 0; what lies beyond the end of the disk is left out
 * @write: what may not be written in place is to be asked for
 * @runs: filled in, in their order
 * @max: how many there is room for, not 0; the rest of the I/O is left out
 *
 * Return: how many runs there are; 0 beyond the end of the disk.
 */
u32 block_map_runs(struct block_map *map, u64 offset, u64 length, bool write,
		   struct block_map_run *runs, u32 max)
{
	u32 count = 0;
	u64 end;

	if (offset >= map->size)
		return 0;
	end = offset + min_t(u64, length, map->size - offset);
	while (offset < end) {
		struct block_map_run run = run_at(map, offset, end, write);

		offset += run.length;
		if (count && continues(&runs[count - 1], &run)) {
			runs[count - 1].length += run.length;
			continue;
		}
		if (count == max)
			break;
		runs[count++] = run;
	}
	return count;
}

/**
 * block_map_extent() - the place that an answer gives
 * @map: the table
 * @offset: of what was asked for
 * @length: of it
 * @write: it was ALLOCATE, not LOOKUP
 * @answer: a copy that the worker cannot change
 * @run: filled in
 *
 * Return: 0; -EAGAIN when it has been revoked meanwhile: ask again; -EIO when it is none.
 */
int block_map_extent(const struct block_map *map, u64 offset, u64 length, bool write,
		     const struct storvsp_map_answer *answer, struct block_map_run *run)
{
	u64 entry = answer->entry;

	if (!answer->length || answer->length > length || (answer->length & 511) ||
	    !entry_valid(map, entry, answer->length))
		return -EIO;
	if (write ? !(entry & STORVSP_MAP_WRITABLE) : kind_of(entry) == STORVSP_MAP_ASK)
		return -EIO;
	if (block_map_stale(map, answer->generation, offset, answer->length))
		return -EAGAIN;
	*run = (struct block_map_run){
		.kind = kind_of(entry), .length = answer->length,
	};
	if (run->kind == STORVSP_MAP_DATA) {
		run->file = file_of(entry);
		run->offset = entry & STORVSP_MAP_OFFSET;
	}
	return 0;
}

/**
 * block_map_enter() - an I/O begins
 * @map: the table
 *
 * Under the same lock as block_map_runs() or block_map_extent(), whose runs it uses.
 *
 * Return: what block_map_leave() wants.
 */
u32 block_map_enter(struct block_map *map)
{
	map->inflight[map->epoch]++;
	return map->epoch;
}

/**
 * block_map_leave() - an I/O has ended
 * @map: the table
 * @epoch: what block_map_enter() returned
 *
 * Return: whether a revoke that waits is to be woken.
 */
bool block_map_leave(struct block_map *map, u32 epoch)
{
	return !--map->inflight[epoch] && epoch != map->epoch;
}

/**
 * block_map_revoke() - take back what is said of a range
 * @map: the table
 * @offset: of the range
 * @length: of it
 * @epoch: set to what block_map_revoked() wants
 *
 * The units that lie in it, wholly or not, are asked for from now on.
 *
 * Return: 0; -EBUSY while I/O goes on that an earlier revoke is to wait for; -ERANGE.
 */
int block_map_revoke(struct block_map *map, u64 offset, u64 length, u32 *epoch)
{
	u64 first = offset >> map->unit_shift, end;

	if (offset > map->size || length > map->size - offset)
		return -ERANGE;
	if (map->inflight[!map->epoch])
		return -EBUSY;
	if (length) {
		end = ((offset + length - 1) >> map->unit_shift) + 1;
		block_map_set_linear(map, first, end - first, STORVSP_MAP_ASK);
	}
	map->generation++;
	map->revoked[map->generation % BLOCK_MAP_REVOKES] =
		(struct block_map_range){ .offset = offset, .length = length };
	*epoch = map->epoch;
	map->epoch = !map->epoch;
	return 0;
}

/**
 * block_map_revoked() - whether the I/O that a revoke waits for has ended
 * @map: the table
 * @epoch: of the revoke
 *
 * Return: true: no I/O that began before it goes on.
 */
bool block_map_revoked(const struct block_map *map, u32 epoch)
{
	return !map->inflight[epoch];
}

static bool intersects(const struct block_map_range *range, u64 offset, u64 length)
{
	return range->offset < offset + length && offset < range->offset + range->length;
}

/**
 * block_map_stale() - whether an extent may have been revoked
 * @map: the table
 * @generation: of the answer that had it
 * @offset: of the extent in the disk
 * @length: of it
 *
 * Return: true if it has been, or if it is too old to know; also for a generation to come.
 */
bool block_map_stale(const struct block_map *map, u64 generation, u64 offset, u64 length)
{
	if (generation > map->generation || map->generation - generation > BLOCK_MAP_REVOKES)
		return true;
	while (generation < map->generation) {
		generation++;
		if (intersects(&map->revoked[generation % BLOCK_MAP_REVOKES], offset, length))
			return true;
	}
	return false;
}
