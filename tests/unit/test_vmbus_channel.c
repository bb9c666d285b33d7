// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: tests/unit/fake_vmbus.c vmbus/message.c vmbus/connection.c vmbus/offer.c */
/* LINK: vmbus/channel.c vmbus/gpadl.c vmbus/ranges.c */
/*
 * Channels: offers, relids, open and close in every state, targets, rescind, hot add and
 * remove, subchannels.
 */
#include "fake_vmbus.h"
#include "run_tests.h"

static u32 open_status(void)
{
	const struct vmbus_open_result *result = fake_next(VMBUS_OPEN_CHANNEL_RESULT);

	return result->status;
}

static int open_with(const struct vmbus_open_channel_2 *change)
{
	struct vmbus_open_channel_2 message = *change;

	message.open.header.type = VMBUS_OPEN_CHANNEL;
	return guest_sends(&message, fake.features ? sizeof(message) : sizeof(message.open));
}

static int modify(u32 relid, u32 vp)
{
	const struct vmbus_modify_channel message = {
		.header.type = VMBUS_MODIFY_CHANNEL, .relid = relid, .target_vp = vp,
	};

	return guest_sends(&message, sizeof(message));
}

/* Rule 3. */
START_TEST(bad_relids)
{
	static const u32 bad[] = { 0, 2, 7, 2047, 2048, 0xffffffff };
	struct vmbus_channel *channel = fake_channel();

	ck_assert_uint_eq(channel->relid, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(guest_open(bad[i], RING_GPADL), -ENOENT);
		ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, bad[i]), -ENOENT);
		ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, bad[i]), -ENOENT);
		ck_assert_int_eq(guest_gpadl(bad[i], 9, 1), -ENOENT);
		ck_assert_int_eq(guest_teardown(bad[i], RING_GPADL), -ENOENT);
		ck_assert_int_eq(modify(bad[i], 0), -ENOENT);
	}
	fake_no_more();
	ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), 0);
	ck_assert_int_eq(guest_open(1, RING_GPADL), -ENOENT);
	ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), -ENOENT);
	ck_assert_uint_eq(fake.server.gpadl_count, 0);
}
END_TEST

START_TEST(open_and_close)
{
	struct vmbus_channel *channel = fake_open_channel();

	ck_assert_uint_eq(channel->connection, VMBUS_CONNECTION_BASE + 1);
	ck_assert_uint_eq(channel->event_flag, 1);
	ck_assert_uint_eq(channel->target_vp, 2);
	ck_assert_uint_eq(channel->in_pages, 4);
	ck_assert_int_eq(guest_open(1, RING_GPADL), -EBUSY);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_UNSUCCESSFUL);
	ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), -EBUSY);
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
	ck_assert_uint_eq(fake.closes, 1);
	ck_assert_uint_eq(fake.disconnects, 1);
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), -EINVAL);
	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	ck_assert_uint_eq(open_status(), 0);
}
END_TEST

START_TEST(opens_in_a_loop)
{
	fake_channel();
	for (u32 i = 0; i < 1000; i++) {
		ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
		ck_assert_uint_eq(open_status(), 0);
		ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
	}
	ck_assert_uint_eq(fake.opens, 1000);
	ck_assert_uint_eq(fake.closes, 1000);
}
END_TEST

START_TEST(refused_open)
{
	struct vmbus_channel *channel = fake_channel();

	fake.open_status = VMBUS_STATUS_UNSUCCESSFUL;
	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_UNSUCCESSFUL);
	ck_assert_int_eq(channel->state, VMBUS_CLOSED);
	ck_assert_uint_eq(fake.disconnects, 1);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
	fake_next(VMBUS_GPADL_TORNDOWN);
}
END_TEST

