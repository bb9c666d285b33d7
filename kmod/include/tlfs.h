/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Wire types and numbers of the Hyper-V Top Level Functional Specification.
 *
 * Spelled as the TLFS spells them, in kernel case.  Shared by the modules, by
 * user mode and by the guests under tests/.  Nothing here depends on the kernel:
 * only fixed-width types, enums, and layouts whose sizes are asserted below.
 */
#ifndef ROOTSTOCK_TLFS_H
#define ROOTSTOCK_TLFS_H

#include <linux/types.h>

#define HV_PAGE_SHIFT		12
#define HV_PAGE_SIZE		4096u

/* Synthetic MSRs (TLFS, appendix "MSRs"). */
enum hv_msr {
	HV_X64_MSR_GUEST_OS_ID			= 0x40000000,
	HV_X64_MSR_HYPERCALL			= 0x40000001,
	HV_X64_MSR_VP_INDEX			= 0x40000002,
	HV_X64_MSR_RESET			= 0x40000003,
	HV_X64_MSR_VP_RUNTIME			= 0x40000010,
	HV_X64_MSR_TIME_REF_COUNT		= 0x40000020,
	HV_X64_MSR_REFERENCE_TSC		= 0x40000021,
	HV_X64_MSR_TSC_FREQUENCY		= 0x40000022,
	HV_X64_MSR_APIC_FREQUENCY		= 0x40000023,
	HV_X64_MSR_EOI				= 0x40000070,
	HV_X64_MSR_ICR				= 0x40000071,
	HV_X64_MSR_TPR				= 0x40000072,
	HV_X64_MSR_VP_ASSIST_PAGE		= 0x40000073,
	HV_X64_MSR_SCONTROL			= 0x40000080,
	HV_X64_MSR_SVERSION			= 0x40000081,
	HV_X64_MSR_SIEFP			= 0x40000082,
	HV_X64_MSR_SIMP				= 0x40000083,
	HV_X64_MSR_EOM				= 0x40000084,
	HV_X64_MSR_SINT0			= 0x40000090,
	HV_X64_MSR_SINT15			= 0x4000009f,
	HV_X64_MSR_STIMER0_CONFIG		= 0x400000b0,
	HV_X64_MSR_STIMER3_COUNT		= 0x400000b7,
	HV_X64_MSR_GUEST_IDLE			= 0x400000f0,
	HV_X64_MSR_CRASH_P0			= 0x40000100,
	HV_X64_MSR_CRASH_P4			= 0x40000104,
	HV_X64_MSR_CRASH_CTL			= 0x40000105,
	HV_X64_MSR_REENLIGHTENMENT_CONTROL	= 0x40000106,
	HV_X64_MSR_TSC_EMULATION_CONTROL	= 0x40000107,
	HV_X64_MSR_TSC_EMULATION_STATUS		= 0x40000108,
	HV_X64_MSR_TSC_INVARIANT_CONTROL	= 0x40000118,
};

/* Bits that several synthetic MSRs share: enable, and the page they name. */
#define HV_MSR_ENABLE			1ull
#define HV_MSR_PAGE_MASK		(~0xfffull)
#define HV_HYPERCALL_MSR_LOCKED		2ull

/* HV_X64_MSR_SINTx (TLFS "SINTx Registers"). */
#define HV_SINT_VECTOR_MASK		0xffull
#define HV_SINT_MASKED			(1ull << 16)
#define HV_SINT_AUTO_EOI		(1ull << 17)
#define HV_SINT_POLLING			(1ull << 18)
#define HV_SINT_COUNT			16
#define HV_SYNIC_VERSION		1

/* HV_X64_MSR_STIMERx_CONFIG (TLFS "Synthetic Timer Configuration Register"). */
#define HV_STIMER_ENABLE		(1ull << 0)
#define HV_STIMER_PERIODIC		(1ull << 1)
#define HV_STIMER_LAZY			(1ull << 2)
#define HV_STIMER_AUTO_ENABLE		(1ull << 3)
#define HV_STIMER_VECTOR(config)	(((config) >> 4) & 0xff)
#define HV_STIMER_DIRECT		(1ull << 12)
#define HV_STIMER_SINT(config)		(((config) >> 16) & 0xf)
#define HV_STIMER_CONFIG_VALID		0x000f1fffull
#define HV_STIMER_COUNT			4

