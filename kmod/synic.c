// SPDX-License-Identifier: GPL-2.0-only
/*
 * The synthetic interrupt controller of one VP (TLFS "Synthetic Interrupt Controller":
 * SynIC MSRs, message page, event flags page, EOM).
 *
 * Pure and owner only: it runs in the VP's own thread and reaches memory, the local APIC
 * and whoever waits for a slot through struct rs_synic_ops.
 *
 * The TLFS puts the two pages over the guest's memory as overlays that begin zeroed.  Here
 * they are the guest's own memory, so that sending needs no second mapping: what the guest
 * had there is lost, and the page is zeroed when it is enabled or moved.  Guests give pages
 * that they use for nothing else; Linux zeroes its own, others may rely on the overlay.
 */
#include "synic.h"

#define SINT_VECTOR_MIN		16u
#define SINT_RESET		HV_SINT_MASKED

/* Byte offsets in a message slot; HV_MESSAGE_FLAG_PENDING as a bit of its first word. */
#define SLOT_REST		offsetof(struct hv_message, header.payload_size)
#define SLOT_PENDING_BIT	(8 * offsetof(struct hv_message, header.message_flags))

static const u8 zero_page[HV_PAGE_SIZE];

void rs_synic_init(struct rs_synic *synic, const struct rs_synic_ops *ops)
{
	synic->ops = ops;
	rs_synic_reset(synic);
}

/**
 * rs_synic_reset() - registers to their values at VP reset
 * @synic: of the VP
 *
 * Whoever waited for a slot is forgotten, and told nothing.
 */
void rs_synic_reset(struct rs_synic *synic)
{
	unsigned int i;

	synic->scontrol = 0;
	synic->siefp = 0;
	synic->simp = 0;
	synic->waiting = 0;
	for (i = 0; i < HV_SINT_COUNT; i++)
		synic->sint[i] = SINT_RESET;
}

/* One interrupt for a message or an event, as the SINT says. */
static void notify(struct rs_synic *synic, unsigned int sint)
{
	u64 value = synic->sint[sint];

	if (!(value & (HV_SINT_MASKED | HV_SINT_POLLING)))
		synic->ops->assert(synic, value & HV_SINT_VECTOR_MASK);
}

/* The guest may have emptied slots: those who wait try again, and may have to wait again. */
static void end_of_message(struct rs_synic *synic)
{
	u32 waiting = synic->waiting;
	unsigned int sint;

	synic->waiting = 0;
	for (sint = 0; sint < HV_SINT_COUNT; sint++)
		if (waiting & BIT(sint))
			synic->ops->retry(synic, sint);
}

/* SIMP and SIEFP: bits 11:1 are preserved and mean nothing. */
static int write_page_register(struct rs_synic *synic, u64 *reg, u64 value)
{
	bool appears = value & HV_MSR_ENABLE &&
		       (!(*reg & HV_MSR_ENABLE) || (value ^ *reg) & HV_MSR_PAGE_MASK);

	if (appears && synic->ops->write(synic, value & HV_MSR_PAGE_MASK, zero_page, HV_PAGE_SIZE))
		return -EINVAL;
	*reg = value;
	return 0;
}

/*
 * A vector below 16 is #GP; but a Hyper-V that is itself a guest writes the reset value,
 * masked with vector 0, back.  Bits that mean nothing are RsvdP: kept.
 */
static int write_sint(struct rs_synic *synic, unsigned int sint, u64 value)
{
	if ((value & HV_SINT_VECTOR_MASK) < SINT_VECTOR_MIN && !(value & HV_SINT_MASKED))
		return -EINVAL;
	synic->sint[sint] = value;
	return 0;
}

/**
 * rs_synic_rdmsr() - guest reads one of HV_X64_MSR_SCONTROL..SINT15
 * @synic: of the VP
 * @msr:   index
 * @value: where to
 *
 * Return: 0, or -EINVAL (#GP)
 */
