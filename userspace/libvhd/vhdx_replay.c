// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading the log of a VHDX that was not closed ([MS-VHDX] 2.3.2, 2.3.3).
 *
 * All entries of the active sequence are checked before any is applied.  Open for
 * writing, they are applied to the file; else to the cache of its metadata alone.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "vhdx.h"

/* Checksums of at most this many logs' worth of bytes: entries may be hidden in others. */
#define EFFORT	16u

/**
 * struct sequence - entries that follow each other
 * @tail: offset of the first in the log
 * @length: bytes of all
 * @count: how many
 * @number: the last one's
 * @last: its header
 */
struct sequence {
	uint32_t tail;
	uint64_t length;
	uint32_t count;
	uint64_t number;
	struct vhdx_log_header last;
};

static int read_log(struct vhdx *x, void *buffer, size_t length, uint64_t at)
{
	uint64_t log_length = x->header.log_length;
	uint64_t first;
	int result;

	at %= log_length;
	first = lesser(length, log_length - at);
	result = vhd_file_read(x->disk->file, buffer, first, x->header.log_offset + at);
	if (!result && first < length)
		result = vhd_file_read(x->disk->file, (uint8_t *)buffer + first, length - first,
				       x->header.log_offset);
	return result ? vhd_io_error(x->disk, result, "reading the log") : 0;
}

static void swap_header(struct vhdx_log_header *header)
{
	header->checksum = le32toh(header->checksum);
	header->length = le32toh(header->length);
	header->tail = le32toh(header->tail);
	header->sequence = le64toh(header->sequence);
	header->descriptors = le32toh(header->descriptors);
	header->flushed_size = le64toh(header->flushed_size);
	header->last_size = le64toh(header->last_size);
}

static uint64_t descriptor_sectors(const struct vhdx_log_header *header)
{
	return round_up(sizeof(*header) + (uint64_t)header->descriptors *
			sizeof(struct vhdx_log_descriptor), VHDX_PAGE) / VHDX_PAGE;
}

/* What can be known without the rest of the entry. */
static bool plausible(const struct vhdx *x, const struct vhdx_log_header *header)
{
	return !memcmp(header->signature, "loge", 4) &&
	       guid_equal(&header->log, &x->header.log) && header->sequence &&
	       header->length && !(header->length % VHDX_PAGE) &&
	       header->length <= x->header.log_length &&
	       !(header->tail % VHDX_PAGE) && header->tail < x->header.log_length &&
	       descriptor_sectors(header) * VHDX_PAGE <= header->length;
}

/* 1: an entry is at @at, and @header is its; 0: there is none. */
static int read_entry(struct vhdx *x, uint64_t at, struct vhdx_log_header *header,
		      uint64_t *effort)
{
	uint8_t chunk[64 * 1024];
	uint32_t crc = 0;
	int result = read_log(x, header, sizeof(*header), at);

	swap_header(header);
	if (result || !plausible(x, header))
		return result;
	*effort += header->length;
	if (*effort > (uint64_t)EFFORT * x->header.log_length)
		return vhd_bad(x->disk, "LogEntry.EntryLength",
			       "the log's entries lie within each other");
	for (uint64_t done = 0; done < header->length; ) {
		size_t now = lesser(sizeof(chunk), header->length - done);

		result = read_log(x, chunk, now, at + done);
		if (result)
			return result;
		if (!done)
			memset(chunk + offsetof(struct vhdx_log_header, checksum), 0, 4);
		crc = vhd_crc32c(crc, chunk, now);
		done += now;
	}
	return crc == header->checksum;
}

/* The longest sequence that begins at @tail; count 0 when none does. */
static int read_sequence(struct vhdx *x, uint32_t tail, struct sequence *sequence,
			 uint64_t *effort)
{
	uint64_t log_length = x->header.log_length;
	struct vhdx_log_header header;

	*sequence = (struct sequence){ .tail = tail };
	while (sequence->length < log_length) {
		int found = read_entry(x, tail + sequence->length, &header, effort);

		if (found < 0)
			return found;
		if (!found || (sequence->count && header.sequence != sequence->number + 1) ||
		    sequence->length + header.length > log_length)
			break;
		sequence->count++;
		sequence->number = header.sequence;
		sequence->length += header.length;
		sequence->last = header;
	}
	return 0;
}

