// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device and the bus: its events, its state; and GUIDs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Where the bytes of a GUID are written: its first three fields are little-endian. */
static const uint8_t guid_order[VMBUS_GUID_SIZE] = {
	3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15,
};

/**
 * vmbus_guid_parse() - a GUID from its text
 * @text: 8-4-4-4-12 hexadecimal digits
 * @guid: filled in, as on the wire
 *
 * Return: 0, -EINVAL.
 */
int vmbus_guid_parse(const char *text, uint8_t guid[VMBUS_GUID_SIZE])
{
	unsigned int n = 0;
	char two[3] = "";

	if (strlen(text) != 36)
		return -EINVAL;
	for (unsigned int i = 0; i < 36; i += 2) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i++] != '-')
				return -EINVAL;
		}
		memcpy(two, text + i, 2);
		if (strspn(two, "0123456789abcdefABCDEF") != 2)
			return -EINVAL;
		guid[guid_order[n++]] = strtoul(two, NULL, 16);
	}
	return 0;
}

/**
 * vmbus_guid_format() - a GUID's text, in lower case
 * @guid: as on the wire
 * @text: 36 characters and a zero
 */
void vmbus_guid_format(const uint8_t guid[VMBUS_GUID_SIZE], char text[37])
{
	for (unsigned int n = 0; n < VMBUS_GUID_SIZE; n++) {
		if (n == 4 || n == 6 || n == 8 || n == 10)
			*text++ = '-';
		text += sprintf(text, "%02x", guid[guid_order[n]]);
	}
}

/**
 * vmbus_open() - open the VMBus device
 * @path: its path, or NULL for /dev/vmbusr
 *
 * Return: a descriptor, or -ENOENT when the modules are not loaded, -EACCES, ...
 */
int vmbus_open(const char *path)
{
	int fd = open(path ? path : VMBUS_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * vmbus_bus_create() - a bus for a partition
 * @device:    from vmbus_open()
 * @partition: from vid_create_partition(), of this process
 * @protocol:  newest version to agree to, or 0
 * @ops:       live as long as the bus
 * @context:   for them
 * @bus:       the bus
 *
 * Return: 0, -EBADF, -EEXIST, -EINVAL, -ENOMEM, -EMFILE.
 */
int vmbus_bus_create(int device, int partition, uint32_t protocol,
		     const struct vmbus_bus_ops *ops, void *context, struct vmbus_bus **bus)
{
	struct vmbusr_create_bus create = { .partition = partition, .protocol = protocol };
	struct vmbus_bus *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->ops = ops;
	new->context = context;
	new->fd = vmbus_ioctl(device, VMBUSR_CREATE_BUS, &create);
	if (new->fd < 0) {
		int err = new->fd;

		free(new);
		return err;
	}
	fcntl(new->fd, F_SETFL, fcntl(new->fd, F_GETFL) | O_NONBLOCK);
	*bus = new;
	return 0;
}

/**
 * vmbus_bus_destroy() - close a bus and all its channels
 * @bus: may be NULL
 */
void vmbus_bus_destroy(struct vmbus_bus *bus)
{
	if (!bus)
		return;
	while (bus->channels)
		vmbus_channel_close(bus->channels);
	close(bus->fd);
	free(bus);
}

/**
 * vmbus_bus_fd() - what to poll for EPOLLIN
 * @bus: the bus
 *
 * Return: a descriptor of the bus's.
 */
int vmbus_bus_fd(const struct vmbus_bus *bus)
{
	return bus->fd;
}

static void dispatch(struct vmbus_bus *bus, const struct vmbusr_bus_event *event)
{
	if (event->type == VMBUSR_BUS_TL_CONNECT) {
		if (bus->ops->hvsock)
			bus->ops->hvsock(bus->context, event->service, event->endpoint);
		else
			vmbus_refuse_hvsock(bus, event->service, event->endpoint,
					    VMBUS_STATUS_CONNECTION_REFUSED);
	} else if (bus->ops->connected) {
		bus->ops->connected(bus->context, event->protocol, event->features);
	}
}

/**
 * vmbus_bus_process() - tell of what happened
 * @bus: the bus
 *
 * Return: 0, or what read(2) fails with.
 */
int vmbus_bus_process(struct vmbus_bus *bus)
{
	struct vmbusr_bus_event event;
	struct vmbusr_state state;

	while (read(bus->fd, &event, sizeof(event)) == sizeof(event)) {
		if (event.type == VMBUSR_BUS_LOST) {
			if (vmbus_bus_state(bus, &state))
				continue;
			event.type = VMBUSR_BUS_CONNECTED;
			event.protocol = state.protocol;
			event.features = state.features;
		}
		dispatch(bus, &event);
	}
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/**
 * vmbus_bus_state() - what the bus is doing
 * @bus:   the bus
 * @state: filled in
 *
 * Return: 0, -EIO from another process.
 */
int vmbus_bus_state(struct vmbus_bus *bus, struct vmbusr_state *state)
{
	return vmbus_ioctl(bus->fd, VMBUSR_GET_STATE, state);
}

/**
 * vmbus_refuse_hvsock() - answer ops->hvsock with no
 * @bus:      the bus
 * @service:  as told
 * @endpoint: as told
 * @status:   an NTSTATUS that is not 0
 *
 * Return: 0, -EINVAL.
 */
int vmbus_refuse_hvsock(struct vmbus_bus *bus, const uint8_t service[VMBUS_GUID_SIZE],
			const uint8_t endpoint[VMBUS_GUID_SIZE], uint32_t status)
{
	struct vmbusr_tl_result result = { .status = status };

	memcpy(result.service, service, sizeof(result.service));
	memcpy(result.endpoint, endpoint, sizeof(result.endpoint));
	return vmbus_ioctl(bus->fd, VMBUSR_TL_RESULT, &result);
}
