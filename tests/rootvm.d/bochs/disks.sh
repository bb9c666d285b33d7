# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The disks that a root partition in bochs has its files on (see common.sh), made anew only when what
# they hold has changed.
# shellcheck disable=SC2034,SC2154

# The packages whose programs there are in the root partition. What these need comes along.
bochs_packages='base-files base-passwd bash bsdutils busybox-static coreutils cpio dash debianutils
	diffutils findutils grep gzip hostname iproute2 kmod libc-bin mawk mount ncurses-base
	ncurses-bin procps sed tar util-linux xz-utils zstd'

# $1: name. Of stdin, names of files from the root, a disk is made, unless there is one of those
# very files. Leaves its path in $made_disk. A size that is no multiple of the cylinder's would
# hide the end.
make_disk() {
	cat >"$tmp/files"
	key=$(cd / && xargs -d '\n' stat -c '%F %n %s %Y' <"$tmp/files" |
		sed -E 's/^(directory .*) [0-9]+ [0-9]+$/\1/' | cksum | tr ' ' -)
	made_disk=$top/build/rootvm/$1-$key
	if [ -e "$made_disk" ]; then
		return
	fi
	mkdir -p "$top/build/rootvm"
	made=$(mktemp "$top/build/rootvm/new.XXXXXX")
	rm "$made"
	# Not compressed: the disk is faster than the CPU.
	tar -C / --no-recursion -cf - -T "$tmp/files" |
		sqfstar -quiet -no-progress -root-mode 755 -noI -noD -noF -noX "$made" >"$tmp/sqfstar" 2>&1 ||
		die "cannot make a disk: $(head -n 1 "$tmp/sqfstar")"
	truncate -s %516096 "$made"
	mv "$made" "$made_disk"
	made=
	find "$top/build/rootvm" -maxdepth 1 -name "$1-*" ! -name "$1-$key" -mmin +10 -delete
}

# Turns names of files into those without a link on their way, and without the leading slash.
# Debian's /bin, /lib and so on are links into /usr.
plain_names() {
	sed -E 's,^/+(s?bin|lib(32|64|x32)?)/,usr/\1/,; s,^/+,,'
}

# Files of this machine that programs need: the list is made once, and is as good as the packages.
system_files() {
	# shellcheck disable=SC2086 # a list
	dpkg-query -L $bochs_packages | plain_names |
		grep -E '^usr/(s?bin|lib|lib64)/' | grep -vE '^usr/lib/(locale|.*gconv)' |
		while read -r f; do
			[ -d "/$f" ] || [ ! -e "/$f" ] || echo "$f"
		done >"$tmp/own"
	{
		cat "$tmp/own"
		# Their libraries, and those of ours.
		{
			sed -n 's,^usr/s\?bin/,/&,p' "$tmp/own"
			find "$bochs_build" -maxdepth 4 -type f -perm -100 ! -name '*.ko'
		} | xargs ldd 2>/dev/null |
			awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && NF == 2 { print $1 }' |
			plain_names
		printf '%s\n' bin sbin lib lib64 etc/passwd etc/group etc/nsswitch.conf etc/hosts \
			etc/ld.so.cache usr/bin/awk etc/alternatives/awk tmp root var/tmp boot proc \
			sys dev run
		find /boot -name "vmlinuz-*" | plain_names
		find "/lib/modules/$release" -maxdepth 1 -name 'modules.*' | plain_names
		for module in kvm_intel kvm_amd; do
			modprobe -S "$release" --show-depends "$module" 2>/dev/null | awk '{ print $2 }'
		done | plain_names
	} >"$tmp/wanted"
	# What a link leads to.
	sed 's,^,/,' "$tmp/wanted" | xargs -d '\n' readlink -e | plain_names |
		sort -u - "$tmp/wanted" | while read -r f; do
			[ ! -e "/$f" ] || echo "$f"
		done
}

# The list of them is kept for as long as no package changes.
find_system() {
	key=$({
		cat "$lib/bochs/disks.sh"
		stat -c '%n %s %Y' /var/lib/dpkg/status /boot/vmlinuz-*
		echo "$release"
		ldd "$bochs_build/userspace/vmwp" 2>/dev/null | sed 's/(.*//'
	} | cksum | tr ' ' -)
	list=$cache/system-$key
	if [ ! -e "$list" ]; then
		system_files >"$list.$$"
		mv "$list.$$" "$list"
		find "$cache" -maxdepth 1 -name 'system-*' ! -name "system-$key" -mmin +10 -delete
	fi
	make_disk system <"$list"
	system_disk=$made_disk
}

# The tree, and what was built of it, but nothing that only the compiler wants.
tree_files() {
	find "$top" \( -path "$top/.git" -o -path "$top/build" -o -path "$bochs_build" \) -prune -o -print
	find "$bochs_build" -name '*.ko'
	find "$bochs_build/userspace" "$bochs_build/tests" -name obj -prune -o \
		! -name '*.o' ! -name '*.d' ! -name '*.a' -print 2>/dev/null || :
}

find_tree() {
	tree_files | sed 's,^/,,' >"$tmp/tree"
	make_disk tree <"$tmp/tree"
	tree_disk=$made_disk
}
