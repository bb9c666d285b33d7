// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: exceptions, their delivery, and events whose delivery itself faults. */
#include "guest.h"

#define UNMAPPED_GVA	0x8000000000ull		/* the second entry of the PML4 */

GUEST(exceptions)
{
	CHECK_EQUAL(TRAP("ud2", "a"(0)), UD);
	CHECK_EQUAL(TRAP("int3", "a"(0)), BP);
	CHECK_EQUAL(TRAP("int $4", "a"(0)), OF);
	CHECK_EQUAL(TRAP("div %%ecx", "a"(1), "d"(0), "c"(0)), DE);
	CHECK_EQUAL(TRAP("movq (%%rax), %%rax", "a"(1ull << 62)), GP);
	CHECK_EQUAL(trap.error, 0);
	CHECK_EQUAL(TRAP("movw %%ax, %%ds", "a"(0x1230)), GP);
	CHECK_EQUAL(trap.error, 0x1230);
	CHECK_EQUAL(TRAP("lldt %%ax", "a"(DATA64)), GP);
}

static u64 *large_page(u64 address)
{
	return (u64 *)(u64)(PDS + (address >> 21) * 8);
}

GUEST(page_faults)
{
	u64 address = 0x800000, *pte = large_page(address), saved = *pte;

	CHECK_EQUAL(TRAP("testb $1, (%%rax)", "a"(UNMAPPED_GVA + 0x1234)), PF);
	CHECK_EQUAL(trap.error, 0);
	CHECK_EQUAL(trap.cr2, UNMAPPED_GVA + 0x1234);
	CHECK_EQUAL(TRAP("movb %%al, (%%rax)", "a"(UNMAPPED_GVA)), PF);
	CHECK_EQUAL(trap.error, 2);
	*pte = saved & ~2ull;				/* read only */
	flush_page(address);
	CHECK_EQUAL(TRAP("movb %%al, (%%rax)", "a"(address + 5)), PF);
	CHECK_EQUAL(trap.error, 3);
	CHECK_EQUAL(trap.cr2, address + 5);
	CHECK_EQUAL(TRAP("testb $1, (%%rax)", "a"(address)), NO_TRAP);
	*pte = saved | 1ull << 63;			/* not executable */
	flush_page(address);
	CHECK_EQUAL(TRAP("jmp *%%rax", "a"(address)), PF);
	CHECK_EQUAL(trap.error, 0x11);
	*pte = 0;
	flush_page(address);
	CHECK_EQUAL(TRAP("testb $1, (%%rax)", "a"(address)), PF);
	*pte = saved;
	CHECK_EQUAL(TRAP("testb $1, (%%rax)", "a"(address)), NO_TRAP);
}

/* ---- CPL 3 */

static volatile u64 user_cs, user_error, user_vector, kernel_rsp;

static void from_user(struct frame *frame)
{
	user_cs = frame->cs;
	user_vector = frame->vector;
	user_error = frame->error;
	frame->rip = (u64)back_in_kernel;
	frame->cs = CODE64;
	frame->ss = DATA64;
	frame->rsp = kernel_rsp;
}

