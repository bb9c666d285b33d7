/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long an intercepted instruction is, for CPUs that do not say: prefixes are
 * skipped and one expected opcode is compared.  Nothing is emulated here.  Pure.
 */
#ifndef ROOTSTOCK_INSN_H
#define ROOTSTOCK_INSN_H

#include "rs_types.h"

enum rs_insn {
	RS_INSN_CPUID,
	RS_INSN_RDMSR,
	RS_INSN_WRMSR,
	RS_INSN_HLT,
	RS_INSN_PAUSE,
	RS_INSN_VMMCALL,
	RS_INSN_VMCALL,
	RS_INSN_XSETBV,
	RS_INSN_RDPMC,
	RS_INSN_INVD,
	RS_INSN_WBINVD,
	RS_INSN_MOV_TO_CR,
	RS_INSN_MOV_FROM_CR,
};

/* Bytes of @insn at @bytes, 0 when something else is there; @mode64: REX prefixes exist. */
unsigned int rs_insn_length(const u8 *bytes, unsigned int count, bool mode64, enum rs_insn insn);

/* MOV to or from CRn, as @insn says: the general register's number; the other's in @cr. */
int rs_insn_mov_cr(const u8 *bytes, unsigned int count, bool mode64, enum rs_insn insn,
		   unsigned int *cr);

/**
 * struct rs_insn_store - a MOV to memory
 * @length:    bytes
 * @size:      1, 2, 4 or 8 bytes stored
 * @immediate: @value holds them; else general register @gpr (its bits 15:8 when @high)
 */
struct rs_insn_store {
	u8 length;
	u8 size;
	bool immediate;
	bool high;
	u8 gpr;
	u64 value;
};

/* The plain stores that drivers ring doorbells with: 88, 89, C6 /0, C7 /0. */
bool rs_insn_store(const u8 *bytes, unsigned int count, unsigned int mode_bits,
		   struct rs_insn_store *store);

#endif
