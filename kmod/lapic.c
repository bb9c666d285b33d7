// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC: its modes, what it accepts, and what it sends (SDM3 ch. 11, APM2 ch. 16).
 * lapic_register.c has the registers, lapic_timer.c the timer.
 *
 * Pure; lapic.h says who may call what.
 */
#include "lapic_internal.h"

/* ---- vectors and priorities */

static bool vector_test(const u64 vectors[4], u8 vector)
{
	return vectors[vector / 64] & BIT_ULL(vector % 64);
}

static void vector_set(u64 vectors[4], u8 vector, bool value)
{
	u64 bit = BIT_ULL(vector % 64);
	u64 *word = &vectors[vector / 64];

	WRITE_ONCE(*word, value ? *word | bit : *word & ~bit);
}

/* -1 if there is none. */
static int vector_highest(const u64 vectors[4])
{
	int i;

	for (i = 3; i >= 0; i--) {
		u64 word = READ_ONCE(vectors[i]);

		if (word)
			return i * 64 + fls64(word) - 1;
	}
	return -1;
}

/* Bits 7:4 of the highest vector, in place. */
static u32 vector_class(const u64 vectors[4])
{
	int vector = vector_highest(vectors);

	return vector < 0 ? 0 : vector & 0xf0;
}

u32 rs_lapic_processor_priority(const struct rs_lapic *lapic)
{
	u32 in_service = vector_class(lapic->isr);
	u32 tpr = READ_ONCE(lapic->tpr);

	return (tpr & 0xf0) >= in_service ? tpr : in_service;
}

/**
 * rs_lapic_priority() - arbitration priority (SDM3 §11.6.2.4, APM2 §16.6.4)
 * @lapic: whose
 *
 * Context: any; the value may be stale.
 * Return: what the APR shows; of those that match, the smallest gets the interrupt.
 */
u32 rs_lapic_priority(const struct rs_lapic *lapic)
{
	u32 requested = vector_class(lapic->irr);
	u32 in_service = vector_class(lapic->isr);
	u32 tpr = READ_ONCE(lapic->tpr);

	if ((tpr & 0xf0) >= requested && (tpr & 0xf0) > in_service)
		return tpr;
	return max(tpr & 0xf0, max(requested, in_service));
}

/**
 * rs_lapic_pending() - the vector to offer to the CPU
 * @lapic: whose
 *
 * What was requested before software disable is still delivered (SDM3 §11.4.7.2).
 *
 * Return: the highest vector in the IRR, if its class is above the PPR's; else -1.
 */
int rs_lapic_pending(const struct rs_lapic *lapic)
{
	int vector = vector_highest(lapic->irr);

	if (vector < 0 || (u32)(vector & 0xf0) <= (rs_lapic_processor_priority(lapic) & 0xf0))
		return -1;
	return vector;
}

/* ---- errors, acceptance, and the ends of interrupts */

/* The interrupt is armed again by a write of the ESR (SDM3 §11.5.3). */
void rs_lapic_note_error(struct rs_lapic *lapic, u32 error)
{
	bool armed = !lapic->esr;

	lapic->esr |= error;
	if (armed)
		rs_lapic_raise(lapic, RS_APIC_LVT_ERROR);
}

/**
 * rs_lapic_accept() - take a vector into the IRR
 * @lapic: that it is for
 * @vector: an illegal one is an error that the guest can see
 * @level: what goes into the TMR
 *
 * Return: true if it is in the IRR now, perhaps with an earlier one of the same vector.
 */
bool rs_lapic_accept(struct rs_lapic *lapic, u8 vector, bool level)
{
	if (!rs_lapic_enabled(lapic) || !(lapic->spiv & RS_SPIV_ENABLED))
		return false;
	if (vector < RS_APIC_VECTOR_MIN) {
		rs_lapic_note_error(lapic, RS_ESR_RECEIVE_ILLEGAL);
		return false;
	}
	vector_set(lapic->tmr, vector, level);
	vector_set(lapic->irr, vector, true);
	return true;
}

