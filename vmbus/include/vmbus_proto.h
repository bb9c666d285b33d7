/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What travels on the VMBus, as guests' drivers speak it: the messages of the bus
 * itself, and the layout of ring buffers and of the packets in them.
 *
 * For modules, user mode and tests.  Little-endian; only fixed-width types, enums,
 * and layouts whose sizes are asserted below.  A GUID is 16 bytes as on the wire:
 * its first three fields are little-endian.
 */
#ifndef ROOTSTOCK_VMBUS_PROTO_H
#define ROOTSTOCK_VMBUS_PROTO_H

#include <linux/types.h>

#define VMBUS_VERSION(major, minor)	((__u32)(major) << 16 | (minor))

enum vmbus_version {
	VMBUS_VERSION_V1	= 0x0000000d,	/* 0.13, Windows Server 2008 */
	VMBUS_VERSION_1_1	= 0x00010001,	/* Windows 7 */
	VMBUS_VERSION_2_4	= 0x00020004,	/* Windows 8 */
	VMBUS_VERSION_3_0	= 0x00030000,	/* Windows 8.1 */
	VMBUS_VERSION_4_0	= 0x00040000,	/* Windows 10 */
	VMBUS_VERSION_4_1	= 0x00040001,
	VMBUS_VERSION_5_0	= 0x00050000,
	VMBUS_VERSION_5_1	= 0x00050001,
	VMBUS_VERSION_5_2	= 0x00050002,
	VMBUS_VERSION_5_3	= 0x00050003,	/* Windows Server 2022 */
	VMBUS_VERSION_6_0	= 0x00060000,
};

/* Negotiated from 6.0 on. */
#define VMBUS_FEATURE_SIGNAL_PARAMETERS		0x01u	/* the guest chooses flag and connection */
#define VMBUS_FEATURE_INTERRUPT_REDIRECTION	0x02u
#define VMBUS_FEATURE_MODIFY_CONNECTION		0x04u
#define VMBUS_FEATURE_CLIENT_ID			0x08u
#define VMBUS_FEATURE_CONFIDENTIAL_CHANNELS	0x10u
#define VMBUS_FEATURE_PAUSE_RESUME		0x20u
#define VMBUS_FEATURE_SERVER_MONITOR_PAGES	0x40u
#define VMBUS_FEATURE_GPA_PINNING		0x80u

/* Connections that the guest posts to and signals; the SINT that it gets its own by. */
#define VMBUS_MESSAGE_CONNECTION	1u
#define VMBUS_EVENT_CONNECTION		2u	/* before 2.4 */
#define VMBUS_MESSAGE_CONNECTION_4	4u	/* from 5.0 on, at first */
#define VMBUS_SINT			2u
#define VMBUS_MESSAGE_TYPE		1u	/* hv_message_header.message_type, both ways */

#define VMBUS_CHANNELS_MAX	2048u	/* relids and event flags below this; 0 is none */
#define VMBUS_MONITORS_MAX	128u
#define VMBUS_VP_NONE		0xffffffffu	/* target VP: no interrupts */
#define VMBUS_USER_DATA_SIZE	120
#define VMBUS_GUID_SIZE		16

enum vmbus_message_type {
	VMBUS_OFFER_CHANNEL		= 1,
	VMBUS_RESCIND_CHANNEL_OFFER	= 2,
	VMBUS_REQUEST_OFFERS		= 3,
	VMBUS_ALL_OFFERS_DELIVERED	= 4,
	VMBUS_OPEN_CHANNEL		= 5,
	VMBUS_OPEN_CHANNEL_RESULT	= 6,
	VMBUS_CLOSE_CHANNEL		= 7,
	VMBUS_GPADL_HEADER		= 8,
	VMBUS_GPADL_BODY		= 9,
	VMBUS_GPADL_CREATED		= 10,
	VMBUS_GPADL_TEARDOWN		= 11,
	VMBUS_GPADL_TORNDOWN		= 12,
	VMBUS_RELID_RELEASED		= 13,
	VMBUS_INITIATE_CONTACT		= 14,
	VMBUS_VERSION_RESPONSE		= 15,
	VMBUS_UNLOAD			= 16,
	VMBUS_UNLOAD_RESPONSE		= 17,
	VMBUS_TL_CONNECT_REQUEST	= 21,
	VMBUS_MODIFY_CHANNEL		= 22,
	VMBUS_TL_CONNECT_RESULT		= 23,
	VMBUS_MODIFY_CHANNEL_RESPONSE	= 24,
	VMBUS_MODIFY_CONNECTION		= 25,
	VMBUS_MODIFY_CONNECTION_RESPONSE = 26,
	VMBUS_PAUSE			= 27,
	VMBUS_PAUSE_RESPONSE		= 28,
	VMBUS_RESUME			= 29,
	VMBUS_MESSAGE_TYPES
};

struct vmbus_header {
	__u32 type;			/* enum vmbus_message_type */
	__u32 reserved;
} __attribute__((packed));

