// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SUBJECTS: rootstock kvm kvm-hyperv
 * LINK: tests/bench/exits/guest.c tests/bench/exits/vid.c tests/bench/exits/kvm.c
 * LINK: userspace/libvid/device.c userspace/libvid/partition.c userspace/libvid/vp.c
 * LIBS: -mno-red-zone -fcf-protection=none -fno-builtin -fno-stack-protector
 *
 * What an exit costs: the same guests, a few instructions each, in two minimal VMMs, one over
 * /dev/vid and one over /dev/kvm.  Guests read the TSC before and after.
 *
 * exits SUBJECT [FIGURE...]; Documentation/bench.md explains the figures.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exits/exits.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SMALL		0x1000u
#define LARGE		0x200000u

/**
 * struct figure - what is measured
 * @name:       after "exits."
 * @guest:      on VP 0
 * @other:      on VP 1, or NULL
 * @iterations: of each round
 * @divisor:    events of an iteration
 * @page:       the guest touches this much with each iteration; or 0
 * @hyperv:     also on KVM with Hyper-V's interface
 * @two_cpus:   says nothing where VPs take turns
 */
static const struct figure {
	const char *name;
	guest_fn *guest;
	guest_fn *other;
	unsigned int iterations;
	unsigned int divisor;
	uint32_t page;
	bool hyperv;
	bool two_cpus;
} figures[] = {
	{ .name = "cpuid", .guest = guest_cpuid, .iterations = 1000 },
	{ .name = "hypercall", .guest = guest_hypercall, .iterations = 1000, .hyperv = true },
	{ .name = "rdmsr", .guest = guest_rdmsr, .iterations = 1000 },
	{ .name = "wrmsr", .guest = guest_wrmsr, .iterations = 1000 },
	{ .name = "out", .guest = guest_out, .iterations = 1000 },
	{ .name = "in", .guest = guest_in, .iterations = 1000 },
	{ .name = "doorbell.pio", .guest = guest_doorbell_pio, .iterations = 1000 },
	{ .name = "doorbell.mmio", .guest = guest_doorbell_mmio, .iterations = 1000 },
	{ .name = "self-ipi", .guest = guest_self_ipi, .iterations = 1000 },
	{ .name = "timer", .guest = guest_timer, .iterations = 100 },
	{ .name = "timer.latency", .guest = guest_timer_latency, .iterations = 100 },
	{ .name = "hlt", .guest = guest_hlt, .iterations = 50 },
	{ .name = "ipi.halted", .guest = guest_ipi_halted, .other = guest_answer_halted,
	  .iterations = 200, .divisor = 2 },
	{ .name = "ipi.running", .guest = guest_ipi_running, .other = guest_answer_running,
	  .iterations = 200, .two_cpus = true },
	{ .name = "page.4k", .guest = guest_page, .iterations = 256, .page = SMALL },
	{ .name = "page.2m", .guest = guest_page, .iterations = 8, .page = LARGE },
};

int must(int result, const char *what)
{
	if (result == -1)
		err(1, "%s", what);
	if (result < 0)
		errx(1, "%s: %s", what, strerror(-result));
	return result;
}

/* ---- memory */

static void put64(struct machine *machine, uint64_t gpa, uint64_t value)
{
	memcpy(machine->ram + gpa, &value, sizeof(value));
}

static uint64_t guest_address(const void *in_section)
{
	return CODE + ((const uint8_t *)in_section - __start_guest_code);
}

/* An interrupt gate; each VP has its handler, at its own vector table. */
static void put_gate(struct machine *machine, unsigned int vp, const void *handler)
{
	uint64_t address = guest_address(handler), at = IDT + IDT_SIZE * vp + 16 * VECTOR;

	put64(machine, at, (address & 0xffff) | CODE64 << 16 | 0x8eull << 40 |
			   (address >> 16 & 0xffff) << 48);
	put64(machine, at + 8, address >> 32);
}

static void fill_ram(struct machine *machine)
{
	uint64_t i;

	put64(machine, PML4, PDPT | 3);
	for (i = 0; i < 4; i++)
		put64(machine, PDPT + 8 * i, (PDS + 4096 * i) | 3);
	for (i = 0; i < 2048; i++)
		put64(machine, PDS + 8 * i, i << 21 | 0x83);
	put64(machine, GDT + CODE64, 0x00af9b000000ffff);
	put64(machine, GDT + DATA64, 0x00cf93000000ffff);
	put_gate(machine, 0, guest_interrupt0);
	put_gate(machine, 1, guest_interrupt1);
	memcpy(machine->ram + CODE, __start_guest_code, __stop_guest_code - __start_guest_code);
}

