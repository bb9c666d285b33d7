// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The calls of vid.h for partitions, and how all calls are made: each with arguments that make
 * sense as a rule, and then spoiled now and then: a field, the pointer, the command, the
 * descriptor.
 */
#include <errno.h>
#include <stddef.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

#include "calls.h"

/* ---- how all of them are made */

static uint64_t bad_pointer(struct random *random)
{
	static const uint64_t pointers[] = {
		0, 8, ARENA + AREA_SIZE - 8, ARENA + PAGE - 4, VP_PAGES, VP_PAGES + 4080,
		0x7ffffffff000, 0x800000000000, 0xffff888000000000, 0xffffffff81000000, ~0ull,
	};

	return one_in(random, 3) ? odd_number(random) : PICK(random, pointers);
}

static unsigned long bad_command(struct random *random, unsigned long command)
{
	switch (below(random, 4)) {
	case 0:
		return command ^ 1ul << below(random, 32);
	case 1:
		return _IOC(below(random, 4), VID_IOC, below(random, 0x30), below(random, 80));
	case 2:
		return _IOC(_IOC_DIR(command), VID_IOC, _IOC_NR(command),
			    _IOC_SIZE(command) + 8 * (1 - 2 * (int)below(random, 2)));
	default:
		return random64(random);
	}
}

void spoil(struct random *random, void *argument, size_t size)
{
	uint64_t value = odd_number(random);
	size_t at = below(random, size / 4) * 4;

	memcpy((uint8_t *)argument + at, &value, at + 8 <= size && one_in(random, 2) ? 8 : 4);
}

long plain_call(struct worker *worker, int fd, unsigned long command, void *argument)
{
	long result = ioctl(fd, command, argument);

	result = result < 0 ? -errno : result;
	note(worker, "call 0x%x at %d: %ld", (unsigned int)_IOC_NR(command), fd, result);
	return result;
}

long vid_call(struct worker *worker, int fd, unsigned long command, void *argument, size_t size)
{
	/* another command than the caller's may write more than the caller has room for */
	static _Thread_local uint8_t room[1 << _IOC_SIZEBITS];
	struct random *random = &worker->random;
	void *ours = argument;
	size_t whole = argument ? _IOC_SIZE(command) : 0;
	long result;

	if (size && one_in(random, 6))
		spoil(random, argument, size);
	if (one_in(random, 64))
		argument = (void *)(uintptr_t)bad_pointer(random);
	else if (argument)
		argument = memcpy(room, argument, whole);
	if (one_in(random, 64))
		command = bad_command(random, command);
	result = plain_call(worker, fd, command, argument);
	if (argument == room)
		memcpy(ours, room, whole);
	return result;
}

static long at_partition(struct worker *worker, unsigned long command, void *argument)
{
	return vid_call(worker, any_fd(worker, PARTITION), command, argument, _IOC_SIZE(command));
}

uint64_t user_address(struct worker *worker, void *ours)
{
	if (one_in(&worker->random, 12))
		return bad_pointer(&worker->random);
	return (uintptr_t)ours;
}

/* ---- partitions */

void create_partition(struct worker *worker)
{
	static const uint32_t counts[] = { 1, 1, 2, 2, 4, 64, 63 };
	struct vid_create_partition create = { .vp_count = PICK(&worker->random, counts) };

	keep_fd(worker, PARTITION, vid_call(worker, any_fd(worker, DEVICE), VID_CREATE_PARTITION,
					    &create, sizeof(create)));
}

static void create_at(struct worker *worker, int partition, uint32_t index)
{
	struct vid_create_vp create = { .vp_index = index };
	int fd = vid_call(worker, partition, VID_CREATE_VP, &create, sizeof(create));
	unsigned int slot;

	if (fd < 0)
		return;
	keep_fd(worker, VP, fd);
	for (slot = 0; slot < SLOTS; slot++)
		if (worker->sequence->fds[VP][slot] == fd)
			mmap((void *)vp_page(slot), PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, fd, 0);
}

void create_vp(struct worker *worker)
{
	create_at(worker, any_fd(worker, PARTITION), below(&worker->random, 4));
}

static const uint32_t map_flags[] = {
	VID_MAP_VALID, VID_MAP_VALID, VID_MAP_VALID, VID_MAP_READ, VID_MAP_READ | VID_MAP_EXECUTE,
	VID_MAP_READ | VID_MAP_WRITE, VID_MAP_WRITE, 0,
};

