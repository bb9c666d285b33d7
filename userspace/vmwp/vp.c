// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread of a virtual processor.
 *
 * Threads are made once, before the sandbox closes, and wait between two starts of
 * the machine.  A cancelled run returns even when the cancellation came before it
 * (VID_CANCEL_RUN), so "stopping" is never missed.
 */
#include "vp.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "machine.h"
#include "report.h"

#define STACK_SIZE (128 * KIB)

static void run_failed(struct vp *vp, int err)
{
	if (err == -EIO) {
		machine_stop(vp->machine, END_VP_STATE, vp->index);
		return;
	}
	report("cannot run VP %u: %s", vp->index, strerror(-err));
	machine_stop(vp->machine, END_ERROR, vp->index);
}

/**
 * vp_run() - run a VP until the machine stops
 * @vp: the calling thread's
 */
void vp_run(struct vp *vp)
{
	int err;

	while (!atomic_load(&vp->machine->stopping)) {
		err = vid_run_vp(vp->fd);
		if (!err)
			vp_intercept(vp);
		else if (err != -EINTR)
			run_failed(vp, err);
	}
}

/* Wait for a start that this thread has not seen; false: the thread shall return. */
static bool wait_for_start(struct machine *machine, unsigned int *seen)
{
	bool start;

	pthread_mutex_lock(&machine->park_lock);
	while (machine->generation == *seen && !machine->leaving)
		pthread_cond_wait(&machine->park, &machine->park_lock);
	*seen = machine->generation;
	start = !machine->leaving;
	pthread_mutex_unlock(&machine->park_lock);
	return start;
}

static void note_parked(struct machine *machine)
{
	pthread_mutex_lock(&machine->park_lock);
	machine->running--;
	pthread_cond_broadcast(&machine->park);
	pthread_mutex_unlock(&machine->park_lock);
}

static void *thread_main(void *argument)
{
	struct vp *vp = argument;
	unsigned int seen = 0;
	char name[16] = "vp";

	name[2] = (char)('0' + vp->index / 10);
	name[3] = (char)('0' + vp->index % 10);
	pthread_setname_np(pthread_self(), name);
	note_parked(vp->machine);
	while (wait_for_start(vp->machine, &seen)) {
		vp_run(vp);
		note_parked(vp->machine);
	}
	return NULL;
}

/**
 * vp_start_thread() - make the thread of a VP; it waits for the machine's start
 * @vp: machine and index are set
 *
 * Return: 0 or -errno.
 */
int vp_start_thread(struct vp *vp)
{
	pthread_attr_t attributes;
	int err;

	err = pthread_attr_init(&attributes);
	if (err)
		return -err;
	err = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (!err)
		err = pthread_create(&vp->thread, &attributes, thread_main, vp);
	vp->threaded = !err;
	pthread_attr_destroy(&attributes);
	return -err;
}
