/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How every call of libvid reaches the kernel. */
#ifndef LIBVID_INTERNAL_H
#define LIBVID_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>

/* The ioctl's result, or -errno. */
static inline int vid_ioctl(int fd, unsigned long request, void *argument)
{
	int result = ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

#endif
