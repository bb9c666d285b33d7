/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCSI logical units as guests see them: a disk (SBC-4) or a DVD drive (MMC-6).  Pure.
 *
 * scsi_execute() takes a command descriptor block and leaves either an answer, with
 * status, sense and data, or a request (struct scsi_io) that somebody else carries out and then
 * completes by scsi_io_done().  All of it runs under one lock of the caller's for each LUN, but
 * scsi_io_done(), which touches its command only.
 *
 *   scsi.c     opcodes, checks that all commands share, sense
 *   inquiry.c  what the LUN is: INQUIRY, REPORT LUNS, capacity
 *   mode.c     mode pages
 *   block.c    reading, writing, and all else that touches blocks
 *   reserve.c  persistent reservations
 *   mmc.c      what only a DVD drive has
 */
#ifndef STORVSP_SCSI_H
#define STORVSP_SCSI_H

#include "rs_types.h"

#define SCSI_LUNS_MAX		64u
#define SCSI_CDB_MAX		16u
#define SCSI_SENSE_SIZE		18u		/* fixed format */
#define SCSI_ANSWER_MAX		1024u		/* no answer is longer */
#define SCSI_UNMAP_RANGES_MAX	256u
#define SCSI_PARAMETERS_MAX	(8u + 16u * SCSI_UNMAP_RANGES_MAX)
#define SCSI_BLOCK_SIZE_MAX	4096u
#define SCSI_SERIAL_MAX		32u
#define SCSI_REGISTRANTS_MAX	16u
#define SCSI_WRITE_SAME_MAX	0xffffu		/* blocks */
#define SCSI_UNMAP_BLOCKS_MAX	(1u << 22)	/* of all ranges of a command */

enum scsi_status {
	SCSI_GOOD			= 0x00,
	SCSI_CHECK_CONDITION		= 0x02,
	SCSI_BUSY			= 0x08,
	SCSI_RESERVATION_CONFLICT	= 0x18,
};

enum scsi_type {
	SCSI_TYPE_DISK	= 0x00,
	SCSI_TYPE_DVD	= 0x05,
};

/* Bits of attention, in the order in which they are told (SAM-5 5.14). */
#define SCSI_ATTENTION_POWER_ON			0x001u
#define SCSI_ATTENTION_RESET			0x002u
#define SCSI_ATTENTION_MEDIUM			0x004u	/* another medium */
#define SCSI_ATTENTION_LUNS			0x008u	/* REPORT LUNS answers otherwise */
#define SCSI_ATTENTION_CAPACITY			0x010u
#define SCSI_ATTENTION_MODE			0x020u
#define SCSI_ATTENTION_RESERVATION_PREEMPTED	0x040u
#define SCSI_ATTENTION_RESERVATION_RELEASED	0x080u
#define SCSI_ATTENTION_REGISTRATION_PREEMPTED	0x100u

/* What GET EVENT STATUS NOTIFICATION tells next (MMC-6 6.6.2.6). */
enum scsi_media_event {
	SCSI_MEDIA_NOTHING	= 0,
	SCSI_MEDIA_EJECT	= 1,	/* somebody wants it out */
	SCSI_MEDIA_NEW		= 2,
	SCSI_MEDIA_REMOVED	= 3,
};

struct scsi_registrant {
	u32 nexus;			/* 0: free */
	u32 attention;			/* for its nexus, which collects it */
	u64 key;
};

/**
 * struct scsi_reservations - persistent reservations of a medium (SPC-5 5.14)
 * @generation: counts registrations
 * @holder:     nexus of the reservation, 0: none
 * @type:       of it
 */
struct scsi_reservations {
	u32 generation;
	u32 holder;
	u8 type;
	struct scsi_registrant registrants[SCSI_REGISTRANTS_MAX];
};

/**
 * struct scsi_lun - a logical unit
 * @type:            enum scsi_type
 * @block_size:      512, 2048 (a DVD's) or 4096 bytes
 * @physical_shift:  physical block = block << this
 * @blocks:          how many; 0 without a medium
 * @max_transfer:    bytes of one command
 * @can_unmap:       UNMAP works
 * @unmap_zeroes:    what was unmapped reads as zeroes
 * @unmap_blocks:    optimal granularity of unmapping
 * @rotational:      it seeks
 * @serial:          text, for VPD page 0x80
 * @id:              what makes it unique, for VPD page 0x83
 * @nexus:           who asks: not 0
 * @reservations:    not NULL
 * @write_cache:     WCE: without it all writes are FUA
 * @present:         there is a medium
 * @tray_open:       of a DVD
 * @locked:          PREVENT MEDIUM REMOVAL
 * @stopped:         START STOP UNIT
 * @attention:       SCSI_ATTENTION_*
 * @media_event:     enum scsi_media_event
 * @kept:            sense that a guest without autosense asks for, or 0
 */
