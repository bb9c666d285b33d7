#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1000
#
# A Linux guest finds what it should. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

"$top/tests/lib/guest-initrd" >/dev/null || bail_out "no initial RAM disk for guests"
debugged boot-linux 900 tests/system/boot-linux 6.12-cloud 2 512
done_testing
