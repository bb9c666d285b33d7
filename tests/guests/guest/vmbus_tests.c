// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: a server in the kernel, vsp_test.ko, on the VMBus. */
#include "vmbus_tests.h"

#define DATA		(SCRATCH + 0x400000ull)	/* not touched before a test does */
#define EFAULT		14

struct packet_buffers buffers[2];
volatile u32 stop, stopped, progress;

u64 vmbus_host(u32 command, const struct channel *channel, u64 argument)
{
	return host(HOST_VMBUS, command | channel->index << 8 | channel->subchannel << 16,
		    argument);
}

u64 count(const struct channel *channel, enum vsp_test_count which)
{
	return vmbus_host(HOST_VMBUS_COUNT, channel, which);
}

s32 offer(u32 index, u32 subchannel)
{
	const struct channel channel = { .index = index, .subchannel = subchannel };

	return vmbus_host(HOST_VMBUS_OFFER, &channel, 0);
}

void begin(struct channel *channel)
{
	CHECK_EQUAL(offer(0, 0), 0);
	vmbus_connect();
	vmbus_find(channel, 0, 0);
	CHECK_EQUAL(channel_open(channel, RINGS(0)), 0);
}

/* ---- packets with a pattern */

static u32 size_of(u32 n)
{
	return sizeof(struct vsp_test_packet) + n * 40 % 1504;
}

static void make(u32 vp, u32 op, u32 n)
{
	struct vsp_test_packet *packet = (void *)buffers[vp].out;

	memset(packet, n, size_of(n));
	packet->op = op;
	packet->status = 1;
	packet->value = n;
}

static void check(u32 vp, u32 n, u64 transaction, u32 size)
{
	const struct vsp_test_packet *packet = (const void *)buffers[vp].in;
	u32 i;

	CHECK_EQUAL(transaction, n);
	CHECK_EQUAL(size, size_of(n));
	CHECK_EQUAL(packet->status, 0);
	CHECK_EQUAL(packet->value, n);
	for (i = sizeof(*packet); i < size; i += 8)
		CHECK_EQUAL(*(const u64 *)(buffers[vp].in + i), (u8)n * 0x0101010101010101ull);
}

bool try_send(struct channel *channel, u32 vp, u32 op, u32 n)
{
	make(vp, op, n);
	return channel_try_send(channel, VMBUS_PACKET_INBAND, n, NULL, 0, buffers[vp].out,
				size_of(n));
}

static void receive(struct channel *channel, u32 vp, u32 n)
{
	u64 transaction;
	u32 size = channel_receive(channel, &transaction, buffers[vp].in, PACKET_MAX);

	check(vp, n, transaction, size);
}

/* As many on their way as there is room for; all come back, in order. */
void load(struct channel *channel, u32 vp, u32 op, u32 packets)
{
	u32 sent = 0, received = 0;

	while (received < packets) {
		while (sent < packets && try_send(channel, vp, op, sent))
			sent++;
		receive(channel, vp, received++);
	}
}

void echo_one(struct channel *channel)
{
	load(channel, 0, VSP_TEST_ECHO, 1);
}

/* ---- what all servers do */

GUEST(vmbus_echo)
{
	struct channel channel;
	u64 in, out;

	begin(&channel);
	echo_one(&channel);
	in = count(&channel, VSP_TEST_SIGNALS_IN);
	out = count(&channel, VSP_TEST_SIGNALS_OUT);
	load(&channel, 0, VSP_TEST_ECHO, 20000);
	CHECK_EQUAL(count(&channel, VSP_TEST_PACKETS_IN), 20001);
	CHECK_EQUAL(count(&channel, VSP_TEST_PACKETS_OUT), 20001);
	in = count(&channel, VSP_TEST_SIGNALS_IN) - in;
	out = count(&channel, VSP_TEST_SIGNALS_OUT) - out;
	print("signals in, out for 20000 packets: ");
	print_hex(in);
	print(" ");
	print_hex(out);
	print("\n");
	/* both sides mask while they look, and batch */
	CHECK(in < 10000 && out < 10000);
	channel_close(&channel);
	CHECK_EQUAL(count(&channel, VSP_TEST_CLOSES), 1);
}

