// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/proto.c */
/*
 * The storage protocol: initialization as guests do it in each version, and packets of every
 * wrong kind, size and order.
 */
#include "storvsp_proto.h"
#include "run_tests.h"

static struct storvsp_session session;
static struct storvsp_request request;

static void setup(void)
{
	memset(&request, 0, sizeof(request));
	storvsp_session_init(&session, 3, false);
}

static enum storvsp_action send_sized(u32 operation, u32 size, u64 data_size, bool primary)
{
	request.packet.operation = operation;
	request.packet.flags = 1;
	request.packet.status = 0xdead;
	return storvsp_receive(&session, size, data_size, primary, &request);
}

static enum storvsp_action send(u32 operation)
{
	return send_sized(operation, sizeof(request.packet), 0, true);
}

#define expect_answer(what, wanted) do { \
	ck_assert_int_eq(send(what), STORVSP_ANSWER); \
	ck_assert_uint_eq(request.packet.operation, STORVSP_COMPLETE_IO); \
	ck_assert_uint_eq(request.packet.flags, 1); \
	ck_assert_uint_eq(request.packet.status, (wanted)); \
} while (0)

static void initialize(u16 version)
{
	setup();
	expect_answer(STORVSP_BEGIN_INITIALIZATION, 0);
	request.packet.version = version;
	expect_answer(STORVSP_QUERY_PROTOCOL_VERSION, 0);
	expect_answer(STORVSP_QUERY_PROPERTIES, 0);
	expect_answer(STORVSP_END_INITIALIZATION, 0);
}

static const u16 versions[] = { 0x0200, 0x0402, 0x0501, 0x0600, 0x0602 };

START_TEST(test_versions)
{
	for (u32 i = 0; i < ARRAY_SIZE(versions); i++) {
		initialize(versions[i]);
		ck_assert_uint_eq(session.version, versions[i]);
		ck_assert_uint_eq(storvsp_packet_size(&session), versions[i] < 0x0501 ? 48 : 64);
	}
	setup();
	expect_answer(STORVSP_BEGIN_INITIALIZATION, 0);
	ck_assert_uint_eq(storvsp_packet_size(&session), 64);
	for (u32 version = 0; version < 0x10000; version++) {
		bool known = false;

		for (u32 i = 0; i < ARRAY_SIZE(versions); i++)
			known |= versions[i] == version;
		request.packet.version = version;
		expect_answer(STORVSP_QUERY_PROTOCOL_VERSION,
			      known ? 0 : STORVSP_STATUS_REVISION_MISMATCH);
	}
}
END_TEST

START_TEST(test_properties)
{
	for (u32 i = 0; i < ARRAY_SIZE(versions); i++) {
		bool channels = versions[i] >= 0x0501;

		setup();
		session.ide = i & 1;
		send(STORVSP_BEGIN_INITIALIZATION);
		request.packet.version = versions[i];
		send(STORVSP_QUERY_PROTOCOL_VERSION);
		expect_answer(STORVSP_QUERY_PROPERTIES, 0);
		ck_assert_uint_eq(request.packet.properties.max_channels, channels ? 3 : 0);
		ck_assert_uint_eq(request.packet.properties.flags, channels + (i & 1 ? 2 : 0));
		ck_assert_uint_eq(request.packet.properties.max_transfer, STORVSP_MAX_TRANSFER);
	}
}
END_TEST

/* Each operation in each state that it does not belong to. */
START_TEST(test_order)
{
	static const u32 steps[] = {
		STORVSP_BEGIN_INITIALIZATION, STORVSP_QUERY_PROTOCOL_VERSION,
		STORVSP_QUERY_PROPERTIES, STORVSP_END_INITIALIZATION,
	};
	static const struct {
		u32 operation;
		u32 states;
	} allowed[] = {
		{ STORVSP_QUERY_PROTOCOL_VERSION, 0x06 }, { STORVSP_QUERY_PROPERTIES, 0x0c },
		{ STORVSP_END_INITIALIZATION, 0x08 }, { STORVSP_EXECUTE_SRB, 0x10 },
		{ STORVSP_RESET_LUN, 0x10 }, { STORVSP_RESET_ADAPTER, 0x10 },
		{ STORVSP_RESET_BUS, 0x10 }, { STORVSP_CREATE_SUB_CHANNELS, 0x10 },
	};

	for (u32 state = 0; state < 5; state++)
		for (u32 i = 0; i < ARRAY_SIZE(allowed); i++) {
			setup();
			for (u32 step = 0; step < state; step++) {
				request.packet.version = 0x0602;
				expect_answer(steps[step], 0);
			}
			ck_assert_uint_eq(session.state, state);
			if (allowed[i].states >> state & 1)
				continue;
			expect_answer(allowed[i].operation, STORVSP_STATUS_INVALID_DEVICE_STATE);
			ck_assert_uint_eq(session.state, state);
		}
	initialize(0x0602);
	expect_answer(STORVSP_BEGIN_INITIALIZATION, 0);
	ck_assert_uint_eq(session.state, STORVSP_BEGUN);
}
END_TEST

