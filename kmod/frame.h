/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who owns a frame, and how it comes back. docs/engine.md has the whole table.
 *
 *   FREE -> EGRESS -> NIC -> FREE                  sent at once
 *             |  \--> READY -> NIC -> FREE         sent behind what waits
 *             v                 ^
 *          PENDING -> HELD -> TAKEN                held, then sent or dropped
 *                      ^--------/                  put back
 *
 * FREE: user space has it. EGRESS: the egress program decides. PENDING: in a
 * bucket, but egress has not returned. HELD: in a bucket. TAKEN: a timer
 * program has a reference. READY: in the release FIFO of its pool, to be sent
 * or (chunk->drop) to be given back. NIC: the driver has it. BACK: it is given
 * back, and waits for room in the completion ring.
 *
 * frame.c, bucket.c and cq.h know neither sockets nor BPF and compile natively
 * for tests (frame-shim.h stands in for the kernel).
 *
 * Locks: bucket->lock, frames->lock. Both are raw leaf locks: taken with BH
 * disabled, never one inside the other, never held while anything is called.
 * Functions marked "TX" run where the driver serialises its own transmit and
 * completion path, or under the pool's tx_lock in copy mode.
 */
#ifndef _ETRAN_FRAME_H
#define _ETRAN_FRAME_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include "ops.h"
#else
#include "frame-shim.h"
#endif
#include "cq.h"

struct sk_buff;
struct etran_bucket;
struct etran_frames;

enum etran_frame_state {
	ETRAN_FRAME_FREE,
	ETRAN_FRAME_EGRESS,
	ETRAN_FRAME_PENDING,
	ETRAN_FRAME_HELD,
	ETRAN_FRAME_TAKEN,
	ETRAN_FRAME_READY,
	ETRAN_FRAME_NIC,
	ETRAN_FRAME_BACK,
	ETRAN_FRAME_STATES,
};

/* Two transmit paths may have descriptors of one chunk: queues that share a UMEM. */
#define ETRAN_FRAME_SHARED	BIT(ETRAN_FRAME_FREE)

/**
 * struct etran_chunk - what the fast path needs to know of a frame
 * @next: chunk behind it in the FIFO that it is in; @state says in which
 * @offset: where the packet begins in the chunk
 * @state: enum etran_frame_state; only etran_frame_move() writes it
 * @drop: READY to be given back, not to be sent
 */
struct etran_chunk {
	u32 next;
	u16 offset;
	u8 state;
	u8 drop;
};

/**
 * struct etran_frame - and what is needed of one that is held
 * @held: what BPF sees; must be first
 * @node: in bucket->list or a slot of bucket->wheel
 * @bucket: where it is PENDING or HELD
 * @frames: table it is in
 * @skb: the packet, in copy mode
 * @held_at: jiffies when it was put into a bucket, for the watchdog
 * @slot: which slot of bucket->wheel
 */
struct etran_frame {
	struct etran_held held;
	struct list_head node;
	struct etran_bucket *bucket;
	struct etran_frames *frames;
	struct sk_buff *skb;
	u32 held_at;
	u32 slot;
};

/**
 * struct etran_fifo - chunks in order, linked by etran_chunk::next
 * @first: undefined when @nr is 0
 * @last: undefined when @nr is 0
 * @nr: their number
 *
 * A chunk is in one at most, so it needs no memory and cannot overflow.
 */
struct etran_fifo {
	u32 first;
	u32 last;
	u32 nr;
};

/**
 * struct etran_frames - all chunks of one pool
 * @lock: protects @ready, @back, @cq, @timer_drops
 * @chunk: the chunks
 * @frame: the same
 * @nr: number of chunks
 * @shift: from address to chunk
 * @stopping: a socket of the pool is gone; whatever would wait is given back
 * @nic: what the driver has, in the order in which it got it (TX)
 * @ready: release FIFO
 * @back: what is given back but found no room in the completion ring
 * @cq: the completion ring, in zero copy; in copy mode it is the core's
 * @timer_drops: packets dropped after a hold
 */
struct etran_frames {
	raw_spinlock_t lock;
	struct etran_chunk *chunk;
	struct etran_frame *frame;
	u32 nr;
	u32 shift;
	bool stopping;
	struct etran_fifo nic;
	struct etran_fifo ready;
	struct etran_fifo back;
	struct etran_cq cq;
	u64 timer_drops;
};

