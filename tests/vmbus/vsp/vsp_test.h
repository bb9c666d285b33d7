/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vsp_test.ko, the programs that use it and their guests agree on.
 *
 * /dev/vsp_test is a server on a VMBus whose channels do what a packet says. Each descriptor
 * offers channels of its own, by index; closing it takes them back.
 */
#ifndef TESTS_VMBUS_VSP_TEST_H
#define TESTS_VMBUS_VSP_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VSP_TEST_CHANNELS	8
#define VSP_TEST_HELD		32	/* completions that wait for room, before packets have to */
#define VSP_TEST_TYPE		0x7e	/* each byte of the type; the instance is all the index */

enum vsp_test_op {
	VSP_TEST_ECHO,		/* completed by the worker, at once */
	VSP_TEST_LATER,		/* completed from a hard interrupt */
	VSP_TEST_WAIT,		/* refused until 1 ms has gone by */
	VSP_TEST_FILL,		/* GPA_DIRECT: the memory gets bytes of value */
	VSP_TEST_SUM,		/* GPA_DIRECT: value becomes the sum of its bytes */
	VSP_TEST_KEEP,		/* as FILL; but done only with the next packet */
	VSP_TEST_MAP,		/* GPADL value: value becomes the sum of its bytes; they 0 */
	VSP_TEST_MAP_KEEP,	/* GPADL value is kept until the guest wants it back */
	VSP_TEST_QUIET,		/* no completion at all */
};

/* What a packet begins with, and its completion too; what follows comes back as it is. */
struct vsp_test_packet {
	__u32 op;
	__s32 status;		/* 0, or a negative errno */
	__u64 value;
};

struct vsp_test_offer {
	__s32 bus;
	__u16 index;
	__u16 subchannel;
};

enum vsp_test_count {
	VSP_TEST_OPENS,
	VSP_TEST_CLOSES,
	VSP_TEST_SIGNALS_IN,
	VSP_TEST_SIGNALS_OUT,
	VSP_TEST_PACKETS_IN,
	VSP_TEST_PACKETS_OUT,
	VSP_TEST_WAKEUPS,
	VSP_TEST_FULL,
	VSP_TEST_BROKEN,
	VSP_TEST_COUNTS,
};

struct vsp_test_counts {
	__u32 index;
	__u32 subchannel;	/* 0 or 1 */
	__u64 counts[VSP_TEST_COUNTS];
};

#define VSP_TEST_OFFER	_IOW('V', 0, struct vsp_test_offer)
#define VSP_TEST_REVOKE	_IOW('V', 1, struct vsp_test_offer)
#define VSP_TEST_GET	_IOWR('V', 2, struct vsp_test_counts)

#endif
