#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# TIMEOUT: 1200
#
# Memory is added to a running guest: inner/memory, in a root partition.
#
#	tests/system/memory.sh [GUEST-KERNEL...]		6.12-cloud and 6.1-cloud

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

[ $# -gt 0 ] || set -- 6.12-cloud 6.1-cloud

"$top/tests/lib/guest-root" --fetch >/dev/null || bail_out "no Debian for guests"
for kernel; do
	inner "guest $kernel" --one-thread --timeout 560 -- tests/system/inner/memory "$kernel"
done
done_testing
