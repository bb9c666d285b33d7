// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/libvmbus/bus.c userspace/libvmbus/gpadl.c userspace/libvmbus/channel.c */
/* LINK: userspace/libvmbus/packet.c vmbus/ring.c */
/*
 * libvmbus without a kernel: GUIDs, where a byte of a GPADL is, packets over a ring of our own.
 */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../../userspace/libvmbus/internal.h"
#include "suite.h"

#define RING	4096u

static struct vmbus_ring_control control[2];
static _Alignas(8) u8 data[2][RING];
static struct vmbus_channel channel;
static unsigned int errors;

static void on_error(struct vmbus_channel *ch, void *context)
{
	errors++;
}

static const struct vmbus_channel_ops ops = { .error = on_error };

/* What it sends it receives; signals go nowhere. */
static void setup(void)
{
	memset(control, 0, sizeof(control));
	errors = 0;
	channel = (struct vmbus_channel){ .ops = &ops, .fd = -1, .open = true };
	ck_assert_int_eq(vmbus_in_ring_init(&channel.in, control, data[0], RING), 0);
	ck_assert_int_eq(vmbus_out_ring_init(&channel.out, control, data[0], RING), 0);
	control->interrupt_mask = 1;
}

START_TEST(guids)
{
	static const char text[] = "57164f39-9115-4e78-ab55-382f3bd5422d";
	static const uint8_t wire[] = {
		0x39, 0x4f, 0x16, 0x57, 0x15, 0x91, 0x78, 0x4e,
		0xab, 0x55, 0x38, 0x2f, 0x3b, 0xd5, 0x42, 0x2d,
	};
	uint8_t guid[16];
	char back[37];

	ck_assert_int_eq(vmbus_guid_parse(text, guid), 0);
	ck_assert_mem_eq(guid, wire, 16);
	vmbus_guid_format(guid, back);
	ck_assert_str_eq(back, text);
	ck_assert_int_eq(vmbus_guid_parse("57164F39-9115-4E78-AB55-382F3BD5422D", guid), 0);
	ck_assert_mem_eq(guid, wire, 16);
}
END_TEST

START_TEST(bad_guids)
{
	static const char *const bad[] = {
		"", "57164f39", "57164f39-9115-4e78-ab55-382f3bd5422",
		"57164f3909115-4e78-ab55-382f3bd5422d",
		"57164f39-9115-4e78-ab55-382f3bd5422dd", "g7164f39-9115-4e78-ab55-382f3bd5422d",
		"57164f39-9115-4e78-ab55-382f3bd5422x", "-7164f39-9115-4e78-ab55-382f3bd5422d",
	};
	uint8_t guid[16];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(vmbus_guid_parse(bad[i], guid), -EINVAL);
}
END_TEST

static void translated(const struct vmbus_gpadl *gpadl, uint64_t offset, uint64_t gpa, uint64_t run)
{
	uint64_t got_gpa, got_run;

	ck_assert_int_eq(vmbus_gpadl_translate(gpadl, offset, &got_gpa, &got_run), 0);
	ck_assert_uint_eq(got_gpa, gpa);
	ck_assert_uint_eq(got_run, run);
}

START_TEST(translate)
{
	struct vmbus_gpadl *gpadl = calloc(1, sizeof(*gpadl) + 8 * sizeof(uint64_t));
	const uint64_t words[] = {
		0x2800 | 0x800ull << 32, 0x10, 0x11, 0x20,	/* three pages, two adjacent */
		0x10, 0x30,					/* and 16 bytes of another */
	};
	uint64_t gpa, run;

	memcpy(gpadl->words, words, sizeof(words));
	gpadl->range_count = 2;
	gpadl->bytes = 0x2810;
	ck_assert_uint_eq(vmbus_gpadl_size(gpadl), 0x2810);
	translated(gpadl, 0, 0x10800, 0x1800);
	translated(gpadl, 0x7ff, 0x10fff, 0x1001);
	translated(gpadl, 0x800, 0x11000, 0x1000);
	translated(gpadl, 0x1800, 0x20000, 0x1000);
	translated(gpadl, 0x27ff, 0x20fff, 1);
	translated(gpadl, 0x2800, 0x30000, 0x10);
	translated(gpadl, 0x280f, 0x3000f, 1);
	ck_assert_int_eq(vmbus_gpadl_translate(gpadl, 0x2810, &gpa, &run), -ERANGE);
	ck_assert_int_eq(vmbus_gpadl_translate(gpadl, ~0ull, &gpa, &run), -ERANGE);
	free(gpadl);
}
END_TEST

START_TEST(packets)
{
	const struct iovec iov[] = { { "abc", 3 }, { "", 0 }, { "defghi", 6 } };
	struct vmbus_packet packet;
	char buffer[32];

	ck_assert_int_eq(vmbus_sendv(&channel, iov, 3, 7, VMBUS_PACKET_COMPLETION_REQUESTED), 0);
	ck_assert_int_eq(vmbus_complete(&channel, 9, "done", 5), 0);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, sizeof(buffer)), 1);
	ck_assert_uint_eq(packet.type, VMBUS_PACKET_INBAND);
	ck_assert_uint_eq(packet.flags, VMBUS_PACKET_COMPLETION_REQUESTED);
	ck_assert_uint_eq(packet.transaction, 7);
	ck_assert_uint_eq(packet.size, 16);
	ck_assert_mem_eq(buffer, "abcdefghi\0\0\0\0\0\0\0", 16);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, 2), 1);	/* cut off */
	ck_assert_uint_eq(packet.type, VMBUS_PACKET_COMPLETION);
	ck_assert_uint_eq(packet.transaction, 9);
	ck_assert_mem_eq(buffer, "docd", 4);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, sizeof(buffer)), 0);
}
END_TEST

