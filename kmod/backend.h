/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole of what a CPU vendor supplies: struct rs_backend, and the neutral forms
 * in which it reports an exit and takes an event.
 *
 * A backend decodes; common code (intercept.c, vp.c) acts.  No vendor's exit code or
 * control-block field is named outside its directory.
 */
#ifndef ROOTSTOCK_BACKEND_H
#define ROOTSTOCK_BACKEND_H

#include "rs_types.h"
#include "tlfs.h"
#include "slat.h"

struct rs_partition;
struct rs_vp;

enum rs_exit_kind {
	RS_EXIT_NONE,			/* the host's business, or done by the backend */
	RS_EXIT_IO,
	RS_EXIT_RDMSR,
	RS_EXIT_WRMSR,
	RS_EXIT_CPUID,
	RS_EXIT_HLT,
	RS_EXIT_PAUSE,
	RS_EXIT_HYPERCALL,
	RS_EXIT_SLAT_FAULT,
	RS_EXIT_INTERRUPT_WINDOW,
	RS_EXIT_CR_WRITE,
	RS_EXIT_CR_READ,
	RS_EXIT_XSETBV,
	RS_EXIT_RDPMC,
	RS_EXIT_CACHE,			/* INVD, WBINVD */
	RS_EXIT_UNDEFINED,		/* an instruction this CPU model lacks: #UD */
	RS_EXIT_TASK_SWITCH,		/* which this CPU leaves to us */
	RS_EXIT_TRIPLE_FAULT,
	RS_EXIT_INVALID_STATE,
	RS_EXIT_KINDS
};

/**
 * struct rs_exit - why the guest stopped, in no vendor's terms
 * @kind:     enum rs_exit_kind
 * @length:   of the instruction, bytes; 0: not known, common code reads the bytes
 * @io:       a port access; @io.next_rip is always valid
 * @msr:      the index (the value is in RDX:RAX)
 * @slat:     @slat.gpa, what the access was; @slat.fetch of an instruction;
 *            @slat.walk: while the CPU walked the guest's page tables;
 *            @slat.bytes fetched by the CPU, @slat.byte_count 0 when it has none
 * @cr:       MOV to or from control register @cr.number, with general register @cr.gpr;
 *            both -1 when the CPU does not say
 * @task:     to the task of @task.selector, by a CALL, IRET, JMP or gate (@task.source: enum
 *            rs_task_source); @task.event: in the delivery of one that is not to be repeated
 * @invalid:  @invalid.why the CPU refused the VP's state, in words; NULL: it does not say
 * @hardware: the vendor's code, for traces and the invalid-state line only
 */
struct rs_exit {
	u8 kind;
	u8 length;
	u64 hardware;
	union {
		struct {
			u16 port;
			u8 size;
			u8 address_size;
			u8 segment;
			bool in;
			bool string;
			bool rep;
			u64 next_rip;
		} io;
		struct {
			u64 gpa;
			bool write;
			bool fetch;
			bool present;
			bool walk;
			u8 byte_count;
			u8 bytes[15];
		} slat;
		struct {
			s8 number;
			s8 gpr;
		} cr;
		struct {
			u16 selector;
			u8 source;
			bool event;
			bool has_error;
			u32 error;
		} task;
		struct {
			const char *why;
		} invalid;
	};
};

/* What leads to another task. */
enum rs_task_source { RS_TASK_CALL, RS_TASK_IRET, RS_TASK_JMP, RS_TASK_GATE };

/* An event for the guest: at most one is injected an entry. */
struct rs_event {
	bool valid;
	bool has_error;
	u8 type;			/* enum hv_interruption_type */
	u8 vector;
	u32 error;
};

/* The form in which both vendors take and report events (SDM3 table 25-17, APM2 figure 15-4). */
#define RS_EVENT_VECTOR(info)	((u8)(info))
#define RS_EVENT_TYPE(info)	((info) >> 8 & 7)
#define RS_EVENT_ERROR_VALID	BIT(11)
#define RS_EVENT_VALID		BIT(31)

static inline u32 rs_event_info(const struct rs_event *event)
{
	return RS_EVENT_VALID | (event->has_error ? RS_EVENT_ERROR_VALID : 0) |
	       (u32)event->type << 8 | event->vector;
}

static inline struct rs_event rs_event_of(u32 info, u32 error)
{
	return (struct rs_event){
		.valid = info & RS_EVENT_VALID,
		.has_error = info & RS_EVENT_ERROR_VALID,
		.type = RS_EVENT_TYPE(info),
		.vector = RS_EVENT_VECTOR(info),
		.error = error,
	};
}

/* The VP's mode, as page walks, instruction lengths and messages depend on it. */
struct rs_mode {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	struct hv_x64_segment_register cs;
	u8 ss_dpl;
};

