/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine control block and its numbers (APM2 appendix B, C).
 */
#ifndef ROOTSTOCK_SVM_VMCB_H
#define ROOTSTOCK_SVM_VMCB_H

#include "rs_types.h"

struct vmcb_segment {
	u16 selector;
	u16 attributes;			/* descriptor bits 40-47 and 52-55, packed */
	u32 limit;
	u64 base;
};

struct vmcb {
	/* control area */
	u16 intercept_cr_read;
	u16 intercept_cr_write;
	u16 intercept_dr_read;
	u16 intercept_dr_write;
	u32 intercept_exceptions;
	u32 intercept_misc1;
	u32 intercept_misc2;
	u32 intercept_misc3;
	u8 reserved1[0x03c - 0x018];
	u16 pause_filter_threshold;
	u16 pause_filter_count;
	u64 iopm_base_pa;
	u64 msrpm_base_pa;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved2[3];
	u64 vintr;
	u64 interrupt_shadow;
	u64 exitcode;
	u64 exitinfo1;
	u64 exitinfo2;
	u64 exitintinfo;
	u64 np_enable;
	u64 avic_apic_bar;
	u64 ghcb;
	u64 eventinj;
	u64 n_cr3;
	u64 virt_ext;
	u64 clean;
	u64 nrip;
	u8 fetched_bytes;
	u8 instruction_bytes[15];
	u8 reserved3[0x400 - 0x0e0];
	/* state save area */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved4[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved5;
	u64 efer;
	u8 reserved6[0x548 - 0x4d8];
	u64 cr4;
	u64 cr3;
	u64 cr0;
	u64 dr7;
	u64 dr6;
	u64 rflags;
	u64 rip;
	u8 reserved7[0x5d8 - 0x580];
	u64 rsp;
	u8 reserved8[0x5f8 - 0x5e0];
	u64 rax;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 kernel_gs_base;
	u64 sysenter_cs;
	u64 sysenter_esp;
	u64 sysenter_eip;
	u64 cr2;
	u8 reserved9[0x668 - 0x648];
	u64 g_pat;
	u64 debugctl;
	u8 reserved10[0x1000 - 0x678];
};

_Static_assert(sizeof(struct vmcb) == 4096, "VMCB is a page");
_Static_assert(offsetof(struct vmcb, vintr) == 0x060, "APM2 table B-1");
_Static_assert(offsetof(struct vmcb, eventinj) == 0x0a8, "APM2 table B-1");
_Static_assert(offsetof(struct vmcb, instruction_bytes) == 0x0d1, "APM2 table B-1");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "APM2 table B-2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM2 table B-2");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "APM2 table B-2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM2 table B-2");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "APM2 table B-2");

enum {		/* intercept_misc1 */
	SVM_INTERCEPT_INTR	= BIT(0),
	SVM_INTERCEPT_NMI	= BIT(1),
	SVM_INTERCEPT_SMI	= BIT(2),
	SVM_INTERCEPT_INIT	= BIT(3),
	SVM_INTERCEPT_VINTR	= BIT(4),
	SVM_INTERCEPT_RDPMC	= BIT(15),
	SVM_INTERCEPT_CPUID	= BIT(18),
	SVM_INTERCEPT_IRET	= BIT(20),
	SVM_INTERCEPT_INVD	= BIT(22),
	SVM_INTERCEPT_PAUSE	= BIT(23),
	SVM_INTERCEPT_HLT	= BIT(24),
	SVM_INTERCEPT_INVLPGA	= BIT(26),
	SVM_INTERCEPT_IOIO	= BIT(27),
	SVM_INTERCEPT_MSR	= BIT(28),
	SVM_INTERCEPT_FERR	= BIT(30),
	SVM_INTERCEPT_SHUTDOWN	= BIT(31),
};

enum {		/* intercept_misc2 */
	SVM_INTERCEPT_VMRUN	= BIT(0),
	SVM_INTERCEPT_VMMCALL	= BIT(1),
	SVM_INTERCEPT_VMLOAD	= BIT(2),
	SVM_INTERCEPT_VMSAVE	= BIT(3),
	SVM_INTERCEPT_STGI	= BIT(4),
	SVM_INTERCEPT_CLGI	= BIT(5),
	SVM_INTERCEPT_SKINIT	= BIT(6),
	SVM_INTERCEPT_WBINVD	= BIT(9),
	SVM_INTERCEPT_MONITOR	= BIT(10),
	SVM_INTERCEPT_MWAIT	= BIT(11),
	SVM_INTERCEPT_MWAIT_ARMED = BIT(12),
	SVM_INTERCEPT_XSETBV	= BIT(13),
	SVM_INTERCEPT_RDPRU	= BIT(14),
};