/* @size bytes in pages of @page, there before any guest touches them. */
static uint8_t *allocate(size_t size, uint32_t page)
{
	uint8_t *memory = mmap(NULL, size + LARGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must(memory == MAP_FAILED ? -1 : 0, "memory");
	memory += -(uintptr_t)memory % LARGE;
	must(madvise(memory, size, page == LARGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), "madvise");
	memset(memory, 0, size);
	return memory;
}

/* KiB of transparent huge pages that the process has. */
static unsigned long huge_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kib = 0;
	char line[128];

	must(file ? 0 : -1, "smaps_rollup");
	while (fgets(line, sizeof(line), file))
		sscanf(line, "AnonHugePages: %lu kB", &kib);
	fclose(file);
	return kib;
}

static uint8_t *make_area(struct machine *machine, const struct figure *figure, size_t *size)
{
	uint8_t *area;

	*size = (size_t)ROUNDS * figure->iterations * figure->page;
	if (!*size)
		return NULL;
	area = allocate(*size, figure->page);
	if (figure->page == LARGE && huge_kib() < *size / 1024)
		errx(1, "the host gives no huge pages");
	machine->vmm->map(machine, AREA, *size, area);
	return area;
}

/* ---- a figure */

static void start(struct machine *machine, unsigned int vp, guest_fn *guest)
{
	/* as after a call: 16 bytes aligned but for the return address */
	machine->vmm->start(&machine->cpus[vp], guest_address(guest),
			    STACKS + STACK_SIZE * (vp + 1) - 8);
}

static void *run(void *argument)
{
	struct cpu *cpu = argument;

	cpu->machine->vmm->run(cpu);
	return NULL;
}

static void run_all(struct machine *machine, const struct figure *figure)
{
	start(machine, 0, figure->guest);
	if (figure->other) {
		start(machine, 1, figure->other);
		must(-pthread_create(&machine->cpus[1].thread, NULL, run, &machine->cpus[1]),
		     "a thread");
	}
	run(&machine->cpus[0]);
	if (figure->other)
		pthread_join(machine->cpus[1].thread, NULL);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The median round, as ns of one event. */
static double result(const struct figure *figure, struct shared *shared)
{
	uint64_t *sorted = shared->ticks + 1;
	double events = figure->iterations * (figure->divisor ? figure->divisor : 1);

	qsort(sorted, ROUNDS - 1, sizeof(*sorted), compare);
	return (sorted[ROUNDS / 2 - 1] + sorted[ROUNDS / 2]) / 2. * 1e6 / shared->khz / events;
}

static void set_up(struct machine *machine, const struct figure *figure)
{
	unsigned int i;

	machine->ram = allocate(RAM_SIZE, SMALL);
	machine->shared = (struct shared *)(machine->ram + SHARED);
	for (i = 0; i < VPS; i++) {
		machine->cpus[i].machine = machine;
		machine->cpus[i].index = i;
	}
	machine->vmm->create(machine);
	fill_ram(machine);
	machine->vmm->map(machine, 0, RAM_SIZE, machine->ram);
	machine->shared->iterations = figure->iterations;
	machine->shared->step = figure->page;
	machine->shared->khz = machine->vmm->khz(machine);
	machine->shared->hyperv = machine->vmm == &vmm_vid || machine->hyperv;
}

static double measure(const struct vmm *vmm, bool hyperv, const struct figure *figure)
{
	struct machine machine = { .vmm = vmm, .hyperv = hyperv };
	int port = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	int memory = must(eventfd(0, EFD_CLOEXEC), "eventfd");
	uint8_t *area;
	double value;
	size_t size;

	set_up(&machine, figure);
	vmm->doorbell(&machine, true, PORT_DOORBELL, port);
	vmm->doorbell(&machine, false, DOORBELL_GPA, memory);
	area = make_area(&machine, figure, &size);
	run_all(&machine, figure);
	value = result(figure, machine.shared);
	vmm->destroy(&machine);
	if (area)
		munmap(area, size);
	munmap(machine.ram, RAM_SIZE);
	close(port);
	close(memory);
	return value;
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 2;
}

int main(int argc, char **argv)
{
	const char *subject = argc > 1 ? argv[1] : "";
	bool hyperv = !strcmp(subject, "kvm-hyperv");
	const struct vmm *vmm = strncmp(subject, "kvm", 3) ? &vmm_vid : &vmm_kvm;
	bool two_cpus = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	unsigned int i;

	if (vmm == &vmm_vid && strcmp(subject, "rootstock"))
		errx(2, "usage: exits rootstock|kvm|kvm-hyperv [FIGURE...]");
	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *f = &figures[i];

		if ((hyperv && !f->hyperv) || (f->two_cpus && !two_cpus) ||
		    !wanted(f->name, argc, argv))
			continue;
		printf("exits.%s\t%s\t%.1f\tns\n", f->name, subject, measure(vmm, hyperv, f));
		fflush(stdout);
	}
	return 0;
}
