/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile guests in 32-bit protected mode: hardware task switches, which no exit of ours is
 * for. The CPU does them, and where a task is in no memory the worker hears of it.
 */
#include "../protocol.h"

#define TSS_A	(SCRATCH + 0x1000)
#define TSS_B	(SCRATCH + 0x2000)
#define SEL_A	0x30			/* in place of the 64-bit TSS */
#define SEL_B	0x38

	.macro GUEST name
	.section .rodata
name_\name:
	.asciz "\name"
	.section .guests, "a"
	.quad name_\name, guest_\name
	.section .low, "ax"
	.code32
guest_\name:
	.endm

	.macro EQUAL code
	je 7f
	movl $\code, %eax
	outl %eax, $PORT_EXIT
7:
	.endm

/* An available 32-bit TSS of 104 bytes. */
	.macro DESCRIPTOR selector, base
	movl $((\base & 0xffff) << 16 | 0x67), GDT + \selector
	movl $((\base & 0xff000000) | 0x8900 | (\base >> 16 & 0xff)), GDT + \selector + 4
	.endm

	.macro TASK base, entry
	movl $\entry, \base + 0x20
	movl $2, \base + 0x24
	movl $\base + 0x1000, \base + 0x38
	movl $CODE32, \base + 0x4c
	movl $DATA64, \base + 0x48
	movl $DATA64, \base + 0x50
	movl $DATA64, \base + 0x54
	.endm

	GUEST task_switch
	DESCRIPTOR SEL_A, TSS_A
	DESCRIPTOR SEL_B, TSS_B
	TASK TSS_B, task_b
	movw $SEL_A, %ax
	ltr %ax
	movl $10, %ecx
	movl $0x1234, %ebp
1:	ljmp $SEL_B, $0
	cmpl $0x1234, %ebp		/* a task has its own registers */
	EQUAL 2
	str %ax
	cmpw $SEL_A, %ax
	EQUAL 3
	decl %ecx
	jnz 1b
	xorl %eax, %eax
	outl %eax, $PORT_EXIT

task_b:	movl $0x5678, %ebp
	str %ax
	cmpw $SEL_B, %ax
	EQUAL 4
	movl $1, %eax			/* exits within a task */
	cpuid
	ljmp $SEL_A, $0
	jmp task_b

	GUEST task_nowhere
	DESCRIPTOR SEL_A, TSS_A
	DESCRIPTOR SEL_B, NOWHERE
	movw $SEL_A, %ax
	ltr %ax
	ljmp $SEL_B, $0
	movl $1, %eax
	outl %eax, $PORT_EXIT

	.section .note.GNU-stack, "", @progbits
