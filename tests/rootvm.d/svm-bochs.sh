# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The second AMD backend of tests/rootvm: bochs' Ryzen. It saves the next RIP, counts PAUSEs and flushes by
# ASID, which QEMU's CPU does not.
# shellcheck disable=SC1091,SC2034,SC2154

bochs_model=ryzen
bochs_args=
. "$lib/bochs/common.sh"