/* HV_X64_MSR_REENLIGHTENMENT_CONTROL. */
#define HV_REENLIGHTENMENT_VECTOR(v)	((v) & 0xff)
#define HV_REENLIGHTENMENT_ENABLED	(1ull << 16)
#define HV_REENLIGHTENMENT_TARGET(v)	((__u32)((v) >> 32))
#define HV_REENLIGHTENMENT_VALID	0xffffffff000100ffull
/* HV_X64_MSR_TSC_EMULATION_CONTROL and _STATUS; HV_X64_MSR_TSC_INVARIANT_CONTROL. */
#define HV_TSC_EMULATION_ENABLED	1ull
#define HV_TSC_EMULATION_IN_PROGRESS	1ull
#define HV_EXPOSE_INVARIANT_TSC		1ull

/* HV_X64_MSR_CRASH_CTL. */
#define HV_CRASH_NOTIFY_MSG		(1ull << 62)
#define HV_CRASH_NOTIFY			(1ull << 63)
#define HV_CRASH_PARAMS			5

/* CPUID leaves (TLFS "Hypervisor CPUID Leaf Range"). */
enum hv_cpuid {
	HV_CPUID_VENDOR_AND_MAX			= 0x40000000,
	HV_CPUID_INTERFACE			= 0x40000001,
	HV_CPUID_VERSION			= 0x40000002,
	HV_CPUID_FEATURES			= 0x40000003,
	HV_CPUID_ENLIGHTENMENTS			= 0x40000004,
	HV_CPUID_LIMITS				= 0x40000005,
	HV_CPUID_HW_FEATURES			= 0x40000006,
	HV_CPUID_CPU_MANAGEMENT			= 0x40000007,
	HV_CPUID_SVM_FEATURES			= 0x40000008,
	HV_CPUID_NESTED_ENLIGHTENMENTS		= 0x40000009,
	HV_CPUID_NESTED_FEATURES		= 0x4000000a,
};

/* HV_PARTITION_PRIVILEGE_MASK, low half: CPUID 0x40000003 EAX. */
#define HV_ACCESS_VP_RUNTIME		(1u << 0)
#define HV_ACCESS_TIME_REF_COUNT	(1u << 1)
#define HV_ACCESS_SYNIC			(1u << 2)
#define HV_ACCESS_STIMER		(1u << 3)
#define HV_ACCESS_APIC			(1u << 4)
#define HV_ACCESS_HYPERCALL		(1u << 5)
#define HV_ACCESS_VP_INDEX		(1u << 6)
#define HV_ACCESS_RESET			(1u << 7)
#define HV_ACCESS_STATS			(1u << 8)
#define HV_ACCESS_REFERENCE_TSC		(1u << 9)
#define HV_ACCESS_GUEST_IDLE		(1u << 10)
#define HV_ACCESS_FREQUENCY		(1u << 11)
#define HV_ACCESS_REENLIGHTENMENT	(1u << 13)
#define HV_ACCESS_TSC_INVARIANT		(1u << 15)
/* High half: EBX. */
#define HV_POST_MESSAGES		(1u << 4)
#define HV_SIGNAL_EVENTS		(1u << 5)
#define HV_ACCESS_VP_REGISTERS		(1u << 17)
#define HV_ENABLE_EXTENDED_HYPERCALLS	(1u << 20)
#define HV_START_VIRTUAL_PROCESSOR	(1u << 21)
/* EDX: features. */
#define HV_FEATURE_XMM_INPUT		(1u << 4)
#define HV_FEATURE_GUEST_IDLE		(1u << 5)
#define HV_FEATURE_FREQUENCY_MSRS	(1u << 8)
#define HV_FEATURE_GUEST_CRASH_MSRS	(1u << 10)
#define HV_FEATURE_EXTENDED_GVA_RANGES	(1u << 14)	/* in lists of addresses to flush */
#define HV_FEATURE_XMM_OUTPUT		(1u << 15)
#define HV_FEATURE_STIMER_DIRECT	(1u << 19)
/* CPUID 0x40000004 EAX: what the guest is recommended to use. */
#define HV_RECOMMEND_FLUSH_LOCAL_TLB	(1u << 1)
#define HV_RECOMMEND_FLUSH_REMOTE_TLB	(1u << 2)
#define HV_RECOMMEND_APIC_MSRS		(1u << 3)
#define HV_RECOMMEND_RELAXED_TIMING	(1u << 5)
#define HV_RECOMMEND_X2APIC_MSRS	(1u << 8)
#define HV_RECOMMEND_DEPRECATE_AUTO_EOI	(1u << 9)
#define HV_RECOMMEND_CLUSTER_IPI	(1u << 10)
#define HV_RECOMMEND_EX_PROCESSOR_MASKS	(1u << 11)

