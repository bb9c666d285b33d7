// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which MSRs a guest has, and who answers for each: a table by range, and the CPU's own
 * registers that are not the local APIC's, the MTRRs or synthetic.  The VP's owner runs it.
 *
 * Also here: MSRs that unmodified Linux and FreeBSD touch at boot without expecting a fault.
 * They read as a constant that tells the guest to leave the feature alone, and ignore writes.
 * It agrees with what cpuid.c announces: machine check without a bank, no performance
 * counters, SVM disabled.
 */
#include <asm/msr-index.h>
#include <asm/processor.h>

#include "msr.h"

#define EFER_GUEST_VALID	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX)
#define CR0_PG			BIT_ULL(31)
#define MISC_ENABLE_RESET	(MSR_IA32_MISC_ENABLE_FAST_STRING |	\
				 MSR_IA32_MISC_ENABLE_BTS_UNAVAIL |	\
				 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)
#define MCG_STATUS_VALID	0x7ull
#define VM_CR_LOCK		BIT_ULL(3)
#define VM_CR_SVM_DISABLED	BIT_ULL(4)
#define SYNTHETIC_FIRST		0x40000000u
#define SYNTHETIC_LAST		0x400001ffu
#define X2APIC_FIRST		0x800u
#define X2APIC_LAST		0x8ffu

/**
 * struct rs_msr - a range of MSRs
 * @first:    index
 * @last:     index, inclusive
 * @read:     NULL: #GP
 * @write:    NULL: #GP
 * @argument: TLFS register name, or the constant that it reads as
 */
struct rs_msr {
	u32 first;
	u32 last;
	int (*read)(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value);
	int (*write)(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value);
	u64 argument;
};

static int read_register(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	union hv_register_value reg = { };

	if (rs_vp_get_register(vp, entry->argument, &reg))
		return -EINVAL;
	*value = reg.reg64;
	return 0;
}

static int write_register(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	const union hv_register_value reg = { .reg64 = value };

	return rs_vp_set_register(vp, entry->argument, &reg) ? -EINVAL : 0;
}

/* LMA is the CPU's; LME changes only while paging is off (APM2 §3.1.7). */
static int write_efer(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	u64 old = rs_vp_reg64(vp, HV_X64_REGISTER_EFER);

	if (value & ~(u64)EFER_GUEST_VALID)
		return -EINVAL;
	if ((value ^ old) & EFER_LME && rs_vp_reg64(vp, HV_X64_REGISTER_CR0) & CR0_PG)
		return -EINVAL;
	return write_register(vp, entry, msr, (value & ~(u64)EFER_LMA) | (old & EFER_LMA));
}

/* Without LBR virtualization a backend has no DEBUGCTL: then it is 0 and stays so. */
static int read_debugctl(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	if (read_register(vp, entry, msr, value))
		*value = 0;
	return 0;
}

static int write_debugctl(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	write_register(vp, entry, msr, value);
	return 0;
}

static int read_lapic(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	return rs_lapic_rdmsr(&vp->lapic, msr, value);
}

static int write_lapic(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	return rs_lapic_wrmsr(&vp->lapic, msr, value);
}

static int read_apic_base(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = vp->lapic.base;
	return 0;
}

static int write_apic_base(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	return rs_lapic_set_base(&vp->lapic, value);
}

static int read_deadline(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = rs_lapic_get_tsc_deadline(&vp->lapic);
	return 0;
}

static int write_deadline(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	rs_lapic_set_tsc_deadline(&vp->lapic, value);
	return 0;
}

/* Moves the VP's TSC; TSC_ADJUST follows (SDM3 §18.17.3), and so does an armed deadline. */
static void move_tsc(struct rs_vp *vp, u64 delta)
{
	u64 deadline = rs_lapic_get_tsc_deadline(&vp->lapic);

	vp->tsc_offset += delta;
	vp->msrs.tsc_adjust += delta;
	rs_backend->tsc_offset(vp, vp->tsc_offset);
	if (deadline)
		rs_lapic_set_tsc_deadline(&vp->lapic, deadline);
}

static int read_tsc(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = rs_guest_tsc(vp);
	return 0;
}

static int write_tsc(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	move_tsc(vp, value - rs_guest_tsc(vp));
	return 0;
}

static int read_tsc_adjust(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = vp->msrs.tsc_adjust;
	return 0;
}

static int write_tsc_adjust(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	move_tsc(vp, value - vp->msrs.tsc_adjust);
	return 0;
}

