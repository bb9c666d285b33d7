// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/libvhd/text.c userspace/libvhd/meta.c userspace/libvhd/space.c */
/* LINK: userspace/libvhd/vhdx.c userspace/libvhd/vhdx_header.c userspace/libvhd/vhdx_log.c */
/* LINK: userspace/libvhd/vhdx_replay.c userspace/libvhd/vhdx_meta.c userspace/libvhd/vhdx_bat.c */
/* LINK: userspace/libvhd/vhdx_locator.c userspace/libvhd/vhdx_scan.c userspace/libvhd/raw.c */
/* LINK: userspace/libvhd/vhdx_create.c userspace/libvhd/vhdx_resize.c userspace/libvhd/vhd.c */
/* LINK: userspace/libvhd/vhd_footer.c userspace/libvhd/vhd_locator.c userspace/libvhd/vhd_bat.c */
/* LINK: userspace/libvhd/vhd_create.c userspace/libvhd/vhd_resize.c userspace/libvhd/disk.c */
/* LINK: userspace/libvhd/rw.c userspace/libvhd/path.c userspace/libvhd/create.c */
/* LINK: userspace/libvhd/table.c */
/* LINK: userspace/libvhd/copy.c userspace/libvhd/file.c userspace/libvhd/uring.c */
/* LINK: userspace/libvhd/nbd_none.c */
/* LINK: tests/unit/memory_file.c tests/unit/vhd_test.c */
/* LIBS: -luring */
/*
 * The power is cut before each write that a disk makes to its file: nothing that was flushed
 * is lost, no sector has what nobody wrote, and the disk goes on.
 */
#include "vhd_test.h"

#include <stdlib.h>

#define STEPS	14u
#define SIZE	(2 * VHD_MIB)

static struct memory_fs fs;
static struct model model;

/* Small, for all of it is read again and again. */
static struct vhd_kind_case small(unsigned int number)
{
	struct vhd_kind_case kind = vhd_cases[number];

	kind.what.size = SIZE;
	return kind;
}

static void setup(void)
{
}

/* What is there after the cut: first looked at without a write, then replayed. */
static void look(const struct vhd_kind_case *kind)
{
	struct memory_node *node = memory_node(&fs, "/disk");
	struct vhd_error error = { 0 };
	struct vhd_check check = { 0 };
	struct vhd_disk *disk;
	int result;

	node->no_write = true;
	disk = open_case(&fs, "/disk", 0);
	expect_allowed(disk, &model);
	ck_assert_int_eq(vhd_close(disk, NULL), 0);
	node->no_write = false;
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_check(disk, &check), 0);
	/* A log that was replayed, or a footer that was not yet behind the last block. */
	ck_assert_uint_eq(check.faults, check.repaired);
	expect_allowed(disk, &model);
	for (unsigned int i = 0; i < 4; i++) {
		ck_assert_msg(!random_step(disk, &model), "%s: %s", kind->name,
			      vhd_last_error(disk)->text);
		model_flushed(&model);
	}
	expect_model(disk, &model);
	result = vhd_close(disk, &error);
	ck_assert_msg(!result, "%s: %s", kind->name, error.text);
}

/* false: the life ended before its change number @when. */
static bool live(const struct vhd_kind_case *kind, uint32_t seed, int when, uint32_t cut)
{
	struct memory_node *node;
	struct vhd_disk *disk;
	int result = 0;

	memory_init(&fs);
	model_init(&model, kind->what.size, seed);
	make_case(&fs, &kind->what, &model);
	node = memory_node(&fs, "/disk");
	memory_keep(node);
	node->fail_after = when;
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	for (unsigned int i = 0; i < STEPS && !result; i++)
		result = random_step(disk, &model);
	if (!result)
		result = vhd_close(disk, NULL);
	else
		vhd_close(disk, NULL);
	if (!result)
		model_flushed(&model);
	node->fail_after = 0;
	memory_cut(node, cut);
	look(kind);
	model_fini(&model);
	memory_fini(&fs);
	mark_point();
	return result;
}

static void cut_everywhere(unsigned int number)
{
	struct vhd_kind_case kind = small(number);

	for (int when = 1; live(&kind, 31 + number, when, 2 + when * 7); when++)
		;
	/* Nothing at all of what was not flushed, and all of it. */
	for (int when = 1; live(&kind, 77, when, when % 2); when += 3)
		;
}

START_TEST(vhd_dynamic)
{
	cut_everywhere(2);
}
END_TEST

START_TEST(vhd_differencing)
{
	cut_everywhere(3);
}
END_TEST

START_TEST(vhdx_dynamic)
{
	cut_everywhere(5);
}
END_TEST

START_TEST(vhdx_differencing)
{
	cut_everywhere(6);
}
END_TEST

START_TEST(vhdx_4096)
{
	cut_everywhere(8);
}
END_TEST

