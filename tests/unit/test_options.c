// SPDX-License-Identifier: GPL-2.0-or-later
/* LINK: userspace/vmwp/options.c userspace/vmwp/report.c userspace/vmwp/vdev/services.c */
/* LINK: userspace/vmwp/vdev/ic.c userspace/vmwp/vdev/ic_text.c */
/* LINK: userspace/vmwp/vdev/ic_heartbeat.c userspace/vmwp/vdev/ic_shutdown.c */
/* LINK: userspace/vmwp/vdev/ic_timesync.c userspace/vmwp/vdev/ic_vss.c */
/* LINK: userspace/vmwp/vdev/ic_kvp.c userspace/vmwp/vdev/ic_fcopy.c */
/* LINK: userspace/vmwp/vdev/keyboard.c userspace/vmwp/vdev/mouse.c */
/* LINK: userspace/vmwp/vdev/balloon.c userspace/vmwp/disk_option.c */
/*
 * The command line of vmwp: what each option means, and what is refused.
 */
#include <stdio.h>
#include <storvsp.h>

#include "layout.h"
#include "options.h"
#include "vdev/services.h"
#include "vdev_test.h"

#define ARGS_MAX 16
#define FIVE_PORTS "--serial=null --serial=null --serial=null --serial=null --serial=null"

static struct options options;

/* Words separated by blanks, after "vmwp --kernel k" unless they begin with '!'. */
static enum options_result parse(const char *text)
{
	static char copy[512];
	char *argv[ARGS_MAX + 1] = { "vmwp", "--kernel", "k" };
	int argc = 3;
	char *word;

	if (*text == '!') {
		argc = 1;
		text++;
	}
	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok(copy, " "); word && argc < ARGS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(&options, argc, argv);
}

START_TEST(defaults)
{
	ck_assert_int_eq(parse(""), OPTIONS_RUN);
	ck_assert_str_eq(options.kernel, "k");
	ck_assert_str_eq(options.append, "");
	ck_assert_uint_eq(options.memory, 256 * MIB);
	ck_assert_uint_eq(options.processors, 1);
	ck_assert_uint_eq(options.serial_count, 1);
	ck_assert_int_eq(options.serial[0].kind, SERIAL_NULL);
	ck_assert_int_eq(options.on_reset, ACTION_RESTART);
	ck_assert_int_eq(options.on_crash, ACTION_EXIT);
	ck_assert_int_eq(options.device_fd, -1);
	ck_assert_int_eq(options.sandbox, SANDBOX_ENFORCE);
	ck_assert_ptr_null(options.control);
}
END_TEST

START_TEST(disks)
{
	ck_assert_int_eq(parse("--disk a --disk b,ro,lun=7,serial=x --disk none,dvd"), OPTIONS_RUN);
	ck_assert_uint_eq(options.disk_count, 3);
	ck_assert_str_eq(options.disks[0].path, "a");
	ck_assert_int_eq(options.disks[0].lun, -1);
	ck_assert_uint_eq(options.disks[0].flags, 0);
	ck_assert_str_eq(options.disks[1].path, "b");
	ck_assert_int_eq(options.disks[1].lun, 7);
	ck_assert_uint_eq(options.disks[1].flags, STORVSP_READ_ONLY);
	ck_assert_str_eq(options.disks[1].serial, "x");
	ck_assert_ptr_null(options.disks[2].path);
	ck_assert_uint_eq(options.disks[2].flags, STORVSP_DVD | STORVSP_READ_ONLY);
	ck_assert_int_eq(parse("--disk a,raw,block=4096,writethrough,buffered,nodiscard"),
			 OPTIONS_RUN);
	ck_assert_uint_eq(options.disks[0].block_size, 4096);
	ck_assert_uint_eq(options.disks[0].flags,
			  STORVSP_WRITE_THROUGH | STORVSP_BUFFERED | STORVSP_NO_UNMAP);
}
END_TEST

