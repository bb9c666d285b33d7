// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands on blocks (SBC-4 5): each is checked against the size of the LUN and of the guest's
 * buffer, and becomes a request.  Pure.
 *
 * VERIFY compares nothing (BYTCHK 0 only): what it asks is that the blocks are on the medium and
 * no cache's any more, which a flush does.  Protection information there is none.
 */
#include "scsi_internal.h"

#define FUA	0x08

/* Blocks that go between the guest's buffer and the medium. */
static u32 transfer(struct scsi_command *c, enum scsi_io_kind kind, u64 lba, u32 blocks)
{
	const struct scsi_lun *lun = c->lun;
	u64 bytes = (u64)blocks * lun->block_size;

	if (!scsi_range_valid(lun, lba, blocks))
		return SENSE_LBA;
	if (bytes > c->length)
		return SENSE_FIELD;
	if (!blocks)
		return 0;
	c->io.kind = kind;
	c->io.lba = lba;
	c->io.blocks = blocks;
	c->io.bytes = bytes;
	return 0;
}

/* Byte 1 of the longer ones: protection, 0; DPO, a hint; FUA. */
static u32 transfer_flags(struct scsi_command *c, enum scsi_io_kind kind, u64 lba, u32 blocks)
{
	if (c->cdb[1] & 0xe0)
		return SENSE_FIELD;
	c->io.fua = kind == SCSI_IO_WRITE && (c->cdb[1] & FUA || !c->lun->write_cache);
	return transfer(c, kind, lba, blocks);
}

static u32 transfer_6(struct scsi_command *c, enum scsi_io_kind kind)
{
	c->io.fua = kind == SCSI_IO_WRITE && !c->lun->write_cache;
	return transfer(c, kind, get_be24(c->cdb + 1) & 0x1fffff, c->cdb[4] ? c->cdb[4] : 256);
}

u32 scsi_read_6(struct scsi_command *c)
{
	return transfer_6(c, SCSI_IO_READ);
}

u32 scsi_write_6(struct scsi_command *c)
{
	return transfer_6(c, SCSI_IO_WRITE);
}

u32 scsi_read_10(struct scsi_command *c)
{
	return transfer_flags(c, SCSI_IO_READ, get_be32(c->cdb + 2), get_be16(c->cdb + 7));
}

u32 scsi_write_10(struct scsi_command *c)
{
	return transfer_flags(c, SCSI_IO_WRITE, get_be32(c->cdb + 2), get_be16(c->cdb + 7));
}

u32 scsi_read_12(struct scsi_command *c)
{
	return transfer_flags(c, SCSI_IO_READ, get_be32(c->cdb + 2), get_be32(c->cdb + 6));
}

u32 scsi_write_12(struct scsi_command *c)
{
	return transfer_flags(c, SCSI_IO_WRITE, get_be32(c->cdb + 2), get_be32(c->cdb + 6));
}

u32 scsi_read_16(struct scsi_command *c)
{
	return transfer_flags(c, SCSI_IO_READ, get_be64(c->cdb + 2), get_be32(c->cdb + 10));
}

u32 scsi_write_16(struct scsi_command *c)
{
	return transfer_flags(c, SCSI_IO_WRITE, get_be64(c->cdb + 2), get_be32(c->cdb + 10));
}

/* ---- what waits for the medium */

/* Nothing is cached of a LUN that cannot be written. */
static u32 flush(struct scsi_command *c, u64 lba, u32 blocks)
{
	if (!scsi_range_valid(c->lun, lba, blocks))
		return SENSE_LBA;
	if (!c->lun->read_only)
		c->io.kind = SCSI_IO_FLUSH;
	return 0;
}

u32 scsi_synchronize_10(struct scsi_command *c)
{
	return flush(c, get_be32(c->cdb + 2), get_be16(c->cdb + 7));
}

u32 scsi_synchronize_16(struct scsi_command *c)
{
	return flush(c, get_be64(c->cdb + 2), get_be32(c->cdb + 10));
}

/* Protection, DPO, BYTCHK */
static u32 verify(struct scsi_command *c, u64 lba, u32 blocks)
{
	return c->cdb[1] & 0xe6 ? SENSE_FIELD : flush(c, lba, blocks);
}

u32 scsi_verify_10(struct scsi_command *c)
{
	return verify(c, get_be32(c->cdb + 2), get_be16(c->cdb + 7));
}

u32 scsi_verify_16(struct scsi_command *c)
{
	return verify(c, get_be64(c->cdb + 2), get_be32(c->cdb + 10));
}

/* ---- UNMAP (SBC-4 5.35) */

/**
 * scsi_unmap_range() - one of the ranges that UNMAP named
 * @command: its io is SCSI_IO_UNMAP, its parameters are still there
 * @n:       below io.range_count
 * @lba:     first block
 * @blocks:  how many, maybe none
 */
