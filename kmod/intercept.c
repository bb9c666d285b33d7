// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens on an exit: the kernel acts, or the worker gets an intercept message
 * (TLFS "Intercept Message Formats").
 *
 * Handlers run in the VP's thread, preemption on.  RIP still points to the
 * intercepted instruction; whoever completes it moves it past.
 */
#include <linux/sched.h>
#include <asm/debugreg.h>
#include <asm/trapnr.h>

#include "hv.h"
#include "insn.h"
#include "trace.h"

/* ---- messages */

/**
 * rs_message() - begin a message to the worker
 * @vp:   the VP
 * @type: HV_MESSAGE_*
 * @size: bytes of payload, at most HV_MESSAGE_PAYLOAD_MAX
 *
 * Return: its payload, zeroed.
 */
void *rs_message(struct rs_vp *vp, u32 type, u8 size)
{
	struct hv_message *message = &vp->page->message;

	memset(message, 0, sizeof(*message));
	message->header.message_type = type;
	message->header.payload_size = size;
	return message->payload;
}

static u16 execution_state(struct rs_vp *vp, const struct rs_mode *mode)
{
	return rs_mode_cpl(vp, mode) | (mode->cr0 & X86_CR0_PE ? HV_X64_EXECUTION_CR0_PE : 0) |
	       (mode->cr0 & X86_CR0_AM ? HV_X64_EXECUTION_CR0_AM : 0) |
	       (mode->efer & EFER_LMA ? HV_X64_EXECUTION_EFER_LMA : 0) |
	       (vp->event.valid ? HV_X64_EXECUTION_INTERRUPTION : 0);
}

/**
 * rs_message_begin() - begin an intercept message; its header is filled
 * @vp:     the VP
 * @type:   HV_MESSAGE_*
 * @size:   bytes of payload, the header among them
 * @access: HV_INTERCEPT_ACCESS_*
 * @length: the instruction's length, bytes; 0: not known
 *
 * Return: its payload, which begins with struct hv_x64_intercept_message_header.
 */
void *rs_message_begin(struct rs_vp *vp, u32 type, u8 size, u8 access, u8 length)
{
	struct hv_x64_intercept_message_header *header = rs_message(vp, type, size);
	struct rs_mode mode;

	rs_backend->get_mode(vp, &mode);
	header->vp_index = vp->index;
	header->instruction_length = length;
	header->cr8 = rs_lapic_get_cr8(&vp->lapic);
	header->intercept_access_type = access;
	header->execution_state = execution_state(vp, &mode);
	header->cs_segment = mode.cs;
	header->rip = vp->regs.rip;
	header->rflags = vp->regs.rflags;
	return header;
}

bool rs_intercepted(struct rs_partition *partition, u32 type, u32 parameter)
{
	/* pairs with the release in rs_install_intercept() */
	u32 n = smp_load_acquire(&partition->intercept_count), i;

	for (i = 0; i < n; i++)
		if (partition->intercepts[i].type == type &&
		    partition->intercepts[i].parameter == parameter)
			return true;
	return false;
}

/* ---- completion of an instruction */

/* Length of the intercepted instruction; 0: the guest changed it, let it run again. */
static unsigned int exit_length(struct rs_vp *vp, enum rs_insn insn)
{
	u8 bytes[15];
	int count;

	if (vp->exit.length)
		return vp->exit.length;
	count = rs_gva_fetch(vp, bytes);
	return rs_insn_length(bytes, count, rs_vp_64bit(vp), insn);
}

/* Past the instruction: the shadow ends, a single step traps (SDM3 §18.3.1.4). */
void rs_vp_advance(struct rs_vp *vp, unsigned int length)
{
	vp->regs.rip += length;
	if (!rs_vp_64bit(vp))
		vp->regs.rip = (u32)vp->regs.rip;
	rs_vp_end_shadow(vp);
	if (vp->regs.rflags & X86_EFLAGS_TF) {
		union hv_register_value dr6;

		rs_backend->get_register(vp, HV_X64_REGISTER_DR6, &dr6);
		dr6.reg64 |= DR_STEP;
		rs_backend->set_register(vp, HV_X64_REGISTER_DR6, &dr6);
		rs_vp_inject_exception(vp, X86_TRAP_DB, false, 0);
	}
}

static u32 low(u64 value)
{
	return value;
}

static void set_edx_eax(struct rs_vp *vp, u64 value)
{
	vp->regs.gpr[RS_RAX] = low(value);
	vp->regs.gpr[RS_RDX] = value >> 32;
}

/* ---- handlers: RS_RESUME, RS_TO_WORKER, or -errno */

