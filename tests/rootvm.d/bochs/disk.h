/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk that bochs boots from, and the page of low memory that its loader uses: what mkdisk.c
 * writes, boot.S and loader.c read.
 */
#ifndef ROOTVM_DISK_H
#define ROOTVM_DISK_H

#define SECTOR		512
#define LOADER_SECTORS	64	/* from sector 0, the boot sector itself being the first */
#define PLAN_LBA	LOADER_SECTORS
#define PLAN_SECTORS	4
#define COMMAND_LINE	2048	/* bytes of it at the start of the configuration disk */

/* Addresses in low memory. */
#define LOADER		0x7c00
#define PAGE_TABLES	0x1000	/* two pages */
#define BOOT_PARAMS	0x3000
#define CMDLINE		0x4000
#define PLAN		0x5000

/* Offsets in struct boot_params (The Linux/x86 Boot Protocol, "zero page"). */
#define BP_E820_ENTRIES	0x1e8
#define BP_SETUP	0x1f1
#define BP_LOADER_TYPE	0x210
#define BP_RAMDISK	0x218
#define BP_RAMDISK_SIZE	0x21c
#define BP_CMDLINE	0x228
#define BP_E820		0x2d0
#define E820_ENTRY	20

#ifndef __ASSEMBLER__
#include <stdint.h>

#define PLAN_MAGIC	0x6d766b636f727473ull
#define MAX_PIECES	16
#define MAX_SETUP	256

/* What goes to memory: sectors of the disk, and zeros after them up to @size bytes. */
struct piece {
	uint64_t to;
	uint64_t size;
	uint32_t lba;
	uint32_t sectors;
};

struct plan {
	uint64_t magic;
	uint64_t entry;		/* the kernel's startup_64 */
	uint32_t initrd;
	uint32_t initrd_size;
	uint32_t pieces;
	uint32_t setup_size;
	struct piece piece[MAX_PIECES];
	uint8_t setup[MAX_SETUP];	/* the bzImage's header, from BP_SETUP on */
};

_Static_assert(sizeof(struct plan) <= PLAN_SECTORS * SECTOR, "the plan fits");
#endif

#endif /* ROOTVM_DISK_H */
