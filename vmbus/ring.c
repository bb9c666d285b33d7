// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Ring buffers of a VMBus channel, for the module and for libvmbus.  Pure.
 *
 * The rules that guests' drivers follow (drivers/hv/ring_buffer.c of Linux):
 *  - The writer publishes write_index after the packet's bytes, the reader read_index
 *    after it has copied them.  Equal indices are an empty ring; so a ring is never full to
 *    the last byte.
 *  - The writer signals when interrupt_mask is 0 and the ring was empty.  The reader masks
 *    while it reads, then unmasks and looks once more.
 *  - A writer without room writes pending_send_size; the reader signals when that
 *    much becomes free.
 *
 * Of what the guest writes an index is read once, checked and kept; a packet's descriptor
 * is copied before it is looked at.  What the guest does to the rest in the meantime is in
 * what the caller gets, and the caller's to validate.
 */
#include "ring.h"

enum {
	FOOTER_SIZE = 8,
	DESCRIPTOR_SIZE = sizeof(struct vmbus_packet_descriptor),
	EXTENDED_SIZE = DESCRIPTOR_SIZE + 8,	/* with what precedes ranges */
	LENGTH_MAX = 0xffff * 8,
};

/* Both kinds of ring: is there enough memory for one packet, and is all aligned? */
static bool geometry_valid(const void *control, const void *data, u32 size)
{
	return control && data && !(((unsigned long)control | (unsigned long)data) & 7) &&
	       size >= EXTENDED_SIZE + 16 && !(size & 7) && size <= 0x40000000;
}

static bool index_valid(u32 index, u32 size)
{
	return index < size && !(index & 7);
}

/* Bytes from @from up to @to. */
static u32 distance(u32 from, u32 to, u32 size)
{
	return to >= from ? to - from : to + size - from;
}

static u32 advance(u32 index, u32 by, u32 size)
{
	return by >= size - index ? by - (size - index) : index + by;
}

static u32 round_up8(u32 n)
{
	return (n + 7) & ~7u;
}

/* ---- the ring that we read */

/* Takes the guest's write index over.  -EIO: it is none. */
static int refresh_write(struct vmbus_in_ring *ring)
{
	/* pairs with the guest's barrier between a packet and its index */
	u32 write = virt_load_acquire(&ring->control->write_index);

	if (!index_valid(write, ring->size))
		return -EIO;
	ring->write = write;
	return 0;
}

/**
 * vmbus_in_ring_init() - begin to read a ring
 * @ring:    filled in
 * @control: struct vmbus_ring_control, shared with the guest
 * @data:    the ring's bytes, shared with the guest
 * @size:    of @data
 *
 * Reading begins where the guest's read_index says, so a server may take over from another.
 *
 * Return: 0, -EINVAL: size or indices make no sense.
 */
int vmbus_in_ring_init(struct vmbus_in_ring *ring, void *control, const void *data, u32 size)
{
	if (!geometry_valid(control, data, size))
		return -EINVAL;
	ring->control = control;
	ring->data = data;
	ring->size = size;
	ring->read = READ_ONCE(ring->control->read_index);
	ring->published = ring->read;
	if (!index_valid(ring->read, size) || refresh_write(ring))
		return -EINVAL;
	return 0;
}

/**
 * vmbus_in_ring_copy() - copy bytes out of the ring
 * @ring:   the ring
 * @index:  of the first byte, as a packet has it
 * @buffer: takes them
 * @size:   how many; no more than the packet has from @index on
 */
void vmbus_in_ring_copy(const struct vmbus_in_ring *ring, u32 index, void *buffer, u32 size)
{
	u32 first = ring->size - index;

	if (likely(size <= first)) {
		memcpy(buffer, ring->data + index, size);
		return;
	}
	memcpy(buffer, ring->data + index, first);
	memcpy((u8 *)buffer + first, ring->data, size - first);
}

/* The 8 bytes at a place that is a multiple of 8: no ring ends within them. */
static u64 get_word(const struct vmbus_in_ring *ring, u32 index)
{
	return READ_ONCE(*(const u64 *)(ring->data + index));
}

