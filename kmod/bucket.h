/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buckets: held packets, of any pools, in a FIFO or in a timing wheel.
 *
 * bucket->lock is a raw leaf lock: taken with BH disabled, nothing is called under it
 * but the wheel's functions.
 */
#ifndef _ETRAN_BUCKET_H
#define _ETRAN_BUCKET_H

#include "frame.h"
#include "wheel.h"

/**
 * struct etran_bucket - held packets
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

void etran_bucket_init(struct etran_bucket *b, u32 id, u32 limit);
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
struct etran_bucket *etran_frame_purge(struct etran_frame *f);

#endif /* _ETRAN_BUCKET_H */
