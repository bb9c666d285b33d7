// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hyper-V sockets: the guest's AF_VSOCK, with a stream socket of the host's at the other end
 * of each connection.  Pure: all it does to the world is in struct hvsock_ops.
 *
 * The protocol is that of Linux's net/vmw_vsock/hyperv_transport.c.  A service is a GUID of
 * which the first four bytes are a port.  A guest that connects asks for a service by a message
 * and names an endpoint of its own; the channel that is offered then has the service as its type
 * and the endpoint as its instance.  When the host connects, the service is the guest's, and
 * a byte of the offer says so.  The guest opens the channel, or does not care: there is
 * no way to say no.  On the ring each packet is a header and data; no data means that
 * none will come.  The connection has ended when the offer is rescinded.
 *
 * Either way one packet at most is kept, besides what is in the ring and in the socket: a ring that
 * is full keeps the socket from being read, and a socket that is full the ring.
 *
 * Main thread, device lock held.
 */
#include "hvsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GREETING_MAX	32u		/* "CONNECT 4294967295\n" and some blanks */
#define FIRST_PORT	0xc0000000u	/* the host's own, in turns */
#define LAST_PORT	0xfffffffeu	/* the one above means any */
#define PORT_TRIES	16u

/* 00000000-facb-11e6-bd58-64006a7986d3, from its fifth byte on */
static const uint8_t template[HVSOCK_GUID - 4] = {
	0xcb, 0xfa, 0xe6, 0x11, 0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3,
};

static bool is_port(const uint8_t guid[HVSOCK_GUID])
{
	return !memcmp(guid + 4, template, sizeof(template));
}

static uint32_t port_of(const uint8_t guid[HVSOCK_GUID])
{
	uint32_t port;

	memcpy(&port, guid, sizeof(port));
	return port;
}

static void make_guid(uint8_t guid[HVSOCK_GUID], uint32_t port)
{
	memcpy(guid, &port, sizeof(port));
	memcpy(guid + 4, template, sizeof(template));
}

/* NULL: the number is free, or the connection is about to be. */
static struct hvsock_connection *get(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];

	return connection && connection->state != HVSOCK_ENDED ? connection : NULL;
}

static int add(struct hvsock *hvsock, enum hvsock_state state)
{
	struct hvsock_connection *new;
	unsigned int number = 0;

	while (number < HVSOCK_CONNECTIONS && hvsock->list[number])
		number++;
	if (number == HVSOCK_CONNECTIONS)
		return -EBUSY;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->state = state;
	hvsock->list[number] = new;
	hvsock->open++;
	return (int)number;
}

static void discard(struct hvsock *hvsock, unsigned int number)
{
	free(hvsock->list[number]);
	hvsock->list[number] = NULL;
	hvsock->open--;
}

/* ---- from the host's socket to the guest */

static bool is_waiting(const struct hvsock_connection *connection)
{
	return connection->to_guest.header.size;
}

/* -EAGAIN: hvsock_room() will come. */
static int send_packet(struct hvsock *hvsock, unsigned int number, uint32_t size)
{
	struct hvsock_connection *connection = hvsock->list[number];
	int err;

	connection->to_guest.header.type = HVSOCK_DATA;
	connection->to_guest.header.size = size;
	err = hvsock->ops->send(hvsock->ctx, number, &connection->to_guest,
				sizeof(connection->to_guest.header) + size);
	if (!err) {
		connection->to_guest.header.size = 0;
		hvsock->bytes_out += size;
		connection->fin_sent = !size;
	} else if (err != -EAGAIN) {
		connection->state = HVSOCK_ENDED;
	}
	return err;
}

/* What waits, and then the end if that is all. */
static void flush_to_guest(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];

	if (is_waiting(connection) &&
	    send_packet(hvsock, number, connection->to_guest.header.size))
		return;
	if (connection->host_end && !connection->fin_sent)
		send_packet(hvsock, number, 0);
}

static void fill_from_host(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];
	int count = hvsock->ops->read(hvsock->ctx, number, connection->to_guest.data,
				      sizeof(connection->to_guest.data));

	if (count == -EAGAIN)
		return;
	if (count > 0)
		connection->to_guest.header.size = (uint32_t)count;
	else
		connection->host_end = true;
	connection->deaf |= count < 0;
	flush_to_guest(hvsock, number);
}

