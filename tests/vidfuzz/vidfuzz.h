/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of vidfuzz share.
 *
 * A sequence runs in a process of its own.  Its threads share struct sequence without a lock:
 * each word is read once, and whatever it says is something to throw at the kernel.
 */
#ifndef TESTS_VIDFUZZ_H
#define TESTS_VIDFUZZ_H

#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <vid.h>

#include "random.h"

#define PAGE		4096ull
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * All memory that is mapped, unmapped and given to guests is here: far from where the kernel
 * puts what nobody gave an address, so that no guest finds our own heap and stacks.
 */
#define ARENA		0x100000000ull
#define AREAS		8u
#define AREA_SIZE	0x800000ull
#define VP_PAGES	(ARENA + AREAS * AREA_SIZE)
/* whole huge pages, as one may lie over the VPs' pages, and cannot be unmapped in part */
#define ARENA_SIZE	(AREAS * AREA_SIZE + 0x200000ull)

/* Descriptors that calls are made at, by kind. */
enum kind { DEVICE, PARTITION, VP, EVENT, PORT, OTHER, KINDS };

#define SLOTS		16u		/* descriptors of a kind */
#define CHILDREN	4u
#define THREADS_MAX	8u

struct sequence {
	uint64_t seed;
	uint64_t number;
	bool verbose;
	bool hardware;
	unsigned int threads;
	unsigned int operations;	/* of each thread */
	_Atomic int fds[KINDS][SLOTS];	/* -1: none */
	_Atomic pid_t children[CHILDREN];
	_Atomic bool over;
	cpu_set_t cpus;			/* that it may use */
};

struct worker {
	struct sequence *sequence;
	unsigned int number;
	struct random random;
	timer_t ticker;			/* interrupts what would take for ever */
	sigjmp_buf escape;		/* from an access to memory that is not there */
};

/* ---- sequence.c */
struct options {
	uint64_t seed;
	uint64_t first;
	unsigned int seconds;
	unsigned int threads;
	unsigned int jobs;
	bool replay;
	bool progress;
	bool verbose;
	bool hardware;
};

/* Runs in a process of its own, which ends with it: 0, or what went wrong. */
int run_sequence(const struct options *options, uint64_t number);
int any_fd(struct worker *worker, enum kind kind);	/* of @kind, as a rule */
int some_slot(struct worker *worker);
/* Puts a new descriptor into a slot, and closes what was there. */
void keep_fd(struct worker *worker, enum kind kind, int fd);
void drop_fd(struct worker *worker, enum kind kind, unsigned int slot);
void note(struct worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Copies to or from memory that may not be there; false when it was not. */
bool poke(struct worker *worker, uint64_t address, const void *buffer, size_t size);
bool peek(struct worker *worker, uint64_t address, void *buffer, size_t size);

/* ---- calls.c, calls_vp.c: the ioctls */
void call_partition(struct worker *worker);
void call_vp(struct worker *worker);
void call_garbage(struct worker *worker);
void run_vp(struct worker *worker);
void create_partition(struct worker *worker);
void create_vp(struct worker *worker);
void map_guest(struct worker *worker);
void set_registers(struct worker *worker);
uint64_t vp_page(unsigned int slot);
/* A partition with VPs, memory, and a guest that could run. */
void set_up(struct worker *worker);
long vid_call(struct worker *worker, int fd, unsigned long command, void *argument, size_t size);

/* ---- memory.c: what may be behind a guest's memory, and what can happen to it */
void new_area(struct worker *worker, unsigned int area);
void disturb_memory(struct worker *worker);
void disturb_vp_page(struct worker *worker);

/* ---- process.c: descriptors and processes */
void disturb_descriptors(struct worker *worker);
void disturb_process(struct worker *worker);
void end_children(struct worker *worker);

/* ---- code.c: what guests run */
enum mode { REAL, PROTECTED, LONG, MODES };
/*
 * What QEMU 7.2 does not survive is left out, unless options say that we are on hardware:
 *
 * - It forgets at VMRUN and #VMEXIT which breakpoints it has set, and crashes later.
 * - It aborts when the task register that a stack is taken from is not present, or busy, which
 *   it is on every CPU.
 * - It restores CR0 at #VMEXIT before CR4, and not at all when the guest has EFER.LME without
 *   CR4.PAE and paging: the root partition's CPU goes on without paging, and is lost.
 */
void spare_code(const struct sequence *sequence, uint8_t *code, size_t size);
void spare_register(const struct sequence *sequence, struct vid_register *reg);
/* The guest's memory: code, tables; at @ram in our own. */
void write_guest(struct worker *worker, uint64_t ram, enum mode mode);
/* Registers to start it with: how many were filled in. */
unsigned int start_registers(struct random *random, enum mode mode,
			     struct vid_register registers[VID_REGISTERS_MAX]);

#endif
