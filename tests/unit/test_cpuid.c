// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/cpuid_filter.c kmod/cpuid_synthetic.c kmod/cpuid_xsave.c */
/*
 * CPUID of a guest, over a host that claims every feature there ever was: what is not allowed
 * stays hidden, and what depends on the VP is right.
 */
#include "suite.h"
#include "cpuid_filter.h"

#define XCR0_AVX	0x7ull
#define XCR0_AVX512	0xe7ull

static struct rs_cpuid_guest guest;
static u32 host_max;
static u32 host_topoext;

/* Sizes, offsets and flags of XSAVE components 2..9, and an odd supervisor one. */
static const u32 components[][4] = {
	[2] = { 256, 576, 0 },
	[3] = { 64, 960, 0 },
	[4] = { 64, 1024, 0 },
	[5] = { 72, 1088, 0 },	/* leaves the next one unaligned */
	[6] = { 512, 1152, 2 },
	[7] = { 1024, 1664, 2 },
	[8] = { 128, 0, 1 },
	[9] = { 8, 2688, 0 },
};

static void host_xsave(u32 subleaf, u32 out[4])
{
	if (subleaf < 2)
		memset(out, 0xff, 16);
	else if (subleaf < ARRAY_SIZE(components))
		memcpy(out, components[subleaf], 16);
	else
		memset(out, 0, 16);
}

static void host_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	memset(out, 0xff, 16);
	switch (leaf) {
	case 0:
		memcpy(out, (const u32[]){ host_max, 0x68747541, 0x444d4163, 0x69746e65 }, 16);
		break;
	case 4:
	case 0x8000001d:
		/* data, code, unified level 2, level 3; shared by as many as can be */
		out[0] = subleaf < 4 ? ((u32[]){ 0x21, 0x22, 0x43, 0x63 })[subleaf] | 0xfc000000 |
				       0x03ffc000 : 0;
		break;
	case 0xd:
		host_xsave(subleaf, out);
		break;
	case 0x80000000:
		out[0] = 0x80000028;
		break;
	case 0x80000001:
		if (!host_topoext)
			out[2] &= ~BIT(22);
		break;
	case 0x80000008:
		out[0] = 0x3934;		/* 52 and 57 bits */
		break;
	}
}

static void setup(void)
{
	host_max = 0x20;
	host_topoext = 1;
	guest = (struct rs_cpuid_guest){
		.host = host_cpuid,
		.vp_index = 5,
		.vp_count = 6,
		.vp_max = 64,
		.amd = true,
		.apic_enabled = true,
		.osxsave = true,
		.xcr0 = XCR0_AVX,
		.xcr0_allowed = XCR0_AVX512,
		.privileges = RS_PRIVILEGES,
		.invariant_tsc = true,
	};
}

static const u32 *cpuid(u32 leaf, u32 subleaf)
{
	static u32 out[4];

	memset(out, 0xa5, sizeof(out));
	rs_cpuid_filter(&guest, leaf, subleaf, out);
	return out;
}

static void check_zero(u32 leaf, u32 subleaf)
{
	for (int i = 0; i < 4; i++)
		ck_assert_msg(!cpuid(leaf, subleaf)[i], "leaf 0x%x.%u", leaf, subleaf);
}

START_TEST(maxima)
{
	ck_assert_uint_eq(cpuid(0, 0)[0], 0x1f);
	ck_assert_uint_eq(cpuid(0, 0)[1], 0x68747541);
	ck_assert_uint_eq(cpuid(0x80000000, 0)[0], 0x80000021);
	host_max = 0xd;
	ck_assert_uint_eq(cpuid(0, 0)[0], 0xd);
	check_zero(0x1f, 0);
	ck_assert_uint_ne(cpuid(0xb, 0)[1], 0);
	host_max = 4;
	check_zero(7, 0);
	check_zero(0xb, 0);
}
END_TEST

