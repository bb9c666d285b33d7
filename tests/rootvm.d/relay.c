// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * relay: the host's end of the stream to a root partition (see frame.h).
 *
 *   relay [-p] [-o] [-w] -c CONFIG -r RESULT -l LOG [-t SECONDS] -- EMULATOR ARG...
 *
 * Runs the emulator with the stream as its descriptor 3, and stdout and stderr to LOG.
 * Writes the command's output to its own stdout and stderr. It is what guarantees that the
 * emulator ends: at the time limit, at a signal, when nobody reads the output any more, and
 * with its own death. What came of it all is one word, and maybe a number, in RESULT:
 *
 *   exit N     the command's status; the root partition has powered off
 *   timeout    the time limit was reached
 *   fatal      the root partition's init gave up; its reason is on stderr
 *   silent     the emulator ended before the root partition was heard of
 *   died       the emulator ended before the command did
 *   stuck      the command ended, and then the root partition did not power off
 *   signal N   ended by a signal (SIGPIPE: the reader of our output is gone)
 *
 * -p: stdin is typed into the command's terminal; when it is a terminal, it is raw meanwhile.
 * -o: the stream goes one way only, from the root partition: descriptor 3 is a pipe, and CONFIG
 *     reaches the root partition without us.
 * -w: the emulator wants a terminal for its screen. It gets one, and nobody looks at it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define STREAM_FD	3	/* in the emulator */
#define POWER_OFF_LIMIT	30	/* seconds, from the command's end */

static struct {
	const char *config, *result, *log;
	bool pty;
	bool one_way;
	bool screen;
	long timeout;		/* seconds; 0: none */
} opt;

static struct {
	int stream;		/* to the root partition */
	int screen;		/* the emulator's terminal, or -1 */
	int sigfd;
	pid_t emulator;		/* 0 once it has been reaped */
	bool up;		/* the root partition has been heard of */
	bool greeted;		/* since last looked at: typing may begin */
	bool fatal;
	bool have_status;
	uint32_t status;
	double deadline;	/* on CLOCK_MONOTONIC; 0: none */
	const char *verdict;	/* why it is ending before its time, or NULL */
	int signal;
	bool raw;
	struct termios cooked;
} st;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void end_with(const char *verdict)
{
	if (!st.verdict)
		st.verdict = verdict;
}

static void end_with_signal(int sig)
{
	if (!st.verdict)
		st.signal = sig;
	end_with("signal");
}

/* Milliseconds to the deadline, as poll() wants them. */
static int time_left(void)
{
	double left;

	if (!st.deadline)
		return -1;
	left = (st.deadline - now()) * 1000;
	return left > 0 ? (int)left + 1 : 0;
}

static void send_frame(enum frame_type type, const void *data, uint32_t len)
{
	char buf[sizeof(struct frame) + FRAME_MAX];
	struct frame f = { .type = type, .len = len };

	memcpy(buf, &f, sizeof(f));
	memcpy(buf + sizeof(f), data, len);
	/* Whole or not at all: it is small, and see typing_allowed() for the ones that repeat. */
	if (!opt.one_way)
		send(st.stream, buf, sizeof(f) + len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_winsize(void)
{
	struct winsize w;

	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &w))
		send_frame(FRAME_WINSIZE, (uint16_t[]){ w.ws_row, w.ws_col }, 4);
}

static void take_signal(void)
{
	struct signalfd_siginfo si;

	if (read(st.sigfd, &si, sizeof(si)) != sizeof(si))
		return;
	switch (si.ssi_signo) {
	case SIGCHLD:
		if (waitpid(st.emulator, NULL, WNOHANG) == st.emulator)
			st.emulator = 0;
		break;
	case SIGWINCH:
		if (opt.pty)
			send_winsize();
		break;
	default:
		end_with_signal(si.ssi_signo);
	}
}

