// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets go into buckets and out of them, see bucket.h. Each function takes one
 * lock. A frame's state is moved before the bucket's links are touched: what is
 * refused there has changed nothing.
 */
#include "bucket.h"

/**
 * etran_bucket_init - make an empty bucket
 * @b: bucket
 * @id: its index
 * @limit: how many packets it takes
 */
void etran_bucket_init(struct etran_bucket *b, u32 id, u32 limit)
{
	raw_spin_lock_init(&b->lock);
	INIT_LIST_HEAD(&b->list);
	b->id = id;
	b->limit = limit;
}

static bool frame_move(struct etran_frame *f, u8 from, u8 to)
{
	return etran_frame_move(f->frames, etran_frame_idx(f), from, to);
}

/* Limits, then where: behind or before the others, or where its time says. */
static int bucket_add(struct etran_bucket *b, struct etran_frame *f,
		      struct etran_place *p)
{
	int err;

	if (b->wheel) {
		err = etran_wheel_add(b->wheel, &f->node, p, &f->slot);
		if (err)
			return err;
	} else if (p->front) {
		list_add(&f->node, &b->list);
	} else {
		list_add_tail(&f->node, &b->list);
	}
	f->bucket = b;
	WRITE_ONCE(b->depth, b->depth + 1);
	return 0;
}

static void bucket_del(struct etran_bucket *b, struct etran_frame *f)
{
	if (b->wheel)
		etran_wheel_del(b->wheel, &f->node, f->slot);
	else
		list_del_init(&f->node);
	if (b->room)
		atomic_inc(b->room);
	WRITE_ONCE(b->depth, b->depth - 1);
	f->bucket = NULL;
}

/* The first packet, due by @now if it is a wheel. */
static struct etran_frame *bucket_first(struct etran_bucket *b, u64 now)
{
	struct list_head *node;

	if (!b->wheel)
		return list_first_entry_or_null(&b->list, struct etran_frame, node);
	node = etran_wheel_first(b->wheel, now);
	return node ? list_entry(node, struct etran_frame, node) : NULL;
}

static int hold_locked(struct etran_frame *f, struct etran_bucket *b,
		       const struct etran_priv *priv, struct etran_place *p)
{
	int err;

	if (b->depth >= b->limit || READ_ONCE(f->frames->stopping))
		return -ENOSPC;
	if (!frame_move(f, ETRAN_FRAME_EGRESS, ETRAN_FRAME_PENDING))
		return -EINVAL;
	if (b->room && atomic_dec_if_positive(b->room) < 0) {
		err = -ENOSPC;
		goto err_state;
	}
	err = bucket_add(b, f, p);
	if (err)
		goto err_room;
	memcpy(f->held.priv, priv->v, sizeof(f->held.priv));
	return 0;

err_room:
	if (b->room)
		atomic_inc(b->room);
err_state:
	frame_move(f, ETRAN_FRAME_PENDING, ETRAN_FRAME_EGRESS);
	return err;
}

/**
 * etran_frame_hold - put the packet of egress into a bucket
 * @f: frame in EGRESS
 * @b: bucket
 * @priv: the transport's memory
 * @p: where in the bucket
 * Return: 0, -ENOSPC bucket, slot or map full, or socket going away.
 */
int etran_frame_hold(struct etran_frame *f, struct etran_bucket *b,
		     const struct etran_priv *priv, struct etran_place *p)
{
	int err;

	raw_spin_lock(&b->lock);
	err = hold_locked(f, b, priv, p);
	raw_spin_unlock(&b->lock);
	return err;
}

/**
 * etran_frame_publish - egress has returned: the packet can be dequeued
 * @f: frame in PENDING
 * Return: true when a dequeue came too early, so that the timer has to run.
 */
bool etran_frame_publish(struct etran_frame *f)
{
	struct etran_bucket *b = f->bucket;
	bool missed;

	raw_spin_lock(&b->lock);
	frame_move(f, ETRAN_FRAME_PENDING, ETRAN_FRAME_HELD);
	missed = b->missed;
	b->missed = false;
	raw_spin_unlock(&b->lock);
	return missed;
}

/**
 * etran_frame_unhold - egress held the packet but did not say so
 * @f: frame in PENDING; comes back in EGRESS
 * Return: as etran_frame_publish(): those behind it can be dequeued now.
 */
bool etran_frame_unhold(struct etran_frame *f)
{
	struct etran_bucket *b = f->bucket;
	bool missed;

	raw_spin_lock(&b->lock);
	if (frame_move(f, ETRAN_FRAME_PENDING, ETRAN_FRAME_EGRESS))
		bucket_del(b, f);
	missed = b->missed;
	b->missed = false;
	raw_spin_unlock(&b->lock);
	return missed;
}

static bool frame_pending(const struct etran_frame *f)
{
	return etran_frame_get(f->frames, etran_frame_idx(f)) == ETRAN_FRAME_PENDING;
}

