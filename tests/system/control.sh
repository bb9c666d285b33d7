#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The control socket of a running worker, in its sandbox: inner/control, in a root partition.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

"$top/tests/lib/guest-initrd" >/dev/null || bail_out "no initial RAM disk for guests"
inner control -- tests/system/inner/control
done_testing
