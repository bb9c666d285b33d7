/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine that is not there: what a VDEV asks of its host, recorded, with a
 * clock that moves only when a test says so.  Shared by the device tests and
 * fuzzers.
 */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdev.h"

#define FAKE_LINES	24
#define FAKE_LOG	64

struct fake_host {
	struct vdev_host host;
	struct bus *bus;
	uint64_t now;
	uint64_t wall;

	struct vdev_timer *timers;
	unsigned int expirations;

	bool line[FAKE_LINES];
	unsigned int rises[FAKE_LINES];
	bool intr;
	unsigned int intr_rises;
	void (*on_irq)(struct fake_host *fake, unsigned int gsi, bool level);

	struct vid_interrupt sent[FAKE_LOG];
	unsigned int sent_count;

	unsigned int power_count;
	enum vdev_power power;
	uint32_t power_detail;

	uint8_t tx[5][256];
	size_t tx_count[5];
	size_t tx_room;			/* taken in one call at most */
};

void fake_host_init(struct fake_host *fake);
void fake_host_fini(struct fake_host *fake);
/* Moves both clocks, and runs the timers due on the way in their order. */
void fake_host_advance(struct fake_host *fake, uint64_t ns);
/* Moves both clocks first, so that due timers run late. */
void fake_host_late(struct fake_host *fake, uint64_t ns);

static inline uint8_t fake_in(struct fake_host *fake, uint16_t port)
{
	return (uint8_t)bus_read(fake->bus, BUS_PIO, port, 1);
}

static inline void fake_out(struct fake_host *fake, uint16_t port, uint8_t value)
{
	bus_write(fake->bus, BUS_PIO, port, 1, value);
}

#endif
