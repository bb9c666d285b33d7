// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which MiB of a VHDX file are taken: see vhd_space.h.  Pure. */
#include <stdlib.h>

#include "vhd_bytes.h"
#include "vhd_space.h"

static bool taken(const struct vhd_space *space, uint64_t i)
{
	return space->bits[i / 8] >> (i % 8) & 1;
}

static int make_room(struct vhd_space *space, uint64_t count)
{
	uint64_t room = round_up(count + count / 8 + 1024, 8);
	uint8_t *bits;

	if (count <= space->room)
		return 0;
	bits = realloc(space->bits, room / 8);
	if (!bits)
		return -ENOMEM;
	memset(bits + space->room / 8, 0, (room - space->room) / 8);
	space->bits = bits;
	space->room = room;
	return 0;
}

int vhd_space_init(struct vhd_space *space, uint64_t end)
{
	*space = (struct vhd_space){ .end = end };
	return make_room(space, end);
}

void vhd_space_fini(struct vhd_space *space)
{
	free(space->bits);
	free(space->freed);
	*space = (struct vhd_space){ 0 };
}

int vhd_space_take(struct vhd_space *space, uint64_t first, uint64_t count)
{
	if (!within(first, count, space->end))
		return -ERANGE;
	for (uint64_t i = first; i < first + count; i++)
		if (taken(space, i))
			return -EEXIST;
	for (uint64_t i = first; i < first + count; i++)
		space->bits[i / 8] |= (uint8_t)(1 << i % 8);
	return 0;
}

/* The first of @count clear bits in a row, at the latest those that begin at the end. */
static uint64_t find(const struct vhd_space *space, uint64_t count)
{
	uint64_t start = space->hint;

	for (uint64_t i = start; i < space->end; i++) {
		if (taken(space, i))
			start = i + 1;
		else if (i + 1 - start == count)
			return start;
	}
	return space->end;
}

int vhd_space_find(struct vhd_space *space, uint64_t count, uint64_t *first)
{
	int result;

	while (space->hint < space->end && taken(space, space->hint))
		space->hint++;
	*first = find(space, count);
	if (*first == space->end) {
		result = make_room(space, space->end + count);
		if (result)
			return result;
		space->end += count;
	}
	return vhd_space_take(space, *first, count);
}

int vhd_space_free(struct vhd_space *space, uint64_t first, uint64_t count)
{
	if (space->freed_count == space->freed_room) {
		uint32_t room = space->freed_room * 2 + 64;
		struct vhd_range *freed = realloc(space->freed, room * sizeof(*freed));

		if (!freed)
			return -ENOMEM;
		space->freed = freed;
		space->freed_room = room;
	}
	space->freed[space->freed_count++] = (struct vhd_range){ first, count };
	return 0;
}

void vhd_space_committed(struct vhd_space *space)
{
	for (uint32_t f = 0; f < space->freed_count; f++) {
		struct vhd_range *range = &space->freed[f];

		for (uint64_t i = range->first; i < range->first + range->count; i++)
			space->bits[i / 8] &= (uint8_t)~(1 << i % 8);
		space->hint = lesser(space->hint, range->first);
	}
	space->freed_count = 0;
}

uint64_t vhd_space_used_end(const struct vhd_space *space)
{
	uint64_t end = space->end;

	while (end && !taken(space, end - 1))
		end--;
	return end;
}

uint64_t vhd_space_count_free(const struct vhd_space *space)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < space->end; i++)
		count += !taken(space, i);
	return count;
}
