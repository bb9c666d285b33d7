// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/insn.c */
/* LIBS: -lZydis */
/*
 * Lengths of intercepted instructions and the plain stores of doorbells: each instruction
 * behind every prefix, every addressing form, what is cut short or too long, and random
 * bytes, with Zydis as the judge.
 *
 * The bytes lie at the end of a heap block, so that the sanitizer sees a byte too many.
 */
#include <stdio.h>

#include <Zydis/Zydis.h>

#include "suite.h"
#include "insn.h"

#define LONGEST		15u

enum { MODE16, MODE32, MODE64, MODES };

static const unsigned int mode_bits[MODES] = { 16, 32, 64 };

static const u8 legacy_prefixes[] = {
	0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
};

static const struct {
	enum rs_insn insn;
	const char *bytes;
	unsigned int count;
	ZydisMnemonic mnemonic;
} instructions[] = {
	{ RS_INSN_CPUID, "\x0f\xa2", 2, ZYDIS_MNEMONIC_CPUID },
	{ RS_INSN_RDMSR, "\x0f\x32", 2, ZYDIS_MNEMONIC_RDMSR },
	{ RS_INSN_WRMSR, "\x0f\x30", 2, ZYDIS_MNEMONIC_WRMSR },
	{ RS_INSN_HLT, "\xf4", 1, ZYDIS_MNEMONIC_HLT },
	{ RS_INSN_PAUSE, "\xf3\x90", 2, ZYDIS_MNEMONIC_PAUSE },
	{ RS_INSN_VMMCALL, "\x0f\x01\xd9", 3, ZYDIS_MNEMONIC_VMMCALL },
	{ RS_INSN_VMCALL, "\x0f\x01\xc1", 3, ZYDIS_MNEMONIC_VMCALL },
	{ RS_INSN_XSETBV, "\x0f\x01\xd1", 3, ZYDIS_MNEMONIC_XSETBV },
	{ RS_INSN_RDPMC, "\x0f\x33", 2, ZYDIS_MNEMONIC_RDPMC },
	{ RS_INSN_INVD, "\x0f\x08", 2, ZYDIS_MNEMONIC_INVD },
	{ RS_INSN_WBINVD, "\x0f\x09", 2, ZYDIS_MNEMONIC_WBINVD },
	{ RS_INSN_MOV_TO_CR, "\x0f\x22\xc0", 3, ZYDIS_MNEMONIC_MOV },
	{ RS_INSN_MOV_FROM_CR, "\x0f\x20\xc0", 3, ZYDIS_MNEMONIC_MOV },
};

static ZydisDecoder decoders[MODES];
static u64 seed;

static void setup(void)
{
	static const ZydisMachineMode modes[MODES] = {
		ZYDIS_MACHINE_MODE_LONG_COMPAT_16, ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
		ZYDIS_MACHINE_MODE_LONG_64,
	};
	static const ZydisStackWidth widths[MODES] = {
		ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32, ZYDIS_STACK_WIDTH_64,
	};

	for (unsigned int m = 0; m < MODES; m++)
		ck_assert(ZYAN_SUCCESS(ZydisDecoderInit(&decoders[m], modes[m], widths[m])));
	seed = 1;
}

static unsigned int length_of(const void *bytes, unsigned int count, bool mode64,
			      enum rs_insn insn)
{
	u8 *copy = malloc(count);
	unsigned int length;

	if (count)
		memcpy(copy, bytes, count);
	length = rs_insn_length(copy, count, mode64, insn);
	free(copy);
	return length;
}

static int mov_cr(const void *bytes, unsigned int count, bool mode64, enum rs_insn insn,
		  unsigned int *cr)
{
	u8 *copy = malloc(count);
	int gpr;

	if (count)
		memcpy(copy, bytes, count);
	gpr = rs_insn_mov_cr(copy, count, mode64, insn, cr);
	free(copy);
	return gpr;
}

