/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvhd: virtual disks in files: raw, VHD and VHDX; and exports of NBD servers.
 *
 * Functions return 0 or a negative errno value, and say in a struct vhd_error what
 * is wrong where, and what to do.  A disk is used by one thread at a time; different
 * disks are independent.  Offsets and lengths are bytes.  Those of the virtual disk
 * are multiples of its logical sector size.  Documentation/libvhd.md says what is
 * on the disk after a power loss.
 */
#ifndef LIBVHD_H
#define LIBVHD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vhd_disk;

enum vhd_format {
	VHD_FORMAT_RAW,
	VHD_FORMAT_VHD,
	VHD_FORMAT_VHDX,
	VHD_FORMATS,
};

enum vhd_kind {
	VHD_KIND_FIXED,
	VHD_KIND_DYNAMIC,
	VHD_KIND_DIFFERENCING,
	VHD_KINDS,
};

/**
 * struct vhd_error - what went wrong
 * @code: a negative errno value, 0 when nothing did
 * @text: for people: the file, the field, what is wrong with it, what to do
 */
struct vhd_error {
	int code;
	char text[640];
};

/* vhd_open(): how */
enum {
	VHD_OPEN_WRITE		= 1 << 0,	/* else nothing is ever written */
	VHD_OPEN_UNLOCKED	= 1 << 1,	/* look at a disk that another process writes */
	VHD_OPEN_NO_PARENT	= 1 << 2,	/* of a differencing disk, what is in it itself */
	VHD_OPEN_RAW		= 1 << 3,	/* whatever is in the file, it is a raw disk */
	VHD_OPEN_CHECK		= 1 << 4,	/* open with faults that only vhd_check() may see */
};

/* vhd_create(), vhd_resize(): how */
enum {
	VHD_CREATE_SPARSE	= 1 << 0,	/* of a fixed disk, reserve no space */
	VHD_CREATE_REPLACE	= 1 << 1,	/* a file that exists is overwritten */
	VHD_RESIZE_SHRINK	= 1 << 2,	/* what lies beyond the new end may be lost */
};

#define VHD_CHAIN_MAX	64	/* disks from a differencing disk to its root */

/**
 * struct vhd_create - what to make
 * @format: of the file
 * @kind: of the disk; raw disks are fixed
 * @size: of the virtual disk; of a differencing disk 0, for its parent's
 * @block_size: what is allocated at once; 0: 32 MiB for VHDX without parent, else 2 MiB
 * @logical_sector_size: 512 or, for VHDX, 4096; 0: 512, or the parent's
 * @physical_sector_size: 512 or 4096; 0: 4096
 * @parent: path of a differencing disk's parent, else NULL
 * @flags: VHD_CREATE_*
 */
struct vhd_create {
	enum vhd_format format;
	enum vhd_kind kind;
	uint64_t size;
	uint32_t block_size;
	uint32_t logical_sector_size;
	uint32_t physical_sector_size;
	const char *parent;
	uint32_t flags;
};

/**
 * struct vhd_info - what a disk is
 * @format: of the file
 * @kind: of the disk
 * @size: of the virtual disk
 * @file_size: of the file
 * @allocated: bytes that the file takes of its file system; UINT64_MAX: nobody knows
 * @block_size: what is allocated at once; 0 for fixed VHD and raw
 * @logical_sector_size: 512 or 4096
 * @physical_sector_size: 512 or 4096
 * @id: the disk's own GUID, as text; empty for raw
 * @data_id: changes with the data (VHDX), what children check, as text
 * @creator: the program that made it, as it says
 * @parent: path of the parent as it was found; empty without
 * @depth: how many parents there are below
 * @log_pending: a VHDX whose log has to be replayed: it was not closed
 */
struct vhd_info {
	enum vhd_format format;
	enum vhd_kind kind;
	uint64_t size;
	uint64_t file_size;
	uint64_t allocated;
	uint32_t block_size;
	uint32_t logical_sector_size;
	uint32_t physical_sector_size;
	char id[40];
	char data_id[40];
	char creator[64];
	char parent[1024];
	uint32_t depth;
	bool log_pending;
};

enum vhd_extent_kind {
	VHD_EXTENT_ZERO,	/* reads as zeros, nothing is behind it */
	VHD_EXTENT_DATA,	/* is in file number @depth, at @file_offset */
};

/* struct vhd_extent: flags */
enum {
	VHD_EXTENT_WRITABLE	= 1 << 0,	/* may be written in place, without asking */
	VHD_EXTENT_COMMIT	= 1 << 1,	/* vhd_written() once it has been written */
};

