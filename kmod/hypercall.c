// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls (TLFS "Hypercall Interface"): a table of codes, the registers of a 64-bit and a
 * 32-bit caller, lists that go on where they stopped, and the handlers that need no file of
 * their own.  The VP's owner runs it, process context.
 *
 * A call whose input or output is not guest memory has HV_STATUS_INVALID_ALIGNMENT, as the TLFS
 * has for pointers out of the GPA space.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "hypercall.h"
#include "trace.h"

#define CR0_PE			BIT_ULL(0)
#define IPI_VECTOR_MIN		16u
/* Registers from XMM0 on that hold what RDX and R8 do not. */
#define XMM_COUNT		((RS_HYPERCALL_FAST_WORDS - RS_HYPERCALL_GPR_WORDS) / 2)

/**
 * struct hypercall_entry - what there is to know of a code
 * @form:      see there
 * @privilege: of the partition, EBX << 32 | EAX of HV_CPUID_FEATURES; 0: none is needed
 * @handle:    of a simple call, and of a list whose elements are not looked at
 * @element:   one element of a list; NULL: there is @handle
 */
struct hypercall_entry {
	struct rs_hypercall_form form;
	u64 privilege;
	u16 (*handle)(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out);
	u16 (*element)(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in,
		       u64 *out);
};

/* No translation outlives the call: all of the named VPs' are forgotten, whatever it names. */
static u16 flush(struct rs_vp *vp, u64 flags, u64 mask)
{
	if (flags & ~HV_FLUSH_VALID)
		return HV_STATUS_INVALID_PARAMETER;
	rs_vps_flush_tlb(vp->partition, flags & HV_FLUSH_ALL_PROCESSORS ? ~0ull : mask);
	return HV_STATUS_SUCCESS;
}

/* words: address space, flags, processor mask; elements are not looked at */
static u16 handle_flush(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	return flush(vp, call->words[1], call->words[2]);
}

/* words: address space, flags, set format, set banks, first bank */
static u16 handle_flush_ex(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	u64 mask = 0;
	u16 status = HV_STATUS_SUCCESS;

	if (!(call->words[1] & HV_FLUSH_ALL_PROCESSORS))
		status = rs_hypercall_vp_set(call->words[2], call->words[3], call->varhead,
					     call->words[4], &mask);
	return status ? status : flush(vp, call->words[1], mask);
}

/* @head: vector in bits 31:0, target VTL in 39:32 */
static u16 send_ipi(struct rs_vp *vp, u64 head, u64 mask)
{
	struct rs_vp *target;
	u32 vector = head;
	u32 i;

	if (vector < IPI_VECTOR_MIN || vector > 255 || head >> 40 ||
	    !rs_hypercall_vtl_valid(head >> 32))
		return HV_STATUS_INVALID_PARAMETER;
	for (i = 0; i < vp->partition->vp_count; i++) {
		target = mask & BIT_ULL(i) ? rs_partition_vp(vp->partition, i) : NULL;
		if (target)
			rs_vp_post(target, vector, false);
	}
	return HV_STATUS_SUCCESS;
}

/* words: head, processor mask */
static u16 handle_ipi(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	return send_ipi(vp, call->words[0], call->words[1]);
}

/* words: head, set format, set banks, first bank */
static u16 handle_ipi_ex(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	u64 mask = 0;
	u16 status = rs_hypercall_vp_set(call->words[1], call->words[2], call->varhead,
					 call->words[3], &mask);

	return status ? status : send_ipi(vp, call->words[0], mask);
}

/* The holder of the lock may be a VP that waits for this CPU. */
static u16 handle_long_spin(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	rs_vp_yield(vp);
	return HV_STATUS_SUCCESS;
}

/* There is no extended capability. */
static u16 handle_capabilities(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	*out = 0;
	return HV_STATUS_SUCCESS;
}

#define EBX(bits)	((u64)(bits) << 32)

