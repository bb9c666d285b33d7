// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/libvhd/text.c userspace/libvhd/meta.c userspace/libvhd/space.c */
/* LINK: userspace/libvhd/vhdx.c userspace/libvhd/vhdx_header.c userspace/libvhd/vhdx_log.c */
/* LINK: userspace/libvhd/vhdx_replay.c userspace/libvhd/vhdx_meta.c userspace/libvhd/vhdx_bat.c */
/* LINK: userspace/libvhd/vhdx_locator.c userspace/libvhd/vhdx_scan.c userspace/libvhd/raw.c */
/* LINK: userspace/libvhd/vhdx_create.c userspace/libvhd/vhdx_resize.c userspace/libvhd/vhd.c */
/* LINK: userspace/libvhd/vhd_footer.c userspace/libvhd/vhd_locator.c userspace/libvhd/vhd_bat.c */
/* LINK: userspace/libvhd/vhd_create.c userspace/libvhd/vhd_resize.c userspace/libvhd/disk.c */
/* LINK: userspace/libvhd/rw.c userspace/libvhd/path.c userspace/libvhd/create.c */
/* LINK: userspace/libvhd/table.c userspace/libvhd/nbd_none.c userspace/vmwp/storage/map.c */
/* LINK: userspace/libvhd/copy.c userspace/libvhd/file.c userspace/libvhd/uring.c */
/* LINK: tests/unit/memory_file.c tests/unit/vhd_test.c */
/* LIBS: -luring */
/*
 * The table of a disk's units, who is told when it changes, and what the worker answers to
 * requests of all kinds, good and bad.
 */
#include "vhd_test.h"

#include <stdlib.h>

#include "../../userspace/vmwp/storage/map.h"

#define UNITS	32u

static struct memory_fs fs;
static struct model model;
static struct vhd_disk *disk;
static struct disk_map worker;
static uint8_t buffer[65536];

/* The kernel: what it was told, and when that was taken back. */
static struct {
	uint64_t entries[UNITS];
	unsigned int sets, revokes;
	uint64_t generation;
	uint64_t offset, length;
	int set_fails, revoke_fails;
} kernel;

static int kernel_set(void *context, uint64_t first, uint32_t count, const uint64_t *entries)
{
	kernel.sets++;
	ck_assert_uint_le(first + count, UNITS);
	if (kernel.set_fails)
		return kernel.set_fails;
	memcpy(kernel.entries + first, entries, count * sizeof(*entries));
	return 0;
}

static int kernel_set_linear(void *context, uint64_t first, uint64_t count, uint64_t entry)
{
	ck_assert_uint_eq(entry, STORVSP_MAP_ASK);
	for (uint64_t i = first; i < first + count; i++)
		kernel.entries[i] = entry;
	return 0;
}

static int kernel_revoke(void *context, uint64_t offset, uint64_t length, uint64_t *generation)
{
	uint64_t unit = vhd_table_unit(disk);

	kernel.revokes++;
	kernel.offset = offset;
	kernel.length = length;
	if (kernel.revoke_fails)
		return kernel.revoke_fails;
	for (uint64_t i = offset / unit; i <= (offset + length - 1) / unit && i < UNITS; i++)
		kernel.entries[i] = STORVSP_MAP_ASK;
	*generation = ++kernel.generation;
	return 0;
}

static const struct disk_map_ops kernel_ops = {
	.set = kernel_set, .set_linear = kernel_set_linear, .revoke = kernel_revoke,
};

static void setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
	memory_init(&fs);
}

static void begin(unsigned int number, uint32_t flags)
{
	const struct vhd_create *what = &vhd_cases[number].what;

	model_init(&model, what->size, 9 + number);
	make_case(&fs, what, &model);
	disk = open_case(&fs, "/disk", flags);
	disk_map_init(&worker, disk, &kernel_ops, NULL, buffer, sizeof(buffer));
	ck_assert(worker.copies);
	worker.copies = false;
}

