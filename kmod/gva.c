// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk of a guest's own page tables (SDM3 ch. 4, APM2 ch. 5), for the worker's
 * emulator and for the bytes of an intercepted instruction.
 *
 * Reads entries through the GPA map, each once; sets accessed and dirty bits where the
 * access it stands for would.  Owner of the VP, process context; a walk, and a fetch with
 * the walks that it takes, hold gpa.lock for reading throughout.
 */
#include <linux/mm.h>

#include "hv.h"

#define PTE_P		BIT_ULL(0)
#define PTE_W		BIT_ULL(1)
#define PTE_U		BIT_ULL(2)
#define PTE_A		BIT_ULL(5)
#define PTE_D		BIT_ULL(6)
#define PTE_PS		BIT_ULL(7)
#define PTE_NX		BIT_ULL(63)

#define PF_P		1u
#define PF_W		2u
#define PF_U		4u
#define PF_RSVD		8u
#define PF_I		16u

#define WALK_MAX	5

/* One paging mode: how many levels of how many bits, from which root. */
struct paging {
	unsigned int levels;
	unsigned int bits;		/* of index a level */
	unsigned int entry;		/* bytes */
	u64 root_mask;
	bool nx;
	bool wp;
	bool smep;
	bool large_4m;			/* CR4.PSE in 32-bit mode */
};

struct walk_state {
	struct rs_vp *vp;
	struct paging mode;
	u64 gva;
	bool write;
	bool fetch;
	bool user;
	bool exempt;
	u64 rights;			/* W and U of all levels and-ed, NX or-ed */
	struct {
		u64 gpa;
		u64 pte;
	} entry[WALK_MAX];
	unsigned int entries;
};

static const struct paging paging_32 = { 2, 10, 4, 0xfffff000ull };
static const struct paging paging_pae = { 3, 9, 8, 0xffffffe0ull };
static const struct paging paging_4level = { 4, 9, 8, 0x000ffffffffff000ull };
static const struct paging paging_5level = { 5, 9, 8, 0x000ffffffffff000ull };

static struct paging paging_mode(const struct rs_mode *m)
{
	struct paging mode;

	if (m->efer & EFER_LMA)
		mode = m->cr4 & X86_CR4_LA57 ? paging_5level : paging_4level;
	else
		mode = m->cr4 & X86_CR4_PAE ? paging_pae : paging_32;
	mode.nx = m->efer & EFER_NX;
	mode.wp = m->cr0 & X86_CR0_WP;
	mode.smep = m->cr4 & X86_CR4_SMEP;
	mode.large_4m = m->cr4 & X86_CR4_PSE;
	return mode;
}

static unsigned int level_shift(const struct paging *mode, unsigned int level)
{
	return PAGE_SHIFT + mode->bits * level;
}

/* Bits of an entry that must be zero. */
static u64 reserved_bits(const struct walk_state *w, unsigned int level, u64 pte)
{
	u64 bits = 0;

	if (w->mode.entry == 4)
		return 0;
	if (!w->mode.nx)
		bits |= PTE_NX;
	bits |= GENMASK_ULL(51, boot_cpu_data.x86_phys_bits) & GENMASK_ULL(51, 12);
	if (level == 2 && w->mode.levels == 3)		/* PDPTE */
		return GENMASK_ULL(63, 52) | bits | PTE_PS | PTE_W | PTE_U;
	if (level >= 3)
		bits |= PTE_PS;
	else if (level && pte & PTE_PS)
		bits |= GENMASK_ULL(level_shift(&w->mode, level) - 1, 13);
	return bits;
}

static bool is_leaf(const struct walk_state *w, unsigned int level, u64 pte)
{
	if (!level)
		return true;
	if (!(pte & PTE_PS) || level > 2)
		return false;
	return w->mode.entry == 8 ? !(level == 2 && w->mode.levels == 3) : w->mode.large_4m;
}

