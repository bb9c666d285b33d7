// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of a VP: gathers what the pure filter needs.  Owner only.
 */
#include <asm/processor.h>
#include <asm/processor-flags.h>
#include <asm/tsc.h>

#include "cpuid_filter.h"
#include "hv.h"

#define LEAF_POWER		0x80000007u
#define INVARIANT_TSC		BIT(8)

static void host_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	cpuid_count(leaf, subleaf, &out[RS_EAX], &out[RS_EBX], &out[RS_ECX], &out[RS_EDX]);
	/* the kernel may know better than the CPU */
	if (leaf == LEAF_POWER && check_tsc_unstable())
		out[RS_EDX] &= ~INVARIANT_TSC;
}

/* Where the guest may ask for it, it has to (TLFS HV_X64_MSR_TSC_INVARIANT_CONTROL). */
static bool shows_invariant_tsc(const struct rs_partition *partition)
{
	return !(READ_ONCE(partition->privileges) & HV_ACCESS_TSC_INVARIANT) ||
	       READ_ONCE(partition->tsc_invariant) & HV_EXPOSE_INVARIANT_TSC;
}

/**
 * rs_privileges() - what a partition on this host can be allowed
 *
 * Return: HV_PARTITION_PRIVILEGE_MASK
 */
u64 rs_privileges(void)
{
	u32 out[4];

	host_cpuid(LEAF_POWER, 0, out);
	return out[RS_EDX] & INVARIANT_TSC ? RS_PRIVILEGES :
					     RS_PRIVILEGES & ~(u64)HV_ACCESS_TSC_INVARIANT;
}

static bool host_is_amd(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
	       boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
}

/**
 * rs_cpuid() - CPUID for the guest
 * @vp:      owner only
 * @leaf:    EAX
 * @subleaf: ECX
 * @out:     EAX, EBX, ECX, EDX
 */
void rs_cpuid(struct rs_vp *vp, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct rs_cpuid_guest guest = {
		.host = host_cpuid,
		.vp_index = vp->index,
		.vp_count = vp->partition->vp_count,
		.vp_max = RS_MAX_VPS,
		.amd = host_is_amd(),
		.apic_enabled = rs_lapic_enabled(&vp->lapic),
		.osxsave = rs_vp_reg64(vp, HV_X64_REGISTER_CR4) & X86_CR4_OSXSAVE,
		.xcr0 = vp->xcr0,
		.xcr0_allowed = rs_xcr0_supported(),
		.privileges = READ_ONCE(vp->partition->privileges),
		.invariant_tsc = shows_invariant_tsc(vp->partition),
	};

	rs_cpuid_filter(&guest, leaf, subleaf, out);
}
