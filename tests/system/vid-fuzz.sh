#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CPUS: all
# TIMEOUT: 1200
#
# Random calls of the VID ABI (tests/vidfuzz), in root partitions of all the kernels that we
# support: the kernel has no complaint, loses nothing, and the modules can be unloaded.
#
#	tests/system/vid-fuzz.sh				both kernels, seed 1, 30 seconds each
#	tests/system/vid-fuzz.sh --kernel 6.1 OPTION...		one of them
#	tests/system/vid-fuzz.sh --seed 7 --seconds 3600	OPTIONs are vidfuzz's: see its --help
#
# Kernel memory is poisoned as it is freed, and 6.12 guards allocations by KFENCE.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

kernels='6.12 6.1'
if [ "${1-}" = --kernel ]; then
	kernels=$2
	shift 2
fi
[ $# -gt 0 ] || set -- --seed 1 --seconds 30

seconds=0
for option; do
	[ "${previous-}" != --seconds ] || seconds=$option
	previous=$option
done

make -C "$top/tests/vidfuzz" >&2 || bail_out "tests/vidfuzz does not build"
for kernel in $kernels; do
	inner "root $kernel" --kernel "$kernel" --timeout $((seconds + 500)) \
		--append 'slub_debug=FZP page_poison=1 kfence.sample_interval=10' -- \
		tests/system/inner/vid-fuzz --progress "$@"
done
done_testing
