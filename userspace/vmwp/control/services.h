/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that need a driver in the guest: see commands.c. */
#ifndef VMWP_CONTROL_SERVICES_H
#define VMWP_CONTROL_SERVICES_H

#include "call.h"

void control_run_shutdown(struct control_call *call);
void control_run_reboot(struct control_call *call);
void control_run_hibernate(struct control_call *call);
void control_run_heartbeat(struct control_call *call);
void control_run_time_sync(struct control_call *call);
void control_run_kvp_list(struct control_call *call);
void control_run_kvp_get(struct control_call *call);
void control_run_kvp_set(struct control_call *call);
void control_run_kvp_delete(struct control_call *call);
void control_run_ip_get(struct control_call *call);
void control_run_ip_set(struct control_call *call);
void control_run_freeze(struct control_call *call);
void control_run_thaw(struct control_call *call);
void control_run_copy_file(struct control_call *call);
void control_run_balloon(struct control_call *call);
void control_run_memory(struct control_call *call);
void control_run_key(struct control_call *call);
void control_run_type(struct control_call *call);
void control_run_pointer(struct control_call *call);

extern const char *const control_pools[];
extern const char *const control_actions[];
extern const char *const control_prefixes[];

#endif
