// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing the log of a VHDX ([MS-VHDX] 2.3): how changed metadata get into the file.
 *
 * A commit is: flush, so that the data that the metadata speak of are there, and the
 * units that the last commit put in their places; write one entry; flush; put the units
 * in their places.  So an entry that is being written never needs the one before it, and
 * its tail is itself.  Two entries of the largest size fit into the smallest log.
 */
#include <stdlib.h>

#include "vhdx.h"

/* Descriptors that fit with the header into one sector. */
#define UNITS_MAX	((VHDX_PAGE - sizeof(struct vhdx_log_header)) / \
			 sizeof(struct vhdx_log_descriptor))

int vhdx_log_open(struct vhdx *x)
{
	vhd_guid_new(&x->header.log);
	x->header.log_version = 0;
	x->log_at = 0;
	x->log_sequence = 1;
	return 0;
}

int vhdx_log_close(struct vhdx *x)
{
	memset(&x->header.log, 0, sizeof(x->header.log));
	return vhdx_store_header(x);
}

static void put_unit(uint8_t *entry, unsigned int i, const struct vhd_page *page,
		     uint64_t sequence)
{
	struct vhdx_log_descriptor *descriptor =
		(void *)(entry + sizeof(struct vhdx_log_header) + i * sizeof(*descriptor));
	struct vhdx_log_data *data = (void *)(entry + (i + 1) * VHDX_PAGE);

	memcpy(descriptor->signature, "desc", 4);
	memcpy(&descriptor->leading, page->data, 8);
	memcpy(&descriptor->trailing, page->data + 4092, 4);
	descriptor->offset = htole64(page->offset);
	descriptor->sequence = htole64(sequence);
	memcpy(data->signature, "data", 4);
	data->sequence_high = htole32((uint32_t)(sequence >> 32));
	memcpy(data->data, page->data + 8, sizeof(data->data));
	data->sequence_low = htole32((uint32_t)sequence);
}

static void build(struct vhdx *x, uint8_t *entry, struct vhd_page **pages, unsigned int count)
{
	struct vhdx_log_header *header = (void *)entry;
	uint32_t length = (count + 1) * VHDX_PAGE;

	memset(entry, 0, VHDX_PAGE);
	memcpy(header->signature, "loge", 4);
	header->length = htole32(length);
	header->tail = htole32((uint32_t)x->log_at);
	header->sequence = htole64(x->log_sequence);
	header->descriptors = htole32(count);
	header->log = x->header.log;
	header->flushed_size = htole64(x->disk->file->size);
	header->last_size = header->flushed_size;
	for (unsigned int i = 0; i < count; i++)
		put_unit(entry, i, pages[i], x->log_sequence);
	header->checksum = htole32(vhd_crc32c(0, entry, length));
}

/* The log is a ring: an entry may go on at its beginning. */
static int store(struct vhdx *x, uint8_t *entry, uint64_t length)
{
	struct vhd_file *file = x->disk->file;
	uint64_t first = lesser(length, x->header.log_length - x->log_at);
	struct vhd_io ios[2] = {
		{ .file = file, .write = true, .buffer = entry, .length = first,
		  .offset = x->header.log_offset + x->log_at },
		{ .file = file, .write = true, .buffer = entry + first, .length = length - first,
		  .offset = x->header.log_offset },
	};
	int result = file->ops->batch(file, ios, first < length ? 2 : 1);

	if (!result)
		result = file->ops->flush(file);
	x->log_at = (x->log_at + length) % x->header.log_length;
	x->log_sequence++;
	return result;
}

static int commit_some(struct vhdx *x, uint8_t *entry)
{
	struct vhd_page *pages[UNITS_MAX];
	unsigned int count = vhd_meta_dirty(&x->meta, pages, UNITS_MAX);
	int result;

	build(x, entry, pages, count);
	result = store(x, entry, (uint64_t)(count + 1) * VHDX_PAGE);
	return result ? result : vhd_meta_apply(&x->meta, pages, count);
}

/* Nothing names what was freed any more.  A file system that cannot punch keeps the space. */
static void give_back(struct vhdx *x)
{
	struct vhd_file *file = x->disk->file;

	for (uint32_t i = 0; i < x->space.freed_count; i++) {
		uint64_t offset = x->space.freed[i].first * VHDX_ALIGN;
		uint64_t length = x->space.freed[i].count * VHDX_ALIGN;

		if (within(offset, length, file->size))
			file->ops->punch(file, offset, length);
		vhd_meta_forget(&x->meta, offset, length);
	}
	vhd_space_committed(&x->space);
}

/**
 * vhdx_log_commit() - make all that was changed durable
 * @x: open for writing, its log open
 *
 * Return: 0, or an error after which the disk takes no more changes.
 */
int vhdx_log_commit(struct vhdx *x)
{
	struct vhd_file *file = x->disk->file;
	int result = file->ops->flush(file);
	uint8_t *entry;

	if (result)
		return vhd_break(x->disk, result, "flushing");
	if (!x->meta.dirty)
		return 0;
	entry = malloc((lesser(x->meta.dirty, UNITS_MAX) + 1) * VHDX_PAGE);
	if (!entry)
		return -ENOMEM;
	do {
		result = commit_some(x, entry);
		if (!result && x->meta.dirty)
			result = file->ops->flush(file);
	} while (!result && x->meta.dirty);
	free(entry);
	if (result)
		return vhd_break(x->disk, result, "writing the log");
	give_back(x);
	return 0;
}
