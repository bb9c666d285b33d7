// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pair of 8259A interrupt controllers of a PC, master at 0x20 and slave at
 * 0xa0, and their edge/level control registers (ELCR) at 0x4d0 and 0x4d1.
 *
 * Intel 8259A data sheet (order 231468); the ELCR as in Intel 82371AB (PIIX4,
 * order 290562) §4.2.3, where it replaces the LTIM bit of ICW1.  Not done, as in
 * every chipset: MCS-80 vectors, the buffered mode bits.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>

#include "vdev.h"

#define PIC_CASCADE	2u		/* the master's input that the slave drives */
#define PIC_SPURIOUS	7u

enum {
	ICW1_IC4	= 1 << 0,	/* ICW4 follows */
	ICW1_SNGL	= 1 << 1,	/* no ICW3 */
	ICW1_SELECT	= 1 << 4,
	ICW4_AEOI	= 1 << 1,
	ICW4_SFNM	= 1 << 4,	/* special fully nested mode */
	OCW3_SELECT	= 1 << 3,
	OCW3_RIS	= 1 << 0,
	OCW3_RR		= 1 << 1,
	OCW3_POLL	= 1 << 2,
	OCW3_SMM	= 1 << 5,
	OCW3_ESMM	= 1 << 6,
};

struct pic_chip {
	uint8_t lines;			/* inputs as they are */
	uint8_t irr;			/* latched requests */
	uint8_t isr;
	uint8_t imr;
	uint8_t elcr;			/* a set bit: level triggered */
	uint8_t elcr_valid;		/* which bits can be set */
	uint8_t vector_base;
	uint8_t lowest;			/* the input of lowest priority */
	uint8_t next_icw;		/* 2..4 while being initialized, else 0 */
	bool expect_icw3;
	bool expect_icw4;
	bool auto_eoi;
	bool rotate_auto_eoi;
	bool nested_slave;		/* SFNM */
	bool special_mask;
	bool poll;
	bool read_isr;
};

struct pic {
	struct pic_chip chip[2];	/* master, slave */
	bool intr;			/* what the host was told last */
	struct bus *bus;
	const struct vdev_host *host;
};

/* The set input of highest priority, 0..7, or 8 when none is. */
static unsigned int chip_highest(const struct pic_chip *chip, uint8_t set)
{
	for (unsigned int i = 1; i <= 8; i++)
		if (set & (1u << ((chip->lowest + i) & 7)))
			return (chip->lowest + i) & 7;
	return 8;
}

static unsigned int chip_rank(const struct pic_chip *chip, unsigned int input)
{
	return input > 7 ? 8 : (input - chip->lowest - 1) & 7;
}

/*
 * What is in service and holds lower requests back.  In special fully nested mode
 * the slave's input does not hold itself back: the slave has weighed that already.
 */
static uint8_t chip_blocking(const struct pic_chip *chip, unsigned int request)
{
	uint8_t isr = chip->isr;

	if (chip->nested_slave && request == PIC_CASCADE &&
	    chip_highest(chip, isr) == PIC_CASCADE)
		isr &= ~(1u << PIC_CASCADE);
	return isr;
}

/*
 * The input to serve next, or 8.  In special mask mode what is in service holds
 * back itself only (data sheet, "Special mask mode").
 */
static unsigned int chip_pending(const struct pic_chip *chip)
{
	uint8_t requests = chip->irr & ~chip->imr;
	unsigned int request = chip_highest(chip, requests);
	unsigned int service = chip_highest(chip, chip_blocking(chip, request));

	if (chip->special_mask)
		return chip_highest(chip, requests & ~chip->isr);
	return chip_rank(chip, request) < chip_rank(chip, service) ? request : 8;
}

static void chip_set_line(struct pic_chip *chip, unsigned int input, bool level)
{
	uint8_t bit = 1u << input;

	if (level && ((chip->elcr & bit) || !(chip->lines & bit)))
		chip->irr |= bit;
	if (!level && (chip->elcr & bit))
		chip->irr &= ~bit;
	chip->lines = level ? chip->lines | bit : chip->lines & ~bit;
}

