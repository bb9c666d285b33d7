// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: memory that is not there, or read only, or watched; doorbells. */
#include "guest.h"

static inline void store32(u64 address, u32 value)
{
	asm volatile("movl %%eax, (%%rbx)" : : "a"(value), "b"(address) : "memory");
}

static inline u32 load32(u64 address)
{
	u32 value;

	asm volatile("movl (%%rbx), %%eax" : "=a"(value) : "b"(address) : "memory");
	return value;
}

GUEST(mmio)
{
	u64 rax;
	u32 i;

	for (i = 0; i < 100; i++) {
		store32(NOWHERE + 0x10, i);
		CHECK_EQUAL(load32(NOWHERE + 0x20), ~i);
	}
	asm volatile("movb %%al, (%%rbx)" : : "a"(0x1234), "b"(NOWHERE) : "memory");
	asm volatile("movb (%%rbx), %%al" : "=a"(rax) : "a"(0), "b"(NOWHERE) : "memory");
	CHECK_EQUAL(rax, 0xcb);
	asm volatile("movw %%ax, (%%rbx)" : : "a"(0x1234), "b"(NOWHERE) : "memory");
	asm volatile("movw (%%rbx), %%ax" : "=a"(rax) : "a"(0), "b"(NOWHERE) : "memory");
	CHECK_EQUAL(rax, 0xedcb);
	asm volatile("movl $0x55667788, (%%rbx)" : : "b"(NOWHERE) : "memory");
	CHECK_EQUAL(load32(NOWHERE), ~0x55667788u);
}

GUEST(mmio_message)
{
	u64 rip, bytes;

	asm volatile("lea 1f(%%rip), %0\n1:\tmovl %%eax, (%%rbx)"
		     : "=&D"(rip) : "a"(1), "b"(NOWHERE + 0x123ull) : "memory");
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_TYPE, 0), HV_MESSAGE_UNMAPPED_GPA);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_ACCESS, 0), HV_INTERCEPT_ACCESS_WRITE);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_GPA, 0), NOWHERE + 0x123);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_RIP, 0), rip);
	bytes = host(HOST_MESSAGE, MESSAGE_BYTES, 0);
	CHECK(host(HOST_MESSAGE, MESSAGE_COUNT, 0) >= 2);
	CHECK_EQUAL(bytes & 0xffff, 0x0389);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_STATE, 0) & 0x17,
		    HV_X64_EXECUTION_CR0_PE | HV_X64_EXECUTION_EFER_LMA);
	if (host(HOST_MESSAGE, MESSAGE_INFO, 0) & HV_X64_MEMORY_GVA_VALID)
		CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_GVA, 0), NOWHERE + 0x123);
	load32(NOWHERE + 0x456);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_ACCESS, 0), HV_INTERCEPT_ACCESS_READ);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_GPA, 0), NOWHERE + 0x456);
}

GUEST(rom)
{
	CHECK_EQUAL(load32(ROM), 0xcccccccc);
	store32(ROM + 8, 1);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_TYPE, 0), HV_MESSAGE_GPA_INTERCEPT);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_ACCESS, 0), HV_INTERCEPT_ACCESS_WRITE);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_GPA, 0), ROM + 8);
	CHECK_EQUAL(load32(ROM + 8), 0xcccccccc);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_SEEN, 0), 1);	/* reads make none */
}

/* What was released comes back with what the worker has there: the same. */
GUEST(release)
{
	u64 pages;
	u32 i;

	for (i = 0; i < 16; i++)
		store32(SCRATCH + 0x100000 + 4096 * i, i + 1);
	pages = host(HOST_PINNED, 0, 0);
	CHECK(pages >= 16);
	CHECK_EQUAL(host(HOST_RELEASE, SCRATCH + 0x100000, 16 * 4096), 0);
	CHECK(host(HOST_PINNED, 0, 0) <= pages - 16);
	for (i = 0; i < 16; i++)
		CHECK_EQUAL(load32(SCRATCH + 0x100000 + 4096 * i), i + 1);
	CHECK(host(HOST_PINNED, 0, 0) >= pages - 16);
	CHECK(host(HOST_RELEASE, SCRATCH + 1, 4096));
}

GUEST(self_modifying)
{
	u8 *code = (u8 *)SCRATCH;
	u32 i, value;

	code[0] = 0xb8;				/* mov $i, %eax; ret */
	code[5] = 0xc3;
	for (i = 0; i < 100; i++) {
		*(volatile u32 *)(code + 1) = i * 0x01010101;
		asm volatile("call *%1" : "=a"(value) : "r"(code) : "memory");
		CHECK_EQUAL(value, i * 0x01010101);
	}
}

