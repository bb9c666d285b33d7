// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a DVD drive answers about itself and its medium (MMC-6 6, 5.3): enough for guests to find,
 * mount and eject it.  Pure.
 *
 * A medium is one session with one data track, and was written to its end.
 */
#include "scsi_internal.h"

#define TRACK_DATA	0x14		/* ADR 1, a data track */
#define LEAD_OUT	0xaa
#define CD_BLOCKS_MAX	(80u * 60 * 75)	/* what is larger is a DVD */

#define PROFILE_CD_ROM	0x0008
#define PROFILE_DVD_ROM	0x0010

static u32 current_profile(const struct scsi_lun *lun)
{
	if (!lun->present)
		return 0;
	return lun->blocks > CD_BLOCKS_MAX ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

/* ---- READ TOC/PMA/ATIP (MMC-6 6.25) */

/* A block's address, or its minutes, seconds and frames, which begin at two seconds. */
static void put_address(u8 *at, u32 lba, bool msf)
{
	if (!msf) {
		put_be32(at, lba);
		return;
	}
	lba += 150;
	at[1] = min_t(u32, lba / (60 * 75), 255);
	at[2] = lba / 75 % 60;
	at[3] = lba % 75;
}

static u32 last_block(const struct scsi_lun *lun)
{
	return min_t(u64, lun->blocks, 0xffffff00);
}

static u8 *put_track(u8 *at, u8 track, u32 lba, bool msf)
{
	at[1] = TRACK_DATA;
	at[2] = track;
	put_address(at + 4, lba, msf);
	return at + 8;
}

static u32 toc_formatted(const struct scsi_command *c, u8 *answer, bool msf)
{
	u8 *at = answer + 4, first = c->cdb[6];

	if (first > 1 && first != LEAD_OUT)
		return 0;
	if (first <= 1)
		at = put_track(at, 1, 0, msf);
	return put_track(at, LEAD_OUT, last_block(c->lun), msf) - answer;
}

static u32 toc_session(const struct scsi_command *c, u8 *answer, bool msf)
{
	return put_track(answer + 4, 1, 0, msf) - answer;
}

/* One entry of the lead-in: points A0, A1, A2, or a track. */
static u8 *put_point(u8 *at, u8 point, u8 p_min, u8 p_sec, u8 p_frame)
{
	at[0] = 1;			/* session */
	at[1] = TRACK_DATA;
	at[3] = point;
	at[8] = p_min;
	at[9] = p_sec;
	at[10] = p_frame;
	return at + 11;
}

static u32 toc_raw(const struct scsi_command *c, u8 *answer, bool msf)
{
	u8 end[4] = { 0 }, *at = answer + 4;

	if (c->cdb[6] > 1)
		return 0;
	put_address(end, last_block(c->lun), true);
	at = put_point(at, 0xa0, 1, 0, 0);
	at = put_point(at, 0xa1, 1, 0, 0);
	at = put_point(at, 0xa2, end[1], end[2], end[3]);
	return put_point(at, 1, 0, 2, 0) - answer;
}

u32 scsi_read_toc(struct scsi_command *c)
{
	static u32 (*const formats[])(const struct scsi_command *c, u8 *answer, bool msf) = {
		toc_formatted, toc_session, toc_raw,
	};
	/* old drivers give the format in the control byte */
	u8 format = c->cdb[2] & 0xf ? c->cdb[2] & 0xf : c->cdb[9] >> 6;
	u8 *answer = scsi_answer(c);
	u32 size;

	if (format >= ARRAY_SIZE(formats))
		return SENSE_FIELD;
	size = formats[format](c, answer, c->cdb[1] & 2);
	if (!size)
		return SENSE_FIELD;
	put_be16(answer, size - 2);
	answer[2] = 1;
	answer[3] = 1;
	return scsi_reply(c, size, get_be16(c->cdb + 7));
}

/* ---- GET CONFIGURATION (MMC-6 6.5, 5.3) */

static u32 feature_profiles(const struct scsi_lun *lun, u8 *data)
{
	u32 now = current_profile(lun);

	put_be16(data, PROFILE_DVD_ROM);
	data[2] = now == PROFILE_DVD_ROM;
	put_be16(data + 4, PROFILE_CD_ROM);
	data[6] = now == PROFILE_CD_ROM;
	return 8;
}

static u32 feature_core(const struct scsi_lun *lun, u8 *data)
{
	put_be32(data, 1);		/* SCSI */
	return 8;
}

/* Events are polled. */
static u32 feature_morphing(const struct scsi_lun *lun, u8 *data)
{
	return 4;
}

static u32 feature_removable(const struct scsi_lun *lun, u8 *data)
{
	data[0] = 0x39;			/* tray, loads, ejects, locks */
	return 4;
}

static u32 feature_readable(const struct scsi_lun *lun, u8 *data)
{
	put_be32(data, lun->block_size);
	put_be16(data + 4, 1);		/* blocks of each unit that is read */
	return 8;
}

static u32 feature_cd_read(const struct scsi_lun *lun, u8 *data)
{
	return 4;
}

static u32 feature_dvd_read(const struct scsi_lun *lun, u8 *data)
{
	return 4;
}

/* With a profile that must be there for the feature to be current, 0: always; 1: any medium. */
static const struct feature {
	u16 code;
	u8 flags;			/* version, persistent */
	u16 profile;
	u32 (*fill)(const struct scsi_lun *lun, u8 *data);
} features[] = {
	{ 0x0000, 0x02, 0, feature_profiles },
	{ 0x0001, 0x0a, 0, feature_core },
	{ 0x0002, 0x06, 0, feature_morphing },
	{ 0x0003, 0x06, 0, feature_removable },
	{ 0x0010, 0x00, 1, feature_readable },
	{ 0x001e, 0x08, PROFILE_CD_ROM, feature_cd_read },
	{ 0x001f, 0x04, PROFILE_DVD_ROM, feature_dvd_read },
};

static bool feature_current(const struct feature *f, const struct scsi_lun *lun)
{
	u32 profile = current_profile(lun);

	return !f->profile || (profile && (f->profile == 1 || f->profile == profile));
}

static u32 put_feature(const struct feature *f, const struct scsi_lun *lun, u8 *at)
{
	put_be16(at, f->code);
	at[2] = f->flags | feature_current(f, lun);
	at[3] = f->fill(lun, at + 4);
	return 4 + at[3];
}

/* RT 0: all features; 1: the current ones; 2: one. */
static bool feature_wanted(const struct feature *f, const struct scsi_lun *lun, u8 rt, u32 from)
{
	if (rt == 2)
		return f->code == from;
	return f->code >= from && (!rt || feature_current(f, lun));
}

u32 scsi_get_configuration(struct scsi_command *c)
{
	u8 rt = c->cdb[1] & 3, *answer = scsi_answer(c);
	u32 i, size = 8;

	if (rt == 3)
		return SENSE_FIELD;
	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (feature_wanted(&features[i], c->lun, rt, get_be16(c->cdb + 2)))
			size += put_feature(&features[i], c->lun, answer + size);
	put_be32(answer, size - 4);
	put_be16(answer + 6, current_profile(c->lun));
	return scsi_reply(c, size, get_be16(c->cdb + 7));
}

/* ---- GET EVENT STATUS NOTIFICATION (MMC-6 6.6) */

#define CLASS_MEDIA	4u

/* Polled only; of the classes there is that of the medium. */
u32 scsi_get_event_status(struct scsi_command *c)
{
	struct scsi_lun *lun = c->lun;
	u8 *answer = scsi_answer(c);
	u32 size = 4;

	if (!(c->cdb[1] & 1))
		return SENSE_FIELD;
	answer[2] = 0x80;		/* none of those asked for */
	answer[3] = 1 << CLASS_MEDIA;
	if (c->cdb[4] & 1 << CLASS_MEDIA) {
		answer[2] = CLASS_MEDIA;
		answer[4] = lun->media_event;
		answer[5] = (lun->tray_open ? 1 : 0) | (lun->present ? 2 : 0);
		size = 8;
	}
	put_be16(answer, size - 2);
	if (size == 8 && get_be16(c->cdb + 7) > 4)
		lun->media_event = SCSI_MEDIA_NOTHING;
	return scsi_reply(c, size, get_be16(c->cdb + 7));
}

/* ---- the rest */

u32 scsi_read_disc_information(struct scsi_command *c)
{
	u8 *answer = scsi_answer(c);

	if (c->cdb[1] & 7)
		return SENSE_FIELD;
	put_be16(answer, 32);
	answer[2] = 0x0e;		/* last session complete, disc finalized */
	answer[3] = 1;			/* first track */
	answer[4] = 1;			/* sessions */
	answer[5] = 1;			/* of the last session: first track */
	answer[6] = 1;			/* and last */
	answer[7] = 0x20;		/* unrestricted use */
	return scsi_reply(c, 34, get_be16(c->cdb + 7));
}

/* By block, track or session: all are in the one there is. */
u32 scsi_read_track_information(struct scsi_command *c)
{
	u32 number = get_be32(c->cdb + 2);
	u8 *answer = scsi_answer(c);

	if ((c->cdb[1] & 3) == 3)
		return SENSE_FIELD;
	if (c->cdb[1] & 3 ? number != 1 : number >= c->lun->blocks)
		return SENSE_FIELD;
	put_be16(answer, 34);
	answer[2] = 1;			/* track */
	answer[3] = 1;			/* session */
	answer[5] = 0x04;		/* data */
	answer[6] = 0x01;		/* mode 1 */
	put_be32(answer + 24, last_block(c->lun));
	return scsi_reply(c, 36, get_be16(c->cdb + 7));
}

u32 scsi_mechanism_status(struct scsi_command *c)
{
	u8 *answer = scsi_answer(c);

	answer[1] = c->lun->tray_open ? 0x10 : 0;
	return scsi_reply(c, 8, get_be16(c->cdb + 8));
}
