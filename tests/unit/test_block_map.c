// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/map.c tests/unit/map_model.c */
/* The table of where a disk's units are, against a flat array. */
#include "map_model.h"

#include "run_tests.h"

#include <stdlib.h>

#define UNIT		(1ull << MODEL_SHIFT)
#define WRITABLE	(STORVSP_MAP_DATA | STORVSP_MAP_WRITABLE)

static struct map_model model;

static u64 data(u64 offset, u32 file)
{
	return STORVSP_MAP_DATA | (u64)file << STORVSP_MAP_FILE_SHIFT | offset;
}

static void setup(void)
{
	map_model_init(&model, 3, 64);
}

static void teardown(void)
{
	block_map_fini(&model.map);
	ck_assert_uint_eq(map_model_leaves, 0);
}

static void expect(u64 offset, u64 length, bool write, u32 max)
{
	const char *wrong = map_model_runs(&model, offset, length, write, max);

	ck_assert_msg(!wrong, "%llu bytes at %llu: %s", (unsigned long long)length,
		      (unsigned long long)offset, wrong);
}

static void expect_all(void)
{
	for (u64 at = 0; at < MODEL_SIZE; at += 61 * UNIT / 2) {
		expect(at, 40 * UNIT, false, 64);
		expect(at, 40 * UNIT, true, 64);
	}
}

START_TEST(everything_is_asked_for)
{
	struct block_map_run run;

	ck_assert_uint_eq(block_map_runs(&model.map, 0, ~0ull, false, &run, 1), 1);
	ck_assert_uint_eq(run.kind, STORVSP_MAP_ASK);
	ck_assert_uint_eq(run.length, MODEL_SIZE);
	ck_assert_uint_eq(block_map_runs(&model.map, MODEL_SIZE, 512, false, &run, 1), 0);
	ck_assert_uint_eq(block_map_runs(&model.map, ~0ull - 511, 512, false, &run, 1), 0);
}
END_TEST

START_TEST(what_init_refuses)
{
	struct block_map map;

	ck_assert_int_eq(block_map_init(&map, &map_model_ops, 0, 20, 1, 1), -EINVAL);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, 1ull << 63, 32, 1, 1), -EINVAL);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, UNIT, 15, 1, 1), -EINVAL);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, UNIT, 33, 1, 1), -EINVAL);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, UNIT, 20, 65, 1), -EINVAL);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, UNIT, 20, 1, 0), -EINVAL);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, (1ull << 46) + 1, 20, 1, 1), -E2BIG);
	ck_assert_int_eq(block_map_init(&map, &map_model_ops, 1ull << 46, 20, 64, 1), 0);
	ck_assert_uint_eq(map.slots_count, 1u << 17);
	block_map_fini(&map);
}
END_TEST

START_TEST(entries_that_are_none)
{
	static const u64 bad[] = {
		3,				/* no kind */
		STORVSP_MAP_ASK | 512, STORVSP_MAP_ZERO | 512, STORVSP_MAP_ASK | 8,
		STORVSP_MAP_ZERO | STORVSP_MAP_WRITABLE,
		STORVSP_MAP_DATA | 3 << STORVSP_MAP_FILE_SHIFT,	/* there are three files */
		STORVSP_MAP_DATA | 63 << STORVSP_MAP_FILE_SHIFT,
		WRITABLE | 1 << STORVSP_MAP_FILE_SHIFT,	/* a parent is not written */
		STORVSP_MAP_DATA | 1ull << 62, STORVSP_MAP_DATA | STORVSP_MAP_OFFSET,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 entries[2] = { STORVSP_MAP_ZERO, bad[i] };

		ck_assert_int_eq(block_map_set(&model.map, 0, 2, entries), -EINVAL);
		ck_assert_int_eq(block_map_set_linear(&model.map, 0, 2, bad[i]), -EINVAL);
	}
	/* The last one of many has no place any more. */
	ck_assert_int_eq(block_map_set_linear(&model.map, 0, 3, data((1ull << 62) - 2 * UNIT, 0)),
			 -EINVAL);
	ck_assert_int_eq(block_map_set_linear(&model.map, 0, 2, data((1ull << 62) - 2 * UNIT, 0)),
			 0);
	ck_assert_int_eq(block_map_set_linear(&model.map, 0, 2, STORVSP_MAP_ASK), 0);
	expect_all();
}
END_TEST

