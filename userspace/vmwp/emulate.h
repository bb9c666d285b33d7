/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulation of one guest instruction that touched emulated memory or string ports.
 *
 * Pure: decodes with Zydis, reaches registers, guest memory and devices through
 * struct emulate_ops.
 */
#ifndef VMWP_EMULATE_H
#define VMWP_EMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tlfs.h>

/**
 * struct emulate_cpu - the registers that the common case needs
 * @gpr:    general registers, RAX RCX RDX RBX RSP RBP RSI RDI R8..R15
 * @rip:    of the instruction; past it after success
 * @cs:     code segment (its attributes choose 16, 32 or 64-bit decoding with @long_mode)
 * @cpl:    current privilege level
 * @long_mode: EFER.LMA
 */
struct emulate_cpu {
	uint64_t gpr[16];
	uint64_t rip;
	uint64_t rflags;
	struct hv_x64_segment_register cs;
	uint8_t cpl;
	bool protected_mode;
	bool long_mode;
};

enum emulate_result {
	/* done: gpr, rip, rflags updated; a REP may be partly done, rip kept */
	EMULATE_OK = 0,
	EMULATE_FAULT,		/* an exception must be injected: struct emulate_fault */
	EMULATE_UNSUPPORTED,	/* not an instruction that is used on device memory */
	EMULATE_RETRY,		/* bytes do not access what was reported: run the VP again */
};

struct emulate_fault {
	uint8_t vector;
	bool has_error;
	uint32_t error_code;
	uint64_t cr2;		/* for #PF */
};

/**
 * struct emulate_ops - how the emulator reaches the rest
 * @segment:    a segment register by HV_X64_REGISTER_ES..GS; 0 or -errno
 * @xmm_read:   XMM register @n, 16 bytes
 * @xmm_write:  same
 * @translate:  linear to guest physical address for @access; EMULATE_OK or EMULATE_FAULT
 * @phys_read:  guest physical memory, RAM or device, @size 1..64; never crosses a page
 * @phys_write: same
 * @port_read:  port input, size 1, 2, 4
 * @port_write: port output
 */
struct emulate_ops {
	int (*segment)(void *ctx, enum hv_register_name name, struct hv_x64_segment_register *seg);
	int (*xmm_read)(void *ctx, unsigned int n, uint8_t bytes[16]);
	int (*xmm_write)(void *ctx, unsigned int n, const uint8_t bytes[16]);
	enum emulate_result (*translate)(void *ctx, uint64_t gva, enum hv_intercept_access access,
					 uint64_t *gpa, struct emulate_fault *fault);
	void (*phys_read)(void *ctx, uint64_t gpa, void *bytes, unsigned int size);
	void (*phys_write)(void *ctx, uint64_t gpa, const void *bytes, unsigned int size);
	uint32_t (*port_read)(void *ctx, uint16_t port, unsigned int size);
	void (*port_write)(void *ctx, uint16_t port, unsigned int size, uint32_t value);
};

/**
 * emulate_instruction() - carry out the instruction in @bytes
 * @count: how many bytes were fetched (0..15); fewer than the instruction: UNSUPPORTED
 *
 * REP string instructions do a bounded number of iterations (EMULATE_REP_MAX) a call, then
 * return with the instruction pointer unmoved and the counters updated, so that the VP can
 * take interrupts.
 */
#define EMULATE_REP_MAX 256u
enum emulate_result emulate_instruction(struct emulate_cpu *cpu, const uint8_t *bytes,
					size_t count, const struct emulate_ops *ops, void *ctx,
					struct emulate_fault *fault);

#endif
