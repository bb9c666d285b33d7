/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request that is being answered, now or later. */
#ifndef VMWP_CONTROL_CALL_H
#define VMWP_CONTROL_CALL_H

#include "request.h"

struct control_ops;

/* Where answers go: the server's client, or a test. */
struct control_client {
	void (*send)(struct control_client *client, const char *text, size_t length);
	struct control_call *calls;	/* not answered yet */
	unsigned int call_count;
	bool subscribed;		/* wants events */
};

/**
 * struct control_call - a request until it is answered
 * @request: what is asked
 * @client:  who asked
 * @ops:     what commands act by
 * @ctx:     for @ops
 * @commands: the table that the request's command is from
 * @file:    descriptor that came with it, or -1; closed with the call
 * @result:  of a call that is kept: what there is of it; whoever keeps it frees it
 * @cancel:  the client has gone: forget the call, which is freed.  Set by who keeps it
 * @keeper:  for @cancel
 * @next:    in the client's list
 */
struct control_call {
	struct control_request request;
	struct control_client *client;
	const struct control_ops *ops;
	void *ctx;
	const struct control_commands *commands;
	int file;
	struct json_object *result;
	void (*cancel)(struct control_call *call);
	void *keeper;
	struct control_call *next;
};

#define CONTROL_CALLS_MAX	32u	/* of a client, not answered yet */

/* Both end the call.  The result may be NULL, for nothing to say. */
void control_reply(struct control_call *call, struct json_object *result);
void control_fail(struct control_call *call, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void control_keep(struct control_call *call, void (*cancel)(struct control_call *call),
		  void *keeper);

/* A line came in; @file is taken over. */
void control_line(struct control_client *client, const struct control_commands *commands,
		  const struct control_ops *ops, void *ctx, const char *line, size_t length,
		  int file);
void control_refuse_line(struct control_client *client, const char *code, const char *message);
void control_forget_calls(struct control_client *client);

static inline const struct control_value *control_value(const struct control_call *call,
							unsigned int index)
{
	return &call->request.values[index];
}

#endif
