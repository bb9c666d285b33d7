// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the instruction emulator needs from a VP: registers, address translation,
 * memory, devices; and the injection of exceptions.
 *
 * Implements struct emulate_ops.  VP threads; the device lock is taken around every
 * access to a device.
 */
#include <stdio.h>
#include <string.h>

#include "emulate.h"
#include "machine.h"
#include "report.h"

enum {
	EXCEPTION_UD	= 6,
	EXCEPTION_PF	= 14,
	FETCH_MAX	= 15,
	PAGE		= 4096,
};

static int get_register(struct vp *vp, enum hv_register_name name, union hv_register_value *value)
{
	struct vid_register one = { .name = name };
	int err = vid_get_registers(vp->fd, &one, 1);

	if (!err)
		*value = one.value;
	return err;
}

static int set_register(struct vp *vp, enum hv_register_name name,
			const union hv_register_value *value)
{
	struct vid_register one = { .name = name, .value = *value };

	return vid_set_registers(vp->fd, &one, 1);
}

static int segment(void *ctx, enum hv_register_name name, struct hv_x64_segment_register *seg)
{
	union hv_register_value value;
	int err = get_register(ctx, name, &value);

	if (!err)
		*seg = value.segment;
	return err;
}

static int xmm_read(void *ctx, unsigned int n, uint8_t bytes[16])
{
	union hv_register_value value;
	int err = get_register(ctx, HV_X64_REGISTER_XMM0 + n, &value);

	if (!err)
		memcpy(bytes, &value.reg128, 16);
	return err;
}

static int xmm_write(void *ctx, unsigned int n, const uint8_t bytes[16])
{
	union hv_register_value value;

	memcpy(&value.reg128, bytes, 16);
	return set_register(ctx, HV_X64_REGISTER_XMM0 + n, &value);
}

static uint64_t translate_flags(enum hv_intercept_access access)
{
	switch (access) {
	case HV_INTERCEPT_ACCESS_WRITE:
		return HV_TRANSLATE_GVA_VALIDATE_WRITE;
	case HV_INTERCEPT_ACCESS_EXECUTE:
		return HV_TRANSLATE_GVA_VALIDATE_EXECUTE;
	default:
		return HV_TRANSLATE_GVA_VALIDATE_READ;
	}
}

/* The walk ended at an address; that this is not RAM is the emulator's normal case. */
static bool walked(uint32_t result)
{
	return result == HV_TRANSLATE_GVA_SUCCESS || result == HV_TRANSLATE_GVA_GPA_UNMAPPED ||
	       result == HV_TRANSLATE_GVA_GPA_NO_READ || result == HV_TRANSLATE_GVA_GPA_NO_WRITE;
}

static enum emulate_result translate(void *ctx, uint64_t gva, enum hv_intercept_access access,
				     uint64_t *gpa, struct emulate_fault *fault)
{
	struct vid_translate_gva walk = { .gva = gva, .flags = translate_flags(access) };
	struct vp *vp = ctx;

	if (!vid_translate_gva(vp->fd, &walk) && walked(walk.result)) {
		*gpa = walk.gpa;
		return EMULATE_OK;
	}
	*fault = (struct emulate_fault){
		.vector = EXCEPTION_PF,
		.has_error = true,
		.error_code = walk.error_code,
		.cr2 = gva,
	};
	return EMULATE_FAULT;
}

/* The part of @size bytes at @gpa that one bus access can take. */
static unsigned int access_size(uint64_t gpa, unsigned int size)
{
	unsigned int part = 8;

	while (part > size || (part > 1 && size != part && gpa & (part - 1)))
		part /= 2;
	return part;
}

static void device_read(struct machine *machine, uint64_t gpa, uint8_t *to, unsigned int size)
{
	unsigned int part;
	uint64_t value;

	pthread_mutex_lock(&machine->device_lock);
	for (; size; size -= part, gpa += part, to += part) {
		part = access_size(gpa, size);
		value = bus_read(machine->devices.bus, BUS_MMIO, gpa, part);
		memcpy(to, &value, part);
	}
	pthread_mutex_unlock(&machine->device_lock);
}

static void device_write(struct machine *machine, uint64_t gpa, const uint8_t *from,
			 unsigned int size)
{
	unsigned int part;
	uint64_t value;

	pthread_mutex_lock(&machine->device_lock);
	for (; size; size -= part, gpa += part, from += part) {
		part = access_size(gpa, size);
		value = 0;
		memcpy(&value, from, part);
		bus_write(machine->devices.bus, BUS_MMIO, gpa, part, value);
	}
	pthread_mutex_unlock(&machine->device_lock);
}

