// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a local APIC, as it is saved and restored: its registers at offset / 16.
 *
 * Pure, owner only.  Not part of it are errors that no write of the ESR has shown yet.
 */
#include "lapic_internal.h"

#define INDEX(offset)	((offset) >> 4)

/**
 * struct slot - a register in the state
 * @field: offsetof() the u32 that it is restored to, or 0
 * @bits:  those that may be set
 */
struct slot {
	u16 field;
	u32 bits;
};

#define FIELD(name)	.field = offsetof(struct rs_lapic, name)

/* APR, PPR and the current count are derived: anything goes, as when they are written. */
static const struct slot slots[RS_APIC_REGISTERS] = {
	[INDEX(RS_APIC_ID)]		= { .bits = ~0u },
	[INDEX(RS_APIC_VERSION)]	= { .bits = ~0u },
	[INDEX(RS_APIC_TPR)]		= { FIELD(tpr), .bits = 0xff },
	[INDEX(RS_APIC_APR)]		= { .bits = ~0u },
	[INDEX(RS_APIC_PPR)]		= { .bits = ~0u },
	[INDEX(RS_APIC_LDR)]		= { .bits = ~0u },
	[INDEX(RS_APIC_DFR)]		= { FIELD(dfr), .bits = ~0u },
	[INDEX(RS_APIC_SPIV)]		= { FIELD(spiv), .bits = RS_SPIV_BITS },
	[INDEX(RS_APIC_ISR)]		= { .bits = 0xffff0000 },
	[INDEX(RS_APIC_ISR) + 1 ... INDEX(RS_APIC_ISR) + 7] = { .bits = ~0u },
	[INDEX(RS_APIC_TMR)]		= { .bits = 0xffff0000 },
	[INDEX(RS_APIC_TMR) + 1 ... INDEX(RS_APIC_TMR) + 7] = { .bits = ~0u },
	[INDEX(RS_APIC_IRR)]		= { .bits = 0xffff0000 },
	[INDEX(RS_APIC_IRR) + 1 ... INDEX(RS_APIC_IRR) + 7] = { .bits = ~0u },
	[INDEX(RS_APIC_ESR)]		= { FIELD(esr_latched), .bits = RS_ESR_BITS },
	[INDEX(RS_APIC_ICR)]		= { .bits = RS_ICR_BITS },
	[INDEX(RS_APIC_ICR2)]		= { .bits = ~0u },
	[INDEX(RS_APIC_LVT_TIMER)]	= { FIELD(lvt_timer), .bits = RS_LVT_BITS_TIMER },
	[INDEX(RS_APIC_LVT_THERMAL)]	= { FIELD(lvt_thermal), .bits = RS_LVT_BITS_SENSOR },
	[INDEX(RS_APIC_LVT_PERF)]	= { FIELD(lvt_perf), .bits = RS_LVT_BITS_SENSOR },
	[INDEX(RS_APIC_LVT_LINT0)]	= { FIELD(lvt_lint0), .bits = RS_LVT_BITS_PIN },
	[INDEX(RS_APIC_LVT_LINT1)]	= { FIELD(lvt_lint1), .bits = RS_LVT_BITS_PIN },
	[INDEX(RS_APIC_LVT_ERROR)]	= { FIELD(lvt_error), .bits = RS_LVT_BITS_ERROR },
	[INDEX(RS_APIC_TIMER_INITIAL)]	= { FIELD(timer_initial), .bits = ~0u },
	[INDEX(RS_APIC_TIMER_CURRENT)]	= { .bits = ~0u },
	[INDEX(RS_APIC_TIMER_DIVIDE)]	= { FIELD(timer_divide), .bits = RS_DIVIDE_BITS },
};

/**
 * rs_lapic_get_state() - read all registers, without effect on them
 * @lapic: whose
 * @regs: out, each register at its offset / 16, as its present mode shows it
 * @timer_remaining: out, ns until the timer fires, 0 when it is not armed
 */
void rs_lapic_get_state(struct rs_lapic *lapic, u32 regs[64], u64 *timer_remaining)
{
	unsigned int i;

	for (i = 0; i < RS_APIC_REGISTERS; i++)
		regs[i] = rs_lapic_register(lapic, i);
	*timer_remaining = rs_lapic_timer_remaining(lapic);
}

static bool base_valid(const struct rs_lapic *lapic, u64 base)
{
	u64 fixed = RS_APIC_DEFAULT_BASE | (lapic->bsp ? RS_APIC_BASE_BSP : 0);

	return (base & ~RS_APIC_BASE_MODE) == fixed &&
	       (base & RS_APIC_BASE_MODE) != RS_APIC_BASE_X2APIC;
}

