// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction emulator's SSE moves between an XMM register and memory.
 *
 * Intel SDM volume 2 (MOVAPS and its kin).  The processor has checked CR0.TS,
 * CR4.OSFXSR and the like before the access was intercepted.  MMX registers and
 * VEX encodings are not supported.
 *
 * Context: a VP's thread.
 */
#include <string.h>

#include <rs_types.h>

#include "emulate_internal.h"

enum vector_detail {
	VECTOR_PLAIN	= 0,		/* a load clears the rest of the register */
	VECTOR_ALIGNED	= 1 << 0,	/* 16 bytes, else #GP */
	VECTOR_MERGE	= 1 << 1,	/* a load keeps the rest of the register */
	VECTOR_HIGH	= 1 << 2,	/* the upper half is meant */
};

#define M(name)		ZYDIS_MNEMONIC_##name

static const struct {
	ZydisMnemonic mnemonic;
	unsigned int detail;
} vector_moves[] = {
	{ M(MOVAPS), VECTOR_ALIGNED },
	{ M(MOVAPD), VECTOR_ALIGNED },
	{ M(MOVDQA), VECTOR_ALIGNED },
	{ M(MOVNTDQ), VECTOR_ALIGNED },
	{ M(MOVNTDQA), VECTOR_ALIGNED },
	{ M(MOVNTPS), VECTOR_ALIGNED },
	{ M(MOVNTPD), VECTOR_ALIGNED },
	{ M(MOVUPS), VECTOR_PLAIN },
	{ M(MOVUPD), VECTOR_PLAIN },
	{ M(MOVDQU), VECTOR_PLAIN },
	{ M(LDDQU), VECTOR_PLAIN },
	{ M(MOVD), VECTOR_PLAIN },
	{ M(MOVQ), VECTOR_PLAIN },
	{ M(MOVSS), VECTOR_PLAIN },
	{ M(MOVSD), VECTOR_PLAIN },
	{ M(MOVLPS), VECTOR_MERGE },
	{ M(MOVLPD), VECTOR_MERGE },
	{ M(MOVHPS), VECTOR_MERGE | VECTOR_HIGH },
	{ M(MOVHPD), VECTOR_MERGE | VECTOR_HIGH },
};

static int find_move(ZydisMnemonic mnemonic)
{
	for (size_t i = 0; i < ARRAY_SIZE(vector_moves); i++)
		if (vector_moves[i].mnemonic == mnemonic)
			return (int)vector_moves[i].detail;
	return -1;
}

static bool is_xmm(const ZydisDecodedOperand *operand)
{
	return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_XMM;
}

static enum emulate_result resolve_vector(struct emulation *e, const ZydisDecodedOperand *memory,
					  bool write, unsigned int detail,
					  struct emulate_span *span)
{
	unsigned int size = memory->size / 8u;

	if (memory->type != ZYDIS_OPERAND_TYPE_MEMORY || !size || size > EMULATE_OPERAND_MAX)
		return EMULATE_UNSUPPORTED;
	return emulate_resolve(e, memory->mem.segment, emulate_address(e, memory), size,
			       write ? HV_INTERCEPT_ACCESS_WRITE : HV_INTERCEPT_ACCESS_READ,
			       detail & VECTOR_ALIGNED ? 16 : 1, span);
}

static enum emulate_result vector_store(struct emulation *e, unsigned int detail)
{
	unsigned int n = (unsigned int)ZydisRegisterGetId(e->operands[1].reg.value);
	struct emulate_span span;
	enum emulate_result rc;
	uint8_t xmm[16];

	rc = resolve_vector(e, &e->operands[0], true, detail, &span);
	if (rc)
		return rc;
	if (e->ops->xmm_read(e->ctx, n, xmm))
		return EMULATE_UNSUPPORTED;
	emulate_span_write(e, &span, detail & VECTOR_HIGH ? xmm + 8 : xmm);
	return EMULATE_OK;
}

static enum emulate_result vector_load(struct emulation *e, unsigned int detail)
{
	unsigned int n = (unsigned int)ZydisRegisterGetId(e->operands[0].reg.value);
	uint8_t xmm[16] = { 0 };
	struct emulate_span span;
	enum emulate_result rc;

	rc = resolve_vector(e, &e->operands[1], false, detail, &span);
	if (rc)
		return rc;
	if ((detail & VECTOR_MERGE) && e->ops->xmm_read(e->ctx, n, xmm))
		return EMULATE_UNSUPPORTED;
	emulate_span_read(e, &span, detail & VECTOR_HIGH ? xmm + 8 : xmm);
	return e->ops->xmm_write(e->ctx, n, xmm) ? EMULATE_UNSUPPORTED : EMULATE_OK;
}

/**
 * emulate_run_vector() - a move between an XMM register and memory
 * @e:    the emulation
 * @form: unused: the mnemonic tells
 *
 * Return: as emulate_instruction().
 */
enum emulate_result emulate_run_vector(struct emulation *e, const struct emulate_form *form)
{
	int detail = find_move(e->insn.mnemonic);

	if (detail < 0)
		return EMULATE_UNSUPPORTED;
	if (is_xmm(&e->operands[0]))
		return vector_load(e, (unsigned int)detail);
	if (is_xmm(&e->operands[1]))
		return vector_store(e, (unsigned int)detail);
	return EMULATE_UNSUPPORTED;
}
