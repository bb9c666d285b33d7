/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest physical address map.  What is not listed here is nothing: reads give
 * ones.
 */
#ifndef VMWP_LAYOUT_H
#define VMWP_LAYOUT_H

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#define KIB			(1ull << 10)
#define MIB			(1ull << 20)
#define GIB			(1ull << 30)

#define MACHINE_MEMORY_MIN	(32 * MIB)
#define MACHINE_PROCESSORS_MAX	64u

/* RAM: [0, 3 GiB) and what is more from 4 GiB on. */
#define RAM_LOW_LIMIT		(3 * GIB)
#define RAM_HIGH_BASE		(4 * GIB)

/* Below 1 MiB: what the loader leaves for a kernel to find. */
#define GDT_GPA			0x1000ull
#define BOOT_PARAMS_GPA		0x7000ull
#define PAGE_TABLES_GPA		0x9000ull	/* PML4, PDPT, 4 page directories */
#define CMDLINE_GPA		0x20000ull
#define CMDLINE_MAX		0x10000ull	/* with the NUL */
#define CONVENTIONAL_END	0x9fc00ull
#define ACPI_GPA		0xe0000ull	/* the RSDP first: where it is searched for */
#define ACPI_SIZE		0x20000ull
#define HIGH_MEMORY_GPA		0x100000ull

/* Space that VMBus gives to synthetic devices. */
#define VMBUS_MMIO_LOW_BASE	0xf8000000ull
#define VMBUS_MMIO_LOW_END	0xfec00000ull
#define VMBUS_MMIO_HIGH_SIZE	(4 * GIB)

#define IOAPIC_GPA		0xfec00000ull
#define LOCAL_APIC_GPA		0xfee00000ull
#define LOCAL_APIC_SIZE		0x1000ull

#endif
