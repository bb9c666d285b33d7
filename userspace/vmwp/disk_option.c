// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --disk PATH[,WORD]...
 */
#include "disk_option.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <storvsp.h>
#include <string.h>

#include "layout.h"

/* raw is what there is so far: other formats will have words of their own. */
static const struct {
	const char *word;
	uint32_t flags;
} words[] = {
	{ "raw", 0 },
	{ "ro", STORVSP_READ_ONLY },
	{ "dvd", STORVSP_DVD | STORVSP_READ_ONLY },
	{ "writethrough", STORVSP_WRITE_THROUGH },
	{ "buffered", STORVSP_BUFFERED },
	{ "nodiscard", STORVSP_NO_UNMAP },
	{ "rotational", STORVSP_ROTATIONAL },
};

static bool parse_number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return !errno && !*end && *value <= max;
}

static const char *parse_value(struct disk_option *disk, const char *word)
{
	unsigned long value;

	if (!strncmp(word, "lun=", 4)) {
		if (!parse_number(word + 4, DISKS_MAX - 1, &value))
			return "has a LUN that is not a number from 0 to 63";
		disk->lun = (int)value;
		return NULL;
	}
	if (!strncmp(word, "block=", 6)) {
		if (!parse_number(word + 6, 4096, &value) || (value != 512 && value != 4096))
			return "has a block size that is neither 512 nor 4096";
		disk->block_size = (uint32_t)value;
		return NULL;
	}
	if (!strncmp(word, "serial=", 7)) {
		disk->serial = word + 7;
		return *disk->serial && strlen(disk->serial) <= DISK_SERIAL_MAX ?
		       NULL : "has a serial number that is empty or longer than 32 characters";
	}
	return "has a word that vmwp(8) does not know";
}

static const char *parse_word(struct disk_option *disk, const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, word))
			continue;
		disk->flags |= words[i].flags;
		return NULL;
	}
	return parse_value(disk, word);
}

const char *disk_option_parse(struct disk_option *disk, char *text)
{
	const char *wrong = NULL;
	char *word, *next;

	*disk = (struct disk_option){ .path = text, .lun = -1 };
	for (word = strchr(text, ','); word && !wrong; word = next) {
		*word++ = '\0';
		next = strchr(word, ',');
		if (next) {
			*next = '\0';
			wrong = parse_word(disk, word);
			*next = ',';
		} else {
			wrong = parse_word(disk, word);
		}
	}
	if (wrong)
		return wrong;
	if (!*text)
		return "names no file";
	if (!strcmp(text, "none"))
		disk->path = NULL;
	if (!disk->path && !(disk->flags & STORVSP_DVD))
		return "is none, which only a DVD drive can be";
	return disk->flags & STORVSP_DVD && disk->block_size ?
	       "has a block size, which a DVD has itself" : NULL;
}
