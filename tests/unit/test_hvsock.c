// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/hvsock.c */
/*
 * Connections between a host and a guest that are both made up: what either says reaches the
 * other, who does not read makes the other wait, and who breaks the rules loses that
 * connection alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rs_types.h"
#include "run_tests.h"
#include "vdev/hvsock.h"

static struct hvsock hvsock;
static char log_text[1024];

/* The ends of each connection. */
static struct {
	char from_host[32768];		/* not read yet */
	size_t from_host_size;
	int host_error;			/* what read() fails with when all of it was read */
	char to_host[65536];
	size_t to_host_size;
	size_t host_room;
	int write_error;
	bool armed;
	struct {
		struct hvsock_header header;
		uint8_t data[HVSOCK_DATA_MAX + 8];
	} packet;			/* of the guest, one; size 0: none */
	size_t packet_size;
	int receive_error;
	char to_guest[65536];
	size_t to_guest_size;
	unsigned int ring_room;		/* in packets */
	unsigned int fins;
} ends[HVSOCK_CONNECTIONS];

static int dial_error;
static int offer_error;
static unsigned int offer_failures;
static uint8_t offered[2][HVSOCK_GUID];

static void note(const char *format, unsigned int number)
{
	size_t used = strlen(log_text);

	snprintf(log_text + used, sizeof(log_text) - used, format, number);
}

static int fake_dial(void *ctx, unsigned int number, uint32_t port)
{
	note("dial %u ", port);
	return dial_error;
}

static int fake_offer(void *ctx, unsigned int number, const uint8_t service[HVSOCK_GUID],
		      const uint8_t endpoint[HVSOCK_GUID], bool from_host)
{
	memcpy(offered[0], service, HVSOCK_GUID);
	memcpy(offered[1], endpoint, HVSOCK_GUID);
	if (offer_failures) {
		offer_failures--;
		return offer_error;
	}
	note(from_host ? "offer-from-host %u " : "offer %u ", number);
	return 0;
}

static void fake_refuse(void *ctx, const uint8_t service[HVSOCK_GUID],
			const uint8_t endpoint[HVSOCK_GUID])
{
	note("refuse ", 0);
}

static int fake_send(void *ctx, unsigned int number, const void *packet, size_t size)
{
	struct hvsock_header header;

	if (!ends[number].ring_room)
		return -EAGAIN;
	ends[number].ring_room--;
	memcpy(&header, packet, sizeof(header));
	ck_assert_uint_eq(header.type, 1);
	ck_assert_uint_eq(header.size, size - sizeof(header));
	ends[number].fins += !header.size;
	memcpy(ends[number].to_guest + ends[number].to_guest_size,
	       (const char *)packet + sizeof(header), header.size);
	ends[number].to_guest_size += header.size;
	return 0;
}

static int fake_receive(void *ctx, unsigned int number, void *packet, size_t room, size_t *size)
{
	*size = ends[number].packet_size;
	if (ends[number].receive_error)
		return ends[number].receive_error;
	if (!*size)
		return 0;
	memcpy(packet, &ends[number].packet, *size < room ? *size : room);
	ends[number].packet_size = 0;
	return 1;
}

static int fake_read(void *ctx, unsigned int number, void *bytes, size_t room)
{
	size_t count = ends[number].from_host_size < room ? ends[number].from_host_size : room;

	ck_assert_uint_gt(room, 0);
	if (!count)
		return ends[number].host_error;
	memcpy(bytes, ends[number].from_host, count);
	memmove(ends[number].from_host, ends[number].from_host + count,
		ends[number].from_host_size - count);
	ends[number].from_host_size -= count;
	return (int)count;
}

static int fake_write(void *ctx, unsigned int number, const void *bytes, size_t size)
{
	size_t count = ends[number].host_room < size ? ends[number].host_room : size;

	if (ends[number].write_error)
		return ends[number].write_error;
	if (!count)
		return -EAGAIN;
	memcpy(ends[number].to_host + ends[number].to_host_size, bytes, count);
	ends[number].to_host_size += count;
	ends[number].host_room -= count;
	return (int)count;
}

