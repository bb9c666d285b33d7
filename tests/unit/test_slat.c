// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/slat.c */
/*
 * Second-level tables in the format of either vendor: every operation at every level,
 * what is refused, no memory at each allocation, and long random histories against a
 * plain list of leaves.  When a test ends no table may be left.
 */
#include "suite.h"
#include "slat.h"

#define SIZE(level)	RS_SLAT_SIZE(level)
#define BASE		0x7f40000000ull		/* 509 GiB: the next table begins at 512 */
#define PHYS		0x0008123400000000ull	/* needs most of the 52 bits */
#define RWX		(RS_SLAT_WRITE | RS_SLAT_EXECUTE)

/* APM2 §15.25.5: a user page; NX forbids. */
static const struct rs_slat_format npt = {
	.table = 0x27, .leaf = 0x65, .write = BIT_ULL(1), .no_execute = BIT_ULL(63),
	.large = BIT_ULL(7), .present = BIT_ULL(0), .max_level = 2,
};

/* SDM3 §29.3.2: readable, write-back, PAT ignored; X allows. */
static const struct rs_slat_format ept = {
	.table = 0x7, .leaf = 0x71, .write = BIT_ULL(1), .execute = BIT_ULL(2),
	.large = BIT_ULL(7), .present = 0x7, .max_level = 2,
};

static const struct rs_slat_format *const formats[] = { &npt, &ept };

static struct rs_slat slat;
static unsigned int tables;		/* that were not given back */
static unsigned int allocations;	/* since setup or start() */
static unsigned int fail_at;		/* this allocation fails; 0: none */

static u64 *alloc_table(void)
{
	u64 *table;

	if (++allocations == fail_at)
		return NULL;
	table = aligned_alloc(4096, 4096);
	ck_assert_ptr_nonnull(table);
	memset(table, 0, 4096);
	tables++;
	return table;
}

static void free_table(u64 *table)
{
	ck_assert_uint_gt(tables, 0);
	tables--;
	free(table);
}

static u64 to_phys(u64 *table)
{
	return (uintptr_t)table;
}

static u64 *to_table(u64 phys)
{
	/* an assertion that holds takes long too, and this is called often */
	if (!phys || phys % 4096)
		ck_abort_msg("no table is at %#llx", (unsigned long long)phys);
	return (u64 *)(uintptr_t)phys;
}

static const struct rs_slat_ops ops = { alloc_table, free_table, to_phys, to_table };

static void setup(void)
{
	tables = 0;
	allocations = 0;
	fail_at = 0;
}

static void start(const struct rs_slat_format *format)
{
	allocations = 0;
	ck_assert_int_eq(rs_slat_init(&slat, format, &ops), 0);
	ck_assert_uint_eq(tables, 1);
}

static void end(void)
{
	rs_slat_destroy(&slat);
	ck_assert_uint_eq(tables, 0);
	ck_assert_ptr_null(slat.root);
	rs_slat_destroy(&slat);			/* a second time is no harm */
}

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
		table = to_table(entry & 0x000ffffffffff000ull);
	}
}

