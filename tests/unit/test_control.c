// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/control/request.c userspace/vmwp/control/call.c */
/* LINK: userspace/vmwp/control/lines.c userspace/vmwp/control/commands.c */
/* LINK: userspace/vmwp/control/disks.c */
/* LINK: userspace/vmwp/control/services.c userspace/vmwp/vdev/services.c */
/* LINK: userspace/vmwp/vdev/ic.c userspace/vmwp/vdev/ic_text.c */
/* LINK: userspace/vmwp/vdev/ic_heartbeat.c userspace/vmwp/vdev/ic_shutdown.c */
/* LINK: userspace/vmwp/vdev/ic_timesync.c userspace/vmwp/vdev/ic_vss.c */
/* LINK: userspace/vmwp/vdev/ic_kvp.c userspace/vmwp/vdev/ic_fcopy.c */
/* LINK: userspace/vmwp/vdev/keyboard.c userspace/vmwp/vdev/mouse.c */
/* LINK: userspace/vmwp/vdev/balloon.c userspace/vmwp/bus.c tests/unit/fake_host.c */
/* LINK: tests/unit/fake_control.c */
/* LIBS: -ljson-c */
/*
 * The control socket without a socket: lines in, answers out, what is done in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/lines.h"
#include "fake_control.h"
#include "run_tests.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct fake_control fake;

static void setup(void)
{
	fake_control_init(&fake);
}

static void teardown(void)
{
	fake_control_fini(&fake);
}

static const char *ask(const char *line)
{
	fake.sent[0] = '\0';
	control_line(&fake.client, &fake_commands, &fake_control_ops, &fake, line, strlen(line),
		     -1);
	return fake.sent;
}

static const char *real(const char *line)
{
	fake.sent[0] = '\0';
	control_line(&fake.client, &control_commands, &fake_control_ops, &fake, line, strlen(line),
		     -1);
	return fake.sent;
}

#define COMMAND(name, arguments)						\
	"{\"command\":\"" name "\",\"arguments\":{" arguments "}}"
#define OK(id)		"{" id "\"ok\":true,\"result\":{}}"

static bool refused(const char *answer, const char *code)
{
	char wanted[80];

	snprintf(wanted, sizeof(wanted), "\"error\":{\"code\":\"%s\",\"message\":\"", code);
	return strstr(answer, wanted) && strstr(answer, "\"ok\":false");
}

START_TEST(ids_come_back)
{
	ck_assert_str_eq(real("{\"command\":\"pause\"}"), OK(""));
	ck_assert_str_eq(real("{\"command\":\"pause\",\"id\":7}"), OK("\"id\":7,"));
	ck_assert_str_eq(real("{\"id\":\"a\\\"b\",\"command\":\"pause\",\"arguments\":{}}"),
			 OK("\"id\":\"a\\\"b\","));
	ck_assert_int_eq(fake.pauses, 3);
	ck_assert(strstr(real("{\"id\":9,\"command\":\"nonsense\"}"), "{\"id\":9,\"ok\":false"));
}
END_TEST

START_TEST(what_is_no_request)
{
	static const struct {
		const char *line, *code;
	} bad[] = {
		{ "x", "bad-json" }, { "{", "bad-json" }, { "{}{}", "bad-json" },
		{ "{\"command\":\"pause\"} x", "bad-json" }, { "null", "bad-json" },
		{ "{'command':'pause'}", "bad-json" }, { "{\"command\":\"\xff\"}", "bad-json" },
		{ "{\"command\":[[[[[[1]]]]]]}", "bad-json" }, { "1", "bad-json" },
		{ "[]", "bad-request" }, { "\"pause\"", "bad-request" }, { "{}", "bad-request" },
		{ "{\"command\":1}", "bad-request" }, { "{\"command\":null}", "bad-request" },
		{ "{\"command\":\"pause\\u0000\"}", "bad-request" },
		{ "{\"command\":\"pause\",\"id\":1.5}", "bad-request" },
		{ "{\"command\":\"pause\",\"id\":{}}", "bad-request" },
		{ "{\"command\":\"pause\",\"id\":null}", "bad-request" },
		{ "{\"command\":\"pause\",\"arguments\":[]}", "bad-request" },
		{ "{\"command\":\"pause\",\"arguments\":null}", "bad-request" },
		{ "{\"command\":\"pause\",\"argument\":{}}", "bad-request" },
		{ "{\"command\":\"Pause\"}", "unknown-command" },
		{ "{\"command\":\"\"}", "unknown-command" },
		{ "{\"command\":\"pause\",\"arguments\":{\"a\":1}}", "bad-argument" },
		{ "{\"command\":\"events\"}", "bad-argument" },
		{ "{\"command\":\"events\",\"arguments\":{\"on\":1}}", "bad-argument" },
		{ "{\"command\":\"events\",\"arguments\":{\"on\":null}}", "bad-argument" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(refused(real(bad[i].line), bad[i].code), "%s: %s", bad[i].line,
			      fake.sent);
	ck_assert_int_eq(fake.pauses, 0);
	ck_assert_uint_eq(fake.client.call_count, 0);
}
END_TEST

START_TEST(long_ids)
{
	char line[200], id[CONTROL_ID_MAX + 2];

	memset(id, 'i', sizeof(id));
	id[CONTROL_ID_MAX] = '\0';
	snprintf(line, sizeof(line), "{\"command\":\"pause\",\"id\":\"%s\"}", id);
	ck_assert(strstr(real(line), "\"ok\":true"));
	id[CONTROL_ID_MAX] = 'i';
	id[CONTROL_ID_MAX + 1] = '\0';
	snprintf(line, sizeof(line), "{\"command\":\"pause\",\"id\":\"%s\"}", id);
	ck_assert(refused(real(line), "bad-request"));
	ck_assert(!strstr(fake.sent, "\"id\""));
}
END_TEST

#define ARGUMENTS(text) "{\"command\":\"all\",\"arguments\":{" text "}}"

START_TEST(arguments_of_each_type)
{
	ask(ARGUMENTS("\"s\":\"abc\",\"n\":5,\"f\":true,\"l\":[\"x\",\"y\"],\"c\":\"red\""));
	ck_assert_str_eq(fake.sent, OK(""));
	ck_assert_str_eq(fake.text, "abc");
	ck_assert_int_eq(fake.number, 5);
	ck_assert(fake.flag);
	ck_assert_str_eq(fake.list, "x y ");
	ask(ARGUMENTS("\"s\":\"ab\",\"n\":-3"));
	ck_assert_str_eq(fake.sent, OK(""));
	ck_assert_int_eq(fake.number, -3);
	ck_assert(!fake.flag);
}
END_TEST

START_TEST(arguments_out_of_range)
{
	static const char *const bad[] = {
		ARGUMENTS(""), ARGUMENTS("\"s\":\"abc\""), ARGUMENTS("\"n\":1"),
		ARGUMENTS("\"s\":\"a\",\"n\":1"), ARGUMENTS("\"s\":\"abcde\",\"n\":1"),
		ARGUMENTS("\"s\":\"ab\",\"n\":11"), ARGUMENTS("\"s\":\"ab\",\"n\":-4"),
		ARGUMENTS("\"s\":\"ab\",\"n\":99999999999999999999"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1.0"), ARGUMENTS("\"s\":\"ab\",\"n\":\"1\""),
		ARGUMENTS("\"s\":1,\"n\":1"), ARGUMENTS("\"s\":\"a\\u0000b\",\"n\":1"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"f\":0"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"l\":1"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"l\":[1]"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"l\":[\"1\",\"2\",\"3\",\"4\"]"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"l\":[]"),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"c\":\"green\""),
		ARGUMENTS("\"s\":\"ab\",\"n\":1,\"S\":\"ab\""),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(refused(ask(bad[i]), "bad-argument"), "%s: %s", bad[i], fake.sent);
	ck_assert_int_eq(fake.runs, 0);
}
END_TEST

START_TEST(operations_that_fail)
{
	fake.result = -EALREADY;
	ck_assert(refused(real("{\"command\":\"pause\"}"), "already"));
	fake.result = -ESHUTDOWN;
	ck_assert(refused(real("{\"command\":\"resume\"}"), "ending"));
	fake.result = -EIO;
	ck_assert(refused(real("{\"command\":\"reset\"}"), "failed"));
	ck_assert(refused(real("{\"command\":\"quit\"}"), "failed"));
	fake.result = 0;
	ck_assert_str_eq(real("{\"command\":\"quit\"}"), OK(""));
}
END_TEST

START_TEST(answers_that_come_later)
{
	struct control_call *first;

	ask("{\"command\":\"later\",\"id\":1}");
	first = fake.kept;
	ask("{\"command\":\"later\",\"id\":2}");
	ck_assert_str_eq(fake.sent, "");
	ck_assert_uint_eq(fake.client.call_count, 2);
	control_reply(first, NULL);
	ck_assert_str_eq(fake.sent, OK("\"id\":1,"));
	fake.sent[0] = '\0';
	control_fail(fake.kept, "timeout", "%d s", 3);
	ck_assert(refused(fake.sent, "timeout"));
	ck_assert(strstr(fake.sent, "{\"id\":2,"));
	ck_assert(strstr(fake.sent, "\"message\":\"3 s\"}}"));
	ck_assert_uint_eq(fake.client.call_count, 0);
}
END_TEST

START_TEST(a_client_that_goes)
{
	ask("{\"command\":\"later\"}");
	ask("{\"command\":\"later\"}");
	control_forget_calls(&fake.client);
	ck_assert_int_eq(fake.cancels, 2);
	ck_assert_ptr_null(fake.client.calls);
	ck_assert_str_eq(fake.sent, "");
}
END_TEST

START_TEST(many_unanswered)
{
	unsigned int i;

	for (i = 0; i < CONTROL_CALLS_MAX; i++)
		ck_assert_str_eq(ask("{\"command\":\"later\"}"), "");
	ck_assert(refused(ask("{\"command\":\"later\"}"), "busy"));
	control_forget_calls(&fake.client);
	ck_assert_str_eq(ask("{\"command\":\"later\"}"), "");
	control_forget_calls(&fake.client);
}
END_TEST

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void ask_with_file(const char *line, int file)
{
	fake.sent[0] = '\0';
	control_line(&fake.client, &fake_commands, &fake_control_ops, &fake, line, strlen(line),
		     file);
}

START_TEST(files)
{
	int file = open("/dev/null", O_RDONLY);

	ck_assert(refused(ask("{\"command\":\"file\"}"), "bad-request"));
	ask_with_file("{\"command\":\"file\"}", file);
	ck_assert_str_eq(fake.sent, OK(""));
	ck_assert(!is_open(file));
	file = open("/dev/null", O_RDONLY);
	ask_with_file("{\"command\":\"later\"}", file);
	ck_assert(refused(fake.sent, "bad-request"));
	ck_assert(!is_open(file));
	file = open("/dev/null", O_RDONLY);
	ask_with_file("nonsense", file);
	ck_assert(!is_open(file));
}
END_TEST

START_TEST(commands_are_listed)
{
	size_t i;
	char wanted[80];

	real("{\"command\":\"commands\"}");
	for (i = 0; i < control_commands.count; i++) {
		snprintf(wanted, sizeof(wanted), "{\"name\":\"%s\",\"help\":\"",
			 control_commands.list[i].name);
		ck_assert_msg(strstr(fake.sent, wanted), "%s", wanted);
	}
	ck_assert_str_eq(real("{\"command\":\"events\",\"arguments\":{\"on\":true}}"), OK(""));
	ck_assert(fake.client.subscribed);
	real("{\"command\":\"events\",\"arguments\":{\"on\":false}}");
	ck_assert(!fake.client.subscribed);
}
END_TEST

/* Each command is described where people look. */
START_TEST(commands_are_documented)
{
	static char text[65536];
	FILE *file = fopen("Documentation/control-socket.md", "r");
	char wanted[80];
	size_t i, length;

	if (!file)
		file = fopen("../../Documentation/control-socket.md", "r");
	ck_assert_ptr_nonnull(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	for (i = 0; i < control_commands.count; i++) {
		snprintf(wanted, sizeof(wanted), "| `%s` |", control_commands.list[i].name);
		ck_assert_msg(strstr(text, wanted), "%s is not documented", wanted);
	}
}
END_TEST

static const struct ic_header *header(void)
{
	return (const struct ic_header *)fake.packet;
}

/* The driver answers the last request, with its own bytes. */
static void answer(enum service_id id, uint32_t status)
{
	static uint8_t copy[IC_PACKET_MAX];
	struct ic_header changed = *header();

	changed.flags = IC_RESPONSE;
	changed.status = status;
	memcpy(copy, fake.packet, fake.packet_size);
	memcpy(copy, &changed, sizeof(changed));
	service_classes[id].packet(&fake.services, copy, fake.packet_size);
}

static void agree(enum service_id id, struct ic *ic)
{
	service_classes[id].opened(&fake.services);
	ic->state = IC_STATE_READY;
}

START_TEST(services_without_drivers)
{
	static const char *const lines[] = {
		"{\"command\":\"shutdown\"}", "{\"command\":\"time-sync\"}",
		"{\"command\":\"freeze\"}", "{\"command\":\"balloon\",\"arguments\":{\"size\":1}}",
		"{\"command\":\"kvp-list\",\"arguments\":{\"pool\":\"auto\"}}",
		"{\"command\":\"type\",\"arguments\":{\"text\":\"a\"}}",
		"{\"command\":\"pointer\",\"arguments\":{\"x\":1,\"y\":2}}",
	};
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(lines); i++) {
		fake.vmbus = i < ARRAY_SIZE(lines);
		ck_assert_msg(refused(real(lines[i % ARRAY_SIZE(lines)]), "no-driver"), "%s",
			      fake.sent);
	}
	ck_assert(refused(real("{\"command\":\"channels\"}"), "no-driver"));
	ck_assert(refused(real("{\"command\":\"heartbeat\"}"), "no-driver"));
	fake.vmbus = true;
	ck_assert(strstr(real("{\"command\":\"heartbeat\"}"), "{\"state\":\"none\"}"));
	ck_assert_uint_eq(fake.packets, 0);
}
END_TEST

