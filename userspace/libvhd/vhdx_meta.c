// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The metadata region of a VHDX ([MS-VHDX] 2.6): read it, and make one.
 */
#include <stdlib.h>

#include "vhdx.h"

/* 2.6.2, in the order of enum vhdx_item; caa16737-fa36-4d43-b3b6-33f0aa44e76b and so on */
const struct vhd_guid vhdx_item_ids[VHDX_ITEMS] = {
	[VHDX_ITEM_PARAMETERS] = { {
		0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
		0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b } },
	[VHDX_ITEM_SIZE] = { {
		0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
		0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 } },
	[VHDX_ITEM_ID] = { {
		0xab, 0x12, 0xca, 0xbe, 0xe6, 0xb2, 0x23, 0x45,
		0x93, 0xef, 0xc3, 0x09, 0xe0, 0x00, 0xc7, 0x46 } },
	[VHDX_ITEM_LOGICAL] = { {
		0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47,
		0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f } },
	[VHDX_ITEM_PHYSICAL] = { {
		0xc7, 0x48, 0xa3, 0xcd, 0x5d, 0x44, 0x71, 0x44,
		0x9c, 0xc9, 0xe9, 0x88, 0x52, 0x51, 0xc5, 0x56 } },
	[VHDX_ITEM_LOCATOR] = { {
		0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
		0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c } },
};

/* Name and smallest size of each. */
static const struct {
	const char *name;
	uint32_t length;
	uint32_t flags;
} items[VHDX_ITEMS] = {
	[VHDX_ITEM_PARAMETERS] = { "FileParameters", 8, VHDX_META_REQUIRED },
	[VHDX_ITEM_SIZE] = { "VirtualDiskSize", 8, VHDX_META_REQUIRED | VHDX_META_DISK },
	[VHDX_ITEM_ID] = { "VirtualDiskId", 16, VHDX_META_REQUIRED | VHDX_META_DISK },
	[VHDX_ITEM_LOGICAL] = { "LogicalSectorSize", 4, VHDX_META_REQUIRED | VHDX_META_DISK },
	[VHDX_ITEM_PHYSICAL] = { "PhysicalSectorSize", 4, VHDX_META_REQUIRED | VHDX_META_DISK },
	[VHDX_ITEM_LOCATOR] = { "ParentLocator", sizeof(struct vhdx_locator),
				VHDX_META_REQUIRED },
};

static int item_of(const struct vhdx_meta_entry *entry)
{
	int i = 0;

	if (le32toh(entry->flags) & VHDX_META_USER)
		return VHDX_ITEMS;
	while (i < VHDX_ITEMS && !guid_equal(&entry->id, &vhdx_item_ids[i]))
		i++;
	return i;
}

static int take_item(struct vhdx *x, const struct vhdx_meta_entry *entry)
{
	uint32_t offset = le32toh(entry->offset);
	uint32_t length = le32toh(entry->length);
	int item = item_of(entry);
	char id[40];

	if (item == VHDX_ITEMS) {
		if (!(le32toh(entry->flags) & VHDX_META_REQUIRED))
			return 0;
		vhd_guid_text(&entry->id, id);
		return vhd_bad(x->disk, "MetadataTable.ItemId",
			       "a required item %s is not known", id);
	}
	if (x->items[item].length)
		return vhd_bad(x->disk, "MetadataTable.ItemId", "%s is there twice",
			       items[item].name);
	if (offset < sizeof(struct vhdx_meta_table) || length > VHD_MIB ||
	    !within(offset, length, x->metadata_length))
		return vhd_bad(x->disk, "MetadataTable.Offset",
			       "%s at %#x, length %#x: not in the metadata region",
			       items[item].name, offset, length);
	if (length < items[item].length)
		return vhd_bad(x->disk, "MetadataTable.Length", "%s has %u bytes of %u",
			       items[item].name, length, items[item].length);
	x->items[item].offset = x->metadata + offset;
	x->items[item].length = length;
	return 0;
}