static bool in_local_apic(uint64_t gpa)
{
	return gpa - LOCAL_APIC_GPA < LOCAL_APIC_SIZE;
}

/* Only whole registers can be accessed (SDM3 §10.4.1); else ones, and nothing. */
static bool whole_register(uint64_t gpa, unsigned int size)
{
	return size == 4 && !(gpa & 0xf);
}

static void apic_read(struct vp *vp, uint64_t gpa, void *to, unsigned int size)
{
	uint32_t value;

	memset(to, 0xff, size);
	if (whole_register(gpa, size) &&
	    !vid_read_apic(vp->fd, (uint32_t)(gpa - LOCAL_APIC_GPA), &value))
		memcpy(to, &value, sizeof(value));
}

static void apic_write(struct vp *vp, uint64_t gpa, const void *from, unsigned int size)
{
	uint32_t value;

	if (!whole_register(gpa, size))
		return;
	memcpy(&value, from, sizeof(value));
	vid_write_apic(vp->fd, (uint32_t)(gpa - LOCAL_APIC_GPA), value);
}

static void phys_read(void *ctx, uint64_t gpa, void *bytes, unsigned int size)
{
	struct vp *vp = ctx;
	const void *ram = memory_at(&vp->machine->memory, gpa, size);

	if (ram)
		memcpy(bytes, ram, size);
	else if (in_local_apic(gpa))
		apic_read(vp, gpa, bytes, size);
	else
		device_read(vp->machine, gpa, bytes, size);
}

static void phys_write(void *ctx, uint64_t gpa, const void *bytes, unsigned int size)
{
	struct vp *vp = ctx;
	void *ram = memory_at(&vp->machine->memory, gpa, size);

	if (ram)
		memcpy(ram, bytes, size);
	else if (in_local_apic(gpa))
		apic_write(vp, gpa, bytes, size);
	else
		device_write(vp->machine, gpa, bytes, size);
}

static uint32_t port_read(void *ctx, uint16_t port, unsigned int size)
{
	struct machine *machine = ((struct vp *)ctx)->machine;
	uint32_t value;

	pthread_mutex_lock(&machine->device_lock);
	value = (uint32_t)bus_read(machine->devices.bus, BUS_PIO, port, size);
	pthread_mutex_unlock(&machine->device_lock);
	return value;
}

static void port_write(void *ctx, uint16_t port, unsigned int size, uint32_t value)
{
	struct machine *machine = ((struct vp *)ctx)->machine;

	pthread_mutex_lock(&machine->device_lock);
	bus_write(machine->devices.bus, BUS_PIO, port, size, value);
	pthread_mutex_unlock(&machine->device_lock);
}

static const struct emulate_ops ops = {
	.segment = segment,
	.xmm_read = xmm_read,
	.xmm_write = xmm_write,
	.translate = translate,
	.phys_read = phys_read,
	.phys_write = phys_write,
	.port_read = port_read,
	.port_write = port_write,
};

/**
 * vp_inject_exception() - have the VP take an exception at its next entry
 * @vp: the calling thread's
 * @vector: 0..31
 * @has_error: the exception pushes an error code
 * @error_code: that
 *
 * HV_REGISTER_PENDING_INTERRUPTION, TLFS "Pending Interruption Register".
 */
void vp_inject_exception(struct vp *vp, uint8_t vector, bool has_error, uint32_t error_code)
{
	union hv_register_value value = { 0 };

	value.reg64 = HV_PENDING_INTERRUPTION | HV_INTERRUPTION_EXCEPTION << 1 |
		      (uint64_t)vector << 16;
	if (has_error)
		value.reg64 |= HV_PENDING_INTERRUPTION_ERROR | (uint64_t)error_code << 32;
	if (set_register(vp, HV_REGISTER_PENDING_INTERRUPTION, &value))
		machine_stop(vp->machine, END_VP_STATE, vp->index);
}

static void inject_fault(struct vp *vp, const struct emulate_fault *fault)
{
	union hv_register_value cr2 = { .reg64 = fault->cr2 };

	if (fault->vector == EXCEPTION_PF)
		set_register(vp, HV_X64_REGISTER_CR2, &cr2);
	vp_inject_exception(vp, fault->vector, fault->has_error, fault->error_code);
}

