// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/slat.c tests/unit/slat_test.c */
/*
 * Second-level tables in the format of either vendor: every operation at every level,
 * what is refused, no memory at each allocation.  When a test ends no table may be left.
 */
#include "slat_test.h"

#define PHYS		0x0008123400000000ull	/* needs most of the 52 bits */

/* The entry that a CPU finds for @gpa, by its own walk; its level in @level. */
static u64 cpu_walk(u64 gpa, unsigned int *level)
{
	u64 *table = slat.root, entry;
	unsigned int l;

	for (l = 3;; l--) {
		entry = table[gpa >> (12 + 9 * l) & 511];
		*level = l;
		if (!(entry & slat.format->present) || !l || entry & BIT_ULL(7))
			return entry;
		ck_assert_uint_eq(entry & 0xfff0000000000fffull, slat.format->table);
		table = slat_table(entry & 0x000ffffffffff000ull);
	}
}

static u64 leaf_bits(const struct rs_slat_format *format, unsigned int level, unsigned int access)
{
	u64 bits = format == formats[SLAT_NPT] ? 0x65 : 0x71;

	if (level)
		bits |= 0x80;
	if (access & RS_SLAT_WRITE)
		bits |= 2;
	if (format == formats[SLAT_NPT])
		return bits | (access & RS_SLAT_EXECUTE ? 0 : 1ull << 63);
	return bits | (access & RS_SLAT_EXECUTE ? 4 : 0);
}

/* What the leaf at @gpa is, as CPU and functions see it, all over what it maps. */
static void expect_part(u64 gpa, u64 phys, unsigned int level, unsigned int origin,
			unsigned int access)
{
	const u64 offsets[] = { 0, 1, 4095, SIZE(level) / 2, SIZE(level) - 1 };
	struct rs_slat_leaf leaf;
	unsigned int l;

	ck_assert_uint_eq(cpu_walk(gpa, &l), phys | leaf_bits(slat.format, level, access) |
					     (u64)origin << 52);
	ck_assert_uint_eq(l, level);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		memset(&leaf, 0x5a, sizeof(leaf));
		ck_assert(rs_slat_lookup(&slat, gpa + offsets[i], &leaf));
		ck_assert_uint_eq(leaf.gpa, gpa);
		ck_assert_uint_eq(leaf.phys, phys);
		ck_assert_uint_eq(leaf.level, level);
		ck_assert_uint_eq(leaf.origin, origin);
		ck_assert_uint_eq(leaf.access, access);
	}
}

static void expect_leaf(u64 gpa, u64 phys, unsigned int level, unsigned int access)
{
	expect_part(gpa, phys, level, level, access);
}

static void expect_none(u64 gpa)
{
	struct rs_slat_leaf leaf;
	unsigned int level;

	ck_assert(!rs_slat_lookup(&slat, gpa, &leaf));
	ck_assert_uint_eq(cpu_walk(gpa, &level) & slat.format->present, 0);
}

static void map(u64 gpa, u64 phys, unsigned int level, unsigned int access)
{
	ck_assert_int_eq(rs_slat_map(&slat, gpa, phys, level, access), 0);
}

START_TEST(empty)
{
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
		struct rs_slat_leaf leaf;

		start(formats[f]);
		expect_none(0);
		expect_none(RS_SLAT_LIMIT - 1);
		ck_assert(!rs_slat_next(&slat, 0, ~0ull, &leaf));
		ck_assert(!rs_slat_unmap(&slat, BASE, &leaf));
		ck_assert(!rs_slat_protect(&slat, BASE, 0));
		ck_assert_int_eq(rs_slat_split(&slat, BASE), -ENOENT);
		ck_assert_uint_eq(tables, 1);
		end();
	}
}
END_TEST

START_TEST(leaf_of_each_kind)
{
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		for (unsigned int level = 0; level <= 2; level++)
			for (unsigned int access = 0; access <= RWX; access++) {
				struct rs_slat_leaf leaf;

				start(formats[f]);
				map(BASE, PHYS, level, access);
				ck_assert_uint_eq(tables, 4 - level);
				expect_leaf(BASE, PHYS, level, access);
				expect_none(BASE - 1);
				expect_none(BASE + SIZE(level));
				ck_assert(rs_slat_unmap(&slat, BASE + SIZE(level) - 1, &leaf));
				ck_assert_uint_eq(leaf.gpa, BASE);
				ck_assert_uint_eq(leaf.phys, PHYS);
				ck_assert_uint_eq(leaf.level, level);
				ck_assert_uint_eq(leaf.access, access);
				expect_none(BASE);
				ck_assert(!rs_slat_unmap(&slat, BASE, &leaf));
				end();
			}
}
END_TEST

