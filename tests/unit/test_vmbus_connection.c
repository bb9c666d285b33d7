// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: tests/unit/fake_vmbus.c vmbus/message.c vmbus/connection.c vmbus/offer.c */
/* LINK: vmbus/channel.c vmbus/gpadl.c vmbus/ranges.c */
/*
 * The VMBus connection: every version, every message in every state with every size, contact
 * anew, unload, reset, pause, and what waits to be sent.
 */
#include "fake_vmbus.h"
#include "run_tests.h"

static const u32 versions[] = {
	VMBUS_VERSION_1_1, VMBUS_VERSION_2_4, VMBUS_VERSION_3_0, VMBUS_VERSION_4_0,
	VMBUS_VERSION_4_1, VMBUS_VERSION_5_0, VMBUS_VERSION_5_1, VMBUS_VERSION_5_2,
	VMBUS_VERSION_5_3, VMBUS_VERSION_6_0,
};

static const u32 guests[] = {
	VMBUS_REQUEST_OFFERS, VMBUS_OPEN_CHANNEL, VMBUS_CLOSE_CHANNEL, VMBUS_GPADL_HEADER,
	VMBUS_GPADL_BODY, VMBUS_GPADL_TEARDOWN, VMBUS_RELID_RELEASED, VMBUS_INITIATE_CONTACT,
	VMBUS_UNLOAD, VMBUS_TL_CONNECT_REQUEST, VMBUS_MODIFY_CHANNEL, VMBUS_MODIFY_CONNECTION,
	VMBUS_PAUSE, VMBUS_RESUME,
};

static bool is_guests(u32 type)
{
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++)
		if (guests[i] == type)
			return true;
	return false;
}

static int contact_6(u32 features)
{
	const struct vmbus_initiate_contact_2 contact = {
		.contact.header.type = VMBUS_INITIATE_CONTACT,
		.contact.version = VMBUS_VERSION_6_0, .contact.sint = 2,
		.contact.features = features,
	};

	return guest_sends(&contact, sizeof(contact));
}

START_TEST(every_version)
{
	const struct vmbus_version_response *response;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		u32 version = versions[i];

		ck_assert_int_eq(guest_contact(version), 0);
		ck_assert_uint_eq(fake.log[fake.taken].vp, 1);
		ck_assert_uint_eq(fake.log[fake.taken].sint, VMBUS_SINT);
		ck_assert_uint_eq(fake.log[fake.taken].size,
				  version >= VMBUS_VERSION_6_0 ? 20 : 16);
		response = fake_next(VMBUS_VERSION_RESPONSE);
		ck_assert_uint_eq(response->supported, 1);
		ck_assert_uint_eq(response->connection_id,
				  version >= VMBUS_VERSION_5_0 ? 4 : version);
		ck_assert_uint_eq(fake.version, version);
		ck_assert_uint_eq(fake.features, 0);
	}
}
END_TEST

/* As guests do: from the newest down to one that we agree to. */
START_TEST(versions_down)
{
	const struct vmbus_version_response *response;

	fake_max_version(VMBUS_VERSION_4_1);
	for (size_t i = ARRAY_SIZE(versions); i--;) {
		bool good = versions[i] <= VMBUS_VERSION_4_1;

		ck_assert_int_eq(guest_contact(versions[i]), 0);
		response = fake_next(VMBUS_VERSION_RESPONSE);
		ck_assert_uint_eq(response->supported, good);
		ck_assert_int_eq(fake.server.state, good ? VMBUS_CONNECTED : VMBUS_DISCONNECTED);
		if (good)
			break;
	}
	ck_assert_uint_eq(fake.version, VMBUS_VERSION_4_1);
}
END_TEST

START_TEST(unknown_versions)
{
	static const u32 bad[] = { 0, 13, 0x10000, 0x50004, 0x60001, 0x7fffffff, 0xffffffff };
	const struct vmbus_version_response *response;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(guest_contact(bad[i]), 0);
		response = fake_next(VMBUS_VERSION_RESPONSE);
		ck_assert_uint_eq(response->supported, 0);
	}
	ck_assert_uint_eq(fake.connected, 0);
}
END_TEST

