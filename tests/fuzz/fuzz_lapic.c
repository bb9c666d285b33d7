// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/lapic.c kmod/lapic_register.c kmod/lapic_timer.c kmod/lapic_state.c */
/*
 * Two local APICs that interrupt each other, as guests and as a worker that restores
 * state would have them do it.  The input is a list of operations, 12 bytes each.
 */
#include <stdlib.h>

#include "fuzzer.h"
#include "fake_cpu.h"

#define CPUS	2
/* A periodic timer may wake the host at most so often; see lapic_timer.c. */
#define PERIOD_MIN	20000u
/* Alarms that are rung at one operation, at most. */
#define ALARMS_MAX	64

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct operation {
	u8 code;
	u8 cpu;
	u16 where;
	u64 value;
} __attribute__((packed));

static struct fake_cpu cpus[CPUS];

static bool bit(const u64 vectors[4], int vector)
{
	return vectors[vector / 64] >> (vector % 64) & 1;
}

/* ---- what holds at all times */

static void check_vectors(struct fake_cpu *cpu)
{
	const struct rs_lapic *lapic = &cpu->lapic;
	int pending = rs_lapic_pending(lapic);

	check(!((lapic->irr[0] | lapic->isr[0] | lapic->tmr[0]) & 0xffff));
	check(pending == -1 || (pending >= 16 && pending < 256));
	if (pending < 0)
		return;
	check(bit(lapic->irr, pending));
	check((u32)pending >> 4 > lapic->tpr >> 4);
	for (int vector = pending & 0xf0; vector < 256; vector++)
		check(!bit(lapic->isr, vector));
}

static void check_timer(struct fake_cpu *cpu)
{
	const struct rs_lapic *lapic = &cpu->lapic;
	u32 mode = lapic->lvt_timer >> 17;

	check(cpu->alarm == lapic->timer_deadline);
	check(mode < 2 || (mode == 2 ? !lapic->tsc_deadline == !cpu->alarm : !cpu->alarm));
	check(mode == 2 || !lapic->tsc_deadline);
	check(mode > 1 || !cpu->alarm || lapic->timer_initial);
}

static void check_modes(struct fake_cpu *cpu)
{
	const struct rs_lapic *lapic = &cpu->lapic;
	u32 masked = lapic->lvt_timer & lapic->lvt_thermal & lapic->lvt_perf & lapic->lvt_lint0 &
		     lapic->lvt_lint1 & lapic->lvt_error & 0x10000;

	check(rs_lapic_enabled(lapic) || !rs_lapic_x2apic(lapic));
	check(rs_lapic_enabled(lapic) || (rs_lapic_pending(lapic) == -1 && !cpu->alarm));
	check(lapic->spiv & 0x100 || masked);
	check(!(lapic->icr & 0x1000));
}

/* A TSC deadline is armed anew from the TSC, which may round the time that is left. */
static void check_round_trip(struct fake_cpu *cpu)
{
	u32 before[64], after[64];
	struct fake_cpu other;
	u64 left, left_after;

	fake_cpu_init(&other, cpu->lapic.id, cpu->lapic.bsp);
	other.now = cpu->now;
	other.tsc_offset = cpu->tsc_offset;
	rs_lapic_get_state(&cpu->lapic, before, &left);
	check(!rs_lapic_set_state(&other.lapic, before, cpu->lapic.base, cpu->lapic.tsc_deadline,
				  left));
	if (cpu->lapic.tsc_deadline && cpu->lapic.tsc_deadline <= fake_cpu_tsc(&cpu->lapic))
		return;				/* it fired */
	if (cpu->alarm && cpu->alarm <= cpu->now)
		return;				/* overdue: now it is due */
	rs_lapic_get_state(&other.lapic, after, &left_after);
	check(!memcmp(before, after, sizeof(before)));
	check(!left == !left_after);
}

static void check_all(struct fake_cpu *cpu)
{
	check_vectors(cpu);
	check_timer(cpu);
	check_modes(cpu);
	check_round_trip(cpu);
}

/* ---- what may happen */

/* The router's part: what the APICs sent goes to those that it is for. */
static void deliver(struct fake_cpu *source, const struct rs_ipi *ipi)
{
	check(ipi->type != HV_X64_INTERRUPT_REMOTE_READ && ipi->type != HV_X64_INTERRUPT_EXT_INT);
	check(ipi->type > HV_X64_INTERRUPT_LOWEST_PRIORITY || ipi->vector >= 16);
	for (struct fake_cpu *cpu = cpus; cpu < cpus + CPUS; cpu++) {
		bool reaches[] = {
			[RS_IPI_DESTINATION] = rs_lapic_match(&cpu->lapic, ipi),
			[RS_IPI_SELF] = cpu == source,
			[RS_IPI_ALL] = true,
			[RS_IPI_OTHERS] = cpu != source,
		};

		if (!reaches[ipi->shorthand])
			continue;
		if (ipi->type == HV_X64_INTERRUPT_INIT)
			rs_lapic_reset(&cpu->lapic);
		else if (ipi->type <= HV_X64_INTERRUPT_LOWEST_PRIORITY)
			rs_lapic_accept(&cpu->lapic, ipi->vector, ipi->level);
	}
}

