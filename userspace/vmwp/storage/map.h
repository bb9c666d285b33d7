/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's part of a mapped disk (vsp/include/uapi/storvsp_map.h): answers what StorVSP asks
 * from libvhd, and keeps the kernel's table true.  Not wired in yet: StorVSP has no maps.
 */
#ifndef VMWP_STORAGE_MAP_H
#define VMWP_STORAGE_MAP_H

#include <libvhd.h>
#include <storvsp_map.h>

#define DISK_MAP_REVOKES	16u	/* that are remembered */

/**
 * struct disk_map_ops - the kernel's table
 * @set: STORVSP_MAP_SET
 * @set_linear: with STORVSP_MAP_LINEAR
 * @revoke: STORVSP_MAP_REVOKE
 */
struct disk_map_ops {
	int (*set)(void *context, uint64_t first, uint32_t count, const uint64_t *entries);
	int (*set_linear)(void *context, uint64_t first, uint64_t count, uint64_t entry);
	int (*revoke)(void *context, uint64_t offset, uint64_t length, uint64_t *generation);
};

/**
 * struct disk_map - a disk that the kernel does I/O on
 * @disk: used by nobody else
 * @ops: the kernel's table
 * @context: for @ops
 * @buffer: shared with the kernel
 * @buffer_size: of it
 * @copies: the disk has a file without descriptor: all data go through the buffer
 * @broken: the kernel's table may be wrong, and cannot be put right
 * @generation: of the last revoke
 * @revoked: the last ones
 * @watch: libvhd's
 */
struct disk_map {
	struct vhd_disk *disk;
	const struct disk_map_ops *ops;
	void *context;
	uint8_t *buffer;
	uint32_t buffer_size;
	bool copies;
	int broken;
	uint64_t generation;
	struct disk_map_range {
		uint64_t offset;
		uint64_t length;
	} revoked[DISK_MAP_REVOKES];
	struct vhd_watch watch;
};

void disk_map_init(struct disk_map *map, struct vhd_disk *disk, const struct disk_map_ops *ops,
		   void *context, uint8_t *buffer, uint32_t buffer_size);
void disk_map_fini(struct disk_map *map);
void disk_map_answer(struct disk_map *map, const struct storvsp_map_request *request,
		     struct storvsp_map_answer *answer);

#endif
