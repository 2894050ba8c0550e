/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much may be in flight, and when to give up waiting: round-trip time and
 * time-out (RFC 6298), NewReno recovery (RFC 5681, RFC 6582, RFC 3042), and taking a
 * reaction back that time stamps prove wrong (RFC 3522, RFC 4015).
 */
#ifndef _ETRAN_TCP_CC_BPF_H
#define _ETRAN_TCP_CC_BPF_H

#include "cubic.bpf.h"

/** tcp_rtt_sample - a segment took @us from leaving to its acknowledgment */
TCP_INLINE void tcp_rtt_sample(struct tcp_conn *c, __u64 us)
{
	__s32 m = (__s32)TCP_MIN(TCP_MAX(us, 1ULL), (__u64)TCP_RTO_MAX_US);

	c->backoff = 0;
	if (!c->srtt_us) {
		c->srtt_us = (__u32)m << 3;
		c->rttvar_us = (__u32)m << 1;
		return;
	}
	m -= (__s32)(c->srtt_us >> 3);
	c->srtt_us += (__u32)m;
	if (m < 0)
		m = -m;
	m -= (__s32)(c->rttvar_us >> 2);
	c->rttvar_us += (__u32)m;
	/* 0 means "no sample yet" */
	if (!c->srtt_us)
		c->srtt_us = 1;
}

/** tcp_rto_us - time-out after @shift back-offs */
TCP_INLINE __u64 tcp_rto_us(const struct tcp_conn *c, __u32 shift)
{
	__u64 us = TCP_RTO_INIT_US;

	if (c->srtt_us)
		us = (c->srtt_us >> 3) + TCP_MAX(c->rttvar_us, 1000U);
	us = TCP_MAX(us, (__u64)TCP_RTO_MIN_US);
	us <<= TCP_MIN(shift, 16U);
	return TCP_MIN(us, (__u64)TCP_RTO_MAX_US);
}

/**
 * tcp_rto_restart - time-out from now on
 * None when nothing is in flight and the tenant owes nothing.
 */
TCP_INLINE void tcp_rto_restart(struct tcp_conn *c, __u64 now)
{
	c->rto_at = 0;
	if (c->snd_una < c->snd_nxt || (c->flags & TCP_F_AGAIN))
		c->rto_at = now + tcp_rto_us(c, c->backoff) * TCP_NS_PER_US;
}

/** tcp_snd_limit - offsets below this one may be in flight */
TCP_INLINE __u64 tcp_snd_limit(const struct tcp_conn *c)
{
	__u64 limit = c->snd_una + c->cwnd;

	/* RFC 3042: the first two duplicates say that two segments left. */
	if (!(c->flags & (TCP_F_RECOVERY | TCP_F_RTO)))
		limit += (__u64)TCP_MIN(c->dupacks, 2U) * c->mss;
	return TCP_MIN(limit, c->wnd_lim);
}

/** tcp_rexmit_want - the tenant shall send @nr segments from @off on again */
TCP_INLINE void tcp_rexmit_want(struct tcp_conn *c, __u64 off, __u32 nr)
{
	c->flags |= TCP_F_REXMIT_HINT;
	c->rexmit_off = off;
	c->rexmit_nr = nr;
}

TCP_INLINE void tcp_cc_undo_save(struct tcp_conn *c, __u64 now)
{
	c->flags &= ~TCP_F_UNDO;
	if (c->flags & TCP_F_TS)
		c->flags |= TCP_F_UNDO;
	c->undo_cwnd = c->cwnd;
	c->undo_ssthresh = c->ssthresh;
	c->undo_ms = tcp_now_ms(now);
}

/** tcp_cc_dupack - an ACK that acknowledged nothing while data is in flight */
TCP_INLINE void tcp_cc_dupack(struct tcp_conn *c, struct tcp_rx *rx, __u64 now)
{
	c->dupacks++;
	if (c->flags & TCP_F_RTO)
		return;
	if (c->flags & TCP_F_RECOVERY) {
		c->cwnd = TCP_MIN(c->cwnd + c->mss, TCP_CWND_MAX);
		return;
	}
	/*
	 * Below recover_off duplicates come from what was sent twice in the
	 * last recovery (RFC 6582 section 3.2 step 1).
	 */
	if (c->dupacks < 3 || c->snd_una < c->recover_off)
		return;

	tcp_cc_undo_save(c, now);
	tcp_cubic_loss(c);
	c->cwnd = c->ssthresh + 3 * c->mss;
	c->recover_off = c->snd_nxt;
	c->flags |= TCP_F_RECOVERY;
	c->rtt_at = 0;	/* Karn */
	tcp_rexmit_want(c, c->snd_una, 1);
	tcp_rto_restart(c, now);
	rx->stat |= TCP_S_FAST;
}

/* Did the congestion window, and not the peer's, keep anything from being sent? */
TCP_INLINE bool tcp_cc_limited(const struct tcp_conn *c, __u64 una, __u64 lim)
{
	return c->snd_nxt - una + c->mss > c->cwnd ||
	       (c->snd_queued > c->snd_nxt && una + c->cwnd < lim);
}

/*
 * Slow start (RFC 5681 section 3.1) or congestion avoidance. A window that was
 * not used proves nothing about the path.
 */