/* Hypercall input value (TLFS "Hypercall Inputs") and result value. */
#define HV_HYPERCALL_CODE(in)		((__u16)(in))
#define HV_HYPERCALL_FAST		(1ull << 16)
#define HV_HYPERCALL_VARHEAD(in)	(((in) >> 17) & 0x3ff)
#define HV_HYPERCALL_NESTED		(1ull << 31)
#define HV_HYPERCALL_REP_COUNT(in)	(((in) >> 32) & 0xfff)
#define HV_HYPERCALL_REP_START(in)	(((in) >> 48) & 0xfff)
#define HV_HYPERCALL_RSVD		0xf000f00078000000ull
#define HV_HYPERCALL_REPS_DONE(reps)	((__u64)(reps) << 32)
#define HV_HYPERCALL_REP_START_SHIFT	48
#define HV_HYPERCALL_REP_START_MASK	(0xfffull << HV_HYPERCALL_REP_START_SHIFT)

enum hv_call {
	HV_CALL_SWITCH_VIRTUAL_ADDRESS_SPACE	= 0x0001,
	HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE	= 0x0002,
	HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST	= 0x0003,
	HV_CALL_NOTIFY_LONG_SPIN_WAIT		= 0x0008,
	HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI	= 0x000b,
	HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX	= 0x0013,
	HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX	= 0x0014,
	HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX	= 0x0015,
	HV_CALL_GET_VP_REGISTERS		= 0x0050,
	HV_CALL_SET_VP_REGISTERS		= 0x0051,
	HV_CALL_POST_MESSAGE			= 0x005c,
	HV_CALL_SIGNAL_EVENT			= 0x005d,
	HV_CALL_START_VIRTUAL_PROCESSOR		= 0x0099,
	HV_CALL_GET_VP_INDEX_FROM_APIC_ID	= 0x009a,
	HV_EXT_CALL_QUERY_CAPABILITIES		= 0x8001,
};

/* HV_STATUS (TLFS appendix "Hypercall Status Codes"). */
enum hv_status {
	HV_STATUS_SUCCESS			= 0x0000,
	HV_STATUS_INVALID_HYPERCALL_CODE	= 0x0002,
	HV_STATUS_INVALID_HYPERCALL_INPUT	= 0x0003,
	HV_STATUS_INVALID_ALIGNMENT		= 0x0004,
	HV_STATUS_INVALID_PARAMETER		= 0x0005,
	HV_STATUS_ACCESS_DENIED			= 0x0006,
	HV_STATUS_INVALID_PARTITION_STATE	= 0x0007,
	HV_STATUS_OPERATION_DENIED		= 0x0008,
	HV_STATUS_UNKNOWN_PROPERTY		= 0x0009,
	HV_STATUS_INSUFFICIENT_MEMORY		= 0x000b,
	HV_STATUS_INVALID_PARTITION_ID		= 0x000d,
	HV_STATUS_INVALID_VP_INDEX		= 0x000e,
	HV_STATUS_INVALID_PORT_ID		= 0x0011,
	HV_STATUS_INVALID_CONNECTION_ID		= 0x0012,
	HV_STATUS_INSUFFICIENT_BUFFERS		= 0x0013,
	HV_STATUS_INVALID_VP_STATE		= 0x0015,
	HV_STATUS_INVALID_REGISTER_VALUE	= 0x0050,
};

