// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmwpctl: one command for a running vmwp, by its control socket.
 *
 * It asks vmwp itself which arguments the command has, so it knows of no command but
 * "commands" and "events" (Documentation/control-socket.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	EXIT_REFUSED = 1,		/* vmwp's answer is an error */
	EXIT_USAGE = 2,
	EXIT_CONNECTION = 3,
};

static FILE *answers;
static int server;

__attribute__((noreturn))
static void die(int code, const char *what, const char *why)
{
	fprintf(stderr, "vmwpctl: %s: %s\n", what, why);
	exit(code);
}

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: vmwpctl SOCKET COMMAND [NAME=VALUE]... [< FILE]\n"
		    "       vmwpctl SOCKET commands\n"
		    "       vmwpctl SOCKET events\n"
		    "Sends a command to a running vmwp (--control SOCKET), and prints the result.\n"
		    "'commands' lists what there is; 'events' prints events until it is ended.\n"
		    "A value of several strings is given as NAME=A NAME=B.  A command that takes a\n"
		    "file is given it as standard input.\n"
		    "Exit status: 0, 1 when refused, 2 wrong usage, 3 no vmwp there.\n");
}

static void connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		die(EXIT_CONNECTION, path, strerror(ENAMETOOLONG));
	memcpy(address.sun_path, path, strlen(path));
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)))
		die(EXIT_CONNECTION, path, strerror(errno));
	answers = fdopen(server, "r");
	if (!answers)
		die(EXIT_CONNECTION, path, strerror(errno));
}

/*
 * The descriptor goes along with the first byte.  Who is turned away cannot send any more, but can
 * read why.
 */
static void send_line(const char *text, size_t length, int file)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} ancillary = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec vector = { (char *)text, length };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	ssize_t sent;

	if (file >= 0) {
		memcpy(CMSG_DATA(&ancillary.header), &file, sizeof(file));
		message.msg_control = &ancillary;
		message.msg_controllen = sizeof(ancillary);
	}
	while (vector.iov_len) {
		sent = sendmsg(server, &message, MSG_NOSIGNAL);
		if (sent < 0)
			return;
		message.msg_control = NULL;
		message.msg_controllen = 0;
		vector.iov_base = (char *)vector.iov_base + sent;
		vector.iov_len -= (size_t)sent;
	}
}

static struct json_object *receive(void)
{
	static char *line;
	static size_t room;
	struct json_object *answer;

	if (getline(&line, &room, answers) <= 0)
		return NULL;
	answer = json_tokener_parse(line);
	if (!answer)
		die(EXIT_CONNECTION, "not understood", line);
	return answer;
}

/* Skips events: they come in between. */
static struct json_object *ask(struct json_object *request, int file)
{
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	struct json_object *answer;

	send_line(text, strlen(text), file);
	send_line("\n", 1, -1);
	for (;;) {
		answer = receive();
		if (!answer)
			die(EXIT_CONNECTION, "no answer", "vmwp has closed the connection");
		if (!json_object_object_get_ex(answer, "event", NULL))
			return answer;
		json_object_put(answer);
	}
}

static struct json_object *new_request(const char *command, struct json_object *arguments)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "command", json_object_new_string(command));
	if (arguments)
		json_object_object_add(request, "arguments", arguments);
	return request;
}

static const char *text_of(struct json_object *from, const char *name)
{
	const char *text = json_object_get_string(json_object_object_get(from, name));

	return text ? text : "";
}

static struct json_object *result_of(struct json_object *answer)
{
	struct json_object *error;

	if (json_object_get_boolean(json_object_object_get(answer, "ok")))
		return json_object_object_get(answer, "result");
	error = json_object_object_get(answer, "error");
	die(EXIT_REFUSED, text_of(error, "code"), text_of(error, "message"));
}

/* The entry of @list that is called @name, which may end at '='. */
static struct json_object *find(struct json_object *list, const char *name)
{
	size_t length = strcspn(name, "=");
	struct json_object *item;
	const char *candidate;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		item = json_object_array_get_idx(list, i);
		candidate = text_of(item, "name");
		if (strlen(candidate) == length && !strncmp(candidate, name, length))
			return item;
	}
	return NULL;
}