/* The slave's output is its master's input; the master's output goes to the host. */
static void pic_update(struct pic *pic)
{
	struct pic_chip *master = &pic->chip[0];
	bool intr;

	/* A latched edge, renewed by each INTA; so a slave's request can turn spurious. */
	if (chip_pending(&pic->chip[1]) < 8)
		master->irr |= 1u << PIC_CASCADE;
	intr = chip_pending(master) < 8;
	if (intr == pic->intr)
		return;
	pic->intr = intr;
	pic->host->set_intr(pic->host->ctx, intr);
}

static void chip_end(struct pic_chip *chip, unsigned int input, bool rotate)
{
	if (input > 7)
		return;
	chip->isr &= ~(1u << input);
	if (rotate)
		chip->lowest = input;
}

/* One chip's part of the INTA cycle.  Returns the input, 7 also when none is left. */
static unsigned int chip_acknowledge(struct pic_chip *chip, bool *spurious)
{
	unsigned int input = chip_pending(chip);
	uint8_t bit = 1u << input;

	*spurious = input > 7;
	if (*spurious)
		return PIC_SPURIOUS;
	if (!(chip->elcr & bit))
		chip->irr &= ~bit;
	chip->isr |= bit;
	if (chip->auto_eoi)
		chip_end(chip, input, chip->rotate_auto_eoi);
	return input;
}

/**
 * pic_acknowledge() - the INTA cycle
 * @pic: the pair
 *
 * A request that went away before the cycle gives the spurious vector, that of
 * input 7, of the chip that lacks it (8259A data sheet, "Edge and level triggered
 * modes"); then nothing is in service there.
 *
 * Return: the vector.
 */
uint8_t pic_acknowledge(struct pic *pic)
{
	bool spurious;
	unsigned int input = chip_acknowledge(&pic->chip[0], &spurious);
	uint8_t vector = pic->chip[0].vector_base + input;

	if (input == PIC_CASCADE && !spurious) {
		input = chip_acknowledge(&pic->chip[1], &spurious);
		vector = pic->chip[1].vector_base + input;
	}
	pic_update(pic);
	return vector;
}

/**
 * pic_set_line() - set the level of an interrupt line
 * @pic:   the pair
 * @line:  0..15; 2 is the cascade and not a line
 * @level: whether it is asserted
 */
void pic_set_line(struct pic *pic, unsigned int line, bool level)
{
	if (line > 15 || line == PIC_CASCADE)
		return;
	chip_set_line(&pic->chip[line >> 3], line & 7, level);
	pic_update(pic);
}

/* ICW1 resets all but the ELCR and the inputs (data sheet, "ICW1 and ICW2"). */
static void chip_icw1(struct pic_chip *chip, uint8_t value)
{
	struct pic_chip fresh = {
		.lines = chip->lines,
		.irr = chip->lines & chip->elcr,
		.elcr = chip->elcr,
		.elcr_valid = chip->elcr_valid,
		.vector_base = chip->vector_base,
		.lowest = 7,
		.next_icw = 2,
		.expect_icw3 = !(value & ICW1_SNGL),
		.expect_icw4 = value & ICW1_IC4,
	};

	*chip = fresh;
}

static void chip_eoi(struct pic_chip *chip, bool specific, unsigned int level, bool rotate)
{
	uint8_t isr = chip->isr;

	/* Special mask mode: a non-specific EOI does not end what is masked. */
	if (chip->special_mask)
		isr &= ~chip->imr;
	chip_end(chip, specific ? level : chip_highest(chip, isr), rotate);
}

/* OCW2: bits 7..5 are rotate, specific, EOI; 2..0 the level. */
static void chip_ocw2(struct pic_chip *chip, uint8_t value)
{
	unsigned int level = value & 7;

	switch (value >> 5) {
	case 0:
	case 4:
		chip->rotate_auto_eoi = value >> 7;
		break;
	case 1:
	case 3:
	case 5:
	case 7:
		chip_eoi(chip, value & 0x40, level, value & 0x80);
		break;
	case 6:
		chip->lowest = level;
		break;
	}
}

static void chip_ocw3(struct pic_chip *chip, uint8_t value)
{
	if (value & OCW3_ESMM)
		chip->special_mask = value & OCW3_SMM;
	if (value & OCW3_RR)
		chip->read_isr = value & OCW3_RIS;
	chip->poll = value & OCW3_POLL;
}