/* No such GPADL, of another shape, rings of no size, targets that are not there (rule 7). */
START_TEST(bad_opens)
{
	const struct vmbus_open_channel_2 good = {
		.open.relid = 1, .open.ring_gpadl = RING_GPADL, .open.downstream_offset = 4,
	};
	static const u32 offsets[] = { 0, 1, 7, 8, 9, 0x7fffffff, 0xffffffff };
	struct vmbus_open_channel_2 bad;

	fake_channel();
	bad = good;
	bad.open.ring_gpadl++;
	ck_assert_int_eq(open_with(&bad), -EINVAL);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		bad = good;
		bad.open.downstream_offset = offsets[i];
		ck_assert_int_eq(open_with(&bad), -EINVAL);
		ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
	}
	bad = good;
	bad.open.target_vp = FAKE_VPS;
	ck_assert_int_eq(open_with(&bad), -EINVAL);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(fake.opens, 0);
	bad.open.target_vp = VMBUS_VP_NONE;
	ck_assert_int_eq(open_with(&bad), 0);
	ck_assert_uint_eq(open_status(), 0);
}
END_TEST

START_TEST(ring_of_another_channel)
{
	fake_channel();
	fake_offer(2, 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	ck_assert_int_eq(guest_open(2, RING_GPADL), -EINVAL);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
}
END_TEST

/* Rules 6: what the guest chooses collides with nothing. */
START_TEST(signal_parameters)
{
	const struct vmbus_initiate_contact_2 contact = {
		.contact.header.type = VMBUS_INITIATE_CONTACT,
		.contact.version = VMBUS_VERSION_6_0,
		.contact.features = VMBUS_FEATURE_SIGNAL_PARAMETERS,
	};
	struct vmbus_open_channel_2 open = {
		.open.relid = 1, .open.ring_gpadl = RING_GPADL, .open.downstream_offset = 4,
		.event_flag = 2047, .connection_id = 0x1234,
	}, bad;
	struct vmbus_channel *channel = fake_offer(1, 0);

	ck_assert_int_eq(guest_sends(&contact, sizeof(contact)), 0);
	fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	ck_assert_int_eq(guest_gpadl(1, RING_GPADL, 8), 0);
	fake_next(VMBUS_GPADL_CREATED);
	bad = open;
	bad.event_flag = 2048;
	ck_assert_int_eq(open_with(&bad), -EINVAL);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
	bad = open;
	bad.connection_id = 0x1000000;
	ck_assert_int_eq(open_with(&bad), -EINVAL);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
	fake.taken_connection = 0x1234;
	ck_assert_int_eq(open_with(&open), -EINVAL);
	ck_assert_uint_eq(open_status(), VMBUS_STATUS_INVALID_PARAMETER);
	fake.taken_connection = 0;
	ck_assert_int_eq(open_with(&open), 0);
	ck_assert_uint_eq(open_status(), 0);
	ck_assert_uint_eq(channel->event_flag, 2047);
	ck_assert_uint_eq(channel->connection, 0x1234);
}
END_TEST

/* Rule 7: another VP, none, and what only an open may say. */
START_TEST(modify_channel)
{
	const struct vmbus_modify_channel_response *response;
	struct vmbus_channel *channel = fake_channel();
	static const u32 bad[] = { FAKE_VPS, 0xfffffffe, VMBUS_VP_NONE };

	ck_assert_int_eq(modify(1, 0), -EINVAL);	/* not open */
	response = fake_next(VMBUS_MODIFY_CHANNEL_RESPONSE);
	ck_assert_uint_ne(response->status, 0);
	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	ck_assert_uint_eq(open_status(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(modify(1, bad[i]), -EINVAL);
		response = fake_next(VMBUS_MODIFY_CHANNEL_RESPONSE);
		ck_assert_uint_ne(response->status, 0);
	}
	ck_assert_uint_eq(channel->target_vp, 2);
	ck_assert_int_eq(modify(1, 3), 0);
	response = fake_next(VMBUS_MODIFY_CHANNEL_RESPONSE);
	ck_assert_uint_eq(response->status, 0);
	ck_assert_uint_eq(channel->target_vp, 3);
	ck_assert_uint_eq(fake.retargets, 1);
}
END_TEST

/* Before 5.3 there is no answer. */
START_TEST(modify_channel_of_old)
{
	fake_max_version(VMBUS_VERSION_5_2);
	fake_offer(1, 0);
	guest_connect(VMBUS_VERSION_5_2);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	ck_assert_int_eq(modify(1, 1), -EINVAL);
	fake_no_more();
}
END_TEST

/* What the guest does while the owner has not answered. */
START_TEST(slow_owner)
{
	struct vmbus_channel *channel = fake_channel();

	fake.answer = false;
	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	ck_assert_int_eq(channel->state, VMBUS_OPENING);
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), -EINVAL);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), -EBUSY);
	ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), -EBUSY);
	ck_assert_int_eq(guest_open(1, RING_GPADL), -EBUSY);
	ck_assert_uint_ne(open_status(), 0);
	vmbus_channel_closed(channel);		/* an answer to nothing */
	ck_assert_int_eq(channel->state, VMBUS_OPENING);
	vmbus_channel_opened(channel, 0);
	ck_assert_uint_eq(open_status(), 0);
	vmbus_channel_opened(channel, 1);
	ck_assert_int_eq(channel->state, VMBUS_OPEN);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), -EBUSY);
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
	ck_assert_int_eq(channel->state, VMBUS_CLOSING);
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), -EINVAL);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
	ck_assert_int_eq(guest_teardown(1, RING_GPADL), -EBUSY);
	fake_no_more();				/* its memory is in use */
	ck_assert_uint_eq(fake.releases, 0);
	vmbus_channel_closed(channel);
	fake_next(VMBUS_GPADL_TORNDOWN);
	fake_no_more();
	ck_assert_int_eq(channel->state, VMBUS_CLOSED);
}
END_TEST

