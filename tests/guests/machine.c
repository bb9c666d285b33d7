// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines for the guests: memory, the state in which VP 0 starts, VP threads. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	printf("# %s: %s\n", what, strerror(-result));
	fflush(stdout);
	_exit(1);
}

static void *allocate(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	must(memory == MAP_FAILED ? -errno : 0, "memory");
	return memory;
}

void machine_end(struct machine *machine, bool passed, const char *format, ...)
{
	va_list list;

	if (machine->done)
		return;
	va_start(list, format);
	vsnprintf(machine->why, sizeof(machine->why), format, list);
	va_end(list);
	machine->done = true;
	machine->passed = passed;
	pthread_cond_signal(&machine->ended);
}

/* ---- memory */

static void put64(struct machine *machine, uint64_t gpa, uint64_t value)
{
	memcpy(machine->ram + gpa, &value, sizeof(value));
}

/* PTEs: present, writable, user; 2 MiB. */
static void fill_page_tables(struct machine *machine)
{
	uint64_t i;

	put64(machine, PML4, PDPT | 7);
	for (i = 0; i < 4; i++)
		put64(machine, PDPT + 8 * i, (PDS + 4096 * i) | 7);
	for (i = 0; i < 2048; i++)
		put64(machine, PDS + 8 * i, i << 21 | 0x87);
}

static void fill_gdt(struct machine *machine)
{
	static const struct {
		uint16_t selector;
		uint64_t descriptor;
	} entries[] = {
		{ CODE64, 0x00af9b000000ffff },
		{ DATA64, 0x00cf93000000ffff },
		{ CODE32, 0x00cf9b000000ffff },
		{ CODE16, 0x00009b000000ffff },
		{ DATA16, 0x000093000000ffff },
		{ TSS64, 0x00008b0000000067 | (TSS & 0xffffffull) << 16 },
		{ USER_DATA, 0x00cff3000000ffff },
		{ USER_CODE, 0x00affb000000ffff },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		put64(machine, GDT + entries[i].selector, entries[i].descriptor);
}

static void fill_reset_rom(uint8_t *rom)
{
	/* ljmp $0, $reset_entry: the fourth word of the low part holds its address */
	static const uint8_t jump[] = { 0xea, 0, 0, 0, 0 };

	memcpy(rom + 0xff0, jump, sizeof(jump));
}

static void map(struct machine *machine, uint64_t gpa, uint64_t size, void *memory,
		uint32_t flags)
{
	must(vid_map_gpa(machine->partition, gpa, size, memory, flags), "VID_MAP_GPA");
}

static void make_memory(struct machine *machine)
{
	machine->ram = allocate(RAM_SIZE);
	machine->rom = allocate(4096);
	machine->reset_rom = allocate(4096);
	memcpy(machine->ram + IMAGE, guest_image, guest_image_end - guest_image);
	memset(machine->rom, 0xcc, 4096);
	((uint64_t *)machine->rom)[ROM_ENTRY] = 0x87;
	fill_page_tables(machine);
	fill_gdt(machine);
	fill_reset_rom(machine->reset_rom);
	map(machine, 0, RAM_SIZE, machine->ram,
	    VID_MAP_READ | VID_MAP_WRITE | VID_MAP_EXECUTE);
	map(machine, ROM, 4096, machine->rom, VID_MAP_READ | VID_MAP_EXECUTE);
	map(machine, 0xfffff000, 4096, machine->reset_rom, VID_MAP_READ | VID_MAP_EXECUTE);
}

/* ---- doorbells and intercepts */

static int doorbell(struct machine *machine, uint64_t address, uint32_t flags)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct vid_doorbell request = { .address = address, .flags = flags, .fd = fd };

	must(fd < 0 ? -errno : 0, "eventfd");
	must(vid_set_doorbell(machine->partition, &request), "VID_SET_DOORBELL");
	return fd;
}

