// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile guests: memory that the hypervisor writes to, or that it reads for the guest, taken
 * away, changed, or never there.
 */
#include "hostile.h"

#define PAGES		(SCRATCH + 0x20000ull)
#define HYPERCALL_PAGE	PAGES
#define SIMP		(PAGES + 0x1000)
#define SIEFP		(PAGES + 0x2000)
#define TSC_PAGE	(PAGES + 0x3000)
#define ASSIST		(PAGES + 0x4000)

/* ---- pages of the TLFS in places that are no memory */

static const u64 no_memory[] = {
	NOWHERE, ROM, RAM_SIZE, 0xfee00000, 1ull << 39, 0xffffffffff000ull,
};

/* Refused, and nothing has changed; or it lies over what is there, and can be taken away. */
static void try_page(u32 msr, u64 gpa)
{
	u64 before = rdmsr(msr);

	if (try_wrmsr(msr, gpa | HV_MSR_ENABLE) == GP) {
		CHECK_EQUAL(rdmsr(msr), before);
		return;
	}
	CHECK_EQUAL(trap.vector, NO_TRAP);
	CHECK_EQUAL(rdmsr(msr), gpa | HV_MSR_ENABLE);
	wrmsr(msr, before);
}

GUEST(hostile_pages)
{
	static const u32 msrs[] = {
		HV_X64_MSR_SIMP, HV_X64_MSR_SIEFP, HV_X64_MSR_VP_ASSIST_PAGE,
		HV_X64_MSR_REFERENCE_TSC, HV_X64_MSR_HYPERCALL,
	};
	u32 i, n;

	wrmsr(HV_X64_MSR_GUEST_OS_ID, 0x8100060100000000ull);
	for (i = 0; i < 5; i++) {
		for (n = 0; n < ARRAY_SIZE(no_memory); n++)
			try_page(msrs[i], no_memory[n]);
		wrmsr(msrs[i], (PAGES + 4096 * i) | HV_MSR_ENABLE);
		CHECK_EQUAL(rdmsr(msrs[i]), (PAGES + 4096 * i) | HV_MSR_ENABLE);
	}
	/* what was in the way is as it was */
	CHECK_EQUAL(*(volatile u32 *)ROM, 0xcccccccc);
}

/* ---- pages released while messages go out and the guest reads */

static volatile u32 stop;

static void release_pages(u32 id)
{
	u64 page = 0;

	while (!stop) {
		CHECK_EQUAL(host(HOST_RELEASE, PAGES + 4096 * page, 4096), 0);
		page = (page + 1) % 5;
	}
}

