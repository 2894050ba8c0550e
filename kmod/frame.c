// SPDX-License-Identifier: GPL-2.0-only
/*
 * The states of frames and the FIFOs that they are in, see frame.h.
 *
 * Whoever moves a frame out of a state owns it until it is in the next one:
 *
 *   FREE, EGRESS, NIC	the transmit path (and completion)
 *   PENDING, HELD	bucket->lock
 *   TAKEN		the program that dequeued it
 *   READY, BACK	frames->lock
 */
#ifdef __KERNEL__
#include <linux/printk.h>
#include <net/net_debug.h>
#endif
#include "frame.h"

atomic64_t etran_frame_refusals = ATOMIC64_INIT(0);

/**
 * etran_frames_init - all chunks are with user space
 * @fs: zeroed, with its arrays allocated
 * @nr: number of chunks
 * @shift: from address to chunk
 */
void etran_frames_init(struct etran_frames *fs, u32 nr, u32 shift)
{
	u32 i;

	raw_spin_lock_init(&fs->lock);
	fs->nr = nr;
	fs->shift = shift;
	for (i = 0; i < nr; i++) {
		fs->frame[i].frames = fs;
		INIT_LIST_HEAD(&fs->frame[i].node);
	}
}

/**
 * etran_frame_refused - count a move that was not made
 * @fs: table
 * @idx: chunk
 * @from: where it was thought to be
 * @to: where it was to go
 */
void etran_frame_refused(struct etran_frames *fs, u32 idx, u8 from, u8 to)
{
	atomic64_inc(&etran_frame_refusals);
	pr_warn_ratelimited("frame %u is in state %u: not moved from %u to %u\n", idx,
			    etran_frame_get(fs, idx), from, to);
	DEBUG_NET_WARN_ON_ONCE(1);
}

static void fifo_push(struct etran_frames *fs, struct etran_fifo *q, u32 idx)
{
	if (q->nr)
		fs->chunk[q->last].next = idx;
	else
		q->first = idx;
	q->last = idx;
	WRITE_ONCE(q->nr, q->nr + 1);
}

static void fifo_push_front(struct etran_frames *fs, struct etran_fifo *q, u32 idx)
{
	if (q->nr)
		fs->chunk[idx].next = q->first;
	else
		q->last = idx;
	q->first = idx;
	WRITE_ONCE(q->nr, q->nr + 1);
}

/* It is not empty. */
static u32 fifo_pop(struct etran_frames *fs, struct etran_fifo *q)
{
	u32 idx = q->first;

	q->first = fs->chunk[idx].next;
	WRITE_ONCE(q->nr, q->nr - 1);
	return idx;
}

/**
 * etran_frame_claim - user space handed a chunk in (TX)
 * @fs: table
 * @addr: of its descriptor, which the core has checked
 * Return: the chunk, in EGRESS; -EBUSY when the kernel has it already.
 */
int etran_frame_claim(struct etran_frames *fs, u64 addr)
{
	u32 idx = addr >> fs->shift;

	if (unlikely(!etran_frame_try_move(fs, idx, ETRAN_FRAME_FREE, ETRAN_FRAME_EGRESS)))
		return -EBUSY;
	fs->chunk[idx].offset = addr - ((u64)idx << fs->shift);
	return idx;
}

/**
 * etran_frame_send - the driver gets a packet straight from egress (TX)
 * @fs: table
 * @idx: chunk in EGRESS
 * Return: true, and it is in NIC.
 */
bool etran_frame_send(struct etran_frames *fs, u32 idx)
{
	if (!etran_frame_move(fs, idx, ETRAN_FRAME_EGRESS, ETRAN_FRAME_NIC))
		return false;
	fifo_push(fs, &fs->nic, idx);
	return true;
}

/**
 * etran_frame_release - append a packet to its pool's release FIFO
 * @f: frame
 * @from: its state: TAKEN or EGRESS
 * @drop: give it back unsent
 *
 * The caller sees to it that the transmit path runs.
 */
void etran_frame_release(struct etran_frame *f, u8 from, bool drop)
{
	struct etran_frames *fs = f->frames;
	u32 idx = etran_frame_idx(f);

	raw_spin_lock(&fs->lock);
	if (etran_frame_move(fs, idx, from, ETRAN_FRAME_READY)) {
		fs->chunk[idx].drop = drop;
		fifo_push(fs, &fs->ready, idx);
		if (drop)
			fs->timer_drops++;
	}
	raw_spin_unlock(&fs->lock);
}

/**
 * etran_frame_pop - take the first packet of the release FIFO (TX)
 * @fs: table
 * @drop: set when it must be given back and not be sent
 * Return: a frame in NIC, NULL when there is none. In zero copy one that is not to be
 * dropped is behind those that the driver has.
 */
struct etran_frame *etran_frame_pop(struct etran_frames *fs, bool *drop)
{
	struct etran_frame *f = NULL;
	u32 idx;

	raw_spin_lock(&fs->lock);
	while (fs->ready.nr && !f) {
		idx = fifo_pop(fs, &fs->ready);
		if (!etran_frame_move(fs, idx, ETRAN_FRAME_READY, ETRAN_FRAME_NIC))
			continue;
		if (!fs->chunk[idx].drop && READ_ONCE(fs->stopping)) {
			fs->chunk[idx].drop = true;
			fs->timer_drops++;
		}
		*drop = fs->chunk[idx].drop;
		if (!*drop && fs->cq.size)
			fifo_push(fs, &fs->nic, idx);
		f = &fs->frame[idx];
	}
	raw_spin_unlock(&fs->lock);
	return f;
}

/**
 * etran_frame_unpop - the device did not take it: back to the front (TX, copy mode)
 * @f: frame in NIC, just popped
 */
