// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/hypercall_parse.c */
/*
 * The form of hypercalls: what is refused, with which status, and how VP sets are read.
 */
#include "suite.h"
#include "hypercall_parse.h"

#define VARHEAD(n)	((u64)(n) << 17)
#define REPS(n)		((u64)(n) << 32)
#define START(n)	((u64)(n) << 48)
#define GPA		0x5000ull

static const struct rs_hypercall_form simple = { .code = 2, .header = 24 };
static const struct rs_hypercall_form small = { .code = 11, .header = 16 };
static const struct rs_hypercall_form rep = {
	.code = 3, .flags = RS_HYPERCALL_REP, .header = 24, .element = 8,
};
static const struct rs_hypercall_form rep_var = {
	.code = 0x14, .flags = RS_HYPERCALL_REP | RS_HYPERCALL_VARHEAD, .header = 32, .element = 8,
};

static const struct rs_hypercall_form get = {
	.code = 0x50, .flags = RS_HYPERCALL_REP, .header = 16, .element = 4, .out = 16,
};
static const struct rs_hypercall_form query = { .code = 0x8001, .out = 8 };

static struct rs_hypercall call;

static void setup(void)
{
	memset(&call, 0, sizeof(call));
}

static u16 parse_at(const struct rs_hypercall_form *form, u64 control, u64 gpa)
{
	memset(&call, 0, sizeof(call));
	call.control = form->code | control;
	call.input = gpa;
	call.output = 0x1230;
	return rs_hypercall_parse(form, &call);
}

static u16 parse(const struct rs_hypercall_form *form, u64 control)
{
	return parse_at(form, control, GPA);
}

static u16 parse_to(const struct rs_hypercall_form *form, u64 control, u64 output)
{
	memset(&call, 0, sizeof(call));
	call.control = form->code | control;
	call.input = GPA;
	call.output = output;
	return rs_hypercall_parse(form, &call);
}