/* Writes, but never past the deadline or a signal, however slow the reader is. */
static void put(int fd, const char *buf, size_t len)
{
	while (len && !st.verdict) {
		struct pollfd p[] = {
			{ .fd = fd, .events = POLLOUT },
			{ .fd = st.sigfd, .events = POLLIN },
		};
		ssize_t n;

		if (!poll(p, 2, time_left()))
			end_with("timeout");
		if (p[1].revents)
			take_signal();
		if (!p[0].revents)
			continue;
		/* No more than a pipe surely takes without blocking. */
		n = write(fd, buf, len < 4096 ? len : 4096);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			end_with_signal(SIGPIPE);
		if (n > 0) {
			buf += n;
			len -= n;
		}
	}
}

static void send_config(void)
{
	char buf[FRAME_MAX + 1];
	FILE *f = fopen(opt.config, "re");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;

	if (f)
		fclose(f);
	if (n > FRAME_MAX) {
		fprintf(stderr, "rootvm: the command is too long\n");
		st.fatal = true;
		end_with("fatal");
		return;
	}
	if (opt.pty)
		send_winsize();
	send_frame(FRAME_CONFIG, buf, n);
}

static void take_frame(const struct frame *f, const char *data)
{
	switch (f->type) {
	case FRAME_HELLO:
		send_config();
		st.up = true;
		st.greeted = true;
		break;
	case FRAME_OUT:
		put(STDOUT_FILENO, data, f->len);
		break;
	case FRAME_ERR:
		put(STDERR_FILENO, data, f->len);
		break;
	case FRAME_FATAL:
		fprintf(stderr, "rootvm: in the root partition: %.*s\n", (int)f->len, data);
		st.fatal = true;
		break;
	case FRAME_STATUS:
		memcpy(&st.status, data, sizeof(st.status));
		st.have_status = true;
		st.deadline = now() + POWER_OFF_LIMIT;
		send_frame(FRAME_ACK, "", 0);
		break;
	}
}

/* Takes what the stream holds; false at its end. */
static bool take_stream(void)
{
	static _Alignas(struct frame) char buf[sizeof(struct frame) + FRAME_MAX];
	static size_t fill;
	struct frame *f = (struct frame *)buf;
	ssize_t n = read(st.stream, buf + fill, sizeof(buf) - fill);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	fill += n;
	while (fill >= sizeof(*f) && !st.verdict) {
		size_t whole = sizeof(*f) + f->len;

		if (f->len > FRAME_MAX) {
			end_with("died");
			return false;
		}
		if (fill < whole)
			break;
		take_frame(f, buf + sizeof(*f));
		fill -= whole;
		memmove(buf, buf + whole, fill);
	}
	return true;
}