GUEST(vmbus_interrupt)
{
	struct channel channel;

	begin(&channel);
	load(&channel, 0, VSP_TEST_LATER, 5000);
	CHECK_EQUAL(count(&channel, VSP_TEST_PACKETS_OUT), 5000);
	channel_close(&channel);
}

/* Packets that are refused come again, and none overtakes them. */
GUEST(vmbus_refuse)
{
	struct channel channel;
	u32 i;

	begin(&channel);
	for (i = 0; i < 20; i++)
		CHECK(try_send(&channel, 0, i & 1 ? VSP_TEST_ECHO : VSP_TEST_WAIT, i));
	for (i = 0; i < 20; i++)
		receive(&channel, 0, i);
	channel_close(&channel);
}

/* ---- full rings */

#define FULL_PACKETS	3000

static struct channel full;

/* Masks all the time, so that VP 0 hears of room only. */
static void read_late(u32 id)
{
	u64 transaction;
	u32 i;
	int size;

	full.in.control->interrupt_mask = 1;
	/* when VP 0 can write no more */
	while (!full.out.control->pending_send_size)
		pause();
	host(HOST_SLEEP, 50, 0);
	for (i = 0; i < FULL_PACKETS; i++) {
		do {
			size = channel_try_receive(&full, &transaction, buffers[1].in, PACKET_MAX);
		} while (size < 0);
		check(1, i, transaction, size);
	}
	stopped = 1;
}

GUEST(vmbus_full)
{
	u32 i;

	begin(&full);
	start_vp(1, read_late);
	for (i = 0; i < FULL_PACKETS; i++) {
		make(0, VSP_TEST_ECHO, i);
		channel_send(&full, i, buffers[0].out, size_of(i));
	}
	while (!stopped)
		pause();
	CHECK(count(&full, VSP_TEST_FULL) > 0);
	CHECK_EQUAL(count(&full, VSP_TEST_PACKETS_OUT), FULL_PACKETS);
}

/* ---- guest memory */

struct range_list {
	struct vmbus_gpa_direct direct;
	u64 words[12];
} __attribute__((packed));

static s32 direct(struct channel *channel, u32 op, u32 ranges, const u64 *words, u32 count,
		  u64 *value)
{
	struct vsp_test_packet packet = { .op = op, .value = *value };
	struct range_list list = { .direct.range_count = ranges };
	u64 transaction;

	memcpy(list.words, words, 8 * count);
	CHECK(channel_try_send(channel, VMBUS_PACKET_GPA_DIRECT, 7, &list, 8 + 8 * count, &packet,
			       sizeof(packet)));
	if (op == VSP_TEST_KEEP)
		return 0;
	CHECK_EQUAL(channel_receive(channel, &transaction, &packet, sizeof(packet)),
		    sizeof(packet));
	*value = packet.value;
	return packet.status;
}

#define WORD(offset, bytes)	((u64)(offset) << 32 | (bytes))
#define PFN(address)		((u64)(address) >> 12)

static u64 sum_of(const volatile u8 *bytes, u32 size)
{
	u64 sum = 0;

	while (size--)
		sum += *bytes++;
	return sum;
}

GUEST(vmbus_memory)
{
	const u64 two[] = { WORD(4000, 200), PFN(DATA), PFN(DATA + 0x5000),
			    WORD(8, 4096), PFN(DATA + 0x2000), PFN(DATA + 0x1000) };
	const u64 consecutive[] = { WORD(1, 12287), PFN(DATA + 0x8000), PFN(DATA + 0x9000),
				    PFN(DATA + 0xa000) };
	volatile u8 *data = (volatile u8 *)DATA;
	struct channel channel;
	u64 value = 3;

	begin(&channel);
	/* pages that nobody touched yet, in two ranges */
	CHECK_EQUAL(direct(&channel, VSP_TEST_FILL, 2, two, 6, &value), 0);
	CHECK_EQUAL(sum_of(data, 4000), 0);
	CHECK_EQUAL(sum_of(data + 4000, 96), 3 * 96);
	CHECK_EQUAL(sum_of(data + 0x5000, 104), 3 * 104);
	CHECK_EQUAL(sum_of(data + 0x5000 + 104, 4096 - 104), 0);
	CHECK_EQUAL(sum_of(data + 0x2000, 8), 0);
	CHECK_EQUAL(sum_of(data + 0x2008, 4088), 3 * 4088);
	CHECK_EQUAL(sum_of(data + 0x1000, 4096), 3 * 8);
	CHECK_EQUAL(direct(&channel, VSP_TEST_SUM, 2, two, 6, &value), 0);
	CHECK_EQUAL(value, 3 * (200 + 4096));
	value = 1;
	CHECK_EQUAL(direct(&channel, VSP_TEST_FILL, 1, consecutive, 4, &value), 0);
	CHECK_EQUAL(sum_of(data + 0x8000, 0x4000), 12287);
	CHECK_EQUAL(data[0x8000], 0);
	channel_close(&channel);
}

