// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX exit reasons into neutral exits (SDM3 §28.2, appendix C).
 */
#include <linux/hw_breakpoint.h>
#include <asm/debugreg.h>
#include <asm/traps.h>

#include "vmx/vmx.h"

/* The host's business. */
static void decode_nothing(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
}

/* ---- exits with more to tell than their kind */

static void decode_io(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
	u64 q = vmx->qualification;
	u32 info;

	exit->io.next_rip = vmx->rip + exit->length;
	exit->io.port = VMX_IO_PORT(q);
	exit->io.size = VMX_IO_SIZE(q);
	exit->io.in = q & VMX_IO_IN;
	exit->io.string = q & VMX_IO_STRING;
	exit->io.rep = q & VMX_IO_REP;
	if (!exit->io.string)
		return;
	info = vmcs_read(VMCS_EXIT_INFO);
	exit->io.address_size = VMX_IO_ADDRESS_SIZE(info);
	exit->io.segment = VMX_IO_SEGMENT(info);
}

static void decode_ept(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
	u64 q = vmx->qualification;

	exit->slat.gpa = vmcs_read(VMCS_GPA);
	exit->slat.write = q & VMX_EPT_WRITE;
	exit->slat.fetch = q & VMX_EPT_FETCH;
	exit->slat.present = q & VMX_EPT_RIGHTS;
	exit->slat.walk = !(q & VMX_EPT_LINEAR) || !(q & VMX_EPT_TRANSLATED);
	exit->slat.byte_count = 0;
}

static void decode_cr(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
	u64 q = vmx->qualification;

	exit->cr.number = VMX_CR_NUMBER(q);
	exit->cr.gpr = VMX_CR_GPR(q);
	/* CLTS, LMSW, and MOV from what has a shadow do not exit */
	if (WARN_ON_ONCE(VMX_CR_ACCESS(q) != VMX_CR_MOV_TO))
		exit->kind = RS_EXIT_UNDEFINED;
}

/* The guest uses its debug registers: give it the real ones, and let it try again. */
static void decode_dr(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
	vmx_load_debug(vmx, true);
}

static void decode_task_switch(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
	struct rs_event event = rs_event_of(vmcs_read(VMCS_VECTORING_EVENT),
					    vmcs_read(VMCS_VECTORING_ERROR));

	exit->task.selector = VMX_TASK_SELECTOR(vmx->qualification);
	exit->task.source = VMX_TASK_SOURCE(vmx->qualification);
	/* an event that goes through a task gate is delivered by the switch */
	exit->task.event = event.valid && event.type < HV_INTERRUPTION_SOFTWARE;
	exit->task.has_error = event.valid && event.has_error;
	exit->task.error = event.error;
	if (exit->task.event && event.type == HV_INTERRUPTION_NMI)
		vmx->blocking |= VMX_BLOCKING_NMI;
}

/* ---- exceptions: those that could keep a CPU busy for ever, and the host's */

/* The CPU tells what it would have put into DR6 and DR7 (SDM3 §28.2.1). */
static void decode_debug(struct rs_vp *vp, struct vmx_vp *vmx)
{
	vmx->dr6 = (vmx->dr6 & ~(u64)DR_TRAP_BITS) | (vmx->qualification & VMX_DEBUG_BITS);
	vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~VMX_DR7_GD);
	if (RS_EVENT_TYPE(vmx->event) == VMX_EVENT_ICEBP)
		vp->regs.rip += vmcs_read(VMCS_EXIT_LENGTH);
	rs_vp_reflect_exception(vp, X86_TRAP_DB, false, 0);
}

static void decode_exception(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit)
{
	if (RS_EVENT_TYPE(vmx->event) == HV_INTERRUPTION_NMI)
		return;			/* taken already */
	if (vmx->event & VMX_EVENT_NMI_UNMASKED && !vp->event.valid)
		vmx->blocking |= VMX_BLOCKING_NMI;
	switch (RS_EVENT_VECTOR(vmx->event)) {
	case X86_TRAP_DB:
		decode_debug(vp, vmx);
		break;
	case X86_TRAP_AC:
		rs_vp_reflect_exception(vp, X86_TRAP_AC, true,
					vmcs_read(VMCS_EXIT_ERROR_CODE));
		break;
	case X86_TRAP_MC:
		rs_machine_check();	/* it is the host's */
		break;
	}
}

