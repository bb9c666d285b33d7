// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/lapic.c kmod/lapic_register.c kmod/lapic_timer.c kmod/lapic_state.c */
/*
 * The local APIC: what it sends, and which messages are for it.
 */
#include "lapic_test.h"

/* ---- sending */

START_TEST(icr_of_the_page)
{
	put(RS_APIC_ICR2, 0x12ffffff);
	ck_assert_uint_eq(cpu.sent_count, 0);
	/* Reserved bits, delivery status, logical, lowest priority. */
	put(RS_APIC_ICR, 0xfff35931);
	ck_assert_uint_eq(cpu.sent_count, 1);
	ck_assert_uint_eq(last_sent()->type, HV_X64_INTERRUPT_LOWEST_PRIORITY);
	ck_assert_uint_eq(last_sent()->vector, 0x31);
	ck_assert_uint_eq(last_sent()->shorthand, RS_IPI_DESTINATION);
	ck_assert(last_sent()->logical);
	ck_assert(!last_sent()->level);
	ck_assert(!last_sent()->x2apic);
	ck_assert_uint_eq(last_sent()->destination, 0x12);
	ck_assert_uint_eq(get(RS_APIC_ICR), 0x00004931);
	ck_assert_uint_eq(get(RS_APIC_ICR2), 0x12000000);
}
END_TEST

/* By delivery mode: is it sent with vector 0x31, and with vector 3? */
static const struct {
	bool sent, sent_illegal, error;
} by_mode[8] = {
	[HV_X64_INTERRUPT_FIXED]		= { true, false, true },
	[HV_X64_INTERRUPT_LOWEST_PRIORITY]	= { true, false, true },
	[HV_X64_INTERRUPT_SMI]			= { true, true, false },
	[HV_X64_INTERRUPT_REMOTE_READ]		= { false, false, false },
	[HV_X64_INTERRUPT_NMI]			= { true, true, false },
	[HV_X64_INTERRUPT_INIT]			= { true, true, false },
	[HV_X64_INTERRUPT_SIPI]			= { true, true, false },
	[HV_X64_INTERRUPT_EXT_INT]		= { false, false, false },
};

static void check_icr(u32 mode, u32 shorthand, u32 flags, bool x2apic)
{
	unsigned int count = cpu.sent_count;
	u32 low = mode << 8 | shorthand << 18 | flags;

	if (x2apic)
		wrmsr(RS_APIC_ICR, 0x0001000200000000 | low | 0x31);
	else
		put(RS_APIC_ICR, low | 0x31);
	ck_assert_uint_eq(cpu.sent_count - count, by_mode[mode].sent);
	ck_assert_uint_eq(lapic->esr, 0);
	if (by_mode[mode].sent) {
		ck_assert_uint_eq(last_sent()->type, mode);
		ck_assert_uint_eq(last_sent()->vector, 0x31);
		ck_assert_uint_eq(last_sent()->shorthand, shorthand);
		ck_assert(last_sent()->logical == !!(flags & 0x800));
		ck_assert(!last_sent()->level);
		ck_assert(last_sent()->x2apic == x2apic);
		ck_assert_uint_eq(last_sent()->destination, x2apic ? 0x00010002 : 0);
	}
	count = cpu.sent_count;
	if (x2apic)
		wrmsr(RS_APIC_ICR, low | 3);
	else
		put(RS_APIC_ICR, low | 3);
	ck_assert_uint_eq(cpu.sent_count - count, by_mode[mode].sent_illegal);
	ck_assert_uint_eq(lapic->esr, by_mode[mode].error ? 0x20 : 0);
	lapic->esr = 0;
}

START_TEST(icr_of_every_kind)
{
	static const u32 flags[] = { 0, 0x800, 0x4000, 0xc000, 0xc800 };

	for (u32 i = 0; i < 2 * 8 * 4 * ARRAY_SIZE(flags); i++) {
		bool x2apic = i & 1;

		setup();
		if (x2apic)
			enter_x2apic();
		check_icr(i / 2 % 8, i / 16 % 4, flags[i / 64], x2apic);
	}
}
END_TEST

START_TEST(init_level_deassert)
{
	put(RS_APIC_ICR, 0x8500);
	ck_assert_uint_eq(cpu.sent_count, 0);
	put(RS_APIC_ICR, 0xc500);
	ck_assert_uint_eq(cpu.sent_count, 1);
	put(RS_APIC_ICR, 0x8400);		/* other modes do not care */
	ck_assert_uint_eq(cpu.sent_count, 2);
}
END_TEST

START_TEST(icr_of_x2apic)
{
	enter_x2apic();
	for (unsigned int bit = 0; bit < 64; bit++) {
		bool ok = bit >= 32 || 0xcdfff & BIT_ULL(bit);
		u64 icr = 0x31 ^ BIT_ULL(bit);

		ck_assert_int_eq(rs_lapic_wrmsr(lapic, MSR(RS_APIC_ICR), icr), ok ? 0 : -EINVAL);
		if (ok)
			ck_assert_uint_eq(rdmsr(RS_APIC_ICR), icr & ~0x1000ull);
	}
}
END_TEST

