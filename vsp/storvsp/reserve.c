// SPDX-License-Identifier: GPL-2.0-only
/*
 * PERSISTENT RESERVE IN and OUT (SPC-5 5.14, 6.16, 6.17).  Pure.
 *
 * Registrations belong to a medium and name nexuses, that is, guests' controllers; they live in
 * memory and end with the medium's last LUN on this host (no APTPL).  There is one target port.
 */
#include "scsi_internal.h"

enum reservation_type {
	WRITE_EXCLUSIVE			= 1,
	EXCLUSIVE_ACCESS		= 3,
	WRITE_EXCLUSIVE_REGISTRANTS	= 5,
	EXCLUSIVE_ACCESS_REGISTRANTS	= 6,
	WRITE_EXCLUSIVE_ALL		= 7,
	EXCLUSIVE_ACCESS_ALL		= 8,
};

#define OUT_SIZE	24u		/* of the parameter list */
#define OUT_FLAGS	0x0d		/* SPEC_I_PT, ALL_TG_PT, APTPL: none is offered */

static bool type_valid(u8 type)
{
	return type < 16 && BIT(type) & (BIT(WRITE_EXCLUSIVE) | BIT(EXCLUSIVE_ACCESS) |
					 BIT(WRITE_EXCLUSIVE_REGISTRANTS) |
					 BIT(EXCLUSIVE_ACCESS_REGISTRANTS) |
					 BIT(WRITE_EXCLUSIVE_ALL) | BIT(EXCLUSIVE_ACCESS_ALL));
}

/* All registrants hold it. */
static bool type_all(u8 type)
{
	return type == WRITE_EXCLUSIVE_ALL || type == EXCLUSIVE_ACCESS_ALL;
}

/* It forbids nothing to registrants. */
static bool type_registrants(u8 type)
{
	return type_all(type) || type == WRITE_EXCLUSIVE_REGISTRANTS ||
	       type == EXCLUSIVE_ACCESS_REGISTRANTS;
}

static bool type_exclusive(u8 type)
{
	return type == EXCLUSIVE_ACCESS || type == EXCLUSIVE_ACCESS_REGISTRANTS ||
	       type == EXCLUSIVE_ACCESS_ALL;
}

static struct scsi_registrant *find(struct scsi_reservations *all, u32 nexus)
{
	struct scsi_registrant *r;

	for (r = all->registrants; r < all->registrants + SCSI_REGISTRANTS_MAX; r++)
		if (r->nexus == nexus)
			return r;
	return NULL;
}

/* A nexus without key is there only because it has to hear of something. */
static struct scsi_registrant *registered(struct scsi_reservations *all, u32 nexus)
{
	struct scsi_registrant *r = find(all, nexus);

	return r && r->key ? r : NULL;
}

static bool holds(const struct scsi_reservations *all, const struct scsi_registrant *r)
{
	return all->holder && (all->holder == r->nexus || type_all(all->type));
}

static u32 count_registered(const struct scsi_reservations *all)
{
	u32 i, count = 0;

	for (i = 0; i < SCSI_REGISTRANTS_MAX; i++)
		count += all->registrants[i].nexus && all->registrants[i].key;
	return count;
}

/**
 * scsi_reserved() - does a reservation forbid this?
 * @lun:    somebody holds a reservation of its medium
 * @access: ACCESS_*
 *
 * Return: true: it does.
 */
bool scsi_reserved(const struct scsi_lun *lun, unsigned int access)
{
	struct scsi_reservations *all = lun->reservations;
	struct scsi_registrant *r = registered(all, lun->nexus);

	if (r && (holds(all, r) || type_registrants(all->type)))
		return false;
	return access & ACCESS_WRITE || type_exclusive(all->type);
}

/* The attentions that others caused for the LUN's nexus. */
u32 scsi_reserve_attention(struct scsi_lun *lun)
{
	struct scsi_registrant *r = find(lun->reservations, lun->nexus);
	u32 attention;

	if (!r || !r->attention)
		return 0;
	attention = r->attention;
	r->attention = 0;
	if (!r->key)
		r->nexus = 0;
	return attention;
}

/* ---- PERSISTENT RESERVE IN */

