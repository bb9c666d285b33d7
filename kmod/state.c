// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the layer above may ask of a VP that does not run: registers, XSAVE area,
 * local APIC, a page walk.  Each owns the VP meanwhile or fails with -EBUSY.
 */
#include <linux/slab.h>
#include <asm/fpu/api.h>

#include "hv.h"

static int get_one(struct rs_vp *vp, struct vid_register *r)
{
	return rs_vp_get_register(vp, r->name, &r->value);
}

/* Each of @count registers in turn, up to the first that fails. */
static int each_register(struct rs_vp *vp, struct vid_register *registers, u32 count,
			 int (*act)(struct rs_vp *vp, struct vid_register *r))
{
	int err = 0;
	u32 i;

	if (!rs_vp_own(vp))
		return -EBUSY;
	for (i = 0; i < count && !err; i++)
		err = registers[i].mbz ? -EINVAL : act(vp, &registers[i]);
	rs_vp_disown(vp);
	return err;
}

/**
 * rs_vp_get_registers() - as VID_GET_REGISTERS
 * @vp:        the VP
 * @registers: names; values are filled in
 * @count:     how many
 *
 * Return: 0, -EBUSY, -EINVAL.
 */
int rs_vp_get_registers(struct rs_vp *vp, struct vid_register *registers, u32 count)
{
	return each_register(vp, registers, count, get_one);
}
EXPORT_SYMBOL_GPL(rs_vp_get_registers);

static int set_one(struct rs_vp *vp, struct vid_register *r)
{
	return rs_vp_set_register(vp, r->name, &r->value);
}

/**
 * rs_vp_set_registers() - as VID_SET_REGISTERS
 * @vp:        the VP
 * @registers: names and values; not changed
 * @count:     how many
 *
 * Return: 0, -EBUSY, -EINVAL; what came before the bad one is set.
 */
int rs_vp_set_registers(struct rs_vp *vp, struct vid_register *registers, u32 count)
{
	return each_register(vp, registers, count, set_one);
}
EXPORT_SYMBOL_GPL(rs_vp_set_registers);

/**
 * rs_vp_translate() - as VID_TRANSLATE_GVA
 * @vp:        the VP
 * @translate: address and flags; the result is filled in
 *
 * Return: 0 (the walk's result is in @translate), -EBUSY, -EINVAL.
 */
int rs_vp_translate(struct rs_vp *vp, struct vid_translate_gva *translate)
{
	struct rs_walk walk;

	if (translate->flags & ~(HV_TRANSLATE_GVA_VALIDATE_READ |
				 HV_TRANSLATE_GVA_VALIDATE_WRITE |
				 HV_TRANSLATE_GVA_VALIDATE_EXECUTE |
				 HV_TRANSLATE_GVA_PRIVILEGE_EXEMPT))
		return -EINVAL;
	if (!rs_vp_own(vp))
		return -EBUSY;
	rs_gva_translate(vp, translate->gva, translate->flags, &walk);
	rs_vp_disown(vp);
	translate->gpa = walk.gpa;
	translate->result = walk.result;
	translate->error_code = walk.error_code;
	return 0;
}
EXPORT_SYMBOL_GPL(rs_vp_translate);

/**
 * rs_vp_access_apic() - as VID_ACCESS_APIC
 * @vp:     the VP
 * @access: offset and direction; the value written, or filled in
 *
 * Return: 0, -EBUSY, -EINVAL.
 */
int rs_vp_access_apic(struct rs_vp *vp, struct vid_apic_access *access)
{
	int err;

	if (access->write > 1 || access->mbz)
		return -EINVAL;
	if (!rs_vp_own(vp))
		return -EBUSY;
	if (access->write)
		err = rs_lapic_write(&vp->lapic, access->offset, access->value);
	else
		err = rs_lapic_read(&vp->lapic, access->offset, &access->value);
	rs_vp_disown(vp);
	return err;
}
EXPORT_SYMBOL_GPL(rs_vp_access_apic);