START_TEST(reopen_while_closing)
{
	struct vmbus_channel *channel = fake_open_channel();

	fake.answer = false;
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	ck_assert_int_eq(channel->state, VMBUS_CLOSING_REOPEN);
	ck_assert_int_eq(guest_open(1, RING_GPADL), -EBUSY);
	ck_assert_uint_ne(open_status(), 0);
	vmbus_channel_closed(channel);
	ck_assert_int_eq(channel->state, VMBUS_OPENING);
	vmbus_channel_opened(channel, 0);
	ck_assert_uint_eq(open_status(), 0);
	ck_assert_uint_eq(fake.opens, 2);
}
END_TEST

/* The guest goes away in each state; unload is answered once all is over. */
START_TEST(unload_in_each_state)
{
	for (unsigned int s = VMBUS_CLOSED; s <= VMBUS_CLOSING_REOPEN; s++) {
		struct vmbus_channel *channel = fake_channel();
		u32 closes = fake.closes;

		fake.answer = false;
		if (s >= VMBUS_OPENING)
			ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
		if (s >= VMBUS_OPEN) {
			vmbus_channel_opened(channel, 0);
			ck_assert_uint_eq(open_status(), 0);
		}
		if (s >= VMBUS_CLOSING)
			ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
		if (s == VMBUS_CLOSING_REOPEN)
			ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
		ck_assert_int_eq(channel->state, s);
		ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
		if (s == VMBUS_OPENING) {
			ck_assert_int_eq(channel->state, VMBUS_OPENING_RELEASED);
			fake_no_more();
			vmbus_channel_opened(channel, 0);
		}
		if (s >= VMBUS_OPENING) {
			fake_no_more();
			ck_assert_int_eq(channel->state, VMBUS_CLOSING_RELEASED);
			ck_assert_uint_eq(fake.closes, closes + 1);
			vmbus_channel_closed(channel);
		}
		fake_next(VMBUS_UNLOAD_RESPONSE);
		fake_no_more();
		ck_assert_int_eq(channel->state, VMBUS_UNOFFERED);
		fake_teardown();
		fake_setup();
	}
}
END_TEST

START_TEST(unload_then_open_refused)
{
	struct vmbus_channel *channel = fake_channel();

	fake.answer = false;
	ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
	vmbus_channel_opened(channel, 5);
	fake_next(VMBUS_UNLOAD_RESPONSE);
	ck_assert_uint_eq(fake.closes, 0);
}
END_TEST

