// SPDX-License-Identifier: GPL-2.0-or-later
/* rsctl GROUP COMMAND: finds the group. */
#include "rsctl.h"

#include <stdarg.h>
#include <string.h>

#define RSCTL_VERSION "0.1"

static const struct group *const groups[] = {
	&vhd_group,
};

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("rsctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static void explain(FILE *to)
{
	fputs("usage: rsctl GROUP COMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "Groups:\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		fprintf(to, "  %-10s %s\n", groups[i]->name, groups[i]->summary);
	fputs("\n`rsctl GROUP --help' lists its commands.\n\n"
	      "  --help     this text\n"
	      "  --version  the version\n", to);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		explain(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help")) {
		explain(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("rsctl " RSCTL_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strcmp(argv[1], groups[i]->name))
			return groups[i]->run(argc - 2, argv + 2);
	complain("there is no group '%s': `rsctl --help' lists them", argv[1]);
	return EXIT_USAGE;
}
