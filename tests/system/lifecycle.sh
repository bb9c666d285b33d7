#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 1200
#
# How guests begin and end, and what is left of them: inner/lifecycle, in root partitions of all
# the kernels that we support. And hosts on which the modules must not be loaded.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

initrd=$("$top/tests/lib/guest-initrd") || bail_out "no initial RAM disk for guests"

# $1: CPU, $2: insmod's reason, $3: the kernel's line
refused() {
	# shellcheck disable=SC2016 # expanded in the root partition
	said=$("$top/tests/rootvm" --timeout 60 --cpu "$1" -- sh -c '
		insmod "$1/$(uname -r)/kmod/rs_hv.ko" 2>&1 && exit 1
		dmesg | tail -n 1 | sed "s/.*\] //"
		grep -q "^rs_hv" /proc/modules && echo "still there"' \
		sh "${BUILD:-$top/build}/modules" 2>&1)
	like "$said" "*: $2
rs_hv: $3" "--cpu $1: rs_hv is refused, and says why"
}

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

refused svm,-svm 'Operation not supported' \
	'this CPU has neither AMD SVM nor Intel VMX: see the BIOS setup'
refused svm,-npt 'No such device' \
	'this CPU has no nested paging (NPT), which Rootstock needs'
inner 'root 6.12' --mem 2G -- tests/system/inner/lifecycle
inner 'root 6.1' --mem 2G --kernel 6.1 -- tests/system/inner/lifecycle
crash
done_testing
