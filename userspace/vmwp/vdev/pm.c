// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ACPI fixed hardware: PM1 event and control, the PM timer, an empty GPE block,
 * and the sleep and reset registers that hardware-reduced tables name.  The SCI is
 * level triggered, on GSI 9.
 *
 * ACPI 6.5 §4.8.3 (fixed hardware registers), §4.8.4 (GPE), §4.8.3.6 (reset),
 * §4.8.3.7 (sleep control and status).  ACPI mode is always on: SCI_EN reads as
 * one, as §4.8.3.2.1 wants where there is no SMI_CMD.  The PM timer has 32 bits
 * (TMR_VAL_EXT) and counts the host's clock; it has a timer only while the guest
 * wants the interrupt.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>

#include <rs_types.h>

#include "vdev.h"

#define PM_TIMER_HZ	3579545ull
#define PM_TIMER_HALF	(1ull << 31)	/* TMR_STS tells that bit 31 changed */
#define NS_PER_S	1000000000ull
#define PM_LENGTH	0x13u

enum {
	PM1_TMR		= 1 << 0,
	PM1_GBL		= 1 << 5,
	PM1_PWRBTN	= 1 << 8,
	PM1_SLPBTN	= 1 << 9,
	PM1_RTC		= 1 << 10,
	PM1_WAK		= 1 << 15,
	PM1_EVENTS	= PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN | PM1_RTC,

	PM1_SCI_EN	= 1 << 0,
	PM1_BM_RLD	= 1 << 1,
	PM1_SLP_TYP	= 7 << 10,
	PM1_SLP_EN	= 1 << 13,
	PM1_CNT_KEPT	= PM1_BM_RLD | PM1_SLP_TYP,

	SLEEP_TYP	= 7 << 2,
	SLEEP_EN	= 1 << 5,
};

/* Offsets of single bytes into the block. */
enum {
	PM_STS_LOW	= PM1A_EVT_BLK - PM_BASE,
	PM_STS_HIGH,
	PM_EN_LOW,
	PM_EN_HIGH,
	PM_CNT_LOW	= PM1A_CNT_BLK - PM_BASE,
	PM_CNT_HIGH,
	PM_TMR		= PM_TMR_BLK - PM_BASE,
	PM_GPE_EN_LOW	= PM_GPE0_BLK - PM_BASE + 2,
	PM_GPE_EN_HIGH,
	PM_SLP_CTL	= PM_SLEEP_CONTROL - PM_BASE,
	PM_SLP_STS	= PM_SLEEP_STATUS - PM_BASE,
	PM_RESET	= PM_RESET_REG - PM_BASE,
};

struct pm {
	uint16_t status;
	uint16_t enable;
	uint16_t control;
	uint16_t gpe_enable;		/* no event is wired: its status stays 0 */
	uint8_t sleep_control;
	uint64_t seen;			/* the timer's value, when TMR_STS was brought up to date */
	bool line;
	struct vdev_timer timer;
	struct bus *bus;
	const struct vdev_host *host;
};

/* The PM timer before it is cut to 32 bits. */
static uint64_t pm_count(const struct pm *pm)
{
	return mul_u64_u64_div_u64(pm->host->now(pm->host->ctx), PM_TIMER_HZ, NS_PER_S);
}

static void pm_catch_up(struct pm *pm)
{
	uint64_t count = pm_count(pm);

	if (count / PM_TIMER_HALF != pm->seen / PM_TIMER_HALF)
		pm->status |= PM1_TMR;
	pm->seen = count;
}

static void pm_arm(struct pm *pm)
{
	uint64_t next = (pm->seen / PM_TIMER_HALF + 1) * PM_TIMER_HALF, deadline = 0;

	if ((pm->enable & PM1_TMR) && !(pm->status & PM1_TMR))
		deadline = mul_u64_u64_div_u64(next, NS_PER_S, PM_TIMER_HZ) + 1;
	pm->host->arm(pm->host->ctx, &pm->timer, deadline);
}

static void pm_update(struct pm *pm)
{
	bool level = pm->status & pm->enable & PM1_EVENTS;

	pm_arm(pm);
	if (pm->line == level)
		return;
	pm->line = level;
	pm->host->set_irq(pm->host->ctx, PM_SCI_GSI, level);
}

static void pm_expired(void *dev)
{
	struct pm *pm = dev;

	pm_catch_up(pm);
	pm_update(pm);
}

/**
 * pm_power_button() - somebody pressed the power button
 * @pm: the power management registers
 */
void pm_power_button(struct pm *pm)
{
	pm->status |= PM1_PWRBTN;
	pm_update(pm);
}

/* ------------------------------------------------------------------- writes */

