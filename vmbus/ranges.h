/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of guest memory in a list. */
#ifndef VMBUS_RANGES_H
#define VMBUS_RANGES_H

#include "rs_types.h"
#include "tlfs.h"
#include "vmbus_packet.h"

u32 vmbus_range_words(const u64 *words, u32 left);
int vmbus_ranges_parse(const u64 *words, u32 word_count, u32 range_count,
		       struct vmbus_range *ranges, u32 room);

#endif
