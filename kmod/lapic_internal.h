/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the local APIC share; for everybody else there is lapic.h. */
#ifndef ROOTSTOCK_LAPIC_INTERNAL_H
#define ROOTSTOCK_LAPIC_INTERNAL_H

#include "lapic.h"

#define RS_APIC_REGISTERS	64		/* 16 bytes apart */

/* The lowest vector that may be sent or received. */
#define RS_APIC_VECTOR_MIN	16
/* 0x14; highest LVT entry 5 (no CMCI); no suppression of EOI broadcasts. */
#define RS_APIC_VERSION_VALUE	0x00050014u
#define RS_APIC_BASE_MODE	(RS_APIC_BASE_ENABLE | RS_APIC_BASE_X2APIC)

enum {
	RS_SPIV_VECTOR		= 0x0ff,
	RS_SPIV_ENABLED		= 0x100,
	RS_SPIV_BITS		= 0x3ff,	/* with focus checking, which AMD has */
};

enum {
	RS_LVT_VECTOR		= 0x000ff,
	RS_LVT_STATUS		= 0x01000,	/* read-only, always idle */
	RS_LVT_REMOTE_IRR	= 0x04000,	/* read-only */
	RS_LVT_MASKED		= 0x10000,
	RS_LVT_BITS_ERROR	= 0x100ff,
	RS_LVT_BITS_TIMER	= 0x700ff,
	RS_LVT_BITS_SENSOR	= 0x107ff,	/* thermal, performance counters */
	RS_LVT_BITS_PIN		= 0x1a7ff,	/* LINT0, LINT1 */
};

enum {
	RS_ICR_LOGICAL		= 0x00800,
	RS_ICR_STATUS		= 0x01000,	/* read-only, always idle */
	RS_ICR_ASSERT		= 0x04000,
	RS_ICR_LEVEL		= 0x08000,
	RS_ICR_BITS		= 0xccfff,
};

enum {
	RS_ESR_SEND_ILLEGAL	= 0x20,
	RS_ESR_RECEIVE_ILLEGAL	= 0x40,
	RS_ESR_REGISTER_ILLEGAL	= 0x80,
	RS_ESR_BITS		= 0xe0,
};

#define RS_DFR_MODEL_SHIFT	28
#define RS_DFR_ONES		0x0fffffffu
#define RS_DIVIDE_BITS		0x0bu

enum rs_lapic_timer_mode {
	RS_LAPIC_ONE_SHOT	= 0,
	RS_LAPIC_PERIODIC	= 1,
	RS_LAPIC_TSC_DEADLINE	= 2,
	RS_LAPIC_RESERVED	= 3,		/* the timer stands still */
};

static inline enum rs_lapic_timer_mode rs_lapic_timer_mode(u32 lvt)
{
	return (enum rs_lapic_timer_mode)((lvt >> 17) & 3);
}

static inline u8 rs_delivery_mode(u32 value)
{
	return (value >> 8) & 7;
}

/* The u32 of @lapic that lies at @field, an offsetof(). */
static inline u32 *rs_lapic_field(struct rs_lapic *lapic, u16 field)
{
	return (u32 *)((char *)lapic + field);
}

/* LDR in x2APIC mode: cluster and member follow from the ID (SDM3 §11.12.10.2). */
static inline u32 rs_lapic_x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 15);
}

static inline u32 rs_lapic_id_register(u32 id, u64 base)
{
	return base & RS_APIC_BASE_X2APIC ? id : id << 24;
}

/* lapic.c */
u32 rs_lapic_processor_priority(const struct rs_lapic *lapic);
void rs_lapic_note_error(struct rs_lapic *lapic, u32 error);
void rs_lapic_send(struct rs_lapic *lapic, u32 low, u32 destination);
void rs_lapic_mask_lvts(struct rs_lapic *lapic);

/* lapic_register.c: what a read of register @index finds; it has no effect. */
u32 rs_lapic_register(const struct rs_lapic *lapic, unsigned int index);

/* lapic_timer.c */
u32 rs_lapic_timer_current(const struct rs_lapic *lapic);
void rs_lapic_timer_stop(struct rs_lapic *lapic);
void rs_lapic_timer_write_lvt(struct rs_lapic *lapic, u32 lvt);
void rs_lapic_timer_write_initial(struct rs_lapic *lapic, u32 initial);
void rs_lapic_timer_write_divide(struct rs_lapic *lapic, u32 divide);
u64 rs_lapic_timer_remaining(const struct rs_lapic *lapic);
bool rs_lapic_timer_valid(u32 lvt, u32 initial, u32 divide, u64 tsc_deadline, u64 remaining);
void rs_lapic_timer_restore(struct rs_lapic *lapic, u64 tsc_deadline, u64 remaining);

#endif
