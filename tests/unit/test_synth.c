// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/keyboard.c userspace/vmwp/vdev/mouse.c */
/* LINK: userspace/vmwp/vdev/balloon.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * Synthetic keyboard, mouse and dynamic memory, in front of drivers as Linux has them and of
 * some that do anything.
 */
#include <errno.h>
#include <stdio.h>

#include "fake_guest.h"
#include "vdev/synth.h"

#define PAGES 100000u

static struct fake_guest guest;
static struct keyboard keyboard;
static struct mouse mouse;
static struct balloon balloon;
static char keys[256];
static char discarded[256];
static int result;
static unsigned int ends;

static int note_key(void *ctx, const void *packet, size_t size)
{
	struct keyboard_event event;
	size_t used = strlen(keys);

	if (guest.result)
		return guest.result;
	memcpy(&event, packet, size < sizeof(event) ? size : sizeof(event));
	if (event.type == KEYBOARD_EVENT)
		snprintf(keys + used, sizeof(keys) - used, "%s%s%x ",
			 event.info & KEYBOARD_BREAK ? "-" : "",
			 event.info & KEYBOARD_E0 ? "e0" : "", event.code);
	return fake_guest_send(&guest, packet, size);
}

static bool is_ram(void *ctx, uint64_t page, uint64_t count)
{
	return page + count <= 50000 || page >= 60000;
}

static void discard(void *ctx, uint64_t page, uint64_t count)
{
	size_t used = strlen(discarded);

	snprintf(discarded + used, sizeof(discarded) - used, "%u+%u ", (unsigned int)page,
		 (unsigned int)count);
}

static void note_end(void *ctx, int err)
{
	result = err;
	ends++;
}

static char added[256];
static int add_error;

static int add(void *ctx, uint64_t page, uint64_t count)
{
	size_t used = strlen(added);

	snprintf(added + used, sizeof(added) - used, "%u+%u ", (unsigned int)page,
		 (unsigned int)count);
	return add_error;
}

static const struct balloon_ops ops = { add, is_ram, discard };

/* Those below can be added by the 100, the guest's own unit is 256. */
static const struct balloon_memory memory = {
	.limit = PAGES, .count = 50000, .hot_first = 60000, .hot_count = 40000, .hot_unit = 100,
};

static void setup(void)
{
	const struct vdev_port port = fake_guest_port(&guest), keyboard_port = { note_key, NULL };

	memset(&guest, 0, sizeof(guest));
	keys[0] = '\0';
	discarded[0] = '\0';
	added[0] = '\0';
	add_error = 0;
	result = 1;
	ends = 0;
	keyboard_init(&keyboard, &keyboard_port);
	mouse_init(&mouse, &port);
	ck_assert_int_eq(balloon_init(&balloon, &port, &ops, NULL, &memory), 0);
}

static void teardown(void)
{
	balloon_fini(&balloon);
}

static void connect_keyboard(uint32_t version)
{
	const struct keyboard_request request = { KEYBOARD_REQUEST, version };

	keyboard_packet(&keyboard, &request, sizeof(request));
}

START_TEST(keys_down_and_up)
{
	const struct keyboard_key a = { 0x1e, 0 }, right = { 0x4d, KEYBOARD_E0 };
	const struct keyboard_response *response = (void *)guest.packet;

	ck_assert_int_eq(keyboard_send(&keyboard, &a, false), -ENOTCONN);
	connect_keyboard(0x20000);
	ck_assert_uint_eq(response->status, 0);
	ck_assert_int_eq(keyboard_send(&keyboard, &a, false), -ENOTCONN);
	connect_keyboard(0x10000);
	ck_assert_uint_eq(response->type, 2);
	ck_assert_uint_eq(response->status, 1);
	ck_assert_int_eq(keyboard_send(&keyboard, &a, false), 0);
	ck_assert_uint_eq(guest.size, 12);
	keyboard_send(&keyboard, &a, true);
	keyboard_send(&keyboard, &right, false);
	keyboard_send(&keyboard, &right, true);
	ck_assert_str_eq(keys, "1e -1e e04d -e04d ");
	keyboard_closed(&keyboard);
	ck_assert_int_eq(keyboard_send(&keyboard, &a, false), -ENOTCONN);
}
END_TEST