START_TEST(bad_disks)
{
	static const char *const bad[] = {
		"--disk ,ro", "--disk none", "--disk a,", "--disk a,qcow2", "--disk a,lun=64",
		"--disk a,lun=", "--disk a,lun=-1", "--disk a,block=1024", "--disk a,serial=",
		"--disk a,serial=123456789012345678901234567890123", "--disk a,dvd,block=512",
		"--disk a,lun=1,lun=x",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(parse(bad[i]), OPTIONS_BAD);
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "--memory 512M", 512 * MIB }, { "--memory 512", 512 * MIB },
		{ "--memory 2g", 2 * GIB },	{ "--memory 0x40", 64 * MIB },
		{ "--memory 65536K", 64 * MIB }, { "--memory=1GiB", GIB },
	};
	static const char *const bad[] = {
		"--memory x", "--memory 31M", "--memory 64MB", "--memory -1", "--memory 65537K",
		"--memory 99999999999999999999", "--memory 17T", "--memory 33554432T",
		"--memory 64 --hugepages 4M", "--memory 33 --hugepages 2M", "--memory",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_int_eq(parse(good[i].text), OPTIONS_RUN);
		ck_assert_uint_eq(options.memory, good[i].bytes);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(parse(bad[i]) == OPTIONS_BAD, "%s", bad[i]);
}
END_TEST

