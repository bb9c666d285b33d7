#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
#
# What vid.h says, tried from user mode (tests/guests/abi.c), in root partitions of all the
# kernels that we support; 6.12 guards by KFENCE what is freed.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

make -C "$top/tests/guests" >&2 || bail_out "tests/guests does not build"
for kernel in 6.12 6.1; do
	# shellcheck disable=SC2016 # expanded in the root partition
	inner "root $kernel" --kernel "$kernel" --append kfence.sample_interval=1 -- \
		sh -c 'scripts/load >&2 && exec "${BUILD:-build}/tests/guests/abi"'
done
done_testing
