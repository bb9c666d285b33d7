// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels of servers in the kernel: how they are offered, and how they end.
 *
 * A channel ends by its server's revoke, by its primary channel's, or with the bus descriptor,
 * whichever comes first: its worker stops, which closes it, and then the offer is revoked
 * (stop()).  What is left waits for the server's revoke.  The server's functions run in the worker
 * only, so none runs once that has stopped.
 */
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "vmbusr_internal.h"

struct vmbusr_bus *vmbusr_bus_get(int fd)
{
	struct vmbusr_bus *bus;
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	bus = bus_of(file);
	if (!bus)
		bus = ERR_PTR(-EBADF);
	else if (current->mm != bus->mm)
		bus = ERR_PTR(-EIO);
	else
		bus_get(bus);
	fput(file);
	return bus;
}
EXPORT_SYMBOL_GPL(vmbusr_bus_get);

void vmbusr_bus_put(struct vmbusr_bus *bus)
{
	bus_put(bus);
}
EXPORT_SYMBOL_GPL(vmbusr_bus_put);

/* ---- what the state machine asks for; bus->lock is held but in the first */

static void vsp_signalled(struct channel *base)
{
	vsp_request(to_kernel(base), REQUEST_SIGNAL);
}

static void vsp_open(struct channel *base)
{
	vsp_request(to_kernel(base), REQUEST_OPEN);
}

static void vsp_close(struct channel *base)
{
	vsp_request(to_kernel(base), REQUEST_CLOSE);
}

static void vsp_release(struct channel *base, struct vmbus_gpadl *gpadl)
{
	vsp_gpadl_wanted(to_kernel(base), gpadl);
}

/* Not with its primary: subchannels are stopped before that is revoked. */
static void vsp_gone(struct channel *base)
{
	WARN_ON_ONCE(1);
}

const struct channel_ops vsp_channel_ops = {
	.signalled = vsp_signalled,
	.open = vsp_open,
	.close = vsp_close,
	.release = vsp_release,
	.gone = vsp_gone,
};

/* ---- the end */

static void channel_free(struct kref *ref)
{
	struct vmbusr_channel *channel = container_of(ref, struct vmbusr_channel, ref);

	put_task_struct(channel->worker);
	module_put(channel->vsp->owner);
	kfree(channel);
}

static void channel_put(struct vmbusr_channel *channel)
{
	kref_put(&channel->ref, channel_free);
}

/*
 * A worker may wait for the process's user mode, which pins a page (userfaultfd, FUSE), and that
 * may be the process that is ending here: the signal ends such waits.
 */
static void stop_worker(struct vmbusr_channel *channel)
{
	WRITE_ONCE(channel->stopping, true);
	send_sig(SIGKILL, channel->worker, 1);
	kthread_stop(channel->worker);
}

/* Who comes second waits until it is done. */
static void stop(struct vmbusr_channel *channel)
{
	struct vmbusr_bus *bus = channel->base.bus;

	mutex_lock(&channel->stop_lock);
	if (channel->stopped)
		goto unlock;
	stop_worker(channel);
	mutex_lock(&bus->lock);
	list_del(&channel->node);
	channel_no_target(&channel->base);
	vmbus_channel_revoke(channel->base.proto);
	channel->base.proto = NULL;
	mutex_unlock(&bus->lock);
	cancel_delayed_work_sync(&channel->base.again);
	channel->stopped = true;
unlock:
	mutex_unlock(&channel->stop_lock);
}

static bool same_device(const struct vmbusr_channel *channel, const struct vmbus_offer_info *info)
{
	const struct vmbus_offer_info *offer = &channel->base.proto->offer;

	return !memcmp(offer->type, info->type, sizeof(offer->type)) &&
	       !memcmp(offer->instance, info->instance, sizeof(offer->instance));
}

static bool is_primary(const struct vmbusr_channel *channel)
{
	return !channel->base.proto->offer.subchannel;
}

/* A subchannel of it that was not stopped yet, counted; or NULL. */
static struct vmbusr_channel *next_subchannel(struct vmbusr_channel *primary)
{
	struct vmbusr_bus *bus = primary->base.bus;
	struct vmbusr_channel *channel, *found = NULL;

	mutex_lock(&bus->lock);
	primary->revoking = true;
	if (!primary->base.proto || !is_primary(primary))
		goto unlock;
	list_for_each_entry(channel, &bus->kernel_channels, node) {
		if (is_primary(channel) || !same_device(channel, &primary->base.proto->offer))
			continue;
		kref_get(&channel->ref);
		found = channel;
		break;
	}
unlock:
	mutex_unlock(&bus->lock);
	return found;
}

