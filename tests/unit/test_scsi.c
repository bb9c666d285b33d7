// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/scsi.c vsp/storvsp/inquiry.c vsp/storvsp/mode.c vsp/storvsp/block.c */
/* LINK: vsp/storvsp/reserve.c vsp/storvsp/mmc.c */
/*
 * What a LUN is and how it answers: dispatch, sense, attentions, INQUIRY, capacity, mode pages.
 */
#include "scsi_test.h"

START_TEST(test_unknown_opcodes)
{
	static const u8 refused[] = { 0x01, 0x04, 0x16, 0x17, 0x1c, 0x3b, 0x85, 0xa1, 0xa3, 0xff };

	for (u32 i = 0; i < sizeof(refused); i++)
		ck_assert_uint_eq(run(512, "bbwwwh", refused[i], 0, 0, 0, 0, 0), SENSE_OPCODE);
	/* what the other type has */
	ck_assert_uint_eq(run(512, "bbbbbbbbbb", 0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0), SENSE_OPCODE);
	setup_dvd();
	ck_assert_uint_eq(run(512, "bbbbbbbbbb", 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), SENSE_OPCODE);
	ck_assert_uint_eq(run(512, "bbbbbbbbbb", 0x5e, 0, 0, 0, 0, 0, 0, 0, 8, 0), SENSE_OPCODE);
}
END_TEST

START_TEST(test_unknown_action)
{
	ck_assert_uint_eq(run(64, "bbqwbb", 0x9e, 0x11, (u64)0, 32, 0, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(64, "bbbbbbbbbb", 0x5e, 4, 0, 0, 0, 0, 0, 0, 8, 0), SENSE_FIELD);
}
END_TEST

/* Each command, one byte short, and with NACA. */
START_TEST(test_cdb_length)
{
	static const u8 sizes[] = { 6, 10, 10, 10, 16, 12, 12, 12 };	/* by group */

	for (u32 opcode = 0; opcode < 256; opcode++) {
		u8 cdb[16] = { opcode, opcode == 0x9e ? 0x10 : 0 };
		u32 size = sizes[opcode >> 5];
		u32 sense = run_on(&lun, cdb, size, 4096);

		if (sense == SENSE_OPCODE)
			continue;
		ck_assert_uint_eq(run_on(&lun, cdb, size - 1, 4096), SENSE_FIELD);
		cdb[size - 1] |= 4;
		ck_assert_uint_eq(run_on(&lun, cdb, size, 4096), SENSE_FIELD);
	}
	ck_assert_uint_eq(run_on(&lun, (const u8[]){ 0 }, 0, 0), SENSE_OPCODE);
}
END_TEST

START_TEST(test_no_lun)
{
	static const u8 ready[6] = { 0x00 }, inquiry[6] = { 0x12, 0, 0, 0, 96 };
	static const u8 sense[6] = { 0x03, 0, 0, 0, 18 };
	static const u8 luns[12] = { 0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
	static const u8 unknown[6] = { 0x01 };

	run_on(NULL, ready, 6, 0);
	ck_assert(command.no_lun);
	run_on(NULL, unknown, 6, 0);
	ck_assert(command.no_lun);
	ck_assert_uint_eq(run_on(NULL, inquiry, 6, 96), 0);
	ck_assert(!command.no_lun);
	ck_assert_uint_eq(command.answer_size, 96);
	ck_assert_uint_eq(answer[0], 0x7f);
	ck_assert_uint_eq(run_on(NULL, luns, 12, 512), 0);
	ck_assert_uint_eq(command.answer_size, 24);
	ck_assert_uint_eq(run_on(NULL, sense, 6, 18), 0);
	ck_assert_uint_eq(SENSE(answer[2], answer[12], answer[13]), SENSE_LUN);
}
END_TEST

/* ---- sense and attentions */

START_TEST(test_attention)
{
	scsi_lun_init(&lun);
	/* not told by these */
	ck_assert_uint_eq(run(96, "bbbbbb", 0x12, 0, 0, 0, 96, 0), 0);
	ck_assert_uint_eq(run(512, "bbbbbbbbbbbb", 0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0, 0, 0, 0, 0, 0), SENSE(6, 0x29, 1));
	ck_assert_uint_eq(run(0, "bbbbbb", 0, 0, 0, 0, 0, 0), 0);
	scsi_lun_reset(&lun);
	scsi_lun_resize(&lun, BLOCKS * 2);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 0, 0, 0, 1, 0), SENSE(6, 0x29, 2));
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 0, 0, 0, 1, 0), SENSE(6, 0x2a, 9));
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 0, BLOCKS, 0, 1, 0), 0);
	scsi_lun_resize(&lun, BLOCKS * 2);
	ck_assert_uint_eq(run(0, "bbbbbb", 0, 0, 0, 0, 0, 0), 0);
	lun.attention = SCSI_ATTENTION_LUNS | SCSI_ATTENTION_MODE;
	ck_assert_uint_eq(run(512, "bbbbbbbbbbbb", 0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0, 0, 0, 0, 0, 0), SENSE(6, 0x2a, 1));
}
END_TEST

