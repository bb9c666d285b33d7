/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bare-metal images: which parts of an ELF file go where.  Pure. */
#ifndef VMWP_LOADER_ELF_H
#define VMWP_LOADER_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_HEAD_SIZE		4096u	/* headers must lie in the first bytes */
#define ELF_SEGMENTS_MAX	16u

struct elf_segment {
	uint64_t offset;		/* in the file */
	uint64_t size;			/* bytes there; the rest of memory is zero already */
	uint64_t gpa;
};

struct elf_plan {
	uint32_t entry;
	unsigned int count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

bool elf_is(const uint8_t *head, size_t head_size);
int elf_plan(const uint8_t *head, size_t head_size, uint64_t file_size, uint64_t ram_end,
	     struct elf_plan *plan, const char **why);

#endif
