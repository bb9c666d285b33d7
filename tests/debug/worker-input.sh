#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 700
#
# What vmwp says to wrong options and wrong files. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

debugged worker-input 600 tests/system/worker-input.sh
done_testing
