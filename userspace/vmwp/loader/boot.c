// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files that a machine boots from: opened and checked once, read straight into
 * guest memory at every start.
 *
 * boot_open() needs no device, so that a wrong file is found on any host.  The
 * descriptors stay open for resets, which happen inside the sandbox.
 */
#include "loader/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

static int open_file(struct boot_file *file, const char *path)
{
	struct stat stat;
	int err = 0;

	file->path = path;
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &stat))
		err = -errno;
	else if (!S_ISREG(stat.st_mode))
		err = S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
	else
		file->size = (uint64_t)stat.st_size;
	if (err)
		report("cannot read %s: %s", path,
		       err == -EINVAL ? "Not a regular file" : strerror(-err));
	return err;
}

static void close_file(struct boot_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

static int read_exact(const struct boot_file *file, uint64_t offset, void *buffer, uint64_t size)
{
	uint8_t *at = buffer;
	ssize_t got;

	while (size) {
		got = pread(file->fd, at, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			report("cannot read %s: %s", file->path,
			       got ? strerror(errno) : "it became shorter");
			return got ? -errno : -EIO;
		}
		at += got;
		offset += (uint64_t)got;
		size -= (uint64_t)got;
	}
	return 0;
}

static int read_head(struct boot *boot)
{
	boot->head_size = boot->main.size < sizeof(boot->head) ? boot->main.size :
								 sizeof(boot->head);
	return read_exact(&boot->main, 0, boot->head, boot->head_size);
}

static uint64_t low_end(const struct options *options)
{
	return options->memory < RAM_LOW_LIMIT ? options->memory : RAM_LOW_LIMIT;
}

static int refuse(const struct boot *boot, const char *why)
{
	report("cannot boot %s: %s", boot->main.path, why);
	return -EINVAL;
}

static int plan_linux(struct boot *boot)
{
	const struct options *options = boot->options;
	char why[160];

	boot->kind = BOOT_LINUX;
	boot->input = (struct bzimage_input){
		.head = boot->head,
		.head_size = boot->head_size < BZIMAGE_HEAD_SIZE ? boot->head_size :
								   BZIMAGE_HEAD_SIZE,
		.file_size = boot->main.size,
		.initrd_size = boot->initrd.size,
		.cmdline_size = strlen(options->append),
		.low_end = low_end(options),
		.high_end = RAM_HIGH_BASE + (options->memory - low_end(options)),
	};
	if (bzimage_plan(&boot->input, &boot->linux_plan, why, sizeof(why)))
		return refuse(boot, why);
	return 0;
}

static int plan_image(struct boot *boot)
{
	const struct options *options = boot->options;
	const char *why;

	if (elf_is(boot->head, boot->head_size)) {
		boot->kind = BOOT_ELF;
		if (elf_plan(boot->head, boot->head_size, boot->main.size, low_end(options),
			     &boot->elf, &why))
			return refuse(boot, why);
		return 0;
	}
	boot->kind = BOOT_RAW;
	if (!boot->main.size)
		return refuse(boot, "it is empty");
	if (options->image_gpa >= low_end(options) ||
	    boot->main.size > low_end(options) - options->image_gpa)
		return refuse(boot, "it does not fit in the VM's memory there");
	return 0;
}

static int open_all(struct boot *boot)
{
	const struct options *options = boot->options;
	int err = open_file(&boot->main, options->kernel ? options->kernel : options->image);

	if (!err && options->initrd)
		err = open_file(&boot->initrd, options->initrd);
	if (!err)
		err = read_head(boot);
	return err;
}

/**
 * boot_open() - open and check what is to be booted
 * @boot: filled in
 * @options: the command line; must outlive @boot
 *
 * Return: 0 or -errno; a line on stderr has said what is wrong.
 */
int boot_open(struct boot *boot, const struct options *options)
{
	int err;

	memset(boot, 0, sizeof(*boot));
	boot->options = options;
	boot->main.fd = -1;
	boot->initrd.fd = -1;
	err = open_all(boot);
	if (!err)
		err = options->kernel ? plan_linux(boot) : plan_image(boot);
	if (err)
		boot_close(boot);
	return err;
}

/**
 * boot_close() - close the files
 * @boot: from boot_open()
 */
void boot_close(struct boot *boot)
{
	close_file(&boot->main);
	close_file(&boot->initrd);
}

static int load(const struct boot_file *file, uint64_t offset, const struct memory *memory,
		uint64_t gpa, uint64_t size)
{
	void *to = memory_at(memory, gpa, size);

	return to ? read_exact(file, offset, to, size) : -EFAULT;
}

static int load_linux(const struct boot *boot, const struct memory *memory)
{
	const struct bzimage_plan *plan = &boot->linux_plan;
	const struct options *options = boot->options;
	int err;

	err = load(&boot->main, plan->kernel_offset, memory, plan->kernel_gpa, plan->kernel_size);
	if (!err && boot->initrd.size)
		err = load(&boot->initrd, 0, memory, plan->initrd_gpa, boot->initrd.size);
	if (err)
		return err;
	memcpy(memory_at(memory, CMDLINE_GPA, CMDLINE_MAX), options->append,
	       strlen(options->append) + 1);
	bzimage_fill_params(&boot->input, plan, ACPI_GPA,
			    memory_at(memory, BOOT_PARAMS_GPA, BOOT_PARAMS_SIZE));
	return 0;
}

static int load_elf(const struct boot *boot, const struct memory *memory)
{
	const struct elf_segment *segment = boot->elf.segments;
	int err = 0;
	unsigned int i;

	for (i = 0; !err && i < boot->elf.count; i++)
		err = load(&boot->main, segment[i].offset, memory, segment[i].gpa,
			   segment[i].size);
	return err;
}

/**
 * boot_load() - put everything in guest memory
 * @boot: from boot_open()
 * @memory: RAM of the size that @boot was checked against, all zero
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int boot_load(const struct boot *boot, const struct memory *memory)
{
	boot_write_tables(memory);
	switch (boot->kind) {
	case BOOT_LINUX:
		return load_linux(boot, memory);
	case BOOT_ELF:
		return load_elf(boot, memory);
	default:
		return load(&boot->main, 0, memory, boot->options->image_gpa, boot->main.size);
	}
}
