/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's part of a machine. */
#ifndef VMWP_PARTITION_H
#define VMWP_PARTITION_H

struct machine;

int partition_create(struct machine *machine);
void partition_destroy(struct machine *machine);

#endif
