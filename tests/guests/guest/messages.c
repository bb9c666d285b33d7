// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests: messages and events both ways, the VP assist page. */
#include "hypercall.h"

#define CONNECTION	1
#define EAGAIN		11
#define MESSAGE_PORT	(CONNECTION | VID_PORT_MESSAGE << 16)
#define EVENT_PORT	(CONNECTION | VID_PORT_EVENT << 16)
#define VECTOR		0x94

/* ---- from the guest */

static struct hv_post_message *post_input(u32 connection, u32 type, u32 size)
{
	struct hv_post_message *input = (void *)INPUT_PAGE;
	u32 i;

	memset(input, 0, sizeof(*input));
	input->connection_id = connection;
	input->message_type = type;
	input->payload_size = size;
	for (i = 0; i < 30; i++)
		input->payload[i] = 0x0101010101010101ull * i;
	return input;
}

static u64 post(void)
{
	return hypercall(HV_CALL_POST_MESSAGE, INPUT_PAGE, 0);
}

GUEST(post_message)
{
	const struct hv_message *got = (const void *)SCRATCH;
	u32 i;

	hypercalls_on();
	CHECK(cpuid(HV_CPUID_FEATURES, 0).b & HV_POST_MESSAGES);
	post_input(CONNECTION, 5, 240);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_CONNECTION_ID);
	CHECK_EQUAL(host(HOST_PORT, MESSAGE_PORT, 3), 0);
	CHECK_EQUAL(host(HOST_READ, 0, 0), -EAGAIN);
	CHECK_EQUAL(post(), HV_STATUS_SUCCESS);
	CHECK_EQUAL(host(HOST_READ, 0, 0), sizeof(*got));
	CHECK_EQUAL(got->header.message_type, 5);
	CHECK_EQUAL(got->header.payload_size, 240);
	CHECK_EQUAL(got->header.origination_id, CONNECTION);
	for (i = 0; i < 30; i++)
		CHECK_EQUAL(got->payload[i], 0x0101010101010101ull * i);
	/* three fit, in order; what is beyond the payload's size is not sent */
	for (i = 1; i <= 3; i++) {
		post_input(CONNECTION, i, 9);
		CHECK_EQUAL(post(), HV_STATUS_SUCCESS);
	}
	CHECK_EQUAL(post(), HV_STATUS_INSUFFICIENT_BUFFERS);
	for (i = 1; i <= 3; i++) {
		CHECK_EQUAL(host(HOST_READ, 0, 0), sizeof(*got));
		CHECK_EQUAL(got->header.message_type, i);
		CHECK_EQUAL(got->payload[1], 1);
		CHECK_EQUAL(got->payload[2], 0);
	}
	CHECK_EQUAL(post(), HV_STATUS_SUCCESS);
	host(HOST_UNPORT, 0, 0);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_CONNECTION_ID);
}

GUEST(post_message_refused)
{
	hypercalls_on();
	CHECK_EQUAL(host(HOST_PORT, MESSAGE_PORT, 1), 0);
	CHECK_EQUAL((s32)host(HOST_PORT, MESSAGE_PORT, 1), -17);	/* EEXIST */
	post_input(CONNECTION, 0, 8);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_PARAMETER);
	post_input(CONNECTION, 0x80000001, 8);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_PARAMETER);
	post_input(CONNECTION, 1, 241);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_PARAMETER);
	post_input(CONNECTION, 1, ~0u);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_PARAMETER);
	post_input(CONNECTION, 1, 8)->reserved = 1;
	CHECK_EQUAL(post(), HV_STATUS_INVALID_PARAMETER);
	post_input(CONNECTION | 1u << 31, 1, 8);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_CONNECTION_ID);
	post_input(CONNECTION, 1, 8);
	/* not as a fast call, nor across a page, nor an event to a port for messages */
	CHECK_EQUAL(hypercall(HV_CALL_POST_MESSAGE | HV_HYPERCALL_FAST, 1, 0),
		    HV_STATUS_INVALID_HYPERCALL_INPUT);
	CHECK_EQUAL(hypercall(HV_CALL_POST_MESSAGE, INPUT_PAGE + 4096 - 248, 0),
		    HV_STATUS_INVALID_ALIGNMENT);
	CHECK_EQUAL(hypercall(HV_CALL_SIGNAL_EVENT | HV_HYPERCALL_FAST, CONNECTION, 0),
		    HV_STATUS_INVALID_CONNECTION_ID);
	CHECK_EQUAL(host(HOST_READ, 0, 0), -EAGAIN);
	CHECK_EQUAL(post(), HV_STATUS_SUCCESS);
}

