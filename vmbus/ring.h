/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Ring buffers: the one that the guest writes and we read, and the one that we
 * write.  They are different types, for they trust different indices.
 *
 * A ring is used by one thread at a time; the guest changes its memory at any moment.
 */
#ifndef VMBUS_RING_H
#define VMBUS_RING_H

#include "vmbus_packet.h"

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