TCP_INLINE void tcp_cc_grow(struct tcp_conn *c, __u32 acked, __u64 una,
			    __u64 lim, __u64 now)
{
	if (c->cwnd < c->ssthresh) {
		if ((c->snd_nxt - una) * 2 < c->cwnd)
			return;
		/* After a time-out ACKs may cover what had arrived before. */
		if (c->flags & TCP_F_RTO)
			acked = TCP_MIN(acked, c->mss);
		c->cwnd = TCP_MIN(c->cwnd + acked, TCP_CWND_MAX);
		return;
	}
	if (tcp_cc_limited(c, una, lim))
		tcp_cubic_grow(c, acked, now);
}

/*
 * The first ACK after a reaction to loss: if it answers a segment that left
 * before the reaction, the original had arrived and nothing was lost.
 */
TCP_INLINE void tcp_cc_undo(struct tcp_conn *c, const struct tcp_seg *seg,
			    struct tcp_rx *rx)
{
	if (!(c->flags & TCP_F_UNDO))
		return;
	c->flags &= ~TCP_F_UNDO;
	if (!seg->has_ts || !tcp_before(seg->tsecr, c->undo_ms))
		return;
	c->flags &= ~(TCP_F_RECOVERY | TCP_F_RTO | TCP_F_REXMIT_HINT);
	c->cwnd = TCP_MAX(c->cwnd, c->undo_cwnd);
	c->ssthresh = c->undo_ssthresh;
	rx->stat |= TCP_S_UNDO;
}

/*
 * After a time-out everything up to recover_off is sent again as the window
 * grows. A range is asked for once: rexmit_nxt follows what egress has seen.
 */
TCP_INLINE void tcp_cc_go_back(struct tcp_conn *c)
{
	__u64 from = TCP_MAX(c->snd_una, c->rexmit_nxt);
	__u64 to = TCP_MIN(tcp_snd_limit(c), c->recover_off);
	__u64 nr;

	/* ACKs of what the peer had already may have passed it. */
	c->rexmit_nxt = from;
	if (from >= to || from == c->rexmit_asked || !c->mss)
		return;
	c->rexmit_asked = from;
	nr = (to - from + c->mss - 1) / c->mss;
	tcp_rexmit_want(c, from, (__u32)TCP_MIN(nr, 64ULL));
}

/**
 * tcp_cc_acked - snd_una moved up by @acked
 * @una: where it was
 * @lim: where wnd_lim was
 */
TCP_INLINE void tcp_cc_acked(struct tcp_conn *c, const struct tcp_seg *seg,
			     struct tcp_rx *rx, __u64 una, __u64 lim, __u64 now)
{
	__u32 acked = (__u32)TCP_MIN(c->snd_una - una, (__u64)TCP_CWND_MAX);
	__u64 left = c->snd_nxt - c->snd_una;

	c->dupacks = 0;
	tcp_cc_undo(c, seg, rx);
	if (c->flags & TCP_F_RECOVERY) {
		if (c->snd_una >= c->recover_off) {
			/* A burst of what may begin a connection is the most. */
			left += TCP_INIT_CWND * c->mss;
			c->cwnd = (__u32)TCP_MIN((__u64)c->ssthresh, left);
			c->flags &= ~(TCP_F_RECOVERY | TCP_F_REXMIT_HINT);
		} else {
			c->cwnd -= TCP_MIN(acked, c->cwnd);
			if (acked >= c->mss)
				c->cwnd += c->mss;
			c->cwnd = TCP_MAX(c->cwnd, c->mss);
			tcp_rexmit_want(c, c->snd_una, 1);
		}
	} else {
		tcp_cc_grow(c, acked, una, lim, now);
		if ((c->flags & TCP_F_RTO) && c->snd_una >= c->recover_off)
			c->flags &= ~(TCP_F_RTO | TCP_F_REXMIT_HINT);
		if (c->flags & TCP_F_RTO)
			tcp_cc_go_back(c);
	}
	tcp_rto_restart(c, now);
}

/** tcp_cc_timeout - the retransmission time-out fired with data in flight */
TCP_INLINE void tcp_cc_timeout(struct tcp_conn *c, __u64 now)
{
	if (!(c->flags & TCP_F_RTO)) {
		if (c->flags & TCP_F_RECOVERY)
			c->flags &= ~TCP_F_UNDO;
		else
			tcp_cc_undo_save(c, now);
		tcp_cubic_loss(c);
		c->cubic_max = 0;	/* RFC 9438 section 4.8 */
	} else {
		c->flags &= ~TCP_F_UNDO;
	}
	c->cwnd = c->mss;
	c->cwnd_acked = 0;
	c->dupacks = 0;
	c->recover_off = c->snd_nxt;
	c->flags &= ~(TCP_F_RECOVERY | TCP_F_REXMIT_HINT);
	c->flags |= TCP_F_RTO;
	c->rexmit_nxt = c->snd_una;
	c->rexmit_asked = ETRAN_NO_OFF;
	c->rtt_at = 0;	/* Karn */
	c->backoff++;
	c->rexmits++;
	tcp_rto_restart(c, now);
}

/**
 * tcp_persist - watch over a sender that waits with nothing in flight
 * No ACK would come by itself then, so a lost window update would stop the
 * connection for good.
 */
TCP_INLINE void tcp_persist(struct tcp_conn *c, __u64 now)
{
	if (c->snd_queued > c->snd_nxt && c->snd_una == c->snd_nxt) {
		if (!c->probe_at)
			c->probe_at = now + tcp_rto_us(c, c->probe_shift) *
					    TCP_NS_PER_US;
		return;
	}
	c->probe_at = 0;
	c->probe_shift = 0;
}

#endif /* _ETRAN_TCP_CC_BPF_H */