static const struct hypercall_entry table[] = {
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, 0, 0,
	    sizeof(struct hv_flush_virtual_address_space) }, 0, handle_flush },
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST, RS_HYPERCALL_REP, sizeof(u64),
	    sizeof(struct hv_flush_virtual_address_space) }, 0, handle_flush },
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, RS_HYPERCALL_VARHEAD, 0,
	    sizeof(struct hv_flush_virtual_address_space_ex) }, 0, handle_flush_ex },
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, RS_HYPERCALL_REP | RS_HYPERCALL_VARHEAD,
	    sizeof(u64), sizeof(struct hv_flush_virtual_address_space_ex) }, 0,
	  handle_flush_ex },
	{ { HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, 0, 0,
	    sizeof(struct hv_send_cluster_ipi) }, 0, handle_ipi },
	{ { HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX, RS_HYPERCALL_VARHEAD, 0,
	    sizeof(struct hv_send_cluster_ipi_ex) }, 0, handle_ipi_ex },
	{ { HV_CALL_SIGNAL_EVENT, 0, 0, sizeof(struct hv_signal_event) },
	  EBX(HV_SIGNAL_EVENTS), rs_call_signal_event },
	{ { HV_CALL_POST_MESSAGE, 0, 0, sizeof(struct hv_post_message) },
	  EBX(HV_POST_MESSAGES), rs_call_post_message },
	{ { HV_CALL_NOTIFY_LONG_SPIN_WAIT, 0, 0, sizeof(u64) }, 0, handle_long_spin },
	{ { HV_CALL_GET_VP_REGISTERS, RS_HYPERCALL_REP, sizeof(u32),
	    sizeof(struct hv_vp_registers), sizeof(union hv_register_value) },
	  EBX(HV_ACCESS_VP_REGISTERS), NULL, rs_call_get_register },
	{ { HV_CALL_SET_VP_REGISTERS, RS_HYPERCALL_REP, sizeof(struct hv_register_assoc),
	    sizeof(struct hv_vp_registers) },
	  EBX(HV_ACCESS_VP_REGISTERS), NULL, rs_call_set_register },
	{ { HV_CALL_START_VIRTUAL_PROCESSOR, 0, 0,
	    sizeof(struct hv_start_virtual_processor) },
	  EBX(HV_START_VIRTUAL_PROCESSOR), rs_call_start_vp },
	{ { HV_CALL_GET_VP_INDEX_FROM_APIC_ID, RS_HYPERCALL_REP, sizeof(u32),
	    sizeof(struct hv_get_vp_index_from_apic_id), sizeof(u32) },
	  EBX(HV_START_VIRTUAL_PROCESSOR), NULL, rs_call_vp_index },
	{ { HV_EXT_CALL_QUERY_CAPABILITIES, 0, 0, 0, sizeof(u64) },
	  EBX(HV_ENABLE_EXTENDED_HYPERCALLS), handle_capabilities },
};

static const struct hypercall_entry *find(u16 code)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].form.code == code)
			return &table[i];
	return NULL;
}

/* #UD from user mode, real mode, and before the guest has said who it is. */
static bool allowed(struct rs_vp *vp)
{
	return rs_vp_reg64(vp, HV_X64_REGISTER_CR0) & CR0_PE && !rs_vp_cpl(vp) &&
	       READ_ONCE(vp->partition->guest_os_id) &&
	       READ_ONCE(vp->partition->hypercall) & HV_MSR_ENABLE;
}

static u64 register_pair(const struct rs_regs *regs, enum rs_gpr high, enum rs_gpr low)
{
	return regs->gpr[high] << 32 | (u32)regs->gpr[low];
}

/* TLFS "Hypercall Inputs": RCX, RDX, R8; or EDX:EAX, EBX:ECX, EDI:ESI. */
static void get_registers(const struct rs_regs *regs, bool wide, struct rs_hypercall *call)
{
	call->control = wide ? regs->gpr[RS_RCX] : register_pair(regs, RS_RDX, RS_RAX);
	call->input = wide ? regs->gpr[RS_RDX] : register_pair(regs, RS_RBX, RS_RCX);
	call->output = wide ? regs->gpr[RS_R8] : register_pair(regs, RS_RDI, RS_RSI);
}

/* RAX, or EDX:EAX. */
static void set_result(struct rs_regs *regs, bool wide, u64 result)
{
	regs->gpr[RS_RAX] = wide ? result : (u32)result;
	if (!wide)
		regs->gpr[RS_RDX] = result >> 32;
}

/* The next element of a list waits while something else has to be done. */
static bool must_stop(struct rs_vp *vp)
{
	return need_resched() || signal_pending(current) || READ_ONCE(vp->requests);
}

static bool is_fast(const struct rs_hypercall *call)
{
	return call->control & HV_HYPERCALL_FAST;
}

/* @offset: in the input, bytes.  False when it is not guest memory. */
static bool get_input(struct rs_vp *vp, const struct rs_hypercall *call, u32 offset, void *to,
		      u32 size)
{
	if (!is_fast(call))
		return !size ||
		       !rs_gpa_read(vp->partition, call->input + offset, to, size);
	memcpy(to, (const u8 *)call->fast + offset, size);
	return true;
}

static bool put_output(struct rs_vp *vp, struct rs_hypercall *call, u32 offset, const void *from,
		       u32 size)
{
	if (!is_fast(call))
		return !size ||
		       !rs_gpa_write(vp->partition, call->output + offset, from, size);
	memcpy((u8 *)&call->fast[call->fast_out] + offset, from, size);
	return true;
}

