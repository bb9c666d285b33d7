// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guests of the benchmark of exits: 64-bit code without data of its own, all of it in one
 * section, which is copied to where the guest is to run it.
 *
 * It is compiled without a red zone, and uses general registers only: interrupts come on the
 * same stack, and save no others.
 */
#pragma GCC target("general-regs-only")

#include "exits.h"

#define GUEST	__attribute__((section("guest_code"), noinline, used))

#define MSR_APIC_BASE		0x1b
#define MSR_MISC_ENABLE		0x1a0	/* storage, in both hypervisors */
#define MSR_TSC_DEADLINE	0x6e0
#define MSR_EOI			0x80b
#define MSR_SPIV		0x80f
#define MSR_ICR			0x830
#define MSR_LVT_TIMER		0x832
#define MSR_SELF_IPI		0x83f
#define MSR_GUEST_OS_ID		0x40000000
#define MSR_HYPERCALL		0x40000001
#define LVT_TSC_DEADLINE	0x40000
#define UNKNOWN_CALL		0x7ffe	/* in KVM's numbers and in the TLFS's */
#define CALIBRATION		20000
#define TIMER_US		200
#define HALT_US			1000

/* ---- instructions */

static __always_inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static __always_inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static __always_inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		     : "memory");
}

static __always_inline void out(uint16_t port)
{
	asm volatile("outl %0, %1" : : "a"(0), "d"(port) : "memory");
}

static __always_inline void done(void)
{
	for (;;)
		out(PORT_DONE);
}

static __always_inline void interrupts(bool on)
{
	if (on)
		asm volatile("sti" : : : "memory");
	else
		asm volatile("cli" : : : "memory");
}

/* No interrupt is lost between the two, nor any taken outside. */
static __always_inline void halt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

/* ---- rounds */

static __always_inline void measure(struct shared *s, void (*once)(struct shared *s))
{
	uint64_t round, i, start;

	for (round = 0; round < ROUNDS; round++) {
		start = read_tsc();
		for (i = s->iterations; i; i--)
			once(s);
		s->ticks[round] = read_tsc() - start;
	}
}

/* For what is not all that happens from first to last: @once says how many ticks it was. */
static __always_inline void accumulate(struct shared *s, uint64_t (*once)(struct shared *s))
{
	uint64_t round, i;

	for (round = 0; round < ROUNDS; round++)
		for (i = s->iterations; i; i--)
			s->ticks[round] += once(s);
}

/* ---- instructions that exit */

static __always_inline void cpuid(struct shared *s)
{
	uint32_t a = 1, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

GUEST void guest_cpuid(struct shared *s)
{
	measure(s, cpuid);
	done();
}

/* KVM takes the number from RAX, Hyper-V from RCX: either does not know it. */
static __always_inline void hypercall(struct shared *s)
{
	uint64_t a = UNKNOWN_CALL, c = UNKNOWN_CALL | 1 << 16;

	asm volatile("vmmcall" : "+a"(a), "+c"(c) : "b"(0), "d"(0), "S"(0), "D"(0)
		     : "r8", "r9", "r10", "r11", "memory");
}

GUEST void guest_hypercall(struct shared *s)
{
	if (s->hyperv) {
		wrmsr(MSR_GUEST_OS_ID, 0x8100ull << 48);
		wrmsr(MSR_HYPERCALL, (RAM_SIZE - 0x1000) | 1);
	}
	measure(s, hypercall);
	done();
}

static __always_inline void read_msr(struct shared *s)
{
	rdmsr(MSR_MISC_ENABLE);
}

GUEST void guest_rdmsr(struct shared *s)
{
	measure(s, read_msr);
	done();
}

static __always_inline void write_msr(struct shared *s)
{
	wrmsr(MSR_MISC_ENABLE, s->step);
}

GUEST void guest_wrmsr(struct shared *s)
{
	s->step = rdmsr(MSR_MISC_ENABLE);
	measure(s, write_msr);
	done();
}

static __always_inline void out_user(struct shared *s)
{
	out(PORT_USER);
}

GUEST void guest_out(struct shared *s)
{
	measure(s, out_user);
	done();
}

static __always_inline void in_user(struct shared *s)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "d"((uint16_t)PORT_USER) : "memory");
}

GUEST void guest_in(struct shared *s)
{
	measure(s, in_user);
	done();
}

static __always_inline void ring_port(struct shared *s)
{
	out(PORT_DOORBELL);
}

GUEST void guest_doorbell_pio(struct shared *s)
{
	measure(s, ring_port);
	done();
}

static __always_inline void ring_memory(struct shared *s)
{
	asm volatile("movl %0, (%1)" : : "r"(1), "r"((uint64_t)DOORBELL_GPA) : "memory");
}

GUEST void guest_doorbell_mmio(struct shared *s)
{
	measure(s, ring_memory);
	done();
}

/* ---- interrupts */

static __always_inline void apic_on(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
	wrmsr(MSR_SPIV, 0x1ff);
}

__attribute__((section("guest_code"), interrupt, used))
void guest_interrupt0(void *frame)
{
	struct shared *s = (struct shared *)SHARED;

	s->taken_at = read_tsc();
	s->taken[0]++;
	wrmsr(MSR_EOI, 0);
}

