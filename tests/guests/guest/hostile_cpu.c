// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile guests: one VP plays with control registers, single steps, shadows, NMIs and faults
 * within faults.
 */
#include "hostile.h"

/* ---- control registers: each bit, and each pair of bits */

#define CR4_PAE		(1ull << 5)
#define CR4_FSGSBASE	(1ull << 16)
#define CR4_PCIDE	(1ull << 17)
#define CR4_OSXSAVE	(1ull << 18)
#define CR4_SMEP	(1ull << 20)
#define CR4_SMAP	(1ull << 21)
#define CR4_UMIP	(1ull << 11)

/* Those that a guest has by its CPUID, and those that every CPU has. */
static u64 cr4_of_cpuid(void)
{
	u64 bits = 0x7ff & ~(1ull << 11);
	struct cpuid leaf7 = cpuid(7, 0), leaf1 = cpuid(1, 0);

	bits |= leaf7.c & 1u << 2 ? CR4_UMIP : 0;
	bits |= leaf7.b & 1u << 0 ? CR4_FSGSBASE : 0;
	bits |= leaf1.c & 1u << 17 ? CR4_PCIDE : 0;
	bits |= leaf1.c & 1u << 26 ? CR4_OSXSAVE : 0;
	return bits;
}

static __attribute__((noinline)) u64 try_cr4(u64 value)
{
	return TRAP("mov %1, %%cr4", "r"(value));
}

static void check_cr4(u64 old, u64 allowed, u64 value)
{
	/* our own pages are the user's: SMEP and SMAP would lock us out */
	if (value & (CR4_SMEP | CR4_SMAP))
		return;
	if (value & ~allowed || !(value & CR4_PAE)) {
		CHECK_EQUAL(try_cr4(value), GP);
		CHECK_EQUAL(trap.error, 0);
		CHECK_EQUAL(READ_CR(4), old);
	} else {
		CHECK_EQUAL(try_cr4(value), NO_TRAP);
		CHECK_EQUAL(READ_CR(4), value);
		CHECK_EQUAL(try_cr4(old), NO_TRAP);
	}
}

GUEST(hostile_cr4)
{
	u64 old = READ_CR(4), allowed = cr4_of_cpuid();
	u32 i, j;

	for (i = 0; i < 64; i++)
		check_cr4(old, allowed, old ^ 1ull << i);
	for (i = 0; i < 24; i++)
		for (j = 0; j < i; j++)
			check_cr4(old, allowed, old ^ 1ull << i ^ 1ull << j);
	CHECK_EQUAL(READ_CR(4), old);
}

GUEST(hostile_efer)
{
	u64 old = rdmsr(0xc0000080), valid = 0x1 | 0x100 | 0x400 | 0x800, value;
	u32 i, j;

	for (i = 0; i < 64; i++)
		for (j = 0; j <= i && j < 16; j++) {
			value = old ^ 1ull << i ^ (i == j ? 0 : 1ull << j);
			if (value & ~valid || (value ^ old) & 0x100) {
				CHECK_EQUAL(try_wrmsr(0xc0000080, value), GP);
				CHECK_EQUAL(rdmsr(0xc0000080), old);
				continue;
			}
			CHECK_EQUAL(try_wrmsr(0xc0000080, value), NO_TRAP);
			/* LMA is the CPU's */
			CHECK_EQUAL(rdmsr(0xc0000080), (value & ~0x400ull) | (old & 0x400));
			wrmsr(0xc0000080, old);
		}
}

/* The bits of CR0 that are there, but PE and PG; the others are the CPU's own business. */
GUEST(hostile_cr0)
{
	static const u8 bits[] = { 1, 2, 3, 5, 16, 18, 29, 30 };
	u64 old = READ_CR(0), value;
	u32 i, j;

	for (i = 0; i < 8; i++)
		for (j = 0; j <= i; j++) {
			value = old ^ 1ull << bits[i] ^ (i == j ? 0 : 1ull << bits[j]);
			if (value & 1ull << 29 && !(value & 1ull << 30))
				continue;	/* NW without CD: #GP, but not in QEMU TCG */
			WRITE_CR(0, value);
			CHECK_EQUAL(READ_CR(0), value);
			cpuid(0, 0);
			CHECK_EQUAL(READ_CR(0), value);
			WRITE_CR(0, old);
		}
}

