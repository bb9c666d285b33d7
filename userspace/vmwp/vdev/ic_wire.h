/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What integration components (ICs) and their guests' drivers say to each other.  All is
 * little-endian; a string is UTF-16.
 */
#ifndef VMWP_IC_WIRE_H
#define VMWP_IC_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Before each message of a pipe. */
struct pipe_header {
	uint32_t type;			/* PIPE_DATA */
	uint32_t size;			/* of what follows */
} __attribute__((packed));

#define PIPE_DATA	1u

enum ic_type {
	IC_NEGOTIATE	= 0,
	IC_HEARTBEAT	= 1,
	IC_KVP		= 2,
	IC_SHUTDOWN	= 3,
	IC_TIMESYNC	= 4,
	IC_VSS		= 5,
	IC_FCOPY	= 7,
};

#define IC_TRANSACTION	1u
#define IC_REQUEST	2u
#define IC_RESPONSE	4u

struct ic_version {
	uint16_t major;
	uint16_t minor;
} __attribute__((packed));

struct ic_header {
	struct pipe_header pipe;
	struct ic_version framework;
	uint16_t type;			/* enum ic_type */
	struct ic_version message;
	uint16_t size;			/* of what follows */
	uint32_t status;		/* an HRESULT */
	uint8_t transaction;
	uint8_t flags;
	uint8_t reserved[2];
} __attribute__((packed));

struct ic_negotiate {
	uint16_t framework_count;
	uint16_t message_count;
	uint32_t reserved;
	struct ic_version versions[];
} __attribute__((packed));

#define IC_OK			0x00000000u
#define IC_FAIL			0x80004005u
#define IC_NO_MORE_ITEMS	0x80070103u
#define IC_NOT_FOUND		0x80041002u
#define IC_EXISTS		0x80070050u
#define IC_DISK_FULL		0x80070070u

struct ic_heartbeat_message {
	uint64_t sequence;
	uint32_t reserved[8];
} __attribute__((packed));

#define IC_SHUTDOWN_FORCE	1u
#define IC_SHUTDOWN_RESTART	2u
#define IC_SHUTDOWN_HIBERNATE	4u

struct ic_shutdown_message {
	uint32_t reason;
	uint32_t timeout;		/* seconds */
	uint32_t flags;			/* IC_SHUTDOWN_* */
	uint16_t text[1024];
} __attribute__((packed));

#define IC_TIME_SYNC	1u
#define IC_TIME_SAMPLE	2u
#define IC_TIME_1601	116444736000000000ull	/* 1970, in units of 100 ns */

/* Up to version 3. */
struct ic_time_message {
	uint64_t host;			/* UTC since 1601, 100 ns */
	uint64_t guest;
	uint64_t round_trip;
	uint8_t flags;			/* IC_TIME_* */
} __attribute__((packed));

/* From version 4 on: the host's time when the partition's reference time was... */
struct ic_time_reference_message {
	uint64_t host;
	uint64_t reference;
	uint8_t flags;
	uint8_t leap;
	uint8_t stratum;
	uint8_t reserved[3];
} __attribute__((packed));

enum ic_kvp_operation {
	IC_KVP_GET	= 0,
	IC_KVP_SET	= 1,
	IC_KVP_DELETE	= 2,
	IC_KVP_LIST	= 3,
	IC_KVP_GET_IP	= 4,
	IC_KVP_SET_IP	= 5,
};

enum ic_kvp_pool {
	IC_KVP_EXTERNAL	= 0,		/* the host's, for the guest */
	IC_KVP_GUEST	= 1,		/* the guest's own */
	IC_KVP_AUTO	= 2,		/* what it knows of itself */
};

#define IC_KVP_STRING		1u	/* value_type */
#define IC_KVP_KEY_BYTES	512u
#define IC_KVP_VALUE_BYTES	2048u

struct ic_kvp_item {
	uint32_t value_type;
	uint32_t key_size;		/* bytes, with the terminator */
	uint32_t value_size;
	uint8_t key[IC_KVP_KEY_BYTES];
	uint8_t value[IC_KVP_VALUE_BYTES];
} __attribute__((packed));

