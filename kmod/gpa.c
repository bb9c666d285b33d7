// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest physical address space: the map of regions, faults, and the copying of
 * guest memory.
 *
 * A region says what could be there; a leaf of the second-level tables says what
 * is, and is pinned.  Guest memory is reached through leaves only, under gpa->lock
 * for reading, so that nothing is unpinned under a copy.  Process context of the
 * worker whose memory it is.
 *
 * Pinning may wait for user mode (userfaultfd, FUSE) for as long as that likes: whoever waits
 * for the lock meanwhile can be killed.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <asm/io.h>

#include "gpa.h"

/**
 * rs_gpa_limit() - first guest physical address out of reach
 *
 * What four levels of second-level tables and the host's address width allow.
 *
 * Return: that address, a multiple of the page size.
 */
u64 rs_gpa_limit(void)
{
	return min_t(u64, RS_SLAT_LIMIT, 1ull << boot_cpu_data.x86_phys_bits);
}
EXPORT_SYMBOL_GPL(rs_gpa_limit);

struct rs_gpa_region *rs_gpa_region(struct rs_gpa *gpa, u64 address)
{
	struct rb_node *node = gpa->regions.rb_root.rb_node;

	lockdep_assert_held(&gpa->lock);
	while (node) {
		struct rs_gpa_region *region = rb_entry(node, struct rs_gpa_region, node);

		if (address < region->gpa)
			node = node->rb_left;
		else if (address >= rs_region_end(region))
			node = node->rb_right;
		else
			return region;
	}
	return NULL;
}

static bool region_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct rs_gpa_region, node)->gpa <
	       rb_entry(b, struct rs_gpa_region, node)->gpa;
}

/* The lowest region that ends after @address. */
static struct rs_gpa_region *region_after(struct rs_gpa *gpa, u64 address)
{
	struct rb_node *node = gpa->regions.rb_root.rb_node;
	struct rs_gpa_region *best = NULL;