START_TEST(a_guest_is_asked_to_end)
{
	agree(SERVICE_SHUTDOWN, &fake.services.shutdown.ic);
	ck_assert_str_eq(real("{\"command\":\"shutdown\",\"id\":1}"), "");
	ck_assert_uint_eq(header()->type, IC_SHUTDOWN);
	ck_assert(refused(real("{\"command\":\"reboot\"}"), "busy"));
	fake.sent[0] = '\0';
	answer(SERVICE_SHUTDOWN, 0);
	ck_assert_str_eq(fake.sent, OK("\"id\":1,"));
	real("{\"command\":\"reboot\",\"arguments\":{\"force\":true}}");
	ck_assert_uint_eq(fake.packet[sizeof(struct ic_header) + 8], 3);
	answer(SERVICE_SHUTDOWN, IC_FAIL);
	ck_assert(refused(fake.sent, "refused"));
	real("{\"command\":\"shutdown\"}");
	fake_host_advance(&fake.host, 40 * IC_SECOND);
	ck_assert(refused(fake.sent, "timeout"));
	real("{\"command\":\"shutdown\"}");
	control_forget_calls(&fake.client);
	fake.sent[0] = '\0';
	answer(SERVICE_SHUTDOWN, 0);
	ck_assert_str_eq(fake.sent, "");
}
END_TEST

