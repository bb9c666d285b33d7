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
 * Virtual disks of every format and kind: what was written is read, also by others and later.
 */
#include "vhd_test.h"

#include <stdio.h>

static struct memory_fs fs;
static struct model model;

static void setup(void)
{
	memory_init(&fs);
}

static void teardown(void)
{
	memory_fini(&fs);
}

/* Smaller, for all of it is read again and again. */
static struct vhd_create small(unsigned int number)
{
	struct vhd_create what = vhd_cases[number].what;

	what.size = 3 * VHD_MIB + 512 * VHD_KIB;
	return what;
}

static void close_disk(struct vhd_disk *disk)
{
	struct vhd_error error = { 0 };
	int result = vhd_close(disk, &error);

	ck_assert_msg(!result, "%s", error.text);
}

static void check_clean(const char *name)
{
	struct vhd_check check = { 0 };
	struct vhd_disk *disk = open_case(&fs, name, 0);

	ck_assert_int_eq(vhd_check(disk, &check), 0);
	ck_assert_uint_eq(check.faults, 0);
	close_disk(disk);
}

static void random_life(const struct vhd_create *what, uint32_t seed)
{
	struct vhd_disk *disk;

	memory_init(&fs);
	model_init(&model, what->size, seed);
	make_case(&fs, what, &model);
	for (unsigned int life = 0; life < 3; life++) {
		disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
		for (unsigned int i = 0; i < 25; i++) {
			ck_assert_msg(!random_step(disk, &model), "%s",
				      vhd_last_error(disk)->text);
			if (model_random(&model, 8) == 0)
				model_flushed(&model);
		}
		expect_model(disk, &model);
		model_flushed(&model);
		close_disk(disk);
		memory_node(&fs, "/disk")->no_write = true;
		disk = open_case(&fs, "/disk", 0);
		expect_model(disk, &model);
		close_disk(disk);
		check_clean("/disk");
		memory_node(&fs, "/disk")->no_write = false;
	}
	model_fini(&model);
	memory_fini(&fs);
}

START_TEST(reads_what_was_written)
{
	for (unsigned int i = 0; i < vhd_cases_count * 2; i++) {
		struct vhd_create what = small(i / 2);

		random_life(&what, (1 + i % 2) * 7919);
	}
}
END_TEST

/* A disk whose size, block or sector is what a format has least or most of. */
START_TEST(creates_extremes)
{
	static const struct vhd_create cases[] = {
		{ .format = VHD_FORMAT_VHD, .kind = VHD_KIND_DYNAMIC, .size = 512 },
		{ .format = VHD_FORMAT_VHD, .kind = VHD_KIND_DYNAMIC, .size = 2040 * VHD_GIB },
		{ .format = VHD_FORMAT_VHD, .kind = VHD_KIND_FIXED, .size = 2040 * VHD_GIB },
		{ .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_DYNAMIC, .size = 512 },
		{ .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_DYNAMIC, .size = 64 * VHD_TIB,
		  .block_size = 256 << 20 },
		{ .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_DYNAMIC, .size = 4096,
		  .logical_sector_size = 4096 },
		{ .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_FIXED, .size = 3 * VHD_TIB },
		{ .format = VHD_FORMAT_RAW, .size = 64 * VHD_TIB },
	};
	uint8_t data[4096], back[4096];

	memset(data, 0x42, sizeof(data));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vhd_disk *disk;
		size_t length = lesser(cases[i].size, 4096);

		memory_init(&fs);
		make_case(&fs, &cases[i], NULL);
		disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
		ck_assert_int_eq(vhd_write(disk, data, length, disk->size - length), 0);
		ck_assert_int_eq(vhd_write(disk, data, length, disk->size), -ERANGE);
		close_disk(disk);
		disk = open_case(&fs, "/disk", 0);
		ck_assert_uint_eq(disk->size, cases[i].size);
		ck_assert_int_eq(vhd_read(disk, back, length, disk->size - length), 0);
		ck_assert_mem_eq(data, back, length);
		close_disk(disk);
		memory_fini(&fs);
	}
	memory_init(&fs);
}
END_TEST

