// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: kmod/synic.c */
/*
 * SynIC: registers and their bad values, message slots that are busy, event flags.
 */
#include "suite.h"
#include "synic.h"

/* The guest's memory: pages 1..4, so that GPA 0 and what is above are not memory. */
#define MEMORY_FIRST	HV_PAGE_SIZE
#define MEMORY_SIZE	(4 * HV_PAGE_SIZE)
#define SIMP		(1ull * HV_PAGE_SIZE)
#define SIEFP		(2ull * HV_PAGE_SIZE)
#define NOWHERE		(64ull * HV_PAGE_SIZE)
#define VECTOR		0x40u

static struct rs_synic synic;
static _Alignas(8) u8 memory[MEMORY_SIZE];
static unsigned int asserted[256];
static unsigned int retried[HV_SINT_COUNT];
static struct hv_message repost;	/* retry posts it when its type is set */
static int repost_result;
static bool guest_empties;		/* the guest clears the type as the flag is being set */

static u8 *at(u64 gpa, size_t size)
{
	if (gpa < MEMORY_FIRST || gpa - MEMORY_FIRST > MEMORY_SIZE - size)
		return NULL;
	return memory + gpa - MEMORY_FIRST;
}

static int op_read(struct rs_synic *s, u64 gpa, void *buffer, size_t size)
{
	ck_assert_ptr_eq(s, &synic);
	if (!at(gpa, size))
		return -EFAULT;
	memcpy(buffer, at(gpa, size), size);
	return 0;
}

static int op_write(struct rs_synic *s, u64 gpa, const void *buffer, size_t size)
{
	ck_assert_ptr_eq(s, &synic);
	if (!at(gpa, size))
		return -EFAULT;
	memcpy(at(gpa, size), buffer, size);
	return 0;
}

static int op_set_bit(struct rs_synic *s, u64 gpa, unsigned int bit)
{
	u64 *word = (u64 *)at(gpa, 8);
	int was;

	ck_assert_ptr_eq(s, &synic);
	ck_assert_uint_lt(bit, 64);
	ck_assert_uint_eq(gpa % 8, 0);
	if (!word)
		return -EFAULT;
	was = *word >> bit & 1;
	*word |= BIT_ULL(bit);
	if (guest_empties)
		*word &= ~0xffffffffull;
	return was;
}

static void op_assert(struct rs_synic *s, u8 vector)
{
	ck_assert_ptr_eq(s, &synic);
	asserted[vector]++;
}

static void op_retry(struct rs_synic *s, unsigned int sint)
{
	retried[sint]++;
	if (repost.header.message_type)
		repost_result = rs_synic_post(s, sint, &repost);
}

static const struct rs_synic_ops ops = { op_read, op_write, op_set_bit, op_assert, op_retry };

static void setup(void)
{
	memset(memory, 0xff, sizeof(memory));
	memset(asserted, 0, sizeof(asserted));
	memset(retried, 0, sizeof(retried));
	memset(&repost, 0, sizeof(repost));
	repost_result = 1;
	guest_empties = false;
	rs_synic_init(&synic, &ops);
}

static u64 get(u32 msr)
{
	u64 value = 0x5a5a;

	ck_assert_int_eq(rs_synic_rdmsr(&synic, msr, &value), 0);
	return value;
}

static void set(u32 msr, u64 value)
{
	ck_assert_int_eq(rs_synic_wrmsr(&synic, msr, value), 0);
}

static void refused(u32 msr, u64 value)
{
	ck_assert_int_eq(rs_synic_wrmsr(&synic, msr, value), -EINVAL);
}

static void enable(void)
{
	set(HV_X64_MSR_SIMP, SIMP | HV_MSR_ENABLE);
	set(HV_X64_MSR_SIEFP, SIEFP | HV_MSR_ENABLE);
	set(HV_X64_MSR_SCONTROL, HV_MSR_ENABLE);
	set(HV_X64_MSR_SINT0 + 2, VECTOR);
}

static struct hv_message message(u32 type)
{
	struct hv_message m = { .header.message_type = type, .header.payload_size = 8 };

	m.payload[0] = 0x1122334455667788ull;
	return m;
}

static int post(unsigned int sint, u32 type)
{
	struct hv_message m = message(type);

	return rs_synic_post(&synic, sint, &m);
}

static struct hv_message *slot(unsigned int sint)
{
	return (struct hv_message *)at(SIMP, HV_PAGE_SIZE) + sint;
}

START_TEST(reset_values)
{
	ck_assert_uint_eq(get(HV_X64_MSR_SCONTROL), 0);
	ck_assert_uint_eq(get(HV_X64_MSR_SVERSION), 1);
	ck_assert_uint_eq(get(HV_X64_MSR_SIMP), 0);
	ck_assert_uint_eq(get(HV_X64_MSR_SIEFP), 0);
	ck_assert_uint_eq(get(HV_X64_MSR_EOM), 0);
	for (u32 i = 0; i < HV_SINT_COUNT; i++)
		ck_assert_uint_eq(get(HV_X64_MSR_SINT0 + i), 0x10000);
	enable();
	ck_assert_int_eq(post(2, 1), 0);
	ck_assert_int_eq(post(2, 1), -EAGAIN);
	rs_synic_reset(&synic);
	ck_assert_uint_eq(get(HV_X64_MSR_SCONTROL), 0);
	ck_assert_uint_eq(get(HV_X64_MSR_SINT0 + 2), 0x10000);
	ck_assert_uint_eq(synic.waiting, 0);
}
END_TEST

