// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partitions: creation, lifetime, properties, and the interrupt messages that come
 * from outside the VPs.
 */
#include <linux/slab.h>

#include "hv.h"

static atomic64_t next_id = ATOMIC64_INIT(1);

/**
 * rs_partition_create() - a partition backed by the calling process's memory
 * @vp_count: 1..RS_MAX_VPS, what the guest's topology tells
 * @upcalls:  live as long as the partition
 * @context:  what they are called with
 *
 * Return: the partition with one reference, or ERR_PTR(-EINVAL, -ENOMEM).
 */
struct rs_partition *rs_partition_create(u32 vp_count, const struct rs_upcalls *upcalls,
					 void *context)
{
	struct rs_partition *partition;
	int err;

	if (!vp_count || vp_count > RS_MAX_VPS)
		return ERR_PTR(-EINVAL);
	partition = kzalloc(sizeof(*partition), GFP_KERNEL_ACCOUNT);
	if (!partition)
		return ERR_PTR(-ENOMEM);
	kref_init(&partition->ref);
	mutex_init(&partition->lock);
	mutex_init(&partition->tlfs_lock);
	partition->id = atomic64_inc_return(&next_id) - 1;
	partition->vp_count = vp_count;
	partition->upcalls = upcalls;
	partition->upcall_context = context;
	rs_time_init(partition);
	err = rs_gpa_init(&partition->gpa);
	if (err)
		goto free;
	err = rs_backend->partition_init(partition);
	if (err)
		goto destroy_gpa;
	rs_ports_init(partition);
	partition->privileges = rs_privileges();
	rs_debugfs_add(partition);
	return partition;

destroy_gpa:
	rs_gpa_destroy(partition);
free:
	kfree(partition);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(rs_partition_create);

static void partition_free(struct kref *ref)
{
	struct rs_partition *partition = container_of(ref, struct rs_partition, ref);
	u32 i;

	rs_debugfs_remove(partition);
	rs_ports_destroy(partition);
	rs_gpa_destroy(partition);	/* unpinning asks the VPs to flush: they are still there */
	for (i = 0; i < partition->vp_count; i++)
		if (partition->vps[i])
			rs_vp_destroy(partition->vps[i]);
	rs_backend->partition_destroy(partition);
	kfree(partition);
}

/**
 * rs_partition_get() - take a reference
 * @partition: the partition
 */
void rs_partition_get(struct rs_partition *partition)
{
	kref_get(&partition->ref);
}
EXPORT_SYMBOL_GPL(rs_partition_get);

/**
 * rs_partition_put() - drop a reference; the last one tears everything down
 * @partition: the partition
 */
void rs_partition_put(struct rs_partition *partition)
{
	kref_put(&partition->ref, partition_free);
}
EXPORT_SYMBOL_GPL(rs_partition_put);

/**
 * rs_vp_lookup() - VP @index, or NULL
 * @partition: the partition
 * @index:     any number
 *
 * Return: the VP, which lives as long as the partition; NULL when it was not made.
 */
struct rs_vp *rs_vp_lookup(struct rs_partition *partition, u32 index)
{
	return rs_partition_vp(partition, index);
}
EXPORT_SYMBOL_GPL(rs_vp_lookup);

static bool interrupt_valid(const struct vid_interrupt *i)
{
	bool vectored = i->type == HV_X64_INTERRUPT_FIXED ||
			i->type == HV_X64_INTERRUPT_LOWEST_PRIORITY;

	if (i->mbz || i->flags & ~VID_INTERRUPT_VALID)
		return false;
	if (i->type == HV_X64_INTERRUPT_EXT_INT)
		return !i->vector && !i->destination && !(i->flags & ~VID_INTERRUPT_DEASSERT);
	if (i->flags & VID_INTERRUPT_DEASSERT)
		return false;
	if (vectored)
		return i->vector >= 16 && i->vector <= 255;
	return (i->type == HV_X64_INTERRUPT_NMI || i->type == HV_X64_INTERRUPT_INIT) &&
	       !i->vector;
}

static void set_ext_int(struct rs_partition *partition, bool raised)
{
	struct rs_vp *vp = rs_partition_vp(partition, 0);

	WRITE_ONCE(partition->ext_int, raised);
	if (vp && raised)
		rs_vp_request(vp, RS_REQUEST_EVENT);
}

/**
 * rs_request_interrupt() - an interrupt message from a device, as VID_REQUEST_INTERRUPT
 * @partition: the partition
 * @interrupt: type, vector, destination; checked here
 *
 * Context: any.
 * Return: 0, -EINVAL.
 */
int rs_request_interrupt(struct rs_partition *partition, const struct vid_interrupt *interrupt)
{
	struct rs_ipi ipi = {
		.type = interrupt->type,
		.vector = interrupt->vector,
		.shorthand = RS_IPI_DESTINATION,
		.logical = interrupt->flags & VID_INTERRUPT_LOGICAL,
		.level = interrupt->flags & VID_INTERRUPT_LEVEL,
		.x2apic = interrupt->destination > 0xff,
		.destination = interrupt->destination,
	};

	if (!interrupt_valid(interrupt))
		return -EINVAL;
	if (interrupt->type == HV_X64_INTERRUPT_EXT_INT)
		set_ext_int(partition, !(interrupt->flags & VID_INTERRUPT_DEASSERT));
	else
		rs_ipi_send(partition, NULL, &ipi);
	return 0;
}
EXPORT_SYMBOL_GPL(rs_request_interrupt);

static bool intercept_exists(struct rs_partition *partition, u32 type, u32 parameter)
{
	u32 i;

	for (i = 0; i < partition->intercept_count; i++)
		if (partition->intercepts[i].type == type &&
		    partition->intercepts[i].parameter == parameter)
			return true;
	return false;
}

/**
 * rs_install_intercept() - as VID_INSTALL_INTERCEPT; a second time changes nothing
 * @partition: the partition
 * @type:      VID_INTERCEPT_CPUID or VID_INTERCEPT_MSR
 * @parameter: the leaf, or the index of the MSR
 *
 * Return: 0, -EINVAL, -ENOSPC.
 */
int rs_install_intercept(struct rs_partition *partition, u32 type, u32 parameter)
{
	u32 n;
	int err = 0;

	if (type != VID_INTERCEPT_CPUID && type != VID_INTERCEPT_MSR)
		return -EINVAL;
	mutex_lock(&partition->lock);
	n = partition->intercept_count;
	if (intercept_exists(partition, type, parameter))
		goto unlock;
	err = -ENOSPC;
	if (n == VID_INTERCEPTS_MAX)
		goto unlock;
	partition->intercepts[n] = (struct rs_intercept){ type, parameter };
	/* pairs with the acquire in rs_intercepted() */
	smp_store_release(&partition->intercept_count, n + 1);
	err = 0;
unlock:
	mutex_unlock(&partition->lock);
	return err;
}
EXPORT_SYMBOL_GPL(rs_install_intercept);

/**
 * rs_get_property() - as VID_GET_PROPERTY
 * @partition: the partition
 * @property:  whose value is filled in
 *
 * Return: 0, -EINVAL.
 */
int rs_get_property(struct rs_partition *partition, struct vid_property *property)
{
	switch (property->code) {
	case VID_PROPERTY_TSC_FREQUENCY:
		property->value = partition->tsc_hz;
		return 0;
	case VID_PROPERTY_APIC_FREQUENCY:
		property->value = RS_APIC_FREQUENCY;
		return 0;
	case VID_PROPERTY_REFERENCE_TIME:
		property->value = rs_reference_time(partition);
		return 0;
	case VID_PROPERTY_PINNED_PAGES:
		property->value = atomic64_read(&partition->gpa.pinned);
		return 0;
	case VID_PROPERTY_PRIVILEGES:
		property->value = READ_ONCE(partition->privileges);
		return 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(rs_get_property);

static int set_reference_time(struct rs_partition *partition, u64 time)
{
	if (mutex_lock_killable(&partition->tlfs_lock))
		return -EINTR;
	WRITE_ONCE(partition->reference_offset,
		   READ_ONCE(partition->reference_offset) +
		   (s64)(time - rs_reference_time(partition)));
	mutex_unlock(&partition->tlfs_lock);
	rs_reference_tsc_refresh(partition);
	return 0;
}

/* Tells the guest that its TSC is another one, if it wants to know. */
static int reenlighten(struct rs_partition *partition)
{
	struct rs_vp *vp;
	u64 control;

	if (mutex_lock_killable(&partition->tlfs_lock))
		return -EINTR;
	control = partition->reenlightenment;
	mutex_unlock(&partition->tlfs_lock);
	vp = rs_partition_vp(partition, HV_REENLIGHTENMENT_TARGET(control));
	if (control & HV_REENLIGHTENMENT_ENABLED && vp)
		rs_vp_post(vp, HV_REENLIGHTENMENT_VECTOR(control), false);
	return 0;
}

/**
 * rs_set_property() - as VID_SET_PROPERTY
 * @partition: the partition
 * @property:  code and new value
 *
 * Return: 0, -EINVAL, -EACCES, -EINTR when killed.
 */
int rs_set_property(struct rs_partition *partition, const struct vid_property *property)
{
	switch (property->code) {
	case VID_PROPERTY_REFERENCE_TIME:
		return set_reference_time(partition, property->value);
	case VID_PROPERTY_PRIVILEGES:
		if (property->value & ~rs_privileges())
			return -EINVAL;
		WRITE_ONCE(partition->privileges, property->value);
		return 0;
	case VID_PROPERTY_REENLIGHTEN:
		return property->value ? -EINVAL : reenlighten(partition);
	case VID_PROPERTY_TSC_FREQUENCY:
	case VID_PROPERTY_APIC_FREQUENCY:
	case VID_PROPERTY_PINNED_PAGES:
		return -EACCES;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(rs_set_property);
