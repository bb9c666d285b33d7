// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line: one table gives parser and usage text.
 *
 * Strings in struct options point into argv.  Runs once, before anything else.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "report.h"
#include "vdev/services.h"

#define VMWP_VERSION "0.1"

/**
 * struct option_entry - one option
 * @name:  without the dashes
 * @value: what the usage text calls its argument; NULL when it has none
 * @help:  the usage text
 * @parse: stores @text; returns NULL or what is wrong with it
 */
struct option_entry {
	const char *name;
	const char *value;
	const char *help;
	const char *(*parse)(struct options *options, const char *text);
};

static const char *parse_kernel(struct options *options, const char *text)
{
	options->kernel = text;
	return NULL;
}

static const char *parse_initrd(struct options *options, const char *text)
{
	options->initrd = text;
	return NULL;
}

static const char *parse_append(struct options *options, const char *text)
{
	options->append = text;
	return strlen(text) < CMDLINE_MAX ? NULL : "is longer than 65535 bytes";
}

static const char *parse_name(struct options *options, const char *text)
{
	options->name = text;
	return *text ? NULL : "is empty";
}

static const char *parse_user(struct options *options, const char *text)
{
	options->user = text;
	return NULL;
}

static bool parse_number(const char *text, char **end, uint64_t *value)
{
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, end, 0);
	return !errno;
}

static unsigned int suffix_shift(char suffix)
{
	static const char suffixes[] = "KMGT";
	const char *found = suffix ? strchr(suffixes, suffix & ~0x20) : NULL;

	return found ? 10 * (unsigned int)(found - suffixes + 1) : 0;
}

/* 512M, 2G, 2GiB; a number alone is in MiB. */
static bool parse_size(const char *text, uint64_t *bytes)
{
	unsigned int shift = 20;
	char *end;

	if (!parse_number(text, &end, bytes))
		return false;
	if (*end) {
		shift = suffix_shift(*end++);
		if (!shift)
			return false;
		if (!strcmp(end, "iB"))
			end += 2;
	}
	if (*end || *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

static const char *parse_image(struct options *options, const char *text)
{
	char *at = strrchr(text, '@');
	char *end;

	options->image = text;
	if (!at)
		return NULL;
	if (!parse_number(at + 1, &end, &options->image_gpa) || *end)
		return "is not FILE[@ADDRESS]";
	*at = '\0';
	return NULL;
}

static const char *parse_memory(struct options *options, const char *text)
{
	if (!parse_size(text, &options->memory))
		return "is not a size such as 512M or 4G";
	if (options->memory < MACHINE_MEMORY_MIN)
		return "is too small: a VM needs 32 MiB or more";
	if (options->memory > 1ull << 44)
		return "is more than 16 TiB";
	return options->memory % MIB ? "is not a whole number of MiB" : NULL;
}

static const char *parse_memory_max(struct options *options, const char *text)
{
	if (!parse_size(text, &options->memory_max) || !options->memory_max)
		return "is not a size such as 512M or 4G";
	if (options->memory_max > 1ull << 44)
		return "is more than 16 TiB";
	return options->memory_max % MIB ? "is not a whole number of MiB" : NULL;
}

static const char *parse_hugepages(struct options *options, const char *text)
{
	if (!parse_size(text, &options->hugepage) ||
	    (options->hugepage != 2 * MIB && options->hugepage != GIB))
		return "is neither 2M nor 1G";
	return NULL;
}

static const char *parse_processors(struct options *options, const char *text)
{
	uint64_t count;
	char *end;

	if (!parse_number(text, &end, &count) || *end || !count || count > MACHINE_PROCESSORS_MAX)
		return "is not a number from 1 to 64";
	options->processors = (unsigned int)count;
	return NULL;
}

static bool parse_serial_kind(struct serial_option *serial, const char *text)
{
	static const struct {
		const char *word;
		enum serial_kind kind;
		bool path;
	} kinds[] = {
		{ "null", SERIAL_NULL, false },	  { "stdio", SERIAL_STDIO, false },
		{ "pty", SERIAL_PTY, false },	  { "unix:", SERIAL_UNIX, true },
		{ "file:", SERIAL_FILE, true },
	};
	size_t i, length;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		length = strlen(kinds[i].word);
		if (strncmp(text, kinds[i].word, length) || !text[length] != !kinds[i].path)
			continue;
		serial->kind = kinds[i].kind;
		serial->path = kinds[i].path ? text + length : NULL;
		return true;
	}
	return false;
}

static bool stdio_taken(const struct options *options)
{
	unsigned int i;

	for (i = 0; i < options->serial_count; i++)
		if (options->serial[i].kind == SERIAL_STDIO)
			return true;
	return false;
}

static const char *parse_serial(struct options *options, const char *text)
{
	struct serial_option serial;

	if (options->serial_count == UART_COUNT)
		return "is one too many: a VM has up to 4";
	if (!parse_serial_kind(&serial, text))
		return "is none of stdio, pty, unix:PATH, file:PATH, null";
	if (serial.kind == SERIAL_STDIO && stdio_taken(options))
		return "was given to another port already";
	options->serial[options->serial_count++] = serial;
	return NULL;
}

static bool parse_action(const char *text, enum end_action *action)
{
	if (!strcmp(text, "restart"))
		*action = ACTION_RESTART;
	else if (!strcmp(text, "exit"))
		*action = ACTION_EXIT;
	else
		return false;
	return true;
}

static const char *parse_on_reset(struct options *options, const char *text)
{
	return parse_action(text, &options->on_reset) ? NULL : "is neither restart nor exit";
}

static const char *parse_on_crash(struct options *options, const char *text)
{
	if (!strcmp(text, "ignore"))
		options->on_crash = ACTION_IGNORE;
	else if (!parse_action(text, &options->on_crash))
		return "is none of exit, restart, ignore";
	return NULL;
}

static bool find_vdev(const char *name, size_t length, uint32_t *bit)
{
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++) {
		if (strlen(service_classes[i].name) != length ||
		    strncmp(service_classes[i].name, name, length))
			continue;
		*bit = 1u << i;
		return true;
	}
	return false;
}

