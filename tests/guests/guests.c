// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tiny guests as tests of the hypervisor: a table of them, each run in a machine
 * and a process of its own, within a time limit.  `guests NAME...` runs some, `guests --vmbus
 * [NAME...]` those that need vsp_test.ko (tests/vmbus/vsp) on a VMBus.
 *
 * A guest passes when it says so at PORT_EXIT, or, where the table names a message,
 * when that message ends it.  What an emulator is known to get wrong is skipped on its
 * kind of CPU, with the reason, unless GUESTS_ALL is set.  GUESTS_LIMIT is the time limit in
 * seconds.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "tap.h"

int tap_count, tap_failed;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Seconds that a guest has; its process, if it does not even end itself, has half more. */
#define DEFAULT_LIMIT	40

static int limit;

struct guest_case {
	const char *name;
	enum guest_mode mode;
	unsigned int vps;
	uint32_t final;
};

#define LONG(name)		{ #name, MODE_LONG, 1, 0 }
#define SMP(name, vps)		{ #name, MODE_LONG, vps, 0 }
#define ENDS(name, message)	{ #name, MODE_LONG, 1, message }

static const struct guest_case cases[] = {
	/* the ways in */
	{ "reset", MODE_RESET, 1, 0 },
	{ "real", MODE_REAL, 1, 0 },
	{ "real_interrupts", MODE_REAL, 1, 0 },
	{ "prot16", MODE_PROT16, 1, 0 },
	{ "prot32", MODE_PROT32, 1, 0 },
	{ "paging32", MODE_PROT32, 1, 0 },
	{ "pae", MODE_PROT32, 1, 0 },
	LONG(nothing),
	/* instructions that exit */
	LONG(pio),
	LONG(pio_string),
	LONG(pio_many),
	LONG(cpuid_hypervisor),
	LONG(cpuid_worker),
	LONG(msr_unknown),
	LONG(msr_worker),
	LONG(msr_architectural),
	LONG(msr_canonical),
	LONG(msr_efer),
	LONG(xsetbv),
	LONG(cr8),
	LONG(cr_reserved),
	LONG(task_switched),
	LONG(debug_registers),
	LONG(breakpoint),
	LONG(watchpoint),
	LONG(single_step),
	LONG(invd_wbinvd),
	LONG(svm_instructions),
	/* exceptions */
	LONG(exceptions),
	LONG(page_faults),
	LONG(user_mode),
	LONG(alignment),
	LONG(double_fault),
	ENDS(triple_fault, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	LONG(reinject_exception),
	LONG(reinject_interrupt),
	LONG(reinject_nmi),
	LONG(reinject_software),
	/* the local APIC and interrupts */
	LONG(x2apic),
	LONG(xapic),
	LONG(self_ipi_masked),
	LONG(priorities),
	LONG(tpr),
	LONG(interrupt_worker),
	LONG(interrupt_level),
	LONG(external_interrupt),
	LONG(nmi),
	LONG(nmi_masking),
	LONG(nmi_worker),
	LONG(sti_shadow),
	LONG(mov_ss_shadow),
	LONG(shadow_and_exit),
	LONG(halt_wakes),
	LONG(timer_oneshot),
	LONG(timer_periodic),
	LONG(timer_deadline),
	LONG(timer_masked),
	/* TLFS */
	LONG(hypercall),
	LONG(hypercall_disabled),
	LONG(synthetic_msrs),
	LONG(reference_time),
	LONG(tsc_page),
	LONG(synic),
	LONG(stimer_message),
	LONG(stimer_direct),
	LONG(stimer_periodic),
	LONG(auto_eoi),
	LONG(hypercall_xmm),
	LONG(hypercall_get_registers),
	LONG(hypercall_get_registers_fast),
	LONG(hypercall_set_registers),
	LONG(hypercall_tsc_aux),
	LONG(hypercall_registers_refused),
	LONG(hypercall_list_continues),
	LONG(hypercall_capabilities),
	LONG(privileges),
	LONG(reenlightenment),
	LONG(tsc_invariant),
	LONG(crash_msrs),
	LONG(vp_runtime),
	LONG(guest_idle),
	LONG(tlfs_pages_refused),
	LONG(apic_msrs),
	LONG(eoi_msr),
	ENDS(reset_msr, HV_MESSAGE_X64_MSR_INTERCEPT),
	LONG(hypercall_flush),
	LONG(hypercall_flush_ex),
	LONG(post_message),
	LONG(post_message_refused),
	LONG(signal_event),
	LONG(receive_messages),
	LONG(receive_messages_refused),
	LONG(receive_events),
	LONG(sint_polling),
	LONG(lazy_eoi),
	LONG(lazy_eoi_two),
	LONG(lazy_eoi_nested),
	LONG(lazy_eoi_ignored),
	/* memory */
	LONG(mmio),
	LONG(mmio_message),
	LONG(rom),
	LONG(release),
	LONG(self_modifying),
	LONG(dirty_log),
	LONG(doorbell_pio),
	LONG(doorbell_gpa),
	LONG(translate),
	ENDS(jump_nowhere, HV_MESSAGE_UNMAPPED_GPA),
	/* no worker could emulate a page walk */
	ENDS(walk_nowhere, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	/* floating point */
	LONG(fpu),
	LONG(avx),
	/* several VPs */
	SMP(smp_start, 2),
	SMP(smp_ipi, 2),
	SMP(smp_broadcast, 4),
	SMP(smp_nmi, 2),
	SMP(smp_fpu, 2),
	SMP(smp_shootdown, 2),
	SMP(smp_hypercall_ipi, 2),
	SMP(smp_hypercall_ipi_ex, 2),
	SMP(smp_hypercall_start, 2),
	SMP(smp_vp_index, 2),
	SMP(smp_ask_each_other, 2),
	SMP(smp_restart, 2),
	SMP(smp_long_spin, 16),
	SMP(smp_64, 64),
	/* hostile: what they try has a clear outcome, and then all goes on */
	SMP(hostile_hypercalls, 4),
	SMP(hostile_msrs, 4),
	SMP(hostile_ipis, 4),
	SMP(hostile_nmi_shadows, 2),
	LONG(hostile_apic),
	LONG(hostile_pages),
	SMP(hostile_release, 2),
	SMP(hostile_remap, 2),
	SMP(hostile_patching, 2),
	LONG(hostile_cr4),
	LONG(hostile_efer),
	LONG(hostile_cr0),
	LONG(hostile_xsetbv),
	LONG(hostile_mtrrs),
	LONG(hostile_steps),
	LONG(icebp),
	LONG(hostile_shadows),
	LONG(hostile_nmis),
	LONG(hostile_irets),
	LONG(gate_not_present),
	LONG(double_fault_released),
	ENDS(double_fault_not_present, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	LONG(tables_in_circles),
	ENDS(tables_in_rom, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	ENDS(cr3_nowhere, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	ENDS(cr3_beyond, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	ENDS(idt_nowhere, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	ENDS(stack_nowhere, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	ENDS(tss_nowhere, HV_MESSAGE_UNRECOVERABLE_EXCEPTION),
	ENDS(gdt_nowhere, HV_MESSAGE_UNMAPPED_GPA),
	ENDS(code_into_nowhere, HV_MESSAGE_UNMAPPED_GPA),
	ENDS(data_into_nowhere, HV_MESSAGE_UNMAPPED_GPA),
	{ "task_switch", MODE_PROT32, 1, 0 },
	{ "task_nowhere", MODE_PROT32, 1, HV_MESSAGE_UNMAPPED_GPA },
};

static const struct guest_case vmbus_cases[] = {
	LONG(vmbus_echo),
	LONG(vmbus_interrupt),
	LONG(vmbus_refuse),
	SMP(vmbus_full, 2),
	LONG(vmbus_memory),
	LONG(vmbus_memory_refused),
	LONG(vmbus_memory_released),
	LONG(vmbus_gpadl),
	LONG(vmbus_reopen),
	LONG(vmbus_open_refused),
	LONG(vmbus_signal_again),
	SMP(vmbus_revoke, 2),
	LONG(vmbus_subchannels),
	SMP(vmbus_bus_closed, 2),
	SMP(vmbus_killed, 2),		/* its process is */
	SMP(vmbus_hostile, 2),
	SMP(vmbus_hostile_two, 2),
	LONG(vmbus_noise),
};

/* Faults of emulators.  Behind tests/rootvm --cpu svm is QEMU 7.2, behind others bochs 2.7. */
static const struct guest_skip {
	const char *cpu, *name, *reason;
} skips[] = {
	{ "svm", "msr_canonical", "QEMU TCG takes bases that are not canonical" },
	{ "svm", "cr_reserved", "QEMU TCG does not check the reserved bits of CR0 in a guest" },
	{ "svm", "alignment", "QEMU TCG checks no alignment" },
	{ "svm", "icebp", "QEMU TCG raises no #DB for ICEBP" },
	{ "svm", "double_fault_released",
	  "QEMU TCG says of a double fault that its first exception was interrupted" },
	{ "vmx", "tables_in_rom", "bochs sets accessed bits where EPT forbids to write" },
	{ "svm-bochs", "cr_reserved", "bochs lets a guest clear CR0.PE in long mode, and ends" },
	{ "svm-bochs", "breakpoint", "bochs leaves DR6 as it is where #DB exits" },
	{ "svm-bochs", "watchpoint", "bochs leaves DR6 as it is where #DB exits" },
	{ "svm-bochs", "single_step",
	  "bochs keeps a trap over an instruction that exits, and raises it in the host" },
	{ "svm-bochs", "hostile_steps",
	  "bochs keeps a trap over an instruction that exits, and raises it in the host" },
	{ "svm-bochs", "reinject_interrupt",
	  "bochs says of a virtual interrupt that an exit cut short what it said last" },
	{ "svm-bochs", "reinject_software",
	  "bochs says of an INT that an exit cut short what it said last" },
	{ "svm-bochs", "triple_fault", "bochs ends where the CPU should intercept the shutdown" },
	{ "svm-bochs", "double_fault_not_present",
	  "bochs ends where the CPU should intercept the shutdown" },
};

/* NULL: it is to be run. */
static const char *skip_reason(const char *name)
{
	const char *cpu = getenv("ROOTVM");
	size_t i;

	if (!cpu || getenv("GUESTS_ALL"))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(skips); i++)
		if (!strcmp(skips[i].cpu, cpu) && !strcmp(skips[i].name, name))
			return skips[i].reason;
	return NULL;
}

/* Its entry, in the table that the image begins with; 0: none of that name. */
static uint64_t find_entry(const char *name)
{
	const uint64_t *entry = (const uint64_t *)(guest_image + TABLE - IMAGE);

	for (; entry[0]; entry += 2)
		if (!strcmp((const char *)guest_image + entry[0] - IMAGE, name))
			return entry[1];
	return 0;
}

/* ---- in the guest's own process */

static void show_console(struct machine *machine)
{
	char *line, *rest = machine->console;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			diag("guest: %s", line);
}

static int run_guest(const struct guest_case *guest, uint64_t entry)
{
	static struct machine machine;
	bool passed;

	machine_create(&machine, guest->vps);
	machine.final = guest->final;
	machine_start(&machine, guest->mode, entry);
	passed = machine_run(&machine, limit);
	if (!passed) {
		diag("%s", machine.why);
		vmbus_show(&machine);
	}
	if (!passed || getenv("GUESTS_VERBOSE"))
		show_console(&machine);
	machine_destroy(&machine);
	return passed ? 0 : 1;
}

/* ---- in the test's */

static bool ended(pid_t pid, int *status)
{
	int ticks;

	for (ticks = 0; ticks < limit * 150; ticks++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		usleep(10000);
	}
	return false;
}

static bool run_in_child(const struct guest_case *guest, uint64_t entry)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		status = run_guest(guest, entry);
		fflush(stdout);
		_exit(status);
	}
	if (!ended(pid, &status)) {
		diag("its process does not end: killed");
		kill(pid, SIGKILL);
		/* not waited for: it may never go */
		return false;
	}
	if (!strcmp(guest->name, "vmbus_killed"))
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (WIFSIGNALED(status))
		diag("its process died of signal %d", WTERMSIG(status));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void run_case(const struct guest_case *guest)
{
	uint64_t entry = find_entry(guest->name);
	const char *reason = skip_reason(guest->name);
	struct timespec start, end;
	bool passed;

	if (reason) {
		skip(guest->name, reason);
		return;
	}
	if (!entry)
		diag("the image has no such guest");
	clock_gettime(CLOCK_MONOTONIC, &start);
	passed = entry && run_in_child(guest, entry);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok(passed, "%s", guest->name);
	if (getenv("GUESTS_VERBOSE"))
		diag("%.3f s", end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static void run_cases(const struct guest_case *guests, size_t count, char **names)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (wanted(guests[i].name, names))
			run_case(&guests[i]);
}

int main(int argc, char **argv)
{
	const char *text = getenv("GUESTS_LIMIT");

	limit = text ? atoi(text) : DEFAULT_LIMIT;
	if (argc > 1 && !strcmp(argv[1], "--vmbus"))
		run_cases(vmbus_cases, ARRAY_SIZE(vmbus_cases), argv + 2);
	else
		run_cases(cases, ARRAY_SIZE(cases), argv + 1);
	return done_testing();
}
