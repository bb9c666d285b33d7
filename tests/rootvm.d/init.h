/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the root partition's init: init.c, setup.c, and bochs/host.c for an emulator without
 * virtio. There the disks bring all that comes from the host: the command, and as much of its
 * files as it is thought to need. A parallel port takes what goes to it.
 */
#ifndef ROOTVM_INIT_H
#define ROOTVM_INIT_H

#include <stdbool.h>
#include <stddef.h>

__attribute__((format(printf, 1, 2), noreturn))
void die(const char *fmt, ...);

void mount_or_die(const char *what, const char *where, const char *type, unsigned long flags,
		  const char *opts);
void mount_first(void);
void start_cpus(void);
void load_modules(void);
void move_to_host_root(bool bochs);
void mount_all(const char *tree, bool out);
void finish_setup(void);
void start_heartbeat(void);
void unmount_out(void);

void bochs_open(void);
void bochs_send(const void *data, size_t len);
size_t bochs_config(char *buf, size_t size);
void bochs_mount(const char *system, const char *tree);

#endif /* ROOTVM_INIT_H */
