// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * init: PID 1 of the root partition that tests/rootvm boots.
 *
 * Loads the modules its initramfs carries, and moves to the host's files (setup.c). Then it runs
 * the one command the host sends, forwards its output, reaps orphans, reports the command's exit
 * status, and powers off once the host has it. With rootvm=bochs on the kernel's command line it
 * uses what that has instead of virtio (see init.h).
 *
 * It is linked statically, and execs nothing but the command: that is most of why the
 * root partition is up in seconds.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "init.h"

#define MAX_STRINGS	1024

/* What FRAME_CONFIG asked for. */
static struct {
	const char *cwd;
	char *argv[MAX_STRINGS + 1];
	char *envp[MAX_STRINGS + 1];
	int argc;
	int envc;
	bool out;		/* a directory of the host is offered as $ROOTVM_OUT */
	bool pty;		/* the command gets a terminal */
	bool spare;		/* CPU 0 is not for the command */
	struct winsize win;
} config;

static int port = -1;		/* the stream to the host */
static bool bochs;		/* there is no port, and nothing to be read */
static bool heard;		/* what is sent now will get to the host */

/* What was typed and the terminal has not taken yet. */
static struct {
	char buf[FRAME_MAX];
	size_t start, end;
} typed;

__attribute__((noreturn))
static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static int write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

static int read_all(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		p += n;
		len -= n;
	}
	return 0;
}

static void send_frame(enum frame_type type, const void *data, size_t len)
{
	/* One write, for a small frame is then one buffer of the virtqueue. */
	static char buf[sizeof(struct frame) + FRAME_MAX];
	struct frame f = { .type = type, .len = len };

	memcpy(buf, &f, sizeof(f));
	memcpy(buf + sizeof(f), data, len);
	if (bochs)
		bochs_send(buf, sizeof(f) + len);
	else if (write_all(port, buf, sizeof(f) + len))
		power_off();
}

/* Reads a frame's payload into @buf, of FRAME_MAX bytes. */
static void recv_frame(struct frame *f, char *buf)
{
	if (read_all(port, f, sizeof(*f)) || f->len > FRAME_MAX || read_all(port, buf, f->len))
		power_off();
}

static void vcomplain(const char *fmt, va_list ap)
{
	char buf[512];
	int n = vsnprintf(buf, sizeof(buf), fmt, ap);

	if (n >= (int)sizeof(buf))
		n = sizeof(buf) - 1;
	if (heard)
		send_frame(FRAME_FATAL, buf, n);
	else	/* no way to the host yet but the kernel's console */
		dprintf(STDERR_FILENO, "rootvm: %s\n", buf);
}

__attribute__((format(printf, 1, 2)))
static void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
	/* Time for the host to take it: nobody says that it has them. */
	sleep(1);
	power_off();
}

static void wait_for_ack(void)
{
	struct pollfd p = { .fd = port, .events = POLLIN };
	static char buf[FRAME_MAX];
	struct frame f;

	if (bochs)
		return;
	/* The host has its own limit, and ends us when it is reached. */
	while (poll(&p, 1, 10000) > 0) {
		recv_frame(&f, buf);
		if (f.type == FRAME_ACK)
			return;
	}
}

/* Opens the first virtio serial port to appear; there is only one. */
static void open_port(void)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	for (int i = 0; i < 5000; i++, nanosleep(&pause, NULL)) {
		DIR *d = opendir("/sys/class/virtio-ports");
		struct dirent *e;
		char path[300];

		while (d && (e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "/dev/%s", e->d_name);
			port = open(path, O_RDWR | O_CLOEXEC);
		}
		if (d)
			closedir(d);
		if (port >= 0)
			return;
	}
	die("no virtio serial port");
}

