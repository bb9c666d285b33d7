// SPDX-License-Identifier: GPL-2.0-only
/*
 * rs_storvsp.ko: /dev/storvsp, and the dispatch of every ioctl of its ABI (storvsp.h).
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "storvsp_internal.h"

struct workqueue_struct *storvsp_workqueue;
struct kmem_cache *storvsp_requests;

/* An ioctl and what serves it; @argument is a copy, which a _IOR argument is copied back from. */
struct call {
	unsigned int command;
	long (*handler)(void *object, void *argument);
};

static const struct call *find_call(const struct call *calls, size_t count, unsigned int command)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (calls[i].command == command)
			return &calls[i];
	return NULL;
}

static long dispatch(const struct call *calls, size_t count, void *object, unsigned int command,
		     unsigned long argument)
{
	const struct call *call = find_call(calls, count, command);
	void __user *user = (void __user *)argument;
	u64 copy[sizeof(struct storvsp_lun_state) / sizeof(u64)] = {};
	long result;

	if (!call || _IOC_SIZE(command) > sizeof(copy))
		return -ENOTTY;
	if (_IOC_DIR(command) & _IOC_WRITE && copy_from_user(copy, user, _IOC_SIZE(command)))
		return -EFAULT;
	result = call->handler(object, copy);
	if (result < 0)
		return result;
	if (_IOC_DIR(command) & _IOC_READ && copy_to_user(user, copy, _IOC_SIZE(command)))
		return -EFAULT;
	return result;
}

/* ---- a controller */

static long do_add_lun(void *controller, void *argument)
{
	return lun_add(controller, argument);
}

static bool names_lun_only(const struct storvsp_medium *medium)
{
	return !medium->file && !medium->flags && !medium->mbz;
}

static long do_remove_lun(void *controller, void *argument)
{
	const struct storvsp_medium *medium = argument;

	return names_lun_only(medium) ? lun_remove(controller, medium->lun) : -EINVAL;
}

static long do_set_medium(void *controller, void *argument)
{
	return lun_set_medium(controller, argument);
}

static long do_resize_lun(void *controller, void *argument)
{
	const struct storvsp_medium *medium = argument;

	return names_lun_only(medium) ? lun_resize(controller, medium->lun) : -EINVAL;
}

static long do_lun_state(void *controller, void *argument)
{
	return lun_state(controller, argument);
}

static long do_state(void *object, void *argument)
{
	struct controller *controller = object;
	struct storvsp_state *state = argument;

	mutex_lock(&controller->lock);
	state->luns = controller->lun_mask;
	state->channels = 1 + controller->channel_count;
	mutex_unlock(&controller->lock);
	spin_lock(&controller->session_lock);
	state->protocol = controller->session.version;
	spin_unlock(&controller->session_lock);
	state->packets = atomic64_read(&controller->packets);
	state->refused = atomic64_read(&controller->refused);
	return 0;
}

static const struct call controller_calls[] = {
	{ STORVSP_ADD_LUN, do_add_lun },
	{ STORVSP_REMOVE_LUN, do_remove_lun },
	{ STORVSP_SET_MEDIUM, do_set_medium },
	{ STORVSP_RESIZE_LUN, do_resize_lun },
	{ STORVSP_GET_LUN_STATE, do_lun_state },
	{ STORVSP_GET_STATE, do_state },
};

static long controller_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return dispatch(controller_calls, ARRAY_SIZE(controller_calls), file->private_data, command,
			argument);
}

static int controller_release(struct inode *inode, struct file *file)
{
	controller_destroy(file->private_data);
	return 0;
}

static const struct file_operations controller_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = controller_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = controller_release,
	.llseek = noop_llseek,
};

/* ---- the device */

static long do_get_api(void *device, void *argument)
{
	struct storvsp_api *api = argument;

	api->version = STORVSP_API_VERSION;
	api->protocol = STORVSP_VERSION_6_2;
	return 0;
}

static long do_create(void *device, void *argument)
{
	const struct storvsp_create *info = argument;
	struct controller *controller;
	int fd;

	if (info->flags & ~STORVSP_CREATE_VALID || info->mbz || info->channels > STORVSP_CHANNELS)
		return -EINVAL;
	controller = controller_create(info);
	if (IS_ERR(controller))
		return PTR_ERR(controller);
	fd = anon_inode_getfd("storvsp-controller", &controller_fops, controller,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		controller_destroy(controller);
	return fd;
}

static const struct call device_calls[] = {
	{ STORVSP_GET_API, do_get_api },
	{ STORVSP_CREATE, do_create },
};

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return dispatch(device_calls, ARRAY_SIZE(device_calls), NULL, command, argument);
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
	.name = "storvsp",
	.fops = &device_fops,
	.mode = 0660,
};

static int __init storvsp_init(void)
{
	int err = -ENOMEM;

	storvsp_requests = kmem_cache_create("storvsp_request", sizeof(struct request), 0, 0, NULL);
	if (!storvsp_requests)
		return -ENOMEM;
	storvsp_workqueue = alloc_workqueue("storvsp", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!storvsp_workqueue)
		goto destroy_requests;
	err = misc_register(&device);
	if (!err)
		return 0;
	destroy_workqueue(storvsp_workqueue);
destroy_requests:
	kmem_cache_destroy(storvsp_requests);
	return err;
}

/* Descriptors and channels hold the module: there are none.  What RCU is to free is not ours. */
static void __exit storvsp_exit(void)
{
	misc_deregister(&device);
	destroy_workqueue(storvsp_workqueue);
	kmem_cache_destroy(storvsp_requests);
}

module_init(storvsp_init);
module_exit(storvsp_exit);

MODULE_DESCRIPTION("Rootstock: synthetic storage controllers, /dev/storvsp");
MODULE_AUTHOR("Rootstock developers");
MODULE_LICENSE("GPL");
