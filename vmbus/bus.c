// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bus: the server of one partition, the ports by which its guest reaches it, and the bus
 * descriptor.
 *
 * The guest's messages are copied into a fifo under RCU, in a VP's thread; a work item acts on
 * them.  While messages of ours wait for the guest it stops, the fifo fills, and HvPostMessage
 * answers INSUFFICIENT_BUFFERS, upon which guests try again.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "vid_export.h"
#include "vmbusr_internal.h"

static const u32 connections[BUS_PORTS] = {
	VMBUS_MESSAGE_CONNECTION, VMBUS_MESSAGE_CONNECTION_4,
};

/* ---- what the server does to the world; bus->lock is held */

static void *op_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL_ACCOUNT);
}

static void op_free(void *memory)
{
	kvfree(memory);
}

static int op_post(void *context, u32 vp_index, u32 sint, const void *bytes, u32 size)
{
	struct vmbusr_bus *bus = context;
	struct rs_vp *vp = rs_vp_lookup(bus->core, vp_index);
	struct hv_message message = { .header = {
		.message_type = VMBUS_MESSAGE_TYPE, .payload_size = size,
	} };

	if (!vp)
		return -ENOENT;
	memcpy(message.bytes, bytes, size);
	return rs_post_message(vp, sint, &message);
}

static bool op_vp_exists(void *context, u32 vp)
{
	return rs_vp_lookup(((struct vmbusr_bus *)context)->core, vp);
}

/* False: nobody will read it. */
static bool push_event(struct vmbusr_bus *bus, const struct vmbusr_bus_event *event)
{
	lockdep_assert_held(&bus->lock);
	if (bus->closed || bus->event_count == BUS_EVENTS)
		return false;
	bus->events[(bus->event_first + bus->event_count) % BUS_EVENTS] = *event;
	WRITE_ONCE(bus->event_count, bus->event_count + 1);
	wake_up_interruptible(&bus->readable);
	return true;
}

static void op_connected(void *context, u32 version, u32 features)
{
	const struct vmbusr_bus_event event = {
		.type = version ? VMBUSR_BUS_CONNECTED : VMBUSR_BUS_DISCONNECTED,
		.protocol = version, .features = features,
	};
	struct vmbusr_bus *bus = context;

	if (!push_event(bus, &event))
		bus->event_lost = true;
}

static void op_tl_connect(void *context, const u8 *service, const u8 *endpoint)
{
	struct vmbusr_bus_event event = { .type = VMBUSR_BUS_TL_CONNECT };
	struct vmbusr_bus *bus = context;

	memcpy(event.service, service, sizeof(event.service));
	memcpy(event.endpoint, endpoint, sizeof(event.endpoint));
	if (!push_event(bus, &event))
		vmbus_server_tl_result(bus->server, service, endpoint,
				       VMBUS_STATUS_CONNECTION_REFUSED);
}

static void op_reset_done(void *context)
{
}

static const struct vmbus_server_ops bus_ops = {
	.alloc = op_alloc,
	.free = op_free,
	.post = op_post,
	.vp_exists = op_vp_exists,
	.connect = channel_connect,
	.disconnect = channel_disconnect,
	.open = channel_open,
	.close = channel_close,
	.retarget = channel_retarget,
	.release = channel_release,
	.gone = channel_gone,
	.connected = op_connected,
	.tl_connect = op_tl_connect,
	.reset_done = op_reset_done,
};

/* ---- the guest's side */

static u16 bus_message(void *context, const struct hv_message *message)
{
	struct vmbusr_bus *bus = context;
	u16 status = HV_STATUS_INSUFFICIENT_BUFFERS;

	if (message->header.message_type != VMBUS_MESSAGE_TYPE)
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&bus->fifo_lock);
	if (bus->fifo_count < BUS_FIFO) {
		bus->fifo[(bus->fifo_first + bus->fifo_count) % BUS_FIFO] = *message;
		bus->fifo_count++;
		status = HV_STATUS_SUCCESS;
	}
	spin_unlock(&bus->fifo_lock);
	queue_work(vmbusr_workqueue, &bus->work);
	return status;
}

static const struct rs_port_ops bus_port_ops = { .message = bus_message };

static void bus_drained(struct rs_outbox_watch *watch)
{
	queue_work(vmbusr_workqueue, &container_of(watch, struct vmbusr_bus, watch)->work);
}