/**
 * etran_frame_dequeue - take the first packet of a bucket
 * @b: bucket
 * @now: of a wheel only what is due by then; ETRAN_WHEEL_NEVER: anything
 * @next: set when nothing is due: when that will be; else ETRAN_WHEEL_NEVER
 * Return: a frame in TAKEN or NULL.
 */
struct etran_frame *etran_frame_dequeue(struct etran_bucket *b, u64 now, u64 *next)
{
	struct etran_frame *f;

	*next = ETRAN_WHEEL_NEVER;
	raw_spin_lock(&b->lock);
	f = bucket_first(b, now);
	if (!f) {
		if (b->wheel)
			*next = etran_wheel_next(b->wheel);
		goto out;
	}
	if (frame_pending(f)) {
		b->missed = true;
		f = NULL;
	} else if (READ_ONCE(f->frames->stopping)) {
		/* The teardown takes it out and runs the timer again. */
		f = NULL;
	} else if (frame_move(f, ETRAN_FRAME_HELD, ETRAN_FRAME_TAKEN)) {
		bucket_del(b, f);
	} else {
		f = NULL;
	}
out:
	raw_spin_unlock(&b->lock);
	return f;
}

/**
 * etran_frame_peek - look at what a dequeue would give, due or not
 * @b: bucket
 * @held: filled
 * Return: 0, -ENOENT bucket empty, -EAGAIN it could not be had just now.
 */
int etran_frame_peek(struct etran_bucket *b, struct etran_held *held)
{
	struct etran_frame *f;
	int err = -ENOENT;

	raw_spin_lock(&b->lock);
	f = bucket_first(b, ETRAN_WHEEL_NEVER);
	if (f) {
		err = -EAGAIN;
		if (!frame_pending(f) && !READ_ONCE(f->frames->stopping)) {
			*held = f->held;
			err = 0;
		}
	}
	raw_spin_unlock(&b->lock);
	return err;
}

/**
 * etran_frame_next - when the first packet of a bucket is due
 * @b: bucket
 * Return: 0 for a FIFO with packets, ETRAN_WHEEL_NEVER when there is none.
 */
u64 etran_frame_next(struct etran_bucket *b)
{
	u64 next;

	raw_spin_lock(&b->lock);
	if (b->wheel)
		next = etran_wheel_next(b->wheel);
	else
		next = b->depth ? 0 : ETRAN_WHEEL_NEVER;
	raw_spin_unlock(&b->lock);
	return next;
}

/**
 * etran_frame_any - some packet of a bucket, for its owner's teardown
 * @b: bucket
 * Return: a frame that RCU keeps, in this bucket a moment ago, or NULL.
 */
struct etran_frame *etran_frame_any(struct etran_bucket *b)
{
	struct etran_frame *f;

	raw_spin_lock(&b->lock);
	f = bucket_first(b, ETRAN_WHEEL_NEVER);
	raw_spin_unlock(&b->lock);
	return f;
}

/**
 * etran_frame_requeue - put a packet back into a bucket
 * @f: frame in TAKEN
 * @b: bucket; limits do not apply to what was in the map before
 * @p: where in the bucket
 * Return: false when the socket is going away, so the caller has to drop it.
 */
bool etran_frame_requeue(struct etran_frame *f, struct etran_bucket *b,
			 struct etran_place *p)
{
	/*
	 * Set before a grace period which waits for the caller: either it is
	 * seen here or the teardown finds the frame in the bucket.
	 */
	if (READ_ONCE(f->frames->stopping))
		return false;

	p->force = true;
	raw_spin_lock(&b->lock);
	if (frame_move(f, ETRAN_FRAME_TAKEN, ETRAN_FRAME_HELD)) {
		bucket_add(b, f, p);
		if (b->room)
			atomic_dec(b->room);
	}
	raw_spin_unlock(&b->lock);
	return true;
}

/**
 * etran_frame_purge - take a packet out of whatever bucket it is in
 * @f: any frame; RCU protects its bucket
 *
 * The frame becomes READY to be dropped. No program may be about to put it
 * into a bucket: the caller has waited for a grace period.
 *
 * Return: the bucket it was in, whose timer has to run for the sake of
 * others, or NULL.
 */
struct etran_bucket *etran_frame_purge(struct etran_frame *f)
{
	struct etran_bucket *b = READ_ONCE(f->bucket);
	bool mine;

	if (!b)
		return NULL;

	raw_spin_lock(&b->lock);
	mine = f->bucket == b && frame_move(f, ETRAN_FRAME_HELD, ETRAN_FRAME_TAKEN);
	if (mine) {
		bucket_del(b, f);
		b->missed = false;
	}
	raw_spin_unlock(&b->lock);
	if (!mine)
		return NULL;
	etran_frame_release(f, ETRAN_FRAME_TAKEN, true);
	return b;
}
