/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The VID ABI: what a worker process may ask of /dev/vid.
 *
 * Three kinds of descriptor, a section each: the device, a partition, a virtual
 * processor (VP).  Closing the last descriptor of a partition (VP descriptors
 * hold it too) tears it down.  Intercepts are TLFS messages, registers have TLFS
 * names (tlfs.h).  Fields named mbz must be zero, unknown flags are refused with
 * EINVAL, unknown ioctls with ENOTTY.  Every call that fails has changed nothing,
 * but where its comment says otherwise.  Documentation/vid-api.md explains each.
 */
#ifndef ROOTSTOCK_UAPI_VID_H
#define ROOTSTOCK_UAPI_VID_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include <tlfs.h>

#define VID_IOC		0xb5
#define VID_API_VERSION	1

/* ------------------------------------------------------------ /dev/vid */

#define VID_CAP_DIRTY_LOG	(1ull << 0)
#define VID_CAP_LARGE_PAGES	(1ull << 1)
#define VID_CAP_X2APIC		(1ull << 2)

struct vid_api {
	__u32 version;			/* VID_API_VERSION */
	__u32 max_vps;
	__u64 capabilities;		/* VID_CAP_* */
	__u64 gpa_limit;		/* first guest physical address beyond reach */
};

/* Returns the version of the ABI and what this host can do. */
#define VID_GET_API		_IOR(VID_IOC, 0x00, struct vid_api)

struct vid_create_partition {
	__u32 vp_count;			/* 1..max_vps; fixed for the partition's life */
	__u32 flags;			/* none yet */
	__u64 mbz[3];
};

/* Returns a partition descriptor. */
#define VID_CREATE_PARTITION	_IOW(VID_IOC, 0x01, struct vid_create_partition)

/* ---------------------------------------------------------- partition */

struct vid_create_vp {
	__u32 vp_index;			/* below vp_count; also the APIC ID */
	__u32 mbz;
};

/*
 * Returns a VP descriptor.  VP 0 starts at the reset vector, the others wait for
 * INIT and SIPI.  EEXIST when the index is taken.
 */
#define VID_CREATE_VP		_IOW(VID_IOC, 0x10, struct vid_create_vp)

#define VID_MAP_READ		(1u << 0)
#define VID_MAP_WRITE		(1u << 1)
#define VID_MAP_EXECUTE		(1u << 2)
#define VID_MAP_VALID		0x7u

struct vid_map_gpa {
	__u64 gpa;			/* bytes, page aligned */
	__u64 size;			/* bytes, page aligned, not 0 */
	__u64 address;			/* the caller's mapping, page aligned */
	__u32 flags;			/* VID_MAP_*; READ is required */
	__u32 mbz;
};

/*
 * Gives the guest [gpa, gpa + size) backed by the caller's memory, which is
 * pinned as the guest touches it.  EEXIST when it overlaps a mapping, EINVAL when
 * it covers the local APIC page, ENOMEM beyond RLIMIT_MEMLOCK.
 */
#define VID_MAP_GPA		_IOW(VID_IOC, 0x11, struct vid_map_gpa)

struct vid_unmap_gpa {
	__u64 gpa;
	__u64 size;
};

/* Takes a range of whole mappings away and unpins it.  ENOENT when it is none. */
#define VID_UNMAP_GPA		_IOW(VID_IOC, 0x12, struct vid_unmap_gpa)

/*
 * Unpins what the guest touched in a range, keeping the mapping: the next touch
 * pins anew whatever the caller has there then (what a balloon needs).
 */
#define VID_RELEASE_GPA		_IOW(VID_IOC, 0x13, struct vid_unmap_gpa)

enum vid_dirty_op {
	VID_DIRTY_START		= 0,	/* begin to record writes; all clean */
	VID_DIRTY_STOP		= 1,
	VID_DIRTY_READ_CLEAR	= 2,	/* copy out the bits and clear them */
};

struct vid_dirty_log {
	__u64 gpa;			/* start of one mapping */
	__u64 size;			/* its size */
	__u64 bitmap;			/* a bit a page, 64-bit words; READ_CLEAR only */
	__u32 op;			/* enum vid_dirty_op */
	__u32 mbz;
};

#define VID_DIRTY_LOG		_IOW(VID_IOC, 0x14, struct vid_dirty_log)

#define VID_DOORBELL_PIO	(1u << 0)	/* a port, else a GPA */
#define VID_DOORBELL_DATAMATCH	(1u << 1)
#define VID_DOORBELL_DEASSIGN	(1u << 2)
#define VID_DOORBELL_VALID	0x7u

struct vid_doorbell {
	__u64 address;			/* port or guest physical address */
	__u64 datum;			/* value to match */
	__u32 length;			/* 1, 2, 4, 8 bytes; 0: any, without DATAMATCH */
	__u32 flags;			/* VID_DOORBELL_* */
	__s32 fd;			/* an eventfd */
	__u32 mbz;
};

/* A guest write there signals the eventfd and the VP goes on.  EEXIST, ENOENT. */
#define VID_SET_DOORBELL	_IOW(VID_IOC, 0x15, struct vid_doorbell)

