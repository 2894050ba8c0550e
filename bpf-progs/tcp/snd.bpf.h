/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What leaves: the tenant's requests, held segments, generated ACKs and window
 * probes. A request is only believed as far as the connection's state allows.
 */
#ifndef _ETRAN_TCP_SND_BPF_H
#define _ETRAN_TCP_SND_BPF_H

#include "cc/cc.bpf.h"
#include "delack.bpf.h"

/* What to do with a request or with a held segment. */
enum tcp_tx_verdict {
	TCP_TX_DROP,
	TCP_TX_SEND,
	TCP_TX_HOLD,	/* of a held segment: keep it */
};

/* tcp_tx.stat */
#define TCP_T_BAD_OWNER	(1 << 0)
#define TCP_T_BAD_REQ	(1 << 1)
#define TCP_T_STALE	(1 << 2)
#define TCP_T_REXMIT	(1 << 3)
#define TCP_T_ACKED	(1 << 4)
#define TCP_T_GAP	(1 << 5)
#define TCP_T_HELD	(1 << 6)
#define TCP_T_NO_HOLD	(1 << 7)

/**
 * struct tcp_tx - what became of a request
 * @tenant: in: who sends, says the kernel
 * @ifindex: in: where it would leave, says the kernel
 * @stat: TCP_T_*
 * @seq: sequence number to send with
 * @flags: wire flags to send with
 */
struct tcp_tx {
	__u32 tenant;
	__u32 ifindex;
	__u32 stat;
	__u32 seq;
	__u32 flags;
};

/**
 * tcp_wnd_take - acknowledge what has arrived, in a segment that leaves now
 * @keep: repeat the old right edge: a duplicate ACK that moves the window is
 *	none to the peer (RFC 5681 section 2)
 * The edge moves only by steps that are worth a segment (RFC 9293 3.8.6.2.2).
 * It does not go back, but for the bytes that scaling cannot express when they
 * would go beyond the buffer (RFC 7323 section 2.4).
 * Return: the window field.
 */
TCP_INLINE __u16 tcp_wnd_take(struct tcp_conn *c, bool keep)
{
	__u64 edge = TCP_MAX(c->rcv_adv, c->rcv_nxt);
	__u64 want = c->rcv_consumed + c->rcvbuf;
	__u32 shift = c->rcv_wscale & 15;
	__u64 wnd;

	if (!keep && want >= edge + TCP_MIN(c->mss, c->rcvbuf / 2))
		edge = want;
	wnd = edge - c->rcv_nxt;
	if (edge < want)
		wnd += (1ULL << shift) - 1;
	wnd = TCP_MIN(wnd >> shift, 65535ULL);
	edge = c->rcv_nxt + (wnd << shift);
	c->rcv_adv = TCP_MAX(c->rcv_adv, edge);
	c->last_ack = c->rcv_nxt;
	c->flags &= ~(TCP_F_ACK_REQ | TCP_F_DELACK);
	return (__u16)wnd;
}

/* The application has read up to here. */
TCP_INLINE bool tcp_consumed(struct tcp_conn *c, __u64 off)
{
	if (off > c->rcv_nxt)
		return false;
	off = TCP_MIN(off, c->rcv_fin);
	c->rcv_consumed = TCP_MAX(c->rcv_consumed, off);
	return true;
}

/* Something new goes out: time it, watch over it. */
TCP_INLINE void tcp_tx_sent(struct tcp_conn *c, __u64 end, __u64 now)
{
	bool idle = c->snd_una == c->snd_nxt;

	c->snd_nxt = end;
	c->flags &= ~TCP_F_OVERRIDE;
	if (idle)
		c->cubic_at = 0;
	if (idle || !c->rto_at)
		tcp_rto_restart(c, now);
	if (!c->rtt_at && !(c->flags & (TCP_F_RECOVERY | TCP_F_RTO))) {
		c->rtt_at = now;
		c->rtt_off = end;
	}
	if ((c->flags & TCP_F_FIN_QUEUED) && end > c->fin_off &&
	    !(c->flags & TCP_F_PEER_FIN))
		c->flags |= TCP_F_ACTIVE;
	tcp_persist(c, now);
}

/*
 * A request got lost on the way: what comes behind it is out of order and
 * dropped too. The tenant is told to send again, as after a time-out.
 */
TCP_INLINE void tcp_tx_again(struct tcp_conn *c, __u64 end, __u64 now)
{
	c->again_to = TCP_MAX(c->again_to, end);
	c->flags |= TCP_F_AGAIN;
	if (!c->rto_at)
		c->rto_at = now + TCP_RTO_MIN_US * TCP_NS_PER_US;
}

