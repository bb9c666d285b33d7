// SPDX-License-Identifier: GPL-2.0-or-later
/* A block map beside a flat array: see map_model.h. */
#include "map_model.h"

#include <stdlib.h>

#define RUNS_MAX	64u

unsigned int map_model_leaves;
unsigned int map_model_memory = ~0u;

static void *take(size_t size)
{
	return calloc(1, size);
}

static u64 *take_leaf(void)
{
	if (map_model_leaves >= map_model_memory)
		return NULL;
	map_model_leaves++;
	/* Not zeroed: it is filled in. */
	return malloc(BLOCK_MAP_LEAF * sizeof(u64));
}

static void give_leaf(u64 *leaf)
{
	map_model_leaves--;
	free(leaf);
}

const struct block_map_ops map_model_ops = {
	.alloc = take, .free = free, .alloc_leaf = take_leaf, .free_leaf = give_leaf,
};

void map_model_init(struct map_model *model, u32 files, u32 leaves_max)
{
	memset(model, 0, sizeof(*model));
	map_model_leaves = 0;
	map_model_memory = ~0u;
	if (block_map_init(&model->map, &map_model_ops, MODEL_SIZE, MODEL_SHIFT, files,
			   leaves_max))
		abort();
	model->forgetful = leaves_max < MODEL_UNITS / BLOCK_MAP_LEAF + 1;
}

int map_model_set(struct map_model *model, u64 first, u32 count, const u64 *entries)
{
	int result = block_map_set(&model->map, first, count, entries);

	for (u32 i = 0; !result && i < count; i++)
		model->entries[first + i] = entries[i];
	return result;
}

static u64 nth(u64 entry, u64 count)
{
	if ((entry & STORVSP_MAP_KIND) == STORVSP_MAP_DATA)
		entry += count << MODEL_SHIFT;
	return entry;
}

int map_model_linear(struct map_model *model, u64 first, u64 count, u64 entry)
{
	int result = block_map_set_linear(&model->map, first, count, entry);

	for (u64 i = 0; !result && i < count; i++)
		model->entries[first + i] = nth(entry, i);
	return result;
}

void map_model_revoke(struct map_model *model, u64 offset, u64 length)
{
	u32 epoch;

	if (block_map_revoke(&model->map, offset, length, &epoch))
		return;
	for (u64 i = offset >> MODEL_SHIFT; length && i <= (offset + length - 1) >> MODEL_SHIFT;
	     i++)
		model->entries[i] = STORVSP_MAP_ASK;
}

/* Whether @run, from @offset on, says what is known of the unit there. */
static bool agrees(const struct map_model *model, const struct block_map_run *run, u64 offset,
		   u64 inside, bool write)
{
	u64 entry = model->entries[offset >> MODEL_SHIFT];
	u32 kind = entry & STORVSP_MAP_KIND;

	if (write && !(entry & STORVSP_MAP_WRITABLE))
		kind = STORVSP_MAP_ASK;
	if (run->kind == STORVSP_MAP_ASK && model->forgetful)
		return true;
	if (run->kind != kind)
		return false;
	if (kind != STORVSP_MAP_DATA)
		return true;
	return run->file == (entry & STORVSP_MAP_FILE) >> STORVSP_MAP_FILE_SHIFT &&
	       run->offset + inside == (entry & STORVSP_MAP_OFFSET) +
				       offset % (1ull << MODEL_SHIFT);
}

const char *map_model_runs(struct map_model *model, u64 offset, u64 length, bool write, u32 max)
{
	struct block_map_run runs[RUNS_MAX];
	u32 count = block_map_runs(&model->map, offset, length, write, runs,
				   max < RUNS_MAX ? max : RUNS_MAX);
	u64 end = offset < MODEL_SIZE ? offset + min_t(u64, length, MODEL_SIZE - offset) : offset;

	if (model->map.leaves != map_model_leaves || model->map.leaves > model->map.leaves_max)
		return "leaves are lost, or too many";
	if (count > max)
		return "more runs than there is room for";
	for (u32 i = 0; i < count; i++) {
		u64 inside = 0, step;

		if (!runs[i].length || runs[i].length > end - offset)
			return "a run is empty, or too long";
		for (; inside < runs[i].length; inside += step) {
			if (!agrees(model, &runs[i], offset + inside, inside, write))
				return "a run says what is not so";
			step = (1ull << MODEL_SHIFT) - (offset + inside) % (1ull << MODEL_SHIFT);
		}
		offset += runs[i].length;
	}
	return offset == end || count == max || count == RUNS_MAX ? NULL : "a part was left out";
}
