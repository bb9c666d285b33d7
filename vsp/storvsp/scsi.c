// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of SCSI commands, what all of them have in common, and those that any kind of unit has
 * (SPC-5).  Pure.
 *
 * Commands reach a LUN one by one.  Sense is of the fixed format; a unit attention is told by the
 * first command that may tell it.
 */
#include "scsi_internal.h"

#define FOR_DISK	0x001u
#define FOR_DVD		0x002u
#define FOR_ANY		(FOR_DISK | FOR_DVD)
#define NEEDS_MEDIUM	0x004u
#define READS		0x008u		/* what an exclusive reservation forbids */
#define WRITES		0x010u		/* and what a read-only LUN does */
#define CHANGES		0x020u		/* as writing, but for a read-only LUN */
#define NO_ATTENTION	0x040u		/* tells none */
#define PARAMETERS	0x080u
#define ANSWER		0x100u
#define WITHOUT_LUN	0x200u		/* answers where no LUN is */

#define DISK_READ	(FOR_DISK | NEEDS_MEDIUM | READS)
#define DISK_WRITE	(FOR_DISK | NEEDS_MEDIUM | WRITES)
#define ANY_READ	(FOR_ANY | NEEDS_MEDIUM | READS)

#define NO_ACTION	0xff

struct opcode {
	u8 opcode;
	u8 action;			/* service action, the low five bits of byte 1 */
	u8 size;
	u16 flags;
	scsi_handler *handler;
};

static scsi_handler test_unit_ready, request_sense, start_stop, prevent_allow;

/* Those that come often are first. */
static const struct opcode opcodes[] = {
	{ 0x28, NO_ACTION, 10, ANY_READ, scsi_read_10 },
	{ 0x2a, NO_ACTION, 10, DISK_WRITE, scsi_write_10 },
	{ 0x88, NO_ACTION, 16, DISK_READ, scsi_read_16 },
	{ 0x8a, NO_ACTION, 16, DISK_WRITE, scsi_write_16 },
	{ 0x35, NO_ACTION, 10, FOR_DISK | NEEDS_MEDIUM | CHANGES, scsi_synchronize_10 },
	{ 0x91, NO_ACTION, 16, FOR_DISK | NEEDS_MEDIUM | CHANGES, scsi_synchronize_16 },
	{ 0x42, NO_ACTION, 10, DISK_WRITE | PARAMETERS, scsi_unmap },
	{ 0x93, NO_ACTION, 16, DISK_WRITE | PARAMETERS, scsi_write_same_16 },
	{ 0x41, NO_ACTION, 10, DISK_WRITE | PARAMETERS, scsi_write_same_10 },
	{ 0x00, NO_ACTION, 6, FOR_ANY, test_unit_ready },
	{ 0x03, NO_ACTION, 6, FOR_ANY | NO_ATTENTION | ANSWER | WITHOUT_LUN, request_sense },
	{ 0x08, NO_ACTION, 6, DISK_READ, scsi_read_6 },
	{ 0x0a, NO_ACTION, 6, DISK_WRITE, scsi_write_6 },
	{ 0x12, NO_ACTION, 6, FOR_ANY | NO_ATTENTION | ANSWER | WITHOUT_LUN, scsi_inquiry },
	{ 0x15, NO_ACTION, 6, FOR_ANY | CHANGES | PARAMETERS, scsi_mode_select_6 },
	{ 0x1a, NO_ACTION, 6, FOR_ANY | ANSWER, scsi_mode_sense_6 },
	{ 0x1b, NO_ACTION, 6, FOR_ANY | CHANGES, start_stop },
	{ 0x1e, NO_ACTION, 6, FOR_ANY, prevent_allow },
	{ 0x25, NO_ACTION, 10, FOR_ANY | NEEDS_MEDIUM | ANSWER, scsi_read_capacity_10 },
	{ 0x2f, NO_ACTION, 10, DISK_READ, scsi_verify_10 },
	{ 0x43, NO_ACTION, 10, FOR_DVD | NEEDS_MEDIUM | ANSWER, scsi_read_toc },
	{ 0x46, NO_ACTION, 10, FOR_DVD | NO_ATTENTION | ANSWER, scsi_get_configuration },
	{ 0x4a, NO_ACTION, 10, FOR_DVD | NO_ATTENTION | ANSWER, scsi_get_event_status },
	{ 0x51, NO_ACTION, 10, FOR_DVD | NEEDS_MEDIUM | ANSWER, scsi_read_disc_information },
	{ 0x52, NO_ACTION, 10, FOR_DVD | NEEDS_MEDIUM | ANSWER, scsi_read_track_information },
	{ 0x55, NO_ACTION, 10, FOR_ANY | CHANGES | PARAMETERS, scsi_mode_select_10 },
	{ 0x5a, NO_ACTION, 10, FOR_ANY | ANSWER, scsi_mode_sense_10 },
	{ 0x5e, 0x00, 10, FOR_DISK | ANSWER, scsi_reserve_read_keys },
	{ 0x5e, 0x01, 10, FOR_DISK | ANSWER, scsi_reserve_read },
	{ 0x5e, 0x02, 10, FOR_DISK | ANSWER, scsi_reserve_capabilities },
	{ 0x5e, 0x03, 10, FOR_DISK | ANSWER, scsi_reserve_full_status },
	{ 0x5f, NO_ACTION, 10, FOR_DISK | PARAMETERS, scsi_reserve_out },
	{ 0x8f, NO_ACTION, 16, DISK_READ, scsi_verify_16 },
	{ 0x9e, 0x10, 16, FOR_DISK | NEEDS_MEDIUM | ANSWER, scsi_read_capacity_16 },
	{ 0x9e, 0x12, 16, DISK_READ | ANSWER, scsi_get_lba_status },
	{ 0xa0, NO_ACTION, 12, FOR_ANY | NO_ATTENTION | ANSWER | WITHOUT_LUN, scsi_report_luns },
	{ 0xa8, NO_ACTION, 12, ANY_READ, scsi_read_12 },
	{ 0xaa, NO_ACTION, 12, DISK_WRITE, scsi_write_12 },
	{ 0xbd, NO_ACTION, 12, FOR_DVD | ANSWER, scsi_mechanism_status },
};