/* Sizes up and down, across blocks, with a larger BAT; nothing old appears. */
static void resize_case(const struct vhd_create *what, uint64_t size)
{
	struct vhd_disk *disk;
	uint8_t *data = malloc(VHD_MIB), *back = malloc(VHD_MIB);

	memory_init(&fs);
	model_init(&model, what->size, 3);
	make_case(&fs, what, &model);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	memset(data, 0x77, VHD_MIB);
	ck_assert_int_eq(vhd_write(disk, data, VHD_MIB, disk->size - VHD_MIB), 0);
	ck_assert_int_eq(vhd_resize(disk, 5 * VHD_MIB + 4096, 0), -EPERM);
	ck_assert_int_eq(vhd_resize(disk, 5 * VHD_MIB + 4096, VHD_RESIZE_SHRINK), 0);
	ck_assert_int_eq(vhd_write(disk, data, 4096, 5 * VHD_MIB), 0);
	ck_assert_msg(!vhd_resize(disk, size, 0), "%s", vhd_last_error(disk)->text);
	ck_assert_uint_eq(disk->size, size);
	close_disk(disk);
	check_clean("/disk");
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	ck_assert_uint_eq(disk->size, size);
	ck_assert_int_eq(vhd_read(disk, back, 4096, 5 * VHD_MIB), 0);
	ck_assert_mem_eq(back, data, 4096);
	for (uint64_t at = 5 * VHD_MIB + 4096; at < what->size + VHD_MIB; at += 4096) {
		ck_assert_int_eq(vhd_read(disk, back, 4096, at), 0);
		ck_assert(vhd_is_zero(back, 4096));
	}
	ck_assert_int_eq(vhd_write(disk, data, VHD_MIB, size - VHD_MIB), 0);
	close_disk(disk);
	disk = open_case(&fs, "/disk", 0);
	ck_assert_int_eq(vhd_read(disk, back, VHD_MIB, size - VHD_MIB), 0);
	ck_assert_mem_eq(back, data, VHD_MIB);
	close_disk(disk);
	free(data);
	free(back);
	model_fini(&model);
	memory_fini(&fs);
}

START_TEST(resizes)
{
	for (unsigned int i = 0; i < vhd_cases_count; i++)
		resize_case(&vhd_cases[i].what, 40 * VHD_MIB);
	resize_case(&vhd_cases[2].what, 300 * VHD_GIB);	/* VHD: the BAT moves */
	resize_case(&vhd_cases[3].what, 300 * VHD_GIB);
	resize_case(&vhd_cases[5].what, VHD_TIB);		/* VHDX: the BAT moves */
	resize_case(&vhd_cases[6].what, VHD_TIB);
	memory_init(&fs);
}
END_TEST

/* What was discarded takes no space, and its place is used again. */
START_TEST(discard_gives_space_back)
{
	static const unsigned int cases[] = { 2, 5, 7 };
	uint8_t *data = malloc(8 * VHD_MIB);

	memset(data, 0x99, 8 * VHD_MIB);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vhd_create *what = &vhd_cases[cases[i]].what;
		struct memory_node *node;
		struct vhd_disk *disk;
		uint64_t size, pages;

		memory_init(&fs);
		make_case(&fs, what, NULL);
		node = memory_node(&fs, "/disk");
		disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
		ck_assert_int_eq(vhd_write(disk, data, 8 * VHD_MIB, 0), 0);
		ck_assert_int_eq(vhd_flush(disk), 0);
		size = node->now.size;
		pages = memory_pages(node);
		ck_assert_int_eq(vhd_discard(disk, 0, 6 * VHD_MIB), 0);
		ck_assert_int_eq(vhd_flush(disk), 0);
		ck_assert_uint_le(memory_pages(node), pages - 5 * VHD_MIB / MEMORY_PAGE);
		ck_assert_int_eq(vhd_write(disk, data, 6 * VHD_MIB, 0), 0);
		ck_assert_uint_le(node->now.size, size);
		close_disk(disk);
		check_clean("/disk");
		memory_fini(&fs);
	}
	free(data);
	memory_init(&fs);
}
END_TEST