#define VMBUS_OFFER_ENUMERATE		0x0001u
#define VMBUS_OFFER_NAMED_PIPE		0x0010u	/* packets carry struct vmbus_pipe_header */
#define VMBUS_OFFER_LOOPBACK		0x0100u
#define VMBUS_OFFER_PARENT		0x0200u
#define VMBUS_OFFER_MONITORED		0x0400u
#define VMBUS_OFFER_TLNPI		0x2000u	/* hvsock */

/* hvsock: which byte of the user data says that the host connects, to a service of the guest's. */
#define VMBUS_HVSOCK_FROM_HOST		4

struct vmbus_offer_channel {
	struct vmbus_header header;
	__u8 type[VMBUS_GUID_SIZE];
	__u8 instance[VMBUS_GUID_SIZE];
	__u64 reserved[2];
	__u16 flags;			/* VMBUS_OFFER_* */
	__u16 mmio_megabytes;
	__u8 user_data[VMBUS_USER_DATA_SIZE];
	__u16 subchannel;
	__u16 mmio_megabytes_optional;
	__u32 relid;
	__u8 monitor_id;
	__u8 monitor_allocated;
	__u16 dedicated_interrupt;	/* from 1.1 on: 1, signalled by connection_id */
	__u32 connection_id;
} __attribute__((packed));

/* RESCIND_CHANNEL_OFFER, CLOSE_CHANNEL, RELID_RELEASED */
struct vmbus_relid_message {
	struct vmbus_header header;
	__u32 relid;
} __attribute__((packed));

struct vmbus_open_channel {
	struct vmbus_header header;
	__u32 relid;
	__u32 open_id;
	__u32 ring_gpadl;
	__u32 target_vp;
	__u32 downstream_offset;	/* pages of the guest's own out-ring, which come first */
	__u8 user_data[VMBUS_USER_DATA_SIZE];
} __attribute__((packed));

/* With VMBUS_FEATURE_SIGNAL_PARAMETERS. */
struct vmbus_open_channel_2 {
	struct vmbus_open_channel open;
	__u32 connection_id;
	__u16 event_flag;
	__u16 flags;
} __attribute__((packed));

struct vmbus_open_result {
	struct vmbus_header header;
	__u32 relid;
	__u32 open_id;
	__u32 status;			/* 0, or an NTSTATUS */
} __attribute__((packed));

struct vmbus_gpa_range {
	__u32 byte_count;
	__u32 byte_offset;
	__u64 pfn[];
} __attribute__((packed));

struct vmbus_gpadl_header {
	struct vmbus_header header;
	__u32 relid;
	__u32 gpadl;
	__u16 range_bytes;		/* of all ranges, those in bodies included */
	__u16 range_count;
	__u8 ranges[];
} __attribute__((packed));

struct vmbus_gpadl_body {
	struct vmbus_header header;
	__u32 number;
	__u32 gpadl;
	__u8 ranges[];
} __attribute__((packed));

struct vmbus_gpadl_created {
	struct vmbus_header header;
	__u32 relid;
	__u32 gpadl;
	__u32 status;
} __attribute__((packed));

struct vmbus_gpadl_teardown {
	struct vmbus_header header;
	__u32 relid;
	__u32 gpadl;
} __attribute__((packed));

struct vmbus_gpadl_torndown {
	struct vmbus_header header;
	__u32 gpadl;
} __attribute__((packed));

struct vmbus_initiate_contact {
	struct vmbus_header header;
	__u32 version;
	__u32 target_vp;
	union {
		__u64 interrupt_page;	/* a GPA, before 5.0 */
		struct {		/* from 5.0 on */
			__u8 sint;
			__u8 vtl;
			__u8 reserved[2];
			__u32 features;	/* from 6.0 on */
		};
	};
	__u64 parent_to_child_monitor;
	__u64 child_to_parent_monitor;
} __attribute__((packed));

/* With VMBUS_FEATURE_CLIENT_ID. */
struct vmbus_initiate_contact_2 {
	struct vmbus_initiate_contact contact;
	__u8 client_id[VMBUS_GUID_SIZE];
} __attribute__((packed));

struct vmbus_version_response {
	struct vmbus_header header;
	__u8 supported;
	__u8 state;			/* 0: connected */
	__u16 reserved;
	__u32 connection_id;		/* from 5.0 on; else the version selected */
} __attribute__((packed));

struct vmbus_version_response_2 {
	struct vmbus_version_response response;
	__u32 features;
} __attribute__((packed));

struct vmbus_tl_connect_request {
	struct vmbus_header header;
	__u8 endpoint[VMBUS_GUID_SIZE];
	__u8 service[VMBUS_GUID_SIZE];
} __attribute__((packed));

/* From 5.2 on. */
struct vmbus_tl_connect_request_2 {
	struct vmbus_tl_connect_request request;
	__u8 silo[VMBUS_GUID_SIZE];
} __attribute__((packed));

struct vmbus_tl_connect_result {
	struct vmbus_header header;
	__u8 endpoint[VMBUS_GUID_SIZE];
	__u8 service[VMBUS_GUID_SIZE];
	__u32 status;
} __attribute__((packed));

struct vmbus_modify_channel {
	struct vmbus_header header;
	__u32 relid;
	__u32 target_vp;
} __attribute__((packed));

