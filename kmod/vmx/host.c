// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX on each CPU: on and off, whose VMCS is active where, and the tags of translations
 * (SDM3 §24.7, §25.11, §29.4).
 *
 * At most one VMCS is active on a CPU, and then it is current too.  It stays so when its VP
 * leaves, for it mostly comes back: who comes instead takes its place, and when it moves to
 * another CPU it is cleared here first, by an interrupt.
 */
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/cpu_entry_area.h>
#include <asm/desc.h>
#include <asm/perf_event.h>
#include <asm/tlbflush.h>

#include "vmx/vmx.h"

DEFINE_PER_CPU(struct vmx_cpu, vmx_cpu);

const u32 vmx_msr_index[VMX_MSRS] = {
	[VMX_STAR]		= MSR_STAR,
	[VMX_LSTAR]		= MSR_LSTAR,
	[VMX_CSTAR]		= MSR_CSTAR,
	[VMX_SFMASK]		= MSR_SYSCALL_MASK,
	[VMX_KERNEL_GS_BASE]	= MSR_KERNEL_GS_BASE,
	[VMX_TSC_AUX]		= MSR_TSC_AUX,
};

/* ---- instructions */

static bool do_vmxon(u64 pa)
{
	bool failed;

	asm volatile("vmxon %1" : "=@ccna" (failed) : "m" (pa) : "memory");
	return failed;
}

static void do_vmclear(void *vmcs)
{
	u64 pa = __pa(vmcs);

	asm volatile("vmclear %0" : : "m" (pa) : "cc", "memory");
}

static void do_vmptrld(void *vmcs)
{
	u64 pa = __pa(vmcs);

	asm volatile("vmptrld %0" : : "m" (pa) : "cc", "memory");
}

static void do_invept(u64 type, u64 eptp)
{
	const struct { u64 eptp, zero; } operand = { eptp, 0 };

	asm volatile("invept %0, %1" : : "m" (operand), "r" (type) : "cc", "memory");
}

static void do_invvpid(u64 type)
{
	const struct { u64 vpid, address; } operand = { 0, 0 };

	asm volatile("invvpid %0, %1" : : "m" (operand), "r" (type) : "cc", "memory");
}

/* ---- the CPU, on and off */

/**
 * vmx_alloc_region() - a page for VMXON or a VMCS
 *
 * Return: it, with the CPU's revision in it; NULL.
 */
void *vmx_alloc_region(void)
{
	u32 *region = (u32 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (region)
		*region = vmx_revision;
	return region;
}

/**
 * vmx_host_prepare() - pages for all CPUs that may come
 */
int vmx_host_prepare(void)
{
	int err = vmx_l1d_prepare(), cpu;

	if (err)
		return err;
	for_each_possible_cpu(cpu) {
		void *region = vmx_alloc_region();

		per_cpu(vmx_cpu, cpu).vmxon = region;
		if (!region) {
			vmx_host_release();
			return -ENOMEM;
		}
	}
	return 0;
}

void vmx_host_release(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(vmx_cpu, cpu).vmxon);
		per_cpu(vmx_cpu, cpu).vmxon = NULL;
	}
	vmx_l1d_release();
}

static bool has_msr(enum vmx_msr i)
{
	return i != VMX_TSC_AUX || boot_cpu_has(X86_FEATURE_RDTSCP);
}

static void read_host(struct vmx_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < VMX_MSRS; i++)
		if (has_msr(i))
			rdmsrl(vmx_msr_index[i], cpu->msr[i]);
}

static void leave_vmx(void)
{
	cr4_clear_bits(X86_CR4_VMXE);
	intel_pt_handle_vmx(0);
}

int vmx_host_enable(void)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);

	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;
	intel_pt_handle_vmx(1);			/* it must not trace where it cannot */
	cr4_set_bits(X86_CR4_VMXE);
	if (do_vmxon(__pa(cpu->vmxon))) {
		leave_vmx();
		return -EIO;
	}
	cpu->generation++;
	cpu->next_vpid = U16_MAX + 1;		/* the first VP flushes */
	cpu->active = NULL;
	read_host(cpu);
	cpu->enabled = true;
	return 0;
}

