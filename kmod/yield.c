// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directed yield: a VP that spins gives its time to one that may hold what it spins for.
 *
 * Who holds it is not known.  But it runs on no CPU while it wants to, or the spinning would soon
 * end: so the next VP in turn whose thread waits for a CPU is given one.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "hv.h"

/**
 * rs_vp_set_task() - note which thread runs the VP
 * @vp: owner only
 */
void rs_vp_set_task(struct rs_vp *vp)
{
	struct task_struct *old = rcu_dereference_protected(vp->task, true);

	if (likely(old == current))
		return;
	rcu_assign_pointer(vp->task, get_task_struct(current));
	if (!old)
		return;
	synchronize_rcu();	/* rarely: a VP keeps its thread */
	put_task_struct(old);
}

/**
 * rs_vp_forget_task() - the VP goes
 * @vp: nobody else knows it any more
 */
void rs_vp_forget_task(struct rs_vp *vp)
{
	struct task_struct *task = rcu_dereference_protected(vp->task, true);

	if (task)
		put_task_struct(task);
}

static bool yield_to_vp(struct rs_vp *target)
{
	struct task_struct *task;

	rcu_read_lock();
	task = rcu_dereference(target->task);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return false;
	/* false too when it sleeps, or runs already */
	if (yield_to(task, true) <= 0) {
		put_task_struct(task);
		return false;
	}
	put_task_struct(task);
	return true;
}

/* It does not sleep, and does not spin itself: it may hold something up. */
static bool worth_it(struct rs_vp *vp)
{
	return !READ_ONCE(vp->activity) && !READ_ONCE(vp->spinning);
}

/**
 * rs_vp_yield() - the guest spins on @vp
 * @vp: owner only; may sleep
 *
 * Until its next exit for another reason nobody yields to it in turn.
 */
void rs_vp_yield(struct rs_vp *vp)
{
	struct rs_partition *partition = vp->partition;
	u32 count = partition->vp_count;
	u32 first = READ_ONCE(partition->last_yield) + 1;
	u32 i;

	WRITE_ONCE(vp->spinning, true);
	for (i = 0; i < count; i++) {
		u32 index = (first + i) % count;
		struct rs_vp *target = rs_partition_vp(partition, index);

		if (!target || target == vp || !worth_it(target) || !yield_to_vp(target))
			continue;
		WRITE_ONCE(partition->last_yield, index);
		vp->counters[RS_COUNT_YIELDS]++;
		return;
	}
	cond_resched();
}
