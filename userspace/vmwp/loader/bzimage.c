// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Linux x86 boot protocol, 64-bit entry.
 *
 * Implements Documentation/arch/x86/boot.rst of Linux for protocol 2.12 and later
 * ("64-bit Boot Protocol", "The Real-Mode Kernel Header") and zero-page.rst.  The
 * file is hostile: every number from it is checked before it is added to another.
 * Pure; no context.
 */
#include "loader/bzimage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <asm/bootparam.h>

#include "layout.h"

enum {
	HEADER_OFFSET		= 0x1f1,
	JUMP_LENGTH_OFFSET	= 0x201,	/* the header ends at 0x202 + this byte */
	HEADER_MIN_END		= 0x264,	/* past init_size */
	SECTOR			= 512,
	DEFAULT_SETUP_SECTORS	= 4,
	BOOT_FLAG		= 0xaa55,
	HEADER_MAGIC		= 0x53726448,	/* "HdrS" */
	PROTOCOL_MIN		= 0x020c,
	ENTRY64_OFFSET		= 0x200,
	LOADER_UNDEFINED	= 0xff,
	PAGE			= 4096,
	E820_RAM		= 1,
	E820_RESERVED		= 2,
};

struct why {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static int refuse(const struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, why->size, format, args);
	va_end(args);
	return -EINVAL;
}

static unsigned long long mib_up(uint64_t bytes)
{
	return (bytes >> 20) + !!(bytes & (MIB - 1));
}

static uint64_t ram_size(const struct bzimage_input *input)
{
	return input->low_end + (input->high_end - RAM_HIGH_BASE);
}

/* The end of the header in the file, or 0 when the file is no bzImage. */
static size_t header_end(const struct bzimage_input *input)
{
	if (input->head_size <= JUMP_LENGTH_OFFSET)
		return 0;
	return JUMP_LENGTH_OFFSET + 1 + (size_t)input->head[JUMP_LENGTH_OFFSET];
}

static int read_header(const struct bzimage_input *input, struct bzimage_plan *plan,
		       struct setup_header *header, const struct why *why)
{
	size_t end = header_end(input);

	memset(header, 0, sizeof(*header));
	if (end) {
		plan->header_size = end - HEADER_OFFSET;
		if (plan->header_size > sizeof(*header))
			plan->header_size = sizeof(*header);
		if (input->head_size >= HEADER_OFFSET + plan->header_size)
			memcpy(header, input->head + HEADER_OFFSET, plan->header_size);
	}
	if (header->boot_flag != BOOT_FLAG || header->header != HEADER_MAGIC)
		return refuse(why, "not a bzImage");
	return 0;
}

static int check_header(const struct setup_header *header, size_t header_size,
			const struct why *why)
{
	if (header->version < PROTOCOL_MIN || HEADER_OFFSET + header_size < HEADER_MIN_END)
		return refuse(why, "boot protocol %u.%02u is too old: 2.12 is needed",
			      header->version >> 8, header->version & 0xff);
	if (!(header->xloadflags & XLF_KERNEL_64) || !(header->loadflags & LOADED_HIGH))
		return refuse(why, "not a 64-bit kernel");
	return 0;
}

static int plan_file(const struct bzimage_input *input, const struct setup_header *header,
		     struct bzimage_plan *plan, const struct why *why)
{
	uint64_t sectors = header->setup_sects ? header->setup_sects : DEFAULT_SETUP_SECTORS;

	plan->kernel_offset = (sectors + 1) * SECTOR;
	plan->kernel_size = (uint64_t)header->syssize * 16;
	if (plan->kernel_size <= ENTRY64_OFFSET)
		return refuse(why, "not a bzImage: it has no kernel");
	if (input->file_size < plan->kernel_offset + plan->kernel_size)
		return refuse(why, "truncated: it should have %llu bytes and has %llu",
			      (unsigned long long)(plan->kernel_offset + plan->kernel_size),
			      (unsigned long long)input->file_size);
	return 0;
}

static uint64_t kernel_span(const struct setup_header *header, const struct bzimage_plan *plan)
{
	return header->init_size > plan->kernel_size ? header->init_size : plan->kernel_size;
}

/*
 * At its preferred address: below it the kernel would only move itself there (a
 * relocatable kernel runs no lower), above it costs memory.
 */
static int plan_kernel(const struct bzimage_input *input, const struct setup_header *header,
		       struct bzimage_plan *plan, const struct why *why)
{
	uint64_t align = header->kernel_alignment;
	uint64_t span = kernel_span(header, plan);
	uint64_t end;

	if (header->pref_address < HIGH_MEMORY_GPA || header->pref_address >= RAM_HIGH_BASE)
		return refuse(why, "its preferred address %#llx is no sane one",
			      (unsigned long long)header->pref_address);
	if (align & (align - 1) || (align && header->pref_address & (align - 1)))
		return refuse(why, "its alignment %#llx is no sane one",
			      (unsigned long long)align);
	end = header->pref_address + span;	/* below 8 GiB + 64 GiB */
	if (end > input->low_end)
		return refuse(why, "the kernel needs %llu MiB, the VM has %llu", mib_up(end),
			      mib_up(ram_size(input)));
	plan->kernel_gpa = header->pref_address;
	plan->entry = plan->kernel_gpa + ENTRY64_OFFSET;
	return 0;
}

