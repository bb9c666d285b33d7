// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ABI test's part for lifetimes: foreign processes, the order of closing,
 * duplicates, and a worker that is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "abi.h"

/* A guest that touches 15 pages and loops: mov si,0x1000; 1: mov [si],al; add.. */
static const uint8_t touch_and_loop[] = {
	0xbe, 0x00, 0x10,		/*	mov $0x1000, %si */
	0x88, 0x04,			/* 1:	mov %al, (%si) */
	0x81, 0xc6, 0x00, 0x10,		/*	add $0x1000, %si */
	0x75, 0xf8,			/*	jnz 1b */
	0xf3, 0x90, 0xeb, 0xfc,		/* 2:	pause; jmp 2b: see endless_loop[] */
};

struct machine {
	int partition;
	int vp;
	void *memory;
};

static void make_machine_of(struct machine *machine, void *memory, size_t size)
{
	machine->partition = new_partition(1);
	machine->vp = new_vp(machine->partition, 0);
	machine->memory = memory;
	memcpy(machine->memory, touch_and_loop, sizeof(touch_and_loop));
	map_gpa(machine->partition, 0, size, machine->memory, RWX);
	start_at_zero(machine->vp);
}

static void make_machine(struct machine *machine)
{
	make_machine_of(machine, new_memory(65536), 65536);
}

/* ---- pages that the kernel has pinned for anybody */

static long read_counter(const char *name)
{
	char line[128];
	long value = 0, wanted = 0;
	size_t length = strlen(name);
	FILE *file = fopen("/proc/vmstat", "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && sscanf(line + length, " %ld", &value) == 1)
			wanted = value;
	if (file)
		fclose(file);
	return wanted;
}

static long pinned_pages(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);

	/* the counters are per CPU and late otherwise */
	if (write(fd, "1", 1) != 1)
		diag("cannot refresh /proc/vmstat");
	close(fd);
	return read_counter("nr_foll_pin_acquired") - read_counter("nr_foll_pin_released");
}

static bool pinned_becomes(long wanted)
{
	int tries;

	for (tries = 0; tries < 50; tries++) {
		if (pinned_pages() == wanted)
			return true;
		usleep(100000);
	}
	diag("%ld pinned pages, wanted %ld", pinned_pages(), wanted);
	return false;
}

/* ---- foreign processes */

static int use_inherited(void *context)
{
	const struct machine *machine = context;
	static const unsigned long of_partition[] = {
		VID_CREATE_VP, VID_MAP_GPA, VID_UNMAP_GPA, VID_RELEASE_GPA, VID_DIRTY_LOG,
		VID_SET_DOORBELL, VID_REQUEST_INTERRUPT, VID_INSTALL_INTERCEPT,
		VID_GET_PROPERTY, VID_SET_PROPERTY, _IO(VID_IOC, 0x7f),
	};
	static const unsigned long of_vp[] = {
		VID_RUN_VP, VID_CANCEL_RUN, VID_GET_REGISTERS, VID_SET_REGISTERS,
		VID_GET_VP_STATE, VID_SET_VP_STATE, VID_TRANSLATE_GVA, VID_ACCESS_APIC,
	};
	uint64_t argument[8] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(of_partition); i++)
		if (call(machine->partition, of_partition[i], argument) != -EIO)
			return 1 + i;
	for (i = 0; i < ARRAY_SIZE(of_vp); i++)
		if (call(machine->vp, of_vp[i], argument) != -EIO)
			return 20 + i;
	if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, machine->vp, 0) != MAP_FAILED || errno != EIO)
		return 40;
	return 0;
}

static int read_inherited_page(void *page)
{
	return *(volatile uint8_t *)page;
}

static void test_foreign(void)
{
	struct machine machine;
	struct vid_vp_page *page;
	int status;

	make_machine(&machine);
	page = map_page(machine.vp);
	status = in_child(use_inherited, &machine);
	if (!ok(!status, "a child's use of what it inherited: EIO"))
		diag("failed at %d", status);
	ok(in_child(read_inherited_page, page) == 128 + SIGSEGV, "the page is not inherited");
	expect("its maker's use goes on", -EEXIST, machine.partition, VID_CREATE_VP,
	       &(struct vid_create_vp){ 0 });
	munmap(page, PAGE);
	close(machine.vp);
	close(machine.partition);
	munmap(machine.memory, 65536);
}

/* ---- the order of closing */

