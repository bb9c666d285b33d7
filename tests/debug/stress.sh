#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
# TIMEOUT: 1000
#
# stress-ng in a Linux guest. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

"$top/tests/lib/guest-initrd" stress-ng >/dev/null || bail_out "no initial RAM disk for guests"
debugged stress 900 tests/system/inner/stress 20
done_testing
