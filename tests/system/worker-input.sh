#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tests what vmwp says to wrong options and wrong files, on any host: it finds them before it
# opens /dev/vid, ends with the exit code that vmwp(8) documents, and says one clear line.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
vmwp=${VMWP:-${BUILD:-$top/build}/userspace/vmwp}
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"

[ -x "$vmwp" ] || bail_out "no $vmwp: run 'make userspace'"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/test-worker-input.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# $1: name, $2: wanted exit code, $3: pattern of the only line; then vmwp's arguments.
refuses() {
	name=$1
	code=$2
	pattern=$3
	shift 3
	"$vmwp" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	is "$?" "$code" "$name: exit code"
	like "$(cat "$tmp/err")" "vmwp: $pattern" "$name: message"
	is "$(wc -l <"$tmp/err")" 1 "$name: one line"
}

# A number in little endian: $1 value, $2 bytes.
le() {
	value=$1
	for _ in $(seq "$2"); do
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$(printf %03o $((value & 255)))"
		value=$((value >> 8))
	done
}

# Puts a number into the kernel: $1 offset, $2 value, $3 bytes.
poke() {
	le "$2" "$3" | dd of="$tmp/kernel" bs=1 seek="$1" conv=notrunc status=none
}

# A kernel that is all header: 16 MiB of zeros at 16 MiB, wants 48 MiB of memory.
make_kernel() {
	truncate -s 0 "$tmp/kernel"
	truncate -s $((32 * 512 + 16 * 1024 * 1024)) "$tmp/kernel"
	poke $((0x1f1)) 31 1			# setup sectors
	poke $((0x1f4)) $((1024 * 1024)) 4	# paragraphs of 16 bytes
	poke $((0x1fe)) $((0xaa55)) 2
	poke $((0x200)) $((0x6aeb)) 2
	poke $((0x202)) $((0x53726448)) 4	# HdrS
	poke $((0x206)) $((0x020f)) 2		# protocol 2.15
	poke $((0x211)) 1 1			# loaded high
	poke $((0x22c)) $((0x7fffffff)) 4	# initrd below
	poke $((0x230)) $((2 * 1024 * 1024)) 4	# alignment
	poke $((0x236)) 1 2			# 64-bit entry
	poke $((0x238)) 2047 4			# command line
	poke $((0x258)) $((16 * 1024 * 1024)) 8	# preferred address
	poke $((0x260)) $((48 * 1024 * 1024)) 4	# needs
}

make_kernel
truncate -s 1M "$tmp/zeros"
truncate -s 500M "$tmp/initrd"
: >"$tmp/empty"

refuses 'no kernel' 2 'give --kernel or --image*'
refuses 'unknown option' 2 '--frobnicate is no option*' --frobnicate
refuses 'missing value' 2 '--memory needs a value*' --memory
refuses 'stray word' 2 "what is 'word'*" word
refuses 'bad memory size' 2 '--memory many: *512M*' --memory many
refuses 'too little memory' 2 '--memory 16M: *32 MiB*' --memory 16M
refuses 'bad serial port' 2 '--serial modem: *stdio*' --serial modem
refuses 'missing file' 2 "cannot read $tmp/none: No such file*" --kernel "$tmp/none"
refuses 'directory' 2 "cannot read $tmp: Is a directory" --kernel "$tmp"
refuses 'not a bzImage' 2 "cannot boot $tmp/zeros: not a bzImage" --kernel "$tmp/zeros"
refuses 'empty kernel' 2 "cannot boot $tmp/empty: not a bzImage" --kernel "$tmp/empty"
refuses 'empty image' 2 "cannot boot $tmp/empty: it is empty" --image "$tmp/empty"
refuses 'image beyond memory' 2 "*does not fit*" --image "$tmp/zeros@0x10000000"
refuses 'missing initrd' 2 "cannot read $tmp/none: No such file*" \
	--kernel "$tmp/kernel" --initrd "$tmp/none"
refuses 'kernel larger than memory' 2 "*the kernel needs 64 MiB, the VM has 32" \
	--kernel "$tmp/kernel" --memory 32M
refuses 'initrd larger than memory' 2 "*need 564 MiB*the VM has 512" \
	--kernel "$tmp/kernel" --initrd "$tmp/initrd" --memory 512M
refuses 'command line too long' 2 "*2047 bytes of command line*" \
	--kernel "$tmp/kernel" --append "$(printf '%03000d' 0)"

poke $((0x206)) $((0x0206)) 2
refuses 'old boot protocol' 2 "*2.06 is too old*" --kernel "$tmp/kernel"
poke $((0x206)) $((0x020f)) 2
poke $((0x236)) 0 2
refuses '32-bit kernel' 2 "*not a 64-bit kernel" --kernel "$tmp/kernel"
poke $((0x236)) 1 2
truncate -s 1M "$tmp/kernel"
refuses 'truncated kernel' 2 "*truncated: it should have 16793600 bytes*" --kernel "$tmp/kernel"
make_kernel

refuses 'wrong device' 1 'this is not the VID device: *' \
	--device-fd 0 --kernel "$tmp/kernel"
if [ -e /dev/vid ]; then
	skip 'no device' '/dev/vid exists'
else
	refuses 'no device' 1 "cannot open /dev/vid: *make load*" --kernel "$tmp/kernel"
fi

"$vmwp" --help >"$tmp/out" 2>"$tmp/err"
is "$?" 0 '--help: exit code'
like "$(head -n 1 "$tmp/out")" 'Usage: vmwp *' '--help: usage'
is "$(cat "$tmp/err")" '' '--help: nothing on stderr'
"$vmwp" --version >"$tmp/out" 2>&1
is "$?" 0 '--version: exit code'
like "$(cat "$tmp/out")" 'vmwp [0-9]*' '--version: text'

done_testing
