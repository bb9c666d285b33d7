/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the benchmark of exits agree on: where things are in guest memory, what
 * guest and VMM tell each other, and what a minimal VMM offers.
 */
#ifndef BENCH_EXITS_H
#define BENCH_EXITS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUNDS		9		/* the first warms up, of the others the median counts */
#define VPS		2

/* Guest physical memory; the guest's addresses are the same. */
#define RAM_SIZE	0x200000
#define PML4		0x1000
#define PDPT		0x2000
#define PDS		0x3000		/* four pages: the low 4 GiB in pages of 2 MiB */
#define GDT		0x7000
#define IDT		0x8000		/* IDT_SIZE for each VP */
#define IDT_SIZE	0x800
#define SHARED		0x9000
#define STACKS		0x10000		/* STACK_SIZE for each VP */
#define STACK_SIZE	0x8000
#define CODE		0x100000
#define AREA		0x40000000	/* what a guest touches a page at a time */
#define DOORBELL_GPA	0xd0000000	/* no memory */

#define CODE64		0x08
#define DATA64		0x10
#define CR0_VALUE	0x80010033	/* PG, WP, NE, ET, MP, PE */
#define CR4_VALUE	0x620		/* OSXMMEXCPT, OSFXSR, PAE */
#define EFER_VALUE	0x500		/* LMA, LME */

#define PORT_DONE	0xf4
#define PORT_USER	0xf8
#define PORT_DOORBELL	0x500

#define VECTOR		0x40

/* At SHARED, and the first argument of every guest. */
struct shared {
	uint64_t iterations;		/* of each round */
	uint64_t khz;			/* of the guest's TSC */
	uint64_t hyperv;		/* there is a Hyper-V interface */
	uint64_t step;			/* from page to page of the area */
	uint64_t ticks[ROUNDS];		/* of the TSC, all iterations together */
	volatile uint64_t taken[VPS];	/* interrupts */
	volatile uint64_t taken_at;	/* TSC of VP 0's last one */
	volatile uint64_t ready;	/* VP 0 takes interrupts */
	volatile uint64_t stop;		/* VP 1 is to end */
};

/* The guests (guest.c); none is ever called here. */
typedef void guest_fn(struct shared *shared);
guest_fn guest_cpuid, guest_hypercall, guest_rdmsr, guest_wrmsr, guest_out, guest_in,
	 guest_doorbell_pio, guest_doorbell_mmio, guest_self_ipi, guest_timer,
	 guest_timer_latency, guest_hlt, guest_ipi_halted, guest_ipi_running, guest_page;
guest_fn guest_answer_halted, guest_answer_running;	/* on VP 1 */
void guest_interrupt0(void *frame), guest_interrupt1(void *frame);
extern const uint8_t __start_guest_code[], __stop_guest_code[];

struct vmm;

struct cpu {
	const struct machine *machine;
	unsigned int index;
	int fd;
	void *page;			/* what kernel and VMM share */
	pthread_t thread;
};

struct machine {
	const struct vmm *vmm;
	int device, vm;
	bool hyperv;			/* if there is a choice */
	unsigned int slots;
	uint8_t *ram;
	struct shared *shared;
	struct cpu cpus[VPS];
};

/**
 * struct vmm - a minimal virtual machine monitor; each function ends the process if it fails
 * @create:   an empty machine of VPS processors with local APICs
 * @destroy:  and give everything back
 * @map:      memory for the guest
 * @doorbell: 4 bytes wide, at a port or an address
 * @start:    VP @cpu runs in 64-bit mode from @rip on, %rdi is SHARED
 * @run:      until the guest writes to PORT_DONE
 * @khz:      of the guest's TSC
 */
struct vmm {
	void (*create)(struct machine *machine);
	void (*destroy)(struct machine *machine);
	void (*map)(struct machine *machine, uint64_t gpa, uint64_t size, void *memory);
	void (*doorbell)(struct machine *machine, bool pio, uint64_t address, int eventfd);
	void (*start)(struct cpu *cpu, uint64_t rip, uint64_t rsp);
	void (*run)(struct cpu *cpu);
	uint64_t (*khz)(struct machine *machine);
};

extern const struct vmm vmm_vid, vmm_kvm;

/* The result of a system call, which must not fail; libvid's -errno likewise. */
int must(int result, const char *what);

#endif
