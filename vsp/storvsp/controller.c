// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controllers: their channels, and the packets that come by them.
 *
 * Each channel has its worker (see vmbusr_export.h), which runs all of vsp_ops.  Closing the
 * primary channel takes the subchannels away: the guest asks for them again when it has opened it
 * anew.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "storvsp_internal.h"

static const guid_t scsi_type =
	GUID_INIT(0xba6163d9, 0x04a1, 0x4d29, 0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f);
static const guid_t ide_type =
	GUID_INIT(0x32412632, 0x86cb, 0x44a2, 0x9b, 0x5c, 0x50, 0xd1, 0x41, 0x73, 0x54, 0xf5);

/* ---- channels that are offered */

static struct channel *channel_offer(struct controller *controller, u16 subchannel)
{
	struct vmbus_offer_info info = {
		.flags = VMBUS_OFFER_ENUMERATE, .subchannel = subchannel,
	};
	struct channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	struct vmbusr_channel *vmbus;

	if (!channel)
		return ERR_PTR(-ENOMEM);
	channel->controller = controller;
	channel->primary = !subchannel;
	spin_lock_init(&channel->open_lock);
	init_llist_head(&channel->done);
	INIT_LIST_HEAD(&channel->unsent);
	init_waitqueue_head(&channel->idle);
	export_guid(info.type, controller->info.flags & STORVSP_IDE ? &ide_type : &scsi_type);
	memcpy(info.instance, controller->info.instance, sizeof(info.instance));
	vmbus = vmbusr_channel_offer(controller->bus, &info, &storvsp_channel_ops, channel);
	if (IS_ERR(vmbus)) {
		kfree(channel);
		return ERR_CAST(vmbus);
	}
	channel->vmbus = vmbus;		/* ops.open has set it already, if it was called */
	return channel;
}

/* A backend's last wake-up may still be looking at it. */
static void channel_revoke(struct channel *channel)
{
	vmbusr_channel_revoke(channel->vmbus);
	kfree_rcu(channel, rcu);
}

/* As many as there can be: the guest uses those that it sees. */
static void offer_subchannels(struct controller *controller, u32 count)
{
	struct channel *channel;

	mutex_lock(&controller->lock);
	while (!controller->closing && controller->channel_count < count) {
		channel = channel_offer(controller, controller->channel_count + 1);
		if (IS_ERR(channel))
			break;
		controller->channels[controller->channel_count++] = channel;
	}
	mutex_unlock(&controller->lock);
}

/* Their workers take no lock of the controller's, so they can be waited for under it. */
static void revoke_subchannels(struct controller *controller)
{
	mutex_lock(&controller->lock);
	while (controller->channel_count)
		channel_revoke(controller->channels[--controller->channel_count]);
	mutex_unlock(&controller->lock);
}

/* ---- open and close */

static int channel_open(struct vmbusr_channel *vmbus, void *context,
			const struct vmbusr_open *open)
{
	struct channel *channel = context;
	struct controller *controller = channel->controller;

	channel->vmbus = vmbus;
	channel->requests = 0;
	channel->stalled = false;
	if (channel->primary) {
		spin_lock(&controller->session_lock);
		storvsp_session_init(&controller->session, controller->info.channels,
				     controller->info.flags & STORVSP_IDE);
		controller->enumerate = false;
		spin_unlock(&controller->session_lock);
	}
	spin_lock(&channel->open_lock);
	channel->open = true;
	spin_unlock(&channel->open_lock);
	return 0;
}

static void finish_done(struct channel *channel)
{
	struct llist_node *done = llist_reverse_order(llist_del_all(&channel->done));
	struct request *r, *next;

	llist_for_each_entry_safe(r, next, done, node)
		request_finish(r);
}

static void drop_unsent(struct channel *channel)
{
	struct request *r, *next;

	list_for_each_entry_safe(r, next, &channel->unsent, link) {
		list_del(&r->link);
		request_free(r);
	}
}

