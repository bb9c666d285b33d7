/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Synthetic devices that are no integration components: used as those are, see ic.h. */
#ifndef VMWP_SYNTH_H
#define VMWP_SYNTH_H

#include "ic.h"
#include "synth_wire.h"

/* ---- keyboard */

struct keyboard {
	struct vdev_port port;
	bool accepted;			/* the driver speaks our version */
	uint16_t leds;
	uint64_t bad;
};

/* A key is a code of scan code set 1, with KEYBOARD_E0 or KEYBOARD_E1 or neither. */
struct keyboard_key {
	uint16_t code;
	uint32_t prefix;
};

void keyboard_init(struct keyboard *keyboard, const struct vdev_port *port);
void keyboard_closed(struct keyboard *keyboard);
void keyboard_packet(struct keyboard *keyboard, const void *packet, size_t size);
int keyboard_send(struct keyboard *keyboard, const struct keyboard_key *key, bool up);

#define KEYBOARD_TEXT_MAX	256u
int keyboard_type(struct keyboard *keyboard, const char *text);

/* ---- mouse */

#define MOUSE_RANGE		0x7fffu		/* x and y are from 0 to this */
#define MOUSE_BUTTONS		5u

struct mouse {
	struct vdev_port port;
	bool accepted;			/* the driver knows what reports look like */
	uint64_t bad;
};

void mouse_init(struct mouse *mouse, const struct vdev_port *port);
void mouse_closed(struct mouse *mouse);
void mouse_packet(struct mouse *mouse, const void *packet, size_t size);
int mouse_send(struct mouse *mouse, const struct mouse_report *report);

/* ---- dynamic memory */

#define BALLOON_PAGE		4096u

/**
 * struct balloon_ops - what happens to memory that the guest gives back, or gets
 * @add:     have memory there, if it is not.  0 or -errno
 * @ram:     is all of this RAM?
 * @discard: the guest will not use it: the host may have it; from then on it reads as zeros
 */
struct balloon_ops {
	int (*add)(void *ctx, uint64_t page, uint64_t count);
	bool (*ram)(void *ctx, uint64_t page, uint64_t count);
	void (*discard)(void *ctx, uint64_t page, uint64_t count);
};

/**
 * struct balloon_memory - the memory of a machine, in pages
 * @limit:     page numbers are below; a bit is allocated for each
 * @count:     that it has at its start
 * @hot_first: the first one that can be added
 * @hot_count: how many can be
 * @hot_unit:  in multiples of this
 */
struct balloon_memory {
	uint64_t limit;
	uint64_t count;
	uint64_t hot_first;
	uint64_t hot_count;
	uint64_t hot_unit;
};

enum balloon_state {
	BALLOON_STATE_CLOSED,
	BALLOON_STATE_VERSION,		/* the driver shall name one that we know */
	BALLOON_STATE_CAPABILITIES,
	BALLOON_STATE_READY,
	BALLOON_STATE_INFLATING,	/* it was asked for pages */
	BALLOON_STATE_DEFLATING,	/* it gets pages back */
	BALLOON_STATE_ADDING,		/* it was told of pages that it never had */
};

/**
 * struct balloon - the service
 * @ops:       what to do with memory
 * @port:      where it sends
 * @state:     how far it came
 * @memory:    the machine's
 * @bitmap:    a bit for each page below @memory.limit: the guest has given it
 * @given:     how many bits are set
 * @target:    how many shall be
 * @cursor:    next page to look at while giving back
 * @left:      pages to give back still
 * @added:     pages that the guest took
 * @hot_used:  pages that can be added no more, for they were, or some beside them
 * @hot_unit:  what it adds goes by
 * @to_add:    pages to be added still
 * @asked:     of them the guest was told of
 * @pending:   a message did not fit into the ring
 * @version:   agreed on
 * @capabilities: of the guest
 * @available, @committed: pages, as it reported last
 * @reports:   how often it did
 * @done:      called when what was asked for came to an end; NULL: nobody waits
 * @ctx:       for @ops and @done
 */
struct balloon {
	const struct balloon_ops *ops;
	struct vdev_port port;
	enum balloon_state state;
	struct balloon_memory memory;
	uint8_t *bitmap;
	uint64_t given;
	uint64_t target;
	uint64_t cursor;
	uint64_t left;
	uint64_t added;
	uint64_t hot_used;
	uint64_t hot_unit;
	uint64_t to_add;
	uint64_t asked;
	bool pending;
	uint32_t transaction;
	uint32_t version;
	uint64_t capabilities;
	uint64_t available;
	uint64_t committed;
	uint64_t reports;
	uint64_t bad;
	void (*done)(void *ctx, int err);
	void *done_ctx;
	void *ctx;
};

int balloon_init(struct balloon *balloon, const struct vdev_port *port,
		 const struct balloon_ops *ops, void *ctx, const struct balloon_memory *memory);
void balloon_fini(struct balloon *balloon);
void balloon_opened(struct balloon *balloon);
void balloon_closed(struct balloon *balloon);
void balloon_packet(struct balloon *balloon, const void *packet, size_t size);
void balloon_writable(struct balloon *balloon);
int balloon_set(struct balloon *balloon, uint64_t pages, void (*done)(void *ctx, int err),
		void *ctx);
int balloon_resize(struct balloon *balloon, uint64_t pages, void (*done)(void *ctx, int err),
		   void *ctx);
void balloon_restarted(struct balloon *balloon);
uint64_t balloon_total(const struct balloon *balloon);

#endif
