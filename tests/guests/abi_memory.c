// SPDX-License-Identifier: GPL-2.0-or-later
/* The ABI test's part for guest memory, dirty logs and doorbells. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "abi.h"

#define TOP	(1ull << 48)

/* ---- mapping */

/* Fields are laid over those of a call that works: a page at 16 MiB. */
static void test_map_fields(int partition, uint64_t memory)
{
	const struct {
		const char *name;
		struct vid_map_gpa map;
	} bad[] = {
		{ "gpa unaligned", { 16 * MIB + 1, PAGE, memory, RWX, 0 } },
		{ "gpa half a page", { 16 * MIB + 2048, PAGE, memory, RWX, 0 } },
		{ "size 0", { 16 * MIB, 0, memory, RWX, 0 } },
		{ "size unaligned", { 16 * MIB, PAGE + 1, memory, RWX, 0 } },
		{ "address unaligned", { 16 * MIB, PAGE, memory + 8, RWX, 0 } },
		{ "gpa + size wraps", { -PAGE, 2 * PAGE, memory, RWX, 0 } },
		{ "gpa + size is 0", { -PAGE, PAGE, memory, RWX, 0 } },
		{ "size of nearly all", { 16 * MIB, -PAGE, memory, RWX, 0 } },
		{ "address + size wraps", { 16 * MIB, PAGE * 2, -PAGE, RWX, 0 } },
		{ "address in the kernel", { 16 * MIB, PAGE, 0xffff888000000000, RWX, 0 } },
		{ "gpa of 48 bits", { TOP, PAGE, memory, RWX, 0 } },
		{ "ends beyond 48 bits", { TOP - PAGE, 2 * PAGE, memory, RWX, 0 } },
		{ "no flags", { 16 * MIB, PAGE, memory, 0, 0 } },
		{ "write only", { 16 * MIB, PAGE, memory, VID_MAP_WRITE, 0 } },
		{ "execute only", { 16 * MIB, PAGE, memory, VID_MAP_EXECUTE, 0 } },
		{ "an unknown flag", { 16 * MIB, PAGE, memory, RWX | 8, 0 } },
		{ "the last flag", { 16 * MIB, PAGE, memory, RWX | 1u << 31, 0 } },
		{ "mbz", { 16 * MIB, PAGE, memory, RWX, 1 } },
		{ "the local APIC's page", { 0xfee00000, PAGE, memory, RWX, 0 } },
		{ "over the local APIC", { 0xfedff000, 3 * PAGE, memory, RWX, 0 } },
	};
	char name[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(name, sizeof(name), "MAP_GPA, %s: EINVAL", bad[i].name);
		expect(name, -EINVAL, partition, VID_MAP_GPA, &bad[i].map);
	}
	ok(!map_gpa(partition, 16 * MIB, PAGE, (void *)memory, RWX), "none of them mapped it");
	ok(!unmap_gpa(partition, 16 * MIB, PAGE), "nor more than it");
}

/* The page that is shared with the kernel is no guest's: what the guest touches is not there. */
static void test_map_vp_page(void)
{
	struct vid_register assist = { .name = HV_REGISTER_VP_ASSIST_PAGE, .value.reg64 = 1 };
	struct vid_registers list = { .registers = (uintptr_t)&assist, .count = 1 };
	int partition = new_partition(1), vp = new_vp(partition, 0);
	struct vid_vp_page *page = map_page(vp);

	page->commit = 0;			/* it is in our page tables */
	ok(!map_gpa(partition, 0, PAGE, page, RWX), "MAP_GPA of a VP's page");
	expect("what touches it fails", -EINVAL, vp, VID_SET_REGISTERS, &list);
	munmap(page, PAGE);
	close(vp);
	close(partition);
}

static void test_map_limit(int partition, void *memory)
{
	int device = open_device();
	struct vid_api api = { 0 };

	call(device, VID_GET_API, &api);
	close(device);
	ok(map_gpa(partition, api.gpa_limit, PAGE, memory, RWX) == -EINVAL,
	   "MAP_GPA at the limit: EINVAL");
	ok(!map_gpa(partition, api.gpa_limit - PAGE, PAGE, memory, RWX), "the page before works");
	ok(!unmap_gpa(partition, api.gpa_limit - PAGE, PAGE), "and is unmapped");
}

