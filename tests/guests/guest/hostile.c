// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile guests: storms of hypercalls, MSRs and interrupts from several VPs. What they throw is
 * refused, or does what it says to themselves; then the VPs work as before.
 */
#include "hostile.h"

/* ---- for all of them */

u64 __attribute__((noinline)) try_rdmsr(u32 msr)
{
	u64 vector = TRAP("rdmsr", "c"(msr), "a"(0), "d"(0));

	/* what it read is in registers that the compiler thinks are unchanged */
	asm volatile("" : : : "rax", "rdx", "memory");
	return vector;
}

u64 __attribute__((noinline)) try_wrmsr(u32 msr, u64 value)
{
	return TRAP("wrmsr", "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

volatile u32 msr_faults;

static void pass_over(struct frame *frame)
{
	const u8 *code = (const u8 *)frame->rip;

	CHECK_EQUAL(code[0], 0x0f);
	CHECK(code[1] == 0x30 || code[1] == 0x32);
	CHECK_EQUAL(frame->error, 0);
	frame->rip += 2;
	__atomic_add_fetch(&msr_faults, 1, __ATOMIC_SEQ_CST);
}

void pass_over_msr_faults(void)
{
	handlers[GP] = pass_over;
}

static void (*volatile work)(u32 id);
static volatile u32 workers_done;

static void work_and_say(u32 id)
{
	work(id);
	__atomic_add_fetch(&workers_done, 1, __ATOMIC_SEQ_CST);
}

void on_all_vps(u32 vps, void (*body)(u32 id))
{
	u32 id;

	x2apic_enable();
	work = body;
	workers_done = 0;
	for (id = 1; id < vps; id++)
		start_vp(id, work_and_say);
	body(0);
	wait_for(&workers_done, vps - 1);
}

void check_apic(void)
{
	u32 before = interrupts[0xee];

	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) & ~0xc00ull);
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x800);
	x2apic_enable();
	WRITE_CR(8, 0);
	self_ipi(0xee);
	asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
	CHECK_EQUAL(interrupts[0xee], before + 1);
}

/* ---- hypercalls */

#define HYPERCALL_PAGE	(SCRATCH + 0x10000ull)
#define OUTPUT		(SCRATCH + 0x80000ull)

