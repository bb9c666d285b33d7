// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels of user mode: the channel descriptor, and its events.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rs_compat.h"
#include "vmbusr_internal.h"

static struct user_channel *to_user(struct channel *channel)
{
	return container_of(channel, struct user_channel, base);
}

/* ---- signals */

static void user_signalled(struct channel *base)
{
	struct user_channel *channel = to_user(base);

	if (channel->signal)
		rs_eventfd_signal(channel->signal);
}

static long user_signal(void *object, void *argument)
{
	struct user_channel *channel = object;

	return channel_signal(&channel->base);
}

/* ---- events; bus->lock is held */

/**
 * user_notify() - there is something to read
 * @channel: whose
 * @pending: PENDING_* to add
 */
void user_notify(struct user_channel *channel, u32 pending)
{
	lockdep_assert_held(&channel->base.bus->lock);
	WRITE_ONCE(channel->pending, channel->pending | pending);
	wake_up_interruptible(&channel->readable);
}

static void user_open(struct channel *base)
{
	struct user_channel *channel = to_user(base);

	channel->open_read = false;
	channel->close_read = false;
	user_notify(channel, PENDING_OPEN);
}

static void user_close(struct channel *base)
{
	struct user_channel *channel = to_user(base);

	WRITE_ONCE(channel->pending, channel->pending & ~PENDING_RETARGET);
	user_notify(channel, PENDING_CLOSE);
}

static void user_retarget(struct channel *base)
{
	user_notify(to_user(base), PENDING_RETARGET);
}

static void user_gone(struct channel *base)
{
	struct user_channel *channel = to_user(base);

	user_put_all(channel);
	WRITE_ONCE(channel->pending, 0);
	WRITE_ONCE(channel->gone, true);
	wake_up_interruptible(&channel->readable);
}

static void user_release(struct channel *base, struct vmbus_gpadl *gpadl)
{
	struct user_channel *channel = to_user(base);

	user_gpadl_wanted(channel, gpadl);
	user_notify(channel, PENDING_RELEASED);
}

static const struct channel_ops user_channel_ops = {
	.signalled = user_signalled,
	.open = user_open,
	.close = user_close,
	.retarget = user_retarget,
	.release = user_release,
	.gone = user_gone,
};

static void open_event(struct user_channel *channel, struct vmbusr_event *event)
{
	const struct vmbus_channel *proto = channel->base.proto;

	event->type = VMBUSR_OPEN;
	event->ring_pages = (u32)proto->ring->words[0] >> PAGE_SHIFT;
	event->in_pages = proto->in_pages;
	memcpy(event->user_data, proto->user_data, sizeof(event->user_data));
	channel->open_read = true;
}

/* The event of the lowest pending bit; the bit is cleared when that was the last of its kind. */
static bool next_event(struct user_channel *channel, struct vmbusr_event *event)
{
	u32 bit = channel->pending & -channel->pending;

	memset(event, 0, sizeof(*event));
	if (!bit || !channel->base.proto)
		return false;
	event->target_vp = channel->base.proto->target_vp;
	switch (bit) {
	case PENDING_OPEN:
		open_event(channel, event);
		break;
	case PENDING_CLOSE:
		event->type = VMBUSR_CLOSE;
		channel->close_read = true;
		break;
	case PENDING_RETARGET:
		event->type = VMBUSR_RETARGET;
		break;
	default:
		if (user_released_event(channel, event))
			return true;	/* and there may be more */
	}
	WRITE_ONCE(channel->pending, channel->pending & ~bit);
	return event->type;
}

/* ---- the server's answers */

static long user_open_result(void *object, void *argument)
{
	const struct vmbusr_open_result *result = argument;
	struct user_channel *channel = object;
	long err = -EINVAL;

	if (result->mbz)
		return -EINVAL;
	mutex_lock(&channel->base.bus->lock);
	if (!channel->base.proto || !channel->open_read)
		goto unlock;
	err = result->status ? user_unpin_rings(channel) : 0;
	if (err)
		goto unlock;
	channel->open_read = false;
	channel_opened(&channel->base, result->status);
unlock:
	mutex_unlock(&channel->base.bus->lock);
	return err;
}

static long user_close_done(void *object, void *argument)
{
	struct user_channel *channel = object;
	long err = -EINVAL;

	mutex_lock(&channel->base.bus->lock);
	if (channel->base.proto && channel->close_read) {
		err = user_unpin_rings(channel);
		if (!err) {
			channel->close_read = false;
			vmbus_channel_closed(channel->base.proto);
		}
	}
	mutex_unlock(&channel->base.bus->lock);
	return err;
}

static long user_get_state(void *object, void *argument)
{
	struct vmbusr_channel_state *state = argument;
	struct user_channel *channel = object;

	mutex_lock(&channel->base.bus->lock);
	if (channel->base.proto) {
		state->relid = channel->base.proto->relid;
		state->target_vp = channel->base.proto->target_vp;
		state->open = channel->base.proto->state == VMBUS_OPEN;
	}
	mutex_unlock(&channel->base.bus->lock);
	state->signals_in = READ_ONCE(channel->base.signals_in);
	state->signals_out = atomic64_read(&channel->base.signals_out);
	return 0;
}

static const struct call user_calls[] = {
	{ VMBUSR_SIGNAL, user_signal },
	{ VMBUSR_SET_KICK, user_set_kick },
	{ VMBUSR_OPEN_RESULT, user_open_result },
	{ VMBUSR_CLOSE_DONE, user_close_done },
	{ VMBUSR_PIN_RINGS, user_pin_rings },
	{ VMBUSR_GET_GPADL, user_get_gpadl },
	{ VMBUSR_PUT_GPADL, user_put_gpadl },
	{ VMBUSR_GET_CHANNEL_STATE, user_get_state },
};

