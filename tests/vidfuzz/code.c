// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small guests: random bytes, or instructions that a hypervisor has to do with, in real,
 * protected or long mode; and the tables without which they would not get far.
 */
#include <string.h>

#include "vidfuzz.h"

/* Guest physical addresses; all of it lies in the first 64 KiB. */
#define IDT		0x1000u
#define HANDLER		0x2000u
#define PML4		0x3000u
#define PDPT		0x4000u
#define PD		0x5000u
#define GDT		0x6000u
#define CODE		0x8000u
#define CODE_SIZE	0x1000u
#define STACK		0xf000u
#define DATA		0x9000u

#define CR4_PAE		0x20u
#define EFER_LME	0x100u
#define MSR_EFER	0xc0000080u

struct writer {
	struct random *random;
	enum mode mode;
	bool hardware;
	uint8_t *code;
	size_t at;
	size_t size;
};

static void put(struct writer *w, uint64_t bytes, unsigned int count)
{
	while (count-- && w->at < w->size) {
		w->code[w->at++] = bytes;
		bytes >>= 8;
	}
}

/* Register 0..7 is this value; 64 bits where there are that many. */
static void put_load(struct writer *w, unsigned int reg, uint64_t value)
{
	bool wide = w->mode == LONG && (value >> 32 || one_in(w->random, 8));

	if (w->mode == REAL)
		put(w, 0x66, 1);
	if (wide)
		put(w, 0x48, 1);
	put(w, 0xb8 + reg, 1);
	put(w, value, wide ? 8 : 4);
}

/* Guest physical addresses that mean something. */
static uint64_t place(struct random *random)
{
	static const uint64_t places[] = {
		0, IDT, HANDLER, PML4, PDPT, PD, GDT, CODE, DATA, STACK, 0x200000, AREA_SIZE - 8,
		AREA_SIZE, 0x40000000, 0xd0000000, 0xfee00000, 0xfee000b0, 0xfee00300, 0xfee00380,
		0xfffffff0,
	};

	return one_in(random, 4) ? below(random, AREA_SIZE) : PICK(random, places);
}

static uint64_t value(struct random *random)
{
	return one_in(random, 2) ? place(random) : odd_number(random);
}

/* ---- instructions that need registers first */

static void put_msr(struct writer *w)
{
	static const struct {
		uint32_t first, count;
	} ranges[] = {
		{ 0x40000000, 6 }, { 0x40000010, 1 }, { 0x40000020, 4 }, { 0x40000070, 4 },
		{ 0x40000080, 5 }, { 0x40000090, 16 }, { 0x400000b0, 8 }, { 0x40000100, 6 },
		{ 0x40000118, 1 }, { 0x800, 0x40 }, { 0xc0000080, 5 }, { 0xc0000100, 4 },
		{ 0xc0010000, 0x20 }, { 0xc0010110, 8 }, { 0x200, 0x10 }, { 0x250, 0x30 },
		{ 0x174, 3 }, { 0x10, 1 }, { 0x1b, 1 }, { 0x3b, 1 }, { 0x6e0, 1 }, { 0x1d9, 1 },
		{ 0x2ff, 1 }, { 0x1a0, 1 }, { 0x277, 1 },
	};
	unsigned int n = below(w->random, ARRAY_SIZE(ranges));
	uint64_t v = value(w->random) | below(w->random, 2);
	uint32_t msr = ranges[n].first + below(w->random, ranges[n].count);

	if (one_in(w->random, 8))
		msr = odd_number(w->random);
	put_load(w, 1, msr == MSR_EFER && !w->hardware ? msr + 1 : msr);
	put_load(w, 0, (uint32_t)v);
	put_load(w, 2, one_in(w->random, 4) ? v >> 32 : 0);
	put(w, one_in(w->random, 2) ? 0x320f : 0x300f, 2);
}