/* Rules 6, 7, 12: SINT, VTL, VP, interrupt page, monitor pages. */
START_TEST(bad_contacts)
{
	struct vmbus_initiate_contact contact = {
		.header.type = VMBUS_INITIATE_CONTACT, .version = VMBUS_VERSION_5_3,
	}, bad;
	const struct vmbus_version_response *response;

	bad = contact;
	bad.sint = HV_SINT_COUNT;
	ck_assert_int_eq(guest_sends(&bad, sizeof(bad)), -EINVAL);
	bad = contact;
	bad.vtl = 1;
	ck_assert_int_eq(guest_sends(&bad, sizeof(bad)), -EINVAL);
	bad = contact;
	bad.target_vp = FAKE_VPS;
	ck_assert_int_eq(guest_sends(&bad, sizeof(bad)), -EINVAL);
	bad.target_vp = VMBUS_VP_NONE;
	ck_assert_int_eq(guest_sends(&bad, sizeof(bad)), -EINVAL);
	bad = contact;
	bad.version = VMBUS_VERSION_4_0;
	bad.interrupt_page = 0x1008;
	ck_assert_int_eq(guest_sends(&bad, sizeof(bad)), -EINVAL);
	fake_no_more();
	for (unsigned int i = 0; i < 3; i++) {
		bad = contact;
		bad.parent_to_child_monitor = i ? 0x1000 : 0;
		bad.child_to_parent_monitor = i == 1 ? 0 : 0x2000;
		if (i == 2)
			bad.child_to_parent_monitor = 0x2001;
		ck_assert_int_eq(guest_sends(&bad, sizeof(bad)), 0);
		response = fake_next(VMBUS_VERSION_RESPONSE);
		ck_assert_uint_eq(response->supported, 0);
	}
	contact.sint = 5;
	ck_assert_int_eq(guest_sends(&contact, sizeof(contact)), 0);
	ck_assert_uint_eq(fake.log[fake.taken].sint, 5);
}
END_TEST

START_TEST(features)
{
	const struct vmbus_version_response_2 *response;
	const u32 ours = VMBUS_FEATURE_SIGNAL_PARAMETERS | VMBUS_FEATURE_MODIFY_CONNECTION |
			 VMBUS_FEATURE_CLIENT_ID | VMBUS_FEATURE_PAUSE_RESUME;

	ck_assert_int_eq(contact_6(0xffffffff), 0);
	response = fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_uint_eq(response->features, ours);
	ck_assert_uint_eq(fake.features, ours);
	ck_assert_int_eq(contact_6(0), 0);
	response = fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_uint_eq(response->features, 0);
}
END_TEST

START_TEST(client_id_takes_the_long_message)
{
	struct vmbus_initiate_contact contact = {
		.header.type = VMBUS_INITIATE_CONTACT, .version = VMBUS_VERSION_6_0,
		.features = VMBUS_FEATURE_CLIENT_ID,
	};

	ck_assert_int_eq(guest_sends(&contact, sizeof(contact)), -EMSGSIZE);
	contact.features = 0;
	ck_assert_int_eq(guest_sends(&contact, sizeof(contact)), 0);
}
END_TEST

/* Rule 2; and before contact only contact is legal. */
START_TEST(every_type)
{
	u8 message[HV_MESSAGE_PAYLOAD_MAX] = { 0 };

	for (u32 type = 0; type < 300; type++) {
		*(u32 *)message = type;
		if (type == VMBUS_INITIATE_CONTACT)
			continue;
		ck_assert_int_eq(guest_sends(message, sizeof(message)),
				 is_guests(type) ? -ENOTCONN : -EOPNOTSUPP);
	}
	guest_connect(VMBUS_VERSION_6_0);
	for (u32 type = 0; type < 300; type++)
		if (!is_guests(type)) {
			*(u32 *)message = type;
			ck_assert_int_eq(guest_sends(message, sizeof(message)), -EOPNOTSUPP);
		}
	*(u32 *)message = 0xffffffff;
	ck_assert_int_eq(guest_sends(message, sizeof(message)), -EOPNOTSUPP);
	fake_no_more();
}
END_TEST

