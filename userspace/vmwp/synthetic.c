// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VMBus of a machine: made anew at every start, with a channel for each service that
 * the command line wants.
 *
 * All of it runs in the main thread.  Services share timers and the balloon's memory with
 * devices, so their functions are called with the device lock held.  A guest that sends
 * without end must not keep the main thread: packets are taken BURST at a time, and the
 * loop comes back for the rest.
 */
#include "synthetic.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine.h"
#include "report.h"

#define BURST		64u

static const struct service_class *class_of(const struct synthetic_channel *channel)
{
	return &service_classes[channel->id];
}

static struct services *services_of(struct synthetic_channel *channel)
{
	return &channel->machine->synthetic.services;
}

/* ---- what services are given */

static int send_packet(void *ctx, const void *packet, size_t size)
{
	struct synthetic_channel *channel = ctx;
	int err = vmbus_send(channel->channel, packet, size, 0, 0);

	if (err)
		return err;
	channel->packets_out++;
	channel->bytes_out += size;
	return 0;
}

static void heartbeat_changed(void *ctx, enum heartbeat_state state)
{
	static const char *const words[] = { "none", "ok", "lost" };
	struct machine *machine = ctx;
	struct json_object *data = json_object_new_object();

	json_object_object_add(data, "state", json_object_new_string(words[state]));
	control_event(machine->control, "heartbeat", data);
}

static bool is_ram(void *ctx, uint64_t page, uint64_t count)
{
	const struct machine *machine = ctx;

	return memory_at(&machine->memory, page * BALLOON_PAGE, count * BALLOON_PAGE);
}

/* Not of hugetlb pages: parts of those cannot be given back.  The guest lacks them all the same. */
static void discard(void *ctx, uint64_t page, uint64_t count)
{
	struct machine *machine = ctx;
	uint64_t gpa = page * BALLOON_PAGE, size = count * BALLOON_PAGE;

	if (vid_release_gpa(machine->partition, gpa, size))
		return;
	madvise(memory_at(&machine->memory, gpa, size), size, MADV_DONTNEED);
}

static int map_added(struct machine *machine, uint64_t gpa, uint64_t size)
{
	int err = memory_add(&machine->memory, gpa, size);

	if (err)
		return err;
	err = vid_map_gpa(machine->partition, gpa, size, machine->memory.base + gpa,
			  VID_MAP_READ | VID_MAP_WRITE | VID_MAP_EXECUTE);
	if (err)
		memory_take_away(&machine->memory, gpa);
	return err;
}

/* Some of it may be there, for another driver was told of it. */
static int add_memory(void *ctx, uint64_t page, uint64_t count)
{
	struct machine *machine = ctx;
	uint64_t there = machine->memory.hot_end, end = (page + count) * BALLOON_PAGE;

	return end <= there ? 0 : map_added(machine, there, end - there);
}

static const struct balloon_ops memory_ops = { add_memory, is_ram, discard };

/* ---- what channels tell */

static int channel_opened(struct vmbus_channel *channel, void *context,
			  const uint8_t user_data[VMBUS_USER_DATA_SIZE])
{
	struct synthetic_channel *mine = context;

	mine->opens++;
	mine->fresh = true;
	return 0;
}

/* The service may send once the library has seen to the open, and before it is sent to. */
static void greet(struct synthetic_channel *mine)
{
	if (!mine->fresh)
		return;
	mine->fresh = false;
	class_of(mine)->opened(services_of(mine));
}

static void channel_closed(struct vmbus_channel *channel, void *context)
{
	struct synthetic_channel *mine = context;

	mine->unread = false;
	mine->fresh = false;
	class_of(mine)->closed(services_of(mine));
}

static void take_packet(struct synthetic_channel *mine, const struct vmbus_packet *packet,
			const void *payload)
{
	uint32_t size = packet->size < IC_PACKET_MAX ? packet->size : IC_PACKET_MAX;

	mine->packets_in++;
	mine->bytes_in += packet->size;
	if (packet->type == VMBUS_PACKET_INBAND)
		class_of(mine)->packet(services_of(mine), payload, size);
	if (packet->flags & VMBUS_PACKET_COMPLETION_REQUESTED)
		vmbus_complete(mine->channel, packet->transaction, NULL, 0);
}

static void channel_readable(struct vmbus_channel *channel, void *context)
{
	static uint8_t payload[IC_PACKET_MAX];
	struct synthetic_channel *mine = context;
	struct vmbus_packet packet;
	unsigned int i;

	greet(mine);
	for (i = 0; i < BURST; i++) {
		if (vmbus_receive(channel, &packet, payload, sizeof(payload)) != 1) {
			mine->unread = false;
			return;
		}
		take_packet(mine, &packet, payload);
	}
	mine->unread = true;
	loop_wake(&mine->machine->loop);
}

static void channel_writable(struct vmbus_channel *channel, void *context)
{
	struct synthetic_channel *mine = context;

	if (class_of(mine)->writable)
		class_of(mine)->writable(services_of(mine));
}

