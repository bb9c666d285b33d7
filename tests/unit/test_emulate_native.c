// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/emulate.c userspace/vmwp/emulate_alu.c */
/* LINK: userspace/vmwp/emulate_memory.c userspace/vmwp/emulate_operand.c */
/* LINK: userspace/vmwp/emulate_string.c userspace/vmwp/emulate_vector.c */
/* LINK: tests/unit/native_cpu.c */
/* LIBS: -lZydis */
/*
 * The instruction emulator against the processor that runs this test.
 *
 * Every encoding is put between code that loads and saves all registers, and is
 * executed on random registers and memory; the emulator does the same on a copy.
 * Registers, defined flags, XMM registers and memory must agree.  The opcodes come
 * from tables of families, each in several sizes and addressing forms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include <rs_types.h>

#include "emulate.h"
#include "native_cpu.h"
#include "run_tests.h"

#define PAGE		NATIVE_PAGE
#define ARENA_SIZE	(3 * PAGE)
#define ROUNDS		16
#define FLAGS		NATIVE_FLAGS
#define FLAG_OF		0x800ull

enum { RCX = 1 };

/* What a case asks of the random state. */
enum {
	ALIGNED		= NATIVE_ALIGNED,
	RCX_SMALL	= NATIVE_RCX_SMALL,
	RCX_SIGNED	= NATIVE_RCX_SIGNED,
	ONE_BIT		= 0x100,	/* a shift by one defines OF */
};

static struct native_cpu native;
static struct native_state emulated;
static uint8_t shadow[ARENA_SIZE];		/* the emulator's copy of the arena */
static uint8_t insn[15];
static unsigned int insn_length;
static unsigned int encodings;

/* --------------------------------------------------------- the emulated side */

static uint64_t arena_at(uint64_t offset)
{
	return (uint64_t)(uintptr_t)native.arena + offset;
}

static uint64_t insn_address(void)
{
	return (uint64_t)(uintptr_t)native.code + native.insn_at;
}

static bool in_arena(uint64_t address, unsigned int size)
{
	uint64_t offset = address - arena_at(0);

	return offset < ARENA_SIZE && ARENA_SIZE - offset >= size;
}

static int op_segment(void *ctx, enum hv_register_name name, struct hv_x64_segment_register *seg)
{
	uint16_t selectors[6];

	__asm__("mov %%es, %0" : "=r"(selectors[0]));
	__asm__("mov %%cs, %0" : "=r"(selectors[1]));
	__asm__("mov %%ss, %0" : "=r"(selectors[2]));
	__asm__("mov %%ds, %0" : "=r"(selectors[3]));
	__asm__("mov %%fs, %0" : "=r"(selectors[4]));
	__asm__("mov %%gs, %0" : "=r"(selectors[5]));
	*seg = (struct hv_x64_segment_register){ .selector = selectors[name - HV_X64_REGISTER_ES] };
	return 0;
}

static int op_xmm_read(void *ctx, unsigned int n, uint8_t bytes[16])
{
	ck_assert_uint_lt(n, NATIVE_XMMS);
	memcpy(bytes, emulated.xmm[n], 16);
	return 0;
}

static int op_xmm_write(void *ctx, unsigned int n, const uint8_t bytes[16])
{
	ck_assert_uint_lt(n, NATIVE_XMMS);
	memcpy(emulated.xmm[n], bytes, 16);
	return 0;
}

static enum emulate_result op_translate(void *ctx, uint64_t gva, enum hv_intercept_access access,
					uint64_t *gpa, struct emulate_fault *fault)
{
	*gpa = gva;
	*fault = (struct emulate_fault){ .vector = 14, .has_error = true, .cr2 = gva };
	return in_arena(gva, 1) ? EMULATE_OK : EMULATE_FAULT;
}

static void op_phys_read(void *ctx, uint64_t gpa, void *bytes, unsigned int size)
{
	ck_assert(in_arena(gpa, size) && (gpa & (PAGE - 1)) + size <= PAGE);
	memcpy(bytes, shadow + (gpa - arena_at(0)), size);
}

