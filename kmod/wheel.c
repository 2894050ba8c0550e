// SPDX-License-Identifier: GPL-2.0-only
/* The timing wheel, see wheel.h. */
#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#endif

#include "wheel.h"

#define WHEEL_NONE	(~0U)

/**
 * etran_wheel_words - how much memory the bitmaps take
 * @slots: number of slots
 * Return: number of u64.
 */
u32 etran_wheel_words(u32 slots)
{
	u32 words = 0;

	do {
		slots = (slots + 63) / 64;
		words += slots;
	} while (slots > 1);
	return words;
}

/**
 * etran_wheel_init - make an empty wheel
 * @w: wheel
 * @slots: number of slots, a power of two, at most ETRAN_WHEEL_MAX
 * @width: of a slot, not 0
 * @limit: entries that a slot takes, 0: any number
 * @slot: room for the slots
 * @bits: etran_wheel_words() of them, zeroed
 */
void etran_wheel_init(struct etran_wheel *w, u32 slots, u32 width, u32 limit,
		      struct etran_slot *slot, u64 *bits)
{
	u32 i, n = slots;

	w->width = width;
	w->mask = slots - 1;
	w->limit = limit;
	w->cur = 0;
	w->slot = slot;
	for (i = 0; i < slots; i++) {
		INIT_LIST_HEAD(&slot[i].list);
		slot[i].depth = 0;
	}
	w->levels = 0;
	do {
		n = (n + 63) / 64;
		w->bits[w->levels++] = bits;
		bits += n;
	} while (n > 1);
}

static void wheel_set(struct etran_wheel *w, u32 i)
{
	u64 *word, old;
	u32 l;

	for (l = 0; l < w->levels; l++) {
		word = &w->bits[l][i / 64];
		old = *word;
		*word |= 1ULL << (i % 64);
		if (old)
			break;
		i /= 64;
	}
}

static void wheel_clear(struct etran_wheel *w, u32 i)
{
	u64 *word;
	u32 l;

	for (l = 0; l < w->levels; l++) {
		word = &w->bits[l][i / 64];
		*word &= ~(1ULL << (i % 64));
		if (*word)
			break;
		i /= 64;
	}
}

/* Up until a word has a bit at or behind @i, then down to the slot. */
static u32 wheel_find(const struct etran_wheel *w, u32 i)
{
	u32 l, n = w->mask + 1;
	u64 word;

	for (l = 0; l < w->levels && i < n; l++) {
		word = w->bits[l][i / 64] >> (i % 64);
		if (word) {
			i += __ffs64(word);
			while (l--)
				i = i * 64 + __ffs64(w->bits[l][i]);
			return i;
		}
		i = i / 64 + 1;
		n = (n + 63) / 64;
	}
	return WHEEL_NONE;
}

/* Number of the first slot in use; ETRAN_WHEEL_NEVER when there is none. */
static u64 wheel_first(const struct etran_wheel *w)
{
	u32 at = w->cur & w->mask;
	u32 i = wheel_find(w, at);

	if (i == WHEEL_NONE)
		i = wheel_find(w, 0);
	if (i == WHEEL_NONE)
		return ETRAN_WHEEL_NEVER;
	return w->cur + ((i - at) & w->mask);
}

/**
 * etran_wheel_add - put an entry in
 * @w: wheel
 * @node: entry
 * @p: where to; its results are valid on success
 * @at: set to what etran_wheel_del() wants
 *
 * Never due before its time, and at most one width after it. With @p->front it
 * is due now, before all others.
 *
 * Return: 0, -ENOSPC the slot is full.
 */
int etran_wheel_add(struct etran_wheel *w, struct list_head *node,
		    struct etran_place *p, u32 *at)
{
	u64 first = wheel_first(w), n;
	struct etran_slot *slot;

	/* A clock that was read before another CPU's turns nothing back. */
	w->cur = max(w->cur, min(first, div_u64(p->now, w->width)));
	n = p->when ? div_u64(p->when - 1, w->width) + 1 : 0;
	if (p->front || n < w->cur)
		n = w->cur;
	p->early = n - w->cur > w->mask;
	if (p->early)
		n = w->cur + w->mask;

	*at = n & w->mask;
	slot = &w->slot[*at];
	if (w->limit && slot->depth >= w->limit && !p->force)
		return -ENOSPC;
	if (p->front)
		list_add(node, &slot->list);
	else
		list_add_tail(node, &slot->list);
	WRITE_ONCE(slot->depth, slot->depth + 1);
	if (slot->depth == 1)
		wheel_set(w, *at);
	p->first = n < first;
	p->due = n * w->width;
	return 0;
}

/**
 * etran_wheel_del - take an entry out
 * @w: wheel
 * @node: entry
 * @at: as etran_wheel_add() said
 */
void etran_wheel_del(struct etran_wheel *w, struct list_head *node, u32 at)
{
	struct etran_slot *slot = &w->slot[at];

	list_del_init(node);
	WRITE_ONCE(slot->depth, slot->depth - 1);
	if (!slot->depth)
		wheel_clear(w, at);
}

/**
 * etran_wheel_first - the next entry
 * @w: wheel
 * @now: the clock; ETRAN_WHEEL_NEVER: whether it is due or not
 * Return: entry, NULL when none is due.
 */
struct list_head *etran_wheel_first(const struct etran_wheel *w, u64 now)
{
	u64 first = wheel_first(w);

	if (first == ETRAN_WHEEL_NEVER || first * w->width > now)
		return NULL;
	return w->slot[first & w->mask].list.next;
}

/**
 * etran_wheel_next - when the next entry is due
 * @w: wheel
 * Return: nanoseconds, maybe in the past; ETRAN_WHEEL_NEVER when there is none.
 */
u64 etran_wheel_next(const struct etran_wheel *w)
{
	u64 first = wheel_first(w);

	return first == ETRAN_WHEEL_NEVER ? first : first * w->width;
}
