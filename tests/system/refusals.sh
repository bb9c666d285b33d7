#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts on which the modules must not be loaded: inner/refusals in root partitions that lack
# something, or where another hypervisor has the CPU. vmx.sh and svm-bochs.sh try the latter too.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

make -C "$top/tests/guests" >&2 || bail_out "tests/guests does not build"
inner 'no SVM' --cpu svm,-svm -- tests/system/inner/refusals 'Operation not supported' \
	'this CPU has neither AMD SVM nor Intel VMX: see the BIOS setup'
inner 'no NPT' --cpu svm,-npt -- tests/system/inner/refusals 'No such device' \
	'this CPU has no nested paging (NPT), which Rootstock needs'
inner 'VMX locked off' --cpu vmx,locked --smp 1 -- \
	tests/system/inner/refusals 'Operation not permitted' \
	'VMX is disabled by the firmware: enable it in the BIOS setup'
for kernel in 6.12 6.1; do
	inner "beside KVM, $kernel" --kernel "$kernel" -- tests/system/inner/refusals
done
done_testing
