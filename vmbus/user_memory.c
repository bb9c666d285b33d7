// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that user-mode servers use: GPADLs that they take, and rings that they map.
 *
 * A server is the process whose memory the guest's is, so of a GPADL it gets the addresses only.
 * Rings it wants in one piece, whatever their pages: they are pinned and mapped, and stay so until
 * it has unmapped them and said that it is done.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rs_compat.h"
#include "vmbusr_internal.h"

/* ---- GPADLs; bus->lock is held where a list is touched */

static struct held *find_held(struct user_channel *channel, u32 id)
{
	struct held *held;

	list_for_each_entry(held, &channel->held, node)
		if (held->gpadl->id == id)
			return held;
	return NULL;
}

static struct held *find_held_gpadl(struct user_channel *channel, const struct vmbus_gpadl *gpadl)
{
	struct held *held;

	list_for_each_entry(held, &channel->held, node)
		if (held->gpadl == gpadl)
			return held;
	return NULL;
}

/**
 * user_gpadl_wanted() - the guest wants a GPADL back
 * @channel: whose
 * @gpadl:   held, or used as its ring only
 */
void user_gpadl_wanted(struct user_channel *channel, const struct vmbus_gpadl *gpadl)
{
	struct held *held = find_held_gpadl(channel, gpadl);

	if (held)
		held->released = true;
}

/**
 * user_released_event() - the next VMBUSR_RELEASED
 * @channel: whose
 * @event:   filled in
 *
 * Return: whether there was one.
 */
bool user_released_event(struct user_channel *channel, struct vmbusr_event *event)
{
	struct held *held;

	list_for_each_entry(held, &channel->held, node) {
		if (!held->released)
			continue;
		held->released = false;
		event->type = VMBUSR_RELEASED;
		event->gpadl = held->gpadl->id;
		return true;
	}
	return false;
}

static void drop(struct held *held)
{
	list_del(&held->node);
	vmbus_gpadl_put(held->gpadl);
	kfree(held);
}

/**
 * user_put_all() - the server uses no GPADL any more
 * @channel: whose
 */
void user_put_all(struct user_channel *channel)
{
	struct held *held, *next;

	list_for_each_entry_safe(held, next, &channel->held, node)
		drop(held);
}

/* Takes it once more: 0, -ENOENT, -ENOSPC (with its size told), -ENOMEM. */
static int take(struct user_channel *channel, struct vmbusr_gpadl *io, u64 **words)
{
	u32 room = io->ranges ? io->words : 0;
	struct vmbus_gpadl *gpadl;
	struct held *held;

	gpadl = channel->base.proto ? vmbus_gpadl_get(channel->base.proto, io->gpadl) : NULL;
	if (!gpadl)
		return -ENOENT;
	io->words = gpadl->word_count;
	io->range_count = gpadl->range_count;
	io->bytes = gpadl->bytes;
	*words = room < gpadl->word_count ? NULL :
		 kvmalloc_array(gpadl->word_count, sizeof(u64), GFP_KERNEL_ACCOUNT);
	held = find_held_gpadl(channel, gpadl);
	if (!held && *words) {
		held = kzalloc(sizeof(*held), GFP_KERNEL_ACCOUNT);
		if (held) {
			held->gpadl = gpadl;
			list_add(&held->node, &channel->held);
		}
	}
	/* one use of the server's, however often it took it */
	if (!held || !*words || held->count++)
		vmbus_gpadl_put(gpadl);
	if (held && *words) {
		memcpy(*words, gpadl->words, gpadl->word_count * sizeof(u64));
		return 0;
	}
	kvfree(*words);
	return room < io->words ? -ENOSPC : -ENOMEM;
}

static void give_back(struct user_channel *channel, struct held *held)
{
	if (!--held->count)
		drop(held);
}

long user_get_gpadl(void *object, void *argument)
{
	struct user_channel *channel = object;
	struct vmbusr_gpadl *io = argument;
	u64 *words = NULL;
	struct held *held;
	long err;

	if (io->mbz)
		return -EINVAL;
	mutex_lock(&channel->base.bus->lock);
	err = take(channel, io, &words);
	mutex_unlock(&channel->base.bus->lock);
	if (err)
		return err;
	if (copy_to_user(u64_to_user_ptr(io->ranges), words, io->words * sizeof(u64)))
		err = -EFAULT;
	kvfree(words);
	if (!err)
		return 0;
	mutex_lock(&channel->base.bus->lock);
	held = find_held(channel, io->gpadl);
	if (held)
		give_back(channel, held);
	mutex_unlock(&channel->base.bus->lock);
	return err;
}

