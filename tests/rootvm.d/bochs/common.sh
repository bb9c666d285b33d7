# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the CPUs that bochs emulates have in common. bochs executes every instruction one by one, some
# 100 million a second in all, and has neither virtio nor 9p. So what is booted is made ready by
# the host as far as possible: the kernel is unpacked, a loader of ours reads it from the first
# disk, and three more disks have the programs of this machine that tests use, the project's tree,
# and the command. Documentation/rootvm.md says what a backend is.
# shellcheck disable=SC1091,SC2034,SC2154

. "$lib/bochs/disks.sh"

bochs=${ROOTVM_BOCHS:-bochs}
bochs_ips=25000000
backend_timeout=1800
bochs_share=/usr/share/bochs

backend_modules='ata_piix sd_mod squashfs overlay'

# reboot=t: a triple fault is something at which bochs can be told to end.
# idle=halt: bochs does not know the time limit of MWAITX, and MWAIT is made to do nothing.
# lpj: no measurement of the delay loop; tsc=reliable: and nobody doubts the TSC, which counts
# instructions. A second has few of them ($bochs_ips), for waiting takes as long as anything else.
# The rest leaves out what takes the kernel seconds and is of no use here: tests of its ciphers, keys,
# a source of randomness, type information for BPF.
kernel_args='console=ttyS0,115200 loglevel=5 cryptomgr.notests initcall_blacklist=load_system_certificate_list,jent_mod_init,bpf_tcp_ca_kfunc_init,bpf_dummy_struct_ops_init panic=-1 reboot=t tsc=reliable lpj=100000 idle=halt 8250.nr_uarts=1 random.trust_cpu=on printk.devkmsg=off watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 rootvm=bochs'

# XSAVEC and XSAVES of bochs 2.7 put the upper halves of YMM registers where the header of the save area is, and
# XRSTORS takes them from elsewhere.
bochs_clear=xsavec,xsaves

backend_check() {
	need "$bochs" "the emulator"
	need objcopy "a part of binutils"
	need sqfstar "which makes the root partition's disks"
	case $cpu$cpu_flags in
	"$cpu" | vmx,locked) ;;
	*) bad_usage "--cpu $cpu takes no such flags" ;;
	esac
	[ -z "$out" ] || bad_usage "--out is not possible with --cpu $cpu"
	[ -z "$relay_flags" ] || bad_usage "--interactive is not possible with --cpu $cpu"
	[ "$icount" = 0 ] || bad_usage "--icount is not possible with --cpu $cpu: its time repeats anyway"
	case $mem in
	*[!0-9MG]* | '' | [MG]*) bad_usage "--mem wants a size such as 512M, not '$mem'" ;;
	*G) bochs_memory=$((${mem%G} * 1024)) ;;
	*) bochs_memory=${mem%M} ;;
	esac
	[ "$bochs_memory" -ge 256 ] || bad_usage "--cpu $cpu wants 256 MiB at least"
	[ "$smp" -le 8 ] || bad_usage "--cpu $cpu has 8 CPUs at most"
}

# A number of the bzImage $kernel: $1: offset, $2: size.
header() {
	od -An -tu"$2" -j "$1" -N "$2" "$kernel" | tr -d ' '
}

# The kernel that the bzImage holds (boot protocol, payload_offset and payload_length). What packs
# it adds its length, but for gzip, which has it anyway.
unpack_kernel() {
	start=$((($(header 497 1) + 1) * 512 + $(header 584 4)))
	length=$(header 588 4)
	magic=$(od -An -tx1 -j "$start" -N 4 "$kernel" | tr -d ' ')
	case $magic in
	28b52ffd) unpack='zstd -qdc' length=$((length - 4)) ;;
	fd377a58) unpack='xz -dc' length=$((length - 4)) ;;
	1f8b*) unpack='gzip -dc' ;;
	*) die "$kernel is packed in a way that is not known here" ;;
	esac
	tail -c "+$((start + 1))" "$kernel" | head -c "$length" | $unpack ||
		die "cannot unpack $kernel"
}