/* NULL with the sense that says why. */
static const struct opcode *find_opcode(const u8 *cdb, u32 *sense)
{
	const struct opcode *op;

	*sense = SENSE_OPCODE;
	for (op = opcodes; op < opcodes + ARRAY_SIZE(opcodes); op++) {
		if (op->opcode != cdb[0])
			continue;
		if (op->action == NO_ACTION || op->action == (cdb[1] & 0x1f))
			return op;
		*sense = SENSE_FIELD;	/* the opcode is known, its service action is not */
	}
	return NULL;
}

/* ---- sense */

static const struct {
	u32 bit;
	u32 sense;
} attentions[] = {
	{ SCSI_ATTENTION_POWER_ON, SENSE(0x6, 0x29, 0x01) },
	{ SCSI_ATTENTION_RESET, SENSE(0x6, 0x29, 0x02) },
	{ SCSI_ATTENTION_MEDIUM, SENSE(0x6, 0x28, 0x00) },
	{ SCSI_ATTENTION_LUNS, SENSE(0x6, 0x3f, 0x0e) },
	{ SCSI_ATTENTION_CAPACITY, SENSE(0x6, 0x2a, 0x09) },
	{ SCSI_ATTENTION_MODE, SENSE(0x6, 0x2a, 0x01) },
	{ SCSI_ATTENTION_RESERVATION_PREEMPTED, SENSE(0x6, 0x2a, 0x03) },
	{ SCSI_ATTENTION_RESERVATION_RELEASED, SENSE(0x6, 0x2a, 0x04) },
	{ SCSI_ATTENTION_REGISTRATION_PREEMPTED, SENSE(0x6, 0x2a, 0x05) },
};

