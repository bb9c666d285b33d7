/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timers of the virtual devices, on one timerfd. */
#ifndef VMWP_TIMERS_H
#define VMWP_TIMERS_H

#include <pthread.h>

#include "loop.h"
#include "vdev.h"

/**
 * struct timers - armed timers, the earliest first
 * @source: the timerfd
 * @lock:   the machine's device lock; protects @first
 */
struct timers {
	struct loop_source source;
	pthread_mutex_t *lock;
	struct vdev_timer *first;
};

int timers_create(struct timers *timers, struct loop *loop, pthread_mutex_t *lock);
void timers_destroy(struct timers *timers);
void timers_arm(struct timers *timers, struct vdev_timer *timer, uint64_t deadline);
void timers_clear(struct timers *timers);
uint64_t timers_now(void);

#endif
