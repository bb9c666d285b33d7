// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lazy EOI: by a bit in its VP assist page a guest is told that the interrupt it is taking needs
 * no EOI (TLFS "Virtual EOI Enlightenment").  It clears the bit instead, without an exit, and we
 * do the EOI when we find it cleared.
 *
 * The bit is set only while nothing depends on the moment of the EOI: the vector is
 * edge-triggered, none but it is pending or in service.  As soon as another one waits for the
 * EOI the bit is taken back, and the guest writes its EOI register.
 */
#include "hv.h"

static u64 assist_word(struct rs_vp *vp)
{
	return (vp->vp_assist & HV_MSR_PAGE_MASK) +
	       offsetof(struct hv_vp_assist_page, apic_assist);
}

/**
 * rs_assist_offer() - the next entry offers @vector: may its EOI be lazy?
 * @vp:     owner only; any context
 * @vector: from the local APIC, not AutoEOI
 */
void rs_assist_offer(struct rs_vp *vp, u8 vector)
{
	if (vp->vp_assist & HV_MSR_ENABLE && rs_lapic_lazy_eoi(&vp->lapic, vector) &&
	    rs_gpa_try_write32(vp->partition, assist_word(vp), HV_APIC_ASSIST_NO_EOI_REQUIRED)) {
		vp->lazy_eoi = RS_LAZY_OFFERED;
		vp->lazy_vector = vector;
	}
}

/**
 * rs_assist_collect() - the guest took the offered interrupt, or not
 * @vp:    owner only; any context
 * @taken: whether it did
 */
void rs_assist_collect(struct rs_vp *vp, bool taken)
{
	if (vp->lazy_eoi == RS_LAZY_OFFERED)
		vp->lazy_eoi = taken ? RS_LAZY_IN_SERVICE : RS_LAZY_WITHDRAW;
}

static bool in_service(struct rs_vp *vp)
{
	return rs_lapic_in_service(&vp->lapic, vp->lazy_vector);
}

static void end(struct rs_vp *vp)
{
	vp->lazy_eoi = RS_LAZY_NONE;
	if (in_service(vp))
		rs_lapic_eoi(&vp->lapic);
}

/* Without the page the guest cannot have cleared the bit: it will write the register. */
static void withdraw(struct rs_vp *vp)
{
	bool taken = vp->lazy_eoi == RS_LAZY_IN_SERVICE;
	u32 old;

	vp->lazy_eoi = RS_LAZY_NONE;
	if (!rs_gpa_xchg32(vp->partition, assist_word(vp), 0, &old) && taken &&
	    !(old & HV_APIC_ASSIST_NO_EOI_REQUIRED))
		end(vp);
}

/**
 * rs_assist_sync() - do the EOI that the guest did, take back what it may not have any more
 * @vp: owner only, process context; after every exit, and before an entry
 */
void rs_assist_sync(struct rs_vp *vp)
{
	u32 word = HV_APIC_ASSIST_NO_EOI_REQUIRED;

	if (vp->lazy_eoi == RS_LAZY_IN_SERVICE) {
		rs_gpa_read(vp->partition, assist_word(vp), &word, sizeof(word));
		if (!(word & HV_APIC_ASSIST_NO_EOI_REQUIRED)) {
			end(vp);
			return;
		}
		if (in_service(vp) && !rs_lapic_requested(&vp->lapic))
			return;
	}
	if (vp->lazy_eoi != RS_LAZY_NONE)
		withdraw(vp);
}

/**
 * rs_assist_disarm() - no EOI is lazy any more: the VP's state is looked at, or its page moves
 * @vp: owner only, process context
 */
void rs_assist_disarm(struct rs_vp *vp)
{
	if (vp->lazy_eoi != RS_LAZY_NONE)
		withdraw(vp);
}
