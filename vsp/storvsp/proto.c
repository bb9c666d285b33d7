// SPDX-License-Identifier: GPL-2.0-only
/*
 * What guests say to a synthetic storage controller, and what it answers.  Pure.
 *
 * The initialization runs BEGIN, QUERY_PROTOCOL_VERSION until one is agreed on, QUERY_PROPERTIES,
 * END, and may begin anew at any time; commands come afterwards.  A packet that makes no sense gets
 * an answer that says so, and changes nothing.
 */
#include "storvsp_proto.h"

/**
 * storvsp_session_init() - a channel was opened
 * @session:      as when the guest has said nothing
 * @max_channels: subchannels that it may ask for
 * @ide:          the controller stands beside an emulated IDE controller
 */
void storvsp_session_init(struct storvsp_session *session, u16 max_channels, bool ide)
{
	session->state = STORVSP_RESET;
	session->version = 0;
	session->max_channels = max_channels;
	session->ide = ide;
}

/* Before 5.1 an SRB has no flags. */
static bool has_flags(const struct storvsp_session *session)
{
	return !session->version || session->version >= STORVSP_VERSION_5_1;
}

/**
 * storvsp_packet_size() - how large packets are
 * @session: before a version is agreed on they have the size of the newest one's
 *
 * Return: bytes of each packet that we send, and at least of each SRB that we get.
 */
u32 storvsp_packet_size(const struct storvsp_session *session)
{
	return STORVSP_HEADER_SIZE + (has_flags(session) ? SRB_SIZE : SRB_SIZE_SHORT);
}

/**
 * storvsp_no_autosense() - does the guest want sense on request only?
 * @session: the session
 * @request: of STORVSP_EXECUTE
 *
 * Return: true: it asks for sense by REQUEST SENSE.
 */
bool storvsp_no_autosense(const struct storvsp_session *session,
			  const struct storvsp_request *request)
{
	return has_flags(session) && request->packet.srb.flags & SRB_DISABLE_AUTOSENSE;
}

/* ---- operations: each returns what is to be done, or leaves an NTSTATUS in the packet */

static enum storvsp_action refuse(struct storvsp_request *request, u32 status)
{
	request->packet.status = status;
	return STORVSP_ANSWER;
}

static enum storvsp_action begin(struct storvsp_session *session, u64 data_size,
				 struct storvsp_request *request)
{
	session->state = STORVSP_BEGUN;
	session->version = 0;
	return STORVSP_ANSWER;
}

static bool version_known(u16 version)
{
	static const u16 versions[] = {
		STORVSP_VERSION_2_0, STORVSP_VERSION_4_2, STORVSP_VERSION_5_1,
		STORVSP_VERSION_6_0, STORVSP_VERSION_6_2,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++)
		if (versions[i] == version)
			return true;
	return false;
}

static enum storvsp_action query_version(struct storvsp_session *session, u64 data_size,
					 struct storvsp_request *request)
{
	u16 version = request->packet.version;

	if (!version_known(version))
		return refuse(request, STORVSP_STATUS_REVISION_MISMATCH);
	session->version = version;
	session->state = STORVSP_NEGOTIATED;
	return STORVSP_ANSWER;
}

static enum storvsp_action query_properties(struct storvsp_session *session, u64 data_size,
					    struct storvsp_request *request)
{
	struct storvsp_properties properties = { .max_transfer = STORVSP_MAX_TRANSFER };

	if (session->version >= STORVSP_VERSION_5_1 && session->max_channels) {
		properties.max_channels = session->max_channels;
		properties.flags |= STORVSP_PROPERTY_CHANNELS;
	}
	if (session->ide)
		properties.flags |= STORVSP_PROPERTY_IDE;
	memset(request->packet.bytes, 0, sizeof(request->packet.bytes));
	request->packet.properties = properties;
	session->state = STORVSP_QUERIED;
	return STORVSP_ANSWER;
}

static enum storvsp_action end(struct storvsp_session *session, u64 data_size,
			       struct storvsp_request *request)
{
	session->state = STORVSP_READY;
	return STORVSP_ANSWER;
}

static enum storvsp_action create_channels(struct storvsp_session *session, u64 data_size,
					   struct storvsp_request *request)
{
	u16 channels = request->packet.channels;

	if (session->version < STORVSP_VERSION_5_1)
		return refuse(request, STORVSP_STATUS_NOT_SUPPORTED);
	if (!channels || channels > session->max_channels)
		return refuse(request, STORVSP_STATUS_INVALID_PARAMETER);
	request->channels = channels;
	return STORVSP_CREATE_CHANNELS;
}

static enum storvsp_action reset(struct storvsp_session *session, u64 data_size,
				 struct storvsp_request *request)
{
	request->all_luns = request->packet.operation != STORVSP_RESET_LUN;
	return STORVSP_RESET_LUNS;
}

static enum storvsp_action refuse_srb(struct storvsp_request *request)
{
	struct srb *srb = &request->packet.srb;

	srb->srb_status = SRB_INVALID_REQUEST;
	srb->scsi_status = 0;
	srb->sense_length = 0;
	srb->data_length = 0;
	return refuse(request, STORVSP_STATUS_INVALID_PARAMETER);
}

/* What the length field says is not used: guests set it to their own structure's size. */
static enum storvsp_action execute(struct storvsp_session *session, u64 data_size,
				   struct storvsp_request *request)
{
	const struct srb *srb = &request->packet.srb;

