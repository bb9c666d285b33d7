#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
# TIMEOUT: 1800
#
# Tiny guests as tests of the hypervisor (tests/guests), in root partitions of all the
# kernels that we support.  Arguments are names of guests.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

make -C "$top/tests/guests" >&2 || bail_out "tests/guests does not build"

# One kernel's results become ours, under its name; what is a comment stays one.
for kernel in 6.12 6.1; do
	inner "$kernel" --kernel "$kernel" -- tests/guests/run "$@"
done
done_testing
