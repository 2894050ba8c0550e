// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine of frames, see frame.h.
 *
 * Each function takes at most one lock. Whoever moves a frame out of a state
 * owns it until it has put it into the next one:
 *
 *   FREE, EGRESS, NIC	the transmit path (and completion)
 *   PENDING, HELD	bucket->lock
 *   TAKEN		the program that dequeued it
 *   READY		frames->lock
 */
#include "frame.h"

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

/**
 * etran_frames_init - all chunks are with user space
 * @fs: zeroed, with its arrays allocated
 * @nr: number of chunks
 * @cq_size: size of the completion ring, a power of two
 */
void etran_frames_init(struct etran_frames *fs, u32 nr, u32 cq_size)
{
	u32 i;

	raw_spin_lock_init(&fs->lock);
	INIT_LIST_HEAD(&fs->ready);
	fs->nr = nr;
	fs->cq_mask = cq_size - 1;
	for (i = 0; i < nr; i++) {
		fs->frame[i].frames = fs;
		INIT_LIST_HEAD(&fs->frame[i].node);
	}
}

/**
 * etran_frame_claim - user space handed a chunk in (TX)
 * @fs: table
 * @idx: chunk
 * Return: 0, -EBUSY when the kernel has it already.
 */
int etran_frame_claim(struct etran_frames *fs, u32 idx)
{
	if (etran_frame_get(fs, idx) != ETRAN_FRAME_FREE)
		return -EBUSY;
	etran_frame_set(fs, idx, ETRAN_FRAME_EGRESS);
	return 0;
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
	struct etran_frames *fs = f->frames;
	int err = -ENOSPC;

	raw_spin_lock(&b->lock);
	if (b->depth >= b->limit || READ_ONCE(fs->stopping))
		goto out;
	if (b->room && atomic_dec_if_positive(b->room) < 0)
		goto out;
	err = bucket_add(b, f, p);
	if (err) {
		if (b->room)
			atomic_inc(b->room);
		goto out;
	}
	memcpy(f->held.priv, priv->v, sizeof(f->held.priv));
	etran_frame_set(fs, etran_frame_idx(f), ETRAN_FRAME_PENDING);
out:
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
	etran_frame_set(f->frames, etran_frame_idx(f), ETRAN_FRAME_HELD);
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
	bucket_del(b, f);
	etran_frame_set(f->frames, etran_frame_idx(f), ETRAN_FRAME_EGRESS);
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
	} else {
		bucket_del(b, f);
		etran_frame_set(f->frames, etran_frame_idx(f), ETRAN_FRAME_TAKEN);
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
	struct etran_frames *fs = f->frames;

	/*
	 * Set before a grace period which waits for the caller: either it is
	 * seen here or the teardown finds the frame in the bucket.
	 */
	if (READ_ONCE(fs->stopping))
		return false;

	p->force = true;
	raw_spin_lock(&b->lock);
	bucket_add(b, f, p);
	if (b->room)
		atomic_dec(b->room);
	etran_frame_set(fs, etran_frame_idx(f), ETRAN_FRAME_HELD);
	raw_spin_unlock(&b->lock);
	return true;
}

/**
 * etran_frame_release - append a packet to its pool's release FIFO
 * @f: frame in TAKEN or EGRESS
 * @drop: give it back unsent
 *
 * The caller sees to it that the transmit path runs.
 */
void etran_frame_release(struct etran_frame *f, bool drop)
{
	struct etran_frames *fs = f->frames;

	raw_spin_lock(&fs->lock);
	f->drop = drop;
	etran_frame_set(fs, etran_frame_idx(f), ETRAN_FRAME_READY);
	list_add_tail(&f->node, &fs->ready);
	WRITE_ONCE(fs->nr_ready, fs->nr_ready + 1);
	if (drop)
		fs->timer_drops++;
	raw_spin_unlock(&fs->lock);
}

/**
 * etran_frame_pop - take the first packet of the release FIFO (TX)
 * @fs: table
 * @drop: set when it must be given back and not be sent
 * Return: a frame in NIC or NULL.
 */
struct etran_frame *etran_frame_pop(struct etran_frames *fs, bool *drop)
{
	struct etran_frame *f;

	raw_spin_lock(&fs->lock);
	f = list_first_entry_or_null(&fs->ready, struct etran_frame, node);
	if (f) {
		list_del_init(&f->node);
		WRITE_ONCE(fs->nr_ready, fs->nr_ready - 1);
		etran_frame_set(fs, etran_frame_idx(f), ETRAN_FRAME_NIC);
		if (!f->drop && READ_ONCE(fs->stopping)) {
			f->drop = true;
			fs->timer_drops++;
		}
		*drop = f->drop;
	}
	raw_spin_unlock(&fs->lock);
	return f;
}

/**
 * etran_frame_unpop - the driver did not take it: back to the front (TX)
 * @f: frame in NIC, just popped
 */
void etran_frame_unpop(struct etran_frame *f)
{
	struct etran_frames *fs = f->frames;

	raw_spin_lock(&fs->lock);
	etran_frame_set(fs, etran_frame_idx(f), ETRAN_FRAME_READY);
	list_add(&f->node, &fs->ready);
	WRITE_ONCE(fs->nr_ready, fs->nr_ready + 1);
	raw_spin_unlock(&fs->lock);
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
	mine = f->bucket == b;
	if (mine) {
		bucket_del(b, f);
		b->missed = false;
	}
	raw_spin_unlock(&b->lock);
	if (!mine)
		return NULL;
	etran_frame_release(f, true);
	return b;
}

/**
 * etran_frame_done - a chunk goes back to user space
 * @fs: table
 * @idx: chunk in NIC
 */
void etran_frame_done(struct etran_frames *fs, u32 idx)
{
	etran_frame_set(fs, idx, ETRAN_FRAME_FREE);
}

/**
 * etran_cq_reserve - a completion ring entry was filled (TX)
 * @fs: table
 * @ent: chunk or ETRAN_CQ_NO_FRAME, with or without ETRAN_CQ_RETURN
 */
void etran_cq_reserve(struct etran_frames *fs, u32 ent)
{
	fs->cq[fs->cq_reserved++ & fs->cq_mask] = ent;
}

/**
 * etran_cq_settle - advance what is published of the completion ring (TX)
 * @fs: table
 * @nb: how many packets the NIC is done with
 *
 * The ring is positional and the NIC counts only its own packets: entries of
 * dropped ones are passed for free. Ends at the last reserved entry whatever
 * the driver says.
 *
 * Return: number of entries that became visible.
 */
u32 etran_cq_settle(struct etran_frames *fs, u32 nb)
{
	u32 pos = fs->cq_published;

	while (pos != fs->cq_reserved) {
		u32 ent = fs->cq[pos & fs->cq_mask];

		if (!(ent & ETRAN_CQ_RETURN)) {
			if (!nb)
				break;
			nb--;
		}
		ent &= ~ETRAN_CQ_RETURN;
		if (ent != ETRAN_CQ_NO_FRAME)
			etran_frame_done(fs, ent);
		pos++;
	}
	nb = pos - fs->cq_published;
	fs->cq_published = pos;
	return nb;
}
