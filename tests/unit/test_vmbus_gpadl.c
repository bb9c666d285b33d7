// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: tests/unit/fake_vmbus.c vmbus/message.c vmbus/connection.c vmbus/offer.c */
/* LINK: vmbus/channel.c vmbus/gpadl.c vmbus/ranges.c */
/*
 * GPADLs: assembled from many messages, every bad range, limits, users that the guest waits for.
 */
#include "fake_vmbus.h"
#include "run_tests.h"

#define HEADER_WORDS	((HV_MESSAGE_PAYLOAD_MAX - sizeof(struct vmbus_gpadl_header)) / 8)
#define BODY_WORDS	((HV_MESSAGE_PAYLOAD_MAX - sizeof(struct vmbus_gpadl_body)) / 8)

static u64 words[8192];

static int header(u32 gpadl, u32 bytes, u16 ranges, u32 count)
{
	u8 message[HV_MESSAGE_PAYLOAD_MAX + 8] = { 0 };
	const struct vmbus_gpadl_header h = {
		.header.type = VMBUS_GPADL_HEADER, .relid = 1, .gpadl = gpadl,
		.range_bytes = bytes, .range_count = ranges,
	};

	memcpy(message, &h, sizeof(h));
	memcpy(message + sizeof(h), words, count * 8);
	return guest_sends(message, sizeof(h) + count * 8);
}

static int body(u32 gpadl, u32 from, u32 count)
{
	u8 message[HV_MESSAGE_PAYLOAD_MAX + 8] = { 0 };
	const struct vmbus_gpadl_body b = {
		.header.type = VMBUS_GPADL_BODY, .number = 1, .gpadl = gpadl,
	};

	memcpy(message, &b, sizeof(b));
	memcpy(message + sizeof(b), words + from, count * 8);
	return guest_sends(message, sizeof(b) + count * 8);
}

static u32 created(u32 gpadl)
{
	const struct vmbus_gpadl_created *message = fake_next(VMBUS_GPADL_CREATED);

	ck_assert_uint_eq(message->relid, 1);
	ck_assert_uint_eq(message->gpadl, gpadl);
	return message->status;
}

static void one_range(u32 pages)
{
	words[0] = (u64)pages * HV_PAGE_SIZE;
	for (u32 i = 1; i <= pages; i++)
		words[i] = 0x1000 + i;
}

static void setup(void)
{
	fake_setup();
	fake_channel();
	memset(words, 0, sizeof(words));
}

START_TEST(one_message)
{
	struct vmbus_gpadl *gpadl;

	one_range(3);
	ck_assert_int_eq(header(9, 32, 1, 4), 0);
	ck_assert_uint_eq(created(9), 0);
	gpadl = vmbus_gpadl_get(fake.server.channels, 9);
	ck_assert_ptr_nonnull(gpadl);
	ck_assert_uint_eq(gpadl->bytes, 3 * HV_PAGE_SIZE);
	ck_assert_mem_eq(gpadl->words, words, 32);
	vmbus_gpadl_put(gpadl);
}
END_TEST

START_TEST(many_messages)
{
	u32 pages = 4096, sent = HEADER_WORDS;
	struct vmbus_gpadl *gpadl;

	one_range(pages);
	ck_assert_int_eq(header(9, 8 + 8 * pages, 1, HEADER_WORDS), 0);
	while (sent < pages + 1) {
		u32 count = min_t(u32, BODY_WORDS, pages + 1 - sent);

		fake_no_more();
		ck_assert_int_eq(body(9, sent, count), 0);
		sent += count;
	}
	ck_assert_uint_eq(created(9), 0);
	gpadl = vmbus_gpadl_get(fake.server.channels, 9);
	ck_assert_mem_eq(gpadl->words, words, 8 + 8 * pages);
	vmbus_gpadl_put(gpadl);
	/* rule 4: an extra body is an error */
	ck_assert_int_eq(body(9, 0, 1), -ENOENT);
	fake_no_more();
}
END_TEST

/* The last message may be longer than what is wanted of it. */
START_TEST(trailing_words)
{
	one_range(3);
	memset(words + 4, 0xff, 64);
	ck_assert_int_eq(header(9, 32, 1, 10), 0);
	ck_assert_uint_eq(created(9), 0);
	ck_assert_int_eq(header(10, 32, 1, 2), 0);
	fake_no_more();
	ck_assert_int_eq(body(10, 2, 20), 0);
	ck_assert_uint_eq(created(10), 0);
}
END_TEST