static void channel_error(struct vmbus_channel *channel, void *context)
{
	struct synthetic_channel *mine = context;

	mine->errors++;
	mine->unread = false;
	if (report_allowed())
		report("the guest broke the ring of its %s", class_of(mine)->name);
}

static const struct vmbus_channel_ops channel_ops = {
	.opened = channel_opened,
	.closed = channel_closed,
	.readable = channel_readable,
	.writable = channel_writable,
	.error = channel_error,
};

static void channel_ready(void *ctx, uint32_t events)
{
	struct synthetic_channel *mine = ctx;

	pthread_mutex_lock(&mine->machine->device_lock);
	vmbus_process(mine->channel);
	if (vmbus_is_open(mine->channel))
		greet(mine);
	pthread_mutex_unlock(&mine->machine->device_lock);
}

/* Another kernel, or none: connections were with the one that was, and memory was added to it. */
static void bus_connected(void *ctx, uint32_t protocol, uint32_t features)
{
	struct machine *machine = ctx;

	pthread_mutex_lock(&machine->device_lock);
	vsock_reset(machine);
	balloon_restarted(&machine->synthetic.services.balloon);
	pthread_mutex_unlock(&machine->device_lock);
}

static void bus_hvsock(void *ctx, const uint8_t service[VMBUS_GUID_SIZE],
		       const uint8_t endpoint[VMBUS_GUID_SIZE])
{
	vsock_request(ctx, service, endpoint);
}

static const struct vmbus_bus_ops bus_ops = { bus_connected, bus_hvsock };

static void bus_ready(void *ctx, uint32_t events)
{
	struct machine *machine = ctx;

	vmbus_bus_process(machine->synthetic.bus);
}

/**
 * synthetic_service() - go on with packets that were left
 * @machine: may have no bus
 *
 * Context: main thread, after every wake-up.
 */
void synthetic_service(struct machine *machine)
{
	struct synthetic_channel *mine;
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++) {
		mine = &machine->synthetic.channels[i];
		if (!mine->unread)
			continue;
		pthread_mutex_lock(&machine->device_lock);
		channel_readable(mine->channel, mine);
		pthread_mutex_unlock(&machine->device_lock);
	}
}

/* ---- life */

static bool is_wanted(const struct machine *machine, enum service_id id)
{
	return machine->options->vdevs & (1u << id);
}

/**
 * synthetic_open() - open /dev/vmbusr, if the machine shall have a VMBus
 * @machine: its options are set
 *
 * Without rs_vmbusr there is none, which is no mistake unless devices or hvsock were asked for.
 *
 * Return: 0 or -errno; a line on stderr has said why.
 */
int synthetic_open(struct machine *machine)
{
	const struct options *options = machine->options;
	bool needed = options->vsock || options->disk_count;
	int fd;

	machine->synthetic.device = -1;
	if (!options->vdevs && !needed)
		return 0;
	fd = vmbus_open(NULL);
	if (fd >= 0) {
		machine->synthetic.device = fd;
		return 0;
	}
	if (!options->vdevs_given && !needed)
		return 0;
	report("cannot open /dev/vmbusr: %s", strerror(-fd));
	return fd;
}

/**
 * synthetic_close() - close /dev/vmbusr
 * @machine: its bus is gone
 */
void synthetic_close(struct machine *machine)
{
	if (machine->synthetic.device >= 0)
		close(machine->synthetic.device);
}

static struct balloon_memory memory_in_pages(const struct machine *machine)
{
	const struct memory *memory = &machine->memory;
	uint64_t unit = MEMORY_HOT_UNIT > memory->hugepage ? MEMORY_HOT_UNIT : memory->hugepage;

	return (struct balloon_memory){
		.limit = memory->hot_limit / BALLOON_PAGE,
		.count = memory->size / BALLOON_PAGE,
		.hot_first = memory->hot_base / BALLOON_PAGE,
		.hot_count = (memory->hot_limit - memory->hot_base) / BALLOON_PAGE,
		.hot_unit = unit / BALLOON_PAGE,
	};
}

static int create_services(struct machine *machine)
{
	struct services_config config = {
		.host = &machine->host,
		.heartbeat = heartbeat_changed,
		.memory = &memory_ops,
		.ram = memory_in_pages(machine),
		.ctx = machine,
	};
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++)
		config.ports[i] = (struct vdev_port){
			send_packet, &machine->synthetic.channels[i],
		};
	return services_init(&machine->synthetic.services, &config);
}

static int offer(struct machine *machine, enum service_id id)
{
	struct synthetic_channel *mine = &machine->synthetic.channels[id];
	const struct service_class *class = &service_classes[id];
	struct vmbus_offer offer = { .flags = class->pipe ? VMBUSR_OFFER_NAMED_PIPE : 0 };
	int err;

	vmbus_guid_parse(class->type, offer.type);
	vmbus_guid_parse(class->instance, offer.instance);
	err = vmbus_offer(machine->synthetic.bus, &offer, &channel_ops, mine, &mine->channel);
	if (err)
		return err;
	mine->source = (struct loop_source){ vmbus_channel_fd(mine->channel), channel_ready, mine };
	return loop_add(&machine->loop, &mine->source, EPOLLIN);
}

