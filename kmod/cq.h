/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The completion ring of a pool, of which the tenant can write every byte.
 *
 *    producer (here, pool's lock)           tenant
 *
 *    LOAD ->consumer            (A)         LOAD.acq ->producer    (C)
 *      control dependency                   LOAD desc
 *    STORE desc                             STORE.rel ->consumer   (D)
 *    STORE.rel ->producer       (B)
 *
 * (A) pairs with (D), (B) with (C), as in net/xdp/xsk_queue.h. Only the consumer index
 * is ever read, and only to learn how much room there is: one that lies has no room,
 * or loses entries of its own. Where the next entry goes is @prod, kernel memory.
 */
#ifndef _ETRAN_CQ_H
#define _ETRAN_CQ_H

#ifdef __KERNEL__
#include <asm/barrier.h>
#include <linux/types.h>
/* Memory that user space may be writing. */
#define etran_user_load(p)	READ_ONCE(*(p))
#else
#include "frame-shim.h"
#endif

/**
 * struct etran_cq - a completion ring; the pool's lock protects it
 * @desc: entries
 * @producer: what the tenant sees of @prod; never read
 * @consumer: the tenant's
 * @size: number of entries, a power of two
 * @prod: entries written so far
 * @published: the same, as a counter
 * @full: frames that had to wait for room
 */
struct etran_cq {
	u64 *desc;
	u32 *producer;
	u32 *consumer;
	u32 size;
	u32 prod;
	u64 published;
	u64 full;
};

/* How many entries can be written. */
static inline u32 etran_cq_room(const struct etran_cq *cq)
{
	u32 used = cq->prod - etran_user_load(cq->consumer);	/* A, pairs with D */

	return used <= cq->size ? cq->size - used : 0;
}

/* Write an entry for which there is room; not visible yet. */
static inline void etran_cq_write(struct etran_cq *cq, u64 addr)
{
	cq->desc[cq->prod++ & (cq->size - 1)] = addr;
}

/* Show all that was written since @prod was @from. */
static inline void etran_cq_publish(struct etran_cq *cq, u32 from)
{
	if (cq->prod == from)
		return;
	cq->published += cq->prod - from;
	smp_store_release(cq->producer, cq->prod);		/* B, pairs with C */
}

#endif /* _ETRAN_CQ_H */
