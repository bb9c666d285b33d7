/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which MiB of a VHDX file are taken. */
#ifndef LIBVHD_SPACE_H
#define LIBVHD_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct vhd_space - a bit for each MiB
 * @bits: set: taken
 * @room: bits there is memory for
 * @end: MiB of the file
 * @hint: no bit below it is clear
 * @freed: ranges that were freed since the last commit, and are not to be used before it
 * @freed_count: how many
 */
struct vhd_space {
	uint8_t *bits;
	uint64_t room;
	uint64_t end;
	uint64_t hint;
	struct vhd_range {
		uint64_t first;
		uint64_t count;
	} *freed;
	uint32_t freed_count;
	uint32_t freed_room;
};

int vhd_space_init(struct vhd_space *space, uint64_t end);
void vhd_space_fini(struct vhd_space *space);
/* Takes a range that is known; -EEXIST when some of it is taken. */
int vhd_space_take(struct vhd_space *space, uint64_t first, uint64_t count);
/* Finds a range; beyond @end if need be, which it then moves. */
int vhd_space_find(struct vhd_space *space, uint64_t count, uint64_t *first);
int vhd_space_free(struct vhd_space *space, uint64_t first, uint64_t count);
/* What was freed may be used again from now on. */
void vhd_space_committed(struct vhd_space *space);
/* The MiB after the last one that is taken. */
uint64_t vhd_space_used_end(const struct vhd_space *space);
uint64_t vhd_space_count_free(const struct vhd_space *space);

#endif
