// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recording host that device tests and fuzzers run against.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_host.h"

static uint64_t fake_now(void *ctx)
{
	return ((struct fake_host *)ctx)->now;
}

static uint64_t fake_wall(void *ctx)
{
	return ((struct fake_host *)ctx)->wall;
}

static uint64_t fake_reference(void *ctx)
{
	return ((struct fake_host *)ctx)->now / 100;
}

static void fake_unlink(struct fake_host *fake, struct vdev_timer *timer)
{
	for (struct vdev_timer **at = &fake->timers; *at; at = &(*at)->next) {
		if (*at != timer)
			continue;
		*at = timer->next;
		return;
	}
}

static void fake_arm(void *ctx, struct vdev_timer *timer, uint64_t deadline)
{
	struct fake_host *fake = ctx;

	fake_unlink(fake, timer);
	timer->deadline = deadline;
	if (!deadline)
		return;
	timer->next = fake->timers;
	fake->timers = timer;
}

static void fake_set_irq(void *ctx, unsigned int gsi, bool level)
{
	struct fake_host *fake = ctx;

	if (gsi >= FAKE_LINES)
		abort();
	fake->rises[gsi] += level && !fake->line[gsi];
	fake->line[gsi] = level;
	if (fake->on_irq)
		fake->on_irq(fake, gsi, level);
}

static void fake_send(void *ctx, const struct vid_interrupt *irq)
{
	struct fake_host *fake = ctx;

	fake->sent[fake->sent_count++ % FAKE_LOG] = *irq;
}

static void fake_set_intr(void *ctx, bool level)
{
	struct fake_host *fake = ctx;

	fake->intr_rises += level && !fake->intr;
	fake->intr = level;
}

static void fake_power(void *ctx, enum vdev_power action, uint32_t detail)
{
	struct fake_host *fake = ctx;

	fake->power_count++;
	fake->power = action;
	fake->power_detail = detail;
}

static size_t fake_tx(void *ctx, unsigned int port, const uint8_t *bytes, size_t count)
{
	struct fake_host *fake = ctx;
	size_t taken = count < fake->tx_room ? count : fake->tx_room;

	if (port > UART_COUNT)
		abort();
	for (size_t i = 0; i < taken; i++)
		fake->tx[port][fake->tx_count[port]++ % sizeof(fake->tx[0])] = bytes[i];
	return taken;
}

void fake_host_init(struct fake_host *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->host = (struct vdev_host){
		.now = fake_now,
		.wall = fake_wall,
		.reference = fake_reference,
		.arm = fake_arm,
		.set_irq = fake_set_irq,
		.send_interrupt = fake_send,
		.set_intr = fake_set_intr,
		.power = fake_power,
		.tx = fake_tx,
		.ctx = fake,
	};
	fake->now = 1000000000ull;
	fake->wall = 1700000000ull * 1000000000ull;	/* 2023-11-14 22:13:20 UTC, a Tuesday */
	fake->tx_room = SIZE_MAX;
	fake->bus = bus_create();
	if (!fake->bus)
		abort();
}

void fake_host_fini(struct fake_host *fake)
{
	bus_destroy(fake->bus);
	fake->bus = NULL;
}

static struct vdev_timer *fake_earliest(struct fake_host *fake)
{
	struct vdev_timer *first = NULL;

	for (struct vdev_timer *t = fake->timers; t; t = t->next)
		if (!first || t->deadline < first->deadline)
			first = t;
	return first;
}

static void fake_expire(struct fake_host *fake, struct vdev_timer *timer)
{
	fake_unlink(fake, timer);
	timer->deadline = 0;
	fake->expirations++;
	timer->expired(timer->dev);
}

static void fake_move(struct fake_host *fake, uint64_t to)
{
	fake->wall += to - fake->now;
	fake->now = to;
}

void fake_host_advance(struct fake_host *fake, uint64_t ns)
{
	uint64_t end = fake->now + ns;
	struct vdev_timer *timer;

	while ((timer = fake_earliest(fake)) && timer->deadline <= end) {
		if (timer->deadline > fake->now)
			fake_move(fake, timer->deadline);
		fake_expire(fake, timer);
	}
	fake_move(fake, end);
}

void fake_host_late(struct fake_host *fake, uint64_t ns)
{
	struct vdev_timer *timer;

	fake_move(fake, fake->now + ns);
	while ((timer = fake_earliest(fake)) && timer->deadline <= fake->now)
		fake_expire(fake, timer);
}
