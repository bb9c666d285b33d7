/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the synthetic keyboard, mouse and dynamic memory say to their drivers: little-endian. */
#ifndef VMWP_SYNTH_WIRE_H
#define VMWP_SYNTH_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* ---- keyboard: no pipe header */

enum keyboard_type {
	KEYBOARD_REQUEST	= 1,
	KEYBOARD_RESPONSE	= 2,
	KEYBOARD_EVENT		= 3,
	KEYBOARD_LEDS		= 4,
};

#define KEYBOARD_VERSION	0x10000u	/* 1.0 */
#define KEYBOARD_ACCEPTED	1u

struct keyboard_request {
	uint32_t type;
	uint32_t version;
} __attribute__((packed));

struct keyboard_response {
	uint32_t type;
	uint32_t status;		/* KEYBOARD_ACCEPTED, or 0 */
} __attribute__((packed));

#define KEYBOARD_UNICODE	1u
#define KEYBOARD_BREAK		2u
#define KEYBOARD_E0		4u
#define KEYBOARD_E1		8u

struct keyboard_event {
	uint32_t type;
	uint16_t code;			/* of scan code set 1 */
	uint16_t reserved;
	uint32_t info;			/* KEYBOARD_BREAK, ... */
} __attribute__((packed));

struct keyboard_leds {
	uint32_t type;
	uint16_t leds;
} __attribute__((packed));

/* ---- mouse: a HID device; each message has a pipe header */

enum mouse_type {
	MOUSE_REQUEST	= 0,
	MOUSE_RESPONSE	= 1,
	MOUSE_INFO	= 2,
	MOUSE_INFO_ACK	= 3,
	MOUSE_REPORT	= 4,
};

#define MOUSE_VERSION	0x20000u	/* 2.0 */

struct mouse_header {
	uint32_t type;
	uint32_t size;			/* of what follows */
} __attribute__((packed));

struct mouse_request {
	struct mouse_header header;
	uint32_t version;
} __attribute__((packed));

struct mouse_response {
	struct mouse_header header;
	uint32_t version;
	uint8_t approved;
} __attribute__((packed));

/* Of USB's HID class, 6.2.1. */
struct hid_descriptor {
	uint8_t length;
	uint8_t type;
	uint16_t version;
	uint8_t country;
	uint8_t count;
	uint8_t report_type;
	uint16_t report_length;
} __attribute__((packed));

struct mouse_info {
	struct mouse_header header;
	uint32_t size;			/* of these 32 bytes */
	uint16_t vendor;
	uint16_t product;
	uint16_t version;
	uint16_t reserved[11];
	struct hid_descriptor hid;	/* the report descriptor follows */
} __attribute__((packed));

struct mouse_report {
	uint8_t buttons;
	uint16_t x;
	uint16_t y;
	int8_t wheel;
	int8_t pan;
} __attribute__((packed));

/* ---- dynamic memory: no pipe header */

enum balloon_type {
	BALLOON_ERROR			= 0,
	BALLOON_VERSION_REQUEST		= 1,
	BALLOON_VERSION_RESPONSE	= 2,
	BALLOON_CAPABILITIES		= 3,
	BALLOON_CAPABILITIES_RESPONSE	= 4,
	BALLOON_STATUS			= 5,
	BALLOON_REQUEST			= 6,
	BALLOON_RESPONSE		= 7,
	BALLOON_UNBALLOON_REQUEST	= 8,
	BALLOON_UNBALLOON_RESPONSE	= 9,
	BALLOON_HOT_ADD_REQUEST		= 10,
	BALLOON_HOT_ADD_RESPONSE	= 11,
	BALLOON_INFO			= 12,
};

#define BALLOON_VERSION_WIN7	0x00000003u	/* 0.3 */
#define BALLOON_VERSION_WIN8	0x00010000u	/* 1.0 */
#define BALLOON_VERSION_WIN10	0x00020000u	/* 2.0 */

struct balloon_header {
	uint16_t type;
	uint16_t size;			/* with this */
	uint32_t transaction;
} __attribute__((packed));

struct balloon_version {
	struct balloon_header header;
	uint32_t version;
	uint32_t last;			/* bit 0: there will be no other attempt */
} __attribute__((packed));

/* VERSION_RESPONSE, CAPABILITIES_RESPONSE */
struct balloon_accepted {
	struct balloon_header header;
	uint64_t accepted;		/* bit 0 */
} __attribute__((packed));

#define BALLOON_CAN_BALLOON	1u
#define BALLOON_CAN_HOT_ADD	2u

struct balloon_capabilities {
	struct balloon_header header;
	uint64_t flags;			/* and in bits 2 to 5 log2 of MiB that hot add goes by */
	uint64_t least_pages;
	uint64_t greatest_page;
} __attribute__((packed));

struct balloon_status {
	struct balloon_header header;
	uint64_t available;		/* in pages, as all of it */
	uint64_t committed;
	uint64_t page_file;
	uint64_t zero_free;
	uint32_t page_file_writes;
	uint32_t io_difference;
} __attribute__((packed));

struct balloon_request {
	struct balloon_header header;
	uint32_t pages;
	uint32_t reserved;
} __attribute__((packed));

/* Ranges follow: each is a word, of the first page in 40 bits, and how many in 24. */
struct balloon_response {
	struct balloon_header header;
	uint32_t reserved;
	uint32_t more_and_count;	/* bit 0: more will come; then how many ranges */
} __attribute__((packed));

struct balloon_unballoon {
	struct balloon_header header;
	uint32_t more;			/* bit 0 */
	uint32_t count;
} __attribute__((packed));

struct balloon_hot_add {
	struct balloon_header header;
	uint64_t range;
} __attribute__((packed));

struct balloon_hot_add_response {
	struct balloon_header header;
	uint32_t pages;
	uint32_t result;
} __attribute__((packed));

_Static_assert(sizeof(struct keyboard_event) == 12, "as drivers have it");
_Static_assert(sizeof(struct mouse_response) == 13, "as drivers have it");
_Static_assert(sizeof(struct hid_descriptor) == 9, "as drivers have it");
_Static_assert(sizeof(struct mouse_info) == 49, "as drivers have it");
_Static_assert(sizeof(struct balloon_version) == 16, "as drivers have it");
_Static_assert(sizeof(struct balloon_capabilities) == 32, "as drivers have it");
_Static_assert(sizeof(struct balloon_status) == 48, "as drivers have it");
_Static_assert(sizeof(struct balloon_response) == 16, "as drivers have it");
_Static_assert(sizeof(struct balloon_unballoon) == 16, "as drivers have it");
_Static_assert(sizeof(struct balloon_hot_add_response) == 16, "as drivers have it");

#endif
