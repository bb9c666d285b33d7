// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVM: registers that live in the VMCB, by TLFS name (APM2 appendix B table B-2).
 */
#include "svm/svm.h"

/* ---- attribute bits: 40-47 and 52-55 of a descriptor, packed here, spread in the TLFS */

static u16 attributes_to_hv(u16 a)
{
	return (a & 0xff) | (a & 0xf00) << 4;
}

static u16 attributes_from_hv(u16 a)
{
	return (a & 0xff) | (a & 0xf000) >> 4;
}

static struct vmcb_segment *segment_of(struct vmcb *vmcb, u32 name)
{
	struct vmcb_segment *const table[] = {
		&vmcb->es, &vmcb->cs, &vmcb->ss, &vmcb->ds,
		&vmcb->fs, &vmcb->gs, &vmcb->ldtr, &vmcb->tr,
	};

	return table[name - HV_X64_REGISTER_ES];
}

static void segment_to_hv(const struct vmcb_segment *s, struct hv_x64_segment_register *hv)
{
	hv->base = s->base;
	hv->limit = s->limit;
	hv->selector = s->selector;
	hv->attributes = attributes_to_hv(s->attributes);
}

static int get_segment(struct svm_vp *svm, u32 name, union hv_register_value *value)
{
	segment_to_hv(segment_of(svm->vmcb, name), &value->segment);
	return 0;
}

static int set_segment(struct svm_vp *svm, u32 name, const union hv_register_value *value)
{
	struct vmcb_segment *s = segment_of(svm->vmcb, name);

	s->base = value->segment.base;
	s->limit = value->segment.limit;
	s->selector = value->segment.selector;
	s->attributes = attributes_from_hv(value->segment.attributes);
	if (name == HV_X64_REGISTER_SS)
		svm->vmcb->cpl = HV_SEGMENT_DPL(value->segment.attributes);
	return 0;
}

static int get_table(struct svm_vp *svm, u32 name, union hv_register_value *value)
{
	const struct vmcb_segment *s = name == HV_X64_REGISTER_IDTR ? &svm->vmcb->idtr :
								      &svm->vmcb->gdtr;

	value->table.base = s->base;
	value->table.limit = s->limit;
	return 0;
}

static int set_table(struct svm_vp *svm, u32 name, const union hv_register_value *value)
{
	struct vmcb_segment *s = name == HV_X64_REGISTER_IDTR ? &svm->vmcb->idtr :
								&svm->vmcb->gdtr;

	s->base = value->table.base;
	s->limit = value->table.limit;
	return 0;
}

/* ---- control registers */

/* LMA follows LME and paging (APM2 §14.6); SVME must be set and is not the guest's. */
static void update_efer(struct vmcb *vmcb, u64 efer)
{
	efer &= ~(u64)EFER_LMA;
	if (efer & EFER_LME && vmcb->cr0 & X86_CR0_PG)
		efer |= EFER_LMA;
	vmcb->efer = efer | EFER_SVME;
}

static void set_efer(struct rs_vp *vp, struct vmcb *vmcb, u64 value)
{
	update_efer(vmcb, value);
	svm_flush_tlb(vp);
}

static void set_cr0(struct rs_vp *vp, struct vmcb *vmcb, u64 value)
{
	vmcb->cr0 = value;
	update_efer(vmcb, vmcb->efer);
	svm_flush_tlb(vp);
}

static void set_cr3(struct rs_vp *vp, struct vmcb *vmcb, u64 value)
{
	vmcb->cr3 = value;
	svm_flush_tlb(vp);
}

/*
 * Without MCE a machine check would be the end of the guest, and the host not hear of it.  A guest
 * that has not set it reads its own CR4 by an exit.
 */
static void set_cr4(struct rs_vp *vp, struct vmcb *vmcb, u64 value)
{
	u64 mce = __read_cr4() & ~value & X86_CR4_MCE;

	if ((vmcb->cr4 ^ value) & RS_CR4_FLUSHING)
		svm_flush_tlb(vp);
	vmcb->cr4 = value | mce;
	to_svm(vp)->mce = mce;
	vmcb->intercept_cr_read = mce ? BIT(4) : 0;
}

static void set_dr7(struct rs_vp *vp, struct vmcb *vmcb, u64 value)
{
	vmcb->dr7 = value;
	if (value & 0xff)
		svm_load_debug(to_svm(vp), true);
}

