// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instruction emulator's string instructions and port input and output.
 *
 * Intel SDM volume 2 (MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS, IN, OUT, REP).
 * Each iteration is complete in itself: its registers are committed before the
 * next begins, so that a fault, or the limit on iterations, leaves a state from
 * which the guest goes on.  Whether the guest may use the port was checked by the
 * processor before it intercepted.
 *
 * Context: a VP's thread.
 */
#include <rs_types.h>

#include "emulate_internal.h"

#define PREFIX_REP	0xf3u		/* also REPE */
#define PREFIX_REPNE	0xf2u

/* One iteration: the memory operands, by the register they are based on. */
struct string_step {
	struct emulate_place source;	/* [rSI] */
	struct emulate_place target;	/* [rDI] */
	unsigned int size;
};

typedef enum emulate_result string_op(struct emulation *e, struct string_step *step);

static uint16_t port_in_dx(const struct emulation *e)
{
	return (uint16_t)e->next.gpr[REG_RDX];
}

static void compare(struct emulation *e, unsigned int size, uint64_t a, uint64_t b)
{
	struct emulate_alu alu = { .bits = size * 8, .flags = e->next.rflags };

	emulate_sub(&alu, a, b);
	e->next.rflags = alu.flags;
}

static enum emulate_result string_movs(struct emulation *e, struct string_step *step)
{
	uint64_t value;
	enum emulate_result rc;

	rc = emulate_load(e, &step->source, &value);
	if (rc)
		return rc;
	emulate_store(e, &step->target, value);
	return EMULATE_OK;
}

static enum emulate_result string_stos(struct emulation *e, struct string_step *step)
{
	emulate_store(e, &step->target, e->next.gpr[REG_RAX]);
	return EMULATE_OK;
}

static enum emulate_result string_lods(struct emulation *e, struct string_step *step)
{
	uint64_t value;
	enum emulate_result rc;

	rc = emulate_load(e, &step->source, &value);
	if (rc)
		return rc;
	emulate_register_set(e, REG_RAX, step->size, value);
	return EMULATE_OK;
}

static enum emulate_result string_cmps(struct emulation *e, struct string_step *step)
{
	uint64_t a, b;
	enum emulate_result rc;

	rc = emulate_load(e, &step->source, &a);
	if (!rc)
		rc = emulate_load(e, &step->target, &b);
	if (rc)
		return rc;
	compare(e, step->size, a, b);
	return EMULATE_OK;
}

static enum emulate_result string_scas(struct emulation *e, struct string_step *step)
{
	uint64_t b;
	enum emulate_result rc;

	rc = emulate_load(e, &step->target, &b);
	if (rc)
		return rc;
	compare(e, step->size, emulate_register_get(e, REG_RAX, step->size), b);
	return EMULATE_OK;
}

static enum emulate_result string_ins(struct emulation *e, struct string_step *step)
{
	emulate_store(e, &step->target, e->ops->port_read(e->ctx, port_in_dx(e), step->size));
	return EMULATE_OK;
}

static enum emulate_result string_outs(struct emulation *e, struct string_step *step)
{
	uint64_t value;
	enum emulate_result rc;

	rc = emulate_load(e, &step->source, &value);
	if (rc)
		return rc;
	e->ops->port_write(e->ctx, port_in_dx(e), step->size, (uint32_t)value);
	return EMULATE_OK;
}

static const struct string_form {
	uint8_t opcode;			/* the byte form; the next opcode is the wider one */
	bool source;
	bool target;
	bool target_written;
	bool compares;			/* REPE and REPNE look at ZF */
	string_op *run;
} string_forms[] = {
	{ 0x6c, false, true, true, false, string_ins },
	{ 0x6e, true, false, false, false, string_outs },
	{ 0xa4, true, true, true, false, string_movs },
	{ 0xa6, true, true, false, true, string_cmps },
	{ 0xaa, false, true, true, false, string_stos },
	{ 0xac, true, false, false, false, string_lods },
	{ 0xae, false, true, false, true, string_scas },
};

static const struct string_form *find_string(const ZydisDecodedInstruction *insn)
{
	for (size_t i = 0; i < ARRAY_SIZE(string_forms); i++)
		if (string_forms[i].opcode == (insn->opcode & 0xfe))
			return &string_forms[i];
	return NULL;
}

/* The memory operand that is based on rSI or rDI. */
static int find_operand(const struct emulation *e, unsigned int reg)
{
	for (int i = 0; i < e->insn.operand_count; i++) {
		const ZydisDecodedOperand *operand = &e->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    operand->mem.base != ZYDIS_REGISTER_NONE &&
		    (unsigned int)ZydisRegisterGetId(operand->mem.base) == reg)
			return i;
	}
	return -1;
}

static enum emulate_result place_based(struct emulation *e, unsigned int reg,
				       enum hv_intercept_access access,
				       struct emulate_place *place)
{
	int index = find_operand(e, reg);

