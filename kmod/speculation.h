/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done about speculation around an entry into a guest, for both backends.  Each part is
 * patched in, or not, by what Linux decided for this CPU: where none is needed there are NOPs.
 * Documentation/security.md lists which fault of a CPU needs what.
 */
#ifndef ROOTSTOCK_SPECULATION_H
#define ROOTSTOCK_SPECULATION_H

#ifndef __ASSEMBLY__
#include <linux/percpu.h>
#include <asm/cpufeature.h>
#endif
#include <asm/nospec-branch.h>

#ifdef __ASSEMBLY__

/* Before 6.5 the two parts come apart.  RAX, RCX and RDX are lost. */
.macro RS_UNTRAIN_RETURNS
#ifdef UNTRAIN_RET_VM
	UNTRAIN_RET_VM
#else
	UNTRAIN_RET
	ALTERNATIVE "", "call entry_ibpb", X86_FEATURE_IBPB_ON_VMEXIT
#endif
.endm

#else

/* A guest has run: user mode is not to be steered by its branches (VMSCAPE). */
static inline void rs_after_guest(void)
{
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
}

#endif
#endif