enum {
	SVM_EXIT_CR_READ0	= 0x000,
	SVM_EXIT_CR_READ15	= 0x00f,
	SVM_EXIT_CR_WRITE0	= 0x010,
	SVM_EXIT_CR_WRITE15	= 0x01f,
	SVM_EXIT_DR_READ0	= 0x020,
	SVM_EXIT_DR_WRITE15	= 0x03f,
	SVM_EXIT_EXCEPTION_DB	= 0x041,
	SVM_EXIT_EXCEPTION_AC	= 0x051,
	SVM_EXIT_EXCEPTION_MC	= 0x052,
	SVM_EXIT_INTR		= 0x060,
	SVM_EXIT_NMI		= 0x061,
	SVM_EXIT_SMI		= 0x062,
	SVM_EXIT_INIT		= 0x063,
	SVM_EXIT_VINTR		= 0x064,
	SVM_EXIT_RDPMC		= 0x06f,
	SVM_EXIT_CPUID		= 0x072,
	SVM_EXIT_IRET		= 0x074,
	SVM_EXIT_INVD		= 0x076,
	SVM_EXIT_PAUSE		= 0x077,
	SVM_EXIT_HLT		= 0x078,
	SVM_EXIT_INVLPGA	= 0x07a,
	SVM_EXIT_IOIO		= 0x07b,
	SVM_EXIT_MSR		= 0x07c,
	SVM_EXIT_SHUTDOWN	= 0x07f,
	SVM_EXIT_VMRUN		= 0x080,
	SVM_EXIT_VMMCALL	= 0x081,
	SVM_EXIT_VMLOAD		= 0x082,
	SVM_EXIT_VMSAVE		= 0x083,
	SVM_EXIT_STGI		= 0x084,
	SVM_EXIT_CLGI		= 0x085,
	SVM_EXIT_SKINIT		= 0x086,
	SVM_EXIT_WBINVD		= 0x089,
	SVM_EXIT_MONITOR	= 0x08a,
	SVM_EXIT_MWAIT		= 0x08b,
	SVM_EXIT_MWAIT_ARMED	= 0x08c,
	SVM_EXIT_XSETBV		= 0x08d,
	SVM_EXIT_RDPRU		= 0x08e,
	SVM_EXIT_NPF		= 0x400,
};

#define SVM_EXIT_INVALID	(~0ull)

/* vintr */
#define SVM_V_TPR_MASK		0xffull
#define SVM_V_IRQ		BIT_ULL(8)
#define SVM_V_INTR_PRIO(p)	((u64)(p) << 16)
#define SVM_V_IGN_TPR		BIT_ULL(20)
#define SVM_V_INTR_MASKING	BIT_ULL(24)
#define SVM_V_INTR_VECTOR(v)	((u64)(v) << 32)

#define SVM_DR7_GD		BIT_ULL(13)

/* exitinfo1 of IOIO */
#define SVM_IO_IN		BIT_ULL(0)
#define SVM_IO_STRING		BIT_ULL(2)
#define SVM_IO_REP		BIT_ULL(3)
#define SVM_IO_SIZE(i)		(((i) >> 4) & 7)
#define SVM_IO_ADDRESS_SIZE(i)	((((i) >> 7) & 7) * 2)
#define SVM_IO_SEGMENT(i)	(((i) >> 10) & 7)
#define SVM_IO_PORT(i)		((u16)((i) >> 16))

/* exitinfo1 of NPF */
#define SVM_NPF_PRESENT		BIT_ULL(0)
#define SVM_NPF_WRITE		BIT_ULL(1)
#define SVM_NPF_FETCH		BIT_ULL(4)
#define SVM_NPF_WALK		BIT_ULL(33)

/* exitinfo1 of CR writes, with decode assists */
#define SVM_CR_VALID		BIT_ULL(63)

enum { SVM_TLB_KEEP = 0, SVM_TLB_FLUSH_ALL = 1, SVM_TLB_FLUSH_ASID = 3 };

#endif
