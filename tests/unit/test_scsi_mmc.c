// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/scsi.c vsp/storvsp/inquiry.c vsp/storvsp/mode.c vsp/storvsp/block.c */
/* LINK: vsp/storvsp/reserve.c vsp/storvsp/mmc.c */
/*
 * A DVD drive: media that come and go, the tray and its lock, what the drive says of a disc.
 */
#include "scsi_test.h"

static u32 ready(void)
{
	return run(0, "bbbbbb", 0, 0, 0, 0, 0, 0);
}

START_TEST(test_read)
{
	ck_assert_uint_eq(run(4096, "bbwbhb", 0x28, 0, 998, 0, 2, 0), 0);
	expect_io(SCSI_IO_READ, 998, 2, false);
	ck_assert_uint_eq(command.io.bytes, 4096);
	ck_assert_uint_eq(run(4096, "bbwwbb", 0xa8, 0, 999, 2, 0, 0), SENSE_LBA);
	ck_assert_uint_eq(run(8, "bbwbbbb", 0x25, 0, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(get_be32(answer), 999);
	ck_assert_uint_eq(get_be32(answer + 4), 2048);
}
END_TEST

START_TEST(test_medium)
{
	scsi_medium_remove(&lun);
	ck_assert_uint_eq(ready(), SENSE_NO_MEDIUM);
	ck_assert_uint_eq(run(4096, "bbwbhb", 0x28, 0, 0, 0, 1, 0), SENSE_NO_MEDIUM);
	ck_assert_uint_eq(run(8, "bbwbbbb", 0x25, 0, 0, 0, 0, 0, 0), SENSE_NO_MEDIUM);
	ck_assert_uint_eq(run(12, "bbbbbbbhb", 0x43, 0, 0, 0, 0, 0, 0, 12, 0), SENSE_NO_MEDIUM);
	scsi_medium_insert(&lun, 500);
	ck_assert_uint_eq(ready(), SENSE(6, 0x28, 0));
	ck_assert_uint_eq(ready(), 0);
	ck_assert_uint_eq(lun.blocks, 500);
	/* in and out again before anybody looked */
	scsi_medium_insert(&lun, 400);
	scsi_medium_remove(&lun);
	ck_assert_uint_eq(ready(), SENSE_NO_MEDIUM);
}
END_TEST

START_TEST(test_eject)
{
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1e, 0, 0, 0, 1, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 2, 0), SENSE_REMOVAL_PREVENTED);
	ck_assert(!lun.tray_open);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1e, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 2, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_EJECT);
	scsi_medium_remove(&lun);
	ck_assert_uint_eq(ready(), SENSE_NO_MEDIUM_OPEN);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 2, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_NONE);
	ck_assert_uint_eq(run(8, "bbbbbbbbhbb", 0xbd, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0), 0);
	ck_assert_uint_eq(answer[1], 0x10);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 3, 0), 0);
	ck_assert_uint_eq(ready(), SENSE_NO_MEDIUM);
	ck_assert_uint_eq(run(8, "bbbbbbbbhbb", 0xbd, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0), 0);
	ck_assert_uint_eq(answer[1], 0);
	scsi_medium_insert(&lun, 5);
	scsi_lun_reset(&lun);
	ck_assert(!lun.locked);
}
END_TEST