static int handle_none(struct rs_vp *vp)
{
	vp->counters[RS_COUNT_HOST]++;
	return RS_RESUME;
}

static int cpuid_message(struct rs_vp *vp, unsigned int length, const u32 out[4])
{
	struct hv_x64_cpuid_intercept_message *m =
		rs_message_begin(vp, HV_MESSAGE_X64_CPUID_INTERCEPT, sizeof(*m),
				 HV_INTERCEPT_ACCESS_READ, length);

	m->rax = vp->regs.gpr[RS_RAX];
	m->rbx = vp->regs.gpr[RS_RBX];
	m->rcx = vp->regs.gpr[RS_RCX];
	m->rdx = vp->regs.gpr[RS_RDX];
	m->default_result_rax = out[0];
	m->default_result_rbx = out[1];
	m->default_result_rcx = out[2];
	m->default_result_rdx = out[3];
	return RS_TO_WORKER;
}

static int handle_cpuid(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_CPUID);
	u32 leaf = vp->regs.gpr[RS_RAX], out[4];

	vp->counters[RS_COUNT_CPUID]++;
	if (!length)
		return RS_RESUME;
	rs_cpuid(vp, leaf, vp->regs.gpr[RS_RCX], out);
	if (rs_intercepted(vp->partition, VID_INTERCEPT_CPUID, leaf))
		return cpuid_message(vp, length, out);
	vp->regs.gpr[RS_RAX] = out[0];
	vp->regs.gpr[RS_RBX] = out[1];
	vp->regs.gpr[RS_RCX] = out[2];
	vp->regs.gpr[RS_RDX] = out[3];
	rs_vp_advance(vp, length);
	return RS_RESUME;
}

static int msr_message(struct rs_vp *vp, u32 msr, u8 access, unsigned int length)
{
	struct hv_x64_msr_intercept_message *m =
		rs_message_begin(vp, HV_MESSAGE_X64_MSR_INTERCEPT, sizeof(*m), access, length);

	m->msr_number = msr;
	m->rdx = low(vp->regs.gpr[RS_RDX]);
	m->rax = low(vp->regs.gpr[RS_RAX]);
	return RS_TO_WORKER;
}

static int unknown_msr(struct rs_vp *vp, u32 msr, u8 access, unsigned int length)
{
	if (rs_intercepted(vp->partition, VID_INTERCEPT_MSR, msr))
		return msr_message(vp, msr, access, length);
	rs_vp_inject_gp(vp);
	return RS_RESUME;
}

static int handle_rdmsr(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_RDMSR);
	u32 msr = vp->regs.gpr[RS_RCX];
	u64 value = 0;
	int err;

	vp->counters[RS_COUNT_MSR]++;
	if (!length)
		return RS_RESUME;
	err = rs_rdmsr(vp, msr, &value);
	if (err == -ENOENT)
		return unknown_msr(vp, msr, HV_INTERCEPT_ACCESS_READ, length);
	if (err) {
		rs_vp_inject_gp(vp);
		return RS_RESUME;
	}
	set_edx_eax(vp, value);
	rs_vp_advance(vp, length);
	return RS_RESUME;
}

static int handle_wrmsr(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_WRMSR);
	u32 msr = vp->regs.gpr[RS_RCX];
	int err;

	vp->counters[RS_COUNT_MSR]++;
	if (!length)
		return RS_RESUME;
	err = rs_wrmsr(vp, msr, vp->regs.gpr[RS_RDX] << 32 | low(vp->regs.gpr[RS_RAX]));
	if (err == -ENOENT)
		return unknown_msr(vp, msr, HV_INTERCEPT_ACCESS_WRITE, length);
	if (err > 0)		/* done; the worker is to hear of it, and moves RIP */
		return msr_message(vp, msr, HV_INTERCEPT_ACCESS_WRITE, length);
	if (err)
		rs_vp_inject_gp(vp);
	else
		rs_vp_advance(vp, length);
	return RS_RESUME;
}

static int handle_hlt(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_HLT);

	vp->counters[RS_COUNT_HLT]++;
	if (!length)
		return RS_RESUME;
	rs_vp_advance(vp, length);
	vp->activity |= RS_ACTIVITY_HALTED;
	return RS_RESUME;
}

static int handle_pause(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_PAUSE);

	if (!length)
		return RS_RESUME;
	rs_vp_advance(vp, length);
	rs_vp_yield(vp);	/* whom it waits for may be waiting for this CPU */
	return RS_RESUME;
}