/* Flush flags (TLFS HvCallFlushVirtualAddressSpace). */
#define HV_FLUSH_ALL_PROCESSORS			(1ull << 0)
#define HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES	(1ull << 1)
#define HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY	(1ull << 2)
#define HV_FLUSH_VALID				0x7ull

/* HV_VP_SET (TLFS "Virtual Processor Sets"). */
enum hv_generic_set_format {
	HV_GENERIC_SET_SPARSE_4K	= 0,
	HV_GENERIC_SET_ALL		= 1,
};

struct hv_vp_set {
	__u64 format;
	__u64 valid_bank_mask;
	__u64 bank_contents[];
};

struct hv_flush_virtual_address_space {
	__u64 address_space;
	__u64 flags;
	__u64 processor_mask;
};

struct hv_flush_virtual_address_space_ex {
	__u64 address_space;
	__u64 flags;
	struct hv_vp_set vp_set;
};

struct hv_send_cluster_ipi {
	__u32 vector;
	__u8 target_vtl;
	__u8 reserved[3];
	__u64 processor_mask;
};

struct hv_send_cluster_ipi_ex {
	__u32 vector;
	__u8 target_vtl;
	__u8 reserved[3];
	struct hv_vp_set vp_set;
};

/* Who is meant by a hypercall that names a partition and a VP. */
#define HV_PARTITION_ID_SELF	(~0ull)
#define HV_VP_INDEX_SELF	0xfffffffeu

/* HV_INPUT_VTL: a number, and whether it counts. */
#define HV_INPUT_VTL_NUMBER	0x0fu
#define HV_INPUT_VTL_USE	0x10u

struct hv_post_message {
	__u32 connection_id;
	__u32 reserved;
	__u32 message_type;
	__u32 payload_size;
	__u64 payload[30];
};

struct hv_signal_event {
	__u32 connection_id;
	__u16 flag_number;
	__u16 reserved;
};

/* HvCallGetVpRegisters and HvCallSetVpRegisters, before the list. */
struct hv_vp_registers {
	__u64 partition_id;
	__u32 vp_index;
	__u8 target_vtl;
	__u8 reserved[3];
};

struct hv_get_vp_index_from_apic_id {
	__u64 partition_id;
	__u8 target_vtl;
	__u8 reserved[7];
};

/* Reference TSC page (TLFS "Partition Reference TSC Page"). */
struct hv_reference_tsc_page {
	__u32 tsc_sequence;
	__u32 reserved1;
	__u64 tsc_scale;
	__s64 tsc_offset;
	__u64 reserved2[509];
};

/* HV_VP_ASSIST_PAGE: the head that this hypervisor fills. */
struct hv_vp_assist_page {
	__u32 apic_assist;
	__u32 reserved;
	__u8 rest[HV_PAGE_SIZE - 8];
};

#define HV_APIC_ASSIST_NO_EOI_REQUIRED	1u

/* Messages (TLFS "Inter-Partition Communication", HV_MESSAGE). */
enum hv_message_type {
	HV_MESSAGE_NONE				= 0x00000000,
	HV_MESSAGE_UNMAPPED_GPA			= 0x80000000,
	HV_MESSAGE_GPA_INTERCEPT		= 0x80000001,
	HV_MESSAGE_TIMER_EXPIRED		= 0x80000010,
	HV_MESSAGE_INVALID_VP_REGISTER_VALUE	= 0x80000020,
	HV_MESSAGE_UNRECOVERABLE_EXCEPTION	= 0x80000021,
	HV_MESSAGE_UNSUPPORTED_FEATURE		= 0x80000022,
	HV_MESSAGE_X64_IO_PORT_INTERCEPT	= 0x80010000,
	HV_MESSAGE_X64_MSR_INTERCEPT		= 0x80010001,
	HV_MESSAGE_X64_CPUID_INTERCEPT		= 0x80010002,
	HV_MESSAGE_X64_EXCEPTION_INTERCEPT	= 0x80010003,
	HV_MESSAGE_X64_APIC_EOI			= 0x80010004,
	HV_MESSAGE_X64_HALT			= 0x80010007,
};

#define HV_MESSAGE_PAYLOAD_MAX		240
#define HV_MESSAGE_FLAG_PENDING		1u

