// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vsp_test.ko: a server in the kernel whose channels do what guests' packets say, so that
 * tests see all that vmbusr_export.h offers: completions from any context, full rings, guest
 * memory, GPADLs, offers that come and go.
 */
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmbusr_export.h"
#include "vsp_test.h"

#define BODY_MAX	4096u
#define WORDS_MAX	64u
#define RANGES_MAX	8u

/* A packet that is not completed yet. */
struct request {
	struct list_head node;
	u64 transaction;
	u32 size;
	u8 body[] __aligned(8);
};

/* Memory that VSP_TEST_KEEP holds. */
struct kept {
	struct request *request;
	struct vmbus_range range;
	u64 pfns[WORDS_MAX];
	struct bio_vec vecs[WORDS_MAX];
	int count;
};

struct test_channel {
	struct vmbusr_channel *channel;
	struct vmbusr_bus *bus;
	spinlock_t lock;		/* for what is to be completed */
	struct list_head done;		/* to be completed; under lock */
	u32 done_count;			/* under lock */
	struct list_head later;		/* by the interrupt; under lock */
	struct irq_work interrupt;
	struct hrtimer timer;		/* of VSP_TEST_WAIT */
	bool waited;
	struct kept *kept;
	struct vmbusr_gpadl_map *map;
	u64 opens, closes;
};

struct instance {
	struct mutex lock;		/* for what follows */
	struct test_channel channels[VSP_TEST_CHANNELS][2];
};

static atomic_t live = ATOMIC_INIT(0);

/* ---- completions */

static int complete_request(struct test_channel *test, const struct request *request)
{
	return vmbusr_complete(test->channel, request->transaction, request->body, request->size);
}

static void push(struct test_channel *test, struct request *request)
{
	unsigned long flags;

	spin_lock_irqsave(&test->lock, flags);
	list_add_tail(&request->node, &test->done);
	test->done_count++;
	spin_unlock_irqrestore(&test->lock, flags);
}

static struct request *first(struct test_channel *test, struct list_head *list)
{
	struct request *request;

	spin_lock_irq(&test->lock);
	request = list_first_entry_or_null(list, struct request, node);
	spin_unlock_irq(&test->lock);
	return request;
}

static void drop(struct test_channel *test, struct request *request)
{
	spin_lock_irq(&test->lock);
	list_del(&request->node);
	if (test->done_count)
		test->done_count--;
	spin_unlock_irq(&test->lock);
	kfree(request);
}

/* vsp_ops.work: in order, as many as there is room for. */
static void test_work(struct vmbusr_channel *channel, void *context)
{
	struct test_channel *test = context;
	struct request *request;

	while ((request = first(test, &test->done)) && complete_request(test, request) != -EAGAIN)
		drop(test, request);
}

/* In a hard interrupt: sent at once where there is room, and nothing waits before it. */
static void test_interrupt(struct irq_work *work)
{
	struct test_channel *test = container_of(work, struct test_channel, interrupt);
	struct request *request, *next;
	LIST_HEAD(list);

	spin_lock(&test->lock);
	list_splice_init(&test->later, &list);
	spin_unlock(&test->lock);
	list_for_each_entry_safe(request, next, &list, node) {
		list_del(&request->node);
		if (READ_ONCE(test->done_count) || complete_request(test, request) == -EAGAIN)
			push(test, request);
		else
			kfree(request);
	}
	if (READ_ONCE(test->done_count))
		vmbusr_kick(test->channel);
}

static enum hrtimer_restart test_timer(struct hrtimer *timer)
{
	struct test_channel *test = container_of(timer, struct test_channel, timer);

	WRITE_ONCE(test->waited, true);
	vmbusr_kick(test->channel);
	return HRTIMER_NORESTART;
}

/* ---- guest memory */

static u64 touch(const struct bio_vec *vecs, int count, bool write, u8 value)
{
	struct bio_vec piece;
	u64 sum = 0;
	u32 at, i;
	int n;

	for (n = 0; n < count; n++) {
		for (at = 0; at < vecs[n].bv_len; at += piece.bv_len) {
			u32 from = vecs[n].bv_offset + at;
			u8 *bytes;

			piece.bv_len = min_t(u32, vecs[n].bv_len - at,
					     PAGE_SIZE - offset_in_page(from));
			bytes = kmap_local_page(nth_page(vecs[n].bv_page, from / PAGE_SIZE));
			bytes += offset_in_page(from);
			if (write)
				memset(bytes, value, piece.bv_len);
			for (i = 0; i < piece.bv_len; i++)
				sum += bytes[i];
			kunmap_local(bytes);
		}
	}
	return sum;
}

