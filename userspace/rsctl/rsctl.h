/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rsctl: groups of commands, each a table; what all of them need.
 */
#ifndef RSCTL_H
#define RSCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum {
	EXIT_OK		= 0,
	EXIT_FAILED	= 1,	/* it could not be done; a line on stderr says why */
	EXIT_USAGE	= 2,
	EXIT_FAULTS	= 3,	/* of a check: it was done, and there are faults */
};

/**
 * struct group - commands about one kind of thing
 * @name: the first word after rsctl
 * @summary: a line for the list of groups
 * @run: gets the words after the name
 */
struct group {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

extern const struct group vhd_group;

/**
 * struct option_entry - an option of a group
 * @name: without the dashes
 * @value: what the usage text calls its argument; NULL when it has none
 * @help: the usage text
 * @parse: stores it; returns NULL or what is wrong with @text
 */
struct option_entry {
	const char *name;
	const char *value;
	const char *help;
	const char *(*parse)(void *options, const char *text);
};

/**
 * struct command - a command of a group
 * @name: the second word
 * @arguments: for the usage text
 * @summary: a line
 * @options: names of those it takes, NULL at the end
 * @least, @most: how many arguments
 * @run: does it; returns the exit status
 */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *const *options;
	int least;
	int most;
	int (*run)(const void *options, char **arguments, int count);
};

/* One command of a group, by its name in argv[0]; @options is filled in by its parsers. */
int run_command(const char *group, const struct command *commands, size_t count,
		const struct option_entry *entries, size_t entries_count, void *options,
		int argc, char **argv);

/* A line on stderr that begins with the program's name. */
__attribute__((format(printf, 1, 2)))
void complain(const char *format, ...);

/* 512, 4K, 10M, 1.5G, 2TiB: powers of 1024.  NULL, or what is wrong. */
const char *parse_size(const char *text, uint64_t *size);
/* As people read it; @text has 32 bytes. */
const char *size_text(uint64_t size, char *text);

/* JSON on stdout, an object or an array deep in another. */
struct json {
	int depth;
	bool first;
};

void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);
void json_string(struct json *json, const char *name, const char *value);
void json_number(struct json *json, const char *name, uint64_t value);
void json_bool(struct json *json, const char *name, bool value);

/* A bar on stderr, where that is a terminal; what vhd_copy() calls. */
struct progress {
	const char *what;
	uint64_t began;
	uint64_t shown;
	bool terminal;
};

void progress_begin(struct progress *progress, const char *what);
int progress_tell(void *context, uint64_t done, uint64_t total);
void progress_end(struct progress *progress);

#endif