/* Rule 1: one byte less than the least of any type is refused, and so is more than a message. */
START_TEST(every_size)
{
	u8 message[256] = { 0 };

	ck_assert_int_eq(contact_6(0xff), 0);
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		u32 least = vmbus_message_least(guests[i], fake.features);

		*(u32 *)message = guests[i];
		ck_assert_uint_ge(least, 8);
		for (u32 size = 0; size < least; size++)
			ck_assert_int_eq(guest_sends(message, size), -EMSGSIZE);
		ck_assert_int_eq(guest_sends(message, HV_MESSAGE_PAYLOAD_MAX + 1), -EMSGSIZE);
	}
	ck_assert_int_eq(fake.server.state, VMBUS_CONNECTED);
}
END_TEST

/* Rule 1: firmware sends all 240 bytes of a message, whatever it is. */
START_TEST(trailing_bytes)
{
	u8 message[HV_MESSAGE_PAYLOAD_MAX];

	memset(message, 0xee, sizeof(message));
	memset(message, 0, 40);
	*(u32 *)message = VMBUS_INITIATE_CONTACT;
	((u32 *)message)[2] = VMBUS_VERSION_5_3;
	ck_assert_int_eq(guest_sends(message, sizeof(message)), 0);
	fake_next(VMBUS_VERSION_RESPONSE);
	*(u32 *)message = VMBUS_REQUEST_OFFERS;
	ck_assert_int_eq(guest_sends(message, sizeof(message)), 0);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	*(u32 *)message = VMBUS_UNLOAD;
	ck_assert_int_eq(guest_sends(message, sizeof(message)), 0);
	fake_next(VMBUS_UNLOAD_RESPONSE);
}
END_TEST

START_TEST(least_versions)
{
	u8 message[HV_MESSAGE_PAYLOAD_MAX] = { 0 };
	static const struct { u32 type, version; } least[] = {
		{ VMBUS_TL_CONNECT_REQUEST, VMBUS_VERSION_4_0 },
		{ VMBUS_MODIFY_CHANNEL, VMBUS_VERSION_4_1 },
	};

	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		guest_connect(versions[v]);
		for (size_t i = 0; i < ARRAY_SIZE(least); i++) {
			*(u32 *)message = least[i].type;
			ck_assert_int_eq(guest_sends(message, sizeof(message)) == -EOPNOTSUPP,
					 versions[v] < least[i].version);
		}
		/* without their features */
		ck_assert_int_eq(guest_header(VMBUS_PAUSE), -EOPNOTSUPP);
		ck_assert_int_eq(guest_header(VMBUS_RESUME), -EOPNOTSUPP);
		*(u32 *)message = VMBUS_MODIFY_CONNECTION;
		ck_assert_int_eq(guest_sends(message, sizeof(message)), -EOPNOTSUPP);
	}
}
END_TEST

/* A new contact of a connected guest: what was is closed first, then it is answered. */
START_TEST(contact_anew)
{
	struct vmbus_channel *channel = fake_open_channel();

	fake.answer = false;
	ck_assert_int_eq(guest_contact(VMBUS_VERSION_5_2), 0);
	ck_assert_uint_eq(fake.closes, 1);
	fake_no_more();
	ck_assert_int_eq(fake.server.state, VMBUS_DISCONNECTING);
	/* and one more meanwhile: the last one counts */
	ck_assert_int_eq(guest_contact(VMBUS_VERSION_5_1), 0);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), -ENOTCONN);
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), -ENOTCONN);
	fake_no_more();
	vmbus_channel_closed(channel);
	fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_uint_eq(fake.version, VMBUS_VERSION_5_1);
	ck_assert_int_eq(channel->state, VMBUS_UNOFFERED);
	ck_assert_uint_eq(fake.server.gpadl_count, 0);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	fake_no_more();
}
END_TEST

