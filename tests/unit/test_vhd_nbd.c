// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/libvhd/text.c userspace/libvhd/meta.c userspace/libvhd/space.c */
/* LINK: userspace/libvhd/vhdx.c userspace/libvhd/vhdx_header.c userspace/libvhd/vhdx_log.c */
/* LINK: userspace/libvhd/vhdx_replay.c userspace/libvhd/vhdx_meta.c userspace/libvhd/vhdx_bat.c */
/* LINK: userspace/libvhd/vhdx_locator.c userspace/libvhd/vhdx_scan.c userspace/libvhd/raw.c */
/* LINK: userspace/libvhd/vhdx_create.c userspace/libvhd/vhdx_resize.c userspace/libvhd/vhd.c */
/* LINK: userspace/libvhd/vhd_footer.c userspace/libvhd/vhd_locator.c userspace/libvhd/vhd_bat.c */
/* LINK: userspace/libvhd/vhd_create.c userspace/libvhd/vhd_resize.c userspace/libvhd/disk.c */
/* LINK: userspace/libvhd/rw.c userspace/libvhd/path.c userspace/libvhd/create.c */
/* LINK: userspace/libvhd/table.c */
/* LINK: userspace/libvhd/copy.c userspace/libvhd/file.c userspace/libvhd/uring.c */
/* LINK: userspace/libvhd/nbd.c */
/* LIBS: -luring */
/*
 * An NBD server in place of libnbd, which fails, breaks connections, or falls silent when the
 * test says so: nothing hangs, nothing is said to be durable that is not.
 */
#include "run_tests.h"

#include <stdlib.h>

#include "nbd.h"
#include "vhd_disk.h"

#define URI		"nbd://test/"
#define SIZE		(16 * VHD_MIB)
#define COMMANDS	128u

/* Of the API of libnbd: a connection. */
struct nbd_handle {
	bool dead;
	struct command {
		int64_t cookie;
		int done;
	} commands[COMMANDS];
	unsigned int flying;
};

/* The server, which connections come and go to; all of it is set back by setup(). */
static struct server {
	uint8_t data[SIZE];
	uint64_t size;
	uint64_t least, most;
	bool read_only, no_flush, no_fua, no_zero, no_status, refuse;
	/* Before this many commands more: the connection breaks, or nothing is said. */
	int break_in, silent_in, fail_in;
	bool broken_idle;
	unsigned int connections, commands, flushes, fuas, zeros, statuses, most_flying;
	uint64_t largest;
	int64_t cookie;
	int error;
} server;

static struct vhd_disk *disk;
static struct vhd_error error;

static struct nbd_handle *fake_create(void)
{
	return calloc(1, sizeof(struct nbd_handle));
}

static void fake_close(struct nbd_handle *h)
{
	free(h);
}

static const char *fake_get_error(void)
{
	return "so says the test";
}

static int fake_get_errno(void)
{
	return server.error;
}

static int failed(int code)
{
	server.error = code;
	return -1;
}

static int fake_add_meta_context(struct nbd_handle *h, const char *name)
{
	ck_assert_str_eq(name, "base:allocation");
	return 0;
}

static int fake_connect(struct nbd_handle *h, const char *uri)
{
	ck_assert_str_eq(uri, URI);
	if (server.refuse)
		return failed(ECONNREFUSED);
	server.connections++;
	return 0;
}

static int fake_no(struct nbd_handle *h)
{
	return 0;
}

static int fake_is_dead(struct nbd_handle *h)
{
	return h->dead;
}

static int fake_is_ready(struct nbd_handle *h)
{
	return !h->dead;
}

/* All that is in flight is done, or none of it. */
static int fake_poll(struct nbd_handle *h, int timeout)
{
	if (server.broken_idle) {
		server.broken_idle = false;
		h->dead = true;
		return 1;
	}
	if (!h->flying)
		return 0;
	if (h->dead)
		return failed(ENOTCONN);
	for (unsigned int i = 0; i < h->flying; i++) {
		if (h->commands[i].done == -2) {
			ck_assert_int_eq(timeout, vhd_nbd_patience);
			return 0;
		}
		h->commands[i].done = h->commands[i].done ? h->commands[i].done : 1;
	}
	return 1;
}