static struct vmbus_packet_descriptor get_descriptor(const struct vmbus_in_ring *ring)
{
	const u64 words[] = {
		get_word(ring, ring->read), get_word(ring, advance(ring->read, 8, ring->size)),
	};
	struct vmbus_packet_descriptor d;

	memcpy(&d, words, sizeof(d));
	return d;
}

static bool has_ranges(u16 type)
{
	return type == VMBUS_PACKET_GPA_DIRECT || type == VMBUS_PACKET_TRANSFER_PAGES;
}

static bool descriptor_valid(const struct vmbus_packet_descriptor *d, u32 available)
{
	u32 least = has_ranges(d->type) ? EXTENDED_SIZE : DESCRIPTOR_SIZE;

	if (d->flags & ~VMBUS_PACKET_COMPLETION_REQUESTED)
		return false;
	switch (d->type) {
	case VMBUS_PACKET_INBAND:
	case VMBUS_PACKET_TRANSFER_PAGES:
	case VMBUS_PACKET_GPA_DIRECT:
	case VMBUS_PACKET_CANCEL:
	case VMBUS_PACKET_COMPLETION:
		break;
	default:
		return false;
	}
	return d->offset8 * 8u >= least && d->length8 >= d->offset8 &&
	       d->length8 * 8u + FOOTER_SIZE <= available;
}

/* What lies between descriptor and ranges.  -EIO: there are no ranges. */
static int read_extended(struct vmbus_in_ring *ring, struct vmbus_in_packet *packet)
{
	union {
		struct vmbus_gpa_direct direct;
		struct vmbus_transfer_pages transfer;
	} extended;

	vmbus_in_ring_copy(ring, advance(ring->read, DESCRIPTOR_SIZE, ring->size), &extended,
			   sizeof(extended));
	if (packet->type == VMBUS_PACKET_TRANSFER_PAGES)
		packet->transfer_set = extended.transfer.set;
	packet->range_count = extended.direct.range_count;	/* at the same place in both */
	return packet->range_count ? 0 : -EIO;
}

/**
 * vmbus_in_ring_next() - take the next packet
 * @ring:   the ring
 * @packet: filled in; good until vmbus_in_ring_commit()
 *
 * The guest gets the room back with the next commit: many packets may be taken before.
 *
 * Return: 0; -EAGAIN: there is none; -EIO: the ring holds no packet where one should be, and the
 * ring is of no use any more.
 */
int vmbus_in_ring_next(struct vmbus_in_ring *ring, struct vmbus_in_packet *packet)
{
	struct vmbus_packet_descriptor d;
	u32 available;

	if (ring->read == ring->write && refresh_write(ring))
		return -EIO;
	available = distance(ring->read, ring->write, ring->size);
	if (!available)
		return -EAGAIN;
	if (available < DESCRIPTOR_SIZE + FOOTER_SIZE)
		return -EIO;
	d = get_descriptor(ring);
	if (!descriptor_valid(&d, available))
		return -EIO;
	memset(packet, 0, sizeof(*packet));
	packet->type = d.type;
	packet->flags = d.flags;
	packet->transaction = d.transaction;
	packet->payload = advance(ring->read, d.offset8 * 8u, ring->size);
	packet->payload_size = (d.length8 - d.offset8) * 8u;
	if (has_ranges(d.type)) {
		packet->ranges = advance(ring->read, EXTENDED_SIZE, ring->size);
		packet->ranges_size = d.offset8 * 8u - EXTENDED_SIZE;
		if (read_extended(ring, packet))
			return -EIO;
	}
	ring->read = advance(ring->read, d.length8 * 8u + FOOTER_SIZE, ring->size);
	return 0;
}

/**
 * vmbus_in_ring_commit() - give the guest the room of all packets taken
 * @ring: the ring
 *
 * Return: whether the guest waited for that much room and is to be signalled.
 */
bool vmbus_in_ring_commit(struct vmbus_in_ring *ring)
{
	u32 freed = distance(ring->published, ring->read, ring->size);
	u32 pending, room;

	if (!freed)
		return false;
	/* pairs with the guest's reading of it before it writes there */
	virt_store_release(&ring->control->read_index, ring->read);
	ring->published = ring->read;
	/* the guest: pending_send_size, barrier, read_index; we: the other way round */
	virt_mb();
	pending = READ_ONCE(ring->control->pending_send_size) & ~7u;
	if (!pending || refresh_write(ring))
		return false;
	room = ring->size - distance(ring->read, ring->write, ring->size);
	return room > pending && room - min(freed, room) <= pending;
}

