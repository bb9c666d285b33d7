// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls (TLFS "Hypercall Interface"): a table of codes, the registers of a 64-bit and a
 * 32-bit caller, and the handlers.  The VP's owner runs it, process context.
 *
 * HvPostMessage and HvSignalEvent are not in the table yet, nor announced.  A call whose input
 * is not guest memory has HV_STATUS_INVALID_ALIGNMENT, as the TLFS has for pointers out of the
 * GPA space.
 */
#include <linux/sched.h>

#include "hv.h"
#include "hypercall_parse.h"
#include "trace.h"

#define CR0_PE			BIT_ULL(0)
#define IPI_VECTOR_MIN		16u

struct hypercall_entry {
	struct rs_hypercall_form form;
	u16 (*handle)(struct rs_vp *vp, const struct rs_hypercall *call);
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
static u16 handle_flush(struct rs_vp *vp, const struct rs_hypercall *call)
{
	return flush(vp, call->words[1], call->words[2]);
}

/* words: address space, flags, set format, set banks, first bank */
static u16 handle_flush_ex(struct rs_vp *vp, const struct rs_hypercall *call)
{
	u64 mask = 0;
	u16 status = HV_STATUS_SUCCESS;

	if (!(call->words[1] & HV_FLUSH_ALL_PROCESSORS))
		status = rs_hypercall_vp_set(call->words[2], call->words[3], call->varhead,
					     call->words[4], &mask);
	return status ? status : flush(vp, call->words[1], mask);
}

/* @head: vector in bits 31:0, target VTL in 39:32, which must be this one: 0 */
static u16 send_ipi(struct rs_vp *vp, u64 head, u64 mask)
{
	struct rs_vp *target;
	u32 vector = head;
	u32 i;

	if (vector < IPI_VECTOR_MIN || vector > 255 || head >> 32)
		return HV_STATUS_INVALID_PARAMETER;
	for (i = 0; i < vp->partition->vp_count; i++) {
		target = mask & BIT_ULL(i) ? rs_partition_vp(vp->partition, i) : NULL;
		if (target)
			rs_vp_post(target, vector, false);
	}
	return HV_STATUS_SUCCESS;
}

/* words: head, processor mask */
static u16 handle_ipi(struct rs_vp *vp, const struct rs_hypercall *call)
{
	return send_ipi(vp, call->words[0], call->words[1]);
}

/* words: head, set format, set banks, first bank */
static u16 handle_ipi_ex(struct rs_vp *vp, const struct rs_hypercall *call)
{
	u64 mask = 0;
	u16 status = rs_hypercall_vp_set(call->words[1], call->words[2], call->varhead,
					 call->words[3], &mask);

	return status ? status : send_ipi(vp, call->words[0], mask);
}

/* The holder of the lock may be a VP that waits for this CPU. */
static u16 handle_long_spin(struct rs_vp *vp, const struct rs_hypercall *call)
{
	schedule();
	return HV_STATUS_SUCCESS;
}

static const struct hypercall_entry table[] = {
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, 0,
	    sizeof(struct hv_flush_virtual_address_space) }, handle_flush },
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST, RS_HYPERCALL_REP,
	    sizeof(struct hv_flush_virtual_address_space), sizeof(u64) }, handle_flush },
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, RS_HYPERCALL_VARHEAD,
	    sizeof(struct hv_flush_virtual_address_space_ex) }, handle_flush_ex },
	{ { HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX, RS_HYPERCALL_REP | RS_HYPERCALL_VARHEAD,
	    sizeof(struct hv_flush_virtual_address_space_ex), sizeof(u64) }, handle_flush_ex },
	{ { HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, 0,
	    sizeof(struct hv_send_cluster_ipi) }, handle_ipi },
	{ { HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX, RS_HYPERCALL_VARHEAD,
	    sizeof(struct hv_send_cluster_ipi_ex) }, handle_ipi_ex },
	{ { HV_CALL_NOTIFY_LONG_SPIN_WAIT, 0, sizeof(u64) }, handle_long_spin },
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

static u16 call_entry(struct rs_vp *vp, const struct hypercall_entry *entry,
		      struct rs_hypercall *call)
{
	u16 status;

	if (!entry)
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	status = rs_hypercall_parse(&entry->form, call);
	if (status)
		return status;
	if (!(call->control & HV_HYPERCALL_FAST) &&
	    rs_gpa_read(vp->partition, call->input, call->words, call->copy))
		return HV_STATUS_INVALID_ALIGNMENT;
	return entry->handle(vp, call);
}

/**
 * rs_hypercall() - the guest executed its hypercall instruction
 * @vp: owner only; its result registers are written
 *
 * Return: 0, or -EPERM: the guest gets #UD and nothing has changed
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
	/* a rep call does all of its elements or fails before the first */
	set_result(&vp->regs, wide,
		   status | (status ? 0 : HV_HYPERCALL_REPS_DONE(call.reps)));
	trace_rs_hypercall(vp->partition->id, vp->index, HV_HYPERCALL_CODE(call.control),
			   call.control & HV_HYPERCALL_FAST, call.reps, status);
	return 0;
}
