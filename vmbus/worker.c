// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker of a channel of a server in the kernel: a thread that opens and closes it, and moves
 * packets between its rings and its server.
 *
 * A thread of its own, and not a work item: it is woken by one try_to_wake_up() from the VP that
 * signals, with no lock of a pool and nobody's work before it; it may sleep in its server; and the
 * scheduler and cgroups see what a channel costs.
 *
 * Whoever wants something sets a bit in requests and, if that was clear, wakes it.  It takes all
 * bits, then looks at what they stand for (turn()).  While there are packets it takes them in
 * batches, with the guest's signals masked; when there are none it unmasks, looks once more,
 * and sleeps.  What it sends in a batch is published at its end, with one signal at most.
 */
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "vmbusr_internal.h"

#define BATCH	64u		/* packets before others have their turn */

/**
 * vsp_request() - have the worker do something
 * @channel: the channel
 * @request: what
 *
 * Context: any.
 */
void vsp_request(struct vmbusr_channel *channel, enum request request)
{
	/* a full barrier; pairs with the xchg() in turn() */
	if (!test_and_set_bit(request, &channel->requests))
		wake_up_process(channel->worker);
}

void vmbusr_kick(struct vmbusr_channel *channel)
{
	vsp_request(channel, REQUEST_KICK);
}
EXPORT_SYMBOL_GPL(vmbusr_kick);

/* ---- sending */

static int write_packet(struct vmbus_out_ring *ring, struct vmbus_out_packet *packet,
			const void *header, const void *payload)
{
	int err = vmbus_out_ring_reserve(ring, packet);

	if (!err && packet->header_size)
		err = vmbus_out_ring_write(ring, packet, 0, header, packet->header_size);
	if (!err && packet->payload_size)
		err = vmbus_out_ring_write(ring, packet, packet->header_size, payload,
					   packet->payload_size);
	return err;
}

/* out_lock is held. */
static int send_locked(struct vmbusr_channel *channel, struct vmbus_out_packet *packet,
		       const void *header, const void *payload)
{
	int err;

	if (channel->out_broken)
		return -EIO;
	if (!channel->sending)
		return -ENOTCONN;
	if (channel->full)
		return -EAGAIN;
	err = write_packet(&channel->out, packet, header, payload);
	switch (err) {
	case 0:
		channel->packets_out++;
		break;
	case -EAGAIN:
		channel->full = true;
		channel->full_count++;
		break;
	case -EIO:
		channel->out_broken = true;
		break;
	}
	return err;
}

/* The worker publishes what it wrote when it is done with its batch. */
static bool is_batching(const struct vmbusr_channel *channel)
{
	return in_task() && current == channel->worker;
}

int vmbusr_send(struct vmbusr_channel *channel, struct vmbus_out_packet *packet,
		const void *header, const void *payload)
{
	bool signal = false;
	unsigned long flags;
	int err;

	spin_lock_irqsave(&channel->out_lock, flags);
	err = send_locked(channel, packet, header, payload);
	if (!err && !is_batching(channel))
		signal = vmbus_out_ring_commit(&channel->out);
	spin_unlock_irqrestore(&channel->out_lock, flags);
	if (signal)
		channel_signal(&channel->base);
	if (err == -EIO)
		vsp_request(channel, REQUEST_SIGNAL);	/* it gives the ring up */
	return err;
}
EXPORT_SYMBOL_GPL(vmbusr_send);

int vmbusr_complete(struct vmbusr_channel *channel, u64 transaction, const void *payload, u32 size)
{
	struct vmbus_out_packet packet = {
		.type = VMBUS_PACKET_COMPLETION, .transaction = transaction, .payload_size = size,
	};

	return vmbusr_send(channel, &packet, NULL, payload);
}
EXPORT_SYMBOL_GPL(vmbusr_complete);

/* Did the guest make the room that somebody waits for? */
static bool take_room(struct vmbusr_channel *channel)
{
	bool room;

	spin_lock_irq(&channel->out_lock);
	room = channel->full && vmbus_out_ring_room(&channel->out);
	if (room)
		channel->full = false;
	spin_unlock_irq(&channel->out_lock);
	return room;
}

/* ---- open and close */

static void set_sending(struct vmbusr_channel *channel, bool sending)
{
	spin_lock_irq(&channel->out_lock);
	channel->sending = sending;
	channel->full = false;
	channel->out_broken = false;
	spin_unlock_irq(&channel->out_lock);
}

static void stop_serving(struct vmbusr_channel *channel)
{
	if (!channel->serving)
		return;
	channel->serving = false;
	set_sending(channel, false);
	if (channel->vsp->close)
		channel->vsp->close(channel, channel->context);
	WARN_ON_ONCE(!list_empty(&channel->maps));
}

static int begin_serving(struct vmbusr_channel *channel)
{
	struct vmbusr_open open;
	int err = vsp_map_rings(channel, &open);

	if (err)
		return err;
	channel->held_back = false;
	set_sending(channel, true);
	err = channel->vsp->open(channel, channel->context, &open);
	channel->serving = !err;
	if (!err)
		return 0;
	set_sending(channel, false);
	vsp_unmap_rings(channel);
	return err;
}

