/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ABI of /dev/storvsp: synthetic storage controllers of a guest, whose I/O the kernel does.
 *
 * Two kinds of descriptor, a section each: the device, a controller.  A controller is closed at any
 * moment: it is taken from the guest, and what was under way is finished first.  Fields named
 * mbz must be zero, unknown flags are refused with EINVAL, unknown ioctls with ENOTTY.
 */
#ifndef ROOTSTOCK_UAPI_STORVSP_H
#define ROOTSTOCK_UAPI_STORVSP_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define STORVSP_IOC		0xb7
#define STORVSP_API_VERSION	1

#define STORVSP_LUNS		64	/* of a controller */
#define STORVSP_CHANNELS	63	/* besides the first one */

/* -------------------------------------------------------- /dev/storvsp */

struct storvsp_api {
	__u32 version;			/* STORVSP_API_VERSION */
	__u32 protocol;			/* newest version, major << 8 | minor */
	__u64 capabilities;		/* none yet */
};

#define STORVSP_GET_API		_IOR(STORVSP_IOC, 0x00, struct storvsp_api)

#define STORVSP_IDE		(1u << 0)	/* it stands beside an emulated IDE controller */
#define STORVSP_CREATE_VALID	0x1u

struct storvsp_create {
	__s32 bus;			/* descriptor of VMBUSR_CREATE_BUS, of this process */
	__u32 flags;			/* STORVSP_IDE */
	__u8 instance[16];		/* GUID as on the wire: another for each controller */
	__u32 channels;			/* subchannels that the guest may ask for: VPs less one */
	__u32 mbz;
};

/*
 * Returns a controller descriptor.  The guest hears of the controller at once; the LUNs that it is
 * to find are better added before the guest runs.  EBADF, EIO: as for a bus; EEXIST: the
 * instance is taken.
 */
#define STORVSP_CREATE		_IOW(STORVSP_IOC, 0x01, struct storvsp_create)

/* ----------------------------------------------------------- controller */

#define STORVSP_READ_ONLY	(1u << 0)
#define STORVSP_DVD		(1u << 1)	/* read-only; file may be -1: no medium */
#define STORVSP_WRITE_THROUGH	(1u << 2)	/* no write cache, until the guest wants it */
#define STORVSP_ROTATIONAL	(1u << 3)	/* else as the block device says */
#define STORVSP_NO_UNMAP	(1u << 4)
#define STORVSP_BUFFERED	(1u << 5)	/* of a file: no direct I/O */
#define STORVSP_LUN_VALID	0x3fu

struct storvsp_add_lun {
	__u32 lun;			/* below STORVSP_LUNS */
	__s32 file;			/* regular file or block device */
	__u32 flags;
	__u32 block_size;		/* 512, 4096; 0: the least there can be; 2048 of a DVD */
	__u32 physical_block_size;	/* 0: 4096; block_size or more */
	__u32 mbz;
	__u8 id[16];			/* makes it unique, and stays the same for ever */
	char serial[32];		/* printable ASCII, ends with a zero if shorter */
};

/*
 * At any time; the guest is told.  The descriptor may be closed afterwards, but the lock of a file
 * (flock, OFD) is that of its open file, which the kernel holds until the LUN is gone.
 * EEXIST: there is such a LUN; EBADF: not open for writing; ENOTBLK: neither file nor block device;
 * EINVAL: sizes that do not go together.
 */
#define STORVSP_ADD_LUN		_IOW(STORVSP_IOC, 0x10, struct storvsp_add_lun)

#define STORVSP_FORCE		(1u << 0)	/* even if the guest prevents the removal */

struct storvsp_medium {
	__u32 lun;
	__s32 file;			/* of STORVSP_SET_MEDIUM; -1: none */
	__u32 flags;			/* STORVSP_FORCE; of STORVSP_SET_MEDIUM only */
	__u32 mbz;
};

/*
 * Takes a LUN away; what is under way is finished, and the file is closed, when this returns.
 * ENOENT, EINTR: interrupted while it waited; the LUN is gone for the guest.
 */
#define STORVSP_REMOVE_LUN	_IOW(STORVSP_IOC, 0x11, struct storvsp_medium)

/*
 * Another medium for a DVD drive, or none.  EBUSY: the guest has locked the medium in; it hears
 * that somebody wants it out.  ENODEV: not a DVD drive.
 */
#define STORVSP_SET_MEDIUM	_IOW(STORVSP_IOC, 0x12, struct storvsp_medium)

/* The file has another size: the guest is told.  ENODEV: a DVD. */
#define STORVSP_RESIZE_LUN	_IOW(STORVSP_IOC, 0x13, struct storvsp_medium)

#define STORVSP_LUN_PRESENT	(1u << 0)	/* there is a medium */
#define STORVSP_LUN_LOCKED	(1u << 1)	/* which may not be removed */
#define STORVSP_LUN_TRAY_OPEN	(1u << 2)
#define STORVSP_LUN_WRITE_CACHE	(1u << 3)
#define STORVSP_LUN_DIRECT	(1u << 4)	/* I/O goes past the page cache */
#define STORVSP_LUN_UNMAP	(1u << 5)

struct storvsp_lun_state {
	__u32 lun;			/* in */
	__u32 flags;			/* of STORVSP_ADD_LUN */
	__u32 state;			/* STORVSP_LUN_* */
	__u32 block_size;
	__u64 blocks;
	__u64 reads;
	__u64 read_bytes;
	__u64 writes;
	__u64 written_bytes;
	__u64 flushes;
	__u64 unmaps;
	__u64 others;			/* commands that did no I/O */
	__u64 errors;			/* I/O that failed */
};

/* ENOENT */
#define STORVSP_GET_LUN_STATE	_IOWR(STORVSP_IOC, 0x14, struct storvsp_lun_state)

struct storvsp_state {
	__u64 luns;			/* a bit for each that there is */
	__u32 protocol;			/* 0: the guest has not agreed on one */
	__u32 channels;			/* that are offered, the first one included */
	__u64 packets;
	__u64 refused;			/* that made no sense */
};

#define STORVSP_GET_STATE	_IOR(STORVSP_IOC, 0x15, struct storvsp_state)

#ifndef __cplusplus
_Static_assert(sizeof(struct storvsp_create) == 32, "no hidden padding");
_Static_assert(sizeof(struct storvsp_add_lun) == 72, "no hidden padding");
_Static_assert(sizeof(struct storvsp_medium) == 16, "no hidden padding");
_Static_assert(sizeof(struct storvsp_lun_state) == 88, "no hidden padding");
_Static_assert(sizeof(struct storvsp_state) == 32, "no hidden padding");
#endif

#endif
