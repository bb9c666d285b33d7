// SPDX-License-Identifier: GPL-2.0-or-later
/* rsctl vhd info, map, check: these look, and change nothing but by --repair. */
#include "vhd.h"

#include <inttypes.h>

static int open_to_look(const struct vhd_options *options, const char *path,
			struct vhd_disk **disk)
{
	struct vhd_error error = { 0 };
	uint32_t flags = options->unlocked ? VHD_OPEN_UNLOCKED : 0;

	return vhd_open(path, flags, disk, &error) ? vhd_failed(&error) : EXIT_OK;
}

static void info_json(const char *path, const struct vhd_info *info)
{
	struct json json = { 0 };

	json_open(&json, NULL, '{');
	json_string(&json, "file", path);
	json_string(&json, "format", vhd_format_name(info->format));
	json_string(&json, "kind", vhd_kind_name(info->kind));
	json_number(&json, "size", info->size);
	json_number(&json, "file-size", info->file_size);
	if (info->allocated != UINT64_MAX)
		json_number(&json, "allocated", info->allocated);
	json_number(&json, "block-size", info->block_size);
	json_number(&json, "logical-sector-size", info->logical_sector_size);
	json_number(&json, "physical-sector-size", info->physical_sector_size);
	json_string(&json, "id", info->id);
	json_string(&json, "data-id", info->data_id);
	json_string(&json, "creator", info->creator);
	json_string(&json, "parent", info->parent);
	json_number(&json, "depth", info->depth);
	json_bool(&json, "log-pending", info->log_pending);
	json_close(&json, '}');
}

static void line(const char *name, const char *value)
{
	if (*value)
		printf("%-15s %s\n", name, value);
}

static void size_line(const char *name, uint64_t size)
{
	char text[32];

	printf("%-15s %s (%" PRIu64 " bytes)\n", name, size_text(size, text), size);
}

static void info_text(const char *path, const struct vhd_info *info)
{
	line("file", path);
	printf("%-15s %s, %s\n", "format", vhd_format_name(info->format),
	       vhd_kind_name(info->kind));
	size_line("size", info->size);
	size_line("file size", info->file_size);
	if (info->allocated != UINT64_MAX)
		size_line("allocated", info->allocated);
	if (info->block_size)
		size_line("block size", info->block_size);
	printf("%-15s %u logical, %u physical\n", "sector size", info->logical_sector_size,
	       info->physical_sector_size);
	line("id", info->id);
	line("data id", info->data_id);
	line("creator", info->creator);
	line("parent", info->parent);
	if (info->depth)
		printf("%-15s %u\n", "parents", info->depth);
	if (info->log_pending)
		line("log", "has to be replayed: it was not closed (rsctl vhd check --repair)");
}

int vhd_run_info(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct vhd_disk *disk;
	struct vhd_info info;

	if (open_to_look(options, arguments[0], &disk))
		return EXIT_FAILED;
	vhd_info(disk, &info);
	if (options->json)
		info_json(arguments[0], &info);
	else
		info_text(arguments[0], &info);
	vhd_close(disk, NULL);
	return EXIT_OK;
}

static void map_line(struct json *json, bool as_json, uint64_t offset,
		     const struct vhd_extent *extent)
{
	bool data = extent->kind == VHD_EXTENT_DATA;

	if (!as_json && data)
		printf("%#16" PRIx64 " %#16" PRIx64 " %#16" PRIx64 " %6u\n", offset,
		       extent->length, extent->file_offset, extent->depth);
	if (!as_json)
		return;
	json_open(json, NULL, '{');
	json_number(json, "start", offset);
	json_number(json, "length", extent->length);
	json_bool(json, "data", data);
	if (data) {
		json_number(json, "depth", extent->depth);
		json_number(json, "offset", extent->file_offset);
	}
	json_close(json, '}');
}

int vhd_run_map(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct vhd_extent extent;
	struct json json = { 0 };
	struct vhd_disk *disk;
	struct vhd_info info;

	if (open_to_look(options, arguments[0], &disk))
		return EXIT_FAILED;
	vhd_info(disk, &info);
	if (options->json)
		json_open(&json, NULL, '[');
	else
		printf("%16s %16s %16s %6s\n", "start", "length", "in file at", "parent");
	for (uint64_t at = 0; at < info.size; at += extent.length) {
		if (vhd_map(disk, at, info.size - at, &extent))
			return vhd_disk_failed(disk);
		map_line(&json, options->json, at, &extent);
	}
	if (options->json)
		json_close(&json, ']');
	vhd_close(disk, NULL);
	return EXIT_OK;
}

/* Where the faults go: lines, or an array. */
struct faults {
	struct json json;
	bool as_json;
};

static void report(void *context, const char *text)
{
	struct faults *faults = context;

	if (faults->as_json)
		json_string(&faults->json, NULL, text);
	else
		puts(text);
}

static void check_text(const struct vhd_check *check)
{
	char text[32];

	printf("%" PRIu64 " fault%s", check->faults, check->faults == 1 ? "" : "s");
	if (check->repaired)
		printf(", %" PRIu64 " repaired", check->repaired);
	printf(", %" PRIu64 " blocks", check->blocks);
	if (check->leaked)
		printf(", %s of the file unused", size_text(check->leaked, text));
	putchar('\n');
}

static int check_failed(struct faults *faults, const char *text)
{
	if (faults->as_json) {
		json_close(&faults->json, ']');
		json_string(&faults->json, "error", text);
		json_close(&faults->json, '}');
	}
	complain("%s", text);
	return EXIT_FAILED;
}

int vhd_run_check(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct faults faults = { .as_json = options->json };
	struct vhd_check check = { .report = report, .context = &faults };
	uint32_t flags = VHD_OPEN_CHECK | (options->repair ? VHD_OPEN_WRITE : 0);
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;

	if (options->json) {
		json_open(&faults.json, NULL, '{');
		json_string(&faults.json, "file", arguments[0]);
		json_open(&faults.json, "messages", '[');
	}
	if (vhd_open(arguments[0], flags, &disk, &error))
		return check_failed(&faults, error.text);
	if (vhd_check(disk, &check)) {
		int status = check_failed(&faults, vhd_last_error(disk)->text);

		vhd_close(disk, NULL);
		return status;
	}
	if (vhd_close(disk, &error))
		return check_failed(&faults, error.text);
	if (options->json) {
		json_close(&faults.json, ']');
		json_number(&faults.json, "faults", check.faults);
		json_number(&faults.json, "repaired", check.repaired);
		json_number(&faults.json, "leaked", check.leaked);
		json_number(&faults.json, "log-entries", check.log_entries);
		json_number(&faults.json, "blocks", check.blocks);
		json_close(&faults.json, '}');
	} else {
		check_text(&check);
	}
	return check.faults > check.repaired ? EXIT_FAULTS : EXIT_OK;
}