START_TEST(typed_text)
{
	connect_keyboard(0x10000);
	ck_assert_int_eq(keyboard_type(&keyboard, "aZ 1!\n"), 0);
	ck_assert_str_eq(keys, "1e -1e 2a 2c -2c -2a 39 -39 2 -2 2a 2 -2 -2a 1c -1c ");
	keys[0] = '\0';
	ck_assert_int_eq(keyboard_type(&keyboard, "a\xc3\xa4"), -EINVAL);
	ck_assert_int_eq(keyboard_type(&keyboard, "a\x01"), -EINVAL);
	ck_assert_str_eq(keys, "");
	ck_assert_int_eq(keyboard_type(&keyboard, "\\|/?'\"`~\t[]{}"), 0);
	guest.result = -EAGAIN;
	ck_assert_int_eq(keyboard_type(&keyboard, "a"), -EAGAIN);
}
END_TEST

START_TEST(every_character_has_its_key)
{
	static const char rows[] = "qwertyuiop[]\n", upper[] = "QWERTYUIOP{}";
	char one[2] = { 0 };
	char wanted[32];
	size_t i;

	connect_keyboard(0x10000);
	for (i = 0; rows[i]; i++) {
		keys[0] = '\0';
		one[0] = rows[i];
		ck_assert_int_eq(keyboard_type(&keyboard, one), 0);
		snprintf(wanted, sizeof(wanted), "%x -%x ", (int)(0x10 + i), (int)(0x10 + i));
		ck_assert_str_eq(keys, wanted);
	}
	for (i = 0; upper[i]; i++) {
		keys[0] = '\0';
		one[0] = upper[i];
		ck_assert_int_eq(keyboard_type(&keyboard, one), 0);
		snprintf(wanted, sizeof(wanted), "2a %x -%x -2a ", (int)(0x10 + i),
			 (int)(0x10 + i));
		ck_assert_str_eq(keys, wanted);
	}
	for (i = 0x20; i < 0x7f; i++) {
		one[0] = (char)i;
		ck_assert_int_eq(keyboard_type(&keyboard, one), 0);
		keys[0] = '\0';
	}
}
END_TEST

START_TEST(keyboard_lights)
{
	const struct keyboard_leds leds = { KEYBOARD_LEDS, 5 };

	keyboard_packet(&keyboard, &leds, sizeof(leds));
	ck_assert_uint_eq(keyboard.leds, 5);
	keyboard_packet(&keyboard, &leds, 5);
	keyboard_packet(&keyboard, &leds, 0);
	ck_assert_uint_eq(keyboard.bad, 2);
}
END_TEST

struct mouse_request_packet {
	struct pipe_header pipe;
	struct mouse_request request;
} __attribute__((packed));

static void ask_mouse(uint32_t type, uint32_t version, size_t size)
{
	const struct mouse_request_packet packet = {
		{ PIPE_DATA, 12 }, { { type, 4 }, version },
	};

	mouse_packet(&mouse, &packet, size);
}

START_TEST(a_mouse_is_described)
{
	const struct mouse_report report = { 1, 100, 32767, -1, 2 };
	const struct mouse_info *info = (void *)(guest.packet + 8);
	const struct mouse_response *response = (void *)(guest.packet + 8);

	ask_mouse(MOUSE_REQUEST, 0x10000, 20);
	ck_assert_uint_eq(guest.count, 1);
	ck_assert_uint_eq(guest.size, 8 + 13);
	ck_assert_uint_eq(response->approved, 0);
	ask_mouse(MOUSE_REQUEST, 0x20000, 20);
	ck_assert_uint_eq(guest.count, 3);
	ck_assert_uint_eq(info->header.type, 2);
	ck_assert_uint_eq(info->hid.length, 9);
	ck_assert_uint_eq(guest.size, 8 + 49 + info->hid.report_length);
	ck_assert_uint_eq(info->header.size, guest.size - 16);
	ck_assert_int_eq(mouse_send(&mouse, &report), -ENOTCONN);
	ask_mouse(MOUSE_INFO_ACK, 0, 17);
	ck_assert_int_eq(mouse_send(&mouse, &report), 0);
	ck_assert_uint_eq(guest.size, 8 + 8 + 7);
	ck_assert_int_eq(memcmp(guest.packet + 16, "\x01\x64\x00\xff\x7f\xff\x02", 7), 0);
	mouse_closed(&mouse);
	ck_assert_int_eq(mouse_send(&mouse, &report), -ENOTCONN);
}
END_TEST

