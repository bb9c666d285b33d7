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
 * Bad images: each is refused with the name of the field, and not written to.
 */
#include "vhd_test.h"

#include <stdlib.h>

static struct memory_fs fs;
static struct memory_node *node;

enum seal {
	NONE,
	HEADERS,	/* VHDX: the change is made in both */
	REGIONS,
	FOOTER,		/* VHD: the last one is cut off */
	HEADER,
};

struct bad {
	uint64_t offset;
	uint64_t value;
	unsigned int length;
	bool big_endian;
	enum seal seal;
	const char *field;
};

#define META	(2 * VHD_MIB)
#define ITEMS	(META + 65536)
#define BAT	(3 * VHD_MIB)

static const struct bad vhdx[] = {
	{ 65536 + 66, 2, 2, 0, HEADERS, "Header.Version" },
	{ 65536 + 68, 0, 4, 0, HEADERS, "Header.LogLength" },
	{ 65536 + 68, 4096, 4, 0, HEADERS, "Header.LogLength" },
	{ 65536 + 68, 0x80000000, 4, 0, HEADERS, "Header.LogLength" },
	{ 65536 + 72, 0, 8, 0, HEADERS, "Header.LogOffset" },
	{ 65536 + 72, 1ull << 62, 8, 0, HEADERS, "Header.LogOffset" },
	{ 65536 + 72, 2 << 20, 8, 0, HEADERS, "RegionTable.FileOffset" },
	{ 196608 + 8, 2048, 4, 0, REGIONS, "RegionTable.EntryCount" },
	{ 196608 + 8, 1, 4, 0, REGIONS, "RegionTable" },
	{ 196608 + 16, 1, 4, 0, REGIONS, "RegionTable.Guid" },
	{ 196608 + 32, 0, 8, 0, REGIONS, "RegionTable.FileOffset" },
	{ 196608 + 32, 3 << 20 | 1, 8, 0, REGIONS, "RegionTable.FileOffset" },
	{ 196608 + 32, 1ull << 40, 8, 0, REGIONS, "RegionTable.FileOffset" },
	{ 196608 + 32, ~0ull << 20, 8, 0, REGIONS, "RegionTable.FileOffset" },
	{ 196608 + 32, 2 << 20, 8, 0, REGIONS, "RegionTable.FileOffset" },
	{ META, 0, 8, 0, NONE, "MetadataTable.Signature" },
	{ META + 10, 2048, 2, 0, NONE, "MetadataTable.EntryCount" },
	{ META + 10, 4, 2, 0, NONE, "MetadataTable" },
	{ META + 32, 1, 4, 0, NONE, "MetadataTable.ItemId" },
	{ META + 48, 0, 4, 0, NONE, "MetadataTable.Offset" },
	{ META + 48, 0xffffffff, 4, 0, NONE, "MetadataTable.Offset" },
	{ META + 52, 4, 4, 0, NONE, "MetadataTable.Length" },
	{ ITEMS, 0, 4, 0, NONE, "FileParameters.BlockSize" },
	{ ITEMS, 3 << 20, 4, 0, NONE, "FileParameters.BlockSize" },
	{ ITEMS, 1 << 29, 4, 0, NONE, "FileParameters.BlockSize" },
	{ ITEMS + 4, 3, 4, 0, NONE, "FileParameters" },
	{ ITEMS + 4, 2, 4, 0, NONE, "MetadataTable" },
	{ ITEMS + 4096, 0, 8, 0, NONE, "VirtualDiskSize" },
	{ ITEMS + 4096, 513, 8, 0, NONE, "VirtualDiskSize" },
	{ ITEMS + 4096, 65 * VHD_TIB, 8, 0, NONE, "VirtualDiskSize" },
	{ ITEMS + 4096, 64 * VHD_TIB, 8, 0, NONE, "RegionTable.Length" },
	{ ITEMS + 3 * 4096, 513, 4, 0, NONE, "LogicalSectorSize" },
	{ ITEMS + 4 * 4096, 0, 4, 0, NONE, "PhysicalSectorSize" },
};