static void put_hypercall(struct writer *w)
{
	static const uint16_t codes[] = {
		0x02, 0x03, 0x08, 0x0b, 0x11, 0x13, 0x14, 0x15, 0x50, 0x51, 0x5c, 0x5d, 0x99, 0x9a,
	};
	uint64_t control = one_in(w->random, 6) ? odd_number(w->random) : PICK(w->random, codes);

	control |= one_in(w->random, 2) ? 1u << 16 : 0;			/* fast */
	control |= one_in(w->random, 3) ? below(w->random, 64) << 32 : 0;	/* reps */
	put_load(w, w->mode == LONG ? 1 : 0, control);
	put_load(w, 2, w->mode == LONG ? value(w->random) : control >> 32);
	put_load(w, 3, value(w->random));
	put_load(w, 6, value(w->random));
	put_load(w, 7, value(w->random));
	put(w, 0xd9010f, 3);
}

static void put_port(struct writer *w)
{
	static const uint8_t opcodes[] = { 0xec, 0xed, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f };

	put_load(w, 2, below(w->random, 0x10000));
	put_load(w, 1, below(w->random, 64));
	put_load(w, 7, place(w->random));
	if (one_in(w->random, 4))
		put(w, one_in(w->random, 2) ? 0xf3 : 0x66, 1);
	put(w, PICK(w->random, opcodes), 1);
}

static void put_control(struct writer *w)
{
	static const uint8_t modrm[] = { 0xc0, 0xd0, 0xd8, 0xe0, 0xc0, 0xd8, 0xe0 };
	static const uint64_t values[] = {
		0x80000011, 0x11, 0x60000011, 0x80010033, 0x80010011, PML4, 0x20, 0x620, 0xa0,
		0x40000,
	};
	uint64_t v = one_in(w->random, 3) ? value(w->random) : PICK(w->random, values);
	uint8_t which = PICK(w->random, modrm);

	if (w->mode == LONG && which == 0xe0 && !w->hardware)
		v |= CR4_PAE;
	if (one_in(w->random, 2)) {
		put_load(w, 0, v);
		if (w->mode == LONG && one_in(w->random, 3))
			put(w, 0x44, 1);		/* CR8, DR8.. */
		put(w, one_in(w->random, 4) ? 0x230f : 0x220f, 2);
	} else {
		put(w, one_in(w->random, 4) ? 0x210f : 0x200f, 2);
	}
	put(w, which, 1);
}

static void put_debug(struct writer *w)
{
	put_load(w, 0, one_in(w->random, 2) ? place(w->random) : value(w->random));
	put(w, 0x230f, 2);
	put(w, 0xc0 | below(w->random, 8) << 3, 1);
}

/* Stores and loads through RDI: doorbells, MMIO, page tables, the APIC. */
static void put_memory(struct writer *w)
{
	static const struct {
		uint64_t bytes;
		uint8_t count;
	} forms[] = {
		{ 0x07, 1 }, { 0x0788, 2 }, { 0x0789, 2 }, { 0x078b, 2 }, { 0x0786, 2 },
		{ 0x0787, 2 }, { 0xaaf3, 2 }, { 0xabf3, 2 }, { 0xa4f3, 2 }, { 0xa5f3, 2 },
		{ 0x0701f0, 3 }, { 0x07b10ff0, 4 }, { 0x07c10f, 3 }, { 0x07ff, 2 }, { 0x37ff, 2 },
		{ 0x078f, 2 }, { 0x0fc7, 2 }, { 0x07ae0f, 3 }, { 0x0fae0f, 3 }, { 0x07290f, 3 },
		{ 0x07280f, 3 }, { 0x27ae0f, 3 }, { 0x0fc70f, 3 }, { 0x17010f, 3 }, { 0x1f010f, 3 },
		{ 0x3f010f, 3 }, { 0x37010f, 3 }, { 0x07000f, 3 }, { 0x1f000f, 3 },
	};
	unsigned int n = below(w->random, ARRAY_SIZE(forms));

	put_load(w, 7, place(w->random));
	put_load(w, 6, place(w->random));
	put_load(w, 1, below(w->random, 300));
	put(w, forms[n].bytes, forms[n].count);
}

