/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the protocol logic stands on: the same source is compiled for BPF and,
 * for the unit tests, natively. Nothing here or in the other tcp_*.bpf.h files
 * calls a helper or a kfunc, so all of it may run under the connection's lock,
 * which every function that takes a struct tcp_conn expects to be held.
 *
 * Order of inclusion: base, delack, ooo, cubic, cc, ack, rcv, snd, wire.
 */
#ifndef _ETRAN_TCP_BASE_BPF_H
#define _ETRAN_TCP_BASE_BPF_H

#ifndef __bpf__
#include <stdbool.h>
#include <stddef.h>
#include <errno.h>
#endif
#include "state.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define TCP_INLINE	static __always_inline
/*
 * A BPF subprogram: verified on its own path, keeps the callers small. "used"
 * keeps the compiler from dropping a return value that nobody reads, since
 * what is left in R0 then may be a stack pointer, which the verifier refuses.
 */
#define TCP_SUB		static __attribute__((noinline, used))

#ifdef __bpf__	/* Linux' numbers on every architecture that runs etran */
#define ENOENT		2
#define EBUSY		16
#define EINVAL		22
#define ECONNRESET	104
#define ETIMEDOUT	110
#define ECONNREFUSED	111
#endif

#define TCP_MIN(a, b)	((a) < (b) ? (a) : (b))
#define TCP_MAX(a, b)	((a) > (b) ? (a) : (b))

#define TCP_NS_PER_MS	1000000ULL
#define TCP_NS_PER_US	1000ULL
#define TCP_CHALLENGE_MS 100		/* one rate-limited ACK in that time */
#define TCP_PAWS_IDLE_MS (24U * 24 * 3600 * 1000)
#define TCP_CWND_MAX	(1U << 28)
#define TCP_RTO_INIT_US	1000000

/* Flags of the wire. */
#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_ACK		0x10

/**
 * struct tcp_seg - a segment that arrived, in host byte order
 * @seq: sequence number
 * @ack: acknowledgment number
 * @tsval: TSval, valid with @has_ts
 * @tsecr: TSecr, valid with @has_ts
 * @wnd: window as on the wire, not scaled
 * @len: payload bytes
 * @data: where the payload begins in the packet
 * @flags: TCP_FIN, ...
 * @has_ts: it carries time stamps
 */
struct tcp_seg {
	__u32 seq;
	__u32 ack;
	__u32 tsval;
	__u32 tsecr;
	__u16 wnd;
	__u16 len;
	__u16 data;
	__u8 flags;
	__u8 has_ts;
};

/* tcp_rx.act */
#define TCP_A_DELIVER	(1 << 0)	/* hand the packet to the tenant, with @hdr */
#define TCP_A_ACK	(1 << 1)	/* ask gen for the ACK; TCP_F_ACK_REQ is set */
#define TCP_A_DUPACK	(1 << 2)	/* ask gen for one more ACK; acks_owed counts it */
#define TCP_A_ARM	(1 << 3)	/* run the timer: held packets may go */
#define TCP_A_SYN	(1 << 4)	/* SYN for a connection that ended: a listener's */
#define TCP_A_DELACK	(1 << 5)	/* run the timer after TCP_DELACK_NS */
/* tcp_rx.stat: what to count */
#define TCP_S_PURE_ACK	(1 << 0)
#define TCP_S_BAD_SEQ	(1 << 1)
#define TCP_S_OOO	(1 << 2)
#define TCP_S_DUP	(1 << 3)
#define TCP_S_NO_ROOM	(1 << 4)
#define TCP_S_FAST	(1 << 5)
#define TCP_S_PAWS	(1 << 6)
#define TCP_S_CHALLENGE	(1 << 7)
#define TCP_S_UNDO	(1 << 8)

/**
 * struct tcp_rx - what became of a segment
 * @act: TCP_A_*
 * @stat: TCP_S_*
 * @event: 1 << TCP_EV_*: events to send, those in conn->ev_owed included
 * @off: with TCP_A_DELIVER, stream offset of the payload
 * @rexmit: etran_rx_hdr.rexmit
 * @data: where the payload begins
 * @len: payload bytes to deliver
 * @flags: ETRAN_RX_*
 * @rexmit_nr: etran_rx_hdr.rexmit_nr
 */
struct tcp_rx {
	__u32 act;
	__u32 stat;
	__u32 event;
	__u32 resv;
	__u64 off;
	__u64 rexmit;
	__u16 data;
	__u16 len;
	__u16 flags;
	__u16 rexmit_nr;
};

#define TCP_EV(type)	(1U << (type))

/**
 * tcp_now_ms - clock of our time stamps
 * @now: bpf_ktime_get_ns()
 * etrand uses the same one (CLOCK_MONOTONIC) in SYN and SYN-ACK, since TSval
 * may not go back within a connection.
 */
TCP_INLINE __u32 tcp_now_ms(__u64 now)
{
	return (__u32)(now / TCP_NS_PER_MS);
}

/** tcp_before - is time stamp or sequence number @a before @b, modulo 2^32 */
TCP_INLINE bool tcp_before(__u32 a, __u32 b)
{
	return (__s32)(a - b) < 0;
}

