/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who owns a frame, and how it comes back.
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
 * or (frame->drop) to be given back. NIC: the driver has it, or a completion
 * ring entry is reserved to give it back.
 *
 * This file and frame.c know neither sockets nor BPF and compile natively
 * for tests (frame-shim.h stands in for the kernel).
 *
 * Locks: bucket->lock, frames->lock. Both are raw leaf locks: taken with BH
 * disabled, never one inside the other, never held while anything is called.
 * Functions marked "TX" run where the driver serialises its own transmit and
 * completion path, or under the socket's mutex in copy mode.
 */
#ifndef _ETRAN_FRAME_H
#define _ETRAN_FRAME_H

#ifdef __KERNEL__
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "ops.h"
#else
#include "frame-shim.h"
#endif
#include "wheel.h"

struct sk_buff;
struct etran_frames;

enum etran_frame_state {
	ETRAN_FRAME_FREE,
	ETRAN_FRAME_EGRESS,
	ETRAN_FRAME_PENDING,
	ETRAN_FRAME_HELD,
	ETRAN_FRAME_TAKEN,
	ETRAN_FRAME_READY,
	ETRAN_FRAME_NIC,
	ETRAN_FRAME_STATES,
};

/**
 * struct etran_bucket - held packets, of any pools: a FIFO or a wheel
 * @lock: protects all of it, @wheel too
 * @list: frames, PENDING or HELD, when there is no @wheel
 * @wheel: where they are instead; NULL for a FIFO
 * @room: how many the map still takes; NULL: only buckets have a limit
 * @depth: number of frames
 * @limit: refuse new ones from here on
 * @id: number of its timer; of a FIFO also its index in the map
 * @missed: a dequeue found the first frame PENDING
 * @moved: jiffies of the last dequeue, for the watchdog
 */
struct etran_bucket {
	raw_spinlock_t lock;
	struct list_head list;
	struct etran_wheel *wheel;
	atomic_t *room;
	u32 depth;
	u32 limit;
	u32 id;
	bool missed;
	u32 moved;
};

/**
 * struct etran_frame - one chunk of a UMEM
 * @held: what BPF sees; must be first
 * @node: in bucket->list, a slot of bucket->wheel, or frames->ready
 * @bucket: where it is PENDING or HELD
 * @frames: table it is in
 * @skb: the packet, in copy mode
 * @addr: descriptor's address
 * @drop: READY to be given back, not to be sent
 * @held_at: jiffies when it was put into a bucket, for the watchdog
 * @slot: which slot of bucket->wheel
 */
struct etran_frame {
	struct etran_held held;
	struct list_head node;
	struct etran_bucket *bucket;
	struct etran_frames *frames;
	struct sk_buff *skb;
	u64 addr;
	bool drop;
	u32 held_at;
	u32 slot;
};

/* A completion ring entry without a frame of the table. */
#define ETRAN_CQ_NO_FRAME	(~0U >> 1)
/* The entry needs no completion by the NIC. */
#define ETRAN_CQ_RETURN		(1U << 31)

/**
 * struct etran_frames - all chunks of one pool
 * @lock: protects @ready, @nr_ready, @timer_drops
 * @frame: the chunks
 * @state: enum etran_frame_state of each
 * @nr: number of chunks
 * @stopping: a socket of the pool is gone; whatever would wait is given back
 * @ready: release FIFO
 * @nr_ready: its length
 * @timer_drops: packets dropped after a hold
 * @cq: for each reserved completion ring entry its chunk, ETRAN_CQ_*; TX.
 *	What the ring itself says can be overwritten by user space.
 * @cq_mask: number of entries of @cq - 1
 * @cq_reserved: entries reserved so far (TX)
 * @cq_published: entries given back so far (TX)
 */
struct etran_frames {
	raw_spinlock_t lock;
	struct etran_frame *frame;
	u8 *state;
	u32 nr;
	bool stopping;
	struct list_head ready;
	u32 nr_ready;
	u64 timer_drops;
	u32 *cq;
	u32 cq_mask;
	u32 cq_reserved;
	u32 cq_published;
};

void etran_bucket_init(struct etran_bucket *b, u32 id, u32 limit);
void etran_frames_init(struct etran_frames *fs, u32 nr, u32 cq_size);

int etran_frame_claim(struct etran_frames *fs, u32 idx);
int etran_frame_hold(struct etran_frame *f, struct etran_bucket *b,
		     const struct etran_priv *priv, struct etran_place *p);
bool etran_frame_publish(struct etran_frame *f);
bool etran_frame_unhold(struct etran_frame *f);
struct etran_frame *etran_frame_dequeue(struct etran_bucket *b, u64 now, u64 *next);
int etran_frame_peek(struct etran_bucket *b, struct etran_held *held);
u64 etran_frame_next(struct etran_bucket *b);
struct etran_frame *etran_frame_any(struct etran_bucket *b);
bool etran_frame_requeue(struct etran_frame *f, struct etran_bucket *b,
			 struct etran_place *p);
void etran_frame_release(struct etran_frame *f, bool drop);
struct etran_frame *etran_frame_pop(struct etran_frames *fs, bool *drop);
void etran_frame_unpop(struct etran_frame *f);
struct etran_bucket *etran_frame_purge(struct etran_frame *f);
void etran_frame_done(struct etran_frames *fs, u32 idx);

void etran_cq_reserve(struct etran_frames *fs, u32 ent);
u32 etran_cq_settle(struct etran_frames *fs, u32 nb);

static inline u32 etran_frame_idx(const struct etran_frame *f)
{
	return f - f->frames->frame;
}

static inline void etran_frame_set(struct etran_frames *fs, u32 idx, u8 state)
{
	WRITE_ONCE(fs->state[idx], state);
}

static inline u8 etran_frame_get(const struct etran_frames *fs, u32 idx)
{
	return READ_ONCE(fs->state[idx]);
}

#endif /* _ETRAN_FRAME_H */