static void fake_shutdown(void *ctx, unsigned int number)
{
	note("shut %u ", number);
}

static void fake_arm(void *ctx, unsigned int number, bool on)
{
	ends[number].armed = on;
}

static void fake_end(void *ctx, unsigned int number)
{
	ck_assert(!ends[number].armed);
	note("end %u ", number);
}

static const struct hvsock_ops fake_ops = {
	fake_dial, fake_offer, fake_refuse, fake_send, fake_receive, fake_read, fake_write,
	fake_shutdown, fake_arm, fake_end,
};

static void setup(void)
{
	memset(ends, 0, sizeof(ends));
	for (unsigned int i = 0; i < HVSOCK_CONNECTIONS; i++) {
		ends[i].host_error = -EAGAIN;
		ends[i].host_room = sizeof(ends[i].to_host);
		ends[i].ring_room = 1000;
	}
	dial_error = 0;
	offer_failures = 0;
	log_text[0] = '\0';
	hvsock_init(&hvsock, &fake_ops, NULL);
}

static void teardown(void)
{
	hvsock_reset(&hvsock);
	ck_assert_uint_eq(hvsock.open, 0);
}

static void said(const char *text)
{
	ck_assert_str_eq(log_text, text);
	log_text[0] = '\0';
}

static void guid(uint8_t to[HVSOCK_GUID], uint32_t port)
{
	static const uint8_t rest[] = {
		0xcb, 0xfa, 0xe6, 0x11, 0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3,
	};

	memcpy(to, &port, 4);
	memcpy(to + 4, rest, sizeof(rest));
}

static void request(uint32_t service, uint32_t endpoint)
{
	uint8_t guids[2][HVSOCK_GUID];

	guid(guids[0], service);
	guid(guids[1], endpoint);
	hvsock_request(&hvsock, guids[0], guids[1]);
}

static unsigned int settle(unsigned int number)
{
	return hvsock_settle(&hvsock, number);
}

/* Connection 0, from the guest, open. */
static void connect_guest(void)
{
	request(1234, 5678);
	hvsock_dialled(&hvsock, 0, 0);
	hvsock_opened(&hvsock, 0);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	log_text[0] = '\0';
}

static void host_says(unsigned int number, const char *text)
{
	memcpy(ends[number].from_host + ends[number].from_host_size, text, strlen(text));
	ends[number].from_host_size += strlen(text);
	hvsock_readable(&hvsock, number);
}

/* @claimed bytes of data, in a packet of @size. */
static bool packet(uint32_t type, uint32_t claimed, size_t size)
{
	ends[0].packet.header = (struct hvsock_header){ type, claimed };
	memset(ends[0].packet.data, 'g', sizeof(ends[0].packet.data));
	ends[0].packet_size = size;
	return hvsock_packets(&hvsock, 0, 10);
}

static void guest_says(uint32_t count)
{
	packet(HVSOCK_DATA, count, 8 + ((count + 7) & ~7u));
}

START_TEST(from_the_guest)
{
	uint8_t guids[2][HVSOCK_GUID];

	request(1234, 5678);
	said("dial 1234 ");
	ck_assert_uint_eq(settle(0), 0);
	hvsock_dialled(&hvsock, 0, 0);
	said("offer 0 ");
	guid(guids[0], 1234);
	guid(guids[1], 5678);
	ck_assert_mem_eq(offered, guids, sizeof(guids));
	ck_assert(ends[0].armed);
	ck_assert_uint_eq(settle(0), 0);
	hvsock_opened(&hvsock, 0);
	ck_assert(!ends[0].armed);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	host_says(0, "hello");
	ck_assert_mem_eq(ends[0].to_guest, "hello", 5);
	ck_assert_uint_eq(ends[0].to_guest_size, 5);
	guest_says(13);
	ck_assert_uint_eq(ends[0].to_host_size, 13);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	ck_assert_uint_eq(hvsock.bytes_in, 13);
	ck_assert_uint_eq(hvsock.bytes_out, 5);
}
END_TEST

