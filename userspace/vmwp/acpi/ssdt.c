// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The secondary description table: what the fixed DSDT cannot know.
 *
 * Names that the DSDT refers to, and a device for each processor.  Implements the
 * encodings of ACPI 6.5 §20.2 (AML) that these need.  Pure.
 */
#include <string.h>

#include "acpi/acpi.h"

enum {
	AML_NAME	= 0x08,
	AML_BYTE	= 0x0a,
	AML_STRING	= 0x0d,
	AML_QWORD	= 0x0e,
	AML_SCOPE	= 0x10,
	AML_EXT		= 0x5b,
	AML_EXT_DEVICE	= 0x82,
};

static void put_byte(struct acpi_writer *writer, uint8_t byte)
{
	acpi_put(writer, &byte, 1);
}

static void put_name(struct acpi_writer *writer, const char *path)
{
	put_byte(writer, AML_NAME);
	acpi_put(writer, path, strlen(path));
}

static void put_qword_name(struct acpi_writer *writer, const char *path, uint64_t value)
{
	put_name(writer, path);
	put_byte(writer, AML_QWORD);
	acpi_put(writer, &value, sizeof(value));
}

static void put_byte_name(struct acpi_writer *writer, const char *path, uint8_t value)
{
	put_name(writer, path);
	put_byte(writer, AML_BYTE);
	put_byte(writer, value);
}

static void put_string_name(struct acpi_writer *writer, const char *path, const char *text)
{
	put_name(writer, path);
	put_byte(writer, AML_STRING);
	acpi_put(writer, text, strlen(text) + 1);
}

/* PkgLength in its form of two bytes, which counts itself: up to 4095. */
static void put_length(struct acpi_writer *writer, size_t body)
{
	size_t length = body + 2;

	put_byte(writer, (uint8_t)(0x40 | (length & 0xf)));
	put_byte(writer, (uint8_t)(length >> 4));
}

static void put_processor_body(struct acpi_writer *writer, unsigned int index)
{
	static const char digits[] = "0123456789ABCDEF";
	const char name[4] = { 'C', '0', digits[index >> 4], digits[index & 0xf] };

	acpi_put(writer, name, sizeof(name));
	put_string_name(writer, "_HID", "ACPI0007");
	put_byte_name(writer, "_UID", (uint8_t)index);
}

static void put_processor(struct acpi_writer *writer, unsigned int index)
{
	struct acpi_writer measure = { 0 };

	put_processor_body(&measure, index);
	put_byte(writer, AML_EXT);
	put_byte(writer, AML_EXT_DEVICE);
	put_length(writer, measure.used);
	put_processor_body(writer, index);
}

static void put_processors(struct acpi_writer *writer, unsigned int count)
{
	unsigned int i;

	acpi_put(writer, "\\_SB_", 5);
	for (i = 0; i < count; i++)
		put_processor(writer, i);
}

/* What follows the header of the SSDT. */
void acpi_put_ssdt_body(struct acpi_writer *writer, const struct acpi_config *config)
{
	struct acpi_writer measure = { 0 };

	put_qword_name(writer, "\\MMHB", config->mmio_high_base);
	put_qword_name(writer, "\\MMHL", config->mmio_high_size);
	put_byte_name(writer, "\\COMS", (uint8_t)config->serial_mask);
	put_processors(&measure, config->processors);
	put_byte(writer, AML_SCOPE);
	put_length(writer, measure.used);
	put_processors(writer, config->processors);
}
