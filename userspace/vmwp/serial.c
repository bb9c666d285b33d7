// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes between a UART and its backend.
 *
 * VP threads put output into a bounded ring and never wait; the main thread writes it.
 * When the ring is full the UART keeps its bytes (the guest sees a busy transmitter),
 * but a pseudo-terminal drops them: nobody may be reading there, and it cannot be told.
 * Without a client a socket's output is dropped too.  Input is read only when the UART
 * has room.
 */
#include "serial.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>

#include "report.h"

#define WRITE_MAX	4096u		/* what a pipe takes once poll says so */
#define READ_MAX	256u
#define DRAIN_MS	1000
#define CTRL_A		0x01

static uint32_t ring_used(const struct serial *serial)
{
	return serial->head - serial->tail;
}

/* Copies in as much as fits. */
static size_t ring_put(struct serial *serial, const uint8_t *bytes, size_t count)
{
	size_t room = SERIAL_RING_SIZE - ring_used(serial);
	size_t i;

	if (count > room)
		count = room;
	for (i = 0; i < count; i++)
		serial->ring[serial->head++ % SERIAL_RING_SIZE] = bytes[i];
	return count;
}

/* The next bytes that lie together. */
static size_t ring_chunk(const struct serial *serial, const uint8_t **bytes)
{
	uint32_t at = serial->tail % SERIAL_RING_SIZE;
	uint32_t count = ring_used(serial);

	if (count > SERIAL_RING_SIZE - at)
		count = SERIAL_RING_SIZE - at;
	*bytes = serial->ring + at;
	return count > WRITE_MAX ? WRITE_MAX : count;
}

/**
 * serial_put() - take output of the UART
 * @serial: started port
 * @bytes: what it sends
 * @count: how many
 *
 * Context: any thread, device lock held.
 * Return: how many were taken; for the rest uart_tx_ready() is called later.
 */
size_t serial_put(struct serial *serial, const uint8_t *bytes, size_t count)
{
	bool was_empty = !ring_used(serial);
	size_t taken;

	if (!serial->sink)
		return count;
	taken = ring_put(serial, bytes, count);
	if (was_empty && taken)
		loop_wake(serial->loop);
	return serial->option.kind == SERIAL_PTY ? count : taken;
}

static void unwatch_out(struct serial *serial)
{
	if (serial->out_watched)
		loop_remove(serial->loop, &serial->out);
	serial->out_watched = false;
}

static void unwatch_in(struct serial *serial)
{
	if (serial->in_watched)
		loop_remove(serial->loop, &serial->in);
	serial->in_watched = false;
}

static void close_in(struct serial *serial)
{
	unwatch_in(serial);
	close(serial->in.fd);
	serial->in.fd = -1;
}

/* Nobody takes output any more: forget what is left. */
static void close_out(struct serial *serial)
{
	unwatch_out(serial);
	close(serial->out.fd);
	serial->out.fd = -1;
	pthread_mutex_lock(serial->lock);
	serial->sink = false;
	serial->tail = serial->head;
	if (serial->uart)
		uart_tx_ready(serial->uart);
	pthread_mutex_unlock(serial->lock);
}

static void drop_client(struct serial *serial)
{
	if (serial->in.fd >= 0)
		close_in(serial);
	if (serial->out.fd >= 0)
		close_out(serial);
	loop_add(serial->loop, &serial->listener, EPOLLIN);
}

static void output_failed(struct serial *serial, int err)
{
	if (serial->option.kind == SERIAL_UNIX) {
		drop_client(serial);
		return;
	}
	report("cannot write a serial port's output, dropping it: %s", strerror(err));
	close_out(serial);
}

/* Write one chunk; false when that must wait or nothing is left. */
static bool write_chunk(struct serial *serial)
{
	const uint8_t *bytes;
	ssize_t written;
	size_t count;

	pthread_mutex_lock(serial->lock);
	count = ring_chunk(serial, &bytes);
	pthread_mutex_unlock(serial->lock);
	if (!count)
		return false;
	written = write(serial->out.fd, bytes, count);	/* only we move the tail */
	if (written < 0) {
		if (errno != EAGAIN && errno != EINTR)
			output_failed(serial, errno);
		return false;
	}
	pthread_mutex_lock(serial->lock);
	serial->tail += (uint32_t)written;
	if (serial->uart)
		uart_tx_ready(serial->uart);
	count = ring_used(serial);
	pthread_mutex_unlock(serial->lock);
	return count;
}

static bool output_pending(struct serial *serial)
{
	bool pending;

	pthread_mutex_lock(serial->lock);
	pending = ring_used(serial);
	pthread_mutex_unlock(serial->lock);
	return pending;
}

static void out_ready(void *ctx, uint32_t events)
{
	struct serial *serial = ctx;

	write_chunk(serial);
	if (serial->out_watched && !output_pending(serial))
		unwatch_out(serial);
}

static void service_output(struct serial *serial)
{
	if (serial->out.fd < 0 || serial->out_watched || !output_pending(serial))
		return;
	if (!loop_add(serial->loop, &serial->out, EPOLLOUT))
		serial->out_watched = true;
	else
		while (serial->out.fd >= 0 && write_chunk(serial))
			;			/* a file: always ready */
}

