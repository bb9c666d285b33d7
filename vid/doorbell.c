// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells: guest writes to a port or GPA that signal an eventfd and do not stop
 * the VP.
 *
 * Calls of the worker change the hash under doorbell_lock; a VP's thread looks up
 * under rcu_read_lock() alone and does not sleep.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "rs_compat.h"
#include "vid_internal.h"

#define VID_PORT_LIMIT		0x10000

/* Constant from its insertion into the hash. */
struct vid_doorbell_entry {
	struct hlist_node node;
	struct rcu_head rcu;
	struct eventfd_ctx *eventfd;
	u64 address;
	u64 datum;
	u32 length;			/* 0: any */
	bool pio;
	bool match;			/* only writes of datum */
};

/* ---- the guest's side */

static bool vid_doorbell_hears(const struct vid_doorbell_entry *entry, bool pio,
			       u64 address, unsigned int size, u64 value)
{
	return entry->address == address && entry->pio == pio &&
	       (!entry->length || entry->length == size) &&
	       (!entry->match || entry->datum == value);
}

/**
 * vid_doorbell_ring() - signal the doorbell that a guest's write rings
 * @context: struct vid_partition
 * @pio: @address is a port, else a GPA
 * @address: what was written
 * @size: bytes
 * @value: of @size bytes
 *
 * A write rings one doorbell: two that could hear the same write never exist.
 * Context: a VP's thread, any but NMI and interrupts.  Does not sleep.
 *
 * Return: whether there was one.
 */
bool vid_doorbell_ring(void *context, bool pio, u64 address, unsigned int size, u64 value)
{
	struct vid_partition *partition = context;
	struct vid_doorbell_entry *entry;
	bool rung = false;

	rcu_read_lock();
	hash_for_each_possible_rcu(partition->doorbells, entry, node, address) {
		if (!vid_doorbell_hears(entry, pio, address, size, value))
			continue;
		rs_eventfd_signal(entry->eventfd);
		rung = true;
		break;
	}
	rcu_read_unlock();
	return rung;
}

/* ---- the worker's side */

static void vid_doorbell_free(struct vid_doorbell_entry *entry)
{
	eventfd_ctx_put(entry->eventfd);
	kfree(entry);
}

static void vid_doorbell_free_rcu(struct rcu_head *rcu)
{
	vid_doorbell_free(container_of(rcu, struct vid_doorbell_entry, rcu));
}

/* Could one write ring both? */
static bool vid_doorbell_overlaps(const struct vid_doorbell_entry *a,
				  const struct vid_doorbell_entry *b)
{
	if (a->address != b->address || a->pio != b->pio)
		return false;
	if (!a->length || !b->length)
		return true;
	return a->length == b->length && (!a->match || !b->match || a->datum == b->datum);
}

static bool vid_doorbell_same(const struct vid_doorbell_entry *a,
			      const struct vid_doorbell_entry *b)
{
	return a->address == b->address && a->pio == b->pio && a->length == b->length &&
	       a->match == b->match && a->datum == b->datum && a->eventfd == b->eventfd;
}

static struct vid_doorbell_entry *
vid_doorbell_find(struct vid_partition *partition, const struct vid_doorbell_entry *wanted,
		  bool (*matches)(const struct vid_doorbell_entry *entry,
				  const struct vid_doorbell_entry *wanted))
{
	struct vid_doorbell_entry *entry;

	lockdep_assert_held(&partition->doorbell_lock);
	hash_for_each_possible(partition->doorbells, entry, node, wanted->address)
		if (matches(entry, wanted))
			return entry;
	return NULL;
}

static int vid_doorbell_assign(struct vid_partition *partition,
			       struct vid_doorbell_entry *entry)
{
	lockdep_assert_held(&partition->doorbell_lock);
	if (vid_doorbell_find(partition, entry, vid_doorbell_overlaps))
		return -EEXIST;
	if (partition->doorbell_count == VID_DOORBELLS_MAX)
		return -ENOSPC;
	hash_add_rcu(partition->doorbells, &entry->node, entry->address);
	partition->doorbell_count++;
	return 0;
}