#define VID_INTERRUPT_LOGICAL	(1u << 0)	/* destination mode */
#define VID_INTERRUPT_LEVEL	(1u << 1)	/* APIC_EOI message at its EOI */
#define VID_INTERRUPT_DEASSERT	(1u << 2)	/* EXT_INT only: the line falls */
#define VID_INTERRUPT_VALID	0x7u

struct vid_interrupt {
	__u32 type;			/* enum hv_interrupt_type */
	__u32 vector;			/* 16..255 for FIXED and LOWEST_PRIORITY, else 0 */
	__u32 destination;		/* APIC ID or logical destination */
	__u32 flags;			/* VID_INTERRUPT_* */
	__u64 mbz;
};

/*
 * Requests an interrupt as an MSI or an IOAPIC would.  EXT_INT raises (or drops)
 * the INTR line of an external 8259 at VP 0: when the VP can take it, its run
 * returns HV_MESSAGE_X64_INTERRUPTION_DELIVERABLE and the worker answers with
 * VID_COMMIT_EXT_INT.
 */
#define VID_REQUEST_INTERRUPT	_IOW(VID_IOC, 0x16, struct vid_interrupt)

enum vid_intercept_type {
	VID_INTERCEPT_CPUID	= 0,	/* parameter: leaf */
	VID_INTERCEPT_MSR	= 1,	/* parameter: index of an MSR the kernel lacks */
};

#define VID_INTERCEPTS_MAX	64

struct vid_install_intercept {
	__u32 type;			/* enum vid_intercept_type */
	__u32 parameter;
	__u32 flags;			/* none yet */
	__u32 mbz;
};

/* From now on the run returns a message for it.  ENOSPC beyond INTERCEPTS_MAX. */
#define VID_INSTALL_INTERCEPT	_IOW(VID_IOC, 0x17, struct vid_install_intercept)

enum vid_port_type {
	VID_PORT_MESSAGE	= 0,	/* HvPostMessage */
	VID_PORT_EVENT		= 1,	/* HvSignalEvent */
};

#define VID_PORT_MESSAGES_MAX	1024

struct vid_create_port {
	__u32 connection_id;		/* 24 bits: the number that the guest uses */
	__u32 type;			/* enum vid_port_type */
	__u32 limit;			/* messages that may wait; flags from 0 on that there are */
	__u32 mbz;
};

/*
 * Returns a descriptor for what the guest sends to a connection, until it is closed.  EEXIST
 * when another port has it.  poll() says when there is something to read; read() waits for it,
 * or fails with EAGAIN when the descriptor is O_NONBLOCK.
 *
 * MESSAGE: each read() takes one struct hv_message, whose origination_id is the connection
 * (EINVAL when there is no room for all of it).  When limit (1..PORT_MESSAGES_MAX) messages wait,
 * HvPostMessage answers HV_STATUS_INSUFFICIENT_BUFFERS.
 *
 * EVENT: read() takes the flags that were signalled, limit (1..HV_EVENT_FLAGS_COUNT) bits in
 * 64-bit words, and clears them.
 */
#define VID_CREATE_PORT		_IOW(VID_IOC, 0x1a, struct vid_create_port)

struct vid_post_message {
	__u32 vp_index;
	__u32 sint;			/* 0..15 */
	struct hv_message message;	/* type not NONE, flags and reserved bytes 0 */
};

/*
 * Sends the guest a message: it is put into the SINT's slot once that is free.  Lost when the
 * guest has not enabled its SynIC.  ENOENT without such a VP, EAGAIN when too many wait.
 */
#define VID_POST_MESSAGE	_IOW(VID_IOC, 0x1b, struct vid_post_message)

struct vid_signal_event {
	__u32 vp_index;
	__u32 sint;			/* 0..15 */
	__u32 flag;			/* below HV_EVENT_FLAGS_COUNT */
	__u32 mbz;
};

/* Sets one of the guest's event flags, and interrupts it when that was clear.  ENOENT. */
#define VID_SIGNAL_EVENT	_IOW(VID_IOC, 0x1c, struct vid_signal_event)

enum vid_property_code {
	VID_PROPERTY_TSC_FREQUENCY	= 0,	/* Hz, read only */
	VID_PROPERTY_APIC_FREQUENCY	= 1,	/* Hz, read only */
	VID_PROPERTY_REFERENCE_TIME	= 2,	/* 100 ns units */
	VID_PROPERTY_PINNED_PAGES	= 3,	/* 4 KiB pages, read only */
	/*
	 * HV_PARTITION_PRIVILEGE_MASK: EBX << 32 | EAX of CPUID 0x40000003.  All at first; what
	 * is taken away is not in CPUID, its MSRs are #GP, its hypercalls are denied.
	 */
	VID_PROPERTY_PRIVILEGES		= 4,
	/* Write only, 0: the guest gets its reenlightenment interrupt, if it asked for one. */
	VID_PROPERTY_REENLIGHTEN	= 5,
};

