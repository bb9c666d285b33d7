// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/acpi/tables.c userspace/vmwp/acpi/ssdt.c */
/*
 * The ACPI tables as a guest walks them: every pointer leads to a table, every
 * checksum is right, and addresses are those of the devices.
 */
#include "acpi/acpi.h"
#include "layout.h"
#include "vdev_test.h"

#define HEADER_SIZE ACPI_HEADER_SIZE

static uint8_t buffer[ACPI_SIZE];
static size_t used;

static void build(unsigned int processors)
{
	const struct acpi_config config = {
		.processors = processors,
		.serial_mask = 0x5,
		.mmio_high_base = 4 * GIB,
		.mmio_high_size = VMBUS_MMIO_HIGH_SIZE,
	};

	memset(buffer, 0xa5, sizeof(buffer));
	used = acpi_build(&config, ACPI_GPA, buffer, sizeof(buffer));
	ck_assert_uint_gt(used, 0);
}

static uint64_t number(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

static unsigned int sum(const uint8_t *bytes, size_t count)
{
	uint8_t total = 0;

	while (count--)
		total += *bytes++;
	return total;
}

/* The table at a guest physical address; all of it lies in the buffer. */
static const uint8_t *table_at(uint64_t gpa, const char *signature)
{
	const uint8_t *table;

	ck_assert_uint_ge(gpa, ACPI_GPA);
	ck_assert_uint_le(gpa - ACPI_GPA + HEADER_SIZE, used);
	table = buffer + (gpa - ACPI_GPA);
	ck_assert(!memcmp(table, signature, 4));
	ck_assert_uint_le(gpa - ACPI_GPA + number(table + 4, 4), used);
	return table;
}

static const uint8_t *summed_table_at(uint64_t gpa, const char *signature)
{
	const uint8_t *table = table_at(gpa, signature);

	ck_assert_uint_eq(sum(table, number(table + 4, 4)), 0);
	return table;
}

static const uint8_t *find(const char *signature)
{
	const uint8_t *xsdt = summed_table_at(number(buffer + 24, 8), "XSDT");
	size_t i, length = number(xsdt + 4, 4);
	uint64_t gpa;

	for (i = HEADER_SIZE; i < length; i += 8) {
		gpa = number(xsdt + i, 8);
		if (!memcmp(buffer + (gpa - ACPI_GPA), signature, 4))
			return summed_table_at(gpa, signature);
	}
	ck_abort_msg("no %s", signature);
}

START_TEST(root_pointer_is_right)
{
	build(1);
	ck_assert(!memcmp(buffer, "RSD PTR ", 8));
	ck_assert_uint_eq(sum(buffer, 20), 0);
	ck_assert_uint_eq(sum(buffer, 36), 0);
	ck_assert_uint_eq(buffer[15], 2);
}
END_TEST

START_TEST(all_tables_are_found)
{
	const uint8_t *fadt;

	build(2);
	fadt = find("FACP");
	summed_table_at(number(fadt + 40, 4), "DSDT");
	summed_table_at(number(fadt + 140, 8), "DSDT");
	table_at(number(fadt + 36, 4), "FACS");
	ck_assert_uint_eq(number(fadt + 36, 4) % 64, 0);
	find("APIC");
	find("SSDT");
}
END_TEST

START_TEST(fadt_names_the_devices_ports)
{
	const uint8_t *fadt;

	build(1);
	fadt = find("FACP");
	ck_assert_uint_eq(number(fadt + 4, 4), 276);
	ck_assert_uint_eq(number(fadt + 46, 2), PM_SCI_GSI);
	ck_assert_uint_eq(number(fadt + 56, 4), PM1A_EVT_BLK);
	ck_assert_uint_eq(number(fadt + 64, 4), PM1A_CNT_BLK);
	ck_assert_uint_eq(number(fadt + 76, 4), PM_TMR_BLK);
	ck_assert_uint_eq(number(fadt + 80, 4), PM_GPE0_BLK);
	ck_assert_uint_eq(number(fadt + 120, 8), PM_RESET_REG);
	ck_assert_uint_eq(fadt[128], PM_RESET_VALUE);
	ck_assert_uint_eq(number(fadt + 152, 8), PM1A_EVT_BLK);
	ck_assert_uint_eq(number(fadt + 48, 4), 0);
}
END_TEST

static unsigned int count_entries(const uint8_t *madt, uint8_t type)
{
	size_t i, length = number(madt + 4, 4);
	unsigned int count = 0;

	for (i = HEADER_SIZE + 8; i < length; i += madt[i + 1]) {
		ck_assert_uint_ge(madt[i + 1], 6);
		count += madt[i] == type;
	}
	ck_assert_uint_eq(i, length);
	return count;
}

START_TEST(madt_lists_every_processor)
{
	const uint8_t *madt;
	unsigned int i;

	build(64);
	madt = find("APIC");
	ck_assert_uint_eq(count_entries(madt, 0), 64);
	ck_assert_uint_eq(count_entries(madt, 1), 1);
	ck_assert_uint_eq(count_entries(madt, 2), 2);
	ck_assert_uint_eq(number(madt + HEADER_SIZE, 4), LOCAL_APIC_GPA);
	for (i = 0; i < 64; i++) {
		ck_assert_uint_eq(madt[HEADER_SIZE + 8 + i * 8 + 3], i);
		ck_assert_uint_eq(number(madt + HEADER_SIZE + 8 + i * 8 + 4, 4), 1);
	}
}
END_TEST

START_TEST(ssdt_packages_add_up)
{
	static const unsigned int counts[] = { 1, 2, 63, 64 };
	const uint8_t *ssdt, *scope;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		build(counts[i]);
		ssdt = find("SSDT");
		ck_assert(!memcmp(ssdt + HEADER_SIZE, "\x08\\MMHB\x0e", 7));
		ck_assert_uint_eq(number(ssdt + HEADER_SIZE + 7, 8), 4 * GIB);
		scope = ssdt + HEADER_SIZE + 15 + 15 + 8;
		ck_assert_uint_eq(scope[0], 0x10);
		/* Two bytes of length, then to the end of the table. */
		ck_assert_uint_eq(scope[1] >> 4, 4);
		ck_assert_ptr_eq(scope + 1 + ((scope[1] & 0xf) | scope[2] << 4),
				 ssdt + number(ssdt + 4, 4));
	}
}
END_TEST

START_TEST(too_little_room_is_noticed)
{
	const struct acpi_config config = { .processors = 64, .mmio_high_size = GIB };
	uint8_t *exact;
	size_t size;

	build(64);
	for (size = 0; size < used; size += size < 64 ? 1 : 61) {
		exact = malloc(size);
		ck_assert_uint_eq(acpi_build(&config, ACPI_GPA, exact, size), 0);
		free(exact);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		root_pointer_is_right, all_tables_are_found, fadt_names_the_devices_ports,
		madt_lists_every_processor, ssdt_packages_add_up, too_little_room_is_noticed,
	};

	return run_tests("acpi", tests, ARRAY_SIZE(tests), NULL, NULL);
}
