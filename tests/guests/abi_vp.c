// SPDX-License-Identifier: GPL-2.0-or-later
/* The ABI test's part for virtual processors: mmap, run, registers, state. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "abi.h"

/* ---- the page */

static void test_mmap(int vp)
{
	static const struct {
		const char *name;
		size_t size;
		int prot, flags;
		off_t offset;
	} bad[] = {
		{ "two pages", 2 * PAGE, PROT_READ, MAP_SHARED, 0 },
		{ "offset 1", PAGE, PROT_READ, MAP_SHARED, PAGE },
		{ "a far offset", PAGE, PROT_READ, MAP_SHARED, 1ll << 40 },
		{ "private", PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0 },
		{ "executable", PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0 },
	};
	struct vid_vp_page *page, *second;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(mmap(NULL, bad[i].size, bad[i].prot, bad[i].flags, vp, bad[i].offset) ==
		   MAP_FAILED && errno == EINVAL, "mmap of a VP, %s: EINVAL", bad[i].name);
	page = map_page(vp);
	second = map_page(vp);
	page->reserved[0] = 77;
	ok(second->reserved[0] == 77, "two mappings are one page");
	page->reserved[0] = 0;
	ok(mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED, "it does not grow");
	ok(mprotect(page, PAGE, PROT_READ | PROT_EXEC), "it does not become executable");
	munmap(page, PAGE);
	munmap(second, PAGE);
}

/* ---- registers */

static long registers(int vp, unsigned long command, struct vid_register *array, uint32_t count)
{
	struct vid_registers list = { .registers = (uintptr_t)array, .count = count };

	return call(vp, command, &list);
}

static long get_register(int vp, uint32_t name, uint64_t *value)
{
	struct vid_register reg = { .name = name };
	long result = registers(vp, VID_GET_REGISTERS, &reg, 1);

	*value = reg.value.reg64;
	return result;
}

static long set_register(int vp, uint32_t name, uint64_t value)
{
	struct vid_register reg = { .name = name, .value.reg64 = value };

	return registers(vp, VID_SET_REGISTERS, &reg, 1);
}

static void test_register_lists(int vp)
{
	static struct vid_register many[VID_REGISTERS_MAX + 1];
	struct vid_register bad = { .name = HV_X64_REGISTER_RAX, .mbz = 1 };
	struct vid_registers list = { .registers = (uintptr_t)many, .count = 1, .mbz = 1 };
	static const unsigned long both[] = { VID_GET_REGISTERS, VID_SET_REGISTERS };
	size_t i;

	for (i = 0; i <= VID_REGISTERS_MAX; i++)
		many[i].name = HV_X64_REGISTER_RAX + (i & 15);
	for (i = 0; i < 2; i++) {
		const char *name = i ? "SET_REGISTERS" : "GET_REGISTERS";

		ok(registers(vp, both[i], many, 0) == -EINVAL, "%s of none: EINVAL", name);
		ok(!registers(vp, both[i], many, VID_REGISTERS_MAX), "%s of 128", name);
		ok(registers(vp, both[i], many, VID_REGISTERS_MAX + 1) == -EINVAL,
		   "of 129: EINVAL");
		ok(registers(vp, both[i], many, ~0u) == -EINVAL, "of ~0: EINVAL");
		ok(registers(vp, both[i], NULL, 1) == -EFAULT, "at NULL: EFAULT");
		ok(registers(vp, both[i], &bad, 1) == -EINVAL, "with mbz: EINVAL");
		ok(call(vp, both[i], &list) == -EINVAL, "list with mbz: EINVAL");
	}
}

static void test_register_names(int vp)
{
	static const uint32_t bad[] = {
		0x00020012, 0x00030010, 0x0004000f, 0x00050006, 0x00060008, 0x12345678, ~0u,
	};
	uint64_t value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ok(get_register(vp, bad[i], &value) == -EINVAL, "getting %#x: EINVAL", bad[i]);
		ok(set_register(vp, bad[i], 0) == -EINVAL, "setting %#x: EINVAL", bad[i]);
	}
}