static void run_a_while(int vp)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec once = { .it_value = pause };

	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &once, NULL);
	expect("a run until a signal: EINTR", -EINTR, vp, VID_RUN_VP, NULL);
	timer_delete(timer);
}

static uint64_t pinned_property(int partition)
{
	struct vid_property property = { .code = VID_PROPERTY_PINNED_PAGES };

	call(partition, VID_GET_PROPERTY, &property);
	return property.value;
}

/* The guest of make_machine() has come to its second loop. */
static bool has_touched_all(int partition)
{
	struct vid_property pinned = { .code = VID_PROPERTY_PINNED_PAGES };

	return !call(partition, VID_GET_PROPERTY, &pinned) && pinned.value == 16;
}

static void test_partition_first(long pinned)
{
	struct machine machine;

	make_machine(&machine);
	close(machine.partition);
	run_a_while(machine.vp);
	ok(((uint8_t *)machine.memory)[0xf000] == 0, "partition closed, its VP still runs");
	close(machine.vp);
	ok(pinned_becomes(pinned), "and with the VP all is unpinned");
	munmap(machine.memory, 65536);
}

static void test_vp_first(long pinned)
{
	struct machine machine;

	make_machine(&machine);
	run_a_while(machine.vp);
	close(machine.vp);
	ok(pinned_property(machine.partition) >= 16, "VP closed, 16 pages are still pinned");
	expect("RELEASE_GPA", 0, machine.partition, VID_RELEASE_GPA,
	       &(struct vid_unmap_gpa){ 0, 65536 });
	ok(!pinned_property(machine.partition), "unpins them");
	close(machine.partition);
	ok(pinned_becomes(pinned), "and the machine agrees");
	munmap(machine.memory, 65536);
}

static void test_page_last(long pinned)
{
	struct vid_vp_page *page;
	struct machine machine;

	make_machine(&machine);
	page = map_page(machine.vp);
	run_a_while(machine.vp);
	close(machine.partition);
	close(machine.vp);
	page->reserved[0] = 1;
	ok(page->reserved[0] == 1, "all closed, the page is still there");
	munmap(page, PAGE);
	ok(pinned_becomes(pinned), "and without it all is unpinned");
	munmap(machine.memory, 65536);
}

static void test_duplicates(long pinned)
{
	struct machine machine;
	int partition, vp;

	make_machine(&machine);
	partition = dup(machine.partition);
	vp = dup(machine.vp);
	close(machine.partition);
	close(machine.vp);
	run_a_while(vp);
	ok(pinned_property(partition) >= 16, "duplicates serve as well");
	close(partition);
	close(vp);
	ok(pinned_becomes(pinned), "and the last one closed unpins");
	munmap(machine.memory, 65536);
}

/* ---- large pages, which have one pin */

#define LARGE		(2 * MIB)
#define LARGE_PAGES	(LARGE / PAGE)

