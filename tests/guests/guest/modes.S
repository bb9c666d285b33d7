/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that do not run in long mode: real mode from a register state and from
 * reset, 16-bit and 32-bit protected mode, 32-bit and PAE paging.
 *
 * They end by jumping to pass, or to fail with a line number in %eax.
 */
#include "../protocol.h"

	.macro GUEST name
	.section .rodata
name_\name:
	.asciz "\name"
	.section .guests, "a"
	.quad name_\name, guest_\name
	.section .low, "ax"
	.endm


/* Fails with @code unless the last comparison said equal. */
	.macro EQUAL code
	je 7f
	movl $\code, %eax
	outl %eax, $PORT_EXIT
7:
	.endm

	.macro PASS
	xorl %eax, %eax
	outl %eax, $PORT_EXIT
8:	hlt
	jmp 8b
	.endm

/* ---- real mode */

	GUEST reset
	.code16
guest_reset:
	testl %esp, %esp		/* cleared by reset */
	EQUAL 1
	movl %cr0, %eax
	cmpl $0x60000010, %eax
	EQUAL 2
	movw %cs, %ax			/* the far jump loaded it */
	testw %ax, %ax
	EQUAL 3
	movl $0x12345678, %eax
	movl %eax, 0x7f0
	cmpl $0x12345678, 0x7f0
	EQUAL 4
	PASS

	GUEST real
	.code16
guest_real:
	movl %cr0, %eax
	testb $1, %al
	jz 1f
	movl $1, %eax
	outl %eax, $PORT_EXIT
1:	movw $0x1000, %ax		/* segments are times 16 */
	movw %ax, %ds
	movw $0x5aa5, 0x20
	xorw %ax, %ax
	movw %ax, %ds
	movw $0x0fff, %ax
	movw %ax, %es
	cmpw $0x5aa5, %es:0x30
	EQUAL 2
	pushw $0x77
	popw %bx
	cmpw $0x77, %bx
	EQUAL 3
	movw %ds, %ax
	movw %ax, %es
	movw $0x700, %si		/* string instructions */
	movw $0x740, %di
	movl $0xcafebabe, 0x700
	movw $4, %cx
	cld
	rep movsb
	cmpl $0xcafebabe, 0x740
	EQUAL 4
	movw $0x41, %ax
	outb %al, $PORT_ECHO
	inb $PORT_ECHO, %al
	cmpb $0xbe, %al
	EQUAL 5
	PASS

	GUEST real_interrupts
	.code16
guest_real_interrupts:
	movw $0x7a0, %sp
	movw $1f, 4 * 0x21		/* INT n through the vector table */
	movw $0, 4 * 0x21 + 2
	movw $2f, 0			/* divide error */
	movw $0, 2
	xorl %ebx, %ebx
	int $0x21
	cmpl $0x21, %ebx
	EQUAL 1
	xorw %dx, %dx
	movw $1, %ax
	xorw %cx, %cx
3:	divw %cx
4:	cmpl $0x1021, %ebx
	EQUAL 2
	cmpw $0x7a0, %sp
	EQUAL 3
	PASS
1:	addl $0x21, %ebx
	iretw
2:	addl $0x1000, %ebx
	movw %sp, %bp
	addw $4b - 3b, (%bp)
	iretw

/* ---- protected mode without paging */

	GUEST prot16
	.code16
guest_prot16:
	movl %cr0, %eax
	andl $0x80000001, %eax
	cmpl $1, %eax
	EQUAL 1
	movw $DATA64, %ax		/* a 4 GiB segment reaches all */
	movw %ax, %fs
	movl $SCRATCH, %ebx
	movl $0x13572468, %fs:(%ebx)
	cmpl $0x13572468, %fs:(%ebx)
	EQUAL 2
	ljmpl $CODE32, $1f		/* and on to 32 bits and back */
	.code32
1:	movl $SCRATCH, %ebx
	cmpl $0x13572468, %fs:(%ebx)
	EQUAL 3
	ljmp $CODE16, $2f
	.code16
