/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Packets of a ring, as those see them who serve a channel.
 */
#ifndef VMBUS_PACKET_H
#define VMBUS_PACKET_H

#include "rs_types.h"
#include "vmbus_proto.h"

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

/**
 * struct vmbus_range - a range of guest memory
 * @bytes:  how many, not 0
 * @offset: of the first byte in the first page, below 4096
 * @pages:  that they are in
 * @pfns:   their guest page numbers
 */
struct vmbus_range {
	u32 bytes;
	u32 offset;
	u32 pages;
	const u64 *pfns;
};

#endif
