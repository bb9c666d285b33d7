/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SVM backend's own: per-VP state, per-CPU state, features in use.
 */
#ifndef ROOTSTOCK_SVM_H
#define ROOTSTOCK_SVM_H

#include "hv.h"
#include "svm/vmcb.h"

/**
 * struct svm_vp - what SVM keeps for a VP; all of it the owner's
 * @vmcb:         control block, guest-visible state
 * @asid:         its translations' tag on @asid_cpu, valid in @asid_generation
 * @msrpm:        the partition's
 * @tsc_aux:      guest's
 * @mce:          CR4.MCE, where it is set and the guest has not set it
 * @loaded:       its TSC_AUX is in this CPU's
 * @debug_loaded: DR0-DR3 are the guest's while it runs, accesses are not intercepted
 * @nmi_masked:   between an NMI and its IRET
 * @iret_rip:     where IRET was intercepted, while it has not completed
 * @iret_pending: it has not
 * @step_wanted:  by the entry that is being prepared
 * @stepping:     one instruction with TF, to find the end of a shadow or of IRET
 * @stepped:      the last run was that
 * @step_tf:      the guest's own TF meanwhile
 */
struct svm_vp {
	struct vmcb *vmcb;
	u64 vmcb_pa;
	u32 asid;
	int asid_cpu;
	u64 asid_generation;
	u64 tsc_aux;
	u64 mce;
	u64 iret_rip;
	bool loaded;
	bool debug_loaded;
	bool nmi_masked;
	bool iret_pending;
	bool step_wanted;
	bool stepping;
	bool stepped;
	bool step_tf;
};

/* Features that are used when the CPU has them, and never assumed (APM3 CPUID 8000_000A). */
struct svm_features {
	u32 asids;
	u32 cpuid;			/* the leaf's EDX */
	bool nrip;
	bool decode_assists;
	bool pause_filter;
	bool pause_threshold;
	bool la57;			/* the host's tables, and so ours, have five levels */
};

extern struct svm_features svm_features;

static inline struct svm_vp *to_svm(struct rs_vp *vp)
{
	return vp->arch;
}

/* entry.S: VMRUN with the guest's registers; interrupts and GIF off around it. */
void svm_vmrun(u64 vmcb_pa, struct rs_regs *regs, u64 host_pa);

/* TSC_AUX, wherever it is now.  Owner only */
u64 svm_get_tsc_aux(struct svm_vp *svm);
void svm_set_tsc_aux(struct svm_vp *svm, u64 value);

/* DR0-DR3 are the guest's from the next entry on, or its accesses are intercepted. */
void svm_load_debug(struct svm_vp *svm, bool on);

/* decode.c */
void svm_decode(struct rs_vp *vp, struct rs_exit *exit);

/* regs.c */
void svm_vp_reset(struct rs_vp *vp);
void svm_get_mode(struct rs_vp *vp, struct rs_mode *mode);
int svm_get_register(struct rs_vp *vp, u32 name, union hv_register_value *value);
int svm_set_register(struct rs_vp *vp, u32 name, const union hv_register_value *value);

/* run.c */
void svm_load(struct rs_vp *vp);
void svm_put(struct rs_vp *vp);
void svm_run(struct rs_vp *vp);
void svm_inject(struct rs_vp *vp, const struct rs_event *event);
void svm_set_interrupt(struct rs_vp *vp, int vector);
void svm_request_window(struct rs_vp *vp, bool on);
bool svm_request_nmi_window(struct rs_vp *vp);
bool svm_interruptible(struct rs_vp *vp);
bool svm_nmi_allowed(struct rs_vp *vp);
u64 svm_get_blocking(struct rs_vp *vp);
void svm_set_blocking(struct rs_vp *vp, u64 blocking);
void svm_flush_tlb(struct rs_vp *vp);
int svm_host_prepare(void);
void svm_host_release(void);
int svm_host_enable(void);
void svm_host_disable(void);

#endif
