/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU's VMX can do, what is made of it, and why an entry failed.  Pure.
 */
#ifndef ROOTSTOCK_VMX_CONTROLS_H
#define ROOTSTOCK_VMX_CONTROLS_H

#include "rs_types.h"

/**
 * struct vmx_capabilities - what the capability MSRs say (SDM3 appendix A)
 * @pin:   and those below: what must be 1 in bits 31:0, what may be in bits 63:32; the true
 *         ones where the CPU has them
 * @perf:  there are performance counters with a global control
 */
struct vmx_capabilities {
	u64 basic;
	u64 pin;
	u64 proc;
	u64 proc2;
	u64 exit;
	u64 entry;
	u64 ept_vpid;
	u64 cr0_fixed0;
	u64 cr4_fixed0;
	bool perf;
};

/**
 * struct vmx_controls - what is used
 * @level:   highest at which second-level tables may have leaves
 * @vpid:    translations are tagged
 * @single:  INVEPT takes a root
 * @ple:     pauses in a loop exit
 * @encls:   ENCLS exits
 * @perf:    performance counters stand still in a guest
 */
struct vmx_controls {
	u32 pin;
	u32 proc;
	u32 proc2;
	u32 exit;
	u32 entry;
	unsigned int level;
	bool vpid;
	bool single;
	bool ple;
	bool encls;
	bool perf;
};

/* Fills in @controls; NULL, or what the CPU lacks that is needed. */
const char *vmx_choose(const struct vmx_capabilities *caps, struct vmx_controls *controls);

/* Why an entry failed: @error of the instruction, or 0 and @reason and @qualification. */
const char *vmx_failure(u32 error, u32 reason, u64 qualification);

#endif