static uint32_t standard_vdevs(void)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++)
		if (service_classes[i].standard)
			mask |= 1u << i;
	return mask;
}

/* "all", "none", or names; each name may have a + or - before it, and then changes the default. */
static const char *parse_vdevs(struct options *options, const char *text)
{
	uint32_t mask = strchr("+-", *text) ? standard_vdevs() : 0;
	size_t length;
	uint32_t bit;
	char sign;

	options->vdevs_given = true;
	options->vdevs = strcmp(text, "all") ? 0 : (1u << SERVICE_COUNT) - 1;
	if (!strcmp(text, "all") || !strcmp(text, "none"))
		return NULL;
	for (; *text; text += length + (text[length] == ',')) {
		sign = strchr("+-", *text) ? *text++ : '+';
		length = strcspn(text, ",");
		if (!find_vdev(text, length, &bit))
			return "names no device; see vmwp(8)";
		mask = sign == '-' ? mask & ~bit : mask | bit;
	}
	options->vdevs = mask;
	return NULL;
}

static const char *parse_disk(struct options *options, const char *text)
{
	if (options->disk_count == DISKS_MAX)
		return "is one too many: a VM has up to 64";
	/* getopt gives what main was given, which may be written */
	return disk_option_parse(&options->disks[options->disk_count++], (char *)text);
}

static const char *parse_control(struct options *options, const char *text)
{
	options->control = text;
	return *text ? NULL : "is empty";
}

static const char *parse_vsock(struct options *options, const char *text)
{
	options->vsock = text;
	return *text ? NULL : "is empty";
}

static const char *parse_debug_exit(struct options *options, const char *text)
{
	options->debug_exit = true;
	return NULL;
}

static const char *parse_device_fd(struct options *options, const char *text)
{
	uint64_t fd;
	char *end;

	if (!parse_number(text, &end, &fd) || *end || fd > INT_MAX)
		return "is not a descriptor's number";
	options->device_fd = (int)fd;
	return NULL;
}

static const char *parse_sandbox(struct options *options, const char *text)
{
	if (!strcmp(text, "on"))
		options->sandbox = SANDBOX_ENFORCE;
	else if (!strcmp(text, "log"))
		options->sandbox = SANDBOX_LOG;
	else if (!strcmp(text, "off"))
		options->sandbox = SANDBOX_OFF;
	else
		return "is none of on, log, off";
	return NULL;
}

static const char *parse_no_sandbox(struct options *options, const char *text)
{
	options->sandbox = SANDBOX_OFF;
	return NULL;
}

/* The two that end the parse have no parse function. */
static const struct option_entry table[] = {
	{ "kernel", "FILE", "boot this Linux kernel (bzImage)", parse_kernel },
	{ "initrd", "FILE", "with this initial RAM disk", parse_initrd },
	{ "append", "TEXT", "and this kernel command line", parse_append },
	{ "image", "FILE[@GPA]", "or run this image (ELF or raw), in 32-bit mode", parse_image },
	{ "memory", "SIZE", "RAM: 512M, 4G, ... (256M)", parse_memory },
	{ "memory-max", "SIZE", "RAM that can be added up to this", parse_memory_max },
	{ "hugepages", "SIZE", "take the RAM from hugetlb pages of 2M or 1G", parse_hugepages },
	{ "processors", "N", "virtual processors, 1 to 64 (1)", parse_processors },
	{ "serial", "WHERE", "next port: stdio, pty, unix:PATH, file:PATH, null", parse_serial },
	{ "vdevs", "LIST", "devices on the VMBus: all, none, kvp,vss, +fcopy,-mouse", parse_vdevs },
	{ "disk", "PATH[,WORD]", "next disk: a file or block device; see vmwp(8)", parse_disk },
	{ "control", "PATH", "listen for commands at this socket", parse_control },
	{ "vsock", "PATH", "AF_VSOCK: host at PATH, guest to PATH_PORT", parse_vsock },
	{ "name", "NAME", "the VM's name, as ps shows it", parse_name },
	{ "on-reset", "ACTION", "restart (the default) or exit", parse_on_reset },
	{ "on-crash", "ACTION", "exit (the default), restart or ignore", parse_on_crash },
	{ "debug-exit", NULL, "a write to port 0xf4 ends the VM", parse_debug_exit },
	{ "device-fd", "N", "use this open descriptor of /dev/vid", parse_device_fd },
	{ "user", "NAME", "whom to become when started as root (nobody)", parse_user },
	{ "sandbox", "MODE", "on (the default), log or off", parse_sandbox },
	{ "no-sandbox", NULL, "same as --sandbox=off: for debugging only", parse_no_sandbox },
	{ "help", NULL, "print this text", NULL },
	{ "version", NULL, "print the version", NULL },
};