__attribute__((section("guest_code"), interrupt, used))
void guest_interrupt1(void *frame)
{
	struct shared *s = (struct shared *)SHARED;

	s->taken[1]++;
	wrmsr(MSR_EOI, 0);
}

static __always_inline void self_ipi(struct shared *s)
{
	wrmsr(MSR_SELF_IPI, VECTOR);
}

GUEST void guest_self_ipi(struct shared *s)
{
	apic_on();
	interrupts(true);
	measure(s, self_ipi);
	done();
}

/* Turns until an interrupt came, or @limit of them. */
GUEST static uint64_t spin(struct shared *s, uint64_t taken, uint64_t limit)
{
	uint64_t turns = 0;

	do
		turns++;
	while (s->taken[0] == taken && turns != limit);
	return turns;
}

/* Ticks of CALIBRATION turns: the least of some tries, in which the host had nothing to do. */
static __always_inline uint64_t calibrate(struct shared *s)
{
	uint64_t best = ~0ull, start, ticks;
	int try;

	for (try = 0; try < 10; try++) {
		start = read_tsc();
		spin(s, s->taken[0], CALIBRATION);
		ticks = read_tsc() - start;
		if (ticks < best)
			best = ticks;
	}
	return best;
}

static __always_inline void timer_on(void)
{
	apic_on();
	wrmsr(MSR_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR);
}

/* What a timer takes from a guest that runs: all that passes less what it spun. */
static __always_inline uint64_t timer(struct shared *s)
{
	uint64_t taken = s->taken[0], start = read_tsc(), turns;

	wrmsr(MSR_TSC_DEADLINE, start + s->khz * TIMER_US / 1000);
	turns = spin(s, taken, ~0ull);
	return read_tsc() - start - turns * s->step / CALIBRATION;
}

GUEST void guest_timer(struct shared *s)
{
	timer_on();
	s->step = calibrate(s);
	interrupts(true);
	accumulate(s, timer);
	done();
}

/* From the deadline until the handler runs. */
static __always_inline uint64_t timer_latency(struct shared *s)
{
	uint64_t taken = s->taken[0], deadline = read_tsc() + s->khz * TIMER_US / 1000;

	wrmsr(MSR_TSC_DEADLINE, deadline);
	spin(s, taken, ~0ull);
	return s->taken_at - deadline;
}

GUEST void guest_timer_latency(struct shared *s)
{
	timer_on();
	interrupts(true);
	accumulate(s, timer_latency);
	done();
}

/* The same from a VP that halted, and whose thread the host has put to sleep. */
static __always_inline uint64_t hlt(struct shared *s)
{
	uint64_t deadline = read_tsc() + s->khz * HALT_US / 1000;

	wrmsr(MSR_TSC_DEADLINE, deadline);
	halt();
	return s->taken_at - deadline;
}

GUEST void guest_hlt(struct shared *s)
{
	timer_on();
	accumulate(s, hlt);
	done();
}

/* ---- two VPs */

static __always_inline void ipi(uint32_t target)
{
	wrmsr(MSR_ICR, (uint64_t)target << 32 | 1 << 14 | VECTOR);
}

/* There and back, both asleep while they wait. */
static __always_inline void ipi_halted(struct shared *s)
{
	uint64_t taken = s->taken[0];

	ipi(1);
	while (s->taken[0] == taken)
		halt();
}

/* An interrupt for an APIC that is still off is lost, so both say when they are up. */
static __always_inline void wait_for_other(struct shared *s)
{
	apic_on();
	s->ready = 1;
	while (!s->taken[0])
		halt();
}

GUEST void guest_ipi_halted(struct shared *s)
{
	wait_for_other(s);
	measure(s, ipi_halted);
	s->stop = 1;
	ipi(1);
	done();
}

static __always_inline void tell_other(struct shared *s)
{
	apic_on();
	while (!s->ready)
		asm volatile("pause");
	ipi(0);
}

GUEST void guest_answer_halted(struct shared *s)
{
	tell_other(s);
	for (;;) {
		halt();
		if (s->stop)
			done();
		ipi(0);
	}
}

/* There; the other one runs, and what it writes is seen here. */
static __always_inline void ipi_running(struct shared *s)
{
	uint64_t taken = s->taken[1];

	ipi(1);
	while (s->taken[1] == taken)
		asm volatile("pause");
}

GUEST void guest_ipi_running(struct shared *s)
{
	wait_for_other(s);
	measure(s, ipi_running);
	s->stop = 1;
	done();
}

GUEST void guest_answer_running(struct shared *s)
{
	tell_other(s);
	interrupts(true);
	while (!s->stop)
		asm volatile("pause");
	done();
}

/* ---- memory */

GUEST void guest_page(struct shared *s)
{
	volatile uint8_t *page = (volatile uint8_t *)AREA;
	uint64_t round, i, start;

	for (round = 0; round < ROUNDS; round++) {
		start = read_tsc();
		for (i = s->iterations; i; i--) {
			*page = 1;
			page += s->step;
		}
		s->ticks[round] = read_tsc() - start;
	}
	done();
}