static void map_at(struct worker *worker, int partition, uint64_t gpa)
{
	static const uint64_t sizes[] = {
		PAGE, 3 * PAGE, 16 * PAGE, 0x200000, 0x400000, AREA_SIZE,
	};
	struct random *random = &worker->random;
	struct vid_map_gpa map = {
		.gpa = gpa,
		.size = PICK(random, sizes),
		.address = ARENA + below(random, AREAS) * AREA_SIZE,
		.flags = PICK(random, map_flags),
	};

	if (one_in(random, 8))
		map.address += below(random, AREA_SIZE / PAGE) * PAGE;
	if (one_in(random, 16))
		map.address = VP_PAGES + below(random, SLOTS) * PAGE;
	if (one_in(random, 32)) {	/* ours, which no guest must write */
		map.address = (uintptr_t)worker & ~(PAGE - 1);
		map.flags = VID_MAP_READ;
		plain_call(worker, partition, VID_MAP_GPA, &map);
		return;
	}
	if (one_in(random, 8))
		map.size = odd_page(random);
	if (one_in(random, 16))
		map.flags = odd_number(random);
	note(worker, "map 0x%llx, 0x%llx bytes, 0x%llx, flags 0x%x", (long long)map.gpa,
	     (long long)map.size, (long long)map.address, map.flags);
	plain_call(worker, partition, VID_MAP_GPA, &map);
}

void map_guest(struct worker *worker)
{
	static const uint64_t places[] = {
		0, 0x200000, 0x400000, AREA_SIZE, 0x40000000, 0xd0000000, 0xfee00000, 0xfffff000,
		0x100000000,
	};
	struct random *random = &worker->random;

	map_at(worker, any_fd(worker, PARTITION),
	       one_in(random, 4) ? odd_page(random) : PICK(random, places));
}

static void unmap_guest(struct worker *worker)
{
	static const uint64_t sizes[] = { PAGE, 16 * PAGE, 0x200000, 0x400000, AREA_SIZE };
	struct vid_unmap_gpa range = {
		.gpa = one_in(&worker->random, 2) ? odd_page(&worker->random) : 0,
		.size = PICK(&worker->random, sizes),
	};

	at_partition(worker, VID_UNMAP_GPA, &range);
}

static void release_guest(struct worker *worker)
{
	struct vid_unmap_gpa range = {
		.gpa = below(&worker->random, AREA_SIZE / PAGE) * PAGE,
		.size = (1 + below(&worker->random, 32)) * PAGE,
	};

	if (one_in(&worker->random, 4))
		range = (struct vid_unmap_gpa){ .size = AREA_SIZE };
	at_partition(worker, VID_RELEASE_GPA, &range);
}

static void dirty_log(struct worker *worker)
{
	static const uint64_t sizes[] = { 0x400000, AREA_SIZE, AREA_SIZE, 0x200000, PAGE };
	static _Thread_local uint64_t bits[AREA_SIZE / PAGE / 64];
	struct vid_dirty_log log = {
		.op = below(&worker->random, 3),
		.size = PICK(&worker->random, sizes),
		.gpa = one_in(&worker->random, 4) ? odd_page(&worker->random) : 0,
	};

	if (log.op == VID_DIRTY_READ_CLEAR)
		log.bitmap = user_address(worker, bits);
	/* its size may be spoiled, and then the bits go far: not into our own memory */
	if (log.op == VID_DIRTY_READ_CLEAR && one_in(&worker->random, 4)) {
		log.bitmap = ARENA + below(&worker->random, AREA_SIZE);
		log.size = odd_page(&worker->random);
	}
	if (log.op == VID_DIRTY_READ_CLEAR)
		plain_call(worker, any_fd(worker, PARTITION), VID_DIRTY_LOG, &log);
	else
		at_partition(worker, VID_DIRTY_LOG, &log);
}

static void set_doorbell(struct worker *worker)
{
	static const uint32_t lengths[] = { 0, 1, 2, 4, 8, 3 };
	struct random *random = &worker->random;
	struct vid_doorbell doorbell = {
		.address = one_in(random, 2) ? below(random, 0x10000) : odd_number(random),
		.length = PICK(random, lengths),
		.flags = below(random, 8),
		.fd = any_fd(worker, EVENT),
	};

	if (doorbell.flags & VID_DOORBELL_DATAMATCH)
		doorbell.datum = below(random, 256);
	at_partition(worker, VID_SET_DOORBELL, &doorbell);
}

static void request_interrupt(struct worker *worker)
{
	static const uint32_t types[] = {
		HV_X64_INTERRUPT_FIXED, HV_X64_INTERRUPT_FIXED, HV_X64_INTERRUPT_LOWEST_PRIORITY,
		HV_X64_INTERRUPT_NMI, HV_X64_INTERRUPT_INIT, HV_X64_INTERRUPT_EXT_INT,
		HV_X64_INTERRUPT_SIPI,
	};
	static const uint32_t destinations[] = { 0, 0, 1, 2, 0xff, 0xffffffff, 0x10001 };
	struct random *random = &worker->random;
	struct vid_interrupt interrupt = {
		.type = PICK(random, types),
		.destination = PICK(random, destinations),
		.flags = one_in(random, 2) ? 0 : below(random, 4),
	};

	if (interrupt.type <= HV_X64_INTERRUPT_LOWEST_PRIORITY)
		interrupt.vector = 16 + below(random, 240);
	if (interrupt.type == HV_X64_INTERRUPT_EXT_INT) {
		interrupt.destination = 0;
		interrupt.flags = one_in(random, 2) ? VID_INTERRUPT_DEASSERT : 0;
	}
	at_partition(worker, VID_REQUEST_INTERRUPT, &interrupt);
}

