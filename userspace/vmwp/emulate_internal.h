/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the instruction emulator share.  An instruction is carried out
 * on a copy of the registers (next); places are resolved, with every check and
 * translation, before anything is read or written, so that a fault has no effect.
 */
#ifndef VMWP_EMULATE_INTERNAL_H
#define VMWP_EMULATE_INTERNAL_H

#include <Zydis/Zydis.h>

#include "emulate.h"

enum {
	EMULATE_CF	= 1 << 0,
	EMULATE_PF	= 1 << 2,
	EMULATE_AF	= 1 << 4,
	EMULATE_ZF	= 1 << 6,
	EMULATE_SF	= 1 << 7,
	EMULATE_DF	= 1 << 10,
	EMULATE_OF	= 1 << 11,
	EMULATE_RF	= 1 << 16,
	EMULATE_VM	= 1 << 17,
};

enum { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI };

#define EMULATE_OPERAND_MAX	16u	/* bytes: an XMM register */

/* Up to 16 bytes of memory in one page or two. */
struct emulate_span {
	uint64_t gpa[2];
	unsigned int size[2];
};

/* Where an operand's value is. */
struct emulate_place {
	const ZydisDecodedOperand *operand;
	struct emulate_span span;	/* of a memory operand */
	unsigned int size;		/* bytes */
};

/* The last translation of each kind of access; good within one instruction. */
struct emulate_translation {
	bool valid;
	uint64_t page;
	uint64_t gpa;
};

struct emulation {
	struct emulate_cpu *cpu;	/* changes only when something is complete */
	struct emulate_cpu next;
	const struct emulate_ops *ops;
	void *ctx;
	struct emulate_fault *fault;
	struct emulate_translation translations[2];	/* READ, WRITE */
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/* One operation of the arithmetic unit; inputs are cut to the operand's size. */
struct emulate_alu {
	unsigned int bits;		/* 8, 16, 32, 64 */
	uint64_t flags;			/* in and out */
};

typedef uint64_t emulate_alu_op(struct emulate_alu *alu, uint64_t a, uint64_t b);

/**
 * struct emulate_form - how a mnemonic is carried out
 * @mnemonic: Zydis's
 * @detail:   meaning depends on @run
 * @run:      decoded operands to changes in next; EMULATE_OK commits them
 * @op:       what it computes, for those that compute
 */
struct emulate_form {
	ZydisMnemonic mnemonic;
	unsigned int detail;
	enum emulate_result (*run)(struct emulation *e, const struct emulate_form *form);
	emulate_alu_op *op;
};

/* emulate_alu.c */
uint64_t emulate_mask(unsigned int bits);
uint64_t emulate_sign_extend(uint64_t value, unsigned int bits);
bool emulate_condition(uint64_t flags, unsigned int code);
emulate_alu_op emulate_add, emulate_adc, emulate_sub, emulate_sbb, emulate_and, emulate_or,
	emulate_xor, emulate_inc, emulate_dec, emulate_neg, emulate_not, emulate_shl, emulate_shr,
	emulate_sar, emulate_rol, emulate_ror, emulate_rcl, emulate_rcr, emulate_bt, emulate_bts,
	emulate_btr, emulate_btc;

/* emulate_memory.c */
bool emulate_is_64bit(const struct emulate_cpu *cpu);
enum emulate_result emulate_exception(struct emulation *e, uint8_t vector, bool has_error);
uint64_t emulate_address(const struct emulation *e, const ZydisDecodedOperand *operand);
enum emulate_result emulate_resolve(struct emulation *e, ZydisRegister segment, uint64_t offset,
				    unsigned int size, enum hv_intercept_access access,
				    unsigned int alignment, struct emulate_span *span);
void emulate_span_read(struct emulation *e, const struct emulate_span *span, void *bytes);
void emulate_span_write(struct emulation *e, const struct emulate_span *span, const void *bytes);

/* emulate_operand.c */
uint64_t emulate_register_get(const struct emulation *e, unsigned int n, unsigned int size);
void emulate_register_set(struct emulation *e, unsigned int n, unsigned int size, uint64_t value);
enum emulate_result emulate_place_at(struct emulation *e, unsigned int index,
				     enum hv_intercept_access access, int64_t displacement,
				     struct emulate_place *place);
enum emulate_result emulate_place(struct emulation *e, unsigned int index,
				  enum hv_intercept_access access, struct emulate_place *place);
enum emulate_result emulate_load(struct emulation *e, const struct emulate_place *place,
				 uint64_t *value);
void emulate_store(struct emulation *e, const struct emulate_place *place, uint64_t value);

/* emulate_string.c, emulate_vector.c */
enum emulate_result emulate_run_string(struct emulation *e, const struct emulate_form *form);
enum emulate_result emulate_run_port(struct emulation *e, const struct emulate_form *form);
enum emulate_result emulate_run_vector(struct emulation *e, const struct emulate_form *form);

#endif