static u16 do_element(struct rs_vp *vp, const struct hypercall_entry *entry,
		      struct rs_hypercall *call, u16 i)
{
	const struct rs_hypercall_form *form = &entry->form;
	u64 in[RS_ELEMENT_WORDS] = { }, out[RS_OUTPUT_WORDS] = { };
	u16 status;

	if (!get_input(vp, call, call->elements + (u32)i * form->element, in, form->element))
		return HV_STATUS_INVALID_ALIGNMENT;
	status = entry->element(vp, call, in, out);
	if (!status && !put_output(vp, call, (u32)i * form->out, out, form->out))
		status = HV_STATUS_INVALID_ALIGNMENT;
	return status;
}

/* As much of the list as can be done now; call->done says how far it came. */
static u16 do_list(struct rs_vp *vp, const struct hypercall_entry *entry,
		   struct rs_hypercall *call)
{
	u16 status;

	for (call->done = call->start; call->done < call->reps; call->done++) {
		if (call->done != call->start && must_stop(vp))
			return RS_CALL_AGAIN;
		status = do_element(vp, entry, call, call->done);
		if (status)
			return status;
	}
	return HV_STATUS_SUCCESS;
}

static u16 do_simple(struct rs_vp *vp, const struct hypercall_entry *entry,
		     struct rs_hypercall *call)
{
	u64 out[RS_OUTPUT_WORDS] = { };
	u16 status = entry->handle(vp, call, out);

	if (!status && !put_output(vp, call, 0, out, entry->form.out))
		status = HV_STATUS_INVALID_ALIGNMENT;
	if (!status)
		call->done = call->reps;
	return status;
}

/* Fast input and output live in RDX, R8 and six XMM registers. */
static bool uses_xmm(const struct hypercall_entry *entry, const struct rs_hypercall *call)
{
	return is_fast(call) && (call->size > RS_HYPERCALL_GPR_WORDS * 8 || entry->form.out);
}

static u16 do_call(struct rs_vp *vp, const struct hypercall_entry *entry,
		   struct rs_hypercall *call)
{
	bool xmm = uses_xmm(entry, call);
	u16 status;

	call->fast[0] = call->input;
	call->fast[1] = call->output;
	if (xmm)
		rs_vp_read_xmm(vp, &call->fast[RS_HYPERCALL_GPR_WORDS], 0, XMM_COUNT);
	if (!get_input(vp, call, 0, call->words, call->copy))
		return HV_STATUS_INVALID_ALIGNMENT;
	status = entry->element ? do_list(vp, entry, call) : do_simple(vp, entry, call);
	if (xmm && entry->form.out)
		rs_vp_write_xmm(vp, &call->fast[RS_HYPERCALL_GPR_WORDS], 0, XMM_COUNT);
	return status;
}

static u16 call_entry(struct rs_vp *vp, const struct hypercall_entry *entry,
		      struct rs_hypercall *call)
{
	u16 status;

	if (!entry)
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	if (entry->privilege & ~vp->partition->privileges)
		return HV_STATUS_ACCESS_DENIED;
	status = rs_hypercall_parse(&entry->form, call);
	return status ? status : do_call(vp, entry, call);
}

/* The same instruction again, its repetitions beginning where they stopped. */
static void set_start(struct rs_regs *regs, bool wide, u64 control, u16 start)
{
	control = (control & ~HV_HYPERCALL_REP_START_MASK) |
		  (u64)start << HV_HYPERCALL_REP_START_SHIFT;
	if (wide) {
		regs->gpr[RS_RCX] = control;
	} else {
		regs->gpr[RS_RAX] = (u32)control;
		regs->gpr[RS_RDX] = control >> 32;
	}
}

/**
 * rs_hypercall() - the guest executed its hypercall instruction
 * @vp: owner only; its result registers are written
 *
 * Return: 0; 1: a list is not done yet, the guest executes the instruction again; -EPERM: the
 * guest gets #UD and nothing has changed
 */
int rs_hypercall(struct rs_vp *vp)
{
	struct rs_hypercall call = { };
	bool wide = rs_vp_64bit(vp);
	u16 status;

	if (!allowed(vp))
		return -EPERM;
	get_registers(&vp->regs, wide, &call);
	status = call_entry(vp, find(HV_HYPERCALL_CODE(call.control)), &call);
	trace_rs_hypercall(vp->partition->id, vp->index, HV_HYPERCALL_CODE(call.control),
			   is_fast(&call), call.done, status);
	if (status == RS_CALL_AGAIN) {
		set_start(&vp->regs, wide, call.control, call.done);
		return 1;
	}
	set_result(&vp->regs, wide, status | HV_HYPERCALL_REPS_DONE(call.done));
	return 0;
}
