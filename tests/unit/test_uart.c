// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/uart.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * The 16550A as drivers find, set and use it.
 */
#include "vdev_test.h"

#define MS	1000000ull

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct fake_host fake;
static struct uart *uart;

static void setup(void)
{
	fake_host_init(&fake);
	uart = uart_create(fake.bus, &fake.host, 0);
	ck_assert_ptr_nonnull(uart);
}

static void teardown(void)
{
	uart_destroy(uart);
	ck_assert_ptr_null(fake.timers);
	fake_host_fini(&fake);
}

static uint8_t get(unsigned int reg)
{
	return fake_in(&fake, (uint16_t)(0x3f8 + reg));
}

static void put(unsigned int reg, uint8_t value)
{
	fake_out(&fake, (uint16_t)(0x3f8 + reg), value);
}

static size_t feed(const char *s)
{
	return uart_rx(uart, (const uint8_t *)s, strlen(s));
}

/* As 8250 drivers tell a 16550A from what came before and after it. */
START_TEST(probe)
{
	put(SCR, 0x5a);
	ck_assert_uint_eq(get(SCR), 0x5a);
	put(IER, 0xff);
	ck_assert_uint_eq(get(IER), 0x0f);
	put(IER, 0);
	put(MCR, 0x1a);
	ck_assert_uint_eq(get(MSR) & 0xf0, 0x90);
	put(MCR, 0xff);
	ck_assert_uint_eq(get(MCR), 0x1f);
	put(MCR, 0);
	ck_assert_uint_eq(get(MSR) & 0xf0, 0xb0);
	put(IIR, 0x00);
	ck_assert_uint_eq(get(IIR), 0x01);
	put(IIR, 0x01);
	ck_assert_uint_eq(get(IIR) & 0xc0, 0xc0);
	ck_assert_uint_eq(get(LSR), 0x60);
}
END_TEST

START_TEST(divisor_latch)
{
	put(LCR, 0x83);
	ck_assert_uint_eq(get(DATA), 12);
	put(DATA, 0x34);
	put(IER, 0x12);
	ck_assert_uint_eq(get(DATA), 0x34);
	ck_assert_uint_eq(get(IER), 0x12);
	put(LCR, 0x03);
	ck_assert_uint_eq(get(IER), 0);
	ck_assert_uint_eq(fake.tx_count[0], 0);
	ck_assert_uint_eq(get(LCR), 3);
}
END_TEST

START_TEST(transmits)
{
	for (const char *s = "console"; *s; s++) {
		ck_assert_uint_eq(get(LSR) & 0x60, 0x60);
		put(DATA, (uint8_t)*s);
	}
	ck_assert_mem_eq(fake.tx[0], "console", 7);
}
END_TEST

START_TEST(transmit_interrupt)
{
	put(MCR, 0x08);
	ck_assert(!fake.line[4]);
	put(IER, 0x02);
	ck_assert(fake.line[4]);
	ck_assert_uint_eq(get(IIR), 0x02);
	ck_assert(!fake.line[4]);
	ck_assert_uint_eq(get(IIR), 0x01);
	put(DATA, 'x');
	ck_assert(fake.line[4]);
	put(MCR, 0);
	ck_assert(!fake.line[4]);
	put(MCR, 0x08);
	ck_assert(fake.line[4]);
	put(IER, 0);
	ck_assert(!fake.line[4]);
}
END_TEST

START_TEST(back_pressure)
{
	put(MCR, 0x08);
	put(IIR, 0x01);
	put(IER, 0x02);
	get(IIR);
	fake.tx_room = 0;
	for (unsigned int i = 0; i < 16; i++)
		put(DATA, (uint8_t)('a' + i));
	ck_assert_uint_eq(get(LSR) & 0x60, 0);
	ck_assert(!fake.line[4]);
	fake.tx_room = 3;
	uart_tx_ready(uart);
	ck_assert_uint_eq(fake.tx_count[0], 16);
	ck_assert_mem_eq(fake.tx[0], "abcdefghijklmnop", 16);
	ck_assert(fake.line[4]);
	ck_assert_uint_eq(get(LSR) & 0x60, 0x60);
	uart_tx_ready(uart);
	fake.tx_room = 0;
	for (unsigned int i = 0; i < 20; i++)
		put(DATA, (uint8_t)('a' + i));
	put(IIR, 0x05);			/* resets what waits */
	ck_assert_uint_eq(get(LSR) & 0x60, 0x60);
}
END_TEST

