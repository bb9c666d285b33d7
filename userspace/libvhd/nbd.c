// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files that are exports of NBD servers, through libnbd: one connection, many commands in flight.
 *
 * A server may say nothing for vhd_nbd_patience; then the connection is given up, as when it
 * breaks.  It is made anew for the next command, and reads are tried again at once.  But when a
 * change was in flight, or was not flushed yet, the server may have lost it, or may still do it:
 * then the file is lost, and all that follows fails until it is opened again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "nbd.h"
#include "vhd_bytes.h"

#define DEPTH		64u		/* commands in flight */
#define TRANSFER_MAX	(32 * VHD_MIB)	/* what every server takes that does not say otherwise */
#define ZERO_MAX	VHD_GIB		/* zeros at once, and extents asked for at once */
#define EXTENTS_MAX	256u

int vhd_nbd_patience = 30000;

/**
 * struct nbd_file - an export
 * @nbd: the connection; NULL: there is none
 * @transfer_max: bytes of a command
 * @can_flush, @can_zero, @can_status: what the server offers
 * @writing: opened for it
 * @unflushed: changes that the server has told to be done, or not, and may lose
 * @lost: the error with which all of it ended
 * @why: what libnbd said last
 * @extents: what the server said of the bytes from @extents_at on, each to its end
 */
struct nbd_file {
	struct vhd_file file;
	const struct vhd_nbd_calls *calls;
	struct nbd_handle *nbd;
	uint64_t transfer_max;
	bool can_flush;
	bool can_zero;
	bool can_status;
	bool writing;
	bool unflushed;
	int lost;
	char why[256];
	uint64_t extents_at;
	unsigned int extents_count;
	struct extent {
		uint64_t end;
		bool data;
	} extents[EXTENTS_MAX];
};

/* Pieces of transfers; those without a buffer are zeros. */
struct plan {
	const struct vhd_io *ios;
	unsigned int count;
	unsigned int index;
	uint64_t done;
};

/* Commands in flight. */
struct flight {
	int64_t cookies[DEPTH];
	unsigned int count;
};

static int nbd_errno(struct nbd_file *nf)
{
	const char *why = nf->calls->get_error();
	int code = nf->calls->get_errno();

	snprintf(nf->why, sizeof(nf->why), "%s", why ? why : "for an unknown reason");
	return code > 0 ? -code : -EIO;
}

/* Buffers are ours again. */
static void hang_up(struct nbd_file *nf)
{
	nf->calls->close(nf->nbd);
	nf->nbd = NULL;
}

static bool broken(const struct nbd_file *nf)
{
	return nf->calls->aio_is_dead(nf->nbd) > 0 || nf->calls->aio_is_closed(nf->nbd) > 0;
}

/* Until something happened. */
static int wait_for_server(struct nbd_file *nf)
{
	int result = nf->calls->poll(nf->nbd, vhd_nbd_patience);

	if (result > 0)
		return 0;
	snprintf(nf->why, sizeof(nf->why), "it says nothing");
	result = result ? nbd_errno(nf) : -ETIMEDOUT;
	hang_up(nf);
	return result;
}

static int connect_uri(struct nbd_file *nf)
{
	const struct vhd_nbd_calls *calls = nf->calls;
	int result = 0;

	nf->nbd = calls->create();
	if (!nf->nbd)
		return nbd_errno(nf);
	if (calls->add_meta_context(nf->nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) ||
	    calls->aio_connect_uri(nf->nbd, nf->file.path))
		result = nbd_errno(nf);
	while (!result && calls->aio_is_connecting(nf->nbd) > 0)
		result = wait_for_server(nf);
	if (!result && calls->aio_is_ready(nf->nbd) <= 0)
		result = -ECONNREFUSED;
	if (result && nf->nbd)
		hang_up(nf);
	return result;
}

