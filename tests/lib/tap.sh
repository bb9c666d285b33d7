# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Test Anything Protocol for tests in shell. Source it, call what follows, and end with
# done_testing:
#
#	. "$(dirname "$0")/../lib/tap.sh"
#
#	plan N			how many tests there will be. Optional: without it the plan
#				line comes last, and a test that dies early is noticed by
#				the missing plan.
#	ok NAME			the test passed
#	not_ok NAME [TEXT]	it failed; TEXT says how
#	skip NAME REASON	it was not run. Say why: a skipped test is counted, not hidden.
#	is GOT WANTED NAME	passes when both strings are equal, else shows both
#	like GOT PATTERN NAME	passes when GOT matches the shell pattern PATTERN
#	check NAME COMMAND...	passes when COMMAND succeeds, else shows its output
#	diag TEXT		a comment, for people
#	skip_all REASON		nothing here can run: says so, and exits 0
#	bail_out REASON		it makes no sense to go on: exits 1
#	done_testing		prints the plan if need be, and exits: 0 when no test failed
#				and as many ran as planned
#
# All but check return 0, so that `set -e` does not end the test; check does as well.
# stdout is TAP's: send other output to stderr, or through diag.

tap_count=0
tap_failed=0
tap_plan=

plan() {
	tap_plan=$1
	echo "1..$1"
}

# One comment line for every line of the text.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ -z "${2-}" ] || diag "$2"
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

is() {
	if [ "$1" = "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "got:    $1
wanted: $2"
	fi
}

like() {
	# shellcheck disable=SC2254 # a pattern is what it is
	case $1 in
	$2) ok "$3" ;;
	*) not_ok "$3" "got:            $1
wanted pattern: $2" ;;
	esac
}

check() {
	tap_name=$1
	shift
	if tap_output=$("$@" 2>&1); then
		ok "$tap_name"
	else
		not_ok "$tap_name" "failed: $*
$tap_output"
	fi
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

bail_out() {
	echo "Bail out! $1"
	exit 1
}

done_testing() {
	[ -n "$tap_plan" ] || echo "1..$tap_count"
	if [ "$tap_count" -ne "${tap_plan:-$tap_count}" ]; then
		diag "planned $tap_plan tests, but ran $tap_count"
		exit 1
	fi
	[ "$tap_failed" -eq 0 ] || diag "$tap_failed of $tap_count tests failed"
	[ "$tap_failed" -eq 0 ]
	exit
}
