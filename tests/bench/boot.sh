#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SUBJECTS: rootstock kvm-pc kvm-microvm
#
# Boots Debian's cloud kernel 6.1 with one processor and 512 MiB, directly, until its init
# says so on the serial port:
#
#	boot.time	from starting the VMM's process on
#	boot.cpu	what of it the VMM's threads spent on a CPU, the guest's time included
#	boot.exits	exits of the guest until then
#	boot.memory	proportional set size of the VMM's process then, less the guest's RAM

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
subject=$1
memory=512
limit=600
[ -z "${BENCH_SUFFIX#.tsv}" ] || limit=36000
# What is read through 9p would be measured too.
files=/dev/shm/bench-boot
debugfs=/sys/kernel/debug

if [ ! -d $files ]; then
	mkdir $files
	kernel=$(find /boot -name 'vmlinuz-6.1.*-cloud-amd64' | sort -V | tail -n 1)
	[ -n "$kernel" ] || { echo "boot: no cloud kernel 6.1 in /boot" >&2; exit 1; }
	cp "$kernel" $files/kernel
	cp "$("$top/tests/lib/guest-initrd")" $files/initrd
fi

append='console=ttyS0 quiet rs.run=idle'
qemu="qemu-system-x86_64 -accel kvm -nodefaults -no-user-config -display none -cpu host
	-m $memory -smp 1 -kernel $files/kernel -initrd $files/initrd
	-chardev stdio,id=console,signal=off -serial chardev:console"

case $subject in
rootstock)
	exits="cat $debugfs/rootstock/partition-*/vp-* | awk '\$1 == \"exits\" { n += \$2 } END { print n }'"
	set -- "${BUILD:-$top/build}/userspace/vmwp" --kernel $files/kernel --initrd $files/initrd \
		--memory ${memory}M --serial stdio --append "$append" ;;
kvm-*)
	exits="cat $debugfs/kvm/exits"
	# shellcheck disable=SC2086 # a list
	set -- $qemu -M "${subject#kvm-}" -append "$append" ;;
*)
	echo "boot: no such subject: $subject" >&2
	exit 2 ;;
esac

# RAM is known by its size: nothing else of a VMM is nearly as large.
# shellcheck disable=SC2016 # the hook's own variables
look='
	awk "{ n += \$1 } END { printf \"%.0f\n\", n / 1e6 }" /proc/$pid/task/*/schedstat
	'$exits'
	awk "\$1 ~ /^[0-9a-f]+-/ { ram = 0 }
		\$1 == \"Size:\" { ram = \$2 >= '$((memory * 1024 / 2))' }
		\$1 == \"Pss:\" && !ram { n += \$2 }
		END { print n }" /proc/$pid/smaps'

figures=$("$BUILD/bench/bin/until" RS-GUEST-READY $limit "$look" "$@" </dev/null)
printf '%s\n' "$figures" | awk -v subject="$subject" '
	NR == 1	{ printf "boot.time\t%s\t%.0f\tms\n", subject, $1 / 1000 }
	NR == 2	{ printf "boot.cpu\t%s\t%s\tms\n", subject, $1 }
	NR == 3	{ printf "boot.exits\t%s\t%s\texits\n", subject, $1 }
	NR == 4	{ printf "boot.memory\t%s\t%s\tKiB\n", subject, $1 }
	END	{ exit NR != 4 }'
