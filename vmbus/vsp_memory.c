// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that servers in the kernel use: rings and GPADLs, pinned and mapped; packets'
 * payloads and ranges; and memory that is held for I/O.
 *
 * What is mapped the guest changes at any moment.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ranges.h"
#include "vmbusr_internal.h"

#define RING_PAGES_MAX	16384u		/* both rings of a channel */

/* A GPADL that is mapped. */
struct map {
	struct vmbusr_gpadl_map public;
	struct list_head node;		/* [b] channel->maps */
	struct vmbus_gpadl *gpadl;	/* [c] */
	bool wanted;			/* [b] the server is to be told */
	struct page **pages;		/* [c] */
	u32 page_count;			/* [c] */
	void *memory;			/* [c] */
};

static void unmap_pages(void *memory, struct page **pages, u32 count)
{
	vunmap(memory);
	rs_gpa_unpin_pages(pages, count);
	kvfree(pages);
}

/* Pins and maps; *@pages is an array of ours. */
static void *map_pages(struct vmbusr_bus *bus, const u64 *pfns, u32 count, struct page ***pages)
{
	void *memory;
	int err;

	*pages = kvcalloc(count, sizeof(**pages), GFP_KERNEL_ACCOUNT);
	if (!*pages)
		return ERR_PTR(-ENOMEM);
	err = rs_gpa_pin_pages(bus->core, pfns, count, *pages);
	if (err) {
		kvfree(*pages);
		return ERR_PTR(err);
	}
	memory = vmap(*pages, count, VM_MAP, PAGE_KERNEL);
	if (memory)
		return memory;
	rs_gpa_unpin_pages(*pages, count);
	kvfree(*pages);
	return ERR_PTR(-ENOMEM);
}

/* A copy, to be used without the lock; NULL. */
static u64 *copy_pfns(const struct vmbus_gpadl *gpadl, u32 count)
{
	u64 *pfns = kvmalloc_array(count, sizeof(u64), GFP_KERNEL_ACCOUNT);

	if (pfns)
		memcpy(pfns, gpadl->words + 1, count * sizeof(u64));
	return pfns;
}

/* ---- rings */

static u64 *ring_pfns(struct vmbusr_channel *channel, u32 *in_pages, struct vmbusr_open *open)
{
	const struct vmbus_channel *proto;
	u64 *pfns = ERR_PTR(-EINVAL);

	mutex_lock(&channel->base.bus->lock);
	proto = channel->base.proto;
	channel->page_count = (u32)proto->ring->words[0] >> PAGE_SHIFT;
	*in_pages = proto->in_pages;
	open->target_vp = proto->target_vp;
	memcpy(open->user_data, proto->user_data, sizeof(open->user_data));
	if (channel->page_count <= RING_PAGES_MAX)
		pfns = copy_pfns(proto->ring, channel->page_count) ?: ERR_PTR(-ENOMEM);
	mutex_unlock(&channel->base.bus->lock);
	return pfns;
}

static int init_rings(struct vmbusr_channel *channel, u32 in_pages, struct vmbusr_open *open)
{
	void *in = channel->memory, *out = in + ((size_t)in_pages << PAGE_SHIFT);
	int err;

	open->in_size = (in_pages - 1) << PAGE_SHIFT;
	open->out_size = (channel->page_count - in_pages - 1) << PAGE_SHIFT;
	err = vmbus_in_ring_init(&channel->in, in, in + PAGE_SIZE, open->in_size);
	if (!err)
		err = vmbus_out_ring_init(&channel->out, out, out + PAGE_SIZE, open->out_size);
	return err;
}

/**
 * vsp_map_rings() - pin and map the rings that the guest opens a channel with
 * @channel: in its worker, after REQUEST_OPEN
 * @open:    filled in
 *
 * Return: 0, -EINVAL, -EFAULT, -EIO, -ENOMEM, -EINTR.
 */
