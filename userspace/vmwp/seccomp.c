// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system calls that a running worker may make: each with its reason.
 *
 * Everything else kills the process.  Threads exist already and share the filter.
 * Nothing can be opened, executed or connected (but by dialler.c, for hvsock); a reset makes
 * a new partition on the descriptor of /dev/vid that is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>

#include "layout.h"
#include "libvid.h"
#include "libvmbus.h"
#include "report.h"
#include "sandbox.h"
#include "storvsp.h"

struct allowed_call {
	int call;
	const char *reason;
};

static const struct allowed_call calls[] = {
	{ SCMP_SYS(read), "serial input, timerfd, eventfd, signalfd" },
	{ SCMP_SYS(write), "serial output, eventfd, messages" },
	{ SCMP_SYS(pread64), "kernel and initrd, at a reset" },
	{ SCMP_SYS(close), "a serial port's client, a partition" },
	{ SCMP_SYS(epoll_wait), "the event loop" },
	{ SCMP_SYS(epoll_pwait), "the event loop" },
	{ SCMP_SYS(epoll_ctl), "the event loop" },
	{ SCMP_SYS(poll), "the last output" },
	{ SCMP_SYS(ppoll), "the last output" },
	{ SCMP_SYS(timerfd_settime), "device timers" },
	{ SCMP_SYS(clock_gettime), "when the vDSO cannot" },
	{ SCMP_SYS(accept4), "a client of a serial port, of the control socket, of hvsock" },
	{ SCMP_SYS(recvmsg), "requests, and the files that come with them; the dialler's sockets" },
	{ SCMP_SYS(fstat), "a file to be copied into the guest" },
	{ SCMP_SYS(newfstatat), "the same, as glibc does it" },
	{ SCMP_SYS(eventfd2), "a channel of the VMBus: at a reset, hvsock" },
	{ SCMP_SYS(epoll_create1), "the same" },
	{ SCMP_SYS(shutdown), "a client that does not take its answers; hvsock: no more data" },
	{ SCMP_SYS(unlink), "sockets, at the end" },
	{ SCMP_SYS(futex), "locks, threads" },
	{ SCMP_SYS(sched_yield), "locks" },
	{ SCMP_SYS(restart_syscall), "the kernel's own" },
	{ SCMP_SYS(brk), "malloc, for devices at a reset" },
	{ SCMP_SYS(munmap), "malloc, a VP's page" },
	{ SCMP_SYS(madvise), "clear guest memory at a reset; malloc; a thread's stack at its end" },
	{ SCMP_SYS(getrandom), "malloc" },
	{ SCMP_SYS(rt_sigreturn), "signals" },
	{ SCMP_SYS(rt_sigprocmask), "signals" },
	{ SCMP_SYS(rt_sigaction), "signals" },
	{ SCMP_SYS(getpid), "raise, in a fatal signal's handler" },
	{ SCMP_SYS(gettid), "raise" },
	{ SCMP_SYS(tgkill), "raise" },
	{ SCMP_SYS(exit), "a thread's end" },
	{ SCMP_SYS(exit_group), "the end" },
};

struct allowed_ioctl {
	unsigned long request;
	const char *reason;
};

static const struct allowed_ioctl ioctls[] = {
	{ VID_RUN_VP, "run" },
	{ VID_CANCEL_RUN, "stop" },
	{ VID_GET_REGISTERS, "emulation, crash report" },
	{ VID_SET_REGISTERS, "emulation, start" },
	{ VID_TRANSLATE_GVA, "emulation" },
	{ VID_GET_PROPERTY, "pause, time synchronisation" },
	{ VID_SET_PROPERTY, "resume" },
	{ VID_ACCESS_APIC, "emulation" },
	{ VID_REQUEST_INTERRUPT, "devices" },
	{ VID_RELEASE_GPA, "balloon" },
	{ VID_CREATE_PARTITION, "reset" },
	{ VID_CREATE_VP, "reset" },
	{ VID_MAP_GPA, "reset, hot add" },
	{ VID_INSTALL_INTERCEPT, "reset" },
	{ VMBUSR_CREATE_BUS, "reset" },
	{ VMBUSR_OFFER, "reset, hvsock" },
	{ VMBUSR_TL_RESULT, "hvsock: the guest is refused" },
	{ VMBUSR_GET_STATE, "the list of channels" },
	{ VMBUSR_PIN_RINGS, "a driver opens a channel" },
	{ VMBUSR_OPEN_RESULT, "the same" },
	{ VMBUSR_CLOSE_DONE, "it closes it" },
	{ VMBUSR_SIGNAL, "packets for it" },
	{ STORVSP_CREATE, "reset" },
	{ STORVSP_ADD_LUN, "reset, disk-add" },
	{ STORVSP_REMOVE_LUN, "disk-remove" },
	{ STORVSP_SET_MEDIUM, "disk-insert, disk-eject" },
	{ STORVSP_RESIZE_LUN, "disk-resize" },
	{ STORVSP_GET_LUN_STATE, "disk-list" },
	{ STORVSP_GET_STATE, "disk-list" },
	{ TCGETS, "tcsetattr reads what it wrote" },
	{ TCSETS, "give the user's terminal back" },
};

static int allow_calls(scmp_filter_ctx filter)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(calls); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].call, 0);
	return err;
}

/* The kernel looks at 32 bits of the request. */
static int allow_ioctls(scmp_filter_ctx filter)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(ioctls); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX,
					       (uint32_t)ioctls[i].request));
	return err;
}

/* Memory (malloc, a VP's page at a reset), but none that can be executed. */
static int allow_memory(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (err)
		return err;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/*
 * A second descriptor for a client's output, for TCSETS above needs none, and for a disk's file,
 * with its lock; at a reset channels that do not block.
 */
static int allow_fcntl(scmp_filter_ctx filter)
{
	static const int commands[] = { F_DUPFD_CLOEXEC, F_GETFL, F_SETFL, F_OFD_SETLK };
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(commands); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX,
					       (uint32_t)commands[i]));
	return err;
}

static int fill(scmp_filter_ctx filter)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (!err)
		err = allow_calls(filter);
	if (!err)
		err = allow_ioctls(filter);
	if (!err)
		err = allow_memory(filter);
	if (!err)
		err = allow_fcntl(filter);
	return err;
}

/**
 * sandbox_seal() - allow the system calls above and no others, in all threads
 * @options: the command line
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int sandbox_seal(const struct options *options)
{
	uint32_t refuse = options->sandbox == SANDBOX_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx filter;
	int err;

	if (options->sandbox == SANDBOX_OFF)
		return 0;
	filter = seccomp_init(refuse);
	err = filter ? fill(filter) : -ENOMEM;
	if (!err)
		err = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	if (err)
		report("cannot close the sandbox: %s", strerror(-err));
	return err;
}
