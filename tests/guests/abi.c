// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VID ABI as its header states it: every field out of range, every misuse of a
 * descriptor, and that a call which failed has changed nothing.
 *
 * Runs as root in a root partition whose modules are loaded, and speaks ioctl(2)
 * itself, for libvid does not let one say these things.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "abi.h"

int tap_count, tap_failed;
static int device = -1;

long call(int fd, unsigned long command, const void *argument)
{
	int result = ioctl(fd, command, argument);

	return result < 0 ? -errno : result;
}

void expect(const char *name, long wanted, int fd, unsigned long command, const void *argument)
{
	long got = call(fd, command, argument);

	if (!ok(wanted ? got == wanted : got >= 0, "%s", name))
		diag("got %ld (%s), wanted %ld (%s)", got, strerror(got < 0 ? -got : 0), wanted,
		     strerror(-wanted));
}

static void need(bool there, const char *what)
{
	if (there)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

int open_device(void)
{
	int fd = open("/dev/vid", O_RDWR | O_CLOEXEC);

	need(fd >= 0, "/dev/vid");
	return fd;
}

int new_partition(unsigned int vps)
{
	struct vid_create_partition create = { .vp_count = vps };
	int fd = ioctl(device, VID_CREATE_PARTITION, &create);

	need(fd >= 0, "VID_CREATE_PARTITION");
	return fd;
}

int new_vp(int partition, unsigned int index)
{
	struct vid_create_vp create = { .vp_index = index };
	int fd = ioctl(partition, VID_CREATE_VP, &create);

	need(fd >= 0, "VID_CREATE_VP");
	return fd;
}

struct vid_vp_page *map_page(int vp)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vp, 0);

	need(page != MAP_FAILED, "mmap of a VP");
	return page;
}

void *new_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	need(memory != MAP_FAILED, "memory");
	return memory;
}

long map_gpa(int partition, uint64_t gpa, uint64_t size, const void *address, uint32_t flags)
{
	struct vid_map_gpa map = {
		.gpa = gpa,
		.size = size,
		.address = (uintptr_t)address,
		.flags = flags,
	};

	return call(partition, VID_MAP_GPA, &map);
}

long unmap_gpa(int partition, uint64_t gpa, uint64_t size)
{
	struct vid_unmap_gpa range = { .gpa = gpa, .size = size };

	return call(partition, VID_UNMAP_GPA, &range);
}

/*
 * 1: pause; jmp 1b.  The PAUSE is for bochs 2.7, where a VMX guest that was entered with IF clear
 * is not interrupted by anything of the host's.
 */
const uint8_t endless_loop[] = { 0xf3, 0x90, 0xeb, 0xfc };

void start_at_zero(int vp)
{
	struct vid_register registers[] = {
		{
			.name = HV_X64_REGISTER_CS,
			.value.segment = { .limit = 0xffff, .attributes = 0x9b },
		},
		{ .name = HV_X64_REGISTER_RIP },
		{ .name = HV_X64_REGISTER_RFLAGS, .value.reg64 = 2 },
	};
	struct vid_registers list = {
		.registers = (uintptr_t)registers,
		.count = ARRAY_SIZE(registers),
	};

	need(!call(vp, VID_SET_REGISTERS, &list), "VID_SET_REGISTERS");
}

int in_child(int (*body)(void *context), void *context)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid)
		_exit(body(context));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the device */

static void test_api(void)
{
	struct vid_api api;
	struct stat st;

	memset(&api, 0xff, sizeof(api));
	expect("GET_API", 0, device, VID_GET_API, &api);
	ok(api.version == VID_API_VERSION, "its version is %d", VID_API_VERSION);
	ok(api.max_vps >= 64, "64 VPs at least");
	ok(!(api.capabilities & ~(VID_CAP_DIRTY_LOG | VID_CAP_LARGE_PAGES | VID_CAP_X2APIC)),
	   "no capability but those of vid.h");
	ok(api.gpa_limit && !(api.gpa_limit & (PAGE - 1)), "the GPA limit is whole pages");
	expect("GET_API to nowhere: EFAULT", -EFAULT, device, VID_GET_API, (void *)8);
	ok(!fstat(device, &st) && (st.st_mode & 07777) == 0660, "/dev/vid has mode 0660");
}

