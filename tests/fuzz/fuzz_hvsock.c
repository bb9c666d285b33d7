// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/hvsock.c */
/*
 * Guests and host programs that do anything, on several connections at once: bytes reach the
 * other side in order and once, nothing is said to what has ended, each end is told once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzzer.h"
#include "vdev/hvsock.h"

#define STEPS_MAX	2000u
#define USED		8u		/* connections that the input names */

static struct hvsock hvsock;
static const uint8_t *input;
static size_t left;

/* Of each connection, from its beginning to its end. */
static struct {
	bool alive;
	bool offered;
	bool socket;
	bool shut;
	bool fin;
	uint8_t host_next;		/* the byte that is read next */
	uint8_t guest_next;		/* the byte that is received next */
	uint8_t sent_next;		/* the byte that the guest expects */
	uint8_t written_next;		/* and the host */
	bool answered;			/* the line before those is not counted */
	bool garbage;			/* the host's bytes are a greeting */
} ends[HVSOCK_CONNECTIONS];

static uint8_t take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void begin(unsigned int number)
{
	memset(&ends[number], 0, sizeof(ends[number]));
	ends[number].alive = true;
}

static int fake_dial(void *ctx, unsigned int number, uint32_t port)
{
	must(!ends[number].alive);
	if (take() & 1)
		return -EPIPE;
	begin(number);
	ends[number].answered = true;
	return 0;
}

static int fake_offer(void *ctx, unsigned int number, const uint8_t service[HVSOCK_GUID],
		      const uint8_t endpoint[HVSOCK_GUID], bool from_host)
{
	static const int results[] = { 0, 0, 0, -EEXIST, -ENOMEM };

	must(ends[number].alive && ends[number].socket && !ends[number].offered);
	int err = results[take() % 5];
	ends[number].offered = !err;
	return err;
}

static void fake_refuse(void *ctx, const uint8_t service[HVSOCK_GUID],
			const uint8_t endpoint[HVSOCK_GUID])
{
}

static int fake_send(void *ctx, unsigned int number, const void *packet, size_t size)
{
	const uint8_t *bytes = (const uint8_t *)packet + sizeof(struct hvsock_header);
	struct hvsock_header header;

	must(ends[number].offered && !ends[number].fin);
	memcpy(&header, packet, sizeof(header));
	must(header.type == HVSOCK_DATA && header.size == size - sizeof(header));
	switch (take() % 8) {
	case 0:
		return -EIO;
	case 1:
	case 2:
		return -EAGAIN;
	}
	ends[number].fin = !header.size;
	for (uint32_t i = 0; !ends[number].garbage && i < header.size; i++)
		must(bytes[i] == ends[number].sent_next++);
	return 0;
}

static int fake_receive(void *ctx, unsigned int number, void *packet, size_t room, size_t *size)
{
	uint8_t what = take();
	struct hvsock_header header = { HVSOCK_DATA, take() * 65u };
	uint8_t *bytes = (uint8_t *)packet + sizeof(header);

	must(ends[number].offered && room == sizeof(header) + HVSOCK_DATA_MAX);
	if (what < 32)
		return 0;
	if (what < 36)
		return -EIO;
	if (what < 48)
		header.size = 0;
	*size = sizeof(header) + ((header.size + 7u) & ~7u);
	if (what > 250)
		*size = take() * 100u;
	if (what == 255)
		header.type = take();
	memcpy(packet, &header, sizeof(header));
	for (uint32_t i = 0; i < header.size && i < HVSOCK_DATA_MAX; i++)
		bytes[i] = ends[number].guest_next++;
	return 1;
}

static int fake_read(void *ctx, unsigned int number, void *bytes, size_t room)
{
	uint8_t what = take();
	size_t count = take() * 40u + 1;

	must(ends[number].socket && room);
	if (what < 16)
		return 0;
	if (what < 24)
		return -ECONNRESET;
	if (what < 64)
		return -EAGAIN;
	count = count < room ? count : room;
	if (ends[number].garbage) {
		static const char greeting[] = "CONNECT 12\nmore";

		count = count < sizeof(greeting) - 1 ? count : sizeof(greeting) - 1;
		memcpy(bytes, greeting, count);
		if (what & 1)
			((uint8_t *)bytes)[take() % count] = take();
		return (int)count;
	}
	for (size_t i = 0; i < count; i++)
		((uint8_t *)bytes)[i] = ends[number].host_next++;
	return (int)count;
}