/* 2.3.2: valid if the last entry's tail is one of the sequence. */
static bool valid(const struct vhdx *x, const struct sequence *sequence)
{
	uint64_t log_length = x->header.log_length;
	uint64_t tail = (sequence->last.tail + log_length - sequence->tail) % log_length;

	return sequence->count && tail < sequence->length;
}

static int find_active(struct vhdx *x, struct sequence *active)
{
	uint64_t effort = 0;
	uint64_t tail = 0;

	*active = (struct sequence){ 0 };
	while (tail < x->header.log_length) {
		struct sequence candidate;
		int result = read_sequence(x, (uint32_t)tail, &candidate, &effort);

		if (result)
			return result;
		if (valid(x, &candidate) && candidate.number > active->number)
			*active = candidate;
		tail += candidate.count ? candidate.length : VHDX_PAGE;
	}
	return 0;
}

static bool touches(const struct vhdx *x, uint64_t offset, uint64_t length)
{
	return offset < VHDX_REGION_1 || length > VHDX_FILE_MAX || offset > VHDX_FILE_MAX ||
	       overlap(offset, length, x->header.log_offset, x->header.log_length);
}

static int check_descriptor(struct vhdx *x, const struct vhdx_log_header *header,
			    const struct vhdx_log_descriptor *descriptor, bool *data)
{
	uint64_t offset = le64toh(descriptor->offset);
	uint64_t length = VHDX_PAGE;

	*data = !memcmp(descriptor->signature, "desc", 4);
	if (!*data && memcmp(descriptor->signature, "zero", 4))
		return vhd_bad(x->disk, "LogDescriptor.Signature",
			       "is neither \"desc\" nor \"zero\"");
	if (!*data)
		length = le64toh(descriptor->leading);
	if (le64toh(descriptor->sequence) != header->sequence)
		return vhd_bad(x->disk, "LogDescriptor.SequenceNumber",
			       "is not that of its entry");
	if (offset % VHDX_PAGE || length % VHDX_PAGE || touches(x, offset, length) ||
	    !within(offset, length, greater(header->last_size, x->disk->file->size)))
		return vhd_bad(x->disk, "LogDescriptor.FileOffset",
			       "%#" PRIx64 ", length %#" PRIx64 ": not to be written by a log",
			       offset, length);
	return 0;
}

static int apply_data(struct vhdx *x, const struct vhdx_log_header *header,
		      const struct vhdx_log_descriptor *descriptor, uint64_t at, bool apply)
{
	struct vhdx_log_data sector;
	uint8_t unit[VHDX_PAGE];
	uint64_t offset = le64toh(descriptor->offset);
	int result = read_log(x, &sector, sizeof(sector), at);

	if (result)
		return result;
	if (memcmp(sector.signature, "data", 4) ||
	    le32toh(sector.sequence_high) != header->sequence >> 32 ||
	    le32toh(sector.sequence_low) != (uint32_t)header->sequence)
		return vhd_bad(x->disk, "LogDataSector",
			       "signature or sequence number is not that of its entry");
	if (!apply)
		return 0;
	memcpy(unit, &descriptor->leading, 8);
	memcpy(unit + 8, sector.data, sizeof(sector.data));
	memcpy(unit + 4092, &descriptor->trailing, 4);
	if (x->disk->flags & VHD_OPEN_WRITE)
		return vhd_file_write(x->disk->file, unit, sizeof(unit), offset);
	return vhd_meta_pin(&x->meta, unit, offset);
}

