#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
# TIMEOUT: 400
#
# A minute of stress-ng in a guest, and whether guest and root partition then agree on how long
# it took: inner/stress.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

"$top/tests/lib/guest-initrd" stress-ng >/dev/null || bail_out "no initial RAM disk for guests"
inner 'root 6.12' -- tests/system/inner/stress 60
done_testing
