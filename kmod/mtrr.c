// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory type range registers (SDM3 §12.11, APM2 §7.7): stored and checked, without effect,
 * for the nested page tables decide what memory is.
 */
#include "msr.h"
#include "rs_types.h"

#define MSR_MTRR_CAP		0xfeu
#define MSR_MTRR_VAR		0x200u		/* base 0, mask 0, base 1, ... */
#define MSR_MTRR_DEF_TYPE	0x2ffu

#define CAP_FIXED		BIT(8)
#define CAP_WC			BIT(10)
#define DEF_TYPE_VALID		0xcffull
#define DEF_TYPE_ENABLE		BIT_ULL(11)
#define MASK_ENABLE		BIT_ULL(11)
#define ADDRESS_MASK		GENMASK_ULL(51, 12)

enum { TYPE_UC = 0, TYPE_WC = 1, TYPE_WT = 4, TYPE_WP = 5, TYPE_WB = 6 };

static const u16 fixed_msrs[] = {
	0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
};

static bool type_valid(u8 type)
{
	switch (type) {
	case TYPE_UC:
	case TYPE_WC:
	case TYPE_WT:
	case TYPE_WP:
	case TYPE_WB:
		return true;
	default:
		return false;
	}
}

static bool types_valid(u64 types)
{
	unsigned int i;

	for (i = 0; i < sizeof(types); i++)
		if (!type_valid(types >> (8 * i)))
			return false;
	return true;
}

/* Where an MSR of the table is stored; NULL for the read-only one. */
static u64 *storage(struct rs_vp *vp, u32 msr)
{
	unsigned int i;

	if (msr == MSR_MTRR_DEF_TYPE)
		return &vp->msrs.mtrr_def_type;
	if (msr >= MSR_MTRR_VAR && msr - MSR_MTRR_VAR < ARRAY_SIZE(vp->msrs.mtrr_var))
		return &vp->msrs.mtrr_var[msr - MSR_MTRR_VAR];
	for (i = 0; i < ARRAY_SIZE(fixed_msrs); i++)
		if (fixed_msrs[i] == msr)
			return &vp->msrs.mtrr_fixed[i];
	return NULL;
}

static bool value_valid(u32 msr, u64 value)
{
	if (msr == MSR_MTRR_DEF_TYPE)
		return !(value & ~DEF_TYPE_VALID) && type_valid(value);
	if (msr < MSR_MTRR_VAR || msr - MSR_MTRR_VAR >= 16)
		return types_valid(value);
	if (msr % 2)
		return !(value & ~(ADDRESS_MASK | MASK_ENABLE));
	return !(value & ~(ADDRESS_MASK | 0xff)) && type_valid(value);
}

int rs_mtrr_read(struct rs_vp *vp, u32 msr, u64 *value)
{
	const u64 *stored = storage(vp, msr);

	if (msr == MSR_MTRR_CAP)
		*value = ARRAY_SIZE(vp->msrs.mtrr_var) / 2 | CAP_FIXED | CAP_WC;
	else if (stored)
		*value = *stored;
	else
		return -EINVAL;
	return 0;
}

int rs_mtrr_write(struct rs_vp *vp, u32 msr, u64 value)
{
	u64 *stored = storage(vp, msr);

	if (!stored || !value_valid(msr, value))
		return -EINVAL;
	*stored = value;
	return 0;
}

/**
 * rs_mtrr_init() - power-on values
 * @vp: not published yet
 *
 * What firmware would leave behind: all is write-back.  A kernel that is started without
 * firmware would otherwise find MTRRs disabled, and Linux 6.1 gives up PAT then.
 */
void rs_mtrr_init(struct rs_vp *vp)
{
	vp->msrs.mtrr_def_type = DEF_TYPE_ENABLE | TYPE_WB;
}
