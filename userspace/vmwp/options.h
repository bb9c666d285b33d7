/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of vmwp. */
#ifndef VMWP_OPTIONS_H
#define VMWP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "disk_option.h"
#include "vdev.h"

enum serial_kind {
	SERIAL_NULL,
	SERIAL_STDIO,
	SERIAL_PTY,
	SERIAL_UNIX,
	SERIAL_FILE,
};

struct serial_option {
	enum serial_kind kind;
	const char *path;		/* UNIX, FILE */
};

enum end_action {
	ACTION_EXIT,
	ACTION_RESTART,
	ACTION_IGNORE,			/* --on-crash only */
};

enum sandbox_mode {
	SANDBOX_ENFORCE,
	SANDBOX_LOG,			/* log what would be refused */
	SANDBOX_OFF,
};

struct options {
	const char *name;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *image;		/* instead of a kernel */
	uint64_t image_gpa;		/* of a raw image */
	uint64_t memory;		/* bytes */
	uint64_t memory_max;		/* bytes, with all that can be added */
	uint64_t hugepage;		/* bytes; 0: ordinary pages */
	unsigned int processors;
	unsigned int serial_count;	/* UARTs; at least one */
	struct serial_option serial[UART_COUNT];
	enum end_action on_reset;
	enum end_action on_crash;
	bool debug_exit;
	int device_fd;			/* -1: open /dev/vid */
	enum sandbox_mode sandbox;
	uint32_t vdevs;			/* devices on the VMBus: bits of enum service_id */
	bool vdevs_given;		/* by the command line */
	unsigned int disk_count;
	struct disk_option disks[DISKS_MAX];
	const char *control;		/* the control socket's path; NULL: none */
	const char *vsock;		/* base path of hvsock's Unix sockets; NULL: none */
	const char *user;		/* to become when started as root */
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,			/* --help or --version was answered */
	OPTIONS_BAD,			/* a line on stderr says what is wrong */
};

enum options_result options_parse(struct options *options, int argc, char **argv);

#endif
