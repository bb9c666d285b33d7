// SPDX-License-Identifier: GPL-2.0-or-later
/* Files in memory: see memory_file.h. */
#include "memory_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vhd_bytes.h"

struct memory_file {
	struct vhd_file file;
	struct memory_fs *fs;
	struct memory_node *node;
	bool write;
	bool locked;
};

static struct memory_page *find(const struct memory_store *store, uint64_t index)
{
	struct memory_page *page = store->pages[index % MEMORY_PAGES];

	while (page && page->index != index)
		page = page->next;
	return page;
}

static void drop(struct memory_store *store, uint64_t index)
{
	struct memory_page **link = &store->pages[index % MEMORY_PAGES];

	while (*link && (*link)->index != index)
		link = &(*link)->next;
	if (*link) {
		struct memory_page *page = *link;

		*link = page->next;
		free(page);
	}
}

static void store_read(const struct memory_store *store, void *buffer, size_t length,
		       uint64_t offset)
{
	uint8_t *to = buffer;

	while (length) {
		size_t inside = offset % MEMORY_PAGE;
		size_t now = MEMORY_PAGE - inside < length ? MEMORY_PAGE - inside : length;
		struct memory_page *page = find(store, offset / MEMORY_PAGE);

		if (page)
			memcpy(to, page->data + inside, now);
		else
			memset(to, 0, now);
		to += now;
		offset += now;
		length -= now;
	}
}

static void store_write(struct memory_store *store, const uint8_t *from, size_t length,
			uint64_t offset)
{
	if (offset + length > store->size)
		store->size = offset + length;
	while (length) {
		size_t inside = offset % MEMORY_PAGE;
		size_t now = MEMORY_PAGE - inside < length ? MEMORY_PAGE - inside : length;
		struct memory_page *page = find(store, offset / MEMORY_PAGE);

		if (!page) {
			page = calloc(1, sizeof(*page));
			page->index = offset / MEMORY_PAGE;
			page->next = store->pages[page->index % MEMORY_PAGES];
			store->pages[page->index % MEMORY_PAGES] = page;
		}
		memcpy(page->data + inside, from, now);
		from += now;
		offset += now;
		length -= now;
	}
}

/* Whole pages, those that there are; how far that got. */
static uint64_t drop_between(struct memory_store *store, uint64_t offset, uint64_t end)
{
	static const uint8_t zeros[MEMORY_PAGE];
	uint64_t first = (offset + MEMORY_PAGE - 1) / MEMORY_PAGE;

	if (offset % MEMORY_PAGE && find(store, offset / MEMORY_PAGE))
		store_write(store, zeros, first * MEMORY_PAGE - offset, offset);
	for (unsigned int i = 0; i < MEMORY_PAGES; i++)
		for (struct memory_page *page = store->pages[i], *next; page; page = next) {
			next = page->next;
			if (page->index >= first && page->index < end / MEMORY_PAGE)
				drop(store, page->index);
		}
	return end / MEMORY_PAGE * MEMORY_PAGE;
}

static void store_punch(struct memory_store *store, uint64_t offset, uint64_t length)
{
	static const uint8_t zeros[MEMORY_PAGE];
	uint64_t end = within(offset, length, store->size) ? offset + length : store->size;

	if (end > offset && end - offset > 256 * MEMORY_PAGE)
		offset = drop_between(store, offset, end);
	while (offset < end) {
		size_t inside = offset % MEMORY_PAGE;
		size_t now = MEMORY_PAGE - inside < end - offset ? MEMORY_PAGE - inside :
								   end - offset;

		if (now == MEMORY_PAGE)
			drop(store, offset / MEMORY_PAGE);
		else if (find(store, offset / MEMORY_PAGE))
			store_write(store, zeros, now, offset);
		offset += now;
	}
}

/* Looks only at pages that exist: sizes may be huge. */
static void store_cut_off(struct memory_store *store, uint64_t size)
{
	uint64_t first = (size + MEMORY_PAGE - 1) / MEMORY_PAGE;

	for (unsigned int i = 0; i < MEMORY_PAGES; i++)
		for (struct memory_page *page = store->pages[i], *next; page; page = next) {
			next = page->next;
			if (page->index >= first)
				drop(store, page->index);
		}
	if (size % MEMORY_PAGE)
		store_punch(store, size, MEMORY_PAGE - size % MEMORY_PAGE);
}

static void store_resize(struct memory_store *store, uint64_t size)
{
	if (size < store->size)
		store_cut_off(store, size);
	store->size = size;
}

static void store_clear(struct memory_store *store)
{
	store_cut_off(store, 0);
	store->size = 0;
}

static void store_copy(struct memory_store *to, const struct memory_store *from)
{
	store_clear(to);
	for (unsigned int i = 0; i < MEMORY_PAGES; i++)
		for (struct memory_page *page = from->pages[i]; page; page = page->next)
			store_write(to, page->data, MEMORY_PAGE, page->index * MEMORY_PAGE);
	to->size = from->size;
}

