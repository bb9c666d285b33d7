// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An I/O APIC with 24 pins at 0xfec00000.
 *
 * Intel 82093AA data sheet (order 290566) §3; the EOI register as in Intel's ICH
 * family (version 0x20; 7 Series PCH data sheet, order 326776, §13.5).  The level
 * of a pin is whether its line is asserted: the polarity bit is kept for the
 * guest, and the tables tell it what it expects.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>

#include "vdev.h"

#define IOAPIC_BASE	0xfec00000ull
#define IOAPIC_SIZE	0x1000ull
#define IOAPIC_PINS	24u
#define IOAPIC_VERSION	(0x20u | (IOAPIC_PINS - 1) << 16)

enum {
	WINDOW_SELECT	= 0x00,
	WINDOW_DATA	= 0x10,
	WINDOW_EOI	= 0x40,

	REG_ID		= 0x00,
	REG_VERSION	= 0x01,
	REG_ARBITRATION	= 0x02,
	REG_REDIRECTION	= 0x10,
};

#define RTE_VECTOR(rte)		((uint8_t)(rte))
#define RTE_MODE(rte)		((uint32_t)((rte) >> 8) & 7)
#define RTE_LOGICAL		(1ull << 11)
#define RTE_STATUS		(1ull << 12)	/* read only; sends never wait here */
#define RTE_POLARITY		(1ull << 13)
#define RTE_REMOTE_IRR		(1ull << 14)	/* read only */
#define RTE_LEVEL		(1ull << 15)
#define RTE_MASKED		(1ull << 16)
#define RTE_DESTINATION(rte)	((uint32_t)((rte) >> 56))
#define RTE_WRITABLE		(0xff0000000001ffffull & ~(RTE_STATUS | RTE_REMOTE_IRR))

struct ioapic {
	uint64_t rte[IOAPIC_PINS];
	uint32_t lines;
	uint32_t ext_int;		/* pins whose ExtINT the host holds asserted */
	uint32_t id;			/* in its register's place, bits 27..24 */
	uint8_t select;
	struct bus *bus;
	const struct vdev_host *host;
};

/* Only these two modes can be level triggered (82093AA §3.2.4, "Delivery mode"). */
static bool rte_level(uint64_t rte)
{
	return (rte & RTE_LEVEL) && RTE_MODE(rte) <= HV_X64_INTERRUPT_LOWEST_PRIORITY;
}

static bool rte_has_vector(uint64_t rte)
{
	return RTE_MODE(rte) <= HV_X64_INTERRUPT_LOWEST_PRIORITY;
}

static void ioapic_send(struct ioapic *ioapic, uint64_t rte, uint32_t flags)
{
	struct vid_interrupt irq = {
		.type = RTE_MODE(rte),
		.vector = rte_has_vector(rte) ? RTE_VECTOR(rte) : 0,
		.destination = RTE_DESTINATION(rte),
		.flags = flags,
	};

	if (rte & RTE_LOGICAL)
		irq.flags |= VID_INTERRUPT_LOGICAL;
	if (rte_level(rte))
		irq.flags |= VID_INTERRUPT_LEVEL;
	ioapic->host->send_interrupt(ioapic->host->ctx, &irq);
}

/*
 * A pin's request becomes a message, if it may: vectors below 16 are illegal (SDM3
 * §11.5.2), and the modes 3 and 6 are reserved.
 */
static bool ioapic_deliver(struct ioapic *ioapic, unsigned int pin)
{
	uint64_t rte = ioapic->rte[pin];
	uint32_t mode = RTE_MODE(rte);

	if (rte & RTE_MASKED)
		return false;
	if (rte_has_vector(rte) && RTE_VECTOR(rte) < 16)
		return false;
	if (mode == HV_X64_INTERRUPT_REMOTE_READ || mode == HV_X64_INTERRUPT_SIPI)
		return false;
	if (mode == HV_X64_INTERRUPT_EXT_INT)
		ioapic->ext_int |= 1u << pin;
	ioapic_send(ioapic, rte, 0);
	return true;
}

static void ioapic_deliver_level(struct ioapic *ioapic, unsigned int pin)
{
	uint64_t rte = ioapic->rte[pin];

	if (!rte_level(rte) || (rte & RTE_REMOTE_IRR) || !(ioapic->lines & (1u << pin)))
		return;
	if (ioapic_deliver(ioapic, pin))
		ioapic->rte[pin] |= RTE_REMOTE_IRR;
}

static void ioapic_drop_ext_int(struct ioapic *ioapic, unsigned int pin)
{
	uint64_t rte = ioapic->rte[pin];

	if (!(ioapic->ext_int & (1u << pin)))
		return;
	ioapic->ext_int &= ~(1u << pin);
	rte = (rte & ~(7ull << 8)) | (uint64_t)HV_X64_INTERRUPT_EXT_INT << 8;
	ioapic_send(ioapic, rte, VID_INTERRUPT_DEASSERT);
}

/**
 * ioapic_set_line() - set the level of an input pin
 * @ioapic: the IOAPIC
 * @pin:    0..23
 * @level:  whether the line is asserted, whatever its polarity
 *
 * An edge at a masked pin is lost (82093AA §3.2.4, "Interrupt mask").
 */
