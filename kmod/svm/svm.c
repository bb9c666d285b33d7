// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SVM backend: what the CPU has, a partition's and a VP's control structures,
 * and struct rs_backend filled in (APM2 ch. 15).
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/mem_encrypt.h>
#include <asm/msr.h>
#include <asm/trapnr.h>

#include "svm/svm.h"

#define VM_CR_SVMDIS		BIT(4)
#define CPUID_SVM		0x8000000a
#define SVM_CPUID_NPT		BIT(0)
#define SVM_CPUID_LBR		BIT(1)
#define SVM_CPUID_NRIP		BIT(3)
#define SVM_CPUID_TSC_RATE	BIT(4)
#define SVM_CPUID_CLEAN_BITS	BIT(5)
#define SVM_CPUID_FLUSH_BY_ASID	BIT(6)
#define SVM_CPUID_DECODE	BIT(7)
#define SVM_CPUID_PAUSE_FILTER	BIT(10)
#define SVM_CPUID_PAUSE_THRESHOLD	BIT(12)
#define SVM_CPUID_AVIC		BIT(13)
#define SVM_CPUID_VMSAVE	BIT(15)
#define SVM_CPUID_VGIF		BIT(16)
#define SVM_CPUID_VNMI		BIT(25)

#define PAT_RESET		0x0007040600070406ull

/* So many PAUSEs, less than so many cycles apart, are a spin worth an exit. */
#define PAUSE_FILTER_COUNT	3000
#define PAUSE_FILTER_THRESHOLD	128

#define MSRPM_ORDER		1	/* 8 KiB */
#define IOPM_ORDER		2	/* 12 KiB are used */

struct svm_features svm_features;

/**
 * struct svm_partition - what SVM keeps for a partition
 * @msrpm: which MSRs exit; shared by the VPs
 * @iopm:  which ports do: all
 * @root:  fifth level above the SLAT's four, where the host itself has five
 */
struct svm_partition {
	u64 *msrpm;
	u64 *iopm;
	u64 *root;
};

/* ---- nested page tables (APM2 §15.25) */

static struct rs_slat_format svm_slat_format = {
	.table = 0x27,			/* present, writable, user, accessed */
	.leaf = 0x65,			/* present, user, accessed, dirty */
	.write = BIT_ULL(1),
	.no_execute = BIT_ULL(63),
	.large = BIT_ULL(7),
	.present = BIT_ULL(0),
	.max_level = 1,
};

/* ---- the CPU */

static bool svm_locked_off(void)
{
	u64 vm_cr;

	rdmsrl(MSR_VM_CR, vm_cr);
	return vm_cr & (VM_CR_SVMDIS);
}

static int svm_probe(void)
{
	u32 eax, ebx, ecx, edx;
	u64 efer;

	if (!boot_cpu_has(X86_FEATURE_SVM))
		return -EOPNOTSUPP;
	if (svm_locked_off())
		return rs_refuse(-EPERM,
				 "SVM is disabled by the firmware: enable it in the BIOS setup");
	cpuid(CPUID_SVM, &eax, &ebx, &ecx, &edx);
	if (!(edx & SVM_CPUID_NPT))
		return rs_refuse(-ENODEV,
				 "this CPU has no nested paging (NPT), which Rootstock needs");
	if (cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return rs_refuse(-ENODEV, "memory encryption is active: boot with mem_encrypt=off");
	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME)
		return rs_refuse(-EBUSY,
				 "another hypervisor uses this CPU: unload it (rmmod kvm_amd)");
	svm_features.asids = ebx;
	svm_features.cpuid = edx;
	svm_features.nrip = edx & SVM_CPUID_NRIP;
	svm_features.decode_assists = edx & SVM_CPUID_DECODE;
	svm_features.pause_filter = edx & SVM_CPUID_PAUSE_FILTER;
	svm_features.pause_threshold = edx & SVM_CPUID_PAUSE_THRESHOLD;
	svm_features.la57 = __read_cr4() & X86_CR4_LA57;
	svm_slat_format.max_level = boot_cpu_has(X86_FEATURE_GBPAGES) ? 2 : 1;
	if (svm_features.asids < 2)
		return rs_refuse(-ENODEV, "this CPU has too few address space identifiers");
	return 0;
}

