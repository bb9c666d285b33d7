// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a worker gives up before it runs a guest: identity, capabilities, limits.
 *
 * A guest that breaks out of the device code finds an unprivileged process without
 * files to open; sandbox_seal() (seccomp.c) then takes the system calls.  Main
 * thread, before there are others: capabilities belong to a thread.
 */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layout.h"
#include "report.h"

#define NOBODY		65534u
#define FILES_MAX	1024u		/* a connection of hvsock has four */
#define LOCKED_MARGIN	(64 * MIB)

static uid_t target_uid = NOBODY;
static gid_t target_gid = NOBODY;

/* "nobody" needs no look-up, which would load name service libraries. */
static int find_user(const char *name)
{
	const struct passwd *user;

	if (!strcmp(name, "nobody"))
		return 0;
	user = getpwnam(name);
	if (!user) {
		report("--user %s: there is no such user", name);
		return -ENOENT;
	}
	target_uid = user->pw_uid;
	target_gid = user->pw_gid;
	return 0;
}

/*
 * Guest memory is pinned by the kernel and counts as locked.  What cannot be raised is
 * reported when memory is mapped: it may be enough.
 */
static void raise_locked_limit(uint64_t memory)
{
	struct rlimit limit;
	rlim_t wanted = memory + LOCKED_MARGIN;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max >= wanted && !setrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	limit.rlim_max = wanted;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

/**
 * sandbox_prepare() - find the user to become and raise the limit of locked memory
 * @options: the command line
 *
 * Return: 0, or -ENOENT; a line on stderr has said why.
 */
int sandbox_prepare(const struct options *options)
{
	raise_locked_limit(options->memory_max);
	return getuid() ? 0 : find_user(options->user);
}

/**
 * sandbox_give() - let the user that vmwp becomes have a file, to remove it later
 * @path: a socket or terminal that was just made
 */
void sandbox_give(const char *path)
{
	if (!geteuid() && lchown(path, target_uid, target_gid))
		report("cannot give %s to user %u: %s", path, target_uid, strerror(errno));
}

static int lower_limits(void)
{
	const struct rlimit core = { 0, 0 };
	const struct rlimit files = { FILES_MAX, FILES_MAX };

	if (setrlimit(RLIMIT_CORE, &core) || setrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	return 0;
}

static int change_user(void)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(target_gid, target_gid, target_gid) ||
	    setresuid(target_uid, target_uid, target_uid))
		return -errno;
	return 0;
}

/* While the right to do so lasts; the first number that does not exist ends it. */
static void drop_bounding_set(void)
{
	unsigned long capability;

	for (capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
			return;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/**
 * sandbox_drop_rights() - become an unprivileged process for good
 * @options: the command line
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int sandbox_drop_rights(const struct options *options)
{
	int err;

	if (options->sandbox == SANDBOX_OFF)
		return 0;
	err = lower_limits();
	if (!err) {
		drop_bounding_set();
		err = change_user();
	}
	if (!err)
		err = drop_capabilities();
	if (!err && (chdir("/") || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		err = -errno;
	if (err)
		report("cannot drop rights: %s", strerror(-err));
	return err;
}
