// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest and owners of channels: see fake_vmbus.h. */
#include <check.h>
#include <stdlib.h>

#include "fake_vmbus.h"

struct fake fake;

static void *op_alloc(size_t size)
{
	if (fake.no_memory)
		return NULL;
	fake.allocated++;
	return calloc(1, size);
}

static void op_free(void *memory)
{
	if (memory)
		fake.allocated--;
	free(memory);
}

static int op_post(void *context, u32 vp, u32 sint, const void *message, u32 size)
{
	ck_assert_ptr_eq(context, &fake);
	ck_assert_uint_lt(vp, FAKE_VPS);
	ck_assert_uint_lt(sint, HV_SINT_COUNT);
	ck_assert_uint_le(size, HV_MESSAGE_PAYLOAD_MAX);
	if (fake.full)
		return -EAGAIN;
	ck_assert_uint_lt(fake.got, FAKE_LOG);
	fake.log[fake.got].vp = vp;
	fake.log[fake.got].sint = sint;
	fake.log[fake.got].size = size;
	memcpy(fake.log[fake.got++].bytes, message, size);
	return 0;
}

static bool op_vp_exists(void *context, u32 vp)
{
	return vp < FAKE_VPS;
}

static int op_connect(struct vmbus_channel *channel)
{
	ck_assert(!channel->connected);
	return channel->connection == fake.taken_connection ? -EEXIST : 0;
}

static void op_disconnect(struct vmbus_channel *channel)
{
	ck_assert_ptr_nonnull(channel->owner);
	fake.disconnects++;
}

static void op_open(struct vmbus_channel *channel)
{
	ck_assert_ptr_nonnull(channel->owner);
	ck_assert_ptr_nonnull(channel->ring);
	fake.opens++;
	if (fake.answer)
		vmbus_channel_opened(channel, fake.open_status);
}

static void op_close(struct vmbus_channel *channel)
{
	ck_assert_ptr_nonnull(channel->owner);
	ck_assert_ptr_nonnull(channel->ring);
	fake.closes++;
	if (fake.answer)
		vmbus_channel_closed(channel);
}

static void op_retarget(struct vmbus_channel *channel)
{
	fake.retargets++;
}

static void op_release(struct vmbus_gpadl *gpadl)
{
	fake.releases++;
	fake.released = gpadl;
}

static void op_gone(struct vmbus_channel *channel)
{
	ck_assert_ptr_nonnull(channel->owner);
	fake.gones++;
}

static void op_connected(void *context, u32 version, u32 features)
{
	fake.connected++;
	fake.version = version;
	fake.features = features;
}

static void op_tl_connect(void *context, const u8 *service, const u8 *endpoint)
{
	fake.tl_requests++;
}

static void op_reset_done(void *context)
{
	fake.resets++;
}

static const struct vmbus_server_ops ops = {
	.alloc = op_alloc, .free = op_free, .post = op_post, .vp_exists = op_vp_exists,
	.connect = op_connect, .disconnect = op_disconnect, .open = op_open, .close = op_close,
	.retarget = op_retarget, .release = op_release, .gone = op_gone,
	.connected = op_connected, .tl_connect = op_tl_connect, .reset_done = op_reset_done,
};

void fake_max_version(u32 max_version)
{
	fake.server.max_version = max_version;
}

void fake_setup(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.answer = true;
	vmbus_server_init(&fake.server, &ops, &fake, VMBUS_VERSION_6_0);
}

void fake_teardown(void)
{
	struct vmbus_channel *channel = fake.server.channels;

	while (channel) {
		if (channel->state == VMBUS_REVOKED) {
			channel = channel->next;
			continue;
		}
		vmbus_channel_revoke(channel);
		channel = fake.server.channels;
	}
	vmbus_server_destroy(&fake.server);
	ck_assert_int_eq(fake.allocated, 0);
	ck_assert_uint_eq(fake.server.gpadl_count, 0);
	ck_assert_uint_eq(fake.server.gpadl_bytes, 0);
}

const void *fake_next(u32 type)
{
	const struct vmbus_header *header;

	ck_assert_msg(fake.taken < fake.got, "no message; type %u expected", type);
	header = (const void *)fake.log[fake.taken++].bytes;
	ck_assert_uint_eq(header->type, type);
	return header;
}

void fake_no_more(void)
{
	ck_assert_uint_eq(fake.taken, fake.got);
}