static void test_map_overlap(int partition, void *memory)
{
	static const struct {
		const char *name;
		uint64_t first, pages;
		long wanted;
	} maps[] = {
		{ "itself", 8, 4, -EEXIST },
		{ "its first page", 7, 2, -EEXIST },
		{ "its last page", 11, 4, -EEXIST },
		{ "within", 9, 1, -EEXIST },
		{ "around", 4, 16, -EEXIST },
		{ "just below", 7, 1, 0 },
		{ "just above", 12, 1, 0 },
	};
	size_t i;

	ok(!map_gpa(partition, 8 * PAGE, 4 * PAGE, memory, RWX), "MAP_GPA of four pages");
	for (i = 0; i < ARRAY_SIZE(maps); i++)
		ok(map_gpa(partition, maps[i].first * PAGE, maps[i].pages * PAGE, memory,
			   VID_MAP_READ) == maps[i].wanted, "overlap, %s: %s", maps[i].name,
		   maps[i].wanted ? "EEXIST" : "no");
	ok(unmap_gpa(partition, 8 * PAGE, PAGE) == -ENOENT, "UNMAP_GPA of a part: ENOENT");
	ok(unmap_gpa(partition, 6 * PAGE, 8 * PAGE) == -ENOENT, "with a gap: ENOENT");
	ok(unmap_gpa(partition, 7 * PAGE, 3 * PAGE) == -ENOENT, "of one and a half: ENOENT");
	ok(map_gpa(partition, 8 * PAGE, PAGE, memory, RWX) == -EEXIST, "they are all there");
	ok(!unmap_gpa(partition, 7 * PAGE, 6 * PAGE), "of all three at once");
	ok(unmap_gpa(partition, 7 * PAGE, 6 * PAGE) == -ENOENT, "again: ENOENT");
}

static void test_ranges(int partition)
{
	static const struct {
		const char *name;
		struct vid_unmap_gpa range;
	} bad[] = {
		{ "gpa unaligned", { 8, PAGE } },
		{ "size 0", { 8 * PAGE, 0 } },
		{ "size unaligned", { 8 * PAGE, 8 } },
		{ "gpa + size wraps", { -PAGE, 2 * PAGE } },
		{ "beyond 48 bits", { TOP, PAGE } },
	};
	char name[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(name, sizeof(name), "UNMAP_GPA, %s: EINVAL", bad[i].name);
		expect(name, -EINVAL, partition, VID_UNMAP_GPA, &bad[i].range);
		snprintf(name, sizeof(name), "RELEASE_GPA, %s: EINVAL", bad[i].name);
		expect(name, -EINVAL, partition, VID_RELEASE_GPA, &bad[i].range);
	}
	expect("RELEASE_GPA of nothing: ENOENT", -ENOENT, partition, VID_RELEASE_GPA,
	       &(struct vid_unmap_gpa){ 8 * PAGE, PAGE });
}

/* An unprivileged user with 64 KiB to lock. */
static int map_beyond_memlock(void *context)
{
	struct rlimit limit = { 65536, 65536 };
	void *memory = new_memory(MIB);
	int device = open_device(), partition;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(65534) || setuid(65534))
		return 1;
	partition = ioctl(device, VID_CREATE_PARTITION,
			  &(struct vid_create_partition){ .vp_count = 1 });
	if (partition < 0)
		return 2;
	if (map_gpa(partition, 0, MIB, memory, RWX) != -ENOMEM)
		return 3;
	if (map_gpa(partition, 0, 65536, memory, RWX))
		return 4;
	if (map_gpa(partition, MIB, PAGE, memory, RWX) != -ENOMEM)
		return 5;
	if (unmap_gpa(partition, 0, 65536))
		return 6;
	return map_gpa(partition, MIB, PAGE, memory, RWX) ? 7 : 0;
}

/* ---- the dirty log */

