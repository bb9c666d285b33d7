// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vmbus/ring.c vmbus/ranges.c */
/*
 * Ring states: control words and data of a guest's making, which it changes between our calls;
 * each byte of the rest of the input is a step of ours.
 */
#include <stdlib.h>

#include "fuzzer.h"
#include "ranges.h"
#include "ring.h"

#define SIZE	256u

struct input {
	const uint8_t *bytes;
	size_t left;
};

static struct vmbus_ring_control in_control, out_control;
static _Alignas(8) u8 in_data[SIZE], out_data[SIZE];
static struct vmbus_in_ring in;
static struct vmbus_out_ring out;

static void take(struct input *input, void *buffer, size_t size)
{
	size_t n = size < input->left ? size : input->left;

	memset(buffer, 0, size);
	memcpy(buffer, input->bytes, n);
	input->bytes += n;
	input->left -= n;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void invariants(void)
{
	require(in.read < SIZE && !(in.read & 7) && in.write < SIZE && !(in.write & 7));
	require(out.write < SIZE && !(out.write & 7) && out.published < SIZE);
}

/* What a range says is within the list. */
static void parse(const struct vmbus_in_packet *packet)
{
	struct vmbus_range ranges[8];
	u64 words[SIZE / sizeof(u64)];
	u32 count = packet->ranges_size / sizeof(u64);
	int i, n;

	vmbus_in_ring_copy(&in, packet->ranges, words, packet->ranges_size);
	n = vmbus_ranges_parse(words, count, packet->range_count, ranges, 8);
	require(n == -EINVAL || n == -EMSGSIZE || n == (int)packet->range_count);
	for (i = 0; i < n; i++) {
		require(ranges[i].pfns > words && ranges[i].pages);
		require(ranges[i].pfns + ranges[i].pages <= words + count);
		require(ranges[i].bytes && ranges[i].offset < HV_PAGE_SIZE);
		require((u64)ranges[i].offset + ranges[i].bytes <=
			(u64)ranges[i].pages * HV_PAGE_SIZE);
	}
}

static void receive(void)
{
	struct vmbus_in_packet packet;
	u8 buffer[SIZE];
	int err = vmbus_in_ring_next(&in, &packet);

	require(!err || err == -EAGAIN || err == -EIO);
	if (err)
		return;
	require(packet.payload_size + packet.ranges_size <= SIZE - 24);
	vmbus_in_ring_copy(&in, packet.payload, buffer, packet.payload_size);
	if (packet.type == VMBUS_PACKET_GPA_DIRECT)
		parse(&packet);
}

static void send(struct input *input)
{
	struct vmbus_out_packet packet = { .type = VMBUS_PACKET_INBAND };
	u8 sizes[2], bytes[256] = { 0 };
	int err;

	take(input, sizes, sizeof(sizes));
	packet.header_size = sizes[0];
	packet.payload_size = sizes[1];
	err = vmbus_out_ring_reserve(&out, &packet);
	require(!err || err == -EAGAIN || err == -EIO || err == -EMSGSIZE || err == -EINVAL);
	if (!err)
		require(!vmbus_out_ring_write(&out, &packet, packet.header_size, bytes,
					      packet.payload_size));
	vmbus_out_ring_room(&out);
}

/* The guest writes a word somewhere. */
static void guest(struct input *input)
{
	struct { u8 where, what[4]; } w;

	take(input, &w, sizeof(w));
	if (w.where & 0x80)
		memcpy((u8 *)(w.where & 0x40 ? &in_control : &out_control) + (w.where & 0xc),
		       w.what, 4);
	else
		memcpy(in_data + (w.where & 0x3f) * 4, w.what, 4);
}

static void step(struct input *input)
{
	u8 op;

	take(input, &op, 1);
	switch (op & 7) {
	case 2:
		vmbus_in_ring_commit(&in);
		break;
	case 3:
		vmbus_in_ring_unmask(&in);
		break;
	case 4:
		send(input);
		break;
	case 5:
		vmbus_out_ring_commit(&out);
		break;
	case 6:
		vmbus_out_ring_cancel(&out);
		break;
	case 7:
		guest(input);
		break;
	default:
		receive();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	take(&input, &in_control, 16);
	take(&input, &out_control, 16);
	take(&input, in_data, sizeof(in_data));
	if (vmbus_in_ring_init(&in, &in_control, in_data, SIZE) ||
	    vmbus_out_ring_init(&out, &out_control, out_data, SIZE))
		return 0;
	while (input.left) {
		step(&input);
		invariants();
	}
	return 0;
}
