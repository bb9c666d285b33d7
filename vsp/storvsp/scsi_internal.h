/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that make up a SCSI logical unit share.
 */
#ifndef STORVSP_SCSI_INTERNAL_H
#define STORVSP_SCSI_INTERNAL_H

#include "scsi.h"

/* Sense: key, additional code and its qualifier in one word; 0 is success. */
#define SENSE(key, asc, ascq)	((u32)(key) << 16 | (u32)(asc) << 8 | (u32)(ascq))
#define SENSE_KEY(sense)	((sense) >> 16 & 0xf)
#define SENSE_ASC(sense)	((sense) >> 8 & 0xff)
#define SENSE_ASCQ(sense)	((sense) & 0xff)

enum {
	SENSE_NOT_READY			= SENSE(0x2, 0x04, 0x02),	/* start it first */
	SENSE_NO_MEDIUM			= SENSE(0x2, 0x3a, 0x01),	/* tray closed */
	SENSE_NO_MEDIUM_OPEN		= SENSE(0x2, 0x3a, 0x02),	/* tray open */
	SENSE_WRITE_ERROR		= SENSE(0x3, 0x0c, 0x00),
	SENSE_READ_ERROR		= SENSE(0x3, 0x11, 0x00),
	SENSE_TARGET_FAILURE		= SENSE(0x4, 0x44, 0x00),
	SENSE_LIST_LENGTH		= SENSE(0x5, 0x1a, 0x00),
	SENSE_OPCODE			= SENSE(0x5, 0x20, 0x00),
	SENSE_LBA			= SENSE(0x5, 0x21, 0x00),
	SENSE_FIELD			= SENSE(0x5, 0x24, 0x00),
	SENSE_LUN			= SENSE(0x5, 0x25, 0x00),
	SENSE_LIST_FIELD		= SENSE(0x5, 0x26, 0x00),
	SENSE_RELEASE			= SENSE(0x5, 0x26, 0x04),
	SENSE_SAVING			= SENSE(0x5, 0x39, 0x00),
	SENSE_REMOVAL_PREVENTED		= SENSE(0x5, 0x53, 0x02),
	SENSE_REGISTRATIONS		= SENSE(0x5, 0x55, 0x04),
	SENSE_WRITE_PROTECTED		= SENSE(0x7, 0x27, 0x00),
	SENSE_NO_SPACE			= SENSE(0x7, 0x27, 0x07),
	SENSE_DATA_PHASE		= SENSE(0xb, 0x4b, 0x00),
	/* no sense at all, but a status */
	SENSE_RESERVATION_CONFLICT	= SENSE(0x10, 0, 0),
	SENSE_BUSY			= SENSE(0x11, 0, 0),
};

/* Kinds of access, which a reservation may forbid. */
#define ACCESS_READ	1u
#define ACCESS_WRITE	2u

typedef u32 scsi_handler(struct scsi_command *c);

static inline u32 get_be16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

static inline u32 get_be24(const u8 *p)
{
	return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

static inline u32 get_be32(const u8 *p)
{
	return get_be16(p) << 16 | get_be16(p + 2);
}

static inline u64 get_be64(const u8 *p)
{
	return (u64)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be16(u8 *p, u32 value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static inline void put_be24(u8 *p, u32 value)
{
	p[0] = value >> 16;
	put_be16(p + 1, value);
}

static inline void put_be32(u8 *p, u32 value)
{
	put_be16(p, value >> 16);
	put_be16(p + 2, value);
}

static inline void put_be64(u8 *p, u64 value)
{
	put_be32(p, value >> 32);
	put_be32(p + 4, value);
}

/* scsi.c */
u8 *scsi_answer(struct scsi_command *c);
u32 scsi_reply(struct scsi_command *c, u32 size, u32 allocation);
u32 scsi_take_attention(struct scsi_lun *lun);
bool scsi_range_valid(const struct scsi_lun *lun, u64 lba, u64 blocks);

/* inquiry.c */
scsi_handler scsi_inquiry, scsi_report_luns, scsi_read_capacity_10, scsi_read_capacity_16;

/* mode.c */
scsi_handler scsi_mode_sense_6, scsi_mode_sense_10, scsi_mode_select_6, scsi_mode_select_10;

/* block.c */
scsi_handler scsi_read_6, scsi_write_6, scsi_read_10, scsi_write_10, scsi_read_12, scsi_write_12;
scsi_handler scsi_read_16, scsi_write_16, scsi_verify_10, scsi_verify_16;
scsi_handler scsi_synchronize_10, scsi_synchronize_16, scsi_unmap;
scsi_handler scsi_write_same_10, scsi_write_same_16, scsi_get_lba_status;

/* reserve.c */
scsi_handler scsi_reserve_read_keys, scsi_reserve_read, scsi_reserve_capabilities;
scsi_handler scsi_reserve_full_status, scsi_reserve_out;
bool scsi_reserved(const struct scsi_lun *lun, unsigned int access);
u32 scsi_reserve_attention(struct scsi_lun *lun);

/* mmc.c */
scsi_handler scsi_read_toc, scsi_get_configuration, scsi_get_event_status;
scsi_handler scsi_read_disc_information, scsi_read_track_information, scsi_mechanism_status;

#endif
