/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the harness (guests.c) and the guests agree on: where things are in guest
 * memory, and the ports of the test device.  Also read by the assembler.
 */
#ifndef TESTS_GUESTS_PROTOCOL_H
#define TESTS_GUESTS_PROTOCOL_H

/* Guest physical memory; RAM is one mapping. */
#define RAM_SIZE	0x1000000
#define PML4		0x1000		/* identity of the low 4 GiB in 2 MiB pages */
#define PDPT		0x2000
#define PDS		0x3000		/* four pages */
#define GDT		0x7000
#define TSS		0x7800
#define IMAGE		0x8000		/* the guests; a page of SIPI trampoline comes first */
#define TABLE		0x100000	/* the guests' names and entries */
#define STACKS		0x200000	/* STACK_SIZE for each VP */
#define STACK_SIZE	0x4000
#define SCRATCH		0x400000	/* for guests; zero */
#define ROM		0xc0000000	/* a page that cannot be written, of bytes 0xcc, and */
#define ROM_ENTRY	511		/* this word of it maps 1 GiB, not accessed yet */
#define CHANGING	0xc8000000	/* pages for HOST_REMAP */
#define NOWHERE		0xd0000000	/* nothing is mapped; the harness answers as a device */

#define CODE64		0x08
#define DATA64		0x10
#define CODE32		0x18
#define CODE16		0x20
#define DATA16		0x28
#define TSS64		0x30		/* two entries */
#define USER_DATA	0x40
#define USER_CODE	0x48
#define GDT_ENTRIES	10

/* Ports. */
#define PORT_EXIT	0xf4		/* out: 0 passed, else a line number */
#define PORT_HOST	0xf5		/* out: eax is a request, rbx and rcx its arguments */
#define PORT_PRINT	0xe9		/* out: a character */
#define PORT_ECHO	0xf8		/* in: the complement of what was last written */
#define PORT_STRING	0xf9		/* ins, outs: bytes that count up from 1 */
#define PORT_POST	0x80		/* out: nothing */
#define PORT_DOORBELL	0x500

/* Requests at PORT_HOST: the result is in rax. */
#define HOST_MESSAGE	1		/* a field of the last memory message: enum below */
#define HOST_RELEASE	2		/* VID_RELEASE_GPA of rbx, rcx bytes */
#define HOST_DIRTY	3		/* VID_DIRTY_LOG of RAM with op rbx; how many pages */
#define HOST_DIRTY_BIT	4		/* was page rbx among those */
#define HOST_RUNG	5		/* takes the doorbell's count */
#define HOST_INTERRUPT	6		/* VID_REQUEST_INTERRUPT: type rbx, vector cl, flags ch */
#define HOST_LATER	7		/* the same, in 20 ms */
#define HOST_EXT_INT	8		/* raises the 8259's line; it answers vector rbx */
#define HOST_EOIS	9		/* how many APIC_EOI messages for vector rbx */
#define HOST_SLEEP	10		/* rbx milliseconds */
#define HOST_MSR	11		/* what was last written to MSR_WORKER */
#define HOST_TRANSLATE	12		/* VID_TRANSLATE_GVA of rbx: gpa, or -1 - result */
#define HOST_PINNED	13		/* VID_PROPERTY_PINNED_PAGES */
#define HOST_PORT	14		/* VID_CREATE_PORT: ID bx, type rbx >> 16, limit rcx */
#define HOST_READ	15		/* from that port: bytes, into SCRATCH; or -errno */
#define HOST_POST	16		/* VID_POST_MESSAGE: SINT bl, VP bh, type and payload rcx */
#define HOST_SIGNAL	17		/* VID_SIGNAL_EVENT: SINT bl, VP bh, flag rcx */
#define HOST_PRIVILEGES	18		/* takes the privileges rbx away */
#define HOST_REENLIGHTEN 19
#define HOST_UNPORT	20		/* closes the port */
#define HOST_REMAP	21		/* another page at rbx, instead of what the last time was put there */
#define HOST_VMBUS	22		/* a command, channel, subchannel: bl, bh, rbx >> 16 */

#define HOST_VMBUS_OFFER	0	/* 0, or -errno */
#define HOST_VMBUS_REVOKE	1
#define HOST_VMBUS_COUNT	2	/* rcx: enum vsp_test_count */
#define HOST_VMBUS_CLOSE_BUS	3
#define HOST_VMBUS_RMMOD	4	/* of the server */
#define HOST_VMBUS_DIE		5	/* the harness is killed */

#define MESSAGE_TYPE	0
#define MESSAGE_ACCESS	1
#define MESSAGE_GPA	2
#define MESSAGE_GVA	3
#define MESSAGE_INFO	4
#define MESSAGE_BYTES	5		/* the first eight, as they lie in memory */
#define MESSAGE_COUNT	6		/* how many there were */
#define MESSAGE_RIP	7
#define MESSAGE_STATE	8		/* execution state */
#define MESSAGE_SEEN	9		/* messages so far */

/* What the worker alone knows. */
#define CPUID_WORKER	0x40000100
#define MSR_WORKER	0x4b000000

#endif