static int64_t fake_get_size(struct nbd_handle *h)
{
	return (int64_t)server.size;
}

static int64_t fake_get_block_size(struct nbd_handle *h, int which)
{
	return (int64_t)(which == LIBNBD_SIZE_MINIMUM ? server.least :
			 which == LIBNBD_SIZE_MAXIMUM ? server.most : 4096);
}

static int fake_is_read_only(struct nbd_handle *h)
{
	return server.read_only;
}

static int fake_can_flush(struct nbd_handle *h)
{
	return !server.no_flush;
}

static int fake_can_fua(struct nbd_handle *h)
{
	return !server.no_fua;
}

static int fake_can_zero(struct nbd_handle *h)
{
	return !server.no_zero;
}

static int fake_can_meta_context(struct nbd_handle *h, const char *name)
{
	return !server.no_status;
}

static bool comes(int *countdown)
{
	return *countdown && !--*countdown;
}

static int64_t begin(struct nbd_handle *h, uint64_t offset, uint64_t length)
{
	struct command *command = &h->commands[h->flying];

	ck_assert_uint_lt(h->flying, COMMANDS);
	ck_assert(within(offset, length, server.size));
	ck_assert_uint_eq(offset % greater(server.least, 1), 0);
	server.commands++;
	command->cookie = ++server.cookie;
	command->done = 0;
	if (comes(&server.break_in))
		h->dead = true;
	if (comes(&server.silent_in))
		command->done = -2;
	if (comes(&server.fail_in))
		command->done = -1;
	h->flying++;
	server.most_flying = (unsigned int)greater(server.most_flying, h->flying);
	return command->cookie;
}

/* Whether the command that was begun last is done at all. */
static bool works(const struct nbd_handle *h)
{
	return !h->dead && !h->commands[h->flying - 1].done;
}

static int64_t fake_pread(struct nbd_handle *h, void *buffer, size_t count, uint64_t offset,
			  nbd_completion_callback callback, uint32_t flags)
{
	int64_t cookie = begin(h, offset, count);

	server.largest = greater(server.largest, count);
	if (works(h))
		memcpy(buffer, server.data + offset, count);
	return cookie;
}

static int64_t fake_pwrite(struct nbd_handle *h, const void *buffer, size_t count,
			   uint64_t offset, nbd_completion_callback callback, uint32_t flags)
{
	int64_t cookie = begin(h, offset, count);

	server.largest = greater(server.largest, count);
	server.fuas += !!(flags & LIBNBD_CMD_FLAG_FUA);
	if (works(h))
		memcpy(server.data + offset, buffer, count);
	return cookie;
}

static int64_t fake_zero(struct nbd_handle *h, uint64_t count, uint64_t offset,
			 nbd_completion_callback callback, uint32_t flags)
{
	int64_t cookie = begin(h, offset, count);

	server.zeros++;
	server.fuas += !!(flags & LIBNBD_CMD_FLAG_FUA);
	ck_assert(!(flags & LIBNBD_CMD_FLAG_NO_HOLE));
	if (works(h))
		memset(server.data + offset, 0, count);
	return cookie;
}

static int64_t fake_flush(struct nbd_handle *h, nbd_completion_callback callback, uint32_t flags)
{
	server.flushes++;
	return begin(h, 0, 0);
}

