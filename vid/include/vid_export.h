/* SPDX-License-Identifier: GPL-2.0-only */
/* What rs_vid.ko offers to the modules above it. */
#ifndef ROOTSTOCK_VID_EXPORT_H
#define ROOTSTOCK_VID_EXPORT_H

struct rs_partition;

/* With a reference of the caller's; ERR_PTR(-EBADF, -EIO). */
struct rs_partition *vid_get_partition(int fd);

#endif