static void op_phys_write(void *ctx, uint64_t gpa, const void *bytes, unsigned int size)
{
	ck_assert(in_arena(gpa, size) && (gpa & (PAGE - 1)) + size <= PAGE);
	memcpy(shadow + (gpa - arena_at(0)), bytes, size);
}

static const struct emulate_ops ops = {
	.segment = op_segment,
	.xmm_read = op_xmm_read,
	.xmm_write = op_xmm_write,
	.translate = op_translate,
	.phys_read = op_phys_read,
	.phys_write = op_phys_write,
};

static void run_emulated(void)
{
	struct emulate_cpu cpu = {
		.rip = insn_address(),
		.rflags = native.in.rflags,
		.cs = { .attributes = 0xa0fb },
		.cpl = 3,
		.protected_mode = true,
		.long_mode = true,
	};
	struct emulate_fault fault = { 0 };
	enum emulate_result rc;

	emulated = native.in;
	memcpy(cpu.gpr, native.in.gpr, sizeof(cpu.gpr));
	rc = emulate_instruction(&cpu, insn, insn_length, &ops, NULL, &fault);
	ck_assert_msg(rc == EMULATE_OK, "result %d, vector %u, cr2 %#llx", rc, fault.vector,
		      (unsigned long long)fault.cr2);
	ck_assert_uint_eq(cpu.rip, insn_address() + insn_length);
	memcpy(emulated.gpr, cpu.gpr, sizeof(cpu.gpr));
	emulated.rflags = cpu.rflags;
}

/* ------------------------------------------------------------- one encoding */

static const char *describe(void)
{
	static char text[64];

	for (unsigned int i = 0; i < insn_length; i++)
		snprintf(text + i * 3, 4, "%02x ", insn[i]);
	return text;
}

static uint64_t undefined_flags(void)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction decoded;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ck_assert_msg(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, insn, insn_length, &decoded,
							  operands)), "%s", describe());
	ck_assert_uint_eq(decoded.length, insn_length);
	return decoded.cpu_flags ? decoded.cpu_flags->undefined : 0;
}

/* Registers by their number; 16: the flags. */
static void expect(unsigned long long was, unsigned long long cpu, unsigned long long is,
		   unsigned int what)
{
	ck_assert_msg(cpu == is, "%sregister %u: was %#llx, cpu %#llx, emulated %#llx", describe(),
		      what, was, cpu, is);
}

static void compare(uint64_t flags)
{
	for (unsigned int i = 0; i < 16; i++)
		expect(native.in.gpr[i], native.out.gpr[i], emulated.gpr[i], i);
	expect(native.in.rflags & flags, native.out.rflags & flags, emulated.rflags & flags, 16);
	ck_assert_msg(!memcmp(native.out.xmm, emulated.xmm, sizeof(emulated.xmm)), "%sxmm",
		      describe());
	ck_assert_msg(!memcmp(native.arena, shadow, ARENA_SIZE), "%smemory", describe());
}

/* Runs insn[] on both sides. */
static void check(unsigned int wants)
{
	uint64_t flags = FLAGS & ~undefined_flags();

	if (wants & ONE_BIT)
		flags |= FLAG_OF;
	native_cpu_put(&native, insn, insn_length);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		native_cpu_randomize(&native, wants);
		memcpy(shadow, native.arena, ARENA_SIZE);
		native_cpu_run(&native);
		run_emulated();
		compare(flags);
	}
	encodings++;
}

/* --------------------------------------------------------- making encodings */

enum width { BYTE, WORD, DWORD, QWORD, SIZES };

/* The opcode: up to three bytes, after any mandatory prefix. */
struct opcode {
	uint8_t mandatory;		/* 66, f2, f3; 0: none */
	uint8_t bytes[3];
	uint8_t count;
};

static void put(uint8_t byte)
{
	ck_assert_uint_lt(insn_length, sizeof(insn));
	insn[insn_length++] = byte;
}