static bool bits_valid(const u32 regs[64])
{
	unsigned int i;

	for (i = 0; i < RS_APIC_REGISTERS; i++)
		if (regs[i] & ~slots[i].bits)
			return false;
	return (regs[INDEX(RS_APIC_DFR)] & RS_DFR_ONES) == RS_DFR_ONES;
}

/* The registers whose layout depends on the mode. */
static bool layout_valid(u32 id, const u32 regs[64], u64 base)
{
	bool x2apic = base & RS_APIC_BASE_X2APIC;

	if (regs[INDEX(RS_APIC_ID)] != rs_lapic_id_register(id, base) ||
	    regs[INDEX(RS_APIC_VERSION)] != RS_APIC_VERSION_VALUE)
		return false;
	if (x2apic)
		return regs[INDEX(RS_APIC_LDR)] == rs_lapic_x2apic_ldr(id);
	return !((regs[INDEX(RS_APIC_LDR)] | regs[INDEX(RS_APIC_ICR2)]) & 0x00ffffff);
}

/* Software disable keeps every LVT entry masked (SDM3 §11.4.7.2). */
static bool masks_valid(const u32 regs[64])
{
	unsigned int i;

	if (regs[INDEX(RS_APIC_SPIV)] & RS_SPIV_ENABLED)
		return true;
	for (i = INDEX(RS_APIC_LVT_TIMER); i <= INDEX(RS_APIC_LVT_ERROR); i++)
		if (!(regs[i] & RS_LVT_MASKED))
			return false;
	return true;
}

static bool timer_valid(const u32 regs[64], u64 tsc_deadline, u64 remaining)
{
	return rs_lapic_timer_valid(regs[INDEX(RS_APIC_LVT_TIMER)],
				    regs[INDEX(RS_APIC_TIMER_INITIAL)],
				    regs[INDEX(RS_APIC_TIMER_DIVIDE)], tsc_deadline, remaining);
}

static void set_vectors(u64 vectors[4], const u32 *regs)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		WRITE_ONCE(vectors[i], (u64)regs[2 * i + 1] << 32 | regs[2 * i]);
}

static void apply(struct rs_lapic *lapic, const u32 regs[64])
{
	unsigned int i;

	for (i = 0; i < RS_APIC_REGISTERS; i++)
		if (slots[i].field)
			WRITE_ONCE(*rs_lapic_field(lapic, slots[i].field), regs[i]);
	lapic->esr = 0;
	lapic->icr = (u64)regs[INDEX(RS_APIC_ICR2)] << 32 | regs[INDEX(RS_APIC_ICR)];
	WRITE_ONCE(lapic->ldr, rs_lapic_x2apic(lapic) ? 0 : regs[INDEX(RS_APIC_LDR)]);
	set_vectors(lapic->isr, &regs[INDEX(RS_APIC_ISR)]);
	set_vectors(lapic->tmr, &regs[INDEX(RS_APIC_TMR)]);
	set_vectors(lapic->irr, &regs[INDEX(RS_APIC_IRR)]);
}

/**
 * rs_lapic_set_state() - replace everything but the initial APIC ID
 * @lapic: whose
 * @regs: as rs_lapic_get_state() gave them, in the mode that @base states
 * @base: IA32_APIC_BASE; any mode may follow any
 * @tsc_deadline: IA32_TSC_DEADLINE
 * @timer_remaining: ns until the timer fires; in TSC-deadline mode the TSC tells, so that
 *	it need only be 0 when @tsc_deadline is
 *
 * An APIC that is globally disabled is reset, but for the TPR, which the CPU has as CR8.
 *
 * Return: 0; -EINVAL, and nothing changed, for what no APIC with this ID could have held.
 */
int rs_lapic_set_state(struct rs_lapic *lapic, const u32 regs[64], u64 base, u64 tsc_deadline,
		       u64 timer_remaining)
{
	if (!base_valid(lapic, base) || !bits_valid(regs) ||
	    !layout_valid(lapic->id, regs, base) || !masks_valid(regs) ||
	    !timer_valid(regs, tsc_deadline, timer_remaining))
		return -EINVAL;

	rs_lapic_timer_stop(lapic);
	WRITE_ONCE(lapic->base, base);
	if (!rs_lapic_enabled(lapic)) {
		rs_lapic_reset(lapic);
		WRITE_ONCE(lapic->tpr, regs[INDEX(RS_APIC_TPR)]);
		return 0;
	}
	apply(lapic, regs);
	rs_lapic_timer_restore(lapic, tsc_deadline, timer_remaining);
	return 0;
}