static void pm_sleep(struct pm *pm, unsigned int type)
{
	if (type == PM_SLP_TYP_S5)
		pm->host->power(pm->host->ctx, VDEV_POWER_OFF, 0);
}

static uint16_t with_byte(uint16_t old, unsigned int byte, uint8_t value)
{
	return byte ? (uint16_t)((old & 0x00ff) | value << 8) : (uint16_t)((old & 0xff00) | value);
}

static void write_control(struct pm *pm, unsigned int byte, uint8_t value)
{
	uint16_t wide = with_byte(0, byte, value);

	pm->control = with_byte(pm->control, byte, value) & PM1_CNT_KEPT;
	if (wide & PM1_SLP_EN)
		pm_sleep(pm, (wide & PM1_SLP_TYP) / (PM1_SLP_TYP & -PM1_SLP_TYP));
}

static void write_sleep(struct pm *pm, uint8_t value)
{
	pm->sleep_control = value & SLEEP_TYP;
	if (value & SLEEP_EN)
		pm_sleep(pm, (value & SLEEP_TYP) / (SLEEP_TYP & -SLEEP_TYP));
}

/* Status bits are cleared by writing ones. */
static void pm_write_byte(struct pm *pm, unsigned int offset, uint8_t value)
{
	switch (offset) {
	case PM_STS_LOW:
	case PM_STS_HIGH:
		pm->status &= ~with_byte(0, offset - PM_STS_LOW, value);
		break;
	case PM_EN_LOW:
	case PM_EN_HIGH:
		pm->enable = with_byte(pm->enable, offset - PM_EN_LOW, value) & PM1_EVENTS;
		break;
	case PM_CNT_LOW:
	case PM_CNT_HIGH:
		write_control(pm, offset - PM_CNT_LOW, value);
		break;
	case PM_GPE_EN_LOW:
	case PM_GPE_EN_HIGH:
		pm->gpe_enable = with_byte(pm->gpe_enable, offset - PM_GPE_EN_LOW, value);
		break;
	case PM_SLP_CTL:
		write_sleep(pm, value);
		break;
	case PM_RESET:
		if (value == PM_RESET_VALUE)
			pm->host->power(pm->host->ctx, VDEV_POWER_RESET, 0);
		break;
	}
}

static void pm_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pm *pm = dev;

	pm_catch_up(pm);
	for (unsigned int i = 0; i < size; i++)
		pm_write_byte(pm, (unsigned int)offset + i, (uint8_t)(value >> (i * 8)));
	pm_update(pm);
}

/* -------------------------------------------------------------------- reads */

/* The aligned 32 bits at @offset. */
static uint32_t pm_read_word(const struct pm *pm, unsigned int offset)
{
	switch (offset) {
	case PM_STS_LOW:
		return pm->status | (uint32_t)pm->enable << 16;
	case PM_CNT_LOW:
		return pm->control | PM1_SCI_EN;
	case PM_TMR:
		return (uint32_t)pm->seen;
	case PM_GPE0_BLK - PM_BASE:
		return (uint32_t)pm->gpe_enable << 16;
	case PM_SLP_CTL:
		return pm->sleep_control;
	default:
		return 0;
	}
}

static uint64_t pm_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pm *pm = dev;
	unsigned int word = (unsigned int)offset & ~3u;
	uint64_t wide;

	pm_catch_up(pm);
	pm_update(pm);
	wide = pm_read_word(pm, word) | (uint64_t)pm_read_word(pm, word + 4) << 32;
	return wide >> (offset & 3) * 8;
}

static const struct bus_ops pm_ops = { pm_read, pm_write, .max_size = 4 };

/**
 * pm_create() - power the ACPI fixed hardware on
 * @bus:  where it claims its ports, from PM_BASE on
 * @host: its clock, the SCI, and the guest's wishes to sleep or reset
 *
 * Return: the registers, or NULL when memory or ports are taken.
 */
struct pm *pm_create(struct bus *bus, const struct vdev_host *host)
{
	struct pm *pm = calloc(1, sizeof(*pm));

	if (!pm)
		return NULL;
	pm->bus = bus;
	pm->host = host;
	pm->timer.expired = pm_expired;
	pm->timer.dev = pm;
	pm->seen = pm_count(pm);
	if (!bus_claim(bus, BUS_PIO, PM_BASE, PM_LENGTH, &pm_ops, pm))
		return pm;
	pm_destroy(pm);
	return NULL;
}

/**
 * pm_destroy() - power the ACPI fixed hardware off; NULL is fine
 * @pm: the registers
 */
void pm_destroy(struct pm *pm)
{
	if (!pm)
		return;
	pm->host->arm(pm->host->ctx, &pm->timer, 0);
	bus_release(pm->bus, pm);
	free(pm);
}
