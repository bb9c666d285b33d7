// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One sequence: a process whose threads each do a number of random operations, and which then
 * ends in one of the ways in which processes end.  Where it ends in order it checks that all
 * the memory it had locked is unlocked.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <linux/capability.h>

#include "vidfuzz.h"

static _Thread_local struct worker *self;
static _Thread_local volatile sig_atomic_t may_escape;

/* ---- for all operations */

void note(struct worker *worker, const char *format, ...)
{
	char line[200];
	va_list list;
	int n;

	if (!worker->sequence->verbose)
		return;
	n = snprintf(line, sizeof(line), "%u: ", worker->number);
	va_start(list, format);
	n += vsnprintf(line + n, sizeof(line) - n, format, list);
	va_end(list);
	n = n < (int)sizeof(line) - 1 ? n : (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) != n)
		worker->sequence->verbose = false;
}

static bool copy_safely(struct worker *worker, void *to, const void *from, size_t size)
{
	if (sigsetjmp(worker->escape, 0)) {
		may_escape = 0;
		return false;
	}
	may_escape = 1;
	memcpy(to, from, size);
	may_escape = 0;
	return true;
}

bool poke(struct worker *worker, uint64_t address, const void *buffer, size_t size)
{
	return copy_safely(worker, (void *)(uintptr_t)address, buffer, size);
}

bool peek(struct worker *worker, uint64_t address, void *buffer, size_t size)
{
	return copy_safely(worker, buffer, (const void *)(uintptr_t)address, size);
}

/* An access that we expected to fail goes on behind it; any other ends the process. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *user = context;

	if (self && may_escape)
		siglongjmp(self->escape, 1);
	dprintf(STDERR_FILENO, "vidfuzz: signal %d, code %d, address %p, at %#llx\n", signal,
		info->si_code, info->si_addr, user->uc_mcontext.gregs[REG_RIP]);
	_exit(120);
}

static void on_tick(int signal)
{
}

int any_fd(struct worker *worker, enum kind kind)
{
	struct random *random = &worker->random;
	unsigned int slot = below(random, SLOTS), i;

	if (one_in(random, 64))
		return (int)odd_number(random);
	if (one_in(random, 24))
		kind = below(random, KINDS);
	for (i = 0; i < SLOTS; i++) {
		int fd = worker->sequence->fds[kind][(slot + i) % SLOTS];

		if (fd >= 0)
			return fd;
	}
	return -1;
}

void keep_fd(struct worker *worker, enum kind kind, int fd)
{
	unsigned int slot = below(&worker->random, SLOTS), i;
	int old = -1;

	if (fd < 0)
		return;
	for (i = 0; i < SLOTS; i++) {
		old = -1;
		if (atomic_compare_exchange_strong(&worker->sequence->fds[kind][(slot + i) % SLOTS],
						   &old, fd))
			return;
	}
	old = atomic_exchange(&worker->sequence->fds[kind][slot], fd);
	if (old >= 0)
		close(old);
}

void drop_fd(struct worker *worker, enum kind kind, unsigned int slot)
{
	int fd = atomic_exchange(&worker->sequence->fds[kind][slot], -1);

	if (fd >= 0)
		close(fd);
}

/* ---- a thread */

static const struct {
	unsigned int weight;
	void (*act)(struct worker *worker);
} operations[] = {
	{ 40, run_vp },
	{ 30, call_partition },
	{ 30, call_vp },
	{ 4, call_garbage },
	{ 2, create_partition },
	{ 4, create_vp },
	{ 8, map_guest },
	{ 8, set_registers },
	{ 10, disturb_memory },
	{ 3, disturb_vp_page },
	{ 4, disturb_descriptors },
	{ 3, disturb_process },
};

static void one_operation(struct worker *worker)
{
	static unsigned int total;
	unsigned int i, n;

	if (!total) {
		for (n = 0, i = 0; i < ARRAY_SIZE(operations); i++)
			n += operations[i].weight;
		total = n;
	}
	n = below(&worker->random, total);
	for (i = 0; n >= operations[i].weight; i++)
		n -= operations[i].weight;
	operations[i].act(worker);
}

/* Nothing that blocks does so for more than a few ticks. */
static void start_ticker(struct worker *worker)
{
	long interval = 1000000 + below(&worker->random, 8) * 1000000;
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR1,
		._sigev_un._tid = syscall(SYS_gettid),
	};
	struct itimerspec when = {
		.it_interval.tv_nsec = interval,
		.it_value.tv_nsec = interval,
	};

	if (!timer_create(CLOCK_MONOTONIC, &event, &worker->ticker))
		timer_settime(worker->ticker, 0, &when, NULL);
}