static int mov_to_cr(const void *bytes, unsigned int count, bool mode64, unsigned int *cr)
{
	return mov_cr(bytes, count, mode64, RS_INSN_MOV_TO_CR, cr);
}

static bool store_of(const void *bytes, unsigned int count, unsigned int mode,
		     struct rs_insn_store *store)
{
	u8 *copy = malloc(count);
	bool found;

	memset(store, 0x5a, sizeof(*store));
	if (count)
		memcpy(copy, bytes, count);
	found = rs_insn_store(copy, count, mode_bits[mode], store);
	free(copy);
	return found;
}

/* ---- lengths */

START_TEST(plain)
{
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		for (size_t j = 0; j < ARRAY_SIZE(instructions); j++)
			for (int mode64 = 0; mode64 < 2; mode64++) {
				unsigned int length = length_of(instructions[i].bytes,
								instructions[i].count, mode64,
								instructions[j].insn);

				ck_assert_uint_eq(length, i == j ? instructions[i].count : 0);
			}
}
END_TEST

/* Puts @prefix before instruction @i and something behind: its length, and @whole's. */
static unsigned int prefixed(size_t i, const u8 *prefix, unsigned int count, bool mode64,
			     unsigned int *whole)
{
	u8 bytes[64];

	memset(bytes, 0x90, sizeof(bytes));
	memcpy(bytes, prefix, count);
	memcpy(bytes + count, instructions[i].bytes, instructions[i].count);
	*whole = count + instructions[i].count;
	for (unsigned int n = 0; n < *whole; n++)
		ck_assert_uint_eq(length_of(bytes, n, mode64, instructions[i].insn), 0);
	return length_of(bytes, *whole + 3, mode64, instructions[i].insn);
}

static void check_prefixes(size_t i, const u8 prefixes[2])
{
	for (unsigned int count = 1; count <= 2; count++)
		for (int mode64 = 0; mode64 < 2; mode64++) {
			unsigned int whole, length = prefixed(i, prefixes, count, mode64, &whole);

			ck_assert_uint_eq(length, whole);
		}
}

START_TEST(every_prefix)
{
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		for (size_t a = 0; a < ARRAY_SIZE(legacy_prefixes); a++)
			for (size_t b = 0; b < ARRAY_SIZE(legacy_prefixes); b++) {
				const u8 two[] = { legacy_prefixes[a], legacy_prefixes[b] };

				check_prefixes(i, two);
			}
}
END_TEST

/* In 64-bit mode 40h to 4Fh is a prefix, wherever it is; elsewhere INC or DEC. */
START_TEST(rex)
{
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		for (unsigned int r = 0x40; r < 0x50; r++) {
			const u8 first[] = { r, 0x66 }, last[] = { 0x66, r }, two[] = { 0x4f, r };
			unsigned int whole;

			ck_assert_uint_eq(prefixed(i, first, 2, true, &whole), whole);
			ck_assert_uint_eq(prefixed(i, first, 1, true, &whole), whole);
			ck_assert_uint_eq(prefixed(i, last, 2, true, &whole), whole);
			ck_assert_uint_eq(prefixed(i, two, 2, true, &whole), whole);
			ck_assert_uint_eq(prefixed(i, first, 1, false, &whole), 0);
			ck_assert_uint_eq(prefixed(i, last, 2, false, &whole), 0);
		}
}
END_TEST

START_TEST(too_long)
{
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		for (unsigned int count = 10; count < 20; count++) {
			u8 prefix[20];
			unsigned int whole, length;

			memset(prefix, 0x2e, sizeof(prefix));
			length = prefixed(i, prefix, count, true, &whole);
			ck_assert_uint_eq(length, whole <= LONGEST ? whole : 0);
		}
}
END_TEST