/* What the descriptor says about sizes is what a report has: HID 1.11, 6.2.2.7. */
START_TEST(reports_are_as_described)
{
	const struct mouse_info *info = (void *)(guest.packet + 8);
	const uint8_t *at, *end;
	unsigned int size = 0, count = 0, bits = 0;

	ask_mouse(MOUSE_REQUEST, 0x20000, 20);
	at = (const uint8_t *)(info + 1);
	end = at + info->hid.report_length;
	while (at < end) {
		size = (*at & 0xfc) == 0x74 ? at[1] : size;
		count = (*at & 0xfc) == 0x94 ? at[1] : count;
		bits += (*at & 0xfc) == 0x80 ? size * count : 0;
		at += 1 + ((*at & 3) == 3 ? 4 : *at & 3);
	}
	ck_assert_ptr_eq(at, end);
	ck_assert_uint_eq(bits, 8 * sizeof(struct mouse_report));
}
END_TEST

START_TEST(mouse_nonsense)
{
	size_t size;

	for (size = 0; size < 20; size++)
		ask_mouse(MOUSE_REQUEST, 0x20000, size);
	ask_mouse(MOUSE_RESPONSE, 0, 20);
	ask_mouse(77, 0, 20);
	ck_assert_uint_eq(mouse.bad, 22);
	ck_assert_uint_eq(guest.count, 0);
}
END_TEST

static void tell(enum balloon_type type, void *message, size_t size)
{
	struct balloon_header *header = message;

	header->type = (uint16_t)type;
	header->size = (uint16_t)size;
	balloon_packet(&balloon, message, size);
}

static void connect_balloon(void)
{
	struct balloon_version version = { .version = BALLOON_VERSION_WIN10 };
	struct balloon_capabilities capabilities = { .flags = 3 };

	balloon_opened(&balloon);
	tell(BALLOON_VERSION_REQUEST, &version, sizeof(version));
	tell(BALLOON_CAPABILITIES, &capabilities, sizeof(capabilities));
	ck_assert_int_eq(balloon.state, BALLOON_STATE_READY);
}

START_TEST(balloon_versions)
{
	const struct balloon_accepted *accepted = (void *)guest.packet;
	struct balloon_version version = { .version = 0x30000 };
	struct balloon_capabilities capabilities = { .flags = 3 };

	ck_assert_int_eq(balloon_set(&balloon, 1, note_end, NULL), -ENOTCONN);
	balloon_opened(&balloon);
	tell(BALLOON_VERSION_REQUEST, &version, sizeof(version));
	ck_assert_uint_eq(accepted->header.type, 2);
	ck_assert_uint_eq(accepted->accepted, 0);
	tell(BALLOON_CAPABILITIES, &capabilities, sizeof(capabilities));
	ck_assert_uint_eq(balloon.bad, 1);
	version.version = BALLOON_VERSION_WIN8;
	tell(BALLOON_VERSION_REQUEST, &version, sizeof(version));
	ck_assert_uint_eq(accepted->accepted, 1);
	tell(BALLOON_VERSION_REQUEST, &version, sizeof(version));
	ck_assert_uint_eq(balloon.bad, 2);
	capabilities.flags = BALLOON_CAN_HOT_ADD;
	tell(BALLOON_CAPABILITIES, &capabilities, sizeof(capabilities));
	ck_assert_uint_eq(accepted->header.type, 4);
	ck_assert_int_eq(balloon_set(&balloon, 1, note_end, NULL), -EOPNOTSUPP);
}
END_TEST

