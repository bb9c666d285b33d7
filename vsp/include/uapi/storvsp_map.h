/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * A disk of StorVSP whose blocks a worker maps: the table by which the kernel does the I/O, and
 * how it asks for what the table does not say.  A draft: no module has it yet.
 *
 * A map is a descriptor, made from the files that it may do I/O on, and then given to a LUN.  Its
 * table says of each unit of the disk: data in a file, zeros, or ask.  An entry is true from
 * STORVSP_MAP_SET until STORVSP_MAP_REVOKE has returned.  The kernel may forget entries at any
 * time, and then asks; so the worker need not set any that nobody asked for.
 *
 * What is asked and answered goes through two rings in shared memory (struct storvsp_map_ring).
 * The worker answers in any order, but the order in which it changes the disk is its own:
 * it is what makes its sets, revokes and answers agree.
 *
 * The kernel asks
 *  - LOOKUP to read what the table does not say: the answer has the extent of the first bytes;
 *  - ALLOCATE to write where the table does not allow it: likewise.  With STORVSP_MAP_COMMIT in
 *    the answer, COMMIT follows when the data have been written, before the guest is told;
 *  - FLUSH when the guest flushes, and after a write with FUA.  All writes whose completion the
 *    guest was told before are durable when it is answered with 0;
 *  - DISCARD, ZERO.  The worker revokes what it moves; the kernel need not wait for anything;
 *  - READ and WRITE instead of LOOKUP and ALLOCATE, with the data in the buffer, where it was
 *    answered STORVSP_MAP_COPY: for files that have no descriptor.
 *
 * An extent in an answer, and one of which a COMMIT tells, may have been revoked meanwhile.  So
 * each answer has the generation, which REVOKE returns: of the last revoke that the worker made.
 * The kernel drops an extent of an older generation than a revoke that intersects it, and asks
 * again; a COMMIT has its extent's, and is answered -EAGAIN for the same reason: then the kernel
 * begins that write anew with ALLOCATE.
 *
 * Neither side believes the other.  The kernel checks entries, extents and files' sizes, and
 * answers' tags; the worker checks that requests lie in the disk and in the buffer.  When the map's
 * descriptor is closed, what was asked and not answered fails with -EIO, and the table is gone.
 */
#ifndef ROOTSTOCK_UAPI_STORVSP_MAP_H
#define ROOTSTOCK_UAPI_STORVSP_MAP_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define STORVSP_MAP_IOC			0xb7

/* ---------------------------------------------------------------- table */

/*
 * An entry is a __u64: bits 0 and 1 say what the unit is.  Of data, bit 2 says that it may be
 * written in place (file 0 only), bits 3 to 8 in which file it is, and the others, with 9 zero bits
 * below, at which offset.  All other bits of ask and zero are 0.
 */
#define STORVSP_MAP_ASK			0
#define STORVSP_MAP_ZERO		1
#define STORVSP_MAP_DATA		2
#define STORVSP_MAP_KIND		3
#define STORVSP_MAP_WRITABLE		4
#define STORVSP_MAP_FILE_SHIFT		3
#define STORVSP_MAP_FILE		0x1f8
#define STORVSP_MAP_OFFSET		(~0x1ffULL)

#define STORVSP_MAP_FILES_MAX		64
#define STORVSP_MAP_UNIT_SHIFT_MIN	16
#define STORVSP_MAP_UNIT_SHIFT_MAX	32
#define STORVSP_MAP_UNITS_MAX		(1 << 26)

/* struct storvsp_map_create: flags */
#define STORVSP_MAP_READ_ONLY		1	/* the guest cannot write */
#define STORVSP_MAP_BUFFERED		2	/* files with data not at multiples of 4 KiB */

/*
 * Returns the map's descriptor.  E2BIG: more units than STORVSP_MAP_UNITS_MAX.  EBADF, and EINVAL
 * for a file that is neither a regular one nor a block device.
 */
struct storvsp_map_create {
	__u64 size;			/* of the disk */
	__u64 files;			/* address of @files_count descriptors, __s32 each */
	__u32 files_count;		/* 0: everything is asked for */
	__u32 unit_shift;
	__u32 sector_size;		/* 512 or 4096 */
	__u32 flags;
	__u32 requests;			/* that may be outstanding: 1 to 1024, a power of two */
	__u32 buffer_size;		/* for READ and WRITE: 0, or up to 16 MiB, whole pages */
	__u32 memory;			/* KiB that entries may take; 0: 16 MiB */
	__u32 mbz;
};