START_TEST(test_request_sense)
{
	lun.attention = SCSI_ATTENTION_CAPACITY;
	ck_assert_uint_eq(run(64, "bbbbbb", 0x03, 0, 0, 0, 64, 0), 0);
	ck_assert_uint_eq(command.answer_size, 18);
	ck_assert_uint_eq(answer[0], 0x70);
	ck_assert_uint_eq(SENSE(answer[2], answer[12], answer[13]), SENSE(6, 0x2a, 9));
	ck_assert_uint_eq(run(64, "bbbbbb", 0x03, 0, 0, 0, 64, 0), 0);
	ck_assert_uint_eq(SENSE(answer[2], answer[12], answer[13]), 0);
	lun.attention = SCSI_ATTENTION_RESET;
	ck_assert_uint_eq(run(64, "bbbbbb", 0x03, 1, 0, 0, 64, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8);
	ck_assert_uint_eq(answer[0], 0x72);
	ck_assert_uint_eq(SENSE(answer[1], answer[2], answer[3]), SENSE(6, 0x29, 2));
	ck_assert_uint_eq(run(3, "bbbbbb", 0x03, 0, 0, 0, 64, 0), 0);
	ck_assert_uint_eq(command.answer_size, 3);
}
END_TEST

START_TEST(test_kept_sense)
{
	ck_assert_uint_eq(run(0, "bbbbbb", 0x01, 0, 0, 0, 0, 0), SENSE_OPCODE);
	scsi_keep_sense(&lun, &command);
	ck_assert_uint_eq(command.sense_size, 0);
	ck_assert_uint_eq(command.status, SCSI_CHECK_CONDITION);
	ck_assert_uint_eq(run(18, "bbbbbb", 0x03, 0, 0, 0, 18, 0), 0);
	ck_assert_uint_eq(SENSE(answer[2], answer[12], answer[13]), SENSE_OPCODE);
	ck_assert_uint_eq(run(18, "bbbbbb", 0x03, 0, 0, 0, 18, 0), 0);
	ck_assert_uint_eq(SENSE(answer[2], answer[12], answer[13]), 0);
}
END_TEST

/* What an error of the backing means. */
START_TEST(test_io_errors)
{
	static const struct {
		int err;
		u8 status;
		u32 sense[2];		/* of a read, of a write */
	} cases[] = {
		{ -EIO, 2, { SENSE_READ_ERROR, SENSE_WRITE_ERROR } },
		{ -EILSEQ, 2, { SENSE_READ_ERROR, SENSE_WRITE_ERROR } },
		{ -ENOSPC, 2, { SENSE_NO_SPACE, SENSE_NO_SPACE } },
		{ -EDQUOT, 2, { SENSE_NO_SPACE, SENSE_NO_SPACE } },
		{ -EROFS, 2, { SENSE_WRITE_PROTECTED, SENSE_WRITE_PROTECTED } },
		{ -EFAULT, 2, { SENSE_DATA_PHASE, SENSE_DATA_PHASE } },
		{ -ENODEV, 2, { SENSE_TARGET_FAILURE, SENSE_TARGET_FAILURE } },
		{ -ENOMEM, 8, { 0, 0 } },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		for (u32 write = 0; write < 2; write++) {
			u32 want = cases[i].sense[write];

			ck_assert_uint_eq(run(512, "bbwbhb", 0x28 + 2 * write, 0, 5, 0, 1, 0),
					  0);
			scsi_io_done(&command, cases[i].err);
			ck_assert_uint_eq(command.status, cases[i].status);
			if (want)
				ck_assert_uint_eq(SENSE(command.sense[2], command.sense[12],
							command.sense[13]), want);
			else
				ck_assert_uint_eq(command.sense_size, 0);
		}
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 0, 5, 0, 1, 0), 0);
	scsi_io_done(&command, 0);
	ck_assert_uint_eq(command.status, SCSI_GOOD);
}
END_TEST

