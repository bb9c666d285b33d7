// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Emulation of one instruction: decoding, the table of what is known, and the
 * forms that compute on general registers and memory.
 *
 * Intel SDM volume 2.  Decoding is Zydis's.  Every form finds its places first,
 * which makes all checks, then loads, computes and stores; the registers change
 * when all has succeeded.  LOCK is accepted where the processor accepts it: device
 * memory has no atomic accesses, and the device lock orders them.  Not done:
 * single-step traps, alignment checks (#AC), VEX and EVEX encodings.
 *
 * Context: a VP's thread.
 */
#include <string.h>

#include <rs_types.h>

#include "emulate_internal.h"

enum move_detail { MOVE_ZERO, MOVE_SIGN, MOVE_SWAP };
enum write_detail { COMPARE_ONLY, WRITE_BACK };

static uint64_t compute(struct emulation *e, emulate_alu_op *op, unsigned int size, uint64_t a,
			uint64_t b)
{
	struct emulate_alu alu = { .bits = size * 8, .flags = e->next.rflags };
	uint64_t result = op(&alu, a & emulate_mask(alu.bits), b & emulate_mask(alu.bits));

	e->next.rflags = alu.flags;
	return result;
}

static enum hv_intercept_access write_if(bool write)
{
	return write ? HV_INTERCEPT_ACCESS_WRITE : HV_INTERCEPT_ACCESS_READ;
}

/* Both operands, with their values: what most forms begin with. */
struct pair {
	struct emulate_place place[2];
	uint64_t value[2];
};

static enum emulate_result load_pair(struct emulation *e, enum hv_intercept_access first,
				     enum hv_intercept_access second, struct pair *pair)
{
	enum emulate_result rc;

	rc = emulate_place(e, 0, first, &pair->place[0]);
	if (!rc)
		rc = emulate_place(e, 1, second, &pair->place[1]);
	if (!rc)
		rc = emulate_load(e, &pair->place[0], &pair->value[0]);
	if (!rc)
		rc = emulate_load(e, &pair->place[1], &pair->value[1]);
	return rc;
}

/* ------------------------------------------------------------------- moving */

static uint64_t convert(uint64_t value, unsigned int size, unsigned int detail)
{
	switch (detail) {
	case MOVE_SIGN:
		return emulate_sign_extend(value, size * 8);
	case MOVE_SWAP:
		return __builtin_bswap64(value) >> (64 - size * 8);
	default:
		return value;
	}
}

static enum emulate_result run_move(struct emulation *e, const struct emulate_form *form)
{
	struct emulate_place to, from;
	uint64_t value;
	enum emulate_result rc;

	rc = emulate_place(e, 0, HV_INTERCEPT_ACCESS_WRITE, &to);
	if (!rc)
		rc = emulate_place(e, 1, HV_INTERCEPT_ACCESS_READ, &from);
	if (!rc)
		rc = emulate_load(e, &from, &value);
	if (rc)
		return rc;
	emulate_store(e, &to, convert(value, from.size, form->detail));
	return EMULATE_OK;
}

/* A conditional move reads its source in any case, and may clear an upper half. */
static enum emulate_result run_cmov(struct emulation *e, const struct emulate_form *form)
{
	struct pair pair;
	enum emulate_result rc;
	bool met;

	rc = load_pair(e, HV_INTERCEPT_ACCESS_WRITE, HV_INTERCEPT_ACCESS_READ, &pair);
	if (rc)
		return rc;
	met = emulate_condition(e->next.rflags, e->insn.opcode);
	emulate_store(e, &pair.place[0], pair.value[met]);
	return EMULATE_OK;
}

static enum emulate_result run_set(struct emulation *e, const struct emulate_form *form)
{
	struct emulate_place to;
	enum emulate_result rc;

	rc = emulate_place(e, 0, HV_INTERCEPT_ACCESS_WRITE, &to);
	if (rc)
		return rc;
	emulate_store(e, &to, emulate_condition(e->next.rflags, e->insn.opcode));
	return EMULATE_OK;
}

static enum emulate_result run_exchange(struct emulation *e, const struct emulate_form *form)
{
	struct pair pair;
	enum emulate_result rc;

	rc = load_pair(e, HV_INTERCEPT_ACCESS_WRITE, HV_INTERCEPT_ACCESS_WRITE, &pair);
	if (rc)
		return rc;
	emulate_store(e, &pair.place[0], pair.value[1]);
	emulate_store(e, &pair.place[1], pair.value[0]);
	return EMULATE_OK;
}

/* Cache control has nothing to do on device memory. */
static enum emulate_result run_nothing(struct emulation *e, const struct emulate_form *form)
{
	return EMULATE_OK;
}

/* --------------------------------------------------------------- arithmetic */

static enum emulate_result run_binary(struct emulation *e, const struct emulate_form *form)
{
	struct pair pair;
	enum emulate_result rc;
	uint64_t result;

	rc = load_pair(e, write_if(form->detail == WRITE_BACK), HV_INTERCEPT_ACCESS_READ, &pair);
	if (rc)
		return rc;
	result = compute(e, form->op, pair.place[0].size, pair.value[0], pair.value[1]);
	if (form->detail == WRITE_BACK)
		emulate_store(e, &pair.place[0], result);
	return EMULATE_OK;
}

static enum emulate_result run_unary(struct emulation *e, const struct emulate_form *form)
{
	struct emulate_place to;
	uint64_t a;
	enum emulate_result rc;

	rc = emulate_place(e, 0, HV_INTERCEPT_ACCESS_WRITE, &to);
	if (!rc)
		rc = emulate_load(e, &to, &a);
	if (rc)
		return rc;
	emulate_store(e, &to, compute(e, form->op, to.size, a, 0));
	return EMULATE_OK;
}

static enum emulate_result run_exchange_add(struct emulation *e, const struct emulate_form *form)
{
	struct pair pair;
	enum emulate_result rc;
	uint64_t sum;

	rc = load_pair(e, HV_INTERCEPT_ACCESS_WRITE, HV_INTERCEPT_ACCESS_WRITE, &pair);
	if (rc)
		return rc;
	sum = compute(e, emulate_add, pair.place[0].size, pair.value[0], pair.value[1]);
	emulate_store(e, &pair.place[1], pair.value[0]);
	emulate_store(e, &pair.place[0], sum);
	return EMULATE_OK;
}

static int64_t bit_displacement(uint64_t bit, unsigned int size)
{
	return (int64_t)emulate_sign_extend(bit, size * 8) >> 3 & -(int64_t)size;
}

/*
 * With a register, the bit may lie anywhere around the operand: the offset is
 * signed and moves the address by whole operands (SDM2, "BT").
 */
static enum emulate_result run_bit(struct emulation *e, const struct emulate_form *form)
{
	enum hv_intercept_access access = write_if(form->detail == WRITE_BACK);
	struct emulate_place to, from;
	int64_t displacement = 0;
	uint64_t a, b, result;
	enum emulate_result rc;

	rc = emulate_place(e, 1, HV_INTERCEPT_ACCESS_READ, &from);
	if (!rc)
		rc = emulate_load(e, &from, &b);
	if (rc)
		return rc;
	if (from.operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
		displacement = bit_displacement(b, from.size);
	rc = emulate_place_at(e, 0, access, displacement, &to);
	if (!rc)
		rc = emulate_load(e, &to, &a);
	if (rc)
		return rc;
	result = compute(e, form->op, to.size, a, b);
	if (form->detail == WRITE_BACK)
		emulate_store(e, &to, result);
	return EMULATE_OK;
}

/* What is compared is written back even when it differs (SDM2, "CMPXCHG"). */
static enum emulate_result run_compare_exchange(struct emulation *e,
						const struct emulate_form *form)
{
	struct emulate_place *to;
	struct pair pair;
	enum emulate_result rc;

	rc = load_pair(e, HV_INTERCEPT_ACCESS_WRITE, HV_INTERCEPT_ACCESS_READ, &pair);
	if (rc)
		return rc;
	to = &pair.place[0];
	compute(e, emulate_sub, to->size, emulate_register_get(e, REG_RAX, to->size),
		pair.value[0]);
	if (e->next.rflags & EMULATE_ZF) {
		emulate_store(e, to, pair.value[1]);
		return EMULATE_OK;
	}
	emulate_store(e, to, pair.value[0]);
	emulate_register_set(e, REG_RAX, to->size, pair.value[0]);
	return EMULATE_OK;
}

static enum emulate_result place_pair(struct emulation *e, struct emulate_place *place)
{
	const ZydisDecodedOperand *operand = &e->operands[0];

	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
		return EMULATE_UNSUPPORTED;
	place->operand = operand;
	place->size = operand->size / 8u;
	if (place->size != 8 && place->size != 16)
		return EMULATE_UNSUPPORTED;
	return emulate_resolve(e, operand->mem.segment, emulate_address(e, operand), place->size,
			       HV_INTERCEPT_ACCESS_WRITE, place->size == 16 ? 16 : 1, &place->span);
}

/* CMPXCHG8B and CMPXCHG16B: [D:A] is compared, [C:B] is stored; only ZF changes. */
static enum emulate_result run_compare_pair(struct emulation *e, const struct emulate_form *form)
{
	uint64_t old[2] = { 0 }, new[2] = { 0 };
	uint8_t bytes[EMULATE_OPERAND_MAX];
	struct emulate_place to;
	unsigned int half;
	enum emulate_result rc;

	rc = place_pair(e, &to);
	if (rc)
		return rc;
	half = to.size / 2;
	emulate_span_read(e, &to.span, bytes);
	memcpy(&old[0], bytes, half);
	memcpy(&old[1], bytes + half, half);
	if (old[0] == emulate_register_get(e, REG_RAX, half) &&
	    old[1] == emulate_register_get(e, REG_RDX, half)) {
		e->next.rflags |= EMULATE_ZF;
		new[0] = emulate_register_get(e, REG_RBX, half);
		new[1] = emulate_register_get(e, REG_RCX, half);
		memcpy(bytes, &new[0], half);
		memcpy(bytes + half, &new[1], half);
	} else {
		e->next.rflags &= ~(uint64_t)EMULATE_ZF;
		emulate_register_set(e, REG_RAX, half, old[0]);
		emulate_register_set(e, REG_RDX, half, old[1]);
	}
	emulate_span_write(e, &to.span, bytes);
	return EMULATE_OK;
}

/* -------------------------------------------------------------------- stack */

/* The width of the stack pointer, which SS tells outside 64-bit mode. */
static enum emulate_result stack_size(struct emulation *e, unsigned int *size)
{
	struct hv_x64_segment_register ss;

	*size = 8;
	if (emulate_is_64bit(e->cpu))
		return EMULATE_OK;
	if (e->ops->segment(e->ctx, HV_X64_REGISTER_SS, &ss))
		return EMULATE_UNSUPPORTED;
	*size = ss.attributes & HV_SEGMENT_DEFAULT ? 4 : 2;
	return EMULATE_OK;
}

/* Moves the stack pointer; outside 64-bit mode the part that wraps is SS's width. */
static void stack_move(struct emulation *e, unsigned int width, int64_t by)
{
	uint64_t rsp = emulate_register_get(e, REG_RSP, width);

	emulate_register_set(e, REG_RSP, width, rsp + (uint64_t)by);
}

static enum emulate_result stack_resolve(struct emulation *e, unsigned int width,
					 unsigned int size, enum hv_intercept_access access,
					 struct emulate_span *span)
{
	ZyanU8 address_width = e->insn.address_width;
	enum emulate_result rc;

	/* An address size prefix does not change the stack's. */
	e->insn.address_width = (ZyanU8)(width * 8);
	rc = emulate_resolve(e, ZYDIS_REGISTER_SS, emulate_register_get(e, REG_RSP, width), size,
			     access, 1, span);
	e->insn.address_width = address_width;
	return rc;
}

static enum emulate_result run_push(struct emulation *e, const struct emulate_form *form)
{
	unsigned int size = e->insn.operand_width / 8u, width;
	struct emulate_place from;
	struct emulate_span stack;
	uint64_t value;
	enum emulate_result rc;

	rc = stack_size(e, &width);
	if (!rc)
		rc = emulate_place(e, 0, HV_INTERCEPT_ACCESS_READ, &from);
	if (rc)
		return rc;
	stack_move(e, width, -(int64_t)size);
	rc = stack_resolve(e, width, size, HV_INTERCEPT_ACCESS_WRITE, &stack);
	if (rc)
		return rc;
	e->next.gpr[REG_RSP] = e->cpu->gpr[REG_RSP];
	rc = emulate_load(e, &from, &value);
	if (rc)
		return rc;
	stack_move(e, width, -(int64_t)size);
	emulate_span_write(e, &stack, &value);
	return EMULATE_OK;
}

/* The destination's address counts with the stack pointer already moved. */
static enum emulate_result run_pop(struct emulation *e, const struct emulate_form *form)
{
	unsigned int size = e->insn.operand_width / 8u, width;
	struct emulate_place to;
	struct emulate_span stack;
	uint64_t value = 0;
	enum emulate_result rc;

	rc = stack_size(e, &width);
	if (!rc)
		rc = stack_resolve(e, width, size, HV_INTERCEPT_ACCESS_READ, &stack);
	if (rc)
		return rc;
	stack_move(e, width, size);
	rc = emulate_place(e, 0, HV_INTERCEPT_ACCESS_WRITE, &to);
	if (rc)
		return rc;
	emulate_span_read(e, &stack, &value);
	emulate_store(e, &to, value);
	return EMULATE_OK;
}

/* -------------------------------------------------------------------- table */

#define M(name)		ZYDIS_MNEMONIC_##name

static const struct emulate_form forms[] = {
	{ M(MOV), MOVE_ZERO, run_move, NULL },
	{ M(MOVNTI), MOVE_ZERO, run_move, NULL },
	{ M(MOVZX), MOVE_ZERO, run_move, NULL },
	{ M(MOVSX), MOVE_SIGN, run_move, NULL },
	{ M(MOVSXD), MOVE_SIGN, run_move, NULL },
	{ M(MOVBE), MOVE_SWAP, run_move, NULL },

	{ M(ADD), WRITE_BACK, run_binary, emulate_add },
	{ M(ADC), WRITE_BACK, run_binary, emulate_adc },
	{ M(SUB), WRITE_BACK, run_binary, emulate_sub },
	{ M(SBB), WRITE_BACK, run_binary, emulate_sbb },
	{ M(AND), WRITE_BACK, run_binary, emulate_and },
	{ M(OR), WRITE_BACK, run_binary, emulate_or },
	{ M(XOR), WRITE_BACK, run_binary, emulate_xor },
	{ M(CMP), COMPARE_ONLY, run_binary, emulate_sub },
	{ M(TEST), COMPARE_ONLY, run_binary, emulate_and },
	{ M(SHL), WRITE_BACK, run_binary, emulate_shl },
	{ M(SHR), WRITE_BACK, run_binary, emulate_shr },
	{ M(SAR), WRITE_BACK, run_binary, emulate_sar },
	{ M(ROL), WRITE_BACK, run_binary, emulate_rol },
	{ M(ROR), WRITE_BACK, run_binary, emulate_ror },
	{ M(RCL), WRITE_BACK, run_binary, emulate_rcl },
	{ M(RCR), WRITE_BACK, run_binary, emulate_rcr },
	{ M(INC), WRITE_BACK, run_unary, emulate_inc },
	{ M(DEC), WRITE_BACK, run_unary, emulate_dec },
	{ M(NEG), WRITE_BACK, run_unary, emulate_neg },
	{ M(NOT), WRITE_BACK, run_unary, emulate_not },
	{ M(BT), COMPARE_ONLY, run_bit, emulate_bt },
	{ M(BTS), WRITE_BACK, run_bit, emulate_bts },
	{ M(BTR), WRITE_BACK, run_bit, emulate_btr },
	{ M(BTC), WRITE_BACK, run_bit, emulate_btc },

	{ M(XCHG), 0, run_exchange, NULL },
	{ M(XADD), 0, run_exchange_add, NULL },
	{ M(CMPXCHG), 0, run_compare_exchange, NULL },
	{ M(CMPXCHG8B), 0, run_compare_pair, NULL },
	{ M(CMPXCHG16B), 0, run_compare_pair, NULL },
	{ M(PUSH), 0, run_push, NULL },
	{ M(POP), 0, run_pop, NULL },

	{ M(CMOVO), 0, run_cmov, NULL }, { M(CMOVNO), 0, run_cmov, NULL },
	{ M(CMOVB), 0, run_cmov, NULL }, { M(CMOVNB), 0, run_cmov, NULL },
	{ M(CMOVZ), 0, run_cmov, NULL }, { M(CMOVNZ), 0, run_cmov, NULL },
	{ M(CMOVBE), 0, run_cmov, NULL }, { M(CMOVNBE), 0, run_cmov, NULL },
	{ M(CMOVS), 0, run_cmov, NULL }, { M(CMOVNS), 0, run_cmov, NULL },
	{ M(CMOVP), 0, run_cmov, NULL }, { M(CMOVNP), 0, run_cmov, NULL },
	{ M(CMOVL), 0, run_cmov, NULL }, { M(CMOVNL), 0, run_cmov, NULL },
	{ M(CMOVLE), 0, run_cmov, NULL }, { M(CMOVNLE), 0, run_cmov, NULL },
	{ M(SETO), 0, run_set, NULL }, { M(SETNO), 0, run_set, NULL },
	{ M(SETB), 0, run_set, NULL }, { M(SETNB), 0, run_set, NULL },
	{ M(SETZ), 0, run_set, NULL }, { M(SETNZ), 0, run_set, NULL },
	{ M(SETBE), 0, run_set, NULL }, { M(SETNBE), 0, run_set, NULL },
	{ M(SETS), 0, run_set, NULL }, { M(SETNS), 0, run_set, NULL },
	{ M(SETP), 0, run_set, NULL }, { M(SETNP), 0, run_set, NULL },
	{ M(SETL), 0, run_set, NULL }, { M(SETNL), 0, run_set, NULL },
	{ M(SETLE), 0, run_set, NULL }, { M(SETNLE), 0, run_set, NULL },

	{ M(CLFLUSH), 0, run_nothing, NULL },
	{ M(CLFLUSHOPT), 0, run_nothing, NULL },
	{ M(CLWB), 0, run_nothing, NULL },
	{ M(PREFETCHNTA), 0, run_nothing, NULL },
	{ M(PREFETCHT0), 0, run_nothing, NULL },
	{ M(PREFETCHT1), 0, run_nothing, NULL },
	{ M(PREFETCHT2), 0, run_nothing, NULL },
	{ M(PREFETCHW), 0, run_nothing, NULL },
};

static const struct emulate_form *find_form(const ZydisDecodedInstruction *insn)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].mnemonic == insn->mnemonic)
			return &forms[i];
	return NULL;
}

