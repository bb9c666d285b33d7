// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to descriptors and to the process: duplicates, closing, children that inherit
 * everything, limits, CPUs, hardware; and those who look from outside.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vidfuzz.h"

#define DEBUGFS "/sys/kernel/debug/rootstock"

/* ---- descriptors */

/* Some entry of a directory; "" when there is none. */
static void some_entry(struct random *random, const char *path, char *name, size_t size)
{
	unsigned int seen = 0;
	struct dirent *entry;
	DIR *directory = opendir(path);

	*name = '\0';
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.' && one_in(random, ++seen))
			snprintf(name, size, "%s", entry->d_name);
	if (directory)
		closedir(directory);
}

/* A file of debugfs: its partition may end while it is open. */
static int open_debugfs(struct worker *worker)
{
	char partition[256], file[256], path[600];

	some_entry(&worker->random, DEBUGFS, partition, sizeof(partition));
	snprintf(path, sizeof(path), DEBUGFS "/%s", partition);
	some_entry(&worker->random, path, file, sizeof(file));
	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", partition, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_any(struct worker *worker)
{
	char buffer[512];
	int fd = any_fd(worker, one_in(&worker->random, 2) ? OTHER : EVENT);
	ssize_t got = read(fd, buffer, sizeof(buffer));

	note(worker, "read at %d: %zd", fd, got);
}

/* A breakpoint of the host's for this thread: the CPU's debug registers are in use then. */
static int open_breakpoint(struct worker *worker)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_RW,
		.bp_addr = ARENA + 0x8000 + below(&worker->random, 64) * 8,
		.bp_len = HW_BREAKPOINT_LEN_4,
		.sample_period = 1000000,
		.exclude_kernel = one_in(&worker->random, 2),
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void disturb_descriptors(struct worker *worker)
{
	struct random *random = &worker->random;
	enum kind kind = below(random, KINDS);

	switch (below(random, 9)) {
	case 0:
	case 1:
		drop_fd(worker, one_in(random, 2) ? VP : kind, below(random, SLOTS));
		break;
	case 2:
		keep_fd(worker, kind, fcntl(any_fd(worker, kind), F_DUPFD_CLOEXEC, 3));
		break;
	case 3:
	case 4:
		keep_fd(worker, EVENT, eventfd(below(random, 3), EFD_CLOEXEC | EFD_NONBLOCK));
		break;
	case 5:
		keep_fd(worker, DEVICE, open("/dev/vid", O_RDWR | O_CLOEXEC));
		break;
	case 6:
		keep_fd(worker, OTHER, open_debugfs(worker));
		break;
	case 7:
		if (worker->sequence->hardware)
			keep_fd(worker, OTHER, open_breakpoint(worker));
		break;
	default:
		read_any(worker);
	}
}

/* ---- children */

static void reap(struct worker *worker, unsigned int slot, int signal)
{
	pid_t child = atomic_exchange(&worker->sequence->children[slot], 0);

	if (child <= 0)
		return;
	if (signal)
		kill(child, signal);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

void end_children(struct worker *worker)
{
	unsigned int slot;

	for (slot = 0; slot < CHILDREN; slot++)
		reap(worker, slot, SIGKILL);
}

/* Whose descriptors are not its own; it may be the last who has them. */
static void be_child(struct worker *worker)
{
	struct random *random = &worker->random;
	unsigned int i, n = below(random, 20);

	for (i = 0; i < n; i++) {
		uint64_t argument[8] = { odd_number(random), odd_number(random) };

		ioctl(any_fd(worker, below(random, KINDS)),
		      _IOC(below(random, 4), VID_IOC, below(random, 0x28), below(random, 64)),
		      argument);
	}
	mmap((void *)vp_page(0), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, any_fd(worker, VP), 0);
	write_guest(worker, ARENA, REAL);
	if (one_in(random, 4))
		execl("/proc/self/exe", "vidfuzz", "--nothing", NULL);
	if (one_in(random, 2))
		usleep(below(random, 2000000));
	_exit(0);
}

static void new_child(struct worker *worker)
{
	unsigned int slot = below(&worker->random, CHILDREN);
	pid_t child, none = 0;

	reap(worker, slot, SIGKILL);
	child = fork();
	if (!child)
		be_child(worker);
	if (child > 0 && !atomic_compare_exchange_strong(&worker->sequence->children[slot], &none,
							 child)) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

/* ---- the process */

static void change_limit(struct random *random)
{
	struct rlimit limit = { below(random, 16) * AREA_SIZE / 2, 8 * AREA_SIZE };

	if (one_in(random, 4)) {
		limit = (struct rlimit){ 8 + below(random, 64), 1024 };
		setrlimit(RLIMIT_NOFILE, &limit);
	} else {
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
}

/* One of the CPUs that the process began with, or all of them: rootvm has a reason to keep one. */
static void change_cpu(struct worker *worker)
{
	cpu_set_t cpus = worker->sequence->cpus;
	int n = below(&worker->random, CPU_COUNT(&cpus) + 1), cpu;

	for (cpu = 0; n < CPU_COUNT(&worker->sequence->cpus) && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &worker->sequence->cpus) && n-- != 0)
			CPU_CLR(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

void disturb_process(struct worker *worker)
{
	struct random *random = &worker->random;

	switch (below(random, 8)) {
	case 0:
		new_child(worker);
		break;
	case 1:
		reap(worker, below(random, CHILDREN), SIGKILL);
		break;
	case 2:
		change_limit(random);
		break;
	case 3:
	case 4:
		change_cpu(worker);
		break;
	case 5:
		if (one_in(random, 4))
			write_file("/proc/sys/vm/compact_memory", "1");
		break;
	case 6:
		sched_yield();
		break;
	default:
		usleep(below(random, 2000));
	}
}
