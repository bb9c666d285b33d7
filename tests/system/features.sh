#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What rs_hv says of the CPU's features: inner/features, in root partitions of all the kernels that
# we support.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

for kernel in 6.12 6.1; do
	inner "root $kernel" --kernel "$kernel" -- tests/system/inner/features
done
done_testing
