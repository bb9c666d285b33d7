/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small things that every file here needs. */
#ifndef LIBVHD_BYTES_H
#define LIBVHD_BYTES_H

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "libvhd.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define VHD_KIB		1024ull
#define VHD_MIB		(1024 * VHD_KIB)
#define VHD_GIB		(1024 * VHD_MIB)
#define VHD_TIB		(1024 * VHD_GIB)

struct vhd_guid {
	uint8_t b[16];
};

static inline uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static inline uint64_t round_down(uint64_t value, uint64_t unit)
{
	return value - value % unit;
}

static inline uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline bool power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* Whether @length bytes at @offset lie below @end; no sum can overflow. */
static inline bool within(uint64_t offset, uint64_t length, uint64_t end)
{
	return offset <= end && length <= end - offset;
}

static inline bool overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length)
{
	return a < b + b_length && b < a + a_length;
}

static inline bool guid_equal(const struct vhd_guid *a, const struct vhd_guid *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool guid_null(const struct vhd_guid *guid)
{
	static const struct vhd_guid null;

	return guid_equal(guid, &null);
}

/* An error: its text, and its code to return. */
__attribute__((format(printf, 3, 4)))
int vhd_fail(struct vhd_error *error, int code, const char *format, ...);

/* Castagnoli's CRC as VHDX wants it; begin with @crc 0. */
uint32_t vhd_crc32c(uint32_t crc, const void *data, size_t length);

bool vhd_is_zero(const void *data, size_t length);

void vhd_guid_new(struct vhd_guid *guid);
/* As Windows writes them: the first three fields are little-endian. @text has 40 bytes. */
void vhd_guid_text(const struct vhd_guid *guid, char *text);
/* As VHD has them: 16 bytes in order. */
void vhd_uuid_text(const struct vhd_guid *guid, char *text);
int vhd_guid_parse(const char *text, struct vhd_guid *guid);

/* UTF-8 to UTF-16 and back; results in bytes, or -EILSEQ, -ENAMETOOLONG.  No terminator is
 * written by the first; the second always writes one.
 */
int vhd_utf16_from(const char *text, void *utf16, size_t room, bool big_endian);
int vhd_utf16_to(const void *utf16, size_t length, bool big_endian, char *text, size_t room);

#endif
