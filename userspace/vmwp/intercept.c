// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why a VP's run returned, and what is done about it.
 *
 * Implements the worker's side of the intercept messages (TLFS, "Intercept Message
 * Formats") and of the crash and reset MSRs.  VP threads; the device lock is taken
 * around every access to a device.
 */
#include <string.h>

#include "machine.h"
#include "report.h"

#define EXCEPTION_GP	13
#define RESET_MSR_RESET	1ull

static const void *payload(const struct vp *vp)
{
	return vp->page->message.payload;
}

static void skip_instruction(struct vp *vp, const struct hv_x64_intercept_message_header *header)
{
	vp->page->rip = header->rip + header->instruction_length;
	vp->page->commit |= VID_COMMIT_GPRS | VID_COMMIT_RIP;
}

/* Writes of 8 and 16 bits keep the rest of RAX, writes of 32 clear its upper half. */
static uint64_t merge_rax(uint64_t rax, uint64_t value, unsigned int size)
{
	switch (size) {
	case 1:
		return (rax & ~0xffull) | (uint8_t)value;
	case 2:
		return (rax & ~0xffffull) | (uint16_t)value;
	default:
		return (uint32_t)value;
	}
}

static uint64_t low_bytes(uint64_t value, unsigned int size)
{
	return size < 8 ? value & ((1ull << size * 8) - 1) : value;
}

static void plain_io(struct vp *vp, const struct hv_x64_io_port_intercept_message *io,
		     unsigned int size)
{
	struct machine *machine = vp->machine;
	__u64 *rax = &vp->page->gpr[0];

	pthread_mutex_lock(&machine->device_lock);
	if (io->header.intercept_access_type == HV_INTERCEPT_ACCESS_WRITE)
		bus_write(machine->devices.bus, BUS_PIO, io->port_number, size,
			  low_bytes(*rax, size));
	else
		*rax = merge_rax(*rax, bus_read(machine->devices.bus, BUS_PIO, io->port_number,
						size), size);
	pthread_mutex_unlock(&machine->device_lock);
	skip_instruction(vp, &io->header);
}

static void on_io_port(struct vp *vp)
{
	const struct hv_x64_io_port_intercept_message *io = payload(vp);
	unsigned int size = io->access_info & HV_X64_IO_ACCESS_SIZE;

	if (io->access_info & HV_X64_IO_STRING_OP || !io->header.instruction_length)
		vp_emulate(vp, &io->header, io->instruction_bytes, io->instruction_byte_count);
	else
		plain_io(vp, io, size);
}

static void on_memory(struct vp *vp)
{
	const struct hv_x64_memory_intercept_message *memory = payload(vp);

	vp_emulate(vp, &memory->header, memory->instruction_bytes,
		   memory->instruction_byte_count);
}

/* The local APIC at VP 0 takes an interrupt of the 8259 (SDM3 §10.8.2, INTA cycle). */
static void on_deliverable(struct vp *vp)
{
	struct machine *machine = vp->machine;

	pthread_mutex_lock(&machine->device_lock);
	vp->page->ext_int_vector = pic_acknowledge(machine->devices.pic);
	pthread_mutex_unlock(&machine->device_lock);
	vp->page->commit |= VID_COMMIT_EXT_INT;
}

static void on_apic_eoi(struct vp *vp)
{
	const struct hv_x64_apic_eoi_message *eoi = payload(vp);
	struct machine *machine = vp->machine;

	pthread_mutex_lock(&machine->device_lock);
	ioapic_eoi(machine->devices.ioapic, (uint8_t)eoi->interrupt_vector);
	pthread_mutex_unlock(&machine->device_lock);
}

static void read_crash_parameters(struct vp *vp, uint64_t params[HV_CRASH_PARAMS])
{
	struct vid_register registers[HV_CRASH_PARAMS] = { 0 };
	unsigned int i;

	for (i = 0; i < HV_CRASH_PARAMS; i++)
		registers[i].name = HV_REGISTER_GUEST_CRASH_P0 + i;
	vid_get_registers(vp->fd, registers, HV_CRASH_PARAMS);
	for (i = 0; i < HV_CRASH_PARAMS; i++)
		params[i] = registers[i].value.reg64;
}