static u64 signal(u32 flag)
{
	return hypercall(HV_CALL_SIGNAL_EVENT | HV_HYPERCALL_FAST,
			 CONNECTION | (u64)flag << 32, 0);
}

GUEST(signal_event)
{
	const u64 *flags = (const void *)SCRATCH;
	struct hv_signal_event *input = (void *)INPUT_PAGE;

	hypercalls_on();
	CHECK(cpuid(HV_CPUID_FEATURES, 0).b & HV_SIGNAL_EVENTS);
	CHECK_EQUAL(host(HOST_PORT, EVENT_PORT, 70), 0);
	CHECK_EQUAL(host(HOST_READ, 0, 0), -EAGAIN);
	CHECK_EQUAL(signal(3), HV_STATUS_SUCCESS);
	CHECK_EQUAL(signal(69), HV_STATUS_SUCCESS);
	CHECK_EQUAL(signal(69), HV_STATUS_SUCCESS);
	CHECK_EQUAL(signal(70), HV_STATUS_INVALID_PARAMETER);
	CHECK_EQUAL(signal(0x10003), HV_STATUS_INVALID_PARAMETER);	/* reserved bits */
	*input = (struct hv_signal_event){ .connection_id = CONNECTION, .flag_number = 1 };
	CHECK_EQUAL(hypercall(HV_CALL_SIGNAL_EVENT, INPUT_PAGE, 0), HV_STATUS_SUCCESS);
	CHECK_EQUAL(host(HOST_READ, 0, 0), 16);
	CHECK_EQUAL(flags[0], 1 << 3 | 1 << 1);
	CHECK_EQUAL(flags[1], 1 << 5);
	CHECK_EQUAL(host(HOST_READ, 0, 0), -EAGAIN);
	post_input(CONNECTION, 1, 8);
	CHECK_EQUAL(post(), HV_STATUS_INVALID_CONNECTION_ID);
}

/* ---- to the guest */

static void open_window(void)
{
	asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
}

/* Three at once: each waits for the one before it to be taken, and comes by an EOM. */
GUEST(receive_messages)
{
	volatile struct hv_message *slot = sint_message(2);
	u64 i;

	CHECK_EQUAL(host(HOST_POST, 2, 4), 0);		/* no SynIC yet: lost */
	synic_on();
	wrmsr(HV_X64_MSR_SINT0 + 2, VECTOR);
	for (i = 1; i <= 3; i++)
		CHECK_EQUAL(host(HOST_POST, 2, i), 0);
	for (i = 1; i <= 3; i++) {
		open_window();
		CHECK_EQUAL(interrupts[VECTOR], i);
		CHECK_EQUAL(slot->header.message_type, i);
		CHECK_EQUAL(slot->header.payload_size, 8);
		CHECK_EQUAL(slot->header.origination_id, 77);
		CHECK_EQUAL(slot->payload[0], i);
		CHECK_EQUAL(slot->header.message_flags, i < 3 ? HV_MESSAGE_FLAG_PENDING : 0);
		slot->header.message_type = HV_MESSAGE_NONE;
		wrmsr(HV_X64_MSR_EOM, 0);
	}
	open_window();
	CHECK_EQUAL(interrupts[VECTOR], 3);
	CHECK_EQUAL(slot->header.message_type, HV_MESSAGE_NONE);
}

GUEST(receive_messages_refused)
{
	u32 i;

	synic_on();
	CHECK_EQUAL((s32)host(HOST_POST, 16, 1), -22);
	CHECK_EQUAL((s32)host(HOST_POST, 2, 0), -22);
	CHECK_EQUAL((s32)host(HOST_POST, 2 | 9 << 8, 1), -2);
	/* one in the slot and 64 that wait */
	for (i = 0; i < 65; i++)
		CHECK_EQUAL(host(HOST_POST, 2, 1), 0);
	CHECK_EQUAL((s32)host(HOST_POST, 2, 1), -EAGAIN);
	CHECK_EQUAL(host(HOST_POST, 3, 1), 0);
	CHECK_EQUAL(sint_message(3)->header.message_type, 1);
}

GUEST(sint_polling)
{
	synic_on();
	wrmsr(HV_X64_MSR_SINT0 + 2, HV_SINT_POLLING | VECTOR);
	CHECK_EQUAL(host(HOST_POST, 2, 7), 0);
	open_window();
	CHECK_EQUAL(sint_message(2)->header.message_type, 7);
	CHECK_EQUAL(interrupts[VECTOR], 0);
}

