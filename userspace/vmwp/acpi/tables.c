// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ACPI tables of a machine, one after the other in a buffer.
 *
 * Implements ACPI 6.5 §5.2: RSDP, XSDT, FADT, FACS, MADT; the DSDT is dsdt.asl, compiled
 * when vmwp is built.  Hardware addresses come from vdev.h, so that tables and
 * devices agree.  Pure.
 */
#include <string.h>

#include "acpi/acpi.h"
#include "layout.h"
#include "vdev.h"

#include "dsdt.hex"

#define PACKED __attribute__((packed))

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} PACKED;

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} PACKED;

struct xsdt {
	struct header header;
	uint64_t entries[3];		/* FADT, MADT, SSDT */
} PACKED;

struct gas {
	uint8_t space;
	uint8_t bits;
	uint8_t offset;
	uint8_t access;			/* 1, 2, 3: byte, word, dword */
	uint64_t address;
} PACKED;

struct fadt {
	struct header header;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved1;
	uint8_t profile;
	uint16_t sci;
	uint32_t smi_command;		/* 0: always in ACPI mode */
	uint8_t smi_values[4];
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control;
	uint32_t pm_timer, gpe0, gpe1;
	uint8_t pm1_event_length, pm1_control_length, pm2_control_length;
	uint8_t pm_timer_length, gpe0_length, gpe1_length, gpe1_base, cst;
	uint16_t c2_latency, c3_latency;
	uint16_t flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_flags;
	uint8_t reserved2;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor_revision;
	uint64_t x_facs, x_dsdt;
	struct gas x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control;
	struct gas x_pm_timer, x_gpe0, x_gpe1;
	struct gas sleep_control, sleep_status;
	uint64_t hypervisor;
} PACKED;

struct facs {
	char signature[4];
	uint32_t length;
	uint8_t rest[24];
	uint8_t version;
	uint8_t reserved[31];
} PACKED;

struct madt {
	struct header header;
	uint32_t local_apic;
	uint32_t flags;
} PACKED;

struct madt_local_apic {
	uint8_t type, length;
	uint8_t processor_uid, apic_id;
	uint32_t flags;
} PACKED;

struct madt_ioapic {
	uint8_t type, length;
	uint8_t id, reserved;
	uint32_t address;
	uint32_t gsi_base;
} PACKED;

struct madt_override {
	uint8_t type, length;
	uint8_t bus, source;
	uint32_t gsi;
	uint16_t flags;
} PACKED;

struct madt_nmi {
	uint8_t type, length;
	uint8_t processor_uid;
	uint16_t flags;
	uint8_t lint;
} PACKED;

_Static_assert(sizeof(struct header) == ACPI_HEADER_SIZE, "ACPI 6.5 table 5.4");
_Static_assert(sizeof(struct rsdp) == 36, "ACPI 6.5 table 5.3");
_Static_assert(sizeof(struct fadt) == 276, "ACPI 6.5 table 5.9");
_Static_assert(offsetof(struct fadt, flags) == 112, "ACPI 6.5 table 5.9");
_Static_assert(offsetof(struct fadt, x_pm1a_event) == 148, "ACPI 6.5 table 5.9");
_Static_assert(sizeof(struct facs) == 64, "ACPI 6.5 table 5.14");

enum {
	GAS_IO			= 1,
	FADT_REVISION		= 6,
	FADT_MINOR		= 5,
	FACS_VERSION		= 2,
	PROFILE_SERVER		= 4,
	CENTURY_INDEX		= 0x32,
	LATENCY_NONE_C2		= 101,
	LATENCY_NONE_C3		= 1001,

	BOOT_LEGACY_DEVICES	= 1 << 0,
	BOOT_NO_VGA		= 1 << 2,

	FADT_WBINVD		= 1 << 0,
	FADT_PROC_C1		= 1 << 2,
	FADT_SLEEP_CONTROL_METHOD = 1 << 5,	/* that is: no fixed sleep button */
	FADT_FIX_RTC		= 1 << 6,	/* RTC wake is not in the fixed registers */
	FADT_TIMER_32BIT	= 1 << 8,
	FADT_RESET_REGISTER	= 1 << 10,

	MADT_LOCAL_APIC		= 0,
	MADT_IOAPIC		= 1,
	MADT_OVERRIDE		= 2,
	MADT_NMI		= 4,
	MADT_PCAT_COMPAT	= 1,
	MADT_ENABLED		= 1,
	MADT_ALL_PROCESSORS	= 0xff,
	MPS_CONFORMS		= 0x0,
	MPS_ACTIVE_HIGH_EDGE	= 0x5,
	MPS_ACTIVE_HIGH_LEVEL	= 0xd,
	PIT_GSI			= 2,
	LINT1			= 1,
};