static u64 hypercall(u64 control, u64 input, u64 output)
{
	u64 result;

	asm volatile("movq %4, %%r8\n\tcall *%1"
		     : "=a"(result), "+r"((u64){ HYPERCALL_PAGE }), "+c"(control), "+d"(input)
		     : "r"(output) : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

static void hypercall_storm(u32 id)
{
	static const u64 places[] = {
		0, SCRATCH, SCRATCH + 1, SCRATCH + 0xff8, NOWHERE, ROM, RAM_SIZE - 8, RAM_SIZE,
		0xfee00000, 1ull << 51, -8ull, -1ull,
	};
	u64 state = id, i;

	for (i = 0; i < 1000; i++) {
		u64 code = next(&state) % 4 ? next(&state) % 0x100 : next(&state) & 0xffff;
		u64 control = code | (next(&state) & 0x3fff0000) | next(&state) << 32;
		u64 result;

		if (next(&state) % 2)		/* now and then without reserved bits */
			control &= 0x00000fff03ffffffull;
		result = hypercall(control, places[next(&state) % 12],
				   next(&state) % 2 ? OUTPUT + 4096 * id : NOWHERE);
		CHECK_EQUAL(result & 0xfffff000ffff0000ull, 0);
		if (result & 0xffff)
			CHECK((result >> 32) <= (control >> 32 & 0xfff));
	}
}

/* Vectors that are exceptions too; interrupts stay disabled throughout. */
GUEST(hostile_hypercalls)
{
	wrmsr(HV_X64_MSR_GUEST_OS_ID, 0x8100060100000000ull);
	wrmsr(HV_X64_MSR_HYPERCALL, HYPERCALL_PAGE | HV_MSR_ENABLE);
	on_all_vps(4, hypercall_storm);
	CHECK_EQUAL(hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, 1, 0),
		    HV_STATUS_SUCCESS);
	CHECK_EQUAL(hypercall(0x7fff, 0, 0) & 0xffff, HV_STATUS_INVALID_HYPERCALL_CODE);
}

/* ---- MSRs */

/*
 * Not among them: what ends or stops the machine or other VPs (reset, crash, idle, ICR), and
 * the bases of our own page tables and stacks.
 */
static const struct {
	u32 first, count;
} storm_msrs[] = {
	{ 0x0, 2 }, { 0x10, 1 }, { 0x17, 1 }, { 0x1b, 1 }, { 0x2a, 1 }, { 0x3a, 2 }, { 0x8b, 1 },
	{ 0xfe, 1 }, { 0x174, 8 }, { 0x1a0, 1 }, { 0x1d9, 5 }, { 0x200, 0x80 }, { 0x2ff, 1 },
	{ 0x400, 0x20 }, { 0x6e0, 1 }, { 0x800, 0x30 }, { 0x831, 0x20 }, { 0xc0000081, 4 },
	{ 0xc0000102, 3 }, { 0xc0010000, 0x30 }, { 0xc0010110, 0x10 }, { 0xc0011020, 0x10 },
	{ 0x40000000, 1 }, { 0x40000002, 1 }, { 0x40000010, 1 }, { 0x40000020, 1 },
	{ 0x40000022, 2 },
	{ 0x40000070, 1 }, { 0x40000072, 1 }, { 0x40000080, 2 }, { 0x40000084, 1 },
	{ 0x40000090, 0x20 }, { 0x40000100, 5 }, { 0x400001f0, 0x10 }, { 0x4b001000, 4 },
	{ 0xffffffff, 1 },
};

/* Those that name a page of memory: what is written there must be ours to lose. */
static const u32 page_msrs[] = {
	HV_X64_MSR_SIMP, HV_X64_MSR_SIEFP, HV_X64_MSR_VP_ASSIST_PAGE, HV_X64_MSR_REFERENCE_TSC,
};

static void msr_storm(u32 id)
{
	u64 state = 77 + id, i;
	u32 low, high;

	for (i = 0; i < 1000; i++) {
		u32 n = next(&state) % ARRAY_SIZE(storm_msrs);
		u32 msr = storm_msrs[n].first + next(&state) % storm_msrs[n].count;
		u64 value = next(&state) % 3 ? next(&state) % 0x2000 : next(&state);

		if (next(&state) % 8 == 0) {
			msr = page_msrs[next(&state) % 4];
			value = (SCRATCH + 0x100000 + 0x10000 * id + (next(&state) & 0xf000)) |
				(next(&state) & 1);
		}
		if (next(&state) % 2)
			asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
				     : "memory");
		else
			asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr), "a"(0), "d"(0));
	}
}

/* The x2APIC's identity survives whatever was written. */
static void storm_and_check(u32 id)
{
	msr_storm(id);
	wrmsr(MSR_APIC_BASE, 0xfee00000 | (id ? 0 : 0x100));
	wrmsr(MSR_APIC_BASE, 0xfee00800 | (id ? 0 : 0x100));
	x2apic_enable();
	CHECK_EQUAL(apic_read(APIC_ID), id);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_VP_INDEX), id);
}

GUEST(hostile_msrs)
{
	pass_over_msr_faults();
	on_all_vps(4, storm_and_check);
	CHECK(msr_faults > 100);
	wrmsr(HV_X64_MSR_SCONTROL, 0);
	check_apic();
}

/* ---- interrupts */

static volatile u32 nmis;

static void count_nmi(struct frame *frame)
{
	__atomic_add_fetch(&nmis, 1, __ATOMIC_SEQ_CST);
}

/* Modes but INIT and SIPI; all destinations; vectors that are none; reserved bits. */
static u64 any_icr(u64 *state)
{
	static const u32 modes[] = { 0, 0, 0, 0, 1, 2, 3, 4, 7 };
	u64 icr = modes[next(state) % 9] << 8 | (next(state) & 0xcc800);

	icr |= next(state) % 8 ? 0x60 + next(state) % 16 : next(state) % 16;
	icr |= (next(state) % 4 ? next(state) % 4 : next(state)) << 32;
	return next(state) % 16 ? icr & ~0x3000ull : icr | 1ull << (20 + next(state) % 12);
}