/* Size @size, or the old one, and what was there before. */
static bool resize_once(const struct vhd_kind_case *kind, uint64_t size, int when, uint32_t cut)
{
	uint64_t units = lesser(kind->what.size, size) / UNIT;
	struct memory_node *node;
	struct vhd_disk *disk;
	uint64_t larger;
	bool failed;

	memory_init(&fs);
	model_init(&model, kind->what.size, 5);
	make_case(&fs, &kind->what, &model);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	for (unsigned int i = 0; i < 6; i++)
		ck_assert_int_eq(random_step(disk, &model), 0);
	vhd_close(disk, NULL);
	model_flushed(&model);
	node = memory_node(&fs, "/disk");
	memory_keep(node);
	node->fail_after = when;
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	failed = vhd_resize(disk, size, VHD_RESIZE_SHRINK);
	vhd_close(disk, NULL);
	failed = failed || node->fail_after == 1;
	node->fail_after = 0;
	memory_cut(node, cut);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	if (failed)
		ck_assert_msg(disk->size == size || disk->size == kind->what.size, "%s: size %lu",
			      kind->name, (unsigned long)disk->size);
	else
		ck_assert_uint_eq(disk->size, size);
	model.units = units;
	expect_model(disk, &model);
	/* What is added is empty, whatever happened. */
	larger = greater(disk->size, kind->what.size) + 3 * VHD_MIB;
	ck_assert_int_eq(vhd_resize(disk, larger, 0), 0);
	if (size < kind->what.size && !failed) {
		uint8_t data[4096];

		for (uint64_t at = size; at < kind->what.size; at += 4096) {
			ck_assert_int_eq(vhd_read(disk, data, 4096, at), 0);
			ck_assert(vhd_is_zero(data, 4096));
		}
	}
	expect_model(disk, &model);
	ck_assert_int_eq(vhd_close(disk, NULL), 0);
	model_fini(&model);
	memory_fini(&fs);
	return failed;
}

static void resize_everywhere(unsigned int number, uint64_t size)
{
	struct vhd_kind_case kind = small(number);

	for (uint32_t seed = 0; seed < 2; seed++)
		for (int when = 1; resize_once(&kind, size, when, seed); when++)
			;
}

START_TEST(resizes)
{
	static const unsigned int cases[] = { 1, 2, 3, 4, 5, 6 };

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		resize_everywhere(cases[i], VHD_MIB + 4096);
		resize_everywhere(cases[i], 12 * VHD_MIB + 4096);
	}
	resize_everywhere(2, 300 * VHD_GIB);	/* VHD: the BAT moves */
	resize_everywhere(5, 200 * VHD_GIB);	/* VHDX: the BAT moves */
}
END_TEST

/* The parent of a disk that is being merged, and the disk, after a cut of both. */
static bool merge_once(const struct vhd_kind_case *kind, int when, uint32_t cut, bool parent)
{
	struct memory_node *base, *node;
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	int result;

	memory_init(&fs);
	model_init(&model, kind->what.size, 5);
	make_case(&fs, &kind->what, &model);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	for (unsigned int i = 0; i < 8; i++) {
		ck_assert_int_eq(random_step(disk, &model), 0);
		model_flushed(&model);
	}
	vhd_close(disk, NULL);
	base = memory_node(&fs, "/base");
	node = memory_node(&fs, "/disk");
	memory_keep(base);
	memory_keep(node);
	(parent ? base : node)->fail_after = when;
	result = vhd_merge_file(memory_open(&fs, "/disk", 0), NULL, NULL, &error);
	base->fail_after = 0;
	node->fail_after = 0;
	memory_cut(base, cut);
	memory_cut(node, cut);
	disk = open_case(&fs, "/disk", 0);
	expect_model(disk, &model);
	vhd_close(disk, NULL);
	ck_assert_int_eq(vhd_merge_file(memory_open(&fs, "/disk", 0), NULL, NULL, &error), 0);
	disk = open_case(&fs, "/base", 0);
	expect_model(disk, &model);
	vhd_close(disk, NULL);
	model_fini(&model);
	memory_fini(&fs);
	mark_point();
	return result;
}

START_TEST(merges)
{
	static const unsigned int cases[] = { 3, 6 };

	for (unsigned int i = 0; i < ARRAY_SIZE(cases) * 3; i++) {
		struct vhd_kind_case kind = small(cases[i / 3]);

		for (int when = 1; merge_once(&kind, when, i % 3, true); when += 3)
			;
		for (int when = 1; when < 8; when++)
			merge_once(&kind, when, i % 3, false);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		vhd_dynamic, vhd_differencing, vhdx_dynamic, vhdx_differencing, vhdx_4096, resizes,
		merges,
	};

	return run_tests("vhd_power", tests, ARRAY_SIZE(tests), setup, setup);
}
