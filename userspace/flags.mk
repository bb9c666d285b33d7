# SPDX-License-Identifier: GPL-2.0-or-later
#
# How user-mode code is compiled, shared by the programs, the unit tests, the
# fuzzers and clang-tidy.

# As in the kernel, a handler need not use all that its table gives it, and
# comparisons of mixed sign are reviewed rather than cast.
RS_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes \
	-Wno-unused-parameter -Wno-sign-compare -fno-strict-aliasing -D_GNU_SOURCE

# kmod/include is here for the TLFS header and the pure code's own types.
RS_INCLUDES := userspace/libvid userspace/libvhd userspace/libvmbus userspace/vmwp \
	vid/include/uapi vmbus/include/uapi vmbus/include vsp/include/uapi kmod/include