START_TEST(ranges_that_are_none)
{
	u64 entry = STORVSP_MAP_ZERO;
	u32 epoch;

	ck_assert_int_eq(block_map_set(&model.map, MODEL_UNITS, 1, &entry), -ERANGE);
	ck_assert_int_eq(block_map_set(&model.map, ~0ull, 1, &entry), -ERANGE);
	ck_assert_int_eq(block_map_set_linear(&model.map, 1, MODEL_UNITS, entry), -ERANGE);
	ck_assert_int_eq(block_map_set_linear(&model.map, 1, ~0ull, entry), -ERANGE);
	ck_assert_int_eq(block_map_revoke(&model.map, 1, MODEL_SIZE, &epoch), -ERANGE);
	ck_assert_int_eq(block_map_revoke(&model.map, ~0ull, 2, &epoch), -ERANGE);
	ck_assert_int_eq(block_map_revoke(&model.map, 0, 0, &epoch), 0);
}
END_TEST

START_TEST(a_fixed_disk_needs_no_leaf)
{
	struct block_map_run run;

	ck_assert_int_eq(map_model_linear(&model, 0, MODEL_UNITS, WRITABLE | 4096), 0);
	ck_assert_uint_eq(map_model_leaves, 0);
	ck_assert_uint_eq(block_map_runs(&model.map, 5 * UNIT + 512, 100 * UNIT, true, &run, 1), 1);
	ck_assert_uint_eq(run.kind, STORVSP_MAP_DATA);
	ck_assert_uint_eq(run.offset, 4096 + 5 * UNIT + 512);
	ck_assert_uint_eq(run.length, 100 * UNIT);
	expect_all();
	/* And stays so when it is told what it knows. */
	ck_assert_int_eq(map_model_linear(&model, 7, 1, WRITABLE | (4096 + 7 * UNIT)), 0);
	ck_assert_uint_eq(map_model_leaves, 0);
}
END_TEST

START_TEST(pieces)
{
	static const u64 entries[] = {
		STORVSP_MAP_ZERO, STORVSP_MAP_ZERO, WRITABLE | 8 << 20, WRITABLE | 9 << 20,
		WRITABLE | 4 << 20, STORVSP_MAP_ASK, STORVSP_MAP_DATA | 5 << 20,
		STORVSP_MAP_DATA | 1 << STORVSP_MAP_FILE_SHIFT | 6 << 20,
		STORVSP_MAP_DATA | 2 << STORVSP_MAP_FILE_SHIFT | 7 << 20,
	};
	struct block_map_run runs[8];

	/* Across the border of two leaves. */
	ck_assert_int_eq(map_model_set(&model, BLOCK_MAP_LEAF - 3, ARRAY_SIZE(entries), entries),
			 0);
	ck_assert_uint_eq(map_model_leaves, 2);
	expect_all();
	ck_assert_uint_eq(block_map_runs(&model.map, (BLOCK_MAP_LEAF - 3) * UNIT + UNIT / 2,
					 8 * UNIT, false, runs, 8), 7);
	ck_assert_uint_eq(runs[0].length, 3 * UNIT / 2);
	ck_assert_uint_eq(runs[1].offset, 8 << 20);
	ck_assert_uint_eq(runs[1].length, 2 * UNIT);
	ck_assert_uint_eq(runs[5].file, 1);
	ck_assert_uint_eq(runs[6].length, UNIT / 2);
	/* Of these three may be written. */
	ck_assert_uint_eq(block_map_runs(&model.map, (BLOCK_MAP_LEAF - 3) * UNIT, 9 * UNIT, true,
					 runs, 8), 4);
	ck_assert_uint_eq(runs[0].kind, STORVSP_MAP_ASK);
	ck_assert_uint_eq(runs[3].kind, STORVSP_MAP_ASK);
	ck_assert_uint_eq(runs[3].length, 4 * UNIT);
	for (u32 max = 1; max < 9; max++)
		expect((BLOCK_MAP_LEAF - 4) * UNIT, 20 * UNIT, false, max);
}
END_TEST