long user_put_gpadl(void *object, void *argument)
{
	struct user_channel *channel = object;
	const struct vmbusr_gpadl *io = argument;
	struct held *held;

	if (io->mbz)
		return -EINVAL;
	mutex_lock(&channel->base.bus->lock);
	held = find_held(channel, io->gpadl);
	if (held)
		give_back(channel, held);
	mutex_unlock(&channel->base.bus->lock);
	return held ? 0 : -ENOENT;
}

/* ---- rings */

/* A copy of the ring's page numbers, to be used without the lock. */
static u64 *ring_pfns(struct user_channel *channel, u32 *count)
{
	struct vmbus_gpadl *ring;
	u64 *pfns = NULL;

	mutex_lock(&channel->base.bus->lock);
	ring = channel->base.proto && channel->open_read ? channel->base.proto->ring : NULL;
	if (ring) {
		*count = ring->word_count - 1;
		pfns = kvmalloc_array(*count, sizeof(u64), GFP_KERNEL_ACCOUNT);
	}
	if (pfns)
		memcpy(pfns, ring->words + 1, *count * sizeof(u64));
	mutex_unlock(&channel->base.bus->lock);
	return pfns;
}

/* Keeps them, if the open still waits for its answer. */
static bool publish(struct user_channel *channel, struct page **pages, u32 count)
{
	bool kept;

	mutex_lock(&channel->base.bus->lock);
	mutex_lock(&channel->map_lock);
	kept = channel->base.proto && channel->open_read && !channel->pages;
	if (kept) {
		channel->pages = pages;
		channel->page_count = count;
	}
	mutex_unlock(&channel->map_lock);
	mutex_unlock(&channel->base.bus->lock);
	return kept;
}

long user_pin_rings(void *object, void *argument)
{
	struct user_channel *channel = object;
	struct page **pages;
	u32 count = 0;
	u64 *pfns = ring_pfns(channel, &count);
	long err;

	if (!pfns)
		return -EINVAL;
	err = -ENOMEM;
	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		goto free_pfns;
	err = rs_gpa_pin_pages(channel->base.bus->core, pfns, count, pages);
	if (err)
		goto free_pages;
	if (publish(channel, pages, count)) {
		kvfree(pfns);
		return 0;
	}
	rs_gpa_unpin_pages(pages, count);
	err = -EINVAL;
free_pages:
	kvfree(pages);
free_pfns:
	kvfree(pfns);
	return err;
}

int user_unpin_rings(struct user_channel *channel)
{
	struct page **pages;
	u32 count;

	mutex_lock(&channel->map_lock);
	if (atomic_read(&channel->mappings)) {
		mutex_unlock(&channel->map_lock);
		return -EBUSY;
	}
	pages = channel->pages;
	count = channel->page_count;
	channel->pages = NULL;
	channel->page_count = 0;
	mutex_unlock(&channel->map_lock);
	if (pages)
		rs_gpa_unpin_pages(pages, count);
	kvfree(pages);
	return 0;
}

static void user_vma_open(struct vm_area_struct *vma)
{
	struct user_channel *channel = vma->vm_private_data;

	atomic_inc(&channel->mappings);
}

static void user_vma_close(struct vm_area_struct *vma)
{
	struct user_channel *channel = vma->vm_private_data;

	atomic_dec(&channel->mappings);
}

static const struct vm_operations_struct user_vm_ops = {
	.open = user_vma_open,
	.close = user_vma_close,
};

static int map_pages(struct user_channel *channel, struct vm_area_struct *vma)
{
	u32 i;
	int err = 0;

	for (i = 0; i < channel->page_count && !err; i++)
		err = remap_pfn_range(vma, vma->vm_start + ((unsigned long)i << PAGE_SHIFT),
				      page_to_pfn(channel->pages[i]), PAGE_SIZE,
				      vma->vm_page_prot);
	return err;
}

/**
 * user_mmap() - map the rings
 * @file: a channel
 * @vma:  shared, of all their pages
 *
 * Return: 0, -EINVAL, -EIO.
 */
int user_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct user_channel *channel = file->private_data;
	int err = -EINVAL;

	if (vma->vm_mm != channel->base.bus->mm)
		return -EIO;
	mutex_lock(&channel->map_lock);
	if (channel->pages && vma->vm_flags & VM_SHARED && !vma->vm_pgoff &&
	    vma_pages(vma) == channel->page_count) {
		vm_flags_mod(vma, VM_DONTCOPY, VM_MAYEXEC);
		err = map_pages(channel, vma);
	}
	if (!err) {
		vma->vm_private_data = channel;
		vma->vm_ops = &user_vm_ops;
		atomic_inc(&channel->mappings);
	}
	mutex_unlock(&channel->map_lock);
	return err;
}