/* Moves that were not in the table; each cost a frame. */
extern atomic64_t etran_frame_refusals;

void etran_frames_init(struct etran_frames *fs, u32 nr, u32 shift);
void etran_frame_refused(struct etran_frames *fs, u32 idx, u8 from, u8 to);

int etran_frame_claim(struct etran_frames *fs, u64 addr);
bool etran_frame_send(struct etran_frames *fs, u32 idx);
void etran_frame_release(struct etran_frame *f, u8 from, bool drop);
struct etran_frame *etran_frame_pop(struct etran_frames *fs, bool *drop);
void etran_frame_unpop(struct etran_frame *f);
u32 etran_frames_completed(struct etran_frames *fs, u32 nb);
u32 etran_frames_cancelled(struct etran_frames *fs, u32 nb);
u32 etran_frame_give_back(struct etran_frames *fs, u32 idx, u8 from);
u32 etran_frames_flush(struct etran_frames *fs);
bool etran_frames_echo(struct etran_frames *fs, u64 addr);

static inline u32 etran_frame_idx(const struct etran_frame *f)
{
	return f - f->frames->frame;
}

static inline u8 etran_frame_get(const struct etran_frames *fs, u32 idx)
{
	return READ_ONCE(fs->chunk[idx].state);
}

/* The address that its descriptor had. */
static inline u64 etran_frame_addr(const struct etran_frames *fs, u32 idx)
{
	return ((u64)idx << fs->shift) + fs->chunk[idx].offset;
}

/* Which states a frame may go to. */
static __always_inline unsigned long etran_frame_table(u8 from)
{
	switch (from) {
	case ETRAN_FRAME_FREE:
		return BIT(ETRAN_FRAME_EGRESS);
	case ETRAN_FRAME_EGRESS:
		return BIT(ETRAN_FRAME_PENDING) | BIT(ETRAN_FRAME_READY) |
		       BIT(ETRAN_FRAME_NIC) | BIT(ETRAN_FRAME_BACK);
	case ETRAN_FRAME_PENDING:
		return BIT(ETRAN_FRAME_HELD) | BIT(ETRAN_FRAME_EGRESS);
	case ETRAN_FRAME_HELD:
		return BIT(ETRAN_FRAME_TAKEN);
	case ETRAN_FRAME_TAKEN:
		return BIT(ETRAN_FRAME_HELD) | BIT(ETRAN_FRAME_READY);
	case ETRAN_FRAME_READY:
		return BIT(ETRAN_FRAME_NIC) | BIT(ETRAN_FRAME_BACK);
	case ETRAN_FRAME_NIC:
		return BIT(ETRAN_FRAME_FREE) | BIT(ETRAN_FRAME_BACK) |
		       BIT(ETRAN_FRAME_READY);
	case ETRAN_FRAME_BACK:
		return BIT(ETRAN_FRAME_FREE);
	}
	return 0;
}

/*
 * Move a frame from one state to another if it is there. A state in ETRAN_FRAME_SHARED
 * may be left by two at the same time; every other has one owner, who need only look.
 */
static __always_inline bool etran_frame_try_move(struct etran_frames *fs, u32 idx,
						 u8 from, u8 to)
{
	u8 *state = &fs->chunk[idx].state;
	u8 was = from;

	if (!(etran_frame_table(from) & BIT(to)))
		return false;
	if (ETRAN_FRAME_SHARED & BIT(from))
		return try_cmpxchg(state, &was, to);		/* F, pairs with E */
	if (READ_ONCE(*state) != from)
		return false;
	smp_store_release(state, to);				/* E, pairs with F */
	return true;
}

/*
 * The same for somebody who knows that it is there. When it is not he was wrong, and
 * must not touch the frame any more: it is lost, and counted.
 */
static __always_inline bool etran_frame_move(struct etran_frames *fs, u32 idx, u8 from,
					     u8 to)
{
	if (likely(etran_frame_try_move(fs, idx, from, to)))
		return true;
	etran_frame_refused(fs, idx, from, to);
	return false;
}

#endif /* _ETRAN_FRAME_H */