static void deliver_all(void)
{
	for (struct fake_cpu *cpu = cpus; cpu < cpus + CPUS; cpu++) {
		check(cpu->sent_count <= 1);
		while (cpu->sent_count)
			deliver(cpu, &cpu->sent[--cpu->sent_count]);
	}
}

static void acknowledge(struct fake_cpu *cpu, bool auto_eoi)
{
	int vector = rs_lapic_pending(&cpu->lapic);

	if (vector < 0)
		return;
	rs_lapic_acknowledge(&cpu->lapic, (u8)vector, auto_eoi);
	check(!bit(cpu->lapic.irr, vector));
	check(bit(cpu->lapic.isr, vector) == !auto_eoi);
	check(auto_eoi || rs_lapic_pending(&cpu->lapic) == -1);
}

static void end(struct fake_cpu *cpu)
{
	unsigned int ended = cpu->ended_count;
	int vector = 255;

	while (vector >= 0 && !bit(cpu->lapic.isr, vector))
		vector--;
	rs_lapic_eoi(&cpu->lapic);
	if (vector < 0) {
		check(cpu->ended_count == ended);
		return;
	}
	check(!bit(cpu->lapic.isr, vector));
	check(cpu->ended_count - ended == bit(cpu->lapic.tmr, vector));
}

/* A periodic timer that fires goes on PERIOD_MIN or more later, but by itself only. */
static void ring(struct fake_cpu *cpu)
{
	u64 rang = cpu->alarm;

	cpu->now = max(cpu->now, rang);
	rs_lapic_timer_expired(&cpu->lapic);
	check(!cpu->alarm || cpu->alarm > cpu->now);
	if (cpu->alarm && cpu->lapic.lvt_timer >> 17 == 1)
		check(cpu->alarm - rang >= PERIOD_MIN);
}

static void advance(struct fake_cpu *cpu, u64 ns)
{
	u64 end = cpu->now + ns % (1ull << 40);

	for (unsigned int i = 0; i < ALARMS_MAX && cpu->alarm && cpu->alarm <= end; i++)
		ring(cpu);
	cpu->now = max(cpu->now, end);
}

static void restore(struct fake_cpu *cpu, u16 where, u64 value)
{
	struct fake_cpu before;
	u32 regs[64];
	u64 left;

	rs_lapic_get_state(&cpu->lapic, regs, &left);
	regs[where % 64] ^= (u32)value;
	if (where & 0x100)
		left ^= value >> 32;
	before = *cpu;
	if (rs_lapic_set_state(&cpu->lapic, regs,
			       cpu->lapic.base ^ (u64)(where >> 10 & 3) << 10,
			       cpu->lapic.tsc_deadline ^ (where & 0x200 ? value : 0), left))
		check(!memcmp(&before, cpu, sizeof(before)));
}

static void operate(struct fake_cpu *cpu, const struct operation *op)
{
	struct rs_lapic *lapic = &cpu->lapic;
	u64 read;
	u32 word;

	switch (op->code % 16) {
	case 0:
		rs_lapic_read(lapic, op->where & 0xff0, &word);
		break;
	case 1:
		rs_lapic_write(lapic, op->where & 0x3f0, (u32)op->value);
		break;
	case 2:
		rs_lapic_rdmsr(lapic, 0x800 + (op->where & 0xff), &read);
		break;
	case 3:
		rs_lapic_wrmsr(lapic, 0x800 + (op->where & 0x3f), op->value);
		break;
	case 4:
		rs_lapic_set_base(lapic, RS_APIC_DEFAULT_BASE | (op->value & 0xf00));
		break;
	case 5:
		rs_lapic_set_tsc_deadline(lapic, op->where & 1 ? op->value :
						 fake_cpu_tsc(lapic) + (u32)op->value);
		break;
	case 6:
		rs_lapic_set_cr8(lapic, op->value & 15);
		break;
	case 7:
		end(cpu);
		break;
	case 8:
		rs_lapic_write_icr(lapic, op->value);
		break;
	case 9:
		check(!rs_lapic_accept(lapic, (u8)op->where, op->value & 1) ||
		      bit(lapic->irr, (u8)op->where));
		break;
	case 10:
		acknowledge(cpu, op->value & 1);
		break;
	case 11:
		rs_lapic_timer_expired(lapic);
		break;
	case 12:
		advance(cpu, op->value);
		break;
	case 13:
		cpu->now += op->value % (1ull << 40);	/* nobody hears the alarm */
		break;
	case 14:
		restore(cpu, op->where, op->value);
		break;
	case 15:
		cpu->tsc_offset += op->value;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct operation op;

	if (size < CPUS)
		return 0;
	for (unsigned int i = 0; i < CPUS; i++)
		fake_cpu_init(&cpus[i], *data++ % 64, i == 0);
	for (size -= CPUS; size >= sizeof(op); size -= sizeof(op), data += sizeof(op)) {
		memcpy(&op, data, sizeof(op));
		operate(&cpus[op.cpu % CPUS], &op);
		deliver_all();
		check_all(&cpus[0]);
		check_all(&cpus[1]);
	}
	return 0;
}
