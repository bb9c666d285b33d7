/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMBus of a machine, and the devices that vmwp itself offers there. */
#ifndef VMWP_SYNTHETIC_H
#define VMWP_SYNTHETIC_H

#include <libvmbus.h>

#include "loop.h"
#include "vdev/services.h"

struct json_object;
struct machine;

/**
 * struct synthetic_channel - the channel of a service
 * @machine: it belongs to
 * @id:      the service
 * @channel: NULL: it is not offered
 * @source:  in the loop
 * @fresh:   it was opened, and the service does not know yet
 * @unread:  there may be packets that were not taken yet
 * @packets_in, @packets_out: since the machine started, as what follows
 * @bytes_in, @bytes_out: payload
 * @opens:   how often a driver opened it
 * @errors:  how often it broke the ring's rules
 */
struct synthetic_channel {
	struct machine *machine;
	enum service_id id;
	struct vmbus_channel *channel;
	struct loop_source source;
	bool fresh;
	bool unread;
	uint64_t packets_in;
	uint64_t packets_out;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t opens;
	uint64_t errors;
};

/**
 * struct synthetic - the VMBus of a machine.  Main thread; device lock for @services
 * @device:   /dev/vmbusr, or -1
 * @bus:      of this start; NULL: none
 * @source:   in the loop
 * @channels: one for each service
 * @services: valid while there is a bus
 */
struct synthetic {
	int device;
	struct vmbus_bus *bus;
	struct loop_source source;
	struct synthetic_channel channels[SERVICE_COUNT];
	struct services services;
};

int synthetic_open(struct machine *machine);
void synthetic_close(struct machine *machine);
int synthetic_create(struct machine *machine);
void synthetic_destroy(struct machine *machine);
void synthetic_service(struct machine *machine);
void synthetic_resumed(struct machine *machine);
int synthetic_describe(const struct machine *machine, struct json_object *to);

#endif
