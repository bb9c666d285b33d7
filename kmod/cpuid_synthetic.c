// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's own CPUID leaves (TLFS "Hypervisor CPUID Leaf Range").  Pure.
 *
 * A bit stands here when, and only when, what it promises is in the tree;
 * Documentation/tlfs.md says where.  Not announced: statistics, debugging, nesting, VTLs.
 */
#include "cpuid_filter.h"

#define LEAF_MAX		HV_CPUID_NESTED_FEATURES
#define INTERFACE_HV1		0x31237648u	/* "Hv#1" */
/* Build, and major << 16 | minor: an interface level; Windows Server 2022's. */
#define VERSION_BUILD		20348u
#define VERSION_NUMBER		(10u << 16)
/* Spin so often before HvCallNotifyLongSpinWait. */
#define SPIN_RETRIES		0xfffu
#define HW_FEATURE_SLAT		BIT(3)

struct synthetic_leaf {
	u32 leaf;
	u32 out[4];
};

static const struct synthetic_leaf table[] = {
	/* "Microsoft Hv" */
	{ HV_CPUID_VENDOR_AND_MAX, { LEAF_MAX, 0x7263694d, 0x666f736f, 0x76482074 } },
	{ HV_CPUID_INTERFACE, { INTERFACE_HV1 } },
	{ HV_CPUID_VERSION, { VERSION_BUILD, VERSION_NUMBER } },
	{ HV_CPUID_FEATURES, {
		RS_PRIVILEGES_LOW, RS_PRIVILEGES_HIGH,
		0,
		HV_FEATURE_XMM_INPUT | HV_FEATURE_GUEST_IDLE | HV_FEATURE_FREQUENCY_MSRS |
		HV_FEATURE_GUEST_CRASH_MSRS | HV_FEATURE_EXTENDED_GVA_RANGES |
		HV_FEATURE_XMM_OUTPUT | HV_FEATURE_STIMER_DIRECT } },
	{ HV_CPUID_ENLIGHTENMENTS, {
		HV_RECOMMEND_FLUSH_REMOTE_TLB | HV_RECOMMEND_APIC_MSRS |
		HV_RECOMMEND_RELAXED_TIMING | HV_RECOMMEND_DEPRECATE_AUTO_EOI |
		HV_RECOMMEND_CLUSTER_IPI | HV_RECOMMEND_EX_PROCESSOR_MASKS,
		SPIN_RETRIES } },
	{ HV_CPUID_HW_FEATURES, { HW_FEATURE_SLAT } },
};

void rs_cpuid_synthetic(const struct rs_cpuid_guest *guest, u32 leaf, u32 out[4])
{
	unsigned int i;

	memset(out, 0, 4 * sizeof(*out));
	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].leaf == leaf)
			memcpy(out, table[i].out, sizeof(table[i].out));
	if (leaf == HV_CPUID_FEATURES) {
		out[RS_EAX] &= (u32)guest->privileges;
		out[RS_EBX] &= guest->privileges >> 32;
	}
	/* virtual and logical processors that a partition can have */
	if (leaf == HV_CPUID_LIMITS) {
		out[RS_EAX] = guest->vp_max;
		out[RS_EBX] = guest->vp_max;
	}
}
