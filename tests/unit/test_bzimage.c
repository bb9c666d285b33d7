// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/loader/bzimage.c userspace/vmwp/loader/elf.c */
/*
 * Where kernels, initial RAM disks and bare images go, and which are refused.
 */
#include <elf.h>
#include <errno.h>

#include <asm/bootparam.h>

#include "layout.h"
#include "loader/bzimage.h"
#include "loader/elf.h"
#include "vdev_test.h"

static uint8_t head[BZIMAGE_HEAD_SIZE];
static struct bzimage_input input;
static struct bzimage_plan plan;
static char why[160];

static struct setup_header *header(void)
{
	return (struct setup_header *)(head + 0x1f1);
}

/* A 16 MiB kernel at 16 MiB that wants 48, in a VM of 512 MiB. */
static void setup(void)
{
	struct setup_header good = {
		.setup_sects = 31,
		.syssize = 16 * MIB / 16,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,		/* the header ends at 0x202 + 0x6a */
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 2 * MIB,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = 16 * MIB,
		.init_size = 48 * MIB,
	};

	memset(head, 0x5a, sizeof(head));
	memcpy(header(), &good, sizeof(good));
	input = (struct bzimage_input){
		.head = head,
		.head_size = sizeof(head),
		.file_size = 16 * MIB + 32 * 512,
		.low_end = 512 * MIB,
		.high_end = RAM_HIGH_BASE,
	};
}

static int run(void)
{
	why[0] = '\0';
	return bzimage_plan(&input, &plan, why, sizeof(why));
}

static void refused(const char *text)
{
	ck_assert_int_eq(run(), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, text));
}

START_TEST(kernel_goes_to_its_preferred_address)
{
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(plan.kernel_offset, 32 * 512);
	ck_assert_uint_eq(plan.kernel_size, 16 * MIB);
	ck_assert_uint_eq(plan.kernel_gpa, 16 * MIB);
	ck_assert_uint_eq(plan.entry, 16 * MIB + 0x200);
	ck_assert_uint_eq(plan.initrd_gpa, 0);
}
END_TEST

START_TEST(no_setup_sectors_means_four)
{
	header()->setup_sects = 0;
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(plan.kernel_offset, 5 * 512);
}
END_TEST

START_TEST(other_files_are_refused)
{
	input.head_size = 0;
	refused("not a bzImage");
	input.head_size = 0x202;
	refused("not a bzImage");
	input.head_size = sizeof(head);
	header()->boot_flag = 0;
	refused("not a bzImage");
	setup();
	header()->header = 0;
	refused("not a bzImage");
	setup();
	header()->syssize = 0;
	refused("not a bzImage");
}
END_TEST

START_TEST(old_and_32_bit_kernels_are_refused)
{
	header()->version = 0x020b;
	refused("2.11 is too old");
	setup();
	header()->jump = 0x02eb;	/* ends before its magic */
	refused("not a bzImage");
}
END_TEST

START_TEST(a_short_header_is_refused)
{
	header()->jump = 0x50eb;
	refused("too old");
	setup();
	header()->xloadflags = 0;
	refused("64-bit");
	setup();
	header()->loadflags = 0;
	refused("64-bit");
}
END_TEST

START_TEST(truncated_files_are_refused)
{
	input.file_size--;
	refused("truncated: it should have 16793600 bytes and has 16793599");
	header()->syssize = UINT32_MAX;
	refused("truncated");
}
END_TEST

START_TEST(memory_must_hold_the_kernel)
{
	input.low_end = 64 * MIB;
	ck_assert_int_eq(run(), 0);
	input.low_end = 63 * MIB;
	refused("needs 64 MiB, the VM has 63");
	setup();
	header()->init_size = UINT32_MAX;
	refused("needs 4112 MiB");
}
END_TEST

START_TEST(insane_addresses_are_refused)
{
	header()->pref_address = 0;
	refused("preferred address");
	header()->pref_address = UINT64_MAX;
	refused("preferred address");
	header()->pref_address = 17 * MIB;
	refused("alignment");
	header()->pref_address = 16 * MIB;
	header()->kernel_alignment = 3;
	refused("alignment");
}
END_TEST

START_TEST(initrd_goes_as_high_as_allowed)
{
	input.initrd_size = 10 * MIB + 1;
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(plan.initrd_gpa, 502 * MIB - 4096);
	header()->initrd_addr_max = 0x0fffffff;
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(plan.initrd_gpa, 246 * MIB - 4096);
}
END_TEST

START_TEST(initrd_must_not_touch_the_kernel)
{
	input.initrd_size = 448 * MIB;
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(plan.initrd_gpa, 64 * MIB);
	input.initrd_size++;
	refused("kernel and initrd need 513 MiB");
	input.initrd_size = UINT64_MAX;
	refused("kernel and initrd need");
}
END_TEST

START_TEST(initrd_above_4_gib_only_when_the_kernel_can)
{
	input.low_end = 3 * GIB;
	input.high_end = 8 * GIB;
	input.initrd_size = 3 * GIB;
	refused("kernel and initrd need");
	header()->xloadflags |= XLF_CAN_BE_LOADED_ABOVE_4G;
	ck_assert_int_eq(run(), 0);
	ck_assert_uint_eq(plan.initrd_gpa, 5 * GIB);
}
END_TEST

