// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/emulate.c userspace/vmwp/emulate_alu.c */
/* LINK: userspace/vmwp/emulate_memory.c userspace/vmwp/emulate_operand.c */
/* LINK: userspace/vmwp/emulate_string.c userspace/vmwp/emulate_vector.c */
/* LIBS: -lZydis */
/*
 * The instruction emulator where a test process cannot go: other modes, segments,
 * faults, ports, repetition limits, and bytes that are no instruction.
 * What an instruction computes is tested against the processor in
 * test_emulate_native.c.
 */
#include <stdlib.h>
#include <string.h>

#include <rs_types.h>

#include "emulate.h"
#include "run_tests.h"

#define MEMORY	0x40000u

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };
enum { ES, CS, SS, DS, FS, GS };

static uint8_t memory[MEMORY];			/* guest physical, from 0 */
static struct hv_x64_segment_register segments[6];
static struct emulate_cpu cpu;
static struct emulate_fault fault;
static uint64_t bad_page;			/* translates to a fault, ~0: none */
static bool read_only;				/* for writes only */
static bool high_half;				/* linear addresses are canonical high ones */
static unsigned int reads, writes, translations;
static uint8_t xmm[16][16];

static struct { bool write; uint16_t port; unsigned int size; uint32_t value; } io[4096];
static unsigned int io_count;

static int op_segment(void *ctx, enum hv_register_name name, struct hv_x64_segment_register *seg)
{
	ck_assert(name >= HV_X64_REGISTER_ES && name <= HV_X64_REGISTER_GS);
	*seg = segments[name - HV_X64_REGISTER_ES];
	return 0;
}

static int op_xmm_read(void *ctx, unsigned int n, uint8_t bytes[16])
{
	memcpy(bytes, xmm[n], 16);
	return 0;
}

static int op_xmm_write(void *ctx, unsigned int n, const uint8_t bytes[16])
{
	memcpy(xmm[n], bytes, 16);
	return 0;
}

static enum emulate_result op_translate(void *ctx, uint64_t gva, enum hv_intercept_access access,
					uint64_t *gpa, struct emulate_fault *f)
{
	bool write = access == HV_INTERCEPT_ACCESS_WRITE;

	translations++;
	if (gva >> 12 == bad_page >> 12 && (write || !read_only)) {
		*f = (struct emulate_fault){ 14, true, write ? 2 : 0, gva };
		return EMULATE_FAULT;
	}
	*gpa = high_half ? gva & 0xffffff : gva;
	return EMULATE_OK;
}

static void op_phys_read(void *ctx, uint64_t gpa, void *bytes, unsigned int size)
{
	ck_assert_uint_le(gpa + size, MEMORY);
	ck_assert_uint_le((gpa & 0xfff) + size, 4096);
	memcpy(bytes, memory + gpa, size);
	reads++;
}

static void op_phys_write(void *ctx, uint64_t gpa, const void *bytes, unsigned int size)
{
	ck_assert_uint_le(gpa + size, MEMORY);
	ck_assert_uint_le((gpa & 0xfff) + size, 4096);
	memcpy(memory + gpa, bytes, size);
	writes++;
}

static uint32_t op_port_read(void *ctx, uint16_t port, unsigned int size)
{
	io[io_count].write = false;
	io[io_count].port = port;
	io[io_count].size = size;
	return 0xa1b2c300 + io_count++;
}

static void op_port_write(void *ctx, uint16_t port, unsigned int size, uint32_t value)
{
	io[io_count].write = true;
	io[io_count].port = port;
	io[io_count].size = size;
	io[io_count++].value = value;
}

static const struct emulate_ops ops = {
	.segment = op_segment, .xmm_read = op_xmm_read, .xmm_write = op_xmm_write,
	.translate = op_translate, .phys_read = op_phys_read, .phys_write = op_phys_write,
	.port_read = op_port_read, .port_write = op_port_write,
};

