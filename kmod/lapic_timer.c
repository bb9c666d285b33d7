// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of a local APIC (SDM3 §11.5.4, APM2 §16.4.1).
 *
 * Pure, owner only.  The one thing that is kept of a running timer is when it fires next
 * (timer_deadline, 0 when it stands still); the current count is computed from that.
 *
 * A guest may ask for periods far shorter than the host could serve.  The count then runs
 * at the rate asked for, but interrupts come only with every n-th period, PERIOD_MIN or
 * more apart, and periods that nobody could serve in time are not made up for.
 */
#include "lapic_internal.h"

/* In ns. */
#define PERIOD_MIN	20000u

static u64 add_saturating(u64 a, u64 b)
{
	return a > ~0ull - b ? ~0ull : a + b;
}

static u64 remainder_of(u64 dividend, u64 divisor)
{
	return dividend - div64_u64(dividend, divisor) * divisor;
}

static enum rs_lapic_timer_mode mode_of(const struct rs_lapic *lapic)
{
	return rs_lapic_timer_mode(lapic->lvt_timer);
}

static bool counting(enum rs_lapic_timer_mode mode)
{
	return mode == RS_LAPIC_ONE_SHOT || mode == RS_LAPIC_PERIODIC;
}

/* log2 of the divisor: bits 3, 1 and 0 count 2, 4, ... 128, 1. */
static unsigned int divide_shift(u32 divide)
{
	return (((divide & 3) | (divide & 8) >> 1) + 1) & 7;
}

/* Of one countdown, in ns: a tick is one (RS_APIC_FREQUENCY). */
static u64 period_of(u32 initial, u32 divide)
{
	return (u64)initial << divide_shift(divide);
}

/* From one interrupt of a periodic timer to the next: whole periods, but not too short. */
static u64 stride_of(u64 period)
{
	return period >= PERIOD_MIN ? period :
				      div64_u64(PERIOD_MIN + period - 1, period) * period;
}

/* ns until the count is reloaded or stays at zero; 0 for the latter. */
static u64 countdown(const struct rs_lapic *lapic, u64 now)
{
	u64 period = period_of(lapic->timer_initial, lapic->timer_divide);
	bool periodic = mode_of(lapic) == RS_LAPIC_PERIODIC;
	u64 deadline = lapic->timer_deadline;

	if (deadline > now)
		return periodic ? remainder_of(deadline - now - 1, period) + 1 : deadline - now;
	return periodic ? period - remainder_of(now - deadline, period) : 0;
}

static void arm(struct rs_lapic *lapic, u64 deadline)
{
	if (deadline || lapic->timer_deadline)
		lapic->ops->arm(lapic, deadline);
	lapic->timer_deadline = deadline;
}

/* Also of the deadline's register, which reads 0 once the timer fired. */
void rs_lapic_timer_stop(struct rs_lapic *lapic)
{
	lapic->tsc_deadline = 0;
	arm(lapic, 0);
}

static void expire_periodic(struct rs_lapic *lapic, u64 now)
{
	u64 stride = stride_of(period_of(lapic->timer_initial, lapic->timer_divide));
	u64 late = now - lapic->timer_deadline;

	arm(lapic, lapic->timer_deadline + (div64_u64(late, stride) + 1) * stride);
	rs_lapic_raise(lapic, RS_APIC_LVT_TIMER);
}

static void expire_once(struct rs_lapic *lapic)
{
	rs_lapic_timer_stop(lapic);
	rs_lapic_raise(lapic, RS_APIC_LVT_TIMER);
}

/* Fires if it is time. */
static void check_count(struct rs_lapic *lapic, u64 now)
{
	if (!lapic->timer_deadline || now < lapic->timer_deadline)
		return;
	if (mode_of(lapic) == RS_LAPIC_PERIODIC)
		expire_periodic(lapic, now);
	else
		expire_once(lapic);
}

/* ns until the TSC deadline; 0: it is past, or so near that the owner waits for it. */
static u64 until_deadline(struct rs_lapic *lapic)
{
	u64 tsc = lapic->ops->tsc(lapic);
	u64 left;

	if (tsc >= lapic->tsc_deadline)
		return 0;
	left = max_t(u64, lapic->ops->tsc_to_ns(lapic, lapic->tsc_deadline - tsc), 1);
	return left > lapic->timer_slack ? left : 0;
}

/* Fires if it is time, else arms. */
static void check_tsc(struct rs_lapic *lapic)
{
	u64 left = until_deadline(lapic);

	if (left) {
		arm(lapic, add_saturating(lapic->ops->now(lapic), left - lapic->timer_advance));
		return;
	}
	if (lapic->timer_slack)
		lapic->ops->due(lapic, lapic->tsc_deadline);
	expire_once(lapic);
}

/**
 * rs_lapic_timer_expired() - the alarm rang
 * @lapic: whose
 *
 * Too early is put right by arming it again; too late costs periods, not their phase.
 * A timer that was stopped in the meantime does nothing.
 */
void rs_lapic_timer_expired(struct rs_lapic *lapic)
{
	u64 now;

	if (!lapic->timer_deadline)
		return;
	if (mode_of(lapic) == RS_LAPIC_TSC_DEADLINE) {
		check_tsc(lapic);
		return;
	}
	now = lapic->ops->now(lapic);
	if (now < lapic->timer_deadline)
		arm(lapic, lapic->timer_deadline);
	else
		check_count(lapic, now);
}