static void test_create_partition(void)
{
	static const struct {
		const char *name;
		struct vid_create_partition create;
	} bad[] = {
		{ "no VPs: EINVAL", { .vp_count = 0 } },
		{ "a VP too many: EINVAL", { .vp_count = 65 } },
		{ "all ones: EINVAL", { .vp_count = ~0u } },
		{ "a flag: EINVAL", { .vp_count = 1, .flags = 1 } },
		{ "the last flag: EINVAL", { .vp_count = 1, .flags = 1u << 31 } },
		{ "mbz[0]: EINVAL", { .vp_count = 1, .mbz = { 1 } } },
		{ "mbz[2]: EINVAL", { .vp_count = 1, .mbz = { 0, 0, 1ull << 63 } } },
	};
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect(bad[i].name, -EINVAL, device, VID_CREATE_PARTITION, &bad[i].create);
	expect("CREATE_PARTITION from nowhere: EFAULT", -EFAULT, device, VID_CREATE_PARTITION,
	       NULL);
	fd = new_partition(64);
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "a partition is close-on-exec");
	ok((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR, "and read-write");
	ok(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV,
	   "and cannot be mapped");
	close(fd);
}

static void test_unknown(int partition, int vp)
{
	const struct {
		const char *name;
		int fd;
		unsigned long command;
	} calls[] = {
		{ "a device's unknown ioctl", device, _IO(VID_IOC, 0x02) },
		{ "a terminal's ioctl at the device", device, TIOCGWINSZ },
		{ "a partition's ioctl at the device", device, VID_MAP_GPA },
		{ "GET_API with another size", device, _IOR(VID_IOC, 0x00, uint64_t) },
		{ "GET_API in the other direction", device, _IOW(VID_IOC, 0x00, struct vid_api) },
		{ "a partition's unknown ioctl", partition, _IO(VID_IOC, 0x1a) },
		{ "a VP's ioctl at a partition", partition, VID_RUN_VP },
		{ "a device's ioctl at a partition", partition, VID_GET_API },
		{ "a VP's unknown ioctl", vp, _IO(VID_IOC, 0x28) },
		{ "a partition's ioctl at a VP", vp, VID_CREATE_VP },
		{ "a huge ioctl", vp, _IOC(_IOC_READ | _IOC_WRITE, VID_IOC, 0x22, 0x3fff) },
	};
	uint64_t argument[8] = { 0 };
	char name[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		snprintf(name, sizeof(name), "%s: ENOTTY", calls[i].name);
		expect(name, -ENOTTY, calls[i].fd, calls[i].command, argument);
	}
}

/* ---- partitions */

static void test_create_vp(void)
{
	int partition = new_partition(2);
	int vp;

	expect("VP 2 of 2: EINVAL", -EINVAL, partition, VID_CREATE_VP,
	       &(struct vid_create_vp){ .vp_index = 2 });
	expect("VP ~0: EINVAL", -EINVAL, partition, VID_CREATE_VP,
	       &(struct vid_create_vp){ .vp_index = ~0u });
	expect("CREATE_VP with mbz: EINVAL", -EINVAL, partition, VID_CREATE_VP,
	       &(struct vid_create_vp){ .vp_index = 1, .mbz = 1 });
	vp = new_vp(partition, 1);
	ok(fcntl(vp, F_GETFD) & FD_CLOEXEC, "a VP is close-on-exec");
	expect("the same VP again: EEXIST", -EEXIST, partition, VID_CREATE_VP,
	       &(struct vid_create_vp){ .vp_index = 1 });
	close(vp);
	expect("also when its descriptor is closed", -EEXIST, partition, VID_CREATE_VP,
	       &(struct vid_create_vp){ .vp_index = 1 });
	close(new_vp(partition, 0));
	close(partition);
}

/* What fails for lack of descriptors has not taken the index. */
static int create_vp_without_descriptors(void *context)
{
	int partition = new_partition(1), spare = dup(partition);

	while (dup(partition) >= 0)
		;
	if (call(partition, VID_CREATE_VP, &(struct vid_create_vp){ 0 }) != -EMFILE)
		return 1;
	close(spare);
	return call(partition, VID_CREATE_VP, &(struct vid_create_vp){ 0 }) == spare ? 0 : 2;
}

static void test_interrupt(int partition)
{
	static const struct {
		const char *name;
		struct vid_interrupt interrupt;
	} bad[] = {
		{ "type 8", { .type = 8 } },
		{ "type ~0", { .type = ~0u, .vector = 32 } },
		{ "FIXED vector 15", { .type = HV_X64_INTERRUPT_FIXED, .vector = 15 } },
		{ "FIXED vector 256", { .type = HV_X64_INTERRUPT_FIXED, .vector = 256 } },
		{ "LOWEST_PRIORITY vector 0", { .type = HV_X64_INTERRUPT_LOWEST_PRIORITY } },
		{ "NMI with a vector", { .type = HV_X64_INTERRUPT_NMI, .vector = 2 } },
		{ "DEASSERT of a FIXED", { .vector = 32, .flags = VID_INTERRUPT_DEASSERT } },
		{ "an unknown flag", { .vector = 32, .flags = 8 } },
		{ "mbz", { .vector = 32, .mbz = 1 } },
	};
	char name[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(name, sizeof(name), "REQUEST_INTERRUPT, %s: EINVAL", bad[i].name);
		expect(name, -EINVAL, partition, VID_REQUEST_INTERRUPT, &bad[i].interrupt);
	}
	expect("REQUEST_INTERRUPT, FIXED 32", 0, partition, VID_REQUEST_INTERRUPT,
	       &(struct vid_interrupt){ .vector = 32 });
	expect("EXT_INT rises", 0, partition, VID_REQUEST_INTERRUPT,
	       &(struct vid_interrupt){ .type = HV_X64_INTERRUPT_EXT_INT });
	expect("EXT_INT falls", 0, partition, VID_REQUEST_INTERRUPT,
	       &(struct vid_interrupt){ .type = HV_X64_INTERRUPT_EXT_INT,
					.flags = VID_INTERRUPT_DEASSERT });
}

