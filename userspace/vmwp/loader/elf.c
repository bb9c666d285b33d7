// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bare-metal images in ELF, 32 or 64-bit, for x86.
 *
 * Implements the System V ABI's ELF header and program header.  The file is
 * hostile.  Pure; no context.
 */
#include "loader/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/**
 * elf_is() - does a file begin as an ELF file does?
 * @head: its first bytes
 * @head_size: how many
 */
bool elf_is(const uint8_t *head, size_t head_size)
{
	return head_size >= EI_NIDENT && !memcmp(head, ELFMAG, SELFMAG);
}

static void widen_header(const Elf32_Ehdr *narrow, Elf64_Ehdr *wide)
{
	wide->e_type = narrow->e_type;
	wide->e_machine = narrow->e_machine;
	wide->e_entry = narrow->e_entry;
	wide->e_phoff = narrow->e_phoff;
	wide->e_phentsize = narrow->e_phentsize;
	wide->e_phnum = narrow->e_phnum;
}

static void widen_segment(const Elf32_Phdr *narrow, Elf64_Phdr *wide)
{
	wide->p_type = narrow->p_type;
	wide->p_offset = narrow->p_offset;
	wide->p_paddr = narrow->p_paddr;
	wide->p_filesz = narrow->p_filesz;
	wide->p_memsz = narrow->p_memsz;
}

static bool is_wide(const uint8_t *head)
{
	return head[EI_CLASS] == ELFCLASS64;
}

static bool read_header(const uint8_t *head, size_t head_size, Elf64_Ehdr *header)
{
	Elf32_Ehdr narrow;

	memset(header, 0, sizeof(*header));
	if (head_size < sizeof(*header))
		return false;
	if (is_wide(head)) {
		memcpy(header, head, sizeof(*header));
		return header->e_machine == EM_X86_64 &&
		       header->e_phentsize == sizeof(Elf64_Phdr);
	}
	memcpy(&narrow, head, sizeof(narrow));
	widen_header(&narrow, header);
	return header->e_machine == EM_386 && header->e_phentsize == sizeof(Elf32_Phdr);
}

static bool read_segment(const uint8_t *head, size_t head_size, const Elf64_Ehdr *header,
			 unsigned int index, Elf64_Phdr *segment)
{
	uint64_t at = header->e_phoff + (uint64_t)index * header->e_phentsize;
	Elf32_Phdr narrow;

	if (header->e_phoff > head_size || at + header->e_phentsize > head_size)
		return false;
	if (is_wide(head)) {
		memcpy(segment, head + at, sizeof(*segment));
		return true;
	}
	memcpy(&narrow, head + at, sizeof(narrow));
	widen_segment(&narrow, segment);
	return true;
}

static const char *segment_fault(const Elf64_Phdr *segment, uint64_t file_size, uint64_t ram_end)
{
	uint64_t end;

	if (__builtin_add_overflow(segment->p_offset, segment->p_filesz, &end) || end > file_size)
		return "truncated: a segment lies beyond its end";
	if (segment->p_filesz > segment->p_memsz ||
	    __builtin_add_overflow(segment->p_paddr, segment->p_memsz, &end) || end > ram_end)
		return "a segment does not fit in the VM's memory";
	return NULL;
}

static const char *add_segment(struct elf_plan *plan, const Elf64_Phdr *segment,
			       uint64_t file_size, uint64_t ram_end)
{
	const char *fault;

	if (segment->p_type != PT_LOAD || !segment->p_memsz)
		return NULL;
	if (plan->count == ELF_SEGMENTS_MAX)
		return "it has more than 16 segments";
	fault = segment_fault(segment, file_size, ram_end);
	if (fault)
		return fault;
	plan->segments[plan->count++] = (struct elf_segment){
		.offset = segment->p_offset,
		.size = segment->p_filesz,
		.gpa = segment->p_paddr,
	};
	return NULL;
}

/**
 * elf_plan() - check an ELF executable and say what to load
 * @head: the file's first bytes
 * @head_size: how many, up to ELF_HEAD_SIZE
 * @file_size: bytes of the whole file
 * @ram_end: RAM is [0, ram_end)
 * @plan: filled in
 * @why: set to what is wrong, for the user
 *
 * Return: 0, or -EINVAL with @why set.
 */
int elf_plan(const uint8_t *head, size_t head_size, uint64_t file_size, uint64_t ram_end,
	     struct elf_plan *plan, const char **why)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	unsigned int i;

	memset(plan, 0, sizeof(*plan));
	*why = NULL;
	if (!read_header(head, head_size, &header) || header.e_type != ET_EXEC)
		*why = "not an x86 ELF executable";
	for (i = 0; !*why && i < header.e_phnum; i++) {
		if (!read_segment(head, head_size, &header, i, &segment))
			*why = "its program headers are not in its first 4096 bytes";
		else
			*why = add_segment(plan, &segment, file_size, ram_end);
	}
	if (!*why && (!plan->count || header.e_entry >= ram_end))
		*why = "it has nothing to run";
	plan->entry = (uint32_t)header.e_entry;
	return *why ? -EINVAL : 0;
}
