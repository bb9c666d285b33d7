// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs one instruction on this processor: the code around it is put together here,
 * byte by byte.
 *
 * Intel SDM volume 2.  RAX is loaded last and saved first, by an absolute address,
 * so that the instruction finds and leaves every register as the test says, the
 * stack pointer too: no signal may arrive meanwhile.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <rs_types.h>

#include "native_cpu.h"

#define CODE_SIZE	4096u

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R12 = 12, R13 };

static unsigned int emit(struct native_cpu *cpu, unsigned int at, const void *bytes,
			 unsigned int count)
{
	memcpy(cpu->code + at, bytes, count);
	return at + count;
}

static uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static unsigned int emit_hex(struct native_cpu *cpu, unsigned int at, const char *hex)
{
	for (; hex[0]; hex += 2) {
		uint8_t byte = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));

		at = emit(cpu, at, &byte, 1);
	}
	return at;
}

static unsigned int emit_pointer(struct native_cpu *cpu, unsigned int at, const char *hex,
				 const void *pointer)
{
	at = emit_hex(cpu, at, hex);
	return emit(cpu, at, &pointer, 8);
}

/* mov between register @n and [rax + @offset]: opcode 8b loads, 89 stores. */
static unsigned int emit_move(struct native_cpu *cpu, unsigned int at, uint8_t opcode,
			      unsigned int n, uint32_t offset)
{
	uint8_t bytes[3] = {
		(uint8_t)(0x48 | (n & 8) >> 1), opcode, (uint8_t)(0x80 | (n & 7) << 3),
	};

	at = emit(cpu, at, bytes, 3);
	return emit(cpu, at, &offset, 4);
}

/* movdqu: opcode 6f loads, 7f stores. */
static unsigned int emit_xmm(struct native_cpu *cpu, unsigned int at, uint8_t opcode,
			     unsigned int n)
{
	uint8_t bytes[4] = { 0xf3, 0x0f, opcode, (uint8_t)(0x80 | n << 3) };
	uint32_t offset = (uint32_t)(offsetof(struct native_state, xmm) + n * 16);

	at = emit(cpu, at, bytes, 4);
	return emit(cpu, at, &offset, 4);
}

static unsigned int build_entry(struct native_cpu *cpu)
{
	static const uint32_t flags = offsetof(struct native_state, rflags);
	unsigned int at = emit_hex(cpu, 0, "53554154415541564157");	/* push rbx rbp r12..r15 */

	at = emit_pointer(cpu, at, "48b8", &cpu->out);		/* mov rax, &out */
	at = emit_move(cpu, at, 0x89, RSP, offsetof(struct native_state, host_rsp));
	at = emit_pointer(cpu, at, "48b8", &cpu->in);
	for (unsigned int i = 0; i < NATIVE_XMMS; i++)
		at = emit_xmm(cpu, at, 0x6f, i);
	at = emit_hex(cpu, at, "ffb0");				/* push [rax + rflags] */
	at = emit(cpu, at, &flags, sizeof(flags));
	at = emit_hex(cpu, at, "9d");				/* popfq */
	for (unsigned int i = 1; i < 16; i++)
		at = emit_move(cpu, at, 0x8b, i, i * 8);
	return emit_move(cpu, at, 0x8b, RAX, 0);
}

static void build_exit(struct native_cpu *cpu, unsigned int at)
{
	static const uint32_t flags = offsetof(struct native_state, rflags);

	at = emit_pointer(cpu, at, "48a3", &cpu->out.gpr[RAX]);	/* mov [out.rax], rax */
	at = emit_pointer(cpu, at, "48b8", &cpu->out);
	for (unsigned int i = 1; i < 16; i++)
		at = emit_move(cpu, at, 0x89, i, i * 8);
	at = emit_move(cpu, at, 0x8b, RSP, offsetof(struct native_state, host_rsp));
	at = emit_hex(cpu, at, "9c8f80");			/* pushfq; pop [rax + rflags] */
	at = emit(cpu, at, &flags, sizeof(flags));
	for (unsigned int i = 0; i < NATIVE_XMMS; i++)
		at = emit_xmm(cpu, at, 0x7f, i);
	emit_hex(cpu, at, "fc415f415e415d415c5d5bc3");		/* cld; pop r15..rbx; ret */
}

/**
 * native_cpu_init() - memory for code and data
 * @cpu:        stays where it is: the code knows its address
 * @arena_size: bytes of memory for the instruction
 *
 * Return: 0, or -1.
 */
