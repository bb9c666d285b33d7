// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 8254 interval timer at ports 0x40-0x43, and the gate, speaker and refresh
 * bits of port 0x61.  Channel 0's output is ISA IRQ 0; channels 0 and 1 have their
 * gates tied high, channel 2's is bit 0 of port 0x61.
 *
 * Intel 8254 data sheet (order 231164); port 0x61 as in Intel 82371AB (PIIX4,
 * order 290562) §4.2.5.1.  Nothing ticks: a channel keeps the tick its count began
 * at, and counter and output follow from the clock when someone looks.  Only
 * channel 0's rising edges have a timer.  When it runs late, the edges missed are
 * one edge; a guest cannot ask for more than one in PIT_EDGE_NS.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>

#include <rs_types.h>

#include "vdev.h"

#define PIT_HZ		1193182ull
#define PIT_CHANNELS	3u
#define PIT_EDGE_NS	100000ull	/* least time between two interrupts */
#define NS_PER_S	1000000000ull
#define REFRESH_NS	15085ull	/* the DRAM refresh request toggles port 61h bit 4 */

enum {
	ACCESS_LATCH	= 0,
	ACCESS_LOW	= 1,
	ACCESS_HIGH	= 2,
	ACCESS_BOTH	= 3,

	CONTROL_PORT	= 3,
	CONTROL_READ_BACK = 3,		/* in place of the channel */
	READ_BACK_NO_STATUS = 1 << 4,
	READ_BACK_NO_COUNT = 1 << 5,

	PORT61_GATE	= 1 << 0,
	PORT61_WRITABLE	= 0x0f,
	PORT61_REFRESH	= 1 << 4,
	PORT61_OUTPUT	= 1 << 5,
};

struct pit_channel {
	uint64_t start;			/* tick when counting (again) began */
	uint64_t held;			/* ticks counted before that */
	uint32_t reload;		/* 1..65536 */
	uint32_t next_reload;		/* from the next period or trigger on; 0: none */
	uint16_t latched;
	uint8_t latched_bytes;		/* still to be read */
	uint8_t status;
	uint8_t mode;			/* 0..5 */
	uint8_t access;
	uint8_t low_byte;		/* written, its high byte awaited */
	bool bcd;
	bool gate;
	bool loaded;			/* a count since the control word */
	bool running;			/* it counts: gate and trigger allow it */
	bool triggered;			/* modes 1 and 5 */
	bool await_high;		/* the next byte written is the high one */
	bool give_high;			/* the next byte read is the high one */
	bool status_latched;
};

struct pit {
	struct pit_channel channel[PIT_CHANNELS];
	uint64_t next_edge;		/* tick of channel 0's next rising edge */
	uint64_t last_edge;		/* ns when the last one was given */
	uint8_t port61;
	bool line;			/* what the host was told last */
	struct vdev_timer timer;
	struct bus *bus;
	const struct vdev_host *host;
};

static uint64_t ns_to_ticks(uint64_t ns)
{
	return mul_u64_u64_div_u64(ns, PIT_HZ, NS_PER_S);
}

/* A nanosecond of a tick, its first or second: ns_to_ticks() gives the tick back. */
static uint64_t ticks_to_ns(uint64_t ticks)
{
	return mul_u64_u64_div_u64(ticks, NS_PER_S, PIT_HZ) + 1;
}

static uint64_t pit_tick(const struct pit *pit)
{
	return ns_to_ticks(pit->host->now(pit->host->ctx));
}

static bool mode_periodic(uint8_t mode)
{
	return mode == 2 || mode == 3;
}

static bool mode_triggered(uint8_t mode)
{
	return mode == 1 || mode == 5;
}

static uint32_t channel_modulus(const struct pit_channel *ch)
{
	return ch->bcd ? 10000 : 65536;
}

static uint32_t from_bcd(uint32_t bcd)
{
	return (bcd >> 12 & 15) * 1000 + (bcd >> 8 & 15) * 100 + (bcd >> 4 & 15) * 10 + (bcd & 15);
}

