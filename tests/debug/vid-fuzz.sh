#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
# TIMEOUT: 1000
#
# Random calls of the VID ABI (tests/vidfuzz). See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

make -C "$top/tests/vidfuzz" >&2 || bail_out "tests/vidfuzz does not build"
debugged vid-fuzz 900 tests/system/inner/vid-fuzz --progress --seed 1 --seconds 120
done_testing
