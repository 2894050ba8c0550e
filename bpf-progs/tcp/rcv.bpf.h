/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A segment arrives (RFC 9293 section 3.10.7), with RFC 5961's rules against
 * blind attacks and RFC 7323's against old duplicates.
 */
#ifndef _ETRAN_TCP_RCV_BPF_H
#define _ETRAN_TCP_RCV_BPF_H

#include "delack.bpf.h"
#include "ooo.bpf.h"
#include "ack.bpf.h"

/* The connection ends by the peer's or our own will. */
TCP_INLINE void tcp_reset(struct tcp_conn *c, struct tcp_rx *rx, __u32 err)
{
	c->state = ETRAN_CS_RESET;
	c->err = err;
	c->rto_at = 0;
	c->probe_at = 0;
	c->orphan_at = 0;
	c->flags &= ~(TCP_F_ACK_REQ | TCP_F_REXMIT_HINT | TCP_F_NOTIFY);
	c->acks_owed = 0;
	tcp_owe(c, rx, TCP_EV_RESET);
}

/* Right edge of what the peer may send. */
TCP_INLINE __u64 tcp_rcv_edge(const struct tcp_conn *c)
{
	return TCP_MAX(c->rcv_adv, c->rcv_nxt);
}

/* Nothing will be sent that could carry an ACK. */
TCP_INLINE bool tcp_rcv_silent(const struct tcp_conn *c, bool fin)
{
	return (c->flags & TCP_F_RELEASED) ||
	       (fin && (c->flags & TCP_F_FIN_QUEUED));
}

/*
 * Payload and FIN of an acceptable segment. Nothing is noted before it is sure
 * (@room) that the tenant gets the packet: what was acknowledged cannot be lost.
 */
TCP_SUB int tcp_rcv_data(struct tcp_conn *c, const struct tcp_seg *seg,
			 struct tcp_rx *rx, __u64 room, __u64 now)
{
	__s64 first = tcp_rcv_off(c, seg->seq);
	__s64 seq = TCP_MAX(first, (__s64)c->rcv_nxt);
	__s64 end = first + seg->len;
	__s64 edge = (__s64)tcp_rcv_edge(c);
	bool fin = seg->flags & TCP_FIN, gap = c->nr_ooo;

	if (end > edge) {
		end = edge;
		fin = false;
	}
	if (c->rcv_fin != ETRAN_NO_OFF) {
		/* The stream's end is known: nothing lies behind it. */
		end = TCP_MIN(end, (__s64)c->rcv_fin);
		fin = fin && end == (__s64)c->rcv_fin &&
		      !(c->flags & TCP_F_PEER_FIN);
	}
	if (end < seq || (end == seq && !fin)) {
		rx->stat |= TCP_S_DUP;
		tcp_want_ack(c, rx);
		return 0;
	}
	if ((c->flags & TCP_F_RELEASED) && end > seq) {
		/* Nobody will ever read this: the peer has to know. */
		tcp_reset(c, rx, ECONNRESET);
		rx->event |= TCP_EV(TCP_EV_SEND_RST);
		return 0;
	}
	if (!room && !(c->flags & TCP_F_RELEASED)) {
		rx->stat |= TCP_S_NO_ROOM;
		return 0;
	}

	if (seq > (__s64)c->rcv_nxt) {
		int what = TCP_OOO_NEW;

		if (end > seq)
			what = tcp_ooo_insert(c, (__u64)seq, (__u64)end);
		rx->stat |= TCP_S_OOO;
		tcp_want_dupack(c, rx);
		if (what == TCP_OOO_FULL || (what == TCP_OOO_OLD && !fin))
			return 0;
	} else {
		c->rcv_nxt = (__u64)end;
		if (c->nr_ooo)
			tcp_ooo_advance(c);
		/* Duplicates of the ACK that goes now would mislead the peer. */
		c->acks_owed = 0;
		tcp_delack_rcvd(c, rx, gap || tcp_rcv_silent(c, fin), now);
	}
	if (fin) {
		c->rcv_fin = (__u64)end;
		rx->flags |= ETRAN_RX_FIN;
	}
	/* More than rcv_fin: a peer that sends data behind its own FIN. */
	if (c->rcv_nxt >= c->rcv_fin && !(c->flags & TCP_F_PEER_FIN)) {
		c->rcv_nxt = c->rcv_fin + 1;
		c->flags |= TCP_F_PEER_FIN;
	}
	rx->off = (__u64)seq;
	rx->len = (__u16)(end - seq);
	rx->data = (__u16)(seg->data + (seq - first));
	if (!(c->flags & TCP_F_RELEASED))
		rx->act |= TCP_A_DELIVER;
	return 0;
}