TCP_INLINE void tcp_tx_notify(struct tcp_conn *c, __u64 end)
{
	if (!(c->flags & TCP_F_NOTIFY)) {
		c->flags |= TCP_F_NOTIFY;
		c->notify_off = end;
		c->notify_max = end;
	}
	c->notify_max = TCP_MAX(c->notify_max, end);
}

/* What was queued from @off on is not there: hold refused it, or took it away. */
TCP_INLINE void tcp_tx_unqueue(struct tcp_conn *c, __u64 off, __u64 now)
{
	__u64 end = c->snd_queued;

	c->snd_queued = off;
	if ((c->flags & TCP_F_FIN_QUEUED) && c->fin_off >= off)
		c->flags &= ~TCP_F_FIN_QUEUED;
	tcp_tx_again(c, end, now);
}

/* Window updates: only when the peer gains by it. */
TCP_INLINE int tcp_tx_ack(struct tcp_conn *c, const struct etran_tx_req *req,
			  struct tcp_tx *tx)
{
	__u32 step = TCP_MIN(2 * c->mss, c->rcvbuf / 2);

	if (req->len || req->flags != ETRAN_TX_ACK) {
		tx->stat |= TCP_T_BAD_REQ;
		return TCP_TX_DROP;
	}
	if (!(c->flags & TCP_F_ACK_REQ) &&
	    c->rcv_consumed + c->rcvbuf <
	    TCP_MAX(c->rcv_adv, c->rcv_nxt) + step)
		return TCP_TX_DROP;
	tx->seq = tcp_snd_wire(c, c->snd_nxt);
	tx->flags = TCP_ACK;
	return TCP_TX_SEND;
}

/* A request for bytes that were queued before. */
TCP_INLINE int tcp_tx_rexmit(struct tcp_conn *c, __u64 off, __u64 end,
			     struct tcp_tx *tx)
{
	if (end <= c->snd_una) {
		tx->stat |= TCP_T_ACKED;
		return TCP_TX_DROP;
	}
	/* Held segments follow by themselves; do not send them twice. */
	if (off >= c->snd_nxt || end > c->snd_queued ||
	    (end > c->snd_nxt && end > tcp_snd_limit(c))) {
		tx->stat |= TCP_T_BAD_REQ;
		return TCP_TX_DROP;
	}
	if (off <= c->rexmit_nxt && c->rexmit_nxt < end)
		c->rexmit_nxt = end;
	if (c->rtt_at && off < c->rtt_off)
		c->rtt_at = 0;	/* Karn */
	tx->stat |= TCP_T_REXMIT;
	return TCP_TX_SEND;
}

/* Does the request make sense at all? */
TCP_INLINE bool tcp_tx_valid(const struct tcp_conn *c,
			     const struct etran_tx_req *req)
{
	__u64 end = req->off + req->len;
	bool fin = req->flags & ETRAN_TX_FIN;

	if (req->off > ETRAN_NO_OFF / 4 || req->len > c->mss ||
	    (!req->len && !fin))
		return false;
	if (c->flags & TCP_F_FIN_QUEUED)
		return fin ? end == c->fin_off : end <= c->fin_off;
	/* The stream cannot end before what was queued already. */
	return !fin || end >= c->snd_queued;
}

/**
 * tcp_tx - decide on a tenant's request
 * @req: private copy of what the packet says; @req->len is right
 * @tx: zeroed but for the kernel's knowledge; how to send it
 * On TCP_TX_HOLD the segment counts as queued; if it cannot be held the caller
 * takes that back with tcp_tx_unqueue(). The caller updates pub.
 * Return: enum tcp_tx_verdict.
 */
TCP_SUB int tcp_tx(struct tcp_conn *c, const struct etran_tx_req *req,
		   struct tcp_tx *tx, __u64 now)
{
	__u64 off = req->off, end;

	if (!req->gen || c->gen != req->gen || c->state == ETRAN_CS_FREE) {
		tx->stat |= TCP_T_STALE;
		return TCP_TX_DROP;
	}
	if (c->tenant != tx->tenant || c->ifindex != tx->ifindex) {
		tx->stat |= TCP_T_BAD_OWNER;
		return TCP_TX_DROP;
	}
	if (c->state != ETRAN_CS_ESTABLISHED || (c->flags & TCP_F_RELEASED)) {
		tx->stat |= TCP_T_STALE;
		return TCP_TX_DROP;
	}
	if ((req->flags & ~ETRAN_TX_KNOWN) || req->resv ||
	    !tcp_consumed(c, req->rcv_off)) {
		tx->stat |= TCP_T_BAD_REQ;
		return TCP_TX_DROP;
	}
	if (req->flags & ETRAN_TX_ACK)
		return tcp_tx_ack(c, req, tx);
	if (!tcp_tx_valid(c, req)) {
		tx->stat |= TCP_T_BAD_REQ;
		return TCP_TX_DROP;
	}