static void channel_close(struct vmbusr_channel *vmbus, void *context)
{
	struct channel *channel = context;

	spin_lock(&channel->open_lock);
	channel->open = false;
	spin_unlock(&channel->open_lock);
	wait_event(channel->idle, !atomic_read(&channel->running));
	finish_done(channel);
	drop_unsent(channel);
	WARN_ON_ONCE(channel->requests);
	if (channel->primary)
		revoke_subchannels(channel->controller);
}

/* ---- packets */

/* The ranges of data; false: there are several, or more than a command may have. */
static bool take_ranges(struct channel *channel, const struct vmbus_in_packet *packet,
			struct request *r)
{
	return packet->type != VMBUS_PACKET_GPA_DIRECT ||
	       vmbusr_ranges(channel->vmbus, packet, r->words, REQUEST_WORDS, &r->range, 1) == 1;
}

/* What the guest wrote, and how much of it; what it did not write is zero. */
static u32 take_payload(struct channel *channel, const struct vmbus_in_packet *packet,
			struct request *r)
{
	u32 size = min_t(u32, packet->payload_size, sizeof(r->wire.packet));

	return vmbusr_copy(channel->vmbus, packet, 0, &r->wire.packet, size) ? 0 : size;
}

static void prepare_command(struct request *r)
{
	const struct srb *srb = &r->wire.packet.srb;
	struct scsi_command *c = &r->command;
	bool first = !srb->path && !srb->target;

	c->luns = first ? READ_ONCE(r->channel->controller->lun_mask) : 0;
	c->cdb_size = srb->cdb_length;
	memcpy(c->cdb, srb->cdb, srb->cdb_length);
	c->length = r->wire.length;
	r->lun = first ? lun_get(r->channel->controller, srb->lun) : NULL;
}

static void act(struct request *r, enum storvsp_action action)
{
	struct controller *controller = r->channel->controller;
	u32 channels = r->wire.channels;

	switch (action) {
	case STORVSP_EXECUTE:
		prepare_command(r);
		request_run(r);
		break;
	case STORVSP_RESET_LUNS:
		lun_reset(controller, r->wire.packet.srb.lun, r->wire.all_luns);
		request_send(r);
		break;
	case STORVSP_CREATE_CHANNELS:
		request_send(r);
		offer_subchannels(controller, channels);
		break;
	default:
		request_send(r);
	}
}

static enum storvsp_action receive(struct channel *channel, const struct vmbus_in_packet *packet,
				   struct request *r)
{
	struct controller *controller = channel->controller;
	bool ranges_valid = take_ranges(channel, packet, r);
	u32 size = take_payload(channel, packet, r);
	enum storvsp_action action;

	spin_lock(&controller->session_lock);
	action = storvsp_receive(&controller->session, size, ranges_valid ? r->range.bytes : 0,
				 channel->primary, &r->wire);
	r->answer_size = storvsp_packet_size(&controller->session);
	r->no_autosense = storvsp_no_autosense(&controller->session, &r->wire);
	spin_unlock(&controller->session_lock);
	atomic64_inc(&controller->packets);
	if (r->wire.packet.status)
		atomic64_inc(&controller->refused);
	return action;
}

static int channel_packet(struct vmbusr_channel *vmbus, void *context,
			  const struct vmbus_in_packet *packet)
{
	struct channel *channel = context;
	struct request *r;

	/* a guest has nothing else to say */
	if (packet->type != VMBUS_PACKET_INBAND && packet->type != VMBUS_PACKET_GPA_DIRECT) {
		atomic64_inc(&channel->controller->refused);
		return 0;
	}
	if (channel->requests == REQUESTS_MAX) {
		channel->stalled = true;
		return -EAGAIN;
	}
	r = kmem_cache_alloc(storvsp_requests, GFP_KERNEL | __GFP_NOFAIL);
	/* the larger part need not be cleared: pages and page numbers */
	memset(r, 0, offsetof(struct request, guest));
	r->channel = channel;
	channel->requests++;
	r->transaction = packet->transaction;
	r->wants_answer = packet->flags & VMBUS_PACKET_COMPLETION_REQUESTED;
	act(r, receive(channel, packet, r));
	return 0;
}