static int touch_range(struct test_channel *test, const struct vmbus_range *range, bool write,
		       struct vsp_test_packet *packet)
{
	struct bio_vec vecs[WORDS_MAX];
	int n = vmbusr_hold(test->channel, range, 0, range->bytes, write, vecs, WORDS_MAX);

	if (n < 0)
		return n;
	if (write)
		touch(vecs, n, true, packet->value);
	else
		packet->value += touch(vecs, n, false, 0);
	vmbusr_release(test->channel, range, 0, range->bytes, write, vecs, n);
	return 0;
}

static void release_kept(struct test_channel *test)
{
	struct kept *kept = test->kept;
	struct vsp_test_packet *packet;

	if (!kept)
		return;
	packet = (void *)kept->request->body;
	touch(kept->vecs, kept->count, true, packet->value);
	vmbusr_release(test->channel, &kept->range, 0, kept->range.bytes, true, kept->vecs,
		       kept->count);
	push(test, kept->request);
	vmbusr_kick(test->channel);
	kfree(kept);
	test->kept = NULL;
}

static int keep(struct test_channel *test, const struct vmbus_range *range,
		struct request *request)
{
	struct kept *kept = kzalloc(sizeof(*kept), GFP_KERNEL);

	if (!kept)
		return -ENOMEM;
	kept->range = *range;
	memcpy(kept->pfns, range->pfns, range->pages * sizeof(u64));
	kept->range.pfns = kept->pfns;
	kept->request = request;
	kept->count = vmbusr_hold(test->channel, &kept->range, 0, range->bytes, true, kept->vecs,
				  WORDS_MAX);
	if (kept->count < 0) {
		int err = kept->count;

		kfree(kept);
		return err;
	}
	test->kept = kept;
	return 0;
}

/* 0, -EINPROGRESS: the request is kept, or why not. */
static int use_memory(struct test_channel *test, const struct vmbus_in_packet *in,
		      struct request *request)
{
	struct vsp_test_packet *packet = (void *)request->body;
	struct vmbus_range ranges[RANGES_MAX];
	u64 words[WORDS_MAX];
	int i, err = 0, n = vmbusr_ranges(test->channel, in, words, WORDS_MAX, ranges, RANGES_MAX);

	if (n < 0)
		return n;
	if (packet->op == VSP_TEST_KEEP)
		return keep(test, &ranges[0], request) ?: -EINPROGRESS;
	if (packet->op == VSP_TEST_SUM)
		packet->value = 0;
	for (i = 0; i < n && !err; i++)
		err = touch_range(test, &ranges[i], packet->op == VSP_TEST_FILL, packet);
	return err;
}

static int use_gpadl(struct test_channel *test, struct vsp_test_packet *packet)
{
	struct vmbusr_gpadl_map *map = vmbusr_gpadl_map(test->channel, packet->value);
	const u8 *bytes;
	u32 i;

	if (IS_ERR(map))
		return PTR_ERR(map);
	bytes = map->address;
	packet->value = 0;
	for (i = 0; i < map->size; i++)
		packet->value += bytes[i];
	memset(map->address, 0, map->size);
	if (packet->op == VSP_TEST_MAP_KEEP && !test->map)
		test->map = map;
	else
		vmbusr_gpadl_unmap(test->channel, map);
	return 0;
}

static void test_gpadl_wanted(struct vmbusr_channel *channel, void *context, u32 gpadl)
{
	struct test_channel *test = context;

	if (!test->map || test->map->gpadl != gpadl)
		return;
	vmbusr_gpadl_unmap(channel, test->map);
	test->map = NULL;
}

/* ---- packets */

static int act(struct test_channel *test, const struct vmbus_in_packet *in,
	       struct request *request)
{
	struct vsp_test_packet *packet = (void *)request->body;

	switch (packet->op) {
	case VSP_TEST_FILL:
	case VSP_TEST_SUM:
	case VSP_TEST_KEEP:
		return use_memory(test, in, request);
	case VSP_TEST_MAP:
	case VSP_TEST_MAP_KEEP:
		return use_gpadl(test, packet);
	default:
		return 0;
	}
}

