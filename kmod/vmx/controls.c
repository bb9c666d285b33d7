// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control words out of the capability MSRs (SDM3 §25.6-25.8, appendix A), and the names of what
 * may be missing or wrong (SDM3 §27.8, §31.4).  Pure.
 */
#include "vmx/controls.h"
#include "vmx/vmcs.h"

enum word { PIN, PROC, PROC2, EXIT, ENTRY, WORDS };

/* Without these we do not run. */
static const struct {
	enum word word;
	u32 bits;
	const char *name;
} required[] = {
	{ PIN, VMX_PIN_INTERRUPTS | VMX_PIN_NMIS, "exits for interrupts and NMIs" },
	{ PIN, VMX_PIN_VIRTUAL_NMIS, "virtual NMIs" },
	{ PROC, VMX_PROC_SECONDARY, "secondary controls" },
	{ PROC2, VMX_PROC2_EPT, "extended page tables (EPT)" },
	{ PROC2, VMX_PROC2_UNRESTRICTED, "unrestricted guest" },
	{ PROC, VMX_PROC_WINDOW | VMX_PROC_NMI_WINDOW, "interrupt windows" },
	{ PROC, VMX_PROC_TSC_OFFSET, "TSC offsetting" },
	{ PROC, VMX_PROC_CR8_LOAD | VMX_PROC_TPR_SHADOW, "a TPR shadow" },
	{ PROC, VMX_PROC_MSR_BITMAP, "MSR bitmaps" },
	{ PROC, VMX_PROC_HLT | VMX_PROC_MWAIT | VMX_PROC_MONITOR | VMX_PROC_RDPMC |
		VMX_PROC_MOV_DR | VMX_PROC_IO, "exits for instructions" },
	{ EXIT, VMX_EXIT_HOST_64, "64-bit hosts" },
	{ EXIT, VMX_EXIT_SAVE_EFER | VMX_EXIT_LOAD_EFER, "switching of EFER" },
	{ EXIT, VMX_EXIT_LOAD_PAT, "switching of PAT" },
	{ EXIT, VMX_EXIT_SAVE_DEBUG, "switching of debug controls" },
	{ ENTRY, VMX_ENTRY_LOAD_EFER, "switching of EFER" },
	{ ENTRY, VMX_ENTRY_LOAD_PAT, "switching of PAT" },
	{ ENTRY, VMX_ENTRY_LOAD_DEBUG, "switching of debug controls" },
};

/* These are used where they are. */
static const u32 optional[WORDS] = {
	[PROC2] = VMX_PROC2_VPID | VMX_PROC2_RDTSCP | VMX_PROC2_INVPCID | VMX_PROC2_WBINVD |
		  VMX_PROC2_PAUSE_LOOP | VMX_PROC2_ENCLS,
};

static bool allows(u64 capability, u32 bits)
{
	return !(bits & ~(capability >> 32));
}

static const char *missing_control(const u64 caps[WORDS])
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(required); i++)
		if (!allows(caps[required[i].word], required[i].bits))
			return required[i].name;
	if ((u32)caps[PROC] & (VMX_PROC_CR3_LOAD | VMX_PROC_CR3_STORE))
		return "CR3 without exits";
	return NULL;
}

static const char *missing_ept(u64 ept)
{
	if (!(ept & VMX_EPT_WALK_4) || !(ept & VMX_EPT_WRITE_BACK))
		return "write-back EPT of four levels";
	if (!(ept & VMX_EPT_INVEPT) || !(ept & (VMX_EPT_INVEPT_SINGLE | VMX_EPT_INVEPT_ALL)))
		return "INVEPT";
	return NULL;
}

/* What must be 1, what is needed, and of the rest what there is. */
static u32 choose_word(enum word word, u64 capability, u32 also)
{
	u32 bits = optional[word] | also;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(required); i++)
		if (required[i].word == word)
			bits |= required[i].bits;
	return (bits & (capability >> 32)) | (u32)capability;
}