/* ---- INQUIRY */

START_TEST(test_inquiry)
{
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 96);
	ck_assert_uint_eq(answer[0], 0);
	ck_assert_uint_eq(answer[1], 0);
	ck_assert_uint_eq(answer[4], 91);
	ck_assert_uint_eq(answer[7] & 2, 2);
	ck_assert_mem_eq(answer + 8, "Msft    Virtual Disk    1.0 ", 28);
	ck_assert_uint_eq(run(36, "bbbhb", 0x12, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 36);
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 0, 0, 5, 0), 0);
	ck_assert_uint_eq(command.answer_size, 5);
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(command.answer_size, 0);
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 0, 1, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 2, 0, 255, 0), SENSE_FIELD);
	setup_dvd();
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(answer[0], 5);
	ck_assert_uint_eq(answer[1], 0x80);
}
END_TEST

static void vpd(u8 page, u32 size)
{
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 1, page, 255, 0), 0);
	ck_assert_uint_eq(answer[1], page);
	ck_assert_uint_eq(get_be16(answer + 2), size);
	ck_assert_uint_eq(command.answer_size, size + 4);
}

START_TEST(test_vpd)
{
	vpd(0x00, 6);
	ck_assert_mem_eq(answer + 4, "\x00\x80\x83\xb0\xb1\xb2", 6);
	vpd(0x80, 8);
	ck_assert_mem_eq(answer + 4, "SERIAL-1", 8);
	vpd(0x83, 4 + 24 + 8 + 12);
	ck_assert_mem_eq(answer + 8, "Msft    Virtual Disk    SERIAL-1", 32);
	ck_assert_mem_eq(answer + 40, "\x01\x03\x00\x08\x3b\x01\x02\x03\x04\x05\x06\x07", 12);
	vpd(0xb0, 0x3c);
	ck_assert_uint_eq(answer[4], 1);
	ck_assert_uint_eq(get_be16(answer + 6), 8);
	ck_assert_uint_eq(get_be32(answer + 8), 512);
	ck_assert_uint_eq(get_be32(answer + 20), SCSI_UNMAP_BLOCKS_MAX);
	ck_assert_uint_eq(get_be32(answer + 24), SCSI_UNMAP_RANGES_MAX);
	ck_assert_uint_eq(get_be32(answer + 28), 8);
	ck_assert_uint_eq(get_be64(answer + 36), SCSI_WRITE_SAME_MAX);
	vpd(0xb1, 0x3c);
	ck_assert_uint_eq(get_be16(answer + 4), 1);
	vpd(0xb2, 4);
	ck_assert_uint_eq(answer[5], 0xe4);
	ck_assert_uint_eq(answer[6], 2);
	lun.can_unmap = false;
	vpd(0xb0, 0x3c);
	ck_assert_uint_eq(get_be32(answer + 20), 0);
	vpd(0xb2, 4);
	ck_assert_uint_eq(answer[5] | answer[6], 0);
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 1, 0xb9, 255, 0), SENSE_FIELD);
	setup_dvd();
	vpd(0x00, 3);
	ck_assert_uint_eq(run(255, "bbbhb", 0x12, 1, 0xb0, 255, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_vpd_longest_serial)
{
	memset(lun.serial, 'x', SCSI_SERIAL_MAX);
	vpd(0x80, SCSI_SERIAL_MAX);
	vpd(0x83, 4 + 24 + SCSI_SERIAL_MAX + 12);
}
END_TEST

START_TEST(test_report_luns)
{
	ck_assert_uint_eq(run(512, "bbbbbbwbb", 0xa0, 0, 0, 0, 0, 0, 512, 0, 0), 0);
	ck_assert_uint_eq(command.answer_size, 24);
	ck_assert_uint_eq(get_be32(answer), 16);
	ck_assert_uint_eq(answer[9], 0);
	ck_assert_uint_eq(answer[17], 2);
	ck_assert_uint_eq(run(512, "bbbbbbwbb", 0xa0, 0, 1, 0, 0, 0, 512, 0, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8);
	ck_assert_uint_eq(run(512, "bbbbbbwbb", 0xa0, 0, 3, 0, 0, 0, 512, 0, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbbbbbwbb", 0xa0, 0, 0, 0, 0, 0, 15, 0, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_capacity)
{
	ck_assert_uint_eq(run(8, "bbwbbbb", 0x25, 0, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(get_be32(answer), BLOCKS - 1);
	ck_assert_uint_eq(get_be32(answer + 4), 512);
	ck_assert_uint_eq(run(8, "bbwbbbb", 0x25, 0, 1, 0, 0, 0, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(32, "bbqwbb", 0x9e, 0x10, (u64)0, 32, 0, 0), 0);
	ck_assert_uint_eq(command.answer_size, 32);
	ck_assert_uint_eq(get_be64(answer), BLOCKS - 1);
	ck_assert_uint_eq(get_be32(answer + 8), 512);
	ck_assert_uint_eq(answer[13], 3);
	ck_assert_uint_eq(answer[14], 0xc0);
	lun.blocks = 0x100000001ull;
	ck_assert_uint_eq(run(8, "bbwbbbb", 0x25, 0, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(get_be32(answer), 0xffffffff);
	ck_assert_uint_eq(run(32, "bbqwbb", 0x9e, 0x10, (u64)0, 32, 0, 0), 0);
	ck_assert_uint_eq(get_be64(answer), 0x100000000ull);
	lun.block_size = 4096;
	lun.physical_shift = 0;
	lun.can_unmap = false;
	ck_assert_uint_eq(run(32, "bbqwbb", 0x9e, 0x10, (u64)0, 32, 0, 0), 0);
	ck_assert_uint_eq(get_be32(answer + 8), 4096);
	ck_assert_uint_eq(answer[13] | answer[14], 0);
}
END_TEST

/* ---- mode pages */

START_TEST(test_mode_sense_6)
{
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 0, 0x08, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 4 + 8 + 20);
	ck_assert_uint_eq(answer[0], 31);
	ck_assert_uint_eq(answer[2], 0x10);
	ck_assert_uint_eq(answer[3], 8);
	ck_assert_uint_eq(get_be32(answer + 4), BLOCKS);
	ck_assert_uint_eq(get_be24(answer + 9), 512);
	ck_assert_mem_eq(answer + 12, "\x08\x12\x04", 3);
	lun.write_cache = false;
	lun.read_only = true;
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x08, 0, 255, 0), 0);
	ck_assert_uint_eq(answer[2], 0x90);
	ck_assert_mem_eq(answer + 4, "\x08\x12\x00", 3);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x48, 0, 255, 0), 0);
	ck_assert_uint_eq(answer[6], 0);
	lun.read_only = false;
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x48, 0, 255, 0), 0);
	ck_assert_uint_eq(answer[6], 4);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x88, 0, 255, 0), 0);
	ck_assert_uint_eq(answer[6], 4);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0xc8, 0, 255, 0), SENSE_SAVING);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x1c, 0, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x08, 1, 255, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x1a, 8, 0x3f, 0xff, 255, 0), 0);
	ck_assert_uint_eq(run(4, "bbbbbb", 0x1a, 8, 0x3f, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 4);
}
END_TEST

