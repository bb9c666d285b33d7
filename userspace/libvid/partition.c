// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A partition: its processors, memory, doorbells, interrupts and properties.
 *
 * Implements the section "partition" of vid.h.  Thread safe, keeps no state.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "libvid.h"

/**
 * vid_create_vp() - make a virtual processor and map its page
 * @partition: from vid_create_partition()
 * @vp_index: below the partition's vp_count; also the APIC ID
 * @page: set to the page that is shared with the kernel
 *
 * Processor 0 starts at the reset vector, the others wait for INIT and SIPI.
 * Give both results back with vid_close_vp().
 *
 * Return: a VP descriptor, or -EEXIST when the index is taken, -EINVAL, -ENOMEM.
 */
int vid_create_vp(int partition, uint32_t vp_index, struct vid_vp_page **page)
{
	struct vid_create_vp create = { .vp_index = vp_index };
	int vp = vid_ioctl(partition, VID_CREATE_VP, &create);
	void *mapped;
	int err;

	if (vp < 0)
		return vp;
	mapped = mmap(NULL, VID_VP_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vp, 0);
	if (mapped == MAP_FAILED) {
		err = -errno;
		close(vp);
		return err;
	}
	*page = mapped;
	return vp;
}

/**
 * vid_map_gpa() - back a range of guest physical addresses with memory
 * @partition: from vid_create_partition()
 * @gpa: first byte, page aligned
 * @size: bytes, page aligned, not 0
 * @address: the caller's mapping, page aligned; it must outlive the range
 * @flags: VID_MAP_READ and any of VID_MAP_WRITE, VID_MAP_EXECUTE
 *
 * Return: 0, or -EEXIST when it overlaps a mapping, -EINVAL, -ENOMEM beyond
 * RLIMIT_MEMLOCK.
 */
int vid_map_gpa(int partition, uint64_t gpa, uint64_t size, void *address, uint32_t flags)
{
	struct vid_map_gpa map = {
		.gpa = gpa,
		.size = size,
		.address = (uintptr_t)address,
		.flags = flags,
	};

	return vid_ioctl(partition, VID_MAP_GPA, &map);
}

/**
 * vid_unmap_gpa() - take whole mappings away and unpin them
 * @partition: from vid_create_partition()
 * @gpa: first byte of the first mapping
 * @size: bytes to the end of the last one
 *
 * Return: 0, or -ENOENT when the range is not made of whole mappings.
 */
int vid_unmap_gpa(int partition, uint64_t gpa, uint64_t size)
{
	struct vid_unmap_gpa range = { .gpa = gpa, .size = size };

	return vid_ioctl(partition, VID_UNMAP_GPA, &range);
}

/**
 * vid_release_gpa() - unpin what the guest touched, keep the mapping
 * @partition: from vid_create_partition()
 * @gpa: first byte, page aligned
 * @size: bytes, page aligned
 *
 * The guest's next touch pins whatever the caller has there then.
 *
 * Return: 0, or -ENOENT, -EINVAL.
 */
int vid_release_gpa(int partition, uint64_t gpa, uint64_t size)
{
	struct vid_unmap_gpa range = { .gpa = gpa, .size = size };

	return vid_ioctl(partition, VID_RELEASE_GPA, &range);
}

/**
 * vid_dirty_log() - record which pages of a mapping the guest writes
 * @partition: from vid_create_partition()
 * @op: start, stop, or read and clear
 * @gpa: start of one mapping
 * @size: its size in bytes
 * @bitmap: for VID_DIRTY_READ_CLEAR: room for a bit a page in 64-bit words; else NULL
 *
 * Return: 0, or -ENOENT, -EINVAL, -EFAULT.
 */
int vid_dirty_log(int partition, enum vid_dirty_op op, uint64_t gpa, uint64_t size,
		  uint64_t *bitmap)
{
	struct vid_dirty_log log = {
		.gpa = gpa,
		.size = size,
		.bitmap = (uintptr_t)bitmap,
		.op = op,
	};

	return vid_ioctl(partition, VID_DIRTY_LOG, &log);
}

/**
 * vid_set_doorbell() - let a guest write signal an eventfd, or stop that
 * @partition: from vid_create_partition()
 * @doorbell: where, what to match, which eventfd; VID_DOORBELL_DEASSIGN undoes
 *
 * Return: 0, or -EEXIST, -ENOENT, -EINVAL, -EBADF.
 */
