// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * From the RX rings to the connections: whom a packet is for, and what it says.
 */
#include <errno.h>
#include <string.h>

#include "conn.h"
#include "libetran/service.h"
#include "rx.h"
#include "seg.h"
#include "tx.h"

#define OFF_MAX		(1ull << 62)

/*
 * Payload for a connection; the frame is taken or left to the caller.
 * Return: false when the connection is over.
 */
static bool rx_payload(struct etran_sock *s, uint32_t f, uint64_t off,
		       uint8_t *data, uint32_t len)
{
	if (off + len <= s->rcv_end)
		return true;			/* nothing new */
	if (s->orphan) {
		et_conn_abort(s);		/* nobody will read it: RFC 9293 3.6.1 */
		return false;
	}
	if (!et_seg_add(s, f, off, data, len)) {
		/* It was acknowledged, so there is no way back. */
		et_conn_say(ETRAN_CTL_ABORT, s);
		et_conn_end(s, ENOMEM);
		return false;
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
		et_seg_drop(&slot->early);
	slot->gen = h->gen;
	et_tn.quiet = ET_QUIET_MAX;		/* the message must be waiting */
	if (!h->len)
		return;
	seg = et_seg_new(f, h->off, data, h->len);
	if (!seg)
		return;				/* the stream will stall and be reset */
	seg->next = slot->early;
	slot->early = seg;
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
	    h.slot >= et_st.nr_slots || h.off > OFF_MAX)
		goto bad;
	slot = &et_st.slots[h.slot];
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