	end = off + req->len + !!(req->flags & ETRAN_TX_FIN);
	tx->seq = tcp_snd_wire(c, off);
	tx->flags = TCP_ACK;
	if (req->flags & ETRAN_TX_PSH)
		tx->flags |= TCP_PSH;
	if (req->flags & ETRAN_TX_FIN)
		tx->flags |= TCP_FIN;

	if (off > c->snd_queued) {
		tx->stat |= TCP_T_GAP;
		tcp_tx_again(c, end, now);
		return TCP_TX_DROP;
	}
	if (off < c->snd_queued) {
		if (tcp_tx_rexmit(c, off, end, tx) == TCP_TX_DROP)
			return TCP_TX_DROP;
		if (req->flags & ETRAN_TX_NOTIFY)
			tcp_tx_notify(c, end);
		if (end > c->snd_nxt)
			tcp_tx_sent(c, end, now);
		return TCP_TX_SEND;
	}

	if (end >= c->again_to)
		c->flags &= ~TCP_F_AGAIN;
	if (req->flags & ETRAN_TX_FIN) {
		c->flags |= TCP_F_FIN_QUEUED;
		c->fin_off = off + req->len;
	}
	if (req->flags & ETRAN_TX_NOTIFY)
		tcp_tx_notify(c, end);
	if (req->len)
		tcp_delack_sent(c, now);
	c->snd_queued = end;
	if (off == c->snd_nxt && end <= tcp_snd_limit(c)) {
		tcp_tx_sent(c, end, now);
		return TCP_TX_SEND;
	}
	tx->stat |= TCP_T_HELD;
	tcp_persist(c, now);
	return TCP_TX_HOLD;
}

/**
 * tcp_tx_held - may a held segment go?
 * @off: its stream offset
 * @end: behind its payload and FIN
 * @gen: of the connection it was held for
 * On TCP_TX_SEND it counts as sent.
 */
TCP_SUB int tcp_tx_held(struct tcp_conn *c, __u64 off, __u64 end, __u32 gen,
			__u64 now)
{
	if (c->gen != gen || c->state != ETRAN_CS_ESTABLISHED)
		return TCP_TX_DROP;
	if (end <= c->snd_nxt)
		return TCP_TX_DROP;
	if (off > c->snd_nxt) {
		/* One before it was taken away: the tenant sends both again. */
		tcp_tx_unqueue(c, c->snd_nxt, now);
		return TCP_TX_DROP;
	}
	if (end > tcp_snd_limit(c) && !(c->flags & TCP_F_OVERRIDE))
		return TCP_TX_HOLD;
	tcp_tx_sent(c, end, now);
	return TCP_TX_SEND;
}

/**
 * tcp_tx_gen - what gen has to send for a connection
 * @gen: generation in the request's cookie
 * @seq: out: its sequence number
 * @wnd: out: its window field
 * Return: true when there is something.
 */
TCP_SUB int tcp_tx_gen(struct tcp_conn *c, __u32 gen, __u32 *seq, __u32 *wnd)
{
	if (c->gen != gen || (c->state != ETRAN_CS_ESTABLISHED &&
			      c->state != ETRAN_CS_TIME_WAIT &&
			      c->state != ETRAN_CS_CLOSED))
		return false;
	*seq = tcp_snd_wire(c, c->snd_nxt);
	if (c->flags & TCP_F_ACK_REQ) {
		*wnd = tcp_wnd_take(c, false);
		return true;
	}
	if (c->acks_owed) {
		c->acks_owed--;
		*wnd = tcp_wnd_take(c, true);
		return true;
	}
	if (c->flags & TCP_F_PROBE) {
		/* Not acceptable to the peer, which makes it answer. */
		c->flags &= ~TCP_F_PROBE;
		*seq = tcp_snd_wire(c, c->snd_una) - 1;
		*wnd = tcp_wnd_take(c, false);
		return true;
	}
	return false;
}

#endif /* _ETRAN_TCP_SND_BPF_H */