#define STORVSP_MAP_CREATE		_IOW(STORVSP_MAP_IOC, 0x40, struct storvsp_map_create)

/* ------------------------------------------------------ map's descriptor */

/* struct storvsp_map_set: flags */
#define STORVSP_MAP_LINEAR		1	/* @entries is not an address, but the first entry;
						 * data of each unit follow those before
						 */

/* EINVAL: an entry that is none; ERANGE.  What there is no memory for is asked for. */
struct storvsp_map_set {
	__u64 first;			/* unit */
	__u64 entries;
	__u32 count;			/* without LINEAR: up to 4096 */
	__u32 flags;
};

/*
 * Units in the range are asked for from now on, and no I/O by an entry, or by an extent of an
 * answer, goes on when it returns.  May be interrupted, and is repeated then (EINTR); one at a
 * time (EBUSY).
 */
struct storvsp_map_revoke {
	__u64 offset;
	__u64 length;
	__u64 generation;		/* out */
};

/* After a revoke of all of the disk; the guest is told. */
struct storvsp_map_resize {
	__u64 size;
	__u64 mbz;
};

#define STORVSP_MAP_SET			_IOW(STORVSP_MAP_IOC, 0x41, struct storvsp_map_set)
#define STORVSP_MAP_REVOKE		_IOWR(STORVSP_MAP_IOC, 0x42, struct storvsp_map_revoke)
#define STORVSP_MAP_RESIZE		_IOW(STORVSP_MAP_IOC, 0x43, struct storvsp_map_resize)
/* Looks at answers now; poll() says POLLIN when there are requests. */
#define STORVSP_MAP_KICK		_IO(STORVSP_MAP_IOC, 0x44)

/* ---------------------------------------------------------------- rings */

enum storvsp_map_operation {
	STORVSP_MAP_OP_LOOKUP		= 1,
	STORVSP_MAP_OP_ALLOCATE		= 2,
	STORVSP_MAP_OP_COMMIT		= 3,	/* generation */
	STORVSP_MAP_OP_FLUSH		= 4,	/* offset and length are 0 */
	STORVSP_MAP_OP_DISCARD		= 5,
	STORVSP_MAP_OP_ZERO		= 6,
	STORVSP_MAP_OP_READ		= 7,	/* buffer */
	STORVSP_MAP_OP_WRITE		= 8,	/* buffer */
};

struct storvsp_map_request {
	__u64 tag;			/* goes back in the answer */
	__u64 offset;			/* whole sectors of the disk */
	__u64 length;
	__u64 generation;
	__u32 operation;
	__u32 buffer;			/* where in the buffer the data are, or go to */
	__u64 reserved[3];		/* 0 */
};

/* struct storvsp_map_answer: flags */
#define STORVSP_MAP_COMMIT		1	/* COMMIT when it is written */
#define STORVSP_MAP_COPY		2	/* no extent: READ or WRITE it */

/*
 * result: 0, or a negative errno value: EIO a medium error, ENOSPC no space, EAGAIN anew.  LOOKUP
 * and ALLOCATE answered with 0, and without COPY, have an extent: as an entry, but of the sector
 * at the request's offset, and of @length bytes from there on, a sector or more.
 */
struct storvsp_map_answer {
	__u64 tag;
	__s32 result;
	__u32 flags;
	__u64 generation;
	__u64 entry;
	__u64 length;
	__u64 reserved[3];		/* 0 */
};

/*
 * mmap() of the descriptor at offset 0.  Each index counts on and wraps at 2^32; the place is
 * its remainder by @size.  Who writes an index does so after what it makes visible (release), and
 * who reads it does so before (acquire).
 */
struct storvsp_map_ring {
	__u32 size;			/* of both rings; requests of CREATE */
	__u32 requests_at;		/* from the begin of the mapping */
	__u32 answers_at;
	__u32 reserved[13];
	__u32 request_tail;		/* the kernel's */
	__u32 answer_head;		/* the kernel's */
	__u32 reserved_kernel[14];
	__u32 request_head;		/* the worker's */
	__u32 answer_tail;		/* the worker's */
	__u32 reserved_worker[14];
};

/* The buffer is mapped at this offset. */
#define STORVSP_MAP_BUFFER_AT		0x10000000

#endif
