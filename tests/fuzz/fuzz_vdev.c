// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/bus.c userspace/vmwp/vdev/pic.c userspace/vmwp/vdev/ioapic.c */
/* LINK: userspace/vmwp/vdev/pit.c userspace/vmwp/vdev/rtc.c userspace/vmwp/vdev/i8042.c */
/* LINK: userspace/vmwp/vdev/pm.c userspace/vmwp/vdev/uart.c */
/* LINK: userspace/vmwp/vdev/debug_exit.c tests/unit/fake_host.c */
/*
 * A guest that does anything to all devices of a machine at once, while time goes
 * by in small and large steps, timers run in time and late, and input arrives.
 * No device may crash, call its host with what is no line, size or port, or make
 * the timers expire without end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rs_types.h>

#include "fuzzer.h"
#include "fake_host.h"

#define STEP_SIZE	8u
#define STEPS_MAX	2000u

struct machine {
	struct fake_host fake;
	struct pic *pic;
	struct ioapic *ioapic;
	struct pit *pit;
	struct rtc *rtc;
	struct i8042 *i8042;
	struct pm *pm;
	struct uart *uart[UART_COUNT];
	struct debug_exit *debug_exit;
};

static struct machine machine;

/* Lines go where main.c routes them. */
static void route(struct fake_host *fake, unsigned int gsi, bool level)
{
	if (gsi < 16)
		pic_set_line(machine.pic, gsi, level);
	ioapic_set_line(machine.ioapic, gsi ? gsi : 2, level);
}

static void room(void *ctx)
{
	uart_rx(ctx, (const uint8_t *)"input", 5);
}

static void build(void)
{
	struct fake_host *fake = &machine.fake;

	fake_host_init(fake);
	machine.pic = pic_create(fake->bus, &fake->host);
	machine.ioapic = ioapic_create(fake->bus, &fake->host, 1);
	fake->on_irq = route;
	machine.pit = pit_create(fake->bus, &fake->host);
	machine.rtc = rtc_create(fake->bus, &fake->host, 1 << 30, 1ull << 33);
	machine.i8042 = i8042_create(fake->bus, &fake->host);
	machine.pm = pm_create(fake->bus, &fake->host);
	for (unsigned int i = 0; i < UART_COUNT; i++) {
		machine.uart[i] = uart_create(fake->bus, &fake->host, i);
		uart_on_rx_room(machine.uart[i], room, machine.uart[i]);
	}
	machine.debug_exit = debug_exit_create(fake->bus, &fake->host);
}

static void demolish(void)
{
	debug_exit_destroy(machine.debug_exit);
	for (unsigned int i = 0; i < UART_COUNT; i++)
		uart_destroy(machine.uart[i]);
	pm_destroy(machine.pm);
	i8042_destroy(machine.i8042);
	rtc_destroy(machine.rtc);
	pit_destroy(machine.pit);
	ioapic_destroy(machine.ioapic);
	pic_destroy(machine.pic);
	if (machine.fake.timers)
		abort();
	fake_host_fini(&machine.fake);
}

static const uint16_t ports[] = {
	0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x70, 0x71, 0x60, 0x64,
	0x92, 0xcf8, 0xcf9, 0x600, 0x602, 0x604, 0x608, 0x60c, 0x610, 0x612, 0x3f8, 0x3f9, 0x3fa,
	0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff, 0x2f8, 0x3e8, 0x2e8, 0xf4, 0xe9,
};

static uint16_t pick_port(uint8_t n)
{
	return ports[n % (ARRAY_SIZE(ports))];
}

static void check_read(uint64_t value, unsigned int size)
{
	if (size < 8 && value >> (size * 8))
		abort();
}

/* A step: what, where, size, and a value of 32 bits. */
static void step(const uint8_t *s)
{
	unsigned int size = 1u << (s[2] & 3);
	uint64_t gpa = 0xfec00000ull + (s[1] & 0x5f);
	struct bus *bus = machine.fake.bus;
	uint32_t value;

	memcpy(&value, s + 4, sizeof(value));
	switch (s[0] % 12) {
	case 0:
	case 1:
		check_read(bus_read(bus, BUS_PIO, pick_port(s[1]), size), size);
		break;
	case 2:
	case 3:
	case 4:
		bus_write(bus, BUS_PIO, pick_port(s[1]), size, value);
		break;
	case 5:
		check_read(bus_read(bus, BUS_MMIO, gpa, size), size);
		break;
	case 6:
		bus_write(bus, BUS_MMIO, gpa, size, value);
		break;
	case 7:
		fake_host_advance(&machine.fake, value % 20000000);
		break;
	case 8:
		fake_host_late(&machine.fake, (uint64_t)value << (s[1] & 7));
		break;
	case 9:
		uart_rx(machine.uart[s[1] & 3], s + 4, 4);
		machine.fake.tx_room = s[2];
		uart_tx_ready(machine.uart[s[3] & 3]);
		break;
	case 10:
		pic_acknowledge(machine.pic);
		ioapic_eoi(machine.ioapic, s[1]);
		break;
	case 11:
		pm_power_button(machine.pm);
		machine.fake.wall += (uint64_t)value << 20;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	build();
	for (size_t i = 0; i < STEPS_MAX && (i + 1) * STEP_SIZE <= size; i++) {
		machine.fake.expirations = 0;
		step(data + i * STEP_SIZE);
		if (machine.fake.expirations > 10000)
			abort();
	}
	demolish();
	return 0;
}
