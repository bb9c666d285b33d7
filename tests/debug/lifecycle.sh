#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 2500
#
# How guests begin and end, and what is left of them. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

"$top/tests/lib/guest-initrd" >/dev/null || bail_out "no initial RAM disk for guests"
debugged lifecycle 2400 tests/system/inner/lifecycle
done_testing
