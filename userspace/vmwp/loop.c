// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event loop: serial ports, timers, signals and wake-ups, in the main thread.
 *
 * One event is taken at a time, so a handler may remove any source.  loop_wake() may
 * be called by any thread, all else by the main thread only.
 */
#include "loop.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void drain_wakeup(void *ctx, uint32_t events)
{
	struct loop *loop = ctx;
	uint64_t count;

	if (read(loop->event, &count, sizeof(count)) == sizeof(count))
		loop->woken(loop->ctx);
}

/**
 * loop_create() - make an empty loop
 * @loop: filled in; stays where it is
 * @woken: called in the main thread after loop_wake()
 * @ctx: for @woken
 *
 * Return: 0 or -errno.
 */
int loop_create(struct loop *loop, void (*woken)(void *ctx), void *ctx)
{
	int err;

	loop->woken = woken;
	loop->ctx = ctx;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return -errno;
	loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->event < 0) {
		err = -errno;
		close(loop->epoll);
		return err;
	}
	loop->wakeup = (struct loop_source){ loop->event, drain_wakeup, loop };
	return loop_add(loop, &loop->wakeup, EPOLLIN);
}

/**
 * loop_destroy() - end a loop; its sources are not closed
 * @loop: from loop_create()
 */
void loop_destroy(struct loop *loop)
{
	close(loop->event);
	close(loop->epoll);
}

static int control(struct loop *loop, int operation, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(loop->epoll, operation, source->fd, &event) ? -errno : 0;
}

/**
 * loop_add() - watch a descriptor
 * @loop: from loop_create()
 * @source: the descriptor and its handler
 * @events: EPOLL* bits
 *
 * Return: 0, or -EPERM for a file that is always ready, or another -errno.
 */
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, source, events);
}

/**
 * loop_modify() - watch a descriptor for something else
 * @loop: from loop_create()
 * @source: given to loop_add()
 * @events: EPOLL* bits
 *
 * Return: 0 or -errno.
 */
int loop_modify(struct loop *loop, struct loop_source *source, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, source, events);
}

/**
 * loop_remove() - watch a descriptor no longer; before it is closed
 * @loop: from loop_create()
 * @source: given to loop_add()
 */
void loop_remove(struct loop *loop, struct loop_source *source)
{
	control(loop, EPOLL_CTL_DEL, source, 0);
}

/**
 * loop_wake() - have the woken function called soon
 * @loop: from loop_create()
 *
 * Context: any thread.
 */
void loop_wake(struct loop *loop)
{
	uint64_t one = 1;
	ssize_t ignored = write(loop->event, &one, sizeof(one));

	(void)ignored;			/* full means that a wake-up is pending */
}

/**
 * loop_once() - wait for one event and handle it
 * @loop: from loop_create()
 *
 * Return: 0 or -errno.
 */
int loop_once(struct loop *loop)
{
	struct loop_source *source;
	struct epoll_event event;
	int count = epoll_wait(loop->epoll, &event, 1, -1);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	if (count) {
		source = event.data.ptr;
		source->ready(source->ctx, event.events);
	}
	return 0;
}