START_TEST(from_the_host)
{
	ck_assert_int_eq(hvsock_accepted(&hvsock), 0);
	ck_assert(ends[0].armed);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	host_says(0, "CONNE");
	host_says(0, "CT 4000000000\r");
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	host_says(0, "\nat once");
	said("offer-from-host 0 ");
	ck_assert_uint_eq(*(uint32_t *)offered[0], 4000000000);
	ck_assert_uint_eq(settle(0), 0);
	hvsock_opened(&hvsock, 0);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	ck_assert_str_eq(ends[0].to_host, "OK 3221225472\n");
	ck_assert_uint_eq(ends[0].to_guest_size, 7);
	ck_assert_mem_eq(ends[0].to_guest, "at once", 7);
	ck_assert_int_eq(hvsock_accepted(&hvsock), 1);
	offer_failures = 1;
	offer_error = -EEXIST;
	host_says(1, "CONNECT 1\n");
	ck_assert_uint_eq(*(uint32_t *)offered[1], 0xc0000002);
	hvsock.next_port = 0xfffffffe;
	ck_assert_int_eq(hvsock_accepted(&hvsock), 2);
	host_says(2, "CONNECT 1\n");
	ck_assert_uint_eq(hvsock.next_port, 0xc0000000);
}
END_TEST

START_TEST(greetings_that_are_none)
{
	static const char *const texts[] = {
		"\n", "CONNECT\n", "CONNECT \x0a", "CONNECT \r\n", "connect 1\n", "CONNECT -1\n",
		"CONNECT 1 2\n", "CONNECT 4294967295\n", "CONNECT 99999999999999999999\n",
		"CONNECT 0x10\n", "00000000000000000000000000000000", "CONNECT 1\r\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ck_assert_int_eq(hvsock_accepted(&hvsock), 0);
		host_says(0, texts[i]);
		ck_assert_msg(!settle(0) && !hvsock.open, "%s", texts[i]);
	}
	ck_assert_uint_eq(hvsock.refused, ARRAY_SIZE(texts));
	hvsock_accepted(&hvsock);
	ends[0].host_error = 0;
	hvsock_readable(&hvsock, 0);
	settle(0);
	ck_assert_uint_eq(hvsock.open, 0);
	hvsock_accepted(&hvsock);
	ends[0].host_error = -EAGAIN;
	hvsock_expired(&hvsock, 0);
	ends[0].armed = false;
	settle(0);
	ck_assert_uint_eq(hvsock.open, 0);
}
END_TEST

START_TEST(requests_that_are_refused)
{
	uint8_t service[HVSOCK_GUID] = { 1, 2, 3 }, endpoint[HVSOCK_GUID];

	guid(endpoint, 1);
	hvsock_request(&hvsock, service, endpoint);
	hvsock_request(&hvsock, endpoint, service);
	said("refuse refuse ");
	dial_error = -EPIPE;
	request(1, 2);
	said("dial 1 refuse ");
	dial_error = 0;
	request(1, 2);
	hvsock_dialled(&hvsock, 0, -ECONNREFUSED);
	said("dial 1 refuse ");
	settle(0);
	said("end 0 ");
	offer_failures = 1;
	offer_error = -EEXIST;
	request(1, 2);
	hvsock_dialled(&hvsock, 0, 0);
	said("dial 1 refuse ");
	settle(0);
	ck_assert_uint_eq(hvsock.open, 0);
	ck_assert_uint_eq(hvsock.refused, 5);
	hvsock_dialled(&hvsock, 0, 0);	/* of none */
	request(1, 2);
	hvsock_dialled(&hvsock, 0, 0);
	hvsock_expired(&hvsock, 0);
	settle(0);
	ck_assert_uint_eq(hvsock.open, 0);
}
END_TEST

