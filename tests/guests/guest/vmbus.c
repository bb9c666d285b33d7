// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's side of the VMBus. Rings are written and read here as Linux's drivers do
 * (drivers/hv/ring_buffer.c describes it), and by code of their own: what the server has wrong
 * would not be found by its own functions.
 *
 * VP 0 gets all messages and interrupts. Other VPs use channels that want no signals.
 */
#include "vmbus.h"

#define VERSION		VMBUS_VERSION_4_0
#define MESSAGE_INPUT	(SCRATCH + 0x20000ull)
#define TICK_VECTOR	0x62
#define TICK		5000000		/* some ms */

u8 vmbus_message[HV_MESSAGE_PAYLOAD_MAX];
static u32 next_gpadl = 1;

/* ---- messages */

static bool on_vp0(void)
{
	return !apic_read(APIC_ID);
}

void vmbus_post(const void *message, u32 size)
{
	struct hv_post_message *input = (void *)MESSAGE_INPUT;
	u64 status;

	memset(input, 0, sizeof(*input));
	input->connection_id = VMBUS_MESSAGE_CONNECTION;
	input->message_type = VMBUS_MESSAGE_TYPE;
	input->payload_size = size;
	memcpy(input->payload, message, size);
	do {
		status = STATUS(hypercall(HV_CALL_POST_MESSAGE, MESSAGE_INPUT, 0));
	} while (status == HV_STATUS_INSUFFICIENT_BUFFERS);
	CHECK_EQUAL(status, HV_STATUS_SUCCESS);
}

u32 vmbus_poll(void)
{
	volatile struct hv_message *slot = sint_message(VMBUS_SINT);
	bool pending;

	if (!slot->header.message_type)
		return 0;
	CHECK_EQUAL(slot->header.message_type, VMBUS_MESSAGE_TYPE);
	memcpy(vmbus_message, (const void *)slot->payload, sizeof(vmbus_message));
	slot->header.message_type = 0;
	asm volatile("mfence" : : : "memory");
	pending = slot->header.message_flags & HV_MESSAGE_FLAG_PENDING;
	if (pending)
		wrmsr(HV_X64_MSR_EOM, 0);
	return ((const struct vmbus_header *)vmbus_message)->type;
}

u32 vmbus_wait(void)
{
	u32 type;

	while (!(type = vmbus_poll()))
		sti_hlt_cli();
	return type;
}

void vmbus_wait_for(u32 type)
{
	while (vmbus_wait() != type)
		;
}

/*
 * QEMU TCG forgets the shadow of STI at VMRUN: after an exit between STI and HLT an interrupt is
 * taken before the HLT, which then waits for another one. A tick is that.
 */
static void tick_on(void)
{
	apic_write(APIC_TIMER_DIVIDE, 0xb);
	apic_write(APIC_LVT_TIMER, LVT_PERIODIC | TICK_VECTOR);
	apic_write(APIC_TIMER_INITIAL, TICK);
}

void vmbus_connect(void)
{
	struct vmbus_initiate_contact contact = {
		.header.type = VMBUS_INITIATE_CONTACT, .version = VERSION,
	};
	const struct vmbus_version_response *response = (const void *)vmbus_message;
	const struct vmbus_header request = { .type = VMBUS_REQUEST_OFFERS };

	hypercalls_on();
	synic_on();
	tick_on();
	wrmsr(HV_X64_MSR_SINT0 + VMBUS_SINT, VMBUS_VECTOR);
	vmbus_post(&contact, sizeof(contact));
	vmbus_wait_for(VMBUS_VERSION_RESPONSE);
	CHECK(response->supported);
	vmbus_post(&request, sizeof(request));
}

void vmbus_take_offer(struct channel *channel)
{
	const struct vmbus_offer_channel *offer = (const void *)vmbus_message;

	memset(channel, 0, sizeof(*channel));
	CHECK_EQUAL(offer->type[0], VSP_TEST_TYPE);
	channel->relid = offer->relid;
	channel->connection = offer->connection_id;
	channel->index = offer->instance[0];
	channel->subchannel = offer->subchannel;
}

void vmbus_find(struct channel *channel, u32 index, u32 subchannel)
{
	do {
		vmbus_wait_for(VMBUS_OFFER_CHANNEL);
		vmbus_take_offer(channel);
	} while (channel->index != index || channel->subchannel != subchannel);
}

