// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mkdisk LOADER BZIMAGE VMLINUX INITRAMFS DISK: writes the disk that bochs boots from.
 *
 * VMLINUX is what BZIMAGE holds, unpacked: to unpack it takes long in an emulator. It is entered
 * where the unpacking code would have entered it (The Linux/x86 Boot Protocol, "64-bit boot
 * protocol", asks of both the same).
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

#define INITRD_AT	0x08000000	/* above every kernel, and in the smallest memory */
#define CYLINDER	(16 * 63 * SECTOR)	/* what is left beside whole ones is not there */

struct file {
	const uint8_t *data;
	size_t size;
};

static struct plan plan = { .magic = PLAN_MAGIC };
static uint32_t next_lba = PLAN_LBA + PLAN_SECTORS;

static struct file map(const char *name)
{
	struct file f;
	struct stat st;
	int fd = open(name, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", name);
	f.size = st.st_size;
	f.data = mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (f.data == MAP_FAILED)
		err(1, "%s", name);
	close(fd);
	return f;
}

static void put(int fd, const void *data, size_t size, off_t at)
{
	if (pwrite(fd, data, size, at) != (ssize_t)size)
		err(1, "cannot write the disk");
}

static void add(int fd, const void *data, size_t in_file, uint64_t to, uint64_t size)
{
	struct piece *p = &plan.piece[plan.pieces++];

	if (plan.pieces > MAX_PIECES)
		errx(1, "too many segments");
	p->to = to;
	p->size = size;
	p->lba = next_lba;
	p->sectors = (in_file + SECTOR - 1) / SECTOR;
	next_lba += p->sectors;
	put(fd, data, in_file, (off_t)p->lba * SECTOR);
}

/* Lowest address first: the last sector of one may reach into the next. */
static void add_kernel(int fd, struct file f)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)f.data;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(f.data + h->e_phoff);
	uint64_t end = 0;

	if (f.size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG))
		errx(1, "the kernel is no ELF file");
	for (int i = 0; i < h->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_paddr < end || p[i].p_paddr + p[i].p_memsz > INITRD_AT ||
		    p[i].p_offset + p[i].p_filesz > f.size)
			errx(1, "the kernel's segments are not as expected");
		end = p[i].p_paddr + p[i].p_memsz;
		add(fd, f.data + p[i].p_offset, p[i].p_filesz, p[i].p_paddr, p[i].p_memsz);
	}
	plan.entry = h->e_entry;
}

static void add_setup(struct file f)
{
	size_t end;

	if (f.size < 0x400 || memcmp(f.data + 0x202, "HdrS", 4))
		errx(1, "no bzImage");
	end = 0x202 + f.data[0x201];
	plan.setup_size = end - BP_SETUP;
	if (plan.setup_size > MAX_SETUP)
		errx(1, "the bzImage's header is too long");
	memcpy(plan.setup, f.data + BP_SETUP, plan.setup_size);
}

int main(int argc, char **argv)
{
	struct file loader, initrd;
	off_t size;
	int fd;

	if (argc != 6)
		errx(2, "usage: mkdisk LOADER BZIMAGE VMLINUX INITRAMFS DISK");
	fd = open(argv[5], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		err(1, "%s", argv[5]);
	loader = map(argv[1]);
	if (loader.size > LOADER_SECTORS * SECTOR)
		errx(1, "the loader is too long");
	put(fd, loader.data, loader.size, 0);
	add_setup(map(argv[2]));
	add_kernel(fd, map(argv[3]));
	initrd = map(argv[4]);
	plan.initrd = INITRD_AT;
	plan.initrd_size = initrd.size;
	add(fd, initrd.data, initrd.size, INITRD_AT, initrd.size);
	put(fd, &plan, sizeof(plan), PLAN_LBA * SECTOR);
	size = (off_t)next_lba * SECTOR;
	if (ftruncate(fd, (size + CYLINDER - 1) / CYLINDER * CYLINDER) || close(fd))
		err(1, "%s", argv[5]);
	return 0;
}
