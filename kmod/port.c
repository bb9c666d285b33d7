// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a guest's messages and events go: the connections of a partition, HvPostMessage and
 * HvSignalEvent (TLFS "Inter-Partition Communication").
 *
 * A connection is a number that the guest knows and the port behind it, which belongs to a
 * module above.  Finding it takes RCU only, and so does what the port does with it.
 */
#include <linux/slab.h>
#include <linux/xarray.h>

#include "hypercall.h"

/* Bits 31:24 of a connection ID are reserved. */
#define CONNECTION_ID_MAX	0xffffffu
#define MESSAGE_TYPE_HYPERVISOR	0x80000000u

struct port {
	const struct rs_port_ops *ops;
	void *context;
};

void rs_ports_init(struct rs_partition *partition)
{
	xa_init(&partition->ports);
}

/* All ports have been taken away by who made them. */
void rs_ports_destroy(struct rs_partition *partition)
{
	WARN_ON_ONCE(!xa_empty(&partition->ports));
	xa_destroy(&partition->ports);
}

/**
 * rs_port_connect() - let the guest reach a port
 * @partition:  the partition
 * @connection: its number for the guest, 24 bits
 * @ops:        what the port does; ops->message or ops->event, or both
 * @context:    for the functions of @ops
 *
 * Return: 0, -EINVAL, -EEXIST, -ENOMEM.
 */
int rs_port_connect(struct rs_partition *partition, u32 connection,
		    const struct rs_port_ops *ops, void *context)
{
	struct port *port;
	int err;

	if (connection > CONNECTION_ID_MAX)
		return -EINVAL;
	port = kmalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return -ENOMEM;
	port->ops = ops;
	port->context = context;
	err = xa_insert(&partition->ports, connection, port, GFP_KERNEL_ACCOUNT);
	if (err)
		kfree(port);
	return err == -EBUSY ? -EEXIST : err;
}
EXPORT_SYMBOL_GPL(rs_port_connect);

/**
 * rs_port_disconnect() - the guest no longer reaches the port
 * @partition:  the partition
 * @connection: as it was connected
 *
 * When this returns none of the port's functions runs, nor will.  May sleep.
 */
void rs_port_disconnect(struct rs_partition *partition, u32 connection)
{
	struct port *port = xa_erase(&partition->ports, connection);

	synchronize_rcu();
	kfree(port);
}
EXPORT_SYMBOL_GPL(rs_port_disconnect);

static u16 deliver_message(struct rs_vp *vp, u32 connection, const struct hv_message *message)
{
	u16 status = HV_STATUS_INVALID_CONNECTION_ID;
	struct port *port;

	rcu_read_lock();
	port = xa_load(&vp->partition->ports, connection);
	if (port && port->ops->message)
		status = port->ops->message(port->context, message);
	rcu_read_unlock();
	return status;
}

/* HvPostMessage */
u16 rs_call_post_message(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	const struct hv_post_message *in = (const void *)call->words;
	struct hv_message message = { .header = {
		.message_type = in->message_type,
		.payload_size = in->payload_size,
		.origination_id = in->connection_id,
	} };

	if (in->reserved || !in->message_type || in->message_type & MESSAGE_TYPE_HYPERVISOR ||
	    in->payload_size > HV_MESSAGE_PAYLOAD_MAX)
		return HV_STATUS_INVALID_PARAMETER;
	memcpy(message.bytes, in->payload, in->payload_size);
	return deliver_message(vp, in->connection_id, &message);
}

/* HvSignalEvent */
u16 rs_call_signal_event(struct rs_vp *vp, const struct rs_hypercall *call, u64 *out)
{
	const struct hv_signal_event *in = (const void *)call->words;
	u16 status = HV_STATUS_INVALID_CONNECTION_ID;
	struct port *port;

	if (in->reserved)
		return HV_STATUS_INVALID_PARAMETER;
	rcu_read_lock();
	port = xa_load(&vp->partition->ports, in->connection_id);
	if (port && port->ops->event)
		status = port->ops->event(port->context, in->flag_number);
	rcu_read_unlock();
	return status;
}
