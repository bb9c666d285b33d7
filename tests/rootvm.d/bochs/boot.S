/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot sector of bochs' first disk. It lets the BIOS read the rest of the loader and tell
 * what memory there is, enters long mode with the first 4 GiB mapped as they are, has loader.c
 * read the kernel, and enters that, as its 64-bit boot protocol says.
 */
#include "disk.h"

#define EFER		0xc0000080
#define EFER_LME	0x100
#define CR4_PAE		0x20
#define CR0_PG_PE	0x80000001
#define TABLE		0x03	/* present, writable */
#define GIB_PAGE	0x83	/* and large */

	.text
	.code16
	.globl	start
start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$LOADER, %sp
	ljmp	$0, $1f
1:	sti
	movb	$0x42, %ah		/* extended read; DL is the drive */
	movw	$packet, %si
	int	$0x13
	jc	stop

	movw	$BOOT_PARAMS, %di
	movw	$2048, %cx
	xorw	%ax, %ax
	rep stosw
	movw	$(BOOT_PARAMS + BP_E820), %di
	xorl	%ebx, %ebx
2:	movl	$0xe820, %eax
	movl	$0x534d4150, %edx	/* "SMAP" */
	movl	$E820_ENTRY, %ecx
	int	$0x15
	jc	3f
	addw	$E820_ENTRY, %di
	incb	BOOT_PARAMS + BP_E820_ENTRIES
	testl	%ebx, %ebx
	jnz	2b

3:	cli
	inb	$0x92, %al		/* A20 */
	orb	$2, %al
	outb	%al, $0x92
	movw	$PAGE_TABLES, %di
	movw	$4096, %cx
	xorw	%ax, %ax
	rep stosw
	movl	$(PAGE_TABLES + 4096 + TABLE), PAGE_TABLES
	movw	$(PAGE_TABLES + 4096), %di
	movl	$GIB_PAGE, %eax
	movw	$4, %cx
4:	movl	%eax, (%di)
	addl	$0x40000000, %eax
	addw	$8, %di
	loop	4b

	movl	$PAGE_TABLES, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	lgdt	gdt_register
	movl	%cr0, %eax
	orl	$CR0_PG_PE, %eax
	movl	%eax, %cr0
	ljmp	$0x10, $long_mode
stop:
	hlt
	jmp	stop

	.code64
long_mode:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$LOADER, %esp
	call	load
	movl	$BOOT_PARAMS, %esi
	jmp	*%rax

	.balign	8
gdt:
	.quad	0, 0
	.quad	0x00af9a000000ffff	/* 0x10, as the protocol wants it: code */
	.quad	0x00cf92000000ffff	/* 0x18: data */
gdt_register:
	.word	. - gdt - 1
	.long	gdt
packet:
	.byte	16, 0
	.word	LOADER_SECTORS - 1
	.word	LOADER + SECTOR, 0
	.quad	1

	/* No partitions. */
	.org	446
	.org	510
	.word	0xaa55
