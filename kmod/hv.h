/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's own structures: partitions, virtual processors, and what its files
 * offer each other.  Never included outside kmod/ (rs_hv.h is for the others).
 *
 * Lock legend, for the tags on fields:
 *   [c] constant after creation     [o] the VP's owner: vp->mutex held
 *   [p] partition->lock             [g] partition->gpa.lock
 *   [t] partition->tlfs_lock        [a] atomic, any context
 */
#ifndef ROOTSTOCK_HV_H
#define ROOTSTOCK_HV_H

#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <asm/fpu/api.h>

#include "backend.h"
#include "lapic.h"
#include "rs_hv.h"
#include "slat.h"
#include "stimer.h"
#include "synic.h"
#include "tlfs.h"
#include "vid.h"

enum rs_gpr { RS_RAX, RS_RCX, RS_RDX, RS_RBX, RS_RSP, RS_RBP, RS_RSI, RS_RDI, RS_R8, RS_R15 = 15 };

/* In the order of HV_X64_REGISTER_RAX..; the entry assembly knows the offsets. */
struct rs_regs {
	u64 gpr[16];
	u64 rip;
	u64 rflags;
};

/* Why an exit is counted; in debugfs under these names. */
enum rs_counter {
	RS_COUNT_EXITS,
	RS_COUNT_HOST,
	RS_COUNT_IO,
	RS_COUNT_MSR,
	RS_COUNT_CPUID,
	RS_COUNT_HLT,
	RS_COUNT_HYPERCALL,
	RS_COUNT_SLAT,
	RS_COUNT_WINDOW,
	RS_COUNT_OTHER,
	RS_COUNT_MESSAGES,
	RS_COUNT_INJECTIONS,
	RS_COUNT_DOORBELLS,
	RS_COUNT_YIELDS,
	RS_COUNTERS
};

/* Bits of vp->requests: what must happen before the next entry. */
enum rs_request {
	RS_REQUEST_FLUSH,	/* forget translations */
	RS_REQUEST_CANCEL,	/* return to the worker */
	RS_REQUEST_TIMER,	/* some bit of timers_expired is set */
	RS_REQUEST_EVENT,	/* something is in the mailbox */
	RS_REQUEST_CALL,	/* another VP's owner asks for something: call.c */
	RS_REQUEST_SHUTDOWN,	/* the host goes down: never enter again */
};

/* vp->timers: hrtimers, and bits of timers_expired. */
enum rs_timer {
	RS_TIMER_LAPIC,
	RS_TIMER_STIMER0,
	RS_TIMERS = RS_TIMER_STIMER0 + HV_STIMER_COUNT
};

/* Bits of mailbox.flags. */
enum rs_mail {
	RS_MAIL_NMI,
	RS_MAIL_INIT,
	RS_MAIL_SIPI,		/* mailbox.sipi_vector holds its vector */
	RS_MAIL_VECTORS,	/* some bit of posted is set */
	RS_MAIL_MESSAGES,	/* a message is in the outbox */
	RS_MAIL_SIGNALS,	/* a SINT has event flags in the outbox */
};

/* What others post to a VP; its owner empties it before it enters the guest. */
struct rs_mailbox {
	unsigned long flags;			/* [a] enum rs_mail */
	unsigned long posted[4];		/* [a] vectors */
	unsigned long level[4];			/* [a] which of them are level-triggered */
	u32 sipi_vector;			/* [a] written before RS_MAIL_SIPI */
};

/* Messages of one SINT that may wait for the guest. */
#define RS_OUTBOX_LIMIT	64u

/* Messages and event flags on their way to the guest: outbox.c */
struct rs_outbox {
	spinlock_t lock;			/* process context only */
	struct list_head letters[HV_SINT_COUNT];	/* [lock] */
	u32 count[HV_SINT_COUNT];		/* [lock]; read without */
	unsigned long signalled;		/* [a] SINTs with a bit in flags */
	struct hv_synic_event_flags_page *flags;	/* [a] */
};