static void test_dirty_fields(int partition, uint64_t bitmap)
{
	const struct {
		const char *name;
		long wanted;
		struct vid_dirty_log log;
	} bad[] = {
		{ "op 3: EINVAL", -EINVAL, { 0, MIB, bitmap, 3, 0 } },
		{ "op ~0: EINVAL", -EINVAL, { 0, MIB, bitmap, ~0u, 0 } },
		{ "mbz: EINVAL", -EINVAL, { 0, MIB, 0, VID_DIRTY_START, 1 } },
		{ "START with a bitmap: EINVAL", -EINVAL, { 0, MIB, bitmap, VID_DIRTY_START, 0 } },
		{ "STOP with a bitmap: EINVAL", -EINVAL, { 0, MIB, bitmap, VID_DIRTY_STOP, 0 } },
		{ "size 0: EINVAL", -EINVAL, { 0, 0, 0, VID_DIRTY_START, 0 } },
		{ "gpa unaligned: EINVAL", -EINVAL, { 1, MIB, 0, VID_DIRTY_START, 0 } },
		{ "size unaligned: EINVAL", -EINVAL, { 0, MIB + 1, 0, VID_DIRTY_START, 0 } },
		{ "a sum that wraps: EINVAL", -EINVAL,
		  { -PAGE, 2 * PAGE, bitmap, VID_DIRTY_READ_CLEAR, 0 } },
		{ "a huge size: EINVAL", -EINVAL,
		  { 0, 1ull << 62, bitmap, VID_DIRTY_READ_CLEAR, 0 } },
		{ "START of no mapping: ENOENT", -ENOENT,
		  { 4 * MIB, MIB, 0, VID_DIRTY_START, 0 } },
		{ "START of half a mapping: ENOENT", -ENOENT,
		  { 0, MIB / 2, 0, VID_DIRTY_START, 0 } },
		{ "STOP before START: ENOENT", -ENOENT, { 0, MIB, 0, VID_DIRTY_STOP, 0 } },
		{ "READ_CLEAR before START: ENOENT", -ENOENT,
		  { 0, MIB, bitmap, VID_DIRTY_READ_CLEAR, 0 } },
	};
	char name[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(name, sizeof(name), "DIRTY_LOG, %s", bad[i].name);
		expect(name, bad[i].wanted, partition, VID_DIRTY_LOG, &bad[i].log);
	}
}

static void test_dirty_log(void)
{
	uint64_t bitmap[4] = { ~0ull, ~0ull, ~0ull, ~0ull };
	struct vid_dirty_log log = { .size = MIB, .op = VID_DIRTY_START };
	int partition = new_partition(1);
	void *memory = new_memory(MIB);

	map_gpa(partition, 0, MIB, memory, RWX);
	test_dirty_fields(partition, (uintptr_t)bitmap);
	expect("DIRTY_LOG, START", 0, partition, VID_DIRTY_LOG, &log);
	expect("START again: EEXIST", -EEXIST, partition, VID_DIRTY_LOG, &log);
	log.op = VID_DIRTY_READ_CLEAR;
	expect("READ_CLEAR to nowhere: EFAULT", -EFAULT, partition, VID_DIRTY_LOG, &log);
	log.bitmap = (uintptr_t)bitmap;
	expect("READ_CLEAR", 0, partition, VID_DIRTY_LOG, &log);
	ok(!(bitmap[0] | bitmap[1] | bitmap[2] | bitmap[3]), "of all 256 bits, and all are clean");
	log.op = VID_DIRTY_STOP;
	log.bitmap = 0;
	expect("STOP", 0, partition, VID_DIRTY_LOG, &log);
	expect("STOP again: ENOENT", -ENOENT, partition, VID_DIRTY_LOG, &log);
	close(partition);
	munmap(memory, MIB);
}

void test_memory(void)
{
	int partition = new_partition(1);
	void *memory = new_memory(MIB);
	int status;

	test_map_fields(partition, (uintptr_t)memory);
	test_map_limit(partition, memory);
	test_map_vp_page();
	test_map_overlap(partition, memory);
	test_ranges(partition);
	close(partition);
	munmap(memory, MIB);
	status = in_child(map_beyond_memlock, NULL);
	if (!ok(!status, "beyond RLIMIT_MEMLOCK: ENOMEM, and what fits still does"))
		diag("failed at step %d", status);
	test_dirty_log();
}

/* ---- doorbells */

#define PIO	VID_DOORBELL_PIO
#define MATCH	VID_DOORBELL_DATAMATCH
#define REMOVE	VID_DOORBELL_DEASSIGN

struct doorbell_case {
	const char *name;
	long wanted;
	struct vid_doorbell doorbell;
};

static void set_doorbells(int partition, int fd, const struct doorbell_case *cases, size_t count)
{
	char name[80];
	size_t i;

	for (i = 0; i < count; i++) {
		struct vid_doorbell doorbell = cases[i].doorbell;

		if (!doorbell.fd)
			doorbell.fd = fd;
		snprintf(name, sizeof(name), "SET_DOORBELL, %s", cases[i].name);
		expect(name, cases[i].wanted, partition, VID_SET_DOORBELL, &doorbell);
	}
}