/* Registers of 64 bits: where they are; @set where there is more to do than to store it. */
static const struct save_register {
	u32 name;
	u16 offset;
	void (*set)(struct rs_vp *vp, struct vmcb *vmcb, u64 value);
} save_registers[] = {
	{ HV_X64_REGISTER_CR0, offsetof(struct vmcb, cr0), set_cr0 },
	{ HV_X64_REGISTER_CR2, offsetof(struct vmcb, cr2) },
	{ HV_X64_REGISTER_CR3, offsetof(struct vmcb, cr3), set_cr3 },
	{ HV_X64_REGISTER_CR4, offsetof(struct vmcb, cr4), set_cr4 },
	{ HV_X64_REGISTER_DR6, offsetof(struct vmcb, dr6) },
	{ HV_X64_REGISTER_DR7, offsetof(struct vmcb, dr7), set_dr7 },
	{ HV_X64_REGISTER_EFER, offsetof(struct vmcb, efer), set_efer },
	{ HV_X64_REGISTER_KERNEL_GS_BASE, offsetof(struct vmcb, kernel_gs_base) },
	{ HV_X64_REGISTER_PAT, offsetof(struct vmcb, g_pat) },
	{ HV_X64_REGISTER_SYSENTER_CS, offsetof(struct vmcb, sysenter_cs) },
	{ HV_X64_REGISTER_SYSENTER_EIP, offsetof(struct vmcb, sysenter_eip) },
	{ HV_X64_REGISTER_SYSENTER_ESP, offsetof(struct vmcb, sysenter_esp) },
	{ HV_X64_REGISTER_STAR, offsetof(struct vmcb, star) },
	{ HV_X64_REGISTER_LSTAR, offsetof(struct vmcb, lstar) },
	{ HV_X64_REGISTER_CSTAR, offsetof(struct vmcb, cstar) },
	{ HV_X64_REGISTER_SFMASK, offsetof(struct vmcb, sfmask) },
	{ HV_X64_REGISTER_DEBUG_CTL, offsetof(struct vmcb, debugctl) },
};

static const struct save_register *find_register(u32 name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(save_registers); i++)
		if (save_registers[i].name == name)
			return &save_registers[i];
	return NULL;
}

static u64 *save_word(struct vmcb *vmcb, const struct save_register *r)
{
	return (u64 *)((u8 *)vmcb + r->offset);
}

void svm_get_mode(struct rs_vp *vp, struct rs_mode *mode)
{
	const struct vmcb *vmcb = to_svm(vp)->vmcb;

	mode->cr0 = vmcb->cr0;
	mode->cr3 = vmcb->cr3;
	mode->cr4 = vmcb->cr4 & ~to_svm(vp)->mce;
	mode->efer = vmcb->efer & ~(u64)EFER_SVME;
	segment_to_hv(&vmcb->cs, &mode->cs);
	mode->ss_dpl = HV_SEGMENT_DPL(vmcb->ss.attributes);
}

int svm_get_register(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	struct svm_vp *svm = to_svm(vp);
	const struct save_register *r;

	if (name >= HV_X64_REGISTER_ES && name <= HV_X64_REGISTER_TR)
		return get_segment(svm, name, value);
	if (name == HV_X64_REGISTER_IDTR || name == HV_X64_REGISTER_GDTR)
		return get_table(svm, name, value);
	if (name == HV_X64_REGISTER_TSC_AUX) {
		value->reg64 = svm_get_tsc_aux(svm);
		return 0;
	}
	r = find_register(name);
	if (!r)
		return -EINVAL;
	value->reg64 = *save_word(svm->vmcb, r);
	if (name == HV_X64_REGISTER_EFER)
		value->reg64 &= ~(u64)EFER_SVME;
	if (name == HV_X64_REGISTER_CR4)
		value->reg64 &= ~svm->mce;
	return 0;
}

int svm_set_register(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	struct svm_vp *svm = to_svm(vp);
	const struct save_register *r;

	if (name >= HV_X64_REGISTER_ES && name <= HV_X64_REGISTER_TR)
		return set_segment(svm, name, value);
	if (name == HV_X64_REGISTER_IDTR || name == HV_X64_REGISTER_GDTR)
		return set_table(svm, name, value);
	if (name == HV_X64_REGISTER_TSC_AUX) {
		svm_set_tsc_aux(svm, value->reg64);
		return 0;
	}
	r = find_register(name);
	if (!r)
		return -EINVAL;
	if (r->set)
		r->set(vp, svm->vmcb, value->reg64);
	else
		*save_word(svm->vmcb, r) = value->reg64;
	return 0;
}

void svm_vp_reset(struct rs_vp *vp)
{
	struct svm_vp *svm = to_svm(vp);

	svm->vmcb->eventinj = 0;
	svm_set_blocking(vp, 0);
	svm_load_debug(svm, false);
	svm_flush_tlb(vp);
}
