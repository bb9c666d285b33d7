/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtual device (VDEV) is given, and what it gives.
 *
 * A VDEV is one file under vdev/: a struct, a create and a destroy function, and
 * handlers for the port and memory ranges it claims.  It touches no descriptor,
 * clock or lock of its own: everything it needs comes through struct vdev_host, so
 * the unit tests and fuzzers run it against a fake.  All of a VDEV's functions are
 * called with the machine's device lock held; host callbacks may be called with it
 * held.
 */
#ifndef VMWP_VDEV_H
#define VMWP_VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vid.h>

enum bus_space {
	BUS_PIO,
	BUS_MMIO,
	BUS_SPACES,
};

/**
 * struct bus_ops - handlers of one claimed range
 * @read:  value of @size (1, 2, 4 or 8) bytes at @offset into the range
 * @write: @size bytes of @value to @offset; higher bits of @value are zero
 * @max_size: wider accesses are split into accesses of at most this size, in ascending
 *            order, as an 8-bit ISA device sees them; 0: none is split
 *
 * An access never crosses the end of the range.
 */
struct bus_ops {
	uint64_t (*read)(void *dev, uint64_t offset, unsigned int size);
	void (*write)(void *dev, uint64_t offset, unsigned int size, uint64_t value);
	unsigned int max_size;
};

struct bus;

/* An empty bus, or NULL; all its devices must be gone before it is destroyed. */
struct bus *bus_create(void);
void bus_destroy(struct bus *bus);

/**
 * bus_claim() - route a range of ports or guest physical addresses to a device
 *
 * Return: 0, or -EEXIST when a claimed range overlaps, -EINVAL, -ENOMEM.
 */
int bus_claim(struct bus *bus, enum bus_space space, uint64_t base, uint64_t length,
	      const struct bus_ops *ops, void *dev);

/* Takes every range of @dev away. */
void bus_release(struct bus *bus, const void *dev);

/* Unclaimed reads give all ones; unclaimed writes go nowhere. */
uint64_t bus_read(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size);
void bus_write(struct bus *bus, enum bus_space space, uint64_t address, unsigned int size,
	       uint64_t value);

/* Why a machine stops; main.c maps each to vmwp's documented exit code. */
enum vdev_power {
	VDEV_POWER_OFF,
	VDEV_POWER_RESET,
	VDEV_POWER_DEBUG_EXIT,		/* detail: the value written */
};

struct vdev_timer {
	uint64_t deadline;		/* ns on the host's clock; 0: not armed */
	void (*expired)(void *dev);	/* called with the device lock held */
	void *dev;
	struct vdev_timer *next;	/* the host's */
};

/**
 * struct vdev_host - what the machine does for its devices
 * @now:            monotonic time in ns
 * @wall:           UTC in ns since 1970
 * @reference:      the partition's reference time, in units of 100 ns
 * @arm:            (re)arm @timer for @deadline ns, or disarm it with 0
 * @set_irq:        level of interrupt line @gsi (0..23): PIC input (below 16) and IOAPIC pin
 * @send_interrupt: an IOAPIC's or MSI's interrupt message
 * @set_intr:       level of the 8259's INTR output
 * @power:          the guest asked for this
 * @tx:             bytes out of serial port @port; returns how many were taken (the rest later:
 *                  the host calls the UART's tx_ready)
 */
struct vdev_host {
	uint64_t (*now)(void *ctx);
	uint64_t (*wall)(void *ctx);
	uint64_t (*reference)(void *ctx);
	void (*arm)(void *ctx, struct vdev_timer *timer, uint64_t deadline);
	void (*set_irq)(void *ctx, unsigned int gsi, bool level);
	void (*send_interrupt)(void *ctx, const struct vid_interrupt *irq);
	void (*set_intr)(void *ctx, bool level);
	void (*power)(void *ctx, enum vdev_power action, uint32_t detail);
	size_t (*tx)(void *ctx, unsigned int port, const uint8_t *bytes, size_t count);
	void *ctx;
};