/* True: the packet is to come again. */
static bool must_wait(struct test_channel *test, u32 op)
{
	if (READ_ONCE(test->done_count) >= VSP_TEST_HELD)
		return true;
	if (op != VSP_TEST_WAIT || READ_ONCE(test->waited))
		return false;
	hrtimer_start(&test->timer, ms_to_ktime(1), HRTIMER_MODE_REL);
	return true;
}

static void answer(struct test_channel *test, struct request *request)
{
	struct vsp_test_packet *packet = (void *)request->body;

	switch (packet->op) {
	case VSP_TEST_LATER:
		spin_lock_irq(&test->lock);
		list_add_tail(&request->node, &test->later);
		spin_unlock_irq(&test->lock);
		irq_work_queue(&test->interrupt);
		break;
	case VSP_TEST_QUIET:
		kfree(request);
		break;
	default:
		if (READ_ONCE(test->done_count) || complete_request(test, request) == -EAGAIN)
			push(test, request);
		else
			kfree(request);
	}
}

static int test_packet(struct vmbusr_channel *channel, void *context,
		       const struct vmbus_in_packet *in)
{
	struct test_channel *test = context;
	struct vsp_test_packet *packet;
	struct request *request;
	int err;

	release_kept(test);
	if (in->payload_size < sizeof(*packet) || in->payload_size > BODY_MAX)
		return -EINVAL;
	request = kmalloc(sizeof(*request) + in->payload_size, GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	request->transaction = in->transaction;
	request->size = in->payload_size;
	packet = (void *)request->body;
	vmbusr_copy(channel, in, 0, request->body, request->size);
	if (must_wait(test, packet->op)) {
		kfree(request);
		return -EAGAIN;
	}
	WRITE_ONCE(test->waited, false);
	err = act(test, in, request);
	if (err == -EINPROGRESS)
		return 0;
	packet->status = err;
	answer(test, request);
	return 0;
}

/* ---- channels */

static int test_open(struct vmbusr_channel *channel, void *context, const struct vmbusr_open *open)
{
	struct test_channel *test = context;

	test->channel = channel;
	test->waited = false;
	WRITE_ONCE(test->opens, test->opens + 1);
	/* the guest chooses whether it may */
	return open->user_data[0] ? -EACCES : 0;
}

static void test_close(struct vmbusr_channel *channel, void *context)
{
	struct test_channel *test = context;
	struct request *request;

	irq_work_sync(&test->interrupt);
	hrtimer_cancel(&test->timer);
	release_kept(test);
	if (test->map)
		vmbusr_gpadl_unmap(channel, test->map);
	test->map = NULL;
	while ((request = first(test, &test->done)) || (request = first(test, &test->later)))
		drop(test, request);
	WRITE_ONCE(test->closes, test->closes + 1);
}

static const struct vsp_ops test_ops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.close = test_close,
	.packet = test_packet,
	.work = test_work,
	.gpadl_wanted = test_gpadl_wanted,
};