struct ic_kvp_message {
	uint8_t operation;
	uint8_t pool;
	uint16_t reserved;
	union {
		struct ic_kvp_item item;		/* GET, SET */
		struct {
			uint32_t size;
			uint8_t key[IC_KVP_KEY_BYTES];
		} __attribute__((packed)) remove;	/* DELETE */
		struct {
			uint32_t index;
			struct ic_kvp_item item;
		} __attribute__((packed)) list;		/* LIST */
	};
} __attribute__((packed));

#define IC_KVP_IPV4	1u
#define IC_KVP_IPV6	2u

/* GET_IP, SET_IP: without the two reserved bytes. */
struct ic_kvp_ip_message {
	uint8_t operation;
	uint8_t pool;
	uint16_t adapter[128];		/* the network device's instance, as "{GUID}" */
	uint8_t family;			/* IC_KVP_IPV* */
	uint8_t dhcp;
	uint16_t address[1024];		/* lists, separated by semicolons */
	uint16_t subnet[1024];
	uint16_t gateway[512];
	uint16_t dns[1024];
} __attribute__((packed));

enum ic_vss_operation {
	IC_VSS_HOT_BACKUP	= 2,	/* can the guest be asked to freeze? */
	IC_VSS_INFO		= 3,
	IC_VSS_COMPLETE		= 4,
	IC_VSS_FREEZE		= 5,
	IC_VSS_THAW		= 6,
};

struct ic_vss_message {
	uint8_t operation;
	uint8_t reserved[7];
	uint32_t flags;
} __attribute__((packed));

enum ic_fcopy_operation {
	IC_FCOPY_START		= 0,
	IC_FCOPY_WRITE		= 1,
	IC_FCOPY_COMPLETE	= 2,
	IC_FCOPY_CANCEL		= 3,
};

struct ic_fcopy_header {
	uint32_t operation;
	uint8_t service[2][16];
} __attribute__((packed));

#define IC_FCOPY_OVERWRITE	1u
#define IC_FCOPY_MAKE_PATH	2u
#define IC_FCOPY_NAME		260u	/* characters, with the terminator */
#define IC_FCOPY_CHUNK		6144u

struct ic_fcopy_start {
	struct ic_fcopy_header header;
	uint16_t name[IC_FCOPY_NAME];
	uint16_t path[IC_FCOPY_NAME];
	uint32_t flags;
	uint64_t size;
} __attribute__((packed));

struct ic_fcopy_data {
	struct ic_fcopy_header header;
	uint32_t pad;
	uint64_t offset;
	uint32_t size;
	uint8_t data[IC_FCOPY_CHUNK];
} __attribute__((packed));

_Static_assert(sizeof(struct ic_header) == 28, "as drivers have it");
_Static_assert(offsetof(struct ic_header, transaction) == 24, "as drivers have it");
_Static_assert(sizeof(struct ic_negotiate) == 8, "as drivers have it");
_Static_assert(sizeof(struct ic_heartbeat_message) == 40, "as drivers have it");
_Static_assert(sizeof(struct ic_shutdown_message) == 2060, "as drivers have it");
_Static_assert(sizeof(struct ic_time_message) == 25, "as drivers have it");
_Static_assert(sizeof(struct ic_time_reference_message) == 22, "as drivers have it");
_Static_assert(sizeof(struct ic_kvp_item) == 2572, "as drivers have it");
_Static_assert(sizeof(struct ic_kvp_message) == 2580, "as drivers have it");
_Static_assert(sizeof(struct ic_kvp_ip_message) == 7428, "as drivers have it");
_Static_assert(sizeof(struct ic_vss_message) == 12, "as drivers have it");
_Static_assert(sizeof(struct ic_fcopy_header) == 36, "as drivers have it");
_Static_assert(sizeof(struct ic_fcopy_start) == 1088, "as drivers have it");
_Static_assert(offsetof(struct ic_fcopy_data, data) == 52, "as drivers have it");

#endif