/* ---- GPADLs, open, close */

u32 gpadl_create(struct channel *channel, u32 id, u64 memory, u32 pages)
{
	struct {
		struct vmbus_gpadl_header header;
		struct vmbus_gpa_range range;
		u64 pfns[26];
	} __attribute__((packed)) message = {
		.header = {
			.header.type = VMBUS_GPADL_HEADER, .relid = channel->relid, .gpadl = id,
			.range_bytes = 8 + 8 * pages, .range_count = 1,
		},
		.range.byte_count = pages * 4096,
	};
	u32 i;

	for (i = 0; i < pages; i++)
		message.pfns[i] = (memory >> 12) + i;
	vmbus_post(&message, sizeof(message.header) + 8 + 8 * pages);
	vmbus_wait_for(VMBUS_GPADL_CREATED);
	return ((const struct vmbus_gpadl_created *)vmbus_message)->status;
}

void gpadl_teardown(struct channel *channel, u32 id)
{
	const struct vmbus_gpadl_teardown message = {
		.header.type = VMBUS_GPADL_TEARDOWN, .relid = channel->relid, .gpadl = id,
	};

	vmbus_post(&message, sizeof(message));
	vmbus_wait_for(VMBUS_GPADL_TORNDOWN);
}

static void ring_init(struct ring *ring, u64 memory)
{
	ring->control = (void *)memory;
	ring->data = (void *)(memory + 4096);
	memset((void *)memory, 0, RING_PAGES * 4096);
	ring->control->features = VMBUS_RING_FEATURE_PENDING_SIZE;
}

u32 channel_open_for(struct channel *channel, u64 memory, u8 user_data)
{
	struct vmbus_open_channel open = {
		.header.type = VMBUS_OPEN_CHANNEL, .relid = channel->relid,
		.open_id = channel->relid, .ring_gpadl = channel->gpadl,
		.target_vp = on_vp0() ? 0 : VMBUS_VP_NONE, .downstream_offset = RING_PAGES,
		.user_data = { user_data },
	};

	ring_init(&channel->out, memory);
	ring_init(&channel->in, memory + RING_PAGES * 4096);
	channel->memory = memory;
	vmbus_post(&open, sizeof(open));
	vmbus_wait_for(VMBUS_OPEN_CHANNEL_RESULT);
	return ((const struct vmbus_open_result *)vmbus_message)->status;
}

u32 channel_open(struct channel *channel, u64 memory)
{
	channel->gpadl = next_gpadl++;
	CHECK_EQUAL(gpadl_create(channel, channel->gpadl, memory, 2 * RING_PAGES), 0);
	return channel_open_for(channel, memory, 0);
}

u32 channel_reopen(struct channel *channel)
{
	return channel_open_for(channel, channel->memory, 0);
}

void channel_close_without_teardown(struct channel *channel)
{
	const struct vmbus_relid_message message = {
		.header.type = VMBUS_CLOSE_CHANNEL, .relid = channel->relid,
	};

	vmbus_post(&message, sizeof(message));
}

void channel_close(struct channel *channel)
{
	channel_close_without_teardown(channel);
	gpadl_teardown(channel, channel->gpadl);
}

/* ---- rings */

static u32 wrap(u32 index)
{
	return index >= RING_SIZE ? index - RING_SIZE : index;
}

static u32 ring_used(const struct ring *ring)
{
	return wrap(ring->control->write_index + RING_SIZE - ring->control->read_index);
}

u32 ring_room(const struct ring *ring)
{
	return RING_SIZE - ring_used(ring);
}

static u32 put(const struct ring *ring, u32 at, const void *bytes, u32 size)
{
	u32 first = size < RING_SIZE - at ? size : RING_SIZE - at;

	memcpy((void *)(ring->data + at), bytes, first);
	memcpy((void *)ring->data, (const u8 *)bytes + first, size - first);
	return wrap(at + size);
}

static u32 get(const struct ring *ring, u32 at, void *bytes, u32 size)
{
	u32 first = size < RING_SIZE - at ? size : RING_SIZE - at;

	memcpy(bytes, (const void *)(ring->data + at), first);
	memcpy((u8 *)bytes + first, (const void *)ring->data, size - first);
	return wrap(at + size);
}

