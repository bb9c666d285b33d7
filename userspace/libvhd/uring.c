// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Transfers by io_uring: as many at a time as the ring has places.
 */
#include <liburing.h>
#include <stdlib.h>

#include "vhd_bytes.h"
#include "vhd_file.h"

#define DEPTH	64u

/**
 * struct vhd_uring - a ring
 * @ring: the kernel's and ours
 * @broken: why nothing more is submitted: what was queued then still lies in it
 */
struct vhd_uring {
	struct io_uring ring;
	int broken;
};

/* NULL where the kernel has none, or forbids it: transfers are made one by one then. */
struct vhd_uring *vhd_uring_create(void)
{
	struct vhd_uring *uring = calloc(1, sizeof(*uring));

	if (uring && io_uring_queue_init(DEPTH, &uring->ring, 0) < 0) {
		free(uring);
		return NULL;
	}
	return uring;
}

void vhd_uring_destroy(struct vhd_uring *uring)
{
	if (!uring)
		return;
	io_uring_queue_exit(&uring->ring);
	free(uring);
}

static bool queue(struct vhd_uring *uring, struct vhd_io *io)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);
	unsigned int length = (unsigned int)lesser(io->length, VHD_GIB);

	if (!sqe)
		return false;
	if (io->write)
		io_uring_prep_write(sqe, io->file->fd, io->buffer, length, io->offset);
	else
		io_uring_prep_read(sqe, io->file->fd, io->buffer, length, io->offset);
	if (io->write && io->durable)
		sqe->rw_flags = RWF_DSYNC;
	io_uring_sqe_set_data(sqe, io);
	return true;
}

/* What was cut short, or is to be tried again, is done here. */
static int complete(struct io_uring_cqe *cqe)
{
	struct vhd_io *io = io_uring_cqe_get_data(cqe);

	if (cqe->res < 0 && cqe->res != -EAGAIN && cqe->res != -EINTR)
		return cqe->res;
	return vhd_file_finish(io, cqe->res > 0 ? cqe->res : 0);
}

static int submit(struct vhd_uring *uring, unsigned int *queued, unsigned int *flying)
{
	int count = io_uring_submit(&uring->ring);

	if (count < 0)
		return count == -EINTR || count == -EAGAIN || count == -EBUSY ? 0 : count;
	*queued -= count;
	*flying += count;
	return 0;
}

/*
 * Buffers are the kernel's until their transfer has come back, so this does not return while
 * any is under way, whatever happened.
 */
int vhd_uring_batch(struct vhd_uring *uring, struct vhd_io *ios, unsigned int count)
{
	unsigned int next = 0, queued = 0, flying = 0;
	int result = uring->broken;

	while ((next < count && !result) || queued || flying) {
		struct io_uring_cqe *cqe;
		int one;

		while (!result && next < count && flying + queued < DEPTH &&
		       queue(uring, &ios[next])) {
			next++;
			queued++;
		}
		if (queued && !uring->broken)
			uring->broken = submit(uring, &queued, &flying);
		if (uring->broken && !flying)
			return uring->broken;
		if (!flying)
			continue;
		if (io_uring_wait_cqe(&uring->ring, &cqe))
			continue;
		one = complete(cqe);
		io_uring_cqe_seen(&uring->ring, cqe);
		flying--;
		if (!result)
			result = one;
	}
	return result;
}