static uint16_t to_bcd(uint32_t n)
{
	return (uint16_t)(n / 1000 % 10 << 12 | n / 100 % 10 << 8 | n / 10 % 10 << 4 | n % 10);
}

static uint64_t channel_elapsed(const struct pit_channel *ch, uint64_t tick)
{
	return ch->running && tick > ch->start ? ch->held + (tick - ch->start) : ch->held;
}

/* A count written to a periodic channel is taken at the end of the period. */
static void channel_settle(struct pit_channel *ch, uint64_t tick)
{
	uint64_t elapsed = channel_elapsed(ch, tick);

	if (!ch->next_reload || !mode_periodic(ch->mode) || elapsed < ch->reload)
		return;
	ch->start += ch->reload - ch->held;
	ch->held = 0;
	ch->reload = ch->next_reload;
	ch->next_reload = 0;
}

/* Mode 3 counts down by two, twice a period; odd counts lose their low bit. */
static uint64_t channel_square(const struct pit_channel *ch, uint64_t elapsed)
{
	uint64_t phase = elapsed % ch->reload, half = (ch->reload + 1) / 2;

	if (phase >= half)
		phase -= half;
	return (ch->reload & ~1u) - 2 * phase;
}

static uint16_t channel_count(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t elapsed = channel_elapsed(ch, tick);
	uint32_t modulus = channel_modulus(ch);
	uint64_t left;

	if (ch->mode == 3)
		left = channel_square(ch, elapsed);
	else if (ch->mode == 2)
		left = ch->reload - elapsed % ch->reload;
	else
		left = ch->reload + modulus - elapsed % modulus;
	left %= modulus;
	return ch->bcd ? to_bcd((uint32_t)left) : (uint16_t)left;
}

static bool channel_output(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t elapsed = channel_elapsed(ch, tick);

	if (!ch->loaded)
		return ch->mode != 0;
	switch (ch->mode) {
	case 0:
		return elapsed >= ch->reload;
	case 1:
		return !ch->triggered || elapsed >= ch->reload;
	case 2:
		return !ch->running || elapsed % ch->reload != ch->reload - 1;
	case 3:
		return !ch->running || elapsed % ch->reload < (ch->reload + 1) / 2;
	default:
		return !ch->triggered || elapsed != ch->reload;
	}
}

/* ---------------------------------------------------- channel 0's interrupt */

static void pit_set_line(struct pit *pit, bool level)
{
	if (pit->line == level)
		return;
	pit->line = level;
	pit->host->set_irq(pit->host->ctx, 0, level);
}

/* The tick of the next rising edge of a channel's output, or 0. */
static uint64_t channel_next_edge(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t elapsed = channel_elapsed(ch, tick), edge;

	if (!ch->loaded || !ch->running)
		return 0;
	if (mode_periodic(ch->mode))
		edge = (elapsed / ch->reload + 1) * ch->reload;
	else
		edge = ch->reload + (ch->mode >= 4);
	return edge > elapsed ? ch->start + edge - ch->held : 0;
}

static void pit_arm(struct pit *pit)
{
	struct pit_channel *ch = &pit->channel[0];
	uint64_t deadline = 0;

	pit->next_edge = channel_next_edge(ch, pit_tick(pit));
	if (pit->next_edge) {
		deadline = ticks_to_ns(pit->next_edge);
		if (deadline < pit->last_edge + PIT_EDGE_NS)
			deadline = pit->last_edge + PIT_EDGE_NS;
	}
	pit->host->arm(pit->host->ctx, &pit->timer, deadline);
}

/*
 * Between edges the line stays high: the real output's low phases matter to
 * nobody, as IRQ 0 is edge triggered everywhere.
 */
static void pit_expired(void *dev)
{
	struct pit *pit = dev;
	uint64_t tick = pit_tick(pit);

	if (pit->next_edge && tick >= pit->next_edge) {
		channel_settle(&pit->channel[0], tick);
		pit->last_edge = pit->host->now(pit->host->ctx);
		pit_set_line(pit, false);
		pit_set_line(pit, true);
	}
	pit_arm(pit);
}

