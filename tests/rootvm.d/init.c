// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * init: PID 1 of the root partition that tests/rootvm boots.
 *
 * Loads the modules its initramfs carries, makes the host's root file system (9p,
 * read-only) writable by an overlay on tmpfs, and moves there. Then it runs the one
 * command the host sends, forwards its output, reaps orphans, reports the command's exit
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
#include <net/if.h>
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
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "init.h"

#define OUT_DIR		"/run/rootvm/out"
#define MAX_STRINGS	1024
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
/* 512000 is the most that the kernel's virtio transport for 9p takes. */
#define OPTS_9P		"trans=virtio,version=9p2000.L,msize=512000"

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

static const struct {
	const char *what, *where, *type, *opts;
	unsigned long flags;
} mounts[] = {
	{ "proc", "/proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", "devtmpfs", "mode=755", MS_NOSUID },
	{ "devpts", "/dev/pts", "devpts", "gid=5,mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
	{ "hugetlbfs", "/dev/hugepages", "hugetlbfs", NULL, 0 },
	{ "tmpfs", "/run", "tmpfs", "mode=755", MS_NOSUID | MS_NODEV },
	{ "cgroup2", "/sys/fs/cgroup", "cgroup2", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "debugfs", "/sys/kernel/debug", "debugfs", NULL, 0 },
	{ "tracefs", "/sys/kernel/tracing", "tracefs", NULL, 0 },
	{ "configfs", "/sys/kernel/config", "configfs", NULL, 0 },
};

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

static void load_modules(void)
{
	char name[256];
	FILE *list = fopen("/modules", "re");

	if (!list)
		die("no /modules in the initramfs");
	while (fscanf(list, "%255s", name) == 1) {
		int fd = open(name, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die("cannot load %s: %m", name);
		close(fd);
	}
	fclose(list);
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

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	write_all(fd, text, strlen(text));
	close(fd);
}

/*
 * The kernel came up on one CPU (see svm.sh); now the others. A number without a directory is
 * one past the last.
 */
static void start_cpus(void)
{
	char path[64];
	int i = 1;

	do {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", i++);
		put(path, "1");
	} while (!access(path, F_OK));
}

void mount_or_die(const char *what, const char *where, const char *type, unsigned long flags,
		  const char *opts)
{
	if (mount(what, where, type, flags, opts))
		die("cannot mount %s on %s: %m", what, where);
}

static void mkdir_p(const char *path)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "%s", path);
	for (char *p = buf + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(buf, 0755);
		*p = '/';
	}
	mkdir(buf, 0755);
}

/*
 * The host's tree, with a tmpfs over it. cache=loose: nobody but the host changes it, and
 * what it changes meanwhile need not be seen. noxattr: overlayfs and exec ask for
 * attributes of every file, and each question would go to the host.
 */
static void move_to_host_root(void)
{
	const char *lower = "/lower";
	char opts[200];

	mkdir("/lower", 0755);
	mkdir("/rw", 0755);
	mkdir("/new", 0755);
	if (bochs) {
		bochs_mount("/system", "/tree");
		lower = "/tree:/system";
	} else {
		mount_or_die("root", "/lower", "9p", MS_RDONLY, OPTS_9P ",cache=loose,noxattr");
	}
	mount_or_die("tmpfs", "/rw", "tmpfs", 0, "mode=755");
	mkdir("/rw/upper", 0755);
	mkdir("/rw/work", 0755);
	snprintf(opts, sizeof(opts),
		 "lowerdir=%s,upperdir=/rw/upper,workdir=/rw/work,index=off,xino=off,metacopy=off",
		 lower);
	mount_or_die("overlay", "/new", "overlay", 0, opts);
	if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("cannot move to the new root: %m");
}

/* A fresh /run or /dev may have covered the tree: put it back where it was. */
static void uncover(const char *path, int was)
{
	char self[64];
	struct stat a, b;

	if (fstat(was, &a))
		die("cannot stat %s: %m", path);
	if (!stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return;
	mkdir_p(path);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", was);
	mount_or_die(self, path, NULL, MS_BIND | MS_REC, NULL);
}

static void mount_all(void)
{
	int cwd = open(config.cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (cwd < 0)
		die("no %s in the root partition: %m", config.cwd);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		/* What a kernel was built without is missed by the command that wants it. */
		mount(mounts[i].what, mounts[i].where, mounts[i].type, mounts[i].flags,
		      mounts[i].opts);
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	mkdir("/run/lock", 01777);
	if (config.out) {
		mkdir_p(OUT_DIR);
		mount_or_die("out", OUT_DIR, "9p", 0, OPTS_9P ",cache=mmap");
	}
	uncover(config.cwd, cwd);
	close(cwd);
}

static void set_up_system(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("cannot bring loopback up: %m");
	close(fd);
	if (sethostname("root-partition", strlen("root-partition")))
		die("cannot set the host name: %m");
	/* The boot was kept quiet for speed; from here on everything but debug counts. */
	put("/proc/sys/kernel/printk", "7");
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

/*
 * From CPU 0 all others get an interrupt every second. They run guests, and there the emulator may
 * forget an interrupt until the next one; of a CPU's own timer there might be no next one.
 */
static void start_heartbeat(void)
{
	cpu_set_t cpu0;

	if (fork())
		return;
	CPU_ZERO(&cpu0);
	CPU_SET(0, &cpu0);
	sched_setaffinity(0, sizeof(cpu0), &cpu0);
	for (;; sleep(1))
		put("/proc/sys/vm/stat_refresh", "1");
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
	for (int i = 0; i < 3; i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].what, mounts[i].where, mounts[i].type, 0, NULL);
	}
	start_cpus();
	load_modules();
	if (bochs)
		bochs_open();
	else
		open_port();
	heard = true;
	get_config();
	move_to_host_root();
	mount_all();
	set_up_system();
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
		umount(OUT_DIR);
	status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	send_frame(FRAME_STATUS, &status, sizeof(status));
	wait_for_ack();
	power_off();
}
