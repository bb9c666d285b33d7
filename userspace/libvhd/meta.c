// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The metadata cache: see vhd_meta.h.  Changed and pinned units are never forgotten;
 * who changes commits before there are many.
 */
#include <stdlib.h>

#include "vhd_bytes.h"
#include "vhd_meta.h"

#define BUCKETS		4096u
#define BATCH		128u

static uint32_t bucket_of(const struct vhd_meta *meta, uint64_t offset)
{
	return (uint32_t)((offset / meta->unit * 0x9e3779b97f4a7c15ull) >> 52) % BUCKETS;
}

int vhd_meta_init(struct vhd_meta *meta, struct vhd_file *file, uint32_t unit)
{
	*meta = (struct vhd_meta){ .file = file, .unit = unit };
	meta->buckets = calloc(BUCKETS, sizeof(*meta->buckets));
	return meta->buckets ? 0 : -ENOMEM;
}

void vhd_meta_fini(struct vhd_meta *meta)
{
	struct vhd_page *page, *next;

	for (uint32_t i = 0; meta->buckets && i < BUCKETS; i++) {
		for (page = meta->buckets[i]; page; page = next) {
			next = page->next;
			free(page);
		}
	}
	free(meta->buckets);
	meta->buckets = NULL;
}

static struct vhd_page *find(const struct vhd_meta *meta, uint64_t offset)
{
	struct vhd_page *page = meta->buckets[bucket_of(meta, offset)];

	while (page && page->offset != offset)
		page = page->next;
	return page;
}

static void remove_page(struct vhd_meta *meta, struct vhd_page **link)
{
	struct vhd_page *page = *link;

	*link = page->next;
	meta->count--;
	free(page);
}

/* Forgets units until there is room for one more, or none can be. */
static void make_room(struct vhd_meta *meta)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		struct vhd_page **link;

		if ((meta->count - meta->pinned + 1) * (uint64_t)meta->unit <= VHD_META_CAP)
			return;
		meta->hand = (meta->hand + 1) % BUCKETS;
		link = &meta->buckets[meta->hand];
		while (*link) {
			if ((*link)->dirty || (*link)->pinned)
				link = &(*link)->next;
			else
				remove_page(meta, link);
		}
	}
}

static struct vhd_page *add(struct vhd_meta *meta, uint64_t offset)
{
	struct vhd_page *page = malloc(sizeof(*page) + meta->unit);
	uint32_t bucket = bucket_of(meta, offset);

	if (!page)
		return NULL;
	*page = (struct vhd_page){ .offset = offset, .next = meta->buckets[bucket] };
	meta->buckets[bucket] = page;
	meta->count++;
	return page;
}

/* How many units to read at once: tables are mostly read from their beginning on. */
static uint64_t read_ahead(const struct vhd_meta *meta, uint64_t offset)
{
	uint64_t length = lesser(64 * VHD_KIB, meta->file->size - offset);

	if (length <= meta->unit)
		return meta->unit;
	for (uint64_t ahead = meta->unit; ahead < length; ahead += meta->unit)
		if (find(meta, offset + ahead))
			return ahead;
	return round_down(length, meta->unit);
}

static int get(struct vhd_meta *meta, uint64_t offset, struct vhd_page **page)
{
	uint8_t buffer[64 * 1024];
	uint64_t length;
	int result;

	*page = find(meta, offset);
	if (*page)
		return 0;
	length = offset < meta->file->size ? read_ahead(meta, offset) : meta->unit;
	result = vhd_file_read(meta->file, buffer, length, offset);
	if (result)
		return result;
	for (uint64_t done = length; done; ) {
		struct vhd_page *new;

		done -= meta->unit;
		make_room(meta);
		new = add(meta, offset + done);
		if (!new)
			return -ENOMEM;
		memcpy(new->data, buffer + done, meta->unit);
		*page = new;
	}
	return 0;
}

int vhd_meta_read(struct vhd_meta *meta, void *buffer, size_t length, uint64_t offset)
{
	uint8_t *to = buffer;

	while (length) {
		uint32_t inside = offset % meta->unit;
		size_t now = lesser(length, meta->unit - inside);
		struct vhd_page *page;
		int result = get(meta, offset - inside, &page);

		if (result)
			return result;
		memcpy(to, page->data + inside, now);
		to += now;
		offset += now;
		length -= now;
	}
	return 0;
}

static void mark(struct vhd_meta *meta, struct vhd_page *page)
{
	if (page->dirty)
		return;
	page->dirty = true;
	page->next_dirty = NULL;
	if (meta->last)
		meta->last->next_dirty = page;
	else
		meta->first = page;
	meta->last = page;
	meta->dirty++;
}

int vhd_meta_write(struct vhd_meta *meta, const void *buffer, size_t length, uint64_t offset)
{
	const uint8_t *from = buffer;

	while (length) {
		uint32_t inside = offset % meta->unit;
		size_t now = lesser(length, meta->unit - inside);
		struct vhd_page *page;
		int result = get(meta, offset - inside, &page);

		if (result)
			return result;
		memcpy(page->data + inside, from, now);
		mark(meta, page);
		from += now;
		offset += now;
		length -= now;
	}
	return 0;
}

void vhd_meta_forget(struct vhd_meta *meta, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;

	for (offset = round_down(offset, meta->unit); offset < end; offset += meta->unit) {
		struct vhd_page **link = &meta->buckets[bucket_of(meta, offset)];

		while (*link && (*link)->offset != offset)
			link = &(*link)->next;
		if (*link && !(*link)->dirty && !(*link)->pinned)
			remove_page(meta, link);
	}
}

int vhd_meta_pin(struct vhd_meta *meta, const void *data, uint64_t offset)
{
	struct vhd_page *page = find(meta, offset);

	if (!page)
		page = add(meta, offset);
	if (!page)
		return -ENOMEM;
	memcpy(page->data, data, meta->unit);
	meta->pinned += !page->pinned;
	page->pinned = true;
	return 0;
}

bool vhd_meta_is_pinned(const struct vhd_meta *meta, uint64_t offset, uint64_t length)
{
	if (!meta->pinned)
		return false;
	for (uint32_t i = 0; i < BUCKETS; i++)
		for (struct vhd_page *page = meta->buckets[i]; page; page = page->next)
			if (page->pinned && overlap(page->offset, meta->unit, offset, length))
				return true;
	return false;
}

unsigned int vhd_meta_dirty(const struct vhd_meta *meta, struct vhd_page **pages,
			    unsigned int max)
{
	unsigned int count = 0;

	for (struct vhd_page *page = meta->first; page && count < max; page = page->next_dirty)
		pages[count++] = page;
	return count;
}

static void clean(struct vhd_meta *meta, unsigned int count)
{
	while (count--) {
		struct vhd_page *page = meta->first;

		meta->first = page->next_dirty;
		if (!meta->first)
			meta->last = NULL;
		page->dirty = false;
		meta->dirty--;
	}
}

int vhd_meta_apply(struct vhd_meta *meta, struct vhd_page **pages, unsigned int count)
{
	struct vhd_io ios[BATCH];
	int result;

	if (count > BATCH)
		return -E2BIG;
	for (unsigned int i = 0; i < count; i++)
		ios[i] = (struct vhd_io){
			.file = meta->file, .write = true, .buffer = pages[i]->data,
			.length = meta->unit, .offset = pages[i]->offset,
		};
	result = meta->file->ops->batch(meta->file, ios, count);
	if (!result)
		clean(meta, count);
	return result;
}
