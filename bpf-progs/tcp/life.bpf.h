/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection's begin, its time-outs and its end: what etrand's syscall
 * programs do to struct tcp_conn under its lock.
 */
#ifndef _ETRAN_TCP_LIFE_BPF_H
#define _ETRAN_TCP_LIFE_BPF_H

#include "rcv.bpf.h"

#define TCP_MSS_MIN	64
#define TCP_MSS_MAX	(ETRAN_CHUNK_MAX - ETRAN_TCP_ROOM)

/* What both sides know once options are agreed. */
TCP_INLINE void tcp_agree(struct tcp_conn *c, __u32 flags, __u32 mss,
			  __u32 wnd, __u8 snd_wscale, __u8 rcv_wscale)
{
	c->flags |= flags & (TCP_F_TS | TCP_F_WS);
	c->snd_wscale = 0;
	c->rcv_wscale = 0;
	if (flags & TCP_F_WS) {
		c->snd_wscale = TCP_MIN(snd_wscale, 14);
		c->rcv_wscale = TCP_MIN(rcv_wscale, 14);
	}
	c->mss = mss;
	c->wnd_lim = wnd;
	c->max_wnd = wnd;
	c->cwnd = TCP_INIT_CWND * mss;
	c->ssthresh = TCP_CWND_MAX;
}

/* Nothing has been sent or received, nothing is due. */
TCP_INLINE void tcp_life_blank(struct tcp_conn *c, __u64 now)
{
	int i;

	c->snd_una = 0;
	c->snd_nxt = 0;
	c->snd_queued = 0;
	c->fin_off = 0;
	c->notify_off = 0;
	c->recover_off = 0;
	c->snd_wl1 = 0;
	c->cwnd_acked = 0;
	c->dupacks = 0;
	c->rcv_nxt = 0;
	c->rcv_fin = ETRAN_NO_OFF;
	c->rcv_consumed = 0;
	c->nr_ooo = 0;
	c->backoff = 0;
	for (i = 0; i < TCP_OOO_MAX; i++) {
		c->ooo[i].from = 0;
		c->ooo[i].to = 0;
	}
	c->ts_recent_age = tcp_now_ms(now);
	c->srtt_us = 0;
	c->rttvar_us = 0;
	c->rto_at = 0;
	c->last_rx = now;
	c->rexmits = 0;
	c->err = 0;
	c->probe_at = 0;
	c->orphan_at = 0;
	c->rexmit_off = 0;
	c->rexmit_nxt = 0;
	c->rexmit_asked = ETRAN_NO_OFF;
	c->notify_max = 0;
	c->again_to = 0;
	c->last_ack = 0;
	c->rtt_off = 0;
	c->rtt_at = 0;
	c->rexmit_nr = 0;
	c->acks_owed = 0;
	c->challenge_ms = 0;
	c->undo_cwnd = 0;
	c->undo_ssthresh = 0;
	c->undo_ms = 0;
	c->ev_owed = 0;
	c->probes = 0;
	c->probe_shift = 0;
	c->ip_id = 0;
	c->ts_sent = tcp_now_ms(now);
	c->rcv_at = 0;
	c->delack_at = 0;
	c->cubic_at = 0;
	c->cubic_k = 0;
	c->cubic_max = 0;
	c->cubic_est = 0;
	c->cubic_prior = 0;
}

/**
 * tcp_life_open - begin a connection in a free entry
 * Return: 0, -EBUSY the entry is in use, -EINVAL.
 */
TCP_SUB int tcp_life_open(struct tcp_conn *c, struct tcp_sys_open *a,
			  __u64 now)
{
	bool passive = a->state == ETRAN_CS_SYN_RCVD;
	int i;

	if (c->state != ETRAN_CS_FREE)
		return -EBUSY;
	if (!passive && a->state != ETRAN_CS_SYN_SENT)
		return -EINVAL;
	if (passive && (a->mss < TCP_MSS_MIN || a->mss > TCP_MSS_MAX))
		return -EINVAL;
	if (a->rcvbuf < TCP_MSS_MIN || a->rcvbuf > TCP_CWND_MAX)
		return -EINVAL;

	c->gen = a->gen ? a->gen : c->gen + 1 ? c->gen + 1 : 1;
	c->state = a->state;
	c->flags = 0;
	c->tenant = a->tenant;
	c->slot = a->slot;
	c->ifindex = a->ifindex;
	c->listener = a->listener;
	c->tuple = a->tuple;
	for (i = 0; i < 14; i++)
		c->eth[i] = a->eth[i];
	c->iss = a->iss;
	c->irs = passive ? a->irs : 0;
	c->rcvbuf = a->rcvbuf;
	tcp_life_blank(c, now);
	/* The windows of SYN and SYN-ACK are not scaled. */
	c->rcv_adv = TCP_MIN(a->rcvbuf, 65535U);
	c->ts_recent = passive ? a->ts_recent : 0;
	if (passive)
		tcp_agree(c, a->flags, a->mss, a->wnd, a->snd_wscale,
			  a->rcv_wscale);
	else
		tcp_agree(c, 0, 0, 0, 0, 0);
	a->gen = c->gen;
	return 0;
}

/**
 * tcp_life_establish - the SYN-ACK has come, etrand has read its options
 * Return: 0 and @rx says to ask gen for the ACK; -ENOENT other generation,
 * -EINVAL.
 */