START_TEST(maps)
{
	struct vhd_extent extent;
	struct vhd_disk *disk;
	uint8_t sector[4096] = { 1 };

	model_init(&model, vhd_cases[6].what.size, 1);
	make_case(&fs, &vhd_cases[6].what, &model);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	/* Sectors 16 and on are in the base. */
	ck_assert_int_eq(vhd_map(disk, 0, VHD_MIB, &extent), 0);
	ck_assert_int_eq(extent.kind, VHD_EXTENT_DATA);
	ck_assert_uint_eq(extent.depth, 1);
	ck_assert_uint_eq(extent.flags, 0);
	ck_assert_int_eq(vhd_map(disk, 3 * VHD_MIB, VHD_MIB, &extent), 0);
	ck_assert_int_eq(extent.kind, VHD_EXTENT_ZERO);
	ck_assert_uint_eq(extent.length, VHD_MIB);
	ck_assert_int_eq(vhd_write(disk, sector, sizeof(sector), 8192), 0);
	ck_assert_int_eq(vhd_map(disk, 8192, VHD_MIB, &extent), 0);
	ck_assert_uint_eq(extent.depth, 0);
	ck_assert_uint_eq(extent.length, 4096);
	ck_assert_uint_eq(extent.flags, VHD_EXTENT_WRITABLE);
	ck_assert_int_eq(vhd_map(disk, 8192 + 4096, VHD_MIB, &extent), 0);
	ck_assert_uint_eq(extent.depth, 1);
	/* Room that was made shows nothing before it is written. */
	ck_assert_int_eq(vhd_allocate(disk, 4 * VHD_MIB, 4096, &extent), 0);
	ck_assert_uint_eq(extent.flags, VHD_EXTENT_WRITABLE | VHD_EXTENT_COMMIT);
	ck_assert_int_eq(vhd_map(disk, 4 * VHD_MIB, 4096, &extent), 0);
	ck_assert_uint_eq(extent.depth, 1);
	ck_assert_int_eq(vhd_map(disk, 1, 512, &extent), -EINVAL);
	ck_assert_int_eq(vhd_map(disk, disk->size, 512, &extent), -ERANGE);
	ck_assert_int_eq(vhd_map(disk, 512, ~0ull - 511, &extent), -ERANGE);
	close_disk(disk);
	model_fini(&model);
}
END_TEST

static int count_progress(void *context, uint64_t done, uint64_t total)
{
	ck_assert_uint_le(done, total);
	++*(int *)context;
	return 0;
}

static void merge_case(const struct vhd_create *what)
{
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	int told = 0, result;

	memory_init(&fs);
	model_init(&model, what->size, 5);
	make_case(&fs, what, &model);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	for (unsigned int i = 0; i < 40; i++) {
		ck_assert_int_eq(random_step(disk, &model), 0);
		model_flushed(&model);
	}
	close_disk(disk);
	result = vhd_merge_file(memory_open(&fs, "/disk", 0), count_progress, &told, &error);
	ck_assert_msg(!result, "%s", error.text);
	ck_assert_int_gt(told, 1);
	/* The parent is the disk now, and the disk still is. */
	disk = open_case(&fs, "/base", 0);
	ck_assert_uint_eq(disk->size, what->size);
	expect_model(disk, &model);
	close_disk(disk);
	disk = open_case(&fs, "/disk", 0);
	expect_model(disk, &model);
	close_disk(disk);
	check_clean("/base");
	check_clean("/disk");
	/* Again, as after a power loss. */
	result = vhd_merge_file(memory_open(&fs, "/disk", 0), NULL, NULL, &error);
	ck_assert_msg(!result, "%s", error.text);
	model_fini(&model);
	memory_fini(&fs);
}