static void guest_crashed(struct vp *vp, uint64_t control)
{
	uint64_t params[HV_CRASH_PARAMS];

	if (!(control & HV_CRASH_NOTIFY))
		return;
	read_crash_parameters(vp, params);
	end_report_crash(vp->machine, vp->index, params, control);
	if (vp->machine->options->on_crash != ACTION_IGNORE)
		machine_stop(vp->machine, END_CRASH, vp->index);
}

static bool write_msr(struct vp *vp, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case HV_X64_MSR_CRASH_CTL:
		guest_crashed(vp, value);
		return true;
	case HV_X64_MSR_RESET:
		if (value & RESET_MSR_RESET)
			machine_stop(vp->machine, END_RESET, 0);
		return true;
	default:
		return false;
	}
}

static bool read_msr(struct vp *vp, uint32_t msr)
{
	uint64_t value;

	switch (msr) {
	case HV_X64_MSR_CRASH_CTL:
		value = HV_CRASH_NOTIFY | HV_CRASH_NOTIFY_MSG;
		break;
	case HV_X64_MSR_RESET:
		value = 0;
		break;
	default:
		return false;
	}
	vp->page->gpr[0] = (uint32_t)value;
	vp->page->gpr[2] = value >> 32;
	return true;
}

static void on_msr(struct vp *vp)
{
	const struct hv_x64_msr_intercept_message *msr = payload(vp);
	uint64_t value = msr->rdx << 32 | (uint32_t)msr->rax;
	bool known;

	if (msr->header.intercept_access_type == HV_INTERCEPT_ACCESS_WRITE)
		known = write_msr(vp, msr->msr_number, value);
	else
		known = read_msr(vp, msr->msr_number);
	if (known)
		skip_instruction(vp, &msr->header);
	else
		vp_inject_exception(vp, EXCEPTION_GP, true, 0);
}

/* None is installed now; the kernel's own answer is a right one. */
static void on_cpuid(struct vp *vp)
{
	const struct hv_x64_cpuid_intercept_message *cpuid = payload(vp);

	vp->page->gpr[0] = cpuid->default_result_rax;
	vp->page->gpr[1] = cpuid->default_result_rcx;
	vp->page->gpr[2] = cpuid->default_result_rdx;
	vp->page->gpr[3] = cpuid->default_result_rbx;
	skip_instruction(vp, &cpuid->header);
}

static void on_unrecoverable(struct vp *vp)
{
	machine_stop(vp->machine, END_TRIPLE_FAULT, vp->index);
}

static void on_invalid_state(struct vp *vp)
{
	machine_stop(vp->machine, END_VP_STATE, vp->index);
}

static void on_nothing(struct vp *vp)
{
}

static const struct {
	uint32_t type;
	void (*act)(struct vp *vp);
} actions[] = {
	{ HV_MESSAGE_X64_IO_PORT_INTERCEPT, on_io_port },
	{ HV_MESSAGE_UNMAPPED_GPA, on_memory },
	{ HV_MESSAGE_GPA_INTERCEPT, on_memory },
	{ HV_MESSAGE_X64_INTERRUPTION_DELIVERABLE, on_deliverable },
	{ HV_MESSAGE_X64_APIC_EOI, on_apic_eoi },
	{ HV_MESSAGE_X64_MSR_INTERCEPT, on_msr },
	{ HV_MESSAGE_X64_CPUID_INTERCEPT, on_cpuid },
	{ HV_MESSAGE_UNRECOVERABLE_EXCEPTION, on_unrecoverable },
	{ HV_MESSAGE_INVALID_VP_REGISTER_VALUE, on_invalid_state },
	{ HV_MESSAGE_UNSUPPORTED_FEATURE, on_invalid_state },
	{ HV_MESSAGE_X64_HALT, on_nothing },
	{ HV_MESSAGE_NONE, on_nothing },
};

/**
 * vp_intercept() - act on the message in a VP's page
 * @vp: the calling thread's; its run has returned 0
 */
void vp_intercept(struct vp *vp)
{
	uint32_t type = vp->page->message.header.message_type;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i].type == type) {
			actions[i].act(vp);
			return;
		}
	}
	report("VP %u: message %#x is not known here", vp->index, type);
	machine_stop(vp->machine, END_ERROR, vp->index);
}
