// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a machine: made, run until something ends it, started again after a
 * reset, taken apart.
 *
 * Main thread; machine_stop() may be called by any.
 */
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "partition.h"
#include "report.h"

/* They leave their loops, if @machine->stopping is set. */
static void cancel_vps(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < machine->options->processors; i++)
		vid_cancel_run(machine->vps[i].fd);
}

/* A machine that may start again hears of its end by the host, which says so only once. */
static bool goes_before(enum machine_end end, enum machine_end other)
{
	return (end == END_SIGNAL || end == END_QUIT || end == END_CONTROL_QUIT) &&
	       (other == END_RESET || other == END_CONTROL_RESET || other == END_CRASH);
}

/**
 * machine_stop() - have a machine stop
 * @machine: to stop
 * @end: why; the first reason counts, but a reset does not hide that the host ends it
 * @detail: what belongs to it, see enum machine_end
 *
 * Returns before the VPs have stopped.  Context: any thread, device lock or none held.
 */
void machine_stop(struct machine *machine, enum machine_end end, uint32_t detail)
{
	bool first;

	pthread_mutex_lock(&machine->end_lock);
	first = machine->end == END_NONE;
	if (first || goes_before(end, machine->end)) {
		machine->end = end;
		machine->detail = detail;
		atomic_store(&machine->stopping, true);
	}
	pthread_mutex_unlock(&machine->end_lock);
	if (!first)
		return;
	cancel_vps(machine);
	loop_wake(&machine->loop);
}

static void quit(void *ctx)
{
	machine_stop(ctx, END_QUIT, 0);
}

static void service_serial(void *ctx)
{
	struct machine *machine = ctx;
	unsigned int i;

	for (i = 0; i < machine->options->serial_count; i++)
		serial_service(&machine->serial[i]);
}

/* What the loop does after every wake-up. */
static void woken(void *ctx)
{
	service_serial(ctx);
	synthetic_service(ctx);
	vsock_service(ctx);
}

static void drain_serial(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < machine->options->serial_count; i++)
		serial_drain(&machine->serial[i]);
}

static void start_vps(struct machine *machine)
{
	pthread_mutex_lock(&machine->park_lock);
	machine->running = machine->options->processors;
	machine->generation++;
	pthread_cond_broadcast(&machine->park);
	pthread_mutex_unlock(&machine->park_lock);
}

static void wait_until_parked(struct machine *machine)
{
	pthread_mutex_lock(&machine->park_lock);
	while (machine->running)
		pthread_cond_wait(&machine->park, &machine->park_lock);
	pthread_mutex_unlock(&machine->park_lock);
}

static bool has_ended(struct machine *machine)
{
	bool ended;

	pthread_mutex_lock(&machine->end_lock);
	ended = machine->end != END_NONE;
	pthread_mutex_unlock(&machine->end_lock);
	return ended;
}

/**
 * machine_pause() - stop all VPs, and the guest's reference time
 * @machine: runs
 *
 * On return no VP runs.  Devices go on: their clocks are the host's.  The TSC goes on too.
 *
 * Context: main thread, no lock held.
 * Return: 0, -EALREADY, -ESHUTDOWN when it has ended already, or another -errno.
 */
int machine_pause(struct machine *machine)
{
	if (machine->paused)
		return -EALREADY;
	if (has_ended(machine))
		return -ESHUTDOWN;
	atomic_store(&machine->stopping, true);
	cancel_vps(machine);
	wait_until_parked(machine);
	machine->paused = true;
	return vid_get_property(machine->partition, VID_PROPERTY_REFERENCE_TIME,
				&machine->paused_at);
}

/* Not when it has ended meanwhile: then @stopping is there to stay. */
static bool stop_stopping(struct machine *machine)
{
	bool ended;

	pthread_mutex_lock(&machine->end_lock);
	ended = machine->end != END_NONE;
	if (!ended)
		atomic_store(&machine->stopping, false);
	pthread_mutex_unlock(&machine->end_lock);
	return !ended;
}

/**
 * machine_resume() - let all VPs run again after machine_pause()
 * @machine: paused
 *
 * Context: main thread, no lock held.
 * Return: 0, -EALREADY, -ESHUTDOWN when it has ended meanwhile, or another -errno.
 */
