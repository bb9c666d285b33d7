/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvmbus: a user-mode server's side of the VMBus (vmbusr.h).
 *
 * A bus belongs to a partition, channels to a bus.  Nothing blocks: each object has a
 * descriptor for poll or epoll, and when that is readable the caller calls the object's
 * process function, which calls the functions of its ops.  An object is used by one thread
 * at a time; different objects may be used by different threads, all channels' and the
 * bus's process functions included.  Descriptors are close-on-exec.
 *
 * Every function returns 0, a descriptor or a count, or a negative errno value.
 */
#ifndef LIBVMBUS_H
#define LIBVMBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <vmbus_proto.h>
#include <vmbusr.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMBUS_DEVICE_PATH	"/dev/vmbusr"

struct vmbus_bus;
struct vmbus_channel;
struct vmbus_gpadl;

/* As it is written down: "57164f39-9115-4e78-ab55-382f3bd5422d".  -EINVAL when it is not. */
int vmbus_guid_parse(const char *text, uint8_t guid[VMBUS_GUID_SIZE]);
void vmbus_guid_format(const uint8_t guid[VMBUS_GUID_SIZE], char text[37]);

/* ---- the bus */

/**
 * struct vmbus_bus_ops - what a bus tells; each may be NULL.  From vmbus_bus_process()
 * @connected:    a guest negotiated @protocol and @features (6.0 on); with both 0 it went away
 * @hvsock:       a guest program connects to @service (a GUID, its first 4 bytes are the port of
 *                AF_VSOCK) from @endpoint: offer a channel of type @service and instance
 *                @endpoint with VMBUSR_OFFER_HVSOCK, or call vmbus_refuse_hvsock()
 */
struct vmbus_bus_ops {
	void (*connected)(void *context, uint32_t protocol, uint32_t features);
	void (*hvsock)(void *context, const uint8_t service[VMBUS_GUID_SIZE],
		       const uint8_t endpoint[VMBUS_GUID_SIZE]);
};

/* /dev/vmbusr, or @path: a descriptor, to be opened before a sandbox closes. */
int vmbus_open(const char *path);
/* A bus for the partition of a VID descriptor; @protocol is the newest version, 0: any. */
int vmbus_bus_create(int device, int partition, uint32_t protocol,
		     const struct vmbus_bus_ops *ops, void *context, struct vmbus_bus **bus);
/* Its channels are closed first.  NULL is allowed. */
void vmbus_bus_destroy(struct vmbus_bus *bus);
int vmbus_bus_fd(const struct vmbus_bus *bus);		/* readable: process it */
int vmbus_bus_process(struct vmbus_bus *bus);
int vmbus_bus_state(struct vmbus_bus *bus, struct vmbusr_state *state);
int vmbus_refuse_hvsock(struct vmbus_bus *bus, const uint8_t service[VMBUS_GUID_SIZE],
			const uint8_t endpoint[VMBUS_GUID_SIZE], uint32_t status);

/* ---- a channel */

/**
 * struct vmbus_channel_ops - what a channel tells.  From vmbus_process()
 * @opened:   the guest opens; rings are mapped, and may be used once it has returned.  0
 *            accepts, a negative errno refuses.  May be NULL: accept
 * @closed:   the guest closed, or is gone: the rings are gone when it returns, and GPADLs that
 *            are held are to be put (here, or later).  Not after an @opened that refused.  May
 *            be NULL
 * @readable: there may be packets: call vmbus_receive() until it returns 0.  Called again only
 *            when the guest has written more; who leaves packets there calls vmbus_process() to go
 *            on with them
 * @writable: after vmbus_send() returned -EAGAIN: there is room again.  May be NULL
 * @released: the guest waits for a GPADL that is held to be put.  May be NULL
 * @error:    the guest broke the ring's rules; the channel has stopped.  It is still open until
 *            @closed.  May be NULL
 */
struct vmbus_channel_ops {
	int (*opened)(struct vmbus_channel *channel, void *context,
		      const uint8_t user_data[VMBUS_USER_DATA_SIZE]);
	void (*closed)(struct vmbus_channel *channel, void *context);
	void (*readable)(struct vmbus_channel *channel, void *context);
	void (*writable)(struct vmbus_channel *channel, void *context);
	void (*released)(struct vmbus_channel *channel, void *context, uint32_t gpadl);
	void (*error)(struct vmbus_channel *channel, void *context);
};

