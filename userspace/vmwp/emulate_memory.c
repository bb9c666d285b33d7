// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the instruction emulator reaches memory: effective addresses, segmentation,
 * canonical addresses, translation page by page.
 *
 * Intel SDM volume 3 §5.3 (limit checks), §5.5 (types), volume 1 §3.3.7.1
 * (canonical addresses, of 48 bits) and §3.7.5 (effective addresses).
 *
 * Context: a VP's thread.
 */
#include "emulate_internal.h"

#define VECTOR_SS	12u
#define VECTOR_GP	13u
#define SEGMENT_CODE	(1u << 3)
#define SEGMENT_DOWN	(1u << 2)	/* of data: expands down */
#define SEGMENT_RW	(1u << 1)	/* data writable, code readable */
#define PAGE_MASK	((uint64_t)HV_PAGE_SIZE - 1)

/**
 * emulate_is_64bit() - whether the processor is in 64-bit mode
 * @cpu: its registers
 */
bool emulate_is_64bit(const struct emulate_cpu *cpu)
{
	return cpu->long_mode && (cpu->cs.attributes & HV_SEGMENT_LONG);
}

static bool real_segments(const struct emulate_cpu *cpu)
{
	return !cpu->protected_mode || (cpu->rflags & EMULATE_VM);
}

/**
 * emulate_exception() - an exception with no address of its own
 * @e:         the emulation
 * @vector:    of the exception
 * @has_error: it pushes an error code, which is 0; not in real mode
 *
 * Return: EMULATE_FAULT.
 */
enum emulate_result emulate_exception(struct emulation *e, uint8_t vector, bool has_error)
{
	*e->fault = (struct emulate_fault){
		.vector = vector,
		.has_error = has_error && e->cpu->protected_mode,
	};
	return EMULATE_FAULT;
}

static enum emulate_result segment_fault(struct emulation *e, ZydisRegister segment)
{
	return emulate_exception(e, segment == ZYDIS_REGISTER_SS ? VECTOR_SS : VECTOR_GP, true);
}

static uint64_t address_register(const struct emulation *e, ZydisRegister reg)
{
	if (reg == ZYDIS_REGISTER_NONE)
		return 0;
	if (ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_IP)
		return e->cpu->rip + e->insn.length;
	return e->next.gpr[ZydisRegisterGetId(reg) & 15];
}

/**
 * emulate_address() - the effective address of a memory operand
 * @e:       the emulation; its registers are next's
 * @operand: the operand
 *
 * Return: the offset into its segment, not yet cut to the address size.
 */
uint64_t emulate_address(const struct emulation *e, const ZydisDecodedOperand *operand)
{
	const ZydisDecodedOperandMem *mem = &operand->mem;
	unsigned int bits = e->insn.address_width;
	uint64_t index = address_register(e, mem->index) & emulate_mask(bits);
	uint64_t base = address_register(e, mem->base) & emulate_mask(bits);

	return base + index * mem->scale + (uint64_t)mem->disp.value;
}

static enum emulate_result get_segment(struct emulation *e, ZydisRegister segment,
				       struct hv_x64_segment_register *seg)
{
	int n = (int)segment - ZYDIS_REGISTER_ES;

	if (segment == ZYDIS_REGISTER_CS) {
		*seg = e->cpu->cs;
		return EMULATE_OK;
	}
	if (n < 0 || n > 5 || e->ops->segment(e->ctx, HV_X64_REGISTER_ES + n, seg))
		return EMULATE_UNSUPPORTED;
	return EMULATE_OK;
}

/* Real and virtual-8086 segments have limits but no types. */
static bool type_allows(const struct emulation *e, uint16_t attributes, bool write)
{
	if (real_segments(e->cpu))
		return true;
	if (!(attributes & HV_SEGMENT_PRESENT) || !(attributes & HV_SEGMENT_NON_SYSTEM))
		return false;
	if (attributes & SEGMENT_CODE)
		return !write && (attributes & SEGMENT_RW);
	return !write || (attributes & SEGMENT_RW);
}

static bool limit_allows(const struct hv_x64_segment_register *seg, uint64_t offset,
			 unsigned int size)
{
	uint64_t last = offset + size - 1;

	if ((seg->attributes & (SEGMENT_CODE | SEGMENT_DOWN)) == SEGMENT_DOWN)
		return offset > seg->limit &&
		       last <= (seg->attributes & HV_SEGMENT_DEFAULT ? 0xffffffff : 0xffff);
	return last <= seg->limit;
}

static bool canonical(uint64_t address)
{
	return emulate_sign_extend(address, 48) == address;
}

