// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command of the guest's from its packet to its answer.
 *
 * The channel's worker takes it, runs it through scsi_execute() and, if it is I/O, holds the
 * guest's pages and gives it to the backend.  That says request_done() in any context; the worker
 * does the rest: it lets the pages go and answers.
 */
#include <linux/slab.h>
#include <linux/uio.h>

#include "storvsp_internal.h"

#define ALIGNMENT	511u		/* of memory, for any disk */

/* ---- the guest's memory, for answers and parameters */

/* Copies between @buffer and the begin of the guest's memory. */
static int copy_guest(struct request *r, void *buffer, u32 size, bool to_guest)
{
	struct iov_iter iter;
	size_t copied;
	int count;

	if (!size)
		return 0;
	count = vmbusr_hold(r->channel->vmbus, &r->range, 0, size, to_guest, r->guest,
			    REQUEST_PAGES);
	if (count < 0)
		return count;
	iov_iter_bvec(&iter, to_guest ? READ : WRITE, r->guest, count, size);
	copied = to_guest ? copy_to_iter(buffer, size, &iter) : copy_from_iter(buffer, size, &iter);
	vmbusr_release(r->channel->vmbus, &r->range, 0, size, to_guest, r->guest, count);
	return copied == size ? 0 : -EFAULT;
}

/* What scsi_execute() needs: room for an answer, or a copy of parameters. */
static int prepare_buffer(struct request *r, unsigned int needs)
{
	struct scsi_command *c = &r->command;
	u32 size = needs & SCSI_NEEDS_ANSWER ? SCSI_ANSWER_MAX :
					       min_t(u32, c->length, SCSI_PARAMETERS_MAX);

	if (!needs)
		return 0;
	r->buffer = kmalloc(size + 1, GFP_KERNEL);
	if (!r->buffer)
		return -ENOMEM;
	if (needs & SCSI_NEEDS_ANSWER) {
		c->answer = r->buffer;
		return 0;
	}
	c->parameters = r->buffer;
	c->parameters_size = size;
	if (r->wire.packet.srb.direction == SRB_READ)
		c->parameters_size = 0;
	return copy_guest(r, r->buffer, c->parameters_size, false);
}

/* ---- the guest's memory, for data */

static void free_bounce(struct bounce *bounce)
{
	if (!bounce)
		return;
	while (bounce->count)
		__free_page(bounce->vecs[--bounce->count].bv_page);
	kfree(bounce);
}

static struct bounce *new_bounce(u32 bytes)
{
	struct bounce *bounce = kzalloc(sizeof(*bounce), GFP_KERNEL);
	struct page *page;

	while (bounce && bytes) {
		page = alloc_page(GFP_KERNEL);
		if (!page) {
			free_bounce(bounce);
			return NULL;
		}
		bvec_set_page(&bounce->vecs[bounce->count++], page, min_t(u32, bytes, PAGE_SIZE),
			      0);
		bytes -= min_t(u32, bytes, PAGE_SIZE);
	}
	return bounce;
}

static void copy_bounce(struct request *r, bool to_guest)
{
	struct iov_iter iter;
	struct bio_vec *v;

	iov_iter_bvec(&iter, to_guest ? READ : WRITE, r->guest, r->held, r->command.io.bytes);
	for (v = r->bounce->vecs; v < r->bounce->vecs + r->bounce->count; v++) {
		if (to_guest)
			copy_page_to_iter(v->bv_page, 0, v->bv_len, &iter);
		else
			copy_page_from_iter(v->bv_page, 0, v->bv_len, &iter);
	}
}

static bool guest_aligned(const struct request *r)
{
	u32 i, bits = 0;

	for (i = 0; i < r->held; i++)
		bits |= r->guest[i].bv_offset | r->guest[i].bv_len;
	return !(bits & ALIGNMENT);
}

static int hold_data(struct request *r)
{
	bool reads = r->command.io.kind == SCSI_IO_READ;
	int count = vmbusr_hold(r->channel->vmbus, &r->range, 0, r->command.io.bytes, reads,
				r->guest, REQUEST_PAGES);

	if (count < 0)
		return count;
	r->held = count;
	r->vecs = r->guest;
	r->vec_count = count;
	if (guest_aligned(r))
		return 0;
	r->bounce = new_bounce(r->command.io.bytes);
	if (!r->bounce)
		return -ENOMEM;
	if (!reads)
		copy_bounce(r, false);
	r->vecs = r->bounce->vecs;
	r->vec_count = r->bounce->count;
	return 0;
}

static void release_data(struct request *r)
{
	bool reads = r->command.io.kind == SCSI_IO_READ;

	if (r->bounce && reads && !r->error)
		copy_bounce(r, true);
	free_bounce(r->bounce);
	r->bounce = NULL;
	if (r->held)
		vmbusr_release(r->channel->vmbus, &r->range, 0, r->command.io.bytes, reads,
			       r->guest, r->held);
	r->held = 0;
}

