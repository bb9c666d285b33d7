// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The synthetic mouse: a HID device that points at places (x and y from 0 to 32767), with
 * five buttons and two wheels.  The driver asks for a version, is told what the device and
 * its reports look like, and acknowledges that.
 */
#include <errno.h>
#include <string.h>

#include "synth.h"

#define HID_VERSION	0x0101u
#define HID_TYPE	0x21u
#define REPORT_TYPE	0x22u

/* HID 1.11, 6.2.2.  It describes struct mouse_report. */
static const uint8_t report_descriptor[] = {
	0x05, 0x01,			/* usage page: generic desktop */
	0x09, 0x02,			/* usage: mouse */
	0xa1, 0x01,			/* collection: application */
	0x09, 0x01,			/*  usage: pointer */
	0xa1, 0x00,			/*  collection: physical */
	0x05, 0x09,			/*   usage page: buttons */
	0x19, 0x01, 0x29, MOUSE_BUTTONS,	/* 1 to 5 */
	0x15, 0x00, 0x25, 0x01,		/*   0 or 1 */
	0x75, 0x01, 0x95, MOUSE_BUTTONS,
	0x81, 0x02,			/*   input: variable, absolute */
	0x75, 8 - MOUSE_BUTTONS, 0x95, 0x01,
	0x81, 0x03,			/*   input: constant */
	0x05, 0x01,			/*   usage page: generic desktop */
	0x09, 0x30, 0x09, 0x31,		/*   x, y */
	0x15, 0x00, 0x26, 0xff, 0x7f,	/*   0 to 32767 */
	0x75, 0x10, 0x95, 0x02,
	0x81, 0x02,			/*   input: variable, absolute */
	0x09, 0x38,			/*   wheel */
	0x15, 0x81, 0x25, 0x7f,		/*   -127 to 127 */
	0x75, 0x08, 0x95, 0x01,
	0x81, 0x06,			/*   input: variable, relative */
	0x05, 0x0c,			/*   usage page: consumer */
	0x0a, 0x38, 0x02,		/*   AC pan */
	0x81, 0x06,			/*   input: variable, relative */
	0xc0, 0xc0,
};

/* A message, with its pipe header before it. */
static int send_message(struct mouse *mouse, const void *message, size_t size)
{
	uint8_t packet[sizeof(struct pipe_header) + sizeof(struct mouse_info) +
		       sizeof(report_descriptor)];
	const struct pipe_header pipe = { PIPE_DATA, (uint32_t)size };

	memcpy(packet, &pipe, sizeof(pipe));
	memcpy(packet + sizeof(pipe), message, size);
	return mouse->port.send(mouse->port.ctx, packet, sizeof(pipe) + size);
}

static int send_info(struct mouse *mouse)
{
	uint8_t message[sizeof(struct mouse_info) + sizeof(report_descriptor)];
	const struct mouse_info info = {
		.header = { MOUSE_INFO, sizeof(message) - sizeof(info.header) },
		.size = 32,
		.vendor = 0x045e,	/* the driver's own name for the device goes by these */
		.product = 0x0621,
		.version = 0x0001,
		.hid = {
			.length = sizeof(info.hid),
			.type = HID_TYPE,
			.version = HID_VERSION,
			.count = 1,
			.report_type = REPORT_TYPE,
			.report_length = sizeof(report_descriptor),
		},
	};

	memcpy(message, &info, sizeof(info));
	memcpy(message + sizeof(info), report_descriptor, sizeof(report_descriptor));
	return send_message(mouse, message, sizeof(message));
}

static void take_request(struct mouse *mouse, uint32_t version)
{
	const struct mouse_response response = {
		.header = { MOUSE_RESPONSE, sizeof(response) - sizeof(response.header) },
		.version = version,
		.approved = version == MOUSE_VERSION,
	};

	mouse->accepted = false;
	if (!send_message(mouse, &response, sizeof(response)) && response.approved)
		send_info(mouse);
}

/**
 * mouse_init() - make a mouse
 * @mouse: filled in
 * @port: where it sends
 */
void mouse_init(struct mouse *mouse, const struct vdev_port *port)
{
	*mouse = (struct mouse){ .port = *port };
}

/**
 * mouse_closed() - the driver has gone
 * @mouse: may be closed already
 */
void mouse_closed(struct mouse *mouse)
{
	mouse->accepted = false;
}

/**
 * mouse_packet() - the guest sent a packet
 * @mouse: open
 * @packet: a copy that it cannot change any more
 * @size: of @packet
 */
void mouse_packet(struct mouse *mouse, const void *packet, size_t size)
{
	struct mouse_request request = { .header = { 0, 0 } };
	struct pipe_header pipe;

	if (size < sizeof(pipe) + sizeof(request.header)) {
		mouse->bad++;
		return;
	}
	memcpy(&pipe, packet, sizeof(pipe));
	size -= sizeof(pipe);
	memcpy(&request, (const uint8_t *)packet + sizeof(pipe),
	       size < sizeof(request) ? size : sizeof(request));
	if (pipe.type != PIPE_DATA)
		mouse->bad++;
	else if (request.header.type == MOUSE_REQUEST && size >= sizeof(request))
		take_request(mouse, request.version);
	else if (request.header.type == MOUSE_INFO_ACK)
		mouse->accepted = true;
	else
		mouse->bad++;
}

/**
 * mouse_send() - the pointer moves, buttons go down or up, wheels turn
 * @mouse: any
 * @report: where it is and what is down then
 *
 * Return: 0, -ENOTCONN when no driver listens, -EAGAIN when it leaves no room.
 */
int mouse_send(struct mouse *mouse, const struct mouse_report *report)
{
	struct {
		struct mouse_header header;
		struct mouse_report report;
	} __attribute__((packed)) message = {
		.header = { MOUSE_REPORT, sizeof(*report) },
		.report = *report,
	};

	if (!mouse->accepted)
		return -ENOTCONN;
	return send_message(mouse, &message, sizeof(message));
}
