// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls about virtual processors: their registers, their start, their names (TLFS
 * "Virtual Processors").  A partition may name only itself.
 */
#include "hypercall.h"

/* Whom the input means; HV_STATUS_*. */
static u16 find_target(struct rs_vp *vp, u64 partition_id, u32 index, u8 vtl,
		       struct rs_vp **target)
{
	if (partition_id != HV_PARTITION_ID_SELF)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (!rs_hypercall_vtl_valid(vtl))
		return HV_STATUS_INVALID_PARAMETER;
	*target = index == HV_VP_INDEX_SELF ? vp : rs_partition_vp(vp->partition, index);
	return *target ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_VP_INDEX;
}

static u16 on_target(struct rs_vp *vp, struct rs_vp *target,
		     u16 (*function)(struct rs_vp *target, void *argument), void *argument)
{
	u16 status;

	return rs_vp_call(vp, target, function, argument, &status) ? RS_CALL_AGAIN : status;
}

/* ---- registers */

static u16 get_register(struct rs_vp *target, void *argument)
{
	struct hv_register_assoc *r = argument;

	return rs_vp_get_register(target, r->name, &r->value) ? HV_STATUS_INVALID_PARAMETER :
								HV_STATUS_SUCCESS;
}

static bool register_exists(struct rs_vp *target, u32 name)
{
	union hv_register_value value;

	return !rs_vp_get_register(target, name, &value);
}

static u16 set_register(struct rs_vp *target, void *argument)
{
	const struct hv_register_assoc *r = argument;

	if (!rs_vp_set_register(target, r->name, &r->value))
		return HV_STATUS_SUCCESS;
	return register_exists(target, r->name) ? HV_STATUS_INVALID_REGISTER_VALUE :
						  HV_STATUS_INVALID_PARAMETER;
}

static u16 for_register(struct rs_vp *vp, const struct rs_hypercall *call,
			u16 (*function)(struct rs_vp *target, void *argument),
			struct hv_register_assoc *r)
{
	const struct hv_vp_registers *head = (const void *)call->words;
	struct rs_vp *target;
	u16 status = find_target(vp, head->partition_id, head->vp_index, head->target_vtl,
				 &target);

	if (!status && memchr_inv(head->reserved, 0, sizeof(head->reserved)))
		status = HV_STATUS_INVALID_PARAMETER;
	return status ? status : on_target(vp, target, function, r);
}

/* HvCallGetVpRegisters: an element is a name. */
u16 rs_call_get_register(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in,
			 u64 *out)
{
	struct hv_register_assoc r = { .name = in[0] };
	u16 status = for_register(vp, call, get_register, &r);

	memcpy(out, &r.value, sizeof(r.value));
	return status;
}

/*
 * HvCallSetVpRegisters.  A VP that moves its own RIP has it moved on by the length of the
 * hypercall instruction afterwards, as it has after every call.
 */
u16 rs_call_set_register(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in,
			 u64 *out)
{
	struct hv_register_assoc r;

	memcpy(&r, in, sizeof(r));
	if (memchr_inv(r.reserved, 0, sizeof(r.reserved)))
		return HV_STATUS_INVALID_PARAMETER;
	return for_register(vp, call, set_register, &r);
}

/* ---- HvCallStartVirtualProcessor */

struct start_register {
	u32 name;
	u16 offset;			/* in struct hv_initial_vp_context */
	u8 size;
};

#define START(name, field)							\
	{ name, offsetof(struct hv_initial_vp_context, field),			\
	  sizeof_field(struct hv_initial_vp_context, field) }

/* EFER and CR4 before CR0: paging is on only once they are set. */
static const struct start_register start_registers[] = {
	START(HV_X64_REGISTER_EFER, efer),
	START(HV_X64_REGISTER_CR4, cr4),
	START(HV_X64_REGISTER_CR3, cr3),
	START(HV_X64_REGISTER_CR0, cr0),
	START(HV_X64_REGISTER_PAT, msr_cr_pat),
	START(HV_X64_REGISTER_CS, cs),
	START(HV_X64_REGISTER_DS, ds),
	START(HV_X64_REGISTER_ES, es),
	START(HV_X64_REGISTER_FS, fs),
	START(HV_X64_REGISTER_GS, gs),
	START(HV_X64_REGISTER_SS, ss),
	START(HV_X64_REGISTER_TR, tr),
	START(HV_X64_REGISTER_LDTR, ldtr),
	START(HV_X64_REGISTER_IDTR, idtr),
	START(HV_X64_REGISTER_GDTR, gdtr),
	START(HV_X64_REGISTER_RSP, rsp),
	START(HV_X64_REGISTER_RFLAGS, rflags),
	START(HV_X64_REGISTER_RIP, rip),
};

static u16 start(struct rs_vp *target, void *argument)
{
	const u8 *context = argument;
	union hv_register_value value;
	unsigned int i;

	if (!(target->activity & RS_ACTIVITY_WAIT_SIPI))
		return HV_STATUS_INVALID_VP_STATE;
	for (i = 0; i < ARRAY_SIZE(start_registers); i++) {
		const struct start_register *r = &start_registers[i];

		memset(&value, 0, sizeof(value));
		memcpy(&value, context + r->offset, r->size);
		if (rs_vp_set_register(target, r->name, &value)) {
			rs_vp_reset(target);
			return HV_STATUS_INVALID_REGISTER_VALUE;
		}
	}
	target->activity &= ~RS_ACTIVITY_WAIT_SIPI;
	return HV_STATUS_SUCCESS;
}

u16 rs_call_start_vp(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	struct hv_start_virtual_processor *in = (void *)call->words;
	struct rs_vp *target;
	u16 status = find_target(vp, in->partition_id, in->vp_index, in->target_vtl, &target);

	if (!status && memchr_inv(in->reserved, 0, sizeof(in->reserved)))
		status = HV_STATUS_INVALID_PARAMETER;
	return status ? status : on_target(vp, target, start, &in->context);
}

/* ---- HvCallGetVpIndexFromApicId: an element is an APIC ID, which is the VP's index here */

u16 rs_call_vp_index(struct rs_vp *vp, const struct rs_hypercall *call, const u64 *in, u64 *out)
{
	const struct hv_get_vp_index_from_apic_id *head = (const void *)call->words;
	u32 apic_id = in[0];

	if (head->partition_id != HV_PARTITION_ID_SELF)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (!rs_hypercall_vtl_valid(head->target_vtl) ||
	    memchr_inv(head->reserved, 0, sizeof(head->reserved)) ||
	    !rs_partition_vp(vp->partition, apic_id))
		return HV_STATUS_INVALID_PARAMETER;
	out[0] = apic_id;
	return HV_STATUS_SUCCESS;
}
