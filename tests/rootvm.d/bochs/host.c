// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * init's ways from and to the host in bochs: see init.h. common.sh makes the disks.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"
#include "../init.h"

/* The first parallel port: data, and the control register with a strobe and without. */
#define PRINTER_DATA	0x378
#define PRINTER_CONTROL	0x37a
#define STROBE		0x0d
#define READY		0x0c

/* The disks as the kernel numbers them, by channel and device. The first is what it booted from. */
#define SYSTEM_DISK	"0:0:1:0"
#define TREE_DISK	"1:0:0:0"
#define CONFIG_DISK	"1:0:1:0"

void bochs_open(void)
{
	if (iopl(3))
		die("no access to the parallel port: %m");
}

/* bochs writes a byte as its strobe begins, and the host's pipe makes it wait if it must. */
void bochs_send(const void *data, size_t len)
{
	const unsigned char *p = data;

	for (; len; len--) {
		outb(*p++, PRINTER_DATA);
		outb(STROBE, PRINTER_CONTROL);
		outb(READY, PRINTER_CONTROL);
	}
}

/* Leaves the device's name in @path once it is there, which the kernel does not wait for. */
static void find_disk(const char *address, char path[300])
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	char block[100];

	snprintf(block, sizeof(block), "/sys/bus/scsi/devices/%s/block", address);
	for (int i = 0; i < 5000; i++, nanosleep(&pause, NULL)) {
		DIR *d = opendir(block);
		struct dirent *e;

		path[0] = '\0';
		while (d && (e = readdir(d))) {
			if (e->d_name[0] != '.')
				snprintf(path, 300, "/dev/%s", e->d_name);
		}
		if (d)
			closedir(d);
		if (path[0] && !access(path, R_OK))
			return;
	}
	die("there is no disk %s", address);
}

/* The configuration's strings end with an empty one. Returns their size. */
size_t bochs_config(char *buf, size_t size)
{
	char path[300];
	ssize_t got = -1;
	size_t end = 0;
	int fd;

	find_disk(CONFIG_DISK, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		got = pread(fd, buf, size - 1, COMMAND_LINE);
	if (got < 0)
		die("cannot read %s: %m", path);
	close(fd);
	buf[got] = '\0';
	while (buf[end])
		end += strlen(buf + end) + 1;
	return end;
}

static void mount_disk(const char *address, const char *where)
{
	char path[300];

	find_disk(address, path);
	mkdir(where, 0755);
	mount_or_die(path, where, "squashfs", MS_RDONLY, NULL);
}

/* Mounts the host's programs, and the project's tree. */
void bochs_mount(const char *system, const char *tree)
{
	mount_disk(SYSTEM_DISK, system);
	mount_disk(TREE_DISK, tree);
}