/* What is not used is here for the reader of the list: a fresh ASID needs no flush. */
static const struct {
	const char *name;
	u32 bit;
	bool used;
} feature_bits[] = {
	{ "npt", SVM_CPUID_NPT, true },
	{ "nrip_save", SVM_CPUID_NRIP, true },
	{ "decodeassists", SVM_CPUID_DECODE, true },
	{ "pausefilter", SVM_CPUID_PAUSE_FILTER, true },
	{ "pfthreshold", SVM_CPUID_PAUSE_THRESHOLD, true },
	{ "flushbyasid", SVM_CPUID_FLUSH_BY_ASID, false },
	{ "vmcb_clean", SVM_CPUID_CLEAN_BITS, false },
	{ "lbrv", SVM_CPUID_LBR, false },
	{ "tsc_scale", SVM_CPUID_TSC_RATE, false },
	{ "avic", SVM_CPUID_AVIC, false },
	{ "v_vmsave_vmload", SVM_CPUID_VMSAVE, false },
	{ "vgif", SVM_CPUID_VGIF, false },
	{ "vnmi", SVM_CPUID_VNMI, false },
};

static bool svm_feature(unsigned int number, struct rs_feature *feature)
{
	if (number >= ARRAY_SIZE(feature_bits))
		return false;
	feature->name = feature_bits[number].name;
	feature->has = svm_features.cpuid & feature_bits[number].bit;
	feature->used = feature->has && feature_bits[number].used;
	return true;
}

/* ---- partition */

/* MSRs that the guest uses without an exit: VMLOAD and VMSAVE switch them. */
static const u32 direct_msrs[] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

/* Two bits an MSR, 2 KiB a range of 8192 (APM2 §15.11). */
static void allow_msr(u64 *msrpm, u32 msr)
{
	u32 base = msr >= 0xc0000000 ? 0x2000 : 0;
	u32 bit = 2 * (base + (msr & 0x1fff));

	__clear_bit(bit, (unsigned long *)msrpm);
	__clear_bit(bit + 1, (unsigned long *)msrpm);
}

static void fill_maps(struct svm_partition *sp)
{
	unsigned int i;

	memset(sp->iopm, 0xff, PAGE_SIZE << IOPM_ORDER);
	memset(sp->msrpm, 0xff, PAGE_SIZE << MSRPM_ORDER);
	for (i = 0; i < ARRAY_SIZE(direct_msrs); i++)
		allow_msr(sp->msrpm, direct_msrs[i]);
	if (boot_cpu_has(X86_FEATURE_RDTSCP))
		allow_msr(sp->msrpm, MSR_TSC_AUX);
}

static void svm_partition_destroy(struct rs_partition *partition)
{
	struct svm_partition *sp = partition->arch;

	free_pages((unsigned long)sp->msrpm, MSRPM_ORDER);
	free_pages((unsigned long)sp->iopm, IOPM_ORDER);
	free_page((unsigned long)sp->root);
	kfree(sp);
}

static int svm_partition_init(struct rs_partition *partition)
{
	struct svm_partition *sp = kzalloc(sizeof(*sp), GFP_KERNEL_ACCOUNT);

	if (!sp)
		return -ENOMEM;
	partition->arch = sp;
	sp->msrpm = (u64 *)__get_free_pages(GFP_KERNEL_ACCOUNT, MSRPM_ORDER);
	sp->iopm = (u64 *)__get_free_pages(GFP_KERNEL_ACCOUNT, IOPM_ORDER);
	sp->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!sp->msrpm || !sp->iopm || !sp->root) {
		svm_partition_destroy(partition);
		return -ENOMEM;
	}
	fill_maps(sp);
	sp->root[0] = __pa(partition->gpa.slat.root) | svm_slat_format.table;
	return 0;
}

/* ---- VP */

/*
 * A spinning guest exits (APM2 §15.14.4): where the CPU counts PAUSEs, for long spins only; where
 * it cannot, at each PAUSE, but only if the partition has more VPs than there are CPUs.
 */
static void init_pause(struct rs_vp *vp, struct vmcb *vmcb)
{
	if (svm_features.pause_filter) {
		vmcb->pause_filter_count = PAUSE_FILTER_COUNT;
		if (svm_features.pause_threshold)
			vmcb->pause_filter_threshold = PAUSE_FILTER_THRESHOLD;
	} else if (vp->partition->vp_count <= num_online_cpus()) {
		return;
	}
	vmcb->intercept_misc1 |= SVM_INTERCEPT_PAUSE;
}

/*
 * #DB and #AC exit, for their delivery can raise them again without an end, and no interrupt would
 * get through.
 */
