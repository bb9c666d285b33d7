// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dynamic memory: the guest reports how it is off, gives pages to the host when it is asked,
 * and gets them back; and it gets some that it did not have at its start (hot add).
 *
 * A bitmap says which pages the guest has given.  Its answers may name any page: one that is
 * no RAM, or was given before, is counted as bad and otherwise ignored, so that nothing is
 * discarded twice and nothing given back that was not given.
 *
 * What is added lies above all other memory, one piece behind the other, and stays until the
 * machine is reset.  A kernel that another one started (kexec) may be told of it anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "synth.h"

#define MESSAGE_MAX	4096u		/* Linux takes no larger one */
#define RANGES_MAX	((MESSAGE_MAX - sizeof(struct balloon_unballoon)) / sizeof(uint64_t))
#define RANGE_PAGES_MAX	((1u << 24) - 1)
#define PAGE_BITS	40
#define PAGES_PER_MIB	256u

static bool is_given(const struct balloon *balloon, uint64_t page)
{
	return balloon->bitmap[page / 8] & (1u << page % 8);
}

static void flip(struct balloon *balloon, uint64_t page)
{
	balloon->bitmap[page / 8] ^= 1u << page % 8;
}

static int send_message(struct balloon *balloon, enum balloon_type type, void *message,
			size_t size)
{
	struct balloon_header *header = message;

	header->type = (uint16_t)type;
	header->size = (uint16_t)size;
	header->transaction = ++balloon->transaction;
	return balloon->port.send(balloon->port.ctx, message, size);
}

static void finish(struct balloon *balloon, int err)
{
	void (*done)(void *ctx, int err) = balloon->done;

	balloon->done = NULL;
	if (done)
		done(balloon->done_ctx, err);
}

static int send_accepted(struct balloon *balloon, enum balloon_type type, bool accepted)
{
	struct balloon_accepted message = { .accepted = accepted };

	return send_message(balloon, type, &message, sizeof(message));
}

static void take_version(struct balloon *balloon, const void *packet, size_t size)
{
	struct balloon_version message;
	bool known;

	memcpy(&message, packet, sizeof(message));
	known = message.version == BALLOON_VERSION_WIN10 ||
		message.version == BALLOON_VERSION_WIN8;
	if (send_accepted(balloon, BALLOON_VERSION_RESPONSE, known) || !known)
		return;
	balloon->version = message.version;
	balloon->state = BALLOON_STATE_CAPABILITIES;
}

static void take_capabilities(struct balloon *balloon, const void *packet, size_t size)
{
	struct balloon_capabilities message;

	memcpy(&message, packet, sizeof(message));
	if (send_accepted(balloon, BALLOON_CAPABILITIES_RESPONSE, true))
		return;
	balloon->capabilities = message.flags;
	balloon->hot_unit = (uint64_t)PAGES_PER_MIB << (message.flags >> 2 & 0xf);
	if (balloon->hot_unit < balloon->memory.hot_unit)
		balloon->hot_unit = balloon->memory.hot_unit;
	balloon->state = BALLOON_STATE_READY;
}

static void take_status(struct balloon *balloon, const void *packet, size_t size)
{
	struct balloon_status message;

	memcpy(&message, packet, sizeof(message));
	balloon->available = message.available;
	balloon->committed = message.committed;
	balloon->reports++;
}

/* Its pages that are RAM and were not given before are the host's now. */
static void take_range(struct balloon *balloon, uint64_t range)
{
	uint64_t page = range & ((1ull << PAGE_BITS) - 1);
	uint64_t count = range >> PAGE_BITS;
	uint64_t i;

	if (!count || page >= balloon->memory.limit || count > balloon->memory.limit - page ||
	    !balloon->ops->ram(balloon->ctx, page, count)) {
		balloon->bad++;
		return;
	}
	for (i = page; i < page + count; i++) {
		if (is_given(balloon, i)) {
			balloon->bad++;
			return;
		}
	}
	for (i = page; i < page + count; i++)
		flip(balloon, i);
	balloon->given += count;
	balloon->ops->discard(balloon->ctx, page, count);
}

