// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/vdev/ic.c userspace/vmwp/vdev/ic_text.c */
/* LINK: userspace/vmwp/vdev/ic_heartbeat.c userspace/vmwp/vdev/ic_shutdown.c */
/* LINK: userspace/vmwp/vdev/ic_timesync.c userspace/vmwp/vdev/ic_vss.c */
/* LINK: userspace/vmwp/bus.c tests/unit/fake_host.c */
/*
 * What integration components share, and the small ones, in front of a driver as Linux has it
 * and of one that does anything.
 */
#include <errno.h>

#include "fake_guest.h"
#include "vdev/ic_services.h"

static struct fake_host fake;
static struct fake_guest guest;
static struct vss vss;
static struct heartbeat heartbeat;
static struct shutdown shut;
static struct timesync timesync;
static struct ic_reply last;
static unsigned int replies;
static unsigned int changes;

static void note(void *ctx, const struct ic_reply *reply)
{
	last = *reply;
	replies++;
}

static void changed(void *ctx, enum heartbeat_state state)
{
	changes++;
}

static void setup(void)
{
	struct vdev_port port = fake_guest_port(&guest);

	memset(&guest, 0, sizeof(guest));
	replies = 0;
	changes = 0;
	fake_host_init(&fake);
	vss_init(&vss, &fake.host, &port);
	heartbeat_init(&heartbeat, &fake.host, &port, changed, NULL);
	shutdown_init(&shut, &fake.host, &port);
	timesync_init(&timesync, &fake.host, &port);
}

static void teardown(void)
{
	ic_closed(&vss.ic);
	heartbeat_closed(&heartbeat);
	heartbeat_fini(&heartbeat);
	ic_closed(&shut.ic);
	timesync_closed(&timesync);
	ck_assert_ptr_null(fake.timers);
	fake_host_fini(&fake);
}

START_TEST(versions_are_offered)
{
	const struct ic_header *header = fake_guest_header(&guest);
	const struct ic_negotiate *negotiate = fake_guest_payload(&guest);

	ic_opened(&shut.ic);
	ck_assert_uint_eq(guest.size, 28 + 8 + 6 * 4);
	ck_assert_uint_eq(header->pipe.type, 1);
	ck_assert_uint_eq(header->pipe.size, guest.size - 8);
	ck_assert_uint_eq(header->size, guest.size - 28);
	ck_assert_uint_eq(header->flags, 3);
	ck_assert_uint_eq(header->status, 0);
	ck_assert_uint_eq(negotiate->framework_count, 2);
	ck_assert_uint_eq(negotiate->message_count, 4);
	ck_assert_uint_eq(negotiate->versions[1].major, 3);
	ck_assert_uint_eq(negotiate->versions[5].minor, 2);
	fake_guest_choose(&guest, &shut.ic, 3, 2);
	ck_assert_int_eq(shut.ic.state, IC_STATE_READY);
	ck_assert_uint_eq(shut.ic.message.minor, 2);
}
END_TEST

START_TEST(versions_that_were_not_offered)
{
	struct ic_negotiate *negotiate = fake_guest_payload(&guest);

	ic_opened(&vss.ic);
	fake_guest_choose(&guest, &vss.ic, 6, 0);
	ck_assert_int_eq(vss.ic.state, IC_STATE_REFUSED);
	ic_closed(&vss.ic);
	ic_opened(&vss.ic);
	negotiate->framework_count = 0;
	negotiate->message_count = 0;
	fake_guest_answer(&guest, &vss.ic, 0);
	ck_assert_int_eq(vss.ic.state, IC_STATE_REFUSED);
	ck_assert_int_eq(vss_request(&vss, IC_VSS_FREEZE, note, NULL), -ENOTCONN);
	ic_closed(&vss.ic);
	ic_opened(&vss.ic);
	guest.size = sizeof(struct ic_header) + 8;
	fake_guest_answer(&guest, &vss.ic, 0);
	ck_assert_int_eq(vss.ic.state, IC_STATE_NEGOTIATING);
	ck_assert_uint_eq(vss.ic.bad, 1);
	guest.result = -EAGAIN;
	ic_closed(&vss.ic);
	ic_opened(&vss.ic);
	ck_assert_int_eq(vss.ic.state, IC_STATE_REFUSED);
}
END_TEST