/* Runs @code at CPL 3 until it traps. */
static void __attribute__((noinline)) in_user_mode(const void *code)
{
	asm volatile("pushq %%rbx\n\tpushq %%rbp\n\tpushq %%r12\n\tpushq %%r13\n\t"
		     "pushq %%r14\n\tpushq %%r15\n\t"
		     "movq %%rsp, %1\n\t"
		     "pushq %2\n\tpushq %3\n\tpushq $2\n\tpushq %4\n\tpushq %0\n\tiretq\n\t"
		     ".globl back_in_kernel\nback_in_kernel:\n\t"
		     "popq %%r15\n\tpopq %%r14\n\tpopq %%r13\n\tpopq %%r12\n\t"
		     "popq %%rbp\n\tpopq %%rbx"
		     : : "r"(code), "m"(kernel_rsp), "i"(USER_DATA | 3), "i"(SCRATCH + 0x10000),
		     "i"(USER_CODE | 3)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
}

static const u8 user_int[] = { 0xcd, 0x80 };
static const u8 user_hlt[] = { 0xf4 };
static const u8 user_out[] = { 0xe6, 0x80 };
static const u8 user_load[] = { 0x48, 0x8b, 0x04, 0x25, 0x00, 0x00, 0x60, 0x00 };

static void user_stack(void)
{
	u64 stack = STACKS + STACK_SIZE / 2;

	memcpy((void *)(TSS + 4ull), &stack, 8);		/* RSP0 */
}

GUEST(user_mode)
{
	u64 *pte = large_page(0x600000);

	user_stack();
	idt[0x80].type = 0xee;
	handlers[0x80] = from_user;
	handlers[GP] = from_user;
	handlers[PF] = from_user;
	in_user_mode(user_int);
	CHECK_EQUAL(user_vector, 0x80);
	CHECK_EQUAL(user_cs, USER_CODE | 3);
	in_user_mode(user_hlt);
	CHECK_EQUAL(user_vector, GP);
	in_user_mode(user_out);
	CHECK_EQUAL(user_vector, GP);
	*pte &= ~4ull;					/* the supervisor's */
	flush_page(0x600000);
	in_user_mode(user_load);
	CHECK_EQUAL(user_vector, PF);
	CHECK_EQUAL(user_error, 5);
}

/* Sets RFLAGS.AC, and loads a word from an odd address. */
static const u8 user_odd_load[] = {
	0x9c, 0x81, 0x0c, 0x24, 0x00, 0x00, 0x04, 0x00, 0x9d,
	0x48, 0x8b, 0x04, 0x25, 0x01, 0x00, 0x60, 0x00,
};

#define CR0_AM		(1u << 18)

/* It exits, and comes back. */
GUEST(alignment)
{
	user_stack();
	WRITE_CR(0, READ_CR(0) | CR0_AM);
	handlers[AC] = from_user;
	in_user_mode(user_odd_load);
	CHECK_EQUAL(user_vector, AC);
	CHECK_EQUAL(user_error, 0);
	CHECK_EQUAL(user_cs, USER_CODE | 3);
}

/* ---- double and triple faults */

static void after_double_fault(struct frame *frame)
{
	CHECK_EQUAL(frame->vector, DF);
	CHECK_EQUAL(frame->error, 0);
	guest_exit(0);
}

GUEST(double_fault)
{
	handlers[DF] = after_double_fault;
	set_ist(DF, 1, (void *)(SCRATCH + 0x8000ull));
	/* the page fault's push faults again */
	asm volatile("movq %0, %%rsp\n\tpushq $0" : : "r"(UNMAPPED_GVA + 0x1000));
	CHECK(false);
}

GUEST(triple_fault)
{
	struct __attribute__((packed)) {
		u16 limit;
		u64 base;
	} none = { 0, 0 };

	asm volatile("lidt %0\n\tud2" : : "m"(none));
}

/*
 * ---- events whose delivery exits: the stack, or the gate, is not there yet
 *
 * The harness takes the page away; the CPU touches it again only to deliver, so the
 * exit has an event in it that must be given anew, once.
 */

static volatile u32 taken[256];

static void count_only(struct frame *frame)
{
	taken[frame->vector]++;
	if (frame->vector >= 32)
		apic_eoi();
	if (frame->vector == UD)
		frame->rip += 2;
}

#define EVENT_STACK	0xa00000ull

static void release_gate_and_stack(void)
{
	CHECK_EQUAL(host(HOST_RELEASE, (u64)idt, sizeof(idt)), 0);
	CHECK_EQUAL(host(HOST_RELEASE, EVENT_STACK - 0x1000, 0x1000), 0);
}

GUEST(reinject_exception)
{
	u32 i;

	handlers[UD] = count_only;
	set_ist(UD, 1, (void *)EVENT_STACK);
	for (i = 1; i <= 20; i++) {
		release_gate_and_stack();
		asm volatile("ud2" : : : "memory");
		CHECK_EQUAL(taken[UD], i);
	}
}

GUEST(reinject_interrupt)
{
	u32 i;

	x2apic_enable();
	handlers[0x60] = count_only;
	set_ist(0x60, 1, (void *)EVENT_STACK);
	for (i = 1; i <= 20; i++) {
		self_ipi(0x60);
		release_gate_and_stack();
		sti();
		asm volatile("nop");
		cli();
		CHECK_EQUAL(taken[0x60], i);
	}
	CHECK_EQUAL(apic_read(APIC_ISR + 0x30), 0);
}

GUEST(reinject_nmi)
{
	u32 i;

	x2apic_enable();
	handlers[NMI] = count_only;
	set_ist(NMI, 1, (void *)EVENT_STACK);
	for (i = 1; i <= 20; i++) {
		release_gate_and_stack();
		ipi(0, ICR_NMI | ICR_ASSERT);
		asm volatile("nop" : : : "memory");
		CHECK_EQUAL(taken[NMI], i);
	}
}

static void count_software(struct frame *frame)
{
	taken[frame->vector]++;
}

GUEST(reinject_software)
{
	u32 i;

	handlers[0x70] = count_software;
	handlers[BP] = count_software;
	set_ist(0x70, 1, (void *)EVENT_STACK);
	set_ist(BP, 1, (void *)EVENT_STACK);
	for (i = 1; i <= 20; i++) {
		release_gate_and_stack();
		asm volatile("int $0x70" : : : "memory");
		CHECK_EQUAL(taken[0x70], i);
		release_gate_and_stack();
		asm volatile("int3" : : : "memory");
		CHECK_EQUAL(taken[BP], i);
	}
}
