// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVP: pairs of key and value, read from the guest and put into it, and the addresses of its
 * network adapters.
 *
 * A pool is listed by asking for index 0, 1, 2, ... until the guest says that there are no
 * more.  What it answers may be anything: sizes are checked against what came, text becomes
 * valid UTF-8, and a list ends after KVP_LIST_MAX pairs.
 *
 * A single pair is looked for in the list too.  The protocol has a request for it, but Linux
 * answers that with an empty value whatever there is: hv_kvp tells its daemon that there is
 * room for 0 bytes.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "ic_services.h"

#define ANSWER_LIMIT	(60 * IC_SECOND)	/* Linux gives its daemon 30 s */

static const struct ic_version versions[] = { { 3, 0 }, { 4, 0 } };

static const struct ic_service service = { "kvp", IC_KVP, versions, 2 };

static void answered(void *ctx, const struct ic_reply *reply);

static void finish(struct kvp *kvp, int err)
{
	void (*done)(void *ctx, int err) = kvp->done;

	kvp->done = NULL;
	if (done)
		done(kvp->ctx, err);
}

static int send_request(struct kvp *kvp, const void *message, size_t size)
{
	return ic_request(&kvp->ic, message, size, ANSWER_LIMIT, answered, kvp);
}

static int send_index(struct kvp *kvp)
{
	const struct ic_kvp_message message = {
		.operation = IC_KVP_LIST,
		.pool = (uint8_t)kvp->pool,
		.list.index = kvp->index,
	};

	return send_request(kvp, &message, sizeof(message));
}

/* Copies what fits, for a field that is not aligned; returns bytes, with the terminator. */
static uint32_t put_text(void *to, size_t bytes, const char *text)
{
	uint16_t units[IC_KVP_VALUE_BYTES / 2];
	size_t used = ic_utf16(units, bytes / 2, text);

	memcpy(to, units, (used + 1) * 2);
	return (uint32_t)((used + 1) * 2);
}

static void read_pair(struct kvp_pair *pair, const struct ic_kvp_item *item)
{
	ic_utf8(pair->key, sizeof(pair->key), item->key,
		item->key_size < sizeof(item->key) ? item->key_size : sizeof(item->key));
	ic_utf8(pair->value, sizeof(pair->value), item->value,
		item->value_size < sizeof(item->value) ? item->value_size : sizeof(item->value));
}

static bool is_wanted(const struct kvp *kvp, const struct kvp_pair *pair)
{
	return !kvp->one || !strcmp(kvp->key, pair->key);
}

/* 1: that was all that is wanted. */
static int take_pair(struct kvp *kvp, const struct ic_reply *reply)
{
	struct ic_kvp_message message;
	struct kvp_pair pair;

	if (reply->size < sizeof(message))
		return -EPROTO;
	memcpy(&message, reply->payload, sizeof(message));
	read_pair(&pair, &message.list.item);
	if (!is_wanted(kvp, &pair))
		return 0;
	kvp->pair(kvp->ctx, &pair);
	return kvp->one;
}

/* The next one is asked for, unless that was the last. */
static void take_listed(struct kvp *kvp, const struct ic_reply *reply)
{
	int err = take_pair(kvp, reply);

	if (err == 1) {
		finish(kvp, 0);
		return;
	}
	kvp->index++;
	if (!err && kvp->index == KVP_LIST_MAX)
		err = -E2BIG;
	if (!err)
		err = send_index(kvp);
	if (err)
		finish(kvp, err);
}

static void take_address(struct kvp *kvp, const struct ic_reply *reply)
{
	struct ic_kvp_ip_message message;
	struct kvp_ip ip = { .adapter = "" };

	if (reply->size < sizeof(message)) {
		finish(kvp, -EPROTO);
		return;
	}
	memcpy(&message, reply->payload, sizeof(message));
	ip.ipv6 = message.family & IC_KVP_IPV6;
	ip.dhcp = message.dhcp;
	ic_utf8(ip.adapter, sizeof(ip.adapter), message.adapter, sizeof(message.adapter));
	ic_utf8(ip.address, sizeof(ip.address), message.address, sizeof(message.address));
	ic_utf8(ip.subnet, sizeof(ip.subnet), message.subnet, sizeof(message.subnet));
	ic_utf8(ip.gateway, sizeof(ip.gateway), message.gateway, sizeof(message.gateway));
	ic_utf8(ip.dns, sizeof(ip.dns), message.dns, sizeof(message.dns));
	kvp->address(kvp->ctx, &ip);
	finish(kvp, 0);
}

