// SPDX-License-Identifier: GPL-2.0-only
/*
 * VP registers by their TLFS names, and the VP state that travels whole.
 *
 * Registers live in three places: struct rs_vp, the backend's save area, and the
 * files that own them (local APIC, SynIC, MSRs).  One table finds the place.  Owner
 * of the VP only; the exported functions take vp->mutex or fail with -EBUSY.
 */
#include <linux/slab.h>
#include <asm/fpu/xcr.h>

#include "hv.h"

#define RFLAGS_WRITABLE \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | X86_EFLAGS_SF | \
	 X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_IOPL | \
	 X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM | X86_EFLAGS_AC | X86_EFLAGS_VIF | \
	 X86_EFLAGS_VIP | X86_EFLAGS_ID)

u64 rs_rflags_valid(u64 rflags)
{
	return (rflags & RFLAGS_WRITABLE) | X86_EFLAGS_FIXED;
}

void rs_vp_end_shadow(struct rs_vp *vp)
{
	rs_backend->set_blocking(vp, rs_backend->get_blocking(vp) & ~HV_INTERRUPT_SHADOW);
}

/* x87, SSE, AVX and AVX-512, as far as the host's kernel switches them. */
u64 rs_xcr0_supported(void)
{
	u64 known = XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | XFEATURE_MASK_OPMASK |
		    XFEATURE_MASK_ZMM_Hi256 | XFEATURE_MASK_Hi16_ZMM;

	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return XFEATURE_MASK_FPSSE;
	return xgetbv(XCR_XFEATURE_ENABLED_MASK) & known;
}

/* XCR0 by the rules of SDM1 §13.3, of what this host's kernel switches for a guest. */
bool rs_xcr0_valid(u64 xcr0)
{
	u64 host = rs_xcr0_supported();
	u64 avx512 = XFEATURE_MASK_OPMASK | XFEATURE_MASK_ZMM_Hi256 | XFEATURE_MASK_Hi16_ZMM;

	if (!(xcr0 & XFEATURE_MASK_FP) || xcr0 & ~host)
		return false;
	if (xcr0 & XFEATURE_MASK_YMM && !(xcr0 & XFEATURE_MASK_SSE))
		return false;
	return !(xcr0 & avx512) ||
	       ((xcr0 & avx512) == avx512 && xcr0 & XFEATURE_MASK_YMM);
}

/* CR4 bits that depend on a feature: a guest has them only when its CPUID says so. */
static const struct {
	u64 bit;
	u32 leaf;
	u8 reg;		/* 0 EAX, 1 EBX, 2 ECX, 3 EDX */
	u32 feature;
} cr4_features[] = {
	{ X86_CR4_UMIP,		7, 2, BIT(2) },
	{ X86_CR4_FSGSBASE,	7, 1, BIT(0) },
	{ X86_CR4_PCIDE,	1, 2, BIT(17) },
	{ X86_CR4_OSXSAVE,	1, 2, BIT(26) },
	{ X86_CR4_SMEP,		7, 1, BIT(7) },
	{ X86_CR4_SMAP,		7, 1, BIT(20) },
};

u64 rs_cr4_valid(struct rs_vp *vp)
{
	u64 valid = X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE |
		    X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR |
		    X86_CR4_OSXMMEXCPT;
	unsigned int i;
	u32 out[4];

	for (i = 0; i < ARRAY_SIZE(cr4_features); i++) {
		rs_cpuid(vp, cr4_features[i].leaf, 0, out);
		if (out[cr4_features[i].reg] & cr4_features[i].feature)
			valid |= cr4_features[i].bit;
	}
	return valid;
}

