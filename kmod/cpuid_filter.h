/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest sees of the host's CPUID, and the leaves that the hypervisor makes up.  Pure.
 */
#ifndef ROOTSTOCK_CPUID_FILTER_H
#define ROOTSTOCK_CPUID_FILTER_H

#include "rs_types.h"
#include "tlfs.h"

enum rs_cpuid_register { RS_EAX, RS_EBX, RS_ECX, RS_EDX };

/*
 * HV_PARTITION_PRIVILEGE_MASK, EBX << 32 | EAX of HV_CPUID_FEATURES: what a partition can have.
 * TSC invariance only on hosts that have it.
 */
#define RS_PRIVILEGES_LOW							\
	(HV_ACCESS_VP_RUNTIME | HV_ACCESS_TIME_REF_COUNT | HV_ACCESS_SYNIC |	\
	 HV_ACCESS_STIMER | HV_ACCESS_APIC | HV_ACCESS_HYPERCALL |		\
	 HV_ACCESS_VP_INDEX | HV_ACCESS_RESET | HV_ACCESS_REFERENCE_TSC |	\
	 HV_ACCESS_GUEST_IDLE | HV_ACCESS_FREQUENCY |				\
	 HV_ACCESS_REENLIGHTENMENT | HV_ACCESS_TSC_INVARIANT)
#define RS_PRIVILEGES_HIGH							\
	(HV_POST_MESSAGES | HV_SIGNAL_EVENTS | HV_ACCESS_VP_REGISTERS |		\
	 HV_ENABLE_EXTENDED_HYPERCALLS | HV_START_VIRTUAL_PROCESSOR)
#define RS_PRIVILEGES	((u64)RS_PRIVILEGES_HIGH << 32 | RS_PRIVILEGES_LOW)

/**
 * struct rs_cpuid_guest - the VP that asks
 * @host:         CPUID of the host's CPU
 * @vp_index:     also the APIC ID
 * @vp_count:     1..RS_MAX_VPS, cores of one package
 * @vp_max:       what a partition may have
 * @amd:          the host's vendor is AMD or Hygon
 * @apic_enabled: IA32_APIC_BASE bit 11
 * @osxsave:      CR4.OSXSAVE
 * @xcr0:         of the VP now
 * @xcr0_allowed: what it may set
 * @privileges:   of its partition, out of RS_PRIVILEGES
 * @invariant_tsc: show what the host says of it
 */
struct rs_cpuid_guest {
	void (*host)(u32 leaf, u32 subleaf, u32 out[4]);
	u32 vp_index;
	u32 vp_count;
	u32 vp_max;
	bool amd;
	bool apic_enabled;
	bool osxsave;
	u64 xcr0;
	u64 xcr0_allowed;
	u64 privileges;
	bool invariant_tsc;
};

/* CPUID for the guest; leaves that it does not have are zeros. */
void rs_cpuid_filter(const struct rs_cpuid_guest *guest, u32 leaf, u32 subleaf, u32 out[4]);

/* Leaves 0x40000000..0x4000000a (cpuid_synthetic.c). */
void rs_cpuid_synthetic(const struct rs_cpuid_guest *guest, u32 leaf, u32 out[4]);

/* Leaf 0xd, when the guest has XSAVE (cpuid_xsave.c). */
void rs_cpuid_xsave(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4]);

#endif
