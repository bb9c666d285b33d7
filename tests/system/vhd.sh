#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rsctl vhd against qemu-img, both ways, on 30 images; and what it says of bad ones.  Runs on
# the host itself, without privilege.
# TIMEOUT: 600

# Most functions here are called through check().
# shellcheck disable=SC2317

set -eu

cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh

rsctl=${BUILD:-$PWD/build}/userspace/rsctl
[ -x "$rsctl" ] || bail_out "$rsctl is missing: make userspace"
command -v qemu-img >/dev/null || bail_out "qemu-img is missing: scripts/deps"

dir=$(mktemp -d)
holder=
cleanup()
{
	[ -z "$holder" ] || kill "$holder" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
cd "$dir"

# Random data, the same for every image: 3 MiB of them.
head -c 3145728 /dev/urandom >data

# put FILE BYTES MIB-OFFSET: some of the data into a raw disk.
put()
{
	dd if=data of="$1" bs=64K count="$(($2 / 65536))" seek="$(($3 * 16))" conv=notrunc \
		status=none
}

# raw SIZE: a raw disk with data at its begin, in it, and in its last sector.
raw()
{
	rm -f raw
	truncate -s "$1" raw
	size=$(stat -c %s raw)
	put raw 1048576 0
	[ "$size" -lt 16777216 ] || put raw 2097152 9
	[ "$size" -lt 1073741824 ] || put raw 1048576 "$((size / 2097152))"
	dd if=data of=raw bs=512 count=1 seek="$((size / 512 - 1))" conv=notrunc status=none
}

# pieces FORMAT FILE: what raw() wrote, with zeros around it, is there as QEMU reads it.
pieces()
{
	mib=$((size / 1048576))
	for at in 0 8 $((mib / 2 - 1)) $((mib - 4)); do
		qemu-img dd -f "$1" -O raw bs=1M skip="$at" count="$((at + 4))" if="$2" of=theirs ||
			return 1
		dd if=raw bs=1M skip="$at" count=4 of=mine status=none
		cmp theirs mine || return 1
	done
}

# number NAME: of JSON on standard input.
number()
{
	sed -n "s/^ *\"$1\": \([0-9]*\).*/\1/p"
}

# same FORMAT FILE: as QEMU reads it, it is the raw disk.  QEMU knows no holes in a VHDX, so a
# large one is not read wholly.
same()
{
	size=$(stat -c %s raw)
	[ "$(qemu-img info --output=json -f "$1" "$2" | number virtual-size)" = "$size" ] ||
		{ echo "QEMU finds another size"; return 1; }
	if [ "$1" = vhdx ] && [ "$size" -gt 2147483648 ]; then
		pieces "$1" "$2"
	else
		qemu-img compare -q -f raw -F "$1" raw "$2"
	fi
}

# ours FILE: as we read it, it is the raw disk, and we find no fault.
ours()
{
	[ "$("$rsctl" vhd info --json "$1" | number size)" = "$(stat -c %s raw)" ] ||
		{ echo "we find another size"; return 1; }
	"$rsctl" vhd check "$1" || return 1
	"$rsctl" vhd convert --replace "$1" back.raw || return 1
	qemu-img compare -q -f raw -F raw raw back.raw && rm back.raw
}

# blocks FORMAT FILE: QEMU's clusters are our blocks.
blocks()
{
	theirs=$(qemu-img info --output=json -f "$1" "$2" | number cluster-size)
	ours=$("$rsctl" vhd info --json "$2" | number block-size)
	[ "${theirs:-0}" = "$ours" ] || { echo "blocks of $ours, QEMU says $theirs"; return 1; }
}

# agree FORMAT KIND SIZE [OPTION...]: an image made by us, and one made by QEMU.
agree()
{
	format=$1 kind=$2 size=$3
	shift 3
	qemu=$format
	options=subformat=$kind
	[ "$format" = vhdx ] || { qemu=vpc; options=$options,force_size=on; }
	raw "$size"
	rm -f "ours.$format" "theirs.$format"
	"$rsctl" vhd convert --kind "$kind" --sparse "$@" raw "ours.$format" || return 1
	"$rsctl" vhd check "ours.$format" || return 1
	same "$qemu" "ours.$format" || return 1
	blocks "$qemu" "ours.$format" || return 1
	[ "$format" = vpc ] || [ "$format" = vhd ] ||
		qemu-img check -q -f "$qemu" "ours.$format" || return 1
	# QEMU writes every block of a fixed image, and a footer of none that is large.
	case $kind-$size in
	fixed-*G|fixed-*T|*-2040G) return 0 ;;
	esac
	qemu-img convert -f raw -O "$qemu" -o "$options" raw "theirs.$format" || return 1
	blocks "$qemu" "theirs.$format" || return 1
	ours "theirs.$format"
}

try()
{
	check "$*" agree "$@"
}

try vhd dynamic 3M
try vhd dynamic 10486272
try vhd dynamic 100M --block-size 512K
try vhd dynamic 1G
try vhd dynamic 127G
try vhd dynamic 2040G
try vhd fixed 3M
try vhd fixed 10486272
try vhd fixed 100M
try vhd fixed 40G
try vhd fixed 2040G
try vhdx dynamic 3M
try vhdx dynamic 10486272
try vhdx dynamic 100M --block-size 1M
try vhdx dynamic 1G --block-size 8M
try vhdx dynamic 127G
try vhdx dynamic 2T
try vhdx dynamic 2T --block-size 256M
try vhdx dynamic 65G --block-size 1M
try vhdx fixed 3M
try vhdx fixed 10486272
try vhdx fixed 100M --block-size 1M
try vhdx fixed 40G
try vhdx fixed 2T --block-size 256M