/* Calls of other VPs' owners: call.c */
struct rs_calls {
	spinlock_t lock;			/* process context only */
	struct list_head list;			/* [lock] */
};

/* Of an interrupt whose EOI may come by the VP assist page: assist.c */
enum rs_lazy_eoi {
	RS_LAZY_NONE,
	RS_LAZY_OFFERED,	/* at the entry to come, or under way */
	RS_LAZY_IN_SERVICE,
	RS_LAZY_WITHDRAW,	/* not taken: the guest's bit is to be cleared */
};

enum rs_vp_mode { RS_VP_OUTSIDE, RS_VP_IN_GUEST, RS_VP_LEAVING };

/* Bits of vp->activity. */
#define RS_ACTIVITY_WAIT_SIPI	1u	/* after INIT, or an AP that never started */
#define RS_ACTIVITY_HALTED	2u
#define RS_ACTIVITY_SHUTDOWN	8u	/* a triple fault: the worker is to know */
#define RS_ACTIVITY_IDLE	4u	/* HV_X64_MSR_GUEST_IDLE: wakes also with IF clear */

struct rs_vp_timer {
	struct hrtimer hrtimer;
	struct rs_vp *vp;
};

/* MSRs that are only storage, per VP; msr.c knows their indices. */
struct rs_msrs {
	u64 misc_enable;
	u64 tsc_adjust;
	u64 mtrr_def_type;
	u64 mtrr_fixed[11];
	u64 mtrr_var[16];
	u64 mcg_status;
};

#define RS_GPA_CACHE	8u

/* Pages of guest memory that a VP's walks read lately: rs_gpa_read_pointer() */
struct rs_gpa_cache {
	u64 generation;				/* of rs_gpa; of an older one nothing is good */
	struct {
		u64 gpa;
		const void *memory;
	} page[RS_GPA_CACHE];
};

struct rs_vp {
	struct rs_partition *partition;		/* [c] */
	u32 index;				/* [c] VP index and APIC ID */
	unsigned long owned;			/* [a] bit 0: by a call from above */
	struct mutex mutex;			/* its owner has it, or who serves calls */
	struct preempt_notifier notifier;	/* [o] registered while it runs */

	struct rs_regs regs;			/* [o] */
	struct rs_lapic lapic;			/* [o] */
	struct rs_synic synic;			/* [o] */
	struct rs_stimers stimers;		/* [o] */
	struct rs_msrs msrs;			/* [o] */
	struct rs_exit exit;			/* [o] */
	struct rs_event event;			/* [o] to inject at the next entry */
	u32 activity;				/* [o] RS_ACTIVITY_* */
	bool spinning;				/* [o] it yielded, and has not stopped since */
	bool nmi_pending;			/* [o] */
	DECLARE_BITMAP(eoi_pending, 256);	/* [o] level vectors ended, for the worker */
	int interrupt_offered;			/* [o] vector in the backend's hands, or -1 */
	bool interrupt_taken;			/* [o] the backend: it was, in the last run */
	bool interrupt_auto_eoi;		/* [o] */
	int ext_int_vector;			/* [o] what an 8259 acknowledged, or -1 */
	u64 xcr0;				/* [o] */
	u64 dr[4];				/* [o] */
	u64 tsc_offset;				/* [o] guest TSC less the host's */
	u64 due;				/* [o] host TSC before which not to enter, or 0 */
	struct rs_gpa_cache gpa_cache;		/* [o] */
	u64 vp_assist;				/* [o] HV_X64_MSR_VP_ASSIST_PAGE */
	enum rs_lazy_eoi lazy_eoi;		/* [o] */
	u8 lazy_vector;				/* [o] */
	u64 runtime_ns;				/* [o] of the runs that ended */
	u64 run_start_ns;			/* [o] this run's, later by idle time; 0: none */
	struct fpu_guest fpu;			/* [o] */
	struct task_struct __rcu *task;		/* [o] that ran it last */
	struct vid_vp_page *page;		/* [c] shared with the worker */
	void *arch;				/* [c] the backend's own */

