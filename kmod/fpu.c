// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's XMM registers.  While the VP's owner is in rs_vp_run() they are in the CPU, or
 * on their way there; else in the VP's FPU image.
 */
#include <asm/fpu/api.h>
#include <asm/fpu/sched.h>
#include <asm/fpu/types.h>

#include "hv.h"
#include "rs_compat.h"

#define MXCSR_RESET	0x1f80u
#define XMM_SIZE	16u

static bool fpu_is_live(struct rs_vp *vp)
{
	return rs_current_fpstate() == vp->fpu.fpstate;
}

/* The stack is aligned to 8 bytes, the image must be to 16. */
struct fx_buffer {
	u8 bytes[sizeof(struct fxregs_state) + 15];
};

static struct fxregs_state *fx_image(struct fx_buffer *buffer)
{
	return (struct fxregs_state *)PTR_ALIGN((u8 *)buffer->bytes, 16);
}

/* Upper halves of YMM, and what is beyond, stay as they are (SDM2 FXRSTOR). */
static void live_xmm(u8 *bytes, unsigned int first, unsigned int count, bool write)
{
	struct fx_buffer buffer;
	struct fxregs_state *fx = fx_image(&buffer);
	u8 *registers = (u8 *)fx->xmm_space + first * XMM_SIZE;

	fpregs_lock();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
	asm volatile("fxsaveq %0" : "=m" (*fx));
	if (write) {
		memcpy(registers, bytes, count * XMM_SIZE);
		asm volatile("fxrstorq %0" : : "m" (*fx));
	} else {
		memcpy(bytes, registers, count * XMM_SIZE);
	}
	fpregs_unlock();
}

/* Init state is zero, whatever the bytes are (SDM1 §13.6): make them so. */
static u8 *image_xmm(struct rs_vp *vp)
{
	union fpregs_state *regs = &vp->fpu.fpstate->regs;

	if (cpu_feature_enabled(X86_FEATURE_XSAVE) &&
	    !(regs->xsave.header.xfeatures & XFEATURE_MASK_SSE)) {
		memset(regs->fxsave.xmm_space, 0, sizeof(regs->fxsave.xmm_space));
		regs->fxsave.mxcsr = MXCSR_RESET;
		regs->xsave.header.xfeatures |= XFEATURE_MASK_SSE;
	}
	return (u8 *)regs->fxsave.xmm_space;
}

/**
 * rs_vp_read_xmm() - copy XMM registers out
 * @vp:    owner only
 * @words: two for each register
 * @first: 0..15
 * @count: registers; @first + @count is 16 at most
 */
void rs_vp_read_xmm(struct rs_vp *vp, u64 *words, unsigned int first, unsigned int count)
{
	if (fpu_is_live(vp))
		live_xmm((u8 *)words, first, count, false);
	else
		memcpy(words, image_xmm(vp) + first * XMM_SIZE, count * XMM_SIZE);
}

/**
 * rs_vp_write_xmm() - set XMM registers
 * @vp:    owner only
 * @words: two for each register
 * @first: 0..15
 * @count: registers; @first + @count is 16 at most
 */
void rs_vp_write_xmm(struct rs_vp *vp, const u64 *words, unsigned int first, unsigned int count)
{
	if (fpu_is_live(vp))
		live_xmm((u8 *)words, first, count, true);
	else
		memcpy(image_xmm(vp) + first * XMM_SIZE, words, count * XMM_SIZE);
}
