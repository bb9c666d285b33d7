// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of the test machine: acts on the messages with which a VP's run
 * returns, and does what the guest asks of the harness (protocol.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define APIC_PAGE	0xfee00000ull

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

static void complete(struct machine_vp *vp, unsigned int length)
{
	vp->page->rip += length;
	vp->page->commit |= VID_COMMIT_GPRS | VID_COMMIT_RIP;
}

/* As the CPU writes a register: 4 bytes clear the upper half. */
static uint64_t merge(uint64_t old, uint64_t value, unsigned int size)
{
	if (size >= 4)
		return size == 8 ? value : (uint32_t)value;
	return (old & ~0ull << (8 * size)) | (value & ~(~0ull << (8 * size)));
}

/* ---- requests at PORT_HOST: rbx and rcx in, rax out */

static uint64_t host_message(struct machine_vp *vp, uint64_t field, uint64_t rcx)
{
	struct machine *machine = vp->machine;
	const struct hv_x64_memory_intercept_message *message = &machine->memory_message;
	uint64_t fields[] = {
		[MESSAGE_TYPE] = machine->memory_type,
		[MESSAGE_ACCESS] = message->header.intercept_access_type,
		[MESSAGE_GPA] = message->guest_physical_address,
		[MESSAGE_GVA] = message->guest_virtual_address,
		[MESSAGE_INFO] = message->memory_access_info,
		[MESSAGE_COUNT] = message->instruction_byte_count,
		[MESSAGE_RIP] = message->header.rip,
		[MESSAGE_STATE] = message->header.execution_state,
		[MESSAGE_SEEN] = machine->memory_messages,
	};

	memcpy(&fields[MESSAGE_BYTES], message->instruction_bytes, 8);
	return field < ARRAY_SIZE(fields) ? fields[field] : -1;
}

static uint64_t host_release(struct machine_vp *vp, uint64_t gpa, uint64_t size)
{
	return vid_release_gpa(vp->machine->partition, gpa, size);
}

static uint64_t host_dirty(struct machine_vp *vp, uint64_t op, uint64_t rcx)
{
	struct machine *machine = vp->machine;
	bool read = op == VID_DIRTY_READ_CLEAR;
	unsigned int i, count = 0;
	int err;

	err = vid_dirty_log(machine->partition, op, 0, RAM_SIZE, read ? machine->dirty : NULL);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(machine->dirty); i++)
		count += __builtin_popcountll(machine->dirty[i]);
	return read ? count : 0;
}

static uint64_t host_dirty_bit(struct machine_vp *vp, uint64_t page, uint64_t rcx)
{
	return vp->machine->dirty[page / 64 % ARRAY_SIZE(vp->machine->dirty)] >> page % 64 & 1;
}

static uint64_t host_rung(struct machine_vp *vp, uint64_t pio, uint64_t rcx)
{
	int fd = pio ? vp->machine->doorbell_pio : vp->machine->doorbell_gpa;
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static uint64_t host_interrupt(struct machine_vp *vp, uint64_t type, uint64_t rcx)
{
	struct vid_interrupt interrupt = {
		.type = type,
		.vector = rcx & 0xff,
		.flags = rcx >> 8 & 0xff,
		.destination = rcx >> 16,
	};

	return vid_request_interrupt(vp->machine->partition, &interrupt);
}

struct later {
	struct machine_vp *vp;
	uint64_t type, rcx;
};

static void *interrupt_later(void *argument)
{
	struct later *later = argument;

	usleep(20000);
	host_interrupt(later->vp, later->type, later->rcx);
	free(later);
	return NULL;
}

static uint64_t host_later(struct machine_vp *vp, uint64_t type, uint64_t rcx)
{
	struct later *later = malloc(sizeof(*later));
	pthread_t thread;

	*later = (struct later){ .vp = vp, .type = type, .rcx = rcx };
	if (pthread_create(&thread, NULL, interrupt_later, later))
		return -1;
	pthread_detach(thread);
	return 0;
}

static uint64_t host_ext_int(struct machine_vp *vp, uint64_t vector, uint64_t rcx)
{
	struct vid_interrupt line = { .type = HV_X64_INTERRUPT_EXT_INT };

	vp->machine->ext_int_vector = vector;
	return vid_request_interrupt(vp->machine->partition, &line);
}

static uint64_t host_eois(struct machine_vp *vp, uint64_t vector, uint64_t rcx)
{
	return vp->machine->eois[vector & 0xff];
}

static uint64_t host_sleep(struct machine_vp *vp, uint64_t milliseconds, uint64_t rcx)
{
	usleep(1000 * milliseconds);
	return 0;
}

static uint64_t host_msr(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	return vp->machine->worker_msr;
}

static uint64_t host_translate(struct machine_vp *vp, uint64_t gva, uint64_t flags)
{
	struct vid_translate_gva translation = { .gva = gva, .flags = flags };
	int err = vid_translate_gva(vp->fd, &translation);

	if (err)
		return err - 100;
	return translation.result ? -1ull - translation.result : translation.gpa;
}

static uint64_t host_pinned(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	uint64_t pages = 0;

	vid_get_property(vp->machine->partition, VID_PROPERTY_PINNED_PAGES, &pages);
	return pages;
}

static uint64_t host_remap(struct machine_vp *vp, uint64_t gpa, uint64_t rcx)
{
	struct machine *machine = vp->machine;
	uint64_t page = (gpa - CHANGING) / 4096;
	void *fresh, *old;
	int err;

	if (page >= ARRAY_SIZE(machine->changing))
		return -EINVAL;
	fresh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fresh == MAP_FAILED)
		return -errno;
	old = machine->changing[page];
	err = old ? vid_unmap_gpa(machine->partition, gpa, 4096) : 0;
	if (!err)
		err = vid_map_gpa(machine->partition, gpa, 4096, fresh, VID_MAP_READ | VID_MAP_WRITE);
	machine->changing[page] = fresh;
	if (old)
		munmap(old, 4096);
	return err;
}