static void put_jump(struct writer *w)
{
	static const uint8_t opcodes[] = { 0xeb, 0x74, 0x75, 0xe2, 0xe3 };

	if (one_in(w->random, 8)) {
		put_load(w, 0, place(w->random));
		put(w, one_in(w->random, 2) ? 0xe0ff : 0xd0ff, 2);
	} else {
		put(w, PICK(w->random, opcodes), 1);
		put(w, below(w->random, 64) - 40, 1);
	}
}

static void put_plain(struct writer *w)
{
	static const struct {
		uint64_t bytes;
		uint8_t count;
	} forms[] = {
		{ 0xf4, 1 }, { 0xf4fb, 2 }, { 0xfb, 1 }, { 0xfa, 1 }, { 0x90f3, 2 }, { 0xa20f, 2 },
		{ 0x090f, 2 }, { 0x080f, 2 }, { 0xd1010f, 3 }, { 0x330f, 2 }, { 0x310f, 2 },
		{ 0xf9010f, 3 }, { 0xd8010f, 3 }, { 0xda010f, 3 }, { 0xdb010f, 3 }, { 0xdc010f, 3 },
		{ 0xdd010f, 3 }, { 0xdf010f, 3 }, { 0xc8010f, 3 }, { 0xc9010f, 3 }, { 0xcc, 1 },
		{ 0xf1, 1 }, { 0x0b0f, 2 }, { 0xcf, 1 }, { 0xcf48, 2 }, { 0x050f, 2 },
		{ 0x070f, 2 }, { 0x340f, 2 }, { 0x350f, 2 }, { 0x9c, 1 }, { 0x9d, 1 },
		{ 0xd08e, 2 }, { 0xd88e, 2 },
		{ 0x060f, 2 }, { 0xc3, 1 }, { 0xcb, 1 }, { 0xc1010f, 3 }, { 0xd0010f, 3 },
		{ 0x90, 1 }, { 0xfd010f, 3 }, { 0x9dc0010f, 4 }, { 0xe3db, 2 }, { 0x770f, 2 },
		{ 0xaa0f, 2 }, { 0xf8010f, 3 }, { 0x9b, 1 }, { 0xc08e, 2 }, { 0xe08e, 2 },
	};
	unsigned int n = below(w->random, ARRAY_SIZE(forms));

	if (one_in(w->random, 16)) {		/* INT n */
		put(w, 0xcd, 1);
		put(w, below(w->random, 256), 1);
	} else {
		put(w, forms[n].bytes, forms[n].count);
	}
}

/* A single step over what comes next. */
static void put_step(struct writer *w)
{
	put(w, 0x9c, 1);
	put(w, 0x68, 1);
	put(w, 0x302, w->mode == REAL ? 2 : 4);
	put(w, 0x9d, 1);
}

static void put_xsetbv(struct writer *w)
{
	put_load(w, 1, one_in(w->random, 8));
	put_load(w, 0, below(w->random, 0x300));
	put_load(w, 2, one_in(w->random, 8) ? value(w->random) : 0);
	put(w, 0xd1010f, 3);
}

/* ICR and other registers of an xAPIC. */
static void put_apic(struct writer *w)
{
	static const uint16_t registers[] = {
		0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x370, 0x380,
		0x390, 0x3e0,
	};

	put_load(w, 7, 0xfee00000 + PICK(w->random, registers));
	put_load(w, 0, one_in(w->random, 2) ? below(w->random, 0x100000) : value(w->random));
	put(w, one_in(w->random, 4) ? 0x078b : 0x0789, 2);
}

static void put_random(struct writer *w)
{
	put(w, random64(w->random), 1 + below(w->random, 8));
}

static void (*const snippets[])(struct writer *w) = {
	put_msr, put_msr, put_hypercall, put_port, put_control, put_debug, put_memory, put_memory,
	put_jump, put_plain, put_plain, put_plain, put_step, put_xsetbv, put_apic, put_random,
};