static void fence(void)
{
	asm volatile("mfence" : : : "memory");
}

u32 packet_size(u32 header, u32 payload)
{
	return sizeof(struct vmbus_packet_descriptor) + header + ((payload + 7) & ~7u) + 8;
}

void channel_signal(struct channel *channel)
{
	u64 status = STATUS(hypercall(HV_CALL_SIGNAL_EVENT | HV_HYPERCALL_FAST,
				      channel->connection, 0));

	if (!channel->may_vanish)
		CHECK_EQUAL(status, HV_STATUS_SUCCESS);
	channel->signals++;
}

bool channel_try_send(struct channel *channel, u16 type, u64 transaction, const void *header,
		      u32 header_size, const void *payload, u32 size)
{
	const struct ring *ring = &channel->out;
	u32 before = ring->control->write_index, total = packet_size(header_size, size), at;
	const struct vmbus_packet_descriptor descriptor = {
		.type = type, .offset8 = 2 + header_size / 8, .length8 = total / 8 - 1,
		.flags = VMBUS_PACKET_COMPLETION_REQUESTED, .transaction = transaction,
	};
	const u64 footer = (u64)before << 32;

	if (ring_room(ring) <= total)
		return false;
	at = put(ring, before, &descriptor, sizeof(descriptor));
	at = put(ring, at, header, header_size);
	at = put(ring, at, payload, size);
	at = put(ring, wrap(at + (-size & 7)), &footer, sizeof(footer));
	asm volatile("" : : : "memory");
	ring->control->write_index = at;
	fence();
	if (!ring->control->interrupt_mask && ring->control->read_index == before)
		channel_signal(channel);
	else
		channel->unsignalled++;
	return true;
}

bool take_event(const struct channel *channel)
{
	volatile u8 *flags = (volatile u8 *)(SIEFP + 256 * VMBUS_SINT);
	u8 bit = 1 << channel->relid % 8;
	u8 old = __atomic_fetch_and(&flags[channel->relid / 8], (u8)~bit, __ATOMIC_SEQ_CST);

	return old & bit;
}

/* Until the host says that something changed; at once where it does not. */
static void wait_for_event(struct channel *channel)
{
	if (!on_vp0()) {
		pause();
		return;
	}
	while (!take_event(channel))
		sti_hlt_cli();
}

void channel_send(struct channel *channel, u64 transaction, const void *payload, u32 size)
{
	const struct ring *ring = &channel->out;
	u32 total = packet_size(0, size);

	while (!channel_try_send(channel, VMBUS_PACKET_INBAND, transaction, NULL, 0, payload,
				 size)) {
		ring->control->pending_send_size = total;
		fence();
		if (ring_room(ring) <= total)
			wait_for_event(channel);
		ring->control->pending_send_size = 0;
	}
}

int channel_try_receive(struct channel *channel, u64 *transaction, void *payload, u32 size)
{
	const struct ring *ring = &channel->in;
	struct vmbus_packet_descriptor descriptor;
	u32 read = ring->control->read_index, freed, pending, length, room;

	if (ring->control->write_index == read)
		return -1;
	get(ring, read, &descriptor, sizeof(descriptor));
	CHECK_EQUAL(descriptor.type, VMBUS_PACKET_COMPLETION);
	length = (descriptor.length8 - descriptor.offset8) * 8;
	CHECK(length <= size);
	get(ring, wrap(read + descriptor.offset8 * 8), payload, length);
	*transaction = descriptor.transaction;
	asm volatile("" : : : "memory");
	freed = descriptor.length8 * 8 + 8;
	ring->control->read_index = wrap(read + freed);
	fence();
	pending = ring->control->pending_send_size;
	room = ring_room(ring);
	if (pending && room > pending && room - freed <= pending)
		channel_signal(channel);
	return length;
}

/* Masks while it looks, then unmasks, looks once more, and waits. */
int channel_receive(struct channel *channel, u64 *transaction, void *payload, u32 size)
{
	volatile u32 *mask = &channel->in.control->interrupt_mask;
	int length;

	for (;;) {
		*mask = 1;
		length = channel_try_receive(channel, transaction, payload, size);
		if (length >= 0)
			return length;
		*mask = 0;
		fence();
		if (channel->in.control->write_index == channel->in.control->read_index)
			wait_for_event(channel);
	}
}