/* Append; beyond the end only count. */
void acpi_put(struct acpi_writer *writer, const void *bytes, size_t count)
{
	if (writer->used + count <= writer->size)
		memcpy(writer->buffer + writer->used, bytes, count);
	writer->used += count;
}

static void align(struct acpi_writer *writer, size_t boundary)
{
	static const uint8_t zero[64];

	acpi_put(writer, zero, -writer->used & (boundary - 1));
}

static uint8_t checksum(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	while (count--)
		sum += *bytes++;
	return (uint8_t)-sum;
}

static size_t begin(struct acpi_writer *writer)
{
	align(writer, 16);
	return writer->used;
}

static void fill_header(struct header *header, const char *signature, uint8_t revision)
{
	memcpy(header->signature, signature, 4);
	header->revision = revision;
	memcpy(header->oem_id, "RSTOCK", 6);
	memcpy(header->oem_table_id, "ROOTSTCK", 8);
	header->oem_revision = 1;
	memcpy(header->creator_id, "RSTK", 4);
	header->creator_revision = 1;
}

/* Now that all of a table is there: its length and checksum. */
static void finish(struct acpi_writer *writer, size_t start)
{
	struct header header;
	size_t length = writer->used - start;

	if (writer->used > writer->size)
		return;
	memcpy(&header, writer->buffer + start, sizeof(header));
	header.length = (uint32_t)length;
	header.checksum = 0;
	memcpy(writer->buffer + start, &header, sizeof(header));
	header.checksum = checksum(writer->buffer + start, length);
	memcpy(writer->buffer + start, &header, sizeof(header));
}

static size_t put_facs(struct acpi_writer *writer)
{
	struct facs facs = {
		.signature = { 'F', 'A', 'C', 'S' },
		.length = sizeof(facs),
		.version = FACS_VERSION,
	};
	size_t start;

	align(writer, 64);
	start = writer->used;
	acpi_put(writer, &facs, sizeof(facs));
	return start;
}

static size_t put_dsdt(struct acpi_writer *writer)
{
	size_t start = begin(writer);

	acpi_put(writer, dsdt_aml_code, sizeof(dsdt_aml_code));
	return start;
}

static size_t put_ssdt(struct acpi_writer *writer, const struct acpi_config *config)
{
	struct header header = { 0 };
	size_t start = begin(writer);

	fill_header(&header, "SSDT", 2);
	acpi_put(writer, &header, sizeof(header));
	acpi_put_ssdt_body(writer, config);
	finish(writer, start);
	return start;
}

static struct gas io_register(uint32_t port, uint8_t bytes, uint8_t access)
{
	return (struct gas){
		.space = GAS_IO,
		.bits = (uint8_t)(bytes * 8),
		.access = access,
		.address = port,
	};
}

static void fill_pm_blocks(struct fadt *fadt)
{
	fadt->pm1a_event = PM1A_EVT_BLK;
	fadt->pm1_event_length = 4;
	fadt->x_pm1a_event = io_register(PM1A_EVT_BLK, 4, 2);
	fadt->pm1a_control = PM1A_CNT_BLK;
	fadt->pm1_control_length = 2;
	fadt->x_pm1a_control = io_register(PM1A_CNT_BLK, 2, 2);
	fadt->pm_timer = PM_TMR_BLK;
	fadt->pm_timer_length = 4;
	fadt->x_pm_timer = io_register(PM_TMR_BLK, 4, 3);
	fadt->gpe0 = PM_GPE0_BLK;
	fadt->gpe0_length = 4;
	fadt->x_gpe0 = io_register(PM_GPE0_BLK, 4, 1);
	fadt->sleep_control = io_register(PM_SLEEP_CONTROL, 1, 1);
	fadt->sleep_status = io_register(PM_SLEEP_STATUS, 1, 1);
	fadt->reset = io_register(PM_RESET_REG, 1, 1);
	fadt->reset_value = PM_RESET_VALUE;
}

static size_t put_fadt(struct acpi_writer *writer, uint64_t facs, uint64_t dsdt)
{
	struct fadt fadt = {
		.facs = (uint32_t)facs,
		.dsdt = (uint32_t)dsdt,
		.x_dsdt = dsdt,
		.profile = PROFILE_SERVER,
		.sci = PM_SCI_GSI,
		.c2_latency = LATENCY_NONE_C2,
		.c3_latency = LATENCY_NONE_C3,
		.century = CENTURY_INDEX,
		.boot_flags = BOOT_LEGACY_DEVICES | BOOT_NO_VGA,
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_SLEEP_CONTROL_METHOD | FADT_FIX_RTC |
			 FADT_TIMER_32BIT | FADT_RESET_REGISTER,
		.minor_revision = FADT_MINOR,
	};
	size_t start = begin(writer);

	fill_header(&fadt.header, "FACP", FADT_REVISION);
	fill_pm_blocks(&fadt);
	acpi_put(writer, &fadt, sizeof(fadt));
	finish(writer, start);
	return start;
}

