// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A virtual processor: run it, read and write its state.
 *
 * Implements the section "virtual processor" of vid.h.  Thread safe, keeps no
 * state; the kernel lets one thread at a time run a VP.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "libvid.h"

/**
 * vid_close_vp() - give back what vid_create_vp() made
 * @vp: its descriptor
 * @page: its page, or NULL when that is gone already
 */
void vid_close_vp(int vp, struct vid_vp_page *page)
{
	if (page)
		munmap(page, VID_VP_PAGE_SIZE);
	close(vp);
}

/**
 * vid_run_vp() - run a VP until the worker is needed
 * @vp: from vid_create_vp()
 *
 * Commits what page->commit names, then runs.  The message in the page says why it
 * returned.
 *
 * Return: 0 with a message, -EINTR after a signal or vid_cancel_run(), -EBUSY,
 * -EINVAL for unknown commit bits, -EIO when the CPU refuses the state.
 */
int vid_run_vp(int vp)
{
	return vid_ioctl(vp, VID_RUN_VP, NULL);
}

/**
 * vid_cancel_run() - make the current run, or else the next one, return
 * @vp: from vid_create_vp()
 *
 * Return: 0.
 */
int vid_cancel_run(int vp)
{
	return vid_ioctl(vp, VID_CANCEL_RUN, NULL);
}

/**
 * vid_get_registers() - read registers of a VP that does not run
 * @vp: from vid_create_vp()
 * @registers: names in, values out
 * @count: 1..VID_REGISTERS_MAX
 *
 * Return: 0, or -EBUSY, -EINVAL for an unknown name.
 */
int vid_get_registers(int vp, struct vid_register *registers, uint32_t count)
{
	struct vid_registers list = { .registers = (uintptr_t)registers, .count = count };

	return vid_ioctl(vp, VID_GET_REGISTERS, &list);
}

/**
 * vid_set_registers() - write registers of a VP that does not run
 * @vp: from vid_create_vp()
 * @registers: names and values, written in this order
 * @count: 1..VID_REGISTERS_MAX
 *
 * Return: 0, or -EBUSY, or -EINVAL for an unknown name or a forbidden value; those
 * before it are written then.
 */
int vid_set_registers(int vp, const struct vid_register *registers, uint32_t count)
{
	struct vid_registers list = { .registers = (uintptr_t)registers, .count = count };

	return vid_ioctl(vp, VID_SET_REGISTERS, &list);
}

/**
 * vid_get_vp_state() - read a large piece of a VP's state
 * @vp: from vid_create_vp()
 * @type: which piece
 * @buffer: room for it
 * @size: in: bytes of room; out: bytes it has, also with -ENOSPC
 *
 * Return: 0, or -ENOSPC when @buffer is too small, -EBUSY, -EINVAL.
 */
int vid_get_vp_state(int vp, enum vid_vp_state type, void *buffer, uint32_t *size)
{
	struct vid_vp_state_io io = {
		.buffer = (uintptr_t)buffer,
		.type = type,
		.size = *size,
	};
	int err = vid_ioctl(vp, VID_GET_VP_STATE, &io);

	*size = io.size;
	return err;
}

/**
 * vid_set_vp_state() - write a large piece of a VP's state
 * @vp: from vid_create_vp()
 * @type: which piece
 * @buffer: what vid_get_vp_state() gave
 * @size: bytes of it
 *
 * Return: 0, or -EBUSY, -EINVAL.
 */
int vid_set_vp_state(int vp, enum vid_vp_state type, const void *buffer, uint32_t size)
{
	struct vid_vp_state_io io = {
		.buffer = (uintptr_t)buffer,
		.type = type,
		.size = size,
	};

	return vid_ioctl(vp, VID_SET_VP_STATE, &io);
}

/**
 * vid_translate_gva() - walk a VP's own page tables
 * @vp: from vid_create_vp()
 * @translation: gva and flags in; gpa, result and error_code out
 *
 * Return: 0 when the walk was made, whatever its result; -EBUSY, -EINVAL.
 */
int vid_translate_gva(int vp, struct vid_translate_gva *translation)
{
	return vid_ioctl(vp, VID_TRANSLATE_GVA, translation);
}

/**
 * vid_read_apic() - a guest's read of a local APIC register
 * @vp: from vid_create_vp()
 * @offset: into the xAPIC page, 16-byte aligned
 * @value: set to what the guest reads
 *
 * Return: 0, or -EINVAL.
 */
int vid_read_apic(int vp, uint32_t offset, uint32_t *value)
{
	struct vid_apic_access access = { .offset = offset };
	int err = vid_ioctl(vp, VID_ACCESS_APIC, &access);

	if (!err)
		*value = access.value;
	return err;
}

/**
 * vid_write_apic() - a guest's write of a local APIC register
 * @vp: from vid_create_vp()
 * @offset: into the xAPIC page, 16-byte aligned
 * @value: what the guest wrote
 *
 * Return: 0, or -EINVAL.
 */
int vid_write_apic(int vp, uint32_t offset, uint32_t value)
{
	struct vid_apic_access access = { .offset = offset, .write = 1, .value = value };

	return vid_ioctl(vp, VID_ACCESS_APIC, &access);
}
