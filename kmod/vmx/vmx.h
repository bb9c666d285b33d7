/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMX backend's own: per-VP state, per-CPU state, and access to the VMCS.
 */
#ifndef ROOTSTOCK_VMX_H
#define ROOTSTOCK_VMX_H

#include <asm/asm.h>

#include "hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

/* MSRs that are the guest's while the VP's thread has the CPU; vmx->msr is in this order. */
enum vmx_msr { VMX_STAR, VMX_LSTAR, VMX_CSTAR, VMX_SFMASK, VMX_KERNEL_GS_BASE, VMX_TSC_AUX,
	       VMX_MSRS };

/* The first of those that the guest writes without an exit. */
#define VMX_MSR_DIRECT	VMX_KERNEL_GS_BASE

/**
 * struct vmx_vp - what VMX keeps for a VP; all of it the owner's, but @cpu
 * @vmcs:         its page
 * @apic:         virtual APIC page; all there is of it is the TPR
 * @cpu:          where the VMCS is active, -1: nowhere.  Its CPU alone makes it -1
 * @fresh:        the VMCS was active nowhere yet
 * @launched:     since it became active
 * @loaded:       its MSRs are in the CPU
 * @entered:      since it was loaded: what an exit leaves of the host is to be repaired
 * @vpid:         its translations' tag on @tag_cpu, valid in @tag_generation
 * @flush:        second-level translations are to be forgotten too
 * @cr2, @dr6:    not in the VMCS
 * @cr3, @cr4:    the host's, as in the VMCS
 * @rsp, @rip, @rflags: the guest's, as in the VMCS
 * @proc:         VMCS_PROC_CONTROLS as wanted always; @proc_now as they are
 * @blocking:     VMCS_GUEST_BLOCKING; @blocking_now as it is in the VMCS
 * @msr:          enum vmx_msr, where they are not in the CPU
 * @mode:         valid when @mode_valid
 * @entry_event, @entry_error: for the next entry
 * @vector:       to be offered at the next entry, -1: none
 * @window:       exit when it can take an interrupt; @nmi_window likewise
 * @offered:      @vector was given to the last entry
 * @ds, @es:      the thread's, which an exit leaves null
 * @debug_loaded: the debug registers are the guest's while it runs, accesses do not exit
 * @flush_l1d:    the host did more than handle an exit since the last entry
 * @spec_ctrl:    the host's, where it has to be written after an exit
 * @error:        of the entry, 0: the CPU was in the guest, or said so in @reason
 * @reason, @qualification, @vectoring, @event: of the last exit
 */
struct vmx_vp {
	void *vmcs;
	u8 *apic;
	int cpu;
	bool fresh;
	bool launched;
	bool loaded;
	bool entered;
	bool flush;
	bool mode_valid;
	bool window;
	bool nmi_window;
	bool offered;
	bool debug_loaded;
	bool flush_l1d;
	u64 spec_ctrl;
	u16 ds;
	u16 es;
	int vector;
	u32 vpid;
	int tag_cpu;
	u64 tag_generation;
	u64 cr2;
	u64 dr6;
	u64 cr3;
	u64 cr4;
	u64 rsp;
	u64 rip;
	u64 rflags;
	u32 proc;
	u32 proc_now;
	u32 blocking;
	u32 blocking_now;
	u32 entry_event;
	u32 entry_error;
	u32 error;
	u32 reason;
	u32 event;
	u64 qualification;
	u64 msr[VMX_MSRS];
	struct rs_mode mode;
};

/* What VMX keeps for a partition. */
struct vmx_partition {
	void *msr_bitmap;		/* which MSRs exit; shared by the VPs */
	u64 eptp;
};

/**
 * struct vmx_cpu - per CPU
 * @enabled:    VMXON is ours
 * @vmxon:      its page
 * @active:     whose VMCS is active here, and current: one at most
 * @generation: of VPIDs; a VP of an older one takes a new VPID
 * @next_vpid:  first that was not used in this generation
 * @msr:        the host's
 */
struct vmx_cpu {
	bool enabled;
	void *vmxon;
	struct vmx_vp *active;
	u64 generation;
	u32 next_vpid;
	u64 msr[VMX_MSRS];
};

DECLARE_PER_CPU(struct vmx_cpu, vmx_cpu);

extern struct vmx_controls vmx_controls;
extern u32 vmx_revision;

static inline struct vmx_vp *to_vmx(struct rs_vp *vp)
{
	return vp->arch;
}

/*
 * They fault when a reboot has turned VMX off under us; then what is read is 0, and the VP never
 * enters again.
 */
static __always_inline u64 vmcs_read(u32 field)
{
	u64 value = 0;

	asm volatile("1: vmread %1, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+r" (value) : "r" ((u64)field) : "cc");
	return value;
}

static __always_inline void vmcs_write(u32 field, u64 value)
{
	asm volatile("1: vmwrite %1, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : : "r" ((u64)field), "r" (value) : "cc", "memory");
}

/* host.c */
extern const u32 vmx_msr_index[VMX_MSRS];
int vmx_host_prepare(void);
void vmx_host_release(void);
int vmx_host_enable(void);
void vmx_host_disable(void);
void *vmx_alloc_region(void);
/* Makes the VMCS current here, which it remains while preemption is off.  False: no VMX here */
bool vmx_activate(struct vmx_vp *vmx);
/* It is active nowhere afterwards.  Process context */
void vmx_deactivate(struct vmx_vp *vmx);
/* Preemption is off from the one to the other; when the one fails, it is not. */
bool vmx_begin(struct vmx_vp *vmx);
void vmx_end(void);
void vmx_flush_tags(struct vmx_vp *vmx);
/* Before an entry: its translations are its own, and none is stale.  Interrupts off */
void vmx_check_tags(struct vmx_vp *vmx, u64 eptp);

/* l1d.c */
int vmx_l1d_prepare(void);
void vmx_l1d_release(void);
/* Before an entry, interrupts off: where that matters no secret is left in the cache */
void vmx_flush_l1d(struct vmx_vp *vmx);

/* entry.S: false when the entry failed */
bool vmx_enter(struct rs_regs *regs, bool launched);
void vmx_exit_point(void);

/* decode.c */
void vmx_decode(struct rs_vp *vp, struct rs_exit *exit);

/* regs.c */
void vmx_vp_reset(struct rs_vp *vp);
void vmx_get_mode(struct rs_vp *vp, struct rs_mode *mode);
int vmx_get_register(struct rs_vp *vp, u32 name, union hv_register_value *value);
int vmx_set_register(struct rs_vp *vp, u32 name, const union hv_register_value *value);
/* The debug registers are the guest's from the next entry on, or its accesses exit. */
void vmx_load_debug(struct vmx_vp *vmx, bool on);

/* run.c */
void vmx_load(struct rs_vp *vp);
void vmx_put(struct rs_vp *vp);
void vmx_run(struct rs_vp *vp);
void vmx_inject(struct rs_vp *vp, const struct rs_event *event);
void vmx_set_interrupt(struct rs_vp *vp, int vector);
void vmx_request_window(struct rs_vp *vp, bool on);
bool vmx_request_nmi_window(struct rs_vp *vp);
bool vmx_interruptible(struct rs_vp *vp);
bool vmx_nmi_allowed(struct rs_vp *vp);
u64 vmx_get_blocking(struct rs_vp *vp);
void vmx_set_blocking(struct rs_vp *vp, u64 blocking);
void vmx_flush_tlb(struct rs_vp *vp);

#endif