static u8 media_event(void)
{
	ck_assert_uint_eq(run(8, "bbbbbbbhb", 0x4a, 1, 0, 0, 0x10, 0, 0, 8, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8);
	ck_assert_uint_eq(get_be16(answer), 6);
	ck_assert_uint_eq(answer[2], 4);
	return answer[4];
}

START_TEST(test_events)
{
	ck_assert_uint_eq(media_event(), SCSI_MEDIA_NOTHING);
	ck_assert_uint_eq(answer[5], 2);
	scsi_medium_ask(&lun);
	ck_assert_uint_eq(media_event(), SCSI_MEDIA_EJECT);
	ck_assert_uint_eq(media_event(), SCSI_MEDIA_NOTHING);
	scsi_medium_remove(&lun);
	/* too short to hold the event, so it stays */
	ck_assert_uint_eq(run(8, "bbbbbbbhb", 0x4a, 1, 0, 0, 0x10, 0, 0, 4, 0), 0);
	ck_assert_uint_eq(media_event(), SCSI_MEDIA_REMOVED);
	ck_assert_uint_eq(answer[5], 0);
	scsi_medium_insert(&lun, 9);
	ck_assert_uint_eq(media_event(), SCSI_MEDIA_NEW);
	ck_assert_uint_eq(run(8, "bbbbbbbhb", 0x4a, 1, 0, 0, 0x04, 0, 0, 8, 0), 0);
	ck_assert_uint_eq(command.answer_size, 4);
	ck_assert_uint_eq(answer[2], 0x80);
	ck_assert_uint_eq(answer[3], 0x10);
	ck_assert_uint_eq(run(8, "bbbbbbbhb", 0x4a, 0, 0, 0, 0x10, 0, 0, 8, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_toc)
{
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, 0, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 20);
	ck_assert_uint_eq(get_be16(answer), 18);
	ck_assert_mem_eq(answer + 2, "\x01\x01\x00\x14\x01\x00\x00\x00\x00\x00", 10);
	ck_assert_uint_eq(answer[14], 0xaa);
	ck_assert_uint_eq(get_be32(answer + 16), 1000);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 2, 0, 0, 0, 0, 0xaa, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 12);
	/* 1150 frames: 15 seconds, 25 frames */
	ck_assert_mem_eq(answer + 8, "\x00\x00\x0f\x19", 4);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, 0, 0, 0, 0, 2, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, 1, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 12);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, 0, 0, 0, 0, 0, 255, 0x40), 0);
	ck_assert_uint_eq(command.answer_size, 12);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, 2, 0, 0, 0, 1, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 48);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, 2, 0, 0, 0, 2, 255, 0), SENSE_FIELD);
	for (u8 format = 3; format < 16; format++)
		ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x43, 0, format, 0, 0, 0, 0, 255, 0),
				  SENSE_FIELD);
}
END_TEST

START_TEST(test_configuration)
{
	ck_assert_uint_eq(run(255, "bbhbbbhb", 0x46, 0, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(get_be32(answer), command.answer_size - 4);
	ck_assert_uint_eq(get_be16(answer + 6), 0x0008);
	ck_assert_mem_eq(answer + 8, "\x00\x00\x03\x08\x00\x10\x00\x00\x00\x08\x01\x00", 12);
	lun.blocks = 2000000;
	ck_assert_uint_eq(run(255, "bbhbbbhb", 0x46, 0, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(get_be16(answer + 6), 0x0010);
	scsi_medium_remove(&lun);
	ck_assert_uint_eq(run(255, "bbhbbbhb", 0x46, 1, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(get_be16(answer + 6), 0);
	ck_assert_uint_eq(command.answer_size, 8 + 12 + 12 + 8 + 8);
	ck_assert_uint_eq(run(255, "bbhbbbhb", 0x46, 2, 3, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8 + 8);
	ck_assert_uint_eq(run(255, "bbhbbbhb", 0x46, 2, 0x21, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8);
	ck_assert_uint_eq(run(255, "bbhbbbhb", 0x46, 3, 0, 0, 0, 0, 255, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_disc)
{
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x51, 0, 0, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 34);
	ck_assert_uint_eq(answer[2], 0x0e);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x51, 1, 0, 0, 0, 0, 0, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbwbhb", 0x52, 1, 1, 0, 255, 0), 0);
	ck_assert_uint_eq(get_be32(answer + 24), 1000);
	ck_assert_uint_eq(run(255, "bbwbhb", 0x52, 1, 2, 0, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbwbhb", 0x52, 0, 999, 0, 255, 0), 0);
	ck_assert_uint_eq(run(255, "bbwbhb", 0x52, 0, 1000, 0, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbwbhb", 0x52, 3, 1, 0, 255, 0), SENSE_FIELD);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_read, test_medium, test_eject, test_events, test_toc, test_configuration,
		test_disc,
	};

	return run_tests("scsi_mmc", tests, ARRAY_SIZE(tests), setup_dvd, NULL);
}
