/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of libvmbus, and how every call reaches the kernel. */
#ifndef LIBVMBUS_INTERNAL_H
#define LIBVMBUS_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>

#include "../../vmbus/ring.h"
#include "libvmbus.h"

struct vmbus_bus {
	int fd;
	const struct vmbus_bus_ops *ops;
	void *context;
	struct vmbus_channel *channels;
};

struct vmbus_channel {
	struct vmbus_bus *bus;
	struct vmbus_channel *next;	/* of the bus */
	const struct vmbus_channel_ops *ops;
	void *context;
	int fd;				/* of the kernel's channel */
	int signal;			/* an eventfd: the guest signalled */
	int epoll;			/* of both */
	bool open;
	bool broken;			/* the guest broke the ring's rules */
	bool blocked;			/* something was not sent for want of room */
	bool batch;
	uint32_t looks;			/* how often the server looked for a packet */
	void *mapping;
	size_t mapping_size;
	struct vmbus_in_ring in;
	struct vmbus_out_ring out;
	struct vmbus_in_packet packet;	/* the last one that was received */
	struct vmbus_gpadl *gpadls;	/* held */
};

struct vmbus_gpadl {
	struct vmbus_channel *channel;
	struct vmbus_gpadl *next;
	uint32_t id;
	uint32_t users;
	uint32_t range_count;
	uint64_t bytes;
	uint64_t words[];
};

/* The ioctl's result, or -errno. */
static inline int vmbus_ioctl(int fd, unsigned long request, void *argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

/* gpadl.c */
void vmbus_gpadl_put_all(struct vmbus_channel *channel);

/* packet.c: the guest broke the ring's rules. */
int vmbus_channel_broken(struct vmbus_channel *channel);
/* channel.c: makes vmbus_process() be called. */
void vmbus_look_again(struct vmbus_channel *channel);

#endif