static void random_code(struct worker *worker, enum mode mode, uint8_t *code, size_t size)
{
	struct writer w = {
		.random = &worker->random,
		.mode = mode,
		.hardware = worker->sequence->hardware,
		.code = code,
		.size = size,
	};

	if (one_in(w.random, 8)) {
		random_bytes(w.random, code, size);
		return;
	}
	while (w.at < w.size)
		PICK(w.random, snippets)(&w);
}

void spare_code(const struct sequence *sequence, uint8_t *code, size_t size)
{
	size_t i;

	if (sequence->hardware)
		return;
	for (i = 0; i + 2 < size; i++)		/* DR5 is DR7 as a rule */
		if (code[i] == 0x0f && code[i + 1] == 0x23 && (code[i + 2] & 0x28) == 0x28)
			code[i + 2] &= ~0x20;
}

void spare_register(const struct sequence *sequence, struct vid_register *reg)
{
	if (sequence->hardware)
		return;
	if (reg->name == HV_X64_REGISTER_DR7)
		reg->value.reg64 &= ~0xffull;
	if (reg->name == HV_X64_REGISTER_EFER)
		reg->value.reg64 &= ~(uint64_t)EFER_LME;
	if (reg->name == HV_X64_REGISTER_CR4)
		reg->value.reg64 |= CR4_PAE;
	if (reg->name == HV_X64_REGISTER_TR)
		reg->value.segment.attributes = (reg->value.segment.attributes & ~0x1f) | 0x89;
}

/* ---- tables */

/* Every vector has the one handler, but for a few that have garbage. */
static void write_idt(struct random *random, uint8_t *low, enum mode mode)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		uint8_t *entry = low + IDT + i * 16;

		if (mode == REAL) {
			entry = low + i * 4;
			memcpy(entry, (uint16_t[]){ HANDLER, 0 }, 4);
		} else if (mode == PROTECTED) {
			entry = low + IDT + i * 8;
			memcpy(entry, (uint16_t[]){ HANDLER, 8, 0x8e00, 0 }, 8);
		} else {
			memcpy(entry, (uint16_t[]){ HANDLER, 8, 0x8e00, 0 }, 8);
		}
		if (one_in(random, 64))
			random_bytes(random, entry, 4);
	}
}

/* The first 4 GiB to themselves, in 2 MiB pages but for the first; some garbage. */
static void write_page_tables(struct random *random, uint8_t *low)
{
	uint64_t *pml4 = (uint64_t *)(low + PML4), *pdpt = (uint64_t *)(low + PDPT);
	uint64_t *pd = (uint64_t *)(low + PD);
	unsigned int i;

	pml4[0] = PDPT | 7;
	pml4[511] = PML4 | 7;
	for (i = 0; i < 4; i++)
		pdpt[i] = i ? (uint64_t)i << 30 | 0x87 : PD | 7;
	for (i = 0; i < 512; i++)
		pd[i] = (uint64_t)i << 21 | 0x87;
	while (one_in(random, 2))
		pd[8 + below(random, 504)] = one_in(random, 2) ? odd_number(random) :
								 PML4 | 7;
	if (one_in(random, 8))
		pml4[below(random, 512)] = odd_number(random);
}

static void write_gdt(uint8_t *low, enum mode mode)
{
	uint64_t *gdt = (uint64_t *)(low + GDT);

	gdt[1] = mode == LONG ? 0x00af9b000000ffffull : 0x00cf9b000000ffffull;
	gdt[2] = 0x00cf93000000ffffull;
	gdt[3] = 0x00008b0070000067ull;
	gdt[5] = 0x00cffb000000ffffull;
	gdt[6] = 0x00cff3000000ffffull;
}

