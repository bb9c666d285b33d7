// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls of vid.h for VPs, and what a worker does between two runs of one. */
#include <errno.h>
#include <stddef.h>

#include "calls.h"

static long at_vp(struct worker *worker, unsigned long command, void *argument)
{
	return vid_call(worker, any_fd(worker, VP), command, argument, _IOC_SIZE(command));
}

/* ---- VPs */

uint64_t vp_page(unsigned int slot)
{
	return VP_PAGES + slot * 2 * PAGE;
}

/* The ranges of names; each is tried at its ends and inside. */
static uint32_t register_name(struct random *random)
{
	static const struct {
		uint32_t first, last;
	} names[] = {
		{ HV_X64_REGISTER_RAX, HV_X64_REGISTER_RFLAGS },
		{ HV_X64_REGISTER_XMM0, HV_X64_REGISTER_XMM15 },
		{ HV_X64_REGISTER_CR0, HV_X64_REGISTER_XFEM },
		{ HV_X64_REGISTER_DR0, HV_X64_REGISTER_DR7 },
		{ HV_X64_REGISTER_ES, HV_X64_REGISTER_TR },
		{ HV_X64_REGISTER_IDTR, HV_X64_REGISTER_GDTR },
		{ HV_X64_REGISTER_TSC, HV_X64_REGISTER_INITIAL_APIC_ID },
		{ HV_X64_REGISTER_TSC_AUX, HV_X64_REGISTER_TSC_ADJUST },
		{ HV_REGISTER_VP_RUNTIME, HV_REGISTER_REFERENCE_TSC },
		{ HV_REGISTER_SINT0, HV_REGISTER_EOM },
		{ HV_REGISTER_STIMER0_CONFIG, HV_REGISTER_STIMER3_COUNT },
		{ HV_REGISTER_GUEST_CRASH_P0, HV_REGISTER_GUEST_CRASH_CTL },
		{ HV_REGISTER_PENDING_INTERRUPTION, HV_REGISTER_PENDING_EVENT0 },
		{ HV_REGISTER_EXPLICIT_SUSPEND, HV_REGISTER_INTERNAL_ACTIVITY_STATE },
	};
	unsigned int n = below(random, ARRAY_SIZE(names));

	if (one_in(random, 16))
		return odd_number(random);
	return names[n].first + below(random, names[n].last - names[n].first + 2);
}

static void random_registers(struct worker *worker, struct vid_register *registers,
			     unsigned int count)
{
	struct random *random = &worker->random;
	unsigned int i;

	for (i = 0; i < count; i++) {
		registers[i] = (struct vid_register){ .name = register_name(random) };
		registers[i].value.reg128.low = odd_number(random);
		registers[i].value.reg128.high = odd_number(random);
		if (one_in(random, 64))
			registers[i].mbz = 1;
		spare_register(worker->sequence, &registers[i]);
	}
}

static void some_registers(struct worker *worker)
{
	static _Thread_local struct vid_register registers[VID_REGISTERS_MAX];
	struct random *random = &worker->random;
	struct vid_registers list = {
		.count = one_in(random, 8) ? 1 + below(random, VID_REGISTERS_MAX) :
					     1 + below(random, 3),
	};

	random_registers(worker, registers, list.count);
	list.registers = user_address(worker, registers);
	/* an array in the arena, for its count may be anything */
	if (one_in(random, 16)) {
		list.registers = ARENA + below(random, AREA_SIZE);
		list.count = odd_number(random);
	}
	note(worker, "%u registers from %x on", list.count, registers[0].name);
	plain_call(worker, any_fd(worker, VP),
		   one_in(random, 3) ? VID_GET_REGISTERS : VID_SET_REGISTERS, &list);
}

/* Registers with which a guest can start. */
void set_registers(struct worker *worker)
{
	struct vid_register registers[VID_REGISTERS_MAX];
	enum mode mode = below(&worker->random, MODES);
	struct vid_registers list = { .registers = (uintptr_t)registers };
	unsigned int i;

	list.count = start_registers(&worker->random, mode, registers);
	for (i = 0; i < list.count; i++)
		if (one_in(&worker->random, 128)) {
			registers[i].value.reg64 = odd_number(&worker->random);
			spare_register(worker->sequence, &registers[i]);
		}
	note(worker, "start in mode %d", mode);
	plain_call(worker, any_fd(worker, VP), VID_SET_REGISTERS, &list);
	if (one_in(&worker->random, 4))
		write_guest(worker, ARENA, mode);
}