static uint64_t (*const requests[])(struct machine_vp *vp, uint64_t rbx, uint64_t rcx) = {
	[HOST_MESSAGE] = host_message,
	[HOST_RELEASE] = host_release,
	[HOST_DIRTY] = host_dirty,
	[HOST_DIRTY_BIT] = host_dirty_bit,
	[HOST_RUNG] = host_rung,
	[HOST_INTERRUPT] = host_interrupt,
	[HOST_LATER] = host_later,
	[HOST_EXT_INT] = host_ext_int,
	[HOST_EOIS] = host_eois,
	[HOST_SLEEP] = host_sleep,
	[HOST_MSR] = host_msr,
	[HOST_TRANSLATE] = host_translate,
	[HOST_PINNED] = host_pinned,
	[HOST_PORT] = host_port,
	[HOST_READ] = host_read,
	[HOST_POST] = host_post,
	[HOST_SIGNAL] = host_signal,
	[HOST_PRIVILEGES] = host_privileges,
	[HOST_REENLIGHTEN] = host_reenlighten,
	[HOST_UNPORT] = host_unport,
	[HOST_VMBUS] = host_vmbus,
	[HOST_REMAP] = host_remap,
};

/* ---- ports */

static void port_host(struct machine_vp *vp, uint32_t request)
{
	__u64 *gpr = vp->page->gpr;

	if (request < ARRAY_SIZE(requests) && requests[request])
		gpr[RAX] = requests[request](vp, gpr[RBX], gpr[RCX]);
	else
		machine_end(vp->machine, false, "unknown request %u", request);
}

static void port_exit(struct machine_vp *vp, uint32_t status)
{
	struct machine *machine = vp->machine;

	machine_end(machine, !status && !machine->final, "VP %u ended with %u%s", vp->index, status,
		    status > 0xffff ? ": an exception" : status ? ", a line of its source" :
		    " and not with the message that was expected");
}

static void port_print(struct machine_vp *vp, uint32_t character)
{
	struct machine *machine = vp->machine;

	if (machine->console_length < sizeof(machine->console) - 1)
		machine->console[machine->console_length++] = character;
}

static void port_echo(struct machine_vp *vp, uint32_t value)
{
	vp->machine->echo = value;
}

static void port_nothing(struct machine_vp *vp, uint32_t value)
{
}

static const struct {
	uint16_t port;
	void (*write)(struct machine_vp *vp, uint32_t value);
} ports[] = {
	{ PORT_HOST, port_host },
	{ PORT_PRINT, port_print },
	{ PORT_EXIT, port_exit },
	{ PORT_ECHO, port_echo },
	{ PORT_POST, port_nothing },
};

