/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's driver for integration components, that does as Linux's does: it keeps the last
 * packet, and answers by sending it back.
 */
#ifndef TESTS_FAKE_GUEST_H
#define TESTS_FAKE_GUEST_H

#include <string.h>

#include "vdev/ic.h"
#include "vdev_test.h"

struct fake_guest {
	uint8_t packet[IC_PACKET_MAX];	/* the last one */
	size_t size;
	unsigned int count;
	int result;			/* of sending */
};

static inline int fake_guest_send(void *ctx, const void *packet, size_t size)
{
	struct fake_guest *guest = ctx;

	if (guest->result)
		return guest->result;
	ck_assert_uint_le(size, sizeof(guest->packet));
	memcpy(guest->packet, packet, size);
	guest->size = size;
	guest->count++;
	return 0;
}

static inline struct vdev_port fake_guest_port(struct fake_guest *guest)
{
	return (struct vdev_port){ fake_guest_send, guest };
}

static inline struct ic_header *fake_guest_header(struct fake_guest *guest)
{
	return (struct ic_header *)guest->packet;
}

static inline void *fake_guest_payload(struct fake_guest *guest)
{
	return guest->packet + sizeof(struct ic_header);
}

/* Sends the last packet back, as it is or as the test has changed it. */
static inline void fake_guest_answer(struct fake_guest *guest, struct ic *ic, uint32_t status)
{
	static uint8_t copy[IC_PACKET_MAX];
	size_t size = guest->size;

	fake_guest_header(guest)->status = status;
	fake_guest_header(guest)->flags = IC_TRANSACTION | IC_RESPONSE;
	memcpy(copy, guest->packet, size);
	ic_packet(ic, copy, size);
}

/* The driver chooses framework 3.0 and a version of messages. */
static inline void fake_guest_choose(struct fake_guest *guest, struct ic *ic, uint16_t major,
				     uint16_t minor)
{
	struct ic_negotiate *negotiate = fake_guest_payload(guest);

	ck_assert_uint_eq(fake_guest_header(guest)->type, IC_NEGOTIATE);
	negotiate->framework_count = 1;
	negotiate->message_count = 1;
	negotiate->versions[0] = (struct ic_version){ 3, 0 };
	negotiate->versions[1] = (struct ic_version){ major, minor };
	fake_guest_answer(guest, ic, 0);
}

#endif