static void vp_state(struct worker *worker)
{
	static _Thread_local uint8_t buffer[8192];
	struct random *random = &worker->random;
	struct vid_vp_state_io io = {
		.type = below(random, 2),
		.size = sizeof(buffer),
		.buffer = user_address(worker, buffer),
	};
	int vp = any_fd(worker, VP);

	if (one_in(random, 8))
		io.size = below(random, sizeof(buffer));
	if (vid_call(worker, vp, VID_GET_VP_STATE, &io, 0) || one_in(random, 2))
		return;
	if (io.size > sizeof(buffer))
		io.size = sizeof(buffer);
	while (one_in(random, 2))
		spoil(random, buffer, io.size);
	if (one_in(random, 16))
		random_bytes(random, buffer, sizeof(buffer));
	vid_call(worker, one_in(random, 4) ? any_fd(worker, VP) : vp, VID_SET_VP_STATE, &io,
		 sizeof(io));
}

static void translate(struct worker *worker)
{
	struct vid_translate_gva translate = {
		.gva = one_in(&worker->random, 2) ? below(&worker->random, AREA_SIZE) :
						    odd_number(&worker->random),
		.flags = below(&worker->random, 16),
	};

	at_vp(worker, VID_TRANSLATE_GVA, &translate);
}

static void access_apic(struct worker *worker)
{
	struct vid_apic_access access = {
		.offset = below(&worker->random, 0x42) * 16,
		.write = below(&worker->random, 2),
		.value = odd_number(&worker->random),
	};

	at_vp(worker, VID_ACCESS_APIC, &access);
}

static void cancel(struct worker *worker)
{
	at_vp(worker, VID_CANCEL_RUN, NULL);
}

void call_vp(struct worker *worker)
{
	static void (*const calls[])(struct worker *worker) = {
		some_registers, some_registers, vp_state, translate, access_apic, cancel, run_vp,
	};

	PICK(&worker->random, calls)(worker);
}

/* ---- running */

/* What a worker does with a message, or what no worker would. */
static void answer(struct worker *worker, uint64_t address)
{
	struct random *random = &worker->random;
	const struct hv_x64_intercept_message_header *header;
	struct vid_vp_page page;

	if (!peek(worker, address, &page, sizeof(page)))
		return;
	header = (const void *)page.message.payload;
	note(worker, "message %x at %llx", page.message.header.message_type,
	     (long long)header->rip);
	switch (below(random, 8)) {
	case 0:		/* tries again */
		return;
	case 1:
		random_bytes(random, &page, sizeof(page));
		break;
	case 2:
		page.commit = odd_number(random);
		page.rip = odd_number(random);
		page.rflags = odd_number(random);
		page.ext_int_vector = below(random, 300);
		break;
	default:
		page.rip += header->instruction_length ? header->instruction_length :
							 1 + below(random, 8);
		page.gpr[0] = odd_number(random);
		page.commit = VID_COMMIT_RIP | VID_COMMIT_GPRS;
		if (page.message.header.message_type == HV_MESSAGE_X64_INTERRUPTION_DELIVERABLE) {
			page.commit = VID_COMMIT_EXT_INT;
			page.ext_int_vector = below(random, 256);
		}
	}
	poke(worker, address, &page, sizeof(page));
}

void run_vp(struct worker *worker)
{
	unsigned int slot = below(&worker->random, SLOTS), i, n = below(&worker->random, 12);
	int vp = -1;

	for (i = 0; i < SLOTS && vp < 0; i++)
		vp = worker->sequence->fds[VP][slot = (slot + 1) % SLOTS];
	if (one_in(&worker->random, 32))
		vp = any_fd(worker, VP);
	for (i = 0; i <= n; i++) {
		long result = plain_call(worker, vp, VID_RUN_VP, NULL);

		if (result == -EINVAL && one_in(&worker->random, 2))	/* a bad answer */
			poke(worker, vp_page(slot) + offsetof(struct vid_vp_page, commit),
			     &(uint64_t){ 0 }, sizeof(uint64_t));
		else if (result && result != -EINTR)
			break;
		else if (!result)
			answer(worker, vp_page(slot));
	}
}