static void test_init(struct test_channel *test)
{
	spin_lock_init(&test->lock);
	INIT_LIST_HEAD(&test->done);
	INIT_LIST_HEAD(&test->later);
	init_irq_work(&test->interrupt, test_interrupt);
	hrtimer_init(&test->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	test->timer.function = test_timer;
}

static void revoke(struct test_channel *test, struct vmbusr_channel *channel)
{
	struct vmbusr_bus *bus = test->bus;

	test->bus = NULL;
	vmbusr_channel_revoke(channel);
	vmbusr_bus_put(bus);
	atomic_dec(&live);
}

/* ---- the descriptor */

static struct test_channel *find(struct instance *instance, u32 index, u32 subchannel)
{
	return index < VSP_TEST_CHANNELS && subchannel < 2 ?
	       &instance->channels[index][subchannel] : NULL;
}

static long offer(struct instance *instance, const struct vsp_test_offer *o)
{
	struct test_channel *test = find(instance, o->index, o->subchannel);
	struct vmbus_offer_info info = {
		.flags = VMBUS_OFFER_ENUMERATE, .subchannel = o->subchannel,
	};
	struct vmbusr_channel *channel;

	if (!test || test->bus)
		return -EINVAL;
	memset(info.type, VSP_TEST_TYPE, sizeof(info.type));
	memset(info.instance, o->index, sizeof(info.instance));
	test->bus = vmbusr_bus_get(o->bus);
	if (IS_ERR(test->bus)) {
		long err = PTR_ERR(test->bus);

		test->bus = NULL;
		return err;
	}
	channel = vmbusr_channel_offer(test->bus, &info, &test_ops, test);
	if (IS_ERR(channel)) {
		vmbusr_bus_put(test->bus);
		test->bus = NULL;
		return PTR_ERR(channel);
	}
	test->channel = channel;
	atomic_inc(&live);
	return 0;
}

static void get(const struct test_channel *test, struct vsp_test_counts *get)
{
	struct vmbusr_counters counters = {};

	if (test->bus)
		vmbusr_counters(test->channel, &counters);
	get->counts[VSP_TEST_OPENS] = READ_ONCE(test->opens);
	get->counts[VSP_TEST_CLOSES] = READ_ONCE(test->closes);
	get->counts[VSP_TEST_SIGNALS_IN] = counters.signals_in;
	get->counts[VSP_TEST_SIGNALS_OUT] = counters.signals_out;
	get->counts[VSP_TEST_PACKETS_IN] = counters.packets_in;
	get->counts[VSP_TEST_PACKETS_OUT] = counters.packets_out;
	get->counts[VSP_TEST_WAKEUPS] = counters.wakeups;
	get->counts[VSP_TEST_FULL] = counters.full;
	get->counts[VSP_TEST_BROKEN] = counters.broken;
}

static long test_call(struct instance *instance, unsigned int command, void *argument)
{
	struct vsp_test_counts *counts = argument;
	struct vsp_test_offer *o = argument;
	struct test_channel *test;

	switch (command) {
	case VSP_TEST_OFFER:
		return offer(instance, o);
	case VSP_TEST_REVOKE:
		test = find(instance, o->index, o->subchannel);
		if (!test || !test->bus)
			return -EINVAL;
		revoke(test, test->channel);
		return 0;
	case VSP_TEST_GET:
		test = find(instance, counts->index, counts->subchannel);
		if (!test)
			return -EINVAL;
		get(test, counts);
		return 0;
	}
	return -ENOTTY;
}

static long test_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct instance *instance = file->private_data;
	u64 copy[sizeof(struct vsp_test_counts) / 8];
	long err;

	if (_IOC_SIZE(command) > sizeof(copy) ||
	    copy_from_user(copy, (void __user *)argument, _IOC_SIZE(command)))
		return -EFAULT;
	mutex_lock(&instance->lock);
	err = test_call(instance, command, copy);
	mutex_unlock(&instance->lock);
	if (!err && _IOC_DIR(command) & _IOC_READ &&
	    copy_to_user((void __user *)argument, copy, _IOC_SIZE(command)))
		err = -EFAULT;
	return err;
}

static int test_file_open(struct inode *inode, struct file *file)
{
	struct instance *instance = kvzalloc(sizeof(*instance), GFP_KERNEL);
	u32 i;

	if (!instance)
		return -ENOMEM;
	mutex_init(&instance->lock);
	for (i = 0; i < 2 * VSP_TEST_CHANNELS; i++)
		test_init(&instance->channels[i / 2][i % 2]);
	file->private_data = instance;
	return 0;
}

/* Primary channels before their subchannels, for that is the harder case. */
static int test_file_release(struct inode *inode, struct file *file)
{
	struct instance *instance = file->private_data;
	u32 i;

	for (i = 0; i < 2 * VSP_TEST_CHANNELS; i++)
		if (instance->channels[i / 2][i % 2].bus)
			revoke(&instance->channels[i / 2][i % 2],
			       instance->channels[i / 2][i % 2].channel);
	kvfree(instance);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_file_open,
	.release = test_file_release,
	.unlocked_ioctl = test_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vsp_test",
	.fops = &test_fops,
	.mode = 0600,
};

static int live_get(char *buffer, const struct kernel_param *parameter)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&live));
}

static const struct kernel_param_ops live_ops = { .get = live_get };
module_param_cb(live, &live_ops, NULL, 0400);
MODULE_PARM_DESC(live, "channels that are offered");

static int __init test_module_init(void)
{
	return misc_register(&test_device);
}

static void __exit test_module_exit(void)
{
	misc_deregister(&test_device);
}

module_init(test_module_init);
module_exit(test_module_exit);

MODULE_DESCRIPTION("Rootstock: a VMBus server for tests");
MODULE_LICENSE("GPL");
