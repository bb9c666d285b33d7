/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the serial ports of a machine are connected to on the host. */
#ifndef VMWP_SERIAL_H
#define VMWP_SERIAL_H

#include <pthread.h>
#include <stdbool.h>

#include "loop.h"
#include "options.h"
#include "vdev.h"

#define SERIAL_RING_SIZE 65536u

/**
 * struct serial - one port
 * @option:   kind and path
 * @loop:     where its descriptors are watched
 * @lock:     the machine's device lock
 * @quit:     called in the main thread when the user typed Ctrl-A x
 * @ctx:      for @quit
 * @in:       input; fd -1: none.  Main thread, as the fields up to @escape
 * @out:      output; fd -1: none; never the same number as @in
 * @listener: a listening socket; fd -1: none
 * @in_watched: @in is in the loop
 * @out_watched: @out is in the loop
 * @terminal: input comes from a terminal: look for Ctrl-A
 * @escape:   Ctrl-A was typed
 * @uart:     the device; NULL between two starts.  Device lock, as what follows
 * @sink:     someone takes output; else it is dropped
 * @head:     bytes ever put into @ring
 * @tail:     bytes ever taken out
 * @ring:     output on its way
 */
struct serial {
	struct serial_option option;
	struct loop *loop;
	pthread_mutex_t *lock;
	void (*quit)(void *ctx);
	void *ctx;
	struct loop_source in;
	struct loop_source out;
	struct loop_source listener;
	bool in_watched;
	bool out_watched;
	bool terminal;
	bool escape;
	struct uart *uart;
	bool sink;
	uint32_t head;
	uint32_t tail;
	uint8_t ring[SERIAL_RING_SIZE];
};

/* serial_open.c: main thread, before the machine runs. */
int serial_open(struct serial *serial, unsigned int port, const struct serial_option *option);
void serial_close(struct serial *serial);

/* serial.c */
void serial_start(struct serial *serial, struct loop *loop, pthread_mutex_t *lock,
		  void (*quit)(void *ctx), void *ctx);
void serial_attach(struct serial *serial, struct uart *uart);
size_t serial_put(struct serial *serial, const uint8_t *bytes, size_t count);
void serial_service(struct serial *serial);
void serial_drain(struct serial *serial);

#endif
