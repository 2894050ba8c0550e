/* SPDX-License-Identifier: GPL-2.0-only */
/* What an acknowledgment does to the send side (RFC 9293 3.10.7.4, fifth). */
#ifndef _ETRAN_TCP_ACK_BPF_H
#define _ETRAN_TCP_ACK_BPF_H

#include "cc/cc.bpf.h"

/*
 * RTT from the segment that was timed, else from the echoed time stamp, whose
 * milliseconds are coarse but which is right for retransmissions too.
 */
TCP_INLINE void tcp_ack_rtt(struct tcp_conn *c, const struct tcp_seg *seg,
			    __u64 now)
{
	__u32 ms;

	if (c->rtt_at) {
		if (c->snd_una < c->rtt_off)
			return;
		tcp_rtt_sample(c, (now - c->rtt_at) / TCP_NS_PER_US);
		c->rtt_at = 0;
		return;
	}
	if (!seg->has_ts || !seg->tsecr)
		return;
	ms = tcp_now_ms(now) - seg->tsecr;
	if (ms <= TCP_RTO_MAX_US / 1000)
		tcp_rtt_sample(c, (__u64)ms * 1000);
}

/* The peer's window, RFC 9293 SND.WL1 and SND.WL2. */
TCP_INLINE void tcp_ack_window(struct tcp_conn *c, const struct tcp_seg *seg,
			       __u64 seq, __u64 ack)
{
	__u32 wnd = (__u32)seg->wnd << (c->snd_wscale & 15);
	__u64 lim = ack + wnd;

	if (ack <= c->snd_una && seq <= c->snd_wl1 &&
	    !(seq == c->snd_wl1 && lim > c->wnd_lim))
		return;
	c->snd_wl1 = seq;
	c->wnd_lim = lim;
	c->max_wnd = TCP_MAX(c->max_wnd, wnd);
}

/* Both FINs are acknowledged: who sent the first one waits. */
TCP_INLINE void tcp_check_closed(struct tcp_conn *c, struct tcp_rx *rx,
				 __u64 now)
{
	if (c->state != ETRAN_CS_ESTABLISHED || !(c->flags & TCP_F_FIN_ACKED))
		return;
	if (!(c->flags & TCP_F_PEER_FIN)) {
		/* Nobody is left to wait for the peer's FIN without end. */
		if ((c->flags & TCP_F_RELEASED) && !c->orphan_at)
			c->orphan_at = now + TCP_TIME_WAIT_MS * TCP_NS_PER_MS;
		return;
	}
	c->rto_at = 0;
	c->probe_at = 0;
	c->orphan_at = 0;
	c->state = ETRAN_CS_CLOSED;
	if (c->flags & TCP_F_ACTIVE) {
		c->state = ETRAN_CS_TIME_WAIT;
		c->orphan_at = now + TCP_TIME_WAIT_MS * TCP_NS_PER_MS;
	}
	tcp_owe(c, rx, TCP_EV_CLOSED);
}

/**
 * tcp_rcv_ack - process the acknowledgment of an acceptable segment
 * @seq: its receive offset, not negative
 * Return: true when the rest of the segment may be processed.
 */
TCP_SUB int tcp_rcv_ack(struct tcp_conn *c, const struct tcp_seg *seg,
			struct tcp_rx *rx, __u64 seq, __u64 now)
{
	__s64 ack = tcp_snd_off(c, seg->ack);
	__u64 una = c->snd_una, lim = c->wnd_lim;

	/* RFC 5961 section 5: neither from the future nor much too old. */
	if (ack > (__s64)c->snd_nxt || ack < (__s64)una - (__s64)c->max_wnd) {
		rx->stat |= TCP_S_BAD_SEQ;
		tcp_want_challenge(c, rx, now);
		return false;
	}
	c->probes = 0;
	if (ack < (__s64)una)
		return true;

	tcp_ack_window(c, seg, seq, (__u64)ack);
	if (ack > (__s64)una) {
		c->snd_una = (__u64)ack;
		if ((c->flags & TCP_F_FIN_QUEUED) && c->snd_una > c->fin_off)
			c->flags |= TCP_F_FIN_ACKED;
		tcp_ack_rtt(c, seg, now);
		tcp_cc_acked(c, seg, rx, una, lim, now);
	} else if (!seg->len && !(seg->flags & TCP_FIN) && lim == c->wnd_lim &&
		   c->snd_nxt > una) {
		tcp_cc_dupack(c, rx, now);
	}
	tcp_persist(c, now);
	if (c->snd_queued > c->snd_nxt && c->snd_nxt < tcp_snd_limit(c))
		rx->act |= TCP_A_ARM;
	return true;
}

#endif /* _ETRAN_TCP_ACK_BPF_H */
