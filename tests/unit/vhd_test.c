// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks in memory, and what they should read as: see vhd_test.h. */
#include "vhd_test.h"

#include <stdlib.h>
#include <string.h>

#define SIZE	(9 * VHD_MIB + 512 * VHD_KIB)

const struct vhd_kind_case vhd_cases[] = {
	{ "raw", { .format = VHD_FORMAT_RAW, .kind = VHD_KIND_FIXED, .size = SIZE } },
	{ "vhd fixed", { .format = VHD_FORMAT_VHD, .kind = VHD_KIND_FIXED, .size = SIZE } },
	{ "vhd dynamic", { .format = VHD_FORMAT_VHD, .kind = VHD_KIND_DYNAMIC, .size = SIZE,
			   .block_size = 512 << 10 } },
	{ "vhd differencing", { .format = VHD_FORMAT_VHD, .kind = VHD_KIND_DIFFERENCING,
				.size = SIZE, .block_size = 512 << 10, .parent = "/base" } },
	{ "vhdx fixed", { .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_FIXED, .size = SIZE,
			  .block_size = 1 << 20 } },
	{ "vhdx dynamic", { .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_DYNAMIC, .size = SIZE,
			    .block_size = 1 << 20 } },
	{ "vhdx differencing", { .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_DIFFERENCING,
				 .size = SIZE, .block_size = 1 << 20, .parent = "/base" } },
	{ "vhdx dynamic 4096", { .format = VHD_FORMAT_VHDX, .kind = VHD_KIND_DYNAMIC,
				 .size = SIZE, .block_size = 1 << 20,
				 .logical_sector_size = 4096 } },
	{ "vhdx differencing 4096", { .format = VHD_FORMAT_VHDX,
				      .kind = VHD_KIND_DIFFERENCING, .size = SIZE,
				      .block_size = 1 << 20, .parent = "/base",
				      .logical_sector_size = 4096 } },
};

const unsigned int vhd_cases_count = ARRAY_SIZE(vhd_cases);

void model_init(struct model *model, uint64_t size, uint32_t seed)
{
	*model = (struct model){ .units = size / UNIT, .random = seed };
	model->unit = calloc(model->units, sizeof(*model->unit));
	for (uint64_t i = 0; i < model->units; i++)
		model->unit[i].count = 1;
}

void model_fini(struct model *model)
{
	free(model->unit);
}

uint32_t model_random(struct model *model, uint32_t limit)
{
	model->random = model->random * 1103515245 + 12345;
	return (model->random >> 8) % limit;
}

void model_stamp(struct model *model, uint64_t first, uint64_t count, uint16_t stamp)
{
	for (uint64_t i = first; i < first + count; i++) {
		struct model_unit *unit = &model->unit[i];

		ck_assert_uint_lt(unit->count, STAMPS_MAX);
		unit->stamps[unit->count++] = stamp;
	}
}

void model_flushed(struct model *model)
{
	for (uint64_t i = 0; i < model->units; i++) {
		struct model_unit *unit = &model->unit[i];

		unit->stamps[0] = unit->stamps[unit->count - 1];
		unit->count = 1;
	}
}

void unit_fill(uint8_t *data, uint64_t unit, uint16_t stamp)
{
	memset(data, 0, UNIT);
	if (!stamp)
		return;
	for (unsigned int i = 0; i < UNIT; i += 8) {
		uint64_t word = unit << 24 ^ (uint64_t)stamp << 8 ^ i ^ 0x5a00000000000001ull;

		memcpy(data + i, &word, sizeof(word));
	}
}

int unit_stamp(const uint8_t *data, uint64_t unit)
{
	uint64_t first, word;

	memcpy(&first, data, sizeof(first));
	for (unsigned int i = 0; i < UNIT; i += 8) {
		memcpy(&word, data + i, sizeof(word));
		if (word != (first ? first ^ i : 0))
			return -1;
	}
	first ^= unit << 24 ^ 0x5a00000000000001ull;
	if (vhd_is_zero(data, UNIT))
		return 0;
	return first & ~0xffff00ull ? -1 : (int)(first >> 8);
}

static int write_units(struct vhd_disk *disk, struct model *model, uint64_t first,
		       uint64_t count)
{
	static uint8_t data[6000 * UNIT];
	int result;

	model->stamp++;
	for (uint64_t i = 0; i < count; i++)
		unit_fill(data + i * UNIT, first + i, model->stamp);
	model_stamp(model, first, count, model->stamp);
	result = vhd_write(disk, data, count * UNIT, first * UNIT);
	return result;
}

struct vhd_disk *open_case(struct memory_fs *fs, const char *name, uint32_t flags)
{
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	int result = vhd_open_file(memory_open(fs, name, flags), flags, &disk, &error);

	ck_assert_msg(!result, "%s: %d: %s", name, result, error.text);
	return disk;
}

static void make_base(struct memory_fs *fs, const struct vhd_create *what,
		      struct model *model)
{
	struct vhd_create base = *what;
	struct vhd_error error = { 0 };
	struct vhd_file *file;
	struct vhd_disk *disk;
	uint64_t eighth;

	base.kind = VHD_KIND_DYNAMIC;
	base.parent = NULL;
	base.size = what->size - 512 * VHD_KIB;
	memory_node(fs, "/base");
	file = memory_open(fs, "/base", 0);
	ck_assert_msg(!vhd_create_file(file, &base, &error), "%s", error.text);
	file->ops->close(file);
	disk = open_case(fs, "/base", VHD_OPEN_WRITE);
	eighth = model->units / 8 / 8 * 8;
	ck_assert_int_eq(write_units(disk, model, 16, eighth), 0);
	ck_assert_int_eq(write_units(disk, model, 4 * eighth, eighth), 0);
	ck_assert_int_eq(vhd_close(disk, &error), 0);
	model_flushed(model);
}

