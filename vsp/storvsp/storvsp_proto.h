/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol of a synthetic storage controller, as guests' drivers speak it (Linux'
 * drivers/scsi/storvsc_drv.c): versions 2.0, 4.2, 5.1, 6.0 and 6.2.  Pure.
 *
 * A packet goes in, and an answer comes out, or a request that is answered later by
 * storvsp_srb_answer().
 */
#ifndef STORVSP_STORVSP_PROTO_H
#define STORVSP_STORVSP_PROTO_H

#include "scsi.h"

#define STORVSP_VERSION(major, minor)	((u16)((major) << 8 | (minor)))

enum storvsp_version {
	STORVSP_VERSION_2_0	= STORVSP_VERSION(2, 0),
	STORVSP_VERSION_4_2	= STORVSP_VERSION(4, 2),	/* Windows 7 */
	STORVSP_VERSION_5_1	= STORVSP_VERSION(5, 1),	/* Windows 8 */
	STORVSP_VERSION_6_0	= STORVSP_VERSION(6, 0),	/* Windows 8.1 */
	STORVSP_VERSION_6_2	= STORVSP_VERSION(6, 2),	/* Windows 10 */
};

enum storvsp_operation {
	STORVSP_COMPLETE_IO		= 1,
	STORVSP_REMOVE_DEVICE		= 2,
	STORVSP_EXECUTE_SRB		= 3,
	STORVSP_RESET_LUN		= 4,
	STORVSP_RESET_ADAPTER		= 5,
	STORVSP_RESET_BUS		= 6,
	STORVSP_BEGIN_INITIALIZATION	= 7,
	STORVSP_END_INITIALIZATION	= 8,
	STORVSP_QUERY_PROTOCOL_VERSION	= 9,
	STORVSP_QUERY_PROPERTIES	= 10,
	STORVSP_ENUMERATE_BUS		= 11,
	STORVSP_FCHBA_DATA		= 12,
	STORVSP_CREATE_SUB_CHANNELS	= 13,
};

#define STORVSP_MAX_TRANSFER	(256u << 10)	/* bytes of one command */
#define STORVSP_SUBCHANNELS_MAX	63u		/* besides the primary channel */
#define STORVSP_SENSE_MAX	20u

/* NTSTATUS of an answer. */
#define STORVSP_STATUS_SUCCESS			0x00000000u
#define STORVSP_STATUS_INVALID_PARAMETER	0xc000000du
#define STORVSP_STATUS_REVISION_MISMATCH	0xc0000059u
#define STORVSP_STATUS_NOT_SUPPORTED		0xc00000bbu
#define STORVSP_STATUS_INVALID_DEVICE_STATE	0xc0000184u

enum srb_status {
	SRB_SUCCESS		= 0x01,
	SRB_ERROR		= 0x04,
	SRB_BUSY		= 0x05,
	SRB_INVALID_REQUEST	= 0x06,
	SRB_INVALID_LUN		= 0x20,
};

#define SRB_AUTOSENSE_VALID	0x80u

#define SRB_DISABLE_AUTOSENSE	0x00000020u	/* srb_flags */

enum srb_direction {
	SRB_WRITE	= 0,
	SRB_READ	= 1,
	SRB_NO_DATA	= 2,
};

/* Little-endian, as all of it. */
struct srb {
	__u16 length;
	__u8 srb_status;
	__u8 scsi_status;
	__u8 port;
	__u8 path;
	__u8 target;
	__u8 lun;
	__u8 cdb_length;
	__u8 sense_length;
	__u8 direction;			/* enum srb_direction */
	__u8 reserved;
	__u32 data_length;
	union {
		__u8 cdb[SCSI_CDB_MAX];
		__u8 sense[STORVSP_SENSE_MAX];
	};
	/* from 5.1 on */
	__u16 reserved2;
	__u8 queue_tag;
	__u8 queue_action;
	__u32 flags;
	__u32 timeout;
	__u32 queue_sort_key;
} __attribute__((packed));

#define SRB_SIZE_SHORT	0x24u		/* before 5.1 */
#define SRB_SIZE	0x34u

struct storvsp_properties {
	__u32 reserved;
	__u16 max_channels;		/* besides the primary channel */
	__u16 reserved1;
	__u32 flags;			/* STORVSP_PROPERTY_* */
	__u32 max_transfer;
	__u64 reserved2;
} __attribute__((packed));

#define STORVSP_PROPERTY_CHANNELS	0x1u	/* subchannels are there */
#define STORVSP_PROPERTY_IDE		0x2u	/* stands beside an emulated IDE controller */

struct storvsp_packet {
	__u32 operation;		/* enum storvsp_operation */
	__u32 flags;			/* 1: an answer is wanted */
	__u32 status;			/* of an answer */
	union {
		struct srb srb;
		struct storvsp_properties properties;
		struct {
			__u16 version;	/* enum storvsp_version */
			__u16 revision;
		} __attribute__((packed));
		__u16 channels;
		__u8 bytes[SRB_SIZE];
	};
} __attribute__((packed));

#define STORVSP_HEADER_SIZE	12u

_Static_assert(sizeof(struct srb) == SRB_SIZE, "wire size");
_Static_assert(sizeof(struct storvsp_packet) == STORVSP_HEADER_SIZE + SRB_SIZE, "wire size");

enum storvsp_phase {
	STORVSP_RESET,			/* nothing was said yet */
	STORVSP_BEGUN,
	STORVSP_NEGOTIATED,
	STORVSP_QUERIED,
	STORVSP_READY,
};

/**
 * struct storvsp_session - what guest and controller agreed on
 * @max_channels: subchannels that may be asked for
 * @ide:          the controller stands beside an emulated one
 */
struct storvsp_session {
	enum storvsp_phase state;
	u16 version;			/* 0: none yet */
	u16 max_channels;
	bool ide;
};

enum storvsp_action {
	STORVSP_ANSWER,			/* send the answer */
	STORVSP_EXECUTE,		/* the request; storvsp_srb_answer() comes later */
	STORVSP_RESET_LUNS,		/* of @request: its lun, or all; then send the answer */
	STORVSP_CREATE_CHANNELS,	/* request.channels of them; then send the answer */
};

/**
 * struct storvsp_request - what a packet asks for
 * @packet:    as the guest sent it, zeroes where it sent nothing; becomes the answer
 * @all_luns:  of STORVSP_RESET_LUNS
 * @channels:  of STORVSP_CREATE_CHANNELS
 * @length:    of STORVSP_EXECUTE: bytes of data, no more than the packet's memory has
 */
struct storvsp_request {
	struct storvsp_packet packet;
	bool all_luns;
	u16 channels;
	u32 length;
};

void storvsp_session_init(struct storvsp_session *session, u16 max_channels, bool ide);
u32 storvsp_packet_size(const struct storvsp_session *session);
enum storvsp_action storvsp_receive(struct storvsp_session *session, u32 size, u64 data_size,
				    bool primary, struct storvsp_request *request);
bool storvsp_no_autosense(const struct storvsp_session *session,
			  const struct storvsp_request *request);
void storvsp_srb_answer(const struct scsi_command *command, u32 transferred,
			struct storvsp_packet *packet);

#endif
