// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker's part of a mapped disk: see map.h.  Pure.
 *
 * A kernel's entry is made true again before the call that made it false returns: so what the
 * kernel is answered comes after what it has to know.
 */
#include "map.h"

#include <errno.h>
#include <string.h>

#define GROUP	512u	/* units that are told at once: a leaf of the kernel's table */

_Static_assert((int)VHD_ENTRY_ASK == STORVSP_MAP_ASK && (int)VHD_ENTRY_ZERO == STORVSP_MAP_ZERO &&
	       (int)VHD_ENTRY_DATA == STORVSP_MAP_DATA &&
	       (int)VHD_ENTRY_WRITABLE == STORVSP_MAP_WRITABLE &&
	       (int)VHD_ENTRY_FILE_SHIFT == STORVSP_MAP_FILE_SHIFT &&
	       VHD_ENTRY_OFFSET == STORVSP_MAP_OFFSET && VHD_CHAIN_MAX == STORVSP_MAP_FILES_MAX,
	       "libvhd's entries are the kernel's");

static uint64_t disk_size(struct disk_map *map)
{
	struct vhd_info info;

	vhd_info(map->disk, &info);
	return info.size;
}

static int revoke(void *context, uint64_t offset, uint64_t length)
{
	struct disk_map *map = context;
	int result = map->ops->revoke(map->context, offset, length, &map->generation);

	if (!result)
		map->revoked[map->generation % DISK_MAP_REVOKES] =
			(struct disk_map_range){ .offset = offset, .length = length };
	return result;
}

static int tell(struct disk_map *map, uint64_t first, uint64_t count)
{
	uint64_t entries[GROUP];
	int result;

	/* So many are not worth it: they are told when they are asked for. */
	if (count > GROUP)
		return map->ops->set_linear(map->context, first, count, STORVSP_MAP_ASK);
	result = vhd_table(map->disk, first, (uint32_t)count, entries);
	return result ? result : map->ops->set(map->context, first, (uint32_t)count, entries);
}

static void changed(void *context, uint64_t offset, uint64_t length)
{
	struct disk_map *map = context;
	uint64_t unit = vhd_table_unit(map->disk);
	uint64_t first = offset / unit;
	int result;

	if (map->copies)
		return;
	result = tell(map, first, (offset + length - 1) / unit + 1 - first);
	if (result && revoke(map, offset, length))
		map->broken = result;
}

/**
 * disk_map_init() - begin to answer for a disk
 * @map: filled in
 * @disk: open, with its parents
 * @ops: the kernel's table, in which everything is asked for
 * @context: for @ops
 * @buffer: shared with the kernel
 * @buffer_size: of it; 0: there is none
 */
void disk_map_init(struct disk_map *map, struct vhd_disk *disk, const struct disk_map_ops *ops,
		   void *context, uint8_t *buffer, uint32_t buffer_size)
{
	struct vhd_info info;

	*map = (struct disk_map){
		.disk = disk, .ops = ops, .context = context, .buffer = buffer,
		.buffer_size = buffer_size,
		.watch = { .revoke = revoke, .changed = changed, .context = map },
	};
	vhd_info(disk, &info);
	for (uint32_t depth = 0; depth <= info.depth; depth++)
		if (vhd_fd(disk, depth) < 0)
			map->copies = true;
	vhd_watch(disk, &map->watch);
}

/**
 * disk_map_fini() - end it
 * @map: whose table the kernel does not use any more
 */
void disk_map_fini(struct disk_map *map)
{
	vhd_watch(map->disk, NULL);
}

/* As the kernel does: whether an extent of that generation may have been revoked. */
static bool stale(const struct disk_map *map, const struct storvsp_map_request *request)
{
	uint64_t generation = request->generation;

	if (generation > map->generation || map->generation - generation > DISK_MAP_REVOKES)
		return true;
	while (generation++ < map->generation) {
		const struct disk_map_range *range = &map->revoked[generation % DISK_MAP_REVOKES];

		if (range->offset < request->offset + request->length &&
		    request->offset < range->offset + range->length)
			return true;
	}
	return false;
}

static void give(const struct vhd_extent *extent, struct storvsp_map_answer *answer)
{
	answer->length = extent->length;
	answer->entry = STORVSP_MAP_ZERO;
	if (extent->kind == VHD_EXTENT_ZERO)
		return;
	answer->entry = STORVSP_MAP_DATA | (uint64_t)extent->depth << STORVSP_MAP_FILE_SHIFT |
			extent->file_offset;
	if (extent->flags & VHD_EXTENT_WRITABLE)
		answer->entry |= STORVSP_MAP_WRITABLE;
	if (extent->flags & VHD_EXTENT_COMMIT)
		answer->flags |= STORVSP_MAP_COMMIT;
}

