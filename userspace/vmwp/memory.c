// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest RAM: anonymous memory, placed so that a guest physical address is an offset.
 * Anonymous, as it gets transparent huge pages wherever madvise() may ask for them.
 *
 * The holes (3..4 GiB, and all beyond the RAM) stay reserved without access, so an
 * address that slips through a check faults here and hits nothing of ours.  So is what
 * can be added to a running guest, until it is.  The
 * base lies on a 1 GiB boundary: VID pins the largest pages that both alignments
 * allow.  memory_at() may be called by any thread.
 */
#include "memory.h"

#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

static int hugepage_flags(uint64_t hugepage)
{
	if (!hugepage)
		return MAP_NORESERVE;
	return MAP_HUGETLB | __builtin_ctzll(hugepage) << MAP_HUGE_SHIFT;
}

static int reserve(struct memory *memory)
{
	void *start;

	memory->reserved_size = memory_top(memory) + 2 * GIB;
	start = mmap(NULL, memory->reserved_size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return -errno;
	memory->reserved = start;
	memory->base = (uint8_t *)(((uintptr_t)start + GIB - 1) & ~(uintptr_t)(GIB - 1));
	return 0;
}

static int map_part(struct memory *memory, uint64_t gpa, uint64_t size, uint64_t hugepage)
{
	void *at = memory->base + gpa;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | hugepage_flags(hugepage);

	if (!size)
		return 0;
	if (mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
		return -errno;
	madvise(at, size, MADV_HUGEPAGE);	/* only wishes */
	madvise(at, size, MADV_DONTDUMP);
	return 0;
}

static void lay_out(struct memory *memory, uint64_t size, uint64_t max)
{
	memory->size = size;
	memory->low_end = size < RAM_LOW_LIMIT ? size : RAM_LOW_LIMIT;
	memory->high_end = RAM_HIGH_BASE + (size - memory->low_end);
	memory->hot_base = memory->high_end;
	if (max > size)
		memory->hot_base = (memory->high_end + MEMORY_HOT_ALIGN - 1) &
				   ~(MEMORY_HOT_ALIGN - 1);
	memory->hot_end = memory->hot_base;
	memory->hot_limit = memory->hot_base + (max - size);
}

/**
 * memory_create() - reserve address space and make guest RAM
 * @memory: filled in
 * @size: bytes, a multiple of the page size in use
 * @max: bytes that there may be one day; @size when nothing will be added
 * @hugepage: 0, or the size of the hugetlb pages to take
 *
 * Return: 0, or -ENOMEM, -EINVAL.
 */
int memory_create(struct memory *memory, uint64_t size, uint64_t max, uint64_t hugepage)
{
	int err;

	lay_out(memory, size, max);
	memory->hugepage = hugepage;
	err = reserve(memory);
	if (err)
		return err;
	err = map_part(memory, 0, memory->low_end, hugepage);
	if (!err)
		err = map_part(memory, RAM_HIGH_BASE, memory->high_end - RAM_HIGH_BASE, hugepage);
	if (err)
		memory_destroy(memory);
	return err;
}

/**
 * memory_destroy() - give guest RAM back
 * @memory: from memory_create()
 */
void memory_destroy(struct memory *memory)
{
	munmap(memory->reserved, memory->reserved_size);
}

static int clear_part(struct memory *memory, uint64_t gpa, uint64_t size)
{
	return size && madvise(memory->base + gpa, size, MADV_DONTNEED) ? -errno : 0;
}

/**
 * memory_take_away() - undo memory_add()
 * @memory: from memory_create()
 * @gpa: from where on; no partition has that mapped
 *
 * Context: main thread.
 * Return: 0 or -errno.
 */
int memory_take_away(struct memory *memory, uint64_t gpa)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
	size_t size = memory->hot_end - gpa;

	if (size && mmap(memory->base + gpa, size, PROT_NONE, flags, -1, 0) == MAP_FAILED)
		return -errno;
	atomic_store(&memory->hot_end, gpa);
	return 0;
}

/**
 * memory_clear() - make all of RAM zero, and not there until touched; take away what was added
 * @memory: from memory_create(); no partition has it mapped
 *
 * Return: 0 or -errno.
 */
int memory_clear(struct memory *memory)
{
	int err = clear_part(memory, 0, memory->low_end);

	if (!err)
		err = clear_part(memory, RAM_HIGH_BASE, memory->high_end - RAM_HIGH_BASE);
	return err ? err : memory_take_away(memory, memory->hot_base);
}

/**
 * memory_add() - make more RAM
 * @memory: from memory_create()
 * @gpa: where what was added before ends
 * @size: bytes, a multiple of the page size in use
 *
 * Context: main thread.
 * Return: 0, -ERANGE when there shall not be that much, or -ENOMEM.
 */
int memory_add(struct memory *memory, uint64_t gpa, uint64_t size)
{
	int err;

	if (gpa != memory->hot_end || size > memory->hot_limit - gpa)
		return -ERANGE;
	err = map_part(memory, gpa, size, memory->hugepage);
	if (!err)
		atomic_store(&memory->hot_end, gpa + size);
	return err;
}

static int inside(uint64_t gpa, uint64_t length, uint64_t start, uint64_t end)
{
	uint64_t last;

	return !__builtin_add_overflow(gpa, length, &last) && gpa >= start && last <= end;
}

/**
 * memory_at() - where a range of guest physical memory is
 * @memory: from memory_create()
 * @gpa: first byte
 * @length: bytes
 *
 * The guest may change what is there at any moment: copy, then look.
 *
 * Return: a pointer, or NULL unless the whole range is RAM.
 */
void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length)
{
	if (!inside(gpa, length, 0, memory->low_end) &&
	    !inside(gpa, length, RAM_HIGH_BASE, memory->high_end) &&
	    !inside(gpa, length, memory->hot_base, atomic_load(&memory->hot_end)))
		return NULL;
	return memory->base + gpa;
}
