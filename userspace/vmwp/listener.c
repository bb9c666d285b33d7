// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listening sockets in the file system: made before the sandbox closes, removed at the
 * end.
 *
 * Main thread.
 */
#include "listener.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox.h"

/* A socket that nobody listens on was left behind by a worker that was killed. */
static bool is_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int bind_socket(int fd, const struct sockaddr_un *address)
{
	const struct sockaddr *generic = (const struct sockaddr *)address;

	if (!bind(fd, generic, sizeof(*address)))
		return 0;
	if (errno != EADDRINUSE || !is_stale(address))
		return -errno;
	unlink(address->sun_path);
	return bind(fd, generic, sizeof(*address)) ? -errno : 0;
}

/* The mode of the socket becomes that of its name: at no time can others connect. */
static int restrict_access(int fd, enum listener_access access)
{
	if (access == LISTENER_PRIVATE && fchmod(fd, 0600))
		return -errno;
	return 0;
}

/**
 * listener_open() - listen at a path, which the user that vmwp becomes then owns
 * @path: where
 * @backlog: clients that may wait
 * @access: who may connect
 *
 * Return: a descriptor that does not block, or -errno.
 */
int listener_open(const char *path, int backlog, enum listener_access access)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = restrict_access(fd, access);
	if (!err)
		err = bind_socket(fd, &address);
	if (err) {
		close(fd);		/* the path, if there is one, is another's */
		return err;
	}
	sandbox_give(path);
	if (!listen(fd, backlog))
		return fd;
	err = -errno;
	listener_close(fd, path);
	return err;
}

/**
 * listener_close() - stop listening, and remove the path
 * @fd: from listener_open()
 * @path: given to it
 */
void listener_close(int fd, const char *path)
{
	close(fd);
	unlink(path);
}
