/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into an SVM guest and back (APM2 §15.5, §15.6).
 */
#include <linux/linkage.h>
#include <asm/asm.h>

#include "speculation.h"

/* Offsets into struct rs_regs; svm.c asserts them. */
#define REGS_RCX	0x08
#define REGS_RDX	0x10
#define REGS_RBX	0x18
#define REGS_RBP	0x28
#define REGS_RSI	0x30
#define REGS_RDI	0x38
#define REGS_R8		0x40

.section .noinstr.text, "ax"

/*
 * void svm_vmrun(u64 vmcb_pa, struct rs_regs *regs, u64 host_pa)
 *
 * RAX, RSP, RIP and RFLAGS travel in the VMCB; VMLOAD and VMSAVE move FS, GS, TR,
 * LDTR and the system call MSRs.  GIF is clear: STI only says that the host would
 * take interrupts (V_INTR_MASKING), which then end the guest's run.  Until the
 * host's VMLOAD nothing may use GS.
 */
SYM_FUNC_START(svm_vmrun)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdx
	push	%rsi
	mov	%rdi, %rax

	mov	REGS_RCX(%rsi), %rcx
	mov	REGS_RDX(%rsi), %rdx
	mov	REGS_RBX(%rsi), %rbx
	mov	REGS_RBP(%rsi), %rbp
	mov	REGS_RDI(%rsi), %rdi
	mov	REGS_R8 + 0x00(%rsi), %r8
	mov	REGS_R8 + 0x08(%rsi), %r9
	mov	REGS_R8 + 0x10(%rsi), %r10
	mov	REGS_R8 + 0x18(%rsi), %r11
	mov	REGS_R8 + 0x20(%rsi), %r12
	mov	REGS_R8 + 0x28(%rsi), %r13
	mov	REGS_R8 + 0x30(%rsi), %r14
	mov	REGS_R8 + 0x38(%rsi), %r15
	mov	REGS_RSI(%rsi), %rsi

	VM_CLEAR_CPU_BUFFERS
	sti			/* its shadow must end before VMRUN: some emulators keep it */
	vmload	%rax
	vmrun	%rax
	cli
	vmsave	%rax

	xchg	%rsi, (%rsp)
	mov	%rcx, REGS_RCX(%rsi)
	mov	%rdx, REGS_RDX(%rsi)
	mov	%rbx, REGS_RBX(%rsi)
	mov	%rbp, REGS_RBP(%rsi)
	mov	%rdi, REGS_RDI(%rsi)
	mov	%r8,  REGS_R8 + 0x00(%rsi)
	mov	%r9,  REGS_R8 + 0x08(%rsi)
	mov	%r10, REGS_R8 + 0x10(%rsi)
	mov	%r11, REGS_R8 + 0x18(%rsi)
	mov	%r12, REGS_R8 + 0x20(%rsi)
	mov	%r13, REGS_R8 + 0x28(%rsi)
	mov	%r14, REGS_R8 + 0x30(%rsi)
	mov	%r15, REGS_R8 + 0x38(%rsi)
	pop	%rcx
	mov	%rcx, REGS_RSI(%rsi)
	pop	%rax
	vmload	%rax
	/* before the first return, which is not to be predicted by the guest's calls */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT
	RS_UNTRAIN_RETURNS

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
SYM_FUNC_END(svm_vmrun)

.section .note.GNU-stack, "", @progbits
