/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rs_vmbusr.ko offers to servers in the kernel (VSPs): channels of a guest's VMBus.
 *
 * Each channel has a thread of its own, its worker.  It sleeps until the guest signals or somebody
 * kicks it, and then calls the server: open, packets, work, close, in this order and never two at
 * once.  All of these may sleep; but one that does holds up its channel.
 *
 *	bus = vmbusr_bus_get(fd);		in the process that has the bus
 *	channel = vmbusr_channel_offer(bus, &info, &ops, context);
 *		ops.open(channel)		the guest opens
 *		ops.packet(channel), ...	each is answered by vmbusr_send(), any time
 *		ops.close(channel)		the guest closes or is gone, or before a revoke
 *	vmbusr_channel_revoke(channel);
 *	vmbusr_bus_put(bus);
 *
 * When the bus descriptor is closed, or the process dies, its channels are closed and rescinded;
 * what a server does with them from then on fails, or does nothing, and it has to revoke
 * them and put the bus all the same.
 */
#ifndef ROOTSTOCK_VMBUSR_EXPORT_H
#define ROOTSTOCK_VMBUSR_EXPORT_H

#include <linux/bvec.h>
#include <linux/types.h>

#include "vmbus_offer.h"
#include "vmbus_packet.h"

struct module;
struct vmbusr_bus;
struct vmbusr_channel;

/**
 * struct vmbusr_open - what the guest opens
 * @target_vp: whom signals go to; VMBUS_VP_NONE: none are wanted
 * @in_size:   bytes of the ring that we read
 * @out_size:  bytes of the ring that we write
 * @user_data: the guest's
 */
struct vmbusr_open {
	u32 target_vp;
	u32 in_size;
	u32 out_size;
	u8 user_data[VMBUS_USER_DATA_SIZE];
};

/**
 * struct vsp_ops - a server of channels
 * @owner:  held while a channel is offered, so that rmmod of the server is refused
 * @open:   the guest opens; 0, or an error: the guest hears that it failed.  vmbusr_send()
 *          and vmbusr_kick() may be called from here on
 * @close:  the guest closes, or its ring is broken.  Everything outstanding is finished when this
 *          returns: no other context calls vmbusr_send() or vmbusr_kick(), no guest memory
 *          is held, no GPADL mapped.  What is sent in here may be lost.  NULL: nothing to do
 * @packet: a packet came.  What is wanted of it is copied out now, by vmbusr_copy() and
 *          vmbusr_ranges(): it is gone afterwards.  0; -EAGAIN: not now, it is given again,
 *          before others, after ops->work was called next; any other error: the ring is given
 *          up, as if it had held no packet
 * @batch:  packets were given, and now there are no more, or others have their turn: time to
 *          submit what was put together.  NULL: nothing to do
 * @work:   after vmbusr_kick(), and when the guest made room after vmbusr_send() said -EAGAIN.
 *          Once for many kicks; a kick during it makes it come again.  NULL: nothing to do
 * @gpadl_wanted: the guest tears down a GPADL that is mapped, and waits until it is not.  NULL: it
 *          waits until the server is done with it
 *
 * The worker alone calls these, in process context and without locks.  When the channel is about to
 * end a signal is pending, but in @close: waits that can be killed then fail with -EINTR.
 */
struct vsp_ops {
	struct module *owner;
	int (*open)(struct vmbusr_channel *channel, void *context, const struct vmbusr_open *open);
	void (*close)(struct vmbusr_channel *channel, void *context);
	int (*packet)(struct vmbusr_channel *channel, void *context,
		      const struct vmbus_in_packet *packet);
	void (*batch)(struct vmbusr_channel *channel, void *context);
	void (*work)(struct vmbusr_channel *channel, void *context);
	void (*gpadl_wanted)(struct vmbusr_channel *channel, void *context, u32 gpadl);
};

/**
 * vmbusr_bus_get() - the bus behind a descriptor
 * @fd: a bus descriptor of the calling process, from VMBUSR_CREATE_BUS
 *
 * The server does not hold the descriptor: it may be closed any time.
 *
 * Return: the bus; ERR_PTR: -EBADF: no bus; -EIO: another process's.
 */
