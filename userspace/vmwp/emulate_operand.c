// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction emulator's operands of up to 64 bits: registers, immediates and
 * memory, found first (emulate_place), then loaded and stored.
 *
 * Intel SDM volume 1 §3.4.1 (general registers; in 64-bit mode a 32-bit result
 * clears the upper half).
 *
 * Context: a VP's thread.
 */
#include <string.h>

#include "emulate_internal.h"

#define GPR8_HIGH_FIRST	4u		/* AH CH DH BH come after AL CL DL BL, */
#define GPR8_HIGH_LAST	7u		/* then SPL BPL SIL DIL R8B.. */

/**
 * emulate_register_get() - the low part of a general register
 * @e:    the emulation
 * @n:    RAX RCX RDX RBX RSP RBP RSI RDI R8..R15
 * @size: 1, 2, 4 or 8 bytes
 */
uint64_t emulate_register_get(const struct emulation *e, unsigned int n, unsigned int size)
{
	return e->next.gpr[n & 15] & emulate_mask(size * 8);
}

/**
 * emulate_register_set() - write the low part of a general register
 * @e:     the emulation
 * @n:     which
 * @size:  1 or 2 bytes keep the rest, 4 clear it, 8 are all
 * @value: its low @size bytes count
 */
void emulate_register_set(struct emulation *e, unsigned int n, unsigned int size, uint64_t value)
{
	uint64_t mask = emulate_mask(size * 8);
	uint64_t keep = size < 4 ? e->next.gpr[n & 15] & ~mask : 0;

	e->next.gpr[n & 15] = keep | (value & mask);
}

static bool is_high_byte(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
}

/* Which of the sixteen a register is part of. */
static unsigned int register_number(ZydisRegister reg)
{
	unsigned int id = (unsigned int)ZydisRegisterGetId(reg);

	if (ZydisRegisterGetClass(reg) != ZYDIS_REGCLASS_GPR8 || id < GPR8_HIGH_FIRST)
		return id;
	return id - 4;
}

static bool is_general(ZydisRegister reg)
{
	ZydisRegisterClass class = ZydisRegisterGetClass(reg);

	return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
	       class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

static enum emulate_result place_register(ZydisRegister reg, bool write)
{
	if (is_general(reg))
		return EMULATE_OK;
	if (!write && ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_SEGMENT)
		return EMULATE_OK;
	return EMULATE_UNSUPPORTED;
}

/**
 * emulate_place_at() - find where an operand's value is
 * @e:            the emulation
 * @index:        of the operand
 * @access:       READ, or WRITE if it will be written
 * @displacement: bytes to add to a memory operand's address
 * @place:        the answer
 *
 * Return: EMULATE_OK; EMULATE_FAULT; EMULATE_UNSUPPORTED for what is no general
 * register, immediate, or memory of up to 16 bytes.
 */
enum emulate_result emulate_place_at(struct emulation *e, unsigned int index,
				     enum hv_intercept_access access, int64_t displacement,
				     struct emulate_place *place)
{
	const ZydisDecodedOperand *operand = &e->operands[index];
	bool write = access == HV_INTERCEPT_ACCESS_WRITE;

	place->operand = operand;
	place->size = operand->size / 8u;
	if (!place->size || place->size > EMULATE_OPERAND_MAX)
		return EMULATE_UNSUPPORTED;
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return place_register(operand->reg.value, write);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		return write ? EMULATE_UNSUPPORTED : EMULATE_OK;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		return emulate_resolve(e, operand->mem.segment,
				       emulate_address(e, operand) + (uint64_t)displacement,
				       place->size, access, 1, &place->span);
	default:
		return EMULATE_UNSUPPORTED;
	}
}

/**
 * emulate_place() - find where an operand's value is
 * @e:      the emulation
 * @index:  of the operand
 * @access: READ, or WRITE if it will be written
 * @place:  the answer
 *
 * Return: as emulate_place_at().
 */
enum emulate_result emulate_place(struct emulation *e, unsigned int index,
				  enum hv_intercept_access access, struct emulate_place *place)
{
	return emulate_place_at(e, index, access, 0, place);
}

static enum emulate_result load_selector(struct emulation *e, ZydisRegister reg, uint64_t *value)
{
	struct hv_x64_segment_register seg;
	int n = (int)reg - ZYDIS_REGISTER_ES;

	if (n < 0 || n > 5 || e->ops->segment(e->ctx, HV_X64_REGISTER_ES + n, &seg))
		return EMULATE_UNSUPPORTED;
	*value = seg.selector;
	return EMULATE_OK;
}

static enum emulate_result load_register(struct emulation *e, const struct emulate_place *place,
					 uint64_t *value)
{
	ZydisRegister reg = place->operand->reg.value;

	if (!is_general(reg))
		return load_selector(e, reg, value);
	if (is_high_byte(reg))
		*value = e->next.gpr[reg - ZYDIS_REGISTER_AH] >> 8 & 0xff;
	else
		*value = emulate_register_get(e, register_number(reg), place->size);
	return EMULATE_OK;
}

/**
 * emulate_load() - an operand's value
 * @e:     the emulation
 * @place: where it is, 8 bytes at most
 * @value: the answer; an immediate comes sign-extended
 *
 * Return: EMULATE_OK, or EMULATE_UNSUPPORTED.
 */
enum emulate_result emulate_load(struct emulation *e, const struct emulate_place *place,
				 uint64_t *value)
{
	if (place->size > sizeof(*value))
		return EMULATE_UNSUPPORTED;
	*value = 0;
	switch (place->operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return load_register(e, place, value);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		*value = place->operand->imm.value.u;
		return EMULATE_OK;
	default:
		emulate_span_read(e, &place->span, value);
		return EMULATE_OK;
	}
}

static void store_register(struct emulation *e, const struct emulate_place *place, uint64_t value)
{
	ZydisRegister reg = place->operand->reg.value;
	uint64_t *gpr;

	if (!is_high_byte(reg)) {
		emulate_register_set(e, register_number(reg), place->size, value);
		return;
	}
	gpr = &e->next.gpr[reg - ZYDIS_REGISTER_AH];
	*gpr = (*gpr & ~0xff00ull) | (value & 0xff) << 8;
}

/**
 * emulate_store() - change an operand's value
 * @e:     the emulation
 * @place: where it is, found for WRITE
 * @value: its low bytes count
 */
void emulate_store(struct emulation *e, const struct emulate_place *place, uint64_t value)
{
	if (place->operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
		store_register(e, place, value);
	else
		emulate_span_write(e, &place->span, &value);
}