/* A huge page, if the host has one. */
static uint8_t *new_large(void)
{
	uint8_t *memory = mmap(NULL, 2 * LARGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memory += -(uintptr_t)memory % LARGE;
	madvise(memory, LARGE, MADV_HUGEPAGE);
	memset(memory, 0, LARGE);
	return memory;
}

static long release_pages(int partition, uint64_t first, uint64_t count)
{
	return call(partition, VID_RELEASE_GPA,
		    &(struct vid_unmap_gpa){ first * PAGE, count * PAGE });
}

static void test_large(long pinned)
{
	struct machine machine;

	make_machine_of(&machine, new_large(), LARGE);
	run_a_while(machine.vp);
	ok(pinned_property(machine.partition) == LARGE_PAGES, "a huge page is mapped whole");
	ok(pinned_becomes(pinned + 1), "and pinned once");
	ok(!release_pages(machine.partition, 300, 1), "RELEASE_GPA of a page of it");
	ok(pinned_property(machine.partition) == LARGE_PAGES - 1, "the others are still mapped");
	ok(!release_pages(machine.partition, 0, 300), "of those before");
	ok(pinned_becomes(pinned + 1), "it is still pinned once");
	ok(!release_pages(machine.partition, 301, LARGE_PAGES - 301), "of the rest");
	ok(pinned_becomes(pinned), "and with the last of them it is unpinned");
	run_a_while(machine.vp);
	ok(pinned_property(machine.partition) == 1, "the guest's next touch maps a page");
	ok(pinned_becomes(pinned + 1), "and pins it");
	close(machine.vp);
	close(machine.partition);
	ok(pinned_becomes(pinned), "closed: all is unpinned");
	munmap(machine.memory, LARGE);
}

/* What the worker itself has only parts of, its guest gets in parts. */
static void test_large_with_hole(long pinned)
{
	struct machine machine;
	uint8_t *memory = new_large();

	munmap(memory + 200 * PAGE, PAGE);
	make_machine_of(&machine, memory, LARGE);
	run_a_while(machine.vp);
	ok(pinned_property(machine.partition) == 16, "a huge page with a hole is mapped by pages");
	ok(pinned_becomes(pinned + 16), "of which each is pinned");
	close(machine.vp);
	close(machine.partition);
	ok(pinned_becomes(pinned), "and closed, all are unpinned");
	munmap(memory, LARGE);
}

static void test_memory_first(long pinned)
{
	struct machine machine;

	make_machine(&machine);
	while (!has_touched_all(machine.partition))
		run_a_while(machine.vp);
	munmap(machine.memory, 65536);
	run_a_while(machine.vp);
	close(machine.vp);
	close(machine.partition);
	ok(pinned_becomes(pinned), "memory unmapped first: all is unpinned");
}

/* Closing while another thread runs the VP. */
static void *run_thread(void *argument)
{
	const struct machine *machine = argument;

	return (void *)call(machine->vp, VID_RUN_VP, NULL);
}

static void test_close_while_running(long pinned)
{
	struct machine machine;
	pthread_t thread;
	void *result;
	int vp;

	make_machine(&machine);
	vp = dup(machine.vp);
	pthread_create(&thread, NULL, run_thread, &machine);
	while (!has_touched_all(machine.partition))
		usleep(10000);
	close(machine.partition);
	close(machine.vp);
	call(vp, VID_CANCEL_RUN, NULL);
	close(vp);
	pthread_join(thread, &result);
	ok((long)result == -EINTR, "closed while it runs: EINTR once cancelled");
	ok(pinned_becomes(pinned), "and then all is unpinned");
	munmap(machine.memory, 65536);
}

/*
 * Memory is unpinned as the partition ends, and whoever unpins asks all VPs to forget their
 * translations.  abi.sh has the kernel guard what is freed.
 */
static void test_many_vps(long pinned)
{
	struct vid_register assist = {
		.name = HV_REGISTER_VP_ASSIST_PAGE,
		.value.reg64 = PAGE | 1,
	};
	struct vid_registers list = { .registers = (uintptr_t)&assist, .count = 1 };
	void *memory = new_memory(2 * PAGE);
	int i, vp, vps[64], bad = 0;

	for (i = 0; i < 150; i++) {
		int partition = new_partition(64);

		for (vp = 0; vp < 64; vp++)
			vps[vp] = new_vp(partition, vp);
		map_gpa(partition, 0, 2 * PAGE, memory, RWX);
		bad += call(vps[63], VID_SET_REGISTERS, &list) != 0;
		close(partition);
		for (vp = 0; vp < 64; vp++)
			close(vps[vp]);
	}
	ok(!bad && pinned_becomes(pinned), "partitions of 64 VPs end: all is unpinned");
	munmap(memory, 2 * PAGE);
}

/* ---- death */

static int run_until_killed(void *context)
{
	struct vid_doorbell doorbell = { .address = 0x80, .flags = VID_DOORBELL_PIO };
	struct machine machine;

	make_machine(&machine);
	map_page(machine.vp);
	doorbell.fd = eventfd(0, 0);
	call(machine.partition, VID_SET_DOORBELL, &doorbell);
	call(machine.partition, VID_DIRTY_LOG, &(struct vid_dirty_log){ .size = 65536 });
	call(machine.vp, VID_RUN_VP, NULL);
	return 0;
}

static bool killed_while_running(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(run_until_killed(NULL));
	usleep(300000);
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

static void test_kill(long pinned)
{
	int i;

	for (i = 0; i < 5; i++)
		if (!killed_while_running())
			break;
	ok(i == 5, "SIGKILL ends a worker whose VP runs");
	ok(pinned_becomes(pinned), "and all is unpinned");
}

/*
 * ---- memory for which user mode itself has to be waited (userfaultfd)
 *
 * One thread waits for a page with locks held, others for those locks; nobody gives the page.
 */
#define STUCK_VPS	4

struct stuck {
	int partition;
	int vp[STUCK_VPS];
	int report;		/* a pipe: all is as it should be */
};

static void *set_page(int vp, uint32_t name, uint64_t value)
{
	struct vid_register page = { .name = name, .value.reg64 = value };
	struct vid_registers list = { .registers = (uintptr_t)&page, .count = 1 };

	return (void *)call(vp, VID_SET_REGISTERS, &list);
}

/* The first holds gpa.lock as it waits for the page. */
static void *set_first(void *stuck)
{
	return set_page(((struct stuck *)stuck)->vp[0], HV_REGISTER_VP_ASSIST_PAGE, 1);
}

static void *set_second(void *stuck)
{
	return set_page(((struct stuck *)stuck)->vp[1], HV_REGISTER_VP_ASSIST_PAGE, PAGE | 1);
}

/* Holds tlfs_lock too. */
static void *set_third(void *stuck)
{
	return set_page(((struct stuck *)stuck)->vp[2], HV_REGISTER_REFERENCE_TSC, PAGE | 1);
}

static void *set_fourth(void *stuck)
{
	return set_page(((struct stuck *)stuck)->vp[3], HV_REGISTER_GUEST_OS_ID, 1);
}

static void *unmap_all(void *stuck)
{
	return (void *)unmap_gpa(((struct stuck *)stuck)->partition, 0, 2 * PAGE);
}

static int open_userfaults(void *memory, size_t size)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory, size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		return -1;
	return fd;
}

static int be_stuck(void *context)
{
	void *(*const bodies[])(void *stuck) = {
		set_first, unmap_all, set_second, set_third, set_fourth,
	};
	struct stuck *stuck = context;
	void *memory = new_memory(2 * PAGE);
	struct pollfd fault = { .events = POLLIN };
	pthread_t thread;
	size_t i;

	fault.fd = open_userfaults(memory, 2 * PAGE);
	stuck->partition = new_partition(STUCK_VPS);
	for (i = 0; i < STUCK_VPS; i++)
		stuck->vp[i] = new_vp(stuck->partition, i);
	map_gpa(stuck->partition, 0, 2 * PAGE, memory, RWX);
	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		pthread_create(&thread, NULL, bodies[i], stuck);
		if (!i && poll(&fault, 1, 5000) != 1)
			return 1;
	}
	if (write(stuck->report, "", 1) != 1)
		return 2;
	for (;;)
		pause();
}

