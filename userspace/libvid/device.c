// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device: open it, ask what it can do, make a partition.
 *
 * Implements the section "/dev/vid" of vid.h.  Thread safe, keeps no state.
 */
#include <fcntl.h>

#include "internal.h"
#include "libvid.h"

/**
 * vid_open() - open the VID device
 * @path: its path, or NULL for /dev/vid
 *
 * Return: a descriptor, or -ENOENT when the modules are not loaded, -EACCES when
 * the caller may not use it, or what else open(2) says.
 */
int vid_open(const char *path)
{
	int fd = open(path ? path : VID_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * vid_get_api() - the version of the ABI and what this host can do
 * @device: from vid_open()
 * @api: filled in
 *
 * Return: 0, or -ENOTTY when @device is not the VID device.
 */
int vid_get_api(int device, struct vid_api *api)
{
	return vid_ioctl(device, VID_GET_API, api);
}

/**
 * vid_create_partition() - make an empty partition
 * @device: from vid_open()
 * @vp_count: how many virtual processors it will have, 1..max_vps
 *
 * The partition lives until its descriptor and those of its VPs are closed.
 *
 * Return: a partition descriptor, or -EINVAL, -ENOMEM, -EMFILE.
 */
int vid_create_partition(int device, uint32_t vp_count)
{
	struct vid_create_partition create = { .vp_count = vp_count };

	return vid_ioctl(device, VID_CREATE_PARTITION, &create);
}
