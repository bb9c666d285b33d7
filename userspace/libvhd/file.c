// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Real files and block devices.
 *
 * Locks are those of the open file description (fcntl(2)), on the whole file: they go with the
 * last descriptor, hold between two opens of one process too, and QEMU's exclude them.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vhd_bytes.h"
#include "vhd_file.h"

/**
 * struct real_file - a file, and the ring for transfers
 * @uring: NULL before the first batch, and where the kernel has none
 * @tried: whether it has been asked for
 */
struct real_file {
	struct vhd_file file;
	struct vhd_uring *uring;
	bool tried;
};

int vhd_file_read(struct vhd_file *file, void *buffer, size_t length, uint64_t offset)
{
	struct vhd_io io = {
		.file = file, .buffer = buffer, .length = length, .offset = offset,
	};

	return length ? file->ops->batch(file, &io, 1) : 0;
}

int vhd_file_write(struct vhd_file *file, const void *buffer, size_t length, uint64_t offset)
{
	struct vhd_io io = {
		.file = file, .write = true, .buffer = (void *)buffer, .length = length,
		.offset = offset,
	};

	return length ? file->ops->batch(file, &io, 1) : 0;
}

static ssize_t transfer(const struct vhd_io *io, size_t done)
{
	struct iovec rest = {
		.iov_base = (uint8_t *)io->buffer + done, .iov_len = io->length - done,
	};
	off_t at = (off_t)(io->offset + done);

	if (!io->write)
		return preadv(io->file->fd, &rest, 1, at);
	return pwritev2(io->file->fd, &rest, 1, at, io->durable ? RWF_DSYNC : 0);
}

int vhd_file_finish(struct vhd_io *io, size_t done)
{
	while (done < io->length) {
		uint8_t *at = (uint8_t *)io->buffer + done;
		ssize_t now = transfer(io, done);

		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0)
			return -errno;
		if (!now && io->write)
			return -EIO;
		if (!now) {
			memset(at, 0, io->length - done);
			return 0;
		}
		done += now;
	}
	if (io->write && io->offset + io->length > io->file->size)
		io->file->size = io->offset + io->length;
	return 0;
}

static int real_batch(struct vhd_file *file, struct vhd_io *ios, unsigned int count)
{
	struct real_file *real = (struct real_file *)file;
	int result = 0;

	if (count > 1 && !real->tried) {
		real->tried = true;
		real->uring = vhd_uring_create();
	}
	if (count > 1 && real->uring)
		return vhd_uring_batch(real->uring, ios, count);
	for (unsigned int i = 0; i < count; i++) {
		int one = vhd_file_finish(&ios[i], 0);

		if (!result)
			result = one;
	}
	return result;
}

static int real_flush(struct vhd_file *file)
{
	return fdatasync(file->fd) ? -errno : 0;
}

static bool is_device(const struct vhd_file *file)
{
	struct stat stat;

	return !fstat(file->fd, &stat) && S_ISBLK(stat.st_mode);
}

static int real_resize(struct vhd_file *file, uint64_t size)
{
	if (is_device(file))
		return size <= file->size ? 0 : -ENOSPC;
	if (ftruncate(file->fd, (off_t)size))
		return -errno;
	file->size = size;
	return 0;
}

static int write_zeros(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	static const uint8_t zeros[64 * 1024];
	int result = 0;

	while (!result && length) {
		size_t now = lesser(length, sizeof(zeros));

		result = vhd_file_write(file, zeros, now, offset);
		offset += now;
		length -= now;
	}
	return result;
}

static int real_punch(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	if (!fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		       (off_t)length))
		return 0;
	return errno == EOPNOTSUPP || errno == ENODEV ? write_zeros(file, offset, length) :
							-errno;
}

static int real_reserve(struct vhd_file *file, uint64_t offset, uint64_t length)
{
	if (is_device(file))
		return 0;
	if (fallocate(file->fd, 0, (off_t)offset, (off_t)length))
		return -errno;
	file->size = greater(file->size, offset + length);
	return 0;
}

static int real_extent(struct vhd_file *file, uint64_t offset, bool *data, uint64_t *end)
{
	off_t next = lseek(file->fd, (off_t)offset, SEEK_DATA);

	if (next < 0 && errno != ENXIO)
		return -errno;
	*data = next == (off_t)offset;
	if (*data)
		next = lseek(file->fd, (off_t)offset, SEEK_HOLE);
	*end = next < 0 ? UINT64_MAX : (uint64_t)next;
	return 0;
}

static uint64_t real_allocated(struct vhd_file *file)
{
	struct stat stat;

	return fstat(file->fd, &stat) ? 0 : (uint64_t)stat.st_blocks * 512;
}