START_TEST(pairs_of_a_guest)
{
	struct ic_kvp_message message = { .operation = IC_KVP_LIST };

	agree(SERVICE_KVP, &fake.services.kvp.ic);
	real("{\"command\":\"kvp-list\",\"arguments\":{\"pool\":\"auto\"}}");
	ck_assert_uint_eq(fake.packet[sizeof(struct ic_header) + 1], IC_KVP_AUTO);
	message.list.item.key_size = 4;
	message.list.item.value_size = 4;
	memcpy(message.list.item.key, u"k", 4);
	memcpy(message.list.item.value, u"v", 4);
	memcpy(fake.packet + sizeof(struct ic_header), &message, sizeof(message));
	answer(SERVICE_KVP, 0);
	answer(SERVICE_KVP, IC_NO_MORE_ITEMS);
	ck_assert_str_eq(fake.sent, "{\"ok\":true,\"result\":{\"pairs\":{\"k\":\"v\"}}}");
	real("{\"command\":\"kvp-get\",\"arguments\":{\"pool\":\"guest\",\"key\":\"a\"}}");
	answer(SERVICE_KVP, IC_NO_MORE_ITEMS);
	ck_assert(refused(fake.sent, "not-found"));
	real("{\"command\":\"kvp-list\",\"arguments\":{\"pool\":\"guest\"}}");
	control_forget_calls(&fake.client);
	ck_assert(refused(real(COMMAND("kvp-get", "\"pool\":\"guest\",\"key\":\"a\"")), "busy"));
	service_classes[SERVICE_KVP].closed(&fake.services);
}
END_TEST