START_TEST(unload_waits)
{
	struct vmbus_channel *channel = fake_open_channel();

	fake.answer = false;
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
	fake_no_more();
	vmbus_channel_closed(channel);
	fake_next(VMBUS_UNLOAD_RESPONSE);
	fake_no_more();
	ck_assert_uint_eq(fake.version, 0);
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), -ENOTCONN);
}
END_TEST

/* The one that unloaded is not there any more when another makes contact. */
START_TEST(unload_then_contact)
{
	struct vmbus_channel *channel = fake_open_channel();

	fake.answer = false;
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
	ck_assert_int_eq(guest_contact(VMBUS_VERSION_5_3), 0);
	vmbus_channel_closed(channel);
	fake_next(VMBUS_VERSION_RESPONSE);
	fake_no_more();
}
END_TEST

START_TEST(reset)
{
	struct vmbus_channel *channel;

	vmbus_server_reset(&fake.server);
	ck_assert_uint_eq(fake.resets, 1);
	channel = fake_open_channel();
	fake.answer = false;
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
	vmbus_server_reset(&fake.server);
	ck_assert_uint_eq(fake.resets, 1);
	vmbus_channel_closed(channel);
	ck_assert_uint_eq(fake.resets, 2);
	fake_no_more();
}
END_TEST

START_TEST(offers_once)
{
	guest_connect(VMBUS_VERSION_5_3);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), -EALREADY);
	fake_no_more();
}
END_TEST

/* Rule 13: while ours wait, the guest's do. */
START_TEST(blocked)
{
	for (u8 n = 1; n <= 100; n++)
		fake_offer(n, 0);
	guest_connect(VMBUS_VERSION_5_3);
	fake.full = true;
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	ck_assert(vmbus_server_blocked(&fake.server));
	vmbus_server_flush(&fake.server);
	fake_no_more();
	fake.full = false;
	vmbus_server_flush(&fake.server);
	ck_assert(!vmbus_server_blocked(&fake.server));
	for (u32 n = 1; n <= 100; n++) {
		const struct vmbus_offer_channel *offer = fake_next(VMBUS_OFFER_CHANNEL);

		ck_assert_uint_eq(offer->instance[0], n);
		ck_assert_uint_eq(offer->relid, n);
		ck_assert_uint_eq(offer->dedicated_interrupt, 1);
	}
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
}
END_TEST

/* What waited for a guest that is gone is not for its successor. */
START_TEST(queue_of_the_last_guest)
{
	fake_offer(1, 0);
	guest_connect(VMBUS_VERSION_5_3);
	fake.full = true;
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	ck_assert_int_eq(guest_contact(VMBUS_VERSION_5_0), 0);
	fake.full = false;
	vmbus_server_flush(&fake.server);
	fake_next(VMBUS_VERSION_RESPONSE);
	fake_no_more();
}
END_TEST

