// SPDX-License-Identifier: GPL-2.0-only
/*
 * rs_vmbusr.ko: /dev/vmbusr, and the dispatch of every ioctl of its ABI (vmbusr.h).
 */
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "vmbusr_internal.h"

struct workqueue_struct *vmbusr_workqueue;

static const struct call *find_call(const struct call *calls, size_t count, unsigned int command)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (calls[i].command == command)
			return &calls[i];
	return NULL;
}

/**
 * vmbusr_dispatch() - serve an ioctl from a table
 * @calls:    what this kind of descriptor offers
 * @count:    entries of @calls
 * @object:   given to the handler
 * @command:  the ioctl
 * @argument: user address of its argument
 *
 * Return: the handler's result, -ENOTTY, -EFAULT.  With -ENOSPC the argument is copied back too.
 */
long vmbusr_dispatch(const struct call *calls, size_t count, void *object,
		     unsigned int command, unsigned long argument)
{
	const struct call *call = find_call(calls, count, command);
	void __user *user = (void __user *)argument;
	u64 copy[sizeof(struct vmbusr_offer) / sizeof(u64)] = {};
	long result;

	if (!call || _IOC_SIZE(command) > sizeof(copy))
		return -ENOTTY;
	if (_IOC_DIR(command) & _IOC_WRITE && copy_from_user(copy, user, _IOC_SIZE(command)))
		return -EFAULT;
	result = call->handler(object, copy);
	if (result < 0 && result != -ENOSPC)
		return result;
	if (_IOC_DIR(command) & _IOC_READ && copy_to_user(user, copy, _IOC_SIZE(command)))
		return -EFAULT;
	return result;
}

static long get_api(void *device, void *argument)
{
	struct vmbusr_api *api = argument;

	api->version = VMBUSR_API_VERSION;
	api->protocol = VMBUS_VERSION_5_3;
	api->capabilities = VMBUSR_CAP_KICK;
	return 0;
}

static const struct call device_calls[] = {
	{ VMBUSR_GET_API, get_api },
	{ VMBUSR_CREATE_BUS, bus_create },
};

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return vmbusr_dispatch(device_calls, ARRAY_SIZE(device_calls), NULL, command, argument);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* udev gives it to a group. */
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmbusr",
	.fops = &device_fops,
	.mode = 0660,
};

static int __init vmbusr_init(void)
{
	int err;

	vmbusr_workqueue = alloc_workqueue("vmbusr", WQ_UNBOUND, 0);
	if (!vmbusr_workqueue)
		return -ENOMEM;
	err = misc_register(&device);
	if (err)
		destroy_workqueue(vmbusr_workqueue);
	return err;
}

/* Descriptors hold the module: none is open. */
static void __exit vmbusr_exit(void)
{
	misc_deregister(&device);
	destroy_workqueue(vmbusr_workqueue);
}

module_init(vmbusr_init);
module_exit(vmbusr_exit);

MODULE_DESCRIPTION("Rootstock: VMBus server, /dev/vmbusr");
MODULE_AUTHOR("Rootstock developers");
MODULE_LICENSE("GPL");