static void parse_one(char *s)
{
	char *value = strchr(s, '=');

	if (!value)
		die("malformed configuration: %s", s);
	*value++ = '\0';
	if (!strcmp(s, "cwd"))
		config.cwd = value;
	else if (!strcmp(s, "arg") && config.argc < MAX_STRINGS)
		config.argv[config.argc++] = value;
	else if (!strcmp(s, "env") && config.envc < MAX_STRINGS)
		config.envp[config.envc++] = value;
	else if (!strcmp(s, "out"))
		config.out = true;
	else if (!strcmp(s, "spare"))
		config.spare = true;
	else if (!strcmp(s, "pty"))
		config.pty = true;
	else
		die("unknown or too much configuration: %s", s);
}

static void take_winsize(const char *payload)
{
	uint16_t size[2];

	memcpy(size, payload, sizeof(size));
	config.win.ws_row = size[0];
	config.win.ws_col = size[1];
}

/* Returns the size of what is left in @buf. */
static size_t ask_config(char *buf)
{
	struct frame f;

	for (recv_frame(&f, buf); f.type == FRAME_WINSIZE; recv_frame(&f, buf))
		take_winsize(buf);
	if (f.type != FRAME_CONFIG)
		die("the host said %#x before it sent a configuration", f.type);
	return f.len;
}

static void get_config(void)
{
	static char buf[FRAME_MAX + 1];
	size_t size;

	send_frame(FRAME_HELLO, "", 0);
	size = bochs ? bochs_config(buf, sizeof(buf)) : ask_config(buf);
	for (char *s = buf, *next; s < buf + size; s = next) {
		next = s + strlen(s) + 1;
		parse_one(s);
	}
	if (!config.argc || !config.cwd)
		die("the host sent no command");
}

