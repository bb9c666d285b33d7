#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests tests/rootvm itself, on the host: that it hands over what the command writes and how
# it ends, keeps the host's files as they are, ends when it must, and notices trouble in the
# root partition's kernel. Every other system test relies on this.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
rootvm=$top/tests/rootvm
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/test-rootvm.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# Runs rootvm; leaves $status, $seconds, and the files $tmp/out and $tmp/err.
concurrent=
run() {
	start=$(date +%s)
	env ${concurrent:+ROOTVM_ONE_THREAD=0} "$rootvm" --timeout 120 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	seconds=$(($(date +%s) - start))
}

# $1: name, $2: wanted status of the last run.
status_is() {
	is "$status" "$2" "$1"
	[ "$status" = "$2" ] || diag "$(head -n 20 "$tmp/err")"
}

err_says() {
	if grep -q -e "$1" "$tmp/err"; then
		ok "$2"
	else
		not_ok "$2" "$(cat "$tmp/err")"
	fi
}

# How many emulators has the rootvm with process id $1?
leftovers() {
	pgrep -fc -- "^[^ ]*qemu[^ ]* -name rootvm-$1 " || :
}

# How many of bochs have their directories in $tmp/bochs?
bochs_leftovers() {
	pgrep -fc -- "^[^ ]*bochs(-bin)? .* -f $tmp/bochs/" || :
}

test_usage() {
	for args in '' '--nonsense -- true' '--cpu z80 -- true' '--timeout' '--smp two -- true' \
		'--kernel /nowhere/vmlinuz -- true' '--icount --smp 2 -- true' \
		'--out /nowhere -- true' '--env =x -- true'; do
		# shellcheck disable=SC2086
		"$rootvm" $args >"$tmp/out" 2>"$tmp/err"
		is "$? $(wc -c <"$tmp/out")" "2 0" "usage error: rootvm $args"
	done
	check "--help succeeds" "$rootvm" --help
}

test_statuses() {
	run -- true
	status_is "true is 0" 0
	is "$(cat "$tmp/out" "$tmp/err")" "" "true says nothing"
	# another test beside it may have the machine for a while
	for _ in 2 3; do
		[ "$seconds" -lt 10 ] || run -- true
	done
	if [ "$status $((seconds < 10))" = "0 1" ]; then
		ok "up and down again within 10 s"
	else
		not_ok "up and down again within 10 s" "took $seconds s, the third time"
	fi
	run -- false
	status_is "false is 1" 1
	# shellcheck disable=SC2016
	run -- sh -c 'kill -USR1 $$'
	status_is "killed by SIGUSR1 is 138" 138
	run -- no-such-command
	status_is "a command not found is 127" 127
	run -- /etc/passwd
	status_is "a command that cannot run is 126" 126
}

test_output() {
	head -c 10000000 /dev/urandom >"$tmp/random"
	run -- sh -c "cat '$tmp/random'; echo diagnosis >&2; exit 42"
	status_is "exit 42 is 42, after 10 MB of output" 42
	check "10 MB of random bytes arrive unchanged on stdout" cmp "$tmp/random" "$tmp/out"
	is "$(cat "$tmp/err")" diagnosis "stderr is apart, and alone"
	"$rootvm" --timeout 120 -- yes 2>"$tmp/err" | head -n 1 >"$tmp/out"
	is "$(cat "$tmp/out")" y "ends when nobody reads any more"
}

# One run looks at many things, and prints a line for each.
test_surroundings() {
	mkdir "$tmp/share"
	cat >"$tmp/look" <<-'END'
		echo "cwd $(pwd)"
		echo "host $(hostname)"
		echo "home $HOME"
		echo "cpus $(nproc)"
		echo "given $GIVEN"
		echo "stdin $(readlink /proc/self/fd/0)"
		echo "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
		for m in /proc /sys /dev /dev/pts /dev/shm /run /sys/fs/cgroup \
			/sys/kernel/debug /sys/kernel/tracing; do
			mountpoint -q $m || echo "no $m"
		done
		[ ! -e /dev/kvm ] && modprobe kvm_amd && [ -e /dev/kvm ] && echo "kvm on demand"
		modprobe -r kvm_amd && echo "kvm gone"
		ping -c 1 -W 5 127.0.0.1 >/dev/null 2>&1 || ip link show lo | grep -q UP && echo "lo up"
		echo changed >"$1/unchanged" && touch /etc/made-in-rootvm tests/made-in-rootvm &&
			rm "$1/kept" && echo "files writable"
		echo result >"$ROOTVM_OUT/result"
		# A process left behind that holds stdout must not hold up the end.
		sleep 1000 &
	END
	echo original >"$tmp/unchanged"
	echo original >"$tmp/kept"
	run --env 'GIVEN=a b' --out "$tmp/share" -- sh "$tmp/look" "$tmp"
	status_is "a look around" 0
	{
		echo "cwd $top"
		echo "host root-partition"
		echo "home /root"
		echo "cpus 2"
		echo "given a b"
		echo "stdin /dev/null"
		echo "clocksource tsc"
		echo "kvm on demand"
		echo "kvm gone"
		echo "lo up"
		echo "files writable"
	} >"$tmp/wanted"
	is "$(cat "$tmp/out")" "$(cat "$tmp/wanted")" "surroundings are as documented"
	is "$(cat "$tmp/unchanged" "$tmp/kept")" "original
original" "the host's files are as they were"
	if [ -e /etc/made-in-rootvm ] || [ -e "$top/tests/made-in-rootvm" ]; then
		not_ok "no new files on the host"
	else
		ok "no new files on the host"
	fi
	is "$(cat "$tmp/share/result" 2>&1)" result "--out brings files out"
}

