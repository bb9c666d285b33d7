// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX: registers that live in the VMCS, in CPU and struct vmx_vp, by TLFS name (SDM3 §25.4,
 * §27.3).
 *
 * What a CPU cannot have in VMX operation the guest believes to have: of CR0 NE, NW and CD and of
 * CR4 nearly all are ours, and it reads what it wrote from the shadows.
 */

#include "vmx/vmx.h"

#define CR0_OURS	(X86_CR0_NE | X86_CR0_NW | X86_CR0_CD)
#define CR0_HARD	X86_CR0_NE
#define CR4_GUESTS	(X86_CR4_PGE | X86_CR4_TSD)
#define PDPTES		4
#define PDPTE_PRESENT	BIT_ULL(0)

/* ---- fields, the VMCS being current */

static u64 merge(u64 value, u64 shadow, u64 ours)
{
	return (value & ~ours) | (shadow & ours);
}

static u64 guest_cr0(void)
{
	return merge(vmcs_read(VMCS_GUEST_CR0), vmcs_read(VMCS_CR0_SHADOW), CR0_OURS);
}

static u64 guest_cr4(void)
{
	return merge(vmcs_read(VMCS_GUEST_CR4), vmcs_read(VMCS_CR4_SHADOW), ~(u64)CR4_GUESTS);
}

static void put_cr0(u64 value)
{
	vmcs_write(VMCS_GUEST_CR0, (value & ~(u64)CR0_OURS) | CR0_HARD);
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmcs_write(VMCS_CR0_MASK, CR0_OURS);
}

/* Without MCE a machine check would end the host. */
static void put_cr4(u64 value)
{
	vmcs_write(VMCS_GUEST_CR4, value | X86_CR4_VMXE | (__read_cr4() & X86_CR4_MCE));
	vmcs_write(VMCS_CR4_SHADOW, value);
	vmcs_write(VMCS_CR4_MASK, ~(u64)CR4_GUESTS);
}

/* LMA follows LME and paging (SDM3 §10.8.5), and a control of the entry follows LMA. */
static void put_efer(u64 efer)
{
	u32 controls = vmcs_read(VMCS_ENTRY_CONTROLS) & ~(u32)VMX_ENTRY_IA32E;

	efer &= ~(u64)EFER_LMA;
	if (efer & EFER_LME && vmcs_read(VMCS_GUEST_CR0) & X86_CR0_PG) {
		efer |= EFER_LMA;
		controls |= VMX_ENTRY_IA32E;
	}
	vmcs_write(VMCS_GUEST_EFER, efer);
	vmcs_write(VMCS_ENTRY_CONTROLS, controls);
}

static u16 rights_to_hv(u32 rights)
{
	u32 unusable = rights & VMX_RIGHTS_UNUSABLE ? HV_SEGMENT_PRESENT : 0;

	return rights & VMX_RIGHTS_HV & ~unusable;
}

/*
 * A segment that is not present is one that the CPU does not use.  What other CPUs do not look at
 * must be set here: that code and data were accessed, that a task is busy.
 */
static u32 rights_from_hv(u16 attributes, u32 name)
{
	u32 rights = attributes & VMX_RIGHTS_HV;

	if (!(rights & HV_SEGMENT_PRESENT))
		return rights | VMX_RIGHTS_UNUSABLE;
	if (name == HV_X64_REGISTER_TR)
		return rights | 2;
	return name == HV_X64_REGISTER_LDTR ? rights : rights | 1;
}

static unsigned int segment_at(u32 name)
{
	return 2 * (name - HV_X64_REGISTER_ES);
}

static void read_segment(u32 name, struct hv_x64_segment_register *s)
{
	unsigned int at = segment_at(name);

	s->base = vmcs_read(VMCS_GUEST_BASE + at);
	s->limit = vmcs_read(VMCS_GUEST_LIMIT + at);
	s->selector = vmcs_read(VMCS_GUEST_SELECTOR + at);
	s->attributes = rights_to_hv(vmcs_read(VMCS_GUEST_RIGHTS + at));
}

static void write_segment(u32 name, const struct hv_x64_segment_register *s)
{
	unsigned int at = segment_at(name);

	vmcs_write(VMCS_GUEST_BASE + at, s->base);
	vmcs_write(VMCS_GUEST_LIMIT + at, s->limit);
	vmcs_write(VMCS_GUEST_SELECTOR + at, s->selector);
	vmcs_write(VMCS_GUEST_RIGHTS + at, rights_from_hv(s->attributes, name));
}

/* GDTR's fields, then IDTR's */
static unsigned int table_at(u32 name)
{
	return name == HV_X64_REGISTER_IDTR ? 2 : 0;
}

/* ---- the mode */

static void read_mode(struct rs_mode *mode)
{
	struct hv_x64_segment_register ss;

	mode->cr0 = guest_cr0();
	mode->cr3 = vmcs_read(VMCS_GUEST_CR3);
	mode->cr4 = guest_cr4();
	mode->efer = vmcs_read(VMCS_GUEST_EFER);
	read_segment(HV_X64_REGISTER_CS, &mode->cs);
	read_segment(HV_X64_REGISTER_SS, &ss);
	mode->ss_dpl = HV_SEGMENT_DPL(ss.attributes);
}

