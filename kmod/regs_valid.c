// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the registers that a backend keeps may hold, and what they hold after INIT (SDM3 §2.5,
 * table 10-1; APM2 §3.1, §14.1.3).  Backends store what passes here.  Owner of the VP only.
 */
#include <asm/processor-flags.h>

#include "hv.h"

#define DR6_FIXED	0xffff0ff0ull
#define DR7_FIXED	0x400ull
#define CR3_NO_FLUSH	BIT_ULL(63)

static bool canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

static bool fix_cr0(struct rs_vp *vp, u64 *value)
{
	if (*value >> 32 || (*value & X86_CR0_PG && !(*value & X86_CR0_PE)) ||
	    (*value & X86_CR0_NW && !(*value & X86_CR0_CD)))
		return false;
	*value |= X86_CR0_ET;
	return true;
}

static bool fix_cr3(struct rs_vp *vp, u64 *value)
{
	if (*value & GENMASK_ULL(62, boot_cpu_data.x86_phys_bits))
		return false;
	*value &= ~CR3_NO_FLUSH;
	return true;
}

static bool fix_cr4(struct rs_vp *vp, u64 *value)
{
	struct rs_mode mode;
	bool long_mode;

	rs_backend->get_mode(vp, &mode);
	long_mode = mode.efer & EFER_LMA;
	if (*value & ~rs_cr4_valid(vp) || (long_mode && !(*value & X86_CR4_PAE)))
		return false;
	return !(*value & ~mode.cr4 & X86_CR4_PCIDE) || !(mode.cr0 & X86_CR0_PG) ||
	       (long_mode && !(mode.cr3 & 0xfff));
}

static bool fix_efer(struct rs_vp *vp, u64 *value)
{
	u64 valid = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;

	if (boot_cpu_has(X86_FEATURE_FXSR_OPT))
		valid |= EFER_FFXSR;
	return !(*value & ~valid);
}

static bool fix_pat(struct rs_vp *vp, u64 *value)
{
	return rs_pat_valid(*value);
}

static bool fix_dr6(struct rs_vp *vp, u64 *value)
{
	if (*value >> 32)
		return false;
	*value |= DR6_FIXED;
	return true;
}

static bool fix_dr7(struct rs_vp *vp, u64 *value)
{
	if (*value >> 32)
		return false;
	*value |= DR7_FIXED;
	return true;
}

static bool fix_zero(struct rs_vp *vp, u64 *value)
{
	return !*value;
}

static bool fix_address(struct rs_vp *vp, u64 *value)
{
	return canonical(*value);
}

static bool fix_tsc_aux(struct rs_vp *vp, u64 *value)
{
	return !(*value >> 32) && boot_cpu_has(X86_FEATURE_RDTSCP);
}

static const struct {
	u32 name;
	bool (*fix)(struct rs_vp *vp, u64 *value);
} rules[] = {
	{ HV_X64_REGISTER_CR0, fix_cr0 },
	{ HV_X64_REGISTER_CR3, fix_cr3 },
	{ HV_X64_REGISTER_CR4, fix_cr4 },
	{ HV_X64_REGISTER_EFER, fix_efer },
	{ HV_X64_REGISTER_PAT, fix_pat },
	{ HV_X64_REGISTER_DR6, fix_dr6 },
	{ HV_X64_REGISTER_DR7, fix_dr7 },
	{ HV_X64_REGISTER_DEBUG_CTL, fix_zero },
	{ HV_X64_REGISTER_KERNEL_GS_BASE, fix_address },
	{ HV_X64_REGISTER_SYSENTER_EIP, fix_address },
	{ HV_X64_REGISTER_SYSENTER_ESP, fix_address },
	{ HV_X64_REGISTER_LSTAR, fix_address },
	{ HV_X64_REGISTER_CSTAR, fix_address },
	{ HV_X64_REGISTER_TSC_AUX, fix_tsc_aux },
};

static bool is_segment(u32 name)
{
	return name >= HV_X64_REGISTER_ES && name <= HV_X64_REGISTER_TR;
}

/**
 * rs_register_fix() - check a value for a register of the backend's
 * @vp:    owner only
 * @name:  HV_X64_REGISTER_*
 * @value: bits that are always set are set
 *
 * Return: false when no CPU could hold it.
 */
bool rs_register_fix(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	unsigned int i;

	if (is_segment(name))
		return !(value->segment.attributes & 0x0f00) && canonical(value->segment.base);
	if (name == HV_X64_REGISTER_IDTR || name == HV_X64_REGISTER_GDTR)
		return canonical(value->table.base);
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].name == name)
			return rules[i].fix(vp, &value->reg64);
	return true;
}

/* ---- after INIT */

static const u16 reset_attributes[] = {	/* ES CS SS DS FS GS LDTR TR */
	0x93, 0x9b, 0x93, 0x93, 0x93, 0x93, 0x82, 0x8b,
};

/* Paging goes first, for the rest depends on it. */
static const struct {
	u32 name;
	u64 value;
} reset_words[] = {
	{ HV_X64_REGISTER_CR0, X86_CR0_NW | X86_CR0_CD | X86_CR0_ET },
	{ HV_X64_REGISTER_EFER, 0 },
	{ HV_X64_REGISTER_CR4, 0 },
	{ HV_X64_REGISTER_CR3, 0 },
	{ HV_X64_REGISTER_CR2, 0 },
	{ HV_X64_REGISTER_DR6, DR6_FIXED },
	{ HV_X64_REGISTER_DR7, DR7_FIXED },
};

/**
 * rs_registers_reset() - what INIT makes of the backend's registers
 * @vp: owner only
 *
 * MSRs keep their values, but EFER.
 */
void rs_registers_reset(struct rs_vp *vp)
{
	union hv_register_value v = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reset_words); i++) {
		v.reg64 = reset_words[i].value;
		rs_backend->set_register(vp, reset_words[i].name, &v);
	}
	v.table = (struct hv_x64_table_register){ .limit = 0xffff };
	rs_backend->set_register(vp, HV_X64_REGISTER_IDTR, &v);
	rs_backend->set_register(vp, HV_X64_REGISTER_GDTR, &v);
	for (i = 0; i < ARRAY_SIZE(reset_attributes); i++) {
		bool cs = HV_X64_REGISTER_ES + i == HV_X64_REGISTER_CS;

		v.segment = (struct hv_x64_segment_register){
			.base = cs ? 0xffff0000 : 0,
			.limit = 0xffff,
			.selector = cs ? 0xf000 : 0,
			.attributes = reset_attributes[i],
		};
		rs_backend->set_register(vp, HV_X64_REGISTER_ES + i, &v);
	}
}
