// SPDX-License-Identifier: GPL-2.0-only
/*
 * LUNs: added and removed at any time, DVD drives with their media, what they count.
 *
 * Workers find LUNs under RCU and hold them by references; a file is closed when its last request
 * is done.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "storvsp_internal.h"

#define DVD_BLOCK	2048u
#define PHYSICAL_BLOCK	4096u

/* ---- media */

static void backing_release(struct kref *ref)
{
	struct backing *backing = container_of(ref, struct backing, ref);

	fput(backing->file);
	kfree(backing);
}

void backing_put(struct backing *backing)
{
	kref_put(&backing->ref, backing_release);
}

static int backing_fill(struct backing *backing, u32 flags)
{
	struct inode *inode = file_inode(backing->file);
	bool writes = !(flags & (STORVSP_READ_ONLY | STORVSP_DVD));

	if (!(backing->file->f_mode & FMODE_READ) ||
	    (writes && !(backing->file->f_mode & FMODE_WRITE)))
		return -EBADF;
	if (S_ISBLK(inode->i_mode))
		return backing_open_bdev(backing);
	if (S_ISREG(inode->i_mode))
		return backing_open_file(backing, flags & STORVSP_BUFFERED);
	return -ENOTBLK;
}

static struct backing *backing_open(int fd, u32 flags)
{
	struct backing *backing = kzalloc(sizeof(*backing), GFP_KERNEL_ACCOUNT);
	int err = -EBADF;

	if (!backing)
		return ERR_PTR(-ENOMEM);
	kref_init(&backing->ref);
	backing->file = fget(fd);
	if (!backing->file)
		goto free;
	err = backing_fill(backing, flags);
	if (!err)
		return backing;
	fput(backing->file);
free:
	kfree(backing);
	return ERR_PTR(err);
}

/* ---- references */

/**
 * lun_get() - find a LUN
 * @controller: whose
 * @number:     any
 *
 * Return: the LUN with a reference; NULL: there is none.
 */
struct lun *lun_get(struct controller *controller, u32 number)
{
	struct lun *lun;

	if (number >= STORVSP_LUNS)
		return NULL;
	rcu_read_lock();
	lun = rcu_dereference(controller->luns[number]);
	if (lun && !kref_get_unless_zero(&lun->ref))
		lun = NULL;
	rcu_read_unlock();
	return lun;
}

static void lun_release(struct kref *ref)
{
	struct lun *lun = container_of(ref, struct lun, ref);

	if (lun->backing)
		backing_put(lun->backing);
	kfree_rcu(lun, rcu);
}

void lun_put(struct lun *lun)
{
	rcu_read_lock();		/* who waits for the reference may free it at once */
	kref_put(&lun->ref, lun_release);
	wake_up(&lun->idle);
	rcu_read_unlock();
}

/* ---- adding */

static bool serial_valid(const char *serial)
{
	u32 i, size = strnlen(serial, SCSI_SERIAL_MAX);

	for (i = 0; i < size; i++)
		if (!isascii(serial[i]) || !isprint(serial[i]))
			return false;
	return true;
}

static bool info_valid(const struct storvsp_add_lun *info)
{
	u32 physical = info->physical_block_size;
	bool dvd = info->flags & STORVSP_DVD;

	if (info->lun >= STORVSP_LUNS || info->flags & ~STORVSP_LUN_VALID || info->mbz ||
	    info->file < -1 || (info->file == -1 && !dvd) || !serial_valid(info->serial))
		return false;
	if (dvd ? info->block_size && info->block_size != DVD_BLOCK :
		  info->block_size && info->block_size != 512 && info->block_size != 4096)
		return false;
	return !physical || (is_power_of_2(physical) && physical >= 512 && physical <= 65536);
}

static u64 count_blocks(const struct lun *lun, const struct backing *backing)
{
	return backing ? backing->ops->size(backing) / lun->scsi.block_size : 0;
}