static void put_le(uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		put((uint8_t)(value >> (i * 8)));
}

enum form { PLAIN, DISP8, DISP32, INDEXED, BASE_R12, BASE_R13, RIP, ADDRESS32, FORMS };

static const struct {
	uint8_t rex, modrm, sib;	/* modrm's rm and mod; sib if rm is 4 */
	uint8_t disp_size;
	int32_t disp;
} shapes[FORMS] = {
	[PLAIN] = { .modrm = 0x06 },
	[DISP8] = { .modrm = 0x47, .disp_size = 1, .disp = -0x20 },
	[DISP32] = { .modrm = 0x85, .disp_size = 4, .disp = 0x120 },
	[INDEXED] = { .modrm = 0x44, .sib = 0x4e, .disp_size = 1, .disp = 0x10 },
	[BASE_R12] = { .rex = 1, .modrm = 0x44, .sib = 0x24, .disp_size = 1, .disp = 0x30 },
	[BASE_R13] = { .rex = 1, .modrm = 0x44, .sib = 0x8d, .disp_size = 1, .disp = 0x30 },
	[RIP] = { .modrm = 0x05, .disp_size = 4 },
	[ADDRESS32] = { .modrm = 0x06 },
};

static void put_opcode(const struct opcode *op, enum width size, uint8_t rex, uint8_t prefix)
{
	insn_length = 0;
	if (prefix)
		put(prefix);
	if (size == WORD)
		put(0x66);
	if (op->mandatory)
		put(op->mandatory);
	rex |= size == QWORD ? 8 : 0;
	if (rex)
		put(0x40 | rex);
	for (unsigned int i = 0; i < op->count; i++)
		put(op->bytes[i]);
}

/* One encoding with a ModRM byte: @reg 0..15, @immediate bytes at the end. */
static void check_modrm(const struct opcode *op, enum width size, enum form form, unsigned int reg,
			unsigned int immediate, uint8_t lock, unsigned int wants)
{
	int32_t disp = shapes[form].disp;

	put_opcode(op, size, shapes[form].rex | (reg & 8 ? 4 : 0), form == ADDRESS32 ? 0x67 : lock);
	put(shapes[form].modrm | (reg & 7) << 3);
	if (shapes[form].sib)
		put(shapes[form].sib);
	if (form == RIP)
		disp = (int32_t)(arena_at(2 * PAGE - 16) - insn_address() - insn_length - 4 -
				 immediate);
	put_le((uint32_t)disp, shapes[form].disp_size);
	put_le(native_random(), immediate);
	if (form == INDEXED || form == BASE_R13)
		wants |= RCX_SMALL;
	check(wants);
}

static unsigned int immediate_size(enum width size)
{
	return size == BYTE ? 1 : size == WORD ? 2 : 4;
}

/* All forms of addressing, with a register operand that is not always the same. */
static void check_forms(const struct opcode *op, enum width size, unsigned int immediate,
			unsigned int wants)
{
	static const uint8_t regs[] = { 0, 3, 9, 2, 15, 4, 1, 7, 8, 5, 10, 6 };

	for (unsigned int form = 0; form < FORMS; form++)
		for (unsigned int i = 0; i < 3; i++)
			check_modrm(op, size, form, regs[(form * 3 + i) % sizeof(regs)], immediate,
				    0, wants);
}

static void check_digit(const struct opcode *op, enum width size, unsigned int digit,
			unsigned int immediate, unsigned int wants)
{
	for (unsigned int form = 0; form < FORMS; form++)
		check_modrm(op, size, form, digit, immediate, 0, wants);
}

#define OP1(a)		(&(struct opcode){ .bytes = { a }, .count = 1 })
#define OP2(a, b)	(&(struct opcode){ .bytes = { a, b }, .count = 2 })
#define OP3(a, b, c)	(&(struct opcode){ .bytes = { a, b, c }, .count = 3 })
#define OPM(m, a, b)	(&(struct opcode){ .mandatory = m, .bytes = { a, b }, .count = 2 })