/**
 * rs_lapic_raise() - signal an interrupt of the local vector table
 * @lapic: whose
 * @lvt: offset of its LVT register
 *
 * ExtINT is left to rs_lapic_accepts_extint(): its vector is the 8259's to tell.  A signal
 * is an edge also where the entry says level.
 */
void rs_lapic_raise(struct rs_lapic *lapic, enum rs_lapic_register lvt)
{
	u32 entry = rs_lapic_register(lapic, lvt >> 4);
	struct rs_ipi ipi = {
		.type = rs_delivery_mode(entry),
		.vector = entry & RS_LVT_VECTOR,
		.shorthand = RS_IPI_SELF,
		.x2apic = rs_lapic_x2apic(lapic),
	};

	if (!rs_lapic_enabled(lapic) || entry & RS_LVT_MASKED)
		return;
	switch (ipi.type) {
	case HV_X64_INTERRUPT_FIXED:
		rs_lapic_accept(lapic, ipi.vector, false);
		break;
	case HV_X64_INTERRUPT_SMI:
	case HV_X64_INTERRUPT_NMI:
	case HV_X64_INTERRUPT_INIT:
		lapic->ops->send(lapic, &ipi);
		break;
	default:
		break;
	}
}

static void end_interrupt(struct rs_lapic *lapic, u8 vector)
{
	if (vector_test(lapic->tmr, vector))
		lapic->ops->eoi(lapic, vector);
}

/**
 * rs_lapic_acknowledge() - the CPU took an interrupt
 * @lapic: whose
 * @vector: what rs_lapic_pending() offered; anything not in the IRR is ignored
 * @auto_eoi: it ends right here
 */
void rs_lapic_acknowledge(struct rs_lapic *lapic, u8 vector, bool auto_eoi)
{
	if (!vector_test(lapic->irr, vector))
		return;
	vector_set(lapic->irr, vector, false);
	if (auto_eoi)
		end_interrupt(lapic, vector);
	else
		vector_set(lapic->isr, vector, true);
}

/**
 * rs_lapic_eoi() - end the interrupt of highest priority in service, if any
 * @lapic: whose
 */
void rs_lapic_eoi(struct rs_lapic *lapic)
{
	int vector = vector_highest(lapic->isr);

	if (vector < 0)
		return;
	vector_set(lapic->isr, vector, false);
	end_interrupt(lapic, vector);
}

static bool pin_accepts(const struct rs_lapic *lapic, u32 lvt, u8 mode)
{
	if (!rs_lapic_enabled(lapic))
		return true;		/* the pins are the CPU's own INTR and NMI */
	return !(lvt & RS_LVT_MASKED) && rs_delivery_mode(lvt) == mode;
}

static bool is_set(const u64 bits[4], u8 vector)
{
	return bits[vector / 64] & BIT_ULL(vector % 64);
}

bool rs_lapic_requested(const struct rs_lapic *lapic)
{
	return lapic->irr[0] | lapic->irr[1] | lapic->irr[2] | lapic->irr[3];
}

bool rs_lapic_in_service(const struct rs_lapic *lapic, u8 vector)
{
	return is_set(lapic->isr, vector);
}

/**
 * rs_lapic_lazy_eoi() - would nobody notice when the EOI came late?
 * @lapic:  whose
 * @vector: requested, not in service yet
 *
 * Return: true when it is edge-triggered, and no other vector is requested or in service
 */
bool rs_lapic_lazy_eoi(const struct rs_lapic *lapic, u8 vector)
{
	u64 others = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		others |= lapic->isr[i] |
			  (lapic->irr[i] & ~(i == vector / 64 ? BIT_ULL(vector % 64) : 0));
	return !others && !is_set(lapic->tmr, vector);
}

bool rs_lapic_accepts_extint(const struct rs_lapic *lapic)
{
	return pin_accepts(lapic, lapic->lvt_lint0, HV_X64_INTERRUPT_EXT_INT);
}

bool rs_lapic_accepts_lint1_nmi(const struct rs_lapic *lapic)
{
	return pin_accepts(lapic, lapic->lvt_lint1, HV_X64_INTERRUPT_NMI);
}

/* ---- destinations (SDM3 §11.6.2) */