START_TEST(self_ipi)
{
	enter_x2apic();
	wrmsr(RS_APIC_SELF_IPI, 0x77);
	ck_assert_uint_eq(last_sent()->vector, 0x77);
	ck_assert_uint_eq(last_sent()->type, HV_X64_INTERRUPT_FIXED);
	ck_assert_uint_eq(last_sent()->shorthand, RS_IPI_SELF);
	ck_assert_uint_eq(rdmsr(RS_APIC_ICR), 0);
	wrmsr(RS_APIC_SELF_IPI, 0x0f);
	ck_assert_uint_eq(cpu.sent_count, 1);
	wrmsr(RS_APIC_ESR, 0);
	ck_assert_uint_eq(rdmsr(RS_APIC_ESR), 0x20);
	ck_assert_int_eq(rs_lapic_wrmsr(lapic, MSR(RS_APIC_SELF_IPI), 0x100), -EINVAL);
}
END_TEST

START_TEST(icr_of_the_hypervisor)
{
	ck_assert_int_eq(rs_lapic_write_icr(lapic, 0x1200abcdfff04831), 0);
	ck_assert_uint_eq(last_sent()->destination, 0x12);
	ck_assert_uint_eq(get(RS_APIC_ICR2), 0x12000000);
	ck_assert_uint_eq(get(RS_APIC_ICR), 0x4831 & 0xccfff);
	enter_x2apic();
	ck_assert_int_eq(rs_lapic_write_icr(lapic, 0x1200000000004831), 0);
	ck_assert_uint_eq(last_sent()->destination, 0x12);
	ck_assert(last_sent()->x2apic);
	ck_assert_uint_eq(rdmsr(RS_APIC_ICR), 0x0000001200004831);
	ck_assert_int_eq(rs_lapic_write_icr(lapic, 0xff00000000004031), 0);
	ck_assert_uint_eq(last_sent()->destination, ~0u);
	ck_assert_int_eq(rs_lapic_write_icr(lapic, 0x12000000fff04831), -EINVAL);
}
END_TEST

START_TEST(sends_while_disabled_by_software)
{
	put(RS_APIC_ICR, 0x4031);
	ck_assert_uint_eq(cpu.sent_count, 1);
}
END_TEST

/* ---- destinations */

static bool match(u32 destination, bool logical, bool x2apic)
{
	struct rs_ipi ipi = {
		.type = HV_X64_INTERRUPT_FIXED, .vector = 0x31,
		.destination = destination, .logical = logical, .x2apic = x2apic,
	};

	return rs_lapic_match(lapic, &ipi);
}

START_TEST(match_physical)
{
	for (unsigned int own = 0; own < 2; own++) {
		setup();
		enable();
		if (own)
			enter_x2apic();
		for (unsigned int x2apic = 0; x2apic < 2; x2apic++) {
			for (u32 id = 0; id < 0xff; id++)
				ck_assert(match(id, false, x2apic) == (id == ID));
			ck_assert(match(0xff, false, x2apic) == !x2apic);
			ck_assert(match(~0u, false, x2apic));
			ck_assert(!match(0x100 | ID, false, true));
		}
	}
}
END_TEST

START_TEST(match_xapic_flat)
{
	enable();
	ck_assert(!match(0xfe, true, false));		/* LDR 0: the broadcast only */
	ck_assert(match(0xff, true, false));
	put(RS_APIC_LDR, 0x14000000);
	for (u32 mda = 0; mda < 0xff; mda++) {
		ck_assert(match(mda, true, false) == !!(mda & 0x14));
		ck_assert(match(mda, true, true) == !!(mda & 0x14));
	}
	ck_assert(!match(0x110, true, true));
	ck_assert(match(~0u, true, true));
}
END_TEST

START_TEST(match_xapic_cluster)
{
	enable();
	put(RS_APIC_DFR, 0);
	put(RS_APIC_LDR, 0x36000000);
	for (u32 mda = 0; mda < 0xff; mda++)
		ck_assert(match(mda, true, false) == (mda >> 4 == 3 && mda & 6));
	ck_assert(match(0xff, true, false));
	put(RS_APIC_DFR, 0x50000000);			/* no such model */
	ck_assert(!match(0x36, true, false));
}
END_TEST

START_TEST(match_x2apic_cluster)
{
	cpu.lapic.id = 0x25;
	enter_x2apic();
	ck_assert(match(0x00020020, true, true));
	ck_assert(match(0x0002ffff, true, true));
	ck_assert(!match(0x0002ffdf, true, true));
	ck_assert(!match(0x00030020, true, true));
	ck_assert(!match(0x20, true, false));		/* cluster 0 */
	ck_assert(match(0xff, true, false));
	ck_assert(match(~0u, true, true));
	cpu.lapic.id = 5;
	ck_assert(match(0x20, true, false));
	ck_assert(!match(0x1f, true, false));
}
END_TEST

START_TEST(match_disabled)
{
	struct rs_ipi ipi = { .destination = ID };

	for (u8 type = 0; type < 7; type++) {
		ipi.type = type;
		ck_assert(rs_lapic_match(lapic, &ipi) == (type > 1));
	}
	ck_assert_int_eq(rs_lapic_set_base(lapic, RS_APIC_DEFAULT_BASE), 0);
	for (u8 type = 0; type < 7; type++) {
		ipi.type = type;
		ck_assert(!rs_lapic_match(lapic, &ipi));
	}
	ck_assert(!match(0xff, false, false));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		icr_of_the_page, icr_of_every_kind, init_level_deassert, icr_of_x2apic, self_ipi,
		icr_of_the_hypervisor, sends_while_disabled_by_software, match_physical,
		match_xapic_flat, match_xapic_cluster, match_x2apic_cluster, match_disabled,
	};

	return run_tests("lapic_ipi", tests, ARRAY_SIZE(tests), setup, teardown);
}