static void start_worker(struct worker *worker, struct sequence *sequence, unsigned int number)
{
	worker->sequence = sequence;
	worker->number = number;
	worker->random = random_from(sequence->seed, sequence->number);
	worker->random = random_from(worker->random.state, number);
	self = worker;
	start_ticker(worker);
}

static void *thread_main(void *context)
{
	struct worker *worker = context;
	unsigned int i;

	start_worker(worker, worker->sequence, worker->number);
	for (i = 0; i < worker->sequence->operations && !worker->sequence->over; i++)
		one_operation(worker);
	timer_delete(worker->ticker);
	return NULL;
}

/* ---- the process */

static void set_signals(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_NODEFER | SA_SIGINFO };
	struct sigaction tick = { .sa_handler = on_tick };

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGUSR1, &tick, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGTRAP, SIG_IGN);
}

/* Half of the sequences are bound by RLIMIT_MEMLOCK. */
static void drop_lock_right(struct random *random)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct rlimit limit = { below(random, 4 * AREA_SIZE), 8 * AREA_SIZE };

	if (one_in(random, 2) || syscall(SYS_capget, &header, data))
		return;
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	data[0].permitted &= ~(1u << CAP_IPC_LOCK);
	syscall(SYS_capset, &header, data);
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static long locked_kib(void)
{
	struct rlimit descriptors = { 1024, 1024 };
	char line[256];
	long kib = -1;
	FILE *status;

	setrlimit(RLIMIT_NOFILE, &descriptors);
	status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmLck: %ld", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib;
}

/* Everything is given back: then nothing may be left that counts as locked. */
static int end_in_order(struct worker *worker)
{
	unsigned int kind, slot;
	long left;

	end_children(worker);
	for (kind = 0; kind < KINDS; kind++)
		for (slot = 0; slot < SLOTS; slot++)
			drop_fd(worker, kind, slot);
	if (munmap((void *)ARENA, ARENA_SIZE)) {
		fprintf(stderr, "vidfuzz: the arena cannot be unmapped: %m\n");
		return 1;
	}
	left = locked_kib();
	if (!left)
		return 0;
	fprintf(stderr, "vidfuzz: %ld KiB are still locked when all is closed\n", left);
	return 1;
}

/* Nothing is given back: the kernel has to do it, perhaps while other threads are at work. */
static void end_at_once(struct worker *worker)
{
	static const char *const names[] = { "a signal", "exec", "exit" };
	unsigned int way = below(&worker->random, ARRAY_SIZE(names));

	note(worker, "ends by %s", names[way]);
	if (way == 0)
		raise(SIGKILL);
	if (way == 1)
		execl("/proc/self/exe", "vidfuzz", "--nothing", NULL);
	_exit(0);
}

static void empty_slots(struct sequence *sequence)
{
	unsigned int kind, slot;

	for (kind = 0; kind < KINDS; kind++)
		for (slot = 0; slot < SLOTS; slot++)
			sequence->fds[kind][slot] = -1;
}

int run_sequence(const struct options *options, uint64_t number)
{
	static struct sequence sequence;
	static struct worker workers[THREADS_MAX + 1];
	struct worker *first = &workers[THREADS_MAX];
	pthread_t ids[THREADS_MAX];
	bool started[THREADS_MAX] = { false };
	bool early;
	unsigned int i;

	empty_slots(&sequence);
	sched_getaffinity(0, sizeof(sequence.cpus), &sequence.cpus);
	sequence.seed = options->seed;
	sequence.number = number;
	sequence.verbose = options->verbose;
	sequence.hardware = options->hardware;
	set_signals();
	start_worker(first, &sequence, THREADS_MAX);
	drop_lock_right(&first->random);
	sequence.threads = 1 + below(&first->random, options->threads);
	sequence.operations = 20 + below(&first->random, 300 / sequence.threads);
	early = one_in(&first->random, 8);
	note(first, "%u threads, %u operations each", sequence.threads, sequence.operations);
	set_up(first);
	for (i = 0; i < sequence.threads; i++) {
		workers[i].sequence = &sequence;
		workers[i].number = i;
		started[i] = !pthread_create(&ids[i], NULL, thread_main, &workers[i]);
	}
	if (early) {		/* the end comes while the others are at work */
		usleep(below(&first->random, 30000));
		end_at_once(first);
	}
	for (i = 0; i < sequence.threads; i++)
		if (started[i])
			pthread_join(ids[i], NULL);
	timer_delete(first->ticker);
	if (one_in(&first->random, 4))
		end_at_once(first);
	return end_in_order(first);
}