START_TEST(test_mode_sense_10)
{
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x5a, 0, 0x3f, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8 + 8 + 12 + 20 + 12);
	ck_assert_uint_eq(get_be16(answer), command.answer_size - 2);
	ck_assert_uint_eq(get_be16(answer + 6), 8);
	lun.blocks = 0x123456789abcull;
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x5a, 0x10, 0x0a, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8 + 16 + 12);
	ck_assert_uint_eq(answer[4], 1);
	ck_assert_uint_eq(get_be16(answer + 6), 16);
	ck_assert_uint_eq(get_be64(answer + 8), lun.blocks);
	ck_assert_uint_eq(get_be32(answer + 20), 512);
	ck_assert_uint_eq(answer[24], 0x0a);
	setup_dvd();
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x5a, 0, 0x2a, 0, 0, 0, 0, 255, 0), 0);
	ck_assert_uint_eq(command.answer_size, 8 + 22);
	ck_assert_uint_eq(answer[8], 0x2a);
	ck_assert_uint_eq(answer[8 + 2] & 8, 8);
	ck_assert_uint_eq(run(255, "bbbbbbbhb", 0x5a, 0, 0x08, 0, 0, 0, 0, 255, 0), SENSE_FIELD);
}
END_TEST

/* The list that turns the write cache on or off. */
static u32 select_cache(u8 wce)
{
	static const u8 list[] = { 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0, 0x08, 0x12 };

	memset(parameters, 0, sizeof(parameters));
	memcpy(parameters, list, sizeof(list));
	parameters[14] = wce;
	return run(32, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0);
}

