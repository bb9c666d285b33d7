// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: several VPs. */
#include "hypercall.h"

static volatile u32 last_id, started;

static void note_start(u32 id)
{
	CHECK_EQUAL(apic_read(APIC_ID), id);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_VP_INDEX), id);
	CHECK_EQUAL(cpuid(1, 0).b >> 24, id);
	last_id = id;
	started++;
}

GUEST(smp_start)
{
	x2apic_enable();
	start_vp(1, note_start);
	wait_for(&started, 1);
	CHECK_EQUAL(last_id, 1);
}

/* INIT stops a running VP, and SIPI starts it afresh. */
static volatile u32 spins;

static void spin(u32 id)
{
	for (;;) {
		spins++;
		pause();
	}
}

GUEST(smp_restart)
{
	u32 i, then;

	x2apic_enable();
	for (i = 0; i < 5; i++) {
		start_vp(1, spin);
		then = spins;
		while (spins == then)
			pause();
	}
	ipi(1, ICR_INIT | ICR_ASSERT);
	host(HOST_SLEEP, 50, 0);
	then = spins;
	host(HOST_SLEEP, 50, 0);
	CHECK_EQUAL(spins, then);
}

static void idle(u32 id)
{
	sti();
	for (;;)
		asm volatile("hlt" : : : "memory");
}

static void idle_spinning(u32 id)
{
	sti();
	for (;;)
		pause();
}

GUEST(smp_ipi)
{
	u32 i;

	x2apic_enable();
	start_vp(1, idle);
	for (i = 1; i <= 100; i++) {
		ipi(1, ICR_ASSERT | 0x71);
		wait_for(&interrupts[0x71], i);
	}
	start_vp(1, idle_spinning);		/* now it is in the guest */
	for (i = 1; i <= 50; i++) {
		ipi(1, ICR_ASSERT | 0x72);
		wait_for(&interrupts[0x72], i);
	}
}

GUEST(smp_broadcast)
{
	u32 id;

	x2apic_enable();
	for (id = 1; id < 4; id++)
		start_vp(id, idle);
	ipi(0, ICR_OTHERS | ICR_ASSERT | 0x73);
	wait_for(&interrupts[0x73], 3);
	sti();
	ipi(0, ICR_ALL | ICR_ASSERT | 0x74);
	wait_for(&interrupts[0x74], 4);
	ipi(0xffffffff, ICR_ASSERT | 0x75);
	wait_for(&interrupts[0x75], 4);
	ipi(0x0000000c, 1u << 11 | ICR_ASSERT | 0x76);	/* logical: VPs 2 and 3 */
	wait_for(&interrupts[0x76], 2);
}

static volatile u32 nmis;

static void count_nmi(struct frame *frame)
{
	__atomic_add_fetch(&nmis, 1, __ATOMIC_SEQ_CST);
}

GUEST(smp_nmi)
{
	u32 i;

	x2apic_enable();
	handlers[NMI] = count_nmi;
	start_vp(1, idle);
	for (i = 1; i <= 20; i++) {
		ipi(1, ICR_NMI | ICR_ASSERT);
		wait_for(&nmis, i);
	}
	start_vp(1, idle_spinning);
	for (; i <= 40; i++) {
		ipi(1, ICR_NMI | ICR_ASSERT);
		wait_for(&nmis, i);
	}
}

/* A TLB shootdown as an operating system does it: change, interrupt, wait. */
#define WINDOW	0x800000ull

static volatile u32 seen;

static void flush(struct frame *frame)
{
	flush_page(WINDOW);
	seen = *(volatile u32 *)WINDOW;
	apic_eoi();
}

GUEST(smp_shootdown)
{
	volatile u64 *pte = (u64 *)(PDS + (WINDOW >> 21) * 8);
	u32 i;

	x2apic_enable();
	handlers[0x77] = flush;
	*(volatile u32 *)0xa00000ull = 1000;
	*(volatile u32 *)0xc00000ull = 2000;
	start_vp(1, idle_spinning);
	for (i = 0; i < 50; i++) {
		*pte = (i & 1 ? 0xa00000 : 0xc00000) | 0x87;
		ipi(1, ICR_ASSERT | 0x77);
		wait_for(&seen, i & 1 ? 1000 : 2000);
	}
}

GUEST(smp_64)
{
	u32 id;

	x2apic_enable();
	for (id = 1; id < 64; id++)
		start_vp(id, idle);
	ipi(0, ICR_OTHERS | ICR_ASSERT | 0x78);
	wait_for(&interrupts[0x78], 63);
}

/*
 * More VPs than CPUs hand a lock on in turn.  Who waits for it says so, and the CPU goes to
 * another: without that each hand-over would take a turn of the host's scheduler.
 */
#define LOCKERS		16
#define LOCK_ROUNDS	40
static volatile u32 next_ticket, now_serving, lock_count, lockers_done;

static void take_lock(void)
{
	u32 ticket = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_SEQ_CST), spins = 0;

	while (now_serving != ticket) {
		pause();
		if (!(++spins % 256))
			hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, spins, 0);
	}
}

static void lock_often(u32 id)
{
	u32 i;

	for (i = 0; i < LOCK_ROUNDS; i++) {
		take_lock();
		lock_count++;
		now_serving++;
	}
	__atomic_fetch_add(&lockers_done, 1, __ATOMIC_SEQ_CST);
}

GUEST(smp_long_spin)
{
	u32 id;

	x2apic_enable();
	hypercalls_on();
	for (id = 1; id < LOCKERS; id++)
		start_vp(id, lock_often);
	lock_often(0);
	while (lockers_done < LOCKERS)
		hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, 1, 0);
	CHECK_EQUAL(lock_count, LOCKERS * LOCK_ROUNDS);
}