int vid_set_doorbell(int partition, const struct vid_doorbell *doorbell)
{
	struct vid_doorbell copy = *doorbell;

	return vid_ioctl(partition, VID_SET_DOORBELL, &copy);
}

/**
 * vid_request_interrupt() - interrupt as an MSI, an IOAPIC or an 8259 would
 * @partition: from vid_create_partition()
 * @interrupt: delivery mode, vector, destination
 *
 * Return: 0, or -EINVAL.
 */
int vid_request_interrupt(int partition, const struct vid_interrupt *interrupt)
{
	struct vid_interrupt copy = *interrupt;

	return vid_ioctl(partition, VID_REQUEST_INTERRUPT, &copy);
}

/**
 * vid_install_intercept() - have a CPUID leaf or an MSR reported to the worker
 * @partition: from vid_create_partition()
 * @type: CPUID or MSR
 * @parameter: the leaf, or the index of an MSR that the kernel lacks
 *
 * Return: 0, or -ENOSPC beyond VID_INTERCEPTS_MAX, -EINVAL.
 */
int vid_install_intercept(int partition, enum vid_intercept_type type, uint32_t parameter)
{
	struct vid_install_intercept install = { .type = type, .parameter = parameter };

	return vid_ioctl(partition, VID_INSTALL_INTERCEPT, &install);
}

/**
 * vid_create_port() - receive what the guest posts or signals to a connection
 * @partition: from vid_create_partition()
 * @connection_id: what the guest calls it, 24 bits
 * @type: messages or events
 * @limit: messages that may wait, or flags that there are
 *
 * read() of the descriptor takes what came (vid.h); close() takes the connection away.
 *
 * Return: a descriptor, or -EEXIST when the connection is another port's, -EINVAL, -ENOMEM,
 * -EMFILE.
 */
int vid_create_port(int partition, uint32_t connection_id, enum vid_port_type type,
		    uint32_t limit)
{
	struct vid_create_port create = {
		.connection_id = connection_id, .type = type, .limit = limit,
	};

	return vid_ioctl(partition, VID_CREATE_PORT, &create);
}

/**
 * vid_post_message() - send the guest a SynIC message
 * @partition: from vid_create_partition()
 * @vp_index: which VP gets it
 * @sint: 0..15
 * @message: type, size and payload; type not HV_MESSAGE_NONE, flags and reserved bytes 0
 *
 * Return: 0, or -ENOENT without such a VP, -EAGAIN when too many wait for the guest, -EINVAL,
 * -ENOMEM.
 */
int vid_post_message(int partition, uint32_t vp_index, uint32_t sint,
		     const struct hv_message *message)
{
	struct vid_post_message post = {
		.vp_index = vp_index, .sint = sint, .message = *message,
	};

	return vid_ioctl(partition, VID_POST_MESSAGE, &post);
}

/**
 * vid_signal_event() - set one of the guest's SynIC event flags
 * @partition: from vid_create_partition()
 * @vp_index: which VP's
 * @sint: 0..15
 * @flag: below HV_EVENT_FLAGS_COUNT
 *
 * Return: 0, or -ENOENT without such a VP, -EINVAL.
 */
int vid_signal_event(int partition, uint32_t vp_index, uint32_t sint, uint32_t flag)
{
	struct vid_signal_event signal = { .vp_index = vp_index, .sint = sint, .flag = flag };

	return vid_ioctl(partition, VID_SIGNAL_EVENT, &signal);
}

/**
 * vid_get_property() - read a property of a partition
 * @partition: from vid_create_partition()
 * @code: which one
 * @value: set to it, in the unit that vid.h gives
 *
 * Return: 0, or -EINVAL for an unknown code.
 */
int vid_get_property(int partition, enum vid_property_code code, uint64_t *value)
{
	struct vid_property property = { .code = code };
	int err = vid_ioctl(partition, VID_GET_PROPERTY, &property);

	if (!err)
		*value = property.value;
	return err;
}

/**
 * vid_set_property() - change a property of a partition
 * @partition: from vid_create_partition()
 * @code: which one
 * @value: in the unit that vid.h gives
 *
 * Return: 0, or -EACCES when it is read only, -EINVAL.
 */
int vid_set_property(int partition, enum vid_property_code code, uint64_t value)
{
	struct vid_property property = { .code = code, .value = value };

	return vid_ioctl(partition, VID_SET_PROPERTY, &property);
}
