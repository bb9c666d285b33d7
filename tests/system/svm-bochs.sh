#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 2400
#
# AMD's SVM with NRIP save and the PAUSE filter (bochs' ryzen): inner/backend. Arguments are its parts.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

make -C "$top/tests/guests" >&2 || bail_out "tests/guests does not build"
"$top/tests/lib/guest-initrd" >/dev/null || bail_out "no initial RAM disk for guests"
[ $# -gt 0 ] || set -- features refusals guests boot-linux
inner svm-bochs --cpu svm-bochs --timeout 2300 -- tests/system/inner/backend "$@"
done_testing