/* What the architecture forbids is refused, and the register keeps its value. */
static void test_register_values(int vp)
{
	static const struct {
		const char *name;
		uint32_t reg;
		uint64_t value;
	} bad[] = {
		{ "CR0 with high bits", HV_X64_REGISTER_CR0, 1ull << 32 | 0x10 },
		{ "CR0 with PG, without PE", HV_X64_REGISTER_CR0, 0x80000010 },
		{ "CR0 with NW, without CD", HV_X64_REGISTER_CR0, 0x20000010 },
		{ "CR4 with unknown bits", HV_X64_REGISTER_CR4, 1ull << 63 },
		{ "CR8 of 16", HV_X64_REGISTER_CR8, 16 },
		{ "EFER with unknown bits", HV_X64_REGISTER_EFER, 1ull << 63 },
		{ "DR6 with high bits", HV_X64_REGISTER_DR6, 1ull << 32 },
		{ "DR7 with high bits", HV_X64_REGISTER_DR7, 1ull << 32 },
		{ "PAT of type 2", HV_X64_REGISTER_PAT, 2 },
		{ "XFEM without x87", HV_X64_REGISTER_XFEM, 2 },
		{ "XFEM of unknown parts", HV_X64_REGISTER_XFEM, 1ull << 62 | 1 },
		{ "KERNEL_GS_BASE not canonical", HV_X64_REGISTER_KERNEL_GS_BASE, 1ull << 62 },
		{ "LSTAR not canonical", HV_X64_REGISTER_LSTAR, 1ull << 62 },
		{ "APIC_BASE with low bits", HV_X64_REGISTER_APIC_BASE, 0xfee00801 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t before = 0, after = 1;

		get_register(vp, bad[i].reg, &before);
		ok(set_register(vp, bad[i].reg, bad[i].value) == -EINVAL, "%s: EINVAL",
		   bad[i].name);
		get_register(vp, bad[i].reg, &after);
		if (!ok(before == after, "and it is what it was"))
			diag("%#llx became %#llx", (unsigned long long)before,
			     (unsigned long long)after);
	}
}

static void test_register_reset(int vp)
{
	static const struct {
		const char *name;
		uint32_t reg;
		uint64_t value;
	} wanted[] = {
		{ "RIP", HV_X64_REGISTER_RIP, 0xfff0 },
		{ "RFLAGS", HV_X64_REGISTER_RFLAGS, 2 },
		{ "CR0", HV_X64_REGISTER_CR0, 0x60000010 },
		{ "CR4", HV_X64_REGISTER_CR4, 0 },
		{ "EFER", HV_X64_REGISTER_EFER, 0 },
		{ "DR7", HV_X64_REGISTER_DR7, 0x400 },
		{ "PAT", HV_X64_REGISTER_PAT, 0x0007040600070406 },
		{ "CS base", HV_X64_REGISTER_CS, 0xffff0000 },
		{ "RAX", HV_X64_REGISTER_RAX, 0 },
		{ "XFEM", HV_X64_REGISTER_XFEM, 1 },
	};
	uint64_t value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		value = ~wanted[i].value;
		get_register(vp, wanted[i].reg, &value);
		if (!ok(value == wanted[i].value, "%s at reset", wanted[i].name))
			diag("%#llx", (unsigned long long)value);
	}
}

/* A set that fails at its second register has written the first and not the third. */
static void test_register_order(int vp)
{
	struct vid_register three[] = {
		{ .name = HV_X64_REGISTER_RCX, .value.reg64 = 0x1111 },
		{ .name = 0x12345678 },
		{ .name = HV_X64_REGISTER_RDX, .value.reg64 = 0x3333 },
	};
	uint64_t first = 0, third = 0x3333;

	ok(registers(vp, VID_SET_REGISTERS, three, 3) == -EINVAL, "the second is bad: EINVAL");
	get_register(vp, HV_X64_REGISTER_RCX, &first);
	get_register(vp, HV_X64_REGISTER_RDX, &third);
	ok(first == 0x1111 && third != 0x3333, "the first is written, the third is not");
	set_register(vp, HV_X64_REGISTER_RCX, 0);
}

/* ---- larger state */

static long vp_state(int vp, unsigned long command, uint32_t type, void *buffer, uint32_t *size)
{
	struct vid_vp_state_io io = {
		.buffer = (uintptr_t)buffer,
		.type = type,
		.size = *size,
	};
	long result = call(vp, command, &io);

	*size = io.size;
	return result;
}