/* ---- the descriptor */

static long user_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct user_channel *channel = file->private_data;

	if (current->mm != channel->base.bus->mm)
		return -EIO;
	return vmbusr_dispatch(user_calls, ARRAY_SIZE(user_calls), channel, command, argument);
}

static bool take_event(struct user_channel *channel, struct vmbusr_event *event)
{
	bool any;

	mutex_lock(&channel->base.bus->lock);
	any = next_event(channel, event);
	mutex_unlock(&channel->base.bus->lock);
	return any;
}

static bool user_readable(struct user_channel *channel)
{
	return READ_ONCE(channel->pending) || READ_ONCE(channel->gone);
}

static ssize_t user_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct user_channel *channel = file->private_data;
	struct vmbusr_event event;

	if (size < sizeof(event))
		return -EINVAL;
	do {
		if (!user_readable(channel) && file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(channel->readable, user_readable(channel)))
			return -ERESTARTSYS;
		if (READ_ONCE(channel->gone))
			return 0;
	} while (!take_event(channel, &event));
	return copy_to_user(buffer, &event, sizeof(event)) ? -EFAULT : sizeof(event);
}

static __poll_t user_poll(struct file *file, poll_table *wait)
{
	struct user_channel *channel = file->private_data;

	poll_wait(file, &channel->readable, wait);
	if (READ_ONCE(channel->gone))
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return user_readable(channel) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void user_free(struct user_channel *channel)
{
	if (channel->signal)
		eventfd_ctx_put(channel->signal);
	kfree(channel);
}

/* Nothing is mapped any more: mappings hold the file. */
static int user_file_release(struct inode *inode, struct file *file)
{
	struct user_channel *channel = file->private_data;
	struct vmbusr_bus *bus = channel->base.bus;

	mutex_lock(&bus->lock);
	user_end_kick(channel);
	channel_no_target(&channel->base);
	WARN_ON_ONCE(user_unpin_rings(channel));
	if (channel->base.proto) {
		user_put_all(channel);
		vmbus_channel_revoke(channel->base.proto);
	}
	mutex_unlock(&bus->lock);
	cancel_delayed_work_sync(&channel->base.again);
	user_free(channel);
	bus_put(bus);
	return 0;
}

static const struct file_operations user_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = user_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = user_read,
	.poll = user_poll,
	.mmap = user_mmap,
	.release = user_file_release,
	.llseek = noop_llseek,
};

/* ---- offers */

static struct user_channel *user_new(struct vmbusr_bus *bus, int signal_fd)
{
	struct user_channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL_ACCOUNT);

	if (!channel)
		return ERR_PTR(-ENOMEM);
	if (signal_fd >= 0) {
		channel->signal = eventfd_ctx_fdget(signal_fd);
		if (IS_ERR(channel->signal)) {
			long err = PTR_ERR(channel->signal);

			kfree(channel);
			return ERR_PTR(err);
		}
	}
	channel_init(&channel->base, bus, &user_channel_ops);
	init_waitqueue_head(&channel->readable);
	INIT_LIST_HEAD(&channel->held);
	mutex_init(&channel->map_lock);
	return channel;
}

/* A named pipe says so in the first word of what its driver gets. */
static void fill_info(struct vmbus_offer_info *info, const struct vmbusr_offer *offer)
{
	memcpy(info->type, offer->type, sizeof(info->type));
	memcpy(info->instance, offer->instance, sizeof(info->instance));
	memcpy(info->user_data, offer->user_data, sizeof(info->user_data));
	info->subchannel = offer->subchannel;
	info->mmio_megabytes = offer->mmio_megabytes;
	info->flags = VMBUS_OFFER_ENUMERATE;
	if (offer->flags & VMBUSR_OFFER_NAMED_PIPE)
		info->flags |= VMBUS_OFFER_NAMED_PIPE;
	if (offer->flags & VMBUSR_OFFER_HVSOCK)
		info->flags |= VMBUS_OFFER_TLNPI;
}

/**
 * user_offer() - VMBUSR_OFFER
 * @object:   struct vmbusr_bus
 * @argument: struct vmbusr_offer
 *
 * Return: a descriptor, -EINVAL, -EBADF, -EEXIST, -ENOENT, -ENOSPC, -ENOMEM, -EMFILE.
 */
long user_offer(void *object, void *argument)
{
	const struct vmbusr_offer *offer = argument;
	struct vmbus_offer_info info = {};
	struct vmbusr_bus *bus = object;
	struct user_channel *channel;
	struct file *file;
	int fd, err;

	if (offer->flags & ~VMBUSR_OFFER_VALID || offer->mbz || offer->signal_fd < -1)
		return -EINVAL;
	channel = user_new(bus, offer->signal_fd);
	if (IS_ERR(channel))
		return PTR_ERR(channel);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		user_free(channel);
		return fd;
	}
	file = anon_inode_getfile("vmbusr-channel", &user_fops, channel, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		user_free(channel);
		return PTR_ERR(file);
	}
	bus_get(bus);
	fill_info(&info, offer);
	mutex_lock(&bus->lock);
	err = vmbus_channel_offer(bus->server, &info, &channel->base, &channel->base.proto);
	mutex_unlock(&bus->lock);
	if (err) {
		put_unused_fd(fd);
		fput(file);	/* and all that it holds */
		return err;
	}
	fd_install(fd, file);
	return fd;
}
