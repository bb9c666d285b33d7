// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes, JSON, and the progress bar. */
#include "rsctl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char units[] = "KMGTP";

/* The power of 1024 that a suffix stands for; -1: none. */
static int power_of(const char *suffix)
{
	const char *unit;

	if (!*suffix || !strcmp(suffix, "B"))
		return 0;
	unit = strchr(units, *suffix & ~0x20);
	if (!unit || !*unit)
		return -1;
	if (suffix[1] && strcmp(suffix + 1, "B") && strcmp(suffix + 1, "iB"))
		return -1;
	return (int)(unit - units) + 1;
}

const char *parse_size(const char *text, uint64_t *size)
{
	char *end;
	unsigned long long whole = strtoull(text, &end, 10);
	uint64_t unit, part = 0, scale = 1;
	int power;

	if (*text < '0' || *text > '9')
		return "is not a size: 512M, 10G, 1.5T, or bytes";
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9' && scale < 1000000; end++, scale *= 10)
			part = part * 10 + (uint64_t)(*end - '0');
	power = power_of(end);
	if (power < 0)
		return "is not a size: 512M, 10G, 1.5T, or bytes";
	unit = 1ull << 10 * power;
	if (whole > (UINT64_MAX >> 10 * power) / 2)
		return "is too large";
	*size = whole * unit + part * unit / scale;
	return NULL;
}

const char *size_text(uint64_t size, char *text)
{
	double value = (double)size;
	int power = 0;

	while (value >= 1024 && power < 5) {
		value /= 1024;
		power++;
	}
	if (!power)
		snprintf(text, 32, "%" PRIu64 " B", size);
	else
		snprintf(text, 32, "%.4g %ciB", value, units[power - 1]);
	return text;
}

static void json_name(struct json *json, const char *name)
{
	if (json->depth)
		printf("%s\n%*s", json->first ? "" : ",", json->depth * 2, "");
	json->first = false;
	if (name)
		printf("\"%s\": ", name);
}

void json_open(struct json *json, const char *name, char bracket)
{
	json_name(json, name);
	putchar(bracket);
	json->depth++;
	json->first = true;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (!json->first)
		printf("\n%*s", json->depth * 2, "");
	putchar(bracket);
	json->first = false;
	if (!json->depth)
		putchar('\n');
}

/* What is not UTF-8 in a path is passed on: JSON has no way to say it. */
void json_string(struct json *json, const char *name, const char *value)
{
	json_name(json, name);
	putchar('"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		if ((unsigned char)*value < ' ')
			printf("\\u%04x", *value);
		else
			putchar(*value);
	}
	putchar('"');
}

void json_number(struct json *json, const char *name, uint64_t value)
{
	json_name(json, name);
	printf("%" PRIu64, value);
}

void json_bool(struct json *json, const char *name, bool value)
{
	json_name(json, name);
	fputs(value ? "true" : "false", stdout);
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){
		.what = what, .began = milliseconds(), .terminal = isatty(STDERR_FILENO),
	};
}

int progress_tell(void *context, uint64_t done, uint64_t total)
{
	static const char bar[] = "########################################";
	struct progress *progress = context;
	uint64_t now = milliseconds();
	int filled = total ? (int)((double)done / (double)total * 40) : 40;

	/* Short work shows nothing; long work ten times a second, and its end. */
	if (!progress->terminal || now - progress->began < 300 ||
	    (now - progress->shown < 100 && done < total))
		return 0;
	progress->shown = now;
	fprintf(stderr, "\r%s [%.*s%*s] %3d%% ", progress->what, filled, bar, 40 - filled, "",
		total ? (int)((double)done / (double)total * 100) : 100);
	return 0;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputc('\n', stderr);
}