	struct rs_mailbox mailbox;		/* [a] */
	struct rs_outbox outbox;
	struct rs_calls calls;
	unsigned long requests;			/* [a] enum rs_request */
	unsigned long timers_expired;		/* [a] enum rs_timer */
	int mode;				/* [a] enum rs_vp_mode */
	int cpu;				/* [a] where it was loaded last; -1 */
	struct rcuwait wait;			/* wakes it from HLT */
	struct rs_vp_timer timers[RS_TIMERS];	/* callbacks only set bits and kick */

	u64 counters[RS_COUNTERS];		/* [o], read by debugfs without a lock */
};

struct rs_gpa_region;

struct rs_gpa {
	struct rw_semaphore lock;		/* write: regions change; read: the rest */
	struct mutex fault_lock;		/* leaves change; inside lock */
	struct rb_root_cached regions;		/* [g] */
	struct rs_slat slat;			/* leaves under fault_lock */
	u64 generation;				/* [g] moves on when leaves are removed; from 1 */
	struct mm_struct *mm;			/* [c] whose memory is mapped; grabbed */
	atomic64_t pinned;			/* [a] 4 KiB pages */
	u32 recording;				/* [g] regions that record writes; read without */
};

struct rs_partition {
	struct kref ref;
	u64 id;					/* [c] for traces and debugfs */
	u32 vp_count;				/* [c] */
	struct mutex lock;
	struct rs_vp *vps[RS_MAX_VPS];		/* [p] set once, with release */
	struct rs_gpa gpa;
	const struct rs_upcalls *upcalls;	/* [c] */
	void *upcall_context;			/* [c] */
	void *arch;				/* [c] the backend's own */

	struct mutex tlfs_lock;			/* see Documentation/locking.md */
	u64 guest_os_id;			/* [t] */
	u64 hypercall;				/* [t] HV_X64_MSR_HYPERCALL */
	u64 reference_tsc;			/* [t] HV_X64_MSR_REFERENCE_TSC */
	u64 crash[HV_CRASH_PARAMS];		/* [t] */
	u64 crash_ctl;				/* [t] */
	u64 reenlightenment;			/* [t] HV_X64_MSR_REENLIGHTENMENT_CONTROL */
	u64 tsc_emulation;			/* [t] HV_X64_MSR_TSC_EMULATION_CONTROL */
	u64 tsc_invariant;			/* [t] HV_X64_MSR_TSC_INVARIANT_CONTROL */
	u64 privileges;				/* [a] HV_CPUID_FEATURES: EBX << 32 | EAX */
	struct xarray ports;			/* by connection ID: port.c */
	struct rs_outbox_watch __rcu *outbox_watch;	/* [a] */

	u64 tsc_hz;				/* [c] */
	u64 tsc_base;				/* [c] host TSC at creation: guest TSC 0 */
	u64 tsc_scale;				/* [c] (10^7 << 64) / tsc_hz */
	s64 reference_offset;			/* [t] added to the scaled guest TSC */

	struct rs_intercept intercepts[VID_INTERCEPTS_MAX];	/* [p] write; read any: count */
	u32 intercept_count;			/* [p] published with release */
	u32 last_yield;				/* [a] VP that a spinning one gave way to last */
	bool ext_int;				/* [a] INTR line of an external 8259 */
	struct dentry *debugfs;			/* [c] */
};

/* ---- partition.c */
static inline struct rs_vp *rs_partition_vp(struct rs_partition *partition, u32 index)
{
	/* pairs with the release in rs_vp_create() */
	return index < partition->vp_count ? smp_load_acquire(&partition->vps[index]) : NULL;
}

/* ---- post.c: posting to a VP; any context, also interrupts off */
void rs_vp_kick(struct rs_vp *vp);
void rs_vp_request(struct rs_vp *vp, enum rs_request request);
void rs_vp_post(struct rs_vp *vp, u8 vector, bool level);
void rs_vp_mail(struct rs_vp *vp, enum rs_mail mail);

