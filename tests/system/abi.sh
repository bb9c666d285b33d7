#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What vid.h says, tried from user mode in a root partition (tests/guests/abi.c).

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)

make -C "$top/tests/guests" >&2 || {
	echo "Bail out! tests/guests does not build"
	exit 1
}
exec "$top/tests/rootvm" --timeout 120 "$@" -- \
	sh -c 'scripts/load >&2 && exec build/tests/guests/abi'
