// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: vsp/storvsp/scsi.c vsp/storvsp/inquiry.c vsp/storvsp/mode.c vsp/storvsp/block.c */
/* LINK: vsp/storvsp/reserve.c vsp/storvsp/mmc.c vsp/storvsp/proto.c */
/*
 * Any commands for three LUNs that share a medium's reservations, through the storage protocol:
 * packets of any kind and size, data buffers of any length, requests that fail or not.
 * What is asked of a backend lies within the LUN and the buffer; buffers are exactly as large as
 * they are said to be.
 */
#include <stdlib.h>

#include "fuzzer.h"
#include "storvsp_proto.h"

#define LUNS	3u

struct input {
	const uint8_t *bytes;
	size_t left;
};

static struct scsi_reservations reservations;
static struct scsi_lun luns[LUNS];
static struct storvsp_session session;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void take(struct input *input, void *buffer, size_t size)
{
	size_t n = size < input->left ? size : input->left;

	memset(buffer, 0, size);
	memcpy(buffer, input->bytes, n);
	input->bytes += n;
	input->left -= n;
}

static u8 byte(struct input *input)
{
	u8 b;

	take(input, &b, 1);
	return b;
}

static void setup(u8 kind)
{
	memset(&reservations, 0, sizeof(reservations));
	for (u32 i = 0; i < LUNS; i++) {
		luns[i] = (struct scsi_lun){
			.type = i == 2 ? SCSI_TYPE_DVD : SCSI_TYPE_DISK,
			.block_size = i == 2 ? 2048 : kind & 1 ? 4096 : 512,
			.physical_shift = kind & 1 ? 0 : 3, .blocks = 1 << (kind % 13),
			.max_transfer = STORVSP_MAX_TRANSFER, .can_unmap = kind & 2,
			.unmap_zeroes = kind & 4, .unmap_blocks = 8, .serial = "0123456789",
			.nexus = i + 1, .reservations = &reservations, .write_cache = kind & 8,
			.read_only = i == 2 || kind & 16, .present = true,
		};
		scsi_lun_init(&luns[i]);
	}
	storvsp_session_init(&session, 7, kind & 32);
}

/* ---- what must hold of a command that was taken */

static void check_ranges(const struct scsi_command *c)
{
	u64 lba;
	u32 blocks;

	require(c->io.range_count && c->io.range_count <= SCSI_UNMAP_RANGES_MAX);
	for (u32 i = 0; i < c->io.range_count; i++) {
		scsi_unmap_range(c, i, &lba, &blocks);
		require(lba <= c->lun->blocks && blocks <= c->lun->blocks - lba);
	}
}

static void check_io(const struct scsi_command *c)
{
	const struct scsi_lun *lun = c->lun;
	const struct scsi_io *io = &c->io;

	require(lun && lun->present);
	require(io->lba <= lun->blocks && io->blocks <= lun->blocks - io->lba);
	if (io->kind != SCSI_IO_READ && io->kind != SCSI_IO_LBA_STATUS && io->kind != SCSI_IO_EJECT)
		require(!lun->read_only);
	if (io->kind == SCSI_IO_READ || io->kind == SCSI_IO_WRITE)
		require(io->bytes && io->bytes == io->blocks * lun->block_size &&
			io->bytes <= c->length);
	if (io->kind == SCSI_IO_WRITE || io->kind == SCSI_IO_ZERO || io->kind == SCSI_IO_WRITE_SAME)
		require(io->blocks && (io->fua || lun->write_cache));
	if (io->kind == SCSI_IO_UNMAP)
		check_ranges(c);
}

static void check_end(const struct scsi_command *c)
{
	require(c->answer_size <= c->length && c->answer_size <= SCSI_ANSWER_MAX);
	require(!c->sense_size == (c->status != SCSI_CHECK_CONDITION));
	require(c->sense_size <= SCSI_SENSE_SIZE);
	require(c->status == SCSI_GOOD || !c->answer_size);
}

static void carry_out(struct input *input, struct scsi_command *c)
{
	static const int errors[] = { 0, 0, -EIO, -ENOSPC, -ENOMEM, -EFAULT, -12345 };

	check_io(c);
	if (c->io.kind == SCSI_IO_LBA_STATUS)
		scsi_lba_status(c, 1 + byte(input), byte(input) & 1);
	if (c->io.kind == SCSI_IO_EJECT)
		scsi_medium_remove(c->lun);
	scsi_io_done(c, errors[byte(input) % ARRAY_SIZE(errors)]);
}

static void answer_srb(struct storvsp_request *request, struct scsi_command *c)
{
	if (c->lun && storvsp_no_autosense(&session, request))
		scsi_keep_sense(c->lun, c);
	storvsp_srb_answer(c, c->answer_size, &request->packet);
	require(request->packet.operation == STORVSP_COMPLETE_IO);
	require(request->packet.srb.sense_length <= STORVSP_SENSE_MAX);
}