START_TEST(batch)
{
	struct vmbus_packet packet;
	char buffer[8];

	vmbus_batch_begin(&channel);
	ck_assert_int_eq(vmbus_send(&channel, "1", 1, 1, 0), 0);
	ck_assert_int_eq(vmbus_send(&channel, "2", 1, 2, 0), 0);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, sizeof(buffer)), 0);
	ck_assert_int_eq(vmbus_batch_end(&channel), 0);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, sizeof(buffer)), 1);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, sizeof(buffer)), 1);
}
END_TEST

/* The guest makes room while it does not know yet how full the ring is: no signal tells of it. */
START_TEST(batch_room)
{
	u8 big[RING] = { 0 };
	eventfd_t count = 0;

	channel.signal = eventfd(0, EFD_NONBLOCK);
	ck_assert_int_eq(vmbus_send(&channel, big, RING / 2, 1, 0), 0);
	vmbus_batch_begin(&channel);
	ck_assert_int_eq(vmbus_send(&channel, big, RING / 4, 2, 0), 0);
	ck_assert_int_eq(vmbus_send(&channel, big, RING / 2, 3, 0), -EAGAIN);
	control->read_index = control->write_index;
	ck_assert_int_lt(eventfd_read(channel.signal, &count), 0);
	ck_assert_int_eq(vmbus_batch_end(&channel), 0);
	ck_assert_int_eq(eventfd_read(channel.signal, &count), 0);
	close(channel.signal);
}
END_TEST

START_TEST(refused)
{
	struct vmbus_packet packet;
	u8 big[RING] = { 0 };

	ck_assert_int_eq(vmbus_send(&channel, big, sizeof(big), 0, 0), -EMSGSIZE);
	ck_assert_int_eq(vmbus_send(&channel, big, 3000, 0, 0), 0);
	ck_assert(!channel.blocked);
	ck_assert_int_eq(vmbus_send(&channel, big, 3000, 0, 0), -EAGAIN);
	ck_assert(channel.blocked);
	channel.open = false;
	ck_assert_int_eq(vmbus_send(&channel, big, 8, 0, 0), -ENOTCONN);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, big, 8), -ENOTCONN);
}
END_TEST

/* Who answers by sending before it is asked again finds room. */
START_TEST(room_at_once)
{
	struct vmbus_packet packet;
	u8 big[RING] = { 0 };
	unsigned int i;

	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(vmbus_send(&channel, big, 3000, 0, 0), 0);
		ck_assert_int_eq(vmbus_receive(&channel, &packet, big, sizeof(big)), 1);
	}
}
END_TEST

/* Told once; and then the channel stands still. */
START_TEST(broken)
{
	struct vmbus_packet packet;
	u8 buffer[8];

	control->write_index = 4;
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, 8), -EIO);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, 8), -EIO);
	ck_assert_int_eq(vmbus_send(&channel, buffer, 8, 0, 0), -EIO);
	ck_assert_uint_eq(errors, 1);
}
END_TEST

static unsigned int calls;
static unsigned int wanted;

static void take_wanted(struct vmbus_channel *ch, void *context)
{
	struct vmbus_packet packet;
	u8 buffer[8];

	ck_assert_uint_lt(calls++, 10);
	for (; wanted; wanted--)
		if (vmbus_receive(ch, &packet, buffer, 8) != 1)
			return;
}

static int take_from(struct vmbus_channel *ch, unsigned int packets)
{
	calls = 0;
	wanted = packets;
	return vmbus_process(ch);
}

/* A server that cannot take packets now is not asked to again and again. */
START_TEST(left_there)
{
	static const struct vmbus_channel_ops taking = { .readable = take_wanted };
	struct vmbus_packet packet;
	u8 buffer[8];

	channel.ops = &taking;
	channel.signal = eventfd(0, EFD_NONBLOCK);
	channel.fd = eventfd(0, EFD_NONBLOCK);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_int_eq(vmbus_send(&channel, "1", 1, 0, 0), 0);
	ck_assert_int_eq(take_from(&channel, 0), 0);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(control->interrupt_mask, 0);
	ck_assert_int_eq(take_from(&channel, 3), 0);
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(vmbus_receive(&channel, &packet, buffer, 8), 1);
	control->interrupt_mask = 1;	/* there is nobody to signal */
	ck_assert_int_eq(vmbus_send(&channel, "1", 1, 0, 0), 0);
	ck_assert_int_eq(take_from(&channel, 0), 0);
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(take_from(&channel, 5), 0);
	ck_assert_uint_eq(control->read_index, control->write_index);
	close(channel.signal);
	close(channel.fd);
}
END_TEST

START_TEST(no_device)
{
	struct vmbus_bus *bus;

	ck_assert_int_eq(vmbus_open("/nowhere/vmbusr"), -ENOENT);
	ck_assert_int_eq(vmbus_bus_create(-1, -1, 0, NULL, NULL, &bus), -EBADF);
	vmbus_bus_destroy(NULL);
	vmbus_channel_close(NULL);
	vmbus_gpadl_put(NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		guids, bad_guids, translate, packets, batch, batch_room, refused, room_at_once,
		broken, left_there, no_device,
	};

	return run_suite("libvmbus", tests, ARRAY_SIZE(tests), setup);
}
