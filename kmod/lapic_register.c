// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a local APIC (SDM3 §11.4.1, §11.12.1).
 *
 * Pure, owner only.  One table describes them for both ways to reach them, the xAPIC page
 * and the x2APIC MSRs, which differ in what is there, in the width of destinations, and in
 * what becomes of reserved bits: the page ignores them, an MSR raises #GP.
 */
#include "lapic_internal.h"

#define INDEX(offset)	((offset) >> 4)
#define X2APIC_MSR	0x800u
#define PAGE_LAST	0xfffu

enum register_access {
	XAPIC_READ	= 1,
	XAPIC_WRITE	= 2,
	X2APIC_READ	= 4,
	X2APIC_WRITE	= 8,
	READABLE	= XAPIC_READ | X2APIC_READ,
	WRITABLE	= XAPIC_WRITE | X2APIC_WRITE,
};

/**
 * struct lapic_register - what a register does
 * @access:   enum register_access
 * @field:    offsetof() the u32 behind it, when it has no handler; or 0
 * @writable: bits that a write may change
 * @ignored:  other bits for which a write of the MSR raises no #GP
 * @read:     without effects
 * @write:    gets only the writable bits
 */
struct lapic_register {
	u8 access;
	u16 field;
	u32 writable;
	u32 ignored;
	u32 (*read)(const struct rs_lapic *lapic, unsigned int index);
	void (*write)(struct rs_lapic *lapic, unsigned int index, u32 value);
};

static const struct lapic_register registers[RS_APIC_REGISTERS];

/* ---- interrupt command */

static int write_x2apic_icr(struct rs_lapic *lapic, u64 icr)
{
	if ((u32)icr & ~(u32)(RS_ICR_BITS | RS_ICR_STATUS))
		return -EINVAL;
	lapic->icr = icr & ~(u64)RS_ICR_STATUS;
	rs_lapic_send(lapic, (u32)lapic->icr, (u32)(icr >> 32));
	return 0;
}

static void write_xapic_icr(struct rs_lapic *lapic, u64 icr)
{
	lapic->icr = icr & (0xffull << 56 | RS_ICR_BITS);
	rs_lapic_send(lapic, (u32)lapic->icr, (u32)(icr >> 56));
}

/**
 * rs_lapic_write_icr() - write both halves of the ICR in the xAPIC's layout, in any mode
 * @lapic: whose
 * @icr: destination in bits 63:56; 0xff is the broadcast also in x2APIC mode
 *
 * Return: 0; -EINVAL if the APIC is disabled, or has reserved bits in x2APIC mode.
 */
int rs_lapic_write_icr(struct rs_lapic *lapic, u64 icr)
{
	u64 destination = icr >> 56;

	if (!rs_lapic_enabled(lapic))
		return -EINVAL;
	if (rs_lapic_x2apic(lapic)) {
		if (destination == 0xff)
			destination = ~0u;
		return write_x2apic_icr(lapic, destination << 32 | (u32)icr);
	}
	write_xapic_icr(lapic, icr);
	return 0;
}

/* ---- registers */

static u32 read_id(const struct rs_lapic *lapic, unsigned int index)
{
	return rs_lapic_id_register(lapic->id, lapic->base);
}

static u32 read_version(const struct rs_lapic *lapic, unsigned int index)
{
	return RS_APIC_VERSION_VALUE;
}

static u32 read_apr(const struct rs_lapic *lapic, unsigned int index)
{
	return rs_lapic_priority(lapic);
}

static u32 read_ppr(const struct rs_lapic *lapic, unsigned int index)
{
	return rs_lapic_processor_priority(lapic);
}

static u32 read_ldr(const struct rs_lapic *lapic, unsigned int index)
{
	return rs_lapic_x2apic(lapic) ? rs_lapic_x2apic_ldr(lapic->id) : lapic->ldr;
}

static u32 read_isr(const struct rs_lapic *lapic, unsigned int index)
{
	return (u32)(lapic->isr[(index & 7) / 2] >> 32 * (index & 1));
}

static u32 read_tmr(const struct rs_lapic *lapic, unsigned int index)
{
	return (u32)(lapic->tmr[(index & 7) / 2] >> 32 * (index & 1));
}

static u32 read_irr(const struct rs_lapic *lapic, unsigned int index)
{
	return (u32)(lapic->irr[(index & 7) / 2] >> 32 * (index & 1));
}

static u32 read_icr(const struct rs_lapic *lapic, unsigned int index)
{
	return (u32)(index == INDEX(RS_APIC_ICR) ? lapic->icr : lapic->icr >> 32);
}

static u32 read_current(const struct rs_lapic *lapic, unsigned int index)
{
	return rs_lapic_timer_current(lapic);
}

static void write_eoi(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	rs_lapic_eoi(lapic);
}

