// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 8042 keyboard controller (ports 0x60 and 0x64) with neither keyboard nor
 * mouse plugged in, and what a PC hangs on it or beside it: the A20 gate, CPU
 * reset, port 92h, the reset control register 0xcf9.
 *
 * IBM Personal System/2 Hardware Interface Technical Reference (84F9808),
 * "Keyboard and Auxiliary Device Controller", "System Control Port A"; Intel
 * 82371AB (order 290562) §4.2.5.2 for 0xcf9.  As nothing is plugged in, a byte for
 * a keyboard is answered by the controller's own time-out: 0xfe, with the status
 * bit that says so.  There is no auxiliary port.  A20 is remembered, and always on.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>

#include <rs_types.h>

#include "vdev.h"

#define KBD_GSI		1u
#define RAM_BYTES	32u

enum {
	STATUS_OUTPUT_FULL	= 1 << 0,
	STATUS_SYSTEM		= 1 << 2,
	STATUS_COMMAND		= 1 << 3,	/* the last write was to 0x64 */
	STATUS_UNLOCKED		= 1 << 4,
	STATUS_TIMEOUT		= 1 << 6,

	MODE_KBD_INTERRUPT	= 1 << 0,
	MODE_SYSTEM		= 1 << 2,
	MODE_KBD_DISABLED	= 1 << 4,
	MODE_AUX_DISABLED	= 1 << 5,
	MODE_TRANSLATE		= 1 << 6,

	OUTPUT_RUN		= 1 << 0,	/* low: the CPU is in reset */
	OUTPUT_A20		= 1 << 1,
	OUTPUT_FULL		= 1 << 4,

	PORT92_RESET		= 1 << 0,
	PORT92_A20		= 1 << 1,

	CF9_RESET		= 1 << 2,
	CF9_WRITABLE		= 0x0e,

	ANSWER_SELF_TEST	= 0x55,
	ANSWER_PORT_GOOD	= 0x00,
	ANSWER_CLOCK_LOW	= 0x01,
	ANSWER_TIMEOUT		= 0xfe,
};

struct i8042 {
	uint8_t ram[RAM_BYTES];		/* byte 0 is the mode ("command byte") */
	uint8_t output;			/* the output buffer */
	uint8_t status;
	uint8_t output_port;
	uint8_t parameter_of;		/* the command that awaits a byte at 0x60, or 0 */
	uint8_t port92;
	uint8_t cf9;
	bool line;
	struct bus *bus;
	const struct vdev_host *host;
};

static void i8042_update_line(struct i8042 *kbc)
{
	bool level = (kbc->status & STATUS_OUTPUT_FULL) && (kbc->ram[0] & MODE_KBD_INTERRUPT);

	if (kbc->line == level)
		return;
	kbc->line = level;
	kbc->host->set_irq(kbc->host->ctx, KBD_GSI, level);
}

static void i8042_reset_cpu(struct i8042 *kbc)
{
	kbc->host->power(kbc->host->ctx, VDEV_POWER_RESET, 0);
}

static void i8042_answer(struct i8042 *kbc, uint8_t value)
{
	kbc->output = value;
	kbc->status = (kbc->status & ~STATUS_TIMEOUT) | STATUS_OUTPUT_FULL;
	i8042_update_line(kbc);
}

static void i8042_set_output_port(struct i8042 *kbc, uint8_t value)
{
	kbc->output_port = value;
	if (!(value & OUTPUT_RUN))
		i8042_reset_cpu(kbc);
}

/* There is no auxiliary port to enable. */
static void i8042_set_mode(struct i8042 *kbc, uint8_t value)
{
	kbc->ram[0] = value | MODE_AUX_DISABLED;
	if (value & MODE_SYSTEM)
		kbc->status |= STATUS_SYSTEM;
	else
		kbc->status &= ~STATUS_SYSTEM;
	i8042_update_line(kbc);
}

/* ------------------------------------------------------------------ commands */

static void cmd_read_ram(struct i8042 *kbc, uint8_t command)
{
	i8042_answer(kbc, kbc->ram[command % RAM_BYTES]);
}

static void cmd_await(struct i8042 *kbc, uint8_t command)
{
	kbc->parameter_of = command;
}

