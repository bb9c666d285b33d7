// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A 16550A serial port, as COM1..COM4 of a PC.
 *
 * National Semiconductor PC16550D data sheet (TL/C/8652).  Bytes go out as fast as
 * the host takes them and come in as fast as the guest reads: the line speed only
 * sets the receive time-out.  What the host does not take waits in the transmit
 * FIFO, so that the guest sees it fill; input beyond the receive FIFO waits at the
 * host.  As on a PC's board, the interrupt goes through a gate that OUT2 opens;
 * in loopback the pin OUT2 is inactive, and so is the interrupt line.
 *
 * Context: the machine's device lock.
 */
#include <stdlib.h>
#include <string.h>

#include "vdev.h"

#define FIFO_SIZE	16u
#define UART_LENGTH	8u
#define UART_CLOCK	115200u		/* baud at divisor 1 */
#define NS_PER_S	1000000000ull

enum {
	REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH,
	REG_FCR = REG_IIR,

	IER_DATA	= 1 << 0,
	IER_THRE	= 1 << 1,
	IER_LINE	= 1 << 2,
	IER_MODEM	= 1 << 3,
	IER_VALID	= 0x0f,

	IIR_NONE	= 0x01,
	IIR_MODEM	= 0x00,
	IIR_THRE	= 0x02,
	IIR_DATA	= 0x04,
	IIR_LINE	= 0x06,
	IIR_TIMEOUT	= 0x0c,
	IIR_FIFOS	= 0xc0,

	FCR_ENABLE	= 1 << 0,
	FCR_RESET_RX	= 1 << 1,
	FCR_RESET_TX	= 1 << 2,
	FCR_TRIGGER	= 6,		/* shift */

	LCR_LENGTH	= 3,
	LCR_STOP	= 1 << 2,
	LCR_PARITY	= 1 << 3,
	LCR_DLAB	= 1 << 7,

	MCR_DTR		= 1 << 0,
	MCR_RTS		= 1 << 1,
	MCR_OUT1	= 1 << 2,
	MCR_OUT2	= 1 << 3,
	MCR_LOOP	= 1 << 4,
	MCR_VALID	= 0x1f,

	LSR_DATA	= 1 << 0,
	LSR_OVERRUN	= 1 << 1,
	LSR_ERRORS	= 0x1e,
	LSR_THRE	= 1 << 5,
	LSR_IDLE	= 1 << 6,

	MSR_DELTAS	= 0x0f,
	MSR_RI_ENDED	= 1 << 2,
	MSR_CTS		= 1 << 4,
	MSR_DSR		= 1 << 5,
	MSR_RI		= 1 << 6,
	MSR_DCD		= 1 << 7,
	MSR_PLUGGED	= MSR_CTS | MSR_DSR | MSR_DCD,
};

struct uart_fifo {
	uint8_t bytes[FIFO_SIZE];
	unsigned int count;
};

struct uart {
	struct uart_fifo rx;
	struct uart_fifo tx;
	uint8_t ier;
	uint8_t fcr;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t errors;			/* LSR bits that a read clears */
	uint8_t msr;
	uint8_t scratch;
	uint8_t last_read;		/* what an empty receive buffer gives */
	uint16_t divisor;
	bool thre_event;		/* the transmitter became empty: an interrupt, once */
	bool timed_out;			/* bytes wait below the trigger level */
	bool was_full;			/* the host was told there is no room */
	bool line;
	unsigned int port;
	void (*rx_room)(void *ctx);
	void *rx_room_ctx;
	struct vdev_timer timer;
	struct bus *bus;
	const struct vdev_host *host;
};

static const struct {
	uint16_t base;
	uint8_t gsi;
} com_ports[UART_COUNT] = {
	{ 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 },
};

