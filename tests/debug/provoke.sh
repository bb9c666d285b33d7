#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TIMEOUT: 900
#
# Whether what the debug kernel watches for is noticed and counted: all other tests here pass
# because nothing is.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/debug/lib.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

cp -r "$top/tests/debug/provoke" "$tmp"
# shellcheck disable=SC2154 # lib.sh sets $debug_kernel
make -s -C "$debug_kernel/kernel" "M=$tmp/provoke" modules >"$tmp/make" 2>&1 ||
	bail_out "tests/debug/provoke does not build: $(tail -n 1 "$tmp/make")"

# In this order: lockdep turns itself off after its first report, and after one of KASAN.
cat >"$tmp/provoke/run" <<'RUN'
	for how in atomic ubsan lockdep kasan leak; do
		insmod "$1/provoke_debug.ko" "how=$how" && rmmod provoke_debug || echo "no $how"
	done
	exec tests/debug/watch echo 1..0
RUN
"$top/tests/rootvm" --kernel "$debug_kernel/bzImage" --timeout 800 --log "$tmp/console" -- \
	sh "$tmp/provoke/run" "$tmp/provoke" >"$tmp/out" 2>"$tmp/err"
is "$?" 125 'rootvm notices'
like "$("$top/tests/debug/reports" "$tmp/console")" \
	'reports: KASAN 1, lockdep 1, kmemleak [1-8], UBSAN 1, sleeping while atomic 1' \
	'every report is counted'
is "$(grep -e '^not ok' "$tmp/out" | sed 's/^not ok [0-9]* - //')" 'no memory has leaked
lockdep is still on' 'tests/debug/watch says so too'
# shellcheck disable=SC2154 # tap.sh sets $tap_failed
[ "$tap_failed" -eq 0 ] || diag "$(cat "$tmp/out" "$tmp/err")"
done_testing
