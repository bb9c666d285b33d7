/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hyper-V sockets of a machine, and the Unix sockets on the host's side of them. */
#ifndef VMWP_VSOCK_H
#define VMWP_VSOCK_H

#include <stdint.h>

struct json_object;
struct machine;
struct vsock;

int vsock_open(struct machine *machine);
void vsock_close(struct machine *machine);

void vsock_request(struct machine *machine, const uint8_t *service, const uint8_t *endpoint);

void vsock_reset(struct machine *machine);
void vsock_service(struct machine *machine);
void vsock_describe(const struct machine *machine, struct json_object *to);

#endif