static u64 leaf_base(const struct walk_state *w, unsigned int level, u64 pte)
{
	u64 mask = GENMASK_ULL(51, level_shift(&w->mode, level));

	if (w->mode.entry == 4) {
		u64 high = level ? (pte & 0x1fe000ull) << 19 : 0;	/* PSE-36 */

		return (pte & 0xffffffffull & mask) | high;
	}
	return pte & mask;
}

static int fail(struct rs_walk *walk, const struct walk_state *w, u32 result, u32 error)
{
	walk->result = result;
	walk->error_code = error | (w->write ? PF_W : 0) | (w->user ? PF_U : 0) |
			   (w->fetch && (w->mode.nx || w->mode.smep) ? PF_I : 0);
	return -EFAULT;
}

static bool access_allowed(const struct walk_state *w)
{
	bool user_page = w->rights & PTE_U;

	if (w->exempt)
		return true;
	if (w->user && !user_page)
		return false;
	if (w->write && !(w->rights & PTE_W) && (w->user || w->mode.wp))
		return false;
	if (w->fetch && (w->rights & PTE_NX || (!w->user && user_page && w->mode.smep)))
		return false;
	return true;
}

/* Sets in the entry at @gpa what of @bits it had not when it was read. */
static void mark_entry(const struct walk_state *w, u64 gpa, u64 pte, u64 bits)
{
	u64 missing = bits & ~pte;
	atomic64_t *word;

	if (!missing)
		return;
	word = rs_gpa_pointer(w->vp->partition, gpa & ~7ull, true);
	if (word)
		atomic64_or(missing << (gpa & 4) * 8, word);
}

static void mark_accessed(const struct walk_state *w)
{
	/* PDPTEs of PAE have no such bits */
	unsigned int i = w->mode.levels == 3;

	for (; i < w->entries; i++) {
		bool dirty = w->write && i == w->entries - 1;

		mark_entry(w, w->entry[i].gpa, w->entry[i].pte, PTE_A | (dirty ? PTE_D : 0));
	}
}

static bool read_entry(const struct walk_state *w, u64 at, u64 *pte)
{
	const void *entry = rs_gpa_read_pointer(w->vp, at);

	if (!entry)
		return false;
	*pte = w->mode.entry == 8 ? READ_ONCE(*(const u64 *)entry) :
				    READ_ONCE(*(const u32 *)entry);
	return true;
}

/* One level: reads the entry of @table, checks it.  0: go on, 1: a leaf, <0: failed. */
static int walk_level(struct walk_state *w, struct rs_walk *walk, u64 table, unsigned int level,
		      u64 *pte)
{
	u64 index = (w->gva >> level_shift(&w->mode, level)) & ((1u << w->mode.bits) - 1);
	u64 at = table + index * w->mode.entry;

	*pte = 0;
	if (!read_entry(w, at, pte))
		return fail(walk, w, HV_TRANSLATE_GVA_INVALID_PTE_FLAGS, PF_P | PF_RSVD);
	if (!(*pte & PTE_P))
		return fail(walk, w, HV_TRANSLATE_GVA_PAGE_NOT_PRESENT, 0);
	if (*pte & reserved_bits(w, level, *pte))
		return fail(walk, w, HV_TRANSLATE_GVA_INVALID_PTE_FLAGS, PF_P | PF_RSVD);
	w->entry[w->entries].gpa = at;
	w->entry[w->entries++].pte = *pte;
	if (!(w->mode.levels == 3 && level == 2))
		w->rights = (w->rights & *pte & (PTE_W | PTE_U)) | ((w->rights | *pte) & PTE_NX);
	return is_leaf(w, level, *pte);
}

static void walk_tables(struct walk_state *w, u64 cr3, struct rs_walk *walk)
{
	u64 table = cr3 & w->mode.root_mask;
	unsigned int level = w->mode.levels;
	int leaf = 0;
	u64 pte;

	while (!leaf) {
		leaf = walk_level(w, walk, table, --level, &pte);
		table = w->mode.entry == 8 ? pte & 0x000ffffffffff000ull : pte & 0xfffff000ull;
	}
	if (leaf < 0)
		return;
	if (!access_allowed(w)) {
		fail(walk, w, HV_TRANSLATE_GVA_PRIVILEGE_VIOLATION, PF_P);
		return;
	}
	mark_accessed(w);
	walk->result = HV_TRANSLATE_GVA_SUCCESS;
	walk->gpa = leaf_base(w, level, pte) |
		    (w->gva & (BIT_ULL(level_shift(&w->mode, level)) - 1));
}