/* ---- from the guest to the host's socket */

static void flush_to_host(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];
	uint32_t left = connection->to_host.header.size - connection->at;
	int count;

	while (left && !connection->deaf) {
		count = hvsock->ops->write(hvsock->ctx, number,
					   connection->to_host.data + connection->at, left);
		if (count == -EAGAIN)
			return;
		connection->deaf = count <= 0;
		if (count > 0) {
			connection->at += (uint32_t)count;
			left -= (uint32_t)count;
		}
	}
	connection->at = 0;
	connection->to_host.header.size = 0;
	if (connection->guest_end && !connection->shut) {
		hvsock->ops->shutdown(hvsock->ctx, number);
		connection->shut = true;
	}
}

static void break_off(struct hvsock *hvsock, struct hvsock_connection *connection)
{
	hvsock->broken += connection->state != HVSOCK_ENDED;
	connection->state = HVSOCK_ENDED;
}

/* @size is a multiple of 8, so up to 7 bytes more than the data has. */
static bool is_valid(const struct hvsock_connection *connection, size_t size)
{
	const struct hvsock_header *header = &connection->to_host.header;

	return size >= sizeof(*header) && !connection->guest_end && header->type == HVSOCK_DATA &&
	       header->size <= HVSOCK_DATA_MAX && header->size <= size - sizeof(*header);
}

static void take_packet(struct hvsock *hvsock, unsigned int number, size_t size)
{
	struct hvsock_connection *connection = hvsock->list[number];

	if (!is_valid(connection, size)) {
		break_off(hvsock, connection);
		return;
	}
	connection->guest_end = !connection->to_host.header.size;
	hvsock->bytes_in += connection->to_host.header.size;
	flush_to_host(hvsock, number);
}

/**
 * hvsock_packets() - there may be packets of the guest's
 * @hvsock: all
 * @number: any
 * @limit: of them to take
 *
 * Return: whether there may be more that can be taken.
 */
bool hvsock_packets(struct hvsock *hvsock, unsigned int number, unsigned int limit)
{
	struct hvsock_connection *connection = get(hvsock, number);
	size_t size = 0;
	int got;

	for (; connection && connection->state == HVSOCK_OPEN; limit--) {
		if (connection->to_host.header.size)
			return false;
		if (!limit)
			return true;
		got = hvsock->ops->receive(hvsock->ctx, number, &connection->to_host,
					   sizeof(connection->to_host), &size);
		if (got != 1)
			connection->to_host.header.size = 0;
		if (got < 0)
			break_off(hvsock, connection);
		if (got != 1)
			return false;
		take_packet(hvsock, number, size);
	}
	return false;
}

/**
 * hvsock_room() - there is room in the ring, after ops->send() found none
 * @hvsock: all
 * @number: any
 */
void hvsock_room(struct hvsock *hvsock, unsigned int number)
{
	const struct hvsock_connection *connection = get(hvsock, number);

	if (connection && connection->state == HVSOCK_OPEN)
		flush_to_guest(hvsock, number);
}

/* ---- the beginning */

static int offer(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];
	int err = hvsock->ops->offer(hvsock->ctx, number, connection->service,
				     connection->endpoint, connection->from_host);

	if (err)
		return err;
	connection->state = HVSOCK_OFFERED;
	hvsock->ops->arm(hvsock->ctx, number, true);
	return 0;
}

static void refuse(struct hvsock *hvsock, const uint8_t service[HVSOCK_GUID],
		   const uint8_t endpoint[HVSOCK_GUID])
{
	hvsock->refused++;
	hvsock->ops->refuse(hvsock->ctx, service, endpoint);
}

/**
 * hvsock_request() - the guest wants to connect
 * @hvsock: all
 * @service: what it asks for
 * @endpoint: of its own
 */
void hvsock_request(struct hvsock *hvsock, const uint8_t service[HVSOCK_GUID],
		    const uint8_t endpoint[HVSOCK_GUID])
{
	int number = is_port(service) && is_port(endpoint) ? add(hvsock, HVSOCK_DIALLING) :
							     -EINVAL;
	struct hvsock_connection *connection;

	if (number < 0) {
		refuse(hvsock, service, endpoint);
		return;
	}
	connection = hvsock->list[number];
	memcpy(connection->service, service, HVSOCK_GUID);
	memcpy(connection->endpoint, endpoint, HVSOCK_GUID);
	if (!hvsock->ops->dial(hvsock->ctx, (unsigned int)number, port_of(service)))
		return;
	discard(hvsock, (unsigned int)number);
	refuse(hvsock, service, endpoint);
}