/* What is between physical blocks and the LUN's own; they may be the same. */
static u8 physical_shift(const struct storvsp_add_lun *info, u32 block_size)
{
	u32 physical = info->physical_block_size ?: max(PHYSICAL_BLOCK, block_size);

	return info->flags & STORVSP_DVD ? 0 : ilog2(physical / block_size);
}

static int fill_scsi(struct lun *lun, const struct storvsp_add_lun *info)
{
	const struct backing *backing = lun->backing;
	struct scsi_lun *scsi = &lun->scsi;
	bool dvd = info->flags & STORVSP_DVD;
	u32 least = backing ? backing->block_size : 512;

	scsi->type = dvd ? SCSI_TYPE_DVD : SCSI_TYPE_DISK;
	scsi->block_size = info->block_size ?: dvd ? DVD_BLOCK : least;
	if (scsi->block_size % least ||
	    (info->physical_block_size && info->physical_block_size < scsi->block_size))
		return -EINVAL;
	scsi->physical_shift = physical_shift(info, scsi->block_size);
	scsi->max_transfer = STORVSP_MAX_TRANSFER;
	scsi->read_only = info->flags & (STORVSP_READ_ONLY | STORVSP_DVD);
	scsi->rotational = info->flags & STORVSP_ROTATIONAL || (backing && backing->rotational);
	scsi->write_cache = !(info->flags & STORVSP_WRITE_THROUGH);
	memcpy(scsi->serial, info->serial, SCSI_SERIAL_MAX);
	memcpy(scsi->id, info->id, sizeof(scsi->id));
	scsi->nexus = 1;
	scsi->reservations = &lun->reservations;
	scsi->present = backing;
	scsi->blocks = count_blocks(lun, backing);
	if (backing && !scsi->read_only && !(info->flags & STORVSP_NO_UNMAP)) {
		scsi->can_unmap = backing->can_unmap;
		scsi->unmap_zeroes = backing->unmap_zeroes;
		scsi->unmap_blocks = max(backing->unmap_bytes / scsi->block_size, 1u);
	}
	scsi_lun_init(scsi);
	return scsi->blocks || !backing ? 0 : -EINVAL;
}

static struct lun *lun_new(const struct storvsp_add_lun *info)
{
	struct lun *lun = kzalloc(sizeof(*lun), GFP_KERNEL_ACCOUNT);
	int err;

	if (!lun)
		return ERR_PTR(-ENOMEM);
	kref_init(&lun->ref);
	init_waitqueue_head(&lun->idle);
	spin_lock_init(&lun->lock);
	lun->flags = info->flags;
	lun->number = info->lun;
	if (info->file >= 0) {
		lun->backing = backing_open(info->file, info->flags);
		if (IS_ERR(lun->backing)) {
			err = PTR_ERR(lun->backing);
			kfree(lun);
			return ERR_PTR(err);
		}
	}
	err = fill_scsi(lun, info);
	if (!err)
		return lun;
	lun_put(lun);
	return ERR_PTR(err);
}

static struct lun *lun_at(struct controller *controller, u32 number)
{
	return rcu_dereference_protected(controller->luns[number],
					 lockdep_is_held(&controller->lock));
}

/* All the others tell their guest that there is another list of LUNs. */
static void tell_others(struct controller *controller, u32 number)
{
	struct lun *lun;
	u32 i;

	for (i = 0; i < STORVSP_LUNS; i++) {
		lun = lun_at(controller, i);
		if (!lun || i == number)
			continue;
		spin_lock(&lun->lock);
		lun->scsi.attention |= SCSI_ATTENTION_LUNS;
		spin_unlock(&lun->lock);
	}
	controller_enumerate(controller);
}

/**
 * lun_add() - STORVSP_ADD_LUN
 * @controller: the controller
 * @info:       not checked yet
 *
 * Return: 0, -EINVAL, -EBADF, -ENOTBLK, -EEXIST, -ENOMEM.
 */
