/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into a VMX guest and back (SDM3 ch. 27, 28).
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/unwind_hints.h>

#include "speculation.h"
#include "vmx/vmcs.h"

/* Offsets into struct rs_regs; vmx.c asserts them. */
#define REGS_RAX	0x00
#define REGS_RCX	0x08
#define REGS_RDX	0x10
#define REGS_RBX	0x18
#define REGS_RBP	0x28
#define REGS_RSI	0x30
#define REGS_RDI	0x38
#define REGS_R8		0x40

.section .noinstr.text, "ax"

/*
 * bool vmx_enter(struct rs_regs *regs, bool launched)
 *
 * RSP, RIP and RFLAGS travel in the VMCS, which is current.  Interrupts are off, and are so
 * after the exit.
 */
SYM_FUNC_START(vmx_enter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax

	bt	$0, %esi		/* into CF, which neither MOV nor VERW changes */
	mov	REGS_RAX(%rdi), %rax
	mov	REGS_RCX(%rdi), %rcx
	mov	REGS_RDX(%rdi), %rdx
	mov	REGS_RBX(%rdi), %rbx
	mov	REGS_RBP(%rdi), %rbp
	mov	REGS_RSI(%rdi), %rsi
	mov	REGS_R8 + 0x00(%rdi), %r8
	mov	REGS_R8 + 0x08(%rdi), %r9
	mov	REGS_R8 + 0x10(%rdi), %r10
	mov	REGS_R8 + 0x18(%rdi), %r11
	mov	REGS_R8 + 0x20(%rdi), %r12
	mov	REGS_R8 + 0x28(%rdi), %r13
	mov	REGS_R8 + 0x30(%rdi), %r14
	mov	REGS_R8 + 0x38(%rdi), %r15
	mov	REGS_RDI(%rdi), %rdi
	CLEAR_CPU_BUFFERS
	jnc	.Llaunch

	UNWIND_HINT_SAVE
	vmresume
	jmp	.Lfailed
.Llaunch:
	vmlaunch
.Lfailed:
	pop	%rdi			/* nothing in *regs has changed */
	xor	%eax, %eax
	jmp	.Lout

SYM_INNER_LABEL(vmx_exit_point, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR
	xchg	%rdi, (%rsp)
	mov	%rax, REGS_RAX(%rdi)
	mov	%rcx, REGS_RCX(%rdi)
	mov	%rdx, REGS_RDX(%rdi)
	mov	%rbx, REGS_RBX(%rdi)
	mov	%rbp, REGS_RBP(%rdi)
	mov	%rsi, REGS_RSI(%rdi)
	mov	%r8,  REGS_R8 + 0x00(%rdi)
	mov	%r9,  REGS_R8 + 0x08(%rdi)
	mov	%r10, REGS_R8 + 0x10(%rdi)
	mov	%r11, REGS_R8 + 0x18(%rdi)
	mov	%r12, REGS_R8 + 0x20(%rdi)
	mov	%r13, REGS_R8 + 0x28(%rdi)
	mov	%r14, REGS_R8 + 0x30(%rdi)
	mov	%r15, REGS_R8 + 0x38(%rdi)
	pop	%rcx
	mov	%rcx, REGS_RDI(%rdi)
	/* before the first return, which is not to be predicted by the guest's calls */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE
	CLEAR_BRANCH_HISTORY_VMEXIT
	mov	$1, %eax
.Lout:
	/* nothing of the guest's is left for speculation to use */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET
SYM_FUNC_END(vmx_enter)

.section .note.GNU-stack, "", @progbits