GUEST(hostile_xsetbv)
{
	u64 state = 5, before[2] = { 0x0123456789abcdefull, 42 }, after[2];
	u32 i, xcr0;

	if (!(cpuid(1, 0).c & 1u << 26))
		return;
	WRITE_CR(4, READ_CR(4) | CR4_OSXSAVE);
	asm volatile("xsetbv" : : "c"(0), "a"(3), "d"(0));
	asm volatile("movups (%0), %%xmm3" : : "r"(before));
	for (i = 0; i < 500; i++) {
		u32 index = next(&state) % 4 ? 0 : next(&state);
		u32 low = next(&state) | 2, high = next(&state) % 4 ? 0 : next(&state);

		if (!index && !high)
			low &= ~1u;		/* x87 is not optional */
		CHECK_EQUAL(TRAP("xsetbv", "c"(index), "a"(low), "d"(high | 1u << 30)), GP);
		CHECK_EQUAL(TRAP("xsetbv", "c"(index), "a"(low & ~1u), "d"(high)), GP);
	}
	asm volatile("xgetbv" : "=a"(xcr0) : "c"(0) : "rdx");
	CHECK_EQUAL(xcr0, 3);
	asm volatile("movups %%xmm3, (%0)" : : "r"(after) : "memory");
	CHECK_EQUAL(after[0], before[0]);
	CHECK_EQUAL(after[1], before[1]);
}

/* MTRRs keep what is valid and refuse the rest; nothing in between. */
GUEST(hostile_mtrrs)
{
	u64 state = 9, value, before;
	u32 msr, i, refused = 0;

	for (i = 0; i < 20; i++)
		for (msr = 0x200; msr < 0x300; msr++) {
			if (try_rdmsr(msr) != NO_TRAP || msr == 0x277)
				continue;
			before = rdmsr(msr);
			value = next(&state) % 2 ? next(&state) :
				(next(&state) % 8) * 0x0101010101010101;
			if (try_wrmsr(msr, value) == GP) {
				CHECK_EQUAL(rdmsr(msr), before);
				refused++;
			} else {
				CHECK_EQUAL(rdmsr(msr), value);
			}
		}
	CHECK(refused);
}

/* ---- single steps over what exits */

volatile u64 step_end;

/* Sets TF, executes one instruction, and takes the trap behind it. */
#define STEP(name, instruction, ...)						\
static __attribute__((noinline)) u64 step_##name(void)				\
{										\
	u64 vector = TRAP("movq $772f, step_end\n\tpushfq\n\torl $0x100, (%%rsp)\n\t"	\
			  "popfq\n\t" instruction "\n772:\tnop\n\tnop", __VA_ARGS__);	\
	asm volatile("" : : : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "memory");	\
	return vector;								\
}

STEP(cpuid, "cpuid", "a"(1), "c"(0))
STEP(rdmsr, "rdmsr", "c"(0x10))
STEP(wrmsr, "wrmsr", "c"(0xc0000083), "a"(0), "d"(0))
STEP(kernel_gs, "wrmsr", "c"(0xc0000102), "a"(0), "d"(0))
STEP(wbinvd, "wbinvd", "a"(0))
/* Which of them it is depends on the CPU. */
STEP(vmmcall, "vmmcall", "c"(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST), "d"(1))
STEP(vmcall, "vmcall", "c"(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST), "d"(1))
STEP(cr8, "mov %1, %%cr8", "r"(0ull))
STEP(cr4, "mov %1, %%cr4", "r"(0x620ull))
STEP(doorbell, "outl %%eax, %%dx", "a"(0), "d"(PORT_DOORBELL))
STEP(doorbell_gpa, "movl %%eax, (%%rbx)", "a"(0), "b"(NOWHERE + 0x1000ull))

