/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets in the file system. */
#ifndef VMWP_LISTENER_H
#define VMWP_LISTENER_H

enum listener_access {
	LISTENER_DEFAULT,		/* as the umask says */
	LISTENER_PRIVATE,		/* the user that vmwp becomes, and root */
};

int listener_open(const char *path, int backlog, enum listener_access access);
void listener_close(int fd, const char *path);

#endif