/* The guest may give less than it was asked for: then that is how it is. */
static void take_ranges(struct balloon *balloon, const void *packet, size_t size)
{
	const uint8_t *ranges = (const uint8_t *)packet + sizeof(struct balloon_response);
	struct balloon_response message;
	uint64_t range;
	uint32_t count, i;

	memcpy(&message, packet, sizeof(message));
	count = message.more_and_count >> 1;
	if (count > (size - sizeof(message)) / sizeof(range)) {
		balloon->bad++;
		return;
	}
	for (i = 0; i < count; i++) {
		memcpy(&range, ranges + i * sizeof(range), sizeof(range));
		take_range(balloon, range);
	}
	if (message.more_and_count & 1)
		return;
	balloon->state = BALLOON_STATE_READY;
	finish(balloon, balloon->given < balloon->target ? -ENOSPC : 0);
}

/* The next pages that lie together, up to what is to be given back; false: there are none. */
static bool next_range(struct balloon *balloon, uint64_t *page, uint64_t *count)
{
	while (balloon->cursor < balloon->memory.limit && !is_given(balloon, balloon->cursor))
		balloon->cursor++;
	*page = balloon->cursor;
	*count = 0;
	while (*count < balloon->left && *count < RANGE_PAGES_MAX &&
	       *page + *count < balloon->memory.limit && is_given(balloon, *page + *count))
		(*count)++;
	return *count;
}

/* As many ranges as fit into a message; it is sent once more if there is no room for it. */
static unsigned int fill_ranges(struct balloon *balloon, uint64_t *ranges)
{
	unsigned int used = 0;
	uint64_t page, count;

	while (used < RANGES_MAX && next_range(balloon, &page, &count)) {
		ranges[used++] = page | count << PAGE_BITS;
		balloon->cursor += count;
		balloon->left -= count;
	}
	return used;
}

static void forget_ranges(struct balloon *balloon, const uint64_t *ranges, unsigned int count)
{
	uint64_t page, pages, i;

	while (count--) {
		page = ranges[count] & ((1ull << PAGE_BITS) - 1);
		pages = ranges[count] >> PAGE_BITS;
		for (i = page; i < page + pages; i++)
			flip(balloon, i);
		balloon->given -= pages;
	}
}

/* One message of giving back.  What the guest may touch as soon as it is told is its own. */
static int send_ranges(struct balloon *balloon)
{
	struct {
		struct balloon_unballoon head;
		uint64_t ranges[RANGES_MAX];
	} message = { .head = { .more = 0 } };
	uint64_t cursor = balloon->cursor, left = balloon->left;
	int err;

	message.head.count = fill_ranges(balloon, message.ranges);
	message.head.more = balloon->left > 0;
	err = send_message(balloon, BALLOON_UNBALLOON_REQUEST, &message,
			   sizeof(message.head) + message.head.count * sizeof(uint64_t));
	if (!err) {
		forget_ranges(balloon, message.ranges, message.head.count);
		return 0;
	}
	balloon->cursor = cursor;
	balloon->left = left;
	return err;
}

static uint64_t round_down(uint64_t pages, uint64_t unit)
{
	return pages - pages % unit;
}

static uint64_t round_up(uint64_t pages, uint64_t unit)
{
	return round_down(pages + unit - 1, unit);
}

static void stop_adding(struct balloon *balloon, int err)
{
	balloon->to_add = 0;
	balloon->asked = 0;
	balloon->pending = false;
	balloon->state = BALLOON_STATE_READY;
	finish(balloon, err);
}

static void give_back(struct balloon *balloon)
{
	int err = 0;

	while (!err && balloon->left)
		err = send_ranges(balloon);
	balloon->pending = err == -EAGAIN;
	if (err && err != -EAGAIN)
		stop_adding(balloon, err);
}

/* The memory is there before the guest hears of it. */
static int tell_of_pages(struct balloon *balloon, uint64_t count)
{
	uint64_t page = balloon->memory.hot_first + balloon->hot_used;
	struct balloon_hot_add message = { .range = page | count << PAGE_BITS };
	int err = balloon->ops->add(balloon->ctx, page, count);

	if (!err)
		err = send_message(balloon, BALLOON_HOT_ADD_REQUEST, &message, sizeof(message));
	if (!err)
		balloon->asked = count;
	return err;
}

/* As many as one message can name. */
static void add_pages(struct balloon *balloon)
{
	uint64_t most = round_down(RANGE_PAGES_MAX, balloon->hot_unit);
	int err = tell_of_pages(balloon, balloon->to_add < most ? balloon->to_add : most);

	balloon->state = BALLOON_STATE_ADDING;
	balloon->pending = err == -EAGAIN;
	if (err && err != -EAGAIN)
		stop_adding(balloon, err);
}