struct hv_message_header {
	__u32 message_type;
	__u8 payload_size;
	__u8 message_flags;
	__u8 reserved[2];
	__u64 origination_id;		/* sender or port id */
};

struct hv_message {
	struct hv_message_header header;
	union {
		__u8 bytes[HV_MESSAGE_PAYLOAD_MAX];
		__u64 payload[HV_MESSAGE_PAYLOAD_MAX / 8];
	};
};

struct hv_message_page {
	struct hv_message sint_message[HV_SINT_COUNT];
};

struct hv_timer_message_payload {
	__u32 timer_index;
	__u32 reserved;
	__u64 expiration_time;		/* 100 ns, partition reference time */
	__u64 delivery_time;
};

#define HV_EVENT_FLAGS_COUNT		2048

struct hv_synic_event_flags {
	__u64 flags[HV_EVENT_FLAGS_COUNT / 64];
};

struct hv_synic_event_flags_page {
	struct hv_synic_event_flags sint_flags[HV_SINT_COUNT];
};

/* HV_X64_SEGMENT_REGISTER; attributes as in a descriptor's bits 40-55. */
struct hv_x64_segment_register {
	__u64 base;
	__u32 limit;
	__u16 selector;
	__u16 attributes;
};

#define HV_SEGMENT_TYPE(attr)		((attr) & 0xf)
#define HV_SEGMENT_NON_SYSTEM		(1u << 4)
#define HV_SEGMENT_DPL(attr)		(((attr) >> 5) & 3)
#define HV_SEGMENT_PRESENT		(1u << 7)
#define HV_SEGMENT_AVAILABLE		(1u << 12)
#define HV_SEGMENT_LONG			(1u << 13)
#define HV_SEGMENT_DEFAULT		(1u << 14)
#define HV_SEGMENT_GRANULARITY		(1u << 15)

struct hv_x64_table_register {
	__u16 pad[3];
	__u16 limit;
	__u64 base;
};

/* HV_INITIAL_VP_CONTEXT: where a VP begins that never ran. */
struct hv_initial_vp_context {
	__u64 rip;
	__u64 rsp;
	__u64 rflags;
	struct hv_x64_segment_register cs, ds, es, fs, gs, ss, tr, ldtr;
	struct hv_x64_table_register idtr, gdtr;
	__u64 efer;
	__u64 cr0;
	__u64 cr3;
	__u64 cr4;
	__u64 msr_cr_pat;
};

struct hv_start_virtual_processor {
	__u64 partition_id;
	__u32 vp_index;
	__u8 target_vtl;
	__u8 reserved[3];
	struct hv_initial_vp_context context;
};

/* Intercept messages (TLFS "Intercept Message Formats"). */
enum hv_intercept_access {
	HV_INTERCEPT_ACCESS_READ	= 0,
	HV_INTERCEPT_ACCESS_WRITE	= 1,
	HV_INTERCEPT_ACCESS_EXECUTE	= 2,
};

/* execution_state of an intercept header. */
#define HV_X64_EXECUTION_CPL		0x3u
#define HV_X64_EXECUTION_CR0_PE		(1u << 2)
#define HV_X64_EXECUTION_CR0_AM		(1u << 3)
#define HV_X64_EXECUTION_EFER_LMA	(1u << 4)
#define HV_X64_EXECUTION_DEBUG_ACTIVE	(1u << 5)
#define HV_X64_EXECUTION_INTERRUPTION	(1u << 6)

struct hv_x64_intercept_message_header {
	__u32 vp_index;
	__u8 instruction_length : 4;	/* 0: not known */
	__u8 cr8 : 4;
	__u8 intercept_access_type;	/* enum hv_intercept_access */
	__u16 execution_state;
	struct hv_x64_segment_register cs_segment;
	__u64 rip;
	__u64 rflags;
};

/* access_info of a port intercept. */
#define HV_X64_IO_ACCESS_SIZE		0x7u	/* 1, 2 or 4 bytes */
#define HV_X64_IO_STRING_OP		(1u << 3)
#define HV_X64_IO_REP_PREFIX		(1u << 4)

