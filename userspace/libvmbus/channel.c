// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A channel's life: offer, open, close, and the descriptor that tells of all of it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define PAGE	4096u

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void close_fds(struct vmbus_channel *channel)
{
	const int fds[] = { channel->epoll, channel->signal, channel->fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* The offer itself is the last step. */
static int open_fds(struct vmbus_channel *channel, struct vmbusr_offer *offer)
{
	int err;

	channel->signal = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (channel->signal < 0)
		return -errno;
	channel->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (channel->epoll < 0)
		return -errno;
	err = watch(channel->epoll, channel->signal);
	if (err)
		return err;
	offer->signal_fd = channel->signal;
	channel->fd = vmbus_ioctl(channel->bus->fd, VMBUSR_OFFER, offer);
	if (channel->fd < 0)
		return channel->fd;
	if (fcntl(channel->fd, F_SETFL, fcntl(channel->fd, F_GETFL) | O_NONBLOCK))
		return -errno;
	return watch(channel->epoll, channel->fd);
}

/**
 * vmbus_offer() - offer a channel to the guest
 * @bus:     the bus
 * @offer:   what it is
 * @ops:     live as long as the channel; readable must be there
 * @context: for them
 * @channel: the channel
 *
 * Return: 0, -EEXIST, -ENOENT, -ENOSPC, -EINVAL, -ENOMEM, -EMFILE.
 */
int vmbus_offer(struct vmbus_bus *bus, const struct vmbus_offer *offer,
		const struct vmbus_channel_ops *ops, void *context, struct vmbus_channel **channel)
{
	const uint32_t pipe_mode = 4;	/* messages, not bytes */
	struct vmbusr_offer io = {
		.flags = offer->flags, .subchannel = offer->subchannel,
		.mmio_megabytes = offer->mmio_megabytes,
	};
	struct vmbus_channel *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	memcpy(io.type, offer->type, sizeof(io.type));
	memcpy(io.instance, offer->instance, sizeof(io.instance));
	memcpy(io.user_data, offer->user_data, sizeof(io.user_data));
	if (offer->flags & VMBUSR_OFFER_NAMED_PIPE)
		memcpy(io.user_data, &pipe_mode, sizeof(pipe_mode));
	new->bus = bus;
	new->ops = ops;
	new->context = context;
	new->fd = -1;
	new->signal = -1;
	new->epoll = -1;
	err = open_fds(new, &io);
	if (err) {
		close_fds(new);
		free(new);
		return err;
	}
	new->next = bus->channels;
	bus->channels = new;
	*channel = new;
	return 0;
}

static void unmap(struct vmbus_channel *channel)
{
	if (channel->mapping)
		munmap(channel->mapping, channel->mapping_size);
	channel->mapping = NULL;
	channel->open = false;
	channel->blocked = false;
	channel->batch = false;
}

/**
 * vmbus_channel_close() - rescind the offer and forget the channel
 * @channel: may be NULL
 */
void vmbus_channel_close(struct vmbus_channel *channel)
{
	struct vmbus_channel **at;

	if (!channel)
		return;
	for (at = &channel->bus->channels; *at != channel; at = &(*at)->next)
		;
	*at = channel->next;
	unmap(channel);
	vmbus_gpadl_put_all(channel);
	close_fds(channel);
	free(channel);
}

/**
 * vmbus_channel_fd() - what to poll for EPOLLIN
 * @channel: the channel
 *
 * Return: a descriptor of the channel's.
 */
int vmbus_channel_fd(const struct vmbus_channel *channel)
{
	return channel->epoll;
}

/**
 * vmbus_is_open() - has the guest opened it, and has nobody closed it?
 * @channel: the channel
 *
 * Return: whether.
 */
bool vmbus_is_open(const struct vmbus_channel *channel)
{
	return channel->open;
}

/**
 * vmbus_channel_state() - what the kernel knows of it
 * @channel: the channel
 * @state:   filled in
 *
 * Return: 0, -EIO from another process.
 */
int vmbus_channel_state(struct vmbus_channel *channel, struct vmbusr_channel_state *state)
{
	return vmbus_ioctl(channel->fd, VMBUSR_GET_CHANNEL_STATE, state);
}

static int map_rings(struct vmbus_channel *channel, const struct vmbusr_event *event)
{
	size_t in_size = (size_t)event->in_pages * PAGE, size = (size_t)event->ring_pages * PAGE;
	int err = vmbus_ioctl(channel->fd, VMBUSR_PIN_RINGS, NULL);
	uint8_t *base;

	if (err)
		return err;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, channel->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	channel->mapping = base;
	channel->mapping_size = size;
	err = vmbus_in_ring_init(&channel->in, base, base + PAGE, in_size - PAGE);
	return err ? err : vmbus_out_ring_init(&channel->out, base + in_size,
					       base + in_size + PAGE, size - in_size - PAGE);
}

static int try_open(struct vmbus_channel *channel, const struct vmbusr_event *event)
{
	int err = map_rings(channel, event);

	if (err)
		return err;
	channel->open = true;
	channel->broken = false;
	return channel->ops->opened ?
	       channel->ops->opened(channel, channel->context, event->user_data) : 0;
}

static void on_open(struct vmbus_channel *channel, const struct vmbusr_event *event)
{
	struct vmbusr_open_result result = { 0 };

	if (try_open(channel, event)) {
		unmap(channel);
		result.status = VMBUS_STATUS_UNSUCCESSFUL;
	}
	vmbus_ioctl(channel->fd, VMBUSR_OPEN_RESULT, &result);
}

static void on_close(struct vmbus_channel *channel)
{
	if (channel->ops->closed)
		channel->ops->closed(channel, channel->context);
	unmap(channel);
	vmbus_ioctl(channel->fd, VMBUSR_CLOSE_DONE, NULL);
}

/* The primary channel was closed. */
static void on_end(struct vmbus_channel *channel)
{
	epoll_ctl(channel->epoll, EPOLL_CTL_DEL, channel->fd, NULL);
	if (channel->open && channel->ops->closed)
		channel->ops->closed(channel, channel->context);
	unmap(channel);
}

static void control(struct vmbus_channel *channel)
{
	struct vmbusr_event event;
	ssize_t size;

	while ((size = read(channel->fd, &event, sizeof(event))) == sizeof(event)) {
		if (event.type == VMBUSR_OPEN)
			on_open(channel, &event);
		else if (event.type == VMBUSR_CLOSE)
			on_close(channel);
		else if (event.type == VMBUSR_RELEASED && channel->ops->released)
			channel->ops->released(channel, channel->context, event.gpadl);
	}
	if (!size)
		on_end(channel);
}

/* While packets are read the guest need not signal; afterwards it does, and is looked at again. */
static void rings(struct vmbus_channel *channel)
{
	uint32_t looks;

	if (channel->blocked && vmbus_out_ring_room(&channel->out)) {
		channel->blocked = false;
		if (channel->ops->writable)
			channel->ops->writable(channel, channel->context);
	}
	do {
		looks = channel->looks;
		vmbus_in_ring_mask(&channel->in);
		channel->ops->readable(channel, channel->context);
		if (!channel->open || channel->broken)
			return;
		if (vmbus_in_ring_commit(&channel->in))
			vmbus_signal(channel);
		/* who leaves packets there, or looks for none, is called again when more come */
		if (channel->in.read != channel->in.write || looks == channel->looks) {
			vmbus_in_ring_unmask(&channel->in);
			return;
		}
	} while (vmbus_in_ring_unmask(&channel->in));
}

/**
 * vmbus_process() - tell of what happened
 * @channel: the channel; its functions do not close it
 *
 * Return: 0.
 */
int vmbus_process(struct vmbus_channel *channel)
{
	uint64_t count;

	/* before the rings are looked at, lest a signal be lost */
	if (read(channel->signal, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	control(channel);
	if (channel->open && !channel->broken)
		rings(channel);
	return 0;
}

void vmbus_look_again(struct vmbus_channel *channel)
{
	/* it cannot be full: what is in it was never read then */
	eventfd_write(channel->signal, 1);
}

/**
 * vmbus_signal() - signal the guest
 * @channel: open
 *
 * Return: 0, -ENOTCONN.
 */
int vmbus_signal(struct vmbus_channel *channel)
{
	return vmbus_ioctl(channel->fd, VMBUSR_SIGNAL, NULL);
}

/**
 * vmbus_set_kick() - have an eventfd signal the guest
 * @channel: the channel
 * @eventfd: takes the place of the one before; may be closed afterwards; -1: none
 *
 * Return: 0, -EBADF, -EINVAL when it is no eventfd, -ENOMEM.
 */
int vmbus_set_kick(struct vmbus_channel *channel, int eventfd)
{
	struct vmbusr_kick kick = { .fd = eventfd };

	return vmbus_ioctl(channel->fd, VMBUSR_SET_KICK, &kick);
}
