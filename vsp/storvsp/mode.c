// SPDX-License-Identifier: GPL-2.0-only
/*
 * MODE SENSE and MODE SELECT (SPC-5 6.14 to 6.17, 7.5; SBC-4 6.5; MMC-6 7).  Pure.
 *
 * What a guest may change is the write cache, WCE: without it all that is written is on stable
 * storage when its command completes.  Nothing is saved.
 */
#include "scsi_internal.h"

enum page_control {
	CURRENT,
	CHANGEABLE,
	DEFAULT,
	SAVED,
};

#define PAGE_RECOVERY		0x01
#define PAGE_CACHING		0x08
#define PAGE_CONTROL		0x0a
#define PAGE_CAPABILITIES	0x2a
#define PAGE_ALL		0x3f
#define WCE			0x04

#define MODE_BYTES_MAX		128u	/* of a MODE SELECT's list */

/* The two commands differ in the sizes of their fields. */
struct layout {
	u8 header;
	u8 medium, specific;		/* offsets */
	u8 long_blocks;			/* offset of LONGLBA; 0: none */
	u8 descriptor_size;		/* offset of the block descriptors' length */
	bool wide;			/* lengths have two bytes */
};

static const struct layout layout_6 = { 4, 1, 2, 0, 3, false };
static const struct layout layout_10 = { 8, 2, 3, 4, 6, true };

/* ---- pages: each fills what follows page code and length */

static void page_recovery(const struct scsi_lun *lun, enum page_control pc, u8 *page)
{
}

static void page_caching(const struct scsi_lun *lun, enum page_control pc, u8 *page)
{
	if (pc == CHANGEABLE ? !lun->read_only : pc == DEFAULT || lun->write_cache)
		page[0] = WCE;
}

static void page_control(const struct scsi_lun *lun, enum page_control pc, u8 *page)
{
	if (pc == CHANGEABLE)
		return;
	page[1] = 0x10;			/* queues are reordered at will */
	put_be16(page + 6, 0xffff);	/* busy time-out: unlimited */
}

/* A drive that reads CD and DVD, has a tray and can lock it (MMC-3 6.3.11). */
static void page_capabilities(const struct scsi_lun *lun, enum page_control pc, u8 *page)
{
	if (pc == CHANGEABLE)
		return;
	page[0] = 0x0b;			/* reads DVD-ROM, CD-R, CD-RW */
	page[2] = 0x70;			/* mode 2 form 1 and 2, multi-session */
	page[4] = 0x29 | (lun->locked ? 2 : 0);	/* tray, ejects, locks; is locked */
	put_be16(page + 6, 0xffff);	/* maximum speed */
	put_be16(page + 12, 0xffff);	/* and the present one */
}

static const struct mode_page {
	u8 code;
	u8 size;			/* behind its header */
	u8 types;			/* bit of enum scsi_type */
	void (*fill)(const struct scsi_lun *lun, enum page_control pc, u8 *page);
} pages[] = {
	{ PAGE_RECOVERY, 10, BIT(SCSI_TYPE_DISK) | BIT(SCSI_TYPE_DVD), page_recovery },
	{ PAGE_CACHING, 18, BIT(SCSI_TYPE_DISK), page_caching },
	{ PAGE_CONTROL, 10, BIT(SCSI_TYPE_DISK), page_control },
	{ PAGE_CAPABILITIES, 20, BIT(SCSI_TYPE_DVD), page_capabilities },
};

static bool page_exists(const struct mode_page *page, const struct scsi_lun *lun)
{
	return page->types & BIT(lun->type);
}

static u32 fill_page(const struct mode_page *page, const struct scsi_lun *lun,
		     enum page_control pc, u8 *at)
{
	at[0] = page->code;
	at[1] = page->size;
	page->fill(lun, pc, at + 2);
	return 2 + page->size;
}

/* Bytes filled, 0 when there is no such page. */
static u32 fill_pages(const struct scsi_lun *lun, u8 code, enum page_control pc, u8 *at)
{
	u32 i, size = 0;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (page_exists(&pages[i], lun) && (code == PAGE_ALL || code == pages[i].code))
			size += fill_page(&pages[i], lun, pc, at + size);
	return size;
}

/* ---- MODE SENSE */

/* With @long_blocks 16 bytes, which hold any number of blocks, else 8. */
static u32 fill_descriptor(const struct scsi_lun *lun, bool long_blocks, u8 *at)
{
	if (long_blocks) {
		put_be64(at, lun->blocks);
		put_be32(at + 12, lun->block_size);
		return 16;
	}
	put_be32(at, min_t(u64, lun->blocks, 0xffffffff));
	put_be24(at + 5, lun->block_size);
	return 8;
}

static void put_length(const struct layout *layout, u8 *at, u32 length)
{
	if (layout->wide)
		put_be16(at, length);
	else
		*at = length;
}

static void fill_header(const struct scsi_command *c, const struct layout *layout, u8 *answer,
			u32 descriptor, u32 total)
{
	const struct scsi_lun *lun = c->lun;

	put_length(layout, answer, total - (layout->wide ? 2 : 1));
	if (lun->type == SCSI_TYPE_DISK)
		answer[layout->specific] = (lun->read_only ? 0x80 : 0) | 0x10;	/* WP, DPOFUA */
	if (descriptor == 16)
		answer[layout->long_blocks] = 1;
	put_length(layout, answer + layout->descriptor_size, descriptor);
}

