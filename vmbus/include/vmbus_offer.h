/* SPDX-License-Identifier: GPL-2.0-only */
/* What a channel is, as its server describes it. */
#ifndef VMBUS_OFFER_H
#define VMBUS_OFFER_H

#include "rs_types.h"
#include "vmbus_proto.h"

/**
 * struct vmbus_offer_info - what is offered
 */
struct vmbus_offer_info {
	u8 type[VMBUS_GUID_SIZE];
	u8 instance[VMBUS_GUID_SIZE];
	u16 flags;			/* VMBUS_OFFER_* */
	u16 subchannel;
	u16 mmio_megabytes;
	u8 user_data[VMBUS_USER_DATA_SIZE];
};

#endif