/**
 * hvsock_dialled() - ops->dial() has come to an end
 * @hvsock: all
 * @number: of a connection that dials
 * @err: 0 when the host's socket is connected
 */
void hvsock_dialled(struct hvsock *hvsock, unsigned int number, int err)
{
	struct hvsock_connection *connection = get(hvsock, number);

	if (!connection || connection->state != HVSOCK_DIALLING)
		return;
	if (!err)
		err = offer(hvsock, number);
	if (!err)
		return;
	refuse(hvsock, connection->service, connection->endpoint);
	connection->state = HVSOCK_ENDED;
}

/**
 * hvsock_accepted() - a client connected to the host's socket
 * @hvsock: all
 *
 * Return: the number of its connection; -EBUSY, -ENOMEM.
 */
int hvsock_accepted(struct hvsock *hvsock)
{
	int number = add(hvsock, HVSOCK_GREETING);

	if (number >= 0)
		hvsock->ops->arm(hvsock->ctx, (unsigned int)number, true);
	else
		hvsock->refused++;
	return number;
}

/* Two connections from the host to one port must not come from the same port. */
static int offer_from_host(struct hvsock *hvsock, unsigned int number, uint32_t port)
{
	struct hvsock_connection *connection = hvsock->list[number];
	unsigned int tries;
	int err = -EEXIST;

	connection->from_host = true;
	make_guid(connection->service, port);
	for (tries = 0; err == -EEXIST && tries < PORT_TRIES; tries++) {
		make_guid(connection->endpoint, hvsock->next_port);
		hvsock->next_port = hvsock->next_port == LAST_PORT ? FIRST_PORT :
								     hvsock->next_port + 1;
		err = offer(hvsock, number);
	}
	return err;
}

/* "CONNECT 1234"; the text has no end of its own. */
static bool parse_greeting(const char *text, size_t length, uint32_t *port)
{
	static const char word[] = "CONNECT ";
	uint64_t value = 0;
	size_t i;

	if (length && text[length - 1] == '\r')
		length--;
	if (length <= sizeof(word) - 1 || memcmp(text, word, sizeof(word) - 1) != 0)
		return false;
	for (i = sizeof(word) - 1; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > LAST_PORT)
			return false;
	}
	*port = (uint32_t)value;
	return true;
}

/* What follows the line is for the guest already. */
static void take_greeting(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];
	const char *text = (const char *)connection->to_guest.data;
	uint32_t got = connection->to_guest.header.size, line, port;
	const char *end = memchr(text, '\n', got);

	if (!end && got < GREETING_MAX)
		return;
	if (!end || !parse_greeting(text, (size_t)(end - text), &port) ||
	    offer_from_host(hvsock, number, port)) {
		connection->state = HVSOCK_ENDED;
		hvsock->refused++;
		return;
	}
	line = (uint32_t)(end + 1 - text);
	connection->to_guest.header.size = got - line;
	memmove(connection->to_guest.data, end + 1, got - line);
}

static void greet(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = hvsock->list[number];
	uint32_t got = connection->to_guest.header.size;
	int count = hvsock->ops->read(hvsock->ctx, number, connection->to_guest.data + got,
				      sizeof(connection->to_guest.data) - got);

	if (count == -EAGAIN)
		return;
	if (count <= 0) {
		connection->state = HVSOCK_ENDED;
		return;
	}
	connection->to_guest.header.size += (uint32_t)count;
	take_greeting(hvsock, number);
}

/* The answer to CONNECT goes before all that the guest sends. */
static void answer_greeting(struct hvsock_connection *connection)
{
	int length = snprintf((char *)connection->to_host.data, GREETING_MAX, "OK %u\n",
			      port_of(connection->endpoint));

	connection->to_host.header.size = (uint32_t)length;
}

/**
 * hvsock_opened() - the guest opened the channel
 * @hvsock: all
 * @number: any; its ring may be used
 */
