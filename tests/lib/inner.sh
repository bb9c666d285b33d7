# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests that are made of others' tests. Source it after tap.sh:
#
#	part NAME COMMAND...	runs COMMAND, which prints TAP, and makes its tests ours, as
#				"NAME: test"; one more test is that it came to its end
#	inner NAME ROOTVM-OPTION... -- COMMAND...
#				runs COMMAND in a root partition, in the same way; the one more test
#				is also that the root partition's kernel had no complaint. $top is set.
# shellcheck disable=SC2154

# Makes the tests on stdin ours. Leaves $inner_ran and $inner_planned.
inner_tests() {
	inner_planned=
	inner_ran=0
	while IFS= read -r line; do
		text=${line#*- }
		case $line in
		[on]*)	inner_ran=$((inner_ran + 1)) ;;
		esac
		case $line in
		"ok "*"# SKIP "*) skip "$1: ${text%% # SKIP *}" "${text##* # SKIP }" ;;
		"ok "*)		ok "$1: $text" ;;
		"not ok "*)	not_ok "$1: $text" ;;
		"#"*)		echo "$line" ;;
		"1.."*)		inner_planned=${line#1..} ;;
		"Bail out!"*)	diag "$line" ;;
		esac
	done
}

# $1: name, $2: exit status
inner_end() {
	case $2 in
	0 | 1)	is "$inner_ran" "${inner_planned:-no plan}" "$1" ;;
	*)	not_ok "$1" "it ended with $2" ;;
	esac
}

# Each test is told at once, for the root partition may end.
part() {
	part_name=$1
	part_tap=$(mktemp -u)
	shift
	mkfifo "$part_tap"
	"$@" >"$part_tap" &
	part_pid=$!
	inner_tests "$part_name" <"$part_tap"
	part_status=0
	wait "$part_pid" || part_status=$?
	rm -f "$part_tap"
	inner_end "$part_name: all of it" "$part_status"
}

inner() {
	inner_name=$1
	shift
	inner_tap=$(mktemp)
	set -- --timeout 800 "$@"
	[ -z "${BUILD-}" ] || set -- --env "BUILD=$BUILD" "$@"
	for inner_try in first second; do
		inner_status=0
		"$top/tests/rootvm" "$@" >"$inner_tap" || inner_status=$?
		[ "$inner_status" = 123 ] || break
		diag "$inner_name: the $inner_try try failed for the emulator's sake"
	done
	inner_tests "$inner_name" <"$inner_tap"
	rm -f "$inner_tap"
	inner_end "$inner_name: all of it, without a complaint of the kernel" "$inner_status"
}
