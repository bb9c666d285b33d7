// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Paths, first of all of parents.  In the file they are as Windows writes them: a relative one is
 * "..\base\disk.vhdx" or ".\disk.vhdx".  An absolute one of ours begins with a slash.  Pure.
 */
#include <stdio.h>

#include "vhd_disk.h"

/**
 * vhd_is_nbd() - whether a path names an export of an NBD server
 * @path: as vhd_open() takes it
 *
 * A file of such a name is reached as "./nbd:...".
 *
 * Return: true: it does.
 */
bool vhd_is_nbd(const char *path)
{
	static const char *const schemes[] = {
		"nbd://", "nbd+unix://", "nbd+vsock://", "nbds://", "nbds+unix://", "nbds+vsock://",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncmp(path, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

/* The length of the directories, with their slash, that both paths begin with. */
static size_t common(const char *a, const char *b)
{
	size_t last = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			last = i + 1;
	return last;
}

/**
 * vhd_path_relative() - how to get from one file to another
 * @from: absolute path of a file
 * @to: absolute path of the other one
 * @path: filled in, as Windows writes it
 * @room: bytes
 *
 * Return: 0, or -ENAMETOOLONG, or -EINVAL when it has a backslash already.
 */
int vhd_path_relative(const char *from, const char *to, char *path, size_t room)
{
	size_t same = common(from, to);
	size_t used = 0;

	if (strchr(to, '\\'))
		return -EINVAL;
	for (const char *c = from + same; (c = strchr(c, '/')); c++) {
		if (used + 4 > room)
			return -ENAMETOOLONG;
		used += sprintf(path + used, "../");
	}
	if (!used && room > 3)
		used = sprintf(path, "./");
	if (used + strlen(to + same) + 1 > room)
		return -ENAMETOOLONG;
	memcpy(path + used, to + same, strlen(to + same) + 1);
	vhd_path_to_windows(path);
	return 0;
}

void vhd_path_to_windows(char *path)
{
	for (; *path; path++)
		if (*path == '/')
			*path = '\\';
}

void vhd_path_from_windows(char *path)
{
	if (*path == '/')
		return;
	for (; *path; path++)
		if (*path == '\\')
			*path = '/';
}