GUEST(vmbus_memory_refused)
{
	static const struct {
		s32 status;
		u32 ranges, count;
		u64 words[4];
	} bad[] = {
		{ -EINVAL, 1, 2, { WORD(0, 0), PFN(DATA) } },
		{ -EINVAL, 1, 2, { WORD(4096, 1), PFN(DATA) } },
		{ -EINVAL, 1, 2, { WORD(4095, 2), PFN(DATA) } },
		{ -EINVAL, 1, 2, { WORD(0, 0xffffffff), PFN(DATA) } },
		{ -EINVAL, 1, 2, { WORD(0xffffffff, 0xffffffff), PFN(DATA) } },
		{ -EINVAL, 2, 2, { WORD(0, 1), PFN(DATA) } },
		{ -EINVAL, 0xffffffff, 2, { WORD(0, 1), PFN(DATA) } },
		{ -EINVAL, 1, 0, { 0 } },
		{ -EINVAL, 1, 2, { WORD(0, 1), ~0ull } },
		{ -EFAULT, 1, 2, { WORD(0, 1), (1ull << 40) - 1 } },
		{ -EFAULT, 1, 2, { WORD(0, 1), PFN(NOWHERE) } },
		{ -EFAULT, 1, 2, { WORD(0, 1), PFN(ROM) } },
		{ -EFAULT, 1, 3, { WORD(0, 8192), PFN(DATA), PFN(NOWHERE) } },
		{ -EFAULT, 2, 4, { WORD(0, 1), PFN(DATA), WORD(0, 1), PFN(0xfee00000) } },
	};
	const u64 rom[] = { WORD(0, 16), PFN(ROM) };
	struct channel channel;
	u64 value;
	u32 i;

	begin(&channel);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		value = i;
		CHECK_EQUAL(direct(&channel, VSP_TEST_FILL, bad[i].ranges, bad[i].words,
				   bad[i].count, &value), bad[i].status);
		echo_one(&channel);
	}
	/* what cannot be written can be read */
	CHECK_EQUAL(direct(&channel, VSP_TEST_SUM, 1, rom, 2, &value), 0);
	CHECK_EQUAL(value, 16 * 0xcc);
	CHECK_EQUAL(count(&channel, VSP_TEST_BROKEN), 0);
	channel_close(&channel);
}

/* The I/O outlives the guest's page: the new one behind the address is not written. */
GUEST(vmbus_memory_released)
{
	const u64 words[] = { WORD(0, 8192), PFN(DATA), PFN(DATA + 0x1000) };
	volatile u64 *data = (volatile u64 *)DATA;
	struct vsp_test_packet packet;
	struct channel channel;
	u64 value = 5, transaction;

	begin(&channel);
	data[0] = 1;
	CHECK_EQUAL(direct(&channel, VSP_TEST_KEEP, 1, words, 3, &value), 0);
	while (count(&channel, VSP_TEST_PACKETS_IN) != 1)
		pause();
	CHECK_EQUAL(host(HOST_RELEASE, DATA, 0x2000), 0);
	CHECK_EQUAL(data[0], 1);
	CHECK(try_send(&channel, 0, VSP_TEST_QUIET, 0));
	CHECK_EQUAL(channel_receive(&channel, &transaction, &packet, sizeof(packet)),
		    sizeof(packet));
	CHECK_EQUAL(packet.op, VSP_TEST_KEEP);
	CHECK_EQUAL(transaction, 7);
	/* it was the same page again, as the worker's memory did not change */
	CHECK_EQUAL(data[0], 0x0505050505050505);
	channel_close(&channel);
}