static void write_port(struct machine_vp *vp, uint16_t port, uint32_t value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		if (ports[i].port == port) {
			ports[i].write(vp, value);
			return;
		}
	machine_end(vp->machine, false, "VP %u writes %#x to port %#x", vp->index, value, port);
}

/* INS and OUTS of PORT_STRING: one go for all repetitions, flat addresses, upwards. */
static void string_port(struct machine_vp *vp,
			const struct hv_x64_io_port_intercept_message *io, unsigned int size)
{
	struct machine *machine = vp->machine;
	bool in = io->header.intercept_access_type == HV_INTERCEPT_ACCESS_READ;
	uint64_t count = io->access_info & HV_X64_IO_REP_PREFIX ? io->rcx : 1;
	uint64_t address = in ? io->es_segment.base + io->rdi : io->ds_segment.base + io->rsi;
	uint64_t bytes = count * size, i;

	if (bytes > RAM_SIZE || address > RAM_SIZE - bytes) {
		machine_end(machine, false, "string I/O of %#llx", (unsigned long long)address);
		return;
	}
	for (i = 0; i < bytes; i++)
		if (in)
			machine->ram[address + i] = ++machine->string_next;
		else if (machine->ram[address + i] != ++machine->string_next)
			machine_end(machine, false, "OUTS, byte %llu", (unsigned long long)i);
	vp->page->gpr[in ? RDI : RSI] += bytes;
	if (io->access_info & HV_X64_IO_REP_PREFIX)
		vp->page->gpr[RCX] = 0;
}

static void io_port(struct machine_vp *vp)
{
	const struct hv_x64_io_port_intercept_message *io =
		(const void *)vp->page->message.payload;
	unsigned int size = io->access_info & HV_X64_IO_ACCESS_SIZE;
	__u64 *rax = &vp->page->gpr[RAX];

	if (!io->header.instruction_length)
		machine_end(vp->machine, false, "port message without instruction length");
	if (size != 1 && size != 2 && size != 4)
		machine_end(vp->machine, false, "port message of %u bytes", size);
	if (io->access_info & HV_X64_IO_STRING_OP)
		string_port(vp, io, size);
	else if (io->header.intercept_access_type == HV_INTERCEPT_ACCESS_READ)
		*rax = merge(*rax, ~vp->machine->echo, size);
	else
		write_port(vp, io->port_number, merge(0, io->rax, size));
	complete(vp, io->header.instruction_length);
}

/* ---- memory: MOV between a register and (%rbx), and nothing else */

struct mov {
	unsigned int length;
	unsigned int size;
	bool write;
	bool immediate;
	uint32_t value;
};

static bool decode(const uint8_t *bytes, struct mov *mov)
{
	unsigned int size = 4, i = 0;

	if (bytes[i] == 0x66 || bytes[i] == 0x48)
		size = bytes[i++] == 0x66 ? 2 : 8;
	if (bytes[i] == 0xc7 && bytes[i + 1] == 0x03) {
		memcpy(&mov->value, &bytes[i + 2], 4);
		*mov = (struct mov){ i + 6, size, true, true, mov->value };
		return true;
	}
	if ((bytes[i] & 0xfc) != 0x88 || bytes[i + 1] != 0x03)
		return false;
	*mov = (struct mov){ i + 2, bytes[i] & 1 ? size : 1, !(bytes[i] & 2), false, 0 };
	return true;
}

static uint64_t device_access(struct machine_vp *vp, uint64_t gpa, bool write, uint64_t value)
{
	struct machine *machine = vp->machine;
	uint32_t result = 0;

	if ((gpa & ~0xfffull) == APIC_PAGE) {
		if (write)
			vid_write_apic(vp->fd, gpa & 0xfff, value);
		else
			vid_read_apic(vp->fd, gpa & 0xfff, &result);
		return result;
	}
	if (write)
		machine->device_register = value;
	return ~machine->device_register;
}

static void access_memory(struct machine_vp *vp, const struct mov *mov, uint64_t gpa)
{
	__u64 *rax = &vp->page->gpr[RAX], value;

	if (mov->write) {
		value = mov->immediate ? mov->value : *rax;
		device_access(vp, gpa, true, merge(0, value, mov->size));
	} else {
		*rax = merge(*rax, device_access(vp, gpa, false, 0), mov->size);
	}
	complete(vp, mov->length);
}