static void cmd_self_test(struct i8042 *kbc, uint8_t command)
{
	i8042_set_mode(kbc, MODE_SYSTEM | MODE_KBD_DISABLED | MODE_TRANSLATE);
	i8042_answer(kbc, ANSWER_SELF_TEST);
}

static void cmd_test_kbd(struct i8042 *kbc, uint8_t command)
{
	i8042_answer(kbc, ANSWER_PORT_GOOD);
}

static void cmd_test_aux(struct i8042 *kbc, uint8_t command)
{
	i8042_answer(kbc, ANSWER_CLOCK_LOW);
}

static void cmd_disable_kbd(struct i8042 *kbc, uint8_t command)
{
	kbc->ram[0] |= MODE_KBD_DISABLED;
}

static void cmd_enable_kbd(struct i8042 *kbc, uint8_t command)
{
	kbc->ram[0] &= ~MODE_KBD_DISABLED;
}

/* No jumper is set: the display is colour, the keyboard is not locked. */
static void cmd_read_input_port(struct i8042 *kbc, uint8_t command)
{
	i8042_answer(kbc, 0xb0);
}

static void cmd_read_output_port(struct i8042 *kbc, uint8_t command)
{
	uint8_t full = kbc->status & STATUS_OUTPUT_FULL ? OUTPUT_FULL : 0;

	i8042_answer(kbc, (kbc->output_port & ~OUTPUT_FULL) | full);
}

static void cmd_disable_a20(struct i8042 *kbc, uint8_t command)
{
	kbc->output_port &= ~OUTPUT_A20;
}

static void cmd_enable_a20(struct i8042 *kbc, uint8_t command)
{
	kbc->output_port |= OUTPUT_A20;
}

static void cmd_test_inputs(struct i8042 *kbc, uint8_t command)
{
	i8042_answer(kbc, 0);
}

/* A zero in the low bits pulses that output; bit 0 is the CPU's reset. */
static void cmd_pulse(struct i8042 *kbc, uint8_t command)
{
	if (!(command & OUTPUT_RUN))
		i8042_reset_cpu(kbc);
}

static const struct {
	uint8_t first, last;
	void (*run)(struct i8042 *kbc, uint8_t command);
} commands[] = {
	{ 0x20, 0x3f, cmd_read_ram },
	{ 0x60, 0x7f, cmd_await },		/* write RAM */
	{ 0xa9, 0xa9, cmd_test_aux },
	{ 0xaa, 0xaa, cmd_self_test },
	{ 0xab, 0xab, cmd_test_kbd },
	{ 0xad, 0xad, cmd_disable_kbd },
	{ 0xae, 0xae, cmd_enable_kbd },
	{ 0xc0, 0xc0, cmd_read_input_port },
	{ 0xd0, 0xd0, cmd_read_output_port },
	{ 0xd1, 0xd4, cmd_await },		/* output port, echoes, a byte for the mouse */
	{ 0xdd, 0xdd, cmd_disable_a20 },
	{ 0xdf, 0xdf, cmd_enable_a20 },
	{ 0xe0, 0xe0, cmd_test_inputs },
	{ 0xf0, 0xff, cmd_pulse },
};

static void i8042_command(struct i8042 *kbc, uint8_t command)
{
	kbc->status |= STATUS_COMMAND;
	kbc->parameter_of = 0;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (command < commands[i].first || command > commands[i].last)
			continue;
		commands[i].run(kbc, command);
		return;
	}
}

/* A byte towards a socket in which nothing is plugged. */
static void i8042_time_out(struct i8042 *kbc)
{
	i8042_answer(kbc, ANSWER_TIMEOUT);
	kbc->status |= STATUS_TIMEOUT;
}

static void i8042_data(struct i8042 *kbc, uint8_t value)
{
	uint8_t command = kbc->parameter_of;

	kbc->status &= ~STATUS_COMMAND;
	kbc->parameter_of = 0;
	switch (command) {
	case 0x60:
		i8042_set_mode(kbc, value);
		break;
	case 0x61 ... 0x7f:
		kbc->ram[command % RAM_BYTES] = value;
		break;
	case 0xd1:
		i8042_set_output_port(kbc, value);
		break;
	case 0xd2:				/* as if from the keyboard */
		i8042_answer(kbc, value);
		break;
	case 0xd3:				/* as if from the mouse, whose port is missing */
		i8042_answer(kbc, (uint8_t)~value);
		break;
	case 0xd4:
		i8042_time_out(kbc);
		break;
	default:				/* to the keyboard, which that enables */
		kbc->ram[0] &= ~MODE_KBD_DISABLED;
		i8042_time_out(kbc);
	}
}