START_TEST(merges)
{
	for (unsigned int i = 0; i < vhd_cases_count; i++) {
		struct vhd_create what = small(i);

		if (what.parent)
			merge_case(&what);
	}
	memory_init(&fs);
}
END_TEST

/* Each case into each format. */
START_TEST(copies)
{
	for (unsigned int i = 0; i < vhd_cases_count * 3; i++) {
		struct vhd_create what = small(i / 3);
		struct vhd_create target = {
			.format = i % 3, .size = what.size,
			.kind = i % 3 ? VHD_KIND_DYNAMIC : VHD_KIND_FIXED,
		};
		struct vhd_disk *from, *to;
		struct vhd_error error = { 0 };
		struct vhd_file *file;

		memory_init(&fs);
		model_init(&model, what.size, 11);
		make_case(&fs, &what, &model);
		from = open_case(&fs, "/disk", VHD_OPEN_WRITE);
		for (unsigned int step = 0; step < 12; step++) {
			ck_assert_int_eq(random_step(from, &model), 0);
			model_flushed(&model);
		}
		memory_node(&fs, "/copy");
		file = memory_open(&fs, "/copy", 0);
		ck_assert_int_eq(vhd_create_file(file, &target, &error), 0);
		file->ops->close(file);
		to = open_case(&fs, "/copy", VHD_OPEN_WRITE);
		ck_assert_int_eq(vhd_copy(from, to, NULL, NULL, &error), 0);
		expect_model(to, &model);
		close_disk(from);
		close_disk(to);
		check_clean("/copy");
		model_fini(&model);
		memory_fini(&fs);
	}
	memory_init(&fs);
}
END_TEST

START_TEST(locks)
{
	struct vhd_disk *disk, *other;
	struct vhd_error error = { 0 };

	model_init(&model, vhd_cases[6].what.size, 1);
	make_case(&fs, &vhd_cases[6].what, &model);
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_open_file(memory_open(&fs, "/disk", 0), VHD_OPEN_WRITE, &other,
				       &error), -EBUSY);
	ck_assert_int_eq(vhd_open_file(memory_open(&fs, "/disk", 0), 0, &other, &error), -EBUSY);
	/* Its parent is nobody's to write, and everybody's to read. */
	ck_assert_int_eq(vhd_open_file(memory_open(&fs, "/base", 0), VHD_OPEN_WRITE, &other,
				       &error), -EBUSY);
	close_disk(open_case(&fs, "/base", 0));
	close_disk(disk);
	close_disk(open_case(&fs, "/base", VHD_OPEN_WRITE));
	model_fini(&model);
}
END_TEST

/* A parent that was changed since is not the parent any more. */
START_TEST(parents_must_match)
{
	uint8_t sector[4096] = { 1 };
	struct vhd_disk *disk;
	struct vhd_error error = { 0 };

	model_init(&model, vhd_cases[6].what.size, 1);
	make_case(&fs, &vhd_cases[6].what, &model);
	disk = open_case(&fs, "/base", VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write(disk, sector, sizeof(sector), 0), 0);
	close_disk(disk);
	ck_assert_int_eq(vhd_open_file(memory_open(&fs, "/disk", 0), 0, &disk, &error), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(error.text, "parent_linkage"));
	model_fini(&model);
}
END_TEST