/* @length: the CPU says how long the instruction is.  What is not here is no exit of ours */
static const struct {
	u8 kind;
	bool length;
	void (*decode)(struct rs_vp *vp, struct vmx_vp *vmx, struct rs_exit *exit);
} decode_table[] = {
	[VMX_REASON_EXCEPTION]	= { RS_EXIT_NONE, false, decode_exception },
	[VMX_REASON_INTERRUPT]	= { RS_EXIT_NONE, false, decode_nothing },
	[VMX_REASON_TRIPLE_FAULT] = { RS_EXIT_TRIPLE_FAULT },
	[VMX_REASON_INIT ... VMX_REASON_WINDOW - 1] = { RS_EXIT_NONE, false, decode_nothing },
	[VMX_REASON_WINDOW]	= { RS_EXIT_INTERRUPT_WINDOW },
	[VMX_REASON_NMI_WINDOW]	= { RS_EXIT_INTERRUPT_WINDOW },
	[VMX_REASON_TASK_SWITCH] = { RS_EXIT_TASK_SWITCH, true, decode_task_switch },
	[VMX_REASON_CPUID]	= { RS_EXIT_CPUID, true },
	[VMX_REASON_GETSEC]	= { RS_EXIT_UNDEFINED },
	[VMX_REASON_HLT]	= { RS_EXIT_HLT, true },
	[VMX_REASON_INVD]	= { RS_EXIT_CACHE, true },
	[VMX_REASON_RDPMC]	= { RS_EXIT_RDPMC },
	[VMX_REASON_VMCALL]	= { RS_EXIT_HYPERCALL, true },
	[VMX_REASON_VMCLEAR ... VMX_REASON_VMXON] = { RS_EXIT_UNDEFINED },
	[VMX_REASON_CR]		= { RS_EXIT_CR_WRITE, true, decode_cr },
	[VMX_REASON_DR]		= { RS_EXIT_NONE, false, decode_dr },
	[VMX_REASON_IO]		= { RS_EXIT_IO, true, decode_io },
	[VMX_REASON_RDMSR]	= { RS_EXIT_RDMSR, true },
	[VMX_REASON_WRMSR]	= { RS_EXIT_WRMSR, true },
	[VMX_REASON_MWAIT]	= { RS_EXIT_UNDEFINED },
	[VMX_REASON_MONITOR]	= { RS_EXIT_UNDEFINED },
	[VMX_REASON_PAUSE]	= { RS_EXIT_PAUSE, true },
	[VMX_REASON_EPT]	= { RS_EXIT_SLAT_FAULT, false, decode_ept },
	[VMX_REASON_INVEPT]	= { RS_EXIT_UNDEFINED },
	[VMX_REASON_INVVPID]	= { RS_EXIT_UNDEFINED },
	[VMX_REASON_WBINVD]	= { RS_EXIT_CACHE, true },
	[VMX_REASON_XSETBV]	= { RS_EXIT_XSETBV, true },
	[VMX_REASON_VMFUNC]	= { RS_EXIT_UNDEFINED },
	[VMX_REASON_ENCLS]	= { RS_EXIT_UNDEFINED },
};

/* Unless breakpoints are set, an exit for anything else ends the use of debug registers. */
static void unload_debug(struct vmx_vp *vmx, u16 reason)
{
	if (vmx->debug_loaded && reason != VMX_REASON_DR && reason != VMX_REASON_INTERRUPT &&
	    !(vmcs_read(VMCS_GUEST_DR7) & 0xff))
		vmx_load_debug(vmx, false);
}

static void decode_failure(struct vmx_vp *vmx, struct rs_exit *exit)
{
	exit->kind = RS_EXIT_INVALID_STATE;
	exit->hardware = vmx->error ? BIT_ULL(32) | vmx->error : vmx->reason;
	exit->invalid.why = vmx_failure(vmx->error, vmx->reason, vmx->qualification);
	if (!vmx->error && VMX_REASON_BASIC(vmx->reason) == VMX_REASON_BAD_MACHINE)
		rs_machine_check();
}

void vmx_decode(struct rs_vp *vp, struct rs_exit *exit)
{
	struct vmx_vp *vmx = to_vmx(vp);
	u16 reason = VMX_REASON_BASIC(vmx->reason);

	exit->hardware = reason;
	exit->length = 0;
	if (unlikely(vmx->error || vmx->reason & VMX_REASON_FAILED)) {
		decode_failure(vmx, exit);
		return;
	}
	unload_debug(vmx, reason);
	if (reason >= ARRAY_SIZE(decode_table) ||
	    (!decode_table[reason].kind && !decode_table[reason].decode)) {
		exit->kind = RS_EXIT_INVALID_STATE;
		exit->invalid.why = "unexpected exit";
		return;
	}
	exit->kind = decode_table[reason].kind;
	/* these reach far into the host (l1d.c) */
	vmx->flush_l1d |= exit->kind == RS_EXIT_SLAT_FAULT || exit->kind == RS_EXIT_HYPERCALL;
	if (decode_table[reason].length)
		exit->length = vmcs_read(VMCS_EXIT_LENGTH);
	if (decode_table[reason].decode)
		decode_table[reason].decode(vp, vmx, exit);
}
