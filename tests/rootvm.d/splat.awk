# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reads a kernel's console. Prints each report of trouble (oops, BUG, WARNING, lockdep,
# KASAN, UBSAN, lockup, stall, hung task, panic) with the lines around it, and exits 1
# when there was one.
#
# Only what follows the kernel's own time stamp is looked at, and only its beginning: the
# names of processes and the text of user mode's messages come later in a line.

BEGIN {
	before = 3	# lines of context
	after = 60	# lines a report may have, from its last telling line on
	limit = 500	# lines printed at most
	left = printed = found = 0
}

# A message's text, or "" when the line is no kernel message.
function message(line) {
	if (!match(line, /\[ *[0-9]+\.[0-9][0-9][0-9][0-9][0-9][0-9]\](\[ *[TC][0-9]+\])? /))
		return ""
	return substr(line, RSTART + RLENGTH)
}

function telling(m) {
	return m ~ /^(watchdog: |NMI watchdog: |rcu: )?(WARNING|BUG|INFO)( [^ ]+ \(|: )/ &&
		m !~ /^INFO: (NMI handler|lockdep is turned off)/ ||
	       m ~ /^-+\[ cut here \]-+/ ||
	       m ~ /^======/ ||
	       m ~ /^(kernel BUG at|Oops|Kernel panic|UBSAN: |KASAN: |KFENCE: |kmemleak: [0-9])/ ||
	       m ~ /: [0-9a-f][0-9a-f][0-9a-f][0-9a-f] \[#[0-9]+\]/ && m !~ /^[a-z]+\[[0-9]+\]/ ||
	       m ~ /[Ww]atchdog[ :].*(hard LOCKUP|soft lockup)/ ||
	       m ~ /^rcu: .*(detected stall|self-detected|kthread (starved|timer wakeup))/ ||
	       m ~ /suspicious RCU usage/ ||
	       m ~ /^(list_add|list_del) corruption/ ||
	       m ~ /^unchecked MSR access error/ ||
	       m ~ /^irq [0-9]+: nobody cared/ ||
	       m ~ /^unregister_netdevice: waiting for/ ||
	       m ~ /^(page_counter|refcount_t): / ||
	       m ~ /^(VFS: Busy inodes|Slab .* Objects remaining)/
}

function show(line) {
	if (printed++ < limit)
		print line
}

{
	sub(/\r+$/, "")
	m = message($0)
	if (m != "" && telling(m)) {
		if (!left) {
			if (found)
				show("...")
			for (i = NR - before; i < NR; i++)
				if (i > 0 && i > shown)
					show(ring[i % before])
		}
		found = 1
		left = after
	}
	if (left) {
		left--
		show($0)
		shown = NR
		if (m ~ /^---\[ end /)
			left = 0
	}
	ring[NR % before] = $0
}

END {
	if (printed > limit)
		print "... and " printed - limit " lines more"
	exit found
}
