// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scribble IMAGE RAW SEED STEPS close|die: random writes, zeros, discards and flushes on a virtual
 * disk, and the same on a raw file, which then is what the disk has to read as.  With "die" the
 * process ends after a flush without closing the disk.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvhd.h>

#define REGION	(8u << 20)	/* at the begin, in the middle, and at the end */
#define MOST	(2u << 20)	/* bytes of a step; now and then */

static struct vhd_disk *disk;
static struct vhd_info info;
static uint8_t buffer[MOST];
static int raw;

static void wrong(const char *what)
{
	errx(1, "%s: %s", what, vhd_last_error(disk)->text);
}

static void mirror(uint64_t offset, size_t length)
{
	if (pwrite(raw, buffer, length, (off_t)offset) != (ssize_t)length)
		err(1, "raw file");
}

static void fill(size_t length)
{
	for (size_t i = 0; i < length; i += sizeof(uint32_t)) {
		uint32_t word = (uint32_t)random();

		memcpy(buffer + i, &word, sizeof(word));
	}
}

static void write_some(uint64_t offset, size_t length)
{
	fill(length);
	if (vhd_write(disk, buffer, length, offset))
		wrong("write");
	mirror(offset, length);
}

static void write_durably(uint64_t offset, size_t length)
{
	fill(length);
	if (vhd_write_fua(disk, buffer, length, offset))
		wrong("durable write");
	mirror(offset, length);
}

/* As a kernel does that writes itself. */
static void write_around(uint64_t offset, size_t length)
{
	struct vhd_extent extent;

	fill(length);
	if (vhd_allocate(disk, offset, length, &extent))
		wrong("allocate");
	length = extent.length;
	if (pwrite(vhd_fd(disk, 0), buffer, length, (off_t)extent.file_offset) != (ssize_t)length)
		err(1, "image");
	if (extent.flags & VHD_EXTENT_COMMIT && vhd_written(disk, offset, length))
		wrong("written");
	mirror(offset, length);
}

static void zero(uint64_t offset, size_t length)
{
	if (vhd_write_zeroes(disk, offset, length))
		wrong("zeros");
	memset(buffer, 0, length);
	mirror(offset, length);
}

/* Reads as zeros, or as it did: what it does read as counts. */
static void discard(uint64_t offset, size_t length)
{
	if (vhd_discard(disk, offset, length) || vhd_read(disk, buffer, length, offset))
		wrong("discard");
	mirror(offset, length);
}

static void flush(uint64_t offset, size_t length)
{
	if (vhd_flush(disk))
		wrong("flush");
}

static void step(void)
{
	static void (*const steps[])(uint64_t offset, size_t length) = {
		write_some, write_some, write_durably, write_around, write_around, zero, discard,
		flush,
	};
	uint32_t sector = info.logical_sector_size;
	uint64_t region = info.size < REGION ? info.size : REGION;
	uint64_t bases[] = { 0, info.size / 2 / sector * sector, info.size - region };
	uint64_t offset = bases[random() % 3] + (uint64_t)random() % region / sector * sector;
	uint64_t length = (1 + random() % (random() % 8 ? 65536 : MOST)) / sector * sector;

	if (offset >= info.size)
		offset = info.size - sector;
	if (!length)
		length = sector;
	if (length > info.size - offset)
		length = info.size - offset;
	steps[random() % (sizeof(steps) / sizeof(*steps))](offset, length);
}

int main(int argc, char **argv)
{
	struct vhd_error error = { 0 };

	if (argc != 6)
		errx(2, "usage: scribble IMAGE RAW SEED STEPS close|die");
	raw = open(argv[2], O_RDWR);
	if (raw < 0)
		err(1, "%s", argv[2]);
	if (vhd_open(argv[1], VHD_OPEN_WRITE, &disk, &error))
		errx(1, "%s", error.text);
	vhd_info(disk, &info);
	srandom((unsigned int)atoi(argv[3]));
	for (int i = atoi(argv[4]); i > 0; i--)
		step();
	flush(0, 0);
	if (!strcmp(argv[5], "die"))
		_exit(0);
	if (vhd_close(disk, &error))
		errx(1, "%s", error.text);
	return 0;
}
