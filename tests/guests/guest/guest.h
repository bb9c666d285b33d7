/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guests in C have at hand: ports, MSRs, traps, the local APIC, other VPs.
 * They run in long mode, at CPL 0, all of the low 4 GiB mapped to itself.
 */
#ifndef TESTS_GUESTS_GUEST_H
#define TESTS_GUESTS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vid.h>

#include "../protocol.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What the harness looks up by name. */
struct guest_entry {
	const char *name;
	void (*entry)(void);
};

/* Defines a guest: it passed when it returns. */
#define GUEST(id)								\
	static void guest_##id(void);						\
	static const struct guest_entry entry_##id				\
	__attribute__((section(".guests"), used)) = { #id, guest_##id };	\
	static void guest_##id(void)

/* A guest's failure is the line of its source. */
#define CHECK(condition) do { if (!(condition)) fail(__FILE__, __LINE__, 0); } while (0)
#define CHECK_EQUAL(got, wanted) do {						\
	u64 got_ = (got);							\
	if (got_ != (u64)(wanted))						\
		fail(__FILE__, __LINE__, got_);					\
} while (0)

_Noreturn void fail(const char *file, int line, u64 value);
_Noreturn void guest_exit(u32 status);
void print(const char *text);
void print_hex(u64 value);

void *memset(void *destination, int value, size_t size);
void *memcpy(void *destination, const void *source, size_t size);

/* ---- instructions */

static inline void out8(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(u16 port, u16 value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

static inline void sti(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void cli(void)
{
	asm volatile("cli" : : : "memory");
}

static inline void sti_hlt_cli(void)
{
	asm volatile("sti\n\thlt\n\tcli" : : : "memory");
}

static inline void pause(void)
{
	asm volatile("pause" : : : "memory");
}

#define READ_CR(n) ({ u64 cr_; asm volatile("mov %%cr" #n ", %0" : "=r"(cr_)); cr_; })
#define WRITE_CR(n, value) ({ asm volatile("mov %0, %%cr" #n : : "r"((u64)(value)) : "memory"); })
#define READ_DR(n) ({ u64 dr_; asm volatile("mov %%db" #n ", %0" : "=r"(dr_)); dr_; })
#define WRITE_DR(n, value) ({ asm volatile("mov %0, %%db" #n : : "r"((u64)(value)) : "memory"); })

static inline void flush_page(u64 address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* A request to the harness (protocol.h). */
static inline u64 host(u64 request, u64 rbx, u64 rcx)
{
	asm volatile("outl %%eax, %1" : "+a"(request) : "N"(PORT_HOST), "b"(rbx), "c"(rcx)
		     : "memory");
	return request;
}

/* ---- traps */

struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, zero;
};

extern struct gate idt[256];
typedef void (*handler_t)(struct frame *frame);
extern handler_t handlers[256];

/* The last one that TRAP() caught. */
extern volatile struct trap {
	u64 resume;
	u64 vector;
	u64 error;
	u64 cr2;
	u64 rip;
	u64 rflags;
} trap;

#define NO_TRAP		256

/* Executes instructions and says which vector they raised, else NO_TRAP. */
#define TRAP(instructions, ...) ({						\
	trap.vector = NO_TRAP;							\
	asm volatile("movq $771f, %0\n\t" instructions "\n771:\tmovq $0, %0"	\
		     : "=m"(trap.resume) : __VA_ARGS__ : "memory", "cc");	\
	trap.vector; })

enum { DE, DB, NMI, BP, OF, BR, UD, NM, DF, TS = 10, NP, SS, GP, PF, MF = 16, AC, MC, XM };

/* Between start.S and runtime.c, and within in_user_mode(). */
extern const u8 stubs[], back_in_kernel[];
void guest_main(void (*entry)(void));
void interrupt(struct frame *frame);
void vp_main(u32 id);

void set_ist(u8 vector, u8 ist, void *stack_top);

/* ---- local APIC, x2APIC mode */

#define MSR_APIC_BASE		0x1b
#define MSR_TSC_DEADLINE	0x6e0
#define X2APIC(offset)		(0x800 + (offset) / 16)
#define APIC_ID			0x020
#define APIC_VERSION		0x030
#define APIC_TPR		0x080
#define APIC_PPR		0x0a0
#define APIC_EOI		0x0b0
#define APIC_LDR		0x0d0
#define APIC_SPIV		0x0f0
#define APIC_ISR		0x100
#define APIC_IRR		0x200
#define APIC_ESR		0x280
#define APIC_ICR		0x300
#define APIC_LVT_TIMER		0x320
#define APIC_TIMER_INITIAL	0x380
#define APIC_TIMER_CURRENT	0x390
#define APIC_TIMER_DIVIDE	0x3e0
#define APIC_SELF_IPI		0x3f0

#define ICR_NMI			(4u << 8)
#define ICR_INIT		(5u << 8)
#define ICR_SIPI		(6u << 8)
#define ICR_ASSERT		(1u << 14)
#define ICR_SELF		(1u << 18)
#define ICR_ALL			(2u << 18)
#define ICR_OTHERS		(3u << 18)
#define LVT_MASKED		(1u << 16)
#define LVT_PERIODIC		(1u << 17)
#define LVT_TSC_DEADLINE	(2u << 17)

void x2apic_enable(void);
static inline void apic_write(u32 offset, u64 value)
{
	wrmsr(X2APIC(offset), value);
}

static inline u64 apic_read(u32 offset)
{
	return rdmsr(X2APIC(offset));
}

static inline void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

static inline void self_ipi(u8 vector)
{
	apic_write(APIC_SELF_IPI, vector);
}

static inline void ipi(u32 apic_id, u32 low)
{
	apic_write(APIC_ICR, (u64)apic_id << 32 | low);
}

/* Counts interrupts of each vector, and ends them; the default for 32 and above. */
extern volatile u32 interrupts[256];
void count_interrupt(struct frame *frame);
/* Where the last counted one interrupted. */
extern volatile u64 interrupted_rip;

/* ---- other VPs */

/* Starts VP @id with INIT and SIPI: it enables its x2APIC and calls @body. */
void start_vp(u32 id, void (*body)(u32 id));
extern volatile u32 vps_online;
/* Spins until *@counter is @wanted; fails after a long time. */
void wait_for(volatile u32 *counter, u32 wanted);

#endif