/* What the export is, the first time and when it was connected to anew. */
static int learn(struct nbd_file *nf, struct vhd_error *error)
{
	const struct vhd_nbd_calls *calls = nf->calls;
	int64_t size = calls->get_size(nf->nbd);
	int64_t least = calls->get_block_size(nf->nbd, LIBNBD_SIZE_MINIMUM);
	int64_t most = calls->get_block_size(nf->nbd, LIBNBD_SIZE_MAXIMUM);

	if (size < 0)
		return vhd_fail(error, nbd_errno(nf), "%s: has no size", nf->file.path);
	if (nf->file.size && (uint64_t)size != nf->file.size)
		return vhd_fail(error, -ESTALE, "%s: has another size now", nf->file.path);
	if (least > 4096)
		return vhd_fail(error, -EINVAL,
				"%s: takes no less than %lld bytes: put nbdkit's filter blocksize-policy before it",
				nf->file.path, (long long)least);
	nf->file.size = size;
	nf->file.sector_size = least > 512 ? 4096 : 512;
	nf->transfer_max = most >= 4096 ? round_down(lesser(most, TRANSFER_MAX), 4096) :
					  TRANSFER_MAX;
	nf->can_flush = calls->can_flush(nf->nbd) > 0;
	nf->can_zero = calls->can_zero(nf->nbd) > 0;
	nf->can_status = calls->can_meta_context(nf->nbd, LIBNBD_CONTEXT_BASE_ALLOCATION) > 0;
	if (!nf->writing)
		return 0;
	if (calls->is_read_only(nf->nbd) > 0)
		return vhd_fail(error, -EROFS, "%s: the server does not let it be written",
				nf->file.path);
	if (!nf->can_flush && calls->can_fua(nf->nbd) <= 0)
		return vhd_fail(error, -EOPNOTSUPP,
				"%s: the server cannot flush: what is written would not be safe",
				nf->file.path);
	if (size % nf->file.sector_size)
		return vhd_fail(error, -EINVAL,
				"%s: its size is not whole sectors: it can only be read",
				nf->file.path);
	return 0;
}

static int connect_server(struct nbd_file *nf, struct vhd_error *error)
{
	int result = connect_uri(nf);

	if (result)
		return vhd_fail(error, result, "%s: the server cannot be reached: %s",
				nf->file.path, nf->why);
	result = learn(nf, error);
	if (result)
		hang_up(nf);
	return result;
}

/* A connection, if it may be: what broke while nothing was asked is noticed here. */
static int ready(struct nbd_file *nf)
{
	if (nf->lost)
		return nf->lost;
	if (nf->nbd && (nf->calls->poll(nf->nbd, 0) < 0 || broken(nf)))
		hang_up(nf);
	if (nf->nbd)
		return 0;
	if (nf->unflushed)
		return nf->lost = -ENOTCONN;
	return connect_server(nf, NULL);
}

static bool cut(const struct nbd_file *nf, struct plan *plan, struct vhd_io *piece)
{
	for (; plan->index < plan->count; plan->index++, plan->done = 0) {
		const struct vhd_io *io = &plan->ios[plan->index];
		uint64_t most = io->buffer ? nf->transfer_max : ZERO_MAX;

		if (plan->done == io->length)
			continue;
		*piece = *io;
		piece->length = lesser(io->length - plan->done, most);
		piece->offset += plan->done;
		if (io->buffer)
			piece->buffer = (uint8_t *)io->buffer + plan->done;
		plan->done += piece->length;
		return true;
	}
	return false;
}

static int64_t issue(struct nbd_file *nf, const struct vhd_io *io)
{
	const struct vhd_nbd_calls *calls = nf->calls;
	uint32_t fua = io->durable || !nf->can_flush ? LIBNBD_CMD_FLAG_FUA : 0;

	if (!io->write)
		return calls->aio_pread(nf->nbd, io->buffer, io->length, io->offset,
					NBD_NULL_COMPLETION, 0);
	if (!io->buffer)
		return calls->aio_zero(nf->nbd, io->length, io->offset, NBD_NULL_COMPLETION, fua);
	return calls->aio_pwrite(nf->nbd, io->buffer, io->length, io->offset, NBD_NULL_COMPLETION,
				 fua);
}

/* Takes what has been done out of @flight; waits when that is nothing. */
static int reap(struct nbd_file *nf, struct flight *flight)
{
	unsigned int before = flight->count;
	int result = 0;

	for (unsigned int i = 0; i < flight->count;) {
		int done = nf->calls->aio_command_completed(nf->nbd, flight->cookies[i]);

		if (!done) {
			i++;
			continue;
		}
		if (done < 0 && !result)
			result = nbd_errno(nf);
		flight->cookies[i] = flight->cookies[--flight->count];
	}
	if (flight->count < before)
		return result;
	result = wait_for_server(nf);
	if (result)
		flight->count = 0;
	return result;
}