int lun_add(struct controller *controller, const struct storvsp_add_lun *info)
{
	struct lun *lun;
	int err = 0;

	if (!info_valid(info))
		return -EINVAL;
	lun = lun_new(info);
	if (IS_ERR(lun))
		return PTR_ERR(lun);
	mutex_lock(&controller->lock);
	if (lun_at(controller, info->lun)) {
		err = -EEXIST;
	} else {
		rcu_assign_pointer(controller->luns[info->lun], lun);
		WRITE_ONCE(controller->lun_mask, controller->lun_mask | BIT_ULL(info->lun));
		tell_others(controller, info->lun);
	}
	mutex_unlock(&controller->lock);
	if (err)
		lun_put(lun);
	return err;
}

/* ---- removing */

/* Out of the table: no more requests find it.  NULL: there is none. */
static struct lun *lun_take(struct controller *controller, u32 number)
{
	struct lun *lun;

	mutex_lock(&controller->lock);
	lun = lun_at(controller, number);
	if (lun) {
		RCU_INIT_POINTER(controller->luns[number], NULL);
		WRITE_ONCE(controller->lun_mask, controller->lun_mask & ~BIT_ULL(number));
		tell_others(controller, number);
	}
	mutex_unlock(&controller->lock);
	return lun;
}

/**
 * lun_remove() - STORVSP_REMOVE_LUN
 * @controller: the controller
 * @number:     not checked yet
 *
 * Return: 0, -ENOENT, -EINTR: it goes when its requests are done.
 */
int lun_remove(struct controller *controller, u32 number)
{
	struct lun *lun = number < STORVSP_LUNS ? lun_take(controller, number) : NULL;
	int err;

	if (!lun)
		return -ENOENT;
	synchronize_rcu();		/* those who found it before have their references */
	err = wait_event_interruptible(lun->idle, kref_read(&lun->ref) == 1);
	lun_put(lun);
	return err ? -EINTR : 0;
}

/**
 * lun_remove_all() - let go of all LUNs
 * @controller: its channels are gone, and all requests with them
 */
void lun_remove_all(struct controller *controller)
{
	struct lun *lun;
	u32 i;

	for (i = 0; i < STORVSP_LUNS; i++) {
		lun = rcu_dereference_protected(controller->luns[i], true);
		if (lun)
			lun_put(lun);
	}
}

/* ---- media */

/* What the LUN has from now on; returns what it had.  NULL: none. */
static struct backing *exchange(struct lun *lun, struct backing *backing)
{
	struct backing *before = lun->backing;

	lockdep_assert_held(&lun->lock);
	lun->backing = backing;
	if (backing)
		scsi_medium_insert(&lun->scsi, count_blocks(lun, backing));
	else if (before)
		scsi_medium_remove(&lun->scsi);
	return before;
}

/**
 * lun_eject() - the guest has ejected the medium
 * @lun: a DVD drive
 */
void lun_eject(struct lun *lun)
{
	struct backing *before;

	spin_lock(&lun->lock);
	before = exchange(lun, NULL);
	spin_unlock(&lun->lock);
	if (before)
		backing_put(before);
}

static int set_medium(struct lun *lun, const struct storvsp_medium *medium)
{
	struct backing *backing = NULL, *before = NULL;
	int err = 0;

	if (!(lun->flags & STORVSP_DVD))
		return -ENODEV;
	if (medium->file >= 0)
		backing = backing_open(medium->file, lun->flags);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	spin_lock(&lun->lock);
	if (lun->scsi.locked && !(medium->flags & STORVSP_FORCE)) {
		scsi_medium_ask(&lun->scsi);
		before = backing;
		err = -EBUSY;
	} else {
		before = exchange(lun, backing);
	}
	spin_unlock(&lun->lock);
	if (before)
		backing_put(before);
	return err;
}

/**
 * lun_set_medium() - STORVSP_SET_MEDIUM
 * @controller: the controller
 * @medium:     not checked yet
 *
 * Return: 0, -EINVAL, -ENOENT, -ENODEV, -EBUSY, -EBADF, -ENOTBLK, -ENOMEM.
 */