/**
 * vmbus_in_ring_mask() - ask the guest not to signal, for we look anyway
 * @ring: the ring
 */
void vmbus_in_ring_mask(struct vmbus_in_ring *ring)
{
	WRITE_ONCE(ring->control->interrupt_mask, 1);
}

/**
 * vmbus_in_ring_unmask() - ask the guest to signal when it writes into the empty ring
 * @ring: the ring
 *
 * Return: whether there is something already, of which no signal will tell.  An index that
 * makes no sense counts: vmbus_in_ring_next() says so.
 */
bool vmbus_in_ring_unmask(struct vmbus_in_ring *ring)
{
	WRITE_ONCE(ring->control->interrupt_mask, 0);
	/* the guest: write_index, barrier, interrupt_mask; we: the other way round */
	virt_mb();
	return ring->read != READ_ONCE(ring->control->write_index);
}

/* ---- the ring that we write */

/**
 * vmbus_out_ring_init() - begin to write a ring
 * @ring:    filled in
 * @control: struct vmbus_ring_control, shared with the guest
 * @data:    the ring's bytes, shared with the guest
 * @size:    of @data
 *
 * Return: 0, -EINVAL: size or indices make no sense.
 */
int vmbus_out_ring_init(struct vmbus_out_ring *ring, void *control, void *data, u32 size)
{
	if (!geometry_valid(control, data, size))
		return -EINVAL;
	ring->control = control;
	ring->data = data;
	ring->size = size;
	ring->write = READ_ONCE(ring->control->write_index);
	ring->published = ring->write;
	ring->waiting = 0;
	if (!index_valid(ring->write, size) ||
	    !index_valid(READ_ONCE(ring->control->read_index), size))
		return -EINVAL;
	WRITE_ONCE(ring->control->features,
		   READ_ONCE(ring->control->features) | VMBUS_RING_FEATURE_PENDING_SIZE);
	return 0;
}

/* Bytes that can be written, less one; -EIO when the guest's index is none. */
static int out_room(struct vmbus_out_ring *ring, u32 *room)
{
	/* pairs with the guest's barrier between reading a packet and giving its room back */
	u32 read = virt_load_acquire(&ring->control->read_index);

	if (!index_valid(read, ring->size))
		return -EIO;
	*room = ring->size - distance(read, ring->write, ring->size);
	return 0;
}

/* Asks the guest to signal when @total bytes fit; 0 when they do already. */
static int wait_for_room(struct vmbus_out_ring *ring, u32 total)
{
	u32 room;
	int err;

	ring->waiting = total;
	WRITE_ONCE(ring->control->pending_send_size, total);
	/* the guest: read_index, barrier, pending_send_size; we: the other way round */
	virt_mb();
	err = out_room(ring, &room);
	if (err)
		return err;
	return total < room ? 0 : -EAGAIN;
}

static void copy_in(struct vmbus_out_ring *ring, u32 index, const void *bytes, u32 size)
{
	u32 first = ring->size - index;

	if (likely(size <= first)) {
		memcpy(ring->data + index, bytes, size);
		return;
	}
	memcpy(ring->data + index, bytes, first);
	memcpy(ring->data, (const u8 *)bytes + first, size - first);
}

/* At a multiple of 8. */
static void put_word(struct vmbus_out_ring *ring, u32 index, u64 word)
{
	WRITE_ONCE(*(u64 *)(ring->data + index), word);
}

