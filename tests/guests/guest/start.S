/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How VPs get into the guests in C: the trampoline at which a SIPI starts a VP in
 * real mode, the stubs of the interrupt gates, and the entry in long mode.
 */
#include "../protocol.h"

	.section .low.start, "ax"
	.globl trampoline
	.code16
trampoline:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl gdt_pointer
	movl $0x11, %eax		/* PE, ET */
	movl %eax, %cr0
	ljmpl $CODE32, $trampoline32
	.code32
trampoline32:
	movw $DATA64, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl $0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl %eax, %cr4
	movl $PML4, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx		/* EFER: LME, NXE, SCE */
	rdmsr
	orl $0x901, %eax
	wrmsr
	movl $0x80000033, %eax		/* PG, NE, ET, MP, PE */
	movl %eax, %cr0
	ljmpl $CODE64, $trampoline64
	.code64
trampoline64:
	movl $1, %eax			/* the APIC ID chooses the stack */
	cpuid
	shrl $24, %ebx
	leal 1(%rbx), %esp
	imull $STACK_SIZE, %esp
	addl $STACKS, %esp
	movl %ebx, %edi
	call vp_main
1:	cli
	hlt
	jmp 1b

	.balign 8
gdt_pointer:
	.word GDT_ENTRIES * 8 - 1
	.long GDT

	.text
	.globl start
/* The harness sets rdi to the guest's entry, and the stack. */
start:	call guest_main
	ud2

	.section .guests.start, "a"
	.quad name_start, start		/* the first: machine.c looks for it here */
	.section .rodata
name_start:
	.asciz "start"
	.text

/* ---- interrupt gates: 16 bytes a vector */
	.balign 16
	.globl stubs
stubs:
	vector = 0
	.rept 256
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
	nop
	nop
	.else
	pushq $0
	.endif
	pushq $vector
	jmp common
	vector = vector + 1
	.endr

common:	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	cld
	call interrupt
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
