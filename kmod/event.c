// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes into the guest at its next entry: exceptions, NMIs, external
 * interrupts; and what comes out of the mailbox.  Owner of the VP only.
 */
#include "hv.h"
#include "trace.h"

enum { VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_DF = 8 };

/**
 * rs_vp_inject_exception() - an exception for the next entry
 * @vp:        the VP
 * @vector:    0..31
 * @has_error: whether it pushes an error code
 * @error:     that code
 *
 * On top of an exception that was under way it becomes a double fault, on top of
 * that a shutdown (SDM3 table 6-5, without its benign pairs: what we inject is not).
 */
void rs_vp_inject_exception(struct rs_vp *vp, u8 vector, bool has_error, u32 error)
{
	struct rs_event *event = &vp->event;

	if (event->valid && event->type == HV_INTERRUPTION_EXCEPTION) {
		if (event->vector == VECTOR_DF) {
			vp->activity |= RS_ACTIVITY_SHUTDOWN;
			return;
		}
		vector = VECTOR_DF;
		has_error = true;
		error = 0;
	} else if (event->valid && event->type == HV_INTERRUPTION_NMI) {
		vp->nmi_pending = true;
	}
	*event = (struct rs_event){
		.valid = true,
		.has_error = has_error,
		.type = HV_INTERRUPTION_EXCEPTION,
		.vector = vector,
		.error = error,
	};
	vp->counters[RS_COUNT_INJECTIONS]++;
	trace_rs_inject(vp->partition->id, vp->index, event->type, vector, error);
}

/**
 * rs_vp_reflect_exception() - give the guest an exception that exited
 * @vp:        the VP
 * @vector:    #DB or #AC, which make no double fault
 * @has_error: whether it pushes an error code
 * @error:     that code
 *
 * It takes the place of an exception that was under way, which comes again.
 */
void rs_vp_reflect_exception(struct rs_vp *vp, u8 vector, bool has_error, u32 error)
{
	if (vp->event.type == HV_INTERRUPTION_EXCEPTION)
		vp->event.valid = false;
	rs_vp_inject_exception(vp, vector, has_error, error);
}

static bool ext_int_wanted(struct rs_vp *vp)
{
	return vp->index == 0 && READ_ONCE(vp->partition->ext_int) && vp->ext_int_vector < 0 &&
	       rs_lapic_accepts_extint(&vp->lapic);
}

bool rs_vp_ext_int_deliverable(struct rs_vp *vp)
{
	return ext_int_wanted(vp) && !vp->event.valid && rs_backend->interruptible(vp);
}

bool rs_vp_has_event(struct rs_vp *vp)
{
	bool interrupt;

	if (vp->event.valid || vp->nmi_pending)
		return true;
	interrupt = vp->ext_int_vector >= 0 || rs_lapic_pending(&vp->lapic) >= 0 ||
		    ext_int_wanted(vp);
	return interrupt && (vp->regs.rflags & X86_EFLAGS_IF ||
			     vp->activity & RS_ACTIVITY_IDLE);
}

/* True when the guest takes one step only, to where it can take an NMI. */
static bool prepare_nmi(struct rs_vp *vp)
{
	if (!vp->nmi_pending || vp->event.valid)
		return false;
	if (!rs_backend->nmi_allowed(vp))
		return rs_backend->request_nmi_window(vp);
	vp->nmi_pending = false;
	vp->event = (struct rs_event){
		.valid = true,
		.type = HV_INTERRUPTION_NMI,
		.vector = VECTOR_NMI,
	};
	vp->counters[RS_COUNT_INJECTIONS]++;
	trace_rs_inject(vp->partition->id, vp->index, vp->event.type, VECTOR_NMI, 0);
	return false;
}

static void offer(struct rs_vp *vp, u8 vector)
{
	vp->interrupt_auto_eoi = rs_tlfs_auto_eoi(vp, vector);
	if (!vp->interrupt_auto_eoi)
		rs_assist_offer(vp, vector);
}