static const struct emulate_form string_form = { .run = emulate_run_string };
static const struct emulate_form port_form = { .run = emulate_run_port };
static const struct emulate_form vector_form = { .run = emulate_run_vector };

/* Strings share mnemonics with SSE2 (MOVSD, CMPSD): the category tells them apart. */
static const struct emulate_form *choose_form(const ZydisDecodedInstruction *insn)
{
	const struct emulate_form *form;

	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_STRINGOP:
	case ZYDIS_CATEGORY_IOSTRINGOP:
		return &string_form;
	case ZYDIS_CATEGORY_IO:
		return &port_form;
	default:
		form = find_form(insn);
		return form ? form : &vector_form;
	}
}

/* ----------------------------------------------------------------- decoding */

static bool decode(struct emulation *e, const uint8_t *bytes, size_t count)
{
	bool wide = e->cpu->cs.attributes & HV_SEGMENT_DEFAULT;
	ZydisMachineMode mode = ZYDIS_MACHINE_MODE_LEGACY_32;
	ZydisStackWidth stack = ZYDIS_STACK_WIDTH_32;
	ZydisDecoder decoder;

	if (emulate_is_64bit(e->cpu)) {
		mode = ZYDIS_MACHINE_MODE_LONG_64;
		stack = ZYDIS_STACK_WIDTH_64;
	} else if (!wide) {
		mode = ZYDIS_MACHINE_MODE_LEGACY_16;
		stack = ZYDIS_STACK_WIDTH_16;
	}
	if (ZYAN_FAILED(ZydisDecoderInit(&decoder, mode, stack)))
		return false;
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, &e->insn, e->operands));
}

