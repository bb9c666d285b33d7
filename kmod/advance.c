// SPDX-License-Identifier: GPL-2.0-only
/*
 * TSC deadlines on time: the host's timer rings a little early, by what the way from there into
 * the guest takes, and the last of the wait is spun right before the entry.
 *
 * How early is learned from how late or early the way was, each time.  Owner of the VP only.
 */
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/processor.h>
#include <linux/time64.h>
#include <asm/msr.h>

#include "hv.h"

#define ADVANCE_MAX		10000u	/* ns */
#define OUTLIER			10000	/* ns; the host had something else to do */
#define MARGIN			100	/* ns; so early is good enough */
#define SHARE			8	/* of what was wrong, put right each time */

static unsigned int timer_advance = 3000;
module_param(timer_advance, uint, 0444);
MODULE_PARM_DESC(timer_advance, "ns by which timers may ring early, at most 10000; 0: off");

void rs_advance_init(struct rs_vp *vp)
{
	vp->lapic.timer_slack = min(timer_advance, ADVANCE_MAX);
	vp->lapic.timer_advance = vp->lapic.timer_slack / 3;
}

/* @late: ns, negative when the spinning was long */
static void learn(struct rs_lapic *lapic, s64 late)
{
	s64 advance = lapic->timer_advance;

	if (late > OUTLIER || late < -OUTLIER)
		return;
	if (late > 0)
		advance += late / SHARE + 1;
	else if (late < -MARGIN)
		advance += late / SHARE;
	lapic->timer_advance = clamp_t(s64, advance, 0, lapic->timer_slack);
}

static s64 ticks_to_ns(const struct rs_vp *vp, s64 ticks)
{
	return div64_s64(ticks * (s64)USEC_PER_SEC, vp->partition->tsc_hz / MSEC_PER_SEC);
}

/**
 * rs_advance_wait() - spin until the deadline whose interrupt is about to go in
 * @vp: owner only, vp->due set
 *
 * Context: interrupts off, for no longer than the VP's timer_slack
 */
void rs_advance_wait(struct rs_vp *vp)
{
	u64 due = vp->due;
	s64 late = clamp_t(s64, rdtsc() - due, S32_MIN, S32_MAX);
	s64 late_ns = ticks_to_ns(vp, late);

	vp->due = 0;
	learn(&vp->lapic, late_ns);
	/* a TSC that differs from that of the CPU before must not hold us */
	if (late_ns < -(s64)vp->lapic.timer_slack)
		return;
	while ((s64)(rdtsc() - due) < 0)
		cpu_relax();
}