test_variants() {
	run --kernel 6.1 -- uname -r
	status_is "--kernel 6.1 boots" 0
	like "$(cat "$tmp/out")" '6.1.*' "and is 6.1"
	release=$(cat "$tmp/out")
	mkdir -p "$tmp/beside/lib/modules/$release"
	: >"$tmp/beside/lib/modules/$release/modules.dep"
	ln -s "/boot/vmlinuz-$release" "$tmp/beside/bzImage"
	run --kernel "$tmp/beside/bzImage" -- true
	status_is "modules beside a kernel go before those in /lib/modules" 125
	err_says "Linux $release lacks the module" "and here they are none"
	run --icount -- nproc
	is "$status $(cat "$tmp/out")" "0 1" "--icount runs, with one CPU"
	if command -v script >/dev/null; then
		printf 'tty; exit 7\r' | script -qec "'$rootvm' --timeout 60 --interactive -- sh" \
			/dev/null >"$tmp/out" 2>&1
		is "$?" 7 "--interactive takes what is typed"
		check "and gives a terminal" grep -q '/dev/pts/0' "$tmp/out"
	else
		skip "--interactive takes what is typed" "no script(1)"
		skip "and gives a terminal" "no script(1)"
	fi
}

test_limits() {
	run --timeout 8 -- sleep 1000
	status_is "a command that hangs is 124" 124
	if [ "$seconds" -le 12 ]; then
		ok "at its time limit"
	else
		not_ok "at its time limit" "8 s became $seconds"
	fi
	TMPDIR=$tmp "$rootvm" -- sleep 1000 >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	sleep 5
	is "$(leftovers "$pid")" 1 "a run has one emulator"
	is "$(find "$tmp" -maxdepth 1 -name 'rootvm.*' | wc -l)" 1 "and one temporary directory"
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null
	is "$?" 143 "SIGTERM ends it"
	is "$(leftovers "$pid")" 0 "and its emulator"
	is "$(find "$tmp" -maxdepth 1 -name 'rootvm.*' | wc -l)" 0 "and leaves no temporary directory"
	# Then nobody removes its temporary directory; ours is removed with all that is in it.
	TMPDIR=$tmp "$rootvm" -- sleep 1000 >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	sleep 5
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	sleep 1
	is "$(leftovers "$pid")" 0 "SIGKILL leaves no emulator either"
}

# What the console is searched for, tried on single lines and without an emulator.
finds() {
	printf '[    1.234567] %s\r\n' "$2" | awk -f "$top/tests/rootvm.d/splat.awk" >/dev/null
	is "$?" "$1" "$3"
}

