// SPDX-License-Identifier: GPL-2.0-or-later
/* A group's commands from its tables: finds one, parses its options, prints usage texts. */
#include "rsctl.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX	24

static const struct option_entry *find_entry(const struct option_entry *entries, size_t count,
					     const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(entries[i].name, name))
			return &entries[i];
	abort();
}

static void command_usage(FILE *to, const char *group, const struct command *command,
			  const struct option_entry *entries, size_t count)
{
	fprintf(to, "usage: rsctl %s %s [OPTION]... %s\n\n%s\n\n", group, command->name,
		command->arguments, command->summary);
	for (const char *const *name = command->options; *name; name++) {
		const struct option_entry *entry = find_entry(entries, count, *name);
		char text[64];

		snprintf(text, sizeof(text), "--%s%s%s", entry->name, entry->value ? " " : "",
			 entry->value ? entry->value : "");
		fprintf(to, "  %-30s %s\n", text, entry->help);
	}
	fprintf(to, "  %-30s %s\n", "--help", "this text");
}

static void group_usage(FILE *to, const char *group, const struct command *commands,
			size_t count)
{
	fprintf(to, "usage: rsctl %s COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n", group);
	for (size_t i = 0; i < count; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "\n`rsctl %s COMMAND --help' explains one.\n", group);
}

static void build_getopt(const struct command *command, const struct option_entry *entries,
			 size_t count, struct option *table)
{
	int n = 0;

	for (const char *const *name = command->options; *name && n < OPTIONS_MAX; name++, n++) {
		const struct option_entry *entry = find_entry(entries, count, *name);

		table[n] = (struct option){ entry->name,
			entry->value ? required_argument : no_argument, NULL, 1 + n };
	}
	table[n] = (struct option){ "help", no_argument, NULL, 'h' };
	table[n + 1] = (struct option){ 0 };
}

static int wrong_usage(const char *group, const struct command *command)
{
	fprintf(stderr, "`rsctl %s %s --help' explains it.\n", group, command->name);
	return EXIT_USAGE;
}

static int run_one(const char *group, const struct command *command,
		   const struct option_entry *entries, size_t count, void *options, int argc,
		   char **argv)
{
	struct option table[OPTIONS_MAX + 2];
	char title[64];
	int choice;

	snprintf(title, sizeof(title), "rsctl %s %s", group, command->name);
	argv[0] = title;
	build_getopt(command, entries, count, table);
	while ((choice = getopt_long(argc, argv, "", table, NULL)) != -1) {
		const struct option_entry *entry;
		const char *wrong;

		if (choice == 'h') {
			command_usage(stdout, group, command, entries, count);
			return EXIT_OK;
		}
		if (choice == '?')
			return wrong_usage(group, command);
		entry = find_entry(entries, count, command->options[choice - 1]);
		wrong = entry->parse(options, optarg);
		if (wrong) {
			complain("--%s %s: %s", entry->name, optarg, wrong);
			return wrong_usage(group, command);
		}
	}
	if (argc - optind < command->least || argc - optind > command->most) {
		complain("%s: wants %s", command->name, command->arguments);
		return wrong_usage(group, command);
	}
	return command->run(options, argv + optind, argc - optind);
}

int run_command(const char *group, const struct command *commands, size_t count,
		const struct option_entry *entries, size_t entries_count, void *options,
		int argc, char **argv)
{
	if (argc < 1) {
		group_usage(stderr, group, commands, count);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[0], "--help")) {
		group_usage(stdout, group, commands, count);
		return EXIT_OK;
	}
	for (size_t i = 0; i < count; i++)
		if (!strcmp(argv[0], commands[i].name))
			return run_one(group, &commands[i], entries, entries_count, options,
				       argc, argv);
	complain("%s: there is no command '%s': `rsctl %s --help' lists them", group, argv[0],
		 group);
	return EXIT_USAGE;
}
