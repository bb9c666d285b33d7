// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID leaf 0xd: the XSAVE components that a guest may use, and the sizes of its save area
 * (SDM1 §13.2).  Pure.
 *
 * Components have the host's sizes and offsets; XSAVES and with it every supervisor component
 * are hidden, so the compacted size is that of XSAVEC.
 */
#include "cpuid_filter.h"

#define LEAF_XSAVE		0xdu
#define LEGACY_AREA		512u
#define XSAVE_HEADER		64u
#define FIRST_EXTENDED		2u
#define COMPONENTS		63u

/* Sub-leaf 1, EAX */
#define XSAVEOPT		BIT(0)
#define XSAVEC			BIT(1)
#define XGETBV_ECX1		BIT(2)
/* Sub-leaf 2 and above, ECX */
#define COMPONENT_ALIGNED	BIT(1)

/* Bytes for the components in @xcr0, at their places in the standard format. */
static u32 standard_size(const struct rs_cpuid_guest *guest, u64 xcr0)
{
	u32 size = LEGACY_AREA + XSAVE_HEADER;
	u32 host[4];
	unsigned int i;

	for (i = FIRST_EXTENDED; i < COMPONENTS; i++) {
		if (!(xcr0 & BIT_ULL(i)))
			continue;
		guest->host(LEAF_XSAVE, i, host);
		size = max_t(u32, size, host[RS_EAX] + host[RS_EBX]);
	}
	return size;
}

static u32 compacted_size(const struct rs_cpuid_guest *guest, u64 xcr0)
{
	u32 size = LEGACY_AREA + XSAVE_HEADER;
	u32 host[4];
	unsigned int i;

	for (i = FIRST_EXTENDED; i < COMPONENTS; i++) {
		if (!(xcr0 & BIT_ULL(i)))
			continue;
		guest->host(LEAF_XSAVE, i, host);
		if (host[RS_ECX] & COMPONENT_ALIGNED)
			size = (size + 63) & ~63u;
		size += host[RS_EAX];
	}
	return size;
}

static void main_leaf(const struct rs_cpuid_guest *guest, u32 out[4])
{
	out[RS_EAX] = (u32)guest->xcr0_allowed;
	out[RS_EBX] = standard_size(guest, guest->xcr0);
	out[RS_ECX] = standard_size(guest, guest->xcr0_allowed);
	out[RS_EDX] = (u32)(guest->xcr0_allowed >> 32);
}

static void instructions_leaf(const struct rs_cpuid_guest *guest, u32 out[4])
{
	u32 host[4];

	guest->host(LEAF_XSAVE, 1, host);
	out[RS_EAX] = host[RS_EAX] & (XSAVEOPT | XSAVEC | XGETBV_ECX1);
	if (out[RS_EAX] & XSAVEC)
		out[RS_EBX] = compacted_size(guest, guest->xcr0);
}

static void component_leaf(const struct rs_cpuid_guest *guest, u32 component, u32 out[4])
{
	u32 host[4];

	if (component >= COMPONENTS || !(guest->xcr0_allowed & BIT_ULL(component)))
		return;
	guest->host(LEAF_XSAVE, component, host);
	out[RS_EAX] = host[RS_EAX];
	out[RS_EBX] = host[RS_EBX];
	out[RS_ECX] = host[RS_ECX] & COMPONENT_ALIGNED;
}

void rs_cpuid_xsave(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	memset(out, 0, 4 * sizeof(*out));
	if (subleaf == 0)
		main_leaf(guest, out);
	else if (subleaf == 1)
		instructions_leaf(guest, out);
	else
		component_leaf(guest, subleaf, out);
}
