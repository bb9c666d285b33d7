// SPDX-License-Identifier: GPL-2.0-only
/*
 * SVM exit codes into neutral exits (APM2 §15.6-15.16, appendix C).
 *
 * Instruction lengths come from nRIP where the CPU saves it, else from the bytes
 * (common code); an I/O exit always carries the next RIP.
 */
#include <asm/traps.h>

#include "svm/svm.h"

static u8 instruction_length(const struct vmcb *vmcb)
{
	u64 length = vmcb->nrip - vmcb->rip;

	return svm_features.nrip && length <= 15 ? length : 0;
}

/* ---- exits with more to tell than their kind */

static void decode_io(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	u64 info = vmcb->exitinfo1;

	exit->length = vmcb->exitinfo2 - vmcb->rip;
	exit->io.next_rip = vmcb->exitinfo2;
	exit->io.port = SVM_IO_PORT(info);
	exit->io.size = SVM_IO_SIZE(info);
	exit->io.address_size = SVM_IO_ADDRESS_SIZE(info);
	exit->io.segment = SVM_IO_SEGMENT(info);
	exit->io.in = info & SVM_IO_IN;
	exit->io.string = info & SVM_IO_STRING;
	exit->io.rep = info & SVM_IO_REP;
}

static void decode_msr(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	exit->kind = vmcb->exitinfo1 ? RS_EXIT_WRMSR : RS_EXIT_RDMSR;
}

static void decode_npf(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	u64 info = vmcb->exitinfo1;

	exit->length = 0;
	exit->slat.gpa = vmcb->exitinfo2;
	exit->slat.write = info & SVM_NPF_WRITE;
	exit->slat.fetch = info & SVM_NPF_FETCH;
	exit->slat.present = info & SVM_NPF_PRESENT;
	exit->slat.walk = info & SVM_NPF_WALK;
	exit->slat.byte_count = 0;
	if (!svm_features.decode_assists)
		return;
	exit->slat.byte_count = min_t(u8, vmcb->fetched_bytes & 15, 15);
	memcpy(exit->slat.bytes, vmcb->instruction_bytes, 15);
}

static void decode_cr(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	bool valid = svm_features.decode_assists && vmcb->exitinfo1 & SVM_CR_VALID;

	exit->cr.number = vmcb->exitcode & 15;
	exit->cr.gpr = valid ? vmcb->exitinfo1 & 15 : -1;
}

/* The guest uses its debug registers: give it the real ones, and let it try again. */
static void decode_dr(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	svm_load_debug(to_svm(vp), true);
}

static void decode_iret(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	struct svm_vp *svm = to_svm(vp);

	svm->vmcb->intercept_misc1 &= ~SVM_INTERCEPT_IRET;
	svm->iret_pending = true;
	svm->iret_rip = vmcb->rip;
}

/* DR6 is as the guest is to find it.  The end of a step of ours is none of its business. */
static void decode_debug(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	struct svm_vp *svm = to_svm(vp);

	if (svm->stepped && !svm->step_tf &&
	    !(vmcb->dr6 & (DR_TRAP0 | DR_TRAP1 | DR_TRAP2 | DR_TRAP3))) {
		svm->vmcb->dr6 &= ~(u64)DR_STEP;
		return;
	}
	svm->vmcb->dr7 &= ~(u64)SVM_DR7_GD;
	rs_vp_reflect_exception(vp, X86_TRAP_DB, false, 0);
}

static void decode_alignment(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit)
{
	rs_vp_reflect_exception(vp, X86_TRAP_AC, true, vmcb->exitinfo1);
}

/* A machine check while the guest ran is the host's. */
static void decode_machine_check(struct rs_vp *vp, const struct vmcb *vmcb,
				 struct rs_exit *exit)
{
	rs_machine_check();
}