/* The bytes come with the message, or are fetched as the worker would. */
static bool instruction(struct machine_vp *vp, uint8_t bytes[16])
{
	const struct hv_x64_memory_intercept_message *message = &vp->machine->memory_message;
	struct vid_translate_gva translation = { .gva = message->header.rip };

	if (message->instruction_byte_count) {
		memcpy(bytes, message->instruction_bytes, 16);
		return true;
	}
	if (vid_translate_gva(vp->fd, &translation) || translation.result ||
	    translation.gpa > RAM_SIZE - 16)
		return false;
	memcpy(bytes, vp->machine->ram + translation.gpa, 16);
	return true;
}

static void memory(struct machine_vp *vp)
{
	struct machine *machine = vp->machine;
	uint8_t bytes[16];
	struct mov mov;
	uint64_t gpa;

	memcpy(&machine->memory_message, vp->page->message.payload,
	       sizeof(machine->memory_message));
	gpa = machine->memory_message.guest_physical_address;
	machine->memory_type = vp->page->message.header.message_type;
	machine->memory_messages++;
	/* gone for a moment: once more */
	if (gpa - CHANGING < 4096 * ARRAY_SIZE(machine->changing))
		return;
	if (instruction(vp, bytes) && decode(bytes, &mov))
		access_memory(vp, &mov, gpa);
	else
		machine_end(machine, false, "VP %u touches GPA %#llx at rip %#llx", vp->index,
			    (unsigned long long)gpa,
			    (unsigned long long)machine->memory_message.header.rip);
}

/* ---- the others */

static void msr(struct machine_vp *vp)
{
	const struct hv_x64_msr_intercept_message *message =
		(const void *)vp->page->message.payload;

	if (message->msr_number != MSR_WORKER)
		machine_end(vp->machine, false, "MSR %#x", message->msr_number);
	if (message->header.intercept_access_type == HV_INTERCEPT_ACCESS_WRITE) {
		vp->machine->worker_msr = message->rdx << 32 | (uint32_t)message->rax;
	} else {
		vp->page->gpr[RAX] = 0x89abcdef;
		vp->page->gpr[RDX] = 0x01234567;
	}
	complete(vp, 2);
}

static void cpuid(struct machine_vp *vp)
{
	const struct hv_x64_cpuid_intercept_message *message =
		(const void *)vp->page->message.payload;

	if ((uint32_t)message->rax != CPUID_WORKER)
		machine_end(vp->machine, false, "CPUID %#llx", (unsigned long long)message->rax);
	vp->page->gpr[RAX] = 0x11111111;
	vp->page->gpr[RBX] = message->rcx;
	vp->page->gpr[RCX] = 0x33333333;
	vp->page->gpr[RDX] = 0x44444444;
	complete(vp, 2);
}

static void eoi(struct machine_vp *vp)
{
	const struct hv_x64_apic_eoi_message *message = (const void *)vp->page->message.payload;

	vp->machine->eois[message->interrupt_vector & 0xff]++;
}

/* The 8259 answers, and lowers its line. */
static void deliverable(struct machine_vp *vp)
{
	struct vid_interrupt line = {
		.type = HV_X64_INTERRUPT_EXT_INT,
		.flags = VID_INTERRUPT_DEASSERT,
	};

	vid_request_interrupt(vp->machine->partition, &line);
	vp->page->ext_int_vector = vp->machine->ext_int_vector;
	vp->page->commit |= VID_COMMIT_EXT_INT;
}

static const struct {
	uint32_t type;
	void (*handle)(struct machine_vp *vp);
} messages[] = {
	{ HV_MESSAGE_X64_IO_PORT_INTERCEPT, io_port },
	{ HV_MESSAGE_UNMAPPED_GPA, memory },
	{ HV_MESSAGE_GPA_INTERCEPT, memory },
	{ HV_MESSAGE_X64_MSR_INTERCEPT, msr },
	{ HV_MESSAGE_X64_CPUID_INTERCEPT, cpuid },
	{ HV_MESSAGE_X64_APIC_EOI, eoi },
	{ HV_MESSAGE_X64_INTERRUPTION_DELIVERABLE, deliverable },
};

void handle_message(struct machine_vp *vp)
{
	uint32_t type = vp->page->message.header.message_type;
	size_t i;

	if (vp->machine->final && type == vp->machine->final) {
		machine_end(vp->machine, true, "message %#x", type);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].type == type) {
			messages[i].handle(vp);
			return;
		}
	machine_end(vp->machine, false, "VP %u: message %#x", vp->index, type);
}
