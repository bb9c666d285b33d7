// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/scsi.c vsp/storvsp/inquiry.c vsp/storvsp/mode.c vsp/storvsp/block.c */
/* LINK: vsp/storvsp/reserve.c vsp/storvsp/mmc.c */
/*
 * Persistent reservations of a medium that three guests share.
 */
#include "scsi_test.h"

enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_ABORT, REGISTER_IGNORE };

static struct scsi_lun luns[4];		/* by nexus, from 1 on */

static void setup(void)
{
	setup_disk();
	for (u32 i = 1; i < 4; i++) {
		luns[i] = lun;
		luns[i].nexus = i;
	}
}

static u32 out(u32 nexus, u8 action, u8 type, u64 key, u64 action_key)
{
	const u8 cdb[] = { 0x5f, action, type, 0, 0, 0, 0, 0, 24, 0 };

	memset(parameters, 0, 24);
	put_be64(parameters, key);
	put_be64(parameters + 8, action_key);
	return run_on(&luns[nexus], cdb, sizeof(cdb), 24);
}

static u32 write_by(u32 nexus)
{
	const u8 cdb[] = { 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0 };

	return run_on(&luns[nexus], cdb, sizeof(cdb), 512);
}

static u32 read_by(u32 nexus)
{
	const u8 cdb[] = { 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0 };

	return run_on(&luns[nexus], cdb, sizeof(cdb), 512);
}

static u32 ready(u32 nexus)
{
	const u8 cdb[6] = { 0 };

	return run_on(&luns[nexus], cdb, sizeof(cdb), 0);
}

/* Bytes of the list, which is then in the answer. */
static u32 in(u8 action)
{
	const u8 cdb[] = { 0x5e, action, 0, 0, 0, 0, 0, 4, 0, 0 };

	ck_assert_uint_eq(run_on(&luns[1], cdb, sizeof(cdb), 1024), 0);
	return get_be32(answer + 4);
}

START_TEST(test_register)
{
	ck_assert_uint_eq(in(0), 0);
	ck_assert_uint_eq(out(1, REGISTER, 0, 5, 7), SENSE_RESERVATION_CONFLICT);
	ck_assert_uint_eq(out(1, REGISTER, 0, 0, 7), 0);
	ck_assert_uint_eq(out(2, REGISTER, 0, 0, 8), 0);
	ck_assert_uint_eq(in(0), 16);
	ck_assert_uint_eq(get_be32(answer), 2);
	ck_assert_uint_eq(get_be64(answer + 8), 7);
	ck_assert_uint_eq(get_be64(answer + 16), 8);
	ck_assert_uint_eq(out(1, REGISTER, 0, 0, 9), SENSE_RESERVATION_CONFLICT);
	ck_assert_uint_eq(out(1, REGISTER, 0, 7, 9), 0);
	ck_assert_uint_eq(out(2, REGISTER_IGNORE, 0, 1234, 10), 0);
	ck_assert_uint_eq(out(1, REGISTER, 0, 9, 0), 0);
	ck_assert_uint_eq(out(1, REGISTER, 0, 0, 0), 0);
	ck_assert_uint_eq(in(0), 8);
	ck_assert_uint_eq(get_be64(answer + 8), 10);
	ck_assert_uint_eq(out(2, REGISTER_IGNORE, 0, 0, 0), 0);
	ck_assert_uint_eq(in(0), 0);
}
END_TEST

/* Who may read and write under each type: holder, registrant, stranger. */
START_TEST(test_types)
{
	static const struct {
		u8 type;
		bool others_read, registrants;
	} types[] = {
		{ 1, true, false }, { 3, false, false }, { 5, true, true },
		{ 6, false, true }, { 7, true, true }, { 8, false, true },
	};

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		setup();
		out(1, REGISTER, 0, 0, 1);
		out(2, REGISTER, 0, 0, 2);
		ck_assert_uint_eq(out(1, RESERVE, types[i].type, 1, 0), 0);
		ck_assert_uint_eq(out(1, RESERVE, types[i].type, 1, 0), 0);
		ck_assert_uint_eq(out(1, RESERVE, types[i].type ^ 2, 1, 0) != 0, 1);
		ck_assert_uint_eq(read_by(1), 0);
		ck_assert_uint_eq(write_by(1), 0);
		ck_assert_uint_eq(read_by(3) == 0, types[i].others_read);
		ck_assert_uint_eq(write_by(3), SENSE_RESERVATION_CONFLICT);
		ck_assert_uint_eq(read_by(2) == 0, types[i].others_read || types[i].registrants);
		ck_assert_uint_eq(write_by(2) == 0, types[i].registrants);
		ck_assert_uint_eq(ready(3), 0);
		ck_assert_uint_eq(in(1), 16);
		ck_assert_uint_eq(answer[21], types[i].type);
		ck_assert_uint_eq(get_be64(answer + 8), types[i].type < 7 ? 1 : 0);
		ck_assert_uint_eq(out(1, RELEASE, types[i].type, 1, 0), 0);
		ck_assert_uint_eq(in(1), 0);
		ck_assert_uint_eq(ready(2), types[i].registrants ? SENSE(6, 0x2a, 4) : 0);
		ck_assert_uint_eq(write_by(3), 0);
	}
}
END_TEST

