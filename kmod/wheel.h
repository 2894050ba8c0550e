/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A timing wheel (Carousel): slots of equal width, one list each.
 *
 * Slot n is due from n * width on, by CLOCK_MONOTONIC; n counts from that
 * clock's beginning, and n modulo the number of slots is its place in memory.
 * All entries are in the window [cur, cur + slots). The window moves with the
 * clock, but never past an entry, so one that nobody takes is not lost: it
 * shortens the horizon.
 *
 * Putting in is O(1) and first in, first out within a slot; nothing is sorted.
 * The first slot in use is found through a tree of bitmaps in a few steps.
 *
 * Knows nothing but lists, like frame.h: the caller serialises, and tells the
 * time.
 */
#ifndef _ETRAN_WHEEL_H
#define _ETRAN_WHEEL_H

#ifdef __KERNEL__
#include <linux/list.h>
#include <linux/types.h>
#else
#include "frame-shim.h"
#endif

#define ETRAN_WHEEL_MAX		(1U << 20)
#define ETRAN_WHEEL_LEVELS	4	/* 64^4 > ETRAN_WHEEL_MAX */
/* Of etran_wheel_next(): the wheel is empty. */
#define ETRAN_WHEEL_NEVER	(~0ULL)

/**
 * struct etran_slot - what is due at the same time
 * @list: entries, the first is the next
 * @depth: their number
 */
struct etran_slot {
	struct list_head list;
	u32 depth;
};

/**
 * struct etran_wheel - all slots
 * @width: of a slot, in nanoseconds
 * @mask: number of slots - 1
 * @limit: entries that a slot takes, 0: any number
 * @levels: number of bitmaps in use
 * @cur: first slot of the window
 * @slot: the slots
 * @bits: a bit for each slot in use; above it, one for each word that is not 0
 */
struct etran_wheel {
	u32 width;
	u32 mask;
	u32 limit;
	u32 levels;
	u64 cur;
	struct etran_slot *slot;
	u64 *bits[ETRAN_WHEEL_LEVELS];
};

/**
 * struct etran_place - where an entry goes, and what came of it
 * @front: before the others, not behind them
 * @force: limits do not apply
 * @when: wheel: when it is due; in the past means now
 * @now: wheel: the clock
 * @early: wheel, result: @when is beyond the horizon, it went into the last slot
 * @first: wheel, result: nothing else is due before it
 * @due: wheel, result: when its slot is due
 */
struct etran_place {
	bool front;
	bool force;
	u64 when;
	u64 now;
	bool early;
	bool first;
	u64 due;
};

u32 etran_wheel_words(u32 slots);
void etran_wheel_init(struct etran_wheel *w, u32 slots, u32 width, u32 limit,
		      struct etran_slot *slot, u64 *bits);
int etran_wheel_add(struct etran_wheel *w, struct list_head *node,
		    struct etran_place *p, u32 *at);
void etran_wheel_del(struct etran_wheel *w, struct list_head *node, u32 at);
struct list_head *etran_wheel_first(const struct etran_wheel *w, u64 now);
u64 etran_wheel_next(const struct etran_wheel *w);

#endif /* _ETRAN_WHEEL_H */