/* The sense of the unit attention that comes next, which is thereby told; 0: none. */
u32 scsi_take_attention(struct scsi_lun *lun)
{
	unsigned int i;

	lun->attention |= scsi_reserve_attention(lun);
	for (i = 0; i < ARRAY_SIZE(attentions); i++) {
		if (!(lun->attention & attentions[i].bit))
			continue;
		lun->attention &= ~attentions[i].bit;
		return attentions[i].sense;
	}
	return 0;
}

static void fill_sense(u8 *sense, u32 code)
{
	memset(sense, 0, SCSI_SENSE_SIZE);
	sense[0] = 0x70;		/* current, fixed format */
	sense[2] = SENSE_KEY(code);
	sense[7] = SCSI_SENSE_SIZE - 8;
	sense[12] = SENSE_ASC(code);
	sense[13] = SENSE_ASCQ(code);
}

/* Status and sense of a command that ends with @sense. */
static void finish(struct scsi_command *c, u32 sense)
{
	c->sense_size = 0;
	c->status = SCSI_GOOD;
	if (!sense)
		return;
	c->io.kind = SCSI_IO_NONE;
	c->answer_size = 0;
	if (sense == SENSE_RESERVATION_CONFLICT || sense == SENSE_BUSY) {
		c->status = sense == SENSE_BUSY ? SCSI_BUSY : SCSI_RESERVATION_CONFLICT;
		return;
	}
	c->status = SCSI_CHECK_CONDITION;
	c->sense_size = SCSI_SENSE_SIZE;
	fill_sense(c->sense, sense);
}

/* ---- for the handlers */

/* The room for an answer, all zeroes. */
u8 *scsi_answer(struct scsi_command *c)
{
	memset(c->answer, 0, SCSI_ANSWER_MAX);
	return c->answer;
}

/* Of an answer of @size bytes the guest gets what its command and its buffer have room for. */
u32 scsi_reply(struct scsi_command *c, u32 size, u32 allocation)
{
	c->answer_size = min(min(size, allocation), c->length);
	return 0;
}

bool scsi_range_valid(const struct scsi_lun *lun, u64 lba, u64 blocks)
{
	return lba <= lun->blocks && blocks <= lun->blocks - lba;
}

/* ---- commands of any unit */

static u32 medium_sense(const struct scsi_lun *lun)
{
	if (!lun->present)
		return lun->tray_open ? SENSE_NO_MEDIUM_OPEN : SENSE_NO_MEDIUM;
	return lun->stopped ? SENSE_NOT_READY : 0;
}

static u32 test_unit_ready(struct scsi_command *c)
{
	return medium_sense(c->lun);
}

/* What is to be told, and then is: kept sense, an attention, or that there is no LUN. */
static u32 pending_sense(struct scsi_lun *lun)
{
	u32 kept;

	if (!lun)
		return SENSE_LUN;
	kept = lun->kept;
	lun->kept = 0;
	return kept ? kept : scsi_take_attention(lun);
}

static u32 request_sense(struct scsi_command *c)
{
	u8 *answer = scsi_answer(c);
	u32 sense = pending_sense(c->lun);

	if (!(c->cdb[1] & 1)) {
		fill_sense(answer, sense);
		return scsi_reply(c, SCSI_SENSE_SIZE, c->cdb[4]);
	}
	answer[0] = 0x72;		/* current, descriptor format, no descriptors */
	answer[1] = SENSE_KEY(sense);
	answer[2] = SENSE_ASC(sense);
	answer[3] = SENSE_ASCQ(sense);
	return scsi_reply(c, 8, c->cdb[4]);
}

static u32 eject(struct scsi_command *c)
{
	if (c->lun->locked)
		return SENSE_REMOVAL_PREVENTED;
	c->lun->tray_open = true;
	if (c->lun->present)
		c->io.kind = SCSI_IO_EJECT;
	return 0;
}

