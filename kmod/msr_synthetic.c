// SPDX-License-Identifier: GPL-2.0-only
/*
 * The synthetic MSRs of TLFS appendix "MSRs" but SynIC and timers, which have files of their
 * own.  The VP's owner runs them, process context.
 *
 * Hypercall page and VP assist page are written into the guest's own memory; the TLFS would
 * lay them over it.  A guest that gives a page which it uses for something else loses that.
 */
#include <linux/slab.h>

#include "msr.h"

#define CRASH_CAPABILITIES	(HV_CRASH_NOTIFY | HV_CRASH_NOTIFY_MSG)
#define NS_PER_UNIT		100u		/* of VP runtime */
#define TPR_MAX			0xffull

/* @privilege: of the partition, HV_ACCESS_*; 0: none is needed */
struct synthetic_msr {
	u32 first;
	u32 last;
	u32 privilege;
	int (*read)(struct rs_vp *vp, u32 msr, u64 *value);
	int (*write)(struct rs_vp *vp, u32 msr, u64 value);
};

/* A 64-bit field of the partition, read under its lock. */
static int read_locked(struct rs_vp *vp, const u64 *field, u64 *value)
{
	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	*value = *field;
	mutex_unlock(&vp->partition->tlfs_lock);
	return 0;
}

static int read_os_id(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->guest_os_id, value);
}

/* Without an identity there are no hypercalls (TLFS "Establishing the Hypercall Interface"). */
static int write_os_id(struct rs_vp *vp, u32 msr, u64 value)
{
	struct rs_partition *partition = vp->partition;

	if (mutex_lock_killable(&partition->tlfs_lock))
		return -EINVAL;
	WRITE_ONCE(partition->guest_os_id, value);
	if (!value)
		WRITE_ONCE(partition->hypercall, partition->hypercall & ~HV_MSR_ENABLE);
	mutex_unlock(&partition->tlfs_lock);
	return 0;
}

static int read_hypercall(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->hypercall, value);
}

#define INSN_RET	0xc3
#define INSN_INT3	0xcc

/* The instruction, and a return (TLFS "Establishing the Hypercall Interface"). */
static int write_hypercall_page(struct rs_partition *partition, u64 gpa)
{
	u8 *page = kmalloc(HV_PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	int err;

	if (!page)
		return -ENOMEM;
	memset(page, INSN_INT3, HV_PAGE_SIZE);
	memcpy(page, rs_backend->hypercall, sizeof(rs_backend->hypercall));
	page[sizeof(rs_backend->hypercall)] = INSN_RET;
	err = rs_gpa_write(partition, gpa, page, HV_PAGE_SIZE);
	kfree(page);
	return err;
}

/* Locked: immutable until reset.  The enable bit does not stick without an identity. */
static int set_hypercall(struct rs_partition *partition, u64 value)
{
	if (partition->hypercall & HV_HYPERCALL_MSR_LOCKED)
		return -EINVAL;
	if (!partition->guest_os_id)
		value &= ~HV_MSR_ENABLE;
	if (value & HV_MSR_ENABLE && write_hypercall_page(partition, value & HV_MSR_PAGE_MASK))
		return -EINVAL;
	WRITE_ONCE(partition->hypercall, value);
	return 0;
}

static int write_hypercall(struct rs_vp *vp, u32 msr, u64 value)
{
	int err;

	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	err = set_hypercall(vp->partition, value);
	mutex_unlock(&vp->partition->tlfs_lock);
	return err;
}

static int read_vp_index(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = vp->index;
	return 0;
}

static int read_zero(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = 0;
	return 0;
}

static int write_reset(struct rs_vp *vp, u32 msr, u64 value)
{
	return value & 1;
}

static int read_runtime(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = div_u64(rs_vp_runtime(vp), NS_PER_UNIT);
	return 0;
}

static int read_reference_count(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = rs_reference_time(vp->partition);
	return 0;
}

static int read_reference_tsc(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->reference_tsc, value);
}

static int write_reference_tsc(struct rs_vp *vp, u32 msr, u64 value)
{
	return rs_reference_tsc_write(vp->partition, value);
}

static int read_frequency(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = msr == HV_X64_MSR_TSC_FREQUENCY ? vp->partition->tsc_hz : RS_APIC_FREQUENCY;
	return 0;
}

static int write_eoi(struct rs_vp *vp, u32 msr, u64 value)
{
	if (value >> 32)
		return -EINVAL;
	rs_lapic_eoi(&vp->lapic);
	return 0;
}