START_TEST(prefixes_only)
{
	u8 bytes[LONGEST];
	unsigned int cr;
	struct rs_insn_store store;

	memset(bytes, 0x66, sizeof(bytes));
	for (unsigned int n = 0; n <= sizeof(bytes); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
			ck_assert_uint_eq(length_of(bytes, n, true, instructions[i].insn), 0);
		ck_assert_int_eq(mov_to_cr(bytes, n, true, &cr), -EINVAL);
		ck_assert(!store_of(bytes, n, MODE64, &store));
	}
}
END_TEST

START_TEST(pause_is_no_nop)
{
	ck_assert_uint_eq(length_of("\x90", 1, true, RS_INSN_PAUSE), 0);
	ck_assert_uint_eq(length_of("\x66\x90", 2, true, RS_INSN_PAUSE), 0);
	ck_assert_uint_eq(length_of("\xf3\xf2\x90", 3, true, RS_INSN_PAUSE), 0);
	ck_assert_uint_eq(length_of("\xf2\xf3\x90", 3, true, RS_INSN_PAUSE), 3);
	ck_assert_uint_eq(length_of("\xf3\x66\x90", 3, true, RS_INSN_PAUSE), 3);
	ck_assert_uint_eq(length_of("\xf3\x41\x90", 3, true, RS_INSN_PAUSE), 3);
}
END_TEST

/* ---- MOV to a control register */

START_TEST(from_control_registers)
{
	unsigned int cr;

	ck_assert_int_eq(mov_cr("\x41\x0f\x20\xe3", 4, true, RS_INSN_MOV_FROM_CR, &cr), 11);
	ck_assert_uint_eq(cr, 4);
	ck_assert_int_eq(mov_cr("\x0f\x20\xe0", 3, false, RS_INSN_MOV_FROM_CR, &cr), 0);
	ck_assert_uint_eq(cr, 4);
	ck_assert_int_eq(mov_cr("\x0f\x22\xe0", 3, true, RS_INSN_MOV_FROM_CR, &cr), -EINVAL);
	ck_assert_int_eq(mov_to_cr("\x0f\x20\xe0", 3, true, &cr), -EINVAL);
}
END_TEST

START_TEST(control_registers)
{
	for (unsigned int modrm = 0; modrm < 256; modrm++)
		for (unsigned int r = 0x40; r < 0x50; r++) {
			const u8 plain[] = { 0x0f, 0x22, modrm };
			const u8 with_rex[] = { r, 0x0f, 0x22, modrm };
			const u8 early_rex[] = { r, 0x66, 0x0f, 0x22, modrm };
			const u8 lock[] = { 0xf0, 0x0f, 0x22, modrm };
			const u8 lock_rex[] = { 0xf0, r, 0x0f, 0x22, modrm };
			const unsigned int number = modrm >> 3 & 7, gpr = modrm & 7;
			unsigned int cr;

			/* the CPU takes mod for 3 (APM3, MOV CRn) */
			ck_assert_int_eq(mov_to_cr(plain, 3, false, &cr), gpr);
			ck_assert_uint_eq(cr, number);
			ck_assert_int_eq(mov_to_cr(with_rex, 4, true, &cr), gpr | (r & 1) << 3);
			ck_assert_uint_eq(cr, number | (r & 4) << 1);
			ck_assert_int_eq(mov_to_cr(with_rex, 4, false, &cr), -EINVAL);
			ck_assert_int_eq(mov_to_cr(early_rex, 5, true, &cr), gpr);
			ck_assert_uint_eq(cr, number);
			/* LOCK stands for REX.R */
			ck_assert_int_eq(mov_to_cr(lock, 4, false, &cr), gpr);
			ck_assert_uint_eq(cr, number | 8);
			ck_assert_int_eq(mov_to_cr(lock_rex, 5, true, &cr), gpr | (r & 1) << 3);
			ck_assert_uint_eq(cr, number | 8);
			ck_assert_int_eq(mov_to_cr(lock, 3, false, &cr), -EINVAL);
		}
}
END_TEST

/* ---- stores */