struct hv_x64_io_port_intercept_message {
	struct hv_x64_intercept_message_header header;
	__u16 port_number;
	__u8 access_info;
	__u8 instruction_byte_count;
	__u32 reserved;
	__u64 rax;
	__u8 instruction_bytes[16];
	struct hv_x64_segment_register ds_segment;
	struct hv_x64_segment_register es_segment;
	__u64 rcx;
	__u64 rsi;
	__u64 rdi;
};

/* memory_access_info of a memory intercept. */
#define HV_X64_MEMORY_GVA_VALID		(1u << 0)
#define HV_X64_MEMORY_GVA_GPA_VALID	(1u << 1)

struct hv_x64_memory_intercept_message {
	struct hv_x64_intercept_message_header header;
	__u32 cache_type;
	__u8 instruction_byte_count;
	__u8 memory_access_info;
	__u8 tpr_priority;
	__u8 reserved;
	__u64 guest_virtual_address;
	__u64 guest_physical_address;
	__u8 instruction_bytes[16];
};

struct hv_x64_msr_intercept_message {
	struct hv_x64_intercept_message_header header;
	__u32 msr_number;
	__u32 reserved;
	__u64 rdx;
	__u64 rax;
};

struct hv_x64_cpuid_intercept_message {
	struct hv_x64_intercept_message_header header;
	__u64 rax;
	__u64 rcx;
	__u64 rdx;
	__u64 rbx;
	__u64 default_result_rax;
	__u64 default_result_rcx;
	__u64 default_result_rdx;
	__u64 default_result_rbx;
};

struct hv_x64_apic_eoi_message {
	__u32 vp_index;
	__u32 interrupt_vector;
};

struct hv_x64_unrecoverable_exception_message {
	struct hv_x64_intercept_message_header header;
};

/* HV_REGISTER_NAME. */
enum hv_register_name {
	HV_REGISTER_EXPLICIT_SUSPEND		= 0x00000000,
	HV_REGISTER_INTERNAL_ACTIVITY_STATE	= 0x00000004,
	HV_REGISTER_GUEST_CRASH_P0		= 0x00000210,
	HV_REGISTER_GUEST_CRASH_P1		= 0x00000211,
	HV_REGISTER_GUEST_CRASH_P2		= 0x00000212,
	HV_REGISTER_GUEST_CRASH_P3		= 0x00000213,
	HV_REGISTER_GUEST_CRASH_P4		= 0x00000214,
	HV_REGISTER_GUEST_CRASH_CTL		= 0x00000215,
	HV_REGISTER_PENDING_INTERRUPTION	= 0x00010002,
	HV_REGISTER_INTERRUPT_STATE		= 0x00010003,
	HV_REGISTER_PENDING_EVENT0		= 0x00010004,

	HV_X64_REGISTER_RAX			= 0x00020000,
	HV_X64_REGISTER_RCX			= 0x00020001,
	HV_X64_REGISTER_RDX			= 0x00020002,
	HV_X64_REGISTER_RBX			= 0x00020003,
	HV_X64_REGISTER_RSP			= 0x00020004,
	HV_X64_REGISTER_RBP			= 0x00020005,
	HV_X64_REGISTER_RSI			= 0x00020006,
	HV_X64_REGISTER_RDI			= 0x00020007,
	HV_X64_REGISTER_R8			= 0x00020008,
	HV_X64_REGISTER_R15			= 0x0002000f,
	HV_X64_REGISTER_RIP			= 0x00020010,
	HV_X64_REGISTER_RFLAGS			= 0x00020011,

	HV_X64_REGISTER_XMM0			= 0x00030000,
	HV_X64_REGISTER_XMM15			= 0x0003000f,

	HV_X64_REGISTER_CR0			= 0x00040000,
	HV_X64_REGISTER_CR2			= 0x00040001,
	HV_X64_REGISTER_CR3			= 0x00040002,
	HV_X64_REGISTER_CR4			= 0x00040003,
	HV_X64_REGISTER_CR8			= 0x00040004,
	HV_X64_REGISTER_XFEM			= 0x00040005,

	HV_X64_REGISTER_DR0			= 0x00050000,
	HV_X64_REGISTER_DR1			= 0x00050001,
	HV_X64_REGISTER_DR2			= 0x00050002,
	HV_X64_REGISTER_DR3			= 0x00050003,
	HV_X64_REGISTER_DR6			= 0x00050004,
	HV_X64_REGISTER_DR7			= 0x00050005,