START_TEST(receives_without_fifo)
{
	ck_assert_uint_eq(uart_rx_room(uart), 1);
	ck_assert_uint_eq(feed("ab"), 1);
	ck_assert_uint_eq(uart_rx_room(uart), 0);
	ck_assert_uint_eq(get(LSR), 0x61);
	ck_assert_uint_eq(get(DATA), 'a');
	ck_assert_uint_eq(get(LSR), 0x60);
	ck_assert_uint_eq(get(DATA), 'a');
}
END_TEST

START_TEST(receive_trigger)
{
	put(MCR, 0x08);
	put(IIR, 0x81);			/* 8 bytes */
	put(IER, 0x01);
	ck_assert_uint_eq(feed("1234567"), 7);
	ck_assert(!fake.line[4]);
	ck_assert_uint_eq(feed("8"), 1);
	ck_assert(fake.line[4]);
	ck_assert_uint_eq(get(IIR), 0xc4);
	ck_assert_uint_eq(get(DATA), '1');
	ck_assert(!fake.line[4]);
	ck_assert_uint_eq(uart_rx_room(uart), 9);
	ck_assert_uint_eq(feed("0123456789"), 9);
}
END_TEST

START_TEST(receive_time_out)
{
	put(MCR, 0x08);
	put(IIR, 0xc1);
	put(IER, 0x01);
	feed("ab");
	fake_host_advance(&fake, 2 * MS);
	ck_assert(!fake.line[4]);
	fake_host_advance(&fake, 3 * MS);	/* 4 characters at 9600 baud: 3 to 4 ms */
	ck_assert(fake.line[4]);
	ck_assert_uint_eq(get(IIR), 0xcc);
	ck_assert_uint_eq(get(DATA), 'a');
	ck_assert(!fake.line[4]);
	fake_host_advance(&fake, 5 * MS);
	ck_assert_uint_eq(get(IIR), 0xcc);
	get(DATA);
	ck_assert_ptr_null(fake.timers);
	ck_assert_uint_eq(get(IIR), 0xc1);
}
END_TEST

static void count_room(void *ctx)
{
	++*(unsigned int *)ctx;
}

START_TEST(room_is_told)
{
	unsigned int told = 0;

	uart_on_rx_room(uart, count_room, &told);
	put(IIR, 0x01);
	feed("0123456789");
	get(DATA);
	ck_assert_uint_eq(told, 0);
	feed("0123456789");
	ck_assert_uint_eq(uart_rx_room(uart), 0);
	get(DATA);
	ck_assert_uint_eq(told, 1);
	get(DATA);
	ck_assert_uint_eq(told, 1);
	feed("0123456789");
	put(IIR, 0x03);
	ck_assert_uint_eq(told, 2);
	put(MCR, 0x10);
	ck_assert_uint_eq(uart_rx_room(uart), 0);
	put(MCR, 0);
	ck_assert_uint_eq(told, 3);
}
END_TEST

static void refill(void *ctx)
{
	uart_rx(ctx, (const uint8_t *)"z", 1);
}

START_TEST(room_may_refill_at_once)
{
	uart_on_rx_room(uart, refill, uart);
	feed("a");
	ck_assert_uint_eq(get(DATA), 'a');
	for (unsigned int i = 0; i < 10; i++)
		ck_assert_uint_eq(get(DATA), 'z');
}
END_TEST

