// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: instructions that exit, control and debug registers, floating point. */
#include "guest.h"

#define MSR_EFER	0xc0000080
#define EFER_NXE	(1u << 11)
#define EFER_SVME	(1u << 12)

GUEST(nothing)
{
}

/* ---- ports */

GUEST(pio)
{
	u64 rax;

	out8(PORT_ECHO, 0x5a);
	asm volatile("inb %1, %%al" : "=a"(rax) : "Nd"((u16)PORT_ECHO), "a"(~0ull));
	CHECK_EQUAL(rax, 0xffffffffffffffa5);
	out16(PORT_ECHO, 0x1234);
	asm volatile("inw %1, %%ax" : "=a"(rax) : "Nd"((u16)PORT_ECHO), "a"(~0ull));
	CHECK_EQUAL(rax, 0xffffffffffffedcb);
	out32(PORT_ECHO, 0x12345678);
	asm volatile("inl %1, %%eax" : "=a"(rax) : "Nd"((u16)PORT_ECHO), "a"(~0ull));
	CHECK_EQUAL(rax, 0xedcba987);
	/* immediate ports */
	asm volatile("outl %%eax, %0" : : "N"(PORT_ECHO), "a"(1));
	asm volatile("inl %1, %%eax" : "=a"(rax) : "N"(PORT_ECHO));
	CHECK_EQUAL(rax, 0xfffffffe);
}

GUEST(pio_string)
{
	u8 *bytes = (u8 *)SCRATCH;
	void *at = bytes;
	u64 count = 7;
	int i;

	for (i = 0; i < 7; i++)
		bytes[i] = i + 1;
	asm volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(PORT_STRING) : "memory");
	CHECK_EQUAL((u64)at, SCRATCH + 7);
	CHECK_EQUAL(count, 0);
	at = bytes + 16;
	count = 3;
	asm volatile("rep insl" : "+D"(at), "+c"(count) : "d"(PORT_STRING) : "memory");
	CHECK_EQUAL((u64)at, SCRATCH + 28);
	for (i = 0; i < 12; i++)
		CHECK_EQUAL(bytes[16 + i], 8 + i);
	at = bytes + 64;
	asm volatile("insw" : "+D"(at) : "d"(PORT_STRING) : "memory");
	CHECK_EQUAL((u64)at, SCRATCH + 66);
	CHECK_EQUAL(bytes[65], 21);
}

GUEST(pio_many)
{
	u32 i, value;

	for (i = 0; i < 2000; i++) {
		out32(PORT_ECHO, i);
		asm volatile("inl %1, %%eax" : "=a"(value) : "Nd"((u16)PORT_ECHO));
		CHECK_EQUAL(value, ~i);
	}
}

/* ---- CPUID and MSRs */

GUEST(cpuid_hypervisor)
{
	struct cpuid r = cpuid(HV_CPUID_VENDOR_AND_MAX, 0);

	CHECK(r.a >= HV_CPUID_LIMITS);
	CHECK_EQUAL(r.b, 0x7263694d);	/* "Microsoft Hv" */
	CHECK_EQUAL(r.c, 0x666f736f);
	CHECK_EQUAL(r.d, 0x76482074);
	CHECK_EQUAL(cpuid(HV_CPUID_INTERFACE, 0).a, 0x31237648);	/* "Hv#1" */
	r = cpuid(HV_CPUID_FEATURES, 0);
	CHECK(r.a & HV_ACCESS_HYPERCALL);
	CHECK(r.a & HV_ACCESS_VP_INDEX);
	CHECK(r.a & HV_ACCESS_SYNIC);
	CHECK(cpuid(1, 0).c & 1u << 31);
	CHECK_EQUAL(cpuid(1, 0).b >> 24, 0);
	/* nothing of the host's virtualization is offered */
	CHECK(!(cpuid(0x80000001, 0).c & 4));
	CHECK(!(cpuid(1, 0).c & 1u << 5));
}