	HV_X64_REGISTER_ES			= 0x00060000,
	HV_X64_REGISTER_CS			= 0x00060001,
	HV_X64_REGISTER_SS			= 0x00060002,
	HV_X64_REGISTER_DS			= 0x00060003,
	HV_X64_REGISTER_FS			= 0x00060004,
	HV_X64_REGISTER_GS			= 0x00060005,
	HV_X64_REGISTER_LDTR			= 0x00060006,
	HV_X64_REGISTER_TR			= 0x00060007,
	HV_X64_REGISTER_IDTR			= 0x00070000,
	HV_X64_REGISTER_GDTR			= 0x00070001,

	HV_X64_REGISTER_TSC			= 0x00080000,
	HV_X64_REGISTER_EFER			= 0x00080001,
	HV_X64_REGISTER_KERNEL_GS_BASE		= 0x00080002,
	HV_X64_REGISTER_APIC_BASE		= 0x00080003,
	HV_X64_REGISTER_PAT			= 0x00080004,
	HV_X64_REGISTER_SYSENTER_CS		= 0x00080005,
	HV_X64_REGISTER_SYSENTER_EIP		= 0x00080006,
	HV_X64_REGISTER_SYSENTER_ESP		= 0x00080007,
	HV_X64_REGISTER_STAR			= 0x00080008,
	HV_X64_REGISTER_LSTAR			= 0x00080009,
	HV_X64_REGISTER_CSTAR			= 0x0008000a,
	HV_X64_REGISTER_SFMASK			= 0x0008000b,
	HV_X64_REGISTER_INITIAL_APIC_ID		= 0x0008000c,
	HV_X64_REGISTER_TSC_AUX			= 0x0008007b,
	HV_X64_REGISTER_DEBUG_CTL		= 0x0008007d,
	HV_X64_REGISTER_TSC_ADJUST		= 0x00080096,

	HV_REGISTER_VP_RUNTIME			= 0x00090000,
	HV_REGISTER_GUEST_OS_ID			= 0x00090002,
	HV_REGISTER_VP_INDEX			= 0x00090003,
	HV_REGISTER_TIME_REF_COUNT		= 0x00090004,
	HV_REGISTER_HYPERCALL			= 0x00090001,
	HV_REGISTER_VP_ASSIST_PAGE		= 0x00090013,
	HV_REGISTER_REFERENCE_TSC		= 0x00090017,

	HV_REGISTER_SINT0			= 0x000a0000,
	HV_REGISTER_SINT15			= 0x000a000f,
	HV_REGISTER_SCONTROL			= 0x000a0010,
	HV_REGISTER_SVERSION			= 0x000a0011,
	HV_REGISTER_SIEFP			= 0x000a0012,
	HV_REGISTER_SIMP			= 0x000a0013,
	HV_REGISTER_EOM				= 0x000a0014,

	HV_REGISTER_STIMER0_CONFIG		= 0x000b0000,
	HV_REGISTER_STIMER3_COUNT		= 0x000b0007,
};

union hv_register_value {
	struct {
		__u64 low;
		__u64 high;
	} reg128;
	__u64 reg64;
	struct hv_x64_segment_register segment;
	struct hv_x64_table_register table;
};

/* An element of HvCallSetVpRegisters. */
struct hv_register_assoc {
	__u32 name;			/* enum hv_register_name */
	__u32 reserved[3];
	union hv_register_value value;
};

/* HV_REGISTER_INTERNAL_ACTIVITY_STATE bits. */
#define HV_ACTIVITY_STARTUP_SUSPEND	(1ull << 0)	/* waits for INIT/SIPI */
#define HV_ACTIVITY_HALT_SUSPEND	(1ull << 1)
#define HV_ACTIVITY_IDLE_SUSPEND	(1ull << 2)

/* HV_REGISTER_INTERRUPT_STATE bits. */
#define HV_INTERRUPT_SHADOW		(1ull << 0)
#define HV_INTERRUPT_NMI_MASKED		(1ull << 1)

