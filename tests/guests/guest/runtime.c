// SPDX-License-Identifier: GPL-2.0-or-later
/* The guests' own small kernel: traps, printing, the local APIC, other VPs. */
#include "guest.h"

struct gate idt[256] __attribute__((aligned(4096)));
handler_t handlers[256];
volatile struct trap trap;
volatile u32 interrupts[256];
volatile u64 interrupted_rip;
volatile u32 vps_online;
static void (*volatile vp_body)(u32 id);

struct __attribute__((packed)) descriptor_table {
	u16 limit;
	u64 base;
};

/* ---- printing and ending */

void print(const char *text)
{
	while (*text)
		out8(PORT_PRINT, *text++);
}

void print_hex(u64 value)
{
	int shift;

	for (shift = 60; shift >= 0; shift -= 4)
		out8(PORT_PRINT, "0123456789abcdef"[value >> shift & 15]);
}

void guest_exit(u32 status)
{
	out32(PORT_EXIT, status);
	for (;;)
		asm volatile("cli; hlt");
}

void fail(const char *file, int line, u64 value)
{
	print(file);
	print(": value ");
	print_hex(value);
	print("\n");
	guest_exit(line);
}

/* ---- traps */

static void report(const struct frame *frame)
{
	print("vector ");
	print_hex(frame->vector);
	print(" error ");
	print_hex(frame->error);
	print(" rip ");
	print_hex(frame->rip);
	print(" cr2 ");
	print_hex(READ_CR(2));
	print("\n");
	guest_exit(0x10000 + frame->vector);
}

static void catch(struct frame *frame)
{
	trap.vector = frame->vector;
	trap.error = frame->error;
	trap.cr2 = READ_CR(2);
	trap.rip = frame->rip;
	trap.rflags = frame->rflags;
	frame->rip = trap.resume;
	frame->rflags &= ~0x100ull;
}

void count_interrupt(struct frame *frame)
{
	__atomic_add_fetch(&interrupts[frame->vector], 1, __ATOMIC_SEQ_CST);
	interrupted_rip = frame->rip;
	apic_eoi();
}

void interrupt(struct frame *frame)
{
	if (handlers[frame->vector])
		handlers[frame->vector](frame);
	else if (frame->vector < 32 && trap.resume)
		catch(frame);
	else if (frame->vector >= 32)
		count_interrupt(frame);
	else
		report(frame);
}

static void load_idt(void)
{
	struct descriptor_table table = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lidt %0" : : "m"(table));
}

static void fill_idt(void)
{
	int i;

	for (i = 0; i < 256; i++) {
		u64 address = (u64)stubs + 16 * i;

		idt[i].offset_low = address;
		idt[i].offset_middle = address >> 16;
		idt[i].offset_high = address >> 32;
		idt[i].selector = CODE64;
		idt[i].type = 0x8e;
	}
}

void set_ist(u8 vector, u8 ist, void *stack_top)
{
	/* the TSS has its stacks from offset 36 on */
	__builtin_memcpy((void *)(TSS + 28ull + 8 * ist), &stack_top, 8);
	idt[vector].ist = ist;
}

/* ---- the local APIC and other VPs */

void x2apic_enable(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
	apic_write(APIC_SPIV, 0x1ff);
}

void vp_main(u32 id)
{
	load_idt();
	x2apic_enable();
	__atomic_add_fetch(&vps_online, 1, __ATOMIC_SEQ_CST);
	vp_body(id);
}

void wait_for(volatile u32 *counter, u32 wanted)
{
	u64 end = rdtsc() + 20000000000ull;

	while (*counter != wanted && rdtsc() < end)
		pause();
	CHECK_EQUAL(*counter, wanted);
}

void start_vp(u32 id, void (*body)(u32 id))
{
	u32 online = vps_online;

	vp_body = body;
	ipi(id, ICR_INIT | ICR_ASSERT);
	ipi(id, ICR_SIPI | ICR_ASSERT | IMAGE >> 12);
	wait_for(&vps_online, online + 1);
}

void guest_main(void (*entry)(void))
{
	fill_idt();
	load_idt();
	entry();
	guest_exit(0);
}

/* What the compiler may call. */
void *memset(void *destination, int value, size_t size)
{
	void *to = destination;

	asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
	return destination;
}

void *memcpy(void *destination, const void *source, size_t size)
{
	void *to = destination;

	asm volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(size) : : "memory");
	return destination;
}
