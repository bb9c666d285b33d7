// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parent locator of a differencing VHDX ([MS-VHDX] 2.6.2.6): who the parent is, by
 * its data_write GUID, and where it may be found.
 */
#include <stdlib.h>

#include "vhdx.h"

/* b04aefb7-d19e-4a81-b789-25b8e9445913: the only type there is */
static const struct vhd_guid locator_type = { {
	0xb7, 0xef, 0x4a, 0xb0, 0x9e, 0xd1, 0x81, 0x4a,
	0xb7, 0x89, 0x25, 0xb8, 0xe9, 0x44, 0x59, 0x13 } };

#define ENTRIES_MAX	64u	/* ours; there are five keys */

static int take_linkage(struct vhdx *x, const char *key, const char *value)
{
	struct vhd_guid *linkage = strcmp(key, "parent_linkage") ? &x->linkage_2 : &x->linkage;

	if (vhd_guid_parse(value, linkage))
		return vhd_bad(x->disk, "ParentLocator", "%s is \"%.60s\": not a GUID", key,
			       value);
	return 0;
}

static int take_pair(struct vhdx *x, const char *key, const char *value)
{
	struct vhd_parent_names *names = &x->names;

	if (!strcmp(key, "parent_linkage") || !strcmp(key, "parent_linkage2"))
		return take_linkage(x, key, value);
	if (strcmp(key, "relative_path") && strcmp(key, "absolute_win32_path"))
		return 0;
	if (names->count == VHD_NAMES_MAX)
		return 0;
	/* The relative path is tried first. */
	if (!strcmp(key, "relative_path") && names->count) {
		memcpy(names->name[names->count], names->name[0], sizeof(names->name[0]));
		names->count++;
		memcpy(names->name[0], value, strlen(value) + 1);
		return 0;
	}
	memcpy(names->name[names->count++], value, strlen(value) + 1);
	return 0;
}

static int read_pair(struct vhdx *x, const uint8_t *item, uint32_t length, uint32_t i)
{
	struct vhdx_locator_entry entry;
	uint32_t key_at, value_at, key_length, value_length;
	char key[64], value[1024];

	memcpy(&entry, item + sizeof(struct vhdx_locator) + i * sizeof(entry), sizeof(entry));
	key_at = le32toh(entry.key_offset);
	value_at = le32toh(entry.value_offset);
	key_length = le16toh(entry.key_length);
	value_length = le16toh(entry.value_length);
	if (!key_at || !value_at || !within(key_at, key_length, length) ||
	    !within(value_at, value_length, length))
		return vhd_bad(x->disk, "ParentLocator", "entry %u lies outside of it", i);
	if (vhd_utf16_to(item + key_at, key_length, false, key, sizeof(key)) < 0)
		return 0;	/* no key that we know is so long */
	if (vhd_utf16_to(item + value_at, value_length, false, value, sizeof(value)) < 0)
		return vhd_bad(x->disk, "ParentLocator", "%s is not UTF-16 of a usual length",
			       key);
	return take_pair(x, key, value);
}

static int parse(struct vhdx *x, const uint8_t *item, uint32_t length)
{
	const struct vhdx_locator *locator = (const void *)item;
	uint32_t count = le16toh(locator->count);

	if (!guid_equal(&locator->type, &locator_type))
		return vhd_bad(x->disk, "ParentLocator.LocatorType", "is not known");
	if (count > ENTRIES_MAX || sizeof(*locator) + count *
	    sizeof(struct vhdx_locator_entry) > length)
		return vhd_bad(x->disk, "ParentLocator.KeyValueCount", "is %u: too many", count);
	for (uint32_t i = 0; i < count; i++) {
		int result = read_pair(x, item, length, i);

		if (result)
			return result;
	}
	if (guid_null(&x->linkage))
		return vhd_bad(x->disk, "ParentLocator", "has no parent_linkage");
	if (!x->names.count)
		return vhd_bad(x->disk, "ParentLocator", "has no path");
	return 0;
}

int vhdx_load_locator(struct vhdx *x)
{
	uint32_t length = x->items[VHDX_ITEM_LOCATOR].length;
	uint8_t *item;
	int result;

	if (length > VHDX_LOCATOR_MAX)
		return vhd_bad(x->disk, "ParentLocator", "has %u bytes: too many", length);
	item = malloc(length);
	if (!item)
		return -ENOMEM;
	result = vhd_meta_read(&x->meta, item, length, x->items[VHDX_ITEM_LOCATOR].offset);
	if (!result)
		result = parse(x, item, length);
	free(item);
	return result;
}

