#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks and DVD drives of a Linux guest with its own hv_storvsc: inner/storvsp, in a root partition.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=/dev/null
. "$top/tests/lib/tap.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/inner.sh"
# shellcheck source=/dev/null
. "$top/tests/lib/storage.sh"

grep -q rs_storvsp "$top/scripts/modules.list" ||
	skip_all 'rs_storvsp is not built yet: Documentation/storvsp.md says what it waits for'
storage_make
inner storvsp --one-thread --mem 2700M -- tests/system/inner/storvsp
done_testing