void vmx_get_mode(struct rs_vp *vp, struct rs_mode *mode)
{
	struct vmx_vp *vmx = to_vmx(vp);

	if (!vmx->mode_valid && vmx_begin(vmx)) {
		read_mode(&vmx->mode);
		vmx->mode_valid = true;
		vmx_end();
	}
	*mode = vmx->mode;
}

/*
 * In PAE paging the CPU has the four page directory pointers in registers, which an entry loads
 * from the VMCS (SDM3 §4.4.1, §27.3.2.4): whoever changes the mode for the guest loads them.
 * May sleep.
 */
static int load_pdptes(struct rs_vp *vp)
{
	u64 reserved = GENMASK_ULL(63, boot_cpu_data.x86_phys_bits) | 0x1e6;
	u64 pdptes[PDPTES] = { };
	struct rs_mode mode;
	unsigned int i;

	vmx_get_mode(vp, &mode);
	if (!(mode.cr0 & X86_CR0_PG) || !(mode.cr4 & X86_CR4_PAE) || mode.efer & EFER_LMA)
		return 0;
	rs_gpa_read(vp->partition, mode.cr3 & 0xffffffe0, pdptes, sizeof(pdptes));
	for (i = 0; i < PDPTES; i++)
		if (pdptes[i] & PDPTE_PRESENT && pdptes[i] & reserved)
			return -EINVAL;
	if (!vmx_begin(to_vmx(vp)))
		return 0;
	for (i = 0; i < PDPTES; i++)
		vmcs_write(VMCS_GUEST_PDPTE0 + 2 * i, pdptes[i]);
	vmx_end();
	return 0;
}

/* ---- setters, the VMCS being current */

static void set_cr0(struct rs_vp *vp, u64 value)
{
	put_cr0(value);
	put_efer(vmcs_read(VMCS_GUEST_EFER));
	vmx_flush_tags(to_vmx(vp));
}

static void set_cr3(struct rs_vp *vp, u64 value)
{
	vmcs_write(VMCS_GUEST_CR3, value);
	vmx_flush_tags(to_vmx(vp));
}

static void set_cr4(struct rs_vp *vp, u64 value)
{
	if ((guest_cr4() ^ value) & RS_CR4_FLUSHING)
		vmx_flush_tags(to_vmx(vp));
	put_cr4(value);
}

static void set_efer(struct rs_vp *vp, u64 value)
{
	put_efer(value);
	vmx_flush_tags(to_vmx(vp));
}

static void set_dr7(struct rs_vp *vp, u64 value)
{
	vmcs_write(VMCS_GUEST_DR7, value);
	if (value & 0xff)
		vmx_load_debug(to_vmx(vp), true);
}

/* Registers of a field each; @set where there is more to do than to write it. */
static const struct vmcs_register {
	u32 name;
	u32 field;
	void (*set)(struct rs_vp *vp, u64 value);
} vmcs_registers[] = {
	{ HV_X64_REGISTER_CR0, VMCS_GUEST_CR0, set_cr0 },
	{ HV_X64_REGISTER_CR3, VMCS_GUEST_CR3, set_cr3 },
	{ HV_X64_REGISTER_CR4, VMCS_GUEST_CR4, set_cr4 },
	{ HV_X64_REGISTER_EFER, VMCS_GUEST_EFER, set_efer },
	{ HV_X64_REGISTER_PAT, VMCS_GUEST_PAT },
	{ HV_X64_REGISTER_DR7, VMCS_GUEST_DR7, set_dr7 },
	{ HV_X64_REGISTER_SYSENTER_CS, VMCS_GUEST_SYSENTER_CS },
	{ HV_X64_REGISTER_SYSENTER_EIP, VMCS_GUEST_SYSENTER_EIP },
	{ HV_X64_REGISTER_SYSENTER_ESP, VMCS_GUEST_SYSENTER_ESP },
	{ HV_X64_REGISTER_DEBUG_CTL, VMCS_GUEST_DEBUGCTL },
};

static const struct vmcs_register *find_register(u32 name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmcs_registers); i++)
		if (vmcs_registers[i].name == name)
			return &vmcs_registers[i];
	return NULL;
}

static u64 read_register(const struct vmcs_register *r)
{
	switch (r->name) {
	case HV_X64_REGISTER_CR0:
		return guest_cr0();
	case HV_X64_REGISTER_CR4:
		return guest_cr4();
	default:
		return vmcs_read(r->field);
	}
}

static void write_register(struct rs_vp *vp, const struct vmcs_register *r, u64 value)
{
	if (r->set)
		r->set(vp, value);
	else
		vmcs_write(r->field, value);
}

/* ---- registers that are not in the VMCS */

