// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: the local APIC, its timer, interrupts from the worker, NMIs, shadows. */
#include "guest.h"

/* With interrupts on for an instruction after the shadow. */
static inline void window(void)
{
	asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
}

static bool in_service(u8 vector)
{
	return apic_read(APIC_ISR + vector / 32 * 16) >> vector % 32 & 1;
}

static bool requested(u8 vector)
{
	return apic_read(APIC_IRR + vector / 32 * 16) >> vector % 32 & 1;
}

GUEST(x2apic)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	CHECK_EQUAL(base & 0xfff, 0x900);
	CHECK_EQUAL(TRAP("rdmsr", "c"(X2APIC(APIC_ID)), "a"(0), "d"(0)), GP);
	x2apic_enable();
	CHECK_EQUAL(apic_read(APIC_ID), 0);
	CHECK_EQUAL(apic_read(APIC_LDR), 1);
	CHECK((apic_read(APIC_VERSION) & 0xf0) == 0x10);
	CHECK_EQUAL(TRAP("wrmsr", "c"(X2APIC(APIC_ID)), "a"(1), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(X2APIC(APIC_EOI)), "a"(1), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(X2APIC(APIC_TPR)), "a"(256), "d"(0)), GP);
	CHECK_EQUAL(TRAP("rdmsr", "c"(X2APIC(APIC_EOI)), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(TRAP("rdmsr", "c"(0x80e), "a"(0), "d"(0)), GP);
	/* back to xAPIC mode only by way of off */
	CHECK_EQUAL(TRAP("wrmsr", "c"(MSR_APIC_BASE), "a"((u32)base), "d"(0)), GP);
	CHECK_EQUAL(rdmsr(MSR_APIC_BASE) & 0xfff, 0xd00);
}

static void xapic_write(u32 offset, u32 value)
{
	asm volatile("movl %%eax, (%%rbx)" : : "a"(value), "b"(0xfee00000ull + offset) : "memory");
}

static u32 xapic_read(u32 offset)
{
	u32 value;

	asm volatile("movl (%%rbx), %%eax" : "=a"(value) : "b"(0xfee00000ull + offset) : "memory");
	return value;
}

static void xapic_interrupt(struct frame *frame)
{
	interrupts[frame->vector]++;
	xapic_write(APIC_EOI, 0);
}

/* The worker decodes these accesses. */
GUEST(xapic)
{
	handlers[0x50] = xapic_interrupt;
	CHECK_EQUAL(xapic_read(APIC_ID), 0);
	CHECK_EQUAL(xapic_read(APIC_VERSION) & 0xf0, 0x10);
	xapic_write(APIC_SPIV, 0x1ff);
	CHECK_EQUAL(xapic_read(APIC_SPIV), 0x1ff);
	xapic_write(APIC_TPR, 0x70);
	CHECK_EQUAL(READ_CR(8), 7);
	xapic_write(APIC_TPR, 0);
	xapic_write(APIC_LDR, 0x01000000);
	CHECK_EQUAL(xapic_read(APIC_LDR), 0x01000000);
	xapic_write(APIC_ICR + 0x10, 0);
	xapic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | 0x50);
	window();
	CHECK_EQUAL(interrupts[0x50], 1);
	CHECK_EQUAL(xapic_read(APIC_ISR + 0x20), 0);
}

/* ---- interrupts to oneself */

GUEST(self_ipi_masked)
{
	u32 i;

	x2apic_enable();
	for (i = 1; i <= 20; i++) {
		self_ipi(0x41);
		out32(PORT_POST, 0);
		CHECK_EQUAL(interrupts[0x41], i - 1);	/* IF is clear */
		CHECK(requested(0x41));
		window();
		CHECK_EQUAL(interrupts[0x41], i);
		CHECK(!requested(0x41));
		CHECK(!in_service(0x41));
	}
	sti();
	self_ipi(0x42);
	asm volatile("nop");
	CHECK_EQUAL(interrupts[0x42], 1);
}

static volatile u8 order[8];
static volatile u32 order_count;

static void note_order(struct frame *frame)
{
	order[order_count++ & 7] = frame->vector;
	apic_eoi();
}

/* Takes more urgent ones while it is in service. */
static void note_and_nest(struct frame *frame)
{
	order[order_count++ & 7] = frame->vector;
	CHECK(in_service(frame->vector));
	self_ipi(0x45);				/* of the same class: waits */
	self_ipi(0x81);				/* of a higher one: does not */
	asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	order[order_count++ & 7] = 1;
	apic_eoi();
}

