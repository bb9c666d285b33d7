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
/* LINK: tests/unit/memory_file.c */
/* LIBS: -luring */
/*
 * Images from an enemy: a good one, of which the input changes some bytes, with checksums put
 * right again or not.  Reading changes nothing, and whatever can be opened for writing stays a
 * disk that can be opened and reads back what was written.
 */
#include <stdlib.h>

#include "../unit/memory_file.h"
#include "fuzzer.h"
#include "vhd.h"
#include "vhdx.h"

#define TEMPLATES	5u

static struct memory_fs fs;
static struct memory_node *templates[TEMPLATES];
static struct memory_node *disk_node;

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void make(const char *name, enum vhd_format format, const char *parent)
{
	struct vhd_create what = {
		.format = format, .size = 6 << 20, .parent = parent,
		.kind = parent ? VHD_KIND_DIFFERENCING : VHD_KIND_DYNAMIC,
		.block_size = 1 << 20,
	};
	struct vhd_file *file;
	struct vhd_disk *disk;
	uint8_t data[65536];

	memory_node(&fs, name);
	file = memory_open(&fs, name, 0);
	check(!vhd_create_file(file, &what, NULL));
	file->ops->close(file);
	check(!vhd_open_file(memory_open(&fs, name, VHD_OPEN_WRITE), VHD_OPEN_WRITE, &disk, NULL));
	memset(data, 0x5a, sizeof(data));
	for (unsigned int i = 0; i < 5; i += 2)
		check(!vhd_write(disk, data, sizeof(data), i << 20));
	check(!vhd_close(disk, NULL));
}

/* A VHDX with something in its log: a copy of one that is open. */
static void make_dirty(const char *name, const char *from)
{
	struct memory_node *node = memory_node(&fs, name);
	uint8_t data[65536] = { 1 };
	struct vhd_disk *disk;

	check(!vhd_open_file(memory_open(&fs, from, VHD_OPEN_WRITE), VHD_OPEN_WRITE, &disk, NULL));
	check(!vhd_write(disk, data, sizeof(data), 1 << 20));
	check(!vhd_flush(disk));
	check(!vhd_write(disk, data, sizeof(data), 3 << 20));
	check(!vhd_flush(disk));
	memory_copy(node, memory_node(&fs, from));
	check(!vhd_close(disk, NULL));
}

static void init(void)
{
	make("/base", VHD_FORMAT_VHDX, NULL);
	make("/vhdx", VHD_FORMAT_VHDX, "base");
	make("/base1", VHD_FORMAT_VHD, NULL);
	make("/vhd", VHD_FORMAT_VHD, "base1");
	make("/spare", VHD_FORMAT_VHDX, NULL);
	make_dirty("/dirty", "/spare");
	templates[0] = memory_node(&fs, "/base");
	templates[1] = memory_node(&fs, "/vhdx");
	templates[2] = memory_node(&fs, "/base1");
	templates[3] = memory_node(&fs, "/vhd");
	templates[4] = memory_node(&fs, "/dirty");
	disk_node = memory_node(&fs, "/disk");
}

/* The places that matter, of both formats. */
static uint64_t place_of(uint8_t where, uint16_t offset)
{
	static const uint64_t vhdx[] = {
		VHDX_HEADER_1, VHDX_HEADER_2, VHDX_REGION_1, VHDX_REGION_2,
		VHD_MIB, VHD_MIB + 4096, VHD_MIB + 8192,		/* log */
		2 * VHD_MIB, 2 * VHD_MIB + 65536, 2 * VHD_MIB + 65536 + 20480,	/* metadata */
		3 * VHD_MIB, 4 * VHD_MIB,				/* BAT, bitmap */
		0, 512, 1536, 8192,					/* VHD */
	};

	return vhdx[where % ARRAY_SIZE(vhdx)] + offset % 8192;
}

static void seal(uint64_t at, size_t length, size_t field, uint32_t (*sum)(const uint8_t *, size_t))
{
	uint8_t *data = malloc(length);
	uint32_t value;

	memory_read(disk_node, data, length, at);
	memset(data + field, 0, 4);
	value = sum(data, length);
	memory_write(disk_node, &value, sizeof(value), at + field);
	free(data);
}

static uint32_t crc(const uint8_t *data, size_t length)
{
	return htole32(vhd_crc32c(0, data, length));
}

static uint32_t sum(const uint8_t *data, size_t length)
{
	uint32_t total = 0;

	while (length--)
		total += *data++;
	return htobe32(~total);
}

static void seal_log(uint64_t at)
{
	struct vhdx_log_header header;

	memory_read(disk_node, &header, sizeof(header), at);
	if (!memcmp(header.signature, "loge", 4) && le32toh(header.length) >= sizeof(header) &&
	    le32toh(header.length) <= VHD_MIB)
		seal(at, le32toh(header.length), 4, crc);
}

