/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that serve MSRs offer each other: msr.c (the table and the CPU's own
 * registers), mtrr.c, msr_synthetic.c.  A function returns 0, or -EINVAL for #GP; a write
 * also 1: done, and the worker must hear of it.
 */
#ifndef ROOTSTOCK_MSR_H
#define ROOTSTOCK_MSR_H

#include "hv.h"

/* Lower ones are the CPU's exceptions. */
#define RS_APIC_VECTOR_FIRST	16u

/* Power-on values of vp->msrs.  INIT leaves them alone (SDM3 table 10-1). */
void rs_msrs_init(struct rs_vp *vp);

void rs_mtrr_init(struct rs_vp *vp);
int rs_mtrr_read(struct rs_vp *vp, u32 msr, u64 *value);
int rs_mtrr_write(struct rs_vp *vp, u32 msr, u64 value);

int rs_synthetic_read(struct rs_vp *vp, u32 msr, u64 *value);
int rs_synthetic_write(struct rs_vp *vp, u32 msr, u64 value);

#endif