/* Units of 64 KiB; what it says last lies beyond the end. */
static int64_t fake_block_status(struct nbd_handle *h, uint64_t count, uint64_t offset,
				 nbd_extent_callback extent,
				 nbd_completion_callback callback, uint32_t flags)
{
	int64_t cookie = begin(h, offset, count);
	uint32_t entries[2 * SIZE / 65536 + 2];
	unsigned int used = 0;
	int code = 0;

	server.statuses++;
	for (uint64_t at = offset; at < server.size; used += 2) {
		uint64_t length = lesser(65536 - at % 65536, server.size - at);

		entries[used] = (uint32_t)length;
		entries[used + 1] = vhd_is_zero(server.data + at, length) ?
			LIBNBD_STATE_ZERO | LIBNBD_STATE_HOLE : LIBNBD_STATE_HOLE;
		at += length;
	}
	entries[used - 2] = UINT32_MAX;
	extent.callback(extent.user_data, "somebody:else", offset, entries, used, &code);
	if (works(h))
		extent.callback(extent.user_data, "base:allocation", offset, entries, used, &code);
	return cookie;
}

static int fake_command_completed(struct nbd_handle *h, uint64_t cookie)
{
	unsigned int i = 0;
	int done;

	while (i < h->flying && h->commands[i].cookie != (int64_t)cookie)
		i++;
	ck_assert_uint_lt(i, h->flying);
	done = h->commands[i].done;
	if (h->dead)
		done = failed(ENOTCONN);
	else if (done < 0)
		done = done == -1 ? failed(EIO) : 0;
	if (done)
		h->commands[i] = h->commands[--h->flying];
	return done;
}

static const struct vhd_nbd_calls fake_calls = {
	.create = fake_create, .close = fake_close, .get_error = fake_get_error,
	.get_errno = fake_get_errno, .add_meta_context = fake_add_meta_context,
	.aio_connect_uri = fake_connect, .aio_is_connecting = fake_no,
	.aio_is_ready = fake_is_ready, .aio_is_dead = fake_is_dead, .aio_is_closed = fake_no,
	.poll = fake_poll, .get_size = fake_get_size, .get_block_size = fake_get_block_size,
	.is_read_only = fake_is_read_only, .can_flush = fake_can_flush, .can_fua = fake_can_fua,
	.can_zero = fake_can_zero, .can_meta_context = fake_can_meta_context,
	.aio_pread = fake_pread, .aio_pwrite = fake_pwrite, .aio_zero = fake_zero,
	.aio_flush = fake_flush, .aio_block_status = fake_block_status,
	.aio_command_completed = fake_command_completed,
};

static bool missing;

const struct vhd_nbd_calls *vhd_nbd_calls(struct vhd_error *why)
{
	if (missing)
		vhd_fail(why, -EOPNOTSUPP, "no libnbd");
	return missing ? NULL : &fake_calls;
}

static void setup(void)
{
	memset(&server, 0, sizeof(server));
	server.size = SIZE;
	missing = false;
	disk = NULL;
	error.code = 0;
}

static void teardown(void)
{
	vhd_close(disk, NULL);
}

static void open_export(uint32_t flags)
{
	ck_assert_msg(!vhd_open(URI, flags, &disk, &error), "%s", error.text);
}

static void expect_refused(uint32_t flags, int code, const char *word)
{
	ck_assert_int_eq(vhd_open(URI, flags, &disk, &error), code);
	ck_assert_ptr_null(disk);
	ck_assert_ptr_nonnull(strstr(error.text, URI));
	ck_assert_msg(strstr(error.text, word), "%s", error.text);
}

static uint8_t buffer[SIZE];

START_TEST(reads_and_writes)
{
	open_export(VHD_OPEN_WRITE);
	ck_assert_uint_eq(disk->size, SIZE);
	ck_assert_int_eq(disk->format, VHD_FORMAT_RAW);
	for (unsigned int i = 0; i < SIZE; i++)
		buffer[i] = (uint8_t)(i * 7 + i / 256);
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE - 1024, 512), 0);
	ck_assert(!memcmp(server.data + 512, buffer, SIZE - 1024));
	ck_assert_uint_eq(server.flushes, 0);
	ck_assert_int_eq(vhd_flush(disk), 0);
	ck_assert_uint_eq(server.flushes, 1);
	memset(buffer, 1, SIZE);
	ck_assert_int_eq(vhd_read(disk, buffer, SIZE, 0), 0);
	ck_assert(!memcmp(server.data, buffer, SIZE));
	ck_assert_uint_gt(server.most_flying, 8);
	ck_assert_int_eq(vhd_write(disk, buffer, 512, SIZE), -ERANGE);
	ck_assert_int_eq(vhd_fd(disk, 0), -ENOENT);
}
END_TEST