static bool match_xapic_logical(const struct rs_lapic *lapic, u32 destination)
{
	u32 ldr = READ_ONCE(lapic->ldr) >> 24;

	switch (READ_ONCE(lapic->dfr) >> RS_DFR_MODEL_SHIFT) {
	case 0xf:			/* flat */
		return destination <= 0xff && destination & ldr;
	case 0x0:			/* cluster */
		return destination >> 4 == ldr >> 4 && destination & ldr & 0xf;
	default:
		return false;
	}
}

static bool match_x2apic_logical(u32 id, u32 destination)
{
	u32 ldr = rs_lapic_x2apic_ldr(id);

	return destination >> 16 == ldr >> 16 && destination & ldr & 0xffff;
}

/* All but NMI, SMI, INIT and SIPI pass a software-disabled APIC by (SDM3 §11.4.7.2). */
static bool deaf(const struct rs_lapic *lapic, u8 type)
{
	bool vectored = type == HV_X64_INTERRUPT_FIXED ||
			type == HV_X64_INTERRUPT_LOWEST_PRIORITY;

	return vectored && !(READ_ONCE(lapic->spiv) & RS_SPIV_ENABLED);
}

/**
 * rs_lapic_match() - is this one of those that a message is for?
 * @lapic: that might be
 * @ipi: its shorthand is not looked at
 *
 * The width of the message says which destination is the broadcast; how a logical one is
 * understood depends on the mode of the receiver.
 *
 * Context: any; the answer may be stale.
 */
bool rs_lapic_match(const struct rs_lapic *lapic, const struct rs_ipi *ipi)
{
	u32 broadcast = ipi->x2apic ? ~0u : 0xff;
	u32 destination = ipi->destination & broadcast;
	u64 base = READ_ONCE(lapic->base);

	if (!(base & RS_APIC_BASE_ENABLE) || deaf(lapic, ipi->type))
		return false;
	if (destination == broadcast)
		return true;
	if (!ipi->logical)
		return destination == lapic->id;
	if (base & RS_APIC_BASE_X2APIC)
		return match_x2apic_logical(lapic->id, destination);
	return match_xapic_logical(lapic, destination);
}

/* ---- sending (SDM3 §11.6.1) */

static void send_vectored(struct rs_lapic *lapic, const struct rs_ipi *ipi)
{
	if (ipi->vector < RS_APIC_VECTOR_MIN)
		rs_lapic_note_error(lapic, RS_ESR_SEND_ILLEGAL);
	else
		lapic->ops->send(lapic, ipi);
}

/*
 * Everything goes out as an edge: the trigger mode matters only to the INIT level
 * de-assert, which nothing has listened to since the Pentium 4.  Remote read and ExtINT
 * are reserved.
 */
void rs_lapic_send(struct rs_lapic *lapic, u32 low, u32 destination)
{
	struct rs_ipi ipi = {
		.type = rs_delivery_mode(low),
		.vector = low & 0xff,
		.shorthand = (low >> 18) & 3,
		.logical = low & RS_ICR_LOGICAL,
		.x2apic = rs_lapic_x2apic(lapic),
		.destination = destination,
	};

	switch (ipi.type) {
	case HV_X64_INTERRUPT_FIXED:
	case HV_X64_INTERRUPT_LOWEST_PRIORITY:
		send_vectored(lapic, &ipi);
		break;
	case HV_X64_INTERRUPT_INIT:
		if ((low & (RS_ICR_LEVEL | RS_ICR_ASSERT)) == RS_ICR_LEVEL)
			break;
		fallthrough;
	case HV_X64_INTERRUPT_SMI:
	case HV_X64_INTERRUPT_NMI:
	case HV_X64_INTERRUPT_SIPI:
		lapic->ops->send(lapic, &ipi);
		break;
	default:
		break;
	}
}

u64 rs_lapic_get_cr8(const struct rs_lapic *lapic)
{
	return lapic->tpr >> 4;
}

void rs_lapic_set_cr8(struct rs_lapic *lapic, u64 cr8)
{
	WRITE_ONCE(lapic->tpr, (u32)(cr8 & 0xf) << 4);
}

