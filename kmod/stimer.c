// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four synthetic timers of one VP (TLFS "Synthetic Timers").
 *
 * Pure and owner only: it runs in the VP's own thread; clock, alarm, SynIC and local APIC
 * are behind struct rs_stimer_ops.
 *
 * A timer is in one of three states: stopped (expiration 0), running (expiration set, the
 * alarm armed), or expired with its message still unsent (message_waiting).  The next period
 * begins only when the message is out, so the guest's own pace bounds what it can cause.
 */
#include "stimer.h"

/* A shorter period is served as this one: 100 us, as 100 ns units. */
#define PERIOD_MIN		1000ull
/* A timer that is not lazy makes up for so many missed periods, and skips the rest. */
#define CATCH_UP_MAX		10ull
#define DIRECT_VECTOR_MIN	16u

static bool enabled(const struct rs_stimer *timer)
{
	return timer->config & HV_STIMER_ENABLE;
}

static u64 add_saturating(u64 a, u64 b)
{
	return a > ~0ull - b ? ~0ull : a + b;
}

static void stop(struct rs_stimers *stimers, unsigned int n)
{
	struct rs_stimer *timer = &stimers->timer[n];

	if (timer->expiration)
		stimers->ops->arm(stimers, n, 0);
	timer->expiration = 0;
	timer->message_waiting = false;
}

void rs_stimers_init(struct rs_stimers *stimers, const struct rs_stimer_ops *ops)
{
	memset(stimers, 0, sizeof(*stimers));
	stimers->ops = ops;
}

/**
 * rs_stimers_reset() - VP reset: stops all timers and clears their registers
 * @stimers: of the VP
 */
void rs_stimers_reset(struct rs_stimers *stimers)
{
	unsigned int n;

	for (n = 0; n < HV_STIMER_COUNT; n++) {
		stop(stimers, n);
		stimers->timer[n].config = 0;
		stimers->timer[n].count = 0;
	}
}

/*
 * When a periodic timer that expired at @expired is due next.  A lazy one skips what it
 * missed, the others make up for a bounded part of it.
 */
static u64 next_period(const struct rs_stimer *timer, u64 expired, u64 now)
{
	u64 period = max_t(u64, timer->count, PERIOD_MIN);
	u64 next = add_saturating(expired, period);
	u64 missed, keep;

	if (next > now)
		return next;
	missed = div64_u64(now - next, period) + 1;
	keep = timer->config & HV_STIMER_LAZY ? 0 : CATCH_UP_MAX;
	if (missed <= keep)
		return next;
	return add_saturating(next, (missed - keep) * period);
}

/* Posts the expiration to the SINT: 0 or -EAGAIN; nothing is lost that a guest could get. */
static int deliver_message(struct rs_stimers *stimers, unsigned int n, u64 now)
{
	const struct rs_stimer *timer = &stimers->timer[n];
	const struct hv_timer_message_payload payload = {
		.timer_index = n,
		.expiration_time = timer->expiration,
		.delivery_time = now,
	};
	struct hv_message message = {
		.header.message_type = HV_MESSAGE_TIMER_EXPIRED,
		.header.payload_size = sizeof(payload),
	};

	memcpy(message.bytes, &payload, sizeof(payload));
	return stimers->ops->post(stimers, HV_STIMER_SINT(timer->config), &message);
}

static int deliver(struct rs_stimers *stimers, unsigned int n, u64 now)
{
	u64 config = stimers->timer[n].config;

	if (!(config & HV_STIMER_DIRECT))
		return deliver_message(stimers, n, now);
	stimers->ops->assert(stimers, HV_STIMER_VECTOR(config));
	return 0;
}

/* The timer has expired: tell the guest, and begin the next period. */
static void expire(struct rs_stimers *stimers, unsigned int n, u64 now)
{
	struct rs_stimer *timer = &stimers->timer[n];
	bool periodic = timer->config & HV_STIMER_PERIODIC;

	if (!periodic)
		timer->config &= ~HV_STIMER_ENABLE;
	timer->message_waiting = deliver(stimers, n, now) == -EAGAIN;
	if (timer->message_waiting)
		return;
	timer->expiration = periodic ? next_period(timer, timer->expiration, now) : 0;
	if (periodic)
		stimers->ops->arm(stimers, n, timer->expiration);
}

/* Enabled, with a count: runs.  A one-shot count in the past expires here and now. */
static void start(struct rs_stimers *stimers, unsigned int n)
{
	struct rs_stimer *timer = &stimers->timer[n];
	u64 now;

	if (!enabled(timer) || !timer->count)
		return;
	now = stimers->ops->now(stimers);
	if (timer->config & HV_STIMER_PERIODIC)
		timer->expiration = next_period(timer, now, now);
	else
		timer->expiration = timer->count;
	if (timer->expiration <= now)
		expire(stimers, n, now);
	else
		stimers->ops->arm(stimers, n, timer->expiration);
}