void make_case(struct memory_fs *fs, const struct vhd_create *what, struct model *model)
{
	struct vhd_error error = { 0 };
	struct vhd_file *file;

	if (what->parent)
		make_base(fs, what, model);
	memory_node(fs, "/disk");
	file = memory_open(fs, "/disk", 0);
	ck_assert_msg(!vhd_create_file(file, what, &error), "%s", error.text);
	file->ops->close(file);
}

/* Units are compared one by one only where the whole piece differs from what is expected. */
static void each_unit(struct vhd_disk *disk, struct model *model,
		      void (*check)(struct model *model, uint64_t unit, int stamp))
{
	static uint8_t data[64 * UNIT];
	uint64_t piece = sizeof(data) / UNIT;

	for (uint64_t first = 0; first < model->units; first += piece) {
		uint64_t count = lesser(piece, model->units - first);
		int result = vhd_read(disk, data, count * UNIT, first * UNIT);

		ck_assert_msg(!result, "%s", vhd_last_error(disk)->text);
		for (uint64_t i = 0; i < count; i++)
			check(model, first + i, unit_stamp(data + i * UNIT, first + i));
	}
}

static void check_last(struct model *model, uint64_t number, int stamp)
{
	struct model_unit *unit = &model->unit[number];

	if (stamp != unit->stamps[unit->count - 1])
		ck_abort_msg("unit %lu has stamp %d, not %d", (unsigned long)number, stamp,
			     unit->stamps[unit->count - 1]);
}

static void check_allowed(struct model *model, uint64_t number, int stamp)
{
	struct model_unit *unit = &model->unit[number];

	for (unsigned int i = 0; i < unit->count; i++)
		if (stamp == unit->stamps[i]) {
			unit->stamps[0] = (uint16_t)stamp;
			unit->count = 1;
			return;
		}
	ck_abort_msg("unit %lu has stamp %d: %u are allowed, %d is durable",
		     (unsigned long)number, stamp, unit->count, unit->stamps[0]);
}

void expect_model(struct vhd_disk *disk, struct model *model)
{
	each_unit(disk, model, check_last);
}

void expect_allowed(struct vhd_disk *disk, struct model *model)
{
	each_unit(disk, model, check_allowed);
}

/* What was discarded may read as it did, or as zeros. */
static int discard(struct vhd_disk *disk, struct model *model, uint64_t first, uint64_t count)
{
	uint8_t *data = malloc(count * UNIT);
	int result = vhd_discard(disk, first * UNIT, count * UNIT);

	/* Under a power loss, also when it fails. */
	if (result) {
		model_stamp(model, first, count, 0);
	} else {
		ck_assert_int_eq(vhd_read(disk, data, count * UNIT, first * UNIT), 0);
		for (uint64_t i = 0; i < count; i++) {
			int stamp = unit_stamp(data + i * UNIT, first + i);
			struct model_unit *unit = &model->unit[first + i];

			ck_assert(!stamp || stamp == unit->stamps[unit->count - 1]);
			if (stamp != unit->stamps[unit->count - 1])
				model_stamp(model, first + i, 1, (uint16_t)stamp);
		}
	}
	free(data);
	return result;
}

static int zero(struct vhd_disk *disk, struct model *model, uint64_t first, uint64_t count)
{
	model_stamp(model, first, count, 0);
	return vhd_write_zeroes(disk, first * UNIT, count * UNIT);
}

/* As StorVSP does it: asks for room, writes by itself, says so. */
static int allocate(struct vhd_disk *disk, struct model *model, uint64_t first, uint64_t count)
{
	int result = 0;

	model->stamp++;
	while (!result && count) {
		struct vhd_extent extent;
		uint8_t *data;
		uint64_t now;

		result = vhd_allocate(disk, first * UNIT, count * UNIT, &extent);
		if (result)
			return result;
		now = extent.length / UNIT;
		data = malloc(extent.length);
		for (uint64_t i = 0; i < now; i++)
			unit_fill(data + i * UNIT, first + i, model->stamp);
		model_stamp(model, first, now, model->stamp);
		result = vhd_file_write(disk->file, data, extent.length, extent.file_offset);
		free(data);
		if (!result && (extent.flags & VHD_EXTENT_COMMIT))
			result = vhd_written(disk, first * UNIT, extent.length);
		first += now;
		count -= now;
	}
	return result;
}

int random_step(struct vhd_disk *disk, struct model *model)
{
	uint32_t sector = disk->logical_sector_size / UNIT;
	uint64_t first = round_down(model_random(model, (uint32_t)model->units - 8), sector);
	uint64_t count = model_random(model, 4) ? 8 : 1 + model_random(model, 4000);
	uint32_t what = model_random(model, 16);
	int result;

	count = lesser(round_up(count, sector), model->units - first);
	if (what < 6)
		return write_units(disk, model, first, count);
	if (what < 9)
		return allocate(disk, model, first, count);
	if (what < 11)
		return zero(disk, model, first, count);
	if (what < 13)
		return discard(disk, model, first, lesser(6000, model->units - first));
	result = vhd_flush(disk);
	if (!result)
		model_flushed(model);
	return result;
}
