// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hyper-V sockets of a machine: channels of the VMBus on one side, Unix sockets on the
 * other; vdev/hvsock.c says what goes between them.
 *
 * --vsock PATH: a client connects to PATH and says "CONNECT PORT"; what the guest connects to
 * is PATH_PORT.  The listener stays for the worker's life, connections end with the guest's kernel.
 *
 * Main thread.  Each entry takes the device lock, for connections have timers.  After each the
 * connection is settled: it ends, or its socket is watched for what it waits for.
 */
#include "vsock.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dialler.h"
#include "listener.h"
#include "machine.h"
#include "report.h"
#include "vdev/hvsock.h"

#define BURST		64u
#define PATIENCE_NS	30000000000ull	/* as Hyper-V has it */
#define BACKLOG		64
#define PORT_DIGITS	11		/* "_4294967295" */
#define NUMBER_BITS	7		/* of a dialler's id; the others say which call it was */

_Static_assert(HVSOCK_CONNECTIONS == 1u << NUMBER_BITS, "a number has that many bits");

/**
 * struct slot - a connection
 * @vsock:   all
 * @number:  its own
 * @channel: NULL: none was offered
 * @guest:   its descriptor, in the loop
 * @host:    the socket; -1: none
 * @watched: EPOLL* bits for which @host is in the loop; 0: it is not
 * @timer:   its patience
 * @dialled: id that the dialler's answer has to have
 * @fresh:   the channel was opened, and the connection does not know yet
 * @unread:  there may be packets that were not taken yet
 */
struct slot {
	struct vsock *vsock;
	unsigned int number;
	struct vmbus_channel *channel;
	struct loop_source guest;
	struct loop_source host;
	uint32_t watched;
	struct vdev_timer timer;
	uint32_t dialled;
	bool fresh;
	bool unread;
};

struct vsock {
	struct machine *machine;
	const char *path;
	struct loop_source listener;
	struct loop_source dialler;
	uint32_t calls;
	struct hvsock hvsock;
	struct slot slots[HVSOCK_CONNECTIONS];
};

static void lock(struct vsock *vsock)
{
	pthread_mutex_lock(&vsock->machine->device_lock);
}

static void unlock(struct vsock *vsock)
{
	pthread_mutex_unlock(&vsock->machine->device_lock);
}

static struct slot *slot_of(void *ctx, unsigned int number)
{
	return &((struct vsock *)ctx)->slots[number];
}

static struct loop *loop_of(struct slot *slot)
{
	return &slot->vsock->machine->loop;
}

/* ---- the host's side */

/* One that waits for nothing is not in the loop: a hang-up would be told of without end. */
static void watch(struct slot *slot, uint32_t events)
{
	if (events == slot->watched)
		return;
	if (!events)
		loop_remove(loop_of(slot), &slot->host);
	else if (!slot->watched)
		loop_add(loop_of(slot), &slot->host, events);
	else
		loop_modify(loop_of(slot), &slot->host, events);
	slot->watched = events;
}

static void settle(struct slot *slot)
{
	unsigned int wants = hvsock_settle(&slot->vsock->hvsock, slot->number);
	uint32_t events = 0;

	if (wants & HVSOCK_WANT_READ)
		events |= EPOLLIN;
	if (wants & HVSOCK_WANT_WRITE)
		events |= EPOLLOUT;
	if (slot->host.fd >= 0)
		watch(slot, events);
}