struct vid_property {
	__u32 code;			/* enum vid_property_code */
	__u32 mbz;
	__u64 value;
};

#define VID_GET_PROPERTY	_IOWR(VID_IOC, 0x18, struct vid_property)
/* EACCES when the property is read only. */
#define VID_SET_PROPERTY	_IOW(VID_IOC, 0x19, struct vid_property)

/* ------------------------------------------------------ virtual processor */

/* Which parts of the VP page the worker changed; the kernel clears it. */
#define VID_COMMIT_GPRS		(1u << 0)
#define VID_COMMIT_RIP		(1u << 1)	/* also ends an interrupt shadow */
#define VID_COMMIT_RFLAGS	(1u << 2)
#define VID_COMMIT_EXT_INT	(1u << 3)	/* ext_int_vector is valid */
#define VID_COMMIT_VALID	0xfu

#define VID_VP_PAGE_SIZE	4096

/*
 * The page that a worker and the kernel share: mmap() of a VP descriptor at
 * offset 0.  The kernel writes it before a run returns, reads it when one begins,
 * and looks at it at no other time.  The general registers are in the order of
 * their HV_X64_REGISTER_* names: RAX RCX RDX RBX RSP RBP RSI RDI R8..R15.
 */
struct vid_vp_page {
	struct hv_message message;	/* why the run returned */
	__u64 gpr[16];
	__u64 rip;
	__u64 rflags;
	__u32 commit;			/* VID_COMMIT_* */
	__u32 ext_int_vector;		/* 0..255 */
	__u8 reserved[VID_VP_PAGE_SIZE - 256 - 18 * 8 - 8];
};

/* The VP can take an external interrupt (message of the same VP header form). */
#define HV_MESSAGE_X64_INTERRUPTION_DELIVERABLE	0x80010008u

/*
 * Runs the VP until a message needs the worker (0) or a signal or VID_CANCEL_RUN
 * interrupts it (EINTR; the message type is NONE).  One thread at a time (EBUSY).
 * EINVAL when commit has unknown bits.  EIO when the CPU refuses the VP's state.
 */
#define VID_RUN_VP		_IO(VID_IOC, 0x20)

/* Makes the current run, or else the next one, return with EINTR. */
#define VID_CANCEL_RUN		_IO(VID_IOC, 0x21)

#define VID_REGISTERS_MAX	128

struct vid_register {
	__u32 name;			/* enum hv_register_name */
	__u32 mbz;
	union hv_register_value value;
};

struct vid_registers {
	__u64 registers;		/* array of struct vid_register */
	__u32 count;			/* 1..VID_REGISTERS_MAX */
	__u32 mbz;
};

/*
 * Not while the VP runs (EBUSY).  EINVAL for an unknown name or a value that the
 * architecture forbids; a failed set has written the registers before that one.
 */
#define VID_GET_REGISTERS	_IOWR(VID_IOC, 0x22, struct vid_registers)
#define VID_SET_REGISTERS	_IOW(VID_IOC, 0x23, struct vid_registers)

enum vid_vp_state {
	VID_VP_STATE_XSAVE	= 0,	/* XSAVE area, standard format */
	VID_VP_STATE_LAPIC	= 1,	/* struct vid_lapic_state */
};

/* The local APIC's registers, each at its xAPIC offset divided by 16. */
struct vid_lapic_state {
	__u32 regs[64];
	__u64 apic_base;
	__u64 tsc_deadline;
	__u64 timer_remaining;		/* ns until the timer fires; 0: not armed */
	__u64 mbz;
};

struct vid_vp_state_io {
	__u64 buffer;
	__u32 type;			/* enum vid_vp_state */
	__u32 size;			/* in: room; out (get): bytes; ENOSPC tells it */
};

#define VID_GET_VP_STATE	_IOWR(VID_IOC, 0x24, struct vid_vp_state_io)
#define VID_SET_VP_STATE	_IOW(VID_IOC, 0x25, struct vid_vp_state_io)

struct vid_translate_gva {
	__u64 gva;
	__u64 flags;			/* HV_TRANSLATE_GVA_* */
	__u64 gpa;			/* out */
	__u32 result;			/* out: enum hv_translate_gva_result */
	__u32 error_code;		/* out: page-fault error code of a failed walk */
};

/* Walks the VP's own page tables. */
#define VID_TRANSLATE_GVA	_IOWR(VID_IOC, 0x26, struct vid_translate_gva)

struct vid_apic_access {
	__u32 offset;			/* into the xAPIC page, 16-byte aligned */
	__u32 write;			/* 0 or 1 */
	__u32 value;			/* in or out */
	__u32 mbz;
};

/* An xAPIC register access that the worker decoded. */
#define VID_ACCESS_APIC		_IOWR(VID_IOC, 0x27, struct vid_apic_access)

#ifndef __cplusplus
_Static_assert(sizeof(struct vid_vp_page) == VID_VP_PAGE_SIZE, "one page");
_Static_assert(sizeof(struct vid_register) == 24, "no hidden padding");
_Static_assert(sizeof(struct vid_lapic_state) == 288, "no hidden padding");
#endif

#endif