START_TEST(a_file_for_a_guest)
{
	static const char line[] = "{\"command\":\"copy-file\",\"arguments\":{\"path\":\"/a\"}}";
	FILE *file = tmpfile();

	agree(SERVICE_FCOPY, &fake.services.fcopy.ic);
	fake.sent[0] = '\0';
	control_line(&fake.client, &control_commands, &fake_control_ops, &fake, line, strlen(line),
		     open("/dev/null", O_RDONLY));
	ck_assert(refused(fake.sent, "bad-argument"));
	fputs("hello", file);
	fflush(file);
	fake.sent[0] = '\0';
	control_line(&fake.client, &control_commands, &fake_control_ops, &fake, line, strlen(line),
		     dup(fileno(file)));
	answer(SERVICE_FCOPY, 0);
	ck_assert_int_eq(memcmp(fake.packet + sizeof(struct ic_header) +
				offsetof(struct ic_fcopy_data, data), "hello", 5), 0);
	answer(SERVICE_FCOPY, 0);
	ck_assert_str_eq(fake.sent, "");
	answer(SERVICE_FCOPY, 0);
	ck_assert_str_eq(fake.sent, OK(""));
	control_line(&fake.client, &control_commands, &fake_control_ops, &fake, line, strlen(line),
		     dup(fileno(file)));
	control_forget_calls(&fake.client);
	answer(SERVICE_FCOPY, 0);
	ck_assert_uint_eq(fake.packet[sizeof(struct ic_header)], IC_FCOPY_CANCEL);
	fclose(file);
}
END_TEST