START_TEST(only_so_many)
{
	for (unsigned int i = 0; i < HVSOCK_CONNECTIONS; i++) {
		ck_assert_int_eq(hvsock_accepted(&hvsock), i);
		settle(i);
	}
	ck_assert_int_eq(hvsock_accepted(&hvsock), -EBUSY);
	request(1, 2);
	said("refuse ");
	hvsock_expired(&hvsock, 77);
	settle(77);
	said("end 77 ");
	request(1, 2);
	hvsock_dialled(&hvsock, 77, 0);
	said("dial 1 offer 77 ");
}
END_TEST

START_TEST(a_full_socket_keeps_packets_in_the_ring)
{
	connect_guest();
	ends[0].host_room = 100;
	guest_says(HVSOCK_DATA_MAX);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ | HVSOCK_WANT_WRITE);
	guest_says(10);
	ck_assert_uint_ne(ends[0].packet_size, 0);
	ends[0].host_room = HVSOCK_DATA_MAX - 100;
	hvsock_writable(&hvsock, 0);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	ends[0].host_room = 10;
	hvsock_packets(&hvsock, 0, 10);
	ck_assert_uint_eq(ends[0].packet_size, 0);
	ck_assert_uint_eq(ends[0].to_host_size, HVSOCK_DATA_MAX + 10);
}
END_TEST

START_TEST(a_full_ring_keeps_the_socket_from_being_read)
{
	connect_guest();
	ends[0].ring_room = 1;
	host_says(0, "one");
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	host_says(0, "two");
	ck_assert_uint_eq(settle(0), 0);
	host_says(0, "three");
	ck_assert_uint_eq(ends[0].from_host_size, 5);
	hvsock_room(&hvsock, 0);
	ck_assert_uint_eq(settle(0), 0);
	ends[0].ring_room = 1;
	hvsock_room(&hvsock, 0);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	ck_assert_mem_eq(ends[0].to_guest, "onetwo", 6);
	ends[0].ring_room = 1;
	hvsock_readable(&hvsock, 0);
	ends[0].host_error = 0;
	hvsock_readable(&hvsock, 0);	/* its end finds no room */
	ck_assert_uint_eq(ends[0].fins, 0);
	ck_assert_uint_eq(settle(0), 0);
	ends[0].ring_room = 5;
	hvsock_room(&hvsock, 0);
	hvsock_room(&hvsock, 0);
	ck_assert_uint_eq(ends[0].fins, 1);
}
END_TEST

START_TEST(one_half_after_the_other)
{
	connect_guest();
	guest_says(5);
	guest_says(0);
	said("shut 0 ");
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	host_says(0, "still");
	ck_assert_uint_eq(ends[0].to_guest_size, 5);
	ends[0].host_error = 0;
	hvsock_readable(&hvsock, 0);
	ck_assert_uint_eq(ends[0].fins, 1);
	ck_assert_uint_eq(settle(0), 0);
	said("end 0 ");
	connect_guest();
	hvsock_readable(&hvsock, 0);
	ck_assert_uint_eq(settle(0), 0);
	ends[0].host_room = 3;
	guest_says(5);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_WRITE);
	ends[0].host_room = 100;
	hvsock_writable(&hvsock, 0);
	guest_says(0);
	settle(0);
	said("shut 0 end 0 ");
}
END_TEST

