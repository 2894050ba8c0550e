/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far a loss shrinks the congestion window and how it grows again: CUBIC
 * (RFC 9438). Retransmission is cc.bpf.h's.
 */
#ifndef _ETRAN_TCP_CUBIC_BPF_H
#define _ETRAN_TCP_CUBIC_BPF_H

#include "../base.bpf.h"

#define TCP_CUBIC_FAR_MS	100000	/* of the curve's centre: what is beyond is as far */

/* The largest r with r^3 <= @x, which is below 2^60. */
TCP_SUB __u64 tcp_cube_root(__u64 x)
{
	__u64 r = 0, bit;

	for (bit = 1 << 19; bit; bit >>= 1) {
		__u64 y = r | bit;

		r |= bit & (tcp_off_before(x, y * y * y) - 1);
	}
	return r;
}

/**
 * tcp_cubic_loss - the reaction to loss: ssthresh, and what to remember
 * RFC 9438 section 4.6 and, by half of which the window may exceed what is in
 * flight, 5.8. In recovery the window is inflated.
 */
TCP_INLINE void tcp_cubic_loss(struct tcp_conn *c)
{
	__u64 w = c->flags & TCP_F_RECOVERY ? c->ssthresh : c->cwnd;

	w = TCP_MIN(w, (c->snd_nxt - c->snd_una) * 2);
	c->cubic_max = (__u32)(w < c->cubic_max ? w * 17 / 20 : w);
	c->cubic_prior = (__u32)w;
	c->cubic_at = 0;
	c->cwnd_acked = 0;
	c->ssthresh = (__u32)TCP_MAX(w * 7 / 10, 2ULL * c->mss);
}

/* A stage of congestion avoidance begins: sections 4.2, 4.3. */
TCP_INLINE void tcp_cubic_begin(struct tcp_conn *c, __u64 now)
{
	__u64 below = 0;

	if (c->cubic_max > c->cwnd)
		below = c->cubic_max - c->cwnd;
	else
		c->cubic_max = c->cwnd;
	/* milliseconds; C is 0.4 segments and seconds */
	c->cubic_k = (__u32)tcp_cube_root(below * 2500000000ULL / c->mss);
	c->cubic_est = c->cwnd;
	c->cubic_at = now;
}

/* W_cubic(@ms) */
TCP_INLINE __u64 tcp_cubic_curve(const struct tcp_conn *c, __u64 ms)
{
	bool over = ms > c->cubic_k;
	__u64 w, d = over ? ms - c->cubic_k : c->cubic_k - ms;

	d = TCP_MIN(d, (__u64)TCP_CUBIC_FAR_MS);
	w = d * d * d * c->mss / 2500000000ULL;
	if (over)
		return c->cubic_max + w;
	return c->cubic_max > w ? c->cubic_max - w : 0;
}

/*
 * tcp_cubic_grow - @acked bytes were acknowledged in congestion avoidance
 * A window for which it would be faster grows as Reno's does: 9/17 of a
 * segment in a round trip make up for a reduction by 0.3 instead of 0.5.
 */
TCP_SUB int tcp_cubic_grow(struct tcp_conn *c, __u32 acked, __u64 now)
{
	__u64 cwnd = c->cwnd, to;

	if (!c->mss || !cwnd)
		return 0;
	if (!c->cubic_at)
		tcp_cubic_begin(c, now);
	to = tcp_cubic_curve(c, (now - c->cubic_at) / TCP_NS_PER_MS +
				(c->srtt_us >> 3) / 1000);
	to = TCP_MIN(to, cwnd + cwnd / 2);
	if (to > cwnd)
		cwnd += (to - cwnd) * acked / cwnd;

	c->cwnd_acked += c->cubic_est < c->cubic_prior ? acked * 9 / 17 : acked;
	if (c->cwnd_acked >= c->cwnd) {
		c->cwnd_acked -= TCP_MIN(c->cwnd_acked, c->cwnd);
		c->cubic_est += c->mss;
	}
	c->cwnd = (__u32)TCP_MIN(TCP_MAX(cwnd, (__u64)c->cubic_est),
				 (__u64)TCP_CWND_MAX);
	return 0;
}

#endif /* _ETRAN_TCP_CUBIC_BPF_H */
