// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVM: one stay in the guest, what is switched around it, and the injection of
 * events (APM2 §15.5-15.6, §15.13, §15.20-15.21).
 *
 * External interrupts are offered as virtual interrupts (V_IRQ), which the CPU holds
 * until the guest can take them; they never go through EVENTINJ.
 */
#include <asm/io.h>
#include <asm/trapnr.h>

#include "guest.h"
#include "svm/svm.h"

/**
 * struct svm_cpu - per CPU
 * @enabled:    EFER.SVME is ours
 * @host:       page for the host's VMSAVE state
 * @hsave:      VM_HSAVE_PA
 * @generation: of ASIDs; a VP of an older one takes a new ASID
 * @next_asid:  first that was not used in this generation
 * @tsc_aux:    the host's
 */
struct svm_cpu {
	bool enabled;
	struct page *host;
	struct page *hsave;
	u64 generation;
	u32 next_asid;
	u64 tsc_aux;
};

static DEFINE_PER_CPU(struct svm_cpu, svm_cpu);

static u64 read_msr(u32 msr)
{
	u64 value;

	rdmsrl(msr, value);
	return value;
}

/* ---- the CPU, on and off */

static int alloc_save_pages(struct svm_cpu *cpu)
{
	cpu->host = alloc_page(GFP_KERNEL | __GFP_ZERO);
	cpu->hsave = alloc_page(GFP_KERNEL | __GFP_ZERO);
	return cpu->host && cpu->hsave ? 0 : -ENOMEM;
}

static void free_save_pages(struct svm_cpu *cpu)
{
	if (cpu->host)
		__free_page(cpu->host);
	if (cpu->hsave)
		__free_page(cpu->hsave);
	cpu->host = NULL;
	cpu->hsave = NULL;
}

/**
 * svm_host_prepare() - pages for all CPUs that may come
 */
int svm_host_prepare(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (alloc_save_pages(per_cpu_ptr(&svm_cpu, cpu))) {
			svm_host_release();
			return -ENOMEM;
		}
	return 0;
}

void svm_host_release(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		free_save_pages(per_cpu_ptr(&svm_cpu, cpu));
}

int svm_host_enable(void)
{
	struct svm_cpu *cpu = this_cpu_ptr(&svm_cpu);
	u64 efer = read_msr(MSR_EFER);

	if (efer & EFER_SVME)
		return -EBUSY;
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, page_to_phys(cpu->hsave));
	cpu->generation++;
	cpu->next_asid = svm_features.asids;		/* the first VP flushes */
	cpu->tsc_aux = boot_cpu_has(X86_FEATURE_RDTSCP) ? read_msr(MSR_TSC_AUX) : 0;
	cpu->enabled = true;
	return 0;
}

/* From a crash too: nothing but this CPU's registers. */
void svm_host_disable(void)
{
	this_cpu_write(svm_cpu.enabled, false);
	/* a CPU that crashed between CLGI and STGI would never take an NMI again */
	asm volatile("stgi" : : : "memory");
	wrmsrl(MSR_VM_HSAVE_PA, 0);
	wrmsrl(MSR_EFER, read_msr(MSR_EFER) & ~EFER_SVME);
}

/* ---- address space identifiers */

static void new_asid(struct svm_vp *svm, struct svm_cpu *cpu)
{
	svm->vmcb->tlb_control = SVM_TLB_KEEP;
	if (cpu->next_asid >= svm_features.asids) {
		cpu->generation++;
		cpu->next_asid = 1;
		svm->vmcb->tlb_control = SVM_TLB_FLUSH_ALL;
	}
	svm->asid = cpu->next_asid++;
	svm->asid_generation = cpu->generation;
	svm->asid_cpu = smp_processor_id();
	svm->vmcb->asid = svm->asid;
}

static void check_asid(struct svm_vp *svm, struct svm_cpu *cpu)
{
	if (svm->asid_cpu != smp_processor_id() || svm->asid_generation != cpu->generation)
		new_asid(svm, cpu);
}

/* A fresh ASID has no translations. */
void svm_flush_tlb(struct rs_vp *vp)
{
	to_svm(vp)->asid_cpu = -1;
}

/* ---- events */

static bool in_shadow(struct svm_vp *svm)
{
	return svm->vmcb->interrupt_shadow & 1;
}

bool svm_interruptible(struct rs_vp *vp)
{
	return vp->regs.rflags & X86_EFLAGS_IF && !in_shadow(to_svm(vp));
}

u64 svm_get_blocking(struct rs_vp *vp)
{
	struct svm_vp *svm = to_svm(vp);

	return (in_shadow(svm) ? HV_INTERRUPT_SHADOW : 0) |
	       (svm->nmi_masked ? HV_INTERRUPT_NMI_MASKED : 0);
}

static void mask_nmi(struct svm_vp *svm, bool masked)
{
	svm->nmi_masked = masked;
	svm->iret_pending = false;
	if (masked)
		svm->vmcb->intercept_misc1 |= SVM_INTERCEPT_IRET;
	else
		svm->vmcb->intercept_misc1 &= ~SVM_INTERCEPT_IRET;
}