struct vmbusr_bus *vmbusr_bus_get(int fd);

/**
 * vmbusr_bus_put() - forget a bus
 * @bus: all channels that were offered by this reference are revoked
 */
void vmbusr_bus_put(struct vmbusr_bus *bus);

/**
 * vmbusr_channel_offer() - offer a channel to the guest
 * @bus:     the bus
 * @info:    what is offered; copied
 * @ops:     the server
 * @context: for the functions of @ops
 *
 * The guest hears of it at once when it has asked for offers, else when it does.
 * @info->subchannel is 0, or the index of a subchannel; then a primary channel of the same type and
 * instance is offered, with the same @ops.  Any time, also in the server's own ops.
 *
 * Context: process, may sleep.
 *
 * Return: the channel; ERR_PTR: -EEXIST: it is offered; -ENOENT: a subchannel without its primary
 * channel; -ENODEV: the bus or @ops->owner is going away; -ENOSPC, -ENOMEM, -EINTR.
 */
struct vmbusr_channel *vmbusr_channel_offer(struct vmbusr_bus *bus,
					    const struct vmbus_offer_info *info,
					    const struct vsp_ops *ops, void *context);

/**
 * vmbusr_channel_revoke() - take an offer back, and free the channel
 * @channel: from vmbusr_channel_offer(); once, also when its bus is gone
 *
 * When it is open it is closed first: ops->close has returned when this returns.  Then its offer is
 * rescinded.  Subchannels of it are closed and rescinded before, and are to be revoked by
 * their own calls, before or after.
 *
 * Context: process, may sleep, as long as ops->close does.  Not in ops of the same channel, nor,
 * for a primary channel, in those of its subchannels.
 */
void vmbusr_channel_revoke(struct vmbusr_channel *channel);

/**
 * vmbusr_kick() - have ops->work called
 * @channel: open
 *
 * Context: any.
 */
void vmbusr_kick(struct vmbusr_channel *channel);

/**
 * vmbusr_send() - write a packet for the guest
 * @channel: open
 * @packet:  what it is; its body is set
 * @header:  @packet->header_size bytes: of GPA_DIRECT and TRANSFER_PAGES what is between descriptor
 *           and payload; NULL when that is 0
 * @payload: @packet->payload_size bytes; NULL when that is 0
 *
 * Packets that the worker sends go out together at the end of its batch; others at once.  The guest
 * is signalled when it wants that.
 *
 * When there is no room, all further packets are refused too, so none overtakes another, until
 * the guest has made that room and ops->work is called, where they are sent again.  So no
 * completion is lost by a server that keeps what was refused on a list, and has ops->work empty it;
 * its length is bounded by what the guest may have outstanding.
 *
 * Context: any.
 *
 * Return: 0; -EAGAIN: no room now; -EMSGSIZE: too large for this ring, or any; -EINVAL:
 * header_size; -EIO: the ring is broken; -ENOTCONN: the channel is not open.
 */
int vmbusr_send(struct vmbusr_channel *channel, struct vmbus_out_packet *packet,
		const void *header, const void *payload);

/**
 * vmbusr_complete() - complete a packet of the guest's
 * @channel:     open
 * @transaction: the packet's
 * @payload:     @size bytes
 * @size:        at most 64 KiB
 *
 * Context and return as vmbusr_send().
 */
int vmbusr_complete(struct vmbusr_channel *channel, u64 transaction, const void *payload,
		    u32 size);

/**
 * vmbusr_copy() - copy a part of a packet's payload
 * @channel: in its ops->packet
 * @packet:  the packet
 * @offset:  from the payload's first byte
 * @buffer:  takes the bytes
 * @size:    how many
 *
 * The guest may change them meanwhile; what is in @buffer it cannot.
 *
 * Return: 0; -EINVAL: the payload is shorter.
 */
int vmbusr_copy(struct vmbusr_channel *channel, const struct vmbus_in_packet *packet, u32 offset,
		void *buffer, u32 size);