int lun_set_medium(struct controller *controller, const struct storvsp_medium *medium)
{
	struct lun *lun;
	int err;

	if (medium->flags & ~STORVSP_FORCE || medium->mbz || medium->file < -1)
		return -EINVAL;
	lun = lun_get(controller, medium->lun);
	if (!lun)
		return -ENOENT;
	err = set_medium(lun, medium);
	lun_put(lun);
	return err;
}

/**
 * lun_resize() - STORVSP_RESIZE_LUN
 * @controller: the controller
 * @number:     not checked yet
 *
 * Return: 0, -ENOENT, -ENODEV.
 */
int lun_resize(struct controller *controller, u32 number)
{
	struct lun *lun = lun_get(controller, number);
	int err = -ENODEV;

	if (!lun)
		return -ENOENT;
	spin_lock(&lun->lock);
	if (!(lun->flags & STORVSP_DVD)) {
		scsi_lun_resize(&lun->scsi, count_blocks(lun, lun->backing));
		err = 0;
	}
	spin_unlock(&lun->lock);
	lun_put(lun);
	return err;
}

/* ---- the rest */

/**
 * lun_reset() - the guest resets LUNs
 * @controller: the controller
 * @number:     which one
 * @all:        all of them
 */
void lun_reset(struct controller *controller, u32 number, bool all)
{
	struct lun *lun;
	u32 i;

	for (i = 0; i < STORVSP_LUNS; i++) {
		lun = all || i == number ? lun_get(controller, i) : NULL;
		if (!lun)
			continue;
		spin_lock(&lun->lock);
		scsi_lun_reset(&lun->scsi);
		spin_unlock(&lun->lock);
		lun_put(lun);
	}
}

/**
 * lun_count() - count a command
 * @lun: its lock is held
 * @io:  what the command asks for
 */
void lun_count(struct lun *lun, const struct scsi_io *io)
{
	struct storvsp_lun_state *counters = &lun->counters;

	switch (io->kind) {
	case SCSI_IO_READ:
		counters->reads++;
		counters->read_bytes += io->bytes;
		break;
	case SCSI_IO_WRITE:
		counters->writes++;
		counters->written_bytes += io->bytes;
		break;
	case SCSI_IO_FLUSH:
		counters->flushes++;
		break;
	case SCSI_IO_UNMAP:
	case SCSI_IO_ZERO:
	case SCSI_IO_WRITE_SAME:
		counters->unmaps++;
		break;
	default:
		counters->others++;
	}
}

static u32 state_flags(const struct lun *lun)
{
	const struct scsi_lun *scsi = &lun->scsi;

	return (scsi->present ? STORVSP_LUN_PRESENT : 0) |
	       (scsi->locked ? STORVSP_LUN_LOCKED : 0) |
	       (scsi->tray_open ? STORVSP_LUN_TRAY_OPEN : 0) |
	       (scsi->write_cache ? STORVSP_LUN_WRITE_CACHE : 0) |
	       (scsi->can_unmap ? STORVSP_LUN_UNMAP : 0) |
	       (lun->backing && lun->backing->direct ? STORVSP_LUN_DIRECT : 0);
}

/**
 * lun_state() - STORVSP_GET_LUN_STATE
 * @controller: the controller
 * @state:      its lun is not checked yet; filled in
 *
 * Return: 0, -ENOENT.
 */
int lun_state(struct controller *controller, struct storvsp_lun_state *state)
{
	struct lun *lun = lun_get(controller, state->lun);

	if (!lun)
		return -ENOENT;
	spin_lock(&lun->lock);
	*state = lun->counters;
	state->lun = lun->number;
	state->flags = lun->flags;
	state->state = state_flags(lun);
	state->block_size = lun->scsi.block_size;
	state->blocks = lun->scsi.blocks;
	spin_unlock(&lun->lock);
	state->errors = atomic64_read(&lun->errors);
	lun_put(lun);
	return 0;
}