START_TEST(leaves_are_given_up)
{
	u32 epoch;

	block_map_fini(&model.map);
	map_model_init(&model, 1, 2);
	for (u64 i = 0; i < 5; i++) {
		ck_assert_int_eq(map_model_linear(&model, i * BLOCK_MAP_LEAF + i, 1,
						  WRITABLE | i << 30), 0);
		expect_all();
	}
	ck_assert_uint_eq(map_model_leaves, 2);
	/* What is used stays: the first unit of the last slot is, again and again. */
	for (u64 i = 0; i < 50; i++) {
		struct block_map_run run;

		ck_assert_uint_eq(block_map_runs(&model.map, (4 * BLOCK_MAP_LEAF + 4) * UNIT, 512,
						 true, &run, 1), 1);
		ck_assert_uint_eq(run.kind, STORVSP_MAP_DATA);
		ck_assert_int_eq(map_model_linear(&model, i % 4 * BLOCK_MAP_LEAF + 9, 1,
						  STORVSP_MAP_ZERO), 0);
	}
	ck_assert_int_eq(block_map_revoke(&model.map, 0, MODEL_SIZE, &epoch), 0);
	ck_assert_uint_eq(map_model_leaves, 0);
}
END_TEST

START_TEST(without_memory_it_asks)
{
	model.forgetful = true;
	ck_assert_int_eq(map_model_linear(&model, 0, MODEL_UNITS, WRITABLE), 0);
	map_model_memory = 0;
	ck_assert_int_eq(map_model_linear(&model, 3, 1, STORVSP_MAP_ZERO), 0);
	expect_all();
	/* The other slots know what they knew. */
	model.forgetful = false;
	expect(BLOCK_MAP_LEAF * UNIT, 100 * UNIT, true, 8);
}
END_TEST

START_TEST(revoked_units_are_asked_for)
{
	ck_assert_int_eq(map_model_linear(&model, 0, MODEL_UNITS, WRITABLE), 0);
	map_model_revoke(&model, 10 * UNIT - 512, 1024);
	ck_assert_uint_eq(model.entries[9] | model.entries[10], STORVSP_MAP_ASK);
	expect_all();
	map_model_revoke(&model, 0, MODEL_SIZE);
	expect_all();
}
END_TEST

START_TEST(a_revoke_waits)
{
	u32 one = block_map_enter(&model.map), two = block_map_enter(&model.map);
	u32 later, epoch, next;

	ck_assert_int_eq(block_map_revoke(&model.map, 0, UNIT, &epoch), 0);
	ck_assert(!block_map_revoked(&model.map, epoch));
	/* What begins now is not waited for, and does not wake. */
	later = block_map_enter(&model.map);
	ck_assert(!block_map_leave(&model.map, later));
	later = block_map_enter(&model.map);
	ck_assert(!block_map_leave(&model.map, one));
	ck_assert_int_eq(block_map_revoke(&model.map, 0, UNIT, &next), -EBUSY);
	ck_assert(block_map_leave(&model.map, two));
	ck_assert(block_map_revoked(&model.map, epoch));
	ck_assert_int_eq(block_map_revoke(&model.map, 0, UNIT, &next), 0);
	ck_assert(!block_map_revoked(&model.map, next));
	ck_assert(block_map_leave(&model.map, later));
	ck_assert(block_map_revoked(&model.map, next));
}
END_TEST