/* SBC-4 5.31, MMC-6 6.42: byte 4 is power condition, 0, NO_FLUSH, LOEJ, START. */
static u32 start_stop(struct scsi_command *c)
{
	struct scsi_lun *lun = c->lun;
	bool start = c->cdb[4] & 1, load = c->cdb[4] & 2;

	if (c->cdb[4] & 0xf0 || (load && lun->type != SCSI_TYPE_DVD))
		return SENSE_FIELD;
	if (load && !start)
		return eject(c);
	if (load)
		lun->tray_open = false;
	lun->stopped = !start;
	if (!start && lun->present && !lun->read_only && !(c->cdb[4] & 4))
		c->io.kind = SCSI_IO_FLUSH;
	return 0;
}

static u32 prevent_allow(struct scsi_command *c)
{
	if (c->cdb[4] & ~3)
		return SENSE_FIELD;
	c->lun->locked = c->cdb[4] & 1;
	return 0;
}

/* ---- dispatch */

static bool access_reserved(const struct scsi_lun *lun, unsigned int flags)
{
	unsigned int access = (flags & READS ? ACCESS_READ : 0) |
			      (flags & (WRITES | CHANGES) ? ACCESS_WRITE : 0);

	return access && lun->reservations->holder && scsi_reserved(lun, access);
}

/* What holds for all commands, in the order of SAM-5 5.3: 0, or the sense. */
static u32 check(struct scsi_command *c, const struct opcode *op)
{
	struct scsi_lun *lun = c->lun;
	u32 sense;

	if (!(op->flags & (lun->type == SCSI_TYPE_DVD ? FOR_DVD : FOR_DISK)))
		return SENSE_OPCODE;
	if (!(op->flags & NO_ATTENTION)) {
		sense = scsi_take_attention(lun);
		if (sense)
			return sense;
	}
	if (access_reserved(lun, op->flags))
		return SENSE_RESERVATION_CONFLICT;
	if (op->flags & NEEDS_MEDIUM) {
		sense = medium_sense(lun);
		if (sense)
			return sense;
	}
	return op->flags & WRITES && lun->read_only ? SENSE_WRITE_PROTECTED : 0;
}

static u32 run(struct scsi_command *c)
{
	const struct opcode *op;
	u32 sense = SENSE_OPCODE;

	op = c->cdb_size ? find_opcode(c->cdb, &sense) : NULL;
	if (!c->lun && (!op || !(op->flags & WITHOUT_LUN))) {
		c->no_lun = true;
		return SENSE_LUN;
	}
	if (!op)
		return sense;
	/* the last byte is CONTROL: neither NACA nor anything else is offered */
	if (c->cdb_size < op->size || c->cdb[op->size - 1] & 4)
		return SENSE_FIELD;
	if (c->lun) {
		sense = check(c, op);
		if (sense)
			return sense;
	}
	return op->handler(c);
}

/**
 * scsi_execute() - take a command
 * @command: its in-fields are set; the others are filled in
 *
 * No field of @command that the guest chose is trusted.  A command ends here, or goes on as
 * command->io; what that asks for lies within the LUN and within the guest's buffer.
 */
void scsi_execute(struct scsi_command *command)
{
	command->answer_size = 0;
	command->no_lun = false;
	memset(&command->io, 0, sizeof(command->io));
	finish(command, run(command));
}

/**
 * scsi_buffers() - what a command needs besides the guest's own pages
 * @cdb:      SCSI_CDB_MAX bytes
 * @cdb_size: how many of them count
 *
 * Return: SCSI_NEEDS_*, to be there before scsi_execute().
 */
unsigned int scsi_buffers(const u8 *cdb, u8 cdb_size)
{
	const struct opcode *op;
	u32 sense;

	op = cdb_size ? find_opcode(cdb, &sense) : NULL;
	if (!op)
		return 0;
	return (op->flags & PARAMETERS ? SCSI_NEEDS_PARAMETERS : 0) |
	       (op->flags & ANSWER ? SCSI_NEEDS_ANSWER : 0);
}