/* The VMCS that is active here is so no more.  Interrupts off, or a crash */
static void retire(struct vmx_cpu *cpu)
{
	struct vmx_vp *vmx = cpu->active;

	if (!vmx)
		return;
	do_vmclear(vmx->vmcs);
	cpu->active = NULL;
	/* pairs with the acquire in vmx_deactivate(): it may be freed now, or used elsewhere */
	smp_store_release(&vmx->cpu, -1);
}

/* From a crash too: nothing but this CPU's registers. */
void vmx_host_disable(void)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	unsigned long flags;

	local_irq_save(flags);
	cpu->enabled = false;
	retire(cpu);
	asm volatile("vmxoff" : : : "cc", "memory");
	leave_vmx();
	local_irq_restore(flags);
}

/* ---- whose VMCS is active */

static void retire_here(void *argument)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);

	if (cpu->active == argument)
		retire(cpu);
}

/**
 * vmx_deactivate() - the VMCS is to be active nowhere
 * @vmx: owner only
 *
 * Context: interrupts on.
 */
void vmx_deactivate(struct vmx_vp *vmx)
{
	/* pairs with the release in retire() */
	int cpu = smp_load_acquire(&vmx->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, retire_here, vmx, 1);
}

/* What of the host belongs to the CPU (SDM3 §25.5). */
static void write_host(void)
{
	struct desc_ptr table;

	vmcs_write(VMCS_HOST_TR_BASE, (u64)&get_cpu_entry_area(smp_processor_id())->tss.x86_tss);
	native_store_gdt(&table);
	vmcs_write(VMCS_HOST_GDTR_BASE, table.address);
	store_idt(&table);
	vmcs_write(VMCS_HOST_IDTR_BASE, table.address);
	rdmsrl(MSR_IA32_SYSENTER_ESP, table.address);
	vmcs_write(VMCS_HOST_SYSENTER_ESP, table.address);
	rdmsrl(MSR_GS_BASE, table.address);
	vmcs_write(VMCS_HOST_GS_BASE, table.address);
}

static void take_place(struct vmx_cpu *cpu, struct vmx_vp *vmx)
{
	retire(cpu);
	if (vmx->fresh)
		do_vmclear(vmx->vmcs);
	vmx->fresh = false;
	do_vmptrld(vmx->vmcs);
	vmx->launched = false;
	vmx->cpu = smp_processor_id();
	cpu->active = vmx;
	write_host();
}

bool vmx_activate(struct vmx_vp *vmx)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	unsigned long flags;

	if (likely(READ_ONCE(cpu->active) == vmx))
		return true;
	vmx_deactivate(vmx);
	local_irq_save(flags);
	if (cpu->enabled)
		take_place(cpu, vmx);
	local_irq_restore(flags);
	return cpu->active == vmx;
}

bool vmx_begin(struct vmx_vp *vmx)
{
	preempt_disable();
	if (likely(vmx_activate(vmx)))
		return true;
	preempt_enable();
	return false;
}

void vmx_end(void)
{
	preempt_enable();
}

/* ---- tags of translations */

/* The guest's own ones only: a fresh VPID has none. */
void vmx_flush_tags(struct vmx_vp *vmx)
{
	vmx->tag_generation = 0;
}

static void new_vpid(struct vmx_vp *vmx, struct vmx_cpu *cpu)
{
	if (cpu->next_vpid > U16_MAX) {
		cpu->generation++;
		cpu->next_vpid = 1;
		do_invvpid(VMX_INVVPID_ALL);
	}
	vmx->vpid = cpu->next_vpid++;
	vmx->tag_generation = cpu->generation;
	vmcs_write(VMCS_VPID, vmx->vpid);
}

/*
 * Second-level translations have the root for a tag, which partitions may have had before that are
 * gone, and which other VPs used here while this one was elsewhere.
 */
void vmx_check_tags(struct vmx_vp *vmx, u64 eptp)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	bool moved = vmx->tag_cpu != smp_processor_id();

	if (moved || vmx->flush)
		do_invept(vmx_controls.single ? VMX_INVEPT_SINGLE : VMX_INVEPT_ALL,
			  vmx_controls.single ? eptp : 0);
	vmx->flush = false;
	vmx->tag_cpu = smp_processor_id();
	if (vmx_controls.vpid && (moved || vmx->tag_generation != cpu->generation))
		new_vpid(vmx, cpu);
}
