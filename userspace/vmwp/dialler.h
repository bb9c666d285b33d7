/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that connects to the host's sockets for a worker in its sandbox. */
#ifndef VMWP_DIALLER_H
#define VMWP_DIALLER_H

#include <stdint.h>

#include "options.h"

int dialler_start(const struct options *options, const char *base);
int dialler_ask(int dialler, uint32_t id, uint32_t port);
int dialler_take(int dialler, uint32_t *id, int *socket);

#endif