/* A guest that took less will not take more now. */
static void take_added(struct balloon *balloon, const void *packet, size_t size)
{
	struct balloon_hot_add_response message;

	memcpy(&message, packet, sizeof(message));
	if (message.pages > balloon->asked) {
		balloon->bad++;		/* also when it was not told yet */
		return;
	}
	balloon->added += message.pages;
	balloon->hot_used += round_up(message.pages, balloon->hot_unit);
	balloon->to_add -= message.pages;
	if (message.pages < balloon->asked || !balloon->to_add)
		stop_adding(balloon, balloon->to_add ? -ENOSPC : 0);
	else
		add_pages(balloon);
}

static void take_unballooned(struct balloon *balloon, const void *packet, size_t size)
{
	if (balloon->left) {
		balloon->bad++;		/* it has not got them all */
		return;
	}
	balloon->state = BALLOON_STATE_READY;
	if (balloon->to_add)
		add_pages(balloon);
	else
		finish(balloon, 0);
}

static const struct {
	enum balloon_type type;
	size_t size;			/* at least */
	unsigned int states;		/* in which it makes sense: bits */
	void (*take)(struct balloon *balloon, const void *packet, size_t size);
} messages[] = {
	{ BALLOON_VERSION_REQUEST, sizeof(struct balloon_version),
	  1u << BALLOON_STATE_VERSION, take_version },
	{ BALLOON_CAPABILITIES, sizeof(struct balloon_capabilities),
	  1u << BALLOON_STATE_CAPABILITIES, take_capabilities },
	{ BALLOON_STATUS, sizeof(struct balloon_status),
	  1u << BALLOON_STATE_READY | 1u << BALLOON_STATE_INFLATING |
	  1u << BALLOON_STATE_DEFLATING | 1u << BALLOON_STATE_ADDING, take_status },
	{ BALLOON_RESPONSE, sizeof(struct balloon_response),
	  1u << BALLOON_STATE_INFLATING, take_ranges },
	{ BALLOON_UNBALLOON_RESPONSE, sizeof(struct balloon_header),
	  1u << BALLOON_STATE_DEFLATING, take_unballooned },
	{ BALLOON_HOT_ADD_RESPONSE, sizeof(struct balloon_hot_add_response),
	  1u << BALLOON_STATE_ADDING, take_added },
};

/**
 * balloon_packet() - the guest sent a packet
 * @balloon: open
 * @packet: a copy that it cannot change any more
 * @size: of @packet
 */
void balloon_packet(struct balloon *balloon, const void *packet, size_t size)
{
	struct balloon_header header;
	size_t i;

	if (size < sizeof(header)) {
		balloon->bad++;
		return;
	}
	memcpy(&header, packet, sizeof(header));
	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		if (messages[i].type != header.type || size < messages[i].size ||
		    !(messages[i].states & (1u << balloon->state)))
			continue;
		messages[i].take(balloon, packet, size);
		return;
	}
	balloon->bad++;
}

/**
 * balloon_writable() - there is room in the ring again
 * @balloon: any
 */
void balloon_writable(struct balloon *balloon)
{
	if (!balloon->pending)
		return;
	if (balloon->state == BALLOON_STATE_DEFLATING)
		give_back(balloon);
	else if (balloon->state == BALLOON_STATE_ADDING)
		add_pages(balloon);
}

static int inflate(struct balloon *balloon, uint64_t pages)
{
	struct balloon_request message = { .pages = (uint32_t)pages };
	int err;

	if (pages > UINT32_MAX)
		return -ERANGE;
	err = send_message(balloon, BALLOON_REQUEST, &message, sizeof(message));
	if (!err)
		balloon->state = BALLOON_STATE_INFLATING;
	return err;
}

static void deflate(struct balloon *balloon, uint64_t pages)
{
	balloon->state = BALLOON_STATE_DEFLATING;
	balloon->cursor = 0;
	balloon->left = pages;
	give_back(balloon);
}

/**
 * balloon_set() - have the guest give pages, or give it some back
 * @balloon: any
 * @pages: that it shall have given
 * @done: called at the end; -ENOSPC: the guest gave less.  Not when this fails
 * @ctx: for @done
 *
 * Return: 0, 1 when it is so already and @done is not called, -ENOTCONN when no driver is
 * ready, -EBUSY while it works on it, -EOPNOTSUPP when it cannot, or another -errno.
 */