static int apply_zero(struct vhdx *x, const struct vhdx_log_descriptor *descriptor, bool apply)
{
	static const uint8_t zeros[VHDX_PAGE];
	uint64_t offset = le64toh(descriptor->offset);
	uint64_t length = le64toh(descriptor->leading);
	int result = 0;

	if (x->disk->flags & VHD_OPEN_WRITE)
		return apply && length ?
			x->disk->file->ops->punch(x->disk->file, offset, length) : 0;
	if (length > VHD_MIB)
		return vhd_bad(x->disk, "LogDescriptor.ZeroLength",
			       "is %#" PRIx64 ": repair the disk first (rsctl vhd check --repair)",
			       length);
	for (uint64_t done = 0; apply && !result && done < length; done += VHDX_PAGE)
		result = vhd_meta_pin(&x->meta, zeros, offset + done);
	return result;
}

/* Checks, or applies, the entry at @at. */
static int walk_entry(struct vhdx *x, const struct vhdx_log_header *header, uint64_t at,
		      bool apply)
{
	uint64_t data_at = at + descriptor_sectors(header) * VHDX_PAGE;
	uint64_t position = at + sizeof(*header);

	for (uint32_t i = 0; i < header->descriptors; i++) {
		struct vhdx_log_descriptor descriptor;
		bool data;
		int result = read_log(x, &descriptor, sizeof(descriptor), position);

		if (!result)
			result = check_descriptor(x, header, &descriptor, &data);
		if (!result && data && data_at + VHDX_PAGE > at + header->length)
			result = vhd_bad(x->disk, "LogEntry.DescriptorCount",
					 "is %u: there are fewer data sectors",
					 header->descriptors);
		if (!result)
			result = data ? apply_data(x, header, &descriptor, data_at, apply) :
					apply_zero(x, &descriptor, apply);
		if (result)
			return result;
		data_at += data ? VHDX_PAGE : 0;
		position += sizeof(descriptor);
	}
	return 0;
}

/* From the last entry's tail on: what lies before it is in its place already. */
static int walk(struct vhdx *x, const struct sequence *active, bool apply)
{
	uint64_t log_length = x->header.log_length;
	uint64_t done = (active->last.tail + log_length - active->tail) % log_length;

	x->log_entries = 0;
	while (done < active->length) {
		struct vhdx_log_header header;
		int result = read_log(x, &header, sizeof(header), active->tail + done);

		swap_header(&header);
		/* The tail may point into the middle of an entry. */
		if (!result && !plausible(x, &header))
			result = vhd_bad(x->disk, "LogEntry.Tail", "is not where an entry begins");
		if (!result)
			result = walk_entry(x, &header, active->tail + done, apply);
		if (result)
			return result;
		done += header.length;
		x->log_entries++;
	}
	return 0;
}

static int check_sizes(struct vhdx *x, const struct sequence *active)
{
	uint64_t size = x->disk->file->size;

	if (active->last.flushed_size > size)
		return vhd_bad(x->disk, "LogEntry.FlushedFileOffset",
			       "is %#" PRIx64 ": the file has been truncated to %#" PRIx64
			       "; restore it from a backup", active->last.flushed_size, size);
	if (active->last.last_size > VHDX_FILE_MAX)
		return vhd_bad(x->disk, "LogEntry.LastFileOffset", "is %#" PRIx64 ": too large",
			       active->last.last_size);
	return 0;
}

static int finish(struct vhdx *x, const struct sequence *active)
{
	struct vhd_file *file = x->disk->file;
	int result = 0;

	if (!(x->disk->flags & VHD_OPEN_WRITE))
		return 0;
	if (active->last.last_size > file->size)
		result = file->ops->resize(file, active->last.last_size);
	if (result)
		return vhd_io_error(x->disk, result, "replaying the log");
	return vhdx_log_close(x);
}

/**
 * vhdx_log_replay() - bring the metadata to the state that the log has
 * @x: its headers are loaded, nothing else is
 *
 * Return: 0 also when there is nothing to do.
 */
int vhdx_log_replay(struct vhdx *x)
{
	struct sequence active;
	int result;

	if (guid_null(&x->header.log))
		return 0;
	result = find_active(x, &active);
	if (result)
		return result;
	if (active.count) {
		result = check_sizes(x, &active);
		if (!result)
			result = walk(x, &active, false);
		if (!result)
			result = walk(x, &active, true);
		if (result)
			return vhd_io_error(x->disk, result, "replaying the log");
	}
	return finish(x, &active);
}
