# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux guests for tests that run inside a root partition. Source it, with $top set, after
# tap.sh. It makes a directory $tmp for the test, and sets $vmwp, $guest_initrd.
#
#	guest_kernel FLAVOUR		prints the newest such kernel: 6.12, 6.1-cloud, ...; fails
#					when none is installed
#	load				loads the modules, or bails out
#	guest_start NAME RUN OPTION...	starts a guest that does RUN (see guest-init), in the
#					background; leaves the worker's process id in $guest, the
#					console in $tmp/NAME.out, what vmwp says in $tmp/NAME.err.
#					It boots $guest_kernel, with $guest_append.
#	guest_says NAME PATTERN [N]	waits until N (1) lines of the console match
#	guest_ends PID			waits for the end of a worker, and leaves $status
#	guest_run NAME RUN OPTION...	start, and end
#	guest_value NAME WORD		prints what the guest said in its line "[time] RS-WORD value"
#	guest_trouble NAME		prints what trouble the guest's kernel reported
#	guest_log NAME			prints the end of all that was said
#
# What takes longer than $guest_limit seconds fails. It is generous, for loaded machines; where the
# root partition itself is slow, GUEST_LIMIT in the environment makes it longer. What is waited for is
# looked at every $guest_poll seconds.
# shellcheck disable=SC2034,SC2154

vmwp=${BUILD:-$top/build}/userspace/vmwp
guest_limit=${GUEST_LIMIT:-120}
guest_append=
guest_poll=0.2

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

guest_initrd=$("$top/tests/lib/guest-initrd") || bail_out "no initial RAM disk for guests"

guest_kernel() {
	suffix=-amd64
	case $1 in
	*-cloud) suffix=-cloud-amd64 ;;
	esac
	found=$(for file in /boot/vmlinuz-"${1%-cloud}".*"$suffix"; do
		case ${file%"$suffix"} in
		*-cloud | *-rt | *\**) ;;
		*) echo "$file" ;;
		esac
	done | sort -V | tail -n 1)
	[ -n "$found" ] && echo "$found"
}

load() {
	"$top/scripts/load" >&2 || bail_out "the modules cannot be loaded: $(dmesg | tail -n 3)"
}

guest_start() {
	guest_name=$1
	guest_does=$2
	shift 2
	"$vmwp" --kernel "$guest_kernel" --initrd "$guest_initrd" --serial stdio \
		--append "console=ttyS0 loglevel=5 rs.run=$guest_does $guest_append" \
		"$@" >"$tmp/$guest_name.out" 2>"$tmp/$guest_name.err" </dev/null &
	guest=$!
}

# Waits until a command succeeds.
guest_await() {
	until_then=$(($(date +%s) + guest_limit))
	until "$@"; do
		[ "$(date +%s)" -lt "$until_then" ] || return 1
		sleep "$guest_poll"
	done
}

guest_has_said() {
	[ "$(grep -c -e "$2" "$tmp/$1.out")" -ge "${3:-1}" ]
}

guest_says() {
	guest_await guest_has_said "$@"
}

# A process that ended is a zombie until it is waited for.
guest_has_ended() {
	case $(ps -o stat= -p "$1") in
	'' | Z*) ;;
	*) return 1 ;;
	esac
}

guest_ends() {
	if ! guest_await guest_has_ended "$1"; then
		diag "the worker $1 does not end within $guest_limit s"
		kill -KILL "$1"
	fi
	status=0
	wait "$1" 2>/dev/null || status=$?
}

guest_run() {
	guest_start "$@"
	guest_ends "$guest"
}

guest_value() {
	sed -n "s/\r\$//; s/^\[[^]]*\] RS-$2 *//p" "$tmp/$1.out" | tail -n 1
}

guest_trouble() {
	awk -f "$top/tests/rootvm.d/splat.awk" "$tmp/$1.out" | head -n 20
}

guest_log() {
	echo "vmwp: exit $status"
	cat "$tmp/$1.err"
	tail -n 30 "$tmp/$1.out" | tr -d '\r'
}