START_TEST(several_ranges)
{
	struct vmbus_gpadl *gpadl;

	words[0] = 100 | 4000ull << 32;		/* two pages */
	words[1] = 1;
	words[2] = 2;
	words[3] = 1;				/* one byte of one page */
	words[4] = 3;
	words[5] = HV_PAGE_SIZE | 1ull << 32;	/* two pages */
	words[6] = 4;
	words[7] = 5;
	ck_assert_int_eq(header(9, 64, 3, 8), 0);
	ck_assert_uint_eq(created(9), 0);
	gpadl = vmbus_gpadl_get(fake.server.channels, 9);
	ck_assert_uint_eq(gpadl->bytes, 100 + 1 + HV_PAGE_SIZE);
	vmbus_gpadl_put(gpadl);
	ck_assert_int_eq(header(10, 64, 4, 8), -EINVAL);	/* one more than there are */
	ck_assert_uint_ne(created(10), 0);
}
END_TEST

/* Rule 5. */
START_TEST(bad_ranges)
{
	static const u64 bad[] = {
		0, 1ull << 32, 8 | 4096ull << 32, 8 | 0xffffffffull << 32, 0xffffffff,
		0xffffffff | 4095ull << 32, 4 * HV_PAGE_SIZE, (3 * HV_PAGE_SIZE) | 1ull << 32,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		one_range(3);
		words[0] = bad[i];
		ck_assert_int_eq(header(9, 32, 1, 4), -EINVAL);
		ck_assert_uint_ne(created(9), 0);
	}
	one_range(3);
	words[2] = 1ull << 52;
	ck_assert_int_eq(header(9, 32, 1, 4), -EINVAL);
	ck_assert_uint_ne(created(9), 0);
	ck_assert_uint_eq(fake.server.gpadl_count, 1);
}
END_TEST

START_TEST(bad_headers)
{
	one_range(3);
	ck_assert_int_eq(header(0, 32, 1, 4), -EINVAL);
	ck_assert_uint_ne(created(0), 0);
	ck_assert_int_eq(header(9, 32, 0, 4), -EINVAL);
	ck_assert_uint_ne(created(9), 0);
	for (u32 bytes = 0; bytes < 8; bytes++) {
		ck_assert_int_eq(header(9, bytes, 1, 4), -EINVAL);
		ck_assert_uint_ne(created(9), 0);
	}
	ck_assert_int_eq(header(9, 33, 1, 4), -EINVAL);
	ck_assert_uint_ne(created(9), 0);
	ck_assert_int_eq(body(9, 0, 1), -ENOENT);
}
END_TEST

/* A body without a word would bring nothing, for ever. */
START_TEST(empty_body)
{
	one_range(3);
	ck_assert_int_eq(header(9, 32, 1, 0), 0);
	ck_assert_int_eq(body(9, 0, 0), -EMSGSIZE);
	ck_assert_int_eq(body(9, 0, 4), 0);
	ck_assert_uint_eq(created(9), 0);
}
END_TEST

/* Rule 4: a number is unique in its channel, and among all in progress. */
START_TEST(numbers)
{
	struct vmbus_gpadl_header other = {
		.header.type = VMBUS_GPADL_HEADER, .relid = 2, .gpadl = 9, .range_bytes = 32,
		.range_count = 1,
	};

	fake_offer(2, 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	one_range(3);
	ck_assert_int_eq(header(RING_GPADL, 32, 1, 4), -EEXIST);
	ck_assert_int_eq(header(9, 32, 1, 0), 0);
	ck_assert_int_eq(header(9, 32, 1, 0), -EEXIST);
	ck_assert_int_eq(guest_sends(&other, sizeof(other)), -EEXIST);
	fake_no_more();
	ck_assert_int_eq(body(9, 0, 4), 0);
	ck_assert_uint_eq(created(9), 0);
	ck_assert_int_eq(guest_sends(&other, sizeof(other)), 0);
	ck_assert_int_eq(guest_gpadl(2, 9, 1), -EEXIST);
}
END_TEST

START_TEST(limits)
{
	u32 id = 0x1000, count = 0;
	int err;

	one_range(1);
	while (!(err = header(id++, 16, 1, 2))) {
		ck_assert_uint_eq(created(id - 1), 0);
		count++;
		fake.got = 0;
		fake.taken = 0;
	}
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_uint_ne(created(id - 1), 0);
	ck_assert_uint_eq(count, VMBUS_GPADLS_MAX - 1);
	/* one back, one more */
	ck_assert_int_eq(guest_teardown(1, 0x1000), 0);
	fake_next(VMBUS_GPADL_TORNDOWN);
	ck_assert_int_eq(header(id, 16, 1, 2), 0);
}
END_TEST

/* Headers that promise much and bring nothing. */
START_TEST(limit_of_bytes)
{
	u32 id = 0x1000;
	int err;

	while (!(err = header(id, 65528, 1, 0)))
		id++;
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_uint_ne(created(id), 0);
	ck_assert_uint_le(fake.server.gpadl_bytes, VMBUS_GPADL_BYTES_MAX);
	ck_assert_int_eq(guest_teardown(1, 0x1000), 0);	/* also in progress */
	fake_next(VMBUS_GPADL_TORNDOWN);
	ck_assert_int_eq(header(id, 65528, 1, 0), 0);
}
END_TEST

START_TEST(no_memory)
{
	one_range(3);
	fake.no_memory = true;
	ck_assert_int_eq(header(9, 32, 1, 4), -ENOMEM);
	ck_assert_uint_ne(created(9), 0);
}
END_TEST

START_TEST(teardown)
{
	ck_assert_int_eq(guest_teardown(1, 0x1234), -ENOENT);
	ck_assert_int_eq(guest_teardown(2, RING_GPADL), -ENOENT);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
	fake_next(VMBUS_GPADL_TORNDOWN);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), -ENOENT);
	ck_assert_uint_eq(fake.server.gpadl_count, 0);
	ck_assert_uint_eq(fake.server.gpadl_bytes, 0);
}
END_TEST

