/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What nbd.c uses of libnbd: a table, so that the library is loaded only where an NBD server is
 * named, and tests put a server of their own there.
 */
#ifndef LIBVHD_NBD_H
#define LIBVHD_NBD_H

#include <libnbd.h>

#include "vhd_file.h"

struct vhd_nbd_calls {
	typeof(nbd_create) *create;
	typeof(nbd_close) *close;
	typeof(nbd_get_error) *get_error;
	typeof(nbd_get_errno) *get_errno;
	typeof(nbd_add_meta_context) *add_meta_context;
	typeof(nbd_aio_connect_uri) *aio_connect_uri;
	typeof(nbd_aio_is_connecting) *aio_is_connecting;
	typeof(nbd_aio_is_ready) *aio_is_ready;
	typeof(nbd_aio_is_dead) *aio_is_dead;
	typeof(nbd_aio_is_closed) *aio_is_closed;
	typeof(nbd_poll) *poll;
	typeof(nbd_get_size) *get_size;
	typeof(nbd_get_block_size) *get_block_size;
	typeof(nbd_is_read_only) *is_read_only;
	typeof(nbd_can_flush) *can_flush;
	typeof(nbd_can_fua) *can_fua;
	typeof(nbd_can_zero) *can_zero;
	typeof(nbd_can_meta_context) *can_meta_context;
	typeof(nbd_aio_pread) *aio_pread;
	typeof(nbd_aio_pwrite) *aio_pwrite;
	typeof(nbd_aio_zero) *aio_zero;
	typeof(nbd_aio_flush) *aio_flush;
	typeof(nbd_aio_block_status) *aio_block_status;
	typeof(nbd_aio_command_completed) *aio_command_completed;
};

/* The library's functions; NULL, with the reason in @error, where it is not installed. */
const struct vhd_nbd_calls *vhd_nbd_calls(struct vhd_error *error);

/* Milliseconds that a server may say nothing while something is asked of it. */
extern int vhd_nbd_patience;

#endif
