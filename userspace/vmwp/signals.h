/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that end a worker. */
#ifndef VMWP_SIGNALS_H
#define VMWP_SIGNALS_H

struct machine;

int signals_block(void);
int signals_create(struct machine *machine);

#endif