/* ---- the answer */

/**
 * request_free() - forget a request
 * @r: answered, or nobody wants its answer
 *
 * A packet that waited for it gets its turn.
 */
void request_free(struct request *r)
{
	struct channel *channel = r->channel;

	kmem_cache_free(storvsp_requests, r);
	channel->requests--;
	if (channel->stalled) {
		channel->stalled = false;
		vmbusr_kick(channel->vmbus);
	}
}

/**
 * request_send() - send an answer, or keep it until there is room
 * @r: its packet is the answer
 */
void request_send(struct request *r)
{
	if (r->wants_answer &&
	    vmbusr_complete(r->channel->vmbus, r->transaction, &r->wire.packet,
			    r->answer_size) == -EAGAIN)
		list_add_tail(&r->link, &r->channel->unsent);
	else
		request_free(r);
}

/* The command is complete: nothing of the LUN is used any more when the guest hears of it. */
static void answer(struct request *r)
{
	struct scsi_command *c = &r->command;
	int err = copy_guest(r, c->answer, c->answer_size, true);

	if (err)
		scsi_io_done(c, err);
	if (r->lun && r->no_autosense) {
		spin_lock(&r->lun->lock);
		scsi_keep_sense(&r->lun->scsi, c);
		spin_unlock(&r->lun->lock);
	}
	storvsp_srb_answer(c, c->status == SCSI_GOOD ? r->transferred + c->answer_size : 0,
			   &r->wire.packet);
	kfree(r->buffer);
	r->buffer = NULL;
	if (r->backing)
		backing_put(r->backing);
	if (r->lun)
		lun_put(r->lun);
	request_send(r);
}

/**
 * request_finish() - what is left of a request that a backend has done
 * @r: its error is set
 */
void request_finish(struct request *r)
{
	release_data(r);
	if (r->error)
		atomic64_inc(&r->lun->errors);
	else
		r->transferred = r->command.io.bytes;
	scsi_io_done(&r->command, r->error);
	answer(r);
}

/* ---- backends */

/**
 * request_done() - a backend is done with a request
 * @r:   the request
 * @err: 0 or -errno
 *
 * Context: any.
 */
void request_done(struct request *r, int err)
{
	struct channel *channel = r->channel;

	rcu_read_lock();		/* the channel may be closed, and freed, at once */
	r->error = err;
	llist_add(&r->node, &channel->done);
	vmbusr_kick(channel->vmbus);
	if (atomic_dec_and_test(&channel->running))
		wake_up(&channel->idle);
	rcu_read_unlock();
}

static void request_work(struct work_struct *work)
{
	struct request *r = container_of(work, struct request, work);

	r->backing->ops->work(r);
}

/**
 * request_defer() - go on with a request where sleeping does no harm
 * @r: its backing's ops->work is called
 *
 * Context: any.
 */
void request_defer(struct request *r)
{
	INIT_WORK(&r->work, request_work);
	queue_work(storvsp_workqueue, &r->work);
}

static void submit(struct request *r)
{
	enum scsi_io_kind kind = r->command.io.kind;
	int err = 0;

	if (kind == SCSI_IO_READ || kind == SCSI_IO_WRITE)
		err = hold_data(r);
	if (err) {
		r->error = err;
		request_finish(r);
		return;
	}
	atomic_inc(&r->channel->running);
	r->backing->ops->submit(r);
}

/* ---- the command */

/* Under the LUN's lock, for a medium may be taken away. */
static void execute_on(struct request *r, struct lun *lun)
{
	struct scsi_command *c = &r->command;

	spin_lock(&lun->lock);
	c->lun = &lun->scsi;
	scsi_execute(c);
	c->lun = NULL;			/* not to be used without the lock */
	lun_count(lun, &c->io);
	r->block_size = lun->scsi.block_size;
	if (c->io.kind != SCSI_IO_NONE && c->io.kind != SCSI_IO_EJECT) {
		r->backing = lun->backing;
		kref_get(&r->backing->ref);
	}
	spin_unlock(&lun->lock);
}

/**
 * request_run() - execute a command
 * @r: its wire, range and lun are set
 */
void request_run(struct request *r)
{
	struct scsi_command *c = &r->command;
	int err;

	err = prepare_buffer(r, scsi_buffers(c->cdb, c->cdb_size));
	if (err) {
		scsi_io_done(c, err);
		answer(r);
		return;
	}
	if (r->lun)
		execute_on(r, r->lun);
	else
		scsi_execute(c);
	switch (c->io.kind) {
	case SCSI_IO_EJECT:
		lun_eject(r->lun);
		fallthrough;
	case SCSI_IO_NONE:
		answer(r);
		break;
	default:
		submit(r);
	}
}