START_TEST(formats_are_not_looked_for)
{
	memcpy(server.data, "vhdxfile", 8);
	open_export(0);
	ck_assert_int_eq(disk->format, VHD_FORMAT_RAW);
}
END_TEST

START_TEST(limits_of_the_server)
{
	server.least = 4096;
	server.most = 65536 + 512;
	server.size = SIZE - 4096;
	open_export(VHD_OPEN_WRITE);
	ck_assert_uint_eq(disk->logical_sector_size, 4096);
	ck_assert_int_eq(vhd_write(disk, buffer, 512, 0), -EINVAL);
	ck_assert_int_eq(vhd_write(disk, buffer, VHD_MIB, 4096), 0);
	ck_assert_uint_eq(server.largest, 65536);
	ck_assert_uint_le(server.most_flying, 64);
}
END_TEST

START_TEST(more_than_fits_in_flight)
{
	server.most = 4096;
	open_export(VHD_OPEN_WRITE);
	memset(buffer, 3, SIZE);
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE, 0), 0);
	ck_assert_uint_eq(server.commands, SIZE / 4096);
	ck_assert_uint_eq(server.most_flying, 64);
	ck_assert(!memcmp(server.data, buffer, SIZE));
}
END_TEST

START_TEST(refusals)
{
	server.least = 8192;
	expect_refused(0, -EINVAL, "blocksize-policy");
	setup();
	server.read_only = true;
	expect_refused(VHD_OPEN_WRITE, -EROFS, "does not let it");
	setup();
	server.no_flush = true;
	server.no_fua = true;
	expect_refused(VHD_OPEN_WRITE, -EOPNOTSUPP, "cannot flush");
	setup();
	server.size = SIZE - 100;
	expect_refused(VHD_OPEN_WRITE, -EINVAL, "whole sectors");
	setup();
	server.refuse = true;
	expect_refused(0, -ECONNREFUSED, "so says the test");
	setup();
	missing = true;
	ck_assert_int_eq(vhd_open(URI, 0, &disk, &error), -EOPNOTSUPP);
}
END_TEST

START_TEST(read_only)
{
	server.read_only = true;
	server.no_flush = true;
	server.no_fua = true;
	server.size = SIZE - 100;
	memset(server.data, 9, SIZE);
	open_export(0);
	ck_assert_uint_eq(disk->size, SIZE);
	ck_assert_int_eq(vhd_read(disk, buffer, 512, SIZE - 512), 0);
	ck_assert_uint_eq(buffer[411], 9);
	ck_assert_uint_eq(buffer[412], 0);
	ck_assert_int_eq(vhd_write(disk, buffer, 512, 0), -EROFS);
}
END_TEST

START_TEST(fua)
{
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write_fua(disk, buffer, 4096, 0), 0);
	ck_assert_uint_eq(server.fuas, 1);
	ck_assert_int_eq(vhd_flush(disk), 0);
	ck_assert_uint_eq(server.flushes, 0);
	ck_assert_int_eq(vhd_write(disk, buffer, 4096, 0), 0);
	ck_assert_uint_eq(server.fuas, 1);
}
END_TEST

START_TEST(fua_in_place_of_flush)
{
	server.no_flush = true;
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write(disk, buffer, 4096, 0), 0);
	ck_assert_int_eq(vhd_discard(disk, 65536, 65536), 0);
	ck_assert_uint_eq(server.fuas, 2);
	ck_assert_int_eq(vhd_flush(disk), 0);
	ck_assert_uint_eq(server.flushes, 0);
}
END_TEST