/* What it sent before is given to the guest nevertheless. */
START_TEST(a_host_that_has_closed)
{
	connect_guest();
	ends[0].ring_room = 0;
	host_says(0, "last words");
	ends[0].write_error = -EPIPE;
	ends[0].host_error = 0;
	guest_says(100);
	guest_says(100);
	ck_assert_uint_eq(settle(0), 0);
	said("");
	ends[0].ring_room = 2;
	hvsock_room(&hvsock, 0);
	ck_assert_uint_eq(settle(0), HVSOCK_WANT_READ);
	hvsock_readable(&hvsock, 0);
	settle(0);
	said("end 0 ");
	ck_assert_uint_eq(ends[0].to_guest_size, 10);
	ck_assert_uint_eq(hvsock.broken, 0);
	ends[0].write_error = 0;
	ends[0].ring_room = 1;
	connect_guest();
	ends[0].host_error = -ECONNRESET;
	hvsock_readable(&hvsock, 0);
	settle(0);
	said("end 0 ");
}
END_TEST

START_TEST(packets_against_the_protocol)
{
	static const struct {
		uint32_t type;
		uint32_t claimed;
		size_t size;
	} wrong[] = {
		{ 0, 8, 16 }, { 2, 8, 16 }, { 0xffffffff, 8, 16 }, { 1, 9, 16 }, { 1, 1, 8 },
		{ 1, 0xffffffff, 16 }, { 1, HVSOCK_DATA_MAX + 1, HVSOCK_DATA_MAX + 16 },
		{ 1, HVSOCK_DATA_MAX, HVSOCK_DATA_MAX }, { 1, 0, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		connect_guest();
		packet(wrong[i].type, wrong[i].claimed, wrong[i].size);
		settle(0);
		said("end 0 ");
		ck_assert_uint_eq(hvsock.broken, i + 1);
	}
	connect_guest();
	guest_says(0);
	guest_says(1);			/* after the end */
	settle(0);
	said("shut 0 end 0 ");
	connect_guest();
	ends[0].receive_error = -EIO;
	hvsock_broken(&hvsock, 0);
	hvsock_packets(&hvsock, 0, 10);
	settle(0);
	said("end 0 ");
	ck_assert_uint_eq(hvsock.broken, ARRAY_SIZE(wrong) + 2);
	ck_assert_uint_eq(hvsock.bytes_in, 0);
}
END_TEST

START_TEST(a_guest_that_goes)
{
	connect_guest();
	hvsock_closed(&hvsock, 0);
	hvsock_readable(&hvsock, 0);
	hvsock_writable(&hvsock, 0);
	hvsock_room(&hvsock, 0);
	hvsock_opened(&hvsock, 0);
	ck_assert(!hvsock_packets(&hvsock, 0, 10));
	settle(0);
	said("end 0 ");
	connect_guest();
	hvsock_accepted(&hvsock);
	request(1, 2);
	log_text[0] = '\0';
	hvsock_reset(&hvsock);
	said("end 0 end 1 end 2 ");
	hvsock_dialled(&hvsock, 2, 0);
	said("");
}
END_TEST

/* One that sends without end does not keep the others waiting. */
START_TEST(so_many_at_once)
{
	connect_guest();
	ends[0].packet.header = (struct hvsock_header){ HVSOCK_DATA, 1 };
	ends[0].packet_size = 16;
	ck_assert(!hvsock_packets(&hvsock, 0, 2));
	ends[0].packet_size = 16;
	ck_assert(hvsock_packets(&hvsock, 0, 1));
	ck_assert(hvsock_packets(&hvsock, 0, 0));
	ck_assert(!hvsock_packets(&hvsock, 0, 1));
	ck_assert_uint_eq(ends[0].to_host_size, 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		from_the_guest, from_the_host, greetings_that_are_none, requests_that_are_refused,
		only_so_many, a_full_socket_keeps_packets_in_the_ring,
		a_full_ring_keeps_the_socket_from_being_read, one_half_after_the_other,
		a_host_that_has_closed, packets_against_the_protocol, a_guest_that_goes,
		so_many_at_once,
	};

	return run_tests("hvsock", tests, ARRAY_SIZE(tests), setup, teardown);
}