/* HV_REGISTER_PENDING_INTERRUPTION. */
#define HV_PENDING_INTERRUPTION		(1ull << 0)
#define HV_PENDING_INTERRUPTION_TYPE(v)	(((v) >> 1) & 7)
#define HV_PENDING_INTERRUPTION_ERROR	(1ull << 4)
#define HV_PENDING_INTERRUPTION_VECTOR(v) (((v) >> 16) & 0xffff)

enum hv_interruption_type {
	HV_INTERRUPTION_EXTERNAL	= 0,
	HV_INTERRUPTION_NMI		= 2,
	HV_INTERRUPTION_EXCEPTION	= 3,
	HV_INTERRUPTION_SOFTWARE	= 4,
};

/* HV_INTERRUPT_TYPE: local APIC delivery modes. */
enum hv_interrupt_type {
	HV_X64_INTERRUPT_FIXED		= 0,
	HV_X64_INTERRUPT_LOWEST_PRIORITY = 1,
	HV_X64_INTERRUPT_SMI		= 2,
	HV_X64_INTERRUPT_REMOTE_READ	= 3,
	HV_X64_INTERRUPT_NMI		= 4,
	HV_X64_INTERRUPT_INIT		= 5,
	HV_X64_INTERRUPT_SIPI		= 6,
	HV_X64_INTERRUPT_EXT_INT	= 7,
};

/* HvTranslateVirtualAddress control flags and result codes. */
#define HV_TRANSLATE_GVA_VALIDATE_READ		(1ull << 0)
#define HV_TRANSLATE_GVA_VALIDATE_WRITE		(1ull << 1)
#define HV_TRANSLATE_GVA_VALIDATE_EXECUTE	(1ull << 2)
#define HV_TRANSLATE_GVA_PRIVILEGE_EXEMPT	(1ull << 3)

enum hv_translate_gva_result {
	HV_TRANSLATE_GVA_SUCCESS		= 0,
	HV_TRANSLATE_GVA_PAGE_NOT_PRESENT	= 1,
	HV_TRANSLATE_GVA_PRIVILEGE_VIOLATION	= 2,
	HV_TRANSLATE_GVA_INVALID_PTE_FLAGS	= 3,
	HV_TRANSLATE_GVA_GPA_UNMAPPED		= 4,
	HV_TRANSLATE_GVA_GPA_NO_READ		= 5,
	HV_TRANSLATE_GVA_GPA_NO_WRITE		= 6,
};

#define HV_ASSERT_SIZE(type, size) \
	_Static_assert(sizeof(type) == (size), #type " has the TLFS size")

#ifndef __cplusplus
HV_ASSERT_SIZE(struct hv_message, 256);
HV_ASSERT_SIZE(struct hv_message_page, 4096);
HV_ASSERT_SIZE(struct hv_synic_event_flags_page, 4096);
HV_ASSERT_SIZE(struct hv_reference_tsc_page, 4096);
HV_ASSERT_SIZE(struct hv_vp_assist_page, 4096);
HV_ASSERT_SIZE(struct hv_x64_segment_register, 16);
HV_ASSERT_SIZE(struct hv_x64_table_register, 16);
HV_ASSERT_SIZE(struct hv_x64_intercept_message_header, 40);
HV_ASSERT_SIZE(struct hv_x64_io_port_intercept_message, 128);
HV_ASSERT_SIZE(struct hv_x64_memory_intercept_message, 80);
HV_ASSERT_SIZE(struct hv_x64_msr_intercept_message, 64);
HV_ASSERT_SIZE(struct hv_x64_cpuid_intercept_message, 104);
HV_ASSERT_SIZE(union hv_register_value, 16);
HV_ASSERT_SIZE(struct hv_flush_virtual_address_space, 24);
HV_ASSERT_SIZE(struct hv_send_cluster_ipi, 16);
HV_ASSERT_SIZE(struct hv_post_message, 256);
HV_ASSERT_SIZE(struct hv_signal_event, 8);
HV_ASSERT_SIZE(struct hv_vp_registers, 16);
HV_ASSERT_SIZE(struct hv_register_assoc, 32);
HV_ASSERT_SIZE(struct hv_get_vp_index_from_apic_id, 16);
HV_ASSERT_SIZE(struct hv_start_virtual_processor, 240);
#endif

#endif
