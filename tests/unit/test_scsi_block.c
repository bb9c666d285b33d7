// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/scsi.c vsp/storvsp/inquiry.c vsp/storvsp/mode.c vsp/storvsp/block.c */
/* LINK: vsp/storvsp/reserve.c vsp/storvsp/mmc.c */
/*
 * Commands on blocks: what they ask for, and every range and length that they may not have.
 */
#include "scsi_test.h"

START_TEST(test_read_write)
{
	ck_assert_uint_eq(run(1024, "btbb", 0x08, 7, 2, 0), 0);
	expect_io(SCSI_IO_READ, 7, 2, false);
	ck_assert_uint_eq(run(256 << 10, "btbb", 0x0a, 7, 0, 0), 0);
	expect_io(SCSI_IO_WRITE, 7, 256, false);
	ck_assert_uint_eq(run(4096, "bbwbhb", 0x28, 0, 0x123456, 0, 8, 0), 0);
	expect_io(SCSI_IO_READ, 0x123456, 8, false);
	ck_assert_uint_eq(command.io.bytes, 4096);
	ck_assert_uint_eq(run(4096, "bbwbhb", 0x2a, 0, 0x123456, 0, 8, 0), 0);
	expect_io(SCSI_IO_WRITE, 0x123456, 8, false);
	ck_assert_uint_eq(run(4096, "bbwwbb", 0xa8, 0, 9, 8, 0, 0), 0);
	expect_io(SCSI_IO_READ, 9, 8, false);
	ck_assert_uint_eq(run(4096, "bbwwbb", 0xaa, 0, 9, 8, 0, 0), 0);
	expect_io(SCSI_IO_WRITE, 9, 8, false);
	lun.blocks = 1ull << 40;
	ck_assert_uint_eq(run(4096, "bbqwbb", 0x88, 0, (u64)0xfedcba9876, 8, 0, 0), 0);
	expect_io(SCSI_IO_READ, 0xfedcba9876, 8, false);
	ck_assert_uint_eq(run(4096, "bbqwbb", 0x8a, 0, (u64)0xfedcba9876, 8, 0, 0), 0);
	expect_io(SCSI_IO_WRITE, 0xfedcba9876, 8, false);
}
END_TEST

/* FUA, and no write cache, which is the same for each write; reads know none. */
START_TEST(test_fua)
{
	ck_assert_uint_eq(run(512, "bbwbhb", 0x2a, 8, 1, 0, 1, 0), 0);
	expect_io(SCSI_IO_WRITE, 1, 1, true);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 8, 1, 0, 1, 0), 0);
	expect_io(SCSI_IO_READ, 1, 1, false);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x2a, 0x10, 1, 0, 1, 0), 0);
	expect_io(SCSI_IO_WRITE, 1, 1, false);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x8a, 8, (u64)1, 1, 0, 0), 0);
	expect_io(SCSI_IO_WRITE, 1, 1, true);
	lun.write_cache = false;
	ck_assert_uint_eq(run(512, "btbb", 0x0a, 1, 1, 0), 0);
	expect_io(SCSI_IO_WRITE, 1, 1, true);
	ck_assert_uint_eq(run(512, "bbwwbb", 0xaa, 0, 1, 1, 0, 0), 0);
	expect_io(SCSI_IO_WRITE, 1, 1, true);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x41, 0, 1, 0, 1, 0), 0);
	expect_io(SCSI_IO_ZERO, 1, 1, true);
}
END_TEST