static bool canonical(u64 gva, const struct paging *mode)
{
	unsigned int shift = mode->levels == 5 ? 7 : 16;

	return mode->levels < 4 || (u64)((s64)(gva << shift) >> shift) == gva;
}

/* gpa.lock is held for reading. */
static void translate(struct rs_vp *vp, const struct rs_mode *mode, u64 gva, u64 flags,
		      struct rs_walk *walk)
{
	struct walk_state w = {
		.vp = vp,
		.mode = paging_mode(mode),
		.gva = mode->efer & EFER_LMA ? gva : (u32)gva,
		.write = flags & HV_TRANSLATE_GVA_VALIDATE_WRITE,
		.fetch = flags & HV_TRANSLATE_GVA_VALIDATE_EXECUTE,
		.user = rs_mode_cpl(vp, mode) == 3,
		.exempt = flags & HV_TRANSLATE_GVA_PRIVILEGE_EXEMPT,
		.rights = PTE_W | PTE_U,
	};

	*walk = (struct rs_walk){ .gpa = w.gva };
	if (!(mode->cr0 & X86_CR0_PG))
		return;
	if (!canonical(w.gva, &w.mode))
		fail(walk, &w, HV_TRANSLATE_GVA_PAGE_NOT_PRESENT, 0);
	else
		walk_tables(&w, mode->cr3, walk);
}

/**
 * rs_gva_translate() - walk the VP's page tables for @gva
 * @vp:    the VP
 * @gva:   guest virtual address
 * @flags: HV_TRANSLATE_GVA_*: which access to check, as the VP's privilege level
 * @walk:  filled in: the guest physical address, or why there is none
 */
void rs_gva_translate(struct rs_vp *vp, u64 gva, u64 flags, struct rs_walk *walk)
{
	struct rs_mode mode;

	*walk = (struct rs_walk){ .result = HV_TRANSLATE_GVA_GPA_UNMAPPED };
	rs_backend->get_mode(vp, &mode);
	if (down_read_killable(&vp->partition->gpa.lock))
		return;
	translate(vp, &mode, gva, flags, walk);
	up_read(&vp->partition->gpa.lock);
}

/* What one page holds of the instruction. */
static unsigned int fetch_page(struct rs_vp *vp, const struct rs_mode *mode, u64 gva, u8 *bytes,
			       unsigned int count)
{
	struct rs_walk walk;
	const void *memory;

	translate(vp, mode, gva, HV_TRANSLATE_GVA_VALIDATE_EXECUTE, &walk);
	memory = walk.result ? NULL : rs_gpa_read_pointer(vp, walk.gpa);
	if (!memory)
		return 0;
	memcpy(bytes, memory, count);
	return count;
}

/**
 * rs_gva_fetch() - the bytes at the VP's instruction pointer
 * @vp:    the VP
 * @bytes: takes them
 *
 * The guest may have changed them since the exit: whoever looks at them expects
 * anything.
 *
 * Return: how many of 15 could be read.
 */
int rs_gva_fetch(struct rs_vp *vp, u8 bytes[15])
{
	struct rs_mode mode;
	unsigned int first, got;
	u64 gva;

	rs_backend->get_mode(vp, &mode);
	gva = vp->regs.rip + (rs_mode_64bit(&mode) ? 0 : mode.cs.base);
	first = min_t(u64, 15, PAGE_SIZE - offset_in_page(gva));
	if (down_read_killable(&vp->partition->gpa.lock))
		return 0;
	got = fetch_page(vp, &mode, gva, bytes, first);
	if (got == first && first < 15)
		got += fetch_page(vp, &mode, gva + first, bytes + first, 15 - first);
	up_read(&vp->partition->gpa.lock);
	return got;
}