START_TEST(no_space)
{
	static const unsigned int cases[] = { 2, 3, 5, 6 };
	uint8_t *data = calloc(1, VHD_MIB);

	memset(data, 7, VHD_MIB);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vhd_create *what = &vhd_cases[cases[i]].what;
		struct memory_node *node;
		struct vhd_disk *disk;
		int result = 0;

		memory_init(&fs);
		model_init(&model, what->size, 1);
		make_case(&fs, what, &model);
		node = memory_node(&fs, "/disk");
		disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
		ck_assert_int_eq(vhd_write(disk, data, VHD_MIB, 0), 0);
		node->size_limit = node->now.size + 1;
		for (unsigned int at = 1; !result && at < 9; at++)
			result = vhd_write(disk, data, VHD_MIB, at * VHD_MIB);
		ck_assert_int_eq(result, -ENOSPC);
		ck_assert_int_eq(vhd_flush(disk), 0);
		node->size_limit = 0;
		ck_assert_int_eq(vhd_write(disk, data, VHD_MIB, 8 * VHD_MIB), 0);
		close_disk(disk);
		check_clean("/disk");
		model_fini(&model);
		memory_fini(&fs);
	}
	free(data);
	memory_init(&fs);
}
END_TEST

START_TEST(paths)
{
	char path[64];

	ck_assert_int_eq(vhd_path_relative("/a/b/child", "/a/b/base", path, sizeof(path)), 0);
	ck_assert_str_eq(path, ".\\base");
	ck_assert_int_eq(vhd_path_relative("/a/b/child", "/a/c/d/base", path, sizeof(path)), 0);
	ck_assert_str_eq(path, "..\\c\\d\\base");
	ck_assert_int_eq(vhd_path_relative("/child", "/a/base", path, sizeof(path)), 0);
	ck_assert_str_eq(path, ".\\a\\base");
	ck_assert_int_eq(vhd_path_relative("/child", "/a\\base", path, sizeof(path)), -EINVAL);
	ck_assert_int_eq(vhd_path_relative("/child", "/a/base", path, 5), -ENAMETOOLONG);
	snprintf(path, sizeof(path), "..\\x\\y");
	vhd_path_from_windows(path);
	ck_assert_str_eq(path, "../x/y");
}
END_TEST

START_TEST(texts)
{
	uint8_t utf16[64];
	char text[64], guid[40];
	struct vhd_guid id;
	int length = vhd_utf16_from("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7", utf16,
				    sizeof(utf16), true);

	ck_assert_int_eq(length, 10);
	ck_assert_int_eq(vhd_utf16_to(utf16, length, true, text, sizeof(text)), 10);
	ck_assert_str_eq(text, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7");
	ck_assert_int_eq(vhd_utf16_from("\xc3", utf16, sizeof(utf16), false), -EILSEQ);
	ck_assert_int_eq(vhd_utf16_from("\xed\xa0\x80", utf16, sizeof(utf16), false), -EILSEQ);
	ck_assert_int_eq(vhd_utf16_from("abc", utf16, 4, false), -ENAMETOOLONG);
	ck_assert_int_eq(vhd_utf16_to("\0\xd8", 2, false, text, sizeof(text)), -EILSEQ);
	ck_assert_int_eq(vhd_guid_parse("{2dc27766-f623-4200-9d64-115e9bfd4a08}", &id), 0);
	ck_assert_uint_eq(id.b[0], 0x66);
	vhd_guid_text(&id, guid);
	ck_assert_str_eq(guid, "2dc27766-f623-4200-9d64-115e9bfd4a08");
	ck_assert_int_eq(vhd_guid_parse("{2dc27766-f623-4200-9d64-115e9bfd4a08", &id), -EINVAL);
	/* RFC 3720 B.4 */
	memset(utf16, 0xff, 32);
	ck_assert_uint_eq(vhd_crc32c(0, utf16, 32), 0x62a8ab43);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reads_what_was_written, creates_extremes, resizes, discard_gives_space_back,
		maps, merges, copies, locks, parents_must_match, no_space, paths, texts,
	};

	return run_tests("vhd", tests, ARRAY_SIZE(tests), setup, teardown);
}