/* What an error of the backing means to the guest. */
static const struct {
	int err;
	u32 sense;
} failures[] = {
	{ -ENOSPC, SENSE_NO_SPACE },
	{ -EDQUOT, SENSE_NO_SPACE },
	{ -EFBIG, SENSE_NO_SPACE },
	{ -EROFS, SENSE_WRITE_PROTECTED },
	{ -EPERM, SENSE_WRITE_PROTECTED },
	{ -EBADF, SENSE_WRITE_PROTECTED },
	{ -EACCES, SENSE_WRITE_PROTECTED },
	{ -EFAULT, SENSE_DATA_PHASE },
	{ -ENOMEM, SENSE_BUSY },
	{ -EAGAIN, SENSE_BUSY },
	{ -EOPNOTSUPP, SENSE_FIELD },
	{ -ENOMEDIUM, SENSE_NO_MEDIUM },
	{ -ENODEV, SENSE_TARGET_FAILURE },
	{ -ENXIO, SENSE_TARGET_FAILURE },
	{ -ETIMEDOUT, SENSE_TARGET_FAILURE },
};

static u32 failure_sense(const struct scsi_command *c, int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(failures); i++)
		if (failures[i].err == err)
			return failures[i].sense;
	return c->io.kind == SCSI_IO_READ ? SENSE_READ_ERROR : SENSE_WRITE_ERROR;
}

/**
 * scsi_io_done() - a request was carried out
 * @command: whose io it was
 * @err:     0, or why not, a negative errno
 *
 * Needs no lock.  Of data nothing counts as transferred when @err is not 0.
 */
void scsi_io_done(struct scsi_command *command, int err)
{
	finish(command, err ? failure_sense(command, err) : 0);
}

/* ---- what happens to a LUN */

/**
 * scsi_lun_init() - a LUN as after power-on
 * @lun: what says what it is was filled in
 */
void scsi_lun_init(struct scsi_lun *lun)
{
	lun->attention = SCSI_ATTENTION_POWER_ON;
	lun->media_event = SCSI_MEDIA_NOTHING;
	lun->locked = false;
	lun->stopped = false;
	lun->tray_open = false;
	lun->kept = 0;
}

/**
 * scsi_lun_reset() - RESET LUN, BUS or ADAPTER
 * @lun: persistent reservations stay
 */
void scsi_lun_reset(struct scsi_lun *lun)
{
	lun->attention |= SCSI_ATTENTION_RESET;
	lun->locked = false;
	lun->stopped = false;
	lun->kept = 0;
}

/**
 * scsi_lun_resize() - the medium has another size
 * @lun:    a disk
 * @blocks: from now on
 */
void scsi_lun_resize(struct scsi_lun *lun, u64 blocks)
{
	if (lun->blocks == blocks)
		return;
	lun->blocks = blocks;
	lun->attention |= SCSI_ATTENTION_CAPACITY;
}

/**
 * scsi_medium_insert() - another medium is in the drive
 * @lun:    a DVD drive
 * @blocks: of it
 */
void scsi_medium_insert(struct scsi_lun *lun, u64 blocks)
{
	lun->present = true;
	lun->tray_open = false;
	lun->stopped = false;
	lun->blocks = blocks;
	lun->attention |= SCSI_ATTENTION_MEDIUM;
	lun->media_event = SCSI_MEDIA_NEW;
}

/**
 * scsi_medium_remove() - the medium is gone
 * @lun: a DVD drive
 */
void scsi_medium_remove(struct scsi_lun *lun)
{
	lun->present = false;
	lun->blocks = 0;
	lun->locked = false;
	lun->attention &= ~SCSI_ATTENTION_MEDIUM;
	lun->media_event = SCSI_MEDIA_REMOVED;
}

/**
 * scsi_medium_ask() - somebody would like to have the medium
 * @lun: a DVD drive; its guest hears as if the button were pressed
 */
void scsi_medium_ask(struct scsi_lun *lun)
{
	lun->media_event = SCSI_MEDIA_EJECT;
}

/**
 * scsi_keep_sense() - the guest wants no autosense
 * @lun:     keeps the sense for REQUEST SENSE
 * @command: has none any more
 */
void scsi_keep_sense(struct scsi_lun *lun, struct scsi_command *command)
{
	if (!command->sense_size)
		return;
	lun->kept = SENSE(command->sense[2], command->sense[12], command->sense[13]);
	command->sense_size = 0;
}
