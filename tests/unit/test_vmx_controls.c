// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/vmx/controls.c */
/*
 * VMX control words out of capability MSRs, refusals that name what is missing, and why an entry
 * failed in words.
 */
#include <string.h>

#include "suite.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

/* A Skylake server's. */
static const struct vmx_capabilities skylake = {
	.basic = 0x00da040000000004,
	.pin = 0x000000ff00000016,
	.proc = 0xfff9fffe04006172,
	.proc2 = 0x0253dfff00000000,
	.exit = 0x01ffffff00036dfb,
	.entry = 0x0003ffff000011fb,
	.ept_vpid = 0x00000f0106734141,
	.cr0_fixed0 = 0x80000021,
	.cr4_fixed0 = 0x2000,
	.perf = true,
};

static struct vmx_capabilities caps;
static struct vmx_controls controls;

static void setup(void)
{
	caps = skylake;
	memset(&controls, 0, sizeof(controls));
}

START_TEST(chooses)
{
	ck_assert_ptr_null(vmx_choose(&caps, &controls));
	ck_assert_uint_eq(controls.pin, 0x16 | VMX_PIN_INTERRUPTS | VMX_PIN_NMIS |
			  VMX_PIN_VIRTUAL_NMIS);
	ck_assert(controls.proc & VMX_PROC_SECONDARY);
	ck_assert(!(controls.proc & (VMX_PROC_CR3_LOAD | VMX_PROC_CR3_STORE)));
	/* these are asked for when they are needed */
	ck_assert(!(controls.proc & (VMX_PROC_WINDOW | VMX_PROC_NMI_WINDOW | VMX_PROC_MOV_DR)));
	ck_assert(controls.proc2 & VMX_PROC2_UNRESTRICTED);
	ck_assert(controls.vpid && controls.single && controls.ple && controls.encls);
	ck_assert(controls.perf && controls.exit & VMX_EXIT_PERF_CTL &&
		  controls.entry & VMX_ENTRY_PERF_CTL);
	ck_assert_uint_eq(controls.level, 2);
}
END_TEST

/* What the CPU says must be 1 is, what may not be is not. */
START_TEST(obeys)
{
	ck_assert_ptr_null(vmx_choose(&caps, &controls));
	ck_assert_uint_eq(controls.pin & (uint32_t)caps.pin, (uint32_t)caps.pin);
	ck_assert_uint_eq(controls.pin & ~(caps.pin >> 32), 0);
	ck_assert_uint_eq(controls.proc & (uint32_t)caps.proc, (uint32_t)caps.proc);
	ck_assert_uint_eq(controls.proc & ~(caps.proc >> 32), 0);
	ck_assert_uint_eq(controls.proc2 & ~(caps.proc2 >> 32), 0);
	ck_assert_uint_eq(controls.exit & ~(caps.exit >> 32), 0);
	ck_assert_uint_eq(controls.entry & ~(caps.entry >> 32), 0);
}
END_TEST

static void lacks(uint64_t *word, uint64_t bits, const char *name)
{
	uint64_t saved = *word;

	*word &= ~(bits << 32);
	ck_assert_ptr_nonnull(vmx_choose(&caps, &controls));
	ck_assert_str_eq(vmx_choose(&caps, &controls), name);
	*word = saved;
	ck_assert_ptr_null(vmx_choose(&caps, &controls));
}

START_TEST(names_what_is_missing)
{
	lacks(&caps.proc2, VMX_PROC2_EPT, "extended page tables (EPT)");
	lacks(&caps.proc2, VMX_PROC2_UNRESTRICTED, "unrestricted guest");
	lacks(&caps.proc, VMX_PROC_SECONDARY, "secondary controls");
	lacks(&caps.pin, VMX_PIN_VIRTUAL_NMIS, "virtual NMIs");
	lacks(&caps.proc, VMX_PROC_TPR_SHADOW, "a TPR shadow");
	lacks(&caps.exit, VMX_EXIT_SAVE_EFER, "switching of EFER");
	lacks(&caps.entry, VMX_ENTRY_LOAD_PAT, "switching of PAT");
	caps.proc |= VMX_PROC_CR3_LOAD;
	ck_assert_str_eq(vmx_choose(&caps, &controls), "CR3 without exits");
	caps = skylake;
	caps.ept_vpid &= ~VMX_EPT_INVEPT;
	ck_assert_str_eq(vmx_choose(&caps, &controls), "INVEPT");
	caps.ept_vpid = VMX_EPT_INVEPT | VMX_EPT_INVEPT_ALL;
	ck_assert_str_eq(vmx_choose(&caps, &controls), "write-back EPT of four levels");
}
END_TEST

/* A CPU of the first generation with unrestricted guest: less of everything. */
START_TEST(does_without)
{
	caps.proc2 = (uint64_t)(VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED | VMX_PROC2_VPID) << 32;
	caps.ept_vpid = VMX_EPT_WALK_4 | VMX_EPT_WRITE_BACK | VMX_EPT_INVEPT |
			VMX_EPT_INVEPT_ALL;
	caps.exit &= ~((uint64_t)VMX_EXIT_PERF_CTL << 32);
	ck_assert_ptr_null(vmx_choose(&caps, &controls));
	ck_assert_uint_eq(controls.level, 0);
	ck_assert(!controls.single && !controls.ple && !controls.encls && !controls.perf);
	ck_assert(!(controls.entry & VMX_ENTRY_PERF_CTL));
	/* VPIDs are of no use without a way to make them new */
	ck_assert(!controls.vpid && !(controls.proc2 & VMX_PROC2_VPID));
	caps.ept_vpid |= VMX_EPT_2M;
	vmx_choose(&caps, &controls);
	ck_assert_uint_eq(controls.level, 1);
}
END_TEST

START_TEST(failures_have_names)
{
	uint32_t bad_state = VMX_REASON_FAILED | VMX_REASON_BAD_STATE;

	ck_assert_ptr_null(vmx_failure(0, VMX_REASON_CPUID, 0));
	ck_assert_str_eq(vmx_failure(7, 0, 0), "invalid control fields");
	ck_assert_str_eq(vmx_failure(8, bad_state, 0), "invalid host state");
	ck_assert_str_eq(vmx_failure(0, bad_state, 0), "invalid guest state");
	ck_assert_str_eq(vmx_failure(0, bad_state, 2), "invalid page directory pointer");
	ck_assert_str_eq(vmx_failure(0, VMX_REASON_FAILED | VMX_REASON_BAD_MACHINE, 0),
			 "machine check");
	ck_assert_str_eq(vmx_failure(0, VMX_REASON_FAILED | VMX_REASON_BAD_MSR, 1),
			 "invalid MSR");
}
END_TEST

/* Whatever the CPU says: a string. */
START_TEST(unknown_failures)
{
	uint32_t i;

	for (i = 1; i < 64; i++) {
		ck_assert_ptr_nonnull(vmx_failure(i, 0, 0));
		ck_assert_ptr_nonnull(vmx_failure(0, VMX_REASON_FAILED | i, i));
	}
	ck_assert_str_eq(vmx_failure(~0u, 0, 0), "unknown");
	ck_assert_str_eq(vmx_failure(0, VMX_REASON_FAILED | VMX_REASON_BAD_STATE, ~0ull),
			 "unknown");
	ck_assert_str_eq(vmx_failure(0, ~0u, ~0ull), "unknown");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		chooses, obeys, names_what_is_missing, does_without, failures_have_names,
		unknown_failures,
	};

	return run_suite("vmx_controls", tests, ARRAY_SIZE(tests), setup);
}