static void end(void)
{
	disk_map_fini(&worker);
	vhd_close(disk, NULL);
	model_fini(&model);
	memory_fini(&fs);
	memory_init(&fs);
	memset(&kernel, 0, sizeof(kernel));
}

static void teardown(void)
{
	memory_fini(&fs);
}

static struct storvsp_map_answer ask(uint32_t operation, uint64_t offset, uint64_t length)
{
	struct storvsp_map_request request = {
		.tag = 77, .operation = operation, .offset = offset, .length = length,
		.generation = kernel.generation,
	};
	struct storvsp_map_answer answer;

	disk_map_answer(&worker, &request, &answer);
	ck_assert_uint_eq(answer.tag, 77);
	ck_assert_uint_eq(answer.generation, kernel.generation);
	return answer;
}

/* Each sector of a unit is where the entry says. */
static void check_entry(uint64_t entry, uint64_t offset, uint64_t length)
{
	struct vhd_extent extent;
	uint64_t done;

	for (done = 0; done < length; done += extent.length) {
		ck_assert_int_eq(vhd_map(disk, offset + done, length - done, &extent), 0);
		if (entry == VHD_ENTRY_ASK)
			break;
		ck_assert_int_eq(extent.kind, (entry & VHD_ENTRY_KIND) == VHD_ENTRY_DATA ?
				 VHD_EXTENT_DATA : VHD_EXTENT_ZERO);
		if (extent.kind == VHD_EXTENT_ZERO)
			continue;
		ck_assert_uint_eq(extent.depth, entry >> VHD_ENTRY_FILE_SHIFT & 63);
		ck_assert_uint_eq(extent.file_offset, (entry & VHD_ENTRY_OFFSET) + done);
		ck_assert_uint_eq(extent.flags & VHD_EXTENT_WRITABLE ? VHD_ENTRY_WRITABLE : 0,
				  entry & VHD_ENTRY_WRITABLE);
	}
	/* What is in one place is not asked for. */
	if (entry == VHD_ENTRY_ASK)
		ck_assert_uint_lt(extent.length, length);
}

static void check_table(void)
{
	uint64_t unit = vhd_table_unit(disk), entries[UNITS], one;
	uint32_t count = (uint32_t)((disk->size + unit - 1) / unit);

	ck_assert(power_of_two(unit));
	ck_assert_uint_le(count, UNITS);
	ck_assert_int_eq(vhd_table(disk, 0, count, entries), 0);
	for (uint32_t i = 0; i < count; i++) {
		check_entry(entries[i], i * unit, lesser(unit, disk->size - i * unit));
		ck_assert_int_eq(vhd_table(disk, i, 1, &one), 0);
		ck_assert_uint_eq(one, entries[i]);
	}
	ck_assert_int_eq(vhd_table(disk, count, 1, &one), -ERANGE);
	ck_assert_int_eq(vhd_table(disk, 0, count + 1, entries), -ERANGE);
	ck_assert_int_eq(vhd_table(disk, ~0ull, 1, &one), -ERANGE);
}

/* Whatever happens to a disk, its table is the map, and what the kernel has is true or nothing. */
START_TEST(the_table_is_the_map)
{
	for (unsigned int number = 0; number < vhd_cases_count; number++) {
		begin(number, VHD_OPEN_WRITE);
		check_table();
		for (unsigned int i = 0; i < 60; i++) {
			uint64_t unit = vhd_table_unit(disk), entry;

			ck_assert_int_eq(random_step(disk, &model), 0);
			/* Stamps that may be there are of no interest here. */
			model_flushed(&model);
			ask(STORVSP_MAP_OP_LOOKUP, model_random(&model, 9) << 20, 4096);
			for (uint32_t n = 0; n < (disk->size + unit - 1) / unit; n++) {
				ck_assert_int_eq(vhd_table(disk, n, 1, &entry), 0);
				ck_assert(kernel.entries[n] == STORVSP_MAP_ASK ||
					  kernel.entries[n] == entry);
			}
		}
		check_table();
		ck_assert_uint_gt(kernel.sets, 0);
		end();
	}
}
END_TEST