/* The xAPIC's layout, destination in bits 63:56, in either mode. */
static int read_icr(struct rs_vp *vp, u32 msr, u64 *value)
{
	u32 low, high;
	u64 icr;

	if (rs_lapic_x2apic(&vp->lapic)) {
		if (rs_lapic_rdmsr(&vp->lapic, 0x800 + RS_APIC_ICR / 16, &icr))
			return -EINVAL;
		*value = (u32)icr | icr >> 32 << 56;
		return 0;
	}
	if (rs_lapic_read(&vp->lapic, RS_APIC_ICR, &low) ||
	    rs_lapic_read(&vp->lapic, RS_APIC_ICR2, &high))
		return -EINVAL;
	*value = (u64)high << 32 | low;
	return 0;
}

static int write_icr(struct rs_vp *vp, u32 msr, u64 value)
{
	return rs_lapic_write_icr(&vp->lapic, value);
}

static int read_tpr(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = vp->lapic.tpr;
	return 0;
}

static int write_tpr(struct rs_vp *vp, u32 msr, u64 value)
{
	if (value > TPR_MAX)
		return -EINVAL;
	if (rs_lapic_x2apic(&vp->lapic))
		return rs_lapic_wrmsr(&vp->lapic, 0x800 + RS_APIC_TPR / 16, value);
	return rs_lapic_write(&vp->lapic, RS_APIC_TPR, value);
}

static int read_assist(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = vp->vp_assist;
	return 0;
}

/* What lay there must not promise that an EOI is not required. */
static int write_assist(struct rs_vp *vp, u32 msr, u64 value)
{
	static const u8 head[offsetof(struct hv_vp_assist_page, rest)];

	rs_assist_disarm(vp);
	if (value & HV_MSR_ENABLE &&
	    rs_gpa_write(vp->partition, value & HV_MSR_PAGE_MASK, head, sizeof(head)))
		return -EINVAL;
	vp->vp_assist = value;
	return 0;
}

static int read_synic(struct rs_vp *vp, u32 msr, u64 *value)
{
	return rs_synic_rdmsr(&vp->synic, msr, value);
}

static int write_synic(struct rs_vp *vp, u32 msr, u64 value)
{
	return rs_synic_wrmsr(&vp->synic, msr, value);
}

static int read_stimer(struct rs_vp *vp, u32 msr, u64 *value)
{
	return rs_stimer_rdmsr(&vp->stimers, msr, value);
}

static int write_stimer(struct rs_vp *vp, u32 msr, u64 value)
{
	return rs_stimer_wrmsr(&vp->stimers, msr, value);
}

/* The read itself puts the VP to sleep, until an interrupt comes, be IF clear or not. */
static int read_idle(struct rs_vp *vp, u32 msr, u64 *value)
{
	vp->activity |= RS_ACTIVITY_IDLE;
	*value = 0;
	return 0;
}

static int read_crash(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->crash[msr - HV_X64_MSR_CRASH_P0], value);
}

static int write_crash(struct rs_vp *vp, u32 msr, u64 value)
{
	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	vp->partition->crash[msr - HV_X64_MSR_CRASH_P0] = value;
	mutex_unlock(&vp->partition->tlfs_lock);
	return 0;
}

static int read_crash_ctl(struct rs_vp *vp, u32 msr, u64 *value)
{
	*value = CRASH_CAPABILITIES;
	return 0;
}

static int write_crash_ctl(struct rs_vp *vp, u32 msr, u64 value)
{
	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	vp->partition->crash_ctl = value & CRASH_CAPABILITIES;
	mutex_unlock(&vp->partition->tlfs_lock);
	return !!(value & HV_CRASH_NOTIFY);
}

static int read_reenlightenment(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->reenlightenment, value);
}

static int write_reenlightenment(struct rs_vp *vp, u32 msr, u64 value)
{
	if (value & ~HV_REENLIGHTENMENT_VALID ||
	    (value & HV_REENLIGHTENMENT_ENABLED &&
	     HV_REENLIGHTENMENT_VECTOR(value) < RS_APIC_VECTOR_FIRST))
		return -EINVAL;
	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	vp->partition->reenlightenment = value;
	mutex_unlock(&vp->partition->tlfs_lock);
	return 0;
}

static int read_tsc_emulation(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->tsc_emulation, value);
}

static int write_tsc_emulation(struct rs_vp *vp, u32 msr, u64 value)
{
	if (value & ~HV_TSC_EMULATION_ENABLED)
		return -EINVAL;
	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	vp->partition->tsc_emulation = value;
	mutex_unlock(&vp->partition->tlfs_lock);
	return 0;
}

/* The TSC is the one that the guest began with: nothing is emulated, and 0 says so. */
static int write_tsc_emulation_status(struct rs_vp *vp, u32 msr, u64 value)
{
	return value & ~HV_TSC_EMULATION_IN_PROGRESS ? -EINVAL : 0;
}

static int read_tsc_invariant(struct rs_vp *vp, u32 msr, u64 *value)
{
	return read_locked(vp, &vp->partition->tsc_invariant, value);
}