GUEST(dirty_log)
{
	u64 page = (SCRATCH + 0x200000) >> 12, i;

	store32(page << 12, 0);			/* there before it begins */
	CHECK_EQUAL(host(HOST_DIRTY, VID_DIRTY_START, 0), 0);
	CHECK_EQUAL(host(HOST_DIRTY, VID_DIRTY_READ_CLEAR, 0) < 8, 1);
	for (i = 0; i < 5; i++)
		store32((page + 3 * i) << 12, i);
	load32((page + 1) << 12);
	CHECK(host(HOST_DIRTY, VID_DIRTY_READ_CLEAR, 0) < 16);
	for (i = 0; i < 15; i++)
		CHECK_EQUAL(host(HOST_DIRTY_BIT, page + i, 0), i % 3 == 0);
	host(HOST_DIRTY, VID_DIRTY_READ_CLEAR, 0);
	CHECK_EQUAL(host(HOST_DIRTY_BIT, page, 0), 0);
	store32(page << 12, 7);			/* a second time */
	host(HOST_DIRTY, VID_DIRTY_READ_CLEAR, 0);
	CHECK_EQUAL(host(HOST_DIRTY_BIT, page, 0), 1);
	CHECK_EQUAL(host(HOST_DIRTY, VID_DIRTY_STOP, 0), 0);
	store32(page << 12, 8);
	CHECK_EQUAL(load32(page << 12), 8);
}

/* ---- doorbells */

GUEST(doorbell_pio)
{
	u32 i;

	for (i = 0; i < 10; i++)
		out32(PORT_DOORBELL, i);
	CHECK_EQUAL(host(HOST_RUNG, 1, 0), 10);
	out8(PORT_DOORBELL, 1);			/* of any length */
	out16(PORT_DOORBELL, 1);
	CHECK_EQUAL(host(HOST_RUNG, 1, 0), 2);
	CHECK_EQUAL(host(HOST_RUNG, 0, 0), 0);
}

GUEST(doorbell_gpa)
{
	u32 i;

	for (i = 0; i < 10; i++)
		store32(NOWHERE + 0x1000, i);
	CHECK_EQUAL(host(HOST_RUNG, 0, 0), 10);
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_SEEN, 0), 0);
	load32(NOWHERE + 0x1000);		/* a read is the worker's */
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_SEEN, 0), 1);
	store32(NOWHERE + 0x1004, 1);		/* so is its neighbour */
	CHECK_EQUAL(host(HOST_MESSAGE, MESSAGE_SEEN, 0), 2);
	CHECK_EQUAL(host(HOST_RUNG, 0, 0), 0);
}

/* ---- address translation, and addresses that lead nowhere */

static u64 *large_page(u64 address)
{
	return (u64 *)(u64)(PDS + (address >> 21) * 8);
}

GUEST(translate)
{
	u64 address = 0x800000, *pte = large_page(address), saved = *pte;

	CHECK_EQUAL(host(HOST_TRANSLATE, 0x12345, HV_TRANSLATE_GVA_VALIDATE_READ), 0x12345);
	*pte = (SCRATCH & ~0x1fffffull) | 0x85;		/* elsewhere, read only */
	flush_page(address);
	CHECK_EQUAL(host(HOST_TRANSLATE, address + 0x777, HV_TRANSLATE_GVA_VALIDATE_READ),
		    (SCRATCH & ~0x1fffffull) + 0x777);
	CHECK_EQUAL(host(HOST_TRANSLATE, address, HV_TRANSLATE_GVA_VALIDATE_READ |
			 HV_TRANSLATE_GVA_VALIDATE_WRITE),
		    -1ull - HV_TRANSLATE_GVA_PRIVILEGE_VIOLATION);
	*pte = 0;
	CHECK_EQUAL(host(HOST_TRANSLATE, address, HV_TRANSLATE_GVA_VALIDATE_READ),
		    -1ull - HV_TRANSLATE_GVA_PAGE_NOT_PRESENT);
	*pte = saved;
	flush_page(address);
}

GUEST(jump_nowhere)
{
	asm volatile("jmp *%0" : : "r"(NOWHERE + 0x2000ull));
}

/* The page tables themselves are not in memory. */
GUEST(walk_nowhere)
{
	((volatile u64 *)PML4)[1] = (NOWHERE + 0x3000ull) | 7;
	asm volatile("movl (%%rbx), %%eax" : : "b"(0x8000000000ull) : "rax", "memory");
}