/* The opcode for bytes, and the next for words and more. */
static void check_sizes(uint8_t first, uint8_t second, unsigned int wants)
{
	for (unsigned int size = BYTE; size < SIZES; size++) {
		uint8_t wide = size != BYTE;

		if (first == 0x0f)
			check_forms(OP2(0x0f, second + wide), size, 0, wants);
		else
			check_forms(OP1(first + wide), size, 0, wants);
	}
}

START_TEST(arithmetic)
{
	for (unsigned int op = 0; op < 8; op++) {
		check_sizes((uint8_t)(op * 8), 0, 0);
		check_sizes((uint8_t)(op * 8 + 2), 0, 0);
		for (unsigned int size = BYTE; size < SIZES; size++) {
			uint8_t wide = size != BYTE;

			check_digit(OP1(0x80 + wide), size, op, immediate_size(size), 0);
			if (wide)
				check_digit(OP1(0x83), size, op, 1, 0);
			if (op == 7)
				continue;
			check_modrm(OP1(op * 8 + wide), size, DISP8, 3, 0, 0xf0, 0);
			check_modrm(OP1(0x80 + wide), size, DISP8, op, immediate_size(size), 0xf0,
				    0);
		}
	}
}
END_TEST

START_TEST(unary_and_test)
{
	check_sizes(0x84, 0, 0);
	for (unsigned int size = BYTE; size < SIZES; size++) {
		uint8_t wide = size != BYTE;

		check_digit(OP1(0xf6 + wide), size, 0, immediate_size(size), 0);
		check_digit(OP1(0xf6 + wide), size, 2, 0, 0);
		check_digit(OP1(0xf6 + wide), size, 3, 0, 0);
		check_digit(OP1(0xfe + wide), size, 0, 0, 0);
		check_digit(OP1(0xfe + wide), size, 1, 0, 0);
	}
}
END_TEST

START_TEST(moves)
{
	check_sizes(0x88, 0, 0);
	check_sizes(0x8a, 0, 0);
	for (unsigned int size = BYTE; size < SIZES; size++)
		check_digit(OP1(0xc6 + (size != BYTE)), size, 0, immediate_size(size), 0);
	for (unsigned int size = WORD; size < SIZES; size++) {
		for (uint8_t op = 0xb6; op <= 0xb7; op++) {
			check_forms(OP2(0x0f, op), size, 0, 0);
			check_forms(OP2(0x0f, op + 8), size, 0, 0);
		}
		check_forms(OP3(0x0f, 0x38, 0xf0), size, 0, 0);
		check_forms(OP3(0x0f, 0x38, 0xf1), size, 0, 0);
		for (unsigned int seg = 0; seg < 6; seg++)
			check_digit(OP1(0x8c), size, seg, 0, 0);
	}
	check_forms(OP1(0x63), DWORD, 0, 0);
	check_forms(OP1(0x63), QWORD, 0, 0);
	check_forms(OP2(0x0f, 0xc3), DWORD, 0, 0);
	check_forms(OP2(0x0f, 0xc3), QWORD, 0, 0);
}
END_TEST

START_TEST(absolute_moves)
{
	for (unsigned int size = BYTE; size < SIZES; size++) {
		for (uint8_t op = 0xa0; op <= 0xa2; op += 2) {
			put_opcode(OP1(op + (size != BYTE)), size, 0, 0);
			put_le(arena_at(2 * PAGE - 3), 8);
			check(0);
			put_opcode(OP1(op + (size != BYTE)), size, 0, 0x67);
			put_le(arena_at(2 * PAGE - 3), 4);
			check(0);
		}
	}
}
END_TEST