START_TEST(test_no_blocks)
{
	ck_assert_uint_eq(run(0, "bbwbhb", 0x28, 0, BLOCKS, 0, 0, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_NONE);
	ck_assert_uint_eq(run(0, "bbwbhb", 0x28, 0, BLOCKS + 1, 0, 0, 0), SENSE_LBA);
}
END_TEST

/* Ranges that end behind the last block, or wrap. */
START_TEST(test_bad_ranges)
{
	static const u64 lbas[] = { BLOCKS, BLOCKS - 1, 0xffffffff, 0x100000000, ~0ull, ~0ull - 1 };
	u32 room = 256 << 10;

	for (u32 i = 0; i < ARRAY_SIZE(lbas); i++) {
		u64 lba = lbas[i];

		ck_assert_uint_eq(run(room, "bbqwbb", 0x88, 0, (u64)lba, 2, 0, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbqwbb", 0x8a, 0, (u64)lba, 2, 0, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbqwbb", 0x8f, 0, (u64)lba, 2, 0, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbqwbb", 0x91, 0, (u64)lba, 2, 0, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbqwbb", 0x93, 0, (u64)lba, 2, 0, 0), SENSE_LBA);
		if (lba >> 32)
			continue;
		ck_assert_uint_eq(run(room, "bbwbhb", 0x28, 0, (u32)lba, 0, 2, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbwwbb", 0xa8, 0, (u32)lba, 2, 0, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbwbhb", 0x2f, 0, (u32)lba, 0, 2, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbwbhb", 0x35, 0, (u32)lba, 0, 2, 0), SENSE_LBA);
		ck_assert_uint_eq(run(room, "bbwbhb", 0x41, 0, (u32)lba, 0, 2, 0), SENSE_LBA);
	}
	ck_assert_uint_eq(run(room, "bbqwbb", 0x88, 0, (u64)0, 0xffffffff, 0, 0), SENSE_LBA);
	ck_assert_uint_eq(run(room, "btbb", 0x08, 0x1fffff, 2, 0), SENSE_LBA);
}
END_TEST

/* The guest's buffer is smaller than what its command says. */
START_TEST(test_short_buffer)
{
	ck_assert_uint_eq(run(1023, "bbwbhb", 0x28, 0, 0, 0, 2, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(0, "bbwbhb", 0x2a, 0, 0, 0, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(511, "btbb", 0x08, 0, 1, 0), SENSE_FIELD);
	lun.blocks = 1ull << 40;
	lun.block_size = 4096;
	/* 2^44 bytes */
	ck_assert_uint_eq(run(0xffffffff, "bbqwbb", 0x88, 0, (u64)0, 0xffffffff, 0, 0),
			  SENSE_FIELD);
	/* and one that is larger */
	ck_assert_uint_eq(run(8192, "bbwbhb", 0x28, 0, 0, 0, 1, 0), 0);
	ck_assert_uint_eq(command.io.bytes, 4096);
}
END_TEST

START_TEST(test_protection_refused)
{
	for (u32 bit = 0x20; bit < 0x100; bit <<= 1) {
		ck_assert_uint_eq(run(512, "bbwbhb", 0x28, bit, 0, 0, 1, 0), SENSE_FIELD);
		ck_assert_uint_eq(run(512, "bbqwbb", 0x8a, bit, (u64)0, 1, 0, 0), SENSE_FIELD);
		ck_assert_uint_eq(run(512, "bbqwbb", 0x93, bit, (u64)0, 1, 0, 0), SENSE_FIELD);
		ck_assert_uint_eq(run(512, "bbwbhb", 0x2f, bit, 0, 0, 1, 0), SENSE_FIELD);
	}
	ck_assert_uint_eq(run(512, "bbwbhb", 0x2f, 2, 0, 0, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x8f, 4, (u64)0, 1, 0, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_read_only)
{
	lun.read_only = true;
	ck_assert_uint_eq(run(512, "bbwbhb", 0x28, 0, 0, 0, 1, 0), 0);
	ck_assert_uint_eq(run(512, "btbb", 0x0a, 0, 1, 0), SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x2a, 0, 0, 0, 1, 0), SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(512, "bbwwbb", 0xaa, 0, 0, 1, 0, 0), SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x8a, 0, (u64)0, 1, 0, 0), SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(512, "bbbbbbbhb", 0x42, 0, 0, 0, 0, 0, 0, 24, 0),
			  SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x41, 0, 0, 0, 1, 0), SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)0, 1, 0, 0), SENSE_WRITE_PROTECTED);
	ck_assert_uint_eq(run(0, "bbwbhb", 0x35, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_NONE);
}
END_TEST

START_TEST(test_flush)
{
	ck_assert_uint_eq(run(0, "bbwbhb", 0x35, 0, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_FLUSH);
	ck_assert_uint_eq(run(0, "bbqwbb", 0x91, 0, (u64)0, 0, 0, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_FLUSH);
	ck_assert_uint_eq(run(0, "bbwbhb", 0x2f, 0, 0, 0, 9, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_FLUSH);
	ck_assert_uint_eq(run(0, "bbqwbb", 0x8f, 0, (u64)0, 9, 0, 0), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_FLUSH);
}
END_TEST

/* ---- UNMAP */

static u32 unmap(u32 size)
{
	return run(size, "bbbbbbbhb", 0x42, 0, 0, 0, 0, 0, 0, size, 0);
}

static void set_range(u32 n, u64 lba, u32 blocks)
{
	put_be64(parameters + 8 + 16 * n, lba);
	put_be32(parameters + 16 + 16 * n, blocks);
}

START_TEST(test_unmap)
{
	u64 lba;
	u32 blocks;

	put_be16(parameters + 2, 32);
	set_range(0, 5, 10);
	set_range(1, BLOCKS - 3, 3);
	ck_assert_uint_eq(unmap(40), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_UNMAP);
	ck_assert_uint_eq(command.io.range_count, 2);
	scsi_unmap_range(&command, 1, &lba, &blocks);
	ck_assert_uint_eq(lba, BLOCKS - 3);
	ck_assert_uint_eq(blocks, 3);
	/* the list ends within the second range */
	ck_assert_uint_eq(unmap(39), 0);
	ck_assert_uint_eq(command.io.range_count, 1);
	put_be16(parameters + 2, 16);
	ck_assert_uint_eq(unmap(40), 0);
	ck_assert_uint_eq(command.io.range_count, 1);
	put_be16(parameters + 2, 0);
	ck_assert_uint_eq(unmap(40), 0);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_NONE);
	ck_assert_uint_eq(unmap(0), 0);
}
END_TEST

START_TEST(test_unmap_bad)
{
	put_be16(parameters + 2, 32);
	set_range(0, 5, 10);
	set_range(1, BLOCKS - 3, 4);
	ck_assert_uint_eq(unmap(40), SENSE_LBA);
	set_range(1, ~0ull, 1);
	ck_assert_uint_eq(unmap(40), SENSE_LBA);
	for (u32 size = 1; size < 8; size++)
		ck_assert_uint_eq(unmap(size), SENSE_LIST_LENGTH);
	/* more than was sent */
	ck_assert_uint_eq(run(24, "bbbbbbbhb", 0x42, 0, 0, 0, 0, 0, 0, 40, 0), SENSE_LIST_LENGTH);
	ck_assert_uint_eq(run(40, "bbbbbbbhb", 0x42, 1, 0, 0, 0, 0, 0, 40, 0), SENSE_FIELD);
	put_be16(parameters + 2, 0xffff);
	ck_assert_uint_eq(unmap(0xffff), SENSE_LIST_FIELD);
	memset(parameters, 0, sizeof(parameters));
	put_be16(parameters + 2, SCSI_UNMAP_RANGES_MAX * 16);
	ck_assert_uint_eq(unmap(SCSI_PARAMETERS_MAX), 0);
	ck_assert_uint_eq(command.io.range_count, SCSI_UNMAP_RANGES_MAX);
	lun.blocks = 1ull << 40;
	set_range(0, 0, SCSI_UNMAP_BLOCKS_MAX);
	ck_assert_uint_eq(unmap(40), 0);
	set_range(1, 0, 1);
	ck_assert_uint_eq(unmap(40), SENSE_LIST_FIELD);
	lun.can_unmap = false;
	ck_assert_uint_eq(unmap(40), SENSE_OPCODE);
}
END_TEST

/* ---- WRITE SAME */

START_TEST(test_write_same)
{
	ck_assert_uint_eq(run(512, "bbwbhb", 0x41, 0, 3, 0, 100, 0), 0);
	expect_io(SCSI_IO_ZERO, 3, 100, false);
	ck_assert(!command.io.may_unmap);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x41, 8, 3, 0, 100, 0), 0);
	ck_assert(command.io.may_unmap);
	parameters[511] = 1;
	ck_assert_uint_eq(run(512, "bbwbhb", 0x41, 8, 3, 0, 100, 0), 0);
	expect_io(SCSI_IO_WRITE_SAME, 3, 100, false);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)3, 100, 0, 0), 0);
	expect_io(SCSI_IO_WRITE_SAME, 3, 100, false);
	/* no data-out buffer, which WRITE SAME(10) does not know */
	ck_assert_uint_eq(run(0, "bbqwbb", 0x93, 9, (u64)3, 100, 0, 0), 0);
	expect_io(SCSI_IO_ZERO, 3, 100, false);
	ck_assert_uint_eq(run(0, "bbwbhb", 0x41, 1, 3, 0, 100, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_write_same_bad)
{
	ck_assert_uint_eq(run(511, "bbwbhb", 0x41, 0, 3, 0, 1, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbwbhb", 0x41, 0, 3, 0, 0, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)3, 0, 0, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)3, SCSI_WRITE_SAME_MAX, 0, 0), 0);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)3, SCSI_WRITE_SAME_MAX + 1, 0, 0),
			  SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0x10, (u64)3, 1, 0, 0), SENSE_FIELD);
	lun.can_unmap = false;
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 8, (u64)3, 1, 0, 0), SENSE_FIELD);
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)3, 1, 0, 0), 0);
	lun.block_size = 4096;
	ck_assert_uint_eq(run(512, "bbqwbb", 0x93, 0, (u64)3, 1, 0, 0), SENSE_FIELD);
}
END_TEST