START_TEST(keys_and_pointer)
{
	const struct keyboard_request request = { KEYBOARD_REQUEST, KEYBOARD_VERSION };

	keyboard_packet(&fake.services.keyboard, &request, sizeof(request));
	fake.packets = 0;
	ck_assert_str_eq(real("{\"command\":\"key\",\"arguments\":{\"code\":30}}"), OK(""));
	ck_assert_uint_eq(fake.packets, 2);
	real(COMMAND("key", "\"code\":77,\"prefix\":\"e0\",\"action\":\"up\""));
	ck_assert_uint_eq(fake.packets, 3);
	ck_assert_int_eq(memcmp(fake.packet, "\3\0\0\0\x4d\0\0\0\6\0\0\0", 12), 0);
	ck_assert(refused(real("{\"command\":\"type\",\"arguments\":{\"text\":\"\xc3\xa4\"}}"),
			  "bad-argument"));
	fake.services.mouse.accepted = true;
	ck_assert_str_eq(real(COMMAND("pointer", "\"x\":258,\"y\":1,\"wheel\":-1")), OK(""));
	ck_assert_int_eq(memcmp(fake.packet + 16, "\0\2\1\1\0\xff\0", 7), 0);
}
END_TEST

START_TEST(memory_of_a_guest)
{
	struct balloon_header done = { BALLOON_UNBALLOON_RESPONSE, 8, 0 };
	struct balloon_hot_add_response added = { { BALLOON_HOT_ADD_RESPONSE, 16, 0 }, 512, 1 };
	struct {
		struct balloon_response head;
		uint64_t range;
	} __attribute__((packed)) given = {
		{ { BALLOON_RESPONSE, 24, 0 }, 0, 2 }, 100 | 256ull << 40,
	};

	fake.services.balloon.state = BALLOON_STATE_READY;
	fake.services.balloon.capabilities = BALLOON_CAN_BALLOON;
	real("{\"command\":\"balloon\",\"arguments\":{\"size\":1}}");
	balloon_packet(&fake.services.balloon, &given, sizeof(given));
	ck_assert_str_eq(fake.sent, OK(""));
	ck_assert_str_eq(real("{\"command\":\"balloon\",\"arguments\":{\"size\":1}}"), OK(""));
	ck_assert(strstr(real("{\"command\":\"memory\"}"), "\"ballooned\":1048576"));
	ck_assert_str_eq(real("{\"command\":\"balloon\",\"arguments\":{\"size\":0}}"), "");
	control_forget_calls(&fake.client);
	balloon_packet(&fake.services.balloon, &done, sizeof(done));
	ck_assert_str_eq(fake.sent, "");
	fake.services.balloon.capabilities |= BALLOON_CAN_HOT_ADD;
	fake.services.balloon.hot_unit = 256;
	ck_assert(strstr(real("{\"command\":\"memory\"}"), "\"maximum\":268435456"));
	ck_assert_str_eq(real("{\"command\":\"memory\",\"arguments\":{\"size\":128}}"), OK(""));
	ck_assert(strstr(real("{\"command\":\"memory\",\"arguments\":{\"size\":257}}"),
			 "\"bad-argument\""));
	ck_assert_str_eq(real("{\"command\":\"memory\",\"arguments\":{\"size\":130}}"), "");
	balloon_packet(&fake.services.balloon, &added, sizeof(added));
	ck_assert_str_eq(fake.sent, OK(""));
	ck_assert(strstr(real("{\"command\":\"memory\"}"), "\"total\":136314880"));
}
END_TEST