static void install(struct machine *machine)
{
	machine->doorbell_pio = doorbell(machine, PORT_DOORBELL, VID_DOORBELL_PIO);
	machine->doorbell_gpa = doorbell(machine, NOWHERE + 0x1000, 0);
	must(vid_install_intercept(machine->partition, VID_INTERCEPT_CPUID, CPUID_WORKER),
	     "VID_INTERCEPT_CPUID");
	must(vid_install_intercept(machine->partition, VID_INTERCEPT_MSR, MSR_WORKER),
	     "VID_INTERCEPT_MSR");
}

void machine_create(struct machine *machine, unsigned int vps)
{
	unsigned int i;

	memset(machine, 0, sizeof(*machine));
	pthread_mutex_init(&machine->lock, NULL);
	pthread_cond_init(&machine->ended, NULL);
	machine->device = must(vid_open(VID_DEVICE_PATH), VID_DEVICE_PATH);
	machine->partition = must(vid_create_partition(machine->device, vps),
				  "VID_CREATE_PARTITION");
	machine->vp_count = vps;
	make_memory(machine);
	install(machine);
	for (i = 0; i < vps; i++) {
		struct machine_vp *vp = &machine->vps[i];

		vp->machine = machine;
		vp->index = i;
		vp->fd = must(vid_create_vp(machine->partition, i, &vp->page),
			      "VID_CREATE_VP");
	}
}

void machine_destroy(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < machine->vp_count; i++)
		vid_close_vp(machine->vps[i].fd, machine->vps[i].page);
	close(machine->partition);
	close(machine->device);
	close(machine->doorbell_pio);
	close(machine->doorbell_gpa);
	munmap(machine->ram, RAM_SIZE);
}

/* ---- the state in which VP 0 starts */

#define REG(n, v)	{ .name = HV_X64_REGISTER_##n, .value.reg64 = (v) }
#define SEGMENT(n, s, a, l) { .name = HV_X64_REGISTER_##n,				\
			      .value.segment = { .selector = (s), .attributes = (a),	\
						 .limit = (l) } }
#define TABLE_REG(n, b, l) { .name = HV_X64_REGISTER_##n, \
			     .value.table = { .base = (b), .limit = (l) } }
#define FLAT		0xffffffff

static const struct vid_register long_mode[] = {
	REG(EFER, 0xd01),		/* NXE, LMA, LME, SCE */
	REG(CR4, 0x620),		/* OSXMMEXCPT, OSFXSR, PAE */
	REG(CR3, PML4),
	REG(CR0, 0x80010033),		/* PG, WP, NE, ET, MP, PE */
	SEGMENT(CS, CODE64, 0xa09b, FLAT),
	SEGMENT(DS, DATA64, 0xc093, FLAT),
	SEGMENT(ES, DATA64, 0xc093, FLAT),
	SEGMENT(FS, DATA64, 0xc093, FLAT),
	SEGMENT(GS, DATA64, 0xc093, FLAT),
	SEGMENT(SS, DATA64, 0xc093, FLAT),
	{ .name = HV_X64_REGISTER_TR,
	  .value.segment = { .base = TSS, .limit = 0x67, .selector = TSS64, .attributes = 0x8b } },
	SEGMENT(LDTR, 0, 0x82, 0),
	TABLE_REG(GDTR, GDT, GDT_ENTRIES * 8 - 1),
	TABLE_REG(IDTR, 0, 0),
	REG(RSP, STACKS + STACK_SIZE),
};

static const struct vid_register real_mode[] = {
	SEGMENT(CS, 0, 0x9b, 0xffff),
	SEGMENT(SS, 0, 0x93, 0xffff),
	REG(RSP, 0x6000),
};

static const struct vid_register prot16_mode[] = {
	REG(CR0, 0x31),
	SEGMENT(CS, CODE16, 0x9b, 0xffff),
	SEGMENT(DS, DATA16, 0x93, 0xffff),
	SEGMENT(ES, DATA16, 0x93, 0xffff),
	SEGMENT(SS, DATA16, 0x93, 0xffff),
	TABLE_REG(GDTR, GDT, GDT_ENTRIES * 8 - 1),
	REG(RSP, 0x6000),
};

