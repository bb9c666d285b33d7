#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
# TIMEOUT: 1000
#
# What vid.h says, tried from user mode. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

debugged abi 900 sh -c "scripts/load >&2 && exec ${BUILD:-build}/tests/guests/abi"
done_testing
