// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The timers of the virtual devices: a sorted list, and a timerfd for its head.
 *
 * A machine has about ten, so a list is enough.  Devices arm timers in any thread
 * with the device lock held; they expire in the main thread, which takes it.
 */
#include "timers.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND	1000000000ull
#define EXPIRE_MAX	64	/* a time: a guest may ask for periods of less than this takes */

/**
 * timers_now() - the host's clock, as deadlines mean it
 *
 * Return: monotonic time in ns.
 */
uint64_t timers_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static void program(struct timers *timers)
{
	uint64_t deadline = timers->first ? timers->first->deadline : 0;
	struct itimerspec when = {
		.it_value.tv_sec = (time_t)(deadline / NS_PER_SECOND),
		.it_value.tv_nsec = (long)(deadline % NS_PER_SECOND),
	};

	timerfd_settime(timers->source.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void take_out(struct timers *timers, struct vdev_timer *timer)
{
	struct vdev_timer **at = &timers->first;

	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
}

static void put_in(struct timers *timers, struct vdev_timer *timer)
{
	struct vdev_timer **at = &timers->first;

	while (*at && (*at)->deadline <= timer->deadline)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
}

/**
 * timers_arm() - have a timer expire once, or not at all
 * @timers: from timers_create()
 * @timer: its expired and dev are set
 * @deadline: ns on the host's clock; 0 disarms
 *
 * Context: any thread, device lock held.
 */
void timers_arm(struct timers *timers, struct vdev_timer *timer, uint64_t deadline)
{
	struct vdev_timer *head = timers->first;

	take_out(timers, timer);
	timer->deadline = deadline;
	if (deadline)
		put_in(timers, timer);
	if (timers->first != head || head == timer)
		program(timers);
}

/**
 * timers_clear() - forget all timers
 * @timers: from timers_create(); what they belong to is gone
 *
 * Context: any thread, device lock held.
 */
void timers_clear(struct timers *timers)
{
	timers->first = NULL;
	program(timers);
}

static void expire(struct timers *timers, uint64_t now)
{
	struct vdev_timer *timer;
	unsigned int i;

	for (i = 0; i < EXPIRE_MAX; i++) {
		timer = timers->first;
		if (!timer || timer->deadline > now)
			break;
		timers->first = timer->next;
		timer->deadline = 0;
		timer->expired(timer->dev);
	}
}

static void fired(void *ctx, uint32_t events)
{
	struct timers *timers = ctx;
	uint64_t count;
	ssize_t ignored = read(timers->source.fd, &count, sizeof(count));

	(void)ignored;
	pthread_mutex_lock(timers->lock);
	expire(timers, timers_now());
	program(timers);
	pthread_mutex_unlock(timers->lock);
}

/**
 * timers_create() - start with no timer armed
 * @timers: filled in; stays where it is
 * @loop: where they expire
 * @lock: the device lock
 *
 * Return: 0 or -errno.
 */
int timers_create(struct timers *timers, struct loop *loop, pthread_mutex_t *lock)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	timers->source = (struct loop_source){ fd, fired, timers };
	timers->lock = lock;
	timers->first = NULL;
	err = loop_add(loop, &timers->source, EPOLLIN);
	if (err)
		close(fd);
	return err;
}

/**
 * timers_destroy() - give the timerfd back
 * @timers: from timers_create(); its loop runs no more
 */
void timers_destroy(struct timers *timers)
{
	close(timers->source.fd);
}
