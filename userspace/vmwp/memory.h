/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest RAM. */
#ifndef VMWP_MEMORY_H
#define VMWP_MEMORY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/**
 * struct memory - the RAM of a machine; constant once created, but for @hot_end
 * @base:     where guest physical address 0 is mapped; @base + gpa is RAM or a hole
 *            that faults
 * @reserved: what was reserved to get @base: start and size
 * @size:     bytes of RAM
 * @low_end:  RAM is [0, low_end) and
 * @high_end: [4 GiB, high_end); 4 GiB when there is none; and
 * @hot_base: [hot_base, hot_end), what was added to a running guest.  Main thread writes it
 * @hot_end:  @hot_base when there is none
 * @hot_limit: up to which it can grow
 * @hugepage: as given to memory_create()
 */
struct memory {
	uint8_t *base;
	void *reserved;
	size_t reserved_size;
	uint64_t size;
	uint64_t low_end;
	uint64_t high_end;
	uint64_t hot_base;
	_Atomic uint64_t hot_end;
	uint64_t hot_limit;
	uint64_t hugepage;
};

/* Guests add memory in blocks: none has larger ones than this, most have those of 128 MiB. */
#define MEMORY_HOT_ALIGN	(2 * GIB)
#define MEMORY_HOT_UNIT		(128 * MIB)

int memory_create(struct memory *memory, uint64_t size, uint64_t max, uint64_t hugepage);
void memory_destroy(struct memory *memory);
int memory_clear(struct memory *memory);
int memory_add(struct memory *memory, uint64_t gpa, uint64_t size);
int memory_take_away(struct memory *memory, uint64_t gpa);
void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length);

/* The first byte that is neither RAM nor below 4 GiB, on a 1 GiB boundary. */
static inline uint64_t memory_top(const struct memory *memory)
{
	return (memory->hot_limit + GIB - 1) & ~(GIB - 1);
}

#endif