void scsi_unmap_range(const struct scsi_command *command, u32 n, u64 *lba, u32 *blocks)
{
	const u8 *range = command->parameters + 8 + 16 * n;

	*lba = get_be64(range);
	*blocks = get_be32(range + 8);
}

static u32 check_ranges(const struct scsi_command *c, u32 count)
{
	u64 lba, total = 0;
	u32 i, blocks;

	for (i = 0; i < count; i++) {
		scsi_unmap_range(c, i, &lba, &blocks);
		if (!scsi_range_valid(c->lun, lba, blocks))
			return SENSE_LBA;
		total += blocks;
	}
	return total > SCSI_UNMAP_BLOCKS_MAX ? SENSE_LIST_FIELD : 0;
}

/* Descriptors that the list cuts off do not count. */
u32 scsi_unmap(struct scsi_command *c)
{
	u32 size = get_be16(c->cdb + 7), count, sense;

	if (!c->lun->can_unmap)
		return SENSE_OPCODE;
	if (c->cdb[1] & 1)		/* anchored blocks there are none */
		return SENSE_FIELD;
	if (!size)
		return 0;
	if (size < 8 || size > c->length)
		return SENSE_LIST_LENGTH;
	count = min(get_be16(c->parameters + 2), size - 8) / 16;
	if (count > SCSI_UNMAP_RANGES_MAX)
		return SENSE_LIST_FIELD;
	if (8 + 16 * count > c->parameters_size)
		return SENSE_LIST_LENGTH;
	sense = check_ranges(c, count);
	if (sense || !count)
		return sense;
	c->io.kind = SCSI_IO_UNMAP;
	c->io.range_count = count;
	return 0;
}

/* ---- WRITE SAME (SBC-4 5.49, 5.50) */

#define WRITE_SAME_NDOB		0x01
#define WRITE_SAME_UNMAP	0x08
#define WRITE_SAME_REFUSED	0xf0	/* protection, anchor */

static bool all_zeroes(const u8 *bytes, u32 size)
{
	while (size && !bytes[size - 1])
		size--;
	return !size;
}

static u32 write_same(struct scsi_command *c, u64 lba, u64 blocks, bool no_data)
{
	const struct scsi_lun *lun = c->lun;
	bool unmap = c->cdb[1] & WRITE_SAME_UNMAP;

	if (c->cdb[1] & WRITE_SAME_REFUSED || (unmap && !lun->can_unmap))
		return SENSE_FIELD;
	if (!blocks || blocks > SCSI_WRITE_SAME_MAX)
		return SENSE_FIELD;
	if (!scsi_range_valid(lun, lba, blocks))
		return SENSE_LBA;
	if (!no_data && (c->length < lun->block_size || c->parameters_size < lun->block_size))
		return SENSE_FIELD;
	c->io.kind = no_data || all_zeroes(c->parameters, lun->block_size) ? SCSI_IO_ZERO :
									     SCSI_IO_WRITE_SAME;
	c->io.lba = lba;
	c->io.blocks = blocks;
	c->io.may_unmap = unmap;
	c->io.fua = !lun->write_cache;
	return 0;
}

u32 scsi_write_same_10(struct scsi_command *c)
{
	return write_same(c, get_be32(c->cdb + 2), get_be16(c->cdb + 7), false);
}

u32 scsi_write_same_16(struct scsi_command *c)
{
	return write_same(c, get_be64(c->cdb + 2), get_be32(c->cdb + 10),
			  c->cdb[1] & WRITE_SAME_NDOB);
}

/* ---- GET LBA STATUS (SBC-4 5.6) */

u32 scsi_get_lba_status(struct scsi_command *c)
{
	u64 lba = get_be64(c->cdb + 2);

	if (lba >= c->lun->blocks)
		return SENSE_LBA;
	if (get_be32(c->cdb + 10) < 24)
		return SENSE_FIELD;
	c->io.kind = SCSI_IO_LBA_STATUS;
	c->io.lba = lba;
	c->io.blocks = c->lun->blocks - lba;
	return 0;
}

/**
 * scsi_lba_status() - the answer to SCSI_IO_LBA_STATUS, before scsi_io_done()
 * @command: whose io it was
 * @blocks:  from io.lba on that are alike; at least one
 * @mapped:  they are mapped
 */
void scsi_lba_status(struct scsi_command *command, u64 blocks, bool mapped)
{
	u8 *answer = scsi_answer(command);

	put_be32(answer, 24 - 4);
	put_be64(answer + 8, command->io.lba);
	put_be32(answer + 16, min_t(u64, min(blocks, command->io.blocks), 0xffffffff));
	answer[20] = mapped ? 0 : 1;	/* else deallocated */
	scsi_reply(command, 24, get_be32(command->cdb + 10));
}