static void install_intercept(struct worker *worker)
{
	struct vid_install_intercept install = {
		.type = below(&worker->random, 2),
		.parameter = odd_number(&worker->random),
	};

	at_partition(worker, VID_INSTALL_INTERCEPT, &install);
}

static void property(struct worker *worker)
{
	struct vid_property property = {
		.code = below(&worker->random, 6),
		.value = odd_number(&worker->random),
	};

	at_partition(worker, one_in(&worker->random, 2) ? VID_GET_PROPERTY : VID_SET_PROPERTY,
		     &property);
}

/* ---- ports */

/* Few connections, so that guests find them, and so that they collide. */
static void create_port(struct worker *worker)
{
	struct vid_create_port create = {
		.connection_id = below(&worker->random, 4),
		.type = below(&worker->random, 2),
		.limit = 1 + below(&worker->random, 8),
	};
	int fd;

	if (one_in(&worker->random, 4))
		create.limit = odd_number(&worker->random);
	fd = at_partition(worker, VID_CREATE_PORT, &create);
	if (fd >= 0 && one_in(&worker->random, 2))
		fcntl(fd, F_SETFL, O_NONBLOCK);
	keep_fd(worker, PORT, fd);
}

static void post_message(struct worker *worker)
{
	struct vid_post_message post = {
		.vp_index = below(&worker->random, 4),
		.sint = below(&worker->random, 16),
		.message.header.message_type = 1 + below(&worker->random, 8),
		.message.header.payload_size = below(&worker->random, 241),
	};

	random_bytes(&worker->random, post.message.payload, sizeof(post.message.payload));
	at_partition(worker, VID_POST_MESSAGE, &post);
}

static void signal_event(struct worker *worker)
{
	struct vid_signal_event signal = {
		.vp_index = below(&worker->random, 4),
		.sint = below(&worker->random, 16),
		.flag = below(&worker->random, HV_EVENT_FLAGS_COUNT + 1),
	};

	at_partition(worker, VID_SIGNAL_EVENT, &signal);
}

static void read_port(struct worker *worker)
{
	static const size_t sizes[] = { 8, 255, 256, 4096 };
	int fd = any_fd(worker, PORT);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	void *at = (void *)(ARENA + below(&worker->random, AREA_SIZE));
	ssize_t got;

	poll(&poll_fd, 1, 0);
	got = read(fd, at, PICK(&worker->random, sizes));
	note(worker, "read port %d: %zd", fd, got < 0 ? -errno : got);
}

void call_partition(struct worker *worker)
{
	static void (*const calls[])(struct worker *worker) = {
		create_port, post_message, signal_event, read_port,
		unmap_guest, release_guest, release_guest, dirty_log, dirty_log, set_doorbell,
		request_interrupt, request_interrupt, request_interrupt, install_intercept,
		property, map_guest,
	};

	PICK(&worker->random, calls)(worker);
}

/* ---- anything at anything */

void call_garbage(struct worker *worker)
{
	uint64_t argument[16];
	struct random *random = &worker->random;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(argument); i++)
		argument[i] = odd_number(random);
	/* an argument that says where to write must not mean our own memory */
	argument[0] = ARENA + below(random, ARENA_SIZE);
	argument[2] = ARENA + below(random, ARENA_SIZE);
	ioctl(any_fd(worker, below(random, KINDS)),
	      _IOC(below(random, 4), VID_IOC, below(random, 0x30), below(random, 128)),
	      one_in(random, 4) ? (void *)(uintptr_t)bad_pointer(random) : argument);
}

void set_up(struct worker *worker)
{
	enum mode mode = below(&worker->random, MODES);
	uint32_t index, count = 1 + below(&worker->random, 4);
	struct vid_create_partition create = { .vp_count = 4 };
	struct vid_map_gpa map = { .size = AREA_SIZE, .address = ARENA, .flags = VID_MAP_VALID };
	struct vid_register registers[VID_REGISTERS_MAX];
	struct vid_registers list = { .registers = (uintptr_t)registers };
	unsigned int i;
	int partition;

	mmap((void *)ARENA, ARENA_SIZE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	keep_fd(worker, DEVICE, open("/dev/vid", O_RDWR | O_CLOEXEC));
	keep_fd(worker, OTHER, open("/dev/null", O_RDWR | O_CLOEXEC));
	for (i = 0; i < AREAS; i++)
		new_area(worker, i);
	partition = ioctl(any_fd(worker, DEVICE), VID_CREATE_PARTITION, &create);
	keep_fd(worker, PARTITION, partition);
	ioctl(partition, VID_MAP_GPA, &map);
	write_guest(worker, ARENA, mode);
	for (index = 0; index < count; index++)
		create_at(worker, partition, index);
	for (i = 0; i < SLOTS; i++) {
		list.count = start_registers(&worker->random, mode, registers);
		if (worker->sequence->fds[VP][i] >= 0)
			ioctl(worker->sequence->fds[VP][i], VID_SET_REGISTERS, &list);
	}
}