START_TEST(pause_and_resume)
{
	ck_assert_int_eq(contact_6(VMBUS_FEATURE_PAUSE_RESUME), 0);
	fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_int_eq(guest_header(VMBUS_RESUME), -EINVAL);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	fake.full = true;
	ck_assert_int_eq(guest_header(VMBUS_PAUSE), 0);
	ck_assert(vmbus_server_blocked(&fake.server));
	fake.full = false;
	vmbus_server_flush(&fake.server);
	fake_next(VMBUS_PAUSE_RESPONSE);
	ck_assert(!vmbus_server_blocked(&fake.server));
	fake_offer(1, 0);
	vmbus_server_flush(&fake.server);
	fake_no_more();
	ck_assert(!vmbus_server_blocked(&fake.server));
	ck_assert_int_eq(guest_relid(VMBUS_CLOSE_CHANNEL, 1), -EBUSY);
	ck_assert_int_eq(guest_header(VMBUS_RESUME), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	ck_assert_int_eq(guest_header(VMBUS_PAUSE), 0);
	fake_next(VMBUS_PAUSE_RESPONSE);
	ck_assert_int_eq(guest_header(VMBUS_UNLOAD), 0);
	fake_next(VMBUS_UNLOAD_RESPONSE);
}
END_TEST

START_TEST(modify_connection)
{
	struct vmbus_modify_connection message = {
		.header.type = VMBUS_MODIFY_CONNECTION, .parent_to_child_monitor = 0x1000,
		.child_to_parent_monitor = 0x2000,
	};
	const struct vmbus_modify_connection_response *response;

	ck_assert_int_eq(contact_6(VMBUS_FEATURE_MODIFY_CONNECTION), 0);
	fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_int_eq(guest_sends(&message, sizeof(message)), 0);
	response = fake_next(VMBUS_MODIFY_CONNECTION_RESPONSE);
	ck_assert_uint_eq(response->state, 0);
	ck_assert_uint_eq(fake.server.monitor_page, 0x2000);
	message.child_to_parent_monitor = 0x3001;
	ck_assert_int_eq(guest_sends(&message, sizeof(message)), -EINVAL);
	response = fake_next(VMBUS_MODIFY_CONNECTION_RESPONSE);
	ck_assert_uint_eq(response->state, 1);
	ck_assert_uint_eq(fake.server.monitor_page, 0x2000);
}
END_TEST

/* Those that nobody answers are bounded; an offer is an answer too. */
START_TEST(hvsock)
{
	const struct vmbus_tl_connect_request request = {
		.header.type = VMBUS_TL_CONNECT_REQUEST, .service = { 1 }, .endpoint = { 2 },
	};
	const struct vmbus_offer_info info = { .instance = { 2 }, .flags = VMBUS_OFFER_TLNPI };
	const struct vmbus_offer_info from_host = {
		.instance = { 3 }, .flags = VMBUS_OFFER_TLNPI,
		.user_data[VMBUS_HVSOCK_FROM_HOST] = 1,
	};
	const struct vmbus_tl_connect_result *result;
	struct vmbus_channel *channel;

	guest_connect(VMBUS_VERSION_5_3);
	vmbus_server_tl_result(&fake.server, request.service, request.endpoint, 1);
	fake_no_more();
	for (u32 i = 0; i < VMBUS_TL_PENDING_MAX; i++)
		ck_assert_int_eq(guest_sends(&request, sizeof(request)), 0);
	ck_assert_uint_eq(fake.tl_requests, VMBUS_TL_PENDING_MAX);
	ck_assert_int_eq(guest_sends(&request, sizeof(request)), -EBUSY);
	result = fake_next(VMBUS_TL_CONNECT_RESULT);
	ck_assert_uint_eq(result->status, VMBUS_STATUS_CONNECTION_REFUSED);
	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &channel), 0);
	ck_assert_int_eq(guest_sends(&request, sizeof(request)), 0);
	vmbus_server_tl_result(&fake.server, request.service, request.endpoint, 7);
	result = fake_next(VMBUS_TL_CONNECT_RESULT);
	ck_assert_uint_eq(result->status, 7);
	ck_assert_uint_eq(result->endpoint[0], 2);
	ck_assert_int_eq(guest_sends(&request, sizeof(request)), 0);
	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &from_host, &fake, &channel), 0);
	ck_assert_int_eq(guest_sends(&request, sizeof(request)), -EBUSY);
	fake_next(VMBUS_TL_CONNECT_RESULT);
}
END_TEST

/* A message that cannot be kept is lost, and nothing else. */
START_TEST(no_memory)
{
	struct vmbus_channel *channel;
	const struct vmbus_offer_info info = { .instance = { 9 } };

	guest_connect(VMBUS_VERSION_5_3);
	fake.no_memory = true;
	fake.full = true;
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &channel), -ENOMEM);
	fake.full = false;
	vmbus_server_flush(&fake.server);
	fake_no_more();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_version, versions_down, unknown_versions, bad_contacts, features,
		client_id_takes_the_long_message, every_type, every_size, trailing_bytes,
		least_versions, contact_anew, unload_waits, unload_then_contact, reset,
		offers_once, blocked, queue_of_the_last_guest, pause_and_resume,
		modify_connection, hvsock, no_memory,
	};

	return run_tests("vmbus_connection", tests, ARRAY_SIZE(tests), fake_setup, fake_teardown);
}