int machine_resume(struct machine *machine)
{
	int err;

	if (!machine->paused)
		return -EALREADY;
	err = vid_set_property(machine->partition, VID_PROPERTY_REFERENCE_TIME,
			       machine->paused_at);
	if (err)
		return err;
	if (!stop_stopping(machine))
		return -ESHUTDOWN;
	machine->paused = false;
	start_vps(machine);
	synthetic_resumed(machine);
	return 0;
}

/**
 * machine_run() - run until something ends the machine; @machine->end says what
 * @machine: from machine_create(), or started again
 *
 * Return: 0, or -errno when the event loop failed.
 */
int machine_run(struct machine *machine)
{
	int err = 0;

	machine->paused = false;
	start_vps(machine);
	remote_started(machine);
	service_serial(machine);
	while (!err && !has_ended(machine))
		err = loop_once(&machine->loop);
	if (err)
		machine_stop(machine, END_ERROR, 0);
	wait_until_parked(machine);
	drain_serial(machine);
	return err;
}

static int create_devices(struct machine *machine)
{
	int err = devices_create(machine);

	if (err) {
		report("cannot make the devices: %s", strerror(-err));
		return err;
	}
	err = synthetic_create(machine);
	if (err) {
		report("cannot make the VMBus: %s", strerror(-err));
		goto destroy_devices;
	}
	err = storage_create(machine);
	if (!err)
		return 0;
	synthetic_destroy(machine);
destroy_devices:
	devices_destroy(machine);
	return err;
}

/* The VMBus first, for its services may have timers armed. */
static void destroy_devices(struct machine *machine)
{
	storage_destroy(machine);
	synthetic_destroy(machine);
	devices_destroy(machine);
}

/**
 * machine_restart() - back to the state after power-on, everything loaded anew
 * @machine: machine_run() has returned
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int machine_restart(struct machine *machine)
{
	int err;

	destroy_devices(machine);
	partition_destroy(machine);
	err = memory_clear(&machine->memory);
	if (err)
		report("cannot clear guest memory: %s", strerror(-err));
	if (!err)
		err = partition_create(machine);
	if (err)
		return err;
	machine->end = END_NONE;
	atomic_store(&machine->stopping, false);
	return create_devices(machine);
}

static int check_host(struct machine *machine)
{
	const struct vid_api *api = &machine->api;
	uint64_t end = memory_top(&machine->memory) + VMBUS_MMIO_HIGH_SIZE;
	int err = vid_get_api(machine->device, &machine->api);

	if (err) {
		report("this is not the VID device: %s", strerror(-err));
		return err;
	}
	if (api->version == VID_API_VERSION && api->max_vps >= machine->options->processors &&
	    api->gpa_limit >= end)
		return 0;
	report("the modules have ABI %u, %u processors and %llu MiB a VM; needed: %u, %u, %llu",
	       api->version, api->max_vps, (unsigned long long)(api->gpa_limit / MIB),
	       VID_API_VERSION, machine->options->processors,
	       (unsigned long long)(end / MIB));
	return -EOPNOTSUPP;
}

static int open_serial(struct machine *machine)
{
	const struct options *options = machine->options;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < options->serial_count; i++) {
		err = serial_open(&machine->serial[i], i, &options->serial[i]);
		if (!err)
			serial_start(&machine->serial[i], &machine->loop, &machine->device_lock,
				     quit, machine);
	}
	return err;
}

static void close_serial(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < UART_COUNT; i++)
		serial_close(&machine->serial[i]);
}

static void init_fields(struct machine *machine, const struct options *options, int device)
{
	unsigned int i;

	machine->options = options;
	machine->device = device;
	machine->partition = -1;
	machine->synthetic.device = -1;
	storage_init(&machine->storage);
	for (i = 0; i < MACHINE_PROCESSORS_MAX; i++) {
		machine->vps[i].machine = machine;
		machine->vps[i].index = i;
		machine->vps[i].fd = -1;
	}
	pthread_mutex_init(&machine->device_lock, NULL);
	pthread_mutex_init(&machine->end_lock, NULL);
	pthread_mutex_init(&machine->park_lock, NULL);
	pthread_cond_init(&machine->park, NULL);
	devices_init_host(machine);
}

static int create_loop(struct machine *machine)
{
	int err = loop_create(&machine->loop, woken, machine);

	if (err)
		return err;
	err = timers_create(&machine->timers, &machine->loop, &machine->device_lock);
	if (err)
		loop_destroy(&machine->loop);
	return err;
}

static void destroy_loop(struct machine *machine)
{
	timers_destroy(&machine->timers);
	loop_destroy(&machine->loop);
}

static int create_memory(struct machine *machine)
{
	const struct options *options = machine->options;
	int err = memory_create(&machine->memory, options->memory, options->memory_max,
				options->hugepage);

	if (err)
		report("cannot make %llu MiB of guest memory: %s",
		       (unsigned long long)(options->memory / MIB), strerror(-err));
	return err;
}

static int open_rest(struct machine *machine)
{
	const char *control = machine->options->control;
	int err = open_serial(machine);

	if (!err)
		err = synthetic_open(machine);
	if (!err)
		err = storage_open(&machine->storage, machine->options);
	if (!err && control)
		err = control_open(&machine->control, control, &machine->loop, &remote_ops,
				   machine);
	if (!err)
		return 0;
	storage_close(&machine->storage);
	synthetic_close(machine);
	close_serial(machine);
	return err;
}

/* All that a machine has beside its partition and devices; vsock_open() wants no memory there. */
static int create_frame(struct machine *machine)
{
	int err = create_loop(machine);

	if (err) {
		report("cannot make an event loop: %s", strerror(-err));
		return err;
	}
	err = vsock_open(machine);
	if (err)
		goto destroy_loop;
	err = create_memory(machine);
	if (err)
		goto close_vsock;
	err = open_rest(machine);
	if (err)
		goto destroy_memory;
	return 0;

destroy_memory:
	memory_destroy(&machine->memory);
close_vsock:
	vsock_close(machine);
destroy_loop:
	destroy_loop(machine);
	return err;
}

