// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arena: memory of all kinds, some of it mapped to guests, and what a process can do to
 * its memory while a guest uses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vidfuzz.h"

/* An area's own anonymous file; @flags: MFD_*. */
static void map_file(struct worker *worker, void *at, unsigned int flags, int sharing)
{
	int fd = memfd_create("vidfuzz", MFD_CLOEXEC | flags);

	if (fd < 0)
		return;
	if (!ftruncate(fd, AREA_SIZE))
		mmap(at, AREA_SIZE, PROT_READ | PROT_WRITE, sharing | MAP_FIXED, fd, 0);
	if (one_in(&worker->random, 2))
		keep_fd(worker, OTHER, fd);
	else
		close(fd);
}

/* Kinds of memory; guests' RAM is in the first area, which is plain as a rule. */
void new_area(struct worker *worker, unsigned int area)
{
	void *at = (void *)(ARENA + area * AREA_SIZE);
	unsigned int kind = area || one_in(&worker->random, 4) ? below(&worker->random, 10) : 0;
	int protection = PROT_READ | PROT_WRITE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
	int fd;

	switch (kind) {
	case 3:
		map_file(worker, at, 0, MAP_SHARED);
		return;
	case 4:
		map_file(worker, at, 0, MAP_PRIVATE);
		return;
	case 5:
		map_file(worker, at, MFD_HUGETLB, MAP_SHARED);
		return;
	case 6:
		protection = PROT_READ;
		break;
	case 7:
		flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
		break;
	case 8:
		fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		mmap(at, AREA_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
		close(fd);
		return;
	case 9:
		munmap(at, AREA_SIZE);
		return;
	default:
		break;
	}
	mmap(at, AREA_SIZE, protection, flags, -1, 0);
	if (kind == 1)
		madvise(at, AREA_SIZE, MADV_HUGEPAGE);
	if (kind == 2)
		madvise(at, AREA_SIZE, MADV_NOHUGEPAGE);
}

static void advise(struct random *random, void *at, size_t size)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, MADV_COLD, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_WILLNEED,
		MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_POPULATE_WRITE, MADV_POPULATE_READ,
		25 /* MADV_COLLAPSE */, MADV_WIPEONFORK,
	};

	madvise(at, size, PICK(random, advice));
}

static void truncate_file(struct worker *worker)
{
	int fd = any_fd(worker, OTHER);

	if (one_in(&worker->random, 2))
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  below(&worker->random, AREA_SIZE), below(&worker->random, AREA_SIZE));
	else if (ftruncate(fd, below(&worker->random, 2) * AREA_SIZE))
		note(worker, "ftruncate: %d", -errno);
}

static void move(struct random *random, void *at, size_t size)
{
	void *to = (void *)(ARENA + below(random, AREAS) * AREA_SIZE);

	mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED |
	       (one_in(random, 4) ? MREMAP_DONTUNMAP : 0), to);
}

static void write_some(struct worker *worker, uint64_t at)
{
	uint8_t bytes[64];

	random_bytes(&worker->random, bytes, sizeof(bytes));
	spare_code(worker->sequence, bytes, sizeof(bytes));
	poke(worker, at + below(&worker->random, PAGE - sizeof(bytes)), bytes, sizeof(bytes));
}

void disturb_memory(struct worker *worker)
{
	static const int protections[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	struct random *random = &worker->random;
	unsigned int area = one_in(random, 2) ? 0 : below(random, AREAS);
	uint64_t at = ARENA + area * AREA_SIZE;
	size_t size = AREA_SIZE;

	if (one_in(random, 2)) {
		at += below(random, AREA_SIZE / 2 / PAGE) * PAGE;
		size = (1 + below(random, 64)) * PAGE;
	}
	note(worker, "disturb 0x%llx, 0x%zx bytes", (long long)at, size);
	switch (below(random, 10)) {
	case 0:
		munmap((void *)at, size);
		break;
	case 1:
		new_area(worker, area);
		break;
	case 2:
	case 3:
		mprotect((void *)at, size, PICK(random, protections));
		break;
	case 4:
		truncate_file(worker);
		break;
	case 5:
		move(random, (void *)at, size);
		break;
	case 6:
		if (one_in(random, 2))
			mlock((void *)at, size);
		else
			munlock((void *)at, size);
		break;
	case 7:
		write_some(worker, at);
		break;
	default:
		advise(random, (void *)at, size);
	}
}

/* The pages that are shared with the kernel. */
void disturb_vp_page(struct worker *worker)
{
	struct random *random = &worker->random;
	unsigned int slot = below(random, SLOTS);
	void *at = (void *)vp_page(slot);
	int protection = below(random, 8), sharing = one_in(random, 8) ? MAP_PRIVATE : MAP_SHARED;
	int fd = worker->sequence->fds[VP][slot];

	switch (below(random, 8)) {
	case 0:
		munmap(at, PAGE);
		break;
	case 1:
		mprotect(at, PAGE, protection);
		break;
	case 2:
		advise(random, at, PAGE);
		break;
	case 3:
		mremap(at, one_in(random, 2) ? 0 : PAGE, (1 + one_in(random, 4)) * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, (void *)vp_page(below(random, SLOTS)));
		break;
	case 4:
		mmap(at, one_in(random, 8) ? 2 * PAGE : PAGE, protection, sharing | MAP_FIXED,
		     any_fd(worker, VP), one_in(random, 8) ? PAGE : 0);
		break;
	case 5:
		write_some(worker, (uintptr_t)at);
		break;
	case 6:
		mlock(at, PAGE);
		break;
	default:
		mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	}
}