static int parse_table(struct vhdx *x, const struct vhdx_meta_table *table)
{
	uint32_t count = le16toh(table->count);

	if (memcmp(table->signature, "metadata", 8))
		return vhd_bad(x->disk, "MetadataTable.Signature", "is not \"metadata\"");
	if (count > VHDX_TABLE_ENTRIES_MAX)
		return vhd_bad(x->disk, "MetadataTable.EntryCount", "is %u: more than %u", count,
			       VHDX_TABLE_ENTRIES_MAX);
	memset(x->items, 0, sizeof(x->items));
	for (uint32_t i = 0; i < count; i++) {
		int result = take_item(x, &table->entries[i]);

		if (result)
			return result;
	}
	for (int i = 0; i < VHDX_ITEM_LOCATOR; i++)
		if (!x->items[i].length)
			return vhd_bad(x->disk, "MetadataTable", "has no %s", items[i].name);
	return 0;
}

static int load_table(struct vhdx *x)
{
	struct vhdx_meta_table *table = malloc(sizeof(*table));
	int result = -ENOMEM;

	if (table)
		result = vhd_meta_read(&x->meta, table, sizeof(*table), x->metadata);
	if (!result)
		result = parse_table(x, table);
	free(table);
	return result;
}

static int check_sector(struct vhdx *x, enum vhdx_item item, uint32_t size)
{
	if (size == 512 || size == 4096)
		return 0;
	return vhd_bad(x->disk, items[item].name, "is %u: neither 512 nor 4096", size);
}

static int check_values(struct vhdx *x, uint64_t size)
{
	struct vhd_disk *disk = x->disk;
	int result = check_sector(x, VHDX_ITEM_LOGICAL, disk->logical_sector_size);

	if (!result)
		result = check_sector(x, VHDX_ITEM_PHYSICAL, disk->physical_sector_size);
	if (result)
		return result;
	if (!power_of_two(disk->block_size) || disk->block_size < VHDX_BLOCK_MIN ||
	    disk->block_size > VHDX_BLOCK_MAX)
		return vhd_bad(disk, "FileParameters.BlockSize",
			       "is %u: not a power of two from 1 MiB to 256 MiB",
			       disk->block_size);
	if (!size || size > VHDX_SIZE_MAX || size % disk->logical_sector_size)
		return vhd_bad(disk, "VirtualDiskSize",
			       "is %llu: not whole sectors up to 64 TiB",
			       (unsigned long long)size);
	if (x->has_parent && x->leave_allocated)
		return vhd_bad(disk, "FileParameters",
			       "LeaveBlocksAllocated and HasParent exclude each other");
	if (x->has_parent && !x->items[VHDX_ITEM_LOCATOR].length)
		return vhd_bad(disk, "MetadataTable", "has no ParentLocator, yet HasParent is set");
	return 0;
}

static int read_item(struct vhdx *x, enum vhdx_item item, void *value, size_t length)
{
	return vhd_meta_read(&x->meta, value, length, x->items[item].offset);
}

static int load_values(struct vhdx *x)
{
	struct vhd_disk *disk = x->disk;
	uint32_t parameters[2], logical, physical;
	uint64_t size;
	int result = read_item(x, VHDX_ITEM_PARAMETERS, parameters, sizeof(parameters));

	if (!result)
		result = read_item(x, VHDX_ITEM_SIZE, &size, sizeof(size));
	if (!result)
		result = read_item(x, VHDX_ITEM_LOGICAL, &logical, sizeof(logical));
	if (!result)
		result = read_item(x, VHDX_ITEM_PHYSICAL, &physical, sizeof(physical));
	if (!result)
		result = read_item(x, VHDX_ITEM_ID, &x->id, sizeof(x->id));
	if (result)
		return result;
	disk->block_size = le32toh(parameters[0]);
	x->leave_allocated = le32toh(parameters[1]) & VHDX_LEAVE_ALLOCATED;
	x->has_parent = le32toh(parameters[1]) & VHDX_HAS_PARENT;
	disk->logical_sector_size = le32toh(logical);
	disk->physical_sector_size = le32toh(physical);
	disk->size = le64toh(size);
	return check_values(x, disk->size);
}