static void put_local_apics(struct acpi_writer *writer, unsigned int count)
{
	struct madt_local_apic apic = {
		.type = MADT_LOCAL_APIC,
		.length = sizeof(apic),
		.flags = MADT_ENABLED,
	};
	unsigned int i;

	for (i = 0; i < count; i++) {
		apic.processor_uid = (uint8_t)i;
		apic.apic_id = (uint8_t)i;
		acpi_put(writer, &apic, sizeof(apic));
	}
}

static void put_override(struct acpi_writer *writer, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	struct madt_override override = {
		.type = MADT_OVERRIDE,
		.length = sizeof(override),
		.source = irq,
		.gsi = gsi,
		.flags = flags,
	};

	acpi_put(writer, &override, sizeof(override));
}

static void put_interrupt_controllers(struct acpi_writer *writer)
{
	struct madt_ioapic ioapic = {
		.type = MADT_IOAPIC,
		.length = sizeof(ioapic),
		.id = ACPI_IOAPIC_ID,
		.address = IOAPIC_GPA,
	};
	struct madt_nmi nmi = {
		.type = MADT_NMI,
		.length = sizeof(nmi),
		.processor_uid = MADT_ALL_PROCESSORS,
		.flags = MPS_ACTIVE_HIGH_EDGE,
		.lint = LINT1,
	};

	acpi_put(writer, &ioapic, sizeof(ioapic));
	put_override(writer, 0, PIT_GSI, MPS_CONFORMS);
	put_override(writer, PM_SCI_GSI, PM_SCI_GSI, MPS_ACTIVE_HIGH_LEVEL);
	acpi_put(writer, &nmi, sizeof(nmi));
}

static size_t put_madt(struct acpi_writer *writer, const struct acpi_config *config)
{
	struct madt madt = {
		.local_apic = LOCAL_APIC_GPA,
		.flags = MADT_PCAT_COMPAT,
	};
	size_t start = begin(writer);

	fill_header(&madt.header, "APIC", 5);
	acpi_put(writer, &madt, sizeof(madt));
	put_local_apics(writer, config->processors);
	put_interrupt_controllers(writer);
	finish(writer, start);
	return start;
}

static size_t put_xsdt(struct acpi_writer *writer, const uint64_t entries[3])
{
	struct xsdt xsdt = { 0 };
	size_t start = begin(writer);

	fill_header(&xsdt.header, "XSDT", 1);
	memcpy(xsdt.entries, entries, sizeof(xsdt.entries));
	acpi_put(writer, &xsdt, sizeof(xsdt));
	finish(writer, start);
	return start;
}

static void fill_rsdp(struct rsdp *rsdp, uint64_t xsdt)
{
	memset(rsdp, 0, sizeof(*rsdp));
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "RSTOCK", 6);
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum((const uint8_t *)rsdp, 20);
	rsdp->extended_checksum = checksum((const uint8_t *)rsdp, sizeof(*rsdp));
}

/**
 * acpi_build() - write all tables, the root pointer first
 * @config: the machine
 * @gpa: where the guest sees @buffer; on a 64-byte boundary below 4 GiB
 * @buffer: room for the tables
 * @size: bytes of it
 *
 * Return: bytes used, or 0 when they do not fit.
 */
size_t acpi_build(const struct acpi_config *config, uint64_t gpa, uint8_t *buffer, size_t size)
{
	struct acpi_writer writer = { .buffer = buffer, .size = size };
	uint64_t entries[3], facs, dsdt, xsdt;
	struct rsdp rsdp = { 0 };

	acpi_put(&writer, &rsdp, sizeof(rsdp));
	facs = gpa + put_facs(&writer);
	dsdt = gpa + put_dsdt(&writer);
	entries[0] = gpa + put_fadt(&writer, facs, dsdt);
	entries[1] = gpa + put_madt(&writer, config);
	entries[2] = gpa + put_ssdt(&writer, config);
	xsdt = gpa + put_xsdt(&writer, entries);
	if (writer.used > size)
		return 0;
	fill_rsdp(&rsdp, xsdt);
	memcpy(buffer, &rsdp, sizeof(rsdp));
	return writer.used;
}
