// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What init makes of the kernel that came up: modules, CPUs, the network's loopback, and file
 * systems. These are the host's files, read-only by 9p or from bochs' disks, under an overlay in
 * memory, and what the kernel makes up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define OUT_DIR		"/run/rootvm/out"
/* 512000 is the most that the kernel's virtio transport for 9p takes. */
#define OPTS_9P		"trans=virtio,version=9p2000.L,msize=512000"
#define FIRST		3		/* of mounts[] are needed in the initramfs */

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

void load_modules(void)
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

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%s", text);
	close(fd);
}

/*
 * The kernel came up on one CPU (see svm.sh); now the others. A number without a directory is
 * one past the last.
 */
void start_cpus(void)
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

/* What init needs before anything else. */
void mount_first(void)
{
	for (size_t i = 0; i < FIRST; i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].what, mounts[i].where, mounts[i].type, 0, NULL);
	}
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
void move_to_host_root(bool bochs)
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

/* All but the root. @tree is the project's, and @out whether the host offers a directory. */
void mount_all(const char *tree, bool out)
{
	int was = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (was < 0)
		die("no %s in the root partition: %m", tree);
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
	if (out) {
		mkdir_p(OUT_DIR);
		mount_or_die("out", OUT_DIR, "9p", 0, OPTS_9P ",cache=mmap");
	}
	uncover(tree, was);
	close(was);
}

void unmount_out(void)
{
	umount(OUT_DIR);
}

void finish_setup(void)
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

/*
 * From CPU 0 all others get an interrupt every second. They run guests, and there the emulator may
 * forget an interrupt until the next one; of a CPU's own timer there might be no next one.
 */
void start_heartbeat(void)
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