int vhdx_load_metadata(struct vhdx *x)
{
	struct vhd_disk *disk = x->disk;
	int result = load_table(x);

	if (!result)
		result = load_values(x);
	if (result)
		return vhd_io_error(disk, result, "reading the metadata");
	x->chunk_ratio = (uint32_t)(((uint64_t)disk->logical_sector_size << 23) /
				    disk->block_size);
	x->blocks = round_up(disk->size, disk->block_size) / disk->block_size;
	disk->kind = x->has_parent ? VHD_KIND_DIFFERENCING :
		     x->leave_allocated ? VHD_KIND_FIXED : VHD_KIND_DYNAMIC;
	if (vhdx_bat_entries(x, x->blocks, x->has_parent) * 8 > x->bat_length)
		return vhd_bad(disk, "RegionTable.Length",
			       "the BAT of %#llx bytes is too small for the disk's %llu blocks",
			       (unsigned long long)x->bat_length, (unsigned long long)x->blocks);
	return x->has_parent ? vhdx_load_locator(x) : 0;
}

/* Where item @i goes: 4 KiB each, one after another, the locator last. */
static uint32_t item_place(int i)
{
	return (uint32_t)(sizeof(struct vhdx_meta_table) + i * VHDX_PAGE);
}

static void put_item(uint8_t *region, int i, const void *value, uint32_t length)
{
	struct vhdx_meta_table *table = (void *)region;
	unsigned int n = le16toh(table->count);

	memmove(region + item_place(i), value, length);
	table->entries[n] = (struct vhdx_meta_entry){
		.id = vhdx_item_ids[i], .offset = htole32(item_place(i)),
		.length = htole32(length), .flags = htole32(items[i].flags),
	};
	table->count = htole16((uint16_t)(n + 1));
}

static int put_locator(uint8_t *region, const char *path, const struct vhd_disk *parent,
		       struct vhd_error *error)
{
	uint8_t *item = region + item_place(VHDX_ITEM_LOCATOR);
	char relative[1024];
	struct vhd_guid linkage;
	int length;

	length = vhd_path_relative(path, parent->file->path, relative, sizeof(relative));
	if (length)
		return vhd_fail(error, length,
				"%s: the path of the parent %s is too long, or has a backslash",
				path, parent->file->path);
	vhd_vhdx_identity(parent, &linkage);
	length = vhdx_build_locator(item, VHDX_LOCATOR_MAX, &linkage, NULL, relative,
				    parent->file->path);
	if (length < 0)
		return vhd_fail(error, length, "%s: the path of the parent %s is not UTF-8",
				path, parent->file->path);
	put_item(region, VHDX_ITEM_LOCATOR, item, (uint32_t)length);
	return 0;
}

/**
 * vhdx_build_metadata() - a whole metadata region
 * @region: 1 MiB of zeros
 * @what: complete
 * @path: of the new disk
 * @parent: or NULL
 * @error: filled in
 *
 * Return: 0, or an error about the path of @parent.
 */
int vhdx_build_metadata(uint8_t *region, const struct vhd_create *what, const char *path,
			const struct vhd_disk *parent, struct vhd_error *error)
{
	struct vhdx_meta_table *table = (void *)region;
	uint32_t parameters[2] = { htole32(what->block_size) };
	uint32_t logical = htole32(what->logical_sector_size);
	uint32_t physical = htole32(what->physical_sector_size);
	uint64_t size = htole64(what->size);
	struct vhd_guid id;

	if (what->kind == VHD_KIND_FIXED)
		parameters[1] = htole32(VHDX_LEAVE_ALLOCATED);
	if (parent)
		parameters[1] = htole32(VHDX_HAS_PARENT);
	vhd_guid_new(&id);
	memcpy(table->signature, "metadata", 8);
	put_item(region, VHDX_ITEM_PARAMETERS, parameters, sizeof(parameters));
	put_item(region, VHDX_ITEM_SIZE, &size, sizeof(size));
	put_item(region, VHDX_ITEM_ID, &id, sizeof(id));
	put_item(region, VHDX_ITEM_LOGICAL, &logical, sizeof(logical));
	put_item(region, VHDX_ITEM_PHYSICAL, &physical, sizeof(physical));
	return parent ? put_locator(region, path, parent, error) : 0;
}