/* Reports that wait for a packet to travel with. */
TCP_INLINE void tcp_rcv_report(struct tcp_conn *c, struct tcp_rx *rx,
			       __u64 room)
{
	if (!room || (c->flags & TCP_F_RELEASED))
		return;
	if ((c->flags & TCP_F_NOTIFY) && c->snd_una >= c->notify_off) {
		rx->flags |= ETRAN_RX_NOTIFY;
		c->notify_off = c->notify_max;
		if (c->snd_una >= c->notify_max)
			c->flags &= ~TCP_F_NOTIFY;
	}
	if (c->flags & TCP_F_REXMIT_HINT) {
		c->flags &= ~TCP_F_REXMIT_HINT;
		rx->rexmit = TCP_MAX(c->rexmit_off, c->snd_una);
		if (rx->rexmit < c->snd_nxt) {
			rx->flags |= ETRAN_RX_REXMIT;
			rx->rexmit_nr = (__u16)c->rexmit_nr;
		}
	}
	if (!rx->flags || (rx->act & TCP_A_DELIVER))
		return;
	rx->act |= TCP_A_DELIVER;
	rx->off = TCP_MIN(c->rcv_nxt, c->rcv_fin);
	rx->data = ETRAN_TCP_ROOM;
	rx->len = 0;
}

/*
 * RFC 7323 section 5: false when the segment is an old duplicate. An old pure
 * ACK needs no answer: what it says was said again by a later one.
 */
TCP_INLINE bool tcp_rcv_paws(struct tcp_conn *c, const struct tcp_seg *seg,
			     struct tcp_rx *rx, __u64 now)
{
	if (!(c->flags & TCP_F_TS) || (seg->flags & TCP_RST))
		return true;
	if (!seg->has_ts) {
		rx->stat |= TCP_S_PAWS;
		return false;
	}
	if (!tcp_before(seg->tsval, c->ts_recent) ||
	    tcp_now_ms(now) - c->ts_recent_age > TCP_PAWS_IDLE_MS)
		return true;
	rx->stat |= TCP_S_PAWS;
	if (seg->len || (seg->flags & (TCP_SYN | TCP_FIN)))
		tcp_want_challenge(c, rx, now);
	return false;
}

/* A connection that has ended, until etrand frees it. */
TCP_INLINE void tcp_rcv_ended(struct tcp_conn *c, const struct tcp_seg *seg,
			      struct tcp_rx *rx, __u64 now)
{
	__s64 seq = tcp_rcv_off(c, seg->seq);