START_TEST(exchanges)
{
	check_sizes(0x86, 0, 0);
	check_sizes(0x0f, 0xc0, 0);
	check_sizes(0x0f, 0xb0, 0);
	for (unsigned int size = WORD; size < SIZES; size++) {
		check_modrm(OP1(0x87), size, DISP8, 3, 0, 0xf0, 0);
		check_modrm(OP2(0x0f, 0xc1), size, DISP8, 3, 0, 0xf0, 0);
		check_modrm(OP2(0x0f, 0xb1), size, DISP8, 3, 0, 0xf0, 0);
	}
	for (unsigned int form = 0; form < FORMS; form++) {
		check_modrm(OP2(0x0f, 0xc7), DWORD, form, 1, 0, 0, 0);
		if (form != INDEXED && form != BASE_R13)
			check_modrm(OP2(0x0f, 0xc7), QWORD, form, 1, 0, 0, ALIGNED);
	}
	check_modrm(OP2(0x0f, 0xc7), DWORD, DISP8, 1, 0, 0xf0, 0);
	check_modrm(OP2(0x0f, 0xc7), QWORD, DISP8, 1, 0, 0xf0, ALIGNED);
}
END_TEST

START_TEST(bits)
{
	static const uint8_t ops_reg[] = { 0xa3, 0xab, 0xb3, 0xbb };

	for (unsigned int size = WORD; size < SIZES; size++) {
		for (unsigned int i = 0; i < 4; i++) {
			check_modrm(OP2(0x0f, ops_reg[i]), size, PLAIN, RCX, 0, 0, RCX_SIGNED);
			check_modrm(OP2(0x0f, ops_reg[i]), size, BASE_R12, RCX, 0, 0, RCX_SIGNED);
			check_digit(OP2(0x0f, 0xba), size, 4 + i, 1, 0);
		}
		check_modrm(OP2(0x0f, 0xab), size, DISP8, RCX, 0, 0xf0, RCX_SIGNED);
	}
}
END_TEST

START_TEST(shifts)
{
	for (unsigned int digit = 0; digit < 8; digit++) {
		if (digit == 6)
			continue;
		for (unsigned int size = BYTE; size < SIZES; size++) {
			uint8_t wide = size != BYTE;

			check_digit(OP1(0xd0 + wide), size, digit, 0, ONE_BIT);
			check_digit(OP1(0xd2 + wide), size, digit, 0, RCX_SMALL);
			for (unsigned int i = 0; i < 6; i++)
				check_modrm(OP1(0xc0 + wide), size, DISP8, digit, 1, 0, 0);
		}
	}
}
END_TEST

START_TEST(conditions)
{
	for (uint8_t code_ = 0; code_ < 16; code_++) {
		check_digit(OP2(0x0f, 0x90 + code_), BYTE, 0, 0, 0);
		for (unsigned int size = WORD; size < SIZES; size++)
			check_forms(OP2(0x0f, 0x40 + code_), size, 0, 0);
	}
}
END_TEST

START_TEST(stack)
{
	static const enum width sizes[] = { WORD, DWORD };

	for (unsigned int i = 0; i < 2; i++) {
		check_digit(OP1(0xff), sizes[i], 6, 0, 0);
		check_digit(OP1(0x8f), sizes[i], 0, 0, 0);
		for (uint8_t reg = 0; reg < 8; reg++) {
			put_opcode(OP1(0x50 + reg), sizes[i], 0, 0);
			check(0);
			put_opcode(OP1(0x58 + reg), sizes[i], 0, 0);
			check(0);
		}
		put_opcode(OP1(0x68), sizes[i], 0, 0);
		put_le(0x8765fedc, immediate_size(sizes[i]));
		check(0);
		put_opcode(OP1(0x6a), sizes[i], 0, 0);
		put(0x85);
		check(0);
	}
	for (unsigned int reg = 0; reg < 2; reg++) {		/* [rsp + 8] */
		insn_length = 0;
		put(reg ? 0x8f : 0xff);
		put(reg ? 0x44 : 0x74);
		put(0x24);
		put(0x08);
		check(0);
	}
}
END_TEST

