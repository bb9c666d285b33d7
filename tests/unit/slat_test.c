// SPDX-License-Identifier: GPL-2.0-or-later
/* See slat_test.h. */
#include "slat_test.h"

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

const struct rs_slat_format *const formats[SLAT_FORMATS] = {
	[SLAT_NPT] = &npt, [SLAT_EPT] = &ept,
};

struct rs_slat slat;
unsigned int tables;
unsigned int allocations;
unsigned int fail_at;

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

u64 *slat_table(u64 phys)
{
	/* an assertion that holds takes long too, and this is called often */
	if (!phys || phys % 4096)
		ck_abort_msg("no table is at %#llx", (unsigned long long)phys);
	return (u64 *)(uintptr_t)phys;
}

const struct rs_slat_ops slat_ops = { alloc_table, free_table, to_phys, slat_table };

void setup(void)
{
	tables = 0;
	allocations = 0;
	fail_at = 0;
}

void start(const struct rs_slat_format *format)
{
	allocations = 0;
	ck_assert_int_eq(rs_slat_init(&slat, format, &slat_ops), 0);
	ck_assert_uint_eq(tables, 1);
}

void end(void)
{
	rs_slat_destroy(&slat);
	ck_assert_uint_eq(tables, 0);
	ck_assert_ptr_null(slat.root);
	rs_slat_destroy(&slat);			/* a second time is no harm */
}
