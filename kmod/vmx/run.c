// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX: one stay in the guest, what is switched around it, and the injection of events
 * (SDM3 §25.8.3, §27.6, §28.2-28.5, §32.3).
 *
 * An interrupt that the guest cannot take at once makes it exit as soon as it can (a window).
 */
#include <linux/hw_breakpoint.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/mmu_context.h>
#include <asm/trapnr.h>

#include "guest.h"
#include "speculation.h"
#include "vmx/vmx.h"

/* ---- the thread's CPU */

static bool switches(const struct vmx_cpu *cpu, const struct vmx_vp *vmx, unsigned int i)
{
	return vmx->msr[i] != cpu->msr[i] &&
	       (i != VMX_TSC_AUX || boot_cpu_has(X86_FEATURE_RDTSCP));
}

/* From here to vmx_put() they are the guest's: of the host, only user mode looks at them. */
static void load_msrs(const struct vmx_cpu *cpu, struct vmx_vp *vmx)
{
	unsigned int i;

	for (i = 0; i < VMX_MSRS; i++)
		if (i == VMX_KERNEL_GS_BASE || switches(cpu, vmx, i))
			wrmsrl(vmx_msr_index[i], vmx->msr[i]);
	vmx->loaded = true;
}

static void put_msrs(const struct vmx_cpu *cpu, struct vmx_vp *vmx)
{
	unsigned int i;

	vmx->loaded = false;
	rdmsrl(MSR_KERNEL_GS_BASE, vmx->msr[VMX_KERNEL_GS_BASE]);
	if (boot_cpu_has(X86_FEATURE_RDTSCP))
		rdmsrl(MSR_TSC_AUX, vmx->msr[VMX_TSC_AUX]);
	for (i = 0; i < VMX_MSRS; i++)
		if (i != VMX_KERNEL_GS_BASE && switches(cpu, vmx, i))
			wrmsrl(vmx_msr_index[i], cpu->msr[i]);
}

void vmx_load(struct rs_vp *vp)
{
	struct vmx_vp *vmx = to_vmx(vp);

	current_save_fsgs();		/* into current->thread */
	savesegment(ds, vmx->ds);
	savesegment(es, vmx->es);
	vmx->entered = false;
	if (vmx_activate(vmx))
		vmcs_write(VMCS_HOST_FS_BASE, current->thread.fsbase);
	load_msrs(this_cpu_ptr(&vmx_cpu), vmx);
	vmx->flush_l1d = true;
}

/* An exit leaves null selectors, where user mode may have had others, and their bases aside. */
static void put_segments(const struct vmx_vp *vmx)
{
	const struct thread_struct *thread = &current->thread;

	if (unlikely(vmx->ds | vmx->es)) {
		loadsegment(ds, vmx->ds);
		loadsegment(es, vmx->es);
	}
	if (unlikely(thread->fsindex)) {
		loadsegment(fs, thread->fsindex);
		wrmsrl(MSR_FS_BASE, thread->fsbase);
	}
	if (unlikely(thread->gsindex))
		load_gs_index(thread->gsindex);
}

void vmx_put(struct rs_vp *vp)
{
	struct vmx_vp *vmx = to_vmx(vp);

	put_msrs(this_cpu_ptr(&vmx_cpu), vmx);
	if (vmx->entered) {
		put_segments(vmx);
		invalidate_tss_limit();		/* an exit leaves limits that are too small, */
		load_fixmap_gdt(smp_processor_id());	/* and too large */
	}
	wrmsrl(MSR_KERNEL_GS_BASE, current->thread.gsbase);
}

/* ---- events */

u64 vmx_get_blocking(struct rs_vp *vp)
{
	u32 blocking = to_vmx(vp)->blocking;

	return (blocking & VMX_BLOCKING_SHADOW ? HV_INTERRUPT_SHADOW : 0) |
	       (blocking & VMX_BLOCKING_NMI ? HV_INTERRUPT_NMI_MASKED : 0);
}