static void open_vss(void)
{
	ic_opened(&vss.ic);
	fake_guest_choose(&guest, &vss.ic, 5, 0);
	ck_assert_int_eq(vss.ic.state, IC_STATE_READY);
}

START_TEST(one_request_at_a_time)
{
	const struct ic_vss_message *message = fake_guest_payload(&guest);

	ck_assert_int_eq(vss_request(&vss, IC_VSS_FREEZE, note, NULL), -ENOTCONN);
	open_vss();
	ck_assert_int_eq(vss_request(&vss, IC_VSS_FREEZE, note, NULL), 0);
	ck_assert_uint_eq(guest.size, 40);
	ck_assert_uint_eq(message->operation, 5);
	ck_assert_uint_eq(fake_guest_header(&guest)->framework.major, 3);
	ck_assert_uint_eq(fake_guest_header(&guest)->message.major, 5);
	ck_assert_int_eq(vss_request(&vss, IC_VSS_THAW, note, NULL), -EBUSY);
	fake_guest_answer(&guest, &vss.ic, IC_FAIL);
	ck_assert_uint_eq(replies, 1);
	ck_assert_int_eq(last.err, 0);
	ck_assert_uint_eq(last.status, IC_FAIL);
	ck_assert_uint_eq(last.size, sizeof(*message));
	ck_assert_int_eq(vss_request(&vss, IC_VSS_THAW, note, NULL), 0);
	fake_guest_answer(&guest, &vss.ic, 0);
	ck_assert_uint_eq(replies, 2);
	guest.result = -EAGAIN;
	ck_assert_int_eq(vss_request(&vss, IC_VSS_THAW, note, NULL), -EAGAIN);
	ck_assert(!ic_busy(&vss.ic));
}
END_TEST

START_TEST(no_answer)
{
	struct fake_guest late;

	open_vss();
	vss_request(&vss, IC_VSS_THAW, note, NULL);
	late = guest;
	fake_host_advance(&fake, 59 * IC_SECOND);
	ck_assert_uint_eq(replies, 0);
	fake_host_advance(&fake, 2 * IC_SECOND);
	ck_assert_uint_eq(replies, 1);
	ck_assert_int_eq(last.err, -ETIMEDOUT);
	ck_assert_int_eq(vss_request(&vss, IC_VSS_THAW, note, NULL), 0);
	fake_guest_answer(&late, &vss.ic, 0);
	ck_assert_uint_eq(replies, 1);
	ck_assert_uint_eq(vss.ic.bad, 1);
	ic_closed(&vss.ic);
	ck_assert_uint_eq(replies, 2);
	ck_assert_int_eq(last.err, -ECONNRESET);
}
END_TEST

START_TEST(what_is_no_answer)
{
	struct ic_header *header = fake_guest_header(&guest);
	size_t size;

	open_vss();
	vss_request(&vss, IC_VSS_THAW, note, NULL);
	for (size = 0; size < sizeof(*header); size++)
		ic_packet(&vss.ic, guest.packet, size);
	ic_packet(&vss.ic, guest.packet, guest.size);		/* a request, not an answer */
	header->transaction++;
	fake_guest_answer(&guest, &vss.ic, 0);
	header->transaction--;
	header->type = IC_KVP;
	fake_guest_answer(&guest, &vss.ic, 0);
	header->type = IC_NEGOTIATE;
	fake_guest_answer(&guest, &vss.ic, 0);
	ck_assert_uint_eq(replies, 0);
	ck_assert_uint_eq(vss.ic.bad, sizeof(*header) + 4);
	header->type = IC_VSS;
	fake_guest_answer(&guest, &vss.ic, 0);
	ck_assert_uint_eq(replies, 1);
	fake_guest_answer(&guest, &vss.ic, 0);
	ck_assert_uint_eq(replies, 1);
}
END_TEST