	while (node) {
		struct rs_gpa_region *region = rb_entry(node, struct rs_gpa_region, node);

		if (rs_region_end(region) > address) {
			best = region;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static bool range_valid(u64 start, u64 size)
{
	u64 end;

	return size && !((start | size) & ~PAGE_MASK) &&
	       !check_add_overflow(start, size, &end) && end <= rs_gpa_limit();
}

static bool map_valid(const struct vid_map_gpa *map)
{
	u64 end;

	if (map->flags & ~VID_MAP_VALID || !(map->flags & VID_MAP_READ) || map->mbz)
		return false;
	if (!range_valid(map->gpa, map->size) || map->address & ~PAGE_MASK)
		return false;
	if (check_add_overflow(map->address, map->size, &end) || end > TASK_SIZE_MAX)
		return false;
	return map->gpa + map->size <= RS_APIC_DEFAULT_BASE ||
	       map->gpa >= RS_APIC_DEFAULT_BASE + PAGE_SIZE;
}

static int region_insert(struct rs_gpa *gpa, struct rs_gpa_region *region)
{
	struct rs_gpa_region *next;
	int err = 0;

	if (down_write_killable(&gpa->lock))
		return -EINTR;
	next = region_after(gpa, region->gpa);
	if (next && next->gpa < rs_region_end(region))
		err = -EEXIST;
	else
		rb_add_cached(&region->node, &gpa->regions, region_less);
	up_write(&gpa->lock);
	return err;
}

/**
 * rs_gpa_map() - add a region, as VID_MAP_GPA
 * @partition: the partition
 * @map:       the range and where its memory is; checked here
 *
 * All of it counts against RLIMIT_MEMLOCK at once, so that a guest cannot run into
 * the limit later.
 *
 * Return: 0, -EINVAL, -EEXIST, -ENOMEM, -EIO from a foreign process, -EINTR when killed.
 */
int rs_gpa_map(struct rs_partition *partition, const struct vid_map_gpa *map)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_gpa_region *region;
	int err;

	if (!map_valid(map))
		return -EINVAL;
	if (current->mm != gpa->mm)
		return -EIO;
	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;
	region->gpa = map->gpa;
	region->size = map->size;
	region->address = map->address;
	region->flags = map->flags;
	err = account_locked_vm(gpa->mm, map->size >> PAGE_SHIFT, true);
	if (err)
		goto free_region;
	err = region_insert(gpa, region);
	if (err)
		goto unaccount;
	return 0;

unaccount:
	account_locked_vm(gpa->mm, map->size >> PAGE_SHIFT, false);
free_region:
	kfree(region);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_map);

static void region_remove(struct rs_gpa *gpa, struct rs_gpa_region *region)
{
	rb_erase_cached(&region->node, &gpa->regions);
	account_locked_vm(gpa->mm, region->size >> PAGE_SHIFT, false);
	if (region->dirty)
		WRITE_ONCE(gpa->recording, gpa->recording - 1);
	kvfree(region->dirty);
	kfree(region);
}

/* Is [start, end) made of whole regions, without a gap? */
static bool whole_regions(struct rs_gpa *gpa, u64 start, u64 end)
{
	while (start < end) {
		struct rs_gpa_region *region = rs_gpa_region(gpa, start);

		if (!region || region->gpa != start || rs_region_end(region) > end)
			return false;
		start = rs_region_end(region);
	}
	return true;
}

/**
 * rs_gpa_unmap() - remove a range of whole regions, as VID_UNMAP_GPA
 * @partition: the partition
 * @start:     guest physical address, page-aligned
 * @size:      bytes, whole pages
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, -EINTR when killed.
 */
int rs_gpa_unmap(struct rs_partition *partition, u64 start, u64 size)
{
	struct rs_gpa *gpa = &partition->gpa;
	u64 end = start + size;
	int err = -ENOENT;

	if (!range_valid(start, size))
		return -EINVAL;
	if (down_write_killable(&gpa->lock))
		return -EINTR;
	if (!whole_regions(gpa, start, end))
		goto unlock;
	err = rs_gpa_unpin(partition, start, end);
	if (err)
		goto unlock;
	while (start < end) {
		struct rs_gpa_region *region = rs_gpa_region(gpa, start);

		start = rs_region_end(region);
		region_remove(gpa, region);
	}
unlock:
	up_write(&gpa->lock);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_unmap);

/**
 * rs_gpa_release() - unpin a range and keep its region, as VID_RELEASE_GPA
 * @partition: the partition
 * @start:     guest physical address, page-aligned
 * @size:      bytes, whole pages
 *
 * Return: 0, -EINVAL, -ENOENT when no region holds it all, -ENOMEM, -EINTR when killed.
 */
int rs_gpa_release(struct rs_partition *partition, u64 start, u64 size)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_gpa_region *region;
	int err = -ENOENT;

	if (!range_valid(start, size))
		return -EINVAL;
	if (down_write_killable(&gpa->lock))
		return -EINTR;
	region = rs_gpa_region(gpa, start);
	if (region && start + size <= rs_region_end(region))
		err = rs_gpa_unpin(partition, start, start + size);
	up_write(&gpa->lock);
	return err;
}
EXPORT_SYMBOL_GPL(rs_gpa_release);

static bool leaf_allows(const struct rs_slat_leaf *leaf, bool write, bool fetch)
{
	return (!write || leaf->access & RS_SLAT_WRITE) &&
	       (!fetch || leaf->access & RS_SLAT_EXECUTE);
}

/**
 * rs_gpa_leaf() - the leaf for an address, installed if it must be
 * @gpa:     the address space, its lock held for reading
 * @address: below rs_gpa_limit()
 * @write:   it must allow writes
 * @fetch:   it must allow instruction fetches
 * @leaf:    filled in
 *
 * Return: 0; -ENOENT: no memory there; -EACCES: the region forbids it; -EFAULT, -ENOMEM.
 */
int rs_gpa_leaf(struct rs_gpa *gpa, u64 address, bool write, bool fetch,
		struct rs_slat_leaf *leaf)
{
	struct rs_gpa_region *region;
	int err;

