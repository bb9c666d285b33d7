/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client of the control socket may ask, as data; and a line made into a request. */
#ifndef VMWP_CONTROL_REQUEST_H
#define VMWP_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_ARGUMENTS_MAX	6u
#define CONTROL_ID_MAX		64u	/* bytes of an id that is a string */
#define CONTROL_LIST_MAX	64u	/* items of a list of strings */

struct json_object;
struct control_call;

enum control_type {
	CONTROL_END,			/* no more arguments */
	CONTROL_STRING,
	CONTROL_NUMBER,
	CONTROL_FLAG,
	CONTROL_STRINGS,
};

/**
 * struct control_argument - an argument of a command
 * @name:    as in JSON
 * @type:    what it must be
 * @required: it must be given
 * @min:     least value of a number, bytes of a string, items of a list
 * @max:     greatest
 * @choices: ends with NULL; a string must be one of them.  NULL: any string
 * @help:    for people
 */
struct control_argument {
	const char *name;
	enum control_type type;
	bool required;
	int64_t min;
	int64_t max;
	const char *const *choices;
	const char *help;
};

/**
 * struct control_command - a command
 * @name:      as in JSON
 * @help:      for people
 * @file:      it needs a descriptor, sent along with the line
 * @run:       answers @call now, or keeps it and answers later: see call.h
 * @arguments: up to the first CONTROL_END
 */
struct control_command {
	const char *name;
	const char *help;
	bool file;
	void (*run)(struct control_call *call);
	struct control_argument arguments[CONTROL_ARGUMENTS_MAX + 1];
};

/* A table of them. */
struct control_commands {
	const struct control_command *list;
	size_t count;
};

/* An argument's value; strings belong to the request. */
struct control_value {
	bool given;
	bool flag;
	int64_t number;
	const char *text;
	size_t length;			/* of @text; items of @items */
	const char *items[CONTROL_LIST_MAX];
};

/**
 * struct control_request - a request that is well formed
 * @root:    what was parsed; owns all below
 * @id:      the client's; NULL: none
 * @command: from the table
 * @values:  one for each of its arguments
 */
struct control_request {
	struct json_object *root;
	struct json_object *id;
	const struct control_command *command;
	struct control_value values[CONTROL_ARGUMENTS_MAX];
};

/* Why there is none. */
struct control_error {
	const char *code;
	char message[160];
};

bool control_parse(struct control_request *request, const char *line, size_t length,
		   const struct control_commands *commands, struct control_error *error);
void control_request_release(struct control_request *request);
struct json_object *control_describe(const struct control_commands *commands);

#endif