static u32 mode_sense(struct scsi_command *c, const struct layout *layout, u32 allocation)
{
	enum page_control pc = c->cdb[2] >> 6;
	bool wants_descriptor = !(c->cdb[1] & 8) && c->lun->type == SCSI_TYPE_DISK;
	u32 descriptor = 0, size;
	u8 *answer = scsi_answer(c);

	if (pc == SAVED)
		return SENSE_SAVING;
	/* subpages there are none, all of them are what there is */
	if (c->cdb[3] && (c->cdb[3] != 0xff || (c->cdb[2] & 0x3f) != PAGE_ALL))
		return SENSE_FIELD;
	if (wants_descriptor)
		descriptor = fill_descriptor(c->lun, layout->wide && c->cdb[1] & 0x10,
					     answer + layout->header);
	size = fill_pages(c->lun, c->cdb[2] & 0x3f, pc, answer + layout->header + descriptor);
	if (!size)
		return SENSE_FIELD;
	size += layout->header + descriptor;
	fill_header(c, layout, answer, descriptor, size);
	return scsi_reply(c, size, allocation);
}

u32 scsi_mode_sense_6(struct scsi_command *c)
{
	return mode_sense(c, &layout_6, c->cdb[4]);
}

u32 scsi_mode_sense_10(struct scsi_command *c)
{
	return mode_sense(c, &layout_10, get_be16(c->cdb + 7));
}

/* ---- MODE SELECT */

/* The guest says again how large its blocks are: it cannot change that. */
static u32 check_descriptor(const struct scsi_lun *lun, const u8 *at, u32 size)
{
	u32 block_size = size == 16 ? get_be32(at + 12) : get_be24(at + 5);

	return block_size == lun->block_size ? 0 : SENSE_LIST_FIELD;
}

static const struct mode_page *find_page(const struct scsi_lun *lun, const u8 *at)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (page_exists(&pages[i], lun) && pages[i].code == (at[0] & 0x7f) &&
		    pages[i].size == at[1])
			return &pages[i];
	return NULL;
}

/* A page that is there, and differs in nothing that cannot be changed. */
static u32 check_page(const struct scsi_lun *lun, const u8 *at, u32 left, u32 *size)
{
	u8 now[64] = { 0 }, changeable[64] = { 0 };
	const struct mode_page *page;
	u32 i;

	if (left < 2)
		return SENSE_LIST_LENGTH;
	page = find_page(lun, at);
	if (!page)
		return SENSE_LIST_FIELD;
	*size = 2 + page->size;
	if (left < *size)
		return SENSE_LIST_LENGTH;
	fill_page(page, lun, CURRENT, now);
	fill_page(page, lun, CHANGEABLE, changeable);
	for (i = 2; i < *size; i++)
		if ((at[i] ^ now[i]) & ~changeable[i])
			return SENSE_LIST_FIELD;
	return 0;
}

static void apply_page(struct scsi_lun *lun, const u8 *at)
{
	if ((at[0] & 0x7f) == PAGE_CACHING)
		lun->write_cache = at[2] & WCE;
}

/* All is checked before anything is changed. */
static u32 select_pages(struct scsi_lun *lun, const u8 *list, u32 size)
{
	u32 at, sense, page = 0;

	for (at = 0; at < size; at += page) {
		sense = check_page(lun, list + at, size - at, &page);
		if (sense)
			return sense;
	}
	for (at = 0; at < size; at += 2 + list[at + 1])
		apply_page(lun, list + at);
	return 0;
}

static u32 mode_select(struct scsi_command *c, const struct layout *layout, u32 size)
{
	bool flush = c->lun->write_cache;
	const u8 *list = c->parameters;
	u32 descriptor, sense;

	if ((c->cdb[1] & 0x11) != 0x10)		/* PF, and SP not */
		return SENSE_FIELD;
	if (!size)
		return 0;
	if (size < layout->header || size > c->parameters_size)
		return SENSE_LIST_LENGTH;
	if (size > MODE_BYTES_MAX)
		return SENSE_LIST_FIELD;
	descriptor = layout->wide ? get_be16(list + 6) : list[3];
	list += layout->header;
	size -= layout->header;
	if (descriptor > size)
		return SENSE_LIST_LENGTH;
	if (descriptor && descriptor != 8 && (descriptor != 16 || !layout->wide))
		return SENSE_LIST_FIELD;
	sense = descriptor ? check_descriptor(c->lun, list, descriptor) : 0;
	if (sense)
		return sense;
	sense = select_pages(c->lun, list + descriptor, size - descriptor);
	/* what was acknowledged with the cache on is to be as safe as what comes */
	if (!sense && flush && !c->lun->write_cache)
		c->io.kind = SCSI_IO_FLUSH;
	return sense;
}

u32 scsi_mode_select_6(struct scsi_command *c)
{
	return mode_select(c, &layout_6, c->cdb[4]);
}

u32 scsi_mode_select_10(struct scsi_command *c)
{
	return mode_select(c, &layout_10, get_be16(c->cdb + 7));
}