/* As the hypercall page has it: 0F 01 C1 is VMCALL. */
static u64 step_hypercall(void)
{
	return *(volatile u8 *)(SCRATCH + 0x10002ull) == 0xc1 ? step_vmcall() : step_vmmcall();
}

/* Not PAUSE: QEMU TCG forgets the step over it. */
GUEST(hostile_steps)
{
	static u64 (*const steps[])(void) = {
		step_cpuid, step_rdmsr, step_wrmsr, step_kernel_gs, step_wbinvd,
		step_hypercall, step_cr8, step_cr4, step_doorbell, step_doorbell_gpa,
	};
	u32 i;

	wrmsr(HV_X64_MSR_GUEST_OS_ID, 0x8100060100000000ull);
	wrmsr(HV_X64_MSR_HYPERCALL, (SCRATCH + 0x10000ull) | HV_MSR_ENABLE);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		WRITE_DR(6, 0xffff0ff0);
		if (steps[i]() != DB || trap.rip != step_end || !(READ_DR(6) & 1u << 14)) {
			print("step ");
			print_hex(i);
			print("\n");
			CHECK_EQUAL(trap.rip, step_end);
			CHECK_EQUAL(trap.vector, DB);
			CHECK(false);
		}
	}
}

/* A trap without a step. */
GUEST(icebp)
{
	CHECK_EQUAL(TRAP("movq $772f, step_end\n\t.byte 0xf1\n772:\tnop", "a"(0)), DB);
	CHECK_EQUAL(trap.rip, step_end);
}

/* ---- shadows */

/* The interrupt comes, once, however the shadows follow each other. */
GUEST(hostile_shadows)
{
	u64 ss, after;
	u32 i, value;

	x2apic_enable();
	asm volatile("mov %%ss, %0\n\tmov %0, %%ss" : "=r"(ss));
	for (i = 1; i <= 20; i++) {
		host(HOST_LATER, HV_X64_INTERRUPT_FIXED, 0x61);
		asm volatile("sti\n\tmov %0, %%ss\n\thlt\n\tcli" : : "r"(ss) : "memory");
		CHECK_EQUAL(interrupts[0x61], i);
		self_ipi(0x62);
		asm volatile("sti\n\tsti\n\tsti\n\tnop\n\tcli" : : : "memory");
		CHECK_EQUAL(interrupts[0x62], i);
		/*
		 * The shadow covers an access that the worker emulates, and ends with it; but QEMU
		 * TCG forgets it when the host interrupts the guest right behind STI.
		 */
		self_ipi(0x63);
		asm volatile("lea 1f(%%rip), %1\n\tsti\n\tmovl (%%rbx), %%eax\n1:\tnop\n\tcli"
			     : "=a"(value), "=&r"(after) : "b"(NOWHERE + 0x10) : "memory");
		CHECK_EQUAL(interrupts[0x63], i);
		CHECK(interrupted_rip == after || interrupted_rip == after - 2);
		/* an interrupt that is raised in the shadow itself */
		asm volatile("lea 1f(%%rip), %0\n\tsti\n\twrmsr\n1:\tnop\n\tcli"
			     : "=&r"(after) : "c"(X2APIC(APIC_SELF_IPI)), "a"(0x64), "d"(0)
			     : "memory");
		CHECK_EQUAL(interrupts[0x64], i);
		CHECK_EQUAL(interrupted_rip, after);	/* there was none before */
	}
}

/* ---- NMIs within NMIs, and IRETs that go wrong */

static volatile u32 nmis, depth, deepest;

static void nested_nmi(struct frame *frame)
{
	u32 i;

	nmis++;
	deepest = ++depth > deepest ? depth : deepest;
	if (nmis % 2) {
		ipi(0, ICR_NMI | ICR_ASSERT);
		ipi(0, ICR_NMI | ICR_ASSERT);
		for (i = 0; i < 100; i++)
			cpuid(0, 0);
		CHECK_EQUAL(depth, 1);		/* masked */
		i = nmis;
		asm volatile("int3\n\tnop" : : : "memory");
		CHECK_EQUAL(nmis, i + 1);	/* the IRET of INT3 unmasked it; of two came one */
	}
	depth--;
}