/* Memory types that a page attribute table may hold (SDM3 §12.12.2). */
bool rs_pat_valid(u64 pat)
{
	unsigned int i;

	for (i = 0; i < 64; i += 8) {
		u8 type = pat >> i;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

/* ---- registers in struct rs_vp */

static int get_gpr(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = vp->regs.gpr[name - HV_X64_REGISTER_RAX];
	return 0;
}

static int set_gpr(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	vp->regs.gpr[name - HV_X64_REGISTER_RAX] = value->reg64;
	return 0;
}

static int get_rip(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = name == HV_X64_REGISTER_RIP ? vp->regs.rip : vp->regs.rflags;
	return 0;
}

static int set_rip(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	if (name == HV_X64_REGISTER_RIP) {
		vp->regs.rip = value->reg64;
		rs_vp_end_shadow(vp);
		return 0;
	}
	if (value->reg64 & ~(u64)(RFLAGS_WRITABLE | X86_EFLAGS_FIXED))
		return -EINVAL;
	vp->regs.rflags = rs_rflags_valid(value->reg64);
	return 0;
}

static int get_xmm(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	rs_vp_read_xmm(vp, &value->reg128.low, name - HV_X64_REGISTER_XMM0, 1);
	return 0;
}

static int set_xmm(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	rs_vp_write_xmm(vp, &value->reg128.low, name - HV_X64_REGISTER_XMM0, 1);
	return 0;
}

static int get_cr8(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = rs_lapic_get_cr8(&vp->lapic);
	return 0;
}

static int set_cr8(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	if (value->reg64 > 15)
		return -EINVAL;
	rs_lapic_set_cr8(&vp->lapic, value->reg64);
	return 0;
}

static int get_xfem(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = vp->xcr0;
	return 0;
}

static int set_xfem(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	if (!rs_xcr0_valid(value->reg64))
		return -EINVAL;
	vp->xcr0 = value->reg64;
	return 0;
}

static int get_dr(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = vp->dr[name - HV_X64_REGISTER_DR0];
	return 0;
}

static int set_dr(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	vp->dr[name - HV_X64_REGISTER_DR0] = value->reg64;
	return 0;
}

/* ---- registers that are MSRs of the guest too */

static const struct {
	u32 name;
	u32 last;
	u32 msr;
} msr_names[] = {
	{ HV_X64_REGISTER_TSC, HV_X64_REGISTER_TSC, MSR_IA32_TSC },
	{ HV_X64_REGISTER_APIC_BASE, HV_X64_REGISTER_APIC_BASE, MSR_IA32_APICBASE },
	{ HV_X64_REGISTER_TSC_ADJUST, HV_X64_REGISTER_TSC_ADJUST, MSR_IA32_TSC_ADJUST },
	{ HV_REGISTER_GUEST_OS_ID, HV_REGISTER_GUEST_OS_ID, HV_X64_MSR_GUEST_OS_ID },
	{ HV_REGISTER_HYPERCALL, HV_REGISTER_HYPERCALL, HV_X64_MSR_HYPERCALL },
	{ HV_REGISTER_VP_RUNTIME, HV_REGISTER_VP_RUNTIME, HV_X64_MSR_VP_RUNTIME },
	{ HV_REGISTER_VP_INDEX, HV_REGISTER_VP_INDEX, HV_X64_MSR_VP_INDEX },
	{ HV_REGISTER_TIME_REF_COUNT, HV_REGISTER_TIME_REF_COUNT, HV_X64_MSR_TIME_REF_COUNT },
	{ HV_REGISTER_VP_ASSIST_PAGE, HV_REGISTER_VP_ASSIST_PAGE, HV_X64_MSR_VP_ASSIST_PAGE },
	{ HV_REGISTER_REFERENCE_TSC, HV_REGISTER_REFERENCE_TSC, HV_X64_MSR_REFERENCE_TSC },
	{ HV_REGISTER_SINT0, HV_REGISTER_SINT15, HV_X64_MSR_SINT0 },
	{ HV_REGISTER_SCONTROL, HV_REGISTER_EOM, HV_X64_MSR_SCONTROL },
	{ HV_REGISTER_STIMER0_CONFIG, HV_REGISTER_STIMER3_COUNT, HV_X64_MSR_STIMER0_CONFIG },
	{ HV_REGISTER_GUEST_CRASH_P0, HV_REGISTER_GUEST_CRASH_CTL, HV_X64_MSR_CRASH_P0 },
};

static u32 msr_of(u32 name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msr_names); i++)
		if (name >= msr_names[i].name && name <= msr_names[i].last)
			return msr_names[i].msr + (name - msr_names[i].name);
	return 0;
}

static int get_msr(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	return rs_rdmsr(vp, msr_of(name), &value->reg64);
}

static int set_msr(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	int err = rs_wrmsr(vp, msr_of(name), value->reg64);

	return err > 0 ? 0 : err;
}