int rs_synic_rdmsr(struct rs_synic *synic, u32 msr, u64 *value)
{
	if (msr >= HV_X64_MSR_SINT0 && msr <= HV_X64_MSR_SINT15) {
		*value = synic->sint[msr - HV_X64_MSR_SINT0];
		return 0;
	}
	switch (msr) {
	case HV_X64_MSR_SCONTROL:
		*value = synic->scontrol;
		return 0;
	case HV_X64_MSR_SVERSION:
		*value = HV_SYNIC_VERSION;
		return 0;
	case HV_X64_MSR_SIEFP:
		*value = synic->siefp;
		return 0;
	case HV_X64_MSR_SIMP:
		*value = synic->simp;
		return 0;
	case HV_X64_MSR_EOM:
		*value = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * rs_synic_wrmsr() - guest writes one of HV_X64_MSR_SCONTROL..SINT15
 * @synic: of the VP
 * @msr:   index
 * @value: what
 *
 * Return: 0, or -EINVAL (#GP)
 */
int rs_synic_wrmsr(struct rs_synic *synic, u32 msr, u64 value)
{
	if (msr >= HV_X64_MSR_SINT0 && msr <= HV_X64_MSR_SINT15)
		return write_sint(synic, msr - HV_X64_MSR_SINT0, value);
	switch (msr) {
	case HV_X64_MSR_SCONTROL:
		synic->scontrol = value;
		return 0;
	case HV_X64_MSR_SIEFP:
		return write_page_register(synic, &synic->siefp, value);
	case HV_X64_MSR_SIMP:
		return write_page_register(synic, &synic->simp, value);
	case HV_X64_MSR_EOM:
		end_of_message(synic);
		return 0;
	default:
		return -EINVAL;
	}
}

/* The guest owns the slot until the type is HV_MESSAGE_NONE. */
static int slot_type(struct rs_synic *synic, u64 slot, u32 *type)
{
	return synic->ops->read(synic, slot, type, sizeof(*type)) ? -EINVAL : 0;
}

/*
 * Asks the guest for an EOM.  It clears the type and then looks at the flag, so we set the
 * flag and then look at the type: one of the two sees the other.
 */
static int ask_for_slot(struct rs_synic *synic, u64 slot, u32 *type)
{
	if (synic->ops->set_bit(synic, slot, SLOT_PENDING_BIT) < 0)
		return -EINVAL;
	return slot_type(synic, slot, type);
}

/* The type last: a guest that polls sees a whole message or none. */
static int fill_slot(struct rs_synic *synic, u64 slot, const struct hv_message *message)
{
	const u8 *bytes = (const u8 *)message;

	if (synic->ops->write(synic, slot + SLOT_REST, bytes + SLOT_REST,
			      sizeof(*message) - SLOT_REST) ||
	    synic->ops->write(synic, slot, &message->header.message_type,
			      sizeof(message->header.message_type)))
		return -EINVAL;
	return 0;
}

/**
 * rs_synic_post() - put a message into a SINT's slot
 * @synic:   of the VP
 * @sint:    0..15
 * @message: type not HV_MESSAGE_NONE, message_flags 0
 *
 * A masked SINT gets its message, without an interrupt (TLFS "EOM Register").
 *
 * Return: 0; -EAGAIN: the slot is busy, ops->retry will tell; -EINVAL: SynIC or page are not
 * enabled, or the page is not memory
 */
int rs_synic_post(struct rs_synic *synic, unsigned int sint, const struct hv_message *message)
{
	u64 slot = (synic->simp & HV_MSR_PAGE_MASK) + (u64)sint * sizeof(struct hv_message);
	u32 type;

	if (sint >= HV_SINT_COUNT || message->header.payload_size > HV_MESSAGE_PAYLOAD_MAX ||
	    !(synic->scontrol & synic->simp & HV_MSR_ENABLE) || slot_type(synic, slot, &type))
		return -EINVAL;
	if (type != HV_MESSAGE_NONE && ask_for_slot(synic, slot, &type))
		return -EINVAL;
	if (type != HV_MESSAGE_NONE) {
		synic->waiting |= BIT(sint);
		return -EAGAIN;
	}
	if (fill_slot(synic, slot, message))
		return -EINVAL;
	notify(synic, sint);
	return 0;
}

/**
 * rs_synic_signal() - set an event flag of a SINT
 * @synic: of the VP
 * @sint:  0..15
 * @flag:  0..HV_EVENT_FLAGS_COUNT - 1
 *
 * Interrupts only when the flag was clear.
 *
 * Return: 0; -EINVAL: bad argument, SynIC or page are not enabled, or the page is not memory
 */
int rs_synic_signal(struct rs_synic *synic, unsigned int sint, unsigned int flag)
{
	u64 gpa = (synic->siefp & HV_MSR_PAGE_MASK) +
		  (u64)sint * sizeof(struct hv_synic_event_flags) + flag / 64 * sizeof(u64);
	int was_set;

	if (sint >= HV_SINT_COUNT || flag >= HV_EVENT_FLAGS_COUNT ||
	    !(synic->scontrol & synic->siefp & HV_MSR_ENABLE))
		return -EINVAL;
	was_set = synic->ops->set_bit(synic, gpa, flag % 64);
	if (was_set < 0)
		return -EINVAL;
	if (!was_set)
		notify(synic, sint);
	return 0;
}

/**
 * rs_synic_auto_eoi() - does an unmasked SINT use @vector with AutoEOI?
 * @synic:  of the VP
 * @vector: about to be given to the guest
 */
bool rs_synic_auto_eoi(const struct rs_synic *synic, u8 vector)
{
	unsigned int i;

	for (i = 0; i < HV_SINT_COUNT; i++) {
		u64 value = synic->sint[i];

		if (value & HV_SINT_AUTO_EOI && !(value & HV_SINT_MASKED) &&
		    (value & HV_SINT_VECTOR_MASK) == vector)
			return true;
	}
	return false;
}