	if (index < 0)
		return EMULATE_UNSUPPORTED;
	return emulate_place(e, (unsigned int)index, access, place);
}

/* The address size is also the counter's and the index registers'. */
static unsigned int address_size(const struct emulation *e)
{
	return e->insn.address_width / 8u;
}

static void advance(struct emulation *e, unsigned int reg, unsigned int size)
{
	uint64_t value = emulate_register_get(e, reg, address_size(e));

	value = e->next.rflags & EMULATE_DF ? value - size : value + size;
	emulate_register_set(e, reg, address_size(e), value);
}

static enum emulate_result iterate(struct emulation *e, const struct string_form *form)
{
	struct string_step step = { .size = 0 };
	enum emulate_result rc;

	if (form->target) {
		rc = place_based(e, REG_RDI, form->target_written ? HV_INTERCEPT_ACCESS_WRITE :
				HV_INTERCEPT_ACCESS_READ, &step.target);
		if (rc)
			return rc;
		step.size = step.target.size;
	}
	if (form->source) {
		rc = place_based(e, REG_RSI, HV_INTERCEPT_ACCESS_READ, &step.source);
		if (rc)
			return rc;
		step.size = step.source.size;
	}
	rc = form->run(e, &step);
	if (rc)
		return rc;
	if (form->target)
		advance(e, REG_RDI, step.size);
	if (form->source)
		advance(e, REG_RSI, step.size);
	return EMULATE_OK;
}

/* The last of the repeat prefixes counts; 0: none. */
static uint8_t repeat_prefix(const ZydisDecodedInstruction *insn)
{
	uint8_t found = 0;

	for (unsigned int i = 0; i < insn->raw.prefix_count; i++)
		if (insn->raw.prefixes[i].value == PREFIX_REP ||
		    insn->raw.prefixes[i].value == PREFIX_REPNE)
			found = insn->raw.prefixes[i].value;
	return found;
}

static bool repeat_ends(const struct emulation *e, const struct string_form *form, uint8_t prefix)
{
	bool equal = e->next.rflags & EMULATE_ZF;

	if (!emulate_register_get(e, REG_RCX, address_size(e)))
		return true;
	return form->compares && equal != (prefix == PREFIX_REP);
}

/*
 * Repeats until the counter, the condition or the limit ends it.  After the limit
 * the instruction pointer stays, by taking back what finish() will add.
 */
static enum emulate_result repeat(struct emulation *e, const struct string_form *form,
				  uint8_t prefix)
{
	enum emulate_result rc;
	unsigned int size = address_size(e);

	if (!emulate_register_get(e, REG_RCX, size))
		return EMULATE_OK;
	for (unsigned int i = 0; i < EMULATE_REP_MAX; i++) {
		rc = iterate(e, form);
		if (rc)
			return rc;
		emulate_register_set(e, REG_RCX, size,
				     emulate_register_get(e, REG_RCX, size) - 1);
		if (repeat_ends(e, form, prefix))
			return EMULATE_OK;
		*e->cpu = e->next;
	}
	e->insn.length = 0;
	return EMULATE_OK;
}

/**
 * emulate_run_string() - a string instruction, repeated or not
 * @e:    the emulation
 * @form: unused: the opcode tells
 *
 * Return: as emulate_instruction().
 */
enum emulate_result emulate_run_string(struct emulation *e, const struct emulate_form *form)
{
	const struct string_form *string = find_string(&e->insn);
	uint8_t prefix = repeat_prefix(&e->insn);

	if (!string || e->insn.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
		return EMULATE_UNSUPPORTED;
	return prefix ? repeat(e, string, prefix) : iterate(e, string);
}

/**
 * emulate_run_port() - IN or OUT between the accumulator and a port
 * @e:    the emulation
 * @form: unused: the operands tell
 *
 * Return: as emulate_instruction().
 */
enum emulate_result emulate_run_port(struct emulation *e, const struct emulate_form *form)
{
	bool out = e->insn.mnemonic == ZYDIS_MNEMONIC_OUT;
	struct emulate_place port, data;
	uint64_t number, value;
	enum emulate_result rc;

	rc = emulate_place(e, out ? 0 : 1, HV_INTERCEPT_ACCESS_READ, &port);
	if (!rc)
		rc = emulate_place(e, out ? 1 : 0, HV_INTERCEPT_ACCESS_READ, &data);
	if (!rc)
		rc = emulate_load(e, &port, &number);
	if (!rc)
		rc = emulate_load(e, &data, &value);
	if (rc)
		return rc;
	if (port.operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		number &= 0xff;
	if (out)
		e->ops->port_write(e->ctx, (uint16_t)number, data.size, (uint32_t)value);
	else
		emulate_store(e, &data, e->ops->port_read(e->ctx, (uint16_t)number, data.size));
	return EMULATE_OK;
}
