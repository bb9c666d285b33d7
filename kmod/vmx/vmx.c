// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX backend: what the CPU has, a partition's and a VP's control structures, and struct
 * rs_backend filled in (SDM3 ch. 24-30).
 *
 * EPT's accessed and dirty flags stay off: nobody here asks for them, and with them the CPU's
 * reading of a guest's page tables counts as writing.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/desc.h>
#include <asm/trapnr.h>

#include "rs_compat.h"
#include "vmx/vmx.h"

#define CPUID_1_ECX_VMX		BIT(5)
#define PAT_RESET		0x0007040600070406ull
#define MSR_RANGE		0x2000u		/* MSRs of a range, 1 KiB of the bitmap */

/* PAUSEs less than so many cycles apart are a loop, and one that lasts so long is worth an exit. */
#define PLE_GAP			128
#define PLE_WINDOW		4096

struct vmx_controls vmx_controls;
u32 vmx_revision;
static struct vmx_capabilities caps;

/* ---- extended page tables (SDM3 §29.3) */

static struct rs_slat_format vmx_slat_format = {
	.table = 0x7,			/* readable, writable, executable */
	.leaf = 0x71,			/* readable, write-back whatever the guest's PAT says */
	.write = BIT_ULL(1),
	.execute = BIT_ULL(2),
	.large = BIT_ULL(7),
	.present = 0x7,
	.max_level = 0,
};

/* ---- the CPU */

static bool locked_off(void)
{
	u64 control = 0;

	rdmsrl_safe(MSR_IA32_FEAT_CTL, &control);
	return !(control & FEAT_CTL_LOCKED) || !(control & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX);
}

static bool has_perf_ctl(void)
{
	u64 value;

	return boot_cpu_data.cpuid_level >= 0xa && (cpuid_eax(0xa) & 0xff) >= 2 &&
	       !rdmsrl_safe(MSR_CORE_PERF_GLOBAL_CTRL, &value);
}

static void read_capabilities(void)
{
	bool true_ones;

	rdmsrl(MSR_IA32_VMX_BASIC, caps.basic);
	true_ones = caps.basic & VMX_BASIC_TRUE;
	rdmsrl(true_ones ? MSR_IA32_VMX_TRUE_PINBASED_CTLS : MSR_IA32_VMX_PINBASED_CTLS,
	       caps.pin);
	rdmsrl(true_ones ? MSR_IA32_VMX_TRUE_PROCBASED_CTLS : MSR_IA32_VMX_PROCBASED_CTLS,
	       caps.proc);
	rdmsrl(true_ones ? MSR_IA32_VMX_TRUE_EXIT_CTLS : MSR_IA32_VMX_EXIT_CTLS, caps.exit);
	rdmsrl(true_ones ? MSR_IA32_VMX_TRUE_ENTRY_CTLS : MSR_IA32_VMX_ENTRY_CTLS, caps.entry);
	/* older CPUs have not all of these */
	rdmsrl_safe(MSR_IA32_VMX_PROCBASED_CTLS2, &caps.proc2);
	rdmsrl_safe(MSR_IA32_VMX_EPT_VPID_CAP, &caps.ept_vpid);
	caps.perf = has_perf_ctl();
}

static int vmx_probe(void)
{
	const char *missing;

	if (!(cpuid_ecx(1) & CPUID_1_ECX_VMX))
		return -EOPNOTSUPP;
	if (locked_off())
		return rs_refuse(-EPERM,
				 "VMX is disabled by the firmware: enable it in the BIOS setup");
	if (__read_cr4() & X86_CR4_VMXE)
		return rs_refuse(-EBUSY,
				 "another hypervisor uses this CPU: unload it (rmmod kvm_intel)");
	if (rs_host_has_fred())
		return rs_refuse(-ENODEV, "FRED is in use: boot without fred=on");
	read_capabilities();
	missing = vmx_choose(&caps, &vmx_controls);
	if (missing) {
		pr_err("this CPU's VMX has no %s, which Rootstock needs\n", missing);
		return -ENODEV;
	}
	vmx_revision = caps.basic & VMX_BASIC_REVISION;
	vmx_slat_format.max_level = vmx_controls.level;
	return 0;
}

static const bool yes = true, no;

