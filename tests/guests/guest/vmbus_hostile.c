// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: channels of a server in the kernel that end while they are used, and broken rings. */
#include "vmbus_tests.h"

static struct channel flooded;

/* Sends and receives what it can, whatever becomes of the channel. */
static void flood(u32 id)
{
	u64 transaction;
	u32 n = 0;

	flooded.may_vanish = true;
	while (!stop) {
		progress += try_send(&flooded, 1, n & 1 ? VSP_TEST_LATER : VSP_TEST_ECHO, n);
		n++;
		channel_try_receive(&flooded, &transaction, buffers[1].in, PACKET_MAX);
	}
	stopped = 1;
}

static void flood_a_while(void)
{
	u32 then = progress;

	stop = 0;
	stopped = 0;
	start_vp(1, flood);
	while (progress - then < 500)
		pause();
}

static void release_relid(const struct channel *channel)
{
	const struct vmbus_relid_message message = {
		.header.type = VMBUS_RELID_RELEASED, .relid = channel->relid,
	};

	vmbus_post(&message, sizeof(message));
}

GUEST(vmbus_revoke)
{
	u32 i;

	begin(&flooded);
	for (i = 0; i < 20; i++) {
		flood_a_while();
		CHECK_EQUAL(vmbus_host(HOST_VMBUS_REVOKE, &flooded, 0), 0);
		vmbus_wait_for(VMBUS_RESCIND_CHANNEL_OFFER);
		CHECK_EQUAL(count(&flooded, VSP_TEST_CLOSES), i + 1);
		stop = 1;
		wait_for(&stopped, 1);
		gpadl_teardown(&flooded, flooded.gpadl);
		release_relid(&flooded);
		CHECK_EQUAL(offer(0, 0), 0);
		vmbus_find(&flooded, 0, 0);
		CHECK_EQUAL(channel_open(&flooded, RINGS(0)), 0);
		echo_one(&flooded);
	}
}

GUEST(vmbus_subchannels)
{
	const struct vmbus_relid_message *rescind = (const void *)vmbus_message;
	struct channel primary, sub;
	u32 i;

	CHECK_EQUAL(offer(0, 1), -ENOENT);
	begin(&primary);
	for (i = 0; i < 5; i++) {
		CHECK_EQUAL(offer(0, 1), 0);
		vmbus_find(&sub, 0, 1);
		CHECK_EQUAL(channel_open(&sub, RINGS(1)), 0);
		echo_one(&primary);
		echo_one(&sub);
		/* both are open when the primary goes, and it takes the other one with it */
		CHECK_EQUAL(vmbus_host(HOST_VMBUS_REVOKE, &primary, 0), 0);
		vmbus_wait_for(VMBUS_RESCIND_CHANNEL_OFFER);
		CHECK_EQUAL(rescind->relid, sub.relid);
		vmbus_wait_for(VMBUS_RESCIND_CHANNEL_OFFER);
		CHECK_EQUAL(rescind->relid, primary.relid);
		CHECK_EQUAL(count(&sub, VSP_TEST_CLOSES), i + 1);
		CHECK_EQUAL(offer(0, 1), -EINVAL);	/* vsp_test still has it */
		CHECK_EQUAL(vmbus_host(HOST_VMBUS_REVOKE, &sub, 0), 0);
		CHECK_EQUAL(offer(0, 1), -ENOENT);
		release_relid(&sub);
		release_relid(&primary);
		CHECK_EQUAL(offer(0, 0), 0);
		vmbus_find(&primary, 0, 0);
		CHECK_EQUAL(channel_open(&primary, RINGS(0)), 0);
	}
}

GUEST(vmbus_bus_closed)
{
	begin(&flooded);
	flood_a_while();
	CHECK_EQUAL(vmbus_host(HOST_VMBUS_RMMOD, &flooded, 0), -EAGAIN);
	CHECK_EQUAL(vmbus_host(HOST_VMBUS_CLOSE_BUS, &flooded, 0), 0);
	vmbus_wait_for(VMBUS_RESCIND_CHANNEL_OFFER);
	CHECK_EQUAL(count(&flooded, VSP_TEST_CLOSES), 1);
	stop = 1;
	wait_for(&stopped, 1);
	CHECK(offer(1, 0) < 0);
}

GUEST(vmbus_killed)
{
	begin(&flooded);
	flood_a_while();
	vmbus_host(HOST_VMBUS_DIE, &flooded, 0);
	CHECK(false);
}

/* ---- hostile */

static struct channel good;

static void echo_on(u32 id)
{
	while (!stop) {
		load(&good, 1, VSP_TEST_ECHO, 50);
		progress++;
	}
	stopped = 1;
}

enum {
	WRITE_BEYOND, WRITE_ODD, WRITE_SHORT, TYPE, OFFSET_ZERO, LENGTH_BEYOND, LENGTH_LESS, FLAGS,
	NO_RANGES, OFFSET_OF_RANGES, PAYLOAD, READ_BEYOND, READ_ODD, BAD_RINGS
};

