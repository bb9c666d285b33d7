// SPDX-License-Identifier: GPL-2.0-only
/*
 * Posting to a VP from anywhere: kicks, requests, the mailbox, interrupt messages,
 * timers.
 *
 * Nothing here takes a lock, so that hard interrupts, other VPs and modules above
 * may call it.  The VP's owner finds what was posted before it enters the guest.
 */
#include <linux/smp.h>
#include <trace/events/ipi.h>

#include "hv.h"

/**
 * rs_vp_kick() - make the VP look at its requests
 * @vp: the VP
 *
 * Wakes it from HLT, or makes it leave the guest.
 *
 * Context: any.
 */
void rs_vp_kick(struct rs_vp *vp)
{
	int cpu;

	rcuwait_wake_up(&vp->wait);
	/*
	 * Pairs with the smp_store_mb() in vp_enter(): either that sees the request that
	 * our caller made, or we see IN_GUEST.
	 */
	smp_mb();
	if (READ_ONCE(vp->mode) != RS_VP_IN_GUEST ||
	    cmpxchg(&vp->mode, RS_VP_IN_GUEST, RS_VP_LEAVING) != RS_VP_IN_GUEST)
		return;
	cpu = get_cpu();
	if (READ_ONCE(vp->cpu) != cpu)
		smp_send_reschedule(READ_ONCE(vp->cpu));
	put_cpu();
}

/**
 * rs_vp_request() - set a request and kick
 * @vp:      the VP
 * @request: what must happen before the next entry
 *
 * Context: any.
 */
void rs_vp_request(struct rs_vp *vp, enum rs_request request)
{
	/* fully ordered: what it stands for was written before */
	if (!test_and_set_bit(request, &vp->requests))
		rs_vp_kick(vp);
}

/**
 * rs_vp_mail() - NMI, INIT or SIPI for the VP
 * @vp:   the VP
 * @mail: which; RS_MAIL_VECTORS goes through rs_vp_post()
 *
 * Context: any.
 */
void rs_vp_mail(struct rs_vp *vp, enum rs_mail mail)
{
	set_bit(mail, &vp->mailbox.flags);
	rs_vp_request(vp, RS_REQUEST_EVENT);
}

/**
 * rs_vp_post() - a vector for the VP's local APIC
 * @vp:     the VP
 * @vector: 16..255
 * @level:  it is level-triggered
 *
 * Context: any.
 */
void rs_vp_post(struct rs_vp *vp, u8 vector, bool level)
{
	/* ordered before the vector itself by the full barrier of test_and_set_bit() */
	if (level)
		set_bit(vector, vp->mailbox.level);
	else
		clear_bit(vector, vp->mailbox.level);
	if (!test_and_set_bit(vector, vp->mailbox.posted))
		rs_vp_mail(vp, RS_MAIL_VECTORS);
}

static void ipi_deliver(struct rs_vp *vp, const struct rs_ipi *ipi)
{
	switch (ipi->type) {
	case HV_X64_INTERRUPT_FIXED:
	case HV_X64_INTERRUPT_LOWEST_PRIORITY:
		rs_vp_post(vp, ipi->vector, ipi->level);
		break;
	case HV_X64_INTERRUPT_NMI:
		rs_vp_mail(vp, RS_MAIL_NMI);
		break;
	case HV_X64_INTERRUPT_INIT:
		rs_vp_mail(vp, RS_MAIL_INIT);
		break;
	case HV_X64_INTERRUPT_SIPI:
		WRITE_ONCE(vp->mailbox.sipi_vector, ipi->vector);
		rs_vp_mail(vp, RS_MAIL_SIPI);
		break;
	default:		/* SMI, remote read: there is no SMM, and no RRR */
		break;
	}
}

static bool ipi_reaches(struct rs_vp *vp, struct rs_vp *source, const struct rs_ipi *ipi)
{
	switch (ipi->shorthand) {
	case RS_IPI_SELF:
		return vp == source;
	case RS_IPI_ALL:
		return true;
	case RS_IPI_OTHERS:
		return vp != source;
	default:
		return rs_lapic_match(&vp->lapic, ipi);
	}
}