static void execute(struct input *input, struct storvsp_request *request)
{
	const struct srb *srb = &request->packet.srb;
	struct scsi_command c = { .luns = 7, .cdb_size = srb->cdb_length };
	u8 *parameters = NULL;
	unsigned int needs;

	require(c.cdb_size && c.cdb_size <= SCSI_CDB_MAX);
	memcpy(c.cdb, srb->cdb, c.cdb_size);
	c.lun = srb->lun % 4 < LUNS ? &luns[srb->lun % 4] : NULL;
	c.length = request->length;
	needs = scsi_buffers(c.cdb, c.cdb_size);
	if (needs & SCSI_NEEDS_PARAMETERS) {
		c.parameters_size = c.length < SCSI_PARAMETERS_MAX ? c.length : SCSI_PARAMETERS_MAX;
		parameters = malloc(c.parameters_size + 1);
		take(input, parameters, c.parameters_size > 64 ? 64 : c.parameters_size);
		if (c.parameters_size > 64)
			memset(parameters + 64, 0, c.parameters_size - 64);
		/* nothing behind them may be read */
		c.parameters = realloc(parameters, c.parameters_size ? c.parameters_size : 1);
	}
	if (needs & SCSI_NEEDS_ANSWER)
		c.answer = malloc(SCSI_ANSWER_MAX);
	scsi_execute(&c);
	check_end(&c);
	if (c.io.kind != SCSI_IO_NONE)
		carry_out(input, &c);
	check_end(&c);
	answer_srb(request, &c);
	free((void *)c.parameters);
	free(c.answer);
}

/* A command of the guest's, with less to guess for the fuzzer than in a packet. */
static void command(struct input *input)
{
	struct storvsp_request request = { .packet.operation = STORVSP_EXECUTE_SRB };
	struct srb *srb = &request.packet.srb;

	srb->lun = byte(input);
	srb->cdb_length = byte(input) % 18;
	srb->direction = byte(input) % 4;
	srb->flags = byte(input);
	srb->sense_length = byte(input);
	srb->data_length = byte(input) << (byte(input) % 18);
	take(input, srb->cdb, sizeof(srb->cdb));
	if (storvsp_receive(&session, sizeof(request.packet), STORVSP_MAX_TRANSFER, true,
			    &request) == STORVSP_EXECUTE)
		execute(input, &request);
	require(request.packet.operation == STORVSP_COMPLETE_IO);
}

static void packet(struct input *input)
{
	struct storvsp_request request = { 0 };
	u32 size = byte(input) % (sizeof(request.packet) + 1);
	u64 data_size = byte(input) << byte(input) % 20;
	bool primary = byte(input) & 1;

	take(input, &request.packet, size);
	request.packet.operation = byte(input) % 15;
	switch (storvsp_receive(&session, size, data_size, primary, &request)) {
	case STORVSP_EXECUTE:
		require(request.length <= data_size && request.length <= STORVSP_MAX_TRANSFER);
		execute(input, &request);
		break;
	case STORVSP_CREATE_CHANNELS:
		require(request.channels && request.channels <= 7);
		break;
	case STORVSP_RESET_LUNS:
		for (u32 i = 0; i < LUNS; i++)
			scsi_lun_reset(&luns[i]);
		break;
	default:
		break;
	}
	require(request.packet.operation == STORVSP_COMPLETE_IO);
	require(storvsp_packet_size(&session) <= sizeof(request.packet));
}

static void host(struct input *input)
{
	switch (byte(input) % 4) {
	case 0:
		scsi_medium_insert(&luns[2], 1 << byte(input) % 20);
		break;
	case 1:
		scsi_medium_remove(&luns[2]);
		break;
	case 2:
		scsi_medium_ask(&luns[2]);
		break;
	default:
		scsi_lun_resize(&luns[byte(input) % 2], 1ull << byte(input) % 40);
	}
}

static void initialize(void)
{
	static const u32 steps[] = {
		STORVSP_BEGIN_INITIALIZATION, STORVSP_QUERY_PROTOCOL_VERSION,
		STORVSP_QUERY_PROPERTIES, STORVSP_END_INITIALIZATION,
	};

	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		struct storvsp_request request = { .packet.operation = steps[i] };

		request.packet.version = STORVSP_VERSION_6_2;
		storvsp_receive(&session, sizeof(request.packet), 0, true, &request);
		require(!request.packet.status);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	setup(byte(&input));
	initialize();
	while (input.left) {
		switch (byte(&input) % 8) {
		case 0:
			packet(&input);
			break;
		case 1:
			host(&input);
			break;
		default:
			command(&input);
		}
	}
	return 0;
}