/* ---- state of the VP itself */

static int get_activity(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = (vp->activity & RS_ACTIVITY_WAIT_SIPI ? HV_ACTIVITY_STARTUP_SUSPEND : 0) |
		       (vp->activity & RS_ACTIVITY_HALTED ? HV_ACTIVITY_HALT_SUSPEND : 0) |
		       (vp->activity & RS_ACTIVITY_IDLE ? HV_ACTIVITY_IDLE_SUSPEND : 0);
	return 0;
}

static int set_activity(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	u64 v = value->reg64;

	if (v & ~(HV_ACTIVITY_STARTUP_SUSPEND | HV_ACTIVITY_HALT_SUSPEND |
		  HV_ACTIVITY_IDLE_SUSPEND))
		return -EINVAL;
	vp->activity = (v & HV_ACTIVITY_STARTUP_SUSPEND ? RS_ACTIVITY_WAIT_SIPI : 0) |
		       (v & HV_ACTIVITY_HALT_SUSPEND ? RS_ACTIVITY_HALTED : 0) |
		       (v & HV_ACTIVITY_IDLE_SUSPEND ? RS_ACTIVITY_IDLE : 0);
	return 0;
}

static int get_blocking(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = rs_backend->get_blocking(vp);
	return 0;
}

static int set_blocking(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	if (value->reg64 & ~(HV_INTERRUPT_SHADOW | HV_INTERRUPT_NMI_MASKED))
		return -EINVAL;
	rs_backend->set_blocking(vp, value->reg64);
	return 0;
}

static int get_pending(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	const struct rs_event *e = &vp->event;

	if (e->valid)
		value->reg64 = HV_PENDING_INTERRUPTION | (u64)e->type << 1 |
			       (e->has_error ? HV_PENDING_INTERRUPTION_ERROR : 0) |
			       (u64)e->vector << 16 | (u64)e->error << 32;
	return 0;
}

static bool pending_valid(u64 v)
{
	u32 type = HV_PENDING_INTERRUPTION_TYPE(v);
	u32 vector = HV_PENDING_INTERRUPTION_VECTOR(v);

	if (v & 0xffe0)
		return false;
	if (type == HV_INTERRUPTION_NMI)
		return vector == 2;
	return type == HV_INTERRUPTION_EXCEPTION && vector < 32 && vector != 2;
}

static int set_pending(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	u64 v = value->reg64;

	if (!(v & HV_PENDING_INTERRUPTION)) {
		if (v)
			return -EINVAL;
		vp->event.valid = false;
		return 0;
	}
	if (!pending_valid(v))
		return -EINVAL;
	vp->event = (struct rs_event){
		.valid = true,
		.has_error = v & HV_PENDING_INTERRUPTION_ERROR,
		.type = HV_PENDING_INTERRUPTION_TYPE(v),
		.vector = HV_PENDING_INTERRUPTION_VECTOR(v),
		.error = v >> 32,
	};
	return 0;
}

static int get_constant(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	value->reg64 = vp->index;
	return 0;
}

static int set_constant(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	return value->reg64 == vp->index ? 0 : -EINVAL;
}