/* Once exposed it stays so. */
static int write_tsc_invariant(struct rs_vp *vp, u32 msr, u64 value)
{
	int err = 0;

	if (mutex_lock_killable(&vp->partition->tlfs_lock))
		return -EINVAL;
	if (value & ~HV_EXPOSE_INVARIANT_TSC || vp->partition->tsc_invariant & ~value)
		err = -EINVAL;
	else
		vp->partition->tsc_invariant = value;
	mutex_unlock(&vp->partition->tlfs_lock);
	return err;
}

#define MSRS(first, last, privilege, read, write) \
	{ HV_X64_MSR_##first, HV_X64_MSR_##last, privilege, read, write }
#define MSR(name, privilege, read, write)	MSRS(name, name, privilege, read, write)

/* Those that running guests touch most come first.  Without a function: #GP. */
static const struct synthetic_msr table[] = {
	MSRS(STIMER0_CONFIG, STIMER3_COUNT, HV_ACCESS_STIMER, read_stimer, write_stimer),
	MSR(EOI, HV_ACCESS_APIC, NULL, write_eoi),
	MSR(ICR, HV_ACCESS_APIC, read_icr, write_icr),
	MSR(TPR, HV_ACCESS_APIC, read_tpr, write_tpr),
	MSRS(SCONTROL, EOM, HV_ACCESS_SYNIC, read_synic, write_synic),
	MSRS(SINT0, SINT15, HV_ACCESS_SYNIC, read_synic, write_synic),
	MSR(TIME_REF_COUNT, HV_ACCESS_TIME_REF_COUNT, read_reference_count, NULL),
	MSR(GUEST_IDLE, HV_ACCESS_GUEST_IDLE, read_idle, NULL),
	MSR(GUEST_OS_ID, HV_ACCESS_HYPERCALL, read_os_id, write_os_id),
	MSR(HYPERCALL, HV_ACCESS_HYPERCALL, read_hypercall, write_hypercall),
	MSR(VP_INDEX, HV_ACCESS_VP_INDEX, read_vp_index, NULL),
	MSR(RESET, HV_ACCESS_RESET, read_zero, write_reset),
	MSR(VP_RUNTIME, HV_ACCESS_VP_RUNTIME, read_runtime, NULL),
	MSR(REFERENCE_TSC, HV_ACCESS_REFERENCE_TSC, read_reference_tsc, write_reference_tsc),
	MSRS(TSC_FREQUENCY, APIC_FREQUENCY, HV_ACCESS_FREQUENCY, read_frequency, NULL),
	MSR(VP_ASSIST_PAGE, HV_ACCESS_APIC, read_assist, write_assist),
	MSRS(CRASH_P0, CRASH_P4, 0, read_crash, write_crash),
	MSR(CRASH_CTL, 0, read_crash_ctl, write_crash_ctl),
	MSR(REENLIGHTENMENT_CONTROL, HV_ACCESS_REENLIGHTENMENT, read_reenlightenment,
	    write_reenlightenment),
	MSR(TSC_EMULATION_CONTROL, HV_ACCESS_REENLIGHTENMENT, read_tsc_emulation,
	    write_tsc_emulation),
	MSR(TSC_EMULATION_STATUS, HV_ACCESS_REENLIGHTENMENT, read_zero,
	    write_tsc_emulation_status),
	MSR(TSC_INVARIANT_CONTROL, HV_ACCESS_TSC_INVARIANT, read_tsc_invariant,
	    write_tsc_invariant),
};

/* NULL too for one that the partition has no privilege for. */
static const struct synthetic_msr *find(struct rs_vp *vp, u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (msr >= table[i].first && msr <= table[i].last)
			return table[i].privilege & ~READ_ONCE(vp->partition->privileges) ?
			       NULL : &table[i];
	return NULL;
}

/**
 * rs_synthetic_read() - guest reads a synthetic MSR
 * @vp:    owner only
 * @msr:   any in the synthetic range
 * @value: where to
 *
 * Return: 0, or -EINVAL (#GP)
 */
int rs_synthetic_read(struct rs_vp *vp, u32 msr, u64 *value)
{
	const struct synthetic_msr *entry = find(vp, msr);

	return entry && entry->read ? entry->read(vp, msr, value) : -EINVAL;
}

/**
 * rs_synthetic_write() - guest writes a synthetic MSR
 * @vp:    owner only
 * @msr:   any in the synthetic range
 * @value: what
 *
 * Return: 0; 1: done, and the worker must hear of it; -EINVAL (#GP)
 */
int rs_synthetic_write(struct rs_vp *vp, u32 msr, u64 value)
{
	const struct synthetic_msr *entry = find(vp, msr);

	return entry && entry->write ? entry->write(vp, msr, value) : -EINVAL;
}