/**
 * struct rs_feature - a part of a CPU's virtualization that some CPUs lack
 * @name: as /proc/cpuinfo has it, if it does
 * @has:  this CPU has it
 * @used: and we use it
 */
struct rs_feature {
	const char *name;
	bool has;
	bool used;
};

/**
 * struct rs_backend - a vendor
 * @name:            "SVM" or "VMX"
 * @slat_format:     bits of its nested page tables
 * @probe:           0 when this CPU has what is needed, else -errno and one line that
 *                   says what to do.  Any CPU; process context
 * @feature:         fill in the feature of that number, counted from 0; false: there are no
 *                   more.  After @probe, any context
 * @host_prepare:    memory that the CPUs need, once; may sleep
 * @host_release:    undoes it
 * @cpu_enable:      turn it on here; -EBUSY when somebody else did.  Preemption off
 * @cpu_disable:     turn it off here; also from a crash: no locks, no sleep
 * @partition_init:  per-partition parts (permission maps); may sleep
 * @partition_destroy: undoes it
 * @vp_init:         control block and save areas; may sleep
 * @vp_destroy:      undoes it
 * @vp_reset:        INIT, its registers being reset already: what it keeps besides
 * @load:            the VP's thread has this CPU and runs it from now on; preemption off
 * @put:             it loses the CPU or runs it no more; preemption off, perhaps also
 *                   interrupts, under the run queue's lock: the CPU's registers only
 * @run:             enter the guest once; interrupts off before and after.  Calls
 *                   rs_advance_wait() as late as it can where vp->due is set, and sets
 *                   vp->interrupt_taken, and vp->event to what was under way
 * @decode:          describe the exit; called once after each @run, interrupts on,
 *                   preemption off
 * @inject:          give @event at the next entry, which follows at once; an NMI masks
 *                   further ones until IRET
 * @set_interrupt:   the next entry offers @vector (0..255; -1: none) once the guest can
 *                   take it
 * @request_window:  exit when the guest could take an external interrupt
 * @request_nmi_window: exit when it could take an NMI; true: after one step, without an interrupt
 * @interruptible:   could it take an external interrupt now?
 * @nmi_allowed:     could it take an NMI now?
 * @get_blocking:    HV_INTERRUPT_SHADOW, HV_INTERRUPT_NMI_MASKED
 * @set_blocking:    sets both
 * @get_mode:        fill in @mode: what common code asks for with nearly every exit
 * @get_register:    a register of the vendor's save area: -EINVAL when it has it not
 * @set_register:    same; the value is one that a CPU could hold (regs_valid.c)
 * @flush_tlb:       before the next entry, forget this VP's translations
 * @tsc_offset:      set it
 * @hypercall:       the instruction for the guest's hypercall page
 */
struct rs_backend {
	const char *name;
	const struct rs_slat_format *slat_format;
	int (*probe)(void);
	bool (*feature)(unsigned int number, struct rs_feature *feature);
	int (*host_prepare)(void);
	void (*host_release)(void);
	int (*cpu_enable)(void);
	void (*cpu_disable)(void);
	int (*partition_init)(struct rs_partition *partition);
	void (*partition_destroy)(struct rs_partition *partition);
	int (*vp_init)(struct rs_vp *vp);
	void (*vp_destroy)(struct rs_vp *vp);
	void (*vp_reset)(struct rs_vp *vp);
	void (*load)(struct rs_vp *vp);
	void (*put)(struct rs_vp *vp);
	void (*run)(struct rs_vp *vp);
	void (*decode)(struct rs_vp *vp, struct rs_exit *exit);
	void (*inject)(struct rs_vp *vp, const struct rs_event *event);
	void (*set_interrupt)(struct rs_vp *vp, int vector);
	void (*request_window)(struct rs_vp *vp, bool on);
	bool (*request_nmi_window)(struct rs_vp *vp);
	bool (*interruptible)(struct rs_vp *vp);
	bool (*nmi_allowed)(struct rs_vp *vp);
	u64 (*get_blocking)(struct rs_vp *vp);
	void (*set_blocking)(struct rs_vp *vp, u64 blocking);
	void (*get_mode)(struct rs_vp *vp, struct rs_mode *mode);
	int (*get_register)(struct rs_vp *vp, u32 name, union hv_register_value *value);
	int (*set_register)(struct rs_vp *vp, u32 name, const union hv_register_value *value);
	void (*flush_tlb)(struct rs_vp *vp);
	void (*tsc_offset)(struct rs_vp *vp, u64 offset);
	u8 hypercall[3];
};

extern const struct rs_backend rs_svm_backend;
extern const struct rs_backend rs_vmx_backend;

/* The one in use, set when the module loads. */
extern const struct rs_backend *rs_backend;

#endif