static int start(struct nbd_file *nf, struct flight *flight, int64_t cookie)
{
	if (cookie < 0)
		return nbd_errno(nf);
	flight->cookies[flight->count++] = cookie;
	return 0;
}

/* The first error; what is in flight is waited for nevertheless. */
static int finish(struct nbd_file *nf, struct flight *flight, int result)
{
	while (flight->count) {
		int one = reap(nf, flight);

		if (!result)
			result = one;
	}
	if (nf->nbd && broken(nf))
		hang_up(nf);
	return result;
}

static int run(struct nbd_file *nf, const struct vhd_io *ios, unsigned int count)
{
	struct plan plan = { .ios = ios, .count = count };
	struct flight flight = { .count = 0 };
	struct vhd_io piece;
	int result = 0;

	while (!result && cut(nf, &plan, &piece)) {
		result = start(nf, &flight, issue(nf, &piece));
		while (!result && flight.count == DEPTH)
			result = reap(nf, &flight);
	}
	return finish(nf, &flight, result);
}

static int read_ios(struct nbd_file *nf, const struct vhd_io *ios, unsigned int count)
{
	int result = ready(nf);

	if (result)
		return result;
	result = run(nf, ios, count);
	if (!result || nf->nbd)
		return result;
	/* The connection broke: once more, over a new one. */
	result = ready(nf);
	return result ? result : run(nf, ios, count);
}

static int change_ios(struct nbd_file *nf, const struct vhd_io *ios, unsigned int count)
{
	int result = nf->writing ? ready(nf) : -EBADF;

	if (result)
		return result;
	nf->extents_count = 0;
	result = run(nf, ios, count);
	for (unsigned int i = 0; i < count; i++)
		if (!ios[i].durable && nf->can_flush)
			nf->unflushed = true;
	if (!nf->nbd)
		nf->lost = result;
	return result;
}

/* Beyond the end there are zeros. */
static void clip(const struct nbd_file *nf, struct vhd_io *io)
{
	uint64_t there = io->offset < nf->file.size ? nf->file.size - io->offset : 0;

	there = lesser(there, io->length);
	memset((uint8_t *)io->buffer + there, 0, io->length - there);
	io->length = there;
}

static int nbd_batch(struct vhd_file *file, struct vhd_io *ios, unsigned int count)
{
	struct nbd_file *nf = (struct nbd_file *)file;
	bool writes = false;

	for (unsigned int i = 0; i < count; i++) {
		if (ios[i].write && !within(ios[i].offset, ios[i].length, file->size))
			return -ENOSPC;
		writes = writes || ios[i].write;
		if (!ios[i].write)
			clip(nf, &ios[i]);
	}
	return writes ? change_ios(nf, ios, count) : read_ios(nf, ios, count);
}

static int nbd_flush_file(struct vhd_file *file)
{
	struct nbd_file *nf = (struct nbd_file *)file;
	struct flight flight = { .count = 0 };
	int result;

	if (!nf->unflushed)
		return nf->lost;
	result = ready(nf);
	if (result)
		return result;
	result = start(nf, &flight, nf->calls->aio_flush(nf->nbd, NBD_NULL_COMPLETION, 0));
	result = finish(nf, &flight, result);
	if (result)
		nf->lost = result;
	else
		nf->unflushed = false;
	return result;
}

static int nbd_resize(struct vhd_file *file, uint64_t size)
{
	return size <= file->size ? 0 : -ENOSPC;
}

static int nbd_punch(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	struct nbd_file *nf = (struct nbd_file *)file;
	struct vhd_io zeros = { .file = file, .write = true, .offset = offset };

	if (!nf->can_zero)
		return -EOPNOTSUPP;
	if (!within(offset, length, file->size))
		return -ENOSPC;
	zeros.length = length;
	return change_ios(nf, &zeros, 1);
}

static int nbd_reserve(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	return -EOPNOTSUPP;
}

