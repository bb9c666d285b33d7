/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VHDX: what is on the disk, after [MS-VHDX], and an open file of that format.  All
 * integers on the disk are little-endian; the structures here are as they lie there.
 */
#ifndef LIBVHD_VHDX_H
#define LIBVHD_VHDX_H

#include "vhd_disk.h"
#include "vhd_meta.h"
#include "vhd_space.h"

/* 2.2: the first MiB */
#define VHDX_FILE_ID		0
#define VHDX_HEADER_1		(64 * VHD_KIB)
#define VHDX_HEADER_2		(128 * VHD_KIB)
#define VHDX_REGION_1		(192 * VHD_KIB)
#define VHDX_REGION_2		(256 * VHD_KIB)
#define VHDX_REGION_SIZE	(64 * VHD_KIB)
#define VHDX_SIGNATURE		"vhdxfile"
#define VHDX_ALIGN		VHD_MIB
#define VHDX_PAGE		4096u

#define VHDX_SIZE_MAX		(64 * VHD_TIB)
/* No file that [MS-VHDX] allows is larger: 64 TiB, bitmaps, BAT, and some metadata. */
#define VHDX_FILE_MAX		(66 * VHD_TIB)
#define VHDX_BLOCK_MIN		VHD_MIB
#define VHDX_BLOCK_MAX		(256 * VHD_MIB)
#define VHDX_LOG_CAP		(64 * VHD_MIB)	/* ours; others make 1 MiB */
#define VHDX_TABLE_ENTRIES_MAX	2047u

/* 2.2.2 */
struct vhdx_header {
	char signature[4];
	uint32_t checksum;
	uint64_t sequence;
	struct vhd_guid file_write;
	struct vhd_guid data_write;
	struct vhd_guid log;
	uint16_t log_version;
	uint16_t version;
	uint32_t log_length;
	uint64_t log_offset;
	uint8_t reserved[4016];
};
_Static_assert(sizeof(struct vhdx_header) == VHDX_PAGE, "a header is 4 KiB");

/* 2.2.3 */
struct vhdx_region_table {
	char signature[4];
	uint32_t checksum;
	uint32_t count;
	uint32_t reserved;
	struct vhdx_region {
		struct vhd_guid id;
		uint64_t offset;
		uint32_t length;
		uint32_t required;
	} regions[VHDX_TABLE_ENTRIES_MAX];
};
_Static_assert(sizeof(struct vhdx_region_table) == VHDX_REGION_SIZE - 16, "all but its end");

/* 2.3.1 */
struct vhdx_log_header {
	char signature[4];
	uint32_t checksum;
	uint32_t length;
	uint32_t tail;
	uint64_t sequence;
	uint32_t descriptors;
	uint32_t reserved;
	struct vhd_guid log;
	uint64_t flushed_size;
	uint64_t last_size;
};
_Static_assert(sizeof(struct vhdx_log_header) == 64, "before the descriptors");

struct vhdx_log_descriptor {
	char signature[4];
	uint32_t trailing;	/* zero: reserved */
	uint64_t leading;	/* zero: how many bytes */
	uint64_t offset;
	uint64_t sequence;
};
_Static_assert(sizeof(struct vhdx_log_descriptor) == 32, "data and zero alike");

struct vhdx_log_data {
	char signature[4];
	uint32_t sequence_high;
	uint8_t data[4084];
	uint32_t sequence_low;
};
_Static_assert(sizeof(struct vhdx_log_data) == VHDX_PAGE, "a sector of the log");

/* 2.5.1 */
#define VHDX_BAT_STATE		7ull
#define VHDX_BAT_OFFSET		(~0ull << 20)
#define VHDX_BAT_RESERVED	(VHDX_BAT_OFFSET ^ ~VHDX_BAT_STATE)

enum vhdx_state {
	VHDX_NOT_PRESENT	= 0,
	VHDX_UNDEFINED		= 1,
	VHDX_ZERO		= 2,
	VHDX_UNMAPPED		= 3,
	VHDX_UNMAPPED_DRAFT	= 5,	/* as version 0.95 of the format had it */
	VHDX_FULLY_PRESENT	= 6,
	VHDX_PARTIALLY_PRESENT	= 7,
	VHDX_BITMAP_PRESENT	= 6,
};

/* 2.6 */
struct vhdx_meta_entry {
	struct vhd_guid id;
	uint32_t offset;
	uint32_t length;
	uint32_t flags;
	uint32_t reserved;
};

struct vhdx_meta_table {
	char signature[8];
	uint16_t reserved;
	uint16_t count;
	uint32_t reserved_2[5];
	struct vhdx_meta_entry entries[VHDX_TABLE_ENTRIES_MAX];
};
_Static_assert(sizeof(struct vhdx_meta_table) == 64 * VHD_KIB, "2.6.1");

enum {
	VHDX_META_USER		= 1 << 0,
	VHDX_META_DISK		= 1 << 1,
	VHDX_META_REQUIRED	= 1 << 2,
};

enum {
	VHDX_LEAVE_ALLOCATED	= 1 << 0,
	VHDX_HAS_PARENT		= 1 << 1,
};

struct vhdx_locator {
	struct vhd_guid type;
	uint16_t reserved;
	uint16_t count;
};