/**
 * struct vmbus_offer - what is offered
 * @type, @instance: GUIDs
 * @flags:      VMBUSR_OFFER_*
 * @subchannel: 0 for a primary channel
 * @mmio_megabytes: that its driver will want
 * @user_data:  for the driver; of a named pipe the first word is set for it
 */
struct vmbus_offer {
	uint8_t type[VMBUS_GUID_SIZE];
	uint8_t instance[VMBUS_GUID_SIZE];
	uint32_t flags;
	uint16_t subchannel;
	uint16_t mmio_megabytes;
	uint8_t user_data[VMBUS_USER_DATA_SIZE];
};

int vmbus_offer(struct vmbus_bus *bus, const struct vmbus_offer *offer,
		const struct vmbus_channel_ops *ops, void *context, struct vmbus_channel **channel);
/* Rescinds.  No function of ops is called from it or after it; GPADLs are put.  NULL is allowed. */
void vmbus_channel_close(struct vmbus_channel *channel);
/* One descriptor for all that happens: readable: process it. */
int vmbus_channel_fd(const struct vmbus_channel *channel);
int vmbus_process(struct vmbus_channel *channel);
bool vmbus_is_open(const struct vmbus_channel *channel);
int vmbus_channel_state(struct vmbus_channel *channel, struct vmbusr_channel_state *state);

/**
 * struct vmbus_packet - a packet that was received
 * @type:        enum vmbus_packet_type
 * @flags:       VMBUS_PACKET_COMPLETION_REQUESTED
 * @transaction: for vmbus_complete()
 * @size:        bytes of payload, a multiple of 8: what was sent, and up to 7 bytes more
 * @range_count: of GPA_DIRECT and TRANSFER_PAGES
 * @transfer_set: of TRANSFER_PAGES
 */
struct vmbus_packet {
	uint16_t type;
	uint16_t flags;
	uint64_t transaction;
	uint32_t size;
	uint32_t range_count;
	uint16_t transfer_set;
};

/*
 * Copies the next packet's payload, as much as there is room for.  1: a packet; 0: none left; -EIO:
 * the guest broke the ring's rules (ops->error was called); -ENOTCONN.  The packet is consumed; a
 * guest that waits for room is signalled when the ring is empty, or process returns.
 */
int vmbus_receive(struct vmbus_channel *channel, struct vmbus_packet *packet, void *buffer,
		  size_t room);
/* The words of the last packet's ranges, as vmbusr_gpadl.ranges has them.  How many; -ENOSPC. */
int vmbus_receive_ranges(struct vmbus_channel *channel, uint64_t *words, uint32_t room);

/*
 * Sends an in-band packet and signals when the guest wants it.  -EAGAIN: no room, ops->writable
 * comes; -EMSGSIZE: never; -ENOTCONN; -EIO.  vmbus_complete() answers a packet.
 */
int vmbus_send(struct vmbus_channel *channel, const void *payload, size_t size,
	       uint64_t transaction, uint16_t flags);
int vmbus_sendv(struct vmbus_channel *channel, const struct iovec *iov, unsigned int count,
		uint64_t transaction, uint16_t flags);
int vmbus_complete(struct vmbus_channel *channel, uint64_t transaction, const void *payload,
		   size_t size);
/* One signal serves all that is sent between these two, which do not nest. */
void vmbus_batch_begin(struct vmbus_channel *channel);
int vmbus_batch_end(struct vmbus_channel *channel);
/* Signals the guest without more ado. */
int vmbus_signal(struct vmbus_channel *channel);
/*
 * Whoever writes to this eventfd from now on signals the guest, in any thread or process, without
 * the library; -1: nobody.  What is written while the channel is not open is lost.
 */
int vmbus_set_kick(struct vmbus_channel *channel, int eventfd);

/*
 * A GPADL of the channel, held until it is put (the guest waits for that when it tears it
 * down).  Its ranges say which guest memory it is; the worker has that mapped already.
 */
int vmbus_gpadl_get(struct vmbus_channel *channel, uint32_t id, struct vmbus_gpadl **gpadl);
void vmbus_gpadl_put(struct vmbus_gpadl *gpadl);
uint64_t vmbus_gpadl_size(const struct vmbus_gpadl *gpadl);
/* Guest physical address of byte @offset, and in @run how many bytes are contiguous; -ERANGE. */
int vmbus_gpadl_translate(const struct vmbus_gpadl *gpadl, uint64_t offset, uint64_t *gpa,
			  uint64_t *run);

#ifdef __cplusplus
}
#endif

#endif
