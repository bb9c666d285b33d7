// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one VP's owner asks another's to do: only a VP's owner may touch its registers.
 *
 * The call is served by the target's owner at its next turn, or, while nobody runs the target,
 * by the caller, who takes it over for that long.  Two VPs may call each other: who waits
 * serves.
 */
#include <linux/sched/signal.h>

#include "hv.h"

enum call_state { CALL_QUEUED, CALL_RUNNING, CALL_DONE };

/* On its caller's stack. */
struct rs_call {
	struct list_head node;			/* of target->calls.list, while QUEUED */
	struct rs_vp *caller;
	u16 (*function)(struct rs_vp *target, void *argument);
	void *argument;
	u16 status;				/* once DONE */
	int state;				/* enum call_state */
};

void rs_calls_init(struct rs_vp *vp)
{
	spin_lock_init(&vp->calls.lock);
	INIT_LIST_HEAD(&vp->calls.list);
}

static struct rs_call *next_call(struct rs_vp *vp)
{
	struct rs_call *call;

	spin_lock(&vp->calls.lock);
	call = list_first_entry_or_null(&vp->calls.list, struct rs_call, node);
	if (call) {
		list_del(&call->node);
		WRITE_ONCE(call->state, CALL_RUNNING);
	}
	spin_unlock(&vp->calls.lock);
	return call;
}

/**
 * rs_calls_serve() - do what others ask of @vp
 * @vp: owner only, process context
 */
void rs_calls_serve(struct rs_vp *vp)
{
	struct rs_call *call;
	struct rs_vp *caller;

	while ((call = next_call(vp))) {
		caller = call->caller;
		call->status = call->function(vp, call->argument);
		/* the last touch: its caller may return.  VPs live as long as the partition */
		smp_store_release(&call->state, CALL_DONE);
		rcuwait_wake_up(&caller->wait);
	}
}

/* @vp has no owner any more: who waits for it is to look again. */
static void wake_callers(struct rs_vp *vp)
{
	struct rs_call *call;

	smp_mb();	/* the unlock before the look; pairs with the lock of rs_vp_call() */
	if (list_empty_careful(&vp->calls.list))
		return;
	spin_lock(&vp->calls.lock);
	list_for_each_entry(call, &vp->calls.list, node)
		rcuwait_wake_up(&call->caller->wait);
	spin_unlock(&vp->calls.lock);
}

/**
 * rs_vp_own() - become the VP's owner
 * @vp: any
 *
 * Who borrows the VP to serve a call is waited for; that does not take long.
 *
 * Return: false when it has an owner.
 */
bool rs_vp_own(struct rs_vp *vp)
{
	if (test_and_set_bit_lock(0, &vp->owned))
		return false;
	mutex_lock(&vp->mutex);
	return true;
}

/**
 * rs_vp_disown() - after rs_vp_own() that returned true
 * @vp: the caller's
 */
void rs_vp_disown(struct rs_vp *vp)
{
	mutex_unlock(&vp->mutex);
	clear_bit_unlock(0, &vp->owned);
	wake_callers(vp);
}

/* Takes it back; false when it is under way or done. */
static bool cancel(struct rs_vp *target, struct rs_call *call)
{
	bool queued;

	spin_lock(&target->calls.lock);
	queued = call->state == CALL_QUEUED;
	if (queued)
		list_del(&call->node);
	spin_unlock(&target->calls.lock);
	return queued;
}

static bool is_done(struct rs_call *call)
{
	return smp_load_acquire(&call->state) == CALL_DONE;	/* and so its status */
}

/* Until there is something to do: for us, or for the target while nobody owns it. */
static void wait(struct rs_vp *vp, struct rs_vp *target, struct rs_call *call)
{
	rcuwait_wait_event(&vp->wait,
			   is_done(call) || !list_empty_careful(&vp->calls.list) ||
			   (READ_ONCE(call->state) == CALL_QUEUED &&
			    !mutex_is_locked(&target->mutex)),
			   TASK_INTERRUPTIBLE);
}

static void serve_unowned(struct rs_vp *target)
{
	if (!mutex_trylock(&target->mutex))
		return;
	rs_calls_serve(target);
	mutex_unlock(&target->mutex);
	wake_callers(target);
}

/**
 * rs_vp_call() - have @function act on another VP, as its owner
 * @vp:       of the caller, who is its owner
 * @target:   any of the partition's
 * @function: process context; returns HV_STATUS_*; may not call others
 * @argument: for it
 * @status:   what it returned
 *
 * Return: 0, -EINTR: a signal came, and @function was not called
 */
int rs_vp_call(struct rs_vp *vp, struct rs_vp *target,
	       u16 (*function)(struct rs_vp *target, void *argument), void *argument, u16 *status)
{
	struct rs_call call = {
		.caller = vp, .function = function, .argument = argument,
	};

	if (vp == target) {
		*status = function(vp, argument);
		return 0;
	}
	spin_lock(&target->calls.lock);
	list_add_tail(&call.node, &target->calls.list);
	spin_unlock(&target->calls.lock);
	rs_vp_request(target, RS_REQUEST_CALL);
	while (!is_done(&call)) {
		serve_unowned(target);
		rs_calls_serve(vp);
		wait(vp, target, &call);
		if (signal_pending(current) && cancel(target, &call))
			return -EINTR;
	}
	*status = call.status;
	return 0;
}