static enum emulate_result linearize_64(struct emulation *e, ZydisRegister segment,
					uint64_t offset, unsigned int size, uint64_t *linear)
{
	struct hv_x64_segment_register seg = { 0 };
	enum emulate_result rc = EMULATE_OK;

	if (segment == ZYDIS_REGISTER_FS || segment == ZYDIS_REGISTER_GS)
		rc = get_segment(e, segment, &seg);
	if (rc)
		return rc;
	*linear = seg.base + offset;
	if (!canonical(*linear) || !canonical(*linear + size - 1))
		return segment_fault(e, segment);
	return EMULATE_OK;
}

static enum emulate_result linearize(struct emulation *e, ZydisRegister segment, uint64_t offset,
				     unsigned int size, bool write, uint64_t *linear)
{
	struct hv_x64_segment_register seg;
	enum emulate_result rc;

	offset &= emulate_mask(e->insn.address_width);
	if (emulate_is_64bit(e->cpu))
		return linearize_64(e, segment, offset, size, linear);
	rc = get_segment(e, segment, &seg);
	if (rc)
		return rc;
	if (!type_allows(e, seg.attributes, write) || !limit_allows(&seg, offset, size))
		return segment_fault(e, segment);
	*linear = (seg.base + offset) & 0xffffffff;
	return EMULATE_OK;
}

static enum emulate_result translate(struct emulation *e, uint64_t linear,
				     enum hv_intercept_access access, uint64_t *gpa)
{
	struct emulate_translation *known = &e->translations[access == HV_INTERCEPT_ACCESS_WRITE];
	enum emulate_result rc;

	if (!known->valid || known->page != (linear & ~PAGE_MASK)) {
		known->valid = false;
		rc = e->ops->translate(e->ctx, linear, access, gpa, e->fault);
		if (rc)
			return rc;
		known->valid = true;
		known->page = linear & ~PAGE_MASK;
		known->gpa = *gpa & ~PAGE_MASK;
	}
	*gpa = known->gpa | (linear & PAGE_MASK);
	return EMULATE_OK;
}

/**
 * emulate_resolve() - check and translate an access to memory
 * @e:         the emulation
 * @segment:   the segment register
 * @offset:    the offset into the segment, cut here to the address size
 * @size:      1..16 bytes
 * @access:    READ, or WRITE, also for what is read and then written
 * @alignment: the linear address must be a multiple of it (else #GP); 1: any
 * @span:      the guest physical memory, in one piece or two
 *
 * Return: EMULATE_OK, or EMULATE_FAULT with the fault, or EMULATE_UNSUPPORTED.
 */
enum emulate_result emulate_resolve(struct emulation *e, ZydisRegister segment, uint64_t offset,
				    unsigned int size, enum hv_intercept_access access,
				    unsigned int alignment, struct emulate_span *span)
{
	bool write = access == HV_INTERCEPT_ACCESS_WRITE;
	enum emulate_result rc;
	uint64_t linear, second;
	unsigned int room;

	rc = linearize(e, segment, offset, size, write, &linear);
	if (rc)
		return rc;
	if (linear & (alignment - 1))
		return emulate_exception(e, VECTOR_GP, true);
	room = (unsigned int)(HV_PAGE_SIZE - (linear & PAGE_MASK));
	span->size[0] = size < room ? size : room;
	span->size[1] = size - span->size[0];
	rc = translate(e, linear, access, &span->gpa[0]);
	if (rc || !span->size[1])
		return rc;
	second = linear + span->size[0];
	if (!emulate_is_64bit(e->cpu))
		second &= 0xffffffff;
	return translate(e, second, access, &span->gpa[1]);
}

/**
 * emulate_span_read() - read resolved memory
 * @e:     the emulation
 * @span:  where
 * @bytes: room for all of it
 */
void emulate_span_read(struct emulation *e, const struct emulate_span *span, void *bytes)
{
	e->ops->phys_read(e->ctx, span->gpa[0], bytes, span->size[0]);
	if (span->size[1])
		e->ops->phys_read(e->ctx, span->gpa[1], (uint8_t *)bytes + span->size[0],
				  span->size[1]);
}

/**
 * emulate_span_write() - write resolved memory
 * @e:     the emulation
 * @span:  where, resolved for writing
 * @bytes: all of it
 */
void emulate_span_write(struct emulation *e, const struct emulate_span *span, const void *bytes)
{
	e->ops->phys_write(e->ctx, span->gpa[0], bytes, span->size[0]);
	if (span->size[1])
		e->ops->phys_write(e->ctx, span->gpa[1], (const uint8_t *)bytes + span->size[0],
				   span->size[1]);
}