START_TEST(test_reserve_bad)
{
	ck_assert_uint_eq(out(1, RESERVE, 1, 0, 0), SENSE_RESERVATION_CONFLICT);
	out(1, REGISTER, 0, 0, 1);
	ck_assert_uint_eq(out(1, RESERVE, 1, 2, 0), SENSE_RESERVATION_CONFLICT);
	for (u8 type = 0; type < 16; type++)
		if (type != 1 && type != 3 && (type < 5 || type > 8))
			ck_assert_uint_eq(out(1, RESERVE, type, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(out(1, RESERVE, 0x11, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(out(1, 7, 1, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(out(1, 31, 1, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(out(1, RESERVE, 1, 1, 0), 0);
	ck_assert_uint_eq(out(1, RELEASE, 3, 1, 0), SENSE_RELEASE);
	out(2, REGISTER, 0, 0, 2);
	ck_assert_uint_eq(out(2, RESERVE, 1, 2, 0), SENSE_RESERVATION_CONFLICT);
	ck_assert_uint_eq(out(2, RELEASE, 1, 2, 0), 0);
	ck_assert_uint_eq(in(1), 16);
}
END_TEST

START_TEST(test_lists)
{
	static const u8 lengths[] = { 0, 8, 23, 25, 255 };

	for (u32 i = 0; i < sizeof(lengths); i++) {
		const u8 cdb[] = { 0x5f, REGISTER, 0, 0, 0, 0, 0, 0, lengths[i], 0 };

		ck_assert_uint_eq(run_on(&luns[1], cdb, sizeof(cdb), 255), SENSE_LIST_LENGTH);
	}
	ck_assert_uint_eq(run_on(&luns[1], (const u8[]){ 0x5f, [8] = 24, 0 }, 10, 23),
			  SENSE_LIST_LENGTH);
	for (u32 flag = 1; flag < 16; flag <<= 1) {
		memset(parameters, 0, 24);
		parameters[20] = flag;
		ck_assert_uint_eq(run_on(&luns[1], (const u8[]){ 0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0 },
					 10, 24), flag == 2 ? 0 : SENSE_LIST_FIELD);
	}
}
END_TEST

START_TEST(test_unregister_releases)
{
	out(1, REGISTER, 0, 0, 1);
	out(2, REGISTER, 0, 0, 2);
	out(1, RESERVE, 5, 1, 0);
	ck_assert_uint_eq(out(1, REGISTER, 0, 1, 0), 0);
	ck_assert_uint_eq(in(1), 0);
	ck_assert_uint_eq(ready(2), SENSE(6, 0x2a, 4));
	/* of all registrants: until the last one goes */
	out(1, REGISTER, 0, 0, 1);
	out(1, RESERVE, 7, 1, 0);
	ck_assert_uint_eq(out(1, REGISTER, 0, 1, 0), 0);
	ck_assert_uint_eq(in(1), 16);
	ck_assert_uint_eq(write_by(1), SENSE_RESERVATION_CONFLICT);
	ck_assert_uint_eq(write_by(2), 0);
	ck_assert_uint_eq(out(2, REGISTER, 0, 2, 0), 0);
	ck_assert_uint_eq(in(1), 0);
	ck_assert_uint_eq(write_by(1), 0);
}
END_TEST

START_TEST(test_clear)
{
	out(1, REGISTER, 0, 0, 1);
	out(2, REGISTER, 0, 0, 2);
	out(1, RESERVE, 3, 1, 0);
	ck_assert_uint_eq(out(3, CLEAR, 0, 0, 0), SENSE_RESERVATION_CONFLICT);
	ck_assert_uint_eq(out(2, CLEAR, 0, 2, 0), 0);
	ck_assert_uint_eq(ready(1), SENSE(6, 0x2a, 3));
	ck_assert_uint_eq(ready(2), 0);
	ck_assert_uint_eq(in(0), 0);
	ck_assert_uint_eq(in(1), 0);
}
END_TEST

START_TEST(test_preempt)
{
	out(1, REGISTER, 0, 0, 1);
	out(2, REGISTER, 0, 0, 2);
	out(3, REGISTER, 0, 0, 3);
	ck_assert_uint_eq(out(2, PREEMPT, 1, 2, 99), SENSE_RESERVATION_CONFLICT);
	ck_assert_uint_eq(out(2, PREEMPT, 1, 2, 0), SENSE_LIST_FIELD);
	out(1, RESERVE, 1, 1, 0);
	ck_assert_uint_eq(out(2, PREEMPT, 1, 2, 3), 0);
	ck_assert_uint_eq(ready(3), SENSE(6, 0x2a, 5));
	ck_assert_uint_eq(in(1), 16);
	ck_assert_uint_eq(get_be64(answer + 8), 1);
	ck_assert_uint_eq(out(2, PREEMPT_ABORT, 2, 2, 1), SENSE_FIELD);
	ck_assert_uint_eq(out(2, PREEMPT_ABORT, 3, 2, 1), 0);
	ck_assert_uint_eq(ready(1), SENSE(6, 0x2a, 5));
	ck_assert_uint_eq(in(1), 16);
	ck_assert_uint_eq(get_be64(answer + 8), 2);
	ck_assert_uint_eq(answer[21], 3);
	ck_assert_uint_eq(in(0), 8);
	/* its own key: another type */
	ck_assert_uint_eq(out(2, PREEMPT, 1, 2, 2), 0);
	ck_assert_uint_eq(in(1), 16);
	ck_assert_uint_eq(answer[21], 1);
}
END_TEST

START_TEST(test_preempt_all)
{
	out(1, REGISTER, 0, 0, 1);
	out(2, REGISTER, 0, 0, 2);
	out(3, REGISTER, 0, 0, 3);
	out(1, RESERVE, 8, 1, 0);
	ck_assert_uint_eq(out(2, PREEMPT, 3, 2, 1), 0);
	ck_assert_uint_eq(ready(1), SENSE(6, 0x2a, 5));
	ck_assert_uint_eq(in(1), 16);
	ck_assert_uint_eq(answer[21], 8);
	ck_assert_uint_eq(out(2, PREEMPT, 3, 2, 0), 0);
	ck_assert_uint_eq(in(1), 16);
	ck_assert_uint_eq(answer[21], 3);
	ck_assert_uint_eq(in(0), 8);
	ck_assert_uint_eq(write_by(2), 0);
}
END_TEST

START_TEST(test_capabilities_and_status)
{
	const u8 cdb[] = { 0x5e, 2, 0, 0, 0, 0, 0, 0, 8, 0 };

	ck_assert_uint_eq(run_on(&luns[1], cdb, sizeof(cdb), 8), 0);
	ck_assert_mem_eq(answer, "\x00\x08\x00\x80\xea\x01\x00\x00", 8);
	out(1, REGISTER, 0, 0, 1);
	out(2, REGISTER, 0, 0, 2);
	out(2, RESERVE, 6, 2, 0);
	ck_assert_uint_eq(in(3), 96);
	ck_assert_uint_eq(get_be64(answer + 8), 1);
	ck_assert_uint_eq(answer[8 + 12], 0);
	ck_assert_uint_eq(get_be64(answer + 56), 2);
	ck_assert_uint_eq(answer[56 + 12], 1);
	ck_assert_uint_eq(answer[56 + 13], 6);
}
END_TEST

/* The table is full, and answers still fit. */
START_TEST(test_full)
{
	for (u32 i = 1; i <= SCSI_REGISTRANTS_MAX; i++) {
		luns[1].nexus = i;
		ck_assert_uint_eq(out(1, REGISTER, 0, 0, i), 0);
	}
	luns[1].nexus = 100;
	ck_assert_uint_eq(out(1, REGISTER, 0, 0, 1), SENSE_REGISTRATIONS);
	ck_assert_uint_eq(in(0), SCSI_REGISTRANTS_MAX * 8);
	ck_assert_uint_eq(in(3), SCSI_REGISTRANTS_MAX * 48);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_register, test_types, test_reserve_bad, test_lists, test_unregister_releases,
		test_clear, test_preempt, test_preempt_all, test_capabilities_and_status,
		test_full,
	};

	return run_tests("scsi_reserve", tests, ARRAY_SIZE(tests), setup, NULL);
}