static void test_one_state(int vp, const char *name, uint32_t type)
{
	uint32_t size = 0, other;
	void *buffer;

	ok(vp_state(vp, VID_GET_VP_STATE, type, NULL, &size) == -ENOSPC && size,
	   "GET_VP_STATE, %s of no room: ENOSPC, and how much", name);
	buffer = calloc(1, size + 8);
	other = size - 1;
	ok(vp_state(vp, VID_GET_VP_STATE, type, buffer, &other) == -ENOSPC && other == size,
	   "a byte too few: ENOSPC");
	other = size + 8;
	ok(!vp_state(vp, VID_GET_VP_STATE, type, buffer, &other) && other == size,
	   "with more room, how much it was");
	ok(vp_state(vp, VID_GET_VP_STATE, type, (void *)8, &other) == -EFAULT, "nowhere: EFAULT");
	ok(!vp_state(vp, VID_SET_VP_STATE, type, buffer, &other), "SET_VP_STATE of the same");
	ok(vp_state(vp, VID_SET_VP_STATE, type, (void *)8, &other) == -EFAULT,
	   "from nowhere: EFAULT");
	other = size - 8;
	ok(vp_state(vp, VID_SET_VP_STATE, type, buffer, &other) == -EINVAL, "too few: EINVAL");
	other = size + 8;
	ok(vp_state(vp, VID_SET_VP_STATE, type, buffer, &other) == -EINVAL, "too many: EINVAL");
	other = ~0u;
	ok(vp_state(vp, VID_SET_VP_STATE, type, buffer, &other) == -EINVAL, "4 GiB: EINVAL");
	free(buffer);
}

/* Header bits that no XSAVE of the guest could have written. */
static void test_xsave_values(int vp)
{
	static const struct {
		const char *name;
		size_t offset;
		uint8_t value;
	} bad[] = {
		{ "XSTATE_BV of unknown parts", 519, 0x40 },
		{ "compacted format", 527, 0x80 },
		{ "reserved header bytes", 528, 1 },
		{ "MXCSR with reserved bits", 27, 0xff },
	};
	uint8_t buffer[16384];
	uint32_t size = sizeof(buffer);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		size = sizeof(buffer);
		vp_state(vp, VID_GET_VP_STATE, VID_VP_STATE_XSAVE, buffer, &size);
		buffer[512] |= 3;
		buffer[bad[i].offset] |= bad[i].value;
		ok(vp_state(vp, VID_SET_VP_STATE, VID_VP_STATE_XSAVE, buffer, &size) == -EINVAL,
		   "XSAVE, %s: EINVAL", bad[i].name);
	}
}

static void test_state(int vp)
{
	struct vid_lapic_state lapic = { 0 };
	uint32_t size = sizeof(lapic);

	ok(vp_state(vp, VID_GET_VP_STATE, 2, &lapic, &size) == -EINVAL, "state 2: EINVAL");
	ok(vp_state(vp, VID_SET_VP_STATE, ~0u, &lapic, &size) == -EINVAL, "state ~0: EINVAL");
	test_one_state(vp, "XSAVE", VID_VP_STATE_XSAVE);
	test_one_state(vp, "LAPIC", VID_VP_STATE_LAPIC);
	test_xsave_values(vp);
	vp_state(vp, VID_GET_VP_STATE, VID_VP_STATE_LAPIC, &lapic, &size);
	ok(lapic.apic_base == 0xfee00900, "VP 0 is the bootstrap processor, APIC on");
	lapic.mbz = 1;
	ok(vp_state(vp, VID_SET_VP_STATE, VID_VP_STATE_LAPIC, &lapic, &size) == -EINVAL,
	   "LAPIC with mbz: EINVAL");
}

/* ---- the worker's helpers */

static void test_apic(int vp)
{
	struct vid_apic_access access = { .offset = 0x80, .write = 1, .value = 0x20 };

	expect("ACCESS_APIC, offset 8: EINVAL", -EINVAL, vp, VID_ACCESS_APIC,
	       &(struct vid_apic_access){ .offset = 8 });
	expect("offset 4096: EINVAL", -EINVAL, vp, VID_ACCESS_APIC,
	       &(struct vid_apic_access){ .offset = 4096 });
	expect("write 2: EINVAL", -EINVAL, vp, VID_ACCESS_APIC,
	       &(struct vid_apic_access){ .offset = 0x80, .write = 2 });
	expect("mbz: EINVAL", -EINVAL, vp, VID_ACCESS_APIC,
	       &(struct vid_apic_access){ .offset = 0x80, .mbz = 1 });
	expect("TPR is written", 0, vp, VID_ACCESS_APIC, &access);
	access.write = 0;
	access.value = 0;
	expect("and read", 0, vp, VID_ACCESS_APIC, &access);
	ok(access.value == 0x20, "with what was written");
	access.write = 1;
	access.value = 0;
	call(vp, VID_ACCESS_APIC, &access);
}