START_TEST(users)
{
	struct vmbus_channel *channel = fake.server.channels;
	struct vmbus_gpadl *gpadl = vmbus_gpadl_get(channel, RING_GPADL);

	ck_assert_ptr_null(vmbus_gpadl_get(channel, 0x1234));
	ck_assert_ptr_eq(vmbus_gpadl_get(channel, RING_GPADL), gpadl);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
	ck_assert_uint_eq(fake.releases, 1);
	ck_assert_ptr_eq(fake.released, gpadl);
	ck_assert_ptr_null(vmbus_gpadl_get(channel, RING_GPADL));
	ck_assert_int_eq(guest_open(1, RING_GPADL), -EINVAL);
	fake_next(VMBUS_OPEN_CHANNEL_RESULT);
	vmbus_gpadl_put(gpadl);
	fake_no_more();
	vmbus_gpadl_put(gpadl);
	fake_next(VMBUS_GPADL_TORNDOWN);
}
END_TEST

/* In progress is not accepted. */
START_TEST(in_progress)
{
	one_range(3);
	ck_assert_int_eq(header(9, 32, 1, 0), 0);
	ck_assert_ptr_null(vmbus_gpadl_get(fake.server.channels, 9));
	ck_assert_int_eq(guest_open(1, 9), -EINVAL);
}
END_TEST

/* The guest goes away; its memory is in use for a while. */
START_TEST(orphan)
{
	struct vmbus_channel *channel = fake.server.channels;
	struct vmbus_gpadl *gpadl = vmbus_gpadl_get(channel, RING_GPADL);

	ck_assert_int_eq(guest_contact(VMBUS_VERSION_5_3), 0);
	ck_assert_uint_eq(fake.releases, 1);
	fake_no_more();
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), -ENOTCONN);
	vmbus_gpadl_put(gpadl);
	fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_uint_eq(fake.server.gpadl_count, 0);
}
END_TEST

/* And with the ring: nothing is torn down towards the guest that comes after. */
START_TEST(torn_down_by_nobody)
{
	struct vmbus_channel *channel = fake.server.channels;

	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	fake_next(VMBUS_OPEN_CHANNEL_RESULT);
	fake.answer = false;
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
	ck_assert_int_eq(guest_contact(VMBUS_VERSION_5_3), 0);
	vmbus_channel_closed(channel);
	fake_next(VMBUS_VERSION_RESPONSE);
	fake_no_more();
}
END_TEST

START_TEST(revoked)
{
	one_range(3);
	ck_assert_int_eq(header(9, 32, 1, 0), 0);
	vmbus_channel_revoke(fake.server.channels);
	ck_assert_uint_ne(created(9), 0);
	fake_next(VMBUS_RESCIND_CHANNEL_OFFER);
	ck_assert_int_eq(body(9, 0, 4), -ENOENT);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
	fake_next(VMBUS_GPADL_TORNDOWN);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_message, many_messages, trailing_words, several_ranges, bad_ranges,
		bad_headers, empty_body, numbers, limits, limit_of_bytes, no_memory, teardown,
		users, in_progress, orphan, torn_down_by_nobody, revoked,
	};

	return run_tests("vmbus_gpadl", tests, ARRAY_SIZE(tests), setup, fake_teardown);
}
