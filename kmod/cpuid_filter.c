// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest sees of the host's CPUID (SDM2 CPUID, APM3 appendix E).  Pure.
 *
 * Whatever is not allowed in the table is hidden.  Missing on purpose: VMX and SVM, MONITOR,
 * performance counters, tracing and sampling (PT, LBR, IBS), protection keys, shadow stacks,
 * user interrupts, SGX, memory encryption, transactional memory, 5-level paging, AMX, and the
 * MSRs that steer speculation, none of which the backends switch or the MSR table has.
 *
 * Topology: one package, one thread a core, a core a VP; the APIC ID is the VP index.
 */
#include "cpuid_filter.h"

#define ANY			(~0u)		/* of subleaf: all are alike */
#define ALL			(~0u)
#define EXTENDED		0x80000000u
#define SYNTHETIC		0x40000000u
#define BASIC_MAX		0x1fu
#define EXTENDED_MAX		0x80000021u
#define PHYSICAL_BITS_MAX	48u
#define LINEAR_BITS_MAX		48u

#define XCR0_YMM		BIT_ULL(2)
#define XCR0_AVX512		GENMASK_ULL(7, 5)

/* Bits of EBX, ECX and EDX of leaf 1 that change with the VP. */
#define L1_ECX_XSAVE		BIT(26)
#define L1_ECX_OSXSAVE		BIT(27)
#define L1_ECX_TSC_DEADLINE	BIT(24)
#define L1_ECX_X2APIC		BIT(21)
#define L1_ECX_HYPERVISOR	BIT(31)
#define L1_EDX_APIC		BIT(9)
#define L1_EDX_HTT		BIT(28)

/* x87 and up; without PSN, DS, ACPI, HTT, TM, PBE. */
#define L1_EDX			0x0f8bfbffu
/* SSE3 PCLMUL SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define L1_ECX			(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) |	\
				 BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) |		\
				 L1_ECX_XSAVE | BIT(28) | BIT(29) | BIT(30))
#define L1_ECX_AVX		(BIT(12) | BIT(28) | BIT(29))

/*
 * FSGSBASE TSC_ADJUST BMI1 AVX2 FDP_EXCPTN_ONLY SMEP BMI2 ERMS INVPCID ZERO_FCS_FDS RDSEED
 * ADX SMAP CLFLUSHOPT CLWB SHA
 */
#define L7_EBX			(BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(8) |	\
				 BIT(9) | BIT(10) | BIT(13) | BIT(18) | BIT(19) | BIT(20) |	\
				 BIT(23) | BIT(24) | BIT(29) | L7_EBX_AVX512)
#define L7_EBX_AVX		BIT(5)
/* F DQ IFMA CD BW VL */
#define L7_EBX_AVX512		(BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
/* UMIP GFNI VAES VPCLMULQDQ RDPID CLDEMOTE MOVDIRI MOVDIR64B */
#define L7_ECX			(BIT(2) | BIT(8) | BIT(9) | BIT(10) | BIT(22) | BIT(25) |	\
				 BIT(27) | BIT(28) | L7_ECX_AVX512)
#define L7_ECX_AVX		(BIT(9) | BIT(10))
/* VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
#define L7_ECX_AVX512		(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* FSRM MD_CLEAR SERIALIZE */
#define L7_EDX			(BIT(4) | BIT(10) | BIT(14) | L7_EDX_AVX512)
/* VP2INTERSECT FP16 */
#define L7_EDX_AVX512		(BIT(8) | BIT(23))
/* FZRM FSRS FSRC */
#define L7_1_EAX		(BIT(10) | BIT(11) | BIT(12) | L7_1_EAX_AVX | BIT(5))
/* AVX-VNNI AVX-IFMA; BIT(5) is AVX512_BF16 */
#define L7_1_EAX_AVX		(BIT(4) | BIT(23))
#define L7_1_EAX_AVX512		BIT(5)
/* AVX-VNNI-INT8 AVX-NE-CONVERT */
#define L7_1_EDX_AVX		(BIT(4) | BIT(5))