/* Arms timer @n for @deadline (ktime_get() ns), disarms it with 0.  Owner only. */
void rs_vp_arm_timer(struct rs_vp *vp, enum rs_timer n, u64 deadline);

/* Routes an interrupt message to the local APICs that it names.  @source may be NULL. */
void rs_ipi_send(struct rs_partition *partition, struct rs_vp *source, const struct rs_ipi *ipi);

/*
 * Translations of the VPs in @mask (bit: VP index) are forgotten before this returns: those in
 * the guest are made to leave it.  Process context, interrupts on.
 */
void rs_vps_flush_tlb(struct rs_partition *partition, u64 mask);
void rs_vp_timers_init(struct rs_vp *vp);
void rs_vp_timers_cancel(struct rs_vp *vp);

/* ---- main.c: says why the module is not loaded.  Returns @err */
int rs_refuse(int err, const char *why);

/* ---- vp.c */
void rs_vp_destroy(struct rs_vp *vp);
u64 rs_vp_runtime(struct rs_vp *vp);
/* INIT, and what a new VP is: BSP at the reset vector, others waiting for SIPI.  Owner only */
void rs_vp_reset(struct rs_vp *vp);

/* ---- event.c: what goes into the guest at the next entry.  Owner only */
void rs_vp_inject_exception(struct rs_vp *vp, u8 vector, bool has_error, u32 error);
void rs_vp_reflect_exception(struct rs_vp *vp, u8 vector, bool has_error, u32 error);
static inline void rs_vp_inject_gp(struct rs_vp *vp)
{
	rs_vp_inject_exception(vp, 13, true, 0);
}
static inline void rs_vp_inject_ud(struct rs_vp *vp)
{
	rs_vp_inject_exception(vp, 6, false, 0);
}
/* Something that wakes the VP from HLT. */
bool rs_vp_has_event(struct rs_vp *vp);
/* An external 8259's interrupt could be delivered now: the worker must acknowledge it. */
bool rs_vp_ext_int_deliverable(struct rs_vp *vp);
void rs_vp_prepare_events(struct rs_vp *vp);	/* before an entry; preemption off */
void rs_vp_collect_events(struct rs_vp *vp);	/* after it */
/* Accepts what the mailbox holds and what timers did.  May sleep */
void rs_vp_receive(struct rs_vp *vp);

/* ---- advance.c: TSC deadlines on time.  Owner only */
void rs_advance_init(struct rs_vp *vp);
void rs_advance_wait(struct rs_vp *vp);	/* for rs_backend->run, with vp->due set */

/* ---- intercept.c: acts on a decoded exit */
enum rs_action {
	RS_RESUME,		/* enter the guest again */
	RS_TO_WORKER,		/* a message is in the VP page */
};
/* Negative -errno ends the run with it. */
int rs_handle_exit(struct rs_vp *vp);
/* Not memory, or not to be used so: vp->exit.slat says where. */
int rs_memory_intercept(struct rs_vp *vp, int err);
int rs_unrecoverable(struct rs_vp *vp);
/* As a CPU completes an instruction of @length bytes.  May raise #DB */
void rs_vp_advance(struct rs_vp *vp, unsigned int length);
bool rs_intercepted(struct rs_partition *partition, u32 type, u32 parameter);
/* A message of @size bytes of payload, zeroed; in the other form its intercept header is filled. */
void *rs_message(struct rs_vp *vp, u32 type, u8 size);
void *rs_message_begin(struct rs_vp *vp, u32 type, u8 payload_size, u8 access, u8 length);

