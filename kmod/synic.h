/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The synthetic interrupt controller of one VP: SINTs, message and event flag pages
 * (TLFS "Synthetic Interrupt Controller").  Pure: owner only, effects through ops.
 */
#ifndef ROOTSTOCK_SYNIC_H
#define ROOTSTOCK_SYNIC_H

#include "rs_types.h"
#include "tlfs.h"

struct rs_synic;

/**
 * struct rs_synic_ops - effects
 * @read:    guest memory, 0 or -EFAULT
 * @write:   same
 * @set_bit: of the 64-bit word at @gpa; 1 when it was set before, 0, -EFAULT
 * @assert:  interrupt vector to this VP's local APIC
 * @retry:   the slot of @sint was emptied: what waits for it may be sent now
 */
struct rs_synic_ops {
	int (*read)(struct rs_synic *synic, u64 gpa, void *buffer, size_t size);
	int (*write)(struct rs_synic *synic, u64 gpa, const void *buffer, size_t size);
	int (*set_bit)(struct rs_synic *synic, u64 gpa, unsigned int bit);
	void (*assert)(struct rs_synic *synic, u8 vector);
	void (*retry)(struct rs_synic *synic, unsigned int sint);
};

struct rs_synic {
	const struct rs_synic_ops *ops;
	u64 scontrol, siefp, simp;
	u64 sint[HV_SINT_COUNT];
	u32 waiting;			/* bit n: somebody waits for SINT n's slot */
};

void rs_synic_init(struct rs_synic *synic, const struct rs_synic_ops *ops);
void rs_synic_reset(struct rs_synic *synic);
/* HV_X64_MSR_SCONTROL..SINT15; -EINVAL is #GP. */
int rs_synic_rdmsr(struct rs_synic *synic, u32 msr, u64 *value);
int rs_synic_wrmsr(struct rs_synic *synic, u32 msr, u64 value);
/* 0; -EAGAIN: the slot is busy (pending flag set, ops->retry will tell); -EINVAL: not enabled. */
int rs_synic_post(struct rs_synic *synic, unsigned int sint, const struct hv_message *message);
/* 0, -EINVAL. */
int rs_synic_signal(struct rs_synic *synic, unsigned int sint, unsigned int flag);
bool rs_synic_auto_eoi(const struct rs_synic *synic, u8 vector);

#endif