/* The unit's entry, and its neighbours' for next time, where the kernel can use them. */
static void tell_around(struct disk_map *map, uint64_t offset)
{
	uint64_t unit = vhd_table_unit(map->disk);
	uint64_t units = (disk_size(map) + unit - 1) / unit;
	uint64_t number = offset / unit, first = number - number % GROUP, entry;

	if (vhd_table(map->disk, number, 1, &entry) || entry == VHD_ENTRY_ASK)
		return;
	tell(map, first, units - first < GROUP ? units - first : GROUP);
}

static int lookup(struct disk_map *map, const struct storvsp_map_request *request,
		  struct storvsp_map_answer *answer)
{
	struct vhd_extent extent;
	int result = vhd_map(map->disk, request->offset, request->length, &extent);

	if (result)
		return result;
	if (map->copies) {
		answer->flags = STORVSP_MAP_COPY;
		return 0;
	}
	give(&extent, answer);
	tell_around(map, request->offset);
	return 0;
}

static int allocate(struct disk_map *map, const struct storvsp_map_request *request,
		    struct storvsp_map_answer *answer)
{
	struct vhd_extent extent;
	int result;

	if (map->copies) {
		answer->flags = STORVSP_MAP_COPY;
		return 0;
	}
	result = vhd_allocate(map->disk, request->offset, request->length, &extent);
	if (!result)
		give(&extent, answer);
	return result;
}

static int commit(struct disk_map *map, const struct storvsp_map_request *request,
		  struct storvsp_map_answer *answer)
{
	if (stale(map, request))
		return -EAGAIN;
	return vhd_written(map->disk, request->offset, request->length);
}

static int flush(struct disk_map *map, const struct storvsp_map_request *request,
		 struct storvsp_map_answer *answer)
{
	return vhd_flush(map->disk);
}

static int discard(struct disk_map *map, const struct storvsp_map_request *request,
		   struct storvsp_map_answer *answer)
{
	return vhd_discard(map->disk, request->offset, request->length);
}

static int zero(struct disk_map *map, const struct storvsp_map_request *request,
		struct storvsp_map_answer *answer)
{
	return vhd_write_zeroes(map->disk, request->offset, request->length);
}

static bool in_buffer(const struct disk_map *map, const struct storvsp_map_request *request)
{
	return request->buffer <= map->buffer_size &&
	       request->length <= map->buffer_size - request->buffer;
}

static int read_data(struct disk_map *map, const struct storvsp_map_request *request,
		     struct storvsp_map_answer *answer)
{
	if (!in_buffer(map, request))
		return -EINVAL;
	return vhd_read(map->disk, map->buffer + request->buffer, request->length,
			request->offset);
}

static int write_data(struct disk_map *map, const struct storvsp_map_request *request,
		      struct storvsp_map_answer *answer)
{
	if (!in_buffer(map, request))
		return -EINVAL;
	return vhd_write(map->disk, map->buffer + request->buffer, request->length,
			 request->offset);
}

/* What the kernel and the guest can make something of. */
static int as_told(const struct storvsp_map_request *request, int result)
{
	if (!result || result == -ENOSPC)
		return result;
	if (result == -EDQUOT || result == -EFBIG)
		return -ENOSPC;
	if (result == -EAGAIN && request->operation == STORVSP_MAP_OP_COMMIT)
		return result;
	return -EIO;
}

/**
 * disk_map_answer() - do what the kernel asks
 * @map: of the disk
 * @request: a copy that nobody changes
 * @answer: filled in
 */
void disk_map_answer(struct disk_map *map, const struct storvsp_map_request *request,
		     struct storvsp_map_answer *answer)
{
	static int (*const operations[])(struct disk_map *map,
					 const struct storvsp_map_request *request,
					 struct storvsp_map_answer *answer) = {
		[STORVSP_MAP_OP_LOOKUP] = lookup,
		[STORVSP_MAP_OP_ALLOCATE] = allocate,
		[STORVSP_MAP_OP_COMMIT] = commit,
		[STORVSP_MAP_OP_FLUSH] = flush,
		[STORVSP_MAP_OP_DISCARD] = discard,
		[STORVSP_MAP_OP_ZERO] = zero,
		[STORVSP_MAP_OP_READ] = read_data,
		[STORVSP_MAP_OP_WRITE] = write_data,
	};
	int result = map->broken ? map->broken : -EINVAL;

	*answer = (struct storvsp_map_answer){ .tag = request->tag };
	if (!map->broken && request->operation < sizeof(operations) / sizeof(*operations) &&
	    operations[request->operation])
		result = operations[request->operation](map, request, answer);
	if (!result)
		result = map->broken;
	answer->result = as_told(request, result);
	answer->generation = map->generation;
}
