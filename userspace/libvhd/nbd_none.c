// SPDX-License-Identifier: LGPL-2.1-or-later
/* In place of nbd.c where libvhd is built without libnbd. */
#include "vhd_bytes.h"
#include "vhd_file.h"

int vhd_nbd_open(const char *uri, uint32_t flags, struct vhd_file **file,
		 struct vhd_error *error)
{
	return vhd_fail(error, -EOPNOTSUPP, "%s: libvhd was built without libnbd", uri);
}