/* LAHF CMP_LEGACY CR8_LEGACY ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM TOPOEXT */
#define LX1_ECX			(BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) |	\
				 BIT(11) | BIT(16) | BIT(21) | LX1_ECX_TOPOEXT)
#define LX1_ECX_AVX		(BIT(11) | BIT(16))
#define LX1_ECX_CMP_LEGACY	BIT(1)
#define LX1_ECX_TOPOEXT		BIT(22)
/* Leaf 1's again, SYSCALL NX MMXEXT PDPE1GB RDTSCP LM 3DNOWEXT 3DNOW; no FFXSR */
#define LX1_EDX			((L1_EDX & 0x0183f3ffu) | BIT(11) | BIT(20) | BIT(22) |		\
				 BIT(26) | BIT(27) | BIT(29) | BIT(30) | BIT(31))
/* CLZERO XSAVEERPTR WBNOINVD */
#define LX8_EBX			(BIT(0) | BIT(2) | BIT(9))
/* NO_NESTED_DATA_BP LFENCE_RDTSC NULL_SEL_CLR_BASE */
#define LX21_EAX		(BIT(0) | BIT(2) | BIT(6))
#define L6_EAX_ARAT		BIT(2)
#define LX7_EDX_INVARIANT_TSC	BIT(8)

/**
 * struct cpuid_row - a leaf that a guest has
 * @leaf:    its number
 * @subleaf: of ECX, or ANY
 * @allowed: which of the host's bits pass
 * @fix:     what the VP and partition make of them; may be NULL
 */
struct cpuid_row {
	u32 leaf;
	u32 subleaf;
	u32 allowed[4];
	void (*fix)(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4]);
};

/* Bits that an APIC ID needs to tell the cores of the package apart. */
static u32 core_bits(const struct rs_cpuid_guest *guest)
{
	return fls(guest->vp_count - 1);
}

static void set_field(u32 *reg, unsigned int shift, unsigned int bits, u32 value)
{
	u32 mask = ((1u << bits) - 1) << shift;

	*reg = (*reg & ~mask) | (value << shift & mask);
}

static void fix_max_basic(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	out[RS_EAX] = min_t(u32, out[RS_EAX], BASIC_MAX);
}

static void fix_max_extended(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	out[RS_EAX] = min_t(u32, out[RS_EAX], EXTENDED_MAX);
}

static void hide_without(u64 have, u64 need, u32 *reg, u32 bits)
{
	if ((have & need) != need)
		*reg &= ~bits;
}

static void fix_features(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	set_field(&out[RS_EBX], 16, 8, guest->vp_count);
	set_field(&out[RS_EBX], 24, 8, guest->vp_index);
	out[RS_ECX] |= L1_ECX_X2APIC | L1_ECX_TSC_DEADLINE | L1_ECX_HYPERVISOR;
	if (!guest->xcr0_allowed)
		out[RS_ECX] &= ~L1_ECX_XSAVE;
	if (out[RS_ECX] & L1_ECX_XSAVE && guest->osxsave)
		out[RS_ECX] |= L1_ECX_OSXSAVE;
	hide_without(guest->xcr0_allowed, XCR0_YMM, &out[RS_ECX], L1_ECX_AVX);
	if (!guest->apic_enabled)
		out[RS_EDX] &= ~L1_EDX_APIC;
	if (guest->vp_count > 1)
		out[RS_EDX] |= L1_EDX_HTT;
}

/* Level 3 is shared by all VPs, the others by none (leaves 4 and 0x8000001d alike). */
static void fix_cache(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	u32 type = out[RS_EAX] & 0x1f;
	u32 level = out[RS_EAX] >> 5 & 7;

	if (!type) {
		memset(out, 0, 4 * sizeof(*out));
		return;
	}
	set_field(&out[RS_EAX], 14, 12, level >= 3 ? (1u << core_bits(guest)) - 1 : 0);
}

