// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware task switches (SDM3 §8.3, §8.2.6), for a CPU that leaves them to the hypervisor: only
 * old 32-bit guests make them, and others to take a double fault.
 *
 * The CPU has checked gate, selector and descriptor of the new task before the exit.  TSSs are of
 * 32 bits; one of 16 bits ends the guest.  Owner of the VP, process context.
 */
#include <linux/mm.h>
#include <asm/debugreg.h>
#include <asm/trapnr.h>

#include "hv.h"

#define SELECTOR_RPL	3u
#define SELECTOR_LDT	4u
#define TYPE_TSS32	9u		/* available; busy with the next bit */
#define TYPE_LDT	2u
#define TYPE_BUSY	BIT_ULL(41)	/* of a descriptor */
#define LOCAL_DEBUG	0x155u		/* DR7: L0-L3, LE */

/* What of a 32-bit TSS a switch looks at. */
struct tss32 {
	u16 link, reserved1;
	u32 stacks[6];
	u32 cr3;
	u32 eip;
	u32 eflags;
	u32 gpr[8];
	u32 segment[6];			/* ES CS SS DS FS GS: as TLFS numbers them */
	u32 ldt;
	u16 trap, io_map;
};

#define TSS_SAVED	offsetof(struct tss32, eip)
#define TSS_SAVED_SIZE	(offsetof(struct tss32, ldt) - TSS_SAVED)

/* Outcomes of a step: go on, the guest has an exception, or what rs_handle_exit() returns. */
enum step { STEP_OK, STEP_FAULT, STEP_END };

struct switch_state {
	struct rs_vp *vp;
	int end;			/* with STEP_END */
	u64 gdt;
	u32 gdt_limit;
	struct hv_x64_segment_register old;
};

static u64 get(const struct switch_state *s, u32 name)
{
	return rs_vp_reg64(s->vp, name);
}

static void set(const struct switch_state *s, u32 name, u64 value)
{
	const union hv_register_value v = { .reg64 = value };

	rs_vp_set_register(s->vp, name, &v);
}

static enum step fault(struct switch_state *s, u8 vector, u32 error)
{
	rs_vp_inject_exception(s->vp, vector, true, error);
	return STEP_FAULT;
}

/* ---- memory by linear address, as the CPU's own accesses */

static enum step page_fault(struct switch_state *s, u64 gva, const struct rs_walk *walk)
{
	set(s, HV_X64_REGISTER_CR2, gva);
	return fault(s, X86_TRAP_PF, walk->error_code & ~4u);	/* not the user's */
}

static enum step nowhere(struct switch_state *s, u64 gpa, bool write)
{
	s->vp->exit.slat.gpa = gpa;
	s->vp->exit.slat.write = write;
	s->vp->exit.slat.fetch = false;
	s->vp->exit.slat.byte_count = 0;
	s->end = rs_memory_intercept(s->vp, -ENOENT);
	return STEP_END;
}

static enum step access_page(struct switch_state *s, u64 gva, void *buffer, size_t size,
			     bool write)
{
	struct rs_walk walk;
	int err;

	rs_gva_translate(s->vp, gva, HV_TRANSLATE_GVA_PRIVILEGE_EXEMPT |
			 (write ? HV_TRANSLATE_GVA_VALIDATE_WRITE :
				  HV_TRANSLATE_GVA_VALIDATE_READ), &walk);
	if (walk.result)
		return page_fault(s, gva, &walk);
	if (write)
		err = rs_gpa_write(s->vp->partition, walk.gpa, buffer, size);
	else
		err = rs_gpa_read(s->vp->partition, walk.gpa, buffer, size);
	return err ? nowhere(s, walk.gpa, write) : STEP_OK;
}

static enum step access_linear(struct switch_state *s, u64 gva, void *buffer, size_t size,
			       bool write)
{
	enum step step = STEP_OK;

	while (size && step == STEP_OK) {
		size_t chunk = min_t(size_t, size, PAGE_SIZE - offset_in_page(gva));

		step = access_page(s, (u32)gva, buffer, chunk, write);
		gva += chunk;
		buffer += chunk;
		size -= chunk;
	}
	return step;
}

/* ---- descriptors */

static enum step read_descriptor(struct switch_state *s, u16 selector, u64 *descriptor)
{
	struct hv_x64_segment_register ldt = rs_vp_segment(s->vp, HV_X64_REGISTER_LDTR);
	bool local = selector & SELECTOR_LDT;
	u64 base = local ? ldt.base : s->gdt;
	u32 limit = local ? ldt.limit : s->gdt_limit;
	u32 at = selector & ~7u;

	if (at + 7 > limit)
		return fault(s, X86_TRAP_TS, selector & ~SELECTOR_RPL);
	return access_linear(s, base + at, descriptor, sizeof(*descriptor), false);
}

