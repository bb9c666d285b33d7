// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ports for test guests: a write to 0xf4 ends the run with the value written,
 * a byte written to 0xe9 is printed, and 0xe9 reads as 0xe9 so that a guest can
 * tell that it is there (the custom that Bochs began).
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>

#include "vdev.h"

#define PORT_EXIT	0xf4u
#define PORT_PRINT	0xe9u

struct debug_exit {
	struct bus *bus;
	const struct vdev_host *host;
};

static uint64_t exit_read(void *dev, uint64_t offset, unsigned int size)
{
	return 0;
}

static void exit_write(void *opaque, uint64_t offset, unsigned int size, uint64_t value)
{
	struct debug_exit *dev = opaque;

	if (!offset)
		dev->host->power(dev->host->ctx, VDEV_POWER_DEBUG_EXIT, (uint32_t)value);
}

static uint64_t print_read(void *dev, uint64_t offset, unsigned int size)
{
	return PORT_PRINT;
}

/* What the host does not take is lost: there is no flow control here. */
static void print_write(void *opaque, uint64_t offset, unsigned int size, uint64_t value)
{
	struct debug_exit *dev = opaque;
	uint8_t byte = (uint8_t)value;

	dev->host->tx(dev->host->ctx, UART_COUNT, &byte, 1);
}

/* Four ports, so that a 32-bit write arrives whole. */
static const struct bus_ops exit_ops = { exit_read, exit_write, .max_size = 4 };
static const struct bus_ops print_ops = { print_read, print_write, .max_size = 1 };

static int debug_exit_claim(struct debug_exit *dev)
{
	int rc = bus_claim(dev->bus, BUS_PIO, PORT_EXIT, 4, &exit_ops, dev);

	return rc ? rc : bus_claim(dev->bus, BUS_PIO, PORT_PRINT, 1, &print_ops, dev);
}

/**
 * debug_exit_create() - give a test guest its two ports
 * @bus:  where it claims them
 * @host: takes the bytes and the exit
 *
 * Return: the device, or NULL when memory or ports are taken.
 */
struct debug_exit *debug_exit_create(struct bus *bus, const struct vdev_host *host)
{
	struct debug_exit *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->bus = bus;
	dev->host = host;
	if (!debug_exit_claim(dev))
		return dev;
	debug_exit_destroy(dev);
	return NULL;
}

/**
 * debug_exit_destroy() - take the ports away; NULL is fine
 * @dev: the device
 */
void debug_exit_destroy(struct debug_exit *dev)
{
	if (!dev)
		return;
	bus_release(dev->bus, dev);
	free(dev);
}