/* Takes what the emulator shows; false once it shows nothing more. */
static bool take_screen(void)
{
	char buf[4096];
	ssize_t n = read(st.screen, buf, sizeof(buf));

	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* True when there may be more. */
static bool take_typed(void)
{
	char buf[1024];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	send_frame(n ? FRAME_IN : FRAME_EOF, buf, n);
	return n > 0;
}

/*
 * Typed text is read only when the stream has room. A Unix socket says so when most of its
 * buffer is free, so a frame fits.
 */
static bool typing_allowed(void)
{
	struct pollfd p = { .fd = st.stream, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLOUT);
}

/* Until the emulator has ended, or has to. */
static void serve(void)
{
	struct pollfd p[] = {
		{ .fd = st.sigfd, .events = POLLIN },
		{ .fd = st.stream, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = st.screen, .events = POLLIN },
	};
	bool typing = false;

	while (st.emulator && !st.verdict) {
		bool room = typing && typing_allowed();
		int n;

		p[1].events = typing && !room ? POLLIN | POLLOUT : POLLIN;
		p[2].fd = room ? STDIN_FILENO : -1;
		n = poll(p, 4, time_left());
		if (!n)
			end_with(st.have_status ? "stuck" : "timeout");
		if (n <= 0)
			continue;
		if (p[0].revents)
			take_signal();
		if (p[2].revents)
			typing = take_typed();
		if (p[1].revents && !take_stream())
			p[1].fd = -1;
		if (p[3].revents && !take_screen())
			p[3].fd = -1;
		/* Nothing typed may overtake the configuration. */
		if (st.greeted && opt.pty) {
			st.greeted = false;
			typing = true;
		}
	}
	/* What the emulator handed over before it ended. */
	while (!st.verdict && p[1].fd >= 0 && poll(&p[1], 1, 0) > 0 && take_stream())
		;
}

static void fail(const char *what)
{
	fprintf(stderr, "rootvm: %s: %m\n", what);
	exit(1);
}

/* Sets st.stream, and returns the emulator's end. */
static int open_stream(void)
{
	int sv[2];

	if (opt.one_way ? pipe2(sv, O_CLOEXEC) :
			  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		fail("stream");
	st.stream = sv[0];
	fcntl(st.stream, F_SETFL, O_NONBLOCK);
	return sv[1];
}

static void open_screen(void)
{
	const struct winsize size = { .ws_row = 60, .ws_col = 132 };

	st.screen = -1;
	if (!opt.screen)
		return;
	st.screen = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (st.screen < 0 || grantpt(st.screen) || unlockpt(st.screen))
		fail("terminal");
	ioctl(st.screen, TIOCSWINSZ, &size);
}

/* In the child: its stdin, stdout and stderr. Opened first, the terminal becomes its own. */
static void set_streams(void)
{
	int in = open(opt.screen ? ptsname(st.screen) : "/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(opt.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	dup2(in, STDIN_FILENO);
	dup2(opt.screen ? in : log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
}

static void start_emulator(char **argv)
{
	pid_t parent = getpid();
	int stream = open_stream();
	sigset_t none;

	open_screen();
	st.emulator = fork();
	if (st.emulator < 0)
		fail("fork");
	if (st.emulator) {
		close(stream);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();	/* Ctrl-C is not for the emulator */
	set_streams();
	if (stream == STREAM_FD)
		fcntl(STREAM_FD, F_SETFD, 0);
	else
		dup2(stream, STREAM_FD);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %m\n", argv[0]);
	_exit(127);
}

/* SIGKILL, and not for ever: a process can be stuck in the kernel. */
static void kill_emulator(void)
{
	if (!st.emulator)
		return;
	kill(st.emulator, SIGKILL);
	for (int i = 0; i < 300; i++) {
		if (waitpid(st.emulator, NULL, WNOHANG))
			return;
		usleep(10000);
	}
	fprintf(stderr, "rootvm: emulator %d survives SIGKILL\n", (int)st.emulator);
}

static void terminal_raw(void)
{
	struct termios t;

	if (!opt.pty || tcgetattr(STDIN_FILENO, &st.cooked))
		return;
	t = st.cooked;
	cfmakeraw(&t);
	st.raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

static void terminal_restore(void)
{
	if (st.raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &st.cooked);
}

static void catch_signals(void)
{
	static const int sigs[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		/* A shell starts its background jobs with some of them ignored. */
		signal(sigs[i], SIG_DFL);
		sigaddset(&set, sigs[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	st.sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int write_result(void)
{
	FILE *f = fopen(opt.result, "we");

	if (!f) {
		perror(opt.result);
		return 1;
	}
	if (st.verdict && st.signal)
		fprintf(f, "signal %d\n", st.signal);
	else if (st.verdict)
		fprintf(f, "%s 0\n", st.verdict);
	else if (st.fatal)
		fprintf(f, "fatal 0\n");
	else if (st.have_status)
		fprintf(f, "exit %u\n", st.status);
	else
		fprintf(f, "%s 0\n", st.up ? "died" : "silent");
	return fclose(f) ? 1 : 0;
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "powc:r:l:t:")) != -1) {
		switch (c) {
		case 'p':
			opt.pty = true;
			break;
		case 'o':
			opt.one_way = true;
			break;
		case 'w':
			opt.screen = true;
			break;
		case 'c':
			opt.config = optarg;
			break;
		case 'r':
			opt.result = optarg;
			break;
		case 'l':
			opt.log = optarg;
			break;
		case 't':
			opt.timeout = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (!opt.config || !opt.result || !opt.log || optind == argc)
		return 2;
	/* With the script that started us, we end, and the emulator with us. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	catch_signals();
	if (opt.timeout)
		st.deadline = now() + opt.timeout;
	start_emulator(argv + optind);
	terminal_raw();
	serve();
	kill_emulator();
	terminal_restore();
	return write_result();
}