/* --------------------------------------------------------------------- ports */

static uint64_t data_read(void *dev, uint64_t offset, unsigned int size)
{
	struct i8042 *kbc = dev;

	kbc->status &= ~(STATUS_OUTPUT_FULL | STATUS_TIMEOUT);
	i8042_update_line(kbc);
	return kbc->output;
}

static void data_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	i8042_data(dev, (uint8_t)value);
}

static uint64_t status_read(void *dev, uint64_t offset, unsigned int size)
{
	return ((struct i8042 *)dev)->status;
}

static void status_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	i8042_command(dev, (uint8_t)value);
}

/* Port 92h and the 8042 gate A20 together: either may enable it. */
static uint64_t port92_read(void *dev, uint64_t offset, unsigned int size)
{
	return ((struct i8042 *)dev)->port92;
}

static void port92_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct i8042 *kbc = dev;
	bool reset = (value & PORT92_RESET) && !(kbc->port92 & PORT92_RESET);

	kbc->port92 = value & (PORT92_A20 | PORT92_RESET);
	if (reset)
		i8042_reset_cpu(kbc);
}

/*
 * 0xcf9 lies within PCI's configuration address, 0xcf8: only byte accesses are
 * for it, or a 32-bit write of an address would reset the machine.
 */
static uint64_t cf9_read(void *dev, uint64_t offset, unsigned int size)
{
	return offset == 1 && size == 1 ? ((struct i8042 *)dev)->cf9 : ~0ull;
}

static void cf9_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct i8042 *kbc = dev;
	bool reset = (value & CF9_RESET) && !(kbc->cf9 & CF9_RESET);

	if (offset != 1 || size != 1)
		return;
	kbc->cf9 = value & CF9_WRITABLE;
	if (reset)
		i8042_reset_cpu(kbc);
}

static const struct bus_ops data_ops = { data_read, data_write, .max_size = 1 };
static const struct bus_ops status_ops = { status_read, status_write, .max_size = 1 };
static const struct bus_ops port92_ops = { port92_read, port92_write, .max_size = 1 };
static const struct bus_ops cf9_ops = { .read = cf9_read, .write = cf9_write };

static const struct {
	uint16_t base, length;
	const struct bus_ops *ops;
} ports[] = {
	{ 0x60, 1, &data_ops },
	{ 0x64, 1, &status_ops },
	{ 0x92, 1, &port92_ops },
	{ 0xcf8, 4, &cf9_ops },
};

static int i8042_claim(struct i8042 *kbc)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ports) && !rc; i++)
		rc = bus_claim(kbc->bus, BUS_PIO, ports[i].base, ports[i].length, ports[i].ops,
			       kbc);
	return rc;
}

/**
 * i8042_create() - power a keyboard controller on
 * @bus:  where it claims its ports
 * @host: takes its interrupt line and the guest's resets
 *
 * Return: the controller, or NULL when memory or ports are taken.
 */
struct i8042 *i8042_create(struct bus *bus, const struct vdev_host *host)
{
	struct i8042 *kbc = calloc(1, sizeof(*kbc));

	if (!kbc)
		return NULL;
	kbc->bus = bus;
	kbc->host = host;
	kbc->status = STATUS_UNLOCKED;
	kbc->output_port = OUTPUT_RUN | OUTPUT_A20 | 0xcc;
	kbc->port92 = PORT92_A20;
	i8042_set_mode(kbc, MODE_SYSTEM | MODE_TRANSLATE);
	if (!i8042_claim(kbc))
		return kbc;
	i8042_destroy(kbc);
	return NULL;
}

/**
 * i8042_destroy() - power a keyboard controller off; NULL is fine
 * @kbc: the controller
 */
void i8042_destroy(struct i8042 *kbc)
{
	if (!kbc)
		return;
	bus_release(kbc->bus, kbc);
	free(kbc);
}