START_TEST(a_status_report)
{
	struct balloon_status status = { .available = 1000, .committed = 500 };

	connect_balloon();
	tell(BALLOON_STATUS, &status, sizeof(status));
	ck_assert_uint_eq(balloon.available, 1000);
	ck_assert_uint_eq(balloon.committed, 500);
	tell(BALLOON_STATUS, &status, sizeof(status) - 1);
	ck_assert_uint_eq(balloon.bad, 1);
	ck_assert_uint_eq(balloon.reports, 1);
}
END_TEST

struct ranges {
	struct balloon_response head;
	uint64_t ranges[4];
} __attribute__((packed));

#define RANGE(page, count)	((page) | (uint64_t)(count) << 40)

static void give(bool more, uint32_t claimed, const uint64_t *ranges, unsigned int count)
{
	struct ranges message = { .head = { .more_and_count = claimed << 1 | more } };

	memcpy(message.ranges, ranges, count * sizeof(*ranges));
	tell(BALLOON_RESPONSE, &message, sizeof(message.head) + count * sizeof(*ranges));
}

START_TEST(pages_are_given_and_returned)
{
	const struct balloon_request *request = (void *)guest.packet;
	const struct balloon_unballoon *back = (void *)guest.packet;
	struct balloon_header done = { .type = 0 };
	uint64_t ranges[2];

	connect_balloon();
	ck_assert_int_eq(balloon_set(&balloon, 600, note_end, NULL), 0);
	ck_assert_uint_eq(request->header.type, 6);
	ck_assert_uint_eq(request->pages, 600);
	ck_assert_int_eq(balloon_set(&balloon, 0, note_end, NULL), -EBUSY);
	give(true, 1, (uint64_t[]){ RANGE(1024, 512) }, 1);
	ck_assert_uint_eq(ends, 0);
	give(false, 2, (uint64_t[]){ RANGE(5000, 50), RANGE(99990, 10) }, 2);
	ck_assert_str_eq(discarded, "1024+512 5000+50 99990+10 ");
	ck_assert_uint_eq(balloon.given, 572);
	ck_assert_int_eq(result, -ENOSPC);
	ck_assert_int_eq(balloon_set(&balloon, 572, note_end, NULL), 1);
	ck_assert_int_eq(balloon_set(&balloon, 12, note_end, NULL), 0);
	ck_assert_uint_eq(back->header.type, 8);
	ck_assert_uint_eq(back->count, 2);
	ck_assert_uint_eq(back->more, 0);
	memcpy(ranges, back + 1, sizeof(ranges));
	ck_assert_uint_eq(ranges[0], RANGE(1024, 512));
	ck_assert_uint_eq(ranges[1], RANGE(5000, 48));
	ck_assert_uint_eq(ends, 1);
	tell(BALLOON_UNBALLOON_RESPONSE, &done, sizeof(done));
	ck_assert_uint_eq(ends, 2);
	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(balloon.given, 12);
}
END_TEST

START_TEST(pages_that_are_not_to_be_had)
{
	const uint64_t wrong[] = {
		RANGE(PAGES, 1), RANGE(PAGES - 1, 2), RANGE(1, 0), RANGE(55000, 1),
	};

	connect_balloon();
	give(false, 1, (uint64_t[]){ RANGE(1, 1) }, 1);		/* unasked */
	ck_assert_uint_eq(balloon.bad, 1);
	balloon_set(&balloon, 100, note_end, NULL);
	give(true, 4, wrong, 4);
	ck_assert_uint_eq(balloon.bad, 5);
	give(true, 2, (uint64_t[]){ RANGE(10, 10), RANGE(19, 5) }, 2);
	ck_assert_uint_eq(balloon.bad, 6);
	give(true, 3, (uint64_t[]){ RANGE(30, 10) }, 1);	/* more are claimed */
	give(true, 0x7fffffff, (uint64_t[]){ RANGE(30, 10) }, 1);
	ck_assert_uint_eq(balloon.bad, 8);
	ck_assert_str_eq(discarded, "10+10 ");
	ck_assert_uint_eq(balloon.given, 10);
	balloon_closed(&balloon);
	ck_assert_int_eq(result, -ECONNRESET);
	ck_assert_uint_eq(balloon.given, 0);
}
END_TEST

