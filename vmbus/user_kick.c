// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kicks: an eventfd of user mode's that signals the guest when it is written.
 *
 * A kick waits in the eventfd's queue. It is woken in the writer's context, with interrupts off and
 * the queue locked, takes the count and signals: neither sleeps.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "vmbusr_internal.h"

struct user_kick {
	struct user_channel *channel;
	struct eventfd_ctx *eventfd;
	wait_queue_entry_t wait;
	poll_table table;
};

static int kick_woken(wait_queue_entry_t *wait, unsigned int mode, int flags, void *key)
{
	struct user_kick *kick = container_of(wait, struct user_kick, wait);
	u64 count;

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;
	eventfd_ctx_do_read(kick->eventfd, &count);
	channel_signal(&kick->channel->base);
	return 0;
}

static void kick_queue(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	struct user_kick *kick = container_of(table, struct user_kick, table);

	add_wait_queue(queue, &kick->wait);
}

/**
 * user_end_kick() - signal no more by the eventfd
 * @channel: any; nobody else sets or ends its kick
 */
void user_end_kick(struct user_channel *channel)
{
	struct user_kick *kick = channel->kick;
	u64 count;

	if (!kick)
		return;
	channel->kick = NULL;
	/* takes the queue's lock: the kick is not being woken afterwards */
	eventfd_ctx_remove_wait_queue(kick->eventfd, &kick->wait, &count);
	eventfd_ctx_put(kick->eventfd);
	kfree(kick);
}

static struct user_kick *kick_new(struct user_channel *channel, struct file *file)
{
	struct user_kick *kick = kzalloc(sizeof(*kick), GFP_KERNEL_ACCOUNT);

	if (!kick)
		return ERR_PTR(-ENOMEM);
	kick->channel = channel;
	kick->eventfd = eventfd_ctx_fileget(file);
	if (IS_ERR(kick->eventfd)) {
		long err = PTR_ERR(kick->eventfd);

		kfree(kick);
		return ERR_PTR(err);
	}
	init_waitqueue_func_entry(&kick->wait, kick_woken);
	init_poll_funcptr(&kick->table, kick_queue);
	return kick;
}

/* Writes that came before it waited are not lost. */
static long begin_kick(struct user_channel *channel, struct file *file)
{
	struct user_kick *kick = kick_new(channel, file);

	if (IS_ERR(kick))
		return PTR_ERR(kick);
	mutex_lock(&channel->base.bus->lock);
	user_end_kick(channel);
	channel->kick = kick;
	if (vfs_poll(file, &kick->table) & EPOLLIN)
		channel_signal(&channel->base);
	mutex_unlock(&channel->base.bus->lock);
	return 0;
}

/**
 * user_set_kick() - VMBUSR_SET_KICK
 * @object:   struct user_channel
 * @argument: struct vmbusr_kick
 *
 * Return: 0, -EINVAL, -EBADF, -ENOMEM.
 */
long user_set_kick(void *object, void *argument)
{
	const struct vmbusr_kick *wanted = argument;
	struct user_channel *channel = object;
	struct file *file;
	long err;

	if (wanted->mbz || wanted->fd < -1)
		return -EINVAL;
	if (wanted->fd == -1) {
		mutex_lock(&channel->base.bus->lock);
		user_end_kick(channel);
		mutex_unlock(&channel->base.bus->lock);
		return 0;
	}
	file = eventfd_fget(wanted->fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = begin_kick(channel, file);
	fput(file);
	return err;
}