/**
 * vmbusr_ranges() - copy the range list of a packet, and check it
 * @channel: in its ops->packet
 * @packet:  GPA_DIRECT
 * @words:   takes the list; the ranges point into it
 * @room:    words there: one for each range and one for each page
 * @ranges:  filled in
 * @count:   elements of @ranges
 *
 * Return: how many ranges there are; -EINVAL: the list makes no sense; -EMSGSIZE: it is longer than
 * @room or @count.
 */
int vmbusr_ranges(struct vmbusr_channel *channel, const struct vmbus_in_packet *packet,
		  u64 *words, u32 room, struct vmbus_range *ranges, u32 count);

/**
 * vmbusr_hold() - hold guest memory for I/O on it
 * @channel: open
 * @range:   where it is
 * @offset:  of the first byte in @range
 * @bytes:   how many, not 0
 * @write:   it will be written; else it is only read
 * @vecs:    filled in; one may cover several pages, when these are one piece on the host too
 * @room:    elements of @vecs; @range->pages are always enough
 *
 * The pages stay what they are until vmbusr_release(), also when the worker process unmaps them or
 * the guest gives them back: the I/O then goes to memory that the guest does not see any more.
 *
 * Context: process, may sleep.
 *
 * Return: how many elements were filled in; -EINVAL: beyond the end of @range; -EFAULT: no memory,
 * or not to be written; -ENOSPC: more than @room; -EINTR.
 */
int vmbusr_hold(struct vmbusr_channel *channel, const struct vmbus_range *range, u32 offset,
		u32 bytes, bool write, struct bio_vec *vecs, u32 room);

/**
 * vmbusr_release() - the I/O is done
 * @channel: as for vmbusr_hold(), and so are @range, @offset, @bytes, @write
 * @range:   may be a copy
 * @offset:  of the first byte in @range
 * @bytes:   how many
 * @write:   the memory may have been written, and is marked dirty, for the host and in the
 *           guest's dirty log
 * @vecs:    from vmbusr_hold()
 * @count:   of them
 *
 * Context: process, may sleep; ops->work is a good place.
 */
void vmbusr_release(struct vmbusr_channel *channel, const struct vmbus_range *range, u32 offset,
		    u32 bytes, bool write, const struct bio_vec *vecs, u32 count);

/**
 * struct vmbusr_gpadl_map - a GPADL in the kernel's address space
 * @address: of its first byte
 * @size:    bytes
 * @gpadl:   its number
 *
 * The guest may write there at any moment: copy, then validate.
 */
struct vmbusr_gpadl_map {
	void *address;
	u32 size;
	u32 gpadl;
};

/**
 * vmbusr_gpadl_map() - pin and map a GPADL of one range
 * @channel: open
 * @gpadl:   number of one that the guest has made on this channel
 *
 * The guest does not get the memory back until vmbusr_gpadl_unmap().
 *
 * Context: process, may sleep.
 *
 * Return: the mapping; ERR_PTR: -ENOENT: no such GPADL; -EINVAL: of several ranges; -EFAULT: no
 * memory; -ENOMEM, -EINTR.
 */
struct vmbusr_gpadl_map *vmbusr_gpadl_map(struct vmbusr_channel *channel, u32 gpadl);

/**
 * vmbusr_gpadl_unmap() - give a GPADL back
 * @channel: as it was mapped
 * @map:     from vmbusr_gpadl_map(); NULL is allowed
 *
 * Context: process, may sleep.
 */
void vmbusr_gpadl_unmap(struct vmbusr_channel *channel, struct vmbusr_gpadl_map *map);

/**
 * struct vmbusr_counters - of a channel, since it was offered
 * @signals_in:  from the guest
 * @signals_out: to it
 * @packets_in:  taken from the ring
 * @packets_out: written
 * @wakeups:     how often the worker slept
 * @full:        how often there was no room for a packet
 * @broken:      how often a ring was given up
 */
struct vmbusr_counters {
	u64 signals_in;
	u64 signals_out;
	u64 packets_in;
	u64 packets_out;
	u64 wakeups;
	u64 full;
	u64 broken;
};

/**
 * vmbusr_counters() - read a channel's counters
 * @channel:  the channel
 * @counters: filled in; one may be some events behind another
 *
 * Context: any.
 */
void vmbusr_counters(struct vmbusr_channel *channel, struct vmbusr_counters *counters);

#endif