# A module of the initramfs, without its signature and type information, which take long to check.
backend_module() {
	objcopy --strip-debug -R .BTF -R .BTF.base "$1" || die "cannot strip $1"
}

# Called with the initramfs made, and in $new: the disk to boot from.
backend_build() {
	"${CC:-cc}" -O2 -Wall -Wextra -o "$new/mkdisk" "$lib/bochs/mkdisk.c" ||
		die "cannot build mkdisk"
	"${CC:-cc}" -O2 -Wall -Wextra -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only \
		-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
		-nostdlib -static -no-pie \
		-Wl,-Ttext=0x7c00,-e,start,--oformat=binary,--build-id=none,-N \
		-o "$new/loader" "$lib/bochs/boot.S" "$lib/bochs/loader.c" ||
		die "cannot build the loader"
	unpack_kernel >"$new/vmlinux"
	"$new/mkdisk" "$new/loader" "$kernel" "$new/vmlinux" "$new/initramfs" "$new/disk" ||
		die "cannot make the disk"
	rm "$new/vmlinux"
}

# The kernel's command line, then the command for init.
write_config_disk() {
	[ "$(wc -c <"$tmp/config")" -lt 32768 ] || die "the command is too long"
	printf '%s' "$kernel_args clearcpuid=$bochs_clear $bochs_args $append" | head -c 2047 >"$tmp/disk3"
	truncate -s 2048 "$tmp/disk3"
	cat "$tmp/config" >>"$tmp/disk3"
	truncate -s %516096 "$tmp/disk3"
}

# The BIOS turns VMX on and locks it. With the flag "locked" it only locks it.
make_bios() {
	bios=$bochs_share/BIOS-bochs-latest
	if [ -n "$cpu_flags" ]; then
		LC_ALL=C sed 's/\x83\xc8\x05\x0f\x30/\x83\xc8\x01\x0f\x30/g' "$bios" >"$tmp/bios"
		! cmp -s "$bios" "$tmp/bios" || die "this BIOS does nothing about VMX: $bios"
		bios=$tmp/bios
	fi
}

# bochs makes a lock file beside each disk: they get names of our own.
write_bochsrc() {
	ln -sf "${image%/*}/disk" "$tmp/disk0"
	ln -sf "$system_disk" "$tmp/disk1"
	ln -sf "$tree_disk" "$tmp/disk2"
	cat <<-END
	config_interface: textconfig
	display_library: term
	memory: guest=$bochs_memory, host=$bochs_memory
	romimage: file="$bios", options=fastboot
	vgaromimage: file=$bochs_share/VGABIOS-lgpl-latest
	cpu: model=$bochs_model, count=$smp, ips=$bochs_ips, reset_on_triple_fault=0, mwait_is_nop=1
	clock: sync=none, time0=utc
	pci: enabled=1, chipset=i440fx
	ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
	ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
	ata0-master: type=disk, path="$tmp/disk0", mode=flat, cylinders=0, heads=16, spt=63
	ata0-slave: type=disk, path="$tmp/disk1", mode=flat, cylinders=0, heads=16, spt=63
	ata1-master: type=disk, path="$tmp/disk2", mode=flat, cylinders=0, heads=16, spt=63
	ata1-slave: type=disk, path="$tmp/disk3", mode=flat, cylinders=0, heads=16, spt=63
	boot: disk
	com1: enabled=1, mode=file, dev="$console"
	parport1: enabled=1, file="/proc/self/fd/3"
	speaker: enabled=0
	log: "$tmp/bochs.log"
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	debug: action=ignore
	END
}

backend_start() {
	bochs_build=${BUILD:-$top/build}
	find_system
	find_tree
	write_config_disk
	make_bios
	write_bochsrc >"$tmp/bochsrc"
	# Debian's bochs is the one with the debugger, which waits to be told to continue.
	echo c >"$tmp/debugger"
	"$relay" -o -w -c "$tmp/config" -r "$tmp/result" -l "$tmp/emulator.log" -t "$timeout" -- \
		env TERM=vt100 "$bochs" -q -f "$tmp/bochsrc" -rc "$tmp/debugger" "$@" <&4 &
	runner=$!
}
