/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop of the main thread. */
#ifndef VMWP_LOOP_H
#define VMWP_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

/**
 * struct loop_source - a descriptor and who is told
 * @ready: called in the main thread with the EPOLL* bits that hold
 *
 * The owner keeps it in place from loop_add() to loop_remove().
 */
struct loop_source {
	int fd;
	void (*ready)(void *ctx, uint32_t events);
	void *ctx;
};

struct loop {
	int epoll;
	int event;			/* an eventfd: loop_wake() */
	struct loop_source wakeup;
	void (*woken)(void *ctx);
	void *ctx;
};

int loop_create(struct loop *loop, void (*woken)(void *ctx), void *ctx);
void loop_destroy(struct loop *loop);
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events);
int loop_modify(struct loop *loop, struct loop_source *source, uint32_t events);
void loop_remove(struct loop *loop, struct loop_source *source);
void loop_wake(struct loop *loop);
int loop_once(struct loop *loop);

#endif
