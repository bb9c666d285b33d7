// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports of user mode: descriptors for what a guest posts and signals (VID_CREATE_PORT), and the
 * other way: messages and events for the guest.
 *
 * The guest's side runs under RCU in a VP's thread and does not sleep; readers exclude each
 * other by read_lock, and the guest by lock.
 */
#include <linux/anon_inodes.h>
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "vid_internal.h"

struct vid_port {
	struct vid_partition *partition;	/* [c] */
	u32 connection;				/* [c] */
	u32 limit;				/* [c] messages, or flags */
	wait_queue_head_t readable;
	struct mutex read_lock;			/* one reader at a time */
	spinlock_t lock;			/* the ring: the guest's side and the reader */
	struct hv_message *messages;		/* [lock] a ring of limit; NULL: events */
	u32 first;				/* [lock] of the ring */
	u32 count;				/* [lock] in it */
	DECLARE_BITMAP(flags, HV_EVENT_FLAGS_COUNT);	/* atomic */
};

/* ---- the guest's side */

static u16 vid_port_message(void *context, const struct hv_message *message)
{
	struct vid_port *port = context;
	u16 status = HV_STATUS_INSUFFICIENT_BUFFERS;

	spin_lock(&port->lock);
	if (port->count < port->limit) {
		port->messages[(port->first + port->count) % port->limit] = *message;
		port->count++;
		status = HV_STATUS_SUCCESS;
	}
	spin_unlock(&port->lock);
	if (!status)
		wake_up_interruptible(&port->readable);
	return status;
}

static u16 vid_port_event(void *context, u16 flag)
{
	struct vid_port *port = context;

	if (flag >= port->limit)
		return HV_STATUS_INVALID_PARAMETER;
	if (!test_and_set_bit(flag, port->flags))
		wake_up_interruptible(&port->readable);
	return HV_STATUS_SUCCESS;
}

static const struct rs_port_ops vid_message_ops = { .message = vid_port_message };
static const struct rs_port_ops vid_event_ops = { .event = vid_port_event };

/* ---- the reader's side */

static bool vid_port_readable(struct vid_port *port)
{
	return port->messages ? READ_ONCE(port->count) :
				!bitmap_empty(port->flags, port->limit);
}

/* It stays in the ring until it has reached the reader. */
static ssize_t vid_port_read_message(struct vid_port *port, char __user *buffer)
{
	struct hv_message message;

	spin_lock(&port->lock);
	message = port->messages[port->first];
	spin_unlock(&port->lock);
	if (copy_to_user(buffer, &message, sizeof(message)))
		return -EFAULT;
	spin_lock(&port->lock);
	port->first = (port->first + 1) % port->limit;
	port->count--;
	spin_unlock(&port->lock);
	return sizeof(message);
}

static ssize_t vid_port_read_flags(struct vid_port *port, char __user *buffer)
{
	unsigned long words[HV_EVENT_FLAGS_COUNT / BITS_PER_LONG];
	unsigned int i, bit, count = BITS_TO_LONGS(port->limit);

	for (i = 0; i < count; i++)
		words[i] = xchg(&port->flags[i], 0);
	if (!copy_to_user(buffer, words, count * sizeof(*words)))
		return count * sizeof(*words);
	for_each_set_bit(bit, words, count * BITS_PER_LONG)
		set_bit(bit, port->flags);
	return -EFAULT;
}

static size_t vid_port_unit(const struct vid_port *port)
{
	return port->messages ? sizeof(struct hv_message) :
				BITS_TO_LONGS(port->limit) * sizeof(long);
}

static ssize_t vid_port_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct vid_port *port = file->private_data;
	ssize_t result = -EAGAIN;

	if (size < vid_port_unit(port))
		return -EINVAL;
	while (result == -EAGAIN) {
		if (!vid_port_readable(port) && file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(port->readable, vid_port_readable(port)))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&port->read_lock))
			return -ERESTARTSYS;
		if (vid_port_readable(port))	/* else another reader was quicker */
			result = port->messages ? vid_port_read_message(port, buffer) :
						  vid_port_read_flags(port, buffer);
		mutex_unlock(&port->read_lock);
	}
	return result;
}

