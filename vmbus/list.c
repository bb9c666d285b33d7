// SPDX-License-Identifier: GPL-2.0-only
/*
 * The channels of a bus, for who wants to see them: VMBUSR_GET_CHANNEL, and a file in debugfs,
 * partition-N/vmbus, with a line for each:
 *
 *	RELID TYPE INSTANCE SUBCHANNEL user|kernel open|closed NAME=VALUE...
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/uuid.h>

#include "vmbusr_internal.h"

void vmbusr_counters(struct vmbusr_channel *channel, struct vmbusr_counters *counters)
{
	counters->signals_in = READ_ONCE(channel->base.signals_in);
	counters->signals_out = atomic64_read(&channel->base.signals_out);
	counters->packets_in = READ_ONCE(channel->packets_in);
	counters->packets_out = READ_ONCE(channel->packets_out);
	counters->wakeups = READ_ONCE(channel->wakeups);
	counters->full = READ_ONCE(channel->full_count);
	counters->broken = READ_ONCE(channel->broken);
}
EXPORT_SYMBOL_GPL(vmbusr_counters);

static void get_counters(struct channel *channel, struct vmbusr_channel_info *info)
{
	struct vmbusr_counters counters = {
		.signals_in = READ_ONCE(channel->signals_in),
		.signals_out = atomic64_read(&channel->signals_out),
	};

	if (channel->ops == &vsp_channel_ops) {
		info->flags |= VMBUSR_CHANNEL_KERNEL;
		vmbusr_counters(to_kernel(channel), &counters);
	}
	info->signals_in = counters.signals_in;
	info->signals_out = counters.signals_out;
	info->packets_in = counters.packets_in;
	info->packets_out = counters.packets_out;
	info->wakeups = counters.wakeups;
	info->full = counters.full;
	info->broken = counters.broken;
}

static void get_info(const struct vmbus_channel *proto, struct vmbusr_channel_info *info)
{
	memset(info, 0, sizeof(*info));
	memcpy(info->type, proto->offer.type, sizeof(info->type));
	memcpy(info->instance, proto->offer.instance, sizeof(info->instance));
	info->subchannel = proto->offer.subchannel;
	info->relid = proto->relid;
	info->target_vp = proto->target_vp;
	info->flags = proto->state == VMBUS_OPEN ? VMBUSR_CHANNEL_OPEN : 0;
	get_counters(proto->owner, info);
}

/* The @index-th that is offered; bus->lock is held. */
static const struct vmbus_channel *nth(const struct vmbusr_bus *bus, u32 index)
{
	const struct vmbus_channel *proto;

	for (proto = bus->server->channels; proto; proto = proto->next)
		if (proto->owner && !index--)
			break;
	return proto;
}

/**
 * bus_get_channel() - VMBUSR_GET_CHANNEL
 * @object:   struct vmbusr_bus
 * @argument: struct vmbusr_channel_info
 *
 * Return: 0, -ENOENT.
 */
long bus_get_channel(void *object, void *argument)
{
	struct vmbusr_channel_info *info = argument;
	struct vmbusr_bus *bus = object;
	const struct vmbus_channel *proto;
	u32 index = info->index;

	mutex_lock(&bus->lock);
	proto = nth(bus, index);
	if (proto)
		get_info(proto, info);
	mutex_unlock(&bus->lock);
	info->index = index;
	return proto ? 0 : -ENOENT;
}

static void show_channel(struct seq_file *file, const struct vmbusr_channel_info *info)
{
	seq_printf(file, "%u %pUl %pUl %u %s %s", info->relid, info->type, info->instance,
		   info->subchannel, info->flags & VMBUSR_CHANNEL_KERNEL ? "kernel" : "user",
		   info->flags & VMBUSR_CHANNEL_OPEN ? "open" : "closed");
	seq_printf(file, " signals_in=%llu signals_out=%llu packets_in=%llu packets_out=%llu",
		   info->signals_in, info->signals_out, info->packets_in, info->packets_out);
	seq_printf(file, " wakeups=%llu full=%llu broken=%llu\n", info->wakeups, info->full,
		   info->broken);
}

static int vmbus_show(struct seq_file *file, void *unused)
{
	struct vmbusr_bus *bus = file->private;
	const struct vmbus_channel *proto;
	struct vmbusr_channel_info info;

	mutex_lock(&bus->lock);
	for (proto = bus->server->channels; proto; proto = proto->next) {
		if (!proto->owner)
			continue;
		get_info(proto, &info);
		show_channel(file, &info);
	}
	mutex_unlock(&bus->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vmbus);

/**
 * bus_show() - show a bus in debugfs
 * @bus: complete
 */
void bus_show(struct vmbusr_bus *bus)
{
	bus->debugfs = debugfs_create_file("vmbus", 0400, rs_partition_debugfs(bus->core), bus,
					   &vmbus_fops);
}

/**
 * bus_hide() - show it no more
 * @bus: its lock is not held: waits for those who read
 */
void bus_hide(struct vmbusr_bus *bus)
{
	debugfs_remove(bus->debugfs);
}