	if (rs_slat_lookup(&gpa->slat, address, leaf) && leaf_allows(leaf, write, fetch))
		return 0;
	region = rs_gpa_region(gpa, address);
	if (!region)
		return -ENOENT;
	if ((write && !(region->flags & VID_MAP_WRITE)) ||
	    (fetch && !(region->flags & VID_MAP_EXECUTE)))
		return -EACCES;
	if (!rs_slat_lookup(&gpa->slat, address, leaf)) {
		err = rs_gpa_pin(gpa, region, address);
		if (err)
			return err;
	}
	if (write && region->dirty) {
		err = rs_gpa_mark_dirty(gpa, region, address);
		if (err)
			return err;
	}
	return rs_slat_lookup(&gpa->slat, address, leaf) ? 0 : -EFAULT;
}

/**
 * rs_gpa_fault() - the guest touched @address and the CPU found no leaf, or a lesser one
 * @partition: the partition
 * @address:   guest physical address
 * @write:     it was a write
 * @fetch:     it was an instruction fetch
 *
 * Return: 0 when the guest may go on; -ENOENT: no memory there; -EACCES: the region
 * forbids the access; -EFAULT, -ENOMEM: the worker's memory could not be pinned; -EINTR:
 * the worker was killed.
 */
int rs_gpa_fault(struct rs_partition *partition, u64 address, bool write, bool fetch)
{
	struct rs_slat_leaf leaf;
	int err;

	if (address >= rs_gpa_limit())
		return -ENOENT;
	if (down_read_killable(&partition->gpa.lock))
		return -EINTR;
	err = rs_gpa_leaf(&partition->gpa, address, write, fetch, &leaf);
	up_read(&partition->gpa.lock);
	return err;
}

static void *leaf_address(const struct rs_slat_leaf *leaf, u64 address)
{
	return __va(leaf->phys + (address - leaf->gpa));
}

/**
 * rs_gpa_pointer() - the kernel's address of guest memory
 * @partition: the partition; its gpa.lock is held for reading, for as long as the address is used
 * @address:   guest physical address
 * @write:     it is to be written
 *
 * Return: good to the end of the page; NULL when that is no memory, or forbids the access.
 */
void *rs_gpa_pointer(struct rs_partition *partition, u64 address, bool write)
{
	struct rs_slat_leaf leaf;

	lockdep_assert_held(&partition->gpa.lock);
	if (address >= rs_gpa_limit() ||
	    rs_gpa_leaf(&partition->gpa, address, write, false, &leaf))
		return NULL;
	return leaf_address(&leaf, address);
}

/**
 * rs_gpa_read_pointer() - the same, to read, for a VP that reads the same pages again and again
 * @vp:      owner only; the partition's gpa.lock is held for reading
 * @address: guest physical address
 *
 * A page that was found stays good until leaves are removed: what is split or protected is
 * where it was.
 *
 * Return: good to the end of the page; NULL when that is no memory.
 */
const void *rs_gpa_read_pointer(struct rs_vp *vp, u64 address)
{
	struct rs_gpa *gpa = &vp->partition->gpa;
	struct rs_gpa_cache *cache = &vp->gpa_cache;
	unsigned int n = (address >> PAGE_SHIFT) % RS_GPA_CACHE;
	const void *memory;

	if (cache->generation != gpa->generation) {
		memset(cache, 0, sizeof(*cache));
		cache->generation = gpa->generation;
	}
	if (cache->page[n].memory && cache->page[n].gpa == (address & PAGE_MASK))
		return cache->page[n].memory + offset_in_page(address);
	memory = rs_gpa_pointer(vp->partition, address, false);
	if (memory) {
		cache->page[n].gpa = address & PAGE_MASK;
		cache->page[n].memory = memory - offset_in_page(address);
	}
	return memory;
}

/* A copy within one page. */
static int gpa_copy_page(struct rs_partition *partition, u64 address, void *buffer,
			 size_t size, bool write)
{
	void *memory = rs_gpa_pointer(partition, address, write);

	if (!memory)
		return -EFAULT;
	if (write)
		memcpy(memory, buffer, size);
	else
		memcpy(buffer, memory, size);
	return 0;
}

static int gpa_copy(struct rs_partition *partition, u64 address, void *buffer, size_t size,
		    bool write)
{
	int err = 0;

	if (down_read_killable(&partition->gpa.lock))
		return -EFAULT;
	while (size && !err) {
		size_t chunk = min_t(size_t, size, PAGE_SIZE - offset_in_page(address));

		err = gpa_copy_page(partition, address, buffer, chunk, write);
		address += chunk;
		buffer += chunk;
		size -= chunk;
	}
	up_read(&partition->gpa.lock);
	return err;
}

/**
 * rs_gpa_read() - copy guest memory out
 * @partition: the partition
 * @address:   guest physical address
 * @buffer:    takes what was read
 * @size:      bytes; may cross pages and regions
 *
 * Return: 0, -EFAULT when some page is no readable memory (@buffer is undefined then).
 */
int rs_gpa_read(struct rs_partition *partition, u64 address, void *buffer, size_t size)
{
	return gpa_copy(partition, address, buffer, size, false);
}

/**
 * rs_gpa_write() - copy into guest memory
 * @partition: the partition
 * @address:   guest physical address
 * @buffer:    what to write
 * @size:      bytes; may cross pages and regions
 *
 * Return: 0, -EFAULT; what lies in pages before the bad one is written then.
 */
int rs_gpa_write(struct rs_partition *partition, u64 address, const void *buffer, size_t size)
{
	return gpa_copy(partition, address, (void *)buffer, size, true);
}

/**
 * rs_gpa_xchg32() - exchange an aligned 32-bit word of guest memory, atomically
 * @partition: the partition
 * @address:   guest physical address, a multiple of 4
 * @value:     what it is to be
 * @old:       what it was
 *
 * Return: 0, -EFAULT.
 */
int rs_gpa_xchg32(struct rs_partition *partition, u64 address, u32 value, u32 *old)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_slat_leaf leaf;
	int err = -EFAULT;