void svm_set_blocking(struct rs_vp *vp, u64 blocking)
{
	struct svm_vp *svm = to_svm(vp);
	bool masked = blocking & HV_INTERRUPT_NMI_MASKED;

	svm->vmcb->interrupt_shadow = blocking & HV_INTERRUPT_SHADOW ? 1 : 0;
	if (masked != svm->nmi_masked)
		mask_nmi(svm, masked);
}

void svm_inject(struct rs_vp *vp, const struct rs_event *event)
{
	struct svm_vp *svm = to_svm(vp);

	svm->vmcb->eventinj = rs_event_info(event) | (u64)event->error << 32;
	if (event->type == HV_INTERRUPTION_NMI)
		mask_nmi(svm, true);
}

void svm_request_window(struct rs_vp *vp, bool on)
{
	if (on)
		to_svm(vp)->vmcb->intercept_misc1 |= SVM_INTERCEPT_VINTR;
	else
		to_svm(vp)->vmcb->intercept_misc1 &= ~SVM_INTERCEPT_VINTR;
}

/*
 * An interrupt that the guest can take at once is injected: bochs delivers no virtual interrupt
 * to a guest that is entered with IF set.  But QEMU, which has no NRIP save, may deliver an
 * injected interrupt twice.
 */
static bool may_inject_interrupt(struct rs_vp *vp, struct vmcb *vmcb)
{
	return svm_features.nrip && !vp->event.valid && svm_interruptible(vp) &&
	       !(vmcb->intercept_misc1 & SVM_INTERCEPT_VINTR);
}

/*
 * Called last before an entry.  After svm_request_window(): a window alone is a virtual
 * interrupt never taken.  After svm_request_nmi_window(), which an entry that was called off may
 * have wanted, and this one not.
 */
void svm_set_interrupt(struct rs_vp *vp, int vector)
{
	struct svm_vp *svm = to_svm(vp);
	struct vmcb *vmcb = svm->vmcb;

	svm->stepping = svm->step_wanted;
	svm->step_wanted = false;
	vmcb->vintr = SVM_V_INTR_MASKING | SVM_V_IGN_TPR | rs_lapic_get_cr8(&vp->lapic);
	vmcb->eventinj = 0;			/* of an entry that was called off */
	if (vector >= 0 && may_inject_interrupt(vp, vmcb))
		vmcb->eventinj = RS_EVENT_VALID | vector;
	else if (vector >= 0 || vmcb->intercept_misc1 & SVM_INTERCEPT_VINTR)
		vmcb->vintr |= SVM_V_IRQ | SVM_V_INTR_PRIO(15) |
			       SVM_V_INTR_VECTOR(max(vector, 0));
}

bool svm_nmi_allowed(struct rs_vp *vp)
{
	struct svm_vp *svm = to_svm(vp);

	return !svm->nmi_masked && !in_shadow(svm);
}

/*
 * While NMIs are masked the IRET intercept tells of the end.  A shadow, or the IRET
 * itself, ends after one instruction: that one is stepped over.
 */
bool svm_request_nmi_window(struct rs_vp *vp)
{
	struct svm_vp *svm = to_svm(vp);

	if (svm->nmi_masked && !svm->iret_pending)
		return false;
	svm->step_wanted = true;
	return true;
}

/* Only now: an entry may be called off, and then nobody must find our TF in RFLAGS. */
static void begin_step(struct svm_vp *svm)
{
	if (!svm->stepping)
		return;
	svm->step_tf = svm->vmcb->rflags & X86_EFLAGS_TF;
	svm->vmcb->rflags |= X86_EFLAGS_TF;
}

static void end_step(struct rs_vp *vp, struct svm_vp *svm)
{
	svm->stepped = svm->stepping;
	svm->stepping = false;
	if (svm->stepped && !svm->step_tf)
		vp->regs.rflags &= ~X86_EFLAGS_TF;
}

/* IRET completed when RIP moved off it: NMIs are unmasked. */
static void check_iret(struct rs_vp *vp, struct svm_vp *svm)
{
	if (svm->iret_pending && vp->regs.rip != svm->iret_rip)
		mask_nmi(svm, false);
}

/* QEMU reports an interrupt as an exception of that vector. */
static bool was_interrupt(struct rs_vp *vp, u8 vector)
{
	return vector >= 32 || vector == vp->ext_int_vector;
}

/*
 * An event whose delivery the exit cut short is due again (APM2 §15.7.2).  INTn, INT3
 * and INTO are not: RIP still points to them, they run again.  A virtual interrupt is
 * offered again.
 */
