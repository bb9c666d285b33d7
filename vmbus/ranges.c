// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of guest memory, as GPADLs and packets list them: each a word of byte_count |
 * byte_offset << 32, then its page frame numbers.  Pure.
 *
 * What is looked at here is a copy already.
 */
#include "ranges.h"

/* A page number beyond this is no memory on any host. */
#define PFN_LIMIT	(1ull << 40)

/**
 * vmbus_range_words() - check one range
 * @words: its first word, and what follows
 * @left:  words there, at least 1
 *
 * Return: how many of them are the range's; 0: it is none.
 */
u32 vmbus_range_words(const u64 *words, u32 left)
{
	u64 count = (u32)words[0], offset = words[0] >> 32;
	u64 pages = (offset + count + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;
	u64 i;

	if (!count || offset >= HV_PAGE_SIZE || pages > left - 1)
		return 0;
	for (i = 1; i <= pages; i++)
		if (words[i] >= PFN_LIMIT)
			return 0;
	return 1 + pages;
}

/**
 * vmbus_ranges_parse() - take a list of ranges apart
 * @words:       the list
 * @word_count:  what there is of it, padding perhaps
 * @range_count: how many ranges it is to have, not 0
 * @ranges:      filled in; they point into @words
 * @room:        elements of @ranges
 *
 * Return: @range_count; -EINVAL: they are not there, or make no sense; -EMSGSIZE: more than @room.
 */
int vmbus_ranges_parse(const u64 *words, u32 word_count, u32 range_count,
		       struct vmbus_range *ranges, u32 room)
{
	u32 at = 0, i, n;

	if (range_count > word_count)
		return -EINVAL;
	if (range_count > room)
		return -EMSGSIZE;
	for (i = 0; i < range_count; i++) {
		n = at < word_count ? vmbus_range_words(&words[at], word_count - at) : 0;
		if (!n)
			return -EINVAL;
		ranges[i].bytes = (u32)words[at];
		ranges[i].offset = words[at] >> 32;
		ranges[i].pages = n - 1;
		ranges[i].pfns = &words[at + 1];
		at += n;
	}
	return range_count;
}
