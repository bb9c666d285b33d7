// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages and event flags on their way to a VP: anybody leaves them here, the VP's owner moves
 * them into the guest's pages.  A message whose slot is busy stays until the guest's EOM.
 */
#include <linux/slab.h>

#include "hv.h"
#include "trace.h"

struct letter {
	struct list_head node;
	struct hv_message message;
};

/**
 * rs_outbox_init() - an empty outbox
 * @vp: not published yet
 *
 * Return: 0, -ENOMEM
 */
int rs_outbox_init(struct rs_vp *vp)
{
	struct rs_outbox *box = &vp->outbox;
	unsigned int sint;

	spin_lock_init(&box->lock);
	for (sint = 0; sint < HV_SINT_COUNT; sint++)
		INIT_LIST_HEAD(&box->letters[sint]);
	box->flags = kzalloc(sizeof(*box->flags), GFP_KERNEL_ACCOUNT);
	return box->flags ? 0 : -ENOMEM;
}

/* Takes the first letter of @sint, or NULL. */
static struct letter *take(struct rs_outbox *box, unsigned int sint)
{
	struct letter *letter;

	spin_lock(&box->lock);
	letter = list_first_entry_or_null(&box->letters[sint], struct letter, node);
	if (letter) {
		list_del(&letter->node);
		box->count[sint]--;
	}
	spin_unlock(&box->lock);
	return letter;
}

static void put_back(struct rs_outbox *box, unsigned int sint, struct letter *letter)
{
	spin_lock(&box->lock);
	list_add(&letter->node, &box->letters[sint]);
	box->count[sint]++;
	spin_unlock(&box->lock);
}

/**
 * rs_outbox_destroy() - drop what has not been delivered
 * @vp: nobody else knows it any more
 */
void rs_outbox_destroy(struct rs_vp *vp)
{
	struct rs_outbox *box = &vp->outbox;
	unsigned int sint;
	struct letter *letter;

	for (sint = 0; sint < HV_SINT_COUNT; sint++)
		while ((letter = take(box, sint)))
			kfree(letter);
	kfree(box->flags);
}

/**
 * rs_post_message() - send the guest a message
 * @vp:      who gets it
 * @sint:    0..15
 * @message: type not HV_MESSAGE_NONE, message_flags 0, payload_size up to 240
 *
 * It is dropped when the guest has not enabled its SynIC by the time it could be delivered.
 *
 * Context: process; may sleep.
 *
 * Return: 0, -EINVAL, -ENOMEM, -EAGAIN: RS_OUTBOX_LIMIT of them wait for this SINT
 */
int rs_post_message(struct rs_vp *vp, u32 sint, const struct hv_message *message)
{
	struct rs_outbox *box = &vp->outbox;
	struct letter *letter;
	bool full;

	if (sint >= HV_SINT_COUNT || message->header.message_type == HV_MESSAGE_NONE ||
	    message->header.message_flags || message->header.payload_size > HV_MESSAGE_PAYLOAD_MAX)
		return -EINVAL;
	letter = kmalloc(sizeof(*letter), GFP_KERNEL_ACCOUNT);
	if (!letter)
		return -ENOMEM;
	letter->message = *message;
	spin_lock(&box->lock);
	full = box->count[sint] >= RS_OUTBOX_LIMIT;
	if (!full) {
		list_add_tail(&letter->node, &box->letters[sint]);
		box->count[sint]++;
	}
	spin_unlock(&box->lock);
	if (full)
		kfree(letter);
	else
		rs_vp_mail(vp, RS_MAIL_MESSAGES);
	return full ? -EAGAIN : 0;
}
EXPORT_SYMBOL_GPL(rs_post_message);

/**
 * rs_messages_waiting() - messages that the guest has not got yet
 * @vp:   whose
 * @sint: 0..15
 *
 * Return: how many; any context
 */
u32 rs_messages_waiting(struct rs_vp *vp, u32 sint)
{
	return READ_ONCE(vp->outbox.count[sint % HV_SINT_COUNT]);
}
EXPORT_SYMBOL_GPL(rs_messages_waiting);

