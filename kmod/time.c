// SPDX-License-Identifier: GPL-2.0-only
/*
 * The partition's clocks: guest TSC, partition reference time, and the page from which a
 * guest reads the latter by itself (TLFS "Timers", "Partition Reference Time Enlightenment").
 *
 * Reference time is ((guest TSC * scale) >> 64) + offset, by the same numbers in the MSR and
 * in the page, so that the two never disagree.  "Guest TSC" is the host's less the one at
 * creation: a VP that writes its own TSC spoils the page for itself alone.  On a host whose
 * TSC is not usable, reference time is ktime and the page has sequence 0, which sends the
 * guest to the MSR; tsc_scale is 0 then.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "hv.h"

#define REFERENCE_HZ		10000000ull
#define REFERENCE_NS		(NSEC_PER_SEC / REFERENCE_HZ)
#define SEQUENCE_INVALID	0u
#define SEQUENCE_RESERVED	(~0u)

/* A scale has 64 bits only if the TSC is faster than reference time. */
static bool tsc_usable(const struct rs_partition *partition)
{
	return !check_tsc_unstable() && partition->tsc_hz > REFERENCE_HZ;
}

/**
 * rs_time_init() - start the clocks of a new partition at 0
 * @partition: not published yet
 */
void rs_time_init(struct rs_partition *partition)
{
	/* Linux corrects tsc_khz once, about two seconds after its boot: not for us any more */
	partition->tsc_hz = (u64)tsc_khz * 1000;
	partition->tsc_base = rdtsc_ordered();
	if (tsc_usable(partition)) {
		/* 2^64 - 1 instead of 2^64: one unit in 2^64 at most */
		partition->tsc_scale = mul_u64_u64_div_u64(REFERENCE_HZ, U64_MAX,
							   partition->tsc_hz);
		partition->reference_offset = 0;
	} else {
		partition->tsc_scale = 0;
		partition->reference_offset = -(s64)div_u64(ktime_get_ns(), REFERENCE_NS);
	}
}

/**
 * rs_guest_tsc() - what RDTSC in the guest would say now
 * @vp: any context; exact in the owner's
 */
u64 rs_guest_tsc(struct rs_vp *vp)
{
	return rdtsc_ordered() + vp->tsc_offset;
}

/**
 * rs_reference_time() - the partition's reference time
 * @partition: any
 *
 * Return: 100 ns units since the partition's creation, any context
 */
u64 rs_reference_time(struct rs_partition *partition)
{
	u64 tsc;

	if (!partition->tsc_scale)
		return div_u64(ktime_get_ns(), REFERENCE_NS) + partition->reference_offset;
	tsc = rdtsc_ordered() - partition->tsc_base;
	return mul_u64_u64_shr(tsc, partition->tsc_scale, 64) + partition->reference_offset;
}

/**
 * rs_reference_to_ktime() - when a reference time is, or was
 * @partition: any
 * @reference: 100 ns units
 *
 * The two clocks may drift apart by the host's NTP slew: whoever waits for the result checks
 * the reference time again.
 *
 * Return: ktime_get_ns() time; now for what is past, never 0, saturates at KTIME_MAX
 */
u64 rs_reference_to_ktime(struct rs_partition *partition, u64 reference)
{
	u64 reference_now = rs_reference_time(partition);
	u64 now = ktime_get_ns();

	if (reference <= reference_now)
		return now;
	if (reference - reference_now > (KTIME_MAX - now) / REFERENCE_NS)
		return KTIME_MAX;
	return now + (reference - reference_now) * REFERENCE_NS;
}

/* Never 0 and never all ones, and not what the guest may have seen there. */
static u32 next_sequence(u32 sequence)
{
	sequence++;
	if (sequence == SEQUENCE_INVALID || sequence == SEQUENCE_RESERVED)
		return 1;
	return sequence;
}

static int write_sequence(struct rs_partition *partition, u64 gpa, u32 sequence)
{
	return rs_gpa_write(partition, gpa, &sequence, sizeof(sequence));
}

/* Sequence 0 first: a VP that reads meanwhile goes to the MSR. */
static int write_page(struct rs_partition *partition, u64 gpa)
{
	const size_t head = offsetof(struct hv_reference_tsc_page, tsc_scale);
	const u64 numbers[] = { partition->tsc_scale, partition->reference_offset };
	u32 sequence;
	int err;

	err = rs_gpa_read(partition, gpa, &sequence, sizeof(sequence));
	if (!err)
		err = write_sequence(partition, gpa, SEQUENCE_INVALID);
	if (err || !partition->tsc_scale)
		return err;
	err = rs_gpa_write(partition, gpa + head, numbers, sizeof(numbers));
	if (!err)
		err = write_sequence(partition, gpa, next_sequence(sequence));
	return err;
}

/**
 * rs_reference_tsc_write() - HV_X64_MSR_REFERENCE_TSC is written, or the clock was set
 * @partition: takes its tlfs_lock
 * @msr_value: GPA of the page and enable bit
 *
 * The page is the guest's own memory, not an overlay.
 *
 * Return: 0, or -EINVAL (#GP) when there is no memory; then nothing has changed
 */
int rs_reference_tsc_write(struct rs_partition *partition, u64 msr_value)
{
	int err = 0;

	if (mutex_lock_killable(&partition->tlfs_lock))
		return -EINVAL;
	if (msr_value & HV_MSR_ENABLE && write_page(partition, msr_value & HV_MSR_PAGE_MASK))
		err = -EINVAL;
	else
		partition->reference_tsc = msr_value;
	mutex_unlock(&partition->tlfs_lock);
	return err;
}

/**
 * rs_reference_tsc_refresh() - the clock was set: the guest's page is to say the same
 * @partition: takes its tlfs_lock
 *
 * A page that the guest has taken away meanwhile is its own loss.
 */
void rs_reference_tsc_refresh(struct rs_partition *partition)
{
	u64 value;

	if (mutex_lock_killable(&partition->tlfs_lock))
		return;
	value = partition->reference_tsc;
	if (value & HV_MSR_ENABLE)
		write_page(partition, value & HV_MSR_PAGE_MASK);
	mutex_unlock(&partition->tlfs_lock);
}
