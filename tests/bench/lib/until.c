// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * until MARKER SECONDS HOOK COMMAND...
 *
 * Starts COMMAND, and prints how many microseconds it takes until its stdout says MARKER.
 * Then COMMAND is stopped, `sh -c HOOK` looks at it ($pid), and it is killed.
 *
 * Its stdout is a pipe in which we wait: nothing is polled for, and nothing can be missed.
 * Exits 1 when COMMAND ends before, or when SECONDS are over; its output is then on stderr.
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char said[1 << 16];
static size_t said_size;

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static pid_t start(char **argv, int *from)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, 0) < 0)
		err(1, "pipe2");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	close(fds[1]);
	*from = fds[0];
	return pid;
}

/* False when the other end is closed, or the time is over. */
static bool read_more(int from, long long deadline)
{
	struct pollfd pollfd = { .fd = from, .events = POLLIN };
	long long left_ms = (deadline - now_us()) / 1000;
	ssize_t n;

	if (left_ms <= 0 || poll(&pollfd, 1, left_ms) <= 0)
		return false;
	n = read(from, said + said_size, sizeof(said) - 1 - said_size);
	if (n <= 0)
		return false;
	said_size += n;
	return true;
}

static void hook(const char *command, pid_t pid)
{
	char value[16];

	snprintf(value, sizeof(value), "%d", pid);
	setenv("pid", value, 1);
	if (system(command))
		errx(1, "failed: %s", command);
}

int main(int argc, char **argv)
{
	long long started, seconds;
	bool marked = false;
	int from, status;
	pid_t pid;

	if (argc < 5)
		errx(2, "usage: until MARKER SECONDS HOOK COMMAND...");
	seconds = atoll(argv[2]);
	started = now_us();
	pid = start(argv + 4, &from);
	while (!marked && read_more(from, started + seconds * 1000000))
		marked = memmem(said, said_size, argv[1], strlen(argv[1]));
	if (marked) {
		printf("%lld\n", now_us() - started);
		fflush(stdout);
		kill(pid, SIGSTOP);
		if (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status))
			hook(argv[3], pid);
		else
			marked = false;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!marked)
		fprintf(stderr, "until: '%s' was not said. What was:\n%s\n", argv[1], said);
	return marked ? 0 : 1;
}
