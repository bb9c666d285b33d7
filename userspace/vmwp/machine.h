/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: a partition, its memory, processors and devices.
 *
 * Two kinds of thread: the main thread runs the loop, owns everything and starts and
 * stops the VPs; a VP thread runs one VP.  Lock order: device_lock, then end_lock.
 */
#ifndef VMWP_MACHINE_H
#define VMWP_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "control/control.h"
#include "libvid.h"
#include "loader/boot.h"
#include "loop.h"
#include "memory.h"
#include "options.h"
#include "serial.h"
#include "storage.h"
#include "synthetic.h"
#include "timers.h"
#include "vdev.h"
#include "vp.h"
#include "vsock.h"

/* Why a machine stopped.  The text and the exit code of each are in end.c. */
enum machine_end {
	END_NONE,
	END_POWER_OFF,
	END_RESET,
	END_DEBUG_EXIT,			/* detail: the value written */
	END_TRIPLE_FAULT,		/* detail: VP */
	END_CRASH,			/* detail: VP */
	END_VP_STATE,			/* detail: VP */
	END_ERROR,			/* a line on stderr has said more */
	END_SIGNAL,			/* detail: its number */
	END_QUIT,			/* Ctrl-A x */
	END_CONTROL_QUIT,
	END_CONTROL_RESET,
};

struct devices {
	struct bus *bus;
	struct pic *pic;
	struct ioapic *ioapic;
	struct pit *pit;
	struct rtc *rtc;
	struct i8042 *i8042;
	struct pm *pm;
	struct uart *uart[UART_COUNT];
	struct debug_exit *debug_exit;
};

/**
 * struct machine - one machine
 * @options:   the command line.  Constant, as the fields up to @intr_failed
 * @boot:      what it boots
 * @memory:    its RAM
 * @loop:      the main thread's
 * @host:      what devices may call
 * @device:    /dev/vid
 * @api:       what that can do
 * @partition: of this start; changes while no VP runs
 * @vps:       processors; see vp.h
 * @device_lock: protects @devices, @timers and the rings in @serial
 * @devices:   of this start
 * @timers:    armed timers
 * @serial:    ports, up to options->serial_count
 * @synthetic: the VMBus; see synthetic.h
 * @vsock:     Hyper-V sockets, or NULL; see vsock.h
 * @storage:   disks; see storage.h
 * @control:   the control socket, or NULL.  Main thread, as the fields up to @paused_at
 * @starts:    how often it was started
 * @started:   when that was, on the host's clock
 * @paused:    VPs have parked and wait for machine_resume()
 * @paused_at: reference time that the guest shall see then
 * @end_lock:  protects @end, @detail
 * @end:       why it stops; the first reason stays
 * @detail:    see enum machine_end
 * @stopping:  @end is set, or a pause is wanted: VPs leave their loops
 * @park_lock: protects what follows
 * @park:      signalled when any of it changes
 * @generation: how often VPs were let run
 * @running:   VPs that have not parked since
 * @leaving:   VP threads shall return
 */
struct machine {
	const struct options *options;
	struct boot boot;
	struct memory memory;
	struct loop loop;
	struct vdev_host host;
	int device;
	struct vid_api api;
	int partition;
	struct vp vps[MACHINE_PROCESSORS_MAX];
	pthread_mutex_t device_lock;
	struct devices devices;
	struct timers timers;
	struct serial serial[UART_COUNT];
	struct synthetic synthetic;
	struct vsock *vsock;
	struct storage storage;
	struct control *control;
	unsigned int starts;
	uint64_t started;
	bool paused;
	uint64_t paused_at;
	pthread_mutex_t end_lock;
	enum machine_end end;
	uint32_t detail;
	atomic_bool stopping;
	pthread_mutex_t park_lock;
	pthread_cond_t park;
	unsigned int generation;
	unsigned int running;
	bool leaving;
};

/* machine.c */
int machine_create(struct machine *machine, const struct options *options, int device);
int machine_start_threads(struct machine *machine);
int machine_run(struct machine *machine);
int machine_restart(struct machine *machine);
void machine_destroy(struct machine *machine);
void machine_stop(struct machine *machine, enum machine_end end, uint32_t detail);
int machine_pause(struct machine *machine);
int machine_resume(struct machine *machine);

/* remote.c */
extern const struct control_ops remote_ops;
void remote_started(struct machine *machine);
void remote_ended(struct machine *machine, int code);

/* devices.c */
int devices_create(struct machine *machine);
void devices_destroy(struct machine *machine);
void devices_init_host(struct machine *machine);

/* end.c */
int end_report(const struct machine *machine);
const char *end_name(enum machine_end end);
void end_report_crash(struct machine *machine, unsigned int vp, const uint64_t params[5],
		      uint64_t control);

#endif