static unsigned int uart_depth(const struct uart *uart)
{
	return uart->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned int uart_trigger(const struct uart *uart)
{
	static const uint8_t levels[4] = { 1, 4, 8, 14 };

	return uart->fcr & FCR_ENABLE ? levels[uart->fcr >> FCR_TRIGGER] : 1;
}

static void fifo_drop(struct uart_fifo *fifo, unsigned int count)
{
	fifo->count -= count;
	memmove(fifo->bytes, fifo->bytes + count, fifo->count);
}

/* -------------------------------------------------------------- interrupts */

/* The pending interrupt of highest priority (data sheet, table IV). */
static uint8_t uart_identify(const struct uart *uart)
{
	if ((uart->ier & IER_LINE) && uart->errors)
		return IIR_LINE;
	if ((uart->ier & IER_DATA) && uart->rx.count >= uart_trigger(uart))
		return IIR_DATA;
	if ((uart->ier & IER_DATA) && uart->timed_out)
		return IIR_TIMEOUT;
	if ((uart->ier & IER_THRE) && uart->thre_event)
		return IIR_THRE;
	if ((uart->ier & IER_MODEM) && (uart->msr & MSR_DELTAS))
		return IIR_MODEM;
	return IIR_NONE;
}

static void uart_update(struct uart *uart)
{
	bool level = uart_identify(uart) != IIR_NONE &&
		     (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	if (uart->line == level)
		return;
	uart->line = level;
	uart->host->set_irq(uart->host->ctx, com_ports[uart->port].gsi, level);
}

/**
 * uart_asserts() - does the port hold this interrupt line up?
 * @uart: the port
 * @gsi:  the line
 *
 * Return: whether it does; for the wired-OR of ports that share a line.
 */
bool uart_asserts(const struct uart *uart, unsigned int gsi)
{
	return uart->line && com_ports[uart->port].gsi == gsi;
}

/* Four characters' time (data sheet, "FIFO interrupt mode operation"). */
static uint64_t uart_timeout_ns(const struct uart *uart)
{
	unsigned int bits = 1 + 5 + (uart->lcr & LCR_LENGTH) + !!(uart->lcr & LCR_PARITY) + 1 +
			    !!(uart->lcr & LCR_STOP);
	unsigned int divisor = uart->divisor ? uart->divisor : 65536;

	return 4 * NS_PER_S * bits * divisor / UART_CLOCK;
}

/* The time-out starts anew with each byte that comes or is read. */
static void uart_arm(struct uart *uart)
{
	uint64_t deadline = 0;

	if ((uart->fcr & FCR_ENABLE) && uart->rx.count && uart->rx.count < uart_trigger(uart))
		deadline = uart->host->now(uart->host->ctx) + uart_timeout_ns(uart);
	uart->host->arm(uart->host->ctx, &uart->timer, deadline);
}

static void uart_expired(void *dev)
{
	struct uart *uart = dev;

	uart->timed_out = uart->rx.count && (uart->fcr & FCR_ENABLE);
	uart_update(uart);
}

/* ----------------------------------------------------------------- receiver */

/**
 * uart_rx_room() - how many bytes uart_rx() would take
 * @uart: the port
 *
 * Return: 0..16; none while the guest has the line cut for loopback.
 */
size_t uart_rx_room(const struct uart *uart)
{
	unsigned int depth = uart_depth(uart);

	if ((uart->mcr & MCR_LOOP) || uart->rx.count >= depth)
		return 0;
	return depth - uart->rx.count;
}

/**
 * uart_on_rx_room() - ask to be told when the guest made room for input
 * @uart: the port
 * @fn:   called with the device lock held, after there was no room
 * @ctx:  what it is given
 */
void uart_on_rx_room(struct uart *uart, void (*fn)(void *ctx), void *ctx)
{
	uart->rx_room = fn;
	uart->rx_room_ctx = ctx;
}

static void uart_tell_room(struct uart *uart)
{
	bool full = !uart_rx_room(uart);
	bool tell = uart->was_full && !full;

	uart->was_full = full;
	if (tell && uart->rx_room)
		uart->rx_room(uart->rx_room_ctx);
}

/* A full FIFO loses the new byte, a full buffer the old one (data sheet, "OE"). */
static void uart_receive(struct uart *uart, uint8_t byte)
{
	if (uart->rx.count < uart_depth(uart)) {
		uart->rx.bytes[uart->rx.count++] = byte;
		return;
	}
	uart->errors |= LSR_OVERRUN;
	if (!(uart->fcr & FCR_ENABLE))
		uart->rx.bytes[0] = byte;
}

/**
 * uart_rx() - bytes come in on the line
 * @uart:  the port
 * @bytes: they
 * @count: how many
 *
 * Return: how many fitted; there is never an overrun from the host.
 */
size_t uart_rx(struct uart *uart, const uint8_t *bytes, size_t count)
{
	size_t room = uart_rx_room(uart);

	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		uart_receive(uart, bytes[i]);
	uart->was_full = !uart_rx_room(uart);
	if (count)
		uart_arm(uart);
	uart_update(uart);
	return count;
}

static uint8_t uart_read_data(struct uart *uart)
{
	uart->timed_out = false;
	if (uart->rx.count) {
		uart->last_read = uart->rx.bytes[0];
		fifo_drop(&uart->rx, 1);
		uart_arm(uart);
	}
	return uart->last_read;
}

static void uart_clear_rx(struct uart *uart)
{
	uart->rx.count = 0;
	uart->timed_out = false;
	uart_arm(uart);
}

/* -------------------------------------------------------------- transmitter */

static void uart_flush(struct uart *uart)
{
	size_t taken;

	while (uart->tx.count) {
		taken = uart->host->tx(uart->host->ctx, uart->port, uart->tx.bytes, uart->tx.count);
		if (!taken || taken > uart->tx.count)
			return;
		fifo_drop(&uart->tx, (unsigned int)taken);
	}
	uart->thre_event = true;
}

/**
 * uart_tx_ready() - the host can take bytes again
 * @uart: the port
 */
void uart_tx_ready(struct uart *uart)
{
	if (!uart->tx.count)
		return;
	uart_flush(uart);
	uart_update(uart);
}

static void uart_write_data(struct uart *uart, uint8_t byte)
{
	uart->thre_event = false;
	if (uart->mcr & MCR_LOOP) {
		uart_receive(uart, byte);
		uart_arm(uart);
		uart->thre_event = true;
		return;
	}
	if (uart->tx.count >= uart_depth(uart))
		uart->tx.count = uart_depth(uart) - 1;
	uart->tx.bytes[uart->tx.count++] = byte;
	uart_flush(uart);
}

/* ---------------------------------------------------------------- registers */

/* In loopback the outputs are the inputs (data sheet, "Modem control register"). */
static uint8_t uart_modem_inputs(const struct uart *uart)
{
	if (!(uart->mcr & MCR_LOOP))
		return MSR_PLUGGED;
	return (uart->mcr & MCR_RTS ? MSR_CTS : 0) | (uart->mcr & MCR_DTR ? MSR_DSR : 0) |
	       (uart->mcr & MCR_OUT1 ? MSR_RI : 0) | (uart->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

/* Every change leaves its mark, but of the ring indicator only its end. */
static void uart_set_modem(struct uart *uart, uint8_t mcr)
{
	uint8_t old = uart->msr & ~MSR_DELTAS, inputs, deltas;

	uart->mcr = mcr & MCR_VALID;
	inputs = uart_modem_inputs(uart);
	deltas = (old ^ inputs) >> 4;
	if (!(old & MSR_RI))
		deltas &= ~MSR_RI_ENDED;
	uart->msr = inputs | deltas | (uart->msr & MSR_DELTAS);
}

static void uart_set_fcr(struct uart *uart, uint8_t value)
{
	bool toggled = (uart->fcr ^ value) & FCR_ENABLE;

	uart->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | 3 << FCR_TRIGGER) : 0;
	if (toggled || (value & FCR_RESET_RX))
		uart_clear_rx(uart);
	if ((toggled || (value & FCR_RESET_TX)) && uart->tx.count) {
		uart->tx.count = 0;
		uart->thre_event = true;
	}
	uart_arm(uart);
}

/* Enabling the transmitter's interrupt while it is empty raises it. */
static void uart_set_ier(struct uart *uart, uint8_t value)
{
	if ((value & ~uart->ier & IER_THRE) && !uart->tx.count)
		uart->thre_event = true;
	uart->ier = value & IER_VALID;
}

static uint8_t uart_read_iir(struct uart *uart)
{
	uint8_t iir = uart_identify(uart);

	if (iir == IIR_THRE)
		uart->thre_event = false;
	return iir | (uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static uint8_t uart_read_lsr(struct uart *uart)
{
	uint8_t lsr = uart->errors;

	uart->errors = 0;
	if (uart->rx.count)
		lsr |= LSR_DATA;
	if (!uart->tx.count)
		lsr |= LSR_THRE | LSR_IDLE;
	return lsr;
}

static uint8_t uart_read_msr(struct uart *uart)
{
	uint8_t msr = uart->msr;

	uart->msr &= ~MSR_DELTAS;
	return msr;
}

static uint8_t uart_get(struct uart *uart, uint64_t reg)
{
	bool dlab = uart->lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return dlab ? (uint8_t)uart->divisor : uart_read_data(uart);
	case REG_IER:
		return dlab ? uart->divisor >> 8 : uart->ier;
	case REG_IIR:
		return uart_read_iir(uart);
	case REG_LCR:
		return uart->lcr;
	case REG_MCR:
		return uart->mcr;
	case REG_LSR:
		return uart_read_lsr(uart);
	case REG_MSR:
		return uart_read_msr(uart);
	default:
		return uart->scratch;
	}
}

static void uart_put_divisor(struct uart *uart, uint64_t reg, uint8_t value)
{
	uart->divisor = reg == REG_DATA ? (uart->divisor & 0xff00) | value :
					  (uart->divisor & 0x00ff) | value << 8;
}

static void uart_put(struct uart *uart, uint64_t reg, uint8_t value)
{
	if (reg <= REG_IER && (uart->lcr & LCR_DLAB)) {
		uart_put_divisor(uart, reg, value);
		return;
	}
	switch (reg) {
	case REG_DATA:
		uart_write_data(uart, value);
		break;
	case REG_IER:
		uart_set_ier(uart, value);
		break;
	case REG_FCR:
		uart_set_fcr(uart, value);
		break;
	case REG_LCR:
		uart->lcr = value;
		break;
	case REG_MCR:
		uart_set_modem(uart, value);
		break;
	case REG_SCRATCH:
		uart->scratch = value;
		break;
	}
}

/* Last of all the host may refill the FIFO, which calls back into uart_rx(). */
static uint64_t uart_read(void *dev, uint64_t offset, unsigned int size)
{
	struct uart *uart = dev;
	uint8_t value = uart_get(uart, offset);

	uart_update(uart);
	uart_tell_room(uart);
	return value;
}

static void uart_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct uart *uart = dev;

	uart_put(uart, offset, (uint8_t)value);
	uart_update(uart);
	uart_tell_room(uart);
}

static const struct bus_ops uart_ops = { uart_read, uart_write, .max_size = 1 };

/**
 * uart_create() - power a serial port on, plugged into a ready partner
 * @bus:  where it claims its ports
 * @host: takes its bytes and its interrupt line
 * @port: 0..3
 *
 * Ports 0 and 2 share a GSI, as do 1 and 3: a host that has both ORs their lines,
 * telling them apart by the @ctx it gives each.
 *
 * Return: the port, or NULL when there is none of that number, no memory, or its
 * addresses are taken.
 */
struct uart *uart_create(struct bus *bus, const struct vdev_host *host, unsigned int port)
{
	struct uart *uart;

	if (port >= UART_COUNT)
		return NULL;
	uart = calloc(1, sizeof(*uart));
	if (!uart)
		return NULL;
	uart->bus = bus;
	uart->host = host;
	uart->port = port;
	uart->divisor = 12;
	uart->msr = MSR_PLUGGED;
	uart->thre_event = true;
	uart->timer.expired = uart_expired;
	uart->timer.dev = uart;
	if (!bus_claim(bus, BUS_PIO, com_ports[port].base, UART_LENGTH, &uart_ops, uart))
		return uart;
	uart_destroy(uart);
	return NULL;
}

/**
 * uart_destroy() - power a serial port off; NULL is fine
 * @uart: the port
 */
void uart_destroy(struct uart *uart)
{
	if (!uart)
		return;
	uart->host->arm(uart->host->ctx, &uart->timer, 0);
	bus_release(uart->bus, uart);
	free(uart);
}
