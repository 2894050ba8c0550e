/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The four AF_XDP rings of a queue.
 *
 * One side of a ring only moves @producer, the other only @consumer; entries
 * are written before the producer is released and read before the consumer is.
 * All cached indices are private to the library, so what other processes or
 * the kernel write in the shared words can never lead outside of a ring: an
 * impossible distance counts as "empty" or "full".
 */
#ifndef LIBETRAN_RING_H
#define LIBETRAN_RING_H

#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct etran_ctl_welcome;

/* Compiler barrier for words that the kernel writes. */
#define ET_READ(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)

struct et_ring {
	uint32_t *producer;
	uint32_t *consumer;
	uint32_t *flags;
	void *ring;
	uint32_t mask;
	uint32_t size;
	uint32_t own;		/* our index, not published yet */
	void *map;
	size_t map_len;
};

struct et_queue {
	int fd;
	bool dirty;		/* produced, but the kernel was not told */
	bool stuck;		/* the kernel did not take all of the TX ring */
	bool refilled;
	struct et_ring rx, tx, fill, comp;
};

int et_queue_map(struct et_queue *q, int fd, const struct etran_ctl_welcome *w);
void et_queue_unmap(struct et_queue *q);
void et_queue_kick(struct et_queue *q);
void et_kick_all(void);
void et_refill(void);

/* Entries that can be produced now. */
static inline uint32_t et_ring_room(const struct et_ring *r)
{
	uint32_t used = r->own - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);

	return used <= r->size ? r->size - used : 0;
}

/* Entries that can be consumed now. */
static inline uint32_t et_ring_avail(const struct et_ring *r)
{
	uint32_t n = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - r->own;

	return n <= r->size ? n : 0;
}

/* Publish what was produced; consuming rings use et_ring_release(). */
static inline void et_ring_publish(struct et_ring *r)
{
	__atomic_store_n(r->producer, r->own, __ATOMIC_RELEASE);
}

static inline void et_ring_release(struct et_ring *r)
{
	__atomic_store_n(r->consumer, r->own, __ATOMIC_RELEASE);
}

static inline bool et_ring_need_wakeup(const struct et_ring *r)
{
	return __atomic_load_n(r->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP;
}

static inline uint64_t *et_ring_addr(const struct et_ring *r, uint32_t i)
{
	return (uint64_t *)r->ring + (i & r->mask);
}

static inline struct xdp_desc *et_ring_desc(const struct et_ring *r, uint32_t i)
{
	return (struct xdp_desc *)r->ring + (i & r->mask);
}

#endif /* LIBETRAN_RING_H */
