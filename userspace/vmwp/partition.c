// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's part of a machine: partition, processors, memory map, intercepts.
 *
 * Made anew at every start, so that a reset leaves nothing behind.  Main thread,
 * while no VP runs; also inside the sandbox.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acpi/acpi.h"
#include "machine.h"
#include "partition.h"
#include "report.h"

#define LOCKED_LIMIT_ADVICE                                                     \
	"the limit of locked memory is too low. Raise it (ulimit -l, or "       \
	"LimitMEMLOCK= of a service), or start vmwp as root"

static int failed(const char *what, int err)
{
	report("cannot %s: %s", what, strerror(-err));
	return err;
}

static int create_vps(struct machine *machine)
{
	struct vp *vp;
	unsigned int i;

	for (i = 0; i < machine->options->processors; i++) {
		vp = &machine->vps[i];
		vp->fd = vid_create_vp(machine->partition, i, &vp->page);
		if (vp->fd < 0)
			return failed("create a virtual processor", vp->fd);
	}
	return 0;
}

static int map_range(struct machine *machine, uint64_t gpa, uint64_t size)
{
	if (!size)
		return 0;
	return vid_map_gpa(machine->partition, gpa, size, machine->memory.base + gpa,
			   VID_MAP_READ | VID_MAP_WRITE | VID_MAP_EXECUTE);
}

static int map_memory(struct machine *machine)
{
	const struct memory *memory = &machine->memory;
	int err = map_range(machine, 0, memory->low_end);

	if (!err)
		err = map_range(machine, RAM_HIGH_BASE, memory->high_end - RAM_HIGH_BASE);
	if (err == -ENOMEM)
		report("cannot map %llu MiB of guest memory: " LOCKED_LIMIT_ADVICE,
		       (unsigned long long)(memory->size / MIB));
	else if (err)
		failed("map guest memory", err);
	return err;
}

/* What the kernel reports unasked it may refuse to be asked for. */
static int install_intercepts(struct machine *machine)
{
	static const uint32_t msrs[] = { HV_X64_MSR_CRASH_CTL, HV_X64_MSR_RESET };
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		err = vid_install_intercept(machine->partition, VID_INTERCEPT_MSR, msrs[i]);
		if (err && err != -EINVAL && err != -EEXIST)
			return failed("intercept an MSR", err);
	}
	return 0;
}

static int start_state(struct machine *machine)
{
	struct vid_register registers[START_REGISTERS];
	unsigned int count = boot_start_state(&machine->boot, registers);
	int err = vid_set_registers(machine->vps[0].fd, registers, count);

	return err ? failed("set the first processor's registers", err) : 0;
}

static unsigned int serial_mask(const struct options *options)
{
	return (1u << options->serial_count) - 1;
}

static int load(struct machine *machine)
{
	const struct memory *memory = &machine->memory;
	const struct acpi_config config = {
		.processors = machine->options->processors,
		.serial_mask = serial_mask(machine->options),
		.mmio_high_base = memory_top(memory),
		.mmio_high_size = VMBUS_MMIO_HIGH_SIZE,
	};

	if (!acpi_build(&config, ACPI_GPA, memory_at(memory, ACPI_GPA, ACPI_SIZE), ACPI_SIZE))
		return failed("build the ACPI tables", -ENOSPC);
	return boot_load(&machine->boot, memory);
}

/**
 * partition_create() - make the partition of a machine, ready to run
 * @machine: its memory is all zero
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int partition_create(struct machine *machine)
{
	int err;

	machine->partition = vid_create_partition(machine->device, machine->options->processors);
	if (machine->partition < 0)
		return failed("create a partition", machine->partition);
	err = load(machine);
	if (!err)
		err = create_vps(machine);
	if (!err)
		err = map_memory(machine);
	if (!err)
		err = install_intercepts(machine);
	if (!err)
		err = start_state(machine);
	if (err)
		partition_destroy(machine);
	return err;
}

/**
 * partition_destroy() - close the partition and its processors
 * @machine: no VP of it runs; a part may not have been made
 */
void partition_destroy(struct machine *machine)
{
	struct vp *vp;
	unsigned int i;

	for (i = 0; i < MACHINE_PROCESSORS_MAX; i++) {
		vp = &machine->vps[i];
		if (vp->fd >= 0)
			vid_close_vp(vp->fd, vp->page);
		vp->fd = -1;
		vp->page = NULL;
	}
	if (machine->partition >= 0)
		close(machine->partition);
	machine->partition = -1;
}
