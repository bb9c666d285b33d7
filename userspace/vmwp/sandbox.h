/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a worker gives up before it runs a guest. */
#ifndef VMWP_SANDBOX_H
#define VMWP_SANDBOX_H

#include "options.h"

int sandbox_prepare(const struct options *options);
void sandbox_give(const char *path);
int sandbox_drop_rights(const struct options *options);
int sandbox_seal(const struct options *options);

#endif