static void write_dfr(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	WRITE_ONCE(lapic->dfr, value | RS_DFR_ONES);
}

static void write_spiv(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	WRITE_ONCE(lapic->spiv, value);
	if (!(value & RS_SPIV_ENABLED))
		rs_lapic_mask_lvts(lapic);
}

/* Shows what came up since the last write. */
static void write_esr(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	lapic->esr_latched = lapic->esr;
	lapic->esr = 0;
}

static void write_icr_low(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	write_xapic_icr(lapic, (lapic->icr & ~0xffffffffull) | value);
}

static void write_icr_high(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	lapic->icr = (u64)value << 32 | (u32)lapic->icr;
}

static void write_lvt(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	if (!(lapic->spiv & RS_SPIV_ENABLED))
		value |= RS_LVT_MASKED;
	if (index == INDEX(RS_APIC_LVT_TIMER))
		rs_lapic_timer_write_lvt(lapic, value);
	else
		*rs_lapic_field(lapic, registers[index].field) = value;
}

static void write_initial(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	rs_lapic_timer_write_initial(lapic, value);
}

static void write_divide(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	rs_lapic_timer_write_divide(lapic, value);
}

static void write_self_ipi(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	rs_lapic_send(lapic, (u32)RS_IPI_SELF << 18 | value, 0);
}

#define FIELD(name)	.field = offsetof(struct rs_lapic, name)
#define LVT(name, bits)	{ .access = READABLE | WRITABLE, FIELD(name), .writable = (bits), \
			  .ignored = RS_LVT_STATUS, .write = write_lvt }
#define PIN(name)	{ .access = READABLE | WRITABLE, FIELD(name), .writable = RS_LVT_BITS_PIN, \
			  .ignored = RS_LVT_STATUS | RS_LVT_REMOTE_IRR, .write = write_lvt }

/* The ID is fixed; so there is nothing that the guest could make ambiguous. */
static const struct lapic_register registers[RS_APIC_REGISTERS] = {
	[INDEX(RS_APIC_ID)] = { .access = READABLE, .read = read_id },
	[INDEX(RS_APIC_VERSION)] = { .access = READABLE, .read = read_version },
	[INDEX(RS_APIC_TPR)] = { .access = READABLE | WRITABLE, FIELD(tpr), .writable = 0xff },
	[INDEX(RS_APIC_APR)] = { .access = XAPIC_READ, .read = read_apr },
	[INDEX(RS_APIC_PPR)] = { .access = READABLE, .read = read_ppr },
	[INDEX(RS_APIC_EOI)] = { .access = WRITABLE, .write = write_eoi },
	[INDEX(RS_APIC_RRD)] = { .access = XAPIC_READ },
	[INDEX(RS_APIC_LDR)] = {
		.access = READABLE | XAPIC_WRITE, FIELD(ldr),
		.writable = 0xff000000, .read = read_ldr,
	},
	[INDEX(RS_APIC_DFR)] = {
		.access = XAPIC_READ | XAPIC_WRITE, FIELD(dfr),
		.writable = 0xf0000000, .write = write_dfr,
	},
	[INDEX(RS_APIC_SPIV)] = {
		.access = READABLE | WRITABLE, FIELD(spiv),
		.writable = RS_SPIV_BITS, .write = write_spiv,
	},
	[INDEX(RS_APIC_ISR) ... INDEX(RS_APIC_ISR) + 7] = { .access = READABLE, .read = read_isr },
	[INDEX(RS_APIC_TMR) ... INDEX(RS_APIC_TMR) + 7] = { .access = READABLE, .read = read_tmr },
	[INDEX(RS_APIC_IRR) ... INDEX(RS_APIC_IRR) + 7] = { .access = READABLE, .read = read_irr },
	[INDEX(RS_APIC_ESR)] = {
		.access = READABLE | WRITABLE, FIELD(esr_latched), .write = write_esr,
	},
	[INDEX(RS_APIC_ICR)] = {
		.access = READABLE | WRITABLE, .writable = RS_ICR_BITS,
		.read = read_icr, .write = write_icr_low,
	},
	[INDEX(RS_APIC_ICR2)] = {
		.access = XAPIC_READ | XAPIC_WRITE, .writable = 0xff000000,
		.read = read_icr, .write = write_icr_high,
	},
	[INDEX(RS_APIC_LVT_TIMER)] = LVT(lvt_timer, RS_LVT_BITS_TIMER),
	[INDEX(RS_APIC_LVT_THERMAL)] = LVT(lvt_thermal, RS_LVT_BITS_SENSOR),
	[INDEX(RS_APIC_LVT_PERF)] = LVT(lvt_perf, RS_LVT_BITS_SENSOR),
	[INDEX(RS_APIC_LVT_LINT0)] = PIN(lvt_lint0),
	[INDEX(RS_APIC_LVT_LINT1)] = PIN(lvt_lint1),
	[INDEX(RS_APIC_LVT_ERROR)] = LVT(lvt_error, RS_LVT_BITS_ERROR),
	[INDEX(RS_APIC_TIMER_INITIAL)] = {
		.access = READABLE | WRITABLE, FIELD(timer_initial), .writable = ~0u,
		.write = write_initial,
	},
	[INDEX(RS_APIC_TIMER_CURRENT)] = { .access = READABLE, .read = read_current },
	[INDEX(RS_APIC_TIMER_DIVIDE)] = {
		.access = READABLE | WRITABLE, FIELD(timer_divide), .writable = RS_DIVIDE_BITS,
		.write = write_divide,
	},
	[INDEX(RS_APIC_SELF_IPI)] = {
		.access = X2APIC_WRITE, .writable = 0xff, .write = write_self_ipi,
	},
};