static void ipi_storm(u32 id)
{
	u64 state = 4711 + id, i;

	wait_for(&vps_online, 3);	/* no NMI for one that has no IDT yet */
	sti();
	for (i = 0; i < 500; i++) {
		if (next(&state) % 4)
			apic_write(APIC_ICR, any_icr(&state));
		else
			apic_write(APIC_SELF_IPI, 0x60 + next(&state) % 16);
		if (next(&state) % 16 == 0)
			asm volatile("cli\n\tpause\n\tsti" : : : "memory");
	}
}

static void storm_and_idle(u32 id)
{
	ipi_storm(id);
	__atomic_add_fetch(&workers_done, 1, __ATOMIC_SEQ_CST);
	for (;;)
		asm volatile("hlt" : : : "memory");
}

GUEST(hostile_ipis)
{
	u32 id, i;

	pass_over_msr_faults();
	handlers[NMI] = count_nmi;
	x2apic_enable();
	for (id = 1; id < 4; id++)
		start_vp(id, storm_and_idle);
	ipi_storm(0);
	wait_for(&workers_done, 3);
	CHECK(nmis);
	CHECK(interrupts[0x60] && interrupts[0x6f]);
	for (id = 1; id < 4; id++)		/* each still takes each that is for it alone */
		for (i = 1; i <= 20; i++) {
			ipi(id, ICR_ASSERT | (0xa0 + id));
			wait_for(&interrupts[0xa0 + id], i);
		}
}

/* NMIs that come while the shadow of STI holds them up: what it takes to wait must not be seen. */
static volatile u32 stop;

static void nmi_storm(u32 id)
{
	while (!stop)
		ipi(0, ICR_NMI | ICR_ASSERT);
}

GUEST(hostile_nmi_shadows)
{
	u32 i;

	handlers[NMI] = count_nmi;
	x2apic_enable();
	start_vp(1, nmi_storm);
	for (i = 1; i <= 2000; i++) {
		self_ipi(0x65);
		asm volatile("sti\n\tnop\n\tcli" : : : "memory");
		CHECK_EQUAL(interrupts[0x65], i);
	}
	stop = 1;
	CHECK(nmis);
}

/* ---- registers of the local APIC, in both modes */

static volatile u32 *xapic(u32 offset)
{
	return (volatile u32 *)(0xfee00000ull + offset);
}

static u32 xapic_read(u32 offset)
{
	u32 value;

	asm volatile("movl (%%rbx), %%eax" : "=a"(value) : "b"(xapic(offset)) : "memory");
	return value;
}

static void xapic_write(u32 offset, u32 value)
{
	asm volatile("movl %%eax, (%%rbx)" : : "a"(value), "b"(xapic(offset)) : "memory");
}

static bool sends(u32 offset)
{
	return offset == APIC_ICR || offset == APIC_SELF_IPI;
}

GUEST(hostile_apic)
{
	static const u64 bases[] = {
		0x1000, NOWHERE, 0xfee01000, 1ull << 40, 0xffffffffff000ull, 0xfee00000 | 0x200,
		0xfee00000 | 1, 1ull << 63 | 0xfee00000,
	};
	u64 base = rdmsr(MSR_APIC_BASE), state = 1, i;
	u32 offset;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		CHECK_EQUAL(try_wrmsr(MSR_APIC_BASE, bases[i] | 0x900), GP);
		CHECK_EQUAL(rdmsr(MSR_APIC_BASE), base);
	}
	CHECK_EQUAL(try_wrmsr(MSR_APIC_BASE, 0xfee00500), GP);	/* x2APIC, but disabled */
	for (i = 0; i < 4; i++)
		for (offset = 0; offset < 0x1000; offset += 16) {
			if (offset == APIC_ICR)
				continue;
			xapic_write(offset, next(&state));
			xapic_read(offset);
		}
	CHECK_EQUAL(xapic_read(APIC_ID), 0);
	check_apic();
	for (i = 0; i < 4; i++)
		for (offset = 0; offset < 0x1000; offset += 16) {
			if (!sends(offset))
				try_wrmsr(X2APIC(offset), next(&state) & (i % 2 ? -1ull : 0xff));
			try_rdmsr(X2APIC(offset));
		}
	CHECK_EQUAL(apic_read(APIC_ID), 0);
	CHECK_EQUAL(try_wrmsr(MSR_APIC_BASE, 0xfee00900), GP);	/* from x2APIC to xAPIC */
	check_apic();
}
