// SPDX-License-Identifier: GPL-2.0-or-later
/* The ABI test's part for ports, messages, events and privileges. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi.h"

static int new_port(int partition, uint32_t connection, uint32_t type, uint32_t limit)
{
	struct vid_create_port create = {
		.connection_id = connection, .type = type, .limit = limit,
	};

	return call(partition, VID_CREATE_PORT, &create);
}

static void test_port_fields(int partition)
{
	const struct {
		const char *name;
		struct vid_create_port create;
	} bad[] = {
		{ "a connection of 25 bits", { 1u << 24, VID_PORT_MESSAGE, 1, 0 } },
		{ "an unknown type", { 1, 2, 1, 0 } },
		{ "no messages", { 1, VID_PORT_MESSAGE, 0, 0 } },
		{ "too many messages", { 1, VID_PORT_MESSAGE, VID_PORT_MESSAGES_MAX + 1, 0 } },
		{ "no flags", { 1, VID_PORT_EVENT, 0, 0 } },
		{ "too many flags", { 1, VID_PORT_EVENT, HV_EVENT_FLAGS_COUNT + 1, 0 } },
		{ "mbz", { 1, VID_PORT_EVENT, 1, 1 } },
	};
	char name[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(name, sizeof(name), "CREATE_PORT, %s: EINVAL", bad[i].name);
		expect(name, -EINVAL, partition, VID_CREATE_PORT, &bad[i].create);
	}
}

static void test_port_life(int partition)
{
	int message = new_port(partition, 0xffffff, VID_PORT_MESSAGE, VID_PORT_MESSAGES_MAX);
	int event = new_port(partition, 0, VID_PORT_EVENT, HV_EVENT_FLAGS_COUNT);
	struct hv_message buffer;
	struct pollfd p = { .fd = message, .events = POLLIN };

	ok(message >= 0 && event >= 0, "a port for messages, and one for events");
	ok(fcntl(message, F_GETFD) & FD_CLOEXEC, "a port is closed by exec");
	ok(new_port(partition, 0, VID_PORT_MESSAGE, 1) == -EEXIST,
	   "a connection that another port has: EEXIST");
	ok(!poll(&p, 1, 0), "poll() finds nothing there");
	fcntl(message, F_SETFL, O_NONBLOCK);
	ok(read(message, &buffer, sizeof(buffer)) < 0 && errno == EAGAIN,
	   "nor does read(): EAGAIN");
	ok(read(message, &buffer, sizeof(buffer) - 1) < 0 && errno == EINVAL,
	   "no room for a message: EINVAL");
	ok(read(event, &buffer, 248) < 0 && errno == EINVAL, "no room for all flags: EINVAL");
	ok(write(message, &buffer, sizeof(buffer)) < 0, "a port cannot be written to");
	expect("a port knows no partition's call: ENOTTY", -ENOTTY, message, VID_CREATE_VP,
	       &(struct vid_create_vp){ 0 });
	close(event);
	event = new_port(partition, 0, VID_PORT_EVENT, 1);
	ok(event >= 0, "a connection whose port was closed is free");
	close(event);
	close(message);
}

static void test_to_guest(int partition)
{
	struct vid_post_message post = {
		.sint = 2, .message.header = { .message_type = 1, .payload_size = 240 },
	};
	struct vid_signal_event signal = { .sint = 2, .flag = HV_EVENT_FLAGS_COUNT - 1 };

	expect("POST_MESSAGE", 0, partition, VID_POST_MESSAGE, &post);
	post.message.header.payload_size = 241;
	expect("POST_MESSAGE of 241 bytes: EINVAL", -EINVAL, partition, VID_POST_MESSAGE, &post);
	post.message.header.payload_size = 8;
	post.message.header.message_type = HV_MESSAGE_NONE;
	expect("POST_MESSAGE of no type: EINVAL", -EINVAL, partition, VID_POST_MESSAGE, &post);
	post.message.header.message_type = 1;
	post.message.header.message_flags = 1;
	expect("POST_MESSAGE with flags: EINVAL", -EINVAL, partition, VID_POST_MESSAGE, &post);
	post.message.header.message_flags = 0;
	post.message.header.reserved[1] = 1;
	expect("POST_MESSAGE, reserved bytes: EINVAL", -EINVAL, partition, VID_POST_MESSAGE,
	       &post);
	post.message.header.reserved[1] = 0;
	post.sint = 16;
	expect("POST_MESSAGE to SINT 16: EINVAL", -EINVAL, partition, VID_POST_MESSAGE, &post);
	post.sint = 0;
	post.vp_index = 1;
	expect("POST_MESSAGE to no VP: ENOENT", -ENOENT, partition, VID_POST_MESSAGE, &post);
	expect("SIGNAL_EVENT", 0, partition, VID_SIGNAL_EVENT, &signal);
	signal.flag++;
	expect("SIGNAL_EVENT beyond the flags: EINVAL", -EINVAL, partition, VID_SIGNAL_EVENT,
	       &signal);
	signal.flag = 0;
	signal.mbz = 1;
	expect("SIGNAL_EVENT with mbz: EINVAL", -EINVAL, partition, VID_SIGNAL_EVENT, &signal);
	signal.mbz = 0;
	signal.vp_index = ~0u;
	expect("SIGNAL_EVENT of no VP: ENOENT", -ENOENT, partition, VID_SIGNAL_EVENT, &signal);
}

static void test_privileges(int partition)
{
	struct vid_property property = { .code = VID_PROPERTY_PRIVILEGES };
	uint64_t all;

	expect("privileges", 0, partition, VID_GET_PROPERTY, &property);
	all = property.value;
	ok(all & HV_ACCESS_SYNIC && all >> 32 & HV_POST_MESSAGES, "are all there at first");
	property.value = all | 1ull << 63;
	expect("one that there is not: EINVAL", -EINVAL, partition, VID_SET_PROPERTY, &property);
	property.value = HV_ACCESS_HYPERCALL;
	expect("all but one are taken away", 0, partition, VID_SET_PROPERTY, &property);
	property.value = 0;
	call(partition, VID_GET_PROPERTY, &property);
	ok(property.value == HV_ACCESS_HYPERCALL, "and that is what is left");
	property.code = VID_PROPERTY_REENLIGHTEN;
	property.value = 1;
	expect("REENLIGHTEN of 1: EINVAL", -EINVAL, partition, VID_SET_PROPERTY, &property);
	property.value = 0;
	expect("REENLIGHTEN", 0, partition, VID_SET_PROPERTY, &property);
	expect("it cannot be read: EINVAL", -EINVAL, partition, VID_GET_PROPERTY, &property);
}

/* A port holds its partition, whatever else is closed. */
static void test_port_outlives(void)
{
	int partition = new_partition(1);
	int port = new_port(partition, 5, VID_PORT_MESSAGE, 1);
	struct pollfd p = { .fd = port, .events = POLLIN };

	close(partition);
	ok(!poll(&p, 1, 0), "a port outlives its partition's descriptor");
	ok(!close(port), "and goes last");
}

void test_ports(void)
{
	int partition = new_partition(1);
	int vp = new_vp(partition, 0);

	test_port_fields(partition);
	test_port_life(partition);
	test_to_guest(partition);
	test_privileges(partition);
	close(vp);
	close(partition);
	test_port_outlives();
}
