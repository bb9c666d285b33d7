# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests whose larger part runs inside a root partition and prints TAP there. Source it after
# tap.sh, with $top set:
#
#	inner NAME ROOTVM-OPTION... -- COMMAND...
#
# runs COMMAND in a root partition and makes its tests ours, as "NAME: test"; one more test is
# that the root partition's kernel had no complaint, and that the command ran to its end.
# shellcheck disable=SC2154

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
	inner_planned=
	inner_ran=0
	while IFS= read -r line; do
		text=${line#*- }
		case $line in
		[on]*)	inner_ran=$((inner_ran + 1)) ;;
		esac
		case $line in
		"ok "*"# SKIP "*) skip "$inner_name: ${text%% # SKIP *}" "${text##* # SKIP }" ;;
		"ok "*)		ok "$inner_name: $text" ;;
		"not ok "*)	not_ok "$inner_name: $text" ;;
		"#"*)		echo "$line" ;;
		"1.."*)		inner_planned=${line#1..} ;;
		"Bail out!"*)	diag "$line" ;;
		esac
	done <"$inner_tap"
	rm -f "$inner_tap"
	case $inner_status in
	0 | 1)	is "$inner_ran" "$inner_planned" "$inner_name: all of it, without a complaint of the kernel" ;;
	*)	not_ok "$inner_name: all of it, without a complaint of the kernel" \
			"rootvm ended with $inner_status" ;;
	esac
}