void hvsock_opened(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = get(hvsock, number);

	if (!connection || connection->state != HVSOCK_OFFERED)
		return;
	connection->state = HVSOCK_OPEN;
	hvsock->ops->arm(hvsock->ctx, number, false);
	hvsock->opened++;
	if (connection->from_host)
		answer_greeting(connection);
	flush_to_host(hvsock, number);
	flush_to_guest(hvsock, number);
}

/* ---- the end */

/**
 * hvsock_closed() - the guest closed the channel, or is gone
 * @hvsock: all
 * @number: any
 */
void hvsock_closed(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = get(hvsock, number);

	if (connection)
		connection->state = HVSOCK_ENDED;
}

/**
 * hvsock_broken() - the guest broke the rules of the ring
 * @hvsock: all
 * @number: any
 */
void hvsock_broken(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = get(hvsock, number);

	if (connection)
		break_off(hvsock, connection);
}

/**
 * hvsock_expired() - the guest did not open the channel in time, or the client named no port
 * @hvsock: all
 * @number: any
 */
void hvsock_expired(struct hvsock *hvsock, unsigned int number)
{
	struct hvsock_connection *connection = get(hvsock, number);

	if (!connection || connection->state == HVSOCK_OPEN)
		return;
	connection->state = HVSOCK_ENDED;
	hvsock->refused++;
}

/**
 * hvsock_readable() - the host's socket can be read
 * @hvsock: all
 * @number: any
 */
void hvsock_readable(struct hvsock *hvsock, unsigned int number)
{
	const struct hvsock_connection *connection = get(hvsock, number);

	if (!connection)
		return;
	if (connection->state == HVSOCK_GREETING)
		greet(hvsock, number);
	else if (connection->state == HVSOCK_OPEN && !is_waiting(connection) &&
		 !connection->host_end)
		fill_from_host(hvsock, number);
}

/**
 * hvsock_writable() - the host's socket can be written
 * @hvsock: all
 * @number: any; hvsock_packets() is to be called afterwards
 */
void hvsock_writable(struct hvsock *hvsock, unsigned int number)
{
	const struct hvsock_connection *connection = get(hvsock, number);

	if (connection && connection->state == HVSOCK_OPEN)
		flush_to_host(hvsock, number);
}

static bool has_finished(const struct hvsock_connection *connection)
{
	return connection->fin_sent && (connection->shut || connection->deaf);
}

static unsigned int wants(const struct hvsock_connection *connection)
{
	unsigned int bits = 0;

	if (connection->state == HVSOCK_GREETING)
		return HVSOCK_WANT_READ;
	if (connection->state != HVSOCK_OPEN)
		return 0;
	if (!is_waiting(connection) && !connection->host_end)
		bits |= HVSOCK_WANT_READ;
	if (connection->to_host.header.size)
		bits |= HVSOCK_WANT_WRITE;
	return bits;
}

static void end(struct hvsock *hvsock, unsigned int number)
{
	hvsock->ops->arm(hvsock->ctx, number, false);
	discard(hvsock, number);
	hvsock->ops->end(hvsock->ctx, number);
}

/**
 * hvsock_settle() - end a connection if that is due; after each of the functions above
 * @hvsock: all
 * @number: any
 *
 * Return: HVSOCK_WANT_* bits; 0 when it has ended.
 */
unsigned int hvsock_settle(struct hvsock *hvsock, unsigned int number)
{
	const struct hvsock_connection *connection = hvsock->list[number];

	if (!connection)
		return 0;
	if (connection->state != HVSOCK_ENDED && !has_finished(connection))
		return wants(connection);
	end(hvsock, number);
	return 0;
}

/**
 * hvsock_init() - no connections
 * @hvsock: filled in
 * @ops: what becomes of them
 * @ctx: for @ops
 */
void hvsock_init(struct hvsock *hvsock, const struct hvsock_ops *ops, void *ctx)
{
	*hvsock = (struct hvsock){ .ops = ops, .ctx = ctx, .next_port = FIRST_PORT };
}

/**
 * hvsock_reset() - end all connections, for the guest is another one
 * @hvsock: all
 */
void hvsock_reset(struct hvsock *hvsock)
{
	unsigned int number;

	for (number = 0; number < HVSOCK_CONNECTIONS; number++)
		if (hvsock->list[number])
			end(hvsock, number);
}
