// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers that are worth a try. */
#include <string.h>

#include "random.h"
#include "vidfuzz.h"

void random_bytes(struct random *random, void *buffer, size_t size)
{
	uint8_t *bytes = buffer;

	while (size--)
		*bytes++ = random64(random);
}

static const uint64_t edges[] = {
	0, 1, 2, 3, 7, 15, 16, 31, 32, 63, 64, 65, 127, 128, 255, 256, 511, 512, 513,
	0xfff, 0x1000, 0x1001, 0xffff, 0x10000, 0x1fffff, 0x200000, 0x3fffffff, 0x40000000,
	0x7fffffff, 0x80000000, 0xfee00000, 0xfee00fff, 0xfee01000, 0xffffffff, 0x100000000,
	0x7fffffffffff, 0x800000000000, 0xffff800000000000, 0xffffffff80000000,
	0xffffea0000000000, 0xffffc90000000000, 0x7ffffffff000, 0x8000000000000000,
	0x7fffffffffffffff, 0xfffffffffffff000, ~0ull,
	1ull << 39, 1ull << 40, 1ull << 41, 1ull << 48, 1ull << 51, 1ull << 52,
};

uint64_t odd_number(struct random *random)
{
	switch (below(random, 8)) {
	case 0:
		return random64(random);
	case 1:
		return random64(random) >> below(random, 64);
	case 2:
		return 1ull << below(random, 64);
	case 3:
		return (1ull << below(random, 64)) - 1;
	case 4:
		return ARENA + below(random, ARENA_SIZE);
	case 5:
		return below(random, 512);
	case 6:
		return PICK(random, edges) + below(random, 3) - 1;
	default:
		return PICK(random, edges);
	}
}

uint64_t odd_page(struct random *random)
{
	if (one_in(random, 2))
		return below(random, AREA_SIZE / PAGE) * PAGE;
	return odd_number(random) & ~(PAGE - 1);
}
