// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vmbus/ring.c */
/* LIBS: -pthread */
/*
 * Rings: packets of all kinds around the ring's end, every bad index and descriptor, when to
 * signal, flow control both ways, a guest that rewrites its ring while it is read.
 */
#include <pthread.h>
#include <sched.h>

#include "ring.h"
#include "run_tests.h"

#define SIZE	4096u

static struct vmbus_ring_control control;
static _Alignas(8) u8 data[SIZE];
static struct vmbus_in_ring in;
static struct vmbus_out_ring out;

static void setup(void)
{
	memset(&control, 0, sizeof(control));
	memset(data, 0, sizeof(data));
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, SIZE), 0);
	ck_assert_int_eq(vmbus_out_ring_init(&out, &control, data, SIZE), 0);
}

/* Both at @index, as after much traffic. */
static void setup_at(u32 index)
{
	control.read_index = index;
	control.write_index = index;
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, SIZE), 0);
	ck_assert_int_eq(vmbus_out_ring_init(&out, &control, data, SIZE), 0);
}

/* What a guest would write: raw words, and the index behind them. */
static void put(const void *bytes, u32 size)
{
	for (u32 i = 0; i < size; i++)
		data[(control.write_index + i) % SIZE] = ((const u8 *)bytes)[i];
	control.write_index = (control.write_index + size) % SIZE;
}

static struct vmbus_packet_descriptor descriptor(u16 type, u16 offset8, u16 length8)
{
	return (struct vmbus_packet_descriptor){
		.type = type, .offset8 = offset8, .length8 = length8, .transaction = 0x1234,
	};
}

static int next_of(struct vmbus_packet_descriptor d, u32 room)
{
	struct vmbus_in_packet packet;
	u8 rest[256] = { 0 };

	control.write_index = in.read;
	put(&d, sizeof(d));
	put(rest, room - sizeof(d));
	in.write = in.read;
	return vmbus_in_ring_next(&in, &packet);
}

static int send_bytes(u32 size, u8 fill)
{
	struct vmbus_out_packet packet = {
		.type = VMBUS_PACKET_INBAND, .transaction = fill, .payload_size = size,
	};
	u8 bytes[SIZE];
	int err = vmbus_out_ring_reserve(&out, &packet);

	if (err)
		return err;
	memset(bytes, fill, size);
	return vmbus_out_ring_write(&out, &packet, 0, bytes, size);
}

static void receive_bytes(u32 size, u8 fill)
{
	struct vmbus_in_packet packet;
	u8 bytes[SIZE];

	ck_assert_int_eq(vmbus_in_ring_next(&in, &packet), 0);
	ck_assert_uint_eq(packet.type, VMBUS_PACKET_INBAND);
	ck_assert_uint_eq(packet.transaction, fill);
	ck_assert_uint_eq(packet.payload_size, (size + 7) & ~7u);
	vmbus_in_ring_copy(&in, packet.payload, bytes, packet.payload_size);
	for (u32 i = 0; i < packet.payload_size; i++)
		ck_assert_uint_eq(bytes[i], i < size ? fill : 0);
}

START_TEST(test_init_geometry)
{
	ck_assert_int_eq(vmbus_in_ring_init(&in, NULL, data, SIZE), -EINVAL);
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, NULL, SIZE), -EINVAL);
	ck_assert_int_eq(vmbus_in_ring_init(&in, (u8 *)&control + 1, data, SIZE), -EINVAL);
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, 0), -EINVAL);
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, 4), -EINVAL);
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, SIZE - 1), -EINVAL);
	ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, 0x80000000), -EINVAL);
	ck_assert_int_eq(vmbus_out_ring_init(&out, &control, data, 8), -EINVAL);
}
END_TEST

/* Rule 8 of Documentation/vmbus.md: below the size, 8-aligned. */
START_TEST(test_init_indices)
{
	static const u32 bad[] = { 1, 4, SIZE, SIZE + 8, 0xffffffff, 0xfffffff8 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		control.read_index = bad[i];
		ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, SIZE), -EINVAL);
		ck_assert_int_eq(vmbus_out_ring_init(&out, &control, data, SIZE), -EINVAL);
		control.read_index = 0;
		control.write_index = bad[i];
		ck_assert_int_eq(vmbus_in_ring_init(&in, &control, data, SIZE), -EINVAL);
		ck_assert_int_eq(vmbus_out_ring_init(&out, &control, data, SIZE), -EINVAL);
		control.write_index = 0;
	}
}
END_TEST