static const struct vid_register prot32_mode[] = {
	REG(CR0, 0x31),
	SEGMENT(CS, CODE32, 0xc09b, FLAT),
	SEGMENT(DS, DATA64, 0xc093, FLAT),
	SEGMENT(ES, DATA64, 0xc093, FLAT),
	SEGMENT(SS, DATA64, 0xc093, FLAT),
	TABLE_REG(GDTR, GDT, GDT_ENTRIES * 8 - 1),
	REG(RSP, STACKS + STACK_SIZE),
};

static const struct {
	const struct vid_register *registers;
	unsigned int count;
} modes[] = {
	[MODE_LONG] = { long_mode, ARRAY_SIZE(long_mode) },
	[MODE_REAL] = { real_mode, ARRAY_SIZE(real_mode) },
	[MODE_PROT16] = { prot16_mode, ARRAY_SIZE(prot16_mode) },
	[MODE_PROT32] = { prot32_mode, ARRAY_SIZE(prot32_mode) },
	[MODE_RESET] = { NULL, 0 },
};

/* The entry in long mode is one for all guests, and is told which one. */
static void set_entry(struct machine *machine, enum guest_mode mode, uint64_t entry)
{
	uint64_t start = ((uint64_t *)(machine->ram + TABLE))[1];
	struct vid_register registers[] = {
		REG(RFLAGS, 2),
		REG(RIP, mode == MODE_LONG ? start : entry),
		REG(RDI, entry),
	};

	must(vid_set_registers(machine->vps[0].fd, registers, ARRAY_SIZE(registers)),
	     "VID_SET_REGISTERS of the entry");
}

void machine_start(struct machine *machine, enum guest_mode mode, uint64_t entry)
{
	if (mode == MODE_RESET) {
		memcpy(machine->reset_rom + 0xff1, &entry, 2);
		return;
	}
	must(vid_set_registers(machine->vps[0].fd, modes[mode].registers, modes[mode].count),
	     "VID_SET_REGISTERS of the mode");
	set_entry(machine, mode, entry);
}

/* ---- running */

static bool run_once(struct machine_vp *vp)
{
	struct machine *machine = vp->machine;
	int err = vid_run_vp(vp->fd);
	bool again;

	pthread_mutex_lock(&machine->lock);
	if (!err && !machine->done)
		handle_message(vp);
	else if (err && err != -EINTR)
		machine_end(machine, false, "VID_RUN_VP of VP %u: %s", vp->index,
			    strerror(-err));
	again = !machine->done;
	pthread_mutex_unlock(&machine->lock);
	return again;
}

static void *run_vp(void *argument)
{
	while (run_once(argument))
		;
	return NULL;
}

static void wait_for_end(struct machine *machine, unsigned int seconds)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += seconds;
	pthread_mutex_lock(&machine->lock);
	while (!machine->done)
		if (pthread_cond_timedwait(&machine->ended, &machine->lock, &end))
			machine_end(machine, false, "no end after %u s", seconds);
	pthread_mutex_unlock(&machine->lock);
}

static void show_vp(const struct machine_vp *vp)
{
	printf("# VP %u: rip %#llx rflags %#llx, last message %#x\n", vp->index,
	       (unsigned long long)vp->page->rip, (unsigned long long)vp->page->rflags,
	       vp->page->message.header.message_type);
}

bool machine_run(struct machine *machine, unsigned int seconds)
{
	unsigned int i;

	for (i = 0; i < machine->vp_count; i++)
		pthread_create(&machine->vps[i].thread, NULL, run_vp, &machine->vps[i]);
	wait_for_end(machine, seconds);
	for (i = 0; i < machine->vp_count; i++)
		vid_cancel_run(machine->vps[i].fd);
	for (i = 0; i < machine->vp_count; i++) {
		pthread_join(machine->vps[i].thread, NULL);
		if (!machine->passed)
			show_vp(&machine->vps[i]);
	}
	return machine->passed;
}