static struct hv_x64_segment_register to_segment(u16 selector, u64 d)
{
	struct hv_x64_segment_register segment = {
		.base = (d >> 16 & 0xffffff) | (d >> 32 & 0xff000000),
		.limit = (d & 0xffff) | (d >> 32 & 0xf0000),
		.selector = selector,
		.attributes = d >> 40 & 0xf0ff,
	};

	if (segment.attributes & HV_SEGMENT_GRANULARITY)
		segment.limit = segment.limit << 12 | 0xfff;
	return segment;
}

static enum step set_busy(struct switch_state *s, u16 selector, bool busy)
{
	u64 at = s->gdt + (selector & ~7u), d;
	enum step step = read_descriptor(s, selector, &d);

	if (step != STEP_OK)
		return step;
	d = busy ? d | TYPE_BUSY : d & ~TYPE_BUSY;
	return access_linear(s, at, &d, sizeof(d), true);
}

/* ---- the old task */

static u32 return_address(const struct switch_state *s)
{
	bool trap = s->vp->exit.task.source == RS_TASK_GATE && s->vp->exit.task.event;

	return s->vp->regs.rip + (trap ? 0 : s->vp->exit.length);
}

static enum step save_task(struct switch_state *s)
{
	const struct rs_regs *regs = &s->vp->regs;
	bool iret = s->vp->exit.task.source == RS_TASK_IRET;
	struct tss32 tss = { };
	unsigned int i;

	tss.eip = return_address(s);
	tss.eflags = regs->rflags & ~(iret ? (u64)X86_EFLAGS_NT : 0);
	for (i = 0; i < ARRAY_SIZE(tss.gpr); i++)
		tss.gpr[i] = regs->gpr[i];
	for (i = 0; i < ARRAY_SIZE(tss.segment); i++)
		tss.segment[i] = rs_vp_segment(s->vp, HV_X64_REGISTER_ES + i).selector;
	return access_linear(s, s->old.base + TSS_SAVED, (u8 *)&tss + TSS_SAVED, TSS_SAVED_SIZE,
			     true);
}

/* ---- the new one */

/* What may be loaded where, and what the CPU says otherwise (SDM3 §8.3, table 8-1). */
static enum step check_segment(struct switch_state *s, u32 name, u16 selector,
			       const struct hv_x64_segment_register *segment, u8 cpl)
{
	u32 type = HV_SEGMENT_TYPE(segment->attributes), error = selector & ~SELECTOR_RPL;
	u8 dpl = HV_SEGMENT_DPL(segment->attributes);
	bool code = type & 8, fits;

	if (!(segment->attributes & HV_SEGMENT_NON_SYSTEM))
		return fault(s, X86_TRAP_TS, error);
	switch (name) {
	case HV_X64_REGISTER_CS:
		fits = code && (type & 4 ? dpl <= cpl : dpl == cpl);
		break;
	case HV_X64_REGISTER_SS:
		fits = !code && type & 2 && dpl == cpl && (selector & SELECTOR_RPL) == cpl;
		break;
	default:
		fits = (!code || type & 2) && ((code && type & 4) || dpl >= cpl);
	}
	if (!fits)
		return fault(s, X86_TRAP_TS, error);
	if (!(segment->attributes & HV_SEGMENT_PRESENT))
		return fault(s, name == HV_X64_REGISTER_SS ? X86_TRAP_SS : X86_TRAP_NP, error);
	return STEP_OK;
}

static void set_segment(const struct switch_state *s, u32 name,
			const struct hv_x64_segment_register *segment)
{
	const union hv_register_value v = { .segment = *segment };

	rs_vp_set_register(s->vp, name, &v);
}

static enum step load_segment(struct switch_state *s, u32 name, u16 selector, u8 cpl)
{
	struct hv_x64_segment_register segment = { .selector = selector };
	enum step step;
	u64 d;

	if (s->vp->regs.rflags & X86_EFLAGS_VM) {
		segment.base = (u32)selector << 4;
		segment.limit = 0xffff;
		segment.attributes = 0xf3;
	} else if (selector & ~SELECTOR_RPL) {
		step = read_descriptor(s, selector, &d);
		if (step != STEP_OK)
			return step;
		segment = to_segment(selector, d);
		step = check_segment(s, name, selector, &segment, cpl);
		if (step != STEP_OK)
			return step;
	} else if (name == HV_X64_REGISTER_CS || name == HV_X64_REGISTER_SS) {
		return fault(s, X86_TRAP_TS, 0);
	}
	set_segment(s, name, &segment);
	return STEP_OK;
}

static enum step load_ldt(struct switch_state *s, u16 selector)
{
	struct hv_x64_segment_register segment = { .selector = selector };
	enum step step;
	u64 d;

	set_segment(s, HV_X64_REGISTER_LDTR, &segment);
	if (!(selector & ~SELECTOR_RPL))
		return STEP_OK;
	if (selector & SELECTOR_LDT)
		return fault(s, X86_TRAP_TS, selector & ~SELECTOR_RPL);
	step = read_descriptor(s, selector, &d);
	if (step != STEP_OK)
		return step;
	segment = to_segment(selector, d);
	if ((segment.attributes & 0x9f) != (HV_SEGMENT_PRESENT | TYPE_LDT))
		return fault(s, X86_TRAP_TS, selector & ~SELECTOR_RPL);
	set_segment(s, HV_X64_REGISTER_LDTR, &segment);
	return STEP_OK;
}