static void add_to_list(struct json_object *arguments, const char *name, const char *text)
{
	struct json_object *list;

	if (!json_object_object_get_ex(arguments, name, &list)) {
		list = json_object_new_array();
		json_object_object_add(arguments, name, list);
	}
	json_object_array_add(list, json_object_new_string(text));
}

static struct json_object *parse_number(const char *argument, const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno || !*text || *end)
		die(EXIT_USAGE, argument, "is no number");
	return json_object_new_int64(value);
}

static struct json_object *parse_flag(const char *argument, const char *text)
{
	if (strcmp(text, "true") && strcmp(text, "false"))
		die(EXIT_USAGE, argument, "is neither true nor false");
	return json_object_new_boolean(*text == 't');
}

static void add_argument(struct json_object *arguments, struct json_object *known,
			 const char *argument)
{
	struct json_object *entry = find(known, argument);
	const char *text = strchr(argument, '=');
	const char *name, *type;

	if (!entry || !text)
		die(EXIT_USAGE, argument, "no such argument; try the command 'commands'");
	text++;
	name = text_of(entry, "name");
	type = text_of(entry, "type");
	if (!strcmp(type, "list of strings"))
		add_to_list(arguments, name, text);
	else if (!strcmp(type, "integer"))
		json_object_object_add(arguments, name, parse_number(argument, text));
	else if (!strcmp(type, "boolean"))
		json_object_object_add(arguments, name, parse_flag(argument, text));
	else
		json_object_object_add(arguments, name, json_object_new_string(text));
}

static int run(const char *command, char **argv)
{
	struct json_object *list = result_of(ask(new_request("commands", NULL), -1));
	struct json_object *entry = find(json_object_object_get(list, "commands"), command);
	struct json_object *arguments = json_object_new_object();
	struct json_object *result;
	bool file;

	if (!entry || strchr(command, '='))
		die(EXIT_USAGE, command, "no such command; try 'commands'");
	for (; *argv; argv++)
		add_argument(arguments, json_object_object_get(entry, "arguments"), *argv);
	file = json_object_get_boolean(json_object_object_get(entry, "file"));
	result = result_of(ask(new_request(command, arguments), file ? STDIN_FILENO : -1));
	if (json_object_object_length(result))
		printf("%s\n", json_object_to_json_string_ext(result, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED));
	return fflush(stdout) ? EXIT_CONNECTION : 0;
}

static int list_commands(void)
{
	struct json_object *list = result_of(ask(new_request("commands", NULL), -1));
	struct json_object *entry, *known, *argument;
	size_t i, j;

	list = json_object_object_get(list, "commands");
	for (i = 0; i < json_object_array_length(list); i++) {
		entry = json_object_array_get_idx(list, i);
		printf("%s: %s\n", text_of(entry, "name"), text_of(entry, "help"));
		known = json_object_object_get(entry, "arguments");
		for (j = 0; j < json_object_array_length(known); j++) {
			argument = json_object_array_get_idx(known, j);
			printf("    %s=%s  %s\n", text_of(argument, "name"),
			       text_of(argument, "type"), text_of(argument, "help"));
		}
	}
	return fflush(stdout) ? EXIT_CONNECTION : 0;
}

static int watch_events(void)
{
	struct json_object *arguments = json_object_new_object();
	struct json_object *event;

	json_object_object_add(arguments, "on", json_object_new_boolean(true));
	result_of(ask(new_request("events", arguments), -1));
	while ((event = receive())) {
		printf("%s\n", json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN));
		fflush(stdout);
		json_object_put(event);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		print_usage(stdout);
		return 0;
	}
	if (argc < 3) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	connect_to(argv[1]);
	if (argc == 3 && !strcmp(argv[2], "commands"))
		return list_commands();
	if (argc == 3 && !strcmp(argv[2], "events"))
		return watch_events();
	return run(argv[2], argv + 3);
}