static void nothing(struct frame *frame)
{
}

GUEST(hostile_nmis)
{
	u32 i;

	x2apic_enable();
	handlers[NMI] = nested_nmi;
	handlers[BP] = nothing;
	for (i = 1; i <= 20; i++) {
		ipi(0, ICR_NMI | ICR_ASSERT);
		asm volatile("nop\n\tnop" : : : "memory");
		CHECK_EQUAL(nmis, 2 * i);
		CHECK_EQUAL(depth, 0);
	}
	CHECK_EQUAL(deepest, 2);
}

volatile u64 iret_rsp, iret_resume;
static volatile u64 iret_vector;

static void from_iret(struct frame *frame)
{
	iret_vector = frame->vector;
	frame->rip = iret_resume;
	frame->rsp = iret_rsp;
	frame->cs = CODE64;
	frame->ss = DATA64;
	frame->rflags = 2;
}

static __attribute__((noinline)) u64 try_iret(u64 rip, u64 cs, u64 rflags, u64 ss)
{
	iret_vector = NO_TRAP;
	asm volatile("movq %%rsp, iret_rsp\n\tmovq $1f, iret_resume\n\t"
		     "pushq %3\n\tpushq iret_rsp\n\tpushq %2\n\tpushq %1\n\tpushq %0\n\tiretq\n1:"
		     : : "r"(rip), "r"(cs), "r"(rflags), "r"(ss)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
	return iret_vector;
}

GUEST(hostile_irets)
{
	u64 here = (u64)nothing;

	handlers[GP] = from_iret;
	handlers[PF] = from_iret;
	handlers[UD] = from_iret;
	handlers[SS] = from_iret;
	handlers[NP] = from_iret;
	CHECK_EQUAL(try_iret(1ull << 62, CODE64, 2, DATA64), GP);
	CHECK_EQUAL(try_iret(here, 0, 2, DATA64), GP);
	CHECK_EQUAL(try_iret(here, DATA64, 2, DATA64), GP);
	CHECK_EQUAL(try_iret(here, 0x1000, 2, DATA64), GP);
	CHECK_EQUAL(try_iret(here, CODE64, 2, CODE64), GP);
	CHECK_EQUAL(try_iret(here, CODE64, 2, USER_DATA | 3), GP);
	CHECK_EQUAL(try_iret(0x8000000000ull, CODE64, 2, DATA64), PF);
	/* a nested task has no place in long mode */
	asm volatile("pushfq\n\torl $0x4000, (%%rsp)\n\tpopfq" : : : "memory", "cc");
	CHECK_EQUAL(try_iret(here, CODE64, 2, DATA64), GP);
}

/* ---- faults within faults */

static void end_well(struct frame *frame)
{
	CHECK_EQUAL(frame->vector, DF);
	guest_exit(0);
}

static void not_present(u8 vector)
{
	idt[vector].type &= ~0x80;
}

GUEST(gate_not_present)
{
	u32 i;

	not_present(UD);
	for (i = 0; i < 20; i++) {
		CHECK_EQUAL(TRAP("ud2", "a"(0)), NP);
		/* the index too, but QEMU TCG counts in halves of a gate */
		CHECK_EQUAL(trap.error & 6, 2);
		/* the IDT is read anew: the exit in the midst of delivery must not lose it */
		CHECK_EQUAL(host(HOST_RELEASE, (u64)idt, sizeof(idt)), 0);
	}
}

#define EVENT_STACK	0xa00000ull

/* A double fault onto a stack that the CPU has to exit for. */
GUEST(double_fault_released)
{
	handlers[DF] = end_well;
	set_ist(DF, 1, (void *)EVENT_STACK);
	not_present(GP);
	CHECK_EQUAL(host(HOST_RELEASE, EVENT_STACK - 0x1000, 0x1000), 0);
	asm volatile("movw %%ax, %%ds" : : "a"(0x1230));
	CHECK(false);
}

GUEST(double_fault_not_present)
{
	not_present(GP);
	not_present(DF);
	asm volatile("movw %%ax, %%ds" : : "a"(0x1230));
	CHECK(false);
}