static u64 leaf_bits(const struct rs_slat_format *format, unsigned int level, unsigned int access)
{
	u64 bits = format == &npt ? 0x65 : 0x71;

	if (level)
		bits |= 0x80;
	if (access & RS_SLAT_WRITE)
		bits |= 2;
	if (format == &npt)
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
	start(&npt);
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

		start(&ept);
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

	start(&npt);
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
	ck_assert_int_eq(rs_slat_init(&slat, &npt, &ops), -ENOMEM);
	ck_assert_uint_eq(tables, 0);
	rs_slat_destroy(&slat);
	fail_at = 0;
	for (unsigned int level = 0; level <= 2; level++)
		for (unsigned int fail = 2; fail <= 4 - level; fail++) {
			start(&npt);
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
		start(&ept);
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

/* ---- random histories */

#define WINDOW_GIB	6u		/* from BASE on: across the end of a table */
#define WINDOW_END	(BASE + WINDOW_GIB * SIZE(2))
#define LEAVES_MAX	3000u

static struct rs_slat_leaf model[LEAVES_MAX];	/* by address */
static size_t leaves;
static bool has_directory[WINDOW_GIB];		/* a table for 2 MiB entries */
static bool has_table[WINDOW_GIB * 512];	/* a table for 4 KiB entries */
static u64 seed;

/* SplitMix64, for the same history everywhere. */
static u64 rnd(u64 below)
{
	u64 x = seed += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % below;
}

static u64 leaf_end(const struct rs_slat_leaf *leaf)
{
	return leaf->gpa + SIZE(leaf->level);
}

/* Index of the first leaf that ends after @gpa. */
static size_t model_search(u64 gpa)
{
	size_t low = 0, high = leaves;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (leaf_end(&model[middle]) > gpa)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The first leaf of the model that overlaps [from, to). */
static struct rs_slat_leaf *model_first(u64 from, u64 to)
{
	size_t i = model_search(from);

	return i < leaves && model[i].gpa < to ? &model[i] : NULL;
}

/* Makes room for @count leaves where one at @gpa belongs. */
static struct rs_slat_leaf *model_insert(u64 gpa, size_t count)
{
	struct rs_slat_leaf *at = &model[model_search(gpa)];

	memmove(at + count, at, (&model[leaves] - at) * sizeof(*at));
	leaves += count;
	return at;
}

static void model_remove(struct rs_slat_leaf *leaf)
{
	leaves--;
	memmove(leaf, leaf + 1, (&model[leaves] - leaf) * sizeof(*leaf));
}

static bool *model_table(u64 gpa, unsigned int level)
{
	u64 offset = gpa - BASE;

	return level == 2 ? &has_directory[offset / SIZE(2)] : &has_table[offset / SIZE(1)];
}

static void model_tables_above(u64 gpa, unsigned int level)
{
	for (unsigned int l = 2; l > level; l--)
		*model_table(gpa, l) = true;
}

static u64 somewhere(void)
{
	/* often near an edge */
	u64 gpa = BASE + rnd(WINDOW_GIB) * SIZE(2) + rnd(3) * SIZE(1) + rnd(4) * SIZE(0);

	if (!rnd(3))
		gpa = BASE + rnd(WINDOW_GIB * SIZE(2));
	return gpa;
}

static void expect_same(const struct rs_slat_leaf *a, const struct rs_slat_leaf *b)
{
	if (a->gpa == b->gpa && a->phys == b->phys && a->level == b->level &&
	    a->origin == b->origin && a->access == b->access)
		return;
	ck_abort_msg("%#llx -> %#llx level %u access %u, not %#llx -> %#llx level %u access %u",
		     (unsigned long long)b->gpa, (unsigned long long)b->phys, b->level, b->access,
		     (unsigned long long)a->gpa, (unsigned long long)a->phys, a->level, a->access);
}

static void random_map(void)
{
	unsigned int level = rnd(3);
	struct rs_slat_leaf leaf = {
		.gpa = somewhere() & ~(SIZE(level) - 1),
		.phys = rnd(1ull << 40) << 12 & ~(SIZE(level) - 1),
		.level = level,
		.origin = level,
		.access = rnd(RWX + 1),
	};
	bool taken = model_first(leaf.gpa, leaf_end(&leaf)) ||
		     (level && *model_table(leaf.gpa, level));
	int err;

	if (leaves == LEAVES_MAX)
		return;
	err = rs_slat_map(&slat, leaf.gpa, leaf.phys, level, leaf.access);
	ck_assert_int_eq(err, taken ? -EEXIST : 0);
	if (err)
		return;
	*model_insert(leaf.gpa, 1) = leaf;
	model_tables_above(leaf.gpa, level);
}

/* Of those mapped together with @gone, which the model has no more. */
static bool model_sibling(const struct rs_slat_leaf *gone)
{
	u64 start = gone->gpa & ~(SIZE(gone->origin) - 1);
	u64 end = start + SIZE(gone->origin);

	for (size_t i = model_search(start); i < leaves && model[i].gpa < end; i++)
		if (model[i].origin == gone->origin)
			return gone->origin != gone->level;
	return false;
}

static void random_unmap(void)
{
	u64 gpa = somewhere();
	struct rs_slat_leaf *want = model_first(gpa, gpa + 1), got;

	ck_assert_int_eq(rs_slat_unmap(&slat, gpa, &got), !!want);
	if (!want)
		return;
	expect_same(want, &got);
	model_remove(want);
	ck_assert_int_eq(rs_slat_has_sibling(&slat, &got), model_sibling(&got));
}

static void random_protect(void)
{
	u64 gpa = somewhere();
	struct rs_slat_leaf *want = model_first(gpa, gpa + 1);
	unsigned int access = rnd(RWX + 1);

	ck_assert_int_eq(rs_slat_protect(&slat, gpa, access), !!want);
	if (want)
		want->access = access;
}

static void random_split(void)
{
	u64 gpa = somewhere();
	struct rs_slat_leaf *want = model_first(gpa, gpa + 1), whole;

	if (leaves + 512 > LEAVES_MAX)
		return;
	ck_assert_int_eq(rs_slat_split(&slat, gpa), want ? 0 : -ENOENT);
	if (!want || !want->level)
		return;
	whole = *want;
	model_remove(want);
	want = model_insert(whole.gpa, 512);
	for (u64 i = 0; i < 512; i++)
		want[i] = (struct rs_slat_leaf){
			.gpa = whole.gpa + i * SIZE(whole.level - 1),
			.phys = whole.phys + i * SIZE(whole.level - 1),
			.level = whole.level - 1,
			.origin = whole.origin,
			.access = whole.access,
		};
	*model_table(whole.gpa, whole.level) = true;
}

static void random_look(void)
{
	u64 from = somewhere(), to = somewhere();
	struct rs_slat_leaf *want = model_first(from, from + 1), got;

	ck_assert_int_eq(rs_slat_lookup(&slat, from, &got), !!want);
	if (want)
		expect_same(want, &got);
	want = from < to ? model_first(from, to) : NULL;
	ck_assert_int_eq(rs_slat_next(&slat, from, to, &got), !!want);
	if (want)
		expect_same(want, &got);
}

/* Empties a range as the owner of pins does, leaf by leaf. */
static void random_clear(void)
{
	u64 from = somewhere(), to = from + rnd(SIZE(2));
	struct rs_slat_leaf *want, got;

	while ((want = model_first(from, to))) {
		ck_assert(rs_slat_next(&slat, from, to, &got));
		expect_same(want, &got);
		ck_assert(rs_slat_unmap(&slat, got.gpa, &got));
		model_remove(want);
		ck_assert_int_eq(rs_slat_has_sibling(&slat, &got), model_sibling(&got));
		from = leaf_end(&got);
	}
	ck_assert(!rs_slat_next(&slat, from, to, &got));
}

static void compare_all(void)
{
	struct rs_slat_leaf got;
	u64 at = 0;
	size_t n = 0;

	for (; rs_slat_next(&slat, at, ~0ull, &got); at = leaf_end(&got), n++) {
		const struct rs_slat_leaf *want = model_first(got.gpa, got.gpa + 1);

		ck_assert_ptr_nonnull(want);
		expect_same(want, &got);
	}
	ck_assert_uint_eq(n, leaves);
}

START_TEST(random_histories)
{
	void (*const steps[])(void) = {
		random_map, random_map, random_map, random_map, random_unmap, random_protect,
		random_split, random_look, random_look,
	};

	for (seed = 1; seed <= 10; seed++) {
		u64 history = seed;

		start(formats[seed % ARRAY_SIZE(formats)]);
		leaves = 0;
		memset(has_directory, 0, sizeof(has_directory));
		memset(has_table, 0, sizeof(has_table));
		for (unsigned int i = 0; i < 4000; i++) {
			if (!rnd(50))
				random_clear();
			steps[rnd(ARRAY_SIZE(steps))]();
		}
		compare_all();
		end();
		seed = history;
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		empty, leaf_of_each_kind, neighbours_share_tables, ends_of_the_address_space,
		occupied, rights_change, split_to_the_bottom, siblings, next_leaf,
		no_memory, random_histories,
	};

	return run_suite("slat", tests, ARRAY_SIZE(tests), setup);
}