START_TEST(unknown_leaves_are_zero)
{
	static const u32 hidden[] = {
		3, 5, 8, 9, 0xa, 0xc, 0xe, 0xf, 0x10, 0x11, 0x12, 0x14, 0x15, 0x16, 0x17, 0x18,
		0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x20, 0x21, 0x1000, 0x3fffffff, 0x8000000a,
		0x80000009, 0x8000001b, 0x8000001c, 0x8000001f, 0x80000020, 0x80000022,
		0x80000026, 0x80000029, 0x8fffffff, 0xc0000000, 0xc0000001, 0xffffffff,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
		for (u32 subleaf = 0; subleaf < 3; subleaf++)
			check_zero(hidden[i], subleaf);
	check_zero(7, 2);
	check_zero(7, ~0u);
}
END_TEST

/* Each of these would need MSRs, state or exits that there are not. */
START_TEST(hidden_features)
{
	static const struct {
		u32 leaf, subleaf, reg, bit;
	} hidden[] = {
		{ 1, 0, RS_ECX, 2 },	/* DTES64 */
		{ 1, 0, RS_ECX, 3 },	/* MONITOR */
		{ 1, 0, RS_ECX, 5 },	/* VMX */
		{ 1, 0, RS_ECX, 6 },	/* SMX */
		{ 1, 0, RS_ECX, 7 },	/* EIST */
		{ 1, 0, RS_ECX, 8 },	/* TM2 */
		{ 1, 0, RS_ECX, 15 },	/* PDCM */
		{ 1, 0, RS_ECX, 18 },	/* DCA */
		{ 1, 0, RS_EDX, 18 },	/* PSN */
		{ 1, 0, RS_EDX, 21 },	/* DS */
		{ 1, 0, RS_EDX, 22 },	/* ACPI */
		{ 1, 0, RS_EDX, 29 },	/* TM */
		{ 7, 0, RS_EBX, 2 },	/* SGX */
		{ 7, 0, RS_EBX, 4 },	/* HLE */
		{ 7, 0, RS_EBX, 11 },	/* RTM */
		{ 7, 0, RS_EBX, 12 },	/* PQM */
		{ 7, 0, RS_EBX, 14 },	/* MPX */
		{ 7, 0, RS_EBX, 25 },	/* PT */
		{ 7, 0, RS_ECX, 3 },	/* PKU */
		{ 7, 0, RS_ECX, 4 },	/* OSPKE */
		{ 7, 0, RS_ECX, 5 },	/* WAITPKG */
		{ 7, 0, RS_ECX, 7 },	/* CET_SS */
		{ 7, 0, RS_ECX, 13 },	/* TME */
		{ 7, 0, RS_ECX, 16 },	/* LA57 */
		{ 7, 0, RS_ECX, 23 },	/* KL */
		{ 7, 0, RS_ECX, 29 },	/* ENQCMD */
		{ 7, 0, RS_ECX, 31 },	/* PKS */
		{ 7, 0, RS_EDX, 5 },	/* UINTR */
		{ 7, 0, RS_EDX, 11 },	/* RTM_ALWAYS_ABORT */
		{ 7, 0, RS_EDX, 18 },	/* PCONFIG */
		{ 7, 0, RS_EDX, 19 },	/* ARCH_LBR */
		{ 7, 0, RS_EDX, 20 },	/* CET_IBT */
		{ 7, 0, RS_EDX, 22 },	/* AMX_BF16 */
		{ 7, 0, RS_EDX, 24 },	/* AMX_TILE */
		{ 7, 0, RS_EDX, 26 },	/* IBRS */
		{ 7, 0, RS_EDX, 27 },	/* STIBP */
		{ 7, 0, RS_EDX, 29 },	/* ARCH_CAPABILITIES */
		{ 7, 0, RS_EDX, 31 },	/* SSBD */
		{ 7, 1, RS_EAX, 17 },	/* FRED */
		{ 7, 1, RS_EAX, 26 },	/* LAM */
		{ 0xd, 1, RS_EAX, 3 },	/* XSAVES */
		{ 0xd, 1, RS_EAX, 4 },	/* XFD */
		{ 0x80000001, 0, RS_ECX, 2 },	/* SVM */
		{ 0x80000001, 0, RS_ECX, 10 },	/* IBS */
		{ 0x80000001, 0, RS_ECX, 12 },	/* SKINIT */
		{ 0x80000001, 0, RS_ECX, 15 },	/* LWP */
		{ 0x80000001, 0, RS_ECX, 23 },	/* PERFCTR_CORE */
		{ 0x80000001, 0, RS_ECX, 24 },	/* PERFCTR_NB */
		{ 0x80000001, 0, RS_ECX, 26 },	/* DBEXT */
		{ 0x80000001, 0, RS_ECX, 29 },	/* MWAITX */
		{ 0x80000001, 0, RS_EDX, 25 },	/* FFXSR */
		{ 0x80000008, 0, RS_EBX, 4 },	/* RDPRU */
		{ 0x80000008, 0, RS_EBX, 12 },	/* IBPB */
		{ 0x80000008, 0, RS_EBX, 14 },	/* IBRS */
		{ 0x80000008, 0, RS_EBX, 24 },	/* SSBD */
		{ 0x80000008, 0, RS_EBX, 25 },	/* VIRT_SSBD */
		{ 0x80000021, 0, RS_EAX, 8 },	/* AUTOIBRS */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
		ck_assert_msg(!(cpuid(hidden[i].leaf, hidden[i].subleaf)[hidden[i].reg] >>
				hidden[i].bit & 1), "leaf 0x%x.%u register %u bit %u",
			      hidden[i].leaf, hidden[i].subleaf, hidden[i].reg, hidden[i].bit);
}
END_TEST

START_TEST(features)
{
	const u32 *out = cpuid(1, 0);

	ck_assert_uint_eq(out[RS_EBX] >> 24, 5);
	ck_assert_uint_eq(out[RS_EBX] >> 16 & 0xff, 6);
	ck_assert_uint_eq(out[RS_ECX], 0xfffa3203u);
	ck_assert_uint_eq(out[RS_EDX], 0x1f8bfbffu);
	guest.osxsave = false;
	guest.apic_enabled = false;
	guest.vp_count = 1;
	out = cpuid(1, 0);
	ck_assert_uint_eq(out[RS_ECX], 0xf7fa3203u);
	ck_assert_uint_eq(out[RS_EDX], 0x0f8bf9ffu);
	ck_assert(!(cpuid(0x80000001, 0)[RS_EDX] & BIT(9)));
	ck_assert(!(cpuid(0x80000001, 0)[RS_ECX] & BIT(1)));
}
END_TEST

/* No AVX without the state for it. */
START_TEST(vector_features)
{
	ck_assert(cpuid(7, 0)[RS_EBX] & BIT(16));
	guest.xcr0_allowed = XCR0_AVX;
	ck_assert(!(cpuid(7, 0)[RS_EBX] & 0xd0230000u));
	ck_assert(!(cpuid(7, 0)[RS_ECX] & 0x00005842u));
	ck_assert(!(cpuid(7, 0)[RS_EDX] & 0x00800100u));
	ck_assert(!(cpuid(7, 1)[RS_EAX] & BIT(5)));
	ck_assert(cpuid(7, 0)[RS_EBX] & BIT(5));
	ck_assert(cpuid(1, 0)[RS_ECX] & BIT(28));
	guest.xcr0_allowed = 3;
	ck_assert(!(cpuid(7, 0)[RS_EBX] & BIT(5)));
	ck_assert(!(cpuid(7, 0)[RS_ECX] & 0x600u));
	ck_assert(!(cpuid(7, 1)[RS_EAX] & (BIT(4) | BIT(23))));
	ck_assert(!(cpuid(1, 0)[RS_ECX] & (BIT(12) | BIT(28) | BIT(29))));
	ck_assert(!(cpuid(0x80000001, 0)[RS_ECX] & (BIT(11) | BIT(16))));
	guest.xcr0_allowed = 0;
	ck_assert(!(cpuid(1, 0)[RS_ECX] & (BIT(26) | BIT(27))));
	check_zero(0xd, 0);
}
END_TEST

START_TEST(xsave)
{
	ck_assert_uint_eq(cpuid(0xd, 0)[RS_EAX], XCR0_AVX512);
	ck_assert_uint_eq(cpuid(0xd, 0)[RS_EBX], 832);
	ck_assert_uint_eq(cpuid(0xd, 0)[RS_ECX], 2688);
	ck_assert_uint_eq(cpuid(0xd, 0)[RS_EDX], 0);
	guest.xcr0 = 1;
	ck_assert_uint_eq(cpuid(0xd, 0)[RS_EBX], 576);
	ck_assert_uint_eq(cpuid(0xd, 1)[RS_EAX], 7);
	ck_assert_uint_eq(cpuid(0xd, 1)[RS_EBX], 576);
	guest.xcr0 = XCR0_AVX512;
	/* 576 + 256 + 72, aligned: 960 + 512 + 1024 */
	ck_assert_uint_eq(cpuid(0xd, 1)[RS_EBX], 2496);
	ck_assert_uint_eq(cpuid(0xd, 1)[RS_ECX], 0);
	ck_assert_uint_eq(cpuid(0xd, 2)[RS_EAX], 256);
	ck_assert_uint_eq(cpuid(0xd, 2)[RS_EBX], 576);
	ck_assert_uint_eq(cpuid(0xd, 6)[RS_ECX], 2);
	for (u32 i = 8; i < 70; i++)
		check_zero(0xd, i);
	check_zero(0xd, 3);
	check_zero(0xd, ~0u);
}
END_TEST

START_TEST(topology)
{
	ck_assert_uint_eq(cpuid(0xb, 0)[RS_EAX], 0);
	ck_assert_uint_eq(cpuid(0xb, 0)[RS_EBX], 1);
	ck_assert_uint_eq(cpuid(0xb, 0)[RS_ECX], 0x100);
	ck_assert_uint_eq(cpuid(0xb, 0)[RS_EDX], 5);
	ck_assert_uint_eq(cpuid(0x1f, 1)[RS_EAX], 3);
	ck_assert_uint_eq(cpuid(0xb, 1)[RS_EBX], 6);
	ck_assert_uint_eq(cpuid(0xb, 1)[RS_ECX], 0x201);
	ck_assert_uint_eq(cpuid(0xb, 7)[RS_EBX], 0);
	ck_assert_uint_eq(cpuid(0xb, 7)[RS_ECX], 7);
	ck_assert_uint_eq(cpuid(0xb, 7)[RS_EDX], 5);
	ck_assert_uint_eq(cpuid(0x80000008, 0)[RS_ECX], 3 << 12 | 5);
	ck_assert_uint_eq(cpuid(0x8000001e, 0)[RS_EAX], 5);
	ck_assert_uint_eq(cpuid(0x8000001e, 0)[RS_EBX], 5);
	ck_assert_uint_eq(cpuid(0x8000001e, 0)[RS_ECX], 0);
	host_topoext = 0;
	check_zero(0x8000001e, 0);
	guest.amd = false;
	ck_assert_uint_eq(cpuid(0x80000008, 0)[RS_ECX], 0);
}
END_TEST

START_TEST(topology_extremes)
{
	guest.vp_count = 1;
	guest.vp_index = 0;
	ck_assert_uint_eq(cpuid(0xb, 1)[RS_EAX], 0);
	ck_assert_uint_eq(cpuid(0xb, 1)[RS_EBX], 1);
	ck_assert_uint_eq(cpuid(4, 3)[RS_EAX] >> 14, 0);
	guest.vp_count = 64;
	guest.vp_index = 63;
	ck_assert_uint_eq(cpuid(0xb, 1)[RS_EAX], 6);
	ck_assert_uint_eq(cpuid(4, 3)[RS_EAX] >> 26, 63);
	ck_assert_uint_eq(cpuid(4, 3)[RS_EAX] >> 14 & 0xfff, 63);
	ck_assert_uint_eq(cpuid(1, 0)[RS_EBX] >> 24, 63);
}
END_TEST

START_TEST(caches)
{
	for (u32 i = 0; i < 3; i++) {
		ck_assert_uint_eq(cpuid(4, i)[RS_EAX] >> 14 & 0xfff, 0);
		ck_assert_uint_eq(cpuid(0x8000001d, i)[RS_EAX] >> 14, 0);
	}
	ck_assert_uint_eq(cpuid(4, 3)[RS_EAX] >> 14 & 0xfff, 7);
	ck_assert_uint_eq(cpuid(4, 3)[RS_EAX] >> 26, 7);
	ck_assert_uint_eq(cpuid(0x8000001d, 3)[RS_EAX] >> 14, 7);
	check_zero(4, 4);
	check_zero(0x8000001d, 4);
}
END_TEST

/* What a partition may not do is not announced to it. */
START_TEST(privileges)
{
	guest.privileges = (u64)HV_SIGNAL_EVENTS << 32 | HV_ACCESS_SYNIC;
	ck_assert_uint_eq(cpuid(HV_CPUID_FEATURES, 0)[RS_EAX], HV_ACCESS_SYNIC);
	ck_assert_uint_eq(cpuid(HV_CPUID_FEATURES, 0)[RS_EBX], HV_SIGNAL_EVENTS);
	guest.privileges = ~0ull;
	ck_assert_uint_eq(cpuid(HV_CPUID_FEATURES, 0)[RS_EAX], RS_PRIVILEGES_LOW);
	ck_assert_uint_eq(cpuid(HV_CPUID_FEATURES, 0)[RS_EBX], RS_PRIVILEGES_HIGH);
}
END_TEST

START_TEST(invariant_tsc)
{
	ck_assert(cpuid(0x80000007, 0)[RS_EDX] & BIT(8));
	guest.invariant_tsc = false;
	ck_assert(!(cpuid(0x80000007, 0)[RS_EDX] & BIT(8)));
}
END_TEST

START_TEST(addresses_and_power)
{
	ck_assert_uint_eq(cpuid(0x80000008, 0)[RS_EAX], 0x3030);
	ck_assert_uint_eq(cpuid(0x80000007, 0)[RS_EDX], 0x100);
	ck_assert_uint_eq(cpuid(0x80000007, 0)[RS_EAX], 0);
	ck_assert_uint_eq(cpuid(6, 0)[RS_EAX], 4);
	ck_assert_uint_eq(cpuid(6, 0)[RS_ECX], 0);
}
END_TEST

START_TEST(hypervisor_leaves)
{
	static const u32 want[][4] = {
		{ 0x4000000a, 0x7263694d, 0x666f736f, 0x76482074 },
		{ 0x31237648 },
		{ 20348, 10 << 16 },
		{ 0xaeff, 0x00320030, 0, 0x0008c530 },
		{ 0x0e2c, 0xfff },
		{ 64, 64 },
		{ 8 },
	};
	u32 leaf;

	for (leaf = 0; leaf < ARRAY_SIZE(want); leaf++)
		ck_assert_mem_eq(cpuid(0x40000000 + leaf, leaf), want[leaf], 16);
	for (; leaf < 0x200; leaf++)
		check_zero(0x40000000 + leaf, 0);
	check_zero(0x7fffffff, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		maxima, unknown_leaves_are_zero, hidden_features, features, vector_features,
		xsave, topology, topology_extremes, caches, addresses_and_power, privileges,
		invariant_tsc,
		hypervisor_leaves,
	};

	return run_suite("cpuid", tests, ARRAY_SIZE(tests), setup);
}
