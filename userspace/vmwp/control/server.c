// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: a listener, clients, what they send and what they get.
 *
 * A client's bytes become lines (lines.c), lines become calls (call.c).  Answers are
 * queued.  While much is queued a client is not read from; one that lets too much of what
 * it is sent pile up is dropped.  So each takes bounded memory.
 *
 * Main thread.
 */
#include "control.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lines.h"
#include "listener.h"
#include "report.h"

#define READ_MAX	4096u
#define OUTPUT_PAUSE	(64u * 1024)	/* queued: do not read more requests */
#define OUTPUT_MAX	(1024u * 1024)	/* queued: nobody reads there */

/**
 * struct connection - a client
 * @client:  what calls know of it; first
 * @control: it belongs to
 * @source:  its descriptor; -1: the slot is free
 * @watched: EPOLL* bits that it is in the loop with
 * @file:    descriptor that came with the bytes of a line that has not ended; or -1
 * @lines:   what it sent
 * @output:  what it has not taken yet
 * @queued:  bytes of that
 * @room:    bytes allocated there
 * @failed:  to be dropped
 */
struct connection {
	struct control_client client;
	struct control *control;
	struct loop_source source;
	uint32_t watched;
	int file;
	struct lines *lines;
	char *output;
	size_t queued;
	size_t room;
	bool failed;
};

struct control {
	const char *path;
	struct loop *loop;
	const struct control_ops *ops;
	void *ctx;
	struct loop_source listener;
	struct connection connections[CONTROL_CLIENTS_MAX];
};

static bool in_use(const struct connection *connection)
{
	return connection->source.fd >= 0;
}

static void drop(struct connection *connection)
{
	control_forget_calls(&connection->client);
	loop_remove(connection->control->loop, &connection->source);
	close(connection->source.fd);
	connection->source.fd = -1;
	if (connection->file >= 0)
		close(connection->file);
	connection->file = -1;
	free(connection->lines);
	free(connection->output);
	connection->lines = NULL;
	connection->output = NULL;
}

/* Only what is to be awaited: a client that does not take its answers is not read from. */
static void watch(struct connection *connection)
{
	uint32_t events = connection->queued ? EPOLLOUT : 0;

	if (connection->queued < OUTPUT_PAUSE)
		events |= EPOLLIN;
	if (events == connection->watched)
		return;
	loop_modify(connection->control->loop, &connection->source, events);
	connection->watched = events;
}

static void write_output(struct connection *connection)
{
	ssize_t count;

	while (connection->queued) {
		count = write(connection->source.fd, connection->output, connection->queued);
		if (count < 0) {
			connection->failed |= errno != EAGAIN && errno != EINTR;
			return;
		}
		connection->queued -= (size_t)count;
		memmove(connection->output, connection->output + count, connection->queued);
	}
}

/* Makes room in powers of two. */
static bool reserve(struct connection *connection, size_t count)
{
	size_t room = connection->room ? connection->room : 1024;
	char *larger;

	if (count > OUTPUT_MAX - connection->queued)
		return false;
	while (room < connection->queued + count)
		room *= 2;
	if (room == connection->room)
		return true;
	larger = realloc(connection->output, room);
	if (!larger)
		return false;
	connection->output = larger;
	connection->room = room;
	return true;
}

/* The connection is not freed here, for its caller may go on using it: see settle(). */
static void queue(struct control_client *client, const char *text, size_t length)
{
	struct connection *connection = (struct connection *)client;
	bool idle = !connection->queued;

	if (connection->failed)
		return;
	if (!reserve(connection, length + 1)) {
		connection->failed = true;
		shutdown(connection->source.fd, SHUT_RDWR);	/* wakes the loop */
		return;
	}
	memcpy(connection->output + connection->queued, text, length);
	connection->output[connection->queued + length] = '\n';
	connection->queued += length + 1;
	if (idle)
		write_output(connection);
	watch(connection);
}

static void take_line(void *ctx, const char *text, size_t length)
{
	struct connection *connection = ctx;
	struct control *control = connection->control;
	int file = connection->file;

	if (!text) {
		control_refuse_line(&connection->client, "too-long",
				    "a line has up to 65536 bytes");
		return;
	}
	connection->file = -1;
	control_line(&connection->client, &control_commands, control->ops, control->ctx, text,
		     length, file);
}

/* Of several descriptors the last one counts; the others are not kept open. */
static void take_files(struct connection *connection, struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t count, i;
	int file;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(file);
	for (i = 0; i < count; i++) {
		memcpy(&file, CMSG_DATA(header) + i * sizeof(file), sizeof(file));
		if (connection->file >= 0)
			close(connection->file);
		connection->file = file;
	}
}