/* A shadow that is new is that of MOV SS: it needs no IF. */
void vmx_set_blocking(struct rs_vp *vp, u64 blocking)
{
	struct vmx_vp *vmx = to_vmx(vp);
	u32 shadow = vmx->blocking & VMX_BLOCKING_SHADOW ?: VMX_BLOCKING_MOV_SS;

	vmx->blocking = (blocking & HV_INTERRUPT_SHADOW ? shadow : 0) |
			(blocking & HV_INTERRUPT_NMI_MASKED ? VMX_BLOCKING_NMI : 0);
}

void vmx_inject(struct rs_vp *vp, const struct rs_event *event)
{
	struct vmx_vp *vmx = to_vmx(vp);

	vmx->entry_event = rs_event_info(event);
	vmx->entry_error = event->error;
}

void vmx_request_window(struct rs_vp *vp, bool on)
{
	to_vmx(vp)->window = on;
}

/* The CPU exits by itself when neither a shadow nor an NMI is in the way. */
bool vmx_request_nmi_window(struct rs_vp *vp)
{
	to_vmx(vp)->nmi_window = true;
	return false;
}

void vmx_set_interrupt(struct rs_vp *vp, int vector)
{
	to_vmx(vp)->vector = vector;
}

bool vmx_interruptible(struct rs_vp *vp)
{
	return vp->regs.rflags & X86_EFLAGS_IF && !(to_vmx(vp)->blocking & VMX_BLOCKING_SHADOW);
}

bool vmx_nmi_allowed(struct rs_vp *vp)
{
	return !(to_vmx(vp)->blocking & (VMX_BLOCKING_SHADOW | VMX_BLOCKING_NMI));
}

void vmx_flush_tlb(struct rs_vp *vp)
{
	to_vmx(vp)->flush = true;
	vmx_flush_tags(to_vmx(vp));
}

/* In real mode no exception has an error code (SDM3 §27.2.1.3). */
static void write_event(struct vmx_vp *vmx)
{
	if (vmx->entry_event & RS_EVENT_ERROR_VALID) {
		if (vmcs_read(VMCS_GUEST_CR0) & X86_CR0_PE)
			vmcs_write(VMCS_ENTRY_ERROR_CODE, vmx->entry_error);
		else
			vmx->entry_event &= ~(u32)RS_EVENT_ERROR_VALID;
	}
	vmcs_write(VMCS_ENTRY_EVENT, vmx->entry_event);
}

/* An exception goes before an interrupt, which then waits for its window. */
static void choose_event(struct rs_vp *vp, struct vmx_vp *vmx)
{
	vmx->offered = vmx->vector >= 0 && !vmx->entry_event && vmx_interruptible(vp);
	if (vmx->offered)
		vmx->entry_event = RS_EVENT_VALID | vmx->vector;
	if (vmx->entry_event)
		write_event(vmx);
}

static void write_controls(struct vmx_vp *vmx)
{
	u32 proc = vmx->proc;

	if (vmx->window || (vmx->vector >= 0 && !vmx->offered))
		proc |= VMX_PROC_WINDOW;
	if (vmx->nmi_window)
		proc |= VMX_PROC_NMI_WINDOW;
	vmx->nmi_window = false;
	if (proc != vmx->proc_now)
		vmcs_write(VMCS_PROC_CONTROLS, proc);
	vmx->proc_now = proc;
}

/*
 * An entry checks that a shadow goes with IF and TF (SDM3 §27.3.1.5): with TF, the trap behind the
 * shadow must be pending.
 */
static void write_blocking(struct rs_vp *vp, struct vmx_vp *vmx)
{
	u64 rflags = vp->regs.rflags;

	if (!(rflags & X86_EFLAGS_IF))
		vmx->blocking &= ~(u32)VMX_BLOCKING_STI;
	if (vmx->blocking == vmx->blocking_now && rflags == vmx->rflags)
		return;
	vmcs_write(VMCS_GUEST_BLOCKING, vmx->blocking);
	if ((vmx->blocking | vmx->blocking_now) & VMX_BLOCKING_SHADOW)
		vmcs_write(VMCS_GUEST_PENDING_DEBUG,
			   vmx->blocking & VMX_BLOCKING_SHADOW && rflags & X86_EFLAGS_TF ?
			   DR_STEP : 0);
	vmx->blocking_now = vmx->blocking;
}

