// SPDX-License-Identifier: GPL-2.0-or-later
/* What guests ask of the harness to test the VMBus: channels of vsp_test.ko, and how they end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vmbus_proto.h>
#include <vmbusr.h>

#include "../vmbus/vsp/vsp_test.h"
#include "machine.h"

static int call(int fd, unsigned long request, void *argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

/* The bus, and the server's descriptor, once there is something to offer. */
static int attach(struct machine *machine)
{
	struct vmbusr_create_bus create = { .partition = machine->partition };
	int device = open("/dev/vmbusr", O_RDWR | O_CLOEXEC);

	if (device < 0)
		return -errno;
	machine->bus = call(device, VMBUSR_CREATE_BUS, &create);
	close(device);
	if (machine->bus < 0)
		return machine->bus;
	machine->server = open("/dev/vsp_test", O_RDWR | O_CLOEXEC);
	return machine->server < 0 ? -errno : 0;
}

static int64_t offer(struct machine *machine, struct vsp_test_offer *request)
{
	int err = machine->server ? 0 : attach(machine);

	request->bus = machine->bus;
	return err ? err : call(machine->server, VSP_TEST_OFFER, request);
}

static int64_t count(const struct machine *machine, const struct vsp_test_offer *channel,
		     uint64_t which)
{
	struct vsp_test_counts counts = {
		.index = channel->index, .subchannel = channel->subchannel,
	};
	int err = call(machine->server, VSP_TEST_GET, &counts);

	return err ? err : which < VSP_TEST_COUNTS ? (int64_t)counts.counts[which] : -EINVAL;
}

/* Where the first channel's rings are (guest/vmbus_tests.c), and its flag (guest/hypercall.h). */
#define OUT_RING	(SCRATCH + 0x100000)
#define IN_RING		(OUT_RING + 0x4000)
#define FLAGS		(SCRATCH + 0x13000 + 2 * 256)

static void show_ring(const struct machine *machine, const char *name, uint64_t gpa)
{
	const struct vmbus_ring_control *ring = (void *)(machine->ram + gpa);

	printf("# %s: write %u read %u mask %u pending %u\n", name, ring->write_index,
	       ring->read_index, ring->interrupt_mask, ring->pending_send_size);
}

void vmbus_show(const struct machine *machine)
{
	const struct vsp_test_offer first = { .index = 0 };
	unsigned int i;

	if (!machine->server)
		return;
	show_ring(machine, "guest's ring", OUT_RING);
	show_ring(machine, "server's ring", IN_RING);
	printf("# event flags %#x; counts", machine->ram[FLAGS]);
	for (i = 0; i < VSP_TEST_COUNTS; i++)
		printf(" %lld", (long long)count(machine, &first, i));
	printf("\n");
}

uint64_t host_vmbus(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	struct machine *machine = vp->machine;
	struct vsp_test_offer channel = { .index = rbx >> 8 & 0xff, .subchannel = rbx >> 16 };

	switch (rbx & 0xff) {
	case HOST_VMBUS_OFFER:
		return offer(machine, &channel);
	case HOST_VMBUS_REVOKE:
		return call(machine->server, VSP_TEST_REVOKE, &channel);
	case HOST_VMBUS_COUNT:
		return count(machine, &channel, rcx);
	case HOST_VMBUS_CLOSE_BUS:
		return close(machine->bus) ? -errno : 0;
	case HOST_VMBUS_RMMOD:
		return syscall(SYS_delete_module, "vsp_test", O_NONBLOCK) ? -errno : 0;
	case HOST_VMBUS_DIE:
		return raise(SIGKILL);
	}
	return -EINVAL;
}