static void test_translate(int vp)
{
	struct vid_translate_gva translate = { .gva = 0x1234 };

	expect("TRANSLATE_GVA with unknown flags: EINVAL", -EINVAL, vp, VID_TRANSLATE_GVA,
	       &(struct vid_translate_gva){ .flags = 1ull << 63 });
	expect("TRANSLATE_GVA without paging", 0, vp, VID_TRANSLATE_GVA, &translate);
	ok(translate.result == HV_TRANSLATE_GVA_SUCCESS && translate.gpa == 0x1234,
	   "is the identity");
}

/* ---- running */

struct runner {
	int vp;
	pthread_t thread;
	long result;
};

static void *run(void *argument)
{
	struct runner *runner = argument;

	runner->result = call(runner->vp, VID_RUN_VP, NULL);
	return NULL;
}

static void on_signal(int number)
{
}

/* Meanwhile a loop runs in the guest. */
static void test_busy(struct runner *runner)
{
	struct vid_register reg = { .name = HV_X64_REGISTER_RAX };

	pthread_create(&runner->thread, NULL, run, runner);
	usleep(200000);
	expect("RUN_VP of a VP that runs: EBUSY", -EBUSY, runner->vp, VID_RUN_VP, NULL);
	ok(registers(runner->vp, VID_GET_REGISTERS, &reg, 1) == -EBUSY, "GET_REGISTERS: EBUSY");
	ok(registers(runner->vp, VID_SET_REGISTERS, &reg, 1) == -EBUSY, "SET_REGISTERS: EBUSY");
	expect("CANCEL_RUN", 0, runner->vp, VID_CANCEL_RUN, NULL);
	pthread_join(runner->thread, NULL);
	ok(runner->result == -EINTR, "ends it with EINTR");
}

static void test_signal(struct runner *runner)
{
	pthread_create(&runner->thread, NULL, run, runner);
	usleep(200000);
	pthread_kill(runner->thread, SIGUSR1);
	pthread_join(runner->thread, NULL);
	ok(runner->result == -EINTR, "a signal ends a run with EINTR");
}

static void test_commit(int vp, struct vid_vp_page *page)
{
	page->commit = 0x10;
	expect("RUN_VP with commit bit 4: EINVAL", -EINVAL, vp, VID_RUN_VP, NULL);
	page->commit = 1u << 31;
	expect("with commit bit 31: EINVAL", -EINVAL, vp, VID_RUN_VP, NULL);
	page->commit = VID_COMMIT_EXT_INT;
	page->ext_int_vector = 256;
	expect("with external vector 256: EINVAL", -EINVAL, vp, VID_RUN_VP, NULL);
	page->commit = 0;
	page->ext_int_vector = 0;
}

static void test_run(int partition, int vp)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct vid_vp_page *page = map_page(vp);
	struct runner runner = { .vp = vp };
	void *memory = new_memory(PAGE);

	sigaction(SIGUSR1, &action, NULL);
	memcpy(memory, endless_loop, sizeof(endless_loop));
	ok(!map_gpa(partition, 0, PAGE, memory, RWX), "a page with a loop in it");
	start_at_zero(vp);
	test_commit(vp, page);
	expect("CANCEL_RUN ahead", 0, vp, VID_CANCEL_RUN, NULL);
	memset(&page->message, 0xff, sizeof(page->message));
	expect("RUN_VP then: EINTR", -EINTR, vp, VID_RUN_VP, NULL);
	ok(page->message.header.message_type == HV_MESSAGE_NONE, "and no message");
	test_busy(&runner);
	test_signal(&runner);
	munmap(page, PAGE);
}

static void test_start_suspended(int partition)
{
	int vp = new_vp(partition, 1);
	uint64_t value = 0;

	get_register(vp, HV_REGISTER_INTERNAL_ACTIVITY_STATE, &value);
	ok(value & HV_ACTIVITY_STARTUP_SUSPEND, "VP 1 waits for INIT and SIPI");
	close(vp);
}

void test_vp(void)
{
	int partition = new_partition(2), vp = new_vp(partition, 0);

	test_mmap(vp);
	test_register_reset(vp);
	test_register_lists(vp);
	test_register_names(vp);
	test_register_values(vp);
	test_register_order(vp);
	test_state(vp);
	test_apic(vp);
	test_translate(vp);
	test_start_suspended(partition);
	test_run(partition, vp);
	close(vp);
	close(partition);
}