/**
 * rs_ipi_send() - route an interrupt message
 * @partition: the partition
 * @source:    the VP that sent it, or NULL
 * @ipi:       the message: type, vector, destination
 *
 * Lowest priority goes to one of those that match, the one whose priority is lowest.
 *
 * Context: any.
 */
void rs_ipi_send(struct rs_partition *partition, struct rs_vp *source, const struct rs_ipi *ipi)
{
	bool lowest = ipi->type == HV_X64_INTERRUPT_LOWEST_PRIORITY;
	struct rs_vp *best = NULL;
	u32 i;

	for (i = 0; i < partition->vp_count; i++) {
		struct rs_vp *vp = rs_partition_vp(partition, i);

		if (!vp || !ipi_reaches(vp, source, ipi))
			continue;
		if (!lowest)
			ipi_deliver(vp, ipi);
		else if (!best || rs_lapic_priority(&vp->lapic) < rs_lapic_priority(&best->lapic))
			best = vp;
	}
	if (best)
		ipi_deliver(best, ipi);
}

/* Runs on a CPU only after the guest left it. */
static void acknowledge_exit(void *unused)
{
}

/* Asks for a flush, and makes the VP leave the guest. */
static void request_flush(struct rs_vp *vp)
{
	set_bit(RS_REQUEST_FLUSH, &vp->requests);
	/* pairs with the smp_store_mb() in vp_enter() */
	smp_mb__after_atomic();
	cmpxchg(&vp->mode, RS_VP_IN_GUEST, RS_VP_LEAVING);
}

/* May some VP of the partition be in the guest on @cpu? */
static bool guest_on_cpu(int cpu, void *context)
{
	struct rs_partition *partition = context;
	u32 i;

	for (i = 0; i < partition->vp_count; i++) {
		struct rs_vp *vp = rs_partition_vp(partition, i);

		if (vp && READ_ONCE(vp->mode) != RS_VP_OUTSIDE && READ_ONCE(vp->cpu) == cpu)
			return true;
	}
	return false;
}

/**
 * rs_vps_flush_tlb() - VPs in @mask forget their translations before this returns
 * @partition: the partition
 * @mask:      bit n: the VP of index n; VPs that do not exist are passed over
 *
 * Those outside the guest do it before they enter.
 *
 * Context: process, interrupts on.
 */
void rs_vps_flush_tlb(struct rs_partition *partition, u64 mask)
{
	u32 i;

	for (i = 0; i < partition->vp_count; i++) {
		struct rs_vp *vp = mask & BIT_ULL(i) ? rs_partition_vp(partition, i) : NULL;

		if (vp)
			request_flush(vp);
	}
	on_each_cpu_cond(guest_on_cpu, acknowledge_exit, partition, true);
}

static enum hrtimer_restart timer_fired(struct hrtimer *hrtimer)
{
	struct rs_vp_timer *timer = container_of(hrtimer, struct rs_vp_timer, hrtimer);
	struct rs_vp *vp = timer->vp;

	set_bit(timer - vp->timers, &vp->timers_expired);
	rs_vp_request(vp, RS_REQUEST_TIMER);
	return HRTIMER_NORESTART;
}

/**
 * rs_vp_arm_timer() - (re)arm a timer, or disarm it
 * @vp:       the VP
 * @n:        which timer
 * @deadline: absolute, ktime_get() ns; 0: disarm
 */
void rs_vp_arm_timer(struct rs_vp *vp, enum rs_timer n, u64 deadline)
{
	struct hrtimer *hrtimer = &vp->timers[n].hrtimer;

	if (deadline)
		hrtimer_start(hrtimer, ns_to_ktime(min_t(u64, deadline, KTIME_MAX)),
			      HRTIMER_MODE_ABS_HARD);
	else
		hrtimer_cancel(hrtimer);
}

/* Timers as they are before any was armed. */
void rs_vp_timers_init(struct rs_vp *vp)
{
	unsigned int i;

	for (i = 0; i < RS_TIMERS; i++) {
		vp->timers[i].vp = vp;
		hrtimer_init(&vp->timers[i].hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
		vp->timers[i].hrtimer.function = timer_fired;
	}
}

void rs_vp_timers_cancel(struct rs_vp *vp)
{
	unsigned int i;

	for (i = 0; i < RS_TIMERS; i++)
		hrtimer_cancel(&vp->timers[i].hrtimer);
}
