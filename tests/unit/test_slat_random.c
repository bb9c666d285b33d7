// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/slat.c tests/unit/slat_test.c */
/* Second-level tables: long random histories against a plain list of leaves. */
#include "slat_test.h"

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
	const TTest *const tests[] = { random_histories };

	return run_suite("slat_random", tests, ARRAY_SIZE(tests), setup);
}