/**
 * rs_signal_event() - set an event flag of the guest, and interrupt it
 * @vp:   whose
 * @sint: 0..15
 * @flag: 0..HV_EVENT_FLAGS_COUNT - 1
 *
 * Flags of a guest that has not enabled its SynIC are dropped.
 *
 * Context: any.
 *
 * Return: 0, -EINVAL
 */
int rs_signal_event(struct rs_vp *vp, u32 sint, u32 flag)
{
	struct rs_outbox *box = &vp->outbox;

	if (sint >= HV_SINT_COUNT || flag >= HV_EVENT_FLAGS_COUNT)
		return -EINVAL;
	/* fully ordered: the flag before the SINT, the SINT before the mail */
	if (test_and_set_bit(flag, (unsigned long *)box->flags->sint_flags[sint].flags))
		return 0;
	if (!test_and_set_bit(sint, &box->signalled))
		rs_vp_mail(vp, RS_MAIL_SIGNALS);
	return 0;
}
EXPORT_SYMBOL_GPL(rs_signal_event);

static void deliver_flags(struct rs_vp *vp, unsigned int sint)
{
	unsigned long *words = (unsigned long *)vp->outbox.flags->sint_flags[sint].flags;
	unsigned int i, bit;

	for (i = 0; i < HV_EVENT_FLAGS_COUNT / 64; i++) {
		unsigned long bits = READ_ONCE(words[i]) ? xchg(&words[i], 0) : 0;

		for_each_set_bit(bit, &bits, 64)
			rs_synic_signal(&vp->synic, sint, i * 64 + bit);
	}
}

/**
 * rs_outbox_signals() - move signalled flags into the guest's page
 * @vp: owner only
 */
void rs_outbox_signals(struct rs_vp *vp)
{
	unsigned long signalled = xchg(&vp->outbox.signalled, 0);
	unsigned int sint;

	for_each_set_bit(sint, &signalled, HV_SINT_COUNT)
		deliver_flags(vp, sint);
}

/**
 * rs_outbox_watch() - hear when no message waits any more
 * @partition: the partition
 * @watch:     until rs_outbox_unwatch()
 *
 * Return: 0, -EBUSY: somebody else does.
 */
int rs_outbox_watch(struct rs_partition *partition, struct rs_outbox_watch *watch)
{
	struct rs_outbox_watch *none = NULL;

	return try_cmpxchg((struct rs_outbox_watch **)&partition->outbox_watch, &none, watch) ?
	       0 : -EBUSY;
}
EXPORT_SYMBOL_GPL(rs_outbox_watch);

/**
 * rs_outbox_unwatch() - hear no more
 * @partition: the partition
 *
 * The watch does not run when this returns.  May sleep.
 */
void rs_outbox_unwatch(struct rs_partition *partition)
{
	RCU_INIT_POINTER(partition->outbox_watch, NULL);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(rs_outbox_unwatch);

static void tell_drained(struct rs_partition *partition)
{
	struct rs_outbox_watch *watch;

	rcu_read_lock();
	watch = rcu_dereference(partition->outbox_watch);
	if (watch)
		watch->drained(watch);
	rcu_read_unlock();
}

/**
 * rs_outbox_deliver() - move one SINT's messages into the guest's page, as far as there is room
 * @vp:   owner only
 * @sint: 0..15
 *
 * Return: whether some still wait
 */
bool rs_outbox_deliver(struct rs_vp *vp, unsigned int sint)
{
	struct letter *letter;

	if (!READ_ONCE(vp->outbox.count[sint]))
		return false;
	while ((letter = take(&vp->outbox, sint))) {
		if (rs_synic_post(&vp->synic, sint, &letter->message) == -EAGAIN) {
			put_back(&vp->outbox, sint, letter);
			return true;
		}
		trace_rs_message(vp->partition->id, vp->index,
				 letter->message.header.message_type);
		kfree(letter);
	}
	tell_drained(vp->partition);
	return false;
}

/**
 * rs_outbox_messages() - move messages of all SINTs
 * @vp: owner only
 */
void rs_outbox_messages(struct rs_vp *vp)
{
	unsigned int sint;

	for (sint = 0; sint < HV_SINT_COUNT; sint++)
		rs_outbox_deliver(vp, sint);
}
