// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vmbus/ranges.c */
/*
 * Lists of ranges: what is a range, what is not (rule 5), and that none goes beyond its list.
 */
#include "ranges.h"
#include "run_tests.h"

#define WORD(offset, bytes)	((u64)(offset) << 32 | (bytes))

static struct vmbus_range ranges[4];

static int parse(const u64 *words, u32 count, u32 range_count)
{
	return vmbus_ranges_parse(words, count, range_count, ranges, ARRAY_SIZE(ranges));
}

START_TEST(test_one)
{
	const u64 words[] = { WORD(4095, 2), 7, 9 };

	ck_assert_int_eq(parse(words, 3, 1), 1);
	ck_assert_uint_eq(ranges[0].bytes, 2);
	ck_assert_uint_eq(ranges[0].offset, 4095);
	ck_assert_uint_eq(ranges[0].pages, 2);
	ck_assert_ptr_eq(ranges[0].pfns, &words[1]);
}
END_TEST

START_TEST(test_several)
{
	/* the last word is padding */
	const u64 words[] = { WORD(0, 4096), 1, WORD(0, 4097), 2, 3, WORD(1, 1), 4, 0 };

	ck_assert_int_eq(parse(words, 8, 3), 3);
	ck_assert_uint_eq(ranges[1].pages, 2);
	ck_assert_uint_eq(ranges[1].pfns[1], 3);
	ck_assert_uint_eq(ranges[2].pfns[0], 4);
}
END_TEST

START_TEST(test_none)
{
	const struct {
		u64 words[3];
		u32 count, ranges;
	} bad[] = {
		{ { WORD(0, 0), 1, 1 }, 3, 1 },			/* no bytes */
		{ { WORD(4096, 1), 1, 1 }, 3, 1 },		/* not in its first page */
		{ { WORD(0xffffffff, 0xffffffff), 1, 1 }, 3, 1 },
		{ { WORD(0, 0xffffffff), 1, 1 }, 3, 1 },	/* too few pages */
		{ { WORD(0, 8193), 1, 1 }, 3, 1 },
		{ { WORD(1, 8192), 1, 1 }, 3, 1 },
		{ { WORD(0, 8192), 1, 1 }, 2, 1 },
		{ { WORD(0, 1) }, 1, 1 },
		{ { WORD(0, 1), 1ull << 40 }, 2, 1 },		/* no page of any host */
		{ { WORD(0, 1), ~0ull }, 2, 1 },
		{ { WORD(0, 1), 1, WORD(0, 1) }, 3, 2 },	/* the second has no page */
		{ { WORD(0, 1), 1 }, 2, 2 },			/* there is no second */
		{ { 0 }, 0, 1 },
		{ { WORD(0, 1), 1 }, 2, 0xffffffff },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(parse(bad[i].words, bad[i].count, bad[i].ranges) == -EINVAL,
			      "list %u", i);
}
END_TEST

START_TEST(test_too_many)
{
	const u64 words[] = { WORD(0, 1), 1, WORD(0, 1), 1, WORD(0, 1), 1, WORD(0, 1), 1,
			      WORD(0, 1), 1 };

	ck_assert_int_eq(parse(words, 10, 5), -EMSGSIZE);
	ck_assert_int_eq(parse(words, 10, 4), 4);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { test_one, test_several, test_none, test_too_many };

	return run_tests("vmbus_ranges", tests, ARRAY_SIZE(tests), NULL, NULL);
}