/* ---- regs.c: registers by TLFS name.  Owner only */
int rs_vp_get_register(struct rs_vp *vp, u32 name, union hv_register_value *value);
int rs_vp_set_register(struct rs_vp *vp, u32 name, const union hv_register_value *value);
u64 rs_vp_reg64(struct rs_vp *vp, u32 name);
u64 rs_rflags_valid(u64 rflags);		/* with the fixed bits as they must be */
void rs_vp_end_shadow(struct rs_vp *vp);
bool rs_xcr0_valid(u64 xcr0);
u64 rs_xcr0_supported(void);		/* what guests may enable */
u64 rs_cr4_valid(struct rs_vp *vp);	/* what this one may set */
bool rs_pat_valid(u64 pat);
/* Changes of these bits of CR4 make translations stale. */
#define RS_CR4_FLUSHING	(X86_CR4_PGE | X86_CR4_PAE | X86_CR4_PSE | X86_CR4_PCIDE |	\
			 X86_CR4_SMEP | X86_CR4_SMAP)
struct hv_x64_segment_register rs_vp_segment(struct rs_vp *vp, u32 name);
bool rs_vp_64bit(struct rs_vp *vp);
u8 rs_vp_cpl(struct rs_vp *vp);
/* The same where the mode is at hand (rs_backend.get_mode). */
static inline bool rs_mode_64bit(const struct rs_mode *mode)
{
	return mode->efer & EFER_LMA && mode->cs.attributes & HV_SEGMENT_LONG;
}
u8 rs_mode_cpl(struct rs_vp *vp, const struct rs_mode *mode);

/* ---- regs_valid.c: registers of the backend's.  Owner only */
/* False: no CPU could hold the value.  Sets bits that are always set */
bool rs_register_fix(struct rs_vp *vp, u32 name, union hv_register_value *value);
void rs_registers_reset(struct rs_vp *vp);

/* ---- cpu.c: what is switched around an entry, and no control block switches */
void rs_cpu_init(void);
void rs_load_debug(struct rs_vp *vp);
void rs_save_debug(struct rs_vp *vp);
void rs_restore_debug(void);
void rs_load_xcr0(struct rs_vp *vp);
void rs_save_xcr0(struct rs_vp *vp);
void rs_machine_check(void);

/* ---- fpu.c: XMM registers, two words each.  Owner only */
void rs_vp_read_xmm(struct rs_vp *vp, u64 *words, unsigned int first, unsigned int count);
void rs_vp_write_xmm(struct rs_vp *vp, const u64 *words, unsigned int first, unsigned int count);

/* ---- gpa.c: guest memory.  Process context, may sleep and pin */
/* Whole or not at all: -EFAULT when a page has no mapping or forbids it. */
int rs_gpa_read(struct rs_partition *partition, u64 gpa, void *buffer, size_t size);
int rs_gpa_write(struct rs_partition *partition, u64 gpa, const void *buffer, size_t size);
/* 8 bytes: sets bit @bit of the 64-bit word at @gpa atomically; 1 when it was set before. */
int rs_gpa_set_bit(struct rs_partition *partition, u64 gpa, unsigned int bit);
int rs_gpa_fault(struct rs_partition *partition, u64 gpa, bool write, bool fetch);
int rs_gpa_init(struct rs_gpa *gpa);
void rs_gpa_destroy(struct rs_partition *partition);

/*
 * The kernel's address of guest memory, up to the page's end; NULL as for the copies.  Good as
 * long as partition->gpa.lock is held for reading.  What is there changes at any moment.
 */
void *rs_gpa_pointer(struct rs_partition *partition, u64 gpa, bool write);
/* To read only; remembers the page for the next time.  The VP's owner */
const void *rs_gpa_read_pointer(struct rs_vp *vp, u64 gpa);
int rs_gpa_xchg32(struct rs_partition *partition, u64 gpa, u32 value, u32 *old);
/* Any context but hard interrupts: false when it could not be done at once. */
bool rs_gpa_try_write32(struct rs_partition *partition, u64 gpa, u32 value);

