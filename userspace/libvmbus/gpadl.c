// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GPADLs that a server holds.
 */
#include <stdlib.h>

#include "internal.h"

#define PAGE	4096u

static struct vmbus_gpadl *find(struct vmbus_channel *channel, uint32_t id)
{
	struct vmbus_gpadl *gpadl = channel->gpadls;

	while (gpadl && gpadl->id != id)
		gpadl = gpadl->next;
	return gpadl;
}

/* First how large it is, then the whole; it cannot change in between, only go. */
static int fetch(struct vmbus_channel *channel, uint32_t id, struct vmbus_gpadl **gpadl)
{
	struct vmbusr_gpadl io = { .gpadl = id };
	int err = vmbus_ioctl(channel->fd, VMBUSR_GET_GPADL, &io);
	struct vmbus_gpadl *new;

	if (err != -ENOSPC)
		return err ? err : -EIO;
	new = calloc(1, sizeof(*new) + io.words * sizeof(uint64_t));
	if (!new)
		return -ENOMEM;
	io.ranges = (uintptr_t)new->words;
	err = vmbus_ioctl(channel->fd, VMBUSR_GET_GPADL, &io);
	if (err) {
		free(new);
		return err;
	}
	new->range_count = io.range_count;
	new->bytes = io.bytes;
	*gpadl = new;
	return 0;
}

/**
 * vmbus_gpadl_get() - hold a GPADL
 * @channel: whose
 * @id:      the guest's number
 * @gpadl:   the GPADL, until as many vmbus_gpadl_put()
 *
 * Return: 0, -ENOENT, -ENOMEM.
 */
int vmbus_gpadl_get(struct vmbus_channel *channel, uint32_t id, struct vmbus_gpadl **gpadl)
{
	struct vmbus_gpadl *held = find(channel, id);
	int err;

	if (!held) {
		err = fetch(channel, id, &held);
		if (err)
			return err;
		held->channel = channel;
		held->id = id;
		held->next = channel->gpadls;
		channel->gpadls = held;
	}
	held->users++;
	*gpadl = held;
	return 0;
}

static void drop(struct vmbus_gpadl *gpadl)
{
	struct vmbusr_gpadl io = { .gpadl = gpadl->id };
	struct vmbus_gpadl **at = &gpadl->channel->gpadls;

	while (*at != gpadl)
		at = &(*at)->next;
	*at = gpadl->next;
	vmbus_ioctl(gpadl->channel->fd, VMBUSR_PUT_GPADL, &io);
	free(gpadl);
}

/**
 * vmbus_gpadl_put() - hold it no more
 * @gpadl: from vmbus_gpadl_get(), or NULL
 */
void vmbus_gpadl_put(struct vmbus_gpadl *gpadl)
{
	if (gpadl && !--gpadl->users)
		drop(gpadl);
}

void vmbus_gpadl_put_all(struct vmbus_channel *channel)
{
	while (channel->gpadls)
		drop(channel->gpadls);
}

/**
 * vmbus_gpadl_size() - bytes of all ranges
 * @gpadl: the GPADL
 *
 * Return: bytes.
 */
uint64_t vmbus_gpadl_size(const struct vmbus_gpadl *gpadl)
{
	return gpadl->bytes;
}

/**
 * vmbus_gpadl_translate() - where a byte of a GPADL is
 * @gpadl:  the GPADL
 * @offset: of the byte, in all ranges taken together
 * @gpa:    its guest physical address
 * @run:    how many bytes from there on lie in one piece
 *
 * Return: 0, -ERANGE: there is no such byte.
 */
int vmbus_gpadl_translate(const struct vmbus_gpadl *gpadl, uint64_t offset, uint64_t *gpa,
			  uint64_t *run)
{
	const uint64_t *range = gpadl->words;

	if (offset >= gpadl->bytes)
		return -ERANGE;
	for (;;) {
		uint64_t count = (uint32_t)range[0], first = range[0] >> 32;
		uint64_t pages = (first + count + PAGE - 1) / PAGE;
		uint64_t at = first + offset, page = at / PAGE, left;

		if (offset >= count) {
			offset -= count;
			range += 1 + pages;
			continue;
		}
		left = count - offset;
		*gpa = range[1 + page] * PAGE + at % PAGE;
		*run = PAGE - at % PAGE;
		while (*run < left && range[2 + page] == range[1 + page] + 1) {
			*run += PAGE;
			page++;
		}
		*run = min(*run, left);
		return 0;
	}
}
