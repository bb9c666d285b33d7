// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instruction lengths (SDM2 §2.1, APM3 §1.2): see insn.h.  Pure.
 */
#include "insn.h"

static const struct {
	u8 count;
	u8 bytes[3];
	u8 tail;		/* bytes that follow: ModRM */
} insn_table[] = {
	[RS_INSN_CPUID]		= { 2, { 0x0f, 0xa2 } },
	[RS_INSN_RDMSR]		= { 2, { 0x0f, 0x32 } },
	[RS_INSN_WRMSR]		= { 2, { 0x0f, 0x30 } },
	[RS_INSN_HLT]		= { 1, { 0xf4 } },
	[RS_INSN_PAUSE]		= { 1, { 0x90 } },
	[RS_INSN_VMMCALL]	= { 3, { 0x0f, 0x01, 0xd9 } },
	[RS_INSN_VMCALL]	= { 3, { 0x0f, 0x01, 0xc1 } },
	[RS_INSN_XSETBV]	= { 3, { 0x0f, 0x01, 0xd1 } },
	[RS_INSN_RDPMC]		= { 2, { 0x0f, 0x33 } },
	[RS_INSN_INVD]		= { 2, { 0x0f, 0x08 } },
	[RS_INSN_WBINVD]	= { 2, { 0x0f, 0x09 } },
	[RS_INSN_MOV_TO_CR]	= { 2, { 0x0f, 0x22 }, 1 },
	[RS_INSN_MOV_FROM_CR]	= { 2, { 0x0f, 0x20 }, 1 },
};

struct prefixes {
	unsigned int count;
	u8 rex;
	u8 repeat;		/* F2h or F3h, the last of them */
	bool lock;
	bool operand;		/* 66h */
	bool address;		/* 67h */
};

static bool legacy_prefix(u8 byte, struct prefixes *p)
{
	switch (byte) {
	case 0xf0:
		p->lock = true;
		return true;
	case 0x66:
		p->operand = true;
		return true;
	case 0x67:
		p->address = true;
		return true;
	case 0xf2: case 0xf3:
		p->repeat = byte;
		return true;
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
		return true;
	default:
		return false;
	}
}

/* A REX prefix counts only right before the opcode. */
static struct prefixes skip_prefixes(const u8 *bytes, unsigned int count, bool mode64)
{
	struct prefixes p = { 0 };

	while (p.count < count) {
		u8 byte = bytes[p.count];

		if (mode64 && (byte & 0xf0) == 0x40)
			p.rex = byte;
		else if (legacy_prefix(byte, &p))
			p.rex = 0;
		else
			break;
		p.count++;
	}
	return p;
}

unsigned int rs_insn_length(const u8 *bytes, unsigned int count, bool mode64, enum rs_insn insn)
{
	struct prefixes p = skip_prefixes(bytes, count, mode64);
	unsigned int length = p.count + insn_table[insn].count + insn_table[insn].tail;

	if (length > count || length > 15)
		return 0;
	if (memcmp(bytes + p.count, insn_table[insn].bytes, insn_table[insn].count))
		return 0;
	if (insn == RS_INSN_PAUSE && p.repeat != 0xf3)		/* NOP */
		return 0;
	return length;
}

/* LOCK MOV CR0 is MOV CR8 on AMD (APM3, MOV CRn). */
int rs_insn_mov_cr(const u8 *bytes, unsigned int count, bool mode64, enum rs_insn insn,
		   unsigned int *cr)
{
	struct prefixes p = skip_prefixes(bytes, count, mode64);
	unsigned int length = rs_insn_length(bytes, count, mode64, insn);
	u8 modrm;

	if (!length)
		return -EINVAL;
	modrm = bytes[length - 1];
	*cr = ((modrm >> 3) & 7) | (p.rex & 4 || p.lock ? 8 : 0);
	return (modrm & 7) | (p.rex & 1 ? 8 : 0);
}

/* Bytes of ModRM, SIB and displacement; 0 for a register operand or too few bytes. */
static unsigned int modrm_length(const u8 *bytes, unsigned int count, bool address16)
{
	static const u8 disp16[] = { 0, 1, 2 }, disp32[] = { 0, 1, 4 };
	unsigned int mod, rm;

	if (!count || bytes[0] >> 6 == 3)
		return 0;
	mod = bytes[0] >> 6;
	rm = bytes[0] & 7;
	if (address16)
		return 1 + (mod == 0 && rm == 6 ? 2 : disp16[mod]);
	if (rm == 4) {
		if (count < 2)
			return 0;
		return 2 + (mod == 0 && (bytes[1] & 7) == 5 ? 4 : disp32[mod]);
	}
	return 1 + (mod == 0 && rm == 5 ? 4 : disp32[mod]);
}

static unsigned int operand_size(const struct prefixes *p, unsigned int mode_bits, u8 opcode)
{
	if (!(opcode & 1))
		return 1;
	if (p->rex & 8)
		return 8;
	return (mode_bits == 16) != p->operand ? 2 : 4;
}

static u64 immediate(const u8 *bytes, unsigned int size)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, size, 4); i++)
		value |= (u32)bytes[i] << (8 * i);
	return size == 8 ? (u64)(s64)(s32)value : value;
}

bool rs_insn_store(const u8 *bytes, unsigned int count, unsigned int mode_bits,
		   struct rs_insn_store *store)
{
	struct prefixes p = skip_prefixes(bytes, count, mode_bits == 64);
	bool address16 = mode_bits != 64 && (mode_bits == 16) != p.address;
	unsigned int at = p.count + 1, extra;
	u8 opcode, reg;

	if (at >= count || p.lock)
		return false;
	opcode = bytes[p.count];
	store->immediate = (opcode & 0xfe) == 0xc6;
	if (!store->immediate && (opcode & 0xfe) != 0x88)
		return false;
	extra = modrm_length(bytes + at, count - at, address16);
	reg = (bytes[at] >> 3) & 7;
	if (!extra || (store->immediate && reg))
		return false;
	store->size = operand_size(&p, mode_bits, opcode);
	at += extra;
	if (store->immediate) {
		extra = min_t(unsigned int, store->size, 4);
		if (at + extra > count)
			return false;
		store->value = immediate(bytes + at, store->size);
		at += extra;
	}
	store->high = !store->immediate && store->size == 1 && !p.rex && reg >= 4;
	store->gpr = store->high ? reg - 4 : reg | (p.rex & 4 ? 8 : 0);
	store->length = at;
	return at <= count && at <= 15;
}