static void write_regs(struct rs_vp *vp, struct vmx_vp *vmx)
{
	if (vp->regs.gpr[RS_RSP] != vmx->rsp)
		vmcs_write(VMCS_GUEST_RSP, vp->regs.gpr[RS_RSP]);
	if (vp->regs.rip != vmx->rip)
		vmcs_write(VMCS_GUEST_RIP, vp->regs.rip);
	if (vp->regs.rflags != vmx->rflags)
		vmcs_write(VMCS_GUEST_RFLAGS, vp->regs.rflags);
}

static void read_regs(struct rs_vp *vp, struct vmx_vp *vmx)
{
	vmx->rsp = vmcs_read(VMCS_GUEST_RSP);
	vmx->rip = vmcs_read(VMCS_GUEST_RIP);
	vmx->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	vp->regs.gpr[RS_RSP] = vmx->rsp;
	vp->regs.rip = vmx->rip;
	vp->regs.rflags = vmx->rflags;
}

/* ---- the run */

/* What of the host may have changed since the last entry. */
static void write_host(struct vmx_vp *vmx)
{
	u64 cr3 = __read_cr3(), cr4 = __read_cr4(), perf;

	if (cr3 != vmx->cr3)
		vmcs_write(VMCS_HOST_CR3, cr3);
	if (cr4 != vmx->cr4)
		vmcs_write(VMCS_HOST_CR4, cr4);
	vmx->cr3 = cr3;
	vmx->cr4 = cr4;
	if (vmx_controls.perf) {
		rdmsrl(MSR_CORE_PERF_GLOBAL_CTRL, perf);
		vmcs_write(VMCS_HOST_PERF_CTL, perf);
	}
}

/*
 * A kernel that runs with IBRS must set it anew after each exit, though it was never cleared: the
 * guest has no SPEC_CTRL and runs with the host's (SDM4, IA32_SPEC_CTRL.IBRS).
 */
static __always_inline void restrict_speculation(u64 spec_ctrl)
{
	if (!cpu_feature_enabled(X86_FEATURE_KERNEL_IBRS))
		return;
	native_wrmsrl(MSR_IA32_SPEC_CTRL, spec_ctrl);
	barrier_nospec();
}

static noinstr bool enter_guest(struct vmx_vp *vmx, struct rs_regs *regs)
{
	bool entered;

	rs_guest_state_enter();
	native_write_cr2(vmx->cr2);
	entered = vmx_enter(regs, vmx->launched);
	restrict_speculation(vmx->spec_ctrl);
	vmx->cr2 = native_read_cr2();
	rs_guest_state_exit();
	return entered;
}

/*
 * An event whose delivery the exit cut short is due again (SDM3 §28.2.4).  INTn, INT1, INT3 and
 * INTO are not: RIP still points to them, they run again.
 */
static void collect_interrupted_event(struct rs_vp *vp, struct vmx_vp *vmx)
{
	u32 info = vmcs_read(VMCS_VECTORING_EVENT);
	struct rs_event event;

	if (!(info & RS_EVENT_VALID)) {
		/* an IRET that was cut short has unmasked NMIs already (SDM3 §28.2.3) */
		if (VMX_REASON_BASIC(vmx->reason) == VMX_REASON_EPT &&
		    vmx->qualification & VMX_EVENT_NMI_UNMASKED)
			vmx->blocking |= VMX_BLOCKING_NMI;
		return;
	}
	event = rs_event_of(info, vmcs_read(VMCS_VECTORING_ERROR));
	/* a switch to the task of its gate is its delivery */
	if (event.type == HV_INTERRUPTION_EXTERNAL &&
	    VMX_REASON_BASIC(vmx->reason) != VMX_REASON_TASK_SWITCH)
		vp->interrupt_taken = false;
	if (event.type != HV_INTERRUPTION_NMI && event.type != HV_INTERRUPTION_EXCEPTION)
		return;
	if (event.type == HV_INTERRUPTION_NMI)
		vmx->blocking &= ~(u32)VMX_BLOCKING_NMI;
	vp->event = event;
}