START_TEST(stale_extents)
{
	u64 then = model.map.generation;

	ck_assert(!block_map_stale(&model.map, then, 0, UNIT));
	ck_assert(block_map_stale(&model.map, then + 1, 0, UNIT));
	map_model_revoke(&model, 4 * UNIT, UNIT);
	ck_assert(!block_map_stale(&model.map, then, 0, 4 * UNIT));
	ck_assert(block_map_stale(&model.map, then, 4 * UNIT + 512, 512));
	ck_assert(block_map_stale(&model.map, then, 0, 4 * UNIT + 512));
	ck_assert(!block_map_stale(&model.map, then, 5 * UNIT, UNIT));
	ck_assert(!block_map_stale(&model.map, model.map.generation, 4 * UNIT, UNIT));
	for (unsigned int i = 1; i < BLOCK_MAP_REVOKES; i++)
		map_model_revoke(&model, 9 * UNIT, 512);
	ck_assert(!block_map_stale(&model.map, then, 0, 512));
	ck_assert(block_map_stale(&model.map, then, 4 * UNIT, 512));
	/* One more than is remembered. */
	map_model_revoke(&model, 9 * UNIT, 512);
	ck_assert(block_map_stale(&model.map, then, 0, 512));
}
END_TEST

START_TEST(extents_of_answers)
{
	struct storvsp_map_answer answer = { .entry = data(4096, 1), .length = 1024 };
	struct block_map_run run;

	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, false, &answer, &run), 0);
	ck_assert(run.kind == STORVSP_MAP_DATA && run.file == 1 && run.offset == 4096 &&
		  run.length == 1024);
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, true, &answer, &run), -EIO);
	ck_assert_int_eq(block_map_extent(&model.map, 0, 512, false, &answer, &run), -EIO);
	answer.entry = WRITABLE | 512;
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, true, &answer, &run), 0);
	answer.length = 0;
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, true, &answer, &run), -EIO);
	answer.length = 100;
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, true, &answer, &run), -EIO);
	answer.length = 512;
	answer.entry = STORVSP_MAP_ASK;
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, false, &answer, &run), -EIO);
	answer.entry = data(0, 3);
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, false, &answer, &run), -EIO);
	answer.entry = STORVSP_MAP_ZERO;
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, false, &answer, &run), 0);
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, true, &answer, &run), -EIO);
	map_model_revoke(&model, 0, 512);
	ck_assert_int_eq(block_map_extent(&model.map, 0, 4096, false, &answer, &run), -EAGAIN);
}
END_TEST

/* Whatever is set where, and however little memory there is. */
START_TEST(random_life)
{
	u64 entries[600];

	for (u32 leaves = 1; leaves < 8; leaves++) {
		block_map_fini(&model.map);
		map_model_init(&model, 3, leaves);
		srandom(leaves);
		for (unsigned int i = 0; i < 4000; i++) {
			u64 first = random() % MODEL_UNITS;
			u32 count = (u32)min_t(u64, random() % 600, MODEL_UNITS - first);
			u64 entry = random() % 3 ? data((random() % 4096ull) << 20, random() % 3) :
						   random() % 2;

			for (u32 k = 0; k < count; k++)
				entries[k] = random() % 8 ? data((first + k) << 20, 1) : entry;
			if (!(entry & STORVSP_MAP_FILE) && entry > STORVSP_MAP_ZERO)
				entry |= STORVSP_MAP_WRITABLE;
			if (random() % 3)
				map_model_linear(&model, first, random() % 4 ? 1 : count, entry);
			else if (random() % 4)
				map_model_set(&model, first, count, entries);
			else
				map_model_revoke(&model, first << 20, 1 + random() % (3 << 20));
			expect((random() % MODEL_UNITS) << 20, random() % (60 << 20) + 1,
			       random() % 2, 1 + random() % 64);
		}
		expect_all();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		everything_is_asked_for, what_init_refuses, entries_that_are_none,
		ranges_that_are_none, a_fixed_disk_needs_no_leaf, pieces, leaves_are_given_up,
		without_memory_it_asks, revoked_units_are_asked_for, a_revoke_waits, stale_extents,
		extents_of_answers, random_life,
	};

	return run_tests("block_map", tests, ARRAY_SIZE(tests), setup, teardown);
}