void ioapic_set_line(struct ioapic *ioapic, unsigned int pin, bool level)
{
	uint32_t bit = 1u << (pin & 31);
	bool rises = level && !(ioapic->lines & bit);

	if (pin >= IOAPIC_PINS)
		return;
	ioapic->lines = level ? ioapic->lines | bit : ioapic->lines & ~bit;
	if (rte_level(ioapic->rte[pin]))
		ioapic_deliver_level(ioapic, pin);
	else if (rises)
		ioapic_deliver(ioapic, pin);
	if (!level)
		ioapic_drop_ext_int(ioapic, pin);
}

/**
 * ioapic_eoi() - a local APIC ended a level-triggered interrupt
 * @ioapic: the IOAPIC
 * @vector: of the interrupt
 *
 * A line that is still asserted interrupts again.
 */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t rte = ioapic->rte[pin];

		if (!(rte & RTE_REMOTE_IRR) || RTE_VECTOR(rte) != vector)
			continue;
		ioapic->rte[pin] &= ~RTE_REMOTE_IRR;
		ioapic_deliver_level(ioapic, pin);
	}
}

/*
 * A pin that becomes edge triggered forgets its Remote IRR: what an operating
 * system does to end an interrupt by force.
 */
static void rte_write(struct ioapic *ioapic, unsigned int index, uint32_t value)
{
	unsigned int pin = index / 2, shift = index % 2 * 32;
	uint64_t changed = RTE_WRITABLE & (0xffffffffull << shift);
	uint64_t *rte = &ioapic->rte[pin];

	*rte = (*rte & ~changed) | ((uint64_t)value << shift & changed);
	if (!rte_level(*rte))
		*rte &= ~RTE_REMOTE_IRR;
	if (RTE_MODE(*rte) != HV_X64_INTERRUPT_EXT_INT || (*rte & RTE_MASKED))
		ioapic_drop_ext_int(ioapic, pin);
	ioapic_deliver_level(ioapic, pin);
}

static uint32_t register_read(const struct ioapic *ioapic)
{
	unsigned int index = ioapic->select - REG_REDIRECTION;

	switch (ioapic->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return ioapic->id;
	case REG_VERSION:
		return IOAPIC_VERSION;
	}
	if (ioapic->select < REG_REDIRECTION || index >= IOAPIC_PINS * 2)
		return 0;
	return (uint32_t)(ioapic->rte[index / 2] >> (index % 2 * 32));
}

static void register_write(struct ioapic *ioapic, uint32_t value)
{
	unsigned int index = ioapic->select - REG_REDIRECTION;

	if (ioapic->select == REG_ID)
		ioapic->id = value & 0x0f000000;
	else if (ioapic->select >= REG_REDIRECTION && index < IOAPIC_PINS * 2)
		rte_write(ioapic, index, value);
}

/* Registers are 32 bits wide and 16 bytes apart; narrower reads get their part. */
static uint64_t ioapic_read(void *dev, uint64_t offset, unsigned int size)
{
	const struct ioapic *ioapic = dev;
	uint32_t value = 0;

	if ((offset & ~3ull) == WINDOW_SELECT)
		value = ioapic->select;
	else if ((offset & ~3ull) == WINDOW_DATA)
		value = register_read(ioapic);
	return value >> (offset & 3) * 8;
}

static void ioapic_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct ioapic *ioapic = dev;

	switch (offset) {
	case WINDOW_SELECT:
		ioapic->select = (uint8_t)value;
		break;
	case WINDOW_DATA:
		if (size >= 4)
			register_write(ioapic, (uint32_t)value);
		break;
	case WINDOW_EOI:
		ioapic_eoi(ioapic, (uint8_t)value);
		break;
	}
}

static const struct bus_ops ioapic_ops = { ioapic_read, ioapic_write, .max_size = 4 };

/**
 * ioapic_create() - power an IOAPIC on, all pins masked
 * @bus:  where it claims its page
 * @host: takes its interrupt messages
 * @id:   its APIC ID, 0..15
 *
 * Return: the IOAPIC, or NULL when memory or addresses are taken.
 */
struct ioapic *ioapic_create(struct bus *bus, const struct vdev_host *host, unsigned int id)
{
	struct ioapic *ioapic = calloc(1, sizeof(*ioapic));

	if (!ioapic)
		return NULL;
	ioapic->bus = bus;
	ioapic->host = host;
	ioapic->id = (id & 0xf) << 24;
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->rte[pin] = RTE_MASKED;
	if (!bus_claim(bus, BUS_MMIO, IOAPIC_BASE, IOAPIC_SIZE, &ioapic_ops, ioapic))
		return ioapic;
	ioapic_destroy(ioapic);
	return NULL;
}

/**
 * ioapic_destroy() - power an IOAPIC off; NULL is fine
 * @ioapic: the IOAPIC
 */
void ioapic_destroy(struct ioapic *ioapic)
{
	if (!ioapic)
		return;
	bus_release(ioapic->bus, ioapic);
	free(ioapic);
}
