// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the CPU is the guest's only while it runs, and no control block switches: breakpoints and
 * XCR0 (SDM3 §18.2, §13.3).  And machine checks, which are the host's.
 *
 * Around an entry, interrupts off, but where a function says otherwise.
 */
#include <linux/hw_breakpoint.h>
#include <asm/debugreg.h>
#include <asm/fpu/xcr.h>
#include <asm/mce.h>
#include <asm/traps.h>

#include "hv.h"

/* The worker's own breakpoints must not fire at the guest's addresses: they may be ours. */
void rs_load_debug(struct rs_vp *vp)
{
	if (hw_breakpoint_active())
		set_debugreg(0, 7);	/* rs_restore_debug() undoes it */
	set_debugreg(vp->dr[0], 0);
	set_debugreg(vp->dr[1], 1);
	set_debugreg(vp->dr[2], 2);
	set_debugreg(vp->dr[3], 3);
}

void rs_save_debug(struct rs_vp *vp)
{
	get_debugreg(vp->dr[0], 0);
	get_debugreg(vp->dr[1], 1);
	get_debugreg(vp->dr[2], 2);
	get_debugreg(vp->dr[3], 3);
}

/* An exit clears DR7. */
void rs_restore_debug(void)
{
	if (hw_breakpoint_active())
		hw_breakpoint_restore();
}

/* Linux has the same on all CPUs, and never changes it. */
static u64 host_xcr0 __ro_after_init;

void __init rs_cpu_init(void)
{
	if (boot_cpu_has(X86_FEATURE_XSAVE))
		host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
}

/* For a guest with CR4.OSXSAVE, which the CPU has then. */
void rs_load_xcr0(struct rs_vp *vp)
{
	if (host_xcr0 != vp->xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, vp->xcr0);
}

/* XSETBV exits, but not on every emulator: what the guest left there is what it has. */
void rs_save_xcr0(struct rs_vp *vp)
{
	u64 guest = xgetbv(XCR_XFEATURE_ENABLED_MASK);

	if (guest != host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, host_xcr0);
	if (unlikely(guest != vp->xcr0))
		vp->xcr0 = (guest & rs_xcr0_supported()) | XFEATURE_MASK_FP;
}

/**
 * rs_machine_check() - the CPU had one while a guest ran
 *
 * Context: interrupts on, preemption off.
 */
void rs_machine_check(void)
{
	struct pt_regs regs = {
		.cs = 3,		/* as from user mode: it need not be fatal */
		.flags = X86_EFLAGS_IF,
	};

	do_machine_check(&regs);
}