static void open_heartbeat(void)
{
	heartbeat_opened(&heartbeat);
	fake_guest_choose(&guest, &heartbeat.ic, 3, 0);
}

START_TEST(a_heart_that_beats)
{
	const struct ic_heartbeat_message *message = fake_guest_payload(&guest);
	uint64_t sequence;
	unsigned int i;

	open_heartbeat();
	ck_assert_uint_eq(guest.size, 68);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_NONE);
	for (i = 0; i < 10; i++) {
		sequence = message->sequence;
		fake_guest_answer(&guest, &heartbeat.ic, 0);
		ck_assert_int_eq(heartbeat.state, HEARTBEAT_OK);
		fake_host_advance(&fake, HEARTBEAT_PERIOD);
		ck_assert_uint_eq(message->sequence, sequence + 1);
	}
	ck_assert_uint_eq(changes, 1);
}
END_TEST

START_TEST(a_heart_that_stops)
{
	open_heartbeat();
	fake_guest_answer(&guest, &heartbeat.ic, 0);
	fake_host_advance(&fake, 9 * IC_SECOND);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_OK);
	fake_host_advance(&fake, 4 * IC_SECOND);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_LOST);
	fake_host_advance(&fake, 60 * IC_SECOND);
	fake_guest_answer(&guest, &heartbeat.ic, 0);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_OK);
	heartbeat_closed(&heartbeat);
	heartbeat_fini(&heartbeat);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_NONE);
	ck_assert_uint_eq(changes, 4);
}
END_TEST

/* As when Linux panics, or starts another kernel, and that has a driver too. */
START_TEST(a_heart_that_takes_leave)
{
	open_heartbeat();
	fake_guest_answer(&guest, &heartbeat.ic, 0);
	heartbeat_closed(&heartbeat);
	fake_host_advance(&fake, 9 * IC_SECOND);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_OK);
	fake_host_advance(&fake, 4 * IC_SECOND);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_LOST);
	ck_assert_ptr_null(fake.timers);
	open_heartbeat();
	fake_guest_answer(&guest, &heartbeat.ic, 0);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_OK);
	heartbeat_closed(&heartbeat);
	open_heartbeat();
	fake_host_advance(&fake, 9 * IC_SECOND);
	fake_guest_answer(&guest, &heartbeat.ic, 0);
	fake_host_advance(&fake, 9 * IC_SECOND);
	ck_assert_int_eq(heartbeat.state, HEARTBEAT_OK);
	ck_assert_uint_eq(changes, 3);
}
END_TEST

START_TEST(shutdown_as_the_version_allows)
{
	const struct ic_shutdown_message *message = fake_guest_payload(&guest);

	ic_opened(&shut.ic);
	fake_guest_choose(&guest, &shut.ic, 3, 1);
	ck_assert_int_eq(shutdown_request(&shut, IC_SHUTDOWN_HIBERNATE, note, NULL), -EOPNOTSUPP);
	ck_assert_int_eq(shutdown_request(&shut, IC_SHUTDOWN_RESTART, note, NULL), 0);
	ck_assert_uint_eq(guest.size, 28 + 2060);
	ck_assert_uint_eq(message->flags, 2);
	fake_guest_answer(&guest, &shut.ic, 0);
	ck_assert_int_eq(shutdown_request(&shut, 0, note, NULL), 0);
	ck_assert_uint_eq(message->flags, 0);
	ic_closed(&shut.ic);
	ic_opened(&shut.ic);
	fake_guest_choose(&guest, &shut.ic, 1, 0);
	ck_assert_int_eq(shutdown_request(&shut, IC_SHUTDOWN_RESTART, note, NULL), -EOPNOTSUPP);
	ck_assert_int_eq(shutdown_request(&shut, 0, note, NULL), 0);
}
END_TEST