static const u32 msr_names[VMX_MSRS] = {
	[VMX_STAR] = HV_X64_REGISTER_STAR,
	[VMX_LSTAR] = HV_X64_REGISTER_LSTAR,
	[VMX_CSTAR] = HV_X64_REGISTER_CSTAR,
	[VMX_SFMASK] = HV_X64_REGISTER_SFMASK,
	[VMX_KERNEL_GS_BASE] = HV_X64_REGISTER_KERNEL_GS_BASE,
	[VMX_TSC_AUX] = HV_X64_REGISTER_TSC_AUX,
};

/* Of a VP that is loaded they are in this CPU: nobody but the thread that runs it asks. */
static u64 get_msr(struct vmx_vp *vmx, enum vmx_msr i)
{
	u64 value = vmx->msr[i];

	preempt_disable();
	if (vmx->loaded && i >= VMX_MSR_DIRECT)
		rdmsrl(vmx_msr_index[i], value);
	preempt_enable();
	return value;
}

static int set_msr(struct vmx_vp *vmx, enum vmx_msr i, u64 value)
{
	if (i == VMX_SFMASK && value >> 32)
		return -EINVAL;
	preempt_disable();
	vmx->msr[i] = value;
	if (vmx->loaded)
		wrmsrl(vmx_msr_index[i], value);
	preempt_enable();
	return 0;
}

static int find_msr(u32 name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msr_names); i++)
		if (msr_names[i] == name)
			return i;
	return -EINVAL;
}

/* ---- all of them */

static int get_field(u32 name, union hv_register_value *value)
{
	const struct vmcs_register *r = find_register(name);

	if (name >= HV_X64_REGISTER_ES && name <= HV_X64_REGISTER_TR) {
		read_segment(name, &value->segment);
		return 0;
	}
	if (name == HV_X64_REGISTER_IDTR || name == HV_X64_REGISTER_GDTR) {
		value->table.base = vmcs_read(VMCS_GUEST_GDTR_BASE + table_at(name));
		value->table.limit = vmcs_read(VMCS_GUEST_GDTR_LIMIT + table_at(name));
		return 0;
	}
	if (!r)
		return -EINVAL;
	value->reg64 = read_register(r);
	return 0;
}

int vmx_get_register(struct rs_vp *vp, u32 name, union hv_register_value *value)
{
	struct vmx_vp *vmx = to_vmx(vp);
	int err = find_msr(name);

	if (err >= 0) {
		value->reg64 = get_msr(vmx, err);
		return 0;
	}
	if (name == HV_X64_REGISTER_CR2 || name == HV_X64_REGISTER_DR6) {
		value->reg64 = name == HV_X64_REGISTER_CR2 ? vmx->cr2 : vmx->dr6;
		return 0;
	}
	if (!vmx_begin(vmx))
		return -EINVAL;
	err = get_field(name, value);
	vmx_end();
	return err;
}

static int set_field(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	const struct vmcs_register *r = find_register(name);

	if (name >= HV_X64_REGISTER_ES && name <= HV_X64_REGISTER_TR) {
		write_segment(name, &value->segment);
		return 0;
	}
	if (name == HV_X64_REGISTER_IDTR || name == HV_X64_REGISTER_GDTR) {
		vmcs_write(VMCS_GUEST_GDTR_BASE + table_at(name), value->table.base);
		vmcs_write(VMCS_GUEST_GDTR_LIMIT + table_at(name), value->table.limit);
		return 0;
	}
	if (!r)
		return -EINVAL;
	write_register(vp, r, value->reg64);
	return 0;
}

static bool moves_pdptes(u32 name)
{
	return name == HV_X64_REGISTER_CR0 || name == HV_X64_REGISTER_CR3 ||
	       name == HV_X64_REGISTER_CR4 || name == HV_X64_REGISTER_EFER;
}

int vmx_set_register(struct rs_vp *vp, u32 name, const union hv_register_value *value)
{
	struct vmx_vp *vmx = to_vmx(vp);
	int err = find_msr(name);

	if (err >= 0)
		return set_msr(vmx, err, value->reg64);
	if (name == HV_X64_REGISTER_CR2 || name == HV_X64_REGISTER_DR6) {
		*(name == HV_X64_REGISTER_CR2 ? &vmx->cr2 : &vmx->dr6) = value->reg64;
		return 0;
	}
	if (!vmx_begin(vmx))
		return -EINVAL;
	err = set_field(vp, name, value);
	vmx->mode_valid = false;
	vmx_end();
	return err || !moves_pdptes(name) ? err : load_pdptes(vp);
}

void vmx_load_debug(struct vmx_vp *vmx, bool on)
{
	vmx->debug_loaded = on;
	if (on)
		vmx->proc &= ~(u32)VMX_PROC_MOV_DR;
	else
		vmx->proc |= VMX_PROC_MOV_DR;
}

void vmx_vp_reset(struct rs_vp *vp)
{
	struct vmx_vp *vmx = to_vmx(vp);

	vmx->entry_event = 0;
	vmx->blocking = 0;
	vmx_load_debug(vmx, false);
	vmx_flush_tlb(vp);
	if (!vmx_begin(vmx))
		return;
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, 0);
	vmx_end();
}