/* Pairs of a length and flags; what the server says is not believed beyond the end. */
static int take_extents(void *context, const char *name, uint64_t offset, uint32_t *entries,
			size_t count, int *error)
{
	struct nbd_file *nf = context;
	uint64_t end = offset;

	if (strcmp(name, LIBNBD_CONTEXT_BASE_ALLOCATION) != 0)
		return 0;
	nf->extents_at = offset;
	nf->extents_count = 0;
	for (size_t i = 0; i + 1 < count && nf->extents_count < EXTENTS_MAX; i += 2) {
		end = lesser(end + entries[i], nf->file.size);
		nf->extents[nf->extents_count].end = end;
		nf->extents[nf->extents_count].data = !(entries[i + 1] & LIBNBD_STATE_ZERO);
		nf->extents_count++;
	}
	return 0;
}

static int ask_extents(struct nbd_file *nf, uint64_t offset)
{
	nbd_extent_callback callback = { .callback = take_extents, .user_data = nf };
	struct flight flight = { .count = 0 };
	uint64_t length = lesser(nf->file.size - offset, ZERO_MAX);
	int result = ready(nf);

	nf->extents_count = 0;
	if (result)
		return result;
	result = start(nf, &flight, nf->calls->aio_block_status(nf->nbd, length, offset, callback,
								NBD_NULL_COMPLETION, 0));
	return finish(nf, &flight, result);
}

static bool find_extent(const struct nbd_file *nf, uint64_t offset, bool *data, uint64_t *end)
{
	unsigned int i = 0;

	if (offset < nf->extents_at)
		return false;
	while (i < nf->extents_count && nf->extents[i].end <= offset)
		i++;
	if (i == nf->extents_count)
		return false;
	*data = nf->extents[i].data;
	while (i < nf->extents_count && nf->extents[i].data == *data)
		*end = nf->extents[i++].end;
	return true;
}

static int nbd_extent(struct vhd_file *file, uint64_t offset, bool *data, uint64_t *end)
{
	struct nbd_file *nf = (struct nbd_file *)file;
	int result;

	if (!nf->can_status || offset >= file->size)
		return -EOPNOTSUPP;
	if (find_extent(nf, offset, data, end))
		return 0;
	result = ask_extents(nf, offset);
	if (result)
		return result;
	return find_extent(nf, offset, data, end) ? 0 : -EIO;
}

static uint64_t nbd_allocated(struct vhd_file *file)
{
	return UINT64_MAX;
}

/* There are none in the protocol. */
static int nbd_lock(struct vhd_file *file, bool write)
{
	return 0;
}

static int nbd_open_other(struct vhd_file *file, const char *path, uint32_t flags,
			  struct vhd_file **other, struct vhd_error *error)
{
	return vhd_file_open(path, flags, other, error);
}

static void nbd_close_file(struct vhd_file *file)
{
	struct nbd_file *nf = (struct nbd_file *)file;

	if (nf->nbd)
		hang_up(nf);
	free(file->path);
	free(nf);
}

static const struct vhd_file_ops nbd_ops = {
	.batch = nbd_batch,
	.flush = nbd_flush_file,
	.resize = nbd_resize,
	.punch = nbd_punch,
	.reserve = nbd_reserve,
	.extent = nbd_extent,
	.allocated = nbd_allocated,
	.lock = nbd_lock,
	.open = nbd_open_other,
	.close = nbd_close_file,
};

int vhd_nbd_open(const char *uri, uint32_t flags, struct vhd_file **file,
		 struct vhd_error *error)
{
	const struct vhd_nbd_calls *calls = vhd_nbd_calls(error);
	struct nbd_file *nf;
	int result;

	if (!calls)
		return -EOPNOTSUPP;
	nf = calloc(1, sizeof(*nf));
	if (nf)
		nf->file.path = strdup(uri);
	if (!nf || !nf->file.path) {
		free(nf);
		return vhd_fail(error, -ENOMEM, "out of memory");
	}
	nf->file.ops = &nbd_ops;
	nf->file.fd = -1;
	nf->file.id[0] = (uintptr_t)nf;
	nf->calls = calls;
	nf->writing = flags & VHD_OPEN_WRITE;
	result = connect_server(nf, error);
	if (result)
		nbd_close_file(&nf->file);
	else
		*file = &nf->file;
	return result;
}
