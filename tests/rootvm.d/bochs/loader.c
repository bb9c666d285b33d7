// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the kernel and its initramfs from bochs' first disk, to where the plan wants them, and
 * the kernel's command line from the fourth. It has the machine for itself: 64-bit, memory as it
 * is, no interrupts. The disks' data ports are read in the simplest way (ATA, "PIO data-in
 * command"), for bochs does that at some 100 MB/s.
 */
#include "disk.h"

#define READ_SECTORS	0x20
#define BUSY		0x80
#define DATA_REQUEST	0x08
#define LBA_MODE	0xe0
#define SLAVE		0x10
#define MOST_SECTORS	128	/* with one command */

enum { BOOT_DISK = 0, CONFIG_DISK = 3 };

static inline void write_port(uint8_t value, uint16_t port)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t read_port(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void zero(void *to, uint64_t size)
{
	asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

static void copy(void *to, const void *from, uint64_t size)
{
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static uint8_t *command(int disk, uint32_t lba, uint32_t sectors, uint8_t *to)
{
	uint16_t base = disk & 2 ? 0x170 : 0x1f0;

	write_port(LBA_MODE | (disk & 1 ? SLAVE : 0) | (lba >> 24 & 0xf), base + 6);
	write_port(sectors, base + 2);
	write_port(lba, base + 3);
	write_port(lba >> 8, base + 4);
	write_port(lba >> 16, base + 5);
	write_port(READ_SECTORS, base + 7);
	while (sectors--) {
		uint64_t count = SECTOR / 4;

		while ((read_port(base + 7) & (BUSY | DATA_REQUEST)) != DATA_REQUEST)
			;
		asm volatile("rep insl" : "+D"(to), "+c"(count) : "d"(base) : "memory");
	}
	return to;
}

static void read_disk(int disk, uint32_t lba, uint32_t sectors, uint64_t to)
{
	uint8_t *p = (uint8_t *)to;

	while (sectors) {
		uint32_t n = sectors < MOST_SECTORS ? sectors : MOST_SECTORS;

		p = command(disk, lba, n, p);
		lba += n;
		sectors -= n;
	}
}

static void set(uint32_t offset, uint32_t value)
{
	copy((uint8_t *)(uint64_t)BOOT_PARAMS + offset, &value, sizeof(value));
}

/* Returns the kernel's entry; boot.S has made boot_params but for what is set here. */
uint64_t load(void);
uint64_t load(void)
{
	const struct plan *plan = (const struct plan *)PLAN;
	uint32_t i;

	read_disk(BOOT_DISK, PLAN_LBA, PLAN_SECTORS, PLAN);
	while (plan->magic != PLAN_MAGIC)
		asm volatile("hlt");
	read_disk(CONFIG_DISK, 0, COMMAND_LINE / SECTOR, CMDLINE);
	for (i = 0; i < plan->pieces; i++) {
		const struct piece *p = &plan->piece[i];
		uint64_t read = (uint64_t)p->sectors * SECTOR;

		read_disk(BOOT_DISK, p->lba, p->sectors, p->to);
		if (p->size > read)
			zero((uint8_t *)p->to + read, p->size - read);
	}
	copy((uint8_t *)BOOT_PARAMS + BP_SETUP, plan->setup, plan->setup_size);
	*((uint8_t *)BOOT_PARAMS + BP_LOADER_TYPE) = 0xff;
	set(BP_RAMDISK, plan->initrd);
	set(BP_RAMDISK_SIZE, plan->initrd_size);
	set(BP_CMDLINE, CMDLINE);
	return plan->entry;
}
