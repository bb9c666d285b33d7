// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * States that a worker can write and no CPU has.  What the setters let through the CPU refuses
 * when it is to enter, or it makes something of it: either way that run ends, with a message that
 * says which, and the next VP runs.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "abi.h"

#define REG(n, v)	{ .name = HV_X64_REGISTER_##n, .value.reg64 = (v) }
#define SEGMENT(n, b, a) { .name = HV_X64_REGISTER_##n, \
			   .value.segment = { .base = (b), .limit = 0xffff, .attributes = (a) } }
#define REGISTERS_MAX	4

struct state {
	const char *name;
	bool refused;			/* by every CPU; else some make do with it */
	struct vid_register registers[REGISTERS_MAX];
};

static const struct state states[] = {
	{ "long mode without PAE", true, { REG(EFER, 0x100), REG(CR0, 0x80000031) } },
	{ "code in a data segment", false, { SEGMENT(CS, 0, 0x93) } },
	{ "a code segment that is a gate", false, { SEGMENT(CS, 0, 0x8c) } },
	{ "a code segment beyond 4 GiB", false, { SEGMENT(CS, 1ull << 40, 0x9b) } },
	{ "a stack that is code", false, { SEGMENT(SS, 0, 0x9b) } },
	{ "a stack of another privilege", false, { REG(CR0, 0x31), SEGMENT(SS, 0, 0xf3) } },
	{ "no task", false, { SEGMENT(TR, 0, 0) } },
	{ "a task that is data", false, { SEGMENT(TR, 0, 0x93) } },
	{ "a local descriptor table that is a task", false, { SEGMENT(LDTR, 0, 0x8b) } },
	{ "a RIP of 40 bits in real mode", false, { REG(RIP, 1ull << 40) } },
	{ "virtual-8086 mode in real mode", false, { REG(RFLAGS, 0x20002) } },
	{ "PCIDs without long mode", false, { REG(CR4, 1ull << 17) } },
	{ "a breakpoint with an error code", false,
	  { { .name = HV_REGISTER_PENDING_INTERRUPTION,
	      .value.reg64 = HV_PENDING_INTERRUPTION | HV_INTERRUPTION_EXCEPTION << 1 |
			     HV_PENDING_INTERRUPTION_ERROR | 3 << 16 } } },
	{ "a step in a shadow", false,
	  { REG(RFLAGS, 0x102), { .name = HV_REGISTER_INTERRUPT_STATE,
				  .value.reg64 = HV_INTERRUPT_SHADOW } } },
	{ "an NMI while they are masked", false,
	  { { .name = HV_REGISTER_INTERRUPT_STATE, .value.reg64 = HV_INTERRUPT_NMI_MASKED },
	    { .name = HV_REGISTER_PENDING_INTERRUPTION,
	      .value.reg64 = HV_PENDING_INTERRUPTION | HV_INTERRUPTION_NMI << 1 | 2 << 16 } } },
};

static void on_alarm(int number)
{
	(void)number;
}

/* Until a message comes, or the guest has run for some time: the message's type, or -errno. */
static long run_for_a_while(int vp)
{
	static const struct itimerval some = { { 0, 50000 }, { 0, 50000 } }, none;
	struct vid_vp_page *page = map_page(vp);
	struct sigaction action = { .sa_handler = on_alarm };
	long result;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &some, NULL);
	result = call(vp, VID_RUN_VP, NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	if (!result)
		result = page->message.header.message_type;
	munmap(page, PAGE);
	return result;
}

static long run_state(const struct state *state)
{
	int partition = new_partition(1), vp = new_vp(partition, 0);
	void *memory = new_memory(PAGE);
	long result = 0;
	size_t i;

	memcpy(memory, endless_loop, sizeof(endless_loop));
	map_gpa(partition, 0, PAGE, memory, RWX);
	start_at_zero(vp);
	for (i = 0; state && i < REGISTERS_MAX && state->registers[i].name; i++) {
		struct vid_register copy = state->registers[i];
		struct vid_registers list = { .registers = (uintptr_t)&copy, .count = 1 };

		result = call(vp, VID_SET_REGISTERS, &list);
		if (result)
			break;
	}
	if (!result)
		result = run_for_a_while(vp);
	close(vp);
	close(partition);
	munmap(memory, PAGE);
	return result;
}

/* A setter may refuse it already. */
static bool ended_well(const struct state *state, long result)
{
	if (result == HV_MESSAGE_INVALID_VP_REGISTER_VALUE)
		return true;
	return !state->refused && (result == -EINVAL || result == -EINTR ||
				   result == HV_MESSAGE_UNRECOVERABLE_EXCEPTION ||
				   result == HV_MESSAGE_UNMAPPED_GPA);
}

void test_states(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		long result = run_state(&states[i]);

		if (!ok(ended_well(&states[i], result), "%s", states[i].name))
			diag("it ends with %#lx", result);
		ok(run_state(NULL) == -EINTR, "and the next VP runs");
	}
}
