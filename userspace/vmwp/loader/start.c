// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How VP 0 starts: descriptor and page tables in guest memory, and its registers.
 *
 * Implements the entry states of boot.rst ("64-bit Boot Protocol": long mode, an
 * identity map of the first 4 GiB, CS 0x10, data segments 0x18, RSI the boot
 * parameters, interrupts off) and of bare-metal images (32-bit protected mode, flat
 * segments, paging off, EBX and ESI zero).  SDM3 §3.4.5 for descriptors, §4.5 for page
 * tables.
 */
#include <string.h>

#include "loader/boot.h"

enum {
	SELECTOR_CODE	= 0x10,
	SELECTOR_DATA	= 0x18,
	SELECTOR_TASK	= 0x20,
	GDT_ENTRIES	= 6,		/* null, null, code, data, task (two) */
	TABLE_ENTRIES	= 512,
	DIRECTORIES	= 4,		/* 1 GiB each */
};

#define PTE_TABLE	0x3ull		/* present, writable */
#define PTE_LARGE	0x83ull		/* and 2 MiB */

#define CR0_PE		0x00000001ull
#define CR0_ET		0x00000010ull
#define CR0_NE		0x00000020ull
#define CR0_PG		0x80000000ull
#define CR4_PAE		0x00000020ull
#define EFER_LME	0x00000100ull
#define EFER_LMA	0x00000400ull

/* Attributes: present, accessed, flat; the task state is a busy 64-bit one. */
#define ATTR_CODE64	0xa09bu
#define ATTR_CODE32	0xc09bu
#define ATTR_DATA	0xc093u
#define ATTR_TASK	0x008bu
#define TASK_LIMIT	0x67u

/* Base 0, limit 4 GiB: limit bits 19:16 lie between the two halves of the attributes. */
static uint64_t flat_descriptor(uint16_t attributes)
{
	return (uint64_t)(attributes | 0x0f00u) << 40 | 0xffffu;
}

static void write_gdt(const struct memory *memory)
{
	uint64_t *gdt = memory_at(memory, GDT_GPA, GDT_ENTRIES * sizeof(*gdt));

	gdt[SELECTOR_CODE / 8] = flat_descriptor(ATTR_CODE64);
	gdt[SELECTOR_DATA / 8] = flat_descriptor(ATTR_DATA);
	gdt[SELECTOR_TASK / 8] = (uint64_t)ATTR_TASK << 40 | TASK_LIMIT;
}

static void write_page_tables(const struct memory *memory)
{
	uint64_t *table = memory_at(memory, PAGE_TABLES_GPA, (2 + DIRECTORIES) * 4096ull);
	uint64_t *pointers = table + TABLE_ENTRIES;
	uint64_t *directory = pointers + TABLE_ENTRIES;
	uint64_t i;

	table[0] = (PAGE_TABLES_GPA + 4096) | PTE_TABLE;
	for (i = 0; i < DIRECTORIES; i++)
		pointers[i] = (PAGE_TABLES_GPA + (2 + i) * 4096) | PTE_TABLE;
	for (i = 0; i < DIRECTORIES * TABLE_ENTRIES; i++)
		directory[i] = i * 2 * MIB | PTE_LARGE;
}

/**
 * boot_write_tables() - put the tables that the start state names in guest memory
 * @memory: guest RAM, 32 MiB or more
 */
void boot_write_tables(const struct memory *memory)
{
	write_gdt(memory);
	write_page_tables(memory);
}

struct list {
	struct vid_register *next;
};

static void add(struct list *list, enum hv_register_name name, uint64_t value)
{
	memset(list->next, 0, sizeof(*list->next));
	list->next->name = name;
	list->next->value.reg64 = value;
	list->next++;
}

static void add_segment(struct list *list, enum hv_register_name name, uint16_t selector,
			uint16_t attributes, uint32_t limit)
{
	struct hv_x64_segment_register segment = {
		.limit = limit,
		.selector = selector,
		.attributes = attributes,
	};

	add(list, name, 0);
	list->next[-1].value.segment = segment;
}

static void add_segments(struct list *list, uint16_t code)
{
	enum hv_register_name name;

	add_segment(list, HV_X64_REGISTER_CS, SELECTOR_CODE, code, UINT32_MAX);
	add_segment(list, HV_X64_REGISTER_ES, SELECTOR_DATA, ATTR_DATA, UINT32_MAX);
	for (name = HV_X64_REGISTER_SS; name <= HV_X64_REGISTER_GS; name++)
		add_segment(list, name, SELECTOR_DATA, ATTR_DATA, UINT32_MAX);
	add_segment(list, HV_X64_REGISTER_TR, SELECTOR_TASK, ATTR_TASK, TASK_LIMIT);
	add(list, HV_X64_REGISTER_GDTR, 0);
	list->next[-1].value.table.base = GDT_GPA;
	list->next[-1].value.table.limit = GDT_ENTRIES * 8 - 1;
}

static void add_linux(struct list *list, const struct boot *boot)
{
	add(list, HV_X64_REGISTER_EFER, EFER_LME | EFER_LMA);
	add(list, HV_X64_REGISTER_CR4, CR4_PAE);
	add(list, HV_X64_REGISTER_CR3, PAGE_TABLES_GPA);
	add(list, HV_X64_REGISTER_CR0, CR0_PG | CR0_NE | CR0_ET | CR0_PE);
	add_segments(list, ATTR_CODE64);
	add(list, HV_X64_REGISTER_RSI, BOOT_PARAMS_GPA);
	add(list, HV_X64_REGISTER_RIP, boot->linux_plan.entry);
}

static void add_image(struct list *list, uint64_t entry)
{
	add(list, HV_X64_REGISTER_CR0, CR0_NE | CR0_ET | CR0_PE);
	add_segments(list, ATTR_CODE32);
	add(list, HV_X64_REGISTER_RSI, 0);
	add(list, HV_X64_REGISTER_RIP, entry);
}

/**
 * boot_start_state() - the registers with which VP 0 starts
 * @boot: from boot_open()
 * @registers: room for START_REGISTERS
 *
 * Return: how many were filled in.
 */
unsigned int boot_start_state(const struct boot *boot, struct vid_register *registers)
{
	struct list list = { registers };

	if (boot->kind == BOOT_LINUX)
		add_linux(&list, boot);
	else
		add_image(&list, boot->kind == BOOT_ELF ? boot->elf.entry :
							  boot->options->image_gpa);
	add(&list, HV_X64_REGISTER_RBX, 0);
	add(&list, HV_X64_REGISTER_RSP, 0);
	add(&list, HV_X64_REGISTER_RFLAGS, 2);
	return (unsigned int)(list.next - registers);
}
