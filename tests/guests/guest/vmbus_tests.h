/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guests have in common that use vsp_test.ko. */
#ifndef TESTS_GUESTS_VMBUS_TESTS_H
#define TESTS_GUESTS_VMBUS_TESTS_H

#include "vmbus.h"

#define RINGS(n)	(SCRATCH + 0x100000ull + (n) * 0x10000ull)
#define ENOENT		2
#define EAGAIN		11
#define EINVAL		22

/* Of each of the two VPs. */
struct packet_buffers {
	u8 out[PACKET_MAX] __attribute__((aligned(8)));
	u8 in[PACKET_MAX] __attribute__((aligned(8)));
};

extern struct packet_buffers buffers[2];
extern volatile u32 stop, stopped, progress;

u64 vmbus_host(u32 command, const struct channel *channel, u64 argument);
u64 count(const struct channel *channel, enum vsp_test_count which);
s32 offer(u32 index, u32 subchannel);
/* Channel 0, offered and open. */
void begin(struct channel *channel);
/* Packet @n, of a size and a pattern that follow from it. */
bool try_send(struct channel *channel, u32 vp, u32 op, u32 n);
/* As many on their way as there is room for; all come back, in order. */
void load(struct channel *channel, u32 vp, u32 op, u32 packets);
void echo_one(struct channel *channel);

#endif
