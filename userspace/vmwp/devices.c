// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of a machine, and what the machine does for them (struct vdev_host).
 *
 * Host callbacks run with the device lock held, in VP threads or the main thread.
 * Interrupt lines: line n is input n of the 8259 pair and pin n of the I/O APIC, but
 * line 0 (the PIT) is pin 2, as the MADT's override says.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "acpi/acpi.h"
#include "machine.h"

#define PIC_LINES	16u
#define PIT_PIN		2u
#define NS_PER_SECOND	1000000000ull

static uint64_t host_now(void *ctx)
{
	return timers_now();
}

static uint64_t host_wall(void *ctx)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* 0 when it cannot be had: whoever wants it sees a guest that has just begun. */
static uint64_t host_reference(void *ctx)
{
	struct machine *machine = ctx;
	uint64_t value = 0;

	vid_get_property(machine->partition, VID_PROPERTY_REFERENCE_TIME, &value);
	return value;
}

static void host_arm(void *ctx, struct vdev_timer *timer, uint64_t deadline)
{
	struct machine *machine = ctx;

	timers_arm(&machine->timers, timer, deadline);
}

/* Devices may set a line while the controllers do not exist yet: it is low then. */
static bool uarts_assert(const struct devices *devices, unsigned int gsi)
{
	unsigned int i;

	for (i = 0; i < UART_COUNT; i++)
		if (devices->uart[i] && uart_asserts(devices->uart[i], gsi))
			return true;
	return false;
}

static void host_set_irq(void *ctx, unsigned int gsi, bool level)
{
	struct devices *devices = &((struct machine *)ctx)->devices;

	level = level || uarts_assert(devices, gsi);
	if (gsi < PIC_LINES && devices->pic)
		pic_set_line(devices->pic, gsi, level);
	if (devices->ioapic)
		ioapic_set_line(devices->ioapic, gsi ? gsi : PIT_PIN, level);
}

/* A guest may program an entry that is no valid interrupt: then none comes. */
static void host_send_interrupt(void *ctx, const struct vid_interrupt *irq)
{
	struct machine *machine = ctx;

	vid_request_interrupt(machine->partition, irq);
}

static void host_set_intr(void *ctx, bool level)
{
	const struct vid_interrupt irq = {
		.type = HV_X64_INTERRUPT_EXT_INT,
		.flags = level ? 0 : VID_INTERRUPT_DEASSERT,
	};

	host_send_interrupt(ctx, &irq);
}

static void host_power(void *ctx, enum vdev_power action, uint32_t detail)
{
	static const enum machine_end ends[] = {
		[VDEV_POWER_OFF] = END_POWER_OFF,
		[VDEV_POWER_RESET] = END_RESET,
		[VDEV_POWER_DEBUG_EXIT] = END_DEBUG_EXIT,
	};

	machine_stop(ctx, ends[action], detail);
}

/* What the debug port prints (as if from one UART more) goes to the first port. */
static size_t host_tx(void *ctx, unsigned int port, const uint8_t *bytes, size_t count)
{
	struct machine *machine = ctx;

	if (port >= UART_COUNT)
		port = 0;
	return serial_put(&machine->serial[port], bytes, count);
}

/**
 * devices_init_host() - fill in the callbacks that devices are given
 * @machine: it is for
 */
void devices_init_host(struct machine *machine)
{
	machine->host = (struct vdev_host){
		.now = host_now,
		.wall = host_wall,
		.reference = host_reference,
		.arm = host_arm,
		.set_irq = host_set_irq,
		.send_interrupt = host_send_interrupt,
		.set_intr = host_set_intr,
		.power = host_power,
		.tx = host_tx,
		.ctx = machine,
	};
}

static bool create_uarts(struct machine *machine)
{
	struct devices *devices = &machine->devices;
	unsigned int i;

	for (i = 0; i < machine->options->serial_count; i++) {
		devices->uart[i] = uart_create(devices->bus, &machine->host, i);
		if (!devices->uart[i])
			return false;
		serial_attach(&machine->serial[i], devices->uart[i]);
	}
	return true;
}

static bool create_all(struct machine *machine)
{
	const struct vdev_host *host = &machine->host;
	const struct memory *memory = &machine->memory;
	struct devices *devices = &machine->devices;
	struct bus *bus = bus_create();

	devices->bus = bus;
	if (!bus)
		return false;
	devices->pic = pic_create(bus, host);
	devices->ioapic = ioapic_create(bus, host, ACPI_IOAPIC_ID);
	devices->pit = pit_create(bus, host);
	devices->rtc = rtc_create(bus, host, memory->low_end, memory->high_end - RAM_HIGH_BASE);
	devices->i8042 = i8042_create(bus, host);
	devices->pm = pm_create(bus, host);
	if (machine->options->debug_exit) {
		devices->debug_exit = debug_exit_create(bus, host);
		if (!devices->debug_exit)
			return false;
	}
	return devices->pic && devices->ioapic && devices->pit && devices->rtc &&
	       devices->i8042 && devices->pm && create_uarts(machine);
}

static void destroy_uarts(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < UART_COUNT; i++) {
		if (!machine->devices.uart[i])
			continue;
		serial_attach(&machine->serial[i], NULL);
		uart_destroy(machine->devices.uart[i]);
	}
}

/* In the reverse order of create_all(), as far as that came. */
static void destroy_all(struct devices *devices)
{
	if (devices->debug_exit)
		debug_exit_destroy(devices->debug_exit);
	if (devices->pm)
		pm_destroy(devices->pm);
	if (devices->i8042)
		i8042_destroy(devices->i8042);
	if (devices->rtc)
		rtc_destroy(devices->rtc);
	if (devices->pit)
		pit_destroy(devices->pit);
	if (devices->ioapic)
		ioapic_destroy(devices->ioapic);
	if (devices->pic)
		pic_destroy(devices->pic);
	if (devices->bus)
		bus_destroy(devices->bus);
	memset(devices, 0, sizeof(*devices));
}

/**
 * devices_destroy() - take all devices away
 * @machine: no VP of it runs
 *
 * Context: main thread.
 */
void devices_destroy(struct machine *machine)
{
	pthread_mutex_lock(&machine->device_lock);
	destroy_uarts(machine);
	destroy_all(&machine->devices);
	timers_clear(&machine->timers);
	pthread_mutex_unlock(&machine->device_lock);
}

/**
 * devices_create() - make all devices in their state after power-on
 * @machine: its partition exists, no VP of it runs
 *
 * Context: main thread.
 * Return: 0 or -ENOMEM.
 */
int devices_create(struct machine *machine)
{
	bool made;

	pthread_mutex_lock(&machine->device_lock);
	made = create_all(machine);
	pthread_mutex_unlock(&machine->device_lock);
	if (made)
		return 0;
	devices_destroy(machine);
	return -ENOMEM;
}