START_TEST(command_line_must_fit)
{
	input.cmdline_size = 2047;
	ck_assert_int_eq(run(), 0);
	input.cmdline_size = 2048;
	refused("2047 bytes of command line");
	header()->cmdline_size = UINT32_MAX;
	input.cmdline_size = CMDLINE_MAX;
	refused("command line");
}
END_TEST

START_TEST(zero_page_tells_all)
{
	struct boot_params params;

	input.high_end = 5 * GIB;
	input.initrd_size = 4096;
	ck_assert_int_eq(run(), 0);
	bzimage_fill_params(&input, &plan, 0xe0000, (uint8_t *)&params);
	ck_assert_uint_eq(params.hdr.header, 0x53726448);
	ck_assert_uint_eq(params.hdr.type_of_loader, 0xff);
	ck_assert_uint_eq(params.hdr.cmd_line_ptr, CMDLINE_GPA);
	ck_assert_uint_eq(params.hdr.ramdisk_image, plan.initrd_gpa);
	ck_assert_uint_eq(params.hdr.ramdisk_size, 4096);
	ck_assert_uint_eq(params.acpi_rsdp_addr, 0xe0000);
	ck_assert_uint_eq(params.sentinel, 0);
	ck_assert_uint_eq(params.e820_entries, 5);
	ck_assert_uint_eq(params.e820_table[3].addr, MIB);
	ck_assert_uint_eq(params.e820_table[3].size, 511 * MIB);
	ck_assert_uint_eq(params.e820_table[4].addr, 4 * GIB);
	ck_assert_uint_eq(params.e820_table[4].size, GIB);
}
END_TEST

/* An executable of one segment: 0x100 bytes from 0x1000 to 1 MiB, 0x2000 in memory. */
static Elf32_Ehdr ehdr = {
	.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 },
	.e_type = ET_EXEC,
	.e_machine = EM_386,
	.e_entry = 0x100010,
	.e_phoff = sizeof(Elf32_Ehdr),
	.e_phentsize = sizeof(Elf32_Phdr),
	.e_phnum = 1,
};

static Elf32_Phdr phdr = {
	.p_type = PT_LOAD,
	.p_offset = 0x1000,
	.p_paddr = 0x100000,
	.p_filesz = 0x100,
	.p_memsz = 0x2000,
};

static void make_elf(uint8_t *file)
{
	memset(file, 0, ELF_HEAD_SIZE);
	memcpy(file, &ehdr, sizeof(ehdr));
	memcpy(file + ehdr.e_phoff, &phdr, sizeof(phdr));
}

static const char *try_elf(struct elf_plan *elf)
{
	uint8_t file[ELF_HEAD_SIZE];
	const char *text;

	make_elf(file);
	ck_assert(elf_is(file, sizeof(file)));
	elf_plan(file, sizeof(file), 0x1100, 32 * MIB, elf, &text);
	return text;
}

START_TEST(elf_segments_go_to_their_addresses)
{
	struct elf_plan elf;

	ck_assert_ptr_null(try_elf(&elf));
	ck_assert_uint_eq(elf.entry, 0x100010);
	ck_assert_uint_eq(elf.count, 1);
	ck_assert_uint_eq(elf.segments[0].gpa, 0x100000);
	ck_assert_uint_eq(elf.segments[0].size, 0x100);
}
END_TEST

START_TEST(wrong_elf_files_are_refused)
{
	struct elf_plan elf;

	phdr.p_offset = 0x1001;
	ck_assert_ptr_nonnull(strstr(try_elf(&elf), "truncated"));
	phdr.p_offset = 0x1000;
	phdr.p_paddr = 32 * MIB - 0x1fff;
	ck_assert_ptr_nonnull(strstr(try_elf(&elf), "does not fit"));
	phdr.p_paddr = 0x100000;
	phdr.p_type = PT_NOTE;
	ck_assert_ptr_nonnull(strstr(try_elf(&elf), "nothing to run"));
	phdr.p_type = PT_LOAD;
	ehdr.e_phnum = 0xffff;
	ck_assert_ptr_nonnull(try_elf(&elf));
	ehdr.e_phnum = 1;
	ehdr.e_type = ET_DYN;
	ck_assert_ptr_nonnull(strstr(try_elf(&elf), "not an x86 ELF executable"));
	ehdr.e_type = ET_EXEC;
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		kernel_goes_to_its_preferred_address, no_setup_sectors_means_four,
		other_files_are_refused, old_and_32_bit_kernels_are_refused,
		a_short_header_is_refused, truncated_files_are_refused,
		memory_must_hold_the_kernel, insane_addresses_are_refused,
		initrd_goes_as_high_as_allowed, initrd_must_not_touch_the_kernel,
		initrd_above_4_gib_only_when_the_kernel_can, command_line_must_fit,
		zero_page_tells_all, elf_segments_go_to_their_addresses,
		wrong_elf_files_are_refused,
	};

	return run_tests("bzimage", tests, ARRAY_SIZE(tests), setup, NULL);
}