/* The offer is revoked in each state. */
START_TEST(revoke_in_each_state)
{
	for (unsigned int s = VMBUS_UNOFFERED; s <= VMBUS_CLOSING_RELEASED; s++) {
		struct vmbus_channel *channel = fake_channel();

		fake.answer = false;
		if (s == VMBUS_UNOFFERED)
			ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), 0);
		if (s > VMBUS_CLOSED)
			ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
		if (s >= VMBUS_OPEN && s != VMBUS_OPENING_RELEASED) {
			vmbus_channel_opened(channel, 0);
			ck_assert_uint_eq(open_status(), 0);
		}
		if (s == VMBUS_CLOSING || s == VMBUS_CLOSING_REOPEN)
			ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
		if (s == VMBUS_CLOSING_REOPEN)
			ck_assert_int_eq(guest_open(1, RING_GPADL), 0);
		if (s >= VMBUS_OPENING_RELEASED)
			ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
		ck_assert_int_eq(channel->state, s);
		vmbus_channel_revoke(channel);
		if (s >= VMBUS_OPENING_RELEASED) {
			fake_next(VMBUS_UNLOAD_RESPONSE);
		} else if (s != VMBUS_UNOFFERED) {
			if (s == VMBUS_OPENING || s == VMBUS_CLOSING_REOPEN)
				ck_assert_uint_ne(open_status(), 0);
			fake_next(VMBUS_RESCIND_CHANNEL_OFFER);
			ck_assert_int_eq(channel->state, VMBUS_REVOKED);
			/* what guests that do not know yet, or do know, send */
			guest_open(1, RING_GPADL);
			ck_assert_uint_ne(open_status(), 0);
			ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), 0);
			ck_assert_int_eq(guest_gpadl(1, 9, 1), -EINVAL);
			fake_next(VMBUS_GPADL_CREATED);
			ck_assert_int_eq(guest_teardown(1, RING_GPADL), 0);
			fake_next(VMBUS_GPADL_TORNDOWN);
			ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), 0);
			ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), -ENOENT);
		}
		fake_no_more();
		ck_assert_ptr_null(fake.server.channels);
		fake_teardown();
		fake_setup();
	}
}
END_TEST

START_TEST(hot_add)
{
	const struct vmbus_offer_channel *offer;

	guest_connect(VMBUS_VERSION_5_3);
	fake_offer(1, 0);
	fake_no_more();				/* held */
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	fake_offer(2, 0);
	offer = fake_next(VMBUS_OFFER_CHANNEL);
	ck_assert_uint_eq(offer->relid, 2);
	fake_no_more();
}
END_TEST

/* The same instance again: not before the guest has released the first, and by another relid. */
START_TEST(reoffered)
{
	struct vmbus_channel *channel = fake_channel();
	const struct vmbus_offer_info info = channel->offer;
	struct vmbus_channel *other;
	const struct vmbus_offer_channel *offer;

	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &other), -EEXIST);
	vmbus_channel_revoke(channel);
	fake_next(VMBUS_RESCIND_CHANNEL_OFFER);
	channel = fake_offer(1, 0);
	fake_no_more();
	ck_assert_int_eq(channel->state, VMBUS_UNOFFERED);
	ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), 0);
	offer = fake_next(VMBUS_OFFER_CHANNEL);
	ck_assert_uint_eq(offer->relid, 2);
	ck_assert_int_eq(channel->state, VMBUS_CLOSED);
}
END_TEST

START_TEST(reoffered_to_the_next_guest)
{
	struct vmbus_channel *channel = fake_channel();

	vmbus_channel_revoke(channel);
	fake_next(VMBUS_RESCIND_CHANNEL_OFFER);
	fake_offer(1, 0);
	guest_connect(VMBUS_VERSION_5_3);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	fake_no_more();
}
END_TEST