START_TEST(moves_are_told_before)
{
	begin(5, VHD_OPEN_WRITE);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 3 << 20).result, 0);
	ck_assert_uint_eq(kernel.revokes, 0);
	ck_assert(kernel.entries[0] & STORVSP_MAP_WRITABLE);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_DISCARD, 512, 2 << 20).result, 0);
	/* The block that lies in it wholly. */
	ck_assert(kernel.revokes == 1 && kernel.offset == 1 << 20 && kernel.length == 1 << 20);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ZERO, 512, 1024).result, 0);
	ck_assert(kernel.revokes == 2 && kernel.offset == 512 && kernel.length == 1024);
	ck_assert(kernel.entries[0] & STORVSP_MAP_WRITABLE);
	ck_assert_uint_eq(kernel.entries[1], STORVSP_MAP_ZERO);
	ck_assert_int_eq(vhd_resize(disk, disk->size + VHD_MIB, 0), 0);
	ck_assert(kernel.revokes == 3 && !kernel.offset && kernel.length == disk->size);
	/* What is not taken back is not moved. */
	kernel.revoke_fails = -EINTR;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_DISCARD, 0, 1 << 20).result, -EIO);
	ck_assert_int_eq(vhd_resize(disk, disk->size + VHD_MIB, 0), -EINTR);
	ck_assert(kernel.entries[0] & STORVSP_MAP_WRITABLE);
	check_table();
	end();
}
END_TEST

START_TEST(a_stale_commit)
{
	struct storvsp_map_request request = { .operation = STORVSP_MAP_OP_COMMIT, .length = 512 };
	struct storvsp_map_answer answer;

	begin(6, VHD_OPEN_WRITE);
	answer = ask(STORVSP_MAP_OP_ALLOCATE, 0, 512);
	ck_assert(!answer.result && answer.flags == STORVSP_MAP_COMMIT);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_DISCARD, 0, 1 << 20).result, 0);
	disk_map_answer(&worker, &request, &answer);
	ck_assert_int_eq(answer.result, -EAGAIN);
	/* Somewhere else nothing was taken back. */
	request.offset = 1 << 20;
	disk_map_answer(&worker, &request, &answer);
	ck_assert_int_eq(answer.result, 0);
	for (unsigned int i = 0; i < DISK_MAP_REVOKES; i++)
		ck_assert_int_eq(ask(STORVSP_MAP_OP_ZERO, 5 << 20, 512).result, 0);
	disk_map_answer(&worker, &request, &answer);
	ck_assert_int_eq(answer.result, -EAGAIN);
	/* A generation to come. */
	request.generation = kernel.generation + 1;
	disk_map_answer(&worker, &request, &answer);
	ck_assert_int_eq(answer.result, -EAGAIN);
	end();
}
END_TEST

START_TEST(a_flush_that_fails)
{
	begin(5, VHD_OPEN_WRITE);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 1 << 20).result, 0);
	memory_node(&fs, "/disk")->fail_after = 1;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_FLUSH, 0, 0).result, -EIO);
	memory_node(&fs, "/disk")->fail_after = 0;
	/* Everything was taken back; it can be read, not written. */
	ck_assert_uint_eq(kernel.revokes, 1);
	ck_assert_uint_eq(kernel.length, disk->size);
	ck_assert_uint_eq(kernel.entries[0] & (STORVSP_MAP_KIND | STORVSP_MAP_WRITABLE),
			  STORVSP_MAP_DATA);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_LOOKUP, 0, 512).result, 0);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 512).result, -EIO);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_FLUSH, 0, 0).result, -EIO);
	ck_assert_uint_eq(kernel.revokes, 1);
	end();
}
END_TEST

