# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What guests with disks boot from: source it after tap.sh, with $top set.
#
#	storage_make	makes, on the host, if need be, $storage_initrd, an initial RAM disk with the
#			drivers of disks, and $storage_tools, a DVD with fio, sg3-utils and others;
#			$storage_kernel is what they are for
# shellcheck disable=SC2034,SC2154

storage_programs='fio sg_inq sg_vpd sg_readcap sg_persist sg_raw sg_turs sg_unmap sg_write_same
	sg_get_lba_status sg_sync sg_start sg_prevent sg_modes sg_luns sg_verify blkdiscard blockdev
	mkfs.ext4 fsck.ext4 fstrim'

storage_kernel=$(for storage_file in /boot/vmlinuz-6.12.*-cloud-amd64 /boot/vmlinuz-6.1.*-cloud-amd64; do
	[ ! -e "$storage_file" ] || echo "$storage_file"
done | head -n 1)

storage_fill() {
	mkdir -p "$1/dev" "$1/proc" "$1/sys" "$1/tmp" "$1/run" "$1/mnt" "$1/etc"
	for storage_program in $storage_programs; do
		storage_path=$(PATH=$PATH:/sbin:/usr/sbin command -v "$storage_program") || return 1
		{ echo "$storage_path"; ldd "$storage_path" |
			awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) { print $i; next } }'; }
	done | sort -u | while read -r storage_path; do
		mkdir -p "$1${storage_path%/*}"
		cp -L "$storage_path" "$1$storage_path" || return 1
	done
}

storage_make() {
	[ -n "$storage_kernel" ] || bail_out "no cloud kernel in /boot"
	storage_initrd=$("$top/tests/lib/guest-initrd" --modules "${storage_kernel#*vmlinuz-}" \
		hv_storvsc,sd_mod,sr_mod,sg,isofs) || bail_out "no initial RAM disk for guests"
	storage_fio=$(command -v fio) || bail_out "no fio: scripts/deps installs it"
	storage_key=$(stat -Lc '%n %s %Y' "$storage_fio" "$top/tests/lib/storage.sh" | cksum | tr ' ' -)
	storage_tools=${BUILD:-$top/build}/tests/tools-$storage_key.iso
	[ ! -e "$storage_tools" ] || return 0
	storage_new=$(mktemp -d)
	storage_fill "$storage_new/root" &&
		xorriso -as mkisofs -quiet -R -V TOOLS -o "$storage_new/iso" "$storage_new/root" >&2 &&
		mv "$storage_new/iso" "$storage_tools"
	storage_status=$?
	rm -rf "$storage_new"
	[ "$storage_status" -eq 0 ] || bail_out "cannot make a DVD with tools"
}