static bool pop(struct vmbusr_bus *bus, struct hv_message *message)
{
	bool any;

	spin_lock(&bus->fifo_lock);
	any = bus->fifo_count;
	if (any) {
		*message = bus->fifo[bus->fifo_first];
		bus->fifo_first = (bus->fifo_first + 1) % BUS_FIFO;
		bus->fifo_count--;
	}
	spin_unlock(&bus->fifo_lock);
	return any;
}

static void receive(struct vmbusr_bus *bus, const struct hv_message *message)
{
	int err = vmbus_server_receive(bus->server, message->payload,
				       message->header.payload_size);

	if (err)
		pr_notice_ratelimited("a guest's message of type %u was refused (%d)\n",
				      (u32)message->payload[0], err);
}

static void bus_work(struct work_struct *work)
{
	struct vmbusr_bus *bus = container_of(work, struct vmbusr_bus, work);
	struct hv_message message;

	mutex_lock(&bus->lock);
	vmbus_server_flush(bus->server);
	while (!bus->closed && !vmbus_server_blocked(bus->server) && pop(bus, &message)) {
		receive(bus, &message);
		cond_resched();
	}
	mutex_unlock(&bus->lock);
}

/* ---- lifetime */

static void disconnect_ports(struct vmbusr_bus *bus, unsigned int count)
{
	while (count)
		rs_port_disconnect(bus->core, connections[--count]);
}

static int connect_ports(struct vmbusr_bus *bus)
{
	unsigned int i;
	int err;

	for (i = 0; i < BUS_PORTS; i++) {
		err = rs_port_connect(bus->core, connections[i], &bus_port_ops, bus);
		if (err) {
			disconnect_ports(bus, i);
			return err;
		}
	}
	return 0;
}

static void bus_free(struct kref *ref)
{
	struct vmbusr_bus *bus = container_of(ref, struct vmbusr_bus, ref);

	bus_hide(bus);
	disconnect_ports(bus, BUS_PORTS);
	rs_outbox_unwatch(bus->core);
	cancel_work_sync(&bus->work);
	mutex_lock(&bus->lock);
	vmbus_server_destroy(bus->server);
	mutex_unlock(&bus->lock);
	kvfree(bus->server);
	rs_partition_put(bus->core);
	mmdrop(bus->mm);
	kvfree(bus);
}

void bus_get(struct vmbusr_bus *bus)
{
	kref_get(&bus->ref);
}

void bus_put(struct vmbusr_bus *bus)
{
	kref_put(&bus->ref, bus_free);
}

/* ---- the bus descriptor */

static long bus_tl_result(void *object, void *argument)
{
	const struct vmbusr_tl_result *result = argument;
	struct vmbusr_bus *bus = object;

	if (result->mbz || !result->status)
		return -EINVAL;
	mutex_lock(&bus->lock);
	vmbus_server_tl_result(bus->server, result->service, result->endpoint, result->status);
	mutex_unlock(&bus->lock);
	return 0;
}

static long bus_get_state(void *object, void *argument)
{
	struct vmbusr_state *state = argument;
	struct vmbusr_bus *bus = object;
	const struct vmbus_server *server = bus->server;
	const struct vmbus_channel *channel;

	mutex_lock(&bus->lock);
	state->protocol = server->version;
	state->features = server->features;
	for (channel = server->channels; channel; channel = channel->next) {
		state->offers += channel->state != VMBUS_REVOKED;
		state->open += channel->state == VMBUS_OPEN;
	}
	state->gpadls = server->gpadl_count;
	state->gpadl_bytes = server->gpadl_bytes;
	state->messages_in = server->counters.messages_in;
	state->messages_out = server->counters.messages_out;
	state->messages_refused = server->counters.refused;
	mutex_unlock(&bus->lock);
	return 0;
}

static const struct call bus_calls[] = {
	{ VMBUSR_OFFER, user_offer },
	{ VMBUSR_TL_RESULT, bus_tl_result },
	{ VMBUSR_GET_STATE, bus_get_state },
	{ VMBUSR_GET_CHANNEL, bus_get_channel },
};

static long bus_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct vmbusr_bus *bus = file->private_data;

	if (current->mm != bus->mm)
		return -EIO;
	return vmbusr_dispatch(bus_calls, ARRAY_SIZE(bus_calls), bus, command, argument);
}

static bool bus_readable(struct vmbusr_bus *bus)
{
	return READ_ONCE(bus->event_count);
}

