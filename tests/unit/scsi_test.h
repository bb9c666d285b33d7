/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A LUN, and commands for it, for the tests of vsp/storvsp.
 */
#ifndef TESTS_SCSI_TEST_H
#define TESTS_SCSI_TEST_H

#include <stdarg.h>

#include "scsi_internal.h"
#include "run_tests.h"

#define BLOCKS	0x200000u		/* 1 GiB of 512 bytes */

static struct scsi_reservations reservations;
static struct scsi_lun lun;
static struct scsi_command command;
static u8 answer[SCSI_ANSWER_MAX];
static u8 parameters[SCSI_PARAMETERS_MAX];

static void setup_disk(void)
{
	memset(&reservations, 0, sizeof(reservations));
	memset(parameters, 0, sizeof(parameters));
	memset(answer, 0xee, sizeof(answer));
	lun = (struct scsi_lun){
		.type = SCSI_TYPE_DISK, .block_size = 512, .physical_shift = 3, .blocks = BLOCKS,
		.max_transfer = 256 << 10, .can_unmap = true, .unmap_zeroes = true,
		.unmap_blocks = 8, .serial = "SERIAL-1", .id = { 0xab, 1, 2, 3, 4, 5, 6, 7 },
		.nexus = 1, .reservations = &reservations, .write_cache = true, .present = true,
	};
	scsi_lun_init(&lun);
	lun.attention = 0;
}

static inline void setup_dvd(void)
{
	setup_disk();
	lun.type = SCSI_TYPE_DVD;
	lun.block_size = 2048;
	lun.physical_shift = 0;
	lun.blocks = 1000;
	lun.can_unmap = false;
	lun.read_only = true;
}

/* A command with a buffer of @length bytes; returns its sense. */
static u32 run_on(struct scsi_lun *on, const u8 *cdb, u8 size, u32 length)
{
	memset(&command, 0xcc, sizeof(command));
	memset(command.cdb, 0, sizeof(command.cdb));
	memcpy(command.cdb, cdb, size);
	command.lun = on;
	command.luns = 5;
	command.cdb_size = size;
	command.length = length;
	command.answer = scsi_buffers(cdb, size) & SCSI_NEEDS_ANSWER ? answer : NULL;
	command.parameters = parameters;
	command.parameters_size = min_t(u32, length, sizeof(parameters));
	if (!(scsi_buffers(cdb, size) & SCSI_NEEDS_PARAMETERS))
		command.parameters_size = 0;
	scsi_execute(&command);
	if (command.status == SCSI_RESERVATION_CONFLICT)
		return SENSE_RESERVATION_CONFLICT;
	if (command.status == SCSI_BUSY)
		return SENSE_BUSY;
	if (command.status == SCSI_GOOD) {
		ck_assert_uint_eq(command.sense_size, 0);
		return 0;
	}
	ck_assert_uint_eq(command.status, SCSI_CHECK_CONDITION);
	ck_assert_uint_eq(command.sense_size, SCSI_SENSE_SIZE);
	ck_assert_uint_eq(command.io.kind, SCSI_IO_NONE);
	ck_assert_uint_eq(command.answer_size, 0);
	return SENSE(command.sense[2], command.sense[12], command.sense[13]);
}

/*
 * A command whose bytes @format tells: b a byte, and of 2, 3, 4, 8 bytes, the most significant one
 * first, h, t, w, q (an u64).
 */
static inline u32 run(u32 length, const char *format, ...)
{
	static const char letters[] = "bhtw...q";
	u8 cdb[SCSI_CDB_MAX] = { 0 };
	u32 size = 0;
	va_list list;

	va_start(list, format);
	for (; *format; format++) {
		u32 bytes = (u32)(strchr(letters, *format) - letters) + 1;
		u64 value = bytes == 8 ? va_arg(list, u64) : va_arg(list, u32);

		ck_assert_uint_le(size + bytes, sizeof(cdb));
		while (bytes--)
			cdb[size++] = (u8)(value >> 8 * bytes);
	}
	va_end(list);
	return run_on(&lun, cdb, (u8)size, length);
}

/* A macro, so that a failure is told where it is used. */
#define expect_io(kind_, lba_, blocks_, fua_) do { \
	ck_assert_uint_eq(command.io.kind, (kind_)); \
	ck_assert_uint_eq(command.io.lba, (lba_)); \
	ck_assert_uint_eq(command.io.blocks, (blocks_)); \
	ck_assert_uint_eq(command.io.fua, (fua_)); \
} while (0)

#endif