/* A driver without its daemon fails everything; a key that is not there fails as well. */
static int status_error(const struct kvp *kvp, uint32_t status)
{
	if (kvp->operation == IC_KVP_LIST && !kvp->one && status == IC_NO_MORE_ITEMS)
		return 0;
	if (status == IC_NO_MORE_ITEMS || status == IC_NOT_FOUND)
		return -ENOENT;
	return -EIO;
}

static void answered(void *ctx, const struct ic_reply *reply)
{
	struct kvp *kvp = ctx;

	if (!kvp->done)
		return;			/* nobody waits: kvp_forget() */
	if (reply->err)
		finish(kvp, reply->err);
	else if (reply->status)
		finish(kvp, status_error(kvp, reply->status));
	else if (kvp->operation == IC_KVP_LIST)
		take_listed(kvp, reply);
	else if (kvp->operation == IC_KVP_GET_IP)
		take_address(kvp, reply);
	else
		finish(kvp, 0);
}

/**
 * kvp_init() - make the service
 * @kvp: filled in
 * @host: clock and timers
 * @port: where it sends
 */
void kvp_init(struct kvp *kvp, const struct vdev_host *host, const struct vdev_port *port)
{
	memset(kvp, 0, sizeof(*kvp));
	ic_init(&kvp->ic, &service, host, port);
}

/* The operation's own fields; @done last, for it says that one is under way. */
static int begin(struct kvp *kvp, enum ic_kvp_operation operation, enum ic_kvp_pool pool,
		 const void *message, size_t size, void (*done)(void *ctx, int err), void *ctx)
{
	int err = kvp->done ? -EBUSY : send_request(kvp, message, size);

	if (err)
		return err;
	kvp->operation = operation;
	kvp->pool = pool;
	kvp->index = 0;
	kvp->ctx = ctx;
	kvp->done = done;
	return 0;
}

static int begin_list(struct kvp *kvp, enum ic_kvp_pool pool,
		      void (*pair)(void *ctx, const struct kvp_pair *pair),
		      void (*done)(void *ctx, int err), void *ctx)
{
	const struct ic_kvp_message message = {
		.operation = IC_KVP_LIST,
		.pool = (uint8_t)pool,
	};
	int err = begin(kvp, IC_KVP_LIST, pool, &message, sizeof(message), done, ctx);

	if (!err)
		kvp->pair = pair;
	return err;
}

/**
 * kvp_list() - read all pairs of a pool
 * @kvp: any
 * @pool: which
 * @pair: called for each
 * @done: called at the end
 * @ctx: for both
 *
 * Return: 0, or as ic_request().
 */
int kvp_list(struct kvp *kvp, enum ic_kvp_pool pool,
	     void (*pair)(void *ctx, const struct kvp_pair *pair),
	     void (*done)(void *ctx, int err), void *ctx)
{
	int err = begin_list(kvp, pool, pair, done, ctx);

	if (!err)
		kvp->one = false;
	return err;
}

/**
 * kvp_get() - read one pair
 * @kvp: any
 * @pool: where
 * @key: of the pair; one that is longer than any pair's is not there
 * @pair: called when it is there; its key is what was asked for
 * @done: called at the end; -ENOENT: it is not there
 * @ctx: for both
 *
 * Return: 0, or as ic_request().
 */
int kvp_get(struct kvp *kvp, enum ic_kvp_pool pool, const char *key,
	    void (*pair)(void *ctx, const struct kvp_pair *pair),
	    void (*done)(void *ctx, int err), void *ctx)
{
	size_t length = strnlen(key, sizeof(kvp->key) - 1);
	int err = begin_list(kvp, pool, pair, done, ctx);

	if (err)
		return err;
	kvp->one = true;
	memcpy(kvp->key, key, length);
	kvp->key[length] = '\0';
	return 0;
}

/**
 * kvp_set() - put a pair into the guest
 * @kvp: any
 * @pool: where
 * @key: up to 255 units of UTF-16
 * @value: up to 1023
 * @done: called at the end
 * @ctx: for @done
 *
 * Return: 0, or as ic_request().
 */