START_TEST(bad_registers)
{
	u64 value;

	refused(HV_X64_MSR_SVERSION, 1);
	refused(HV_X64_MSR_SINT15 + 1, 0);
	refused(HV_X64_MSR_EOM + 1, 0);
	refused(HV_X64_MSR_SCONTROL - 1, 0);
	ck_assert_int_eq(rs_synic_rdmsr(&synic, HV_X64_MSR_EOM + 1, &value), -EINVAL);
	ck_assert_int_eq(rs_synic_rdmsr(&synic, HV_X64_MSR_SINT15 + 1, &value), -EINVAL);
}
END_TEST

START_TEST(sint_vectors)
{
	for (u64 v = 0; v < 256; v++) {
		if (v < 16)
			refused(HV_X64_MSR_SINT0 + 5, v);
		else
			set(HV_X64_MSR_SINT0 + 5, v);
		set(HV_X64_MSR_SINT0 + 5, v | HV_SINT_MASKED);
	}
	refused(HV_X64_MSR_SINT0 + 5, 15 | HV_SINT_POLLING);
	refused(HV_X64_MSR_SINT0 + 5, 15 | HV_SINT_AUTO_EOI);
	ck_assert_uint_eq(get(HV_X64_MSR_SINT0 + 5), 255 | HV_SINT_MASKED);
	/* RsvdP: preserved */
	set(HV_X64_MSR_SINT0 + 5, ~0ull);
	ck_assert_uint_eq(get(HV_X64_MSR_SINT0 + 5), ~0ull);
}
END_TEST

START_TEST(pages_are_zeroed)
{
	set(HV_X64_MSR_SIMP, SIMP);
	ck_assert_uint_eq(*at(SIMP, 1), 0xff);
	set(HV_X64_MSR_SIMP, SIMP | 0xffe | HV_MSR_ENABLE);
	ck_assert_uint_eq(get(HV_X64_MSR_SIMP), SIMP | 0xfff);
	for (u64 i = 0; i < HV_PAGE_SIZE; i++)
		ck_assert_uint_eq(*at(SIMP + i, 1), 0);
	ck_assert_uint_eq(*at(SIMP + HV_PAGE_SIZE, 1), 0xff);
	/* the same again is no new page */
	*at(SIMP, 1) = 7;
	set(HV_X64_MSR_SIMP, SIMP | HV_MSR_ENABLE);
	ck_assert_uint_eq(*at(SIMP, 1), 7);
	/* another is */
	set(HV_X64_MSR_SIMP, SIEFP | HV_MSR_ENABLE);
	ck_assert_uint_eq(*at(SIEFP, 1), 0);
}
END_TEST

START_TEST(pages_that_are_not_memory)
{
	refused(HV_X64_MSR_SIMP, NOWHERE | HV_MSR_ENABLE);
	refused(HV_X64_MSR_SIEFP, ~0ull);
	ck_assert_uint_eq(get(HV_X64_MSR_SIMP), 0);
	ck_assert_uint_eq(get(HV_X64_MSR_SIEFP), 0);
	set(HV_X64_MSR_SIMP, NOWHERE);		/* disabled: may be anything */
}
END_TEST

START_TEST(message_arrives)
{
	struct hv_message want = message(0x80000010);

	enable();
	ck_assert_int_eq(post(2, 0x80000010), 0);
	ck_assert_mem_eq(slot(2), &want, sizeof(want));
	ck_assert_uint_eq(asserted[VECTOR], 1);
	ck_assert_uint_eq(slot(1)->header.message_type, 0);
	ck_assert_uint_eq(slot(3)->header.message_type, 0);
}
END_TEST

START_TEST(message_refused)
{
	struct hv_message m = message(1);

	ck_assert_int_eq(post(2, 1), -EINVAL);
	enable();
	ck_assert_int_eq(post(HV_SINT_COUNT, 1), -EINVAL);
	ck_assert_int_eq(post(~0u, 1), -EINVAL);
	m.header.payload_size = HV_MESSAGE_PAYLOAD_MAX + 1;
	ck_assert_int_eq(rs_synic_post(&synic, 2, &m), -EINVAL);
	set(HV_X64_MSR_SCONTROL, ~1ull);
	ck_assert_int_eq(post(2, 1), -EINVAL);
	set(HV_X64_MSR_SCONTROL, 1);
	set(HV_X64_MSR_SIMP, SIMP);
	ck_assert_int_eq(post(2, 1), -EINVAL);
	ck_assert_uint_eq(asserted[VECTOR], 0);
}
END_TEST