static long sysctl_swap(const char *path, long value)
{
	FILE *file = fopen(path, "r+");
	long old = -1;

	if (!file || fscanf(file, "%ld", &old) != 1)
		diag("cannot read %s", path);
	if (file && value >= 0) {
		rewind(file);
		fprintf(file, "%ld", value);
	}
	if (file)
		fclose(file);
	return old;
}

#define HUNG_TASK	"/proc/sys/kernel/hung_task_"

/* The kernel complains of tasks that wait for more than a second and cannot be killed. */
static void test_stuck(long pinned)
{
	long timeout = sysctl_swap(HUNG_TASK "timeout_secs", 1);
	long interval = sysctl_swap(HUNG_TASK "check_interval_secs", 1);
	long warnings = sysctl_swap(HUNG_TASK "warnings", -1);
	struct stuck stuck;
	int status, ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends))
		diag("no pipe");
	stuck.report = ends[1];
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(be_stuck(&stuck));
	close(ends[1]);
	ok(read(ends[0], &byte, 1) == 1, "threads wait for a page that nobody gives");
	sleep(5);
	ok(sysctl_swap(HUNG_TASK "warnings", -1) == warnings, "and none of them is hung");
	kill(pid, SIGKILL);
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "all can be killed");
	ok(pinned_becomes(pinned), "and nothing is left pinned");
	close(ends[0]);
	sysctl_swap(HUNG_TASK "timeout_secs", timeout);
	sysctl_swap(HUNG_TASK "check_interval_secs", interval);
}

void test_lifetime(void)
{
	long pinned = pinned_pages();

	test_foreign();
	test_partition_first(pinned);
	test_vp_first(pinned);
	test_page_last(pinned);
	test_duplicates(pinned);
	test_memory_first(pinned);
	test_close_while_running(pinned);
	test_many_vps(pinned);
	test_large(pinned);
	test_large_with_hole(pinned);
	test_kill(pinned);
	test_stuck(pinned);
}
