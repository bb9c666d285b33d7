/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables of a machine.  Pure: written into a buffer. */
#ifndef VMWP_ACPI_H
#define VMWP_ACPI_H

#include <stddef.h>
#include <stdint.h>

#define ACPI_HEADER_SIZE	36u

/**
 * struct acpi_config - what differs between machines
 * @processors:     1..MACHINE_PROCESSORS_MAX; APIC IDs count from 0
 * @serial_mask:    bit n: COM(n+1) is there
 * @mmio_high_base: space above RAM for synthetic devices
 * @mmio_high_size: bytes of it
 */
struct acpi_config {
	unsigned int processors;
	unsigned int serial_mask;
	uint64_t mmio_high_base;
	uint64_t mmio_high_size;
};

size_t acpi_build(const struct acpi_config *config, uint64_t gpa, uint8_t *buffer, size_t size);

/* The I/O APIC's ID, here and in the device. */
#define ACPI_IOAPIC_ID		0u

/* Inside acpi/ only. */
struct acpi_writer {
	uint8_t *buffer;
	size_t size;
	size_t used;			/* beyond @size: did not fit */
};

void acpi_put(struct acpi_writer *writer, const void *bytes, size_t count);
void acpi_put_ssdt_body(struct acpi_writer *writer, const struct acpi_config *config);

#endif