int balloon_set(struct balloon *balloon, uint64_t pages, void (*done)(void *ctx, int err),
		void *ctx)
{
	int err = 0;

	if (balloon->state < BALLOON_STATE_READY)
		return -ENOTCONN;
	if (balloon->state != BALLOON_STATE_READY)
		return -EBUSY;
	if (!(balloon->capabilities & BALLOON_CAN_BALLOON))
		return -EOPNOTSUPP;
	if (pages == balloon->given)
		return 1;
	balloon->target = pages;
	balloon->done = done;
	balloon->done_ctx = ctx;
	if (pages > balloon->given)
		err = inflate(balloon, pages - balloon->given);
	else
		deflate(balloon, balloon->given - pages);
	if (err)
		balloon->done = NULL;
	return err;
}

/* Of what can be added, in the units that it goes by; 0: there is not that much. */
static uint64_t how_much_to_add(const struct balloon *balloon, uint64_t pages)
{
	uint64_t room = round_down(balloon->memory.hot_count - balloon->hot_used,
				   balloon->hot_unit);
	uint64_t wanted = round_up(pages, balloon->hot_unit);

	return wanted <= room ? wanted : 0;
}

/**
 * balloon_total() - how much memory the guest has
 * @balloon: any
 *
 * Return: pages.
 */
uint64_t balloon_total(const struct balloon *balloon)
{
	return balloon->memory.count + balloon->added - balloon->given;
}

/**
 * balloon_resize() - have the guest have more or less memory, by whatever means
 * @balloon: any
 * @pages: that it shall have, at least
 * @done: as for balloon_set(); -ENOSPC also when it did not take all that was to be added
 * @ctx: for @done
 *
 * Return: as balloon_set(); -ERANGE when there shall not be that much.
 */
int balloon_resize(struct balloon *balloon, uint64_t pages, void (*done)(void *ctx, int err),
		   void *ctx)
{
	uint64_t most = balloon->memory.count + balloon->added;

	if (balloon->state < BALLOON_STATE_READY)
		return -ENOTCONN;
	if (balloon->state != BALLOON_STATE_READY)
		return -EBUSY;
	if (pages <= most)
		return balloon_set(balloon, most - pages, done, ctx);
	if (!(balloon->capabilities & BALLOON_CAN_HOT_ADD))
		return -EOPNOTSUPP;
	if (pages - most > balloon->memory.hot_count)
		return -ERANGE;
	balloon->to_add = how_much_to_add(balloon, pages - most);
	if (!balloon->to_add)
		return -ERANGE;
	balloon->done = done;
	balloon->done_ctx = ctx;
	if (balloon->given)
		deflate(balloon, balloon->given);
	else
		add_pages(balloon);
	return 0;
}

/**
 * balloon_init() - make the service
 * @balloon: filled in
 * @port: where it sends
 * @ops: what to do with memory
 * @ctx: for @ops
 * @memory: the machine's
 *
 * Return: 0 or -ENOMEM.
 */
int balloon_init(struct balloon *balloon, const struct vdev_port *port,
		 const struct balloon_ops *ops, void *ctx, const struct balloon_memory *memory)
{
	*balloon = (struct balloon){
		.ops = ops,
		.port = *port,
		.memory = *memory,
		.bitmap = calloc(memory->limit / 8 + 1, 1),
		.ctx = ctx,
	};
	return balloon->bitmap ? 0 : -ENOMEM;
}

/**
 * balloon_fini() - free what balloon_init() made
 * @balloon: closed
 */
void balloon_fini(struct balloon *balloon)
{
	free(balloon->bitmap);
	balloon->bitmap = NULL;
}

/**
 * balloon_opened() - a driver opened the channel
 * @balloon: closed
 */
void balloon_opened(struct balloon *balloon)
{
	balloon->state = BALLOON_STATE_VERSION;
}

/**
 * balloon_closed() - the driver has gone
 * @balloon: may be closed already
 *
 * A driver that goes takes all its pages back without a word, and so may a kernel that
 * starts anew: nothing is given any more.
 */
void balloon_closed(struct balloon *balloon)
{
	balloon->state = BALLOON_STATE_CLOSED;
	balloon->given = 0;
	balloon->left = 0;
	balloon->to_add = 0;
	balloon->asked = 0;
	balloon->pending = false;
	memset(balloon->bitmap, 0, balloon->memory.limit / 8 + 1);
	finish(balloon, -ECONNRESET);
}

/**
 * balloon_restarted() - another kernel runs, which knows nothing of what was added
 * @balloon: closed
 */
void balloon_restarted(struct balloon *balloon)
{
	balloon->added = 0;
	balloon->hot_used = 0;
}