/* These are seen only when the disk is opened for writing, or checked. */
static const struct bad vhdx_bat[] = {
	{ BAT, 6, 8, 0, NONE, "BAT.FileOffsetMB" },
	{ BAT, 1 << 20 | 6, 8, 0, NONE, "BAT.FileOffsetMB" },
	{ BAT, 3 << 20 | 6, 8, 0, NONE, "BAT.FileOffsetMB" },
	{ BAT, ~0ull << 20 | 6, 8, 0, NONE, "BAT.FileOffsetMB" },
	{ BAT, 1ull << 40 | 6, 8, 0, NONE, "BAT.FileOffsetMB" },
	{ BAT + 8, 4 << 20 | 6, 8, 0, NONE, "BAT.FileOffsetMB" },
	{ BAT, 4 << 20 | 7, 8, 0, NONE, "BAT.State" },
	{ BAT, 4, 8, 0, NONE, "BAT.State" },
};

static const struct bad vhd[] = {
	{ 12, 0x20000, 4, 1, FOOTER, "Footer.FileFormatVersion" },
	{ 16, 0, 8, 1, FOOTER, "Footer.DataOffset" },
	{ 16, ~0ull << 9, 8, 1, FOOTER, "Footer.DataOffset" },
	{ 48, 0, 8, 1, FOOTER, "Footer.CurrentSize" },
	{ 48, 1ull << 62, 8, 1, FOOTER, "Footer.CurrentSize" },
	{ 48, VHD_GIB, 8, 1, FOOTER, "Header.MaxTableEntries" },
	{ 60, 5, 4, 1, FOOTER, "Footer.DiskType" },
	{ 60, 2, 4, 1, FOOTER, "Footer" },
	{ 60, 4, 4, 1, FOOTER, "Header.ParentLocator" },
	{ 64, 0, 4, 1, NONE, "Footer.Checksum" },
	{ 512, 0, 8, 1, HEADER, "Header.Cookie" },
	{ 512 + 16, 512, 8, 1, HEADER, "Header.TableOffset" },
	{ 512 + 16, ~0ull << 9, 8, 1, HEADER, "Header.TableOffset" },
	{ 512 + 24, 0, 4, 1, HEADER, "Header.HeaderVersion" },
	{ 512 + 28, 1, 4, 1, HEADER, "Header.MaxTableEntries" },
	{ 512 + 32, 0, 4, 1, HEADER, "Header.BlockSize" },
	{ 512 + 32, 3 << 20, 4, 1, HEADER, "Header.BlockSize" },
	{ 512 + 36, 0, 4, 1, NONE, "Header.Checksum" },
};

static const struct bad vhd_bat[] = {
	{ 8192, 0, 4, 1, NONE, "BAT" },
	{ 8192, 1, 4, 1, NONE, "BAT" },
	{ 8192, 16, 4, 1, NONE, "BAT" },
	{ 8192, 0xfffffffe, 4, 1, NONE, "BAT" },
};

static void make(enum vhd_format format)
{
	const struct vhd_create what = {
		.format = format, .kind = VHD_KIND_DYNAMIC, .size = 6 * VHD_MIB,
		.block_size = 1 << 20,
	};
	uint8_t sector[4096] = { 1 };
	struct vhd_disk *disk;

	memory_init(&fs);
	make_case(&fs, &what, NULL);
	node = memory_node(&fs, "/disk");
	disk = open_case(&fs, "/disk", VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write(disk, sector, sizeof(sector), 0), 0);
	ck_assert_int_eq(vhd_close(disk, NULL), 0);
}

static void seal_crc(uint64_t at, size_t length)
{
	uint8_t *data = malloc(length);
	uint32_t crc = 0;

	memory_write(node, &crc, 4, at + 4);
	memory_read(node, data, length, at);
	crc = htole32(vhd_crc32c(0, data, length));
	memory_write(node, &crc, 4, at + 4);
	free(data);
}

static void seal_sum(uint64_t at, size_t length, size_t field)
{
	uint8_t data[1024];
	uint32_t sum = 0;

	memory_write(node, &sum, 4, at + field);
	memory_read(node, data, length, at);
	for (size_t i = 0; i < length; i++)
		sum += data[i];
	sum = htobe32(~sum);
	memory_write(node, &sum, 4, at + field);
}