static void fix_cache_intel(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	fix_cache(guest, subleaf, out);
	if (out[RS_EAX])
		set_field(&out[RS_EAX], 26, 6, (1u << core_bits(guest)) - 1);
}

/* The local APIC's timer never stops. */
static void fix_thermal(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	out[RS_EAX] |= L6_EAX_ARAT;
}

static void fix_structured(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	out[RS_EAX] = min_t(u32, out[RS_EAX], 1);
	hide_without(guest->xcr0_allowed, XCR0_YMM, &out[RS_EBX], L7_EBX_AVX);
	hide_without(guest->xcr0_allowed, XCR0_YMM, &out[RS_ECX], L7_ECX_AVX);
	hide_without(guest->xcr0_allowed, XCR0_AVX512, &out[RS_EBX], L7_EBX_AVX512);
	hide_without(guest->xcr0_allowed, XCR0_AVX512, &out[RS_ECX], L7_ECX_AVX512);
	hide_without(guest->xcr0_allowed, XCR0_AVX512, &out[RS_EDX], L7_EDX_AVX512);
}

static void fix_structured_1(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	hide_without(guest->xcr0_allowed, XCR0_YMM, &out[RS_EAX], L7_1_EAX_AVX);
	hide_without(guest->xcr0_allowed, XCR0_YMM, &out[RS_EDX], L7_1_EDX_AVX);
	hide_without(guest->xcr0_allowed, XCR0_AVX512, &out[RS_EAX], L7_1_EAX_AVX512);
}

/* Level type in ECX[15:8]: 1 threads, 2 cores; 0 ends the list (SDM2 CPUID leaf 0xb). */
static void fix_topology(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	static const u8 types[] = { 1, 2 };
	u32 type = subleaf < ARRAY_SIZE(types) ? types[subleaf] : 0;

	out[RS_EAX] = type == 2 ? core_bits(guest) : 0;
	out[RS_EBX] = type == 2 ? guest->vp_count : type;
	out[RS_ECX] = type << 8 | (subleaf & 0xff);
	out[RS_EDX] = guest->vp_index;
}

static void fix_xsave(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	u32 features[4];

	guest->host(1, 0, features);
	if (features[RS_ECX] & L1_ECX_XSAVE && guest->xcr0_allowed)
		rs_cpuid_xsave(guest, subleaf, out);
}

static void fix_extended_features(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	hide_without(guest->xcr0_allowed, XCR0_YMM, &out[RS_ECX], LX1_ECX_AVX);
	if (guest->vp_count == 1)
		out[RS_ECX] &= ~LX1_ECX_CMP_LEGACY;
	else if (guest->amd)
		out[RS_ECX] |= LX1_ECX_CMP_LEGACY;
	if (guest->amd && !guest->apic_enabled)
		out[RS_EDX] &= ~L1_EDX_APIC;
}

static void fix_address_sizes(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	set_field(&out[RS_EAX], 0, 8, min_t(u32, out[RS_EAX] & 0xff, PHYSICAL_BITS_MAX));
	set_field(&out[RS_EAX], 8, 8, min_t(u32, out[RS_EAX] >> 8 & 0xff, LINEAR_BITS_MAX));
	if (guest->amd)
		out[RS_ECX] = core_bits(guest) << 12 | (guest->vp_count - 1);
}

static bool has_topoext(const struct rs_cpuid_guest *guest)
{
	u32 host[4];

	guest->host(EXTENDED + 1, 0, host);
	return host[RS_ECX] & LX1_ECX_TOPOEXT;
}

static void fix_topology_amd(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	if (!has_topoext(guest))
		return;
	out[RS_EAX] = guest->vp_index;
	out[RS_EBX] = guest->vp_index & 0xff;
}

