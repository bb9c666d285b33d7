// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: hypercalls about VPs, in all forms; privileges. */
#include "hypercall.h"

#define CR4_OSFXSR	(1u << 9)
#define SELF		HV_PARTITION_ID_SELF

/* What RDX, R8 and XMM0 to XMM5 hold of a fast call: before, and after. */
static u64 fast[14] __attribute__((aligned(16)));

static u64 hypercall_fast(u64 control)
{
	u64 result, input = fast[0];

	WRITE_CR(4, READ_CR(4) | CR4_OSFXSR);
	asm volatile("movups 16(%4), %%xmm0\n\tmovups 32(%4), %%xmm1\n\t"
		     "movups 48(%4), %%xmm2\n\tmovups 64(%4), %%xmm3\n\t"
		     "movups 80(%4), %%xmm4\n\tmovups 96(%4), %%xmm5\n\t"
		     "movq 8(%4), %%r8\n\tcall *%1\n\t"
		     "movups %%xmm0, 16(%4)\n\tmovups %%xmm1, 32(%4)\n\t"
		     "movups %%xmm2, 48(%4)\n\tmovups %%xmm3, 64(%4)\n\t"
		     "movups %%xmm4, 80(%4)\n\tmovups %%xmm5, 96(%4)"
		     : "=&a"(result), "+&r"((u64){ HYPERCALL_PAGE }), "+c"(control), "+d"(input)
		     : "r"(fast) : "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

static void set_fast(u64 a, u64 b, u64 c, u64 d)
{
	memset(fast, 0, sizeof(fast));
	fast[0] = a;
	fast[1] = b;
	fast[2] = c;
	fast[3] = d;
}

/* ---- fast calls whose input is in XMM registers too */

GUEST(hypercall_xmm)
{
	const u64 fast_flush = HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE | HV_HYPERCALL_FAST;
	const u64 fast_list = HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX | HV_HYPERCALL_FAST;

	hypercalls_on();
	CHECK(cpuid(HV_CPUID_FEATURES, 0).d & HV_FEATURE_XMM_INPUT);
	CHECK(cpuid(HV_CPUID_FEATURES, 0).d & HV_FEATURE_XMM_OUTPUT);
	CHECK(cpuid(HV_CPUID_FEATURES, 0).d & HV_FEATURE_EXTENDED_GVA_RANGES);
	/* address space, flags, mask */
	set_fast(0, 0, 1, 0);
	CHECK_EQUAL(hypercall_fast(fast_flush), HV_STATUS_SUCCESS);
	/* the third word counts: it is read from XMM0 */
	set_fast(0, 0, HV_GENERIC_SET_SPARSE_4K, 1);
	fast[4] = 1;
	CHECK_EQUAL(hypercall_fast(fast_list | VARHEAD(1) | REPS(9)), REPS(9));
	CHECK_EQUAL(hypercall_fast(fast_list | VARHEAD(1) | REPS(10)),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
	set_fast(0, 0, 7, 1);
	CHECK_EQUAL(hypercall_fast(fast_list | VARHEAD(1) | REPS(9)),
		    HV_STATUS_INVALID_PARAMETER);
	set_fast(0, 0, HV_GENERIC_SET_SPARSE_4K, 3);
	CHECK_EQUAL(hypercall_fast(fast_list | VARHEAD(1) | REPS(9)),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
}

/* ---- HvCallGetVpRegisters, HvCallSetVpRegisters */

static struct hv_vp_registers *registers_input(u32 vp)
{
	struct hv_vp_registers *head = (void *)INPUT_PAGE;

	memset(head, 0, HV_PAGE_SIZE);
	head->partition_id = SELF;
	head->vp_index = vp;
	return head;
}

static void name_register(u32 i, u32 name)
{
	((u32 *)(INPUT_PAGE + sizeof(struct hv_vp_registers)))[i] = name;
}

static struct hv_register_assoc *assoc(u32 i)
{
	return (struct hv_register_assoc *)(INPUT_PAGE + sizeof(struct hv_vp_registers)) + i;
}

static union hv_register_value *output(u32 i)
{
	return (union hv_register_value *)OUTPUT_PAGE + i;
}

static u64 get_registers(u64 form)
{
	return hypercall(HV_CALL_GET_VP_REGISTERS | form, INPUT_PAGE, OUTPUT_PAGE);
}

static u64 set_registers(u64 form)
{
	return hypercall(HV_CALL_SET_VP_REGISTERS | form, INPUT_PAGE, 0);
}

GUEST(hypercall_get_registers)
{
	hypercalls_on();
	registers_input(HV_VP_INDEX_SELF);
	name_register(0, HV_X64_REGISTER_CR0);
	name_register(1, HV_X64_REGISTER_CR3);
	name_register(2, HV_REGISTER_VP_INDEX);
	name_register(3, HV_X64_REGISTER_CS);
	CHECK_EQUAL(get_registers(REPS(4)), REPS(4));
	CHECK_EQUAL(output(0)->reg64, READ_CR(0));
	CHECK_EQUAL(output(1)->reg64, READ_CR(3));
	CHECK_EQUAL(output(2)->reg64, 0);
	CHECK_EQUAL(output(3)->segment.selector, CODE64);
	/* begun in the middle: what lies before is not touched */
	output(0)->reg64 = 0x1234;
	output(3)->reg64 = 0x1234;
	CHECK_EQUAL(get_registers(REPS(4) | START(3)), REPS(4));
	CHECK_EQUAL(output(0)->reg64, 0x1234);
	CHECK_EQUAL(output(3)->segment.selector, CODE64);
	/* two were done before the unknown one */
	name_register(2, 0x7fffffff);
	CHECK_EQUAL(get_registers(REPS(4)), REPS(2) | HV_STATUS_INVALID_PARAMETER);
}

GUEST(hypercall_get_registers_fast)
{
	u32 *names = (u32 *)&fast[2];

	hypercalls_on();
	set_fast(SELF, 0, 0, 0);
	names[0] = HV_X64_REGISTER_CR3;
	names[1] = HV_X64_REGISTER_XMM0 + 5;
	fast[12] = 0x1111222233334444;
	fast[13] = 0x5555666677778888;
	/* 24 bytes of input: output begins in XMM1 */
	CHECK_EQUAL(hypercall_fast(HV_CALL_GET_VP_REGISTERS | HV_HYPERCALL_FAST | REPS(2)),
		    REPS(2));
	CHECK_EQUAL(fast[4], READ_CR(3));
	CHECK_EQUAL(fast[5], 0);
	CHECK_EQUAL(fast[6], 0x1111222233334444);
	CHECK_EQUAL(fast[7], 0x5555666677778888);
	CHECK_EQUAL(fast[12], 0x1111222233334444);
	/* 32 bytes of input leave room for five */
	CHECK_EQUAL(hypercall_fast(HV_CALL_GET_VP_REGISTERS | HV_HYPERCALL_FAST | REPS(5)),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
}

GUEST(hypercall_set_registers)
{
	u64 xmm[2];

	hypercalls_on();
	WRITE_CR(4, READ_CR(4) | CR4_OSFXSR);
	registers_input(0);
	assoc(0)->name = HV_X64_REGISTER_KERNEL_GS_BASE;
	assoc(0)->value.reg64 = 0x123000;
	assoc(1)->name = HV_X64_REGISTER_XMM0 + 7;
	assoc(1)->value.reg128.low = 0xaaaabbbbccccdddd;
	assoc(1)->value.reg128.high = 0x1;
	CHECK_EQUAL(set_registers(REPS(2)), REPS(2));
	CHECK_EQUAL(rdmsr(0xc0000102), 0x123000);
	asm volatile("movups %%xmm7, %0" : "=m"(xmm));
	CHECK_EQUAL(xmm[0], 0xaaaabbbbccccdddd);
	CHECK_EQUAL(xmm[1], 1);
	/* a value that the register cannot have, a name that there is not, what must be zero */
	assoc(1)->name = HV_X64_REGISTER_EFER;
	assoc(1)->value.reg64 = ~0ull;
	CHECK_EQUAL(set_registers(REPS(2)), REPS(1) | HV_STATUS_INVALID_REGISTER_VALUE);
	assoc(1)->name = 0x7fffffff;
	CHECK_EQUAL(set_registers(REPS(2)), REPS(1) | HV_STATUS_INVALID_PARAMETER);
	assoc(0)->reserved[1] = 1;
	CHECK_EQUAL(set_registers(REPS(2)), HV_STATUS_INVALID_PARAMETER);
}

/* The guest's own MSR, which it writes without an exit, and the register are one. */
GUEST(hypercall_tsc_aux)
{
	u32 i;

	hypercalls_on();
	if (!(cpuid(0x80000001, 0).d & 1 << 27))
		return;
	for (i = 1; i < 50; i++) {
		wrmsr(0xc0000103, i);
		registers_input(HV_VP_INDEX_SELF);
		name_register(0, HV_X64_REGISTER_TSC_AUX);
		CHECK_EQUAL(get_registers(REPS(1)), REPS(1));
		CHECK_EQUAL(output(0)->reg64, i);
		registers_input(HV_VP_INDEX_SELF);
		assoc(0)->name = HV_X64_REGISTER_TSC_AUX;
		assoc(0)->value.reg64 = i + 1000;
		CHECK_EQUAL(set_registers(REPS(1)), REPS(1));
		CHECK_EQUAL(rdmsr(0xc0000103), i + 1000);
		host(HOST_SLEEP, 1, 0);
		CHECK_EQUAL(rdmsr(0xc0000103), i + 1000);
	}
}

GUEST(hypercall_registers_refused)
{
	struct hv_vp_registers *head;

	hypercalls_on();
	head = registers_input(0);
	name_register(0, HV_X64_REGISTER_CR0);
	CHECK_EQUAL(get_registers(REPS(1)), REPS(1));
	head->partition_id = 1;
	CHECK_EQUAL(get_registers(REPS(1)), HV_STATUS_INVALID_PARTITION_ID);
	head->partition_id = SELF;
	head->vp_index = 1;
	CHECK_EQUAL(get_registers(REPS(1)), HV_STATUS_INVALID_VP_INDEX);
	head->vp_index = 0x80000000;
	CHECK_EQUAL(get_registers(REPS(1)), HV_STATUS_INVALID_VP_INDEX);
	head->vp_index = 0;
	head->target_vtl = 1;
	CHECK_EQUAL(get_registers(REPS(1)), HV_STATUS_INVALID_PARAMETER);
	head->target_vtl = HV_INPUT_VTL_USE;
	CHECK_EQUAL(get_registers(REPS(1)), REPS(1));
	head->reserved[2] = 1;
	CHECK_EQUAL(get_registers(REPS(1)), HV_STATUS_INVALID_PARAMETER);
	head->reserved[2] = 0;
	CHECK_EQUAL(get_registers(0), HV_STATUS_INVALID_HYPERCALL_INPUT);
	CHECK_EQUAL(get_registers(REPS(1) | START(1)), HV_STATUS_INVALID_HYPERCALL_INPUT);
	CHECK_EQUAL(get_registers(REPS(1) | VARHEAD(1)), HV_STATUS_INVALID_HYPERCALL_INPUT);
	/* output: not aligned, across a page, not there, read-only; 257 do not fit a page */
	CHECK_EQUAL(hypercall(HV_CALL_GET_VP_REGISTERS | REPS(1), INPUT_PAGE, OUTPUT_PAGE + 4),
		    HV_STATUS_INVALID_ALIGNMENT);
	CHECK_EQUAL(hypercall(HV_CALL_GET_VP_REGISTERS | REPS(1), INPUT_PAGE,
			      OUTPUT_PAGE + 4088), HV_STATUS_INVALID_ALIGNMENT);
	CHECK_EQUAL(hypercall(HV_CALL_GET_VP_REGISTERS | REPS(1), INPUT_PAGE, NOWHERE),
		    HV_STATUS_INVALID_ALIGNMENT);
	CHECK_EQUAL(hypercall(HV_CALL_GET_VP_REGISTERS | REPS(1), INPUT_PAGE, ROM),
		    HV_STATUS_INVALID_ALIGNMENT);
	CHECK_EQUAL(get_registers(REPS(257)), HV_STATUS_INVALID_ALIGNMENT);
}

static void ask_a_page_full(void)
{
	u32 i;

	registers_input(HV_VP_INDEX_SELF);
	for (i = 0; i < 256; i++)
		name_register(i, i % 2 ? HV_X64_REGISTER_CR3 : HV_REGISTER_VP_INDEX);
	memset((void *)OUTPUT_PAGE, 0xff, HV_PAGE_SIZE);
	CHECK_EQUAL(get_registers(REPS(256)), REPS(256));
}

/* Twice while the list lasts: much more often, and a slow CPU would do nothing else. */
static u64 timer_period(void)
{
	u64 start = rdmsr(HV_X64_MSR_TIME_REF_COUNT), half;

	ask_a_page_full();
	half = (rdmsr(HV_X64_MSR_TIME_REF_COUNT) - start) / 2;
	return half > 1000 ? half : 1000;
}

/* Timers cut the list into parts, and no element is lost or done twice. */
GUEST(hypercall_list_continues)
{
	u32 i, round;

	x2apic_enable();
	hypercalls_on();
	wrmsr(HV_X64_MSR_STIMER0_CONFIG + 1, timer_period());
	wrmsr(HV_X64_MSR_STIMER0_CONFIG, HV_STIMER_DIRECT | 0x85 << 4 | HV_STIMER_PERIODIC |
	      HV_STIMER_ENABLE);
	sti();
	for (round = 0; round < 50 || interrupts[0x85] < 20; round++) {
		ask_a_page_full();
		for (i = 0; i < 256; i++)
			CHECK_EQUAL(output(i)->reg64, i % 2 ? READ_CR(3) : 0);
	}
	cli();
	wrmsr(HV_X64_MSR_STIMER0_CONFIG, 0);
}

/* ---- HvCallStartVirtualProcessor, HvCallGetVpIndexFromApicId, other VPs' registers */

static volatile u32 began, stop_calling;
static volatile u64 began_rsp;

static void begin(void)
{
	asm volatile("movq %%rsp, %0" : "=r"(began_rsp));
	began = 1;
	while (!stop_calling)
		pause();
	cli();
	for (;;)
		asm volatile("hlt");
}

static struct hv_x64_segment_register segment(u16 selector, u16 attributes)
{
	return (struct hv_x64_segment_register){
		.limit = 0xffffffff, .selector = selector, .attributes = attributes,
	};
}

static u64 start(u32 vp, u64 cr0)
{
	struct hv_start_virtual_processor *input = (void *)INPUT_PAGE;

	memset(input, 0, sizeof(*input));
	input->partition_id = SELF;
	input->vp_index = vp;
	input->context = (struct hv_initial_vp_context){
		.rip = (u64)begin, .rsp = STACKS + 2 * STACK_SIZE - 8, .rflags = 2,
		.cs = segment(CODE64, 0xa09b), .ss = segment(DATA64, 0xc093),
		.ds = segment(DATA64, 0xc093), .es = segment(DATA64, 0xc093),
		.tr = { .limit = 0x67, .selector = TSS64, .attributes = 0x8b },
		.efer = rdmsr(0xc0000080) & ~1ull, .cr0 = cr0, .cr3 = READ_CR(3),
		.cr4 = READ_CR(4), .msr_cr_pat = 0x0007040600070406,
	};
	return hypercall(HV_CALL_START_VIRTUAL_PROCESSOR, INPUT_PAGE, 0);
}

GUEST(smp_hypercall_start)
{
	hypercalls_on();
	CHECK_EQUAL(start(7, READ_CR(0)), HV_STATUS_INVALID_VP_INDEX);
	CHECK_EQUAL(start(0, READ_CR(0)), HV_STATUS_INVALID_VP_STATE);
	CHECK_EQUAL(start(1, 1ull << 40), HV_STATUS_INVALID_REGISTER_VALUE);
	CHECK_EQUAL(began, 0);
	CHECK_EQUAL(start(1, READ_CR(0)), HV_STATUS_SUCCESS);
	wait_for(&began, 1);
	CHECK(began_rsp > STACKS + STACK_SIZE && began_rsp < STACKS + 2 * STACK_SIZE);
	CHECK_EQUAL(start(1, READ_CR(0)), HV_STATUS_INVALID_VP_STATE);
	/* of a VP that runs, and then of one that sleeps */
	registers_input(1);
	name_register(0, HV_REGISTER_VP_INDEX);
	name_register(1, HV_X64_REGISTER_CR3);
	CHECK_EQUAL(get_registers(REPS(2)), REPS(2));
	CHECK_EQUAL(output(0)->reg64, 1);
	CHECK_EQUAL(output(1)->reg64, READ_CR(3));
	stop_calling = 1;
	host(HOST_SLEEP, 50, 0);
	CHECK_EQUAL(get_registers(REPS(2)), REPS(2));
	CHECK_EQUAL(output(0)->reg64, 1);
}

GUEST(smp_vp_index)
{
	struct hv_get_vp_index_from_apic_id *head = (void *)INPUT_PAGE;
	u32 *ids = (void *)(head + 1), *indices = (void *)OUTPUT_PAGE;
	const u64 code = HV_CALL_GET_VP_INDEX_FROM_APIC_ID;

	hypercalls_on();
	memset(head, 0, sizeof(*head));
	head->partition_id = SELF;
	ids[0] = 1;
	ids[1] = 0;
	ids[2] = 99;
	CHECK_EQUAL(hypercall(code | REPS(2), INPUT_PAGE, OUTPUT_PAGE), REPS(2));
	CHECK_EQUAL(indices[0], 1);
	CHECK_EQUAL(indices[1], 0);
	CHECK_EQUAL(hypercall(code | REPS(3), INPUT_PAGE, OUTPUT_PAGE),
		    REPS(2) | HV_STATUS_INVALID_PARAMETER);
	head->partition_id = 0;
	CHECK_EQUAL(hypercall(code | REPS(2), INPUT_PAGE, OUTPUT_PAGE),
		    HV_STATUS_INVALID_PARTITION_ID);
}

/* Each VP asks for the other's registers, all the time, and neither waits for ever. */
static volatile u32 finished;

static void ask_other(u32 id)
{
	struct {
		struct hv_vp_registers head;
		u32 name;
	} *input = (void *)(INPUT_PAGE + 64 * id);
	u64 *out = (u64 *)(OUTPUT_PAGE + 64 * id);
	u32 i;

	input->head = (struct hv_vp_registers){ .partition_id = SELF, .vp_index = !id };
	input->name = HV_REGISTER_VP_INDEX;
	for (i = 0; i < 300; i++) {
		out[0] = 5;
		CHECK_EQUAL(hypercall(HV_CALL_GET_VP_REGISTERS | REPS(1), (u64)input, (u64)out),
			    REPS(1));
		CHECK_EQUAL(out[0], !id);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	while (finished < 2)
		pause();
}

GUEST(smp_ask_each_other)
{
	x2apic_enable();
	hypercalls_on();
	start_vp(1, ask_other);
	ask_other(0);
	wait_for(&finished, 2);
}

/* ---- the rest */

GUEST(hypercall_capabilities)
{
	hypercalls_on();
	*(u64 *)OUTPUT_PAGE = ~0ull;
	CHECK_EQUAL(hypercall(HV_EXT_CALL_QUERY_CAPABILITIES, 0, OUTPUT_PAGE), HV_STATUS_SUCCESS);
	CHECK_EQUAL(*(u64 *)OUTPUT_PAGE, 0);
	CHECK_EQUAL(hypercall(HV_EXT_CALL_QUERY_CAPABILITIES, 0, OUTPUT_PAGE + 1),
		    HV_STATUS_INVALID_ALIGNMENT);
	CHECK_EQUAL(hypercall(HV_EXT_CALL_QUERY_CAPABILITIES + 1, 0, OUTPUT_PAGE),
		    HV_STATUS_INVALID_HYPERCALL_CODE);
}

GUEST(privileges)
{
	u64 taken = (u64)(HV_POST_MESSAGES | HV_ACCESS_VP_REGISTERS) << 32 | HV_ACCESS_SYNIC |
		    HV_ACCESS_STIMER;

	hypercalls_on();
	registers_input(0);
	name_register(0, HV_X64_REGISTER_CR0);
	CHECK_EQUAL(get_registers(REPS(1)), REPS(1));
	CHECK_EQUAL(host(HOST_PRIVILEGES, taken, 0), 0);
	CHECK_EQUAL(get_registers(REPS(1)), HV_STATUS_ACCESS_DENIED);
	CHECK_EQUAL(hypercall(HV_CALL_POST_MESSAGE, INPUT_PAGE, 0), HV_STATUS_ACCESS_DENIED);
	CHECK_EQUAL(hypercall(HV_CALL_SIGNAL_EVENT | HV_HYPERCALL_FAST, 9, 0),
		    HV_STATUS_INVALID_CONNECTION_ID);
	CHECK_EQUAL(cpuid(HV_CPUID_FEATURES, 0).a & (u32)taken, 0);
	CHECK_EQUAL(cpuid(HV_CPUID_FEATURES, 0).b & (taken >> 32), 0);
	CHECK(cpuid(HV_CPUID_FEATURES, 0).b & HV_SIGNAL_EVENTS);
	CHECK_EQUAL(TRAP("rdmsr", "c"(HV_X64_MSR_SCONTROL), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(TRAP("rdmsr", "c"(HV_X64_MSR_STIMER3_COUNT), "a"(0), "d"(0)), GP);
	CHECK_EQUAL(rdmsr(HV_X64_MSR_VP_INDEX), 0);
}
