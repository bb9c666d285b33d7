// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all channels have in common, whoever serves them: the guest's signals, ours, and which
 * server hears of what.
 *
 * A signal takes no lock: the guest's runs under RCU in a VP's thread, ours reads one word that
 * says whom to signal.
 */
#include "vmbusr_internal.h"

/* Guests may lose the signals that come before they know that a channel is open. */
#define SIGNAL_AGAIN	(HZ / 10)

/* Bits of channel.target, besides VP << 32 and flag. */
#define TARGET_VALID	(1ull << 31)

static u16 channel_event(void *context, u16 flag)
{
	struct channel *channel = context;

	/* not exact: VPs may signal at once */
	WRITE_ONCE(channel->signals_in, channel->signals_in + 1);
	channel->ops->signalled(channel);
	return HV_STATUS_SUCCESS;
}

static const struct rs_port_ops channel_port_ops = { .event = channel_event };

static void set_target(struct channel *channel, const struct vmbus_channel *proto)
{
	WRITE_ONCE(channel->target, (u64)proto->target_vp << 32 | TARGET_VALID |
		   proto->event_flag);
}

/**
 * channel_signal() - signal the guest
 * @channel: the channel
 *
 * Context: any.
 *
 * Return: 0, also where the guest wants no signals; -ENOTCONN: it is not open; errors of
 * rs_signal_event().
 */
int channel_signal(struct channel *channel)
{
	u64 target = READ_ONCE(channel->target);
	struct rs_vp *vp;

	if (!(target & TARGET_VALID))
		return -ENOTCONN;
	vp = rs_vp_lookup(channel->bus->core, target >> 32);
	if (!vp)
		return 0;		/* the guest wants none */
	atomic64_inc(&channel->signals_out);
	return rs_signal_event(vp, VMBUS_SINT, target & 0xffff);
}

/**
 * channel_no_target() - signal the guest no more
 * @channel: the channel
 */
void channel_no_target(struct channel *channel)
{
	WRITE_ONCE(channel->target, 0);
}

static void signal_again(struct work_struct *work)
{
	channel_signal(container_of(to_delayed_work(work), struct channel, again));
}

/**
 * channel_init() - the common part of a channel
 * @channel: zeroed
 * @bus:     its bus; not counted here
 * @ops:     who serves it
 */
void channel_init(struct channel *channel, struct vmbusr_bus *bus, const struct channel_ops *ops)
{
	channel->bus = bus;
	channel->ops = ops;
	INIT_DELAYED_WORK(&channel->again, signal_again);
}

/**
 * channel_opened() - answer the guest's open
 * @channel: asked by ops->open
 * @status:  0, or an NTSTATUS: its rings are not used any more
 *
 * A guest that is told of success is signalled once more, a moment later: Linux's storvsc drops the
 * signals that come before it knows.
 */
void channel_opened(struct channel *channel, u32 status)
{
	lockdep_assert_held(&channel->bus->lock);
	if (status)
		channel_no_target(channel);
	vmbus_channel_opened(channel->proto, status);
	if (!status)
		mod_delayed_work(vmbusr_workqueue, &channel->again, SIGNAL_AGAIN);
}

/* ---- ops of the server; bus->lock is held */

int channel_connect(struct vmbus_channel *proto)
{
	struct channel *channel = proto->owner;

	return rs_port_connect(channel->bus->core, proto->connection, &channel_port_ops, channel);
}

void channel_disconnect(struct vmbus_channel *proto)
{
	struct channel *channel = proto->owner;

	rs_port_disconnect(channel->bus->core, proto->connection);
}

void channel_open(struct vmbus_channel *proto)
{
	struct channel *channel = proto->owner;

	set_target(channel, proto);
	channel->ops->open(channel);
}

void channel_close(struct vmbus_channel *proto)
{
	struct channel *channel = proto->owner;

	channel_no_target(channel);
	channel->ops->close(channel);
}

void channel_retarget(struct vmbus_channel *proto)
{
	struct channel *channel = proto->owner;

	set_target(channel, proto);
	if (channel->ops->retarget)
		channel->ops->retarget(channel);
}

void channel_release(struct vmbus_gpadl *gpadl)
{
	struct channel *channel = gpadl->channel->owner;

	channel->ops->release(channel, gpadl);
}

/* Its primary was revoked: what the server still does with it fails. */
void channel_gone(struct vmbus_channel *proto)
{
	struct channel *channel = proto->owner;

	channel_no_target(channel);
	channel->ops->gone(channel);
	channel->proto = NULL;
}