	/* RFC 1337: no RST ends TIME_WAIT. */
	if (c->state == ETRAN_CS_RESET || (seg->flags & TCP_RST))
		return;
	if ((seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		/* RFC 9293 3.6.1, RFC 6191: a new connection of the same ports */
		if (seq > (__s64)c->rcv_nxt ||
		    (seg->has_ts && (c->flags & TCP_F_TS) &&
		     tcp_before(c->ts_recent, seg->tsval))) {
			c->state = ETRAN_CS_CLOSED;
			c->orphan_at = 0;
			rx->act |= TCP_A_SYN;
			return;
		}
		tcp_want_challenge(c, rx, now);
		return;
	}
	if (!seg->len && !(seg->flags & TCP_FIN))
		return;
	/* Our last ACK got lost. */
	tcp_want_ack(c, rx);
	if (c->state == ETRAN_CS_TIME_WAIT && (seg->flags & TCP_FIN))
		c->orphan_at = now + TCP_TIME_WAIT_MS * TCP_NS_PER_MS;
}

/* RFC 9293 3.10.7.3. The SYN-ACK's options are etrand's to read. */
TCP_INLINE void tcp_rcv_syn_sent(struct tcp_conn *c, const struct tcp_seg *seg,
				 struct tcp_rx *rx)
{
	if ((seg->flags & TCP_ACK) && seg->ack != c->iss + 1) {
		if (!(seg->flags & TCP_RST))
			rx->event |= TCP_EV(TCP_EV_SEND_RST);
		return;
	}
	if (seg->flags & TCP_RST) {
		if (seg->flags & TCP_ACK)
			tcp_reset(c, rx, ECONNREFUSED);
		return;
	}
	if ((seg->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		rx->event |= TCP_EV(TCP_EV_SYNACK);
}

/* SYN_RCVD: true when the segment completes the handshake. */
TCP_INLINE bool tcp_rcv_syn_rcvd(struct tcp_conn *c, const struct tcp_seg *seg,
				 struct tcp_rx *rx)
{
	if (seg->flags & TCP_SYN) {
		/* Our SYN-ACK got lost: etrand sends it again. */
		if (!(seg->flags & TCP_ACK) && seg->seq == c->irs)
			rx->event |= TCP_EV(TCP_EV_SYN);
		return false;
	}
	if (seg->flags & TCP_RST) {
		if (seg->seq == c->irs + 1)
			tcp_reset(c, rx, ECONNREFUSED);
		return false;
	}
	if (!(seg->flags & TCP_ACK))
		return false;
	if (seg->ack != c->iss + 1) {
		rx->event |= TCP_EV(TCP_EV_SEND_RST);
		return false;
	}
	return true;
}

/* The checks of RFC 9293 3.10.7.4, first to fourth; false: go no further. */
TCP_INLINE bool tcp_rcv_accept(struct tcp_conn *c, const struct tcp_seg *seg,
			       struct tcp_rx *rx, __u64 now)
{
	__s64 seq = tcp_rcv_off(c, seg->seq);
	__s64 end = seq + seg->len + !!(seg->flags & TCP_FIN);

	if (!tcp_rcv_paws(c, seg, rx, now))
		return false;
	if (end < (__s64)c->last_ack || seq > (__s64)tcp_rcv_edge(c)) {
		rx->stat |= TCP_S_BAD_SEQ;
		if (seg->flags & TCP_RST)
			return false;
		/* Data cannot be part of a loop of ACKs. */
		if (seg->len && !(seg->flags & TCP_SYN))
			tcp_want_ack(c, rx);
		else
			tcp_want_challenge(c, rx, now);
		return false;
	}
	if (seg->flags & TCP_RST) {
		if (seq == (__s64)c->rcv_nxt) {
			tcp_reset(c, rx, ECONNRESET);
			return false;
		}
		rx->stat |= TCP_S_CHALLENGE;
		tcp_want_challenge(c, rx, now);
		return false;
	}
	if (seg->flags & TCP_SYN) {
		rx->stat |= TCP_S_CHALLENGE;
		tcp_want_challenge(c, rx, now);
		return false;
	}
	if (!(seg->flags & TCP_ACK))
		return false;
	if (seg->has_ts && (c->flags & TCP_F_TS) &&
	    seq <= (__s64)c->last_ack) {
		c->ts_recent = seg->tsval;
		c->ts_recent_age = tcp_now_ms(now);
	}
	return true;
}

/**
 * tcp_rcv - process a segment with good checksums
 * @c: its connection, locked, not FREE
 * @seg: the segment
 * @rx: zeroed; says what has to be done
 * @room: the tenant's ring will take the packet if TCP_A_DELIVER comes out
 * @now: bpf_ktime_get_ns()
 */
TCP_SUB int tcp_rcv(struct tcp_conn *c, const struct tcp_seg *seg,
		    struct tcp_rx *rx, __u64 room, __u64 now)
{
	__s64 seq;

	c->last_rx = now;
	switch (c->state) {
	case ETRAN_CS_SYN_SENT:
		tcp_rcv_syn_sent(c, seg, rx);
		return 0;
	case ETRAN_CS_SYN_RCVD:
		if (!tcp_rcv_syn_rcvd(c, seg, rx))
			return 0;
		if (!tcp_rcv_accept(c, seg, rx, now))
			return 0;
		c->state = ETRAN_CS_ESTABLISHED;
		tcp_owe(c, rx, TCP_EV_ESTABLISHED);
		break;
	case ETRAN_CS_ESTABLISHED:
		if (!tcp_rcv_accept(c, seg, rx, now))
			return 0;
		break;
	default:
		tcp_rcv_ended(c, seg, rx, now);
		return 0;
	}

	seq = tcp_rcv_off(c, seg->seq);
	if (!tcp_rcv_ack(c, seg, rx, (__u64)TCP_MAX(seq, 0LL), now))
		return 0;
	if (seg->len || (seg->flags & TCP_FIN))
		tcp_rcv_data(c, seg, rx, room, now);
	else
		rx->stat |= TCP_S_PURE_ACK;
	if (c->state != ETRAN_CS_ESTABLISHED)
		return 0;
	tcp_rcv_report(c, rx, room);
	tcp_check_closed(c, rx, now);
	return 0;
}

#endif /* _ETRAN_TCP_RCV_BPF_H */