START_TEST(neighbours_share_tables)
{
	start(formats[SLAT_NPT]);
	map(BASE, PHYS, 0, RWX);
	map(BASE + SIZE(0), PHYS, 0, 0);
	map(BASE + SIZE(1) - SIZE(0), PHYS + SIZE(0), 0, RS_SLAT_WRITE);
	ck_assert_uint_eq(tables, 4);
	map(BASE + SIZE(1), PHYS, 1, RWX);
	map(BASE + SIZE(2), PHYS, 2, RWX);
	ck_assert_uint_eq(tables, 4);
	map(512 * SIZE(2), PHYS, 2, RWX);
	ck_assert_uint_eq(tables, 5);
	expect_leaf(BASE + SIZE(0), PHYS, 0, 0);
	expect_leaf(BASE + SIZE(1) - SIZE(0), PHYS + SIZE(0), 0, RS_SLAT_WRITE);
	expect_leaf(BASE + SIZE(1), PHYS, 1, RWX);
	expect_leaf(BASE + SIZE(2), PHYS, 2, RWX);
	expect_leaf(512 * SIZE(2), PHYS, 2, RWX);
	end();
}
END_TEST

START_TEST(ends_of_the_address_space)
{
	for (unsigned int level = 0; level <= 2; level++) {
		struct rs_slat_leaf leaf;

		start(formats[SLAT_EPT]);
		map(0, 0, level, RWX);
		map(RS_SLAT_LIMIT - SIZE(level), PHYS, level, RWX);
		expect_leaf(0, 0, level, RWX);
		expect_leaf(RS_SLAT_LIMIT - SIZE(level), PHYS, level, RWX);
		/* what lies beyond does not wrap around */
		ck_assert(!rs_slat_lookup(&slat, RS_SLAT_LIMIT, &leaf));
		ck_assert(!rs_slat_lookup(&slat, ~0ull, &leaf));
		ck_assert(!rs_slat_unmap(&slat, RS_SLAT_LIMIT, &leaf));
		ck_assert(!rs_slat_next(&slat, RS_SLAT_LIMIT, ~0ull, &leaf));
		ck_assert(rs_slat_next(&slat, SIZE(level), ~0ull, &leaf));
		ck_assert_uint_eq(leaf.gpa, RS_SLAT_LIMIT - SIZE(level));
		end();
	}
}
END_TEST

START_TEST(occupied)
{
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		for (unsigned int there = 0; there <= 2; there++)
			for (unsigned int level = 0; level <= 2; level++) {
				struct rs_slat_leaf leaf;
				unsigned int before;

				start(formats[f]);
				map(BASE, PHYS, there, RS_SLAT_WRITE);
				before = tables;
				ck_assert_int_eq(rs_slat_map(&slat, BASE, 0, level, RWX), -EEXIST);
				expect_leaf(BASE, PHYS, there, RS_SLAT_WRITE);
				ck_assert_uint_eq(tables, before);
				/* tables stay, so that only as small a leaf fits again */
				ck_assert(rs_slat_unmap(&slat, BASE, &leaf));
				ck_assert_int_eq(rs_slat_map(&slat, BASE, 0, level, RWX),
						 level > there ? -EEXIST : 0);
				end();
			}
}
END_TEST

START_TEST(rights_change)
{
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		for (unsigned int level = 0; level <= 2; level++) {
			start(formats[f]);
			map(BASE, PHYS, level, RWX);
			for (unsigned int access = 0; access <= RWX; access++) {
				ck_assert(rs_slat_protect(&slat, BASE + SIZE(level) - 1, access));
				expect_leaf(BASE, PHYS, level, access);
			}
			end();
		}
}
END_TEST

START_TEST(split_to_the_bottom)
{
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		for (unsigned int access = 0; access <= RWX; access++) {
			const u64 at = BASE + 5 * SIZE(1) + 7 * SIZE(0) + 123;

			start(formats[f]);
			map(BASE, PHYS, 2, access);
			ck_assert_int_eq(rs_slat_split(&slat, at), 0);
			for (u64 i = 0; i < 512; i++)
				expect_part(BASE + i * SIZE(1), PHYS + i * SIZE(1), 1, 2, access);
			ck_assert_int_eq(rs_slat_split(&slat, at), 0);
			for (u64 i = 0; i < 512; i++)
				expect_part(BASE + 5 * SIZE(1) + i * SIZE(0),
					    PHYS + 5 * SIZE(1) + i * SIZE(0), 0, 2, access);
			expect_part(BASE + 4 * SIZE(1), PHYS + 4 * SIZE(1), 1, 2, access);
			expect_part(BASE + 6 * SIZE(1), PHYS + 6 * SIZE(1), 1, 2, access);
			ck_assert_uint_eq(tables, 4);
			ck_assert_int_eq(rs_slat_split(&slat, at), 0);
			ck_assert_uint_eq(tables, 4);
			end();
		}
}
END_TEST

