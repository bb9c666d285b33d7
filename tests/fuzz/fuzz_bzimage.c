// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/loader/bzimage.c userspace/vmwp/loader/elf.c */
/*
 * Kernel and image files from an enemy: whatever the planners accept lies inside the
 * file and inside guest memory.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzzer.h"
#include "layout.h"
#include "loader/bzimage.h"
#include "loader/elf.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* The sizes that the header does not hold, from the input's first bytes. */
struct sizes {
	uint32_t memory_mib;
	uint32_t file_kib;
	uint32_t initrd_kib;
	uint32_t cmdline;
};

static uint64_t low(uint64_t memory)
{
	return memory < RAM_LOW_LIMIT ? memory : RAM_LOW_LIMIT;
}

static void check_ram(const struct bzimage_input *input, uint64_t gpa, uint64_t size)
{
	if (gpa < RAM_HIGH_BASE)
		check(gpa + size <= input->low_end);
	else
		check(gpa + size <= input->high_end);
}

static void fuzz_bzimage(const struct sizes *sizes, const uint8_t *data, size_t size)
{
	uint64_t memory = 32 * MIB + (uint64_t)(sizes->memory_mib & 0xffff) * MIB;
	struct bzimage_input input = {
		.head = data,
		.head_size = size < BZIMAGE_HEAD_SIZE ? size : BZIMAGE_HEAD_SIZE,
		.file_size = size + (uint64_t)sizes->file_kib * KIB,
		.initrd_size = (uint64_t)sizes->initrd_kib * KIB,
		.cmdline_size = sizes->cmdline,
		.low_end = low(memory),
		.high_end = RAM_HIGH_BASE + memory - low(memory),
	};
	uint8_t params[BOOT_PARAMS_SIZE];
	struct bzimage_plan plan;
	char why[160];

	if (bzimage_plan(&input, &plan, why, sizeof(why))) {
		check(memchr(why, '\0', sizeof(why)) && *why);
		return;
	}
	check(plan.kernel_offset + plan.kernel_size <= input.file_size);
	check(plan.kernel_gpa >= HIGH_MEMORY_GPA);
	check(plan.entry < plan.kernel_gpa + plan.kernel_size);
	check(input.cmdline_size < CMDLINE_MAX);
	check_ram(&input, plan.kernel_gpa, plan.kernel_size);
	check_ram(&input, plan.initrd_gpa, input.initrd_size);
	check(!input.initrd_size || plan.initrd_gpa >= plan.kernel_gpa + plan.kernel_size);
	bzimage_fill_params(&input, &plan, ACPI_GPA, params);
}

static void fuzz_elf(const uint8_t *data, size_t size)
{
	size_t head_size = size < ELF_HEAD_SIZE ? size : ELF_HEAD_SIZE;
	struct elf_plan plan;
	const char *why;
	unsigned int i;

	if (!elf_is(data, head_size) || elf_plan(data, head_size, size, 64 * MIB, &plan, &why))
		return;
	check(plan.entry < 64 * MIB);
	for (i = 0; i < plan.count; i++) {
		check(plan.segments[i].offset + plan.segments[i].size <= size);
		check(plan.segments[i].gpa + plan.segments[i].size <= 64 * MIB);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sizes sizes;

	fuzz_elf(data, size);
	if (size < sizeof(sizes))
		return 0;
	memcpy(&sizes, data, sizeof(sizes));
	fuzz_bzimage(&sizes, data + sizeof(sizes), size - sizeof(sizes));
	return 0;
}