static void test_intercepts(void)
{
	int partition = new_partition(1);
	struct vid_install_intercept install = { .type = VID_INTERCEPT_CPUID };

	expect("INSTALL_INTERCEPT of type 2: EINVAL", -EINVAL, partition, VID_INSTALL_INTERCEPT,
	       &(struct vid_install_intercept){ .type = 2 });
	expect("INSTALL_INTERCEPT with a flag: EINVAL", -EINVAL, partition,
	       VID_INSTALL_INTERCEPT, &(struct vid_install_intercept){ .flags = 1 });
	expect("INSTALL_INTERCEPT with mbz: EINVAL", -EINVAL, partition, VID_INSTALL_INTERCEPT,
	       &(struct vid_install_intercept){ .mbz = 1 });
	for (; install.parameter < VID_INTERCEPTS_MAX; install.parameter++)
		if (call(partition, VID_INSTALL_INTERCEPT, &install))
			break;
	ok(install.parameter == VID_INTERCEPTS_MAX, "%d intercepts", VID_INTERCEPTS_MAX);
	expect("one more: ENOSPC", -ENOSPC, partition, VID_INSTALL_INTERCEPT, &install);
	close(partition);
}

static void test_properties(int partition)
{
	struct vid_property property = { .code = VID_PROPERTY_TSC_FREQUENCY };

	expect("GET_PROPERTY of code 6: EINVAL", -EINVAL, partition, VID_GET_PROPERTY,
	       &(struct vid_property){ .code = 6 });
	expect("GET_PROPERTY with mbz: EINVAL", -EINVAL, partition, VID_GET_PROPERTY,
	       &(struct vid_property){ .mbz = 1 });
	expect("SET_PROPERTY of code ~0: EINVAL", -EINVAL, partition, VID_SET_PROPERTY,
	       &(struct vid_property){ .code = ~0u });
	expect("SET_PROPERTY with mbz: EINVAL", -EINVAL, partition, VID_SET_PROPERTY,
	       &(struct vid_property){ .code = VID_PROPERTY_REFERENCE_TIME, .mbz = 1 });
	expect("TSC frequency", 0, partition, VID_GET_PROPERTY, &property);
	ok(property.value > 1000000, "of a megahertz and more");
	expect("is read only: EACCES", -EACCES, partition, VID_SET_PROPERTY, &property);
	property.code = VID_PROPERTY_APIC_FREQUENCY;
	expect("APIC frequency", 0, partition, VID_GET_PROPERTY, &property);
	expect("is read only: EACCES", -EACCES, partition, VID_SET_PROPERTY, &property);
	property.code = VID_PROPERTY_PINNED_PAGES;
	expect("pinned pages", 0, partition, VID_GET_PROPERTY, &property);
	ok(!property.value, "are none yet");
	expect("are read only: EACCES", -EACCES, partition, VID_SET_PROPERTY, &property);
	property.code = VID_PROPERTY_REFERENCE_TIME;
	property.value = 10000000ull * 3600;
	expect("reference time is set", 0, partition, VID_SET_PROPERTY, &property);
	expect("and read", 0, partition, VID_GET_PROPERTY, &property);
	ok(property.value >= 10000000ull * 3600 && property.value < 10000000ull * 3660,
	   "and goes on from there");
}

int main(void)
{
	int partition, vp;

	device = open_device();
	partition = new_partition(2);
	vp = new_vp(partition, 0);
	test_api();
	test_create_partition();
	test_unknown(partition, vp);
	test_create_vp();
	ok(!in_child(create_vp_without_descriptors, NULL), "no descriptor left: EMFILE, and no VP");
	test_interrupt(partition);
	test_intercepts();
	test_properties(partition);
	close(vp);
	close(partition);
	test_memory();
	test_doorbells();
	test_vp();
	test_states();
	test_ports();
	test_lifetime();
	return done_testing();
}
