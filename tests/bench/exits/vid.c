// SPDX-License-Identifier: GPL-2.0-or-later
/* A minimal VMM over /dev/vid. */
#include <stdlib.h>
#include <unistd.h>
#include <errno.h>
#include <libvid.h>

#include "exits.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void vid_create(struct machine *machine)
{
	struct vid_vp_page *page;
	unsigned int i;

	machine->device = must(vid_open(NULL), VID_DEVICE_PATH);
	machine->vm = must(vid_create_partition(machine->device, VPS), "VID_CREATE_PARTITION");
	for (i = 0; i < VPS; i++) {
		machine->cpus[i].fd = must(vid_create_vp(machine->vm, i, &page), "VID_CREATE_VP");
		machine->cpus[i].page = page;
	}
}

static void vid_destroy(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < VPS; i++)
		vid_close_vp(machine->cpus[i].fd, machine->cpus[i].page);
	close(machine->vm);
	close(machine->device);
}

static void vid_map(struct machine *machine, uint64_t gpa, uint64_t size, void *memory)
{
	must(vid_map_gpa(machine->vm, gpa, size, memory,
			 VID_MAP_READ | VID_MAP_WRITE | VID_MAP_EXECUTE), "VID_MAP_GPA");
}

static void vid_doorbell(struct machine *machine, bool pio, uint64_t address, int eventfd)
{
	const struct vid_doorbell doorbell = {
		.address = address,
		.length = 4,
		.flags = pio ? VID_DOORBELL_PIO : 0,
		.fd = eventfd,
	};

	must(vid_set_doorbell(machine->vm, &doorbell), "VID_SET_DOORBELL");
}

#define REG(n, v)	{ .name = HV_X64_REGISTER_##n, .value.reg64 = (v) }
#define SEGMENT(n, s, a) { .name = HV_X64_REGISTER_##n, .value.segment =		\
			   { .selector = (s), .attributes = (a), .limit = 0xffffffff } }
#define TABLE(n, b, l)	{ .name = HV_X64_REGISTER_##n, .value.table =			\
			  { .base = (b), .limit = (l) } }

static void vid_start(struct cpu *cpu, uint64_t rip, uint64_t rsp)
{
	const struct vid_register registers[] = {
		REG(EFER, EFER_VALUE),
		REG(CR4, CR4_VALUE),
		REG(CR3, PML4),
		REG(CR0, CR0_VALUE),
		SEGMENT(CS, CODE64, 0xa09b),
		SEGMENT(DS, DATA64, 0xc093),
		SEGMENT(ES, DATA64, 0xc093),
		SEGMENT(SS, DATA64, 0xc093),
		TABLE(GDTR, GDT, 0xfff),
		TABLE(IDTR, IDT + IDT_SIZE * cpu->index, IDT_SIZE - 1),
		REG(RFLAGS, 2),
		REG(RIP, rip),
		REG(RSP, rsp),
		REG(RDI, SHARED),
		{ .name = HV_REGISTER_INTERNAL_ACTIVITY_STATE },
	};

	must(vid_set_registers(cpu->fd, registers, ARRAY_SIZE(registers)), "VID_SET_REGISTERS");
}

static void vid_run(struct cpu *cpu)
{
	struct vid_vp_page *page = cpu->page;
	const struct hv_x64_io_port_intercept_message *io = (void *)page->message.payload;

	for (;;) {
		must(vid_run_vp(cpu->fd), "VID_RUN_VP");
		if (page->message.header.message_type != HV_MESSAGE_X64_IO_PORT_INTERCEPT)
			must(-EPROTO, "the guest did something else");
		if (io->port_number == PORT_DONE)
			return;
		page->commit = VID_COMMIT_RIP;
		if (io->header.intercept_access_type == HV_INTERCEPT_ACCESS_READ) {
			page->gpr[0] = 0;
			page->commit |= VID_COMMIT_GPRS;
		}
		page->rip += io->header.instruction_length;
	}
}

static uint64_t vid_khz(struct machine *machine)
{
	uint64_t hz;

	must(vid_get_property(machine->vm, VID_PROPERTY_TSC_FREQUENCY, &hz), "the TSC's frequency");
	return hz / 1000;
}

const struct vmm vmm_vid = {
	.create = vid_create,
	.destroy = vid_destroy,
	.map = vid_map,
	.doorbell = vid_doorbell,
	.start = vid_start,
	.run = vid_run,
	.khz = vid_khz,
};