/**
 * rs_vp_get_lapic() - as VID_GET_VP_STATE with VID_VP_STATE_LAPIC
 * @vp:    the VP
 * @state: filled in
 *
 * Return: 0, -EBUSY.
 */
int rs_vp_get_lapic(struct rs_vp *vp, struct vid_lapic_state *state)
{
	if (!rs_vp_own(vp))
		return -EBUSY;
	memset(state, 0, sizeof(*state));
	rs_vp_receive(vp);		/* what waits in the mailbox belongs to the state */
	rs_lapic_get_state(&vp->lapic, state->regs, &state->timer_remaining);
	state->apic_base = vp->lapic.base;
	state->tsc_deadline = vp->lapic.tsc_deadline;
	rs_vp_disown(vp);
	return 0;
}
EXPORT_SYMBOL_GPL(rs_vp_get_lapic);

/**
 * rs_vp_set_lapic() - as VID_SET_VP_STATE with VID_VP_STATE_LAPIC
 * @vp:    the VP
 * @state: checked here
 *
 * Return: 0, -EBUSY, -EINVAL.
 */
int rs_vp_set_lapic(struct rs_vp *vp, const struct vid_lapic_state *state)
{
	int err;

	if (state->mbz)
		return -EINVAL;
	if (!rs_vp_own(vp))
		return -EBUSY;
	err = rs_lapic_set_state(&vp->lapic, state->regs, state->apic_base,
				 state->tsc_deadline, state->timer_remaining);
	rs_vp_disown(vp);
	return err;
}
EXPORT_SYMBOL_GPL(rs_vp_set_lapic);

/**
 * rs_xsave_size() - bytes of the XSAVE area, standard format, of what guests may use
 *
 * Return: that size, at least 576.
 */
u32 rs_xsave_size(void)
{
	u32 eax, ebx, ecx, edx, size = 576, i;
	u64 features = rs_xcr0_supported();

	for (i = 2; i < 63; i++) {
		if (!(features & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		size = max(size, ebx + eax);
	}
	return size;
}
EXPORT_SYMBOL_GPL(rs_xsave_size);

/**
 * rs_vp_get_xsave() - as VID_GET_VP_STATE with VID_VP_STATE_XSAVE
 * @vp:     the VP
 * @buffer: takes the area
 * @size:   the buffer's, bytes: at least rs_xsave_size()
 *
 * Return: 0, -EBUSY.
 */
int rs_vp_get_xsave(struct rs_vp *vp, void *buffer, u32 size)
{
	if (!rs_vp_own(vp))
		return -EBUSY;
	fpu_copy_guest_fpstate_to_uabi(&vp->fpu, buffer, size, rs_xcr0_supported(), 0);
	rs_vp_disown(vp);
	return 0;
}
EXPORT_SYMBOL_GPL(rs_vp_get_xsave);

/* The bits that say what the area holds must be ours to load (SDM1 §13.12). */
static bool xsave_valid(const union fpregs_state *state)
{
	const struct xstate_header *header = &state->xsave.header;

	return !(header->xfeatures & ~rs_xcr0_supported() || header->xcomp_bv ||
		 memchr_inv(header->reserved, 0, sizeof(header->reserved)));
}

/**
 * rs_vp_set_xsave() - as VID_SET_VP_STATE with VID_VP_STATE_XSAVE
 * @vp:     the VP
 * @buffer: an area in the standard format
 * @size:   the buffer's, bytes: at least rs_xsave_size()
 *
 * Return: 0, -EBUSY, -EINVAL.
 */
int rs_vp_set_xsave(struct rs_vp *vp, const void *buffer, u32 size)
{
	u32 pkru;			/* not a guest's feature: ignored */
	int err;

	if (size < rs_xsave_size() || !xsave_valid(buffer))
		return -EINVAL;
	if (!rs_vp_own(vp))
		return -EBUSY;
	err = fpu_copy_uabi_to_guest_fpstate(&vp->fpu, buffer, rs_xcr0_supported(), &pkru);
	rs_vp_disown(vp);
	return err;
}
EXPORT_SYMBOL_GPL(rs_vp_set_xsave);
