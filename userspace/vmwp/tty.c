// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user's terminal: raw while a guest has it, as it was afterwards.
 *
 * tty_restore() may be called by signal handlers: it only calls tcsetattr(3).
 */
#include "tty.h"

#include <stdbool.h>
#include <termios.h>

static struct termios saved;
static int saved_fd = -1;

/**
 * tty_raw() - pass keys on as they are typed, signal characters included
 * @fd: a terminal; must stay open
 *
 * Output stays as it was, so that messages of ours look right.
 */
void tty_raw(int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &saved))
		return;
	saved_fd = fd;
	raw = saved;
	raw.c_iflag &= (tcflag_t)~(BRKINT | ICRNL | IGNCR | INLCR | INPCK | ISTRIP | IXON);
	raw.c_lflag &= (tcflag_t)~(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(fd, TCSANOW, &raw);
}

/**
 * tty_restore() - undo tty_raw(), if it was called
 */
void tty_restore(void)
{
	if (saved_fd >= 0)
		tcsetattr(saved_fd, TCSANOW, &saved);
}