static int handle_hypercall(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_VMMCALL);
	int again;

	vp->counters[RS_COUNT_HYPERCALL]++;
	if (!length)
		return RS_RESUME;
	again = rs_hypercall(vp);
	if (again == -EPERM)
		rs_vp_inject_ud(vp);
	else if (!again)	/* else a rep call goes on where it stopped */
		rs_vp_advance(vp, length);
	return RS_RESUME;
}

static u32 io_value(struct rs_vp *vp)
{
	unsigned int size = vp->exit.io.size;

	return vp->regs.gpr[RS_RAX] & (size == 4 ? ~0u : (1u << (8 * size)) - 1);
}

static int handle_io(struct rs_vp *vp)
{
	const struct rs_exit *e = &vp->exit;
	const struct rs_upcalls *up = vp->partition->upcalls;
	struct hv_x64_io_port_intercept_message *m;

	vp->counters[RS_COUNT_IO]++;
	if (!e->io.in && !e->io.string &&
	    up->doorbell(vp->partition->upcall_context, true, e->io.port, e->io.size,
			 io_value(vp))) {
		vp->counters[RS_COUNT_DOORBELLS]++;
		rs_vp_advance(vp, e->length);
		return RS_RESUME;
	}
	m = rs_message_begin(vp, HV_MESSAGE_X64_IO_PORT_INTERCEPT, sizeof(*m),
			     e->io.in ? HV_INTERCEPT_ACCESS_READ : HV_INTERCEPT_ACCESS_WRITE,
			     e->length);
	m->port_number = e->io.port;
	m->access_info = e->io.size | (e->io.string ? HV_X64_IO_STRING_OP : 0) |
			 (e->io.rep ? HV_X64_IO_REP_PREFIX : 0);
	m->rax = vp->regs.gpr[RS_RAX];
	if (!e->io.string)
		return RS_TO_WORKER;
	m->instruction_byte_count = rs_gva_fetch(vp, m->instruction_bytes);
	m->ds_segment = rs_vp_segment(vp, HV_X64_REGISTER_DS);
	m->es_segment = rs_vp_segment(vp, HV_X64_REGISTER_ES);
	m->rcx = vp->regs.gpr[RS_RCX];
	m->rsi = vp->regs.gpr[RS_RSI];
	m->rdi = vp->regs.gpr[RS_RDI];
	return RS_TO_WORKER;
}

static unsigned int mode_bits(struct rs_vp *vp)
{
	struct rs_mode mode;

	rs_backend->get_mode(vp, &mode);
	if (rs_mode_64bit(&mode))
		return 64;
	return mode.cs.attributes & HV_SEGMENT_DEFAULT ? 32 : 16;
}

static u64 store_value(struct rs_vp *vp, const struct rs_insn_store *store)
{
	u64 value = store->immediate ? store->value : vp->regs.gpr[store->gpr];

	value >>= store->high ? 8 : 0;
	return store->size == 8 ? value : value & (BIT_ULL(8 * store->size) - 1);
}

/* A plain store that rings a doorbell is done here; all else is the worker's. */
static bool memory_doorbell(struct rs_vp *vp, const u8 *bytes, unsigned int count)
{
	const struct rs_upcalls *up = vp->partition->upcalls;
	struct rs_insn_store store;

	if (!vp->exit.slat.write || !rs_insn_store(bytes, count, mode_bits(vp), &store))
		return false;
	if (!up->doorbell(vp->partition->upcall_context, false, vp->exit.slat.gpa, store.size,
			  store_value(vp, &store)))
		return false;
	vp->counters[RS_COUNT_DOORBELLS]++;
	rs_vp_advance(vp, store.length);
	return true;
}

static u8 slat_access(const struct rs_exit *e)
{
	if (e->slat.fetch)
		return HV_INTERCEPT_ACCESS_EXECUTE;
	return e->slat.write ? HV_INTERCEPT_ACCESS_WRITE : HV_INTERCEPT_ACCESS_READ;
}

int rs_unrecoverable(struct rs_vp *vp)
{
	rs_message_begin(vp, HV_MESSAGE_UNRECOVERABLE_EXCEPTION,
			 sizeof(struct hv_x64_unrecoverable_exception_message),
			 HV_INTERCEPT_ACCESS_EXECUTE, 0);
	return RS_TO_WORKER;
}

static int memory_message(struct rs_vp *vp, u32 type)
{
	const struct rs_exit *e = &vp->exit;
	struct hv_x64_memory_intercept_message *m;
	u8 bytes[16] = { 0 };
	unsigned int count = e->slat.byte_count;

	memcpy(bytes, e->slat.bytes, count);
	if (!count && !e->slat.fetch)
		count = rs_gva_fetch(vp, bytes);
	if (memory_doorbell(vp, bytes, count))
		return RS_RESUME;
	m = rs_message_begin(vp, type, sizeof(*m), slat_access(e), 0);
	m->instruction_byte_count = count;
	m->tpr_priority = rs_lapic_get_cr8(&vp->lapic);
	m->guest_physical_address = e->slat.gpa;
	memcpy(m->instruction_bytes, bytes, sizeof(bytes));
	return RS_TO_WORKER;
}