static s32 map(struct channel *channel, u32 op, u64 gpadl, u64 *sum)
{
	struct vsp_test_packet packet = { .op = op, .value = gpadl };
	u64 transaction;

	CHECK(channel_try_send(channel, VMBUS_PACKET_INBAND, 1, NULL, 0, &packet, sizeof(packet)));
	CHECK_EQUAL(channel_receive(channel, &transaction, &packet, sizeof(packet)),
		    sizeof(packet));
	*sum = packet.value;
	return packet.status;
}

GUEST(vmbus_gpadl)
{
	volatile u8 *data = (volatile u8 *)DATA;
	struct channel channel;
	u64 sum;

	begin(&channel);
	memset((void *)DATA, 2, 0x3000);
	CHECK_EQUAL(gpadl_create(&channel, 77, DATA, 3), 0);
	CHECK_EQUAL(map(&channel, VSP_TEST_MAP, 77, &sum), 0);
	CHECK_EQUAL(sum, 0x6000);
	CHECK_EQUAL(sum_of(data, 0x3000), 0);
	CHECK_EQUAL(map(&channel, VSP_TEST_MAP, 78, &sum), -ENOENT);
	/* the server gives it back when it hears that the guest wants it */
	CHECK_EQUAL(map(&channel, VSP_TEST_MAP_KEEP, 77, &sum), 0);
	gpadl_teardown(&channel, 77);
	CHECK_EQUAL(map(&channel, VSP_TEST_MAP, 77, &sum), -ENOENT);
	CHECK_EQUAL(gpadl_create(&channel, 79, NOWHERE, 1), 0);
	CHECK_EQUAL(map(&channel, VSP_TEST_MAP, 79, &sum), -EFAULT);
	/* the close gives back what is still held */
	CHECK_EQUAL(gpadl_create(&channel, 80, DATA, 1), 0);
	CHECK_EQUAL(map(&channel, VSP_TEST_MAP_KEEP, 80, &sum), 0);
	channel_close(&channel);
	gpadl_teardown(&channel, 80);
}

/* ---- open and close */

GUEST(vmbus_reopen)
{
	struct channel channel;
	u32 i;

	begin(&channel);
	for (i = 1; i < 1000; i++) {
		echo_one(&channel);
		channel_close_without_teardown(&channel);
		CHECK_EQUAL(channel_reopen(&channel), 0);
	}
	channel_close(&channel);
	CHECK_EQUAL(count(&channel, VSP_TEST_OPENS), 1000);
	CHECK_EQUAL(count(&channel, VSP_TEST_CLOSES), 1000);
}

GUEST(vmbus_open_refused)
{
	struct channel channel;

	CHECK_EQUAL(offer(0, 0), 0);
	vmbus_connect();
	vmbus_find(&channel, 0, 0);
	channel.gpadl = 1;
	CHECK_EQUAL(gpadl_create(&channel, 1, RINGS(0), 2 * RING_PAGES), 0);
	/* by the server */
	CHECK_EQUAL(channel_open_for(&channel, RINGS(0), 1), VMBUS_STATUS_UNSUCCESSFUL);
	CHECK_EQUAL(count(&channel, VSP_TEST_OPENS), 1);
	/* no memory */
	CHECK_EQUAL(gpadl_create(&channel, 2, NOWHERE, 2 * RING_PAGES), 0);
	channel.gpadl = 2;
	CHECK_EQUAL(channel_open_for(&channel, RINGS(0), 0), VMBUS_STATUS_UNSUCCESSFUL);
	CHECK_EQUAL(count(&channel, VSP_TEST_OPENS), 1);
	CHECK_EQUAL(count(&channel, VSP_TEST_CLOSES), 0);
	channel.gpadl = 1;
	CHECK_EQUAL(channel_open_for(&channel, RINGS(0), 0), 0);
	echo_one(&channel);
	channel_close(&channel);
}

/* Rule 15, and once only: without a packet there is nothing else to signal. */
GUEST(vmbus_signal_again)
{
	struct channel channel;

	begin(&channel);
	while (!take_event(&channel))
		sti_hlt_cli();
	CHECK_EQUAL(count(&channel, VSP_TEST_SIGNALS_OUT), 1);
	host(HOST_SLEEP, 300, 0);
	CHECK_EQUAL(count(&channel, VSP_TEST_SIGNALS_OUT), 1);
	channel_close(&channel);
}