static enum step load_segments(struct switch_state *s, const struct tss32 *tss)
{
	static const u32 order[] = {
		HV_X64_REGISTER_CS, HV_X64_REGISTER_SS, HV_X64_REGISTER_DS,
		HV_X64_REGISTER_ES, HV_X64_REGISTER_FS, HV_X64_REGISTER_GS,
	};
	u8 cpl = tss->eflags & X86_EFLAGS_VM ? 3 :
		 tss->segment[HV_X64_REGISTER_CS - HV_X64_REGISTER_ES] & SELECTOR_RPL;
	enum step step = load_ldt(s, tss->ldt);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order) && step == STEP_OK; i++)
		step = load_segment(s, order[i], tss->segment[order[i] - HV_X64_REGISTER_ES],
				    cpl);
	return step;
}

/* From here on faults are the new task's. */
static void load_registers(struct switch_state *s, const struct tss32 *tss, bool nested)
{
	struct rs_regs *regs = &s->vp->regs;
	unsigned int i;

	if (get(s, HV_X64_REGISTER_CR0) & X86_CR0_PG)
		set(s, HV_X64_REGISTER_CR3, tss->cr3);
	set(s, HV_X64_REGISTER_CR0, get(s, HV_X64_REGISTER_CR0) | X86_CR0_TS);
	set(s, HV_X64_REGISTER_DR7, get(s, HV_X64_REGISTER_DR7) & ~(u64)LOCAL_DEBUG);
	regs->rip = tss->eip;
	regs->rflags = rs_rflags_valid(tss->eflags | (nested ? X86_EFLAGS_NT : 0));
	for (i = 0; i < ARRAY_SIZE(tss->gpr); i++)
		regs->gpr[i] = tss->gpr[i];
	rs_vp_end_shadow(s->vp);
}

static enum step push_error(struct switch_state *s)
{
	struct hv_x64_segment_register ss = rs_vp_segment(s->vp, HV_X64_REGISTER_SS);
	u32 esp = s->vp->regs.gpr[RS_RSP] - 4, error = s->vp->exit.task.error;

	if (!s->vp->exit.task.has_error)
		return STEP_OK;
	s->vp->regs.gpr[RS_RSP] = esp;
	return access_linear(s, ss.base + esp, &error, sizeof(error), true);
}

static enum step do_switch(struct switch_state *s)
{
	const struct rs_exit exit = s->vp->exit;
	bool nested = exit.task.source == RS_TASK_CALL || exit.task.source == RS_TASK_GATE;
	struct hv_x64_segment_register task;
	struct tss32 tss;
	enum step step;
	u64 d;

	step = read_descriptor(s, exit.task.selector, &d);
	if (step != STEP_OK)
		return step;
	task = to_segment(exit.task.selector, d);
	if ((HV_SEGMENT_TYPE(task.attributes) & ~2u) != TYPE_TSS32) {
		s->end = rs_unrecoverable(s->vp);
		return STEP_END;
	}
	step = access_linear(s, task.base, &tss, sizeof(tss), false);
	if (step == STEP_OK)
		step = save_task(s);
	if (step == STEP_OK && !nested)
		step = set_busy(s, s->old.selector, false);
	if (step == STEP_OK && nested)
		step = access_linear(s, task.base, &s->old.selector, sizeof(tss.link), true);
	if (step == STEP_OK && exit.task.source != RS_TASK_IRET)
		step = set_busy(s, exit.task.selector, true);
	if (step != STEP_OK)
		return step;
	task.attributes |= 2;		/* busy */
	set_segment(s, HV_X64_REGISTER_TR, &task);
	s->vp->exit = exit;		/* a message that was begun would have said otherwise */
	load_registers(s, &tss, nested);
	step = load_segments(s, &tss);
	return step == STEP_OK ? push_error(s) : step;
}

/**
 * rs_task_switch() - make the task switch of vp->exit.task
 * @vp: owner only, process context
 *
 * Return: as rs_handle_exit().
 */
int rs_task_switch(struct rs_vp *vp)
{
	struct switch_state s = { .vp = vp, .old = rs_vp_segment(vp, HV_X64_REGISTER_TR) };
	union hv_register_value gdt = { };

	BUILD_BUG_ON(sizeof(struct tss32) != 104);
	rs_backend->get_register(vp, HV_X64_REGISTER_GDTR, &gdt);
	s.gdt = gdt.table.base;
	s.gdt_limit = gdt.table.limit;
	if (vp->exit.task.event)
		vp->event.valid = false;	/* the switch is its delivery */
	return do_switch(&s) == STEP_END ? s.end : RS_RESUME;
}
