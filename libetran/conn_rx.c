// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The receiving half: from the RX rings to the application's buffer.
 *
 * Segments wait in the connection's list, ordered by offset; they may overlap
 * and leave gaps. Normally payload stays in its frame until it is read, one
 * copy in all. When a quarter of the receive frames is held that way, what arrives
 * is copied to ordinary memory and its frame goes back at once, so that an
 * application that does not read can never starve the queue, and thereby its
 * own acknowledgements. How much can pile up is bounded by the windows that
 * the kernel grants.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tenant.h"

#define HELD_MAX	(et_tn.rx_frames / 4)	/* etrand/xsk.h has the reason */
#define COPY_MIN	4096	/* capacity of a copy: following segments join it */
#define OFF_MAX		(1ull << 62)

static void seg_free(struct et_seg *seg)
{
	if (seg->frame == ET_NONE)
		free(seg);
	else
		et_frame_refill(seg->frame);
}

void et_rx_drop(struct et_seg **head)
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
static struct et_seg *seg_new(uint32_t f, uint64_t off, uint8_t *data, uint32_t len)
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

/*
 * Payload for a connection; the frame is taken or left to the caller.
 * Return: false when the connection is over.
 */
static bool rx_payload(struct etran_sock *s, uint32_t f, uint64_t off,
		       uint8_t *data, uint32_t len)
{
	struct et_seg *tail = s->rx_tail, *seg;

	if (off + len <= s->rcv_end)
		return true;			/* nothing new */
	if (s->orphan) {
		et_conn_abort(s);		/* nobody will read it: RFC 9293 3.6.1 */
		return false;
	}
	if (tail && tail->frame == ET_NONE && tail->off + tail->len == off &&
	    tail->cap - tail->len >= len && et_tn.rx_held >= HELD_MAX) {
		memcpy(tail->data + tail->len, data, len);
		tail->len += len;
		if (s->rcv_end >= off)
			s->rcv_end = off + len;
	} else {
		seg = seg_new(f, off, data, len);
		if (!seg) {
			/* It was acknowledged, so there is no way back. */
			et_ctl_conn(ETRAN_CTL_ABORT, s);
			et_conn_end(s, ENOMEM);
			return false;
		}
		link_seg(s, seg);
	}
	et_touch(s, true);
	return true;
}

/* Segment of a connection that we have not been told of yet. */
static void rx_early(struct et_slot *slot, const struct etran_rx_hdr *h,
		     uint32_t f, uint8_t *data)
{
	struct et_seg *seg;

	if (slot->early && slot->gen != h->gen)
		et_rx_drop(&slot->early);
	slot->gen = h->gen;
	et_tn.quiet = ET_QUIET_MAX;		/* the message must be waiting */
	if (!h->len)
		return;
	seg = seg_new(f, h->off, data, h->len);
	if (!seg)
		return;				/* the stream will stall and be reset */
	seg->next = slot->early;
	slot->early = seg;
}

/* A connection has got its slot: what came early is its own. */
void et_rx_adopt(struct etran_sock *s, struct et_slot *slot)
{
	struct et_seg *seg, *next;

	if (slot->early && slot->gen != s->gen)
		et_rx_drop(&slot->early);
	for (seg = slot->early; seg; seg = next) {
		next = seg->next;
		link_seg(s, seg);
	}
	slot->early = NULL;
}

static void rx_conn(struct etran_sock *s, const struct etran_rx_hdr *h,
		    uint32_t f, uint8_t *data)
{
	bool news = false;

	et_tx_acked(s, h->ack);
	if (h->flags & ETRAN_RX_REXMIT)
		et_tx_rexmit(s, h->rexmit, h->rexmit_nr ?: 1);
	if ((h->flags & ETRAN_RX_FIN) && s->rcv_fin == ETRAN_NO_OFF) {
		s->rcv_fin = h->off + h->len;
		news = true;
	}
	et_touch(s, news);
	if (h->len && !rx_payload(s, f, h->off, data, h->len))
		return;
	if (s->ending && s->rcv_end >= s->end_at)
		et_conn_end(s, s->end_err);
}

static void rx_one(const struct xdp_desc *desc)
{
	struct et_tenant *t = &et_tn;
	uint64_t addr = ET_READ(desc->addr), f = addr >> t->chunk_shift;
	uint32_t len = ET_READ(desc->len);
	struct etran_rx_hdr h;
	struct et_slot *slot;

	if (f >= t->rx_frames || t->frames[f].state != ET_F_FILL) {
		t->bad_rx++;
		return;
	}
	/* Ours from here on; whoever keeps it makes it HELD. */
	t->frames[f].state = ET_F_FREE;
	if (len < sizeof(h) || addr + len > et_frame_addr(f + 1))
		goto bad;
	memcpy(&h, t->umem + addr, sizeof(h));
	if ((h.len && h.data < sizeof(h)) || (uint32_t)h.data + h.len > len ||
	    h.slot >= t->nr_slots || h.off > OFF_MAX)
		goto bad;
	slot = &t->slots[h.slot];
	if (slot->sock && slot->sock->gen == h.gen)
		rx_conn(slot->sock, &h, f, t->umem + addr + h.data);
	else if ((int32_t)(h.gen - slot->dead) > 0)
		rx_early(slot, &h, f, t->umem + addr + h.data);
	goto out;
bad:
	t->bad_rx++;
out:
	if (t->frames[f].state != ET_F_HELD)
		et_frame_refill(f);
}

/**
 * et_rx_drain - sort what has arrived to the connections
 * Return: whether there was anything.
 */
bool et_rx_drain(void)
{
	struct et_queue *q;
	uint32_t i, n;
	bool any = false;

	for (i = 0; i < et_tn.nr_queues; i++) {
		q = &et_tn.queues[i];
		n = et_ring_avail(&q->rx);
		if (!n)
			continue;
		any = true;
		while (n--)
			rx_one(et_ring_desc(&q->rx, q->rx.own++));
		et_ring_release(&q->rx);
	}
	if (any)
		et_refill();
	return any;
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
 * et_rx_read - copy contiguous bytes to the application
 * @peek: leave them there
 * Return: bytes copied.
 */
size_t et_rx_read(struct etran_sock *s, const struct iovec *iov, int iovcnt, bool peek)
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