START_TEST(test_lba_status)
{
	ck_assert_uint_eq(run(64, "bbqwbb", 0x9e, 0x12, (u64)(BLOCKS - 10), 64, 0, 0), 0);
	expect_io(SCSI_IO_LBA_STATUS, BLOCKS - 10, 10, false);
	scsi_lba_status(&command, 4, false);
	scsi_io_done(&command, 0);
	ck_assert_uint_eq(command.answer_size, 24);
	ck_assert_uint_eq(get_be64(answer + 8), BLOCKS - 10);
	ck_assert_uint_eq(get_be32(answer + 16), 4);
	ck_assert_uint_eq(answer[20], 1);
	scsi_lba_status(&command, 100, true);
	ck_assert_uint_eq(get_be32(answer + 16), 10);
	ck_assert_uint_eq(answer[20], 0);
	ck_assert_uint_eq(run(64, "bbqwbb", 0x9e, 0x12, (u64)BLOCKS, 64, 0, 0), SENSE_LBA);
	ck_assert_uint_eq(run(64, "bbqwbb", 0x9e, 0x12, (u64)0, 23, 0, 0), SENSE_FIELD);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		test_read_write, test_fua, test_no_blocks, test_bad_ranges, test_short_buffer,
		test_protection_refused, test_read_only, test_flush, test_unmap, test_unmap_bad,
		test_write_same, test_write_same_bad, test_lba_status,
	};

	return run_tests("scsi_block", tests, ARRAY_SIZE(tests), setup_disk, NULL);
}