	if (!srb->cdb_length || srb->cdb_length > SCSI_CDB_MAX || srb->direction > SRB_NO_DATA ||
	    srb->data_length > STORVSP_MAX_TRANSFER)
		return refuse_srb(request);
	request->length = srb->direction == SRB_NO_DATA ? 0 : srb->data_length;
	return request->length > data_size ? refuse_srb(request) : STORVSP_EXECUTE;
}

#define ON_ANY_CHANNEL	1u

static const struct operation {
	u8 operation;
	u8 flags;
	u8 states;			/* bits of enum storvsp_phase */
	u8 size;			/* at least, behind the header; 0xff: an SRB's */
	enum storvsp_action (*act)(struct storvsp_session *session, u64 data_size,
				   struct storvsp_request *request);
} operations[] = {
	{ STORVSP_EXECUTE_SRB, ON_ANY_CHANNEL, BIT(STORVSP_READY), 0xff, execute },
	{ STORVSP_RESET_LUN, ON_ANY_CHANNEL, BIT(STORVSP_READY), 8, reset },
	{ STORVSP_RESET_ADAPTER, ON_ANY_CHANNEL, BIT(STORVSP_READY), 0, reset },
	{ STORVSP_RESET_BUS, ON_ANY_CHANNEL, BIT(STORVSP_READY), 0, reset },
	{ STORVSP_BEGIN_INITIALIZATION, 0, 0x1f, 0, begin },
	{ STORVSP_QUERY_PROTOCOL_VERSION, 0, BIT(STORVSP_BEGUN) | BIT(STORVSP_NEGOTIATED), 4,
	  query_version },
	{ STORVSP_QUERY_PROPERTIES, 0, BIT(STORVSP_NEGOTIATED) | BIT(STORVSP_QUERIED), 0,
	  query_properties },
	{ STORVSP_END_INITIALIZATION, 0, BIT(STORVSP_QUERIED), 0, end },
	{ STORVSP_CREATE_SUB_CHANNELS, 0, BIT(STORVSP_READY), 2, create_channels },
};

static const struct operation *find_operation(u32 operation)
{
	const struct operation *o;

	for (o = operations; o < operations + ARRAY_SIZE(operations); o++)
		if (o->operation == operation)
			return o;
	return NULL;
}

static u32 least_size(const struct storvsp_session *session, const struct operation *o)
{
	return o->size == 0xff ? storvsp_packet_size(session) : STORVSP_HEADER_SIZE + o->size;
}

/**
 * storvsp_receive() - take a packet
 * @session:   the controller's; changed by packets of the primary channel only
 * @size:      bytes that the guest sent
 * @data_size: bytes of guest memory that came with it, 0: none
 * @primary:   it came by the primary channel
 * @request:   its packet holds the first of these bytes, zeroes behind them; filled in
 *
 * In any case request->packet is an answer, complete but for what the action returned
 * puts into it.
 *
 * Return: what is to be done.
 */
enum storvsp_action storvsp_receive(struct storvsp_session *session, u32 size, u64 data_size,
				    bool primary, struct storvsp_request *request)
{
	const struct operation *o = find_operation(request->packet.operation);
	enum storvsp_action action;

	request->all_luns = false;
	request->channels = 0;
	request->length = 0;
	request->packet.status = STORVSP_STATUS_SUCCESS;
	if (size < STORVSP_HEADER_SIZE)
		action = refuse(request, STORVSP_STATUS_INVALID_PARAMETER);
	else if (!o)
		action = refuse(request, STORVSP_STATUS_NOT_SUPPORTED);
	else if (size < least_size(session, o))
		action = o->act == execute ? refuse_srb(request) :
			 refuse(request, STORVSP_STATUS_INVALID_PARAMETER);
	else if (!(o->states & BIT(session->state)) || (!primary && !(o->flags & ON_ANY_CHANNEL)))
		action = refuse(request, STORVSP_STATUS_INVALID_DEVICE_STATE);
	else
		action = o->act(session, data_size, request);
	request->packet.operation = STORVSP_COMPLETE_IO;
	return action;
}

static u8 srb_status(const struct scsi_command *command)
{
	if (command->no_lun)
		return SRB_INVALID_LUN;
	switch (command->status) {
	case SCSI_GOOD:
		return SRB_SUCCESS;
	case SCSI_BUSY:
		return SRB_BUSY;
	default:
		return SRB_ERROR | (command->sense_size ? SRB_AUTOSENSE_VALID : 0);
	}
}

/**
 * storvsp_srb_answer() - the answer to an SRB
 * @command:     complete
 * @transferred: bytes of data
 * @packet:      that of STORVSP_EXECUTE; becomes the answer
 */
void storvsp_srb_answer(const struct scsi_command *command, u32 transferred,
			struct storvsp_packet *packet)
{
	u32 sense = command->no_lun ? 0 : min_t(u32, command->sense_size, STORVSP_SENSE_MAX);
	struct srb *srb = &packet->srb;

	srb->srb_status = srb_status(command);
	srb->scsi_status = command->no_lun ? 0 : command->status;
	srb->data_length = transferred;
	sense = min_t(u32, sense, srb->sense_length);
	srb->sense_length = sense;
	if (!sense)
		srb->srb_status &= ~SRB_AUTOSENSE_VALID;
	else
		memcpy(srb->sense, command->sense, sense);
}