#define ENTRIES ARRAY_SIZE(table)

static void print_usage(void)
{
	char left[40];
	size_t i;

	printf("Usage: vmwp --kernel FILE [OPTION]...\n"
	       "       vmwp --image FILE [OPTION]...\n"
	       "Runs one virtual machine in a Rootstock partition.\n\n");
	for (i = 0; i < ENTRIES; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", table[i].name,
			 table[i].value ? " " : "", table[i].value ? table[i].value : "");
		printf("  %-20s  %s\n", left, table[i].help);
	}
	printf("\nExit codes and examples: vmwp(8).\n");
}

static enum options_result answer(const struct option_entry *entry)
{
	if (!strcmp(entry->name, "help"))
		print_usage();
	else
		printf("vmwp %s\n", VMWP_VERSION);
	fflush(stdout);
	return OPTIONS_DONE;
}

static enum options_result take(struct options *options, const struct option_entry *entry,
				const char *text)
{
	const char *wrong;

	if (!entry->parse)
		return answer(entry);
	wrong = entry->parse(options, text);
	if (!wrong)
		return OPTIONS_RUN;
	report("--%s %s: this %s", entry->name, text ? text : "", wrong);
	return OPTIONS_BAD;
}

static const char *contradiction(const struct options *options)
{
	if (!options->kernel == !options->image)
		return options->kernel ? "--kernel and --image exclude each other" :
					 "give --kernel or --image (or --help)";
	if (options->image && (options->initrd || options->append))
		return "--initrd and --append go with --kernel only";
	if (options->hugepage && options->memory % options->hugepage)
		return "--memory is not a multiple of the size of --hugepages";
	if (options->memory_max && options->memory_max < options->memory)
		return "--memory-max is less than --memory";
	return NULL;
}

static enum options_result finish(struct options *options, int argc, char **argv)
{
	const char *wrong = contradiction(options);

	if (optind < argc) {
		report("what is '%s'? Try --help", argv[optind]);
		return OPTIONS_BAD;
	}
	if (wrong) {
		report("%s", wrong);
		return OPTIONS_BAD;
	}
	if (!options->vdevs_given)
		options->vdevs = standard_vdevs();
	if (!options->memory_max)
		options->memory_max = options->memory;
	if (!options->append)
		options->append = "";
	if (!options->serial_count)
		options->serial[options->serial_count++].kind = SERIAL_NULL;
	return OPTIONS_RUN;
}

static const struct options defaults = {
	.name = "vm",
	.image_gpa = HIGH_MEMORY_GPA,
	.memory = 256 * MIB,
	.processors = 1,
	.on_reset = ACTION_RESTART,
	.on_crash = ACTION_EXIT,
	.device_fd = -1,
	.user = "nobody",
};

static void fill_getopt(struct option *list)
{
	size_t i;

	for (i = 0; i < ENTRIES; i++) {
		list[i].name = table[i].name;
		list[i].has_arg = table[i].value ? required_argument : no_argument;
	}
}

/**
 * options_parse() - read the command line
 * @options: filled in, defaults included
 * @argc: of main
 * @argv: of main; strings in @options point into it
 *
 * Return: whether to go on; a line on stderr has said why when it is OPTIONS_BAD.
 */
enum options_result options_parse(struct options *options, int argc, char **argv)
{
	struct option list[ENTRIES + 1] = { 0 };
	enum options_result result;
	int index, got;

	fill_getopt(list);
	*options = defaults;
	opterr = 0;
	optind = 0;			/* glibc: start over */
	while ((got = getopt_long(argc, argv, "+:", list, &index)) != -1) {
		if (got) {
			report("%s %s. Try --help", argv[optind - 1],
			       got == ':' ? "needs a value" : "is no option");
			return OPTIONS_BAD;
		}
		result = take(options, &table[index], optarg);
		if (result != OPTIONS_RUN)
			return result;
	}
	return finish(options, argc, argv);
}