/* ---- what others want of the worker */

static void send_unsent(struct channel *channel)
{
	struct request *r, *next;
	LIST_HEAD(list);

	list_splice_init(&channel->unsent, &list);
	list_for_each_entry_safe(r, next, &list, link) {
		list_del(&r->link);
		request_send(r);
	}
}

static void send_enumerate(struct channel *channel)
{
	const struct storvsp_packet packet = { .operation = STORVSP_ENUMERATE_BUS };
	struct controller *controller = channel->controller;
	struct vmbus_out_packet out = { .type = VMBUS_PACKET_INBAND };
	bool wanted;

	spin_lock(&controller->session_lock);
	wanted = controller->enumerate && controller->session.state == STORVSP_READY;
	out.payload_size = storvsp_packet_size(&controller->session);
	controller->enumerate = false;
	spin_unlock(&controller->session_lock);
	if (!wanted || vmbusr_send(channel->vmbus, &out, NULL, &packet) != -EAGAIN)
		return;
	spin_lock(&controller->session_lock);
	controller->enumerate = true;
	spin_unlock(&controller->session_lock);
}

static void channel_work(struct vmbusr_channel *vmbus, void *context)
{
	struct channel *channel = context;

	send_unsent(channel);
	finish_done(channel);
	if (channel->primary && READ_ONCE(channel->controller->enumerate))
		send_enumerate(channel);
}

const struct vsp_ops storvsp_channel_ops = {
	.owner = THIS_MODULE,
	.open = channel_open,
	.close = channel_close,
	.packet = channel_packet,
	.work = channel_work,
};

/**
 * controller_enumerate() - have the guest look for LUNs
 * @controller: some LUN came or went
 *
 * A guest that has not finished its initialization looks anyway.
 */
void controller_enumerate(struct controller *controller)
{
	struct channel *channel = controller->primary;

	spin_lock(&controller->session_lock);
	controller->enumerate = true;
	spin_unlock(&controller->session_lock);
	spin_lock(&channel->open_lock);
	if (channel->open)
		vmbusr_kick(channel->vmbus);
	spin_unlock(&channel->open_lock);
}

/* ---- life */

/**
 * controller_create() - make a controller and offer it
 * @info: checked
 *
 * Return: ERR_PTR: as vmbusr_bus_get() and vmbusr_channel_offer().
 */
struct controller *controller_create(const struct storvsp_create *info)
{
	struct controller *controller = kzalloc(sizeof(*controller), GFP_KERNEL_ACCOUNT);
	long err;

	if (!controller)
		return ERR_PTR(-ENOMEM);
	controller->info = *info;
	mutex_init(&controller->lock);
	spin_lock_init(&controller->session_lock);
	controller->bus = vmbusr_bus_get(info->bus);
	if (IS_ERR(controller->bus)) {
		err = PTR_ERR(controller->bus);
		goto free;
	}
	controller->primary = channel_offer(controller, 0);
	if (!IS_ERR(controller->primary))
		return controller;
	err = PTR_ERR(controller->primary);
	vmbusr_bus_put(controller->bus);
free:
	kfree(controller);
	return ERR_PTR(err);
}

/**
 * controller_destroy() - take a controller from its guest
 * @controller: nobody uses its descriptor any more
 */
void controller_destroy(struct controller *controller)
{
	mutex_lock(&controller->lock);
	controller->closing = true;
	mutex_unlock(&controller->lock);
	/* its close takes the subchannels away; a guest that did not open it has none */
	channel_revoke(controller->primary);
	vmbusr_bus_put(controller->bus);
	lun_remove_all(controller);
	kfree(controller);
}