void write_guest(struct worker *worker, uint64_t ram, enum mode mode)
{
	static _Thread_local uint8_t low[0x10000];
	struct random *random = &worker->random;

	memset(low, 0, sizeof(low));
	if (one_in(random, 8))
		random_bytes(random, low, sizeof(low));
	write_gdt(low, mode);
	write_idt(random, low, mode);
	random_code(worker, mode, low + HANDLER, one_in(random, 2) ? 16 : 64);
	memcpy(low + HANDLER + 64, (uint8_t[]){ 0x48, 0xcf, 0xf4 }, 3);
	if (mode == LONG)
		write_page_tables(random, low);
	random_code(worker, mode, low + CODE, CODE_SIZE);
	spare_code(worker->sequence, low, sizeof(low));
	poke(worker, ram, low, sizeof(low));
}

/* ---- registers */

static struct vid_register segment(uint32_t name, uint16_t selector, uint16_t attributes)
{
	return (struct vid_register){
		.name = name,
		.value.segment = {
			.limit = attributes & 0x8000 ? 0xffffffff : 0xffff,
			.selector = selector,
			.attributes = attributes,
		},
	};
}

static struct vid_register number(uint32_t name, uint64_t value)
{
	return (struct vid_register){ .name = name, .value.reg64 = value };
}

static struct vid_register descriptors(uint32_t name, uint64_t base, uint16_t limit)
{
	return (struct vid_register){
		.name = name,
		.value.table = { .base = base, .limit = limit },
	};
}

unsigned int start_registers(struct random *random, enum mode mode,
			     struct vid_register registers[VID_REGISTERS_MAX])
{
	static const uint64_t cr4[] = { [REAL] = 0, [PROTECTED] = 0x600, [LONG] = 0x620 };
	static const uint64_t cr0[] = { [REAL] = 0x10, [PROTECTED] = 0x31, [LONG] = 0x80000031 };
	static const uint16_t code[] = { [REAL] = 0x9b, [PROTECTED] = 0xc09b, [LONG] = 0xa09b };
	uint16_t data = mode == REAL ? 0x93 : 0xc093;
	unsigned int n = 0, i;

	registers[n++] = number(HV_X64_REGISTER_CR0, 0x10);
	/* never, not even for a moment, LME without PAE: see spare_register() */
	if (mode != LONG)
		registers[n++] = number(HV_X64_REGISTER_EFER, 0);
	registers[n++] = number(HV_X64_REGISTER_CR4, cr4[mode]);
	if (mode == LONG)
		registers[n++] = number(HV_X64_REGISTER_EFER, 0x901);
	registers[n++] = number(HV_X64_REGISTER_CR3, PML4);
	registers[n++] = number(HV_X64_REGISTER_CR0, cr0[mode]);
	registers[n++] = segment(HV_X64_REGISTER_CS, mode == REAL ? 0 : 8, code[mode]);
	for (i = HV_X64_REGISTER_SS; i <= HV_X64_REGISTER_GS; i++)
		registers[n++] = segment(i, mode == REAL ? 0 : 16, data);
	registers[n++] = segment(HV_X64_REGISTER_ES, mode == REAL ? 0 : 16, data);
	registers[n++] = segment(HV_X64_REGISTER_TR, 24, 0x89);
	registers[n++] = descriptors(HV_X64_REGISTER_GDTR, GDT, 0x3f);
	registers[n++] = descriptors(HV_X64_REGISTER_IDTR, mode == REAL ? 0 : IDT, 0xfff);
	registers[n++] = number(HV_X64_REGISTER_RSP, STACK);
	registers[n++] = number(HV_X64_REGISTER_RIP, CODE + (one_in(random, 4) ?
							     below(random, CODE_SIZE) : 0));
	registers[n++] = number(HV_X64_REGISTER_RFLAGS, one_in(random, 2) ? 0x2 : 0x202);
	registers[n++] = number(HV_REGISTER_INTERNAL_ACTIVITY_STATE, 0);
	if (one_in(random, 2)) {
		registers[n++] = number(HV_REGISTER_GUEST_OS_ID, 1);
		registers[n++] = number(HV_REGISTER_HYPERCALL, DATA | 1);
	}
	return n;
}