void etran_frame_unpop(struct etran_frame *f)
{
	struct etran_frames *fs = f->frames;
	u32 idx = etran_frame_idx(f);

	raw_spin_lock(&fs->lock);
	if (etran_frame_move(fs, idx, ETRAN_FRAME_NIC, ETRAN_FRAME_READY))
		fifo_push_front(fs, &fs->ready, idx);
	raw_spin_unlock(&fs->lock);
}

/* What waits goes into the completion ring, as far as there is room. */
static void back_flush(struct etran_frames *fs)
{
	u32 room = etran_cq_room(&fs->cq), idx;

	while (fs->back.nr && room) {
		idx = fifo_pop(fs, &fs->back);
		if (!etran_frame_move(fs, idx, ETRAN_FRAME_BACK, ETRAN_FRAME_FREE))
			continue;
		etran_cq_write(&fs->cq, etran_frame_addr(fs, idx));
		room--;
	}
}

/**
 * etran_frames_completed - the NIC is done with packets (TX, zero copy)
 * @fs: table
 * @nb: how many, as the driver says; they are the first ones that it was given
 * Return: number of frames that user space was given back.
 */
u32 etran_frames_completed(struct etran_frames *fs, u32 nb)
{
	struct etran_cq *cq = &fs->cq;
	u32 from, idx, room;

	raw_spin_lock(&fs->lock);
	from = cq->prod;
	if (unlikely(fs->back.nr))
		back_flush(fs);
	room = fs->back.nr ? 0 : etran_cq_room(cq);
	for (nb = min(nb, fs->nic.nr); nb; nb--) {
		idx = fifo_pop(fs, &fs->nic);
		if (likely(room)) {
			if (!etran_frame_move(fs, idx, ETRAN_FRAME_NIC, ETRAN_FRAME_FREE))
				continue;
			etran_cq_write(cq, etran_frame_addr(fs, idx));
			room--;
		} else if (etran_frame_move(fs, idx, ETRAN_FRAME_NIC, ETRAN_FRAME_BACK)) {
			fifo_push(fs, &fs->back, idx);
			cq->full++;
		}
	}
	etran_cq_publish(cq, from);
	from = cq->prod - from;
	raw_spin_unlock(&fs->lock);
	return from;
}

/**
 * etran_frames_cancelled - the driver did not take what it got last (TX, zero copy)
 * @fs: table
 * @nb: how many, as the driver says
 *
 * They are given back unsent. Those before them are in the NIC still.
 *
 * Return: number of frames that user space was given back.
 */
u32 etran_frames_cancelled(struct etran_frames *fs, u32 nb)
{
	u32 keep, from, idx, i;

	raw_spin_lock(&fs->lock);
	from = fs->cq.prod;
	keep = fs->nic.nr - min(nb, fs->nic.nr);
	nb = fs->nic.nr - keep;
	for (idx = fs->nic.first, i = 0; i < keep; i++) {
		fs->nic.last = idx;
		idx = fs->chunk[idx].next;
	}
	WRITE_ONCE(fs->nic.nr, keep);
	for (; nb; nb--) {
		u32 next = fs->chunk[idx].next;

		if (etran_frame_move(fs, idx, ETRAN_FRAME_NIC, ETRAN_FRAME_BACK))
			fifo_push(fs, &fs->back, idx);
		idx = next;
	}
	back_flush(fs);
	fs->cq.full += !!fs->back.nr;
	etran_cq_publish(&fs->cq, from);
	from = fs->cq.prod - from;
	raw_spin_unlock(&fs->lock);
	return from;
}

/**
 * etran_frame_give_back - nobody in the kernel wants a frame any more (zero copy)
 * @fs: table
 * @idx: chunk
 * @from: its state: EGRESS, or NIC when it was popped to be dropped
 * Return: number of frames that user space was given back.
 */
u32 etran_frame_give_back(struct etran_frames *fs, u32 idx, u8 from)
{
	u32 prod;

	raw_spin_lock(&fs->lock);
	prod = fs->cq.prod;
	if (etran_frame_move(fs, idx, from, ETRAN_FRAME_BACK))
		fifo_push(fs, &fs->back, idx);
	back_flush(fs);
	fs->cq.full += !!fs->back.nr;
	etran_cq_publish(&fs->cq, prod);
	prod = fs->cq.prod - prod;
	raw_spin_unlock(&fs->lock);
	return prod;
}

/**
 * etran_frames_flush - has the tenant made room for what waits? (zero copy)
 * @fs: table
 * Return: number of frames that user space was given back.
 */
u32 etran_frames_flush(struct etran_frames *fs)
{
	u32 prod;

	raw_spin_lock(&fs->lock);
	prod = fs->cq.prod;
	if (fs->back.nr)
		back_flush(fs);
	etran_cq_publish(&fs->cq, prod);
	prod = fs->cq.prod - prod;
	raw_spin_unlock(&fs->lock);
	return prod;
}

/**
 * etran_frames_echo - tell of a descriptor that has no frame (zero copy)
 * @fs: table
 * @addr: its address
 *
 * Nothing may wait for room without a frame, or what waits had no bound.
 *
 * Return: true when it was told.
 */
bool etran_frames_echo(struct etran_frames *fs, u64 addr)
{
	struct etran_cq *cq = &fs->cq;
	bool room;
	u32 prod;

	raw_spin_lock(&fs->lock);
	room = !fs->back.nr && etran_cq_room(cq);
	if (room) {
		prod = cq->prod;
		etran_cq_write(cq, addr);
		etran_cq_publish(cq, prod);
	}
	raw_spin_unlock(&fs->lock);
	return room;
}
