// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SIGINT, SIGTERM and SIGHUP end the machine in good order; a second one kills.
 *
 * They are blocked in all threads and read from a descriptor in the loop; the first
 * one unblocks them in the main thread.  What kills then, and a fault of vmwp's own,
 * still gives the user's terminal back.
 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "machine.h"
#include "tty.h"

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

/* One worker has one machine. */
static struct {
	struct loop_source source;
	struct machine *machine;
} receiver;

static void fill_set(sigset_t *set)
{
	size_t i;

	sigemptyset(set);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(set, ending[i]);
}

/* The action is the default one again: the signal kills once this returns. */
static void last_resort(int number)
{
	tty_restore();
	raise(number);
}

static int install(const int *numbers, size_t count)
{
	struct sigaction action = {
		.sa_handler = last_resort,
		.sa_flags = (int)SA_RESETHAND,
	};
	size_t i;

	for (i = 0; i < count; i++)
		if (sigaction(numbers[i], &action, NULL))
			return -errno;
	return 0;
}

/**
 * signals_block() - block the ending signals, in threads made later too
 *
 * Return: 0 or -errno.
 */
int signals_block(void)
{
	sigset_t set;
	int err;

	signal(SIGPIPE, SIG_IGN);
	fill_set(&set);
	err = install(ending, ARRAY_SIZE(ending));
	if (!err)
		err = install(fatal, ARRAY_SIZE(fatal));
	return err ? err : -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void received(void *ctx, uint32_t events)
{
	struct signalfd_siginfo info;
	sigset_t set;

	if (read(receiver.source.fd, &info, sizeof(info)) != sizeof(info))
		return;
	fill_set(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	machine_stop(receiver.machine, END_SIGNAL, info.ssi_signo);
}

/**
 * signals_create() - have the ending signals stop a machine
 * @machine: its loop exists
 *
 * Return: 0 or -errno.
 */
int signals_create(struct machine *machine)
{
	sigset_t set;
	int fd;

	fill_set(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	receiver.source = (struct loop_source){ fd, received, NULL };
	receiver.machine = machine;
	return loop_add(&machine->loop, &receiver.source, EPOLLIN);
}