static void break_ring(struct channel *channel, u32 how)
{
	struct vmbus_packet_descriptor packet[3] = {
		{ .type = VMBUS_PACKET_INBAND, .offset8 = 2, .length8 = 4 },
	};
	struct ring *out = &channel->out;
	u32 write = 40;

	packet[0].type = how == TYPE ? 5 : how == NO_RANGES || how == OFFSET_OF_RANGES ?
			 VMBUS_PACKET_GPA_DIRECT : packet[0].type;
	packet[0].offset8 = how == OFFSET_ZERO ? 0 : how == NO_RANGES ? 3 : 2;
	packet[0].length8 = how == LENGTH_BEYOND ? 0xffff : how == LENGTH_LESS ? 1 :
			    how == PAYLOAD ? 2 : 4;
	packet[0].flags = how == FLAGS ? 2 : 0;
	memcpy((void *)out->data, packet, sizeof(packet));
	write = how == WRITE_BEYOND ? RING_SIZE : how == WRITE_ODD ? 41 :
		how == WRITE_SHORT ? 16 : how == PAYLOAD ? 24 : write;
	if (how == READ_BEYOND || how == READ_ODD)
		channel->in.control->read_index = how == READ_ODD ? 4 : 0xfffffff8;
	out->control->write_index = write;
	channel_signal(channel);
}

static u32 random_state = 1;

static u32 random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

static void scribble(struct channel *channel)
{
	u32 i;

	for (i = 0; i < 300; i++) {
		volatile u32 *words = (volatile u32 *)channel->memory;

		/* mostly near the indices and the first packets */
		words[random() % (2 * RING_PAGES) * 1024 + random() % (random() & 1 ? 4 : 64)] =
			random() & 1 ? random() : random() % 64 * 8;
		if (!(i % 10))
			channel_signal(channel);
	}
}

GUEST(vmbus_hostile)
{
	struct channel bad;
	u32 i, then;

	begin(&good);
	CHECK_EQUAL(offer(1, 0), 0);
	vmbus_find(&bad, 1, 0);
	start_vp(1, echo_on);
	for (i = 0; i < BAD_RINGS; i++) {
		CHECK_EQUAL(channel_open(&bad, RINGS(1)), 0);
		break_ring(&bad, i);
		while (count(&bad, VSP_TEST_BROKEN) != i + 1)
			pause();
		CHECK_EQUAL(count(&bad, VSP_TEST_CLOSES), i + 1);
		channel_close(&bad);
		CHECK_EQUAL(count(&bad, VSP_TEST_CLOSES), i + 1);
	}
	for (i = 0; i < 50; i++) {
		CHECK_EQUAL(channel_open(&bad, RINGS(1)), 0);
		scribble(&bad);
		channel_close(&bad);
	}
	CHECK_EQUAL(channel_open(&bad, RINGS(1)), 0);
	echo_one(&bad);
	/* the other one never noticed */
	then = progress;
	while (progress - then < 2)
		pause();
	stop = 1;
	wait_for(&stopped, 1);
	CHECK_EQUAL(count(&good, VSP_TEST_BROKEN), 0);
	CHECK_EQUAL(count(&good, VSP_TEST_OPENS), 1);
}

/* Both VPs break one ring at once. */
static struct channel shared;

static void scribble_on(u32 id)
{
	shared.may_vanish = true;
	while (!stop)
		scribble(&shared);
	stopped = 1;
}

GUEST(vmbus_hostile_two)
{
	u32 i;

	begin(&shared);
	shared.may_vanish = true;
	start_vp(1, scribble_on);
	for (i = 0; i < 100; i++) {
		scribble(&shared);
		channel_close_without_teardown(&shared);
		channel_reopen(&shared);	/* may fail: the indices are bad by then */
	}
	stop = 1;
	wait_for(&stopped, 1);
	channel_close_without_teardown(&shared);
	while (channel_reopen(&shared))
		;
	shared.in.control->interrupt_mask = 0;
	echo_one(&shared);
}

/* Rule 14: the test reads the kernel's log afterwards. */
GUEST(vmbus_noise)
{
	const struct vmbus_header nonsense = { .type = VMBUS_OFFER_CHANNEL };
	struct channel channel;
	u32 i;

	begin(&channel);
	for (i = 0; i < 3000; i++)
		vmbus_post(&nonsense, sizeof(nonsense));
	for (i = 0; i < 100; i++) {
		break_ring(&channel, WRITE_BEYOND);
		while (count(&channel, VSP_TEST_BROKEN) != i + 1)
			pause();
		channel_close_without_teardown(&channel);
		CHECK_EQUAL(channel_open_for(&channel, RINGS(0), 1), VMBUS_STATUS_UNSUCCESSFUL);
		CHECK_EQUAL(channel_reopen(&channel), 0);
	}
}