/* The highest page-aligned place below @top, not below @bottom; 0 when there is none. */
static uint64_t place_below(uint64_t top, uint64_t bottom, uint64_t size)
{
	uint64_t at;

	if (top < size)
		return 0;
	at = (top - size) & ~(uint64_t)(PAGE - 1);
	return at >= bottom ? at : 0;
}

static uint64_t place_initrd(const struct bzimage_input *input, const struct setup_header *header,
			     const struct bzimage_plan *plan)
{
	uint64_t limit = (uint64_t)header->initrd_addr_max + 1;
	uint64_t low_top = limit < input->low_end ? limit : input->low_end;
	uint64_t kernel_end = plan->kernel_gpa + kernel_span(header, plan);
	uint64_t at = place_below(low_top, kernel_end, input->initrd_size);

	if (!at && header->xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G)
		at = place_below(input->high_end, RAM_HIGH_BASE, input->initrd_size);
	return at;
}

static int plan_initrd(const struct bzimage_input *input, const struct setup_header *header,
		       struct bzimage_plan *plan, const struct why *why)
{
	plan->initrd_gpa = 0;
	if (!input->initrd_size)
		return 0;
	plan->initrd_gpa = place_initrd(input, header, plan);
	if (plan->initrd_gpa)
		return 0;
	return refuse(why, "kernel and initrd need %llu MiB in one piece, the VM has %llu",
		      mib_up(plan->kernel_gpa + kernel_span(header, plan) + input->initrd_size),
		      mib_up(ram_size(input)));
}

static int check_cmdline(const struct bzimage_input *input, const struct setup_header *header,
			 const struct why *why)
{
	uint64_t limit = header->cmdline_size;

	if (limit >= CMDLINE_MAX)
		limit = CMDLINE_MAX - 1;
	if (input->cmdline_size > limit)
		return refuse(why, "the kernel takes %llu bytes of command line, not %llu",
			      (unsigned long long)limit, (unsigned long long)input->cmdline_size);
	return 0;
}

/**
 * bzimage_plan() - check a kernel and place it in guest memory
 * @input: the kernel's head and the sizes of everything
 * @plan: filled in
 * @why: set to what is wrong, for the user
 * @why_size: room for it
 *
 * Return: 0, or -EINVAL with @why set.
 */
int bzimage_plan(const struct bzimage_input *input, struct bzimage_plan *plan, char *why,
		 size_t why_size)
{
	const struct why reason = { why, why_size };
	struct setup_header header;
	int err;

	memset(plan, 0, sizeof(*plan));
	err = read_header(input, plan, &header, &reason);
	if (!err)
		err = check_header(&header, plan->header_size, &reason);
	if (!err)
		err = plan_file(input, &header, plan, &reason);
	if (!err)
		err = check_cmdline(input, &header, &reason);
	if (!err)
		err = plan_kernel(input, &header, plan, &reason);
	if (!err)
		err = plan_initrd(input, &header, plan, &reason);
	return err;
}

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end, uint32_t type)
{
	struct boot_e820_entry *entry = &params->e820_table[params->e820_entries];

	if (start >= end)
		return;
	entry->addr = start;
	entry->size = end - start;
	entry->type = type;
	params->e820_entries++;
}

static void fill_memory_map(struct boot_params *params, const struct bzimage_input *input)
{
	add_e820(params, 0, CONVENTIONAL_END, E820_RAM);
	add_e820(params, CONVENTIONAL_END, 0xa0000, E820_RESERVED);
	add_e820(params, ACPI_GPA, ACPI_GPA + ACPI_SIZE, E820_RESERVED);
	add_e820(params, HIGH_MEMORY_GPA, input->low_end, E820_RAM);
	add_e820(params, RAM_HIGH_BASE, input->high_end, E820_RAM);
}

static void fill_initrd(struct boot_params *params, uint64_t gpa, uint64_t size)
{
	params->hdr.ramdisk_image = (uint32_t)gpa;
	params->ext_ramdisk_image = (uint32_t)(gpa >> 32);
	params->hdr.ramdisk_size = (uint32_t)size;
	params->ext_ramdisk_size = (uint32_t)(size >> 32);
}

/**
 * bzimage_fill_params() - make the "zero page" that the kernel is handed
 * @input: what bzimage_plan() accepted
 * @plan: what it said
 * @rsdp: guest physical address of the ACPI root pointer
 * @params: filled in
 */
void bzimage_fill_params(const struct bzimage_input *input, const struct bzimage_plan *plan,
			 uint64_t rsdp, uint8_t params[BOOT_PARAMS_SIZE])
{
	struct boot_params filled = { 0 };

	_Static_assert(sizeof(filled) == BOOT_PARAMS_SIZE, "boot.rst, zero-page.rst");
	memcpy(&filled.hdr, input->head + HEADER_OFFSET, plan->header_size);
	filled.hdr.type_of_loader = LOADER_UNDEFINED;
	filled.hdr.loadflags &= (uint8_t)~(QUIET_FLAG | KEEP_SEGMENTS | CAN_USE_HEAP);
	filled.hdr.cmd_line_ptr = CMDLINE_GPA;
	filled.hdr.setup_data = 0;
	filled.hdr.code32_start = (uint32_t)plan->kernel_gpa;
	filled.acpi_rsdp_addr = rsdp;
	fill_initrd(&filled, plan->initrd_gpa, input->initrd_size);
	fill_memory_map(&filled, input);
	memcpy(params, &filled, sizeof(filled));
}