static void fix_power(const struct rs_cpuid_guest *guest, u32 subleaf, u32 out[4])
{
	if (!guest->invariant_tsc)
		out[RS_EDX] &= ~LX7_EDX_INVARIANT_TSC;
}

static const struct cpuid_row table[] = {
	{ 0x0, ANY, { ALL, ALL, ALL, ALL }, fix_max_basic },
	{ 0x1, ANY, { ALL, 0xffff, L1_ECX, L1_EDX }, fix_features },
	{ 0x2, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ 0x4, ANY, { ALL, ALL, ALL, ALL }, fix_cache_intel },
	{ 0x6, ANY, { }, fix_thermal },
	{ 0x7, 0, { ALL, L7_EBX, L7_ECX, L7_EDX }, fix_structured },
	{ 0x7, 1, { L7_1_EAX, 0, 0, L7_1_EDX_AVX }, fix_structured_1 },
	{ 0xb, ANY, { }, fix_topology },
	{ 0xd, ANY, { }, fix_xsave },
	{ 0x1f, ANY, { }, fix_topology },
	{ EXTENDED, ANY, { ALL, ALL, ALL, ALL }, fix_max_extended },
	{ EXTENDED + 0x01, ANY, { ALL, ALL, LX1_ECX, LX1_EDX }, fix_extended_features },
	{ EXTENDED + 0x02, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ EXTENDED + 0x03, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ EXTENDED + 0x04, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ EXTENDED + 0x05, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ EXTENDED + 0x06, ANY, { ALL, ALL, ALL, ALL }, NULL },
	{ EXTENDED + 0x07, ANY, { 0, 0, 0, LX7_EDX_INVARIANT_TSC }, fix_power },
	{ EXTENDED + 0x08, ANY, { 0xffff, LX8_EBX, 0, 0 }, fix_address_sizes },
	{ EXTENDED + 0x19, ANY, { ALL, ALL, 0, 0 }, NULL },
	{ EXTENDED + 0x1a, ANY, { 0x7, 0, 0, 0 }, NULL },
	{ EXTENDED + 0x1d, ANY, { 0x03ffffff, ALL, ALL, ALL }, fix_cache },
	{ EXTENDED + 0x1e, ANY, { }, fix_topology_amd },
	{ EXTENDED + 0x21, ANY, { LX21_EAX, 0, 0, 0 }, NULL },
};

static const struct cpuid_row *find(u32 leaf, u32 subleaf)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].leaf == leaf &&
		    (table[i].subleaf == ANY || table[i].subleaf == subleaf))
			return &table[i];
	return NULL;
}

/* A CPU answers a leaf beyond its last one with the last one's, or with anything. */
static bool host_has(const struct rs_cpuid_guest *guest, u32 leaf)
{
	u32 host[4];

	guest->host(leaf & EXTENDED, 0, host);
	return leaf <= host[RS_EAX];
}

/**
 * rs_cpuid_filter() - CPUID for the guest
 * @guest:   the VP that asks
 * @leaf:    EAX
 * @subleaf: ECX
 * @out:     EAX, EBX, ECX, EDX; zeros for a leaf that the guest does not have
 */
void rs_cpuid_filter(const struct rs_cpuid_guest *guest, u32 leaf, u32 subleaf, u32 out[4])
{
	const struct cpuid_row *row = find(leaf, subleaf);
	unsigned int i;

	if (leaf >= SYNTHETIC && leaf < EXTENDED) {
		rs_cpuid_synthetic(guest, leaf, out);
		return;
	}
	memset(out, 0, 4 * sizeof(*out));
	if (!row || !host_has(guest, leaf))
		return;
	guest->host(leaf, subleaf, out);
	for (i = 0; i < 4; i++)
		out[i] &= row->allowed[i];
	if (row->fix)
		row->fix(guest, subleaf, out);
}