START_TEST(test_index_goes_bad)
{
	static const u32 bad[] = { 1, 12, SIZE, 0xfffffff8 };
	struct vmbus_in_packet packet;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		control.write_index = bad[i];
		ck_assert_int_eq(vmbus_in_ring_next(&in, &packet), -EIO);
		control.write_index = 0;
		control.read_index = bad[i];
		ck_assert_int_eq(send_bytes(8, 1), -EIO);
		control.read_index = 0;
	}
	ck_assert_int_eq(vmbus_in_ring_next(&in, &packet), -EAGAIN);
}
END_TEST

/* The guest's read index is ours to write, and its copy of no interest. */
START_TEST(test_own_index_is_private)
{
	ck_assert_int_eq(send_bytes(16, 7), 0);
	vmbus_out_ring_commit(&out);
	control.read_index = 3;
	receive_bytes(16, 7);
	vmbus_in_ring_commit(&in);
	ck_assert_uint_eq(control.read_index, 40);
	control.write_index = 5;
	ck_assert_int_eq(send_bytes(16, 8), 0);
	vmbus_out_ring_commit(&out);
	ck_assert_uint_eq(control.write_index, 80);
	receive_bytes(16, 8);
}
END_TEST

START_TEST(test_every_place_and_size)
{
	for (u32 at = 0; at < SIZE; at += 8)
		for (u32 size = 0; size <= 40; size++) {
			setup_at(at);
			ck_assert_int_eq(send_bytes(size, 0xa5), 0);
			vmbus_out_ring_commit(&out);
			receive_bytes(size, 0xa5);
			vmbus_in_ring_commit(&in);
			ck_assert_uint_eq(control.read_index, control.write_index);
		}
}
END_TEST

START_TEST(test_footer)
{
	u64 footer;

	setup_at(64);
	ck_assert_int_eq(send_bytes(8, 1), 0);
	memcpy(&footer, data + 64 + 24, 8);
	ck_assert_uint_eq(footer, 64ull << 32);
}
END_TEST

START_TEST(test_batch)
{
	struct vmbus_in_packet packet;

	for (u8 i = 1; i <= 10; i++)
		ck_assert_int_eq(send_bytes(i, i), 0);
	ck_assert_int_eq(vmbus_in_ring_next(&in, &packet), -EAGAIN);
	ck_assert(vmbus_out_ring_commit(&out));
	ck_assert(!vmbus_out_ring_commit(&out));
	for (u8 i = 1; i <= 10; i++)
		receive_bytes(i, i);
	ck_assert_uint_eq(control.read_index, 0);
	vmbus_in_ring_commit(&in);
	ck_assert_uint_eq(control.read_index, control.write_index);
}
END_TEST

START_TEST(test_cancel)
{
	ck_assert_int_eq(send_bytes(8, 1), 0);
	vmbus_out_ring_commit(&out);
	ck_assert_int_eq(send_bytes(8, 2), 0);
	vmbus_out_ring_cancel(&out);
	ck_assert(!vmbus_out_ring_commit(&out));
	ck_assert_int_eq(send_bytes(8, 3), 0);
	vmbus_out_ring_commit(&out);
	receive_bytes(8, 1);
	receive_bytes(8, 3);
}
END_TEST

START_TEST(test_write_stays_inside)
{
	struct vmbus_out_packet packet = { .type = VMBUS_PACKET_INBAND, .payload_size = 12 };
	u8 bytes[32] = { 0 };

	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), 0);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 0, bytes, 12), 0);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 12, bytes, 0), 0);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 0, bytes, 13), -EINVAL);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 13, bytes, 0), -EINVAL);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 8, bytes, 0xfffffffc), -EINVAL);
}
END_TEST

