// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a machine ended: one line for the user and the exit code that vmwp(8) gives.
 *
 * Also the guest's own crash report (TLFS, "Guest Crash Enlightenment"): the five
 * parameters, and the message that P3 and P4 name when there is one.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "report.h"

#define MESSAGE_MAX	4096u

/* Why, in words for programs; the exit code; a line, or NULL when report_detail() has one. */
static const struct {
	const char *name;
	int code;
	const char *line;
} ends[] = {
	[END_NONE] = { "none", VMWP_EXIT_ERROR, "stopped for no reason" },
	[END_POWER_OFF] = { "power-off", VMWP_EXIT_POWER_OFF, "the guest powered off" },
	[END_RESET] = { "reset", VMWP_EXIT_RESET, "the guest was reset" },
	[END_DEBUG_EXIT] = { "debug-exit", 0, NULL },
	[END_TRIPLE_FAULT] = { "triple-fault", VMWP_EXIT_TRIPLE_FAULT, NULL },
	[END_CRASH] = { "crash", VMWP_EXIT_CRASH, NULL },
	[END_VP_STATE] = { "vp-state", VMWP_EXIT_VP_STATE, NULL },
	[END_ERROR] = { "error", VMWP_EXIT_ERROR, "stopped by an error" },
	[END_SIGNAL] = { "signal", VMWP_EXIT_SIGNAL, NULL },
	[END_QUIT] = { "terminal-quit", VMWP_EXIT_SIGNAL + SIGINT, "ended by Ctrl-A x" },
	[END_CONTROL_QUIT] = { "quit", VMWP_EXIT_SIGNAL + SIGINT, "ended by the control socket" },
	[END_CONTROL_RESET] = { "control-reset", VMWP_EXIT_ERROR, "cannot start again" },
};

static unsigned long long vp_rip(const struct machine *machine)
{
	struct vid_register rip = { .name = HV_X64_REGISTER_RIP };

	vid_get_registers(machine->vps[machine->detail].fd, &rip, 1);
	return rip.value.reg64;
}

static void report_detail(const struct machine *machine)
{
	switch (machine->end) {
	case END_DEBUG_EXIT:
		report("the guest wrote %#x to the debug exit", machine->detail);
		break;
	case END_TRIPLE_FAULT:
		report("triple fault on VP %u, RIP %#llx", machine->detail, vp_rip(machine));
		break;
	case END_VP_STATE:
		report("the CPU refuses the state of VP %u, RIP %#llx", machine->detail,
		       vp_rip(machine));
		break;
	case END_SIGNAL:
		report("ended by signal %u (%s)", machine->detail, strsignal((int)machine->detail));
		break;
	default:
		break;
	}
}

/**
 * end_name() - the reason of an end, as events on the control socket give it
 * @end: any
 *
 * Return: a word.
 */
const char *end_name(enum machine_end end)
{
	return ends[end].name;
}

/**
 * end_report() - say why a machine ended
 * @machine: stopped; its VPs still exist
 *
 * Return: the exit code.
 */
int end_report(const struct machine *machine)
{
	int code = ends[machine->end].code;

	if (ends[machine->end].line)
		report("%s", ends[machine->end].line);
	else
		report_detail(machine);
	if (machine->end == END_SIGNAL)
		code += (int)machine->detail;
	if (machine->end == END_DEBUG_EXIT)
		code = (int)(machine->detail & VMWP_EXIT_DEBUG_MASK);
	return code;
}

/* The guest's own log, as far as it sent it: each line, printable. */
static void report_message(const struct machine *machine, uint64_t gpa, uint64_t size)
{
	char text[MESSAGE_MAX + 1], *line, *rest = text;
	const char *ram;
	size_t i;

	if (size > MESSAGE_MAX)
		size = MESSAGE_MAX;
	ram = memory_at(&machine->memory, gpa, size);
	if (!ram || !size)
		return;
	memcpy(text, ram, size);
	text[size] = '\0';
	for (i = 0; i < size; i++)
		if (!isprint((unsigned char)text[i]) && text[i] != '\n' && text[i])
			text[i] = '?';
	while ((line = strsep(&rest, "\n")))
		if (*line)
			report("| %s", line);
}

/**
 * end_report_crash() - print what a guest says about its crash
 * @machine: it happened in
 * @vp: and on that VP
 * @params: HV_X64_MSR_CRASH_P0..P4
 * @control: what it wrote to HV_X64_MSR_CRASH_CTL
 *
 * Context: VP thread.
 */
void end_report_crash(struct machine *machine, unsigned int vp, const uint64_t params[5],
		      uint64_t control)
{
	bool last = machine->options->on_crash == ACTION_EXIT;

	if (!last && !report_allowed())
		return;
	report("the guest crashed on VP %u: P0=%#llx P1=%#llx P2=%#llx P3=%#llx P4=%#llx", vp,
	       (unsigned long long)params[0], (unsigned long long)params[1],
	       (unsigned long long)params[2], (unsigned long long)params[3],
	       (unsigned long long)params[4]);
	if (control & HV_CRASH_NOTIFY_MSG)
		report_message(machine, params[3], params[4]);
}
