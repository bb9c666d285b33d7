// SPDX-License-Identifier: GPL-2.0-or-later
/* rsctl vhd: options, table of commands, and the short ones. */
#include "vhd.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *parse_format(void *to, const char *text)
{
	struct vhd_options *options = to;

	options->format_given = true;
	for (int i = 0; i < VHD_FORMATS; i++) {
		options->create.format = (enum vhd_format)i;
		if (!strcmp(text, vhd_format_name(options->create.format)))
			return NULL;
	}
	return "is none of raw, vhd, vhdx";
}

static const char *parse_kind(void *to, const char *text)
{
	struct vhd_options *options = to;

	options->kind_given = true;
	options->create.kind = strcmp(text, "fixed") ? VHD_KIND_DYNAMIC : VHD_KIND_FIXED;
	if (strcmp(text, "fixed") && strcmp(text, "dynamic"))
		return "is neither fixed nor dynamic; --parent makes a differencing disk";
	return NULL;
}

static const char *parse_parent(void *to, const char *text)
{
	((struct vhd_options *)to)->create.parent = text;
	return NULL;
}

static const char *parse_small(const char *text, uint32_t *value)
{
	uint64_t size;
	const char *wrong = parse_size(text, &size);

	if (!wrong && (!size || size > UINT32_MAX))
		wrong = "is not from 1 byte to 4 GiB";
	*value = wrong ? 0 : (uint32_t)size;
	return wrong;
}

static const char *parse_block_size(void *to, const char *text)
{
	return parse_small(text, &((struct vhd_options *)to)->create.block_size);
}

static const char *parse_sector_size(void *to, const char *text)
{
	return parse_small(text, &((struct vhd_options *)to)->create.logical_sector_size);
}

static const char *parse_physical(void *to, const char *text)
{
	return parse_small(text, &((struct vhd_options *)to)->create.physical_sector_size);
}

static const char *parse_sparse(void *to, const char *text)
{
	((struct vhd_options *)to)->create.flags |= VHD_CREATE_SPARSE;
	return NULL;
}

static const char *parse_replace(void *to, const char *text)
{
	((struct vhd_options *)to)->create.flags |= VHD_CREATE_REPLACE;
	return NULL;
}

static const char *parse_source_raw(void *to, const char *text)
{
	((struct vhd_options *)to)->source_raw = true;
	return NULL;
}

static const char *parse_json(void *to, const char *text)
{
	((struct vhd_options *)to)->json = true;
	return NULL;
}

static const char *parse_repair(void *to, const char *text)
{
	((struct vhd_options *)to)->repair = true;
	return NULL;
}

static const char *parse_shrink(void *to, const char *text)
{
	((struct vhd_options *)to)->shrink = true;
	return NULL;
}

static const char *parse_unlocked(void *to, const char *text)
{
	((struct vhd_options *)to)->unlocked = true;
	return NULL;
}

static const char *parse_remove(void *to, const char *text)
{
	((struct vhd_options *)to)->remove = true;
	return NULL;
}

static const struct option_entry entries[] = {
	{ "format", "FORMAT", "raw, vhd or vhdx; else the file's name says it", parse_format },
	{ "kind", "KIND", "fixed or dynamic (the default, but for raw)", parse_kind },
	{ "parent", "FILE", "a differencing disk: what it lacks is in FILE", parse_parent },
	{ "block-size", "SIZE", "what is allocated at once", parse_block_size },
	{ "sector-size", "N", "logical sector size: 512, or 4096 for vhdx", parse_sector_size },
	{ "physical-sector-size", "N", "512 or 4096 (the default)", parse_physical },
	{ "sparse", NULL, "reserve no space for a fixed disk", parse_sparse },
	{ "replace", NULL, "overwrite a file that is there", parse_replace },
	{ "source-raw", NULL, "SOURCE is a raw disk, whatever is in it", parse_source_raw },
	{ "json", NULL, "print JSON", parse_json },
	{ "repair", NULL, "mend what can be mended, as by replaying the log", parse_repair },
	{ "shrink", NULL, "allow it to become smaller", parse_shrink },
	{ "unlocked", NULL, "look also at a disk that is being written", parse_unlocked },
	{ "remove", NULL, "remove FILE afterwards", parse_remove },
};

int vhd_failed(const struct vhd_error *error)
{
	complain("%s", error->text);
	return EXIT_FAILED;
}

int vhd_disk_failed(struct vhd_disk *disk)
{
	vhd_failed(vhd_last_error(disk));
	vhd_close(disk, NULL);
	return EXIT_FAILED;
}