static void withdraw(struct machine *machine)
{
	struct synthetic_channel *mine;
	unsigned int i;

	for (i = 0; i < SERVICE_COUNT; i++) {
		mine = &machine->synthetic.channels[i];
		if (!mine->channel)
			continue;
		loop_remove(&machine->loop, &mine->source);
		vmbus_channel_close(mine->channel);
		mine->channel = NULL;
		mine->unread = false;
	}
}

static int offer_all(struct machine *machine)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < SERVICE_COUNT; i++) {
		machine->synthetic.channels[i] = (struct synthetic_channel){
			.machine = machine,
			.id = (enum service_id)i,
		};
		if (is_wanted(machine, (enum service_id)i))
			err = offer(machine, (enum service_id)i);
	}
	return err;
}

static void destroy_bus(struct synthetic *synthetic, struct loop *loop)
{
	loop_remove(loop, &synthetic->source);
	vmbus_bus_destroy(synthetic->bus);
	synthetic->bus = NULL;
}

static int create_bus(struct machine *machine)
{
	struct synthetic *synthetic = &machine->synthetic;
	int err = vmbus_bus_create(synthetic->device, machine->partition, 0, &bus_ops, machine,
				   &synthetic->bus);

	if (err) {
		synthetic->bus = NULL;
		return err;
	}
	synthetic->source = (struct loop_source){
		vmbus_bus_fd(synthetic->bus), bus_ready, machine,
	};
	err = loop_add(&machine->loop, &synthetic->source, EPOLLIN);
	if (err)
		destroy_bus(synthetic, &machine->loop);
	return err;
}

/**
 * synthetic_create() - make the bus of a machine and offer its channels
 * @machine: its partition exists, no VP of it runs
 *
 * Return: 0 or -errno.
 */
int synthetic_create(struct machine *machine)
{
	int err;

	if (machine->synthetic.device < 0)
		return 0;
	err = create_services(machine);
	if (err)
		return err;
	err = create_bus(machine);
	if (err)
		goto fini;
	err = offer_all(machine);
	if (err)
		goto withdraw;
	return 0;

withdraw:
	withdraw(machine);
	destroy_bus(&machine->synthetic, &machine->loop);
fini:
	services_fini(&machine->synthetic.services);
	return err;
}

/**
 * synthetic_destroy() - take all channels and the bus away
 * @machine: no VP of it runs; may have no bus
 *
 * Who waits for a guest's answer is told that there will be none.
 */
void synthetic_destroy(struct machine *machine)
{
	if (!machine->synthetic.bus)
		return;
	pthread_mutex_lock(&machine->device_lock);
	vsock_reset(machine);
	withdraw(machine);
	services_fini(&machine->synthetic.services);
	destroy_bus(&machine->synthetic, &machine->loop);
	pthread_mutex_unlock(&machine->device_lock);
}

/**
 * synthetic_resumed() - the guest was paused: its wall clock is behind
 * @machine: may have no bus
 */
void synthetic_resumed(struct machine *machine)
{
	if (!machine->synthetic.bus)
		return;
	pthread_mutex_lock(&machine->device_lock);
	timesync_now(&machine->synthetic.services.timesync, NULL, NULL);
	pthread_mutex_unlock(&machine->device_lock);
}

static void add_number(struct json_object *to, const char *name, uint64_t number)
{
	json_object_object_add(to, name, json_object_new_uint64(number));
}

static struct json_object *describe_channel(const struct synthetic_channel *mine)
{
	struct json_object *to = json_object_new_object();

	json_object_object_add(to, "name", json_object_new_string(class_of(mine)->name));
	json_object_object_add(to, "open",
			       json_object_new_boolean(vmbus_is_open(mine->channel)));
	add_number(to, "opens", mine->opens);
	add_number(to, "packets_in", mine->packets_in);
	add_number(to, "bytes_in", mine->bytes_in);
	add_number(to, "packets_out", mine->packets_out);
	add_number(to, "bytes_out", mine->bytes_out);
	add_number(to, "errors", mine->errors);
	return to;
}

/**
 * synthetic_describe() - list the channels
 * @machine: any
 * @to: gets the list
 *
 * Return: 0, or -ENODEV without a bus.
 */
int synthetic_describe(const struct machine *machine, struct json_object *to)
{
	struct json_object *list;
	struct vmbusr_state state;
	unsigned int i;

	if (!machine->synthetic.bus)
		return -ENODEV;
	if (!vmbus_bus_state(machine->synthetic.bus, &state)) {
		add_number(to, "protocol", state.protocol);
		add_number(to, "messages_in", state.messages_in);
		add_number(to, "messages_out", state.messages_out);
		add_number(to, "messages_refused", state.messages_refused);
		add_number(to, "gpadls", state.gpadls);
	}
	list = json_object_new_array();
	for (i = 0; i < SERVICE_COUNT; i++)
		if (machine->synthetic.channels[i].channel)
			json_object_array_add(list,
					      describe_channel(&machine->synthetic.channels[i]));
	json_object_object_add(to, "channels", list);
	return 0;
}