int vsp_map_rings(struct vmbusr_channel *channel, struct vmbusr_open *open)
{
	u32 in_pages;
	u64 *pfns = ring_pfns(channel, &in_pages, open);
	int err = 0;

	if (IS_ERR(pfns))
		return PTR_ERR(pfns);
	channel->memory = map_pages(channel->base.bus, pfns, channel->page_count,
				    &channel->pages);
	kvfree(pfns);
	if (IS_ERR(channel->memory)) {
		err = PTR_ERR(channel->memory);
		channel->pages = NULL;
		return err;
	}
	err = init_rings(channel, in_pages, open);
	if (err)
		vsp_unmap_rings(channel);
	return err;
}

/**
 * vsp_unmap_rings() - unmap and unpin the rings, if they are mapped
 * @channel: in its worker
 */
void vsp_unmap_rings(struct vmbusr_channel *channel)
{
	if (channel->pages)
		unmap_pages(channel->memory, channel->pages, channel->page_count);
	channel->pages = NULL;
}

/* ---- GPADLs */

/* Takes the GPADL and notes the mapping, which is not there yet. */
static u64 *take_gpadl(struct vmbusr_channel *channel, struct map *map, u32 id)
{
	struct vmbus_gpadl *gpadl;
	u64 *pfns = ERR_PTR(-ENOENT);

	mutex_lock(&channel->base.bus->lock);
	gpadl = channel->base.proto ? vmbus_gpadl_get(channel->base.proto, id) : NULL;
	if (!gpadl)
		goto unlock;
	map->public.gpadl = id;
	map->public.size = (u32)gpadl->words[0];
	map->page_count = vmbus_range_words(gpadl->words, gpadl->word_count) - 1;
	pfns = gpadl->range_count != 1 ? ERR_PTR(-EINVAL) :
	       copy_pfns(gpadl, map->page_count) ?: ERR_PTR(-ENOMEM);
	if (IS_ERR(pfns)) {
		vmbus_gpadl_put(gpadl);
		goto unlock;
	}
	map->public.address = (void *)(unsigned long)(gpadl->words[0] >> 32);	/* the offset */
	map->gpadl = gpadl;
	list_add(&map->node, &channel->maps);
unlock:
	mutex_unlock(&channel->base.bus->lock);
	return pfns;
}

static void put_gpadl(struct vmbusr_channel *channel, struct map *map)
{
	mutex_lock(&channel->base.bus->lock);
	list_del(&map->node);
	vmbus_gpadl_put(map->gpadl);
	mutex_unlock(&channel->base.bus->lock);
	kfree(map);
}

struct vmbusr_gpadl_map *vmbusr_gpadl_map(struct vmbusr_channel *channel, u32 gpadl)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	u64 *pfns;

	if (!map)
		return ERR_PTR(-ENOMEM);
	pfns = take_gpadl(channel, map, gpadl);
	if (IS_ERR(pfns)) {
		kfree(map);
		return ERR_CAST(pfns);
	}
	map->memory = map_pages(channel->base.bus, pfns, map->page_count, &map->pages);
	kvfree(pfns);
	if (IS_ERR(map->memory)) {
		long err = PTR_ERR(map->memory);

		put_gpadl(channel, map);
		return ERR_PTR(err);
	}
	map->public.address = map->memory + (unsigned long)map->public.address;
	return &map->public;
}
EXPORT_SYMBOL_GPL(vmbusr_gpadl_map);

void vmbusr_gpadl_unmap(struct vmbusr_channel *channel, struct vmbusr_gpadl_map *public)
{
	struct map *map = container_of(public, struct map, public);

	if (!public)
		return;
	unmap_pages(map->memory, map->pages, map->page_count);
	put_gpadl(channel, map);
}
EXPORT_SYMBOL_GPL(vmbusr_gpadl_unmap);