/* The walk begins within a leaf, before one, in an empty table, where there is no table. */
/* The last of the parts of a leaf has no sibling, whichever goes last; nor have strangers. */
START_TEST(siblings)
{
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		for (u64 last = 0; last < 512; last += 511) {
			struct rs_slat_leaf leaf;

			start(formats[f]);
			map(BASE, PHYS, 1, RWX);
			map(BASE + SIZE(1), PHYS, 1, RWX);
			ck_assert_int_eq(rs_slat_split(&slat, BASE), 0);
			for (u64 i = 0; i < 512; i++) {
				u64 at = BASE + (i + 1 + last) % 512 * SIZE(0);

				ck_assert(rs_slat_unmap(&slat, at, &leaf));
				ck_assert_int_eq(rs_slat_has_sibling(&slat, &leaf), i < 511);
				map(at, PHYS, 0, RWX);
			}
			ck_assert(rs_slat_unmap(&slat, BASE + SIZE(1), &leaf));
			ck_assert(!rs_slat_has_sibling(&slat, &leaf));
			end();
		}
}
END_TEST

START_TEST(next_leaf)
{
	const u64 far = RS_SLAT_LIMIT - SIZE(0);
	struct rs_slat_leaf leaf;

	start(formats[SLAT_NPT]);
	map(BASE + SIZE(0), PHYS, 0, RWX);
	map(BASE + SIZE(1), PHYS, 1, RWX);
	map(BASE + 4 * SIZE(2), PHYS, 2, RWX);
	map(far, PHYS, 0, RWX);
	const struct {
		u64 from, to, found;
	} cases[] = {
		{ 0, ~0ull, BASE + SIZE(0) },
		{ 0, BASE + SIZE(0), 0 },
		{ 0, BASE + SIZE(0) + 1, BASE + SIZE(0) },
		{ BASE + SIZE(0), BASE + SIZE(0), 0 },
		{ BASE + SIZE(0) + 77, BASE + SIZE(0) + 78, BASE + SIZE(0) },
		{ BASE + 2 * SIZE(0), ~0ull, BASE + SIZE(1) },
		{ BASE + 2 * SIZE(0), BASE + SIZE(1), 0 },
		{ BASE + 2 * SIZE(1) - 1, ~0ull, BASE + SIZE(1) },
		{ BASE + 2 * SIZE(1), ~0ull, BASE + 4 * SIZE(2) },
		{ BASE + 5 * SIZE(2) - 1, ~0ull, BASE + 4 * SIZE(2) },
		{ BASE + 5 * SIZE(2), ~0ull, far },
		{ BASE + 5 * SIZE(2), far, 0 },
		{ far, ~0ull, far },
		{ 5, 4, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool found = rs_slat_next(&slat, cases[i].from, cases[i].to, &leaf);

		ck_assert_int_eq(found, cases[i].found != 0);
		if (found)
			ck_assert_uint_eq(leaf.gpa, cases[i].found);
	}
	ck_assert(rs_slat_unmap(&slat, BASE + SIZE(0), &leaf));
	ck_assert(rs_slat_next(&slat, 0, ~0ull, &leaf));
	ck_assert_uint_eq(leaf.gpa, BASE + SIZE(1));
	end();
}
END_TEST

/* Each allocation fails once; then all goes well, and nothing was lost or doubled. */
START_TEST(no_memory)
{
	struct rs_slat_leaf leaf;

	fail_at = 1;
	ck_assert_int_eq(rs_slat_init(&slat, formats[SLAT_NPT], &slat_ops), -ENOMEM);
	ck_assert_uint_eq(tables, 0);
	rs_slat_destroy(&slat);
	fail_at = 0;
	for (unsigned int level = 0; level <= 2; level++)
		for (unsigned int fail = 2; fail <= 4 - level; fail++) {
			start(formats[SLAT_NPT]);
			fail_at = fail;
			ck_assert_int_eq(rs_slat_map(&slat, BASE, PHYS, level, RWX), -ENOMEM);
			expect_none(BASE);
			ck_assert(!rs_slat_next(&slat, 0, ~0ull, &leaf));
			map(BASE, PHYS, level, RWX);
			expect_leaf(BASE, PHYS, level, RWX);
			ck_assert_uint_eq(tables, 4 - level);
			fail_at = 0;
			end();
		}
	for (unsigned int level = 1; level <= 2; level++) {
		start(formats[SLAT_EPT]);
		map(BASE, PHYS, level, RS_SLAT_WRITE);
		fail_at = allocations + 1;
		ck_assert_int_eq(rs_slat_split(&slat, BASE), -ENOMEM);
		expect_leaf(BASE, PHYS, level, RS_SLAT_WRITE);
		ck_assert_int_eq(rs_slat_split(&slat, BASE), 0);
		expect_part(BASE, PHYS, level - 1, level, RS_SLAT_WRITE);
		fail_at = 0;
		end();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		empty, leaf_of_each_kind, neighbours_share_tables, ends_of_the_address_space,
		occupied, rights_change, split_to_the_bottom, siblings, next_leaf, no_memory,
	};

	return run_suite("slat", tests, ARRAY_SIZE(tests), setup);
}
