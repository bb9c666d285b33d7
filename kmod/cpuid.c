// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of a VP: gathers what the pure filter needs.  Owner only.
 *
 * The host's own is read when the module loads: an answer takes several leaves, each takes a
 * CPU that serializes, and a root partition that is a guest itself an exit.
 *
 * What the root's kernel found broken, or was told to do without (clearcpuid=), no guest is
 * offered.
 */
#include <linux/init.h>
#include <asm/processor.h>
#include <asm/processor-flags.h>
#include <asm/tsc.h>

#include "cpuid_filter.h"
#include "hv.h"

#define LEAF_POWER		0x80000007u
#define INVARIANT_TSC		BIT(8)

#define LEAF_XSAVE		0xdu
#define EXTENDED		0x80000000u
#define LEAVES			0x22u		/* those that the filter knows, of either range */
#define COMPONENTS		32u		/* subleaves of LEAF_XSAVE */

static u32 basic[LEAVES][4] __ro_after_init;
static u32 extended[LEAVES][4] __ro_after_init;
static u32 xsave[COMPONENTS][4] __ro_after_init;

/* Registers that are words of features in the kernel. */
static const struct {
	u32 leaf;
	u8 subleaf;
	u8 reg;
	u8 word;
} feature_words[] = {
	{ 0x1, 0, RS_ECX, CPUID_1_ECX },
	{ 0x1, 0, RS_EDX, CPUID_1_EDX },
	{ 0x7, 0, RS_EBX, CPUID_7_0_EBX },
	{ 0x7, 0, RS_ECX, CPUID_7_ECX },
	{ 0x7, 0, RS_EDX, CPUID_7_EDX },
	{ LEAF_XSAVE, 1, RS_EAX, CPUID_D_1_EAX },
	{ EXTENDED + 1, 0, RS_ECX, CPUID_8000_0001_ECX },
	{ EXTENDED + 1, 0, RS_EDX, CPUID_8000_0001_EDX },
};

static void read_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	unsigned int i;

	cpuid_count(leaf, subleaf, &out[RS_EAX], &out[RS_EBX], &out[RS_ECX], &out[RS_EDX]);
	for (i = 0; i < ARRAY_SIZE(feature_words); i++)
		if (feature_words[i].leaf == leaf && feature_words[i].subleaf == subleaf)
			out[feature_words[i].reg] &=
				boot_cpu_data.x86_capability[feature_words[i].word];
}

/* Their subleaves differ, and are seldom asked for. */
static bool has_subleaves(u32 leaf)
{
	return leaf == 0x4 || leaf == 0x7 || leaf == 0xb || leaf == 0x1f ||
	       leaf == EXTENDED + 0x1d;
}

/* What was read of it; NULL: it was not. */
static const u32 *known(u32 leaf, u32 subleaf)
{
	if (leaf == LEAF_XSAVE)
		return subleaf < COMPONENTS ? xsave[subleaf] : NULL;
	if (has_subleaves(leaf) || (leaf & ~EXTENDED) >= LEAVES)
		return NULL;
	return leaf & EXTENDED ? extended[leaf & ~EXTENDED] : basic[leaf];
}

/* Before the first VP. */
void __init rs_cpuid_init(void)
{
	u32 i;

	for (i = 0; i < LEAVES; i++) {
		read_cpuid(i, 0, basic[i]);
		read_cpuid(EXTENDED + i, 0, extended[i]);
	}
	for (i = 0; i < COMPONENTS; i++)
		read_cpuid(LEAF_XSAVE, i, xsave[i]);
}

static void host_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	const u32 *copy = known(leaf, subleaf);

	if (copy)
		memcpy(out, copy, 4 * sizeof(*out));
	else
		read_cpuid(leaf, subleaf, out);
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
		/* a kernel may do without, and then neither CR4 nor XCR0 are as guests need them */
		.xcr0_allowed = boot_cpu_has(X86_FEATURE_XSAVE) ? rs_xcr0_supported() : 0,
		.privileges = READ_ONCE(vp->partition->privileges),
		.invariant_tsc = shows_invariant_tsc(vp->partition),
	};

	rs_cpuid_filter(&guest, leaf, subleaf, out);
}