static u64 mask(unsigned int size)
{
	return size == 8 ? ~0ull : (1ull << 8 * size) - 1;
}

static bool high_byte(ZydisRegister r)
{
	return r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
}

/* As the instruction encodes it, without the bit pattern's second meaning. */
static int register_number(ZydisRegister r)
{
	if (high_byte(r))
		return r - ZYDIS_REGISTER_AH;
	if (r >= ZYDIS_REGISTER_SPL && r <= ZYDIS_REGISTER_R15B)
		return r - ZYDIS_REGISTER_SPL + 4;
	return ZydisRegisterGetId(r);
}

static bool is_store(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands)
{
	return z->mnemonic == ZYDIS_MNEMONIC_MOV && z->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       ((z->opcode & 0xfe) == 0x88 || (z->opcode & 0xfe) == 0xc6) &&
	       operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
}

/* False, and one line, when @store is not what Zydis found. */
static bool same_store(const struct rs_insn_store *store, const ZydisDecodedInstruction *z,
		       const ZydisDecodedOperand *operands)
{
	bool immediate = operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	ZydisRegister r;

	if (store->length != z->length || store->size * 8 != operands[0].size ||
	    store->immediate != immediate)
		return false;
	if (store->immediate)
		return ((store->value ^ operands[1].imm.value.u) & mask(store->size)) == 0;
	r = operands[1].reg.value;
	if (store->high != high_byte(r))
		return false;
	return store->gpr == register_number(r);
}

static void complain(const char *what, unsigned int mode, const u8 *bytes, unsigned int count)
{
	char text[3 * 32 + 1] = "";

	for (unsigned int i = 0; i < count && i < 32; i++)
		sprintf(text + 3 * i, "%02x ", bytes[i]);
	ck_abort_msg("%s, %u-bit: %s", what, mode_bits[mode], text);
}

/* Store or not, of which length and with what: Zydis says.  True: it is one. */
static bool check_store(const u8 *bytes, unsigned int count, unsigned int mode)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct rs_insn_store store, part;
	ZydisDecodedInstruction z;
	bool valid, found = store_of(bytes, count, mode, &store);

	valid = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[mode], bytes, count, &z, operands));
	if (found != (valid && is_store(&z, operands)))
		complain(found ? "no store, but taken for one" : "a store, not seen", mode,
			 bytes, count);
	if (!found)
		return false;
	if (!same_store(&store, &z, operands))
		complain("another store", mode, bytes, count);
	for (unsigned int n = 0; n < store.length; n++)
		if (store_of(bytes, n, mode, &part))
			complain("a store cut short", mode, bytes, n);
	return true;
}

/* An opcode with 66h (@set bit 0), 67h (bit 1), REX (bit 2) before it: is it a store? */
static bool check_form(unsigned int mode, unsigned int set, u8 opcode, u8 modrm, u8 sib)
{
	u8 bytes[LONGEST] = { 0 };
	unsigned int n = 0;

	if (set & 1)
		bytes[n++] = 0x66;
	if (set & 2)
		bytes[n++] = 0x67;
	if (set & 4)
		bytes[n++] = 0x40 | (sib & 15);
	bytes[n++] = opcode;
	bytes[n++] = modrm;
	bytes[n++] = sib;
	memcpy(bytes + n, "\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8", 8);
	return check_store(bytes, LONGEST, mode);
}

/* In each mode, with each set of prefixes: how many stores there are. */
static unsigned int check_forms(u8 opcode, u8 modrm, u8 sib)
{
	unsigned int mode, set, stores = 0;

	for (mode = 0; mode < MODES; mode++)
		for (set = 0; set < 8; set++)
			stores += check_form(mode, set, opcode, modrm, sib);
	return stores;
}