START_TEST(subchannels)
{
	const struct vmbus_offer_info orphan = { .instance = { 5 }, .subchannel = 1 };
	struct vmbus_channel *primary = fake_channel(), *other;
	const struct vmbus_offer_channel *offer;

	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &orphan, &fake, &other), -ENOENT);
	for (u16 n = 1; n <= 3; n++) {
		fake_offer(1, n);
		offer = fake_next(VMBUS_OFFER_CHANNEL);
		ck_assert_uint_eq(offer->subchannel, n);
		ck_assert_uint_eq(offer->relid, 1 + n);
	}
	fake_offer(2, 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	vmbus_channel_revoke(primary);
	ck_assert_uint_eq(fake.gones, 3);
	for (u32 n = 1; n <= 3; n++) {
		const struct vmbus_relid_message *rescind = fake_next(VMBUS_RESCIND_CHANNEL_OFFER);

		ck_assert_uint_eq(rescind->relid, 1 + n);
	}
	ck_assert_uint_eq(((const struct vmbus_relid_message *)
			   fake_next(VMBUS_RESCIND_CHANNEL_OFFER))->relid, 1);
	fake_no_more();
}
END_TEST

/* Primaries first, whatever came first; and those of a guest that never was. */
START_TEST(subchannels_before_the_guest)
{
	const struct vmbus_offer_channel *offer;
	struct vmbus_channel *primary = fake_offer(1, 0);

	fake_offer(1, 1);
	fake_offer(2, 0);
	guest_connect(VMBUS_VERSION_5_3);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	for (u32 i = 0; i < 3; i++) {
		offer = fake_next(VMBUS_OFFER_CHANNEL);
		ck_assert_uint_eq(offer->subchannel, i == 2);
	}
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	vmbus_server_reset(&fake.server);
	vmbus_channel_revoke(primary);
	ck_assert_uint_eq(fake.gones, 1);
	fake_no_more();
}
END_TEST

START_TEST(all_relids)
{
	struct vmbus_channel *first = NULL, *channel;
	struct vmbus_offer_info info = { .type = { 3 } };

	for (u32 n = 1; n < VMBUS_CHANNELS_MAX; n++) {
		memcpy(info.instance, &n, sizeof(n));
		ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &channel), 0);
		if (!first)
			first = channel;
	}
	memset(info.instance, 0xff, sizeof(info.instance));
	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &channel), -ENOSPC);
	guest_connect(VMBUS_VERSION_5_3);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	ck_assert_uint_eq(fake.got, 1 + VMBUS_CHANNELS_MAX - 1 + 1);
	vmbus_channel_revoke(first);
	ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, 1), 0);
	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &channel), 0);
	ck_assert_uint_eq(channel->relid, 1);
}
END_TEST

/* 50 times, as the guest's own drivers would. */
START_TEST(rescind_and_offer)
{
	struct vmbus_channel *channel = fake_open_channel();

	for (u32 i = 0; i < 50; i++) {
		u32 relid = channel->relid;

		vmbus_channel_revoke(channel);
		fake_next(VMBUS_RESCIND_CHANNEL_OFFER);
		channel = fake_offer(1, 0);
		ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, relid), 0);
		ck_assert_int_eq(guest_teardown(relid, RING_GPADL), 0);
		fake_next(VMBUS_GPADL_TORNDOWN);
		ck_assert_int_eq(guest_relid(VMBUS_RELID_RELEASED, relid), 0);
		fake_next(VMBUS_OFFER_CHANNEL);
		ck_assert_int_eq(guest_gpadl(channel->relid, RING_GPADL, 8), 0);
		fake_next(VMBUS_GPADL_CREATED);
		ck_assert_int_eq(guest_open(channel->relid, RING_GPADL), 0);
		ck_assert_uint_eq(open_status(), 0);
	}
	ck_assert_uint_eq(fake.server.gpadl_count, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		bad_relids, open_and_close, opens_in_a_loop, refused_open, bad_opens,
		ring_of_another_channel, signal_parameters, modify_channel,
		modify_channel_of_old, slow_owner, reopen_while_closing, unload_in_each_state,
		unload_then_open_refused, revoke_in_each_state, hot_add, reoffered,
		reoffered_to_the_next_guest, subchannels, subchannels_before_the_guest,
		all_relids, rescind_and_offer,
	};

	return run_tests("vmbus_channel", tests, ARRAY_SIZE(tests), fake_setup, fake_teardown);
}