/*
 * A message to SINT 0 cannot be: the timer stays disabled (TLFS "Synthetic Timer
 * Configuration Register").  So it is with a direct vector that no local APIC takes.
 */
static bool can_deliver(u64 config)
{
	if (config & HV_STIMER_DIRECT)
		return HV_STIMER_VECTOR(config) >= DIRECT_VECTOR_MIN;
	return HV_STIMER_SINT(config) != 0;
}

/* A write to a timer that runs restarts it with its new configuration. */
static int write_config(struct rs_stimers *stimers, unsigned int n, u64 config)
{
	if (config & ~HV_STIMER_CONFIG_VALID)
		return -EINVAL;
	if (!can_deliver(config))
		config &= ~HV_STIMER_ENABLE;
	stop(stimers, n);
	stimers->timer[n].config = config;
	start(stimers, n);
	return 0;
}

/* 0 disables; anything else enables a timer that has AutoEnable. */
static int write_count(struct rs_stimers *stimers, unsigned int n, u64 count)
{
	struct rs_stimer *timer = &stimers->timer[n];

	stop(stimers, n);
	timer->count = count;
	if (!count)
		timer->config &= ~HV_STIMER_ENABLE;
	else if (timer->config & HV_STIMER_AUTO_ENABLE && can_deliver(timer->config))
		timer->config |= HV_STIMER_ENABLE;
	start(stimers, n);
	return 0;
}

/* The MSRs alternate: timer 0's configuration, its count, timer 1's configuration... */
static bool is_timer(u32 msr)
{
	return msr >= HV_X64_MSR_STIMER0_CONFIG && msr <= HV_X64_MSR_STIMER3_COUNT;
}

/**
 * rs_stimer_rdmsr() - guest reads one of HV_X64_MSR_STIMER0_CONFIG..STIMER3_COUNT
 * @stimers: of the VP
 * @msr:     index
 * @value:   where to
 *
 * Return: 0, or -EINVAL (#GP)
 */
int rs_stimer_rdmsr(struct rs_stimers *stimers, u32 msr, u64 *value)
{
	const struct rs_stimer *timer;

	if (!is_timer(msr))
		return -EINVAL;
	msr -= HV_X64_MSR_STIMER0_CONFIG;
	timer = &stimers->timer[msr / 2];
	*value = msr % 2 ? timer->count : timer->config;
	return 0;
}

/**
 * rs_stimer_wrmsr() - guest writes one of HV_X64_MSR_STIMER0_CONFIG..STIMER3_COUNT
 * @stimers: of the VP
 * @msr:     index
 * @value:   what
 *
 * Return: 0, or -EINVAL (#GP) for reserved bits
 */
int rs_stimer_wrmsr(struct rs_stimers *stimers, u32 msr, u64 value)
{
	if (!is_timer(msr))
		return -EINVAL;
	msr -= HV_X64_MSR_STIMER0_CONFIG;
	return msr % 2 ? write_count(stimers, msr / 2, value) :
			 write_config(stimers, msr / 2, value);
}

/**
 * rs_stimer_expired() - the alarm of timer @n went off
 * @stimers: of the VP
 * @n:       0..HV_STIMER_COUNT - 1
 *
 * It may be early (clocks differ) or stale (the guest has changed the timer since).
 */
void rs_stimer_expired(struct rs_stimers *stimers, unsigned int n)
{
	struct rs_stimer *timer = &stimers->timer[n];
	u64 now = stimers->ops->now(stimers);

	if (!timer->expiration || timer->message_waiting)
		return;
	if (timer->expiration > now)
		stimers->ops->arm(stimers, n, timer->expiration);
	else
		expire(stimers, n, now);
}

/**
 * rs_stimers_retry() - the slot of @sint is free again
 * @stimers: of the VP
 * @sint:    0..15
 *
 * The first timer that waits for it gets it; the others find it busy and wait on.
 */
void rs_stimers_retry(struct rs_stimers *stimers, unsigned int sint)
{
	u64 now = stimers->ops->now(stimers);
	unsigned int n;

	for (n = 0; n < HV_STIMER_COUNT; n++) {
		const struct rs_stimer *timer = &stimers->timer[n];

		if (timer->message_waiting && HV_STIMER_SINT(timer->config) == sint)
			expire(stimers, n, now);
	}
}