START_TEST(time_of_version_4)
{
	const struct ic_time_reference_message *message = fake_guest_payload(&guest);

	timesync_opened(&timesync);
	fake_guest_choose(&guest, &timesync.ic, 4, 0);
	ck_assert_uint_eq(guest.size, 28 + 22);
	ck_assert_uint_eq(message->flags, IC_TIME_SYNC);
	ck_assert_uint_eq(message->host, 116444736000000000ull + 17000000000000000ull);
	ck_assert_uint_eq(message->reference, 10000000);
	fake_guest_answer(&guest, &timesync.ic, 0);
	fake_host_advance(&fake, TIMESYNC_PERIOD);
	ck_assert_uint_eq(message->flags, IC_TIME_SAMPLE);
	ck_assert_uint_eq(message->reference, 60000000);
	ck_assert_int_eq(timesync_now(&timesync, note, NULL), 0);
	ck_assert_uint_eq(message->flags, IC_TIME_SYNC);
	fake_guest_answer(&guest, &timesync.ic, 0);
	ck_assert_uint_eq(replies, 1);
}
END_TEST

START_TEST(time_of_version_3)
{
	const struct ic_time_message *message = fake_guest_payload(&guest);

	ck_assert_int_eq(timesync_now(&timesync, note, NULL), -ENOTCONN);
	timesync_opened(&timesync);
	fake_guest_choose(&guest, &timesync.ic, 3, 0);
	ck_assert_uint_eq(guest.size, 28 + 25);
	ck_assert_uint_eq(message->flags, IC_TIME_SYNC);
	fake_host_advance(&fake, 3 * TIMESYNC_PERIOD);
	ck_assert_uint_eq(message->flags, IC_TIME_SAMPLE);
}
END_TEST

START_TEST(texts)
{
	static const struct {
		const char *utf8;
		uint16_t utf16[8];
	} good[] = {
		{ "", { 0 } }, { "abc", { 'a', 'b', 'c' } }, { "\xc3\xa4", { 0xe4 } },
		{ "\xe2\x82\xac", { 0x20ac } }, { "\xf0\x9f\x98\x80x", { 0xd83d, 0xde00, 'x' } },
	};
	static const char *const bad[] = {
		"\xc3", "\x80", "\xe2\x82", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
	};
	static const uint16_t lonely[] = { 0xd800, 'a', 0xdc00, 0xd800 };
	uint16_t units[8];
	char bytes[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ic_utf16(units, 8, good[i].utf8);
		ck_assert_int_eq(memcmp(units, good[i].utf16, 2), 0);
		ic_utf8(bytes, sizeof(bytes), good[i].utf16, sizeof(good[i].utf16));
		ck_assert_str_eq(bytes, good[i].utf8);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_uint_ge(ic_utf16(units, 8, bad[i]), 1);
		ck_assert_uint_eq(units[0], 0xfffd);
	}
	ic_utf8(bytes, sizeof(bytes), lonely, sizeof(lonely));
	ck_assert_str_eq(bytes, "\xef\xbf\xbd\x61\xef\xbf\xbd\xef\xbf\xbd");
	ck_assert_uint_eq(ic_utf16(units, 3, "abcd"), 2);
	ck_assert_uint_eq(units[2], 0);
	ck_assert_uint_eq(ic_utf16(units, 3, "a\xf0\x9f\x98\x80"), 1);
	ck_assert_uint_eq(ic_utf8(bytes, 3, u"abcd", 8), 2);
	ck_assert_uint_eq(ic_utf8(bytes, 3, u"\u20ac", 2), 0);
	ck_assert_uint_eq(ic_utf8(bytes, 3, u"abcd", 3), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		versions_are_offered, versions_that_were_not_offered, one_request_at_a_time,
		no_answer, what_is_no_answer, a_heart_that_beats, a_heart_that_stops,
		a_heart_that_takes_leave,
		shutdown_as_the_version_allows, time_of_version_4, time_of_version_3, texts,
	};

	return run_tests("ic", tests, ARRAY_SIZE(tests), setup, teardown);
}