/* Many small ranges take many messages, and the ring may be full. */
START_TEST(pages_in_pieces)
{
	const struct balloon_unballoon *back = (void *)guest.packet;
	struct balloon_header done = { .type = 0 };
	unsigned int i;

	connect_balloon();
	balloon_set(&balloon, 2000, note_end, NULL);
	for (i = 0; i < 2000; i++)
		give(i < 1999, 1, (uint64_t[]){ RANGE(2 * i, 1) }, 1);
	ck_assert_int_eq(result, 0);
	guest.result = -EAGAIN;
	ck_assert_int_eq(balloon_set(&balloon, 500, note_end, NULL), 0);
	ck_assert_uint_eq(balloon.given, 2000);
	tell(BALLOON_UNBALLOON_RESPONSE, &done, sizeof(done));
	ck_assert_uint_eq(balloon.bad, 1);
	guest.result = 0;
	guest.count = 0;
	balloon_writable(&balloon);
	ck_assert_uint_eq(guest.count, 3);
	ck_assert_uint_eq(back->count, 1500 - 2 * 510);
	ck_assert_uint_eq(back->more, 0);
	ck_assert_uint_eq(balloon.given, 500);
	tell(BALLOON_UNBALLOON_RESPONSE, &done, sizeof(done));
	ck_assert_uint_eq(ends, 2);
	ck_assert_int_eq(balloon.state, BALLOON_STATE_READY);
}
END_TEST

static void answer_add(uint32_t pages)
{
	struct balloon_hot_add_response message = { .pages = pages, .result = 1 };

	tell(BALLOON_HOT_ADD_RESPONSE, &message, sizeof(message));
}

START_TEST(pages_are_added)
{
	const struct balloon_hot_add *request = (void *)guest.packet;

	ck_assert_int_eq(balloon_resize(&balloon, 50001, note_end, NULL), -ENOTCONN);
	connect_balloon();
	ck_assert_uint_eq(balloon_total(&balloon), 50000);
	ck_assert_int_eq(balloon_resize(&balloon, 50001, note_end, NULL), 0);
	ck_assert_uint_eq(request->header.type, 10);
	ck_assert_uint_eq(request->header.size, 16);
	ck_assert_uint_eq(request->range, RANGE(60000, 256));
	ck_assert_str_eq(added, "60000+256 ");
	ck_assert_int_eq(balloon_resize(&balloon, 1, note_end, NULL), -EBUSY);
	answer_add(256);
	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(balloon_total(&balloon), 50256);
	ck_assert_int_eq(balloon_resize(&balloon, 50256, note_end, NULL), 1);
	ck_assert_int_eq(balloon_resize(&balloon, 51000, note_end, NULL), 0);
	ck_assert_uint_eq(request->range, RANGE(60256, 768));
	answer_add(512);
	ck_assert_int_eq(result, -ENOSPC);
	ck_assert_uint_eq(balloon_total(&balloon), 50768);
	ck_assert_int_eq(balloon_resize(&balloon, 90000, note_end, NULL), -ERANGE);
	ck_assert_int_eq(balloon_resize(&balloon, UINT64_MAX, note_end, NULL), -ERANGE);
	ck_assert_int_eq(balloon_resize(&balloon, 89936, note_end, NULL), 0);
	ck_assert_uint_eq(request->range, RANGE(60768, 39168));
	answer_add(39168);
	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(ends, 3);
}
END_TEST

/* What was given comes back before more is added. */
START_TEST(less_and_then_more)
{
	const struct balloon_request *take = (void *)guest.packet;
	const struct balloon_hot_add *request = (void *)guest.packet;
	struct balloon_header done = { .type = 0 };

	connect_balloon();
	ck_assert_int_eq(balloon_resize(&balloon, 49900, note_end, NULL), 0);
	ck_assert_uint_eq(take->header.type, 6);
	ck_assert_uint_eq(take->pages, 100);
	give(false, 1, (uint64_t[]){ RANGE(1000, 100) }, 1);
	ck_assert_uint_eq(balloon_total(&balloon), 49900);
	ck_assert_int_eq(balloon_resize(&balloon, 50200, note_end, NULL), 0);
	ck_assert_str_eq(added, "");
	tell(BALLOON_UNBALLOON_RESPONSE, &done, sizeof(done));
	ck_assert_uint_eq(request->range, RANGE(60000, 256));
	answer_add(256);
	ck_assert_uint_eq(ends, 2);
	ck_assert_uint_eq(balloon_total(&balloon), 50256);
	balloon_closed(&balloon);
	ck_assert_uint_eq(balloon_total(&balloon), 50256);
	balloon_restarted(&balloon);
	connect_balloon();
	ck_assert_int_eq(balloon_resize(&balloon, 50200, note_end, NULL), 0);
	ck_assert_uint_eq(request->range, RANGE(60000, 256));
}
END_TEST

