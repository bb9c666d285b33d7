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

/* Fixed header of the longest call and one word of variable header: see struct rs_hypercall. */
#define RS_HYPERCALL_WORDS	6

/**
 * struct rs_hypercall_form - what a call code demands
 * @code:    enum hv_call
 * @flags:   RS_HYPERCALL_*
 * @header:  bytes of its fixed input, a multiple of 8
 * @element: bytes of a list element, 0 without RS_HYPERCALL_REP
 */
struct rs_hypercall_form {
	u16 code;
	u8 flags;
	u8 header;
	u8 element;
};

/**
 * struct rs_hypercall - one call
 * @control:  hypercall input value
 * @input:    GPA of the input, or the first word of fast input
 * @output:   GPA of the output, or the second word of fast input
 * @varhead:  words of variable header
 * @reps:     elements, 0 for a simple call
 * @start:    first element to do
 * @copy:     bytes of input that go into @words: the fixed header, and the first word of
 *            the variable one, which is all that RS_MAX_VPS needs
 * @words:    input, once copied
 */
struct rs_hypercall {
	u64 control;
	u64 input;
	u64 output;
	u16 varhead;
	u16 reps;
	u16 start;
	u16 copy;
	u64 words[RS_HYPERCALL_WORDS];
};

/* HV_STATUS_*; on success all but @words is set (words too, for a fast call). */
u16 rs_hypercall_parse(const struct rs_hypercall_form *form, struct rs_hypercall *call);

/* VPs of an HV_VP_SET whose banks are @banks words, of which @bank0 is the first. */
u16 rs_hypercall_vp_set(u64 format, u64 valid_banks, u16 banks, u64 bank0, u64 *mask);

#endif
