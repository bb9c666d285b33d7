/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a local APIC asks of its processor, recorded, with a clock that moves only
 * when a test says so.  The TSC makes two ticks a nanosecond.
 */
#ifndef TESTS_FAKE_CPU_H
#define TESTS_FAKE_CPU_H

#include "lapic.h"

#define FAKE_CPU_LOG	32

struct fake_cpu {
	struct rs_lapic lapic;
	u64 now;
	u64 tsc_offset;
	u64 alarm;			/* what is armed */
	unsigned int arms;
	struct rs_ipi sent[FAKE_CPU_LOG];
	unsigned int sent_count;
	u8 ended[FAKE_CPU_LOG];
	unsigned int ended_count;
	u64 due;			/* the last deadline that was raised, with timer_slack */
};

static inline struct fake_cpu *fake_cpu_of(struct rs_lapic *lapic)
{
	return container_of(lapic, struct fake_cpu, lapic);
}

static inline u64 fake_cpu_now(struct rs_lapic *lapic)
{
	return fake_cpu_of(lapic)->now;
}

static inline void fake_cpu_arm(struct rs_lapic *lapic, u64 deadline)
{
	fake_cpu_of(lapic)->alarm = deadline;
	fake_cpu_of(lapic)->arms++;
}

static inline u64 fake_cpu_tsc(struct rs_lapic *lapic)
{
	return fake_cpu_of(lapic)->now * 2 + fake_cpu_of(lapic)->tsc_offset;
}

static inline u64 fake_cpu_tsc_to_ns(struct rs_lapic *lapic, u64 ticks)
{
	return ticks / 2;
}

static inline void fake_cpu_send(struct rs_lapic *lapic, const struct rs_ipi *ipi)
{
	struct fake_cpu *cpu = fake_cpu_of(lapic);

	cpu->sent[cpu->sent_count++ % FAKE_CPU_LOG] = *ipi;
}

static inline void fake_cpu_eoi(struct rs_lapic *lapic, u8 vector)
{
	struct fake_cpu *cpu = fake_cpu_of(lapic);

	cpu->ended[cpu->ended_count++ % FAKE_CPU_LOG] = vector;
}

static inline void fake_cpu_due(struct rs_lapic *lapic, u64 tsc)
{
	fake_cpu_of(lapic)->due = tsc;
}

static inline void fake_cpu_init(struct fake_cpu *cpu, u32 id, bool bsp)
{
	static const struct rs_lapic_ops ops = {
		.now = fake_cpu_now,
		.arm = fake_cpu_arm,
		.tsc = fake_cpu_tsc,
		.tsc_to_ns = fake_cpu_tsc_to_ns,
		.send = fake_cpu_send,
		.eoi = fake_cpu_eoi,
		.due = fake_cpu_due,
	};

	memset(cpu, 0, sizeof(*cpu));
	cpu->now = 1000000;
	rs_lapic_init(&cpu->lapic, id, bsp, &ops);
}

/* Lets time pass; the alarm rings on time. */
static inline void fake_cpu_advance(struct fake_cpu *cpu, u64 ns)
{
	u64 end = cpu->now + ns;

	while (cpu->alarm && cpu->alarm <= end) {
		cpu->now = max(cpu->now, cpu->alarm);
		cpu->alarm = 0;
		rs_lapic_timer_expired(&cpu->lapic);
	}
	cpu->now = end;
}

#endif