START_TEST(loopback)
{
	put(MCR, 0x18);
	put(IIR, 0x01);
	put(IER, 0x01);
	put(DATA, 0xa5);
	ck_assert_uint_eq(fake.tx_count[0], 0);
	ck_assert_uint_eq(get(LSR) & 1, 1);
	ck_assert_uint_eq(get(IIR), 0xc4);
	ck_assert(!fake.line[4]);
	ck_assert_uint_eq(get(DATA), 0xa5);
}
END_TEST

START_TEST(overrun)
{
	put(MCR, 0x10);
	put(IIR, 0x01);
	put(IER, 0x05);
	for (unsigned int i = 0; i < 17; i++)
		put(DATA, (uint8_t)i);
	ck_assert_uint_eq(get(IIR), 0xc6);
	ck_assert_uint_eq(get(LSR) & 3, 3);
	ck_assert_uint_eq(get(LSR) & 3, 1);
	ck_assert_uint_eq(get(IIR), 0xc4);
	for (unsigned int i = 0; i < 16; i++)
		ck_assert_uint_eq(get(DATA), i);
	put(IIR, 0);
	put(DATA, 1);
	put(DATA, 2);
	ck_assert_uint_eq(get(LSR) & 3, 3);
	ck_assert_uint_eq(get(DATA), 2);
}
END_TEST

START_TEST(modem_deltas)
{
	ck_assert_uint_eq(get(MSR), 0xb0);
	put(MCR, 0x14);			/* CTS, DSR and DCD fall, RI rises */
	ck_assert_uint_eq(get(MSR), 0x4b);
	ck_assert_uint_eq(get(MSR), 0x40);
	put(MCR, 0x13);
	put(IER, 0x08);
	ck_assert_uint_eq(get(IIR), 0x00);
	ck_assert_uint_eq(get(MSR), 0x37);
	ck_assert_uint_eq(get(IIR), 0x01);
}
END_TEST

START_TEST(priorities)
{
	put(MCR, 0x10);
	put(MCR, 0x10);
	put(IER, 0x0f);
	put(DATA, 1);
	put(DATA, 2);
	ck_assert_uint_eq(get(IIR), 0x06);
	get(LSR);
	ck_assert_uint_eq(get(IIR), 0x04);
	get(DATA);
	ck_assert_uint_eq(get(IIR), 0x02);
	ck_assert_uint_eq(get(IIR), 0x00);
	get(MSR);
	ck_assert_uint_eq(get(IIR), 0x01);
}
END_TEST

START_TEST(four_ports)
{
	static const struct { uint16_t base; unsigned int gsi; } ports[] = {
		{ 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 },
	};

	uart_destroy(uart);
	for (unsigned int i = 0; i < 4; i++) {
		memset(fake.line, 0, sizeof(fake.line));
		uart = uart_create(fake.bus, &fake.host, i);
		ck_assert_ptr_nonnull(uart);
		fake_out(&fake, ports[i].base + MCR, 8);
		fake_out(&fake, ports[i].base + IER, 2);
		ck_assert(fake.line[ports[i].gsi]);
		fake_out(&fake, ports[i].base, (uint8_t)('0' + i));
		ck_assert_uint_eq(fake.tx[i][0], '0' + i);
		uart_destroy(uart);
	}
	ck_assert_ptr_null(uart_create(fake.bus, &fake.host, 4));
	uart = uart_create(fake.bus, &fake.host, 0);
}
END_TEST

START_TEST(says_which_line_it_asserts)
{
	put(MCR, 8);
	ck_assert(!uart_asserts(uart, 4));
	put(IER, 2);
	ck_assert(uart_asserts(uart, 4));
	ck_assert(!uart_asserts(uart, 3));
	put(IER, 0);
	ck_assert(!uart_asserts(uart, 4));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		probe, divisor_latch, transmits, transmit_interrupt, back_pressure,
		receives_without_fifo, receive_trigger, receive_time_out, room_is_told,
		room_may_refill_at_once, loopback, overrun, modem_deltas, priorities, four_ports,
		says_which_line_it_asserts,
	};

	return run_tests("uart", tests, ARRAY_SIZE(tests), setup, teardown);
}