/* ----------------------------------------------------- programming a channel */

static void channel_start(struct pit_channel *ch, uint64_t tick, bool running)
{
	ch->start = tick;
	ch->held = 0;
	ch->running = running;
}

static void channel_trigger(struct pit_channel *ch, uint64_t tick)
{
	if (ch->next_reload)
		ch->reload = ch->next_reload;
	ch->next_reload = 0;
	ch->triggered = true;
	channel_start(ch, tick, true);
}

static void channel_set_gate(struct pit_channel *ch, uint64_t tick, bool gate)
{
	bool rises = gate && !ch->gate;

	if (ch->gate == gate)
		return;
	ch->gate = gate;
	if (!ch->loaded)
		return;
	if (mode_triggered(ch->mode)) {
		if (rises)
			channel_trigger(ch, tick);
	} else if (mode_periodic(ch->mode)) {
		channel_trigger(ch, tick);
		ch->running = gate;
	} else {
		ch->held = channel_elapsed(ch, tick);
		ch->start = tick;
		ch->running = gate;
	}
}

static void channel_load(struct pit_channel *ch, uint64_t tick, uint16_t raw)
{
	uint32_t count = ch->bcd ? from_bcd(raw) : raw;

	if (!count)
		count = channel_modulus(ch);
	channel_settle(ch, tick);
	if (ch->loaded && (mode_periodic(ch->mode) || mode_triggered(ch->mode))) {
		ch->next_reload = count;
		return;
	}
	ch->reload = count;
	ch->loaded = true;
	ch->triggered = ch->mode == 4;
	channel_start(ch, tick, ch->gate && !mode_triggered(ch->mode));
}

static void channel_stop(struct pit_channel *ch)
{
	ch->loaded = false;
	ch->running = false;
}

/* The first of two bytes stops a mode 0 count (data sheet, "Mode 0"). */
static void channel_write(struct pit_channel *ch, uint64_t tick, uint8_t value)
{
	if (ch->access == ACCESS_LOW) {
		channel_load(ch, tick, value);
	} else if (ch->access == ACCESS_HIGH) {
		channel_load(ch, tick, (uint16_t)(value << 8));
	} else if (ch->await_high) {
		ch->await_high = false;
		channel_load(ch, tick, (uint16_t)(value << 8 | ch->low_byte));
	} else {
		ch->await_high = true;
		ch->low_byte = value;
		if (ch->mode == 0)
			channel_stop(ch);
	}
}

static void channel_latch(struct pit_channel *ch, uint64_t tick)
{
	if (ch->latched_bytes)
		return;
	channel_settle(ch, tick);
	ch->latched = channel_count(ch, tick);
	ch->latched_bytes = ch->access == ACCESS_BOTH ? 2 : 1;
	if (ch->access == ACCESS_BOTH)
		ch->give_high = false;
}

static void channel_latch_status(struct pit_channel *ch, uint64_t tick)
{
	bool null_count;

	if (ch->status_latched)
		return;
	channel_settle(ch, tick);
	null_count = !ch->loaded || ch->next_reload;
	ch->status = (uint8_t)(channel_output(ch, tick) << 7 | null_count << 6 | ch->access << 4 |
			       ch->mode << 1 | ch->bcd);
	ch->status_latched = true;
}

static uint8_t channel_read(struct pit_channel *ch, uint64_t tick)
{
	uint16_t count = ch->latched;
	bool high = ch->access == ACCESS_HIGH;

	if (ch->status_latched) {
		ch->status_latched = false;
		return ch->status;
	}
	if (!ch->latched_bytes) {
		channel_settle(ch, tick);
		count = channel_count(ch, tick);
	}
	if (ch->access == ACCESS_BOTH) {
		high = ch->give_high;
		ch->give_high = !high;
	}
	if (ch->latched_bytes)
		ch->latched_bytes--;
	return (uint8_t)(high ? count >> 8 : count);
}

