#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1200
#
# How guests begin and end, and what is left of them: inner/lifecycle, in root partitions of all
# the kernels that we support.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

initrd=$("$top/tests/lib/guest-initrd") || bail_out "no initial RAM disk for guests"

# A root partition that crashes is not held up by its guest.
crash() {
	start=$(date +%s)
	# shellcheck disable=SC2016
	"$top/tests/rootvm" --timeout 100 -- sh -c '
		scripts/load
		"$1" --kernel "/boot/vmlinuz-$(uname -r)" --initrd "$2" --processors 2 \
			--serial file:/tmp/guest --append "console=ttyS0 rs.run=spin" &
		until grep -q RS-GUEST-READY /tmp/guest; do sleep 0.2; done
		echo c >/proc/sysrq-trigger
		sleep 100' sh "${BUILD:-$top/build}/userspace/vmwp" "$initrd" >/dev/null 2>"$err"
	is "$?" 125 'the root partition crashes while a guest runs'
	is "$(grep -c -e 'Kernel panic - not syncing: sysrq triggered crash' "$err")" 1 \
		'and that is all that happens'
	[ $(($(date +%s) - start)) -lt 95 ] || diag "it took $(($(date +%s) - start)) s"
}

err=$(mktemp)
trap 'rm -f "$err"' EXIT
trap 'exit 1' HUP INT TERM

inner 'root 6.12' --mem 2G -- tests/system/inner/lifecycle
inner 'root 6.1' --mem 2G --kernel 6.1 -- tests/system/inner/lifecycle
crash
done_testing
