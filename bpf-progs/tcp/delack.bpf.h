/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When to acknowledge data that has arrived in order (RFC 1122 4.2.3.2,
 * RFC 5681 section 4.2).
 *
 * An answer acknowledges its request for free, so a connection that answers
 * (TCP_F_ANSWERS) lets the ACK of up to one full-sized segment wait for it, at
 * most TCP_DELACK_NS. If nothing was sent by then the connection does not
 * answer, and acknowledges at once until it sends soon after receiving again.
 * A FIN is answered by ours, if the application closes too.
 *
 * The wait ends in the connection's timer. It is armed once and left alone
 * when the ACK goes with data: when it runs it looks whether a later ACK waits
 * and for how long. So a busy connection pays for one run in TCP_DELACK_NS.
 */
#ifndef _ETRAN_TCP_DELACK_BPF_H
#define _ETRAN_TCP_DELACK_BPF_H

#include "base.bpf.h"

#define TCP_DELACK_NS	(40 * TCP_NS_PER_MS)

/**
 * tcp_delack_rcvd - payload has moved rcv_nxt
 * @at_once: it has to be acknowledged at once
 */
TCP_INLINE void tcp_delack_rcvd(struct tcp_conn *c, struct tcp_rx *rx,
				bool at_once, __u64 now)
{
	c->rcv_at = now;
	if (at_once || !(c->flags & TCP_F_ANSWERS) ||
	    c->rcv_nxt - c->last_ack > c->mss) {
		tcp_want_ack(c, rx);
		return;
	}
	if (c->flags & (TCP_F_ACK_REQ | TCP_F_DELACK))
		return;
	c->flags |= TCP_F_DELACK;
	c->delack_at = now + TCP_DELACK_NS;
	if (c->flags & TCP_F_DELACK_TIMER)
		return;
	c->flags |= TCP_F_DELACK_TIMER;
	rx->act |= TCP_A_DELACK;
}

/** tcp_delack_sent - the tenant sends new payload: is that an answer? */
TCP_INLINE void tcp_delack_sent(struct tcp_conn *c, __u64 now)
{
	if (c->rcv_at && now - c->rcv_at < TCP_DELACK_NS)
		c->flags |= TCP_F_ANSWERS;
}

/** tcp_delack_refused - the timer could not be armed: the peer sends again */
TCP_INLINE void tcp_delack_refused(struct tcp_conn *c)
{
	c->flags &= ~(TCP_F_DELACK | TCP_F_DELACK_TIMER);
}

/**
 * tcp_delack_run - the connection's timer runs
 * @rx: zeroed; TCP_A_ACK when the wait is over
 * Return: nanoseconds after which the timer has to run again, 0: need not.
 */
TCP_INLINE __u64 tcp_delack_run(struct tcp_conn *c, struct tcp_rx *rx,
				__u64 now)
{
	c->flags &= ~TCP_F_DELACK_TIMER;
	if (!(c->flags & TCP_F_DELACK) || c->state != ETRAN_CS_ESTABLISHED)
		return 0;
	if (now < c->delack_at) {
		c->flags |= TCP_F_DELACK_TIMER;
		return c->delack_at - now;
	}
	c->flags &= ~(TCP_F_DELACK | TCP_F_ANSWERS);
	tcp_want_ack(c, rx);
	return 0;
}

#endif /* _ETRAN_TCP_DELACK_BPF_H */