2:	movl %cr0, %eax			/* and to real mode */
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $3f
3:	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %ss
	movw $0xbeef, 0x7e0
	cmpw $0xbeef, 0x7e0
	EQUAL 4
	PASS

	GUEST prot32
	.code32
guest_prot32:
	movl %cr0, %eax
	andl $0x80000001, %eax
	cmpl $1, %eax
	EQUAL 1
	pushl $0x2468
	popl %eax
	cmpl $0x2468, %eax
	EQUAL 2
	movl $1, %eax
	cpuid
	cmpl $0, %eax
	setne %cl
	cmpb $1, %cl
	EQUAL 3
	PASS

/* ---- paging: linear 1 GiB is SCRATCH, a page there is not present */

/* Catches the page fault in which the guests below end. */
	.macro TAKE_PAGE_FAULTS
	movl $SCRATCH + 0x8000, %edi
	movl $page_fault32, %eax
	movl %eax, %edx
	andl $0xffff, %eax
	orl $CODE32 << 16, %eax
	movl %eax, 14 * 8(%edi)
	andl $0xffff0000, %edx
	orl $0x8e00, %edx
	movl %edx, 14 * 8 + 4(%edi)
	subl $8, %esp
	movw $0x7ff, (%esp)
	movl %edi, 2(%esp)
	lidt (%esp)
	addl $8, %esp
	.endm

	GUEST paging32
	.code32
guest_paging32:
	movl $SCRATCH + 0x1000, %edi	/* directory: 4 MiB pages, identity */
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $22, %eax
	orl $0x83, %eax
	movl %eax, (%edi,%ecx,4)
	incl %ecx
	cmpl $256, %ecx
	jne 1b
	movl $SCRATCH + 0x2000 + 7, 0x400(%edi)	/* 1 GiB: a table */
	movl $SCRATCH + 7, SCRATCH + 0x2000
	movl $0x600d600d, SCRATCH
	TAKE_PAGE_FAULTS
	movl %cr4, %eax
	orl $0x10, %eax			/* PSE */
	movl %eax, %cr4
	movl $SCRATCH + 0x1000, %eax
	movl %eax, %cr3
	jmp paged

	GUEST pae
	.code32
guest_pae:
	movl $SCRATCH + 0x1000, %edi	/* pointers: 1 GiB identity, then ours */
	movl $SCRATCH + 0x2000 + 1, (%edi)
	movl $SCRATCH + 0x3000 + 1, 8(%edi)
	movl $SCRATCH + 0x2000, %edi
	xorl %ecx, %ecx
1:	movl %ecx, %eax
	shll $21, %eax
	orl $0x83, %eax
	movl %eax, (%edi,%ecx,8)
	incl %ecx
	cmpl $512, %ecx
	jne 1b
	movl $SCRATCH + 0x4000 + 7, SCRATCH + 0x3000
	movl $SCRATCH + 7, SCRATCH + 0x4000
	movl $0x600d600d, SCRATCH
	TAKE_PAGE_FAULTS
	movl %cr4, %eax
	orl $0x20, %eax			/* PAE */
	movl %eax, %cr4
	movl $SCRATCH + 0x1000, %eax
	movl %eax, %cr3

paged:	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	jmp 1f
1:	cmpl $0x600d600d, 0x40000000
	EQUAL 10
	movl $0x11223344, 0x40000004
	cmpl $0x11223344, SCRATCH + 4
	EQUAL 11
	movl $12, %eax			/* what it fails with if there is no fault */
	movl $1, 0x40001008
	outl %eax, $PORT_EXIT

page_fault32:
	popl %edx			/* a write of the supervisor's, not present */
	cmpl $2, %edx
	EQUAL 13
	movl %cr2, %eax
	cmpl $0x40001008, %eax
	EQUAL 14
	PASS

	.section .note.GNU-stack, "", @progbits
