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

make -C "$top/tests/guests" >&2 || bail_out "tests/guests does not build"

# One kernel's results become ours, under its name; what is a comment stays one.
for kernel in 6.12 6.1; do
	lines=$(mktemp)
	"$top/tests/rootvm" --kernel "$kernel" --timeout 800 -- tests/guests/run "$@" >"$lines"
	status=$?
	while IFS= read -r line; do
		text=${line#*- }
		case $line in
		"ok "*"# SKIP "*)	skip "$kernel: ${text%% # SKIP *}" "${text##* # SKIP }" ;;
		"ok "*)			ok "$kernel: $text" ;;
		"not ok "*)		not_ok "$kernel: $text" ;;
		"#"*)			echo "$line" ;;
		esac
	done <"$lines"
	rm -f "$lines"
	case $status in
	0 | 1)	ok "$kernel: the root partition's kernel has no complaint" ;;
	*)	not_ok "$kernel: the root partition's kernel has no complaint" \
			"rootvm ended with $status" ;;
	esac
done
done_testing