/* The guest takes the page out of its memory after it was enabled. */
START_TEST(message_page_vanishes)
{
	enable();
	synic.simp = NOWHERE | HV_MSR_ENABLE;
	synic.siefp = NOWHERE | HV_MSR_ENABLE;
	ck_assert_int_eq(post(2, 1), -EINVAL);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 0), -EINVAL);
	ck_assert_uint_eq(asserted[VECTOR], 0);
	ck_assert_uint_eq(synic.waiting, 0);
}
END_TEST

START_TEST(busy_slot)
{
	enable();
	ck_assert_int_eq(post(2, 1), 0);
	ck_assert_uint_eq(slot(2)->header.message_flags, 0);
	ck_assert_int_eq(post(2, 2), -EAGAIN);
	ck_assert_uint_eq(slot(2)->header.message_flags, HV_MESSAGE_FLAG_PENDING);
	ck_assert_uint_eq(slot(2)->header.message_type, 1);
	ck_assert_uint_eq(slot(2)->header.payload_size, 8);
	ck_assert_uint_eq(asserted[VECTOR], 1);

	/* the guest says EOM without having emptied it: asked again, told again */
	repost = message(2);
	set(HV_X64_MSR_EOM, 0);
	ck_assert_uint_eq(retried[2], 1);
	ck_assert_int_eq(repost_result, -EAGAIN);

	slot(2)->header.message_type = HV_MESSAGE_NONE;
	set(HV_X64_MSR_EOM, ~0ull);
	ck_assert_uint_eq(retried[2], 2);
	ck_assert_int_eq(repost_result, 0);
	ck_assert_uint_eq(slot(2)->header.message_type, 2);
	ck_assert_uint_eq(slot(2)->header.message_flags, 0);
	ck_assert_uint_eq(asserted[VECTOR], 2);

	set(HV_X64_MSR_EOM, 0);
	ck_assert_uint_eq(retried[2], 2);
	for (unsigned int i = 0; i < HV_SINT_COUNT; i++)
		ck_assert(i == 2 || !retried[i]);
}
END_TEST

/* The guest empties the slot while we ask for it: it may not look at the flag again. */
START_TEST(emptied_while_asked)
{
	enable();
	ck_assert_int_eq(post(2, 1), 0);
	guest_empties = true;
	ck_assert_int_eq(post(2, 2), 0);
	ck_assert_uint_eq(slot(2)->header.message_type, 2);
	ck_assert_uint_eq(slot(2)->header.message_flags, 0);
	ck_assert_uint_eq(asserted[VECTOR], 2);
	ck_assert_uint_eq(synic.waiting, 0);
}
END_TEST

START_TEST(masked_and_polled)
{
	enable();
	set(HV_X64_MSR_SINT0 + 3, VECTOR | HV_SINT_MASKED);
	set(HV_X64_MSR_SINT0 + 4, VECTOR | HV_SINT_POLLING);
	for (unsigned int sint = 3; sint < 5; sint++) {
		ck_assert_int_eq(post(sint, 9), 0);
		ck_assert_uint_eq(slot(sint)->header.message_type, 9);
		ck_assert_int_eq(rs_synic_signal(&synic, sint, 1), 0);
	}
	ck_assert_uint_eq(asserted[VECTOR], 0);
}
END_TEST

START_TEST(event_flags)
{
	u64 *flags;

	ck_assert_int_eq(rs_synic_signal(&synic, 2, 0), -EINVAL);
	enable();
	flags = (u64 *)at(SIEFP + 2 * 256, 256);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 0), 0);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 65), 0);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 2047), 0);
	ck_assert_uint_eq(asserted[VECTOR], 3);
	ck_assert_uint_eq(flags[0], 1);
	ck_assert_uint_eq(flags[1], 2);
	ck_assert_uint_eq(flags[31], 1ull << 63);
	ck_assert_uint_eq(flags[32], 0);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 65), 0);
	ck_assert_uint_eq(asserted[VECTOR], 3);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 2048), -EINVAL);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, ~0u), -EINVAL);
	ck_assert_int_eq(rs_synic_signal(&synic, 16, 0), -EINVAL);
	set(HV_X64_MSR_SCONTROL, 0);
	ck_assert_int_eq(rs_synic_signal(&synic, 2, 5), -EINVAL);
}
END_TEST

START_TEST(auto_eoi)
{
	set(HV_X64_MSR_SINT0 + 15, VECTOR | HV_SINT_AUTO_EOI);
	ck_assert(rs_synic_auto_eoi(&synic, VECTOR));
	ck_assert(!rs_synic_auto_eoi(&synic, VECTOR + 1));
	set(HV_X64_MSR_SINT0 + 15, VECTOR | HV_SINT_AUTO_EOI | HV_SINT_MASKED);
	ck_assert(!rs_synic_auto_eoi(&synic, VECTOR));
	set(HV_X64_MSR_SINT0 + 15, VECTOR);
	ck_assert(!rs_synic_auto_eoi(&synic, VECTOR));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reset_values, bad_registers, sint_vectors, pages_are_zeroed,
		pages_that_are_not_memory, message_arrives, message_refused,
		message_page_vanishes, busy_slot, emptied_while_asked, masked_and_polled,
		event_flags, auto_eoi,
	};

	return run_suite("synic", tests, ARRAY_SIZE(tests), setup);
}