static int vid_doorbell_deassign(struct vid_partition *partition,
				 const struct vid_doorbell_entry *wanted)
{
	struct vid_doorbell_entry *entry;

	lockdep_assert_held(&partition->doorbell_lock);
	entry = vid_doorbell_find(partition, wanted, vid_doorbell_same);
	if (!entry)
		return -ENOENT;
	hash_del_rcu(&entry->node);
	partition->doorbell_count--;
	call_rcu(&entry->rcu, vid_doorbell_free_rcu);
	return 0;
}

static bool vid_doorbell_length_valid(const struct vid_doorbell *doorbell)
{
	switch (doorbell->length) {
	case 0:
		return !(doorbell->flags & VID_DOORBELL_DATAMATCH);
	case 8:
		return !(doorbell->flags & VID_DOORBELL_PIO);
	default:
		return doorbell->length == 1 || doorbell->length == 2 ||
		       doorbell->length == 4;
	}
}

/* A value that no write could have is refused, and one that nobody would look at. */
static bool vid_doorbell_datum_valid(const struct vid_doorbell *doorbell)
{
	if (!(doorbell->flags & VID_DOORBELL_DATAMATCH))
		return !doorbell->datum;
	return doorbell->length == 8 || !(doorbell->datum >> (8 * doorbell->length));
}

static bool vid_doorbell_address_valid(const struct vid_doorbell *doorbell)
{
	u64 limit = doorbell->flags & VID_DOORBELL_PIO ? VID_PORT_LIMIT : rs_gpa_limit();
	u64 end;

	return !check_add_overflow(doorbell->address, (u64)max(doorbell->length, 1u), &end) &&
	       end <= limit;
}

static bool vid_doorbell_valid(const struct vid_doorbell *doorbell)
{
	return !(doorbell->flags & ~VID_DOORBELL_VALID) && !doorbell->mbz &&
	       vid_doorbell_length_valid(doorbell) && vid_doorbell_datum_valid(doorbell) &&
	       vid_doorbell_address_valid(doorbell);
}

static struct vid_doorbell_entry *vid_doorbell_new(const struct vid_doorbell *doorbell)
{
	struct vid_doorbell_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	struct eventfd_ctx *eventfd;

	if (!entry)
		return ERR_PTR(-ENOMEM);
	eventfd = eventfd_ctx_fdget(doorbell->fd);
	if (IS_ERR(eventfd)) {
		kfree(entry);
		return ERR_CAST(eventfd);
	}
	entry->eventfd = eventfd;
	entry->address = doorbell->address;
	entry->datum = doorbell->datum;
	entry->length = doorbell->length;
	entry->pio = doorbell->flags & VID_DOORBELL_PIO;
	entry->match = doorbell->flags & VID_DOORBELL_DATAMATCH;
	return entry;
}

long vid_set_doorbell(void *object, void *argument)
{
	struct vid_partition *partition = object;
	const struct vid_doorbell *doorbell = argument;
	bool assign = !(doorbell->flags & VID_DOORBELL_DEASSIGN);
	struct vid_doorbell_entry *entry;
	int err;

	if (!vid_doorbell_valid(doorbell))
		return -EINVAL;
	entry = vid_doorbell_new(doorbell);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	mutex_lock(&partition->doorbell_lock);
	err = assign ? vid_doorbell_assign(partition, entry) :
		       vid_doorbell_deassign(partition, entry);
	mutex_unlock(&partition->doorbell_lock);
	/* the hash keeps it, unless it only said what to look for */
	if (err || !assign)
		vid_doorbell_free(entry);
	return err;
}

void vid_doorbells_init(struct vid_partition *partition)
{
	mutex_init(&partition->doorbell_lock);
	hash_init(partition->doorbells);
}

void vid_doorbells_destroy(struct vid_partition *partition)
{
	struct vid_doorbell_entry *entry;
	struct hlist_node *next;
	int bucket;

	hash_for_each_safe(partition->doorbells, bucket, next, entry, node) {
		hash_del(&entry->node);
		vid_doorbell_free(entry);
	}
}
