/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream of bytes cut into lines. */
#ifndef VMWP_CONTROL_LINES_H
#define VMWP_CONTROL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_LINE_MAX 65536u		/* bytes, without the newline */

/* All zero is empty. */
struct lines {
	size_t used;
	bool skipping;			/* the rest of a line that is too long */
	char bytes[CONTROL_LINE_MAX];
};

/**
 * lines_feed() - take bytes in, and give lines out
 * @lines: the stream so far
 * @bytes: what comes next
 * @count: of @bytes
 * @line: called for each line that is not empty, with NULL for one that was too long
 * @ctx: for @line
 */
void lines_feed(struct lines *lines, const char *bytes, size_t count,
		void (*line)(void *ctx, const char *text, size_t length), void *ctx);

#endif