int kvp_set(struct kvp *kvp, enum ic_kvp_pool pool, const char *key, const char *value,
	    void (*done)(void *ctx, int err), void *ctx)
{
	struct ic_kvp_message message = { .operation = IC_KVP_SET, .pool = (uint8_t)pool };

	message.item.value_type = IC_KVP_STRING;
	message.item.key_size = put_text(message.item.key, sizeof(message.item.key), key);
	message.item.value_size = put_text(message.item.value, sizeof(message.item.value), value);
	return begin(kvp, IC_KVP_SET, pool, &message, sizeof(message), done, ctx);
}

/**
 * kvp_delete() - take a pair out of the guest
 * @kvp: any
 * @pool: where
 * @key: of the pair
 * @done: called at the end
 * @ctx: for @done
 *
 * Return: 0, or as ic_request().
 */
int kvp_delete(struct kvp *kvp, enum ic_kvp_pool pool, const char *key,
	       void (*done)(void *ctx, int err), void *ctx)
{
	struct ic_kvp_message message = { .operation = IC_KVP_DELETE, .pool = (uint8_t)pool };

	message.remove.size = put_text(message.remove.key, sizeof(message.remove.key), key);
	return begin(kvp, IC_KVP_DELETE, pool, &message, sizeof(message), done, ctx);
}

static void fill_ip(struct ic_kvp_ip_message *message, const struct kvp_ip *ip)
{
	message->family = ip->ipv6 ? IC_KVP_IPV6 : IC_KVP_IPV4;
	message->dhcp = ip->dhcp;
	put_text(message->adapter, sizeof(message->adapter), ip->adapter);
	put_text(message->address, sizeof(message->address), ip->address);
	put_text(message->subnet, sizeof(message->subnet), ip->subnet);
	put_text(message->gateway, sizeof(message->gateway), ip->gateway);
	put_text(message->dns, sizeof(message->dns), ip->dns);
}

static void capitals(char *to, size_t room, const char *text)
{
	while (*text && --room)
		*to++ = (char)toupper((unsigned char)*text++);
	*to = '\0';
}

/**
 * kvp_get_ip() - read the addresses of a network adapter
 * @kvp: any
 * @mac: its address, as "00:15:5D:01:02:03": drivers want that here, and in capital letters,
 *       while kvp_set_ip() goes by the instance
 * @ipv6: those, or those of IPv4
 * @address: called with them
 * @done: called at the end
 * @ctx: for both
 *
 * Return: 0, or as ic_request().
 */
int kvp_get_ip(struct kvp *kvp, const char *mac, bool ipv6,
	       void (*address)(void *ctx, const struct kvp_ip *ip),
	       void (*done)(void *ctx, int err), void *ctx)
{
	struct ic_kvp_ip_message message = { .operation = IC_KVP_GET_IP };
	char upper[sizeof(((struct kvp_ip *)NULL)->adapter)];
	int err;

	message.family = ipv6 ? IC_KVP_IPV6 : IC_KVP_IPV4;
	capitals(upper, sizeof(upper), mac);
	put_text(message.adapter, sizeof(message.adapter), upper);
	err = begin(kvp, IC_KVP_GET_IP, IC_KVP_EXTERNAL, &message, sizeof(message), done, ctx);
	if (!err)
		kvp->address = address;
	return err;
}

/**
 * kvp_set_ip() - give a network adapter addresses
 * @kvp: any
 * @ip: adapter and addresses
 * @done: called at the end
 * @ctx: for @done
 *
 * Return: 0, or as ic_request().
 */
int kvp_set_ip(struct kvp *kvp, const struct kvp_ip *ip, void (*done)(void *ctx, int err),
	       void *ctx)
{
	struct ic_kvp_ip_message message = { .operation = IC_KVP_SET_IP };

	fill_ip(&message, ip);
	return begin(kvp, IC_KVP_SET_IP, IC_KVP_EXTERNAL, &message, sizeof(message), done, ctx);
}

/**
 * kvp_forget() - nobody waits for the end of what is under way
 * @kvp: any
 *
 * The guest's answer is awaited all the same, for it handles one request at a time.
 */
void kvp_forget(struct kvp *kvp)
{
	kvp->done = NULL;
}
