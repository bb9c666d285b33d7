/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VHD: what is on the disk, after the Virtual Hard Disk Image Format Specification 1.0,
 * and an open file of that format.  All integers on the disk are big-endian.
 */
#ifndef LIBVHD_VHD_H
#define LIBVHD_VHD_H

#include "vhd_disk.h"
#include "vhd_meta.h"

#define VHD_SECTOR	512u
#define VHD_NONE	0xffffffffu	/* a block that is not there */
#define VHD_SIZE_MAX	(2040 * VHD_GIB)
#define VHD_BLOCK_MIN	(256 * VHD_KIB)
#define VHD_BLOCK_MAX	(256 * VHD_MIB)
#define VHD_VERSION	0x00010000u
#define VHD_LOCATOR_CAP	4096u		/* bytes of a path; ours */

enum vhd_type {
	VHD_TYPE_FIXED		= 2,
	VHD_TYPE_DYNAMIC	= 3,
	VHD_TYPE_DIFFERENCING	= 4,
};

/* "Hard Disk Footer Format" */
struct vhd_footer {
	char cookie[8];
	uint32_t features;
	uint32_t version;
	uint64_t data_offset;
	uint32_t timestamp;
	char creator[4];
	uint32_t creator_version;
	char creator_os[4];
	uint64_t original_size;
	uint64_t size;
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t type;
	uint32_t checksum;
	struct vhd_guid id;
	uint8_t saved_state;
	uint8_t reserved[427];
};
_Static_assert(sizeof(struct vhd_footer) == VHD_SECTOR, "a footer is a sector");

/* "Dynamic Disk Header Format" */
struct vhd_header {
	char cookie[8];
	uint64_t data_offset;
	uint64_t table_offset;
	uint32_t version;
	uint32_t entries;
	uint32_t block_size;
	uint32_t checksum;
	struct vhd_guid parent_id;
	uint32_t parent_timestamp;
	uint32_t reserved;
	uint8_t parent_name[512];
	struct vhd_locator {
		uint32_t code;
		uint32_t space;
		uint32_t length;
		uint32_t reserved;
		uint64_t offset;
	} locators[8];
	uint8_t reserved_2[256];
};
_Static_assert(sizeof(struct vhd_header) == 1024, "two sectors");

/**
 * struct vhd - an open VHD
 * @disk: whose it is
 * @meta: the BAT and the sector bitmaps
 * @footer: as it is on the disk
 * @header: as it is on the disk; not of fixed disks
 * @header_at, @bat: where they are
 * @entries: of the BAT
 * @bitmap_size: bytes before a block's data
 * @end: where the footer is, and the next block goes
 * @footer_lost: the one at the end is not valid
 * @spare: offsets of blocks that nothing names, @spare_count of them; from @spare_old on,
 *	something on the disk still may
 * @names: of the parent
 */
struct vhd {
	struct vhd_disk *disk;
	struct vhd_meta meta;
	struct vhd_footer footer;
	struct vhd_header header;
	uint64_t header_at;
	uint64_t bat;
	uint32_t entries;
	uint32_t bitmap_size;
	uint64_t end;
	bool footer_lost;
	uint64_t *spare;
	uint32_t spare_count;
	uint32_t spare_old;
	uint32_t spare_room;
	struct vhd_parent_names names;
};

static inline struct vhd *vhd_of(const struct vhd_disk *disk)
{
	return disk->private;
}

static inline uint64_t vhd_block_size(const struct vhd *v)
{
	return v->bitmap_size + (uint64_t)v->disk->block_size;
}

/* vhd_footer.c */
void vhd_seal_footer(struct vhd_footer *footer);
void vhd_seal_header(struct vhd_header *header);
uint32_t vhd_bitmap_size(uint32_t block_size);
uint32_t vhd_now(void);
/* Size and geometry. */
void vhd_set_size(struct vhd_footer *footer, uint64_t size);
int vhd_load_footer(struct vhd *v);
int vhd_load_header(struct vhd *v);

/* vhd_locator.c */
int vhd_load_names(struct vhd *v);
int vhd_put_parent(struct vhd_file *file, struct vhd_header *header,
		   const struct vhd_disk *parent, uint64_t at, struct vhd_error *error);

/* vhd_bat.c */
int vhd_get_entry(struct vhd *v, uint64_t block, uint64_t *offset);
int vhd_scan(struct vhd *v, struct vhd_check *check);
int vhd_bat_locate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		   struct vhd_place *place);
int vhd_bat_allocate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		     struct vhd_place *place);
int vhd_bat_written(struct vhd_disk *disk, uint64_t offset, uint64_t length);
int vhd_bat_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length);
int vhd_bat_flush(struct vhd_disk *disk);
int vhd_bat_drop(struct vhd *v, uint64_t block);
/* The footer at v->end. Not durable before a flush. */
int vhd_put_footer(struct vhd *v);

/* vhd_resize.c */
int vhd_fixed_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags);
int vhd_bat_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags);

#endif