/*
 * Is offset @a before @b? 1 or 0 without a branch, here and in what follows: the
 * verifier would walk both ways of each of them, for every slot, and loading the
 * programs would take several times as long.
 */
TCP_INLINE __u64 tcp_off_before(__u64 a, __u64 b)
{
	__u64 before = (a - b) >> 63;	/* offsets do not reach 2^63 */

	asm("" : "+r"(before));		/* the compiler would branch again */
	return before;
}

/* @yes, 1 or 0, chooses @a or @b. */
TCP_INLINE __u64 tcp_off_choose(__u64 yes, __u64 a, __u64 b)
{
	return b ^ ((a ^ b) & -yes);
}

/** tcp_snd_wire - sequence number of send offset @off */
TCP_INLINE __u32 tcp_snd_wire(const struct tcp_conn *c, __u64 off)
{
	return c->iss + 1 + (__u32)off;
}

/** tcp_rcv_wire - the peer's sequence number of receive offset @off */
TCP_INLINE __u32 tcp_rcv_wire(const struct tcp_conn *c, __u64 off)
{
	return c->irs + 1 + (__u32)off;
}

/**
 * tcp_unwire - offset of a sequence number
 * @base: an offset that is known to be nearer than 2^31
 * @base_wire: its sequence number
 * @wire: the number asked about
 * Return: the offset; negative for numbers before the stream, such as the SYN.
 */
TCP_INLINE __s64 tcp_unwire(__u64 base, __u32 base_wire, __u32 wire)
{
	return (__s64)base + (__s32)(wire - base_wire);
}

/** tcp_snd_off - send offset that acknowledgment number @ack means */
TCP_INLINE __s64 tcp_snd_off(const struct tcp_conn *c, __u32 ack)
{
	return tcp_unwire(c->snd_una, tcp_snd_wire(c, c->snd_una), ack);
}

/** tcp_rcv_off - receive offset that sequence number @seq means */
TCP_INLINE __s64 tcp_rcv_off(const struct tcp_conn *c, __u32 seq)
{
	return tcp_unwire(c->rcv_nxt, tcp_rcv_wire(c, c->rcv_nxt), seq);
}

/**
 * tcp_want_ack - one cumulative ACK has to go
 * However many segments ask for it before gen runs, one ACK answers them all.
 */
TCP_INLINE void tcp_want_ack(struct tcp_conn *c, struct tcp_rx *rx)
{
	if (c->flags & TCP_F_ACK_REQ)
		return;
	c->flags |= TCP_F_ACK_REQ;
	rx->act |= TCP_A_ACK;
}

/**
 * tcp_want_dupack - this very segment needs its own ACK
 * The peer counts three of them before it sends again (RFC 5681).
 */
TCP_INLINE void tcp_want_dupack(struct tcp_conn *c, struct tcp_rx *rx)
{
	c->acks_owed++;
	rx->act |= TCP_A_DUPACK;
}

/**
 * tcp_want_challenge - an ACK that a forged or looping segment could ask for
 * without end (RFC 5961 section 7): at most one in TCP_CHALLENGE_MS.
 */
TCP_INLINE void tcp_want_challenge(struct tcp_conn *c, struct tcp_rx *rx,
				   __u64 now)
{
	__u32 ms = tcp_now_ms(now);

	if (c->challenge_ms && ms - c->challenge_ms < TCP_CHALLENGE_MS)
		return;
	c->challenge_ms = ms ? ms : 1;
	tcp_want_dupack(c, rx);
}

/**
 * tcp_ack_refused - gen could not be asked: the peer will send again
 * @act: TCP_A_ACK or TCP_A_DUPACK, what was refused
 */
TCP_INLINE void tcp_ack_refused(struct tcp_conn *c, __u32 act)
{
	if (act & TCP_A_ACK)
		c->flags &= ~TCP_F_ACK_REQ;
	if ((act & TCP_A_DUPACK) && c->acks_owed)
		c->acks_owed--;
}

/** tcp_owe - an event that must not get lost: tcp_tick repeats it */
TCP_INLINE void tcp_owe(struct tcp_conn *c, struct tcp_rx *rx, __u32 type)
{
	c->ev_owed |= TCP_EV(type);
	rx->event |= TCP_EV(type);
}

/**
 * tcp_pub_update - show the tenant where its connection is
 * @p: the connection's entry in the tenant's map
 * Single stores: the tenant reads without a lock.
 */
TCP_INLINE void tcp_pub_update(const struct tcp_conn *c,
			       volatile struct etran_conn_pub *p, __u64 limit)
{
	p->snd_una = c->snd_una;
	p->snd_nxt = c->snd_nxt;
	p->snd_lim = limit;
	p->rcv_fin = c->rcv_fin;
	p->rcv_nxt = TCP_MIN(c->rcv_nxt, c->rcv_fin);
	p->err = c->err;
	p->srtt_us = c->srtt_us >> 3;
	p->state = c->state;
	p->gen = c->gen;
}

#endif /* _ETRAN_TCP_BASE_BPF_H */