/**
 * rs_memory_intercept() - an access to what is no memory, or forbids it
 * @vp:  vp->exit.slat is the access
 * @err: -ENOENT: no memory there; else forbidden
 *
 * Return: as rs_handle_exit().
 */
int rs_memory_intercept(struct rs_vp *vp, int err)
{
	return memory_message(vp, err == -ENOENT ? HV_MESSAGE_UNMAPPED_GPA :
						   HV_MESSAGE_GPA_INTERCEPT);
}

static void trace_fault(struct rs_vp *vp)
{
	const struct rs_exit *e = &vp->exit;

	trace_rs_slat_fault(vp->partition->id, vp->index, e->slat.gpa,
			    (e->slat.write ? RS_TRACE_WRITE : 0) |
			    (e->slat.fetch ? RS_TRACE_FETCH : 0) |
			    (e->slat.present ? RS_TRACE_PRESENT : 0) |
			    (e->slat.walk ? RS_TRACE_WALK : 0));
}

static int handle_slat_fault(struct rs_vp *vp)
{
	const struct rs_exit *e = &vp->exit;
	int err;

	vp->counters[RS_COUNT_SLAT]++;
	trace_fault(vp);
	err = rs_gpa_fault(vp->partition, e->slat.gpa, e->slat.write, e->slat.fetch);
	if (err != -ENOENT && err != -EACCES)
		return err;
	/* page tables, or an interrupt's stack, in what is no memory: nothing can emulate that */
	if (e->slat.walk || vp->event.valid)
		return rs_unrecoverable(vp);
	return rs_memory_intercept(vp, err);
}

static int handle_window(struct rs_vp *vp)
{
	vp->counters[RS_COUNT_WINDOW]++;
	return RS_RESUME;
}

/* The name of a control register that guests have; 0: there is none of that number. */
static u32 control_register(unsigned int number)
{
	static const u32 names[] = {
		[0] = HV_X64_REGISTER_CR0, [2] = HV_X64_REGISTER_CR2, [3] = HV_X64_REGISTER_CR3,
		[4] = HV_X64_REGISTER_CR4, [8] = HV_X64_REGISTER_CR8,
	};

	return number < ARRAY_SIZE(names) ? names[number] : 0;
}

/* The general register's number; negative: there is no such instruction. */
static int decode_mov_cr(struct rs_vp *vp, enum rs_insn insn, u32 *name, unsigned int *length)
{
	unsigned int number = vp->exit.cr.number;
	int gpr = vp->exit.cr.gpr;
	u8 bytes[15];

	*length = vp->exit.length;
	if (!*length || gpr < 0) {
		int count = rs_gva_fetch(vp, bytes);

		*length = rs_insn_length(bytes, count, rs_vp_64bit(vp), insn);
		gpr = rs_insn_mov_cr(bytes, count, rs_vp_64bit(vp), insn, &number);
	}
	*name = control_register(number);
	return *length ? gpr : -EINVAL;
}

static int handle_cr_write(struct rs_vp *vp)
{
	union hv_register_value v = { };
	unsigned int length;
	u32 name;
	int gpr = decode_mov_cr(vp, RS_INSN_MOV_TO_CR, &name, &length);

	vp->counters[RS_COUNT_OTHER]++;
	if (gpr < 0)
		return RS_RESUME;
	v.reg64 = rs_vp_64bit(vp) ? vp->regs.gpr[gpr] : low(vp->regs.gpr[gpr]);
	if (!name || rs_vp_set_register(vp, name, &v))
		rs_vp_inject_gp(vp);
	else
		rs_vp_advance(vp, length);
	return RS_RESUME;
}

static int handle_cr_read(struct rs_vp *vp)
{
	union hv_register_value v;
	unsigned int length;
	u32 name;
	int gpr = decode_mov_cr(vp, RS_INSN_MOV_FROM_CR, &name, &length);

	vp->counters[RS_COUNT_OTHER]++;
	if (gpr < 0)
		return RS_RESUME;
	if (!name || rs_vp_get_register(vp, name, &v)) {
		rs_vp_inject_ud(vp);
		return RS_RESUME;
	}
	vp->regs.gpr[gpr] = rs_vp_64bit(vp) ? v.reg64 : low(v.reg64);
	rs_vp_advance(vp, length);
	return RS_RESUME;
}