/* Descriptor, the padding of the payload, and the footer, which says where the packet began. */
static void write_frame(struct vmbus_out_ring *ring, const struct vmbus_out_packet *packet,
			u32 total)
{
	const struct vmbus_packet_descriptor d = {
		.type = packet->type,
		.offset8 = (DESCRIPTOR_SIZE + packet->header_size) / 8,
		.length8 = (total - FOOTER_SIZE) / 8,
		.flags = packet->flags,
		.transaction = packet->transaction,
	};
	u64 words[2];

	memcpy(words, &d, sizeof(d));
	put_word(ring, ring->write, words[0]);
	put_word(ring, advance(ring->write, 8, ring->size), words[1]);
	if (packet->payload_size & 7)
		put_word(ring, advance(ring->write, total - FOOTER_SIZE - 8, ring->size), 0);
	put_word(ring, advance(ring->write, total - FOOTER_SIZE, ring->size),
		 (u64)ring->write << 32);
}

/**
 * vmbus_out_ring_reserve() - make room for a packet
 * @ring:   the ring
 * @packet: what it is; body is set
 *
 * While packets are reserved and not committed the guest takes the ring for emptier than it is:
 * after -EAGAIN and the commit the caller looks with vmbus_out_ring_room() whether there is room.
 *
 * Return: 0; -EAGAIN: not now, and the guest signals when it would fit; -EMSGSIZE: never;
 * -EINVAL: header_size; -EIO: the guest's index makes no sense.
 */
int vmbus_out_ring_reserve(struct vmbus_out_ring *ring, struct vmbus_out_packet *packet)
{
	u32 total, room;
	int err;

	if (packet->header_size & 7)
		return -EINVAL;
	if (packet->header_size > LENGTH_MAX || packet->payload_size > LENGTH_MAX)
		return -EMSGSIZE;
	total = DESCRIPTOR_SIZE + packet->header_size + round_up8(packet->payload_size) +
		FOOTER_SIZE;
	if (total - FOOTER_SIZE > LENGTH_MAX || total >= ring->size)
		return -EMSGSIZE;
	err = out_room(ring, &room);
	if (!err && total >= room)
		err = wait_for_room(ring, total);
	if (err)
		return err;
	if (ring->waiting) {
		WRITE_ONCE(ring->control->pending_send_size, 0);
		ring->waiting = 0;
	}
	write_frame(ring, packet, total);
	packet->body = advance(ring->write, DESCRIPTOR_SIZE, ring->size);
	ring->write = advance(ring->write, total, ring->size);
	return 0;
}

/**
 * vmbus_out_ring_write() - write a part of a packet that was reserved
 * @ring:   the ring
 * @packet: as vmbus_out_ring_reserve() left it
 * @offset: from the end of the descriptor
 * @bytes:  to be copied
 * @size:   how many
 *
 * Return: 0, -EINVAL: beyond the packet's end.
 */
int vmbus_out_ring_write(struct vmbus_out_ring *ring, const struct vmbus_out_packet *packet,
			 u32 offset, const void *bytes, u32 size)
{
	u32 body = packet->header_size + packet->payload_size;

	if (offset > body || size > body - offset)
		return -EINVAL;
	copy_in(ring, advance(packet->body, offset, ring->size), bytes, size);
	return 0;
}

/**
 * vmbus_out_ring_commit() - give the guest all packets that were reserved
 * @ring: the ring
 *
 * Return: whether the guest is to be signalled.
 */
bool vmbus_out_ring_commit(struct vmbus_out_ring *ring)
{
	u32 before = ring->published;

	if (ring->write == before)
		return false;
	/* pairs with the guest's barrier between the index and the packet */
	virt_store_release(&ring->control->write_index, ring->write);
	ring->published = ring->write;
	/* the guest: interrupt_mask, barrier, write_index; we: the other way round */
	virt_mb();
	return !READ_ONCE(ring->control->interrupt_mask) &&
	       READ_ONCE(ring->control->read_index) == before;
}

/**
 * vmbus_out_ring_cancel() - forget what was reserved and not committed
 * @ring: the ring
 */
void vmbus_out_ring_cancel(struct vmbus_out_ring *ring)
{
	ring->write = ring->published;
}

/**
 * vmbus_out_ring_room() - is there room for what could not be reserved?
 * @ring: the ring
 *
 * Return: true when somebody waited and a reservation of that size would not fail with -EAGAIN now.
 */
bool vmbus_out_ring_room(struct vmbus_out_ring *ring)
{
	u32 room;

	return ring->waiting && (out_room(ring, &room) || ring->waiting < room);
}