static void apply(struct memory_store *store, const struct memory_change *change)
{
	if (change->kind == MEMORY_WRITE)
		store_write(store, change->data, change->length, change->offset);
	else if (change->kind == MEMORY_PUNCH)
		store_punch(store, change->offset, change->length);
	else
		store_resize(store, change->length);
}

static void forget_changes(struct memory_node *node)
{
	for (unsigned int i = 0; i < node->changes_count; i++)
		free(node->changes[i].data);
	node->changes_count = 0;
}

static int change(struct memory_node *node, struct memory_change what, const void *data)
{
	if (node->no_write)
		abort();
	if (node->fail_after && !--node->fail_after) {
		node->fail_after = 1;
		return -EIO;
	}
	if (node->size_limit && what.offset + what.length > node->size_limit)
		return -ENOSPC;
	node->writes++;
	what.data = (uint8_t *)data;
	apply(&node->now, &what);
	if (!node->keep_durable)
		return 0;
	if (node->changes_count == node->changes_room) {
		node->changes_room = node->changes_room * 2 + 64;
		node->changes = realloc(node->changes,
					node->changes_room * sizeof(*node->changes));
	}
	if (data) {
		what.data = malloc(what.length);
		memcpy(what.data, data, what.length);
	}
	node->changes[node->changes_count++] = what;
	return 0;
}

static int batch(struct vhd_file *file, struct vhd_io *ios, unsigned int count)
{
	int result = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct memory_file *memory = (struct memory_file *)ios[i].file;
		struct memory_change what = { MEMORY_WRITE, ios[i].offset, ios[i].length, NULL };
		int one = 0;

		if (!ios[i].write) {
			store_read(&memory->node->now, ios[i].buffer, ios[i].length,
				   ios[i].offset);
			continue;
		}
		one = memory->write ? change(memory->node, what, ios[i].buffer) : -EBADF;
		memory->file.size = memory->node->now.size;
		if (!result)
			result = one;
	}
	return result;
}

static int flush(struct vhd_file *file)
{
	struct memory_node *node = ((struct memory_file *)file)->node;

	if (node->fail_after == 1)
		return -EIO;
	for (unsigned int i = 0; i < node->changes_count; i++)
		apply(&node->durable, &node->changes[i]);
	forget_changes(node);
	node->flushes++;
	return 0;
}

static int resize(struct vhd_file *file, uint64_t size)
{
	struct memory_node *node = ((struct memory_file *)file)->node;
	int result = change(node, (struct memory_change){ MEMORY_SIZE, 0, size, NULL }, NULL);

	file->size = node->now.size;
	return result;
}

static int punch(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	return change(((struct memory_file *)file)->node,
		      (struct memory_change){ MEMORY_PUNCH, offset, length, NULL }, NULL);
}

static int reserve(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	return -EOPNOTSUPP;
}

/* Where the first page after @index is, or the end. */
static uint64_t next_page(const struct memory_store *store, uint64_t index)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < MEMORY_PAGES; i++)
		for (struct memory_page *page = store->pages[i]; page; page = page->next)
			if (page->index > index && page->index < best)
				best = page->index;
	return best == UINT64_MAX ? store->size : best * MEMORY_PAGE;
}

static int extent(struct vhd_file *file, uint64_t offset, bool *data, uint64_t *end)
{
	struct memory_node *node = ((struct memory_file *)file)->node;
	uint64_t index = offset / MEMORY_PAGE;

	*data = find(&node->now, index);
	*end = next_page(&node->now, index);
	while (*data && find(&node->now, index)) {
		index++;
		*end = index * MEMORY_PAGE;
	}
	return 0;
}

uint64_t memory_pages(const struct memory_node *node)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < MEMORY_PAGES; i++)
		for (struct memory_page *page = node->now.pages[i]; page; page = page->next)
			count++;
	return count;
}

static uint64_t allocated(struct vhd_file *file)
{
	return memory_pages(((struct memory_file *)file)->node) * MEMORY_PAGE;
}

/* One writer, or readers. */
static int lock(struct vhd_file *file, bool write)
{
	struct memory_file *memory = (struct memory_file *)file;

	if (write ? memory->node->lock : memory->node->lock < 0)
		return -EAGAIN;
	memory->node->lock += write ? -1 : 1;
	memory->write = write;
	memory->locked = true;
	return 0;
}

static int open_other(struct vhd_file *file, const char *path, uint32_t flags,
		      struct vhd_file **other, struct vhd_error *error)
{
	char name[64];

	while (!strncmp(path, "./", 2))
		path += 2;
	snprintf(name, sizeof(name), "%s%s", *path == '/' ? "" : "/", path);
	*other = memory_open(((struct memory_file *)file)->fs, name, flags);
	if (*other)
		return 0;
	if (error)
		snprintf(error->text, sizeof(error->text), "%s: is not there", name);
	return -ENOENT;
}