static int handle_xsetbv(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_XSETBV);
	u64 value = vp->regs.gpr[RS_RDX] << 32 | low(vp->regs.gpr[RS_RAX]);

	vp->counters[RS_COUNT_OTHER]++;
	if (!length)
		return RS_RESUME;
	if (!(rs_vp_reg64(vp, HV_X64_REGISTER_CR4) & X86_CR4_OSXSAVE)) {
		rs_vp_inject_ud(vp);
	} else if (rs_vp_cpl(vp) || low(vp->regs.gpr[RS_RCX]) || !rs_xcr0_valid(value)) {
		rs_vp_inject_gp(vp);
	} else {
		vp->xcr0 = value;
		rs_vp_advance(vp, length);
	}
	return RS_RESUME;
}

static int handle_rdpmc(struct rs_vp *vp)
{
	vp->counters[RS_COUNT_OTHER]++;
	rs_vp_inject_gp(vp);
	return RS_RESUME;
}

/* No device of ours is incoherent with the caches. */
static int handle_cache(struct rs_vp *vp)
{
	unsigned int length = exit_length(vp, RS_INSN_WBINVD);

	vp->counters[RS_COUNT_OTHER]++;
	if (!length)
		length = exit_length(vp, RS_INSN_INVD);
	if (length)
		rs_vp_advance(vp, length);
	return RS_RESUME;
}

static int handle_undefined(struct rs_vp *vp)
{
	vp->counters[RS_COUNT_OTHER]++;
	rs_vp_inject_ud(vp);
	return RS_RESUME;
}

static int handle_triple_fault(struct rs_vp *vp)
{
	vp->counters[RS_COUNT_OTHER]++;
	return rs_unrecoverable(vp);
}

static int handle_task_switch(struct rs_vp *vp)
{
	vp->counters[RS_COUNT_OTHER]++;
	return rs_task_switch(vp);
}

/* The worker wrote a state that no CPU has: that VP's run is over. */
static int handle_invalid_state(struct rs_vp *vp)
{
	const char *why = vp->exit.invalid.why;

	vp->counters[RS_COUNT_OTHER]++;
	pr_info_ratelimited("partition %llu, VP %u: %s refuses to enter: %s (%#llx)\n",
			    vp->partition->id, vp->index, rs_backend->name,
			    why ? why : "invalid state", vp->exit.hardware);
	rs_message_begin(vp, HV_MESSAGE_INVALID_VP_REGISTER_VALUE,
			 sizeof(struct hv_x64_intercept_message_header),
			 HV_INTERCEPT_ACCESS_EXECUTE, 0);
	return RS_TO_WORKER;
}

static int (*const exit_handlers[RS_EXIT_KINDS])(struct rs_vp *vp) = {
	[RS_EXIT_NONE]			= handle_none,
	[RS_EXIT_IO]			= handle_io,
	[RS_EXIT_RDMSR]			= handle_rdmsr,
	[RS_EXIT_WRMSR]			= handle_wrmsr,
	[RS_EXIT_CPUID]			= handle_cpuid,
	[RS_EXIT_HLT]			= handle_hlt,
	[RS_EXIT_PAUSE]			= handle_pause,
	[RS_EXIT_HYPERCALL]		= handle_hypercall,
	[RS_EXIT_SLAT_FAULT]		= handle_slat_fault,
	[RS_EXIT_INTERRUPT_WINDOW]	= handle_window,
	[RS_EXIT_CR_WRITE]		= handle_cr_write,
	[RS_EXIT_CR_READ]		= handle_cr_read,
	[RS_EXIT_XSETBV]		= handle_xsetbv,
	[RS_EXIT_RDPMC]			= handle_rdpmc,
	[RS_EXIT_CACHE]			= handle_cache,
	[RS_EXIT_UNDEFINED]		= handle_undefined,
	[RS_EXIT_TASK_SWITCH]		= handle_task_switch,
	[RS_EXIT_TRIPLE_FAULT]		= handle_triple_fault,
	[RS_EXIT_INVALID_STATE]		= handle_invalid_state,
};

/**
 * rs_handle_exit() - act on vp->exit
 * @vp: the VP
 *
 * Return: enum rs_action, or -errno that ends the run.
 */
int rs_handle_exit(struct rs_vp *vp)
{
	if (unlikely(vp->spinning) && vp->exit.kind != RS_EXIT_PAUSE &&
	    vp->exit.kind != RS_EXIT_HYPERCALL)
		WRITE_ONCE(vp->spinning, false);
	return exit_handlers[vp->exit.kind](vp);
}