/* Rule 9. */
START_TEST(test_bad_descriptors)
{
	struct vmbus_packet_descriptor d;

	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 2, 2), 24), 0);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 2, 3), 24), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 2, 2), 16), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 1, 2), 24), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 0, 0), 24), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 3, 2), 64), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 2, 0xffff), 64), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_INBAND, 0xffff, 0xffff), 64), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_COMPLETION, 2, 4), 40), 0);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_CANCEL, 2, 2), 24), 0);
	for (u16 type = 0; type < 16; type++)
		if (type < VMBUS_PACKET_INBAND || type == 8 || type > VMBUS_PACKET_COMPLETION)
			ck_assert_int_eq(next_of(descriptor(type, 2, 2), 64), -EIO);
	d = descriptor(VMBUS_PACKET_INBAND, 2, 2);
	for (unsigned int bit = 1; bit < 16; bit++) {
		d.flags = 1u << bit;
		ck_assert_int_eq(next_of(d, 64), -EIO);
	}
	d.flags = VMBUS_PACKET_COMPLETION_REQUESTED;
	ck_assert_int_eq(next_of(d, 64), 0);
}
END_TEST

START_TEST(test_ranges)
{
	struct vmbus_packet_descriptor d = descriptor(VMBUS_PACKET_GPA_DIRECT, 5, 7);
	const u64 words[] = { 1ull << 32, 0x1000, 0x77, 0xaaaa, 0xbbbb, 0 };
	const u32 places[] = { 0, SIZE - 16, SIZE - 24, SIZE - 32, SIZE - 40 };
	struct vmbus_in_packet packet;
	u64 got[2];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		setup_at(places[i]);
		put(&d, sizeof(d));
		put(words, sizeof(words));
		ck_assert_int_eq(vmbus_in_ring_next(&in, &packet), 0);
		ck_assert_uint_eq(packet.range_count, 1);
		ck_assert_uint_eq(packet.ranges_size, 16);
		vmbus_in_ring_copy(&in, packet.ranges, got, sizeof(got));
		ck_assert_uint_eq(got[0], 0x1000);
		ck_assert_uint_eq(got[1], 0x77);
		ck_assert_uint_eq(packet.payload_size, 16);
		vmbus_in_ring_copy(&in, packet.payload, got, sizeof(got));
		ck_assert_uint_eq(got[1], 0xbbbb);
	}
}
END_TEST

START_TEST(test_bad_ranges)
{
	struct vmbus_packet_descriptor d = descriptor(VMBUS_PACKET_GPA_DIRECT, 3, 3);
	const u64 words[] = { 0, 0, 0 };
	struct vmbus_in_packet packet;

	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_GPA_DIRECT, 2, 4), 64), -EIO);
	ck_assert_int_eq(next_of(descriptor(VMBUS_PACKET_TRANSFER_PAGES, 2, 4), 64), -EIO);
	setup();
	put(&d, sizeof(d));
	put(words, sizeof(words));
	ck_assert_int_eq(vmbus_in_ring_next(&in, &packet), -EIO);	/* no range */
}
END_TEST

START_TEST(test_transfer_pages)
{
	const struct vmbus_transfer_pages extended = { .set = 0xcafe, .range_count = 1 };
	const struct vmbus_transfer_range range = { 100, 200 };
	struct vmbus_out_packet packet = {
		.type = VMBUS_PACKET_TRANSFER_PAGES, .flags = VMBUS_PACKET_COMPLETION_REQUESTED,
		.header_size = sizeof(extended) + sizeof(range), .payload_size = 4,
	};
	struct vmbus_in_packet got;
	struct vmbus_transfer_range r;

	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), 0);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 0, &extended, 8), 0);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 8, &range, 8), 0);
	ck_assert_int_eq(vmbus_out_ring_write(&out, &packet, 16, "abc", 4), 0);
	vmbus_out_ring_commit(&out);
	ck_assert_int_eq(vmbus_in_ring_next(&in, &got), 0);
	ck_assert_uint_eq(got.transfer_set, 0xcafe);
	ck_assert_uint_eq(got.range_count, 1);
	ck_assert_uint_eq(got.flags, VMBUS_PACKET_COMPLETION_REQUESTED);
	vmbus_in_ring_copy(&in, got.ranges, &r, sizeof(r));
	ck_assert_uint_eq(r.byte_offset, 200);
	ck_assert_uint_eq(got.payload_size, 8);
}
END_TEST

