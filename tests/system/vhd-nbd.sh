#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rsctl vhd with disks of NBD servers: images that qemu-nbd serves, against qemu-img both ways;
# servers of nbdkit that lack something, fail, or die.  Runs on the host itself, without privilege.
# TIMEOUT: 300

# Most functions here are called through check().
# shellcheck disable=SC2317

set -eu

cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh

rsctl=${BUILD:-$PWD/build}/userspace/rsctl
[ -x "$rsctl" ] || bail_out "$rsctl is missing: make userspace"
for command in qemu-img qemu-nbd nbdkit; do
	command -v "$command" >/dev/null || bail_out "$command is missing: scripts/deps"
done

dir=$(mktemp -d)
stop()
{
	[ ! -e pid ] || kill "${1--TERM}" "$(cat pid)" 2>/dev/null || :
	[ ! -e pid ] || tail --pid="$(cat pid)" -s 0.05 -f /dev/null
	rm -f pid socket
}
cleanup()
{
	cd "$dir"
	stop -KILL
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
cd "$dir"
uri="nbd+unix:///?socket=$dir/socket"

# serve FORMAT FILE [OPTION...]: by qemu-nbd, until stop().
serve()
{
	format=$1 image=$2
	shift 2
	qemu-nbd -k "$dir/socket" -f "$format" --persistent --discard unmap --fork \
		--pid-file pid "$@" "$image"
}

# kit ARGUMENT...: nbdkit, until stop().
kit()
{
	nbdkit -U "$dir/socket" -P pid "$@"
}

# source SIZE: the raw disk "raw" of SIZE with 3 MiB of random data, in it and at its ends.
head -c 1048576 /dev/urandom >data
source_disk()
{
	rm -f raw
	truncate -s "$1" raw
	blocks=$(($(stat -c %s raw) / 65536))
	for at in 0 $((blocks / 3)) $((blocks - 16)); do
		dd if=data of=raw bs=64K seek="$at" conv=notrunc status=none
	done
}

# from FORMAT SIZE OURS: an image of QEMU's, through NBD, into one of ours.
from()
{
	source_disk "$2"
	qemu-img convert -f raw -O "$1" raw "theirs.$1"
	serve "$1" "theirs.$1" --read-only
	"$rsctl" vhd convert --replace "$uri" "ours.$3" || return 1
	stop
	case $3 in
	vhd) "$rsctl" vhd convert --replace ours.vhd ours.raw && cmp raw ours.raw ;;
	*) qemu-img compare -q -f raw -F "$3" raw "ours.$3" ;;
	esac
}

check "qcow2 to vhdx" from qcow2 100M vhdx
check "qcow2 to vhd" from qcow2 100M vhd
check "qcow2 to raw" from qcow2 100M raw
check "vdi to vhdx, odd size" from vdi 10486272 vhdx

# Holes of the server are no data here, nor read: 2 TiB would take hours.
huge()
{
	source_disk 2T
	qemu-img convert -f raw -O qcow2 raw theirs.qcow2
	serve qcow2 theirs.qcow2
	"$rsctl" vhd convert --replace "$uri" huge.vhdx || return 1
	stop
	[ "$("$rsctl" vhd map --json huge.vhdx | grep -c '"data": true')" -le 4 ] || return 1
	"$rsctl" vhd convert --replace huge.vhdx huge.raw || return 1
	qemu-img compare -q -f raw -F raw raw huge.raw
}

check "qcow2 of 2 TiB to vhdx" huge

# to SIZE: a chain of two VHDX, through NBD, into a qcow2 that has other data.
to()
{
	source_disk "$1"
	rm -f base.vhdx child.vhdx
	"$rsctl" vhd convert raw base.vhdx || return 1
	"$rsctl" vhd create --parent base.vhdx child.vhdx || return 1
	qemu-img create -q -f qcow2 theirs.qcow2 "$1"
	qemu-io -f qcow2 -c 'write -q -P 0x5a 8M 32M' theirs.qcow2 || return 1
	serve qcow2 theirs.qcow2
	"$rsctl" vhd convert child.vhdx "$uri" && return 1
	"$rsctl" vhd convert --replace child.vhdx "$uri" || return 1
	stop
	qemu-img check -q theirs.qcow2 || return 1
	qemu-img compare -q -f raw -F qcow2 raw theirs.qcow2 || return 1
	# What was there has been given back.
	[ "$(qemu-img map --output=json theirs.qcow2 |
		grep -c '"zero": false, "data": true')" -le 3 ]
}