# QEMU reads neither sectors of 4096 bytes nor parents: we read what we wrote.
sectors()
{
	raw "$1"
	"$rsctl" vhd convert --replace --sector-size 4096 --kind "$2" raw 4k.vhdx || return 1
	ours 4k.vhdx
}

check "vhdx of 4096-byte sectors, dynamic" sectors 100M dynamic
check "vhdx of 4096-byte sectors, fixed" sectors 24M fixed

# chain FORMAT SIZE: three disks, each with some of the data; then two, merged.
chain()
{
	rm -rf chain
	mkdir -p chain/base
	raw "$2"
	"$rsctl" vhd convert raw "chain/base/a.$1" || return 1
	"$rsctl" vhd create --parent "chain/base/a.$1" "chain/b.$1" || return 1
	"$rsctl" vhd create --parent "chain/b.$1" "chain/c.$1" || return 1
	ours "chain/c.$1" || return 1
	# They are found where they were moved to together.
	mv chain moved
	ours "moved/c.$1" || { mv moved chain; return 1; }
	"$rsctl" vhd info "moved/c.$1" | grep -q 'parents  *2$' || return 1
	"$rsctl" vhd merge --remove "moved/c.$1" || return 1
	[ ! -e "moved/c.$1" ] || return 1
	ours "moved/b.$1" || return 1
	rm -rf moved
}

check "vhd: a chain of three" chain vhd 30M
check "vhd: a chain of three, 127 GiB" chain vhd 127G
check "vhdx: a chain of three" chain vhdx 30M
check "vhdx: a chain of three, 2 TiB" chain vhdx 2T

# What QEMU has written into our image, and what was resized.
written()
{
	raw 100M
	"$rsctl" vhd convert --replace raw w.vhdx || return 1
	qemu-io -f vhdx -c 'write -q -P 0x11 30M 40M' -c 'write -q -P 0x22 3M 64k' w.vhdx \
		>/dev/null || return 1
	qemu-io -f raw -c 'write -q -P 0x11 30M 40M' -c 'write -q -P 0x22 3M 64k' raw \
		>/dev/null || return 1
	ours w.vhdx || return 1
	"$rsctl" vhd resize w.vhdx 3T || return 1
	truncate -s 3T raw
	same vhdx w.vhdx || return 1
	qemu-img check -q -f vhdx w.vhdx || return 1
	"$rsctl" vhd resize w.vhdx 100M 2>/dev/null && return 1
	"$rsctl" vhd resize --shrink w.vhdx 100M || return 1
	truncate -s 100M raw
	same vhdx w.vhdx
}

check "an image that QEMU wrote to, and that was resized" written

# refused WORD COMMAND...: fails with 1, names WORD, and leaves bad.* as they are.
refused()
{
	word=$1
	shift
	before=$(sha256sum bad.*)
	status=0
	"$@" >out 2>&1 || status=$?
	cat out
	[ "$status" -eq 1 ] && grep -q "$word" out && [ "$(sha256sum bad.*)" = "$before" ]
}

# poke FILE OFFSET OCTAL...: bytes into a file.
poke()
{
	# shellcheck disable=SC2059 # octal escapes
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

"$rsctl" vhd create --block-size 1M bad.vhdx 8M
cp bad.vhdx good.vhdx
poke bad.vhdx 65540 '\377'
poke bad.vhdx 131076 '\377'
check "both headers are wrong" refused Header.Checksum "$rsctl" vhd info bad.vhdx
cp good.vhdx bad.vhdx
poke bad.vhdx 2162688 '\001'
check "a block size that is no power of two" refused BlockSize "$rsctl" vhd resize bad.vhdx 9M
cp good.vhdx bad.vhdx
poke bad.vhdx 3145728 '\006'
check "a block in the header" refused BAT.FileOffsetMB "$rsctl" vhd resize bad.vhdx 9M
status=0
"$rsctl" vhd check bad.vhdx >out || status=$?
is "$status" 3 "check says that there are faults"
cp good.vhdx bad.vhdx
truncate -s 3M bad.vhdx
check "a file that was cut off" refused RegionTable "$rsctl" vhd check bad.vhdx
rm bad.vhdx
"$rsctl" vhd create bad.vhd 8M
poke bad.vhd 0 '\000'
truncate -s -512 bad.vhd
check "a VHD without a footer is a raw disk" "$rsctl" vhd info bad.vhd
like "$("$rsctl" vhd info bad.vhd)" '*raw, fixed*' "and is called one"
rm bad.vhd

"$rsctl" vhd create bad.vhdx 8M
cp bad.vhdx good.vhdx
qemu-io -f vhdx bad.vhdx >/dev/null 2>&1 <<-END &
	write 0 64k
	sleep 60000
END
holder=$!
# It has the file once it has changed it, and is not to change it any more.
while cmp -s bad.vhdx good.vhdx && kill -0 "$holder" 2>/dev/null; do
	sleep 0.1
done
kill -STOP "$holder" || :
check "an image that QEMU writes is refused" refused 'in use' "$rsctl" vhd resize bad.vhdx 9M
kill -KILL "$holder" 2>/dev/null || :
wait "$holder" 2>/dev/null || :
holder=

check "create does not overwrite" refused 'remove it first' "$rsctl" vhd create bad.vhdx 1G
status=0
"$rsctl" vhd create x.vhdx 12Q 2>out || status=$?
is "$status" 2 "a wrong size is wrong usage"
for command in create info check convert resize merge map; do
	like "$("$rsctl" vhd "$command" --help)" "usage: rsctl vhd $command*" "$command --help"
done

done_testing
