/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Ring buffers: the one that the guest writes and we read, and the one that we
 * write.  They are different types, for they trust different indices.
 *
 * A ring is used by one thread at a time; the guest changes its memory at any moment.
 */
#ifndef VMBUS_RING_H
#define VMBUS_RING_H

#include "rs_types.h"
#include "vmbus_proto.h"

/**
 * struct vmbus_in_ring - what the guest writes
 * @control:   shared
 * @data:      shared, @size bytes
 * @size:      a multiple of 8
 * @read:      where the next packet begins
 * @published: the read index that the guest knows
 * @write:     as last seen, valid
 */
struct vmbus_in_ring {
	struct vmbus_ring_control *control;
	const u8 *data;
	u32 size;
	u32 read;
	u32 published;
	u32 write;
};

/**
 * struct vmbus_in_packet - a packet that is still in the ring
 * @type:          enum vmbus_packet_type
 * @flags:         VMBUS_PACKET_COMPLETION_REQUESTED
 * @transaction:   the guest's
 * @payload:       index of its first byte
 * @payload_size:  bytes, a multiple of 8
 * @ranges:        index of the first range, of GPA_DIRECT and TRANSFER_PAGES
 * @ranges_size:   bytes up to the payload
 * @range_count:   not 0 for these types, else 0; not checked against @ranges_size
 * @transfer_set:  of TRANSFER_PAGES
 *
 * What it says was checked; what lies in the ring may change while it is copied, and is copied
 * once.
 */
struct vmbus_in_packet {
	u16 type;
	u16 flags;
	u16 transfer_set;
	u64 transaction;
	u32 payload;
	u32 payload_size;
	u32 ranges;
	u32 ranges_size;
	u32 range_count;
};

/**
 * struct vmbus_out_ring - what we write
 * @control:   shared
 * @data:      shared, @size bytes
 * @size:      a multiple of 8
 * @write:     where the next packet begins
 * @published: the write index that the guest knows
 * @waiting:   bytes for which we told the guest that we wait, or 0
 */
struct vmbus_out_ring {
	struct vmbus_ring_control *control;
	u8 *data;
	u32 size;
	u32 write;
	u32 published;
	u32 waiting;
};

/**
 * struct vmbus_out_packet - a packet to be written
 * @type:         enum vmbus_packet_type
 * @flags:        VMBUS_PACKET_COMPLETION_REQUESTED
 * @transaction:  ours, or the one that is completed
 * @header_size:  bytes between descriptor and payload, a multiple of 8: ranges and what
 *                precedes them
 * @payload_size: bytes
 * @body:         vmbus_out_ring_reserve() sets it: index of the first byte behind the descriptor
 */
struct vmbus_out_packet {
	u16 type;
	u16 flags;
	u64 transaction;
	u32 header_size;
	u32 payload_size;
	u32 body;
};

int vmbus_in_ring_init(struct vmbus_in_ring *ring, void *control, const void *data, u32 size);
int vmbus_in_ring_next(struct vmbus_in_ring *ring, struct vmbus_in_packet *packet);
void vmbus_in_ring_copy(const struct vmbus_in_ring *ring, u32 index, void *buffer, u32 size);
bool vmbus_in_ring_commit(struct vmbus_in_ring *ring);
void vmbus_in_ring_mask(struct vmbus_in_ring *ring);
bool vmbus_in_ring_unmask(struct vmbus_in_ring *ring);

int vmbus_out_ring_init(struct vmbus_out_ring *ring, void *control, void *data, u32 size);
int vmbus_out_ring_reserve(struct vmbus_out_ring *ring, struct vmbus_out_packet *packet);
int vmbus_out_ring_write(struct vmbus_out_ring *ring, const struct vmbus_out_packet *packet,
			 u32 offset, const void *bytes, u32 size);
bool vmbus_out_ring_commit(struct vmbus_out_ring *ring);
void vmbus_out_ring_cancel(struct vmbus_out_ring *ring);
bool vmbus_out_ring_room(struct vmbus_out_ring *ring);

#endif