GUEST(priorities)
{
	x2apic_enable();
	handlers[0x31] = note_order;
	handlers[0x45] = note_order;
	handlers[0x81] = note_order;
	self_ipi(0x31);
	self_ipi(0x81);
	self_ipi(0x45);
	asm volatile("sti\n\tnop\n\tnop\n\tnop\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(order_count, 3);
	CHECK(order[0] == 0x81 && order[1] == 0x45 && order[2] == 0x31);
	order_count = 0;
	handlers[0x41] = note_and_nest;
	self_ipi(0x41);
	asm volatile("sti\n\tnop\n\tnop\n\tnop\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(order_count, 4);
	CHECK(order[0] == 0x41 && order[1] == 0x81 && order[2] == 1 && order[3] == 0x45);
}

GUEST(tpr)
{
	x2apic_enable();
	WRITE_CR(8, 5);
	CHECK_EQUAL(apic_read(APIC_PPR), 0x50);
	self_ipi(0x5f);
	self_ipi(0x60);
	window();
	CHECK_EQUAL(interrupts[0x60], 1);
	CHECK_EQUAL(interrupts[0x5f], 0);
	sti();
	WRITE_CR(8, 4);				/* unmasks it at once */
	asm volatile("nop");
	CHECK_EQUAL(interrupts[0x5f], 1);
	apic_write(APIC_TPR, 0x70);
	self_ipi(0x72);
	asm volatile("nop");
	CHECK_EQUAL(interrupts[0x72], 0);
	apic_write(APIC_TPR, 0);
	asm volatile("nop");
	CHECK_EQUAL(interrupts[0x72], 1);
}

/* ---- interrupts from the worker */

GUEST(interrupt_worker)
{
	u32 i;

	x2apic_enable();
	for (i = 1; i <= 10; i++) {
		CHECK_EQUAL(host(HOST_INTERRUPT, HV_X64_INTERRUPT_FIXED, 0x51), 0);
		CHECK_EQUAL(interrupts[0x51], i - 1);
		window();
		CHECK_EQUAL(interrupts[0x51], i);
	}
	sti();
	CHECK_EQUAL(host(HOST_INTERRUPT, HV_X64_INTERRUPT_LOWEST_PRIORITY, 0x52), 0);
	asm volatile("nop");
	CHECK_EQUAL(interrupts[0x52], 1);
	/* while the guest runs, without an exit of its own */
	host(HOST_LATER, HV_X64_INTERRUPT_FIXED, 0x53);
	wait_for(&interrupts[0x53], 1);
	/* logical destination 1 is this one */
	CHECK_EQUAL(host(HOST_INTERRUPT, HV_X64_INTERRUPT_FIXED,
			 1 << 16 | VID_INTERRUPT_LOGICAL << 8 | 0x54), 0);
	asm volatile("nop");
	CHECK_EQUAL(interrupts[0x54], 1);
}

GUEST(interrupt_level)
{
	u32 i;

	x2apic_enable();
	for (i = 1; i <= 3; i++) {
		host(HOST_INTERRUPT, HV_X64_INTERRUPT_FIXED, VID_INTERRUPT_LEVEL << 8 | 0x61);
		CHECK_EQUAL(host(HOST_EOIS, 0x61, 0), i - 1);
		window();
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK_EQUAL(host(HOST_EOIS, 0x61, 0), i);
	}
	host(HOST_INTERRUPT, HV_X64_INTERRUPT_FIXED, 0x61);	/* edge: no message */
	window();
	CHECK_EQUAL(interrupts[0x61], 4);
	CHECK_EQUAL(host(HOST_EOIS, 0x61, 0), 3);
}

static void no_eoi(struct frame *frame)
{
	interrupts[frame->vector]++;
}

/* An 8259 behind LINT0 in virtual wire mode: no vector in the local APIC. */
GUEST(external_interrupt)
{
	u32 i;

	handlers[0x20] = no_eoi;
	x2apic_enable();
	apic_write(0x350, 0x700);
	for (i = 1; i <= 5; i++) {
		host(HOST_EXT_INT, 0x20, 0);
		out32(PORT_POST, 0);
		CHECK_EQUAL(interrupts[0x20], i - 1);
		window();
		CHECK_EQUAL(interrupts[0x20], i);
		window();
		CHECK_EQUAL(interrupts[0x20], i);
	}
	host(HOST_EXT_INT, 0x20, 0);
	sti_hlt_cli();
	CHECK_EQUAL(interrupts[0x20], i);
}

/* ---- NMIs */

static volatile u32 nmis, nmi_depth, nmi_deepest;
static volatile bool nmi_again;

static void count_nmi(struct frame *frame)
{
	nmis++;
	nmi_depth++;
	if (nmi_depth > nmi_deepest)
		nmi_deepest = nmi_depth;
	if (nmi_again) {
		nmi_again = false;
		ipi(0, ICR_NMI | ICR_ASSERT);
		out32(PORT_POST, 0);		/* masked until IRET, also over exits */
		asm volatile("nop");
	}
	nmi_depth--;
}

GUEST(nmi)
{
	u32 i;

	x2apic_enable();
	handlers[NMI] = count_nmi;
	for (i = 1; i <= 10; i++) {
		ipi(0, ICR_NMI | ICR_ASSERT);
		asm volatile("nop");
		CHECK_EQUAL(nmis, i);
	}
}

GUEST(nmi_masking)
{
	x2apic_enable();
	handlers[NMI] = count_nmi;
	nmi_again = true;
	ipi(0, ICR_NMI | ICR_ASSERT);
	asm volatile("nop");
	CHECK_EQUAL(nmis, 2);
	CHECK_EQUAL(nmi_deepest, 1);
}

GUEST(nmi_worker)
{
	x2apic_enable();
	handlers[NMI] = count_nmi;
	CHECK_EQUAL(host(HOST_INTERRUPT, HV_X64_INTERRUPT_NMI, 0), 0);
	asm volatile("nop");
	CHECK_EQUAL(nmis, 1);
	host(HOST_LATER, HV_X64_INTERRUPT_NMI, 0);
	wait_for(&nmis, 2);
	host(HOST_LATER, HV_X64_INTERRUPT_NMI, 0);
	asm volatile("hlt" : : : "memory");	/* wakes also with IF clear */
	CHECK_EQUAL(nmis, 3);
}

/* ---- shadows */

GUEST(sti_shadow)
{
	u64 after;
	u32 i;

	x2apic_enable();
	for (i = 1; i <= 5; i++) {
		self_ipi(0x43);
		asm volatile("lea 1f(%%rip), %0\n\tsti\n\tnop\n1:\tnop\n\tcli"
			     : "=r"(after) : : "memory");
		CHECK_EQUAL(interrupts[0x43], i);
		CHECK_EQUAL(interrupted_rip, after);
	}
	self_ipi(0x43);
	asm volatile("sti\n\tcli\n\tnop" : : : "memory");
	CHECK_EQUAL(interrupts[0x43], 5);	/* never a chance */
	window();
	CHECK_EQUAL(interrupts[0x43], 6);
}

/*
 * Of two instructions in a row that make a shadow the second need not (SDM3 §6.8.3,
 * APM2 §8.5): the interrupt comes after MOV SS or one later, but not before it.  The
 * first MOV SS touches the GDT: QEMU TCG forgets the shadow of a VMCB at VMRUN, so
 * the second must not end in an exit for memory.
 */
GUEST(mov_ss_shadow)
{
	u64 after, ss;

	x2apic_enable();
	asm volatile("mov %%ss, %0\n\tmov %0, %%ss" : "=r"(ss));
	self_ipi(0x44);
	asm volatile("lea 1f(%%rip), %0\n\tsti\n\tmov %1, %%ss\n1:\tnop\n\tnop\n\tcli"
		     : "=&r"(after) : "r"(ss) : "memory");
	CHECK_EQUAL(interrupts[0x44], 1);
	if (interrupted_rip != after)
		CHECK_EQUAL(interrupted_rip, after + 1);
}

/* The shadow ends with the instruction that the worker completes. */
GUEST(shadow_and_exit)
{
	u64 after;

	x2apic_enable();
	self_ipi(0x45);
	asm volatile("lea 1f(%%rip), %0\n\tsti\n\toutb %%al, $0x80\n1:\tnop\n\tcli"
		     : "=&r"(after) : "a"(0) : "memory");
	CHECK_EQUAL(interrupts[0x45], 1);
	CHECK_EQUAL(interrupted_rip, after);
	self_ipi(0x45);
	asm volatile("xorl %%eax, %%eax\n\tlea 1f(%%rip), %0\n\tsti\n\tcpuid\n1:\tnop\n\tcli"
		     : "=&D"(after) : : "rax", "rbx", "rcx", "rdx", "memory");
	CHECK_EQUAL(interrupts[0x45], 2);
	CHECK_EQUAL(interrupted_rip, after);
}

GUEST(halt_wakes)
{
	u32 i;

	x2apic_enable();
	self_ipi(0x46);
	sti_hlt_cli();				/* pending already */
	CHECK_EQUAL(interrupts[0x46], 1);
	for (i = 1; i <= 5; i++) {
		host(HOST_LATER, HV_X64_INTERRUPT_FIXED, 0x47);
		sti_hlt_cli();
		CHECK_EQUAL(interrupts[0x47], i);
	}
}

/* ---- the timer */

static void timer(u32 lvt, u32 divide, u32 initial)
{
	apic_write(APIC_LVT_TIMER, lvt);
	apic_write(APIC_TIMER_DIVIDE, divide);
	apic_write(APIC_TIMER_INITIAL, initial);
}

GUEST(timer_oneshot)
{
	u64 hz = rdmsr(HV_X64_MSR_APIC_FREQUENCY), start, ticks;

	x2apic_enable();
	start = rdmsr(HV_X64_MSR_TIME_REF_COUNT);
	timer(0x48, 11, hz / 100);		/* divide by 1, 10 ms */
	CHECK(apic_read(APIC_TIMER_CURRENT) <= hz / 100);
	sti_hlt_cli();
	ticks = rdmsr(HV_X64_MSR_TIME_REF_COUNT) - start;
	CHECK_EQUAL(interrupts[0x48], 1);
	CHECK(ticks >= 99000);
	CHECK(ticks < 20000000);
	CHECK_EQUAL(apic_read(APIC_TIMER_CURRENT), 0);
	host(HOST_SLEEP, 30, 0);
	window();
	CHECK_EQUAL(interrupts[0x48], 1);
	timer(0x48, 11, hz / 10);
	apic_write(APIC_TIMER_INITIAL, 0);	/* stops it */
	host(HOST_SLEEP, 200, 0);
	window();
	CHECK_EQUAL(interrupts[0x48], 1);
}

GUEST(timer_periodic)
{
	u64 hz = rdmsr(HV_X64_MSR_APIC_FREQUENCY);
	u32 before;

	x2apic_enable();
	timer(LVT_PERIODIC | 0x49, 3, hz / 16 / 100);	/* divide by 16 */
	sti();
	while (interrupts[0x49] < 10)
		asm volatile("hlt" : : : "memory");
	cli();
	apic_write(APIC_TIMER_INITIAL, 0);
	window();
	before = interrupts[0x49];
	host(HOST_SLEEP, 50, 0);
	window();
	CHECK_EQUAL(interrupts[0x49], before);
}

GUEST(timer_deadline)
{
	u64 deadline;
	u32 i;

	CHECK(cpuid(1, 0).c & 1u << 24);
	x2apic_enable();
	apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | 0x4a);
	for (i = 1; i <= 3; i++) {
		deadline = rdtsc() + rdmsr(HV_X64_MSR_TSC_FREQUENCY) / 100;
		wrmsr(MSR_TSC_DEADLINE, deadline);
		sti_hlt_cli();
		CHECK_EQUAL(interrupts[0x4a], i);
		CHECK(rdtsc() >= deadline);
		CHECK_EQUAL(rdmsr(MSR_TSC_DEADLINE), 0);
	}
	wrmsr(MSR_TSC_DEADLINE, 1);		/* long past */
	window();
	CHECK_EQUAL(interrupts[0x4a], 4);
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + rdmsr(HV_X64_MSR_TSC_FREQUENCY) / 10);
	wrmsr(MSR_TSC_DEADLINE, 0);		/* disarms */
	host(HOST_SLEEP, 200, 0);
	window();
	CHECK_EQUAL(interrupts[0x4a], 4);
}

GUEST(timer_masked)
{
	u64 hz = rdmsr(HV_X64_MSR_APIC_FREQUENCY);

	x2apic_enable();
	timer(LVT_MASKED | 0x4b, 11, hz / 1000);
	host(HOST_SLEEP, 30, 0);
	window();
	CHECK_EQUAL(interrupts[0x4b], 0);
	CHECK_EQUAL(apic_read(APIC_TIMER_CURRENT), 0);
}
