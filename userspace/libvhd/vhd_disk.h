/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk as the formats and what is common to them see it. */
#ifndef LIBVHD_DISK_H
#define LIBVHD_DISK_H

#include "vhd_bytes.h"
#include "vhd_file.h"

enum vhd_where {
	VHD_HERE,	/* in this file */
	VHD_NOWHERE,	/* zeros */
	VHD_BELOW,	/* what the parent has */
};

/**
 * struct vhd_place - what one disk of a chain knows of a range
 * @where: which
 * @writable: here, and a write needs no metadata
 * @commit: written() has to be told
 * @length: for how many bytes
 * @offset: in the file
 */
struct vhd_place {
	enum vhd_where where;
	bool writable;
	bool commit;
	uint64_t length;
	uint64_t offset;
};

/**
 * struct vhd_format_ops - what a format can do; ranges lie in the disk, lengths are not 0
 * @locate: where the first bytes of a range are
 * @touch: the data are about to be changed for the first time
 * @allocate: where they are to be written to
 * @written: they are there now
 * @discard: whole blocks shall read as zeros and take no space; -EOPNOTSUPP
 * @flush: all of it is there after a power loss
 * @check: looks at all metadata
 * @resize: changes the size
 * @info: fills in what only the format knows
 * @close: leaves the file closed; not called where nothing was opened for writing
 * @free: gives memory back
 */
struct vhd_format_ops {
	int (*locate)(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		      struct vhd_place *place);
	int (*touch)(struct vhd_disk *disk);
	int (*allocate)(struct vhd_disk *disk, uint64_t offset, uint64_t length,
			struct vhd_place *place);
	int (*written)(struct vhd_disk *disk, uint64_t offset, uint64_t length);
	int (*discard)(struct vhd_disk *disk, uint64_t offset, uint64_t length);
	int (*flush)(struct vhd_disk *disk);
	int (*check)(struct vhd_disk *disk, struct vhd_check *check);
	int (*resize)(struct vhd_disk *disk, uint64_t size, uint32_t flags);
	void (*info)(struct vhd_disk *disk, struct vhd_info *info);
	int (*close)(struct vhd_disk *disk);
	void (*free)(struct vhd_disk *disk);
};

/**
 * struct vhd_disk - an open disk
 * @ops: its format's
 * @file: its file
 * @parent: of a differencing disk
 * @child: whose parent this is
 * @private: the format's
 * @flags: VHD_OPEN_*
 * @touched: changed since it was opened
 * @broken: the error after which nothing can be promised any more
 * @told_broken: who watches knows
 * @watch: whom to tell of changes
 * @moves: vhd_begin_move() within each other
 * @error: the last one
 */
struct vhd_disk {
	const struct vhd_format_ops *ops;
	struct vhd_file *file;
	struct vhd_disk *parent;
	struct vhd_disk *child;
	void *private;
	uint32_t flags;
	enum vhd_format format;
	enum vhd_kind kind;
	uint64_t size;
	uint32_t block_size;
	uint32_t logical_sector_size;
	uint32_t physical_sector_size;
	bool touched;
	int broken;
	bool told_broken;
	const struct vhd_watch *watch;
	unsigned int moves;
	struct vhd_error error;
};

/* Names of a parent, in the order they are to be tried. */
#define VHD_NAMES_MAX	16
struct vhd_parent_names {
	unsigned int count;
	char name[VHD_NAMES_MAX][1024];
};

/* Each fills in a disk whose file is set, or says why not; what it leaves, @free gives back. */
int vhd_raw_open(struct vhd_disk *disk);
int vhd_vhd_open(struct vhd_disk *disk);
int vhd_vhdx_open(struct vhd_disk *disk);
bool vhd_vhd_probe(struct vhd_file *file);
bool vhd_vhdx_probe(struct vhd_file *file);
/* How children know their parent. */
void vhd_vhd_identity(const struct vhd_disk *disk, struct vhd_guid *id, uint32_t *timestamp);
void vhd_vhdx_identity(const struct vhd_disk *disk, struct vhd_guid *id);
/* @parent may change from now on, and @child still knows it. */
int vhd_vhdx_begin_merge(struct vhd_disk *child, struct vhd_disk *parent);

/* In an empty file; @what is complete. */
int vhd_vhd_format(struct vhd_file *file, const struct vhd_create *what,
		   const struct vhd_disk *parent, struct vhd_error *error);
int vhd_vhdx_format(struct vhd_file *file, const struct vhd_create *what,
		    const struct vhd_disk *parent, struct vhd_error *error);

/* Takes @file over, also when it fails. */
int vhd_open_file(struct vhd_file *file, uint32_t flags, struct vhd_disk **disk,
		  struct vhd_error *error);
int vhd_create_file(struct vhd_file *file, const struct vhd_create *what,
		    struct vhd_error *error);
/* Merges the disk in @file, which is taken over, into its parent. */
int vhd_merge_file(struct vhd_file *file, vhd_progress *progress, void *context,
		   struct vhd_error *error);

/* The parent by these names, as seen from @disk; sets disk->parent. */
int vhd_open_parent(struct vhd_disk *disk, const struct vhd_parent_names *names,
		    int (*matches)(struct vhd_disk *disk, struct vhd_disk *parent));
/* Paths as Windows and as Linux write them; relative ones begin with ".\". */
int vhd_path_relative(const char *from, const char *to, char *path, size_t room);
void vhd_path_from_windows(char *path);
void vhd_path_to_windows(char *path);

/* The disk has grown: what its last block, or a larger parent, has beyond @old_size must not
 * appear.
 */
int vhd_darken(struct vhd_disk *disk, uint64_t old_size);

/* Around what moves data, or makes them zeros: who watches gives the extents of the range back.
 * The end gives @result on, and is not called when the begin failed.
 */
int vhd_begin_move(struct vhd_disk *disk, uint64_t offset, uint64_t length);
int vhd_end_move(struct vhd_disk *disk, int result, uint64_t offset, uint64_t length);
/* After any other change. */
int vhd_end_change(struct vhd_disk *disk, int result, uint64_t offset, uint64_t length);

/* What went wrong with a disk's metadata @field; names the file. */
__attribute__((format(printf, 3, 4)))
int vhd_bad(struct vhd_disk *disk, const char *field, const char *format, ...);
/* An I/O error that nobody has explained yet. */
int vhd_io_error(struct vhd_disk *disk, int code, const char *what);
/* After this, flushes fail: the file may have lost what it was given. */
int vhd_break(struct vhd_disk *disk, int code, const char *what);
/* One fault, for check. */
__attribute__((format(printf, 2, 3)))
void vhd_fault(struct vhd_check *check, const char *format, ...);

#endif
