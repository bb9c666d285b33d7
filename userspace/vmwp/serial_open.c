// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The backends of a serial port: opened before the sandbox closes, closed at the end.
 *
 * Input and output are always two descriptors, if need be of the same file, so that
 * each can be watched alone.  Main thread.
 */
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "listener.h"
#include "report.h"
#include "sandbox.h"
#include "tty.h"

static int duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

static int open_stdio(struct serial *serial)
{
	int in = duplicate(STDIN_FILENO);
	int out = duplicate(STDOUT_FILENO);

	serial->in.fd = in;		/* without standard input there is none */
	if (out < 0)
		return out;
	serial->out.fd = out;
	serial->terminal = in >= 0 && isatty(in);
	if (serial->terminal)
		tty_raw(in);
	return 0;
}

/*
 * The slave side stays open here: else the master reports a hang-up whenever nobody
 * has it open.  Raw, or the terminal would echo what the guest prints.
 */
static int open_slave(const char *path)
{
	int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios attributes;

	if (slave < 0 || tcgetattr(slave, &attributes))
		return -errno;
	cfmakeraw(&attributes);
	return tcsetattr(slave, TCSANOW, &attributes) ? -errno : 0;
}

static int open_pty(struct serial *serial, unsigned int port)
{
	char path[64];
	int err;

	serial->in.fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (serial->in.fd < 0 || grantpt(serial->in.fd) || unlockpt(serial->in.fd) ||
	    ptsname_r(serial->in.fd, path, sizeof(path)))
		return -errno;
	serial->out.fd = duplicate(serial->in.fd);
	if (serial->out.fd < 0)
		return serial->out.fd;
	sandbox_give(path);
	err = open_slave(path);
	if (!err)
		report("serial port %u is %s", port + 1, path);
	return err;
}

static int open_unix(struct serial *serial)
{
	serial->listener.fd = listener_open(serial->option.path, 1, LISTENER_DEFAULT);
	return serial->listener.fd < 0 ? serial->listener.fd : 0;
}

static int open_file(struct serial *serial)
{
	serial->out.fd = open(serial->option.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return serial->out.fd < 0 ? -errno : 0;
}

static int open_backend(struct serial *serial, unsigned int port)
{
	switch (serial->option.kind) {
	case SERIAL_STDIO:
		return open_stdio(serial);
	case SERIAL_PTY:
		return open_pty(serial, port);
	case SERIAL_UNIX:
		return open_unix(serial);
	case SERIAL_FILE:
		return open_file(serial);
	default:
		return 0;
	}
}

/**
 * serial_open() - connect a port to what the command line says
 * @serial: filled in; all zero before
 * @port: 0..3
 * @option: kind and path
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int serial_open(struct serial *serial, unsigned int port, const struct serial_option *option)
{
	int err;

	serial->option = *option;
	serial->in.fd = -1;
	serial->out.fd = -1;
	serial->listener.fd = -1;
	err = open_backend(serial, port);
	serial->sink = serial->out.fd >= 0;
	if (err)
		report("cannot open serial port %u%s%s: %s", port + 1,
		       option->path ? " at " : "", option->path ? option->path : "",
		       strerror(-err));
	return err;
}

/**
 * serial_close() - disconnect a port
 * @serial: from serial_open(); all zero is allowed
 */
void serial_close(struct serial *serial)
{
	if (serial->terminal)
		tty_restore();
	if (serial->in.fd > 0)
		close(serial->in.fd);
	if (serial->out.fd > 0)
		close(serial->out.fd);
	if (serial->listener.fd > 0)
		listener_close(serial->listener.fd, serial->option.path);
}