START_TEST(test_never_fits)
{
	struct vmbus_out_packet packet = { .type = VMBUS_PACKET_INBAND };

	packet.payload_size = SIZE - 24;
	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), -EMSGSIZE);
	packet.payload_size = 0xffffffff;
	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), -EMSGSIZE);
	packet.payload_size = 0;
	packet.header_size = 0xfffffff8;
	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), -EMSGSIZE);
	packet.header_size = 4;
	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), -EINVAL);
	packet.header_size = 0;
	packet.payload_size = SIZE - 32;
	ck_assert_int_eq(vmbus_out_ring_reserve(&out, &packet), 0);
	ck_assert_uint_eq(control.pending_send_size, 0);
}
END_TEST

/* The writer's side of flow control, and what the guest sees of it. */
START_TEST(test_out_full)
{
	ck_assert_uint_eq(control.features, VMBUS_RING_FEATURE_PENDING_SIZE);
	ck_assert_int_eq(send_bytes(2000, 1), 0);
	ck_assert_int_eq(send_bytes(2000, 2), 0);
	vmbus_out_ring_commit(&out);
	ck_assert(!vmbus_out_ring_room(&out));
	ck_assert_int_eq(send_bytes(1000, 3), -EAGAIN);
	ck_assert_uint_eq(control.pending_send_size, 1024);
	ck_assert(!vmbus_out_ring_room(&out));
	control.pending_send_size = 0;		/* a guest that lies to itself */
	ck_assert(!vmbus_out_ring_room(&out));
	control.pending_send_size = 1024;
	receive_bytes(2000, 1);
	ck_assert(vmbus_in_ring_commit(&in));
	ck_assert(vmbus_out_ring_room(&out));
	ck_assert_int_eq(send_bytes(1000, 3), 0);
	ck_assert_uint_eq(control.pending_send_size, 0);
	ck_assert(!vmbus_out_ring_room(&out));
}
END_TEST

/* Signalled once, when the room passes what the guest waits for. */
START_TEST(test_pending_send_size)
{
	for (u8 i = 0; i < 100; i++)
		ck_assert_int_eq(send_bytes(8, i), 0);
	vmbus_out_ring_commit(&out);
	control.pending_send_size = SIZE - 3200 + 64;
	for (u8 i = 0; i < 100; i++) {
		receive_bytes(8, i);
		ck_assert_int_eq(vmbus_in_ring_commit(&in), i == 2);
	}
}
END_TEST

/* Rule 11: guests say ring size - 1, when they want to hear of the empty ring. */
START_TEST(test_pending_send_size_is_masked)
{
	ck_assert_int_eq(send_bytes(8, 1), 0);
	vmbus_out_ring_commit(&out);
	control.pending_send_size = SIZE - 1;
	receive_bytes(8, 1);
	ck_assert(vmbus_in_ring_commit(&in));
	control.pending_send_size = 0xffffffff;
	ck_assert_int_eq(send_bytes(8, 2), 0);
	vmbus_out_ring_commit(&out);
	receive_bytes(8, 2);
	ck_assert(!vmbus_in_ring_commit(&in));
	ck_assert(!vmbus_in_ring_commit(&in));	/* nothing was read */
}
END_TEST

START_TEST(test_masks)
{
	vmbus_in_ring_mask(&in);
	ck_assert_int_eq(send_bytes(8, 1), 0);
	ck_assert(!vmbus_out_ring_commit(&out));	/* masked */
	ck_assert(vmbus_in_ring_unmask(&in));
	receive_bytes(8, 1);
	vmbus_in_ring_commit(&in);
	ck_assert(!vmbus_in_ring_unmask(&in));
	ck_assert_int_eq(send_bytes(8, 2), 0);
	ck_assert(vmbus_out_ring_commit(&out));		/* it was empty */
	ck_assert_int_eq(send_bytes(8, 3), 0);
	ck_assert(!vmbus_out_ring_commit(&out));	/* the reader has not been there yet */
	control.write_index = 1;
	ck_assert(vmbus_in_ring_unmask(&in));
}
END_TEST

