// SPDX-License-Identifier: GPL-2.0-only
/*
 * VP descriptors: the section "virtual processor" of vid.h, and the page that a
 * worker and the kernel share.
 *
 * The core serializes: what it must not do while the VP runs ends in -EBUSY.  A VP
 * outlives its descriptor, with its partition; a descriptor holds the partition.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "rs_compat.h"
#include "vid_internal.h"

static long vid_run_vp(void *object, void *argument)
{
	const struct vid_vp *vp = object;

	return rs_vp_run(vp->core);
}

static long vid_cancel_run(void *object, void *argument)
{
	const struct vid_vp *vp = object;

	rs_vp_cancel(vp->core);
	return 0;
}

/* ---- registers */

static int vid_check_registers(const struct vid_register *registers, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (registers[i].mbz)
			return -EINVAL;
	return 0;
}

/* A checked copy of the caller's array, for kfree(). */
static struct vid_register *vid_copy_registers(const struct vid_registers *list)
{
	struct vid_register *registers;
	int err;

	if (!list->count || list->count > VID_REGISTERS_MAX || list->mbz)
		return ERR_PTR(-EINVAL);
	registers = memdup_user(u64_to_user_ptr(list->registers),
				list->count * sizeof(*registers));
	if (IS_ERR(registers))
		return registers;
	err = vid_check_registers(registers, list->count);
	if (!err)
		return registers;
	kfree(registers);
	return ERR_PTR(err);
}

static long vid_get_registers(void *object, void *argument)
{
	const struct vid_vp *vp = object;
	const struct vid_registers *list = argument;
	struct vid_register *registers = vid_copy_registers(list);
	int err;

	if (IS_ERR(registers))
		return PTR_ERR(registers);
	err = rs_vp_get_registers(vp->core, registers, list->count);
	if (!err && copy_to_user(u64_to_user_ptr(list->registers), registers,
				 list->count * sizeof(*registers)))
		err = -EFAULT;
	kfree(registers);
	return err;
}

static long vid_set_registers(void *object, void *argument)
{
	const struct vid_vp *vp = object;
	const struct vid_registers *list = argument;
	struct vid_register *registers = vid_copy_registers(list);
	int err;

	if (IS_ERR(registers))
		return PTR_ERR(registers);
	err = rs_vp_set_registers(vp->core, registers, list->count);
	kfree(registers);
	return err;
}

/* ---- larger pieces of state */

static u32 vid_lapic_size(void)
{
	return sizeof(struct vid_lapic_state);
}

static int vid_get_lapic(struct rs_vp *vp, void *buffer, u32 size)
{
	return rs_vp_get_lapic(vp, buffer);
}

static int vid_set_lapic(struct rs_vp *vp, const void *buffer, u32 size)
{
	const struct vid_lapic_state *state = buffer;

	if (state->mbz)
		return -EINVAL;
	return rs_vp_set_lapic(vp, state);
}

/* By enum vid_vp_state. */
static const struct vid_state_ops {
	u32 (*size)(void);
	int (*get)(struct rs_vp *vp, void *buffer, u32 size);
	int (*set)(struct rs_vp *vp, const void *buffer, u32 size);
} vid_states[] = {
	[VID_VP_STATE_XSAVE] = {
		.size = rs_xsave_size,
		.get = rs_vp_get_xsave,
		.set = rs_vp_set_xsave,
	},
	[VID_VP_STATE_LAPIC] = {
		.size = vid_lapic_size,
		.get = vid_get_lapic,
		.set = vid_set_lapic,
	},
};

static int vid_copy_state_out(const struct vid_vp *vp, const struct vid_state_ops *ops,
			      u64 address, u32 size)
{
	void *buffer = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	int err;

	if (!buffer)
		return -ENOMEM;
	err = ops->get(vp->core, buffer, size);
	if (!err && copy_to_user(u64_to_user_ptr(address), buffer, size))
		err = -EFAULT;
	kvfree(buffer);
	return err;
}

static long vid_get_vp_state(void *object, void *argument)
{
	struct vid_vp_state_io *io = argument;
	const struct vid_state_ops *ops;
	u32 room = io->size;

	if (io->type >= ARRAY_SIZE(vid_states))
		return -EINVAL;
	ops = &vid_states[io->type];
	io->size = ops->size();
	if (room < io->size)
		return -ENOSPC;
	return vid_copy_state_out(object, ops, io->buffer, io->size);
}

