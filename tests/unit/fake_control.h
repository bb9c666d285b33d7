/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client and a machine for the control socket's code, and a table of commands to try. */
#ifndef TESTS_FAKE_CONTROL_H
#define TESTS_FAKE_CONTROL_H

#include "control/commands.h"
#include "fake_host.h"
#include "vdev/services.h"

struct fake_control {
	struct control_client client;
	char sent[65536];		/* the last answer */
	unsigned int answers;
	int result;			/* of operations */
	int pauses;
	int runs;
	int cancels;
	char text[16];
	int64_t number;
	bool flag;
	char list[64];
	struct control_call *kept;	/* the last one */
	struct fake_host host;
	struct services services;
	bool vmbus;			/* there is one */
	int locked;
	unsigned int packets;		/* that services sent */
	size_t packet_size;		/* the last one */
	uint8_t packet[IC_PACKET_MAX];
};

extern const struct control_ops fake_control_ops;
extern const struct control_commands fake_commands;

void fake_control_init(struct fake_control *fake);
void fake_control_fini(struct fake_control *fake);

#endif
