/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a Linux kernel and its initial RAM disk go, and what the kernel is told.
 *
 * Pure: looks at buffers, touches no file and no guest memory.
 */
#ifndef VMWP_LOADER_BZIMAGE_H
#define VMWP_LOADER_BZIMAGE_H

#include <stddef.h>
#include <stdint.h>

#define BZIMAGE_HEAD_SIZE	1024u	/* the setup header ends before */
#define BOOT_PARAMS_SIZE	4096u

/**
 * struct bzimage_input - what is to be booted, and in what
 * @head:         the first bytes of the kernel file
 * @head_size:    how many, up to BZIMAGE_HEAD_SIZE
 * @file_size:    bytes of the whole file
 * @initrd_size:  bytes; 0: none
 * @cmdline_size: bytes without the NUL
 * @low_end:      RAM is [0, low_end)
 * @high_end:     and [4 GiB, high_end); 4 GiB when there is none
 */
struct bzimage_input {
	const uint8_t *head;
	size_t head_size;
	uint64_t file_size;
	uint64_t initrd_size;
	size_t cmdline_size;
	uint64_t low_end;
	uint64_t high_end;
};

/**
 * struct bzimage_plan - the answer
 * @header_size:   bytes of the setup header, from offset 0x1f1 of the file
 * @kernel_offset: where the protected-mode kernel starts in the file
 * @kernel_size:   bytes of it to load
 * @kernel_gpa:    where to
 * @entry:         its 64-bit entry point
 * @initrd_gpa:    where the initial RAM disk goes
 */
struct bzimage_plan {
	size_t header_size;
	uint64_t kernel_offset;
	uint64_t kernel_size;
	uint64_t kernel_gpa;
	uint64_t entry;
	uint64_t initrd_gpa;
};

int bzimage_plan(const struct bzimage_input *input, struct bzimage_plan *plan, char *why,
		 size_t why_size);
void bzimage_fill_params(const struct bzimage_input *input, const struct bzimage_plan *plan,
			 uint64_t rsdp, uint8_t params[BOOT_PARAMS_SIZE]);

#endif
