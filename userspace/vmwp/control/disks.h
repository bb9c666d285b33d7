/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands for disks. */
#ifndef VMWP_CONTROL_DISKS_H
#define VMWP_CONTROL_DISKS_H

#include "call.h"

void control_run_disk_list(struct control_call *call);
void control_run_disk_add(struct control_call *call);
void control_run_disk_remove(struct control_call *call);
void control_run_disk_insert(struct control_call *call);
void control_run_disk_eject(struct control_call *call);
void control_run_disk_resize(struct control_call *call);

#endif