static long vid_set_vp_state(void *object, void *argument)
{
	const struct vid_vp *vp = object;
	const struct vid_vp_state_io *io = argument;
	const struct vid_state_ops *ops;
	void *buffer;
	int err;

	if (io->type >= ARRAY_SIZE(vid_states))
		return -EINVAL;
	ops = &vid_states[io->type];
	if (io->size != ops->size())
		return -EINVAL;
	buffer = vmemdup_user(u64_to_user_ptr(io->buffer), io->size);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	err = ops->set(vp->core, buffer, io->size);
	kvfree(buffer);
	return err;
}

/* ---- the worker's decoding of guest instructions */

static long vid_translate_gva(void *object, void *argument)
{
	const struct vid_vp *vp = object;

	return rs_vp_translate(vp->core, argument);
}

static long vid_access_apic(void *object, void *argument)
{
	const struct vid_vp *vp = object;
	const struct vid_apic_access *access = argument;

	if (access->write > 1 || access->mbz)
		return -EINVAL;
	return rs_vp_access_apic(vp->core, argument);
}

/* ---- the descriptor */

static const struct vid_call vid_vp_calls[] = {
	{ VID_RUN_VP, vid_run_vp },
	{ VID_CANCEL_RUN, vid_cancel_run },
	{ VID_GET_REGISTERS, vid_get_registers },
	{ VID_SET_REGISTERS, vid_set_registers },
	{ VID_TRANSLATE_GVA, vid_translate_gva },
	{ VID_ACCESS_APIC, vid_access_apic },
	{ VID_GET_VP_STATE, vid_get_vp_state },
	{ VID_SET_VP_STATE, vid_set_vp_state },
};

static long vid_vp_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct vid_vp *vp = file->private_data;
	int err = vid_partition_check_caller(vp->partition);

	if (err)
		return err;
	return vid_dispatch(vid_vp_calls, ARRAY_SIZE(vid_vp_calls), vp, command, argument);
}

/*
 * The mapping holds the file, and so the page.  It cannot grow, be inherited, or be
 * given to a guest as memory: pinning without locks, which does not look at VM_IO,
 * leaves only the special entries of remap_pfn_range() alone on every kernel.
 */
static int vid_vp_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct vid_vp *vp = file->private_data;
	int err = vid_partition_check_caller(vp->partition);

	if (err)
		return err;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE ||
	    !(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	vm_flags_mod(vma, VM_IO | VM_DONTEXPAND | VM_DONTCOPY | VM_DONTDUMP, VM_MAYEXEC);
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(rs_vp_page(vp->core)), PAGE_SIZE,
			       vma->vm_page_prot);
}

static int vid_vp_release(struct inode *inode, struct file *file)
{
	struct vid_vp *vp = file->private_data;

	vid_partition_put(vp->partition);
	kfree(vp);
	return 0;
}

static const struct file_operations vid_vp_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vid_vp_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vid_vp_mmap,
	.release = vid_vp_release,
	.llseek = noop_llseek,
};

/* A file without a VP yet: nobody can reach it before it has a descriptor. */
static struct file *vid_vp_file(struct vid_partition *partition)
{
	struct vid_vp *vp = kzalloc(sizeof(*vp), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!vp)
		return ERR_PTR(-ENOMEM);
	vp->partition = partition;
	file = anon_inode_getfile("vid-vp", &vid_vp_fops, vp, O_RDWR);
	if (IS_ERR(file))
		kfree(vp);
	else
		vid_partition_get(partition);
	return file;
}

static int vid_vp_fill(struct file *file, u32 index)
{
	struct vid_vp *vp = file->private_data;
	struct rs_vp *core = rs_vp_create(vp->partition->core, index);

	if (IS_ERR(core))
		return PTR_ERR(core);
	vp->core = core;
	return 0;
}

/* The VP cannot be unmade, so all else that could fail comes first. */
long vid_create_vp(void *object, void *argument)
{
	const struct vid_create_vp *create = argument;
	struct file *file;
	int fd, err;

	if (create->mbz)
		return -EINVAL;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = vid_vp_file(object);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto put_fd;
	}
	err = vid_vp_fill(file, create->vp_index);
	if (err)
		goto put_file;
	fd_install(fd, file);
	return fd;

put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
	return err;
}
