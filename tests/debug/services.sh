#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 2500
#
# The integration services of a Debian guest, and its memory given and taken back. See lib.sh.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

"$top/tests/system/inner/services" --prepare 6.12-cloud 1 >&2 || bail_out "no guest"
debugged services 2400 tests/system/inner/services 6.12-cloud 1
done_testing
