/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All devices of a machine that speak over the VMBus from user mode. */
#ifndef VMWP_SERVICES_H
#define VMWP_SERVICES_H

#include "ic_services.h"
#include "synth.h"

enum service_id {
	SERVICE_HEARTBEAT,
	SERVICE_SHUTDOWN,
	SERVICE_TIMESYNC,
	SERVICE_KVP,
	SERVICE_VSS,
	SERVICE_FCOPY,
	SERVICE_KEYBOARD,
	SERVICE_MOUSE,
	SERVICE_BALLOON,
	SERVICE_COUNT,
};

struct services {
	struct heartbeat heartbeat;
	struct shutdown shutdown;
	struct timesync timesync;
	struct kvp kvp;
	struct vss vss;
	struct fcopy fcopy;
	struct keyboard keyboard;
	struct mouse mouse;
	struct balloon balloon;
};

/**
 * struct service_class - what the VMBus has to know of one
 * @name:     as options and commands have it
 * @type:     GUIDs: what drivers look for, and which one it is.  Those of Hyper-V, where
 * @instance: each machine has the same
 * @pipe:     its messages have pipe headers
 * @standard: a machine has it unless it is told otherwise
 * @opened:   a driver opened the channel.  Device lock held, as below
 * @closed:   it has gone; may be called when none was there
 * @packet:   it sent one
 * @writable: there is room again, after send() returned -EAGAIN; may be NULL
 */
struct service_class {
	const char *name;
	const char *type;
	const char *instance;
	bool pipe;
	bool standard;
	void (*opened)(struct services *services);
	void (*closed)(struct services *services);
	void (*packet)(struct services *services, const void *packet, size_t size);
	void (*writable)(struct services *services);
};

extern const struct service_class service_classes[SERVICE_COUNT];

/* What services tell their machine. */
struct services_config {
	const struct vdev_host *host;
	struct vdev_port ports[SERVICE_COUNT];
	void (*heartbeat)(void *ctx, enum heartbeat_state state);
	const struct balloon_ops *memory;
	struct balloon_memory ram;
	void *ctx;
};

int services_init(struct services *services, const struct services_config *config);
void services_fini(struct services *services);

#endif