static unsigned int leaf_level(u64 ept)
{
	if (!(ept & VMX_EPT_2M))
		return 0;
	return ept & VMX_EPT_1G ? 2 : 1;
}

/**
 * vmx_choose() - the control words
 * @caps:     of the CPU
 * @controls: filled in
 *
 * Windows are asked for when they are needed (run.c), as is MOV DR's exit: none of them is in
 * @controls->proc.
 *
 * Return: NULL, or the name of what the CPU lacks.
 */
const char *vmx_choose(const struct vmx_capabilities *caps, struct vmx_controls *controls)
{
	const u64 words[WORDS] = { caps->pin, caps->proc, caps->proc2, caps->exit, caps->entry };
	bool perf = caps->perf && allows(caps->exit, VMX_EXIT_PERF_CTL) &&
		    allows(caps->entry, VMX_ENTRY_PERF_CTL);
	bool vpid = caps->ept_vpid & VMX_VPID_INVVPID && caps->ept_vpid & VMX_VPID_INVVPID_ALL;
	const char *missing = missing_control(words);

	if (!missing)
		missing = missing_ept(caps->ept_vpid);
	if (missing)
		return missing;
	controls->pin = choose_word(PIN, caps->pin, 0);
	controls->proc = choose_word(PROC, caps->proc, 0) &
			 ~(u32)(VMX_PROC_WINDOW | VMX_PROC_NMI_WINDOW | VMX_PROC_MOV_DR);
	controls->proc2 = choose_word(PROC2, caps->proc2, 0) & ~(vpid ? 0u : VMX_PROC2_VPID);
	controls->exit = choose_word(EXIT, caps->exit, perf ? VMX_EXIT_PERF_CTL : 0);
	controls->entry = choose_word(ENTRY, caps->entry, perf ? VMX_ENTRY_PERF_CTL : 0);
	controls->level = leaf_level(caps->ept_vpid);
	controls->vpid = controls->proc2 & VMX_PROC2_VPID;
	controls->single = caps->ept_vpid & VMX_EPT_INVEPT_SINGLE;
	controls->ple = controls->proc2 & VMX_PROC2_PAUSE_LOOP;
	controls->encls = controls->proc2 & VMX_PROC2_ENCLS;
	controls->perf = perf;
	return NULL;
}

/* SDM3 §31.4, table 31-1: those that VMLAUNCH and VMRESUME have. */
static const char *const instruction_errors[] = {
	[4] = "VMLAUNCH of what was launched",
	[5] = "VMRESUME of what was not launched",
	[6] = "VMRESUME after VMXOFF",
	[7] = "invalid control fields",
	[8] = "invalid host state",
	[25] = "invalid executive pointer",
	[26] = "events blocked by MOV SS",
};

/* SDM3 §27.8: the qualification of a failure for the guest's state. */
static const char *const state_errors[] = {
	[0] = "invalid guest state",
	[2] = "invalid page directory pointer",
	[3] = "an NMI in the shadow of STI",
	[4] = "invalid link pointer",
};

static const char *lookup(const char *const *names, unsigned int count, u64 n)
{
	return n < count && names[n] ? names[n] : "unknown";
}

/**
 * vmx_failure() - why an entry failed, in words
 * @error:         VMCS_INSTRUCTION_ERROR when the instruction failed, else 0
 * @reason:        VMCS_EXIT_REASON
 * @qualification: VMCS_QUALIFICATION
 *
 * Return: a few words; NULL when @error is 0 and @reason is no failure of an entry.
 */
const char *vmx_failure(u32 error, u32 reason, u64 qualification)
{
	if (error)
		return lookup(instruction_errors, ARRAY_SIZE(instruction_errors), error);
	if (!(reason & VMX_REASON_FAILED))
		return NULL;
	switch (VMX_REASON_BASIC(reason)) {
	case VMX_REASON_BAD_STATE:
		return lookup(state_errors, ARRAY_SIZE(state_errors), qualification);
	case VMX_REASON_BAD_MSR:
		return "invalid MSR";
	case VMX_REASON_BAD_MACHINE:
		return "machine check";
	default:
		return "unknown";
	}
}
