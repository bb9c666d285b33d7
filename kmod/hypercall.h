/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the table of hypercalls (hypercall.c) and the files that have their handlers.  A
 * handler runs in the VP's owner, process context, after the call's form was checked.
 */
#ifndef ROOTSTOCK_HYPERCALL_H
#define ROOTSTOCK_HYPERCALL_H

#include "hv.h"
#include "hypercall_parse.h"

/* The largest element of a list, and output of one. */
#define RS_ELEMENT_WORDS	4u
#define RS_OUTPUT_WORDS		2u

/* Instead of a status: nothing was done, the guest is to execute the call again. */
#define RS_CALL_AGAIN		0xffffu

/* hypercall_vp.c: simple calls; header in call->words.  HV_STATUS_* */
u16 rs_call_start_vp(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out);
/* and rep calls: one element, @in RS_ELEMENT_WORDS words */
u16 rs_call_get_register(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in,
			 u64 *out);
u16 rs_call_set_register(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in,
			 u64 *out);
u16 rs_call_vp_index(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in,
		     u64 *out);

/* port.c */
u16 rs_call_post_message(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out);
u16 rs_call_signal_event(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out);

#endif