static int fake_write(void *ctx, unsigned int number, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint8_t what = take();
	size_t count = take() * 65u + 1, i = 0;

	must(ends[number].socket && !ends[number].shut && size);
	if (what < 8)
		return -EPIPE;
	if (what < 64)
		return -EAGAIN;
	count = count < size ? count : size;
	while (!ends[number].answered && i < count)
		ends[number].answered = byte[i++] == '\n';
	for (; i < count; i++)
		must(byte[i] == ends[number].written_next++);
	return (int)count;
}

static void fake_shutdown(void *ctx, unsigned int number)
{
	must(ends[number].socket && !ends[number].shut);
	ends[number].shut = true;
}

static void fake_arm(void *ctx, unsigned int number, bool on)
{
}

static void fake_end(void *ctx, unsigned int number)
{
	must(ends[number].alive);
	ends[number].alive = false;
}

static const struct hvsock_ops fake_ops = {
	fake_dial, fake_offer, fake_refuse, fake_send, fake_receive, fake_read, fake_write,
	fake_shutdown, fake_arm, fake_end,
};

static void request(void)
{
	uint8_t guids[2][HVSOCK_GUID];
	static const uint8_t rest[] = {
		0xcb, 0xfa, 0xe6, 0x11, 0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3,
	};

	for (unsigned int i = 0; i < 2; i++) {
		memset(guids[i], take(), HVSOCK_GUID);
		if (take() < 250)
			memcpy(guids[i] + 4, rest, sizeof(rest));
	}
	hvsock_request(&hvsock, guids[0], guids[1]);
}

static void accept_one(void)
{
	int number = hvsock_accepted(&hvsock);

	if (number < 0)
		return;
	must(!ends[number].alive);
	begin((unsigned int)number);
	ends[number].socket = true;
	ends[number].garbage = true;
}

static void dialled(unsigned int number)
{
	int err = take() & 3 ? 0 : -ECONNREFUSED;

	if (!ends[number].alive || ends[number].socket)
		return;
	ends[number].socket = !err;
	hvsock_dialled(&hvsock, number, err);
}

static void step(uint8_t what, unsigned int number)
{
	switch (what) {
	case 0:
		request();
		break;
	case 1:
		accept_one();
		break;
	case 2:
		dialled(number);
		break;
	case 3:
		if (ends[number].offered)
			hvsock_opened(&hvsock, number);
		break;
	case 4:
		hvsock_closed(&hvsock, number);
		break;
	case 5:
		hvsock_broken(&hvsock, number);
		break;
	case 6:
	case 7:
	case 8:
		hvsock_packets(&hvsock, number, take() % 8);
		break;
	case 9:
	case 10:
		hvsock_room(&hvsock, number);
		break;
	case 11:
	case 12:
		hvsock_readable(&hvsock, number);
		break;
	case 13:
		hvsock_writable(&hvsock, number);
		break;
	case 14:
		hvsock_expired(&hvsock, number);
		break;
	case 15:
		if (!take())
			hvsock_reset(&hvsock);
		break;
	}
	for (unsigned int i = 0; i < HVSOCK_CONNECTIONS; i++)
		hvsock_settle(&hvsock, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	left = size;
	memset(ends, 0, sizeof(ends));
	hvsock_init(&hvsock, &fake_ops, NULL);
	for (unsigned int i = 0; left && i < STEPS_MAX; i++) {
		uint8_t what = take();

		step(what & 15, what >> 4 & (USED - 1));
	}
	hvsock_reset(&hvsock);
	must(!hvsock.open);
	for (unsigned int i = 0; i < HVSOCK_CONNECTIONS; i++)
		must(!ends[i].alive);
	return 0;
}