test_console() {
	while read -r line; do
		finds 1 "$line" "trouble: $line"
	done <<-'END'
		WARNING: CPU: 1 PID: 7 at mm/slub.c:12 kfree+0x1/0x2
		WARNING: possible circular locking dependency detected
		WARNING: suspicious RCU usage
		======================================================
		INFO: possible recursive locking detected
		INFO: task kworker/0:1:7 blocked for more than 120 seconds.
		INFO: trying to register non-static key.
		BUG: kernel NULL pointer dereference, address: 0000000000000008
		BUG: KASAN: use-after-free in foo+0x1/0x2
		BUG: scheduling while atomic: sh/7/0x00000002
		BUG kmalloc-64 (Tainted: G           OE     ): Poison overwritten
		Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#1] SMP
		general protection fault: 0000 [#1] PREEMPT SMP
		kernel BUG at mm/slub.c:12!
		UBSAN: shift-out-of-bounds in foo.c:1:2
		watchdog: BUG: soft lockup - CPU#1 stuck for 61s! [sh:7]
		watchdog: Watchdog detected hard LOCKUP on cpu 1
		rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
		unchecked MSR access error: RDMSR from 0x40000000 at rIP: 0xffffffff81000000
		Kernel panic - not syncing: Fatal exception
	END
	while read -r line; do
		finds 0 "$line" "no trouble: $line"
	done <<-'END'
		reboot: Power down
		traps: sh[7] general protection fault ip:1 sp:2 error:0 in sh[3+4]
		sh[7]: segfault at 8 ip 1 sp 2 error 4 in sh[3+4]
		rs_hv: loading out-of-tree module taints kernel.
		rs_hv: module verification failed: signature and/or required key missing - tainting kernel
		INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.234 msecs
		sh: said BUG: in the middle
	END
	printf 'WARNING: without a time stamp\n' | awk -f "$top/tests/rootvm.d/splat.awk" >/dev/null
	is "$?" 0 "no trouble: what is not the kernel's"
}

test_no_false_alarm() {
	run -- sh -c 'echo "[    1.000000] Oops: 0000 [#1] PREEMPT SMP"
		echo "[    1.000000] BUG: unable to handle page fault" >&2
		echo "WARNING: CPU: 0 PID: 1 at fake.c:1" >/dev/kmsg || :'
	status_is "a command that prints an oops of its own is no trouble" 0
}

build_provoke() {
	release=$("$rootvm" -- uname -r) || return 1
	mkdir "$tmp/provoke" && cp "$top"/tests/rootvm.d/provoke/* "$tmp/provoke" &&
		make -s -C "/lib/modules/$release/build" "M=$tmp/provoke" modules >"$tmp/out" 2>&1
}

test_trouble() {
	if ! build_provoke; then
		for name in warning oops lockup; do
			not_ok "notices: $name" "cannot build tests/rootvm.d/provoke"
		done
		diag "$(tail -n 20 "$tmp/out")"
		return
	fi
	run -- sh -c "insmod '$tmp/provoke/provoke.ko' how=warning && echo went on"
	status_is "a kernel warning is 125, though the command succeeds" 125
	is "$(cat "$tmp/out")" "went on" "and the command is not disturbed"
	err_says 'WARNING: CPU: .* provoke_init' "the warning is shown"
	err_says 'end trace' "as a whole"
	run -- sh -c "insmod '$tmp/provoke/provoke.ko' how=oops; true"
	status_is "a kernel oops is 125" 125
	err_says 'BUG: kernel NULL pointer dereference' "the oops is shown"
	concurrent=1
	run -- sh -c "insmod '$tmp/provoke/provoke.ko' how=int3; true"
	concurrent=
	status_is "a breakpoint that nobody set is 123, for another try" 123
	run --one-thread -- sh -c "insmod '$tmp/provoke/provoke.ko' how=int3; true"
	status_is "but 125 where the emulator's CPUs take turns" 125
	run --timeout 12 -- insmod "$tmp/provoke/provoke.ko" how=lockup
	status_is "a kernel that spins with interrupts off is 124" 124
	if [ "$seconds" -le 16 ]; then
		ok "at the time limit"
	else
		not_ok "at the time limit" "12 s became $seconds"
	fi
}

test_panic() {
	run -- sh -c 'echo c >/proc/sysrq-trigger'
	status_is "a kernel panic is 125" 125
	err_says 'Kernel panic - not syncing' "the panic is shown"
	if [ "$seconds" -lt 30 ]; then
		ok "without waiting for the time limit"
	else
		not_ok "without waiting for the time limit" "took $seconds s"
	fi
	run --append 'rdinit=/nowhere' -- true
	status_is "a kernel that does not come up is 125" 125
}

# bochs: what is written comes at once, and the command's status at its end.
test_bochs() {
	check "--help says what to expect of bochs" sh -c \
		"'$rootvm' --help | grep -q 'vmx and svm-bochs are emulated by bochs: a minute'"
	for args in '--cpu vmx --out /tmp' '--cpu svm-bochs --interactive' '--cpu vmx --icount' \
		'--cpu svm-bochs,-npt' '--cpu vmx --mem 100M' '--cpu svm-bochs --smp 9'; do
		# shellcheck disable=SC2086
		"$rootvm" $args -- true >"$tmp/out" 2>"$tmp/err"
		is "$? $(wc -c <"$tmp/out")" "2 0" "usage error: rootvm $args"
	done
	mkdir "$tmp/bochs"
	# shellcheck disable=SC2016 # expanded in the root partition
	TMPDIR=$tmp/bochs "$rootvm" --cpu svm-bochs --timeout 500 -- sh -c \
		'echo first; echo diagnosis >&2; sleep 20; echo "last, $ROOTVM"; exit 42' \
		>"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null && [ ! -s "$tmp/out" ]; do
		sleep 0.1
	done
	is "$(cat "$tmp/out") $(bochs_leftovers)" 'first 1' \
		'svm-bochs: what the command writes comes at once'
	status=0
	wait "$pid" || status=$?
	status_is 'svm-bochs: exit 42 is 42' 42
	is "$(cat "$tmp/out")" 'first
last, svm-bochs' 'svm-bochs: all of stdout'
	is "$(cat "$tmp/err")" diagnosis 'svm-bochs: stderr is apart'
	start=$(date +%s)
	TMPDIR=$tmp/bochs run --cpu vmx --timeout 8 -- sleep 1000
	status_is 'vmx: 124 at the time limit' 124
	if [ "$seconds" -le 20 ]; then
		ok 'vmx: and not much later'
	else
		not_ok 'vmx: and not much later' "8 s became $seconds"
	fi
	is "$(bochs_leftovers) $(find "$tmp/bochs" -mindepth 1 | wc -l)" '0 0' 'bochs leaves nothing'
}

test_usage
test_console
test_statuses
test_output
test_surroundings
test_variants
test_limits
test_no_false_alarm
test_trouble
test_panic
test_bochs
done_testing
