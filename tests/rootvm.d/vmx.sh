# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Intel VMX backend of tests/rootvm: bochs' Skylake-X, with EPT and unrestricted guest.
# shellcheck disable=SC1091,SC2034,SC2154

bochs_model=corei7_skylake_x
. "$lib/bochs/common.sh"
