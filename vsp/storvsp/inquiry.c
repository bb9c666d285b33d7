// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a LUN is: INQUIRY with its vital product data (SPC-5 6.7, 7.7; SBC-4 6.6), REPORT LUNS,
 * READ CAPACITY.  Pure.
 *
 * Vendor and product are those by which guests' drivers know a virtual disk of Hyper-V: Linux'
 * storvsc allows WRITE SAME by the vendor's name.
 */
#include "scsi_internal.h"

#define VENDOR		"Msft    "
#define DISK_PRODUCT	"Virtual Disk    "
#define DVD_PRODUCT	"Virtual DVD-ROM "
#define REVISION	"1.0 "

#define NO_DEVICE	0x7f		/* qualifier and type where there is no LUN */
#define VPD_HEADER	4u

static void put_text(u8 *at, const char *text, u32 size)
{
	u32 i;

	for (i = 0; i < size; i++)
		at[i] = text[i];
}

static const char *product(const struct scsi_lun *lun)
{
	return lun->type == SCSI_TYPE_DVD ? DVD_PRODUCT : DISK_PRODUCT;
}

static u32 serial_size(const struct scsi_lun *lun)
{
	u32 size = 0;

	while (size < SCSI_SERIAL_MAX && lun->serial[size])
		size++;
	return size;
}

/* ---- vital product data: each fills the page behind its header, and returns its size */

static u32 vpd_supported(const struct scsi_lun *lun, u8 *page);

static u32 vpd_serial(const struct scsi_lun *lun, u8 *page)
{
	u32 size = serial_size(lun);

	put_text(page, lun->serial, size);
	return size;
}

/* A T10 vendor ID with product and serial, and an NAA of the locally assigned kind. */
static u32 vpd_identification(const struct scsi_lun *lun, u8 *page)
{
	u32 serial = serial_size(lun);
	u8 *naa = page + 4 + 24 + serial;

	page[0] = 2;			/* ASCII */
	page[1] = 1;			/* T10 vendor ID, of the LUN */
	page[3] = 24 + serial;
	put_text(page + 4, VENDOR, 8);
	put_text(page + 12, product(lun), 16);
	put_text(page + 28, lun->serial, serial);
	naa[0] = 1;			/* binary */
	naa[1] = 3;			/* NAA, of the LUN */
	naa[3] = 8;
	memcpy(naa + 4, lun->id, 8);
	naa[4] = 0x30 | (lun->id[0] & 0xf);
	return 4 + 24 + serial + 12;
}

/* SBC-4 6.6.4 */
static u32 vpd_limits(const struct scsi_lun *lun, u8 *page)
{
	u8 *all = page - VPD_HEADER;	/* numbered as the standard does */

	all[4] = 1;			/* WSNZ: WRITE SAME of 0 blocks is refused */
	put_be16(all + 6, 1 << lun->physical_shift);
	put_be32(all + 8, lun->max_transfer / lun->block_size);
	put_be32(all + 12, lun->max_transfer / lun->block_size);
	if (lun->can_unmap) {
		put_be32(all + 20, SCSI_UNMAP_BLOCKS_MAX);
		put_be32(all + 24, SCSI_UNMAP_RANGES_MAX);
		put_be32(all + 28, lun->unmap_blocks);
		put_be32(all + 32, 1u << 31);	/* UGAVALID, aligned at 0 */
	}
	put_be64(all + 36, SCSI_WRITE_SAME_MAX);
	return 0x3c;
}

static u32 vpd_characteristics(const struct scsi_lun *lun, u8 *page)
{
	put_be16(page, lun->rotational ? 0 : 1);	/* not reported; does not rotate */
	return 0x3c;
}

/* SBC-4 6.6.6 */
static u32 vpd_provisioning(const struct scsi_lun *lun, u8 *page)
{
	if (lun->can_unmap) {
		page[1] = 0xe0 | (lun->unmap_zeroes ? 4 : 0);	/* LBPU, LBPWS, LBPWS10, LBPRZ */
		page[2] = 2;					/* thin */
	}
	return 4;
}

static const struct vpd {
	u8 page;
	u8 type;			/* 0xff: any */
	u32 (*fill)(const struct scsi_lun *lun, u8 *page);
} vpds[] = {
	{ 0x00, 0xff, vpd_supported },
	{ 0x80, 0xff, vpd_serial },
	{ 0x83, 0xff, vpd_identification },
	{ 0xb0, SCSI_TYPE_DISK, vpd_limits },
	{ 0xb1, SCSI_TYPE_DISK, vpd_characteristics },
	{ 0xb2, SCSI_TYPE_DISK, vpd_provisioning },
};

static bool vpd_has(const struct vpd *vpd, const struct scsi_lun *lun)
{
	return vpd->type == 0xff || vpd->type == lun->type;
}