static void chip_icw(struct pic_chip *chip, uint8_t value)
{
	switch (chip->next_icw) {
	case 2:
		chip->vector_base = value & 0xf8;
		chip->next_icw = chip->expect_icw3 ? 3 : chip->expect_icw4 ? 4 : 0;
		break;
	case 3:				/* the wiring is fixed */
		chip->next_icw = chip->expect_icw4 ? 4 : 0;
		break;
	case 4:
		chip->auto_eoi = value & ICW4_AEOI;
		chip->nested_slave = value & ICW4_SFNM;
		chip->next_icw = 0;
		break;
	}
}

static void chip_command(struct pic_chip *chip, uint8_t value)
{
	if (value & ICW1_SELECT)
		chip_icw1(chip, value);
	else if (value & OCW3_SELECT)
		chip_ocw3(chip, value);
	else
		chip_ocw2(chip, value);
}

static void chip_write(struct pic *pic, struct pic_chip *chip, uint64_t offset, uint8_t value)
{
	if (offset == 0)
		chip_command(chip, value);
	else if (chip->next_icw)
		chip_icw(chip, value);
	else
		chip->imr = value;
	pic_update(pic);
}

/* The read after a poll command is an acknowledge that tells the input. */
static uint8_t chip_poll(struct pic *pic, struct pic_chip *chip)
{
	bool spurious;
	unsigned int input = chip_acknowledge(chip, &spurious);

	chip->poll = false;
	pic_update(pic);
	return spurious ? 0 : 0x80 | input;
}

static uint8_t chip_read(struct pic *pic, struct pic_chip *chip, uint64_t offset)
{
	if (chip->poll)
		return chip_poll(pic, chip);
	if (offset)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

static uint64_t master_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pic *pic = dev;

	return chip_read(pic, &pic->chip[0], offset);
}

static void master_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pic *pic = dev;

	chip_write(pic, &pic->chip[0], offset, (uint8_t)value);
}

static uint64_t slave_read(void *dev, uint64_t offset, unsigned int size)
{
	struct pic *pic = dev;

	return chip_read(pic, &pic->chip[1], offset);
}

static void slave_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pic *pic = dev;

	chip_write(pic, &pic->chip[1], offset, (uint8_t)value);
}

static uint64_t elcr_read(void *dev, uint64_t offset, unsigned int size)
{
	return ((struct pic *)dev)->chip[offset].elcr;
}

/* An input that becomes level triggered requests as long as its line is high. */
static void elcr_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pic *pic = dev;
	struct pic_chip *chip = &pic->chip[offset];

	chip->elcr = value & chip->elcr_valid;
	chip->irr = (chip->irr & ~chip->elcr) | (chip->lines & chip->elcr);
	pic_update(pic);
}

static const struct bus_ops master_ops = { master_read, master_write, .max_size = 1 };
static const struct bus_ops slave_ops = { slave_read, slave_write, .max_size = 1 };
static const struct bus_ops elcr_ops = { elcr_read, elcr_write, .max_size = 1 };

static int pic_claim(struct pic *pic)
{
	int rc = bus_claim(pic->bus, BUS_PIO, 0x20, 2, &master_ops, pic);

	if (!rc)
		rc = bus_claim(pic->bus, BUS_PIO, 0xa0, 2, &slave_ops, pic);
	if (!rc)
		rc = bus_claim(pic->bus, BUS_PIO, 0x4d0, 2, &elcr_ops, pic);
	return rc;
}

/**
 * pic_create() - power a pair of 8259As on, all masked
 * @bus:  where it claims its ports
 * @host: takes the INTR output
 *
 * Return: the pair, or NULL when memory or ports are taken.
 */
struct pic *pic_create(struct bus *bus, const struct vdev_host *host)
{
	struct pic *pic = calloc(1, sizeof(*pic));

	if (!pic)
		return NULL;
	pic->bus = bus;
	pic->host = host;
	pic->chip[0] = (struct pic_chip){ .imr = 0xff, .lowest = 7, .elcr_valid = 0xf8 };
	pic->chip[1] = (struct pic_chip){ .imr = 0xff, .lowest = 7, .elcr_valid = 0xde };
	if (!pic_claim(pic))
		return pic;
	pic_destroy(pic);
	return NULL;
}

/**
 * pic_destroy() - power the pair off; NULL is fine
 * @pic: the pair
 */
void pic_destroy(struct pic *pic)
{
	if (!pic)
		return;
	bus_release(pic->bus, pic);
	free(pic);
}
