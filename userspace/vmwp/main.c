// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmwp: the worker process of one virtual machine.
 *
 * In this order: options and input files are checked, the device is opened, the machine
 * is made, rights are dropped, threads start, the sandbox closes, the first VP runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "report.h"
#include "sandbox.h"
#include "signals.h"

static struct machine machine;

/* Descriptors 0 to 2 must be taken, or a serial port's file becomes standard error. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int open_device(const struct options *options)
{
	int fd;

	if (options->device_fd >= 0)
		return options->device_fd;
	fd = vid_open(NULL);
	if (fd == -ENOENT || fd == -ENXIO || fd == -ENODEV)
		report("cannot open /dev/vid: %s: load the modules with 'make load'",
		       strerror(-fd));
	else if (fd == -EACCES)
		report("cannot open /dev/vid: %s: join the group that owns it, or be root",
		       strerror(-fd));
	else if (fd < 0)
		report("cannot open /dev/vid: %s", strerror(-fd));
	return fd;
}

/* Up to the point where nothing is opened any more. */
static int confine(const struct options *options)
{
	int err = signals_create(&machine);

	if (err)
		report("cannot receive signals: %s", strerror(-err));
	if (!err)
		err = sandbox_drop_rights(options);
	if (!err)
		err = machine_start_threads(&machine);
	if (!err)
		err = sandbox_seal(options);
	return err;
}

static bool starts_again(const struct options *options)
{
	if (machine.end == END_RESET && options->on_reset == ACTION_RESTART) {
		if (report_allowed())
			report("the guest was reset, starting again");
		return true;
	}
	return machine.end == END_CONTROL_RESET ||
	       (machine.end == END_CRASH && options->on_crash == ACTION_RESTART);
}

static int run(const struct options *options)
{
	int code;

	for (;;) {
		machine_run(&machine);
		if (!starts_again(options))
			break;
		if (machine_restart(&machine))
			return VMWP_EXIT_ERROR;
	}
	code = end_report(&machine);
	remote_ended(&machine, code);
	return code;
}

static int run_machine(const struct options *options, int device)
{
	int code = VMWP_EXIT_ERROR;

	if (machine_create(&machine, options, device))
		return code;
	if (!confine(options))
		code = run(options);
	machine_destroy(&machine);
	return code;
}

int main(int argc, char **argv)
{
	struct options options;
	int device, code;

	mallopt(M_ARENA_MAX, 1);	/* an arena a thread would cost more than it saves */
	fill_standard_descriptors();
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_DONE:
		return VMWP_EXIT_POWER_OFF;
	case OPTIONS_BAD:
		return VMWP_EXIT_USAGE;
	default:
		break;
	}
	if (boot_open(&machine.boot, &options) || sandbox_prepare(&options))
		return VMWP_EXIT_USAGE;
	device = open_device(&options);
	if (device < 0 || signals_block())
		return VMWP_EXIT_ERROR;
	code = run_machine(&options, device);
	boot_close(&machine.boot);
	close(device);
	return code;
}