TCP_SUB int tcp_life_establish(struct tcp_conn *c,
			       const struct tcp_sys_establish *a,
			       struct tcp_rx *rx, __u64 now)
{
	if (c->gen != a->gen || c->state != ETRAN_CS_SYN_SENT)
		return -ENOENT;
	if (a->mss < TCP_MSS_MIN || a->mss > TCP_MSS_MAX)
		return -EINVAL;
	c->irs = a->irs;
	c->ts_recent = a->ts_recent;
	c->ts_recent_age = tcp_now_ms(now);
	tcp_agree(c, a->flags, a->mss, a->wnd, a->snd_wscale, a->rcv_wscale);
	c->state = ETRAN_CS_ESTABLISHED;
	tcp_want_ack(c, rx);
	return 0;
}

/**
 * tcp_life_release - the tenant neither reads nor sends any more
 * @rx: zeroed; @rx->act says whether to ask gen
 * The peer gets TCP_TIME_WAIT_MS to say the same. What the tenant read last it
 * may not have said any more, and a peer that takes the window for closed sends
 * nothing that could be answered with RST: so open it.
 */
TCP_SUB int tcp_life_release(struct tcp_conn *c, __u32 gen, struct tcp_rx *rx,
			     __u64 now)
{
	if (c->gen != gen || c->state == ETRAN_CS_FREE)
		return -ENOENT;
	c->flags |= TCP_F_RELEASED;
	c->flags &= ~(TCP_F_NOTIFY | TCP_F_REXMIT_HINT);
	if (c->state != ETRAN_CS_ESTABLISHED)
		return 0;
	if (!c->orphan_at)
		c->orphan_at = now + TCP_TIME_WAIT_MS * TCP_NS_PER_MS;
	c->rcv_consumed = TCP_MIN(c->rcv_nxt, c->rcv_fin);
	if (c->rcv_fin == ETRAN_NO_OFF && c->rcv_adv < c->rcv_nxt + c->mss)
		tcp_want_ack(c, rx);
	return 0;
}

/**
 * tcp_life_close - free the entry
 * @a: in: gen, err; out: what a RST needs
 */
TCP_SUB int tcp_life_close(struct tcp_conn *c, struct tcp_sys_conn *a)
{
	if (c->gen != a->gen || c->state == ETRAN_CS_FREE)
		return -ENOENT;
	a->seq = tcp_snd_wire(c, c->snd_nxt);
	a->ack = tcp_rcv_wire(c, c->rcv_nxt);
	a->state = c->state;
	if (a->err && !c->err)
		c->err = a->err;
	c->state = ETRAN_CS_FREE;
	c->rto_at = 0;
	c->probe_at = 0;
	c->orphan_at = 0;
	c->ev_owed = 0;
	return 0;
}

TCP_INLINE void tcp_tick_rto(struct tcp_conn *c, struct tcp_rx *rx, __u64 now)
{
	if (c->snd_una < c->snd_nxt) {
		if (c->backoff >= TCP_MAX_BACKOFF) {
			tcp_reset(c, rx, ETIMEDOUT);
			return;
		}
		tcp_cc_timeout(c, now);
	} else if (c->flags & TCP_F_AGAIN) {
		c->rto_at = now + tcp_rto_us(c, 0) * TCP_NS_PER_US;
	} else {
		c->rto_at = 0;
		return;
	}
	tcp_owe(c, rx, TCP_EV_RTO);
}

TCP_INLINE void tcp_tick_probe(struct tcp_conn *c, struct tcp_rx *rx, __u64 now)
{
	if (c->probes >= TCP_MAX_BACKOFF) {
		tcp_reset(c, rx, ETIMEDOUT);
		return;
	}
	c->probes++;
	c->probe_shift++;
	c->probe_at = now + tcp_rto_us(c, c->probe_shift) * TCP_NS_PER_US;
	c->flags |= TCP_F_PROBE;
	/* A window smaller than the segment that waits: RFC 9293 3.8.6.2.1. */
	if (c->snd_nxt < c->wnd_lim)
		c->flags |= TCP_F_OVERRIDE;
	rx->act |= TCP_A_DUPACK | TCP_A_ARM;
}

/**
 * tcp_life_tick - do what is due
 * @rx: zeroed; @rx->event says which events to send, @rx->act TCP_A_DUPACK to
 *	ask gen, TCP_A_ARM to run the timer
 */
TCP_SUB int tcp_life_tick(struct tcp_conn *c, struct tcp_rx *rx, __u64 now)
{
	if (c->state == ETRAN_CS_ESTABLISHED) {
		if (c->rto_at && now >= c->rto_at)
			tcp_tick_rto(c, rx, now);
		if (c->probe_at && now >= c->probe_at)
			tcp_tick_probe(c, rx, now);
	}
	if (c->orphan_at && now >= c->orphan_at) {
		c->orphan_at = 0;
		if (c->state == ETRAN_CS_TIME_WAIT ||
		    (c->flags & TCP_F_FIN_ACKED)) {
			c->state = ETRAN_CS_CLOSED;
			c->rto_at = 0;
			c->probe_at = 0;
			c->ev_owed |= TCP_EV(TCP_EV_CLOSED);
		} else {
			tcp_reset(c, rx, ETIMEDOUT);
		}
	}
	rx->event |= c->ev_owed;
	return 0;
}

/** tcp_life_due - when tcp_life_tick() has something to do, 0: nothing */
TCP_INLINE __u64 tcp_life_due(const struct tcp_conn *c)
{
	__u64 due = ETRAN_NO_OFF;

	if (c->ev_owed)
		return 1;
	if (c->rto_at)
		due = TCP_MIN(due, c->rto_at);
	if (c->probe_at)
		due = TCP_MIN(due, c->probe_at);
	if (c->orphan_at)
		due = TCP_MIN(due, c->orphan_at);
	return due == ETRAN_NO_OFF ? 0 : due;
}

#endif /* _ETRAN_TCP_LIFE_BPF_H */