	if (address & 3 || address >= rs_gpa_limit())
		return -EFAULT;
	if (down_read_killable(&gpa->lock))
		return -EFAULT;
	if (!rs_gpa_leaf(gpa, address, true, false, &leaf)) {
		*old = xchg((u32 *)leaf_address(&leaf, address), value);
		err = 0;
	}
	up_read(&gpa->lock);
	return err;
}

/**
 * rs_gpa_try_write32() - write a 32-bit word of guest memory if that is possible at once
 * @partition: the partition
 * @address:   guest physical address, a multiple of 4
 * @value:     what to write
 *
 * The page must be mapped for writing already, so it is also in the dirty log if there is one.
 *
 * Context: any but hard interrupts.
 *
 * Return: whether it was written.
 */
bool rs_gpa_try_write32(struct rs_partition *partition, u64 address, u32 value)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rs_slat_leaf leaf;
	bool done = false;

	if (address & 3 || address >= rs_gpa_limit() || !down_read_trylock(&gpa->lock))
		return false;
	if (rs_slat_lookup(&gpa->slat, address, &leaf) && leaf_allows(&leaf, true, false)) {
		WRITE_ONCE(*(u32 *)leaf_address(&leaf, address), value);
		done = true;
	}
	up_read(&gpa->lock);
	return done;
}

/**
 * rs_gpa_set_bit() - set bit @bit of the aligned 64-bit word at @address, atomically
 * @partition: the partition
 * @address:   guest physical address, a multiple of 8
 * @bit:       0..63
 *
 * Return: whether it was set before, or -EFAULT.
 */
int rs_gpa_set_bit(struct rs_partition *partition, u64 address, unsigned int bit)
{
	int err = -EFAULT;
	void *word;

	if (address & 7 || bit > 63)
		return -EFAULT;
	if (down_read_killable(&partition->gpa.lock))
		return -EFAULT;
	word = rs_gpa_pointer(partition, address, true);
	if (word)
		err = test_and_set_bit(bit, word);
	up_read(&partition->gpa.lock);
	return err;
}

/**
 * rs_gpa_init() - an empty address space backed by the calling process
 * @gpa: filled in
 *
 * Return: 0, -ENOMEM.
 */
int rs_gpa_init(struct rs_gpa *gpa)
{
	init_rwsem(&gpa->lock);
	mutex_init(&gpa->fault_lock);
	gpa->regions = RB_ROOT_CACHED;
	gpa->generation = 1;
	atomic64_set(&gpa->pinned, 0);
	if (rs_slat_init(&gpa->slat, rs_backend->slat_format, &rs_slat_kernel_ops))
		return -ENOMEM;
	gpa->mm = current->mm;
	mmgrab(gpa->mm);
	return 0;
}

/**
 * rs_gpa_destroy() - unpin everything; no VP runs any more
 * @partition: the partition
 */
void rs_gpa_destroy(struct rs_partition *partition)
{
	struct rs_gpa *gpa = &partition->gpa;
	struct rb_node *node;

	down_write(&gpa->lock);
	rs_gpa_unpin(partition, 0, RS_SLAT_LIMIT);
	while ((node = rb_first_cached(&gpa->regions)))
		region_remove(gpa, rb_entry(node, struct rs_gpa_region, node));
	up_write(&gpa->lock);
	WARN_ON_ONCE(atomic64_read(&gpa->pinned));
	rs_slat_destroy(&gpa->slat);
	mmdrop(gpa->mm);
}
