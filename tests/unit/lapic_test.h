/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the local APIC share: one APIC, with ID 5, made anew for every test. */
#ifndef TESTS_LAPIC_TEST_H
#define TESTS_LAPIC_TEST_H

#include "vdev_test.h"
#include "fake_cpu.h"

#define ID		5u
#define XAPIC		(RS_APIC_DEFAULT_BASE | RS_APIC_BASE_ENABLE)
#define X2APIC		(XAPIC | RS_APIC_BASE_X2APIC)
#define MSR(offset)	(0x800u + (offset) / 16)
#define MASKED		0x10000u
#define PERIODIC	0x20000u
#define DEADLINE	0x40000u

static struct fake_cpu cpu;
static struct rs_lapic *const lapic = &cpu.lapic;

static inline void setup(void)
{
	fake_cpu_init(&cpu, ID, false);
}

static inline void teardown(void)
{
}

static inline u32 get(u32 offset)
{
	u32 value = ~0u;

	ck_assert_int_eq(rs_lapic_read(lapic, offset, &value), 0);
	return value;
}

static inline void put(u32 offset, u32 value)
{
	ck_assert_int_eq(rs_lapic_write(lapic, offset, value), 0);
}

static inline u64 rdmsr(u32 offset)
{
	u64 value = ~0ull;

	ck_assert_int_eq(rs_lapic_rdmsr(lapic, MSR(offset), &value), 0);
	return value;
}

static inline void wrmsr(u32 offset, u64 value)
{
	ck_assert_int_eq(rs_lapic_wrmsr(lapic, MSR(offset), value), 0);
}

/* Enabled by software, spurious vector 0xff. */
static inline void enable(void)
{
	put(RS_APIC_SPIV, 0x1ff);
}

static inline void enter_x2apic(void)
{
	enable();
	ck_assert_int_eq(rs_lapic_set_base(lapic, X2APIC), 0);
}

static inline const struct rs_ipi *last_sent(void)
{
	ck_assert_uint_gt(cpu.sent_count, 0);
	return &cpu.sent[(cpu.sent_count - 1) % FAKE_CPU_LOG];
}

/* Takes the pending vector, which must be this one. */
static inline void take(int vector)
{
	ck_assert_int_eq(rs_lapic_pending(lapic), vector);
	rs_lapic_acknowledge(lapic, (u8)vector, false);
}

#endif
