#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1200
#
# Boots Debian's kernels in root partitions of all the kernels that we support: see boot-linux.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

"$top/tests/lib/guest-initrd" >/dev/null || bail_out "no initial RAM disk for guests"
inner 'root 6.12' --mem 2700M -- tests/system/boot-linux 1
inner 'root 6.1' --mem 2700M --kernel 6.1 -- tests/system/boot-linux 2
done_testing