struct vmbus_modify_channel_response {
	struct vmbus_header header;
	__u32 relid;
	__u32 status;
} __attribute__((packed));

struct vmbus_modify_connection {
	struct vmbus_header header;
	__u64 parent_to_child_monitor;
	__u64 child_to_parent_monitor;
} __attribute__((packed));

struct vmbus_modify_connection_response {
	struct vmbus_header header;
	__u8 state;			/* 0: done */
} __attribute__((packed));

/* What statuses carry. */
#define VMBUS_STATUS_SUCCESS		0u
#define VMBUS_STATUS_UNSUCCESSFUL	0xc0000001u
#define VMBUS_STATUS_INVALID_PARAMETER	0xc000000du
#define VMBUS_STATUS_CONNECTION_REFUSED	0xc0000236u

/* ---- rings */

#define VMBUS_RING_FEATURE_PENDING_SIZE	1u

/* The first page of each ring; the data follows. */
struct vmbus_ring_control {
	__u32 write_index;		/* bytes */
	__u32 read_index;
	__u32 interrupt_mask;		/* the reader wants no signal */
	__u32 pending_send_size;	/* the writer waits for this much room */
	__u32 reserved[12];
	__u32 features;			/* VMBUS_RING_FEATURE_* */
	__u8 rest[4096 - 68];
};

enum vmbus_packet_type {
	VMBUS_PACKET_INBAND		= 6,
	VMBUS_PACKET_TRANSFER_PAGES	= 7,
	VMBUS_PACKET_GPA_DIRECT		= 9,
	VMBUS_PACKET_CANCEL		= 10,
	VMBUS_PACKET_COMPLETION		= 11,
};

#define VMBUS_PACKET_COMPLETION_REQUESTED	1u

struct vmbus_packet_descriptor {
	__u16 type;			/* enum vmbus_packet_type */
	__u16 offset8;			/* of the payload, in 8 bytes */
	__u16 length8;			/* all but the footer, in 8 bytes */
	__u16 flags;
	__u64 transaction;
};

/* Behind the descriptor of TRANSFER_PAGES; ranges follow. */
struct vmbus_transfer_pages {
	__u16 set;
	__u8 sender_owns;
	__u8 reserved;
	__u32 range_count;
};

struct vmbus_transfer_range {
	__u32 byte_count;
	__u32 byte_offset;
};

/* Behind the descriptor of GPA_DIRECT; struct vmbus_gpa_range follow. */
struct vmbus_gpa_direct {
	__u32 reserved;
	__u32 range_count;
};

/* In each packet of a channel that was offered with VMBUS_OFFER_NAMED_PIPE. */
struct vmbus_pipe_header {
	__u32 type;			/* 1: data */
	__u32 size;
};

#ifndef __cplusplus
#define VMBUS_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
VMBUS_ASSERT_SIZE(struct vmbus_offer_channel, 196);
VMBUS_ASSERT_SIZE(struct vmbus_relid_message, 12);
VMBUS_ASSERT_SIZE(struct vmbus_open_channel, 148);
VMBUS_ASSERT_SIZE(struct vmbus_open_channel_2, 156);
VMBUS_ASSERT_SIZE(struct vmbus_open_result, 20);
VMBUS_ASSERT_SIZE(struct vmbus_gpa_range, 8);
VMBUS_ASSERT_SIZE(struct vmbus_gpadl_header, 20);
VMBUS_ASSERT_SIZE(struct vmbus_gpadl_body, 16);
VMBUS_ASSERT_SIZE(struct vmbus_gpadl_created, 20);
VMBUS_ASSERT_SIZE(struct vmbus_gpadl_teardown, 16);
VMBUS_ASSERT_SIZE(struct vmbus_gpadl_torndown, 12);
VMBUS_ASSERT_SIZE(struct vmbus_initiate_contact, 40);
VMBUS_ASSERT_SIZE(struct vmbus_initiate_contact_2, 56);
VMBUS_ASSERT_SIZE(struct vmbus_version_response, 16);
VMBUS_ASSERT_SIZE(struct vmbus_version_response_2, 20);
VMBUS_ASSERT_SIZE(struct vmbus_tl_connect_request, 40);
VMBUS_ASSERT_SIZE(struct vmbus_tl_connect_request_2, 56);
VMBUS_ASSERT_SIZE(struct vmbus_tl_connect_result, 44);
VMBUS_ASSERT_SIZE(struct vmbus_modify_channel, 16);
VMBUS_ASSERT_SIZE(struct vmbus_modify_channel_response, 16);
VMBUS_ASSERT_SIZE(struct vmbus_modify_connection, 24);
VMBUS_ASSERT_SIZE(struct vmbus_modify_connection_response, 9);
VMBUS_ASSERT_SIZE(struct vmbus_ring_control, 4096);
VMBUS_ASSERT_SIZE(struct vmbus_packet_descriptor, 16);
VMBUS_ASSERT_SIZE(struct vmbus_transfer_pages, 8);
VMBUS_ASSERT_SIZE(struct vmbus_gpa_direct, 8);
#endif

#endif