/* After Ctrl-A: x ends vmwp, Ctrl-A stands for itself, others are passed on with it. */
static size_t filter_key(struct serial *serial, uint8_t key, uint8_t *to)
{
	size_t count = 0;

	if (!serial->escape) {
		serial->escape = key == CTRL_A;
		to[0] = key;
		return !serial->escape;
	}
	serial->escape = false;
	if (key == 'x') {
		serial->quit(serial->ctx);
		return 0;
	}
	to[count++] = CTRL_A;
	if (key != CTRL_A)
		to[count++] = key;
	return count;
}

static size_t filter(struct serial *serial, const uint8_t *from, size_t count, uint8_t *to)
{
	size_t i, used = 0;

	if (!serial->terminal) {
		memcpy(to, from, count);
		return count;
	}
	for (i = 0; i < count; i++)
		used += filter_key(serial, from[i], to + used);
	return used;
}

static size_t input_room(struct serial *serial)
{
	size_t room;

	pthread_mutex_lock(serial->lock);
	room = serial->uart ? uart_rx_room(serial->uart) : 0;
	pthread_mutex_unlock(serial->lock);
	return room > READ_MAX ? READ_MAX : room;
}

static void give_input(struct serial *serial, const uint8_t *bytes, size_t count)
{
	pthread_mutex_lock(serial->lock);
	if (serial->uart)
		uart_rx(serial->uart, bytes, count);
	pthread_mutex_unlock(serial->lock);
}

/* Read what fits; false when nothing can be read now or ever again. */
static bool read_some(struct serial *serial)
{
	uint8_t raw[READ_MAX], cooked[2 * READ_MAX];
	size_t room = input_room(serial);
	ssize_t count;

	if (!room) {
		unwatch_in(serial);		/* serial_service() goes on */
		return false;
	}
	count = read(serial->in.fd, raw, room);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (count > 0) {
		give_input(serial, cooked, filter(serial, raw, (size_t)count, cooked));
		return true;
	}
	if (serial->option.kind == SERIAL_UNIX)
		drop_client(serial);
	else
		close_in(serial);
	return false;
}

static void in_ready(void *ctx, uint32_t events)
{
	read_some(ctx);
}

static void service_input(struct serial *serial)
{
	if (serial->in.fd < 0 || serial->in_watched || !input_room(serial))
		return;
	if (!loop_add(serial->loop, &serial->in, EPOLLIN))
		serial->in_watched = true;
	else
		while (serial->in.fd >= 0 && read_some(serial))
			;			/* a file: always ready */
}

static void accept_client(void *ctx, uint32_t events)
{
	struct serial *serial = ctx;
	int fd = accept4(serial->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int copy;

	if (fd < 0)
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0) {
		close(fd);
		return;
	}
	loop_remove(serial->loop, &serial->listener);
	serial->in.fd = fd;
	serial->out.fd = copy;
	pthread_mutex_lock(serial->lock);
	serial->sink = true;
	pthread_mutex_unlock(serial->lock);
	serial_service(serial);
}

/**
 * serial_service() - go on with what can go on
 * @serial: started port
 *
 * Context: main thread, after every wake-up.
 */
void serial_service(struct serial *serial)
{
	service_output(serial);
	service_input(serial);
}

/**
 * serial_start() - connect an open port to the loop
 * @serial: from serial_open()
 * @loop: the main thread's
 * @lock: the device lock
 * @quit: called when the user typed Ctrl-A x
 * @ctx: for @quit
 */
void serial_start(struct serial *serial, struct loop *loop, pthread_mutex_t *lock,
		  void (*quit)(void *ctx), void *ctx)
{
	serial->loop = loop;
	serial->lock = lock;
	serial->quit = quit;
	serial->ctx = ctx;
	serial->in.ready = in_ready;
	serial->in.ctx = serial;
	serial->out.ready = out_ready;
	serial->out.ctx = serial;
	serial->listener.ready = accept_client;
	serial->listener.ctx = serial;
	if (serial->listener.fd >= 0)
		loop_add(loop, &serial->listener, EPOLLIN);
}

static void rx_room(void *ctx)
{
	struct serial *serial = ctx;

	loop_wake(serial->loop);
}

/**
 * serial_attach() - give a port its UART, or take it away
 * @serial: started port
 * @uart: the device, or NULL before it is destroyed
 *
 * Context: main thread, device lock held.
 */
void serial_attach(struct serial *serial, struct uart *uart)
{
	serial->uart = uart;
	if (uart)
		uart_on_rx_room(uart, rx_room, serial);
}

/**
 * serial_drain() - write what the guest sent before it ended
 * @serial: started port
 *
 * Waits no longer than a second for a reader.  Context: main thread.
 */
void serial_drain(struct serial *serial)
{
	struct pollfd poll_out = { .events = POLLOUT };

	if (serial->option.kind == SERIAL_PTY)
		return;
	while (serial->out.fd >= 0 && output_pending(serial)) {
		poll_out.fd = serial->out.fd;
		if (poll(&poll_out, 1, DRAIN_MS) <= 0)
			return;
		write_chunk(serial);
	}
}
