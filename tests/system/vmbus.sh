#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1200
#
# The VMBus server in front of Linux's own drivers: a channel that tests/vmbus/offer.c offers.
#
#	tests/system/vmbus.sh [ROOT-KERNEL...]		6.12 and 6.1

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

[ $# -gt 0 ] || set -- 6.12 6.1

make -C "$top/tests/vmbus" >&2 || bail_out "tests/vmbus does not build"
for kernel; do
	inner "root $kernel" --kernel "$kernel" --timeout 560 -- tests/system/inner/vmbus
done
done_testing