/* The current count register.  A periodic timer shows its initial count, never zero. */
u32 rs_lapic_timer_current(const struct rs_lapic *lapic)
{
	unsigned int shift = divide_shift(lapic->timer_divide);
	u64 left;

	if (!lapic->timer_deadline || !counting(mode_of(lapic)))
		return 0;
	/* The clock may not change anything. */
	left = countdown(lapic, lapic->ops->now((struct rs_lapic *)lapic));
	return (u32)((left + (1ull << shift) - 1) >> shift);
}

/*
 * Between one-shot and periodic the count goes on, or goes on standing still.  To or from
 * any other mode the timer is disarmed (SDM3 §11.5.4.1).
 */
void rs_lapic_timer_write_lvt(struct rs_lapic *lapic, u32 lvt)
{
	enum rs_lapic_timer_mode mode = rs_lapic_timer_mode(lvt);
	u64 now;

	if (mode == mode_of(lapic)) {
		lapic->lvt_timer = lvt;
		return;
	}
	if (!counting(mode) || !counting(mode_of(lapic))) {
		rs_lapic_timer_stop(lapic);
		lapic->lvt_timer = lvt;
		return;
	}
	now = lapic->ops->now(lapic);
	check_count(lapic, now);
	if (lapic->timer_deadline)
		arm(lapic, add_saturating(now, countdown(lapic, now)));
	lapic->lvt_timer = lvt;
}

/* Ignored in TSC-deadline mode; otherwise starts a countdown, or with 0 stops it. */
void rs_lapic_timer_write_initial(struct rs_lapic *lapic, u32 initial)
{
	if (mode_of(lapic) == RS_LAPIC_TSC_DEADLINE)
		return;
	lapic->timer_initial = initial;
	if (!initial || !counting(mode_of(lapic)))
		rs_lapic_timer_stop(lapic);
	else
		arm(lapic, add_saturating(lapic->ops->now(lapic),
					  period_of(initial, lapic->timer_divide)));
}

/* The count stays, its rate changes. */
void rs_lapic_timer_write_divide(struct rs_lapic *lapic, u32 divide)
{
	u64 now, left;

	if (lapic->timer_deadline && counting(mode_of(lapic))) {
		now = lapic->ops->now(lapic);
		check_count(lapic, now);
		/* At most 2^39 ns: it may be shifted by 7. */
		left = lapic->timer_deadline ? countdown(lapic, now) : 0;
		left = left << divide_shift(divide) >> divide_shift(lapic->timer_divide);
		if (lapic->timer_deadline)
			arm(lapic, add_saturating(now, max_t(u64, left, 1)));
	}
	lapic->timer_divide = divide;
}

/**
 * rs_lapic_get_tsc_deadline() - read IA32_TSC_DEADLINE
 * @lapic: whose
 *
 * Return: 0 when the timer fired, was never set, or is in another mode.
 */
u64 rs_lapic_get_tsc_deadline(struct rs_lapic *lapic)
{
	return lapic->tsc_deadline;
}

/**
 * rs_lapic_set_tsc_deadline() - write IA32_TSC_DEADLINE
 * @lapic: whose
 * @tsc: when to fire, at once if it is past; 0 disarms
 *
 * To be repeated by whoever moves the TSC.
 */
void rs_lapic_set_tsc_deadline(struct rs_lapic *lapic, u64 tsc)
{
	if (mode_of(lapic) != RS_LAPIC_TSC_DEADLINE)
		return;
	lapic->tsc_deadline = tsc;
	if (tsc)
		check_tsc(lapic);
	else
		arm(lapic, 0);
}

/* ns until the timer fires, at least 1; 0 when it is not armed. */
u64 rs_lapic_timer_remaining(const struct rs_lapic *lapic)
{
	u64 now;

	if (!lapic->timer_deadline)
		return 0;
	now = lapic->ops->now((struct rs_lapic *)lapic);
	return now < lapic->timer_deadline ? lapic->timer_deadline - now : 1;
}

/* Could the registers of a timer ever be like this? */
bool rs_lapic_timer_valid(u32 lvt, u32 initial, u32 divide, u64 tsc_deadline, u64 remaining)
{
	enum rs_lapic_timer_mode mode = rs_lapic_timer_mode(lvt);
	u64 period = period_of(initial, divide);

	if (mode == RS_LAPIC_TSC_DEADLINE)
		return !tsc_deadline == !remaining;
	if (tsc_deadline)
		return false;
	if (!remaining)
		return true;
	if (!counting(mode) || !initial)
		return false;
	return remaining <= (mode == RS_LAPIC_PERIODIC ? stride_of(period) : period);
}

/* The registers are in place: start what they describe.  A TSC deadline counts by the TSC. */
void rs_lapic_timer_restore(struct rs_lapic *lapic, u64 tsc_deadline, u64 remaining)
{
	if (tsc_deadline)
		rs_lapic_set_tsc_deadline(lapic, tsc_deadline);
	else if (remaining)
		arm(lapic, add_saturating(lapic->ops->now(lapic), remaining));
}
