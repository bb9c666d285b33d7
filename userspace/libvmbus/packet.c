// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Packets of a channel, both ways.
 */
#include <string.h>

#include "internal.h"

int vmbus_channel_broken(struct vmbus_channel *channel)
{
	if (!channel->broken) {
		channel->broken = true;
		if (channel->ops->error)
			channel->ops->error(channel, channel->context);
	}
	return -EIO;
}

static int usable(const struct vmbus_channel *channel)
{
	if (!channel->open)
		return -ENOTCONN;
	return channel->broken ? -EIO : 0;
}

/* Gives the guest the room of what was received back. */
static int give_back(struct vmbus_channel *channel)
{
	return vmbus_in_ring_commit(&channel->in) ? vmbus_signal(channel) : 0;
}

/**
 * vmbus_receive() - take the next packet
 * @channel: the channel
 * @packet:  filled in
 * @buffer:  takes its payload
 * @room:    bytes; what is beyond is lost
 *
 * The guest has the packet's room again at once, before it can be answered: drivers of
 * Linux that speak in turns lose what they have no room for.  Only ranges stay there until
 * the next call.
 *
 * Return: 1, 0: there is none; -EIO, -ENOTCONN.
 */
int vmbus_receive(struct vmbus_channel *channel, struct vmbus_packet *packet, void *buffer,
		  size_t room)
{
	struct vmbus_in_packet *in = &channel->packet;
	int err = usable(channel);

	if (!err)
		err = give_back(channel);
	if (err)
		return err;
	channel->looks++;
	err = vmbus_in_ring_next(&channel->in, in);
	if (err)
		return err == -EAGAIN ? 0 : vmbus_channel_broken(channel);
	*packet = (struct vmbus_packet){
		.type = in->type, .flags = in->flags, .transaction = in->transaction,
		.size = in->payload_size, .range_count = in->range_count,
		.transfer_set = in->transfer_set,
	};
	vmbus_in_ring_copy(&channel->in, in->payload, buffer, min(room, in->payload_size));
	if (!in->ranges_size)
		err = give_back(channel);
	return err ? err : 1;
}

/**
 * vmbus_receive_ranges() - the ranges of the packet that was received last
 * @channel: the channel
 * @words:   take them
 * @room:    words
 *
 * Return: how many, -ENOSPC, -ENOTCONN, -EIO.
 */
int vmbus_receive_ranges(struct vmbus_channel *channel, uint64_t *words, uint32_t room)
{
	uint32_t count = channel->packet.ranges_size / 8;
	int err = usable(channel);

	if (err)
		return err;
	if (count > room)
		return -ENOSPC;
	vmbus_in_ring_copy(&channel->in, channel->packet.ranges, words, count * 8);
	return count;
}

static int commit(struct vmbus_channel *channel)
{
	if (channel->batch || !vmbus_out_ring_commit(&channel->out))
		return 0;
	return vmbus_signal(channel);
}

static int send(struct vmbus_channel *channel, struct vmbus_out_packet *packet,
		const struct iovec *iov, unsigned int count)
{
	uint32_t at = 0;
	int err = usable(channel);

	if (err)
		return err;
	err = vmbus_out_ring_reserve(&channel->out, packet);
	if (err == -EIO)
		return vmbus_channel_broken(channel);
	if (err) {
		channel->blocked |= err == -EAGAIN;
		return err;
	}
	for (unsigned int i = 0; i < count; at += iov[i++].iov_len)
		vmbus_out_ring_write(&channel->out, packet, at, iov[i].iov_base, iov[i].iov_len);
	return commit(channel);
}

/**
 * vmbus_sendv() - send an in-band packet from several pieces
 * @channel:     the channel
 * @iov:         the pieces
 * @count:       of them
 * @transaction: comes back with its completion
 * @flags:       VMBUS_PACKET_COMPLETION_REQUESTED
 *
 * Return: 0, -EAGAIN, -EMSGSIZE, -ENOTCONN, -EIO.
 */
int vmbus_sendv(struct vmbus_channel *channel, const struct iovec *iov, unsigned int count,
		uint64_t transaction, uint16_t flags)
{
	struct vmbus_out_packet packet = {
		.type = VMBUS_PACKET_INBAND, .flags = flags, .transaction = transaction,
	};
	size_t size = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (iov[i].iov_len > UINT32_MAX - size)
			return -EMSGSIZE;
		size += iov[i].iov_len;
	}
	packet.payload_size = size;
	return send(channel, &packet, iov, count);
}

/**
 * vmbus_send() - send an in-band packet
 * @channel:     the channel
 * @payload:     what to send
 * @size:        bytes
 * @transaction: comes back with its completion
 * @flags:       VMBUS_PACKET_COMPLETION_REQUESTED
 *
 * Return: 0, -EAGAIN, -EMSGSIZE, -ENOTCONN, -EIO.
 */
int vmbus_send(struct vmbus_channel *channel, const void *payload, size_t size,
	       uint64_t transaction, uint16_t flags)
{
	const struct iovec iov = { (void *)payload, size };

	return vmbus_sendv(channel, &iov, 1, transaction, flags);
}

/**
 * vmbus_complete() - answer a packet
 * @channel:     the channel
 * @transaction: the packet's
 * @payload:     what to send
 * @size:        bytes
 *
 * Return: as vmbus_send().
 */
int vmbus_complete(struct vmbus_channel *channel, uint64_t transaction, const void *payload,
		   size_t size)
{
	const struct iovec iov = { (void *)payload, size };
	struct vmbus_out_packet packet = {
		.type = VMBUS_PACKET_COMPLETION, .transaction = transaction,
		.payload_size = size,
	};

	return size > UINT32_MAX ? -EMSGSIZE : send(channel, &packet, &iov, 1);
}

/**
 * vmbus_batch_begin() - let what is sent wait for vmbus_batch_end()
 * @channel: the channel
 */
void vmbus_batch_begin(struct vmbus_channel *channel)
{
	channel->batch = true;
}

/**
 * vmbus_batch_end() - let the guest have it, with one signal if it wants one
 * @channel: the channel
 *
 * Return: 0, -ENOTCONN, -EIO.
 */
int vmbus_batch_end(struct vmbus_channel *channel)
{
	int err = usable(channel);

	channel->batch = false;
	if (!err)
		err = commit(channel);
	/* the guest did not know how full the ring was: it may have made that room already */
	if (!err && channel->blocked && vmbus_out_ring_room(&channel->out))
		vmbus_look_again(channel);
	return err;
}
