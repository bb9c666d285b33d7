// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Errors, checksums, GUIDs and UTF-16.  Pure, but for the random numbers of new GUIDs.
 */
#include <stdio.h>
#include <sys/random.h>

#include "vhd_bytes.h"

int vhd_fail(struct vhd_error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return code;
	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

/* What a byte at the front of the CRC does to it, alone and followed by up to seven zeros. */
static uint32_t crc_table[8][256];

__attribute__((constructor))
static void make_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
		crc_table[0][i] = crc;
	}
	for (int slice = 1; slice < 8; slice++)
		for (int i = 0; i < 256; i++)
			crc_table[slice][i] = crc_table[slice - 1][i] >> 8 ^
				crc_table[0][crc_table[slice - 1][i] & 0xff];
}

static uint32_t crc_eight(uint32_t crc, const uint8_t *bytes)
{
	uint32_t first, second;

	memcpy(&first, bytes, 4);
	memcpy(&second, bytes + 4, 4);
	first = le32toh(first) ^ crc;
	second = le32toh(second);
	return crc_table[7][first & 0xff] ^ crc_table[6][first >> 8 & 0xff] ^
	       crc_table[5][first >> 16 & 0xff] ^ crc_table[4][first >> 24] ^
	       crc_table[3][second & 0xff] ^ crc_table[2][second >> 8 & 0xff] ^
	       crc_table[1][second >> 16 & 0xff] ^ crc_table[0][second >> 24];
}

uint32_t vhd_crc32c(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	crc = ~crc;
	for (; length >= 8; length -= 8, bytes += 8)
		crc = crc_eight(crc, bytes);
	for (; length; length--, bytes++)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *bytes) & 0xff];
	return ~crc;
}

bool vhd_is_zero(const void *data, size_t length)
{
	const uint8_t *bytes = data;

	return !length || (!bytes[0] && !memcmp(bytes, bytes + 1, length - 1));
}

void vhd_guid_new(struct vhd_guid *guid)
{
	/* Random as RFC 4122 4.4 wants it; 16 bytes are never cut short. */
	if (getrandom(guid->b, sizeof(guid->b), 0) != sizeof(guid->b))
		memset(guid->b, 0xa5, sizeof(guid->b));
	guid->b[7] = (guid->b[7] & 0x0f) | 0x40;
	guid->b[8] = (guid->b[8] & 0x3f) | 0x80;
}

static const uint8_t windows_order[16] = {
	3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15,
};

void vhd_guid_text(const struct vhd_guid *guid, char *text)
{
	struct vhd_guid straight;

	for (int i = 0; i < 16; i++)
		straight.b[i] = guid->b[windows_order[i]];
	vhd_uuid_text(&straight, text);
}

void vhd_uuid_text(const struct vhd_guid *guid, char *text)
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		text += sprintf(text, "%02x", guid->b[i]);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int vhd_guid_parse(const char *text, struct vhd_guid *guid)
{
	bool braces = *text == '{';

	text += braces;
	for (int i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return -EINVAL;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		guid->b[windows_order[i]] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return !strcmp(text, braces ? "}" : "") ? 0 : -EINVAL;
}

/* The next code point of @text, or -1. */
static int32_t utf8_next(const char **text)
{
	const uint8_t *s = (const uint8_t *)*text;
	int more = s[0] < 0x80 ? 0 : s[0] >> 5 == 6 ? 1 : s[0] >> 4 == 14 ? 2 :
		   s[0] >> 3 == 30 ? 3 : -1;
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	int32_t point;

	if (more < 0)
		return -1;
	point = more ? s[0] & (0x3f >> more) : s[0];
	for (int i = 1; i <= more; i++) {
		if (s[i] >> 6 != 2)
			return -1;
		point = point << 6 | (s[i] & 0x3f);
	}
	*text += more + 1;
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return -1;
	return point;
}

static void put16(uint8_t *to, uint32_t unit, bool big_endian)
{
	to[big_endian] = (uint8_t)unit;
	to[!big_endian] = (uint8_t)(unit >> 8);
}

int vhd_utf16_from(const char *text, void *utf16, size_t room, bool big_endian)
{
	uint8_t *to = utf16;
	size_t used = 0;

	while (*text) {
		int32_t point = utf8_next(&text);
		size_t size = point < 0x10000 ? 2 : 4;

		if (point < 0)
			return -EILSEQ;
		if (used + size > room)
			return -ENAMETOOLONG;
		if (size == 4) {
			put16(to + used, 0xd800 + ((point - 0x10000) >> 10), big_endian);
			put16(to + used + 2, 0xdc00 + ((point - 0x10000) & 0x3ff), big_endian);
		} else {
			put16(to + used, point, big_endian);
		}
		used += size;
	}
	return (int)used;
}

static uint32_t get16(const uint8_t *from, bool big_endian)
{
	return from[big_endian] | (uint32_t)from[!big_endian] << 8;
}

static size_t utf8_put(uint32_t point, char *to)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

int vhd_utf16_to(const void *utf16, size_t length, bool big_endian, char *text, size_t room)
{
	const uint8_t *from = utf16;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i + 2 <= length; i += 2) {
		uint32_t point = get16(from + i, big_endian);

		if (!point)
			break;
		if (point >= 0xdc00 && point < 0xe000)
			return -EILSEQ;
		if (point >= 0xd800 && point < 0xdc00) {
			uint32_t low = i + 4 <= length ? get16(from + i + 2, big_endian) : 0;

			if (low < 0xdc00 || low >= 0xe000)
				return -EILSEQ;
			point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		if (used + 5 > room)
			return -ENAMETOOLONG;
		used += utf8_put(point, text + used);
		text[used] = '\0';
	}
	return (int)used;
}
