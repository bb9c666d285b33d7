/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of one virtual processor: xAPIC and x2APIC registers, priorities,
 * the timer, and the decoding of what it sends (SDM3 ch. 11, APM2 ch. 16).
 *
 * Pure: single owner (the VP's thread), no locks, no clocks of its own.  What other
 * VPs post waits in the VP's mailbox (vp.c) until the owner accepts it here.  Only
 * rs_lapic_match() and rs_lapic_priority() may be called by others: they read single
 * words that may be stale, as they may be on hardware.
 */
#ifndef ROOTSTOCK_LAPIC_H
#define ROOTSTOCK_LAPIC_H

#include "rs_types.h"
#include "tlfs.h"

#define RS_APIC_DEFAULT_BASE	0xfee00000ull
#define RS_APIC_BASE_BSP	BIT_ULL(8)
#define RS_APIC_BASE_X2APIC	BIT_ULL(10)
#define RS_APIC_BASE_ENABLE	BIT_ULL(11)
/* The timer's input clock: one tick a nanosecond. */
#define RS_APIC_FREQUENCY	1000000000ull

enum rs_lapic_register {		/* xAPIC offsets */
	RS_APIC_ID		= 0x020,
	RS_APIC_VERSION		= 0x030,
	RS_APIC_TPR		= 0x080,
	RS_APIC_APR		= 0x090,
	RS_APIC_PPR		= 0x0a0,
	RS_APIC_EOI		= 0x0b0,
	RS_APIC_RRD		= 0x0c0,
	RS_APIC_LDR		= 0x0d0,
	RS_APIC_DFR		= 0x0e0,
	RS_APIC_SPIV		= 0x0f0,
	RS_APIC_ISR		= 0x100,
	RS_APIC_TMR		= 0x180,
	RS_APIC_IRR		= 0x200,
	RS_APIC_ESR		= 0x280,
	RS_APIC_LVT_CMCI	= 0x2f0,
	RS_APIC_ICR		= 0x300,
	RS_APIC_ICR2		= 0x310,
	RS_APIC_LVT_TIMER	= 0x320,
	RS_APIC_LVT_THERMAL	= 0x330,
	RS_APIC_LVT_PERF	= 0x340,
	RS_APIC_LVT_LINT0	= 0x350,
	RS_APIC_LVT_LINT1	= 0x360,
	RS_APIC_LVT_ERROR	= 0x370,
	RS_APIC_TIMER_INITIAL	= 0x380,
	RS_APIC_TIMER_CURRENT	= 0x390,
	RS_APIC_TIMER_DIVIDE	= 0x3e0,
	RS_APIC_SELF_IPI	= 0x3f0,
};

enum rs_ipi_shorthand {
	RS_IPI_DESTINATION	= 0,
	RS_IPI_SELF		= 1,
	RS_IPI_ALL		= 2,
	RS_IPI_OTHERS		= 3,
};

/**
 * struct rs_ipi - an interrupt message on its way to some local APICs
 * @type:        enum hv_interrupt_type
 * @vector:      0..255
 * @shorthand:   enum rs_ipi_shorthand; anything but DESTINATION ignores @destination
 * @logical:     destination mode
 * @level:       trigger mode
 * @x2apic:      @destination has 32 bits and x2APIC rules, else 8 bits
 * @destination: APIC ID or logical destination; all ones is a broadcast
 */
struct rs_ipi {
	u8 type;
	u8 vector;
	u8 shorthand;
	bool logical;
	bool level;
	bool x2apic;
	u32 destination;
};

struct rs_lapic;

/**
 * struct rs_lapic_ops - effects
 * @now:     monotonic ns
 * @arm:     fire rs_lapic_timer_expired() at @deadline (same clock); 0 disarms
 * @tsc:     the guest's time stamp counter
 * @tsc_to_ns: length of @ticks of it in ns, saturating
 * @send:    deliver an IPI (it may name the sender)
 * @eoi:     a level-triggered vector was ended
 * @due:     the interrupt of a deadline was raised, perhaps too early (timer_slack): the guest is
 *           not to run before its TSC is @tsc
 */
struct rs_lapic_ops {
	u64 (*now)(struct rs_lapic *lapic);
	void (*arm)(struct rs_lapic *lapic, u64 deadline);
	u64 (*tsc)(struct rs_lapic *lapic);
	u64 (*tsc_to_ns)(struct rs_lapic *lapic, u64 ticks);
	void (*send)(struct rs_lapic *lapic, const struct rs_ipi *ipi);
	void (*eoi)(struct rs_lapic *lapic, u8 vector);
	void (*due)(struct rs_lapic *lapic, u64 tsc);
};

struct rs_lapic {
	const struct rs_lapic_ops *ops;
	u32 id;				/* initial APIC ID: the VP index */
	bool bsp;
	u64 base;			/* IA32_APIC_BASE */
	u32 tpr, ldr, dfr, spiv, esr, esr_latched;
	u64 icr;
	u32 lvt_timer, lvt_thermal, lvt_perf, lvt_lint0, lvt_lint1, lvt_error;
	u32 timer_initial, timer_divide;
	u64 timer_deadline;		/* ns when it fires next; 0: it stands still */
	u64 tsc_deadline;
	u32 timer_slack;		/* ns; a TSC deadline so near is past.  0: no @due */
	u32 timer_advance;		/* ns by which its alarm is early; at most timer_slack */
	u64 irr[4], isr[4], tmr[4];
};

void rs_lapic_init(struct rs_lapic *lapic, u32 id, bool bsp, const struct rs_lapic_ops *ops);

/* INIT: registers to their reset values; ID and base stay (SDM3 §11.4.7.3). */
void rs_lapic_reset(struct rs_lapic *lapic);

/* IA32_APIC_BASE.  -EINVAL (#GP) for reserved bits, another base, a forbidden transition. */
int rs_lapic_set_base(struct rs_lapic *lapic, u64 base);

static inline bool rs_lapic_enabled(const struct rs_lapic *lapic)
{
	return lapic->base & RS_APIC_BASE_ENABLE;
}

static inline bool rs_lapic_x2apic(const struct rs_lapic *lapic)
{
	return lapic->base & RS_APIC_BASE_X2APIC;
}

/* xAPIC page accesses; -EINVAL when the page is not there (disabled, x2APIC) or misaligned. */
int rs_lapic_read(struct rs_lapic *lapic, u32 offset, u32 *value);
int rs_lapic_write(struct rs_lapic *lapic, u32 offset, u32 value);

/* x2APIC MSRs 0x800-0x8ff; -EINVAL is #GP. */
int rs_lapic_rdmsr(struct rs_lapic *lapic, u32 msr, u64 *value);
int rs_lapic_wrmsr(struct rs_lapic *lapic, u32 msr, u64 value);

/* IA32_TSC_DEADLINE: 0 unless the timer is in that mode; writes are ignored then. */
u64 rs_lapic_get_tsc_deadline(struct rs_lapic *lapic);
void rs_lapic_set_tsc_deadline(struct rs_lapic *lapic, u64 tsc);

/* CR8 is TPR bits 7:4. */
u64 rs_lapic_get_cr8(const struct rs_lapic *lapic);
void rs_lapic_set_cr8(struct rs_lapic *lapic, u64 cr8);

/* HV_X64_MSR_EOI/ICR/TPR: as the registers, in either mode; the ICR has the xAPIC's layout. */
void rs_lapic_eoi(struct rs_lapic *lapic);
int rs_lapic_write_icr(struct rs_lapic *lapic, u64 icr);

/* Accepts a vector into the IRR.  False when disabled (hardware or software) or below 16. */
bool rs_lapic_accept(struct rs_lapic *lapic, u8 vector, bool level);

/* An interrupt of the local vector table, by its register. */
void rs_lapic_raise(struct rs_lapic *lapic, enum rs_lapic_register lvt);

/* The highest vector that priority lets through, or -1. */
int rs_lapic_pending(const struct rs_lapic *lapic);

/* The CPU took @vector: IRR to ISR, or with @auto_eoi out of both. */
void rs_lapic_acknowledge(struct rs_lapic *lapic, u8 vector, bool auto_eoi);

/* Is some vector requested; is @vector in service? */
bool rs_lapic_requested(const struct rs_lapic *lapic);
bool rs_lapic_in_service(const struct rs_lapic *lapic, u8 vector);

/* Would nobody notice when the EOI of @vector, requested now, came late? */
bool rs_lapic_lazy_eoi(const struct rs_lapic *lapic, u8 vector);

/* Would an external 8259's INTR reach the CPU (LINT0 is ExtINT, or the APIC is off)? */
bool rs_lapic_accepts_extint(const struct rs_lapic *lapic);

/* Would NMI on LINT1 reach the CPU? */
bool rs_lapic_accepts_lint1_nmi(const struct rs_lapic *lapic);

/* The armed deadline passed (it may also be early or late: checked here). */
void rs_lapic_timer_expired(struct rs_lapic *lapic);

/* Does the message reach this APIC?  Shorthands are the sender's business.  Any context. */
bool rs_lapic_match(const struct rs_lapic *lapic, const struct rs_ipi *ipi);

/* Arbitration value for lowest priority: smaller wins.  Any context. */
u32 rs_lapic_priority(const struct rs_lapic *lapic);

/* Registers at offset / 16, as struct vid_lapic_state.regs; set checks every field. */
void rs_lapic_get_state(struct rs_lapic *lapic, u32 regs[64], u64 *timer_remaining);
int rs_lapic_set_state(struct rs_lapic *lapic, const u32 regs[64], u64 base, u64 tsc_deadline,
		       u64 timer_remaining);

#endif