static int put_pair(uint8_t *item, size_t room, uint32_t *end, const char *key,
		    const char *value)
{
	struct vhdx_locator *locator = (void *)item;
	unsigned int i = le16toh(locator->count);
	struct vhdx_locator_entry entry;
	int key_length, value_length;

	key_length = vhd_utf16_from(key, item + *end, room - *end, false);
	if (key_length < 0)
		return key_length;
	value_length = vhd_utf16_from(value, item + *end + key_length,
				      room - *end - key_length, false);
	if (value_length < 0)
		return value_length;
	entry.key_offset = htole32(*end);
	entry.value_offset = htole32(*end + key_length);
	entry.key_length = htole16((uint16_t)key_length);
	entry.value_length = htole16((uint16_t)value_length);
	memcpy(item + sizeof(*locator) + i * sizeof(entry), &entry, sizeof(entry));
	locator->count = htole16((uint16_t)(i + 1));
	*end += key_length + value_length;
	return 0;
}

static void braced(const struct vhd_guid *guid, char *text)
{
	text[0] = '{';
	vhd_guid_text(guid, text + 1);
	strcat(text, "}");
}

/**
 * vhdx_build_locator() - a parent locator
 * @item: room for it
 * @room: bytes
 * @linkage: data_write of the parent
 * @linkage_2: what that may be instead, or NULL
 * @relative: Windows path from the child's directory
 * @absolute: as it is here
 *
 * Return: its size, or -EILSEQ, -ENAMETOOLONG.
 */
int vhdx_build_locator(uint8_t *item, size_t room, const struct vhd_guid *linkage,
		       const struct vhd_guid *linkage_2, const char *relative,
		       const char *absolute)
{
	uint32_t end = sizeof(struct vhdx_locator) + 4 * sizeof(struct vhdx_locator_entry);
	char guid[48];
	int result;

	memset(item, 0, end);
	((struct vhdx_locator *)item)->type = locator_type;
	braced(linkage, guid);
	result = put_pair(item, room, &end, "parent_linkage", guid);
	if (!result && linkage_2) {
		braced(linkage_2, guid);
		result = put_pair(item, room, &end, "parent_linkage2", guid);
	}
	if (!result && relative)
		result = put_pair(item, room, &end, "relative_path", relative);
	if (!result && absolute)
		result = put_pair(item, room, &end, "absolute_win32_path", absolute);
	return result ? result : (int)end;
}

/* Behind all items, at the next sector, there must be @length bytes. */
static int find_room(struct vhdx *x, const struct vhdx_meta_table *table, uint32_t length,
		     uint32_t *offset)
{
	uint64_t end = sizeof(*table);

	for (uint32_t i = 0; i < le16toh(table->count); i++)
		end = greater(end, (uint64_t)le32toh(table->entries[i].offset) +
				   le32toh(table->entries[i].length));
	end = round_up(end, VHDX_PAGE);
	*offset = (uint32_t)end;
	return within(end, length, x->metadata_length) ? 0 :
	       vhd_bad(x->disk, "MetadataTable", "has no room for another ParentLocator");
}

static int move_locator(struct vhdx *x, struct vhdx_meta_table *table, const uint8_t *item,
			uint32_t length)
{
	uint32_t count = le16toh(table->count);
	uint32_t i = 0, offset;
	int result = find_room(x, table, length, &offset);

	while (i < count && !guid_equal(&table->entries[i].id,
					&vhdx_item_ids[VHDX_ITEM_LOCATOR]))
		i++;
	if (result || i == count)
		return result ? result : -EINVAL;
	table->entries[i].offset = htole32(offset);
	table->entries[i].length = htole32(length);
	result = vhd_meta_write(&x->meta, item, length, x->metadata + offset);
	if (!result)
		result = vhd_meta_write(&x->meta, &table->entries[i], sizeof(table->entries[i]),
					x->metadata + ((uint8_t *)&table->entries[i] -
						       (uint8_t *)table));
	return result;
}

/**
 * vhdx_set_linkage_2() - let the parent change
 * @x: a differencing disk, open for writing
 * @linkage_2: what its parent's data_write GUID is going to be; durable at the next flush
 *
 * Return: 0 or an error.
 */
int vhdx_set_linkage_2(struct vhdx *x, const struct vhd_guid *linkage_2)
{
	struct vhdx_meta_table *table = malloc(sizeof(*table));
	uint8_t *item = malloc(VHDX_LOCATOR_MAX);
	const char *relative = NULL, *absolute = NULL;
	int result = table && item ? 0 : -ENOMEM;

	for (unsigned int i = 0; i < x->names.count; i++) {
		if (x->names.name[i][0] == '/')
			absolute = x->names.name[i];
		else if (!relative)
			relative = x->names.name[i];
	}
	if (!result)
		result = vhd_meta_read(&x->meta, table, sizeof(*table), x->metadata);
	if (!result)
		result = vhdx_build_locator(item, VHDX_LOCATOR_MAX, &x->linkage, linkage_2,
					    relative, absolute);
	if (result > 0)
		result = move_locator(x, table, item, (uint32_t)result);
	free(table);
	free(item);
	return result;
}
