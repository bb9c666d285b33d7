/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block map was told, in a flat array, to compare it with: for a unit test and a fuzzer.
 */
#ifndef TESTS_MAP_MODEL_H
#define TESTS_MAP_MODEL_H

#include "map.h"

#define MODEL_UNITS	(5u * BLOCK_MAP_LEAF + 37)
#define MODEL_SHIFT	20u
#define MODEL_SIZE	(((u64)MODEL_UNITS << MODEL_SHIFT) - 4096)

/**
 * struct map_model - a map, and what it was told
 * @map: the map
 * @entries: of each unit
 * @forgetful: it may ask for what it was told: memory was short
 */
struct map_model {
	struct block_map map;
	u64 entries[MODEL_UNITS];
	bool forgetful;
};

extern const struct block_map_ops map_model_ops;
/* Leaves that were made and not given back; how many more there is memory for. */
extern unsigned int map_model_leaves, map_model_memory;

void map_model_init(struct map_model *model, u32 files, u32 leaves_max);
int map_model_set(struct map_model *model, u64 first, u32 count, const u64 *entries);
int map_model_linear(struct map_model *model, u64 first, u64 count, u64 entry);
void map_model_revoke(struct map_model *model, u64 offset, u64 length);
/* Why the runs of an I/O are wrong; NULL: they are right. */
const char *map_model_runs(struct map_model *model, u64 offset, u64 length, bool write, u32 max);

#endif
