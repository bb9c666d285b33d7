// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server on a VMBus, in a thread of a worker that it is preloaded into: as soon as there is a
 * partition it offers a heartbeat service, and asks the guest's driver which versions it speaks.
 * OFFER_RESCINDS=N in the environment takes the offer back and renews it N times, each time that
 * the guest has answered. OFFER_BEATS=N beats the heart N times after that answer, each beat when
 * the one before was answered, and signals the guest by an eventfd only. What happens is said on
 * stderr.
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libvmbus.h"
#include "vid.h"

#define HEARTBEAT	"57164f39-9115-4e78-ab55-382f3bd5422d"
#define INSTANCE	"fd149e91-82e0-4a7d-afa6-2a4166cbd7c0"

/* As guests' hv_utils know it. */
struct header {
	__u32 pipe_flags;
	__u32 pipe_size;
	__u16 framework[2];
	__u16 type;
	__u16 message[2];
	__u16 size;
	__u32 status;
	__u8 transaction;
	__u8 flags;
	__u8 reserved[2];
} __attribute__((packed));

struct negotiation {
	struct header header;
	__u16 framework_count;
	__u16 message_count;
	__u32 reserved2;
	__u16 versions[3][2];
} __attribute__((packed));

static struct vmbus_bus *bus;
static struct vmbus_channel *channel;
static unsigned int rescinds_left;
static bool rescind;
static unsigned int beats_left;
static unsigned int beats_answered;
static unsigned int kicks;
static int kick = -1;

/* A number, to which the guest adds one. */
struct beat {
	struct header header;
	__u64 number;
	__u32 reserved[8];
} __attribute__((packed));

static void say(const char *format, ...)
{
	char line[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "offer: %s\n", line);
}

static int opened(struct vmbus_channel *ch, void *context, const uint8_t user_data[120])
{
	struct negotiation n = {
		.header = {
			.pipe_flags = 1, .pipe_size = sizeof(n) - 8, .flags = 3,
			.size = sizeof(n) - sizeof(n.header),
		},
		.framework_count = 2, .message_count = 1,
		.versions = { { 1, 0 }, { 3, 0 }, { 3, 0 } },
	};

	say("open, %d", vmbus_send(ch, &n, sizeof(n), 1, 0));
	return 0;
}

static void closed(struct vmbus_channel *ch, void *context)
{
	say("closed");
}

static unsigned long long signals(struct vmbus_channel *ch)
{
	struct vmbusr_channel_state c = {};

	vmbus_channel_state(ch, &c);
	return c.signals_out;
}

/* An eventfd that was taken away signals no more. */
static void end_beats(struct vmbus_channel *ch)
{
	unsigned long long before = signals(ch), none;

	eventfd_write(kick, 1);
	none = signals(ch);
	vmbus_set_kick(ch, -1);
	eventfd_write(kick, 1);
	say("%u beats answered, kicks %s, %llu then, %llu at the end", beats_answered,
	    kicks && before >= kicks ? "signal" : "do not signal", none - before,
	    signals(ch) - none);
}

static void beat_on(struct vmbus_channel *ch)
{
	struct beat beat = {
		.header = {
			.pipe_flags = 1, .pipe_size = sizeof(beat) - 8, .flags = 3,
			.framework = { 3, 0 }, .type = 1, .message = { 3, 0 },
			.size = sizeof(beat) - sizeof(beat.header),
		},
		.number = beats_left,
	};

	if (!beats_left) {
		end_beats(ch);
		return;
	}
	vmbus_send(ch, &beat, sizeof(beat), 1, 0);
}

static void begin_to_beat(struct vmbus_channel *ch)
{
	kick = eventfd(0, 0);
	say("kicks %d %d %d", vmbus_set_kick(ch, 1000), vmbus_set_kick(ch, 0),
	    vmbus_set_kick(ch, kick));
	beat_on(ch);
}

static void take_beat(struct vmbus_channel *ch, const struct beat *beat)
{
	beats_answered += beat->number == beats_left + 1;
	beats_left--;
	beat_on(ch);
}

static void readable(struct vmbus_channel *ch, void *context)
{
	struct vmbus_packet packet;
	union {
		struct negotiation n;
		struct beat beat;
	} answer;

	while (vmbus_receive(ch, &packet, &answer, sizeof(answer)) > 0) {
		if (kick >= 0) {
			take_beat(ch, &answer.beat);
			continue;
		}
		say("answer %u.%u", answer.n.versions[0][0], answer.n.versions[1][0]);
		rescind = rescinds_left > 0;
		if (beats_left)
			begin_to_beat(ch);
	}
}

static void error(struct vmbus_channel *ch, void *context)
{
	say("the guest broke the ring");
}

static void connected(void *context, uint32_t protocol, uint32_t features)
{
	say("protocol %u.%u", protocol >> 16, protocol & 0xffff);
}

static const struct vmbus_bus_ops bus_ops = { .connected = connected };
static const struct vmbus_channel_ops channel_ops = {
	.opened = opened, .closed = closed, .readable = readable, .error = error,
};

static int offer(void)
{
	struct vmbus_offer o = { .flags = VMBUSR_OFFER_NAMED_PIPE };

	vmbus_guid_parse(HEARTBEAT, o.type);
	vmbus_guid_parse(INSTANCE, o.instance);
	return vmbus_offer(bus, &o, &channel_ops, NULL, &channel);
}

static void *serve(void *unused)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = vmbus_bus_fd(bus), .events = POLLIN },
			{ .fd = vmbus_channel_fd(channel), .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0)
			continue;
		vmbus_bus_process(bus);
		vmbus_process(channel);
		if (!rescind)
			continue;
		rescind = false;
		rescinds_left--;
		vmbus_channel_close(channel);
		say("offered again, %d", offer());
	}
	return NULL;
}

static void start(int partition)
{
	const char *rescinds = getenv("OFFER_RESCINDS"), *beats = getenv("OFFER_BEATS");
	int device = vmbus_open(NULL);
	pthread_t thread;
	int err;

	rescinds_left = rescinds ? atoi(rescinds) : 0;
	beats_left = beats ? atoi(beats) : 0;
	err = vmbus_bus_create(device, partition, 0, &bus_ops, NULL, &bus);
	if (!err)
		err = offer();
	if (!err)
		err = -pthread_create(&thread, NULL, serve, NULL);
	say("offered, %d", err);
}

/* The worker's own calls pass through here. */
int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, void *argument);
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!next)
		next = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
	if (request == VMBUSR_SIGNAL && kick >= 0) {
		kicks++;
		return eventfd_write(kick, 1);
	}
	result = next(fd, request, argument);
	if (request == VID_CREATE_PARTITION && result >= 0 && !bus)
		start(result);
	return result;
}

__attribute__((destructor)) static void end(void)
{
	struct vmbusr_channel_state c = {};
	struct vmbusr_state state = {};

	if (!bus || vmbus_bus_state(bus, &state))
		return;
	vmbus_channel_state(channel, &c);
	say("offers %u, open %u, gpadls %u, refused %llu, signals %llu", state.offers,
	    state.open, state.gpadls, state.messages_refused, c.signals_in);
}