static const struct {
	u8 kind;
	void (*decode)(struct rs_vp *vp, const struct vmcb *vmcb, struct rs_exit *exit);
} decode_table[] = {
	[SVM_EXIT_CR_READ0 ... SVM_EXIT_CR_READ15] = { RS_EXIT_CR_READ, decode_cr },
	[SVM_EXIT_CR_WRITE0 ... SVM_EXIT_CR_WRITE15] = { RS_EXIT_CR_WRITE, decode_cr },
	[SVM_EXIT_DR_READ0 ... SVM_EXIT_DR_WRITE15] = { RS_EXIT_NONE, decode_dr },
	[SVM_EXIT_EXCEPTION_DB]	= { RS_EXIT_NONE, decode_debug },
	[SVM_EXIT_EXCEPTION_AC]	= { RS_EXIT_NONE, decode_alignment },
	[SVM_EXIT_EXCEPTION_MC]	= { RS_EXIT_NONE, decode_machine_check },
	[SVM_EXIT_INTR]		= { RS_EXIT_NONE },
	[SVM_EXIT_NMI]		= { RS_EXIT_NONE },
	[SVM_EXIT_SMI]		= { RS_EXIT_NONE },
	[SVM_EXIT_INIT]		= { RS_EXIT_NONE },
	[SVM_EXIT_VINTR]	= { RS_EXIT_INTERRUPT_WINDOW },
	[SVM_EXIT_RDPMC]	= { RS_EXIT_RDPMC },
	[SVM_EXIT_CPUID]	= { RS_EXIT_CPUID },
	[SVM_EXIT_IRET]		= { RS_EXIT_NONE, decode_iret },
	[SVM_EXIT_INVD]		= { RS_EXIT_CACHE },
	[SVM_EXIT_PAUSE]	= { RS_EXIT_PAUSE },
	[SVM_EXIT_HLT]		= { RS_EXIT_HLT },
	[SVM_EXIT_INVLPGA]	= { RS_EXIT_UNDEFINED },
	[SVM_EXIT_IOIO]		= { RS_EXIT_IO, decode_io },
	[SVM_EXIT_MSR]		= { RS_EXIT_RDMSR, decode_msr },
	[SVM_EXIT_SHUTDOWN]	= { RS_EXIT_TRIPLE_FAULT },
	[SVM_EXIT_VMRUN]	= { RS_EXIT_UNDEFINED },
	[SVM_EXIT_VMMCALL]	= { RS_EXIT_HYPERCALL },
	[SVM_EXIT_VMLOAD ... SVM_EXIT_SKINIT] = { RS_EXIT_UNDEFINED },
	[SVM_EXIT_WBINVD]	= { RS_EXIT_CACHE },
	[SVM_EXIT_MONITOR ... SVM_EXIT_MWAIT_ARMED] = { RS_EXIT_UNDEFINED },
	[SVM_EXIT_XSETBV]	= { RS_EXIT_XSETBV },
	[SVM_EXIT_RDPRU]	= { RS_EXIT_UNDEFINED },
	[SVM_EXIT_NPF]		= { RS_EXIT_SLAT_FAULT, decode_npf },
};

/* Unless breakpoints are set, an exit for anything else ends the use of debug registers. */
static void unload_debug(struct svm_vp *svm, u64 code)
{
	bool debug_access = code >= SVM_EXIT_DR_READ0 && code <= SVM_EXIT_DR_WRITE15;

	if (svm->debug_loaded && !debug_access && code != SVM_EXIT_INTR &&
	    !(svm->vmcb->dr7 & 0xff))
		svm_load_debug(svm, false);
}

void svm_decode(struct rs_vp *vp, struct rs_exit *exit)
{
	const struct vmcb *vmcb = to_svm(vp)->vmcb;
	u64 code = vmcb->exitcode;

	exit->hardware = code;
	exit->length = instruction_length(vmcb);
	unload_debug(to_svm(vp), code);
	if (code >= ARRAY_SIZE(decode_table)) {
		exit->kind = RS_EXIT_INVALID_STATE;
		/* QEMU says it in 32 bits */
		exit->invalid.why = (u32)code == (u32)SVM_EXIT_INVALID ? NULL : "unexpected exit";
		return;
	}
	exit->kind = decode_table[code].kind;
	if (decode_table[code].decode)
		decode_table[code].decode(vp, vmcb, exit);
}
