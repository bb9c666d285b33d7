// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dialler: what the guest's hvsock connections to the host need and the worker's sandbox
 * forbids, in a process of its own.
 *
 * It knows the base path, BASE.  Asked for a port it connects to BASE_PORT and hands the
 * socket over; nothing else can be had from it, so a worker that a guest has taken over reaches no
 * other socket.  It has dropped the same rights, and has a filter of system calls of its own.
 * It ends when the worker does.
 *
 * The worker's main thread; dial() and what it calls are the dialler's.
 */
#include "dialler.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layout.h"
#include "report.h"
#include "sandbox.h"

#define SELF		3		/* the dialler's end of the pair */

struct request {
	uint32_t id;
	uint32_t port;
};

struct answer {
	uint32_t id;
	int32_t err;			/* 0: a descriptor comes along */
};

/* ---- the dialler */

static int send_answer(const struct answer *answer, int socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(socket))];
	} ancillary = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(socket)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec vector = { (void *)answer, sizeof(*answer) };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (socket >= 0) {
		memcpy(CMSG_DATA(&ancillary.header), &socket, sizeof(socket));
		message.msg_control = &ancillary;
		message.msg_controllen = sizeof(ancillary);
	}
	return sendmsg(SELF, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Not to wait: who has too many clients waiting refuses one more. */
static int connect_to(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* @name was checked: it fits with any port. */
static int dial_one(const struct request *request, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct answer answer = { .id = request->id };
	int fd, err;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s_%u", name, request->port);
	fd = connect_to(&address);
	if (fd < 0)
		answer.err = fd;
	err = send_answer(&answer, fd);
	if (fd >= 0)
		close(fd);
	return err;
}

static int seal(const struct options *options)
{
	static const int calls[] = {
		SCMP_SYS(read), SCMP_SYS(connect), SCMP_SYS(sendmsg), SCMP_SYS(close),
		SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	};
	scmp_filter_ctx filter;
	size_t i;
	int err;

	if (options->sandbox == SANDBOX_OFF)
		return 0;
	filter = seccomp_init(options->sandbox == SANDBOX_LOG ? SCMP_ACT_LOG :
								SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return -ENOMEM;
	err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			       SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	for (i = 0; !err && i < ARRAY_SIZE(calls); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

/* Nothing of the worker's stays open, and its output is not kept open by us. */
static int keep_only(int self, int directory)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		return -errno;
	/* both above SELF, so that neither is overwritten */
	self = fcntl(self, F_DUPFD_CLOEXEC, SELF + 2);
	directory = fcntl(directory, F_DUPFD_CLOEXEC, SELF + 2);
	if (self < 0 || directory < 0 || dup2(self, SELF) < 0 || dup2(directory, SELF + 1) < 0 ||
	    close_range(SELF + 2, UINT_MAX, 0))
		return -errno;
	return 0;
}

/* The directory is entered by the user that it runs as: where he may not, nothing can be had. */
static int confine(const struct options *options, int self, int directory)
{
	int err = sandbox_drop_rights(options);

	if (!err)
		err = keep_only(self, directory);
	if (!err && fchdir(SELF + 1))
		err = -errno;
	if (!err) {
		close(SELF + 1);
		prctl(PR_SET_NAME, "vmwp-dialler");
		err = seal(options);
	}
	return err;
}

/* Reports once how it went to get ready. */
static void dial(const struct options *options, int self, int directory, const char *name)
{
	struct answer ready = { .err = confine(options, self, directory) };
	struct request request;

	if (send_answer(&ready, -1) || ready.err)
		_exit(1);
	while (read(SELF, &request, sizeof(request)) == sizeof(request))
		if (dial_one(&request, name))
			break;
	_exit(0);
}

/* ---- the worker */

/* Nobody has to wait for a process that is not our child. */
static int start_process(const struct options *options, int self, int directory, const char *name)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (!child) {
		if (fork())
			_exit(0);
		dial(options, self, directory, name);
	}
	return waitpid(child, NULL, 0) == child ? 0 : -errno;
}

static int open_directory(const char *base, const char **name)
{
	const char *slash = strrchr(base, '/');
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;

	*name = slash ? slash + 1 : base;
	snprintf(path, sizeof(path), "%.*s", slash ? (int)(slash + 1 - base) : 1,
		 slash ? base : ".");
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What the dialler says of itself first. */
static int wait_until_ready(int dialler)
{
	struct answer ready;

	if (recv(dialler, &ready, sizeof(ready), 0) != sizeof(ready))
		return -ECHILD;
	if (!ready.err && fcntl(dialler, F_SETFL, O_NONBLOCK))
		return -errno;
	return ready.err;
}

static int start(const struct options *options, int pair[2], const char *base)
{
	const char *name;
	int directory = open_directory(base, &name);
	int err;

	if (directory < 0)
		return directory;
	err = start_process(options, pair[1], directory, name);
	close(directory);
	close(pair[1]);
	pair[1] = -1;
	return err ? err : wait_until_ready(pair[0]);
}

/**
 * dialler_start() - start the process
 * @options: the command line
 * @base: path of which the sockets' paths are made; short enough for that of any port
 *
 * Context: before guest memory is made, of which it would have a copy.
 * Return: a descriptor, readable when there is an answer; or -errno.
 */
int dialler_start(const struct options *options, const char *base)
{
	int pair[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = start(options, pair, base);
	if (!err)
		return pair[0];
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	return err;
}

/**
 * dialler_ask() - ask for a connection
 * @dialler: from dialler_start()
 * @id: comes back with the answer
 * @port: in the socket's name
 *
 * Return: 0, -EAGAIN when too many wait, -EPIPE when the dialler is gone, or another -errno.
 */
int dialler_ask(int dialler, uint32_t id, uint32_t port)
{
	const struct request request = { id, port };

	return write(dialler, &request, sizeof(request)) < 0 ? -errno : 0;
}

static int take_socket(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/**
 * dialler_take() - take an answer
 * @dialler: from dialler_start()
 * @id: whose it is
 * @socket: connected, does not block; or -errno
 *
 * Return: 1; 0 when there is none; -EPIPE when the dialler is gone, or another -errno.
 */
int dialler_take(int dialler, uint32_t *id, int *socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} ancillary;
	struct answer answer;
	struct iovec vector = { &answer, sizeof(answer) };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t got = recvmsg(dialler, &message, MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got != sizeof(answer))
		return -EPIPE;
	*id = answer.id;
	*socket = answer.err ? answer.err : take_socket(&message);
	return 1;
}
