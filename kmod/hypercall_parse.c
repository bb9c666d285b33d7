// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks the form of a hypercall, in the order in which the TLFS reports what is wrong
 * ("Hypercall Interface", "Hypercall Status Codes").  Pure.
 */
#include "hypercall_parse.h"

#define FAST_BYTES		(RS_HYPERCALL_FAST_WORDS * 8u)
#define XMM_BYTES		16u
#define RESERVED		(HV_HYPERCALL_RSVD | HV_HYPERCALL_NESTED)

static bool is_fast(const struct rs_hypercall *call)
{
	return call->control & HV_HYPERCALL_FAST;
}

/* A simple call has no repetitions; a rep call has some, and starts within them. */
static bool reps_valid(const struct rs_hypercall_form *form, const struct rs_hypercall *call)
{
	if (!(form->flags & RS_HYPERCALL_REP))
		return !call->reps && !call->start;
	return call->start < call->reps;
}

static u32 output_size(const struct rs_hypercall_form *form, const struct rs_hypercall *call)
{
	return form->flags & RS_HYPERCALL_REP ? form->out * call->reps : form->out;
}

/* Eight bytes aligned, and within one page. */
static bool pointer_valid(u64 gpa, u32 size)
{
	return !size || (!(gpa % 8) && gpa % HV_PAGE_SIZE + size <= HV_PAGE_SIZE);
}

static u16 check_pointers(const struct rs_hypercall *call, u32 out)
{
	return pointer_valid(call->input, call->size) && pointer_valid(call->output, out) ?
	       HV_STATUS_SUCCESS : HV_STATUS_INVALID_ALIGNMENT;
}

/* Output begins in the first XMM register, or pair of the others, that holds no input. */
static u16 check_registers(struct rs_hypercall *call, u32 out)
{
	u32 used = (call->size + XMM_BYTES - 1) / XMM_BYTES * XMM_BYTES;

	call->fast_out = used / 8;
	return call->size <= FAST_BYTES && (!out || used + out <= FAST_BYTES) ?
	       HV_STATUS_SUCCESS : HV_STATUS_INVALID_HYPERCALL_INPUT;
}

/**
 * rs_hypercall_parse() - check a call against its form
 * @form: what its code demands
 * @call: control, input and output are set; the rest is filled in
 *
 * Return: HV_STATUS_SUCCESS, _INVALID_HYPERCALL_INPUT or _INVALID_ALIGNMENT
 */
u16 rs_hypercall_parse(const struct rs_hypercall_form *form, struct rs_hypercall *call)
{
	u32 out;

	call->varhead = HV_HYPERCALL_VARHEAD(call->control);
	call->reps = HV_HYPERCALL_REP_COUNT(call->control);
	call->start = HV_HYPERCALL_REP_START(call->control);
	call->copy = form->header + (call->varhead ? 8 : 0);
	call->elements = form->header + call->varhead * 8u;
	call->size = call->elements + (u32)call->reps * form->element;
	out = output_size(form, call);
	if (call->control & RESERVED || !reps_valid(form, call))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (call->varhead && !(form->flags & RS_HYPERCALL_VARHEAD))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	return is_fast(call) ? check_registers(call, out) : check_pointers(call, out);
}

static unsigned int count_bits(u64 value)
{
	unsigned int n;

	for (n = 0; value; n++)
		value &= value - 1;
	return n;
}

/**
 * rs_hypercall_vp_set() - VPs of an HV_VP_SET
 * @format:      enum hv_generic_set_format
 * @valid_banks: bit n: 64 VPs from 64 * n are given
 * @banks:       words of variable header that the caller passed
 * @bank0:       the first of them
 * @mask:        VPs 0..63; no others exist, and sets may name VPs that do not exist
 *
 * Return: HV_STATUS_SUCCESS; HV_STATUS_INVALID_HYPERCALL_INPUT when as many banks are not
 * there as are said to be; HV_STATUS_INVALID_PARAMETER for an unknown format
 */
u16 rs_hypercall_vp_set(u64 format, u64 valid_banks, u16 banks, u64 bank0, u64 *mask)
{
	switch (format) {
	case HV_GENERIC_SET_ALL:
		*mask = ~0ull;
		return HV_STATUS_SUCCESS;
	case HV_GENERIC_SET_SPARSE_4K:
		*mask = valid_banks & 1 ? bank0 : 0;
		return count_bits(valid_banks) == banks ? HV_STATUS_SUCCESS :
							  HV_STATUS_INVALID_HYPERCALL_INPUT;
	default:
		return HV_STATUS_INVALID_PARAMETER;
	}
}
