// SPDX-License-Identifier: GPL-2.0-or-later
/* Cuts what a client sends into lines, in bounded memory.  Pure. */
#include "lines.h"

#include <string.h>

/* As much of a line as came; what does not fit makes the whole of it too long. */
static void append(struct lines *lines, const char *bytes, size_t count)
{
	if (lines->skipping)
		return;
	if (count > sizeof(lines->bytes) - lines->used) {
		lines->skipping = true;
		return;
	}
	memcpy(lines->bytes + lines->used, bytes, count);
	lines->used += count;
}

static void finish(struct lines *lines, void (*line)(void *ctx, const char *text, size_t length),
		   void *ctx)
{
	size_t length = lines->used;
	bool skipped = lines->skipping;

	lines->used = 0;
	lines->skipping = false;
	if (skipped)
		line(ctx, NULL, 0);
	else if (length)
		line(ctx, lines->bytes, length);
}

void lines_feed(struct lines *lines, const char *bytes, size_t count,
		void (*line)(void *ctx, const char *text, size_t length), void *ctx)
{
	const char *end;
	size_t part;

	while (count) {
		end = memchr(bytes, '\n', count);
		part = end ? (size_t)(end - bytes) : count;
		append(lines, bytes, part);
		if (!end)
			return;
		finish(lines, line, ctx);
		bytes += part + 1;
		count -= part + 1;
	}
}
