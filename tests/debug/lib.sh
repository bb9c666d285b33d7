# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests in a root partition whose kernel watches itself (tests/debug-kernel). Source it, with
# $top set:
#
#	debugged NAME SECONDS COMMAND...
#
# runs COMMAND, which prints TAP, in such a root partition and makes its tests ours. More tests
# are that nothing has leaked and that lockdep was on to the end (tests/debug/watch), and that
# there was no report. What the kernel said is kept for tests/debug/reports.
#
# lib/tap.sh and lib/inner.sh are there too.
# shellcheck disable=SC2154

# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"

debug_logs=${BUILD:-$top/build}/check
mkdir -p "$debug_logs"
debug_kernel=$("$top/tests/debug-kernel") || bail_out "no debug kernel"

# The emulator is two to five times slower with this kernel, so its guests are given more time.
debugged() {
	debug_name=$1
	debug_limit=$2
	shift 2
	inner "$debug_name" --kernel "$debug_kernel/bzImage" --mem 2700M \
		--timeout "$debug_limit" --env GUEST_LIMIT=600 --env GUESTS_LIMIT=200 \
		--log "$debug_logs/debug-$debug_name.console.log" -- tests/debug/watch "$@"
	diag "$("$top/tests/debug/reports" "$debug_logs/debug-$debug_name.console.log")"
}