static void seal_all(bool vhdx)
{
	if (!vhdx) {
		seal(0, 512, 64, sum);
		seal(512, 1024, 36, sum);
		seal(disk_node->now.size - 512, 512, 64, sum);
		return;
	}
	seal(VHDX_HEADER_1, 4096, 4, crc);
	seal(VHDX_HEADER_2, 4096, 4, crc);
	seal(VHDX_REGION_1, VHDX_REGION_SIZE, 4, crc);
	seal(VHDX_REGION_2, VHDX_REGION_SIZE, 4, crc);
	seal_log(VHD_MIB);
	seal_log(VHD_MIB + 8192);
}

/* An entry says what the map says, or that it is to be asked for. */
static void look_at_table(struct vhd_disk *disk)
{
	uint64_t unit = vhd_table_unit(disk), entries[16];
	uint32_t count = (uint32_t)lesser((disk->size + unit - 1) / unit, ARRAY_SIZE(entries));

	check(power_of_two(unit) && !vhd_table(disk, 0, count, entries));
	for (uint32_t i = 0; i < count; i++) {
		uint64_t length = lesser(unit, disk->size - i * unit);
		struct vhd_extent extent;

		if (!entries[i])
			continue;
		check(!vhd_map(disk, i * unit, length, &extent) && extent.length == length);
		check(!(entries[i] & VHD_ENTRY_WRITABLE));
		if (extent.kind == VHD_EXTENT_ZERO)
			check(entries[i] == VHD_ENTRY_ZERO);
		else
			check(extent.file_offset == (entries[i] & VHD_ENTRY_OFFSET));
	}
}

static void look(void)
{
	struct vhd_check found = { 0 };
	struct vhd_extent extent;
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	struct vhd_info info;
	uint8_t data[65536];
	uint64_t at = 0;

	disk_node->no_write = true;
	if (vhd_open_file(memory_open(&fs, "/disk", 0), 0, &disk, &error)) {
		check(error.code && *error.text);
		return;
	}
	vhd_info(disk, &info);
	vhd_check(disk, &found);
	for (unsigned int i = 0; i < 64 && at < disk->size; i++) {
		if (vhd_map(disk, at, disk->size - at, &extent))
			break;
		check(extent.length && extent.length <= disk->size - at);
		at += extent.length;
	}
	look_at_table(disk);
	for (unsigned int i = 0; i < 6; i++)
		if (within((uint64_t)i << 20, sizeof(data), disk->size))
			vhd_read(disk, data, sizeof(data), (uint64_t)i << 20);
	vhd_close(disk, NULL);
}

static bool change(struct vhd_disk *disk, uint8_t *data)
{
	memset(data, 0x77, 65536);
	if (disk->size < 6 << 20)
		return false;
	if (vhd_write(disk, data, 65536, 3 << 20) || vhd_write(disk, data, 4096, 4096) ||
	    vhd_write(disk, data, 65536, round_down(disk->size - 65536, 4096)) ||
	    vhd_discard(disk, 4 << 20, 1 << 20) || vhd_flush(disk) ||
	    vhd_write_zeroes(disk, 2 << 20, 65536))
		return false;
	return !vhd_resize(disk, lesser(disk->size + (3 << 20), 2 * VHD_TIB), 0);
}

static void alter(void)
{
	struct vhd_disk *disk;
	uint8_t *data = malloc(65536);
	bool changed;

	disk_node->no_write = false;
	if (!vhd_open_file(memory_open(&fs, "/disk", VHD_OPEN_WRITE), VHD_OPEN_WRITE, &disk,
			   NULL)) {
		changed = disk->format != VHD_FORMAT_RAW && change(disk, data);
		if (!vhd_close(disk, NULL) && changed) {
			check(!vhd_open_file(memory_open(&fs, "/disk", 0), 0, &disk, NULL));
			memset(data, 0, 65536);
			check(!vhd_read(disk, data, 65536, 3 << 20));
			check(data[0] == 0x77 && data[65535] == 0x77);
			vhd_close(disk, NULL);
		}
	}
	free(data);
}

/* First byte: which template, and whether sums are put right; then changes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int number;

	if (!disk_node)
		init();
	if (size < 2 || size > 4096)
		return 0;
	number = (data[0] & 0x7f) % TEMPLATES;
	memory_copy(disk_node, templates[number]);
	if (data[1] & 0x80)
		disk_node->now.size = disk_node->now.size * (data[1] & 0x7f) / 128;
	for (size_t i = 2; i + 4 < size; ) {
		uint16_t offset = (uint16_t)(data[i + 1] | data[i + 2] << 8);
		size_t length = 1 + data[i + 3] % 32;

		length = lesser(length, size - i - 4);
		memory_write(disk_node, data + i + 4, length, place_of(data[i], offset));
		i += 4 + length;
	}
	if (data[0] & 0x80)
		seal_all(number != 2 && number != 3);
	look();
	alter();
	return 0;
}
