// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/memory.c */
/*
 * Guest RAM: which addresses are RAM, and that clearing it gives it back.
 */
#include <sys/mman.h>

#include "memory.h"
#include "vdev_test.h"

START_TEST(small_ram_has_one_part)
{
	struct memory memory;

	ck_assert_int_eq(memory_create(&memory, 64 * MIB, 64 * MIB, 0), 0);
	ck_assert_uint_eq((uintptr_t)memory.base % GIB, 0);
	ck_assert_uint_eq(memory.low_end, 64 * MIB);
	ck_assert_uint_eq(memory_top(&memory), 4 * GIB);
	ck_assert_ptr_eq(memory_at(&memory, 0, 1), memory.base);
	ck_assert_ptr_nonnull(memory_at(&memory, 0, 64 * MIB));
	ck_assert_ptr_nonnull(memory_at(&memory, 64 * MIB - 1, 1));
	ck_assert_ptr_null(memory_at(&memory, 64 * MIB - 1, 2));
	ck_assert_ptr_null(memory_at(&memory, 64 * MIB, 1));
	ck_assert_ptr_null(memory_at(&memory, 4 * GIB, 1));
	memory_destroy(&memory);
}
END_TEST

START_TEST(large_ram_leaves_a_hole)
{
	struct memory memory;

	ck_assert_int_eq(memory_create(&memory, 3 * GIB + 2 * MIB, 3 * GIB + 2 * MIB, 0), 0);
	ck_assert_uint_eq(memory.low_end, 3 * GIB);
	ck_assert_uint_eq(memory.high_end, 4 * GIB + 2 * MIB);
	ck_assert_uint_eq(memory_top(&memory), 5 * GIB);
	ck_assert_ptr_null(memory_at(&memory, 3 * GIB - 1, 2));
	ck_assert_ptr_null(memory_at(&memory, 3 * GIB, GIB));
	ck_assert_ptr_null(memory_at(&memory, 2 * GIB, 2 * GIB + 1));
	ck_assert_ptr_eq(memory_at(&memory, 4 * GIB, 2 * MIB), memory.base + 4 * GIB);
	ck_assert_ptr_null(memory_at(&memory, 4 * GIB, 2 * MIB + 1));
	memory_destroy(&memory);
}
END_TEST

START_TEST(overflow_is_noticed)
{
	struct memory memory;

	ck_assert_int_eq(memory_create(&memory, 64 * MIB, 64 * MIB, 0), 0);
	ck_assert_ptr_null(memory_at(&memory, UINT64_MAX, 1));
	ck_assert_ptr_null(memory_at(&memory, UINT64_MAX, 2));
	ck_assert_ptr_null(memory_at(&memory, 1, UINT64_MAX));
	ck_assert_ptr_null(memory_at(&memory, 4096, UINT64_MAX - 4095));
	memory_destroy(&memory);
}
END_TEST

START_TEST(clearing_gives_zeros_and_frees)
{
	struct memory memory;
	unsigned char resident;
	uint8_t *byte;

	ck_assert_int_eq(memory_create(&memory, 64 * MIB, 64 * MIB, 0), 0);
	byte = memory_at(&memory, MIB, 1);
	*byte = 1;
	ck_assert_int_eq(memory_clear(&memory), 0);
	ck_assert_int_eq(mincore(byte, 4096, &resident), 0);
	ck_assert_int_eq(resident & 1, 0);
	ck_assert_uint_eq(*byte, 0);
	memory_destroy(&memory);
}
END_TEST

START_TEST(added_memory)
{
	struct memory memory;
	uint8_t *byte;

	ck_assert_int_eq(memory_create(&memory, 3 * GIB + 2 * MIB, 4 * GIB, 0), 0);
	ck_assert_uint_eq(memory.hot_base, 6 * GIB);
	ck_assert_uint_eq(memory_top(&memory), 7 * GIB);
	ck_assert_ptr_null(memory_at(&memory, 6 * GIB, 1));
	ck_assert_int_eq(memory_add(&memory, 6 * GIB + 4096, 128 * MIB), -ERANGE);
	ck_assert_int_eq(memory_add(&memory, 6 * GIB, GIB), -ERANGE);
	ck_assert_int_eq(memory_add(&memory, 6 * GIB, UINT64_MAX), -ERANGE);
	ck_assert_int_eq(memory_add(&memory, 6 * GIB, 128 * MIB), 0);
	byte = memory_at(&memory, 6 * GIB + 128 * MIB - 1, 1);
	ck_assert_ptr_eq(byte, memory.base + 6 * GIB + 128 * MIB - 1);
	ck_assert_ptr_null(memory_at(&memory, 6 * GIB + 128 * MIB, 1));
	*byte = 1;
	ck_assert_int_eq(memory_add(&memory, 6 * GIB + 128 * MIB, 2 * MIB), 0);
	ck_assert_int_eq(memory_take_away(&memory, 6 * GIB + 128 * MIB), 0);
	ck_assert_uint_eq(*byte, 1);
	ck_assert_int_eq(memory_clear(&memory), 0);
	ck_assert_ptr_null(memory_at(&memory, 6 * GIB, 1));
	ck_assert_int_eq(memory_add(&memory, 6 * GIB, 128 * MIB), 0);
	ck_assert_uint_eq(*byte, 0);
	memory_destroy(&memory);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		small_ram_has_one_part, large_ram_leaves_a_hole, overflow_is_noticed,
		clearing_gives_zeros_and_frees, added_memory,
	};

	return run_tests("memory", tests, ARRAY_SIZE(tests), NULL, NULL);
}