static char seen[256];

static void note(void *ctx, const char *text, size_t length)
{
	size_t used = strlen(seen);

	if (text)
		snprintf(seen + used, sizeof(seen) - used, "%.*s|", (int)length, text);
	else
		snprintf(seen + used, sizeof(seen) - used, "!|");
}

START_TEST(lines_in_pieces)
{
	static struct lines lines;
	static char longer[CONTROL_LINE_MAX + 1];
	static const char text[] = "ab\n\ncd\ne";
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++)
		lines_feed(&lines, text + i, 1, note, NULL);
	ck_assert_str_eq(seen, "ab|cd|");
	lines_feed(&lines, "f\ng\n", 4, note, NULL);
	ck_assert_str_eq(seen, "ab|cd|ef|g|");
	seen[0] = '\0';
	memset(longer, 'x', sizeof(longer));
	lines_feed(&lines, longer, sizeof(longer), note, NULL);
	lines_feed(&lines, longer, sizeof(longer), note, NULL);
	ck_assert_str_eq(seen, "");
	lines_feed(&lines, "y\nz\n", 4, note, NULL);
	ck_assert_str_eq(seen, "!|z|");
	lines_feed(&lines, longer, CONTROL_LINE_MAX, note, NULL);
	lines_feed(&lines, "\n", 1, note, NULL);
	ck_assert_uint_eq(strlen(seen), sizeof(seen) - 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		ids_come_back, what_is_no_request, long_ids, arguments_of_each_type,
		arguments_out_of_range, operations_that_fail, answers_that_come_later,
		a_client_that_goes, many_unanswered, files, commands_are_listed,
		commands_are_documented, lines_in_pieces, services_without_drivers,
		a_guest_is_asked_to_end, pairs_of_a_guest, a_file_for_a_guest, keys_and_pointer,
		memory_of_a_guest,
	};

	return run_tests("control", tests, ARRAY_SIZE(tests), setup, teardown);
}
