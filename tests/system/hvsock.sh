#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1500
#
# Hyper-V sockets between the host and a guest with Debian's own programs: inner/hvsock, in a root
# partition.
#
#	tests/system/hvsock.sh [GUEST-KERNEL...]		6.12-cloud and 6.1-cloud

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

[ $# -gt 0 ] || set -- 6.12-cloud 6.1-cloud

"$top/tests/lib/guest-root" --fetch >/dev/null || bail_out "no Debian for guests"
# One guest is enough for the long streams.
mib=100
for kernel; do
	inner "guest $kernel" --one-thread --timeout 700 --env "HVSOCK_MIB=$mib" -- \
		tests/system/inner/hvsock "$kernel"
	mib=8
done
done_testing
