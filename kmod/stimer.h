/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The four synthetic timers of one VP (TLFS "Synthetic Timers").  Pure: owner only,
 * effects through ops.
 */
#ifndef ROOTSTOCK_STIMER_H
#define ROOTSTOCK_STIMER_H

#include "rs_types.h"
#include "tlfs.h"

struct rs_stimers;

/**
 * struct rs_stimer_ops - effects
 * @now:    partition reference time, 100 ns
 * @arm:    call rs_stimer_expired(@n) at @reference time; 0 disarms
 * @post:   message to a SINT, as rs_synic_post()
 * @assert: direct mode: vector to the local APIC
 */
struct rs_stimer_ops {
	u64 (*now)(struct rs_stimers *stimers);
	void (*arm)(struct rs_stimers *stimers, unsigned int n, u64 reference);
	int (*post)(struct rs_stimers *stimers, unsigned int sint,
		    const struct hv_message *message);
	void (*assert)(struct rs_stimers *stimers, u8 vector);
};

struct rs_stimer {
	u64 config;
	u64 count;
	u64 expiration;			/* reference time; 0: not running */
	bool message_waiting;		/* expired, its SINT's slot is busy */
};

struct rs_stimers {
	const struct rs_stimer_ops *ops;
	struct rs_stimer timer[HV_STIMER_COUNT];
};

void rs_stimers_init(struct rs_stimers *stimers, const struct rs_stimer_ops *ops);
void rs_stimers_reset(struct rs_stimers *stimers);
int rs_stimer_rdmsr(struct rs_stimers *stimers, u32 msr, u64 *value);
int rs_stimer_wrmsr(struct rs_stimers *stimers, u32 msr, u64 value);
void rs_stimer_expired(struct rs_stimers *stimers, unsigned int n);
/* The slot of @sint is free again. */
void rs_stimers_retry(struct rs_stimers *stimers, unsigned int sint);

#endif