/* Legacy 8259 pair: ports 0x20, 0xa0, 0x4d0. */
struct pic;
struct pic *pic_create(struct bus *bus, const struct vdev_host *host);
void pic_destroy(struct pic *pic);
void pic_set_line(struct pic *pic, unsigned int line, bool level);
uint8_t pic_acknowledge(struct pic *pic);	/* the INTA cycle: the vector */

/* 82093AA-like IOAPIC with 24 pins at 0xfec00000 (version 0x20: EOI register). */
struct ioapic;
struct ioapic *ioapic_create(struct bus *bus, const struct vdev_host *host, unsigned int id);
void ioapic_destroy(struct ioapic *ioapic);
void ioapic_set_line(struct ioapic *ioapic, unsigned int pin, bool level);
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);	/* a local APIC's EOI broadcast */

/* 8254 (ports 0x40-0x43, gate and speaker at 0x61); channel 0 drives GSI 0 (ISA IRQ 0). */
struct pit;
struct pit *pit_create(struct bus *bus, const struct vdev_host *host);
void pit_destroy(struct pit *pit);

/* MC146818 clock and CMOS, ports 0x70-0x71, GSI 8. */
struct rtc;
struct rtc *rtc_create(struct bus *bus, const struct vdev_host *host, uint64_t ram_below_4g,
		       uint64_t ram_above_4g);
void rtc_destroy(struct rtc *rtc);

/* 8042 (0x60, 0x64: self test, reset, A20; no keyboard behind it), port 92h, port 0xcf9. */
struct i8042;
struct i8042 *i8042_create(struct bus *bus, const struct vdev_host *host);
void i8042_destroy(struct i8042 *i8042);

/* ACPI fixed hardware: PM1 event and control, PM timer, GPE0, reset, sleep; SCI on GSI 9. */
#define PM_BASE			0x600u
#define PM1A_EVT_BLK		(PM_BASE + 0x00)
#define PM1A_CNT_BLK		(PM_BASE + 0x04)
#define PM_TMR_BLK		(PM_BASE + 0x08)
#define PM_GPE0_BLK		(PM_BASE + 0x0c)
#define PM_SLEEP_CONTROL	(PM_BASE + 0x10)
#define PM_SLEEP_STATUS		(PM_BASE + 0x11)
#define PM_RESET_REG		(PM_BASE + 0x12)
#define PM_RESET_VALUE		0x06u
#define PM_SLP_TYP_S5		5u
#define PM_SCI_GSI		9u
struct pm;
struct pm *pm_create(struct bus *bus, const struct vdev_host *host);
void pm_destroy(struct pm *pm);
void pm_power_button(struct pm *pm);

/* 16550A number 0..3 at 0x3f8/4, 0x2f8/3, 0x3e8/4, 0x2e8/3. */
#define UART_COUNT		4u
struct uart;
struct uart *uart_create(struct bus *bus, const struct vdev_host *host, unsigned int port);
void uart_destroy(struct uart *uart);
size_t uart_rx(struct uart *uart, const uint8_t *bytes, size_t count);	/* how many fitted */
size_t uart_rx_room(const struct uart *uart);
void uart_tx_ready(struct uart *uart);
/* Its interrupt output, if that is on line @gsi: ports 0 and 2, 1 and 3 share one. */
bool uart_asserts(const struct uart *uart, unsigned int gsi);
/* The guest made room for input again: set by the host, called with the device lock held. */
void uart_on_rx_room(struct uart *uart, void (*fn)(void *ctx), void *ctx);

/* A write of any size to port 0xf4 ends the run (VDEV_POWER_DEBUG_EXIT); 0xe9 prints a byte. */
struct debug_exit;
struct debug_exit *debug_exit_create(struct bus *bus, const struct vdev_host *host);
void debug_exit_destroy(struct debug_exit *dev);

#endif