static void after_exit(struct rs_vp *vp, struct vmx_vp *vmx)
{
	vmx->error = 0;
	vmx->reason = vmcs_read(VMCS_EXIT_REASON);
	vmx->qualification = vmcs_read(VMCS_QUALIFICATION);
	vmx->mode_valid = false;
	if (unlikely(vmx->reason & VMX_REASON_FAILED))
		return;		/* of the guest nothing has changed (SDM3 §27.8) */
	vmx->launched = true;
	vmx->blocking = vmcs_read(VMCS_GUEST_BLOCKING);
	vmx->blocking_now = vmx->blocking;
	read_regs(vp, vmx);
	vp->interrupt_taken = vmx->offered;
	collect_interrupted_event(vp, vmx);
}

/* NMIs are masked until the handler's IRET; an interrupt comes when interrupts are on again. */
static void take_nmi(struct vmx_vp *vmx)
{
	if (VMX_REASON_BASIC(vmx->reason) != VMX_REASON_EXCEPTION)
		return;
	vmx->event = vmcs_read(VMCS_EXIT_EVENT);
	if (RS_EVENT_TYPE(vmx->event) == HV_INTERRUPTION_NMI)
		asm volatile("int $2");
}

static void before_entry(struct rs_vp *vp, struct vmx_vp *vmx)
{
	const struct vmx_partition *partition = vp->partition->arch;

	choose_event(vp, vmx);
	write_controls(vmx);
	write_blocking(vp, vmx);
	write_regs(vp, vmx);
	write_host(vmx);
	vmx_check_tags(vmx, partition->eptp);
	if (cpu_feature_enabled(X86_FEATURE_KERNEL_IBRS))
		vmx->spec_ctrl = spec_ctrl_current();
	vmx->apic[RS_APIC_TPR] = rs_lapic_get_cr8(&vp->lapic) << 4;
}

static void stay(struct rs_vp *vp, struct vmx_vp *vmx)
{
	unsigned long debugctl = get_debugctlmsr();
	u16 ldt;

	asm volatile("sldt %0" : "=m" (ldt));
	if (vmx->debug_loaded) {
		rs_load_debug(vp);
		set_debugreg(vmx->dr6, 6);
	}
	vmx->entered = true;
	if (likely(enter_guest(vmx, &vp->regs)))
		after_exit(vp, vmx);
	else
		vmx->error = vmcs_read(VMCS_INSTRUCTION_ERROR) ?: U32_MAX;
	if (unlikely(ldt))		/* each time: another thread may change it meanwhile */
		asm volatile("lldt %0" : : "m" (ldt));
	if (unlikely(debugctl))
		update_debugctlmsr(debugctl);
	if (vmx->debug_loaded) {
		rs_save_debug(vp);
		get_debugreg(vmx->dr6, 6);
		set_debugreg(DR6_RESERVED, 6);
	}
	rs_restore_debug();
}

void vmx_run(struct rs_vp *vp)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpu);
	struct vmx_vp *vmx = to_vmx(vp);
	bool xcr0;

	vmx->error = 0;
	if (unlikely(cpu->active != vmx)) {	/* reboot: no guest runs any more */
		vmx->reason = VMX_REASON_INTERRUPT;
		vmx->entry_event = 0;
		set_bit(RS_REQUEST_SHUTDOWN, &vp->requests);
		return;
	}
	before_entry(vp, vmx);
	xcr0 = vmcs_read(VMCS_GUEST_CR4) & X86_CR4_OSXSAVE;
	if (xcr0)
		rs_load_xcr0(vp);
	if (vp->due)
		rs_advance_wait(vp);
	vmx_flush_l1d(vmx);
	stay(vp, vmx);
	if (xcr0)
		rs_save_xcr0(vp);
	vmx->entry_event = 0;
	if (unlikely(vmx->error || vmx->reason & VMX_REASON_FAILED))
		vmcs_write(VMCS_ENTRY_EVENT, 0);
	else
		take_nmi(vmx);
}