GUEST(cpuid_worker)
{
	struct cpuid r = cpuid(CPUID_WORKER, 0x2222);

	CHECK_EQUAL(r.a, 0x11111111);
	CHECK_EQUAL(r.b, 0x2222);
	CHECK_EQUAL(r.c, 0x33333333);
	CHECK_EQUAL(r.d, 0x44444444);
}

GUEST(msr_unknown)
{
	CHECK_EQUAL(TRAP("rdmsr", "c"(0x4b001234), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(trap.error, 0);
	CHECK_EQUAL(TRAP("wrmsr", "c"(0x4b001234), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(TRAP("rdmsr", "c"(~0u), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(0xc0011234), "a"(0), "d"(0)), GP);
}

GUEST(msr_worker)
{
	CHECK_EQUAL(rdmsr(MSR_WORKER), 0x0123456789abcdef);
	wrmsr(MSR_WORKER, 0xfedcba9876543210);
	CHECK_EQUAL(host(HOST_MSR, 0, 0), 0xfedcba9876543210);
}

GUEST(msr_architectural)
{
	static const u32 storage[] = {
		0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
		0xc0000100, 0xc0000101, 0xc0000102,
	};
	u64 gs = rdmsr(0xc0000101), fs = rdmsr(0xc0000100);
	unsigned int i;

	for (i = 0; i < sizeof(storage) / 4; i++) {
		u64 value = i ? 0x00007000 + i : 8;

		wrmsr(storage[i], value);
		CHECK_EQUAL(rdmsr(storage[i]), value);
	}
	wrmsr(0xc0000101, gs);
	wrmsr(0xc0000100, fs);
	wrmsr(0x277, 0x0007040600070406);
	CHECK_EQUAL(rdmsr(0x277), 0x0007040600070406);
	CHECK_EQUAL(TRAP("wrmsr", "c"(0x277), "a"(2), "d"(0)), GP);
}

GUEST(msr_canonical)
{
	CHECK_EQUAL(TRAP("wrmsr", "c"(0xc0000100), "a"(0), "d"(1u << 30)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(0xc0000101), "a"(0), "d"(1u << 30)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(0xc0000102), "a"(0), "d"(1u << 30)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(0xc0000082), "a"(0), "d"(1u << 30)), GP);
}

GUEST(msr_efer)
{
	u64 efer = rdmsr(MSR_EFER);

	CHECK_EQUAL(efer, 0xd01);
	CHECK_EQUAL(TRAP("wrmsr", "c"(MSR_EFER), "a"((u32)efer | EFER_SVME), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(MSR_EFER), "a"((u32)efer | 2), "d"(0)), GP);
	CHECK_EQUAL(TRAP("wrmsr", "c"(MSR_EFER), "a"((u32)efer & ~0x100), "d"(0)), GP);
	CHECK_EQUAL(rdmsr(MSR_EFER), efer);
	wrmsr(MSR_EFER, efer & ~EFER_NXE);
	CHECK_EQUAL(rdmsr(MSR_EFER), efer & ~EFER_NXE);
}

GUEST(invd_wbinvd)
{
	asm volatile("wbinvd" : : : "memory");
	asm volatile("wbinvd" : : : "memory");
}

/* None is the guest's: all are undefined. */
GUEST(svm_instructions)
{
	CHECK_EQUAL(TRAP("vmrun", "a"(SCRATCH)), UD);
	CHECK_EQUAL(TRAP("vmload", "a"(SCRATCH)), UD);
	CHECK_EQUAL(TRAP("vmsave", "a"(SCRATCH)), UD);
	CHECK_EQUAL(TRAP("clgi", "a"(0)), UD);
	CHECK_EQUAL(TRAP("stgi", "a"(0)), UD);
	CHECK_EQUAL(TRAP("monitor", "a"(SCRATCH), "c"(0), "d"(0)), UD);
	CHECK_EQUAL(TRAP("mwait", "a"(0), "c"(0)), UD);
}

/* ---- control registers */

#define CR4_OSXSAVE	(1u << 18)

static u64 xgetbv(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static bool xsave_enable(u64 wanted)
{
	if (!(cpuid(1, 0).c & 1u << 26) || (cpuid(13, 0).a & wanted) != wanted)
		return false;
	WRITE_CR(4, READ_CR(4) | CR4_OSXSAVE);
	asm volatile("xsetbv" : : "c"(0), "a"((u32)wanted), "d"(0));
	return true;
}

GUEST(xsetbv)
{
	if (!xsave_enable(1))
		return;
	CHECK(cpuid(1, 0).c & 1u << 27);
	CHECK_EQUAL(xgetbv(), 1);
	xsave_enable(3);
	CHECK_EQUAL(xgetbv(), 3);
	CHECK_EQUAL(TRAP("xsetbv", "c"(0), "a"(2), "d"(0)), GP);	/* no x87 */
	CHECK_EQUAL(TRAP("xsetbv", "c"(0), "a"(5), "d"(0)), GP);	/* AVX, no SSE */
	CHECK_EQUAL(TRAP("xsetbv", "c"(0), "a"(3), "d"(1u << 30)), GP);
	CHECK_EQUAL(TRAP("xsetbv", "c"(1), "a"(3), "d"(0)), GP);
	CHECK_EQUAL(xgetbv(), 3);
}

GUEST(cr8)
{
	unsigned int i;

	x2apic_enable();
	for (i = 0; i < 16; i++) {
		WRITE_CR(8, i);
		CHECK_EQUAL(READ_CR(8), i);
		CHECK_EQUAL(apic_read(APIC_TPR), i << 4);
	}
	apic_write(APIC_TPR, 0x35);
	CHECK_EQUAL(READ_CR(8), 3);
	CHECK_EQUAL(TRAP("mov %1, %%cr8", "r"(16ull)), GP);
	CHECK_EQUAL(READ_CR(8), 3);
	WRITE_CR(8, 0);
}

GUEST(cr_reserved)
{
	u64 cr0 = READ_CR(0), cr4 = READ_CR(4);

	CHECK_EQUAL(TRAP("mov %1, %%cr0", "r"(cr0 | 1ull << 32)), GP);
	CHECK_EQUAL(TRAP("mov %1, %%cr0", "r"(cr0 & ~1ull)), GP);
	CHECK_EQUAL(TRAP("mov %1, %%cr4", "r"(cr4 | 1ull << 40)), GP);
	CHECK_EQUAL(TRAP("mov %1, %%cr4", "r"(cr4 & ~0x20ull)), GP);
	CHECK_EQUAL(READ_CR(0), cr0);
	CHECK_EQUAL(READ_CR(4), cr4);
}

GUEST(task_switched)
{
	u64 cr0 = READ_CR(0);

	WRITE_CR(0, cr0 | 8);		/* TS */
	CHECK_EQUAL(TRAP("movups %%xmm0, %%xmm0", "a"(0)), NM);
	asm volatile("clts");
	CHECK_EQUAL(READ_CR(0), cr0 & ~8ull);
}

/* ---- debug registers */

GUEST(debug_registers)
{
	WRITE_DR(0, 0x1000);
	WRITE_DR(1, 0x2000);
	WRITE_DR(2, 0x3000);
	WRITE_DR(3, 0x4000);
	out32(PORT_POST, 0);		/* they survive an exit to the worker */
	CHECK_EQUAL(READ_DR(0), 0x1000);
	CHECK_EQUAL(READ_DR(1), 0x2000);
	CHECK_EQUAL(READ_DR(2), 0x3000);
	CHECK_EQUAL(READ_DR(3), 0x4000);
	CHECK_EQUAL(READ_DR(7), 0x400);
	CHECK_EQUAL(TRAP("mov %1, %%db7", "r"(1ull << 32)), GP);
	CHECK_EQUAL(TRAP("mov %1, %%db6", "r"(1ull << 32)), GP);
}

GUEST(breakpoint)
{
	u64 address;

	asm volatile("lea 1f(%%rip), %0\n\tmov %0, %%db0\n\tmov %1, %%db7"
		     : "=&r"(address) : "r"(0x402ull));
	CHECK_EQUAL(TRAP("nop\n1:\tnop", "a"(0)), DB);
	CHECK_EQUAL(trap.rip, address);
	CHECK(READ_DR(6) & 1);
	WRITE_DR(7, 0x400);
	WRITE_DR(6, 0xffff0ff0);
}

GUEST(watchpoint)
{
	WRITE_DR(1, SCRATCH);
	WRITE_DR(7, 0x00d00408);	/* writes of four bytes */
	CHECK_EQUAL(TRAP("movl $1, (%%rax)", "a"(SCRATCH + 8)), NO_TRAP);
	CHECK_EQUAL(TRAP("movl $1, (%%rax)", "a"(SCRATCH)), DB);
	CHECK(READ_DR(6) & 2);
	CHECK_EQUAL(*(volatile u32 *)SCRATCH, 1);
	WRITE_DR(7, 0x400);
}

GUEST(single_step)
{
	CHECK_EQUAL(TRAP("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n2:\tnop", "a"(0)), DB);
	CHECK(READ_DR(6) & 1u << 14);
	CHECK(trap.rflags & 0x100);
	WRITE_DR(6, 0xffff0ff0);
	/* over an instruction that exits */
	CHECK_EQUAL(TRAP("pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\toutb %%al, $0x80\n\tnop\n\tnop",
			 "a"(0)), DB);
}

/* ---- floating point */

static void sse_store(u64 out[2])
{
	asm volatile("movups %%xmm5, (%0)" : : "r"(out) : "memory");
}

static void sse_load(const u64 in[2])
{
	asm volatile("movups (%0), %%xmm5" : : "r"(in));
}

GUEST(fpu)
{
	u64 in[2] = { 0x1111222233334444, 0x5555666677778888 }, out[2] = { 0 };
	double pi;
	int i;

	sse_load(in);
	asm volatile("fldpi");
	for (i = 0; i < 50; i++)
		out32(PORT_POST, i);
	host(HOST_SLEEP, 20, 0);
	sse_store(out);
	asm volatile("fstpl %0" : "=m"(pi));
	CHECK_EQUAL(out[0], in[0]);
	CHECK_EQUAL(out[1], in[1]);
	CHECK_EQUAL(*(u64 *)&pi, 0x400921fb54442d18);
}

GUEST(avx)
{
	u64 in[4] = { 1, 2, 3, 4 }, out[4] = { 0 };
	int i;

	if (!xsave_enable(7))
		return;
	asm volatile("vmovups (%0), %%ymm7" : : "r"(in));
	for (i = 0; i < 50; i++)
		out32(PORT_POST, i);
	host(HOST_SLEEP, 20, 0);
	asm volatile("vmovups %%ymm7, (%0)" : : "r"(out) : "memory");
	for (i = 0; i < 4; i++)
		CHECK_EQUAL(out[i], in[i]);
}

static volatile u32 fpu_bad, fpu_rounds;

static void fpu_rounds_of(u64 value)
{
	u64 in[2] = { value, ~value }, out[2];
	int i;

	for (i = 0; i < 200; i++) {
		sse_load(in);
		out32(PORT_POST, i);
		sse_store(out);
		if (out[0] != in[0] || out[1] != in[1])
			fpu_bad++;
	}
}

static void fpu_other(u32 id)
{
	fpu_rounds_of(0x1234567812345678);
	fpu_rounds = 1;
}

GUEST(smp_fpu)
{
	x2apic_enable();
	start_vp(1, fpu_other);
	fpu_rounds_of(0xabcdefabcdefabcd);
	wait_for(&fpu_rounds, 1);
	CHECK_EQUAL(fpu_bad, 0);
}