static void set_mode(bool protected_mode, bool long_mode, uint16_t cs_attributes)
{
	memset(&cpu, 0, sizeof(cpu));
	cpu.rip = 0x1000;
	cpu.rflags = 2;
	cpu.protected_mode = protected_mode;
	cpu.long_mode = long_mode;
	for (unsigned int i = 0; i < 6; i++)
		segments[i] = (struct hv_x64_segment_register){
			.limit = protected_mode ? 0xffffffff : 0xffff,
			.attributes = protected_mode ? 0xc093 : 0x0093,
		};
	segments[CS].attributes = cs_attributes;
	cpu.cs = segments[CS];
}

static void mode64(void)
{
	set_mode(true, true, 0xa09b);
}

static void mode32(void)
{
	set_mode(true, false, 0xc09b);
}

static void mode_real(void)
{
	set_mode(false, false, 0x009b);
}

static void setup(void)
{
	for (unsigned int i = 0; i < MEMORY; i++)
		memory[i] = (uint8_t)(i * 7 + (i >> 8));
	bad_page = ~0ull;
	read_only = false;
	high_half = false;
	reads = 0;
	writes = 0;
	translations = 0;
	io_count = 0;
	fault = (struct emulate_fault){ 0 };
	mode64();
}

static void teardown(void)
{
}

static enum emulate_result run(const char *hex)
{
	uint8_t bytes[16];
	unsigned int count = 0;