static void destroy_frame(struct machine *machine)
{
	control_close(machine->control);
	storage_close(&machine->storage);
	synthetic_close(machine);
	close_serial(machine);
	memory_destroy(&machine->memory);
	vsock_close(machine);
	destroy_loop(machine);
}

/**
 * machine_create() - make a machine, ready to run
 * @machine: all zero but @boot, which boot_open() filled in; stays where it is
 * @options: the command line; must outlive it
 * @device: /dev/vid; must outlive it
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int machine_create(struct machine *machine, const struct options *options, int device)
{
	int err;

	init_fields(machine, options, device);
	err = create_frame(machine);
	if (err)
		return err;
	err = check_host(machine);
	if (!err)
		err = partition_create(machine);
	if (err)
		goto destroy_frame;
	err = create_devices(machine);
	if (err)
		goto destroy_partition;
	return 0;

destroy_partition:
	partition_destroy(machine);
destroy_frame:
	destroy_frame(machine);
	return err;
}

/**
 * machine_start_threads() - make the threads of all VPs; they wait
 * @machine: from machine_create()
 *
 * On return each has made the system calls that a thread begins with, which the
 * sandbox would not let it.
 *
 * Return: 0 or -errno; machine_destroy() ends those that were made.
 */
int machine_start_threads(struct machine *machine)
{
	unsigned int i;
	int err = 0;

	machine->running = machine->options->processors;
	for (i = 0; !err && i < machine->options->processors; i++)
		err = vp_start_thread(&machine->vps[i]);
	if (err)
		report("cannot start a thread: %s", strerror(-err));
	else
		wait_until_parked(machine);
	return err;
}

static void end_threads(struct machine *machine)
{
	unsigned int i;

	pthread_mutex_lock(&machine->park_lock);
	machine->leaving = true;
	pthread_cond_broadcast(&machine->park);
	pthread_mutex_unlock(&machine->park_lock);
	for (i = 0; i < MACHINE_PROCESSORS_MAX; i++)
		if (machine->vps[i].threaded)
			pthread_join(machine->vps[i].thread, NULL);
}

/**
 * machine_destroy() - take a machine apart
 * @machine: from machine_create(); it does not run
 */
void machine_destroy(struct machine *machine)
{
	end_threads(machine);
	destroy_devices(machine);
	partition_destroy(machine);
	destroy_frame(machine);
}
