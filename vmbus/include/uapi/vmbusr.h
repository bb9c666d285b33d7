/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ABI of /dev/vmbusr: a VMBus for a partition, and channels that a user-mode
 * server offers to its guest.
 *
 * Three kinds of descriptor, a section each: the device, a bus, a channel.  Each
 * may be closed at any moment: closing a channel rescinds its offer (its mappings hold it
 * open), closing a bus and all its channels ends the connection of the guest.  Only the
 * process that made the partition may call.  Fields named mbz must be zero, unknown flags are
 * refused with EINVAL, unknown ioctls with ENOTTY.
 */
#ifndef ROOTSTOCK_UAPI_VMBUSR_H
#define ROOTSTOCK_UAPI_VMBUSR_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define VMBUSR_IOC		0xb6
#define VMBUSR_API_VERSION	1

/* --------------------------------------------------------- /dev/vmbusr */

struct vmbusr_api {
	__u32 version;			/* VMBUSR_API_VERSION */
	__u32 protocol;			/* newest version of the VMBus, major << 16 | minor */
	__u64 capabilities;		/* VMBUSR_CAP_* */
};

#define VMBUSR_CAP_KICK		(1ull << 0)	/* VMBUSR_SET_KICK */

#define VMBUSR_GET_API		_IOR(VMBUSR_IOC, 0x00, struct vmbusr_api)

struct vmbusr_create_bus {
	__s32 partition;		/* descriptor of VID_CREATE_PARTITION */
	__u32 protocol;			/* newest version to agree to; 0: as GET_API says */
	__u64 mbz[3];
};

/* Returns a bus descriptor.  EEXIST when the partition has a bus, EBADF, EINVAL. */
#define VMBUSR_CREATE_BUS	_IOW(VMBUSR_IOC, 0x01, struct vmbusr_create_bus)

/* ------------------------------------------------------------------ bus */

/*
 * read() takes one struct vmbusr_bus_event, and waits for it unless O_NONBLOCK; poll() says
 * when there is one.
 */
enum vmbusr_bus_event_type {
	VMBUSR_BUS_CONNECTED	= 1,	/* protocol, features */
	VMBUSR_BUS_DISCONNECTED	= 2,	/* unload, or the guest starts anew */
	VMBUSR_BUS_TL_CONNECT	= 3,	/* hvsock: offer service, endpoint; or TL_RESULT */
	VMBUSR_BUS_LOST		= 4,	/* more events came than are kept: see VMBUSR_GET_STATE */
};

struct vmbusr_bus_event {
	__u32 type;			/* enum vmbusr_bus_event_type */
	__u32 protocol;
	__u32 features;
	__u32 reserved;
	__u8 service[16];
	__u8 endpoint[16];
};

#define VMBUSR_OFFER_NAMED_PIPE	(1u << 0)
#define VMBUSR_OFFER_HVSOCK	(1u << 1)
#define VMBUSR_OFFER_VALID	0x3u

struct vmbusr_offer {
	__u8 type[16];			/* GUIDs as on the wire */
	__u8 instance[16];
	__u32 flags;			/* VMBUSR_OFFER_* */
	__u16 subchannel;		/* 0: the primary channel, which comes first */
	__u16 mmio_megabytes;
	__s32 signal_fd;		/* eventfd: the guest signalled; -1: none */
	__u32 mbz;
	__u8 user_data[120];
};

/*
 * Offers a channel and returns its descriptor.  The guest hears of it at once when it has asked
 * for offers, else when it does.  EEXIST: the same instance and subchannel is offered; ENOENT: a
 * subchannel without its primary; ENOSPC: no relid left.
 */
#define VMBUSR_OFFER		_IOW(VMBUSR_IOC, 0x10, struct vmbusr_offer)

struct vmbusr_tl_result {
	__u8 service[16];
	__u8 endpoint[16];
	__u32 status;			/* NTSTATUS for the guest, not 0 */
	__u32 mbz;
};

/* Refuses an hvsock connection that VMBUSR_BUS_TL_CONNECT told of. */
#define VMBUSR_TL_RESULT	_IOW(VMBUSR_IOC, 0x11, struct vmbusr_tl_result)

struct vmbusr_state {
	__u32 protocol;			/* 0: the guest is not connected */
	__u32 features;
	__u32 offers;			/* that there are, offered to the guest or not */
	__u32 open;			/* of these */
	__u32 gpadls;
	__u32 mbz;
	__u64 gpadl_bytes;
	__u64 messages_in;
	__u64 messages_out;
	__u64 messages_refused;		/* from the guest, that made no sense */
};

#define VMBUSR_GET_STATE	_IOR(VMBUSR_IOC, 0x12, struct vmbusr_state)

#define VMBUSR_CHANNEL_OPEN	(1u << 0)
#define VMBUSR_CHANNEL_KERNEL	(1u << 1)	/* its server is in the kernel */

struct vmbusr_channel_info {
	__u32 index;			/* in: from 0 on */
	__u32 relid;			/* 0: not offered to the guest at present */
	__u8 type[16];
	__u8 instance[16];
	__u16 subchannel;
	__u16 mbz;
	__u32 flags;			/* VMBUSR_CHANNEL_* */
	__u32 target_vp;
	__u32 mbz2;
	__u64 signals_in;		/* from the guest */
	__u64 signals_out;
	__u64 packets_in;		/* these and what follows: of servers in the kernel only */
	__u64 packets_out;
	__u64 wakeups;			/* how often the server slept */
	__u64 full;			/* how often there was no room for a packet */
	__u64 broken;			/* how often the guest's ring made no sense */
};

