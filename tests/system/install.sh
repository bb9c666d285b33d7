#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make install` installs of the libraries is enough to build against them: pkg-config says
# how, and a program that calls each of them works, with the shared library and with the
# archive. Runs on the host itself, without privilege.

# Functions here are called through check().
# shellcheck disable=SC2317

set -u

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh

command -v pkg-config >/dev/null || bail_out "pkg-config is missing: scripts/deps"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
prefix=$dir/usr
pc=$prefix/lib/pkgconfig

cat >"$dir/vid.c" <<'END'
#include <errno.h>
#include <libvid.h>
int main(void) { return vid_open("/nowhere/vid") != -ENOENT; }
END
cat >"$dir/vmbus.c" <<'END'
#include <errno.h>
#include <libvmbus.h>
int main(void) { return vmbus_open("/nowhere/vmbusr") != -ENOENT; }
END
cat >"$dir/vhd.c" <<'END'
#include <libvhd.h>
#include <string.h>
int main(void) { return strcmp(vhd_format_name(VHD_FORMAT_VHDX), "vhdx"); }
END

config() {
	PKG_CONFIG_PATH=$pc pkg-config "$@"
}

# $1: library, $2: shared, or -static; only the names that pkg-config gives are known.
builds() {
	name=$1-$2
	flags=$(config --cflags "lib$1") || return
	if [ "$2" = shared ]; then
		libs=$(config --libs "lib$1")
	else
		libs=$(config --libs --static "lib$1" | sed "s|-l$1|-Wl,-Bstatic & -Wl,-Bdynamic|")
	fi
	# shellcheck disable=SC2086 # lists
	cc -Wall -Werror $flags -o "$dir/$name" "$dir/$1.c" $libs >&2 || return
	LD_LIBRARY_PATH=$prefix/lib "$dir/$name"
}

uses() {
	readelf -d "$dir/$1-$2" | grep -q "lib$1.so.1"
}

uninstalls() {
	make -C userspace uninstall PREFIX="$prefix" >&2 &&
		[ -z "$(find "$prefix" ! -type d)" ]
}

check 'make install' make -C userspace install PREFIX="$prefix"
for library in vid vmbus vhd; do
	like "$(config --modversion "lib$library" 2>&1)" '[0-9]*.[0-9]*' "lib$library has a version"
	check "lib$library: a program is built, and works" builds "$library" shared
	check "lib$library: with the shared library" uses "$library" shared
	check "lib$library: and with the archive" builds "$library" static
	check "lib$library: which it needs no library for" sh -c "! readelf -d $dir/$library-static | grep -q lib$library"
done
check 'make uninstall leaves nothing' uninstalls
done_testing