static void open_channel(struct vmbusr_channel *channel)
{
	struct vmbusr_bus *bus = channel->base.bus;
	int err = begin_serving(channel);

	if (err)
		pr_notice_ratelimited("a guest's open of a channel failed (%d)\n", err);
	mutex_lock(&bus->lock);
	channel_opened(&channel->base, err ? VMBUS_STATUS_UNSUCCESSFUL : VMBUS_STATUS_SUCCESS);
	mutex_unlock(&bus->lock);
}

static void close_channel(struct vmbusr_channel *channel)
{
	struct vmbusr_bus *bus = channel->base.bus;

	stop_serving(channel);
	vsp_unmap_rings(channel);
	mutex_lock(&bus->lock);
	vmbus_channel_closed(channel->base.proto);
	mutex_unlock(&bus->lock);
}

/* The guest's doing, and its loss: nothing more comes until it has closed the channel. */
static void give_up(struct vmbusr_channel *channel)
{
	pr_notice_ratelimited("a guest broke a ring: its channel is of no use until it closes\n");
	stop_serving(channel);
	channel->broken++;
}

/* ---- the rings */

static bool is_ending(const struct vmbusr_channel *channel)
{
	return test_bit(REQUEST_CLOSE, &channel->requests) || READ_ONCE(channel->stopping);
}

/* One packet: 0, or -EAGAIN: there is none, or not for now. */
static int take_packet(struct vmbusr_channel *channel)
{
	struct vmbus_in_packet packet;
	u32 before = channel->in.read;
	int err = vmbus_in_ring_next(&channel->in, &packet);

	if (err)
		return err;
	err = channel->vsp->packet(channel, channel->context, &packet);
	if (err == -EAGAIN) {
		channel->in.read = before;
		channel->held_back = true;
		return err;
	}
	channel->packets_in++;
	return err ? -EIO : 0;
}

/* Up to a batch.  0: there may be more; -EAGAIN: there are none; -EIO: the ring is broken. */
static int take_packets(struct vmbusr_channel *channel)
{
	u64 before = channel->packets_in;
	u32 n;
	int err = 0;

	if (channel->held_back)
		return -EAGAIN;
	for (n = 0; n < BATCH && !err && !is_ending(channel); n++)
		err = take_packet(channel);
	if (channel->packets_in != before && channel->vsp->batch)
		channel->vsp->batch(channel, channel->context);
	return err;
}

/*
 * The guest gets our packets, and the room of its own.  As long as it did not see all packets it
 * took the ring for emptier than it was: if it made the room that we wait for meanwhile, it did not
 * notice that, and we have to.
 */
static int publish(struct vmbusr_channel *channel)
{
	bool signal = vmbus_in_ring_commit(&channel->in);
	bool broken, room;

	spin_lock_irq(&channel->out_lock);
	signal |= vmbus_out_ring_commit(&channel->out);
	broken = channel->out_broken;
	/* behind the commit's barrier */
	room = channel->full && vmbus_out_ring_room(&channel->out);
	spin_unlock_irq(&channel->out_lock);
	if (signal)
		channel_signal(&channel->base);
	if (room)
		set_bit(REQUEST_SIGNAL, &channel->requests);
	return broken ? -EIO : 0;
}

static void do_work(struct vmbusr_channel *channel, bool kicked)
{
	if (!take_room(channel) && !kicked)
		return;
	channel->held_back = false;
	if (channel->vsp->work)
		channel->vsp->work(channel, channel->context);
}

static void serve(struct vmbusr_channel *channel, bool kicked)
{
	int err;

	vmbus_in_ring_mask(&channel->in);
	do_work(channel, kicked);
	err = take_packets(channel);
	if (publish(channel) || err == -EIO) {
		give_up(channel);
		return;
	}
	/* as long as there are packets, or those that are there wait, the guest need not signal */
	if (!err || (!channel->held_back && vmbus_in_ring_unmask(&channel->in)))
		set_bit(REQUEST_SIGNAL, &channel->requests);
}

static void turn(struct vmbusr_channel *channel)
{
	/* a full barrier: what follows sees what was done before the bits were set */
	unsigned long requests = xchg(&channel->requests, 0);

	if (requests & BIT(REQUEST_OPEN))
		open_channel(channel);
	if (requests & BIT(REQUEST_GPADL))
		vsp_tell_wanted(channel);
	if (requests & BIT(REQUEST_CLOSE))
		close_channel(channel);
	if (channel->serving)
		serve(channel, requests & BIT(REQUEST_KICK));
}

static void wait_for_request(struct vmbusr_channel *channel)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (READ_ONCE(channel->requests) || kthread_should_stop())
			break;
		channel->wakeups++;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

/**
 * vsp_worker() - the thread
 * @data: struct vmbusr_channel
 *
 * Return: 0, when kthread_stop() was called; the channel is closed then.
 */
int vsp_worker(void *data)
{
	struct vmbusr_channel *channel = data;

	allow_signal(SIGKILL);
	while (!kthread_should_stop()) {
		wait_for_request(channel);
		if (kthread_should_stop())
			break;
		turn(channel);
		/* only the one of stop_worker() says something */
		if (signal_pending(current) && !READ_ONCE(channel->stopping))
			flush_signals(current);
		cond_resched();
	}
	/* the server's close waits for what is outstanding, signal or not */
	flush_signals(current);
	stop_serving(channel);
	vsp_unmap_rings(channel);
	return 0;
}
