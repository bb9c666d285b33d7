#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1800
#
# What a worker offers on the VMBus, in front of Debian's own drivers and daemons (inner/services): most
# of it on 6.12, what needs something older on 6.1.
#
#	tests/system/services.sh [ROOT-KERNEL...]	6.12

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

[ $# -gt 0 ] || set -- 6.12

# ROOT-KERNEL NAME ARGUMENT...
services() {
	root=$1
	name=$2
	shift 2
	"$top/tests/system/inner/services" --prepare "$@" >&2 || bail_out "no guest $name"
	inner "$name" --kernel "$root" --mem 2500M --env GUEST_LIMIT=300 -- \
		tests/system/inner/services "$@"
}

for kernel; do
	services "$kernel" "root $kernel, guest 6.12" 6.12-cloud 1
	services "$kernel" "root $kernel, guest 6.1" 6.1-cloud 2 devices copy kexec
done
done_testing
