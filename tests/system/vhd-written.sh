#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Images that were written to, and then closed or not, against qemu-img: ours and QEMU's, written by
# us and by QEMU, resized, and merged.  Runs on the host itself, without privilege.
# TIMEOUT: 600

# Most functions here are called through check().
# shellcheck disable=SC2317

set -eu

cd "$(dirname "$0")/../.."
top=$PWD
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh

build=${BUILD:-$top/build}
rsctl=$build/userspace/rsctl
scribble=$build/tests/vhd/scribble
[ -x "$rsctl" ] || bail_out "$rsctl is missing: make userspace"
command -v qemu-img >/dev/null || bail_out "qemu-img is missing: scripts/deps"
make -C tests/vhd >&2 || bail_out "tests/vhd does not build"

dir=$(mktemp -d)
holder=
cleanup()
{
	[ -z "$holder" ] || kill -KILL "$holder" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
cd "$dir"

# name FORMAT: what QEMU calls it.
name()
{
	case $1 in
	vhd)	echo vpc ;;
	*)	echo "$1" ;;
	esac
}

# pieces FORMAT FILE: 6 MiB at the begin, in the middle and at the end are what raw has.
pieces()
{
	mib=$(($(stat -c %s raw) / 1048576))
	for at in 0 $((mib / 2)) $((mib - 6)); do
		qemu-img dd -f "$1" -O raw bs=1M skip="$at" count="$((at + 6))" if="$2" of=theirs ||
			return 1
		dd if=raw of=mine bs=1M skip="$at" count=6 status=none
		cmp theirs mine || return 1
	done
}

# same FORMAT FILE: QEMU finds no fault, and reads it as raw; of a large VHDX, in which it knows
# no holes, some of it.
same()
{
	format=$(name "$1")
	if [ "$format" = vhdx ]; then
		qemu-img check -q -f vhdx "$2" || return 1
	fi
	[ "$(qemu-img info --output=json -f "$format" "$2" |
		sed -n 's/^ *"virtual-size": \([0-9]*\).*/\1/p')" = "$(stat -c %s raw)" ] ||
		{ echo "QEMU finds another size"; return 1; }
	if [ "$format" = vhdx ] && [ "$(stat -c %s raw)" -gt 2147483648 ]; then
		pieces vhdx "$2"
	else
		qemu-img compare -q -f raw -F "$format" raw "$2"
	fi
}

# ours FILE: so do we.
ours()
{
	"$rsctl" vhd check "$1" && "$rsctl" vhd convert --replace "$1" back.raw &&
		qemu-img compare -q -f raw -F raw raw back.raw && rm back.raw
}

# left FORMAT FILE: FILE was not closed.  We read it as it is; after our replay and after QEMU's it
# is the same.
left()
{
	"$rsctl" vhd convert --replace "$2" back.raw || return 1
	qemu-img compare -q -f raw -F raw raw back.raw || return 1
	cp --sparse=always "$2" replayed
	if [ "$1" = vhdx ]; then
		"$rsctl" vhd info "$2" | grep -q 'has to be replayed' && echo "$2" >>logs
		qemu-img check -q -f vhdx -r all replayed || return 1
	fi
	same "$1" replayed || return 1
	rm replayed
	"$rsctl" vhd check --repair "$2" || return 1
	same "$1" "$2" && ours "$2"
}

# lives FORMAT FILE SEED: written and closed, written and left, twice.
lives()
{
	for life in 1 2; do
		"$scribble" "$2" raw "$3$life" 60 close || return 1
		same "$1" "$2" && ours "$2" || return 1
		"$scribble" "$2" raw "$3${life}0" 60 die || return 1
		left "$1" "$2" || return 1
	done
}

# mine FORMAT KIND SIZE [OPTION...]: an image of ours.
mine()
{
	format=$1 kind=$2 size=$3
	shift 3
	rm -f raw image
	truncate -s "$size" raw
	"$rsctl" vhd create --format "$format" --kind "$kind" --sparse "$@" image "$size" || return 1
	lives "$format" image 1
}

# qemus FORMAT KIND SIZE: an image of QEMU's.
qemus()
{
	rm -f raw image
	truncate -s "$3" raw
	options=subformat=$2
	[ "$1" = vhdx ] || options=$options,force_size=on
	qemu-img create -q -f "$(name "$1")" -o "$options" image "$3" || return 1
	lives "$1" image 2
}