/* For this process and those it will start. */
static void leave_cpu0(void)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return;
	CPU_CLR(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* In the child: becomes the command. Does not return. */
static void become_command(int in, int out, int err)
{
	sigset_t none;
	int e;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (config.spare)
		leave_cpu0();
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (config.pty)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	if (chdir(config.cwd)) {
		dprintf(STDERR_FILENO, "rootvm: %s: %m\n", config.cwd);
		_exit(126);
	}
	if (bochs)
		iopl(0);
	/* Not execvpe: it would look at our own PATH, and we have none. */
	environ = config.envp;
	execvp(config.argv[0], config.argv);
	e = errno;
	dprintf(STDERR_FILENO, "rootvm: %s: %s\n", config.argv[0], strerror(e));
	_exit(e == ENOENT || e == ENOTDIR ? 127 : 126);
}

/* The streams of the running command: where its output is read, its input written. */
struct streams {
	int out, err, in;
};

static int open_pty(int *slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (master < 0 || grantpt(master) || unlockpt(master))
		die("no terminal: %m");
	*slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		die("no terminal: %m");
	ioctl(master, TIOCSWINSZ, &config.win);
	return master;
}

static pid_t start_command(struct streams *s)
{
	int in, out[2], err[2];
	pid_t pid;

	if (config.pty) {
		s->in = open_pty(&in);
		s->out = s->in;
		s->err = -1;
		out[1] = in;
		err[1] = in;
	} else {
		in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (in < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
			die("no pipes for the command: %m");
		s->out = out[0];
		s->err = err[0];
		s->in = -1;
	}
	pid = fork();
	if (pid < 0)
		die("cannot fork: %m");
	if (!pid)
		become_command(in, out[1], err[1]);
	close(in);
	if (!config.pty) {
		close(out[1]);
		close(err[1]);
	}
	return pid;
}

/* Reaps all that has died; true, and the status, when @pid was among them. */
static bool reap(pid_t pid, int *status)
{
	bool found = false;
	pid_t dead;
	int st;

	while ((dead = waitpid(-1, &st, WNOHANG)) > 0) {
		if (dead == pid) {
			*status = st;
			found = true;
		}
	}
	return found;
}

/* Forwards what can be read now; false once nothing more will come. */
static bool forward(int fd, enum frame_type type)
{
	char buf[FRAME_MAX - sizeof(struct frame)];	/* a frame is one 32 KiB write */
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n)
		send_frame(type, buf, n);
	return n > 0;
}

static void from_host(const struct streams *s)
{
	struct frame f;

	recv_frame(&f, typed.buf);
	switch (f.type) {
	case FRAME_IN:
		typed.start = 0;
		typed.end = f.len;
		break;
	case FRAME_EOF:
		typed.buf[0] = '\004';
		typed.start = 0;
		typed.end = 1;
		break;
	case FRAME_WINSIZE:
		take_winsize(typed.buf);
		ioctl(s->in, TIOCSWINSZ, &config.win);
		break;
	}
}

/* As much as the terminal takes without making us wait. */
static void to_terminal(int fd)
{
	ssize_t n = write(fd, typed.buf + typed.start, typed.end - typed.start);

	if (n > 0)
		typed.start += n;
	else if (errno != EAGAIN && errno != EINTR)
		typed.start = typed.end;
}

/* Until the command ends. Returns its wait status. */
static int serve(pid_t pid, struct streams *s, int sigfd)
{
	struct pollfd p[] = {
		{ .fd = sigfd, .events = POLLIN },
		{ .fd = s->out, .events = POLLIN },
		{ .fd = s->err, .events = POLLIN },
		{ .events = POLLIN },
	};
	struct signalfd_siginfo si;
	int status;

	for (;;) {
		bool pending = typed.start < typed.end;

		p[1].events = pending ? POLLIN | POLLOUT : POLLIN;
		p[3].fd = config.pty && !pending ? port : -1;
		if (poll(p, 4, -1) < 0)
			continue;
		if (p[1].revents & POLLOUT)
			to_terminal(s->in);
		if ((p[1].revents & ~POLLOUT) && !forward(s->out, FRAME_OUT))
			p[1].fd = -1;
		if (p[2].revents && !forward(s->err, FRAME_ERR))
			p[2].fd = -1;
		if (p[3].revents)
			from_host(s);
		if (p[0].revents && read(sigfd, &si, sizeof(si)) > 0 && reap(pid, &status))
			return status;
	}
}

/* Names the processes that outlive SIGKILL; kernel threads have no command line. */
static void name_survivors(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], cmd[128] = "";
		int fd, n;

		if (atoi(e->d_name) <= 1)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, cmd, sizeof(cmd) - 1);
		close(fd);
		if (n > 0)
			complain("process %s (%s) cannot be killed", e->d_name, cmd);
	}
}

static void kill_the_rest(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	kill(-1, SIGKILL);
	for (int i = 0; i < 2000; i++, nanosleep(&pause, NULL)) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
	}
	name_survivors();
}

/* What the pipes still hold. A survivor may keep them open: do not wait for their end. */
static void drain(int fd, enum frame_type type)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (fd >= 0 && poll(&p, 1, 0) > 0 && forward(fd, type))
		;
}

int main(void)
{
	struct streams s;
	uint32_t status;
	sigset_t chld;
	int st, sigfd;
	pid_t pid;

	/* What the kernel does not know it puts into our environment. */
	bochs = getenv("rootvm") && !strcmp(getenv("rootvm"), "bochs");
	mount_first();
	start_cpus();
	load_modules();
	if (bochs)
		bochs_open();
	else
		open_port();
	heard = true;
	get_config();
	move_to_host_root(bochs);
	mount_all(config.cwd, config.out);
	finish_setup();
	if (config.spare)
		start_heartbeat();

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigfd = signalfd(-1, &chld, SFD_CLOEXEC);
	pid = start_command(&s);
	st = serve(pid, &s, sigfd);
	kill_the_rest();
	drain(s.out, FRAME_OUT);
	drain(s.err, FRAME_ERR);
	sync();
	if (config.out)
		unmount_out();
	status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	send_frame(FRAME_STATUS, &status, sizeof(status));
	wait_for_ack();
	power_off();
}