static int real_lock(struct vhd_file *file, bool write)
{
	struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

	if (!fcntl(file->fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

static int open_path(const char *path, uint32_t flags, struct vhd_file **file,
		     struct vhd_error *error);

/* What an image names is a file, and no server. */
static int real_open(struct vhd_file *file, const char *path, uint32_t flags,
		     struct vhd_file **other, struct vhd_error *error)
{
	const char *slash = strrchr(file->path, '/');
	char whole[PATH_MAX];

	if (*path == '/' || !slash)
		snprintf(whole, sizeof(whole), "%s", path);
	else
		snprintf(whole, sizeof(whole), "%.*s/%s", (int)(slash - file->path), file->path,
			 path);
	return open_path(whole, flags, other, error);
}

static void real_close(struct vhd_file *file)
{
	struct real_file *real = (struct real_file *)file;

	vhd_uring_destroy(real->uring);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(real);
}

static const struct vhd_file_ops real_ops = {
	.batch = real_batch,
	.flush = real_flush,
	.resize = real_resize,
	.punch = real_punch,
	.reserve = real_reserve,
	.extent = real_extent,
	.allocated = real_allocated,
	.lock = real_lock,
	.open = real_open,
	.close = real_close,
};

static int learn_size(struct vhd_file *file)
{
	struct stat stat;

	if (fstat(file->fd, &stat))
		return -errno;
	file->id[0] = stat.st_dev;
	file->id[1] = stat.st_ino;
	if (S_ISBLK(stat.st_mode))
		return ioctl(file->fd, BLKGETSIZE64, &file->size) ? -errno : 0;
	if (!S_ISREG(stat.st_mode))
		return S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
	file->size = stat.st_size;
	return 0;
}

static int new_file(const char *path, int fd, struct vhd_file **file, struct vhd_error *error)
{
	struct real_file *real = calloc(1, sizeof(*real));
	int result = real ? 0 : -ENOMEM;

	if (real) {
		real->file.ops = &real_ops;
		real->file.fd = fd;
		real->file.path = realpath(path, NULL);
		result = real->file.path ? learn_size(&real->file) : -errno;
	}
	if (!result) {
		*file = &real->file;
		return 0;
	}
	if (real)
		real_close(&real->file);
	else
		close(fd);
	return vhd_fail(error, result, "%s: %s", path,
			result == -EINVAL ? "is neither a file nor a block device" :
			strerror(-result));
}

static int open_path(const char *path, uint32_t flags, struct vhd_file **file,
		     struct vhd_error *error)
{
	int mode = flags & VHD_OPEN_WRITE ? O_RDWR : O_RDONLY;
	int fd = open(path, mode | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return vhd_fail(error, -errno, "%s: %s", path, strerror(errno));
	return new_file(path, fd, file, error);
}

int vhd_file_open(const char *path, uint32_t flags, struct vhd_file **file,
		  struct vhd_error *error)
{
	return vhd_is_nbd(path) ? vhd_nbd_open(path, flags, file, error) :
				  open_path(path, flags, file, error);
}

/* An export is there already: it is only looked whether it can be written. */
static int create_export(const char *uri, uint32_t flags, struct vhd_file **file,
			 struct vhd_error *error)
{
	if (!(flags & VHD_CREATE_REPLACE))
		return vhd_fail(error, -EEXIST, "%s: what it has would be lost: replace it", uri);
	return vhd_nbd_open(uri, VHD_OPEN_WRITE, file, error);
}

/* Locked before it is emptied: what is in use is not to be lost. */
int vhd_file_create(const char *path, uint32_t flags, struct vhd_file **file,
		    struct vhd_error *error)
{
	int exclusive = flags & VHD_CREATE_REPLACE ? 0 : O_EXCL;
	int fd, result;

	if (vhd_is_nbd(path))
		return create_export(path, flags, file, error);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | exclusive, 0666);
	if (fd < 0)
		return vhd_fail(error, -errno, "%s: %s%s", path, strerror(errno),
				errno == EEXIST ? ": remove it first, or replace it" : "");
	result = new_file(path, fd, file, error);
	if (result)
		return result;
	result = real_lock(*file, true);
	if (!result)
		result = real_resize(*file, 0);
	if (!result)
		return 0;
	real_close(*file);
	*file = NULL;
	return vhd_fail(error, result, "%s: %s", path,
			result == -EAGAIN ? "is in use: close it there" : strerror(-result));
}

int vhd_file_sync_name(struct vhd_file *file)
{
	const char *slash = strrchr(file->path, '/');
	char directory[PATH_MAX];
	int fd, result;

	if (file->fd < 0)
		return 0;
	snprintf(directory, sizeof(directory), "%.*s",
		 slash > file->path ? (int)(slash - file->path) : 1, file->path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fsync(fd) && errno != EINVAL ? -errno : 0;
	close(fd);
	return result;
}

void vhd_file_remove(struct vhd_file *file)
{
	struct stat stat;

	if (file->fd >= 0 && !fstat(file->fd, &stat) && S_ISREG(stat.st_mode))
		unlink(file->path);
}