/* False: another reader was quicker. */
static bool take_event(struct vmbusr_bus *bus, struct vmbusr_bus_event *event)
{
	bool any;

	mutex_lock(&bus->lock);
	any = bus->event_count;
	if (any) {
		*event = bus->events[bus->event_first];
		bus->event_first = (bus->event_first + 1) % BUS_EVENTS;
		WRITE_ONCE(bus->event_count, bus->event_count - 1);
	}
	if (any && bus->event_lost) {
		const struct vmbusr_bus_event lost = { .type = VMBUSR_BUS_LOST };

		bus->event_lost = false;
		push_event(bus, &lost);
	}
	mutex_unlock(&bus->lock);
	return any;
}

static ssize_t bus_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct vmbusr_bus *bus = file->private_data;
	struct vmbusr_bus_event event;

	if (size < sizeof(event))
		return -EINVAL;
	do {
		if (!bus_readable(bus) && file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(bus->readable, bus_readable(bus)))
			return -ERESTARTSYS;
	} while (!take_event(bus, &event));
	return copy_to_user(buffer, &event, sizeof(event)) ? -EFAULT : sizeof(event);
}

static __poll_t bus_poll(struct file *file, poll_table *wait)
{
	struct vmbusr_bus *bus = file->private_data;

	poll_wait(file, &bus->readable, wait);
	return bus_readable(bus) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int bus_release(struct inode *inode, struct file *file)
{
	struct vmbusr_bus *bus = file->private_data;

	vsp_revoke_all(bus);
	bus_put(bus);
	return 0;
}

static const struct file_operations bus_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bus_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = bus_read,
	.poll = bus_poll,
	.release = bus_release,
	.llseek = noop_llseek,
};

/**
 * bus_of() - the bus behind a descriptor
 * @file: any
 *
 * Return: the bus, which the file holds; or NULL.
 */
struct vmbusr_bus *bus_of(struct file *file)
{
	return file->f_op == &bus_fops ? file->private_data : NULL;
}

static struct vmbusr_bus *bus_new(u32 protocol)
{
	struct vmbusr_bus *bus = kvzalloc(sizeof(*bus), GFP_KERNEL_ACCOUNT);

	if (!bus)
		return NULL;
	bus->server = kvzalloc(sizeof(*bus->server), GFP_KERNEL_ACCOUNT);
	if (!bus->server) {
		kvfree(bus);
		return NULL;
	}
	kref_init(&bus->ref);
	mutex_init(&bus->lock);
	spin_lock_init(&bus->fifo_lock);
	init_waitqueue_head(&bus->readable);
	INIT_LIST_HEAD(&bus->kernel_channels);
	INIT_WORK(&bus->work, bus_work);
	bus->watch.drained = bus_drained;
	vmbus_server_init(bus->server, &bus_ops, bus, protocol ?: VMBUS_VERSION_5_3);
	/* older guests share a page of interrupt bits with us, which is not written yet */
	bus->server->min_version = VMBUS_VERSION_2_4;
	return bus;
}

/* The last step lets the guest in. */
static int bus_start(struct vmbusr_bus *bus)
{
	int err = rs_outbox_watch(bus->core, &bus->watch);

	if (err)
		return -EEXIST;
	err = connect_ports(bus);
	if (err)
		rs_outbox_unwatch(bus->core);
	return err;
}

/**
 * bus_create() - VMBUSR_CREATE_BUS
 * @device:   ignored
 * @argument: struct vmbusr_create_bus
 *
 * Return: a descriptor, -EINVAL, -EBADF, -EIO, -EEXIST, -ENOMEM, -EMFILE.
 */
long bus_create(void *device, void *argument)
{
	const struct vmbusr_create_bus *create = argument;
	struct vmbusr_bus *bus;
	long fd;

	if (memchr_inv(create->mbz, 0, sizeof(create->mbz)) ||
	    (create->protocol && (create->protocol < VMBUS_VERSION_2_4 ||
				  create->protocol > VMBUS_VERSION_6_0)))
		return -EINVAL;
	bus = bus_new(create->protocol);
	if (!bus)
		return -ENOMEM;
	bus->core = vid_get_partition(create->partition);
	if (IS_ERR(bus->core)) {
		fd = PTR_ERR(bus->core);
		goto free;
	}
	fd = bus_start(bus);
	if (fd)
		goto put_core;
	bus->mm = current->mm;
	mmgrab(bus->mm);
	bus_show(bus);
	/* the last step: from here on others may use it */
	fd = anon_inode_getfd("vmbusr-bus", &bus_fops, bus, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bus_put(bus);
	return fd;

put_core:
	rs_partition_put(bus->core);
free:
	kvfree(bus->server);
	kvfree(bus);
	return fd;
}