static void stop_all(struct vmbusr_channel *channel)
{
	struct vmbusr_channel *sub;

	while ((sub = next_subchannel(channel))) {
		stop(sub);
		channel_put(sub);
	}
	stop(channel);
}

void vmbusr_channel_revoke(struct vmbusr_channel *channel)
{
	struct vmbusr_bus *bus = channel->base.bus;

	if (WARN_ON_ONCE(current == channel->worker))
		return;
	stop_all(channel);
	channel_put(channel);
	bus_put(bus);
}
EXPORT_SYMBOL_GPL(vmbusr_channel_revoke);

/* One that was not stopped yet, counted; or NULL. */
static struct vmbusr_channel *next_channel(struct vmbusr_bus *bus)
{
	struct vmbusr_channel *channel;

	mutex_lock(&bus->lock);
	bus->leaving = true;
	channel = list_first_entry_or_null(&bus->kernel_channels, struct vmbusr_channel, node);
	if (channel)
		kref_get(&channel->ref);
	mutex_unlock(&bus->lock);
	return channel;
}

/**
 * vsp_revoke_all() - the bus descriptor was closed: no server in the kernel serves it any more
 * @bus: still counted
 */
void vsp_revoke_all(struct vmbusr_bus *bus)
{
	struct vmbusr_channel *channel;

	while ((channel = next_channel(bus))) {
		stop_all(channel);
		channel_put(channel);
	}
}

/* ---- offers */

/* 0, or why a channel may not be offered now. */
static int may_offer(struct vmbusr_bus *bus, const struct vmbus_offer_info *info,
		     const struct vsp_ops *ops)
{
	struct vmbusr_channel *channel;

	if (bus->leaving)
		return -ENODEV;
	if (!info->subchannel)
		return 0;
	list_for_each_entry(channel, &bus->kernel_channels, node)
		if (is_primary(channel) && same_device(channel, info))
			return channel->vsp == ops && !channel->revoking ? 0 : -ENOENT;
	return -ENOENT;
}

static int offer(struct vmbusr_channel *channel, const struct vmbus_offer_info *info)
{
	struct vmbusr_bus *bus = channel->base.bus;
	int err;

	mutex_lock(&bus->lock);
	err = may_offer(bus, info, channel->vsp);
	if (!err)
		err = vmbus_channel_offer(bus->server, info, &channel->base, &channel->base.proto);
	if (!err)
		list_add_tail(&channel->node, &bus->kernel_channels);
	mutex_unlock(&bus->lock);
	return err;
}

/* A thread that is accounted where the worker process is. */
static struct task_struct *worker_create(struct vmbusr_channel *channel)
{
	struct task_struct *worker = kthread_create(vsp_worker, channel, "vmbusr-%d",
						    current->tgid);
	int err;

	if (IS_ERR(worker))
		return worker;
	err = cgroup_attach_task_all(current, worker);
	if (err) {
		kthread_stop(worker);
		return ERR_PTR(err);
	}
	return get_task_struct(worker);
}

static struct vmbusr_channel *channel_new(struct vmbusr_bus *bus, const struct vsp_ops *ops,
					  void *context)
{
	struct vmbusr_channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL_ACCOUNT);

	if (!channel)
		return ERR_PTR(-ENOMEM);
	channel_init(&channel->base, bus, &vsp_channel_ops);
	kref_init(&channel->ref);
	channel->vsp = ops;
	channel->context = context;
	mutex_init(&channel->stop_lock);
	INIT_LIST_HEAD(&channel->maps);
	spin_lock_init(&channel->out_lock);
	channel->worker = worker_create(channel);
	if (IS_ERR(channel->worker)) {
		long err = PTR_ERR(channel->worker);

		kfree(channel);
		return ERR_PTR(err);
	}
	return channel;
}

struct vmbusr_channel *vmbusr_channel_offer(struct vmbusr_bus *bus,
					    const struct vmbus_offer_info *info,
					    const struct vsp_ops *ops, void *context)
{
	struct vmbusr_channel *channel;
	int err;

	if (!try_module_get(ops->owner))
		return ERR_PTR(-ENODEV);
	channel = channel_new(bus, ops, context);
	if (IS_ERR(channel)) {
		module_put(ops->owner);
		return channel;
	}
	/* from here on the guest may open it */
	err = offer(channel, info);
	if (err) {
		kthread_stop(channel->worker);
		channel_put(channel);
		return ERR_PTR(err);
	}
	bus_get(bus);
	wake_up_process(channel->worker);
	return channel;
}
EXPORT_SYMBOL_GPL(vmbusr_channel_offer);
