#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 2400
#
# The VMBus server in front of Linux's own drivers, with a channel that tests/vmbus/offer.c offers; and
# in front of tiny guests, with channels of a server in the kernel, tests/vmbus/vsp.
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
make -C "$top/tests/guests" >&2 || bail_out "tests/guests does not build"
for kernel; do
	inner "root $kernel" --kernel "$kernel" --timeout 560 -- tests/system/inner/vmbus
	inner "server in root $kernel" --kernel "$kernel" --timeout 700 -- tests/system/inner/vsp
done
done_testing