static int read_misc_enable(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = vp->msrs.misc_enable;
	return 0;
}

/* Only fast strings can be switched: the rest is not there, and a guest may try. */
static int write_misc_enable(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	vp->msrs.misc_enable = (MISC_ENABLE_RESET & ~(u64)MSR_IA32_MISC_ENABLE_FAST_STRING) |
			       (value & MSR_IA32_MISC_ENABLE_FAST_STRING);
	return 0;
}

static int read_mcg_status(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = vp->msrs.mcg_status;
	return 0;
}

static int write_mcg_status(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	if (value & ~MCG_STATUS_VALID)
		return -EINVAL;
	vp->msrs.mcg_status = value;
	return 0;
}

/* The host's: guests compare it with lists of broken revisions. */
static int read_microcode(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = boot_cpu_data.microcode;
	if (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		*value <<= 32;
	return 0;
}

static int read_mtrr(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	return rs_mtrr_read(vp, msr, value);
}

static int write_mtrr(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	return rs_mtrr_write(vp, msr, value);
}

static int read_synthetic(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	return rs_synthetic_read(vp, msr, value);
}

static int write_synthetic(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	return rs_synthetic_write(vp, msr, value);
}

static int read_constant(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 *value)
{
	*value = entry->argument;
	return 0;
}

static int write_ignored(struct rs_vp *vp, const struct rs_msr *entry, u32 msr, u64 value)
{
	return 0;
}

#define ONE(msr)		.first = (msr), .last = (msr)
#define RANGE(msr, end)		.first = (msr), .last = (end)
#define REGISTER(name)		.read = read_register, .write = write_register, .argument = (name)
#define CONSTANT(value)		.read = read_constant, .write = write_ignored, .argument = (value)
#define READ_ONLY(value)	.read = read_constant, .argument = (value)

/* Those that running guests touch most come first; the first that fits answers. */
static const struct rs_msr table[] = {
	{ RANGE(SYNTHETIC_FIRST, SYNTHETIC_LAST), read_synthetic, write_synthetic },
	{ RANGE(X2APIC_FIRST, X2APIC_LAST), read_lapic, write_lapic },
	{ ONE(MSR_IA32_TSC_DEADLINE), read_deadline, write_deadline },
	{ ONE(MSR_KERNEL_GS_BASE), REGISTER(HV_X64_REGISTER_KERNEL_GS_BASE) },
	{ ONE(MSR_EFER), read_register, write_efer, HV_X64_REGISTER_EFER },
	{ ONE(MSR_STAR), REGISTER(HV_X64_REGISTER_STAR) },
	{ ONE(MSR_LSTAR), REGISTER(HV_X64_REGISTER_LSTAR) },
	{ ONE(MSR_CSTAR), REGISTER(HV_X64_REGISTER_CSTAR) },
	{ ONE(MSR_SYSCALL_MASK), REGISTER(HV_X64_REGISTER_SFMASK) },
	{ ONE(MSR_TSC_AUX), REGISTER(HV_X64_REGISTER_TSC_AUX) },
	{ ONE(MSR_IA32_SYSENTER_CS), REGISTER(HV_X64_REGISTER_SYSENTER_CS) },
	{ ONE(MSR_IA32_SYSENTER_ESP), REGISTER(HV_X64_REGISTER_SYSENTER_ESP) },
	{ ONE(MSR_IA32_SYSENTER_EIP), REGISTER(HV_X64_REGISTER_SYSENTER_EIP) },
	{ ONE(MSR_IA32_CR_PAT), REGISTER(HV_X64_REGISTER_PAT) },
	{ ONE(MSR_IA32_DEBUGCTLMSR), read_debugctl, write_debugctl, HV_X64_REGISTER_DEBUG_CTL },
	{ ONE(MSR_IA32_APICBASE), read_apic_base, write_apic_base },
	{ ONE(MSR_IA32_TSC), read_tsc, write_tsc },
	{ ONE(MSR_IA32_TSC_ADJUST), read_tsc_adjust, write_tsc_adjust },
	{ ONE(MSR_IA32_MISC_ENABLE), read_misc_enable, write_misc_enable },
	{ ONE(MSR_MTRRcap), read_mtrr, NULL },
	{ RANGE(0x200, 0x26f), read_mtrr, write_mtrr },
	{ ONE(MSR_MTRRdefType), read_mtrr, write_mtrr },
	{ ONE(MSR_IA32_MCG_STATUS), read_mcg_status, write_mcg_status },
	{ ONE(MSR_IA32_MCG_CAP), READ_ONLY(0) },
	{ ONE(MSR_IA32_UCODE_REV), read_microcode, write_ignored },

	/* Pentium machine check, platform and power-on information */
	{ RANGE(MSR_IA32_P5_MC_ADDR, MSR_IA32_P5_MC_TYPE), CONSTANT(0) },
	{ ONE(MSR_IA32_PLATFORM_ID), READ_ONLY(0) },
	{ ONE(MSR_IA32_EBL_CR_POWERON), CONSTANT(0) },
	{ ONE(MSR_IA32_FEAT_CTL), READ_ONLY(FEAT_CTL_LOCKED) },
	{ ONE(MSR_IA32_UCODE_WRITE), .write = write_ignored },
	{ RANGE(MSR_IA32_LASTBRANCHFROMIP, MSR_IA32_LASTINTTOIP), CONSTANT(0) },

	/* AMD: counters and events that are not there, memory map, chip configuration */
	{ RANGE(MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3), CONSTANT(0) },
	{ ONE(MSR_AMD64_SYSCFG), CONSTANT(0) },
	/* TscFreqSel: the TSC counts at the P0 frequency, else Linux calls firmware broken */
	{ ONE(MSR_K7_HWCR), CONSTANT(BIT_ULL(24)) },
	/* IORRs and top of memory */
	{ RANGE(0xc0010016, MSR_K8_TOP_MEM1), CONSTANT(0) },
	{ ONE(MSR_K8_TOP_MEM2), CONSTANT(0) },
	{ ONE(MSR_AMD64_NB_CFG), CONSTANT(0) },
	{ ONE(MSR_AMD64_PATCH_LOADER), .write = write_ignored },
	{ ONE(MSR_K8_INT_PENDING_MSG), CONSTANT(0) },
	{ ONE(MSR_FAM10H_MMIO_CONF_BASE), CONSTANT(0) },
	{ ONE(MSR_K8_TSEG_ADDR), CONSTANT(0) },
	{ ONE(MSR_K8_TSEG_MASK), CONSTANT(0) },
	{ ONE(MSR_VM_CR), CONSTANT(VM_CR_LOCK | VM_CR_SVM_DISABLED) },
	{ ONE(MSR_VM_HSAVE_PA), NULL, NULL },
	{ RANGE(MSR_AMD64_OSVW_ID_LENGTH, MSR_AMD64_OSVW_STATUS), CONSTANT(0) },
	/* LS, IC, DC, BU configuration */
	{ RANGE(MSR_AMD64_LS_CFG, 0xc0011023), CONSTANT(0) },
	/* LFENCE serializes, as 0x80000021 says on a host where it does */
	{ ONE(MSR_AMD64_DE_CFG), CONSTANT(BIT_ULL(1)) },
	{ ONE(MSR_AMD64_BU_CFG2), CONSTANT(0) },
};

static const struct rs_msr *find(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (msr >= table[i].first && msr <= table[i].last)
			return &table[i];
	return NULL;
}

void rs_msrs_init(struct rs_vp *vp)
{
	memset(&vp->msrs, 0, sizeof(vp->msrs));
	vp->msrs.misc_enable = MISC_ENABLE_RESET;
	rs_mtrr_init(vp);
}

/**
 * rs_rdmsr() - guest reads an MSR
 * @vp:    owner only, process context
 * @msr:   index
 * @value: where to
 *
 * Return: 0; -EINVAL (#GP); -ENOENT: the kernel has no such MSR
 */
int rs_rdmsr(struct rs_vp *vp, u32 msr, u64 *value)
{
	const struct rs_msr *entry = find(msr);

	if (!entry)
		return -ENOENT;
	return entry->read ? entry->read(vp, entry, msr, value) : -EINVAL;
}

/**
 * rs_wrmsr() - guest writes an MSR
 * @vp:    owner only, process context
 * @msr:   index
 * @value: what
 *
 * Return: 0; 1: done, and the worker must hear of it; -EINVAL (#GP); -ENOENT: the kernel has
 * no such MSR
 */
int rs_wrmsr(struct rs_vp *vp, u32 msr, u64 value)
{
	const struct rs_msr *entry = find(msr);

	if (!entry)
		return -ENOENT;
	return entry->write ? entry->write(vp, entry, msr, value) : -EINVAL;
}