/* ---- modes (SDM3 §11.12.5) */

/* Bit 0: x2APIC, bit 1: enabled. */
static unsigned int mode_of(u64 base)
{
	return (base & RS_APIC_BASE_MODE) / RS_APIC_BASE_X2APIC;
}

/**
 * rs_lapic_set_base() - write IA32_APIC_BASE
 * @lapic: whose
 * @base: the page cannot be moved; the BSP flag is read-only (APM2 §16.3.1)
 *
 * Return: 0; -EINVAL, and nothing changed, where the write raises #GP.
 */
int rs_lapic_set_base(struct rs_lapic *lapic, u64 base)
{
	enum { OFF = 0, INVALID = 1, XAPIC = 2, X2APIC = 3 };
	/* To which modes may it go from here?  A bit each. */
	static const u8 next[] = {
		[OFF]		= 1 << OFF | 1 << XAPIC,
		[INVALID]	= 0,
		[XAPIC]		= 1 << OFF | 1 << XAPIC | 1 << X2APIC,
		[X2APIC]	= 1 << OFF | 1 << X2APIC,
	};
	unsigned int from = mode_of(lapic->base), to = mode_of(base);
	u64 changed = (base ^ lapic->base) & ~RS_APIC_BASE_BSP;

	if (changed & ~RS_APIC_BASE_MODE || !(next[from] & (1 << to)))
		return -EINVAL;
	if (!changed)
		return 0;
	WRITE_ONCE(lapic->base, lapic->base ^ changed);
	if (to == OFF)
		rs_lapic_reset(lapic);
	else if (to == X2APIC)
		lapic->icr = (u32)lapic->icr;
	return 0;
}

/* As software disable does to the whole local vector table. */
void rs_lapic_mask_lvts(struct rs_lapic *lapic)
{
	lapic->lvt_timer |= RS_LVT_MASKED;
	lapic->lvt_thermal |= RS_LVT_MASKED;
	lapic->lvt_perf |= RS_LVT_MASKED;
	lapic->lvt_lint0 |= RS_LVT_MASKED;
	lapic->lvt_lint1 |= RS_LVT_MASKED;
	lapic->lvt_error |= RS_LVT_MASKED;
}

void rs_lapic_reset(struct rs_lapic *lapic)
{
	rs_lapic_timer_stop(lapic);
	WRITE_ONCE(lapic->tpr, 0);
	WRITE_ONCE(lapic->ldr, 0);
	WRITE_ONCE(lapic->dfr, ~0u);
	WRITE_ONCE(lapic->spiv, RS_SPIV_VECTOR);
	lapic->esr = 0;
	lapic->esr_latched = 0;
	lapic->icr = 0;
	lapic->lvt_timer = 0;
	lapic->lvt_thermal = 0;
	lapic->lvt_perf = 0;
	lapic->lvt_lint0 = 0;
	lapic->lvt_lint1 = 0;
	lapic->lvt_error = 0;
	rs_lapic_mask_lvts(lapic);
	lapic->timer_initial = 0;
	lapic->timer_divide = 0;
	memset(lapic->irr, 0, sizeof(lapic->irr));
	memset(lapic->isr, 0, sizeof(lapic->isr));
	memset(lapic->tmr, 0, sizeof(lapic->tmr));
}

/**
 * rs_lapic_init() - as after power-on: enabled in xAPIC mode, disabled by software
 * @lapic: to fill in; its clocks and its timer are not touched
 * @id: initial APIC ID
 * @bsp: is it the bootstrap processor's?
 * @ops: its effects
 */
void rs_lapic_init(struct rs_lapic *lapic, u32 id, bool bsp, const struct rs_lapic_ops *ops)
{
	memset(lapic, 0, sizeof(*lapic));
	lapic->ops = ops;
	lapic->id = id;
	lapic->bsp = bsp;
	lapic->base = RS_APIC_DEFAULT_BASE | RS_APIC_BASE_ENABLE | (bsp ? RS_APIC_BASE_BSP : 0);
	rs_lapic_reset(lapic);
}