int guest_sends(const void *message, u32 size)
{
	u8 *exact = malloc(size ? size : 1);	/* no byte beyond is to be read */
	int err;

	memcpy(exact, message, size);
	err = vmbus_server_receive(&fake.server, exact, size);
	free(exact);
	return err;
}

int guest_header(u32 type)
{
	const struct vmbus_header header = { .type = type };

	return guest_sends(&header, sizeof(header));
}

int guest_relid(u32 type, u32 relid)
{
	const struct vmbus_relid_message message = { .header.type = type, .relid = relid };

	return guest_sends(&message, sizeof(message));
}

int guest_contact(u32 version)
{
	struct vmbus_initiate_contact contact = {
		.header.type = VMBUS_INITIATE_CONTACT, .version = version, .target_vp = 1,
	};

	if (version >= VMBUS_VERSION_5_0)
		contact.sint = VMBUS_SINT;
	return guest_sends(&contact, sizeof(contact));
}

void guest_connect(u32 version)
{
	const struct vmbus_version_response *response;

	ck_assert_int_eq(guest_contact(version), 0);
	response = fake_next(VMBUS_VERSION_RESPONSE);
	ck_assert_uint_eq(response->supported, 1);
	ck_assert_uint_eq(response->state, 0);
}

int guest_gpadl(u32 relid, u32 gpadl, u32 pages)
{
	struct {
		struct vmbus_gpadl_header header;
		u64 words[26];
	} __attribute__((packed)) message = {
		.header.header.type = VMBUS_GPADL_HEADER, .header.relid = relid,
		.header.gpadl = gpadl, .header.range_count = 1,
		.header.range_bytes = 8 + 8 * pages, .words = { pages * HV_PAGE_SIZE },
	};

	ck_assert_uint_lt(pages, 26);
	for (u32 i = 1; i <= pages; i++)
		message.words[i] = 0x100 + i;
	return guest_sends(&message, sizeof(message.header) + 8 + 8 * pages);
}

int guest_teardown(u32 relid, u32 gpadl)
{
	const struct vmbus_gpadl_teardown message = {
		.header.type = VMBUS_GPADL_TEARDOWN, .relid = relid, .gpadl = gpadl,
	};

	return guest_sends(&message, sizeof(message));
}

int guest_open(u32 relid, u32 gpadl)
{
	const struct vmbus_open_channel_2 message = {
		.open.header.type = VMBUS_OPEN_CHANNEL, .open.relid = relid,
		.open.open_id = relid + 0x1000, .open.ring_gpadl = gpadl, .open.target_vp = 2,
		.open.downstream_offset = 4, .event_flag = relid,
	};

	return guest_sends(&message, fake.features & VMBUS_FEATURE_SIGNAL_PARAMETERS ?
				     sizeof(message) : sizeof(message.open));
}

struct vmbus_channel *fake_offer(u8 n, u16 subchannel)
{
	const struct vmbus_offer_info info = {
		.type = { 1 }, .instance = { n }, .subchannel = subchannel,
	};
	struct vmbus_channel *channel;

	ck_assert_int_eq(vmbus_channel_offer(&fake.server, &info, &fake, &channel), 0);
	return channel;
}

struct vmbus_channel *fake_channel(void)
{
	struct vmbus_channel *channel = fake_offer(1, 0);
	const struct vmbus_gpadl_created *created;

	guest_connect(VMBUS_VERSION_5_3);
	ck_assert_int_eq(guest_header(VMBUS_REQUEST_OFFERS), 0);
	fake_next(VMBUS_OFFER_CHANNEL);
	fake_next(VMBUS_ALL_OFFERS_DELIVERED);
	ck_assert_int_eq(guest_gpadl(channel->relid, RING_GPADL, 8), 0);
	created = fake_next(VMBUS_GPADL_CREATED);
	ck_assert_uint_eq(created->status, 0);
	return channel;
}

struct vmbus_channel *fake_open_channel(void)
{
	struct vmbus_channel *channel = fake_channel();
	const struct vmbus_open_result *result;

	ck_assert_int_eq(guest_open(channel->relid, RING_GPADL), 0);
	result = fake_next(VMBUS_OPEN_CHANNEL_RESULT);
	ck_assert_uint_eq(result->status, 0);
	ck_assert_uint_eq(result->open_id, channel->relid + 0x1000);
	ck_assert_uint_eq(channel->state, VMBUS_OPEN);
	return channel;
}