/* ---- gva.c: guest page walk */
struct rs_walk {
	u64 gpa;
	u32 result;		/* enum hv_translate_gva_result */
	u32 error_code;		/* of the page fault that a failed walk would raise */
};
void rs_gva_translate(struct rs_vp *vp, u64 gva, u64 flags, struct rs_walk *walk);
/* The bytes at the VP's instruction pointer: how many were there, 0..15. */
int rs_gva_fetch(struct rs_vp *vp, u8 bytes[15]);

/* ---- task.c: a task switch that the CPU leaves to us; as rs_handle_exit() */
int rs_task_switch(struct rs_vp *vp);

/* ---- cpuid.c */
void rs_cpuid_init(void);
void rs_cpuid(struct rs_vp *vp, u32 leaf, u32 subleaf, u32 out[4]);
u64 rs_privileges(void);

/*
 * ---- msr.c: 0 done; -EINVAL #GP; -ENOENT the kernel has no such MSR;
 * 1 (write only): done, and the worker must hear of it (crash, reset).
 */
int rs_rdmsr(struct rs_vp *vp, u32 msr, u64 *value);
int rs_wrmsr(struct rs_vp *vp, u32 msr, u64 value);

/*
 * ---- hypercall.c: acts and writes the result; 1: the guest executes the instruction again;
 * -EPERM: the guest gets #UD
 */
int rs_hypercall(struct rs_vp *vp);

/* ---- time.c */
void rs_time_init(struct rs_partition *partition);
u64 rs_guest_tsc(struct rs_vp *vp);
u64 rs_reference_time(struct rs_partition *partition);	/* 100 ns units */
u64 rs_reference_to_ktime(struct rs_partition *partition, u64 reference);	/* absolute ns */
int rs_reference_tsc_write(struct rs_partition *partition, u64 msr_value);
void rs_reference_tsc_refresh(struct rs_partition *partition);

/* ---- synic glue (tlfs.c): owner only, process context */
void rs_tlfs_vp_init(struct rs_vp *vp);
void rs_tlfs_timers_expired(struct rs_vp *vp, unsigned long stimers);	/* bit n: timer n */
/* Is @vector one that a SINT has marked AutoEOI? */
bool rs_tlfs_auto_eoi(struct rs_vp *vp, u8 vector);

/* ---- call.c: acting on another VP, as its owner */
void rs_calls_init(struct rs_vp *vp);
void rs_calls_serve(struct rs_vp *vp);			/* owner only */
/* False when it has an owner. */
bool rs_vp_own(struct rs_vp *vp);
void rs_vp_disown(struct rs_vp *vp);
/* 0, or -EINTR: a signal came first.  @vp: the caller's own */
int rs_vp_call(struct rs_vp *vp, struct rs_vp *target,
	       u16 (*function)(struct rs_vp *target, void *argument), void *argument, u16 *status);

/* ---- yield.c: owner only */
void rs_vp_set_task(struct rs_vp *vp);
void rs_vp_forget_task(struct rs_vp *vp);	/* no owner, for good */
void rs_vp_yield(struct rs_vp *vp);

/* ---- port.c */
void rs_ports_init(struct rs_partition *partition);
void rs_ports_destroy(struct rs_partition *partition);

/* ---- outbox.c: owner only */
int rs_outbox_init(struct rs_vp *vp);
void rs_outbox_destroy(struct rs_vp *vp);
void rs_outbox_signals(struct rs_vp *vp);
void rs_outbox_messages(struct rs_vp *vp);
bool rs_outbox_deliver(struct rs_vp *vp, unsigned int sint);	/* true: some still wait */

/* ---- assist.c: lazy EOI.  Owner only */
void rs_assist_offer(struct rs_vp *vp, u8 vector);	/* preemption may be off */
void rs_assist_collect(struct rs_vp *vp, bool taken);	/* same */
void rs_assist_sync(struct rs_vp *vp);
void rs_assist_disarm(struct rs_vp *vp);

/* ---- debugfs.c */
void rs_debugfs_init(void);
void rs_debugfs_exit(void);
void rs_debugfs_add(struct rs_partition *partition);
void rs_debugfs_remove(struct rs_partition *partition);

#endif
