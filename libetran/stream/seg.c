// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * What has been received: from its arrival to the application's buffer.
 *
 * Segments wait in the connection's list, ordered by offset; they may overlap
 * and leave gaps. Normally payload stays in its frame until it is read, one
 * copy in all. When a quarter of the receive frames is held that way, what arrives
 * is copied to ordinary memory and its frame goes back at once, so that an
 * application that does not read can never starve the queue, and thereby its
 * own acknowledgements. How much can pile up is bounded by the windows that
 * the kernel grants.
 */
#include <stdlib.h>
#include <string.h>

#include "seg.h"
#include "tx.h"

#define HELD_MAX	(et_tn.rx_frames / 4)	/* etrand/xsk.h has the reason */
#define COPY_MIN	4096	/* capacity of a copy: following segments join it */

static void seg_free(struct et_seg *seg)
{
	if (seg->frame == ET_NONE)
		free(seg);
	else
		et_frame_refill(seg->frame);
}

void et_seg_drop(struct et_seg **head)
{
	struct et_seg *seg;

	while ((seg = *head)) {
		*head = seg->next;
		seg_free(seg);
	}
}

static void link_seg(struct etran_sock *s, struct et_seg *seg)
{
	struct et_seg **at = &s->rx_head;

	if (s->rx_tail && s->rx_tail->off <= seg->off)
		at = &s->rx_tail->next;
	while (*at && (*at)->off <= seg->off)
		at = &(*at)->next;
	seg->next = *at;
	*at = seg;
	if (!seg->next)
		s->rx_tail = seg;
	/* Everything before @seg that touches rcv_end is counted already. */
	for (; seg && seg->off <= s->rcv_end; seg = seg->next)
		if (seg->off + seg->len > s->rcv_end)
			s->rcv_end = seg->off + seg->len;
}

static struct et_seg *seg_copy(uint64_t off, const uint8_t *data, uint32_t len)
{
	uint32_t cap = len > COPY_MIN ? len : COPY_MIN;
	struct et_seg *seg = malloc(sizeof(*seg) + cap);

	if (!seg)
		return NULL;
	seg->off = off;
	seg->len = len;
	seg->cap = cap;
	seg->frame = ET_NONE;
	seg->data = (uint8_t *)(seg + 1);
	memcpy(seg->data, data, len);
	return seg;
}

/* Takes the frame (and then it is HELD) or a copy of what is in it. */
struct et_seg *et_seg_new(uint32_t f, uint64_t off, uint8_t *data, uint32_t len)
{
	struct et_frame *fr = &et_tn.frames[f];

	if (et_tn.rx_held >= HELD_MAX)
		return seg_copy(off, data, len);
	fr->state = ET_F_HELD;
	et_tn.rx_held++;
	fr->seg.off = off;
	fr->seg.len = len;
	fr->seg.frame = f;
	fr->seg.data = data;
	return &fr->seg;
}

/**
 * et_seg_add - put payload in its place; takes the frame or leaves it to the caller
 * Return: false without memory.
 */
bool et_seg_add(struct etran_sock *s, uint32_t f, uint64_t off, uint8_t *data, uint32_t len)
{
	struct et_seg *tail = s->rx_tail, *seg;

	if (tail && tail->frame == ET_NONE && tail->off + tail->len == off &&
	    tail->cap - tail->len >= len && et_tn.rx_held >= HELD_MAX) {
		memcpy(tail->data + tail->len, data, len);
		tail->len += len;
		if (s->rcv_end >= off)
			s->rcv_end = off + len;
		return true;
	}
	seg = et_seg_new(f, off, data, len);
	if (!seg)
		return false;
	link_seg(s, seg);
	return true;
}

/* A connection has got its slot: what came early is its own. */
void et_seg_adopt(struct etran_sock *s, struct et_slot *slot)
{
	struct et_seg *seg, *next;

	if (slot->early && slot->gen != s->gen)
		et_seg_drop(&slot->early);
	for (seg = slot->early; seg; seg = next) {
		next = seg->next;
		link_seg(s, seg);
	}
	slot->early = NULL;
}

static size_t scatter(const struct iovec **iov, int *iovcnt, size_t *skip,
		      const uint8_t *from, size_t len)
{
	size_t done = 0, n;

	while (*iovcnt && done < len) {
		n = (*iov)->iov_len - *skip;
		if (n > len - done)
			n = len - done;
		memcpy((uint8_t *)(*iov)->iov_base + *skip, from + done, n);
		done += n;
		*skip += n;
		if (*skip == (*iov)->iov_len) {
			(*iov)++;
			(*iovcnt)--;
			*skip = 0;
		}
	}
	return done;
}

/**
 * et_seg_read - copy contiguous bytes to the application
 * @peek: leave them there
 * Return: bytes copied.
 */
size_t et_seg_read(struct etran_sock *s, const struct iovec *iov, int iovcnt, bool peek)
{
	struct et_seg *seg = s->rx_head;
	uint64_t at = s->rcv_read, from;
	size_t skip = 0, n;

	while (seg && seg->off <= at) {
		if (seg->off + seg->len > at) {
			from = at - seg->off;
			n = scatter(&iov, &iovcnt, &skip, seg->data + from,
				    seg->len - from);
			at += n;
			if (n < seg->len - from)
				break;
		}
		if (peek) {
			seg = seg->next;
			continue;
		}
		s->rx_head = seg->next;
		if (!s->rx_head)
			s->rx_tail = NULL;
		seg_free(seg);
		seg = s->rx_head;
	}
	if (peek)
		return at - s->rcv_read;
	n = at - s->rcv_read;
	s->rcv_read = at;
	if (n) {
		et_refill();
		et_tx_window(s);
	}
	return n;
}