START_TEST(answers_to_adding_that_are_wrong)
{
	struct balloon_hot_add_response message = { .pages = 256 };
	struct balloon_header done = { .type = 0 };

	connect_balloon();
	answer_add(256);		/* unasked */
	ck_assert_uint_eq(balloon.bad, 1);
	balloon_resize(&balloon, 50512, note_end, NULL);
	answer_add(513);
	answer_add(UINT32_MAX);
	tell(BALLOON_HOT_ADD_RESPONSE, &message, sizeof(message) - 1);
	tell(BALLOON_UNBALLOON_RESPONSE, &done, sizeof(done));
	give(false, 1, (uint64_t[]){ RANGE(10, 10) }, 1);
	ck_assert_uint_eq(balloon.bad, 6);
	ck_assert_uint_eq(balloon.added, 0);
	answer_add(1);			/* the rest of that unit is of no use */
	ck_assert_int_eq(result, -ENOSPC);
	ck_assert_uint_eq(balloon.added, 1);
	ck_assert_uint_eq(balloon.hot_used, 256);
	balloon_resize(&balloon, 50512, note_end, NULL);
	answer_add(0);
	ck_assert_int_eq(result, -ENOSPC);
	balloon_resize(&balloon, 50512, note_end, NULL);
	balloon_closed(&balloon);
	ck_assert_int_eq(result, -ECONNRESET);
	ck_assert_uint_eq(ends, 3);
}
END_TEST

START_TEST(adding_that_fails)
{
	struct balloon_capabilities capabilities = { .flags = BALLOON_CAN_BALLOON };

	connect_balloon();
	add_error = -ENOMEM;
	ck_assert_int_eq(balloon_resize(&balloon, 50001, note_end, NULL), 0);
	ck_assert_int_eq(result, -ENOMEM);
	add_error = 0;
	guest.result = -EAGAIN;
	guest.count = 0;
	ck_assert_int_eq(balloon_resize(&balloon, 50001, note_end, NULL), 0);
	answer_add(256);		/* to what it has not heard */
	ck_assert_uint_eq(balloon.bad, 1);
	guest.result = 0;
	balloon_writable(&balloon);
	ck_assert_uint_eq(guest.count, 1);
	answer_add(256);
	ck_assert_int_eq(result, 0);
	balloon_closed(&balloon);
	connect_balloon();
	balloon.state = BALLOON_STATE_CAPABILITIES;
	tell(BALLOON_CAPABILITIES, &capabilities, sizeof(capabilities));
	ck_assert_int_eq(balloon_resize(&balloon, 60000, note_end, NULL), -EOPNOTSUPP);
	balloon.state = BALLOON_STATE_CAPABILITIES;
	capabilities.flags = BALLOON_CAN_HOT_ADD | 15 << 2;	/* by 32 GiB */
	tell(BALLOON_CAPABILITIES, &capabilities, sizeof(capabilities));
	ck_assert_int_eq(balloon_resize(&balloon, 60000, note_end, NULL), -ERANGE);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		keys_down_and_up, typed_text, every_character_has_its_key, keyboard_lights,
		a_mouse_is_described, reports_are_as_described, mouse_nonsense, balloon_versions,
		a_status_report, pages_are_given_and_returned, pages_that_are_not_to_be_had,
		pages_in_pieces, pages_are_added, less_and_then_more,
		answers_to_adding_that_are_wrong, adding_that_fails,
	};

	return run_tests("synth", tests, ARRAY_SIZE(tests), setup, teardown);
}
