// SPDX-License-Identifier: GPL-2.0-or-later
/* UTF-8, which the host speaks, and UTF-16, which guests do.  Pure. */
#include <string.h>

#include "ic.h"

#define REPLACEMENT	0xfffdu

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The next character, and how many bytes it took; 0 at the end. */
static uint32_t next_utf8(const unsigned char *text, size_t *count)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	uint32_t code;
	size_t i;

	*count = 1;
	if (length == 1)
		return text[0];
	code = text[0] & (0xffu >> (length + 1));
	for (i = 1; i < length; i++) {
		if (!is_continuation(text[i]))
			return REPLACEMENT;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (text[0] < 0xc0 || text[0] > 0xf4 || code < least[length] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return REPLACEMENT;
	*count = length;
	return code;
}

/**
 * ic_utf16() - make UTF-16 of UTF-8
 * @to: gets it, cut off if need be, with a terminator
 * @room: characters there; at least one
 * @text: ends with NUL
 *
 * Return: 16-bit units, the terminator not counted.
 */
size_t ic_utf16(uint16_t *to, size_t room, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used = 0, count;
	uint32_t code;

	while (*at) {
		code = next_utf8(at, &count);
		at += count;
		if (used + (code >= 0x10000 ? 2 : 1) >= room)
			break;
		if (code >= 0x10000) {
			to[used++] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		to[used++] = (uint16_t)code;
	}
	to[used] = 0;
	return used;
}

static size_t put_utf8(unsigned char *to, uint32_t code)
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	size_t i;

	for (i = length - 1; i; i--) {
		to[i] = 0x80 | (code & 0x3f);
		code >>= 6;
	}
	to[0] = (unsigned char)(first[length] | code);
	return length;
}

static uint16_t unit(const uint8_t *from, size_t index)
{
	return (uint16_t)(from[2 * index] | from[2 * index + 1] << 8);
}

static uint32_t next_utf16(const uint8_t *from, size_t units, size_t *at)
{
	uint16_t high = unit(from, (*at)++);
	uint16_t low;

	if (high < 0xd800 || high >= 0xe000)
		return high;
	if (high >= 0xdc00 || *at == units)
		return REPLACEMENT;
	low = unit(from, *at);
	if (low < 0xdc00 || low >= 0xe000)
		return REPLACEMENT;
	(*at)++;
	return 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (low - 0xdc00);
}

/**
 * ic_utf8() - make UTF-8 of UTF-16
 * @to: gets it, cut off if need be, with a terminator
 * @room: bytes there; at least one
 * @from: little-endian, at any address; ends at a terminator, or after @bytes
 * @bytes: of @from
 *
 * Return: bytes, the terminator not counted.
 */
size_t ic_utf8(char *to, size_t room, const void *from, size_t bytes)
{
	unsigned char character[4];
	size_t used = 0, at = 0, units = bytes / 2, length;
	uint32_t code;

	while (at < units) {
		code = next_utf16(from, units, &at);
		if (!code)
			break;
		length = put_utf8(character, code);
		if (used + length >= room)
			break;
		memcpy(to + used, character, length);
		used += length;
	}
	to[used] = '\0';
	return used;
}