/* Copies instruction bytes up to the end of a page; 0 when they are not in RAM. */
static unsigned int fetch_part(struct vp *vp, uint64_t gva, uint8_t *to, unsigned int room)
{
	unsigned int count = PAGE - (gva & (PAGE - 1));
	struct emulate_fault ignored;
	const void *ram;
	uint64_t gpa;

	if (count > room)
		count = room;
	if (translate(vp, gva, HV_INTERCEPT_ACCESS_EXECUTE, &gpa, &ignored) != EMULATE_OK)
		return 0;
	ram = memory_at(&vp->machine->memory, gpa, count);
	if (!ram)
		return 0;
	memcpy(to, ram, count);
	return count;
}

/* The kernel had no bytes for us: read them as the VP would. */
static unsigned int fetch(struct vp *vp, const struct hv_x64_intercept_message_header *header,
			  uint8_t bytes[FETCH_MAX])
{
	bool flat = header->execution_state & HV_X64_EXECUTION_EFER_LMA &&
		    header->cs_segment.attributes & HV_SEGMENT_LONG;
	uint64_t gva = header->rip;
	unsigned int count;

	if (!flat)
		gva = (uint32_t)(header->cs_segment.base + header->rip);
	count = fetch_part(vp, gva, bytes, FETCH_MAX);
	if (count && count < FETCH_MAX)
		count += fetch_part(vp, gva + count, bytes + count, FETCH_MAX - count);
	return count;
}

static void fill_cpu(const struct vp *vp, const struct hv_x64_intercept_message_header *header,
		     struct emulate_cpu *cpu)
{
	*cpu = (struct emulate_cpu){
		.rip = vp->page->rip,
		.rflags = vp->page->rflags,
		.cs = header->cs_segment,
		.cpl = header->execution_state & HV_X64_EXECUTION_CPL,
		.protected_mode = header->execution_state & HV_X64_EXECUTION_CR0_PE,
		.long_mode = header->execution_state & HV_X64_EXECUTION_EFER_LMA,
	};
	memcpy(cpu->gpr, vp->page->gpr, sizeof(cpu->gpr));
}

static void commit_cpu(struct vp *vp, const struct emulate_cpu *cpu)
{
	memcpy(vp->page->gpr, cpu->gpr, sizeof(cpu->gpr));
	vp->page->rip = cpu->rip;
	vp->page->rflags = cpu->rflags;
	vp->page->commit |= VID_COMMIT_GPRS | VID_COMMIT_RIP | VID_COMMIT_RFLAGS;
}

/* Once a worker: a guest must not fill the log. */
static void report_unsupported(const struct vp *vp, const uint8_t *bytes, unsigned int count)
{
	static atomic_flag reported = ATOMIC_FLAG_INIT;
	char text[3 * FETCH_MAX + 1] = "";
	unsigned int i;

	if (atomic_flag_test_and_set(&reported))
		return;
	for (i = 0; i < count && i < FETCH_MAX; i++)
		snprintf(text + 3 * i, 4, " %02x", bytes[i]);
	report("VP %u: the instruction at %#llx is not emulated:%s", vp->index,
	       (unsigned long long)vp->page->rip, text);
}

/**
 * vp_emulate() - carry out the instruction that a VP was intercepted at
 * @vp: the calling thread's
 * @header: of the intercept message
 * @bytes: instruction bytes from the message
 * @count: how many; 0: not known
 */
void vp_emulate(struct vp *vp, const struct hv_x64_intercept_message_header *header,
		const uint8_t *bytes, unsigned int count)
{
	struct emulate_fault fault = { 0 };
	uint8_t fetched[FETCH_MAX];
	struct emulate_cpu cpu;

	if (!count) {
		count = fetch(vp, header, fetched);
		bytes = fetched;
	}
	if (count > FETCH_MAX)
		count = FETCH_MAX;
	fill_cpu(vp, header, &cpu);
	switch (emulate_instruction(&cpu, bytes, count, &ops, vp, &fault)) {
	case EMULATE_OK:
		commit_cpu(vp, &cpu);
		break;
	case EMULATE_FAULT:
		commit_cpu(vp, &cpu);	/* the finished part of a REP */
		inject_fault(vp, &fault);
		break;
	case EMULATE_UNSUPPORTED:
		report_unsupported(vp, bytes, count);
		vp_inject_exception(vp, EXCEPTION_UD, false, 0);
		break;
	case EMULATE_RETRY:
		break;
	}
}
