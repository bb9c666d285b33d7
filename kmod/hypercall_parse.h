/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The form of hypercalls: what is checked before a handler runs (TLFS "Hypercall
 * Interface").  Pure.
 */
#ifndef ROOTSTOCK_HYPERCALL_PARSE_H
#define ROOTSTOCK_HYPERCALL_PARSE_H

#include "rs_types.h"
#include "tlfs.h"

#define RS_HYPERCALL_REP	BIT(0)		/* takes a list of elements */
#define RS_HYPERCALL_VARHEAD	BIT(1)		/* header has a variable part */

/* Fixed header of the longest call (HvPostMessage), and a word of variable header. */
#define RS_HYPERCALL_WORDS	33

/* What registers hold of a fast call: RDX, R8, XMM0 to XMM5 (TLFS "Hypercall Inputs"). */
#define RS_HYPERCALL_GPR_WORDS	2u
#define RS_HYPERCALL_FAST_WORDS	14u

/**
 * struct rs_hypercall_form - what a call code demands
 * @code:    enum hv_call
 * @flags:   RS_HYPERCALL_*
 * @header:  bytes of its fixed input, a multiple of 8
 * @element: bytes of a list element, 0 without RS_HYPERCALL_REP
 * @out:     bytes of output: of each element with RS_HYPERCALL_REP, else of the call
 */
struct rs_hypercall_form {
	u16 code;
	u8 flags;
	u8 element;
	u16 header;
	u8 out;
};

/**
 * struct rs_hypercall - one call
 * @control:  hypercall input value
 * @input:    GPA of the input, or the first word of fast input
 * @output:   GPA of the output, or the second word of fast input
 * @varhead:  words of variable header
 * @reps:     elements, 0 for a simple call
 * @start:    first element to do
 * @done:     elements that are done, those before @start included
 * @copy:     bytes of input that go into @words: the fixed header, and the first word of
 *            the variable one, which is all that RS_MAX_VPS needs
 * @elements: where in the input the list begins, bytes
 * @size:     bytes of input, the list included
 * @fast_out: first word of @fast that takes output
 * @words:    input, once copied
 * @fast:     of a fast call: input, and behind it output
 */
struct rs_hypercall {
	u64 control;
	u64 input;
	u64 output;
	u16 varhead;
	u16 reps;
	u16 start;
	u16 done;
	u16 copy;
	u16 elements;
	u32 size;
	u16 fast_out;
	u64 words[RS_HYPERCALL_WORDS];
	u64 fast[RS_HYPERCALL_FAST_WORDS];
};

/* HV_STATUS_*; on success all but @done, @words and @fast is set. */
u16 rs_hypercall_parse(const struct rs_hypercall_form *form, struct rs_hypercall *call);

/* VPs of an HV_VP_SET whose banks are @banks words, of which @bank0 is the first. */
u16 rs_hypercall_vp_set(u64 format, u64 valid_banks, u16 banks, u64 bank0, u64 *mask);

/* HV_INPUT_VTL names the one trust level there is. */
static inline bool rs_hypercall_vtl_valid(u8 vtl)
{
	return !(vtl & ~HV_INPUT_VTL_USE);
}

#endif