/**
 * rs_vp_prepare_events() - hand the backend what the guest should get
 * @vp: the VP
 *
 * vp->event itself goes in right before the entry (vp.c), when it can no longer be
 * called off.
 */
void rs_vp_prepare_events(struct rs_vp *vp)
{
	bool step = prepare_nmi(vp);
	int vector = step ? -1 : vp->ext_int_vector;

	vp->interrupt_auto_eoi = false;
	if (vector < 0 && !step) {	/* no interrupt may push the flag that makes it step */
		vector = rs_lapic_pending(&vp->lapic);
		if (vector >= 0)
			offer(vp, vector);
	}
	vp->interrupt_offered = vector;
	rs_backend->request_window(vp, ext_int_wanted(vp));
	rs_backend->set_interrupt(vp, vector);
}

/**
 * rs_vp_collect_events() - note what the guest took in the run that just ended
 * @vp: the VP
 */
void rs_vp_collect_events(struct rs_vp *vp)
{
	int vector = vp->interrupt_offered;

	rs_assist_collect(vp, vp->interrupt_taken);
	if (vector < 0 || !vp->interrupt_taken)
		return;
	if (vp->ext_int_vector >= 0)
		vp->ext_int_vector = -1;
	else
		rs_lapic_acknowledge(&vp->lapic, vector, vp->interrupt_auto_eoi);
	vp->interrupt_offered = -1;
	vp->counters[RS_COUNT_INJECTIONS]++;
	trace_rs_inject(vp->partition->id, vp->index, HV_INTERRUPTION_EXTERNAL, vector, 0);
}

static void accept_vectors(struct rs_vp *vp)
{
	struct rs_mailbox *mail = &vp->mailbox;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(mail->posted); i++) {
		unsigned long bits = READ_ONCE(mail->posted[i]) ? xchg(&mail->posted[i], 0) : 0;

		for_each_set_bit(bit, &bits, 64) {
			u8 vector = i * 64 + bit;

			rs_lapic_accept(&vp->lapic, vector, test_bit(vector, mail->level));
		}
	}
}

/* A VP in wait-for-SIPI starts at vector << 12 in real mode (SDM3 §9.4.4). */
static void start_up(struct rs_vp *vp)
{
	u32 vector = READ_ONCE(vp->mailbox.sipi_vector) & 0xff;
	union hv_register_value cs = { .segment = {
		.base = vector << 12, .limit = 0xffff, .selector = vector << 8,
		.attributes = 0x9b,
	} };

	if (!(vp->activity & RS_ACTIVITY_WAIT_SIPI))
		return;
	rs_backend->set_register(vp, HV_X64_REGISTER_CS, &cs);
	vp->regs.rip = 0;
	vp->activity &= ~RS_ACTIVITY_WAIT_SIPI;
}

/**
 * rs_vp_receive() - empty the mailbox, act on timers
 * @vp: the VP
 */
void rs_vp_receive(struct rs_vp *vp)
{
	unsigned long expired = xchg(&vp->timers_expired, 0);
	unsigned long mail = xchg(&vp->mailbox.flags, 0);

	if (expired & BIT(RS_TIMER_LAPIC))
		rs_lapic_timer_expired(&vp->lapic);
	if (expired >> RS_TIMER_STIMER0)
		rs_tlfs_timers_expired(vp, expired >> RS_TIMER_STIMER0);
	if (mail & BIT(RS_MAIL_INIT))
		rs_vp_reset(vp);
	if (mail & BIT(RS_MAIL_SIPI))
		start_up(vp);
	if (mail & BIT(RS_MAIL_NMI) && !(vp->activity & RS_ACTIVITY_WAIT_SIPI))
		vp->nmi_pending = true;
	if (mail & BIT(RS_MAIL_VECTORS))
		accept_vectors(vp);
	if (mail & BIT(RS_MAIL_SIGNALS))
		rs_outbox_signals(vp);
	if (mail & BIT(RS_MAIL_MESSAGES))
		rs_outbox_messages(vp);
}