START_TEST(test_mode_select)
{
	ck_assert_uint_eq(select_cache(0), 0);
	ck_assert(!lun.write_cache);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_FLUSH);
	ck_assert_uint_eq(select_cache(4), 0);
	ck_assert(lun.write_cache);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_NONE);
	/* what cannot be changed */
	ck_assert_uint_eq(select_cache(5), SENSE_LIST_FIELD);
	ck_assert(lun.write_cache);
	lun.read_only = true;
	ck_assert_uint_eq(select_cache(0), SENSE_LIST_FIELD);
	ck_assert(lun.write_cache);
	/* no list is no error */
	ck_assert_uint_eq(run(0, "bbbbbb", 0x15, 0x10, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbbbbbb", 0x55, 0x10, 0, 0, 0, 0, 0, 0, 0, 0), 0);
}
END_TEST

START_TEST(test_mode_select_bad)
{
	select_cache(4);
	ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x00, 0, 0, 32, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x11, 0, 0, 32, 0), SENSE_FIELD);
	for (u32 size = 1; size < 32; size++)
		if (size != 4 + 8)
			ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x10, 0, 0, size, 0),
					  SENSE_LIST_LENGTH);
	ck_assert_uint_eq(run(31, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0), SENSE_LIST_LENGTH);
	ck_assert_uint_eq(run(255, "bbbbbb", 0x15, 0x10, 0, 0, 255, 0), SENSE_LIST_FIELD);
	ck_assert_uint_eq(run(65535, "bbbbbbbhb", 0x55, 0x10, 0, 0, 0, 0, 0, 65535, 0),
			  SENSE_LIST_LENGTH);
	parameters[3] = 9;
	ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0), SENSE_LIST_FIELD);
	parameters[3] = 255;
	ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0), SENSE_LIST_LENGTH);
	parameters[3] = 8;
	parameters[10] = 16;		/* blocks of 4096 bytes */
	ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0), SENSE_LIST_FIELD);
	parameters[10] = 2;
	for (u32 page = 0; page < 256; page++) {
		parameters[12] = page;
		ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0),
				  (page & 0x7f) == 8 ? 0 : SENSE_LIST_FIELD);
	}
	parameters[12] = 8;
	parameters[13] = 10;
	ck_assert_uint_eq(run(32, "bbbbbb", 0x15, 0x10, 0, 0, 32, 0), SENSE_LIST_FIELD);
}
END_TEST

/* Two pages, of which the second is bad: the first one changes nothing. */
START_TEST(test_mode_select_all_or_nothing)
{
	select_cache(0);
	lun.write_cache = true;
	parameters[3] = 0;
	memmove(parameters + 4, parameters + 12, 20);
	parameters[24] = 0x0a;
	parameters[25] = 10;
	ck_assert_uint_eq(run(36, "bbbbbb", 0x15, 0x10, 0, 0, 36, 0), SENSE_LIST_FIELD);
	ck_assert(lun.write_cache);
	parameters[27] = 0x10;
	parameters[32] = 0xff;
	parameters[33] = 0xff;
	ck_assert_uint_eq(run(36, "bbbbbb", 0x15, 0x10, 0, 0, 36, 0), 0);
	ck_assert(!lun.write_cache);
}
END_TEST

START_TEST(test_start_stop)
{
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_FLUSH);
	ck_assert_uint_eq(run(0, "bbbbbb", 0, 0, 0, 0, 0, 0), SENSE_NOT_READY);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 0, 0, 0, 1, 0), SENSE_NOT_READY);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 1, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 0x10, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1b, 0, 0, 0, 2, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1e, 0, 0, 0, 1, 0), 0);
	ck_assert_uint_eq(run(0, "bbbbbb", 0x1e, 0, 0, 0, 4, 0), SENSE_FIELD);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_unknown_opcodes, test_unknown_action, test_cdb_length, test_no_lun,
		test_attention, test_request_sense, test_kept_sense, test_io_errors, test_inquiry,
		test_vpd, test_vpd_longest_serial, test_report_luns, test_capacity,
		test_mode_sense_6, test_mode_sense_10, test_mode_select, test_mode_select_bad,
		test_mode_select_all_or_nothing, test_start_stop,
	};

	return run_tests("scsi", tests, ARRAY_SIZE(tests), setup_disk, NULL);
}