START_TEST(memory_to_add)
{
	ck_assert_int_eq(parse("--memory 64"), OPTIONS_RUN);
	ck_assert_uint_eq(options.memory_max, 64 * MIB);
	ck_assert_int_eq(parse("--memory-max 2G --memory 1G"), OPTIONS_RUN);
	ck_assert_uint_eq(options.memory_max, 2 * GIB);
	ck_assert_int_eq(parse("--memory 65 --memory-max 64"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--memory-max 0"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--memory-max 17T"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--memory-max 1048577K"), OPTIONS_BAD);
}
END_TEST

START_TEST(vmbus_devices)
{
	const uint32_t standard = ((1u << SERVICE_COUNT) - 1) & ~(1u << SERVICE_FCOPY);
	static const struct {
		const char *text;
		uint32_t mask;
	} good[] = {
		{ "--vdevs none", 0 }, { "--vdevs all", (1u << SERVICE_COUNT) - 1 },
		{ "--vdevs kvp,vss", 1u << SERVICE_KVP | 1u << SERVICE_VSS },
		{ "--vdevs +kvp", standard },
		{ "--vdevs -mouse", standard & ~(1u << SERVICE_MOUSE) },
		{ "--vdevs +fcopy,-kvp", (standard | 1u << SERVICE_FCOPY) & ~(1u << SERVICE_KVP) },
	};
	static const char *const bad[] = {
		"--vdevs kv", "--vdevs kvpp", "--vdevs kvp,,vss", "--vdevs ,", "--vdevs +",
		"--vdevs none,kvp", "--vdevs",
	};
	size_t i;

	ck_assert_int_eq(parse(""), OPTIONS_RUN);
	ck_assert_uint_eq(options.vdevs, standard);
	ck_assert(!options.vdevs_given);
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_int_eq(parse(good[i].text), OPTIONS_RUN);
		ck_assert_msg(options.vdevs == good[i].mask, "%s", good[i].text);
		ck_assert(options.vdevs_given);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(parse(bad[i]) == OPTIONS_BAD, "%s", bad[i]);
}
END_TEST

START_TEST(serial_ports)
{
	ck_assert_int_eq(parse("--serial stdio --serial pty --serial unix:/a --serial file:b"),
			 OPTIONS_RUN);
	ck_assert_uint_eq(options.serial_count, 4);
	ck_assert_int_eq(options.serial[0].kind, SERIAL_STDIO);
	ck_assert_int_eq(options.serial[1].kind, SERIAL_PTY);
	ck_assert_int_eq(options.serial[2].kind, SERIAL_UNIX);
	ck_assert_str_eq(options.serial[2].path, "/a");
	ck_assert_str_eq(options.serial[3].path, "b");
	ck_assert_int_eq(parse("--serial unix:"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--serial stdio:x"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--serial stdio --serial stdio"), OPTIONS_BAD);
	ck_assert_int_eq(parse(FIVE_PORTS), OPTIONS_BAD);
}
END_TEST

START_TEST(actions)
{
	ck_assert_int_eq(parse("--on-reset exit --on-crash restart"), OPTIONS_RUN);
	ck_assert_int_eq(options.on_reset, ACTION_EXIT);
	ck_assert_int_eq(options.on_crash, ACTION_RESTART);
	ck_assert_int_eq(parse("--on-crash=ignore"), OPTIONS_RUN);
	ck_assert_int_eq(options.on_crash, ACTION_IGNORE);
	ck_assert_int_eq(parse("--on-reset ignore"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--on-crash never"), OPTIONS_BAD);
}
END_TEST

START_TEST(images)
{
	ck_assert_int_eq(parse("!--image a"), OPTIONS_RUN);
	ck_assert_str_eq(options.image, "a");
	ck_assert_uint_eq(options.image_gpa, HIGH_MEMORY_GPA);
	ck_assert_int_eq(parse("!--image a@0x8000"), OPTIONS_RUN);
	ck_assert_str_eq(options.image, "a");
	ck_assert_uint_eq(options.image_gpa, 0x8000);
	ck_assert_int_eq(parse("!--image a@b"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--image a"), OPTIONS_BAD);
	ck_assert_int_eq(parse("!--image a --initrd b"), OPTIONS_BAD);
	ck_assert_int_eq(parse("!--image a --append b"), OPTIONS_BAD);
	ck_assert_int_eq(parse("!"), OPTIONS_BAD);
}
END_TEST

START_TEST(processors_and_descriptors)
{
	ck_assert_int_eq(parse("--processors 64 --device-fd 7"), OPTIONS_RUN);
	ck_assert_uint_eq(options.processors, 64);
	ck_assert_int_eq(options.device_fd, 7);
	ck_assert_int_eq(parse("--processors 0"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--processors 65"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--processors 2x"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--device-fd -1"), OPTIONS_BAD);
}
END_TEST

START_TEST(hvsock)
{
	ck_assert_int_eq(parse(""), OPTIONS_RUN);
	ck_assert_ptr_null(options.vsock);
	ck_assert_int_eq(parse("--vsock /run/v"), OPTIONS_RUN);
	ck_assert_str_eq(options.vsock, "/run/v");
	ck_assert_int_eq(parse("--vsock="), OPTIONS_BAD);
	ck_assert_int_eq(parse("--vsock"), OPTIONS_BAD);
}
END_TEST

START_TEST(what_is_no_option)
{
	ck_assert_int_eq(parse("--frobnicate"), OPTIONS_BAD);
	ck_assert_int_eq(parse("word"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--debug-exit=1"), OPTIONS_BAD);
	ck_assert_int_eq(parse("--help"), OPTIONS_DONE);
	ck_assert_int_eq(parse("!--version"), OPTIONS_DONE);
	ck_assert_int_eq(parse("--sandbox log"), OPTIONS_RUN);
	ck_assert_int_eq(options.sandbox, SANDBOX_LOG);
	ck_assert_int_eq(parse("--no-sandbox --debug-exit"), OPTIONS_RUN);
	ck_assert_int_eq(options.sandbox, SANDBOX_OFF);
	ck_assert(options.debug_exit);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		defaults, disks, bad_disks, sizes, memory_to_add, vmbus_devices, serial_ports,
		actions, images, processors_and_descriptors, hvsock, what_is_no_option,
	};

	return run_tests("options", tests, ARRAY_SIZE(tests), NULL, NULL);
}
