# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The AMD SVM backend of tests/rootvm: QEMU's TCG, whose `max` CPU has SVM with nested
# paging. Documentation/rootvm.md says what a backend is; rootvm, which sources this file,
# has set the variables used here, and uses those set here.
# shellcheck disable=SC2034,SC2154

qemu=${ROOTVM_QEMU:-qemu-system-x86_64}

# What the root partition reaches the host by; the modules of the initramfs.
backend_modules='virtio_pci virtio_console 9pnet_virtio 9p overlay'

# tsc=reliable: the emulator's CPUs all read the host's counter. Without it, 6.1 takes HPET,
# and 6.12 lets HPET judge the TSC, on a host whose load delays every reading.
# printk.devkmsg=off: user mode must not write what looks like a report of the kernel's.
# The limits of the lockup detectors are long for the sake of loaded hosts.
# maxcpus=1: init starts the other CPUs. QEMU before 8.1 reads code that it translates before it
# watches that code for writes, so a CPU may go on executing an int3 with which another CPU has
# patched the kernel for a moment; and most of such patching is done while the kernel boots. The
# two after it save what starting a CPU that late would cost: a change of all lock prefixes, and a
# second's measurement of the delay loop (too high a figure only makes longer delays).
kernel_args='console=ttyS0 loglevel=5 panic=-1 tsc=reliable printk.devkmsg=off watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 maxcpus=1 noreplace-smp lpj=10000000'

# The TSC is the host's, and the host knows its frequency well: lpj_fine, of which bogomips tell, is
# made of it. On a loaded host the kernel measures anything, and then minutes pass in seconds.
host_tsc_khz() {
	grep -qw constant_tsc /proc/cpuinfo &&
		awk -F: '/^bogomips/ { printf "tsc_early_khz=%d\n", $2 * 500; exit }' /proc/cpuinfo
}

# In QEMU 7.2 every CPU that loads an FPU state also rewrites a word of flags of CPU 0, by
# cpu_clear_ignne(), which says among other things whether CPU 0 is in a guest with nested paging. So
# now and then CPU 0 loses that just after VMRUN, or has it again just after #VMEXIT, and then
# finds no page at all. CPU 0 must not run guests: there is one CPU more, and it is for the kernel.
# Where one thread runs all CPUs in turns, nothing is rewritten behind a CPU's back.
spare_cpu=$((1 - one_thread))

backend_check() {
	need "$qemu" "the emulator"
}

# Starts the emulator in the background, and leaves its relay's process id in $runner.
# "$@" is what the user adds to QEMU's command line.
backend_start() {
	cpus=$((smp + spare_cpu))
	if [ "$icount" = 1 ]; then
		# One instruction is one nanosecond; an idle CPU's time jumps to its next timer.
		# So a wait for the host's disk may be hours long.
		set -- -accel tcg,thread=single -icount shift=0,sleep=off "$@"
		append="sysctl.kernel.hung_task_timeout_secs=0 $append"
	elif [ "$one_thread" = 1 ]; then
		append="$(host_tsc_khz) $append"
		set -- -accel tcg,thread=single "$@"
	else
		append="$(host_tsc_khz) $append"
		set -- -accel tcg,thread=multi "$@"
	fi
	if [ -n "$out" ]; then
		set -- -fsdev "local,id=out,path=$(comma "$out"),security_model=none,multidevs=remap" \
			-device virtio-9p-pci,fsdev=out,mount_tag=out "$@"
	fi
	# shellcheck disable=SC2086 # $relay_flags: none or one
	"$relay" $relay_flags -c "$tmp/config" -r "$tmp/result" -l "$tmp/emulator.log" \
		-t "$timeout" -- \
		"$qemu" -name "$name" -nodefaults -no-user-config -display none \
		-machine q35 -cpu "max$cpu_flags" -smp "$cpus" -m "$mem" -no-reboot \
		-kernel "$kernel" -initrd "$image" \
		-append "$kernel_args $append" \
		-chardev "file,id=console,path=$(comma "$console")" -serial chardev:console \
		-chardev socket,id=stream,fd=3 -device virtio-serial-pci \
		-device virtserialport,chardev=stream,name=rootvm \
		-fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
		-device virtio-9p-pci,fsdev=root,mount_tag=root \
		"$@" <&4 &
	runner=$!
}

# QEMU's option syntax: a comma in a value is doubled.
comma() {
	printf '%s\n' "$1" | sed 's/,/,,/g'
}