/* What is not used is here for the reader of the list. */
static const struct {
	const char *name;
	const u64 *word;
	u64 bit;
	const bool *used;
} feature_bits[] = {
	{ "ept", &caps.proc2, (u64)VMX_PROC2_EPT << 32, &yes },
	{ "unrestricted_guest", &caps.proc2, (u64)VMX_PROC2_UNRESTRICTED << 32, &yes },
	{ "vnmi", &caps.pin, (u64)VMX_PIN_VIRTUAL_NMIS << 32, &yes },
	{ "tpr_shadow", &caps.proc, (u64)VMX_PROC_TPR_SHADOW << 32, &yes },
	{ "true_controls", &caps.basic, VMX_BASIC_TRUE, &yes },
	{ "ept_2mb", &caps.ept_vpid, VMX_EPT_2M, &yes },
	{ "ept_1gb", &caps.ept_vpid, VMX_EPT_1G, &yes },
	{ "invept_single", &caps.ept_vpid, VMX_EPT_INVEPT_SINGLE, &yes },
	{ "invvpid_all", &caps.ept_vpid, VMX_VPID_INVVPID_ALL, &yes },
	{ "vpid", &caps.proc2, (u64)VMX_PROC2_VPID << 32, &vmx_controls.vpid },
	{ "ple", &caps.proc2, (u64)VMX_PROC2_PAUSE_LOOP << 32, &yes },
	{ "encls_exiting", &caps.proc2, (u64)VMX_PROC2_ENCLS << 32, &yes },
	{ "perf_global_ctrl", &caps.exit, (u64)VMX_EXIT_PERF_CTL << 32, &vmx_controls.perf },
	{ "ept_execute_only", &caps.ept_vpid, BIT_ULL(0), &no },
	{ "ept_5level", &caps.ept_vpid, BIT_ULL(7), &no },
	{ "ept_ad", &caps.ept_vpid, BIT_ULL(21), &no },
	{ "apicv", &caps.proc2, BIT_ULL(40), &no },
	{ "vmfunc", &caps.proc2, BIT_ULL(45), &no },
	{ "shadow_vmcs", &caps.proc2, BIT_ULL(46), &no },
	{ "pml", &caps.proc2, BIT_ULL(49), &no },
	{ "tsc_scaling", &caps.proc2, BIT_ULL(57), &no },
	{ "preemption_timer", &caps.pin, BIT_ULL(38), &no },
	{ "posted_intr", &caps.pin, BIT_ULL(39), &no },
};

static bool vmx_feature(unsigned int number, struct rs_feature *feature)
{
	if (number >= ARRAY_SIZE(feature_bits))
		return false;
	feature->name = feature_bits[number].name;
	feature->has = *feature_bits[number].word & feature_bits[number].bit;
	feature->used = feature->has && *feature_bits[number].used;
	return true;
}

/* ---- partition */

/* The bitmap's quarters: reads of low and high MSRs, writes of them (SDM3 §25.6.9). */
static void allow_msr(void *bitmap, u32 msr, bool write)
{
	u32 bit = (msr >= 0xc0000000 ? MSR_RANGE : 0) + (msr & (MSR_RANGE - 1));

	__clear_bit(bit, bitmap);
	if (write)
		__clear_bit(2 * MSR_RANGE + bit, bitmap);
}

/* What the CPU switches by itself, and what vmx_load() does; a write of that is to be noticed. */
static void fill_bitmap(void *bitmap)
{
	static const u32 direct[] = {
		MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
		MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	};
	unsigned int i;

	memset(bitmap, 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(direct); i++)
		allow_msr(bitmap, direct[i], true);
	for (i = 0; i < VMX_MSR_DIRECT; i++)
		allow_msr(bitmap, vmx_msr_index[i], false);
	if (boot_cpu_has(X86_FEATURE_RDTSCP))
		allow_msr(bitmap, MSR_TSC_AUX, true);
}

static void vmx_partition_destroy(struct rs_partition *partition)
{
	struct vmx_partition *p = partition->arch;

	free_page((unsigned long)p->msr_bitmap);
	kfree(p);
}

