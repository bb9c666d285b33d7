# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Intel VMX backend of tests/rootvm: bochs' Skylake-X, with EPT and unrestricted guest.
# shellcheck disable=SC1091,SC2034,SC2154

. "$lib/bochs/common.sh"
bochs_model=corei7_skylake_x
# What bochs' CPUID says of these two does not agree with the rest of it, and the kernel warns. And it says
# 3.5 GHz, which nothing there has: the TSC counts instructions.
bochs_clear=$bochs_clear,ht,avx512f
bochs_args="tsc_early_khz=$((bochs_ips / 1000))"