START_TEST(test_unknown_operations)
{
	static const u32 known[] = { 3, 4, 5, 6, 7, 8, 9, 10, 13 };

	initialize(0x0602);
	for (u32 operation = 0; operation < 300; operation++) {
		bool is_known = false;

		for (u32 i = 0; i < ARRAY_SIZE(known); i++)
			is_known |= known[i] == operation;
		if (!is_known)
			expect_answer(operation, STORVSP_STATUS_NOT_SUPPORTED);
	}
	expect_answer(~0u, STORVSP_STATUS_NOT_SUPPORTED);
	ck_assert_uint_eq(session.state, STORVSP_READY);
}
END_TEST

START_TEST(test_short_packets)
{
	for (u32 i = 0; i < ARRAY_SIZE(versions); i++) {
		u32 full = versions[i] < 0x0501 ? 48 : 64;

		initialize(versions[i]);
		for (u32 size = 0; size < full; size++) {
			ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, size, 0, true),
					 STORVSP_ANSWER);
			ck_assert_uint_eq(request.packet.status,
					  STORVSP_STATUS_INVALID_PARAMETER);
		}
		request.packet.srb.cdb_length = 6;
		request.packet.srb.direction = SRB_NO_DATA;
		ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, full, 0, true), STORVSP_EXECUTE);
		/* and larger ones */
		ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, 4096, 0, true), STORVSP_EXECUTE);
	}
	ck_assert_int_eq(send_sized(STORVSP_CREATE_SUB_CHANNELS, 13, 0, true), STORVSP_ANSWER);
	ck_assert_uint_eq(request.packet.status, STORVSP_STATUS_INVALID_PARAMETER);
	ck_assert_int_eq(send_sized(STORVSP_RESET_LUN, 19, 0, true), STORVSP_ANSWER);
	ck_assert_uint_eq(request.packet.status, STORVSP_STATUS_INVALID_PARAMETER);
}
END_TEST

static void set_srb(u8 direction, u32 length)
{
	memset(&request.packet.srb, 0, sizeof(request.packet.srb));
	request.packet.srb.cdb_length = 10;
	request.packet.srb.direction = direction;
	request.packet.srb.data_length = length;
	request.packet.srb.sense_length = 20;
	request.packet.srb.lun = 7;
}

static void expect_refused(u64 data_size)
{
	ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, 64, data_size, true), STORVSP_ANSWER);
	ck_assert_uint_eq(request.packet.operation, STORVSP_COMPLETE_IO);
	ck_assert_uint_eq(request.packet.status, STORVSP_STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(request.packet.srb.srb_status, SRB_INVALID_REQUEST);
	ck_assert_uint_eq(request.packet.srb.data_length, 0);
	ck_assert_uint_eq(request.packet.srb.sense_length, 0);
}

START_TEST(test_srb)
{
	initialize(0x0602);
	set_srb(SRB_READ, 4096);
	ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, 64, 4096, true), STORVSP_EXECUTE);
	ck_assert_uint_eq(request.length, 4096);
	ck_assert_uint_eq(request.packet.srb.lun, 7);
	set_srb(SRB_WRITE, STORVSP_MAX_TRANSFER);
	ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, 64, STORVSP_MAX_TRANSFER + 9, false),
			 STORVSP_EXECUTE);
	ck_assert_uint_eq(request.length, STORVSP_MAX_TRANSFER);
	/* memory that nothing is to be done with */
	set_srb(SRB_NO_DATA, 4096);
	ck_assert_int_eq(send_sized(STORVSP_EXECUTE_SRB, 64, 0, true), STORVSP_EXECUTE);
	ck_assert_uint_eq(request.length, 0);
}
END_TEST

START_TEST(test_bad_srb)
{
	initialize(0x0602);
	set_srb(SRB_READ, 4096);
	expect_refused(4095);
	set_srb(SRB_READ, 4096);
	expect_refused(0);
	set_srb(SRB_READ, STORVSP_MAX_TRANSFER + 1);
	expect_refused(1 << 20);
	set_srb(SRB_READ, ~0u);
	expect_refused(~0ull);
	for (u32 direction = 3; direction < 256; direction++) {
		set_srb(direction, 0);
		expect_refused(0);
	}
	for (u32 length = 17; length <= 256; length++) {
		set_srb(SRB_READ, 0);
		request.packet.srb.cdb_length = length;
		expect_refused(0);
	}
	ck_assert_uint_eq(session.state, STORVSP_READY);
}
END_TEST