static volatile __u64 *event_word(u32 sint, u32 flag)
{
	return &((struct hv_synic_event_flags_page *)SIEFP)->sint_flags[sint].flags[flag / 64];
}

GUEST(receive_events)
{
	CHECK_EQUAL(host(HOST_SIGNAL, 2, 5), 0);	/* no SynIC yet: lost */
	synic_on();
	wrmsr(HV_X64_MSR_SINT0 + 2, VECTOR);
	CHECK_EQUAL(host(HOST_SIGNAL, 2, 2047), 0);
	open_window();
	CHECK_EQUAL(interrupts[VECTOR], 1);
	CHECK_EQUAL(*event_word(2, 2047), 1ull << 63);
	CHECK_EQUAL(*event_word(2, 5), 0);
	CHECK_EQUAL(host(HOST_SIGNAL, 2, 2047), 0);	/* set already: no interrupt */
	open_window();
	CHECK_EQUAL(interrupts[VECTOR], 1);
	*event_word(2, 2047) = 0;
	CHECK_EQUAL(host(HOST_SIGNAL, 2, 2047), 0);
	open_window();
	CHECK_EQUAL(interrupts[VECTOR], 2);
	CHECK_EQUAL((s32)host(HOST_SIGNAL, 2, 2048), -22);
	CHECK_EQUAL((s32)host(HOST_SIGNAL, 16, 1), -22);
	CHECK_EQUAL((s32)host(HOST_SIGNAL, 2 | 1 << 8, 1), -2);
}

/* ---- lazy EOI */

static volatile u32 lazy, eager;

static volatile u32 *assist(void)
{
	return (volatile u32 *)ASSIST_PAGE;
}

static void eoi_by_page(struct frame *frame)
{
	interrupts[frame->vector]++;
	if (__atomic_exchange_n(assist(), 0, __ATOMIC_SEQ_CST) & HV_APIC_ASSIST_NO_EOI_REQUIRED) {
		lazy++;
	} else {
		eager++;
		apic_eoi();
	}
}

static void assist_on(void)
{
	x2apic_enable();
	wrmsr(HV_X64_MSR_VP_ASSIST_PAGE, ASSIST_PAGE | HV_MSR_ENABLE);
	handlers[0x61] = eoi_by_page;
	handlers[0x71] = eoi_by_page;
}

static bool in_service(void)
{
	return apic_read(APIC_ISR + 0x30) || apic_read(APIC_ISR + 0x20);
}

GUEST(lazy_eoi)
{
	u32 i;

	assist_on();
	for (i = 1; i <= 20; i++) {
		self_ipi(0x61);
		open_window();
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK(!in_service());
		CHECK_EQUAL(*assist(), 0);
	}
	/* the first is offered before it could be known that nothing else is there */
	CHECK(lazy >= 19);
}

/* Two wait: the end of the first must be seen, for the second to come. */
GUEST(lazy_eoi_two)
{
	u32 i;

	assist_on();
	for (i = 1; i <= 10; i++) {
		self_ipi(0x61);
		self_ipi(0x71);
		open_window();
		CHECK_EQUAL(interrupts[0x71], i);
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK(!in_service());
	}
	CHECK(eager >= 10);
}

static void nested(struct frame *frame)
{
	interrupts[0x61]++;
	self_ipi(0x71);			/* of a higher priority */
	open_window();
	CHECK_EQUAL(interrupts[0x71], interrupts[0x61]);
	if (!(__atomic_exchange_n(assist(), 0, __ATOMIC_SEQ_CST) & HV_APIC_ASSIST_NO_EOI_REQUIRED))
		apic_eoi();
}

GUEST(lazy_eoi_nested)
{
	u32 i;

	assist_on();
	handlers[0x61] = nested;
	for (i = 1; i <= 10; i++) {
		self_ipi(0x61);
		open_window();
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK_EQUAL(interrupts[0x71], i);
		CHECK(!in_service());
	}
}

/* A guest that always writes the register, and one whose page is gone. */
GUEST(lazy_eoi_ignored)
{
	u32 i;

	assist_on();
	handlers[0x61] = count_interrupt;
	for (i = 1; i <= 10; i++) {
		self_ipi(0x61);
		open_window();
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK(!in_service());
	}
	host(HOST_RELEASE, ASSIST_PAGE, 4096);
	for (; i <= 20; i++) {
		self_ipi(0x61);
		open_window();
		CHECK_EQUAL(interrupts[0x61], i);
		CHECK(!in_service());
	}
}