START_TEST(every_modrm)
{
	static const u8 opcodes[] = { 0x88, 0x89, 0xc6, 0xc7, 0x8a, 0xa2 };
	unsigned int stores = 0;

	for (size_t o = 0; o < ARRAY_SIZE(opcodes); o++)
		for (unsigned int modrm = 0; modrm < 256; modrm++)
			for (unsigned int sib = 0; sib < 256; sib += 51)
				stores += check_forms(opcodes[o], modrm, sib);
	ck_assert_uint_gt(stores, 40000);
}
END_TEST

START_TEST(every_sib)
{
	for (unsigned int sib = 0; sib < 256; sib++)
		for (unsigned int mod = 0; mod < 3; mod++)
			/* REX is INC or DEC, and no store, in two of the modes */
			ck_assert_uint_eq(check_forms(0xc7, mod << 6 | 4, sib), 16);
}
END_TEST

START_TEST(store_values)
{
	static const struct {
		const char *bytes;
		unsigned int count, mode, size;
		u64 value;
	} cases[] = {
		{ "\xc6\x00\x80", 3, MODE64, 1, 0x80 },
		{ "\x66\xc7\x00\x01\x80", 5, MODE64, 2, 0x8001 },
		{ "\xc7\x00\x01\x00\x00\x80", 6, MODE64, 4, 0x80000001 },
		{ "\x48\xc7\x00\x01\x00\x00\x80", 7, MODE64, 8, 0xffffffff80000001 },
		{ "\x66\x48\xc7\x00\xff\xff\xff\x7f", 8, MODE64, 8, 0x7fffffff },
		{ "\xc7\x07\x34\x12", 4, MODE16, 2, 0x1234 },
		{ "\x66\xc7\x07\x78\x56\x34\x12", 7, MODE16, 4, 0x12345678 },
		{ "\x66\xc7\x00\x34\x12", 5, MODE32, 2, 0x1234 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rs_insn_store store;

		ck_assert(store_of(cases[i].bytes, cases[i].count, cases[i].mode, &store));
		ck_assert(store.immediate);
		ck_assert_uint_eq(store.length, cases[i].count);
		ck_assert_uint_eq(store.size, cases[i].size);
		ck_assert_uint_eq(store.value, cases[i].value);
	}
}
END_TEST

/* 88 24 24: AH; with a REX, any REX, it is SPL. */
START_TEST(high_bytes)
{
	struct rs_insn_store store;

	ck_assert(store_of("\x88\x24\x24", 3, MODE64, &store));
	ck_assert(store.high);
	ck_assert_uint_eq(store.gpr, 0);
	ck_assert(store_of("\x40\x88\x24\x24", 4, MODE64, &store));
	ck_assert(!store.high);
	ck_assert_uint_eq(store.gpr, 4);
	ck_assert(store_of("\x40\x2e\x88\x24\x24", 5, MODE64, &store));
	ck_assert(store.high);
	ck_assert(store_of("\x44\x88\x3c\x24", 4, MODE64, &store));
	ck_assert_uint_eq(store.gpr, 15);
	ck_assert(store_of("\x89\x24\x24", 3, MODE32, &store));
	ck_assert(!store.high);
	ck_assert_uint_eq(store.gpr, 4);
}
END_TEST

START_TEST(store_length_limit)
{
	for (unsigned int prefixes = 0; prefixes < 16; prefixes++) {
		struct rs_insn_store store;
		u8 bytes[32] = { 0 };
		unsigned int length = prefixes + 6;	/* C7 00 and 4 bytes */

		memset(bytes, 0x3e, prefixes);
		bytes[prefixes] = 0xc7;
		ck_assert_int_eq(store_of(bytes, sizeof(bytes), MODE64, &store),
				 length <= LONGEST);
	}
}
END_TEST

/* ---- random bytes */

static u32 rnd(u32 below)
{
	u64 x = seed += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (u32)((x ^ x >> 31) >> 32) % below;
}

/* Prefixes, something that begins like what we know, and anything. */
static void random_bytes(u8 bytes[LONGEST], unsigned int mode)
{
	unsigned int prefixes = rnd(2) ? rnd(4) : rnd(LONGEST), n;
	const u8 stores[] = { 0x88, 0x89, 0xc6, 0xc7 };

	for (n = 0; n < LONGEST; n++)
		bytes[n] = rnd(256);
	for (n = 0; n < prefixes; n++)
		bytes[n] = mode == MODE64 && !rnd(3) ? 0x40 | rnd(16) :
			   legacy_prefixes[rnd(ARRAY_SIZE(legacy_prefixes))];
	if (!rnd(8))
		return;
	if (rnd(2)) {
		bytes[n++] = stores[rnd(4)];
		if (n < LONGEST && rnd(2))
			bytes[n] &= 0xc7;
	} else {
		size_t i = rnd(ARRAY_SIZE(instructions));

		for (unsigned int k = 0; k < instructions[i].count - (i >= RS_INSN_MOV_TO_CR) &&
		     n < LONGEST; k++)
			bytes[n++] = instructions[i].bytes[k];
	}
}

static bool has_prefix(const ZydisDecodedInstruction *z, u8 value)
{
	for (unsigned int i = 0; i < z->raw.prefix_count; i++)
		if (z->raw.prefixes[i].value == value)
			return true;
	return false;
}

/* Which of instructions[] Zydis found. */
static int known(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *operands)
{
	if (z->mnemonic == ZYDIS_MNEMONIC_MOV) {
		if (z->opcode_map != ZYDIS_OPCODE_MAP_0F || (z->opcode & ~2) != 0x20)
			return -1;
		return z->opcode == 0x22 ? RS_INSN_MOV_TO_CR : RS_INSN_MOV_FROM_CR;
	}
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
		if (z->mnemonic == instructions[i].mnemonic)
			return i;
	return -1;
}

/* Whatever Zydis knows we measure alike; what it takes for something else, we do not know. */
static int check_length(const u8 *bytes, unsigned int count, unsigned int mode)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	unsigned int cr;
	int found, gpr;
	bool to;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[mode], bytes, count, &z, operands)))
		return -1;		/* the CPU takes no exit but #UD */
	found = known(&z, operands);
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		unsigned int length = length_of(bytes, count, mode == MODE64,
						instructions[i].insn);

		if (length != ((int)i == found ? z.length : 0))
			complain(ZydisMnemonicGetString(instructions[i].mnemonic), mode, bytes,
				 count);
	}
	if (found < RS_INSN_MOV_TO_CR)
		return found;
	to = found == RS_INSN_MOV_TO_CR;
	gpr = mov_cr(bytes, count, mode == MODE64, found, &cr);
	if (gpr != register_number(operands[to].reg.value) ||
	    (int)cr != (has_prefix(&z, 0xf0) ? 8 : ZydisRegisterGetId(operands[!to].reg.value)))
		complain("another MOV of CR", mode, bytes, count);
	return found;
}

START_TEST(random_instructions)
{
	unsigned int seen[ARRAY_SIZE(instructions)][MODES] = { 0 };
	unsigned int stores[MODES] = { 0 };

	for (unsigned int i = 0; i < 500000; i++) {
		unsigned int mode = rnd(MODES), count = rnd(4) ? LONGEST : rnd(LONGEST + 1);
		u8 bytes[LONGEST];
		int found;

		random_bytes(bytes, mode);
		stores[mode] += check_store(bytes, count, mode);
		found = check_length(bytes, count, mode);
		if (found >= 0)
			seen[found][mode]++;
	}
	for (unsigned int m = 0; m < MODES; m++) {
		ck_assert_uint_gt(stores[m], 1000);
		for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
			ck_assert_uint_gt(seen[i][m], 100);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		plain, every_prefix, rex, too_long, prefixes_only, pause_is_no_nop,
		control_registers, from_control_registers, every_modrm, every_sib, store_values,
		high_bytes, store_length_limit, random_instructions,
	};

	return run_suite("insn", tests, ARRAY_SIZE(tests), setup);
}