static int vmx_partition_init(struct rs_partition *partition)
{
	struct vmx_partition *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return -ENOMEM;
	p->msr_bitmap = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!p->msr_bitmap) {
		kfree(p);
		return -ENOMEM;
	}
	fill_bitmap(p->msr_bitmap);
	p->eptp = __pa(partition->gpa.slat.root) | VMX_EPTP_FORMAT;
	partition->arch = p;
	return 0;
}

/* ---- VP */

struct initial_field {
	u32 field;
	u64 value;
};

static void write_fields(const struct initial_field *fields, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		vmcs_write(fields[i].field, fields[i].value);
}

/* What no CPU changes: the rest is host.c's and run.c's. */
static void init_host_state(void)
{
	static const struct initial_field selectors[] = {
		{ VMCS_HOST_ES_SELECTOR, 0 },
		{ VMCS_HOST_CS_SELECTOR, __KERNEL_CS },
		{ VMCS_HOST_SS_SELECTOR, __KERNEL_DS },
		{ VMCS_HOST_DS_SELECTOR, 0 },
		{ VMCS_HOST_FS_SELECTOR, 0 },
		{ VMCS_HOST_GS_SELECTOR, 0 },
		{ VMCS_HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8 },
		{ VMCS_HOST_RIP, (u64)vmx_exit_point },
	};
	static const struct initial_field msrs[] = {
		{ VMCS_HOST_PAT, MSR_IA32_CR_PAT },
		{ VMCS_HOST_EFER, MSR_EFER },
		{ VMCS_HOST_SYSENTER_CS, MSR_IA32_SYSENTER_CS },
		{ VMCS_HOST_SYSENTER_EIP, MSR_IA32_SYSENTER_EIP },
	};
	unsigned int i;
	u64 value;

	write_fields(selectors, ARRAY_SIZE(selectors));
	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		rdmsrl(msrs[i].value, value);
		vmcs_write(msrs[i].field, value);
	}
	vmcs_write(VMCS_HOST_CR0, read_cr0());
}

/*
 * #DB and #AC exit, for their delivery can raise them again without an end, and no interrupt would
 * get through.
 */
static void init_control_fields(struct rs_vp *vp, const struct vmx_vp *vmx)
{
	const struct vmx_partition *p = vp->partition->arch;
	const struct initial_field fields[] = {
		{ VMCS_PIN_CONTROLS, vmx_controls.pin },
		{ VMCS_PROC_CONTROLS, vmx->proc },
		{ VMCS_PROC2_CONTROLS, vmx_controls.proc2 },
		{ VMCS_EXIT_CONTROLS, vmx_controls.exit },
		{ VMCS_ENTRY_CONTROLS, vmx_controls.entry },
		{ VMCS_EXCEPTIONS, BIT(X86_TRAP_DB) | BIT(X86_TRAP_AC) | BIT(X86_TRAP_MC) },
		{ VMCS_PAGE_FAULT_MASK, 0 },
		{ VMCS_PAGE_FAULT_MATCH, 0 },
		{ VMCS_CR3_TARGETS, 0 },
		{ VMCS_EXIT_STORE_COUNT, 0 },
		{ VMCS_EXIT_LOAD_COUNT, 0 },
		{ VMCS_ENTRY_LOAD_COUNT, 0 },
		{ VMCS_ENTRY_EVENT, 0 },
		{ VMCS_TPR_THRESHOLD, 0 },
		{ VMCS_MSR_BITMAP, __pa(p->msr_bitmap) },
		{ VMCS_VIRTUAL_APIC, __pa(vmx->apic) },
		{ VMCS_EPTP, p->eptp },
	};

	write_fields(fields, ARRAY_SIZE(fields));
	if (vmx_controls.ple) {
		vmcs_write(VMCS_PLE_GAP, PLE_GAP);
		vmcs_write(VMCS_PLE_WINDOW, PLE_WINDOW);
	}
	if (vmx_controls.encls)
		vmcs_write(VMCS_ENCLS_BITMAP, ~0ull);
}

