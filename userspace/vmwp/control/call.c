// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests on their way: from a line to the one answer that it gets.
 *
 * Pure but for malloc and the descriptor that came along.  Main thread.
 */
#include "call.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void send_json(struct control_client *client, struct json_object *answer)
{
	size_t length;
	const char *text = json_object_to_json_string_length(answer, JSON_C_TO_STRING_PLAIN,
							     &length);

	if (text)
		client->send(client, text, length);
	json_object_put(answer);
}

static struct json_object *answer(const struct control_request *request, bool ok)
{
	struct json_object *to = json_object_new_object();

	if (request && request->id)
		json_object_object_add(to, "id", json_object_get(request->id));
	json_object_object_add(to, "ok", json_object_new_boolean(ok));
	return to;
}

static void send_error(struct control_client *client, const struct control_request *request,
		       const char *code, const char *message)
{
	struct json_object *to = answer(request, false);
	struct json_object *error = json_object_new_object();

	json_object_object_add(error, "code", json_object_new_string(code));
	json_object_object_add(error, "message", json_object_new_string(message));
	json_object_object_add(to, "error", error);
	send_json(client, to);
}

static void unlink_call(struct control_call *call)
{
	struct control_call **at = &call->client->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->client->call_count--;
}

static void free_call(struct control_call *call)
{
	if (call->file >= 0)
		close(call->file);
	control_request_release(&call->request);
	free(call);
}

static void end_call(struct control_call *call)
{
	unlink_call(call);
	free_call(call);
}

/**
 * control_reply() - answer a call, which is no more afterwards
 * @call: not answered yet
 * @result: what to say, taken over; NULL for an empty object
 */
void control_reply(struct control_call *call, struct json_object *result)
{
	struct json_object *to = answer(&call->request, true);

	json_object_object_add(to, "result", result ? result : json_object_new_object());
	send_json(call->client, to);
	end_call(call);
}

/**
 * control_fail() - say why a call failed; it is no more afterwards
 * @call: not answered yet
 * @code: for programs; Documentation/control-socket.md lists them
 * @format: for people, as printf's
 */
void control_fail(struct control_call *call, const char *code, const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	send_error(call->client, &call->request, code, message);
	end_call(call);
}

/**
 * control_keep() - answer a call later
 * @call: not answered yet
 * @cancel: called when its client has gone; the call is freed right afterwards
 * @keeper: for @cancel, as @call->keeper
 */
void control_keep(struct control_call *call, void (*cancel)(struct control_call *call),
		  void *keeper)
{
	call->cancel = cancel;
	call->keeper = keeper;
}

/**
 * control_refuse_line() - answer what is no request at all
 * @client: who sent it
 * @code: for programs
 * @message: for people
 */
void control_refuse_line(struct control_client *client, const char *code, const char *message)
{
	send_error(client, NULL, code, message);
}

static const char *file_trouble(const struct control_request *request, int file)
{
	if (request->command->file && file < 0)
		return "this command needs an open file, sent with its line";
	if (!request->command->file && file >= 0)
		return "this command takes no open file";
	return NULL;
}

static struct control_call *make_call(struct control_client *client, int file)
{
	struct control_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->client = client;
	call->file = file;
	call->next = client->calls;
	client->calls = call;
	client->call_count++;
	return call;
}

static void run_call(struct control_call *call, const char *line, size_t length)
{
	struct control_error error;
	const char *trouble;

	if (!control_parse(&call->request, line, length, call->commands, &error)) {
		control_fail(call, error.code, "%s", error.message);
		return;
	}
	trouble = file_trouble(&call->request, call->file);
	if (trouble)
		control_fail(call, "bad-request", "%s", trouble);
	else
		call->request.command->run(call);
}

/**
 * control_line() - act on a line
 * @client: who sent it
 * @commands: what there is
 * @ops: what commands act by
 * @ctx: for @ops
 * @line: any bytes, without the newline
 * @length: of @line
 * @file: descriptor that came with it, taken over, or -1
 *
 * Every line that is not empty gets one answer, unless its client goes before.
 */
void control_line(struct control_client *client, const struct control_commands *commands,
		  const struct control_ops *ops, void *ctx, const char *line, size_t length,
		  int file)
{
	struct control_call *call = NULL;

	if (client->call_count < CONTROL_CALLS_MAX)
		call = make_call(client, file);
	if (!call) {
		if (file >= 0)
			close(file);
		control_refuse_line(client, "busy", "too many requests are not answered yet");
		return;
	}
	call->commands = commands;
	call->ops = ops;
	call->ctx = ctx;
	run_call(call, line, length);
}

/**
 * control_forget_calls() - a client has gone: nobody waits for its answers
 * @client: it
 */
void control_forget_calls(struct control_client *client)
{
	struct control_call *call;

	while ((call = client->calls)) {
		if (call->cancel)
			call->cancel(call);
		end_call(call);
	}
}
