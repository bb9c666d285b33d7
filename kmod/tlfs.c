// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ties the pure SynIC and synthetic timers of a VP to guest memory, local APIC, and hrtimers.
 *
 * All of it runs in the VP's owner, process context: the SynIC has no lock of its own.
 */
#include "hv.h"
#include "msr.h"
#include "trace.h"

static struct rs_vp *synic_vp(struct rs_synic *synic)
{
	return container_of(synic, struct rs_vp, synic);
}

static struct rs_vp *stimers_vp(struct rs_stimers *stimers)
{
	return container_of(stimers, struct rs_vp, stimers);
}

static int synic_read(struct rs_synic *synic, u64 gpa, void *buffer, size_t size)
{
	return rs_gpa_read(synic_vp(synic)->partition, gpa, buffer, size);
}

static int synic_write(struct rs_synic *synic, u64 gpa, const void *buffer, size_t size)
{
	return rs_gpa_write(synic_vp(synic)->partition, gpa, buffer, size);
}

static int synic_set_bit(struct rs_synic *synic, u64 gpa, unsigned int bit)
{
	return rs_gpa_set_bit(synic_vp(synic)->partition, gpa, bit);
}

static void synic_assert(struct rs_synic *synic, u8 vector)
{
	rs_lapic_accept(&synic_vp(synic)->lapic, vector, false);
}

static void synic_retry(struct rs_synic *synic, unsigned int sint)
{
	struct rs_vp *vp = synic_vp(synic);

	if (!rs_outbox_deliver(vp, sint))
		rs_stimers_retry(&vp->stimers, sint);
}

static const struct rs_synic_ops synic_ops = {
	.read = synic_read,
	.write = synic_write,
	.set_bit = synic_set_bit,
	.assert = synic_assert,
	.retry = synic_retry,
};

static u64 stimer_now(struct rs_stimers *stimers)
{
	return rs_reference_time(stimers_vp(stimers)->partition);
}

static void stimer_arm(struct rs_stimers *stimers, unsigned int n, u64 reference)
{
	struct rs_vp *vp = stimers_vp(stimers);

	rs_vp_arm_timer(vp, RS_TIMER_STIMER0 + n,
			reference ? rs_reference_to_ktime(vp->partition, reference) : 0);
}

static int stimer_post(struct rs_stimers *stimers, unsigned int sint,
		       const struct hv_message *message)
{
	struct rs_vp *vp = stimers_vp(stimers);
	int err = rs_synic_post(&vp->synic, sint, message);

	if (!err)
		trace_rs_message(vp->partition->id, vp->index, message->header.message_type);
	return err;
}

static void stimer_assert(struct rs_stimers *stimers, u8 vector)
{
	rs_lapic_accept(&stimers_vp(stimers)->lapic, vector, false);
}

static const struct rs_stimer_ops stimer_ops = {
	.now = stimer_now,
	.arm = stimer_arm,
	.post = stimer_post,
	.assert = stimer_assert,
};

/**
 * rs_tlfs_vp_init() - power-on state of a new VP's SynIC, timers and stored MSRs
 * @vp: its partition set; not published yet
 */
void rs_tlfs_vp_init(struct rs_vp *vp)
{
	rs_synic_init(&vp->synic, &synic_ops);
	rs_stimers_init(&vp->stimers, &stimer_ops);
	vp->vp_assist = 0;
	rs_msrs_init(vp);
}

/**
 * rs_tlfs_timers_expired() - alarms of synthetic timers went off
 * @vp:      owner only
 * @stimers: bit n: timer n
 */
void rs_tlfs_timers_expired(struct rs_vp *vp, unsigned long stimers)
{
	unsigned int n;

	for_each_set_bit(n, &stimers, HV_STIMER_COUNT)
		rs_stimer_expired(&vp->stimers, n);
}

/**
 * rs_tlfs_auto_eoi() - is @vector one that a SINT has marked AutoEOI?
 * @vp:     owner only
 * @vector: about to be given to the guest
 */
bool rs_tlfs_auto_eoi(struct rs_vp *vp, u8 vector)
{
	return rs_synic_auto_eoi(&vp->synic, vector);
}