START_TEST(a_table_that_cannot_be_set)
{
	begin(5, VHD_OPEN_WRITE);
	kernel.set_fails = -ENOMEM;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 512).result, 0);
	ck_assert_uint_gt(kernel.revokes, 0);
	ck_assert_uint_eq(kernel.entries[0], STORVSP_MAP_ASK);
	kernel.revoke_fails = -EINTR;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 1 << 20, 512).result, -EIO);
	kernel.revoke_fails = 0;
	kernel.set_fails = 0;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_LOOKUP, 0, 512).result, -EIO);
	end();
}
END_TEST

START_TEST(no_space)
{
	begin(5, VHD_OPEN_WRITE);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 512).result, 0);
	memory_node(&fs, "/disk")->size_limit = disk->file->size;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 1 << 20, 512).result, -ENOSPC);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_FLUSH, 0, 0).result, 0);
	memory_node(&fs, "/disk")->size_limit = 0;
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 1 << 20, 512).result, 0);
	end();
}
END_TEST

START_TEST(bad_requests)
{
	static const uint64_t ranges[][2] = {
		{ 0, 0 }, { 0, 100 }, { 100, 512 }, { 1ull << 40, 512 }, { ~511ull, 512 },
		{ 512, ~511ull }, { 0, 64 << 20 },
	};

	begin(6, VHD_OPEN_WRITE);
	for (uint32_t operation = 0; operation < 12; operation++)
		for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
			int result = ask(operation, ranges[i][0], ranges[i][1]).result;

			/* Of nothing, all can be flushed, committed, discarded, read. */
			if (i && operation != STORVSP_MAP_OP_FLUSH)
				ck_assert_msg(result, "operation %u, range %u", operation, i);
		}
	ck_assert_int_eq(ask(0, 0, 512).result, -EIO);
	ck_assert_int_eq(ask(~0u, 0, 512).result, -EIO);
	ck_assert_int_eq(ask(9, 0, 512).result, -EIO);
	end();
}
END_TEST

START_TEST(copies)
{
	struct storvsp_map_request request = {
		.operation = STORVSP_MAP_OP_WRITE, .offset = 4096, .length = 8192, .buffer = 512,
	};
	struct storvsp_map_answer answer;

	begin(6, VHD_OPEN_WRITE);
	worker.copies = true;
	ck_assert_uint_eq(ask(STORVSP_MAP_OP_LOOKUP, 0, 512).flags, STORVSP_MAP_COPY);
	ck_assert_uint_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 512).flags, STORVSP_MAP_COPY);
	memset(buffer, 0x33, sizeof(buffer));
	disk_map_answer(&worker, &request, &answer);
	ck_assert_int_eq(answer.result, 0);
	memset(buffer, 0, sizeof(buffer));
	request.operation = STORVSP_MAP_OP_READ;
	disk_map_answer(&worker, &request, &answer);
	ck_assert_int_eq(answer.result, 0);
	ck_assert(buffer[511] == 0 && buffer[512] == 0x33 && buffer[8703] == 0x33 && !buffer[8704]);
	for (uint32_t at = sizeof(buffer) - 8191; at; at = at < ~0u ? ~0u : 0) {
		request.buffer = at;
		disk_map_answer(&worker, &request, &answer);
		ck_assert_int_eq(answer.result, -EIO);
	}
	ck_assert_uint_eq(kernel.sets, 0);
	end();
}
END_TEST

START_TEST(read_only)
{
	begin(5, 0);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_LOOKUP, 0, 512).result, 0);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_ALLOCATE, 0, 512).result, -EIO);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_DISCARD, 0, 1 << 20).result, -EIO);
	ck_assert_int_eq(ask(STORVSP_MAP_OP_FLUSH, 0, 0).result, 0);
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_table_is_the_map, moves_are_told_before, a_stale_commit, a_flush_that_fails,
		a_table_that_cannot_be_set, no_space, bad_requests, copies, read_only,
	};

	return run_tests("vhd_table", tests, ARRAY_SIZE(tests), setup, teardown);
}