/**
 * vsp_gpadl_wanted() - the guest tears a GPADL down
 * @channel: whose; bus->lock is held
 * @gpadl:   mapped, or used as its ring only
 */
void vsp_gpadl_wanted(struct vmbusr_channel *channel, const struct vmbus_gpadl *gpadl)
{
	struct map *map;

	list_for_each_entry(map, &channel->maps, node)
		if (map->gpadl == gpadl)
			map->wanted = true;
	vsp_request(channel, REQUEST_GPADL);
}

/* One of which the server was not told; 0: none is left. */
static u32 next_wanted(struct vmbusr_channel *channel)
{
	struct map *map;
	u32 id = 0;

	mutex_lock(&channel->base.bus->lock);
	list_for_each_entry(map, &channel->maps, node)
		if (map->wanted && !id) {
			map->wanted = false;
			id = map->public.gpadl;
		}
	mutex_unlock(&channel->base.bus->lock);
	return id;
}

/**
 * vsp_tell_wanted() - tell the server which GPADLs the guest wants back
 * @channel: in its worker
 */
void vsp_tell_wanted(struct vmbusr_channel *channel)
{
	u32 id;

	if (!channel->serving || !channel->vsp->gpadl_wanted)
		return;
	while ((id = next_wanted(channel)))
		channel->vsp->gpadl_wanted(channel, channel->context, id);
}

/* ---- packets */

int vmbusr_copy(struct vmbusr_channel *channel, const struct vmbus_in_packet *packet, u32 offset,
		void *buffer, u32 size)
{
	const struct vmbus_in_ring *ring = &channel->in;
	u32 at;

	if (offset > packet->payload_size || size > packet->payload_size - offset)
		return -EINVAL;
	at = ring->size - packet->payload > offset ? packet->payload + offset :
	     offset - (ring->size - packet->payload);
	vmbus_in_ring_copy(ring, at, buffer, size);
	return 0;
}
EXPORT_SYMBOL_GPL(vmbusr_copy);

int vmbusr_ranges(struct vmbusr_channel *channel, const struct vmbus_in_packet *packet,
		  u64 *words, u32 room, struct vmbus_range *ranges, u32 count)
{
	u32 n = packet->ranges_size / sizeof(u64);

	if (packet->type != VMBUS_PACKET_GPA_DIRECT)
		return -EINVAL;
	if (n > room)
		return -EMSGSIZE;
	vmbus_in_ring_copy(&channel->in, packet->ranges, words, n * sizeof(u64));
	return vmbus_ranges_parse(words, n, packet->range_count, ranges, count);
}
EXPORT_SYMBOL_GPL(vmbusr_ranges);

/* ---- memory for I/O */

/* The page of @range that @offset is in, and what is left of it as offset in that. */
static const u64 *locate(const struct vmbus_range *range, u32 *offset)
{
	u64 at = (u64)range->offset + *offset;

	*offset = at & ~PAGE_MASK;
	return range->pfns + (at >> PAGE_SHIFT);
}

int vmbusr_hold(struct vmbusr_channel *channel, const struct vmbus_range *range, u32 offset,
		u32 bytes, bool write, struct bio_vec *vecs, u32 room)
{
	const u64 *pfns;

	if (!bytes || offset > range->bytes || bytes > range->bytes - offset)
		return -EINVAL;
	pfns = locate(range, &offset);
	return rs_gpa_hold(channel->base.bus->core, pfns, offset, bytes, write, vecs, room);
}
EXPORT_SYMBOL_GPL(vmbusr_hold);

void vmbusr_release(struct vmbusr_channel *channel, const struct vmbus_range *range, u32 offset,
		    u32 bytes, bool write, const struct bio_vec *vecs, u32 count)
{
	const u64 *pfns = locate(range, &offset);

	rs_gpa_drop(channel->base.bus->core, pfns, offset, bytes, write, vecs, count);
}
EXPORT_SYMBOL_GPL(vmbusr_release);