static const struct {
	u32 first;
	u32 last;
	int (*get)(struct rs_vp *vp, u32 name, union hv_register_value *value);
	int (*set)(struct rs_vp *vp, u32 name, const union hv_register_value *value);
} register_table[] = {
	{ HV_X64_REGISTER_RAX, HV_X64_REGISTER_R15, get_gpr, set_gpr },
	{ HV_X64_REGISTER_RIP, HV_X64_REGISTER_RFLAGS, get_rip, set_rip },
	{ HV_X64_REGISTER_XMM0, HV_X64_REGISTER_XMM15, get_xmm, set_xmm },
	{ HV_X64_REGISTER_CR8, HV_X64_REGISTER_CR8, get_cr8, set_cr8 },
	{ HV_X64_REGISTER_XFEM, HV_X64_REGISTER_XFEM, get_xfem, set_xfem },
	{ HV_X64_REGISTER_DR0, HV_X64_REGISTER_DR3, get_dr, set_dr },
	{ HV_X64_REGISTER_INITIAL_APIC_ID, HV_X64_REGISTER_INITIAL_APIC_ID,
	  get_constant, set_constant },
	{ HV_X64_REGISTER_TSC, HV_X64_REGISTER_TSC, get_msr, set_msr },
	{ HV_X64_REGISTER_APIC_BASE, HV_X64_REGISTER_APIC_BASE, get_msr, set_msr },
	{ HV_X64_REGISTER_TSC_ADJUST, HV_X64_REGISTER_TSC_ADJUST, get_msr, set_msr },
	{ HV_REGISTER_INTERNAL_ACTIVITY_STATE, HV_REGISTER_INTERNAL_ACTIVITY_STATE,
	  get_activity, set_activity },
	{ HV_REGISTER_INTERRUPT_STATE, HV_REGISTER_INTERRUPT_STATE, get_blocking, set_blocking },
	{ HV_REGISTER_PENDING_INTERRUPTION, HV_REGISTER_PENDING_INTERRUPTION,
	  get_pending, set_pending },
	{ HV_REGISTER_GUEST_CRASH_P0, HV_REGISTER_GUEST_CRASH_CTL, get_msr, set_msr },
	{ HV_REGISTER_VP_RUNTIME, HV_REGISTER_TIME_REF_COUNT, get_msr, set_msr },
	{ HV_REGISTER_VP_ASSIST_PAGE, HV_REGISTER_VP_ASSIST_PAGE, get_msr, set_msr },
	{ HV_REGISTER_REFERENCE_TSC, HV_REGISTER_REFERENCE_TSC, get_msr, set_msr },
	{ HV_REGISTER_SINT0, HV_REGISTER_EOM, get_msr, set_msr },
	{ HV_REGISTER_STIMER0_CONFIG, HV_REGISTER_STIMER3_COUNT, get_msr, set_msr },
};

/**
 * rs_vp_get_register() - a register by TLFS name
 * @vp:    the VP
 * @name:  HV_X64_REGISTER_* or HV_REGISTER_*
 * @value: zeroed, then filled in
 *
 * Return: 0, -EINVAL when there is none of that name.
 */
int rs_vp_get_register(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	unsigned int i;
	int err;

	memset(value, 0, sizeof(*value));
	for (i = 0; i < ARRAY_SIZE(register_table); i++)
		if (name >= register_table[i].first && name <= register_table[i].last) {
			err = register_table[i].get(vp, name, value);
			return err ? -EINVAL : 0;
		}
	return rs_backend->get_register(vp, name, value);
}

/**
 * rs_vp_set_register() - set one; reserved bits are checked
 * @vp:    the VP
 * @name:  HV_X64_REGISTER_* or HV_REGISTER_*
 * @value: what it is to be
 *
 * Return: 0, -EINVAL.
 */
int rs_vp_set_register(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	union hv_register_value fixed = *value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(register_table); i++)
		if (name >= register_table[i].first && name <= register_table[i].last)
			return register_table[i].set(vp, name, value) ? -EINVAL : 0;
	if (!rs_register_fix(vp, name, &fixed))
		return -EINVAL;
	return rs_backend->set_register(vp, name, &fixed);
}

/* A register of the backend's save area. */
u64 rs_vp_reg64(struct rs_vp *vp, u32 name)
{
	union hv_register_value value = { };

	rs_backend->get_register(vp, name, &value);
	return value.reg64;
}

struct hv_x64_segment_register rs_vp_segment(struct rs_vp *vp, u32 name)
{
	union hv_register_value value;

	rs_backend->get_register(vp, name, &value);
	return value.segment;
}

bool rs_vp_64bit(struct rs_vp *vp)
{
	struct rs_mode mode;

	rs_backend->get_mode(vp, &mode);
	return rs_mode_64bit(&mode);
}

/* SS.DPL is the CPL (APM2 §15.5.1), but for real and virtual-8086 mode. */
u8 rs_mode_cpl(struct rs_vp *vp, const struct rs_mode *mode)
{
	if (!(mode->cr0 & X86_CR0_PE))
		return 0;
	return vp->regs.rflags & X86_EFLAGS_VM ? 3 : mode->ss_dpl;
}

u8 rs_vp_cpl(struct rs_vp *vp)
{
	struct rs_mode mode;

	rs_backend->get_mode(vp, &mode);
	return rs_mode_cpl(vp, &mode);
}