static u32 vpd_supported(const struct scsi_lun *lun, u8 *page)
{
	u32 i, count = 0;

	for (i = 0; i < ARRAY_SIZE(vpds); i++)
		if (vpd_has(&vpds[i], lun))
			page[count++] = vpds[i].page;
	return count;
}

static u32 inquiry_vpd(struct scsi_command *c)
{
	u32 i, size, allocation = get_be16(c->cdb + 3);
	u8 *answer = scsi_answer(c);

	for (i = 0; i < ARRAY_SIZE(vpds); i++) {
		if (vpds[i].page != c->cdb[2] || !vpd_has(&vpds[i], c->lun))
			continue;
		size = vpds[i].fill(c->lun, answer + VPD_HEADER);
		answer[0] = c->lun->type;
		answer[1] = vpds[i].page;
		put_be16(answer + 2, size);
		return scsi_reply(c, VPD_HEADER + size, allocation);
	}
	return SENSE_FIELD;
}

/* ---- standard INQUIRY */

static void put_versions(const struct scsi_lun *lun, u8 *at)
{
	put_be16(at, 0x00a0);					/* SAM-5 */
	put_be16(at + 2, 0x0460);				/* SPC-4 */
	put_be16(at + 4, lun->type == SCSI_TYPE_DVD ? 0x04e0 : 0x04c0);	/* MMC-6, SBC-3 */
}

static void inquiry_standard(const struct scsi_lun *lun, u8 *answer)
{
	answer[0] = lun->type;
	answer[1] = lun->type == SCSI_TYPE_DVD ? 0x80 : 0;	/* removable */
	answer[2] = 6;						/* SPC-4 */
	answer[3] = 0x12;					/* hierarchical LUNs; format 2 */
	answer[4] = 96 - 5;
	answer[7] = 2;						/* queues commands */
	put_text(answer + 8, VENDOR, 8);
	put_text(answer + 16, product(lun), 16);
	put_text(answer + 32, REVISION, 4);
	put_versions(lun, answer + 58);
}

static u32 inquiry_absent(struct scsi_command *c)
{
	u8 *answer = scsi_answer(c);

	answer[0] = NO_DEVICE;
	answer[2] = 6;
	answer[3] = 0x12;
	answer[4] = 96 - 5;
	return scsi_reply(c, 96, get_be16(c->cdb + 3));
}

u32 scsi_inquiry(struct scsi_command *c)
{
	if (c->cdb[1] & ~1)
		return SENSE_FIELD;
	if (!c->lun)
		return inquiry_absent(c);
	if (c->cdb[1])
		return inquiry_vpd(c);
	if (c->cdb[2])
		return SENSE_FIELD;
	inquiry_standard(c->lun, scsi_answer(c));
	return scsi_reply(c, 96, get_be16(c->cdb + 3));
}

/* ---- REPORT LUNS (SPC-5 6.33) */

/* All LUNs, or well known ones, of which there are none. */
u32 scsi_report_luns(struct scsi_command *c)
{
	u32 lun, size = 8, allocation = get_be32(c->cdb + 6);
	u8 *answer = scsi_answer(c);

	if (c->cdb[2] > 2 || allocation < 16)
		return SENSE_FIELD;
	for (lun = 0; lun < SCSI_LUNS_MAX && c->cdb[2] != 1; lun++) {
		if (!(c->luns >> lun & 1))
			continue;
		answer[size + 1] = lun;		/* peripheral device addressing */
		size += 8;
	}
	put_be32(answer, size - 8);
	if (c->lun)
		c->lun->attention &= ~SCSI_ATTENTION_LUNS;
	return scsi_reply(c, size, allocation);
}

/* ---- READ CAPACITY (SBC-4 5.20, 5.21) */

u32 scsi_read_capacity_10(struct scsi_command *c)
{
	const struct scsi_lun *lun = c->lun;
	u8 *answer = scsi_answer(c);

	if (get_be32(c->cdb + 2) || c->cdb[8] & 1)
		return SENSE_FIELD;		/* PMI is obsolete */
	put_be32(answer, lun->blocks ? min_t(u64, lun->blocks - 1, 0xffffffff) : 0);
	put_be32(answer + 4, lun->block_size);
	return scsi_reply(c, 8, 8);
}

u32 scsi_read_capacity_16(struct scsi_command *c)
{
	const struct scsi_lun *lun = c->lun;
	u8 *answer = scsi_answer(c);

	if (get_be64(c->cdb + 2) || c->cdb[14] & 1)
		return SENSE_FIELD;
	put_be64(answer, lun->blocks ? lun->blocks - 1 : 0);
	put_be32(answer + 8, lun->block_size);
	answer[13] = lun->physical_shift;
	if (lun->can_unmap)
		answer[14] = 0x80 | (lun->unmap_zeroes ? 0x40 : 0);	/* LBPME, LBPRZ */
	return scsi_reply(c, 32, get_be32(c->cdb + 10));
}