int native_cpu_init(struct native_cpu *cpu, size_t arena_size)
{
	uint8_t *map = mmap(NULL, CODE_SIZE + arena_size, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (map == MAP_FAILED)
		return -1;
	cpu->code = map;
	cpu->arena = map + CODE_SIZE;
	cpu->arena_size = arena_size;
	cpu->insn_at = build_entry(cpu);
	return 0;
}

/**
 * native_cpu_fini() - give the memory back
 * @cpu: the processor
 */
void native_cpu_fini(struct native_cpu *cpu)
{
	munmap(cpu->code, CODE_SIZE + cpu->arena_size);
}

/**
 * native_cpu_put() - the instruction to run next
 * @cpu:    the processor
 * @insn:   its bytes
 * @length: how many
 */
void native_cpu_put(struct native_cpu *cpu, const uint8_t *insn, unsigned int length)
{
	build_exit(cpu, emit(cpu, cpu->insn_at, insn, length));
}

/**
 * native_cpu_run() - load in, run the instruction, save to out
 * @cpu: the processor
 */
void native_cpu_run(struct native_cpu *cpu)
{
	void (*entry)(void);

	memcpy(&entry, &cpu->code, sizeof(entry));
	entry();
}

/* ------------------------------------------------------------- random states */

static uint64_t seed = 0x9e3779b97f4a7c15ull;

/**
 * native_random() - a random number, the same ones in every run (xorshift*)
 */
uint64_t native_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dull;
}

static uint64_t interesting(void)
{
	static const uint64_t values[] = {
		0, 1, 2, ~0ull, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
		0x7fffffffffffffffull, 0x8000000000000000ull,
	};

	if (native_random() & 1)
		return native_random();
	return values[native_random() % (ARRAY_SIZE(values))];
}

/* Anywhere in the middle pages, often just below a page's end. */
static uint64_t random_address(const struct native_cpu *cpu, unsigned int wants)
{
	uint64_t offset = NATIVE_PAGE + native_random() % NATIVE_PAGE;

	if (native_random() & 1)
		offset = 2 * NATIVE_PAGE - native_random() % 20;
	if (wants & NATIVE_ALIGNED)
		offset &= ~15ull;
	return (uint64_t)(uintptr_t)cpu->arena + offset;
}

/**
 * native_cpu_randomize() - random registers, flags and memory
 * @cpu:   the processor; its arena has three pages
 * @wants: NATIVE_*
 *
 * RSI RDI RBP RSP R12 R13 are addresses in the arena's middle page.  Half the time
 * memory and the registers that are compared with it are alike.
 */
void native_cpu_randomize(struct native_cpu *cpu, unsigned int wants)
{
	bool alike = native_random() & 1;
	uint8_t byte = (uint8_t)native_random();

	for (unsigned int i = NATIVE_PAGE / 2; i < 5 * NATIVE_PAGE / 2; i += 8) {
		uint64_t value = alike ? byte * 0x0101010101010101ull : interesting();

		memcpy(cpu->arena + i, &value, 8);
	}
	if (alike && (native_random() & 1))
		cpu->arena[2 * NATIVE_PAGE + native_random() % 32] ^= 1;
	for (unsigned int i = 0; i < 16; i++)
		cpu->in.gpr[i] = interesting();
	if (alike && native_random() & 3) {
		cpu->in.gpr[RAX] = byte * 0x0101010101010101ull;
		cpu->in.gpr[RDX] = cpu->in.gpr[RAX];
	}
	cpu->in.gpr[RSI] = random_address(cpu, wants);
	cpu->in.gpr[RDI] = random_address(cpu, wants);
	cpu->in.gpr[RBP] = random_address(cpu, wants);
	cpu->in.gpr[RSP] = random_address(cpu, wants);
	cpu->in.gpr[R12] = random_address(cpu, wants);
	cpu->in.gpr[R13] = random_address(cpu, wants);
	if (wants & NATIVE_RCX_SMALL)
		cpu->in.gpr[RCX] = native_random() % 41;
	if (wants & NATIVE_RCX_SIGNED)
		cpu->in.gpr[RCX] = native_random() % 4001 - 2000;
	cpu->in.rflags = (native_random() & NATIVE_FLAGS) | 0x202;
	for (unsigned int i = 0; i < sizeof(cpu->in.xmm); i++)
		cpu->in.xmm[i / 16][i % 16] = (uint8_t)native_random();
}