u32 rs_lapic_register(const struct rs_lapic *lapic, unsigned int index)
{
	const struct lapic_register *reg = &registers[index];

	if (reg->read)
		return reg->read(lapic, index);
	return reg->field ? *rs_lapic_field((struct rs_lapic *)lapic, reg->field) : 0;
}

static void register_write(struct rs_lapic *lapic, unsigned int index, u32 value)
{
	const struct lapic_register *reg = &registers[index];

	value &= reg->writable;
	if (reg->write)
		reg->write(lapic, index, value);
	else
		WRITE_ONCE(*rs_lapic_field(lapic, reg->field), value);
}

/* ---- the xAPIC page */

static bool page_there(const struct rs_lapic *lapic, u32 offset)
{
	return (lapic->base & RS_APIC_BASE_MODE) == RS_APIC_BASE_ENABLE &&
	       offset <= PAGE_LAST && !(offset & 0xf);
}

/* What a register allows in xAPIC mode; that of a reserved one is noted as an error. */
static u8 page_access(struct rs_lapic *lapic, u32 offset)
{
	u8 access = 0;

	if (INDEX(offset) < RS_APIC_REGISTERS)
		access = registers[INDEX(offset)].access & (XAPIC_READ | XAPIC_WRITE);
	if (!access)
		rs_lapic_note_error(lapic, RS_ESR_REGISTER_ILLEGAL);
	return access;
}

/**
 * rs_lapic_read() - a read of the xAPIC page
 * @lapic: whose
 * @offset: in the page
 * @value: out; 0 where nothing can be read
 *
 * Return: 0; -EINVAL when the page is not there, or @offset is not a multiple of 16.
 */
int rs_lapic_read(struct rs_lapic *lapic, u32 offset, u32 *value)
{
	if (!page_there(lapic, offset))
		return -EINVAL;
	*value = 0;
	if (page_access(lapic, offset) & XAPIC_READ)
		*value = rs_lapic_register(lapic, INDEX(offset));
	return 0;
}

/**
 * rs_lapic_write() - a write of the xAPIC page
 * @lapic: whose
 * @offset: in the page
 * @value: reserved bits, and all bits of what is read-only, are ignored
 *
 * Return: 0; -EINVAL when the page is not there, or @offset is not a multiple of 16.
 */
int rs_lapic_write(struct rs_lapic *lapic, u32 offset, u32 value)
{
	if (!page_there(lapic, offset))
		return -EINVAL;
	if (page_access(lapic, offset) & XAPIC_WRITE)
		register_write(lapic, INDEX(offset), value);
	return 0;
}

/* ---- the x2APIC MSRs (SDM3 §11.12.1) */

static bool msr_there(const struct rs_lapic *lapic, u32 msr, u8 access)
{
	u32 index = msr - X2APIC_MSR;		/* out of range also below the first */

	return rs_lapic_x2apic(lapic) && index < RS_APIC_REGISTERS &&
	       registers[index].access & access;
}

int rs_lapic_rdmsr(struct rs_lapic *lapic, u32 msr, u64 *value)
{
	unsigned int index = msr - X2APIC_MSR;

	if (!msr_there(lapic, msr, X2APIC_READ))
		return -EINVAL;
	*value = index == INDEX(RS_APIC_ICR) ? lapic->icr : rs_lapic_register(lapic, index);
	return 0;
}

int rs_lapic_wrmsr(struct rs_lapic *lapic, u32 msr, u64 value)
{
	unsigned int index = msr - X2APIC_MSR;

	if (!msr_there(lapic, msr, X2APIC_WRITE))
		return -EINVAL;
	if (index == INDEX(RS_APIC_ICR))
		return write_x2apic_icr(lapic, value);
	if (value & ~(u64)(registers[index].writable | registers[index].ignored))
		return -EINVAL;
	register_write(lapic, index, (u32)value);
	return 0;
}