struct scsi_lun {
	u8 type;
	u8 physical_shift;
	bool read_only;
	bool can_unmap;
	bool unmap_zeroes;
	bool rotational;
	u32 block_size;
	u32 unmap_blocks;
	u32 max_transfer;
	u64 blocks;
	char serial[SCSI_SERIAL_MAX + 1];
	u8 id[16];
	u32 nexus;
	struct scsi_reservations *reservations;
	bool write_cache;
	bool present;
	bool tray_open;
	bool locked;
	bool stopped;
	u32 attention;
	u8 media_event;
	u32 kept;
};

enum scsi_io_kind {
	SCSI_IO_NONE,			/* the command is complete */
	SCSI_IO_READ,
	SCSI_IO_WRITE,			/* fua */
	SCSI_IO_FLUSH,			/* all that was acknowledged, to stable storage */
	SCSI_IO_UNMAP,			/* range_count of scsi_unmap_range() */
	SCSI_IO_ZERO,			/* lba, blocks, fua; may_unmap */
	SCSI_IO_WRITE_SAME,		/* lba, blocks, fua: one block of parameters, repeated */
	SCSI_IO_LBA_STATUS,		/* is lba mapped, and what follows? scsi_lba_status() */
	SCSI_IO_EJECT,			/* the medium goes; nothing is to wait for */
};

/**
 * struct scsi_io - what is to be done; within the LUN's size
 * @bytes: of data, no more than the command's length
 */
struct scsi_io {
	enum scsi_io_kind kind;
	bool fua;
	bool may_unmap;
	u32 range_count;
	u32 bytes;
	u64 lba;
	u64 blocks;
};

/**
 * struct scsi_command - one command
 * @lun:             NULL: there is none with that number
 * @luns:            a bit for each LUN there is
 * @cdb:             as the guest wrote it
 * @cdb_size:        how much of it
 * @length:          bytes of the guest's data buffer
 * @parameters:      where scsi_buffers() says so: a copy of what the guest sends
 * @parameters_size: at most SCSI_PARAMETERS_MAX
 * @answer:          where scsi_buffers() says so: room for SCSI_ANSWER_MAX bytes
 * @answer_size:     out: what of it is for the guest; within @length
 * @status:          out: enum scsi_status
 * @sense_size:      out: of @sense
 * @no_lun:          out: there is no such LUN, and nobody answers
 * @io:              out: if its kind is not SCSI_IO_NONE, status comes by scsi_io_done()
 */
struct scsi_command {
	struct scsi_lun *lun;
	u64 luns;
	u8 cdb[SCSI_CDB_MAX];
	u8 cdb_size;
	u32 length;
	const u8 *parameters;
	u32 parameters_size;
	u8 *answer;
	u32 answer_size;
	u8 status;
	u8 sense_size;
	bool no_lun;
	u8 sense[SCSI_SENSE_SIZE];
	struct scsi_io io;
};

/* What a command needs besides the guest's own pages. */
#define SCSI_NEEDS_PARAMETERS	1u
#define SCSI_NEEDS_ANSWER	2u

unsigned int scsi_buffers(const u8 *cdb, u8 cdb_size);
void scsi_execute(struct scsi_command *command);
void scsi_io_done(struct scsi_command *command, int err);
void scsi_lba_status(struct scsi_command *command, u64 blocks, bool mapped);
void scsi_unmap_range(const struct scsi_command *command, u32 n, u64 *lba, u32 *blocks);

void scsi_lun_init(struct scsi_lun *lun);
void scsi_lun_reset(struct scsi_lun *lun);
void scsi_lun_resize(struct scsi_lun *lun, u64 blocks);
void scsi_medium_insert(struct scsi_lun *lun, u64 blocks);
void scsi_medium_remove(struct scsi_lun *lun);
void scsi_medium_ask(struct scsi_lun *lun);
void scsi_keep_sense(struct scsi_lun *lun, struct scsi_command *command);

#endif