START_TEST(zeros)
{
	memset(server.data, 5, VHD_MIB);
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write_zeroes(disk, 0, SIZE), 0);
	ck_assert(vhd_is_zero(server.data, SIZE));
	/* The rest was zeros already. */
	ck_assert_uint_eq(server.zeros, 1);
	memset(server.data, 5, VHD_MIB);
	ck_assert_int_eq(vhd_discard(disk, 4096, 8192), 0);
	ck_assert(vhd_is_zero(server.data + 4096, 8192));
	ck_assert_uint_eq(server.data[4095] + server.data[12288], 10);
}
END_TEST

START_TEST(zeros_where_there_is_no_such_command)
{
	server.no_zero = true;
	server.no_status = true;
	memset(server.data, 5, VHD_MIB);
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_discard(disk, 0, SIZE), 0);
	ck_assert_uint_eq(server.commands, 0);
	ck_assert_int_eq(vhd_write_zeroes(disk, 0, SIZE), 0);
	ck_assert(vhd_is_zero(server.data, SIZE));
	ck_assert_uint_eq(server.zeros + server.statuses, 0);
}
END_TEST

START_TEST(extents_are_kept_until_a_change)
{
	uint64_t end;
	bool data;

	server.data[3 * VHD_MIB] = 1;
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(disk->file->ops->extent(disk->file, 4096, &data, &end), 0);
	ck_assert(!data && end == 3 * VHD_MIB);
	ck_assert_int_eq(disk->file->ops->extent(disk->file, 3 * VHD_MIB, &data, &end), 0);
	ck_assert(data && end == 3 * VHD_MIB + 65536);
	ck_assert_int_eq(disk->file->ops->extent(disk->file, SIZE - 1, &data, &end), 0);
	ck_assert(!data && end == SIZE);
	ck_assert_uint_eq(server.statuses, 1);
	memset(buffer, 1, 512);
	ck_assert_int_eq(vhd_write(disk, buffer, 512, 0), 0);
	ck_assert_int_eq(disk->file->ops->extent(disk->file, 0, &data, &end), 0);
	ck_assert(data && end == 65536);
	ck_assert_uint_eq(server.statuses, 2);
	ck_assert_int_ne(disk->file->ops->extent(disk->file, SIZE, &data, &end), 0);
}
END_TEST

START_TEST(an_error_ends_nothing)
{
	open_export(VHD_OPEN_WRITE);
	server.fail_in = 3;
	ck_assert_int_eq(vhd_read(disk, buffer, SIZE, 0), -EIO);
	ck_assert_int_eq(vhd_read(disk, buffer, SIZE, 0), 0);
	server.fail_in = 3;
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE, 0), -EIO);
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE, 0), 0);
	ck_assert_int_eq(vhd_flush(disk), 0);
	ck_assert_uint_eq(server.connections, 1);
}
END_TEST

START_TEST(reads_survive_a_broken_connection)
{
	open_export(VHD_OPEN_WRITE);
	memset(buffer, 6, SIZE);
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE, 0), 0);
	ck_assert_int_eq(vhd_flush(disk), 0);
	server.break_in = 5;
	memset(buffer, 0, SIZE);
	ck_assert_int_eq(vhd_read(disk, buffer, SIZE, 0), 0);
	ck_assert(!memcmp(buffer, server.data, SIZE));
	ck_assert_uint_eq(server.connections, 2);
	/* And a connection that ended while nothing was asked does not matter to a write. */
	server.broken_idle = true;
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE, 0), 0);
	ck_assert_uint_eq(server.connections, 3);
	ck_assert_int_eq(vhd_flush(disk), 0);
}
END_TEST

START_TEST(a_server_that_stays_away)
{
	open_export(0);
	server.break_in = 1;
	server.refuse = true;
	ck_assert_int_eq(vhd_read(disk, buffer, 4096, 0), -ECONNREFUSED);
	ck_assert_int_eq(vhd_read(disk, buffer, 4096, 0), -ECONNREFUSED);
	server.refuse = false;
	ck_assert_int_eq(vhd_read(disk, buffer, 4096, 0), 0);
	/* It comes back with something else. */
	server.break_in = 1;
	server.size = SIZE / 2;
	ck_assert_int_eq(vhd_read(disk, buffer, 4096, 0), -ESTALE);
}
END_TEST

