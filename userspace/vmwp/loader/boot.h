/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine boots: files on the host, then guest memory, then VP 0's registers. */
#ifndef VMWP_LOADER_BOOT_H
#define VMWP_LOADER_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "libvid.h"
#include "loader/bzimage.h"
#include "loader/elf.h"
#include "memory.h"
#include "options.h"

struct boot_file {
	const char *path;
	int fd;				/* -1: none */
	uint64_t size;
};

enum boot_kind {
	BOOT_LINUX,
	BOOT_ELF,
	BOOT_RAW,
};

/**
 * struct boot - what to load; constant between boot_open() and boot_close()
 * @options: the command line
 * @kind:    what @main is
 * @main:    kernel or image
 * @initrd:  initial RAM disk
 * @head:    the first bytes of @main
 * @head_size: how many
 * @input:   LINUX: as bzimage_plan() saw it
 * @linux_plan: LINUX: where everything goes
 * @elf:     ELF: where everything goes
 */
struct boot {
	const struct options *options;
	enum boot_kind kind;
	struct boot_file main;
	struct boot_file initrd;
	uint8_t head[ELF_HEAD_SIZE];
	size_t head_size;
	struct bzimage_input input;
	struct bzimage_plan linux_plan;
	struct elf_plan elf;
};

/* How many registers start.c sets. */
#define START_REGISTERS 24u

int boot_open(struct boot *boot, const struct options *options);
void boot_close(struct boot *boot);
int boot_load(const struct boot *boot, const struct memory *memory);
unsigned int boot_start_state(const struct boot *boot, struct vid_register *registers);
void boot_write_tables(const struct memory *memory);

#endif