enum vhd_format vhd_format_of_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (vhd_is_nbd(path))
		return VHD_FORMAT_RAW;
	if (dot && (!strcasecmp(dot, ".vhdx") || !strcasecmp(dot, ".avhdx")))
		return VHD_FORMAT_VHDX;
	if (dot && (!strcasecmp(dot, ".vhd") || !strcasecmp(dot, ".avhd")))
		return VHD_FORMAT_VHD;
	return VHD_FORMAT_RAW;
}

static int run_create(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct vhd_create what = options->create;
	struct vhd_error error = { 0 };
	const char *wrong = NULL;

	if (!options->format_given)
		what.format = vhd_format_of_name(arguments[0]);
	if (what.parent && options->kind_given) {
		complain("create: with --parent the kind is differencing: leave --kind out");
		return EXIT_USAGE;
	}
	if (what.parent)
		what.kind = VHD_KIND_DIFFERENCING;
	else if (!options->kind_given)
		what.kind = what.format == VHD_FORMAT_RAW ? VHD_KIND_FIXED : VHD_KIND_DYNAMIC;
	if (count > 1)
		wrong = parse_size(arguments[1], &what.size);
	else if (!what.parent)
		wrong = "wants a SIZE too, for it has no parent";
	if (wrong) {
		complain("create: %s: %s", arguments[count - 1], wrong);
		return EXIT_USAGE;
	}
	return vhd_create(arguments[0], &what, &error) ? vhd_failed(&error) : EXIT_OK;
}

static int run_resize(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct vhd_error error = { 0 };
	struct vhd_disk *disk;
	uint64_t size;
	const char *wrong = parse_size(arguments[1], &size);

	if (wrong) {
		complain("resize: %s: %s", arguments[1], wrong);
		return EXIT_USAGE;
	}
	if (vhd_open(arguments[0], VHD_OPEN_WRITE, &disk, &error))
		return vhd_failed(&error);
	if (vhd_resize(disk, size, options->shrink ? VHD_RESIZE_SHRINK : 0)) {
		if (vhd_last_error(disk)->code == -EPERM)
			complain("with --shrink it becomes smaller");
		return vhd_disk_failed(disk);
	}
	return vhd_close(disk, &error) ? vhd_failed(&error) : EXIT_OK;
}

static int run_merge(const void *given, char **arguments, int count)
{
	const struct vhd_options *options = given;
	struct vhd_error error = { 0 };
	struct progress progress;
	int result;

	progress_begin(&progress, "merging");
	result = vhd_merge(arguments[0], progress_tell, &progress, &error);
	progress_end(&progress);
	if (result)
		return vhd_failed(&error);
	if (options->remove && unlink(arguments[0])) {
		complain("%s: is merged, but cannot be removed: %s", arguments[0],
			 strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static const char *const create_options[] = {
	"format", "kind", "parent", "block-size", "sector-size", "physical-sector-size", "sparse",
	"replace", NULL };
static const char *const convert_options[] = {
	"format", "kind", "block-size", "sector-size", "physical-sector-size", "sparse",
	"replace", "source-raw", NULL };
static const char *const look_options[] = { "json", "unlocked", NULL };
static const char *const check_options[] = { "repair", "json", NULL };
static const char *const resize_options[] = { "shrink", NULL };
static const char *const merge_options[] = { "remove", NULL };

static const struct command commands[] = {
	{ "create", "FILE [SIZE]", "Make a virtual disk.", create_options, 1, 2, run_create },
	{ "info", "FILE", "Say what a virtual disk is.", look_options, 1, 1, vhd_run_info },
	{ "check", "FILE", "Look for faults in a virtual disk; exit status 3 if there are any.",
	  check_options, 1, 1, vhd_run_check },
	{ "convert", "SOURCE TARGET", "Copy a virtual disk, with its parents, into a new one.",
	  convert_options, 2, 2, vhd_run_convert },
	{ "resize", "FILE SIZE", "Change the size of a virtual disk.", resize_options, 2, 2,
	  run_resize },
	{ "merge", "FILE", "Write what a differencing disk has into its parent.", merge_options,
	  1, 1, run_merge },
	{ "map", "FILE", "Say where the data of a virtual disk are.", look_options, 1, 1,
	  vhd_run_map },
};

static int run(int argc, char **argv)
{
	struct vhd_options options = { 0 };

	return run_command("vhd", commands, ARRAY_SIZE(commands), entries, ARRAY_SIZE(entries),
			   &options, argc, argv);
}

const struct group vhd_group = { "vhd", "virtual disks: raw, VHD, VHDX", run };