START_TEST(test_subchannels)
{
	initialize(0x0602);
	request.packet.channels = 3;
	ck_assert_int_eq(send(STORVSP_CREATE_SUB_CHANNELS), STORVSP_CREATE_CHANNELS);
	ck_assert_uint_eq(request.channels, 3);
	ck_assert_uint_eq(request.packet.status, 0);
	request.packet.channels = 4;
	expect_answer(STORVSP_CREATE_SUB_CHANNELS, STORVSP_STATUS_INVALID_PARAMETER);
	request.packet.channels = 0;
	expect_answer(STORVSP_CREATE_SUB_CHANNELS, STORVSP_STATUS_INVALID_PARAMETER);
	initialize(0x0402);
	request.packet.channels = 1;
	expect_answer(STORVSP_CREATE_SUB_CHANNELS, STORVSP_STATUS_NOT_SUPPORTED);
}
END_TEST

/* What a subchannel may not say. */
START_TEST(test_not_primary)
{
	static const u32 refused[] = { 7, 8, 9, 10, 13 };

	initialize(0x0602);
	for (u32 i = 0; i < ARRAY_SIZE(refused); i++) {
		ck_assert_int_eq(send_sized(refused[i], 64, 0, false), STORVSP_ANSWER);
		ck_assert_uint_eq(request.packet.status, STORVSP_STATUS_INVALID_DEVICE_STATE);
	}
	ck_assert_uint_eq(session.state, STORVSP_READY);
	ck_assert_int_eq(send_sized(STORVSP_RESET_BUS, 64, 0, false), STORVSP_RESET_LUNS);
}
END_TEST

START_TEST(test_resets)
{
	initialize(0x0602);
	request.packet.srb.lun = 5;
	ck_assert_int_eq(send(STORVSP_RESET_LUN), STORVSP_RESET_LUNS);
	ck_assert(!request.all_luns);
	ck_assert_uint_eq(request.packet.srb.lun, 5);
	ck_assert_int_eq(send(STORVSP_RESET_BUS), STORVSP_RESET_LUNS);
	ck_assert(request.all_luns);
	ck_assert_int_eq(send(STORVSP_RESET_ADAPTER), STORVSP_RESET_LUNS);
	ck_assert(request.all_luns);
}
END_TEST

START_TEST(test_answers)
{
	struct scsi_command command = { .status = SCSI_GOOD };
	struct srb *srb = &request.packet.srb;

	set_srb(SRB_READ, 4096);
	storvsp_srb_answer(&command, 512, &request.packet);
	ck_assert_uint_eq(srb->srb_status, SRB_SUCCESS);
	ck_assert_uint_eq(srb->data_length, 512);
	ck_assert_uint_eq(srb->sense_length, 0);
	command.status = SCSI_CHECK_CONDITION;
	command.sense_size = SCSI_SENSE_SIZE;
	memset(command.sense, 0x5a, sizeof(command.sense));
	set_srb(SRB_READ, 4096);
	storvsp_srb_answer(&command, 0, &request.packet);
	ck_assert_uint_eq(srb->srb_status, SRB_ERROR | SRB_AUTOSENSE_VALID);
	ck_assert_uint_eq(srb->scsi_status, 2);
	ck_assert_uint_eq(srb->sense_length, SCSI_SENSE_SIZE);
	ck_assert_mem_eq(srb->sense, command.sense, SCSI_SENSE_SIZE);
	ck_assert_uint_eq(srb->sense[18] | srb->sense[19], 0);
	/* a guest with less room, or none */
	set_srb(SRB_READ, 4096);
	srb->sense_length = 4;
	storvsp_srb_answer(&command, 0, &request.packet);
	ck_assert_uint_eq(srb->sense_length, 4);
	ck_assert_uint_eq(srb->sense[4], 0);
	set_srb(SRB_READ, 4096);
	srb->sense_length = 0;
	storvsp_srb_answer(&command, 0, &request.packet);
	ck_assert_uint_eq(srb->srb_status, SRB_ERROR);
	set_srb(SRB_READ, 4096);
	srb->sense_length = 255;
	storvsp_srb_answer(&command, 0, &request.packet);
	ck_assert_uint_eq(srb->sense_length, SCSI_SENSE_SIZE);
	command.sense_size = 0;
	command.status = SCSI_BUSY;
	storvsp_srb_answer(&command, 0, &request.packet);
	ck_assert_uint_eq(srb->srb_status, SRB_BUSY);
	command.no_lun = true;
	storvsp_srb_answer(&command, 0, &request.packet);
	ck_assert_uint_eq(srb->srb_status, SRB_INVALID_LUN);
	ck_assert_uint_eq(srb->scsi_status, 0);
}
END_TEST

START_TEST(test_autosense)
{
	initialize(0x0602);
	set_srb(SRB_READ, 0);
	ck_assert(!storvsp_no_autosense(&session, &request));
	request.packet.srb.flags = SRB_DISABLE_AUTOSENSE;
	ck_assert(storvsp_no_autosense(&session, &request));
	session.version = STORVSP_VERSION_4_2;
	ck_assert(!storvsp_no_autosense(&session, &request));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_versions, test_properties, test_order, test_unknown_operations,
		test_short_packets, test_srb, test_bad_srb, test_subchannels, test_not_primary,
		test_resets, test_answers, test_autosense,
	};

	return run_tests("storvsp", tests, ARRAY_SIZE(tests), setup, NULL);
}
