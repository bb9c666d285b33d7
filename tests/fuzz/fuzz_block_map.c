// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/map.c tests/unit/map_model.c */
/*
 * A worker that tells StorVSP anything about a disk's units, and a guest that reads and writes
 * anywhere: the table says what it was told last, or asks, and keeps within its memory.
 */
#include <stdlib.h>

#include "../unit/map_model.h"
#include "fuzzer.h"

static struct map_model model;
static u32 epochs[8], flying;

static void check(const char *wrong)
{
	if (wrong)
		abort();
}

static u64 word(const uint8_t *data)
{
	u64 value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/* Mostly one that is valid. */
static u64 entry_from(const uint8_t *data)
{
	u64 value = word(data);

	if (data[7] & 0x80)
		return value;
	return value & 1 ? value >> 1 & 1 :
			 (value & 0xfffffffffff8) | STORVSP_MAP_DATA |
			 (value & STORVSP_MAP_WRITABLE);
}

static void set_array(u64 first, const uint8_t *data, size_t size)
{
	u64 entries[32];
	u32 count = 0;

	while (count < ARRAY_SIZE(entries) && size >= 8) {
		entries[count++] = entry_from(data);
		data += 8;
		size -= 8;
	}
	map_model_set(&model, first, count, entries);
}

static void io(uint8_t what)
{
	if (what & 1 && flying < ARRAY_SIZE(epochs))
		epochs[flying++] = block_map_enter(&model.map);
	else if (flying)
		block_map_leave(&model.map, epochs[--flying]);
}

static void answer(u64 offset, u64 length, const uint8_t *data)
{
	struct storvsp_map_answer answer = {
		.entry = entry_from(data), .length = (data[8] & 31) * 256,
		.generation = data[0] & 15,
	};
	struct block_map_run run;

	if (block_map_extent(&model.map, offset, length, data[1] & 1, &answer, &run))
		return;
	check(run.length && run.length <= length ? NULL : "length");
	check(run.kind == STORVSP_MAP_DATA || !(data[1] & 1) ? NULL : "kind");
	check(run.file < model.map.files || run.kind != STORVSP_MAP_DATA ? NULL : "file");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	map_model_init(&model, data[0] % 4, 1 + data[1] % 7);
	flying = 0;
	data += 2;
	size -= 2;
	for (; size >= 18; data += 18, size -= 18) {
		u64 first = word(data + 1), offset = first % (MODEL_SIZE + (MODEL_SIZE >> 3));
		u64 length = word(data + 9) >> (data[17] & 63);

		if (data[0] & 0x80)
			first %= MODEL_UNITS;
		if (data[0] & 0x40)
			map_model_memory = map_model_memory ? 0 : ~0u;
		model.forgetful = model.forgetful || !map_model_memory;
		switch (data[0] % 6) {
		case 0:
			set_array(first, data + 18, size - 18);
			break;
		case 1:
			map_model_linear(&model, first, length, entry_from(data + 9));
			break;
		case 2:
			map_model_revoke(&model, offset, length);
			break;
		case 3:
			io(data[1]);
			break;
		case 4:
			answer(offset, length, data + 9);
			break;
		default:
			break;
		}
		check(map_model_runs(&model, offset, length, data[17] & 1, 1 + data[17] % 64));
	}
	check(map_model_runs(&model, 0, MODEL_SIZE, false, 64));
	block_map_fini(&model.map);
	check(map_model_leaves ? "leaves" : NULL);
	return 0;
}