static bool touches_memory(const struct emulation *e)
{
	for (unsigned int i = 0; i < e->insn.operand_count; i++)
		if (e->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    e->operands[i].mem.type != ZYDIS_MEMOP_TYPE_AGEN)
			return true;
	return false;
}

static void finish(struct emulation *e)
{
	e->next.rip += e->insn.length;
	if (!emulate_is_64bit(e->cpu))
		e->next.rip &= 0xffffffff;
	e->next.rflags &= ~(uint64_t)EMULATE_RF;
	*e->cpu = e->next;
}

/**
 * emulate_instruction() - carry out the instruction in @bytes
 * @cpu:   registers, changed on success, or by the finished part of a REP
 * @bytes: at the instruction pointer
 * @count: how many bytes were fetched (0..15); fewer than the instruction: UNSUPPORTED
 * @ops:   how to reach the rest
 * @ctx:   what those are given
 * @fault: what to inject when the result is EMULATE_FAULT
 *
 * Bytes that touch neither memory nor ports cannot be what was intercepted: another
 * processor changed them, and the VP runs again.
 *
 * Return: enum emulate_result.  Context: the VP's thread.
 */
enum emulate_result emulate_instruction(struct emulate_cpu *cpu, const uint8_t *bytes,
					size_t count, const struct emulate_ops *ops, void *ctx,
					struct emulate_fault *fault)
{
	struct emulation e = { .cpu = cpu, .next = *cpu, .ops = ops, .ctx = ctx, .fault = fault };
	const struct emulate_form *form;
	enum emulate_result rc;

	if (!count || !decode(&e, bytes, count < 15 ? count : 15))
		return EMULATE_UNSUPPORTED;
	form = choose_form(&e.insn);
	if (form != &port_form && !touches_memory(&e))
		return EMULATE_RETRY;
	if (e.insn.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		return EMULATE_UNSUPPORTED;
	rc = form->run(&e, form);
	if (rc == EMULATE_OK)
		finish(&e);
	return rc;
}
