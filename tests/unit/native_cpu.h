/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One instruction executed by the processor that runs the test, between code that
 * loads all registers and code that saves them.  x86-64 only.
 */
#ifndef TESTS_NATIVE_CPU_H
#define TESTS_NATIVE_CPU_H

#include <stddef.h>
#include <stdint.h>

#define NATIVE_XMMS	8
#define NATIVE_PAGE	4096ull
#define NATIVE_FLAGS	0xcd5ull	/* CF PF AF ZF SF DF OF */

/* What a test asks of a random state. */
enum {
	NATIVE_RCX_SMALL	= 1 << 0,	/* an index or a count: 0..40 */
	NATIVE_RCX_SIGNED = 1 << 1,	/* a bit offset: -2000..2000 */
	NATIVE_ALIGNED	= 1 << 2,	/* addresses are multiples of 16 */
};

struct native_state {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t host_rsp;
	uint8_t xmm[NATIVE_XMMS][16];
};

/**
 * struct native_cpu - code, the memory it works on, and the registers
 * @code:    a page, below 2 GiB, as is what follows
 * @arena:   memory for the instruction, right behind the code
 * @insn_at: where in the code the instruction lies
 */
struct native_cpu {
	uint8_t *code;
	uint8_t *arena;
	size_t arena_size;
	unsigned int insn_at;
	struct native_state in;
	struct native_state out;
};

int native_cpu_init(struct native_cpu *cpu, size_t arena_size);
void native_cpu_fini(struct native_cpu *cpu);
void native_cpu_put(struct native_cpu *cpu, const uint8_t *insn, unsigned int length);
void native_cpu_run(struct native_cpu *cpu);
uint64_t native_random(void);
void native_cpu_randomize(struct native_cpu *cpu, unsigned int wants);

#endif
