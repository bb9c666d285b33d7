// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partition descriptors: their lifetime, and the section "partition" of vid.h as
 * far as no other file here has it.
 *
 * A partition serves only the process that made it, for it is that process's memory
 * which the core maps.  It lives until its descriptor and those of all its VPs are
 * closed, in whatever order.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vid_export.h"
#include "vid_internal.h"

static const struct rs_upcalls vid_upcalls = {
	.doorbell = vid_doorbell_ring,
};

static void vid_partition_free(struct kref *ref)
{
	struct vid_partition *partition = container_of(ref, struct vid_partition, ref);

	vid_doorbells_destroy(partition);
	rs_partition_put(partition->core);
	mmdrop(partition->mm);
	kfree(partition);
}

void vid_partition_get(struct vid_partition *partition)
{
	kref_get(&partition->ref);
}

void vid_partition_put(struct vid_partition *partition)
{
	kref_put(&partition->ref, vid_partition_free);
}

int vid_partition_check_caller(const struct vid_partition *partition)
{
	return current->mm == partition->mm ? 0 : -EIO;
}

static long vid_request_interrupt(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_interrupt *interrupt = argument;

	if (interrupt->flags & ~VID_INTERRUPT_VALID || interrupt->mbz)
		return -EINVAL;
	return rs_request_interrupt(partition->core, interrupt);
}

static long vid_install_intercept(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_install_intercept *install = argument;

	if (install->type > VID_INTERCEPT_MSR || install->flags || install->mbz)
		return -EINVAL;
	return rs_install_intercept(partition->core, install->type, install->parameter);
}

static long vid_get_property(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	struct vid_property *property = argument;

	if (property->mbz)
		return -EINVAL;
	return rs_get_property(partition->core, property);
}

static long vid_set_property(void *object, void *argument)
{
	const struct vid_partition *partition = object;
	const struct vid_property *property = argument;

	if (property->mbz)
		return -EINVAL;
	return rs_set_property(partition->core, property);
}

static const struct vid_call vid_partition_calls[] = {
	{ VID_REQUEST_INTERRUPT, vid_request_interrupt },
	{ VID_CREATE_VP, vid_create_vp },
	{ VID_MAP_GPA, vid_map_gpa },
	{ VID_UNMAP_GPA, vid_unmap_gpa },
	{ VID_RELEASE_GPA, vid_release_gpa },
	{ VID_DIRTY_LOG, vid_dirty_log },
	{ VID_SET_DOORBELL, vid_set_doorbell },
	{ VID_INSTALL_INTERCEPT, vid_install_intercept },
	{ VID_CREATE_PORT, vid_create_port },
	{ VID_POST_MESSAGE, vid_post_message },
	{ VID_SIGNAL_EVENT, vid_signal_event },
	{ VID_GET_PROPERTY, vid_get_property },
	{ VID_SET_PROPERTY, vid_set_property },
};

static long vid_partition_ioctl(struct file *file, unsigned int command,
				unsigned long argument)
{
	struct vid_partition *partition = file->private_data;
	int err = vid_partition_check_caller(partition);

	if (err)
		return err;
	return vid_dispatch(vid_partition_calls, ARRAY_SIZE(vid_partition_calls), partition,
			    command, argument);
}

static int vid_partition_release(struct inode *inode, struct file *file)
{
	vid_partition_put(file->private_data);
	return 0;
}

static const struct file_operations vid_partition_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vid_partition_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vid_partition_release,
	.llseek = noop_llseek,
};

/**
 * vid_get_partition() - the core's partition behind a descriptor
 * @fd: of VID_CREATE_PARTITION
 *
 * Return: with a reference; ERR_PTR(-EBADF): it is no such descriptor; -EIO: the caller is not
 * the process that made the partition.
 */
struct rs_partition *vid_get_partition(int fd)
{
	struct rs_partition *core = ERR_PTR(-EBADF);
	struct file *file = fget(fd);
	struct vid_partition *partition;

	if (!file)
		return core;
	if (file->f_op == &vid_partition_fops) {
		partition = file->private_data;
		core = vid_partition_check_caller(partition) ? ERR_PTR(-EIO) : partition->core;
		if (!IS_ERR(core))
			rs_partition_get(core);
	}
	fput(file);
	return core;
}
EXPORT_SYMBOL_GPL(vid_get_partition);

static struct vid_partition *vid_partition_new(u32 vp_count)
{
	struct vid_partition *partition = kzalloc(sizeof(*partition), GFP_KERNEL_ACCOUNT);
	struct rs_partition *core;

	if (!partition)
		return ERR_PTR(-ENOMEM);
	kref_init(&partition->ref);
	vid_doorbells_init(partition);
	core = rs_partition_create(vp_count, &vid_upcalls, partition);
	if (IS_ERR(core)) {
		kfree(partition);
		return ERR_CAST(core);
	}
	partition->core = core;
	partition->mm = current->mm;
	mmgrab(partition->mm);
	return partition;
}

long vid_create_partition(void *device, void *argument)
{
	const struct vid_create_partition *create = argument;
	struct vid_partition *partition;
	int fd;

	if (!create->vp_count || create->vp_count > RS_MAX_VPS || create->flags ||
	    memchr_inv(create->mbz, 0, sizeof(create->mbz)))
		return -EINVAL;
	partition = vid_partition_new(create->vp_count);
	if (IS_ERR(partition))
		return PTR_ERR(partition);
	/* the last step: from here on others may use it */
	fd = anon_inode_getfd("vid-partition", &vid_partition_fops, partition,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vid_partition_put(partition);
	return fd;
}