/**
 * struct vhd_extent - where a range of the virtual disk is
 * @kind: data or zeros
 * @flags: VHD_EXTENT_*; a range that is not writable is asked for with vhd_allocate()
 * @depth: 0: the disk's own file, 1: its parent's, ...; see vhd_fd()
 * @length: for how many bytes all of this is so
 * @file_offset: of data
 */
struct vhd_extent {
	enum vhd_extent_kind kind;
	uint32_t flags;
	uint32_t depth;
	uint64_t length;
	uint64_t file_offset;
};

/*
 * An entry of the table that vhd_table() fills in: what is so of all bytes of a unit.  0: it has
 * to be asked for.
 */
enum {
	VHD_ENTRY_ASK		= 0,
	VHD_ENTRY_ZERO		= 1,		/* reads as zeros */
	VHD_ENTRY_DATA		= 2,		/* is in a file */
	VHD_ENTRY_KIND		= 3,		/* mask of these three */
	VHD_ENTRY_WRITABLE	= 1 << 2,	/* data may be written in place */
	VHD_ENTRY_FILE_SHIFT	= 3,		/* which file: @depth, 6 bits */
};
#define VHD_ENTRY_OFFSET	(~511ull)	/* where in it the unit begins */

/**
 * struct vhd_watch - who has extents, or a table, of a disk
 * @revoke: the extents of a range are going to be false: nothing is read or written by them, and
 *	none of them are used, when this has returned 0.  Else the change fails with its value
 * @changed: what there is of a range can be asked for anew; called after each change, before the
 *	call that made it returns
 * @context: for both
 *
 * They are called from within the calls that change the disk, and may call vhd_map() and
 * vhd_table() from @changed, nothing else.
 */
struct vhd_watch {
	int (*revoke)(void *context, uint64_t offset, uint64_t length);
	void (*changed)(void *context, uint64_t offset, uint64_t length);
	void *context;
};

/**
 * struct vhd_check - what vhd_check() found
 * @faults: that can lose data
 * @repaired: of those, mended
 * @leaked: bytes of the file that belong to nothing; harmless
 * @log_entries: waiting in the log of a VHDX (replayed when it is repaired)
 * @blocks: that are in the file
 * @report: called for each fault with a line of text; NULL: not
 * @context: for @report
 */
struct vhd_check {
	uint64_t faults;
	uint64_t repaired;
	uint64_t leaked;
	uint64_t log_entries;
	uint64_t blocks;
	void (*report)(void *context, const char *text);
	void *context;
};

/* Called now and then in long work; what is not 0 ends it, with that value. */
typedef int vhd_progress(void *context, uint64_t done, uint64_t total);

/* Life. */
int vhd_create(const char *path, const struct vhd_create *what, struct vhd_error *error);
int vhd_open(const char *path, uint32_t flags, struct vhd_disk **disk, struct vhd_error *error);
int vhd_close(struct vhd_disk *disk, struct vhd_error *error);
const struct vhd_error *vhd_last_error(const struct vhd_disk *disk);
void vhd_info(struct vhd_disk *disk, struct vhd_info *info);
int vhd_fd(struct vhd_disk *disk, uint32_t depth);

/* Data. */
int vhd_read(struct vhd_disk *disk, void *buffer, size_t length, uint64_t offset);
int vhd_write(struct vhd_disk *disk, const void *buffer, size_t length, uint64_t offset);
int vhd_write_fua(struct vhd_disk *disk, const void *buffer, size_t length, uint64_t offset);
int vhd_flush(struct vhd_disk *disk);
int vhd_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length);
int vhd_write_zeroes(struct vhd_disk *disk, uint64_t offset, uint64_t length);

/* For who does the I/O himself. */
int vhd_map(struct vhd_disk *disk, uint64_t offset, uint64_t length, struct vhd_extent *extent);
int vhd_allocate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		 struct vhd_extent *extent);
int vhd_written(struct vhd_disk *disk, uint64_t offset, uint64_t length);
uint64_t vhd_table_unit(const struct vhd_disk *disk);
int vhd_table(struct vhd_disk *disk, uint64_t first, uint32_t count, uint64_t *entries);
void vhd_watch(struct vhd_disk *disk, const struct vhd_watch *watch);

/* Whole disks. */
int vhd_check(struct vhd_disk *disk, struct vhd_check *check);
int vhd_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags);
int vhd_copy(struct vhd_disk *from, struct vhd_disk *to, vhd_progress *progress, void *context,
	     struct vhd_error *error);
int vhd_merge(const char *path, vhd_progress *progress, void *context, struct vhd_error *error);

/* Names. */
bool vhd_is_nbd(const char *path);
const char *vhd_format_name(enum vhd_format format);
const char *vhd_kind_name(enum vhd_kind kind);

#ifdef __cplusplus
}
#endif

#endif
