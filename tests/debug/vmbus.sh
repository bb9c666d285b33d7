#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1900
#
# A device on the VMBus, which goes and comes. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

make -C "$top/tests/vmbus" >&2 || bail_out "tests/vmbus does not build"
debugged vmbus 1800 tests/system/inner/vmbus 6.12
done_testing