static u64 long_spin(void)
{
	u64 result, control = HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, input = 1;

	asm volatile("call *%1" : "=a"(result), "+r"((u64){ HYPERCALL_PAGE }), "+c"(control),
		     "+d"(input) : : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

static void take_timer_message(u64 simp)
{
	volatile struct hv_message *message = &((struct hv_message_page *)simp)->sint_message[3];

	CHECK_EQUAL(message->header.message_type, HV_MESSAGE_TIMER_EXPIRED);
	message->header.message_type = HV_MESSAGE_NONE;
	asm volatile("mfence" : : : "memory");
	if (message->header.message_flags & HV_MESSAGE_FLAG_PENDING)
		wrmsr(HV_X64_MSR_EOM, 0);
}

GUEST(hostile_release)
{
	const volatile struct hv_reference_tsc_page *page = (const void *)TSC_PAGE;
	u32 i;

	x2apic_enable();
	wrmsr(HV_X64_MSR_GUEST_OS_ID, 0x8100060100000000ull);
	wrmsr(HV_X64_MSR_HYPERCALL, HYPERCALL_PAGE | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SIMP, SIMP | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SIEFP, SIEFP | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_REFERENCE_TSC, TSC_PAGE | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_VP_ASSIST_PAGE, ASSIST | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SCONTROL, 1);
	wrmsr(HV_X64_MSR_SINT0 + 3, 0x93);
	start_vp(1, release_pages);
	for (i = 1; i <= 100; i++) {
		wrmsr(HV_X64_MSR_STIMER0_CONFIG, 3u << 16 | HV_STIMER_AUTO_ENABLE);
		wrmsr(HV_X64_MSR_STIMER0_CONFIG + 1, rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 20000);
		sti_hlt_cli();
		CHECK_EQUAL(interrupts[0x93], i);
		take_timer_message(SIMP);
		CHECK_EQUAL(long_spin(), HV_STATUS_SUCCESS);
		CHECK(page->tsc_sequence);
	}
	stop = 1;
}

/* ---- pages replaced by others, or for a moment by nothing, while messages go out */

static volatile u32 remapped;

static void remap_pages(u32 id)
{
	u64 page = 0;

	while (!stop) {
		CHECK_EQUAL(host(HOST_REMAP, CHANGING + 4096 * page, 0), 0);
		page = (page + 1) % 4;
	}
	remapped = 1;
}

static void start_timer(void)
{
	wrmsr(HV_X64_MSR_STIMER0_CONFIG, 3u << 16 | HV_STIMER_AUTO_ENABLE);
	wrmsr(HV_X64_MSR_STIMER0_CONFIG + 1, rdmsr(HV_X64_MSR_TIME_REF_COUNT) + 20000);
}

/* A message that went into a page which is gone is lost; the next one is not. */
GUEST(hostile_remap)
{
	volatile struct hv_message *message = &((struct hv_message_page *)CHANGING)->sint_message[3];
	u32 i, page;

	x2apic_enable();
	for (page = 0; page < 4; page++)
		CHECK_EQUAL(host(HOST_REMAP, CHANGING + 4096 * page, 0), 0);
	wrmsr(HV_X64_MSR_GUEST_OS_ID, 0x8100060100000000ull);
	wrmsr(HV_X64_MSR_SIMP, CHANGING | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SIEFP, (CHANGING + 0x1000) | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_REFERENCE_TSC, (CHANGING + 0x2000) | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_VP_ASSIST_PAGE, (CHANGING + 0x3000) | HV_MSR_ENABLE);
	wrmsr(HV_X64_MSR_SCONTROL, 1);
	wrmsr(HV_X64_MSR_SINT0 + 3, 0x93);
	start_vp(1, remap_pages);
	for (i = 0; i < 100; i++) {
		start_timer();
		asm volatile("sti");
		while (rdmsr(HV_X64_MSR_STIMER0_CONFIG) & HV_STIMER_ENABLE)
			pause();
		asm volatile("cli");
		message->header.message_type = HV_MESSAGE_NONE;
		wrmsr(HV_X64_MSR_EOM, 0);
	}
	stop = 1;
	while (!remapped)
		pause();
	message->header.message_type = HV_MESSAGE_NONE;
	wrmsr(HV_X64_MSR_EOM, 0);
	i = interrupts[0x93];
	start_timer();
	sti_hlt_cli();
	CHECK(interrupts[0x93] > i);
	take_timer_message(CHANGING);
}

/* ---- the instruction under emulation is changed by another VP */

static u16 *patched;

/*
 * They differ in their second byte only: the CPU (QEMU does so) may read the first of one
 * instruction and the second of another.
 */
static const u16 patches[] = {
	0xa20f,			/* cpuid */
	0x310f,			/* rdtsc */
	0x320f,			/* rdmsr, of the TSC */
	0x080f,			/* invd */
	0x090f,			/* wbinvd */
};

static void patch(u32 id)
{
	u32 n = 0;

	while (!stop) {
		*(volatile u16 *)patched = patches[n++ % ARRAY_SIZE(patches)];
		pause();
	}
}

/* One of them is executed, each time, and nothing else. */
GUEST(hostile_patching)
{
	u8 *code = (u8 *)SCRATCH;
	u32 i;

	x2apic_enable();
	patched = (u16 *)code;
	*patched = patches[1];
	code[2] = 0xc3;
	start_vp(1, patch);
	for (i = 0; i < 3000; i++) {
		u64 a = 0, c = 0x10, d = 0;

		asm volatile("call *%%rdi" : "+a"(a), "+c"(c), "+d"(d) : "D"(code)
			     : "rbx", "memory");
	}
	stop = 1;
}

/* ---- tables in places that are no memory: nobody can emulate what the CPU does there */

GUEST(cr3_nowhere)
{
	WRITE_CR(3, NOWHERE);
	flush_page((u64)guest_exit);
	guest_exit(1);
}

GUEST(cr3_beyond)
{
	WRITE_CR(3, 1ull << 38);
	guest_exit(1);
}

/* The CPU sets an accessed bit: in a page that cannot be written. */
GUEST(tables_in_rom)
{
	((volatile u64 *)PML4)[1] = ROM | 7;
	asm volatile("movl (%%rbx), %%eax"
		     : : "b"((1ull << 39) + ROM_ENTRY * (1ull << 30)) : "rax", "memory");
	guest_exit(1);
}

/* A PML4 that is its own PDPT, directory and page table: that works. */
GUEST(tables_in_circles)
{
	volatile u64 *pml4 = (volatile u64 *)PML4, *window;
	u64 slot = 0x1ff;

	pml4[slot] = PML4 | 7;
	window = (volatile u64 *)(0xffffull << 48 | slot << 39 | slot << 30 | slot << 21 |
				  slot << 12);
	CHECK_EQUAL(window[0], pml4[0]);
	CHECK_EQUAL(window[slot] & ~0x60ull, PML4 | 7);
	window[1] = 0x1234000;
	CHECK_EQUAL(pml4[1], 0x1234000);
	CHECK_EQUAL(host(HOST_TRANSLATE, (u64)window, HV_TRANSLATE_GVA_VALIDATE_READ), PML4);
}

static void load_table(const char *which, u64 base)
{
	struct __attribute__((packed)) {
		u16 limit;
		u64 base;
	} table = { 0xfff, base };

	if (*which == 'g')
		asm volatile("lgdt %0" : : "m"(table));
	else
		asm volatile("lidt %0" : : "m"(table));
}

GUEST(idt_nowhere)
{
	load_table("idt", NOWHERE);
	asm volatile("ud2");
}

GUEST(gdt_nowhere)
{
	load_table("gdt", NOWHERE);
	asm volatile("movw %%ax, %%ds" : : "a"(DATA64));
	guest_exit(1);
}

GUEST(stack_nowhere)
{
	asm volatile("movq %0, %%rsp\n\tud2" : : "r"(NOWHERE + 0x1000ull));
}

/* The TSS has the stack for the interrupt, and is not there. */
GUEST(tss_nowhere)
{
	volatile u64 *descriptor = (volatile u64 *)(GDT + (u64)TSS64);

	descriptor[0] = 0xd00089000000ffffull;	/* base 0xd0000000, available */
	descriptor[1] = 0;
	asm volatile("ltr %%ax" : : "a"(TSS64));
	idt[UD].ist = 1;
	asm volatile("ud2");
}

/* An instruction of which the first half is memory, and the second is not. */
GUEST(code_into_nowhere)
{
	u8 *code = (u8 *)(u64)(RAM_SIZE - 3);

	code[0] = 0x48;				/* movabs $.., %rax: ten bytes */
	code[1] = 0xb8;
	asm volatile("jmp *%0" : : "r"(code));
}

/* As data: half of it in RAM, half where nothing is; nothing is written then. */
GUEST(data_into_nowhere)
{
	volatile u32 *last = (volatile u32 *)(u64)(RAM_SIZE - 4);

	*last = 0x11223344;
	asm volatile("movq %%rax, (%%rcx)" : : "a"(-1ull), "c"(RAM_SIZE - 4ull) : "memory");
}
