// SPDX-License-Identifier: GPL-2.0-or-later
/* What guests ask of the harness to test the TLFS: ports, messages, privileges. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

uint64_t host_port(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	int fd = vid_create_port(vp->machine->partition, rbx & 0xffff, rbx >> 16, rcx);

	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	vp->machine->port = fd;
	return 0;
}

uint64_t host_read(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	ssize_t n = read(vp->machine->port, vp->machine->ram + SCRATCH, sizeof(struct hv_message));

	return n < 0 ? -errno : n;
}

/* One 8-byte word of payload, the type again. */
uint64_t host_post(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	struct hv_message message = {
		.header = { .message_type = rcx, .payload_size = 8, .origination_id = 77 },
		.payload = { rcx },
	};

	return vid_post_message(vp->machine->partition, rbx >> 8, rbx & 0xff, &message);
}

uint64_t host_signal(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	return vid_signal_event(vp->machine->partition, rbx >> 8, rbx & 0xff, rcx);
}

uint64_t host_privileges(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	uint64_t now;
	int err = vid_get_property(vp->machine->partition, VID_PROPERTY_PRIVILEGES, &now);

	return err ? err : vid_set_property(vp->machine->partition, VID_PROPERTY_PRIVILEGES,
					    now & ~rbx);
}

uint64_t host_reenlighten(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	return vid_set_property(vp->machine->partition, VID_PROPERTY_REENLIGHTEN, 0);
}

uint64_t host_unport(struct machine_vp *vp, uint64_t rbx, uint64_t rcx)
{
	close(vp->machine->port);
	vp->machine->port = 0;
	return 0;
}