/* What INIT does not change, and what struct vmx_vp says it is. */
static void init_guest_state(void)
{
	static const struct initial_field fields[] = {
		{ VMCS_LINK_POINTER, ~0ull },
		{ VMCS_GUEST_DEBUGCTL, 0 },
		{ VMCS_GUEST_PAT, PAT_RESET },
		{ VMCS_GUEST_ACTIVITY, 0 },
		{ VMCS_GUEST_BLOCKING, 0 },
		{ VMCS_GUEST_SYSENTER_CS, 0 },
		{ VMCS_GUEST_SYSENTER_ESP, 0 },
		{ VMCS_GUEST_SYSENTER_EIP, 0 },
		{ VMCS_GUEST_RSP, 0 },
		{ VMCS_GUEST_RIP, 0 },
		{ VMCS_GUEST_RFLAGS, 0 },
	};

	write_fields(fields, ARRAY_SIZE(fields));
	if (vmx_controls.perf)
		vmcs_write(VMCS_GUEST_PERF_CTL, 0);
}

/* A spinning guest exits: as svm/svm.c has it. */
static u32 pause_control(const struct rs_vp *vp)
{
	return vmx_controls.ple || vp->partition->vp_count <= num_online_cpus() ? 0 :
										  VMX_PROC_PAUSE;
}

static void vmx_vp_destroy(struct rs_vp *vp)
{
	struct vmx_vp *vmx = to_vmx(vp);

	vmx_deactivate(vmx);
	free_page((unsigned long)vmx->vmcs);
	free_page((unsigned long)vmx->apic);
	kfree(vmx);
}

static int vmx_vp_init(struct rs_vp *vp)
{
	struct vmx_vp *vmx = kzalloc(sizeof(*vmx), GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(offsetof(struct rs_regs, gpr[RS_RCX]) != 0x08);
	BUILD_BUG_ON(offsetof(struct rs_regs, gpr[RS_RDI]) != 0x38);
	BUILD_BUG_ON(offsetof(struct rs_regs, gpr[RS_R15]) != 0x78);
	if (!vmx)
		return -ENOMEM;
	vp->arch = vmx;
	vmx->cpu = -1;
	vmx->tag_cpu = -1;
	vmx->fresh = true;
	vmx->proc = vmx_controls.proc | VMX_PROC_MOV_DR | pause_control(vp);
	vmx->proc_now = vmx->proc;
	vmx->vmcs = vmx_alloc_region();
	vmx->apic = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vmx->vmcs || !vmx->apic) {
		vmx_vp_destroy(vp);
		return -ENOMEM;
	}
	if (!vmx_begin(vmx)) {
		vmx_vp_destroy(vp);
		return -ESHUTDOWN;
	}
	init_host_state();
	init_control_fields(vp, vmx);
	init_guest_state();
	vmx_end();
	return 0;
}

static void vmx_tsc_offset(struct rs_vp *vp, u64 offset)
{
	if (!vmx_begin(to_vmx(vp)))
		return;
	vmcs_write(VMCS_TSC_OFFSET, offset);
	vmx_end();
}

const struct rs_backend rs_vmx_backend = {
	.name = "VMX",
	.slat_format = &vmx_slat_format,
	.probe = vmx_probe,
	.feature = vmx_feature,
	.host_prepare = vmx_host_prepare,
	.host_release = vmx_host_release,
	.cpu_enable = vmx_host_enable,
	.cpu_disable = vmx_host_disable,
	.partition_init = vmx_partition_init,
	.partition_destroy = vmx_partition_destroy,
	.vp_init = vmx_vp_init,
	.vp_destroy = vmx_vp_destroy,
	.vp_reset = vmx_vp_reset,
	.load = vmx_load,
	.put = vmx_put,
	.run = vmx_run,
	.decode = vmx_decode,
	.inject = vmx_inject,
	.set_interrupt = vmx_set_interrupt,
	.request_window = vmx_request_window,
	.request_nmi_window = vmx_request_nmi_window,
	.interruptible = vmx_interruptible,
	.nmi_allowed = vmx_nmi_allowed,
	.get_blocking = vmx_get_blocking,
	.set_blocking = vmx_set_blocking,
	.get_mode = vmx_get_mode,
	.get_register = vmx_get_register,
	.set_register = vmx_set_register,
	.flush_tlb = vmx_flush_tlb,
	.tsc_offset = vmx_tsc_offset,
	.hypercall = { 0x0f, 0x01, 0xc1 },	/* VMCALL */
};