/* A guest that rewrites descriptors and indices as fast as it can. */
static bool stop;

static void *rewrite(void *unused)
{
	u32 random = 1;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		random = random * 1664525 + 1013904223;
		*(volatile u64 *)&data[random >> 8 & (SIZE - 8)] = (u64)random << 20 | 6;
		*(volatile u32 *)&control.write_index = random >> 4 & (SIZE - 1);
		*(volatile u32 *)&control.pending_send_size = random;
		*(volatile u32 *)&control.read_index = random >> 12 & (2 * SIZE - 1);
	}
	return NULL;
}

START_TEST(test_rewritten_while_read)
{
	struct vmbus_in_packet packet;
	u8 bytes[2 * SIZE];
	pthread_t guest;

	stop = false;
	ck_assert_int_eq(pthread_create(&guest, NULL, rewrite, NULL), 0);
	for (unsigned int i = 0; i < 50000; i++) {
		int err = vmbus_in_ring_next(&in, &packet);

		ck_assert_msg(!err || err == -EAGAIN || err == -EIO, "%d", err);
		if (err == -EIO)
			in.write = in.read;		/* as if it were opened anew */
		if (!err) {
			ck_assert_uint_le(packet.payload_size + packet.ranges_size, SIZE - 24);
			ck_assert_uint_lt(packet.payload, SIZE);
			vmbus_in_ring_copy(&in, packet.payload, bytes, packet.payload_size);
			vmbus_in_ring_copy(&in, packet.ranges, bytes, packet.ranges_size);
		}
		vmbus_in_ring_commit(&in);
		ck_assert_uint_lt(in.read, SIZE);
		ck_assert_uint_lt(in.write, SIZE);
		err = send_bytes(i % 600, i);
		ck_assert_msg(!err || err == -EAGAIN || err == -EIO, "%d", err);
		vmbus_out_ring_commit(&out);
		ck_assert_uint_lt(out.write, SIZE);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(guest, NULL);
}
END_TEST

/* Two threads, one ring, all bytes in order. */
static void *writer(void *unused)
{
	u8 bytes[512];

	for (u32 i = 0; i < 5000;) {
		struct vmbus_out_packet packet = {
			.type = VMBUS_PACKET_INBAND, .transaction = i, .payload_size = i % 500,
		};

		if (vmbus_out_ring_reserve(&out, &packet)) {
			sched_yield();
			continue;
		}
		memset(bytes, (u8)i, sizeof(bytes));
		vmbus_out_ring_write(&out, &packet, 0, bytes, packet.payload_size);
		vmbus_out_ring_commit(&out);
		i++;
	}
	return NULL;
}

START_TEST(test_two_sides)
{
	struct vmbus_in_packet packet;
	pthread_t thread;
	u8 bytes[512];

	ck_assert_int_eq(pthread_create(&thread, NULL, writer, NULL), 0);
	for (u32 i = 0; i < 5000;) {
		int err = vmbus_in_ring_next(&in, &packet);

		if (err == -EAGAIN) {
			sched_yield();
			continue;
		}
		ck_assert_int_eq(err, 0);
		ck_assert_uint_eq(packet.transaction, i);
		vmbus_in_ring_copy(&in, packet.payload, bytes, packet.payload_size);
		for (u32 j = 0; j < i % 500; j++)
			if (bytes[j] != (u8)i)
				ck_abort_msg("packet %u byte %u", i, j);
		vmbus_in_ring_commit(&in);
		i++;
	}
	pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_init_geometry, test_init_indices, test_index_goes_bad,
		test_own_index_is_private, test_every_place_and_size, test_footer, test_batch,
		test_cancel, test_write_stays_inside, test_bad_descriptors, test_ranges,
		test_bad_ranges, test_transfer_pages, test_never_fits, test_out_full,
		test_pending_send_size, test_pending_send_size_is_masked, test_masks,
		test_rewritten_while_read, test_two_sides,
	};

	return run_tests("vmbus_ring", tests, ARRAY_SIZE(tests), setup, NULL);
}