static void test_doorbell_fields(int partition, int fd)
{
	static const struct doorbell_case cases[] = {
		{ "length 3: EINVAL", -EINVAL, { .address = 0x80, .length = 3, .flags = PIO } },
		{ "length 16: EINVAL", -EINVAL, { .address = 0x1000, .length = 16 } },
		{ "a port of 8 bytes: EINVAL", -EINVAL,
		  { .address = 0x80, .length = 8, .flags = PIO } },
		{ "any length, with a datum: EINVAL", -EINVAL,
		  { .address = 0x80, .flags = PIO | MATCH } },
		{ "a datum of 9 bits at a byte: EINVAL", -EINVAL,
		  { .address = 0x80, .datum = 256, .length = 1, .flags = PIO | MATCH } },
		{ "a datum without DATAMATCH: EINVAL", -EINVAL,
		  { .address = 0x80, .datum = 1, .length = 1, .flags = PIO } },
		{ "port 65536: EINVAL", -EINVAL,
		  { .address = 0x10000, .length = 1, .flags = PIO } },
		{ "4 bytes at port 65533: EINVAL", -EINVAL,
		  { .address = 0xfffd, .length = 4, .flags = PIO } },
		{ "GPA of 48 bits: EINVAL", -EINVAL, { .address = TOP, .length = 4 } },
		{ "a sum that wraps: EINVAL", -EINVAL, { .address = -1ull, .length = 8 } },
		{ "an unknown flag: EINVAL", -EINVAL,
		  { .address = 0x80, .length = 1, .flags = PIO | 8 } },
		{ "mbz: EINVAL", -EINVAL,
		  { .address = 0x80, .length = 1, .flags = PIO, .mbz = 1 } },
		{ "no descriptor: EBADF", -EBADF,
		  { .address = 0x80, .length = 1, .flags = PIO, .fd = -1 } },
		{ "stdout, no eventfd: EINVAL", -EINVAL,
		  { .address = 0x80, .length = 1, .flags = PIO, .fd = 1 } },
		{ "taking away what is not there: ENOENT", -ENOENT,
		  { .address = 0x80, .length = 1, .flags = PIO | REMOVE } },
	};

	set_doorbells(partition, fd, cases, ARRAY_SIZE(cases));
}

static void test_doorbell_overlap(int partition, int fd)
{
	static const struct doorbell_case cases[] = {
		{ "a port", 0, { .address = 0x80, .length = 2, .flags = PIO } },
		{ "the same: EEXIST", -EEXIST, { .address = 0x80, .length = 2, .flags = PIO } },
		{ "with a datum: EEXIST", -EEXIST,
		  { .address = 0x80, .datum = 1, .length = 2, .flags = PIO | MATCH } },
		{ "of any length: EEXIST", -EEXIST, { .address = 0x80, .flags = PIO } },
		{ "another length", 0, { .address = 0x80, .length = 1, .flags = PIO } },
		{ "the same as a GPA", 0, { .address = 0x80, .length = 2 } },
		{ "a datum", 0,
		  { .address = 0x90, .datum = 1, .length = 4, .flags = PIO | MATCH } },
		{ "another datum", 0,
		  { .address = 0x90, .datum = 2, .length = 4, .flags = PIO | MATCH } },
		{ "any datum: EEXIST", -EEXIST, { .address = 0x90, .length = 4, .flags = PIO } },
		{ "taking away, other datum: ENOENT", -ENOENT,
		  { .address = 0x90, .datum = 3, .length = 4, .flags = PIO | MATCH | REMOVE } },
		{ "taking away, other length: ENOENT", -ENOENT,
		  { .address = 0x80, .length = 4, .flags = PIO | REMOVE } },
		{ "taking away", 0, { .address = 0x80, .length = 2, .flags = PIO | REMOVE } },
		{ "twice: ENOENT", -ENOENT,
		  { .address = 0x80, .length = 2, .flags = PIO | REMOVE } },
		{ "now it is free", 0, { .address = 0x80, .length = 2, .flags = PIO } },
	};
	int other = eventfd(0, EFD_CLOEXEC);

	set_doorbells(partition, fd, cases, ARRAY_SIZE(cases));
	expect("SET_DOORBELL, taking away another's: ENOENT", -ENOENT, partition,
	       VID_SET_DOORBELL, &(struct vid_doorbell){ .address = 0x80, .length = 2,
						       .flags = PIO | REMOVE, .fd = other });
	close(other);
}

static void test_doorbell_limit(int fd)
{
	int partition = new_partition(1);
	struct vid_doorbell doorbell = { .length = 4, .fd = fd };

	for (; doorbell.address < 512 * PAGE; doorbell.address += PAGE)
		if (call(partition, VID_SET_DOORBELL, &doorbell))
			break;
	ok(doorbell.address == 512 * PAGE, "512 doorbells");
	expect("one more: ENOSPC", -ENOSPC, partition, VID_SET_DOORBELL, &doorbell);
	close(partition);
}

void test_doorbells(void)
{
	int partition = new_partition(1), fd = eventfd(0, EFD_CLOEXEC);

	test_doorbell_fields(partition, fd);
	test_doorbell_overlap(partition, fd);
	test_doorbell_limit(fd);
	close(fd);
	close(partition);
}
