# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Has the kernel lost anything? For tests that run inside a root partition; source it after
# tap.sh:
#
#	pinned			prints how many pages are pinned
#	kernel_memory		prints the KiB that the kernel has for itself, see below
#	slabs			prints the KiB of slabs that cannot be given back
#	grew_little NAME BEFORE AFTER ALLOWED
#				passes when AFTER is at most ALLOWED KiB more than BEFORE
#	nothing_holds_modules	two tests: nobody uses rs_vid, and no partition is in debugfs

# Each CPU counts for itself for up to a second.
pinned() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_foll_pin_acquired" { n += $2 }
	     $1 == "nr_foll_pin_released" { n -= $2 }
	     END { print n }' /proc/vmstat
}

# Memory in KiB that the kernel has for itself, once what it can give back is given back: slabs,
# page tables, and what is allocated by the page and counted nowhere. Free pages in the lists of
# CPUs are not in MemFree.
kernel_memory() {
	sleep 1
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "count:" { lists += $2 * 4 }
	     { sub(":", "", $1); m[$1] = $2 }
	     END { print m["MemTotal"] - m["MemFree"] - m["Buffers"] - m["Cached"] \
			- m["AnonPages"] - m["SReclaimable"] - lists }' /proc/meminfo /proc/zoneinfo
}

slabs() {
	sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# $1: name, $2: KiB before, $3: KiB after, $4: KiB that are allowed
grew_little() {
	if [ -e /sys/kernel/debug/kmemleak ]; then
		skip "$1" "KASAN keeps what was freed for a while; kmemleak looks for what is lost"
	elif [ $(($3 - $2)) -le "$4" ]; then
		ok "$1 ($(($3 - $2)) KiB more)"
	else
		not_ok "$1" "$2 KiB became $3, and $4 more are allowed"
	fi
}

nothing_holds_modules() {
	# but modules that use it
	is "$(awk '/^rs_vid / { print $3 - gsub(/,/, ",", $4) }' /proc/modules)" 0 \
		'nothing holds rs_vid'
	is "$(find /sys/kernel/debug/rootstock -mindepth 1 -type d 2>/dev/null | wc -l)" 0 \
		'no partition is left in debugfs'
}