START_TEST(strings)
{
	static const uint8_t opcodes[] = { 0xa4, 0xa6, 0xaa, 0xac, 0xae };
	static const uint8_t prefixes[] = { 0, 0xf3, 0xf2 };

	for (unsigned int i = 0; i < sizeof(opcodes); i++) {
		for (unsigned int p = 0; p < 6; p++) {
			for (unsigned int size = BYTE; size < SIZES; size++) {
				struct opcode op = {
					.mandatory = p & 1 ? 0x67 : 0,
					.bytes = { opcodes[i] + (size != BYTE) },
					.count = 1,
				};

				put_opcode(&op, size, 0, prefixes[p / 2]);
				check(RCX_SMALL);
			}
		}
	}
}
END_TEST

START_TEST(vectors)
{
	static const struct {
		uint8_t mandatory, opcode;
		enum width size;
		unsigned int wants;
	} moves[] = {
		{ 0, 0x10, DWORD, 0 }, { 0, 0x11, DWORD, 0 }, { 0x66, 0x10, DWORD, 0 },
		{ 0x66, 0x11, DWORD, 0 }, { 0xf3, 0x10, DWORD, 0 }, { 0xf3, 0x11, DWORD, 0 },
		{ 0xf2, 0x10, DWORD, 0 }, { 0xf2, 0x11, DWORD, 0 }, { 0, 0x12, DWORD, 0 },
		{ 0, 0x13, DWORD, 0 }, { 0, 0x16, DWORD, 0 }, { 0, 0x17, DWORD, 0 },
		{ 0x66, 0x12, DWORD, 0 }, { 0x66, 0x13, DWORD, 0 }, { 0x66, 0x16, DWORD, 0 },
		{ 0x66, 0x17, DWORD, 0 }, { 0, 0x28, DWORD, ALIGNED }, { 0, 0x29, DWORD, ALIGNED },
		{ 0x66, 0x28, DWORD, ALIGNED }, { 0x66, 0x29, DWORD, ALIGNED },
		{ 0, 0x2b, DWORD, ALIGNED }, { 0x66, 0x2b, DWORD, ALIGNED },
		{ 0x66, 0xe7, DWORD, ALIGNED }, { 0x66, 0x6f, DWORD, ALIGNED },
		{ 0x66, 0x7f, DWORD, ALIGNED }, { 0xf3, 0x6f, DWORD, 0 }, { 0xf3, 0x7f, DWORD, 0 },
		{ 0x66, 0xd6, DWORD, 0 }, { 0xf3, 0x7e, DWORD, 0 }, { 0x66, 0x6e, DWORD, 0 },
		{ 0x66, 0x7e, DWORD, 0 }, { 0x66, 0x6e, QWORD, 0 }, { 0x66, 0x7e, QWORD, 0 },
		{ 0xf2, 0xf0, DWORD, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++)
		for (unsigned int form = 0; form < FORMS; form++)
			if (!(moves[i].wants & ALIGNED) || (form != INDEXED && form != BASE_R13))
				check_modrm(OPM(moves[i].mandatory, 0x0f, moves[i].opcode),
					    moves[i].size, form, form, 0, 0, moves[i].wants);
	insn_length = 0;				/* movntdqa xmm3, [rsi] */
	put_le(0x1e2a380f66, 5);
	check(ALIGNED);
}
END_TEST

START_TEST(cache_control)
{
	check_digit(OP2(0x0f, 0xae), DWORD, 7, 0, 0);
	for (unsigned int hint = 0; hint < 4; hint++)
		check_digit(OP2(0x0f, 0x18), DWORD, hint, 0, 0);
}
END_TEST

static void setup(void)
{
	ck_assert_int_eq(native_cpu_init(&native, ARENA_SIZE), 0);
	encodings = 0;
}

static void teardown(void)
{
	ck_assert_uint_gt(encodings, 0);
	native_cpu_fini(&native);
}

int main(void)
{
	const TTest *const tests[] = {
		arithmetic, unary_and_test, moves, absolute_moves, exchanges, bits, shifts,
		conditions, stack, strings, vectors, cache_control,
	};

	return run_tests("emulate_native", tests, ARRAY_SIZE(tests), setup, teardown);
}