static void expect_lost(void)
{
	struct vhd_disk *gone = disk;

	ck_assert_int_ne(vhd_read(disk, buffer, 4096, 0), 0);
	ck_assert_int_ne(vhd_write(disk, buffer, 4096, 0), 0);
	ck_assert_int_ne(vhd_flush(disk), 0);
	ck_assert_uint_eq(server.connections, 1);
	disk = NULL;
	ck_assert_int_ne(vhd_close(gone, &error), 0);
}

START_TEST(a_write_in_flight_is_lost)
{
	open_export(VHD_OPEN_WRITE);
	server.break_in = 1;
	ck_assert_int_eq(vhd_write_fua(disk, buffer, 4096, 0), -ENOTCONN);
	expect_lost();
}
END_TEST

START_TEST(what_was_not_flushed_is_lost)
{
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write(disk, buffer, 4096, 0), 0);
	server.break_in = 1;
	ck_assert_int_eq(vhd_read(disk, buffer, 4096, 0), -ENOTCONN);
	expect_lost();
}
END_TEST

START_TEST(so_it_is_when_nothing_is_asked)
{
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write(disk, buffer, 4096, 0), 0);
	server.broken_idle = true;
	ck_assert_int_eq(vhd_flush(disk), -ENOTCONN);
	expect_lost();
}
END_TEST

START_TEST(a_flush_that_fails_is_for_good)
{
	open_export(VHD_OPEN_WRITE);
	ck_assert_int_eq(vhd_write(disk, buffer, 4096, 0), 0);
	server.fail_in = 1;
	ck_assert_int_eq(vhd_flush(disk), -EIO);
	expect_lost();
}
END_TEST

START_TEST(silence)
{
	open_export(VHD_OPEN_WRITE);
	server.silent_in = 2;
	ck_assert_int_eq(vhd_read(disk, buffer, SIZE, 0), 0);
	ck_assert_uint_eq(server.connections, 2);
	server.connections = 1;
	server.silent_in = 2;
	ck_assert_int_eq(vhd_write(disk, buffer, SIZE, 0), -ETIMEDOUT);
	expect_lost();
}
END_TEST

START_TEST(create)
{
	struct vhd_create what = { .format = VHD_FORMAT_RAW, .size = SIZE };

	ck_assert_int_eq(vhd_create(URI, &what, &error), -EEXIST);
	what.flags = VHD_CREATE_REPLACE;
	ck_assert_int_eq(vhd_create(URI, &what, &error), 0);
	what.size = SIZE + 512;
	ck_assert_int_eq(vhd_create(URI, &what, &error), -ENOSPC);
	what.format = VHD_FORMAT_VHDX;
	what.kind = VHD_KIND_DYNAMIC;
	ck_assert_int_eq(vhd_create(URI, &what, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "raw"));
}
END_TEST

START_TEST(names)
{
	ck_assert(vhd_is_nbd("nbd+unix:///x?socket=/s"));
	ck_assert(vhd_is_nbd("nbds://host:10809/x"));
	ck_assert(!vhd_is_nbd("nbd:host:10809"));
	ck_assert(!vhd_is_nbd("./nbd://x"));
	ck_assert(!vhd_is_nbd("disk.vhdx"));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reads_and_writes, formats_are_not_looked_for, limits_of_the_server,
		more_than_fits_in_flight, refusals, read_only, fua, fua_in_place_of_flush, zeros,
		zeros_where_there_is_no_such_command, extents_are_kept_until_a_change,
		an_error_ends_nothing, reads_survive_a_broken_connection, a_server_that_stays_away,
		a_write_in_flight_is_lost, what_was_not_flushed_is_lost,
		so_it_is_when_nothing_is_asked, a_flush_that_fails_is_for_good, silence, create,
		names,
	};

	return run_tests("vhd_nbd", tests, ARRAY_SIZE(tests), setup, teardown);
}