static int read_host(void *ctx, unsigned int number, void *bytes, size_t room)
{
	ssize_t count = read(slot_of(ctx, number)->host.fd, bytes, room);

	if (count < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return (int)count;
}

static int write_host(void *ctx, unsigned int number, const void *bytes, size_t size)
{
	ssize_t count = write(slot_of(ctx, number)->host.fd, bytes, size);

	if (count < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return (int)count;
}

static void shut_host(void *ctx, unsigned int number)
{
	shutdown(slot_of(ctx, number)->host.fd, SHUT_WR);
}

/* What could not be written kept packets in the ring. */
static void process(struct slot *slot)
{
	if (slot->channel)
		vmbus_process(slot->channel);
}

static void host_ready(void *ctx, uint32_t events)
{
	struct slot *slot = ctx;
	struct vsock *vsock = slot->vsock;
	uint32_t gone = events & (EPOLLHUP | EPOLLERR);

	lock(vsock);
	if (slot->watched & EPOLLOUT && (events & EPOLLOUT || gone)) {
		hvsock_writable(&vsock->hvsock, slot->number);
		process(slot);
	}
	if (slot->watched & EPOLLIN && (events & EPOLLIN || gone))
		hvsock_readable(&vsock->hvsock, slot->number);
	settle(slot);
	unlock(vsock);
}

static void attach(struct slot *slot, int fd)
{
	slot->host = (struct loop_source){ fd, host_ready, slot };
}

static void accept_client(void *ctx, uint32_t events)
{
	struct vsock *vsock = ctx;
	int fd = accept4(vsock->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int number;

	if (fd < 0)
		return;
	lock(vsock);
	number = hvsock_accepted(&vsock->hvsock);
	if (number < 0) {
		close(fd);
	} else {
		attach(&vsock->slots[number], fd);
		settle(&vsock->slots[number]);
	}
	unlock(vsock);
}

static int dial(void *ctx, unsigned int number, uint32_t port)
{
	struct vsock *vsock = ctx;
	uint32_t id = ++vsock->calls << NUMBER_BITS | number;
	int err = -EPIPE;

	if (vsock->dialler.fd >= 0)
		err = dialler_ask(vsock->dialler.fd, id, port);
	if (!err)
		vsock->slots[number].dialled = id;
	return err;
}

/* The connection may have ended meanwhile. */
static void take_answer(struct vsock *vsock, uint32_t id, int fd)
{
	struct slot *slot = &vsock->slots[id % HVSOCK_CONNECTIONS];

	if (slot->dialled != id) {
		if (fd >= 0)
			close(fd);
		return;
	}
	slot->dialled = 0;
	if (fd >= 0)
		attach(slot, fd);
	hvsock_dialled(&vsock->hvsock, slot->number, fd < 0 ? fd : 0);
	settle(slot);
}

/* Those that were asked for are refused, and all that will be. */
static void lose_dialler(struct vsock *vsock)
{
	unsigned int i;

	report("the dialler has ended: guest programs cannot connect to the host any more");
	loop_remove(&vsock->machine->loop, &vsock->dialler);
	close(vsock->dialler.fd);
	vsock->dialler.fd = -1;
	for (i = 0; i < HVSOCK_CONNECTIONS; i++)
		if (vsock->slots[i].dialled)
			take_answer(vsock, vsock->slots[i].dialled, -EPIPE);
}

static void dialler_ready(void *ctx, uint32_t events)
{
	struct vsock *vsock = ctx;
	uint32_t id;
	int fd, got;

	lock(vsock);
	got = dialler_take(vsock->dialler.fd, &id, &fd);
	if (got < 0)
		lose_dialler(vsock);
	else if (got)
		take_answer(vsock, id, fd);
	unlock(vsock);
}

/* ---- the guest's side */

static int channel_opened(struct vmbus_channel *channel, void *context,
			  const uint8_t user_data[VMBUS_USER_DATA_SIZE])
{
	((struct slot *)context)->fresh = true;
	return 0;
}

static void channel_closed(struct vmbus_channel *channel, void *context)
{
	struct slot *slot = context;

	slot->fresh = false;
	hvsock_closed(&slot->vsock->hvsock, slot->number);
}

/* The first call is right after the open: from then on the ring may be used. */
static void channel_readable(struct vmbus_channel *channel, void *context)
{
	struct slot *slot = context;
	struct hvsock *hvsock = &slot->vsock->hvsock;

	if (slot->fresh) {
		slot->fresh = false;
		hvsock_opened(hvsock, slot->number);
	}
	slot->unread = hvsock_packets(hvsock, slot->number, BURST);
	if (slot->unread)
		loop_wake(loop_of(slot));
}

static void channel_writable(struct vmbus_channel *channel, void *context)
{
	struct slot *slot = context;

	hvsock_room(&slot->vsock->hvsock, slot->number);
}

static void channel_error(struct vmbus_channel *channel, void *context)
{
	struct slot *slot = context;

	hvsock_broken(&slot->vsock->hvsock, slot->number);
}

static const struct vmbus_channel_ops channel_ops = {
	.opened = channel_opened,
	.closed = channel_closed,
	.readable = channel_readable,
	.writable = channel_writable,
	.error = channel_error,
};

static void channel_ready(void *ctx, uint32_t events)
{
	struct slot *slot = ctx;

	lock(slot->vsock);
	process(slot);
	settle(slot);
	unlock(slot->vsock);
}

/* Of a pipe's user data the first word says how it is used, the byte behind it who began. */
static int offer(void *ctx, unsigned int number, const uint8_t service[HVSOCK_GUID],
		 const uint8_t endpoint[HVSOCK_GUID], bool from_host)
{
	struct vsock *vsock = ctx;
	struct slot *slot = &vsock->slots[number];
	struct vmbus_offer offer = { .flags = VMBUSR_OFFER_NAMED_PIPE | VMBUSR_OFFER_HVSOCK };
	int err;

	memcpy(offer.type, service, sizeof(offer.type));
	memcpy(offer.instance, endpoint, sizeof(offer.instance));
	offer.user_data[VMBUS_HVSOCK_FROM_HOST] = from_host;
	err = vmbus_offer(vsock->machine->synthetic.bus, &offer, &channel_ops, slot,
			  &slot->channel);
	if (err)
		return err;
	slot->guest = (struct loop_source){
		vmbus_channel_fd(slot->channel), channel_ready, slot,
	};
	err = loop_add(&vsock->machine->loop, &slot->guest, EPOLLIN);
	if (err) {
		vmbus_channel_close(slot->channel);
		slot->channel = NULL;
	}
	return err;
}

static void refuse(void *ctx, const uint8_t service[HVSOCK_GUID],
		   const uint8_t endpoint[HVSOCK_GUID])
{
	struct vsock *vsock = ctx;

	vmbus_refuse_hvsock(vsock->machine->synthetic.bus, service, endpoint,
			    VMBUS_STATUS_CONNECTION_REFUSED);
}

static int send_packet(void *ctx, unsigned int number, const void *packet, size_t size)
{
	return vmbus_send(slot_of(ctx, number)->channel, packet, size, 0, 0);
}

static int receive_packet(void *ctx, unsigned int number, void *packet, size_t room, size_t *size)
{
	struct vmbus_packet info;
	int got = vmbus_receive(slot_of(ctx, number)->channel, &info, packet, room);

	if (got != 1)
		return got;
	*size = info.size;
	return info.type == VMBUS_PACKET_INBAND ? 1 : -EPROTO;
}

/* ---- both */

static void expired(void *dev)
{
	struct slot *slot = dev;

	hvsock_expired(&slot->vsock->hvsock, slot->number);
	settle(slot);
}

static void arm(void *ctx, unsigned int number, bool on)
{
	struct slot *slot = slot_of(ctx, number);

	slot->timer.expired = expired;
	slot->timer.dev = slot;
	timers_arm(&slot->vsock->machine->timers, &slot->timer,
		   on ? timers_now() + PATIENCE_NS : 0);
}

static void end(void *ctx, unsigned int number)
{
	struct slot *slot = slot_of(ctx, number);

	if (slot->channel) {
		loop_remove(loop_of(slot), &slot->guest);
		vmbus_channel_close(slot->channel);
		slot->channel = NULL;
	}
	if (slot->host.fd >= 0) {
		watch(slot, 0);
		close(slot->host.fd);
		slot->host.fd = -1;
	}
	slot->dialled = 0;
	slot->fresh = false;
	slot->unread = false;
}

static const struct hvsock_ops ops = {
	.dial = dial,
	.offer = offer,
	.refuse = refuse,
	.send = send_packet,
	.receive = receive_packet,
	.read = read_host,
	.write = write_host,
	.shutdown = shut_host,
	.arm = arm,
	.end = end,
};

/**
 * vsock_service() - go on with packets that were left
 * @machine: may have no hvsock
 *
 * Context: main thread, after every wake-up.
 */
void vsock_service(struct machine *machine)
{
	struct vsock *vsock = machine->vsock;
	unsigned int i;

	for (i = 0; vsock && i < HVSOCK_CONNECTIONS; i++)
		if (vsock->slots[i].unread)
			channel_ready(&vsock->slots[i], 0);
}

/**
 * vsock_request() - a guest program wants to connect
 * @machine: may have no hvsock
 * @service: GUID of what it wants
 * @endpoint: GUID of its own
 */
void vsock_request(struct machine *machine, const uint8_t *service, const uint8_t *endpoint)
{
	if (!machine->vsock) {
		vmbus_refuse_hvsock(machine->synthetic.bus, service, endpoint,
				    VMBUS_STATUS_CONNECTION_REFUSED);
		return;
	}
	lock(machine->vsock);
	hvsock_request(&machine->vsock->hvsock, service, endpoint);
	unlock(machine->vsock);
}

/**
 * vsock_reset() - end all connections
 * @machine: may have no hvsock
 *
 * Context: main thread, device lock held.
 */
void vsock_reset(struct machine *machine)
{
	if (machine->vsock)
		hvsock_reset(&machine->vsock->hvsock);
}

/**
 * vsock_describe() - say how many connections there are and were
 * @machine: may have no hvsock
 * @to: gets a member
 */
void vsock_describe(const struct machine *machine, struct json_object *to)
{
	const struct vsock *vsock = machine->vsock;
	struct json_object *own;
	unsigned int i;

	if (!vsock)
		return;
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "connections", vsock->hvsock.open },	{ "opened", vsock->hvsock.opened },
		{ "refused", vsock->hvsock.refused },	{ "broken", vsock->hvsock.broken },
		{ "bytes_in", vsock->hvsock.bytes_in }, { "bytes_out", vsock->hvsock.bytes_out },
	};

	own = json_object_new_object();
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		json_object_object_add(own, numbers[i].name,
				       json_object_new_uint64(numbers[i].value));
	json_object_object_add(to, "vsock", own);
}

/* ---- life */

static int start_dialler(struct vsock *vsock)
{
	int fd = dialler_start(vsock->machine->options, vsock->path);
	int err;

	if (fd < 0)
		return fd;
	vsock->dialler = (struct loop_source){ fd, dialler_ready, vsock };
	err = loop_add(&vsock->machine->loop, &vsock->dialler, EPOLLIN);
	if (err)
		close(fd);
	return err;
}

static int start_listening(struct vsock *vsock)
{
	int fd = listener_open(vsock->path, BACKLOG, LISTENER_PRIVATE);
	int err;

	if (fd < 0)
		return fd;
	vsock->listener = (struct loop_source){ fd, accept_client, vsock };
	err = loop_add(&vsock->machine->loop, &vsock->listener, EPOLLIN);
	if (err)
		listener_close(fd, vsock->path);
	return err;
}

static void stop_dialler(struct vsock *vsock)
{
	if (vsock->dialler.fd < 0)
		return;
	loop_remove(&vsock->machine->loop, &vsock->dialler);
	close(vsock->dialler.fd);
}

static int start(struct vsock *vsock)
{
	int err = -ENAMETOOLONG;

	if (strlen(vsock->path) + PORT_DIGITS < sizeof(((struct sockaddr_un *)NULL)->sun_path))
		err = start_dialler(vsock);
	if (err)
		return err;
	err = start_listening(vsock);
	if (err)
		stop_dialler(vsock);
	return err;
}

static struct vsock *make(struct machine *machine)
{
	struct vsock *vsock = calloc(1, sizeof(*vsock));
	unsigned int i;

	if (!vsock)
		return NULL;
	vsock->machine = machine;
	vsock->path = machine->options->vsock;
	hvsock_init(&vsock->hvsock, &ops, vsock);
	for (i = 0; i < HVSOCK_CONNECTIONS; i++) {
		vsock->slots[i].vsock = vsock;
		vsock->slots[i].number = i;
		vsock->slots[i].host.fd = -1;
	}
	return vsock;
}

/**
 * vsock_open() - listen for the host's programs, and start the dialler
 * @machine: its options and its loop are there, its memory is not
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int vsock_open(struct machine *machine)
{
	struct vsock *vsock;
	int err = -ENOMEM;

	if (!machine->options->vsock)
		return 0;
	vsock = make(machine);
	if (vsock)
		err = start(vsock);
	if (err) {
		report("cannot open the vsock %s: %s", machine->options->vsock, strerror(-err));
		free(vsock);
		return err;
	}
	machine->vsock = vsock;
	return 0;
}

/**
 * vsock_close() - stop listening
 * @machine: may have no hvsock; its bus is gone
 */
void vsock_close(struct machine *machine)
{
	struct vsock *vsock = machine->vsock;

	if (!vsock)
		return;
	lock(vsock);
	vsock_reset(machine);
	unlock(vsock);
	loop_remove(&machine->loop, &vsock->listener);
	listener_close(vsock->listener.fd, vsock->path);
	stop_dialler(vsock);
	free(vsock);
	machine->vsock = NULL;
}