struct vhdx_locator_entry {
	uint32_t key_offset;
	uint32_t value_offset;
	uint16_t key_length;
	uint16_t value_length;
};
_Static_assert(sizeof(struct vhdx_locator_entry) == 12, "2.6.2.6.2");

#define VHDX_LOCATOR_MAX	(64 * VHD_KIB)	/* ours */

enum vhdx_item {
	VHDX_ITEM_PARAMETERS,
	VHDX_ITEM_SIZE,
	VHDX_ITEM_ID,
	VHDX_ITEM_LOGICAL,
	VHDX_ITEM_PHYSICAL,
	VHDX_ITEM_LOCATOR,
	VHDX_ITEMS,
};

#define VHDX_OTHERS_MAX		16u	/* ours; [MS-VHDX] knows none */

/**
 * struct vhdx - an open VHDX
 * @disk: whose it is
 * @meta: its metadata, all of it but headers and log
 * @header: the current one, in the host's byte order
 * @slot: which of the two that is
 * @bat, @bat_length, @metadata, @metadata_length: regions
 * @items: where metadata items are in the file; length 0: not there
 * @others: regions that we do not know and need not, @others_count of them
 * @chunk_ratio: payload blocks for each sector bitmap block
 * @blocks: payload blocks
 * @id: Virtual Disk ID
 * @next_data_write: what header.data_write becomes with the first change; null: a new one
 * @linkage: the parent's data_write GUID, and the one it may have instead
 * @names: of the parent
 * @space: when open for writing
 * @log_at, @log_sequence: where the next entry goes, and its number
 * @log_entries: that waited in the log when it was opened
 */
struct vhdx {
	struct vhd_disk *disk;
	struct vhd_meta meta;
	struct vhdx_header header;
	unsigned int slot;
	uint64_t bat;
	uint64_t bat_length;
	uint64_t metadata;
	uint64_t metadata_length;
	struct vhdx_place {
		uint64_t offset;
		uint32_t length;
	} items[VHDX_ITEMS], others[VHDX_OTHERS_MAX];
	uint32_t others_count;
	uint32_t chunk_ratio;
	uint64_t blocks;
	bool leave_allocated;
	bool has_parent;
	struct vhd_guid id;
	struct vhd_guid next_data_write;
	struct vhd_guid linkage;
	struct vhd_guid linkage_2;
	struct vhd_parent_names names;
	char creator[64];
	struct vhd_space space;
	uint64_t log_at;
	uint64_t log_sequence;
	uint64_t log_entries;
};

static inline struct vhdx *vhdx_of(const struct vhd_disk *disk)
{
	return disk->private;
}

/* vhdx_header.c */
extern const struct vhd_guid vhdx_region_bat, vhdx_region_metadata;
int vhdx_load_headers(struct vhdx *x);
int vhdx_load_regions(struct vhdx *x);
/* Writes x->header as the next one; the GUIDs in it are the caller's. Durable. */
int vhdx_store_header(struct vhdx *x);
void vhdx_seal_header(struct vhdx_header *header);
void vhdx_build_regions(uint8_t *table, uint64_t bat, uint64_t bat_length, uint64_t metadata,
			uint64_t metadata_length);

/* vhdx_log.c, vhdx_replay.c */
int vhdx_log_open(struct vhdx *x);
int vhdx_log_close(struct vhdx *x);
int vhdx_log_commit(struct vhdx *x);
int vhdx_log_replay(struct vhdx *x);

/* vhdx_meta.c, vhdx_locator.c */
extern const struct vhd_guid vhdx_item_ids[VHDX_ITEMS];
int vhdx_load_metadata(struct vhdx *x);
int vhdx_load_locator(struct vhdx *x);
int vhdx_build_metadata(uint8_t *region, const struct vhd_create *what, const char *path,
			const struct vhd_disk *parent, struct vhd_error *error);
int vhdx_build_locator(uint8_t *item, size_t room, const struct vhd_guid *linkage,
		       const struct vhd_guid *linkage_2, const char *relative,
		       const char *absolute);
int vhdx_set_linkage_2(struct vhdx *x, const struct vhd_guid *linkage_2);

/* vhdx_bat.c */
uint64_t vhdx_bat_entries(const struct vhdx *x, uint64_t blocks, bool parent);
int vhdx_get_entry(struct vhdx *x, uint64_t block, uint64_t *entry);
int vhdx_get_bitmap_entry(struct vhdx *x, uint64_t chunk, uint64_t *entry);
int vhdx_find_space(struct vhdx *x, uint64_t length, uint64_t *offset);
int vhdx_locate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		struct vhd_place *place);
int vhdx_allocate(struct vhd_disk *disk, uint64_t offset, uint64_t length,
		  struct vhd_place *place);
int vhdx_written(struct vhd_disk *disk, uint64_t offset, uint64_t length);
int vhdx_discard(struct vhd_disk *disk, uint64_t offset, uint64_t length);

/* vhdx_scan.c */
int vhdx_scan(struct vhdx *x, struct vhd_check *check);

/* vhdx.c, vhdx_resize.c */
int vhdx_touch(struct vhd_disk *disk);
int vhdx_flush(struct vhd_disk *disk);
int vhdx_resize(struct vhd_disk *disk, uint64_t size, uint32_t flags);

#endif
