// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File copy: a file of the host is put into the guest, chunk by chunk, each acknowledged.
 *
 * What fails is cancelled in the guest too, which then removes what it has.
 */
#include <errno.h>
#include <string.h>

#include "ic_services.h"

#define ANSWER_LIMIT	(60 * IC_SECOND)

static const struct ic_version versions[] = { { 1, 0 }, { 1, 1 } };

static const struct ic_service service = { "fcopy", IC_FCOPY, versions, 2 };

static void chunk_answered(void *ctx, const struct ic_reply *reply);

static int send_request(struct fcopy *fcopy, const void *message, size_t size,
			void (*answered)(void *ctx, const struct ic_reply *reply))
{
	return ic_request(&fcopy->ic, message, size, ANSWER_LIMIT, answered, fcopy);
}

static int send_operation(struct fcopy *fcopy, enum ic_fcopy_operation operation,
			  void (*answered)(void *ctx, const struct ic_reply *reply))
{
	const struct ic_fcopy_header header = { .operation = operation };

	return send_request(fcopy, &header, sizeof(header), answered);
}

static void finish(struct fcopy *fcopy, int err)
{
	void (*done)(void *ctx, int err) = fcopy->done;

	fcopy->done = NULL;
	fcopy->read = NULL;
	if (done)
		done(fcopy->ctx, err);
}

static int error_of(const struct ic_reply *reply)
{
	if (reply->err)
		return reply->err;
	switch (reply->status) {
	case IC_OK:
		return 0;
	case IC_EXISTS:
		return -EEXIST;
	case IC_DISK_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static void cancelled(void *ctx, const struct ic_reply *reply)
{
	struct fcopy *fcopy = ctx;

	finish(fcopy, fcopy->err);
}

/* The guest is told, if it is still there, and then whoever waits. */
static void cancel(struct fcopy *fcopy, int err)
{
	fcopy->err = err;
	if (send_operation(fcopy, IC_FCOPY_CANCEL, cancelled))
		finish(fcopy, err);
}

static void completed(void *ctx, const struct ic_reply *reply)
{
	finish(ctx, error_of(reply));
}

/* What is read now may be less than was there at first, or more. */
static int send_chunk(struct fcopy *fcopy)
{
	struct ic_fcopy_data message = { .header.operation = IC_FCOPY_WRITE };
	uint64_t left = fcopy->size - fcopy->offset;
	int count;

	if (!left)
		return send_operation(fcopy, IC_FCOPY_COMPLETE, completed);
	count = fcopy->read(fcopy->ctx, message.data,
			    left < IC_FCOPY_CHUNK ? (size_t)left : IC_FCOPY_CHUNK);
	if (count <= 0)
		return count ? count : -ENODATA;
	message.offset = fcopy->offset;
	message.size = (uint32_t)count;
	fcopy->offset += (uint64_t)count;
	return send_request(fcopy, &message, sizeof(message), chunk_answered);
}

static void chunk_answered(void *ctx, const struct ic_reply *reply)
{
	struct fcopy *fcopy = ctx;
	int err = error_of(reply);

	if (!err)
		err = fcopy->done ? send_chunk(fcopy) : -ECANCELED;
	if (err)
		cancel(fcopy, err);
}

/* What was refused needs no cancelling: there is no file. */
static void start_answered(void *ctx, const struct ic_reply *reply)
{
	if (error_of(reply))
		finish(ctx, error_of(reply));
	else
		chunk_answered(ctx, reply);
}

/**
 * fcopy_init() - make the service
 * @fcopy: filled in
 * @host: clock and timers
 * @port: where it sends
 */
void fcopy_init(struct fcopy *fcopy, const struct vdev_host *host, const struct vdev_port *port)
{
	memset(fcopy, 0, sizeof(*fcopy));
	ic_init(&fcopy->ic, &service, host, port);
}

/* Name and directory go apart. */
static bool split(struct ic_fcopy_start *message, const char *path)
{
	uint16_t name[IC_FCOPY_NAME + 1] = { 0 }, directory[IC_FCOPY_NAME + 1] = { 0 };
	char copy[3 * IC_FCOPY_NAME + 1];
	char *slash;

	if (*path != '/' || strlen(path) >= sizeof(copy))
		return false;
	memcpy(copy, path, strlen(path) + 1);
	slash = strrchr(copy, '/');
	if (!slash[1] || ic_utf16(name, IC_FCOPY_NAME + 1, slash + 1) >= IC_FCOPY_NAME)
		return false;
	slash[slash == copy ? 1 : 0] = '\0';
	if (ic_utf16(directory, IC_FCOPY_NAME + 1, copy) >= IC_FCOPY_NAME)
		return false;
	memcpy(message->name, name, sizeof(message->name));
	memcpy(message->path, directory, sizeof(message->path));
	return true;
}

/**
 * fcopy_start() - begin to copy
 * @fcopy: any
 * @path: in the guest, absolute
 * @size: bytes
 * @flags: IC_FCOPY_OVERWRITE, IC_FCOPY_MAKE_PATH
 * @read: gives the bytes, in their order
 * @done: called at the end
 * @ctx: for both
 *
 * Return: 0, -EBUSY while one is on its way, -EINVAL when @path cannot be said, or as
 * ic_request().
 */
int fcopy_start(struct fcopy *fcopy, const char *path, uint64_t size, uint32_t flags,
		int (*read)(void *ctx, void *to, size_t room), void (*done)(void *ctx, int err),
		void *ctx)
{
	struct ic_fcopy_start message = {
		.header.operation = IC_FCOPY_START,
		.flags = flags,
		.size = size,
	};
	int err;

	if (fcopy->done)
		return -EBUSY;
	if (!split(&message, path))
		return -EINVAL;
	err = send_request(fcopy, &message, sizeof(message), start_answered);
	if (err)
		return err;
	fcopy->read = read;
	fcopy->done = done;
	fcopy->ctx = ctx;
	fcopy->size = size;
	fcopy->offset = 0;
	return 0;
}

/**
 * fcopy_forget() - nobody waits any more, nor gives bytes: the copy is cancelled
 * @fcopy: any
 */
void fcopy_forget(struct fcopy *fcopy)
{
	fcopy->done = NULL;
}