static void close_file(struct vhd_file *file)
{
	struct memory_file *memory = (struct memory_file *)file;

	if (memory->locked)
		memory->node->lock += memory->write ? 1 : -1;
	memory->node->opens--;
	free(file->path);
	free(file);
}

static const struct vhd_file_ops memory_ops = {
	.batch = batch, .flush = flush, .resize = resize, .punch = punch, .reserve = reserve,
	.extent = extent, .allocated = allocated, .lock = lock, .open = open_other,
	.close = close_file,
};

void memory_init(struct memory_fs *fs)
{
	memset(fs, 0, sizeof(*fs));
}

void memory_fini(struct memory_fs *fs)
{
	for (unsigned int i = 0; i < fs->count; i++) {
		struct memory_node *node = &fs->nodes[i];

		if (node->opens)
			abort();
		forget_changes(node);
		free(node->changes);
		store_clear(&node->now);
		store_clear(&node->durable);
		free(node->now.pages);
		free(node->durable.pages);
	}
	fs->count = 0;
}

static struct memory_node *lookup(struct memory_fs *fs, const char *name)
{
	for (unsigned int i = 0; i < fs->count; i++)
		if (!strcmp(fs->nodes[i].name, name))
			return &fs->nodes[i];
	return NULL;
}

struct memory_node *memory_node(struct memory_fs *fs, const char *name)
{
	struct memory_node *node = lookup(fs, name);

	if (node)
		return node;
	if (fs->count == MEMORY_FILES)
		abort();
	node = &fs->nodes[fs->count++];
	memset(node, 0, sizeof(*node));
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->now.pages = calloc(MEMORY_PAGES, sizeof(*node->now.pages));
	node->durable.pages = calloc(MEMORY_PAGES, sizeof(*node->durable.pages));
	return node;
}

struct vhd_file *memory_open(struct memory_fs *fs, const char *name, uint32_t flags)
{
	struct memory_node *node = lookup(fs, name);
	struct memory_file *memory;

	if (!node)
		return NULL;
	memory = calloc(1, sizeof(*memory));
	memory->file.ops = &memory_ops;
	memory->file.size = node->now.size;
	memory->file.path = strdup(name);
	memory->file.id[0] = (uintptr_t)node;
	memory->file.fd = -1;
	memory->fs = fs;
	memory->node = node;
	/* Who makes a disk in it does not lock it. */
	memory->write = true;
	node->opens++;
	return &memory->file;
}

void memory_keep(struct memory_node *node)
{
	forget_changes(node);
	store_copy(&node->durable, &node->now);
	node->keep_durable = true;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void apply_torn(struct memory_store *store, const struct memory_change *what,
		       uint32_t *state)
{
	struct memory_change piece = *what;

	if (what->kind != MEMORY_WRITE || next_random(state) % 2) {
		apply(store, what);
		return;
	}
	for (uint64_t done = 0; done < what->length; done += piece.length) {
		piece.offset = what->offset + done;
		piece.length = 512 - piece.offset % 512;
		if (piece.length > what->length - done)
			piece.length = what->length - done;
		piece.data = what->data + done;
		if (next_random(state) % 2)
			apply(store, &piece);
	}
}

/*
 * Seed 0: nothing of them; seed 1: all.  Else writes come in any order and any number; the
 * sizes that the file had are taken in their order, as file systems do.
 */
void memory_cut(struct memory_node *node, uint32_t seed)
{
	unsigned int count = node->changes_count;
	uint32_t state = seed;

	for (unsigned int i = 0; seed && i < count; i++) {
		unsigned int other = seed == 1 ? i : i + next_random(&state) % (count - i);
		struct memory_change swap = node->changes[i];

		/* Only writes change places: a size or a hole is a journalled change. */
		if (swap.kind == MEMORY_WRITE && node->changes[other].kind == MEMORY_WRITE) {
			node->changes[i] = node->changes[other];
			node->changes[other] = swap;
		}
		if (seed == 1)
			apply(&node->durable, &node->changes[i]);
		else if (next_random(&state) % 3)
			apply_torn(&node->durable, &node->changes[i], &state);
	}
	forget_changes(node);
	store_copy(&node->now, &node->durable);
	node->lock = 0;
}

void memory_copy(struct memory_node *to, const struct memory_node *from)
{
	forget_changes(to);
	store_copy(&to->now, &from->now);
	store_copy(&to->durable, &from->durable);
}

void memory_read(struct memory_node *node, void *buffer, size_t length, uint64_t offset)
{
	store_read(&node->now, buffer, length, offset);
}

void memory_write(struct memory_node *node, const void *buffer, size_t length, uint64_t offset)
{
	store_write(&node->now, buffer, length, offset);
}