/*
 * Describes the channel with this index; the next one follows, until ENOENT.  Channels that come
 * and go meanwhile move the others' indices.
 */
#define VMBUSR_GET_CHANNEL	_IOWR(VMBUSR_IOC, 0x13, struct vmbusr_channel_info)

/* -------------------------------------------------------------- channel */

/*
 * read() takes one struct vmbusr_event, and waits for it unless O_NONBLOCK; poll() says when
 * there is one.  Each OPEN is answered by VMBUSR_OPEN_RESULT, and each CLOSE by
 * VMBUSR_CLOSE_DONE.  A server that does not answer holds up this channel only.  read() returns 0
 * once the primary channel of a subchannel was closed: nothing more will come.
 */
enum vmbusr_event_type {
	VMBUSR_OPEN	= 1,	/* the guest opens: target_vp, ring_pages, in_pages, user_data */
	VMBUSR_CLOSE	= 2,	/* the guest closes, or is gone; comes only after an OPEN */
	VMBUSR_RETARGET	= 3,	/* target_vp is another one */
	VMBUSR_RELEASED	= 4,	/* a GPADL that was taken is to be given back: gpadl */
};

struct vmbusr_event {
	__u32 type;			/* enum vmbusr_event_type */
	__u32 target_vp;
	__u32 ring_pages;		/* both rings together */
	__u32 in_pages;			/* of them the guest-to-host ring, which is first */
	__u32 gpadl;
	__u32 mbz;
	__u8 user_data[120];
};

struct vmbusr_open_result {
	__u32 status;			/* 0: accepted, else an NTSTATUS */
	__u32 mbz;
};

/*
 * PIN_RINGS, after OPEN was read: the rings' guest memory stays where it is until CLOSE_DONE or a
 * refusing OPEN_RESULT, and mmap() of ring_pages pages, shared, at offset 0, maps it.  The guest
 * may write there at any moment.  EFAULT: it is no memory.  OPEN_RESULT that refuses, and
 * CLOSE_DONE, say that the guest may have its memory back: EBUSY while the rings are
 * mapped.  EINVAL without an event to answer.
 */
#define VMBUSR_OPEN_RESULT	_IOW(VMBUSR_IOC, 0x20, struct vmbusr_open_result)
#define VMBUSR_CLOSE_DONE	_IO(VMBUSR_IOC, 0x21)
#define VMBUSR_PIN_RINGS	_IO(VMBUSR_IOC, 0x23)

/* Signals the guest.  ENOTCONN when the channel is not open. */
#define VMBUSR_SIGNAL		_IO(VMBUSR_IOC, 0x22)

struct vmbusr_kick {
	__s32 fd;			/* an eventfd; -1: none any more */
	__u32 mbz;
};

/*
 * From now on whoever writes to the eventfd signals the guest, without an ioctl and from any
 * process; its count is taken.  What is written while the channel is not open is lost.  One
 * eventfd a channel: the last one that was set.  EBADF, or EINVAL when it is no eventfd.
 */
#define VMBUSR_SET_KICK		_IOW(VMBUSR_IOC, 0x27, struct vmbusr_kick)

struct vmbusr_gpadl {
	__u32 gpadl;			/* the guest's number for it, on this channel */
	__u32 range_count;		/* out */
	__u64 bytes;			/* out: of all its ranges */
	__u64 ranges;			/* user address of 64-bit words, may be 0 */
	__u32 words;			/* in: room there; out: what there is */
	__u32 mbz;
};

/*
 * Takes a GPADL: the guest does not get its memory back until VMBUSR_PUT_GPADL, or as often as
 * it was taken.  ranges gets for each range its struct vmbus_gpa_range: a word of
 * byte_count | byte_offset << 32, then page frame numbers.  ENOSPC when there is too little
 * room (words tells it; the GPADL is not taken), ENOENT, EBUSY when it is being torn down.
 */
#define VMBUSR_GET_GPADL	_IOWR(VMBUSR_IOC, 0x24, struct vmbusr_gpadl)
#define VMBUSR_PUT_GPADL	_IOW(VMBUSR_IOC, 0x25, struct vmbusr_gpadl)

struct vmbusr_channel_state {
	__u32 relid;			/* 0: not offered to the guest at present */
	__u32 target_vp;
	__u32 open;			/* 0 or 1 */
	__u32 mbz;
	__u64 signals_in;		/* from the guest */
	__u64 signals_out;
};

#define VMBUSR_GET_CHANNEL_STATE _IOR(VMBUSR_IOC, 0x26, struct vmbusr_channel_state)

#ifndef __cplusplus
_Static_assert(sizeof(struct vmbusr_bus_event) == 48, "no hidden padding");
_Static_assert(sizeof(struct vmbusr_offer) == 168, "no hidden padding");
_Static_assert(sizeof(struct vmbusr_event) == 144, "no hidden padding");
_Static_assert(sizeof(struct vmbusr_gpadl) == 32, "no hidden padding");
_Static_assert(sizeof(struct vmbusr_state) == 56, "no hidden padding");
_Static_assert(sizeof(struct vmbusr_channel_info) == 112, "no hidden padding");
#endif

#endif