	for (; hex[0]; hex += 2) {
		char digits[3] = { hex[0], hex[1], 0 };

		bytes[count++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return emulate_instruction(&cpu, bytes, count, &ops, NULL, &fault);
}

static uint32_t word(uint32_t at)
{
	uint32_t value;

	memcpy(&value, memory + at, 4);
	return value;
}

static void expect_fault(const char *hex, uint8_t vector, bool has_error)
{
	struct emulate_cpu before = cpu;
	unsigned int written = writes;

	ck_assert_int_eq(run(hex), EMULATE_FAULT);
	ck_assert_uint_eq(fault.vector, vector);
	ck_assert_int_eq(fault.has_error, has_error);
	ck_assert_mem_eq(&cpu, &before, sizeof(cpu));
	ck_assert_uint_eq(writes, written);
}

/* ---------------------------------------------------------------------- modes */

START_TEST(real_mode)
{
	mode_real();
	segments[DS].base = 0x10000;
	segments[ES].base = 0x20000;
	cpu.gpr[RBX] = 0xffff1000;
	cpu.gpr[RSI] = 0x0234;
	cpu.gpr[RAX] = 0x11223344;
	ck_assert_int_eq(run("8900"), EMULATE_OK);		/* mov [bx+si], ax */
	ck_assert_uint_eq(word(0x11234) & 0xffff, 0x3344);
	ck_assert_uint_eq(cpu.rip, 0x1002);
	ck_assert_int_eq(run("26668900"), EMULATE_OK);		/* mov es:[bx+si], eax */
	ck_assert_uint_eq(word(0x21234), 0x11223344);
	cpu.gpr[RBX] = 0xf000;
	cpu.gpr[RSI] = 0x1100;
	ck_assert_int_eq(run("8900"), EMULATE_OK);		/* wraps at 64 KiB */
	ck_assert_uint_eq(word(0x10100) & 0xffff, 0x3344);
	cpu.gpr[RSI] = 0x0fff;
	expect_fault("8900", 13, false);			/* a word at 0xffff */
	cpu.gpr[RBP] = 0xffff;
	expect_fault("894600", 12, false);			/* the same on the stack */
	ck_assert_int_eq(run("a13412"), EMULATE_OK);		/* mov ax, [0x1234] */
	ck_assert_uint_eq(cpu.gpr[RAX], 0x11220000 | (word(0x11234) & 0xffff));
}
END_TEST

START_TEST(real_mode_strings)
{
	mode_real();
	segments[DS].base = 0x10000;
	segments[ES].base = 0x20000;
	cpu.gpr[RCX] = 0xabcd0003;
	cpu.gpr[RSI] = 0xfffe;
	cpu.gpr[RDI] = 0x55550010;
	ck_assert_int_eq(run("f3a4"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RCX], 0xabcd0000);
	ck_assert_uint_eq(cpu.gpr[RSI], 0x0001);
	ck_assert_uint_eq(cpu.gpr[RDI], 0x55550013);
	ck_assert_uint_eq(memory[0x20010], memory[0x1fffe]);
	ck_assert_uint_eq(memory[0x20012], memory[0x10000]);
	cpu.gpr[RSI] = 4;
	ck_assert_int_eq(run("2ea4"), EMULATE_OK);		/* movsb from cs: */
	ck_assert_uint_eq(memory[0x20013], memory[4]);
}
END_TEST

START_TEST(virtual_8086)
{
	mode32();
	cpu.rflags |= 1 << 17;
	segments[CS].attributes = 0x00f3;
	cpu.cs = segments[CS];
	segments[DS] = (struct hv_x64_segment_register){ 0x10000, 0xffff, 0x1000, 0x00f3 };
	cpu.gpr[RBX] = 0x100;
	ck_assert_int_eq(run("c60742"), EMULATE_OK);		/* mov byte [bx], 0x42 */
	ck_assert_uint_eq(memory[0x10100], 0x42);
	cpu.gpr[RBX] = 0xffff;
	expect_fault("890f", 13, true);
}
END_TEST

START_TEST(protected_segments)
{
	mode32();
	segments[DS].base = 0x8000;
	segments[DS].limit = 0xfff;
	cpu.gpr[RBX] = 0xffc;
	cpu.gpr[RAX] = 0x12345678;
	ck_assert_int_eq(run("8903"), EMULATE_OK);
	ck_assert_uint_eq(word(0x8ffc), 0x12345678);
	cpu.gpr[RBX] = 0xffd;
	expect_fault("8903", 13, true);
	segments[DS].attributes = 0xc091;			/* read only */
	cpu.gpr[RBX] = 0;
	ck_assert_int_eq(run("8b03"), EMULATE_OK);
	expect_fault("8903", 13, true);
	expect_fault("0103", 13, true);
	segments[DS].attributes = 0xc099;			/* execute only */
	expect_fault("8b03", 13, true);
	segments[DS].attributes = 0xc013;			/* not present, or null */
	expect_fault("8b03", 13, true);
	expect_fault("2e8903", 13, true);			/* code is not written */
	segments[SS].attributes = 0x4097;			/* expands down */
	segments[SS].limit = 0x1fff;
	cpu.gpr[RBP] = 0x2000;
	ck_assert_int_eq(run("894500"), EMULATE_OK);
	cpu.gpr[RBP] = 0x1fff;
	expect_fault("894500", 12, true);
	segments[SS].attributes = 0x0097;
	cpu.gpr[RBP] = 0xfffd;
	expect_fault("894500", 12, true);
}
END_TEST

START_TEST(linear_addresses_wrap_at_4g)
{
	mode32();
	segments[DS].base = 0xfffff000;
	cpu.gpr[RBX] = 0x1100;
	cpu.gpr[RAX] = 0xcafef00d;
	ck_assert_int_eq(run("8903"), EMULATE_OK);
	ck_assert_uint_eq(word(0x100), 0xcafef00d);
}
END_TEST

START_TEST(sixteen_bit_addresses)
{
	mode32();
	cpu.gpr[RBX] = 0x7fff8000;
	cpu.gpr[RDI] = 0x9000;
	ck_assert_int_eq(run("678a41ff"), EMULATE_OK);		/* mov al, [bx+di-1] */
	ck_assert_uint_eq(cpu.gpr[RAX] & 0xff, memory[0x0fff]);
	set_mode(true, true, 0xc09b);				/* compatibility mode */
	cpu.gpr[RBX] = 0x100000000ull + 0x2000;
	ck_assert_int_eq(run("8a03"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RAX] & 0xff, memory[0x2000]);
}
END_TEST

START_TEST(fs_and_gs_in_64bit)
{
	segments[GS].base = 0x3000;
	segments[DS].base = 0x123456;				/* ignored */
	segments[DS].attributes = 0;
	cpu.gpr[RBX] = 0x10;
	ck_assert_int_eq(run("65c60399"), EMULATE_OK);
	ck_assert_uint_eq(memory[0x3010], 0x99);
	ck_assert_int_eq(run("c60398"), EMULATE_OK);
	ck_assert_uint_eq(memory[0x10], 0x98);
	segments[FS].base = ~0xfull;
	cpu.gpr[RBX] = 0x20;
	ck_assert_int_eq(run("64c60397"), EMULATE_OK);
	ck_assert_uint_eq(memory[0x10], 0x97);
}
END_TEST

/* --------------------------------------------------------------------- faults */

START_TEST(non_canonical)
{
	cpu.gpr[RBX] = 0x0000800000000000ull;
	expect_fault("8b03", 13, true);
	cpu.gpr[RBX] = 0x00007ffffffffffdull;
	expect_fault("8b03", 13, true);
	cpu.gpr[RBP] = 0x1234567800000000ull;
	expect_fault("8b4500", 12, true);
	cpu.gpr[RBX] = ~0ull - 2;
	ck_assert_uint_eq(translations, 0);
	high_half = true;
	cpu.gpr[RBX] = 0xffff800000001000ull;
	ck_assert_int_eq(run("8b03"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RAX], word(0x1000));
}
END_TEST

START_TEST(crossing_faults_change_nothing)
{
	static const char *const code[] = {
		"8903", "0103", "8703", "f00fc103", "0fb10b", "48890b", "0fc70b", "ff03",
		"66890b", "0f110b", "8f03",
	};

	bad_page = 0x6000;
	cpu.gpr[RSP] = 0x9000;
	cpu.gpr[RBX] = 0x5fff;
	for (unsigned int i = 0; i < ARRAY_SIZE(code); i++) {
		expect_fault(code[i], 14, true);
		ck_assert_uint_eq(fault.cr2, 0x6000);
		ck_assert_uint_eq(fault.error_code, 2);
	}
	expect_fault("8b03", 14, true);
	ck_assert_uint_eq(fault.error_code, 0);
	read_only = true;
	ck_assert_int_eq(run("8b03"), EMULATE_OK);
	ck_assert_int_eq(run("3903"), EMULATE_OK);		/* cmp only reads */
	expect_fault("0103", 14, true);
	cpu.gpr[RBX] = 0x6000;
	cpu.gpr[RAX] = 0;
	expect_fault("0fab03", 14, true);
	ck_assert_int_eq(run("0fa303"), EMULATE_OK);
}
END_TEST

START_TEST(push_faults_before_it_reads)
{
	cpu.gpr[RBX] = 0x3000;
	cpu.gpr[RSP] = 0x6008;
	bad_page = 0x6000;
	expect_fault("ff33", 14, true);
	ck_assert_uint_eq(reads, 0);
	cpu.gpr[RSP] = 0x3000;
	cpu.gpr[RBX] = 0x6000;
	expect_fault("8f03", 14, true);				/* pop [rbx] */
	ck_assert_uint_eq(reads, 0);
}
END_TEST

START_TEST(alignment)
{
	cpu.gpr[RBX] = 0x3008;
	expect_fault("0f2903", 13, true);
	expect_fault("660f6f03", 13, true);
	expect_fault("480fc70b", 13, true);
	ck_assert_int_eq(run("0f1103"), EMULATE_OK);
}
END_TEST

/* -------------------------------------------------------------------- strings */

START_TEST(repeat_stops_at_a_fault)
{
	bad_page = 0x6000;
	cpu.gpr[RDI] = 0x5ff0;
	cpu.gpr[RCX] = 100;
	cpu.gpr[RAX] = 0x77;
	ck_assert_int_eq(run("f3aa"), EMULATE_FAULT);
	ck_assert_uint_eq(cpu.gpr[RCX], 84);
	ck_assert_uint_eq(cpu.gpr[RDI], 0x6000);
	ck_assert_uint_eq(cpu.rip, 0x1000);
	ck_assert_uint_eq(memory[0x5fff], 0x77);
	ck_assert_uint_eq(fault.cr2, 0x6000);
	bad_page = ~0ull;
	ck_assert_int_eq(run("f3aa"), EMULATE_OK);
	ck_assert_uint_eq(cpu.rip, 0x1002);
	ck_assert_uint_eq(memory[0x6053], 0x77);
}
END_TEST

START_TEST(repeat_stops_at_the_limit)
{
	cpu.gpr[RDI] = 0x2000;
	cpu.gpr[RCX] = EMULATE_REP_MAX + 10;
	cpu.gpr[RAX] = 0x55;
	ck_assert_int_eq(run("f3aa"), EMULATE_OK);
	ck_assert_uint_eq(cpu.rip, 0x1000);
	ck_assert_uint_eq(cpu.gpr[RCX], 10);
	ck_assert_int_eq(run("f3aa"), EMULATE_OK);
	ck_assert_uint_eq(cpu.rip, 0x1002);
	ck_assert_uint_eq(cpu.gpr[RCX], 0);
	ck_assert_uint_eq(writes, EMULATE_REP_MAX + 10);
	ck_assert_uint_le(translations, 4);
	cpu.gpr[RCX] = EMULATE_REP_MAX;
	ck_assert_int_eq(run("f3aa"), EMULATE_OK);
	ck_assert_uint_eq(cpu.rip, 0x1004);
	ck_assert_int_eq(run("f3aa"), EMULATE_OK);		/* nothing to do */
	ck_assert_uint_eq(cpu.rip, 0x1006);
}
END_TEST

START_TEST(repeat_backwards_over_pages)
{
	cpu.gpr[RSI] = 0x4ffe;
	cpu.gpr[RDI] = 0x9002;
	cpu.gpr[RCX] = 8;
	cpu.rflags |= 1 << 10;
	ck_assert_int_eq(run("f3a5"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RSI], 0x4fde);
	ck_assert_uint_eq(cpu.gpr[RDI], 0x8fe2);
	ck_assert_mem_eq(memory + 0x8fe6, memory + 0x4fe2, 32);
}
END_TEST

/* ---------------------------------------------------------------------- ports */

START_TEST(plain_ports)
{
	cpu.gpr[RAX] = 0x1122334455667788ull;
	cpu.gpr[RDX] = 0xffff03f8;
	ck_assert_int_eq(run("ee"), EMULATE_OK);
	ck_assert_int_eq(run("66ef"), EMULATE_OK);
	ck_assert_int_eq(run("e780"), EMULATE_OK);
	ck_assert_uint_eq(io_count, 3);
	ck_assert(io[0].port == 0x3f8 && io[0].size == 1 && io[0].value == 0x88);
	ck_assert(io[1].port == 0x3f8 && io[1].size == 2 && io[1].value == 0x7788);
	ck_assert(io[2].port == 0x80 && io[2].size == 4 && io[2].value == 0x55667788);
	ck_assert_int_eq(run("ec"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RAX], 0x1122334455667703ull);
	ck_assert_int_eq(run("66ed"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RAX], 0x112233445566c304ull);
	ck_assert_int_eq(run("e5ff"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RAX], 0xa1b2c305ull);
	ck_assert_uint_eq(io[5].port, 0xff);
	ck_assert_uint_eq(reads + writes, 0);
}
END_TEST

START_TEST(string_ports)
{
	cpu.gpr[RDX] = 0x1f0;
	cpu.gpr[RCX] = 4;
	cpu.gpr[RDI] = 0x2ffe;
	ck_assert_int_eq(run("f36d"), EMULATE_OK);
	ck_assert_uint_eq(io_count, 4);
	ck_assert_uint_eq(word(0x2ffe), 0xa1b2c300);
	ck_assert_uint_eq(word(0x300a), 0xa1b2c303);
	ck_assert_uint_eq(cpu.gpr[RDI], 0x300e);
	cpu.gpr[RSI] = 0x300a;
	ck_assert_int_eq(run("666f"), EMULATE_OK);
	ck_assert(io[4].write && io[4].size == 2 && io[4].value == 0xc303);
	ck_assert_uint_eq(cpu.gpr[RSI], 0x300c);
	bad_page = 0x2000;
	cpu.gpr[RDI] = 0x2000;
	expect_fault("6c", 14, true);				/* before the port is read */
	ck_assert_uint_eq(io_count, 5);
}
END_TEST

/* ------------------------------------------------------------------- bad bytes */

START_TEST(truncated)
{
	static const struct { const char *hex; unsigned int count; } code[] = {
		{ "f0480fb18c9b44332211", 10 }, { "48a18877665544332211", 10 },
		{ "c7830011000078563412", 10 }, { "660f6f03", 4 }, { "f348a5", 3 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(code); i++) {
		for (unsigned int n = 0; n < code[i].count; n++) {
			struct emulate_cpu before = cpu;
			char part[32] = { 0 };

			memcpy(part, code[i].hex, n * 2);
			ck_assert_int_eq(run(part), EMULATE_UNSUPPORTED);
			ck_assert_mem_eq(&cpu, &before, sizeof(cpu));
		}
	}
	ck_assert_uint_eq(reads + writes, 0);
}
END_TEST

START_TEST(unsupported)
{
	static const char *const code[] = {
		"c5f82803",		/* vmovaps xmm0, [rbx] */
		"62f17c482803",		/* vmovaps zmm0, [rbx] */
		"f08903",		/* lock mov */
		"0f6f03",		/* MMX */
		"8e1b",			/* mov ds, [rbx] */
		"d903",			/* fld */
		"f30f5803",		/* addss */
		"ff13",			/* call [rbx] */
		"0f0113",		/* lgdt */
		"4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f",
	};

	cpu.gpr[RBX] = 0x3000;
	for (unsigned int i = 0; i < ARRAY_SIZE(code); i++) {
		struct emulate_cpu before = cpu;

		ck_assert_msg(run(code[i]) == EMULATE_UNSUPPORTED, "%s", code[i]);
		ck_assert_mem_eq(&cpu, &before, sizeof(cpu));
	}
	ck_assert_uint_eq(reads + writes, 0);
}
END_TEST

START_TEST(bytes_that_touch_no_memory)
{
	static const char *const code[] = { "89c8", "90", "01d8", "0fb6c1", "f390", "488d4308" };

	for (unsigned int i = 0; i < ARRAY_SIZE(code); i++)
		ck_assert_int_eq(run(code[i]), EMULATE_RETRY);
	ck_assert_uint_eq(cpu.rip, 0x1000);
}
END_TEST

START_TEST(selectors_and_stack_widths)
{
	mode32();
	segments[DS].selector = 0x1234;
	cpu.gpr[RBX] = 0x3000;
	ck_assert_int_eq(run("8c1b"), EMULATE_OK);
	ck_assert_uint_eq(word(0x3000) & 0xffff, 0x1234);
	segments[SS].attributes = 0x0093;			/* a 16-bit stack */
	segments[SS].limit = 0xffff;
	cpu.gpr[RSP] = 0xabcd4000;
	ck_assert_int_eq(run("ff33"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RSP], 0xabcd3ffc);
	ck_assert_uint_eq(word(0x3ffc), word(0x3000));
	cpu.rflags |= 1 << 16;
	ck_assert_int_eq(run("8f4310"), EMULATE_OK);
	ck_assert_uint_eq(cpu.gpr[RSP], 0xabcd4000);
	ck_assert_uint_eq(cpu.rflags & (1 << 16), 0);		/* RF ends */
	cpu.rip = 0xffffffff;
	ck_assert_int_eq(run("8b03"), EMULATE_OK);
	ck_assert_uint_eq(cpu.rip, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		real_mode, real_mode_strings, virtual_8086, protected_segments,
		linear_addresses_wrap_at_4g, sixteen_bit_addresses, fs_and_gs_in_64bit,
		non_canonical, crossing_faults_change_nothing, push_faults_before_it_reads,
		alignment, repeat_stops_at_a_fault, repeat_stops_at_the_limit,
		repeat_backwards_over_pages, plain_ports, string_ports, truncated, unsupported,
		bytes_that_touch_no_memory, selectors_and_stack_widths,
	};

	return run_tests("emulate", tests, ARRAY_SIZE(tests), setup, teardown);
}