static u32 reply_list(struct scsi_command *c, u8 *answer, u32 size)
{
	put_be32(answer, c->lun->reservations->generation);
	put_be32(answer + 4, size);
	return scsi_reply(c, 8 + size, get_be16(c->cdb + 7));
}

u32 scsi_reserve_read_keys(struct scsi_command *c)
{
	const struct scsi_registrant *r = c->lun->reservations->registrants;
	u8 *answer = scsi_answer(c);
	u32 i, size = 0;

	for (i = 0; i < SCSI_REGISTRANTS_MAX; i++) {
		if (!r[i].nexus || !r[i].key)
			continue;
		put_be64(answer + 8 + size, r[i].key);
		size += 8;
	}
	return reply_list(c, answer, size);
}

u32 scsi_reserve_read(struct scsi_command *c)
{
	struct scsi_reservations *all = c->lun->reservations;
	struct scsi_registrant *holder = registered(all, all->holder);
	u8 *answer = scsi_answer(c);

	if (!all->holder)
		return reply_list(c, answer, 0);
	if (holder && !type_all(all->type))
		put_be64(answer + 8, holder->key);
	answer[21] = all->type;
	return reply_list(c, answer, 16);
}

u32 scsi_reserve_capabilities(struct scsi_command *c)
{
	u8 *answer = scsi_answer(c);

	put_be16(answer, 8);
	answer[3] = 0x80;		/* the types that follow are all there are */
	answer[4] = 0xea;
	answer[5] = 0x01;
	return scsi_reply(c, 8, get_be16(c->cdb + 7));
}

/* With a TransportID of SAS, for VMBus has none: the nexus is the address. */
static u32 put_status(const struct scsi_reservations *all, const struct scsi_registrant *r, u8 *at)
{
	put_be64(at, r->key);
	if (holds(all, r)) {
		at[12] = 1;
		at[13] = all->type;
	}
	put_be16(at + 18, 1);
	put_be32(at + 20, 24);
	at[24] = 6;
	put_be32(at + 24 + 8, r->nexus);
	return 24 + 24;
}

u32 scsi_reserve_full_status(struct scsi_command *c)
{
	const struct scsi_reservations *all = c->lun->reservations;
	u8 *answer = scsi_answer(c);
	u32 i, size = 0;

	for (i = 0; i < SCSI_REGISTRANTS_MAX; i++)
		if (all->registrants[i].nexus && all->registrants[i].key)
			size += put_status(all, &all->registrants[i], answer + 8 + size);
	return reply_list(c, answer, size);
}

/* ---- PERSISTENT RESERVE OUT */

struct out {
	struct scsi_reservations *all;
	struct scsi_registrant *self;	/* NULL: not registered */
	u32 nexus;
	u64 key;
	u64 action_key;
	u8 type;
};

static void notify_others(struct out *o, u32 attention)
{
	struct scsi_registrant *r = o->all->registrants;
	u32 i;

	for (i = 0; i < SCSI_REGISTRANTS_MAX; i++)
		if (r[i].nexus && r[i].key && r[i].nexus != o->nexus)
			r[i].attention |= attention;
}

static void release(struct out *o)
{
	if (type_registrants(o->all->type))
		notify_others(o, SCSI_ATTENTION_RESERVATION_RELEASED);
	o->all->holder = 0;
	o->all->type = 0;
}

/* Of all that hold, the last one to go ends the reservation. */
static void unregister_self(struct out *o)
{
	struct scsi_reservations *all = o->all;
	bool held = holds(all, o->self);

	o->self->key = 0;
	if (!o->self->attention)
		o->self->nexus = 0;
	if (held && (!type_all(all->type) || !count_registered(all)))
		release(o);
}

static u32 set_key(struct out *o)
{
	struct scsi_registrant *r = o->self;

	if (!r)
		r = find(o->all, o->nexus);
	if (!r)
		r = find(o->all, 0);
	if (!r)
		return SENSE_REGISTRATIONS;
	if (!r->nexus)
		r->attention = 0;
	r->nexus = o->nexus;
	r->key = o->action_key;
	return 0;
}

static u32 register_ignore(struct out *o)
{
	u32 sense = 0;

	if (o->action_key)
		sense = set_key(o);
	else if (o->self)
		unregister_self(o);
	if (!sense)
		o->all->generation++;
	return sense;
}

