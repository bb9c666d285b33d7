/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files as the formats see them: a table of operations, so that they lie in memory
 * for tests, lose their power there, and are hostile for fuzzers.
 */
#ifndef LIBVHD_FILE_H
#define LIBVHD_FILE_H

#include "libvhd.h"

struct vhd_file;

/**
 * struct vhd_io - one transfer of a batch
 * @file: which file
 * @write: to the file, or from it
 * @buffer: memory
 * @length: bytes; reads beyond the end of the file give zeros
 * @offset: in the file
 * @durable: of a write: what it writes survives a power loss when it is done
 */
struct vhd_io {
	struct vhd_file *file;
	bool write;
	void *buffer;
	size_t length;
	uint64_t offset;
	bool durable;
};

/**
 * struct vhd_file_ops - what files can do
 * @batch: does all the transfers, in any order, many at a time; the first error is returned
 * @flush: what was written, punched and resized before is there after a power loss
 * @resize: sets the size; what is added reads as zeros
 * @punch: makes a range of zeros, giving its space back if possible; raw disks take -EOPNOTSUPP
 * @reserve: takes space for a range, or -EOPNOTSUPP
 * @extent: whether there is data at @offset, and to where that goes on
 * @allocated: bytes taken of the file system; UINT64_MAX: nobody knows
 * @lock: nobody else writes it (or, for writing, has it) until it is closed; -EAGAIN
 * @open: another file, named as seen from this one; not locked
 * @close: gives it up
 */
struct vhd_file_ops {
	int (*batch)(struct vhd_file *file, struct vhd_io *ios, unsigned int count);
	int (*flush)(struct vhd_file *file);
	int (*resize)(struct vhd_file *file, uint64_t size);
	int (*punch)(struct vhd_file *file, uint64_t offset, uint64_t length);
	int (*reserve)(struct vhd_file *file, uint64_t offset, uint64_t length);
	int (*extent)(struct vhd_file *file, uint64_t offset, bool *data, uint64_t *end);
	uint64_t (*allocated)(struct vhd_file *file);
	int (*lock)(struct vhd_file *file, bool write);
	int (*open)(struct vhd_file *file, const char *path, uint32_t flags,
		    struct vhd_file **other, struct vhd_error *error);
	void (*close)(struct vhd_file *file);
};

/**
 * struct vhd_file - an open file
 * @ops: what it can do
 * @size: its size now
 * @path: for messages, and to find its parent
 * @id: two files are the same if these are
 * @fd: a descriptor, or -1
 * @sector_size: of a raw disk in it: 512 or 4096; 0: 512
 */
struct vhd_file {
	const struct vhd_file_ops *ops;
	uint64_t size;
	char *path;
	uint64_t id[2];
	int fd;
	uint32_t sector_size;
};

/* One transfer; reads beyond the end give zeros. */
int vhd_file_read(struct vhd_file *file, void *buffer, size_t length, uint64_t offset);
int vhd_file_write(struct vhd_file *file, const void *buffer, size_t length, uint64_t offset);

/* The real ones. */
int vhd_file_open(const char *path, uint32_t flags, struct vhd_file **file,
		  struct vhd_error *error);
/* Empty and locked. */
int vhd_file_create(const char *path, uint32_t flags, struct vhd_file **file,
		    struct vhd_error *error);
/* Its name is durable too. */
int vhd_file_sync_name(struct vhd_file *file);
/* Removes what vhd_file_create() made; devices and exports stay. */
void vhd_file_remove(struct vhd_file *file);
/* An export of an NBD server. */
int vhd_nbd_open(const char *uri, uint32_t flags, struct vhd_file **file,
		 struct vhd_error *error);
/* The rest of a transfer of which @done bytes are done. */
int vhd_file_finish(struct vhd_io *io, size_t done);

/* io_uring, made when it is first needed. */
struct vhd_uring;
struct vhd_uring *vhd_uring_create(void);
void vhd_uring_destroy(struct vhd_uring *uring);
int vhd_uring_batch(struct vhd_uring *uring, struct vhd_io *ios, unsigned int count);

#endif