static __poll_t vid_port_poll(struct file *file, poll_table *wait)
{
	struct vid_port *port = file->private_data;

	poll_wait(file, &port->readable, wait);
	return vid_port_readable(port) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void vid_port_free(struct vid_port *port)
{
	kvfree(port->messages);
	kfree(port);
}

static int vid_port_release(struct inode *inode, struct file *file)
{
	struct vid_port *port = file->private_data;
	struct vid_partition *partition = port->partition;

	rs_port_disconnect(partition->core, port->connection);
	vid_port_free(port);
	vid_partition_put(partition);
	return 0;
}

static const struct file_operations vid_port_fops = {
	.owner = THIS_MODULE,
	.read = vid_port_read,
	.poll = vid_port_poll,
	.release = vid_port_release,
	.llseek = noop_llseek,
};

/* ---- its making */

static bool vid_port_valid(const struct vid_create_port *create)
{
	u32 most = create->type == VID_PORT_MESSAGE ? VID_PORT_MESSAGES_MAX :
						      HV_EVENT_FLAGS_COUNT;

	return !create->mbz && create->type <= VID_PORT_EVENT && create->limit &&
	       create->limit <= most;
}

static struct vid_port *vid_port_new(struct vid_partition *partition,
				     const struct vid_create_port *create)
{
	struct vid_port *port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);

	if (!port)
		return NULL;
	port->partition = partition;
	port->connection = create->connection_id;
	port->limit = create->limit;
	init_waitqueue_head(&port->readable);
	mutex_init(&port->read_lock);
	spin_lock_init(&port->lock);
	if (create->type == VID_PORT_EVENT)
		return port;
	port->messages = kvcalloc(create->limit, sizeof(*port->messages), GFP_KERNEL_ACCOUNT);
	if (port->messages)
		return port;
	kfree(port);
	return NULL;
}

/* From the last step on others may use, and close, it. */
static long vid_port_publish(struct vid_port *port)
{
	struct rs_partition *core = port->partition->core;
	long fd = rs_port_connect(core, port->connection,
				  port->messages ? &vid_message_ops : &vid_event_ops, port);

	if (fd)
		return fd;
	vid_partition_get(port->partition);
	fd = anon_inode_getfd("vid-port", &vid_port_fops, port, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	rs_port_disconnect(core, port->connection);
	vid_partition_put(port->partition);
	return fd;
}

/**
 * vid_create_port() - VID_CREATE_PORT
 * @partition: struct vid_partition
 * @argument:  struct vid_create_port
 *
 * Return: a descriptor, -EINVAL, -EEXIST, -ENOMEM, -EMFILE, -ENFILE.
 */
long vid_create_port(void *partition, void *argument)
{
	const struct vid_create_port *create = argument;
	struct vid_port *port;
	long fd;

	if (!vid_port_valid(create))
		return -EINVAL;
	port = vid_port_new(partition, create);
	if (!port)
		return -ENOMEM;
	fd = vid_port_publish(port);
	if (fd < 0)
		vid_port_free(port);
	return fd;
}

/* ---- to the guest */

/**
 * vid_post_message() - VID_POST_MESSAGE
 * @partition: struct vid_partition
 * @argument:  struct vid_post_message
 *
 * Return: 0, -ENOENT, -EINVAL, -ENOMEM, -EAGAIN.
 */
long vid_post_message(void *partition, void *argument)
{
	const struct vid_post_message *post = argument;
	struct rs_vp *vp = rs_vp_lookup(((struct vid_partition *)partition)->core,
					post->vp_index);

	if (memchr_inv(post->message.header.reserved, 0, sizeof(post->message.header.reserved)))
		return -EINVAL;
	return vp ? rs_post_message(vp, post->sint, &post->message) : -ENOENT;
}

/**
 * vid_signal_event() - VID_SIGNAL_EVENT
 * @partition: struct vid_partition
 * @argument:  struct vid_signal_event
 *
 * Return: 0, -ENOENT, -EINVAL.
 */
long vid_signal_event(void *partition, void *argument)
{
	const struct vid_signal_event *signal = argument;
	struct rs_vp *vp = rs_vp_lookup(((struct vid_partition *)partition)->core,
					signal->vp_index);

	if (signal->mbz)
		return -EINVAL;
	return vp ? rs_signal_event(vp, signal->sint, signal->flag) : -ENOENT;
}