static u32 register_key(struct out *o)
{
	if (o->key != (o->self ? o->self->key : 0))
		return SENSE_RESERVATION_CONFLICT;
	return register_ignore(o);
}

static u32 reserve(struct out *o)
{
	struct scsi_reservations *all = o->all;

	if (!type_valid(o->type))
		return SENSE_FIELD;
	if (all->holder)
		return holds(all, o->self) && all->type == o->type ? 0 :
								     SENSE_RESERVATION_CONFLICT;
	all->holder = o->nexus;
	all->type = o->type;
	return 0;
}

static u32 release_held(struct out *o)
{
	if (!o->all->holder || !holds(o->all, o->self))
		return 0;
	if (o->all->type != o->type)
		return SENSE_RELEASE;
	release(o);
	return 0;
}

/* All but ourselves with @key, or all of them, hear that they are registered no more. */
static u32 remove_others(struct out *o, u64 key, bool all, u32 attention)
{
	struct scsi_registrant *r = o->all->registrants;
	u32 i, found = 0;

	for (i = 0; i < SCSI_REGISTRANTS_MAX; i++) {
		if (!r[i].nexus || !r[i].key || (!all && r[i].key != key))
			continue;
		found++;
		if (r[i].nexus == o->nexus)
			continue;
		r[i].key = 0;
		r[i].attention |= attention;
	}
	return found;
}

static u32 clear(struct out *o)
{
	remove_others(o, 0, true, SCSI_ATTENTION_RESERVATION_PREEMPTED);
	o->all->holder = 0;
	o->all->type = 0;
	o->self->key = 0;
	if (!o->self->attention)
		o->self->nexus = 0;
	o->all->generation++;
	return 0;
}

/* Does the key to be preempted name the holder? */
static bool preempts_holder(struct out *o)
{
	struct scsi_registrant *holder;

	if (!o->all->holder)
		return false;
	if (type_all(o->all->type))
		return !o->action_key;
	holder = registered(o->all, o->all->holder);
	return holder && holder->key == o->action_key;
}

static u32 preempt(struct out *o)
{
	bool takes = preempts_holder(o);
	u8 before = o->all->type;

	if (takes && !type_valid(o->type))
		return SENSE_FIELD;
	if (!takes && !o->action_key)
		return SENSE_LIST_FIELD;
	if (!remove_others(o, o->action_key, takes && type_all(before),
			   SCSI_ATTENTION_REGISTRATION_PREEMPTED))
		return SENSE_RESERVATION_CONFLICT;
	if (takes) {
		o->all->holder = o->nexus;
		o->all->type = o->type;
		if (before != o->type && type_registrants(before))
			notify_others(o, SCSI_ATTENTION_RESERVATION_RELEASED);
	}
	o->all->generation++;
	return 0;
}

/* PREEMPT AND ABORT: commands of another nexus that run are let end, as SAM-5 5.6 allows. */
static const struct {
	u32 (*act)(struct out *o);
	bool for_registrants;
	bool scoped;
} actions[] = {
	[0x00] = { register_key, false, false },
	[0x01] = { reserve, true, true },
	[0x02] = { release_held, true, true },
	[0x03] = { clear, true, false },
	[0x04] = { preempt, true, true },
	[0x05] = { preempt, true, true },
	[0x06] = { register_ignore, false, false },
};

u32 scsi_reserve_out(struct scsi_command *c)
{
	struct scsi_reservations *all = c->lun->reservations;
	u8 action = c->cdb[1] & 0x1f;
	const u8 *list = c->parameters;
	struct out o = {
		.all = all, .nexus = c->lun->nexus, .type = c->cdb[2] & 0xf,
		.self = registered(all, c->lun->nexus),
	};

	if (action >= ARRAY_SIZE(actions) || (actions[action].scoped && c->cdb[2] & 0xf0))
		return SENSE_FIELD;
	if (get_be32(c->cdb + 5) != OUT_SIZE || c->parameters_size < OUT_SIZE)
		return SENSE_LIST_LENGTH;
	if (list[20] & OUT_FLAGS)
		return SENSE_LIST_FIELD;
	o.key = get_be64(list);
	o.action_key = get_be64(list + 8);
	if (actions[action].for_registrants && (!o.self || o.self->key != o.key))
		return SENSE_RESERVATION_CONFLICT;
	return actions[action].act(&o);
}
