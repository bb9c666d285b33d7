// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vidfuzz: random sequences of calls of the VID ABI, in a root partition.
 *
 * Sequence N of a seed is always the same: with --threads 1 in every detail but time, with
 * more as far as each thread goes.  A sequence that hangs, ends by a signal that it did not
 * send itself, leaves memory locked or taints the kernel is named, and ends the run.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vidfuzz.h"

#define JOBS_MAX	8u
#define PATIENCE	180	/* seconds that a sequence may take, on a slow machine */

struct job {
	pid_t pid;			/* 0: there is none */
	bool ended;
	int status;			/* it ended with */
	uint64_t number;
	time_t start;
};

static struct job jobs[JOBS_MAX];

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* What the kernel thinks of itself: a warning, an oops, a bad page each leave a bit. */
static long read_taint(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	long bits = -1;

	if (!file || fscanf(file, "%ld", &bits) != 1)
		bits = -1;
	if (file)
		fclose(file);
	return bits;
}

static void start_job(const struct options *options, struct job *job, uint64_t number)
{
	if (options->progress)
		fprintf(stderr, "sequence %llu\n", (unsigned long long)number);
	fflush(NULL);
	*job = (struct job){ .number = number, .start = now() };
	job->pid = fork();
	if (!job->pid)
		exit(run_sequence(options, number));
	if (job->pid < 0) {
		perror("vidfuzz: fork");
		exit(2);
	}
}

/* Ends well: of itself, or by the SIGKILL that is one of its ends. */
static bool ended_well(int status)
{
	if (WIFEXITED(status))
		return !WEXITSTATUS(status);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int trouble(const struct options *options, uint64_t number, const char *what, int detail)
{
	printf("vidfuzz: sequence %llu %s (%d): vidfuzz --seed %llu --threads %u --replay %llu\n",
	       (unsigned long long)number, what, detail, (unsigned long long)options->seed,
	       options->threads, (unsigned long long)number);
	fflush(stdout);
	return 1;
}

/* Where its threads are in the kernel. */
static void show_stacks(pid_t pid)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "for t in /proc/%d/task/*; do echo \"$t\"; cat \"$t/stack\"; done", pid);
	fflush(stdout);
	if (system(command))
		puts("vidfuzz: no stacks");
}

/* Takes note of all that ended, children of sequences that are no more among them. */
static void collect(void)
{
	unsigned int i;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < JOBS_MAX; i++)
			if (jobs[i].pid == pid) {
				jobs[i].ended = true;
				jobs[i].status = status;
			}
}

/* 0 while it may run on, or when it has ended well; then its pid is 0. */
static int look_at(const struct options *options, struct job *job, long taint)
{
	int result = 0;

	if (!job->ended) {
		if (now() - job->start <= PATIENCE)
			return 0;
		show_stacks(job->pid);
		kill(job->pid, SIGKILL);
		return trouble(options, job->number, "does not end", job->pid);
	}
	job->pid = 0;
	if (!ended_well(job->status))
		result = trouble(options, job->number, "ended badly", job->status);
	if (read_taint() != taint)
		result = trouble(options, job->number, "or one beside it tainted the kernel",
				 read_taint());
	return result;
}

static int run(const struct options *options)
{
	uint64_t next = options->first;
	time_t end = now() + options->seconds;
	time_t told = now();
	long taint = read_taint();
	unsigned int i, running = 1;
	int result = 0;

	while (running) {
		running = 0;
		collect();
		for (i = 0; i < options->jobs; i++) {
			if (jobs[i].pid)
				result |= look_at(options, &jobs[i], taint);
			if (!jobs[i].pid && !result &&
			    (options->replay ? next == options->first : now() < end))
				start_job(options, &jobs[i], next++);
			running += jobs[i].pid != 0;
			if (result && jobs[i].pid)
				kill(jobs[i].pid, SIGKILL);
		}
		if (now() - told >= 10) {
			told = now();
			fprintf(stderr, "vidfuzz: seed %llu, sequence %llu\n",
				(unsigned long long)options->seed, (unsigned long long)next);
		}
		usleep(1000);
	}
	/* what sequences left running holds partitions; it ends within seconds */
	while (!result && waitpid(-1, NULL, 0) > 0)
		;
	printf("vidfuzz: seed %llu: %llu sequences from %llu on\n",
	       (unsigned long long)options->seed, (unsigned long long)(next - options->first),
	       (unsigned long long)options->first);
	return result;
}

static void show_usage(FILE *to)
{
	fputs("usage: vidfuzz [OPTION]...\n\n"
	      "Throw random calls at /dev/vid.\n\n"
	      "  --seed N       where the random numbers begin (1)\n"
	      "  --seconds N    how long new sequences are begun (30)\n"
	      "  --threads N    at most as many threads in a sequence (4)\n"
	      "  --jobs N       sequences at a time (2)\n"
	      "  --from N       the first sequence (0)\n"
	      "  --replay N     sequence N alone\n"
	      "  --hardware     also what QEMU does not survive: breakpoints, any task register\n"
	      "  --progress     tell when a sequence begins\n"
	      "  --verbose      tell every call\n", to);
}

static uint64_t parse_number(const char *text, uint64_t limit)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || value > limit) {
		fprintf(stderr, "vidfuzz: bad number '%s'\n", text);
		exit(2);
	}
	return value;
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'n' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "from", required_argument, NULL, 'f' },
		{ "replay", required_argument, NULL, 'r' },
		{ "hardware", no_argument, NULL, 'w' },
		{ "progress", no_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "nothing", no_argument, NULL, '0' },	/* what a sequence that ends in exec runs */
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 's':
			options->seed = parse_number(optarg, UINT64_MAX);
			break;
		case 't':
			options->seconds = parse_number(optarg, 1000000);
			break;
		case 'n':
			options->threads = parse_number(optarg, THREADS_MAX);
			break;
		case 'j':
			options->jobs = parse_number(optarg, JOBS_MAX);
			break;
		case 'f':
			options->first = parse_number(optarg, UINT64_MAX);
			break;
		case 'r':
			options->first = parse_number(optarg, UINT64_MAX);
			options->replay = true;
			break;
		case 'w':
			options->hardware = true;
			break;
		case 'p':
			options->progress = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'h':
			show_usage(stdout);
			exit(0);
		case '0':
			exit(0);
		default:
			show_usage(stderr);
			exit(2);
		}
}

int main(int argc, char **argv)
{
	struct options options = { .seed = 1, .seconds = 30, .threads = 4, .jobs = 2 };

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	parse(argc, argv, &options);
	if (optind < argc || !options.threads || !options.jobs) {
		show_usage(stderr);
		return 2;
	}
	return run(&options);
}