static void channel_control(struct pit_channel *ch, uint8_t value)
{
	uint8_t mode = value >> 1 & 7;

	*ch = (struct pit_channel){
		.mode = mode > 5 ? mode & 3 : mode,
		.access = value >> 4 & 3,
		.bcd = value & 1,
		.gate = ch->gate,
		.reload = 65536,
	};
}

static void pit_read_back(struct pit *pit, uint64_t tick, uint8_t value)
{
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		if (!(value & 2u << i))
			continue;
		if (!(value & READ_BACK_NO_COUNT))
			channel_latch(&pit->channel[i], tick);
		if (!(value & READ_BACK_NO_STATUS))
			channel_latch_status(&pit->channel[i], tick);
	}
}

/* ------------------------------------------------------------------- ports */

static uint64_t pit_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pit *pit = dev;

	if (offset == CONTROL_PORT)
		return 0xff;
	return channel_read(&pit->channel[offset], pit_tick(pit));
}

/* Programming channel 0 can move its output: an edge, as on the real chip. */
static void pit_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pit *pit = dev;
	uint64_t tick = pit_tick(pit);
	unsigned int select = (unsigned int)(offset == CONTROL_PORT ? value >> 6 : offset);

	if (select == CONTROL_READ_BACK) {
		pit_read_back(pit, tick, (uint8_t)value);
		return;
	}
	if (offset == CONTROL_PORT && (value >> 4 & 3) == ACCESS_LATCH) {
		channel_latch(&pit->channel[select], tick);
		return;
	}
	if (offset == CONTROL_PORT)
		channel_control(&pit->channel[select], (uint8_t)value);
	else
		channel_write(&pit->channel[select], tick, (uint8_t)value);
	if (select)
		return;
	pit_set_line(pit, pit->channel[0].mode != 0 || channel_output(&pit->channel[0], tick));
	pit_arm(pit);
}

static uint64_t port61_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pit *pit = dev;
	uint64_t now = pit->host->now(pit->host->ctx);
	struct pit_channel *ch = &pit->channel[2];
	uint8_t value = pit->port61;

	channel_settle(ch, ns_to_ticks(now));
	if (channel_output(ch, ns_to_ticks(now)))
		value |= PORT61_OUTPUT;
	if (now / REFRESH_NS & 1)
		value |= PORT61_REFRESH;
	return value;
}

static void port61_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pit *pit = dev;

	pit->port61 = value & PORT61_WRITABLE;
	channel_set_gate(&pit->channel[2], pit_tick(pit), value & PORT61_GATE);
}

static const struct bus_ops pit_ops = { pit_read, pit_write, .max_size = 1 };
static const struct bus_ops port61_ops = { port61_read, port61_write, .max_size = 1 };

static int pit_claim(struct pit *pit)
{
	int rc = bus_claim(pit->bus, BUS_PIO, 0x40, 4, &pit_ops, pit);

	if (!rc)
		rc = bus_claim(pit->bus, BUS_PIO, 0x61, 1, &port61_ops, pit);
	return rc;
}

/**
 * pit_create() - power an 8254 on, no channel counting
 * @bus:  where it claims its ports
 * @host: its clock, timer and interrupt line
 *
 * Return: the timer, or NULL when memory or ports are taken.
 */
struct pit *pit_create(struct bus *bus, const struct vdev_host *host)
{
	struct pit *pit = calloc(1, sizeof(*pit));

	if (!pit)
		return NULL;
	pit->bus = bus;
	pit->host = host;
	pit->timer.expired = pit_expired;
	pit->timer.dev = pit;
	for (unsigned int i = 0; i < PIT_CHANNELS; i++)
		pit->channel[i] = (struct pit_channel){
			.access = ACCESS_BOTH,
			.reload = 65536,
			.gate = i != 2,
		};
	if (!pit_claim(pit))
		return pit;
	pit_destroy(pit);
	return NULL;
}

/**
 * pit_destroy() - power an 8254 off; NULL is fine
 * @pit: the timer
 */
void pit_destroy(struct pit *pit)
{
	if (!pit)
		return;
	pit->host->arm(pit->host->ctx, &pit->timer, 0);
	bus_release(pit->bus, pit);
	free(pit);
}
