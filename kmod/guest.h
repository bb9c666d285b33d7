/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel wants to know when a CPU enters a guest and leaves it: RCU, context
 * tracking, lockdep and the interrupt tracer.  Around the entry itself, interrupts off,
 * in noinstr code; CPU time accounting is vp.c's.
 */
#ifndef ROOTSTOCK_GUEST_H
#define ROOTSTOCK_GUEST_H

#include <linux/context_tracking.h>
#include <linux/ftrace.h>
#include <linux/instrumentation.h>
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <linux/vtime.h>

#include "rs_compat.h"

/* RCU counts a guest as it does user mode. */
static __always_inline void rs_guest_state_enter(void)
{
	instrumentation_begin();
	trace_hardirqs_on_prepare();
	lockdep_hardirqs_on_prepare();
	instrumentation_end();
	if (!context_tracking_guest_enter()) {
		instrumentation_begin();
		rs_rcu_note_guest();
		instrumentation_end();
	}
	lockdep_hardirqs_on(CALLER_ADDR0);
}

static __always_inline void rs_guest_state_exit(void)
{
	lockdep_hardirqs_off(CALLER_ADDR0);
	context_tracking_guest_exit();
	instrumentation_begin();
	trace_hardirqs_off_finish();
	instrumentation_end();
}

#endif