START_TEST(well_formed)
{
	ck_assert_uint_eq(parse(&simple, 0), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.copy, 24);
	ck_assert_uint_eq(call.reps, 0);
	ck_assert_uint_eq(parse(&rep, REPS(5) | START(2)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.reps, 5);
	ck_assert_uint_eq(call.start, 2);
	ck_assert_uint_eq(call.copy, 24);
	ck_assert_uint_eq(parse(&rep_var, REPS(1) | VARHEAD(3)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.varhead, 3);
	ck_assert_uint_eq(call.copy, 40);
	ck_assert_uint_eq(parse(&rep_var, REPS(1)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.copy, 32);
}
END_TEST

/* However odd the control word, what is copied fits. */
START_TEST(copy_fits)
{
	u64 control = 0x9e3779b97f4a7c15ull;

	for (int i = 0; i < 100000; i++) {
		control = control * 6364136223846793005ull + 1442695040888963407ull;
		if (!parse_at(&rep_var, control & ~(0xffffull | HV_HYPERCALL_FAST), control >> 20))
			ck_assert_uint_le(call.input % HV_PAGE_SIZE + call.copy, HV_PAGE_SIZE);
		if (!parse_at(&rep_var, (control & ~0xffffull) | HV_HYPERCALL_FAST, control >> 20))
			ck_assert_uint_le(call.size, sizeof(call.fast));
		ck_assert_uint_le(call.copy, sizeof(call.words));
	}
}
END_TEST

START_TEST(reserved_bits)
{
	for (int bit = 16; bit < 64; bit++) {
		if (!((HV_HYPERCALL_RSVD | HV_HYPERCALL_NESTED) & BIT_ULL(bit)))
			continue;
		ck_assert_uint_eq(parse(&simple, BIT_ULL(bit)), HV_STATUS_INVALID_HYPERCALL_INPUT);
		ck_assert_uint_eq(parse(&rep, REPS(1) | BIT_ULL(bit)),
				  HV_STATUS_INVALID_HYPERCALL_INPUT);
	}
}
END_TEST

START_TEST(repetitions)
{
	const u16 bad = HV_STATUS_INVALID_HYPERCALL_INPUT;

	ck_assert_uint_eq(parse(&simple, REPS(1)), bad);
	ck_assert_uint_eq(parse(&simple, START(1)), bad);
	ck_assert_uint_eq(parse(&rep, 0), bad);
	ck_assert_uint_eq(parse(&rep, START(1)), bad);
	ck_assert_uint_eq(parse(&rep, REPS(4) | START(4)), bad);
	ck_assert_uint_eq(parse(&rep, REPS(4) | START(0xfff)), bad);
	ck_assert_uint_eq(parse(&rep, REPS(4) | START(3)), HV_STATUS_SUCCESS);
}
END_TEST

START_TEST(variable_header)
{
	ck_assert_uint_eq(parse(&simple, VARHEAD(1)), HV_STATUS_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(parse(&rep, REPS(1) | VARHEAD(1)), HV_STATUS_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(parse(&rep_var, REPS(1) | VARHEAD(1023)), HV_STATUS_INVALID_ALIGNMENT);
}
END_TEST

START_TEST(pointers)
{
	const u16 bad = HV_STATUS_INVALID_ALIGNMENT;

	for (u64 i = 1; i < 8; i++)
		ck_assert_uint_eq(parse_at(&simple, 0, GPA + i), bad);
	ck_assert_uint_eq(parse_at(&simple, 0, GPA + 4096 - 24), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse_at(&simple, 0, GPA + 4096 - 16), bad);
	/* 24 + 509 * 8 is a page */
	ck_assert_uint_eq(parse(&rep, REPS(509)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse(&rep, REPS(510)), bad);
	ck_assert_uint_eq(parse(&rep, REPS(4095)), bad);
	ck_assert_uint_eq(parse_at(&simple, 0, ~7ull), bad);
	ck_assert_uint_eq(parse_at(&simple, 0, ~0xfffull), HV_STATUS_SUCCESS);
}
END_TEST

START_TEST(status_order)
{
	/* a bad control word before a bad pointer */
	ck_assert_uint_eq(parse_at(&simple, BIT_ULL(31), GPA + 1),
			  HV_STATUS_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(parse_at(&rep, 0, GPA + 1), HV_STATUS_INVALID_HYPERCALL_INPUT);
}
END_TEST

/* 112 bytes fit: RDX, R8, six XMM registers.  What is fast has no pointer to be wrong. */
START_TEST(fast)
{
	const u16 bad = HV_STATUS_INVALID_HYPERCALL_INPUT;

	ck_assert_uint_eq(parse_at(&small, HV_HYPERCALL_FAST, 0x7777777), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse(&simple, HV_HYPERCALL_FAST), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse(&rep, HV_HYPERCALL_FAST | REPS(11)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.size, 112);
	ck_assert_uint_eq(call.elements, 24);
	ck_assert_uint_eq(parse(&rep, HV_HYPERCALL_FAST | REPS(12)), bad);
	ck_assert_uint_eq(parse(&rep_var, HV_HYPERCALL_FAST | REPS(1) | VARHEAD(9)),
			  HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.elements, 32 + 72);
	ck_assert_uint_eq(parse(&rep_var, HV_HYPERCALL_FAST | REPS(1) | VARHEAD(10)), bad);
}
END_TEST

/* Output begins in a register of its own, and must fit behind the input. */
START_TEST(fast_output)
{
	const u16 bad = HV_STATUS_INVALID_HYPERCALL_INPUT;

	ck_assert_uint_eq(parse(&get, HV_HYPERCALL_FAST | REPS(2)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.fast_out, 4);
	ck_assert_uint_eq(parse(&get, HV_HYPERCALL_FAST | REPS(4)), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.fast_out, 4);
	ck_assert_uint_eq(parse(&get, HV_HYPERCALL_FAST | REPS(5)), bad);
	ck_assert_uint_eq(parse(&query, HV_HYPERCALL_FAST), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(call.fast_out, 0);
}
END_TEST

START_TEST(output_pointers)
{
	const u16 bad = HV_STATUS_INVALID_ALIGNMENT;

	ck_assert_uint_eq(parse_to(&get, REPS(2), GPA), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse_to(&get, REPS(2), GPA + 4), bad);
	ck_assert_uint_eq(parse_to(&get, REPS(2), GPA + 4096 - 32), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse_to(&get, REPS(2), GPA + 4096 - 24), bad);
	ck_assert_uint_eq(parse_to(&get, REPS(256), GPA), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse_to(&get, REPS(257), GPA), bad);
	ck_assert_uint_eq(parse_to(&query, 0, GPA + 1), bad);
	/* a call without output does not look at the pointer, nor one without input */
	ck_assert_uint_eq(parse_to(&simple, 0, GPA + 1), HV_STATUS_SUCCESS);
	ck_assert_uint_eq(parse_at(&query, 0, 1), HV_STATUS_SUCCESS);
}
END_TEST

START_TEST(vp_sets)
{
	u64 mask = 0;

	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_ALL, 0, 0, 0, &mask), 0);
	ck_assert_uint_eq(mask, ~0ull);
	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_SPARSE_4K, 1, 1, 0x15, &mask), 0);
	ck_assert_uint_eq(mask, 0x15);
	/* VPs 64 and up do not exist */
	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_SPARSE_4K, 2, 1, 0x15, &mask), 0);
	ck_assert_uint_eq(mask, 0);
	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_SPARSE_4K, 0, 0, 0, &mask), 0);
	ck_assert_uint_eq(mask, 0);
	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_SPARSE_4K, ~0ull, 64, 3, &mask), 0);
	ck_assert_uint_eq(mask, 3);
	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_SPARSE_4K, 1, 0, 0, &mask),
			  HV_STATUS_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(rs_hypercall_vp_set(HV_GENERIC_SET_SPARSE_4K, 1, 2, 0, &mask),
			  HV_STATUS_INVALID_HYPERCALL_INPUT);
	ck_assert_uint_eq(rs_hypercall_vp_set(2, 0, 0, 0, &mask), HV_STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(rs_hypercall_vp_set(~0ull, 0, 0, 0, &mask),
			  HV_STATUS_INVALID_PARAMETER);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		well_formed, copy_fits, reserved_bits, repetitions, variable_header, pointers,
		status_order, fast, fast_output, output_pointers, vp_sets,
	};

	return run_suite("hypercall_parse", tests, ARRAY_SIZE(tests), setup);
}
