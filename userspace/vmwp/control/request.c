// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A line of a client of the control socket: JSON, and what its command's table entry
 * allows (Documentation/control-socket.md).
 *
 * Pure but for malloc.  Nothing here trusts the line: it may hold any bytes.
 */
#include "request.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 4	/* the request, its arguments, a list, and one to be refused */

__attribute__((format(printf, 3, 4)))
static bool refuse(struct control_error *error, const char *code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return false;
}

/* All of the line must be one value: what follows it is a mistake too. */
static struct json_object *parse_json(const char *line, size_t length, struct control_error *error)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *root;

	if (!tokener) {
		refuse(error, "no-memory", "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, line, (int)length);
	if (!root || json_tokener_get_parse_end(tokener) != length) {
		refuse(error, "bad-json", "not one JSON object: %s",
		       json_tokener_error_desc(json_tokener_get_error(tokener)));
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

/* An id comes back as it is, so it must be small. */
static bool take_id(struct control_request *request, struct json_object *id,
		    struct control_error *error)
{
	if (json_object_is_type(id, json_type_int) ||
	    (json_object_is_type(id, json_type_string) &&
	     json_object_get_string_len(id) <= (int)CONTROL_ID_MAX)) {
		request->id = id;
		return true;
	}
	return refuse(error, "bad-request",
		      "id is neither an integer nor a string of up to %u bytes", CONTROL_ID_MAX);
}

/* A NUL inside would make it another string to whoever looks at it as C does. */
static bool is_text(struct json_object *given)
{
	return json_object_is_type(given, json_type_string) &&
	       !memchr(json_object_get_string(given), 0,
		       (size_t)json_object_get_string_len(given));
}

static bool find_command(struct control_request *request, struct json_object *name,
			 const struct control_commands *commands, struct control_error *error)
{
	const char *text;
	size_t i;

	if (!is_text(name))
		return refuse(error, "bad-request", "command is no string without NUL");
	text = json_object_get_string(name);
	for (i = 0; i < commands->count; i++) {
		if (strcmp(commands->list[i].name, text))
			continue;
		request->command = &commands->list[i];
		return true;
	}
	return refuse(error, "unknown-command", "there is no command '%.40s'", text);
}

static bool take_number(const struct control_argument *argument, struct control_value *value,
			struct json_object *given, struct control_error *error)
{
	if (!json_object_is_type(given, json_type_int))
		return refuse(error, "bad-argument", "%s is no integer", argument->name);
	value->number = json_object_get_int64(given);
	if (value->number >= argument->min && value->number <= argument->max)
		return true;
	return refuse(error, "bad-argument", "%s is not from %" PRId64 " to %" PRId64,
		      argument->name, argument->min, argument->max);
}

static bool is_choice(const char *const *choices, const char *text)
{
	while (*choices && strcmp(*choices, text))
		choices++;
	return *choices;
}

static bool take_string(const struct control_argument *argument, struct control_value *value,
			struct json_object *given, struct control_error *error)
{
	if (!is_text(given))
		return refuse(error, "bad-argument", "%s is no string without NUL",
			      argument->name);
	value->text = json_object_get_string(given);
	value->length = (size_t)json_object_get_string_len(given);
	if ((int64_t)value->length < argument->min || (int64_t)value->length > argument->max)
		return refuse(error, "bad-argument",
			      "%s has not from %" PRId64 " to %" PRId64 " bytes", argument->name,
			      argument->min, argument->max);
	if (argument->choices && !is_choice(argument->choices, value->text))
		return refuse(error, "bad-argument", "%s cannot be '%.40s'", argument->name,
			      value->text);
	return true;
}

static bool take_strings(const struct control_argument *argument, struct control_value *value,
			 struct json_object *given, struct control_error *error)
{
	struct json_object *item;
	size_t count, i;

	if (!json_object_is_type(given, json_type_array))
		return refuse(error, "bad-argument", "%s is no list", argument->name);
	count = json_object_array_length(given);
	if ((int64_t)count < argument->min || (int64_t)count > argument->max ||
	    count > CONTROL_LIST_MAX)
		return refuse(error, "bad-argument",
			      "%s has not from %" PRId64 " to %" PRId64 " items", argument->name,
			      argument->min, argument->max);
	for (i = 0; i < count; i++) {
		item = json_object_array_get_idx(given, i);
		if (!is_text(item))
			return refuse(error, "bad-argument", "%s holds what is no string",
				      argument->name);
		value->items[i] = json_object_get_string(item);
	}
	value->length = count;
	return true;
}

static bool take_value(const struct control_argument *argument, struct control_value *value,
		       struct json_object *given, struct control_error *error)
{
	value->given = true;
	switch (argument->type) {
	case CONTROL_NUMBER:
		return take_number(argument, value, given, error);
	case CONTROL_STRING:
		return take_string(argument, value, given, error);
	case CONTROL_STRINGS:
		return take_strings(argument, value, given, error);
	default:
		value->flag = json_object_get_boolean(given);
		return json_object_is_type(given, json_type_boolean) ||
		       refuse(error, "bad-argument", "%s is neither true nor false",
			      argument->name);
	}
}

static bool take_argument(struct control_request *request, const char *name,
			  struct json_object *given, struct control_error *error)
{
	const struct control_argument *argument = request->command->arguments;
	size_t i;

	for (i = 0; argument[i].type != CONTROL_END; i++)
		if (!strcmp(argument[i].name, name))
			return take_value(&argument[i], &request->values[i], given, error);
	return refuse(error, "bad-argument", "%s has no argument '%.40s'", request->command->name,
		      name);
}

static bool take_arguments(struct control_request *request, struct json_object *given,
			   struct control_error *error)
{
	const struct control_argument *argument = request->command->arguments;
	struct json_object_iterator at, end;
	size_t i;

	if (given && !json_object_is_type(given, json_type_object))
		return refuse(error, "bad-request", "arguments is no object");
	if (given) {
		at = json_object_iter_begin(given);
		end = json_object_iter_end(given);
		for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
			if (!take_argument(request, json_object_iter_peek_name(&at),
					   json_object_iter_peek_value(&at), error))
				return false;
	}
	for (i = 0; argument[i].type != CONTROL_END; i++)
		if (argument[i].required && !request->values[i].given)
			return refuse(error, "bad-argument", "%s needs %s", request->command->name,
				      argument[i].name);
	return true;
}

static bool known_members(struct json_object *root, struct control_error *error)
{
	struct json_object_iterator at = json_object_iter_begin(root);
	struct json_object_iterator end = json_object_iter_end(root);
	const char *name;

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		name = json_object_iter_peek_name(&at);
		if (strcmp(name, "id") && strcmp(name, "command") && strcmp(name, "arguments"))
			return refuse(error, "bad-request", "a request has no member '%.40s'",
				      name);
	}
	return true;
}

static bool take_request(struct control_request *request, const struct control_commands *commands,
			 struct control_error *error)
{
	struct json_object *root = request->root, *member;

	if (!json_object_is_type(root, json_type_object))
		return refuse(error, "bad-request", "a request is an object");
	if (json_object_object_get_ex(root, "id", &member) && !take_id(request, member, error))
		return false;
	if (!known_members(root, error))
		return false;
	if (!json_object_object_get_ex(root, "command", &member))
		return refuse(error, "bad-request", "command is missing");
	if (!find_command(request, member, commands, error))
		return false;
	if (json_object_object_get_ex(root, "arguments", &member) && !member)
		return refuse(error, "bad-request", "arguments is no object");
	return take_arguments(request, json_object_object_get(root, "arguments"), error);
}

/**
 * control_parse() - make a request of a line
 * @request: filled in, also when it is refused, as far as it was understood: the answer
 *           can then say its id.  control_request_release() afterwards, in any case
 * @line: any bytes, without the newline
 * @length: of @line
 * @commands: what there is
 * @error: says what is wrong when it is refused
 *
 * Return: whether it is well formed.
 */
bool control_parse(struct control_request *request, const char *line, size_t length,
		   const struct control_commands *commands, struct control_error *error)
{
	memset(request, 0, sizeof(*request));
	request->root = parse_json(line, length, error);
	return request->root && take_request(request, commands, error);
}

/**
 * control_request_release() - free what control_parse() made
 * @request: may have been refused
 */
void control_request_release(struct control_request *request)
{
	json_object_put(request->root);
	request->root = NULL;
	request->id = NULL;
}

static struct json_object *describe_argument(const struct control_argument *argument)
{
	static const char *const types[] = {
		[CONTROL_STRING] = "string",
		[CONTROL_NUMBER] = "integer",
		[CONTROL_FLAG] = "boolean",
		[CONTROL_STRINGS] = "list of strings",
	};
	struct json_object *to = json_object_new_object();
	struct json_object *choices;
	const char *const *choice;

	json_object_object_add(to, "name", json_object_new_string(argument->name));
	json_object_object_add(to, "type", json_object_new_string(types[argument->type]));
	json_object_object_add(to, "required", json_object_new_boolean(argument->required));
	if (argument->type != CONTROL_FLAG) {
		json_object_object_add(to, "min", json_object_new_int64(argument->min));
		json_object_object_add(to, "max", json_object_new_int64(argument->max));
	}
	if (argument->choices) {
		choices = json_object_new_array();
		for (choice = argument->choices; *choice; choice++)
			json_object_array_add(choices, json_object_new_string(*choice));
		json_object_object_add(to, "choices", choices);
	}
	json_object_object_add(to, "help", json_object_new_string(argument->help));
	return to;
}

static struct json_object *describe_command(const struct control_command *command)
{
	const struct control_argument *argument = command->arguments;
	struct json_object *to = json_object_new_object();
	struct json_object *arguments = json_object_new_array();

	for (; argument->type != CONTROL_END; argument++)
		json_object_array_add(arguments, describe_argument(argument));
	json_object_object_add(to, "name", json_object_new_string(command->name));
	json_object_object_add(to, "help", json_object_new_string(command->help));
	json_object_object_add(to, "file", json_object_new_boolean(command->file));
	json_object_object_add(to, "arguments", arguments);
	return to;
}

/**
 * control_describe() - say which commands there are
 * @commands: a table
 *
 * Return: a list for json_object_put().
 */
struct json_object *control_describe(const struct control_commands *commands)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < commands->count; i++)
		json_object_array_add(list, describe_command(&commands->list[i]));
	return list;
}
