// SPDX-License-Identifier: GPL-2.0-only
/*
 * rs_vid.ko: /dev/vid and the dispatch of every ioctl of the VID ABI (vid.h).
 *
 * Process context throughout.  Nothing is trusted that the caller says: arguments
 * are copied in once, and each handler refuses what the ABI does not define.
 */
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "vid_internal.h"

static const struct vid_call *vid_find_call(const struct vid_call *calls, size_t count,
					    unsigned int command)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (calls[i].command == command)
			return &calls[i];
	return NULL;
}

/**
 * vid_dispatch() - serve an ioctl from a table
 * @calls: what this kind of descriptor offers
 * @count: entries of @calls
 * @object: given to the handler
 * @command: the ioctl
 * @argument: user address of its argument; ignored where it has none
 *
 * Return: the handler's result, -ENOTTY for a command that is not in the table,
 * -EFAULT.
 */
long vid_dispatch(const struct vid_call *calls, size_t count, void *object,
		  unsigned int command, unsigned long argument)
{
	const struct vid_call *call = vid_find_call(calls, count, command);
	void __user *user = (void __user *)argument;
	u64 copy[VID_ARGUMENT_MAX / sizeof(u64)] = {};
	long result;

	if (!call || _IOC_SIZE(command) > sizeof(copy))
		return -ENOTTY;
	if (_IOC_DIR(command) & _IOC_WRITE &&
	    copy_from_user(copy, user, _IOC_SIZE(command)))
		return -EFAULT;
	result = call->handler(object, copy);
	if (result < 0 && result != -ENOSPC)
		return result;
	if (_IOC_DIR(command) & _IOC_READ &&
	    copy_to_user(user, copy, _IOC_SIZE(command)))
		return -EFAULT;
	return result;
}

static long vid_get_api(void *device, void *argument)
{
	struct vid_api *api = argument;

	api->version = VID_API_VERSION;
	api->max_vps = RS_MAX_VPS;
	api->capabilities = VID_CAP_DIRTY_LOG | VID_CAP_LARGE_PAGES | VID_CAP_X2APIC;
	api->gpa_limit = rs_gpa_limit();
	return 0;
}

static const struct vid_call vid_device_calls[] = {
	{ VID_GET_API, vid_get_api },
	{ VID_CREATE_PARTITION, vid_create_partition },
};

static long vid_device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return vid_dispatch(vid_device_calls, ARRAY_SIZE(vid_device_calls), NULL, command,
			    argument);
}

static const struct file_operations vid_device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vid_device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* udev gives it to a group. */
static struct miscdevice vid_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vid",
	.fops = &vid_device_fops,
	.mode = 0660,
};

static int __init vid_init(void)
{
	return misc_register(&vid_device);
}

static void __exit vid_exit(void)
{
	misc_deregister(&vid_device);
	/* doorbells that were taken away are freed by callbacks in this module */
	rcu_barrier();
}

module_init(vid_init);
module_exit(vid_exit);

MODULE_DESCRIPTION("Rootstock: virtualization infrastructure driver, /dev/vid");
MODULE_AUTHOR("Rootstock developers");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: rs_hv");