static void collect_interrupted_event(struct rs_vp *vp, struct svm_vp *svm)
{
	u64 info = svm->vmcb->exitintinfo;
	struct rs_event event = rs_event_of(info, info >> 32);

	if (!event.valid || event.type == HV_INTERRUPTION_SOFTWARE ||
	    (event.type == HV_INTERRUPTION_EXCEPTION &&
	     (event.vector == X86_TRAP_BP || event.vector == X86_TRAP_OF)))
		return;
	if (event.type == HV_INTERRUPTION_EXTERNAL || was_interrupt(vp, event.vector)) {
		vp->interrupt_taken = false;
		return;
	}
	if (event.type == HV_INTERRUPTION_NMI)
		mask_nmi(svm, false);
	vp->event = event;
}

/* ---- the run */

/* From here to svm_put() TSC_AUX is the guest's: of the host, only user mode looks at it. */
/* Of a VP that is loaded it is in this CPU: nobody but the thread that runs it asks. */
u64 svm_get_tsc_aux(struct svm_vp *svm)
{
	u64 value;

	preempt_disable();
	value = svm->loaded ? read_msr(MSR_TSC_AUX) : svm->tsc_aux;
	preempt_enable();
	return value;
}

void svm_set_tsc_aux(struct svm_vp *svm, u64 value)
{
	preempt_disable();
	svm->tsc_aux = value;
	if (svm->loaded)
		wrmsrl(MSR_TSC_AUX, value);
	preempt_enable();
}

void svm_load(struct rs_vp *vp)
{
	struct svm_cpu *cpu = this_cpu_ptr(&svm_cpu);
	struct svm_vp *svm = to_svm(vp);

	svm->loaded = boot_cpu_has(X86_FEATURE_RDTSCP);
	if (svm->tsc_aux != cpu->tsc_aux)
		wrmsrl(MSR_TSC_AUX, svm->tsc_aux);
}

void svm_put(struct rs_vp *vp)
{
	struct svm_cpu *cpu = this_cpu_ptr(&svm_cpu);
	struct svm_vp *svm = to_svm(vp);

	if (!boot_cpu_has(X86_FEATURE_RDTSCP))
		return;
	svm->loaded = false;
	svm->tsc_aux = read_msr(MSR_TSC_AUX);	/* the guest writes it without an exit */
	if (svm->tsc_aux != cpu->tsc_aux)
		wrmsrl(MSR_TSC_AUX, cpu->tsc_aux);
}

static noinstr void enter_guest(struct svm_vp *svm, struct rs_regs *regs, u64 host_pa)
{
	rs_guest_state_enter();
	svm_vmrun(svm->vmcb_pa, regs, host_pa);
	rs_guest_state_exit();
}

static void regs_to_vmcb(struct rs_vp *vp, struct vmcb *vmcb)
{
	vmcb->rax = vp->regs.gpr[RS_RAX];
	vmcb->rsp = vp->regs.gpr[RS_RSP];
	vmcb->rip = vp->regs.rip;
	vmcb->rflags = vp->regs.rflags;
}

static void regs_from_vmcb(struct rs_vp *vp, struct vmcb *vmcb)
{
	vp->regs.gpr[RS_RAX] = vmcb->rax;
	vp->regs.gpr[RS_RSP] = vmcb->rsp;
	vp->regs.rip = vmcb->rip;
	vp->regs.rflags = vmcb->rflags;
}

static void after_exit(struct rs_vp *vp, struct svm_vp *svm)
{
	struct vmcb *vmcb = svm->vmcb;

	regs_from_vmcb(vp, vmcb);
	vmcb->eventinj = 0;
	vmcb->tlb_control = SVM_TLB_KEEP;
	vp->interrupt_taken = !(vmcb->vintr & SVM_V_IRQ);
	end_step(vp, svm);
	check_iret(vp, svm);
	collect_interrupted_event(vp, svm);
}

void svm_run(struct rs_vp *vp)
{
	struct svm_cpu *cpu = this_cpu_ptr(&svm_cpu);
	struct svm_vp *svm = to_svm(vp);
	bool xcr0 = svm->vmcb->cr4 & X86_CR4_OSXSAVE;

	if (unlikely(!cpu->enabled)) {		/* reboot: no guest runs any more */
		svm->vmcb->exitcode = SVM_EXIT_INTR;
		set_bit(RS_REQUEST_SHUTDOWN, &vp->requests);
		return;
	}
	regs_to_vmcb(vp, svm->vmcb);
	begin_step(svm);
	check_asid(svm, cpu);
	if (xcr0)
		rs_load_xcr0(vp);
	if (svm->debug_loaded)
		rs_load_debug(vp);

	if (vp->due)
		rs_advance_wait(vp);
	/* each time, with interrupts off: another thread may have changed the LDT meanwhile */
	asm volatile("vmsave %0" : : "a" (page_to_phys(cpu->host)) : "memory");
	asm volatile("clgi" : : : "memory");
	enter_guest(svm, &vp->regs, page_to_phys(cpu->host));
	asm volatile("stgi" : : : "memory");

	if (svm->debug_loaded)
		rs_save_debug(vp);
	rs_restore_debug();
	if (xcr0)
		rs_save_xcr0(vp);
	after_exit(vp, svm);
}