static void spoil(const struct bad *bad)
{
	uint64_t value = bad->big_endian ? htobe64(bad->value << (64 - 8 * bad->length)) :
			 htole64(bad->value);
	unsigned int copies = bad->seal == HEADERS || bad->seal == REGIONS ? 2 : 1;

	for (unsigned int i = 0; i < copies; i++)
		memory_write(node, &value, bad->length, bad->offset + i * 65536);
	for (unsigned int i = 0; i < copies && bad->seal == HEADERS; i++)
		seal_crc(65536 + i * 65536, 4096);
	for (unsigned int i = 0; i < copies && bad->seal == REGIONS; i++)
		seal_crc(196608 + i * 65536, 65536);
	if (bad->seal == FOOTER)
		seal_sum(0, 512, 64);
	if (bad->seal == HEADER)
		seal_sum(512, 1024, 36);
	if (bad->seal == FOOTER || bad->offset == 64)
		node->now.size -= 512;
	node->no_write = true;
}

static void refuse(const struct bad *bad, uint32_t flags)
{
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	int result = vhd_open_file(memory_open(&fs, "/disk", flags), flags, &disk, &error);

	ck_assert_msg(result == -EUCLEAN, "%s: %d, %s", bad->field, result, error.text);
	ck_assert_msg(strstr(error.text, bad->field), "%s: %s", bad->field, error.text);
	ck_assert_ptr_null(disk);
}

static void refuse_all(const struct bad *bad, unsigned int count, enum vhd_format format)
{
	for (; count; count--, bad++) {
		make(format);
		spoil(bad);
		refuse(bad, 0);
		refuse(bad, VHD_OPEN_WRITE);
		memory_fini(&fs);
	}
}

static void fault_all(const struct bad *bad, unsigned int count, enum vhd_format format)
{
	for (; count; count--, bad++) {
		struct vhd_check check = { 0 };
		struct vhd_disk *disk;

		make(format);
		spoil(bad);
		refuse(bad, VHD_OPEN_WRITE);
		disk = open_case(&fs, "/disk", VHD_OPEN_CHECK);
		ck_assert_int_eq(vhd_check(disk, &check), 0);
		ck_assert_uint_ge(check.faults, 1);
		ck_assert_int_eq(vhd_close(disk, NULL), 0);
		memory_fini(&fs);
	}
}

static void nothing(void)
{
}

START_TEST(vhdx_fields)
{
	refuse_all(vhdx, ARRAY_SIZE(vhdx), VHD_FORMAT_VHDX);
	mark_point();
}
END_TEST

START_TEST(vhdx_tables)
{
	fault_all(vhdx_bat, ARRAY_SIZE(vhdx_bat), VHD_FORMAT_VHDX);
	mark_point();
}
END_TEST

START_TEST(vhd_fields)
{
	refuse_all(vhd, ARRAY_SIZE(vhd), VHD_FORMAT_VHD);
	mark_point();
}
END_TEST

START_TEST(vhd_tables)
{
	fault_all(vhd_bat, ARRAY_SIZE(vhd_bat), VHD_FORMAT_VHD);
	mark_point();
}
END_TEST

/* A disk that is its own parent, and two that are each other's. */
START_TEST(cycles)
{
	static const struct vhd_create what = {
		.format = VHD_FORMAT_VHD, .kind = VHD_KIND_DIFFERENCING, .size = 6 * VHD_MIB,
		.block_size = 1 << 20, .parent = "/base",
	};
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	struct model model;

	model_init(&model, what.size, 1);
	memory_init(&fs);
	make_case(&fs, &what, &model);
	memory_copy(memory_node(&fs, "/base"), memory_node(&fs, "/disk"));
	for (uint32_t flags = 0; flags < 2; flags++) {
		ck_assert_int_eq(vhd_open_file(memory_open(&fs, "/disk", flags), flags, &disk,
					       &error), -EUCLEAN);
		ck_assert_ptr_nonnull(strstr(error.text, "ParentLocator"));
	}
	memory_fini(&fs);
	model_fini(&model);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		vhdx_fields, vhdx_tables, vhd_fields, vhd_tables, cycles,
	};

	return run_tests("vhd_bad", tests, ARRAY_SIZE(tests), nothing, nothing);
}