for kind in 'vhd dynamic 40M' 'vhd dynamic 10486272' 'vhd dynamic 100M --block-size 512K' \
	'vhd dynamic 2040G' 'vhd fixed 40M' 'vhdx dynamic 40M' 'vhdx dynamic 10486272' \
	'vhdx dynamic 100M --block-size 1M' 'vhdx dynamic 2T' 'vhdx fixed 40M --block-size 1M'; do
	# shellcheck disable=SC2086 # words
	check "ours: $kind" mine $kind
done
for kind in 'vhd dynamic 40M' 'vhd dynamic 500G' 'vhd fixed 40M' 'vhdx dynamic 40M' \
	'vhdx dynamic 2T' 'vhdx fixed 40M'; do
	# shellcheck disable=SC2086 # words
	check "QEMU's: $kind" qemus $kind
done

# resized FORMAT: an image of QEMU's that we make larger and write to.
resized()
{
	rm -f raw image
	truncate -s 40M raw
	qemu-img create -q -f "$(name "$1")" -o subformat=dynamic image 40M || return 1
	truncate -s "$(qemu-img info --output=json -f "$(name "$1")" image |
		sed -n 's/^ *"virtual-size": \([0-9]*\).*/\1/p')" raw
	"$scribble" image raw 3 60 close || return 1
	"$rsctl" vhd resize image 300G || return 1
	truncate -s 300G raw
	same "$1" image || return 1
	"$scribble" image raw 4 60 die || return 1
	left "$1" image
}

check "QEMU's vhd, larger" resized vhd
check "QEMU's vhdx, larger" resized vhdx

# chain FORMAT: QEMU's image, two of ours above; all written to, the last one left; then merged, so
# that QEMU can read it.
chain()
{
	rm -f raw a.* b.* c.*
	truncate -s 40M raw
	qemu-img create -q -f "$(name "$1")" -o subformat=dynamic "a.$1" 40M || return 1
	truncate -s "$(qemu-img info --output=json -f "$(name "$1")" "a.$1" |
		sed -n 's/^ *"virtual-size": \([0-9]*\).*/\1/p')" raw
	"$scribble" "a.$1" raw 5 60 close || return 1
	"$rsctl" vhd create --parent "a.$1" "b.$1" || return 1
	"$scribble" "b.$1" raw 6 60 close || return 1
	"$rsctl" vhd create --parent "b.$1" "c.$1" || return 1
	"$scribble" "c.$1" raw 7 60 close && ours "c.$1" || return 1
	"$scribble" "c.$1" raw 8 60 die || return 1
	"$rsctl" vhd convert --replace "c.$1" back.raw || return 1
	qemu-img compare -q -f raw -F raw raw back.raw || return 1
	"$rsctl" vhd check --repair "c.$1" && ours "c.$1" || return 1
	"$rsctl" vhd merge --remove "c.$1" && ours "b.$1" || return 1
	"$rsctl" vhd merge --remove "b.$1" && ours "a.$1" || return 1
	same "$1" "a.$1"
}

check "a chain of vhd, written and merged" chain vhd
check "a chain of vhdx, written and merged" chain vhdx

check "some of them had a log to replay" [ -e logs ]

# QEMU writes into our image, and is killed.
killed()
{
	rm -f raw image
	truncate -s 100M raw
	"$rsctl" vhd create --format vhdx --block-size 1M image 100M || return 1
	"$scribble" image raw 9 60 close || return 1
	qemu-io -f vhdx image >out 2>&1 <<-END &
		write -P 0x11 70M 4M
		write -P 0x12 3M 64k
		flush
		write -P 0 20M 64k
		sleep 600000
	END
	holder=$!
	# The last one has its block: those before it are flushed.
	until "$rsctl" vhd map --unlocked image 2>/dev/null | grep -q '^ *0x1400000 ' ||
		! kill -0 "$holder" 2>/dev/null; do
		sleep 0.05
	done
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null || :
	holder=
	qemu-io -f raw -c 'write -q -P 0x11 70M 4M' -c 'write -q -P 0x12 3M 64k' raw || return 1
	left vhdx image
}

check "an image that QEMU was writing when it was killed" killed

# QEMU writes into our VHD.
by_qemu()
{
	rm -f raw image
	truncate -s 40M raw
	"$rsctl" vhd create --format vhd image 40M || return 1
	"$scribble" image raw 10 60 close || return 1
	for file in 'raw raw' 'vpc image'; do
		# shellcheck disable=SC2086 # words
		set -- $file
		qemu-io -f "$1" -c 'write -q -P 0x11 30M 9M' -c 'write -q -P 0x12 3M 64k' "$2" ||
			return 1
	done
	same vhd image && ours image || return 1
	"$scribble" image raw 11 60 die && left vhd image
}

check "a vhd that QEMU wrote to" by_qemu

done_testing