static ssize_t receive(struct connection *connection, char *bytes, size_t count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} ancillary;
	struct iovec vector = { bytes, count };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t received = recvmsg(connection->source.fd, &message, MSG_CMSG_CLOEXEC);

	if (received >= 0)
		take_files(connection, &message);
	return received;
}

static void read_input(struct connection *connection)
{
	char bytes[READ_MAX];
	ssize_t count = receive(connection, bytes, sizeof(bytes));

	if (count > 0)
		lines_feed(connection->lines, bytes, (size_t)count, take_line, connection);
	else if (!count || (errno != EAGAIN && errno != EINTR))
		connection->failed = true;
}

static void ready(void *ctx, uint32_t events)
{
	struct connection *connection = ctx;

	if (events & EPOLLOUT)
		write_output(connection);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_input(connection);
	if (connection->failed)
		drop(connection);
	else
		watch(connection);
}

static struct connection *free_slot(struct control *control)
{
	unsigned int i;

	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (!in_use(&control->connections[i]))
			return &control->connections[i];
	return NULL;
}

static bool connect_client(struct control *control, struct connection *connection, int fd)
{
	*connection = (struct connection){
		.client.send = queue,
		.control = control,
		.source = { fd, ready, connection },
		.watched = EPOLLIN,
		.file = -1,
		.lines = calloc(1, sizeof(*connection->lines)),
	};
	if (connection->lines && !loop_add(control->loop, &connection->source, EPOLLIN))
		return true;
	free(connection->lines);
	connection->source.fd = -1;
	return false;
}

/* A client too many sees its connection closed, with a word before it. */
static void turn_away(int fd)
{
	static const char text[] =
		"{\"ok\":false,\"error\":{\"code\":\"busy\",\"message\":\"too many clients\"}}\n";
	ssize_t ignored = write(fd, text, sizeof(text) - 1);

	(void)ignored;
	close(fd);
}

static void accept_client(void *ctx, uint32_t events)
{
	struct control *control = ctx;
	int fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *connection = free_slot(control);

	if (fd < 0)
		return;
	if (!connection || !connect_client(control, connection, fd))
		turn_away(fd);
}

static int listen_at(struct control *control)
{
	int fd = listener_open(control->path, CONTROL_CLIENTS_MAX, LISTENER_PRIVATE);
	int err;

	if (fd < 0)
		return fd;
	control->listener = (struct loop_source){ fd, accept_client, control };
	err = loop_add(control->loop, &control->listener, EPOLLIN);
	if (err)
		listener_close(fd, control->path);
	return err;
}

/**
 * control_open() - listen for clients
 * @control: receives the socket
 * @path: where in the file system; must outlive it
 * @loop: the main thread's
 * @ops: what commands act by
 * @ctx: for @ops
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int control_open(struct control **control, const char *path, struct loop *loop,
		 const struct control_ops *ops, void *ctx)
{
	struct control *made = calloc(1, sizeof(*made));
	unsigned int i;
	int err = -ENOMEM;

	if (made) {
		made->path = path;
		made->loop = loop;
		made->ops = ops;
		made->ctx = ctx;
		for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
			made->connections[i].source.fd = -1;
		/* json-c looks for randomness once, which the sandbox might not let it. */
		json_object_put(control_describe(&control_commands));
		err = listen_at(made);
	}
	if (err) {
		report("cannot open the control socket %s: %s", path, strerror(-err));
		free(made);
		return err;
	}
	*control = made;
	return 0;
}

/**
 * control_close() - stop listening; what clients have not taken is tried once more
 * @control: from control_open(), or NULL
 */
void control_close(struct control *control)
{
	unsigned int i;

	if (!control)
		return;
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (!in_use(&control->connections[i]))
			continue;
		write_output(&control->connections[i]);
		drop(&control->connections[i]);
	}
	loop_remove(control->loop, &control->listener);
	listener_close(control->listener.fd, control->path);
	free(control);
}

/**
 * control_event() - tell all clients that want to know
 * @control: from control_open(), or NULL
 * @name: of the event
 * @data: its members, taken over, or NULL
 */
void control_event(struct control *control, const char *name, struct json_object *data)
{
	struct json_object *event = json_object_new_object();
	struct connection *connection;
	const char *text;
	size_t length;
	unsigned int i;

	json_object_object_add(event, "event", json_object_new_string(name));
	json_object_object_add(event, "data", data ? data : json_object_new_object());
	text = json_object_to_json_string_length(event, JSON_C_TO_STRING_PLAIN, &length);
	for (i = 0; control && text && i < CONTROL_CLIENTS_MAX; i++) {
		connection = &control->connections[i];
		if (in_use(connection) && connection->client.subscribed)
			queue(&connection->client, text, length);
	}
	json_object_put(event);
}