static void init_control(struct rs_vp *vp, struct vmcb *vmcb)
{
	struct svm_partition *sp = vp->partition->arch;

	vmcb->intercept_cr_write = BIT(4) | BIT(8);
	vmcb->intercept_exceptions = BIT(X86_TRAP_DB) | BIT(X86_TRAP_AC) | BIT(X86_TRAP_MC);
	vmcb->intercept_misc1 = SVM_INTERCEPT_INTR | SVM_INTERCEPT_NMI | SVM_INTERCEPT_SMI |
		SVM_INTERCEPT_INIT | SVM_INTERCEPT_RDPMC | SVM_INTERCEPT_CPUID |
		SVM_INTERCEPT_INVD | SVM_INTERCEPT_HLT | SVM_INTERCEPT_INVLPGA |
		SVM_INTERCEPT_IOIO | SVM_INTERCEPT_MSR | SVM_INTERCEPT_SHUTDOWN;
	vmcb->intercept_misc2 = SVM_INTERCEPT_VMRUN | SVM_INTERCEPT_VMMCALL |
		SVM_INTERCEPT_VMLOAD | SVM_INTERCEPT_VMSAVE | SVM_INTERCEPT_STGI |
		SVM_INTERCEPT_CLGI | SVM_INTERCEPT_SKINIT | SVM_INTERCEPT_WBINVD |
		SVM_INTERCEPT_MONITOR | SVM_INTERCEPT_MWAIT | SVM_INTERCEPT_XSETBV |
		SVM_INTERCEPT_RDPRU;
	init_pause(vp, vmcb);
	vmcb->iopm_base_pa = __pa(sp->iopm);
	vmcb->msrpm_base_pa = __pa(sp->msrpm);
	vmcb->vintr = SVM_V_INTR_MASKING | SVM_V_IGN_TPR;
	vmcb->np_enable = 1;
	vmcb->n_cr3 = svm_features.la57 ? __pa(sp->root) : __pa(vp->partition->gpa.slat.root);
	vmcb->g_pat = PAT_RESET;
}

void svm_load_debug(struct svm_vp *svm, bool on)
{
	svm->debug_loaded = on;
	svm->vmcb->intercept_dr_read = on ? 0 : 0xff;
	svm->vmcb->intercept_dr_write = on ? 0 : 0xff;
}

static int svm_vp_init(struct rs_vp *vp)
{
	struct svm_vp *svm = kzalloc(sizeof(*svm), GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(offsetof(struct rs_regs, gpr[RS_RCX]) != 0x08);
	BUILD_BUG_ON(offsetof(struct rs_regs, gpr[RS_RDI]) != 0x38);
	BUILD_BUG_ON(offsetof(struct rs_regs, gpr[RS_R15]) != 0x78);
	if (!svm)
		return -ENOMEM;
	svm->vmcb = (struct vmcb *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!svm->vmcb) {
		kfree(svm);
		return -ENOMEM;
	}
	svm->vmcb_pa = __pa(svm->vmcb);
	svm->asid_cpu = -1;
	vp->arch = svm;
	init_control(vp, svm->vmcb);
	return 0;
}

static void svm_vp_destroy(struct rs_vp *vp)
{
	struct svm_vp *svm = to_svm(vp);

	free_page((unsigned long)svm->vmcb);
	kfree(svm);
}

static void svm_tsc_offset(struct rs_vp *vp, u64 offset)
{
	to_svm(vp)->vmcb->tsc_offset = offset;
}

const struct rs_backend rs_svm_backend = {
	.name = "SVM",
	.slat_format = &svm_slat_format,
	.probe = svm_probe,
	.feature = svm_feature,
	.host_prepare = svm_host_prepare,
	.host_release = svm_host_release,
	.cpu_enable = svm_host_enable,
	.cpu_disable = svm_host_disable,
	.partition_init = svm_partition_init,
	.partition_destroy = svm_partition_destroy,
	.vp_init = svm_vp_init,
	.vp_destroy = svm_vp_destroy,
	.vp_reset = svm_vp_reset,
	.load = svm_load,
	.put = svm_put,
	.run = svm_run,
	.decode = svm_decode,
	.inject = svm_inject,
	.set_interrupt = svm_set_interrupt,
	.request_window = svm_request_window,
	.request_nmi_window = svm_request_nmi_window,
	.interruptible = svm_interruptible,
	.nmi_allowed = svm_nmi_allowed,
	.get_blocking = svm_get_blocking,
	.set_blocking = svm_set_blocking,
	.get_mode = svm_get_mode,
	.get_register = svm_get_register,
	.set_register = svm_set_register,
	.flush_tlb = svm_flush_tlb,
	.tsc_offset = svm_tsc_offset,
	.hypercall = { 0x0f, 0x01, 0xd9 },	/* VMMCALL */
};
