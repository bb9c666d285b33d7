// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/emulate.c userspace/vmwp/emulate_alu.c */
/* LINK: userspace/vmwp/emulate_memory.c userspace/vmwp/emulate_operand.c */
/* LINK: userspace/vmwp/emulate_string.c userspace/vmwp/emulate_vector.c */
/* LIBS: -lZydis */
/*
 * Any bytes as an instruction, in any mode, with any registers and segments, and
 * translations that fault here and there.  Nothing may be read or written beyond
 * what was asked, work is bounded, and what is not done leaves no trace.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzzer.h"
#include "emulate.h"

#define PAGE	4096u

struct input {
	uint8_t count;			/* of the instruction bytes that follow */
	uint8_t mode;			/* bits: protected, long, faulting pages, no segments */
	uint16_t cs_attributes;
	uint16_t attributes[6];
	uint32_t limits[6];
	uint64_t bases[6];
	uint64_t gpr[16];
	uint64_t rip;
	uint64_t rflags;
	uint8_t bytes[15];
};

struct machine {
	const struct input *input;
	uint8_t page[PAGE];
	unsigned int accesses;
};

static void expect(int truth)
{
	if (!truth)
		abort();
}

static int op_segment(void *ctx, enum hv_register_name name, struct hv_x64_segment_register *seg)
{
	const struct input *input = ((struct machine *)ctx)->input;
	unsigned int n = name - HV_X64_REGISTER_ES;

	expect(n < 6);
	if (input->mode & 8)
		return -1;
	*seg = (struct hv_x64_segment_register){
		input->bases[n], input->limits[n], (uint16_t)n, input->attributes[n],
	};
	return 0;
}

static int op_xmm_read(void *ctx, unsigned int n, uint8_t bytes[16])
{
	expect(n < 16);
	memset(bytes, (int)n, 16);
	return 0;
}

static int op_xmm_write(void *ctx, unsigned int n, const uint8_t bytes[16])
{
	uint8_t copy[16];

	expect(n < 16);
	memcpy(copy, bytes, 16);
	return copy[0] == 0xee;
}

static enum emulate_result op_translate(void *ctx, uint64_t gva, enum hv_intercept_access access,
					uint64_t *gpa, struct emulate_fault *fault)
{
	const struct input *input = ((struct machine *)ctx)->input;

	expect(access == HV_INTERCEPT_ACCESS_READ || access == HV_INTERCEPT_ACCESS_WRITE);
	if ((input->mode & 4) && (gva >> 12) % 3 == 0) {
		*fault = (struct emulate_fault){ .vector = 14, .has_error = true, .cr2 = gva };
		return EMULATE_FAULT;
	}
	*gpa = gva & 0xfffffffffull;
	return EMULATE_OK;
}

static void check_access(struct machine *machine, uint64_t gpa, unsigned int size)
{
	machine->accesses++;
	expect(size >= 1 && size <= 64);
	expect((gpa & (PAGE - 1)) + size <= PAGE);
}

static void op_phys_read(void *ctx, uint64_t gpa, void *bytes, unsigned int size)
{
	struct machine *machine = ctx;

	check_access(machine, gpa, size);
	memcpy(bytes, machine->page + (gpa & (PAGE - 1)), size);
}

static void op_phys_write(void *ctx, uint64_t gpa, const void *bytes, unsigned int size)
{
	struct machine *machine = ctx;

	check_access(machine, gpa, size);
	memcpy(machine->page + (gpa & (PAGE - 1)), bytes, size);
}

static uint32_t op_port_read(void *ctx, uint16_t port, unsigned int size)
{
	((struct machine *)ctx)->accesses++;
	expect(size == 1 || size == 2 || size == 4);
	return 0x12345678;
}

static void op_port_write(void *ctx, uint16_t port, unsigned int size, uint32_t value)
{
	((struct machine *)ctx)->accesses++;
	expect(size == 1 || size == 2 || size == 4);
}

static const struct emulate_ops ops = {
	.segment = op_segment, .xmm_read = op_xmm_read, .xmm_write = op_xmm_write,
	.translate = op_translate, .phys_read = op_phys_read, .phys_write = op_phys_write,
	.port_read = op_port_read, .port_write = op_port_write,
};

static void check_result(enum emulate_result rc, const struct emulate_cpu *before,
			 const struct emulate_cpu *after, unsigned int count)
{
	uint64_t moved = after->rip - before->rip;

	expect(rc >= EMULATE_OK && rc <= EMULATE_RETRY);
	if (rc == EMULATE_UNSUPPORTED || rc == EMULATE_RETRY)
		return;
	if (rc == EMULATE_FAULT) {
		expect(!moved);
		return;
	}
	expect(moved <= count || !(after->rip >> 32));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine = { 0 };
	struct emulate_fault fault = { 0 };
	struct input input = { 0 };
	struct emulate_cpu cpu, before;
	enum emulate_result rc;
	uint8_t *bytes;

	memcpy(&input, data, size < sizeof(input) ? size : sizeof(input));
	memset(machine.page, input.count, sizeof(machine.page));
	machine.input = &input;
	input.count &= 15;
	cpu = (struct emulate_cpu){
		.rip = input.rip, .rflags = input.rflags,
		.cs = { .attributes = input.cs_attributes, .limit = 0xffffffff },
		.protected_mode = input.mode & 1, .long_mode = (input.mode & 3) == 3,
	};
	memcpy(cpu.gpr, input.gpr, sizeof(cpu.gpr));
	before = cpu;
	bytes = malloc(input.count ? input.count : 1);	/* exactly: the sanitizer sees the end */
	if (!bytes)
		return 0;
	memcpy(bytes, input.bytes, input.count);
	rc = emulate_instruction(&cpu, bytes, input.count, &ops, &machine, &fault);
	check_result(rc, &before, &cpu, input.count);
	expect(machine.accesses <= EMULATE_REP_MAX * 4);
	free(bytes);
	return 0;
}