check "a chain of vhdx to qcow2" to 100M
check "a chain of vhdx to qcow2, 200 GiB" to 200G

# The text of a command that fails with 1 has WORD.
refused()
{
	word=$1
	shift
	status=0
	"$@" >out 2>&1 || status=$?
	cat out
	[ "$status" -eq 1 ] && grep -q "$word" out
}

source_disk 100M
qemu-img create -q -f qcow2 small.qcow2 50M
serve qcow2 small.qcow2
check "a target that is too small" refused 'No space' "$rsctl" vhd convert --replace raw "$uri"
check "a target that is no raw disk" refused 'a raw disk' \
	"$rsctl" vhd convert --replace --format vhdx raw "$uri"
like "$("$rsctl" vhd info --json "$uri")" '*"format": "raw"*"size": 52428800*' "info"
like "$("$rsctl" vhd map --json "$uri")" '*"length": 52428800*' "map"
check "check" "$rsctl" vhd check "$uri"
stop
check "no server" refused 'cannot be reached' "$rsctl" vhd info "$uri"

serve qcow2 small.qcow2 --read-only
check "a target that is read-only" refused 'does not let it' \
	"$rsctl" vhd convert --replace small.qcow2 "$uri"
stop

# target WORD... -- FILTER-OPTION...: a conversion into an nbdkit with these, and back.
target()
{
	kit "$@"
	"$rsctl" vhd convert --replace raw "$uri" || return 1
	"$rsctl" vhd convert --replace "$uri" back.raw || return 1
	stop
	cmp raw back.raw
}

source_disk 20M
truncate -s 20M file
check "nbdkit" target file file
check "a server without zeroes and extents" target --filter=nozero --filter=noextents file file
check "a server that makes each write durable" target --filter=fua file file fuamode=force
check "a server that takes whole 4 KiB only" target --filter=blocksize-policy file file \
	blocksize-minimum=4096 blocksize-maximum=65536 blocksize-error-policy=error
kit --filter=blocksize-policy file file blocksize-minimum=65536 blocksize-preferred=65536
check "a server that wants more" refused 'blocksize-policy' "$rsctl" vhd info "$uri"
stop

# A block that is in no file: the source, or the target, fails in the middle.
kit --filter=error file raw error=EIO error-pread-rate=100%
check "reads that fail" refused 'Input/output error' "$rsctl" vhd convert --replace "$uri" back.raw
is "$([ -e back.raw ] && echo there)" "" "leave nothing behind"
stop
kit --filter=error file file error=ENOSPC error-pwrite-rate=100%
check "writes that fail" refused 'No space left' "$rsctl" vhd convert --replace raw "$uri"
stop

# The server is killed while it is asked: rsctl must end, and say why.
killed()
{
	kit --filter=delay file "$1" delay-read=3600 delay-write=3600
	rm -f back.raw
	shift
	timeout 60 "$rsctl" vhd convert --replace "$@" >out 2>&1 &
	holder=$!
	# Both ends are open, and it waits for the server.
	until [ "$(ss -xH state established 2>/dev/null | grep -c "$dir/socket")" -gt 0 ] ||
		! kill -0 "$holder" 2>/dev/null; do
		sleep 0.05
	done
	stop -KILL
	status=0
	wait "$holder" || status=$?
	cat out
	[ "$status" -eq 1 ] && grep -q "$uri" out
}

check "a server that is killed while it is read" killed raw "$uri" back.raw
check "a server that is killed while it is written" killed file raw "$uri"

done_testing
